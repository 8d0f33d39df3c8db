/**
 * The wallet's database without IndexedDB: what a browser does in native code would otherwise be counted as the wallet's work,
 * as an emulation in JavaScript. All or nothing, one transaction after the other, nothing outlives the process.
 */
import type { Database, Marks, ReadTx, Row, Store, Tx, Where } from '../src/platform/database.ts'

/** What rows are found by, without the time that orders them. */
const INDEXES: Readonly<Record<string, readonly string[]>> = {
  open: ['open'],
  openByAccount: ['open', 'network', 'account'],
  openBySession: ['open', 'session'],
  byAccount: ['network', 'account'],
  bySession: ['session'],
  byRequest: ['origin', 'request'],
  byTime: [],
}

/** The rows of one store, by key and by what an index finds together. */
interface Rows {
  readonly all: Map<string, Row>
  readonly found: Map<string, Map<string, Row>>
}

export function memoryStore(now: () => number): Database {
  const stores = new Map<Store, Rows>()
  let wall: number | undefined
  let last: Promise<unknown> = Promise.resolve()

  const inTurn = <T>(use: (tx: Tx) => Promise<T>): Promise<T> => {
    const mine = last.then(() => run(use))
    last = mine.catch(() => undefined)
    return mine
  }
  const run = async <T>(use: (tx: Tx) => Promise<T>): Promise<T> => {
    const undo: (() => void)[] = []
    const then: (() => void)[] = []
    try {
      const result = await use(transaction(undo, then))
      for (const call of then) call()
      return result
    } catch (error) {
      for (const back of undo.reverse()) back()
      throw error
    }
  }
  const rowsOf = (store: Store): Rows => {
    const rows = stores.get(store) ?? { all: new Map(), found: new Map() }
    stores.set(store, rows)
    return rows
  }
  const set = (store: Store, key: string, row: Row | undefined) => {
    const { all, found } = rowsOf(store)
    const before = all.get(key)
    for (const place of before === undefined ? [] : placesOf(before)) found.get(place)?.delete(key)
    if (row === undefined) all.delete(key)
    else all.set(key, row)
    for (const place of row === undefined ? [] : placesOf(row)) {
      const together = found.get(place) ?? new Map<string, Row>()
      found.set(place, together)
      together.set(key, row!)
    }
  }
  const transaction = (undo: (() => void)[], then: (() => void)[]): Tx => {
    const change = (store: Store, key: string, row: Row | undefined) => {
      const before = rowsOf(store).all.get(key)
      undo.push(() => set(store, key, before))
      set(store, key, row)
    }
    const findRows: ReadTx['findRows'] = async (store, index, where = {}) => {
      const place = placeOf(index, where.prefix ?? [])
      return within([...(rowsOf(store).found.get(place)?.values() ?? [])], where)
    }
    const v = 1
    return {
      row: async (store, key) => rowsOf(store).all.get(key),
      rows: async (store) => [...rowsOf(store).all.values()],
      findRows,
      walkRows: async (store, index, where, visit) => {
        for (const row of await findRows(store, index, { ...where, newest: true })) if (!visit(row)) return
      },
      get: async (store, key) => rowsOf(store).all.get(key)?.value,
      all: async (store) => [...rowsOf(store).all.values()],
      find: findRows,
      put: async (store, key, value, marks) =>
        change(store, key, { key, v, value, ...(marks === undefined ? {} : { marks }) }),
      putRow: async (store, row) => change(store, row.key, row),
      delete: async (store, key) => change(store, key, undefined),
      clear: async (store) => {
        for (const key of [...rowsOf(store).all.keys()]) change(store, key, undefined)
      },
      committed: (call) => then.push(call),
    }
  }

  return {
    read: (_stores, use) => inTurn(use),
    write: (_stores, durability, use) =>
      inTurn(async (tx) => {
        const done = await use(tx)
        if (durability === 'strict') wall = Math.max(wall ?? 0, now())
        return done
      }),
    lastWall: async () => wall,
    trustWall: async () => {
      wall = now()
    },
    stage: async () => {},
    settle: async () => {},
    close: async () => {},
  }
}

function placeOf(index: string, marks: readonly (string | number)[]): string {
  return [index, ...marks].join(' ')
}

/** In an index lie the rows that carry all of its marks. */
function placesOf({ marks = {} }: { readonly marks?: Marks }): readonly string[] {
  return Object.entries(INDEXES).flatMap(([index, names]) => {
    const values = names.map((name) => marks[name])
    return values.every((value) => value !== undefined) ? [placeOf(index, values)] : []
  })
}

function within(rows: Row[], { from, below, limit, newest }: Where): readonly Row[] {
  const timeOf = ({ marks }: Row) => Number(marks?.at ?? 0)
  const fitting =
    from === undefined && below === undefined
      ? rows
      : rows.filter(
          (row) => timeOf(row) >= Number(from ?? 0) && timeOf(row) < Number(below ?? Number.POSITIVE_INFINITY),
        )
  if (newest) fitting.sort((a, b) => timeOf(b) - timeOf(a))
  return fitting.slice(0, limit)
}
