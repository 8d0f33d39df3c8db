import 'fake-indexeddb/auto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { canonicalJson } from '../../core/canonical.ts'
import { createGuard, type Database, isTampered, openDatabase, type Row, type Store } from '../../platform/database.ts'
import { hexOf, randomBytes } from '../../platform/secret-box.ts'
import { createVault, isVaultError, type Opened } from './vault.ts'

// A key derivation takes half a second on a free core and several on a busy one.
vi.setConfig({ testTimeout: 120_000 })

const PASSWORD = 'correct horse battery'
const NEXT = 'another horse battery'
const PHRASE = 'test test test test test test test test test test test junk'
const START = 1_800_000_000
const slow = () => {
  let ms = 0
  return () => (ms += 1_000)
}
const PASSKEY = { credentialId: 'aabbcc', prfSalt: '5a'.repeat(32), prf: '17'.repeat(32) }
const ANSWER = { credentialId: PASSKEY.credentialId, prf: PASSKEY.prf }

let worlds = 0
const open: Database[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((db) => db.close()))
})
function vaultOn(db: Database, now: () => number = () => START) {
  return createVault({ db, now, random: randomBytes, ticks: slow() })
}
function emptyWorld() {
  const db = openDatabase({ now: () => START, name: `ways-in-${++worlds}` })
  open.push(db)
  return { db, vault: vaultOn(db) }
}
/** Rows of a vault that was really made, with a passkey: each key derivation costs seconds here, a passkey's none. */
async function withPasskey() {
  template ??= (async () => {
    const { db, vault } = emptyWorld()
    const made = await vault.create({
      password: PASSWORD,
      phrase: PHRASE,
      secrets: [
        { kind: 'owner', id: '0x1', bytes: new Uint8Array(32).fill(1) },
        { kind: 'guardian', id: '0x1 0', bytes: new Uint8Array(32).fill(2) },
      ],
    })
    if (!made.ok) throw new Error('weak')
    const before = await row(db, 'vault')
    expect(await vault.addPasskey(PASSWORD, PASSKEY)).toEqual({ ok: true, value: true })
    return { opened: made.value, before, rows: await db.read(['vault'], (tx) => tx.rows('vault')) }
  })()
  const { opened, before, rows } = await template
  const it = emptyWorld()
  await it.db.write(['vault'], 'strict', async (tx) => {
    for (const row of rows) await tx.putRow('vault', row)
  })
  return { ...it, opened, before }
}
let template: Promise<{ readonly opened: Opened; readonly before: Row; readonly rows: readonly Row[] }> | undefined
const row = (db: Database, key: string, store: Store = 'vault') =>
  db.read([store], (tx) => tx.row(store, key)) as Promise<Row>
const putRow = (db: Database, it: Row, store: Store = 'vault') =>
  db.write([store], 'strict', (tx) => tx.putRow(store, it))
const damaged = (it: unknown) => isVaultError(it) && it.why === 'damaged'

