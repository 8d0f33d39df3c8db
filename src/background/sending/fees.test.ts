import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { committedMaximum } from '../../starknet/invoke.ts'
import { validationGas } from '../../starknet/session-token.ts'
import { boundsFor, boundsWithin, keptBounds, readBounds, storedBounds, tipPerUnit } from './fees.ts'

const estimate = (l2: bigint, price: bigint) => ({
  l1_gas: { amount: 0n, price: 7n },
  l2_gas: { amount: l2, price },
  l1_data_gas: { amount: 129n, price: 3n },
  fee: 0n,
})

describe('boundsFor', () => {
  it('the bounds cover the estimate, validation and half as much again', () => {
    const signing = { by: 'session', calls: 2, proofFelts: 8 } as const
    const bounds = boundsFor(estimate(1_000_000n, 11n), signing)
    expect(bounds).toEqual({
      // The price of a resource that is not used is set too: the node compares all three.
      l1_gas: { maxAmount: 0n, maxPrice: 11n },
      l2_gas: { maxAmount: ((1_000_000n + 520_000n + 80_000n + 72_000n) * 3n) / 2n, maxPrice: 17n },
      l1_data_gas: { maxAmount: 194n, maxPrice: 5n },
    })
  })

  it('what starknet.js bounds for one cheap call would not be enough, and ours is', () => {
    // argent-sessions.md 16: 1,232,640 estimated, 1,890,880 used.
    const bounds = boundsFor(estimate(1_232_640n, 1n), { by: 'session', calls: 1, proofFelts: 0 })
    expect(bounds.l2_gas.maxAmount).toBeGreaterThan((1_890_880n * 14n) / 10n)
  })

  it('property: never below, at most one over, and stored bounds are the same bounds', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 60n), fc.bigInt(0n, 2n ** 90n), fc.nat(20), (l2, price, calls) => {
        const signing = { by: 'ownerAndGuardian', calls } as const
        const bounds = boundsFor(estimate(l2, price), signing)
        const needed = l2 + validationGas(signing)
        expect(bounds.l2_gas.maxAmount * 2n - needed * 3n).toBeGreaterThanOrEqual(0n)
        expect(bounds.l2_gas.maxAmount * 2n - needed * 3n).toBeLessThanOrEqual(1n)
        expect(readBounds(storedBounds(bounds))).toEqual(bounds)
        expect(committedMaximum(bounds, 0n)).toBeGreaterThanOrEqual(bounds.l2_gas.maxAmount * bounds.l2_gas.maxPrice)
      }),
      { verbose: true },
    )
  })
})

describe('keptBounds', () => {
  const signing = { by: 'session', calls: 1, proofFelts: 4 } as const
  const prices = { l1_gas: 7n, l2_gas: 8_123_456_789n, l1_data_gas: 3n }
  const kept = (l2: bigint) => ({ l1_gas: 0n, l2_gas: l2, l1_data_gas: 128n })

  it('kept bounds cover four slots written for the first time', () => {
    const { l2_gas, l1_data_gas } = keptBounds(kept(1_300_000n), prices, signing)
    expect(l2_gas.maxAmount).toBeGreaterThanOrEqual(((1_300_000n + validationGas(signing) + 1_608_000n) * 3n) / 2n)
    expect(l1_data_gas.maxAmount).toBeGreaterThanOrEqual(((128n + 512n) * 3n) / 2n)
  })

  it('amounts go up to a sixteenth of their power of two, prices to two digits', () => {
    const { l1_gas, l2_gas } = keptBounds(kept(1_300_000n), prices, signing)
    // (1,300,000 + 596,000 + 1,608,000) × 1.5 = 5,256,000, between 2^22 and 2^23: steps of 2^18.
    expect(l2_gas.maxAmount).toBe(21n * 2n ** 18n)
    // 8,123,456,789 × 1.5 = 12,185,185,184.
    expect(l2_gas.maxPrice).toBe(13_000_000_000n)
    expect(l1_gas).toEqual({ maxAmount: 0n, maxPrice: 11n })
  })

  it('property: never below amount and price with their half, at most a sixteenth and a tenth above', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 50n), fc.bigInt(0n, 2n ** 90n), (l2, price) => {
        const { maxAmount, maxPrice } = keptBounds(kept(l2), { ...prices, l2_gas: price }, signing).l2_gas
        const amount = (l2 + validationGas(signing) + 1_608_000n) * 3n
        expect(maxAmount * 2n).toBeGreaterThanOrEqual(amount)
        expect(maxAmount * 32n).toBeLessThanOrEqual(amount * 17n + 32n)
        expect(maxPrice * 2n).toBeGreaterThanOrEqual(price * 3n)
        expect(maxPrice * 20n).toBeLessThanOrEqual(price * 33n + 40n)
      }),
      { verbose: true },
    )
  })
})

describe('boundsWithin', () => {
  const signing = { by: 'ownerAndGuardian', calls: 1 } as const
  const price = fc.bigInt(1n, 2n ** 60n)
  const gas = fc.bigInt(0n, 2n ** 40n)
  const estimates = fc.tuple(gas, price, gas, price, gas, price).map(([a, b, c, d, e, f]) => ({
    l1_gas: { amount: a, price: b },
    l2_gas: { amount: c, price: d },
    l1_data_gas: { amount: e, price: f },
    fee: 0n,
  }))

  it('without a choice it is what every transaction gets', () => {
    const found = boundsWithin(estimate(1_000_000n, 11n), signing, { tip: 0n })
    expect(found.bounds).toEqual(boundsFor(estimate(1_000_000n, 11n), signing))
    expect(found.about).toBe((1_000_000n + validationGas(signing)) * 11n + 129n * 3n)
  })
  it('property: under a cap the committed maximum is never above it, and no price is under the block’s', () => {
    fc.assert(
      fc.property(estimates, fc.bigInt(0n, 2n ** 50n), fc.bigInt(0n, 2n ** 110n), (it, tip, cap) => {
        const { bounds, lacks } = boundsWithin(it, signing, { tip, cap })
        if (lacks !== undefined) {
          expect(lacks).toBeGreaterThan(cap)
          return
        }
        expect(committedMaximum(bounds, tip)).toBeLessThanOrEqual(cap)
        for (const resource of ['l1_gas', 'l2_gas', 'l1_data_gas'] as const) {
          expect(bounds[resource].maxPrice).toBeGreaterThanOrEqual(it[resource].price)
          expect(bounds[resource].maxAmount).toBe(boundsFor(it, signing)[resource].maxAmount)
        }
      }),
    )
  })
  it('property: the least cap that is taken is the one that was named', () => {
    fc.assert(
      fc.property(estimates, fc.bigInt(0n, 2n ** 50n), (it, tip) => {
        const { lacks } = boundsWithin(it, signing, { tip, cap: 0n })
        expect(boundsWithin(it, signing, { tip, cap: lacks! }).lacks).toBeUndefined()
        expect(boundsWithin(it, signing, { tip, cap: lacks! - 1n }).lacks).toBe(lacks)
      }),
    )
  })
  it('property: a tip in all is never more than was said, and less by less than one for each unit', () => {
    fc.assert(
      fc.property(estimates, fc.bigInt(0n, 2n ** 80n), (it, inAll) => {
        const bounds = boundsFor(it, signing)
        const given = tipPerUnit(inAll, bounds) * bounds.l2_gas.maxAmount
        expect(given).toBeLessThanOrEqual(inAll)
        if (tipPerUnit(inAll, bounds) < 2n ** 64n - 1n) expect(inAll - given).toBeLessThan(bounds.l2_gas.maxAmount)
      }),
    )
  })
})
