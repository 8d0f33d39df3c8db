import { type Address, type Felt, felt, shortString } from '../core/felt.ts'
import { type Bounds, feeBody, feeHash, MODES_L1, NO_DATA } from './invoke.ts'
import { poseidon } from './poseidon.ts'

/** Of a class, what its declaration signs: the class itself goes along, and is proven by these two. */
export interface Declare {
  readonly chainId: Felt
  readonly sender: Address
  readonly classHash: Felt
  readonly compiledClassHash: Felt
  readonly nonce: Felt
  /** fri per L2 gas. */
  readonly tip: bigint
  readonly bounds: Bounds
}

/**
 * Hash of a version 3 declaration: modes L1, no paymaster data, no deployment data. Source: SNIP-8.
 *
 * @throws RangeError for bounds that do not fit their fields
 * @see declare.test.ts "differential: declareHash equals starknet.js"
 */
export function declareHash({ chainId, sender, classHash, compiledClassHash, nonce, tip, bounds }: Declare): Felt {
  return felt(
    poseidon([
      ...[DECLARE, 3n, BigInt(sender), feeHash(bounds, tip), NO_DATA, BigInt(chainId), BigInt(nonce), MODES_L1],
      ...[NO_DATA, BigInt(classHash), BigInt(compiledClassHash)],
    ]),
  )
}

/** The `declare_transaction` of `starknet_addDeclareTransaction`. */
export function declareBody(
  { sender, compiledClassHash, nonce, tip, bounds }: Omit<Declare, 'chainId' | 'classHash'>,
  contractClass: unknown,
  signature: readonly Felt[],
) {
  return {
    type: 'DECLARE',
    version: '0x3',
    sender_address: sender,
    compiled_class_hash: compiledClassHash,
    contract_class: contractClass,
    signature,
    nonce,
    ...feeBody(bounds, tip),
    paymaster_data: [],
    account_deployment_data: [],
  } as const
}

const DECLARE = BigInt(shortString('declare'))
