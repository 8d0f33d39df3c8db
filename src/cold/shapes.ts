import type { Selector } from '../core/felt.ts'
import { LIMITS } from '../core/policy/limits.ts'
import type { Param, Shape } from '../core/policy/policy.ts'
import { MAX_ITEMS, type ReadParam } from '../core/policy/shapes.ts'
import { entrypoints, itemsOf, own, splitTopLevel, type Type, typesOf } from './abi.ts'

/**
 * The parameters of each entrypoint as they lie in calldata, by the class's ABI (policy.md 3.3). A type is `unknown` when no
 * shape says exactly what it takes: signed integers, `bytes31`, `NonZero`, pointers of Cairo 0, a type that contains
 * itself, one that the ABI does not have.
 *
 * @param abi as `entrypoints` of abi.ts reads it
 */
export function parameters(abi: unknown): ReadonlyMap<Selector, readonly ReadParam[]> {
  const types = typesOf(itemsOf(abi))
  return new Map(
    entrypoints(abi).map(({ selector, inputs }) => {
      // A name that stands twice names nothing.
      const names = inputs.map(({ name }) => name)
      const once = (name: string) => names.indexOf(name) === names.lastIndexOf(name)
      const read = inputs.map(({ name, type }) => ({ name, shape: once(name) ? shapeOf(type, types) : UNKNOWN }))
      return [selector, read]
    }),
  )
}

const UNKNOWN = 'unknown' as const
const LARGE = 'large' as const

interface Reading {
  readonly types: ReadonlyMap<string, Type>
  /** Types that are being read: one of them again contains itself. */
  readonly open: readonly string[]
  readonly left: { nodes: number }
}
type Read = Shape | typeof UNKNOWN | typeof LARGE

const ELEMENTARY: Readonly<Record<string, Shape>> = {
  felt: { t: 'felt' },
  'core::felt252': { t: 'felt' },
  'core::bool': { t: 'bool' },
  'core::integer::u8': { t: 'u8' },
  'core::integer::u16': { t: 'u16' },
  'core::integer::u32': { t: 'u32' },
  'core::integer::usize': { t: 'u32' },
  'core::integer::u64': { t: 'u64' },
  'core::integer::u128': { t: 'u128' },
  'core::integer::u256': { t: 'u256' },
  'core::byte_array::ByteArray': { t: 'bytes' },
  'core::starknet::contract_address::ContractAddress': { t: 'address' },
  'core::starknet::class_hash::ClassHash': { t: 'classHash' },
  '()': { t: 'struct', fields: [] },
}
const LIST = /^core::array::(?:Array|Span)::<(.+)>$/s
const FIXED = /^\[(.+); ?(\d{1,6})\]$/s

function shapeOf(type: string, types: ReadonlyMap<string, Type>): Read {
  return read(type, { types, open: [], left: { nodes: LIMITS.shapeNodes } })
}

function read(written: string, at: Reading): Read {
  if (at.left.nodes-- <= 0) return LARGE
  const type = written.trim().replace(/^@/, '')
  const elementary = own(ELEMENTARY, type)
  if (elementary !== undefined) return elementary
  if (/^(.+\.)?Uint256$/.test(type)) return { t: 'u256' }
  const of = LIST.exec(type)?.[1]
  if (of !== undefined) return wrapped(read(of, at), (shape) => ({ t: 'array', of: shape }))
  const fixed = FIXED.exec(type)
  if (fixed?.[1] !== undefined) {
    const length = Number(fixed[2])
    if (length > MAX_ITEMS) return LARGE
    return wrapped(read(fixed[1], at), (shape) => ({ t: 'fixed', of: shape, length }))
  }
  if (type.startsWith('(') && type.endsWith(')')) {
    // Cairo 0 may name the parts: `(x : felt, y : felt)`.
    const parts = splitTopLevel(type.slice(1, -1)).map((part) => part.replace(/^\s*\w+\s*:(?!:)/, ''))
    return members(
      parts.map((part, index) => ({ name: String(index), type: part })),
      at,
      (fields) => ({ t: 'struct', fields }),
    )
  }
  const known = at.types.get(type)
  if (known === undefined || at.open.includes(type)) return UNKNOWN
  const inside = { ...at, open: [...at.open, type] }
  return known.kind === 'struct'
    ? members(known.members, inside, (fields) => ({ t: 'struct', fields }))
    : members(known.members, inside, (variants) => ({ t: 'enum', variants }))
}

function members(
  all: readonly { readonly name: string; readonly type: string }[],
  at: Reading,
  make: (params: Param[]) => Shape,
): Read {
  const params: Param[] = []
  for (const { name, type } of all) {
    const shape = read(type, at)
    if (typeof shape === 'string') return shape
    if (params.some((param) => param.name === name)) return UNKNOWN
    params.push({ name, shape })
  }
  return make(params)
}

function wrapped(shape: Read, make: (of: Shape) => Shape): Read {
  return typeof shape === 'string' ? shape : make(shape)
}
