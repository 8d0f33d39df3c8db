/**
 * Bounds of what will be signed: an estimate, of this transaction or kept of one of the same shape, plus what validation
 * takes, and a margin of a half on amounts and prices (argent-sessions.md 16, provider.md 11). Tip 0. The policy always sees
 * the committed maximum of exactly these bounds.
 */
import { felt, u256 } from '../../core/felt.ts'
import type { StoredBounds, Trial } from '../../core/records.ts'
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

/** What the person chose: a tip per unit of L2 gas, and no more than a cap. */
export interface Chosen {
  readonly tip: bigint
  readonly cap?: bigint
}
export interface Committed {
  readonly bounds: Bounds
  /** At the prices of now. */
  readonly about: bigint
  /** Set where the cap is less than the network asks now: this much it would take. Such bounds are never signed. */
  readonly lacks?: bigint
}

/**
 * Under a cap the amounts keep their margin and the prices have what is left of theirs: a price under the block's is refused
 * unpaid, an amount that is too small fails and is paid for.
 *
 * @see fees.test.ts "property: under a cap the committed maximum is never above it, and no price is under the block's"
 */
export function boundsWithin(estimate: Estimate, signing: Signing, { tip, cap }: Chosen): Committed {
  const bounds = boundsFor(estimate, signing)
  const l2 = estimate.l2_gas.amount + validationGas(signing)
  const prices = RESOURCES.map((resource) => estimate[resource].price) as [bigint, bigint, bigint] // One for each.
  const about = estimate.l1_gas.amount * prices[0] + l2 * (prices[1] + tip) + estimate.l1_data_gas.amount * prices[2]
  if (cap === undefined) return { bounds, about }
  const least = RESOURCES.reduce((sum, resource, at) => sum + bounds[resource].maxAmount * prices[at]!, 0n)
  const tips = tip * bounds.l2_gas.maxAmount
  if (least + tips > cap || least === 0n) return { bounds, about, lacks: least + tips }
  const capped = (resource: (typeof RESOURCES)[number], price: bigint): Bound => ({
    maxAmount: bounds[resource].maxAmount,
    maxPrice: smaller((price * (cap - tips)) / least, MAX_PRICE),
  })
  return {
    bounds: {
      l1_gas: capped('l1_gas', prices[0]),
      l2_gas: capped('l2_gas', prices[1]),
      l1_data_gas: capped('l1_data_gas', prices[2]),
    },
    about,
  }
}

/** The trial of what moves nothing, at the prices of now. */
export function priced(estimate: Estimate, signing: Signing, chosen: Chosen): Trial {
  const { bounds, about, lacks } = boundsWithin(estimate, signing, chosen)
  return {
    bounds: storedBounds(bounds),
    about: u256(about),
    ...(chosen.tip === 0n ? {} : { tip: u256(chosen.tip) }),
    ...(lacks === undefined ? {} : { lacks: u256(lacks) }),
    moves: [],
  }
}

/** The tip that a person gives in all, as the network takes it: per unit, and never more in all than was said. */
export function tipPerUnit(inAll: bigint, bounds: Bounds): bigint {
  const { maxAmount } = bounds.l2_gas
  return maxAmount === 0n ? 0n : smaller(inAll / maxAmount, MAX_TIP)
}

const MAX_PRICE = 2n ** 128n - 1n
const MAX_TIP = 2n ** 64n - 1n
const smaller = (a: bigint, b: bigint) => (a < b ? a : b)

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
