import { type Address, MAX_U256, type U256, u256 } from '../felt.ts'
import type { UnixSeconds } from '../time.ts'
import { type Allowance, creditAfter, creditedPairs, givenLeave, type Pair, spendersIn } from './allowances.ts'
import { tokenLimit } from './assets.ts'
import type {
  AmountCap,
  Booking,
  Charge,
  CountCap,
  Hold,
  MeterBook,
  MeterId,
  RuleId,
  SessionId,
  SessionPolicy,
  SessionRecord,
  StreamCap,
  Window,
} from './policy.ts'
import { start, unlocked } from './windows.ts'

export const spendMeter = (token: Address) => `spend:${token}` as MeterId
/** Items of a collection. */
export const nftMeter = (collection: Address) => `nft:${collection}` as MeterId
export const feeMeter = (token: Address) => `fee:${token}` as MeterId
export const ruleMeter = (rule: RuleId) => `rule:${rule}` as MeterId
/** `index`: place of the total in its rule, which therefore keeps its order. */
export const sumMeter = (rule: RuleId, index: number) => `sum:${rule}:${index}` as MeterId
export const messageMeter = (rule: RuleId) => `msg:${rule}` as MeterId
export const TX = 'tx' as MeterId
export const CALLS = 'calls' as MeterId

/** How a transaction ended. `at`: its block's time; what a node only says is bounded in `settle`. */
export type Outcome =
  | {
      readonly end: 'accepted'
      readonly at: UnixSeconds
      readonly fee: { readonly token: Address; readonly paid: U256 }
      /** Net outflow of the account without the fee, base units. */
      readonly out: Readonly<Record<Address, U256>>
      /** What spenders may take behind it; read where more left than the calls send (`allowancesToRead`). */
      readonly allowances?: readonly Allowance[]
      /** How many items left the account, per collection. */
      readonly items: Readonly<Record<Address, U256>>
    }
  | {
      readonly end: 'reverted'
      readonly at: UnixSeconds
      readonly fee: { readonly token: Address; readonly paid: U256 }
    }
  | { readonly end: 'rejected' | 'dropped' | 'released'; readonly at?: UnixSeconds }

export interface Settled {
  readonly book: MeterBook
  /** Meters on which more left than was held: the session pauses `overdrawn`. */
  readonly over: readonly MeterId[]
  /** Other holds on the same account nonce, which this ends: they are `dropped` and book nothing more. */
  readonly ended: readonly string[]
}

export function emptyBook(session: SessionId): MeterBook {
  return { session, seq: 0, base: {}, bookings: [], returned: [], credit: [] }
}

/**
 * What counts against a window at `t`: bookings inside it and all open holds, whatever their time (policy.md 7.2).
 *
 * @param open unsettled holds of the session
 * @returns base units, items or uses
 */
export function used(book: MeterBook, open: readonly Hold[], meter: MeterId, window: Window, t: UnixSeconds): bigint {
  return booked(book, meter, window, t) + (heldBy(open).get(meter) ?? 0n)
}

/** Settled amounts inside the window. */
export function booked(book: MeterBook, meter: MeterId, window: Window, t: UnixSeconds): bigint {
  const from = start(window, t)
  let sum = window.kind === 'session' ? BigInt(book.base[meter] ?? '0') : 0n
  for (const booking of book.bookings) {
    if (booking.meter === meter && booking.at >= from) sum += BigInt(booking.amount)
  }
  return sum
}

/** What open holds set aside. Of a group (one account nonce, so one of them settles) the largest member's charge. */
export function heldBy(open: readonly Hold[]): ReadonlyMap<MeterId, bigint> {
  const groups = new Map<string, Hold[]>()
  for (const hold of open) {
    if (hold.status === 'settled') continue
    const group = groups.get(hold.group)
    if (group === undefined) groups.set(hold.group, [hold])
    else group.push(hold)
  }
  const held = new Map<MeterId, bigint>()
  for (const group of groups.values()) {
    for (const [meter, amount] of largest(group)) held.set(meter, (held.get(meter) ?? 0n) + amount)
  }
  return held
}

/**
 * Books how a hold ended (policy.md 8.3) and gives back what can never take effect. What rests on a node's word alone is
 * given back only up to the bound of 8.2: inside each cap's window at most `max`, on fee meters 3 × `max`; the rest stays
 * booked.
 *
 * @param hold the hold that ended; one that was `settled` as rejected or dropped and now was found accepted is booked again
 * @param open unsettled holds of the session
 * @param now unix seconds, the judged clock
 * @see book.test.ts "property: a lying node can at most double a spending limit"
 */
