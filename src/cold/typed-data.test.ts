import { readFileSync } from 'node:fs'
import { type TypedData as StarknetJsTypedData, typedData } from 'starknet'
import { describe, expect, test } from 'vitest'
import { type Felt, felt, P } from '../core/felt.ts'
import { hashScope, hashTypedData, hashValue, isBadTypedData, readTypedData, type Signed } from './typed-data.ts'

const vectors = JSON.parse(readFileSync(new URL('../starknet/vectors/session-token.json', import.meta.url), 'utf8'))
const ACCOUNT = felt('0x778c984a033ef67b6d24805c2c04a993466fc28451d3761337b0c3a896ae297')
const DOMAIN_1 = ['name', 'version', 'chainId', 'revision'].map((name) => ({ name, type: 'shortstring' }))
const DOMAIN_0 = ['name', 'version', 'chainId'].map((name) => ({ name, type: 'felt' }))
const domain1 = { name: 'Arena', version: '1', chainId: 'SN_SEPOLIA', revision: '1' }
const domain0 = { name: 'Arena', version: '1', chainId: 'SN_SEPOLIA' }

type Members = readonly { readonly name: string; readonly type: string; readonly contains?: string }[]
function one(
  type: string,
  value: unknown,
  more: { revision?: 0 | 1; types?: Record<string, Members>; contains?: string } = {},
) {
  const { revision = 1, types = {}, contains } = more
  const member = { name: 'it', type, ...(contains === undefined ? {} : { contains }) }
  return {
    types: {
      ...(revision === 1 ? { StarknetDomain: DOMAIN_1 } : { StarkNetDomain: DOMAIN_0 }),
      Mail: [member],
      ...types,
    },
    primaryType: 'Mail',
    domain: revision === 1 ? domain1 : domain0,
    message: { it: value },
  }
}
const ours = (data: unknown): Felt => hashTypedData(readTypedData(data)).hash(ACCOUNT)
const theirs = (data: unknown) => felt(typedData.getMessageHash(data as StarknetJsTypedData, ACCOUNT))
function why(data: unknown): string {
  try {
    ours(data)
    return 'hashed'
  } catch (error) {
    if (isBadTypedData(error)) return `${error.at} ${error.why}`
    throw error
  }
}
function shown(data: unknown): unknown {
  const plain = ({ name, shown: it }: Signed): unknown => [name, it.as === 'parts' ? it.parts.map(plain) : { ...it }]
  return plain(hashTypedData(readTypedData(data)).message)
}

describe('typed data is hashed as everybody hashes it', () => {
  test('the session of the vectors has the hash that the account accepted', () => {
    const message = hashTypedData(readTypedData(vectors.td))
    expect(message.hash(vectors.addr_owner_guardian)).toBe(felt(vectors.SN_SEPOLIA.session_hash ?? theirs(vectors.td)))
    expect(message.typeHash).toBe(vectors.th_session)
    expect(message.domain.type).toBe('StarknetDomain')
  })

  // 2,000 trees of both revisions; the seed is fixed, so a tree that fails is the same tree tomorrow.
  test('differential: equals starknet.js on 2,000 random trees', { timeout: 240_000 }, () => {
    const dice = diceOf(0x5eed)
    const met = new Set<string>()
    for (let at = 0; at < 2_000; at++) {
      // A pedersen costs as much as thirty poseidons, and both sides pay it.
      const data = tree(dice, at % 16 === 0 ? 0 : 1, met)
      expect(ours(data), `tree ${at}: ${JSON.stringify(data)}`).toBe(theirs(data))
    }
    expect([...met].sort()).toEqual([...KINDS].sort())
  })

  test('another value, name, type or order is another hash', () => {
    const base = one('u128', '5')
    const others = [
      one('u128', '6'),
      one('felt', '5'),
      { ...base, message: { that: '5' }, types: { ...base.types, Mail: [{ name: 'that', type: 'u128' }] } },
      { ...base, domain: { ...domain1, name: 'Arena2' } },
    ]
    expect(new Set([base, ...others].map(ours)).size).toBe(5)
  })

  test('a hash is of one account alone', () => {
    const { hash } = hashTypedData(readTypedData(one('felt', 1)))
    expect(hash(felt(1))).not.toBe(hash(felt(2)))
  })
})

