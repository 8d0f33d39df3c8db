import fc from 'fast-check'
import {
  CairoByteArray,
  CairoCustomEnum,
  CairoFixedArray,
  CairoOption,
  CairoOptionVariant,
  CairoResult,
  CairoResultVariant,
  CairoUint32,
  CairoUint256,
  CairoUint512,
  CallData,
} from 'starknet'
import { describe, expect, it } from 'vitest'
import { respelled } from '../background/spellings.ts'
import { compile } from './felts.ts'
import { unfitOf } from './plain.ts'

const P = 2n ** 251n + 17n * 2n ** 192n + 1n
const SEED = 20261126

/** What the worker reads: the page's text, with names hashed. Undefined: refused. */
function ours(calldata: unknown): readonly bigint[] | undefined {
  let text: string
  try {
    text = compile(calldata, '')
  } catch {
    return undefined
  }
  const { calls } = respelled('wallet_checkSession', { calls: [{ calldata: JSON.parse(text) }] }) as {
    calls: { calldata: string[] }[]
  }
  return calls[0]!.calldata.map((felt) => {
    expect(felt).toMatch(/^0x(0|[1-9a-f][0-9a-f]{0,62})$/)
    return BigInt(felt)
  })
}

const refusal = (calldata: unknown) => {
  try {
    return compile(calldata, '/calldata')
  } catch (error) {
    return unfitOf(error)
  }
}

/** The list of provider.md 6.1, read without looking at felts.ts. */
function isListed(it: unknown, depth = 0): boolean {
  if (typeof it === 'bigint') return it < 0n || it >= P
  if (typeof it === 'number') return !Number.isSafeInteger(it) || it < 0
  if (typeof it === 'boolean') return false
  if (typeof it === 'string') {
    if (/^0x[0-9a-f]+$/i.test(it) || /^[0-9]+$/.test(it)) return BigInt(it) >= P
    if (it === '' || /^0x$/i.test(it) || /[^\x20-\x7e]/.test(it) || it !== it.trim()) return true
    return it !== '' && !Number.isNaN(Number(it)) && /^[-+.0-9e]+$/i.test(it)
  }
  if (typeof it !== 'object' || it === null) return true
  if (Array.isArray(it)) return Object.keys(it).length !== it.length || it.some((item) => isListed(item, depth + 1))
  if (depth > 0 && it instanceof CairoOption) return it.isSome() && isListed(it.unwrap(), depth + 1)
  if (depth > 0 && it instanceof CairoResult) return isListed(it.unwrap(), depth + 1)
  if (depth > 0 && it instanceof CairoCustomEnum) return isListed(it.unwrap(), depth + 1)
  if (depth > 0 && (it instanceof CairoUint256 || it instanceof CairoUint512)) return false
  if (Object.getPrototypeOf(it) !== Object.prototype) return true
  return Object.entries(it).some(([key, value]) =>
    key === 'entrypoint'
      ? typeof value !== 'string' || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(value) || value.length > 128
      : key.includes('.') || isListed(value, depth + 1),
  )
}

const ascii = (min: number, max: number) =>
  fc.string({
    unit: fc.integer({ min: 33, max: 126 }).map((code) => String.fromCharCode(code)),
    minLength: min,
    maxLength: max,
  })
const number = fc.oneof(
  fc.bigInt({ min: 0n, max: P - 1n }),
  fc.constantFrom(0n, 1n, P - 1n, 2n ** 128n, 2n ** 250n),
  fc.nat(),
  fc.constantFrom(0, 1, Number.MAX_SAFE_INTEGER),
  fc.boolean(),
  fc.bigInt({ min: 0n, max: P - 1n }).map((value) => value.toString()),
  fc.bigInt({ min: 0n, max: P - 1n }).map((value) => `0x${value.toString(16).padStart(64, '0')}`),
  fc.bigInt({ min: 0n, max: P - 1n }).map((value) => `0X${value.toString(16).toUpperCase()}`),
)
const text = fc.oneof(
  ascii(1, 31),
  ascii(31, 33),
  ascii(32, 130),
  ascii(62, 62),
  ascii(4, 20).map((it) => `${it} b`),
)
const bad = fc.constantFrom<unknown>(
  P,
  P + 1n,
  -1n,
  -1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 53,
  '',
  '0x',
  '0X',
  'é',
  '日本',
  null,
  undefined,
  ' 1',
  'a ',
  'a\nb',
  '\tx',
  '-5',
  '1.5',
  '1e18',
  () => 1,
  Symbol('s'),
  new Date(0),
  new Map([[1, 2]]),
  new Set([1]),
  new Uint8Array(2),
  Object(1n),
  new CairoUint32(1),
  { 'a.b': 1, a: { b: 2 } },
  { entrypoint: '0x12' },
  { entrypoint: 7 },
  Object.assign([1], { 2: 3 }), // A hole.
)
const key = fc.oneof(
  ascii(1, 6).filter((it) => !it.includes('.') && it !== '__proto__'),
  fc.nat(20).map(String),
)
const values = fc.letrec((tie) => ({
  item: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    { arbitrary: number, weight: 8 },
    { arbitrary: text, weight: 4 },
    { arbitrary: bad, weight: 1 },
    { arbitrary: fc.array(tie('item'), { maxLength: 4 }), weight: 3 },
    { arbitrary: tie('object'), weight: 3 },
    { arbitrary: tie('instance'), weight: 2 },
  ),
  object: fc.oneof(
    { arbitrary: fc.dictionary(key, tie('item'), { maxKeys: 4, noNullPrototype: true }), weight: 5 },
    {
      arbitrary: fc.record(
        { to: number, entrypoint: fc.constantFrom('transfer', '_x', 'a'.repeat(128)), data: tie('item') },
        { noNullPrototype: true },
      ),
      weight: 1,
    },
  ),
  instance: fc.oneof(
    fc
      .oneof(fc.constant(undefined), tie('item'))
      .map((it) =>
        it === undefined ? new CairoOption(CairoOptionVariant.None) : new CairoOption(CairoOptionVariant.Some, it),
      ),
    fc.tuple(fc.boolean(), tie('item')).map(
      ([ok, it]) =>
        // Both `undefined` is no result at all.
        new CairoResult(ok ? CairoResultVariant.Ok : CairoResultVariant.Err, it ?? 0),
    ),
    fc
      .tuple(fc.nat(2), fc.oneof(tie('item'), fc.constant({}), fc.constant([])))
      .map(
        ([index, it]) =>
          new CairoCustomEnum({ A: undefined, B: undefined, C: undefined, [('ABC' as const)[index]!]: it ?? 0 }),
      ),
    fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }).map((it) => new CairoUint256(it)),
    fc.bigInt({ min: 0n, max: 2n ** 512n - 1n }).map((it) => new CairoUint512(it)),
  ),
}))
const calldata = fc.oneof(fc.array(values.item, { maxLength: 5 }), values.object)

