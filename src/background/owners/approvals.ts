/**
 * Waiting questions: stored before their window opens, one window for all, bound to a digest, refused with their context
 * (security.md 6, approval-ux.md 7.4). A yes is a stored fact too, so that a dead worker goes on where it stopped.
 */
import { approvalFacts } from '../../core/approval.ts'
import { type Refused, refused } from '../../core/errors.ts'
import type { Hash32 } from '../../core/felt.ts'
import type { Origin } from '../../core/policy/policy.ts'
import type { Decision } from '../../core/protocol/ui.ts'
import type { ApprovalRecord, NetworkId, NetworkRecord, Question } from '../../core/records.ts'
import type { Seconds, UnixSeconds } from '../../core/time.ts'
import type { Database } from '../../platform/database.ts'
import { sha256 } from '../../starknet/digest.ts'

export interface Asker {
  readonly origin: Origin
  readonly document: string
  readonly tab: number
  readonly request: string
  /** A real gesture in that document: without it no window opens, the badge says that something waits. */
  readonly gesture: boolean
}

export interface Approvals {
  /**
   * Asks a person, or goes on with the same request's stored question.
   *
   * @returns the question as it was allowed, with what the person changed
   * @throws Refused 113 with its reason, 163 `busy` above the limits
   */
  ask(asker: Asker, question: Question, onStored?: (record: ApprovalRecord) => void): Promise<ApprovalRecord>
  /** A request's question and where it stands, for an answer that is asked again. */
  waiting(): Promise<readonly ApprovalRecord[]>
  get(id: string): Promise<ApprovalRecord | undefined>
  digest(record: ApprovalRecord): Hash32
  /** A new revision: an edit of the person, or something shown changed. @throws Stale */
  change(id: string, rev: number, change: (question: Question) => Question): Promise<ApprovalRecord>
  /** What was shown and decided must be what is stored now. @throws Stale */
  decide(id: string, rev: number, digest: Hash32, decision: Decision): Promise<void>
  /** Allowed work goes on: screens show its steps. */
  progress(id: string, change: (question: Question) => Question): Promise<void>
  finish(id: string, phase: 'done' | 'failed'): Promise<void>
  keepOpen(id: string): Promise<void>
  /** Every `unlock` question is answered by the unlock itself. */
  unlocked(): Promise<void>
  /** Consent ends with its context: lock, document, account or network of that site. */
  end(which: (record: ApprovalRecord) => boolean, reason: Refusal): Promise<void>
  windowClosed(window: number): Promise<void>
  /** By the person, from Home. */
  show(): Promise<void>
  quietUntil(origin: Origin): Promise<UnixSeconds | undefined>
}
export type Refusal = 'refused' | 'closed' | 'lapsed' | 'context' | 'quiet'
export type Stale = Error & { readonly kind: 'stale' | 'gone' }
export const isStale = (error: unknown): error is Stale =>
  error instanceof Error && 'kind' in error && (error.kind === 'stale' || error.kind === 'gone')

export interface ApprovalNeeds {
  readonly db: Database
  readonly now: () => UnixSeconds
  readonly newId: () => string
  readonly network: (id: NetworkId) => NetworkRecord | undefined
  /** Opens the one window, or does nothing while it is open. */
  readonly window: { open(): Promise<void>; isOurs(window: number): Promise<boolean> }
  readonly changed: () => void
}

/** provider.md 6.2. */
const PER_ORIGIN = 3
const IN_ALL = 10
const LIFE: Seconds = 300
/** Three refusals within a minute silence a site: 1 min, 5 min, 1 h; a day without one starts again (security.md 6.5). */
const QUIET: readonly Seconds[] = [60, 300, 3600]
const QUIET_BY_PERSON: Seconds = 3600
const REFUSALS = 3
const REFUSALS_WITHIN: Seconds = 60

interface QuietRow {
  readonly refusals: readonly UnixSeconds[]
  readonly level: number
  readonly until: UnixSeconds
}

