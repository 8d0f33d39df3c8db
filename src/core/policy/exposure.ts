import { type Address, type U256, u256 } from '../felt.ts'
import { END_MARGIN, type UnixSeconds } from '../time.ts'
import { atMostU256, CALLS, type Cap, capOf, feeMeter, heldBy, nftMeter, spendMeter, TX } from './book.ts'
import { adminName } from './forbidden.ts'
import type { CallRule, Hold, MeterBook, MeterId, SessionPolicy } from './policy.ts'
import { start, touched, unlocked } from './windows.ts'

/** What can still leave at worst, from `now` until the session stops signing. */
export interface Exposure {
  /** Base units per token; only tokens of which something can leave. */
  readonly spend: readonly { readonly token: Address; readonly amount: U256 }[]
  /** Committed maxima per fee token; a figure of its own, also for the token that is spent. */
  readonly fees: readonly { readonly token: Address; readonly amount: U256 }[]
  /** Part of `spend` that spenders may go on taking after the end: allowances that stay. */
  readonly leftBehind: readonly {
    readonly token: Address
    readonly spenders: readonly Address[]
    readonly amount: U256
  }[]
  /** Items per collection; `all`: leave to take every one of them may be given. Only collections of which some can leave. */
  readonly items: readonly { readonly collection: Address; readonly count: U256 | 'all' }[]
  /** Transactions; absent: as many as the fees last for. */
  readonly transactions?: U256
  /** Control, or an amount that nobody holds: everything in the account. */
  readonly everything: boolean
}

/** An amount from here on is everything (policy.md 13.1). */
export const EVERYTHING = 2n ** 127n

/**
 * The worst case: what a spender that uses every window to the full can take (policy.md 13.2).
 *
 * @param book `undefined` before the session exists
 * @param now unix seconds, the judged clock
 * @see properties.test.ts "property: no run of transactions takes more than the worst case"
 */
export function exposure(
  policy: SessionPolicy,
  book: MeterBook | undefined,
  open: readonly Hold[],
  now: UnixSeconds,
): Exposure {
  const runs = policy.calls.some((rule) => rule.enabled)
  const from = Math.max(now, policy.validAfter)
  const span: Span = { from, until: runs ? policy.validUntil - END_MARGIN : from, book, held: heldBy(open) }
  const count = transactions(policy, span)
  const calls = smallest(
    ...policy.usage.calls.map((cap) => room(span, CALLS, capOf(cap))),
    count === undefined ? undefined : count * BigInt(policy.usage.maxCallsPerTx),
  )
  const spend = policy.spend.limits.flatMap((limit) => {
    if (limit.asset !== 'erc20') return []
    const meter = spendMeter(limit.token)
    const amount = smallest(
      ...limit.caps.map((cap) => room(span, meter, capOf(cap))),
      limit.stream === undefined ? undefined : left(span, meter, unlocked(limit.stream, span.until)),
      times(limit.perTx, count),
      // The undeclared part of each transaction may take `perCall` once more.
      times(limit.perCall, count === undefined || calls === undefined ? undefined : calls + count),
    )
    return told(limit.token, amount)
  })
  const fees = policy.fees.tokens.flatMap((fee) =>
    told(
      fee.token,
      smallest(...fee.caps.map((cap) => room(span, feeMeter(fee.token), capOf(cap))), times(fee.perTx, count)),
    ),
  )
  const leftBehind = policy.spend.limits.flatMap((limit) => {
    if (limit.asset !== 'erc20' || limit.approvals !== 'count') return []
    const credits = book?.credit.filter(({ token }) => token === limit.token) ?? []
    const more = spend.find(({ token }) => token === limit.token)?.amount ?? '0'
    const amount = credits.reduce((sum, credit) => sum + BigInt(credit.amount), BigInt(more))
    const spenders = [...new Set([...limit.spenders, ...credits.map(({ spender }) => spender)])]
    return amount === 0n || spenders.length === 0 ? [] : [{ token: limit.token, spenders, amount: atMostU256(amount) }]
  })
  const runsOut = span.until <= span.from
  const items = policy.spend.limits.flatMap((limit): Exposure['items'] => {
    if (limit.asset === 'erc20' || runsOut) return []
    const { collection } = limit
    if (limit.approveAll === 'allow' && limit.spenders.length > 0) return [{ collection, count: 'all' }]
    const most = smallest(...limit.maxOut.map((cap) => room(span, nftMeter(collection), capOf(cap))))
    return most === undefined || most === 0n ? [] : [{ collection, count: atMostU256(most) }]
  })
  return {
    spend,
    fees,
    leftBehind,
    items,
    ...(count === undefined ? {} : { transactions: atMostU256(count) }),
    everything: !runsOut && (policy.calls.some(handsOver) || spend.some(({ amount }) => BigInt(amount) >= EVERYTHING)),
  }
}

