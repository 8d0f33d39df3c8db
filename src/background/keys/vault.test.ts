import 'fake-indexeddb/auto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { SHAPE } from '../../core/records.ts'
import { type Database, isTampered, openDatabase, type Row } from '../../platform/database.ts'
import { hexOf, randomBytes } from '../../platform/secret-box.ts'
import { createVault, isVaultError, type NewVault, type Opened, weakness } from './vault.ts'

// A key derivation takes half a second on a free core and several on a busy one.
vi.setConfig({ testTimeout: 60_000 })

const PASSWORD = 'correct horse battery'
const PHRASE = 'test test test test test test test test test test test junk'
const START = 1_800_000_000
/** Every key derivation takes "long": one scrypt at 2^17 per password. */
const slow = () => {
  let ms = 0
  return () => (ms += 1_000)
}

let made = 0
const open: Database[] = []
function world(name = `vault-${++made}`) {
  const clock = { now: START }
  const now = () => clock.now
  const db = openDatabase({ now, name })
  open.push(db)
  return { clock, db, name, vault: createVault({ db, now, random: randomBytes, ticks: slow() }) }
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((db) => db.close()))
})

const first = (over: Partial<NewVault> = {}): NewVault => ({
  password: PASSWORD,
  phrase: PHRASE,
  secrets: [
    { kind: 'owner', id: '0x1', bytes: new Uint8Array(32).fill(1) },
    { kind: 'guardian', id: '0x1', bytes: new Uint8Array(32).fill(2) },
  ],
  ...over,
})
/** A vault of its own with the rows of one that was really made: each key derivation costs about a second here. */
async function created() {
  template ??= (async () => {
    const it = world()
    const made = await it.vault.create(first())
    if (!made.ok) throw new Error('weak')
    return { opened: made.value, rows: await it.db.read(['vault'], (tx) => tx.rows('vault')) }
  })()
  const { opened, rows } = await template
  const it = world()
  await it.db.write(['vault'], 'strict', async (tx) => {
    for (const row of rows) await tx.putRow('vault', row)
  })
  return { ...it, opened }
}
let template: Promise<{ readonly opened: Opened; readonly rows: readonly Row[] }> | undefined
const row = (db: Database, key: string) => db.read(['vault'], (tx) => tx.row('vault', key)) as Promise<Row>
const putRow = (db: Database, it: Row) => db.write(['vault'], 'strict', (tx) => tx.putRow('vault', it))
const attempts = (db: Database, value: unknown) =>
  db.write(['vault'], 'strict', (tx) => tx.put('vault', 'lockout', value))

describe('weakness', () => {
  it.each([
    ['nine chars', 'abcdefghi', 'short'],
    ['ten characters', 'abcdefghik', undefined],
    ['nine characters that are 18 code units', '😀'.repeat(9), 'short'],
    ['a ligature counts as the letters it stands for', 'oﬃcebuild', undefined],
    ['letters with marks count as one after NFKC', 'a\u0301'.repeat(9), 'short'],
    ['256 characters', 'x'.repeat(256), undefined],
    ['257 characters', 'x'.repeat(257), 'long'],
    ['a common one', '1234567890', 'common'],
    ['a common one in capitals', 'QwertyUIOP', 'common'],
    ['a common one in full-width letters', 'ｑｗｅｒｔｙｕｉｏｐ', 'common'],
    ['a common one with one more letter', 'qwertyuiopp', undefined],
    ['the last of the list', 'password12', 'common'],
    ['nothing', '', 'short'],
  ])('%s', (_name, password, expected) => {
    expect(weakness(password)).toBe(expected)
  })
})

