import 'fake-indexeddb/auto'
import { describe, expect, it } from 'vitest'
import { STRK } from '../../core/account.ts'
import { felt, u256 } from '../../core/felt.ts'
import { emptyBook, TX, used } from '../../core/policy/book.ts'
import type { MeterId, SessionId } from '../../core/policy/policy.ts'
import type { JournalRow } from '../../core/records.ts'
import { DAY } from '../../core/time.ts'
import { isNodeError } from '../../platform/node-error.ts'
import { revokeSessionCall } from '../../starknet/accounts.ts'
import { ANY_CALLER } from '../../starknet/outside.ts'
import { holdsOf } from './journal.ts'
import {
  ACCOUNT,
  account,
  bodyOf,
  CHAIN_ID,
  createWorld,
  hashOf,
  move,
  NETWORK,
  ORIGIN,
  policy,
  START,
  storedSession,
  type World,
} from './stub-world.ts'

const bounds = {
  l1_gas: { maxAmount: 0n, maxPrice: 100n },
  l2_gas: { maxAmount: 1_000n, maxPrice: 10n },
  l1_data_gas: { maxAmount: 10n, maxPrice: 3n },
}
const facts = () => ({
  ownAccounts: [ACCOUNT],
  unlocked: true,
  workingSet: true,
  clockWrong: false,
  classes: { [ACCOUNT]: { classHash: account.classHash, readAt: 2 ** 35 } },
  liveAllowance: false,
  simulation: 'none' as const,
  reverts: { inARow: 0, lastAt: 0 },
})
/** As far as the hold's commit, and no further. */
const holdOnly = (world: World, request: string) =>
  world.ledger.hold({
    by: 'session',
    session: 's1' as SessionId,
    network: NETWORK,
    chainId: CHAIN_ID,
    account: ACCOUNT,
    origin: ORIGIN,
    request,
    calls: [move()],
    bounds,
    tip: 0n,
    feeToken: STRK,
    chainNonce: 0n,
    facts,
  })
const cut = async (method: string) => {
  if (method.startsWith('starknet_add')) throw new Error('cut')
  return undefined
}
/** Signed, sent into nothing, and the worker is gone. */
const lost = async (request = 'q1') => {
  const world = await createWorld()
  await world.start('s1')
  world.node.state.fault = cut
  await expect(world.play(request)).rejects.toSatisfy(isNodeError)
  world.node.state.fault = undefined
  return world
}
const nextLife = async (world: World) => {
  const next = await world.next()
  next.useKey('s1')
  const recovered = await next.recovery.recover()
  await recovered.settling
  return { next, recovered }
}
const transactions = (world: World) =>
  world.node.state.arrived.map((text) => (JSON.parse(text) as { params: unknown }).params)
const feeUsed = async (world: World) => {
  const state = (await world.ledger.state('s1' as SessionId))!
  return used(state.book, [], `fee:${STRK}` as MeterId, { kind: 'session' }, world.clock.now)
}

