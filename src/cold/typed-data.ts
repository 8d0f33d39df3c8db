import { type Felt, felt, MAX_U128, P, parseSelector, shortString } from '../core/felt.ts'
import { isPlainObject } from '../core/schema.ts'
import { pedersen, pedersenList } from '../starknet/pedersen.ts'
import { poseidon, poseidon2 } from '../starknet/poseidon.ts'
import { keccakFelt, selectorOf } from '../starknet/selector.ts'

/**
 * SNIP-12 typed data, revisions 0 and 1: read strictly, hashed, and shown as a tree of exactly what is hashed. What
 * starknet.js and this file would hash differently, or what a person would read otherwise than it is hashed, is refused.
 */
export interface TypedData {
  readonly revision: 0 | 1
  readonly types: ReadonlyMap<string, readonly Member[]>
  readonly primaryType: string
  readonly domain: Fields
  readonly message: Fields
}
export interface Member {
  readonly name: string
  readonly type: string
  readonly contains?: string
}
type Fields = Readonly<Record<string, unknown>>

/** One value that is hashed, or several under one name. */
export interface Signed {
  readonly name: string
  readonly type: string
  /** What stands for it in the hash of what contains it. */
  readonly felt: bigint
  readonly shown: Shown
  /** Keys beside the type's members: no hash knows them. */
  readonly unsigned: readonly { readonly name: string; readonly text: string }[]
}
export type Shown =
  | { readonly as: 'text' | 'number' | 'hex'; readonly text: string }
  | { readonly as: 'time'; readonly seconds: bigint }
  | { readonly as: 'bool'; readonly yes: boolean }
  /** A name, and the selector that is hashed for it. */
  | { readonly as: 'action'; readonly text: string; readonly hex: Felt }
  | { readonly as: 'parts'; readonly of: 'struct' | 'list' | 'tree' | 'enum'; readonly parts: readonly Signed[] }

export interface Hashed {
  readonly revision: 0 | 1
  readonly primaryType: string
  readonly domain: Signed
  readonly message: Signed
  readonly domainHash: Felt
  readonly typeHash: Felt
  /** Of every struct in it, domain and presets included. */
  readonly typeHashes: ReadonlySet<Felt>
  readonly hash: (account: Felt) => Felt
  /** The hashed value of the member at this path, a u256 as one number; `undefined`: it is not one value. */
  readonly valueAt: (path: readonly string[]) => bigint | undefined
}

/** What is wrong with typed data: where, and what was expected, never what came. */
export type BadTypedData = Error & { readonly kind: 'badTypedData'; readonly at: string; readonly why: string }

