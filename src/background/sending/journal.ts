/**
 * One row per transaction, from hold to settled: the only truth after a crash (architecture.md 5). Rows are written by the
 * ledger's transactions; this file knows how they lie in the store, and the two steps in between.
 */
import type { Address, Felt } from '../../core/felt.ts'
import type { Hold, MeterBook, Origin, SessionId } from '../../core/policy/policy.ts'
import type { JournalRow, NetworkId } from '../../core/records.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { advance, isMined, isOpen, mayBeOut, policyCalls, type Step, transactionOf } from '../../core/transaction.ts'
import {
  type Database,
  type Durability,
  type Guard,
  type Guarded,
  type Marks,
  type ReadTx,
  type Row,
  type TamperedError,
  type Tx,
  tamperedError,
} from '../../platform/database.ts'
import type { Finality } from '../../platform/node.ts'
import { type NodeError, nodeError } from '../../platform/node-error.ts'

export interface Journal {
  get(id: string): Promise<JournalRow | undefined>
  /** In the order of the ids, in one look. @throws Tampered, as `get` does, for a damaged one */
  several(ids: readonly (string | undefined)[]): Promise<readonly (JournalRow | undefined)[]>
  /** Rows not settled yet, by nonce; damaged ones are told to `onDamaged` and left out, here and in lists. */
  open(which?: { readonly network: NetworkId; readonly account: Address }): Promise<readonly JournalRow[]>
  /** The newest first: by the time each was written, and what others hand in by the time it was last heard of. */
  list(which: JournalQuery): Promise<readonly JournalRow[]>
  /** What the answers owner rebuilds a lost answer from: a transaction of a page's request that was not refused or kept back. */
  rebuild(origin: Origin, request: string): Promise<JournalRow | undefined>
  /** The row that stands for a page's request, also a refused one, or one whose signature was kept back. */
  ofRequest(origin: Origin, request: string): Promise<JournalRow | undefined>
  /**
   * Strict: a signature exists and may leave. Rows that wait together share a commit. `undefined`: the row was released
   * meanwhile, so the signature must not leave.
   */
  signed(id: string): Promise<JournalRow | undefined>
  /** Relaxed: losing it costs one look-up. The row as it is where it ended meanwhile. */
  sent(id: string, at: UnixSeconds, transaction?: Felt): Promise<JournalRow>
  /** The row as it is where it ended meanwhile. */
  park(id: string): Promise<JournalRow>
  /** A row that was lost and that the chain has told: it counts from now on. Strict. `false`: it is there already. */
  putBack(row: JournalRow): Promise<boolean>
  /**
   * Tells the rows that an index would not find, because their marks are not those of what they hold, and the books that are
   * older than what was counted in them. Reads every row, so it is for an unlock, before anything of a session may run.
   */
  audit(): Promise<void>
  /** Settled rows older than this go, in the time of `list`. */
  prune(
    before: UnixSeconds,
    accounts: readonly { readonly network: NetworkId; readonly account: Address }[],
  ): Promise<void>
}
export type JournalQuery = (
  | { readonly session: SessionId }
  | {
      readonly network: NetworkId
      readonly account: Address
      /** What others hand in is left out, and does not count towards the limit. */
      readonly own?: true
    }
) & {
  readonly from?: UnixSeconds
  readonly limit?: number
}

export interface JournalNeeds {
  readonly db: Database
  readonly guard: () => Guard | undefined
  readonly onDamaged: (row: Damaged) => void
}
/** A row that does not verify. Its marks are believed as far as stopping goes: they allow nothing. */
export interface Damaged {
  readonly error: TamperedError
  /** That its mark names and that its value names: one of the two may be what was changed. */
  readonly sessions: readonly SessionId[]
}

const GROUP = 32
const FEW = 16

