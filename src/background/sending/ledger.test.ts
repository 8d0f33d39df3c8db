import 'fake-indexeddb/auto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { STRK } from '../../core/account.ts'
import { felt, u256 } from '../../core/felt.ts'
import { TX, used } from '../../core/policy/book.ts'
import type { MeterBook, MeterId, SessionId } from '../../core/policy/policy.ts'
import type { JournalRow, StoredSession } from '../../core/records.ts'
import { SELECTORS } from '../../starknet/accounts.ts'
import { committedMaximum } from '../../starknet/invoke.ts'
import { selectorOf } from '../../starknet/selector.ts'
import type { Signer } from '../keys/signer.ts'
import { holdsOf } from './journal.ts'
import type { Held, HoldResult, SessionProposal } from './ledger.ts'
import {
  ACCOUNT,
  account,
  CHAIN_ID,
  createWorld,
  GAME,
  MOVE,
  move,
  NETWORK,
  ORIGIN,
  policy,
  SESSION,
  storedSession,
  type World,
} from './stub-world.ts'

const S1 = 's1' as SessionId
const bounds = {
  l1_gas: { maxAmount: 0n, maxPrice: 100n },
  l2_gas: { maxAmount: 1_000n, maxPrice: 10n },
  l1_data_gas: { maxAmount: 10n, maxPrice: 3n },
}
const proposal = (more: Partial<SessionProposal> = {}): SessionProposal => ({
  by: 'session',
  session: S1,
  network: NETWORK,
  chainId: CHAIN_ID,
  account: ACCOUNT,
  origin: ORIGIN,
  calls: [move()],
  bounds,
  tip: 0n,
  feeToken: STRK,
  chainNonce: 4n,
  facts: (now) => ({
    ownAccounts: [ACCOUNT],
    unlocked: true,
    workingSet: true,
    clockWrong: false,
    classes: { [ACCOUNT]: { classHash: account.classHash, readAt: now } },
    liveAllowance: false,
    simulation: 'none',
    reverts: { inARow: 0, lastAt: 0 },
  }),
  ...more,
})
/** What is asked at once. */
const storms = fc.array(
  fc.record({
    act: fc.constantFrom('hold', 'hold', 'hold', 'hold', 'sign', 'sign', 'release', 'accepted', 'reverted', 'rejected'),
    at: fc.nat(30),
  }),
  { minLength: 1, maxLength: 20 },
)
const total = ({ base, bookings }: MeterBook, meter: string) =>
  BigInt(base[meter as MeterId] ?? '0') +
  bookings.reduce((sum, it) => sum + (it.meter === meter ? BigInt(it.amount) : 0n), 0n)
/** Somebody else's hand on the disk: the row without our MAC. */
const damage = async (
  world: World,
  store: 'sessions' | 'books' | 'journal',
  key: string,
  change: (value: never) => unknown,
) => {
  await world.db.write([store], 'strict', async (tx) => {
    const row = (await tx.row(store, key))!
    await tx.putRow(store, { ...row, value: change(row.value as never) })
  })
}

