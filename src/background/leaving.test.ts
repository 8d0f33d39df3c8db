import 'fake-indexeddb/auto'
import { openDB } from 'idb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SHAPE } from '../core/records.ts'
import { type Database, openDatabase, rowsOfAnyShape, STORES, wipeDatabase } from '../platform/database.ts'
import { createLeaving, type Leaving, type LeavingNeeds } from './leaving.ts'

const OLD = { key: 'vault', v: SHAPE + 1, value: 'the old wallet' }
const real = globalThis.indexedDB
let worlds = 0
let name: string
let lives: Database[]

/** A worker's life. */
function life(): { readonly db: Database; readonly leaving: Leaving } {
  const db = openDatabase({ now: () => 1, name })
  lives.push(db)
  const needs = {
    db,
    renew: () => undefined,
    tell: () => undefined,
    stops: { stopAll: () => undefined },
    approvals: { forgetAll: async () => undefined },
    grants: { all: async () => [] },
    workingSet: { forget: async () => undefined, load: async () => undefined },
    area: { remove: async () => undefined },
  } as unknown as LeavingNeeds
  return { db, leaving: createLeaving(needs) }
}
/** Its vault, and what comes with it. */
const make = (db: Database) =>
  db.write(STORES, 'strict', async (tx) => {
    await tx.put('vault', 'vault', 'the new wallet')
    await tx.put('accounts', 'a', 1)
    await tx.put('sessions', 's', 2, { at: 3 })
  })
/** What a worker finds: one of them whole, and nothing of the other. */
async function found(): Promise<'old' | 'new'> {
  const { db } = life()
  try {
    const all = await db.read(STORES, async (tx) =>
      Promise.all([tx.all('vault'), tx.all('accounts'), tx.find('history', 'byTime'), tx.rows('sessions')]),
    )
    expect(all).toEqual([
      [{ key: 'vault', value: 'the new wallet' }],
      [{ key: 'a', value: 1 }],
      [],
      [{ key: 's', v: SHAPE, value: 2, marks: { at: 3 } }],
    ])
    expect((await real.databases()).map((it) => it.name).filter((it) => it?.startsWith(name))).toEqual([name])
    return 'new'
  } catch (error) {
    expect(error).toMatchObject({ kind: 'storage', why: 'shape' })
    expect(await rowsOfAnyShape('vault', name)).toEqual([OLD])
    return 'old'
  } finally {
    await db.close()
  }
}

beforeEach(async () => {
  worlds += 1
  name = `leaving-${worlds}`
  lives = []
  const old = await openDB(name, SHAPE + 1, { upgrade: (db) => void db.createObjectStore('vault', { keyPath: 'key' }) })
  await old.put('vault', OLD)
  old.close()
})
afterEach(async () => {
  globalThis.indexedDB = real
  for (const db of lives) await db.close()
})

