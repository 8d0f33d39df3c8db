import { isRefused, malformed, refused, type SiteError } from '../errors.ts'
import type { Address, Felt, Selector, U256 } from '../felt.ts'
import type { Seconds, UnixSeconds } from '../time.ts'
import { LIMITS } from './limits.ts'
import type {
  ArgPath,
  Call,
  CallRule,
  Entrypoint,
  FeePolicy,
  ForeignKey,
  RuleId,
  Scheduled,
  StreamCap,
  TokenLimit,
  Window,
} from './policy.ts'
import { type AskedWindow, anchored, orderWindows, sameWindow } from './windows.ts'
import type { AskedArg } from './wire-arguments.ts'
import type { AskedMessage } from './wire-messages.ts'

/** A request as it came, in canonical values; what the site left out is absent, so that it is never compared. */
export interface Asked {
  readonly chainId?: Felt
  readonly account?: Address
  /** Absent: this wallet makes it and keeps it. */
  readonly key?: ForeignKey
  readonly tag?: Felt
  /** Of the session, where its site wrote the whole of it: what is signed is this and nothing else. */
  readonly hash?: Felt
  /** Of an older library's page: it names the session by it, and no chain knows it (argent-sessions.md 14). */
  readonly pageKey?: Felt
  readonly label?: string
  readonly reason?: string
  /** `adjustable`: the person may change amounts and rules; the end can always be shortened. */
  readonly mayNarrow: boolean
  /** `false`: the session starts paused by the site. */
  readonly enabled: boolean
  /** The session this one replaces: forces a fresh approval. */
  readonly replaces?: string
  readonly validAfter?: UnixSeconds
  readonly validUntil?: UnixSeconds
  /** Counts from the approval. */
  readonly duration?: Seconds
  readonly calls: readonly AskedRule[]
  /** Sent once by the owner before the session exists; not policy. */
  readonly setup?: readonly Call[]
  /** For an agent to send in their time, also while this wallet is closed; in the order of the request. */
  readonly schedule?: readonly Scheduled[]
  /** Absent: none named. */
  readonly deny?: readonly AskedDeny[]
  readonly limits: readonly AskedLimit[]
  /** Of collections; absent: none named. */
  readonly items?: readonly AskedItems[]
  /** Absent: none named. */
  readonly messages?: readonly AskedMessage[]
  readonly fees?: AskedFees
  readonly usage?: AskedUsage
  /** The site's own words for its rules: untrusted, outside the policy and its hash. */
  readonly words: Readonly<Record<RuleId, { readonly label?: string; readonly description?: string }>>
}
export interface AskedRule {
  readonly contract: Address | '*'
  /** `*` of one contract: every action it has at the approval. */
  readonly entrypoints: readonly Entrypoint[] | '*'
  readonly args?: AskedArg
  readonly caps: readonly AskedCount[]
  readonly sums?: readonly AskedSum[]
  readonly enabled: boolean
  readonly required: boolean
  readonly sponsoredOnly?: true
}
export interface AskedSum {
  readonly path: ArgPath
  readonly as?: CallRule['sums'][number]['as']
  readonly caps: readonly AskedAmount[]
}
export interface AskedDeny {
  readonly contract: Address | '*'
  readonly entrypoints: readonly Selector[] | '*'
  readonly args?: AskedArg
}
export interface AskedLimit {
  readonly token: Address
  readonly caps: readonly AskedAmount[]
  readonly perCall?: U256
  readonly perTx?: U256
  readonly stream?: AskedStream
  readonly recipients?: readonly (Address | 'self')[]
  /** Named, or absent: the contracts of the other rules. */
  readonly spenders?: readonly Address[]
  readonly approvals?: TokenLimit['approvals']
  readonly foreignTransferFrom?: 'forbid' | 'count'
}
export interface AskedItems {
  readonly collection: Address
  readonly tokenIds?: readonly U256[]
  readonly caps: readonly AskedCount[]
  readonly recipients?: readonly (Address | 'self')[]
  readonly spenders?: readonly Address[]
  readonly approveOne?: 'forbid' | 'allow'
  readonly approveAll?: 'forbid' | 'allow'
}
/** Without a start it begins with the session. */
export type AskedStream = Omit<StreamCap, 'start'> & { readonly start?: UnixSeconds }
/** `caps` and `perTx` of the token that accounts pay in; `at`: where they stand, if not in `fees` itself. */
export interface AskedFees {
  readonly caps: readonly AskedAmount[]
  readonly perTx?: U256
  readonly at?: string
  /** Other tokens, by address; absent: none named. */
  readonly tokens?: readonly AskedFeeToken[]
  readonly payer?: FeePolicy['payer']
  readonly paymasters?: readonly string[]
  readonly service?: string
  readonly maxTipPerGas?: U256
}
export interface AskedFeeToken {
  readonly token: Address
  readonly caps: readonly AskedAmount[]
  readonly perTx?: U256
  readonly at: string
}
export interface AskedUsage {
  readonly tx: readonly AskedCount[]
  readonly calls: readonly AskedCount[]
  readonly maxCallsPerTx?: number
  readonly minGap?: Seconds
  readonly maxInFlight?: number
}
/** The members of a session that its site may give anew; times are in `members` where they are named. */
export const UPDATABLE = ['calls', 'limits', 'items', 'deny', 'fees', 'usage', 'messages'] as const
export interface AskedUpdate {
  readonly id: string
  /** `false` pauses, `true` lifts the site's own pause. */
  readonly enabled?: boolean
  /** Ids of rules to switch off, as named. */
  readonly off: readonly string[]
  readonly named: readonly (typeof UPDATABLE)[number][]
  readonly members: Asked
}
/** `at`: JSON pointer into the request, to name what the person changed. */
export interface AskedAmount {
  readonly window: AskedWindow
  readonly max: U256
  readonly at: string
}
export interface AskedCount {
  readonly window: AskedWindow
  readonly max: number
  readonly at: string
}