describe('hold', () => {
  it('waiting holds share commits, are judged in arrival order, and each sees the ones before', async () => {
    const world = await createWorld()
    await world.start('s1', {
      usage: {
        tx: [{ window: { kind: 'session' }, max: 40 }],
        calls: [],
        maxCallsPerTx: 20,
        minGap: 0,
        maxInFlight: 64,
      },
    })
    world.log.length = 0
    const results = await Promise.all(Array.from({ length: 65 }, () => world.ledger.hold(proposal())))
    // The first goes alone; what came meanwhile goes in groups of 32.
    expect(world.log).toHaveLength(3)
    expect(results.map(({ kind }) => kind)).toEqual([
      ...Array.from({ length: 40 }, () => 'held'),
      ...Array.from({ length: 25 }, () => 'ask'),
    ])
    const nonces = (await world.journal.open()).map(({ nonce }) => Number(nonce))
    expect(nonces).toEqual(Array.from({ length: 40 }, (_, at) => at + 4))
  })

  it('R12: of 1,000 at once with room for 100, in what may be open at a time, exactly 100 are held and 900 refused', {
    timeout: 120_000,
  }, async () => {
    const world = await createWorld()
    const bound = committedMaximum(bounds, 0n)
    await world.start('s1', {
      usage: {
        tx: [{ window: { kind: 'session' }, max: 100 }],
        calls: [{ window: { kind: 'session' }, max: 100 }],
        maxCallsPerTx: 20,
        minGap: 0,
        maxInFlight: 64,
      },
      // To the last unit: what is held for the hundredth leaves nothing.
      fees: {
        payer: 'account',
        tokens: [{ token: STRK, caps: [{ window: { kind: 'session' }, max: u256(bound * 100n) }] }],
      },
    })
    const held: JournalRow[] = []
    let asking = Array.from({ length: 1_000 }, (_, at) => at)
    let refused: HoldResult[] = []
    let commits = 0
    let waves = 0
    let chainNonce = 4n
    while (asking.length > 0) {
      waves += 1
      world.log.length = 0
      const results = await Promise.all(
        asking.map((at) => world.ledger.hold(proposal({ request: `q${at}`, chainNonce }))),
      )
      commits += world.log.length
      // One goes alone, what came meanwhile goes in groups of at most 32.
      expect(world.log.length).toBe(1 + Math.ceil((asking.length - 1) / 32))
      const rows = results.flatMap((it) => (it.kind === 'held' ? [it.held.row] : []))
      held.push(...rows)
      // Whoever only found too many open asks again; every other answer is the last.
      const isFull = (it: HoldResult) => it.kind === 'ask' && it.reasons.every(({ code }) => code === 'inFlight')
      refused = [...refused, ...results.filter((it) => it.kind === 'ask' && !isFull(it))]
      asking = asking.filter((_, at) => isFull(results[at]!))
      for (const row of rows) {
        await world.journal.signed(row.id)
        await world.ledger.settle(row.id, {
          end: 'accepted',
          at: world.clock.now,
          // As much as was set aside: nothing comes back.
          outcome: { block: 1, at: world.clock.now, fee: { token: STRK, paid: u256(bound) }, out: {} },
        })
      }
      chainNonce += BigInt(rows.length)
    }
    expect([waves, commits]).toEqual([2, 33 + 31])
    expect(held.map(({ nonce }) => Number(nonce))).toEqual(Array.from({ length: 100 }, (_, at) => at + 4))
    expect(new Set(held.map(({ hash }) => hash)).size).toBe(100)
    expect(refused).toHaveLength(900)
    // All the reasons at once: who raises one limit must not meet the next one only afterwards.
    const reasons = refused.map((it) => (it.kind === 'ask' ? it.reasons.map(({ code }) => code) : []))
    expect(new Set(reasons.map((codes) => codes.join(' ')))).toEqual(new Set(['feeCap txCount callCount']))
    const { book, open } = (await world.ledger.state(S1))!
    expect(open).toEqual([])
    expect(total(book, 'tx')).toBe(100n)
    expect(total(book, `fee:${STRK}`)).toBe(bound * 100n)
  })

  it('R13 property: no interleaving of hold, settle and release of two sessions passes a cap or takes a nonce twice', {
    timeout: 120_000,
  }, async () => {
    let holds = 0
    let refusals = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(storms, { minLength: 2, maxLength: 6 }),
        fc.integer({ min: 1, max: 9 }),
        async (all, max) => {
          const world = await createWorld()
          const usage = { calls: [], maxCallsPerTx: 20, minGap: 0, maxInFlight: 64 }
          for (const id of ['s1', 's2'])
            await world.start(id, { usage: { ...usage, tx: [{ window: { kind: 'session' }, max }] } })
          // What really happened, kept apart from the book: rows that may take effect, or did.
          const live = new Map<string, SessionId>()
          let open: JournalRow[] = []
          for (const storm of all) {
            const taken = new Set<string>()
            const rowAt = (at: number) => open[at % Math.max(1, open.length)]
            const pick = (at: number) => {
              const row = rowAt(at)
              if (row === undefined || taken.has(row.id)) return undefined
              taken.add(row.id)
              return row
            }
            await Promise.all(
              storm.map(async ({ act, at }) => {
                if (act === 'hold') {
                  const session = (at % 2 === 0 ? 's1' : 's2') as SessionId
                  const result = await world.ledger.hold(proposal({ session }))
                  if (result.kind === 'held') {
                    holds += 1
                    live.set(result.held.row.id, session)
                  } else refusals += 1
                  return
                }
                // Also one that is released in the same moment: only one of the two comes about.
                if (act === 'sign') {
                  const row = rowAt(at)
                  if (row?.status === 'held') await world.journal.signed(row.id)
                  return
                }
                const row = pick(at)
                if (row === undefined) return
                if (act === 'release') {
                  if (await world.ledger.release(row.id)) live.delete(row.id)
                  return
                }
                await world.journal.signed(row.id)
                const outcome = { block: 1, at: world.clock.now, fee: { token: STRK, paid: u256(1n) }, out: {} }
                if (act === 'rejected') {
                  await world.ledger.settle(row.id, { end: act })
                  live.delete(row.id)
                } else await world.ledger.settle(row.id, { end: act, at: world.clock.now, outcome })
              }),
            )
            open = [...(await world.journal.open())]
            for (const id of ['s1', 's2'] as SessionId[]) {
              const count = [...live.values()].filter((session) => session === id).length
              if (count > max) throw new Error(`${count} of ${max}`)
            }
            const nonces = open.map(({ nonce }) => nonce)
            if (new Set(nonces).size !== nonces.length) throw new Error(`one nonce twice: ${nonces.join(' ')}`)
          }
        },
      ),
      { numRuns: 80 },
    )
    // Some hundreds of each, as chance has it: the property is not empty.
    expect(holds).toBeGreaterThan(20)
    expect(refusals).toBeGreaterThan(20)
  })

  it('two of one request in one group are one row', async () => {
    const world = await createWorld()
    await world.start('s1')
    const results = await Promise.all([1, 2].map(() => world.ledger.hold(proposal({ request: 'q' }))))
    expect(results.map(({ kind }) => kind)).toEqual(['held', 'known'])
  })

  it('refuses: a row on disk that is not ours, and the session pauses', async () => {
    for (const store of ['books', 'sessions'] as const) {
      const world = await createWorld()
      await world.start('s1')
      await damage(world, store, 's1', (it: MeterBook | StoredSession) => ({ ...it, seq: it.seq + 5 }))
      expect(await world.ledger.hold(proposal())).toMatchObject({ kind: 'ask', reasons: [{ code: 'paused' }] })
      expect(await world.play('q1')).toMatchObject({ kind: expect.stringMatching(/ask|none/) })
      expect(world.node.state.arrived).toEqual([])
      expect(world.stops.isStopped(S1)).toBe(true)
    }
  })

  it('one damaged session is nobody else’s trouble in the same commit', async () => {
    const world = await createWorld()
    await world.start('s1')
    await world.start('s2')
    await damage(world, 'books', 's1', (it: MeterBook) => ({ ...it, base: { tx: '0' } }))
    const results = await Promise.all(
      [proposal(), proposal({ session: 's2' as SessionId })].map((it) => world.ledger.hold(it)),
    )
    expect(results.map(({ kind }) => kind)).toEqual(['ask', 'held'])
  })

  it('refuses: clocks that disagree, judged inside the transaction', async () => {
    const world = await createWorld()
    await world.start('s1')
    await world.networks.sawBlock(NETWORK, world.clock.now + 7_201)
    expect(await world.ledger.hold(proposal())).toMatchObject({ kind: 'ask', reasons: [{ code: 'clock' }] })
    world.clock.now += 1
    expect((await world.ledger.hold(proposal())).kind).toBe('held')
    world.clock.now -= 302
    expect(await world.ledger.hold(proposal())).toMatchObject({ reasons: [{ code: 'clock' }] })
  })

  it('refuses: after a commit that failed nothing is held and nothing is signed', async () => {
    const world = await createWorld()
    await world.start('s1')
    const write = world.db.write
    Object.assign(world.db, {
      write: () => Promise.reject(Object.assign(new Error('full'), { kind: 'storage', why: 'quota' })),
    })
    await expect(world.play('q1')).rejects.toMatchObject({ kind: 'storage' })
    Object.assign(world.db, { write })
    expect(world.node.state.arrived).toEqual([])
    expect(await world.journal.open()).toEqual([])
  })
})

