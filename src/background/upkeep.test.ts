import 'fake-indexeddb/auto'
import { beforeAll, describe, expect, test } from 'vitest'
import * as phrases from '../cold/phrase.ts'
import { guardianKey } from '../cold/phrase.ts'
import { type Felt, felt } from '../core/felt.ts'
import type { SessionId } from '../core/policy/policy.ts'
import type { StoredSession } from '../core/records.ts'
import { SELECTORS } from '../starknet/accounts.ts'
import { type PrivateKey, publicKey } from '../starknet/curve.ts'
import { signerGuid } from '../starknet/session-token.ts'
import type { Cold } from './doors.ts'
import type { SealedSecret, Secret, Vault } from './keys/vault.ts'
import type { WorkingSet } from './keys/working-set.ts'
import { ACCOUNT, account, bodyOf, createWorld, NETWORK, OWNER, type World } from './sending/stub-world.ts'
import { createUpkeep } from './upkeep.ts'

beforeAll(() => {
  Object.assign(globalThis, { __E2E__: false })
})

const PHRASE = 'test test test test test test test test test test test junk'
const FIRST = account.guardian.publicKey
const key = (generation: number): PrivateKey => guardianKey(PHRASE, 0, generation)
const second = (generation: number): Felt => publicKey(key(generation))
const [S1, S2] = ['s1', 's2'] as unknown as readonly [SessionId, SessionId]

/** A worker's life over an account with its second key set and, on request, sessions. */
async function life(before?: World) {
  const world = before === undefined ? await createWorld() : await before.next()
  // What a worker before had sealed lies in the vault.
  if (before !== undefined) for (const [name, bytes] of before.secrets) world.secrets.set(name, bytes)
  const dropped: string[] = []
  const tried: string[] = []
  const vault = {
    sealSecret: async (secret: Secret) => ({ ...secret, bytes: secret.bytes.slice() }) as unknown as SealedSecret,
    writeSecret: async (_tx: unknown, sealed: SealedSecret) => {
      const { kind, id, bytes } = sealed as unknown as Secret
      world.secrets.set(`${kind} ${id}`, bytes)
    },
    dropSecret: async (_kind: string, id: string) => void dropped.push(id),
  } as unknown as Vault
  const workingSet = {
    isUnlocked: () => world.lock.unlocked,
    guardianSubkey: () => (world.lock.unlocked ? new Uint8Array(32) : undefined),
    removeSession: async () => undefined,
  } as unknown as WorkingSet
  const upkeep = createUpkeep({
    ...world,
    vault,
    workingSet,
    watch: { tries: async (_account, _network, step) => void tried.push(step) },
    cold: (() => phrases) as unknown as Cold,
    random: (length) => new Uint8Array(length).fill(1),
    newId: () => `${Math.random()}`,
    now: () => world.clock.now,
    report: (error) => {
      throw error
    },
  })
  const own = async () => (await world.accounts.own(ACCOUNT))!
  /** What a press of the page does; the chain does what it is told. */
  const act = async (step: 'rotate' | 'remove' | 'enable' | 'takeOver' | 'finish') => {
    const steps = await upkeep.plan(await own(), NETWORK, step)
    const phrase = (await upkeep.needsPhrase(await own(), NETWORK, steps)) ? PHRASE : undefined
    const prepared = await upkeep.prepare({ account: await own(), network: NETWORK, steps, phrase })
    const stop = world.keepTime()
    await upkeep.run(prepared, NETWORK, steps).finally(stop)
  }
  const { state } = world.node
  const obey = (guardian: Felt) => {
    state.onArrive = (method) => {
      if (method === 'starknet_addInvokeTransaction') state.guardian = guardian
    }
  }
  const sent = () => world.node.state.arrived.map(bodyOf)
  return { world, upkeep, own, act, obey, sent, dropped, tried }
}
const signersOf = (body: Record<string, unknown> | undefined) => {
  const [count, ...rest] = (body?.signature ?? []) as Felt[]
  return [rest[1], ...(count === '0x2' ? [rest[5]] : [])]
}
const calldataOf = (body: Record<string, unknown> | undefined) => ((body?.calldata ?? []) as Felt[]).slice(2)

