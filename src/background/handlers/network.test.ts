import 'fake-indexeddb/auto'
import { beforeEach, describe, expect, it, test, vi } from 'vitest'
import { address, felt, padded, shortString } from '../../core/felt.ts'
import type { Origin } from '../../core/policy/policy.ts'
import type { ApprovalRecord, NetworkId, SeenNode } from '../../core/records.ts'
import { createAccess } from '../access.ts'
import { createMove } from '../moving.ts'
import { createApprovals } from '../owners/approvals.ts'
import { createGrants } from '../owners/grants.ts'
import type { Context } from '../router.ts'
import { ACCOUNT, createWorld, ORIGIN, type World } from '../sending/stub-world.ts'
import { networkHandlers } from './network.ts'

const MAIN = shortString('SN_MAIN')
const SEPOLIA = shortString('SN_SEPOLIA')
const OWN = shortString('OWN_CHAIN')
const OTHER_ACCOUNT = address('0xa2')
const ELSEWHERE = 'https://elsewhere.example' as Origin
const SEEN: SeenNode = { chainId: OWN, spec: '0.10.2', genesis: { hash: felt('0xb0'), at: 5 } }

let world: World
let unlocked: boolean
let runs: boolean
let backupChecked: boolean
let selected: NetworkId
let asleep: boolean
let told: unknown[]
let probed: string[]
let seen: SeenNode | undefined
let windows: number
let ids: number
let handlers: ReturnType<typeof networkHandlers>
let approvals: ReturnType<typeof createApprovals>
let grants: ReturnType<typeof createGrants>

beforeEach(async () => {
  world = await createWorld()
  unlocked = true
  asleep = false
  runs = false
  backupChecked = true
  selected = 'sepolia'
  told = []
  probed = []
  seen = SEEN
  windows = 0
  ids = 0
  const { db, networks } = world
  const now = () => world.clock.now
  const isUnlocked = async () => unlocked
  approvals = createApprovals({
    db,
    now,
    newId: () => {
      ids += 1
      return `a${ids}`
    },
    network: networks.get,
    window: {
      open: async () => {
        windows += 1
      },
      isOurs: async () => true,
    },
    changed: () => undefined,
  })
  grants = createGrants({ db, guard: () => world.guard, now })
  const place = async () => {
    if (asleep) throw new Error('no account is known')
    return { account: ACCOUNT, network: selected }
  }
  const access = createAccess({
    approvals,
    grants,
    isUnlocked,
    runs: async () => runs,
    selected: place,
    told: async () => undefined,
  })
  handlers = networkHandlers({
    access,
    approvals,
    grants,
    networks,
    selected: place,
    shownNetwork: async () => selected,
    isUnlocked,
    mayUse: async (network) => networks.get(network).chainId !== MAIN || backupChecked,
    move: createMove({
      grants,
      approvals,
      networks,
      tell: (origin, name, argsFor) => told.push([origin, name, argsFor({} as never)]),
      changed: () => undefined,
    }),
    probe: async (url) => {
      probed.push(url)
      if (seen === undefined) throw Object.assign(new Error('silent'), { kind: 'node', reason: 'silent', words: [] })
      return seen
    },
    nodesChanged: () => told.push('nodes'),
  })
})

let requests = 0
const context = (origin: Origin = ORIGIN): Context => {
  requests += 1
  // What the handlers read of it.
  return { origin, document: 'd1', tab: 1, request: `r${requests}`, gesture: true } as Context
}
const asked = async (): Promise<ApprovalRecord> => {
  await vi.waitUntil(async () => (await approvals.waiting()).length > 0, { timeout: 30_000 })
  const [record] = await approvals.waiting()
  return record!
}
const answer = async (decision: 'allow' | 'refuse') => {
  const record = await asked()
  await approvals.decide(record.id, record.rev, approvals.digest(record), decision)
  return record
}
const switchTo = (chainId = MAIN, more: { silent_mode?: boolean; context?: Context } = {}) =>
  handlers.wallet_switchStarknetChain(more.context ?? context(), { chainId, silent_mode: more.silent_mode ?? false })
const addChain = (more: object = {}, from = context()) =>
  handlers.wallet_addStarknetChain(from, {
    chain_id: OWN,
    chain_name: 'Own chain',
    rpc_urls: ['https://own.example/rpc'],
    ...more,
  })
