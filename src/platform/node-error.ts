import { isKind } from '../core/kind.ts'

/**
 * `silent`: no answer. `http`: not 200. `garbage`: not an answer to what was asked. `rpc`: the node's own error.
 * `wrongNetwork`: another chain, version or block 0 than the network's row says; nothing is signed for it.
 */
export type NodeError = Error & {
  readonly kind: 'node'
  readonly reason: 'silent' | 'http' | 'garbage' | 'rpc' | 'wrongNetwork'
  readonly rpcCode?: number
  /** Short strings found in the failure: for Details, never for a decision. */
  readonly words: readonly string[]
  readonly retryAfter?: number
}

export function isNodeError(error: unknown): error is NodeError {
  return isKind(error, 'node')
}

export function nodeError(
  reason: NodeError['reason'],
  words: readonly string[] = [],
  more: { readonly rpcCode?: number; readonly retryAfter?: number } = {},
): NodeError {
  return Object.assign(new Error(`node: ${reason}${more.rpcCode === undefined ? '' : ` ${more.rpcCode}`}`), {
    kind: 'node' as const,
    reason,
    words,
    ...more,
  })
}
