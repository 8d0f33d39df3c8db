import 'fake-indexeddb/auto'
import { afterEach, describe, expect, it } from 'vitest'
import type { Felt } from '../../core/felt.ts'
import type { SessionId } from '../../core/policy/policy.ts'
import { type Database, openDatabase } from '../../platform/database.ts'
import { hexOf } from '../../platform/secret-box.ts'
import type { Opened } from './vault.ts'
import { createStopFlags, createWorkingSet, type Running, type SessionArea } from './working-set.ts'

const START = 1_800_000_000
const AUTO_LOCK = 900
const A = '0xa' as Felt
const B = '0xb' as Felt
const S = ['0'.repeat(32), '1'.repeat(32), '2'.repeat(32)] as unknown as readonly [SessionId, SessionId, SessionId]
const bytes = (fill: number) => new Uint8Array(32).fill(fill)
const opened = (): Opened => ({
  vaultId: 'ab'.repeat(16),
  keys: { owner: bytes(11), guardian: bytes(12), session: bytes(13), state: bytes(14) },
})
const running = (): Running[] => [
  { guardian: A, session: S[0], sessionKey: bytes(20), guardianKey: bytes(30) },
  { guardian: A, session: S[1], sessionKey: bytes(21), guardianKey: bytes(30) },
  { guardian: B, session: S[2], sessionKey: bytes(22), guardianKey: bytes(31) },
]

interface Stored {
  readonly iv: string
  readonly ct: string
}

let made = 0
const dbs: Database[] = []
afterEach(async () => {
  await Promise.all(dbs.splice(0).map((db) => db.close()))
})

/** One profile: what lies in IndexedDB and in `storage.session`; workers come and go over it. */
function profile() {
  const stored = new Map<string, string>()
  const area: SessionArea = {
    get: async (key) => {
      const text = stored.get(key)
      return text === undefined ? undefined : JSON.parse(text)
    },
    set: async (key, value) => void stored.set(key, JSON.stringify(value)),
    remove: async (key) => void stored.delete(key),
  }
  const db = openDatabase({ now: () => START, name: `working-set-${++made}` })
  dbs.push(db)
  const failures: unknown[] = []
  return {
    stored,
    area,
    db,
    failures,
    worker: async () => {
      const set = createWorkingSet({ db, area, report: (error) => failures.push(error) })
      await set.load()
      return set
    },
    wrap: () => db.read(['keys'], (tx) => tx.get('keys', 'wrap')),
  }
}
async function unlockedProfile() {
  const it = profile()
  const set = await it.worker()
  await set.onUnlock(opened(), running(), { now: START, autoLock: AUTO_LOCK })
  return { ...it, set }
}

