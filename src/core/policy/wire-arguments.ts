import { ADDRESS_BOUND, CAIRO_NAME, felt, P, parseFelt, parseSelector, parseU256, type Selector } from '../felt.ts'
import { isPlainObject, scalar, tree } from '../schema.ts'
import { LIMITS } from './limits.ts'
import type { ArgKind, ArgPath, ArgRule, Operand } from './policy.ts'
import { MAX_ITEMS } from './shapes.ts'
import type { At, Kind, Operand as WireOperand, ArgRule as WireRule } from './wire-shape.ts'

/**
 * A condition as it came: paths and operands are read, the kinds that the site left out wait for the class's ABI.
 * `where`: JSON pointer from the member `args`.
 */
export type AskedArg = { readonly where: string } & (
  | { readonly all: readonly AskedArg[] }
  | { readonly any: readonly AskedArg[] }
  | { readonly not: AskedArg }
  | { readonly each: ArgPath; readonly rule: AskedArg }
  | {
      readonly arg: ArgPath
      readonly as?: ArgKind
      readonly op: Comparison
      /** One; of `between` two; of `in` and `notIn` all. */
      readonly to: readonly AskedOperand[]
    }
)
/** `value`: canonical, decimal as long as its kind is not known. */
export type AskedOperand = Operand | { readonly name: string }
type Comparison = Extract<ArgRule, { op: string }>['op']

const KINDS: Readonly<Record<Kind, ArgKind>> = {
  felt: 'felt',
  address: 'address',
  u128: 'u128',
  u256: 'u256',
  bool: 'bool',
  selector: 'selector',
  class_hash: 'classHash',
}
const OPS: Readonly<Record<string, Comparison>> = {
  eq: 'eq',
  ne: 'ne',
  lt: 'lt',
  lte: 'lte',
  gt: 'gt',
  gte: 'gte',
  in: 'in',
  not_in: 'notIn',
  between: 'between',
}
const STEP = /\.([A-Za-z_][A-Za-z0-9_]{0,127}|0|[1-9][0-9]{0,3})|\[(0|[1-9][0-9]{0,2})\]/y

/** `args` of a rule: one condition, or a list of which all must hold. */
export const argsSchema = tree<AskedArg>((input) => {
  const reading: Reading = {}
  const value = Array.isArray(input)
    ? readList(input, [], [], reading, (all, where) => ({ where, all }))
    : readRule(input, [], reading)
  if (value !== undefined) return { ok: true, value }
  return { ok: false, steps: reading.failure?.steps ?? [], why: reading.failure?.why ?? 'a condition' }
})

export const pathSchema = scalar<ArgPath>(readPath, 'a path to an argument')

/** Hashes the names that stand where a selector is compared. */
export function withSelectors(asked: AskedArg, selectorOf: (name: string) => Selector): AskedArg {
  const next = (one: AskedArg) => withSelectors(one, selectorOf)
  if ('all' in asked) return { ...asked, all: asked.all.map(next) }
  if ('any' in asked) return { ...asked, any: asked.any.map(next) }
  if ('not' in asked) return { ...asked, not: next(asked.not) }
  if ('each' in asked) return { ...asked, rule: next(asked.rule) }
  return { ...asked, to: asked.to.map((to) => ('name' in to ? { value: selectorOf(to.name) } : to)) }
}

/** The same condition wherever it stood in the request, to compare two of them. */
export function content(asked: AskedArg): unknown {
  if ('all' in asked) return { all: asked.all.map(content) }
  if ('any' in asked) return { any: asked.any.map(content) }
  if ('not' in asked) return { not: content(asked.not) }
  if ('each' in asked) return { each: asked.each, rule: content(asked.rule) }
  const { where: _, ...rest } = asked
  return rest
}

/**
 * A value of one kind in its only spelling: hex for felts, addresses, selectors and class hashes, decimal for amounts and
 * for `bool`, which is 0 or 1. `undefined`: not of the kind.
 */
export function literal(text: string, as: ArgKind): string | undefined {
  if (as === 'selector') return parseSelector(text)
  const value = parseU256(text)
  if (value === undefined) return undefined
  const number = BigInt(value)
  switch (as) {
    case 'u256':
      return value
    case 'u128':
      return number < 2n ** 128n ? value : undefined
    case 'bool':
      return number < 2n ? value : undefined
    case 'address':
      return number > 0n && number < ADDRESS_BOUND ? felt(number) : undefined
    default:
      return number < P ? parseFelt(text) : undefined
  }
}

/** Normal form, as sites write it: a list where all must hold, kinds always named. */
export function printArguments(rule: ArgRule): WireRule | WireRule[] {
  return 'all' in rule ? rule.all.map(printRule) : printRule(rule)
}