describe('a passkey', () => {
  it('opens the same keys as the password, counts no try, and ends a wait: whoever has it has everything', async () => {
    const { db, vault, opened } = await withPasskey()
    await db.write(['vault'], 'strict', (tx) =>
      tx.put('vault', 'lockout', { failed: 9, latest: START, until: START + 900 }),
    )
    expect(await vault.verifyPassword(PASSWORD)).toMatchObject({ ok: false, kind: 'wait' })
    expect(await vault.unlock({ ...ANSWER, prf: '18'.repeat(32) })).toMatchObject({
      ok: false,
      kind: 'wrongPasskey',
      left: 0,
    })
    expect(await vault.unlock(ANSWER)).toEqual({ ok: true, value: opened })
    expect(await vault.lockout()).toEqual({ left: 5 })
    expect(await vault.phrase(ANSWER)).toEqual({ ok: true, value: PHRASE })
    expect(await vault.passkeys()).toEqual([{ credentialId: 'aabbcc', prfSalt: '5a'.repeat(32), at: START }])
  })

  it('refuses: another credential, and one that was removed; what is kept of it opens nothing without its answer', async () => {
    const { db, vault, opened } = await withPasskey()
    expect(await vault.unlock({ credentialId: 'aabb', prf: PASSKEY.prf })).toMatchObject({
      ok: false,
      kind: 'wrongPasskey',
    })
    const text = JSON.stringify(await db.read(['vault'], (tx) => tx.rows('vault')))
    for (const secret of [PASSKEY.prf, ...Object.values(opened.keys).map(hexOf)]) expect(text).not.toContain(secret)
    expect(await vault.removePasskey(PASSWORD, 'aabbcc')).toEqual({ ok: true, value: true })
    expect(await vault.passkeys()).toEqual([])
    expect(await vault.unlock(ANSWER)).toMatchObject({ ok: false, kind: 'wrongPasskey' })
  })

  it('does as well as the password where one is added or removed; another answer does neither, and no key is derived', async () => {
    const { db, vault } = await withPasskey()
    const before = await row(db, 'vault')
    const second = { credentialId: 'ddeeff', prfSalt: '3c'.repeat(32), prf: '29'.repeat(32) }
    const wrong = { ...ANSWER, prf: '18'.repeat(32) }
    expect(await vault.addPasskey(wrong, second)).toMatchObject({ ok: false, kind: 'wrongPasskey' })
    expect(await vault.removePasskey(wrong, 'aabbcc')).toMatchObject({ ok: false, kind: 'wrongPasskey' })
    expect(await row(db, 'vault')).toEqual(before)
    expect(await vault.addPasskey(ANSWER, second)).toEqual({ ok: true, value: true })
    // The new one takes the old one away, and then itself: the password is always left.
    expect(await vault.removePasskey({ credentialId: 'ddeeff', prf: second.prf }, 'aabbcc')).toMatchObject({ ok: true })
    expect((await vault.passkeys()).map(({ credentialId }) => credentialId)).toEqual(['ddeeff'])
    expect(await vault.removePasskey({ credentialId: 'ddeeff', prf: second.prf }, 'ddeeff')).toMatchObject({ ok: true })
    expect(await vault.passkeys()).toEqual([])
    expect(await vault.unlock(PASSWORD)).toMatchObject({ ok: true })
  })

  it('refuses: to add or remove one without the password or a passkey', async () => {
    const { db, vault } = await withPasskey()
    const lockedOut = { failed: 9, latest: START, until: START + 900 }
    await db.write(['vault'], 'strict', (tx) => tx.put('vault', 'lockout', lockedOut))
    const before = await row(db, 'vault')
    expect(await vault.addPasskey(PASSWORD, { ...PASSKEY, credentialId: 'dd' })).toMatchObject({
      ok: false,
      kind: 'wait',
    })
    expect(await vault.removePasskey(PASSWORD, 'aabbcc')).toMatchObject({ ok: false, kind: 'wait' })
    expect(await row(db, 'vault')).toEqual(before)
  })
})

describe('another password', () => {
  it('opens the same keys; the old one opens nothing, each passkey stays, and no secret was sealed anew', async () => {
    const { db, vault, opened } = await withPasskey()
    const sealed = await row(db, 'owner/0x1')
    expect(await vault.changePassword(PASSWORD, 'short')).toEqual({ ok: false, weak: 'short' })
    expect(await vault.changePassword(PASSWORD, NEXT)).toEqual({ ok: true, value: true })
    expect(await row(db, 'owner/0x1')).toEqual(sealed)
    const again = vaultOn(db)
    expect(await again.unlock(NEXT)).toEqual({ ok: true, value: opened })
    expect(await again.unlock(PASSWORD)).toMatchObject({ ok: false, kind: 'wrongPassword' })
    expect(await again.unlock(ANSWER)).toEqual({ ok: true, value: opened })
  })

  it('R5: a change whose write fails leaves the old vault, byte for byte: there is no moment without a valid one', async () => {
    const { db } = await withPasskey()
    const before = await row(db, 'vault')
    let headers = 0
    const failing: Database = {
      ...db,
      write: (stores, durability, use) =>
        db.write(stores, durability, (tx) =>
          use({
            ...tx,
            putRow: (store, it) => {
              if (it.key !== 'vault') return tx.putRow(store, it)
              headers += 1
              throw new DOMException('no room', 'QuotaExceededError')
            },
          }),
        ),
    }
    await expect(vaultOn(failing).changePassword(PASSWORD, NEXT)).rejects.toMatchObject({
      kind: 'storage',
      why: 'quota',
    })
    expect(headers).toBe(1)
    expect(await row(db, 'vault')).toEqual(before)
  })
})

