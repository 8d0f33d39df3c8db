import { describe, expect, test } from 'vitest'
import catalogue from '../../../public/_locales/en/messages.json'
import { LISTED, STRK } from '../account.ts'
import { u256 } from '../felt.ts'
import { type Line, say } from '../words.ts'
import { evaluate } from './evaluate.ts'
import { type ExplainFacts, explain } from './explain.ts'
import { explainReason } from './explain-reason.ts'
import type { ArgPath, ArgRule, Call, CallRule, DenyRule, Operand, Param, RuleId, SessionPolicy } from './policy.ts'
import {
  ACCOUNT,
  BUY,
  call,
  FRIEND,
  GAME,
  limbs,
  MOVE,
  moneySelector,
  NOW,
  STRANGER,
  sampleBook,
  sampleFacts,
  samplePolicy,
  sampleSession,
  sampleTx,
  strk,
  transfer,
} from './samples.ts'

const tokens = Object.fromEntries(LISTED.map(({ address, symbol, decimals }) => [address, { symbol, decimals }]))
const base = samplePolicy()
const facts: ExplainFacts = {
  host: 'play.g.io',
  account: ACCOUNT,
  tokens,
  names: { [ACCOUNT]: 'Main', [GAME]: 'Arena', [FRIEND]: 'Ann', [STRANGER]: 'Bob' },
  actions: { [MOVE]: 'move' },
  backing: 'chain',
  runWhileLocked: true,
  words: {},
  balances: {},
  allowances: [],
  replaceable: [],
  enterable: [],
}
const said = (line: Line) =>
  say(line, catalogue, { locale: 'en', zone: 'UTC', now: NOW }).replaceAll('\u00a0', ' ').replaceAll(' ', ' ')
const param = (name: string, ...path: (string | number)[]): ArgPath => ({ at: 'param', name, path })
const value = (of: number | string): Operand => ({ value: String(of) })
const n = param('n')
const most: ArgRule = { arg: n, as: 'u128', op: 'lte', to: value(3) }
const shapes: Record<string, Param[]> = { [MOVE]: [{ name: 'n', shape: { t: 'u8' } }] }
const move: CallRule = { ...(base.calls[0] as CallRule), required: false }
const withRule = (changes: Partial<CallRule>): SessionPolicy => ({ ...base, calls: [{ ...move, ...changes }] })
const rows = (changes: Partial<CallRule>) => explain(withRule(changes), facts, NOW).can[0]?.qualifiers.map(said)
const row = (args: ArgRule) => rows({ args })?.join(' | ')

