import type { Address, Selector } from '../felt.ts'
import { argumentsHold, type CallAt } from './arguments.ts'
import type { Call, CallRule, DenyRule, SessionPolicy } from './policy.ts'

/** Which rule answers for a call (policy.md 5.2). Decided by calldata alone, never by meters or switches. */
export type Owner =
  | { readonly kind: 'rule'; readonly rule: CallRule }
  /** Rules name the entrypoint, but the arguments of none are surely true. */
  | { readonly kind: 'arguments' }
  | { readonly kind: 'none' }

/**
 * The owner among the rules of the highest rank present; a lower rank is never asked, even if the higher one is off, fails
 * or is used up: a wildcard would undo a switch or a cap.
 */
export function ownerOf(policy: SessionPolicy, at: CallAt): Owner {
  const rules = candidatesOf(policy, at)
  const rule = rules.find((one) => argumentsHold(one, at) === true)
  if (rule !== undefined) return { kind: 'rule', rule }
  return { kind: rules.length > 0 ? 'arguments' : 'none' }
}

/** The first that blocks the call. A predicate that cannot be decided denies as well. */
export function denyOf(policy: SessionPolicy, at: CallAt): DenyRule | undefined {
  const call = at.calls[at.index]
  return call && policy.deny.find((deny) => covers(deny, call) && argumentsHold(deny, at) !== false)
}

/** How many of the calls some rule owns: which session's reasons are told when none fits. */
export function ownedCalls(
  policy: SessionPolicy,
  { account, calls }: { readonly account: Address; readonly calls: readonly Call[] },
): number {
  return calls.filter((_, index) => ownerOf(policy, { account, calls, index }).kind === 'rule').length
}

/** The rules one of which may own the call, whatever its arguments. */
export function candidatesOf(policy: SessionPolicy, at: CallAt): readonly CallRule[] {
  const call = at.calls[at.index]
  return call === undefined ? [] : candidates(policy, call)
}

/** The rule lists this entrypoint on this very contract by itself: neither any contract nor "every action". */
export function listsExactly(rule: CallRule, call: Call): boolean {
  return rank(rule, call.selector) === 3
}

const memory = new WeakMap<SessionPolicy, Map<string, readonly CallRule[]>>()

/** Kept per policy object: policies are replaced, never changed in place. */
function candidates(policy: SessionPolicy, call: Call): readonly CallRule[] {
  let known = memory.get(policy)
  if (known === undefined) {
    known = new Map()
    memory.set(policy, known)
  }
  const key = `${call.to}:${call.selector}`
  const found = known.get(key)
  if (found !== undefined) return found
  const fitting = policy.calls.filter(
    (rule) => (rule.contract === '*' || rule.contract === call.to) && lists(rule, call.selector),
  )
  const highest = Math.max(...fitting.map((rule) => rank(rule, call.selector)))
  const rules = fitting.filter((rule) => rank(rule, call.selector) === highest)
  // Keys come from sites: a page that calls a million different pairs must not fill the worker.
  if (known.size >= MEMORY) known.clear()
  known.set(key, rules)
  return rules
}

const MEMORY = 1_024

function lists(rule: CallRule, selector: Selector): boolean {
  return rule.entrypoints === '*' || rule.entrypoints.some((entry) => entry.selector === selector)
}

function rank(rule: CallRule, selector: Selector): 0 | 1 | 2 | 3 {
  const listed = rule.entrypoints !== '*' && lists(rule, selector)
  if (rule.contract === '*') return listed ? 1 : 0
  return listed && rule.wide !== true ? 3 : 2
}

function covers(deny: DenyRule, call: Call): boolean {
  const contract = deny.contract === '*' || deny.contract === call.to
  return contract && (deny.entrypoints === '*' || deny.entrypoints.includes(call.selector))
}
