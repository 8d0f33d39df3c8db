import 'fake-indexeddb/auto'
import { beforeEach, describe, expect, it } from 'vitest'
import { type Database, openDatabase } from '../platform/database.ts'
import { createStopFlags } from './keys/working-set.ts'
import { createUnlocking, type UnlockingNeeds } from './unlocking.ts'

type Part<K extends keyof UnlockingNeeds> = UnlockingNeeds[K]

let worlds = 0
let db: Database
let done: string[]
let stops: ReturnType<typeof createStopFlags>
let asleep: boolean

/** A worker's life on the same database; what it does is written down in order. */
function worker() {
  stops = createStopFlags()
  const note = (what: string) => () => {
    done.push(stops.isStopped('a' as never) ? `${what} (stopped)` : what)
    return Promise.resolve()
  }
  const workingSet = {
    load: note('working set'),
    guard: () => (asleep ? undefined : {}),
    state: () => (asleep ? 'asleep' : 'unlocked'),
    removeAllSessions: note('keys removed'),
    onUnlock: async () => {
      asleep = false
      done.push('opened')
    },
  }
  return createUnlocking({
    db,
    stops,
    workingSet: workingSet as unknown as Part<'workingSet'>,
    vault: {
      exists: async () => true,
      unlock: async () => ({ ok: true, value: {} }),
    } as unknown as Part<'vault'>,
    sessions: {
      load: note('sessions read'),
      list: () => [],
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
    accounts: async () => [],
    cold: (() => undefined) as unknown as Part<'cold'>,
    now: () => 1_000,
    recover: note('recovered'),
    changed: () => undefined,
  })
}

beforeEach(() => {
  worlds += 1
  db = openDatabase({ now: () => 1_000, name: `unlocking-${worlds}` })
  done = []
  asleep = false
})
const running = (id: string, validUntil: number) => ({ id, effective: { validUntil } })
const noted = () => db.read(['stops'], (tx) => tx.all('stops'))

describe('Stop all', () => {
  it('T13: stops in a worker that has read nothing yet, and what it stops is durable', async () => {
    expect(await worker().stopAll()).toEqual(['0xa1', '0xa2'])
    expect(done).toEqual([
      'working set (stopped)',
      'set-ups ended (stopped)',
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
    expect(done.slice(0, 5)).toEqual([
      'opened',
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
      'networks read (stopped)',
      'sessions read (stopped)',
      'all paused (stopped)',
      'keys removed (stopped)',
      'recovered (stopped)',
    ])
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
