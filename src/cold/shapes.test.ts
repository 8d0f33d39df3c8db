import fc from 'fast-check'
import { CairoCustomEnum, CairoOption, CairoOptionVariant, CallData, cairo } from 'starknet'
import { describe, expect, test } from 'vitest'
import { type Felt, felt, P } from '../core/felt.ts'
import type { Param, Shape } from '../core/policy/policy.ts'
import { decodeCalldata, nodesOf, type Value } from '../core/policy/shapes.ts'
import { selectorOf } from '../starknet/selector.ts'
import { parameters } from './shapes.ts'

const input = (name: string, type: string) => ({ name, type })
const fn = (inputs: readonly unknown[], name = 'act') => ({
  type: 'function',
  name,
  inputs,
  outputs: [],
  state_mutability: 'external',
})
const ADDRESS = 'core::starknet::contract_address::ContractAddress'
const read = (abi: unknown, name = 'act') => parameters(abi).get(selectorOf(name))
const only = (type: string, ...more: readonly unknown[]) => read([fn([input('value', type)]), ...more])?.[0]?.shape

describe('parameters', () => {
  test('every type of an ABI in the form in which it lies in calldata', () => {
    const order = { type: 'struct', name: 'a::Order', members: [input('to', ADDRESS), input('legs', '(felt, felt)')] }
    const side = { type: 'enum', name: 'a::Side', variants: [input('Buy', '()'), input('Sell', 'core::integer::u8')] }
    const u256 = { type: 'struct', name: 'core::integer::u256', members: [input('low', 'x'), input('high', 'y')] }
    expect(only('core::integer::usize')).toEqual({ t: 'u32' })
    expect(only('core::integer::u256', u256)).toEqual({ t: 'u256' })
    expect(only('core::starknet::class_hash::ClassHash')).toEqual({ t: 'classHash' })
    expect(only('@core::array::Array::<core::byte_array::ByteArray>')).toEqual({ t: 'array', of: { t: 'bytes' } })
    expect(only('core::array::Span::<[core::bool; 3]>')).toEqual({
      t: 'array',
      of: { t: 'fixed', of: { t: 'bool' }, length: 3 },
    })
    expect(only('a::Order', order)).toEqual({
      t: 'struct',
      fields: [
        { name: 'to', shape: { t: 'address' } },
        {
          name: 'legs',
          shape: {
            t: 'struct',
            fields: [
              { name: '0', shape: { t: 'felt' } },
              { name: '1', shape: { t: 'felt' } },
            ],
          },
        },
      ],
    })
    expect(only('a::Side', side)).toEqual({
      t: 'enum',
      variants: [
        { name: 'Buy', shape: { t: 'struct', fields: [] } },
        { name: 'Sell', shape: { t: 'u8' } },
      ],
    })
    expect(only('Uint256')).toEqual({ t: 'u256' })
  })

  test('what has no exact shape is unknown: signed, recursive, unlisted, named twice', () => {
    const self = { type: 'struct', name: 'S', members: [input('more', 'core::array::Array::<S>')] }
    const twice = { type: 'struct', name: 'T', members: [input('a', 'felt'), input('a', 'felt')] }
    for (const type of [
      'core::integer::i8',
      'core::bytes_31::bytes31',
      'core::zeroable::NonZero::<core::integer::u8>',
      'felt*',
      'a::Missing',
      'toString',
    ])
      expect([type, only(type)]).toEqual([type, 'unknown'])
    expect(only('S', self)).toBe('unknown')
    expect(only('T', twice)).toBe('unknown')
    expect(read([fn([input('a', 'felt'), input('b', 'felt'), input('a', 'felt')])])?.map(({ shape }) => shape)).toEqual(
      ['unknown', { t: 'felt' }, 'unknown'],
    )
    expect(read('no abi')).toBeUndefined()
  })

  test('a hostile ABI costs little', () => {
    const bomb = Array.from({ length: 12 }, (_, at) => ({
      type: 'struct',
      name: `B${at}`,
      members: [...'abcdefgh'].map((name) => input(name, `B${at + 1}`)),
    }))
    expect(only('B0', ...bomb, { type: 'struct', name: 'B12', members: [] })).toBe('large')
    expect(only('[(); 999999]')).toBe('large')
    expect(only(`${'('.repeat(400)}${')'.repeat(400)}`)).toBe('large')
    const nothings: Param[] = [{ name: 'n', shape: { t: 'struct', fields: [] } }]
    let deep: Shape = { t: 'struct', fields: nothings }
    for (let at = 0; at < 4; at++) deep = { t: 'fixed', of: deep, length: 1_000 }
    expect(decodeCalldata([{ name: 'n', shape: deep }], [])).toBeUndefined()
  })
})

// One random type: how an ABI writes it, what a value of it is to starknet.js and to us.
interface Sample {
  readonly type: string
  /** Struct and enum definitions that it needs. */
  readonly defs: readonly unknown[]
  readonly js: unknown
  readonly value: Value
}
const number = (value: bigint): Value => ({ t: 'number', value })
const below = (bits: number) =>
  fc.oneof(fc.constantFrom(0n, 1n, 2n ** BigInt(bits) - 1n), fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n }))
