import { describe, expect, test } from 'vitest'
import { selectorOf } from '../../starknet/selector.ts'
import { type Felt, felt, P, type U256, u256 } from '../felt.ts'
import { argumentOf, argumentsHold, firstFailing, inKind, type Truth } from './arguments.ts'
import { evaluate } from './evaluate.ts'
import { meters } from './meters.ts'
import type {
  ArgKind,
  ArgPath,
  ArgRule,
  Call,
  CallRule,
  MeterId,
  Operand,
  Param,
  RuleId,
  SessionPolicy,
} from './policy.ts'
import {
  ACCOUNT,
  BUY,
  call,
  FRIEND,
  GAME,
  limbs,
  MOVE,
  NOW,
  STRANGER,
  sampleBook,
  sampleFacts,
  sampleHold,
  samplePolicy,
  sampleSession,
  sampleTx,
  USD,
} from './samples.ts'

const param = (name: string, ...path: (string | number)[]): ArgPath => ({ at: 'param', name, path })
const raw = (index: number): ArgPath => ({ at: 'felt', index })
const item = (...path: (string | number)[]): ArgPath => ({ at: 'item', path })
const value = (of: bigint | number | string): Operand => ({ value: String(of) })
const is = (
  arg: ArgPath,
  op: 'eq' | 'ne' | 'lt' | 'lte' | 'gt' | 'gte',
  to: Operand,
  as: ArgKind = 'u256',
): ArgRule => ({
  arg,
  as,
  op,
  to,
})
const yes: ArgRule = is({ at: 'length' }, 'gte', value(0))
const no: ArgRule = is({ at: 'length' }, 'lt', value(0))
const unknown: ArgRule = is(raw(99), 'eq', value(0))
const truth = (args: ArgRule, calldata: readonly (Felt | bigint | number)[], shape?: readonly Param[]): Truth =>
  argumentsHold(
    { args, ...(shape === undefined ? {} : { shapes: { [MOVE]: [...shape] } }) },
    {
      account: ACCOUNT,
      calls: [
        call(
          GAME,
          MOVE,
          calldata.map((it) => felt(it)),
        ),
      ],
      index: 0,
    },
  )

const PRICE: readonly Param[] = [{ name: 'price', shape: { t: 'u256' } }]
const ORDER: readonly Param[] = [
  {
    name: 'orders',
    shape: {
      t: 'array',
      of: {
        t: 'struct',
        fields: [
          { name: 'to', shape: { t: 'address' } },
          { name: 'amount', shape: { t: 'u128' } },
        ],
      },
    },
  },
  {
    name: 'side',
    shape: {
      t: 'enum',
      variants: [
        { name: 'Buy', shape: { t: 'u8' } },
        { name: 'Sell', shape: { t: 'struct', fields: [] } },
      ],
    },
  },
]

const base = samplePolicy()
const withRules = (...rules: Partial<CallRule>[]): Partial<SessionPolicy> => ({
  calls: rules.map((rule, index) => ({
    ...(base.calls[0] as CallRule),
    required: false,
    id: `r${index}` as RuleId,
    ...rule,
  })),
})
const judge = (calls: readonly Call[], policy: Partial<SessionPolicy>, book = sampleBook()) =>
  evaluate(sampleSession(samplePolicy(policy)), book, [], sampleTx(calls), sampleFacts(), NOW)
const codes = (calls: readonly Call[], policy: Partial<SessionPolicy>) => {
  const verdict = judge(calls, policy)
  return verdict.kind === 'auto' ? [] : verdict.reasons.map(({ code }) => code)
}

