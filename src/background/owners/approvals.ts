/**
 * Waiting questions: stored before their window opens, one window for all, bound to a digest, refused with their context
 * (security.md 6, approval-ux.md 7.4). A yes is a stored fact too, so that a dead worker goes on where it stopped.
 */

import { approvalFacts, partsOf } from '../../core/approval.ts'
import { canonicalJson } from '../../core/canonical.ts'
import { type Refused, refused, type SiteError, siteError, thrown } from '../../core/errors.ts'
import type { Hash32 } from '../../core/felt.ts'
import { isKind } from '../../core/kind.ts'
import type { Origin } from '../../core/policy/policy.ts'
import type { Decision } from '../../core/protocol/ui.ts'
import type { ApprovalRecord, NetworkId, NetworkRecord, Question, TransactionQuestion } from '../../core/records.ts'
import type { Seconds, UnixSeconds } from '../../core/time.ts'
import { checkpoint } from '../../platform/checkpoint.ts'
import type { Database, ReadTx, Tx } from '../../platform/database.ts'
import { sha256 } from '../../starknet/digest.ts'

export interface Asker {
  readonly origin: Origin
  readonly document: string
  readonly tab: number
  readonly request: string
  /** A real gesture in that document: without it no window opens, the badge says that something waits. */
  readonly gesture: boolean
  /** The person asks in the wallet's own pages, in the name of the site. */
  readonly byPerson?: true
}

