import 'fake-indexeddb/auto'
import { describe, expect, it } from 'vitest'
import { classify } from '../../cold/reserved.ts'
import { STRK } from '../../core/account.ts'
import { type Address, address, type Felt, felt, shortString, u256 } from '../../core/felt.ts'
import type { Call, SessionPolicy } from '../../core/policy/policy.ts'
import { isNodeError } from '../../platform/node-error.ts'
import { publicKey, verify } from '../../starknet/curve.ts'
import { ANY_CALLER, type OutsideOf, outsideTypedData } from '../../starknet/outside.ts'
import { selectorOf } from '../../starknet/selector.ts'
import { sessionMessage } from '../../starknet/session-token.ts'
import type { SessionArea } from '../keys/working-set.ts'
import { WINDOW } from './paymaster.ts'
import {
  ACCOUNT,
  CHAIN_ID,
  createStubNode,
  createWorld,
  GAME,
  GUARDIAN,
  MOVE,
  move,
  NETWORK,
  ORIGIN,
  policy,
  SESSION,
  START,
  sessionArea,
  transferEvent,
} from './stub-world.ts'

const SERVICE = 'https://pay.example'
const FORWARDER = address('0xf0')
const COIN = address('0xc01')
const TRANSFER = selectorOf('transfer')
const MAX_FEE = 700n
const ONCE = ['calls 1', 'rule:r0 1', 'tx 1']

const sponsored: Partial<SessionPolicy> = { fees: { payer: 'paymaster', tokens: [], service: `${SERVICE}/v1` } }
const rule = (contract: Address, name: string) => ({
  ...policy().calls[0]!,
  id: `r-${name}` as SessionPolicy['calls'][number]['id'],
  contract,
  entrypoints: [{ selector: selectorOf(name), name }],
})
const inCoins = (max: bigint, perTx = max): Partial<SessionPolicy> => ({
  calls: [...policy().calls, rule(COIN, 'transfer')],
  spend: {
    limits: [
      {
        asset: 'erc20',
        token: COIN,
        caps: [{ window: { kind: 'session' }, max: u256(1_000n) }],
        spenders: [],
        approvals: 'forbid',
        foreignTransferFrom: 'forbid',
      },
    ],
    look: 'receipt',
  },
  fees: {
    payer: 'paymaster',
    service: `${SERVICE}/v1`,
    tokens: [{ token: COIN, perTx: u256(perTx), caps: [{ window: { kind: 'session' }, max: u256(max) }] }],
  },
})
const send = (to: Address, amount: bigint): Call => ({
  to: COIN,
  selector: TRANSFER,
  calldata: [to, felt(amount), felt(0)],
})

interface Asked {
  readonly calls: readonly Call[]
  readonly fee_mode: { readonly mode: string; readonly gas_token?: Address }
  readonly time_bounds: { readonly execute_after: number; readonly execute_before: number }
}
interface Built {
  outside: OutsideOf
  fee: bigint
  typedData?: object
}