describe('conditions', () => {
  test('every comparison holds up to its edge and not beyond', () => {
    const at = (op: 'eq' | 'ne' | 'lt' | 'lte' | 'gt' | 'gte') =>
      [4, 5, 6].map((it) => truth(is(raw(0), op, value(5), 'felt'), [it]))
    expect(at('eq')).toEqual([false, true, false])
    expect(at('ne')).toEqual([true, false, true])
    expect(at('lt')).toEqual([true, false, false])
    expect(at('lte')).toEqual([true, true, false])
    expect(at('gt')).toEqual([false, false, true])
    expect(at('gte')).toEqual([false, true, true])
    const between: ArgRule = { arg: raw(0), as: 'felt', op: 'between', to: [value(4), value(6)] }
    expect([3, 4, 6, 7].map((it) => truth(between, [it]))).toEqual([false, true, true, false])
    const among = (op: 'in' | 'notIn'): ArgRule => ({ arg: raw(0), as: 'felt', op, to: [value(4), value(6)] })
    expect([4, 5, 6].map((it) => truth(among('in'), [it]))).toEqual([true, false, true])
    expect([4, 5, 6].map((it) => truth(among('notIn'), [it]))).toEqual([false, true, false])
  })

  test('an operand is a value, the account, another argument, or a felt of an earlier call', () => {
    const own = is(raw(0), 'eq', { ref: 'account' }, 'address')
    expect([truth(own, [ACCOUNT]), truth(own, [STRANGER])]).toEqual([true, false])
    const other = is(raw(1), 'lte', { ref: 'arg', arg: raw(0) }, 'felt')
    expect([truth(other, [5, 5]), truth(other, [5, 6]), truth(other, [5])]).toEqual([true, false, undefined])
    const earlier = (back: number): ArgRule => is(raw(0), 'eq', { ref: 'call', back, arg: raw(1) }, 'felt')
    const calls = [call(USD, BUY, [felt(1), felt(7)]), call(GAME, MOVE, [felt(7)])]
    const at = { account: ACCOUNT, calls, index: 1 }
    expect(argumentsHold({ args: earlier(1) }, at)).toBe(true)
    expect(argumentsHold({ args: earlier(2) }, at)).toBeUndefined()
    expect(argumentsHold({ args: earlier(1) }, { ...at, calls: [call(USD, BUY, [felt(1)]), calls[1] as Call] })).toBe(
      undefined,
    )
  })

  test('paths lead through fields, elements and the variant that was sent', () => {
    const sent = [2, FRIEND, 5, STRANGER, 6, 0, 9]
    expect(truth(is(param('orders', 1, 'amount'), 'eq', value(6)), sent, ORDER)).toBe(true)
    expect(truth(is(param('orders', 2, 'amount'), 'eq', value(6)), sent, ORDER)).toBeUndefined()
    expect(truth(is(param('side', 'Buy'), 'eq', value(9)), sent, ORDER)).toBe(true)
    expect(truth(is(param('side', 'Sell'), 'eq', value(9)), sent, ORDER)).toBeUndefined()
    // A whole struct, list or enum is no value.
    expect(truth(is(param('side'), 'eq', value(0)), sent, ORDER)).toBeUndefined()
    expect(truth(is(param('orders'), 'eq', value(2)), sent, ORDER)).toBeUndefined()
  })

  test('each looks at every element, and an empty list fulfils it', () => {
    const each: ArgRule = { each: param('orders'), rule: is(item('amount'), 'lte', value(5), 'u128') }
    expect(truth(each, [2, FRIEND, 5, FRIEND, 5, 1], ORDER)).toBe(true)
    expect(truth(each, [2, FRIEND, 5, FRIEND, 6, 1], ORDER)).toBe(false)
    expect(truth(each, [0, 1], ORDER)).toBe(true)
    expect(truth(each, [2, FRIEND, 5, FRIEND], ORDER)).toBeUndefined()
    expect(truth({ each: param('side'), rule: yes }, [0, 1], ORDER)).toBeUndefined()
    const nested: Param[] = [{ name: 'rows', shape: { t: 'array', of: { t: 'fixed', of: { t: 'u8' }, length: 2 } } }]
    const both: ArgRule = { each: param('rows'), rule: { each: item(), rule: is(item(), 'lte', value(5), 'u128') } }
    expect(truth(both, [2, 1, 2, 3, 5], nested)).toBe(true)
    expect(truth(both, [2, 1, 2, 6, 4], nested)).toBe(false)
  })

  test('all, any and not in three values', () => {
    const table = (rule: (a: ArgRule, b: ArgRule) => ArgRule) =>
      [yes, no, unknown].map((a) => [yes, no, unknown].map((b) => truth(rule(a, b), [])))
    expect(table((a, b) => ({ all: [a, b] }))).toEqual([
      [true, false, undefined],
      [false, false, false],
      [undefined, false, undefined],
    ])
    expect(table((a, b) => ({ any: [a, b] }))).toEqual([
      [true, true, true],
      [true, false, undefined],
      [true, undefined, undefined],
    ])
    expect([yes, no, unknown].map((it) => truth({ not: it }, []))).toEqual([false, true, undefined])
  })

  test('an operand out of the range of what is compared is unknown', () => {
    expect(truth(is(raw(0), 'lte', value(2), 'bool'), [1])).toBeUndefined()
    expect(truth(is(raw(0), 'gt', value(0), 'address'), [FRIEND])).toBeUndefined()
    expect(truth(is(raw(0), 'lt', { ref: 'account' }, 'bool'), [1])).toBeUndefined()
  })

  test('between and in with an operand that is unknown', () => {
    const lost: Operand = { ref: 'arg', arg: raw(9) }
    const between = (low: Operand, high: Operand): ArgRule => ({
      arg: raw(0),
      as: 'felt',
      op: 'between',
      to: [low, high],
    })
    expect(truth(between(value(1), lost), [5])).toBeUndefined()
    expect(truth(between(value(6), lost), [5])).toBe(false)
    const among = (op: 'in' | 'notIn', to: Operand[]): ArgRule => ({ arg: raw(0), as: 'felt', op, to })
    expect(truth(among('in', [lost, value(5)]), [5])).toBe(true)
    expect(truth(among('in', [lost, value(6)]), [5])).toBeUndefined()
    expect(truth(among('notIn', [lost, value(6)]), [5])).toBeUndefined()
    expect(truth(among('notIn', [lost, value(5)]), [5])).toBe(false)
  })

  test('wrong calldata length is not zero', () => {
    const cheap = is(param('price'), 'lte', value(5), 'u256')
    expect(truth(cheap, [5, 0], PRICE)).toBe(true)
    expect(truth(cheap, [5], PRICE)).toBeUndefined()
    expect(truth(cheap, [5, 0, 0], PRICE)).toBeUndefined()
    expect(truth(cheap, [], PRICE)).toBeUndefined()
    expect(truth(is(raw(0), 'lte', value(5), 'u256'), [5])).toBeUndefined()
    expect(truth(is(raw(1), 'eq', value(0), 'felt'), [5])).toBeUndefined()
    expect(codes([call(GAME, MOVE, [felt(5)])], withRules({ args: cheap, shapes: { [MOVE]: [...PRICE] } }))).toEqual([
      'argRule',
    ])
  })

  test('high limb, limb overflow, felt overflow', () => {
    const limb = 2n ** 128n
    const cheap = is(param('price'), 'lte', value(5), 'u256')
    expect(truth(cheap, [5, 1], PRICE)).toBe(false)
    expect(truth(cheap, [limb, 0], PRICE)).toBeUndefined()
    expect(truth(cheap, [5, limb], PRICE)).toBeUndefined()
    for (const high of [limb, P - 1n]) expect(truth(is(raw(0), 'lte', value(5), 'u256'), [5, high])).toBeUndefined()
    expect(truth(is(raw(0), 'lte', value(5), 'u128'), [limb])).toBeUndefined()
    expect(truth(is(raw(0), 'lte', value(5), 'u128'), [limb - 1n])).toBe(false)
    // x + P is no felt: it has no spelling that calldata could carry.
    expect(() => felt(5n + P)).toThrow()
    expect([inKind(P - 1n, 'felt'), inKind(P, 'felt')]).toEqual([P - 1n, undefined])
    expect([inKind(2n ** 250n - 1n, 'selector'), inKind(2n ** 250n, 'selector')]).toEqual([2n ** 250n - 1n, undefined])
    expect([inKind(0n, 'address'), inKind(1n, 'address'), inKind(2n ** 251n - 256n, 'address')]).toEqual([
      undefined,
      1n,
      undefined,
    ])
    expect([inKind(1n, 'bool'), inKind(2n, 'bool')]).toEqual([1n, undefined])
  })

  test('unknown argument under not, any, deny', () => {
    expect(truth({ not: unknown }, [])).toBeUndefined()
    expect(truth({ any: [unknown, no] }, [])).toBeUndefined()
    expect(truth({ any: [unknown, yes] }, [])).toBe(true)
    const sent = call(GAME, MOVE, [felt(3)])
    expect(codes([sent], withRules({ args: { not: unknown } }))).toEqual(['argRule'])
    expect(codes([sent], withRules({ args: { any: [unknown, no] } }))).toEqual(['argRule'])
    expect(codes([sent], withRules({ args: { any: [unknown, yes] } }))).toEqual([])
    const deny = (args: ArgRule) => codes([sent], { deny: [{ contract: GAME, entrypoints: [MOVE], args, by: 'site' }] })
    expect([yes, unknown, { not: unknown }, no].map(deny)).toEqual([['denied'], ['denied'], ['denied'], []])
  })

  test('the first condition that fails is told with what was sent', () => {
    const cheap = is(param('price'), 'lte', value(5), 'u256')
    const at = (price: bigint) => ({ account: ACCOUNT, calls: [call(GAME, MOVE, limbs(price))], index: 0 })
    const rule = { args: { all: [yes, cheap] }, shapes: { [MOVE]: [...PRICE] } }
    expect(firstFailing(rule, at(6n))).toEqual({ rule: cheap, sent: 6n })
    expect(firstFailing(rule, at(5n))).toBeUndefined()
    expect(firstFailing({ args: { not: yes } }, at(5n))).toEqual({ rule: { not: yes }, sent: undefined })
    expect(firstFailing({}, at(5n))).toBeUndefined()
  })
})