describe('what has two readings is refused', () => {
  test.each([
    ['a negative number for a felt', one('felt', '-5')],
    ['spaces around a number', one('felt', ' 5 ')],
    ['a binary number', one('shortstring', '0b101')],
    ['an octal number', one('shortstring', '0o17')],
    ['a felt of the prime', one('felt', `0x${P.toString(16)}`)],
    ['a number over 2^53', one('felt', 2 ** 53)],
    ['half a number', one('u128', 0.5)],
    ['a u128 of 2^128', one('u128', (2n ** 128n).toString())],
    ['an i128 under its least', one('i128', (-(2n ** 127n) - 1n).toString())],
    ['a text that is too long', one('shortstring', 'x'.repeat(32))],
    ['a letter that is not ASCII', one('shortstring', 'é')],
    ['a line break in a string', one('string', 'a\nb')],
    ['a decimal selector', one('selector', '123')],
    ['a bool by number', one('bool', 1)],
    ['null', one('felt', null)],
    ['a list for one value', one('felt', ['5'])],
    ['one value for a list', one('felt*', '5')],
    ['a list of lists of a struct', one('Leg**', [], { types: { Leg: [{ name: 'a', type: 'felt' }] } })],
    ['a hole in a list', one('felt*', [1, null])],
    ['a tree without leaves', one('merkletree', [], { contains: 'felt' })],
    ['a tree without a type', one('merkletree', ['1'])],
    ['a type that is nowhere', one('Missing', {})],
    ['a text for an address', one('ContractAddress', 'me')],
  ])('%s', (_, data) => expect(why(data)).toMatch(/^\/message\/it(\/1)? expected /))

  test('a member that is inherited is not there', () => {
    const data = one('felt', 1)
    expect(why({ ...data, message: Object.create({ it: 1 }) })).toBe('/message/it expected a value')
  })

  test.each(['a"b', 'a,b', 'a:b', 'a(b', 'a)b', '*', '', '__proto__', 'constructor', 'é', 'a\u202eb', 'x'.repeat(65)])(
    'the name %s',
    (name) => {
      const data = one('felt', 1)
      const types = { ...data.types, Mail: [{ name, type: 'felt' }] }
      expect(why({ ...data, types })).toMatch(/^\/types\/Mail\/0\/name /)
      const named = JSON.parse(JSON.stringify(data.types).replace('"Mail"', JSON.stringify(name)))
      expect(why({ ...data, types: named })).toMatch(/^\/(types|primaryType)/)
    },
  )

  test('a member name that stands twice', () => {
    const data = one('felt', 1)
    const twice = [
      { name: 'it', type: 'felt' },
      { name: 'it', type: 'u128' },
    ]
    expect(why({ ...data, types: { ...data.types, Mail: twice } })).toBe('/types/Mail/1/name expected each name once')
  })

  test('a type that contains itself, over one step or two', () => {
    const data = one('Mail*', [])
    expect(why(data)).toMatch(/does not contain itself$/)
    const types = { A: [{ name: 'b', type: 'B*' }], B: [{ name: 'a', type: 'A*' }] }
    expect(why(one('A', { b: [] }, { types }))).toMatch(/does not contain itself$/)
  })

  test('a basic type or a preset under a definition of the site', () => {
    for (const name of ['felt', 'u256', 'string', 'merkletree', 'TokenAmount']) {
      expect(why(one('felt', 1, { types: { [name]: [] } }))).toMatch(/^\/types\/.* is not a basic type$/)
    }
  })

  test('a revision that is neither 0 nor 1, or not of its domain', () => {
    const data = one('felt', 1)
    for (const revision of ['2', 0, '0', undefined, null, ['1'], true]) {
      expect(why({ ...data, domain: { ...domain1, revision } })).toMatch(/^\/domain\/revision /)
    }
    expect(why({ ...one('felt', 1, { revision: 0 }), domain: { ...domain0, revision: '1' } })).toMatch(/^\/domain\/rev/)
  })

  test('too much: types, members, values, levels', () => {
    const data = one('felt', 1)
    const many = (n: number, of: (at: number) => [string, unknown]) =>
      Object.fromEntries(Array.from({ length: n }, (_, at) => of(at)))
    const types = many(32, (at) => [`T${at}`, []])
    expect(why({ ...data, types: { ...data.types, ...types } })).toBe('/types expected at most 32 types')
    const members = Array.from({ length: 65 }, (_, at) => ({ name: `m${at}`, type: 'felt' }))
    expect(why({ ...data, types: { ...data.types, Mail: members } })).toMatch(/^\/types\/Mail /)
    expect(
      why(
        one(
          'felt*',
          Array.from({ length: 5_001 }, () => 1),
        ),
      ),
    ).toBe('/message/it expected at most 5000 values')
    const deep = Object.fromEntries(
      Array.from({ length: 20 }, (_, at) => [`D${at}`, [{ name: 'd', type: at === 19 ? 'felt' : `D${at + 1}` }]]),
    )
    let value: unknown = 1
    for (let at = 0; at < 20; at++) value = { d: value }
    expect(why(one('D0', value, { types: deep }))).toMatch(/at most 16 levels$/)
  })

  test('an enum with two variants, none, or one more value', () => {
    const types = {
      Side: [
        { name: 'Buy', type: '(u128)' },
        { name: 'Sell', type: '()' },
      ],
    }
    const side = (value: unknown) => why(one('enum', value, { contains: 'Side', types }))
    expect(side({ Buy: ['1'] })).toBe('hashed')
    expect(side({ Sell: [] })).toBe('hashed')
    for (const value of [{ Buy: ['1'], Sell: [] }, {}, { Buy: ['1', '2'] }, { Buy: [] }, { Hold: [] }, null])
      expect(side(value)).toMatch(/^\/message\/it/)
  })
})

