import 'fake-indexeddb/auto'
import { describe, expect, it } from 'vitest'
import { type Address, address, type Felt, felt, shortString, u256 } from '../../core/felt.ts'
import { emptyBook, spendMeter, TX, used as usedOf } from '../../core/policy/book.ts'
import type { Booking, Call, MeterId, SessionId, SessionPolicy } from '../../core/policy/policy.ts'
import { isNodeError } from '../../platform/node-error.ts'
import { ordinarySignature, SELECTORS } from '../../starknet/accounts.ts'
import { publicKey, sign } from '../../starknet/curve.ts'
import { invokeBody, invokeHash } from '../../starknet/invoke.ts'
import { selectorOf } from '../../starknet/selector.ts'
import { sessionMessage, signerGuid } from '../../starknet/session-token.ts'
import type { SessionArea } from '../keys/working-set.ts'
import { holdsOf } from './journal.ts'
import {
  ACCOUNT,
  CHAIN_ID,
  copyOf,
  createWorld,
  GUARDIAN,
  move,
  NETWORK,
  OWNER,
  policy,
  putBack,
  sessionArea as run,
  SESSION,
  storedSession,
  type World,
} from './stub-world.ts'

const S1 = 's1' as SessionId
const COIN = address('0xc014')
const FRIEND = felt(0xf41e4d)
const TRANSFER = selectorOf('transfer')
const byMeter = (a: Booking, b: Booking) => `${a.meter} ${a.amount}`.localeCompare(`${b.meter} ${b.amount}`)
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

/** With the same phrase elsewhere: the stub in the node's place takes it as the chain would. */
const sendElsewhere = (
  world: World,
  it: { calls?: readonly Call[]; key?: Uint8Array; chainId?: Felt; sender?: Address } = {},
) => {
  const { calls = [move(9)], key = OWNER, chainId = CHAIN_ID, sender = ACCOUNT } = it
  const bound = { maxAmount: 1_000n, maxPrice: 10n }
  const parts = {
    sender,
    calls,
    nonce: felt(world.node.state.nonce),
    tip: 0n,
    bounds: { l1_gas: bound, l2_gas: bound, l1_data_gas: bound },
  }
  const hash = invokeHash({ ...parts, chainId })
  const by = (of: Uint8Array) => ({ publicKey: publicKey(of), signature: sign(hash, of) })
  const signature = ordinarySignature('argent-0.4.0', by(key), by(GUARDIAN))
  world.node.perform('starknet_addInvokeTransaction', { invoke_transaction: invokeBody({ ...parts, signature }) })
  return { hash, signature }
}
/** Its sessions as they are after the first look of the next run, and whether one of them still sends. */
const nextRun = async (world: World) => {
  const next = await lived(world, run())
  await next.compareAll()
  return next
}
const RESTORED = { state: 'paused', pause: 'restored' } as const
const used = async (world: World): Promise<World> => {
  await world.play('q1')
  await world.settle()
  return lived(world, run())
}
const READS = ['starknet_getEvents', 'starknet_getTransactionByHash']
const readsOf = (world: World) => world.node.state.methods.filter((it) => READS.includes(it))
const told = async (world: World) =>
  (await world.history.list({ network: NETWORK, limit: 100 })).rows.filter(({ event }) => event.kind === 'elsewhere')

describe('the owner’s own transactions, sent elsewhere between two runs', () => {
  it('stop nothing: a session goes on without a press, and activity tells how many there were', async () => {
    const world = await used(await begun())
    for (const n of [1, 2, 3]) sendElsewhere(world, { calls: [move(n)] })
    const next = await nextRun(world)
    expect(next.sessions.get(S1)?.state).toBe('active')
    expect(next.stops.isStopped(S1)).toBe(false)
    expect((await next.play('q2')).kind).toBe('sent')
    await next.settle()
    expect(await told(next)).toMatchObject([{ account: ACCOUNT, event: { kind: 'elsewhere', transactions: 3 } }])
    const after = await nextRun(next)
    expect((await after.play('q3')).kind).toBe('sent')
    expect(await told(after)).toHaveLength(1)
  })

  it('stop nothing with the short signature of other wallets, and at the site’s own first call', async () => {
    const world = await used(await begun())
    const { hash } = sendElsewhere(world)
    const { r, s } = sign(hash, OWNER)
    Object.assign(world.node.state.known.get(hash)!.body, { signature: [r, s] })
    const next = await lived(world, run())
    expect((await next.play('q2')).kind).toBe('sent')
  })

  it('are looked for from the block of the last that this wallet sent', async () => {
    const world = await used(await begun())
    const { block } = world.node.state
    sendElsewhere(world)
    const asked: unknown[] = []
    world.node.state.fault = async (method, params) => {
      if (method === 'starknet_getEvents') asked.push((params as { filter: object }).filter)
      return undefined
    }
    await nextRun(world)
    expect(asked).toMatchObject([{ from_block: { block_number: block }, to_block: 'latest', address: ACCOUNT }])
  })

  it('are not read where nothing was sent in between', async () => {
    const world = await used(await begun())
    const next = await nextRun(world)
    expect(next.sessions.get(S1)?.state).toBe('active')
    expect(readsOf(next)).toEqual([])
  })
})