describe('another wallet in the place of data of another shape', () => {
  it('is there when it is whole, and the old data is not', async () => {
    const { db, leaving } = life()
    await leaving.replace(() => make(db))
    expect(await db.read(['vault'], (tx) => tx.get('vault', 'vault'))).toBe('the new wallet')
    await db.close()
    expect(await found()).toBe('new')
  })

  it('that could not be made leaves the old data as it was', async () => {
    const { db, leaving } = life()
    const failed = leaving.replace(async () => {
      await db.read(['vault'], (tx) => tx.all('vault'))
      throw new Error('no room')
    })
    await expect(failed).rejects.toThrow('no room')
    expect(await found()).toBe('old')
    // And the next try works.
    await leaving.replace(() => make(db))
    await db.close()
    expect(await found()).toBe('new')
  })

  it('that is listed and is gone when it is opened is none: a dead worker may still have deleted it', async () => {
    const ghost = `${name} next`
    globalThis.indexedDB = new Proxy(real, {
      get: (target, member) => {
        const value: unknown = Reflect.get(target, member)
        if (typeof value !== 'function') return value
        return member === 'databases' ? async () => [{ name: ghost, version: SHAPE }] : value.bind(target)
      },
    })
    const { db } = life()
    await expect(db.read(['meta'], async () => undefined)).rejects.toMatchObject({ kind: 'storage', why: 'shape' })
    // And none was made.
    expect((await real.databases()).map((it) => it.name)).not.toContain(ghost)
    expect(await rowsOfAnyShape('vault', ghost)).toEqual([])
  })

  it('R6 leaves one of the two whole wherever the worker dies', async () => {
    const seen: ('old' | 'new')[] = []
    for (let cut = 0; seen.length <= cut; cut += 1) {
      await wipeDatabase(name)
      const old = await openDB(name, SHAPE + 1, {
        upgrade: (it) => void it.createObjectStore('vault', { keyPath: 'key' }),
      })
      await old.put('vault', OLD)
      old.close()
      const death = dyingAt(cut)
      const { db, leaving } = life()
      const work = leaving.replace(() => make(db)).then(() => 'done' as const)
      const end = await Promise.race([work, death.died])
      death.revive()
      if (end === 'done') await db.close()
      else lives.pop() // Nothing of a dead one ends.
      seen.push(await found())
      // A second life finds the same.
      expect(await found()).toBe(seen.at(-1))
      if (end === 'done') break
    }
    // Once it is the new one it stays the new one.
    const first = seen.indexOf('new')
    expect(first).toBeGreaterThan(0)
    expect(seen.slice(first).every((it) => it === 'new')).toBe(true)
    expect(seen.length - first).toBeGreaterThan(4)
  })

  it('goes with it when all is wiped', async () => {
    const { db } = life()
    await db.stage()
    await make(db)
    await db.close()
    const here = async () => (await real.databases()).filter((it) => it.name?.startsWith(name))
    expect(await here()).toHaveLength(2)
    // Neither the old one nor the one beside it stays.
    await wipeDatabase(name)
    expect(await here()).toEqual([])
    const next = life()
    expect(await next.db.read(['vault'], (tx) => tx.all('vault'))).toEqual([])
  })
})

/** From its nth request of a database or transaction on, nothing the worker asks for happens, and nothing answers. */
function dyingAt(cut: number): { readonly died: Promise<'died'>; readonly revive: () => void } {
  let left = cut
  let die: (() => void) | undefined
  const died = new Promise<'died'>((done) => {
    die = () => done('died')
  })
  const isDead = () => {
    left -= 1
    if (left >= 0) return false
    die?.()
    return true
  }
  const never = () => new Promise<never>(() => undefined)
  const silent = () => Object.assign(Object.create(IDBOpenDBRequest.prototype), { addEventListener: () => undefined })
  // A refusal would be caught, and the dead one would go on beside the next life.
  const store = () => new Proxy(Object.create(IDBObjectStore.prototype), { get: () => silent })
  const unanswered = () =>
    Object.defineProperties(Object.create(IDBTransaction.prototype), {
      addEventListener: { value: () => undefined },
      objectStore: { value: store },
    }) as IDBTransaction
  const { transaction } = IDBDatabase.prototype
  IDBDatabase.prototype.transaction = function (...args) {
    // A worker dies before the transaction: none of its requests is made. Those of an upgrade are the browser's own.
    if ((args[1] as string) !== 'versionchange' && isDead()) return unanswered()
    return transaction.apply(this, args)
  }
  globalThis.indexedDB = new Proxy(real, {
    get: (target, member) => {
      const value: unknown = Reflect.get(target, member)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        if (member !== 'open' && member !== 'deleteDatabase' && member !== 'databases') return value.apply(target, args)
        if (!isDead()) return value.apply(target, args)
        return member === 'databases' ? never() : silent()
      }
    },
  })
  return {
    died,
    revive: () => {
      IDBDatabase.prototype.transaction = transaction
      globalThis.indexedDB = real
    },
  }
}
