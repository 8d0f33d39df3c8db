/**
 * Bounds of what will be signed: an estimate for each transaction, plus what validation takes, and a margin of a half on
 * amounts and prices (argent-sessions.md 16, provider.md 11). Tip 0. The policy always sees the committed maximum of
 * exactly these bounds.
 */
import { felt } from '../../core/felt.ts'
import type { StoredBounds } from '../../core/records.ts'
import type { Estimate } from '../../platform/node.ts'
import type { Bound, Bounds } from '../../starknet/invoke.ts'
import { type Signing, validationGas } from '../../starknet/session-token.ts'

export const TIP = 0n
const RESOURCES = ['l1_gas', 'l2_gas', 'l1_data_gas'] as const

/**
 * @param estimate with validation skipped, but a signature of the right length
 * @param signing who will sign: decides what validation adds to the L2 gas
 * @see fees.test.ts "the bounds cover the estimate, validation and half as much again"
 */
export function boundsFor(estimate: Estimate, signing: Signing): Bounds {
  return {
    // All three prices are set: the node refuses a price under the block's for an amount of 0 too.
    l1_gas: widened(estimate.l1_gas),
    l2_gas: widened({ amount: estimate.l2_gas.amount + validationGas(signing), price: estimate.l2_gas.price }),
    l1_data_gas: widened(estimate.l1_data_gas),
  }
}

/** Of a transaction that is only estimated: nodes take zero bounds there. */
export const NO_BOUNDS: Bounds = {
  l1_gas: { maxAmount: 0n, maxPrice: 0n },
  l2_gas: { maxAmount: 0n, maxPrice: 0n },
  l1_data_gas: { maxAmount: 0n, maxPrice: 0n },
}

export function storedBounds(bounds: Bounds): StoredBounds {
  return {
    l1_gas: stored(bounds.l1_gas),
    l2_gas: stored(bounds.l2_gas),
    l1_data_gas: stored(bounds.l1_data_gas),
  }
}

export function readBounds(bounds: StoredBounds): Bounds {
  const [l1_gas, l2_gas, l1_data_gas] = RESOURCES.map((resource) => ({
    maxAmount: BigInt(bounds[resource].maxAmount),
    maxPrice: BigInt(bounds[resource].maxPrice),
  })) as [Bound, Bound, Bound] // One for each of the three.
  return { l1_gas, l2_gas, l1_data_gas }
}

function widened({ amount, price }: { readonly amount: bigint; readonly price: bigint }): Bound {
  return { maxAmount: halfMore(amount), maxPrice: halfMore(price) }
}

/** Rounded up: a bound that is one short reverts and pays. */
function halfMore(value: bigint): bigint {
  return (value * 3n + 1n) / 2n
}

function stored({ maxAmount, maxPrice }: Bound) {
  return { maxAmount: felt(maxAmount), maxPrice: felt(maxPrice) }
}