describe('calldata', () => {
  it(`property: 20,000 inputs give the felts of CallData.compile, or are refused for a listed reason (seed ${SEED})`, () => {
    let accepted = 0
    let refused = 0
    fc.assert(
      fc.property(calldata, (input) => {
        const felts = ours(input)
        if (isListed(input)) {
          refused += 1
          expect(felts).toBeUndefined()
        } else {
          accepted += 1
          expect(felts).toEqual(CallData.compile(input as never).map(BigInt)) // Its own type leaves half of it out.
        }
      }),
      { numRuns: 20_000, seed: SEED },
    )
    expect(accepted).toBeGreaterThan(8_000)
    expect(refused).toBeGreaterThan(2_000)
  })

  it('nothing at all and an empty object are no felts; a list inside carries its length', () => {
    expect([ours([]), ours({}), ours([[]]), ours([[1, [2]]])]).toEqual([[], [], [0n], [2n, 1n, 1n, 2n]])
  })

  it('an amount as an object, an instance and two felts are the same', () => {
    const amount = 7n + (9n << 128n)
    const felts = [7n, 9n]
    expect([ours([{ low: 7, high: '9' }]), ours([new CairoUint256(amount)]), ours([7, 9])]).toEqual([
      felts,
      felts,
      felts,
    ])
  })

  it('an object without prototype and one of another window are read like a plain one', () => {
    const bare = Object.assign(Object.create(null), { a: 1, b: [2] })
    expect(ours([bare])).toEqual([1n, 1n, 2n])
  })

  it('a class of another copy of the library is known by its own keys', () => {
    const other = Object.assign(Object.create({ isSome: () => true, isNone: () => false }), {
      Some: 5,
      None: undefined,
    })
    expect(ours([other])).toEqual([0n, 5n])
  })

  it.each([
    ['beyond P', [P], '/0'],
    ['negative', { a: [-1n] }, '/a/0'],
    ['a fraction', [1.5], '/0'],
    ['beyond 2^53 - 1', [2 ** 53], '/0'],
    ['text that reads as a number and is none', ['1.5'], '/0'],
    ['text with a space before it', [' 1'], '/0'],
    ['a line feed, which compile drops', ['a\nb'], '/0'],
    ['a date, which compile drops', [new Date()], '/0'],
    ['a map, which compile drops', [{ m: new Map() }], '/0/m'],
    ['a byte array instance, which compile encodes wrongly', [new CairoByteArray('x')], '/0'],
    ['a fixed array instance, which compile encodes wrongly', [new CairoFixedArray([1], '[felt; 1]')], '/0'],
    ['a key with a dot', [{ 'a.b': 1 }], '/0/a.b'],
    ['a selector where a name is hashed', { entrypoint: '0x1' }, '/entrypoint'],
    [
      'two variants of an enum',
      [Object.assign(new CairoCustomEnum({ A: 1, B: undefined }), { variant: { A: 1, B: 2 } })],
      '/0',
    ],
    ['text instead of a list', 'abc', ''],
    ['null', null, ''],
    ['a path with its own signs', [{ '~/': -1 }], '/0/~0~1'],
  ])('refuses: %s', (_, input, at) => {
    expect(refusal(input)).toMatchObject({ at: `/calldata${at}` })
  })

  it('refuses: a cycle, a wide cycle, an endless list and 10,000 levels, at once', () => {
    const cycle: unknown[] = []
    cycle.push(cycle)
    const wide: Record<string, unknown> = {}
    for (const name of 'abcdefgh') wide[name] = wide
    const endless = new Proxy([], { get: (_, name) => (name === 'length' ? 2 ** 52 : 1), ownKeys: () => ['length'] })
    let deep: unknown = 1
    for (let level = 0; level < 10_000; level++) deep = [deep]
    const from = performance.now()
    for (const input of [cycle, wide, [wide], endless, deep]) expect(refusal(input)).toHaveProperty('why')
    expect(performance.now() - from).toBeLessThan(1_000)
  })

  it('refuses: what a getter throws is never taken for a refusal of ours', () => {
    const trap = {
      get a() {
        throw { at: '/forged', why: 'forged' }
      },
    }
    expect(refusal([trap])).toEqual({ at: '', why: 'could not be read' })
  })
})