/** Contracts that rules name. */
export function contractsOf(rules: readonly { readonly contract: Address | '*' }[]): readonly Address[] {
  return rules.flatMap(({ contract }) => (contract === '*' ? [] : [contract]))
}

/** What a rule lists itself. */
export function listedBy({ entrypoints }: Pick<AskedRule, 'entrypoints'>): readonly Entrypoint[] {
  return entrypoints === '*' ? [] : entrypoints
}

export const ruleId = (index: number) => `r${index}` as RuleId

/** By window; each window once, and not too many. */
export function inOrder<T extends { readonly window: AskedWindow; readonly at: string }>(caps: readonly T[]): T[] {
  caps.forEach((cap, index) => {
    if (caps.findIndex((other) => sameWindow(other.window, cap.window)) !== index) {
      throw malformed(cap.at, 'expected each window once')
    }
  })
  if (caps.length > LIMITS.caps) throw never(caps[LIMITS.caps]?.at ?? '', `at most ${LIMITS.caps} caps`)
  return [...caps].sort((a, b) => orderWindows(a.window, b.window))
}

/** In canonical order; windows without an anchor begin at `begin`, where another of the list may lie already. */
export function capsFrom<T extends AskedAmount | AskedCount>(
  caps: readonly T[],
  begin: UnixSeconds,
): { readonly window: Window; readonly max: T['max'] }[] {
  return inOrder(caps.map((cap) => ({ ...cap, window: anchored(cap.window, begin) }))).map(({ window, max }) => ({
    window,
    max,
  }))
}

/** 215: can never be granted, so nobody is asked. */
export function never(at: string, why: string) {
  return refused('SESSION_POLICY_REFUSED', { at, why: `expected ${why}` })
}

export function siteErrorOf(error: unknown): SiteError {
  if (!isRefused(error)) throw error
  return { code: error.code, message: error.message, ...(error.data === undefined ? {} : { data: error.data }) }
}

/** What is absent has no key: stored rows and hashes know no `undefined`. */
export function given<T extends object>(value: T): Given<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Given<T>
}
type Given<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}