export function createJournal({ db, guard, onDamaged }: JournalNeeds): Journal {
  const key = () => awake(guard)
  const step = (tx: Tx, id: string, next: Step): Promise<JournalRow> => stepRow(tx, key(), id, next)
  /** Its receipt may be booked before the one who sent it has written that it did: what ended stays as it ended. */
  const unlessEnded = (id: string, next: Step, durability: Durability): Promise<JournalRow> =>
    db.write(['journal'], durability, async (tx) => {
      const row = value(await key().get<JournalRow>(tx, 'journal', id))
      return row?.status === 'settled' ? row : step(tx, id, next)
    })

  const signing = inGroups<string, JournalRow | undefined>(GROUP, (ids) =>
    db.write(['journal'], 'strict', async (tx) => {
      const rows: (JournalRow | undefined)[] = []
      for (const id of ids) {
        const found = await key().get<JournalRow>(tx, 'journal', id)
        // A damaged row is like one that is gone, and no trouble of the others in the commit.
        const row = found === undefined ? undefined : (await readable(tx, [found], onDamaged))[0]
        rows.push(row?.status === 'held' ? await step(tx, id, { to: 'signed' }) : undefined)
      }
      return rows
    }),
  )

  const ofRequest = async (origin: Origin, request: string): Promise<JournalRow | undefined> => {
    // Asleep: the documents that asked are gone with the browser.
    if (guard() === undefined) return undefined
    const rows = await db.read(['journal'], (tx) => rowsOfRequest(tx, key(), origin, request, onDamaged))
    return standsFor(rows.filter(({ purpose }) => purpose === undefined).filter(mayBeOut))
  }

  return {
    get: async (id) => value(await db.read(['journal'], (tx) => key().get<JournalRow>(tx, 'journal', id))),
    several: async (ids) => {
      const found = await db.read(['journal'], (tx) =>
        Promise.all(ids.map((id) => (id === undefined ? undefined : key().get<JournalRow>(tx, 'journal', id)))),
      )
      return found.map(value)
    },
    open: async (which) => {
      const rows = await db.read(['journal'], (tx) =>
        which === undefined ? openRows(tx, key(), onDamaged) : openRowsOf(tx, key(), which, onDamaged),
      )
      return [...rows].sort(byNonce)
    },
    list: async (which) => {
      const bounds = {
        ...(which.from === undefined ? {} : { from: which.from }),
        ...(which.limit === undefined ? {} : { limit: which.limit }),
      }
      return db.read(['journal'], async (tx) => {
        if ('own' in which) return ownRows(tx, key(), which, onDamaged)
        const rows = await ('session' in which
          ? key().find<JournalRow, 'journal'>(tx, 'journal', 'bySession', {
              prefix: [which.session],
              newest: true,
              ...bounds,
            })
          : key().find<JournalRow, 'journal'>(tx, 'journal', 'byAccount', {
              prefix: [which.network, which.account],
              newest: true,
              ...bounds,
            }))
        return readable(tx, rows, onDamaged)
      })
    },
    rebuild: async (origin, request) => {
      const row = await ofRequest(origin, request)
      if (row === undefined || row.parked === true || row.end === 'rejected') return undefined
      // Handed to somebody who has not said in which transaction: the request runs anew, and finds this row.
      return transactionOf(row) === undefined ? undefined : row
    },
    ofRequest,
    signed: (id) => signing(id),
    sent: (id, at, transaction) =>
      unlessEnded(id, { to: 'sent', at, ...(transaction === undefined ? {} : { transaction }) }, 'relaxed'),
    park: (id) => unlessEnded(id, { to: 'parked' }, 'strict'),
    putBack: (row) =>
      db.write(['journal'], 'strict', async (tx) => {
        if ((await key().get(tx, 'journal', row.id)) !== undefined) return false
        await putRow(tx, key(), row)
        return true
      }),
    audit: () =>
      db.read(['journal', 'books'], async (tx) => {
        const suspects: string[] = []
        const newest = new Map<string, { readonly key: string; readonly seq: number }>()
        for (const row of await tx.rows('journal')) {
          if (!hasOwnMarks(row)) suspects.push(row.key)
          // Looked at, not trusted: who is the newest of a book is checked below.
          const { session, seq } = (row.value as Partial<JournalRow> | null)?.inBook ?? {}
          if (typeof session !== 'string' || typeof seq !== 'number') continue
          if (seq > (newest.get(session)?.seq ?? -1)) newest.set(session, { key: row.key, seq })
        }
        for (const { key: name } of newest.values()) suspects.push(name)
        for (const name of suspects) {
          const found = await key().get<JournalRow>(tx, 'journal', name)
          const [row] = found === undefined ? [] : await readable(tx, [found], onDamaged)
          if (row?.inBook === undefined) continue
          const { session, seq } = row.inBook
          const book = await key().get<MeterBook>(tx, 'books', session)
          // Damaged ones are found where sessions are read, and gone is that of a session that was forgotten.
          if (book?.ok !== true || book.value.seq >= seq) continue
          const error = tamperedError({ kind: 'storageTampered', store: 'books', key: session, why: 'seq' })
          tx.committed(() => onDamaged({ error, sessions: [session] }))
        }
      }),
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

/**
 * A node has seen it: it goes on from `signed` or from parked. What a site sends by itself may lie in a pool for as long as it
 * likes; until a block has it, its nonce stays everybody's.
 */
export function isOut({ status, parked, via }: JournalRow, finality: Finality): boolean {
  if (status !== 'signed' && parked !== true) return false
  return via !== 'site' || (finality !== 'RECEIVED' && finality !== 'CANDIDATE')
}

/**
 * The newest rows, newest first: a few, and only where those do not tell as many as `most`. Each row that is read is checked,
 * and a worker that was just started reads before its first signature.
 */
export async function newestRows<T>(
  read: (limit: number) => Promise<readonly T[]>,
  most: number,
  tell: (few: readonly T[]) => boolean,
): Promise<readonly T[]> {
  const few = await read(FEW)
  return tell(few) ? few : read(most)
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

/**
 * The rows that verify. Of the others nothing is used, not even the nonce (security.md 8, rule 2): one that is out after all
 * shares it with the next transaction, and one of the two lands.
 */
export async function readable(
  tx: ReadTx,
  rows: readonly Guarded<JournalRow>[],
  onDamaged: JournalNeeds['onDamaged'],
): Promise<readonly JournalRow[]> {
  for (const row of rows) {
    if (row.ok) continue
    const stored = await tx.row('journal', row.key)
    const named = [stored?.marks?.session, (stored?.value as Partial<JournalRow> | null | undefined)?.session]
    const sessions = named.filter((it) => typeof it === 'string') as SessionId[] // Looked up, not trusted.
    tx.committed(() => onDamaged({ error: tamperedError(row), sessions: [...new Set(sessions)] }))
  }
  return rows.flatMap((row) => (row.ok ? [row.value] : []))
}

export async function openRows(
  tx: ReadTx,
  guard: Guard,
  onDamaged: JournalNeeds['onDamaged'],
): Promise<readonly JournalRow[]> {
  return readable(tx, await guard.find<JournalRow, 'journal'>(tx, 'journal', 'open', { prefix: [1] }), onDamaged)
}

export async function openRowsOf(
  tx: ReadTx,
  guard: Guard,
  { network, account }: { readonly network: NetworkId; readonly account: Address },
  onDamaged: JournalNeeds['onDamaged'],
): Promise<readonly JournalRow[]> {
  const where = { prefix: [1, network, account] }
  return readable(tx, await guard.find<JournalRow, 'journal'>(tx, 'journal', 'openByAccount', where), onDamaged)
}

/** However many others hand in beside them: those are looked at, and not checked, to be left out. */
async function ownRows(
  tx: ReadTx,
  guard: Guard,
  {
    network,
    account,
    from = 0,
    limit = Number.POSITIVE_INFINITY,
  }: Exclude<JournalQuery, { readonly session: SessionId }>,
  onDamaged: JournalNeeds['onDamaged'],
): Promise<readonly JournalRow[]> {
  const keys: string[] = []
  await tx.walkRows('journal', 'byAccount', { prefix: [network, account] }, ({ key, value: stored, marks }) => {
    if (Number(marks?.at) < from) return false
    if ((stored as Partial<JournalRow> | null)?.outside === undefined) keys.push(key)
    return keys.length < limit
  })
  const found = await Promise.all(keys.map((key) => guard.get<JournalRow>(tx, 'journal', key)))
  return readable(
    tx,
    found.filter((row) => row !== undefined),
    onDamaged,
  )
}

/** To decide by: every row, or none. @throws TamperedError */
export async function openRowsOfSession(tx: ReadTx, guard: Guard, session: SessionId): Promise<readonly JournalRow[]> {
  const where = { prefix: [1, session] }
  return (await guard.find<JournalRow, 'journal'>(tx, 'journal', 'openBySession', where)).map(sound)
}

/** To end or to book: what is sound goes on when a sibling is damaged. */
export async function soundRowsOfSession(
  tx: ReadTx,
  guard: Guard,
  session: SessionId,
  onDamaged: JournalNeeds['onDamaged'],
): Promise<readonly JournalRow[]> {
  const where = { prefix: [1, session] }
  return readable(tx, await guard.find<JournalRow, 'journal'>(tx, 'journal', 'openBySession', where), onDamaged)
}

/** The newest first. @throws NodeError `silent`: one is damaged, so nobody can say what became of the request */
export async function rowsOfRequest(
  tx: ReadTx,
  guard: Guard,
  origin: Origin,
  request: string,
  onDamaged: JournalNeeds['onDamaged'],
): Promise<readonly JournalRow[]> {
  const where = { prefix: [origin, request] }
  const found = await guard.find<JournalRow, 'journal'>(tx, 'journal', 'byRequest', where)
  const rows = await readable(tx, found, onDamaged)
  if (rows.length < found.length) throw unsaid()
  return [...rows].sort((a, b) => b.at - a.at)
}

/**
 * What one yes of a person was used for, ended or not. Only rows that name it are checked: an account has thousands.
 *
 * @throws TamperedError when one of them is damaged: the yes is used up
 */
export async function rowsOfYes(
  tx: ReadTx,
  guard: Guard,
  { network, account }: { readonly network: NetworkId; readonly account: Address },
  approval: string,
  from: UnixSeconds,
): Promise<readonly JournalRow[]> {
  const rows: JournalRow[] = []
  for (const { key, value: stored } of await tx.findRows('journal', 'byAccount', {
    prefix: [network, account],
    from,
  })) {
    if ((stored as Partial<JournalRow> | null)?.approval !== approval) continue
    const row = value(await guard.get<JournalRow>(tx, 'journal', key))
    if (row !== undefined) rows.push(row)
  }
  return rows
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

/** Of the rows of one request: what landed, else what may land, and only then what was kept back. The newest comes first. */
export function standsFor(rows: readonly JournalRow[]): JournalRow | undefined {
  const landed = rows.find(isMined)
  return landed ?? rows.find(({ parked }) => parked !== true) ?? rows[0]
}

/** A signature may be somewhere, and no hash is its request's answer: told as a node that does not answer. */
export function unsaid(): NodeError {
  return nodeError('silent', ['pending'])
}

/** What policy sees of a row. Rows a person approved have no session and never reach it. */
export function holdOf(row: JournalRow & { readonly session: SessionId }): Hold {
  return {
    id: row.id,
    session: row.session,
    group: row.group,
    via: row.outside?.via ?? row.via ?? 'node',
    hash: row.hash,
    nonce: row.nonce,
    ...(row.outside === undefined
      ? {}
      : {
          outside: {
            nonce: row.nonce,
            executeAfter: row.outside.executeAfter,
            executeBefore: row.outside.executeBefore,
          },
        }),
    calls: [...policyCalls(row)],
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

function hasOwnMarks({ value, marks }: Row): boolean {
  if (typeof value !== 'object' || value === null) return false
  const own = marksOf(value as JournalRow) // Compared only; what follows from it is that the row is checked.
  const names = Object.keys(own)
  return names.length === Object.keys(marks ?? {}).length && names.every((name) => own[name] === marks?.[name])
}

/** What others hand in may wait for weeks: what became of it, and not when it was written, makes it one of the newest. */
function foundAt({ outside, at, sentAt, settledAt }: JournalRow): UnixSeconds {
  return outside === undefined ? at : (settledAt ?? sentAt ?? at)
}

function marksOf(row: JournalRow): Marks {
  return {
    network: row.network,
    account: row.account,
    at: foundAt(row),
    ...(isOpen(row) ? { open: 1 } : {}),
    ...(row.session === undefined ? {} : { session: row.session }),
    ...(row.origin === undefined ? {} : { origin: row.origin }),
    ...(row.request === undefined ? {} : { request: row.request }),
  }
}
