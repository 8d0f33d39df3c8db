import 'fake-indexeddb/auto'
import { beforeEach, describe, expect, it } from 'vitest'
import { STRK } from '../core/account.ts'
import { OWN } from '../core/approval.ts'
import { type Address, address, felt, padded, u256 } from '../core/felt.ts'
import type { ApprovalRecord, StoredSession, TransactionQuestion } from '../core/records.ts'
import { selectorOf } from '../starknet/selector.ts'
import { createOwn } from './own.ts'
import { createApprovals } from './owners/approvals.ts'
import { createTokens } from './owners/tokens.ts'
import { ACCOUNT, account, bodyOf, createWorld, NETWORK, type World } from './sending/stub-world.ts'

const ANA = address('0xa2a')
const TRANSFER = selectorOf('transfer')
const FEE_CAP = 15_000_000n

let world: World
let life: ReturnType<typeof createLife>
let asked: string[]

function createLife() {
  const { db, accounts, executor, history, journal, networks, nodes } = world
  const now = () => world.clock.now
  let ids = 0
  const newId = () => {
    ids += 1
    return `${Math.random()} ${ids}`
  }
  const approvals = createApprovals({
    db,
    now,
    newId,
    network: networks.get,
    window: { open: async () => void asked.push('window'), isOurs: async () => true },
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
    contacts: async () => [{ address: ANA, name: 'Ana' }],
    selected: async () => ({ account, network: NETWORK }),
    now,
    newId,
    wait: (ms) => new Promise((done) => setTimeout(done, Math.min(ms, 20))),
    report: (error) => world.errors.push(error),
  })
  return { approvals, own, tokens }
}

beforeEach(async () => {
  world = await createWorld()
  await world.nodes.of(NETWORK)
  asked = []
  life = createLife()
})

const question = (record: ApprovalRecord | undefined): TransactionQuestion => {
  if (record?.question.kind !== 'transaction') throw new Error('no transaction is asked')
  return record.question
}
const open = async () => (await life.approvals.waiting())[0]
/** As it stands once it was tried out. */
async function shown(): Promise<ApprovalRecord> {
  await expect.poll(async () => question(await open()).trial).toBeDefined()
  return (await open())!
}
async function allow(record: ApprovalRecord): Promise<void> {
  await life.approvals.decide(record.id, record.rev, life.approvals.digest(record), 'allow')
  life.own.goOn((await life.approvals.get(record.id))!)
  await expect.poll(async () => life.approvals.get(record.id)).toBeUndefined()
}
/** The chain says that the account has so much of each token. */
function holds(amount: bigint): void {
  life.tokens.balances = async () => [
    { token: { address: STRK, symbol: 'STRK', decimals: 18 }, amount: u256(amount), at: world.clock.now },
  ]
}

