import 'fake-indexeddb/auto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { sampleBook, sampleSession } from '../core/policy/samples.ts'
import type { StoredSession } from '../core/records.ts'
import { createGuard, type Database, openDatabase, type Store } from '../platform/database.ts'
import { randomBytes } from '../platform/secret-box.ts'
import { RESTORED, restoreRows, savedRows } from './backing-up.ts'
import { type Backup, isBackupError, MAX_FILE, openBackup, sealBackup } from './keys/backup.ts'
import { createVault, type Opened } from './keys/vault.ts'
import type { SessionState } from './sending/ledger.ts'

// A key derivation takes half a second on a free core and several on a busy one.
vi.setConfig({ testTimeout: 120_000 })

const PASSWORD = 'correct horse battery'
const PHRASE = 'test test test test test test test test test test test junk'
const NOW = 1_800_000_000
const slow = () => {
  let ms = 0
  return () => (ms += 1_000)
}
const NEEDS = { random: randomBytes, ticks: slow() }
const ACCOUNT = { address: '0x1', name: 'Main' }

let worlds = 0
const open: Database[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((db) => db.close()))
})
function emptyWorld() {
  const db = openDatabase({ now: () => NOW, name: `backing-up-${++worlds}` })
  open.push(db)
  return { db, vault: createVault({ db, now: () => NOW, random: randomBytes, ticks: slow() }) }
}
const guardOf = ({ vaultId, keys }: Opened) => createGuard({ vaultId, macKey: keys.state })
const read = (db: Database, opened: Opened, store: Store, key: string) =>
  db.read([store], (tx) => guardOf(opened).get<Record<string, unknown>>(tx, store, key))

const stored = (id: string, more: Partial<StoredSession> = {}): StoredSession =>
  ({ ...sampleSession(), id, state: 'active', network: 'sepolia', narrowed: [], setup: [], ...more }) as StoredSession
const state = (session: StoredSession, open: SessionState['open'] = []): SessionState => ({
  session,
  book: { ...sampleBook(), session: session.id },
  open,
})

/** A wallet with rows of every kind, and its backup: made once, because each key derivation costs seconds here. */
const saved = (() => {
  let made: Promise<{ readonly file: string; readonly rows: Backup['rows'] }> | undefined
  return () => {
    made ??= (async () => {
      const { db } = emptyWorld()
      const opened: Opened = {
        vaultId: '0a'.repeat(16),
        keys: { owner: randomBytes(32), guardian: randomBytes(32), session: randomBytes(32), state: randomBytes(32) },
      }
      const guard = guardOf(opened)
      await db.write(['accounts', 'grants', 'settings', 'contacts', 'vault', 'history'], 'strict', async (tx) => {
        await guard.put(tx, 'accounts', '0x1', ACCOUNT)
        await guard.put(tx, 'grants', 'https://play.g.io', { origin: 'https://play.g.io', account: '0x1' })
        await guard.put(tx, 'history', 'h1', { id: 'h1' }, { at: NOW })
        await tx.put('settings', 'settings', { network: 'devnet', theme: 'dark', backupChecked: true })
        await tx.put('contacts', 'ana', { name: 'Ana', address: '0x9' })
      })
      const held = {
        session: 's1',
        group: 'g',
        status: 'sent',
        charges: [{ meter: 'tx', amount: '3' }],
        calls: [],
        at: NOW,
      } as unknown
      const sessions = [
        state(stored('s1'), [held as SessionState['open'][number]]),
        state(stored('s2', { state: 'paused', pause: 'nodeDown' })),
        state(stored('s3', { state: 'paused', pause: 'chainRestarted' })),
        state(stored('s4', { state: 'revoked', endedAt: NOW - 5 })),
        state(stored('s5', { state: 'pending' })),
      ]
      const rows = await savedRows(db, guard, sessions, NOW)
      const secrets = [{ kind: 'owner', id: '0x1', bytes: new Uint8Array(32).fill(7) }] as const
      return { rows, file: await sealBackup({ at: NOW - 60, phrase: PHRASE, secrets, rows }, PASSWORD, NEEDS) }
    })()
    return made
  }
})()

