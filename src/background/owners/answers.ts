/**
 * A request's id and its answer, so that a request asked again is answered again and has no second effect (security.md 5).
 * Relaxed: a lost row costs one look into the journal.
 */
import type { SiteError } from '../../core/errors.ts'
import { type Hash32, parseHash32 } from '../../core/felt.ts'
import type { Origin } from '../../core/policy/policy.ts'
import type { RequestId } from '../../core/protocol/frame.ts'
import type { AnswerRecord } from '../../core/records.ts'
import { parseTime, type Seconds, type UnixSeconds } from '../../core/time.ts'
import type { Database, Tx } from '../../platform/database.ts'

export type Answer = { readonly result: unknown } | { readonly error: SiteError }
export type Begun =
  /** Remembered now; the request may have its effect. */
  | { readonly kind: 'new' }
  | { readonly kind: 'known'; readonly answer: Answer }
  /** The id stands for another request. */
  | { readonly kind: 'other' }

export interface Answers {
  /**
   * Remembers a request before it has effect. The caller sees to it that one request is not begun twice at once.
   *
   * @param params digest of the method and its params
   * @throws StorageError
   */
  begin(origin: Origin, id: RequestId, params: Hash32): Promise<Begun>
  /** What `begin` would say, and nothing is written: for a request that is about to be turned away. @throws StorageError */
  look(origin: Origin, id: RequestId, params: Hash32): Promise<Begun>
  /** @throws StorageError */
  keep(origin: Origin, id: RequestId, params: Hash32, answer: Answer): Promise<void>
  /** The request was turned away before it had effect: asked again, it is new. */
  forget(origin: Origin, id: RequestId): Promise<void>
}

interface Asked {
  readonly origin: Origin
  readonly id: RequestId
  readonly params: Hash32
}

export interface AnswerNeeds {
  readonly db: Database
  readonly now: () => UnixSeconds
  /** What the journal knows of a request that was begun in an earlier life of the worker and not answered in it. */
  readonly rebuild: (origin: Origin, id: RequestId) => Promise<Answer | undefined>
}

/** How long an answer is kept (provider.md 1.4). */
export const KEPT: Seconds = 600
/** A request without an answer outlives every approval and the steps after it. */
const UNANSWERED_KEPT: Seconds = 86_400
const SWEEP_EVERY: Seconds = 60
const SWEPT_AT_ONCE = 200

export function createAnswers({ db, now, rebuild }: AnswerNeeds): Answers {
  let sweptAt: UnixSeconds | undefined

  const sweep = async (tx: Tx, time: UnixSeconds): Promise<void> => {
    if (sweptAt !== undefined && Math.abs(time - sweptAt) < SWEEP_EVERY) return
    const old = await tx.find('answers', 'byTime', { below: time - KEPT, limit: SWEPT_AT_ONCE })
    for (const { key } of old) await tx.delete('answers', key)
    sweptAt = old.length < SWEPT_AT_ONCE ? time : undefined
  }
  /** The mark is when the row's ten minutes begin: for one without an answer that is later than its own time. */
  const put = (tx: Tx, row: AnswerRecord) =>
    tx.put('answers', row.key, row, { at: row.answer === undefined ? row.at + UNANSWERED_KEPT - KEPT : row.at })

  /** `row`: what is stored of it, `undefined` for one nobody asked before. */
  const told = async (
    { origin, id, params }: Asked,
    row: AnswerRecord | undefined,
    found: (answer: Answer) => Promise<void>,
  ): Promise<Begun> => {
    if (row === undefined) return { kind: 'new' }
    if (row.params !== params) return { kind: 'other' }
    if (row.answer !== undefined) return { kind: 'known', answer: row.answer }
    const rebuilt = await rebuild(origin, id)
    if (rebuilt === undefined) return { kind: 'new' }
    await found(rebuilt)
    return { kind: 'known', answer: rebuilt }
  }

  return {
    look: async (origin, id, params) => {
      const key = keyOf(origin, id)
      const at = now()
      const stored = await db.read(['answers'], (tx) => tx.get('answers', key))
      const known = read(stored)
      const row = stored === undefined || known !== undefined ? known : { key, params, at }
      return told({ origin, id, params }, row === undefined || isOver(row, at) ? undefined : row, async () => undefined)
    },
    begin: async (origin, id, params) => {
      const key = keyOf(origin, id)
      const at = now()
      const row = await db.write(['answers'], 'relaxed', async (tx) => {
        const stored = await tx.get('answers', key)
        const known = read(stored)
        if (known !== undefined && !isOver(known, at)) return known
        const fresh: AnswerRecord = { key, params, at }
        await put(tx, fresh)
        await sweep(tx, at)
        // Damaged: somebody asked this before, so the journal may know.
        return stored !== undefined && known === undefined ? fresh : undefined
      })
      return told({ origin, id, params }, row, (answer) =>
        db.write(['answers'], 'relaxed', (tx) => put(tx, { key, params, at, answer })),
      )
    },
    keep: async (origin, id, params, answer) => {
      const row: AnswerRecord = { key: keyOf(origin, id), params, at: now(), answer }
      await db.write(['answers'], 'relaxed', (tx) => put(tx, row))
    },
    forget: async (origin, id) => {
      await db.write(['answers'], 'relaxed', (tx) => tx.delete('answers', keyOf(origin, id)))
    },
  }
}

/** An origin has no space. */
function keyOf(origin: Origin, id: RequestId): string {
  return `${origin} ${id}`
}

function isOver(row: AnswerRecord, time: UnixSeconds): boolean {
  return row.at + (row.answer === undefined ? UNANSWERED_KEPT : KEPT) <= time
}

function read(value: unknown): AnswerRecord | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { key, params, at, answer } = value as Readonly<Record<string, unknown>> // An object; each member is looked at.
  const digest = parseHash32(params)
  const time = parseTime(at)
  if (typeof key !== 'string' || digest === undefined || time === undefined) return undefined
  if (answer === undefined) return { key, params: digest, at: time }
  return isAnswer(answer) ? { key, params: digest, at: time, answer } : undefined
}

function isAnswer(value: unknown): value is Answer {
  if (typeof value !== 'object' || value === null) return false
  if ('result' in value) return true
  const error = 'error' in value ? value.error : undefined
  return (
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    typeof error.code === 'number' &&
    'message' in error &&
    typeof error.message === 'string'
  )
}