describe('the end of one session', () => {
  test('where its key is here and nothing of it is with others, the chain need not be told', async () => {
    const { world, upkeep, sent } = await life()
    await world.start('s1')
    await upkeep.end(world.sessions.get(S1)!, false)
    expect(world.sessions.get(S1)?.onChain).toBeUndefined()
    expect(sent()).toEqual([])
  })

  test.each([['its site has the key', { key: { by: 'dapp', guid: '0x5' } }]] as const)(
    'where %s the chain is told, unless nobody wants that',
    async (_name, change) => {
      const { world, upkeep } = await life()
      await world.start('s1')
      await world.start('s2')
      const held = (id: SessionId) => ({ ...world.sessions.get(id)!, ...change }) as StoredSession
      const stop = world.keepTime()
      await upkeep.end(held(S1), false).finally(stop)
      expect(world.sessions.get(S1)?.onChain).toBeDefined()
      await upkeep.end(held(S2), 'never')
      expect(world.sessions.get(S2)?.onChain).toBeUndefined()
    },
  )
})

describe('end all sessions', () => {
  test('ends them here, and derives the next second key, before anything is signed', async () => {
    const { world, upkeep, own, sent, dropped } = await life()
    await world.start('s1')
    await world.start('s2')
    const steps = await upkeep.plan(await own(), NETWORK, 'rotate')
    expect(await upkeep.needsPhrase(await own(), NETWORK, steps)).toBe(true)
    await upkeep.prepare({ account: await own(), network: NETWORK, steps, phrase: PHRASE })
    expect([S1, S2].map((id) => world.sessions.get(id)?.state)).toEqual(['revoked', 'revoked'])
    expect([...dropped].sort()).toEqual(['s1', 's2'])
    expect(await own()).toMatchObject({
      guardian: { publicKey: second(1), generation: 1 },
      retired: [{ publicKey: FIRST, generation: 0 }],
    })
    expect(world.secrets.get(`guardian ${ACCOUNT} 1`)).toEqual(key(1))
    expect(sent()).toEqual([])
    const durable = world.log.filter((it) => it.startsWith('strict'))
    expect(durable.indexOf('strict accounts+vault')).toBeGreaterThan(
      durable.lastIndexOf('strict sessions+ledger+journal'),
    )
  })

  test('is one transaction that owner and the old second key sign, and that names the new one', async () => {
    const { act, obey, sent, own } = await life()
    obey(second(1))
    await act('rotate')
    const [body, ...more] = sent()
    expect(more).toEqual([])
    expect(signersOf(body)).toEqual([publicKey(OWNER), FIRST])
    expect(calldataOf(body)).toEqual([SELECTORS.change_guardian, '0x3', '0x0', '0x0', second(1)])
    await expect.poll(async () => (await own()).guardian).toMatchObject({ generation: 1, stood: [NETWORK] })
  })

  test('goes on, after a worker that died with the next key derived and nothing signed, with that very key', async () => {
    const first = await life()
    await first.world.start('s1')
    const steps = await first.upkeep.plan(await first.own(), NETWORK, 'rotate')
    await first.upkeep.prepare({ account: await first.own(), network: NETWORK, steps, phrase: PHRASE })
    const next = await life(first.world)
    expect(next.world.sessions.get(S1)?.state).toBe('revoked')
    expect(await next.upkeep.needsPhrase(await next.own(), NETWORK, steps)).toBe(false)
    next.obey(second(1))
    await next.act('rotate')
    expect(signersOf(next.sent()[0])).toEqual([publicKey(OWNER), FIRST])
    expect(calldataOf(next.sent()[0]).at(-1)).toBe(second(1))
  })

  test('after a worker that died when all had ended: the old key stands, and the next press derives the next one', async () => {
    const first = await life()
    await first.world.start('s1')
    await first.upkeep.end(first.world.sessions.get(S1)!, false)
    const next = await life(first.world)
    expect((await next.own()).guardian.generation).toBe(0)
    next.obey(second(1))
    await next.act('rotate')
    expect((await next.own()).guardian.generation).toBe(1)
  })

  test('never sets a key again that has stood there, through whatever it was replaced by', async () => {
    const { world, act, obey, own, sent } = await life()
    for (const generation of [1, 2, 3]) {
      obey(second(generation))
      await act('rotate')
    }
    expect(sent().map((body) => calldataOf(body).at(-1))).toEqual([second(1), second(2), second(3)])
    obey(felt(0))
    await act('remove')
    expect(calldataOf(sent().at(-1)).slice(0, 3)).toEqual([SELECTORS.change_guardian, '0x1', '0x1'])
    obey(second(4))
    await act('enable')
    expect(calldataOf(sent().at(-1)).at(-1)).toBe(second(4))
    expect(signersOf(sent().at(-1))).toEqual([publicKey(OWNER)])
    expect((await own()).retired?.map(({ generation }) => generation)).toEqual([0, 1, 2, 3])
    expect(world.errors).toEqual([])
  })

  test('refuses: a second key that another copy has removed is not set again without its successor', async () => {
    const { world, upkeep, own } = await life()
    // Seen standing, then gone.
    await world.accounts.state(await own(), NETWORK, 0)
    world.node.state.guardian = felt(0)
    world.clock.now += 120
    const steps = await upkeep.plan(await own(), NETWORK, 'enable')
    await expect(upkeep.run(await own(), NETWORK, steps)).rejects.toThrow('has stood here before')
    expect(world.node.state.arrived).toEqual([])
  })

  test('refuses: while locked nothing is derived', async () => {
    const { world, upkeep, own } = await life()
    const steps = await upkeep.plan(await own(), NETWORK, 'rotate')
    world.lock.unlocked = false
    await expect(
      upkeep.prepare({ account: await own(), network: NETWORK, steps, phrase: PHRASE }),
    ).rejects.toMatchObject({ why: 'locked' })
    expect((await own()).guardian.generation).toBe(0)
  })

  test('leaves an account that came in by its key with a random second key', async () => {
    const { world, act, obey, own } = await life()
    await world.accounts.add([{ ...account, owner: { from: 'key' } }])
    obey(felt(0))
    await act('remove')
    expect((await own()).guardian.generation).toBe(0)
    world.clock.now += 120
    obey(felt(1))
    await act('enable')
    expect((await own()).guardian.generation).toBe(1)
    expect((await own()).guardian.publicKey).not.toBe(second(1))
  })
})

