import { describe, expect, test } from 'vitest'
import { STRK } from '../account.ts'
import { felt, u256 } from '../felt.ts'
import { DAY } from '../time.ts'
import { booked, spendMeter } from './book.ts'
import { evaluate } from './evaluate.ts'
import { LIMITS } from './limits.ts'
import type { Booking, Hold, Scheduled, SessionPolicy } from './policy.ts'
import {
  ACCOUNT,
  call,
  FRIEND,
  MOVE,
  NOW,
  OTHER_ACCOUNT,
  STRANGER,
  sampleBook,
  sampleFacts,
  sampleHold,
  samplePolicy,
  sampleSession,
  sampleTx,
  strk,
  transfer,
} from './samples.ts'
import { callerOf, fitSchedule, misfit } from './schedule.ts'

const ANYBODY = felt('0x414e595f43414c4c4552')
const UNIT = 10n ** 18n
const policyOf = (changes: Partial<SessionPolicy> = {}) =>
  samplePolicy({ fees: { payer: 'paymaster', tokens: [] }, ...changes })
/** `units` of STRK, an hour long. */
const pays = (units: number, hour: number, more: Partial<Scheduled> = {}): Scheduled => ({
  calls: [transfer(STRK, FRIEND, BigInt(units) * UNIT)],
  notBefore: NOW + hour * 3_600,
  notAfter: NOW + (hour + 1) * 3_600,
  ...more,
})
const placed = (
  entries: readonly Scheduled[],
  policy = policyOf(),
  book = sampleBook(),
  open: readonly Hold[] = [],
  now = NOW,
) => fitSchedule(entries, { account: ACCOUNT, policy, ownAccounts: [ACCOUNT, OTHER_ACCOUNT], now }, book, open)
const told = (...of: Parameters<typeof placed>) => {
  const result = placed(...of)
  return result.fits ? 'fits' : [result.index, result.reason.code]
}
const cap = (max: number, more: object = {}): Partial<SessionPolicy> => ({
  spend: {
    look: 'receipt',
    limits: [
      {
        asset: 'erc20',
        token: STRK,
        caps: [{ window: { kind: 'session' }, max: strk(max) }],
        spenders: [],
        approvals: 'forbid',
        foreignTransferFrom: 'forbid',
        ...more,
      },
    ],
  },
})

