import type { Address, Selector, U256 } from '../felt.ts'
import type { MeterInfo, SessionStatus } from '../protocol/session-info.ts'
import type { UnixSeconds } from '../time.ts'
import { APPROVE } from './allowances.ts'
import {
  atMostU256,
  booked,
  CALLS,
  type Cap,
  capsOf,
  feeMeter,
  heldBy,
  messageMeter,
  nftMeter,
  ruleMeter,
  spendMeter,
  streamOf,
  sumMeter,
  TX,
} from './book.ts'
import type { Facts } from './facts.ts'
import type { Hold, MeterBook, MeterId, PauseReason, SessionPolicy, SessionRecord, Window } from './policy.ts'
import { isLocked } from './standing.ts'
import { type AskedWindow, end, unlocked } from './windows.ts'
import type { RawWindow } from './wire-schema.ts'
import type { WindowSpec } from './wire-shape.ts'

/** Every meter of a policy that has a cap of its own, in a fixed order. */
export function metersOf(policy: SessionPolicy): readonly MeterId[] {
  return [
    ...policy.spend.limits.map((limit) =>
      limit.asset === 'erc20' ? spendMeter(limit.token) : nftMeter(limit.collection),
    ),
    ...policy.fees.tokens.map((fee) => feeMeter(fee.token)),
    TX,
    CALLS,
    ...policy.calls.map((rule) => ruleMeter(rule.id)),
    ...policy.calls.flatMap((rule) => rule.sums.map((_, index) => sumMeter(rule.id, index))),
    ...policy.messages.map((rule) => messageMeter(rule.id)),
  ]
}

/**
 * What of each cap is used, held and left, as sites and screens read it (provider.md 7.2). Nothing is left of a session
 * that does not run.
 */
export function meters(
  session: SessionRecord,
  book: MeterBook,
  open: readonly Hold[],
  now: UnixSeconds,
  facts: StatusFacts,
): readonly MeterInfo[] {
  const held = heldBy(open)
  const runs = statusOf(session, book, now, facts) === 'active'
  return metersOf(session.effective).flatMap((meter) =>
    [...capsOf(session.effective, meter), ...streamCap(session.effective, meter, now)].map((cap) =>
      meterInfo(book, meter, cap, held.get(meter) ?? 0n, runs, now),
    ),
  )
}

/** A stream as it is read: a cap of the whole session that grows. */
function streamCap(policy: SessionPolicy, meter: MeterId, now: UnixSeconds): readonly Cap[] {
  const stream = streamOf(policy, meter)
  return stream === undefined ? [] : [{ window: { kind: 'session' }, max: unlocked(stream, now) }]
}

function meterInfo(
  book: MeterBook,
  meter: MeterId,
  cap: Cap,
  held: bigint,
  runs: boolean,
  now: UnixSeconds,
): MeterInfo {
  const used = booked(book, meter, cap.window, now)
  const left = cap.max - used - held
  const resets = resetsAt(book, meter, cap.window, now)
  return {
    id: meter,
    window: windowSpec(cap.window),
    limit: atMostU256(cap.max),
    used: atMostU256(used),
    held: atMostU256(held),
    left: runs && left > 0n ? atMostU256(left) : '0',
    ...(resets === undefined ? {} : { resets_at: resets }),
  }
}

/** End of a fixed or calendar window; of a rolling one the second at which its oldest booking leaves. */
function resetsAt(book: MeterBook, meter: MeterId, window: Window, now: UnixSeconds): UnixSeconds | undefined {
  if (window.kind !== 'rolling') return end(window, now)
  const inside = book.bookings.filter((booking) => booking.meter === meter && booking.at > now - window.seconds)
  return inside.length === 0 ? undefined : Math.min(...inside.map((booking) => booking.at)) + window.seconds
}

export function windowSpec(window: Window): WindowSpec {
  switch (window.kind) {
    case 'session':
      return 'session'
    case 'fixed':
      return { fixed: window.seconds, anchor: window.anchor }
    case 'calendar':
      return { calendar: window.unit }
    case 'rolling':
      return { rolling: window.seconds }
  }
}

export function windowOf(spec: RawWindow): AskedWindow {
  if (spec === 'session') return { kind: 'session' }
  if ('calendar' in spec) return { kind: 'calendar', unit: spec.calendar }
  if ('rolling' in spec) return { kind: 'rolling', seconds: spec.rolling }
  return { kind: 'fixed', seconds: spec.fixed, ...(spec.anchor === undefined ? {} : { anchor: spec.anchor }) }
}

