import 'fake-indexeddb/auto'
import { describe, expect, test } from 'vitest'
import * as cold from '../cold/index.ts'
import { type Address, address, type Felt, felt } from '../core/felt.ts'
import { bundled } from '../core/tokens.ts'
import { openDatabase } from '../platform/database.ts'
import { createNode, type Node, type Nodes, type Post } from '../platform/node.ts'
import { selectorOf } from '../starknet/selector.ts'
import { createContracts } from './contracts.ts'
import { listedTokens } from './owners/token-rows.ts'

/** Contracts as a node tells of them: their class, what they keep, and each class's functions. */
interface Chain {
  readonly contracts: Readonly<Record<string, { readonly classHash: string; readonly kept?: Record<string, string> }>>
  readonly classes: Readonly<Record<string, readonly string[]>>
}

const PROXY = address('0xa1')
const PLAIN = address('0xa2')
const FN = (name: string) => ({ type: 'function', name, inputs: [], outputs: [], stateMutability: 'external' })

function contractsOn(chain: Chain) {
  const answer = (method: string, params: Record<string, string>): unknown => {
    const { contract_address: at = '', class_hash: hash = '', key = '' } = params
    const there = chain.contracts[at]
    const classOf = (of: string) => ({ abi: chain.classes[of]?.map(FN), entry_points_by_type: { EXTERNAL: [] } })
    if (method === 'starknet_getClassHashAt') return there?.classHash
    if (method === 'starknet_getStorageAt') return there?.kept?.[key] ?? '0x0'
    if (method === 'starknet_getClassAt') return there && classOf(there.classHash)
    if (method === 'starknet_getClass') return chain.classes[hash] && classOf(hash)
    return undefined
  }
  const node = createNode({
    url: 'http://127.0.0.1',
    post: async (_url, text) => {
      const { id, method, params } = JSON.parse(text)
      const result = answer(method, params)
      const none = { code: method === 'starknet_getClass' ? 28 : 20, message: 'not found' }
      const said = result === undefined ? { error: none } : { result }
      return { status: 200, text: JSON.stringify({ jsonrpc: '2.0', id, ...said }) }
    },
  })
  return createContracts({ nodes: nodesOf(node), cold: () => cold, listed: async () => [] })
}
const nodesOf = (node: Node): Nodes => ({
  of: async () => node,
  open: async () => ({ node, checked: Promise.resolve() }),
  forget: () => undefined,
})

describe('a proxy of known layout', () => {
  const OPEN_ZEPPELIN = selectorOf('Proxy_implementation_hash')
  const ARGENT = selectorOf('_implementation')
  const behind = (slot: Felt, impl = '0xc2'): Chain => ({
    contracts: { [PROXY]: { classHash: '0xc1', kept: { [slot]: impl } }, [PLAIN]: { classHash: '0xc2' } },
    classes: { '0xc1': ['upgrade', 'play'], '0xc2': ['play', 'move'] },
  })

  test.each([
    ['OpenZeppelin', OPEN_ZEPPELIN],
    ['Argent', ARGENT],
  ])('is pinned with the class behind it, and can do what that class can: %s', async (_name, slot) => {
    const facts = await contractsOn(behind(slot)).facts('sepolia', [PROXY, PLAIN])
    expect(facts[PROXY]).toMatchObject({ classHash: '0xc1', impl: '0xc2' })
    expect(facts[PROXY]?.entrypoints.map(({ name }) => name)).toEqual(['upgrade', 'play', 'move'])
    expect(facts[PLAIN]).not.toHaveProperty('impl')
    expect(facts[PLAIN]?.entrypoints.map(({ name }) => name)).toEqual(['play', 'move'])
  })

  test('keeps a felt that names no class: it is pinned, and nothing more is known of it', async () => {
    const facts = await contractsOn(behind(OPEN_ZEPPELIN, '0x9')).facts('sepolia', [PROXY])
    expect(facts[PROXY]).toMatchObject({ impl: '0x9' })
    expect(facts[PROXY]?.entrypoints.map(({ name }) => name)).toEqual(['upgrade', 'play'])
  })

  test('names a call by the class that answers it', async () => {
    const contracts = contractsOn(behind(ARGENT))
    const named = async (name: string) =>
      (await contracts.describe('sepolia', { to: PROXY, selector: selectorOf(name), calldata: [] }))?.name
    expect([await named('upgrade'), await named('move'), await named('other')]).toEqual(['upgrade', 'move', undefined])
  })

  test('is none where nothing is', async () => {
    expect(await contractsOn(behind(ARGENT)).facts('sepolia', [address('0xa9')])).toEqual({})
  })
})

