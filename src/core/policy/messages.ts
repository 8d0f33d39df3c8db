import type { UnixSeconds } from '../time.ts'
import { heldBy } from './book.ts'
import { chargeMessage, findings, type Ledger } from './charging.ts'
import type { Message, MessageFacts } from './facts.ts'
import type { Hold, MessageRule, MeterBook, SessionRecord, Verdict } from './policy.ts'
import { byWeight } from './refusal.ts'
import { standingOfMessage } from './standing.ts'

/**
 * Decides whether a session signs this typed data without asking (policy.md 5.4). A rule stands for one domain and one
 * primary type; one that is off does not stand for it.
 *
 * @param now unix seconds, the judged clock
 * @returns `auto` with the one message it charges · `ask` · `refuse`: bad in every mode
 */
export function evaluateMessage(
  session: SessionRecord,
  book: MeterBook,
  open: readonly Hold[],
  message: Message,
  facts: MessageFacts,
  now: UnixSeconds,
): Verdict {
  if (message.reserved) return { kind: 'refuse', reasons: [{ code: 'reservedMessage' }] }
  const early = standingOfMessage(session, message, facts, now)
  if (early !== undefined) return early

  const policy = session.effective
  const rule = policy.messages.find(
    ({ enabled, domainHash, typeHash }) =>
      enabled && domainHash === message.domainHash && typeHash === message.typeHash,
  )
  if (rule === undefined) return { kind: 'ask', reasons: [{ code: 'messageScope' }] }
  const found = findings()
  const ledger: Ledger = { policy, book, held: heldBy(open), now, found, charges: [] }
  for (const field of rule.fields) {
    if (!fits(field, message)) found.add({ code: 'messageField', rule: rule.id, at: pointer(field.path) })
  }
  chargeMessage(ledger, rule)
  if (found.reasons.length > 0) return { kind: 'ask', reasons: byWeight(found.reasons) }
  return { kind: 'auto', charges: ledger.charges, matched: [rule.id] }
}

function fits({ path, op, to }: MessageRule['fields'][number], message: Message): boolean {
  const value = message.valueAt(path)
  const [first] = to
  if (value === undefined || first === undefined) return false
  switch (op) {
    case 'eq':
      return value === BigInt(first)
    case 'in':
      return to.some((one) => value === BigInt(one))
    case 'lte':
      return value <= BigInt(first)
    case 'gte':
      return value >= BigInt(first)
  }
}

function pointer(path: readonly string[]): string {
  return path.map((name) => `/${name}`).join('')
}
