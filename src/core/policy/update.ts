import { moneyKind } from '../call.ts'
import { malformed, type SiteError, thrown } from '../errors.ts'
import { type Address, u256 } from '../felt.ts'
import { MIN_LIFE, type UnixSeconds } from '../time.ts'
import { type Asked, type AskedRule, type AskedUpdate, contractsOf, never, ruleId, siteErrorOf } from './asked.ts'
import { assetAddress } from './assets.ts'
import { ruleContent } from './carry.ts'
import { LIMITS } from './limits.ts'
import { byValue, chainMethods } from './meters.ts'
import { narrows } from './narrow.ts'
import type { CallRule, DenyRule, MessageRule, RuleId, SessionPolicy, SpendPolicy } from './policy.ts'
import { type ResolveFacts, resolve } from './resolve.ts'
import { byScope, messageId, sameScope } from './wire-messages.ts'

/**
 * What a session would be after a site's update. `narrow`: it allows nothing more than what is enforced now, so nobody is
 * asked; else `wider` says where it does. `asked`: as if the site had asked for all of it at once.
 */
export type Updated =
  | { readonly ok: true; readonly policy: SessionPolicy; readonly asked: Asked; readonly wider: readonly string[] }
  | { readonly ok: false; readonly error: SiteError }

/** The contracts whose code must be known to judge an update. */
export function updateScope({ members }: AskedUpdate): readonly Address[] {
  return [...contractsOf([...members.calls, ...(members.deny ?? [])]), ...namedAssets(members)]
}

function namedAssets({ limits, items }: Asked): readonly Address[] {
  return [...limits.map((it) => it.token), ...(items ?? []).map((it) => it.collection)]
}

/**
 * Each member that a site names replaces that member of what is enforced, not of what was granted: so it never undoes the
 * person's tightening without asking (policy.md 11). Rules are matched by content and keep their ids, with them their
 * counts; one that is missing is switched off, never dropped.
 *
 * @param session its policy, and its request as it stands
 * @param now unix seconds; a duration counts from here
 */
export function updated(
  session: { readonly effective: SessionPolicy; readonly asked: Asked },
  update: AskedUpdate,
  facts: ResolveFacts,
  now: UnixSeconds,
): Updated {
  try {
    const before = session.effective
    const { members } = update
    const named = (member: AskedUpdate['named'][number]) => update.named.includes(member)
    const begin = members.validAfter ?? before.validAfter
    const ends = members.validUntil !== undefined || members.duration !== undefined
    const given = resolved(
      { ...members, validAfter: begin, ...(ends ? {} : { validUntil: unnamedEnd(members, before, now) }) },
      facts,
      now,
    )
    const places = matched(before.calls, given.calls)
    const calls = named('calls') ? mergedRules(before.calls, given.calls, places) : before.calls
    const merged = switchedOff(
      {
        ...before,
        validAfter: begin,
        validUntil: ends ? given.validUntil : before.validUntil,
        calls,
        deny: named('deny') ? mergedDenies(before.deny, given.deny) : before.deny,
        spend: mergedSpend(before.spend, given.spend, calls, named),
        fees: named('fees') ? given.fees : before.fees,
        usage: named('usage') ? given.usage : before.usage,
        messages: named('messages') ? mergedMessages(before.messages, given.messages) : before.messages,
      },
      update.off,
    )
    const policy = named('messages') ? withMessages(merged, given.messages) : merged
    refuseTooLarge(policy)
    const wider = narrows(policy, before)
    return {
      ok: true,
      policy,
      asked: askedAfter(session, update, policy, places),
      wider: wider === true ? [] : wider,
    }
  } catch (error) {
    return { ok: false, error: siteErrorOf(error) }
  }
}

function resolved(asked: Asked, facts: ResolveFacts, now: UnixSeconds): SessionPolicy {
  const it = resolve(asked, facts, now)
  if (!it.ok) throw thrown(it.error)
  return it.policy
}

/** An end that is not named is not judged again, unless the start comes nearer to it. */
function unnamedEnd(members: Asked, before: SessionPolicy, now: UnixSeconds): UnixSeconds {
  return members.validAfter === undefined ? Math.max(now, before.validAfter) + MIN_LIFE : before.validUntil
}