describe('T39 a copy that comes back', () => {
  const past = (...generations: number[]) => generations.map((generation) => signerGuid(second(generation)))

  test('finds the second key that another copy has set, and is that copy’s equal', async () => {
    const { world, upkeep, own, act, obey, sent } = await life()
    world.node.state.guardian = second(5)
    expect(await upkeep.mayFindKey(await own(), NETWORK)).toBe(true)
    expect(await upkeep.findSecondKey(await own(), NETWORK, PHRASE)).toBe(true)
    expect(await own()).toMatchObject({
      guardian: { publicKey: second(5), generation: 5, stood: [NETWORK] },
      retired: [
        { publicKey: FIRST },
        ...[1, 2, 3, 4].map((generation) => ({ publicKey: second(generation), generation })),
      ],
    })
    for (const generation of [1, 2, 3, 4, 5])
      expect(world.secrets.get(`guardian ${ACCOUNT} ${generation}`)).toEqual(key(generation))
    expect(await upkeep.mayFindKey(await own(), NETWORK)).toBe(false)
    expect(sent()).toEqual([])
    obey(second(6))
    await act('rotate')
    expect(signersOf(sent()[0])).toEqual([publicKey(OWNER), second(5)])
    expect(calldataOf(sent()[0]).at(-1)).toBe(second(6))
  })

  test('finds also the last generation that is tried, and leaves what is not of the phrase', async () => {
    const { world, upkeep, own } = await life()
    const before = await own()
    world.node.state.guardian = second(64)
    expect(await upkeep.findSecondKey(before, NETWORK, PHRASE)).toBe(false)
    expect(await own()).toEqual(before)
    expect(await upkeep.mayFindKey(before, NETWORK)).toBe(false)
    world.node.state.guardian = second(63)
    world.clock.now += 120
    expect(await upkeep.mayFindKey(before, NETWORK)).toBe(true)
    expect(await upkeep.findSecondKey(before, NETWORK, PHRASE)).toBe(true)
    expect((await own()).guardian.generation).toBe(63)
  })

  test('sets no key that the chain has once had, although none stands there now', async () => {
    const { world, act, obey, sent, own } = await life()
    world.node.state.guardian = felt(0)
    world.node.state.past = past(1, 2, 3)
    obey(second(4))
    await act('enable')
    expect(calldataOf(sent()[0]).at(-1)).toBe(second(4))
    expect((await own()).retired?.map(({ generation }) => generation)).toEqual([0, 1, 2, 3])
  })

  test('sets no key of its own again that the chain has had before it was restored', async () => {
    const { world, act, obey, sent } = await life()
    world.node.state.guardian = felt(0)
    world.node.state.past = [signerGuid(FIRST)]
    obey(second(1))
    await act('enable')
    expect(calldataOf(sent()[0]).at(-1)).toBe(second(1))
  })

  test('takes over with a key that was never there', async () => {
    const { world, act, sent } = await life()
    world.node.state.guardian = felt(0x77)
    world.node.state.past = [signerGuid(FIRST), signerGuid(felt(0x77))]
    await act('takeOver')
    expect(calldataOf(sent()[0]).at(-1)).toBe(second(1))
  })

  test('sets its first key where the chain has had none', async () => {
    const { world, act, obey, sent } = await life()
    world.node.state.guardian = felt(0)
    obey(FIRST)
    await act('enable')
    expect(calldataOf(sent()[0]).at(-1)).toBe(FIRST)
  })

  test('refuses: where the node does not say what the chain has had, no key is set', async () => {
    const { world, act, sent, own } = await life()
    world.node.state.guardian = felt(0)
    world.node.state.fault = async (method) =>
      method === 'starknet_getEvents' ? { error: { code: -32_000, message: 'no' } } : undefined
    await expect(act('enable')).rejects.toMatchObject({ kind: 'node' })
    expect(sent()).toEqual([])
    expect((await own()).guardian.generation).toBe(0)
  })
})

