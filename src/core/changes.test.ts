import { hash } from 'starknet'
import { describe, expect, it } from 'vitest'
import { APPROVAL, APPROVAL_FOR_ALL, changesOf } from './changes.ts'
import { address, type Felt, felt } from './felt.ts'
import type { ChainEvent } from './policy/item-events.ts'

const ME = address('0x111')
const YOU = address('0x222')
const COIN = address('0xc0')
const CARDS = address('0xca')
const [TRANSFER, SINGLE] = ['Transfer', 'TransferSingle'].map((name) => felt(hash.getSelectorFromName(name))) as [
  Felt,
  Felt,
]
const event = (
  from: Felt,
  keys: readonly (Felt | bigint | number | string)[],
  data: readonly (bigint | number)[] = [],
): ChainEvent => ({
  from,
  keys: keys.map((it) => felt(it)),
  data: data.map((it) => felt(it)),
})
const coins = (from: Felt, to: Felt, amount: number) => event(COIN, [TRANSFER, from, to], [amount, 0])
const card = (from: Felt, to: Felt, id: number) => event(CARDS, [TRANSFER, from, to, id, 0])
const approves = (amount: number, to: Felt = YOU) => event(COIN, [APPROVAL, ME, to], [amount, 0])

it('the selectors are those of the names', () => {
  expect(APPROVAL).toBe(hash.getSelectorFromName('Approval'))
  expect(APPROVAL_FOR_ALL).toBe(hash.getSelectorFromName('ApprovalForAll'))
})

describe('amounts', () => {
  it('are net: what comes back did not leave', () => {
    expect(changesOf([coins(ME, YOU, 8), coins(YOU, ME, 3)], ME).moves).toEqual([{ token: COIN, out: '5', in: '0' }])
    expect(changesOf([coins(ME, YOU, 3), coins(YOU, ME, 8)], ME).moves).toEqual([{ token: COIN, out: '0', in: '5' }])
  })
  it('of others are none of this account', () => {
    expect(changesOf([coins(YOU, CARDS, 8)], ME)).toEqual({ moves: [], items: [], leaves: [], more: false })
  })
})

describe('items', () => {
  it('are told one by one, out and in', () => {
    expect(changesOf([card(ME, YOU, 7), card(YOU, ME, 9)], ME).items).toEqual([
      { collection: CARDS, id: '7', count: '1', direction: 'out' },
      { collection: CARDS, id: '9', count: '1', direction: 'in' },
    ])
  })
  it('one that comes back did not leave, and is no amount either', () => {
    expect(changesOf([card(ME, YOU, 7), card(YOU, ME, 7)], ME)).toMatchObject({ items: [], moves: [] })
  })
  it('several of one kind are counted', () => {
    const sent = event(CARDS, [SINGLE, YOU, ME, YOU], [4, 0, 12, 0])
    expect(changesOf([sent], ME).items).toEqual([{ collection: CARDS, id: '4', count: '12', direction: 'out' }])
  })
})

describe('leaves', () => {
  it('the last word stands: what was given and used up is none', () => {
    expect(changesOf([approves(8), coins(ME, YOU, 8), approves(0)], ME).leaves).toEqual([])
    expect(changesOf([approves(8), approves(5)], ME).leaves).toEqual([
      { token: COIN, to: YOU, what: 'amount', amount: '5' },
    ])
  })
  it('one for each who may take', () => {
    expect(changesOf([approves(8), approves(5, CARDS)], ME).leaves).toHaveLength(2)
  })
  it('one item, all items, and all items taken back', () => {
    const one = event(CARDS, [APPROVAL, ME, YOU, 7, 0])
    const all = event(CARDS, [APPROVAL_FOR_ALL, ME, YOU], [1])
    const none = event(CARDS, [APPROVAL_FOR_ALL, ME, YOU], [0])
    expect(changesOf([one, all], ME).leaves).toEqual([
      { token: CARDS, to: YOU, what: 'item', id: '7' },
      { token: CARDS, to: YOU, what: 'all' },
    ])
    expect(changesOf([all, none], ME).leaves).toEqual([])
  })
  it('what another gives is no leave of this account', () => {
    expect(changesOf([event(COIN, [APPROVAL, YOU, ME], [8, 0])], ME).leaves).toEqual([])
  })
})

it('a contract that emits thousands is cut, and it is said', () => {
  const many = Array.from({ length: 3_000 }, (_, at) => card(ME, YOU, at + 1))
  const found = changesOf(many, ME)
  expect(found.items).toHaveLength(20)
  expect(found.more).toBe(true)
})
it('what cannot be read is left out', () => {
  const odd = [
    event(CARDS, [TRANSFER, ME, YOU, 2n ** 128n, 0]),
    event(COIN, [APPROVAL, ME, YOU], [2n ** 128n, 0]),
    event(COIN, [APPROVAL, ME, YOU], [1]),
    event(COIN, [APPROVAL_FOR_ALL, ME], []),
    event(COIN, [APPROVAL], []),
  ]
  expect(changesOf(odd, ME)).toMatchObject({ items: [], leaves: [] })
})
