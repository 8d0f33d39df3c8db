import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { STRK } from '../account.ts'
import { u256 } from '../felt.ts'
import { booked, capsOf, compact, heldBy, type Outcome, settle, used } from './book.ts'
import type { Booking, Charge, Hold, MeterBook, MeterId, SessionPolicy, TokenLimit } from './policy.ts'
import { GAME, NOW, sampleBook, sampleHold, samplePolicy, sampleSession, strk, USD } from './samples.ts'

const SPEND = `spend:${STRK}` as MeterId
const FEE = `fee:${STRK}` as MeterId
const TX = 'tx' as MeterId
const CALLS = 'calls' as MeterId
const RULE = 'rule:r0' as MeterId
const LIFE = { kind: 'session' } as const

const charge = (meter: MeterId, amount: bigint, refundable = 0n): Charge => ({
  meter,
  amount: u256(amount),
  refundable: u256(refundable),
})
const booking = (meter: MeterId, amount: bigint, at = NOW): Booking => ({ meter, amount: u256(amount), at })
const accepted = (spent: bigint, fee: bigint, at = NOW + 5): Outcome => ({
  end: 'accepted',
  at,
  fee: { token: STRK, paid: u256(fee) },
  out: spent > 0n ? { [STRK]: u256(spent) } : {},
  items: {},
})
const reverted = (fee: bigint): Outcome => ({ end: 'reverted', at: NOW + 5, fee: { token: STRK, paid: u256(fee) } })
const hold = (changes: Partial<Hold> = {}): Hold =>
  sampleHold({ charges: [charge(SPEND, 10n), charge(FEE, 100n), charge(TX, 1n), charge(RULE, 2n)], ...changes })

/** Of the whole life; `policy` has small caps so that bounds are in reach. */
function totals(book: MeterBook, ...meters: MeterId[]) {
  return meters.map((meter) => booked(book, meter, LIFE, NOW + 1_000))
}
function capped(spend: bigint, fee: bigint): SessionPolicy {
  const base = samplePolicy()
  const [limit] = base.spend.limits as [TokenLimit]
  return samplePolicy({
    spend: { ...base.spend, limits: [{ ...limit, caps: [{ window: LIFE, max: u256(spend) }] }] },
    fees: { payer: 'account', tokens: [{ token: STRK, caps: [{ window: LIFE, max: u256(fee) }] }] },
  })
}
const session = sampleSession(capped(100n, 1_000n))

describe('used', () => {
  test('counts bookings inside the window and open holds whatever their time', () => {
    const book = {
      ...sampleBook(),
      bookings: [booking(SPEND, 3n, NOW - 60), booking(SPEND, 4n, NOW - 59)],
      base: { [SPEND]: u256(9n) },
    }
    const rolling = { kind: 'rolling', seconds: 60 } as const
    expect(used(book, [], SPEND, rolling, NOW)).toBe(4n)
    expect(used(book, [], SPEND, LIFE, NOW)).toBe(16n)
    expect(used(book, [hold({ at: NOW - 9_000 })], SPEND, rolling, NOW)).toBe(14n)
    expect(used(book, [hold({ status: 'settled' })], SPEND, rolling, NOW)).toBe(4n)
  })

  test('of a group the largest member is held, per meter', () => {
    const a = hold({ id: 'a', charges: [charge(SPEND, 10n), charge(FEE, 1n)] })
    const b = hold({ id: 'b', charges: [charge(SPEND, 4n), charge(FEE, 5n)] })
    expect([...heldBy([a, b])]).toEqual([
      [SPEND, 10n],
      [FEE, 5n],
    ])
    expect(heldBy([a, { ...b, group: 'other' }]).get(SPEND)).toBe(14n)
  })

  test('caps of every kind of meter are found', () => {
    const policy = samplePolicy()
    expect(capsOf(policy, SPEND)).toEqual([{ window: LIFE, max: BigInt(strk(25)) }])
    expect(capsOf(policy, TX).map(({ max }) => max)).toEqual([200n, 10n])
    expect(capsOf(policy, 'rule:r1' as MeterId)).toEqual([{ window: LIFE, max: 50n }])
    expect(capsOf(policy, `spend:${USD}` as MeterId)).toEqual([])
  })
})

