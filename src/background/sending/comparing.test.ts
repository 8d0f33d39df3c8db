import 'fake-indexeddb/auto'
import { describe, expect, it } from 'vitest'
import { felt } from '../../core/felt.ts'
import type { SessionId } from '../../core/policy/policy.ts'
import { type Database, type Row, STORES, type Store } from '../../platform/database.ts'
import { isNodeError } from '../../platform/node-error.ts'
import type { SessionArea } from '../keys/working-set.ts'
import { ACCOUNT, createWorld, NETWORK, sessionArea as run, type World } from './stub-world.ts'

const S1 = 's1' as SessionId
const copyOf = (db: Database): Promise<readonly (readonly [Store, readonly Row[]])[]> =>
  db.read(STORES, (tx) => Promise.all(STORES.map(async (store) => [store, await tx.rows(store)] as const)))
const putBack = (db: Database, copy: Awaited<ReturnType<typeof copyOf>>) =>
  db.write(STORES, 'strict', async (tx) => {
    for (const [store, rows] of copy) {
      await tx.clear(store)
      for (const row of rows) await tx.putRow(store, row)
    }
  })
/** A session that has been approved: from then on the wallet knows how far the chain is. */
const begun = async (): Promise<World> => {
  const world = await createWorld({ area: run() })
  await world.nonces.compared(NETWORK, ACCOUNT, await world.nodes.of(NETWORK))
  await world.start('s1')
  return world
}
const lived = async (world: World, area?: SessionArea): Promise<World> => {
  const next = await world.next(area)
  next.useKey('s1')
  return next
}

describe('a whole profile that is put back to an older day', () => {
  it.each(['before anything was sent', 'between two transactions'])(
    '%s: its sessions rest at the first look',
    async (when) => {
      const world = await begun()
      if (when !== 'before anything was sent') {
        await world.play('q0')
        await world.settle()
      }
      const copy = await copyOf(world.db)
      await world.play('q1')
      await world.settle()
      await putBack(world.db, copy)

      const next = await lived(world, run())
      expect(next.sessions.get(S1)?.state).toBe('active')
      const sent = next.node.state.arrived.length
      expect(await next.play('q2')).toMatchObject({ kind: 'ask', reasons: [{ code: 'paused' }] })
      expect(next.sessions.get(S1)).toMatchObject({ state: 'paused', pause: 'restored' })
      expect(next.stops.isStopped(S1)).toBe(true)
      expect(next.node.state.arrived).toHaveLength(sent)
    },
  )

  it('is found when it is opened, before anybody asks for anything', async () => {
    const world = await begun()
    const copy = await copyOf(world.db)
    await world.play('q1')
    await world.settle()
    await putBack(world.db, copy)
    const next = await lived(world, run())
    await next.compareAll()
    expect(next.sessions.get(S1)).toMatchObject({ state: 'paused', pause: 'restored' })
  })

  it('goes on when the person has looked, in this run of the browser and in the next', async () => {
    const world = await begun()
    const copy = await copyOf(world.db)
    await world.play('q1')
    await world.settle()
    await putBack(world.db, copy)
    const next = await lived(world, run())
    await next.compareAll()
    expect(await next.sessions.resume(S1, 'person')).toMatchObject({ state: 'active' })
    const after = await lived(next, run())
    expect((await after.play('q2')).kind).toBe('sent')
    expect(after.sessions.get(S1)?.state).toBe('active')
  })

  it('is no reason to sign while the node is silent', async () => {
    const world = await begun()
    const copy = await copyOf(world.db)
    await world.play('q1')
    await world.settle()
    await putBack(world.db, copy)
    const next = await lived(world, run())
    next.node.state.fault = async (method) => {
      if (method === 'starknet_getNonce') throw new Error('down')
      return undefined
    }
    await next.compareAll()
    await expect(next.play('q2')).rejects.toSatisfy(isNodeError)
    next.node.state.fault = undefined
    expect(await next.play('q3')).toMatchObject({ kind: 'ask' })
    expect(next.sessions.get(S1)?.pause).toBe('restored')
  })

  it('a person’s own transaction does not hide it', async () => {
    const world = await begun()
    const copy = await copyOf(world.db)
    await world.play('q1')
    await world.settle()
    await putBack(world.db, copy)
    const next = await lived(world, run())
    // Whoever reads the nonce to sign with compares it.
    await next.nonces.chain(NETWORK, ACCOUNT, await next.nodes.of(NETWORK))
    expect(next.sessions.get(S1)?.pause).toBe('restored')
  })
})

describe('nothing was put back', () => {
  it('what this wallet sent itself stops nothing at the next start', async () => {
    const world = await begun()
    await world.play('q1')
    await world.settle()
    const next = await lived(world, run())
    await next.compareAll()
    expect((await next.play('q2')).kind).toBe('sent')
    expect(next.sessions.get(S1)?.state).toBe('active')
  })

  it('what another copy of the phrase sends while this one runs stops nothing, then and at the next start', async () => {
    const area = run()
    const world = await begun()
    const open = await lived(world, area)
    expect((await open.play('q1')).kind).toBe('sent')
    await open.settle()
    open.node.state.nonce += 1n
    open.nonces.forget(NETWORK, ACCOUNT)
    expect((await open.play('q2')).kind).toBe('sent')
    await open.settle()
    open.node.state.nonce += 1n
    const again = await lived(open, area)
    await again.nonces.chain(NETWORK, ACCOUNT, await again.nodes.of(NETWORK))
    const next = await lived(again, run())
    await next.compareAll()
    expect(next.sessions.get(S1)?.state).toBe('active')
  })

  it('what it has forgotten of its own after 90 days stops nothing', async () => {
    const world = await begun()
    await world.play('q1')
    await world.settle()
    const seen = await lived(world, run())
    await seen.compareAll()
    seen.clock.now += 1
    await seen.journal.prune(seen.clock.now, [{ network: NETWORK, account: ACCOUNT }])
    const next = await lived(seen, run())
    await next.compareAll()
    expect(next.sessions.get(S1)?.state).toBe('active')
  })

  it('a chain that started over begins at zero again', async () => {
    const world = await begun()
    world.node.state.nonce = 7n
    await world.accounts.look(ACCOUNT, NETWORK, felt(7))
    world.clock.now += 10
    await world.networks.adopt(NETWORK, { hash: felt(0x6e0), at: world.clock.now })
    world.node.state.genesisAt = world.clock.now
    world.node.state.nonce = 2n
    const next = await lived(world, run())
    await next.compareAll()
    expect((await next.accounts.own(ACCOUNT))?.looked).toMatchObject([{ network: NETWORK, nonce: '0x2' }])
  })
})
