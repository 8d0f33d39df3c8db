import 'fake-indexeddb/auto'
import { beforeAll, describe, expect, test } from 'vitest'
import { address, type Felt, felt } from '../core/felt.ts'
import { openDatabase } from '../platform/database.ts'
import { nodeError } from '../platform/node-error.ts'
import { createEscapeWatch, type FoundEscape, type Watchable, type Watched } from './escape-watch.ts'

beforeAll(() => {
  Object.assign(globalThis, { __E2E__: false })
})

const START = 1_900_000_000
const HOUR = 3_600
const A = address('0xa')
const B = address('0xb')
const NODE = 'http://127.0.0.1:5050/rpc'
const READY = START + 604_800
const watched: readonly Watched[] = [
  { account: A, network: 'devnet', node: NODE },
  { account: B, network: 'sepolia', node: NODE },
]
const felts = (...all: readonly (number | string)[]) => all.map((it) => felt(it))
const NOTHING = felts(0, 0, 1, 0)
const TAKEN = felts(READY, 2, 0, 0x77, 0, 1)

/** One profile: its workers come and go, its chain says what a test sets. */
function profile() {
  const clock = { now: START }
  const chain = {
    says: { [A]: NOTHING, [B]: NOTHING } as Record<string, readonly Felt[]>,
    silent: new Set<string>(),
    period: felts(604_800),
  }
  const asked: string[] = []
  const alarms: FoundEscape[] = []
  const has = (secondKey?: boolean): readonly Watchable[] =>
    watched.map((it) => ({ ...it, ...(secondKey === undefined ? {} : { secondKey }) }))
  let known: readonly Watchable[] | undefined = has(true)
  let answering = Promise.resolve()
  const name = `watch ${Math.random()}`
  const worker = () =>
    createEscapeWatch({
      db: openDatabase({ now: () => clock.now, name }),
      watched: async () => known,
      ask: async ({ account }, what) => {
        if (chain.silent.has(account)) throw nodeError('silent', [])
        asked.push(`${what} ${account}`)
        await answering
        return what === 'period' ? chain.period : (chain.says[account] ?? [])
      },
      nodeOf: () => NODE,
      now: () => clock.now,
      onAlarm: async (found) => void alarms.push(found),
      changed: () => undefined,
      report: (error) => {
        throw error
      },
    })
  const asleep = () => {
    known = undefined
  }
  /** What this worker's life has read of the accounts. */
  const knows = (secondKey?: boolean) => {
    known = has(secondKey)
  }
  /** Nodes take their time. */
  const holdsBack = () => {
    let answer: (() => void) | undefined
    answering = new Promise((done) => {
      answer = done
    })
    return () => answer?.()
  }
  return { clock, chain, asked, alarms, worker, asleep, knows, holdsBack }
}

