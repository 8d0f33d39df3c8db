import { hash } from 'starknet'
import { describe, expect, it } from 'vitest'
import { ETH } from './account.ts'
import { APPROVAL, APPROVAL_FOR_ALL, changesOf, isRead } from './changes.ts'
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
  it('what nobody is given is none: an item of the oldest form that goes takes its leave back so', () => {
    const gone = event(CARDS, [APPROVAL], [BigInt(ME), 0, 7, 0])
    expect(changesOf([gone], ME)).toEqual({ moves: [], items: [], leaves: [], more: false })
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

describe('what cannot be read', () => {
  const NONE = { out: '0', in: '0' }
  const BATCH = felt(hash.getSelectorFromName('TransferBatch'))
  it.each([
    ['an item that is no number', event(CARDS, [TRANSFER, ME, YOU, 2n ** 128n, 0])],
    ['an item with more beside it', event(CARDS, [TRANSFER, ME, YOU, 7, 0], [1])],
    ['an amount that is no number', event(COIN, [TRANSFER, ME, YOU], [2n ** 128n, 0])],
    ['an amount of one felt', event(COIN, [TRANSFER, ME, YOU], [1])],
    ['an amount with more beside it, all of it data', event(COIN, [TRANSFER], [BigInt(YOU), BigInt(ME), 1, 0, 0])],
    ['a transfer whose amount is half a key', event(COIN, [TRANSFER, ME, YOU, 1], [0])],
    ['several of one kind, without how many', event(CARDS, [SINGLE, YOU, ME, YOU], [4, 0])],
    ['several kinds, fewer than they say', event(CARDS, [BATCH, YOU, ME, YOU], [2, 4, 0, 1, 1, 0])],
    ['a leave that is no number', event(COIN, [APPROVAL, ME, YOU], [2n ** 128n, 0])],
    ['a leave of one felt', event(COIN, [APPROVAL, ME, YOU], [1])],
    ['a leave for all without its answer', event(COIN, [APPROVAL_FOR_ALL, ME], [])],
    ['item 0 that leaves, or the amount 0', event(CARDS, [TRANSFER], [BigInt(ME), BigInt(YOU), 0, 0])],
    ['a transfer of a part of a contract', event(COIN, [felt(5), TRANSFER, ME, YOU], [8, 0])],
    ['a leave of a part of a contract', event(COIN, [felt(5), APPROVAL, ME, YOU], [8, 0])],
    ['item 0 that comes, or the amount 0', event(CARDS, [TRANSFER], [BigInt(YOU), BigInt(ME), 0, 0])],
  ])('%s is said, beside what can be', (_, odd) => {
    const only = changesOf([odd], ME)
    expect(only).toEqual({ moves: [{ token: odd.from, ...NONE, unread: true }], items: [], leaves: [], more: false })
    expect(isRead(only)).toBe(false)
    const read = changesOf([coins(ME, YOU, 8), odd, card(YOU, ME, 9), approves(2)], ME)
    expect(read).toEqual({
      moves:
        odd.from === COIN
          ? [{ token: COIN, out: '8', in: '0', unread: true }]
          : [
              { token: COIN, out: '8', in: '0' },
              { token: CARDS, ...NONE, unread: true },
            ],
      items: [{ collection: CARDS, id: '9', count: '1', direction: 'in' }],
      leaves: [{ token: COIN, to: YOU, what: 'amount', amount: '2' }],
      more: false,
    })
  })

  it.each([
    ['an amount', coins(ME, YOU, 8)],
    ['no amount', coins(ME, YOU, 0)],
    ['an amount that comes', coins(YOU, ME, 8)],
    ['an amount of the oldest form', event(COIN, [TRANSFER], [BigInt(ME), BigInt(YOU), 8, 0])],
    ['an amount of the oldest form that comes', event(COIN, [TRANSFER], [BigInt(YOU), BigInt(ME), 8, 0])],
    ['no amount of a listed token, in the oldest form', event(ETH, [TRANSFER], [BigInt(ME), BigInt(YOU), 0, 0])],
    ['no amount of a listed token that comes', event(ETH, [TRANSFER], [BigInt(YOU), BigInt(ME), 0, 0])],
    ['what the account sends to itself', event(COIN, [TRANSFER], [BigInt(ME), BigInt(ME), 0, 0])],
    ['an item', card(ME, YOU, 7)],
    ['item 0', card(ME, YOU, 0)],
    ['an item of the oldest form', event(CARDS, [TRANSFER], [BigInt(ME), BigInt(YOU), 7, 0])],
    ['several of one kind', event(CARDS, [SINGLE, YOU, ME, YOU], [4, 0, 12, 0])],
    [
      'several of one kind, all of it data',
      event(CARDS, [SINGLE], [BigInt(YOU), BigInt(ME), BigInt(YOU), 4, 0, 12, 0]),
    ],
    ['several kinds', event(CARDS, [BATCH, YOU, ME, YOU], [1, 4, 0, 1, 12, 0])],
    ['a leave', approves(8)],
    ['a leave of the oldest form', event(COIN, [APPROVAL], [BigInt(ME), BigInt(YOU), 8, 0])],
    ['a leave that is taken back', approves(0)],
    ['a leave of the oldest form that is taken back', event(COIN, [APPROVAL], [BigInt(ME), BigInt(YOU), 0, 0])],
    ['a leave of one item', event(CARDS, [APPROVAL, ME, YOU, 7, 0])],
    ['a leave for all', event(CARDS, [APPROVAL_FOR_ALL, ME, YOU], [1])],
    ['a leave for all of the oldest form', event(CARDS, [APPROVAL_FOR_ALL], [BigInt(ME), BigInt(YOU), 0])],
    ['an odd one that does not name the account', event(COIN, [TRANSFER, YOU, CARDS], [1])],
    ['an odd leave of others', event(COIN, [APPROVAL, YOU, CARDS], [1])],
    ['another event that names it', event(COIN, [felt(hash.getSelectorFromName('Deposit')), ME], [1, 2, 3])],
  ])('is not: %s', (_, plain) => {
    expect(isRead(changesOf([plain], ME))).toBe(true)
  })
})
