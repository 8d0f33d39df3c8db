import { ADDRESS_BOUND, type Felt, P } from '../felt.ts'
import type { Param, Shape } from './policy.ts'

/** A parameter as the class's ABI tells it; `unknown`: a type that has no shape, `large`: one beyond policy.md 14. */
export interface ReadParam {
  readonly name: string
  readonly shape: Shape | 'unknown' | 'large'
}

/** What stands in calldata for one shape. */
export type Value =
  | { readonly t: 'number'; readonly value: bigint }
  | { readonly t: 'parts'; readonly parts: ReadonlyMap<string, Value> }
  | { readonly t: 'variant'; readonly index: bigint; readonly name: string; readonly value: Value }
  | { readonly t: 'list'; readonly items: readonly Value[] }
  | { readonly t: 'bytes' }

/** Longest array whose elements are looked at, and the longest text in words of 31 bytes (policy.md 3.3). */
export const MAX_ITEMS = 1_000
/** Shapes without felts can be repeated at no cost: an honest call stays far below. */
const MAX_STEPS = 100_000

/**
 * Every argument of a call, or `undefined`: a felt too few or too many, a value out of its range, a variant or a length that
 * does not exist (policy.md 3.3). Nothing of calldata that does not fit exactly is believed.
 *
 * @see shapes.test.ts "property: what starknet.js encodes is decoded; cut, extended or out of range it is not"
 */
export function decodeCalldata(
  params: readonly Param[],
  calldata: readonly Felt[],
): ReadonlyMap<string, Value> | undefined {
  const reader: Reader = { felts: calldata, at: 0, steps: MAX_STEPS }
  const values = readParts(reader, params)
  return values !== undefined && reader.at === calldata.length ? values : undefined
}

/** Felts a shape always takes; `undefined`: it depends on what is sent. */
export function fixedSize(shape: Shape): number | undefined {
  switch (shape.t) {
    case 'array':
    case 'bytes':
    case 'enum':
      return shape.t === 'enum' ? sizeOfEnum(shape.variants) : undefined
    case 'u256':
      return 2
    case 'struct':
      return sum(shape.fields.map((field) => fixedSize(field.shape)))
    case 'fixed': {
      const each = fixedSize(shape.of)
      return shape.length === 0 ? 0 : each === undefined ? undefined : each * shape.length
    }
    default:
      return 1
  }
}

/** Felts at the start of these parameters whose place does not depend on what is sent. */
export function fixedLead(shapes: readonly ReadParam['shape'][]): number {
  let lead = 0
  for (const shape of shapes) {
    if (typeof shape === 'string') return lead
    const size = fixedSize(shape)
    if (size === undefined) return lead + leadOf(shape)
    lead += size
  }
  return lead
}

/** Nodes of a shape, for the limit of policy.md 14. */
export function nodesOf(shape: Shape): number {
  switch (shape.t) {
    case 'struct':
      return 1 + (sum(shape.fields.map((field) => nodesOf(field.shape))) ?? 0)
    case 'enum':
      return 1 + (sum(shape.variants.map((variant) => nodesOf(variant.shape))) ?? 0)
    case 'array':
    case 'fixed':
      return 1 + nodesOf(shape.of)
    default:
      return 1
  }
}

/** The shape at the end of a path through fields, variants and elements; `undefined`: there is none. */
export function shapeAt(shape: Shape, path: readonly (string | number)[]): Shape | undefined {
  let here: Shape | undefined = shape
  for (const step of path) here = here === undefined ? undefined : inside(here, step)
  return here
}

/** The value at the end of a path; `undefined`: another variant was sent, or fewer elements. */
export function valueAt(value: Value | undefined, path: readonly (string | number)[]): Value | undefined {
  let here = value
  for (const step of path) {
    if (here?.t === 'parts' && typeof step === 'string') here = here.parts.get(step)
    else if (here?.t === 'variant' && here.name === step) here = here.value
    else if (here?.t === 'list' && typeof step === 'number') here = here.items[step]
    else return undefined
  }
  return here
}

interface Reader {
  readonly felts: readonly Felt[]
  at: number
  steps: number
}