describe('what stays paused, because it is not certain', () => {
  it('a lost row of a session, whatever the owner sent around it', async () => {
    const world = await begun()
    const copy = await copyOf(world.db)
    sendElsewhere(world)
    world.nonces.forget(NETWORK, ACCOUNT)
    await world.play('q1')
    await world.settle()
    sendElsewhere(world)
    await putBack(world.db, copy)
    const next = await nextRun(world)
    expect(next.sessions.get(S1)).toMatchObject(RESTORED)
    expect(await told(next)).toEqual([])
  })

  it.each([
    ['one that another key has signed', { key: GUARDIAN }],
    ['one of another account with the same key', { sender: address('0xacc') }],
    ['one that is signed for another chain', { chainId: shortString('SN_MAIN') as Felt }],
    [
      'one that calls the account itself: it may have ended a session',
      { calls: [{ to: ACCOUNT, selector: SELECTORS.revoke_session, calldata: [felt(1)] }] },
    ],
  ])('%s', async (_, it) => {
    const world = await used(await begun())
    sendElsewhere(world)
    sendElsewhere(world, it)
    const next = await nextRun(world)
    expect(next.sessions.get(S1)).toMatchObject(RESTORED)
  })

  it('one that failed: no event of the account names it', async () => {
    const world = await used(await begun())
    sendElsewhere(world)
    world.node.state.reverts = 'failed'
    sendElsewhere(world)
    world.node.state.reverts = undefined
    const next = await nextRun(world)
    expect(next.sessions.get(S1)).toMatchObject(RESTORED)
  })

  it.each(['calldata', 'nonce', 'tip', 'resource_bounds'])(
    'one whose %s the node tells otherwise than it was signed',
    async (member) => {
      const world = await used(await begun())
      const { body } = world.node.state.known.get(sendElsewhere(world).hash)!
      const other = { ...body, calldata: ['0x0'], tip: '0x1', nonce: '0x7' }
      const bounds = { ...(body.resource_bounds as object), l1_gas: { max_amount: '0x1', max_price_per_unit: '0x1' } }
      Object.assign(body, { [member]: { ...other, resource_bounds: bounds }[member] })
      const next = await nextRun(world)
      expect(next.sessions.get(S1)).toMatchObject(RESTORED)
    },
  )

  it('one transaction of the owner shown for two nonces', async () => {
    const world = await used(await begun())
    const first = sendElsewhere(world)
    const second = sendElsewhere(world)
    const { body } = world.node.state.known.get(first.hash)!
    Object.assign(world.node.state.known.get(second.hash)!, { body })
    const next = await nextRun(world)
    expect(next.sessions.get(S1)).toMatchObject(RESTORED)
  })

  it.each(READS)('everything where the node does not answer %s', async (method) => {
    const world = await used(await begun())
    sendElsewhere(world)
    world.node.state.fault = async (it) => (it === method ? { status: 503, text: '' } : undefined)
    const next = await nextRun(world)
    world.node.state.fault = undefined
    expect(next.sessions.get(S1)).toMatchObject(RESTORED)
    expect(next.errors).toEqual([])
  })

  it('everything after more than 64: of so many not one is read', async () => {
    const world = await used(await begun())
    for (let n = 0; n < 64; n += 1) sendElsewhere(world)
    const many = await nextRun(world)
    expect(many.sessions.get(S1)?.state).toBe('active')
    expect(readsOf(many)).toHaveLength(65)
    for (let n = 0; n < 65; n += 1) sendElsewhere(world)
    const more = await nextRun(many)
    expect(more.sessions.get(S1)).toMatchObject(RESTORED)
    expect(readsOf(more)).toHaveLength(65)
  })

  it('every session that can spend without a nonce or with the owner’s key, beside one that cannot', async () => {
    const world = await begun()
    const { fees, messages } = policy()
    const sessionKey = publicKey(SESSION)
    await world.start('wallet', {}, { backing: 'wallet' })
    await world.start('site', {}, { key: { by: 'dapp', publicKey: sessionKey, guid: signerGuid(sessionKey) } })
    await world.start('sponsored', { fees: { ...fees, payer: 'either' } })
    const rule = { id: 'm0', domainHash: felt(1), typeHash: felt(2), fields: [], caps: [], enabled: true }
    await world.start('messages', { messages: [...messages, { ...rule, required: false } as never] })
    sendElsewhere(world)
    const next = await nextRun(world)
    const states = next.sessions.list({}).map(({ id, state, pause }) => `${id} ${pause ?? state}`)
    expect(states.sort()).toEqual([
      'messages restored',
      's1 active',
      'site restored',
      'sponsored restored',
      'wallet restored',
    ])
  })

  it('every session where none of them could go on: nothing is read then', async () => {
    const world = await begun()
    await world.sessions.revoke(S1, world.clock.now, false)
    await world.start('wallet', {}, { backing: 'wallet' })
    sendElsewhere(world)
    const next = await nextRun(world)
    expect(next.sessions.get('wallet' as SessionId)).toMatchObject(RESTORED)
    expect(readsOf(next)).toEqual([])
  })
})