describe('what contracts may take already', () => {
  const ACCOUNT = address('0xacc')
  const GAME = address('0x6a3e')
  const tokensOf = (n: number) => Array.from({ length: n }, (_, at) => address(felt(at + 0x100)))
  interface Asked {
    readonly id: number
    readonly params: { readonly request: Reading }
  }
  interface Reading {
    readonly contract_address: Address
    readonly entry_point_selector: Felt
    readonly calldata: readonly Felt[]
  }

  /** Each token gives one unit for each of its spenders, but those in `says`. */
  function reading(
    listed: readonly Address[],
    says: Readonly<Record<Address, object | ((asked: Reading) => object)>> = {},
  ) {
    const sent: Asked[][] = []
    const saidBy = (request: Reading): object => {
      const said = says[request.contract_address] ?? { result: ['0x1', '0x0'] }
      return typeof said === 'function' ? said(request) : said
    }
    const post: Post = async (_url, text) => {
      const body = JSON.parse(text) as Asked | Asked[]
      const all = [body].flat()
      sent.push(all)
      const answers = all.map(({ id, params: { request } }) => ({
        jsonrpc: '2.0',
        id,
        ...saidBy(request),
      }))
      return { status: 200, text: JSON.stringify(Array.isArray(body) ? answers : answers[0]) }
    }
    const node = createNode({ url: 'http://127.0.0.1', post, wait: async () => undefined })
    const contracts = createContracts({ nodes: nodesOf(node), cold: () => cold, listed: async () => [...listed] })
    return { contracts, sent }
  }

  test('to take every item is found in either spelling, with the entrypoint that takes it back; a no is none', async () => {
    const [both, old, closed, none] = tokensOf(4) as [Address, Address, Address, Address]
    const noEntrypoint = { error: { code: 21, message: 'Requested entrypoint does not exist in the contract' } }
    const { contracts } = reading([], {
      [both]: { result: ['0x1'] },
      [old]: ({ entry_point_selector: asked }: Reading) =>
        asked === selectorOf('isApprovedForAll') ? { result: ['0x1'] } : noEntrypoint,
      [closed]: { result: ['0x0'] },
      [none]: noEntrypoint,
    })
    const pairs = [both, old, closed, none].map((collection) => ({ collection, operator: GAME }))
    expect(await contracts.leavesOf('sepolia', ACCOUNT, pairs)).toEqual([
      { collection: both, operator: GAME, setter: selectorOf('set_approval_for_all') },
      { collection: old, operator: GAME, setter: selectorOf('setApprovalForAll') },
    ])
  })

  test('is asked of every token of the list and of every limit, once each, in one request', async () => {
    const [a, b, limited] = tokensOf(3) as [Address, Address, Address]
    const { contracts, sent } = reading([a, b], { [b]: { result: ['0x0', '0x0'] } })
    const { given, isWhole } = await contracts.allowances('sepolia', ACCOUNT, [limited, a], [GAME, GAME, b])
    const token = ({ params: { request } }: Asked) => `${request.contract_address} ${request.calldata[1]}`
    expect(sent.map((it) => it.map(token).sort())).toEqual([
      [`${a} ${GAME}`, `${a} ${b}`, `${b} ${GAME}`, `${limited} ${GAME}`, `${limited} ${b}`].sort(),
    ])
    expect(given.map((it) => `${it.token} ${it.spender} ${it.amount}`).sort()).toEqual(
      [`${a} ${GAME} 1`, `${a} ${b} 1`, `${limited} ${GAME} 1`, `${limited} ${b} 1`].sort(),
    )
    expect(isWhole).toBe(true)
  })

  test('takes at most three requests, its limits first; of the rest it says that nobody knows', async () => {
    const listed = tokensOf(200)
    const { contracts, sent } = reading(listed.slice(0, 199))
    const last = listed[199]!
    const { given, isWhole } = await contracts.allowances('sepolia', ACCOUNT, [last], [GAME])
    expect(sent).toHaveLength(3)
    expect([given.length, given[0]?.token, isWhole]).toEqual([150, last, false])
    const few = reading(listed.slice(0, 149))
    expect(await few.contracts.allowances('sepolia', ACCOUNT, [last], [GAME])).toMatchObject({ isWhole: true })
    expect(few.sent).toHaveLength(3)
  })

  test('keeps the list until it changes', async () => {
    const [a, b] = tokensOf(2) as [Address, Address]
    const listed = [a]
    const { contracts } = reading(listed)
    const tokens = async () => {
      const { given } = await contracts.allowances('sepolia', ACCOUNT, [], [GAME])
      return given.map(({ token }) => token)
    }
    expect(await tokens()).toEqual([a])
    listed.push(b)
    expect(await tokens()).toEqual([a])
    contracts.listChanged()
    expect(await tokens()).toEqual([a, b])
  })

  test('of a contract that has no answer there is none; any other error of the node is no answer at all', async () => {
    const [a, b] = tokensOf(2) as [Address, Address]
    for (const code of [20, 21, 40]) {
      const { contracts } = reading([a, b], { [a]: { error: { code, message: 'no' } } })
      const { given } = await contracts.allowances('sepolia', ACCOUNT, [], [GAME])
      expect(given.map(({ token }) => token)).toEqual([b])
    }
    const { contracts } = reading([a, b], { [a]: { error: { code: -32005, message: 'too many requests' } } })
    await expect(contracts.allowances('sepolia', ACCOUNT, [], [GAME])).rejects.toMatchObject({ rpcCode: -32005 })
  })

  test('knows what the person added and hid, of this network, beside what is bundled', async () => {
    const db = openDatabase({ now: () => 1, name: `listed ${Math.random()}` })
    const [mine, other, hidden] = tokensOf(3) as [Address, Address, Address]
    await db.write(['tokens'], 'strict', async (tx) => {
      await tx.put('tokens', `sepolia ${mine}`, { symbol: 'MINE', decimals: 18 })
      await tx.put('tokens', `mainnet ${other}`, { symbol: 'OTHER', decimals: 18 })
      await tx.put('tokens', `sepolia ${hidden}`, { symbol: 'HID', decimals: 18, hidden: true })
      await tx.put('tokens', `sepolia nonsense`, { symbol: 'NO', decimals: 18 })
    })
    const known = await listedTokens(db, 'sepolia')
    expect(known).toEqual([...bundled('sepolia').map((it) => it.address), mine, hidden])
    expect(known.length).toBeGreaterThan(4)
  })
})
