import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { STRK } from '../account.ts'
import { type Address, felt, u256 } from '../felt.ts'
import { END_MARGIN } from '../time.ts'
import { emptyBook, settle } from './book.ts'
import { evaluate } from './evaluate.ts'
import { exposure } from './exposure.ts'
import { narrows } from './narrow.ts'
import type {
  ArgRule,
  Call,
  CallRule,
  CountCap,
  Hold,
  MeterBook,
  MeterId,
  SessionPolicy,
  TokenLimit,
  Verdict,
  Window,
} from './policy.ts'
import {
  ACCOUNT,
  BUY,
  call,
  FRIEND,
  GAME,
  MOVE,
  NOW,
  STRANGER,
  sampleFacts,
  sampleHold,
  samplePolicy,
  sampleSession,
  sampleTx,
  transfer,
  transferFrom,
  USD,
} from './samples.ts'

// Small numbers and short lives, so that every cap and every edge of a window is met often.
const LIFE = 200
const SECONDS = 10
const base = samplePolicy()
const SPEND = `spend:${STRK}` as MeterId
const FEE = `fee:${STRK}` as MeterId

const windows: fc.Arbitrary<Window> = fc.oneof(
  fc.constant({ kind: 'session' as const }),
  fc.constant({ kind: 'rolling' as const, seconds: SECONDS }),
  fc.record({
    kind: fc.constant('fixed' as const),
    seconds: fc.constant(SECONDS),
    anchor: fc.integer({ min: NOW - 15, max: NOW + 15 }),
  }),
  fc.constant({ kind: 'calendar' as const, unit: 'minute' as const }),
)
const caps = (max: number, min = 0) =>
  fc.uniqueArray(
    fc.record({
      window: windows,
      max: fc.oneof(
        { weight: 4, arbitrary: fc.integer({ min: Math.ceil(max / 2), max }) },
        fc.integer({ min: 0, max }),
      ),
    }),
    {
      maxLength: 2,
      minLength: min,
      selector: ({ window }) => window.kind,
    },
  )
const amounts = (max: number) =>
  caps(max, 1).map((all) => all.map(({ window, max }) => ({ window, max: u256(BigInt(max)) })))
