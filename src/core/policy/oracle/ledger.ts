import type { Outcome } from '../book.ts'
import type {
  AmountCap,
  Call,
  Charge,
  CountCap,
  MeterId,
  SessionPolicy,
  SessionRecord,
  StreamCap,
  TokenLimit,
  Window,
} from '../policy.ts'
import { type Seen, takenBy } from './credits.ts'

/**
 * The second ledger: no meters, only the full list of what a session ever held. Every total is recomputed from it
 * (policy.md 7, 8, 16).
 */
export interface Past {
  readonly id: string
  readonly group: string
  readonly at: number
  readonly charges: readonly Charge[]
  readonly calls?: readonly Call[]
  /** What the end booked and gave back; absent while the hold is open. */
  readonly settled?: {
    readonly end: Outcome['end']
    readonly booked: readonly Entry[]
    readonly returned: readonly Entry[]
    /** Of what was accepted. */
    readonly seen?: Seen
  }
}

export interface Entry {
  readonly meter: MeterId
  readonly amount: bigint
  readonly at: number
}

export interface Bound {
  readonly window: Window
  readonly max: bigint
}

const SESSION: Window = { kind: 'session' }
/** Committed fee bounds are 2.25 times the estimate (policy.md 8.2). */
const FEE_RETURNS = 3n

/** The first second of the window that contains `t`. */
export function startOf(window: Window, t: number): number {
  switch (window.kind) {
    case 'session':
      return Number.NEGATIVE_INFINITY
    case 'rolling':
      return t - window.seconds + 1
    case 'fixed': {
      const into = (((t - window.anchor) % window.seconds) + window.seconds) % window.seconds
      return t - into
    }
    case 'calendar':
      return unitFrom(window.unit, t, 0)
  }
}

/** The first second after a fixed or calendar window that contains `t`. */
export function endOf(window: Window, t: number): number | undefined {
  if (window.kind === 'fixed') return startOf(window, t) + window.seconds
  return window.kind === 'calendar' ? unitFrom(window.unit, t, 1) : undefined
}

function unitFrom(unit: 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year', t: number, later: number): number {
  const day = new Date(t * 1000)
  const [y, m, d] = [day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate()]
  const [h, min] = [day.getUTCHours(), day.getUTCMinutes()]
  const sinceMonday = (day.getUTCDay() + 6) % 7
  switch (unit) {
    case 'minute':
      return Date.UTC(y, m, d, h, min + later) / 1000
    case 'hour':
      return Date.UTC(y, m, d, h + later) / 1000
    case 'day':
      return Date.UTC(y, m, d + later) / 1000
    case 'week':
      return Date.UTC(y, m, d - sinceMonday + 7 * later) / 1000
    case 'month':
      return Date.UTC(y, m + later) / 1000
    case 'year':
      return Date.UTC(y + later, 0) / 1000
  }
}

export function openOf(list: readonly Past[]): readonly Past[] {
  return list.filter(({ settled }) => settled === undefined)
}

export const chargeOf = ({ charges }: Pick<Past, 'charges'>, meter: MeterId) =>
  charges.filter((charge) => charge.meter === meter).reduce((sum, { amount }) => sum + BigInt(amount), 0n)

/** Open holds count whatever their time; of one account nonce only the largest (policy.md 7.2, 8.3). */
export function heldOn(list: readonly Past[], meter: MeterId): bigint {
  const largest = new Map<string, bigint>()
  for (const past of openOf(list)) {
    const amount = chargeOf(past, meter)
    if (amount > (largest.get(past.group) ?? 0n)) largest.set(past.group, amount)
  }
  return [...largest.values()].reduce((sum, amount) => sum + amount, 0n)
}

export function bookedOn(list: readonly Past[], meter: MeterId, window: Window, t: number): bigint {
  const from = startOf(window, t)
  return sumOf(
    list.flatMap(({ settled }) => settled?.booked ?? []),
    (it) => it.meter === meter && it.at >= from,
  )
}

export function usedOn(list: readonly Past[], meter: MeterId, window: Window, t: number): bigint {
  return bookedOn(list, meter, window, t) + heldOn(list, meter)
}

