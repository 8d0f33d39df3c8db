import 'fake-indexeddb/auto'
import { beforeEach, describe, expect, it, test } from 'vitest'
import { felt, shortString } from '../../../core/felt.ts'
import type { Verbs } from '../../../core/protocol/ui.ts'
import type { SeenNode } from '../../../core/records.ts'
import { decode } from '../../../core/schema.ts'
import type { Vault } from '../../keys/vault.ts'
import { createApprovals } from '../../owners/approvals.ts'
import { createGrants } from '../../owners/grants.ts'
import { beginRules, createSettings } from '../../owners/settings.ts'
import { ACCOUNT, createWorld, NETWORK, ORIGIN, type World } from '../../sending/stub-world.ts'
import { networkVerbs } from './networks.ts'

const PASSWORD = 'a long enough password'
const SEPOLIA: SeenNode = {
  chainId: shortString('SN_SEPOLIA'),
  spec: '0.10.2',
  genesis: { hash: felt('0xb0'), at: 5 },
}
const OURS: SeenNode = { ...SEPOLIA, genesis: { ...SEPOLIA.genesis, at: 6 } }
const MAIN: SeenNode = { ...SEPOLIA, chainId: shortString('SN_MAIN') }
const NODES: Readonly<Record<string, SeenNode>> = {
  'https://sepolia.example/': SEPOLIA,
  'https://ours.example/': OURS,
  'https://main.example/': MAIN,
}

let world: World
let rows: ReturnType<typeof networkVerbs>
let asked: string[]
let nodes: number
let ended: string[]
let settings: ReturnType<typeof createSettings>
let grants: ReturnType<typeof createGrants>

beforeEach(async () => {
  world = await createWorld()
  asked = []
  nodes = 0
  ended = []
  const now = () => world.clock.now
  settings = createSettings({ db: world.db, guard: () => world.guard })
  await world.db.write(['settings'], 'strict', (tx) => beginRules(tx, world.guard))
  grants = createGrants({ db: world.db, guard: () => world.guard, now })
  rows = networkVerbs({
    networks: world.networks,
    settings,
    sessions: world.sessions,
    grants,
    approvals: createApprovals({
      db: world.db,
      now,
      newId: () => 'approval',
      network: world.networks.get,
      window: { open: async () => undefined, isOurs: async () => true },
      changed: () => undefined,
    }),
    // Only this is asked of it here.
    vault: {
      verifyPassword: async (password: string) =>
        password === PASSWORD ? { ok: true, value: true } : { ok: false, kind: 'wrongPassword', left: 4 },
    } as unknown as Vault,
    probe: async (url) => {
      asked.push(url)
      const seen = NODES[url]
      if (seen === undefined) throw Object.assign(new Error('silent'), { kind: 'node', reason: 'silent', words: [] })
      return seen
    },
    check: async (network) => void (await world.nodes.of(network)),
    nodesChanged: () => {
      nodes += 1
    },
    endGrant: async (origin) => {
      ended.push(origin)
      return grants.remove(origin)
    },
    abandon: world.ledger.abandon,
    refresh: () => undefined,
    changed: () => undefined,
  })
  await world.networks.remember(NETWORK, SEPOLIA.genesis)
})

const add = (more: Partial<Verbs['addNetwork']['params']> = {}) =>
  rows.addNetwork.act({ name: 'Ours', url: 'https://ours.example', seen: OURS, password: PASSWORD, ...more })
const setNode = (url: string, password = PASSWORD) => rows.setNode.act({ network: NETWORK, url, password })

it.each(['addNetwork', 'setNode'] as const)('%s takes a passkey in the place of the password', (verb) => {
  const passkey = { credentialId: 'aabbcc', prf: 'd1'.repeat(32) }
  const given = verb === 'addNetwork' ? { name: 'Ours', seen: OURS } : { network: NETWORK }
  const schema = rows[verb].params as Parameters<typeof decode>[0]
  expect(decode(schema, { ...given, url: 'https://ours.example', password: passkey })).toMatchObject({ ok: true })
  const short = { ...passkey, prf: 'd1' }
  expect(decode(schema, { ...given, url: 'https://ours.example', password: short })).toMatchObject({ ok: false })
})

