import { canonicalJson } from '../canonical.ts'
import type { LimitView, RuleView } from '../protocol/ui.ts'
import { inner, type Line, line } from '../words.ts'
import { ruleContent } from './carry.ts'
import type { Explanation } from './explain.ts'
import type { SessionPolicy } from './policy.ts'

/** How a policy differs from the one that is enforced now, in the words of both. */
export interface PolicyChange {
  /** By id of the rule. `more`: it is there, with other words. */
  readonly rules: Readonly<Record<RuleView['id'], 'new' | 'more' | 'off'>>
  /** By id of the limit: its line as it is today; `null`: there is none. */
  readonly limits: Readonly<Record<LimitView['id'], Line | null>>
  /** What holds today and would not any more. */
  readonly gone: readonly Line[]
}

interface Told {
  readonly policy: SessionPolicy
  readonly said: Explanation
}

/** Rules by content, as their counts are carried; all else by the words a person reads. */
export function explainChange(before: Told, after: Told): PolicyChange {
  const old = new Map(before.policy.calls.map((rule, index) => [ruleContent(rule), before.said.can[index]]))
  const known = new Set(after.policy.calls.map(ruleContent))
  const rules = after.policy.calls.flatMap((rule, index) => {
    const row = after.said.can[index]
    const was = old.get(ruleContent(rule))
    const how = row === undefined ? undefined : ruleChange(was, row)
    return how === undefined ? [] : [[rule.id, how] as const]
  })
  const limits = after.said.limits.flatMap((limit): (readonly [string, Line | null])[] => {
    const was = before.said.limits.find(({ id }) => id === limit.id)
    if (was === undefined) return [[limit.id, null] as const]
    return same(was.line, limit.line) ? [] : [[limit.id, was.line] as const]
  })
  const dropped = before.policy.calls.flatMap((rule, index) => {
    const row = before.said.can[index]
    return row?.enabled === true && !known.has(ruleContent(rule))
      ? [line('change_goneRule', { rule: inner(row.line) })]
      : []
  })
  const unlimited = before.said.limits
    .filter(({ id }) => after.said.limits.every((limit) => limit.id !== id))
    .map((limit) => line('change_goneLimit', { title: inner(limit.title), limit: inner(limit.line) }))
  const opened = before.said.cannot
    .filter((one) => !after.said.cannot.some((other) => same(one, other)))
    .map((one) => line('change_goneBlock', { block: inner(one) }))
  return {
    rules: Object.fromEntries(rules),
    limits: Object.fromEntries(limits),
    gone: [...dropped, ...unlimited, ...opened],
  }
}

type Row = Explanation['can'][number]

function ruleChange(was: Row | undefined, now: Row): 'new' | 'more' | 'off' | undefined {
  if (was === undefined || (!was.enabled && now.enabled)) return now.enabled ? 'new' : undefined
  if (was.enabled && !now.enabled) return 'off'
  return same([was.line, was.qualifiers], [now.line, now.qualifiers]) ? undefined : 'more'
}

function same(a: unknown, b: unknown): boolean {
  return canonicalJson(a) === canonicalJson(b)
}
