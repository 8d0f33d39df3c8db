import 'fake-indexeddb/auto'
import { describe, expect, it } from 'vitest'
import { STRK } from '../../core/account.ts'
import { address, type ClassHash, type Felt, felt, type Hash32, padded, u256 } from '../../core/felt.ts'
import { emptyBook } from '../../core/policy/book.ts'
import type { Call, MeterId, RuleId, SessionId, SessionPolicy, TokenLimit } from '../../core/policy/policy.ts'
import { canonicalText } from '../../core/policy/preimage.ts'
import { isNodeError } from '../../platform/node-error.ts'
import { ARGENT_0_3_1, OPENZEPPELIN_1_0_0 } from '../../starknet/accounts.ts'
import { publicKey, verify } from '../../starknet/curve.ts'
import { sha256 } from '../../starknet/digest.ts'
import { committedMaximum } from '../../starknet/invoke.ts'
import { selectorOf } from '../../starknet/selector.ts'
import { sessionMessage } from '../../starknet/session-token.ts'
import { readBounds } from './fees.ts'
import { createLane } from './lane.ts'
import {
  ACCOUNT,
  account,
  bodyOf,
  createWorld,
  GAME,
  GUARDIAN,
  hashOf,
  move,
  NETWORK,
  ORIGIN,
  OWNER,
  policy,
  SESSION,
  storedSession,
  transferEvent,
  type World,
} from './stub-world.ts'

const request = (network: typeof NETWORK | 'devnet', id: string) => ({
  origin: ORIGIN,
  request: id,
  network,
  account: ACCOUNT,
  calls: [move()],
})
const play = (world: World, network: typeof NETWORK | 'devnet', id: string) =>
  world.executor.executeInSession(request(network, id))
const times = <T>(n: number, make: (at: number) => T) => Array.from({ length: n }, (_, at) => make(at))