describe('recovers', () => {
  it('worker dies after the hold: released, and the same request runs anew on the same nonce', async () => {
    const world = await createWorld()
    await world.start('s1')
    expect((await holdOnly(world, 'q1')).kind).toBe('held')
    const { next, recovered } = await nextLife(world)
    expect(recovered).toMatchObject({ released: 1, open: 0 })
    expect((await next.play('q1')).kind).toBe('sent')
    expect(bodyOf(next.node.state.arrived[0]!).nonce).toBe('0x0')
    expect(await next.journal.list({ session: 's1' as SessionId })).toMatchObject(
      expect.arrayContaining([expect.objectContaining({ end: 'released' })]),
    )
  })

  it('worker dies after sign, before send: the very same transaction goes out, once', async () => {
    const world = await lost()
    const [sent] = transactions(world)
    const before = world.node.state.arrived.length
    const { next } = await nextLife(world)
    expect(transactions(next).slice(before)).toEqual([sent])
    expect(await next.journal.open()).toMatchObject([{ status: 'sent' }])
    expect(await next.play('q1')).toMatchObject({ kind: 'sent', hash: hashOf(bodyOf(next.node.state.arrived[0]!)) })
    expect(next.node.state.known.size).toBe(1)
  })

  it('worker dies after the node took it: followed and settled, never sent a second time', async () => {
    const world = await createWorld()
    await world.start('s1')
    world.node.state.fault = async (method, params) => {
      if (!method.startsWith('starknet_add')) return undefined
      world.node.perform(method, params)
      return new Promise(() => {})
    }
    void world.play('q1')
    await expect.poll(() => world.node.state.known.size).toBe(1)
    world.node.state.fault = undefined
    const { next } = await nextLife(world)
    expect(next.node.state.arrived).toHaveLength(1)
    await next.settle()
    expect(await next.journal.open()).toEqual([])
    expect(await feeUsed(next)).toBe(next.node.state.fee)
  })

  it('lost, and the session was revoked: not sent, held, and its nonce goes to the next transaction', async () => {
    const world = await lost()
    await world.sessions.revoke('s1' as SessionId, world.clock.now, false)
    const before = world.node.state.arrived.length
    const { next } = await nextLife(world)
    expect(next.node.state.arrived).toHaveLength(before)
    expect(await next.journal.open()).toMatchObject([{ status: 'signed', parked: true }])
    await next.start('s2')
    expect((await next.play('q2')).kind).toBe('sent')
    expect(bodyOf(next.node.state.arrived.at(-1)!).nonce).toBe('0x0')
  })

  it('lost, and the session was narrowed so that it would not fit today: not sent', async () => {
    const world = await lost()
    await world.sessions.narrow('s1' as SessionId, ({ effective }) => ({
      ...effective,
      calls: effective.calls.map((rule) => ({ ...rule, enabled: false })),
    }))
    const before = world.node.state.arrived.length
    const { next } = await nextLife(world)
    expect(next.node.state.arrived).toHaveLength(before)
    expect(await next.journal.open()).toMatchObject([{ parked: true }])
  })

  it('lost at the very limit: its own hold does not stand in its way', async () => {
    const world = await createWorld()
    await world.start('s1', {
      usage: { tx: [{ window: { kind: 'session' }, max: 1 }], calls: [], maxCallsPerTx: 20, minGap: 0, maxInFlight: 1 },
    })
    world.node.state.fault = cut
    await expect(world.play('q1')).rejects.toSatisfy(isNodeError)
    world.node.state.fault = undefined
    const { next } = await nextLife(world)
    expect(next.node.state.known.size).toBe(1)
  })

  it('lost, locked since, and the session does not run while locked: not sent', async () => {
    const world = await createWorld()
    await world.start('s1', {}, { runWhileLocked: false })
    world.node.state.fault = cut
    await expect(world.play('q1')).rejects.toSatisfy(isNodeError)
    world.node.state.fault = undefined
    const next = await world.next()
    next.lock.unlocked = false
    const before = next.node.state.arrived.length
    await (await next.recovery.recover()).settling
    expect(next.node.state.arrived).toHaveLength(before)
    expect(await next.journal.open()).toMatchObject([{ parked: true }])
  })

  it('lost, and something else used the nonce: dropped after two readings 60 s apart, not before', async () => {
    const world = await lost()
    world.node.state.nonce = 3n
    const before = world.node.state.arrived.length
    const { next } = await nextLife(world)
    expect(next.node.state.arrived).toHaveLength(before)
    await next.settle(3)
    expect(await next.journal.open()).toHaveLength(1)
    next.clock.now += 59
    await next.settle(3)
    expect(await next.journal.open()).toHaveLength(1)
    next.clock.now += 1
    await next.settle()
    expect(await next.journal.open()).toEqual([])
    expect(await next.journal.list({ session: 's1' as SessionId })).toMatchObject([{ end: 'dropped' }])
    expect(await feeUsed(next)).toBe(0n)
  })

  it('lost, and refused when it is sent again: held, its nonce goes on, and the rows after it are looked for', async () => {
    const world = await createWorld()
    await world.start('s1')
    world.node.state.fault = cut
    for (const request of ['q1', 'q2']) await expect(world.play(request)).rejects.toSatisfy(isNodeError)
    world.node.state.fault = async (method) =>
      method.startsWith('starknet_add') ? { error: { code: 53, message: 'Resources bounds too low' } } : undefined
    const { next } = await nextLife(world)
    expect(await next.journal.open()).toMatchObject([
      { nonce: '0x0', status: 'signed', parked: true },
      { nonce: '0x1', status: 'signed', parked: true },
    ])
    next.node.state.fault = undefined
    expect((await next.play('q3')).kind).toBe('sent')
    expect(bodyOf(next.node.state.arrived.at(-1)!).nonce).toBe('0x0')
  })

  it('lost, and the node refuses to say anything of one: the rows after it are sent all the same', async () => {
    const world = await createWorld()
    await world.start('s1')
    await world.start('s2')
    world.node.state.fault = cut
    await expect(world.play('q1', [move()], 's1')).rejects.toSatisfy(isNodeError)
    await expect(world.play('q2', [move()], 's2')).rejects.toSatisfy(isNodeError)
    world.node.state.fault = undefined
    const [first] = await world.journal.open()
    world.node.state.fault = async (method, params) =>
      method === 'starknet_getTransactionStatus' &&
      (params as { transaction_hash: string }).transaction_hash === first!.hash
        ? { error: { code: 63, message: 'An unexpected error occurred' } }
        : undefined
    world.node.state.nonce = 1n
    const next = await world.next()
    next.useKey('s1')
    next.useKey('s2')
    await (await next.recovery.recover()).settling
    expect([...next.node.state.known.values()].map(({ body }) => body.nonce)).toEqual(['0x1'])
  })

  it('a damaged row: its session pauses for good, and the rest of the account goes on', async () => {
    const world = await createWorld()
    await world.start('s1')
    await world.start('s2')
    world.node.state.holdsBack = true
    await world.play('q1', [move()], 's1')
    const [row] = await world.journal.open()
    await expect.poll(async () => (await world.journal.get(row!.id))?.status).toBe('sent')
    await world.db.write(['journal'], 'strict', async (tx) => {
      const stored = (await tx.row('journal', row!.id))!
      await tx.putRow('journal', { ...stored, value: { ...(stored.value as object), nonce: '0x9' } })
    })
    // In this life.
    expect((await world.play('q2', [move()], 's2')).kind).toBe('sent')
    world.node.state.mine()
    world.node.state.holdsBack = false
    // And at the next one's start.
    const next = await world.next()
    next.useKey('s1')
    next.useKey('s2')
    await (await next.recovery.recover()).settling
    await expect.poll(() => next.sessions.get('s1' as SessionId)?.pause).toBe('storageTampered')
    expect(next.sessions.get('s2' as SessionId)?.state).toBe('active')
    expect((await next.play('q3', [move()], 's2')).kind).toBe('sent')
    await next.settle()
    const out = next.node.state.arrived.length
    expect(await next.play('q4', [move()], 's1')).toMatchObject({ kind: expect.stringMatching(/ask|none/) })
    // Nobody can say what became of its own request, whichever session is asked.
    await expect(next.play('q1', [move()], 's2')).rejects.toMatchObject({ kind: 'node', reason: 'silent' })
    expect(next.node.state.arrived).toHaveLength(out)
  })

  it('a damaged book: its open row ends, and a held one does not keep the wallet shut', async () => {
    const world = await createWorld()
    await world.start('s1')
    await world.play('q1')
    expect((await holdOnly(world, 'q2')).kind).toBe('held')
    await world.db.write(['books'], 'strict', async (tx) => {
      const stored = (await tx.row('books', 's1'))!
      await tx.putRow('books', { ...stored, value: { ...(stored.value as object), base: {}, seq: 99 } })
    })
    const { next } = await nextLife(world)
    expect(await next.journal.list({ session: 's1' as SessionId })).toContainEqual(
      expect.objectContaining({ request: 'q2', end: 'released' }),
    )
    await next.settle()
    expect(await next.journal.open()).toEqual([])
    expect(next.sessions.get('s1' as SessionId)?.pause).toBe('storageTampered')
  })

  it('a book that alone is put back to an older day is found at the unlock: something was counted in a newer one', async () => {
    const world = await createWorld()
    await world.start('s1')
    await world.play('q1')
    await world.settle()
    const old = await world.db.read(['books'], (tx) => tx.row('books', 's1'))
    await world.play('q2')
    await world.settle()
    const sound = await world.next()
    await sound.journal.audit()
    expect(sound.errors).toEqual([])
    expect(sound.sessions.get('s1' as SessionId)?.state).toBe('active')

    await world.db.write(['books'], 'strict', (tx) => tx.putRow('books', old!))
    const next = await world.next()
    next.useKey('s1')
    await next.journal.audit()
    expect(next.stops.isStopped('s1' as SessionId)).toBe(true)
    await expect.poll(() => next.sessions.get('s1' as SessionId)?.pause).toBe('storageTampered')
    const out = next.node.state.arrived.length
    expect(await next.play('q3')).toMatchObject({ kind: expect.stringMatching(/ask|none/) })
    expect(next.node.state.arrived).toHaveLength(out)
  })

  it('node silent: everything stays held, and nothing new is signed', async () => {
    const world = await lost()
    world.node.state.fault = async () => {
      throw new Error('down')
    }
    const { next } = await nextLife(world)
    expect(await next.journal.open()).toMatchObject([{ status: 'signed' }])
    await expect(next.play('q2')).rejects.toSatisfy(isNodeError)
    expect(await next.journal.open()).toHaveLength(1)
    expect(next.errors).toEqual([])
  })

  it('nothing new takes a nonce while the node is still asked about what was', async () => {
    const world = await lost()
    const next = await world.next()
    next.useKey('s1')
    let answer = () => {}
    const asked = new Promise<void>((resolve) => {
      next.node.state.fault = async (method) => {
        if (method !== 'starknet_getTransactionStatus') return undefined
        resolve()
        await new Promise<void>((go) => {
          answer = go
        })
        next.node.state.fault = undefined
        return undefined
      }
    })
    const { settling } = await next.recovery.recover()
    await asked
    const late = next.play('q2')
    const before = next.node.state.arrived.length
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(next.node.state.arrived).toHaveLength(before)
    answer()
    await settling
    expect((await late).kind).toBe('sent')
    expect(next.node.state.arrived.slice(before).map((text) => bodyOf(text).nonce)).toEqual(['0x0', '0x1'])
  })

  it('what is under way in this very life is left alone', async () => {
    const world = await createWorld()
    await world.start('s1')
    let release = () => {}
    const sending = new Promise<void>((resolve) => {
      world.node.state.fault = async (method) => {
        if (!method.startsWith('starknet_add')) return undefined
        resolve()
        await new Promise<void>((go) => {
          release = go
        })
        return undefined
      }
    })
    const play = world.play('q1')
    await sending
    const { settling, open } = await world.recovery.recover()
    await settling
    expect(open).toBe(0)
    release()
    expect((await play).kind).toBe('sent')
    expect(world.node.state.arrived).toHaveLength(1)
  })

  it("a person's yes is good for ten minutes, and then the transaction is not sent again", async () => {
    for (const [age, out] of [
      [599, 1],
      [601, 0],
    ] as const) {
      const world = await createWorld()
      const yes = world.yes([{ kind: 'calls', calls: [move(4)] }])
      const { bounds: shown } = await world.executor.trial({ network: NETWORK, account, calls: [move(4)] })
      world.node.state.fault = cut
      await expect(
        world.executor.executeApproved(yes, {
          network: NETWORK,
          account,
          kind: 'invoke',
          calls: [move(4)],
          bounds: shown,
        }),
      ).rejects.toSatisfy(isNodeError)
      world.node.state.fault = undefined
      world.clock.now += age
      const before = world.node.state.arrived.length
      const { next } = await nextLife(world)
      expect(next.node.state.arrived.length - before).toBe(out)
    }
  })

  it('settled, and history is missing: the receipt is written again, once', async () => {
    const world = await createWorld()
    await world.start('s1')
    await world.play('q1')
    await world.settle()
    const rows = async (of: World) => (await of.history.list({ limit: 10 })).rows
    await expect.poll(async () => (await rows(world)).length).toBe(1)
    const [row] = await rows(world)
    await world.db.write(['history'], 'strict', (tx) => world.guard.remove(tx, 'history', row!.id))
    const { next } = await nextLife(world)
    expect(await rows(next)).toEqual([row])
    await (await next.recovery.recover()).settling
    expect(await rows(next)).toHaveLength(1)
  })

  it('the revocation was sent: done as soon as the account says so', async () => {
    const world = await createWorld()
    const session = await world.start('s1')
    await world.sessions.revoke(session.id, world.clock.now, true)
    await world.sessions.onChain(session.id, { state: 'sent', hash: felt(1) })
    world.node.state.revoked.add(session.chain!.sessionHash)
    const { next } = await nextLife(world)
    expect(next.sessions.get(session.id)?.onChain).toEqual({ state: 'done', hash: felt(1) })
  })

  it('the revocation was sent and has failed, and nobody noted that: it is told as failed, and can be asked for again', async () => {
    const world = await createWorld()
    const session = await world.start('s1')
    await world.sessions.revoke(session.id, world.clock.now, true)
    const yes = world.yes([{ kind: 'revoke', sessionHash: session.chain!.sessionHash }])
    world.node.state.reverts = 'as asked'
    await world.executor.revokeOnChain(world.sessions.get(session.id)!, yes)
    const [row] = await world.journal.open()
    await world.settle()
    // As if the worker had died between the two.
    await world.sessions.onChain(session.id, { state: 'sent', hash: row!.hash })
    const { next } = await nextLife(world)
    expect(next.sessions.get(session.id)?.onChain).toEqual({ state: 'failed', hash: row!.hash })
    expect((await next.sessions.revoke(session.id, next.clock.now, true))?.onChain).toEqual({ state: 'wanted' })
  })

  it('the chain was to be told of an end and was not yet: it is told, after what was out is found', async () => {
    const world = await lost()
    await world.start('s2')
    await world.sessions.revoke('s2' as SessionId, world.clock.now, true)
    const next = await world.next()
    next.useKey('s1')
    let found = false
    next.node.state.fault = async (method) => {
      if (method.startsWith('starknet_add')) found = !next.log.includes('wanted')
      return undefined
    }
    await (await next.recovery.recover()).settling
    expect(found).toBe(true)
    expect(next.log.filter((it) => it === 'wanted')).toHaveLength(1)
  })

  it('worker dies after the hold of a revocation: the chain is still to be told, and nothing has failed', async () => {
    const world = await createWorld()
    const session = await world.start('s1')
    await world.sessions.revoke(session.id, world.clock.now, true)
    const { sessionHash } = session.chain!
    await world.ledger.hold({
      by: 'person',
      approved: world.yes([{ kind: 'revoke', sessionHash }]),
      network: NETWORK,
      account: ACCOUNT,
      kind: 'invoke',
      purpose: 'revoke',
      calls: [revokeSessionCall(ACCOUNT, sessionHash)],
      bounds,
      tip: 0n,
      chainNonce: 0n,
      hashOf: () => felt(0x123),
    })
    const { next, recovered } = await nextLife(world)
    expect(recovered).toMatchObject({ released: 1 })
    expect(next.log.filter((it) => it === 'wanted')).toHaveLength(1)
    expect(next.sessions.get(session.id)?.onChain).toEqual({ state: 'wanted' })
  })

  it('no end waits for the chain: nobody is asked to tell it', async () => {
    const world = await createWorld()
    const session = await world.start('s1')
    await world.sessions.revoke(session.id, world.clock.now, false)
    const { next } = await nextLife(world)
    expect(next.log).not.toContain('wanted')
  })

  it('asleep: nothing is read, and a request is no one’s session', async () => {
    const world = await createWorld()
    await world.start('s1')
    const next = await createWorld({ name: world.name, clock: world.clock, node: world.node })
    next.lock.asleep = true
    next.lock.unlocked = false
    expect(
      await next.executor.executeInSession({
        origin: ORIGIN,
        request: 'q1',
        network: NETWORK,
        account: ACCOUNT,
        calls: [move()],
        session: 'unknown' as SessionId,
      }),
    ).toEqual({ kind: 'none' })
  })
})