export function printPath(path: ArgPath): At {
  if (path.at === 'felt') return path.index
  if (path.at === 'length') return '#'
  const steps = path.path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')
  if (path.at === 'param') return `${path.name}${steps}`
  return steps.startsWith('.') ? steps : `.${steps}`
}

function printRule(rule: ArgRule): WireRule {
  if ('all' in rule) return { all: rule.all.map(printRule) }
  if ('any' in rule) return { any: rule.any.map(printRule) }
  if ('not' in rule) return { not: printRule(rule.not) }
  if ('each' in rule) return { each: printPath(rule.each), rule: printRule(rule.rule) }
  const at = printPath(rule.arg)
  const as = rule.as === 'classHash' ? 'class_hash' : rule.as
  switch (rule.op) {
    case 'in':
      return { at, as, op: 'in', value: rule.to.map(printOperand) }
    case 'notIn':
      return { at, as, op: 'not_in', value: rule.to.map(printOperand) }
    case 'between':
      return { at, as, op: 'between', value: [printOperand(rule.to[0]), printOperand(rule.to[1])] }
    default:
      return { at, as, op: rule.op, value: printOperand(rule.to) }
  }
}

function printOperand(operand: Operand): WireOperand {
  if ('value' in operand) return operand.value
  if (operand.ref === 'account') return 'self'
  const at = printPath(operand.arg)
  return operand.ref === 'arg' ? { at } : { back: operand.back, at }
}

interface Reading {
  failure?: { readonly steps: Steps; readonly why: string }
}
type Steps = readonly (string | number)[]

/** Exact keys, then scalars; the first fault wins. */
function readRule(input: unknown, steps: Steps, reading: Reading): AskedArg | undefined {
  if (!isPlainObject(input)) return fail(reading, steps, 'a condition')
  const has = (key: string) => Object.hasOwn(input, key)
  const where = pointer(steps)
  if (has('all') || has('any')) {
    const key = has('all') ? 'all' : 'any'
    if (!isExact(input, [key], [], steps, reading)) return undefined
    const make = (rules: readonly AskedArg[]): AskedArg =>
      key === 'all' ? { where, all: rules } : { where, any: rules }
    return readList(input[key], steps, [key], reading, make)
  }
  if (has('not')) {
    if (!isExact(input, ['not'], [], steps, reading)) return undefined
    const not = readRule(input.not, [...steps, 'not'], reading)
    return not && { where, not }
  }
  if (has('each')) {
    if (!isExact(input, ['each', 'rule'], [], steps, reading)) return undefined
    const each = readPath(input.each)
    if (each?.at !== 'param' && each?.at !== 'item') return fail(reading, [...steps, 'each'], 'a path to a list')
    const rule = readRule(input.rule, [...steps, 'rule'], reading)
    return rule && { where, each, rule }
  }
  return readComparison(input, steps, reading)
}

function readList(
  input: unknown,
  steps: Steps,
  key: Steps,
  reading: Reading,
  make: (rules: readonly AskedArg[], where: string) => AskedArg,
): AskedArg | undefined {
  const here = [...steps, ...key]
  if (!Array.isArray(input) || input.length === 0) return fail(reading, here, 'at least one condition')
  const rules: AskedArg[] = []
  for (const [index, item] of input.entries()) {
    const rule = readRule(item, [...here, index], reading)
    if (rule === undefined) return undefined
    rules.push(rule)
  }
  return make(rules, pointer(steps))
}

function readComparison(input: Record<string, unknown>, steps: Steps, reading: Reading): AskedArg | undefined {
  if (!isExact(input, ['at', 'op', 'value'], ['as'], steps, reading)) return undefined
  const arg = readPath(input.at)
  if (arg === undefined) return fail(reading, [...steps, 'at'], 'a path to an argument')
  const op = typeof input.op === 'string' && Object.hasOwn(OPS, input.op) ? OPS[input.op] : undefined
  if (op === undefined) return fail(reading, [...steps, 'op'], 'a comparison')
  if (input.as !== undefined && !isKind(input.as)) return fail(reading, [...steps, 'as'], 'a kind of value')
  // A raw offset has no type of its own.
  const raw = arg.at === 'felt' || arg.at === 'length'
  const as = input.as === undefined ? (raw ? 'felt' : undefined) : KINDS[input.as]
  const to = readOperands(input.value, op, as, [...steps, 'value'], reading)
  return to && { where: pointer(steps), arg, ...(as === undefined ? {} : { as }), op, to }
}

