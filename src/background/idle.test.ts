import 'fake-indexeddb/auto'
import { beforeEach, describe, expect, it } from 'vitest'
import { createGuard, type Guard, openDatabase, type ReadTx } from '../platform/database.ts'
import { createIdle } from './idle.ts'
import { beginRules, createSettings, DEFAULTS } from './owners/settings.ts'

const DAY = 86_400
let worlds = 0
let now: number
let unlocked: boolean
let paused: string[]
let settings: ReturnType<typeof createSettings>
let guard: Guard | undefined
let idle: ReturnType<typeof createIdle>
let db: ReturnType<typeof openDatabase>

const life = () => {
  guard = createGuard({ vaultId: 'aa', macKey: new Uint8Array(32).fill(7) })
  settings = createSettings({ db, guard: () => guard })
  idle = createIdle({
    settings,
    sessions: {
      pauseAll: async (_which, reason) => {
        paused.push(reason)
        return []
      },
    },
    isUnlocked: () => unlocked,
    now: () => now,
  })
}
beforeEach(async () => {
  worlds += 1
  now = 1_000_000
  unlocked = false
  paused = []
  db = openDatabase({ now: () => now, name: `idle-${worlds}` })
  life()
  await db.write(['settings'], 'strict', (tx) => beginRules(tx, guard!))
})

describe('sessions of a wallet that nobody unlocks', () => {
  it('pause after as long as the person said, and not a second before', async () => {
    await settings.set({ idlePause: DAY })
    await idle.seen()
    now += DAY - 1
    await idle.check()
    expect(paused).toEqual([])
    now += 1
    await idle.check()
    expect(paused).toEqual(['idle'])
  })
  it('pause in another life of the worker too', async () => {
    await settings.set({ idlePause: DAY })
    await idle.seen()
    life()
    await settings.get()
    now += DAY
    await idle.check()
    expect(paused).toEqual(['idle'])
  })
  it('never pause where the person chose nothing, nor while it is open', async () => {
    now += 100 * DAY
    await idle.check()
    await settings.set({ idlePause: DAY })
    unlocked = true
    await idle.check()
    expect(paused).toEqual([])
  })
})

describe('the settings', () => {
  const row = () => db.read(['settings'], (tx) => tx.row('settings', 'rules'))
  const found = () => settings.get().catch((error: unknown) => error)
  const tampered = { kind: 'storageTampered', store: 'settings', key: 'rules' }
  it('T23 refuses: a guarded one that anybody else has written, in each of its letters', async () => {
    await settings.change((before) => ({ ...before, autoLock: 60, idlePause: DAY, sessionsOff: true }))
    const sound = (await row())!
    const text = JSON.stringify(sound.value)
    let flips = 0
    const key = createGuard({ vaultId: 'aa', macKey: new Uint8Array(32).fill(7) })
    const reads = (value: unknown) =>
      key.get(
        { row: async () => ({ ...sound, value }), committed: () => undefined } as unknown as ReadTx,
        'settings',
        'rules',
      )
    for (let at = 0; at < text.length; at += 1)
      for (let bit = 0; bit < 7; bit += 1) {
        const flipped = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << bit)) + text.slice(at + 1)
        const value = parsed(flipped)
        if (value === undefined || JSON.stringify(value) === text) continue
        flips += 1
        expect(await reads(value)).toMatchObject({ ok: false, why: 'mac' })
      }
    expect(flips).toBeGreaterThan(100)
    expect(await reads(sound.value)).toMatchObject({ ok: true })
    await db.write(['settings'], 'strict', (tx) => tx.putRow('settings', { ...sound, value: { backupChecked: true } }))
    life()
    expect(await found()).toMatchObject(tampered)
    await db.write(['settings'], 'strict', (tx) => tx.putRow('settings', sound))
    life()
    expect(await found()).toMatchObject({ autoLock: 60, idlePause: DAY, sessionsOff: true })
  })
  it('T23 refuses: a guarded row that is gone, and an older one', async () => {
    const older = (await row())!
    await settings.set({ autoLock: 60 })
    await db.write(['settings'], 'strict', (tx) => tx.putRow('settings', older))
    expect(await found()).toMatchObject({ ...tampered, why: 'seq' })
    await db.write(['settings'], 'strict', (tx) => tx.delete('settings', 'rules'))
    life()
    expect(await found()).toMatchObject({ ...tampered, why: 'missing' })
    await expect(settings.set({ theme: 'dark' })).rejects.toMatchObject(tampered)
  })
  it('are the default before the first unlock, where they guard something, and are not written then', async () => {
    await settings.change((before) => ({ ...before, autoLock: 60, backupChecked: true, theme: 'dark' }))
    guard = undefined
    expect(await settings.get()).toMatchObject({ autoLock: DEFAULTS.autoLock, backupChecked: true, theme: 'dark' })
    await settings.set({ language: 'ar' })
    await expect(settings.set({ backupChecked: false })).rejects.toThrow('asleep')
    life()
    expect(await settings.get()).toMatchObject({ autoLock: 60, backupChecked: true, theme: 'dark', language: 'ar' })
  })
  it('know that sessions are off before that is written, and in the next life as soon as it is read', async () => {
    const written = settings.set({ sessionsOff: true })
    expect(settings.sessionsOff()).toBe(true)
    await written
    life()
    await settings.get()
    expect(settings.sessionsOff()).toBe(true)
    await settings.change(() => DEFAULTS)
    expect(settings.sessionsOff()).toBe(false)
  })
  it('fall back to Sepolia where the network they name is not here, and do not forget it', async () => {
    await settings.set({ network: 'added:aa' })
    const asleep = createSettings({ db, guard: () => guard, isKnown: (network) => network === 'sepolia' })
    expect((await asleep.get()).network).toBe('sepolia')
    await asleep.set({ theme: 'dark' })
    expect(await settings.get()).toMatchObject({ network: 'added:aa', theme: 'dark' })
  })
})

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
