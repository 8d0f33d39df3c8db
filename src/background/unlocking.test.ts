import 'fake-indexeddb/auto'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Origin, SessionId } from '../core/policy/policy.ts'
import { createGuard, type Database, openDatabase, type Tx, tamperedError } from '../platform/database.ts'
import { createStopFlags } from './keys/working-set.ts'
import { createStops } from './owners/stops.ts'
import { account, policy, storedSession } from './sending/stub-world.ts'
import { createUnlocking, type UnlockingNeeds } from './unlocking.ts'

type Part<K extends keyof UnlockingNeeds> = UnlockingNeeds[K]

let worlds = 0
let db: Database
let done: string[]
let stops: ReturnType<typeof createStopFlags>
let asleep: boolean
let clock: number
let rows: Map<string, { readonly id: string; readonly origin: string; readonly state: string }>
let known: readonly object[]
let tampered: readonly string[]
let whenOpened: () => void

/** A worker's life on the same database; what it does is written down in order. */
function worker() {
  stops = createStopFlags()
  const note = (what: string) => () => {
    done.push(stops.isStopped('a' as never) ? `${what} (stopped)` : what)
    return Promise.resolve()
  }
  const workingSet = {
    load: note('working set'),
    guard: () => (asleep ? undefined : { recall: note('newest recalled') }),
    state: () => (asleep ? 'asleep' : 'unlocked'),
    removeAllSessions: note('keys removed'),
    lock: async () => undefined,
    removeSession: (id: string) => note(`${id} keys removed`)(),
    addSession: async ({ session }: { readonly session: string }) => void done.push(`${session} runs`),
    sessionSubkey: () => new Uint8Array(32),
    guardianSubkey: () => new Uint8Array(32),
    onUnlock: async () => {
      asleep = false
      done.push('opened')
      whenOpened()
    },
  }
  return createUnlocking({
    db,
    stops,
    records: createStops({ db, now: () => clock }),
    workingSet: workingSet as unknown as Part<'workingSet'>,
    vault: {
      exists: async () => true,
      dropSecret: (_: string, id: string) => note(`${id} key destroyed`)(),
      unlock: async () => ({ ok: true, value: { vaultId: 'aa', keys: { state: new Uint8Array(32) } } }),
      openSecret: async (kind: string, id: string) => {
        if (tampered.includes(id)) throw tamperedError({ kind: 'storageTampered', store: 'vault', key: id, why: 'mac' })
        return new TextEncoder().encode(`${kind} ${id}`)
      },
    } as unknown as Part<'vault'>,
    sessions: {
      load: note('sessions read'),
      list: () => known,
      foundTampered: async (id: string) => void done.push(`${id} is paused`),
      get: (id: string) => rows.get(id),
      revoke: async (id: string, at: number, onChain: boolean) => {
        await note(`${id} ended at ${at}${onChain ? ', the chain wants to be told' : ''}`)()
        const row = rows.get(id)
        if (row !== undefined) rows.set(id, { ...row, state: 'revoked' })
      },
      pauseAll: async () => {
        await note('all paused')()
        return [running('0xa1', 2_000), running('0xa2', 2_000), running('0xa3', 999)]
      },
    } as unknown as Part<'sessions'>,
    networks: { load: note('networks read') } as unknown as Part<'networks'>,
    approvals: {
      unlocked: note('questions answered'),
      endRunning: note('set-ups ended'),
    } as unknown as Part<'approvals'>,
    settings: { get: async () => ({ autoLock: 900 }) } as unknown as Part<'settings'>,
    accounts: async () => [account],
    history: { add: async ({ session, event }) => note(`${session} ${'what' in event ? event.what : ''}`)() },
    endGrant: (origin) => note(`${origin} disconnected`)(),
    cold: (() => undefined) as unknown as Part<'cold'>,
    now: () => clock,
    audit: note('journal looked through'),
    recover: note('recovered'),
    changed: () => undefined,
  })
}

beforeEach(() => {
  worlds += 1
  db = openDatabase({ now: () => 1_000, name: `unlocking-${worlds}` })
  done = []
  asleep = false
  clock = 1_000
  rows = new Map()
  known = []
  tampered = []
  whenOpened = () => undefined
})
const running = (id: string, validUntil: number) => ({ id, effective: { validUntil } })
const noted = () => db.read(['stops'], (tx) => tx.all('stops'))

