/**
 * Calls that an agent sends in their own time (policy.md 5.4). Nobody is asked then, so all of it is decided at once: each
 * entry at the beginning of its time, with those before it held already. What fits so passes no limit, whenever each is sent.
 */
import { refused } from '../errors.ts'
import { type Address, type Felt, felt, shortString } from '../felt.ts'
import type { UnixSeconds } from '../time.ts'
import { FACTS_ALONE, judgedAlone, NOBODY, UNREAD } from './alone.ts'
import { evaluate } from './evaluate.ts'
import type { Facts } from './facts.ts'
import { isAddressOfPayer } from './payers.ts'
import type {
  Call,
  FeePolicy,
  Hold,
  MeterBook,
  Reason,
  ReasonCode,
  Scheduled,
  SessionId,
  SessionPolicy,
  Verdict,
} from './policy.ts'
import { pinsOf } from './standing.ts'

export type Schedule =
  | { readonly fits: true; readonly each: readonly Extract<Verdict, { kind: 'auto' }>[] }
  | { readonly fits: false; readonly index: number; readonly reason: Reason }

export interface ScheduleOf {
  readonly account: Address
  readonly policy: SessionPolicy
  readonly ownAccounts: readonly Address[]
  readonly now: UnixSeconds
  /** A contract in scope may take something of the account: only a trial run would see it, and there is none. */
  readonly liveAllowance?: boolean
}

/**
 * @param open what is held of it already: counts in every window, as the entries do
 * @returns what to hold for each, in the order of `entries`, or the first that does not fit
 * @see schedule.test.ts "property: whatever is sent, and when, no limit is passed"
 */
export function fitSchedule(
  entries: readonly Scheduled[],
  of: ScheduleOf,
  book: MeterBook,
  open: readonly Hold[] = [],
): Schedule {
  const { policy, now } = of
  const each: Extract<Verdict, { kind: 'auto' }>[] = []
  // What is sent live has ended by then, or counts by its charges alone.
  const held = open.map((hold): Hold => ({ ...hold, via: 'agent' }))
  const inTime = entries.map((entry, index) => ({ ...entry, index })).sort((a, b) => a.notBefore - b.notBefore)
  for (const { index, calls, notBefore, notAfter } of inTime) {
    if (notAfter > policy.validUntil || notAfter <= now)
      return { fits: false, index, reason: { code: 'expired', at: '/not_after' } }
    const at = Math.max(notBefore, now)
    const verdict = evaluate(
      judgedAlone(of.policy, of.account, NONE),
      book,
      held,
      transaction(calls, of),
      factsAt(of, at),
      at,
    )
    if (verdict.kind !== 'auto') return { fits: false, index, reason: verdict.reasons[0] ?? { code: 'malformed' } }
    each[index] = verdict
    // A gap between two counts from the last moment of the one.
    held.push(holdOf(index, calls, verdict, policy.usage.minGap === 0 ? at : notAfter))
  }
  return { fits: true, each }
}

/** As its site is told. */
export function misfit({ index, reason }: Extract<Schedule, { fits: false }>): Error {
  const why = `expected calls that fit the policy: ${reason.code}`
  return refused('SESSION_POLICY_REFUSED', { at: `/schedule/${index}${partOf(reason)}`, why })
}

/** Of an entry, as its site wrote it; all of it where its own parts are not at fault. */
function partOf({ code, call, at }: Reason): string {
  if (at !== undefined) return at
  if (call !== undefined) return `/calls/${call}${code === 'selfCall' ? '/contract_address' : ''}`
  if (OF_ITS_TIME.includes(code)) return '/not_before'
  // Who may send it at all is said by the policy alone.
  return code === 'paymasterNotAllowed' ? '' : '/calls'
}
const OF_ITS_TIME: readonly ReasonCode[] = ['notStarted', 'expired', 'gap']

/** Who may send it: the first address that the policy names, or anybody where it names nobody. */
export function callerOf({ paymasters }: FeePolicy): Felt {
  return (paymasters?.find(isAddressOfPayer) as Felt | undefined) ?? shortString('ANY_CALLER')
}

const NONE = felt(0)

function transaction(calls: readonly Call[], { account, policy }: ScheduleOf) {
  const fee = { token: account, max: 0n, tipPerGas: 0n } // Whoever sends it pays: nothing is taken here, in whatever token.
  return { origin: NOBODY, chainId: NONE, account, calls, fee, paymaster: callerOf(policy.fees), unsupported: [] }
}

/** The code as it was approved: what it will be then nobody knows, and a trial run of today says nothing of then. */
function factsAt({ account, policy, ownAccounts, liveAllowance = false }: ScheduleOf, at: UnixSeconds): Facts {
  const pinned = [...pinsOf(policy)].flatMap(([contract, [pin]]) =>
    pin === undefined
      ? []
      : [[contract, { classHash: pin.classHash, ...(pin.impl === undefined ? {} : { impl: pin.impl }), readAt: at }]],
  )
  return {
    ownAccounts,
    ...FACTS_ALONE,
    clockWrong: false,
    classes: Object.fromEntries([...pinned, [account, { classHash: UNREAD, readAt: at }]]),
    liveAllowance,
  }
}

function holdOf(
  index: number,
  calls: readonly Call[],
  { charges }: Extract<Verdict, { kind: 'auto' }>,
  at: UnixSeconds,
): Hold {
  const id = `schedule ${index}`
  return {
    id,
    session: id as SessionId,
    group: id,
    via: 'agent',
    hash: NONE,
    calls: [...calls],
    charges,
    at,
    status: 'held',
  }
}