const maybe = <T>(of: fc.Arbitrary<T>) => fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, of)
const given = <T extends object>(value: T) =>
  Object.fromEntries(Object.entries(value).filter(([, it]) => it !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }

/** How far `move` moves. */
const FIRST = { at: 'felt' as const, index: 0 }
const firstIs = (op: 'eq' | 'lte', n: number): ArgRule => ({ arg: FIRST, as: 'felt', op, to: { value: felt(n) } })

const policies: fc.Arbitrary<SessionPolicy> = fc
  .record({
    ruleCaps: fc.tuple(caps(6), caps(6), caps(6)),
    enabled: fc.array(
      fc.integer({ min: 0, max: 14 }).map((n) => n > 0),
      { minLength: 3, maxLength: 3 },
    ),
    spend: fc.record({
      caps: amounts(20),
      perCall: maybe(fc.integer({ min: 3, max: 7 })),
      perTx: maybe(fc.integer({ min: 4, max: 12 })),
      recipients: maybe(fc.constantFrom<Address[]>([FRIEND, ACCOUNT], [FRIEND, STRANGER, ACCOUNT], [FRIEND])),
    }),
    fees: fc.record({ caps: amounts(30), perTx: maybe(fc.integer({ min: 3, max: 6 })) }),
    tx: caps(9),
    calls: caps(15),
    maxCallsPerTx: fc.integer({ min: 2, max: 4 }),
    minGap: fc.constantFrom(0, 0, 0, 3),
    maxInFlight: fc.integer({ min: 2, max: 6 }),
    validAfter: fc.constantFrom(NOW, NOW, NOW, NOW + 5),
    most: maybe(fc.integer({ min: 3, max: 7 })),
    sums: fc.array(amounts(40), { maxLength: 1 }),
    blocked: maybe(fc.integer({ min: 0, max: 7 })),
  })
  .map((it): SessionPolicy => {
    const [limit] = base.spend.limits as [TokenLimit]
    const { perCall: _, ...plain } = limit
    const text = (value: number | undefined) => (value === undefined ? undefined : u256(BigInt(value)))
    return {
      ...base,
      validAfter: it.validAfter,
      validUntil: NOW + LIFE,
      calls: base.calls.map((rule, i) => ({
        ...rule,
        required: false,
        caps: it.ruleCaps[i] as CountCap[],
        enabled: it.enabled[i] as boolean,
        ...(i === 0 && it.most !== undefined ? { args: firstIs('lte', it.most) } : {}),
        sums: i === 0 ? it.sums.map((caps) => ({ arg: FIRST, as: 'felt', caps })) : [],
      })),
      deny:
        it.blocked === undefined
          ? []
          : [{ contract: GAME, entrypoints: [MOVE], args: firstIs('eq', it.blocked), by: 'site' }],
      spend: {
        look: 'receipt',
        limits: [
          {
            ...plain,
            ...given({ perCall: text(it.spend.perCall), perTx: text(it.spend.perTx), recipients: it.spend.recipients }),
            caps: it.spend.caps,
          },
        ],
      },
      fees: {
        payer: 'account',
        tokens: [{ token: STRK, ...given({ perTx: text(it.fees.perTx) }), caps: it.fees.caps }],
      },
      usage: {
        tx: it.tx,
        calls: it.calls,
        maxCallsPerTx: it.maxCallsPerTx,
        minGap: it.minGap,
        maxInFlight: it.maxInFlight,
      },
    }
  })

const to = fc.constantFrom(FRIEND, FRIEND, STRANGER, ACCOUNT)
const amount = fc.bigInt(0n, 7n)
const fitting: fc.Arbitrary<Call> = fc.oneof(
  fc.integer({ min: 0, max: 7 }).map((n) => call(GAME, MOVE, [felt(n)])),
  fc.constant(call(GAME, BUY)),
  fc.tuple(to, amount).map(([who, much]) => transfer(STRK, who, much)),
  fc.tuple(to, amount).map(([who, much]) => transferFrom(STRK, ACCOUNT, who, much)),
)
const anyCall = fc.oneof(
  { weight: 40, arbitrary: fitting },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      call(USD, MOVE),
      call(GAME, MOVE),
      transfer(USD, FRIEND, 1n),
      transferFrom(STRK, STRANGER, ACCOUNT, 1n),
    ),
  },
)
const calls = fc.array(anyCall, { minLength: 1, maxLength: 3 })
const proposals = fc.record({ calls, fee: fc.bigInt(0n, 5n) })
const ends = fc.constantFrom<'accepted' | 'reverted' | 'rejected' | 'dropped' | 'released'>(
  'accepted',
  'accepted',
  'accepted',
  'reverted',
  'rejected',
  'dropped',
  'released',
)
type Step = {
  wait: number
  calls: Call[]
  fee: bigint
  end: 'accepted' | 'reverted' | 'rejected' | 'dropped' | 'released'
  settles: number
  share: number
  late: number
}
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    wait: fc.integer({ min: 0, max: 6 }),
    calls,
    fee: fc.bigInt(0n, 5n),
    end: ends,
    settles: fc.nat(6),
    share: fc.integer({ min: 0, max: 4 }),
    late: fc.constantFrom(0, 0, 2),
  }),
  { minLength: 8, maxLength: 25 },
)

interface World {
  readonly policy: SessionPolicy
  book: MeterBook
  open: Hold[]
  now: number
  signed: number
}

function judge(world: World, tx: { calls: Call[]; fee: bigint }): Verdict {
  const session = sampleSession(world.policy)
  return evaluate(
    session,
    world.book,
    world.open,
    sampleTx(tx.calls, { fee: { token: STRK, max: tx.fee, tipPerGas: 0n } }),
    sampleFacts(world.now),
    world.now,
  )
}

