import { describe, expect, it } from 'vitest'
import { address, felt } from '../../core/felt.ts'
import type { JournalRow } from '../../core/records.ts'
import { ARGENT_0_4_0, ARGENT_0_5_0 } from '../../starknet/accounts.ts'
import { selectorOf } from '../../starknet/selector.ts'
import { createKeptGas, shapeOf } from './kept-gas.ts'

const GAME = address('0x6a3e')
const call = (name: string, ...calldata: number[]) => ({
  to: GAME,
  selector: selectorOf(name),
  calldata: calldata.map(felt),
})
const MOVE = shapeOf('devnet', ARGENT_0_4_0, [call('move', 1, 2)], [2])
const OTHER = shapeOf('sepolia', ARGENT_0_4_0, [call('move', 1, 2)], [2])
const estimate = {
  l1_gas: { amount: 0n, price: 1n },
  l2_gas: { amount: 1_000n, price: 1n },
  l1_data_gas: { amount: 128n, price: 1n },
  fee: 0n,
}
const AMOUNTS = { l1_gas: 0n, l2_gas: 1_000n, l1_data_gas: 128n }
const row = { id: 'r1', bounds: { l2_gas: { maxAmount: felt(10_000), maxPrice: felt(1) } } } as unknown as JournalRow

function known() {
  const clock = { ms: 0 }
  const gas = createKeptGas({ ticks: () => clock.ms })
  gas.keep(MOVE, estimate)
  gas.keep(OTHER, estimate)
  return { gas, clock }
}
const takes = (gas: ReturnType<typeof known>['gas'], n: number) =>
  Array.from({ length: n }, () => gas.take(MOVE)).filter((it) => it !== undefined).length

describe('kept amounts', () => {
  it('serve 50 transactions of their shape, then one is estimated', () => {
    const { gas } = known()
    expect(gas.take(MOVE)).toEqual(AMOUNTS)
    expect(takes(gas, 60)).toBe(49)
    gas.keep(MOVE, estimate)
    expect(gas.take(MOVE)).toEqual(AMOUNTS)
  })

  it('last 10 minutes', () => {
    const { gas, clock } = known()
    clock.ms = 599_999
    expect(gas.take(MOVE)).toEqual(AMOUNTS)
    clock.ms = 600_000
    expect(gas.take(MOVE)).toBeUndefined()
  })

  it('end with another version of the protocol, on that network alone', () => {
    const { gas } = known()
    gas.version('devnet', '0.14.2')
    gas.keep(MOVE, estimate)
    gas.version('devnet', '0.14.2')
    expect(gas.has(MOVE)).toBe(true)
    gas.version('devnet', '0.15.0')
    expect([gas.has(MOVE), gas.take(MOVE), gas.take(OTHER)]).toEqual([false, undefined, AMOUNTS])
  })

  it.each([53, 55, 65])('end when the node refuses with %i', (code) => {
    const { gas } = known()
    gas.held('r1', MOVE)
    gas.refused('r1', code)
    expect([gas.take(MOVE), gas.take(OTHER)]).toEqual([undefined, AMOUNTS])
    gas.keep(MOVE, estimate)
    expect(gas.take(MOVE)).toEqual(AMOUNTS)
  })

  it('end with a revert of their shape, whatever it was for', () => {
    const { gas } = known()
    gas.held('r1', MOVE)
    gas.mined(row, { reverted: true, failure: 'game: fails as asked' })
    expect(gas.take(MOVE)).toBeUndefined()
    gas.keep(MOVE, estimate)
    expect(gas.take(MOVE)).toEqual(AMOUNTS)
  })

  it.each([
    ['came near its bound', { reverted: false, l2Gas: 8_001n }],
    ['ran out of its bound', { reverted: true, failure: 'Insufficient max L2Gas: max amount: 1, actual used: 2' }],
  ])('a shape that %s is estimated afresh for its next 50 transactions', (_what, mined) => {
    const { gas } = known()
    gas.held('r1', MOVE)
    gas.mined(row, mined)
    gas.keep(MOVE, estimate)
    expect(takes(gas, 50)).toBe(0)
    expect(gas.take(MOVE)).toEqual(AMOUNTS)
  })

  it('a balance without room for wide bounds gets narrow ones for 50 transactions', () => {
    const { gas } = known()
    gas.held('r1', MOVE)
    gas.refused('r1', 54)
    gas.keep(MOVE, estimate)
    expect(takes(gas, 50)).toBe(0)
  })

  it('stay when a transaction used what was expected, and another row says nothing of them', () => {
    const { gas } = known()
    gas.held('r1', MOVE)
    gas.mined({ ...row, id: 'r2' }, { reverted: true })
    gas.mined(row, { reverted: false, l2Gas: 8_000n })
    expect(gas.take(MOVE)).toEqual(AMOUNTS)
  })
})

describe('shapeOf', () => {
  const same = (a: Parameters<typeof shapeOf>, b: Parameters<typeof shapeOf>) =>
    shapeOf(...a).key === shapeOf(...b).key && shapeOf(...a).network === shapeOf(...b).network

  it('is the same for other arguments, and for another amount to the same recipient', () => {
    expect(
      same(['devnet', ARGENT_0_4_0, [call('move', 1, 2)], [2]], ['devnet', ARGENT_0_4_0, [call('move', 3, 4)], [2]]),
    ).toBe(true)
    expect(
      same(
        ['devnet', ARGENT_0_4_0, [call('transfer', 9, 1, 0)], [2]],
        ['devnet', ARGENT_0_4_0, [call('transfer', 9, 5, 0)], [2]],
      ),
    ).toBe(true)
  })

  it.each<[string, Parameters<typeof shapeOf>]>([
    ['network', ['sepolia', ARGENT_0_4_0, [call('move', 1, 2)], [2]]],
    ['account class', ['devnet', ARGENT_0_5_0, [call('move', 1, 2)], [2]]],
    ['entrypoint', ['devnet', ARGENT_0_4_0, [call('reset', 1, 2)], [2]]],
    ['length of calldata', ['devnet', ARGENT_0_4_0, [call('move', 1, 2, 3)], [2]]],
    ['number of calls', ['devnet', ARGENT_0_4_0, [call('move', 1, 2), call('move', 1, 2)], [2, 2]]],
    ['proof', ['devnet', ARGENT_0_4_0, [call('move', 1, 2)], [3]]],
  ])('is another for another %s', (_what, other) => {
    expect(same(['devnet', ARGENT_0_4_0, [call('move', 1, 2)], [2]], other)).toBe(false)
  })

  it.each([
    ['recipient of a transfer', call('transfer', 9, 1, 0), call('transfer', 8, 1, 0)],
    ['spender', call('approve', 9, 1, 0), call('approve', 8, 1, 0)],
    ['payer', call('transfer_from', 9, 7, 1, 0), call('transfer_from', 8, 7, 1, 0)],
    ['recipient of somebody’s money', call('transfer_from', 9, 7, 1, 0), call('transfer_from', 9, 6, 1, 0)],
  ])('is another for another %s: the first payment writes a slot', (_what, one, other) => {
    expect(same(['devnet', ARGENT_0_4_0, [one], [2]], ['devnet', ARGENT_0_4_0, [other], [2]])).toBe(false)
  })
})