export function settle(
  book: MeterBook,
  hold: Hold,
  open: readonly Hold[],
  outcome: Outcome,
  session: Pick<SessionRecord, 'granted' | 'effective'>,
  now: UnixSeconds,
): Settled {
  const late = hold.status === 'settled'
  const group = open.filter((other) => other.group === hold.group && other.status !== 'settled')
  const siblings = group.filter((other) => other.id !== hold.id)
  const mined = outcome.end === 'accepted' || outcome.end === 'reverted'
  const before = largest(late ? siblings : [hold, ...siblings])
  const after = mined ? new Map<MeterId, bigint>() : largest(siblings)
  const taken = takenOf(book, hold, open, outcome, session)
  const { actual } = taken
  const at = Math.max(hold.at, outcome.at ?? 0)

  const bookings: Booking[] = [...book.bookings]
  const returned: Booking[] = [...book.returned]
  const over: MeterId[] = []
  for (const meter of new Set([...before.keys(), ...actual.keys()])) {
    const freed = (before.get(meter) ?? 0n) - (after.get(meter) ?? 0n)
    const amount = actual.get(meter) ?? 0n
    if (mined && !late && amount > freed) over.push(meter)
    let book = amount
    if (amount < freed && outcome.end !== 'released') {
      const given = smaller(freed - amount, mayReturn(returned, session, meter, at))
      if (given > 0n) returned.push({ meter, amount: u256(given), at })
      book = freed - given
    }
    if (book > 0n) bookings.push({ meter, amount: atMostU256(book), at })
  }
  const next: MeterBook = { ...book, seq: book.seq + 1, bookings, returned, credit: taken.credit }
  const rest = open.filter((other) => other.group !== hold.group)
  if (late) over.push(...[...actual.keys()].filter((meter) => isOver(next, rest, session.effective, meter, now)))
  return {
    book: compact(next, session, now, mined ? rest : open.filter((other) => other.id !== hold.id)),
    over,
    ended: mined ? siblings.map((other) => other.id) : [],
  }
}

/**
 * Moves bookings that no finite window reaches any more into `base`, and of `returned` what neither such a window nor that of
 * an open hold reaches into one entry. Changes no `used` at `now` or later (policy.md 7.2), nor what an open hold may give back.
 *
 * @param open unsettled holds of the session: each may end as if at its own time
 */
export function compact(
  book: MeterBook,
  session: Pick<SessionRecord, 'granted' | 'effective'>,
  now: UnixSeconds,
  open: readonly Hold[],
): MeterBook {
  const horizon = horizonOf(session, now)
  const horizonOfHolds = horizonOf(session, Math.min(now, ...open.map((hold) => hold.at)))
  const base: Record<MeterId, U256> = { ...book.base }
  const bookings = book.bookings.filter(({ meter, amount, at }) => {
    if (at >= horizon(meter)) return true
    base[meter] = atMostU256(BigInt(base[meter] ?? '0') + BigInt(amount))
    return false
  })
  const old = new Map<MeterId, Booking>()
  const recent: Booking[] = []
  for (const entry of book.returned) {
    if (entry.at >= horizonOfHolds(entry.meter)) {
      recent.push(entry)
      continue
    }
    const sum = old.get(entry.meter)
    old.set(
      entry.meter,
      sum === undefined
        ? entry
        : {
            meter: entry.meter,
            amount: atMostU256(BigInt(sum.amount) + BigInt(entry.amount)),
            // The later: one that was dropped and is found in an old block must not find more room than there was.
            at: Math.max(sum.at, entry.at),
          },
    )
  }
  return { ...book, base, bookings, returned: [...old.values(), ...recent] }
}

/** A cap in one form: counts are amounts of one. */
export interface Cap {
  readonly window: Window
  readonly max: bigint
}