/** Runs one step; tells what was newly signed and what really happened to an older hold. */
function step(
  world: World,
  it: Step,
  onHold: (hold: Hold) => void,
  onEnd: (hold: Hold, at: number, real: ReadonlyMap<string, bigint>) => void,
): void {
  world.now += it.wait
  const verdict = judge(world, it)
  if (verdict.kind === 'auto') {
    world.signed += 1
    const hold = sampleHold({
      id: `h${world.signed}`,
      group: `g${world.signed}`,
      at: world.now,
      charges: verdict.charges,
    })
    world.open = [...world.open, hold]
    onHold(hold)
  }
  const hold = world.open[it.settles]
  if (hold === undefined) return
  const at = world.now + it.late
  const part = (meter: MeterId) =>
    (BigInt(hold.charges.find((one) => one.meter === meter)?.amount ?? '0') * BigInt(it.share)) / 4n
  const fee = { token: STRK as Address, paid: u256(part(FEE)) }
  const out = { [STRK]: hold.charges.find((one) => one.meter === SPEND)?.amount ?? u256(0n) }
  const outcome =
    it.end === 'accepted'
      ? { end: it.end, at, fee, out, items: {} }
      : it.end === 'reverted'
        ? { end: it.end, at, fee }
        : { end: it.end }
  const real = new Map<string, bigint>()
  if (it.end === 'accepted')
    for (const one of hold.charges) real.set(one.meter, one.meter === FEE ? part(FEE) : BigInt(one.amount))
  if (it.end === 'reverted') for (const meter of [FEE, 'tx' as MeterId]) real.set(meter, meter === FEE ? part(FEE) : 1n)
  const settled = settle(world.book, hold, world.open, outcome, sampleSession(world.policy), world.now)
  world.book = settled.book
  world.open = world.open.filter((one) => one.id !== hold.id)
  world.now = Math.max(world.now, it.end === 'accepted' || it.end === 'reverted' ? at : 0)
  onEnd(hold, Math.max(hold.at, it.end === 'accepted' || it.end === 'reverted' ? at : 0), real)
}

const newWorld = (policy: SessionPolicy): World => ({
  policy,
  book: emptyBook(sampleSession().id),
  open: [],
  now: NOW,
  signed: 0,
})

/** Every cap of the policy, listed by hand: the engine's own list is what is being tested. */
function capsByHand(policy: SessionPolicy): [string, Window, bigint][] {
  const [limit] = policy.spend.limits as [TokenLimit]
  return [
    ...limit.caps.map((cap): [string, Window, bigint] => [SPEND, cap.window, BigInt(cap.max)]),
    ...(policy.fees.tokens[0]?.caps ?? []).map((cap): [string, Window, bigint] => [FEE, cap.window, BigInt(cap.max)]),
    ...policy.usage.tx.map((cap): [string, Window, bigint] => ['tx', cap.window, BigInt(cap.max)]),
    ...policy.usage.calls.map((cap): [string, Window, bigint] => ['calls', cap.window, BigInt(cap.max)]),
    ...policy.calls.flatMap((rule) =>
      rule.caps.map((cap): [string, Window, bigint] => [`rule:${rule.id}`, cap.window, BigInt(cap.max)]),
    ),
    ...(policy.calls[0]?.sums[0]?.caps ?? []).map((cap): [string, Window, bigint] => [
      'sum:r0:0',
      cap.window,
      BigInt(cap.max),
    ]),
  ]
}

/** Whether two seconds lie in one window that ends at or holds the later one; by enumeration, not by `start`. */
function together(window: Window, at: number, t: number): boolean {
  if (window.kind === 'session') return true
  if (window.kind === 'rolling') return t - at < window.seconds
  if (window.kind === 'calendar') return Math.floor(at / 60) === Math.floor(t / 60)
  const index = (x: number) => Math.floor((x - window.anchor) / window.seconds)
  return index(at) === index(t)
}