describe('what is shown is what is hashed', () => {
  test('numbers, texts, addresses, times, names of actions and amounts', () => {
    const types = {
      Mail: [
        { name: 'text', type: 'shortstring' },
        { name: 'number text', type: 'shortstring' },
        { name: 'hex', type: 'felt' },
        { name: 'who', type: 'ContractAddress' },
        { name: 'until', type: 'timestamp' },
        { name: 'action', type: 'selector' },
        { name: 'amount', type: 'u256' },
        { name: 'less', type: 'i128' },
        { name: 'yes', type: 'bool' },
      ],
    }
    const message = {
      text: 'hello',
      'number text': '0017',
      hex: '0x0AB',
      who: '11',
      until: '1893456000',
      action: 'transfer',
      amount: { low: '5', high: '1' },
      less: '-3',
      yes: true,
    }
    const base = one('felt', 1)
    expect(shown({ ...base, types: { ...base.types, ...types }, message })).toEqual([
      'message',
      [
        ['text', { as: 'text', text: 'hello' }],
        ['number text', { as: 'number', text: '17' }],
        ['hex', { as: 'hex', text: '0xab' }],
        ['who', { as: 'hex', text: '0xb' }],
        ['until', { as: 'time', seconds: 1893456000n }],
        ['action', { as: 'action', text: 'transfer', hex: expect.stringMatching(/^0x83afd3f4/) }],
        ['amount', { as: 'number', text: (2n ** 128n + 5n).toString() }],
        ['less', { as: 'number', text: '-3' }],
        ['yes', { as: 'bool', yes: true }],
      ],
    ])
  })

  test('keys beside the members are told apart, and change no hash', () => {
    const data = one('felt', 1)
    const more = { ...data, message: { ...data.message, Purpose: 'only a login', deep: { a: 1 } } }
    expect(ours(more)).toBe(ours(data))
    expect(hashTypedData(readTypedData(more)).message.unsigned).toEqual([
      { name: 'Purpose', text: 'only a login' },
      { name: 'deep', text: '{…}' },
    ])
  })
})