describe('a new vault', () => {
  it('refuses: a weak password, and writes nothing', async () => {
    const { vault, db } = world()
    expect(await vault.create(first({ password: 'short' }))).toEqual({ ok: false, weak: 'short' })
    expect(await vault.exists()).toBe(false)
    expect(await db.read(['vault'], (tx) => tx.rows('vault'))).toEqual([])
    await expect(vault.unlock(PASSWORD)).rejects.toSatisfy((it) => isVaultError(it) && it.why === 'missing')
  })

  it('comes into being whole: phrase, keys and the rows of others in one write, and opens again after a restart', async () => {
    const it = world()
    const { db, name } = it
    const made = await it.vault.create(
      first({ also: { stores: ['accounts'], write: (tx, { vaultId }) => tx.put('accounts', '0x1', vaultId) } }),
    )
    if (!made.ok) throw new Error('weak')
    const opened = made.value
    expect(await db.read(['accounts'], (tx) => tx.get('accounts', '0x1'))).toBe(opened.vaultId)
    expect(await it.vault.vaultId()).toBe(opened.vaultId)
    await db.close()

    const { vault } = world(name)
    expect(await vault.exists()).toBe(true)
    // NFKC: full-width letters are the same password.
    const again = await vault.unlock('ｃｏｒｒｅｃｔ horse battery')
    if (!again.ok) throw new Error('did not open')
    expect(again.value).toEqual(opened)
    expect(new Set(Object.values(again.value.keys).map(hexOf)).size).toBe(4)
    expect(await vault.openSecret('owner', '0x1', again.value.keys.owner)).toEqual(new Uint8Array(32).fill(1))
    expect(await vault.openSecret('guardian', '0x1', again.value.keys.guardian)).toEqual(new Uint8Array(32).fill(2))
    expect(await vault.openSecret('owner', '0x2', again.value.keys.owner)).toBeUndefined()
    // The key of one kind opens no other, and none that an unlock yields opens the phrase.
    await expect(vault.openSecret('owner', '0x1', again.value.keys.guardian)).rejects.toSatisfy(isTampered)
    for (const key of Object.values(again.value.keys)) {
      await expect(vault.openSecret('seed', 'phrase', key)).rejects.toSatisfy(isTampered)
    }
    expect(await vault.phrase(PASSWORD)).toEqual({ ok: true, value: PHRASE })
  })

  it('I9: nothing of what it keeps lies in the database in clear', async () => {
    const { db, vault, opened } = await created()
    const key = Uint8Array.from({ length: 32 }, (_, i) => (i * 37 + 11) % 256)
    await vault.putSecret({ kind: 'owner', id: '0x9', bytes: key }, opened.keys.owner)
    const text = JSON.stringify(await db.read(['vault'], (tx) => tx.rows('vault')))
    expect(text).toContain(opened.vaultId)
    for (const secret of [PASSWORD, PHRASE, 'junk', hexOf(key), ...Object.values(opened.keys).map(hexOf)]) {
      expect(text).not.toContain(secret)
      expect(text).not.toContain(Buffer.from(secret).toString('hex'))
    }
  })

  it('refuses: a second vault over the first, and a half of one when the write fails', async () => {
    const { vault, db, opened } = await created()
    await expect(vault.create(first())).rejects.toSatisfy((it) => isVaultError(it) && it.why === 'exists')
    expect(await vault.vaultId()).toBe(opened.vaultId)
    expect(await vault.openSecret('owner', '0x1', opened.keys.owner)).toBeDefined()
    const other = world()
    const failing = first({
      also: {
        stores: ['accounts'],
        write: async () => {
          throw new Error('no room')
        },
      },
    })
    await expect(other.vault.create(failing)).rejects.toThrow('no room')
    expect(await other.vault.exists()).toBe(false)
    expect(await other.db.read(['vault'], (tx) => tx.rows('vault'))).toEqual([])
    expect(await db.read(['vault'], (tx) => tx.rows('vault'))).toHaveLength(4)
  })

  it('T21: takes 2^17, and 2^18 on a machine that is quick; each slot is bound to its numbers', async () => {
    const { db } = await created()
    expect(await row(db, 'vault')).toMatchObject({ value: { slots: [{ N: 2 ** 17, r: 8, p: 1 }] } })
    const quick = world()
    const vault = createVault({ db: quick.db, now: () => START, random: randomBytes, ticks: () => 0 })
    await vault.create(first())
    expect(await row(quick.db, 'vault')).toMatchObject({ value: { slots: [{ N: 2 ** 18, r: 8, p: 1 }] } })
  })
})