/** A service as SNIP-29 says, over the stub chain; a test alters what it builds, and when it answers. */
function stubService(node: ReturnType<typeof createStubNode>) {
  let nonces = 0
  const state = {
    methods: [] as string[],
    handedIn: [] as { readonly typedData: unknown; readonly signature: readonly Felt[] }[],
    alter: (built: Built): Built => built,
    /** What comes back of the fee. */
    back: 0n,
    onExecute: async (execute: () => Felt): Promise<Felt | 'cut' | { readonly code: number }> => execute(),
    onBuild: async () => {},
  }
  const build = ({ calls, fee_mode, time_bounds }: Asked) => {
    nonces += 1
    const paid = fee_mode.mode === 'default'
    const fee = paid ? MAX_FEE : 0n
    const payment = { to: fee_mode.gas_token ?? STRK, selector: TRANSFER, calldata: [FORWARDER, felt(fee), felt(0)] }
    const built = state.alter({
      outside: {
        version: 2,
        chainId: CHAIN_ID,
        account: ACCOUNT,
        caller: FORWARDER,
        nonce: felt(nonces),
        executeAfter: time_bounds.execute_after,
        executeBefore: time_bounds.execute_before,
        calls: paid ? [...calls, payment] : calls,
      },
      fee,
    })
    return {
      type: 'invoke',
      typed_data: built.typedData ?? outsideTypedData(built.outside),
      fee: { suggested_max_fee_in_gas_token: felt(built.fee) },
    }
  }
  const execute = (typedData: unknown): Felt => {
    const found = classify(typedData, { account: ACCOUNT, chainId: CHAIN_ID })
    if (found.kind !== 'outside') throw new Error('not an outside execution')
    const transaction = felt(0xabc000n + BigInt(node.state.executed.size))
    const moved = found.calls.filter(({ selector }) => selector === TRANSFER)
    node.state.execute({
      hash: found.hash,
      nonce: found.nonce,
      transaction,
      events: moved.map(({ to, calldata }) => transferEvent(to, ACCOUNT, calldata[0] as Address, BigInt(calldata[1]!))),
      behind: state.back === 0n ? [] : [transferEvent(COIN, FORWARDER, ACCOUNT, state.back)],
    })
    return transaction
  }
  const post = async (url: string, text: string) => {
    expect(url).toBe(`${SERVICE}/v1`)
    const { id, method, params } = JSON.parse(text)
    state.methods.push(method)
    const reply = (more: object) => ({ status: 200, text: JSON.stringify({ jsonrpc: '2.0', id, ...more }) })
    if (method === 'paymaster_getSupportedTokens') return reply({ result: [{ token_address: COIN }] })
    if (method === 'paymaster_buildTransaction') {
      await state.onBuild()
      return reply({ result: build({ calls: params.transaction.invoke.calls, ...params.parameters }) })
    }
    const { typed_data, signature } = params.transaction.invoke
    state.handedIn.push({ typedData: typed_data, signature })
    const answer = await state.onExecute(() => execute(typed_data))
    if (answer === 'cut') throw new Error('cut')
    return typeof answer === 'string'
      ? reply({ result: { transaction_hash: answer, tracking_id: '0x0' } })
      : reply({ error: { code: answer.code, message: 'An error occurred' } })
  }
  return { state, post }
}

async function start(change: Partial<SessionPolicy>, area?: SessionArea) {
  const clock = { now: START }
  const node = createStubNode(clock)
  const service = stubService(node)
  const world = await createWorld({
    clock,
    node,
    classify,
    service: service.post,
    ...(area === undefined ? {} : { area }),
  })
  const session = await world.start('s1', change)
  const row = async () => (await world.journal.list({ session: session.id }))[0]
  const used = async () => {
    const { book, open } = (await world.ledger.state(session.id))!
    // Without a window a booking is kept as a sum.
    const booked = [...Object.entries(book.base), ...book.bookings.map(({ meter, amount }) => [meter, amount])]
    return { booked: booked.map((it) => it.join(' ')).sort(), open: open.length }
  }
  return { world, clock, node, service: service.state, post: service.post, session, row, used }
}
const silent = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => (isNodeError(error) ? error.reason : error),
  )