describe('a send', () => {
  it('is a question of no site, shown in the window, and its yes sends exactly what was asked', async () => {
    await life.own.send(padded(ANA), STRK, u256(2n ** 130n + 5n))
    const record = await shown()
    expect(record).toMatchObject({ origin: OWN, byPerson: true })
    expect(asked).toEqual(['window'])
    await allow(record)
    expect(world.node.hashes()).toHaveLength(1)
    const [row] = await world.journal.list({ network: NETWORK, account: ACCOUNT })
    expect(row).toMatchObject({
      approval: record.id,
      calls: [{ to: STRK, selector: TRANSFER, calldata: [ANA, felt(5), felt(4)] }],
    })
    expect(row?.origin).toBeUndefined()
    expect(row?.hash).toBe(world.node.hashes()[0])
  })
  it.each([
    ['an Ethereum address', '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045'],
    ['itself', padded(ACCOUNT)],
    ['nothing', ''],
  ])('refuses: to %s; nothing is asked', async (_, to) => {
    await expect(life.own.send(to, STRK, u256(1n))).rejects.toMatchObject({ kind: 'verb', code: 'blocked' })
    expect(await life.approvals.waiting()).toEqual([])
  })
  it('refuses: nothing at all, and a token that nobody listed', async () => {
    await expect(life.own.send(padded(ANA), STRK, u256(0n))).rejects.toMatchObject({ code: 'blocked' })
    await expect(life.own.send(padded(ANA), address('0xbad'), u256(1n))).rejects.toMatchObject({ code: 'gone' })
    expect(await life.approvals.waiting()).toEqual([])
  })
  it('a refused one sends nothing, and silences nobody', async () => {
    await life.own.send(padded(ANA), STRK, u256(1n))
    const record = await shown()
    await life.approvals.decide(record.id, record.rev, life.approvals.digest(record), 'refuse')
    expect(await life.approvals.waiting()).toEqual([])
    expect(world.node.hashes()).toEqual([])
    await life.own.send(padded(ANA), STRK, u256(1n))
    expect(await life.approvals.waiting()).toHaveLength(1)
  })
  it('what the node refuses stands in the activity, with its words', async () => {
    await life.own.send(padded(ANA), STRK, u256(1n))
    const record = await shown()
    world.node.state.fault = async (method) =>
      method === 'starknet_addInvokeTransaction'
        ? { error: { code: 54, message: 'Account balance is smaller than the maximum fee' } }
        : undefined
    await allow(record)
    await expect
      .poll(async () => (await world.history.list({ limit: 5 })).rows)
      .toMatchObject([{ event: { by: 'person' } }])
    const [row] = await world.journal.list({ network: NETWORK, account: ACCOUNT })
    expect(row).toMatchObject({ end: 'rejected' })
  })
  it('what a session left to others is set to 0 by its yes, of its account alone and of nothing else', async () => {
    const [coin, market] = [address('0xc01'), address('0xa1')]
    const session = { id: 's1', network: NETWORK, account: ACCOUNT } as StoredSession
    await expect(life.own.takeBack(session, [])).rejects.toMatchObject({ code: 'gone' })
    const setter = selectorOf('set_approval_for_all')
    const left = [
      { of: 'token', token: coin, spender: market, amount: u256(7n) },
      { of: 'items', collection: address('0xc02'), operator: market, setter },
    ] as const
    const foreign = { ...session, account: address('0xf0') }
    await expect(life.own.takeBack(foreign, left)).rejects.toMatchObject({ code: 'gone' })
    await life.own.takeBack(session, left)
    await life.own.takeBack(session, left)
    expect(await life.approvals.waiting()).toHaveLength(1)
    await allow(await shown())
    const [row] = await world.journal.list({ network: NETWORK, account: ACCOUNT })
    expect(row?.calls).toEqual([
      { to: coin, selector: selectorOf('approve'), calldata: [market, felt(0), felt(0)] },
      { to: address('0xc02'), selector: setter, calldata: [market, felt(0)] },
    ])
  })
  it('recovers: asked before the worker died it is tried out again, and goes on after its yes', async () => {
    await life.own.send(padded(ANA), STRK, u256(1n))
    const record = await shown()
    life = createLife()
    life.own.watch(record)
    await life.approvals.decide(record.id, record.rev, life.approvals.digest(record), 'allow')
    life = createLife()
    life.own.goOn((await life.approvals.get(record.id))!)
    await expect.poll(async () => life.approvals.get(record.id)).toBeUndefined()
    expect(world.node.hashes()).toHaveLength(1)
  })
})

describe('Max', () => {
  it('leaves exactly the fee’s cap, and the question has the bounds it was worked out with', async () => {
    holds(10n ** 9n)
    const { amount, fee } = await life.own.max(padded(ANA), STRK)
    expect(BigInt(amount) + fee).toBe(10n ** 9n)
    await life.own.send(padded(ANA), STRK, amount)
    const { trial } = question(await open())
    expect(trial?.moves).toEqual([])
    expect(fee).toBeGreaterThan(FEE_CAP)
    await allow(await shown())
    const sent = bodyOf(world.node.state.arrived[0]!)
    expect(sent.calldata).toContain(felt(BigInt(amount)))
  })
  it('refuses: what would not even pay the fee', async () => {
    holds(1_000n)
    await expect(life.own.max(padded(ANA), STRK)).rejects.toMatchObject({ code: 'blocked' })
  })
})

