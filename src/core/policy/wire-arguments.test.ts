import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { selectorOf } from '../../starknet/selector.ts'
import { STRK } from '../account.ts'
import { type Address, padded } from '../felt.ts'
import { decode } from '../schema.ts'
import type { Asked } from './asked.ts'
import { readPolicy } from './codec.ts'
import { covers } from './edits.ts'
import type { SessionPolicy, Shape } from './policy.ts'
import { canonicalText } from './preimage.ts'
import { type ResolveFacts, resolve } from './resolve.ts'
import {
  ACCOUNT,
  BUY,
  FRIEND,
  GAME,
  GAME_CLASS,
  MOVE,
  moneySelector,
  NOW,
  OTHER_ACCOUNT,
  sampleResolve,
  sampleSession,
} from './samples.ts'
import type { ReadParam } from './shapes.ts'
import { parseRequest } from './wire.ts'
import { pathSchema } from './wire-arguments.ts'
import { printPolicy } from './wire-print.ts'

const u8: Shape = { t: 'u8' }
const LEG: Shape = {
  t: 'struct',
  fields: [
    { name: 'token', shape: { t: 'address' } },
    { name: 'amount', shape: { t: 'u256' } },
  ],
}
const BUY_PARAMS: readonly ReadParam[] = [
  { name: 'to', shape: { t: 'address' } },
  { name: 'price', shape: { t: 'u256' } },
  { name: 'legs', shape: { t: 'array', of: LEG } },
  {
    name: 'pair',
    shape: {
      t: 'struct',
      fields: [
        { name: '0', shape: u8 },
        { name: '1', shape: { t: 'bytes' } },
      ],
    },
  },
  {
    name: 'side',
    shape: {
      t: 'enum',
      variants: [
        { name: 'Buy', shape: u8 },
        { name: 'Sell', shape: { t: 'u64' } },
      ],
    },
  },
]
const MOVE_PARAMS: readonly ReadParam[] = [
  { name: 'n', shape: { t: 'u32' } },
  { name: 'price', shape: { t: 'u256' } },
]
const entry = (name: string, selector: string, params?: readonly ReadParam[]) => ({
  name,
  selector: selector as typeof MOVE,
  kind: 'external' as const,
  ...(params === undefined ? {} : { params }),
})
const facts = (entries = [entry('move', MOVE, MOVE_PARAMS), entry('buy', BUY, BUY_PARAMS)]): ResolveFacts => {
  const known = sampleResolve()
  return { ...known, classes: { ...known.classes, [GAME]: { classHash: GAME_CLASS, entrypoints: entries } } }
}
const ctx = { now: NOW, selectorOf }
const buy = { contract_address: GAME, entry_point: BUY }
const cheap = { at: 'price', op: 'lte', value: '5' }

function asked(json: object): Asked {
  const parsed = parseRequest(json, ctx)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error))
  return parsed.asked
}
function granted(json: object, known = facts()): SessionPolicy {
  const done = resolve(asked(json), known, NOW)
  if (!done.ok) throw new Error(JSON.stringify(done.error))
  return done.policy
}
/** Code and JSON pointer, of whichever step refuses. */
function refusal(json: object, known = facts()): unknown {
  const parsed = parseRequest(json, ctx)
  const done = parsed.ok ? resolve(parsed.asked, known, NOW) : parsed
  if (done.ok) return 'granted'
  const { at, feature } = done.error.data as { at?: string; feature?: string }
  return [done.error.code, at ?? feature]
}
const withArgs = (args: unknown, rule: object = buy) => ({ calls: [{ ...rule, args }] })
const argsOf = (args: unknown) => granted(withArgs(args)).calls[0]?.args
const refused = (args: unknown) => {
  const found = refusal(withArgs(args))
  return Array.isArray(found) ? [found[0], String(found[1]).replace('/calls/0/args', '')] : found
}

