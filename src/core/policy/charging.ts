import { type Address, MAX_U256 } from '../felt.ts'
import { END_MARGIN, type Seconds, type UnixSeconds } from '../time.ts'
import { askedCalls } from './allowances.ts'
import { argumentOf } from './arguments.ts'
import { tokenLimit } from './assets.ts'
import {
  atMostU256,
  booked,
  CALLS,
  type Cap,
  capOf,
  feeMeter,
  messageMeter,
  ruleMeter,
  spendMeter,
  sumMeter,
  TX,
} from './book.ts'
import type { Facts, Transaction } from './facts.ts'
import { mayPay } from './payers.ts'
import type {
  AmountCap,
  CallRule,
  Charge,
  Hold,
  MessageRule,
  MeterBook,
  MeterId,
  Reason,
  ReasonCode,
  RuleId,
  SessionPolicy,
} from './policy.ts'
import { end, unlocked, unlocksAt } from './windows.ts'

/** What a decision writes while it looks at one transaction. */
export interface Ledger {
  readonly policy: SessionPolicy
  readonly book: MeterBook
  readonly held: ReadonlyMap<MeterId, bigint>
  readonly now: UnixSeconds
  readonly found: Findings
  readonly charges: Charge[]
}

/** Base units per token. */
export type Amounts = ReadonlyMap<Address, bigint>
/** What the calls say: all that is charged, and the part of it that comes back when it was not taken. */
export interface Declared {
  readonly all: Amounts
  readonly refundable: Amounts
}

export function chargeRules(ledger: Ledger, tx: Transaction, owners: readonly (CallRule | undefined)[]): void {
  const uses = new Map<RuleId, { readonly rule: CallRule; readonly count: bigint }>()
  for (const rule of owners) {
    if (rule !== undefined) uses.set(rule.id, { rule, count: (uses.get(rule.id)?.count ?? 0n) + 1n })
  }
  for (const { rule, count } of uses.values()) {
    charge(ledger, 'ruleCap', ruleMeter(rule.id), rule.caps.map(capOf), count, 0n, rule.id)
    rule.sums.forEach((_, index) => {
      chargeSum(ledger, tx, owners, rule, index)
    })
  }
}

/** The running total of one argument over all calls of the rule; a value that is unknown has no room. */
function chargeSum(
  ledger: Ledger,
  tx: Transaction,
  owners: readonly (CallRule | undefined)[],
  rule: CallRule,
  index: number,
): void {
  const sum = rule.sums[index]
  if (sum === undefined) return
  const meter = sumMeter(rule.id, index)
  let total = 0n
  let known = true
  owners.forEach((owner, call) => {
    if (owner?.id !== rule.id) return
    const value = argumentOf(sum.arg, sum.as, rule.shapes, { account: tx.account, calls: tx.calls, index: call })
    if (value === undefined) ledger.found.add({ code: 'sumCap', call, rule: rule.id, meter })
    known &&= value !== undefined
    total += value ?? 0n
  })
  if (known) charge(ledger, 'sumCap', meter, orNothing(sum.caps), total, 0n, rule.id)
}

export function chargeSpend(ledger: Ledger, declared: Declared, extra: Amounts): void {
  for (const token of new Set([...declared.all.keys(), ...extra.keys()])) {
    const limit = tokenLimit(ledger.policy, token)
    if (limit === undefined) continue
    const meter = spendMeter(token)
    const more = extra.get(token) ?? 0n
    const wanted = (declared.all.get(token) ?? 0n) + more
    const refundable = (declared.refundable.get(token) ?? 0n) + more
    if (limit.perTx !== undefined && wanted > BigInt(limit.perTx)) {
      ledger.found.add({ code: 'perTx', ...short(meter, BigInt(limit.perTx), wanted) })
    }
    if (limit.stream !== undefined) {
      const taken = booked(ledger.book, meter, { kind: 'session' }, ledger.now) + (ledger.held.get(meter) ?? 0n)
      const free = unlocked(limit.stream, ledger.now)
      if (taken + wanted > free) {
        const opensAt = opens(ledger.policy, unlocksAt(limit.stream, taken + wanted))
        ledger.found.add({ code: 'streamCap', ...short(meter, free - taken, wanted), ...opensAt })
      }
    }
    const caps = limit.stream === undefined ? orNothing(limit.caps) : limit.caps.map(capOf)
    charge(ledger, 'spendCap', meter, caps, wanted, refundable)
  }
}

