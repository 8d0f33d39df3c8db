import fc from 'fast-check'
import { CairoOption, CairoOptionVariant, CallData, cairo } from 'starknet'
import { describe, expect, test } from 'vitest'
import { address, type Felt, felt, MAX_U256, P } from '../core/felt.ts'
import { selectorOf } from '../starknet/selector.ts'
import { describeCall, entrypoints, hasView } from './abi.ts'

const input = (name: string, type: string) => ({ name, type })
const fn = (name: string, inputs: readonly unknown[], state_mutability = 'external') => ({
  type: 'function',
  name,
  inputs,
  outputs: [],
  state_mutability,
})
const U256 = 'core::integer::u256'
const ADDRESS = 'core::starknet::contract_address::ContractAddress'
const GAME = [
  { type: 'impl', name: 'GameImpl', interface_name: 'game::IGame' },
  {
    type: 'interface',
    name: 'game::IGame',
    items: [
      fn('transfer', [input('recipient', ADDRESS), input('amount', U256)]),
      fn('balance_of', [input('account', ADDRESS)], 'view'),
      fn('everything', [
        input('flag', 'core::bool'),
        input('small', 'core::integer::u8'),
        input('signed', 'core::integer::i16'),
        input('note', 'core::byte_array::ByteArray'),
        input('moves', 'core::array::Array::<game::Move>'),
        input('pair', '(core::felt252, core::integer::u64)'),
        input('maybe', 'core::option::Option::<core::integer::u32>'),
        input('fixed', '[core::integer::u8; 2]'),
      ]),
    ],
  },
  { type: 'interface', name: 'game::INotEmbedded', items: [fn('phantom', [])] },
  { type: 'struct', name: 'game::Move', members: [input('x', 'core::integer::u8'), input('to', ADDRESS)] },
  { type: 'struct', name: U256, members: [input('low', 'core::integer::u128'), input('high', 'core::integer::u128')] },
  { type: 'enum', name: 'core::bool', variants: [input('False', '()'), input('True', '()')] },
  {
    type: 'enum',
    name: 'core::option::Option::<core::integer::u32>',
    variants: [input('Some', 'core::integer::u32'), input('None', '()')],
  },
  { type: 'constructor', name: 'constructor', inputs: [] },
  { type: 'l1_handler', name: 'from_l1', inputs: [], state_mutability: 'external' },
  fn('upgrade', [input('new_class_hash', 'core::starknet::class_hash::ClassHash')]),
]
const BYTE_ARRAY = {
  type: 'struct',
  name: 'core::byte_array::ByteArray',
  members: [
    input('data', 'core::array::Array::<core::bytes_31::bytes31>'),
    input('pending_word', 'core::felt252'),
    input('pending_word_len', 'core::integer::u32'),
  ],
}
const ERC20_CAIRO0 = [
  { type: 'struct', name: 'Uint256', size: 2, members: [input('low', 'felt'), input('high', 'felt')] },
  { type: 'function', name: 'balanceOf', inputs: [input('account', 'felt')], outputs: [], stateMutability: 'view' },
  { type: 'function', name: 'transfer', inputs: [input('recipient', 'felt'), input('amount', 'Uint256')], outputs: [] },
  { type: 'function', name: 'batch', inputs: [input('ids_len', 'felt'), input('ids', 'felt*')], outputs: [] },
  { type: 'function', name: 'place', inputs: [input('at', '(x : felt, y : felt)')], outputs: [] },
]
const call = (name: string, calldata: readonly (Felt | string | number | bigint)[]) => ({
  to: address('0x1'),
  selector: selectorOf(name),
  calldata: calldata.map((value) => felt(value)),
})
const texts = (abi: unknown, name: string, calldata: Parameters<typeof call>[1]) =>
  describeCall(abi, call(name, calldata))?.args.map(({ text }) => text)
/** A contract with one function of one argument. */
const only = (type: string, ...more: readonly unknown[]) => [fn('act', [input('value', type)]), ...more]

