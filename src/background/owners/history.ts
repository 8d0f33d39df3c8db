/**
 * What happened, append-only: transactions, refusals with all their reasons, lives of sessions. Relaxed writes: the next
 * strict commit takes them along, and a receipt that was lost is written again under the same id.
 */
import type { Origin, SessionId } from '../../core/policy/policy.ts'
import type { HistoryRow, NetworkId } from '../../core/records.ts'
import type { UnixSeconds } from '../../core/time.ts'
import type { Database, Guard, IndexOf, Marks } from '../../platform/database.ts'

export interface History {
  /** The same id is the same event, written again. Asleep there is no key: nothing happens then that is worth a row. */
  add(row: Entry): Promise<void>
  /** Those of the ids that no row has. */
  missing(ids: readonly string[]): Promise<readonly string[]>
  get(id: string): Promise<HistoryRow | undefined>
  /** Newest first. Rows that do not verify are left out and counted. `next`: where the next page begins, if there is more. */
  list(which: HistoryQuery): Promise<{
    readonly rows: readonly HistoryRow[]
    readonly tampered: number
    readonly next?: Place
  }>
  /** The sites that a row of the network names, last met first. */
  origins(network: NetworkId): Promise<readonly Origin[]>
  /** Rows of these sessions go; 90 days after their end. */
  prune(sessions: readonly SessionId[]): Promise<void>
}
/** Without an id it is an event of its own, without a time it is now. */
export type Entry = Omit<HistoryRow, 'id' | 'at'> & { readonly id?: string; readonly at?: UnixSeconds }
/** A row's place among all: its second, and its id among those of one second. */
export interface Place {
  readonly at: UnixSeconds
  readonly id: string
}
export type HistoryKind = 'automatic' | 'asked' | 'refused'
/** By an index: of a session, or of a network and there of a kind, a site or both; without these all there are. */
export interface HistoryQuery {
  readonly session?: SessionId
  readonly network?: NetworkId
  readonly kind?: HistoryKind
  readonly origin?: Origin
  /** More that a row has to be: what is not is read, and left out. */
  readonly fits?: (row: HistoryRow) => boolean
  /** Only what is older. */
  readonly before?: Place
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
  return {
    add: async (entry) => {
      const key = guard()
      if (key === undefined) return
      const row: HistoryRow = { ...entry, id: entry.id ?? newId(), at: entry.at ?? now() }
      await db.write(['history'], 'relaxed', (tx) => key.put(tx, 'history', row.id, row, marksOf(row)))
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
    list: async ({ before, limit, fits = () => true, ...which }) => {
      const key = guard()
      if (key === undefined) return { rows: [], tampered: 0 }
      const rows: HistoryRow[] = []
      let tampered = 0
      let more = false
      const { index, prefix } = indexFor(which)
      const where = { prefix, ...(before === undefined ? {} : { below: before.at + 1 }) }
      await db.read(['history'], (tx) =>
        key.walk<HistoryRow, 'history'>(tx, 'history', index, where, (found) => {
          if (!found.ok) tampered += 1
          else if (isBefore(found.value, before) && fits(found.value)) {
            // One more than is wanted says that there is more.
            more = rows.length === limit
            if (!more) rows.push(found.value)
          }
          return !more
        }),
      )
      const last = rows.at(-1)
      return { rows, tampered, ...(more && last !== undefined ? { next: { at: last.at, id: last.id } } : {}) }
    },
    origins: async (network) => {
      const key = guard()
      if (key === undefined) return []
      const newest: HistoryRow[] = []
      await db.read(['history'], async (tx) => {
        // From site to site: the newest row of each, and no other.
        let below: Origin | undefined
        for (;;) {
          const where = {
            prefix: [network],
            newest: true,
            limit: 1,
            ...(below === undefined ? {} : { below }),
          } as const
          const [row] = await tx.findRows('history', 'ofSite', where)
          if (row === undefined) return
          const [found] = await key.find<HistoryRow, 'history'>(tx, 'history', 'ofSite', where)
          if (found?.ok === true) newest.push(found.value)
          below = row.marks?.origin as Origin // The index holds only rows that carry it.
        }
      })
      return newest.sort((a, b) => b.at - a.at).flatMap(({ origin }) => (origin === undefined ? [] : [origin]))
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

function marksOf(row: HistoryRow): Marks {
  const { at, network, session, origin } = row
  const kind = kindOf(row)
  return {
    at,
    network,
    ...(session === undefined ? {} : { session }),
    ...(origin === undefined ? {} : { origin }),
    ...(kind === undefined ? {} : { kind }),
  }
}

function kindOf({ event }: HistoryRow): HistoryKind | undefined {
  if (event.kind === 'refused') return 'refused'
  if (event.kind === 'transaction') return event.by === 'session' ? 'automatic' : 'asked'
  return undefined
}

type Which = Pick<HistoryQuery, 'session' | 'network' | 'kind' | 'origin'>
function indexFor({ session, network, kind, origin }: Which): {
  readonly index: IndexOf<'history'>
  readonly prefix: readonly string[]
} {
  if (session !== undefined) return { index: 'bySession', prefix: [session] }
  if (network === undefined) return { index: 'byTime', prefix: [] }
  if (kind === undefined && origin === undefined) return { index: 'onNetwork', prefix: [network] }
  if (origin === undefined) return { index: 'ofKind', prefix: [network, kind!] } // One of the two is there.
  if (kind === undefined) return { index: 'ofSite', prefix: [network, origin] }
  return { index: 'ofKindAndSite', prefix: [network, origin, kind] }
}

function isBefore(row: HistoryRow, place: Place | undefined): boolean {
  return place === undefined || row.at < place.at || (row.at === place.at && row.id < place.id)
}
