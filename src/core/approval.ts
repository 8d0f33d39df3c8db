import { canonicalJson } from './canonical.ts'
import type { Origin } from './policy/policy.ts'
import type { ApprovalRecord, NetworkRecord, Question, SessionPart, SessionQuestion } from './records.ts'

/** Who asks where no site does: a scheme that no page has. */
export const OWN = 'latchkey:own' as Origin

/**
 * What a decision is bound to: every fact that changes what Allow does, as canonical JSON. Estimates under the cap,
 * balances, countdown, names and language are left out (approval-ux.md 7.3). The digest is its SHA-256.
 */
export function approvalFacts(
  record: Pick<ApprovalRecord, 'id' | 'origin' | 'question'>,
  network: NetworkRecord | undefined,
): string {
  return canonicalJson({
    v: 1,
    id: record.id,
    origin: record.origin,
    chain: network === undefined ? undefined : { id: network.chainId, genesis: network.genesis },
    question: bound(record.question),
  })
}

/** The sessions of a question, in the order they were asked for. */
export function partsOf(question: SessionQuestion): readonly SessionPart[] {
  return [question, ...(question.more ?? [])]
}

function bound(question: Question): unknown {
  switch (question.kind) {
    case 'unlock':
    case 'connect':
    case 'switch':
    case 'network':
    case 'token':
      return question
    case 'session': {
      const { asked: _asked, done: _done, ...facts } = question
      return facts
    }
    case 'message':
      // What is signed is the hash; how the site wrote it is drawn from what gives this hash.
      return {
        kind: question.kind,
        network: question.network,
        account: question.account,
        hash: question.hash,
        // As of a transaction: what fails is allowed with its tick, what did not is not.
        fails: question.effects === undefined ? undefined : question.effects.fails !== undefined,
      }
    case 'transaction': {
      const { reasons: _reasons, session: _session, trial, ...facts } = question
      // What is expected to move may be read again every few seconds; the bounds are signed as they stand here.
      return { ...facts, bounds: trial?.bounds, tip: trial?.tip, fails: trial?.fails !== undefined }
    }
  }
}
