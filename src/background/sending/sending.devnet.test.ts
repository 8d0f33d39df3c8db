import 'fake-indexeddb/auto'
import { type ChildProcess, spawn } from 'node:child_process'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { STRK } from '../../core/account.ts'
import { address, felt, u256 } from '../../core/felt.ts'
import { emptyBook, feeMeter, spendMeter, used } from '../../core/policy/book.ts'
import type { Booking, SessionId, SessionPolicy } from '../../core/policy/policy.ts'
import { createNode, type Post } from '../../platform/node.ts'
import { sha256 } from '../../starknet/digest.ts'
import { selectorOf } from '../../starknet/selector.ts'
import { approved } from '../keys/approved.ts'
import { account, copyOf, createWorld, ORIGIN, policy, putBack, sessionArea, storedSession } from './stub-world.ts'

/** The real chain: only where a devnet binary is named. The whole wallet is proven on it by e2e. */
const binary = process.env.DEVNET_PATH
const TRANSFER = selectorOf('transfer')
const FRIEND = address('0xf41e4d')

const byMeter = (a: Booking, b: Booking) => `${a.meter} ${a.at}`.localeCompare(`${b.meter} ${b.at}`)

describe.skipIf(binary === undefined)('on a real devnet', () => {
  let devnet: ChildProcess
  let url: string
  // Node's own client: files share a process, and egress.test.ts locks `fetch` in it for good.
  const post: Post = (_url, json) =>
    new Promise((resolve, reject) => {
      const asking = request(url, { method: 'POST', headers: { 'content-type': 'application/json' } }, (answer) => {
        const parts: Buffer[] = []
        answer.on('data', (part: Buffer) => parts.push(part))
        answer.once('error', reject)
        answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString() }))
      })
      asking.once('error', reject)
      asking.end(json)
    })
  const rpc = async (method: string, params: unknown) => {
    const { text } = await post(url, JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }), {
      timeoutMs: 10_000,
      maxBytes: 2 ** 20,
    })
    return JSON.parse(text) as { result?: unknown; error?: unknown }
  }

  beforeAll(async () => {
    const port = await freePort()
    url = `http://127.0.0.1:${port}/rpc`
    devnet = spawn(binary!, ['--seed', '1', '--port', String(port), '--predeclare-argent', '--accounts', '1'], {
      stdio: 'ignore',
    })
    await vi.waitFor(() => rpc('starknet_chainId', []), { timeout: 30_000, interval: 100 })
  })
  afterAll(() => {
    devnet.kill()
  })

  it('deploys, sets the second key, and then plays by session; the book is what the chain says', {
    timeout: 120_000,
  }, async () => {
    const clock = { now: Math.floor(Date.now() / 1000) }
    const world = await createWorld({ clock, post, network: 'devnet' })
    await rpc('devnet_mint', { address: account.address, amount: 10 ** 19, unit: 'FRI' })

    const { steps } = await world.executor.estimateSteps({ network: 'devnet', account, steps: ['deploy', 'enable'] })
    const seen: string[] = []
    const yes = world.yes([
      { kind: 'step', step: 'deploy' },
      { kind: 'step', step: 'enable' },
    ])
    const stop = world.keepTime()
    await world.executor.runSteps({ network: 'devnet', account, steps, approved: yes }, ({ step }, state) => {
      seen.push(`${step} ${state}`)
    })
    expect(seen).toEqual(['deploy sent', 'deploy done', 'enable sent', 'enable done'])
    const state = await world.accounts.state(account, 'devnet', 0)
    expect(state).toMatchObject({ classHash: account.classHash, guardian: account.guardian.publicKey })

    const granted: SessionPolicy = {
      ...policy(),
      validAfter: clock.now - 10,
      validUntil: clock.now + 86_400,
      calls: [{ ...policy().calls[0]!, contract: STRK, entrypoints: [{ selector: TRANSFER, name: 'transfer' }] }],
      spend: {
        look: 'receipt',
        limits: [
          {
            asset: 'erc20',
            token: STRK,
            caps: [{ window: { kind: 'session' }, max: u256(10n ** 18n) }],
            spenders: [],
            approvals: 'forbid',
            foreignTransferFrom: 'forbid',
          },
        ],
      },
    }
    const genesis = world.networks.get('devnet').genesis!
    const session = { ...storedSession('d1', granted), network: 'devnet' as const, genesis, createdAt: clock.now }
    await world.sessions.create(session, emptyBook(session.id))
    world.useKey('d1')
    const pay = (request: string, amount: bigint, id?: string) =>
      world.executor.executeInSession({
        origin: ORIGIN,
        request,
        network: 'devnet',
        account: account.address,
        calls: [{ to: STRK, selector: TRANSFER, calldata: [FRIEND, felt(amount), felt(0)] }],
        ...(id === undefined ? {} : { session: id as SessionId }),
      })
    const paid = await Promise.all(Array.from({ length: 20 }, (_, at) => pay(`q${at}`, 10n ** 16n)))
    expect(paid.every(({ kind }) => kind === 'sent')).toBe(true)
    await expect.poll(async () => (await world.journal.open()).length, { timeout: 30_000 }).toBe(0)
    const rows = await world.journal.list({ session: session.id })
    expect(rows).toHaveLength(20)
    expect(rows.every(({ end }) => end === 'accepted')).toBe(true)
    expect(rows.map(({ nonce }) => Number(nonce)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, at) => at + 2),
    )
    const node = createNode({ url, post })
    const [low] = await node.call({ to: STRK, selector: selectorOf('balance_of'), calldata: [FRIEND] })
    expect(BigInt(low!)).toBe(20n * 10n ** 16n)

    // Bounds: half as much again as was used, and above that at most the formula's 5 %, a step of 1/16, room for four new slots
    // and the one that the first transfer to this friend wrote, whose amounts the others keep.
    for (const row of rows) {
      const { outcome } = row
      expect(outcome!.out[STRK]).toBe((10n ** 16n).toString())
      const receipt = (await rpc('starknet_getTransactionReceipt', { transaction_hash: row.hash })).result as {
        execution_resources: { l2_gas: number }
      }
      const used = BigInt(receipt.execution_resources.l2_gas)
      const bound = BigInt(row.bounds.l2_gas.maxAmount)
      expect(bound * 2n).toBeGreaterThanOrEqual(used * 3n)
      expect(bound * 1000n).toBeLessThan((used + 5n * 402_000n) * 1_700n)
    }
    const { book } = (await world.ledger.state(session.id))!
    expect(used(book, [], spendMeter(STRK), { kind: 'session' }, clock.now)).toBe(20n * 10n ** 16n)
    const paidFees = rows.reduce((sum, { outcome }) => sum + BigInt(outcome!.fee.paid), 0n)
    expect(used(book, [], feeMeter(STRK), { kind: 'session' }, clock.now)).toBe(paidFees)

    expect(await pay('over', 9n * 10n ** 17n)).toMatchObject({ kind: 'ask', reasons: [{ code: 'spendCap' }] })
    // More than the account has: the trial run says so, and it is a reason.
    const other = await world.executor.check({
      origin: ORIGIN,
      network: 'devnet',
      account: account.address,
      calls: [{ to: STRK, selector: TRANSFER, calldata: [FRIEND, felt(1), felt(0)] }],
    })
    expect(other?.verdict.kind).toBe('auto')

    await world.sessions.revoke(session.id, clock.now, true)
    const { sessionHash } = session.chain!
    await world.executor.revokeOnChain(world.sessions.get(session.id)!, world.yes([{ kind: 'revoke', sessionHash }]))
    await expect.poll(() => world.sessions.get(session.id)?.onChain?.state, { timeout: 30_000 }).toBe('done')
    expect(await world.executor.isRevoked(session)).toBe(true)
    expect(world.errors).toEqual([])
    stop()
  })

  it('what the owner’s key sent elsewhere stops no session; what a copy has forgotten of a session does, and is booked', {
    timeout: 120_000,
  }, async () => {
    const clock = { now: Math.floor(Date.now() / 1000) }
    const life = (name: string) => createWorld({ name, clock, post, network: 'devnet', area: sessionArea() })
    // Of the account that is deployed above.
    const first = await life(`here ${Math.random()}`)
    const node = createNode({ url, post })
    const stops = [first.keepTime()]
    const granted = { ...policy(), validAfter: clock.now - 10, validUntil: clock.now + 86_400 }
    const rules = [{ ...granted.calls[0]!, contract: STRK, entrypoints: [{ selector: TRANSFER, name: 'transfer' }] }]
    const limit: SessionPolicy['spend']['limits'][number] = {
      asset: 'erc20',
      token: STRK,
      caps: [{ window: { kind: 'session' }, max: u256(10n ** 18n) }],
      spenders: [],
      approvals: 'forbid',
      foreignTransferFrom: 'forbid',
    }
    const plays: SessionPolicy = { ...granted, calls: rules, spend: { look: 'receipt', limits: [limit] } }
    await first.nonces.compared('devnet', account.address, await first.nodes.of('devnet'))
    const genesis = first.networks.get('devnet').genesis!
    const session = { ...storedSession('d2', plays), network: 'devnet' as const, genesis, createdAt: clock.now }
    await first.sessions.create(session, emptyBook(session.id))
    first.useKey('d2')
    type Life = typeof first
    const transfer = { to: STRK, selector: TRANSFER, calldata: [FRIEND, felt(1), felt(0)] }
    const pay = (world: Life, request: string) =>
      world.executor.executeInSession({
        origin: ORIGIN,
        request,
        network: 'devnet',
        account: account.address,
        calls: [transfer],
      })
    const settled = (world: Life) =>
      expect.poll(async () => (await world.journal.open()).length, { timeout: 30_000 }).toBe(0)
    expect((await pay(first, 'q1')).kind).toBe('sent')
    await settled(first)

    // The same keys over a database of their own: another computer.
    const other = await createWorld({ clock, post, network: 'devnet' })
    stops.push(other.keepTime())
    for (let n = 0; n < 3; n += 1) {
      const { bounds } = await other.executor.trial({ network: 'devnet', account, calls: [transfer] })
      const yes = approved({
        approval: `elsewhere ${n}`,
        digest: sha256('shown'),
        account: account.address,
        network: 'devnet',
        allows: [{ kind: 'calls', calls: [transfer] }],
      })
      await other.executor.executeApproved(yes, {
        network: 'devnet',
        account,
        kind: 'invoke',
        calls: [transfer],
        bounds,
      })
      await settled(other)
    }
    const copy = await copyOf(first.db)
    stops.shift()!()
    const second = await life(first.name)
    stops.push(second.keepTime())
    second.useKey('d2')
    expect((await pay(second, 'q2')).kind).toBe('sent')
    await settled(second)
    expect(second.sessions.get(session.id)?.state).toBe('active')
    const { rows } = await second.history.list({ network: 'devnet', limit: 100 })
    expect(rows.find(({ event }) => event.kind === 'elsewhere')?.event).toEqual({ kind: 'elsewhere', transactions: 3 })

    const whole = (await second.ledger.state(session.id))!.book
    stops.pop()!()
    await putBack(second.db, copy)
    const third = await life(first.name)
    third.useKey('d2')
    const before = await node.nonce(account.address)
    expect(await pay(third, 'q3')).toMatchObject({ kind: 'ask', reasons: [{ code: 'paused' }] })
    expect(third.sessions.get(session.id)).toMatchObject({ state: 'paused', pause: 'restored' })
    expect(await node.nonce(account.address)).toBe(before)
    // What it has forgotten counts again, by the receipt.
    stops.push(third.keepTime())
    await settled(third)
    const { book } = (await third.ledger.state(session.id))!
    expect(book.bookings.toSorted(byMeter)).toEqual(whole.bookings.toSorted(byMeter))
    expect(used(book, [], spendMeter(STRK), { kind: 'session' }, clock.now)).toBe(2n)
    for (const stop of stops) stop()
  })

  it('reads what this node says: block, prices, class, unknown things, failures', async () => {
    const node = createNode({ url, post })
    expect(await node.specVersion()).toMatch(/^0\.10\./)
    expect((await node.genesis()).at).toBeGreaterThan(0)
    const { prices, number } = await node.lastBlock()
    expect(prices.l2_gas).toBeGreaterThan(0n)
    expect((await node.block(number)).number).toBe(number)
    expect(await node.nonce(FRIEND)).toBeUndefined()
    expect(await node.classHashAt(FRIEND)).toBeUndefined()
    expect(await node.classAt(FRIEND)).toBeUndefined()
    // devnet's own tokens carry no ABI; their class still says what can be called.
    expect(await node.classAt(STRK)).toBe('null')
    expect(await node.selectorsAt(STRK)).toContain(TRANSFER)
    expect(await node.selectorsAt(FRIEND)).toBeUndefined()
    expect(await node.status(felt(0x123))).toBeUndefined()
    expect(await node.receipt(felt(0x123))).toBeUndefined()
    await expect(node.call({ to: STRK, selector: selectorOf('no_such'), calldata: [] })).rejects.toMatchObject({
      reason: 'rpc',
      rpcCode: 21,
    })
    await expect(
      node.call({ to: STRK, selector: TRANSFER, calldata: [FRIEND, felt(1), felt(0)] }),
    ).rejects.toMatchObject({ rpcCode: 40, words: [expect.stringMatching(/ERC20|transfer/i)] })
  })
})

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const at = server.address()
      server.close(() => resolve(typeof at === 'object' && at !== null ? at.port : 0))
    })
  })
}