describe('sessions at an unlock', () => {
  it('F5: pauses the one session whose key does not open, and the others run', async () => {
    clock = policy().validUntil - 1_000
    known = ['a1', 'a2', 'a3'].map((id) => storedSession(id, policy()))
    tampered = ['a2']
    expect(await worker().unlock('a password')).toEqual({ ok: true })
    expect(done.filter((it) => / runs| is paused/.test(it))).toEqual(['a1 runs', 'a2 is paused', 'a3 runs'])
    expect(done).toContain('recovered')
  })
})

describe('what tells the newest of each row', () => {
  it('F5: put back or taken away, it stops the unlock before anything is open', async () => {
    const guard = createGuard({ vaultId: 'aa', macKey: new Uint8Array(32) })
    const name = (it: string) => db.write(['contacts'], 'strict', (tx) => guard.put(tx, 'contacts', 'ana', it))
    await name('Ana')
    const older = (await db.read(['meta'], (tx) => tx.row('meta', 'latest')))!
    await name('Anna')
    await worker().unlock('a password')
    for (const damage of [(tx: Tx) => tx.putRow('meta', older), (tx: Tx) => tx.delete('meta', 'latest')]) {
      await db.write(['meta'], 'strict', damage)
      done = []
      await expect(worker().unlock('a password')).rejects.toMatchObject({ kind: 'storageTampered', store: 'meta' })
      expect(done).not.toContain('opened')
    }
  })
})

describe('Stop all', () => {
  it('T13: stops in a worker that has read nothing yet, and what it stops is durable', async () => {
    expect(await worker().stopAll()).toEqual(['0xa1', '0xa2'])
    expect(done).toEqual([
      'working set (stopped)',
      'set-ups ended (stopped)',
      'newest recalled (stopped)',
      'networks read (stopped)',
      'sessions read (stopped)',
      'all paused (stopped)',
      'keys removed (stopped)',
    ])
    expect(await noted()).toEqual([])
  })
  it('T13: is noted while asleep, and done at the unlock before anything may run', async () => {
    asleep = true
    expect(await worker().stopAll()).toEqual([])
    expect(await noted()).toHaveLength(1)
    done = []
    expect(await worker().unlock('a password')).toEqual({ ok: true })
    expect(done.slice(0, 6)).toEqual([
      'opened',
      'newest recalled (stopped)',
      'networks read (stopped)',
      'sessions read (stopped)',
      'all paused (stopped)',
      'keys removed (stopped)',
    ])
    expect(done).toContain('recovered (stopped)')
    expect(await noted()).toEqual([])
  })
  it('T13: a worker that died after the note is followed by one that stops before it serves', async () => {
    await db.write(['stops'], 'strict', (tx) => tx.put('stops', 'all', 1_000))
    await worker().wake()
    expect(done).toEqual([
      'working set',
      'newest recalled (stopped)',
      'networks read (stopped)',
      'sessions read (stopped)',
      'all paused (stopped)',
      'keys removed (stopped)',
      'recovered (stopped)',
    ])
  })
})