/** Control, everything, or leave to take whatever of a collection there is: the person confirms it apart. */
export function isDangerous({ everything, items }: Exposure): boolean {
  return everything || items.some((it) => it.count === 'all')
}

/** Of several sessions: they share no caps, so what they can take adds up. */
export function sumOfSessions(all: readonly Exposure[]): Exposure {
  const sum = (pick: (it: Exposure) => Exposure['spend']): Exposure['spend'] => {
    const byToken = new Map<Address, bigint>()
    for (const { token, amount } of all.flatMap(pick)) byToken.set(token, (byToken.get(token) ?? 0n) + BigInt(amount))
    return [...byToken].map(([token, amount]) => ({ token, amount: atMostU256(amount) }))
  }
  return {
    spend: sum(({ spend }) => spend),
    fees: sum(({ fees }) => fees),
    items: sumItems(all.flatMap(({ items }) => items)),
    leftBehind: all.flatMap(({ leftBehind }) => leftBehind),
    everything: all.some(({ everything }) => everything),
  }
}

function sumItems(all: Exposure['items']): Exposure['items'] {
  const sums = new Map<Address, U256 | 'all'>()
  for (const { collection, count } of all) {
    const known = sums.get(collection) ?? u256(0n)
    const isAll = known === 'all' || count === 'all'
    sums.set(collection, isAll ? 'all' : atMostU256(BigInt(known) + BigInt(count)))
  }
  return [...sums].map(([collection, count]) => ({ collection, count }))
}

interface Span {
  readonly from: UnixSeconds
  /** Exclusive. */
  readonly until: UnixSeconds
  readonly book: MeterBook | undefined
  readonly held: ReadonlyMap<MeterId, bigint>
}

/** An allowed entrypoint that hands over control, or any contract at all. */
function handsOver(rule: CallRule): boolean {
  if (!rule.enabled) return false
  if (rule.contract === '*' || rule.entrypoints === '*') return true
  return rule.adminAck === true && rule.entrypoints.some(({ selector }) => adminName(selector) !== undefined)
}

function transactions(policy: SessionPolicy, span: Span): bigint | undefined {
  const { minGap, tx } = policy.usage
  if (span.until <= span.from) return 0n
  const byGap = minGap > 0 ? BigInt(Math.floor((span.until - 1 - span.from) / minGap) + 1) : undefined
  return smallest(...tx.map((cap) => room(span, TX, capOf(cap))), byGap)
}

/** `max` in each window the span touches, less what is booked and held in the first. */
function room(span: Span, meter: MeterId, cap: Cap): bigint {
  const n = touched(cap.window, span.from, span.until)
  if (n === 0) return 0n
  // Of rolling windows the life is cut into n pieces from its end; only what lies in the first piece takes from it.
  const first = cap.window.kind === 'rolling' ? span.until - n * cap.window.seconds : start(cap.window, span.from)
  return left(span, meter, cap.max * BigInt(n), first, cap.window.kind === 'session')
}

function left(span: Span, meter: MeterId, sum: bigint, first = Number.NEGATIVE_INFINITY, withBase = true): bigint {
  let rest = sum - (span.held.get(meter) ?? 0n)
  if (span.book !== undefined) {
    if (withBase) rest -= BigInt(span.book.base[meter] ?? '0')
    for (const booking of span.book.bookings) {
      if (booking.meter === meter && booking.at >= first) rest -= BigInt(booking.amount)
    }
  }
  return rest > 0n ? rest : 0n
}

function told(token: Address, amount: bigint | undefined) {
  // No cap at all is no permission: evaluate refuses every amount.
  return amount === undefined || amount === 0n ? [] : [{ token, amount: atMostU256(amount) }]
}

function times(each: U256 | undefined, count: bigint | undefined): bigint | undefined {
  return each === undefined || count === undefined ? undefined : BigInt(each) * count
}

function smallest(...values: readonly (bigint | undefined)[]): bigint | undefined {
  let least: bigint | undefined
  for (const value of values) if (value !== undefined && (least === undefined || value < least)) least = value
  return least
}
