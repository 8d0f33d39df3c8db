import 'fake-indexeddb/auto'
import { openDB } from 'idb'
import { describe, expect, it } from 'vitest'
import { SHAPE } from '../core/records.ts'
import { databaseContract } from './database.contract.ts'
import { isStorageError, openDatabase, STORES, wipeDatabase } from './database.ts'

let made = 0
const fresh = () => `latchkey-${++made}`

describe('database contract, over a standard IndexedDB in node', () => {
  for (const { name, run } of databaseContract(async (clock) => openDatabase({ now: () => clock.now, name: fresh() })))
    it(name, run)
})

describe('a database of another shape', () => {
  const now = () => 1
  const refusal = async (name: string) => {
    const error: unknown = await openDatabase({ now, name })
      .read(['meta'], (tx) => tx.all('meta'))
      .catch((it: unknown) => it)
    return isStorageError(error) ? error.why : error
  }

  it('refuses: a newer version, and leaves its data as it was', async () => {
    const name = fresh()
    const newer = await openDB(name, SHAPE + 1, {
      upgrade: (db) => void db.createObjectStore('vault', { keyPath: 'key' }),
    })
    await newer.put('vault', { key: 'a', v: SHAPE + 1, value: 'secret' })
    newer.close()
    expect(await refusal(name)).toBe('shape')
    const again = await openDB(name, SHAPE + 1)
    expect(await again.get('vault', 'a')).toEqual({ key: 'a', v: SHAPE + 1, value: 'secret' })
    again.close()
  })

  it('refuses: data without its shape row, and a store that is missing', async () => {
    const unstamped = fresh()
    const db = await openDB(unstamped, SHAPE, {
      upgrade: (it) => STORES.forEach((store) => void it.createObjectStore(store, { keyPath: 'key' })),
    })
    db.close()
    expect(await refusal(unstamped)).toBe('shape')
    const half = fresh()
    const other = await openDB(half, SHAPE, { upgrade: (it) => void it.createObjectStore('meta', { keyPath: 'key' }) })
    await other.put('meta', { key: 'shape', v: SHAPE, value: SHAPE })
    other.close()
    expect(await refusal(half)).toBe('shape')
  })

  it('is wiped only when asked, and works from then on', async () => {
    const name = fresh()
    const newer = await openDB(name, SHAPE + 1, { upgrade: (db) => void db.createObjectStore('vault') })
    newer.close()
    const db = openDatabase({ now, name })
    await expect(db.read(['vault'], (tx) => tx.all('vault'))).rejects.toMatchObject({ kind: 'storage', why: 'shape' })
    await wipeDatabase(name)
    await db.write(['vault'], 'strict', (tx) => tx.put('vault', 'a', 1))
    expect(await db.read(['vault'], (tx) => tx.get('vault', 'a'))).toBe(1)
    await db.close()
  })

  it('lets go when somebody wipes it, and opens what is there then', async () => {
    const name = fresh()
    const db = openDatabase({ now, name })
    await db.write(['vault'], 'strict', (tx) => tx.put('vault', 'a', 1))
    await wipeDatabase(name)
    expect(await db.read(['vault'], (tx) => tx.get('vault', 'a'))).toBeUndefined()
    await db.close()
  })
})