describe('the watch', () => {
  test('reads every account that has a second key, and finds nothing where nothing is', async () => {
    const { worker, asked, alarms } = profile()
    const watch = worker()
    await watch.look()
    expect(asked).toEqual([`escape ${A}`, `escape ${B}`])
    expect([watch.found(), alarms]).toEqual([[], []])
  })

  test('finds who takes over an account, says so at each reading, and keeps it for the next worker', async () => {
    const { worker, chain, alarms } = profile()
    chain.says[A] = TAKEN
    const watch = worker()
    await watch.look()
    const found = {
      account: A,
      network: 'devnet',
      escape: { replaces: 'owner', readyAt: READY, signer: '0x77', status: 'waiting' },
      period: 604_800,
    }
    expect(watch.found()).toEqual([found])
    await watch.look()
    expect(alarms).toEqual([found, found])
    const next = worker()
    await next.load()
    expect(next.found()).toEqual([found])
  })

  test('knows before the first unlock whom to read, from the last time', async () => {
    const { worker, chain, alarms, asleep } = profile()
    await worker().look()
    asleep()
    chain.says[B] = TAKEN
    const watch = worker()
    await watch.look()
    expect(watch.found().map(({ account }) => account)).toEqual([B])
    expect(alarms).toHaveLength(1)
    expect(watch.watched()).toEqual(watched)
  })

  test('T33 remembers an account with a foreign second key over a restart, until its chain says that it has none', async () => {
    const { worker, asked, knows } = profile()
    await worker().look()
    // Another worker: what it knows of the accounts it has still to read.
    knows(undefined)
    asked.length = 0
    const watch = worker()
    await watch.look()
    expect(asked).toEqual([`escape ${A}`, `escape ${B}`])
    expect(watch.watched()).toEqual(watched)
    knows(false)
    await watch.look()
    expect(watch.watched()).toEqual([])
    // And one that was never seen with one is not asked.
    knows(undefined)
    asked.length = 0
    await watch.look()
    expect(asked).toEqual([])
  })

  test('T33 an unlock looks again where a look was under way that could check nothing', async () => {
    const { worker, asked, asleep, knows, holdsBack } = profile()
    await worker().look()
    asleep()
    asked.length = 0
    const watch = worker()
    const answer = holdsBack()
    const before = watch.look()
    await expect.poll(() => asked).toHaveLength(2)
    knows(true)
    const after = watch.look()
    answer()
    await Promise.all([before, after])
    expect(asked).toHaveLength(4)
    // Two that look at the same time look once.
    await Promise.all([watch.look(), watch.look()])
    expect(asked).toHaveLength(6)
  })

  test('takes it back when the chain does, and not when a node is silent or says something else', async () => {
    const { worker, chain } = profile()
    chain.says[A] = TAKEN
    const watch = worker()
    await watch.look()
    chain.silent.add(A)
    await watch.look()
    chain.silent.delete(A)
    chain.says[A] = felts(1)
    await watch.look()
    expect(watch.found()).toHaveLength(1)
    chain.says[A] = NOTHING
    await watch.look()
    expect(watch.found()).toEqual([])
  })

  test('of one account is told that its node is silent', async () => {
    const { worker, chain } = profile()
    chain.silent.add(A)
    await expect(worker().lookAt(A, 'devnet')).rejects.toMatchObject({ kind: 'node' })
  })

  test('is due when six hours have passed, also for another worker, and when the clock went back', async () => {
    const { worker, clock } = profile()
    const watch = worker()
    expect(watch.isDue()).toBe(true)
    await watch.look()
    expect(watch.isDue()).toBe(false)
    clock.now += 6 * HOUR - 1
    const next = worker()
    await next.load()
    expect(next.isDue()).toBe(false)
    clock.now += 1
    expect(next.isDue()).toBe(true)
    clock.now = START - 1
    expect(next.isDue()).toBe(true)
  })
})

describe('the alarm', () => {
  test('steps back for an hour, and another take-over is another alarm', async () => {
    const { worker, chain } = profile()
    chain.says[A] = TAKEN
    const watch = worker()
    await watch.look()
    await watch.remindLater(A, 'devnet')
    await watch.look()
    expect(watch.found()[0]?.remindAt).toBe(START + HOUR)
    chain.says[A] = felts(READY + 60, 2, 0, 0x78, 0, 1)
    await watch.look()
    expect(watch.found()[0]?.remindAt).toBe(undefined)
  })
})

describe('the person’s own one', () => {
  test('is no alarm, and can be left to lapse', async () => {
    const { worker, chain, alarms } = profile()
    chain.says[A] = felts(READY, 1, 0, 0x99, 0, 1)
    const watch = worker()
    await watch.look()
    expect(alarms).toEqual([])
    await watch.leave(A, 'devnet')
    const next = worker()
    await next.load()
    expect(next.found()).toMatchObject([{ escape: { replaces: 'guardian', signer: '0x99' }, left: true }])
  })

  test('takes one try to begin and one to finish in so long, also over workers', async () => {
    const { worker, clock } = profile()
    const watch = worker()
    await watch.tries(A, 'devnet', 'takeOver')
    const next = worker()
    await next.load()
    const from = (Math.floor(START / HOUR) + 13) * HOUR
    expect(next.nextTry(A, 'devnet', 'takeOver')).toBe(from)
    expect([next.nextTry(A, 'devnet', 'finish'), next.nextTry(B, 'devnet', 'takeOver')]).toEqual([undefined, undefined])
    clock.now = from
    expect(next.nextTry(A, 'devnet', 'takeOver')).toBe(undefined)
  })

  test('shows the account’s own waiting time where that is another one', async () => {
    const { worker, chain } = profile()
    chain.says[A] = TAKEN
    chain.period = felts(600)
    const watch = worker()
    await watch.look()
    expect(watch.found()[0]?.period).toBe(600)
  })
})
