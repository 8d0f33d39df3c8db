/**
 * One row per transaction, from hold to settled: the only truth after a crash (architecture.md 5). Rows are written by the
 * ledger's transactions; this file knows how they lie in the store, and the two steps in between.
 */
import type { Address } from '../../core/felt.ts'
import type { Hold, Origin, SessionId } from '../../core/policy/policy.ts'
import type { JournalRow, NetworkId } from '../../core/records.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { advance, isOpen, mayBeOut, type Step } from '../../core/transaction.ts'
import {
  type Database,
  type Durability,
  type Guard,
  type Guarded,
  type Marks,
  type ReadTx,
  type Tx,
  tamperedError,
} from '../../platform/database.ts'

export interface Journal {
  get(id: string): Promise<JournalRow | undefined>
  /** Rows not settled yet, by nonce. @throws TamperedError */
  open(which?: { readonly network: NetworkId; readonly account: Address }): Promise<readonly JournalRow[]>
  /** The newest first. */
  list(which: JournalQuery): Promise<readonly JournalRow[]>
  /** What the answers owner rebuilds a lost answer from: the newest row of a page's request whose signature may be out. */
  rebuild(origin: Origin, request: string): Promise<JournalRow | undefined>
  /**
   * Strict: a signature exists and may leave. Rows that wait together share a commit. `undefined`: the row was released
   * meanwhile, so the signature must not leave.
   */
  signed(id: string): Promise<JournalRow | undefined>
  /** Relaxed: losing it costs one look-up. */
  sent(id: string, at: UnixSeconds): Promise<JournalRow>
  park(id: string): Promise<JournalRow>
  /** Settled rows older than this go. */
  prune(
    before: UnixSeconds,
    accounts: readonly { readonly network: NetworkId; readonly account: Address }[],
  ): Promise<void>
}
export type JournalQuery = (
  | { readonly session: SessionId }
  | { readonly network: NetworkId; readonly account: Address }
) & {
  readonly from?: UnixSeconds
  readonly limit?: number
}

export interface JournalNeeds {
  readonly db: Database
  readonly guard: () => Guard | undefined
}

const GROUP = 32

export function createJournal({ db, guard }: JournalNeeds): Journal {
  const key = () => awake(guard)
  const step = (tx: Tx, id: string, next: Step): Promise<JournalRow> => stepRow(tx, key(), id, next)
  const one = (id: string, next: Step, durability: Durability) =>
    db.write(['journal'], durability, (tx) => step(tx, id, next))

  const signing = inGroups<string, JournalRow | undefined>(GROUP, (ids) =>
    db.write(['journal'], 'strict', async (tx) => {
      const rows: (JournalRow | undefined)[] = []
      for (const id of ids) {
        const row = value(await key().get<JournalRow>(tx, 'journal', id))
        rows.push(row?.status === 'held' ? await step(tx, id, { to: 'signed' }) : undefined)
      }
      return rows
    }),
  )

  return {
    get: async (id) => value(await db.read(['journal'], (tx) => key().get<JournalRow>(tx, 'journal', id))),
    open: async (which) => {
      const rows = await db.read(['journal'], (tx) =>
        which === undefined ? openRows(tx, key()) : openRowsOf(tx, key(), which),
      )
      return [...rows].sort(byNonce)
    },
    list: async (which) => {
      const bounds = {
        ...(which.from === undefined ? {} : { from: which.from }),
        ...(which.limit === undefined ? {} : { limit: which.limit }),
      }
      const rows = await db.read(['journal'], (tx) =>
        'session' in which
          ? key().find<JournalRow, 'journal'>(tx, 'journal', 'bySession', {
              prefix: [which.session],
              newest: true,
              ...bounds,
            })
          : key().find<JournalRow, 'journal'>(tx, 'journal', 'byAccount', {
              prefix: [which.network, which.account],
              newest: true,
              ...bounds,
            }),
      )
      return rows.map(sound)
    },
    rebuild: async (origin, request) => {
      // Asleep: the documents that asked are gone with the browser.
      if (guard() === undefined) return undefined
      const rows = await db.read(['journal'], (tx) => rowsOfRequest(tx, key(), origin, request))
      return rows.find(mayBeOut)
    },
    signed: (id) => signing(id),
    sent: (id, at) => one(id, { to: 'sent', at }, 'relaxed'),
    park: (id) => one(id, { to: 'parked' }, 'strict'),
    prune: async (before, accounts) => {
      for (const { network, account } of accounts) {
        await db.write(['journal'], 'relaxed', async (tx) => {
          const where = { prefix: [network, account], below: before }
          for (const row of await key().find<JournalRow, 'journal'>(tx, 'journal', 'byAccount', where)) {
            if (row.ok && !isOpen(row.value)) await key().remove(tx, 'journal', row.key)
          }
        })
      }
    },
  }
}

