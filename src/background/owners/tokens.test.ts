import 'fake-indexeddb/auto'
import { beforeEach, describe, expect, it } from 'vitest'
import { ETH, STRK } from '../../core/account.ts'
import { type Address, address, type Felt, felt, shortString } from '../../core/felt.ts'
import { type Database, openDatabase } from '../../platform/database.ts'
import type { Node, ViewCall } from '../../platform/node.ts'
import { nodeError } from '../../platform/node-error.ts'
import { selectorOf } from '../../starknet/selector.ts'
import { createTokens, type Tokens } from './tokens.ts'

const ME = address('0x111')
const COIN = address('0xc0')
const NET = 'sepolia'
const KNOWN = { address: COIN, symbol: 'COIN', decimals: 6, added: true } as const

let db: Database
let now: number
let requests: (readonly ViewCall[])[]
/** By contract and name of the view. */
let says: Map<string, readonly Felt[]>
let classes: Set<Address>
let silent: boolean
let changes: number
let tokens: Tokens

const set = (of: Address, view: string, ...answer: readonly (bigint | number | Felt)[]) =>
  says.set(
    `${of} ${selectorOf(view)}`,
    answer.map((it) => felt(it)),
  )
const newLife = () => {
  const node: Pick<Node, 'callEach' | 'classHashAt'> = {
    classHashAt: async (of) => (classes.has(of) ? felt(1) : undefined),
    callEach: async (calls) => {
      if (silent) throw nodeError('silent')
      requests.push(calls)
      return calls.map(({ to, selector }) => says.get(`${to} ${selector}`))
    },
  }
  return createTokens({
    db,
    nodes: { of: async () => node as Node },
    now: () => now,
    changed: () => {
      changes += 1
    },
  })
}
beforeEach(() => {
  db = openDatabase({ now: () => now, name: `tokens ${Math.random()}` })
  now = 1_000
  requests = []
  says = new Map()
  classes = new Set([COIN])
  silent = false
  changes = 0
  set(STRK, 'balanceOf', 7, 0)
  set(ETH, 'balanceOf', 0, 1)
  tokens = newLife()
})

describe('balances', () => {
  it('of all tokens are one request, with their age', async () => {
    const found = await tokens.balances(ME, NET, 0)
    expect(requests).toHaveLength(1)
    expect(found.slice(0, 2)).toMatchObject([
      { token: { symbol: 'STRK' }, amount: '7', at: 1_000 },
      { token: { symbol: 'ETH' }, amount: (2n ** 128n).toString() },
    ])
  })
  it('are asked again only when they are old', async () => {
    await tokens.balances(ME, NET, 10)
    now += 10
    // A contract that does not answer has no balance, and is asked each time.
    set(address('0x0512feac6339ff7889822cb5aa2a86c848e9d392bb0e3e237c008674feed8343'), 'balanceOf', 0, 0)
    await tokens.balances(ME, NET, 10)
    await tokens.balances(ME, NET, 10)
    expect(requests).toHaveLength(2)
    now += 11
    await tokens.balances(ME, NET, 10)
    expect(requests).toHaveLength(3)
  })
  it('that came in the second of the last look are seen', async () => {
    set(address('0x0512feac6339ff7889822cb5aa2a86c848e9d392bb0e3e237c008674feed8343'), 'balanceOf', 0, 0)
    await tokens.balances(ME, NET, 0)
    set(STRK, 'balanceOf', 1_000, 0)
    expect((await tokens.balances(ME, NET, 0))[0]).toMatchObject({ token: { symbol: 'STRK' }, amount: '1000' })
  })
  it('a contract that gives no answer keeps its last one with its age, and takes nothing from the others', async () => {
    await tokens.balances(ME, NET, 0)
    says.delete(`${STRK} ${selectorOf('balanceOf')}`)
    set(ETH, 'balanceOf', 5, 0)
    now += 100
    expect((await tokens.balances(ME, NET, 0)).slice(0, 2)).toMatchObject([
      { amount: '7', at: 1_000 },
      { amount: '5', at: 1_100 },
    ])
  })
  it('a silent node leaves what was known, and says that it is silent', async () => {
    await tokens.balances(ME, NET, 0)
    silent = true
    await expect(tokens.balances(ME, NET, 0)).rejects.toMatchObject({ reason: 'silent' })
    expect(tokens.last(ME, NET)).toHaveLength(2)
  })
  it.each([
    ['three felts', [1, 0, 0]],
    ['one felt', [1]],
    ['a limb too large', [2n ** 128n, 0]],
  ] as const)('refuses: %s for an amount', async (_, answer) => {
    set(STRK, 'balanceOf', ...answer)
    expect((await tokens.balances(ME, NET, 0)).map(({ token }) => token.symbol)).toEqual(['ETH'])
  })
})

