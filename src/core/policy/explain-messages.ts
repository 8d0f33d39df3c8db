import { canonicalJson } from '../canonical.ts'
import { padded } from '../felt.ts'
import type { LimitView, RiskView } from '../protocol/ui.ts'
import { type Arg, inner, type Line, line, list, text } from '../words.ts'
import { type Naming, perWindow, placeOf, times } from './naming.ts'
import type { MessageRule, SessionPolicy } from './policy.ts'
import { type AskedMessage, sameScope, writtenField } from './wire-messages.ts'

export interface MessageNaming extends Naming {
  /** As the site wrote them: names that stand beside the hashes they gave. */
  readonly messages?: readonly AskedMessage[]
}

/** Which messages are signed without asking: always held by this wallet, with the owner's key (policy.md 10). */
export function messageRows(policy: SessionPolicy, naming: MessageNaming): readonly LimitView[] {
  return policy.messages.flatMap((rule) => {
    const row = (id: string, said: Line): LimitView => ({
      id,
      title: line('policy_titleMessages'),
      line: said,
      by: 'wallet',
      fields: [],
    })
    const names = namesOf(rule, naming)
    const limit = limitOf(rule)
    // By what it is about, not by its place: that is another one where a rule is added.
    const id = `msg:${rule.domainHash}:${rule.typeHash}`
    const conditions = rule.fields.map((field) => row(`${id}:${canonicalJson(field)}`, fieldLine(rule, field, naming)))
    if (!rule.enabled) return [row(id, line('policy_messageOff', { ...names, limit })), ...conditions]
    return [row(id, line('policy_messageRule', { ...names, limit })), ...conditions]
  })
}

/** What is signed without asking besides: of its worst case nobody knows an amount. */
export function withMessages(worst: Line, policy: SessionPolicy, naming: MessageNaming): Line {
  const on = policy.messages.filter((rule) => rule.enabled)
  if (on.length === 0) return worst
  const signs = on.map((rule) => inner(line('policy_messageRule', { ...namesOf(rule, naming), limit: limitOf(rule) })))
  if (sendsNothing(policy)) return line('policy_worstOnlyMessages', { list: list(signs) })
  return line('policy_worstMessages', { worst: inner(worst), list: list(signs) })
}

/** Without a rule for calls no transaction is ever sent: what limits them says nothing. */
export function sendsNothing({ calls }: SessionPolicy): boolean {
  return calls.length === 0
}

/** A message may be an order that spends tokens by somebody else's transaction. */
export function cannotSpend(policy: SessionPolicy) {
  if (sendsNothing(policy)) return 'policy_cannotSend'
  return policy.messages.some((rule) => rule.enabled) ? 'policy_cannotSpendItself' : 'policy_cannotSpend'
}

export function messageRisks({ messages }: SessionPolicy): readonly RiskView[] {
  return messages.some((rule) => rule.enabled) ? [{ level: 'warn', line: line('message_money') }] : []
}

export function messageHeld({ messages }: SessionPolicy): readonly Line[] {
  return messages.some((rule) => rule.enabled) ? [line('policy_messagesUnlocked')] : []
}

/** Two rules may have the same names and other hashes: versions and members are in them too. */
export function messageDetails(policy: SessionPolicy, naming: MessageNaming): readonly Line[] {
  return policy.messages.flatMap((rule) => [
    line('policy_messageHashes', {
      ...namesOf(rule, naming),
      typed: text(padded(rule.typeHash)),
      domain: text(padded(rule.domainHash)),
    }),
    ...(rule.required ? [line('policy_messageNeeded', namesOf(rule, naming))] : []),
    ...rule.fields.map(({ path, as, to }) =>
      line('policy_messageValues', { field: text(path.join('.')), as: text(as), list: list(to.map(text)) }),
    ),
  ])
}

function limitOf({ caps }: MessageRule): Arg {
  return list(caps.map((cap) => inner(perWindow(times(cap.max), cap.window))))
}

function askedOf(rule: MessageRule, { messages }: MessageNaming): AskedMessage | undefined {
  return messages === undefined ? undefined : sameScope(messages, rule)
}

function namesOf(rule: MessageRule, naming: MessageNaming): { readonly type: Arg; readonly about: Arg } {
  const written = askedOf(rule, naming)?.written
  const name = written?.domain.name
  return {
    type: text(written?.primary_type ?? rule.typeHash),
    about: text(name === undefined ? rule.domainHash : String(name)),
  }
}

const OPS = {
  eq: 'policy_messageEq',
  in: 'policy_messageIn',
  lte: 'policy_messageLte',
  gte: 'policy_messageGte',
} as const

function fieldLine(rule: MessageRule, field: MessageRule['fields'][number], naming: MessageNaming): Line {
  const asked = askedOf(rule, naming)
  const written = asked && writtenField(field, asked)
  const texts = written && [written.value].flat()
  const values =
    field.as === 'address'
      ? field.to.map((one) => placeOf(one as Parameters<typeof placeOf>[0], naming)) // Of kind address.
      : (texts ?? field.to).map((one) => text(one))
  return line(OPS[field.op], { field: text(field.path.join('.')), value: list(values) })
}