describe('what is offered', () => {
  test('is what the account is now: each step has its own state and nothing else is planned', async () => {
    const { world, upkeep, own } = await life()
    const planned = async () => {
      world.clock.now += 120
      const all = ['deploy', 'enable', 'upgrade', 'rotate', 'remove', 'takeOver'] as const
      const found: string[] = []
      for (const step of all) if ((await upkeep.plan(await own(), NETWORK, step)).length > 0) found.push(step)
      return found
    }
    expect(await planned()).toEqual(['rotate', 'remove'])
    world.node.state.guardian = felt(0)
    expect(await planned()).toEqual(['enable'])
    world.node.state.guardian = felt(0x77)
    expect(await planned()).toEqual(['takeOver'])
  })

  test('a foreign second key is replaced by the owner alone, whose tries are noted before they are signed', async () => {
    const { world, act, sent, tried } = await life()
    world.node.state.guardian = felt(0x77)
    await act('takeOver')
    expect(signersOf(sent()[0])).toEqual([publicKey(OWNER)])
    expect(calldataOf(sent()[0])).toEqual([SELECTORS.trigger_escape_guardian, '0x3', '0x0', '0x0', FIRST])
    await act('finish')
    expect(signersOf(sent()[1])).toEqual([publicKey(OWNER)])
    expect(calldataOf(sent()[1])).toEqual([SELECTORS.escape_guardian, '0x0'])
    expect(tried).toEqual(['takeOver', 'finish'])
  })
})
