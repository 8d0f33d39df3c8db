import { canonicalJson } from './canonical.ts'
import type { ApprovalRecord, NetworkRecord, Question, SessionPart, SessionQuestion } from './records.ts'

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
      return question
    case 'session': {
      const { asked: _asked, done: _done, ...facts } = question
      return facts
    }
    case 'transaction': {
      const { reasons: _reasons, session: _session, trial, ...facts } = question
      // What is expected to move may be read again every few seconds; the bounds are signed as they stand here.
      return { ...facts, bounds: trial?.bounds, fails: trial?.fails !== undefined }
    }
  }
}