describe('sessions', () => {
  it('are read again in the next life as they were', async () => {
    const world = await createWorld()
    const session = await world.start('s1')
    const next = await world.next()
    expect(next.sessions.get(S1)).toEqual(session)
    expect(next.sessions.live(ORIGIN, ACCOUNT, NETWORK)).toHaveLength(1)
    expect(next.sessions.live(ORIGIN, ACCOUNT, 'mainnet')).toEqual([])
  })

  it.each<[string, (session: StoredSession) => StoredSession]>([
    [
      'an effective policy wider than granted',
      (it) => ({ ...it, effective: { ...it.effective, validUntil: it.effective.validUntil + 1 } }),
    ],
    [
      'another granted policy than was signed',
      (it) => ({ ...it, granted: { ...it.granted, usage: { ...it.granted.usage, maxInFlight: 63 } } }),
    ],
    ['a policy hash of its own', (it) => ({ ...it, policyHash: `0x${'1'.repeat(64)}` as StoredSession['policyHash'] })],
    ['another end on chain', (it) => ({ ...it, chain: { ...it.chain!, expiresAt: it.chain!.expiresAt - 1 } })],
    ['a method more', (it) => ({ ...it, chain: { ...it.chain!, methods: [...it.chain!.methods, [ACCOUNT, MOVE]] } })],
    ['metadata of another site', (it) => ({ ...it, origin: 'https://other.example' as StoredSession['origin'] })],
  ])('refuses: %s, written under our own MAC, pauses storageTampered and never lifts', async (_name, change) => {
    const world = await createWorld()
    await world.start('s1')
    await world.db.write(['sessions'], 'strict', async (tx) => {
      const row = (await world.guard.get<StoredSession>(tx, 'sessions', 's1'))!
      if (row.ok) await world.guard.put(tx, 'sessions', 's1', change(row.value))
    })
    const next = await world.next()
    next.useKey('s1')
    expect(next.sessions.get(S1)).toMatchObject({ state: 'paused', pause: 'storageTampered' })
    expect(await next.sessions.resume(S1, 'person')).toBeUndefined()
    expect(await next.play('q1')).toMatchObject({ kind: expect.stringMatching(/ask|none/) })
    expect(next.node.state.arrived).toEqual([])
  })

  it('many in one read are as each alone is; one that is damaged, and what it holds, is left out and pauses', async () => {
    const world = await createWorld()
    const ids = ['s1', 's2', 's3'] as SessionId[]
    for (const id of ids) await world.start(id)
    for (const id of ['s1', 's1', 's3']) await world.ledger.hold(proposal({ session: id as SessionId }))
    const alone = async () =>
      (await Promise.all(ids.map((id) => world.ledger.state(id)))).filter((it) => it !== undefined)
    const all = await world.ledger.states(ids)
    expect(all.map(({ open }) => open.length)).toEqual([2, 0, 1])
    expect(all).toEqual(await alone())
    expect(await world.ledger.states([ids[2]!, 'none' as SessionId])).toEqual([all[2]])

    await damage(world, 'books', 's1', (it: MeterBook) => ({ ...it, seq: it.seq + 5 }))
    expect(await world.ledger.states(ids)).toEqual(all.slice(1))
    expect(world.stops.isStopped(S1)).toBe(true)
  })

  it('a narrowing is enforced by the next hold; a widening is refused', async () => {
    const world = await createWorld()
    const session = await world.start('s1')
    const narrower = { ...session.effective, usage: { ...session.effective.usage, maxCallsPerTx: 1 } }
    await world.sessions.narrow(S1, () => narrower)
    expect(await world.play('q1', [move(1), move(2)])).toMatchObject({ kind: 'ask', reasons: [{ code: 'callsPerTx' }] })
    expect((await world.play('q2')).kind).toBe('sent')
    await expect(world.sessions.narrow(S1, () => session.effective)).rejects.toThrow('wider')
  })

  it('what was held before a narrowing is given back and judged again', async () => {
    const world = await createWorld()
    await world.start('s1')
    const result = await world.ledger.hold(proposal())
    await world.sessions.narrow(S1, ({ effective }) => ({
      ...effective,
      calls: effective.calls.map((rule) => ({ ...rule, enabled: false })),
    }))
    expect(await world.journal.open()).toEqual([])
    const { held } = result as unknown as { held: Held }
    await expect(world.signer.session(held)).rejects.toMatchObject({ why: 'changed' })
  })

  describe('that takes the place of another', () => {
    const S2 = 's2' as SessionId
    const S3 = 's3' as SessionId
    const ONE = { window: { kind: 'session' }, max: 3 } as const
    const usage = { ...policy().usage, tx: [ONE] }
    const heir = async (world: World, id = S2, replaces = S1, more: object = {}, again = false) => {
      const session = { ...storedSession(id, policy({ usage, ...more })), replaces }
      world.secrets.set(`session ${id}`, SESSION)
      world.useKey(id)
      await world.sessions.replace(session, { replaces, again, onChain: false })
      return session
    }
    const uses = async (world: World, id: SessionId) => {
      const { book, open } = (await world.ledger.state(id))!
      return used(book, holdsOf(open), TX, { kind: 'session' }, world.clock.now)
    }

    it('has what was used, and of what was held unsigned everything back', async () => {
      const world = await createWorld()
      await world.start('s1', { usage })
      expect((await world.play('q1')).kind).toBe('sent')
      await world.settle()
      await world.ledger.hold(proposal())
      await heir(world)
      expect(await uses(world, S2)).toBe(1n)
      expect(world.sessions.get(S1)).toMatchObject({ state: 'superseded', replacedBy: S2, endedAt: world.clock.now })
      expect(await world.journal.open()).toEqual([])
      expect((await world.play('q2', [move()], S2)).kind).toBe('sent')
      expect((await world.play('q3', [move()], S2)).kind).toBe('sent')
      expect(await world.play('q4', [move()], S2)).toMatchObject({ kind: 'ask', reasons: [{ code: 'txCount' }] })
      expect(await world.play('q5', [move()], S1)).toMatchObject({ kind: 'ask', reasons: [{ code: 'revoked' }] })
    })
    it('has what is on its way, until it is known how that ended', async () => {
      const world = await createWorld()
      await world.start('s1', { usage })
      world.node.state.holdsBack = true
      expect((await world.play('q1')).kind).toBe('sent')
      await heir(world)
      const [row] = await world.journal.open()
      expect(row).toMatchObject({ session: S2, status: 'sent' })
      expect(await uses(world, S2)).toBe(1n)
      world.node.state.reverts = 'no'
      world.node.state.mine()
      await world.settle()
      expect(await world.journal.open()).toEqual([])
      // A revert counts as a transaction, and its fee is paid.
      expect(await uses(world, S2)).toBe(1n)
      const { book } = (await world.ledger.state(S2))!
      expect(total(book, `fee:${STRK}`)).toBe(1_000n)
    })
    it('counts what was thought lost and landed after all', async () => {
      const world = await createWorld()
      await world.start('s1', { usage })
      const result = (await world.ledger.hold(proposal())) as { held: Held }
      await world.signer.session(result.held)
      await world.journal.signed(result.held.row.id)
      await world.ledger.settle(result.held.row.id, { end: 'rejected' })
      await heir(world)
      await heir(world, S3, S2)
      expect(await uses(world, S3)).toBe(0n)
      await world.ledger.settle(result.held.row.id, {
        end: 'accepted',
        at: world.clock.now,
        outcome: { block: 11, at: world.clock.now, fee: { token: STRK, paid: u256(5n) }, out: {} },
      })
      expect(await uses(world, S3)).toBe(1n)
      expect(await uses(world, S2)).toBe(0n)
    })
    it('counts a rule by what it allows', async () => {
      const world = await createWorld()
      const [rule] = policy().calls
      const capped = { ...rule!, caps: [{ window: { kind: 'session' }, max: 1 } as const] }
      await world.start('s1', { calls: [capped] })
      expect((await world.play('q1')).kind).toBe('sent')
      await world.settle()
      const other = { ...rule!, entrypoints: [{ selector: selectorOf('other') }] }
      await heir(world, S2, S1, { calls: [other, { ...capped, id: 'r1' }] })
      expect(await world.play('q2', [move()], S2)).toMatchObject({
        kind: 'ask',
        reasons: [{ code: 'ruleCap', rule: 'r1' }],
      })
    })
    it('begins again where the person accepted that', async () => {
      const world = await createWorld()
      await world.start('s1', { usage })
      for (const request of ['q1', 'q2', 'q3']) {
        expect((await world.play(request)).kind).toBe('sent')
        await world.settle()
      }
      await heir(world, S2, S1, {}, true)
      expect(await uses(world, S2)).toBe(0n)
      expect((await world.play('q4', [move()], S2)).kind).toBe('sent')
    })
    it('is one: a second is refused, and the first goes on', async () => {
      const world = await createWorld()
      await world.start('s1', { usage })
      await heir(world)
      await expect(heir(world, S3)).rejects.toMatchObject({ code: 211 })
      expect(world.sessions.get(S3)).toBeUndefined()
      expect((await world.play('q1', [move()], S2)).kind).toBe('sent')
    })
    it('that fails in its commit leaves the old one running', async () => {
      const world = await createWorld()
      await world.start('s1', { usage })
      const session = { ...storedSession(S2, policy({ usage })), replaces: S1 }
      const full = async () => {
        throw new Error('full')
      }
      await expect(
        world.sessions.replace(session, { replaces: S1, again: false, onChain: false }, full),
      ).rejects.toThrow('full')
      expect(world.sessions.get(S1)?.state).toBe('active')
      expect((await world.play('q1')).kind).toBe('sent')
    })
    it('tells the chain of the old one where that is wanted, also in another life', async () => {
      const world = await createWorld()
      await world.start('s1', { usage })
      const session = { ...storedSession(S2, policy({ usage })), replaces: S1 }
      await world.sessions.replace(session, { replaces: S1, again: false, onChain: true })
      expect((await world.next()).sessions.get(S1)).toMatchObject({ state: 'superseded', onChain: { state: 'wanted' } })
    })
  })

  it('a site lifts its own pause only, a person all but the final ones', async () => {
    const world = await createWorld()
    await world.start('s1')
    await world.sessions.pause(S1, 'site')
    expect((await world.sessions.resume(S1, 'site'))?.state).toBe('active')
    await world.sessions.pause(S1, 'person')
    await world.sessions.pause(S1, 'site')
    expect(await world.sessions.resume(S1, 'site')).toBeUndefined()
    await world.sessions.pauseAll({ network: NETWORK }, 'chainRestarted')
    expect(await world.sessions.resume(S1, 'person')).toBeUndefined()
    await world.sessions.revoke(S1, world.clock.now, false)
    expect(await world.sessions.resume(S1, 'person')).toBeUndefined()
    expect(world.sessions.get(S1)).toMatchObject({ state: 'revoked', endedAt: world.clock.now })
  })

  it('the key is written in the transaction of the session, or neither is', async () => {
    const world = await createWorld()
    const session = { ...(await world.start('s1')), id: 's2' as SessionId }
    const book = { session: session.id, seq: 0, base: {}, bookings: [], returned: [], credit: [] }
    await expect(
      world.sessions.create(session, book, async () => {
        throw new Error('no room')
      }),
    ).rejects.toThrow('no room')
    expect(world.sessions.get(session.id)).toBeUndefined()
    expect(await world.ledger.state(session.id)).toBeUndefined()
  })

  it('a restarted chain is adopted: its rows end, and nothing of them is given back', async () => {
    const world = await createWorld()
    await world.start('s1')
    await world.play('q1')
    await world.ledger.abandon(NETWORK)
    expect(await world.journal.open()).toEqual([])
    await world.networks.adopt(NETWORK, { hash: felt(1), at: 1 })
    const next = await world.next()
    expect(next.networks.get(NETWORK).genesis).toEqual({ hash: felt(1), at: 1 })
  })
})

