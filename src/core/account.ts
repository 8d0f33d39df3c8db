import type { Address, ClassHash, Felt } from './felt.ts'
import { address } from './felt.ts'
import type { AccountStep } from './protocol/session-info.ts'
import type { AccountRecord, GrantRecord, GuardianKey, NetworkId, OwnAccount, Settings } from './records.ts'
import type { UnixSeconds } from './time.ts'

/** The fee token, at the same address on mainnet, Sepolia and devnet. */
export const STRK = address('0x04718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d')
export const ETH = address('0x049d36570d4e46f48e99674bd3fcc84644ddd6b96f7c741b1562b82f9e004dc7')

/** What is known of an account's class, by its hash alone; `unknown` is told apart from none that is known (argent-sessions.md 0). */
export type AccountKind =
  | 'argent-0.4.0'
  | 'argent-0.5.0'
  | 'argent-0.3'
  /** Cairo 0, through a proxy. */
  | 'argent-0.2'
  | 'openzeppelin'
  | 'unknown'

/** What the chain says of an account. */
export interface ChainState {
  readonly at: UnixSeconds
  /** Absent: nothing is deployed there. */
  readonly classHash?: ClassHash
  /** Of that class, or of the one it would be deployed with. */
  readonly kind: AccountKind
  /** `0x0`: no second key. */
  readonly guardian: Felt
  /** Nothing is deployed, and its address does not follow from its key: this wallet cannot put it there. */
  readonly undeployable?: true
}

export type Readiness = 'on_chain' | 'needs_enable' | 'needs_deploy' | 'wallet' | 'off'

/**
 * Whether sessions of this account can be enforced on chain now, or what is missing (argent-sessions.md 11).
 * `wallet`: its class has none, so this wallet alone holds them. `off`: this wallet cannot sign here, because the second
 * key is not ours, because it only watches, or because the account is on other networks only.
 */
export function readiness(state: ChainState, account: AccountRecord): Readiness {
  // Cairo 0 takes no version 3 transaction, and the network no other.
  if (!isOwn(account) || state.kind === 'argent-0.2') return 'off'
  if (state.classHash === undefined) return state.undeployable ? 'off' : 'needs_deploy'
  if (state.guardian !== '0x0' && guardianKey(account, state.guardian) === undefined) return 'off'
  if (!hasSessions(state.kind)) return 'wallet'
  return state.guardian === '0x0' ? 'needs_enable' : 'on_chain'
}

/** Kinds whose accounts have sessions on chain. */
export type SessionKind = 'argent-0.4.0' | 'argent-0.5.0'
export function hasSessions(kind: AccountKind): kind is SessionKind {
  return kind === 'argent-0.4.0' || kind === 'argent-0.5.0'
}

/** Ours, of any generation: an older one may still stand where nobody replaced it. */
export function guardianKey(account: OwnAccount, publicKey: Felt): GuardianKey | undefined {
  return [account.guardian, ...(account.retired ?? [])].find((it) => it.publicKey === publicKey)
}

/** Its owner key is here. */
export function isOwn(account: AccountRecord): account is OwnAccount {
  return account.owner.from !== 'nowhere'
}

/** What a site is offered first: the default account, else the one that is looked at, unless its key is not here. */
export function offeredFirst(
  accounts: readonly AccountRecord[],
  { account, defaultAccount }: Pick<Settings, 'account' | 'defaultAccount'>,
): OwnAccount | undefined {
  const own = accounts.filter(isOwn)
  const shown = own.filter(({ hidden }) => hidden !== true)
  return (
    shown.find(({ address }) => address === defaultAccount) ??
    own.find(({ address }) => address === account) ??
    shown[0] ??
    own[0]
  )
}

/** What a site may be given, in the order in which it is offered: the first one, then what sites used last there. */
export function choicesOf(
  accounts: readonly AccountRecord[],
  settings: Pick<Settings, 'account' | 'defaultAccount'>,
  grants: readonly GrantRecord[],
  network: NetworkId,
): readonly OwnAccount[] {
  const first = offeredFirst(accounts, settings)
  const lastUsed = new Map<Address, UnixSeconds>()
  for (const grant of grants)
    if (grant.network === network)
      lastUsed.set(grant.account, Math.max(lastUsed.get(grant.account) ?? 0, grant.lastUsedAt))
  const usedAt = ({ address }: OwnAccount) => lastUsed.get(address) ?? 0
  const shown = accounts.filter(isOwn).filter(({ hidden }) => hidden !== true)
  // Equal ones stay in the person's own order.
  const others = shown.filter((it) => it !== first).sort((a, b) => usedAt(b) - usedAt(a))
  return [...shown.filter((it) => it === first), ...others]
}

/** The wallet's own transactions that must come before a session, in their order. */
export function missingSteps(state: ChainState, account: AccountRecord): readonly AccountStep[] {
  const ready = readiness(state, account)
  if (ready === 'needs_deploy') return hasSessions(state.kind) ? ['deploy', 'enable'] : ['deploy']
  return ready === 'needs_enable' ? ['enable'] : []
}

/** Of these what a session needs that somebody holds: the second key is of no use to what only this wallet does. */
export function stepsFor(
  backing: 'chain' | 'wallet',
  state: ChainState,
  account: AccountRecord,
): readonly AccountStep[] {
  return missingSteps(state, account).filter((step) => backing === 'chain' || step === 'deploy')
}

/** Public facts of a token: symbol and decimals stand on screens only for these. */
export interface ListedToken {
  readonly address: Address
  readonly symbol: string
  readonly decimals: number
}
export const LISTED: readonly ListedToken[] = [
  { address: STRK, symbol: 'STRK', decimals: 18 },
  { address: ETH, symbol: 'ETH', decimals: 18 },
]
