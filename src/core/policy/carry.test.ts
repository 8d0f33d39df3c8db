import { describe, expect, test } from 'vitest'
import { selectorOf } from '../../starknet/selector.ts'
import { STRK } from '../account.ts'
import { u256 } from '../felt.ts'
import { CALLS, feeMeter, ruleMeter, spendMeter, sumMeter, TX, used } from './book.ts'
import { carryBook, carryCharges, renaming } from './carry.ts'
import type { CallRule, MeterBook, MeterId, RuleId, SessionId, SessionPolicy } from './policy.ts'
import { GAME, NOW, sampleBook, samplePolicy, strk, USD } from './samples.ts'

const NEXT = '0b'.repeat(16) as SessionId
const SESSION = { kind: 'session' } as const
const [moves, buys, pays] = samplePolicy().calls as [CallRule, CallRule, CallRule]
const r = (index: number) => `r${index}` as RuleId
const summed: CallRule = {
  ...buys,
  sums: [
    { arg: { at: 'felt', index: 0 }, as: 'felt', caps: [{ window: SESSION, max: u256(9n) }] },
    { arg: { at: 'felt', index: 1 }, as: 'felt', caps: [{ window: SESSION, max: u256(9n) }] },
  ],
}
const before = samplePolicy({ calls: [moves, summed, pays] })
const at = NOW + 5
const book: MeterBook = {
  ...sampleBook(),
  seq: 7,
  base: { [spendMeter(STRK)]: strk(3), [TX]: u256(2n), [ruleMeter(r(1))]: u256(4n) },
  bookings: [
    [spendMeter(STRK), strk(2)],
    [feeMeter(STRK), u256(7n)],
    [TX, u256(1n)],
    [CALLS, u256(1n)],
    [ruleMeter(r(0)), u256(5n)],
    [ruleMeter(r(1)), u256(6n)],
    [sumMeter(r(1), 0), u256(11n)],
    [sumMeter(r(1), 1), u256(12n)],
    ['nft:0x1' as MeterId, u256(1n)],
  ].map(([meter, amount]) => ({ meter: meter as MeterId, amount: amount as MeterBook['base'][MeterId], at })),
  returned: [
    { meter: spendMeter(STRK), amount: strk(1), at },
    { meter: ruleMeter(r(0)), amount: u256(1n), at },
  ],
  credit: [{ token: STRK, spender: GAME, amount: strk(4) }],
}
const carried = (to: SessionPolicy) => carryBook(book, renaming(before, to), NEXT)
const all = (of: MeterBook, meter: MeterId) => used(of, [], meter, SESSION, at)

describe('the book of a session that takes the place of another', () => {
  test.each([
    ['the same policy', before],
    ['a narrower one', samplePolicy({ calls: before.calls.map((rule) => ({ ...rule, enabled: false })) })],
    [
      'a wider one',
      samplePolicy({
        calls: [...before.calls, { ...moves, id: r(3), contract: USD }],
        spend: { limits: [], look: 'simulate' },
        usage: { ...before.usage, tx: [] },
      }),
    ],
  ])('no update resets a meter: %s', (_name, to) => {
    const after = carried(to)
    for (const meter of [...Object.keys(book.base), ...book.bookings.map((it) => it.meter)] as MeterId[])
      expect([meter, all(after, meter)]).toEqual([meter, all(book, meter)])
    expect(after).toMatchObject({ session: NEXT, returned: book.returned, credit: book.credit })
  })
  test('counts rules and totals by what they are, wherever they stand', () => {
    const [first, second] = summed.sums as [CallRule['sums'][number], CallRule['sums'][number]]
    const after = carried(
      samplePolicy({
        calls: [
          { ...summed, id: r(0), caps: [], sums: [{ ...second, caps: [] }, first] },
          { ...moves, id: r(1), required: false, enabled: false },
        ],
      }),
    )
    expect(all(after, ruleMeter(r(0)))).toBe(10n)
    expect(all(after, ruleMeter(r(1)))).toBe(5n)
    expect(all(after, sumMeter(r(0), 0))).toBe(12n)
    expect(all(after, sumMeter(r(0), 1))).toBe(11n)
    expect(after.returned).toContainEqual({ meter: ruleMeter(r(1)), amount: '1', at })
  })
  test('has nothing of a rule that is another one', () => {
    const other = { ...moves, entrypoints: [{ selector: selectorOf('other') }] }
    const after = carried(samplePolicy({ calls: [other] }))
    expect(all(after, ruleMeter(r(0)))).toBe(0n)
    expect(Object.keys(after.base)).not.toContain(ruleMeter(r(1)))
    expect(all(after, spendMeter(STRK))).toBe(BigInt(strk(5)))
  })
  test('counts messages by their content', () => {
    const message = {
      id: 'm1' as RuleId,
      domainHash: '0xd' as SessionPolicy['messages'][number]['domainHash'],
      typeHash: '0x7' as SessionPolicy['messages'][number]['typeHash'],
      fields: [],
      caps: [],
      enabled: true,
      required: false,
    }
    const from = samplePolicy({ messages: [message] })
    const to = samplePolicy({ messages: [{ ...message, id: 'm0' as RuleId }] })
    const counted = { ...sampleBook(), bookings: [{ meter: 'msg:m1' as MeterId, amount: u256(3n), at }] }
    expect(carryBook(counted, renaming(from, to), NEXT).bookings).toEqual([{ meter: 'msg:m0', amount: '3', at }])
  })
  test('keeps set aside what is on its way', () => {
    const to = samplePolicy({ calls: [{ ...pays, id: r(0) }] })
    const charges = [
      { meter: spendMeter(STRK), amount: strk(1), refundable: u256(0n) },
      { meter: ruleMeter(r(2)), amount: u256(1n), refundable: u256(0n) },
      { meter: ruleMeter(r(0)), amount: u256(1n), refundable: u256(0n) },
    ]
    expect(carryCharges(charges, renaming(before, to)).map(({ meter }) => meter)).toEqual([
      spendMeter(STRK),
      ruleMeter(r(0)),
    ])
  })
})