describe('ownership', () => {
  test('in the highest rank the first rule whose arguments are true owns the call', () => {
    const small = is(raw(0), 'lte', value(5), 'felt')
    const policy = withRules({ args: small, caps: [{ window: { kind: 'session' }, max: 1 }] }, { args: yes })
    const sent = (n: number) => call(GAME, MOVE, [felt(n)])
    expect(judge([sent(5), sent(6)], policy)).toMatchObject({ kind: 'auto', matched: ['r0', 'r1'] })
    // The first is full: its calls are nobody else's.
    expect(judge([sent(4), sent(5)], policy)).toMatchObject({ kind: 'ask', reasons: [{ code: 'ruleCap', rule: 'r0' }] })
    expect(codes([sent(5)], withRules({ args: small, enabled: false }, { args: yes }))).toEqual(['ruleDisabled'])
  })

  test('arguments of the same contract alone are looked at', () => {
    expect(codes([call(USD, MOVE, [felt(3)])], withRules({ args: yes }))).toEqual(['noRule'])
  })
})

describe('running totals', () => {
  const SUM = 'sum:r0:0' as MeterId
  const totals = (max: number, caps: CallRule['sums'][number]['caps'] = []) =>
    withRules({
      shapes: { [MOVE]: [...PRICE] },
      sums: [
        { arg: param('price'), as: 'u256', caps: [{ window: { kind: 'session' }, max: u256(BigInt(max)) }, ...caps] },
      ],
    })
  const pay = (price: bigint) => call(GAME, MOVE, limbs(price))

  test('the values of all calls of a transaction are added to what was booked', () => {
    const verdict = judge([pay(4n), pay(6n)], totals(10))
    expect(verdict.kind === 'auto' && verdict.charges).toContainEqual({ meter: SUM, amount: '10', refundable: '0' })
    expect(judge([pay(4n), pay(7n)], totals(10))).toMatchObject({
      kind: 'ask',
      reasons: [{ code: 'sumCap', rule: 'r0', meter: SUM, left: '10', wanted: '11' }],
    })
    const book = { ...sampleBook(), bookings: [{ meter: SUM, amount: '8' as U256, at: NOW }] }
    expect(judge([pay(2n)], totals(10), book).kind).toBe('auto')
    expect(judge([pay(3n)], totals(10), book)).toMatchObject({ reasons: [{ code: 'sumCap', left: '2', wanted: '3' }] })
  })

  test('calls of another rule are not in the total', () => {
    const own = { arg: raw(0), as: 'felt' as const, caps: [{ window: { kind: 'session' as const }, max: u256(5n) }] }
    const policy = withRules({ sums: [own] }, { entrypoints: [{ selector: BUY }] })
    expect(codes([call(GAME, MOVE, [felt(5)]), call(GAME, BUY, [felt(9)]), call(GAME, BUY)], policy)).toEqual([])
  })

  test('a total in a window tells when it opens', () => {
    const rolling = totals(100, [{ window: { kind: 'rolling', seconds: 60 }, max: u256(5n) }])
    const book = { ...sampleBook(), bookings: [{ meter: SUM, amount: '5' as U256, at: NOW - 20 }] }
    expect(judge([pay(1n)], rolling, book)).toMatchObject({
      reasons: [{ code: 'sumCap', left: '0', wanted: '1', retryAt: NOW + 40 }],
    })
    expect(judge([pay(6n)], rolling)).toEqual({
      kind: 'ask',
      reasons: [
        {
          code: 'sumCap',
          rule: 'r0',
          meter: SUM,
          left: '5',
          wanted: '6',
          cap: { window: { kind: 'rolling', seconds: 60 }, max: '5' },
        },
      ],
    })
  })

  test('an unknown value and a total without a cap have no room', () => {
    expect(judge([call(GAME, MOVE, [felt(1)])], totals(10))).toEqual({
      kind: 'ask',
      reasons: [{ code: 'sumCap', call: 0, rule: 'r0', meter: SUM }],
    })
    const bare = withRules({ shapes: { [MOVE]: [...PRICE] }, sums: [{ arg: param('price'), as: 'u256', caps: [] }] })
    expect(codes([pay(1n)], bare)).toEqual(['sumCap'])
  })

  test('totals beyond 2^256 are refused, not wrapped', () => {
    const most = 2n ** 256n - 1n
    const policy = withRules({
      shapes: { [MOVE]: [...PRICE] },
      sums: [{ arg: param('price'), as: 'u256', caps: [{ window: { kind: 'session' }, max: u256(most) }] }],
    })
    expect(codes([pay(most)], policy)).toEqual([])
    expect(codes([pay(most), pay(1n)], policy)).toEqual(['sumCap'])
  })

  test('a site reads what is left of a total', () => {
    const session = sampleSession(samplePolicy(totals(10)))
    const open = [sampleHold({ charges: [{ meter: SUM, amount: '4' as U256, refundable: '0' as U256 }] })]
    const told = meters(session, sampleBook(), open, NOW, { unlocked: true, workingSet: true })
    expect(told.filter(({ id }) => id === SUM)).toEqual([
      { id: SUM, window: 'session', limit: '10', used: '0', held: '4', left: '6' },
    ])
  })

  test('an argument is read by its kind', () => {
    const at = { account: ACCOUNT, calls: [pay(2n ** 130n)], index: 0 }
    const shapes = { [MOVE]: [...PRICE] }
    expect(argumentOf(param('price'), 'u256', shapes, at)).toBe(2n ** 130n)
    expect(argumentOf(param('price'), 'u128', shapes, at)).toBeUndefined()
    expect(argumentOf(param('price'), 'u256', { [selectorOf('other')]: [...PRICE] }, at)).toBeUndefined()
  })
})