describe('a backup file', () => {
  it('becomes a wallet of its own: accounts, sites and settings as they were, sessions paused, what was held counted', async () => {
    const { file } = await saved()
    const backup = await openBackup(file, PASSWORD)
    expect(backup.at).toBe(NOW - 60)
    expect(backup.phrase).toBe(PHRASE)
    const { db, vault } = emptyWorld()
    const made = await vault.create({
      password: PASSWORD,
      phrase: PHRASE,
      secrets: backup.secrets,
      also: { stores: RESTORED, write: (tx, opened) => restoreRows(tx, backup, opened) },
    })
    if (!made.ok) throw new Error('weak')
    const its = (store: Store, key: string) => read(db, made.value, store, key)
    expect(await its('accounts', '0x1')).toMatchObject({ ok: true, value: ACCOUNT })
    expect(await its('grants', 'https://play.g.io')).toMatchObject({ ok: true })
    expect(await db.read(['settings'], (tx) => tx.get('settings', 'settings'))).toMatchObject({ network: 'devnet' })
    expect(await db.read(['contacts'], (tx) => tx.get('contacts', 'ana'))).toMatchObject({ name: 'Ana' })
    expect(await db.read(['history'], (tx) => tx.rows('history'))).toEqual([])
    expect(await vault.openSecret('owner', '0x1', made.value.keys.owner)).toEqual(new Uint8Array(32).fill(7))

    expect(await its('sessions', 's1')).toMatchObject({ value: { state: 'paused', pause: 'restored' } })
    // What would lift by itself does not any more; what never lifts stays so; what ended stays ended.
    expect(await its('sessions', 's2')).toMatchObject({ value: { state: 'paused', pause: 'restored' } })
    expect(await its('sessions', 's3')).toMatchObject({ value: { state: 'paused', pause: 'chainRestarted' } })
    expect(await its('sessions', 's4')).toMatchObject({ value: { state: 'revoked' } })
    expect(await its('sessions', 's5')).toBeUndefined()
    expect(await its('books', 's1')).toMatchObject({ value: { bookings: [{ meter: 'tx', amount: '3', at: NOW }] } })
    expect(await its('books', 's2')).toMatchObject({ value: { bookings: [] } })
  })

  it('holds nothing of the wallet in clear', async () => {
    const { file } = await saved()
    for (const secret of [PHRASE, PASSWORD, '07'.repeat(32), 'https://play.g.io']) {
      const bytes = Buffer.from(secret)
      const forms = [secret, bytes.toString('hex'), bytes.toString('base64').slice(0, -4)]
      expect(forms.filter((form) => file.includes(form))).toEqual([])
    }
  })

  it('refuses: what is foreign, cut off, too large or newer, before any key is derived', async () => {
    const { file } = await saved()
    const refusal = async (text: string) => {
      const password = { normalize: () => expect.fail('a key was derived') } as unknown as string
      const error = await openBackup(text, password).catch((it: unknown) => it)
      return isBackupError(error) ? error.why : error
    }
    for (const foreign of [
      '',
      'latchkey',
      '[]',
      'null',
      '{}',
      '{"format":"else"}',
      '{"data":"a","iv":"b","salt":"c"}',
      '\u{1f600}',
    ])
      expect(await refusal(foreign), foreign).toBe('foreign')
    for (const length of [file.length - 2, file.length / 2, 400])
      expect(await refusal(file.slice(0, length))).toBe('damaged')
    expect(await refusal(' '.repeat(MAX_FILE + 1))).toBe('tooLarge')
    expect(await refusal(file.replace('"version": 1', '"version": 2'))).toBe('newer')
    // Cheaper, dearer and other parameters are refused with no work done.
    for (const N of [2, 2 ** 16, 2 ** 20])
      expect(await refusal(file.replace('"N": 131072', `"N": ${N}`))).toBe('damaged')
    expect(await refusal(file.replace('"kind": "password"', '"kind": "passkey"'))).toBe('damaged')
    expect(await refusal(file.replace('"at":', '"more": 1, "at":'))).toBe('damaged')
  })

  it('refuses: another password, and one flipped bit anywhere in what it binds', async () => {
    const { file } = await saved()
    const why = async (text: string, password = PASSWORD) => {
      const error = await openBackup(text, password).catch((it: unknown) => it)
      return isBackupError(error) ? error.why : error
    }
    expect(await why(file, 'another horse battery')).toBe('wrongPassword')
    const json = JSON.parse(file) as Record<string, unknown> & { slot: Record<string, string>; ct: string }
    const changed = (more: object) => JSON.stringify({ ...json, ...more }, null, 2)
    expect(await why(changed({ at: NOW }))).toBe('damaged')
    expect(await why(changed({ id: flipped(String(json.id)) }))).toBe('wrongPassword')
    expect(await why(changed({ iv: flipped(String(json.iv)) }))).toBe('damaged')
    expect(await why(changed({ slot: { ...json.slot, salt: flipped(json.slot.salt ?? '') } }))).toBe('wrongPassword')
    const middle = json.ct.length >> 1
    const other = json.ct[middle] === 'A' ? 'B' : 'A'
    expect(await why(changed({ ct: json.ct.slice(0, middle) + other + json.ct.slice(middle + 1) }))).toBe('damaged')
    expect(await why(changed({ ct: `${json.ct.slice(0, middle)} ${json.ct.slice(middle)}` }))).toBe('damaged')
  })

  it('is not made of rows that somebody else wrote', async () => {
    const { db } = emptyWorld()
    const opened: Opened = {
      vaultId: '0a'.repeat(16),
      keys: { owner: randomBytes(32), guardian: randomBytes(32), session: randomBytes(32), state: randomBytes(32) },
    }
    await db.write(['grants'], 'strict', (tx) =>
      createGuard({ vaultId: opened.vaultId, macKey: randomBytes(32) }).put(tx, 'grants', 'o', { account: '0x2' }),
    )
    await expect(savedRows(db, guardOf(opened), [], NOW)).rejects.toMatchObject({
      kind: 'storageTampered',
      store: 'grants',
    })
  })

  it('R5: a restore that fails in the middle leaves what was there: the wallet it was to replace, whole', async () => {
    const { file } = await saved()
    const backup = await openBackup(file, PASSWORD)
    const { db, vault } = emptyWorld()
    await vault.create({ password: PASSWORD, phrase: PHRASE, secrets: [] })
    const before = await db.read(['vault'], (tx) => tx.rows('vault'))
    await expect(
      vault.create({
        password: PASSWORD,
        phrase: PHRASE,
        secrets: backup.secrets,
        replaces: true,
        also: {
          stores: RESTORED,
          write: async (tx, opened) => {
            await restoreRows(tx, backup, opened)
            throw new DOMException('no room', 'QuotaExceededError')
          },
        },
      }),
    ).rejects.toMatchObject({ kind: 'storage', why: 'quota' })
    expect(await db.read(['vault'], (tx) => tx.rows('vault'))).toEqual(before)
    for (const store of RESTORED) expect(await db.read([store], (tx) => tx.rows(store))).toEqual([])
  })
})

function flipped(hex: string): string {
  return (Number.parseInt(hex.slice(0, 2), 16) ^ 1).toString(16).padStart(2, '0') + hex.slice(2)
}