/** Exclusive. */
const BOUNDS: Readonly<Record<Exclude<Shape['t'], 'u256' | 'bytes' | 'struct' | 'enum' | 'array' | 'fixed'>, bigint>> =
  {
    felt: P,
    classHash: P,
    address: ADDRESS_BOUND,
    selector: 2n ** 250n,
    bool: 2n,
    u8: 2n ** 8n,
    u16: 2n ** 16n,
    u32: 2n ** 32n,
    u64: 2n ** 64n,
    u128: 2n ** 128n,
  }

function read(reader: Reader, shape: Shape): Value | undefined {
  if (reader.steps-- <= 0) return undefined
  switch (shape.t) {
    case 'u256': {
      const low = next(reader, BOUNDS.u128)
      const high = next(reader, BOUNDS.u128)
      return low === undefined || high === undefined ? undefined : { t: 'number', value: low + (high << 128n) }
    }
    case 'bytes':
      return readText(reader)
    case 'struct': {
      const parts = readParts(reader, shape.fields)
      return parts === undefined ? undefined : { t: 'parts', parts }
    }
    case 'enum': {
      const index = next(reader, BigInt(shape.variants.length))
      const variant = index === undefined ? undefined : shape.variants[Number(index)]
      const value = variant === undefined ? undefined : read(reader, variant.shape)
      if (index === undefined || variant === undefined || value === undefined) return undefined
      return { t: 'variant', index, name: variant.name, value }
    }
    case 'array': {
      const length = next(reader, BigInt(MAX_ITEMS) + 1n)
      return length === undefined ? undefined : readItems(reader, shape.of, Number(length))
    }
    case 'fixed':
      return readItems(reader, shape.of, shape.length)
    default: {
      const value = next(reader, BOUNDS[shape.t])
      return value === undefined ? undefined : { t: 'number', value }
    }
  }
}

function readParts(reader: Reader, params: readonly Param[]): ReadonlyMap<string, Value> | undefined {
  const parts = new Map<string, Value>()
  for (const { name, shape } of params) {
    const value = read(reader, shape)
    if (value === undefined) return undefined
    parts.set(name, value)
  }
  return parts
}

function readItems(reader: Reader, of: Shape, length: number): Value | undefined {
  const items: Value[] = []
  for (let left = length; left > 0; left--) {
    const item = read(reader, of)
    if (item === undefined) return undefined
    items.push(item)
  }
  return { t: 'list', items }
}

/** Words of 31 bytes, then what is left over and how many bytes that is. */
function readText(reader: Reader): Value | undefined {
  const words = next(reader, BigInt(MAX_ITEMS) + 1n)
  if (words === undefined) return undefined
  for (let left = words; left > 0n; left--) if (next(reader, 2n ** 248n) === undefined) return undefined
  const rest = next(reader, 2n ** 248n)
  const length = next(reader, 31n)
  if (rest === undefined || length === undefined || rest >= 2n ** (8n * length)) return undefined
  return { t: 'bytes' }
}

function next(reader: Reader, bound: bigint): bigint | undefined {
  const felt = reader.felts[reader.at++]
  const value = felt === undefined ? undefined : BigInt(felt)
  return value !== undefined && value < bound ? value : undefined
}

function inside(shape: Shape, step: string | number): Shape | undefined {
  if (typeof step === 'string') {
    const named = shape.t === 'struct' ? shape.fields : shape.t === 'enum' ? shape.variants : []
    return named.find(({ name }) => name === step)?.shape
  }
  if (shape.t === 'array') return step < MAX_ITEMS ? shape.of : undefined
  return shape.t === 'fixed' && step < shape.length ? shape.of : undefined
}

/** All variants of one size: then the index decides what the felts mean, not where the next parameter begins. */
function sizeOfEnum(variants: readonly Param[]): number | undefined {
  const sizes = new Set(variants.map((variant) => fixedSize(variant.shape)))
  const [size] = sizes
  return sizes.size === 1 && size !== undefined ? 1 + size : undefined
}

function leadOf(shape: Shape): number {
  if (shape.t === 'struct') return fixedLead(shape.fields.map((field) => field.shape))
  if (shape.t === 'fixed') return leadOf(shape.of)
  // The length of a list or text, the index of an enum.
  return fixedSize(shape) ?? 1
}

function sum(sizes: readonly (number | undefined)[]): number | undefined {
  let total = 0
  for (const size of sizes) {
    if (size === undefined) return undefined
    total += size
  }
  return total
}
