/**
 * What happened, append-only: transactions, refusals with all their reasons, lives of sessions. Relaxed writes: the next
 * strict commit takes them along, and a receipt that was lost is written again under the same id.
 */
import type { Address } from '../../core/felt.ts'
import type { Origin, SessionId } from '../../core/policy/policy.ts'
import type { HistoryRow, NetworkId } from '../../core/records.ts'
import type { UnixSeconds } from '../../core/time.ts'
import type { Database, Guard, Where } from '../../platform/database.ts'

export interface History {
  /** The same id is the same event, written again. Asleep there is no key: nothing happens then that is worth a row. */
  add(row: Entry): Promise<void>
  /** Those of the ids that no row has. */
  missing(ids: readonly string[]): Promise<readonly string[]>
  get(id: string): Promise<HistoryRow | undefined>
  /** Newest first. Rows that do not verify are left out and counted. `next`: there is more, before this. */
  list(which: HistoryQuery): Promise<{
    readonly rows: readonly HistoryRow[]
    readonly tampered: number
    readonly next?: UnixSeconds
  }>
  /** Rows of these sessions go; 90 days after their end. */
  prune(sessions: readonly SessionId[]): Promise<void>
}
/** Without an id it is an event of its own, without a time it is now. */
export type Entry = Omit<HistoryRow, 'id' | 'at'> & { readonly id?: string; readonly at?: UnixSeconds }
export interface HistoryQuery {
  readonly session?: SessionId
  readonly origin?: Origin
  readonly account?: Address
  readonly network?: NetworkId
  /** More that a row has to be. */
  readonly fits?: (row: HistoryRow) => boolean
  /** A page of many: it ends with a whole second, and says where the next one begins. */
  readonly paged?: true
  readonly before?: UnixSeconds
  readonly limit: number
}

export interface HistoryNeeds {
  readonly db: Database
  readonly guard: () => Guard | undefined
  readonly now: () => UnixSeconds
  readonly newId: () => string
  readonly onChange?: () => void
}

export function createHistory({ db, guard, now, newId, onChange }: HistoryNeeds): History {
  const fits = (row: HistoryRow, { origin, account, network, fits: more }: HistoryQuery) =>
    more?.(row) !== false &&
    (origin === undefined || row.origin === origin) &&
    (account === undefined || row.account === account) &&
    (network === undefined || row.network === network)

  return {
    add: async (entry) => {
      const key = guard()
      if (key === undefined) return
      const row: HistoryRow = { ...entry, id: entry.id ?? newId(), at: entry.at ?? now() }
      const marks = row.session === undefined ? { at: row.at } : { at: row.at, session: row.session }
      await db.write(['history'], 'relaxed', (tx) => key.put(tx, 'history', row.id, row, marks))
      onChange?.()
    },
    missing: (ids) =>
      db.read(['history'], async (tx) => {
        const rows = await Promise.all(ids.map((id) => tx.row('history', id)))
        return ids.filter((_, at) => rows[at] === undefined)
      }),
    get: async (id) => {
      const key = guard()
      if (key === undefined) return undefined
      const row = await db.read(['history'], (tx) => key.get<HistoryRow>(tx, 'history', id))
      return row?.ok === true ? row.value : undefined
    },
    list: async (which) => {
      const key = guard()
      if (key === undefined) return { rows: [], tampered: 0 }
      const { session, before, limit } = which
      const filtered = [which.origin, which.account, which.network, which.fits].some((it) => it !== undefined)
      const where: Where = {
        newest: true,
        // What is filtered afterwards is read up to a bound, so that a long history costs no more than a screen of it.
        limit: filtered ? limit * READ_AHEAD : limit,
        ...(session === undefined ? {} : { prefix: [session] }),
        ...(before === undefined ? {} : { below: before }),
      }
      const found = await db.read(['history'], (tx) =>
        key.find<HistoryRow, 'history'>(tx, 'history', session === undefined ? 'byTime' : 'bySession', where),
      )
      const sound = found.flatMap((row) => (row.ok ? [row.value] : []))
      const rows = sound.filter((row) => fits(row, which))
      const tampered = found.filter((row) => !row.ok).length
      const cut = rows.length > limit ? rows[limit - 1] : found.length === where.limit ? sound.at(-1) : undefined
      if (cut === undefined || which.paged !== true) return { rows: rows.slice(0, limit), tampered }
      // Where a page ends within a second, the next one begins with that second: nothing is left out between them.
      const page = rows.slice(0, limit)
      const whole = page.filter(({ at }) => at > cut.at)
      return whole.length === 0 ? { rows: page, tampered, next: cut.at } : { rows: whole, tampered, next: cut.at + 1 }
    },
    prune: async (sessions) => {
      const key = guard()
      if (key === undefined || sessions.length === 0) return
      await db.write(['history'], 'relaxed', async (tx) => {
        for (const session of sessions) {
          const rows = await tx.findRows('history', 'bySession', { prefix: [session] })
          for (const row of rows) await key.remove(tx, 'history', row.key)
        }
      })
    },
  }
}

const READ_AHEAD = 20