describe('the fee', () => {
  it('a cap of the person’s own is what is signed at most', async () => {
    await life.own.send(padded(ANA), STRK, u256(1n))
    const record = await shown()
    const cap = 22_000_000n
    await life.own.chooseFee(record.id, record.rev, { speed: 'normal', tip: u256(0n), cap: u256(cap) })
    await allow((await open())!)
    const { resource_bounds: bounds, tip } = bodyOf(world.node.state.arrived[0]!) as {
      resource_bounds: Record<string, { max_amount: string; max_price_per_unit: string }>
      tip: string
    }
    const most = Object.values(bounds).reduce(
      (sum, it) => sum + BigInt(it.max_amount) * BigInt(it.max_price_per_unit),
      0n,
    )
    expect(BigInt(tip)).toBe(0n)
    expect(most).toBeLessThanOrEqual(cap)
    expect(most).toBeGreaterThan((cap * 9n) / 10n)
  })
  it('a cap that is too low is told, and nothing can be signed with it', async () => {
    await life.own.send(padded(ANA), STRK, u256(1n))
    const record = await shown()
    await life.own.chooseFee(record.id, record.rev, { speed: 'normal', tip: u256(0n), cap: u256(5n) })
    expect(BigInt(question(await open()).trial?.lacks ?? '0')).toBeGreaterThan(5n)
    await allow((await open())!)
    expect(world.node.hashes()).toEqual([])
  })
  it('a tip of the person’s own is never more in all than was said', async () => {
    await life.own.send(padded(ANA), STRK, u256(1n))
    const record = await shown()
    await life.own.chooseFee(record.id, record.rev, { speed: 'own', tip: u256(7_000_000n), cap: null })
    await allow((await open())!)
    const { resource_bounds: bounds, tip } = bodyOf(world.node.state.arrived[0]!) as {
      resource_bounds: { l2_gas: { max_amount: string } }
      tip: string
    }
    const inAll = BigInt(tip) * BigInt(bounds.l2_gas.max_amount)
    expect(BigInt(tip)).toBeGreaterThan(0n)
    expect(inAll).toBeLessThanOrEqual(7_000_000n)
  })
  it('fast gives the tip that half of the others pay at least', async () => {
    world.node.state.tips = ['0x1', '0x5', '0x9', '0x2', '0x7']
    await life.own.send(padded(ANA), STRK, u256(1n))
    const record = await shown()
    await life.own.chooseFee(record.id, record.rev, { speed: 'fast', tip: u256(0n), cap: null })
    await allow((await open())!)
    expect(bodyOf(world.node.state.arrived[0]!).tip).toBe('0x5')
  })
  it('refuses: a revision that is not the newest', async () => {
    await life.own.send(padded(ANA), STRK, u256(1n))
    const record = await shown()
    const fee = { speed: 'normal', tip: u256(0n), cap: null } as const
    await life.own.chooseFee(record.id, record.rev, fee)
    await expect(life.own.chooseFee(record.id, record.rev, fee)).rejects.toMatchObject({ kind: 'stale' })
  })
})

