import 'fake-indexeddb/auto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import * as coldParts from '../cold/index.ts'
import { address, felt } from '../core/felt.ts'
import { type OwnAccount, SHAPE } from '../core/records.ts'
import { createGuard, type Database, openDatabase, type Row, STORES } from '../platform/database.ts'
import { randomBytes } from '../platform/secret-box.ts'
import { ARGENT_0_4_0, ARGENT_0_5_0 } from '../starknet/accounts.ts'
import { type PrivateKey, publicKey } from '../starknet/curve.ts'
import { accountAddress } from '../starknet/deploy.ts'
import { guardianSecretId, ownerSecretId } from './keys/signer.ts'
import { createVault } from './keys/vault.ts'
import { repair } from './repairing.ts'

// A key derivation takes half a second on a free core and several on a busy one.
vi.setConfig({ testTimeout: 120_000 })

const PASSWORD = 'correct horse battery'
const PHRASE = 'test test test test test test test test test test test junk'
const NOW = 1_800_000_000
const key = (of: number) => new Uint8Array(32).fill(of) as PrivateKey
const OWNER = publicKey(key(1))
const SOUND = accountAddress({ classHash: ARGENT_0_4_0, ownerPublicKey: OWNER })
const YOUNGER = accountAddress({ classHash: ARGENT_0_5_0, ownerPublicKey: OWNER })
const ELSEWHERE = address('0x7e57')

let db: Database
afterEach(() => db.close())