/** policy.md 14 has the types; the others keep the hashing of one message under the time of one approval. */
const MAX = { types: 32, members: 64, name: 64, values: 5_000, depth: 16, text: 16_384, spelled: 80 } as const
const DOMAINS = ['StarkNetDomain', 'StarknetDomain'] as const
const MESSAGE = BigInt(shortString('StarkNet Message'))
/** Of JavaScript's own objects: a look-up by such a name finds what nobody wrote. */
const FORBIDDEN: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype', 'toJSON'])
/** Letters of the type text are out: a name with `":"` in it can give one type another's hash (argent-sessions.md 12). */
const NAME = /^[\x20-\x7e]+$/
const TYPE_TEXT = /["(),:*]/
const PRINTABLE = /^[\x20-\x7e]*$/
const BASIC: Readonly<Record<0 | 1, ReadonlySet<string>>> = {
  0: new Set(['felt', 'bool', 'string', 'selector', 'merkletree']),
  1: new Set([
    'felt',
    'bool',
    'string',
    'selector',
    'merkletree',
    'enum',
    'timestamp',
    'u128',
    'i128',
    'ContractAddress',
    'ClassHash',
    'shortstring',
  ]),
}
const PRESETS: ReadonlyMap<string, readonly Member[]> = new Map([
  [
    'u256',
    [
      { name: 'low', type: 'u128' },
      { name: 'high', type: 'u128' },
    ],
  ],
  [
    'TokenAmount',
    [
      { name: 'token_address', type: 'ContractAddress' },
      { name: 'amount', type: 'u256' },
    ],
  ],
  [
    'NftId',
    [
      { name: 'collection_address', type: 'ContractAddress' },
      { name: 'token_id', type: 'u256' },
    ],
  ],
])

/**
 * Reads the four members of typed data; whatever stands beside them is nobody's.
 *
 * @throws BadTypedData
 */
export function readTypedData(raw: unknown): TypedData {
  if (!isPlainObject(raw)) throw bad('', 'an object')
  const { types: rawTypes, primaryType, domain, message } = raw
  if (!isPlainObject(domain)) throw bad('/domain', 'an object')
  if (!isPlainObject(message)) throw bad('/message', 'an object')
  if (!isPlainObject(rawTypes)) throw bad('/types', 'an object')
  const names = Object.keys(rawTypes)
  if (names.length > MAX.types) throw bad('/types', `at most ${MAX.types} types`)
  const revision = revisionOf(names, domain)
  const types = new Map(names.map((name) => [name, readType(name, rawTypes[name], revision)]))
  if (typeof primaryType !== 'string' || !types.has(primaryType)) throw bad('/primaryType', 'one of the types')
  return { revision, types, primaryType, domain, message }
}

/**
 * @throws BadTypedData where a value is missing, of another type, or not to be told apart from another
 * @see typed-data.test.ts "differential: equals starknet.js"
 */
export function hashTypedData(data: TypedData): Hashed {
  const hashing = hashingOf(data)
  const domain = structOf(hashing, DOMAINS[data.revision], 'domain', data.domain, '/domain', 0)
  const message = structOf(hashing, data.primaryType, 'message', data.message, '/message', 0)
  return {
    revision: data.revision,
    primaryType: data.primaryType,
    domain,
    message,
    domainHash: felt(domain.felt),
    typeHash: typeHashIn(hashing, data.primaryType),
    typeHashes: new Set(hashing.typeHashes.values()),
    hash: (account) => felt(hashing.list([MESSAGE, domain.felt, BigInt(account), message.felt])),
    valueAt: (path) => {
      let at: Signed | undefined = message
      for (const name of path) {
        if (at?.shown.as !== 'parts' || at.shown.of !== 'struct') return undefined
        at = at.shown.parts.find((part) => part.name === name)
      }
      if (at === undefined || path.length === 0) return undefined
      if (at.shown.as === 'parts') return undefined
      return at.type === 'u256' && at.shown.as === 'number' ? BigInt(at.shown.text) : at.felt
    },
  }
}

/** The domain alone, for a rule about messages that are not there yet. @throws BadTypedData */
export function hashScope(data: TypedData): {
  readonly domain: Signed
  readonly domainHash: Felt
  readonly typeHash: Felt
} {
  const hashing = hashingOf(data)
  const domain = structOf(hashing, DOMAINS[data.revision], 'domain', data.domain, '/domain', 0)
  return { domain, domainHash: felt(domain.felt), typeHash: typeHashIn(hashing, data.primaryType) }
}

/** One value of a member, as `valueAt` would give it. `undefined`: the path leads to no single value. @throws BadTypedData */
export function hashValue(
  data: TypedData,
  path: readonly string[],
  value: string,
): { readonly type: string; readonly felt: bigint; readonly isText: boolean } | undefined {
  let [type, member]: [string, Member | undefined] = [data.primaryType, undefined]
  for (const name of path) {
    member = membersOf(data, type)?.find((one) => one.name === name)
    if (member === undefined) return undefined
    type = member.type
  }
  if (member === undefined) return undefined
  if (type === 'u256' && data.revision === 1) {
    const amount = integerOf(value)
    if (amount === undefined || amount >= 2n ** 256n) throw bad('', 'an amount')
    return { type, felt: amount, isText: false }
  }
  if (membersOf(data, type) !== undefined || type.endsWith('*') || type === 'merkletree') return undefined
  if (data.revision === 1 && type === 'enum') return undefined
  const written = data.revision === 1 && type === 'bool' ? value === 'true' || value === '1' : value
  const signed = encoded(hashingOf(data), member, written, '', 0)
  const { as } = signed.shown
  // Of a negative number the felt is the largest: it has no order.
  return { type, felt: signed.felt, isText: as === 'text' || as === 'action' || type === 'i128' }
}

export function isBadTypedData(error: unknown): error is BadTypedData {
  return error instanceof Error && 'kind' in error && error.kind === 'badTypedData'
}

interface Hashing {
  readonly data: TypedData
  readonly list: (felts: readonly bigint[]) => bigint
  readonly pair: (a: bigint, b: bigint) => bigint
  readonly typeHashes: Map<string, Felt>
  readonly left: { values: number }
}

function hashingOf(data: TypedData): Hashing {
  const [list, pair] = data.revision === 1 ? [poseidon, poseidon2] : [pedersenList, pedersen]
  return { data, list, pair, typeHashes: new Map(), left: { values: MAX.values } }
}

/** By the type of the domain, and what it says itself; starknet.js reads it the same way. */
function revisionOf(names: readonly string[], { revision }: Fields): 0 | 1 {
  const said = typeof revision === 'string' || typeof revision === 'number' ? String(revision) : revision
  if (names.includes(DOMAINS[1]) && said === '1') return 1
  if (names.includes(DOMAINS[0]) && (revision === undefined || revision === '0')) return 0
  throw bad('/domain/revision', 'revision 0 or 1, with the type of its domain')
}

function readType(name: string, raw: unknown, revision: 0 | 1): readonly Member[] {
  const at = `/types/${pointed(name)}`
  if (!isName(name)) throw bad(at, 'a printable name without " ( ) , : *')
  const basic = BASIC[revision].has(name) || (revision === 1 && PRESETS.has(name))
  if (basic) throw bad(at, 'a name that is not a basic type')
  if (!Array.isArray(raw) || raw.length > MAX.members) throw bad(at, `a list of at most ${MAX.members} members`)
  const members = raw.map((it: unknown, index): Member => {
    const here = `${at}/${index}`
    if (!isPlainObject(it)) throw bad(here, 'a member')
    const { name: member, type, contains } = it
    if (typeof member !== 'string' || !isName(member)) throw bad(`${here}/name`, 'a printable name without " ( ) , : *')
    if (typeof type !== 'string' || !isType(type)) throw bad(`${here}/type`, 'a type')
    if (contains !== undefined && (typeof contains !== 'string' || !isName(contains)))
      throw bad(`${here}/contains`, 'a type')
    return { name: member, type, ...(contains === undefined ? {} : { contains }) }
  })
  const twice = members.findIndex((one, index) => members.findIndex((other) => other.name === one.name) !== index)
  if (twice >= 0) throw bad(`${at}/${twice}/name`, 'each name once')
  return members
}

function isName(name: string): boolean {
  return name.length <= MAX.name && NAME.test(name) && !TYPE_TEXT.test(name) && !FORBIDDEN.has(name)
}

/** `name`, a list of one, or what an enum's variant carries: `(a,b*)`. */
function isType(type: string): boolean {
  if (type.length > MAX.name * 4) return false
  const variant = variantOf(type)
  if (variant !== undefined) return variant.every((one) => isName(withoutList(one)))
  return isName(withoutList(withoutList(type)))
}

function variantOf(type: string): readonly string[] | undefined {
  if (!type.startsWith('(') || !type.endsWith(')')) return undefined
  return type.length === 2 ? [] : type.slice(1, -1).split(',')
}

function withoutList(type: string): string {
  return type.endsWith('*') ? type.slice(0, -1) : type
}

function membersOf({ types, revision }: TypedData, type: string): readonly Member[] | undefined {
  return types.get(type) ?? (revision === 1 ? PRESETS.get(type) : undefined)
}

/** The type's text with all it needs, and the starknet keccak of it. A leaf's type of a tree is not part of it. */
function typeHashIn(hashing: Hashing, type: string): Felt {
  const known = hashing.typeHashes.get(type)
  if (known !== undefined) return known
  const { data } = hashing
  const needs = new Set<string>()
  const visit = (name: string, open: readonly string[]): void => {
    if (open.includes(name)) throw bad(`/types/${pointed(name)}`, 'a type that does not contain itself')
    if (needs.has(name)) return
    const members = membersOf(data, name)
    if (members === undefined) return
    needs.add(name)
    for (const next of members.flatMap((member) => namesIn(member, data.revision))) visit(next, [...open, name])
  }
  visit(type, [])
  needs.delete(type)
  const texts = [type, ...[...needs].sort()].map((name) => textOf(name, membersOf(data, name) ?? [], data.revision))
  const hash = keccakFelt(texts.join(''))
  hashing.typeHashes.set(type, hash)
  return hash
}

function namesIn({ type, contains }: Member, revision: 0 | 1): readonly string[] {
  if (revision === 1 && type === 'enum') return contains === undefined ? [] : [contains]
  if (revision === 1) return (variantOf(type) ?? [type]).map(withoutList)
  return [withoutList(type)]
}

function textOf(name: string, members: readonly Member[], revision: 0 | 1): string {
  const quoted = (it: string) => (revision === 1 ? `"${it}"` : it)
  const said = ({ type, contains }: Member) => {
    const of = revision === 1 && type === 'enum' ? (contains ?? '') : type
    const variant = variantOf(of)
    return variant === undefined ? quoted(of) : `(${variant.map(quoted).join(',')})`
  }
  return `${quoted(name)}(${members.map((member) => `${quoted(member.name)}:${said(member)}`).join(',')})`
}

function structOf(hashing: Hashing, type: string, name: string, value: unknown, at: string, depth: number): Signed {
  const members = membersOf(hashing.data, type)
  if (members === undefined) throw bad(at, 'a type that is defined')
  if (!isPlainObject(value)) throw bad(at, 'an object')
  const keys = Object.keys(value)
  if (keys.length > MAX.values) throw bad(at, 'fewer members')
  // Before the values: a type that contains itself would be walked as deep as somebody writes it.
  const typeHash = typeHashIn(hashing, type)
  const parts = members.map((member) => {
    const here = `${at}/${pointed(member.name)}`
    const found = Object.hasOwn(value, member.name) ? value[member.name] : undefined
    if (found === undefined || found === null) throw bad(here, 'a value')
    return encoded(hashing, member, found, here, depth + 1)
  })
  const unsigned = keys
    .filter((key) => !members.some((member) => member.name === key))
    .map((key) => ({ name: key, text: unsignedText(value[key]) }))
  const shown = type === 'u256' && hashing.data.revision === 1 ? wide(parts) : undefined
  return {
    name,
    type,
    felt: hashing.list([BigInt(typeHash), ...parts.map((part) => part.felt)]),
    shown: shown ?? { as: 'parts', of: 'struct', parts },
    unsigned,
  }
}

function wide(parts: readonly Signed[]): Shown {
  const [low, high] = parts
  return { as: 'number', text: ((low?.felt ?? 0n) + ((high?.felt ?? 0n) << 128n)).toString() }
}

function encoded(hashing: Hashing, member: Member, value: unknown, at: string, depth: number): Signed {
  if (hashing.left.values-- <= 0) throw bad(at, `at most ${MAX.values} values`)
  if (depth > MAX.depth) throw bad(at, `at most ${MAX.depth} levels`)
  const { data } = hashing
  const { name, type } = member
  if (membersOf(data, type) !== undefined) return structOf(hashing, type, name, value, at, depth)
  if (type.endsWith('*')) return listOf(hashing, member, value, at, depth)
  if (type === 'merkletree') return treeOf(hashing, member, value, at, depth)
  if (type === 'enum' && data.revision === 1) return enumOf(hashing, member, value, at, depth)
  return { name, type, unsigned: [], ...leaf(hashing, type, value, at) }
}

function listOf(hashing: Hashing, { name, type }: Member, value: unknown, at: string, depth: number): Signed {
  const of = withoutList(type)
  const base = withoutList(of)
  // Of those starknet.js has no type text, or no way to encode them.
  const nested = of !== base && membersOf(hashing.data, base) !== undefined
  if (nested || (base === 'enum' && hashing.data.revision === 1) || base === 'merkletree')
    throw bad(at, 'a list whose items have one meaning')
  const parts = itemsOf(value, at).map((item, index) =>
    encoded(hashing, { name: `${index}`, type: of }, item, `${at}/${index}`, depth + 1),
  )
  return {
    name,
    type,
    felt: hashing.list(parts.map((part) => part.felt)),
    shown: shownParts('list', parts),
    unsigned: [],
  }
}

function treeOf(hashing: Hashing, member: Member, value: unknown, at: string, depth: number): Signed {
  const { name, type, contains } = member
  if (contains === undefined || contains === 'merkletree' || (contains === 'enum' && hashing.data.revision === 1))
    throw bad(at, 'a tree of a type with one meaning')
  const items = itemsOf(value, at)
  if (items.length === 0) throw bad(at, 'at least one leaf')
  const parts = items.map((item, index) =>
    encoded(hashing, { name: `${index}`, type: contains }, item, `${at}/${index}`, depth + 1),
  )
  let level = parts.map((part) => part.felt)
  while (level.length > 1) {
    const below = level
    level = Array.from({ length: Math.ceil(below.length / 2) }, (_, index) => {
      const [a, b] = [below[2 * index] ?? 0n, below[2 * index + 1] ?? 0n]
      return a < b ? hashing.pair(a, b) : hashing.pair(b, a)
    })
  }
  return { name, type, felt: level[0] ?? 0n, shown: shownParts('tree', parts), unsigned: [] }
}

function enumOf(hashing: Hashing, member: Member, value: unknown, at: string, depth: number): Signed {
  const { name, contains } = member
  const variants = contains === undefined ? undefined : hashing.data.types.get(contains)
  if (contains === undefined || variants === undefined) throw bad(at, 'an enum that is defined')
  if (!isPlainObject(value)) throw bad(at, 'an object')
  const [key, ...others] = Object.keys(value)
  const index = variants.findIndex((variant) => variant.name === key)
  const variant = variants[index]
  const carried = variant && variantOf(variant.type)
  if (key === undefined || others.length > 0 || carried === undefined) throw bad(at, 'exactly one variant')
  // Any other variant must be one too: it is part of the type.
  if (variants.some((one) => variantOf(one.type) === undefined)) throw bad(at, 'an enum')
  const here = `${at}/${pointed(key)}`
  const items = itemsOf(value[key], here)
  if (items.length !== carried.length) throw bad(here, 'as many values as the variant has')
  const parts = carried.map((of, place) => {
    if (of === 'enum' || of === 'merkletree') throw bad(`${here}/${place}`, 'a value of one meaning')
    return encoded(hashing, { name: `${place}`, type: of }, items[place], `${here}/${place}`, depth + 1)
  })
  // Source: starknet.js 10.8.0 reads "()" as one empty value and hashes it as 0.
  const payload = carried.length === 0 ? [0n] : parts.map((part) => part.felt)
  const chosen: Signed = {
    name: key,
    type: variant?.type ?? '',
    felt: 0n,
    shown: shownParts('list', parts),
    unsigned: [],
  }
  return {
    name,
    type: contains,
    felt: hashing.list([BigInt(index), ...payload]),
    shown: { as: 'parts', of: 'enum', parts: [chosen] },
    unsigned: [],
  }
}

function shownParts(of: 'list' | 'tree', parts: readonly Signed[]): Shown {
  return { as: 'parts', of, parts }
}

function itemsOf(value: unknown, at: string): readonly unknown[] {
  if (!Array.isArray(value)) throw bad(at, 'a list')
  if (value.length > MAX.values) throw bad(at, `at most ${MAX.values} values`)
  const missing = value.findIndex((item) => item === undefined || item === null)
  if (missing >= 0) throw bad(`${at}/${missing}`, 'a value')
  return value
}

type Leaf = Pick<Signed, 'felt' | 'shown'>

function leaf({ data: { revision }, list }: Hashing, type: string, value: unknown, at: string): Leaf {
  if (type === 'selector') return selectorLeaf(value, at)
  // In revision 0 a name that is no type stands for one felt, as starknet.js has it.
  if (revision === 0) return type === 'bool' && typeof value === 'boolean' ? truth(value) : feltLeaf(value, at)
  switch (type) {
    case 'felt':
    case 'shortstring':
      return feltLeaf(value, at)
    case 'string':
      return stringLeaf(value, list, at)
    case 'bool':
      if (typeof value !== 'boolean') throw bad(at, 'true or false')
      return truth(value)
    case 'u128':
      return number(value, MAX_U128, at)
    case 'timestamp': {
      const seconds = number(value, MAX_U128, at).felt
      return { felt: seconds, shown: { as: 'time', seconds } }
    }
    case 'ContractAddress':
    case 'ClassHash': {
      const { felt: found } = number(value, P - 1n, at)
      return { felt: found, shown: { as: 'hex', text: felt(found) } }
    }
    case 'i128': {
      const signed = typeof value === 'string' && /^-\d{1,40}$/.test(value) ? BigInt(value) : integerOf(value)
      if (signed === undefined || signed < -(2n ** 127n) || signed >= 2n ** 127n) throw bad(at, 'an i128')
      return { felt: signed < 0n ? P + signed : signed, shown: { as: 'number', text: signed.toString() } }
    }
    default:
      throw bad(at, 'a type that is defined')
  }
}

function truth(yes: boolean): Leaf {
  return { felt: yes ? 1n : 0n, shown: { as: 'bool', yes } }
}

function number(value: unknown, max: bigint, at: string): Leaf {
  const found = integerOf(value)
  if (found === undefined || found < 0n || found > max) throw bad(at, 'a number of its type')
  return { felt: found, shown: { as: 'number', text: found.toString() } }
}

/** A number where it reads as one, else a short text. What only a parser takes for a number is neither. */
function feltLeaf(value: unknown, at: string): Leaf {
  const found = integerOf(value)
  if (found !== undefined) {
    if (found < 0n || found >= P) throw bad(at, 'a felt')
    const hex = typeof value === 'string' && /^0x/i.test(value)
    return { felt: found, shown: hex ? { as: 'hex', text: felt(found) } : { as: 'number', text: found.toString() } }
  }
  if (value === '') return { felt: 0n, shown: { as: 'text', text: '' } }
  if (typeof value !== 'string' || value.length > 31 || !PRINTABLE.test(value) || isNumeric(value))
    throw bad(at, 'a number, or at most 31 printable ASCII characters')
  return { felt: BigInt(shortString(value)), shown: { as: 'text', text: value } }
}

/** A Cairo ByteArray. starknet.js writes no byte of two digits below 0x10, so control characters are refused. */
function stringLeaf(value: unknown, list: Hashing['list'], at: string): Leaf {
  if (typeof value !== 'string' || value.length > MAX.text || !PRINTABLE.test(value))
    throw bad(at, 'printable ASCII characters')
  const words = value.match(/.{31}/gs) ?? []
  const rest = value.slice(words.length * 31)
  const bytes = (text: string) => (text === '' ? 0n : BigInt(shortString(text)))
  return {
    felt: list([BigInt(words.length), ...words.map(bytes), bytes(rest), BigInt(rest.length)]),
    shown: { as: 'text', text: value },
  }
}

/** Decimal text would be hashed as a name. */
function selectorLeaf(value: unknown, at: string): Leaf {
  const hex = parseSelector(value)
  if (hex !== undefined) return { felt: BigInt(hex), shown: { as: 'hex', text: hex } }
  try {
    const text = typeof value === 'string' ? value : ''
    const found = selectorOf(text)
    return { felt: BigInt(found), shown: { as: 'action', text, hex: found } }
  } catch {
    throw bad(at, 'the name of an entrypoint, or its selector in hex')
  }
}

function integerOf(value: unknown): bigint | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined
  if (typeof value !== 'string' || value.length > MAX.spelled) return undefined
  return /^(0[xX][0-9a-fA-F]+|[0-9]+)$/.test(value) ? BigInt(value) : undefined
}

function isNumeric(text: string): boolean {
  try {
    BigInt(text)
    return true
  } catch {
    return false
  }
}

function unsignedText(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? '[…]' : '{…}'
  return String(value).slice(0, 300)
}

function pointed(step: string): string {
  return step.slice(0, MAX.name).replaceAll('~', '~0').replaceAll('/', '~1')
}

function bad(at: string, what: string): BadTypedData {
  return Object.assign(new Error('bad typed data'), { kind: 'badTypedData' as const, at, why: `expected ${what}` })
}