describe('one that is stuck', () => {
  const stuck = async (): Promise<string> => {
    world.node.state.holdsBack = true
    await life.own.send(padded(ANA), STRK, u256(7n))
    await allow(await shown())
    const [row] = await world.journal.list({ network: NETWORK, account: ACCOUNT })
    await expect.poll(async () => (await world.journal.get(row!.id))?.status).toBe('sent')
    return `tx ${row!.id}`
  }
  const bodies = () => world.node.state.arrived.map(bodyOf)
  /** A node that takes a second one of the same nonce, for more. */
  const takesAnother = () => {
    const { state } = world.node
    state.onArrive = (method) => {
      if (method === 'starknet_addInvokeTransaction') state.pool.splice(0)
    }
  }

  it('is sent again on its own nonce for at least a tenth more, and only one of the two lands', async () => {
    const entry = await stuck()
    takesAnother()
    await life.own.replace(entry, 'faster')
    const record = await shown()
    expect(question(record).own).toMatchObject({ what: 'faster' })
    await allow(record)
    const [first, second] = bodies()
    expect(second?.nonce).toBe(first?.nonce)
    expect(second?.calldata).toEqual(first?.calldata)
    const price = (body: Record<string, unknown>) =>
      BigInt((body.resource_bounds as { l2_gas: { max_price_per_unit: string } }).l2_gas.max_price_per_unit)
    expect(price(second!) * 10n).toBeGreaterThanOrEqual(price(first!) * 11n)
    world.node.state.holdsBack = false
    world.node.state.mine()
    for (let round = 0; round < 40 && (await world.journal.open()).length > 0; round += 1) {
      world.clock.now += 61
      await world.settle(1)
    }
    const rows = await world.journal.list({ network: NETWORK, account: ACCOUNT })
    expect(rows.map(({ end }) => end).sort()).toEqual(['accepted', 'dropped'])
  })
  it('is cancelled by one that moves nothing', async () => {
    const entry = await stuck()
    takesAnother()
    await life.own.replace(entry, 'cancel')
    await allow(await shown())
    const [first, second] = bodies()
    expect(second?.nonce).toBe(first?.nonce)
    expect(second?.calldata).toEqual([felt(1), STRK, TRANSFER, felt(3), ACCOUNT, felt(0), felt(0)])
  })
  it('a replacement that the node does not take leaves the first one as it was', async () => {
    const entry = await stuck()
    world.node.state.fault = async (method) =>
      method === 'starknet_addInvokeTransaction'
        ? { error: { code: 64, message: 'Replacement transaction is underpriced' } }
        : undefined
    await life.own.replace(entry, 'faster')
    await allow(await shown())
    const row = await world.journal.get(entry.slice(3))
    expect(row).toMatchObject({ status: 'sent' })
    expect(row?.parked).toBeUndefined()
    world.node.state.fault = undefined
    world.node.state.holdsBack = false
    world.node.state.mine()
    await world.settle()
    expect(await world.journal.get(entry.slice(3))).toMatchObject({ end: 'accepted' })
  })
  it('refuses: one whose number another one has by now; that one stays as it was', async () => {
    const entry = await stuck()
    takesAnother()
    await life.own.replace(entry, 'faster')
    await allow(await shown())
    await life.own.replace(entry, 'cancel')
    await allow(await shown())
    expect(world.node.state.arrived).toHaveLength(2)
    const open = (await world.journal.open()).filter(({ parked }) => parked === undefined)
    expect(open).toMatchObject([{ status: 'sent' }])
  })
  it('refuses: one that is in a block by the time of the yes; nothing is signed', async () => {
    const entry = await stuck()
    await life.own.replace(entry, 'faster')
    const record = await shown()
    world.node.state.holdsBack = false
    world.node.state.mine()
    await allow(record)
    expect(world.node.state.arrived).toHaveLength(1)
  })
  it('refuses: one that has ended', async () => {
    const entry = await stuck()
    world.node.state.holdsBack = false
    world.node.state.mine()
    await world.settle()
    await expect(life.own.replace(entry, 'faster')).rejects.toMatchObject({ code: 'blocked' })
  })
})

describe('who was sent to', () => {
  it('is counted by what landed, and told of the next one', async () => {
    const to = address('0xfeed')
    await life.own.send(padded(to), STRK, u256(1n))
    await allow(await shown())
    await world.settle()
    expect(await life.own.used(NETWORK, ACCOUNT)).toEqual({ [to]: 1 })
    expect(await life.own.recipient(padded(to))).toMatchObject({ known: 'used', times: 1 })
  })
  it('not by what failed', async () => {
    world.node.state.reverts = 'no'
    await life.own.send(padded(ANA), STRK, u256(1n))
    await allow(await shown())
    await world.settle()
    expect(await life.own.used(NETWORK, ACCOUNT)).toEqual({})
  })
  it('a contact is told by name', async () => {
    expect(await life.own.recipient(padded(ANA as Address))).toMatchObject({ known: 'contact', name: 'Ana' })
  })
})