describe('entrypoints', () => {
  test('functions and embedded interfaces, views told apart; no constructor, no L1 handler, no interface without impl', () => {
    expect(entrypoints(GAME).map(({ name, view }) => [name, view])).toEqual([
      ['transfer', false],
      ['balance_of', true],
      ['everything', false],
      ['upgrade', false],
    ])
    expect(entrypoints(GAME)[0]).toEqual({
      name: 'transfer',
      selector: selectorOf('transfer'),
      view: false,
      inputs: [input('recipient', ADDRESS), input('amount', U256)],
    })
  })

  test('the JSON text of a Sierra class is read like the list', () => {
    expect(entrypoints(JSON.stringify(GAME))).toEqual(entrypoints(GAME))
  })

  test('Cairo 0 spells mutability its own way', () => {
    expect(entrypoints(ERC20_CAIRO0).map(({ name, view }) => [name, view])).toEqual([
      ['balanceOf', true],
      ['transfer', false],
      ['batch', false],
      ['place', false],
    ])
  })

  test('what is no ABI has no entrypoints, and a broken entry is left out', () => {
    for (const bad of [undefined, null, 7, 'not json', '{}', {}, [null, 1, 'x']]) expect(entrypoints(bad)).toEqual([])
    const broken = [
      fn('a b', []),
      fn('', []),
      { ...fn('f', []), inputs: 'x' },
      fn('g', [{ name: 'x' }]),
      fn('h', [input('a\u202eb', 'felt')]),
      { ...fn('i', []), name: 7 },
    ]
    expect(entrypoints([...broken, fn('good', [])]).map(({ name }) => name)).toEqual(['good'])
  })
})

test('hasView asks for a view of that name, not for an action', () => {
  expect(hasView(GAME, 'balance_of')).toBe(true)
  expect(hasView(GAME, 'transfer')).toBe(false)
  expect(hasView(GAME, 'decimals')).toBe(false)
  expect(hasView(ERC20_CAIRO0, 'balanceOf')).toBe(true)
})