describe('damage', () => {
  it('T21: refuses: a slot with lower numbers, before any work and without counting a try', async () => {
    const { db, vault } = await created()
    const good = await row(db, 'vault')
    const { id, slots } = good.value as { id: string; slots: readonly object[] }
    const slot = slots[0] as Record<string, unknown>
    let derived = 0
    const password = killer(() => {
      derived += 1
    })
    for (const change of [
      { N: 2 ** 16 },
      { N: 16 },
      { N: 2 ** 20 },
      { r: 1 },
      { p: 2 },
      { kdf: 'none' },
      { salt: 'aa' },
      { more: 1 },
    ]) {
      await putRow(db, { ...good, value: { id, slots: [{ ...slot, ...change }] } })
      await expect(vault.unlock(password)).rejects.toSatisfy((it) => isVaultError(it) && it.why === 'damaged')
    }
    expect(derived).toBe(0)
    expect(await vault.lockout()).toEqual({ left: 5 })
    // An accepted number that is not the slot's, and another vault id, only fail to open.
    await putRow(db, { ...good, value: { id: '00'.repeat(16), slots } })
    expect(await vault.unlock(PASSWORD)).toMatchObject({ ok: false, kind: 'wrongPassword', left: 4 })
    await putRow(db, good)
    expect(await vault.unlock(PASSWORD)).toMatchObject({ ok: true })
    expect(await vault.lockout()).toEqual({ left: 5 })
  })

  it('F5: refuses: a sealed key that is flipped, swapped, relabelled, of another version or order', async () => {
    const { db, vault, opened } = await created()
    const { owner, guardian } = opened.keys
    await vault.putSecret({ kind: 'owner', id: '0x2', bytes: new Uint8Array(32).fill(3) }, owner)
    const good = await row(db, 'owner/0x1')
    const other = await row(db, 'owner/0x2')
    const { iv, ct } = good.value as { iv: string; ct: string }
    const changes: Partial<Row>[] = [
      { value: other.value },
      { value: { iv, ct: flipped(ct) } },
      { value: { iv, ct: ct.slice(2) } },
      { value: { iv: flipped(iv), ct } },
      { value: { iv, ct: 'no hex' } },
      { value: { iv } },
      { value: null },
      { v: SHAPE + 1 },
      { seq: 2 },
      { seq: 0 },
    ]
    for (const change of changes) {
      await putRow(db, { ...good, ...change })
      await expect(vault.openSecret('owner', '0x1', owner)).rejects.toSatisfy(isTampered)
    }
    await putRow(db, { ...good, key: 'guardian/0x1' })
    await expect(vault.openSecret('guardian', '0x1', guardian)).rejects.toSatisfy(isTampered)
    await expect(vault.openSecret('guardian', '0x1', owner)).rejects.toSatisfy(isTampered)
    await putRow(db, good)
    expect(await vault.openSecret('owner', '0x1', owner)).toEqual(new Uint8Array(32).fill(1))
  })
})

describe('secrets', () => {
  it('are put, replaced with a rising seq, and dropped, alone or inside a transaction of another', async () => {
    const { db, vault, opened } = await created()
    const key = opened.keys.session
    const secret = (fill: number) => ({ kind: 'session', id: 's1', bytes: new Uint8Array(32).fill(fill) }) as const
    await vault.putSecret(secret(1), key)
    await vault.putSecret(secret(2), key)
    expect(await row(db, 'session/s1')).toMatchObject({ seq: 2 })
    expect(await vault.openSecret('session', 's1', key)).toEqual(secret(2).bytes)

    const sealed = await vault.sealSecret(secret(3), key)
    await db.write(['vault', 'sessions'], 'strict', async (tx) => {
      await tx.put('sessions', 's1', 'record')
      await vault.writeSecret(tx, sealed)
    })
    expect(await vault.openSecret('session', 's1', key)).toEqual(secret(3).bytes)
    await expect(db.write(['vault'], 'strict', (tx) => vault.writeSecret(tx, sealed))).rejects.toThrow('meanwhile')

    await vault.dropSecret('session', 's1')
    expect(await vault.openSecret('session', 's1', key)).toBeUndefined()
    expect(await db.read(['sessions'], (tx) => tx.get('sessions', 's1'))).toBe('record')
  })
})

describe('a lock in the middle', () => {
  it('R21: what has begun ends with the key it began with; what begins after it is refused', async () => {
    const { vault, opened } = await created()
    const key = opened.keys.owner.slice()
    const opening = vault.openSecret('owner', '0x1', key)
    const sealing = vault.sealSecret({ kind: 'owner', id: '0x3', bytes: new Uint8Array(32).fill(3) }, key)
    key.fill(0)
    expect(await opening).toEqual(new Uint8Array(32).fill(1))
    expect((await sealing).row.seq).toBe(1)
    await expect(vault.openSecret('owner', '0x1', key)).rejects.toThrow('wiped')
    await expect(vault.putSecret({ kind: 'owner', id: '0x3', bytes: key }, key)).rejects.toThrow('wiped')
  })
})