const connect = (network: NetworkId = 'sepolia') => grants.give(ORIGIN, ACCOUNT, network)

describe('wallet_switchStarknetChain', () => {
  it('moves this site alone after a yes, and tells it the network first', async () => {
    await connect()
    await grants.give('https://other.example' as Origin, ACCOUNT, 'sepolia')
    const done = switchTo()
    expect((await answer('allow')).question).toEqual({
      kind: 'switch',
      network: 'mainnet',
      from: 'sepolia',
      account: ACCOUNT,
    })
    expect(await done).toBe(true)
    expect(await grants.get(ORIGIN)).toMatchObject({ network: 'mainnet' })
    expect(await grants.get('https://other.example' as Origin)).toMatchObject({ network: 'sepolia' })
    expect(told).toEqual([
      [ORIGIN, 'networkChanged', [MAIN, [padded(ACCOUNT)]]],
      [ORIGIN, 'accountsChanged', [[padded(ACCOUNT)]]],
    ])
    expect(await approvals.waiting()).toEqual([])
  })
  it('goes with the account that the person chose for it there', async () => {
    await connect()
    const done = switchTo()
    const record = await asked()
    await approvals.change(record.id, record.rev, (it) => ({ ...it, account: OTHER_ACCOUNT }) as typeof it)
    await answer('allow')
    await done
    expect(await grants.get(ORIGIN)).toMatchObject({ network: 'mainnet', account: OTHER_ACCOUNT })
  })
  it('needs no window where the site is already, also under another network of the same chain id', async () => {
    await connect('devnet')
    expect(await switchTo(SEPOLIA)).toBe(true)
    expect(await grants.get(ORIGIN)).toMatchObject({ network: 'devnet' })
    expect(windows).toBe(0)
  })
  it('refuses: the person says no, and nothing moved', async () => {
    await connect()
    const done = switchTo()
    done.catch(() => undefined)
    await answer('refuse')
    await expect(done).rejects.toMatchObject({ code: 113 })
    expect(await grants.get(ORIGIN)).toMatchObject({ network: 'sepolia' })
    expect(told).toEqual([])
  })
  it('ends what else waits for this site: it was asked on another network', async () => {
    await connect()
    const other = approvals.ask(context(), {
      kind: 'transaction',
      network: 'sepolia',
      account: ACCOUNT,
      connects: false,
      calls: [],
      reasons: [],
      steps: [],
    })
    other.catch(() => undefined)
    await asked()
    const done = switchTo()
    await vi.waitUntil(async () => (await approvals.waiting()).length === 2, { timeout: 30_000 })
    const record = (await approvals.waiting()).find(({ question }) => question.kind === 'switch')!
    await approvals.decide(record.id, record.rev, approvals.digest(record), 'allow')
    await done
    await expect(other).rejects.toMatchObject({ code: 113, data: { reason: 'context' } })
  })
  it('connects a site on that chain, in the window that connects it', async () => {
    const done = switchTo()
    expect((await answer('allow')).question).toMatchObject({ kind: 'connect', network: 'mainnet' })
    expect(await done).toBe(true)
    expect(await grants.get(ORIGIN)).toMatchObject({ network: 'mainnet' })
  })
  test.each([
    ['not connected', false, true, 117],
    ['locked', true, false, 117],
  ])('silent and %s it never opens a window', async (_, connected, open, code) => {
    if (connected) await connect()
    unlocked = open
    await expect(switchTo(MAIN, { silent_mode: true })).rejects.toMatchObject({ code })
    expect(windows).toBe(0)
  })
  it('silent, connected and unlocked it asks: the switch itself is the person’s', async () => {
    await connect()
    const done = switchTo(MAIN, { silent_mode: true })
    await answer('allow')
    expect(await done).toBe(true)
  })
  it('refuses with 112: a chain that is not here, and mainnet before the phrase was checked', async () => {
    await connect()
    await expect(switchTo(OWN)).rejects.toMatchObject({ code: 112 })
    backupChecked = false
    await expect(switchTo(MAIN)).rejects.toMatchObject({ code: 112 })
    expect(windows).toBe(0)
  })
  it('an added network is nobody’s to learn of without a grant', async () => {
    const { id } = await world.networks.add('Own', 'https://own.example', SEEN)
    selected = id
    await expect(switchTo(OWN)).rejects.toMatchObject({ code: 112 })
    expect(await handlers.wallet_requestChainId(context(), {})).toBe(SEPOLIA)
    await connect()
    expect(await handlers.wallet_requestChainId(context(), {})).toBe(SEPOLIA)
    const done = switchTo(OWN)
    await answer('allow')
    await done
    expect(await handlers.wallet_requestChainId(context(), {})).toBe(OWN)
  })
})