describe('addNetwork', () => {
  it('adds what the node says it is, and lets it be reached', async () => {
    const shown = await rows.probeNode.act({ url: ' https://Ours.example ' })
    expect(shown).toEqual({ node: 'https://ours.example/', host: 'ours.example', chain: 'SN_SEPOLIA', seen: OURS })
    const { network } = await add({ seen: shown.seen })
    expect(world.networks.get(network)).toMatchObject({ name: 'Ours', node: 'https://ours.example/', ...OURS })
    expect(nodes).toBe(1)
  })
  it('refuses: another password, before any node is asked', async () => {
    await expect(add({ password: 'not it' })).rejects.toMatchObject({ code: 'wrongPassword' })
    expect(asked).toEqual([])
    expect(nodes).toBe(0)
  })
  it('refuses: a node that is another one than was shown', async () => {
    await expect(add({ seen: { ...OURS, genesis: { ...OURS.genesis, at: 7 } } })).rejects.toMatchObject({
      code: 'stale',
    })
    await expect(add({ url: 'https://main.example' })).rejects.toMatchObject({ code: 'stale' })
  })
  it('refuses: a network that is here already, by its chain id and block 0', async () => {
    expect((await rows.probeNode.act({ url: 'https://sepolia.example' })).same).toEqual({
      id: 'sepolia',
      name: 'Sepolia',
    })
    await expect(add({ url: 'https://sepolia.example', seen: SEPOLIA })).rejects.toMatchObject({
      line: { key: 'err_networkKnown' },
    })
  })
  it('refuses: a node that is silent', async () => {
    await expect(add({ url: 'https://nobody.example' })).rejects.toMatchObject({ line: { key: 'err_nodeSilent' } })
  })
  test.each([
    ['no name', ' '],
    ['a name that cannot be seen', '\u200b\u200b'],
    ['a name that turns what stands beside it', 'Ours\u202e'],
    ['a name of 31 characters', 'a'.repeat(31)],
    ['the name of another network', 'mainnet'],
    ['a name that looks like another network’s', 'Ѕероlіа'],
    ['a name with a figure for a letter', 'Sep0lia'],
  ])('refuses: %s', async (_, name) => {
    await expect(add({ name })).rejects.toMatchObject({ code: 'blocked' })
    expect(asked).toEqual([])
  })
})

describe('setNode', () => {
  it('changes the node, and the network’s sessions pause until the person resumes them', async () => {
    await world.start('s1')
    await setNode('https://sepolia.example')
    expect(world.networks.get(NETWORK)).toMatchObject({ node: 'https://sepolia.example/', chosen: true })
    expect(world.sessions.list()).toMatchObject([{ state: 'paused', pause: 'nodeChanged' }])
    expect(nodes).toBe(1)
    const [session] = world.sessions.list()
    expect((await world.sessions.resume(session!.id, 'site'))?.state).not.toBe('active')
    expect((await world.sessions.resume(session!.id, 'person'))?.state).toBe('active')
  })
  it('refuses: a node of another chain, or of another block 0, and pauses nothing', async () => {
    await world.start('s1')
    await expect(setNode('https://main.example')).rejects.toMatchObject({ line: { key: 'err_nodeOther' } })
    await expect(setNode('https://ours.example')).rejects.toMatchObject({ line: { key: 'err_nodeOtherStart' } })
    await expect(setNode('https://sepolia.example', 'not it')).rejects.toMatchObject({ code: 'wrongPassword' })
    await expect(setNode('http://sepolia.example')).rejects.toMatchObject({ line: { key: 'err_nodeUrl' } })
    expect(world.networks.get(NETWORK).chosen).toBeUndefined()
    expect(world.sessions.list()).toMatchObject([{ state: 'active' }])
  })
})

describe('removeNetwork', () => {
  it('ends the grants on it, and selects another network', async () => {
    const { network } = await add()
    await settings.set({ network })
    await grants.give(ORIGIN, ACCOUNT, network)
    await rows.removeNetwork.act({ network })
    expect(ended).toEqual([ORIGIN])
    expect((await settings.get()).network).toBe('sepolia')
    expect(world.networks.has(network)).toBe(false)
    await expect(rows.renameNetwork.act({ network, name: 'Again' })).rejects.toMatchObject({ code: 'gone' })
  })
  it('refuses: a built-in one, and one whose sessions have not ended', async () => {
    await expect(rows.removeNetwork.act({ network: 'devnet' })).rejects.toMatchObject({ code: 'blocked' })
    const { network } = await add()
    await world.start('s1', {}, { network })
    await expect(rows.removeNetwork.act({ network })).rejects.toMatchObject({ code: 'blocked' })
    expect(world.networks.has(network)).toBe(true)
  })
})

describe('a network that started over', () => {
  it('is told as such, and is taken as it is now when the person says so', async () => {
    const { network } = await add()
    await world.networks.restarted(network, SEPOLIA.genesis)
    await rows.adoptNetwork.act({ network })
    expect(world.networks.get(network).genesis).toEqual(SEPOLIA.genesis)
    await expect(rows.adoptNetwork.act({ network })).rejects.toMatchObject({ code: 'gone' })
  })
})
