/**
 * The only door to IndexedDB (architecture.md 8, security.md 8). One database, one row shape, two durabilities.
 *
 * Inside `use` nothing may be awaited but the transaction's own requests: an IndexedDB transaction commits itself when a
 * turn ends without one, and what was written until then stays.
 */
import { deleteDB, type IDBPDatabase, type IDBPTransaction, openDB } from 'idb'
import { canonicalJson } from '../core/canonical.ts'
import { isKind } from '../core/kind.ts'
import { SHAPE } from '../core/records.ts'
import type { UnixSeconds } from '../core/time.ts'
import { rowMac, sameBytes, utf8 } from './secret-box.ts'

/** Named as their owner files; `keys` holds the working set's wrapping key, `stops` what was stopped while locked. */
export const STORES = [
  'vault',
  'keys',
  'accounts',
  'grants',
  'networks',
  'settings',
  'sessions',
  'books',
  'journal',
  'approvals',
  'answers',
  'history',
  'stops',
  'tokens',
  'contacts',
  'meta',
] as const
export type Store = (typeof STORES)[number]

/** What a row can be found by. An index holds only the rows that carry all of its marks. */
export type Marks = Readonly<Record<string, string | number>>
const INDEXES = {
  journal: {
    /** Rows not settled yet carry `open: 1`. */
    open: ['open'],
    openByAccount: ['open', 'network', 'account'],
    openBySession: ['open', 'session'],
    byAccount: ['network', 'account', 'at'],
    bySession: ['session', 'at'],
    byRequest: ['origin', 'request'],
  },
  answers: { byTime: ['at'] },
  history: {
    byTime: ['at'],
    bySession: ['session', 'at'],
    onNetwork: ['network', 'at'],
    ofKind: ['network', 'kind', 'at'],
    ofSite: ['network', 'origin', 'at'],
    ofKindAndSite: ['network', 'origin', 'kind', 'at'],
  },
} as const satisfies Partial<Record<Store, Readonly<Record<string, readonly string[]>>>>
type Indexes = typeof INDEXES
export type Indexed = keyof Indexes
export type IndexOf<S extends Indexed> = keyof Indexes[S] & string

/** Rows whose first marks are `prefix`; `from` (inclusive) and `below` (exclusive) bound the mark after them. */
export interface Where {
  readonly prefix?: readonly (string | number)[]
  readonly from?: string | number
  readonly below?: string | number
  readonly limit?: number
  /** Highest marks first. */
  readonly newest?: true
}

/** As it lies in a store. `seq` and `mac` are on guarded rows, `seq` also on sealed ones. */
export interface Row {
  readonly key: string
  readonly v: number
  readonly value: unknown
  readonly marks?: Marks
  readonly seq?: number
  readonly mac?: Uint8Array
}

export interface ReadTx {
  /** The value of a plain row. @throws Error on a guarded one: those are read through a `Guard`. */
  get(store: Store, key: string): Promise<unknown>
  all(store: Store): Promise<readonly { readonly key: string; readonly value: unknown }[]>
  find<S extends Indexed>(
    store: S,
    index: IndexOf<S>,
    where?: Where,
  ): Promise<readonly { readonly key: string; readonly value: unknown }[]>
  row(store: Store, key: string): Promise<Row | undefined>
  rows(store: Store): Promise<readonly Row[]>
  findRows<S extends Indexed>(store: S, index: IndexOf<S>, where?: Where): Promise<readonly Row[]>
  /** One after the other, highest marks and among equal marks highest keys first, until `visit` answers `false`. */
  walkRows<S extends Indexed>(
    store: S,
    index: IndexOf<S>,
    where: Pick<Where, 'prefix' | 'below'>,
    visit: (row: Row) => boolean,
  ): Promise<void>
  /** Called once the transaction is in; not at all when it is not. */
  committed(then: () => void): void
}
export interface Tx extends ReadTx {
  put(store: Store, key: string, value: unknown, marks?: Marks): Promise<void>
  putRow(store: Store, row: Row): Promise<void>
  delete(store: Store, key: string): Promise<void>
  clear(store: Store): Promise<void>
}

/** `strict`: on the disk before it resolves, for what guards money. `relaxed`: survives the browser's death, not a power cut. */
export type Durability = 'strict' | 'relaxed'