describe('rules about messages', () => {
  const types = {
    Leg: [
      { name: 'token', type: 'ContractAddress' },
      { name: 'amount', type: 'u256' },
    ],
  }
  const data = one('Leg', { token: '0x5', amount: { low: '7', high: '1' } }, { types })

  test('a scope is the domain and the type, with or without a message', () => {
    const whole = hashTypedData(readTypedData(data))
    const scope = hashScope(readTypedData({ ...data, message: {} }))
    expect([scope.domainHash, scope.typeHash]).toEqual([whole.domainHash, whole.typeHash])
  })

  test('a value of a rule is what the message has there', () => {
    const { valueAt } = hashTypedData(readTypedData(data))
    expect(valueAt(['it', 'token'])).toBe(5n)
    expect(valueAt(['it', 'amount'])).toBe(2n ** 128n + 7n)
    expect([valueAt([]), valueAt(['it']), valueAt(['it', 'none']), valueAt(['it', 'token', 'x'])]).toEqual(
      Array(4).fill(undefined),
    )
    const rule = (path: readonly string[], value: string) => hashValue(readTypedData(data), path, value)
    expect(rule(['it', 'token'], '0x05')).toEqual({ type: 'ContractAddress', felt: 5n, isText: false })
    expect(rule(['it', 'amount'], '100')).toEqual({ type: 'u256', felt: 100n, isText: false })
    expect([rule([], '1'), rule(['it'], '1'), rule(['it', 'none'], '1')]).toEqual(Array(3).fill(undefined))
  })

  test('a text, a name and a signed number have no order', () => {
    for (const [type, value, isText] of [
      ['shortstring', 'buy', true],
      ['shortstring', '5', false],
      ['string', 'buy', true],
      ['selector', 'transfer', true],
      ['i128', '-5', true],
      ['bool', 'true', false],
    ] as const) {
      const found = hashValue(readTypedData(one(type, '')), ['it'], value)
      expect([type, found?.isText]).toEqual([type, isText])
      const written = type === 'bool' ? true : value
      expect(found?.felt).toBe(hashTypedData(readTypedData(one(type, written))).valueAt(['it']))
    }
  })
})

/** Seeded: mulberry32. */
function diceOf(seed: number) {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (n: number) => Math.floor(next() * n)
  return {
    below,
    pick: <T>(of: readonly T[]): T => of[below(of.length)] as T,
    bits: (n: number) => {
      let value = 0n
      for (let at = 0; at < n; at++) value = value * 2n + BigInt(below(2))
      return value >> BigInt(below(n))
    },
    text: (max: number) =>
      Array.from({ length: below(max + 1) }, () => String.fromCharCode(0x20 + below(0x5f))).join(''),
  }
}
type Dice = ReturnType<typeof diceOf>

const LEAVES_1 = [
  ...['felt', 'bool', 'string', 'selector', 'timestamp', 'u128', 'i128', 'ContractAddress', 'ClassHash'],
  ...['shortstring', 'u256', 'TokenAmount', 'NftId'],
]
const LEAVES_0 = ['felt', 'bool', 'string', 'selector']
const KINDS = [
  ...LEAVES_1.map((type) => `1 ${type}`),
  ...LEAVES_0.map((type) => `0 ${type}`),
  ...['1 enum', '1 struct', '0 struct', '1 list', '0 list', '1 merkletree', '0 merkletree', '1 lists', '0 lists'],
]