const plain = (type: string, values: fc.Arbitrary<bigint>) =>
  values.map((value): Sample => ({ type, defs: [], js: value, value: number(value) }))
let names = 0

const leaf: fc.Arbitrary<Sample> = fc.oneof(
  plain('core::felt252', fc.oneof(fc.constant(P - 1n), fc.bigInt({ min: 0n, max: P - 1n }))),
  plain(ADDRESS, fc.bigInt({ min: 1n, max: 2n ** 251n - 257n })),
  plain('core::starknet::class_hash::ClassHash', fc.bigInt({ min: 1n, max: 2n ** 251n - 1n })),
  ...[8, 16, 32, 64, 128].map((bits) => plain(`core::integer::u${bits}`, below(bits))),
  below(256).map((value): Sample => ({ type: 'core::integer::u256', defs: [], js: value, value: number(value) })),
  fc.boolean().map((it): Sample => ({ type: 'core::bool', defs: [], js: it, value: number(it ? 1n : 0n) })),
  fc
    .string({ maxLength: 70, unit: 'grapheme-ascii' })
    .map(
      (text): Sample => ({ type: 'core::byte_array::ByteArray', defs: [BYTE_ARRAY], js: text, value: { t: 'bytes' } }),
    ),
)
const BYTE_ARRAY = {
  type: 'struct',
  name: 'core::byte_array::ByteArray',
  members: [
    input('data', 'core::array::Array::<core::bytes_31::bytes31>'),
    input('pending_word', 'core::felt252'),
    input('pending_word_len', 'core::integer::u32'),
  ],
}
const defsOf = (all: readonly Sample[]) => all.flatMap(({ defs }) => defs)

const { any } = fc.letrec<{ any: Sample }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    leaf,
    fc.array(tie('any'), { minLength: 1, maxLength: 3 }).map((all): Sample => {
      const name = `t::S${names++}`
      const members = all.map(({ type }, at) => input(`m${at}`, type))
      return {
        type: name,
        defs: [...defsOf(all), { type: 'struct', name, members }],
        js: Object.fromEntries(all.map(({ js }, at) => [`m${at}`, js])),
        value: { t: 'parts', parts: new Map(all.map(({ value }, at) => [`m${at}`, value])) },
      }
    }),
    // starknet.js 10.8 counts the commas of a tuple that stands in the brackets of another type: such tuples are left out.
    fc
      .array(
        tie('any').filter(({ type }) => !/<.*\(/.test(type)),
        { minLength: 2, maxLength: 3 },
      )
      .map(
        (all): Sample => ({
          type: `(${all.map(({ type }) => type).join(', ')})`,
          defs: defsOf(all),
          js: cairo.tuple(...(all.map(({ js }) => js) as never[])),
          value: { t: 'parts', parts: new Map(all.map(({ value }, at) => [String(at), value])) },
        }),
      ),
    // Elements of one type: one value, repeated.
    fc.tuple(tie('any'), fc.nat(4), fc.constantFrom('Array', 'Span')).map(
      ([of, length, kind]): Sample => ({
        type: `core::array::${kind}::<${of.type}>`,
        defs: of.defs,
        js: Array.from({ length }, () => of.js),
        value: { t: 'list', items: Array.from({ length }, () => of.value) },
      }),
    ),
    fc.tuple(tie('any'), fc.boolean()).map(([of, some]): Sample => {
      const type = `core::option::Option::<${of.type}>`
      return {
        type,
        defs: [...of.defs, { type: 'enum', name: type, variants: [input('Some', of.type), input('None', '()')] }],
        js: some ? new CairoOption(CairoOptionVariant.Some, of.js) : new CairoOption(CairoOptionVariant.None),
        value: some
          ? { t: 'variant', index: 0n, name: 'Some', value: of.value }
          : { t: 'variant', index: 1n, name: 'None', value: { t: 'parts', parts: new Map() } },
      }
    }),
    fc.tuple(tie('any'), tie('any'), fc.nat(2)).map(([a, b, index]): Sample => {
      const name = `t::E${names++}`
      const variants = [input('A', a.type), input('B', b.type), input('C', '()')]
      const chosen = [a.js, b.js, {}][index]
      return {
        type: name,
        defs: [...defsOf([a, b]), { type: 'enum', name, variants }],
        js: new CairoCustomEnum(
          Object.fromEntries(['A', 'B', 'C'].map((key, at) => [key, at === index ? chosen : undefined])),
        ),
        value: {
          t: 'variant',
          index: BigInt(index),
          name: ['A', 'B', 'C'][index] as string,
          value: [a.value, b.value, { t: 'parts' as const, parts: new Map() }][index] as Value,
        },
      }
    }),
  ),
}))