describe('journal', () => {
  it('several rows come in the order of their ids; what is not there, or is no row, leaves its place empty', async () => {
    const world = await createWorld()
    await world.start('s1')
    const [one, two] = [await world.ledger.hold(proposal()), await world.ledger.hold(proposal())].map(
      (it) => (it as { held: Held }).held.row,
    )
    expect(await world.journal.several([two!.id, undefined, 'gone', one!.id])).toEqual([two, undefined, undefined, one])
  })

  it('a row whose receipt was booked first stays as it ended, when it is told as sent or parked', async () => {
    const world = await createWorld()
    await world.start('s1')
    const { held } = (await world.ledger.hold(proposal())) as { held: Held }
    await world.signer.session(held)
    await world.journal.signed(held.row.id)
    await world.ledger.settle(held.row.id, {
      end: 'accepted',
      at: world.clock.now,
      outcome: { block: 11, at: world.clock.now, fee: { token: STRK, paid: u256(5n) }, out: {} },
    })
    const ended = await world.journal.get(held.row.id)
    expect(await world.journal.sent(held.row.id, world.clock.now)).toEqual(ended)
    expect(await world.journal.park(held.row.id)).toEqual(ended)
    expect(await world.journal.get(held.row.id)).toEqual(ended)
  })
})

describe('signer', () => {
  const heldBy = async (world: World): Promise<Held> => {
    const result = await world.ledger.hold(proposal())
    return (result as unknown as { held: Held }).held
  }

  it('type: nothing but a hold made by the ledger is signed for', () => {
    const forged = (signer: Signer, row: JournalRow, session: StoredSession) =>
      // @ts-expect-error: the brand is missing
      signer.session({ by: 'session', row, session, chainId: CHAIN_ID })
    expect(forged).toBeTypeOf('function')
  })

  it('refuses: a row whose hash is not that of its parts', async () => {
    const world = await createWorld()
    await world.start('s1')
    const held = await heldBy(world)
    const other = { ...held, row: { ...held.row, calls: [move(2)] } } as Held
    await expect(world.signer.session(other)).rejects.toThrow('another hash')
  })

  it('refuses: a call outside the signed list, to an own account, or of an escape', async () => {
    const world = await createWorld()
    await world.start('s1')
    const held = await heldBy(world)
    const calling = (call: JournalRow['calls'][number]) => ({ ...held, row: { ...held.row, calls: [call] } }) as Held
    await expect(world.signer.session(calling({ ...move(), to: ACCOUNT }))).rejects.toThrow('own account')
    for (const selector of [SELECTORS.trigger_escape_owner, SELECTORS.escape_owner]) {
      await expect(world.signer.session(calling({ to: GAME, selector, calldata: [] }))).rejects.toThrow('escape')
    }
  })

  it('refuses: the stop flag is up, though nothing is committed yet', async () => {
    const world = await createWorld()
    await world.start('s1')
    const held = await heldBy(world)
    world.stops.stopSession(S1)
    await expect(world.signer.session(held)).rejects.toMatchObject({ why: 'stopped' })
    expect(world.signer.maySend(held)).toBe(false)
  })

  it('refuses: the end came between hold and signature', async () => {
    const world = await createWorld()
    const session = await world.start('s1')
    const held = await heldBy(world)
    world.clock.now = session.effective.validUntil - 60
    await expect(world.signer.session(held)).rejects.toMatchObject({ why: 'expired' })
    world.clock.now -= 1
    expect((await world.signer.session(held)).length).toBeGreaterThan(25)
  })

  it('refuses: a person’s yes to one thing is none to another', async () => {
    const world = await createWorld()
    const row = {
      network: NETWORK,
      account,
      kind: 'invoke' as const,
      bounds: (await world.executor.trial({ network: NETWORK, account, calls: [move()] })).bounds,
    }
    const revoke = { to: ACCOUNT, selector: SELECTORS.revoke_session, calldata: [felt(7)] }
    const own = { to: ACCOUNT, selector: SELECTORS.change_guardian }
    const remove = { ...own, calldata: [felt(1)] }
    const setAgain = { ...own, calldata: [felt(0), felt(0), account.guardian.publicKey] }
    const escapeOwner = { ...own, selector: SELECTORS.trigger_escape_owner, calldata: [felt(0), felt(7)] }
    const cases = [
      // A site's calls never reach the own account, whatever was approved.
      [[{ kind: 'calls', calls: [revoke] }], { ...row, calls: [revoke] }],
      [[{ kind: 'revoke', sessionHash: felt(8) }], { ...row, calls: [revoke], purpose: 'revoke' }],
      [[{ kind: 'step', step: 'deploy' }], { ...row, calls: [move()], purpose: 'enable' }],
      [[{ kind: 'step', step: 'enable' }], { ...row, calls: [move()], purpose: 'enable' }],
      [[{ kind: 'step', step: 'rotate' }], { ...row, calls: [remove], purpose: 'remove' }],
      [[{ kind: 'step', step: 'remove' }], { ...row, calls: [setAgain], purpose: 'rotate' }],
      // The key that stands there is no successor of itself.
      [[{ kind: 'step', step: 'rotate' }], { ...row, calls: [setAgain], purpose: 'rotate' }],
      [[{ kind: 'step', step: 'takeOver' }], { ...row, calls: [escapeOwner], purpose: 'takeOver' }],
      [[{ kind: 'step', step: 'finish' }], { ...row, calls: [remove], purpose: 'finish' }],
      [[{ kind: 'step', step: 'upgrade' }], { ...row, calls: [move()], purpose: 'upgrade' }],
    ] as const
    for (const [allows, work] of cases) {
      await expect(world.executor.executeApproved(world.yes(allows), work)).rejects.toThrow()
    }
    expect(world.node.state.arrived).toEqual([])
    expect(await world.journal.open()).toEqual([])
  })

  it('authorizes the session a person allowed, owner first, and no other', async () => {
    const world = await createWorld()
    const session = await world.start('s1')
    const signed = await world.signer.authorization(
      world.yes([{ kind: 'session', session: S1 }]),
      session,
      account.guardian,
    )
    expect(signed).toEqual(session.chain!.authorization)
    await expect(
      world.signer.authorization(
        world.yes([{ kind: 'session', session: 's2' as SessionId }]),
        session,
        account.guardian,
      ),
    ).rejects.toThrow('nobody said yes')
    const other = { ...session, chain: { ...session.chain!, sessionHash: felt(5) } }
    await expect(
      world.signer.authorization(world.yes([{ kind: 'session', session: S1 }]), other, account.guardian),
    ).rejects.toThrow()
    world.lock.unlocked = false
    await expect(
      world.signer.authorization(world.yes([{ kind: 'session', session: S1 }]), session, account.guardian),
    ).rejects.toMatchObject({ why: 'locked' })
  })
})