export interface Database {
  read<T>(stores: readonly Store[], use: (tx: ReadTx) => Promise<T>): Promise<T>
  /**
   * All or nothing: when `use` throws, nothing of it is kept.
   *
   * @throws StorageError when the transaction did not get in; what `use` threw when it threw
   */
  write<T>(stores: readonly Store[], durability: Durability, use: (tx: Tx) => Promise<T>): Promise<T>
  /** The latest wall clock written with a strict commit. */
  lastWall(): Promise<UnixSeconds | undefined>
  /** A person unlocked: from now on the wall clock counts as it is, also when the persisted one lies ahead of it. */
  trustWall(): Promise<void>
  /**
   * What lies here has another shape, and something comes in its place: until `settle` all is read and written beside it.
   * Nothing of what lies here goes before that.
   */
  stage(): Promise<void>
  /** What was written beside it takes its place, if a vault is there; else it goes, and what lay here is there as before. */
  settle(): Promise<void>
  close(): Promise<void>
}

/** `shape`: another version's data, never touched. `quota`: no room. `failed`: the rest, with its cause. */
export type StorageError = Error & { readonly kind: 'storage'; readonly why: 'shape' | 'quota' | 'failed' }

export function isStorageError(error: unknown): error is StorageError {
  return isKind(error, 'storage')
}

const NAME = 'latchkey'
const WALL = 'wall'
const SHAPE_ROW = 'shape'
/** On the shape row until it is known whether anything was made beside it. */
const NEW = 'new'

/** Starts to open at once and returns at once: the worker's first turn awaits nothing. */
export function openDatabase(needs: {
  readonly now: () => UnixSeconds
  readonly name?: string
  /** A write did not get in. Who asked for it is told as well. */
  readonly onUnsaved?: () => void
}): Database {
  const name = needs.name ?? NAME
  let connection: Promise<IDBPDatabase> | undefined
  let wall: Promise<UnixSeconds | undefined> | undefined
  let staged = false

  const connect = (): Promise<IDBPDatabase> => {
    const lost = () => {
      connection = undefined
    }
    const opened = () => (staged ? openShape(besideOf(name), lost).then(({ db }) => db) : open(name, lost))
    connection ??= opened().catch((error: unknown) => {
      // The next call tries again: a full disk may have room by then.
      connection = undefined
      throw storageError(error)
    })
    return connection
  }
  connect().catch(() => undefined) // Said by the first call that needs it.

  const transact = async <T>(
    stores: readonly Store[],
    mode: 'readonly' | 'readwrite',
    durability: Durability,
    use: (tx: Tx) => Promise<T>,
  ): Promise<T> => {
    const db = await connect()
    let tx: Transaction
    try {
      tx = db.transaction([...stores], mode, { durability })
    } catch (error) {
      throw storageError(error)
    }
    return run(tx, use)
  }

  const lastWall = (): Promise<UnixSeconds | undefined> => {
    wall ??= transact(['meta'], 'readonly', 'relaxed', async (tx) => asTime(await tx.get('meta', WALL))).catch(
      (error: unknown) => {
        wall = undefined
        throw error
      },
    )
    return wall
  }
  const putWall = async (tx: Tx, time: UnixSeconds): Promise<void> => {
    tx.committed(() => {
      wall = Promise.resolve(time)
    })
    await tx.put('meta', WALL, time)
  }

  const write: Database['write'] = async (stores, durability, use) => {
    if (durability === 'relaxed') return transact(stores, 'readwrite', durability, use)
    const last = await lastWall()
    return transact([...new Set([...stores, 'meta' as const])], 'readwrite', durability, async (tx) => {
      const done = await use(tx)
      const time = needs.now()
      if (last === undefined || time > last) await putWall(tx, time)
      return done
    })
  }

  const close = async (): Promise<void> => {
    const open = connection
    connection = undefined
    wall = undefined
    ;(await open?.catch(() => undefined))?.close() // One that did not open is closed.
  }

  return {
    read: (stores, use) => transact(stores, 'readonly', 'relaxed', use),
    write: async (stores, durability, use) => {
      try {
        return await write(stores, durability, use)
      } catch (error) {
        if (isStorageError(error)) needs.onUnsaved?.()
        throw error
      }
    },
    lastWall,
    trustWall: () => transact(['meta'], 'readwrite', 'strict', (tx) => putWall(tx, needs.now())),
    stage: async () => {
      await close()
      await deleteDatabase(besideOf(name))
      staged = true
    },
    settle: async () => {
      if (!staged) return
      await close()
      staged = false
      await connect().catch(() => undefined) // Said by the first call that needs it.
    },
    close,
  }
}

