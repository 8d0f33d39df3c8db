import { describe, expect, test } from 'vitest'
import { selectorOf } from '../../starknet/selector.ts'
import { STRK } from '../account.ts'
import { type U256, u256 } from '../felt.ts'
import { DAY } from '../time.ts'
import { exposure, isDangerous, sumOfSessions } from './exposure.ts'
import type { CallRule, MeterBook, MeterId, NftLimit, SessionPolicy, TokenLimit } from './policy.ts'
import { GAME, NOW, sampleBook, sampleHold, samplePolicy, strk, USD } from './samples.ts'

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

  test('a gap of a second lets one transaction go in each second', () => {
    const at = (minGap: number) =>
      exposure({ ...base, usage: { ...base.usage, tx: [], minGap } }, undefined, [], base.validUntil - 70).transactions
    expect([at(1), at(0)]).toEqual(['10', undefined])
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
    expect(all([...base.calls, { ...admin, adminAck: true, enabled: false }])).toBe(false)
    expect(
      all([{ ...admin, adminAck: true, entrypoints: [...admin.entrypoints, { selector: selectorOf('move') }] }]),
    ).toBe(true)
    expect(all([{ ...admin, contract: '*', entrypoints: '*' }])).toBe(true)
    const huge = (max: bigint) =>
      exposure({ ...base, ...money({ caps: [{ window: LIFE, max: u256(max) }] }) }, undefined, [], NOW)
    expect([huge(2n ** 127n).everything, huge(2n ** 127n - 1n).everything]).toEqual([true, false])
    expect(GAME).toBe(admin.contract)
  })

  test('items: as many as the caps let go, all where all may be taken, none after the end', () => {
    const shells: NftLimit = {
      asset: 'erc721',
      collection: GAME,
      maxOut: [
        { window: { kind: 'rolling', seconds: 3_600 }, max: 2 },
        { window: LIFE, max: 9 },
      ],
      spenders: [USD],
      approveOne: 'allow',
      approveAll: 'forbid',
    }
    const of = (changes: Partial<NftLimit>, now = NOW) =>
      exposure({ ...base, spend: { ...base.spend, limits: [{ ...shells, ...changes }] } }, undefined, [], now)
    expect(of({}).items).toEqual([{ collection: GAME, count: '9' }])
    expect(of({}, base.validUntil - 60 - 3_600).items).toEqual([{ collection: GAME, count: '2' }])
    expect(of({ maxOut: [{ window: LIFE, max: 0 }] }).items).toEqual([])
    expect(of({ approveAll: 'allow' }).items).toEqual([{ collection: GAME, count: 'all' }])
    expect([of({}), of({ approveAll: 'allow' })].map(isDangerous)).toEqual([false, true])
    expect(of({ approveAll: 'allow', spenders: [] }).items).toEqual([{ collection: GAME, count: '9' }])
    expect(of({ approveAll: 'allow' }, base.validUntil - 60).items).toEqual([])
  })

  test('what a stream has let go long ago is not there again', () => {
    const stream = { start: NOW, initial: u256(100n), perSecond: u256(0n) }
    const book = { ...sampleBook(), base: { [`spend:${STRK}` as MeterId]: u256(30n) } }
    expect(spent(money({ caps: [], stream }), book)).toBe('70')
  })

  test('one rule for any contract among others, or one amount nobody holds, is everything', () => {
    const any = { ...(base.calls[0] as CallRule), contract: '*' as const }
    expect(exposure({ ...base, calls: [...base.calls, any] }, undefined, [], NOW).everything).toBe(true)
    const huge = { ...plain, token: USD, caps: [{ window: LIFE, max: u256(2n ** 127n) }] }
    const spend = { ...base.spend, limits: [limit, huge] }
    expect(exposure({ ...base, spend }, undefined, [], NOW).everything).toBe(true)
  })

  test('at the last second nothing is everything any more', () => {
    const any: CallRule = { ...(base.calls[0] as CallRule), contract: '*' }
    const at = (now: number) => exposure({ ...base, calls: [any] }, undefined, [], now).everything
    expect([at(base.validUntil - 61), at(base.validUntil - 60)]).toEqual([true, false])
  })

  test('leave that was counted stays behind: what is left to give, and what was given', () => {
    const counted = money({ approvals: 'count', spenders: [GAME] })
    const credit = [
      { token: STRK, spender: USD, amount: strk(3) },
      { token: USD, spender: GAME, amount: strk(9) },
    ]
    const of = (changes: Partial<SessionPolicy>, book?: MeterBook) =>
      exposure({ ...base, ...changes }, book, [], NOW).leftBehind
    expect(of(counted)).toEqual([{ token: STRK, spenders: [GAME], amount: strk(25) }])
    expect(of(counted, { ...sampleBook(), credit })).toEqual([{ token: STRK, spenders: [GAME, USD], amount: strk(28) }])
    expect(of(money({ approvals: 'count', spenders: [] }))).toEqual([])
    expect(of(money({ approvals: 'resetAfter', spenders: [GAME] }))).toEqual([])
  })

  test('several sessions share no caps: what they can take adds up', () => {
    const items = (count: U256 | 'all') => ({
      ...exposure(base, undefined, [], NOW),
      items: [{ collection: GAME, count }],
    })
    const sum = sumOfSessions([items(u256(2n)), items(u256(3n))])
    expect(sum.spend).toEqual([{ token: STRK, amount: strk(50) }])
    expect(sum.fees).toEqual([{ token: STRK, amount: '1600000000000000000' }])
    expect(sum.items).toEqual([{ collection: GAME, count: '5' }])
    expect(sum.everything).toBe(false)
    expect(sumOfSessions([items(u256(2n)), items('all'), items(u256(1n))]).items).toEqual([
      { collection: GAME, count: 'all' },
    ])
    expect(sumOfSessions([items('all'), { ...items('all'), everything: true }]).everything).toBe(true)
  })
})