describe('a session whose fees a service pays', () => {
  it('signs what it asked for, with the session’s keys, hands it in, and counts it without a fee', async () => {
    const { world, node, service, session, row, used } = await start(sponsored)
    const result = await world.play('q1')
    expect(result).toEqual({ kind: 'sent', hash: '0xabc000', session: 's1' })
    const [handed] = service.handedIn
    const found = classify(handed!.typedData, { account: ACCOUNT, chainId: CHAIN_ID })
    expect(found).toMatchObject({
      kind: 'outside',
      calls: [move()],
      caller: FORWARDER,
      executeBefore: BigInt(START + WINDOW),
    })
    const held = await row()
    expect(held).toMatchObject({
      status: 'sent',
      outside: { transaction: '0xabc000', payer: SERVICE },
      charges: [{ meter: 'rule:r0' }, { meter: 'tx' }, { meter: 'calls' }],
    })
    const message = sessionMessage(held!.hash, session.chain!.sessionHash)
    const token = handed!.signature
    expect(verify(message, { r: token[18]!, s: token[19]! }, publicKey(SESSION))).toBe(true)
    expect(verify(message, { r: token[22]!, s: token[23]! }, publicKey(GUARDIAN))).toBe(true)
    await world.settle()
    expect(await used()).toEqual({ booked: ONCE, open: 0 })
    expect(node.state.arrived).toEqual([])
    expect(world.allowedServices).toContain(SERVICE)
    expect(world.errors).toEqual([])
  })

  it('what it gives in a token is a fee: held at its most, booked without what came back, and no spending', async () => {
    const { world, service, row, used } = await start(inCoins(10_000n))
    service.back = 200n
    expect(await world.play('q1', [send(GAME, 40n)])).toMatchObject({ kind: 'sent' })
    expect((await row())?.charges).toEqual(
      expect.arrayContaining([
        { meter: `fee:${COIN}`, amount: '700', refundable: '0' },
        { meter: `spend:${COIN}`, amount: '40', refundable: '0' },
      ]),
    )
    await world.settle()
    expect((await used()).booked).toEqual(expect.arrayContaining([`fee:${COIN} 500`, `spend:${COIN} 40`]))
    expect(world.sessions.get((await row())!.session!)?.state).toBe('active')
  })

  it('over the cap of that token it asks, and signs nothing', async () => {
    const total = await start(inCoins(699n, 10_000n))
    expect(await total.world.play('q1')).toMatchObject({ kind: 'ask', reasons: [{ code: 'feeCap', wanted: '700' }] })
    const each = await start(inCoins(10_000n, 699n))
    expect(await each.world.play('q1')).toMatchObject({ kind: 'ask', reasons: [{ code: 'feePerTx' }] })
    for (const { service, row } of [total, each]) expect([service.handedIn, await row()]).toEqual([[], undefined])
  })

  it('a token that is not on the session’s list cannot be given on chain, so it asks', async () => {
    const { world, service } = await start({ ...inCoins(10_000n), calls: policy().calls })
    expect(await world.play('q1')).toMatchObject({ kind: 'ask', reasons: [{ code: 'feeToken' }] })
    expect(service.methods).toEqual([])
  })

  const outside = (change: (it: OutsideOf) => Partial<OutsideOf>) => (built: Built) => ({
    ...built,
    outside: { ...built.outside, ...change(built.outside) },
  })
  const lastCall = (change: Partial<Call>) =>
    outside(({ calls }) => ({ calls: [...calls.slice(0, -1), { ...calls.at(-1)!, ...change }] }))
  const other: Call = { to: GAME, selector: MOVE, calldata: [felt(2)] }
  const ALTERED: Readonly<Record<string, (built: Built) => Built>> = {
    'another call': outside(({ calls }) => ({ calls: [other, ...calls.slice(1)] })),
    'one more call': outside(({ calls }) => ({ calls: [other, ...calls] })),
    'a call less': outside(({ calls }) => ({ calls: calls.slice(1) })),
    'no call at all': outside(() => ({ calls: [] })),
    'another contract': outside(({ calls }) => ({ calls: [{ ...calls[0]!, to: FORWARDER }, ...calls.slice(1)] })),
    'another argument more': outside(({ calls }) => ({
      calls: [{ ...calls[0]!, calldata: [...calls[0]!.calldata, felt(0)] }, ...calls.slice(1)],
    })),
    'another token': lastCall({ to: STRK }),
    'another action': lastCall({ selector: selectorOf('approve') }),
    'another receiver': lastCall({ calldata: [felt(5), felt(MAX_FEE), felt(0)] }),
    'a higher payment than quoted': lastCall({ calldata: [FORWARDER, felt(MAX_FEE + 1n), felt(0)] }),
    'a payment with a high limb': lastCall({ calldata: [FORWARDER, felt(MAX_FEE), felt(1)] }),
    'a payment of four felts': lastCall({ calldata: [FORWARDER, felt(MAX_FEE), felt(0), felt(0)] }),
    'a quote that is not the payment': (built) => ({ ...built, fee: MAX_FEE - 1n }),
    'a second payment': outside(({ calls }) => ({ calls: [...calls, calls.at(-1)!] })),
    'a payment to anybody who sends it': outside(() => ({ caller: ANY_CALLER })),
    'a longer window': outside(({ executeBefore }) => ({ executeBefore: executeBefore + 1 })),
    'a window that begins later': outside(() => ({ executeAfter: START + 60 })),
    'a window that is over': outside(() => ({ executeBefore: START })),
    'another chain': outside(() => ({ chainId: shortString('SN_MAIN') })),
    'a used nonce': outside(() => ({ nonce: felt(0xdead) })),
    'a message': (built) => ({ ...built, typedData: { types: {}, primaryType: 'Order', domain: {}, message: {} } }),
    'a disguise': ({ outside, fee }) => {
      const written = outsideTypedData(outside)
      return {
        outside,
        fee,
        typedData: { ...written, domain: { ...written.domain, name: 'account.execute_from_outside' } },
      }
    },
    'more members than are hashed': ({ outside, fee }) => {
      const written = outsideTypedData(outside)
      return { outside, fee, typedData: { ...written, message: { ...written.message, calls: [] } } }
    },
  }
  it.each(Object.keys(ALTERED))('signs nothing of what a service has altered: %s', async (what) => {
    const { world, node, service, row } = await start(inCoins(10n ** 30n))
    node.state.usedNonces.add('0xdead')
    service.alter = ALTERED[what]!
    expect(await silent(world.play('q1'))).toBe('garbage')
    expect({ handedIn: service.handedIn, row: await row() }).toEqual({ handedIn: [], row: undefined })
    // The same service, honest again.
    service.alter = (built) => built
    expect(await world.play('q2')).toMatchObject({ kind: 'sent' })
  })

  it('hands no service a cheque before the journal was compared with the chain: where that is further, the session rests', async () => {
    const { world, node, service, row } = await start(sponsored, sessionArea())
    await world.accounts.look(ACCOUNT, NETWORK, felt(0))
    node.state.nonce = 1n
    expect(await world.play('q1')).toMatchObject({ kind: 'ask', reasons: [{ code: 'paused' }] })
    expect([service.handedIn, await row()]).toEqual([[], undefined])
  })

  it('signs both versions of an outside execution', async () => {
    const { world, service, used } = await start(sponsored)
    service.alter = outside(() => ({ version: 1 }))
    expect(await world.play('q1')).toMatchObject({ kind: 'sent' })
    await world.settle()
    expect(await used()).toEqual({ booked: ONCE, open: 0 })
  })

  it('where senders are named, another one pays for nothing', async () => {
    const fees = { ...sponsored.fees!, paymasters: [felt(0xf1)] }
    const { world, service, row } = await start({ fees })
    expect(await world.play('q1')).toMatchObject({ kind: 'ask', reasons: [{ code: 'paymasterNotAllowed' }] })
    expect([service.handedIn, await row()]).toEqual([[], undefined])
    const named = await start({ fees: { ...fees, paymasters: [FORWARDER] } })
    expect(await named.world.play('q1')).toMatchObject({ kind: 'sent' })
    const elsewhere = await start({ fees: { ...fees, paymasters: ['https://another.example'] } })
    expect(await elsewhere.world.play('q1')).toMatchObject({ kind: 'ask', reasons: [{ code: 'paymasterNotAllowed' }] })
    expect(elsewhere.service.methods).toEqual([])
  })

  it('a service that fails is told as it is, and the account pays nothing in its place', async () => {
    const { world, node, post, row } = await start({
      fees: { ...policy().fees, payer: 'either', service: `${SERVICE}/v1` },
    })
    const broken = await createWorld({
      clock: world.clock,
      node,
      classify,
      service: async (url, text) => {
        await post(url, text)
        return {
          status: 200,
          text: JSON.stringify({ jsonrpc: '2.0', id: JSON.parse(text).id, error: { code: 156, message: 'no' } }),
        }
      },
    })
    await broken.start('s1', { fees: { ...policy().fees, payer: 'either', service: `${SERVICE}/v1` } })
    await expect(broken.play('q1')).rejects.toMatchObject({ kind: 'node', reason: 'rpc', rpcCode: 156 })
    expect([await row(), node.state.arrived]).toEqual([undefined, []])
  })

  it('an answer that is lost costs nothing twice: the chain has it, and the same request gets its transaction', async () => {
    const { world, service, used } = await start(sponsored)
    service.onExecute = async (execute) => {
      execute()
      return 'cut'
    }
    expect(await silent(world.play('q1'))).toBe('silent')
    expect((await used()).open).toBe(1)
    expect(await world.play('q1')).toEqual({ kind: 'sent', hash: '0xabc000', session: 's1' })
    expect(service.handedIn).toHaveLength(1)
    await world.settle()
    expect(await used()).toEqual({ booked: ONCE, open: 0 })
    const [entry] = (await world.history.list({ limit: 1 })).rows
    expect(entry?.event).toMatchObject({ kind: 'transaction', hash: '0xabc000' })
  })

  it('a worker that died before it was handed in: the next one hands in the same bytes, and it is counted once', async () => {
    const first = await start(sponsored)
    const { world, service, used } = first
    service.onExecute = async () => 'cut'
    expect(await silent(world.play('q1'))).toBe('silent')
    const next = await createWorld({
      name: world.name,
      clock: world.clock,
      node: world.node,
      classify,
      service: first.post,
    })
    next.useKey('s1')
    next.secrets.set('session s1', SESSION)
    await next.recovery.recover()
    service.onExecute = async (execute) => execute()
    expect(await next.play('q1')).toMatchObject({ kind: 'sent', hash: '0xabc000' })
    const [before, after] = service.handedIn
    expect(after).toEqual(before)
    expect(service.methods.filter((it) => it === 'paymaster_buildTransaction')).toHaveLength(1)
    await next.settle()
    expect(await used()).toEqual({ booked: ONCE, open: 0 })
  })

  it('what nobody sends counts until its window is over in a block, and then comes back', async () => {
    const { world, clock, service, used } = await start(sponsored)
    service.onExecute = async () => ({ code: 156 })
    // It has the signature: its no is not the chain's.
    await expect(world.play('q1')).rejects.toMatchObject({ kind: 'node', reason: 'silent' })
    await world.settle(2)
    clock.now = START + WINDOW - 1
    await world.settle(3)
    expect((await used()).open).toBe(1)
    clock.now = START + WINDOW
    await world.settle(3)
    clock.now += 60
    await world.settle()
    expect(await used()).toEqual({ booked: [], open: 0 })
  })

  it('handed in late, after it was given up: booked all the same', async () => {
    const { world, clock, node, service, used, row } = await start(sponsored)
    service.onExecute = async () => 'cut'
    await silent(world.play('q1'))
    clock.now = START + WINDOW
    await world.settle(3)
    clock.now += 60
    await world.settle()
    expect((await row())?.end).toBe('dropped')
    // A node that had not told of it.
    const { hash, nonce } = (await row())!
    node.state.execute({ hash, nonce, transaction: felt(0xfeed) })
    await world.watcher.look()
    expect((await row())?.end).toBe('accepted')
    expect((await used()).booked).toEqual(ONCE)
  })

  it('another execution under its nonce: gone for good, after two readings a minute apart', async () => {
    const { world, clock, node, service, used, row } = await start(sponsored)
    service.onExecute = async () => 'cut'
    await silent(world.play('q1'))
    node.state.usedNonces.add((await row())!.nonce)
    await world.settle(3)
    expect((await used()).open).toBe(1)
    clock.now += 60
    await world.settle()
    expect(await used()).toEqual({ booked: [], open: 0 })
  })

  it('a slow service keeps nothing of the account’s own waiting, and its nonces are none of the account’s', async () => {
    const { world, node, service } = await start({ ...sponsored, calls: [rule(GAME, 'move')] })
    await world.start('s2', { calls: [{ ...rule(GAME, 'jump') }] })
    let answer = () => {}
    const waits = new Promise<void>((resolve) => {
      answer = resolve
    })
    // The number that the account's next transaction has.
    service.alter = outside(() => ({ nonce: felt(0) }))
    service.onExecute = async (execute) => {
      await waits
      return execute()
    }
    const slow = world.play('q1')
    const jump: Call = { to: GAME, selector: selectorOf('jump'), calldata: [] }
    expect(await world.play('q2', [jump])).toMatchObject({ kind: 'sent', session: 's2' })
    answer()
    expect(await slow).toMatchObject({ kind: 'sent', session: 's1' })
    expect(await world.play('q3', [jump])).toMatchObject({ kind: 'sent', session: 's2' })
    expect(node.state.arrived.map((it) => JSON.parse(it).params.invoke_transaction.nonce)).toEqual(['0x0', '0x1'])
  })

  it('twins of one request are one execution', async () => {
    const { world, service } = await start(sponsored)
    const [a, b] = await Promise.all([world.play('q1'), world.play('q1')])
    expect(a).toEqual(b)
    expect(service.handedIn).toHaveLength(1)
  })

  it('stopped between hold and signature: nothing is handed in, and everything comes back', async () => {
    const { world, service, used, session } = await start(sponsored)
    service.onBuild = async () => {
      world.stops.stopSession(session.id)
    }
    expect(await world.play('q1')).toMatchObject({ kind: 'ask' })
    expect([service.handedIn, await used()]).toEqual([[], { booked: [], open: 0 }])
  })

  it('checked: as it would be decided with what the service asks now, and nothing is held', async () => {
    const asked = { origin: ORIGIN, network: NETWORK, account: ACCOUNT, calls: [move()] }
    const fits = await start(inCoins(10_000n))
    expect(await fits.world.executor.check(asked)).toMatchObject({ verdict: { kind: 'auto' }, session: 's1' })
    const over = await start(inCoins(699n))
    expect(await over.world.executor.check(asked)).toMatchObject({
      verdict: { kind: 'ask', reasons: [{ code: 'feeCap' }, { code: 'feePerTx' }] },
    })
    for (const { row, service } of [fits, over]) expect([await row(), service.handedIn]).toEqual([undefined, []])
  })
})