describe('conditions as a site writes them', () => {
  test('kinds come from the class, values have one spelling, and what is needed of the ABI is stored', () => {
    const policy = granted(
      withArgs([
        { at: 'to', op: 'eq', value: 'self' },
        { at: 'price', op: 'between', value: ['0x1', '5'] },
        { at: 'legs[0].token', op: 'in', value: [padded(FRIEND), padded(STRK).toUpperCase().replace('X', 'x')] },
        { at: 'pair.0', op: 'lt', value: { at: 'side.Buy' } },
        { each: 'legs', rule: { at: '.amount', op: 'lte', value: '9' } },
        { not: { at: 0, as: 'address', op: 'ne', value: { back: 1, at: 2 } } },
      ]),
    )
    const [rule] = policy.calls
    const param = (name: string, ...path: (string | number)[]) => ({ at: 'param', name, path })
    expect(rule?.args).toEqual({
      all: expect.arrayContaining([
        { arg: param('to'), as: 'address', op: 'eq', to: { ref: 'account' } },
        { arg: param('price'), as: 'u256', op: 'between', to: [{ value: '1' }, { value: '5' }] },
        { arg: param('legs', 0, 'token'), as: 'address', op: 'in', to: [{ value: FRIEND }, { value: STRK }] },
        { arg: param('pair', '0'), as: 'u128', op: 'lt', to: { ref: 'arg', arg: param('side', 'Buy') } },
        {
          each: param('legs'),
          rule: { arg: { at: 'item', path: ['amount'] }, as: 'u256', op: 'lte', to: { value: '9' } },
        },
        {
          not: {
            arg: { at: 'felt', index: 0 },
            as: 'address',
            op: 'ne',
            to: { ref: 'call', back: 1, arg: { at: 'felt', index: 2 } },
          },
        },
      ]),
    })
    expect(rule?.shapes).toEqual({ [BUY]: BUY_PARAMS })
    expect(granted(withArgs({ at: 0, op: 'eq', value: '5' })).calls[0]?.shapes).toBeUndefined()
  })

  test('address spellings are one address', () => {
    const one = (value: string) => canonicalText(granted(withArgs({ at: 'to', op: 'eq', value })))
    const spellings = [FRIEND, padded(FRIEND), padded(FRIEND).toUpperCase().replace('X', 'x'), `${BigInt(FRIEND)}`]
    expect(new Set(spellings.map(one)).size).toBe(1)
    for (const value of ['0x0', `0x${(2n ** 251n - 256n).toString(16)}`, 'hello', ' 1', '0X1']) {
      expect(refused({ at: 'to', op: 'eq', value }), value).toEqual([114, '/value'])
    }
  })

  test('selector spellings', () => {
    const one = (value: string) => argsOf({ at: 0, as: 'selector', op: 'eq', value })
    expect(one('move')).toEqual(one(padded(MOVE)))
    expect(one('move')).toMatchObject({ to: { value: MOVE } })
    for (const value of [BigInt(MOVE).toString(), 'mo ve', `0x${'f'.repeat(63)}`]) {
      expect(refused({ at: 0, as: 'selector', op: 'eq', value }), value).toEqual([114, '/value'])
    }
    // A name stands for a selector only where one is compared.
    expect(refused({ at: 0, op: 'eq', value: 'move' })).toEqual([114, '/value'])
  })

  test('the order of a list, an own kind and its spelling change no policy', () => {
    const text = (args: unknown) => canonicalText(granted(withArgs(args)))
    const to = { at: 'to', op: 'in', value: [FRIEND, STRK] }
    expect(text([cheap, to])).toBe(text({ all: [{ ...to, value: [padded(STRK), FRIEND, STRK] }, cheap, to] }))
    expect(text(cheap)).toBe(text({ ...cheap, as: 'u256', value: '0x05' }))
    expect(text(cheap)).not.toBe(text({ ...cheap, as: 'u128' }))
    expect(text(cheap)).not.toBe(text({ ...cheap, op: 'lt' }))
  })

  test('what is printed asks for the same again, and is a policy that can be stored', () => {
    const leaf = fc.constantFrom<object>(
      cheap,
      { at: 'to', op: 'eq', value: 'self' },
      { at: 'to', op: 'not_in', value: [FRIEND, STRK, 'self'] },
      { at: 'price', op: 'between', value: ['1', '2'] },
      { at: 'price', as: 'u128', op: 'ne', value: { at: 1 } },
      { at: 'legs[3].amount', op: 'gte', value: { at: 'price' } },
      { at: 'pair.0', as: 'bool', op: 'eq', value: '1' },
      { at: 'side.Buy', op: 'lt', value: '1' },
      { at: 'side.Sell', op: 'gt', value: '1' },
      { at: '#', op: 'eq', value: '9' },
      { at: 0, as: 'class_hash', op: 'eq', value: '0x9' },
      { at: 0, as: 'selector', op: 'eq', value: 'move' },
      { at: 2, op: 'eq', value: { back: 2, at: '#' } },
      {
        each: 'legs',
        rule: {
          any: [
            { at: '.token', op: 'eq', value: FRIEND },
            { at: '.amount', op: 'eq', value: '0' },
          ],
        },
      },
    )
    const { tree } = fc.letrec<{ tree: object }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 2 },
        leaf,
        fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((all) => ({ all })),
        fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((any) => ({ any })),
        tie('tree').map((not) => ({ not })),
      ),
    }))
    const sums = [
      { at: 'price', caps: [{ amount: '9', window: { rolling: 60 } }, { amount: '0x10' }] },
      { at: 0, as: 'u128', caps: [] },
    ]
    const deny = fc.constantFrom<object>(
      { contract_address: '*', entry_point: '*' },
      { contract_address: GAME, entry_point: ['buy', 'move'] },
      { contract_address: '*', entry_point: 'transfer', args: { at: 1, as: 'u256', op: 'gt', value: '5' } },
      { contract_address: GAME, entry_point: 'buy', args: [cheap] },
      { contract_address: FRIEND, entry_point: '*', args: { at: '#', op: 'gt', value: '9' } },
    )
    fc.assert(
      fc.property(fc.oneof(tree, fc.array(leaf, { minLength: 1 })), fc.array(deny, { maxLength: 4 }), (args, deny) => {
        const known = facts([
          entry('move', MOVE, MOVE_PARAMS),
          entry('buy', BUY, BUY_PARAMS),
          entry('buy', selectorOf('buy'), BUY_PARAMS),
        ])
        const policy = granted({ calls: [{ ...buy, args, sums }], deny }, known)
        expect(readPolicy(JSON.parse(JSON.stringify(policy)))).toEqual(policy)
        expect(granted(JSON.parse(JSON.stringify(printPolicy(policy))), known)).toEqual(policy)
      }),
      { numRuns: 500 },
    )
  })

  test('an action may stand in two rules of other arguments, not of the same', () => {
    const rules = (a: unknown, b: unknown) => ({
      calls: [
        { ...buy, args: a },
        { ...buy, args: b },
      ],
    })
    expect(refusal(rules(cheap, { ...cheap, value: '6' }))).toBe('granted')
    expect(refusal(rules(cheap, [cheap]))).toBe('granted')
    expect(refusal(rules(cheap, { ...cheap }))).toEqual([114, '/calls/1/entry_point'])
    expect(refusal(rules(cheap, { ...cheap, as: 'u256' }))).toEqual([114, '/calls/1/entry_point'])
  })
})