/** Everything; nothing of it comes back. */
export async function wipeDatabase(name: string = NAME): Promise<void> {
  // First what would else take its place.
  await deleteDatabase(besideOf(name))
  await deleteDatabase(name)
}

async function deleteDatabase(name: string): Promise<void> {
  try {
    await deleteDB(name)
  } catch (error) {
    throw storageError(error)
  }
}

/** The rows of one store, of whatever shape and version, none where there is no database: for a person who saves what this version cannot read. */
export async function rowsOfAnyShape(store: Store, name: string = NAME): Promise<readonly unknown[]> {
  let db: IDBPDatabase | undefined
  let isNone = false
  try {
    db = await openDB(name, undefined, {
      // There is none, and none shall be made.
      upgrade: (_db, _old, _new, tx) => {
        isNone = true
        tx.done.catch(() => undefined) // openDB rejects with it.
        tx.abort()
      },
    })
    return db.objectStoreNames.contains(store) ? await db.getAll(store) : []
  } catch (error) {
    if (isNone) return []
    throw storageError(error)
  } finally {
    db?.close()
  }
}

/** Where a wallet is made whole before it takes the place of data of another shape. */
function besideOf(name: string): string {
  return `${name} next`
}

/**
 * The database, after a worker that died while one took the place of another: until the new one is whole the old one stays,
 * and from then on the new one is taken, however often that begins anew.
 */
async function open(name: string, lost: () => void): Promise<IDBPDatabase> {
  const { db, isNew } = await openShape(name, lost).catch(async (error: unknown) => {
    if (storageError(error).why !== 'shape' || !(await isWhole(besideOf(name)))) throw error
    await deleteDatabase(name)
    return openShape(name, lost)
  })
  if (isNew) await fill(db, besideOf(name))
  return db
}

/** A vault comes into being in one transaction with everything it needs. */
async function isWhole(name: string): Promise<boolean> {
  if (!(await indexedDB.databases()).some((it) => it.name === name)) return false
  return (await rowsOfAnyShape('vault', name)).length > 0
}

/** One that has just been made takes over what was made beside it, if that is whole. */
async function fill(db: IDBPDatabase, beside: string): Promise<void> {
  if (await isWhole(beside)) {
    const { db: from } = await openShape(beside, () => undefined)
    const rows = await Promise.all(STORES.map((store) => from.getAll(store)))
    from.close()
    const tx = db.transaction(STORES, 'readwrite', { durability: 'strict' })
    const shape = await tx.objectStore('meta').get(SHAPE_ROW)
    STORES.forEach((store, at) => {
      for (const row of rows[at]!)
        tx.objectStore(store)
          .put(row)
          .catch(() => undefined) // `done` rejects with it.
    })
    // Last: what is not taken over whole is taken over again.
    tx.objectStore('meta')
      .put(shape)
      .catch(() => undefined)
    await tx.done
  }
  await deleteDatabase(beside)
  await db.put('meta', { key: SHAPE_ROW, v: SHAPE, value: SHAPE } satisfies Row)
}

interface OpenShape {
  readonly db: IDBPDatabase
  /** Nobody has looked yet whether anything was made beside it. */
  readonly isNew: boolean
}
async function openShape(name: string, lost: () => void): Promise<OpenShape> {
  let older = false
  const db = await openDB(name, SHAPE, {
    upgrade(fresh, oldVersion, _newVersion, tx) {
      tx.done.catch(() => undefined) // openDB rejects with it.
      // Until the first release there is no migration: a database of another shape is refused, not converted.
      if (oldVersion !== 0) {
        older = true
        tx.abort()
        return
      }
      for (const store of STORES) {
        const made = fresh.createObjectStore(store, { keyPath: 'key' })
        for (const [index, marks] of Object.entries(indexesOf(store))) {
          const path = marks.map((mark) => `marks.${mark}`)
          made.createIndex(index, path)
        }
      }
      const shape: Row = { key: SHAPE_ROW, v: SHAPE, value: SHAPE, marks: { [NEW]: 1 } }
      tx.objectStore('meta')
        .put(shape)
        .catch(() => undefined)
    },
    // Somebody wipes the data: let go, the next call opens what is there then.
    blocking(_current, _blocked, event) {
      ;(event.target as IDBDatabase).close() // The event is fired at the connection itself.
      lost()
    },
    terminated: lost,
  }).catch((error: unknown) => {
    throw older ? otherShape() : error
  })
  const shape = await shapeOf(db)
  if (shape === undefined) {
    db.close()
    throw otherShape()
  }
  return { db, isNew: shape.marks?.[NEW] === 1 }
}