/** The caps of a meter; a meter without any is counted all the same, so that a later cap finds what was used. */
export function capsOf(policy: SessionPolicy, meter: MeterId): readonly Cap[] {
  if (meter === TX) return policy.usage.tx.map(capOf)
  if (meter === CALLS) return policy.usage.calls.map(capOf)
  const [kind, id, index] = meter.split(':')
  switch (kind) {
    case 'spend':
      return (tokenLimit(policy, id as Address)?.caps ?? []).map(capOf)
    case 'fee':
      return (policy.fees.tokens.find((fee) => fee.token === id)?.caps ?? []).map(capOf)
    case 'rule':
      return (policy.calls.find((rule) => rule.id === id)?.caps ?? []).map(capOf)
    case 'sum':
      return (policy.calls.find((rule) => rule.id === id)?.sums[Number(index)]?.caps ?? []).map(capOf)
    case 'nft':
      return policy.spend.limits.flatMap((limit) =>
        limit.asset !== 'erc20' && limit.collection === id ? limit.maxOut.map(capOf) : [],
      )
    case 'msg':
      return (policy.messages.find((rule) => rule.id === id)?.caps ?? []).map(capOf)
    default:
      return []
  }
}

export function capOf(cap: AmountCap | CountCap): Cap {
  return { window: cap.window, max: BigInt(cap.max) }
}

/**
 * Saturates at 2^256 - 1. Not a guess: sums are only compared with caps, and no cap is larger; a hostile token's events
 * must not be able to make the book unwritable.
 */
export function atMostU256(value: bigint): U256 {
  return u256(value > MAX_U256 ? MAX_U256 : value)
}

/**
 * Of which tokens more left than a transaction's calls send: there a credit may have paid for it, which the allowances
 * behind the transaction tell.
 */
export function allowancesToRead(
  book: MeterBook,
  hold: Hold,
  out: Readonly<Record<Address, U256>>,
  session: Pick<SessionRecord, 'granted'>,
): readonly Pair[] {
  const tokens = (Object.keys(out) as Address[]).filter(
    (token) => BigInt(out[token] ?? '0') > sentOf(hold, token, session),
  )
  const pairs = new Map<string, Pair>()
  for (const token of tokens) {
    const spenders = givesCredit(hold, token, session) ? spendersIn(hold.calls, token) : []
    for (const pair of [...creditedPairs(book.credit, [token]), ...spenders.map((spender) => ({ token, spender }))]) {
      pairs.set(`${pair.token} ${pair.spender}`, pair)
    }
  }
  return [...pairs.values()]
}

interface Taken {
  readonly actual: ReadonlyMap<MeterId, bigint>
  readonly credit: MeterBook['credit']
}

/** What each meter really took, a part below the charge being what may be given back; and the credits behind it. */
function takenOf(
  book: MeterBook,
  hold: Hold,
  open: readonly Hold[],
  outcome: Outcome,
  session: Pick<SessionRecord, 'granted'>,
): Taken {
  const actual = new Map<MeterId, bigint>()
  let { credit } = book
  if (outcome.end !== 'accepted' && outcome.end !== 'reverted') return { actual, credit }
  if (BigInt(outcome.fee.paid) > 0n) actual.set(feeMeter(outcome.fee.token), BigInt(outcome.fee.paid))
  for (const charge of hold.charges) {
    if (charge.meter.startsWith('fee:')) continue
    // A revert undoes the whole multicall: only the fee and the transaction itself happened.
    if (outcome.end === 'reverted' && charge.meter !== TX) continue
    // What was to leave and did not is an amount: items stay as charged (policy.md 8.3).
    actual.set(charge.meter, charge.meter.startsWith('nft:') ? BigInt(charge.amount) : certain(charge))
  }
  if (outcome.end === 'accepted') {
    const alone = open.every((other) => other.group === hold.group || other.status === 'settled')
    const { allowances = [] } = outcome
    const tokens = new Set([
      ...(Object.keys(outcome.out) as Address[]),
      ...[...hold.calls.map(({ to }) => to), ...allowances.map(({ token }) => token)],
    ])
    for (const token of tokens) {
      const meter = spendMeter(token)
      const out = BigInt(outcome.out[token] ?? '0')
      const sent = sentOf(hold, token, session)
      const beyond = out > sent ? out - sent : 0n
      const calls = givesCredit(hold, token, session) ? hold.calls : []
      const use = creditAfter(credit, token, calls, beyond, allowances, alone)
      credit = use.credit
      // Leave that was charged stays charged; of what left beyond, what no credit paid for comes on top.
      const least = (actual.get(meter) ?? 0n) - sent
      const amount = least + sent + beyond - use.used
      if (amount > 0n) actual.set(meter, amount)
    }
    for (const [collection, out] of Object.entries(outcome.items) as [Address, U256][]) {
      const meter = nftMeter(collection)
      if (BigInt(out) > (actual.get(meter) ?? 0n)) actual.set(meter, BigInt(out))
    }
  }
  return { actual, credit }
}