describe('properties', () => {
  test('property: no order of hold, settle and release passes a cap', () => {
    let auto = 0
    fc.assert(
      fc.property(policies, steps, (policy, all) => {
        const world = newWorld(policy)
        // The list of what really happened, kept apart from the book.
        const past: { at: number; real: ReadonlyMap<string, bigint> }[] = []
        for (const it of all) {
          step(
            world,
            it,
            () => {
              auto += 1
            },
            (_, at, real) => past.push({ at, real }),
          )
          for (const [meter, window, max] of capsByHand(policy)) {
            const held = world.open.reduce(
              (sum, hold) =>
                sum + hold.charges.reduce((part, one) => part + (one.meter === meter ? BigInt(one.amount) : 0n), 0n),
              0n,
            )
            const ended = past.reduce(
              (sum, { at, real }) => sum + (together(window, at, world.now) ? (real.get(meter) ?? 0n) : 0n),
              0n,
            )
            if (held + ended > max) throw new Error(`${meter} ${JSON.stringify(window)}: ${held} + ${ended} > ${max}`)
          }
        }
      }),
      { numRuns: 1_500 },
    )
    expect(auto).toBeGreaterThan(3_000)
  })

  test('property: no run of transactions takes more than the worst case', () => {
    let exact = 0
    fc.assert(
      fc.property(policies, steps, fc.nat(10), (policy, all, later) => {
        const world = newWorld(policy)
        let worst: ReturnType<typeof exposure> | undefined
        const taken = { spend: 0n, fees: 0n, tx: 0n }
        all.forEach((it, index) => {
          // From any moment on at which nothing is unfinished: what is held then may come back and be spent again.
          if (worst === undefined && world.open.length === 0 && index >= later % all.length)
            worst = exposure(policy, world.book, world.open, world.now)
          step(
            world,
            { ...it, end: it.end === 'reverted' ? 'reverted' : 'accepted', share: 4 },
            (hold) => {
              if (worst === undefined) return
              const of = (meter: string) => BigInt(hold.charges.find((one) => one.meter === meter)?.amount ?? '0')
              taken.spend += it.end === 'reverted' ? 0n : of(SPEND)
              taken.fees += of(FEE)
              taken.tx += 1n
            },
            () => undefined,
          )
        })
        if (worst === undefined) return
        const spend = BigInt(worst.spend[0]?.amount ?? '0')
        const fees = BigInt(worst.fees[0]?.amount ?? '0')
        if (reaches(taken.spend, spend)) exact += 1
        expect(taken.fees <= fees, `fees ${taken.fees} > ${fees}`).toBe(true)
        if (worst.transactions !== undefined) expect(taken.tx <= BigInt(worst.transactions)).toBe(true)
        // A revert gives its amount back, so it may be spent once more: only runs without one are bounded in spend.
        if (all.every(({ end }) => end !== 'reverted'))
          expect(taken.spend <= spend, `spend ${taken.spend} > ${spend}`).toBe(true)
      }),
      { numRuns: 1_500 },
    )
    expect(exact).toBeGreaterThan(0)
  })

  test('property: what narrows allows nothing more', () => {
    let narrowed = 0
    let both = 0
    fc.assert(
      fc.property(
        policies,
        policies,
        fc.array(fc.boolean(), { minLength: 9, maxLength: 9 }),
        steps,
        proposals,
        (prev, other, pick, all, tx) => {
          const next = mixed(prev, other, pick)
          if (narrows(next, prev) !== true) return
          narrowed += 1
          const world = newWorld(prev)
          for (const it of all)
            step(
              world,
              it,
              () => undefined,
              () => undefined,
            )
          const auto = (policy: SessionPolicy) => judge({ ...world, policy }, tx).kind === 'auto'
          if (!auto(next)) return
          both += 1
          expect(auto(prev)).toBe(true)
        },
      ),
      { numRuns: 4_000 },
    )
    expect(narrowed).toBeGreaterThan(300)
    expect(both).toBeGreaterThan(20)
  })

  test('property: rules off, end passed or revoked is never automatic; one more deny or cap never allows', () => {
    fc.assert(
      fc.property(policies, steps, proposals, windows, fc.nat(10), (policy, all, tx, window, max) => {
        const world = newWorld(policy)
        for (const it of all.slice(0, 8))
          step(
            world,
            it,
            () => undefined,
            () => undefined,
          )
        const now = judge(world, tx).kind
        const off = { ...policy, calls: policy.calls.map((rule) => ({ ...rule, enabled: false })) }
        expect(judge({ ...world, policy: off }, tx).kind).not.toBe('auto')
        expect(judge({ ...world, now: policy.validUntil - END_MARGIN }, tx).kind).not.toBe('auto')
        const revoked = sampleSession(policy, { state: 'revoked' })
        expect(
          evaluate(revoked, world.book, world.open, sampleTx(tx.calls), sampleFacts(world.now), world.now).kind,
        ).not.toBe('auto')
        const tighter: SessionPolicy[] = [
          { ...policy, deny: [...policy.deny, { contract: GAME, entrypoints: [MOVE], by: 'person' }] },
          {
            ...policy,
            deny: [...policy.deny, { contract: '*', entrypoints: '*', args: firstIs('eq', max), by: 'person' }],
          },
          { ...policy, usage: { ...policy.usage, calls: [...policy.usage.calls, { window, max }] } },
          { ...policy, calls: policy.calls.map((rule) => ({ ...rule, caps: [...rule.caps, { window, max }] })) },
        ]
        for (const one of tighter) if (judge({ ...world, policy: one }, tx).kind === 'auto') expect(now).toBe('auto')
      }),
      { numRuns: 1_500 },
    )
  })

  test('property: the order of calls changes nothing, and splitting a transaction charges the same', () => {
    fc.assert(
      fc.property(policies, fc.array(anyCall, { minLength: 2, maxLength: 4 }), fc.nat(3), (policy, all, cut) => {
        const world = newWorld(policy)
        world.now = policy.validAfter
        const whole = judge(world, { calls: all, fee: 1n })
        const turned = judge(world, { calls: [...all].reverse(), fee: 1n })
        expect(turned.kind).toBe(whole.kind)
        const codes = (verdict: Verdict) =>
          verdict.kind === 'auto' ? [] : [...new Set(verdict.reasons.map(({ code }) => code))].sort()
        expect(codes(turned)).toEqual(codes(whole))
        const parts = [all.slice(0, 1 + (cut % (all.length - 1))), all.slice(1 + (cut % (all.length - 1)))]
        const judged = parts.map((calls) => judge(world, { calls, fee: 1n }))
        if (whole.kind !== 'auto' || judged.some(({ kind }) => kind !== 'auto')) return
        const total = (verdicts: readonly Verdict[], meter: string) =>
          verdicts.reduce(
            (sum, one) =>
              sum + (one.kind === 'auto' ? BigInt(one.charges.find((it) => it.meter === meter)?.amount ?? '0') : 0n),
            0n,
          )
        for (const meter of [SPEND, 'calls', 'rule:r0', 'rule:r1', 'rule:r2', 'sum:r0:0'])
          expect(total(judged, meter)).toBe(total([whole], meter))
        expect(total(judged, 'tx')).toBe(2n)
      }),
      { numRuns: 3_000 },
    )
  })
})