/** Struct n is made of those after it, so none contains itself. */
function tree(dice: Dice, revision: 0 | 1, met: Set<string>) {
  const structs = Array.from(
    { length: 1 + dice.below(3) },
    (_, at) => `${dice.pick(['Order', 'A b', 'z', 'Leg'])}${at}`,
  )
  const enums = revision === 1 ? ['Side', 'Kind'].slice(0, dice.below(3)) : []
  const types: Record<string, Members> = { ...one('felt', 1, { revision }).types, Mail: [] }
  const leaf = () => dice.pick(revision === 1 ? LEAVES_1 : LEAVES_0)
  for (const name of enums) {
    types[name] = Array.from({ length: 1 + dice.below(3) }, (_, at) => ({
      name: `v${at}`,
      type: `(${Array.from({ length: dice.below(3) }, () => leaf() + (dice.below(4) === 0 ? '*' : '')).join(',')})`,
    }))
  }
  const any = [...['Mail'], ...structs]
  any.forEach((name, at) => {
    const later = any.slice(at + 1)
    const type = () => (later.length > 0 && dice.below(2) === 0 ? dice.pick(later) : leaf())
    types[name] = Array.from({ length: 1 + dice.below(3) }, (_, index) => {
      const member = { name: `${dice.pick(['a', 'B c', 'to', 'Amount'])}${index}` }
      const shape = dice.below(8)
      if (shape === 0) return { ...member, type: 'merkletree', contains: type() }
      if (shape === 1 && enums.length > 0) return { ...member, type: 'enum', contains: dice.pick(enums) }
      if (shape === 2) return { ...member, type: `${type()}*` }
      if (shape === 3) return { ...member, type: `${dice.pick(LEAVES_0)}**` }
      return { ...member, type: type() }
    })
  })
  const value = (type: string, contains?: string): unknown => {
    const list = (of: string, least = 0) => Array.from({ length: least + dice.below(3) }, () => value(of))
    if (type === 'merkletree') {
      met.add(`${revision} merkletree`)
      return list(contains ?? 'felt', 1)
    }
    if (type === 'enum') {
      met.add('1 enum')
      const variant = dice.pick(types[contains ?? ''] ?? [])
      const carried = variant.type === '()' ? [] : variant.type.slice(1, -1).split(',')
      return { [variant.name]: carried.map((of) => value(of)) }
    }
    if (type.endsWith('*')) {
      met.add(type.endsWith('**') ? `${revision} lists` : `${revision} list`)
      return list(type.slice(0, -1))
    }
    const members = types[type]
    if (members !== undefined) {
      met.add(`${revision} struct`)
      return Object.fromEntries(members.map((member) => [member.name, value(member.type, member.contains)]))
    }
    met.add(`${revision} ${type}`)
    return leafValue(dice, type, revision)
  }
  const message = value('Mail')
  return {
    types,
    primaryType: 'Mail',
    domain: revision === 1 ? domain1 : domain0,
    message,
  }
}

function leafValue(dice: Dice, type: string, revision: 0 | 1): unknown {
  const spelled = (it: bigint) =>
    dice.pick<unknown>([
      it.toString(),
      `0x${it.toString(16)}`,
      `0x00${it.toString(16).toUpperCase()}`,
      it <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(it) : it.toString(),
    ])
  const number = (bits: number) => spelled(dice.bits(bits))
  const words = (max: number) => {
    for (;;) {
      const text = dice.text(max)
      // What a parser takes for a number is refused, and tested so above.
      if (Number.isNaN(Number(text))) return text
    }
  }
  switch (type) {
    case 'felt':
      return dice.below(3) === 0 ? words(31) : number(251)
    case 'shortstring':
      return words(31)
    case 'string':
      return revision === 1 ? dice.text(100) : words(31)
    case 'bool':
      return dice.below(2) === 0
    case 'selector':
      return dice.pick(['transfer', 'approve', '0x83afd3f4caedc6eebf44246fe54e38c95e3179a5ec9ea81740eca5b482d12e'])
    case 'timestamp':
      return number(40)
    case 'u128':
      return number(128)
    case 'i128':
      return dice.below(2) === 0 ? number(127) : `-${dice.bits(127)}`
    case 'u256':
      return { low: number(128), high: number(128) }
    case 'TokenAmount':
      return { token_address: number(251), amount: { low: number(128), high: 0 } }
    case 'NftId':
      return { collection_address: number(251), token_id: { low: number(128), high: number(3) } }
    default:
      return number(251)
  }
}