describe('executeInSession', () => {
  it('signs and sends a call that fits, and both signatures are over M of the hash that arrived', async () => {
    const world = await createWorld()
    const session = await world.start('s1')
    const result = await world.play('q1')
    const [text] = world.node.state.arrived
    const body = bodyOf(text!)
    expect(result).toEqual({ kind: 'sent', hash: hashOf(body), session: 's1' })
    const token = body.signature as ReturnType<typeof felt>[]
    const message = sessionMessage(hashOf(body), session.chain!.sessionHash)
    expect(verify(message, { r: token[18]!, s: token[19]! }, publicKey(SESSION))).toBe(true)
    expect(verify(message, { r: token[22]!, s: token[23]! }, publicKey(GUARDIAN))).toBe(true)
  })

  it('old leave to take all items of a listed collection: each call is tried, and what it shows is charged', async () => {
    const world = await createWorld()
    const shells = address('0xc011')
    const limit = {
      asset: 'erc721',
      collection: shells,
      maxOut: [{ window: { kind: 'session' }, max: 1 }],
      spenders: [],
      approveOne: 'forbid',
      approveAll: 'forbid',
    } as const
    await world.start('s1', {
      spend: { limits: [{ ...limit, maxOut: [...limit.maxOut], spenders: [] }], look: 'receipt' },
    })
    world.allowances.opened = shells
    const took = (id: number) => ({
      keys: [selectorOf('Transfer'), ACCOUNT, GAME, felt(id), felt(0)],
      data: [],
      order: 0,
    })
    world.node.state.traced = shells
    world.node.state.trace = [took(1)]
    expect(await world.play('q1')).toMatchObject({ kind: 'sent' })
    const [row] = await world.journal.open()
    expect(row?.charges).toContainEqual({ meter: `nft:${shells}`, amount: '1', refundable: '1' })
    world.node.state.trace = [took(2)]
    expect(await world.play('q2')).toMatchObject({ kind: 'ask', reasons: [{ code: 'spendCap' }] })
  })

  it('a session for any contract is signed by the owner and the second key, pauses while locked, and has no key', async () => {
    const world = await createWorld()
    const rule = { ...policy().calls[0]!, contract: '*', entrypoints: '*' } as const
    const granted = policy({ calls: [rule], spend: { limits: [], look: 'simulate' } })
    const { chain: _, ...plain } = storedSession('s1', policy())
    const whole = { granted, effective: granted, policyHash: sha256(canonicalText(granted)) }
    const session = { ...plain, ...whole, backing: 'wallet', runWhileLocked: false } as const
    await world.sessions.create(session, emptyBook(session.id))
    const anywhere: Call = { to: address('0x99'), selector: selectorOf('anything'), calldata: [] }
    const result = await world.play('q1', [anywhere])
    const body = bodyOf(world.node.state.arrived[0]!)
    expect(result).toEqual({ kind: 'sent', hash: hashOf(body), session: 's1' })
    const signature = body.signature as ReturnType<typeof felt>[]
    expect(signature).toHaveLength(9)
    expect(verify(hashOf(body), { r: signature[3]!, s: signature[4]! }, publicKey(OWNER))).toBe(true)
    expect(verify(hashOf(body), { r: signature[7]!, s: signature[8]! }, publicKey(GUARDIAN))).toBe(true)
    world.lock.unlocked = false
    expect(await world.play('q2', [anywhere])).toMatchObject({ kind: 'ask', reasons: [{ code: 'locked' }] })
    world.lock.unlocked = true
    await world.sessions.pause(session.id, 'person')
    expect(await world.play('q3', [anywhere])).toMatchObject({ kind: 'ask', reasons: [{ code: 'paused' }] })
    expect(world.node.state.arrived).toHaveLength(1)
    expect(world.errors).toEqual([])
  })

  it.each([
    ['OpenZeppelin', OPENZEPPELIN_1_0_0],
    ['a class nobody knows', felt(0xb4aa705)],
    ['Ready 0.3.1', ARGENT_0_3_1],
  ])('a session of a plain account (%s) is signed by its owner alone, in the short form', async (_what, classHash) => {
    const world = await createWorld()
    world.node.state.classHash = classHash
    world.node.state.guardian = felt(0)
    const { chain: _, ...plain } = storedSession('s1', policy())
    const accountClass = classHash as ClassHash
    await world.sessions.create(
      { ...plain, accountClass, backing: 'wallet', runWhileLocked: false },
      emptyBook('s1' as SessionId),
    )
    expect(await world.play('q1')).toMatchObject({ kind: 'sent', session: 's1' })
    const body = bodyOf(world.node.state.arrived[0]!)
    const [r, s, ...more] = body.signature as ReturnType<typeof felt>[]
    expect(more).toEqual([])
    expect(verify(hashOf(body), { r: r!, s: s! }, publicKey(OWNER))).toBe(true)
    // What its policy does not name, it does not do.
    const other: Call = { to: address('0x99'), selector: selectorOf('anything'), calldata: [] }
    expect(await world.play('q2', [other])).toMatchObject({ kind: 'ask', reasons: [{ code: 'noRule' }] })
    world.lock.unlocked = false
    expect(await world.play('q3')).toMatchObject({ kind: 'ask', reasons: [{ code: 'locked' }] })
    expect(world.node.state.arrived).toHaveLength(1)
  })

  it('commits the hold strictly before it signs, and the signature strictly before it sends', async () => {
    const world = await createWorld()
    await world.start('s1')
    const log = world.log
    log.length = 0
    world.node.state.onArrive = (method) => {
      if (method.startsWith('starknet_add')) log.push('send')
    }
    await world.play('q1')
    const steps = () => log.filter((it) => /journal|send/.test(it))
    await expect.poll(() => steps().length).toBe(4)
    expect(steps()).toEqual(['strict sessions+books+journal', 'strict journal', 'send', 'relaxed journal'])
  })

  it('one request id has one hash: at once, afterwards, and in the next life of the worker', async () => {
    const world = await createWorld()
    await world.start('s1')
    const [first, twin] = await Promise.all([world.play('q1'), world.play('q1')])
    expect(twin).toEqual(first)
    expect(await world.play('q1')).toEqual(first)
    const next = await world.next()
    next.useKey('s1')
    expect(await next.play('q1')).toEqual(first)
    expect(world.node.state.arrived).toHaveLength(1)
  })

  it('50 parallel calls leave with contiguous nonces, each once, in order', async () => {
    const world = await createWorld()
    await world.start('s1')
    const results = await Promise.all(times(50, (at) => world.play(`q${at}`, [move(at)])))
    expect(results.every(({ kind }) => kind === 'sent')).toBe(true)
    expect(world.node.state.arrived.map((text) => Number(bodyOf(text).nonce))).toEqual(times(50, (at) => at))
    expect(new Set(world.node.hashes()).size).toBe(50)
  })

  it('signs exactly as many of 60 parallel calls as the limit has room for', async () => {
    const world = await createWorld()
    await world.start('s1', {
      usage: {
        tx: [{ window: { kind: 'session' }, max: 23 }],
        calls: [],
        maxCallsPerTx: 20,
        minGap: 0,
        maxInFlight: 64,
      },
    })
    const results = await Promise.all(times(60, (at) => world.play(`q${at}`)))
    expect(results.filter(({ kind }) => kind === 'sent')).toHaveLength(23)
    const refused = results.filter((it) => it.kind === 'ask')
    expect(refused).toHaveLength(37)
    expect(refused.every((it) => it.kind === 'ask' && it.reasons.some(({ code }) => code === 'txCount'))).toBe(true)
    expect(world.node.state.arrived).toHaveLength(23)
  })

  it('calls beyond the open holds a session may have wait for room and then go out', async () => {
    const world = await createWorld()
    await world.start('s1', { usage: { tx: [], calls: [], maxCallsPerTx: 20, minGap: 0, maxInFlight: 4 } })
    const all = Promise.all(times(20, (at) => world.play(`q${at}`)))
    let done = false
    void all.then(() => {
      done = true
    })
    let most = 0
    while (!done) {
      most = Math.max(most, (await world.journal.open()).length)
      await world.settle(1)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    expect((await all).every(({ kind }) => kind === 'sent')).toBe(true)
    expect(most).toBeLessThanOrEqual(4)
  })

  it('refuses: another entrypoint, and nothing of the call reaches a node', async () => {
    const world = await createWorld()
    await world.start('s1')
    const result = await world.play('q1', [{ ...move(), selector: ACCOUNT as never }])
    expect(result).toMatchObject({ kind: 'ask', reasons: [{ code: 'noRule' }] })
    expect(world.node.state.methods).toEqual([])
  })

  it('refuses: a call to the own account, in every mode', async () => {
    const world = await createWorld()
    await world.start('s1')
    expect(await world.play('q1', [{ ...move(), to: ACCOUNT }])).toMatchObject({
      kind: 'refuse',
      reasons: [{ code: 'selfCall' }],
    })
  })

  it('knows no session of another site by its id', async () => {
    const world = await createWorld()
    await world.start('s1')
    const result = await world.executor.executeInSession({
      origin: 'https://other.example' as typeof ORIGIN,
      network: NETWORK,
      account: ACCOUNT,
      calls: [move()],
      session: 's1' as never,
    })
    expect(result).toEqual({ kind: 'none' })
  })

  it('refuses: 60 seconds before the end nothing is signed any more', async () => {
    const world = await createWorld()
    const session = await world.start('s1')
    world.clock.now = session.effective.validUntil - 61
    expect((await world.play('q1')).kind).toBe('sent')
    world.clock.now += 1
    expect(await world.play('q2')).toMatchObject({ kind: 'ask', reasons: [{ code: 'expired' }] })
  })

  it('refuses: the chain is past the end although the wall clock is not', async () => {
    const world = await createWorld()
    const session = await world.start('s1')
    await world.networks.sawBlock(NETWORK, session.effective.validUntil - 30)
    // More than 2 h ahead of the wall clock: the clocks disagree, and such a block ends nothing.
    expect(await world.play('q1')).toMatchObject({ kind: 'ask', reasons: [{ code: 'clock' }] })
    world.clock.now = session.effective.validUntil - 3_000
    await world.sessions.resume(session.id, 'person')
    expect(await world.play('q2')).toMatchObject({ kind: 'ask', reasons: [{ code: 'expired' }] })
  })

  it('a trial run that fails is a reason, not an error of the node', async () => {
    const world = await createWorld()
    await world.start('s1')
    world.node.state.fault = async (method) =>
      method === 'starknet_estimateFee'
        ? { error: { code: 41, message: 'Transaction execution error', data: { execution_error: "('game/over')" } } }
        : undefined
    expect(await world.play('q1')).toMatchObject({ kind: 'ask', reasons: [{ code: 'simulationFailed' }] })
    expect(world.node.state.arrived).toEqual([])
  })
})

describe('what an automatic call asks the node', () => {
  /** The requests of one act, in rounds: a round begins when nothing is under way. */
  const asked = async (world: World, act: () => Promise<unknown>): Promise<readonly (readonly string[])[]> => {
    const rounds: string[][] = []
    let open = 0
    world.node.state.onArrive = (method) => {
      if (open === 0) rounds.push([])
      rounds.at(-1)!.push(method.replace('starknet_', ''))
      open += 1
    }
    world.node.state.onAnswer = () => {
      open -= 1
    }
    await act()
    return rounds
  }

  it('is in the steady case the transaction itself and nothing else', async () => {
    const world = await createWorld()
    await world.start('s1')
    await world.play('q1')
    expect(await asked(world, () => world.play('q2', [move(7)]))).toEqual([['addInvokeTransaction']])
    expect(world.node.state.arrived).toHaveLength(2)
  })

  it('is the trial run and the transaction where the policy wants to look first', async () => {
    const world = await createWorld()
    await world.start('s1', { spend: { limits: [], look: 'simulate' } })
    await world.play('q1')
    expect(await asked(world, () => world.play('q2'))).toEqual([['simulateTransactions'], ['addInvokeTransaction']])
  })

  it.each([
    ['receipt', 2],
    ['simulate', 3],
  ] as const)('after a restart, looking by %s, takes %i rounds', async (look, rounds) => {
    const world = await createWorld()
    await world.start('s1', { spend: { limits: [], look } })
    await world.play('q1')
    const next = await world.next()
    next.useKey('s1')
    // At a distance: what leaves together is one round, however long reading the database takes.
    next.node.state.fault = () => new Promise((resolve) => setTimeout(resolve, 50, undefined))
    const all = await asked(next, () => next.play('q2'))
    expect(all.length, JSON.stringify(all)).toBe(rounds)
    expect(all[0]).toEqual(expect.arrayContaining(['chainId', 'specVersion', 'getNonce', 'getClassHashAt']))
    expect(next.node.state.arrived.map((text) => bodyOf(text).nonce)).toEqual(['0x0', '0x1'])
  })

  it('is an estimate again after a revert, and after the account used other code', async () => {
    const world = await createWorld()
    await world.start('s1')
    world.node.state.reverts = 'game: no'
    await world.play('q1')
    await world.settle()
    world.node.state.reverts = undefined
    expect((await asked(world, () => world.play('q2'))).flat()).toContain('estimateFee')
    expect((await asked(world, () => world.play('q3'))).flat()).toEqual(['addInvokeTransaction'])
  })

  it('a fee limit without room for wide bounds is judged by a fresh estimate', async () => {
    const world = await createWorld()
    const first = await world.start('s1')
    await world.play('q1')
    await world.play('q2')
    const [narrow, wide] = (await world.journal.list({ session: first.id }))
      .map(({ bounds }) => committedMaximum(readBounds(bounds), 0n))
      .sort((a, b) => Number(a - b))
    expect(wide).toBeGreaterThan(narrow!)
    const caps = [{ window: { kind: 'session' as const }, max: u256(10n ** 24n) }]
    const fees = { payer: 'account' as const, tokens: [{ token: STRK, perTx: u256(narrow!), caps }] }
    await world.ledger.change(first.id, (it) => ({ ...it, state: 'revoked', seq: it.seq + 1, endedAt: it.createdAt }))
    await world.start('s2', { fees })
    expect(await world.play('q3')).toMatchObject({ kind: 'sent', session: 's2' })
    const second = (await world.journal.list({ session: 's2' as never }))[0]!
    expect(committedMaximum(readBounds(second.bounds), 0n)).toBe(narrow)
  })

  it('a page in use has its nonce and prices read again beside, so that its next call asks nothing', async () => {
    const world = await createWorld()
    await world.start('s1')
    await world.play('q1')
    world.clock.now += 29
    expect((await asked(world, () => world.executor.warm(ORIGIN))).flat()).toContain('getNonce')
    world.clock.now += 10
    expect((await asked(world, () => world.play('q2'))).flat()).toEqual(['addInvokeTransaction'])
    expect(await asked(world, () => world.executor.warm('https://other.example' as typeof ORIGIN))).toEqual([])
  })
})

describe('the lane', () => {
  it('takes work in arrival order, and who asks again is not overtaken', async () => {
    const lane = createLane(() => 1)
    const order: string[] = []
    const work = (name: string) => async () => {
      order.push(name)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    const first = lane.run(1, work('1')).then(() => lane.run(1, work('1 again')))
    await Promise.all([first, lane.run(2, work('2')), lane.run(3, work('3')), lane.run(4, work('4'))])
    expect(order).toEqual(['1', '1 again', '2', '3', '4'])
  })

  it('a nonce that was given up is filled before anything above it is signed', () => {
    const lane = createLane(() => 8)
    lane.freed(5n)
    expect([lane.hasGapBelow(5n), lane.hasGapBelow(6n)]).toEqual([false, true])
    lane.freed(6n)
    lane.filled(5n)
    expect([lane.hasGapBelow(6n), lane.hasGapBelow(7n)]).toEqual([false, true])
  })

  it('up to 8 sends of one account are open at a node, and 1 at a node on this computer', async () => {
    for (const [network, most] of [
      ['sepolia', 8],
      ['devnet', 1],
    ] as const) {
      const world = await createWorld({ network })
      await world.start('s1', {}, { network })
      let open = 0
      let highest = 0
      let release: () => void = () => {}
      const held = new Promise<void>((resolve) => {
        release = resolve
      })
      world.node.state.fault = async (method) => {
        if (!method.startsWith('starknet_add')) return undefined
        open += 1
        highest = Math.max(highest, open)
        await held
        open -= 1
        return undefined
      }
      const all = Promise.all(times(12, (at) => play(world, network, `q${at}`)))
      await expect.poll(() => open, { timeout: 30_000 }).toBe(most)
      // Whoever else could leave has had its turn by now: a whole decision of another account's call takes longer.
      await world.executor.check(request(network, 'look'))
      expect(open).toBe(most)
      release()
      expect((await all).map(({ kind }) => kind)).toEqual(times(12, () => 'sent'))
      expect(highest).toBe(most)
      expect([...world.node.state.known.values()].map(({ body }) => Number(body.nonce))).toEqual(times(12, (at) => at))
    }
  })

  it('unsigned work above a refused transaction takes its nonce', async () => {
    const world = await createWorld()
    await world.start('s1')
    let refusals = 0
    world.node.state.fault = async (method) => {
      if (!method.startsWith('starknet_add') || refusals > 0) return undefined
      refusals += 1
      return { error: { code: 53, message: 'Resources bounds too low' } }
    }
    const results = await Promise.allSettled(times(8, (at) => world.play(`q${at}`, [move(at)])))
    const sent = results.filter((it) => it.status === 'fulfilled' && it.value.kind === 'sent')
    // What was signed before the refusal was known keeps its nonce and may be refused for the gap; nothing is sent twice.
    const taken = [...world.node.state.known.values()].map(({ body }) => Number(body.nonce))
    expect(taken).toEqual(times(taken.length, (at) => at))
    expect(sent).toHaveLength(taken.length)
    world.node.state.fault = undefined
    expect((await world.play('late')).kind).toBe('sent')
    expect(new Set(world.node.hashes()).size).toBe(new Set(world.node.state.arrived).size)
  })
})

describe('revoking and pausing', () => {
  it('signs nothing after the commit of a revocation, whatever was under way', async () => {
    for (let round = 0; round < 12; round += 1) {
      const world = await createWorld()
      await world.start('s1')
      const plays = times(12, (at) => world.play(`q${at}`))
      for (let step = 0; step < round * 3; step += 1) await new Promise((resolve) => setTimeout(resolve, 0))
      await world.sessions.revoke('s1' as never, world.clock.now, false)
      const out = world.node.state.arrived.length
      const results = await Promise.all(plays)
      // One per open connection may be on its way when the commit comes; none is signed or sent after it.
      expect(world.node.state.arrived.length).toBe(out)
      expect(results.filter(({ kind }) => kind === 'sent').length).toBeLessThanOrEqual(out)
      expect(await world.play('late')).toMatchObject({ kind: 'none' })
      expect((await world.journal.open()).filter(({ status }) => status === 'held')).toEqual([])
    }
  })

  it('a signature that has not left when the stop flag rises never leaves, and its hold stays', async () => {
    const world = await createWorld()
    await world.start('s1')
    const { log } = world
    const push = log.push.bind(log)
    // The moment of the commit that says "signed".
    log.push = (step: string) => {
      if (step === 'strict journal') world.stops.stopSession('s1' as never)
      return push(step)
    }
    expect(await world.play('q1')).toMatchObject({ kind: 'ask', reasons: [{ code: 'paused' }] })
    expect(world.node.state.arrived).toEqual([])
    expect(await world.journal.open()).toMatchObject([{ status: 'signed', parked: true }])
  })

  it('nothing is repeated after the stop flag rose while the node was silent', async () => {
    const world = await createWorld()
    await world.start('s1')
    world.node.state.fault = async (method) => {
      if (!method.startsWith('starknet_add')) return undefined
      world.stops.stopSession('s1' as never)
      throw new Error('cut')
    }
    expect(await world.play('q1')).toMatchObject({ kind: 'ask' })
    expect(world.node.state.arrived).toHaveLength(1)
    expect(await world.journal.open()).toMatchObject([{ status: 'signed' }])
  })

  it('nothing is repeated after the stop flag rose while the transaction before it was awaited', async () => {
    const world = await createWorld()
    await world.start('s1')
    world.node.state.fault = async (method) => {
      if (!method.startsWith('starknet_add')) return undefined
      world.stops.stopSession('s1' as never)
      return { error: { code: 52, message: 'Invalid transaction nonce' } }
    }
    expect(await world.play('q1')).toMatchObject({ kind: 'ask', reasons: [{ code: 'paused' }] })
    expect(world.node.state.arrived).toHaveLength(1)
    expect(await world.journal.open()).toMatchObject([{ status: 'signed', parked: true }])
  })

  it('a pause gives unsigned holds back, and resuming lets new calls go', async () => {
    const world = await createWorld()
    await world.start('s1')
    await world.sessions.pause('s1' as never, 'person')
    expect(await world.play('q1')).toMatchObject({ kind: 'ask', reasons: [{ code: 'paused' }] })
    expect(await world.sessions.resume('s1' as never, 'site')).toBeUndefined()
    await world.sessions.resume('s1' as never, 'person')
    expect((await world.play('q2')).kind).toBe('sent')
  })

  it('refuses: locked, and the session does not run while locked', async () => {
    const world = await createWorld()
    await world.start('s1', {}, { runWhileLocked: false })
    expect((await world.play('q1')).kind).toBe('sent')
    world.lock.unlocked = false
    expect(await world.play('q2')).toMatchObject({ kind: 'ask', reasons: [{ code: 'locked' }] })
  })

  it('runs while locked where the person allowed it', async () => {
    const world = await createWorld()
    await world.start('s1')
    world.lock.unlocked = false
    expect((await world.play('q1')).kind).toBe('sent')
  })
})

describe('the node', () => {
  it('silent: the same bytes go out again, then 163, and the hold stays', async () => {
    const world = await createWorld()
    await world.start('s1')
    world.node.state.fault = async (method) => {
      if (method.startsWith('starknet_add')) throw new Error('cut')
      return undefined
    }
    await expect(world.play('q1')).rejects.toSatisfy(isNodeError)
    expect(new Set(world.node.state.arrived).size).toBe(1)
    expect(world.node.state.arrived).toHaveLength(5)
    expect(world.waits.slice(-4)).toEqual([500, 1000, 2000, 4000])
    expect(await world.journal.open()).toMatchObject([{ status: 'signed' }])
  })

  it('answer lost: the same bytes are a duplicate, and that is success', async () => {
    const world = await createWorld()
    await world.start('s1')
    let lost = 0
    world.node.state.fault = async (method, params) => {
      if (!method.startsWith('starknet_add') || lost++ > 0) return undefined
      world.node.perform(method, params)
      return { status: 504, text: '' }
    }
    expect((await world.play('q1')).kind).toBe('sent')
    expect(world.node.state.known.size).toBe(1)
  })

  it('answers lost, and found later: the same call again is another transaction', async () => {
    const world = await createWorld()
    await world.start('s1')
    await world.play('q1')
    world.node.state.fault = async (method, params) => {
      if (!method.startsWith('starknet_add')) return undefined
      world.node.perform(method, params)
      throw new Error('cut')
    }
    await expect(world.play('q2')).rejects.toSatisfy(isNodeError)
    world.node.state.fault = undefined
    await world.settle()
    expect(await world.journal.open()).toEqual([])
    expect((await world.play('q3')).kind).toBe('sent')
    expect(world.node.state.known.size).toBe(3)
  })

  it('lying about the hash: no success, the hold stays', async () => {
    const world = await createWorld()
    await world.start('s1')
    world.node.state.fault = async (method) =>
      method.startsWith('starknet_add')
        ? {
            status: 200,
            text: JSON.stringify({
              jsonrpc: '2.0',
              id: lastId(world.node.state.arrived),
              result: { transaction_hash: padded(felt(0xbad)) },
            }),
          }
        : undefined
    await expect(world.play('q1')).rejects.toMatchObject({ kind: 'node', reason: 'garbage' })
    expect(await world.journal.open()).toMatchObject([{ status: 'signed' }])
  })

  it('refused by validation: rejected, the hold comes back, and the nonce is used by the next call', async () => {
    const world = await createWorld()
    await world.start('s1')
    world.node.state.fault = async (method) =>
      method.startsWith('starknet_add')
        ? { error: { code: 55, message: 'Account validation failed', data: "0x0 ('session/revoked')" } }
        : undefined
    await expect(world.play('q1')).rejects.toMatchObject({ rpcCode: 55, words: ['session/revoked'] })
    expect(await world.journal.open()).toEqual([])
    world.node.state.fault = undefined
    expect((await world.play('q2')).kind).toBe('sent')
    expect(world.node.state.arrived.map((text) => bodyOf(text).nonce)).toEqual(['0x0', '0x0'])
    await expect(world.play('q1')).rejects.toMatchObject({ kind: 'node' })
  })

  it('refused after a try that nobody answered: nothing is proven, the hold stays', async () => {
    const world = await createWorld()
    await world.start('s1')
    let tries = 0
    world.node.state.fault = async (method) => {
      if (!method.startsWith('starknet_add')) return undefined
      tries += 1
      return tries === 1 ? { status: 503, text: '' } : { error: { code: 54, message: 'balance' } }
    }
    await expect(world.play('q1')).rejects.toMatchObject({ rpcCode: 54 })
    expect(await world.journal.open()).toMatchObject([{ status: 'signed' }])
  })

  it('52 because another wallet used the nonce: one refusal, no second transaction for the request', async () => {
    const world = await createWorld()
    await world.start('s1')
    await world.play('q1')
    world.node.state.nonce = 5n
    await expect(world.play('q2')).rejects.toMatchObject({ rpcCode: 52 })
    expect((await world.play('q3')).kind).toBe('sent')
    expect(world.node.state.arrived.map((text) => Number(bodyOf(text).nonce))).toEqual([0, 1, 5])
  })

  it('whose nonce moved before a call of a new shape: it is estimated and signed at the new one', async () => {
    const world = await createWorld()
    await world.start('s1')
    await world.play('q1')
    world.node.state.nonce = 5n
    world.node.state.fault = async (method, params) => {
      const [body] = (params as { request?: { nonce: string }[] }).request ?? []
      return method === 'starknet_estimateFee' && body?.nonce !== '0x5'
        ? { error: { code: 41, message: 'Transaction execution error', data: { execution_error: 'nonce' } } }
        : undefined
    }
    expect((await world.play('q2', [move(), move()])).kind).toBe('sent')
    expect(world.node.state.arrived.map((text) => bodyOf(text).nonce)).toEqual(['0x0', '0x5'])
  })

  it('that does not say which chain it is: nothing is signed', async () => {
    const world = await createWorld()
    await world.start('s1')
    world.node.state.fault = async (method) =>
      method === 'starknet_chainId'
        ? { status: 200, text: JSON.stringify({ jsonrpc: '2.0', id: undefined }) }
        : undefined
    await expect(world.play('q1')).rejects.toSatisfy(isNodeError)
    expect(world.node.state.arrived).toEqual([])
  })

  it('with another block 0 than remembered: wrong network, and the network is told', async () => {
    const world = await createWorld()
    await world.start('s1')
    await world.play('q1')
    const next = await world.next()
    next.useKey('s1')
    world.node.state.genesisAt += 1
    await expect(next.play('q2')).rejects.toMatchObject({ reason: 'wrongNetwork', words: ['genesis'] })
    expect(next.restarts).toHaveLength(1)
  })
})

describe('executeApproved', () => {
  const work = (bounds: Awaited<ReturnType<typeof trial>>) => ({
    network: NETWORK,
    account: account,
    origin: ORIGIN,
    request: 'p1',
    kind: 'invoke' as const,
    calls: [move(9)],
    bounds: bounds.bounds,
  })
  const trial = (world: Awaited<ReturnType<typeof createWorld>>) =>
    world.executor.trial({ network: NETWORK, account: account, calls: [move(9)] })

  it('signs with owner and guardian what the person said yes to', async () => {
    const world = await createWorld()
    const yes = world.yes([{ kind: 'calls', calls: [move(9)] }])
    const { hash } = await world.executor.executeApproved(yes, work(await trial(world)))
    const body = bodyOf(world.node.state.arrived[0]!)
    expect(hashOf(body)).toBe(hash)
    const signature = body.signature as ReturnType<typeof felt>[]
    expect(signature).toHaveLength(9)
    expect(verify(hash, { r: signature[7]!, s: signature[8]! }, publicKey(GUARDIAN))).toBe(true)
    expect(await world.executor.executeApproved(yes, work(await trial(world)))).toEqual({ hash })
    expect(world.node.state.arrived).toHaveLength(1)
  })

  it('one yes is one transaction, also without a request id', async () => {
    const world = await createWorld()
    const yes = world.yes([{ kind: 'calls', calls: [move(9)] }])
    const { request: _request, origin: _origin, ...alone } = work(await trial(world))
    const [a, b] = await Promise.all([1, 2].map(() => world.executor.executeApproved(yes, alone)))
    expect(a).toEqual(b)
    expect(world.node.state.arrived).toHaveLength(1)
  })

  it('refuses: a hold of that yes that nobody finishes is not told as sent', async () => {
    const world = await createWorld()
    const yes = world.yes([{ kind: 'calls', calls: [move(9)] }])
    const wanted = work(await trial(world))
    await world.ledger.hold({
      by: 'person',
      approved: yes,
      network: NETWORK,
      account: ACCOUNT,
      origin: ORIGIN,
      request: 'p1',
      kind: 'invoke',
      calls: [move(9)],
      bounds: readBounds(wanted.bounds),
      tip: 0n,
      chainNonce: 0n,
      hashOf: () => felt(1),
    })
    await expect(world.executor.executeApproved(yes, wanted)).rejects.toMatchObject({ reason: 'silent' })
    expect(world.node.state.arrived).toEqual([])
  })

  it('refuses: other calls than those the person saw', async () => {
    const world = await createWorld()
    const yes = world.yes([{ kind: 'calls', calls: [move(8)] }])
    await expect(world.executor.executeApproved(yes, work(await trial(world)))).rejects.toThrow('nobody said yes')
    expect(world.node.state.arrived).toEqual([])
    expect(await world.journal.open()).toEqual([])
  })

  it('refuses: another class, or another proof, than the person saw, and one that was not said yes to at all', async () => {
    const world = await createWorld()
    const ofClass = (hash: number) => ({
      kind: 'class' as const,
      classHash: felt(hash) as ClassHash,
      compiledClassHash: felt(2),
      bytes: 3,
    })
    const ofProof = (fact: number) => ({
      kind: 'proof' as const,
      facts: [felt(fact)],
      digest: `0x${'1'.repeat(64)}` as Hash32,
    })
    const plain = work(await trial(world))
    const { calls } = plain
    for (const [allowed, wanted] of [
      [
        { kind: 'class', carries: ofClass(1) },
        { ...plain, kind: 'declare', calls: [], carries: ofClass(9) },
      ],
      [
        { kind: 'calls', calls },
        { ...plain, kind: 'declare', calls: [], carries: ofClass(1) },
      ],
      [
        { kind: 'class', carries: ofClass(1) },
        { ...plain, carries: ofClass(1) },
      ],
      [
        { kind: 'calls', calls, carries: ofProof(1) },
        { ...plain, carries: ofProof(9) },
      ],
      [{ kind: 'calls', calls, carries: ofProof(1) }, plain],
      [
        { kind: 'calls', calls },
        { ...plain, carries: ofProof(1) },
      ],
    ] as const) {
      const putAway =
        wanted.kind === 'declare' || 'carries' in wanted ? world.executor.bring(wanted.carries, 'x') : undefined
      await expect(world.executor.executeApproved(world.yes([allowed]), wanted)).rejects.toThrow('nobody said yes')
      putAway?.()
    }
    expect(world.node.state.arrived).toEqual([])
    expect(await world.journal.open()).toEqual([])
  })

  it('refuses: locked', async () => {
    const world = await createWorld()
    const bounds = await trial(world)
    world.lock.unlocked = false
    const yes = world.yes([{ kind: 'calls', calls: [move(9)] }])
    await expect(world.executor.executeApproved(yes, work(bounds))).rejects.toMatchObject({ why: 'locked' })
    expect(await world.journal.open()).toEqual([])
  })

  it('one end is one revocation, also for who asks again when it is in, and they are told which', async () => {
    const world = await createWorld()
    const session = await world.start('s1')
    await world.sessions.revoke(session.id, world.clock.now, true)
    const { sessionHash } = session.chain!
    const yes = world.yes([{ kind: 'revoke', sessionHash }])
    const wanted = world.sessions.get(session.id)!
    const first = await world.executor.revokeOnChain(wanted, yes)
    await world.settle()
    // The account's answer was read before the block, and its nonce is used only now.
    expect(await world.executor.revokeOnChain(wanted, yes)).toEqual(first)
    world.node.state.revoked.add(sessionHash)
    expect(await world.executor.revokeOnChain(wanted, yes)).toEqual(first)
    expect(world.node.state.arrived).toHaveLength(1)
  })

  it('revokes on chain, and it is done when the account says so', async () => {
    const world = await createWorld()
    const session = await world.start('s1')
    await world.sessions.revoke(session.id, world.clock.now, true)
    const { sessionHash } = session.chain!
    const yes = world.yes([{ kind: 'revoke', sessionHash }])
    expect(await world.executor.isRevoked(session)).toBe(false)
    await world.executor.revokeOnChain(world.sessions.get(session.id)!, yes)
    expect(world.sessions.get(session.id)?.onChain?.state).toBe('sent')
    world.node.state.revoked.add(sessionHash)
    await world.settle()
    await expect.poll(() => world.sessions.get(session.id)?.onChain?.state).toBe('done')
    const by = world.sessions.get(session.id)?.onChain?.hash
    expect(await world.executor.revokeOnChain(session, yes)).toEqual({ hash: by })
  })

  it('signed by a worker that died, or under way: it is named, and nothing is asked about another', async () => {
    const world = await createWorld()
    const session = await world.start('s1')
    await world.sessions.revoke(session.id, world.clock.now, true)
    const yes = world.yes([{ kind: 'revoke', sessionHash: session.chain!.sessionHash }])
    world.node.state.fault = async (method) => {
      if (method.startsWith('starknet_add')) throw new Error('cut')
      return undefined
    }
    const wanted = world.sessions.get(session.id)!
    await expect(world.executor.revokeOnChain(wanted, yes)).rejects.toSatisfy(isNodeError)
    const [row] = await world.journal.open()
    // The chain has it by now, and would refuse a second one.
    world.node.state.fault = async (method) =>
      method === 'starknet_estimateFee' ? { error: { code: 41, message: 'Transaction execution error' } } : undefined
    const next = await world.next()
    const both = [1, 2].map(() => next.executor.revokeOnChain(wanted, yes))
    expect(await Promise.all(both)).toEqual([{ hash: row!.hash }, { hash: row!.hash }])
    expect(next.sessions.get(session.id)?.onChain).toEqual({ state: 'sent', hash: row!.hash })
  })

  it('asked for twice at once: one revocation', async () => {
    const world = await createWorld()
    const session = await world.start('s1')
    await world.sessions.revoke(session.id, world.clock.now, true)
    const yes = world.yes([{ kind: 'revoke', sessionHash: session.chain!.sessionHash }])
    const wanted = world.sessions.get(session.id)!
    const [a, b] = await Promise.all([1, 2].map(() => world.executor.revokeOnChain(wanted, yes)))
    expect(a).toEqual(b)
    expect(world.node.state.methods.filter((it) => it === 'starknet_estimateFee')).toHaveLength(1)
    expect(world.node.state.arrived).toHaveLength(1)
  })

  it('revoked already, by nobody here: done without a transaction', async () => {
    const world = await createWorld()
    const session = await world.start('s1')
    await world.sessions.revoke(session.id, world.clock.now, true)
    const { sessionHash } = session.chain!
    world.node.state.revoked.add(sessionHash)
    const yes = world.yes([{ kind: 'revoke', sessionHash }])
    expect(await world.executor.revokeOnChain(session, yes)).toBeUndefined()
    expect(world.sessions.get(session.id)?.onChain).toEqual({ state: 'done' })
    expect(world.node.state.arrived).toEqual([])
  })

  it('refuses: a revocation that would commit to more than 1 STRK; it stays wanted', async () => {
    const world = await createWorld()
    const session = await world.start('s1')
    await world.sessions.revoke(session.id, world.clock.now, true)
    const wanted = world.sessions.get(session.id)!
    const yes = world.yes([{ kind: 'revoke', sessionHash: session.chain!.sessionHash }])
    world.node.state.estimate = { l2_gas_price: '0xe8d4a51000' }
    await expect(world.executor.revokeOnChain(wanted, yes)).rejects.toMatchObject({ kind: 'feeTooHigh' })
    expect(world.node.state.arrived).toEqual([])
    expect(await world.journal.list({ network: NETWORK, account: ACCOUNT })).toEqual([])
    expect(world.sessions.get(session.id)?.onChain).toEqual({ state: 'wanted' })
    world.node.state.estimate = {}
    await world.executor.revokeOnChain(wanted, yes)
    expect(world.sessions.get(session.id)?.onChain?.state).toBe('sent')
  })
})

describe('a request whose session signed and was stopped before it left', () => {
  const keptBack = async () => {
    const world = await createWorld()
    await world.start('s1')
    const { log } = world
    const push = log.push.bind(log)
    log.push = (step: string) => {
      if (step === 'strict journal') world.stops.stopSession('s1' as never)
      return push(step)
    }
    expect(await world.play('q1')).toMatchObject({ kind: 'ask', reasons: [{ code: 'paused' }] })
    log.push = push
    return world
  }
  const byPerson = async (world: World) => {
    const { bounds } = await world.executor.trial({ network: NETWORK, account, calls: [move()] })
    return world.executor.executeApproved(world.yes([{ kind: 'calls', calls: [move()] }]), {
      network: NETWORK,
      account,
      origin: ORIGIN,
      request: 'q1',
      kind: 'invoke',
      calls: [move()],
      bounds,
    })
  }

  it('refuses: its hash is never told as sent, by the session, again, or from the journal', async () => {
    const world = await keptBack()
    world.stops.letGo('s1' as never)
    await expect(world.play('q1')).rejects.toMatchObject({ kind: 'node', reason: 'silent' })
    expect(await world.journal.rebuild(ORIGIN, 'q1')).toBeUndefined()
    expect(world.node.state.arrived).toEqual([])
  })

  it('a person’s yes is a transaction of its own on the same nonce, so that one of the two lands', async () => {
    const world = await keptBack()
    const [kept] = await world.journal.open()
    const { hash } = await byPerson(world)
    const [text] = world.node.state.arrived
    expect(hashOf(bodyOf(text!))).toBe(hash)
    expect(bodyOf(text!).nonce).toBe(kept!.nonce)
    expect((await world.journal.rebuild(ORIGIN, 'q1'))?.hash).toBe(hash)
    await world.settle(5)
    world.clock.now += 61
    await world.settle()
    expect((await world.journal.get(kept!.id))?.end).toBe('dropped')
    expect((await world.journal.rebuild(ORIGIN, 'q1'))?.hash).toBe(hash)
  })

  it('refuses: a person’s yes where that nonce is not to be had, because both could land', async () => {
    const world = await keptBack()
    world.node.state.nonce = 3n
    world.clock.now += 31
    await expect(byPerson(world)).rejects.toMatchObject({ kind: 'node', reason: 'silent' })
    expect(world.node.state.arrived).toEqual([])
    // Proven dropped it stands in nobody's way.
    await world.settle(3)
    world.clock.now += 61
    await world.settle()
    const { hash } = await byPerson(world)
    expect(world.node.hashes()).toEqual([hash])
    expect(bodyOf(world.node.state.arrived[0]!).nonce).toBe('0x3')
  })
})

describe('allowances', () => {
  const live = [{ token: GAME, spender: GAME, amount: u256(1n) }]

  it('are read again when a transaction of the session is in, not when the node took it', async () => {
    const world = await createWorld()
    await world.start('s1')
    await world.play('q1')
    world.allowances.live = live
    await world.play('q2')
    expect(world.node.state.methods).not.toContain('starknet_simulateTransactions')
    await world.settle()
    await world.play('q3')
    expect(world.node.state.methods).toContain('starknet_simulateTransactions')
  })

  it('of which not all could be asked for make every call tried out', async () => {
    const world = await createWorld()
    world.allowances.isWhole = false
    await world.start('s1')
    expect(await world.play('q1')).toMatchObject({ kind: 'sent' })
    expect(world.node.state.methods).toContain('starknet_simulateTransactions')
  })

  it('are read again as soon as a transaction is in: the next call finds them read', async () => {
    const world = await createWorld()
    await world.start('s1')
    let asked = 0
    Object.defineProperty(world.allowances, 'live', {
      get: () => {
        asked += 1
        return []
      },
    })
    await world.play('q1')
    await world.settle()
    expect(asked).toBe(2)
    await world.play('q2')
    expect(asked).toBe(2)
  })

  const TOKEN = address('0x70c')
  const approve = (amount: number): Call => ({
    to: TOKEN,
    selector: selectorOf('approve'),
    calldata: [GAME, felt(amount), felt(0)],
  })
  const spending = (approvals: TokenLimit['approvals']): Partial<SessionPolicy> => {
    const { calls } = policy()
    const { codePin: _, ...rule } = calls[0]!
    const limit: TokenLimit = {
      asset: 'erc20',
      token: TOKEN,
      caps: [{ window: { kind: 'session' }, max: u256(100n) }],
      spenders: [GAME],
      approvals,
      foreignTransferFrom: 'forbid',
    }
    const entrypoints = [{ selector: selectorOf('approve'), name: 'approve' }]
    return {
      calls: [...calls, { ...rule, id: 'r1' as RuleId, contract: TOKEN, entrypoints }],
      spend: { limits: [limit], look: 'simulate' },
    }
  }
  const sentCalls = (world: World) =>
    world.node.state.arrived.map((text) => Number((bodyOf(text).calldata as Felt[])[0]))

  it('the wallet sets back what a site leaves, in what it signs, and once more when it sends again', async () => {
    const world = await createWorld()
    await world.start('s1', spending('resetAfter'))
    expect(await world.play('q1', [approve(60), move()])).toMatchObject({ kind: 'sent', session: 's1' })
    const [row] = await world.journal.open()
    expect(row?.calls.at(-1)).toEqual(approve(0))
    expect(row?.resets).toBe(1)
    expect(world.node.hashes()).toEqual([row?.hash])
    expect(await world.executor.resend(row!)).toBe(true)
    expect(sentCalls(world)).toEqual([3, 3])
    expect(new Set(world.node.hashes()).size).toBe(1)
    // What the site sets back itself is signed as it is.
    await world.play('q2', [approve(60), move(), approve(0)])
    expect(sentCalls(world).at(-1)).toBe(3)
  })

  it('a pull that was charged at its approve is excused by what is left, now and at the receipt', async () => {
    const world = await createWorld()
    await world.start('s1', spending('count'))
    await world.play('q1', [approve(60)])
    await world.settle()
    const book = async () => (await world.ledger.state('s1' as SessionId))?.book
    expect((await book())?.credit).toEqual([{ token: TOKEN, spender: GAME, amount: '60' }])
    const pulled = transferEvent(TOKEN, ACCOUNT, GAME, 45n)
    world.node.state.trace = [{ order: 0, keys: pulled.keys, data: pulled.data }]
    world.node.state.traced = TOKEN
    world.node.state.events = [pulled]
    // Before the pull all of it may be taken, behind it the rest.
    world.allowances.live = [{ token: TOKEN, spender: GAME, amount: u256(60n) }]
    expect(await world.play('q2')).toMatchObject({ kind: 'sent' })
    expect((await world.journal.open())[0]?.charges.some(({ meter }) => meter.startsWith('spend:'))).toBe(false)
    world.allowances.live = [{ token: TOKEN, spender: GAME, amount: u256(15n) }]
    await world.settle()
    const after = await book()
    expect(after?.credit).toEqual([{ token: TOKEN, spender: GAME, amount: '15' }])
    expect(after?.base[`spend:${TOKEN}` as MeterId]).toBe('60')
    expect((await world.ledger.state('s1' as SessionId))?.session.state).toBe('active')
    // The credit is used up to 15: of the next 45 the 30 beyond it are charged.
    expect(await world.play('q3')).toMatchObject({ kind: 'sent' })
    expect((await world.journal.open())[0]?.charges.find(({ meter }) => meter === `spend:${TOKEN}`)).toMatchObject({
      amount: '30',
      refundable: '30',
    })
  })

  it('are read again when somebody else’s transaction is in, though they were read since it was sent', async () => {
    const world = await createWorld()
    await world.start('s1')
    await world.start('s2')
    await world.play('q1', [move()], 's1')
    await world.play('q2', [move()], 's2')
    await world.play('q2b', [move()], 's1')
    world.allowances.live = live
    await world.settle()
    await world.play('q3', [move()], 's1')
    expect(world.node.state.methods).toContain('starknet_simulateTransactions')
  })
})

describe('steps', () => {
  const planned = async (world: World) =>
    (await world.executor.estimateSteps({ network: NETWORK, account, steps: ['enable'] })).steps
  const run = async (world: World, states: string[] = []) =>
    world.executor.runSteps(
      {
        network: NETWORK,
        account,
        steps: await planned(world),
        approved: world.yes([{ kind: 'step', step: 'enable' }]),
      },
      ({ step }, state) => {
        states.push(`${step} ${state}`)
      },
    )
  const begun = async (world: World) => {
    const running = run(world)
    running.catch(() => undefined)
    await expect.poll(async () => (await world.journal.open()).some(({ status }) => status === 'sent')).toBe(true)
    return { running }
  }

  it('one yes pays for a step once: in the next life an accepted step is done', async () => {
    const world = await createWorld()
    const first = await begun(world)
    await world.settle()
    await first.running
    const next = await world.next()
    const states: string[] = []
    await run(next, states)
    expect(states).toEqual(['enable sent', 'enable done'])
    expect(next.node.state.arrived).toHaveLength(1)
  })

  it('calls before each of two sessions are two transactions, each once, also in the next life', async () => {
    const world = await createWorld()
    const setups = [1, 2].map((n) => ({ calls: [move(n)], of: `s${n}` as SessionId }))
    const { steps } = await world.executor.estimateSteps({ network: NETWORK, account, steps: [], setups })
    const send = async (it: World) => {
      const approved = it.yes(setups.map(({ calls }) => ({ kind: 'calls' as const, calls })))
      const running = it.executor.runSteps({ network: NETWORK, account, steps, approved }, () => undefined)
      running.catch(() => undefined)
      for (let n = 0; n < 2; n += 1) {
        await Promise.race([running, expect.poll(async () => (await it.journal.open()).length).toBe(1)])
        await it.settle()
      }
      await running
    }
    await send(world)
    expect(world.node.state.arrived).toHaveLength(2)
    const next = await world.next()
    await next.executor.runSteps(
      {
        network: NETWORK,
        account,
        steps,
        approved: next.yes(setups.map(({ calls }) => ({ kind: 'calls' as const, calls }))),
      },
      () => undefined,
    )
    expect(next.node.state.arrived).toHaveLength(2)
  })
  it('refuses: in the next life a reverted step fails again, and nothing is sent', async () => {
    const world = await createWorld()
    world.node.state.reverts = 'no'
    const first = await begun(world)
    await world.settle()
    await expect(first.running).rejects.toMatchObject({ kind: 'step' })
    const next = await world.next()
    await expect(run(next)).rejects.toMatchObject({ kind: 'step', step: 'enable' })
    expect(next.node.state.arrived).toHaveLength(1)
  })

  it('refuses: a step the node refused fails again, and nothing is sent', async () => {
    const world = await createWorld()
    world.node.state.fault = async (method) =>
      method.startsWith('starknet_add') ? { error: { code: 53, message: 'too low' } } : undefined
    await expect(run(world)).rejects.toMatchObject({ kind: 'step' })
    world.node.state.fault = undefined
    await expect(run(world)).rejects.toMatchObject({ kind: 'step' })
    expect(world.node.state.arrived).toHaveLength(1)
  })

  it('end when their chain is gone', async () => {
    const world = await createWorld()
    world.node.state.holdsBack = true
    const { running } = await begun(world)
    await world.ledger.abandon(NETWORK)
    await expect(running).rejects.toMatchObject({ kind: 'step' })
  })

  it('that are not sent again leave nobody waiting', async () => {
    const world = await createWorld()
    world.node.state.holdsBack = true
    const { running } = await begun(world)
    world.node.state.pool.length = 0
    world.clock.now += 601
    await world.settle(3)
    await expect(running).rejects.toMatchObject({ kind: 'node', reason: 'silent' })
    expect(await world.journal.open()).toMatchObject([{ parked: true }])
  })
})

function lastId(arrived: readonly string[]): number {
  return (JSON.parse(arrived.at(-1)!) as { id: number }).id
}