describe('lockout', () => {
  it('T25: counts a try durably before its key derivation begins, so a dead worker saves nothing', async () => {
    const { db, name } = await created()
    const order: string[] = []
    const watched: Database = {
      ...db,
      read: (stores, use) => {
        order.push('reads')
        return db.read(stores, use)
      },
      write: async (stores, durability, use) => {
        const done = await db.write(stores, durability, use)
        order.push(durability)
        return done
      },
    }
    const password = killer(() => order.push('derives'))
    const vault = createVault({ db: watched, now: () => START, random: randomBytes, ticks: slow() })
    await attempts(db, { failed: 3, latest: START })
    // The second one begins when the first one is over, not beside it.
    const both = await Promise.allSettled([vault.unlock(password), vault.unlock(password)])
    expect(both.map((it) => it.status)).toEqual(['rejected', 'rejected'])
    expect(order).toEqual(['reads', 'strict', 'derives', 'reads', 'strict', 'derives'])
    const reborn = world(name)
    expect(await reborn.vault.unlock(PASSWORD)).toEqual({ ok: false, kind: 'wait', left: 0, until: START + 30 })
  })

  it('T25: one try at a time; the wait holds for every act that asks, and a clock set back lengthens it', async () => {
    const { db, vault, clock } = await created()
    await attempts(db, { failed: 4, latest: START })
    const [mine, next] = await Promise.all([vault.unlock('wrong password'), vault.unlock(PASSWORD)])
    expect(mine).toEqual({ ok: false, kind: 'wrongPassword', left: 0, until: START + 30 })
    expect(next).toEqual({ ok: false, kind: 'wait', left: 0, until: START + 30 })

    clock.now = START - 86_400
    expect(await vault.phrase(PASSWORD)).toMatchObject({ ok: false, kind: 'wait' })
    clock.now = START + 29
    expect(await vault.verifyPassword(PASSWORD)).toMatchObject({ ok: false, kind: 'wait' })
    clock.now = START + 30
    expect(await vault.lockout()).toEqual({ left: 1 })
    expect(await vault.verifyPassword(PASSWORD)).toEqual({ ok: true, value: true })
    expect(await vault.lockout()).toEqual({ left: 5 })
  })

  it('T25: waits 30 s, 1, 5, 15, 60 min, each counted from the latest time ever seen', async () => {
    const { db, vault, clock } = await created()
    for (const [failed, wait] of [
      [3, 0],
      [4, 30],
      [5, 60],
      [6, 300],
      [7, 900],
      [8, 3_600],
      [9, 3_600],
      [99, 3_600],
    ] as const) {
      await attempts(db, { failed, latest: START + 500, until: START })
      await expect(vault.unlock(killer())).rejects.toThrow('killed')
      expect(await vault.lockout()).toEqual(wait === 0 ? { left: 1 } : { left: 0, until: START + 500 + wait })
    }
    clock.now = START + 500 + 3_599
    expect((await vault.lockout()).left).toBe(0)
    clock.now += 1
    expect(await vault.lockout()).toEqual({ left: 1 })
  })

  it('says how many tries are left before the next wait', async () => {
    const { db, vault } = world()
    const left = async (failed: number) => {
      await attempts(db, { failed, latest: START, until: START + 1 })
      return vault.lockout()
    }
    expect(await left(0)).toEqual({ left: 5 })
    expect(await left(4)).toEqual({ left: 1 })
    expect(await left(5)).toEqual({ left: 0, until: START + 1 })
  })

  it('F5: the wait for a counter that cannot be read ends: it does not begin anew at each look', async () => {
    const { db, vault, clock } = await created()
    await attempts(db, 7)
    expect(await vault.unlock(PASSWORD)).toMatchObject({ ok: false, kind: 'wait', until: clock.now + 3_600 })
    clock.now += 3_601
    expect(await vault.unlock(PASSWORD)).toMatchObject({ ok: true })
  })

  it('F5: a counter that cannot be read is the longest wait, never a fresh start', async () => {
    const { db, vault } = await created()
    for (const bad of [null, 7, {}, { failed: -1, latest: 1 }, { failed: 0, latest: 1e12 }, { failed: 0 }]) {
      await attempts(db, bad)
      expect(await vault.unlock(PASSWORD)).toEqual({ ok: false, kind: 'wait', left: 0, until: START + 3_600 })
    }
  })
})

/** The worker dies when the key derivation takes the password up: it is the first thing done with it. */
function killer(seen: () => void = () => undefined): string {
  const password = {
    normalize: () => {
      seen()
      throw new Error('killed')
    },
  }
  return password as unknown as string
}

/** One bit of the first byte: never the same text, whatever the random bytes were. */
function flipped(hex: string): string {
  return (Number.parseInt(hex.slice(0, 2), 16) ^ 1).toString(16).padStart(2, '0') + hex.slice(2)
}