describe('working set', () => {
  it('refuses: a question before it is loaded, so that nobody is told "locked" too early', () => {
    const { db, area } = profile()
    const set = createWorkingSet({ db, area, report: () => undefined })
    expect(() => set.isUnlocked(START)).toThrow('not loaded')
    expect(() => set.state(START)).toThrow('not loaded')
    expect(() => set.ownerSubkey(START)).toThrow('not loaded')
  })

  it('is asleep until the first unlock, then unlocked with all keys, then locked with those that run', async () => {
    const { worker } = profile()
    const set = await worker()
    expect(set.state(START)).toBe('asleep')
    expect(set.guard()).toBeUndefined()
    await set.onUnlock(opened(), running(), { now: START, autoLock: AUTO_LOCK })
    expect(set.state(START)).toBe('unlocked')
    expect([set.ownerSubkey(START), set.guardianSubkey(START), set.sessionSubkey(START)]).toEqual([
      bytes(11),
      bytes(12),
      bytes(13),
    ])
    await set.lock()
    expect(set.state(START)).toBe('locked')
    expect([set.ownerSubkey(START), set.guardianSubkey(START), set.sessionSubkey(START)]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect(set.macKey()).toEqual(bytes(14))
    expect([S[0], S[1], S[2]].map((id) => set.sessionKey(id))).toEqual([bytes(20), bytes(21), bytes(22)])
    expect([A, B].map((key) => set.guardianKey(key))).toEqual([bytes(30), bytes(31)])
  })

  it('B7: survives the death of the worker, unlocked and locked', async () => {
    const { worker, set } = await unlockedProfile()
    const second = await worker()
    expect(second.state(START + 1)).toBe('unlocked')
    expect(second.ownerSubkey(START + 1)).toEqual(bytes(11))
    expect(second.sessionKey(S[2])).toEqual(bytes(22))
    expect(second.guardianKey(A)).toEqual(bytes(30))
    await second.lock()
    const third = await worker()
    expect(third.state(START + 1)).toBe('locked')
    expect(third.macKey()).toEqual(bytes(14))
    expect(third.ownerSubkey(START + 1)).toBeUndefined()
    expect(set.macKey()).toEqual(bytes(14))
  })

  it('B10: after a browser start the wrapping key is gone before anything else, and nothing is there', async () => {
    const { worker, stored, wrap } = await unlockedProfile()
    expect(await wrap()).toBeDefined()
    const kept = new Map(stored)
    stored.clear()
    const next = await worker()
    expect(next.state(START)).toBe('asleep')
    expect(next.macKey()).toBeUndefined()
    expect(next.sessionKey(S[0])).toBeUndefined()
    expect(await wrap()).toBeUndefined()
    // A dump of the old memory put back opens nothing.
    for (const [key, value] of kept) stored.set(key, value)
    expect((await worker()).state(START)).toBe('asleep')
    expect([...stored.keys()]).toEqual(['mark'])
  })

  it('makes a fresh key at each unlock: what the old one sealed opens no more', async () => {
    const { set, stored, worker } = await unlockedProfile()
    const old = stored.get('unlocked')
    await set.onUnlock(opened(), running(), { now: START, autoLock: AUTO_LOCK })
    expect(stored.get('unlocked')).not.toBe(old)
    if (old !== undefined) stored.set('unlocked', old)
    expect((await worker()).state(START)).toBe('locked')
  })

  it('T24: no key lies in storage.session in clear, nor the wrapping key in the database', async () => {
    const { stored, wrap } = await unlockedProfile()
    const dump = [...stored.values()].join('\n')
    for (const fill of [11, 12, 13, 14, 20, 21, 22, 30, 31]) expect(dump).not.toContain(hexOf(bytes(fill)).slice(0, 16))
    const key = (await wrap()) as CryptoKey
    expect(key.extractable).toBe(false)
  })

  it.each([
    ['another record of the same key', (_good: Stored, other: string) => other],
    ['null', () => 'null'],
    ['a number', () => '7'],
    ['no members', () => '{}'],
    ['no hex', ({ iv }: Stored) => JSON.stringify({ iv, ct: 'zz' })],
    [
      'a flipped byte',
      ({ iv, ct }: Stored) => JSON.stringify({ iv, ct: `${ct.slice(0, -2)}${ct.endsWith('00') ? '01' : '00'}` }),
    ],
    ['no iv', ({ ct }: Stored) => JSON.stringify({ iv: '', ct })],
  ])('F5: refuses: a record that does not open, in place of each of the two: %s', async (_name, make) => {
    for (const [name, other, state] of [
      ['unlocked', 'working', 'locked'],
      ['working', 'unlocked', 'asleep'],
    ] as const) {
      const { stored, worker } = await unlockedProfile()
      stored.set(name, make(JSON.parse(stored.get(name) ?? '') as Stored, stored.get(other) ?? ''))
      const set = await worker()
      expect(set.state(START)).toBe(state)
      expect(set.ownerSubkey(START)).toBeUndefined()
    }
  })

  it('the guardian key leaves with the last session of its account, in memory and in what is stored', async () => {
    const { set, worker } = await unlockedProfile()
    await set.removeSession(S[0])
    expect(set.sessionKey(S[0])).toBeUndefined()
    expect(set.guardianKey(A)).toEqual(bytes(30))
    await set.removeSession(S[1])
    expect(set.guardianKey(A)).toBeUndefined()
    expect(set.guardianKey(B)).toEqual(bytes(31))
    await set.removeSession(S[1])
    const next = await worker()
    expect([A, B].map((key) => next.guardianKey(key))).toEqual([undefined, bytes(31)])
    expect([S[0], S[1], S[2]].map((id) => next.sessionKey(id))).toEqual([undefined, undefined, bytes(22)])
    await next.addSession({ guardian: A, session: S[0], sessionKey: bytes(40), guardianKey: bytes(41) })
    expect((await worker()).guardianKey(A)).toEqual(bytes(41))
  })

  it('after Stop all the MAC key stays and every session and guardian key is gone', async () => {
    const { set, worker } = await unlockedProfile()
    const [session, guardian] = [set.sessionKey(S[0]), set.guardianKey(A)]
    await set.removeAllSessions()
    for (const it of [set, await worker()]) {
      expect(it.macKey()).toEqual(bytes(14))
      expect([S[0], S[1], S[2]].map((id) => it.sessionKey(id))).toEqual([undefined, undefined, undefined])
      expect([A, B].map((key) => it.guardianKey(key))).toEqual([undefined, undefined])
    }
    // Whoever still holds the arrays holds zeros.
    expect([session, guardian]).toEqual([bytes(0), bytes(0)])
  })

  it('lock fills the keys with zeros before it waits for anything', async () => {
    const { set } = await unlockedProfile()
    const owner = set.ownerSubkey(START)
    const locking = set.lock()
    expect(owner).toEqual(bytes(0))
    expect(set.isUnlocked(START)).toBe(false)
    await locking
  })

  it('a lock that comes while an unlock is being written wins', async () => {
    const { worker } = profile()
    const set = await worker()
    await Promise.all([set.onUnlock(opened(), running(), { now: START, autoLock: AUTO_LOCK }), set.lock()])
    expect(set.state(START)).toBe('locked')
    expect((await worker()).state(START)).toBe('locked')
  })

  it('R5: an unlock that cannot be stored rejects and leaves nothing unlocked', async () => {
    const { area, db } = profile()
    const full: SessionArea = {
      ...area,
      set: async (key, value) => {
        if (key === 'unlocked') throw new Error('quota')
        await area.set(key, value)
      },
    }
    const set = createWorkingSet({ db, area: full, report: () => undefined })
    await expect(set.onUnlock(opened(), running(), { now: START, autoLock: AUTO_LOCK })).rejects.toThrow('quota')
    expect(set.isUnlocked(START)).toBe(false)
  })

  it('hands out one guard for the life of the worker, also over several unlocks', async () => {
    const { set, db } = await unlockedProfile()
    const guard = set.guard()
    await db.write(['grants'], 'strict', async (tx) => void (await guard?.put(tx, 'grants', 'a', { at: 1 })))
    await set.onUnlock(opened(), running(), { now: START, autoLock: AUTO_LOCK })
    expect(set.guard()).toBe(guard)
    await set.lock()
    const read = await db.read(['grants'], async (tx) => set.guard()?.get(tx, 'grants', 'a'))
    expect(read).toMatchObject({ ok: true, value: { at: 1 } })
  })
})

describe('auto-lock', () => {
  it('R23: ends by the time at which it is asked, without any alarm, also after the worker died', async () => {
    const { set, worker, stored, failures } = await unlockedProfile()
    expect(set.locksAt()).toBe(START + AUTO_LOCK)
    expect((await worker()).isUnlocked(START + AUTO_LOCK)).toBe(false)
    const again = await unlockedProfile()
    const owner = again.set.ownerSubkey(START + AUTO_LOCK - 1)
    expect(owner).toEqual(bytes(11))
    expect(again.set.isUnlocked(START + AUTO_LOCK)).toBe(false)
    expect(owner).toEqual(bytes(0))
    // Not only in memory: the clock set back does not bring it back.
    await expect.poll(() => again.stored.has('unlocked')).toBe(false)
    expect((await again.worker()).isUnlocked(START + 1)).toBe(false)
    expect([...failures, ...again.failures]).toEqual([])
    expect(stored.has('working')).toBe(true)
  })

  it('stops the owner and no session that may run while locked, also for the workers after it', async () => {
    const { set, worker } = await unlockedProfile()
    const at = START + AUTO_LOCK
    expect([set.state(at - 1), set.state(at)]).toEqual(['unlocked', 'locked'])
    for (const it of [set, await worker()]) {
      expect(it.state(at)).toBe('locked')
      expect([it.ownerSubkey(at), it.guardianSubkey(at), it.sessionSubkey(at)]).toEqual([
        undefined,
        undefined,
        undefined,
      ])
      expect([it.sessionKey(S[0]), it.sessionKey(S[2]), it.guardianKey(A)]).toEqual([bytes(20), bytes(22), bytes(30)])
      expect(it.guard()).toBeDefined()
    }
  })

  it('is put off by a trusted input only, and by none that comes too late', async () => {
    const { set, worker } = await unlockedProfile()
    expect(set.isUnlocked(START + 600)).toBe(true)
    expect(set.locksAt()).toBe(START + AUTO_LOCK)
    await set.touch(START + 600)
    expect(set.locksAt()).toBe(START + 600 + AUTO_LOCK)
    expect((await worker()).isUnlocked(START + 600 + AUTO_LOCK - 1)).toBe(true)
    await set.touch(START + 600 + AUTO_LOCK)
    expect(set.isUnlocked(START + 601)).toBe(false)
  })

  it('"when the browser closes" has no time; another setting counts from the last input', async () => {
    const { set, worker } = await unlockedProfile()
    const never = profile()
    const browser = await never.worker()
    await browser.onUnlock(opened(), [], { now: START, autoLock: undefined })
    expect(browser.locksAt()).toBeUndefined()
    expect((await never.worker()).isUnlocked(START + 10_000_000)).toBe(true)
    await set.setAutoLock(START + 1, 60)
    expect(set.locksAt()).toBe(START + 60)
    const next = await worker()
    expect(next.isUnlocked(START + 59)).toBe(true)
    expect(next.isUnlocked(START + 60)).toBe(false)
  })

  it('R14: a wall clock more than 5 min behind the last one seen locks', async () => {
    const { set } = await unlockedProfile()
    expect(set.isUnlocked(START + 500)).toBe(true)
    expect(set.isUnlocked(START + 200)).toBe(true)
    expect(set.isUnlocked(START + 199)).toBe(false)
    expect(set.isUnlocked(START + 500)).toBe(false)
  })
})

describe('stop flags', () => {
  it('T32: are up the moment they are raised, for one session or for all, those not named yet too', () => {
    const flags = createStopFlags()
    expect(flags.isStopped(S[0])).toBe(false)
    flags.stopSession(S[0])
    expect([S[0], S[1]].map(flags.isStopped)).toEqual([true, false])
    flags.letGo(S[0])
    expect(flags.isStopped(S[0])).toBe(false)
    flags.stopAll()
    expect(S.map(flags.isStopped)).toEqual([true, true, true])
    flags.letGo(S[1])
    expect(S.map(flags.isStopped)).toEqual([true, false, true])
    flags.stopSession(S[1])
    expect(flags.isStopped(S[1])).toBe(true)
    flags.letGo(S[1])
    flags.stopAll()
    expect(flags.isStopped(S[1])).toBe(true)
  })
})
