import { type MoneyKind, moneyKind } from '../call.ts'
import { canonicalJson } from '../canonical.ts'
import { isRefused, malformed, refused } from '../errors.ts'
import type { Selector } from '../felt.ts'
import { LIMITS } from './limits.ts'
import type { ArgKind, ArgPath, ArgRule, CallRule, Operand, Param, Shape } from './policy.ts'
import { fixedLead, fixedSize, nodesOf, type ReadParam, shapeAt } from './shapes.ts'
import { type AskedArg, type AskedOperand, literal } from './wire-arguments.ts'

/** What is known of the entrypoints whose arguments are named; `*`: every action, of which nothing is known. */
export type Entries = readonly Entry[] | '*'
export interface Entry {
  readonly selector: Selector
  /** By the ABI of the class found at the approval; `undefined`: it does not say. */
  readonly params: readonly ReadParam[] | undefined
  /** Felts that the money table fixes, where no class is named (policy.md 6.1). */
  readonly felts?: number
}
export interface AskedPaths {
  readonly args?: AskedArg
  readonly sums?: readonly { readonly path: ArgPath; readonly as?: SumKind }[]
}
export interface Paths {
  readonly args?: ArgRule
  readonly sums: readonly { readonly arg: ArgPath; readonly as: SumKind }[]
  readonly shapes?: Record<Selector, Param[]>
}
type SumKind = CallRule['sums'][number]['as']

/**
 * Gives arguments their kinds and shapes (policy.md 3.3).
 *
 * @param at JSON pointer of the rule
 * @throws 114 for a path that one of the entrypoints lacks and for a value of another kind, 210 for what no ABI shows, 215
 * for shapes beyond policy.md 14
 */
export function resolvePaths(asked: AskedPaths, entries: Entries, at: string): Paths {
  const named = { params: false }
  const scope: Scope = { at: `${at}/args`, entries, named, legal: true }
  const args = asked.args === undefined ? undefined : ruleOf(asked.args, scope)
  const sums = (asked.sums ?? []).map(({ path, as }, index) => {
    const here = `${at}/sums/${index}`
    const kind = as ?? sumKind(pathKind(path, undefined, scope, `${here}/at`))
    if (kind === undefined) throw malformed(`${here}/at`, 'expected a number')
    pathKind(path, kind, scope, `${here}/at`)
    return { arg: path, as: kind }
  })
  const shapes = named.params && entries !== '*' ? shapesOf(entries, at) : undefined
  return { ...(args === undefined ? {} : { args }), sums, ...(shapes === undefined ? {} : { shapes }) }
}

/** Whether a request names the conditions that a rule has, by the shapes that were approved with it. */
export function hasSameArguments(
  asked: Pick<AskedPaths, 'args'>,
  rule: Pick<CallRule, 'args' | 'shapes'>,
  selectors: readonly Selector[],
): boolean {
  if (asked.args === undefined || rule.args === undefined) return asked.args === rule.args
  try {
    const entries = selectors.map((selector) => ({ selector, params: rule.shapes?.[selector] }))
    const args = ruleOf(asked.args, { at: '', entries, named: { params: false }, legal: false })
    return canonicalJson(args) === canonicalJson(rule.args)
  } catch (error) {
    if (isRefused(error)) return false // what does not fit these shapes is another rule
    throw error
  }
}

/** How many felts an entrypoint takes on whatever contract it is, by the money table's rows of one length. */
export function moneyFelts(selector: Selector): number | undefined {
  const kind = moneyKind(selector)
  return kind === undefined ? undefined : FELTS[kind]
}

const FELTS: Partial<Record<MoneyKind, number>> = {
  transfer: 3,
  approve: 3,
  increase: 3,
  decrease: 3,
  transferFrom: 4,
  approveAll: 2,
}

interface Scope {
  readonly at: string
  readonly entries: Entries
  /** Whether a parameter was named at all: then the shapes go into the policy. */
  readonly named: { params: boolean }
  /** Raw offsets must be shown to mean the same in every call. */
  readonly legal: boolean
  /** Of the list inside `each`, per entrypoint. */
  readonly items?: readonly Shape[]
  /** Calldata felts that the same `all` fixes. */
  readonly length?: number
}