it("wallet_requestChainId answers the site's own chain while the wallet is locked and nothing of it runs", async () => {
  await connect('mainnet')
  for (unlocked of [true, false]) expect(await handlers.wallet_requestChainId(context(), {})).toBe(MAIN)
  expect(await handlers.wallet_requestChainId(context(ELSEWHERE), {})).toBe(SEPOLIA)
})

it('wallet_requestChainId answers asleep too, when no account is known yet', async () => {
  asleep = true
  expect(await handlers.wallet_requestChainId(context(), {})).toBe(SEPOLIA)
})

describe('wallet_addStarknetChain', () => {
  it('adds it after a yes, moves nothing, and lets the node be reached', async () => {
    await connect()
    const done = addChain()
    expect((await answer('allow')).question).toEqual({
      kind: 'network',
      network: 'sepolia',
      account: ACCOUNT,
      name: 'Own chain',
      node: 'https://own.example/rpc',
      seen: SEEN,
    })
    expect(await done).toBe(true)
    expect(world.networks.all().at(-1)).toMatchObject({ name: 'Own chain', chainId: OWN, genesis: SEEN.genesis })
    expect(await grants.get(ORIGIN)).toMatchObject({ network: 'sepolia' })
    expect(told).toEqual(['nodes'])
  })
  it('a chain that is here already needs no window and asks no node', async () => {
    await connect()
    expect(await addChain({ chain_id: MAIN })).toBe(true)
    expect([windows, probed]).toEqual([0, []])
  })
  it('asks no node for a site that is not connected', async () => {
    const done = addChain()
    done.catch(() => undefined)
    expect((await answer('refuse')).question).toMatchObject({ kind: 'connect' })
    await expect(done).rejects.toMatchObject({ code: 113 })
    expect(probed).toEqual([])
  })
  test.each([
    ['no address', { rpc_urls: undefined }],
    ['plain http', { rpc_urls: ['http://own.example'] }],
    ['a node on this computer, from a page of the web', { rpc_urls: ['http://127.0.0.1:5050'] }],
    ['a password in the address', { rpc_urls: ['https://me:me@own.example'] }],
  ])('refuses with 114: %s, and asks nobody', async (_, more) => {
    await connect()
    await expect(addChain(more)).rejects.toMatchObject({ code: 114, data: { at: '/rpc_urls' } })
    expect(probed).toEqual([])
  })
  it('a site on this computer may name a node on it', async () => {
    const local = 'http://localhost:3000' as Origin
    await grants.give(local, ACCOUNT, 'sepolia')
    const done = addChain({ rpc_urls: ['http://127.0.0.1:5050'] }, context(local))
    await answer('allow')
    expect(await done).toBe(true)
  })
  it('refuses with 114: a node of another chain, or a silent one', async () => {
    await connect()
    seen = { ...SEEN, chainId: SEPOLIA }
    await expect(addChain()).rejects.toMatchObject({ code: 114, data: { at: '/chain_id' } })
    seen = undefined
    await expect(addChain()).rejects.toMatchObject({ code: 114, data: { at: '/rpc_urls/0' } })
    expect(windows).toBe(0)
  })
  test.each([
    ['the name of a built-in network', 'Mainnet', 'OWN_CHAIN'],
    ['one that looks like it', 'Sерolia', 'OWN_CHAIN'],
    ['a name with signs that cannot be seen', 'Ow\u202en', 'Own'],
    ['no name', ' ', 'OWN_CHAIN'],
  ])('%s is not what it is called', async (_, chain_name, name) => {
    await connect()
    const done = addChain({ chain_name })
    expect((await answer('allow')).question).toMatchObject({ name })
    await done
  })
})
