import { describe, expect, test } from 'vitest'
import { padded, u256 } from '../felt.ts'
import { readPolicy } from './codec.ts'
import type { CallRule, SessionPolicy, TokenLimit } from './policy.ts'
import { GAME, MOVE, NOW, samplePolicy, strk } from './samples.ts'

const base = samplePolicy()
const arg = { at: 'param' as const, name: 'n', path: ['legs', 3] }
const compared = { arg, as: 'u128' as const, op: 'lte' as const, to: { value: '3' } }
const u8 = { t: 'u8' as const }
/** A rule with every kind of condition, path, operand and shape, totals and denies in every window. */
const rich: SessionPolicy = {
  ...base,
  calls: base.calls.map((rule) => ({
    ...rule,
    args: {
      all: [
        compared,
        { any: [{ not: { each: arg, rule: { ...compared, arg: { at: 'item', path: [] } } } }] },
        { arg: { at: 'felt', index: 2 }, as: 'address', op: 'in', to: [{ ref: 'account' }, { value: '0x5' }] },
        { arg: { at: 'length' }, as: 'felt', op: 'between', to: [{ ref: 'arg', arg }, { value: '0x9' }] },
        { ...compared, to: { ref: 'call', back: 1, arg: { at: 'length' } } },
      ],
    },
    shapes: {
      [MOVE]: [
        { name: 'n', shape: { t: 'struct', fields: [{ name: '0', shape: { t: 'array', of: u8 } }] } },
        { name: 'm', shape: { t: 'enum', variants: [{ name: 'A', shape: { t: 'fixed', of: u8, length: 3 } }] } },
      ],
    },
    sums: [{ arg, as: 'u256', caps: [{ window: { kind: 'calendar', unit: 'day' }, max: strk(9) }] }],
    caps: [{ window: { kind: 'fixed', seconds: 60, anchor: NOW }, max: 3 }],
  })),
  spend: {
    ...base.spend,
    limits: [
      ...base.spend.limits,
      {
        asset: 'erc721',
        collection: GAME,
        tokenIds: [u256(7n)],
        maxOut: [{ window: { kind: 'session' }, max: 2 }],
        recipients: [GAME],
        spenders: [GAME],
        approveOne: 'allow',
        approveAll: 'forbid',
      },
    ],
  },
  deny: [
    { contract: '*', entrypoints: '*', by: 'person' },
    { contract: GAME, entrypoints: [MOVE], args: compared, shapes: { [MOVE]: [{ name: 'n', shape: u8 }] }, by: 'site' },
  ],
}