describe('receipts', () => {
  const spending = {
    spend: {
      look: 'receipt' as const,
      limits: [
        {
          asset: 'erc20' as const,
          token: STRK,
          caps: [{ window: { kind: 'session' as const }, max: u256(1_000_000n) }],
          spenders: [],
          approvals: 'forbid' as const,
          foreignTransferFrom: 'forbid' as const,
        },
      ],
    },
  }

  it('book the fee that was paid and give the rest of the hold back', async () => {
    const world = await createWorld()
    await world.start('s1')
    world.node.state.fee = 777n
    await world.play('q1')
    const [row] = await world.journal.open()
    expect(BigInt(row!.charges.find(({ meter }) => meter === `fee:${STRK}`)!.amount)).toBeGreaterThan(777n)
    await world.settle()
    expect(await feeUsed(world)).toBe(777n)
    expect((await world.journal.get(row!.id))?.outcome?.out).toEqual({})
  })

  it('of a revert: fee and count stay, and the node’s words are kept', async () => {
    const world = await createWorld()
    await world.start('s1', spending)
    world.node.state.reverts = "argent/multicall-failed ('game/over')"
    await world.play('q1')
    await world.settle()
    const { book } = (await world.ledger.state('s1' as SessionId))!
    expect(used(book, [], 'tx' as MeterId, { kind: 'session' }, world.clock.now)).toBe(1n)
    expect(await feeUsed(world)).toBe(world.node.state.fee)
    const [row] = await world.journal.list({ session: 's1' as SessionId })
    expect(row).toMatchObject({ end: 'reverted', failure: expect.stringContaining('game/over') })
    expect(await world.ledger.reverts('s1' as SessionId)).toMatchObject({ inARow: 1 })
  })

  it('of a revert: it counts by its end, also for the next life, where somebody else’s transaction ended before it', async () => {
    const world = await createWorld()
    await world.start('s1')
    world.node.state.holdsBack = true
    world.node.state.reverts = 'game: no'
    await world.play('q1')
    world.clock.now += 60
    world.node.state.mine()
    await world.settle()
    const [reverted] = await world.journal.list({ session: 's1' as SessionId })
    const handedIn: JournalRow = {
      ...reverted!,
      id: 's1/other',
      request: 'q0',
      end: 'accepted',
      outside: {
        version: 2,
        caller: ANY_CALLER,
        executeAfter: START - 60,
        executeBefore: START + DAY,
        via: 'agent',
        payer: 'paymaster',
        from: 0,
      },
      settledAt: reverted!.settledAt! - 30,
    }
    expect(await world.journal.putBack(handedIn)).toBe(true)
    const next = await world.next()
    expect(await next.ledger.reverts('s1' as SessionId)).toEqual({ inARow: 1, lastAt: reverted!.settledAt })
  })

  it('with more outflow than was declared: booked in full, and the session pauses', async () => {
    const world = await createWorld()
    await world.start('s1', spending)
    const { transferEvent } = await import('./stub-world.ts')
    world.node.state.events = [transferEvent(STRK, ACCOUNT, felt(0xbad) as never, 5_000n)]
    await world.play('q1')
    await world.settle()
    const { book, session } = (await world.ledger.state('s1' as SessionId))!
    expect(used(book, [], `spend:${STRK}` as MeterId, { kind: 'session' }, world.clock.now)).toBe(5_000n)
    expect(session).toMatchObject({ state: 'paused', pause: 'overdrawn' })
    expect(await world.play('q2')).toMatchObject({ kind: 'ask', reasons: [{ code: 'paused' }] })
  })

  it('settle once: a second settlement changes nothing', async () => {
    const world = await createWorld()
    await world.start('s1')
    await world.play('q1')
    const [row] = await world.journal.open()
    const outcome = { block: 1, at: world.clock.now, fee: { token: STRK, paid: u256(50n) }, out: {} }
    await world.ledger.settle(row!.id, { end: 'accepted', outcome })
    await world.ledger.settle(row!.id, { end: 'accepted', outcome })
    await world.ledger.settle(row!.id, { end: 'dropped' })
    expect(await feeUsed(world)).toBe(50n)
  })

  it('of a chain that started over within the hour: it is not looked for, and never sent to the new one', async () => {
    const world = await createWorld()
    await world.start('s1')
    await world.play('q1')
    await world.settle()
    world.clock.now += 60
    world.node.state.known.clear()
    world.node.state.nonce = 0n
    world.node.state.genesisAt = world.clock.now
    await world.networks.adopt(NETWORK, { ...world.networks.get(NETWORK).genesis!, at: world.clock.now })
    const next = await world.next()
    const sent = next.node.state.arrived.length
    await next.watcher.look()
    expect(await next.journal.open()).toEqual([])
    expect(next.node.state.arrived.length).toBe(sent)
    expect(next.sessions.get('s1' as SessionId)).toMatchObject({ state: 'active' })
  })

  it('whose block is gone: bookings stay, the session pauses, and it is not booked twice', async () => {
    const world = await createWorld()
    await world.start('s1')
    await world.play('q1')
    await world.settle()
    const before = await feeUsed(world)
    const [[hash, mined]] = [...world.node.state.known] as [[ReturnType<typeof felt>, never]]
    world.node.state.known.delete(hash)
    world.node.state.nonce = 0n
    await world.watcher.look()
    expect(world.sessions.get('s1' as SessionId)).toMatchObject({ state: 'paused', pause: 'reorg' })
    expect(await world.journal.open()).toMatchObject([{ status: 'sent', booked: true }])
    // Booked already: it does not count as a hold beside that.
    expect(holdsOf(await world.journal.open())).toEqual([])
    expect(await feeUsed(world)).toBe(before)
    world.node.state.known.set(hash, mined)
    world.node.state.nonce = 1n
    await world.settle()
    expect(await world.journal.open()).toEqual([])
    expect(await feeUsed(world)).toBe(before)
  })

  it('of what the node had refused: found in a block after all, it is booked', async () => {
    const world = await createWorld()
    await world.start('s1')
    world.node.state.fault = async (method, params) => {
      if (!method.startsWith('starknet_add')) return undefined
      world.node.perform(method, params)
      return { error: { code: 53, message: 'Resources bounds too low' } }
    }
    await expect(world.play('q1')).rejects.toSatisfy(isNodeError)
    world.node.state.fault = undefined
    expect(await feeUsed(world)).toBe(0n)
    await world.watcher.look()
    expect(await world.journal.list({ session: 's1' as SessionId })).toMatchObject([{ end: 'accepted' }])
    expect(await feeUsed(world)).toBe(world.node.state.fee)
  })

  it('of what was refused are asked for until the nonce is used by another, and no longer', async () => {
    const world = await createWorld()
    await world.start('s1')
    world.node.state.fault = async (method) =>
      method.startsWith('starknet_add') ? { error: { code: 53, message: 'Resources bounds too low' } } : undefined
    await expect(world.play('q1')).rejects.toSatisfy(isNodeError)
    world.node.state.fault = undefined
    const asks = async () => {
      const before = world.node.state.methods.filter((it) => it === 'starknet_getTransactionStatus').length
      world.clock.now += 60
      await world.watcher.look()
      return world.node.state.methods.filter((it) => it === 'starknet_getTransactionStatus').length - before
    }
    expect(await asks()).toBe(1)
    expect(await asks()).toBe(1)
    world.node.state.nonce = 1n
    expect(await asks()).toBe(1)
    expect(await asks()).toBe(0)
    expect(await world.journal.list({ session: 's1' as SessionId })).toMatchObject([{ end: 'rejected' }])
  })

  it('not there yet: nothing ends by time alone', async () => {
    const world = await createWorld()
    await world.start('s1')
    world.node.state.holdsBack = true
    await world.play('q1')
    for (let minute = 0; minute < 30; minute += 1) {
      world.clock.now += 60
      await world.settle(1)
    }
    expect(await world.journal.open()).toMatchObject([{ status: 'sent' }])
    expect(world.node.state.arrived).toHaveLength(1)
    world.node.state.mine()
    await world.settle()
    expect(await world.journal.open()).toEqual([])
  })

  it('evicted: the same bytes again while the session runs', async () => {
    const world = await createWorld()
    await world.start('s1')
    world.node.state.holdsBack = true
    await world.play('q1')
    world.node.state.pool.length = 0
    world.node.state.holdsBack = false
    world.clock.now += 31
    await world.settle()
    expect(world.node.state.known.size).toBe(1)
    expect(new Set(world.node.hashes()).size).toBe(1)
    expect(await world.journal.open()).toEqual([])
  })
})

