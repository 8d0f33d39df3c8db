import 'fake-indexeddb/auto'
import { beforeAll, describe, expect, test } from 'vitest'
import { type ClassHash, type Felt, felt } from '../core/felt.ts'
import type { CallRule, RuleId, SessionId } from '../core/policy/policy.ts'
import { GAME, samplePolicy } from '../core/policy/samples.ts'
import type { StoredSession } from '../core/records.ts'
import type { Node } from '../platform/node.ts'
import { nodeError } from '../platform/node-error.ts'
import { ARGENT_0_4_0, ARGENT_0_5_0 } from '../starknet/accounts.ts'
import { publicKey } from '../starknet/curve.ts'
import { selectorOf } from '../starknet/selector.ts'
import { createLooks } from './seen-on-chain.ts'
import { createWorld, GUARDIAN, OWNER, START } from './sending/stub-world.ts'

beforeAll(() => {
  Object.assign(globalThis, { __E2E__: false })
})

const S1 = 's1' as SessionId
const LATER = START + 3_600

/** A session that runs, and a chain that says what a test sets. */
async function looking(more: Partial<StoredSession> = {}) {
  const world = await createWorld()
  world.clock.now = LATER
  await world.start(S1, {}, more)
  const chain = {
    revoked: '0x0' as Felt,
    guardian: publicKey(GUARDIAN),
    owner: publicKey(OWNER),
    classHash: ARGENT_0_4_0 as ClassHash,
    /** What stands where a contract had another class when the session was allowed. */
    moved: {} as Record<string, ClassHash>,
    behind: felt(0),
    silent: false,
  }
  const pins = new Map(world.sessions.get(S1)!.effective.calls.map(({ contract, codePin }) => [contract, codePin]))
  const node: Pick<Node, 'call' | 'classHashAt' | 'storageAt'> = {
    call: async ({ selector }) => {
      if (chain.silent) throw nodeError('silent', [])
      if (selector === selectorOf('is_session_revoked')) return [chain.revoked]
      return [selector === selectorOf('get_guardian') ? chain.guardian : chain.owner]
    },
    classHashAt: async (at) => chain.moved[at] ?? pins.get(at)?.classHash ?? chain.classHash,
    storageAt: async () => chain.behind,
  }
  const looks = createLooks({
    node: async () => node,
    sessions: world.sessions,
    end: ({ id }, why) => world.sessions.revoke(id, world.clock.now, false, why),
    now: () => world.clock.now,
    changed: () => undefined,
  })
  const session = () => world.sessions.get(S1)!
  return { world, chain, session, look: () => looks.look(session()), seen: () => looks.of(S1) }
}

describe('what the chain says of a session', () => {
  test('is that all is as it was signed: it goes on', async () => {
    const { look, seen, session } = await looking()
    await look()
    expect(seen()).toEqual({ at: LATER, failed: false })
    expect(session().state).toBe('active')
  })

  test('is that somebody else revoked it: it ends here, and nothing is left to send', async () => {
    const { chain, look, seen, session } = await looking()
    chain.revoked = felt(1)
    await look()
    expect(seen()).toMatchObject({ wrong: 'revoked' })
    expect(session()).toMatchObject({ state: 'revoked', endedFor: 'revoked', onChain: { state: 'done' } })
  })

  test.each([
    ['guardian', { guardian: felt(0) }],
    ['guardian', { guardian: felt(0x77) }],
    ['owner', { owner: felt(0x77) }],
  ] as const)('is that the %s is another one: it cannot run any more, and ends here', async (why, said) => {
    const { chain, look, session } = await looking()
    Object.assign(chain, said)
    await look()
    expect(session()).toMatchObject({ state: 'revoked', endedFor: why })
    expect(session().onChain).toBe(undefined)
  })

  test('is that the account has another class: it pauses, for good unless it is the next one of the same account', async () => {
    const next = await looking()
    next.chain.classHash = ARGENT_0_5_0
    await next.look()
    expect(next.session()).toMatchObject({ state: 'paused', pause: 'codeChanged' })
    const other = await looking()
    other.chain.classHash = felt(0x77) as ClassHash
    await other.look()
    expect(other.session()).toMatchObject({ state: 'paused', pause: 'accountChanged' })
  })

  test('is that a contract it is for does something else: it pauses before anybody calls it', async () => {
    const { chain, look, seen, session } = await looking({ granted: samplePolicy(), effective: samplePolicy() })
    await look()
    expect(session().state).toBe('active')
    chain.moved[GAME] = felt(0x77) as ClassHash
    await look()
    expect(seen()).toEqual({ at: LATER, failed: false, wrong: 'code' })
    expect(session()).toMatchObject({ state: 'paused', pause: 'codeChanged' })
  })

  test('is that what a proxy stands for is another class, where one was pinned', async () => {
    const impl = felt(0x11) as ClassHash
    const pinned = samplePolicy()
    const policy = { ...pinned, calls: pinned.calls.map((rule) => ({ ...rule, codePin: { ...rule.codePin!, impl } })) }
    const { chain, look, session } = await looking({ granted: policy, effective: policy })
    chain.behind = impl
    await look()
    expect(session().state).toBe('active')
    chain.behind = felt(0x12)
    await look()
    expect(session()).toMatchObject({ state: 'paused', pause: 'codeChanged' })
  })

  test('is held against each pin of a contract, where two rules pinned it at different times', async () => {
    const pinned = samplePolicy()
    const [move] = pinned.calls as [CallRule]
    const before = { ...move, codePin: { ...move.codePin!, classHash: felt(0x77) as ClassHash } }
    const policy = { ...pinned, calls: [before, { ...move, id: 'r9' as RuleId }] }
    const { look, session } = await looking({ granted: policy, effective: policy })
    await look()
    expect(session()).toMatchObject({ state: 'paused', pause: 'codeChanged' })
  })

  test('is nothing, where the node is silent or says no answer: it goes on, and what was seen keeps its time', async () => {
    const { world, chain, look, seen, session } = await looking()
    await look()
    world.clock.now += 120
    chain.silent = true
    await look()
    expect(seen()).toEqual({ at: LATER, failed: true })
    chain.silent = false
    chain.revoked = felt(2)
    await look()
    expect(seen()).toEqual({ at: LATER, failed: true })
    expect(session().state).toBe('active')
  })

  test('counts not yet for a session of the last two minutes, whose own block the node may lack, but a revocation does', async () => {
    const { world, chain, look, seen, session } = await looking({ createdAt: LATER - 100 })
    chain.guardian = felt(0)
    await look()
    expect(session().state).toBe('active')
    expect(seen()).toEqual({ failed: true })
    world.clock.now += 20
    await look()
    expect(session()).toMatchObject({ state: 'revoked', endedFor: 'guardian' })
    const revoked = await looking({ createdAt: LATER - 100 })
    revoked.chain.revoked = felt(1)
    await revoked.look()
    expect(revoked.session().state).toBe('revoked')
  })

  test('is that a session which ended here has ended there as well', async () => {
    const { world, chain, look, session } = await looking()
    await world.sessions.revoke(S1, LATER, false)
    chain.revoked = felt(1)
    await look()
    expect(session()).toMatchObject({ state: 'revoked', onChain: { state: 'done' } })
    expect(session().endedFor).toBe(undefined)
  })
})