export type StatusFacts = Pick<Facts, 'unlocked' | 'workingSet'>

/** What a site reads of a session's life, derived at every read, never by a timer (seeds.md 9). */
export function statusOf(session: SessionRecord, book: MeterBook, now: UnixSeconds, facts: StatusFacts): SessionStatus {
  const { state, effective } = session
  if (state === 'revoked' || state === 'revoking' || state === 'superseded') return 'revoked'
  if (now >= effective.validUntil) return 'expired'
  if (isExhausted(effective, book, now)) return 'exhausted'
  // A session whose authorization is not signed yet signs nothing; no site reads one.
  if (state === 'paused' || state === 'pending' || isLocked(session, facts)) return 'paused'
  return now < effective.validAfter ? 'scheduled' : 'active'
}

/** Who paused it, as a site is told; `undefined` when it is not paused. */
export function pausedBy(
  session: SessionRecord,
  facts: StatusFacts,
): 'site' | 'person' | 'locked' | 'wallet' | undefined {
  if (session.state === 'paused') return PAUSED_BY[session.pause ?? 'person']
  return isLocked(session, facts) ? 'locked' : undefined
}

const PAUSED_BY: Readonly<Record<PauseReason, 'site' | 'person' | 'wallet'>> = {
  site: 'site',
  person: 'person',
  codeChanged: 'wallet',
  overdrawn: 'wallet',
  reorg: 'wallet',
  phishingList: 'wallet',
  escapeEvent: 'wallet',
  accountChanged: 'wallet',
  clock: 'wallet',
  nodeDown: 'wallet',
  nodeChanged: 'person',
  chainRestarted: 'wallet',
  storageTampered: 'wallet',
  restored: 'wallet',
  idle: 'wallet',
}

/**
 * No call of any rule can ever fit again. By bookings alone: what is only held may still come back. Spending limits do not
 * count, because a call that moves nothing fits an empty one.
 */
function isExhausted(policy: SessionPolicy, book: MeterBook, now: UnixSeconds): boolean {
  const full = (meter: MeterId) =>
    capsOf(policy, meter).some(
      (cap) => cap.window.kind === 'session' && booked(book, meter, cap.window, now) >= cap.max,
    )
  // Without a rule for calls what is used up are messages, which nobody pays for.
  if (policy.calls.length === 0) return policy.messages.every(({ id, enabled }) => !enabled || full(messageMeter(id)))
  const noFee = policy.fees.payer === 'account' && policy.fees.tokens.every((fee) => full(feeMeter(fee.token)))
  const noRule = policy.calls.every((rule) => !rule.enabled || full(ruleMeter(rule.id)))
  return full(TX) || full(CALLS) || noFee || noRule
}

/**
 * The on-chain list: every listed pair of `granted`, switched-off rules too, so that they can be switched on again, and the
 * `approve` of each `resetAfter` token; sorted as integers, without duplicates (policy.md 10, argent-sessions.md 1).
 */
export function chainMethods(policy: SessionPolicy): [Address, Selector][] {
  const pairs = new Map<string, [Address, Selector]>()
  const add = (contract: Address, selector: Selector) => pairs.set(`${contract} ${selector}`, [contract, selector])
  for (const rule of policy.calls) {
    if (rule.contract === '*' || rule.entrypoints === '*') continue
    for (const { selector } of rule.entrypoints) add(rule.contract, selector)
  }
  // What sets an allowance back is put there by the wallet, whether or not a rule lists it.
  for (const limit of policy.spend.limits) {
    if (limit.asset === 'erc20' && limit.approvals === 'resetAfter') add(limit.token, APPROVE)
  }
  return [...pairs.values()].sort((a, b) => byValue(a[0], b[0]) || byValue(a[1], b[1]))
}

/** Canonical felts as integers. */
export function byValue(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0)
}

/** How often a rule was used, as booked and held. */
export function usesOf(book: MeterBook, open: readonly Hold[], rule: MeterId, now: UnixSeconds): U256 {
  return atMostU256(booked(book, rule, { kind: 'session' }, now) + (heldBy(open).get(rule) ?? 0n))
}