describe('a person who goes on without damaged rows', () => {
  it('F5: keeps all but the one key that does not open, and says whose it is', async () => {
    db = openDatabase({ now: () => NOW, name: 'repairing-lost' })
    let ms = 0
    const vault = createVault({ db, now: () => NOW, random: randomBytes, ticks: () => (ms += 1_000) })
    const created = await vault.create({
      password: PASSWORD,
      phrase: PHRASE,
      secrets: [SOUND, YOUNGER].flatMap((of) => [
        { kind: 'owner' as const, id: ownerSecretId(of), bytes: key(1) },
        { kind: 'guardian' as const, id: guardianSecretId(of, 0), bytes: key(2) },
      ]),
      also: {
        stores: ['accounts'],
        write: async (tx, { vaultId, keys }) => {
          const row = { address: SOUND, name: 'Rent', order: 0 }
          await createGuard({ vaultId, macKey: keys.state }).put(tx, 'accounts', SOUND, row)
        },
      },
    })
    if (!created.ok) throw new Error('weak')
    await db.write(['vault'], 'strict', async (tx) => {
      const name = `owner/${ownerSecretId(SOUND)}`
      const row = (await tx.row('vault', name))!
      const { iv, ct } = row.value as { iv: string; ct: string }
      await tx.putRow('vault', { ...row, value: { iv, ct: `${ct.startsWith('0') ? '1' : '0'}${ct.slice(1)}` } })
    })

    const tried = await vault.contents(PASSWORD)
    if (!tried.ok) throw new Error('wrong password')
    const { phrase, secrets, lost } = tried.value
    expect(new TextDecoder().decode(phrase)).toBe(PHRASE)
    expect(lost).toEqual([{ kind: 'owner', id: ownerSecretId(SOUND) }])
    expect(secrets.map(({ kind, id }) => `${kind} ${id}`).sort()).toEqual(
      [`guardian ${SOUND} 0`, `guardian ${YOUNGER} 0`, `owner ${YOUNGER}`].sort(),
    )

    const done = await repair(
      { db, vault, cold: () => coldParts, words: ({ n }) => `Account ${n}`, now: () => NOW },
      PASSWORD,
    )
    expect(done).toEqual({ ok: true, value: { dropped: 0, missing: ['Rent'] } })
    const guard = createGuard({ vaultId: created.value.vaultId, macKey: created.value.keys.state })
    const rows = await db.read(['accounts'], (tx) => guard.all<OwnAccount>(tx, 'accounts'))
    expect(rows.map((row) => row.ok && row.value.address).sort()).toEqual([SOUND, YOUNGER].sort())
  })

  it('keeps every account whose keys are here at its own address, and the sound ones as they are', async () => {
    db = openDatabase({ now: () => NOW, name: 'repairing' })
    let ms = 0
    const vault = createVault({ db, now: () => NOW, random: randomBytes, ticks: () => (ms += 1_000) })
    const all = [SOUND, YOUNGER, ELSEWHERE]
    const secrets = [
      ...all.map((of) => ({ kind: 'owner' as const, id: ownerSecretId(of), bytes: key(1) })),
      ...all.map((of) => ({ kind: 'guardian' as const, id: guardianSecretId(of, 0), bytes: key(2) })),
      { kind: 'guardian' as const, id: guardianSecretId(ELSEWHERE, 2), bytes: key(3) },
    ]
    const sound: OwnAccount = {
      address: SOUND,
      name: 'Rent',
      order: 0,
      createdAt: NOW - 9,
      classHash: ARGENT_0_4_0,
      owner: { from: 'key' },
      ownerPublicKey: OWNER,
      guardian: { publicKey: publicKey(key(2)), generation: 1, stood: ['sepolia'] },
      retired: [{ publicKey: felt(9), generation: 0 }],
    }
    const created = await vault.create({
      password: PASSWORD,
      phrase: PHRASE,
      secrets,
      also: {
        stores: ['accounts', 'contacts'],
        write: async (tx, { vaultId, keys }) => {
          const guard = createGuard({ vaultId, macKey: keys.state })
          await guard.put(tx, 'accounts', SOUND, sound)
          await guard.put(tx, 'accounts', YOUNGER, { ...sound, address: YOUNGER, classHash: ARGENT_0_5_0 })
          // Written by nobody who has the wallet's key.
          await tx.put('accounts', YOUNGER, { ...sound, address: YOUNGER })
          await tx.put('accounts', ELSEWHERE, { ...sound, address: ELSEWHERE })
          await tx.put('contacts', 'ana', { name: 'Mallory', address: '0x9' })
        },
      },
    })
    if (!created.ok) throw new Error('weak')

    const done = await repair(
      { db, vault, cold: () => coldParts, words: ({ n }) => `Account ${n}`, now: () => NOW },
      PASSWORD,
    )
    expect(done).toEqual({ ok: true, value: { dropped: 3, missing: [] } })

    const guard = createGuard({ vaultId: created.value.vaultId, macKey: created.value.keys.state })
    const row = async (of: string) =>
      db.read(['accounts', 'contacts'], async (tx) => (await guard.get<OwnAccount>(tx, 'accounts', of)) ?? 'none')
    expect(await row(SOUND)).toMatchObject({ ok: true, value: sound })
    expect(await row(YOUNGER)).toMatchObject({ ok: true, value: { address: YOUNGER, classHash: ARGENT_0_5_0 } })
    const everywhere = ['sepolia', 'mainnet', 'devnet']
    // No second key that may have stood anywhere is set a second time.
    expect(await row(ELSEWHERE)).toMatchObject({
      ok: true,
      value: {
        address: ELSEWHERE,
        owner: { from: 'key' },
        guardian: { publicKey: publicKey(key(3)), generation: 2, stood: everywhere },
        retired: [{ publicKey: publicKey(key(2)), generation: 0, stood: everywhere }],
      },
    })
    expect(await db.read(['contacts'], (tx) => tx.rows('contacts'))).toEqual([])
  })

  it('F5: does without a row that was put back alone, and goes on where what tells the newest is damaged', async () => {
    db = openDatabase({ now: () => NOW, name: 'repairing-older' })
    let ms = 0
    const vault = createVault({ db, now: () => NOW, random: randomBytes, ticks: () => (ms += 1_000) })
    const created = await vault.create({ password: PASSWORD, phrase: PHRASE, secrets: [] })
    if (!created.ok) throw new Error('weak')
    const newGuard = () => createGuard({ vaultId: created.value.vaultId, macKey: created.value.keys.state })
    const put = (name: string) =>
      db.write(['contacts'], 'strict', (tx) => newGuard().put(tx, 'contacts', SOUND, { address: SOUND, name }))
    const fix = () =>
      repair({ db, vault, cold: () => coldParts, words: ({ n }) => `Account ${n}`, now: () => NOW }, PASSWORD)
    const audit = () => db.read(STORES, newGuard().audit)
    const contacts = () => db.read(['contacts'], (tx) => tx.rows('contacts'))

    await put('older')
    const [older] = await contacts()
    await put('newer')
    await db.write(['contacts'], 'strict', (tx) => tx.putRow('contacts', older!))
    expect(await fix()).toEqual({ ok: true, value: { dropped: 1, missing: [] } })
    expect(await contacts()).toEqual([])
    await audit()

    await put('taken away')
    await db.write(['contacts'], 'strict', (tx) => tx.delete('contacts', SOUND))
    expect(await fix()).toEqual({ ok: true, value: { dropped: 1, missing: [] } })
    await audit()

    await put('one more')
    // Of no row that does not verify any part is written on.
    const odd = { key: 'odd', v: SHAPE, value: {}, seq: 1.5, mac: new Uint8Array(32) }
    for (const damage of [(row: Row) => ({ ...row, value: {} }), () => undefined]) {
      await db.write(['meta'], 'strict', async (tx) => {
        const damaged = damage((await tx.row('meta', 'latest'))!)
        await (damaged === undefined ? tx.delete('meta', 'latest') : tx.putRow('meta', damaged))
      })
      await db.write(['contacts', 'settings'], 'strict', async (tx) => {
        await tx.putRow('contacts', odd)
        await tx.putRow('settings', odd)
      })
      await expect(audit()).rejects.toMatchObject({ kind: 'storageTampered', store: 'meta' })
      expect(await fix()).toEqual({ ok: true, value: { dropped: 1, missing: [] } })
      expect(await contacts()).toHaveLength(1)
      await audit()
    }
  })
})
