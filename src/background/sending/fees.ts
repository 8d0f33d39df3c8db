/**
 * Bounds of what will be signed: an estimate, of this transaction or kept of one of the same shape, plus what validation
 * takes, and a margin of a half on amounts and prices (argent-sessions.md 16, provider.md 11). Tip 0. The policy always sees
 * the committed maximum of exactly these bounds.
 */
import { felt } from '../../core/felt.ts'
import type { StoredBounds } from '../../core/records.ts'
import type { Estimate, Prices } from '../../platform/node.ts'
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

/** A contract may write slots for the first time on any call, whatever the call before cost (performance.md 4.2). */
const FIRST_WRITES = 4n
/** Of one slot. Source: measured on devnet 0.8.1, argent-sessions.md 16. */
const FIRST_WRITE = { l2_gas: 402_000n, l1_data_gas: 128n } as const

/** What a transaction of the same shape took: amounts without validation. */
export interface Gas {
  readonly l1_gas: bigint
  readonly l2_gas: bigint
  readonly l1_data_gas: bigint
}

/**
 * From amounts that were estimated for an earlier call, at today's prices, with room for slots that the earlier call did not
 * write. In steps, so that the fee's hash stays the same over the noise of prices (performance.md 4.2).
 *
 * @see fees.test.ts "kept bounds cover four slots written for the first time"
 */
export function keptBounds(gas: Gas, prices: Prices, signing: Signing): Bounds {
  const bound = (amount: bigint, price: bigint): Bound => ({
    maxAmount: sixteenths(halfMore(amount)),
    maxPrice: twoDigits(halfMore(price)),
  })
  return {
    l1_gas: bound(gas.l1_gas, prices.l1_gas),
    l2_gas: bound(gas.l2_gas + validationGas(signing) + FIRST_WRITES * FIRST_WRITE.l2_gas, prices.l2_gas),
    l1_data_gas: bound(gas.l1_data_gas + FIRST_WRITES * FIRST_WRITE.l1_data_gas, prices.l1_data_gas),
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

/** Up to the next sixteenth of its power of two. */
function sixteenths(value: bigint): bigint {
  const digits = value.toString(2).length
  return digits <= 5 ? value : upTo(value, 1n << BigInt(digits - 5))
}

/** Up to its first two decimal digits. */
function twoDigits(value: bigint): bigint {
  const digits = value.toString().length
  return digits <= 2 ? value : upTo(value, 10n ** BigInt(digits - 2))
}

function upTo(value: bigint, step: bigint): bigint {
  return ((value + step - 1n) / step) * step
}

function stored({ maxAmount, maxPrice }: Bound) {
  return { maxAmount: felt(maxAmount), maxPrice: felt(maxPrice) }
}
