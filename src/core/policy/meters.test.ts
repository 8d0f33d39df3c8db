import { describe, expect, test } from 'vitest'
import { STRK } from '../account.ts'
import { felt, u256 } from '../felt.ts'
import { chainMethods, meters, pausedBy, statusOf, usesOf } from './meters.ts'
import type {
  CallRule,
  MessageRule,
  MeterBook,
  MeterId,
  PauseReason,
  RuleId,
  SessionPolicy,
  SessionRecord,
} from './policy.ts'
import {
  BUY,
  GAME,
  MOVE,
  moneySelector,
  NOW,
  sampleBook,
  sampleFacts,
  sampleHold,
  samplePolicy,
  sampleSession,
  strk,
} from './samples.ts'

const facts = sampleFacts()
const TX = 'tx' as MeterId
const full = (meter: string, amount: bigint): MeterBook => ({
  ...sampleBook(),
  base: { [meter as MeterId]: u256(amount) },
})

describe('meters', () => {
  test('each cap tells what is used, held and left', () => {
    const book = {
      ...full(`spend:${STRK}`, BigInt(strk(18))),
      bookings: [{ meter: TX, amount: u256(3n), at: NOW - 20 }],
    }
    const open = [
      sampleHold({ charges: [{ meter: `spend:${STRK}` as MeterId, amount: strk(2), refundable: u256(0n) }] }),
    ]
    expect(meters(sampleSession(), book, open, NOW, facts)).toEqual([
      { id: `spend:${STRK}`, window: 'session', limit: strk(25), used: strk(18), held: strk(2), left: strk(5) },
      {
        id: `fee:${STRK}`,
        window: 'session',
        limit: '800000000000000000',
        used: '0',
        held: '0',
        left: '800000000000000000',
      },
      { id: 'tx', window: 'session', limit: '200', used: '3', held: '0', left: '197' },
      { id: 'tx', window: { rolling: 60 }, limit: '10', used: '3', held: '0', left: '7', resets_at: NOW + 40 },
      { id: 'rule:r1', window: 'session', limit: '50', used: '0', held: '0', left: '50' },
    ])
  })

  test('ended session has nothing left', () => {
    for (const session of [
      sampleSession(undefined, { state: 'revoked' }),
      sampleSession(undefined, { state: 'paused' }),
      sampleSession(samplePolicy({ validUntil: NOW })),
    ]) {
      expect(new Set(meters(session, sampleBook(), [], NOW, facts).map(({ left }) => left))).toEqual(new Set(['0']))
    }
  })

  test('an overdrawn meter has nothing left, not less', () => {
    expect(meters(sampleSession(), full(`spend:${STRK}`, BigInt(strk(30))), [], NOW, facts)[0]).toMatchObject({
      used: strk(30),
      left: '0',
    })
  })

  test('uses of a rule are booked and held', () => {
    const rule = 'rule:r0' as MeterId
    const open = [sampleHold({ charges: [{ meter: rule, amount: u256(2n), refundable: u256(0n) }] })]
    expect(usesOf(full(rule, 40n), open, rule, NOW)).toBe('42')
  })
})

describe('statusOf', () => {
  const status = (
    changes: Partial<SessionRecord> = {},
    policy: Partial<SessionPolicy> = {},
    book = sampleBook(),
    now = NOW,
  ) => statusOf(sampleSession(samplePolicy(policy), changes), book, now, facts)

  test('revoked before expired before exhausted before paused before scheduled before active', () => {
    const over = { validUntil: NOW }
    const spent = full('tx', 200n)
    const later = { validAfter: NOW + 1 }
    expect(status({ state: 'revoked' }, over, spent)).toBe('revoked')
    expect(status({ state: 'paused' }, over, spent)).toBe('expired')
    expect(status({ state: 'paused' }, later, spent)).toBe('exhausted')
    expect(status({ state: 'paused' }, later)).toBe('paused')
    expect(status({}, later)).toBe('scheduled')
    expect(status()).toBe('active')
  })

  test('states as sites read them', () => {
    expect(
      ['revoking', 'superseded', 'pending'].map((state) => status({ state: state as SessionRecord['state'] })),
    ).toEqual(['revoked', 'revoked', 'paused'])
    expect(status({}, { validUntil: NOW + 1 })).toBe('active')
  })

  test('exhausted: no call of any rule can ever fit again', () => {
    const rules = samplePolicy().calls
    expect(status({}, {}, full('tx', 199n))).toBe('active')
    expect(status({}, {}, full(`fee:${STRK}`, 8n * 10n ** 17n))).toBe('exhausted')
    expect(status({}, {}, full('rule:r1', 50n))).toBe('active')
    expect(status({}, { calls: [rules[1] as CallRule] }, full('rule:r1', 50n))).toBe('exhausted')
    expect(status({}, { calls: rules.map((rule) => ({ ...rule, enabled: false })) })).toBe('exhausted')
    expect(status({}, {}, full(`spend:${STRK}`, BigInt(strk(25))))).toBe('active')
    // A rate opens by itself.
    expect(status({}, {}, { ...sampleBook(), bookings: [{ meter: TX, amount: u256(10n), at: NOW }] })).toBe('active')
  })

  test('exhausted: of one that only signs messages, when no rule has room for another', () => {
    const rule = (id: string, enabled = true): MessageRule => ({
      id: id as RuleId,
      domainHash: felt('0xd0'),
      typeHash: felt('0x7e'),
      fields: [],
      caps: [{ window: { kind: 'session' }, max: 2 }],
      enabled,
      required: false,
    })
    const only = { calls: [], messages: [rule('m0'), rule('m1')] }
    expect(status({}, only)).toBe('active')
    expect(status({}, only, full('msg:m0', 2n))).toBe('active')
    expect(status({}, { ...only, messages: [rule('m0'), rule('m1', false)] }, full('msg:m0', 1n))).toBe('active')
    expect(status({}, { ...only, messages: [rule('m0'), rule('m1', false)] }, full('msg:m0', 2n))).toBe('exhausted')
  })

  test('who paused it: the exact reason is the person’s alone', () => {
    const by = (pause?: PauseReason) =>
      pausedBy(sampleSession(undefined, { state: 'paused', ...(pause === undefined ? {} : { pause }) }), facts)
    expect([by('site'), by('person'), by('overdrawn'), by('storageTampered')]).toEqual([
      'site',
      'person',
      'wallet',
      'wallet',
    ])
    const asleep = { ...facts, workingSet: false }
    expect(pausedBy(sampleSession(), asleep)).toBe('locked')
    expect(statusOf(sampleSession(), sampleBook(), NOW, asleep)).toBe('paused')
    expect(pausedBy(sampleSession(), facts)).toBeUndefined()
  })
})

describe('chainMethods', () => {
  test('is every listed pair, switched-off rules too, once, sorted as integers', () => {
    const [move, buy, money] = samplePolicy().calls as [CallRule, CallRule, CallRule]
    const calls = [money, { ...buy, enabled: false }, move, { ...move, entrypoints: [{ selector: MOVE }] }]
    expect(chainMethods(samplePolicy({ calls }))).toEqual([
      [GAME, MOVE],
      [GAME, BUY],
      [STRK, moneySelector('transfer')],
      [STRK, moneySelector('transfer_from')],
    ])
  })
})