/** How a hold of the list ends; other members of its group end with it when it took the nonce (policy.md 8.3). */
export function endPast(
  list: readonly Past[],
  id: string,
  outcome: Outcome,
  session: Pick<SessionRecord, 'granted' | 'effective'>,
): readonly Past[] {
  const past = list.find((it) => it.id === id)
  if (past === undefined) throw new Error(`no hold ${id}`)
  const at = Math.max(past.at, outcome.at ?? past.at)
  const took = outcome.end === 'accepted' || outcome.end === 'reverted'
  const late = past.settled
  const members = openOf(list).filter((it) => it.group === past.group)
  const rivals = members.filter((it) => it.id !== id)
  const seen = outcome.end === 'accepted' ? seenAt(list, past, outcome) : undefined
  const actual = actualOf(past, outcome)
  // The pull of what was charged when it was granted is not charged again.
  const counted = seen === undefined ? [] : takenBy(list, past, seen, session)
  for (const [token, amount] of counted) actual.set(`spend:${token}` as MeterId, amount)
  const meters = new Set([...members.flatMap(({ charges }) => charges.map(({ meter }) => meter)), ...actual.keys()])
  const booked: Entry[] = [...(late?.booked ?? [])]
  const returned: Entry[] = [...(late?.returned ?? [])]
  for (const meter of meters) {
    if (outcome.end === 'released') continue
    const wanted = actual.get(meter) ?? 0n
    // What ends with this: everything held for the nonce when it was taken, else what no other member still holds.
    const held = largestOf(members, meter) - (took ? 0n : largestOf(rivals, meter))
    const spare = held > wanted ? held - wanted : 0n
    const bounds = spare === 0n ? [] : boundsOf(session, meter, at)
    const given = least([spare, ...bounds.map((bound) => room(list, meter, bound, at))])
    if (given > 0n) returned.push({ meter, amount: given, at })
    const kept = wanted + spare - given
    if (kept > 0n) booked.push({ meter, amount: kept, at })
  }
  const end = (it: Past): Past => {
    if (it.id === id) return { ...it, settled: { end: outcome.end, booked, returned, ...(seen && { seen }) } }
    return took && rivals.includes(it) ? { ...it, settled: { end: 'dropped', booked: [], returned: [] } } : it
  }
  return list.map(end)
}

function seenAt(list: readonly Past[], past: Past, { out, allowances = [] }: Outcome & { end: 'accepted' }): Seen {
  const order = list.filter(({ settled }) => settled?.seen !== undefined).length
  return { order, out, allowances, alone: openOf(list).every(({ group }) => group === past.group) }
}

const largestOf = (members: readonly Past[], meter: MeterId) =>
  members.map((it) => chargeOf(it, meter)).reduce(larger, 0n)

/**
 * The one thing that is forgotten (policy.md 7.2): what was given back before every finite window of its meter, of now and of
 * each hold that is open, is remembered at the latest of its times. Nothing of it is inside a window that still counts; only
 * one that is found in an old block could tell, and for that the bound of 8.2 goes before the brevity of 7.2.
 */
export function forget(
  list: readonly Past[],
  { granted, effective }: Pick<SessionRecord, 'granted' | 'effective'>,
  now: number,
): readonly Past[] {
  const returned = list.flatMap(({ settled }) => settled?.returned ?? [])
  const reaches = new Map(returned.map(({ meter }) => [meter, Number.NaN]))
  // One alone is where it is.
  if (reaches.size === returned.length) return list
  const from = Math.min(now, ...openOf(list).map(({ at }) => at))
  for (const meter of reaches.keys()) {
    reaches.set(meter, Math.min(reachOf(granted, meter, from), reachOf(effective, meter, from)))
  }
  const isOld = ({ meter, at }: Entry) => at < reaches.get(meter)!
  const old = returned.filter(isOld)
  if (old.length < 2) return list
  const latest = new Map<MeterId, number>()
  for (const { meter, at } of old) latest.set(meter, Math.max(at, latest.get(meter) ?? at))
  return list.map((past) => {
    if (past.settled === undefined) return past
    const moved = past.settled.returned.map((it) => (isOld(it) ? { ...it, at: latest.get(it.meter)! } : it))
    return { ...past, settled: { ...past.settled, returned: moved } }
  })
}

function reachOf(policy: SessionPolicy, meter: MeterId, now: number): number {
  const starts = (capsOn(policy, meter)?.caps ?? [])
    .filter(({ window }) => window.kind !== 'session')
    .map(({ window }) => startOf(window, now))
  // The gap since the last transaction is a finite window too.
  return Math.min(Number.POSITIVE_INFINITY, ...starts, ...(meter === 'tx' ? [now - policy.usage.minGap + 1] : []))
}