describe('code and clock', () => {
  it('another class of the account, or of a pinned contract, pauses before the next signature', async () => {
    const world = await createWorld()
    const [rule] = policy().calls
    const pin = { classHash: account.classHash, onChange: 'pause' as const }
    await world.start('s1', { calls: [{ ...rule!, codePin: pin }] })
    expect((await world.play('q1')).kind).toBe('sent')
    const next = await world.next()
    next.useKey('s1')
    next.node.state.classHash = felt(0xbad)
    expect(await next.play('q2')).toMatchObject({ kind: 'ask', reasons: [{ code: 'codeChanged' }] })
    expect(next.sessions.get(S1)).toMatchObject({ state: 'paused', pause: 'accountChanged' })
    expect(next.node.state.arrived).toHaveLength(1)
  })

  it('clocks that disagree pause the session until a person looks', async () => {
    const world = await createWorld()
    await world.start('s1')
    world.clock.now -= 301
    expect(await world.play('q1')).toMatchObject({ kind: 'ask', reasons: [{ code: 'clock' }] })
    world.clock.now += 301
    expect(await world.play('q2')).toMatchObject({ kind: 'ask', reasons: [{ code: 'paused' }] })
    await world.sessions.resume(S1, 'person')
    expect((await world.play('q3')).kind).toBe('sent')
  })

  it('of two sessions the one ending first signs, and the other when that one is full', async () => {
    const world = await createWorld()
    await world.start('s1', {
      validUntil: policy().validUntil - 100,
      usage: { tx: [{ window: { kind: 'session' }, max: 1 }], calls: [], maxCallsPerTx: 20, minGap: 0, maxInFlight: 8 },
    })
    await world.start('s2')
    expect(await world.play('q1')).toMatchObject({ session: 's1' })
    expect(await world.play('q2')).toMatchObject({ session: 's2' })
  })

  it('the fee decides with the rest: a session without room for it leaves the call to the next', async () => {
    const world = await createWorld()
    const tokens = [{ token: STRK, perTx: u256(1n), caps: [{ window: { kind: 'session' as const }, max: u256(10n) }] }]
    await world.start('s1', { validUntil: policy().validUntil - 100, fees: { payer: 'account', tokens } })
    expect(await world.play('q1')).toMatchObject({ kind: 'ask', reasons: [{ code: 'feeCap' }, { code: 'feePerTx' }] })
    await world.start('s2')
    expect(await world.play('q2')).toMatchObject({ kind: 'sent', session: 's2' })
  })
})

