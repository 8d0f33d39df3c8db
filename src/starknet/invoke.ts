import { type Address, type Felt, felt, MAX_U128, parseAddress, parseSelector, shortString } from '../core/felt.ts'
import type { Call } from '../core/policy/policy.ts'
import { keep } from './kept.ts'
import { absorb, EMPTY, finish, poseidon, type Sponge } from './poseidon.ts'

/** `maxAmount` in gas, below 2^64; `maxPrice` in fri (10^-18 STRK) per gas, below 2^128. */
export interface Bound {
  readonly maxAmount: bigint
  readonly maxPrice: bigint
}

/** The names are those of the node's `resource_bounds`. */
export interface Bounds {
  readonly l1_gas: Bound
  readonly l2_gas: Bound
  readonly l1_data_gas: Bound
}

export interface Invoke {
  readonly chainId: Felt
  readonly sender: Address
  readonly calls: readonly Call[]
  readonly nonce: Felt
  /** fri per L2 gas, below 2^64. */
  readonly tip: bigint
  readonly bounds: Bounds
  /** Of a proof that goes along (SNIP-36): hashed last, and left out where there is none. */
  readonly proofFacts?: readonly Felt[]
}

const MAX_U64 = 2n ** 64n - 1n

/** The most that a transaction can cost, in fri: Σ amount × price + tip × L2 amount. What the policy sees as the fee. */
export function committedMaximum(bounds: Bounds, tip: bigint): bigint {
  checkFee(bounds, tip)
  const { l1_gas, l2_gas, l1_data_gas } = bounds
  const gas = [l1_gas, l2_gas, l1_data_gas].reduce((sum, { maxAmount, maxPrice }) => sum + maxAmount * maxPrice, 0n)
  return gas + tip * l2_gas.maxAmount
}

/** Calldata of `__execute__`: [number of calls, then per call: to, selector, length, …arguments]. */
export function executeCalldata(calls: readonly Call[]): Felt[] {
  return [
    felt(calls.length),
    ...calls.flatMap(({ to, selector, calldata }) => [to, selector, felt(calldata.length), ...calldata]),
  ]
}

/**
 * The calls that calldata of `__execute__` holds, where it is written in no other way; `undefined`: it is not.
 *
 * @see invoke.test.ts "property: calldata is read only as it is written"
 */
export function readExecuteCalldata(felts: readonly Felt[]): readonly Call[] | undefined {
  const calls: Call[] = []
  let at = 1
  while (at < felts.length) {
    const [to, selector] = [parseAddress(felts[at]), parseSelector(felts[at + 1])]
    const length = Number(felts[at + 2] ?? felts.length)
    const end = at + 3 + length
    if (to === undefined || selector === undefined || !(end <= felts.length)) return undefined
    calls.push({ to, selector, calldata: felts.slice(at + 3, end) })
    at = end
  }
  const again = executeCalldata(calls)
  return again.length === felts.length && again.every((felt, index) => felt === felts[index]) ? calls : undefined
}

/**
 * Hash of a version 3 invoke transaction: modes L1, no paymaster data, no deployment data (the account takes no other).
 * What repeats between transactions of one account is kept, and the last hashes: the ledger names one and the signer computes
 * it again. Every key holds all inputs of its value.
 *
 * @throws RangeError for an amount, price or tip that does not fit its field: it would spill into its neighbour's bits
 * @see invoke.test.ts "differential: invokeHash equals starknet.js"
 */
export function invokeHash(parts: Invoke): Felt {
  const { chainId, sender, calls, nonce, tip, bounds } = parts
  const fee = feeText(bounds, tip)
  // Rare, and never twice.
  if (parts.proofFacts !== undefined) return hashOf(parts, fee)
  return hashes([chainId, sender, nonce, fee, ...executeCalldata(calls)].join(' '), () => hashOf(parts, fee))
}

function hashOf({ chainId, sender, calls, nonce, tip, bounds, proofFacts }: Invoke, fee: string): Felt {
  const head = heads(`${chainId} ${sender} ${fee}`, () =>
    absorb(EMPTY, [INVOKE, 3n, BigInt(sender), fees(fee, () => feeHash(bounds, tip)), NO_DATA, BigInt(chainId)]),
  )
  const facts = proofFacts === undefined ? [] : [poseidon(proofFacts.map(BigInt))]
  return felt(finish(absorb(head, [BigInt(nonce), MODES_L1, NO_DATA, calldataHash(calls), ...facts])))
}