function ruleOf(asked: AskedArg, scope: Scope): ArgRule {
  // Only what stands directly beside the number of felts may rest on it.
  const { length: _, ...plain } = scope
  if ('all' in asked) {
    const length = fixedLength(asked.all)
    const inside = length === undefined ? plain : { ...plain, length }
    return { all: inOrder(asked.all.map((one) => ruleOf(one, inside))) }
  }
  if ('any' in asked) return { any: inOrder(asked.any.map((one) => ruleOf(one, plain))) }
  if ('not' in asked) return { not: ruleOf(asked.not, plain) }
  if ('each' in asked) {
    const shapes = shapesAt(asked.each, scope, `${scope.at}${asked.where}/each`)
    const items = shapes.map((shape) => (shape.t === 'array' || shape.t === 'fixed' ? shape.of : undefined))
    if (!items.every((item) => item !== undefined)) {
      throw malformed(`${scope.at}${asked.where}/each`, 'expected a path to a list')
    }
    return { each: asked.each, rule: ruleOf(asked.rule, { ...plain, items }) }
  }
  const { arg, op, where } = asked
  const as = pathKind(arg, asked.as, scope, `${scope.at}${where}/at`)
  const value = `${scope.at}${where}/value`
  const isList = op === 'in' || op === 'notIn' || op === 'between'
  const operands = asked.to.map((to, index) => operandOf(to, as, scope, isList ? `${value}/${index}` : value))
  const [first, second] = operands
  if (first === undefined) throw malformed(value, 'expected a value')
  if (op === 'in' || op === 'notIn') return { arg, as, op, to: inOrder(operands) }
  if (op !== 'between') return { arg, as, op, to: first }
  if (second === undefined) throw malformed(value, 'expected the lowest and the highest value')
  return { arg, as, op, to: [first, second] }
}

function fixedLength(rules: readonly AskedArg[]): number | undefined {
  for (const rule of rules) {
    if (!('op' in rule) || rule.op !== 'eq' || rule.arg.at !== 'length') continue
    const [to] = rule.to
    if (to !== undefined && 'value' in to) return Number(to.value)
  }
  return undefined
}

function operandOf(operand: AskedOperand, as: ArgKind, scope: Scope, at: string): Operand {
  if ('name' in operand) throw malformed(at, 'expected a selector')
  if ('value' in operand) {
    const value = literal(operand.value, as)
    if (value === undefined) throw malformed(at, 'expected a value of the kind that is compared')
    return { value }
  }
  if (operand.ref === 'account' && as !== 'address' && as !== 'felt') {
    throw malformed(at, 'expected a value of the kind that is compared')
  }
  if (operand.ref === 'arg') pathKind(operand.arg, as, scope, `${at}/at`)
  return operand
}

/** The kind in which a path is read: as asked, or the ABI's, which must be one for all entrypoints. */
function pathKind(path: ArgPath, as: ArgKind | undefined, scope: Scope, at: string): ArgKind {
  if (path.at === 'length') return as ?? 'felt'
  if (path.at === 'felt') {
    const kind = as ?? 'felt'
    if (scope.legal) checkOffset(path.index, kind === 'u256' ? 2 : 1, scope, at)
    return kind
  }
  const kinds = new Set(shapesAt(path, scope, at).map(kindOf))
  if (kinds.has(undefined)) throw malformed(at, 'expected a path to a single value')
  const [kind] = kinds
  if (as === undefined && kinds.size > 1) throw malformed(at, 'expected a kind: the entrypoints have different ones')
  if (as === undefined && kind === undefined) throw malformed(at, 'expected a kind')
  return as ?? (kind as ArgKind) // one of them is there
}