describe('what a row says of its limits', () => {
  const TX_CAPS = [
    { window: { kind: 'session' as const }, max: 200 },
    { window: { kind: 'rolling' as const, seconds: 60 }, max: 10 },
  ]
  const rowOf = async (world: World, request: string) => (await world.journal.ofRequest(ORIGIN, request))!
  const told = ({ passed = [] }: { readonly passed?: JournalRow['passed'] }, meter: string) =>
    passed
      .filter((it) => it.meter === meter)
      .map(({ window, max, before, took }) => [window.kind, max, before, took].join(' '))

  it('is how they stood before it, with what others held, and what its own end booked', async () => {
    const world = await createWorld()
    await world.start('s1', { usage: { ...policy().usage, tx: TX_CAPS } })
    await world.play('q1')
    await world.play('q2')
    const [first, second] = [await rowOf(world, 'q1'), await rowOf(world, 'q2')]
    const bound = BigInt(first.charges.find(({ meter }) => meter.startsWith('fee:'))!.amount)
    expect(told(first, 'tx')).toEqual(['session 200 0 ', 'rolling 10 0 '])
    expect(told(second, 'tx')).toEqual(['session 200 1 ', 'rolling 10 1 '])
    expect(told(second, `fee:${STRK}`)).toEqual([`session ${10n ** 24n} ${bound} `])
    await world.settle()
    const [one, two] = [await rowOf(world, 'q1'), await rowOf(world, 'q2')]
    expect([told(one, 'tx'), told(two, 'tx')]).toEqual([
      ['session 200 0 1', 'rolling 10 0 1'],
      ['session 200 1 1', 'rolling 10 1 1'],
    ])
    // What each took is what is booked, to the last unit.
    const { book, open } = (await world.ledger.state(S1))!
    expect(open).toEqual([])
    for (const meter of ['tx', `fee:${STRK}`]) {
      const took = [one, two].flatMap(({ passed = [] }) =>
        passed.filter((it) => it.meter === meter && it.window.kind === 'session').map((it) => BigInt(it.took!)),
      )
      expect(took.reduce((sum, it) => sum + it, 0n)).toBe(total(book, meter))
    }
    await world.play('q3')
    expect(told(await rowOf(world, 'q3'), `fee:${STRK}`)).toEqual([
      `session ${10n ** 24n} ${total(book, `fee:${STRK}`)} `,
    ])
  })

  it('of one that was given back unsigned took nothing', async () => {
    const world = await createWorld()
    await world.start('s1', { usage: { ...policy().usage, tx: TX_CAPS } })
    await world.play('q1')
    const row = await rowOf(world, 'q1')
    await world.ledger.settle(row.id, { end: 'rejected', at: world.clock.now })
    expect(told(await rowOf(world, 'q1'), 'tx')).toEqual(['session 200 0 0', 'rolling 10 0 0'])
  })
})