export function createApprovals({ db, now, newId, network, window, changed }: ApprovalNeeds): Approvals {
  /** Who waits for an answer in this worker's life, by approval id. */
  const waiters = new Map<string, { resolve: (record: ApprovalRecord) => void; reject: (error: Refused) => void }[]>()

  const all = async (): Promise<readonly ApprovalRecord[]> => {
    const rows = await db.read(['approvals'], (tx) => tx.all('approvals'))
    return rows.map((row) => row.value as ApprovalRecord).sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))
  }
  const put = async (record: ApprovalRecord): Promise<ApprovalRecord> => {
    await db.write(['approvals'], 'strict', (tx) => tx.put('approvals', record.id, record))
    changed()
    return record
  }
  const get = async (id: string) =>
    (await db.read(['approvals'], (tx) => tx.get('approvals', id))) as ApprovalRecord | undefined

  /** Reads, changes and writes in one transaction: two presses cannot both be the first. */
  const update = async (
    id: string,
    change: (record: ApprovalRecord) => ApprovalRecord | undefined,
  ): Promise<ApprovalRecord | undefined> => {
    const next = await db.write(['approvals'], 'strict', async (tx) => {
      const record = (await tx.get('approvals', id)) as ApprovalRecord | undefined
      if (record === undefined) throw stale('gone')
      const after = change(record)
      if (after === undefined) await tx.delete('approvals', id)
      else await tx.put('approvals', id, after)
      return after
    })
    changed()
    return next
  }
  const settle = (
    id: string,
    with_: (waiter: { resolve: (it: ApprovalRecord) => void; reject: (it: Refused) => void }) => void,
  ) => {
    const list = waiters.get(id) ?? []
    waiters.delete(id)
    for (const waiter of list) with_(waiter)
  }
  const refuse = async (record: ApprovalRecord, reason: Refusal): Promise<void> => {
    await update(record.id, () => undefined).catch((error: unknown) => {
      if (!isStale(error)) throw error
    })
    settle(record.id, ({ reject }) => reject(refused('USER_REFUSED_OP', { reason })))
  }
  const live = (record: ApprovalRecord) => record.phase === 'running' || record.lapsesAt > now()

  const quietRow = async (origin: Origin): Promise<QuietRow> =>
    ((await db.read(['meta'], (tx) => tx.get('meta', `quiet ${origin}`))) as QuietRow | undefined) ?? {
      refusals: [],
      level: 0,
      until: 0,
    }
  const countRefusal = async (origin: Origin): Promise<void> => {
    const row = await quietRow(origin)
    const at = now()
    const last = row.refusals.at(-1)
    const level = last !== undefined && at - last > 86_400 ? 0 : row.level
    const refusals = [...row.refusals, at].slice(-REFUSALS)
    const loud = refusals.length === REFUSALS && at - (refusals[0] ?? 0) <= REFUSALS_WITHIN
    const next: QuietRow = loud
      ? { refusals: [], level: Math.min(level + 1, QUIET.length - 1), until: at + (QUIET[level] ?? 0) }
      : { refusals, level, until: row.until }
    await db.write(['meta'], 'relaxed', (tx) => tx.put('meta', `quiet ${origin}`, next))
  }
  const silence = (origin: Origin) =>
    db.write(['meta'], 'relaxed', (tx) =>
      tx.put('meta', `quiet ${origin}`, { refusals: [], level: QUIET.length - 1, until: now() + QUIET_BY_PERSON }),
    )

  const lapse = async (): Promise<void> => {
    for (const record of await all()) if (!live(record)) await refuse(record, 'lapsed')
  }

  return {
    ask: async (asker, question, onStored) => {
      await lapse()
      const open = await all()
      const same = open.find((record) => record.origin === asker.origin && record.request === asker.request)
      // Several parallel asks for an account are one question; transactions are never joined.
      const joined =
        question.kind === 'connect' || question.kind === 'unlock'
          ? open.find((record) => record.origin === asker.origin && record.question.kind === question.kind)
          : undefined
      const known = same?.question.kind === question.kind ? same : joined
      if (known !== undefined) {
        if (known.phase === 'running') return known
        onStored?.(known)
        return wait(known.id)
      }
      const quiet = await quietRow(asker.origin)
      if (quiet.until > now()) throw refused('USER_REFUSED_OP', { reason: 'quiet', retry_at: quiet.until })
      const asking = open.filter((record) => record.phase === 'asking')
      if (asking.length >= IN_ALL || asking.filter((record) => record.origin === asker.origin).length >= PER_ORIGIN)
        throw refused('UNKNOWN_ERROR', { reason: 'busy' })
      const at = now()
      const record: ApprovalRecord = {
        id: newId(),
        origin: asker.origin,
        document: asker.document,
        tab: asker.tab,
        request: asker.request,
        at,
        lapsesAt: at + LIFE,
        rev: 1,
        phase: 'asking',
        question,
      }
      await put(record)
      onStored?.(record)
      const answer = wait(record.id)
      // The refusal may come before somebody awaits it: a closed window, a lock.
      answer.catch(() => undefined)
      if (asker.gesture) await window.open()
      return answer
    },
    waiting: async () => {
      await lapse()
      return all()
    },
    get,
    digest: (record) =>
      sha256(approvalFacts(record, 'network' in record.question ? network(record.question.network) : undefined)),
    change: async (id, rev, change) => {
      const next = await update(id, (record) => {
        if (record.rev !== rev || record.phase !== 'asking') throw stale('stale')
        return { ...record, rev: record.rev + 1, question: change(record.question) }
      })
      if (next === undefined) throw stale('gone')
      return next
    },
    decide: async (id, rev, digest, decision) => {
      const record = await get(id)
      if (record === undefined || !live(record)) throw stale('gone')
      if (decision === 'allow') {
        const allowed = await update(id, (now_) => {
          const facts = approvalFacts(now_, 'network' in now_.question ? network(now_.question.network) : undefined)
          if (now_.phase !== 'asking' || now_.rev !== rev || sha256(facts) !== digest) throw stale('stale')
          return { ...now_, phase: 'running' }
        })
        if (allowed !== undefined) settle(id, ({ resolve }) => resolve(allowed))
        return
      }
      if (record.phase !== 'asking') throw stale('stale')
      await countRefusal(record.origin)
      if (decision === 'quiet') await silence(record.origin)
      const ended =
        decision === 'refuse'
          ? [record]
          : (await all()).filter(
              (it) => it.phase === 'asking' && (decision === 'refuseAll' || it.origin === record.origin),
            )
      for (const it of ended) await refuse(it, 'refused')
    },
    progress: async (id, change) => {
      await update(id, (record) => ({ ...record, question: change(record.question) }))
    },
    finish: async (id, phase) => {
      await update(id, (record) =>
        // Only what has something to show stays for a moment: the card that starts to run, or the step that failed.
        record.question.kind === 'session'
          ? { ...record, phase, lapsesAt: now() + (phase === 'done' ? 2 : 60) }
          : undefined,
      ).catch((error: unknown) => {
        if (!isStale(error)) throw error
      })
    },
    keepOpen: async (id) => {
      await update(id, (record) => ({ ...record, lapsesAt: Math.min(record.lapsesAt + LIFE, record.at + 2 * LIFE) }))
    },
    unlocked: async () => {
      for (const record of await all()) {
        if (record.question.kind !== 'unlock') continue
        await update(record.id, () => undefined)
        settle(record.id, ({ resolve }) => resolve(record))
      }
    },
    end: async (which, reason) => {
      for (const record of await all()) if (record.phase === 'asking' && which(record)) await refuse(record, reason)
    },
    windowClosed: async (closed) => {
      if (!(await window.isOurs(closed))) return
      const open = (await all()).filter((record) => record.phase === 'asking')
      const first = open[0]
      // A closed window with n waiting counts once.
      if (first !== undefined) await countRefusal(first.origin)
      for (const record of open) await refuse(record, 'closed')
    },
    show: () => window.open(),
    quietUntil: async (origin) => {
      const { until } = await quietRow(origin)
      return until > now() ? until : undefined
    },
  }

  function wait(id: string): Promise<ApprovalRecord> {
    return new Promise((resolve, reject) => {
      waiters.set(id, [...(waiters.get(id) ?? []), { resolve, reject }])
    })
  }
}

function stale(kind: Stale['kind']): Stale {
  return Object.assign(new Error(kind), { kind })
}
