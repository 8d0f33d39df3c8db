import { CAIRO_NAME, type Felt, P, type Selector } from '../core/felt.ts'
import type { Call } from '../core/policy/policy.ts'
import { selectorOf } from '../starknet/selector.ts'

/**
 * What a class says of itself. An ABI comes from a node and its author: nothing in it is trusted. It gives names to what
 * is enforced by selector, and what it does not describe exactly stays undescribed.
 */
export interface AbiEntrypoint {
  readonly name: string
  readonly selector: Selector
  /** Declared to change nothing. A claim of the author, not a promise of the chain. */
  readonly view: boolean
  readonly inputs: readonly AbiInput[]
}

export interface AbiInput {
  readonly name: string
  /** As the ABI writes it, e.g. `core::array::Array::<core::felt252>`. */
  readonly type: string
}

export interface DescribedCall {
  readonly name: string
  /** `text` is one line without control or direction characters. */
  readonly args: readonly (AbiInput & { readonly text: string })[]
}

/**
 * What can be called from outside: functions, and those of interfaces that an impl of the class embeds. Constructors and
 * L1 handlers are left out; so is what has no proper name or inputs.
 *
 * @param abi of Cairo 1 (list or its JSON text) or Cairo 0 (list); anything else has no entrypoints
 */
export function entrypoints(abi: unknown): AbiEntrypoint[] {
  const items = itemsOf(abi)
  const embedded = new Set(items.filter(({ type }) => type === 'impl').map((item) => item.interface_name))
  const functions = items.flatMap((item) => {
    if (item.type === 'function') return [item]
    return item.type === 'interface' && embedded.has(item.name) ? records(item.items) : []
  })
  const found = functions.filter(({ type }) => type === 'function').flatMap(entrypointOf)
  return [...new Map(found.map((entrypoint) => [entrypoint.selector, entrypoint])).values()]
}

/** Whether a class has a view of that name, e.g. `decimals`. */
export function hasView(abi: unknown, name: string): boolean {
  return entrypoints(abi).some((entrypoint) => entrypoint.view && entrypoint.name === name)
}

/**
 * A call with its arguments in readable form: integers decimal, u256 as one number, addresses and large felts hex.
 *
 * @returns undefined when the entrypoint is not in the ABI, or the calldata is not exactly its inputs: a value out of its
 * type's range, a felt too few or too many, a type that is not known
 * @see abi.test.ts "property: what starknet.js encodes is described; cut, extended or out of range it is not"
 */
export function describeCall(abi: unknown, call: Call): DescribedCall | undefined {
  const entrypoint = entrypoints(abi).find(({ selector }) => selector === call.selector)
  if (entrypoint === undefined) return undefined
  const reader: Reader = { felts: call.calldata, at: 0, steps: MAX_STEPS, types: typesOf(itemsOf(abi)) }
  try {
    const args = entrypoint.inputs.map((input, index) => {
      const element = /^(.+)\*$/.exec(input.type)?.[1]
      // Cairo 0: `values_len: felt, values: felt*`; the length is the felt just read.
      const text =
        element !== undefined && entrypoint.inputs[index - 1]?.name === `${input.name}_len`
          ? many(reader, element, BigInt(reader.felts[reader.at - 1] ?? fail()), 0)
          : read(reader, input.type, 0)
      return { name: input.name, type: input.type, text }
    })
    return reader.at === reader.felts.length ? { name: entrypoint.name, args } : undefined
  } catch (error) {
    if (error === UNREADABLE) return undefined
    throw error
  }
}

interface Reader {
  readonly felts: readonly Felt[]
  at: number
  /** Bounds the work that a hostile ABI can ask for: types without felts can be nested and repeated at no cost. */
  steps: number
  readonly types: ReadonlyMap<string, Type>
}
export type Type = { readonly kind: 'struct' | 'enum'; readonly members: readonly AbiInput[] }
export type Item = Readonly<Record<string, unknown>>