/** By place in `given`: the rule of the session that it is about. */
function matched(before: readonly CallRule[], given: readonly CallRule[]): readonly (CallRule | undefined)[] {
  const known = new Map(before.map((rule) => [ruleContent(rule), rule]))
  return given.map((rule) => known.get(ruleContent(rule)))
}

function mergedRules(
  before: readonly CallRule[],
  given: readonly CallRule[],
  places: readonly (CallRule | undefined)[],
): CallRule[] {
  const kept = before.map((rule) => {
    const now = given[places.indexOf(rule)]
    return now === undefined ? { ...rule, enabled: false } : changedRule(rule, now)
  })
  const added = given.filter((_, index) => places[index] === undefined)
  return [...kept, ...added.map((rule, index) => ({ ...rule, id: ruleId(before.length + index) }))]
}

/** What only a person said of a rule stays with it; so does that it is needed, which a later list need not repeat. */
function changedRule(before: CallRule, given: CallRule): CallRule {
  const { id, required, notAToken, adminAck, codePin } = before
  const pin = given.codePin ?? codePin
  return {
    ...given,
    id,
    required,
    ...(notAToken === undefined ? {} : { notAToken }),
    ...(adminAck === undefined ? {} : { adminAck }),
    ...(pin === undefined ? {} : { codePin: { ...pin, onChange: codePin?.onChange ?? pin.onChange } }),
  }
}

/** Of one domain and type there is one rule. What it was needed for stays; one that is missing is switched off. */
function mergedMessages(before: readonly MessageRule[], given: readonly MessageRule[]): MessageRule[] {
  return before.map((rule) => {
    const now = sameScope(given, rule)
    return now === undefined ? { ...rule, enabled: false } : { ...now, id: rule.id, required: rule.required }
  })
}

/** With those that are new, in their places: only a wider policy has any, and with it a book by content. */
function withMessages(policy: SessionPolicy, given: readonly MessageRule[]): SessionPolicy {
  const added = given.filter((rule) => sameScope(policy.messages, rule) === undefined)
  const all = [...policy.messages, ...added].sort(byScope)
  return { ...policy, messages: all.map((rule, index) => ({ ...rule, id: messageId(index) })) }
}

function mergedDenies(before: readonly DenyRule[], given: readonly DenyRule[]): DenyRule[] {
  return [...before.filter(({ by }) => by === 'person'), ...given]
}

/** Amounts and items are members of their own: a list of one kind leaves the other as it is. */
function mergedSpend(
  before: SpendPolicy,
  given: SpendPolicy,
  calls: readonly CallRule[],
  named: (member: 'limits' | 'items') => boolean,
): SpendPolicy {
  const again = new Set(given.limits.map(assetAddress))
  const kept = before.limits.flatMap((limit): SpendPolicy['limits'] => {
    if (!named(limit.asset === 'erc20' ? 'limits' : 'items')) return [limit]
    if (again.has(assetAddress(limit))) return []
    // Without a limit of its own each payment asks, as in a request (policy.md 3.2).
    return calls.some((rule) => rule.contract === assetAddress(limit) && movesMoney(rule)) ? [emptied(limit)] : []
  })
  const stays = new Set(kept.map(assetAddress))
  const added = given.limits.filter((limit) => !stays.has(assetAddress(limit)))
  return {
    limits: [...kept, ...added].sort((a, b) => byValue(assetAddress(a), assetAddress(b))),
    look: before.look === 'simulate' ? 'simulate' : given.look,
  }
}

/** Nothing more for the whole session; caps of other windows stay. */
function emptied(limit: SpendPolicy['limits'][number]): SpendPolicy['limits'][number] {
  const window = { kind: 'session' } as const
  if (limit.asset === 'erc20') {
    return { ...limit, caps: [{ window, max: u256(0n) }, ...limit.caps.filter((cap) => cap.window.kind !== 'session')] }
  }
  return { ...limit, maxOut: [{ window, max: 0 }, ...limit.maxOut.filter((cap) => cap.window.kind !== 'session')] }
}

function movesMoney({ entrypoints }: CallRule): boolean {
  return entrypoints === '*' || entrypoints.some(({ selector }) => moneyKind(selector) !== undefined)
}