/** The `invoke_transaction` of `starknet_addInvokeTransaction`, and of an estimate with a signature of the right length. */
export function invokeBody({ sender, calls, nonce, tip, bounds, signature }: InvokeBodyParts) {
  return {
    type: 'INVOKE',
    version: '0x3',
    sender_address: sender,
    calldata: executeCalldata(calls),
    signature,
    nonce,
    ...feeBody(bounds, tip),
    paymaster_data: [],
    account_deployment_data: [],
  } as const
}

export interface InvokeBodyParts extends Omit<Invoke, 'chainId'> {
  readonly signature: readonly Felt[]
}

/** The fee members of a version 3 transaction's JSON, with both modes. */
export function feeBody(bounds: Bounds, tip: bigint) {
  checkFee(bounds, tip)
  const bound = ({ maxAmount, maxPrice }: Bound) => ({
    max_amount: `0x${maxAmount.toString(16)}`,
    max_price_per_unit: `0x${maxPrice.toString(16)}`,
  })
  return {
    resource_bounds: {
      l1_gas: bound(bounds.l1_gas),
      l2_gas: bound(bounds.l2_gas),
      l1_data_gas: bound(bounds.l1_data_gas),
    },
    tip: `0x${tip.toString(16)}`,
    nonce_data_availability_mode: 'L1',
    fee_data_availability_mode: 'L1',
  } as const
}

const INVOKE = BigInt(shortString('invoke'))
/** Nonce and fee on L1, packed. */
export const MODES_L1 = 0n
/** `P([])`: what paymaster data and deployment data hash to. invoke.test.ts recomputes it. */
export const NO_DATA = 0x2272be0f580fd156823304800919530eaa97430e972d7213ee13f4fbf7a5dbcn

const hashes = keep<Felt>(64)
const fees = keep<bigint>(64)
const heads = keep<Sponge>(64)
const firstCalls = keep<Sponge>(256)

function calldataHash(calls: readonly Call[]): bigint {
  const [first, ...rest] = calls
  if (first === undefined) return poseidon([0n])
  const { to, selector, calldata } = first
  // Two full pairs: the part of the calldata that the same call with other arguments shares.
  const start = firstCalls(`${calls.length} ${to} ${selector} ${calldata.length}`, () =>
    absorb(EMPTY, [BigInt(calls.length), BigInt(to), BigInt(selector), BigInt(calldata.length)]),
  )
  const others = rest.flatMap((call) => [call.to, call.selector, call.calldata.length, ...call.calldata])
  return finish(absorb(start, [...calldata, ...others].map(BigInt)))
}

/**
 * SNIP-8: tip, then per resource [0 | name 60 bits | amount 64 bits | price 128 bits].
 *
 * @throws RangeError for an amount, price or tip that does not fit its field
 */
export function feeHash(bounds: Bounds, tip: bigint): bigint {
  checkFee(bounds, tip)
  const { l1_gas, l2_gas, l1_data_gas } = bounds
  const packed = (name: string, { maxAmount, maxPrice }: Bound) =>
    (BigInt(shortString(name)) << 192n) + (maxAmount << 128n) + maxPrice
  return poseidon([tip, packed('L1_GAS', l1_gas), packed('L2_GAS', l2_gas), packed('L1_DATA', l1_data_gas)])
}

function feeText(bounds: Bounds, tip: bigint): string {
  checkFee(bounds, tip)
  const amounts = [bounds.l1_gas, bounds.l2_gas, bounds.l1_data_gas].map((bound) => [bound.maxAmount, bound.maxPrice])
  return [...amounts.flat(), tip].join(' ')
}

function checkFee({ l1_gas, l2_gas, l1_data_gas }: Bounds, tip: bigint): void {
  for (const { maxAmount, maxPrice } of [l1_gas, l2_gas, l1_data_gas]) {
    if (maxAmount < 0n || maxAmount > MAX_U64) throw new RangeError('gas amount is not a u64')
    if (maxPrice < 0n || maxPrice > MAX_U128) throw new RangeError('gas price is not a u128')
  }
  if (tip < 0n || tip > MAX_U64) throw new RangeError('tip is not a u64')
}