describe('a row that a session has lost with its profile', () => {
  const LIMITED: Partial<SessionPolicy> = {
    usage: { ...policy().usage, tx: [{ window: { kind: 'session' }, max: 3 }] },
    spend: {
      look: 'receipt',
      limits: [
        {
          asset: 'erc20',
          token: COIN,
          caps: [{ window: { kind: 'session' }, max: u256(100n) }],
          spenders: [],
          approvals: 'forbid',
          foreignTransferFrom: 'forbid',
        },
      ],
    },
    calls: [{ ...policy().calls[0]!, contract: COIN, entrypoints: [{ selector: TRANSFER, name: 'transfer' }] }],
  }
  const pay = (amount: bigint): readonly Call[] => [
    { to: COIN, selector: TRANSFER, calldata: [FRIEND, felt(amount), felt(0)] },
  ]
  const limited = async () => {
    const world = await createWorld({ area: run() })
    await world.nonces.compared(NETWORK, ACCOUNT, await world.nodes.of(NETWORK))
    await world.start('s1', LIMITED)
    return world
  }
  const spent = async (world: World, meter: MeterId) => {
    const { book, open } = (await world.ledger.state(S1))!
    return usedOf(book, holdsOf(open), meter, { kind: 'session' }, world.clock.now)
  }

  it('is booked to its session, at its block’s time, before anybody can press to go on', async () => {
    const world = await limited()
    const copy = await copyOf(world.db)
    for (const [at, amount] of [40n, 30n].entries()) {
      await world.play(`q${at}`, pay(amount))
      await world.settle()
    }
    const was = (await world.ledger.state(S1))!.book
    const block = world.clock.now
    await putBack(world.db, copy)
    world.clock.now += 1_000

    const next = await nextRun(world)
    expect(next.sessions.get(S1)).toMatchObject(RESTORED)
    // Held at once, and what the chain says when it was read.
    expect(await spent(next, spendMeter(COIN))).toBe(70n)
    await next.settle()
    expect(await spent(next, spendMeter(COIN))).toBe(70n)
    expect(await spent(next, TX)).toBe(2n)
    const { book } = (await next.ledger.state(S1))!
    expect(book.bookings.toSorted(byMeter)).toEqual(was.bookings.toSorted(byMeter))
    expect(book.bookings.every(({ at }) => at === block)).toBe(true)
    const { rows } = await next.history.list({ network: NETWORK, session: S1, limit: 10 })
    expect(rows.filter(({ event }) => event.kind === 'transaction')).toHaveLength(2)

    await next.sessions.resume(S1, 'person')
    expect(await next.play('over', pay(31n))).toMatchObject({ kind: 'ask', reasons: [{ code: 'spendCap' }] })
    expect((await next.play('fits', pay(30n))).kind).toBe('sent')
    await next.settle()
    expect(await next.play('third', pay(0n))).toMatchObject({ kind: 'ask', reasons: [{ code: 'txCount' }] })
  })

  it('is booked where its page made the token, with the authorization cached', async () => {
    const world = await limited()
    const copy = await copyOf(world.db)
    await world.play('q1', pay(40n))
    await world.settle()
    const [hash, { body }] = [...world.node.state.known].at(-1)!
    const { sessionHash } = world.sessions.get(S1)!.chain!
    const { r, s } = sign(sessionMessage(hash, sessionHash, 1), SESSION)
    const felts = body.signature as readonly Felt[]
    // Five felts of the session, the flag, no authorization, and the kind and key of who signs.
    const signature = [...felts.slice(0, 5), '0x1', '0x0', ...felts.slice(16, 18), r, s, ...felts.slice(20)]
    Object.assign(body, { signature })
    await putBack(world.db, copy)
    expect(await spent(await nextRun(world), spendMeter(COIN))).toBe(40n)
  })

  it('is booked when a node that was silent at the first look answers again', async () => {
    const world = await limited()
    const copy = await copyOf(world.db)
    await world.play('q1', pay(40n))
    await world.settle()
    await putBack(world.db, copy)
    world.node.state.fault = async (it) => (it === 'starknet_getEvents' ? { status: 503, text: '' } : undefined)
    const next = await nextRun(world)
    world.node.state.fault = undefined
    expect(next.sessions.get(S1)).toMatchObject(RESTORED)
    expect(await spent(next, spendMeter(COIN))).toBe(0n)
    await next.nonces.compared(NETWORK, ACCOUNT, await next.nodes.of(NETWORK))
    expect(await spent(next, spendMeter(COIN))).toBe(40n)
  })

  it('is booked once, though the worker died before the look was noted, and none that the journal has', async () => {
    const world = await limited()
    const copy = await copyOf(world.db)
    await world.play('q1', pay(40n))
    await world.settle()
    await putBack(world.db, copy)
    const first = await nextRun(world)
    const row = (await first.journal.list({ session: S1 }))[0]!
    expect(row).toMatchObject({ id: `elsewhere ${row.hash}`, session: S1, nonce: '0x0', status: 'sent' })
    expect(await first.journal.putBack(row)).toBe(false)
    await first.settle()
    expect(await first.journal.putBack(row)).toBe(false)
    expect(await spent(first, spendMeter(COIN))).toBe(40n)
  })

  it('is booked by what was granted, though this copy has it narrower, and paused', async () => {
    const world = await limited()
    await world.sessions.narrow(S1, ({ effective }) => ({
      ...effective,
      calls: effective.calls.map((rule) => ({ ...rule, enabled: false })),
    }))
    await world.sessions.pause(S1, 'site')
    const copy = await copyOf(world.db)
    await world.sessions.resume(S1, 'site')
    await world.sessions.restore(S1)
    expect((await world.play('q1', pay(40n))).kind).toBe('sent')
    await world.settle()
    await putBack(world.db, copy)
    const next = await lived(world, run())
    await next.nonces.compared(NETWORK, ACCOUNT, await next.nodes.of(NETWORK))
    expect(next.sessions.get(S1)).toMatchObject(RESTORED)
    await next.settle()
    expect(await spent(next, spendMeter(COIN))).toBe(40n)
  })

  it('is booked by nobody else where the journal has it, dropped on a node’s word', async () => {
    const world = await limited()
    await world.play('q1', pay(40n))
    const [row] = await world.journal.open()
    await world.ledger.settle(row!.id, { end: 'dropped' })
    const next = await nextRun(world)
    expect(next.sessions.get(S1)).toMatchObject(RESTORED)
    expect(await next.journal.list({ session: S1 })).toMatchObject([{ id: row!.id, end: 'dropped' }])
  })

  it('of another session is not booked to this one', async () => {
    const world = await limited()
    const copy = await copyOf(world.db)
    const other = new Uint8Array(32).fill(5)
    const lost = storedSession('s2', policy(LIMITED), other)
    await world.sessions.create(lost, emptyBook(lost.id))
    world.secrets.set('session s2', other)
    world.useKey('s2', other)
    expect((await world.play('q1', pay(40n), 's2')).kind).toBe('sent')
    await world.settle()
    await putBack(world.db, copy)
    const next = await nextRun(world)
    expect(next.sessions.get(S1)).toMatchObject(RESTORED)
    expect(await next.journal.list({ session: S1 })).toEqual([])
  })
})