describe('describeCall', () => {
  test('a transfer: address in hex, amount as one number', () => {
    expect(describeCall(GAME, call('transfer', ['0xabc', 5, 1]))).toEqual({
      name: 'transfer',
      args: [
        { name: 'recipient', type: ADDRESS, text: '0xabc' },
        { name: 'amount', type: U256, text: `${2n ** 128n + 5n}` },
      ],
    })
  })

  test('every type that the card can show, encoded by starknet.js', () => {
    const calldata = new CallData([...GAME, BYTE_ARRAY]).compile('everything', [
      true,
      7,
      -2,
      'Grüße, "du" – and more than thirty-one bytes of it',
      [
        { x: 1, to: '0x11' },
        { x: 2, to: '0x22' },
      ],
      cairo.tuple(2n ** 64n, 9),
      new CairoOption(CairoOptionVariant.Some, 5),
      [3, 4],
    ])
    expect(texts([...GAME, BYTE_ARRAY], 'everything', calldata)).toEqual([
      'true',
      '7',
      '-2',
      '"Grüße, \\"du\\" – and more than thirty-one bytes of it"',
      '[{x: 1, to: 0x11}, {x: 2, to: 0x22}]',
      '(0x10000000000000000, 9)',
      'Some(5)',
      '[3, 4]',
    ])
  })

  test('property: what starknet.js encodes is described; cut, extended or out of range it is not', () => {
    const moves = input('moves', 'core::array::Array::<game::Move>')
    const both = [fn('act', [moves, input('amount', U256)]), ...GAME.filter(({ type }) => type === 'struct')]
    const move = fc.record({ x: fc.nat(255), to: fc.bigInt({ min: 0n, max: 2n ** 251n - 257n }) })
    fc.assert(
      fc.property(fc.array(move, { maxLength: 5 }), fc.bigInt({ min: 0n, max: MAX_U256 }), (moves, amount) => {
        const calldata = new CallData(both).compile('act', [moves, amount]).map(String)
        expect(texts(both, 'act', calldata)).toEqual([
          `[${moves.map(({ x, to }) => `{x: ${x}, to: 0x${to.toString(16)}}`).join(', ')}]`,
          `${amount}`,
        ])
        expect(texts(both, 'act', calldata.slice(0, -1))).toBeUndefined()
        expect(texts(both, 'act', [...calldata, 0])).toBeUndefined()
        expect(texts(both, 'act', [...calldata.slice(0, -1), 2n ** 128n])).toBeUndefined()
      }),
    )
  })

  test('refuses: values out of their type', () => {
    const beyond: readonly (readonly [string, readonly bigint[]])[] = [
      ['core::bool', [2n]],
      ['core::integer::u8', [256n]],
      ['core::integer::u64', [2n ** 64n]],
      ['core::integer::i8', [128n]],
      ['core::integer::i8', [P - 129n]],
      [ADDRESS, [2n ** 251n - 256n]],
      ['core::starknet::eth_address::EthAddress', [2n ** 160n]],
      [U256, [2n ** 128n, 0n]],
      ['core::byte_array::ByteArray', [0n, 0n, 31n]],
      ['core::byte_array::ByteArray', [0n, 256n, 1n]],
      ['core::byte_array::ByteArray', [1n, 2n ** 248n, 0n, 0n]],
      ['core::array::Array::<core::felt252>', [2n, 1n]],
      ['core::array::Array::<core::felt252>', [P - 1n]],
      ['unknown::Type', [1n]],
      ['toString', [1n]],
    ]
    for (const [type, calldata] of beyond) expect([type, texts(only(type), 'act', calldata)]).toEqual([type, undefined])
    expect(texts(only('core::integer::i8'), 'act', [P - 128n])).toEqual(['-128'])
    expect(texts(only('core::integer::i8'), 'act', [127n])).toEqual(['127'])
  })

  test('felts read as numbers when small and as hex when large', () => {
    expect(texts(only('core::felt252'), 'act', [2n ** 64n - 1n])).toEqual(['18446744073709551615'])
    expect(texts(only('core::felt252'), 'act', [2n ** 64n])).toEqual(['0x10000000000000000'])
  })

  test('snapshots, spans, NonZero, unit and nested tuples', () => {
    expect(texts(only('@core::array::Array::<core::felt252>'), 'act', [1, 7])).toEqual(['[7]'])
    expect(texts(only('core::array::Span::<(core::bool, ())>'), 'act', [1, 1])).toEqual(['[(true, ())]'])
    expect(texts(only('core::zeroable::NonZero::<core::integer::u8>'), 'act', [7])).toEqual(['7'])
    expect(texts(only('(core::integer::u8, (core::bool, core::bool))'), 'act', [1, 0, 1])).toEqual([
      '(1, (false, true))',
    ])
  })

  test('Cairo 0: an array takes its length from the felt before it', () => {
    expect(texts(ERC20_CAIRO0, 'transfer', ['0xabc', 5, 0])).toEqual(['2748', '5'])
    expect(texts(ERC20_CAIRO0, 'batch', [2, 8, 9])).toEqual(['2', '[8, 9]'])
    expect(texts(ERC20_CAIRO0, 'batch', [3, 8, 9])).toBeUndefined()
    expect(texts(ERC20_CAIRO0, 'place', [1, 2])).toEqual(['(1, 2)'])
  })

  test('text that could reorder or hide what stands beside it is written out', () => {
    const text = 'pay\u202e me\u200b\nnow'
    const abi = only('core::byte_array::ByteArray', BYTE_ARRAY)
    expect(texts(abi, 'act', new CallData(abi).compile('act', [text]))).toEqual(['"pay\\u{202e} me\\u{200b}\\nnow"'])
  })

  test('bytes that are no text are shown as bytes', () => {
    expect(texts(only('core::byte_array::ByteArray'), 'act', [0, 0xff, 1])).toEqual(['0xff'])
  })

  test('an entrypoint that the ABI does not have stays undescribed', () => {
    expect(describeCall(GAME, call('phantom', []))).toBeUndefined()
    expect(describeCall(undefined, call('transfer', []))).toBeUndefined()
  })

  test('a hostile ABI costs little: self-containing types, and repetitions of nothing', () => {
    const self = { type: 'struct', name: 'S', members: [input('a', 'S'), input('b', 'S')] }
    const bomb = Array.from({ length: 12 }, (_, at) => ({
      type: 'struct',
      name: `B${at}`,
      members: [...'abcdefgh'].map((name) => input(name, `B${at + 1}`)),
    }))
    const started = performance.now()
    expect(texts(only('S', self), 'act', [1])).toBeUndefined()
    expect(texts(only('B0', ...bomb, { type: 'struct', name: 'B12', members: [] }), 'act', [1])).toBeUndefined()
    expect(texts(only('core::array::Array::<()>'), 'act', [2n ** 40n])).toBeUndefined()
    expect(texts(only('[(); 999999]'), 'act', [1])).toBeUndefined()
    expect(texts(only(`${'('.repeat(400)}${')'.repeat(400)}`), 'act', [1])).toBeUndefined()
    expect(performance.now() - started).toBeLessThan(1000)
  })
})