function readOperands(
  input: unknown,
  op: Comparison,
  as: ArgKind | undefined,
  steps: Steps,
  reading: Reading,
): readonly AskedOperand[] | undefined {
  if (op !== 'in' && op !== 'notIn' && op !== 'between') {
    const to = readOperand(input, as, steps, reading)
    return to && [to]
  }
  if (!Array.isArray(input) || input.length === 0) return fail(reading, steps, 'a list of values')
  if (op === 'between' && input.length !== 2) return fail(reading, steps, 'the lowest and the highest value')
  const all: AskedOperand[] = []
  for (const [index, item] of input.entries()) {
    const to = readOperand(item, as, [...steps, index], reading)
    if (to === undefined) return undefined
    all.push(to)
  }
  const [low, high] = all
  if (op === 'between' && low && high && 'value' in low && 'value' in high && BigInt(low.value) > BigInt(high.value)) {
    return fail(reading, steps, 'the lowest value first')
  }
  return all
}

function readOperand(
  input: unknown,
  as: ArgKind | undefined,
  steps: Steps,
  reading: Reading,
): AskedOperand | undefined {
  if (input === 'self') {
    if (as === undefined || as === 'address' || as === 'felt') return { ref: 'account' }
    return fail(reading, steps, 'a value of the kind that is compared')
  }
  if (typeof input === 'string') {
    if (as === 'selector' && CAIRO_NAME.test(input)) return { name: input }
    const value = as === undefined ? parseU256(input) : literal(input, as)
    return value === undefined ? fail(reading, steps, 'a value of the kind that is compared') : { value }
  }
  if (!isPlainObject(input)) return fail(reading, steps, 'a value as text, "self" or a reference')
  const earlier = Object.hasOwn(input, 'back')
  if (!isExact(input, earlier ? ['at', 'back'] : ['at'], [], steps, reading)) return undefined
  const arg = readPath(input.at)
  if (arg === undefined) return fail(reading, [...steps, 'at'], 'a path to an argument')
  if (!earlier) return { ref: 'arg', arg }
  // What an earlier call is, nobody knows when this is approved: its felts have no names.
  if (arg.at !== 'felt' && arg.at !== 'length') return fail(reading, [...steps, 'at'], 'a raw offset')
  const { back } = input
  if (typeof back !== 'number' || !Number.isInteger(back) || back < 1 || back >= LIMITS.calls) {
    return fail(reading, [...steps, 'back'], `an integer from 1 to ${LIMITS.calls - 1}`)
  }
  return { ref: 'call', back, arg }
}

/** The grammar of policy.md 3.1; `undefined`: no path. */
function readPath(at: unknown): ArgPath | undefined {
  if (typeof at === 'number')
    return Number.isInteger(at) && at >= 0 && at < LIMITS.felts ? { at: 'felt', index: at } : undefined
  if (typeof at !== 'string') return undefined
  if (at === '#') return { at: 'length' }
  if (at === '.') return { at: 'item', path: [] }
  if (at.startsWith('.')) {
    const path = stepsOf(at.startsWith('.[') ? at.slice(1) : at)
    return path && { at: 'item', path }
  }
  const name = /^[A-Za-z_][A-Za-z0-9_]{0,127}/.exec(at)?.[0]
  const path = name === undefined ? undefined : stepsOf(at.slice(name.length))
  return name === undefined || path === undefined ? undefined : { at: 'param', name, path }
}

function stepsOf(text: string): (string | number)[] | undefined {
  const steps: (string | number)[] = []
  STEP.lastIndex = 0
  while (STEP.lastIndex < text.length) {
    const found = STEP.exec(text)
    // No shape is deeper than it has nodes.
    if (found === null || steps.length === LIMITS.shapeNodes) return undefined
    const index = found[2] === undefined ? undefined : Number(found[2])
    if (index !== undefined && index >= MAX_ITEMS) return undefined
    steps.push(index ?? found[1] ?? '')
  }
  return steps
}

function isKind(as: unknown): as is Kind {
  return typeof as === 'string' && Object.hasOwn(KINDS, as)
}

function isExact(
  input: Record<string, unknown>,
  needed: readonly string[],
  more: readonly string[],
  steps: Steps,
  reading: Reading,
): boolean {
  const missing = needed.find((key) => !Object.hasOwn(input, key))
  if (missing !== undefined) fail(reading, [...steps, missing], 'a value')
  const unknown = Object.keys(input).find((key) => !needed.includes(key) && !more.includes(key))
  if (unknown !== undefined) fail(reading, [...steps, unknown], 'never')
  return missing === undefined && unknown === undefined
}

function fail(reading: Reading, steps: Steps, why: string): undefined {
  reading.failure ??= { steps, why }
  return undefined
}

function pointer(steps: Steps): string {
  return steps.map((step) => `/${step}`).join('')
}
