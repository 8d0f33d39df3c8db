import { Account, logger, RpcProvider } from 'starknet'
import { SessionSigner } from '../../src/sdk/accounts.ts'
import { type Cosigner, generateSessionKey } from '../../src/sdk/index.ts'
import type { CosignParams, SessionInfo, WireFelt } from '../../src/sdk/wire.ts'

export interface Meant {
  readonly contractAddress: string
  readonly entrypoint: string
  readonly calldata: readonly string[]
}
/** What goes to the agent. */
export type ToAgent =
  | { readonly kind: 'session'; readonly session: SessionInfo }
  | { readonly kind: 'act'; readonly calls: readonly Meant[] }
  | { readonly kind: 'cosigned'; readonly result: readonly [WireFelt, WireFelt, WireFelt] }
  | { readonly kind: 'refused'; readonly error: Refusal }
/** What comes from it: of its key nothing but its public one. */
export type FromAgent =
  | { readonly kind: 'key'; readonly publicKey: WireFelt }
  | { readonly kind: 'cosign'; readonly params: CosignParams }
  | { readonly kind: 'sent'; readonly hash: string }
  | { readonly kind: 'failed'; readonly error: Refusal }
export interface Refusal {
  readonly code?: number
  readonly message: string
  readonly data?: unknown
}

/** Makes its key, says its public one, and then does what it is told until whoever started it is gone. */
export function work(nodeUrl: string): void {
  logger.setLogLevel('ERROR')
  const say = (frame: FromAgent) => process.send?.(frame)
  const node = new RpcProvider({ nodeUrl })
  const { privateKey, publicKey } = generateSessionKey()
  let session: SessionInfo | undefined
  let answered: (frame: Extract<ToAgent, { kind: 'cosigned' | 'refused' }>) => void = () => undefined
  const cosigner: Cosigner = {
    cosign: (params) =>
      new Promise((resolve, reject) => {
        answered = (frame) => (frame.kind === 'cosigned' ? resolve(frame.result) : reject(frame.error))
        say({ kind: 'cosign', params })
      }),
  }
  const act = async (calls: readonly Meant[]): Promise<string> => {
    if (session === undefined) throw new Error('no session')
    const signer = new SessionSigner({ session, privateKey, cosigner, node })
    const account = new Account({ provider: node, address: session.account, signer, cairoVersion: '1' })
    const all = calls.map((it) => ({ ...it, calldata: [...it.calldata] }))
    return (await account.execute(all, await signer.prepare(all))).transaction_hash
  }
  process.on('disconnect', () => process.exit())
  process.on('message', (frame: ToAgent) => {
    if (frame.kind === 'session') session = frame.session
    else if (frame.kind !== 'act') answered(frame)
    else
      act(frame.calls).then(
        (hash) => say({ kind: 'sent', hash }),
        ({ code, message, data }: Refusal) =>
          say({ kind: 'failed', error: { message, data, ...(code === undefined ? {} : { code }) } }),
      )
  })
  say({ kind: 'key', publicKey })
}