function switchedOff(policy: SessionPolicy, off: readonly string[]): SessionPolicy {
  off.forEach((id, index) => {
    if (![...policy.calls, ...policy.messages].some((rule) => rule.id === id)) {
      throw malformed(`/disable_rules/${index}`, 'expected the id of a rule')
    }
  })
  const without = <T extends { readonly id: RuleId; readonly enabled: boolean }>(rule: T): T =>
    off.includes(rule.id) ? { ...rule, enabled: false } : rule
  return { ...policy, calls: policy.calls.map(without), messages: policy.messages.map(without) }
}

/** Rules are never dropped, so a session that is changed often grows. */
function refuseTooLarge(policy: SessionPolicy): void {
  if (policy.calls.length > LIMITS.rules) throw never('/calls', `at most ${LIMITS.rules} rules, those that are off too`)
  if (chainMethods(policy).length > LIMITS.leaves) throw never('/calls', `at most ${LIMITS.leaves} actions`)
  if (policy.messages.length > LIMITS.messages)
    throw never('/messages', `at most ${LIMITS.messages} rules, those that are off too`)
  if (policy.deny.length > LIMITS.denies) throw never('/deny', `at most ${LIMITS.denies} blocks`)
  if (policy.spend.limits.length > LIMITS.limits) throw never('/spend_limits', `at most ${LIMITS.limits} limits`)
}

/** Rules by the places of the policy, so that pointers and the site's words go on meaning the same rule. */
function askedAfter(
  { asked: before, effective }: { readonly effective: SessionPolicy; readonly asked: Asked },
  { members, named, off }: AskedUpdate,
  policy: SessionPolicy,
  places: readonly (CallRule | undefined)[],
): Asked {
  const { validAfter, validUntil, duration, deny, items, messages: _said, ...rest } = before
  const ends = members.validUntil !== undefined || members.duration !== undefined
  const added = members.calls.filter((_, at) => places[at] === undefined)
  const calls = policy.calls.flatMap(({ id }, index): AskedRule[] => {
    const again = members.calls[places.findIndex((rule) => rule?.id === id)]
    const old = before.calls[index]
    const asked = again ?? old ?? added[index - before.calls.length]
    if (asked === undefined) return []
    const dropped = again === undefined && old !== undefined && named.includes('calls')
    return [{ ...asked, enabled: asked.enabled && !dropped && !off.includes(id) }]
  })
  const words = places.flatMap((rule, index) => {
    const said = members.words[ruleId(index)]
    const place = before.calls.length + places.slice(0, index).filter((one) => one === undefined).length
    return said === undefined ? [] : [[rule?.id ?? ruleId(place), said] as const]
  })
  const messages = policy.messages.flatMap((rule) => {
    const again = sameScope(members.messages ?? [], rule)
    const asked = again ?? sameScope(before.messages ?? [], rule)
    const was = sameScope(effective.messages, rule)
    const dropped = (again === undefined && named.includes('messages')) || (was !== undefined && off.includes(was.id))
    return asked === undefined ? [] : [{ ...asked, enabled: asked.enabled && !dropped }]
  })
  const wanted = named.includes('items') ? members.items : items
  const denies = named.includes('deny') ? members.deny : deny
  return {
    ...rest,
    ...timesOf(ends ? members : { validUntil, duration }, members.validAfter ?? validAfter),
    calls,
    words: { ...before.words, ...Object.fromEntries(words) },
    limits: named.includes('limits') ? members.limits : before.limits,
    ...(denies === undefined ? {} : { deny: denies }),
    ...(wanted === undefined ? {} : { items: wanted }),
    ...(messages.length === 0 ? {} : { messages }),
    ...(members.fees === undefined ? {} : { fees: members.fees }),
    ...(members.usage === undefined ? {} : { usage: members.usage }),
  }
}

function timesOf(
  { validUntil, duration }: { readonly [K in 'validUntil' | 'duration']?: number | undefined },
  validAfter: UnixSeconds | undefined,
): Pick<Asked, 'validAfter' | 'validUntil' | 'duration'> {
  return {
    ...(validAfter === undefined ? {} : { validAfter }),
    ...(validUntil === undefined ? {} : { validUntil }),
    ...(duration === undefined ? {} : { duration }),
  }
}
