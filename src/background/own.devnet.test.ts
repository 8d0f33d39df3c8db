import 'fake-indexeddb/auto'
import { type ChildProcess, spawn } from 'node:child_process'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { STRK } from '../core/account.ts'
import { address, type Felt, u256 } from '../core/felt.ts'
import type { ApprovalRecord } from '../core/records.ts'
import { createNode, type Post } from '../platform/node.ts'
import { selectorOf } from '../starknet/selector.ts'
import { createOwn } from './own.ts'
import { createApprovals } from './owners/approvals.ts'
import { createTokens } from './owners/tokens.ts'
import { account, createWorld } from './sending/stub-world.ts'

/** The real chain: only where a devnet binary is named. */
const binary = process.env.DEVNET_PATH
const SENDS = 200
const NETWORK = 'devnet'

/** Of our own, so that each run sends the same: mulberry32. */
function dice(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

describe.skipIf(binary === undefined)('sends on a real devnet', () => {
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
  const rpc = async <T>(method: string, params: unknown) => {
    const { text } = await post(url, JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }), {
      timeoutMs: 10_000,
      maxBytes: 2 ** 20,
    })
    return (JSON.parse(text) as { result: T }).result
  }

  beforeAll(async () => {
    const port = await freePort()
    url = `http://127.0.0.1:${port}/rpc`
    devnet = spawn(binary!, ['--seed', '1', '--port', String(port), '--predeclare-argent', '--accounts', '1'], {
      stdio: 'ignore',
    })
    await vi.waitFor(() => rpc('starknet_chainId', []), { timeout: 90_000, interval: 100 })
  }, 120_000)
  afterAll(() => {
    devnet.kill()
  })

  it(`of ${SENDS} random amounts to random people: amount and fee equal the chain to the last unit`, {
    timeout: 600_000,
  }, async () => {
    const clock = { now: Math.floor(Date.now() / 1000) }
    const requests: string[] = []
    const counted: Post = (at, json, caps) => {
      requests.push(json)
      return post(at, json, caps)
    }
    const world = await createWorld({ clock, post: counted, network: NETWORK })
    const stop = world.keepTime()
    const start = 10n ** 22n
    await post(
      url,
      `{"jsonrpc":"2.0","id":1,"method":"devnet_mint","params":{"address":"${account.address}","amount":${start},"unit":"FRI"}}`,
      { timeoutMs: 10_000, maxBytes: 2 ** 20 },
    )
    const { db, accounts, executor, history, journal, networks, nodes } = world
    const now = () => clock.now
    let ids = 0
    const newId = () => {
      ids += 1
      return `own ${ids}`
    }
    const approvals = createApprovals({
      db,
      now,
      newId,
      network: networks.get,
      window: { open: async () => undefined, isOurs: async () => true },
      changed: () => undefined,
    })
    const tokens = createTokens({ db, nodes, now, changed: () => undefined })
    const own = createOwn({
      accounts,
      approvals,
      contracts: { facts: async () => ({}) },
      executor,
      history,
      journal,
      nodes,
      tokens,
      contacts: async () => [],
      selected: async () => ({ account, network: NETWORK }),
      now,
      newId,
      wait: (ms) => new Promise((done) => setTimeout(done, Math.min(ms, 50))),
      report: (error) => world.errors.push(error),
    })
    const trialOf = ({ question }: ApprovalRecord) => (question.kind === 'transaction' ? question.trial : undefined)
    const node = createNode({ url, post })
    const balance = async (of: Felt) => {
      const [low = '0x0', high = '0x0'] = await node.call({
        to: STRK,
        selector: selectorOf('balance_of'),
        calldata: [of],
      })
      return BigInt(low) + (BigInt(high) << 128n)
    }

    const roll = dice(20_251_126)
    const people = Array.from({ length: 20 }, (_, at) => address(0xbeef00n + BigInt(at)))
    const expected = new Map(people.map((it) => [it, 0n]))
    const asked: { readonly approval: string; readonly amount: bigint }[] = []
    let fees = 0n
    for (let sent = 0; sent < SENDS; sent += 1) {
      const to = people[roll(people.length)]!
      // From one unit to many coins: every length of number.
      const amount = BigInt(1 + roll(2 ** 30)) * 10n ** BigInt(roll(10)) + BigInt(roll(10))
      await own.send(to, STRK, u256(amount))
      await expect
        .poll(async () => (await approvals.waiting()).some((it) => trialOf(it) !== undefined), {
          timeout: 20_000,
          interval: 5,
        })
        .toBe(true)
      const [record] = await approvals.waiting()
      await approvals.decide(record!.id, record!.rev, approvals.digest(record!), 'allow')
      own.goOn((await approvals.get(record!.id))!)
      await expect.poll(async () => (await approvals.waiting()).length, { timeout: 60_000, interval: 5 }).toBe(0)
      asked.push({ approval: record!.id, amount })
      expected.set(to, expected.get(to)! + amount)
    }
    await expect.poll(async () => (await journal.open()).length, { timeout: 60_000 }).toBe(0)
    const rows = await journal.list({ network: NETWORK, account: account.address, limit: SENDS + 10 })
    for (const { approval, amount } of asked) {
      const row = rows.find((it) => it.approval === approval && it.kind === 'invoke')
      const receipt = await rpc<{ actual_fee: { amount: string } }>('starknet_getTransactionReceipt', {
        transaction_hash: row!.hash,
      })
      expect(row).toMatchObject({ end: 'accepted', outcome: { out: { [STRK]: amount.toString() } } })
      expect(row!.outcome!.fee.paid).toBe(BigInt(receipt.actual_fee.amount).toString())
      fees += BigInt(receipt.actual_fee.amount)
    }
    // The account's deployment was a step of the first.
    const deployment = rows.find(({ kind }) => kind === 'deploy')
    fees += BigInt(deployment!.outcome!.fee.paid)
    for (const [to, amount] of expected) expect(await balance(to)).toBe(amount)
    const sum = [...expected.values()].reduce((all, one) => all + one, 0n)
    expect(await balance(account.address)).toBe(start - sum - fees)
    expect(await own.used(NETWORK, account.address)).toMatchObject({ [people[0]!]: expect.any(Number) })
    expect(world.errors).toEqual([])

    // Twenty tokens: the two of the list, and eighteen more that were added.
    for (let at = 0; at < 18; at += 1)
      await tokens.add(NETWORK, {
        address: address(0xc0ffee00n + BigInt(at)),
        symbol: `T${at}`,
        decimals: 18,
        added: true,
      })
    requests.length = 0
    const balances = await tokens.balances(account.address, NETWORK, 0)
    expect(requests.length).toBeLessThanOrEqual(3)
    expect(balances[0]?.amount).toBe((start - sum - fees).toString())
    stop()
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