describe('what an agent has scheduled', () => {
  const SLOT = 3_600
  /** One slot at the beginning of each of these days. */
  const scheduled = async (...days: number[]) => {
    const world = await createWorld()
    await world.nodes.of(NETWORK)
    await agreed(world, 's1', days)
    return world
  }
  const agreed = async (world: World, id: string, days: readonly number[]) => {
    const granted = policy({ validUntil: START + 60 * DAY, fees: { payer: 'paymaster', tokens: [] } })
    const entries = days.map((day, index) => ({
      version: 2 as const,
      caller: ANY_CALLER,
      executeAfter: START + day * DAY - 1,
      executeBefore: START + day * DAY + SLOT,
      nonce: felt(world.clock.now + index),
      calls: [move(index)],
      signature: [],
    }))
    const session = { ...storedSession(id, granted), scheduled: entries }
    const by = { ownAccounts: [ACCOUNT], liveAllowance: false, from: 1 }
    await world.sessions.create(session, emptyBook(session.id), undefined, by)
  }
  const S1 = 's1' as SessionId
  const TRANSACTION = felt(0xfeed)
  const rows = async ({ journal }: World) =>
    [...(await journal.list({ session: S1 }))].sort((a, b) => Number(BigInt(a.nonce) - BigInt(b.nonce)))
  const counted = async (world: World) => {
    const { book, open } = (await world.ledger.state(S1))!
    return used(book, holdsOf(open), TX, { kind: 'session' }, world.clock.now)
  }
  /** The account does the first of them, on its day. */
  const executes = async (world: World) => {
    const [first] = await rows(world)
    world.node.state.execute({ hash: first!.hash, nonce: first!.nonce, transaction: TRANSACTION })
  }
  const forgets = (world: World, { hash, nonce }: { readonly hash: string; readonly nonce: string }) => {
    world.node.state.known.delete(TRANSACTION)
    world.node.state.executed.delete(hash)
    world.node.state.usedNonces.delete(nonce)
  }
  /** The watcher's rounds, each so long after the other, until all of these have ended so. */
  const becomes = (world: World, ends: readonly JournalRow['end'][], apart = 0) => {
    world.watcher.follow(NETWORK, ACCOUNT)
    return expect
      .poll(async () => {
        world.clock.now += apart
        await world.settle(1)
        return (await rows(world)).map(({ end }) => end)
      })
      .toEqual(ends)
  }

  describe('and has ended weeks after it was written is followed by the next life for an hour, as all else is', () => {
    it('its block is gone: bookings stay, the session pauses, and it is followed again', async () => {
      const world = await scheduled(20)
      world.clock.now = START + 20 * DAY + 60
      await executes(world)
      await becomes(world, ['accepted'])
      const [row] = await rows(world)
      const { next } = await nextLife(world)
      forgets(next, row!)
      next.clock.now += SLOT - 60
      await next.watcher.look()
      expect(next.sessions.get(S1)).toMatchObject({ state: 'paused', pause: 'reorg' })
      expect(await next.journal.open()).toMatchObject([{ id: row!.id, status: 'sent', booked: true }])
      expect(await counted(next)).toBe(1n)
    })

    it('its end was heard of late, and what came in a later block is gone: that is found all the same', async () => {
      const world = await scheduled(20)
      await world.start('s2', { validUntil: START + 60 * DAY })
      world.clock.now = START + 20 * DAY + 60
      await executes(world)
      const played = await world.play('q1', [move()], 's2')
      if (played.kind !== 'sent') throw new Error('not sent')
      world.clock.now += 5
      await world.settle()
      expect(await world.journal.open()).toEqual([])
      world.node.state.known.delete(played.hash)
      world.node.state.nonce = 0n
      await world.watcher.look()
      expect(await world.journal.open()).toMatchObject([{ hash: played.hash, booked: true }])
    })

    it('nobody can say what became of a dropped one: what came in a block that is gone is found all the same', async () => {
      const world = await scheduled(20)
      await world.start('s2', { validUntil: START + 60 * DAY })
      world.clock.now = START + 20 * DAY + SLOT + 1
      await becomes(world, ['dropped'], 61)
      const played = await world.play('q1', [move()], 's2')
      if (played.kind !== 'sent') throw new Error('not sent')
      await world.settle()
      world.node.state.known.delete(played.hash)
      world.node.state.nonce = 0n
      world.node.state.fault = async (method) =>
        method === 'starknet_call' ? { error: { code: 20, message: 'Contract not found' } } : undefined
      await world.watcher.look()
      expect(await world.journal.open()).toMatchObject([{ hash: played.hash, booked: true }])
    })

    it('however many have: the account’s own newest nonce is known, and no node talks it back', async () => {
      const world = await createWorld()
      await world.start('s2', { validUntil: START + 60 * DAY })
      await world.play('q1', [move()], 's2')
      await world.settle()
      // Written one after the other, and each eight of them read with the newest sixteen.
      for (const id of ['s1', 's3']) {
        world.clock.now += 100
        await agreed(world, id, [20, 20, 20, 20, 20, 20, 20, 20])
      }
      const all = await world.journal.open()
      world.clock.now = START + 20 * DAY + 60
      for (const [at, { hash, nonce }] of all.entries())
        world.node.state.execute({ hash, nonce, transaction: felt(0xfeed + at) })
      world.watcher.follow(NETWORK, ACCOUNT)
      await world.settle()
      expect((await world.journal.list({ network: NETWORK, account: ACCOUNT })).map(({ end }) => end)).toEqual(
        Array.from({ length: 17 }, () => 'accepted'),
      )
      const one = { network: NETWORK, account: ACCOUNT, limit: 1 }
      expect(await world.journal.list({ ...one, own: true })).toMatchObject([{ session: 's2', nonce: '0x0' }])
      expect(await world.journal.list({ ...one, own: true, from: world.clock.now })).toEqual([])
      expect(await world.journal.list(one)).toMatchObject([{ outside: {} }])
      const next = await world.next()
      next.node.state.nonce = 0n
      await expect(next.nonces.chain(NETWORK, ACCOUNT, await next.nodes.of(NETWORK))).rejects.toSatisfy(isNodeError)
    })

    it('it was taken for dropped, and a block has it after all: booked', async () => {
      const world = await scheduled(20)
      world.clock.now = START + 20 * DAY + SLOT + 1
      await becomes(world, ['dropped'], 61)
      expect(await counted(world)).toBe(0n)
      const { next } = await nextLife(world)
      await executes(next)
      await next.watcher.look()
      expect(await rows(next)).toMatchObject([{ end: 'accepted', outside: { transaction: TRANSACTION } }])
      expect(await counted(next)).toBe(1n)
    })

    it('history is missing: its receipt is written again, and none of one that was never sent', async () => {
      const world = await scheduled(20, 20)
      world.clock.now = START + 20 * DAY + SLOT - 60
      await executes(world)
      await becomes(world, ['accepted', undefined])
      await becomes(world, ['accepted', 'dropped'], 61)
      const told = async (of: World) => (await of.history.list({ limit: 10 })).rows
      const [entry] = await told(world)
      await world.db.write(['history'], 'strict', (tx) => world.guard.remove(tx, 'history', entry!.id))
      expect(await told(world)).toEqual([])
      const { next } = await nextLife(world)
      expect(await told(next)).toEqual([entry])
    })

    it('its row is kept as long as any other that ended then', async () => {
      const world = await scheduled(40)
      world.clock.now = START + 40 * DAY + 60
      await executes(world)
      await becomes(world, ['accepted'])
      const place = [{ network: NETWORK, account: ACCOUNT }]
      await world.journal.prune(world.clock.now - 30 * DAY, place)
      expect(await rows(world)).toMatchObject([{ end: 'accepted' }])
      world.clock.now += 31 * DAY
      await world.journal.prune(world.clock.now - 30 * DAY, place)
      expect(await rows(world)).toEqual([])
    })
  })

  describe('and whose time has not come', () => {
    it('costs no request, however often the watcher looks and the worker starts', async () => {
      const world = await scheduled(20, 30)
      world.watcher.follow(NETWORK, ACCOUNT)
      const before = world.node.state.methods.length
      for (const day of [0, 1, 10, 19]) {
        world.clock.now = START + day * DAY
        await world.settle(3)
        await world.watcher.look()
        const { next } = await nextLife(world)
        await next.settle(3)
        await next.watcher.look()
      }
      expect(world.node.state.methods.slice(before)).toEqual([])
      expect(world.timers).toHaveLength(1)
      expect((await rows(world)).map(({ status }) => status)).toEqual(['signed', 'signed'])
    })

    it('is asked for from its time on, and the later ones are not', async () => {
      const world = await scheduled(20, 30)
      world.clock.now = START + 20 * DAY - 1
      await world.watcher.look()
      world.clock.now += 1
      await executes(world)
      const before = world.node.state.methods.length
      await world.watcher.look()
      expect((await rows(world)).map(({ end }) => end)).toEqual(['accepted', undefined])
      expect(world.node.state.methods.slice(before).filter((it) => it === 'starknet_call')).toHaveLength(1)
    })

    it('is asked for where a block is ahead of this clock, where somebody names its transaction, and on this computer, where time can be moved', async () => {
      const asks = async (world: World) => {
        await world.nodes.of(NETWORK)
        const before = world.node.state.methods.length
        await world.watcher.look()
        return world.node.state.methods.slice(before)
      }
      const ahead = await scheduled(20)
      ahead.clock.now = START + 20 * DAY - 3_600
      expect(await asks(ahead)).toEqual([])
      await ahead.networks.sawBlock(NETWORK, START + 20 * DAY)
      expect(await asks(ahead)).toEqual(['starknet_getBlockWithTxHashes'])
      const wrong = await scheduled(20)
      await wrong.networks.sawBlock(NETWORK, wrong.clock.now + 10 * DAY)
      expect(await asks(wrong)).toEqual(['starknet_getBlockWithTxHashes'])
      const named = await scheduled(20)
      const [row] = await rows(named)
      await named.journal.sent(row!.id, named.clock.now, TRANSACTION)
      expect(await asks(named)).toEqual(['starknet_getBlockWithTxHashes'])
      const local = await scheduled(20)
      const { genesis } = local.networks.get(NETWORK)
      const seen = { chainId: CHAIN_ID, spec: '0.10.2', genesis: genesis! }
      await local.networks.setNode(NETWORK, 'http://localhost:5050/', seen)
      expect(await asks(local)).toEqual(['starknet_getBlockWithTxHashes'])
    })

    it('stands in the way of nothing else of its account', async () => {
      const world = await scheduled(20)
      await world.start('s2')
      await world.play('q1', [move()], 's2')
      await world.settle(10)
      expect((await world.journal.list({ session: 's2' as SessionId })).map(({ end }) => end)).toEqual(['accepted'])
    })
  })
})
