import { type Database, type Guard, type Store, type Tx, tamperedError } from '../../platform/database.ts'

/** Rows that guard money, for owners whose rows stand alone. Before the first unlock there is no key to check them with. */
export interface Rows<T> {
  /** Empty while asleep. @throws TamperedError when a row does not verify */
  all(): Promise<readonly T[]>
  get(key: string): Promise<T | undefined>
  /** One strict transaction: what `change` returns is written; `undefined` removes the row. @throws Error while asleep */
  change(key: string, change: (before: T | undefined) => T | undefined): Promise<T | undefined>
}

export interface RowNeeds {
  readonly db: Database
  /** Absent until the first unlock after a browser start (security.md 7.3). */
  readonly guard: () => Guard | undefined
}

export function guardedRows<T>({ db, guard }: RowNeeds, store: Store): Rows<T> {
  return {
    all: async () => {
      const key = guard()
      if (key === undefined) return []
      const rows = await db.read([store], (tx) => key.all<T>(tx, store))
      return rows.map((row) => {
        if (!row.ok) throw tamperedError(row)
        return row.value
      })
    },
    get: async (rowKey) => {
      const key = guard()
      if (key === undefined) return undefined
      const row = await db.read([store], (tx) => key.get<T>(tx, store, rowKey))
      if (row !== undefined && !row.ok) throw tamperedError(row)
      return row?.value
    },
    change: async (rowKey, change) => {
      const key = guard()
      if (key === undefined) throw new Error(`asleep: ${store}`)
      return db.write([store], 'strict', async (tx: Tx) => {
        const row = await key.get<T>(tx, store, rowKey)
        if (row !== undefined && !row.ok) throw tamperedError(row)
        const next = change(row?.value)
        if (next !== undefined) await key.put(tx, store, rowKey, next)
        else if (row !== undefined) await key.remove(tx, store, rowKey)
        return next
      })
    },
  }
}