const MAX_STEPS = 20_000
const MAX_DEPTH = 16
const UNREADABLE = new RangeError('the calldata does not fit the ABI')
/** Felts from here on look like addresses and hashes to people, those below like numbers. */
const HEX_FROM = 2n ** 64n

const UNSIGNED: Readonly<Record<string, bigint>> = {
  'core::integer::u8': 8n,
  'core::integer::u16': 16n,
  'core::integer::u32': 32n,
  'core::integer::usize': 32n,
  'core::integer::u64': 64n,
  'core::integer::u128': 128n,
}
const SIGNED: Readonly<Record<string, bigint>> = {
  'core::integer::i8': 8n,
  'core::integer::i16': 16n,
  'core::integer::i32': 32n,
  'core::integer::i64': 64n,
  'core::integer::i128': 128n,
}
const HEX: Readonly<Record<string, bigint>> = {
  'core::starknet::contract_address::ContractAddress': 2n ** 251n - 256n,
  'core::starknet::class_hash::ClassHash': P,
  'core::starknet::storage_access::StorageAddress': 2n ** 251n - 256n,
  'core::starknet::eth_address::EthAddress': 2n ** 160n,
  'core::bytes_31::bytes31': 2n ** 248n,
}
const GENERIC = /^core::(?:array::(Array|Span)|zeroable::(NonZero))::<(.+)>$/s
const FIXED = /^\[(.+); ?(\d{1,6})\]$/s

function read(reader: Reader, written: string, depth: number): string {
  const type = written.trim()
  if (depth > MAX_DEPTH || reader.steps-- <= 0) fail()
  if (type.startsWith('@')) return read(reader, type.slice(1), depth + 1)
  if (type === 'core::felt252' || type === 'felt') {
    const value = next(reader)
    return value < HEX_FROM ? `${value}` : hex(value)
  }
  if (type === 'core::bool') return next(reader, 2n) === 1n ? 'true' : 'false'
  if (type === 'core::integer::u256' || /^(.+\.)?Uint256$/.test(type)) {
    const low = next(reader, 2n ** 128n)
    return `${low + (next(reader, 2n ** 128n) << 128n)}`
  }
  if (type === 'core::byte_array::ByteArray') return readText(reader)
  const unsigned = own(UNSIGNED, type)
  if (unsigned !== undefined) return `${next(reader, 2n ** unsigned)}`
  const signed = own(SIGNED, type)
  if (signed !== undefined) return readSigned(reader, 2n ** (signed - 1n))
  const bound = own(HEX, type)
  if (bound !== undefined) return hex(next(reader, bound))
  const generic = GENERIC.exec(type)
  if (generic?.[1] !== undefined) return many(reader, generic[3]!, next(reader), depth)
  if (generic?.[2] !== undefined) return read(reader, generic[3]!, depth + 1)
  const fixed = FIXED.exec(type)
  if (fixed !== null) return many(reader, fixed[1]!, BigInt(fixed[2]!), depth)
  if (type.startsWith('(') && type.endsWith(')')) return readTuple(reader, type, depth)
  const known = reader.types.get(type) ?? fail()
  if (known.kind === 'enum') {
    const variant = known.members[Number(next(reader, BigInt(known.members.length)))] ?? fail()
    return variant.type === '()' ? variant.name : `${variant.name}(${read(reader, variant.type, depth + 1)})`
  }
  return `{${known.members.map(({ name, type }) => `${name}: ${read(reader, type, depth + 1)}`).join(', ')}}`
}

function many(reader: Reader, type: string, length: bigint, depth: number): string {
  if (length > BigInt(MAX_STEPS)) fail()
  return `[${Array.from({ length: Number(length) }, () => read(reader, type, depth + 1)).join(', ')}]`
}

