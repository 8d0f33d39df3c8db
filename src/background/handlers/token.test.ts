import 'fake-indexeddb/auto'
import { beforeEach, describe, expect, it, test, vi } from 'vitest'
import { STRK } from '../../core/account.ts'
import { type Address, address, felt, padded, shortString } from '../../core/felt.ts'
import { dapp } from '../../core/protocol/dapp.ts'
import type { ApprovalRecord } from '../../core/records.ts'
import { decode } from '../../core/schema.ts'
import type { Node } from '../../platform/node.ts'
import { nodeError } from '../../platform/node-error.ts'
import { selectorOf } from '../../starknet/selector.ts'
import { createAccess } from '../access.ts'
import { createApprovals } from '../owners/approvals.ts'
import { createGrants } from '../owners/grants.ts'
import { createTokens, type Tokens } from '../owners/tokens.ts'
import type { Context } from '../router.ts'
import { ACCOUNT, createWorld, ORIGIN } from '../sending/stub-world.ts'
import { tokenHandlers } from './token.ts'

const COIN = address('0xc0')
const NOTHING = address('0xdead')

let asks: ReturnType<typeof createApprovals>
let grants: ReturnType<typeof createGrants>
let tokens: Tokens
let handlers: ReturnType<typeof tokenHandlers>
let says: Record<string, readonly bigint[] | undefined>
let silent: boolean
let read: Address[]
let windows: number
let refreshed: number

beforeEach(async () => {
  const world = await createWorld()
  const now = () => world.clock.now
  let ids = 0
  says = {
    symbol: [BigInt(shortString('COIN'))],
    name: [BigInt(shortString('Coin of the realm'))],
    decimals: [6n],
    balance_of: [9n, 0n],
  }
  silent = false
  read = []
  windows = 0
  refreshed = 0
  const node: Pick<Node, 'callEach' | 'classHashAt'> = {
    classHashAt: async (of) => {
      if (silent) throw nodeError('silent')
      read.push(of)
      return of === COIN ? felt(1) : undefined
    },
    callEach: async (calls) =>
      calls.map(({ selector }) =>
        Object.entries(says)
          .find(([view]) => selectorOf(view) === selector)?.[1]
          ?.map((it) => felt(it)),
      ),
  }
  tokens = createTokens({ db: world.db, nodes: { of: async () => node as Node }, now, changed: () => undefined })
  asks = createApprovals({
    db: world.db,
    now,
    newId: () => {
      ids += 1
      return `a${ids}`
    },
    network: world.networks.get,
    window: {
      open: async () => {
        windows += 1
      },
      isOurs: async () => true,
    },
    changed: () => undefined,
  })
  grants = createGrants({ db: world.db, guard: () => world.guard, now })
  handlers = tokenHandlers({
    access: createAccess({
      approvals: asks,
      grants,
      isUnlocked: async () => true,
      runs: async () => false,
      selected: async () => ({ account: ACCOUNT, network: 'sepolia' }),
      told: async () => undefined,
    }),
    approvals: asks,
    tokens,
    refresh: () => {
      refreshed += 1
    },
  })
})

let requests = 0
const watch = (token: Address = COIN) => {
  requests += 1
  // What the handler reads of it.
  const context = { origin: ORIGIN, document: 'd1', tab: 1, request: `r${requests}`, gesture: true } as Context
  const done = handlers.wallet_watchAsset(context, { type: 'ERC20', options: { address: token } })
  done.catch(() => undefined)
  return done
}
const answer = async (decision: 'allow' | 'refuse'): Promise<ApprovalRecord> => {
  await vi.waitUntil(async () => (await asks.waiting()).length > 0, { timeout: 30_000 })
  const [record] = await asks.waiting()
  if (record === undefined) throw new Error('nothing is asked')
  await asks.decide(record.id, record.rev, asks.digest(record), decision)
  return record
}
const listed = () => tokens.known('sepolia').find((it) => it.address === COIN)
const connect = () => grants.give(ORIGIN, ACCOUNT, 'sepolia')

