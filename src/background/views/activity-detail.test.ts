import { describe, expect, it } from 'vitest'
import { LISTED, STRK } from '../../core/account.ts'
import { felt, u256 } from '../../core/felt.ts'
import { feeMeter, ruleMeter, TX } from '../../core/policy/book.ts'
import type { RuleId } from '../../core/policy/policy.ts'
import type { HistoryRow, JournalRow } from '../../core/records.ts'
import { ACCOUNT, account, GAME, MOVE, NETWORK, ORIGIN, policy, START, storedSession } from '../sending/stub-world.ts'
import { activityDetail } from './activity-detail.ts'
import { namingOf } from './facts.ts'

const session = storedSession('s1', policy())
const call = { to: GAME, selector: MOVE, calldata: [] }
const whole = { kind: 'session' } as const
const bound = { maxAmount: felt(1), maxPrice: felt(10) }
const charge = (meter: JournalRow['charges'][number]['meter'], amount: bigint) => ({
  meter,
  amount: u256(amount),
  refundable: u256(0n),
})
const RULE = ruleMeter('r0' as RuleId)

function detailOf(change: Partial<JournalRow>, countsIn = true) {
  const row = {
    id: 'j1',
    network: NETWORK,
    account: ACCOUNT,
    session: session.id,
    kind: 'invoke',
    hash: felt(1),
    nonce: felt(1),
    calls: [call],
    bounds: { l1_gas: bound, l2_gas: bound, l1_data_gas: bound },
    tip: u256(0n),
    matched: ['r0'],
    at: START,
    status: 'sent',
    charges: [charge(TX, 1n), charge(feeMeter(STRK), 10n ** 18n), charge(RULE, 1n)],
    passed: [
      { meter: TX, window: whole, max: u256(200n), before: u256(41n) },
      { meter: TX, window: { kind: 'rolling', seconds: 60 }, max: u256(10n), before: u256(3n) },
      { meter: feeMeter(STRK), window: whole, max: u256(8n * 10n ** 18n), before: u256(2n * 10n ** 18n) },
      { meter: RULE, window: whole, max: u256(9n), before: u256(4n) },
    ],
    ...change,
  } as unknown as JournalRow
  const event = { kind: 'transaction', by: 'session', hash: felt(1), calls: [call] }
  const entry = {
    id: 'h1',
    at: START,
    network: NETWORK,
    account: ACCOUNT,
    origin: ORIGIN,
    event,
  } as unknown as HistoryRow
  return activityDetail(entry, {
    view: { id: 'h1', state: 'done' } as never,
    row,
    session,
    countsIn: countsIn ? session : undefined,
    naming: namingOf([account], LISTED as never),
    network: { id: NETWORK, name: 'Sepolia' } as never,
    described: [],
  })
}
const figure = (arg: unknown) => {
  const { amount, count: n, value } = arg as { amount?: string; count?: number; value?: number }
  return String(amount ?? n ?? value)
}
const steps = (detail: ReturnType<typeof detailOf>) =>
  detail.meters.map(({ title, line: { key, args } }) => {
    const { before, after, limit } = args as Record<string, unknown>
    return `${title.key} ${key} ${figure(before)} ${figure(after)} ${figure(limit)}`
  })
const took = (change: Partial<JournalRow>, by: readonly bigint[]) => {
  const { passed = [] } = { passed: PASSED, ...change }
  return { ...change, passed: passed.map((it, at) => ({ ...it, took: u256(by[at]!) })) }
}
const PASSED: NonNullable<JournalRow['passed']> = [
  { meter: TX, window: whole, max: u256(200n), before: u256(41n) },
  { meter: feeMeter(STRK), window: whole, max: u256(8n * 10n ** 18n), before: u256(2n * 10n ** 18n) },
]

describe('the limits of an activity', () => {
  it('are shown before it and, while it is open, with the most that it can take', () => {
    expect(steps(detailOf({}))).toEqual([
      'meter_tx act_meterHeld 41 42 200',
      'policy_inAny act_meterHeld 3 4 10',
      'meter_fee act_meterHeld 2000000000000000000 3000000000000000000 8000000000000000000',
      'meter_rule act_meterHeld 4 5 9',
    ])
    expect(detailOf({}).counted).toEqual([])
  })
  it('are shown after it with exactly what it took', () => {
    const settled = took({ status: 'settled', end: 'accepted' }, [1n, 5n])
    expect(steps(detailOf(settled))).toEqual([
      'meter_tx act_meter 41 42 200',
      'meter_fee act_meter 2000000000000000000 2000000000000000005 8000000000000000000',
    ])
  })
  it('stand as they stood where it never came to be', () => {
    expect(steps(detailOf({ passed: PASSED, status: 'settled', end: 'dropped' }))[0]).toBe(
      'meter_tx act_meter 41 41 200',
    )
  })
  it('of an older row, or where nobody counts any more, are what it took at most', () => {
    for (const detail of [detailOf({ passed: undefined as never }), detailOf({}, false)]) {
      expect(detail.meters).toEqual([])
      expect(detail.counted.map(({ key }) => key)).toEqual(['act_counted'])
    }
  })
})
