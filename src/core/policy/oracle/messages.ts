/**
 * The second opinion on messages, by the text of policy.md 5.4: it keeps the whole list of what was signed and counts it
 * anew for every question. Shares type declarations with the engine, nothing else.
 */
import type { Message, MessageFacts } from '../facts.ts'
import type { MessageRule, ReasonCode, SessionRecord } from '../policy.ts'
import { startOf } from './ledger.ts'

/** A message that was signed, or is about to be. */
export interface PastMessage {
  readonly rule: string
  readonly at: number
}
export interface MessageOpinion {
  readonly kind: 'auto' | 'ask' | 'refuse'
  /** Each with what it is about. */
  readonly reasons: readonly string[]
  readonly counted: readonly string[]
}

const MARGIN = 60
const AGE = 60

export function judgeMessage(
  session: SessionRecord,
  past: readonly PastMessage[],
  message: Message,
  facts: MessageFacts,
  now: number,
): MessageOpinion {
  if (message.reserved) return { kind: 'refuse', reasons: ['reservedMessage'], counted: [] }
  const foreign = strange(session, message, facts)
  if (foreign.length > 0) return { kind: 'refuse', reasons: foreign, counted: [] }
  const resting = whyResting(session, facts, now)
  if (resting.length > 0) return { kind: 'ask', reasons: resting, counted: [] }
  const named = session.effective.messages.filter(
    (rule) => rule.domainHash === message.domainHash && rule.typeHash === message.typeHash,
  )
  const [rule] = named.filter(({ enabled }) => enabled)
  if (rule === undefined) return { kind: 'ask', reasons: ['messageScope'], counted: [] }
  // One reason for a rule whose fields do not hold, however many of them: which one is said first is nobody's promise.
  const reasons = [
    ...(rule.fields.every((field) => holds(field, message)) ? [] : [`messageField ${rule.id}`]),
    ...(hasRoom(rule, past, now) ? [] : [`messageCount ${rule.id}`]),
  ]
  return reasons.length > 0
    ? { kind: 'ask', reasons, counted: [] }
    : { kind: 'auto', reasons, counted: [`msg:${rule.id}`] }
}

function strange(session: SessionRecord, message: Message, { genesis }: MessageFacts): readonly ReasonCode[] {
  const sameChain = message.chainId === session.chainId && (genesis === undefined || genesis === session.genesis.hash)
  return [
    ...(message.origin === session.origin ? [] : ['wrongOrigin' as const]),
    ...(sameChain ? [] : ['wrongChain' as const]),
    ...(message.account === session.account ? [] : ['wrongAccount' as const]),
  ]
}

/** As step 4 has it, with the owner's key in the place of the session's, and the account's own code alone. */
function whyResting(session: SessionRecord, facts: MessageFacts, now: number): readonly ReasonCode[] {
  const { state, effective, account, accountClass } = session
  const code = facts.classes[account]
  const isOver = state === 'revoked' || state === 'revoking' || state === 'superseded'
  return [
    ...(isOver ? ['revoked' as const] : []),
    ...(state === 'paused' ? ['paused' as const] : []),
    ...(state === 'pending' ? ['notActive' as const] : []),
    ...(state === 'active' && !facts.unlocked ? ['locked' as const] : []),
    ...(now < effective.validAfter ? ['notStarted' as const] : []),
    ...(now >= effective.validUntil - MARGIN ? ['expired' as const] : []),
    ...(facts.clockWrong ? ['clock' as const] : []),
    ...(code === undefined || code.readAt < now - AGE || code.classHash !== accountClass
      ? ['codeChanged' as const]
      : []),
  ]
}

function holds({ path, op, to }: MessageRule['fields'][number], message: Message): boolean {
  const value = message.valueAt(path)
  const wanted = to.map((one) => BigInt(one))
  const [only] = wanted
  if (value === undefined || only === undefined) return false
  if (op === 'in') return wanted.includes(value)
  if (op === 'eq') return value === only
  return op === 'lte' ? value <= only : value >= only
}

/** No cap is no room. */
function hasRoom({ id, caps }: MessageRule, past: readonly PastMessage[], now: number): boolean {
  const signed = past.filter(({ rule }) => rule === id)
  const fits = caps.map(({ window, max }) => {
    const from = startOf(window, now)
    return signed.filter(({ at }) => at >= from && at <= now).length + 1 <= max
  })
  return fits.length > 0 && fits.every(Boolean)
}