describe('a schedule fits as a whole', () => {
  test('each entry has its charges, in the order it was asked for', () => {
    const result = placed([pays(3, 5), pays(1, 2), pays(2, 8)])
    if (!result.fits) throw new Error('it does not fit')
    const amounts = result.each.map(({ charges }) => charges.find(({ meter }) => meter === spendMeter(STRK))?.amount)
    expect(amounts).toEqual([strk(3), strk(1), strk(2)])
    expect(result.each.map(({ matched }) => matched)).toEqual([['r2'], ['r2'], ['r2']])
  })

  test('limits need room for the whole of it, also where each alone, or each in its own window, would fit', () => {
    expect(told([pays(5, 1), pays(5, 2)], policyOf(cap(10)))).toBe('fits')
    expect(told([pays(5, 1), pays(5, 2)], policyOf(cap(9)))).toEqual([1, 'spendCap'])
    // In the order of their times, whatever the order of the request.
    expect(told([pays(5, 2), pays(5, 1)], policyOf(cap(9)))).toEqual([0, 'spendCap'])
    const daily = policyOf({ ...cap(9, { caps: [{ window: { kind: 'calendar', unit: 'day' }, max: strk(9) }] }) })
    expect(told([pays(5, 1), pays(5, 23)], daily)).toEqual([1, 'spendCap'])
    const twice = policyOf({ usage: { ...policyOf().usage, tx: [{ window: { kind: 'session' }, max: 1 }] } })
    expect(told([pays(1, 1), pays(1, 2)], twice)).toEqual([1, 'txCount'])
  })

  test('what is held already, and what was booked in a window that it reaches, has no room for it', () => {
    const held = sampleHold({ charges: [{ meter: spendMeter(STRK), amount: strk(6), refundable: u256(0n) }] })
    expect(told([pays(5, 1)], policyOf(cap(10)), sampleBook(), [held])).toEqual([0, 'spendCap'])
    const spent = { ...sampleBook(), bookings: [{ meter: spendMeter(STRK), amount: strk(6), at: NOW - 60 }] }
    expect(told([pays(5, 1)], policyOf(cap(10)), spent)).toEqual([0, 'spendCap'])
    const daily = policyOf({
      ...cap(0, { caps: [{ window: { kind: 'fixed', seconds: 3_600, anchor: NOW }, max: strk(10) }] }),
    })
    expect(told([pays(5, 1)], daily, { ...spent, bookings: [{ ...spent.bookings[0]!, at: NOW + 60 }] })).toBe('fits')
  })

  test('each is judged at its own time: a stream has let flow enough for all that may have been sent by then', () => {
    const stream = { start: NOW, initial: u256(0n), perSecond: u256(UNIT / 3_600n) }
    const flows = policyOf(cap(0, { caps: [], stream }))
    // What flows in whole seconds is a little less than one an hour.
    expect(told([pays(1, 2), pays(1, 3), pays(1, 4)], flows)).toBe('fits')
    expect(told([pays(1, 2), pays(1, 3), pays(2, 4)], flows)).toEqual([2, 'streamCap'])
    expect(told([pays(1, 0)], flows)).toEqual([0, 'streamCap'])
  })

  test.each([
    ['begins before the session', policyOf({ validAfter: NOW + 7_200 }), pays(1, 1), 'notStarted', '/not_before'],
    ['ends behind the session', policyOf(), pays(1, 1, { notAfter: NOW + DAY + 1 }), 'expired', '/not_after'],
    [
      'begins in its last minute',
      policyOf(),
      pays(1, 1, { notBefore: NOW + DAY - 60, notAfter: NOW + DAY }),
      'expired',
      '/not_before',
    ],
    ['is over already', policyOf(), pays(1, -1), 'expired', '/not_after'],
    ['calls what no rule names', policyOf(), pays(1, 1, { calls: [call(STRANGER, MOVE)] }), 'noRule', '/calls/0'],
    [
      'calls an own account',
      policyOf(),
      pays(1, 1, { calls: [call(OTHER_ACCOUNT, MOVE)] }),
      'selfCall',
      '/calls/0/contract_address',
    ],
    ['sends too much at once', policyOf(), pays(6, 1), 'perCall', '/calls/0'],
    ['has no calls', policyOf(), pays(1, 1, { calls: [] }), 'emptyCalls', '/calls'],
    [
      'is sent by nobody, where the account pays',
      policyOf({ fees: samplePolicy().fees }),
      pays(1, 1),
      'paymasterNotAllowed',
      '',
    ],
    [
      'is sent by nobody, where only a service may pay',
      policyOf({ fees: { payer: 'either', tokens: [], paymasters: ['https://pay.example'] } }),
      pays(1, 1),
      'paymasterNotAllowed',
      '',
    ],
    [
      'could let others take more: no trial run of today says what they will',
      policyOf({ spend: { ...policyOf().spend, look: 'simulate' } }),
      pays(1, 1),
      'simulationFailed',
      '/calls',
    ],
    [
      'has a second call that nothing allows',
      policyOf(),
      pays(1, 1, { calls: [transfer(STRK, FRIEND, UNIT), call(STRANGER, MOVE)] }),
      'noRule',
      '/calls/1',
    ],
    ['sends more than is left', policyOf(cap(3)), pays(4, 1), 'spendCap', '/calls'],
    [
      'is sent too often',
      policyOf({ usage: { ...policyOf().usage, maxCallsPerTx: 0 } }),
      pays(1, 1),
      'callsPerTx',
      '/calls',
    ],
  ] as const)('one that %s does not', (_what, policy, entry, code, part) => {
    const result = placed([entry], policy)
    if (result.fits) throw new Error('it fits')
    expect(result).toMatchObject({ index: 0, reason: { code } })
    const data = { at: `/schedule/0${part}`, why: expect.stringContaining(code) }
    expect(misfit(result)).toMatchObject({ code: 215, data })
  })

  test('the whole window may be that of the session, and a time that has come counts from now', () => {
    expect(told([pays(1, 0, { notBefore: NOW - 60, notAfter: NOW + DAY })])).toBe('fits')
    // Over while somebody read it: nobody can send it.
    expect(told([pays(1, 0, { notBefore: NOW - 60, notAfter: NOW })])).toEqual([0, 'expired'])
    expect(told([pays(1, 0, { notBefore: NOW - 60, notAfter: NOW + 1 })])).toBe('fits')
  })

  test('refuses: what a contract in scope may take already only a trial run would see, and there is none', () => {
    const of = { account: ACCOUNT, policy: policyOf(), ownAccounts: [ACCOUNT, OTHER_ACCOUNT], now: NOW }
    expect(fitSchedule([pays(1, 0)], { ...of, liveAllowance: true }, sampleBook())).toMatchObject({
      fits: false,
      reason: { code: 'simulationFailed' },
    })
  })

  test('a gap between two counts from the last moment of the one', () => {
    const usage = { ...policyOf().usage, minGap: 600 }
    const slow = policyOf({ usage })
    const close = placed([pays(1, 0), pays(1, 1, { notBefore: NOW + 3_600 + 599 })], slow)
    if (close.fits) throw new Error('it fits')
    expect([close.reason.code, misfit(close)]).toMatchObject(['gap', { data: { at: '/schedule/1/not_before' } }])
    expect(told([pays(1, 0), pays(1, 1, { notBefore: NOW + 3_600 + 600 })], slow)).toBe('fits')
    // Without one they may share their time.
    expect(told([pays(1, 1), pays(1, 1)])).toBe('fits')
  })

  test('64 stand in nobody’s way: they count in every limit, and not as transactions that are under way', () => {
    const usage = { ...policyOf().usage, tx: [{ window: { kind: 'session' as const }, max: 100 }], maxInFlight: 1 }
    const policy = policyOf({ usage, ...cap(100) })
    const all = Array.from({ length: LIMITS.schedule }, (_, index) => pays(1, index % 20))
    expect(told(all, policy)).toBe('fits')
    const held = (via: Hold['via']) => Array.from({ length: 64 }, (_, at) => sampleHold({ via, group: `${at}` }))
    const live = (via: Hold['via']) =>
      evaluate(
        sampleSession(policy),
        sampleBook(),
        held(via),
        sampleTx([transfer(STRK, FRIEND, UNIT)], { paymaster: ANYBODY, fee: { token: STRK, max: 0n, tipPerGas: 0n } }),
        sampleFacts(),
        NOW,
      )
    expect(live('agent').kind).toBe('auto')
    expect(live('site')).toMatchObject({ kind: 'ask', reasons: [{ code: 'inFlight' }] })
  })
})

