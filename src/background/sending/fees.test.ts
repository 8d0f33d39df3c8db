import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { committedMaximum } from '../../starknet/invoke.ts'
import { validationGas } from '../../starknet/session-token.ts'
import { boundsFor, readBounds, storedBounds } from './fees.ts'

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