/** Counts runs that reach the worst case, to see that it is not only an upper bound. */
function reaches(taken: bigint, worst: bigint): boolean {
  return worst > 0n && taken === worst
}

/** `prev` with some members of `other`, so that many pairs are comparable and many are not. */
function mixed(prev: SessionPolicy, other: SessionPolicy, pick: readonly boolean[]): SessionPolicy {
  const tighter = <T extends CountCap>(mine: T[], theirs: T[], take: boolean) =>
    take
      ? mine.map((cap, i) => ({
          ...cap,
          max: typeof cap.max === 'number' ? Math.min(cap.max, theirs[i]?.max ?? cap.max) : cap.max,
        }))
      : mine
  return {
    ...prev,
    validUntil: pick[0] ? prev.validUntil - 10 : prev.validUntil,
    calls: prev.calls.map(
      (rule, i): CallRule => ({
        ...rule,
        enabled: rule.enabled && (pick[1] || (other.calls[i]?.enabled ?? true)),
        caps: pick[2] ? [...rule.caps, ...(other.calls[i]?.caps ?? [])] : rule.caps,
        sums: pick[3] ? [...rule.sums, ...(other.calls[i]?.sums ?? [])] : rule.sums,
      }),
    ),
    deny: pick[1] ? prev.deny : [...prev.deny, ...other.deny],
    spend: pick[3] ? { ...prev.spend, limits: other.spend.limits } : prev.spend,
    fees: pick[4] && pick[5] ? other.fees : prev.fees,
    usage: {
      ...prev.usage,
      tx: tighter(prev.usage.tx, other.usage.tx, pick[6] ?? false),
      calls: tighter(prev.usage.calls, other.usage.calls, pick[7] ?? false),
      minGap: pick[8] ? other.usage.minGap : prev.usage.minGap,
    },
  }
}