async function shapeOf(db: IDBPDatabase): Promise<Row | undefined> {
  const names = new Set<string>(db.objectStoreNames)
  if (names.size !== STORES.length || STORES.some((store) => !names.has(store))) return undefined
  const shape: unknown = await db.get('meta', SHAPE_ROW)
  return isRow(shape) && shape.value === SHAPE ? shape : undefined
}

type Transaction = IDBPTransaction<unknown, string[], 'readonly' | 'readwrite'>

async function run<T>(tx: Transaction, use: (tx: Tx) => Promise<T>): Promise<T> {
  const then: (() => void)[] = []
  const failed: unknown[] = []
  const end = tx.done.then(
    () => undefined,
    (error: unknown) => storageError(error ?? tx.error),
  )
  let result: T
  try {
    result = await use(door(tx, then, failed))
    if (failed.length > 0) throw storageError(failed[0])
  } catch (error) {
    try {
      tx.abort()
    } catch {
      // Already over: the failed request has aborted it.
    }
    await end
    throw error instanceof DOMException ? storageError(error) : error
  }
  const failure = await end
  if (failure !== undefined) throw failure
  for (const call of then) call()
  return result
}

function door(tx: Transaction, then: (() => void)[], failed: unknown[]): Tx {
  const rows = async (request: Promise<unknown[]>) => (await request).map(asRow)
  const row = async (store: Store, key: string) => {
    const found: unknown = await tx.objectStore(store).get(key)
    return found === undefined ? undefined : asRow(found)
  }
  const rangeOf = ({ prefix = [], from, below }: Where) =>
    IDBKeyRange.bound(
      from === undefined ? prefix : [...prefix, from],
      // An array sorts after every text and number.
      below === undefined ? [...prefix, []] : [...prefix, below],
      false,
      true,
    )
  const walkRows: ReadTx['walkRows'] = async (store, index, where, visit) => {
    let cursor = await tx.objectStore(store).index(index).openCursor(rangeOf(where), 'prev')
    while (cursor !== null && visit(asRow(cursor.value))) cursor = await cursor.continue()
  }
  const findRows = async <S extends Indexed>(store: S, index: IndexOf<S>, where: Where = {}) => {
    const { limit, newest } = where
    const by = tx.objectStore(store).index(index)
    if (newest !== true) return rows(by.getAll(rangeOf(where), limit))
    const found: Row[] = []
    let cursor = limit === 0 ? null : await by.openCursor(rangeOf(where), 'prev')
    while (cursor !== null) {
      found.push(asRow(cursor.value))
      if (found.length === limit) break
      cursor = await cursor.continue()
    }
    return found
  }
  // A write that fails fails the transaction, also when nobody waits for it: a value that cannot be stored would else be
  // left out silently, because the browser aborts only for requests it has accepted.
  const handled = (request: () => Promise<unknown>): Promise<void> => {
    const pending = (async () => {
      try {
        await request()
      } catch (error) {
        failed.push(error)
        throw error
      }
    })()
    pending.catch(() => undefined)
    return pending
  }
  const putRow = (store: Store, it: Row) => handled(() => writable(tx, store).put(it))
  return {
    row,
    rows: (store) => rows(tx.objectStore(store).getAll()),
    findRows,
    walkRows,
    get: async (store, key) => {
      const found = await row(store, key)
      return found === undefined ? undefined : plain(found).value
    },
    all: async (store) => (await rows(tx.objectStore(store).getAll())).map(plain),
    find: async (store, index, where) => (await findRows(store, index, where)).map(plain),
    put: (store, key, value, marks) =>
      putRow(store, marks === undefined ? { key, v: SHAPE, value } : { key, v: SHAPE, value, marks }),
    putRow,
    delete: (store, key) => handled(() => writable(tx, store).delete(key)),
    clear: (store) => handled(() => writable(tx, store).clear()),
    committed: (call) => then.push(call),
  }
}

