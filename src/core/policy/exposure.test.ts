import { describe, expect, test } from 'vitest'
import { selectorOf } from '../../starknet/selector.ts'
import { STRK } from '../account.ts'
import { u256 } from '../felt.ts'
import { DAY } from '../time.ts'
import { exposure } from './exposure.ts'
import type { CallRule, MeterBook, MeterId, SessionPolicy, TokenLimit } from './policy.ts'
import { GAME, NOW, sampleBook, sampleHold, samplePolicy, strk } from './samples.ts'

const base = samplePolicy()
const [limit] = base.spend.limits as [TokenLimit]
const { perCall: _, ...plain } = limit
const LIFE = { kind: 'session' } as const
const spent = (changes: Partial<SessionPolicy>, book?: MeterBook, now = NOW) =>
  exposure({ ...base, ...changes }, book, [], now).spend[0]?.amount
const money = (changes: Partial<TokenLimit>, usage: Partial<SessionPolicy['usage']> = {}) => ({
  spend: { ...base.spend, limits: [{ ...plain, ...changes }] },
  usage: { ...base.usage, ...usage },
})
const tx = (max: number) => ({ tx: [{ window: LIFE, max }] })
const rolling = (seconds: number, max: bigint) => ({
  caps: [{ window: { kind: 'rolling' as const, seconds }, max: u256(max) }],
})

describe('exposure', () => {
  test('spend and fees are two figures, also of one token', () => {
    expect(exposure(base, undefined, [], NOW)).toEqual({
      spend: [{ token: STRK, amount: strk(25) }],
      fees: [{ token: STRK, amount: '800000000000000000' }],
      items: [],
      transactions: '200',
      leftBehind: [],
      everything: false,
    })
  })

  test('the smallest of caps, amount per transaction and amount per call', () => {
    const cap = { caps: [{ window: LIFE, max: u256(1_000n) }] }
    expect(spent(money(cap))).toBe('1000')
    expect(spent(money({ ...cap, perTx: u256(7n) }, tx(10)))).toBe('70')
    // 10 transactions of 20 calls, and the undeclared part of each.
    expect(spent(money({ ...cap, perCall: u256(2n) }, tx(10)))).toBe('420')
    expect(spent(money({ ...cap, perCall: u256(2n) }, { ...tx(10), calls: [{ window: LIFE, max: 30 }] }))).toBe('80')
    expect(spent(money({ ...cap, perTx: u256(7n) }, { ...tx(1_000), minGap: 3_600 }))).toBe(`${7 * 24}`)
  })

  test('windows count as often as the life touches them, until a minute before the end', () => {
    // 86,340 s: 24 pieces of an hour.
    expect(spent(money(rolling(3_600, 10n), tx(1_000_000)))).toBe('240')
    const day = { caps: [{ window: { kind: 'calendar' as const, unit: 'day' as const }, max: u256(10n) }] }
    const touched = Math.floor((NOW + DAY - 61) / DAY) - Math.floor(NOW / DAY) + 1
    expect(spent(money(day, tx(1_000_000)))).toBe(`${10 * touched}`)
  })

  test('a stream has set free what it will have by the end', () => {
    expect(spent(money({ caps: [], stream: { start: NOW, initial: u256(5n), perSecond: u256(1n) } }, tx(9)))).toBe(
      `${5 + DAY - 60}`,
    )
  })

  test('of a running session what is booked or held is gone', () => {
    const meter = `spend:${STRK}` as MeterId
    const book = { ...sampleBook(), base: { [meter]: strk(18), ['tx' as MeterId]: u256(190n) } }
    const hold = sampleHold({ charges: [{ meter, amount: strk(2), refundable: u256(0n) }] })
    const left = exposure(base, book, [hold], NOW + 10)
    expect([left.spend[0]?.amount, left.transactions]).toEqual([strk(5), '10'])
  })

  test('what left a rolling window long ago can be spent again, what is inside cannot', () => {
    const meter = `spend:${STRK}` as MeterId
    const until = base.validUntil - 60
    const booked = (at: number): MeterBook => ({ ...sampleBook(), bookings: [{ meter, amount: u256(10n), at }] })
    // One piece of 100 s is left, and it begins at until - 100.
    const policy = money(rolling(100, 10n), tx(1_000))
    expect(spent(policy, booked(until - 100), until - 50)).toBeUndefined()
    expect(spent(policy, booked(until - 101), until - 50)).toBe('10')
  })

  test('nothing is left of a session that is over or has every rule off', () => {
    expect(exposure(base, undefined, [], base.validUntil - 60)).toEqual({
      spend: [],
      fees: [],
      items: [],
      transactions: '0',
      leftBehind: [],
      everything: false,
    })
    const off = { ...base, calls: base.calls.map((rule) => ({ ...rule, enabled: false })) }
    expect(exposure(off, undefined, [], NOW)).toEqual({
      spend: [],
      fees: [],
      leftBehind: [],
      items: [],
      transactions: '0',
      everything: false,
    })
  })

  test('control and amounts nobody holds are everything', () => {
    const admin = { ...(base.calls[0] as CallRule), entrypoints: [{ selector: selectorOf('upgrade') }] }
    const all = (calls: CallRule[]) => exposure({ ...base, calls }, undefined, [], NOW).everything
    expect(all([admin])).toBe(false) // it asks each time
    expect(all([{ ...admin, adminAck: true }])).toBe(true)
    expect(all([{ ...admin, adminAck: true, enabled: false }])).toBe(false)
    expect(all([{ ...admin, contract: '*', entrypoints: '*' }])).toBe(true)
    const huge = (max: bigint) =>
      exposure({ ...base, ...money({ caps: [{ window: LIFE, max: u256(max) }] }) }, undefined, [], NOW)
    expect([huge(2n ** 127n).everything, huge(2n ** 127n - 1n).everything]).toEqual([true, false])
    expect(GAME).toBe(admin.contract)
  })
})