describe('wallet_watchAsset', () => {
  it('asks with what the contract says of itself, and adds it after the yes', async () => {
    await connect()
    const done = watch()
    expect((await answer('allow')).question).toEqual({
      kind: 'token',
      network: 'sepolia',
      account: ACCOUNT,
      token: COIN,
      symbol: 'COIN',
      decimals: 6,
      called: 'Coin of the realm',
    })
    expect(await done).toBe(true)
    expect(listed()).toMatchObject({ symbol: 'COIN', decimals: 6, added: true, hidden: false })
    expect(refreshed).toBe(1)
  })

  it('adds what was shown, whatever the contract says by then', async () => {
    await connect()
    const done = watch()
    await vi.waitUntil(async () => (await asks.waiting()).length > 0, { timeout: 30_000 })
    says = { ...says, symbol: [BigInt(shortString('USDC'))], decimals: [0n] }
    await answer('allow')
    await done
    expect(listed()).toMatchObject({ symbol: 'COIN', decimals: 6 })
  })

  it('a token that is in the list needs no window and asks no node; one that was hidden is asked for', async () => {
    await connect()
    expect(await watch(STRK)).toBe(true)
    expect([windows, read]).toEqual([0, []])
    await tokens.add('sepolia', { address: COIN, symbol: 'COIN', decimals: 6, added: true })
    expect(await watch()).toBe(true)
    await tokens.hide('sepolia', COIN, true)
    const done = watch()
    await answer('allow')
    expect(await done).toBe(true)
    expect(listed()?.hidden).toBe(false)
  })

  it('a no adds nothing', async () => {
    await connect()
    const done = watch()
    await answer('refuse')
    await expect(done).rejects.toMatchObject({ code: 113, data: { reason: 'refused' } })
    expect(listed()).toBeUndefined()
  })

  it('asks no node for a site that is not connected', async () => {
    const done = watch()
    expect((await answer('refuse')).question).toMatchObject({ kind: 'connect' })
    await expect(done).rejects.toMatchObject({ code: 113 })
    expect(read).toEqual([])
  })

  test.each([
    ['nothing is there', NOTHING, {}],
    ['it has no decimals', COIN, { decimals: undefined }],
    ['it has no balances', COIN, { balance_of: undefined }],
    ['its symbol has signs that nobody sees', COIN, { symbol: [0x410142n] }],
    ['it counts with more digits than any amount has', COIN, { decimals: [78n] }],
  ] as const)('refuses with 111 and without a window: %s', async (_, token, more) => {
    await connect()
    says = { ...says, ...more }
    await expect(watch(token)).rejects.toMatchObject({ code: 111, message: 'An error occurred (NOT_ERC20)' })
    expect(windows).toBe(0)
  })

  it('a token without a name, or with one that cannot be read, is one all the same', async () => {
    await connect()
    says = { ...says, name: [0x2007n] }
    const done = watch()
    expect((await answer('allow')).question).not.toHaveProperty('called')
    expect(await done).toBe(true)
  })

  it('a silent node is told, and is no word about the token', async () => {
    await connect()
    silent = true
    await expect(watch()).rejects.toMatchObject({ kind: 'node', reason: 'silent' })
  })
})

describe('what a site sends', () => {
  const { params } = dapp.wallet_watchAsset
  const sent = (options: object, type: unknown = 'ERC20') => decode(params, { type, options })

  it('the address in any spelling of hex; what the site says of the token is read by nobody', () => {
    const spelled = { address: padded(COIN).toUpperCase().replace('0X', '0x') }
    expect(sent({ ...spelled, symbol: 7, decimals: 'x', name: [], image: 'https://a.example/1.png' })).toMatchObject({
      ok: true,
      value: { options: { address: COIN } },
    })
  })
  test.each([
    ['another kind of token', { address: COIN }, 'ERC721', '/type'],
    ['no address', {}, 'ERC20', '/options/address'],
    ['an address in decimal digits', { address: '192' }, 'ERC20', '/options/address'],
    ['the address 0', { address: '0x0' }, 'ERC20', '/options/address'],
    ['more digits than an address has', { address: `0x${'f'.repeat(64)}` }, 'ERC20', '/options/address'],
    ['a member that is none', { address: COIN, chain: '0x1' }, 'ERC20', '/options/chain'],
  ])('%s is 114 with its place', (_, options, type, at) => {
    expect(sent(options, type)).toMatchObject({ ok: false, at })
  })
})
