import { expect, it } from 'vitest'
import { STRK } from '../../core/account.ts'
import { address, felt, u256 } from '../../core/felt.ts'
import type { Trial } from '../../core/records.ts'
import { isWorse } from './trying.ts'

const GAME = address('0x9a3e')
const FRIEND = address('0x222')
const bound = { maxAmount: felt(10), maxPrice: felt(10) }
const run = (effects: Partial<Trial> = {}): Trial => ({
  bounds: { l1_gas: bound, l2_gas: bound, l1_data_gas: bound },
  moves: [{ token: STRK, out: u256(100n), in: u256(0n) }],
  ...effects,
})
const card = (direction: 'out' | 'in') => ({ collection: GAME, id: u256(7n), count: u256(1n), direction })
const unread = { token: GAME, out: u256(0n), in: u256(0n), unread: true as const }

it.each<readonly [string, Partial<Trial>]>([
  ['more changes than are listed', { more: true }],
  ['a change that cannot be read', { moves: [...run().moves, unread] }],
  ['one of the same token that cannot be read', { moves: [{ ...run().moves[0]!, unread: true }] }],
  ['two hundredths more of a token', { moves: [{ token: STRK, out: u256(102n), in: u256(0n) }] }],
  ['another token', { moves: [...run().moves, { token: GAME, out: u256(1n), in: u256(0n) }] }],
  ['an item', { items: [card('out')] }],
  ['a leave', { leaves: [{ token: STRK, to: FRIEND, what: 'amount', amount: u256(1n) }] }],
  ['a failure', { fails: 'no' }],
  ['nothing that was seen', { unseen: true }],
  ['a fee above its cap', { lacks: u256(1n) }],
])('a run with %s is worse, and the same again is not', (_, change) => {
  expect(isWorse(run(change), run())).toBe(true)
  expect(isWorse(run(change), run(change))).toBe(false)
})

it.each<readonly [string, Partial<Trial>, Partial<Trial>]>([
  ['less of a token', { moves: [{ token: STRK, out: u256(50n), in: u256(0n) }] }, {}],
  ['a hundredth more of it', { moves: [{ token: STRK, out: u256(101n), in: u256(0n) }] }, {}],
  ['an item that comes', { items: [card('in')] }, {}],
  ['all of its changes listed', {}, { more: true }],
  ['all of its changes read', {}, { moves: [...run().moves, unread] }],
])('a run with %s is not worse', (_, after, before) => {
  expect(isWorse(run(after), run(before))).toBe(false)
})
