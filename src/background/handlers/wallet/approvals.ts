/** Answers to waiting questions, and what a person changes in them before the yes. */
import { partsOf } from '../../../core/approval.ts'
import type { Address } from '../../../core/felt.ts'
import { applyEdits } from '../../../core/policy/edits.ts'
import { unnamedTotals } from '../../../core/policy/resolve.ts'
import type { Decision, Edits, Proof } from '../../../core/protocol/ui.ts'
import type { AccountRecord, ApprovalRecord, SessionPart, SessionQuestion } from '../../../core/records.ts'
import { address, boolean, exact, optional, picklist } from '../../../core/schema.ts'
import { MAX_LIFE, type UnixSeconds } from '../../../core/time.ts'
import { type Line, line } from '../../../core/words.ts'
import type { Tried } from '../../keys/vault.ts'
import type { Approvals } from '../../owners/approvals.ts'
import type { Unlocking } from '../../unlocking.ts'
import { countedAgain, type PersonAsks } from '../session-change.ts'
import { edits } from './edits.ts'
import { passwordCheck } from './keys.ts'
import { hash, id, nothing, proof, rev, type VerbRows, verbError } from './verb.ts'

export interface ApprovalVerbNeeds {
  readonly approvals: Approvals
  readonly unlocking: Unlocking
  readonly account: (address: Address) => Promise<AccountRecord | undefined>
  /** What the person shall approve now needs the password as well. */
  readonly stepUp: (record: ApprovalRecord) => Promise<boolean>
  /** Tries it. What the approval's steps need of it is ready then. */
  readonly checked: (record: ApprovalRecord, password: Proof) => Promise<Tried<unknown>>
  /** What must be ticked before Allow, if anything, and what holds it back. */
  readonly holdsBack: (record: ApprovalRecord) => Promise<{ readonly blocked?: Line; readonly tick: boolean }>
  readonly asks: PersonAsks
  /** After its yes: what nobody waits for. */
  readonly goOn: (record: ApprovalRecord) => void
  readonly changed: () => void
}

type ApprovalVerb = 'openApproval' | 'editApproval' | 'chooseAccount' | 'keepOpen' | 'decide' | 'repeatCalls'

export function approvalVerbs(needs: ApprovalVerbNeeds): VerbRows<ApprovalVerb> {
  const { approvals, unlocking } = needs
  const opened: (tried: Tried<unknown>) => void = passwordCheck(needs)
  return {
    openApproval: {
      params: nothing,
      act: async () => {
        await approvals.show()
        return null
      },
    },
    editApproval: {
      params: exact({ id, rev, edits }),
      act: async ({ id, rev, edits: { clear, ...edits } }) => {
        const found = clear === undefined ? undefined : await approvals.get(id)
        const planned =
          found?.question.kind === 'session' && clear !== undefined
            ? await needs.asks.cleared(found.question, edits.part ?? 0, clear)
            : undefined
        // Of this revision or none: what was planned is for what was shown.
        const changed = await approvals.change(id, rev, (question) =>
          question.kind === 'session' ? (planned ?? edited(question, edits)) : question,
        )
        return { rev: changed.rev }
      },
    },
    chooseAccount: {
      params: exact({ id, rev, account: address }),
      act: async ({ id, rev, account }) => {
        if ((await needs.account(account)) === undefined) throw verbError('gone', line('err_gone'))
        await approvals.change(id, rev, (question) =>
          question.kind === 'connect' || question.kind === 'switch' ? { ...question, account } : question,
        )
        return null
      },
    },
    keepOpen: {
      params: exact({ id }),
      act: async ({ id }) => {
        await approvals.keepOpen(id)
        return null
      },
    },
    decide: {
      params: exact({
        id,
        rev,
        digest: hash,
        decision: picklist(decisions),
        password: optional(proof),
        ticked: optional(boolean()),
      }),
      act: async ({ id, rev, digest, decision, password, ticked }) => {
        if (decision === 'allow') await mayAllow(id, password, ticked === true)
        await approvals.decide(id, rev, digest, decision)
        // What a site asks for goes on where the site waits; this nobody waits for.
        const record = decision === 'allow' ? await approvals.get(id) : undefined
        if (record?.byPerson === true) needs.goOn(record)
        return null
      },
    },
    repeatCalls: {
      params: exact({ id }),
      act: async ({ id }) => {
        const record = await approvals.get(id)
        if (record === undefined || !(await needs.asks.repeat(record))) throw verbError('gone', line('err_gone'))
        return null
      },
    },
  }

  async function mayAllow(id: string, password: Proof | undefined, ticked: boolean): Promise<void> {
    const found = await approvals.get(id)
    if (found === undefined) throw verbError('gone', line('err_gone'))
    await mustBeUnlocked()
    const { blocked, tick } = await needs.holdsBack(found)
    if (blocked !== undefined) throw verbError('blocked', blocked)
    if (tick && !ticked) throw verbError('blocked', line('err_tick'))
    if (await needs.stepUp(found)) opened(await needs.checked(found, password ?? ''))
    // A locked wallet draws no question, so that nothing of it holds back: a lock that came meanwhile does.
    await mustBeUnlocked()
  }
  async function mustBeUnlocked(): Promise<void> {
    if ((await unlocking.state()) !== 'unlocked') throw verbError('locked', line('err_locked'))
  }
}

const decisions: readonly Decision[] = ['allow', 'refuse', 'refuseAll', 'quiet']

/** The end may be chosen freely only where the site asked none (policy.md 11, approval-ux.md 8). */
export function edited(question: SessionQuestion, edits: Edits): SessionQuestion {
  const { part = 0, on, ...more } = edits
  const parts = partsOf(question).map((it, index): SessionPart => {
    if (index !== part) return it
    const { off: _off, ...rest } = it
    if (on === false) return { ...it, off: true }
    return editedPart(on === true ? rest : it, question.askedAt, more)
  })
  const [first, ...others] = parts
  const { off: _off, again: _again, ...rest } = question
  return { ...rest, ...first, ...(question.more === undefined ? {} : { more: others }) }
}

function editedPart(question: SessionPart, askedAt: UnixSeconds, edits: Edits): SessionPart {
  if (edits.again !== undefined && question.change === 'renew')
    return editedPart(countedAgain(question, edits.again, askedAt), askedAt, withoutAgain(edits))
  const { asked, change, granted } = question
  // Another key for the same: there is nothing to choose.
  if (change === 'rotate') return question
  const named = change === 'update' || asked.validUntil !== undefined || asked.duration !== undefined
  const effective = applyEdits(question.effective, edits, {
    within: granted,
    now: askedAt,
    latest: named ? granted.validUntil : askedAt + MAX_LIFE,
    enterable: unnamedTotals(asked, granted),
    adjustable: asked.mayNarrow,
  })
  return {
    ...question,
    effective,
    ...(edits.runWhileLocked === undefined ? {} : { runWhileLocked: edits.runWhileLocked }),
  }
}

function withoutAgain({ again: _again, ...edits }: Edits): Edits {
  return edits
}