export function awake(guard: () => Guard | undefined): Guard {
  const key = guard()
  if (key === undefined) throw Object.assign(new Error('asleep'), { kind: 'asleep' as const })
  return key
}

/** @throws TamperedError: nothing of such a row is used */
export function sound<T>(row: Guarded<T>): T {
  if (!row.ok) throw tamperedError(row)
  return row.value
}

export function value<T>(row: Guarded<T> | undefined): T | undefined {
  return row === undefined ? undefined : sound(row)
}

// Inside a transaction.

export async function openRows(tx: ReadTx, guard: Guard): Promise<readonly JournalRow[]> {
  return (await guard.find<JournalRow, 'journal'>(tx, 'journal', 'open', { prefix: [1] })).map(sound)
}

export async function openRowsOf(
  tx: ReadTx,
  guard: Guard,
  { network, account }: { readonly network: NetworkId; readonly account: Address },
): Promise<readonly JournalRow[]> {
  const where = { prefix: [1, network, account] }
  return (await guard.find<JournalRow, 'journal'>(tx, 'journal', 'openByAccount', where)).map(sound)
}

export async function openRowsOfSession(tx: ReadTx, guard: Guard, session: SessionId): Promise<readonly JournalRow[]> {
  const where = { prefix: [1, session] }
  return (await guard.find<JournalRow, 'journal'>(tx, 'journal', 'openBySession', where)).map(sound)
}

export async function rowsOfRequest(
  tx: ReadTx,
  guard: Guard,
  origin: Origin,
  request: string,
): Promise<readonly JournalRow[]> {
  const where = { prefix: [origin, request] }
  const rows = await guard.find<JournalRow, 'journal'>(tx, 'journal', 'byRequest', where)
  return rows.map(sound).sort((a, b) => b.at - a.at)
}

export async function putRow(tx: Tx, guard: Guard, row: JournalRow): Promise<void> {
  await guard.put(tx, 'journal', row.id, row, marksOf(row))
}

export async function stepRow(tx: Tx, guard: Guard, id: string, step: Step): Promise<JournalRow> {
  const row = value(await guard.get<JournalRow>(tx, 'journal', id))
  if (row === undefined) throw new Error('no such journal row')
  const next = advance(row, step)
  await putRow(tx, guard, next)
  return next
}

/** What policy sees of a row. Rows a person approved have no session and never reach it. */
export function holdOf(row: JournalRow & { readonly session: SessionId }): Hold {
  return {
    id: row.id,
    session: row.session,
    group: row.group,
    via: 'node',
    hash: row.hash,
    nonce: row.nonce,
    calls: [...row.calls],
    charges: [...row.charges],
    at: row.at,
    status: row.status,
    ...(row.request === undefined ? {} : { request: row.request }),
    ...(row.end === undefined ? {} : { end: row.end }),
    ...(row.outcome === undefined ? {} : { outcome: row.outcome }),
  }
}

export function holdsOf(rows: readonly JournalRow[]): readonly Hold[] {
  return rows.flatMap((row) =>
    row.session === undefined || row.booked === true ? [] : [holdOf({ ...row, session: row.session })],
  )
}

export function byNonce(a: JournalRow, b: JournalRow): number {
  const difference = BigInt(a.nonce) - BigInt(b.nonce)
  return difference < 0n ? -1 : difference > 0n ? 1 : a.at - b.at
}

/**
 * Work that waits shares one commit: a group is what arrived while the last one ran, in arrival order; nobody waits for a
 * group to fill (performance.md 7). A group that fails, fails for each of its members.
 */
export function inGroups<T, R>(
  most: number,
  run: (group: readonly T[]) => Promise<readonly R[]>,
): (item: T) => Promise<R> {
  interface Waiting {
    readonly item: T
    readonly resolve: (result: R) => void
    readonly reject: (error: unknown) => void
  }
  const waiting: Waiting[] = []
  let running = false

  const pump = async (): Promise<void> => {
    running = true
    while (waiting.length > 0) {
      const group = waiting.splice(0, most)
      try {
        const results = await run(group.map(({ item }) => item))
        for (const [at, { resolve }] of group.entries()) resolve(results[at]!)
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    running = false
  }
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (!running) void pump()
    })
}

function marksOf(row: JournalRow): Marks {
  return {
    network: row.network,
    account: row.account,
    at: row.at,
    ...(isOpen(row) ? { open: 1 } : {}),
    ...(row.session === undefined ? {} : { session: row.session }),
    ...(row.origin === undefined ? {} : { origin: row.origin }),
    ...(row.request === undefined ? {} : { request: row.request }),
  }
}