describe('a token that is read from its contract', () => {
  it('is what it says, by either spelling of the balance', async () => {
    set(COIN, 'symbol', shortString('COIN'))
    set(COIN, 'decimals', 6)
    set(COIN, 'balance_of', 9, 0)
    expect(await tokens.read(NET, COIN, ME)).toEqual({ ok: true, token: KNOWN, balance: '9' })
  })
  it.each([
    ['nothing', () => classes.clear()],
    ['noToken', () => says.delete(`${COIN} ${selectorOf('balance_of')}`)],
    ['noToken', () => says.delete(`${COIN} ${selectorOf('decimals')}`)],
    ['symbol', () => set(COIN, 'symbol', shortString('CO IN'))],
    ['symbol', () => set(COIN, 'symbol', ...Array.from({ length: 500 }, () => 0x41))],
    ['decimals', () => set(COIN, 'decimals', 300)],
  ] as const)('refuses: %s', async (why, change) => {
    set(COIN, 'symbol', shortString('COIN'))
    set(COIN, 'decimals', 6)
    set(COIN, 'balance_of', 9, 0)
    change()
    expect(await tokens.read(NET, COIN, ME)).toEqual({ ok: false, why })
  })
})

describe('what the person added', () => {
  it('has a name, is asked for, and is there in the next life', async () => {
    await tokens.load()
    expect(tokens.name(NET, COIN)).toBeUndefined()
    await tokens.add(NET, KNOWN)
    expect(tokens.name(NET, COIN)).toEqual({ symbol: 'COIN', decimals: 6 })
    set(COIN, 'balance_of', 9, 0)
    expect((await tokens.balances(ME, NET, 0)).at(-1)).toMatchObject({ token: KNOWN, amount: '9' })
    const next = newLife()
    await next.load()
    expect(next.name(NET, COIN)).toEqual({ symbol: 'COIN', decimals: 6 })
  })
  it('is told to who keeps the list, once it is stored', async () => {
    await tokens.add(NET, KNOWN)
    await tokens.hide(NET, COIN, true)
    expect(changes).toBe(2)
  })
  it('is of one network alone', async () => {
    await tokens.add(NET, KNOWN)
    expect(tokens.name('mainnet', COIN)).toBeUndefined()
  })
  it('never renames a bundled one', async () => {
    await tokens.add(NET, { address: STRK, symbol: 'FAKE', decimals: 2, added: true })
    expect(tokens.name(NET, STRK)).toEqual({ symbol: 'STRK', decimals: 18 })
  })
  it('a row that cannot be read is left out', async () => {
    await db.write(['tokens'], 'strict', async (tx) => {
      await tx.put('tokens', `${NET} ${COIN}`, { symbol: 'COIN', decimals: 1e9 })
      await tx.put('tokens', 'sepolia nonsense', { symbol: 'X', decimals: 1 })
    })
    await tokens.load()
    expect(tokens.known(NET).some(({ added }) => added)).toBe(false)
  })
})

it('what is hidden is not asked for and not shown, and keeps its name', async () => {
  await tokens.hide(NET, ETH, true)
  expect((await tokens.balances(ME, NET, 0)).map(({ token }) => token.symbol)).not.toContain('ETH')
  expect(requests[0]?.some(({ to }) => to === ETH)).toBe(false)
  expect(tokens.name(NET, ETH)?.symbol).toBe('ETH')
  await tokens.hide(NET, ETH, false)
  expect((await tokens.balances(ME, NET, 0)).map(({ token }) => token.symbol)).toContain('ETH')
})