describe('what is refused, and where', () => {
  test('a path has no more steps than a shape has nodes', () => {
    const read = (steps: number) => decode(pathSchema, `price${'.x'.repeat(steps)}`).ok
    expect([read(256), read(257), read(30_000)]).toEqual([true, false, false])
  })

  test('114: exact keys, paths, comparisons, values', () => {
    for (const [at, args] of [
      ['', 'x'],
      ['', []],
      ['/all', { all: [] }],
      ['/1', [cheap, 7]],
      ['/any', { any: [] }],
      ['/all/0/any', { all: [{ any: [] }] }],
      ['/any', { all: [cheap], any: [cheap] }],
      ['/more', { ...cheap, more: 1 }],
      ['/value', { at: 'price', op: 'eq' }],
      ['/not/op', { not: { ...cheap, op: 'is' } }],
      ['/op', { ...cheap, op: 'constructor' }],
      ['/as', { ...cheap, as: 'u64' }],
      ['/as', { ...cheap, as: 'toString' }],
      ['/at', { ...cheap, at: 'no' }],
      ['/at', { ...cheap, at: 'price.low' }],
      ['/at', { ...cheap, at: 'legs' }],
      ['/at', { ...cheap, at: 'pair.1' }],
      ['/at', { ...cheap, at: 'side' }],
      ['/at', { ...cheap, at: '.amount' }],
      ['/at', { ...cheap, at: 'legs[1000].amount' }],
      ['/at', { ...cheap, at: 'legs[00].amount' }],
      ['/at', { ...cheap, at: '' }],
      ['/at', { ...cheap, at: 'price ' }],
      ['/at', { ...cheap, at: -1 }],
      ['/at', { ...cheap, at: 1.5 }],
      ['/at', { ...cheap, at: 5_000 }],
      ['/each', { each: 'price', rule: cheap }],
      ['/each', { each: 0, rule: cheap }],
      ['/rule/at', { each: 'legs', rule: { ...cheap, at: '.no' } }],
      ['/value', { ...cheap, op: 'in', value: [] }],
      ['/value', { ...cheap, op: 'in' }],
      ['/value/1', { ...cheap, op: 'in', value: ['1', 2] }],
      ['/value', { ...cheap, op: 'between', value: ['2', '1'] }],
      ['/value', { ...cheap, op: 'between', value: ['1', '2', '3'] }],
      ['/value', { ...cheap, value: 5 }],
      ['/value', { ...cheap, value: 'self' }],
      ['/value', { ...cheap, value: `${2n ** 256n}` }],
      ['/value', { ...cheap, as: 'u128', value: `${2n ** 128n}` }],
      ['/value', { at: 'pair.0', as: 'bool', op: 'eq', value: '2' }],
      ['/value/at', { ...cheap, value: { at: 'no' } }],
      ['/value/back', { ...cheap, value: { at: 1, back: 0 } }],
      ['/value/at', { ...cheap, value: { at: 'price', back: 1 } }],
    ] as const) {
      expect([JSON.stringify(args), refused(args)]).toEqual([JSON.stringify(args), [114, at]])
    }
    expect(refused(JSON.parse('{"at":"price","op":"eq","value":"1","__proto__":1}'))).toEqual([114, '/__proto__'])
  })

  test('114: a path that one of the entrypoints lacks, and kinds that differ between them', () => {
    const both = { contract_address: GAME, entry_point: [MOVE, BUY] }
    expect(refusal(withArgs(cheap, both))).toBe('granted')
    expect(Object.keys(granted(withArgs(cheap, both)).calls[0]?.shapes ?? {}).sort()).toEqual([MOVE, BUY].sort())
    expect(refusal(withArgs({ ...cheap, at: 'n' }, both))).toEqual([114, '/calls/0/args/at'])
    const other = facts([
      entry('move', MOVE, [{ name: 'price', shape: { t: 'u64' } }]),
      entry('buy', BUY, [{ name: 'price', shape: { t: 'u256' } }]),
    ])
    expect(refusal(withArgs(cheap, both), other)).toEqual([114, '/calls/0/args/at'])
    expect(refusal(withArgs({ ...cheap, as: 'u256' }, both), other)).toBe('granted')
  })

  test('210: no readable ABI, and types that have no shape', () => {
    const of = (params?: readonly ReadParam[]) => facts([entry('buy', BUY, params)])
    expect(refusal(withArgs(cheap), of())).toEqual([210, '/calls/0/args/at'])
    expect(refusal(withArgs(cheap), facts([]))).toEqual([210, '/calls/0/args/at'])
    expect(refusal(withArgs({ ...cheap, at: 0 }), of())).toEqual([210, '/calls/0/args/at'])
    expect(refusal(withArgs({ ...cheap, at: '#' }), of())).toBe('granted')
    // Exactly decoded is all or nothing: a parameter behind it that cannot be read is enough.
    const price: ReadParam = { name: 'price', shape: { t: 'u256' } }
    expect(refusal(withArgs(cheap), of([price, { name: 'x', shape: 'unknown' }]))).toEqual([210, '/calls/0/args/at'])
    expect(refusal(withArgs(cheap), of([price, { name: 'x', shape: 'large' }]))).toEqual([215, '/calls/0/args/at'])
    expect(refusal(withArgs({ ...cheap, at: 0 }), of([price, { name: 'x', shape: 'unknown' }]))).toBe('granted')
    expect(refusal(withArgs({ ...cheap, at: 2 }), of([price, { name: 'x', shape: 'unknown' }]))).toEqual([
      210,
      '/calls/0/args/at',
    ])
    expect(refusal({ calls: [buy], deny: [{ ...buy, args: cheap }] }, of())).toEqual([210, '/deny/0/args/at'])
  })

  test('raw offset behind dynamic parameters', () => {
    const list: Shape = { t: 'array', of: u8 }
    const fixed = (n: string) => ({ at: '#', op: 'eq', value: n })
    const at = (shapes: readonly Shape[], index: number, length?: string, as = 'felt') => {
      const here = { at: index, as, op: 'eq', value: '1' }
      const params = shapes.map((shape, place) => ({ name: `p${place}`, shape }))
      const found = refusal(
        withArgs(length === undefined ? here : [here, fixed(length)]),
        facts([entry('buy', BUY, params)]),
      )
      return Array.isArray(found) ? found[0] : found
    }
    // None before it.
    expect([at([u8, u8], 0), at([u8, u8], 1), at([u8, u8], 2)]).toEqual(['granted', 'granted', 114])
    expect([at([u8, { t: 'u256' }], 1, undefined, 'u256'), at([u8, u8], 1, undefined, 'u256')]).toEqual([
      'granted',
      114,
    ])
    // One: up to its length felt, behind it only with a fixed number of felts.
    expect([at([u8, list, u8], 1), at([u8, list, u8], 2), at([u8, list, u8], 3)]).toEqual(['granted', 210, 210])
    expect([at([u8, list, u8], 2, '5'), at([u8, list, u8], 4, '5'), at([u8, list, u8], 5, '5')]).toEqual([
      'granted',
      'granted',
      114,
    ])
    // Two: they can trade elements.
    expect([at([list, list, u8], 0, '5'), at([list, list, u8], 4, '5')]).toEqual(['granted', 210])
    // Inside of one whose entries have no fixed size elements trade places too; behind it nothing moves.
    const nested: Shape = { t: 'array', of: list }
    expect([at([nested, u8], 2, '5'), at([nested, u8], 4, '5')]).toEqual([210, 'granted'])
    expect([at([{ t: 'bytes' }, u8], 1, '5'), at([{ t: 'bytes' }, u8], 4, '5')]).toEqual([210, 'granted'])
    // The number of felts must be fixed in the same `all`.
    const outside = (args: unknown) =>
      refusal(
        withArgs(args),
        facts([
          entry('buy', BUY, [
            { name: 'l', shape: list },
            { name: 'x', shape: u8 },
          ]),
        ]),
      )
    const last = { at: 4, op: 'eq', value: '1' }
    expect(outside({ all: [fixed('5'), last] })).toBe('granted')
    for (const args of [
      { all: [fixed('5'), { not: last }] },
      { any: [fixed('5'), last] },
      { all: [{ ...fixed('5'), op: 'lte' }, last] },
    ])
      expect((outside(args) as unknown[])[0]).toBe(210)
  })

  test('any contract: only the rows of one length of the money table', () => {
    const denied = (name: string, at: number, as = 'felt') =>
      refusal({
        calls: [buy],
        deny: [{ contract_address: '*', entry_point: name, args: { at, as, op: 'gt', value: '5' } }],
      })
    expect([denied('transfer', 0), denied('transfer', 1, 'u256'), denied('transferFrom', 3)]).toEqual([
      'granted',
      'granted',
      'granted',
    ])
    const no = [210, '/deny/0/args/at']
    expect([
      denied('transfer', 3),
      denied('transfer', 2, 'u256'),
      denied('safe_transfer_from', 0),
      denied('move', 0),
    ]).toEqual([no, no, no, no])
    const named = (entry_point: string, at: string | number) =>
      refusal({ calls: [buy], deny: [{ contract_address: '*', entry_point, args: { at, op: 'eq', value: '5' } }] })
    expect([named('transfer', 'amount'), named('*', 0), named('*', '#')]).toEqual([no, no, 'granted'])
  })

  test('215: sizes', () => {
    const many = (n: number) => Array.from({ length: n }, (_, at) => ({ ...cheap, value: `${at}` }))
    expect(refused(many(127))).toBe('granted')
    expect(refused(many(128))).toEqual([215, ''])
    expect(refused({ any: many(127) })).toBe('granted')
    expect(refused({ any: many(128) })).toEqual([215, ''])
    const list = (n: number) => ({ ...cheap, op: 'in', value: Array.from({ length: n }, (_, at) => `${at}`) })
    expect(refused(list(64))).toBe('granted')
    expect(refused({ not: list(65) })).toEqual([215, '/not/value'])
    const rules = (n: number) => ({
      calls: Array.from({ length: n }, (_, at) => ({
        ...buy,
        args: [...many(100), { ...cheap, op: 'eq', value: `${at}` }],
      })),
    })
    expect(refusal(rules(10))).toBe('granted')
    expect(refusal(rules(11))).toEqual([215, '/calls'])
    const wide: Shape = { t: 'struct', fields: Array.from({ length: 255 }, (_, at) => ({ name: `f${at}`, shape: u8 })) }
    const of = (...shapes: Shape[]) =>
      facts([
        entry(
          'buy',
          BUY,
          shapes.map((shape, at) => ({ name: at === 0 ? 'price' : `p${at}`, shape })),
        ),
      ])
    expect(refusal(withArgs({ ...cheap, at: 'p1.f0' }), of(u8, wide))).toEqual([215, '/calls/0'])
    expect(refusal(withArgs({ ...cheap, at: 'price.f0' }), of(wide))).toBe('granted')
    const sums = Array.from({ length: 9 }, (_, at) => ({ at, caps: [] }))
    expect(refusal({ calls: [{ ...buy, sums }] })).toEqual([215, '/calls/0/sums'])
    const deny = Array.from({ length: 65 }, () => ({ contract_address: '*', entry_point: '*' }))
    expect(refusal({ calls: [buy], deny })).toEqual([215, '/deny'])
  })
})