describe('simulation', () => {
  it('where the policy asks for it: outflow nobody declared is a reason, and nothing is signed', async () => {
    const world = await createWorld()
    await world.start('s1', { spend: { ...policy().spend, look: 'simulate' } })
    expect((await world.play('q1')).kind).toBe('sent')
    expect(world.node.state.methods).toContain('starknet_simulateTransactions')
    world.node.state.trace = [
      {
        order: 0,
        keys: ['0x99cd8bde557814842a3121e8ddfd433a539b8c9f14bf31ebf108d12e6196e9', ACCOUNT, '0xbad'],
        data: ['0x5', '0x0'],
      },
    ]
    expect(await world.play('q2')).toMatchObject({ kind: 'ask', reasons: [{ code: 'undeclaredOutflow' }] })
    expect(world.node.state.arrived).toHaveLength(1)
  })

  it('for a person: what goes out and comes in, per token', async () => {
    const world = await createWorld()
    world.node.state.trace = [
      {
        order: 0,
        keys: ['0x99cd8bde557814842a3121e8ddfd433a539b8c9f14bf31ebf108d12e6196e9', ACCOUNT, '0xbad'],
        data: ['0x5', '0x0'],
      },
      {
        order: 1,
        keys: ['0x99cd8bde557814842a3121e8ddfd433a539b8c9f14bf31ebf108d12e6196e9', '0xbad', ACCOUNT],
        data: ['0x9', '0x0'],
      },
    ]
    const { moves } = await world.executor.trial({ network: NETWORK, account, calls: [move()] })
    expect(moves).toEqual([{ token: GAME, out: u256(0n), in: u256(4n) }])
  })
})