describe('arguments in words', () => {
  test('every comparison, every operand', () => {
    const to = param('to')
    const all: ArgRule[] = [
      most,
      { arg: to, as: 'address', op: 'eq', to: { ref: 'account' } },
      { arg: to, as: 'address', op: 'ne', to: { ref: 'account' } },
      { arg: to, as: 'address', op: 'eq', to: value(FRIEND) },
      { arg: n, as: 'u128', op: 'ne', to: value(1_500) },
      { arg: n, as: 'u128', op: 'lt', to: value(3) },
      { arg: n, as: 'u128', op: 'gt', to: value(3) },
      { arg: n, as: 'u128', op: 'gte', to: { ref: 'arg', arg: param('order', 'legs', 0, 'm') } },
      { arg: n, as: 'u256', op: 'between', to: [value(1), value(`${2n ** 200n}`)] },
      { arg: to, as: 'address', op: 'in', to: [value(FRIEND), value(STRANGER), { ref: 'account' }] },
      { arg: n, as: 'u128', op: 'in', to: [1, 2, 3, 4, 5].map(value) },
      { arg: n, as: 'u128', op: 'notIn', to: [1, 2].map(value) },
      { arg: n, as: 'u128', op: 'notIn', to: [1, 2, 3, 4].map(value) },
      {
        arg: { at: 'felt', index: 2 },
        as: 'felt',
        op: 'eq',
        to: { ref: 'call', back: 1, arg: { at: 'felt', index: 4 } },
      },
      { arg: { at: 'length' }, as: 'felt', op: 'eq', to: { ref: 'call', back: 2, arg: { at: 'length' } } },
      { arg: n, as: 'felt', op: 'eq', to: value('0xffffffffffffffffff') },
      { arg: n, as: 'bool', op: 'eq', to: value(1) },
      { arg: n, as: 'selector', op: 'eq', to: value(MOVE) },
      { arg: n, as: 'classHash', op: 'eq', to: value('0x9') },
      { not: most },
      { any: [most, { ...most, to: value(9) }] },
      { each: param('legs'), rule: { arg: { at: 'item', path: ['m'] }, as: 'u128', op: 'lte', to: value(3) } },
      { each: param('legs'), rule: { arg: { at: 'item', path: [] }, as: 'u128', op: 'lte', to: value(3) } },
      { any: [{ all: [most, most] }, { not: most }] },
    ]
    expect(all.map(row)).toMatchInlineSnapshot(`
      [
        "n at most 3",
        "to only your account",
        "to never your account",
        "to exactly Ann",
        "n never 1,500",
        "n below 3",
        "n above 3",
        "n at least what order.legs[0].m is",
        "n from 1 to 1606938044258990275541962092341162602522202993782792835301376",
        "to only among Ann, Bob, and your account",
        "n only among 1, 2, and 3, and 2 more",
        "n never among 1 and 2",
        "n never among 1, 2, and 3, and 1 more",
        "raw value 2 exactly what raw value 4 of the call before is",
        "the number of raw values exactly what the number of raw values of the call 2 before is",
        "n exactly 0xffffffffffffffffff",
        "n exactly true",
        "n exactly move",
        "n exactly 0x0000000000000000000000000000000000000000000000000000000000000009",
        "never (n at most 3)",
        "at least one of (n at most 3 and n at most 9)",
        "in each entry of legs (its m at most 3)",
        "in each entry of legs (the entry itself at most 3)",
        "a rule with 3 conditions",
      ]
    `)
  })

  test('all at the top is one line each', () => {
    expect(rows({ args: { all: [most, { not: most }] }, enabled: false })).toEqual([
      'switched off',
      'n at most 3',
      'never (n at most 3)',
    ])
  })

  test('a total of felts may be bounded above every felt', () => {
    const caps = [{ window: { kind: 'session' as const }, max: u256(2n ** 256n - 1n) }]
    expect(rows({ sums: [{ arg: n, as: 'felt', caps }] })?.join(' ')).toContain(`${2n ** 256n - 1n}`)
  })

  test('payments are said in the token, other amounts as they are', () => {
    const amount = param('amount')
    const args: ArgRule = { arg: amount, as: 'u256', op: 'lte', to: value(strk(5)) }
    const caps = [{ window: { kind: 'rolling' as const, seconds: 60 }, max: strk(25) }]
    const sums: CallRule['sums'] = [{ arg: amount, as: 'u256', caps }]
    const pay = { contract: STRK, entrypoints: [{ selector: moneySelector('transfer') }], args, sums }
    expect(rows(pay)).toEqual(['amount at most 5 STRK', 'amount adds up to at most 25 STRK in any 1 min'])
    expect(rows({ args, sums })).toEqual([
      'amount at most 5000000000000000000',
      'amount adds up to at most 25000000000000000000 in any 1 min',
    ])
    expect(rows({ ...pay, entrypoints: [...pay.entrypoints, { selector: MOVE }] })?.[0]).toBe(
      'amount at most 5000000000000000000',
    )
  })

  test('a row that states arguments or a total is held by the wallet', () => {
    const by = (changes: Partial<CallRule>) => explain(withRule(changes), facts, NOW).can[0]?.by
    const sums: CallRule['sums'] = [{ arg: n, as: 'u128', caps: [] }]
    expect([by({}), by({ args: most }), by({ sums })]).toEqual(['both', 'wallet', 'wallet'])
  })

  test('deny rules are lines of what it cannot, with who wrote them', () => {
    const cannot = (...deny: DenyRule[]) =>
      explain({ ...base, deny }, facts, NOW)
        .cannot.slice(4)
        .map(said)
    expect(
      cannot(
        { contract: GAME, entrypoints: [MOVE, BUY], by: 'site' },
        { contract: GAME, entrypoints: [MOVE], by: 'person' },
        { contract: '*', entrypoints: '*', by: 'site' },
        { contract: STRK, entrypoints: [moneySelector('transfer')], args: { all: [most, { not: most }] }, by: 'site' },
        { contract: GAME, entrypoints: [MOVE], args: most, by: 'person' },
      ),
    ).toMatchInlineSnapshot(`
      [
        "Call move and unknown action 0x2d88e868af0a1983e3886d5f3e95a2fafbd6c3450bc229e27342283dc429ccc on Arena",
        "Call move on Arena; you blocked it",
        "Call any action on any contract",
        "Call transfer on 0x0471 8f5a 0fc3 4cc1 af16 a1cd ee98 ffb2 0c31 f5cd 61d6 ab07 2018 58f4 287c 938d with n at most 0.000000000000000003 STRK and never (n at most 0.000000000000000003 STRK)",
        "Call move on Arena with n at most 3; you blocked it",
      ]
    `)
  })

  test('details say the whole, with kinds and what the calldata is read as', () => {
    const deep: ArgRule = { any: [{ all: [most, { ...most, op: 'ne', to: value(2) }] }, { not: most }] }
    const long: ArgRule = { arg: n, as: 'u128', op: 'in', to: [1, 2, 3, 4].map(value) }
    const sums: CallRule['sums'] = [{ arg: n, as: 'u128', caps: [{ window: { kind: 'session' }, max: strk(1) }] }]
    const params: Param[] = [
      { name: 'n', shape: { t: 'u8' } },
      {
        name: 'm',
        shape: {
          t: 'enum',
          variants: [
            { name: 'A', shape: { t: 'array', of: { t: 'u256' } } },
            {
              name: 'B',
              shape: { t: 'struct', fields: [{ name: '0', shape: { t: 'fixed', of: { t: 'bool' }, length: 2 } }] },
            },
          ],
        },
      },
    ]
    const policy = withRule({ args: { all: [deep, long] }, shapes: { [MOVE]: params }, sums })
    const deny: DenyRule[] = [{ contract: GAME, entrypoints: [MOVE], args: most, shapes, by: 'site' }]
    const plain = explain(withRule({}), facts, NOW).details.length
    expect(
      explain({ ...policy, deny }, facts, NOW)
        .details.slice(plain)
        .map(said),
    ).toMatchInlineSnapshot(`
      [
        "move on Arena: at least one of (all of (n (u128) at most 3 and n (u128) never 2) and never (n (u128) at most 3)), n (u128) only among 1, 2, 3, and 4, and n (u128) adds up to at most 1000000000000000000 in all.",
        "move on Arena is read as (n: u8, m: <A: [u256] | B: {0: [bool; 2]}>).",
        "move on Arena: n (u128) at most 3.",
        "move on Arena is read as (n: u8).",
      ]
    `)
  })

  test('one changed leaf reads differently', () => {
    const read = (policy: SessionPolicy) => {
      const it = explain(policy, facts, NOW)
      return JSON.stringify([it.can, it.cannot, it.details])
    }
    const item: ArgRule = { arg: { at: 'item', path: ['m'] }, as: 'u128', op: 'lte', to: value(3) }
    const long = (last: number): ArgRule => ({ arg: n, as: 'u128', op: 'in', to: [1, 2, 3, last].map(value) })
    const args: ArgRule[] = [
      most,
      { ...most, arg: param('m') },
      { ...most, arg: param('n', 'x') },
      { ...most, arg: param('n', 0) },
      { ...most, arg: { at: 'item', path: ['n'] } },
      { ...most, arg: { at: 'felt', index: 0 } },
      { ...most, arg: { at: 'felt', index: 1 } },
      { ...most, arg: { at: 'length' } },
      { ...most, as: 'u256' },
      { ...most, as: 'felt' },
      { ...most, op: 'lt' },
      { ...most, to: value(4) },
      { ...most, to: { ref: 'arg', arg: n } },
      { ...most, to: { ref: 'arg', arg: param('m') } },
      { ...most, to: { ref: 'account' } },
      { ...most, to: { ref: 'call', back: 1, arg: { at: 'felt', index: 1 } } },
      { ...most, to: { ref: 'call', back: 2, arg: { at: 'felt', index: 1 } } },
      { ...most, to: { ref: 'call', back: 1, arg: { at: 'felt', index: 2 } } },
      { not: most },
      { any: [most] },
      { all: [most, { any: [most] }] },
      { not: { any: [{ not: most }] } },
      { not: { any: [{ not: { ...most, to: value(4) } }] } },
      { not: { all: [{ not: most }] } },
      { each: param('legs'), rule: item },
      { each: param('lags'), rule: item },
      long(4),
      long(5),
      { ...most, op: 'notIn', to: [value(3)] },
      { ...most, op: 'between', to: [value(1), value(3)] },
    ]
    const caps = [{ window: { kind: 'session' as const }, max: strk(1) }]
    const sum = { arg: n, as: 'u128' as const, caps }
    const sums: CallRule['sums'][] = [
      [sum],
      [{ ...sum, arg: param('m') }],
      [{ ...sum, as: 'u256' }],
      [{ ...sum, caps: [{ window: { kind: 'session' }, max: strk(2) }] }],
      [sum, { ...sum, arg: param('m') }],
    ]
    const shaped: Param[][] = [
      [{ name: 'n', shape: { t: 'u8' } }],
      [{ name: 'm', shape: { t: 'u8' } }],
      [{ name: 'n', shape: { t: 'u16' } }],
      [{ name: 'n', shape: { t: 'array', of: { t: 'u8' } } }],
      [{ name: 'n', shape: { t: 'fixed', of: { t: 'u8' }, length: 1 } }],
      [{ name: 'n', shape: { t: 'fixed', of: { t: 'u8' }, length: 2 } }],
      [{ name: 'n', shape: { t: 'struct', fields: [{ name: 'a', shape: { t: 'u8' } }] } }],
      [{ name: 'n', shape: { t: 'enum', variants: [{ name: 'a', shape: { t: 'u8' } }] } }],
    ]
    const deny: DenyRule = { contract: GAME, entrypoints: [MOVE], by: 'site' }
    const denies: DenyRule[] = [
      deny,
      { ...deny, by: 'person' },
      { ...deny, contract: '*' },
      { ...deny, contract: STRK },
      { ...deny, entrypoints: '*' },
      { ...deny, entrypoints: [BUY] },
      { ...deny, args: most },
      { ...deny, args: { ...most, as: 'u256' } },
      { ...deny, args: most, by: 'person' },
      { ...deny, shapes },
    ]
    const policies = [
      base,
      ...args.map((args) => withRule({ args })),
      ...sums.map((sums) => withRule({ sums })),
      ...shaped.map((params) => withRule({ args: most, shapes: { [MOVE]: params } })),
      withRule({ args: most, shapes: { [BUY]: shaped[0] as Param[] } }),
      ...denies.map((deny) => ({ ...base, deny: [deny] })),
    ]
    expect(new Set(policies.map(read)).size).toBe(policies.length)
  })
})