describe('running totals', () => {
  test('kinds by the class, windows as everywhere, in the order of the request', () => {
    const sums = [
      { at: 'price', caps: [{ amount: '25' }, { amount: '0x5', window: { rolling: 60 } }] },
      { at: 0, caps: [] },
    ]
    expect(granted({ calls: [{ ...buy, sums }] }).calls[0]?.sums).toEqual([
      {
        arg: { at: 'param', name: 'price', path: [] },
        as: 'u256',
        caps: [
          { window: { kind: 'session' }, max: '25' },
          { window: { kind: 'rolling', seconds: 60 }, max: '5' },
        ],
      },
      { arg: { at: 'felt', index: 0 }, as: 'felt', caps: [{ window: { kind: 'session' }, max: '0' }] },
    ])
    expect(granted({ calls: [{ ...buy, sums: [] }] }).calls[0]?.sums).toEqual([])
  })

  test('114: what is no number, and one argument twice', () => {
    const of = (...sums: object[]) => refusal({ calls: [{ ...buy, sums: sums.map((sum) => ({ caps: [], ...sum })) }] })
    expect(of({ at: 'to' })).toEqual([114, '/calls/0/sums/0/at'])
    expect(of({ at: 'to', as: 'felt' })).toBe('granted')
    expect(of({ at: 'legs' })).toEqual([114, '/calls/0/sums/0/at'])
    expect(of({ at: '.' })).toEqual([114, '/calls/0/sums/0/at'])
    expect(of({ at: 'price' }, { at: 'price', as: 'u128' })).toEqual([114, '/calls/0/sums/1/at'])
    expect(of({ at: 'price', as: 'bool' })).toEqual([114, '/calls/0/sums/0/as'])
    expect(of({ at: 5, as: 'u256' })).toEqual([210, '/calls/0/sums/0/at'])
    const twice = [{ amount: '1' }, { amount: '2' }]
    expect(of({ at: 'price', caps: twice })).toEqual([114, '/calls/0/sums/0/caps/1'])
  })
})

