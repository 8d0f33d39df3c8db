/**
 * What every IndexedDB must do for us: the same cases run over a standard implementation in node and in Chromium.
 * Nothing of a test runner is used, so that a page or a worker can run them; a case fails by throwing.
 */
import { SHAPE } from '../core/records.ts'
import {
  createGuard,
  type Database,
  type Guarded,
  isStorageError,
  isTampered,
  type Row,
  STORES,
  type Tx,
} from './database.ts'

export interface Case {
  readonly name: string
  readonly run: () => Promise<void>
}

/** @param makeDb opens a database nobody has used before, over a clock the case can set */
export function databaseContract(makeDb: (clock: { now: number }) => Promise<Database>): readonly Case[] {
  const over = (run: (db: Database, clock: { now: number }) => Promise<void>) => async () => {
    const clock = { now: 1_800_000_000 }
    const db = await makeDb(clock)
    try {
      await run(db, clock)
    } finally {
      await db.close()
    }
  }
  const key = { vaultId: 'aa', macKey: new Uint8Array(32).fill(7) }

  return [
    {
      name: 'what was written is read back, from each store',
      run: over(async (db) => {
        await db.write(STORES, 'relaxed', async (tx) => {
          for (const store of STORES) await tx.put(store, 'k', { store })
        })
        await db.read(STORES, async (tx) => {
          for (const store of STORES) same(await tx.get(store, 'k'), { store })
        })
        same(await db.read(['grants'], (tx) => tx.get('grants', 'nobody')), undefined)
      }),
    },
    {
      name: 'a change of several stores is kept whole or not at all',
      run: over(async (db) => {
        const error = await failure(
          db.write(['books', 'journal'], 'strict', async (tx) => {
            await tx.put('books', 'a', 1)
            await tx.put('journal', 'a', 1)
            throw new Error('changed my mind')
          }),
        )
        same(error.message, 'changed my mind')
        same(await db.read(['books'], (tx) => tx.all('books')), [])
        same(await db.read(['journal'], (tx) => tx.all('journal')), [])
      }),
    },
    {
      name: 'refuses: a value that cannot be stored rejects with the kind `storage` and keeps nothing of its transaction',
      run: over(async (db) => {
        const error = await failure(
          db.write(['books'], 'strict', async (tx) => {
            await tx.put('books', 'a', 1)
            await tx.put('books', 'b', () => 1)
          }),
        )
        same(isStorageError(error) && error.why, 'failed')
        same(await db.read(['books'], (tx) => tx.all('books')), [])
      }),
    },
    {
      name: 'refuses: a put that nobody awaits fails the whole write',
      run: over(async (db) => {
        const error = await failure(
          db.write(['books'], 'strict', async (tx) => {
            void tx.put('books', 'a', () => 1)
            await tx.put('books', 'b', 1)
          }),
        )
        same(isStorageError(error), true)
        same(await db.read(['books'], (tx) => tx.all('books')), [])
      }),
    },
    {
      name: 'B14: 200 concurrent read-add-write transactions end at 200',
      run: over(async (db) => {
        const add = () =>
          db.write(['books'], 'relaxed', async (tx) => {
            await tx.put('books', 'n', (((await tx.get('books', 'n')) as number | undefined) ?? 0) + 1)
          })
        await Promise.all(Array.from({ length: 200 }, add))
        same(await db.read(['books'], (tx) => tx.get('books', 'n')), 200)
      }),
    },
    {
      name: 'open rows of the journal are found by account, by session and by being open; settled ones are not',
      run: over(async (db) => {
        const open = { open: 1, network: 'sepolia', account: '0xa', session: 's1', at: 5 }
        const { open: _open, ...settled } = open
        await db.write(['journal'], 'strict', async (tx) => {
          await tx.put('journal', '1', 'open', open)
          await tx.put('journal', '2', 'settled', settled)
          await tx.put('journal', '3', 'other network', { ...open, network: 'mainnet', session: 's2', at: 6 })
          await tx.put('journal', '4', 'no session', { open: 1, network: 'sepolia', account: '0xa', at: 7 })
        })
        await db.read(['journal'], async (tx) => {
          const keys = (rows: readonly { key: string }[]) => rows.map((row) => row.key)
          same(keys(await tx.find('journal', 'open')), ['1', '3', '4'])
          same(keys(await tx.find('journal', 'openByAccount', { prefix: [1, 'sepolia', '0xa'] })), ['1', '4'])
          same(keys(await tx.find('journal', 'openBySession', { prefix: [1, 's1'] })), ['1'])
          same(keys(await tx.find('journal', 'bySession', { prefix: ['s1'] })), ['1', '2'])
        })
      }),
    },
    {
      name: 'history is found by time, newest first and in bounds',
      run: over(async (db) => {
        await db.write(['history'], 'relaxed', async (tx) => {
          for (const at of [10, 20, 30]) await tx.put('history', `h${at}`, at, { at, session: at === 20 ? 'b' : 'a' })
        })
        await db.read(['history'], async (tx) => {
          const values = (rows: readonly { value: unknown }[]) => rows.map((row) => row.value)
          same(values(await tx.find('history', 'byTime', { newest: true, limit: 2 })), [30, 20])
          same(values(await tx.find('history', 'byTime', { below: 30 })), [10, 20])
          same(values(await tx.find('history', 'byTime', { from: 20 })), [20, 30])
          same(values(await tx.find('history', 'byTime', { limit: 1 })), [10])
          same(values(await tx.find('history', 'bySession', { prefix: ['a'], newest: true })), [30, 10])
        })
      }),
    },
    {
      name: 'the wall clock is written with each strict commit, never backwards, and anew when the person says so',
      run: over(async (db, clock) => {
        const write = () => db.write(['grants'], 'strict', (tx) => tx.put('grants', 'a', 1))
        same(await db.lastWall(), undefined)
        await write()
        same(await db.lastWall(), 1_800_000_000)
        clock.now -= 1_000
        await write()
        same(await db.lastWall(), 1_800_000_000)
        await db.trustWall()
        same(await db.lastWall(), 1_799_999_000)
        clock.now += 5
        await db.write(['grants'], 'relaxed', (tx) => tx.put('grants', 'a', 1))
        same(await db.lastWall(), 1_799_999_000)
        await db.close()
        same(await db.lastWall(), 1_799_999_000)
      }),
    },
    {
      name: 'a key that cannot be exported is kept and still works',
      run: over(async (db) => {
        const wrap = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
        await db.write(['keys'], 'strict', (tx) => tx.put('keys', 'wrap', wrap))
        const kept = (await db.read(['keys'], (tx) => tx.get('keys', 'wrap'))) as CryptoKey
        same(kept.extractable, false)
        const iv = new Uint8Array(12)
        const ct = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, wrap, Uint8Array.of(1, 2, 3))
        const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, kept, ct)
        same([...new Uint8Array(plain)], [1, 2, 3])
      }),
    },
    {
      name: 'a guarded row comes back verified, its seq rising by one with each put',
      run: over(async (db) => {
        const guard = createGuard(key)
        const put = (value: unknown) => db.write(['sessions'], 'strict', (tx) => guard.put(tx, 'sessions', 's', value))
        same(await put({ state: 'active' }), 1)
        same(await put({ state: 'paused', left: undefined }), 2)
        const row = await db.read(['sessions'], (tx) => guard.get(tx, 'sessions', 's'))
        same(row?.ok && [row.seq, row.value], [2, { state: 'paused', left: undefined }])
        same(await db.read(['sessions'], (tx) => guard.get(tx, 'sessions', 'nobody')), undefined)
      }),
    },
    {
      name: 'F5: every field of a guarded row that is changed, taken from another row, or made by another key is found',
      run: over(async (db) => {
        const guard = createGuard(key)
        const value = { max: '100', until: 7, from: 0, calls: [{ to: '0x1', names: ['move'] }], words: {} }
        await db.write(['sessions'], 'strict', async (tx) => {
          await guard.put(tx, 'sessions', 'a', value, { at: 1 })
          await guard.put(tx, 'sessions', 'b', value, { at: 1 })
        })
        const good = await row(db, 'a')
        const bytes = good.mac as Uint8Array
        const otherMac = (await row(db, 'b')).mac as Uint8Array
        const changed: readonly [string, Partial<Record<keyof Row, unknown>>][] = [
          ['value', { value: { ...value, max: '1000' } }],
          ['a member added', { value: { ...value, more: 1 } }],
          ['a member gone', { value: { ...value, until: undefined } }],
          ['a member under another name', { value: { ...value, words: undefined, Words: {} } }],
          ['a member of a list', { value: { ...value, calls: [{ to: '0x1', names: ['move', 'say'] }] } }],
          ['a list shorter', { value: { ...value, calls: [] } }],
          ['deep inside', { value: { ...value, calls: [{ to: '0x2', names: ['move'] }] } }],
          ['another zero', { value: { ...value, from: -0 } }],
          ['a map for an object', { value: { ...value, words: new Map([['a', 1]]) } }],
          ['a date for an object', { value: { ...value, words: new Date(0) } }],
          ['wrong type', { value: 'x' }],
          ['no canonical form', { value: { ...value, max: null } }],
          ['marks', { marks: { at: 2 } }],
          ['marks gone', { marks: undefined }],
          ['seq', { seq: 2 }],
          ['seq as text', { seq: '1' }],
          ['seq huge', { seq: 2 ** 60 }],
          ['version', { v: SHAPE + 1 }],
          ['mac gone', { mac: undefined }],
          ['mac short', { mac: bytes.slice(1) }],
          ['mac of another row', { mac: otherMac }],
          ...Array.from(bytes, (_, i): [string, { mac: Uint8Array }] => {
            const flipped = bytes.slice()
            flipped[i] = flipped[i]! ^ 1
            return [`mac byte ${i}`, { mac: flipped }]
          }),
        ]
        for (const [what, change] of changed) {
          await db.write(['sessions'], 'relaxed', (tx) => tx.putRow('sessions', { ...good, ...change } as Row))
          const found = await get(db, guard, 'a')
          if (found === undefined || found.ok) throw new Error(`not found: ${what}`)
          same([found.kind, found.store, found.key], ['storageTampered', 'sessions', 'a'])
          // Also right after the row was read as it should be.
          await db.write(['sessions'], 'relaxed', (tx) => tx.putRow('sessions', good))
          same((await get(db, guard, 'a'))?.ok, true)
        }
        await db.write(['sessions'], 'relaxed', (tx) => tx.putRow('sessions', good))
        same((await get(db, guard, 'a'))?.ok, true)
        const elsewhere = [
          createGuard({ ...key, vaultId: 'ab' }),
          createGuard({ ...key, macKey: new Uint8Array(32).fill(8) }),
        ]
        for (const other of elsewhere) same((await get(db, other, 'a'))?.ok, false)
        await db.write(['books'], 'relaxed', (tx) => tx.putRow('books', good))
        same((await db.read(['books'], (tx) => guard.get(tx, 'books', 'a')))?.ok, false)
      }),
    },
    {
      name: 'F5: an older row put back, and a row taken away, are found by who has seen them',
      run: over(async (db) => {
        const guard = createGuard(key)
        const put = (value: number) => db.write(['books'], 'strict', (tx) => guard.put(tx, 'books', 'a', value))
        await put(1)
        const old = (await db.read(['books'], (tx) => tx.row('books', 'a')))!
        await put(2)
        await db.write(['books'], 'strict', (tx) => tx.putRow('books', old))
        const rolled = await db.read(['books'], (tx) => guard.get(tx, 'books', 'a'))
        same(rolled?.ok === false && rolled.why, 'seq')
        await db.write(['books'], 'strict', (tx) => tx.delete('books', 'a'))
        const gone = await db.read(['books'], (tx) => guard.all(tx, 'books'))
        same(
          gone.map((it) => !it.ok && it.why),
          ['missing'],
        )
        await db.write(['books'], 'strict', (tx) => guard.remove(tx, 'books', 'a'))
        same(await db.read(['books'], (tx) => guard.all(tx, 'books')), [])
        same(await put(3), 1)
      }),
    },
    {
      name: 'F5: an older row put back alone, and one taken away, are found in the next life; a person may accept them',
      run: over(async (db) => {
        const put = (guard: ReturnType<typeof createGuard>, value: number) =>
          db.write(['sessions'], 'strict', (tx) => guard.put(tx, 'sessions', 'a', value))
        const recalled = async () => {
          const guard = createGuard(key)
          await db.read(['meta'], guard.recall)
          return guard
        }
        const first = createGuard(key)
        await put(first, 1)
        const old = await row(db, 'a')
        await put(first, 2)
        const newest = await row(db, 'a')
        same((await get(db, await recalled(), 'a'))?.ok, true)
        await db.write(['sessions'], 'strict', (tx) => tx.putRow('sessions', old))
        const rolled = await get(db, await recalled(), 'a')
        same(rolled?.ok === false && rolled.why, 'seq')
        await db.write(['sessions'], 'strict', (tx) => tx.delete('sessions', 'a'))
        const gone = await get(db, await recalled(), 'a')
        same(gone?.ok === false && gone.why, 'missing')
        // Nothing is written over it, and what was taken away on purpose is not missed.
        await failure(put(await recalled(), 3))
        await db.write(['sessions'], 'strict', (tx) => tx.putRow('sessions', newest))
        const remover = await recalled()
        await db.write(['sessions'], 'strict', (tx) => remover.remove(tx, 'sessions', 'a'))
        same(await get(db, await recalled(), 'a'), undefined)
        await db.write(['sessions'], 'strict', (tx) => tx.putRow('sessions', old))
        const accepting = createGuard(key)
        await db.write(STORES, 'strict', accepting.accept)
        same((await get(db, await recalled(), 'a'))?.ok, true)
      }),
    },
    {
      name: 'F5: what tells the newest of each row is itself found when it is changed, put back or taken away',
      run: over(async (db) => {
        const guard = createGuard(key)
        const put = (value: number) => db.write(['sessions'], 'strict', (tx) => guard.put(tx, 'sessions', 'a', value))
        const latest = () => db.read(['meta'], (tx) => tx.row('meta', 'latest'))
        const audit = () => db.read(STORES, createGuard(key).audit)
        await put(1)
        const old = (await latest())!
        await put(2)
        const good = (await latest())!
        await audit()
        const seq = (good.seq ?? 0) + 1
        for (const bad of [old, { ...good, value: { 'sessions a': 1 } }, { ...good, seq }, undefined]) {
          await db.write(['meta'], 'relaxed', (tx) => (bad ? tx.putRow('meta', bad) : tx.delete('meta', 'latest')))
          same(isTampered(await failure(audit())), true)
          await db.write(['meta'], 'relaxed', (tx) => tx.putRow('meta', good))
          await audit()
        }
      }),
    },
    {
      name: 'a transaction that did not get in leaves nothing remembered',
      run: over(async (db) => {
        const guard = createGuard(key)
        const put = (tx: Tx, value: number) => guard.put(tx, 'books', 'a', value)
        await db.write(['books'], 'strict', (tx) => put(tx, 1))
        await failure(
          db.write(['books'], 'strict', async (tx) => {
            await put(tx, 2)
            await put(tx, 3)
            throw new Error('no')
          }),
        )
        const row = await db.read(['books'], (tx) => guard.get(tx, 'books', 'a'))
        same(row?.ok && [row.seq, row.value], [1, 1])
      }),
    },
    {
      name: 'refuses: nothing is written over a row that does not verify, and no guarded row is read as a plain one',
      run: over(async (db) => {
        const guard = createGuard(key)
        const put = (value: number) => db.write(['books'], 'strict', (tx) => guard.put(tx, 'books', 'a', value))
        await put(1)
        const good = (await db.read(['books'], (tx) => tx.row('books', 'a')))!
        await db.write(['books'], 'strict', (tx) => tx.putRow('books', { ...good, value: 9 }))
        const error = await failure(put(2))
        same(isTampered(error) && error.why, 'mac')
        same((await db.read(['books'], (tx) => tx.row('books', 'a')))?.value, 9)
        await failure(db.read(['books'], (tx) => tx.get('books', 'a')))
        await failure(db.read(['books'], (tx) => tx.all('books')))
      }),
    },
  ]

  async function row(db: Database, id: string): Promise<Row> {
    return (await db.read(['sessions'], (tx) => tx.row('sessions', id)))!
  }
  function get(db: Database, guard: ReturnType<typeof createGuard>, id: string): Promise<Guarded<unknown> | undefined> {
    return db.read(['sessions'], (tx) => guard.get(tx, 'sessions', id))
  }
}

async function failure(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error) {
    if (error instanceof Error) return error
    throw error
  }
  throw new Error('expected a failure')
}

function same(actual: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (a !== b) throw new Error(`expected ${b}, got ${a}`)
}