function actualOf(past: Past, outcome: Outcome): Map<MeterId, bigint> {
  const actual = new Map<MeterId, bigint>()
  if (outcome.end !== 'accepted' && outcome.end !== 'reverted') return actual
  for (const { meter, amount, refundable } of past.charges) {
    if (meter.startsWith('fee:')) continue
    if (outcome.end === 'reverted' && meter !== 'tx') continue
    const kept = meter.startsWith('spend:') ? BigInt(amount) - BigInt(refundable) : BigInt(amount)
    actual.set(meter, (actual.get(meter) ?? 0n) + kept)
  }
  if (outcome.end === 'accepted') {
    for (const [collection, out] of Object.entries(outcome.items)) {
      const meter = `nft:${collection}` as MeterId
      actual.set(meter, larger(BigInt(out), actual.get(meter) ?? 0n))
    }
    for (const [token, out] of Object.entries(outcome.out)) {
      const meter = `spend:${token}` as MeterId
      if (BigInt(out) > (actual.get(meter) ?? 0n)) actual.set(meter, BigInt(out))
    }
  }
  actual.set(`fee:${outcome.fee.token}` as MeterId, BigInt(outcome.fee.paid))
  return actual
}

/** How much more may be given back inside the bound's window. */
function room(list: readonly Past[], meter: MeterId, { window, max }: Bound, t: number): bigint {
  const from = startOf(window, t)
  const before = sumOf(
    list.flatMap(({ settled }) => settled?.returned ?? []),
    (it) => it.meter === meter && it.at >= from,
  )
  return max > before ? max - before : 0n
}

function boundsOf(session: Pick<SessionRecord, 'granted' | 'effective'>, meter: MeterId, t: number): readonly Bound[] {
  const now = capsOn(session.effective, meter)
  const { caps, stream } = now ?? capsOn(session.granted, meter) ?? { caps: [] }
  const times = meter.startsWith('fee:') ? FEE_RETURNS : 1n
  const bounds = caps.map(({ window, max }) => ({ window, max: max * times }))
  return stream === undefined ? bounds : [...bounds, { window: SESSION, max: unlocked(stream, t) }]
}

/** @returns `undefined` when the policy has nothing of this meter */
export function capsOn(
  policy: SessionPolicy,
  meter: MeterId,
): { readonly caps: readonly Bound[]; readonly stream?: StreamCap } | undefined {
  const [kind, id, index] = meter.split(':')
  switch (kind) {
    case 'tx':
      return { caps: boundsFrom(policy.usage.tx) }
    case 'calls':
      return { caps: boundsFrom(policy.usage.calls) }
    case 'spend': {
      const limit = policy.spend.limits.find((it): it is TokenLimit => it.asset === 'erc20' && it.token === id)
      if (limit === undefined) return undefined
      return { caps: boundsFrom(limit.caps), ...(limit.stream === undefined ? {} : { stream: limit.stream }) }
    }
    case 'nft': {
      const limit = policy.spend.limits.find((it) => it.asset !== 'erc20' && it.collection === id)
      return limit === undefined || limit.asset === 'erc20' ? undefined : { caps: boundsFrom(limit.maxOut) }
    }
    case 'fee': {
      const fee = policy.fees.tokens.find(({ token }) => token === id)
      return fee && { caps: boundsFrom(fee.caps) }
    }
    case 'rule': {
      const rule = policy.calls.find((it) => it.id === id)
      return rule && { caps: boundsFrom(rule.caps) }
    }
    case 'sum': {
      const sum = policy.calls.find((it) => it.id === id)?.sums[Number(index)]
      return sum && { caps: boundsFrom(sum.caps) }
    }
  }
  return undefined
}

export function unlocked({ start, initial, perSecond, max }: StreamCap, t: number): bigint {
  if (t < start) return 0n
  const grown = BigInt(initial) + BigInt(perSecond) * BigInt(t - start)
  return max !== undefined && grown > BigInt(max) ? BigInt(max) : grown
}

function boundsFrom(caps: readonly (AmountCap | CountCap)[]): readonly Bound[] {
  return caps.map(({ window, max }) => ({ window, max: BigInt(max) }))
}

function sumOf(entries: readonly Entry[], counts: (entry: Entry) => boolean): bigint {
  return entries.reduce((sum, entry) => (counts(entry) ? sum + entry.amount : sum), 0n)
}

const larger = (a: bigint, b: bigint) => {
  if (a > b) return a
  return b
}

const least = (values: readonly bigint[]) => [...values].sort((a, b) => Number(a > b) - Number(a < b))[0]!