describe('deny rules', () => {
  test('sorted, each once, and never about an own account or a banned entrypoint', () => {
    const any = { contract_address: '*', entry_point: '*' }
    const move = { contract_address: GAME, entry_point: ['move'] }
    const policy = granted({ calls: [buy], deny: [move, any, move] })
    expect(policy.deny).toEqual([
      { contract: '*', entrypoints: '*', by: 'site' },
      { contract: GAME, entrypoints: [MOVE], by: 'site' },
    ])
    expect(granted({ calls: [buy], deny: [] }).deny).toEqual([])
    expect(granted({ calls: [buy], deny: [any, move] })).toEqual(policy)
    const denied = (deny: object) => refusal({ calls: [buy], deny: [deny] })
    for (const own of [ACCOUNT, padded(OTHER_ACCOUNT)])
      expect(denied({ ...any, contract_address: own })).toEqual([215, '/deny/0/contract_address'])
    expect(denied({ ...any, entry_point: '__execute__' })).toEqual([215, '/deny/0/entry_point'])
    expect(denied({ ...any, entry_point: ['*', 'move'] })).toEqual([114, '/deny/0/entry_point/0'])
    expect(denied({ ...any, entry_point: [] })).toEqual([114, '/deny/0/entry_point'])
    expect(denied({ ...any, more: 1 })).toEqual([114, '/deny/0/more'])
    // Nothing need be there to be forbidden.
    expect(denied({ ...any, contract_address: '0x404' })).toBe('granted')
  })
})