test('the caller is the first address that the policy names, and anybody where it names nobody', () => {
  const fees = { payer: 'either' as const, tokens: [] }
  expect(callerOf(fees)).toBe(ANYBODY)
  expect(callerOf({ ...fees, paymasters: ['0x77', '0x88', 'https://pay.example'] })).toBe('0x77')
  expect(told([pays(1, 1)], policyOf({ fees: { ...fees, paymasters: ['0x77'] } }))).toBe('fits')
})

test('property: whatever is sent, and when, no limit is passed', () => {
  // mulberry32
  let seed = 7
  const random = (below: number) => {
    seed = (seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
  let fitted = 0
  for (let round = 0; round < 3_000; round += 1) {
    const max = 1 + random(12)
    const windows = [
      { kind: 'session' as const },
      { kind: 'fixed' as const, seconds: 3_600 * (1 + random(6)), anchor: NOW },
      { kind: 'rolling' as const, seconds: 3_600 * (1 + random(6)) },
      { kind: 'calendar' as const, unit: 'day' as const },
    ]
    const window = windows[random(4)]!
    const stream = {
      start: NOW + random(7_200),
      initial: strk(random(3)),
      perSecond: u256(UNIT / BigInt(600 + random(3_600))),
    }
    const withStream = random(3) === 0
    const policy = policyOf(cap(0, { caps: [{ window, max: strk(max) }], ...(withStream ? { stream } : {}) }))
    const booked0: Booking[] =
      random(2) === 0 ? [{ meter: spendMeter(STRK), amount: strk(random(max + 1)), at: NOW - random(7_200) }] : []
    const book = { ...sampleBook(), bookings: booked0 }
    const entries = Array.from({ length: 1 + random(5) }, () => pays(1 + random(4), random(20)))
    const result = placed(entries, policy, book)
    if (!result.fits) continue
    fitted += 1
    // Each is sent, or not, at any second of its time, and is booked then.
    const sent = result.each
      .map(({ charges }, index) => ({ charges, at: entries[index]!.notBefore + random(3_600) }))
      .filter(() => random(4) > 0)
      .sort((a, b) => a.at - b.at)
    const bookings = [...booked0]
    for (const { charges, at } of sent) {
      for (const { meter, amount } of charges) bookings.push({ meter, amount, at })
      const used = booked({ ...book, bookings }, spendMeter(STRK), window, at)
      expect(used <= BigInt(strk(max)), `${round}`).toBe(true)
      if (!withStream) continue
      const flowed = BigInt(stream.initial) + BigInt(stream.perSecond) * BigInt(Math.max(0, at - stream.start))
      const all = booked({ ...book, bookings }, spendMeter(STRK), { kind: 'session' }, at)
      expect(all <= flowed, `${round}`).toBe(true)
    }
  }
  expect(fitted).toBeGreaterThan(300)
})