export interface Approvals {
  /**
   * Asks a person, or goes on with the same request's stored question: its yes, where it is of the same facts and not
   * older than 10 min, or its end.
   *
   * @returns the question as it was allowed, with what the person changed; or one that is `done` already
   * @throws Refused 113 with its reason, 163 `busy` above the limits, what a `failed` one ended with
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
  /**
   * Read again before anything is signed for it, as often as wanted. From the first time on a lock does not end it.
   *
   * @throws Refused 113 `context`: its yes was taken back, is too old, or was for other facts
   */
  begin(id: string): Promise<Allowed>
  /**
   * Synchronous: its yes was taken back in this worker's life. What is committed in a strict transaction that still saw
   * `false` is committed before `endRunning` resolves.
   */
  isEnded(id: string): boolean
  /** Allowed work goes on: screens show its steps. Never what was decided. @throws Stale */
  progress(id: string, change: (question: Question) => Question): Promise<void>
  finish(id: string, phase: 'done' | 'failed', failure?: SiteError): Promise<void>
  keepOpen(id: string): Promise<void>
  /** Every `unlock` question is answered by the unlock itself. */
  unlocked(): Promise<void>
  /** Consent ends with its context: lock, document, account or network of that site. */
  end(which: (record: ApprovalRecord) => boolean, reason: Refusal): Promise<void>
  /** Takes a yes back, whose work may be under way: it signs nothing after this resolves. */
  endRunning(which: (record: ApprovalRecord) => boolean, reason: Refusal): Promise<void>
  /** At a browser start: neither a question nor a yes outlives the browser. */
  forgetAll(): Promise<void>
  windowClosed(window: number): Promise<void>
  /** By the person, from Home. */
  show(): Promise<void>
  quietUntil(origin: Origin): Promise<UnixSeconds | undefined>
  /** Silenced sites, connected or not. */
  quiet(): Promise<readonly { readonly origin: Origin; readonly until: UnixSeconds }[]>
  /** The person listens to a site again; what it was refused before is forgotten. */
  listen(origin: Origin): Promise<void>
}
export type Allowed = ApprovalRecord & { readonly decided: NonNullable<ApprovalRecord['decided']> }
export type Refusal = 'refused' | 'closed' | 'lapsed' | 'context' | 'quiet'
export type Stale = Error & { readonly kind: 'stale' | 'gone' }
export const isStale = (error: unknown): error is Stale => isKind(error, 'stale') || isKind(error, 'gone')

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
/** A yes is good for going on after a worker's death so long (architecture.md 5). */
const YES_LASTS: Seconds = 600
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

  /** A yes whose work goes on in this worker's life does not grow old; one that was taken back stays so. */
  const atWork = new Set<string>()
  const ended = new Set<string>()

  const read = async (tx: ReadTx): Promise<readonly ApprovalRecord[]> => {
    const rows = await tx.all('approvals')
    return rows.map((row) => row.value as ApprovalRecord).sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))
  }
  const all = () => db.read(['approvals'], read)
  const get = async (id: string) =>
    (await db.read(['approvals'], (tx) => tx.get('approvals', id))) as ApprovalRecord | undefined
  const digest = (record: ApprovalRecord) =>
    sha256(approvalFacts(record, 'network' in record.question ? network(record.question.network) : undefined))

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
  const forget = async (tx: Tx, { id, phase }: ApprovalRecord): Promise<void> => {
    if (phase === 'running') ended.add(id)
    atWork.delete(id)
    await tx.delete('approvals', id)
  }
  /** One transaction: what is decided meanwhile is looked at as it is then. */
  const remove = async (which: (record: ApprovalRecord) => boolean): Promise<readonly ApprovalRecord[]> => {
    if (!(await all()).some(which)) return []
    const gone = await db.write(['approvals'], 'strict', async (tx) => {
      const found = (await read(tx)).filter(which)
      for (const record of found) await forget(tx, record)
      return found
    })
    if (gone.length > 0) changed()
    return gone
  }
  const refuse = async (which: (record: ApprovalRecord) => boolean, reason: Refusal): Promise<void> => {
    for (const { id } of await remove(which)) rejectAll(id, reason)
  }
  const rejectAll = (id: string, reason: Refusal) =>
    settle(id, ({ reject }) => reject(refused('USER_REFUSED_OP', { reason })))
  const isFresh = ({ decided }: ApprovalRecord) =>
    decided !== undefined && decided.at <= now() && now() - decided.at < YES_LASTS
  const live = (record: ApprovalRecord) =>
    record.phase === 'running' ? atWork.has(record.id) || isFresh(record) : record.lapsesAt > now()
  /** What was allowed is what is stored now. */
  const isAllowed = (record: ApprovalRecord): record is Allowed =>
    record.phase === 'running' && record.decided?.digest === digest(record) && live(record)

  const quietIn = async (tx: ReadTx, origin: Origin): Promise<QuietRow> =>
    ((await tx.get('meta', `quiet ${origin}`)) as QuietRow | undefined) ?? { refusals: [], level: 0, until: 0 }
  const quietRow = (origin: Origin) => db.read(['meta'], (tx) => quietIn(tx, origin))
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

  const lapse = () => refuse((record) => !live(record), 'lapsed')

  /** Counts, joins and stores in one transaction: however many ask at once, the limits hold. */
  const stored = (asker: Asker, question: Question) =>
    db.write(['approvals', 'meta'], 'strict', async (tx) => {
      const open = (await read(tx)).filter(live)
      const own = open.filter((record) => record.origin === asker.origin)
      const same = own.find(({ request, question: { kind } }) => request === asker.request && kind === question.kind)
      const goesOn =
        same !== undefined && asksTheSame(same.question, question) && (same.phase !== 'running' || isAllowed(same))
      if (goesOn) return { record: same }
      // Another question under the same id, or a yes to something else: it stands for nothing any more.
      if (same !== undefined) await forget(tx, same)
      // Several parallel asks for an account are one question; transactions are never joined, and a yes never is.
      const joined = isJoined(question)
        ? own.find((it) => it.phase === 'asking' && it.question.kind === question.kind && isJoined(it.question))
        : undefined
      if (joined !== undefined) return { record: joined, replaced: same }
      const quiet = await quietIn(tx, asker.origin)
      if (quiet.until > now() && asker.byPerson !== true)
        throw refused('USER_REFUSED_OP', { reason: 'quiet', retry_at: quiet.until })
      const asking = open.filter((record) => record.phase === 'asking' && record !== same)
      const ofSite = asking.filter((record) => record.origin === asker.origin && record.byPerson !== true)
      if (asking.length >= IN_ALL || (ofSite.length >= PER_ORIGIN && asker.byPerson !== true))
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
        ...(asker.byPerson === true ? { byPerson: true } : {}),
        question,
      }
      await tx.put('approvals', record.id, record)
      return { record, replaced: same }
    })

  return {
    ask: async (asker, question, onStored) => {
      await lapse()
      const { record, replaced } = await stored(asker, question)
      changed()
      if (replaced !== undefined) rejectAll(replaced.id, 'context')
      if (record.phase === 'failed') throw thrown(record.failure ?? siteError('UNKNOWN_ERROR', { reason: 'internal' }))
      if (record.phase !== 'asking') return record
      const answer = wait(record.id)
      // The refusal may come before somebody awaits it: a closed window, a lock.
      answer.catch(() => undefined)
      onStored?.(record)
      if (__E2E__) await checkpoint('stored')
      if (!asker.gesture) return answer
      try {
        await window.open()
        if (__E2E__) await checkpoint('shown')
      } catch (error) {
        // Nobody can see it: it must not wait, and not count.
        await refuse(({ id, phase }) => id === record.id && phase === 'asking', 'closed')
        throw error
      }
      return answer
    },
    waiting: async () => {
      await lapse()
      return all()
    },
    get,
    digest,
    change: async (id, rev, change) => {
      const next = await update(id, (record) => {
        if (record.rev !== rev || record.phase !== 'asking') throw stale('stale')
        return { ...record, rev: record.rev + 1, question: change(record.question) }
      })
      if (next === undefined) throw stale('gone')
      return next
    },
    decide: async (id, rev, shown, decision) => {
      const record = await get(id)
      if (record === undefined || !live(record)) throw stale('gone')
      if (decision === 'allow') {
        const allowed = await update(id, (it) => {
          if (it.phase !== 'asking' || it.rev !== rev || digest(it) !== shown) throw stale('stale')
          return { ...it, phase: 'running', decided: { digest: shown, at: now() } }
        })
        if (__E2E__) await checkpoint('allowed')
        if (allowed !== undefined) settle(id, ({ resolve }) => resolve(allowed))
        return
      }
      if (record.phase !== 'asking') throw stale('stale')
      if (record.byPerson !== true) await countRefusal(record.origin)
      if (decision === 'quiet') await silence(record.origin)
      await refuse(
        (it) =>
          it.phase === 'asking' &&
          (it.id === id || decision === 'refuseAll' || (decision === 'quiet' && it.origin === record.origin)),
        'refused',
      )
    },
    begin: async (id) => {
      const gone = () => refused('USER_REFUSED_OP', { reason: 'context' })
      const begun = await update(id, (record) => {
        if (!isAllowed(record)) throw gone()
        return { ...record, begun: true }
      }).catch((error: unknown) => {
        throw isStale(error) ? gone() : error
      })
      if (begun?.decided === undefined || ended.has(id)) throw gone()
      atWork.add(id)
      return { ...begun, decided: begun.decided }
    },
    isEnded: (id) => ended.has(id),
    progress: async (id, change) => {
      await update(id, (record) => {
        const next = { ...record, question: change(record.question) }
        if (digest(next) !== digest(record)) throw new Error('progress changes what was decided')
        return next
      })
    },
    finish: async (id, phase, failure) => {
      await update(id, (record) =>
        // Only what has something to show stays for a moment: the card that starts to run, or the step that failed.
        record.question.kind === 'session'
          ? {
              ...record,
              phase,
              lapsesAt: now() + (phase === 'done' ? 2 : 60),
              ...(failure === undefined ? {} : { failure }),
            }
          : undefined,
      ).catch((error: unknown) => {
        if (!isStale(error)) throw error
      })
      atWork.delete(id)
    },
    keepOpen: async (id) => {
      await update(id, (record) => ({ ...record, lapsesAt: Math.min(record.lapsesAt + LIFE, record.at + 2 * LIFE) }))
    },
    unlocked: async () => {
      for (const record of await remove(({ question }) => question.kind === 'unlock'))
        settle(record.id, ({ resolve }) => resolve(record))
    },
    end: (which, reason) => refuse((record) => record.phase === 'asking' && which(record), reason),
    endRunning: (which, reason) => refuse((record) => record.phase === 'running' && which(record), reason),
    forgetAll: () => refuse(() => true, 'context'),
    windowClosed: async (closed) => {
      if (!(await window.isOurs(closed))) return
      const first = (await all()).find((record) => record.phase === 'asking')
      // A closed window with n waiting counts once.
      if (first !== undefined && first.byPerson !== true) await countRefusal(first.origin)
      await refuse((record) => record.phase === 'asking', 'closed')
    },
    show: () => window.open(),
    quiet: async () => {
      const rows = await db.read(['meta'], (tx) => tx.rows('meta'))
      return rows.flatMap(({ key, value }) => {
        if (!key.startsWith('quiet ')) return []
        const { until } = value as QuietRow // Written above alone; it guards no money.
        return until > now() ? [{ origin: key.slice('quiet '.length) as Origin, until }] : []
      })
    },
    listen: (origin) => db.write(['meta'], 'relaxed', (tx) => tx.delete('meta', `quiet ${origin}`)),
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

/** Asks for an account or for the unlock are the same to everybody who waits for them. */
function isJoined(question: Question): boolean {
  return question.kind === 'unlock' || (question.kind === 'connect' && question.alone === undefined)
}

/** Whether a request that is asked again is the one that was stored: what the site asks, not what a person changed. */
function asksTheSame(a: Question, b: Question): boolean {
  if (a.kind === 'session' && b.kind === 'session')
    return (
      a.network === b.network &&
      a.account === b.account &&
      a.change === b.change &&
      (a.change === undefined || a.replaces === b.replaces) &&
      canonicalJson(partsOf(a).map(({ asked }) => asked)) === canonicalJson(partsOf(b).map(({ asked }) => asked))
    )
  if (a.kind === 'transaction' && b.kind === 'transaction')
    return a.network === b.network && a.account === b.account && asWork(a) === asWork(b)
  if (a.kind === 'message' && b.kind === 'message')
    return a.network === b.network && a.account === b.account && a.hash === b.hash
  if (a.kind === 'switch' && b.kind === 'switch') return a.network === b.network
  if (a.kind === 'network' || a.kind === 'token') return canonicalJson(a) === canonicalJson(b)
  return a.kind === b.kind
}

const asWork = ({ calls, carries, onlyAt }: TransactionQuestion) => canonicalJson({ calls, carries, onlyAt })

function stale(kind: Stale['kind']): Stale {
  return Object.assign(new Error(kind), { kind })
}