function shapesAt(path: ArgPath, scope: Scope, at: string): readonly Shape[] {
  if (path.at === 'item') {
    if (scope.items === undefined) throw malformed(at, 'expected a path inside of each')
    return scope.items.map((item) => shapeAt(item, path.path) ?? missing(at))
  }
  if (path.at !== 'param') return missing(at)
  const { entries } = scope
  if (entries === '*' || entries.length === 0) throw unsupported(at)
  scope.named.params = true
  return entries.map(({ params }) => {
    if (params === undefined) throw unsupported(at)
    const param = params.find(({ name }) => name === path.name) ?? missing(at)
    // To know one argument exactly, all must be read.
    const unread = params.find(({ shape }) => typeof shape === 'string')?.shape
    if (unread === 'large') throw tooLarge(at)
    if (typeof param.shape === 'string' || unread !== undefined) throw unsupported(at)
    return shapeAt(param.shape, path.path) ?? missing(at)
  })
}

/**
 * A raw offset must stand for the same thing in every call: before it all has a fixed size, or one parameter alone has
 * none and the number of felts is fixed. Inside of that one it must be a list of entries of one size (policy.md 3.3).
 */
function checkOffset(index: number, width: number, { entries, length }: Scope, at: string): void {
  if (entries === '*') throw unsupported(at)
  for (const { params, felts } of entries) {
    if (felts !== undefined) {
      if (index + width > felts) throw unsupported(at)
      continue
    }
    if (params === undefined) throw unsupported(at)
    const shapes = params.map(({ shape }) => shape)
    if (index + width <= fixedLead(shapes)) continue
    const sizes = shapes.map((shape) => (typeof shape === 'string' ? undefined : fixedSize(shape)))
    const dynamic = sizes.filter((size) => size === undefined).length
    if (dynamic === 0) missing(at)
    if (dynamic !== 1 || length === undefined) throw unsupported(at)
    if (index + width > length) missing(at)
    const one = sizes.indexOf(undefined)
    const behind = length - total(sizes.slice(one + 1))
    const shape = shapes[one]
    const even = typeof shape === 'object' && shape.t === 'array' && fixedSize(shape.of) !== undefined
    if (index < behind && !even) throw unsupported(at)
  }
}

function total(sizes: readonly (number | undefined)[]): number {
  return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0)
}

function shapesOf(entries: readonly Entry[], at: string): Record<Selector, Param[]> {
  const shapes: Record<Selector, Param[]> = {}
  let nodes = 0
  for (const { selector, params } of entries) {
    shapes[selector] = (params ?? []).map(({ name, shape }) => {
      if (typeof shape === 'string') throw unsupported(at)
      nodes += nodesOf(shape)
      return { name, shape }
    })
  }
  if (nodes > LIMITS.shapeNodes) throw tooLarge(at)
  return shapes
}

function kindOf(shape: Shape): ArgKind | undefined {
  switch (shape.t) {
    case 'u8':
    case 'u16':
    case 'u32':
    case 'u64':
    case 'u128':
      return 'u128'
    case 'felt':
    case 'address':
    case 'selector':
    case 'classHash':
    case 'bool':
    case 'u256':
      return shape.t
    default:
      return undefined
  }
}

function sumKind(kind: ArgKind): SumKind | undefined {
  return kind === 'felt' || kind === 'u128' || kind === 'u256' ? kind : undefined
}

/** Lists in which the order means nothing stand in one order, each entry once. */
function inOrder<T extends ArgRule | Operand>(items: readonly T[]): T[] {
  const byText = new Map(items.map((item) => [canonicalJson(item), item]))
  const value = (item: T) => ('value' in item ? BigInt(item.value) : undefined)
  return [...byText]
    .sort(([a, first], [b, second]) => {
      const x = value(first)
      const y = value(second)
      if (x !== undefined && y !== undefined) return x < y ? -1 : x > y ? 1 : 0
      return a < b ? -1 : a > b ? 1 : 0
    })
    .map(([, item]) => item)
}

function missing(at: string): never {
  throw malformed(at, 'expected an argument that each of the entrypoints has')
}

function unsupported(at: string) {
  return refused('SESSION_UNSUPPORTED', { feature: at })
}

function tooLarge(at: string) {
  return refused('SESSION_POLICY_REFUSED', { at, why: `expected at most ${LIMITS.shapeNodes} types in the arguments` })
}