/** Base units that the calls themselves send: charged and certain, less what they give leave to take. */
function sentOf(hold: Hold, token: Address, session: Pick<SessionRecord, 'granted'>): bigint {
  const certainly = certainOf(hold, token)
  return givesCredit(hold, token, session) ? certainly - givenLeave(hold.calls, token) : certainly
}

/** Its allowances were charged in full, for good: pulls of theirs are paid. */
function givesCredit(hold: Hold, token: Address, { granted }: Pick<SessionRecord, 'granted'>): boolean {
  if (tokenLimit(granted, token)?.approvals !== 'count') return false
  const given = givenLeave(hold.calls, token)
  return given <= certainOf(hold, token)
}

function certainOf(hold: Hold, token: Address): bigint {
  const charge = hold.charges.find(({ meter }) => meter === spendMeter(token))
  return charge === undefined ? 0n : certain(charge)
}

/** More left than was held: what was seen is what counts. */
/** What calldata said cannot be given back when the transaction went through. */
function certain(charge: Charge): bigint {
  return BigInt(charge.amount) - BigInt(charge.refundable)
}

/**
 * Room of the refund bound: the smallest over all caps of the meter; without a cap nothing is bounded. A limit that a
 * narrowing took out may come again, so what was granted bounds too.
 */
function mayReturn(
  returned: readonly Booking[],
  session: Pick<SessionRecord, 'granted' | 'effective'>,
  meter: MeterId,
  at: UnixSeconds,
): bigint {
  const times = meter.startsWith('fee:') ? 3n : 1n
  const caps = [session.effective, session.granted].flatMap((policy) => {
    const stream = streamOf(policy, meter)
    const accumulated =
      stream === undefined ? [] : [{ window: { kind: 'session' } as const, max: unlocked(stream, at) }]
    return [...capsOf(policy, meter), ...accumulated]
  })
  let room = MAX_U256
  for (const cap of caps) {
    const from = start(cap.window, at)
    let given = 0n
    for (const entry of returned) if (entry.meter === meter && entry.at >= from) given += BigInt(entry.amount)
    room = smaller(room, cap.max * times - given)
  }
  return room < 0n ? 0n : room
}

function horizonOf({ granted, effective }: Pick<SessionRecord, 'granted' | 'effective'>, t: UnixSeconds) {
  const known = new Map<MeterId, number>()
  return (meter: MeterId): number => {
    const before = known.get(meter)
    if (before !== undefined) return before
    const found = Math.min(reach(granted, meter, t), reach(effective, meter, t))
    known.set(meter, found)
    return found
  }
}

/** The first second that a finite window of the meter still reaches; `Infinity`: only session windows. */
function reach(policy: SessionPolicy, meter: MeterId, now: UnixSeconds): number {
  let first = Number.POSITIVE_INFINITY
  for (const cap of capsOf(policy, meter)) {
    if (cap.window.kind !== 'session') first = Math.min(first, start(cap.window, now))
  }
  // The gap since the last transaction is read from the same bookings.
  if (meter === TX) first = Math.min(first, now - policy.usage.minGap + 1)
  return first
}

function isOver(
  book: MeterBook,
  open: readonly Hold[],
  policy: SessionPolicy,
  meter: MeterId,
  now: UnixSeconds,
): boolean {
  const caps = capsOf(policy, meter)
  // Money without any limit: whatever left was too much.
  if (caps.length === 0) return /^(spend|nft|fee):/.test(meter)
  return caps.some((cap) => used(book, open, meter, cap.window, now) > cap.max)
}

function largest(group: readonly Hold[]): Map<MeterId, bigint> {
  const most = new Map<MeterId, bigint>()
  for (const hold of group) {
    for (const { meter, amount } of hold.charges) {
      const value = BigInt(amount)
      if (value > (most.get(meter) ?? 0n)) most.set(meter, value)
    }
  }
  return most
}

export function streamOf(policy: SessionPolicy, meter: MeterId): StreamCap | undefined {
  return meter.startsWith('spend:') ? tokenLimit(policy, meter.slice('spend:'.length) as Address)?.stream : undefined
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