/** One more message of a rule; without a cap there is no room for any. */
export function chargeMessage(ledger: Ledger, rule: MessageRule): void {
  const caps = rule.caps.length === 0 ? [NOTHING] : rule.caps.map(capOf)
  charge(ledger, 'messageCount', messageMeter(rule.id), caps, 1n, 0n, rule.id)
}

export function chargeFee(ledger: Ledger, tx: Transaction, owners: readonly (CallRule | undefined)[]): void {
  const { fees } = ledger.policy
  const { found } = ledger
  const { paymaster } = tx
  if (paymaster !== undefined) {
    if (!mayPay(fees, paymaster)) found.add({ code: 'paymasterNotAllowed' })
  } else if (fees.payer === 'paymaster' || owners.some((rule) => rule?.sponsoredOnly === true)) {
    found.add({ code: 'paymasterRequired' })
  }
  if (fees.maxTipPerGas !== undefined && tx.fee.tipPerGas > BigInt(fees.maxTipPerGas)) {
    found.add({ code: 'tip', left: fees.maxTipPerGas, wanted: atMostU256(tx.fee.tipPerGas) })
  }
  // Nothing of the account's is taken for it.
  if (paymaster !== undefined && tx.fee.max === 0n) return
  const allowed = fees.tokens.find((fee) => fee.token === tx.fee.token)
  const meter = feeMeter(tx.fee.token)
  if (allowed === undefined) {
    found.add({ code: 'feeToken', meter })
    return
  }
  if (allowed.perTx !== undefined && tx.fee.max > BigInt(allowed.perTx)) {
    found.add({ code: 'feePerTx', ...short(meter, BigInt(allowed.perTx), tx.fee.max) })
  }
  charge(ledger, 'feeCap', meter, orNothing(allowed.caps), tx.fee.max, 0n)
}

export function chargeUsage(ledger: Ledger, tx: Transaction, open: readonly Hold[], facts: Facts): void {
  const { policy, found, now } = ledger
  const { usage } = policy
  const asked = askedCalls(tx).length
  const calls = BigInt(asked)
  if (asked > usage.maxCallsPerTx) {
    found.add({ code: 'callsPerTx', left: atMostU256(BigInt(usage.maxCallsPerTx)), wanted: atMostU256(calls) })
  }
  charge(ledger, 'txCount', TX, usage.tx.map(capOf), 1n, 0n)
  charge(ledger, 'callCount', CALLS, usage.calls.map(capOf), calls, 0n)
  const freeAt = Math.max(
    lastUse(ledger.book, open) + usage.minGap,
    facts.reverts.lastAt + backOff(facts.reverts.inARow),
    ...slotsAround(now, usage.minGap, open),
  )
  if (now < freeAt) found.add({ code: 'gap', ...opens(policy, freeAt) })
  // What is scheduled waits for its own time, and stands in nobody's way.
  const sent = open.filter((hold) => hold.status !== 'settled' && hold.via !== 'agent')
  const unfinished = new Set(sent.map((hold) => hold.group)).size
  if (unfinished >= usage.maxInFlight) found.add({ code: 'inFlight' })
}

/** What is scheduled may be sent at any moment of its time: nothing else comes closer to that than the gap. */
function slotsAround(now: UnixSeconds, minGap: number, open: readonly Hold[]): readonly number[] {
  if (minGap === 0) return []
  const slots = open.flatMap(({ via, status, outside }) =>
    via === 'agent' && status !== 'settled' && outside !== undefined ? [outside] : [],
  )
  return slots
    .map(({ executeAfter, executeBefore }) => ({ from: executeAfter - minGap, until: executeBefore + minGap }))
    .filter(({ from, until }) => from < now && now < until)
    .map(({ until }) => until)
}

