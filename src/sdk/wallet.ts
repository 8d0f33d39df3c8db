import type { SessionMethods } from './wire.ts'

/** The injected wallet, as far as this package asks it. */
export interface Wallet {
  readonly id?: string
  request(call: { readonly type: string; readonly params?: unknown }): Promise<unknown>
  on?(event: string, listener: (payload: never) => void): unknown
  off?(event: string, listener: (payload: never) => void): unknown
}

let chosen: Wallet | undefined

/** Names the wallet that every helper without one uses; `undefined`: look for it again. */
export function setWallet(wallet: Wallet | undefined): void {
  chosen = wallet
}

/**
 * Latchkey in this page: the one named with `setWallet`, else the injected one.
 *
 * @returns `undefined` where it is not installed
 */
export function getLatchkey(): Wallet | undefined {
  return chosen ?? (globalThis as { readonly starknet_latchkey?: Wallet }).starknet_latchkey
}

/** One session method. @throws what the wallet answers: `{code, message, data}` */
export function ask<M extends keyof SessionMethods>(
  wallet: Wallet,
  type: M,
  params?: SessionMethods[M]['params'],
): Promise<SessionMethods[M]['result']> {
  return wallet.request(params === undefined ? { type } : { type, params }) as Promise<SessionMethods[M]['result']>
}
