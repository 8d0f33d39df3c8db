import { moneyKind } from '../call.ts'
import { type Address, felt, P, padded, type Selector, type U256 } from '../felt.ts'
import { type Arg, count, inner, type Line, line, list, text } from '../words.ts'
import { actionOf, moneyOf, type Naming, perWindow, placeOf } from './naming.ts'
import type { ArgKind, ArgPath, ArgRule, CallRule, DenyRule, Operand, Param, Shape } from './policy.ts'
import { printPath } from './wire-arguments.ts'

/** A rule whose arguments are said; `entrypoints` as a call rule or a deny rule has them. */
export type Subject = Pick<CallRule | DenyRule, 'contract' | 'entrypoints' | 'args' | 'shapes'>

/** What the arguments of a rule must be, one line per condition (policy.md 13.1). Deep ones are counted, and told in details. */
export function conditionLines(rule: Subject, naming: Naming): readonly Line[] {
  return conditionsOf(rule).map((one) => conditionLine(one, rule, naming))
}

/** One condition, at most two levels deep. */
export function conditionLine(condition: ArgRule, rule: Subject, naming: Naming): Line {
  return depthOf(condition) > 2
    ? line('policy_argDeep_other', { n: count(comparisons(condition)) })
    : said(condition, { naming, token: tokenOf(rule, naming), exact: false })
}

/** "price adds up to at most 25 in all". */
export function sumLines(rule: CallRule, naming: Naming): readonly Line[] {
  return rule.sums.map((sum) => sumLine(sum, { naming, token: tokenOf(rule, naming), exact: false }))
}

/** Whole: with every value, the kind in which each argument is read, and how the calldata is. */
export function argumentDetails(rule: Subject & { readonly sums?: CallRule['sums'] }, naming: Naming): readonly Line[] {
  const voice: Voice = { naming, token: tokenOf(rule, naming), exact: true }
  const all = [
    ...conditionsOf(rule).map((one) => said(one, voice)),
    ...(rule.sums ?? []).map((sum) => sumLine(sum, voice)),
  ]
  const where = { actions: actionsArg(rule, naming), contract: contractArg(rule, naming) }
  return [
    ...(all.length === 0 ? [] : [line('policy_argDetail', { ...where, list: list(all.map(inner)) })]),
    ...Object.entries(rule.shapes ?? {}).map(([selector, params]) =>
      line('policy_argShape', {
        action: actionOf(selector as Selector, naming), // keys of a record by selector
        contract: where.contract,
        shape: text(paramsText(params)),
      }),
    ),
  ]
}

/** What a deny rule blocks, by whom. */
export function denyLine(deny: DenyRule, naming: Naming): Line {
  const where = { actions: actionsArg(deny, naming), contract: contractArg(deny, naming) }
  const you = deny.by === 'person'
  if (deny.args === undefined) return line(you ? 'policy_cannotCallYou' : 'policy_cannotCall', where)
  const when = list(conditionLines(deny, naming).map(inner))
  return line(you ? 'policy_cannotCallWhenYou' : 'policy_cannotCallWhen', { ...where, when })
}

/** An argument by its name, e.g. `order.amount`. */
export function argumentName(path: ArgPath): Arg {
  if (path.at === 'felt') return inner(line('policy_argRaw', { n: count(path.index) }))
  if (path.at === 'length') return inner(line('policy_argLength'))
  if (path.at === 'item' && path.path.length === 0) return inner(line('policy_argEntry'))
  const name = text(String(printPath(path)).replace(/^\./, ''))
  return path.at === 'item' ? inner(line('policy_argItem', { path: name })) : name
}

/** A value as people read its kind; amounts of listed tokens in their unit. */
export function argumentValue(value: bigint, as: ArgKind, rule: Subject, naming: Naming): Arg {
  return valueArg(value, as, { naming, token: tokenOf(rule, naming), exact: false })
}

interface Voice {
  readonly naming: Naming
  /** The listed token that every entrypoint of the rule moves. */
  readonly token: Address | undefined
  readonly exact: boolean
}

function conditionsOf({ args }: Subject): readonly ArgRule[] {
  if (args === undefined) return []
  return 'all' in args ? args.all : [args]
}

function depthOf(rule: ArgRule): number {
  return 1 + Math.max(0, ...childrenOf(rule).map(depthOf))
}

function comparisons(rule: ArgRule): number {
  const inside = childrenOf(rule)
  return inside.length === 0 ? 1 : inside.reduce((sum, one) => sum + comparisons(one), 0)
}

function childrenOf(rule: ArgRule): readonly ArgRule[] {
  if ('all' in rule) return rule.all
  if ('any' in rule) return rule.any
  if ('not' in rule) return [rule.not]
  return 'each' in rule ? [rule.rule] : []
}