/** The last hold: open ones by their own time, settled ones by their booking. */
function lastUse(book: MeterBook, open: readonly Hold[]): number {
  let last = Number.NEGATIVE_INFINITY
  for (const hold of open) last = Math.max(last, hold.at)
  for (const booking of book.bookings) if (booking.meter === TX) last = Math.max(last, booking.at)
  return last
}

/** Failing calls burn fees: after 3 reverts in a row 30 s, doubling to 10 min, reset by a success. */
function backOff(inARow: number): Seconds {
  return inARow < 3 ? Number.NEGATIVE_INFINITY : Math.min(30 * 2 ** (inARow - 3), 600)
}

/**
 * Adds a charge and checks every cap of its meter. Of several that are too small the one with the least left is told, and
 * the time by which all are open again.
 */
export function charge(
  ledger: Ledger,
  code: ReasonCode,
  meter: MeterId,
  caps: readonly Cap[],
  amount: bigint,
  refundable: bigint,
  rule?: RuleId,
): void {
  const { book, held, now, policy, found } = ledger
  const open = held.get(meter) ?? 0n
  let tightest: { readonly cap: Cap; readonly left: bigint } | undefined
  let opensAt: number = now
  for (const cap of caps) {
    const left = cap.max - booked(book, meter, cap.window, now) - open
    if (amount <= left) continue
    if (tightest === undefined || left < tightest.left) tightest = { cap, left }
    opensAt = Math.max(opensAt, reopens(book, meter, cap, open, amount, now))
  }
  if (tightest === undefined) {
    // A meter is counted even without a cap, so that a later cap finds what was used.
    if (amount > 0n) ledger.charges.push({ meter, amount: atMostU256(amount), refundable: atMostU256(refundable) })
    return
  }
  const { cap, left } = tightest
  found.add({
    code,
    ...(rule === undefined ? {} : { rule }),
    ...short(meter, left, amount),
    ...opens(policy, opensAt),
    cap: { window: cap.window, max: atMostU256(cap.max) },
  })
}

/** Absence is never permission: money without a cap has none to give. */
function orNothing(caps: readonly AmountCap[]): readonly Cap[] {
  return caps.length === 0 ? [NOTHING] : caps.map(capOf)
}

const NOTHING: Cap = { window: { kind: 'session' }, max: 0n }

/** The first second at which the cap has room again; `Infinity` when waiting does not help (policy.md 5.1). */
function reopens(book: MeterBook, meter: MeterId, cap: Cap, open: bigint, amount: bigint, now: UnixSeconds): number {
  const { window } = cap
  if (window.kind === 'session' || amount > cap.max) return Number.POSITIVE_INFINITY
  if (window.kind !== 'rolling') return end(window, now) ?? Number.POSITIVE_INFINITY
  let over = booked(book, meter, window, now) + open + amount - cap.max
  const inside = book.bookings
    .filter((booking) => booking.meter === meter && booking.at > now - window.seconds)
    .sort((a, b) => a.at - b.at)
  for (const booking of inside) {
    over -= BigInt(booking.amount)
    if (over <= 0n) return booking.at + window.seconds
  }
  return Number.POSITIVE_INFINITY
}

/** Left out for caps of the whole session and when it would be too late. */
function opens(policy: SessionPolicy, at: number): { readonly retryAt?: UnixSeconds } {
  return at < policy.validUntil - END_MARGIN ? { retryAt: at } : {}
}

export function short(meter: MeterId, left: bigint, wanted: bigint): Pick<Reason, 'meter' | 'left' | 'wanted'> {
  return { meter, left: atMostU256(left < 0n ? 0n : left), wanted: atMostU256(wanted > MAX_U256 ? MAX_U256 : wanted) }
}

export interface Findings {
  readonly reasons: Reason[]
  readonly add: (reason: Reason) => void
}

/** One reason per code, call and meter. */
export function findings(): Findings {
  const reasons: Reason[] = []
  const seen = new Set<string>()
  return {
    reasons,
    add: (reason) => {
      const key = `${reason.code} ${reason.call ?? ''} ${reason.meter ?? ''}`
      if (seen.has(key)) return
      seen.add(key)
      reasons.push(reason)
    },
  }
}