describe('why you are asked', () => {
  const why = (calls: readonly Call[], policy: SessionPolicy) => {
    const verdict = evaluate(sampleSession(policy), sampleBook(), [], sampleTx(calls), sampleFacts(), NOW)
    if (verdict.kind === 'auto') return []
    return verdict.reasons.map((reason) =>
      said(explainReason(reason, { ...facts, account: ACCOUNT, calls, policy }, NOW)),
    )
  }
  const sent = (...calldata: Call['calldata']) => [call(GAME, MOVE, calldata)]

  test('an argument that no rule allows: what it must be and what was sent', () => {
    const policy = withRule({ args: { all: [most, { any: [most] }] }, shapes })
    expect([
      why(sent(limbs(4n)[0]), policy),
      why(sent(), policy),
      why(sent(...limbs(300n)), policy),
    ]).toMatchInlineSnapshot(`
      [
        [
          "move on Arena: only with n at most 3; the site sent 4.",
        ],
        [
          "move on Arena: only with n at most 3; what the site sent cannot be read as that.",
        ],
        [
          "move on Arena: only with n at most 3; what the site sent cannot be read as that.",
        ],
      ]
    `)
    expect(why(sent(limbs(4n)[0]), withRule({ args: { any: [most] }, shapes }))).toMatchInlineSnapshot(`
      [
        "move on Arena: only with at least one of (n at most 3).",
      ]
    `)
    const two = {
      ...base,
      calls: [
        { ...move, args: most, shapes },
        { ...move, id: 'r1' as RuleId, args: most, shapes },
      ],
    }
    expect(why(sent(limbs(4n)[0]), two)).toEqual([
      'The site sent other values for move on Arena than this session allows.',
    ])
  })

  test('a call that is blocked: by whom', () => {
    const deny = (by: 'person' | 'site'): SessionPolicy => ({
      ...withRule({}),
      deny: [{ contract: GAME, entrypoints: '*', by }],
    })
    expect([why(sent(), deny('person')), why(sent(), deny('site'))]).toEqual([
      ['You blocked move on Arena.'],
      ['This session never does move on Arena.'],
    ])
  })

  test('a running total: which one, what is left and when it opens', () => {
    const sums = (caps: CallRule['sums'][number]['caps']) => withRule({ shapes, sums: [{ arg: n, as: 'u128', caps }] })
    const three = sums([{ window: { kind: 'session' }, max: '3' as never }])
    expect(why(sent(limbs(4n)[0]), three)).toEqual(['Over 3 in all for n: 3 left, 4 wanted.'])
    expect(why(sent(), three)).toEqual(['move on Arena: n cannot be read, so it cannot be added up.'])
    const daily = sums([{ window: { kind: 'calendar', unit: 'day' }, max: '5' as never }])
    expect(why([...sent(limbs(4n)[0]), ...sent(limbs(4n)[0])], daily)).toEqual([
      'Over 5 a day (UTC) for n: 5 left, 8 wanted.',
    ])
    const book = { ...sampleBook(), bookings: [{ meter: 'sum:r0:0' as never, amount: '4' as never, at: NOW }] }
    const policy = daily
    const calls = sent(limbs(2n)[0])
    const verdict = evaluate(sampleSession(policy), book, [], sampleTx(calls), sampleFacts(), NOW)
    const [reason] = verdict.kind === 'auto' ? [] : verdict.reasons
    expect(
      reason && said(explainReason(reason, { ...facts, account: ACCOUNT, calls, policy }, NOW)),
    ).toMatchInlineSnapshot(`"Over 5 a day (UTC) for n: 1 left, 2 wanted. Opens 00:00 UTC."`)
    const pay: CallRule = {
      ...move,
      contract: STRK,
      entrypoints: [{ selector: moneySelector('transfer') }],
      codePin: { ...(base.calls[2] as CallRule).codePin! },
      shapes: {
        [moneySelector('transfer')]: [
          { name: 'to', shape: { t: 'address' } },
          { name: 'amount', shape: { t: 'u256' } },
        ],
      },
      sums: [{ arg: param('amount'), as: 'u256', caps: [{ window: { kind: 'session' }, max: strk(3) }] }],
    }
    expect(why([transfer(STRK, FRIEND, 4n * 10n ** 18n)], { ...base, calls: [pay] })).toEqual([
      'Over 3 STRK in all for amount: 3 STRK left, 4 STRK wanted.',
    ])
  })
})
