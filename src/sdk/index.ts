/** `latchkey/sdk`: typed helpers over the injected wallet (seeds.md 7.2). They keep no state and no key. */
import { publicKey, randomKey } from '../starknet/curve.ts'
import { selectorOf as selectorOfName } from '../starknet/selector.ts'
import { ask, type Wallet } from './wallet.ts'
import type {
  CallRule,
  RawCall,
  RequestSessionParams,
  SessionHint,
  SessionInfo,
  SessionKeyChoice,
  SessionSupport,
  SessionVerdict,
  UpdateSessionParams,
  WireFelt,
} from './wire.ts'

export { type Cosigner, installCosignerFetch, walletCosigner } from './cosigner.ts'
export { getLatchkey, setWallet, type Wallet } from './wallet.ts'
export type * from './wire.ts'

/** As much of a starknet.js provider as `supportsSessions` asks. */
export interface NodeReader {
  getClassHashAt(address: string): Promise<string>
  callContract(call: {
    readonly contractAddress: string
    readonly entrypoint: string
    readonly calldata: readonly string[]
  }): Promise<readonly string[]>
}

/** Classes whose accounts keep sessions on the chain (argent-sessions.md 0). */
const CLASSES = [
  0x036078334509b514626504edc9fb252328d1a240e4e948bef8d0c08dff45927fn,
  0x073414441639dcd11d1846f287650a00c60c416b9d3ba45d31c651672125b2c2n,
]

/**
 * Whether this wallet has sessions: any error means that it has none. With `account`, what it says of that one alone.
 *
 * With an address and a node the chain is asked in the wallet's place: class and second key (the form of x-sessions 4 and 5).
 */
export function supportsSessions(wallet: Wallet, account?: WireFelt): Promise<false | SessionSupport>
export function supportsSessions(address: string, node: NodeReader): Promise<boolean>
export async function supportsSessions(
  of: Wallet | string,
  by?: WireFelt | NodeReader,
): Promise<boolean | SessionSupport> {
  try {
    if (typeof of === 'string') return typeof by === 'object' && (await hasSessions(of, by))
    const support = await ask(of, 'wallet_supportedSessions')
    if (typeof by !== 'string') return support
    return { ...support, accounts: support.accounts.filter(({ account }) => BigInt(account) === BigInt(by)) }
  } catch {
    return false
  }
}

async function hasSessions(address: string, node: NodeReader): Promise<boolean> {
  if (!CLASSES.includes(BigInt(await node.getClassHashAt(address)))) return false
  const [guardian] = await node.callContract({ contractAddress: address, entrypoint: 'get_guardian', calldata: [] })
  return BigInt(guardian ?? 0) !== 0n
}

/** One window for everything it takes. A running session that does what is asked is the answer, without a window. */
export function requestSession(wallet: Wallet, request: RequestSessionParams): Promise<SessionInfo> {
  return ask(wallet, 'wallet_requestSession', request) as Promise<SessionInfo>
}

/** 1 to 5 of one account and chain in one window. `null`: the person refused that one. */
export function requestSessions(
  wallet: Wallet,
  requests: readonly RequestSessionParams[],
): Promise<readonly (SessionInfo | null)[]> {
  return ask(wallet, 'wallet_requestSession', requests) as Promise<readonly (SessionInfo | null)[]>
}

/** This site's sessions, newest first. */
export function getSessions(
  wallet: Wallet,
  {
    ids,
    tag,
    includeEnded,
  }: { readonly ids?: readonly string[]; readonly tag?: string; readonly includeEnded?: boolean } = {},
): Promise<readonly SessionInfo[]> {
  return ask(wallet, 'wallet_getSessions', {
    ...(ids === undefined ? {} : { ids }),
    ...(tag === undefined ? {} : { tag }),
    ...(includeEnded === undefined ? {} : { include_ended: includeEnded }),
  })
}

/** What would become of these calls, with every reason; nothing is held, counted or asked. */
export function checkSession(wallet: Wallet, calls: readonly RawCall[], hint?: SessionHint): Promise<SessionVerdict> {
  return ask(wallet, 'wallet_checkSession', hint === undefined ? { calls } : { calls, session: hint })
}

/** Less is so at once; more opens a window with the difference, and is another session afterwards. */
export function updateSession(
  wallet: Wallet,
  id: string,
  patch: Omit<UpdateSessionParams, 'id'>,
): Promise<SessionInfo> {
  return ask(wallet, 'wallet_updateSession', { ...patch, id })
}

/** Another key for the same, by the session's id or its tag. */
export function rotateSession(
  wallet: Wallet,
  of: { readonly id: string } | { readonly tag: string },
  key?: SessionKeyChoice,
): Promise<SessionInfo> {
  return ask(wallet, 'wallet_rotateSession', key === undefined ? of : { ...of, key })
}

/** Ended here before it answers. `now` tells the chain too, which costs a fee. */
export function revokeSession(
  wallet: Wallet,
  id: string,
  onChain?: 'auto' | 'now' | 'never',
): Promise<{ readonly transaction_hash?: WireFelt }> {
  return ask(wallet, 'wallet_revokeSession', onChain === undefined ? { id } : { id, on_chain: onChain })
}

/** After every change of status, policy or meters. @returns how to stop listening */
export function onSessionsChanged(wallet: Wallet, listener: (sessions: readonly SessionInfo[]) => void): () => void {
  const heard = (sessions?: readonly SessionInfo[]) => listener(sessions ?? [])
  wallet.on?.('sessionsChanged', heard as (payload: never) => void)
  return () => void wallet.off?.('sessionsChanged', heard as (payload: never) => void)
}

/**
 * A request for just these calls: one rule for each contract, with each entrypoint once. Amounts are not derived from calldata:
 * name `spend_limits` in `more`.
 */
export function policyFromCalls(
  calls: readonly Pick<RawCall, 'contract_address' | 'entry_point'>[],
  more: Omit<RequestSessionParams, 'calls'> = {},
): RequestSessionParams {
  const rules = new Map<string, { contract_address: string; entry_point: string[] }>()
  for (const { contract_address, entry_point } of calls) {
    const key = BigInt(contract_address).toString(16)
    const rule = rules.get(key) ?? { contract_address, entry_point: [] }
    if (!rule.entry_point.includes(entry_point)) rule.entry_point.push(entry_point)
    rules.set(key, rule)
  }
  return { ...more, calls: [...rules.values()] satisfies CallRule[] }
}

/** A fresh key for a session that the page or an agent holds itself. Whoever has it acts inside the session: keep it so. */
export function generateSessionKey(): { readonly publicKey: WireFelt; readonly privateKey: WireFelt } {
  const key = randomKey((length) => crypto.getRandomValues(new Uint8Array(length)))
  const digits = [...key].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return { publicKey: publicKey(key), privateKey: `0x${digits.replace(/^0+/, '')}` }
}

/** Of a name, or of the line of an ABI that declares it; a selector in hex is itself. */
export function selectorOf(nameOrLine: string): WireFelt {
  if (/^0x[0-9a-fA-F]{1,64}$/.test(nameOrLine)) return `0x${BigInt(nameOrLine).toString(16)}`
  const name = /^\s*(?:(?:function|fn|func)\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*(?:[(<].*)?$/s.exec(nameOrLine)?.[1]
  if (name === undefined) throw new RangeError('expected a name, a line of an ABI, or a selector in hex')
  return selectorOfName(name)
}