describe('every stored record', () => {
  it('F5: each flipped bit of the header is found before anything is done with what it opens', async () => {
    const { db, vault } = await withPasskey()
    const good = await row(db, 'vault')
    const text = JSON.stringify(good.value)
    let tried = 0
    for (const value of flips(text)) {
      await putRow(db, { ...good, value })
      tried += 1
      const outcome = await vault.unlock(ANSWER).catch((error: unknown) => {
        expect(error).toSatisfy(damaged)
        return undefined
      })
      expect(outcome?.ok ?? false, JSON.stringify(value)).toBe(false)
    }
    expect(tried).toBeGreaterThan(2_000)
    for (let bit = 0; bit < 256; bit += 1) {
      const mac = Uint8Array.from(good.mac ?? [])
      mac[bit >> 3] = (mac[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      await putRow(db, { ...good, mac })
      await expect(vault.unlock(ANSWER)).rejects.toSatisfy(damaged)
    }
    await putRow(db, good)
    expect(await vault.unlock(ANSWER)).toMatchObject({ ok: true })
  })

  it('F6: each flipped bit of each sealed secret is found', async () => {
    const { db, vault, opened } = await withPasskey()
    for (const [kind, id] of [
      ['owner', '0x1'],
      ['guardian', '0x1 0'],
    ] as const) {
      const good = await row(db, `${kind}/${id}`)
      for (const value of flips(JSON.stringify(good.value))) {
        await putRow(db, { ...good, value })
        await expect(vault.openSecret(kind, id, opened.keys[kind]), JSON.stringify(value)).rejects.toSatisfy(isTampered)
      }
      await putRow(db, good)
    }
  })

  it('F5: each flipped bit of each row that guards money is found, in its value, its number and its MAC', async () => {
    const { db, opened } = await withPasskey()
    const key = { vaultId: opened.vaultId, macKey: opened.keys.state }
    const values = {
      accounts: {
        address: '0x1',
        name: 'Account 1',
        index: 0,
        guardian: { publicKey: '0x2', generation: 0 },
        createdAt: START,
      },
      grants: { origin: 'https://play.g.io', account: '0x1', network: 'sepolia', at: START, lastUsedAt: START },
      networks: { id: 'devnet', chainId: '0x534e', node: 'http://127.0.0.1:5050/rpc', lastBlockAt: START },
      sessions: { id: 's1', state: 'paused', pause: 'person', seq: 3 },
      books: { session: 's1', seq: 2, base: { tx: '4' }, bookings: [{ meter: 'tx', amount: '1', at: START }] },
      journal: { id: 'j1', status: 'held', hash: '0x5', nonce: '0x0' },
      history: { id: 'h1', at: START, event: { kind: 'connected' } },
    } as const
    for (const [store, value] of Object.entries(values) as [Store, object][]) {
      await db.write([store], 'strict', (tx) => createGuard(key).put(tx, store, 'k', value, { at: START }))
      const good = await row(db, 'k', store)
      const read = () => db.read([store], (tx) => createGuard(key).get(tx, store, 'k'))
      expect(await read()).toMatchObject({ ok: true })
      for (const { value, seq, marks } of flips<Row>(
        JSON.stringify({ value: good.value, seq: good.seq, marks: good.marks }),
      )) {
        await putRow(
          db,
          { ...good, value, ...(seq === undefined ? {} : { seq }), ...(marks === undefined ? {} : { marks }) },
          store,
        )
        const found = await read()
        const same = canonicalJson({ v: (await row(db, 'k', store)).value }) === canonicalJson({ v: good.value })
        expect(found?.ok === true && !same, `${store} ${JSON.stringify({ value, seq, marks })}`).toBe(false)
      }
    }
  })

  it('F5: an older record that comes back is found while the worker lives: header, secret, and a row that is gone', async () => {
    const { db, vault, opened, before } = await withPasskey()
    const { owner, state } = opened.keys
    expect(await vault.unlock(ANSWER)).toMatchObject({ ok: true })
    const now = await row(db, 'vault')
    // Older, whole, and made by us: only that it was seen tells. Its passkey slot is not there, so the password is asked.
    await putRow(db, { ...before, value: now.value, seq: before.seq ?? 0 })
    await expect(vault.unlock(ANSWER)).rejects.toSatisfy(damaged)
    await putRow(db, before)
    await expect(vault.unlock(PASSWORD)).rejects.toSatisfy(damaged)
    await putRow(db, now)

    const old = await row(db, 'owner/0x1')
    await vault.putSecret({ kind: 'owner', id: '0x1', bytes: new Uint8Array(32).fill(9) }, owner)
    await putRow(db, old)
    await expect(vault.openSecret('owner', '0x1', owner)).rejects.toSatisfy((it) => isTampered(it) && it.why === 'seq')
    await db.write(['vault'], 'strict', (tx) => tx.delete('vault', 'owner/0x1'))
    await expect(vault.openSecret('owner', '0x1', owner)).rejects.toSatisfy(
      (it) => isTampered(it) && it.why === 'missing',
    )

    const guard = createGuard({ vaultId: opened.vaultId, macKey: state })
    const put = (value: object) => db.write(['grants'], 'strict', (tx) => guard.put(tx, 'grants', 'o', value))
    await put({ account: '0x1' })
    const first = await row(db, 'o', 'grants')
    await put({ account: '0x2' })
    await putRow(db, first, 'grants')
    expect(await db.read(['grants'], (tx) => guard.get(tx, 'grants', 'o'))).toMatchObject({ ok: false, why: 'seq' })
  })
})

describe('the clock of a wait', () => {
  it('T25: set back it lasts longer, set forward it ends once; the next one is longer and counted from there', async () => {
    const { db } = await withPasskey()
    const clock = { now: START }
    const vault = vaultOn(db, () => clock.now)
    await db.write(['vault'], 'strict', (tx) =>
      tx.put('vault', 'lockout', { failed: 7, latest: START, until: START + 300 }),
    )
    clock.now = START - 40_000
    expect(await vault.lockout()).toEqual({ left: 0, until: START + 300 })
    clock.now = START + 40_000
    expect(await vault.lockout()).toEqual({ left: 1 })
    expect(await vault.verifyPassword('wrong password')).toMatchObject({ ok: false, until: START + 40_900 })
    clock.now = START
    // Another worker, with the clock as it was before.
    expect(await vaultOn(db, () => clock.now).verifyPassword(PASSWORD)).toMatchObject({
      kind: 'wait',
      until: START + 40_900,
    })
  })
})

/** The same record with one bit changed, wherever that is still a record. */
function* flips<T = unknown>(text: string): Generator<T> {
  const bytes = new TextEncoder().encode(text)
  for (let at = 0; at < bytes.length; at += 1)
    for (let bit = 0; bit < 8; bit += 1) {
      bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
      try {
        yield JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
      } catch {
        // What is no JSON or no text could not have been stored.
      }
      bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
    }
}