function writable(tx: Transaction, store: Store) {
  // idb types `put` by mode; a `Tx` is only handed out by `write`, and the browser refuses the rest.
  return (tx as IDBPTransaction<unknown, string[], 'readwrite'>).objectStore(store)
}

function plain(row: Row): { readonly key: string; readonly value: unknown } {
  if (row.mac !== undefined) throw new Error(`row is guarded: ${row.key}`)
  return { key: row.key, value: row.value }
}

function asRow(value: unknown): Row {
  if (!isRow(value)) throw storageError(new Error('not a row'))
  return value
}

function isRow(value: unknown): value is Row {
  return (
    typeof value === 'object' &&
    value !== null &&
    'key' in value &&
    typeof value.key === 'string' &&
    'v' in value &&
    typeof value.v === 'number' &&
    'value' in value
  )
}

function asTime(value: unknown): UnixSeconds | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined
}

function indexesOf(store: Store): Readonly<Record<string, readonly string[]>> {
  return store in INDEXES ? INDEXES[store as Indexed] : {} // `in` does not narrow a key type.
}

function otherShape(): StorageError {
  return Object.assign(new Error('data of another shape'), { kind: 'storage' as const, why: 'shape' as const })
}

function storageError(cause: unknown): StorageError {
  if (isStorageError(cause)) return cause
  const name = cause instanceof Error || cause instanceof DOMException ? cause.name : ''
  // VersionError: the stored version is higher than ours.
  const why: StorageError['why'] =
    name === 'QuotaExceededError' ? 'quota' : name === 'VersionError' ? 'shape' : 'failed'
  return Object.assign(new Error(`storage: ${why}`, { cause }), { kind: 'storage' as const, why })
}

/** A row that guards money, as it was read. Nothing of a tampered one is used, and nothing is repaired. */
export type Guarded<T> =
  | { readonly ok: true; readonly key: string; readonly value: T; readonly seq: number }
  | (Tampered & { readonly ok: false })
export interface Tampered {
  readonly kind: 'storageTampered'
  readonly store: Store
  readonly key: string
  /** `seq`: an older row than one already seen. `missing`: seen before, gone without us. */
  readonly why: 'shape' | 'mac' | 'seq' | 'missing'
}
export type TamperedError = Error & Tampered

export function isTampered(error: unknown): error is TamperedError {
  return isKind(error, 'storageTampered')
}

/** A row of `meta`: the newest `seq` of each row of these stores, written with it (security.md 8, rule 2). */
const LATEST = 'latest'
/** What changes seldom. A book changes with each call: the journal tells its newest. */
const IN_LATEST: readonly Store[] = ['accounts', 'contacts', 'grants', 'networks', 'sessions', 'settings']

/** Reads and writes guarded rows; all of it synchronous between the requests. */
export interface Guard {
  get<T>(tx: ReadTx, store: Store, key: string): Promise<Guarded<T> | undefined>
  all<T>(tx: ReadTx, store: Store): Promise<readonly Guarded<T>[]>
  find<T, S extends Indexed = Indexed>(
    tx: ReadTx,
    store: S,
    index: IndexOf<S>,
    where?: Where,
  ): Promise<readonly Guarded<T>[]>
  walk<T, S extends Indexed = Indexed>(
    tx: ReadTx,
    store: S,
    index: IndexOf<S>,
    where: Pick<Where, 'prefix' | 'below'>,
    visit: (row: Guarded<T>) => boolean,
  ): Promise<void>
  /**
   * Writes the next `seq` and answers it.
   *
   * @throws TamperedError when the row that is there now does not verify: it is not written over
   */
  put(tx: Tx, store: Store, key: string, value: unknown, marks?: Marks): Promise<number>
  /** Also removes a tampered row: that is what a person's decision about it ends with. */
  remove(tx: Tx, store: Store, key: string): Promise<void>
  /**
   * What the lives before had seen: from now on an older row put back alone is found, and one that was taken away. Reads `meta`.
   *
   * @throws TamperedError when that was changed
   */
  recall(tx: ReadTx): Promise<void>
  /**
   * `recall`, and that what it reads was not itself put back or taken away. Reads every row of those stores, so it is for an
   * unlock.
   *
   * @throws TamperedError
   */
  audit(tx: ReadTx): Promise<void>
  /** What verifies is from now on the newest there is: a person decided so. */
  accept(tx: Tx): Promise<void>
}