function said(rule: ArgRule, voice: Voice): Line {
  const every = (rules: readonly ArgRule[]) => list(rules.map((one) => inner(said(one, voice))))
  if ('all' in rule) return line('policy_argAll', { list: every(rule.all) })
  if ('any' in rule) return line('policy_argAny', { list: every(rule.any) })
  if ('not' in rule) return line('policy_argNot', { rule: inner(said(rule.not, voice)) })
  if ('each' in rule) {
    return line('policy_argEach', { arg: argumentName(rule.each), rule: inner(said(rule.rule, voice)) })
  }
  const arg = voice.exact
    ? inner(line('policy_argKind', { arg: argumentName(rule.arg), kind: text(rule.as) }))
    : argumentName(rule.arg)
  const value = (operand: Operand) => operandArg(operand, rule.as, voice)
  switch (rule.op) {
    case 'eq':
      return 'ref' in rule.to && rule.to.ref === 'account'
        ? line('policy_argOwn', { arg })
        : line('policy_argEq', { arg, value: value(rule.to) })
    case 'ne':
      return line('policy_argNe', { arg, value: value(rule.to) })
    case 'lt':
      return line('policy_argLt', { arg, value: value(rule.to) })
    case 'lte':
      return line('policy_argLte', { arg, value: value(rule.to) })
    case 'gt':
      return line('policy_argGt', { arg, value: value(rule.to) })
    case 'gte':
      return line('policy_argGte', { arg, value: value(rule.to) })
    case 'between':
      return line('policy_argBetween', { arg, low: value(rule.to[0]), high: value(rule.to[1]) })
    case 'in':
    case 'notIn': {
      const short = voice.exact || rule.to.length <= SHOWN ? rule.to : rule.to.slice(0, SHOWN)
      const values = list(short.map(value))
      if (short.length === rule.to.length) {
        return line(rule.op === 'in' ? 'policy_argIn' : 'policy_argNotIn', { arg, list: values })
      }
      const n = count(rule.to.length - short.length)
      return line(rule.op === 'in' ? 'policy_argInMore' : 'policy_argNotInMore', { arg, list: values, n })
    }
  }
}

/** Values of a list that are named before the others are counted. */
const SHOWN = 3

function sumLine(sum: CallRule['sums'][number], voice: Voice): Line {
  const name = argumentName(sum.arg)
  const arg = voice.exact ? inner(line('policy_argKind', { arg: name, kind: text(sum.as) })) : name
  const caps = sum.caps.map((cap) => inner(perWindow(valueArg(BigInt(cap.max), sum.as, voice), cap.window)))
  return line('policy_sum', { arg, list: list(caps) })
}

function operandArg(operand: Operand, as: ArgKind, voice: Voice): Arg {
  if ('value' in operand) return valueArg(BigInt(operand.value), as, voice)
  if (operand.ref === 'account') return inner(line('policy_argAccount'))
  const arg = argumentName(operand.arg)
  if (operand.ref === 'arg') return inner(line('policy_argOther', { arg }))
  return inner(line('policy_argEarlier_other', { arg, n: count(operand.back) }))
}

function valueArg(value: bigint, as: ArgKind, { naming, token }: Voice): Arg {
  switch (as) {
    case 'address':
      return placeOf(felt(value), naming)
    case 'selector':
      return actionOf(felt(value) as Selector, naming) // compared as one
    case 'classHash':
      return text(padded(felt(value)))
    case 'bool':
      return text(value === 0n ? 'false' : 'true')
    case 'u128':
    case 'u256':
      return token === undefined ? numberArg(value) : moneyOf(`${value}` as U256, token, naming) // within 2^256
    case 'felt':
      // Up to P it may be a hash or a name; a bound of a total may lie above.
      return value < 2n ** 64n || value >= P ? numberArg(value) : text(felt(value))
  }
}

function numberArg(value: bigint): Arg {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? count(Number(value)) : text(`${value}`)
}

function tokenOf({ contract, entrypoints }: Subject, naming: Naming): Address | undefined {
  if (contract === '*' || entrypoints === '*' || naming.tokens[contract] === undefined) return undefined
  return selectorsOf(entrypoints).every((selector) => moneyKind(selector) !== undefined) ? contract : undefined
}

function actionsArg({ entrypoints }: Subject, naming: Naming): Arg {
  if (entrypoints === '*') return inner(line('policy_anyAction'))
  return list(selectorsOf(entrypoints).map((selector) => actionOf(selector, naming)))
}

function contractArg({ contract }: Subject, naming: Naming): Arg {
  return contract === '*' ? inner(line('policy_anyContract')) : placeOf(contract, naming)
}

function selectorsOf(entrypoints: Exclude<Subject['entrypoints'], '*'>): readonly Selector[] {
  return entrypoints.map((entry) => (typeof entry === 'string' ? entry : entry.selector))
}

/** The author's names and the chain's types, as a developer writes them. */
function paramsText(params: readonly Param[]): string {
  return `(${params.map(({ name, shape }) => `${name}: ${shapeText(shape)}`).join(', ')})`
}

function shapeText(shape: Shape): string {
  switch (shape.t) {
    case 'struct':
      return `{${shape.fields.map(({ name, shape }) => `${name}: ${shapeText(shape)}`).join(', ')}}`
    case 'enum':
      return `<${shape.variants.map(({ name, shape }) => `${name}: ${shapeText(shape)}`).join(' | ')}>`
    case 'array':
      return `[${shapeText(shape.of)}]`
    case 'fixed':
      return `[${shapeText(shape.of)}; ${shape.length}]`
    default:
      return shape.t
  }
}