describe('readPolicy', () => {
  test('a stored policy is read as it was written', () => {
    expect(readPolicy(JSON.parse(JSON.stringify(base)))).toEqual(base)
    const [limit] = base.spend.limits as [TokenLimit]
    const full = samplePolicy({
      calls: base.calls.map((rule) => ({
        ...rule,
        adminAck: true,
        notAToken: true,
        codePin: { ...(rule.codePin as NonNullable<CallRule['codePin']>), impl: '0x5' as never },
      })),
      spend: { look: 'simulate', limits: [{ ...limit, perTx: strk(9), recipients: [GAME] }] },
      fees: { ...base.fees, maxTipPerGas: u256(5n) },
    })
    expect(readPolicy(full)).toEqual(full)
    expect(readPolicy(JSON.parse(JSON.stringify(rich)))).toEqual(rich)
    const windows = [
      { kind: 'rolling' as const, seconds: 60 },
      { kind: 'fixed' as const, seconds: 60, anchor: NOW },
      { kind: 'calendar' as const, unit: 'month' as const },
    ]
    const stream = { start: NOW, initial: strk(1), perSecond: u256(5n), max: strk(9) }
    const more = samplePolicy({
      spend: {
        look: 'simulate',
        limits: [
          {
            ...limit,
            caps: windows.map((window) => ({ window, max: strk(1) })),
            stream,
            foreignTransferFrom: 'count',
          },
        ],
      },
      usage: { ...base.usage, tx: windows.map((window) => ({ window, max: 1 })) },
    })
    expect(readPolicy(more)).toEqual(more)
  })

  test('property: one leaf of another kind is no policy', () => {
    let leaves = 0
    for (const changed of oneLeafChanged(base)) {
      leaves += 1
      expect(readPolicy(changed), JSON.stringify(changed)).toBeUndefined()
    }
    expect(leaves).toBe(50)
    for (const changed of oneLeafChanged(rich)) {
      leaves += 1
      expect(readPolicy(changed), JSON.stringify(changed)).toBeUndefined()
    }
    expect(leaves).toBeGreaterThan(150)
  })

  test('refuses: other spellings, unknown members, members that are not decided yet', () => {
    const rule = (changes: object) => ({ ...base, calls: [{ ...base.calls[0], ...changes }] })
    const others: unknown[] = [
      undefined,
      { ...base, more: 1 },
      { ...base, v: 2 },
      rule({ contract: padded(GAME) }),
      rule({ contract: '*' }),
      rule({ entrypoints: '*' }),
      ...[
        { all: [] },
        { ...compared, more: 1 },
        { all: [compared], any: [compared] },
        { ...compared, to: { value: '0x3' } },
        { ...compared, to: { value: '03' } },
        { ...compared, to: { ref: 'account' } },
        { ...compared, to: [{ value: '3' }] },
        { ...compared, op: 'in', to: [] },
        { ...compared, op: 'in', to: Array.from({ length: 65 }, (_, at) => ({ value: `${at}` })) },
        { ...compared, op: 'between', to: [{ value: '3' }] },
        { ...compared, to: { ref: 'call', back: 0, arg: { at: 'length' } } },
        { ...compared, to: { ref: 'call', back: 1, arg } },
        { ...compared, arg: { at: 'felt', index: 5_000 } },
        { ...compared, arg: { ...arg, name: 'a b' } },
        { ...compared, arg: { ...arg, path: [1_000] } },
        { each: { at: 'length' }, rule: compared },
        { all: Array.from({ length: 128 }, () => compared) },
      ].map((args) => rule({ args })),
      ...[
        { move: [] },
        { [MOVE]: [{ name: 'n' }] },
        { [MOVE]: [{ name: 'n', shape: { t: 'u7' } }] },
        { [MOVE]: [{ name: 'n', shape: { t: 'fixed', of: u8, length: 1_001 } }] },
        { [MOVE]: [{ name: 'n', shape: { ...u8, of: u8 } }] },
        { [MOVE]: [{ name: 'a\u202eb', shape: u8 }] },
        { [MOVE]: Array.from({ length: 257 }, () => ({ name: 'n', shape: u8 })) },
      ].map((shapes) => rule({ shapes })),
      rule({ sums: [{}] }),
      rule({ sums: Array.from({ length: 9 }, () => ({ arg, as: 'felt', caps: [] })) }),
      rule({ wide: false }),
      rule({ sponsoredOnly: false }),
      rule({ enabled: undefined }),
      { ...base, deny: [{}] },
      { ...base, messages: [{}] },
      ...[
        { payer: 'sponsor' },
        { paymasters: ['http://pay.example'] },
        { paymasters: ['https://pay.example/'] },
        { paymasters: ['https://pay.example:443'] },
        { paymasters: ['http://127.0.0.1:80'] },
        { paymasters: ['http://127.0.0.2:5060'] },
        { paymasters: ['http://localhost.example'] },
        { paymasters: ['0x01'] },
        { paymasters: ['0x0'] },
        { paymasters: Array.from({ length: 9 }, (_, i) => `https://p${i}.example`) },
        { service: 'https://pay.example/#x' },
        { tokens: Array.from({ length: 9 }, (_, i) => ({ token: `0x${i + 1}`, caps: [] })) },
      ].map((fees) => ({ ...base, fees: { ...base.fees, ...fees } })),
      { ...base, spend: { ...base.spend, limits: [{ ...base.spend.limits[0], approvals: 'reset_after' }] } },
      {
        ...base,
        spend: {
          ...base.spend,
          limits: [{ ...base.spend.limits[0], caps: [{ window: { kind: 'session' }, max: '0x1' }] }],
        },
      },
      { ...base, usage: { ...base.usage, tx: [{ window: { kind: 'calendar', unit: 'second' }, max: 1 }] } },
      { ...base, usage: { ...base.usage, tx: [{ window: { kind: 'fixed', seconds: 60 }, max: 1 }] } },
    ]
    for (const other of others) expect(readPolicy(other), JSON.stringify(other)).toBeUndefined()
    expect(readPolicy({ ...base, fees: { ...base.fees, tokens: [] } } satisfies SessionPolicy)).toBeDefined()
    const paymasters = ['0x9', 'http://127.0.0.1:5060', 'https://pay.example', 'https://pay.example:8443']
    const service = 'https://pay.example/v1?net=sepolia'
    for (const payer of ['account', 'paymaster', 'either'] as const) {
      expect(readPolicy({ ...base, fees: { payer, tokens: base.fees.tokens, paymasters, service } })).toBeDefined()
    }
    expect(readPolicy(rule({ sponsoredOnly: true }))).toBeDefined()
  })
})

/** Each leaf once as a value that no member has. */
function* oneLeafChanged(value: unknown): Generator<unknown> {
  if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      for (const changed of oneLeafChanged(member)) {
        yield Array.isArray(value) ? value.with(Number(key), changed) : { ...value, [key]: changed }
      }
    }
    return
  }
  yield null
}