/**
 * One guard lives as long as the worker: it remembers the highest `seq` of each row it has seen committed.
 *
 * @param key `macKey`: the `state` key of the vault's hierarchy
 */
export function createGuard(key: { readonly vaultId: string; readonly macKey: Uint8Array }): Guard {
  const seen = new Map<Store, Map<string, number>>(STORES.map((store) => [store, new Map()]))
  const seenIn = (store: Store) => seen.get(store)!
  /**
   * Rows whose MAC was right, by store and key: no store's name begins with another's. A MAC follows from what is compared,
   * so an equal row needs no second one; each call reads its session, its book and its own rows several times.
   */
  const right = new Map<string, Row>()
  const keepRight = (name: string, row: Row) => {
    if (right.size > KEPT_ROWS) right.clear()
    right.set(name, row)
  }

  const mac = (store: Store, row: Omit<Row, 'mac'>) =>
    rowMac(
      key.macKey,
      ['latchkey/1', key.vaultId, store, row.key, String(row.v), String(row.seq)],
      utf8(canonicalJson({ value: row.value, marks: row.marks })),
    )
  const verify = <T>(store: Store, row: Row): Guarded<T> => {
    const tampered = (why: Tampered['why']) =>
      ({ ok: false, kind: 'storageTampered', store, key: row.key, why }) as const
    if (row.v !== SHAPE || !Number.isSafeInteger(row.seq) || !(row.mac instanceof Uint8Array)) return tampered('shape')
    const name = store + row.key
    if (!isSame(right.get(name), row)) {
      let expected: Uint8Array
      try {
        expected = mac(store, row)
      } catch (error) {
        // Canonical JSON refuses what our own code cannot have written.
        if (error instanceof RangeError) return tampered('shape')
        throw error
      }
      if (!sameBytes(row.mac, expected)) return tampered('mac')
    }
    keepRight(name, row)
    const seq = row.seq as number // Checked above.
    if (seq < (seenIn(store).get(row.key) ?? 0)) return tampered('seq')
    // The MAC says that our own code wrote this value at this version of the shapes.
    return { ok: true, key: row.key, value: row.value as T, seq }
  }
  const missing = (store: Store, rowKey: string) =>
    ({ ok: false, kind: 'storageTampered', store, key: rowKey, why: 'missing' }) as const
  const remember = <T>(tx: ReadTx, store: Store, rows: readonly Guarded<T>[]) => {
    tx.committed(() => {
      for (const row of rows) if (row.ok) note(store, row.key, row.seq)
    })
    return rows
  }
  const note = (store: Store, rowKey: string, seq: number) => {
    if (seq > (seenIn(store).get(rowKey) ?? 0)) seenIn(store).set(rowKey, seq)
  }

  const read = async <T>(tx: ReadTx, store: Store, rowKey: string): Promise<Guarded<T> | undefined> => {
    const row = await tx.row(store, rowKey)
    if (row !== undefined) return verify<T>(store, row)
    return seenIn(store).has(rowKey) ? missing(store, rowKey) : undefined
  }

  const putNext = async (tx: Tx, store: Store, rowKey: string, value: unknown, marks?: Marks): Promise<number> => {
    const before = await read(tx, store, rowKey)
    if (before !== undefined && !before.ok) throw tamperedError(before)
    const seq = (before?.seq ?? 0) + 1
    const unsigned: Row = { key: rowKey, v: SHAPE, seq, value, ...(marks === undefined ? {} : { marks }) }
    const row: Row = { ...unsigned, mac: mac(store, unsigned) }
    tx.committed(() => {
      note(store, rowKey, seq)
      keepRight(store + rowKey, row)
    })
    await tx.putRow(store, row)
    return seq
  }

  const latestIn = async (tx: ReadTx): Promise<Readonly<Record<string, number>>> => {
    const row = await read<Readonly<Record<string, number>>>(tx, 'meta', LATEST)
    if (row?.ok === false) throw tamperedError(row)
    return row?.value ?? {}
  }
  /** `undefined`: the row is gone. */
  const putLatest = async (tx: Tx, changed: Readonly<Record<string, number | undefined>>): Promise<void> => {
    const all = Object.entries({ ...(await latestIn(tx)), ...changed }).filter(([, seq]) => seq !== undefined)
    await putNext(tx, 'meta', LATEST, Object.fromEntries(all))
  }

  const recall = async (tx: ReadTx): Promise<void> => {
    const latest = Object.entries(await latestIn(tx))
    for (const store of IN_LATEST) {
      const begin = latestName(store, '')
      for (const [name, seq] of latest) if (name.startsWith(begin)) note(store, name.slice(begin.length), seq)
    }
  }

  return {
    get: async <T>(tx: ReadTx, store: Store, rowKey: string) => {
      const found = await read<T>(tx, store, rowKey)
      if (found !== undefined) remember(tx, store, [found])
      return found
    },
    all: async <T>(tx: ReadTx, store: Store) => {
      const rows = (await tx.rows(store)).map((row) => verify<T>(store, row))
      const there = new Set(rows.map((row) => row.key))
      const gone = [...seenIn(store).keys()].filter((rowKey) => !there.has(rowKey))
      return remember(tx, store, [...rows, ...gone.map((rowKey) => missing(store, rowKey))])
    },
    find: async <T, S extends Indexed>(tx: ReadTx, store: S, index: IndexOf<S>, where?: Where) =>
      remember(
        tx,
        store,
        (await tx.findRows(store, index, where)).map((row) => verify<T>(store, row)),
      ),
    walk: async <T, S extends Indexed>(
      tx: ReadTx,
      store: S,
      index: IndexOf<S>,
      where: Pick<Where, 'prefix' | 'below'>,
      visit: (row: Guarded<T>) => boolean,
    ) => {
      const met: Guarded<T>[] = []
      await tx.walkRows(store, index, where, (row) => {
        const found = verify<T>(store, row)
        met.push(found)
        return visit(found)
      })
      remember(tx, store, met)
    },
    put: async (tx, store, rowKey, value, marks) => {
      const seq = await putNext(tx, store, rowKey, value, marks)
      if (IN_LATEST.includes(store)) await putLatest(tx, { [latestName(store, rowKey)]: seq })
      return seq
    },
    remove: async (tx, store, rowKey) => {
      tx.committed(() => seenIn(store).delete(rowKey))
      await tx.delete(store, rowKey)
      if (IN_LATEST.includes(store)) await putLatest(tx, { [latestName(store, rowKey)]: undefined })
    },
    recall,
    audit: async (tx) => {
      await recall(tx)
      const latest = await latestIn(tx)
      for (const store of IN_LATEST)
        for (const row of await tx.rows(store)) {
          // Of one that does not verify its reader tells.
          if (row.mac === undefined || !verify(store, row).ok || row.seq === latest[latestName(store, row.key)])
            continue
          throw tamperedError({ kind: 'storageTampered', store: 'meta', key: LATEST, why: 'seq' })
        }
    },
    accept: async (tx) => {
      const before = await read(tx, 'meta', LATEST)
      if (before?.ok === false) {
        await tx.delete('meta', LATEST)
        seenIn('meta').delete(LATEST)
      }
      const there: Record<string, number> = {}
      for (const store of IN_LATEST)
        for (const row of await tx.rows(store)) {
          const found = row.mac === undefined ? undefined : verify(store, row)
          if (found?.ok === true) there[latestName(store, row.key)] = found.seq
        }
      await putNext(tx, 'meta', LATEST, there)
    },
  }
}

/** No store's name has a space in it. */
function latestName(store: Store, rowKey: string): string {
  return `${store} ${rowKey}`
}

/** All sessions with their books, which one View reads, and what a page of the activity does. */
const KEPT_ROWS = 1_024

/** Whether two rows that may be stored are one: may say no where they are, never yes where one text would differ. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (!isObject(a) || !isObject(b) || Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  const names = Object.keys(a)
  if (names.length !== Object.keys(b).length) return false
  return names.every((name) => Object.hasOwn(b, name) && isSame(a[name], b[name]))
}

function isObject(it: unknown): it is Record<string, unknown> {
  return typeof it === 'object' && it !== null
}

/** For an owner that cannot go on without the row. */
export function tamperedError({ store, key, why }: Tampered): TamperedError {
  return Object.assign(new Error(`row does not verify: ${store} ${key}`), {
    kind: 'storageTampered' as const,
    store,
    key,
    why,
  })
}