describe('settle', () => {
  test('accepted: what calldata said stays, the fee is the actual one', () => {
    const { book, over } = settle(sampleBook(), hold(), [hold()], accepted(10n, 40n), session, NOW + 9)
    expect(totals(book, SPEND, FEE, TX, RULE)).toEqual([10n, 40n, 1n, 2n])
    expect(book.returned).toEqual([booking(FEE, 60n, NOW + 5)])
    expect(over).toEqual([])
    expect(book.seq).toBe(1)
  })

  test('fee-on-transfer and rebasing tokens', () => {
    const less = settle(sampleBook(), hold(), [], accepted(3n, 40n), session, NOW + 9)
    expect(totals(less.book, SPEND)).toEqual([10n])
    const more = settle(sampleBook(), hold(), [], accepted(12n, 40n), session, NOW + 9)
    expect(totals(more.book, SPEND)).toEqual([12n])
    expect(more.over).toEqual([SPEND])
  })

  test('what only the simulation showed is given back when it did not leave', () => {
    const shown = hold({ charges: [charge(SPEND, 10n, 7n)] })
    const { book } = settle(sampleBook(), shown, [], accepted(4n, 0n), session, NOW + 9)
    expect(totals(book, SPEND)).toEqual([4n])
    expect(book.returned).toEqual([booking(SPEND, 6n, NOW + 5)])
  })

  test('reverted: fee and transaction stay booked, all else comes back', () => {
    const { book, over } = settle(sampleBook(), hold(), [], reverted(40n), session, NOW + 9)
    expect(totals(book, SPEND, FEE, TX, RULE)).toEqual([0n, 40n, 1n, 0n])
    expect(over).toEqual([])
  })

  test('contract acts differently on chain than simulated', () => {
    const out = { [STRK]: u256(10n), [USD]: u256(5n) }
    const outcome: Outcome = {
      end: 'accepted',
      at: NOW,
      fee: { token: STRK, paid: u256(40n) },
      out,
      items: { [GAME]: u256(1n) },
    }
    const settled = settle(sampleBook(), hold(), [], outcome, session, NOW + 9)
    expect(settled.over).toEqual([`spend:${USD}`, `nft:${GAME}`])
    expect(totals(settled.book, `spend:${USD}` as MeterId)).toEqual([5n])
  })

  test('released gives everything back and asks nobody', () => {
    const { book } = settle(sampleBook(), hold({ status: 'held' }), [], { end: 'released' }, session, NOW)
    expect(totals(book, SPEND, FEE, TX)).toEqual([0n, 0n, 0n])
    expect(book.returned).toEqual([])
  })

  test('property: a lying node can at most double a spending limit', () => {
    const ends = fc.constantFrom<Outcome['end'][]>('rejected', 'dropped', 'reverted')
    fc.assert(
      fc.property(fc.array(fc.tuple(ends, fc.integer({ min: 1, max: 60 })), { maxLength: 40 }), (lies) => {
        let book = sampleBook()
        let left = 0n // what really left although the node denied it
        let fees = 0n
        for (const [end, amount] of lies) {
          const [spent, fee] = [BigInt(amount), BigInt(amount) * 10n]
          if (totals(book, SPEND)[0]! + spent > 100n || totals(book, FEE)[0]! + fee > 1_000n) continue
          const one = hold({ charges: [charge(SPEND, spent), charge(FEE, fee)] })
          const outcome: Outcome = end === 'reverted' ? reverted(0n) : { end: end as 'rejected' }
          book = settle(book, one, [one], outcome, session, NOW).book
          left += spent
          fees += fee
        }
        expect(left <= 200n).toBe(true)
        expect(fees <= 4_000n).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })

  test('a limit that was taken out bounds what is given back as it did, for it may come again', () => {
    const { spend, fees, ...rest } = session.effective
    const narrowed = {
      ...session,
      effective: { ...rest, spend: { ...spend, limits: [] }, fees: { ...fees, tokens: [] } },
    }
    const book = { ...sampleBook(), returned: [booking(SPEND, 100n), booking(FEE, 3_000n)] }
    const settled = settle(book, hold(), [], { end: 'dropped' }, narrowed, NOW)
    expect(totals(settled.book, SPEND, FEE)).toEqual([10n, 100n])
  })

  test('the refund bound is exact: at the bound all comes back, one above it stays', () => {
    const given = (before: bigint) => {
      const book = { ...sampleBook(), returned: [booking(SPEND, before)] }
      return totals(
        settle(book, hold({ charges: [charge(SPEND, 10n)] }), [], { end: 'dropped' }, session, NOW).book,
        SPEND,
      )[0]
    }
    expect([given(0n), given(90n), given(91n), given(95n), given(100n), given(200n)]).toEqual([
      0n,
      0n,
      1n,
      5n,
      10n,
      10n,
    ])
    const fee = (before: bigint) => {
      const book = { ...sampleBook(), returned: [booking(FEE, before)] }
      return totals(
        settle(book, hold({ charges: [charge(FEE, 10n)] }), [], { end: 'rejected' }, session, NOW).book,
        FEE,
      )[0]
    }
    expect([fee(2_990n), fee(2_991n)]).toEqual([0n, 1n])
  })

  test('booked at block time across an edge', () => {
    const one = hold({ at: NOW })
    const [late, early] = [NOW + 40, NOW - 40].map(
      (at) => settle(sampleBook(), one, [], accepted(10n, 1n, at), session, NOW).book,
    )
    expect(late?.bookings.find(({ meter }) => meter === TX)?.at).toBe(NOW + 40)
    expect(early?.bookings.find(({ meter }) => meter === TX)?.at).toBe(NOW)
  })

  test('two hashes on one nonce', () => {
    const a = hold({ id: 'a', charges: [charge(SPEND, 10n), charge(FEE, 100n)] })
    const b = hold({ id: 'b', charges: [charge(SPEND, 10n), charge(FEE, 150n)] })
    const won = settle(sampleBook(), a, [a, b], accepted(10n, 40n), session, NOW)
    expect(won.ended).toEqual(['b'])
    expect(totals(won.book, SPEND, FEE)).toEqual([10n, 40n])
    expect(won.book.returned).toEqual([booking(FEE, 110n, NOW + 5)])
    const gone = settle(sampleBook(), b, [a, b], { end: 'rejected' }, session, NOW)
    expect(gone.ended).toEqual([])
    expect(gone.book.returned).toEqual([booking(FEE, 50n)])
    expect(totals(gone.book, SPEND, FEE)).toEqual([0n, 0n])
  })

  test('accepted after rejection', () => {
    const one = hold({ status: 'settled', end: 'rejected' })
    const fits = settle(sampleBook(), one, [], accepted(10n, 40n), session, NOW)
    expect(totals(fits.book, SPEND, FEE, TX)).toEqual([10n, 40n, 1n])
    expect(fits.over).toEqual([])
    const full = { ...sampleBook(), base: { [SPEND]: u256(95n) } }
    expect(settle(full, one, [], accepted(10n, 40n), session, NOW).over).toEqual([SPEND])
    // Money that has no limit at all: whatever left is too much.
    const other = { ...accepted(10n, 40n), out: { [STRK]: u256(10n), [USD]: u256(1n) } }
    expect(settle(sampleBook(), one, [], other, session, NOW).over).toEqual([`spend:${USD}`])
  })

  test('a hostile amount does not make the book unwritable', () => {
    const most = 2n ** 256n - 1n
    const book = { ...sampleBook(), base: { [SPEND]: u256(most) } }
    expect(totals(settle(book, hold(), [], accepted(most, 1n), session, NOW).book, SPEND)).toEqual([most])
  })
})

describe('compact', () => {
  test('property: compaction changes no used, now or later', () => {
    const policy = samplePolicy()
    const meters = [SPEND, TX, RULE]
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            meter: fc.constantFrom(...meters),
            amount: fc.bigInt(1n, 9n),
            age: fc.integer({ min: 0, max: 200 }),
          }),
          { maxLength: 30 },
        ),
        fc.integer({ min: 0, max: 100 }),
        fc.integer({ min: 0, max: 90 }),
        (entries, later, minGap) => {
          const bookings = entries.map(({ meter, amount, age }) => booking(meter, amount, NOW - age))
          const paced = { ...policy, usage: { ...policy.usage, minGap } }
          const both = sampleSession(paced)
          const book: MeterBook = { ...sampleBook(), bookings, returned: bookings }
          const small = compact(book, both, NOW, [])
          for (const meter of meters) {
            for (const { window } of capsOf(paced, meter)) {
              expect(used(small, [], meter, window, NOW + later)).toBe(used(book, [], meter, window, NOW + later))
            }
            const given = (from: MeterBook) =>
              from.returned.reduce((sum, one) => sum + (one.meter === meter ? BigInt(one.amount) : 0n), 0n)
            expect(given(small)).toBe(given(book))
          }
          const gap = (from: MeterBook) =>
            Math.max(
              0,
              ...from.bookings.filter(({ meter, at }) => meter === TX && at > NOW - minGap).map(({ at }) => at),
            )
          expect(gap(small)).toBe(gap(book))
          expect(compact(small, both, NOW, [])).toEqual(small)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('what no finite window reaches goes into base, old returns into one entry', () => {
    const book = {
      ...sampleBook(),
      bookings: [booking(SPEND, 3n), booking(TX, 1n, NOW - 60), booking(TX, 1n, NOW - 59)],
      returned: [booking(TX, 1n, NOW - 90), booking(TX, 2n, NOW - 80), booking(TX, 4n, NOW)],
    }
    const small = compact(book, sampleSession(), NOW, [])
    expect(small.base).toEqual({ [SPEND]: '3', [TX]: '1' })
    expect(small.bookings).toEqual([booking(TX, 1n, NOW - 59)])
    expect(small.returned).toEqual([booking(TX, 3n, NOW - 80), booking(TX, 4n, NOW)])
  })

  // Found by `FUZZ_SEED=20261127 FUZZ_ONLY=P2 npm run fuzz:long`.
  test('compaction gives no more back to a hold that was there before it', () => {
    const rolling = { kind: 'rolling', seconds: 2 } as const
    const few = sampleSession({
      ...session.effective,
      usage: { ...session.effective.usage, calls: [{ window: rolling, max: 4 }] },
    })
    const three = (at: number) => hold({ at, charges: [charge(CALLS, 3n)] })
    const [first, second, third] = [three(NOW), three(NOW + 30), three(NOW + 60)]
    const dropped = (book: MeterBook, it: Hold, now: number, at?: number) =>
      settle(book, it, [], { end: 'dropped', ...(at === undefined ? {} : { at }) }, few, now).book
    const once = dropped(sampleBook(), first, NOW)
    const twice = dropped(once, second, NOW + 60, NOW + 60)
    const given = (book: MeterBook) => book.returned.reduce((sum, { amount }) => sum + BigInt(amount), 0n)
    expect(given(twice)).toBe(6n)
    // Inside the two seconds before the third was held, 3 of the 4 were given back already.
    for (const book of [twice, compact(twice, few, NOW + 1_000, [third])])
      expect(given(dropped(book, third, NOW + 1_000))).toBe(7n)
    // It was not there when it was compacted: told together they count as the later one.
    expect(given(dropped(compact(twice, few, NOW + 1_000, []), third, NOW + 1_000))).toBe(6n)
  })
})
