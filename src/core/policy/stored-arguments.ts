import { isCanonicalFelt, parseSelector } from '../felt.ts'
import { isPlainObject, scalar } from '../schema.ts'
import { LIMITS } from './limits.ts'
import type { ArgKind, ArgPath, ArgRule, Param } from './policy.ts'
import { MAX_ITEMS } from './shapes.ts'
import { literal } from './wire-arguments.ts'

// Conditions and shapes as rows hold them: only what resolve can have made is read, in the spelling it made it.

export const storedPath = scalar<ArgPath>((it) => (isPath(it) ? it : undefined), 'a path')
export const storedArguments = scalar<ArgRule>(
  (it) => (isRule(it, { nodes: LIMITS.argNodes }) ? it : undefined),
  'a condition',
)
export const storedShapes = scalar<Readonly<Record<string, Param[]>>>((it) => {
  const left = { nodes: LIMITS.shapeNodes }
  const read =
    isPlainObject(it) && Object.entries(it).every(([key, params]) => isSelector(key) && isParams(params, left))
  return read ? (it as Record<string, Param[]>) : undefined // every member was looked at
}, 'shapes')

interface Left {
  nodes: number
}

const KINDS: readonly unknown[] = [
  'felt',
  'address',
  'u128',
  'u256',
  'bool',
  'selector',
  'classHash',
] satisfies ArgKind[]
const ORDERS: readonly unknown[] = ['eq', 'ne', 'lt', 'lte', 'gt', 'gte']
const LEAVES: readonly unknown[] = [
  'felt',
  'address',
  'selector',
  'classHash',
  'bool',
  'u8',
  'u16',
  'u32',
  'u64',
  'u128',
  'u256',
  'bytes',
]
/** Of a parameter; parts of a tuple are numbered. */
const NAME = /^([A-Za-z_][A-Za-z0-9_]{0,127}|0|[1-9][0-9]{0,3})$/

function isRule(it: unknown, left: Left): it is ArgRule {
  if (!isPlainObject(it) || left.nodes-- <= 0) return false
  const all = (rules: unknown) => Array.isArray(rules) && rules.length > 0 && rules.every((one) => isRule(one, left))
  switch (keysOf(it)) {
    case 'all':
      return all(it.all)
    case 'any':
      return all(it.any)
    case 'not':
      return isRule(it.not, left)
    case 'each,rule':
      return isPath(it.each) && (it.each.at === 'param' || it.each.at === 'item') && isRule(it.rule, left)
    case 'arg,as,op,to':
      return isPath(it.arg) && KINDS.includes(it.as) && isComparedWith(it.op, it.to, it.as as ArgKind) // just looked up
    default:
      return false
  }
}

function isComparedWith(op: unknown, to: unknown, as: ArgKind): boolean {
  if (ORDERS.includes(op)) return isOperand(to, as)
  if (!Array.isArray(to) || !to.every((one) => isOperand(one, as))) return false
  if (op === 'between') return to.length === 2
  return (op === 'in' || op === 'notIn') && to.length > 0 && to.length <= LIMITS.inList
}

function isOperand(it: unknown, as: ArgKind): boolean {
  if (!isPlainObject(it)) return false
  switch (keysOf(it)) {
    case 'value':
      return typeof it.value === 'string' && literal(it.value, as) === it.value
    case 'ref':
      return it.ref === 'account' && (as === 'address' || as === 'felt')
    case 'arg,ref':
      return it.ref === 'arg' && isPath(it.arg)
    case 'arg,back,ref':
      return it.ref === 'call' && isIn(it.back, 1, LIMITS.calls - 1) && isPath(it.arg) && isRaw(it.arg)
    default:
      return false
  }
}

function isPath(it: unknown): it is ArgPath {
  if (!isPlainObject(it)) return false
  switch (keysOf(it)) {
    case 'at':
      return it.at === 'length'
    case 'at,index':
      return it.at === 'felt' && isIn(it.index, 0, LIMITS.felts - 1)
    case 'at,path':
      return it.at === 'item' && isSteps(it.path)
    case 'at,name,path':
      return it.at === 'param' && isName(it.name) && isSteps(it.path)
    default:
      return false
  }
}

function isRaw(path: ArgPath): boolean {
  return path.at === 'felt' || path.at === 'length'
}

function isSteps(it: unknown): boolean {
  return Array.isArray(it) && it.every((step) => isName(step) || isIn(step, 0, MAX_ITEMS - 1))
}

function isParams(it: unknown, left: Left): it is Param[] {
  return Array.isArray(it) && it.every((one) => isParam(one, left))
}

function isParam(it: unknown, left: Left): boolean {
  return isPlainObject(it) && keysOf(it) === 'name,shape' && isName(it.name) && isShape(it.shape, left)
}

function isShape(it: unknown, left: Left): boolean {
  if (!isPlainObject(it) || left.nodes-- <= 0) return false
  switch (keysOf(it)) {
    case 't':
      return LEAVES.includes(it.t)
    case 'fields,t':
      return it.t === 'struct' && isParams(it.fields, left)
    case 't,variants':
      return it.t === 'enum' && isParams(it.variants, left)
    case 'of,t':
      return it.t === 'array' && isShape(it.of, left)
    case 'length,of,t':
      return it.t === 'fixed' && isIn(it.length, 0, MAX_ITEMS) && isShape(it.of, left)
    default:
      return false
  }
}

/** Which members there are: a row with others was written by another version. */
function keysOf(it: Record<string, unknown>): string {
  return Object.keys(it).sort().join()
}

function isIn(it: unknown, min: number, max: number): boolean {
  return typeof it === 'number' && Number.isInteger(it) && it >= min && it <= max
}

function isName(it: unknown): boolean {
  return typeof it === 'string' && NAME.test(it)
}

function isSelector(it: string): boolean {
  return isCanonicalFelt(it) && parseSelector(it) === it
}