describe('a site that stops something before the first unlock', () => {
  const [A, B] = ['https://a.example' as Origin, 'https://b.example' as Origin]
  const S = '0xa1' as SessionId
  /** As it lies on the disk, where nobody can check it yet. */
  const stored = async (origin: Origin, state = 'active', id: SessionId = S) => {
    rows.set(id, { id, origin, state })
    await db.write(['sessions'], 'strict', (tx) => tx.put('sessions', id, { id, origin, state }))
  }
  beforeEach(() => {
    asleep = true
  })

  it('T32: its end is durable before the answer, and done at the unlock before anything may run', async () => {
    await stored(A)
    expect(await worker().endAsleep(A, S, true)).toBe('noted')
    expect(stops.isStopped(S)).toBe(true)
    clock += 500
    // The worker that unlocks is another one.
    const unlocking = worker()
    expect(stops.isStopped(S)).toBe(false)
    done = []
    await unlocking.unlock('a password')
    expect(done).toEqual([
      'opened',
      ...['newest recalled', 'networks read', 'sessions read'],
      `${S} ended at 1000, the chain wants to be told`,
      `${S} keys removed`,
      `${S} key destroyed`,
      `${S} ended`,
      'journal looked through',
      'recovered',
      'questions answered',
    ])
    expect(stops.isStopped(S)).toBe(true)
    expect(await noted()).toEqual([])
  })
  it('T32: a worker that dies between the end and its tidying is followed by one that finishes it', async () => {
    await stored(A)
    await worker().endAsleep(A, S, false)
    rows.set(S, { id: S, origin: A, state: 'revoked' })
    asleep = false
    done = []
    await worker().wake()
    expect(done).toContain(`${S} key destroyed`)
    expect(done).not.toContain(`${S} ended`)
    expect(await noted()).toEqual([])
  })
  it('foreign, unknown and ended ids answer alike, and leave nothing on the disk', async () => {
    await stored(A)
    await stored(B, 'revoked', '0xb1' as SessionId)
    expect(await worker().endAsleep(B, S, false)).toBe('unknown')
    expect(await worker().endAsleep(B, '0xb1' as SessionId, false)).toBe('unknown')
    expect(await worker().endAsleep(B, '0xc1' as SessionId, false)).toBe('unknown')
    expect(stops.isStopped(S)).toBe(false)
    expect(await noted()).toEqual([])
  })
  it('is answered again for a moment, and the chain is told if it was asked for once', async () => {
    await stored(A)
    expect(await worker().endAsleep(A, S, true)).toBe('noted')
    clock += 59
    expect(await worker().endAsleep(A, S, false)).toBe('noted')
    clock += 1
    expect(await worker().endAsleep(A, S, false)).toBe('unknown')
    await worker().unlock('a password')
    expect(done).toContain(`${S} ended at 1000, the chain wants to be told`)
  })
  it('refuses: a note of another site than the session has, whoever wrote it, ends nothing', async () => {
    await stored(A)
    await db.write(['stops'], 'strict', (tx) => tx.put('stops', `end ${S}`, { origin: B, onChain: true, at: 900 }))
    await db.write(['stops'], 'strict', (tx) => tx.put('stops', `end ${S}x`, 'garbage'))
    await worker().unlock('a password')
    expect(done.filter((it) => it.includes(S))).toEqual([])
    expect(await noted()).toEqual([])
  })
  it('CH-19: its disconnect is done at the unlock, and only for a site that was connected', async () => {
    await db.write(['grants'], 'strict', (tx) => tx.put('grants', A, { origin: A }))
    expect(await worker().disconnectAsleep(B)).toBe('noted')
    expect(await noted()).toEqual([])
    expect(await worker().disconnectAsleep(A)).toBe('noted')
    expect(await noted()).toHaveLength(1)
    await worker().unlock('a password')
    expect(done.slice(-7)).toEqual([
      ...['newest recalled', 'networks read', 'sessions read', `${A} disconnected`],
      ...['journal looked through', 'recovered', 'questions answered'],
    ])
    expect(await noted()).toEqual([])
  })
  it('asked while the unlock is under way, it is done where it is always done, and not before', async () => {
    await stored(A)
    const unlocking = worker()
    const opened = new Promise<void>((then) => {
      whenOpened = then
    })
    const opening = unlocking.unlock('a password')
    await opened
    expect(done).not.toContain('questions answered')
    expect(await unlocking.endAsleep(A, S, false)).toBe('awake')
    expect(done).toContain('questions answered')
    expect(await unlocking.disconnectAsleep(A)).toBe('awake')
    expect(await noted()).toEqual([])
    await opening
  })
})

describe('an unlock', () => {
  it('is through before a request of a site is served', async () => {
    const unlocking = worker()
    asleep = true
    const opening = unlocking.unlock('a password')
    await expect.poll(() => asleep).toBe(false)
    await unlocking.settled()
    expect(done.at(-1)).toBe('questions answered')
    await opening
  })
})

describe('keys of sessions', () => {
  it('are destroyed once it is over, also by a worker after the one that ended it, and once', async () => {
    const at = (id: string, state: string, validUntil: number) => ({ id, state, effective: { validUntil } })
    known = [
      at('a', 'active', 1_001),
      at('b', 'active', 1_000),
      at('c', 'revoked', 2_000),
      at('d', 'superseded', 2_000),
    ]
    const unlocking = worker()
    await unlocking.dropEnded()
    await unlocking.dropEnded()
    expect(done).toEqual(['b', 'c', 'd'].flatMap((id) => [`${id} keys removed`, `${id} key destroyed`]))
  })
})