describe('decodeCalldata', () => {
  test('what is out of range, of no variant or of no length is not decoded', () => {
    const fits = (shape: Shape, ...felts: bigint[]) =>
      decodeCalldata(
        [{ name: 'x', shape }],
        felts.map((it) => felt(it)),
      ) !== undefined
    const bits = [8, 16, 32, 64, 128] as const
    for (const n of bits) {
      const t = `u${n}` as const
      expect([fits({ t }, 2n ** BigInt(n) - 1n), fits({ t }, 2n ** BigInt(n))], t).toEqual([true, false])
    }
    expect([fits({ t: 'bool' }, 1n), fits({ t: 'bool' }, 2n)]).toEqual([true, false])
    expect([fits({ t: 'address' }, 2n ** 251n - 257n), fits({ t: 'address' }, 2n ** 251n - 256n)]).toEqual([
      true,
      false,
    ])
    expect([fits({ t: 'selector' }, 2n ** 250n - 1n), fits({ t: 'selector' }, 2n ** 250n)]).toEqual([true, false])
    const limb = 2n ** 128n
    expect([
      fits({ t: 'u256' }, limb - 1n, limb - 1n),
      fits({ t: 'u256' }, limb, 0n),
      fits({ t: 'u256' }, 0n, limb),
    ]).toEqual([true, false, false])
    const side: Shape = { t: 'enum', variants: [{ name: 'A', shape: { t: 'struct', fields: [] } }] }
    expect([fits(side, 0n), fits(side, 1n)]).toEqual([true, false])
    const many: Shape = { t: 'array', of: { t: 'struct', fields: [] } }
    expect([fits(many, 1_000n), fits(many, 1_001n)]).toEqual([true, false])
    const bytes: Shape = { t: 'bytes' }
    expect([fits(bytes, 0n, 255n, 1n), fits(bytes, 0n, 256n, 1n), fits(bytes, 0n, 0n, 31n)]).toEqual([
      true,
      false,
      false,
    ])
    expect([fits(bytes, 1n, 2n ** 248n - 1n, 0n, 0n), fits(bytes, 1n, 2n ** 248n, 0n, 0n)]).toEqual([true, false])
  })

  test('property: what starknet.js encodes is decoded; cut, extended or out of range it is not', () => {
    let decoded = 0
    fc.assert(
      fc.property(fc.array(any, { minLength: 1, maxLength: 3 }), (all) => {
        const abi = [fn(all.map(({ type }, at) => input(`p${at}`, type))), ...defsOf(all)]
        const params = read(abi) ?? []
        if (params.some(({ shape }) => shape === 'large')) return
        expect(params.some(({ shape }) => shape === 'unknown')).toBe(false)
        const known = params as Param[]
        const calldata = new CallData(abi as never)
          .compile('act', all.map(({ js }) => js) as never)
          .map((value) => felt(BigInt(value)))
        const expected = new Map(all.map(({ value }, at) => [`p${at}`, value]))
        expect(decodeCalldata(known, calldata)).toEqual(expected)
        decoded += 1
        expect(decodeCalldata(known, calldata.slice(0, -1))).toBeUndefined()
        expect(decodeCalldata(known, [...calldata, felt(0)])).toBeUndefined()
        // No parameter but a felt or a class hash takes the highest felt; then it is read as what it is.
        for (const at of [0, Math.floor(calldata.length / 2), calldata.length - 1]) {
          const high = calldata.with(at, felt(P - 1n))
          const found = decodeCalldata(known, high)
          if (found !== undefined) expect(high).toEqual(encode(found, known))
        }
      }),
      { numRuns: 2_000 },
    )
    expect(decoded).toBeGreaterThan(1_900)
  })
})

/** The felts of decoded values; texts are not kept, so calls with one are compared by their length alone. */
function encode(values: ReadonlyMap<string, Value>, params: readonly Param[]): readonly (Felt | unknown)[] {
  const felts = params.flatMap(({ name, shape }) => feltsOf(values.get(name) as Value, shape))
  return felts.includes(undefined) ? expect.anything() : felts
}

function feltsOf(value: Value, shape: Shape): readonly (Felt | undefined)[] {
  if (value.t === 'bytes') return [undefined]
  if (value.t === 'number') {
    return shape.t === 'u256' ? [felt(value.value & (2n ** 128n - 1n)), felt(value.value >> 128n)] : [felt(value.value)]
  }
  if (value.t === 'parts' && shape.t === 'struct') {
    return shape.fields.flatMap((field) => feltsOf(value.parts.get(field.name) as Value, field.shape))
  }
  if (value.t === 'variant' && shape.t === 'enum') {
    const variant = shape.variants[Number(value.index)] as Param
    return [felt(value.index), ...feltsOf(value.value, variant.shape)]
  }
  if (value.t === 'list' && shape.t === 'array') {
    return [felt(value.items.length), ...value.items.flatMap((item) => feltsOf(item, shape.of))]
  }
  throw new Error('a value of another shape')
}

test('nodes are counted as they are written', () => {
  expect(nodesOf({ t: 'array', of: { t: 'struct', fields: [{ name: 'a', shape: { t: 'u8' } }] } })).toBe(3)
})