describe('a running session answers', () => {
  const request = {
    calls: [{ ...buy, args: cheap, sums: [{ at: 'price', caps: [{ amount: '25' }] }] }],
    deny: [{ contract_address: STRK, entry_point: 'transfer' }],
  }
  const running = (json: object = request) => sampleSession(granted(json), { asked: asked(json) })
  const answers = (json: object, session = running()) => covers(session, asked(json), NOW + 10)
  const rule = (changes: object) => ({ ...request, calls: [{ ...request.calls[0], ...changes }] })

  test('the same conditions in any spelling, smaller totals, and no others', () => {
    expect(answers(request)).toBe(true)
    expect(answers(rule({ args: { ...cheap, as: 'u256', value: '0x5' } }))).toBe(true)
    expect(answers(rule({ args: { ...cheap, value: '4' } }))).toBe(false)
    expect(answers(rule({ args: undefined }))).toBe(false)
    expect(answers(rule({ args: { ...cheap, at: 'no' } }))).toBe(false)
    expect(answers(rule({ sums: [{ at: 'price', caps: [{ amount: '24' }] }] }))).toBe(true)
    expect(answers(rule({ sums: [{ at: 'price', caps: [{ amount: '26' }] }] }))).toBe(false)
    expect(answers(rule({ sums: [{ at: 1, caps: [{ amount: '1' }] }] }))).toBe(false)
    expect(answers(rule({ sums: [{ at: 'price', as: 'u128', caps: [{ amount: '1' }] }] }))).toBe(false)
  })

  test('a site that names denies gets a session with no other ones', () => {
    const more = { contract_address: '*' as const, entry_point: 'approve' }
    expect(answers({ ...request, deny: [more, ...request.deny] })).toBe(true)
    expect(answers({ ...request, deny: [more] })).toBe(false)
    expect(answers({ calls: request.calls })).toBe(true)
    const { deny: _, ...rest } = request
    expect(answers(rest)).toBe(true)
    // What the person blocked later never makes an equal request prompt again.
    const narrower = running()
    const deny = [...narrower.effective.deny, { contract: GAME as Address, entrypoints: [BUY], by: 'person' as const }]
    expect(answers(request, { ...narrower, effective: { ...narrower.effective, deny } })).toBe(true)
  })
})

test('the money table knows the entrypoints used here', () => {
  expect(moneySelector('transferFrom')).toBe(selectorOf('transferFrom'))
})