function readTuple(reader: Reader, type: string, depth: number): string {
  // Cairo 0 may name the parts: `(x : felt, y : felt)`.
  const parts = splitTopLevel(type.slice(1, -1)).map((part) => part.replace(/^\s*\w+\s*:(?!:)/, ''))
  return `(${parts.map((part) => read(reader, part, depth + 1)).join(', ')})`
}

function readSigned(reader: Reader, bound: bigint): string {
  const value = next(reader)
  const signed = value > P / 2n ? value - P : value
  return signed >= -bound && signed < bound ? `${signed}` : fail()
}

function readText(reader: Reader): string {
  const words = next(reader)
  if (words > BigInt(reader.felts.length)) fail()
  let bytes = ''
  for (let left = words; left > 0n; left--) bytes += bytesOf(next(reader, 2n ** 248n), 31)
  const rest = next(reader)
  const length = next(reader, 31n)
  if (rest >= 2n ** (8n * length)) fail()
  bytes += bytesOf(rest, Number(length))
  try {
    return quoted(decodeURIComponent(bytes.replace(/../g, '%$&')))
  } catch {
    return `0x${bytes}` // not UTF-8
  }
}

function bytesOf(value: bigint, length: number): string {
  return length === 0 ? '' : value.toString(16).padStart(2 * length, '0')
}

/** In quotes, with everything that could move or hide other text written out. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(/[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu, (char) => {
    return `\\u{${char.codePointAt(0)!.toString(16)}}`
  })
}

function next(reader: Reader, bound: bigint = P): bigint {
  const value = BigInt(reader.felts[reader.at++] ?? fail())
  return value < bound ? value : fail()
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`
}

function fail(): never {
  throw UNREADABLE
}

/** Parts between commas that stand in no bracket. */
export function splitTopLevel(text: string): string[] {
  const parts: string[] = []
  let depth = 0
  let start = 0
  for (let at = 0; at < text.length; at++) {
    if ('(<['.includes(text[at]!)) depth++
    else if (')>]'.includes(text[at]!)) depth--
    else if (text[at] === ',' && depth === 0) {
      parts.push(text.slice(start, at))
      start = at + 1
    }
  }
  // What follows the last comma; nothing for `()` and for the trailing comma of `(T,)`.
  return text.slice(start).trim() === '' ? parts : [...parts, text.slice(start)]
}

export function itemsOf(abi: unknown): readonly Item[] {
  if (typeof abi !== 'string') return records(abi)
  try {
    return records(JSON.parse(abi))
  } catch {
    return []
  }
}

function records(list: unknown): readonly Item[] {
  return Array.isArray(list) ? list.filter((item) => typeof item === 'object' && item !== null) : []
}

function entrypointOf(item: Item): AbiEntrypoint[] {
  const { name } = item
  const inputs = membersOf(item.inputs)
  if (typeof name !== 'string' || !CAIRO_NAME.test(name) || inputs === undefined) return []
  // Cairo 1 writes state_mutability, Cairo 0 stateMutability.
  const view = item.state_mutability === 'view' || item.stateMutability === 'view'
  return [{ name, selector: selectorOf(name), view, inputs }]
}

export function typesOf(items: readonly Item[]): ReadonlyMap<string, Type> {
  const types = new Map<string, Type>()
  for (const item of items) {
    const members = membersOf(item.type === 'struct' ? item.members : item.variants)
    if ((item.type === 'struct' || item.type === 'enum') && typeof item.name === 'string' && members !== undefined) {
      types.set(item.name, { kind: item.type, members })
    }
  }
  return types
}

function membersOf(list: unknown): readonly AbiInput[] | undefined {
  if (!Array.isArray(list)) return undefined
  const members = records(list).flatMap(({ name, type }) =>
    typeof name === 'string' && CAIRO_NAME.test(name) && typeof type === 'string' && type.length <= 1000
      ? [{ name, type }]
      : [],
  )
  return members.length === list.length ? members : undefined
}

export function own<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined
}
