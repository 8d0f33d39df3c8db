import 'fake-indexeddb/auto'
import { beforeEach, describe, expect, it, test } from 'vitest'
import { felt, shortString } from '../../core/felt.ts'
import { parseNetworkId, type SeenNode } from '../../core/records.ts'
import { createGuard, type Guard, openDatabase } from '../../platform/database.ts'
import { BUILT_IN, createNetworks, isMainnet, isNearby, type Networks, parseNodeUrl } from './networks.ts'

const SEEN: SeenNode = { chainId: shortString('SN_SEPOLIA'), spec: '0.10.2', genesis: { hash: felt('0xb0'), at: 5 } }
const NODE = 'https://node.example/rpc'
let guard: Guard

let worlds = 0
let ids = 0
let name: string
const worker = async (): Promise<Networks> => {
  const networks = createNetworks({
    db: openDatabase({ now: () => 1_000, name }),
    guard: () => guard,
    now: () => 1_000,
    newId: () => {
      ids += 1
      return `a${ids}`
    },
    onRestart: async () => undefined,
  })
  await networks.load()
  return networks
}
let networks: Networks
beforeEach(async () => {
  worlds += 1
  name = `networks-${worlds}`
  guard = createGuard({ vaultId: 'v', macKey: new Uint8Array(32).fill(7) })
  networks = await worker()
})

describe('an added network', () => {
  it('stands after the built-in ones, and outlives the worker', async () => {
    const added = await networks.add('Mine', NODE, SEEN)
    expect(networks.all().map(({ id }) => id)).toEqual(['sepolia', 'mainnet', 'devnet', added.id])
    expect(parseNetworkId(added.id)).toBe(added.id)
    expect((await worker()).get(added.id)).toEqual(added)
  })
  it('is the network of its chain id and block 0, and of no other block 0', async () => {
    const added = await networks.add('Mine', NODE, SEEN)
    expect(networks.same(SEEN)?.id).toBe(added.id)
    expect(networks.same({ ...SEEN, genesis: { ...SEEN.genesis, at: 6 } })).toBeUndefined()
    expect(networks.same({ ...SEEN, genesis: { ...SEEN.genesis, hash: felt('0xb1') } })).toBeUndefined()
    expect(networks.same({ ...SEEN, chainId: shortString('SN_MAIN') })).toBeUndefined()
  })
  it('is gone for the person when it is removed, and still named in what happened', async () => {
    const { id } = await networks.add('Mine', NODE, SEEN)
    await networks.remove(id)
    for (const it of [networks, await worker()]) {
      expect(it.has(id)).toBe(false)
      expect(it.all().some((row) => row.id === id)).toBe(false)
      expect(it.same(SEEN)).toBeUndefined()
      expect(it.get(id).name).toBe('Mine')
    }
  })
  it('is renamed', async () => {
    const { id } = await networks.add('Mine', NODE, SEEN)
    await networks.rename(id, 'Ours')
    expect((await worker()).get(id).name).toBe('Ours')
  })
})

describe('a built-in network', () => {
  it('follows the list of this version until the person chooses a node', async () => {
    await networks.remember('sepolia', SEEN.genesis)
    expect((await worker()).get('sepolia').node).toBe(BUILT_IN[0]?.node)
    await networks.setNode('sepolia', NODE, SEEN)
    expect((await worker()).get('sepolia')).toMatchObject({ node: NODE, chosen: true, genesis: SEEN.genesis })
  })
  it('cannot be removed', async () => {
    await expect(networks.remove('devnet')).rejects.toThrow()
    expect(networks.has('devnet')).toBe(true)
  })
})

test('a copy of mainnet is as strict as mainnet: what is signed for it is good there', () => {
  expect(isMainnet({ chainId: shortString('SN_MAIN') })).toBe(true)
  expect(isMainnet({ chainId: shortString('SN_SEPOLIA') })).toBe(false)
})

test('parseNodeUrl takes https and this computer alone, and completes nothing', () => {
  expect(parseNodeUrl(' https://Node.Example/rpc?key=1 ')).toBe('https://node.example/rpc?key=1')
  expect(parseNodeUrl('http://127.0.0.1:5050/rpc')).toBe('http://127.0.0.1:5050/rpc')
  expect(parseNodeUrl('http://localhost:5050')).toBe('http://localhost:5050/')
  for (const bad of [
    '',
    'node.example',
    'http://node.example',
    'http://127.0.0.1.evil.example',
    'http://127.0.0.2:5050',
    'http://[::1]:5050',
    'https://me:secret@node.example',
    'https://node.example/#a',
    'wss://node.example',
    'javascript:alert(1)',
    'file:///etc/passwd',
    '💸',
    `https://node.example/${'a'.repeat(1_000)}`,
  ])
    expect(parseNodeUrl(bad), bad).toBeUndefined()
})

test('parseNetworkId takes no other names', () => {
  for (const bad of ['', 'Mainnet', 'added:', 'added:zz', 'added:a b', '__proto__', 3, null])
    expect(parseNetworkId(bad)).toBeUndefined()
})

test('isNearby: this computer and its neighbours, by every name and under every protocol', () => {
  const near = [
    '127.0.0.1:8443',
    '127.1',
    'localhost',
    'a.localhost',
    '10.0.0.7',
    '172.16.0.1',
    '172.31.9.9',
    '192.168.1.1',
  ]
  for (const host of [
    ...near,
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '[::1]',
    '[fe80::1]',
    '[fd00::1]',
    'router',
    'nas.local',
  ])
    expect(isNearby(`https://${host}/rpc`), host).toBe(true)
  for (const host of ['node.example', '8.8.8.8', '172.32.0.1', '100.128.0.1', '[2606:4700::1111]', '10.example'])
    expect(isNearby(`https://${host}/rpc`), host).toBe(false)
})
