import { moneyKind } from '../call.ts'
import { type Address, parseAddress, type Selector } from '../felt.ts'
import { byValue } from './meters.ts'
import type { ArgPath, ArgRule, CallRule } from './policy.ts'

/** The contracts of the other rules, and those that conditions name as the one to get leave (policy.md 3.2); sorted. */
export function likelySpenders(of: Address, calls: readonly CallRule[]): Address[] {
  const others = calls.flatMap(({ contract }) => (contract === '*' || contract === of ? [] : [contract]))
  return [...new Set([...others, ...rulesThatAllow(of, calls).flatMap(pinnedSpenders)])].sort(byValue)
}

/** Rules by which others get leave to take of this token or collection. */
export function rulesThatAllow(of: Address, calls: readonly CallRule[]): readonly CallRule[] {
  return calls.filter((rule) => rule.contract === of && entriesThatAllow(rule).length > 0)
}

/** That the rule names itself: "every action" names none. */
function entriesThatAllow({ entrypoints, wide }: CallRule): readonly Selector[] {
  if (entrypoints === '*' || wide === true) return []
  return entrypoints.flatMap(({ selector }) => {
    const kind = moneyKind(selector)
    return kind === 'approve' || kind === 'increase' || kind === 'approveAll' ? [selector] : []
  })
}

/** Addresses to which a rule's conditions hold the spender, the first argument. */
function pinnedSpenders(rule: CallRule): readonly Address[] {
  const first = entriesThatAllow(rule).map((selector) => rule.shapes?.[selector]?.[0]?.name)
  const isFirst = (arg: ArgPath) =>
    (arg.at === 'felt' && arg.index === 0) ||
    (arg.at === 'param' && arg.path.length === 0 && first.every((name) => name === arg.name))
  const values = (one: ArgRule): readonly string[] => {
    if ('all' in one) return one.all.flatMap(values)
    if (!('op' in one) || !isFirst(one.arg)) return []
    const operands = one.op === 'eq' ? [one.to] : one.op === 'in' ? one.to : []
    return operands.flatMap((operand) => ('value' in operand ? [operand.value] : []))
  }
  return (rule.args === undefined ? [] : values(rule.args)).flatMap((value) => parseAddress(value) ?? [])
}
