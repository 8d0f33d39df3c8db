import { type Felt, felt, shortString } from '../core/felt.ts'
import { executeCalldata, type Invoke } from './invoke.ts'
import { pedersenList } from './pedersen.ts'

export interface InvokeV1 extends Pick<Invoke, 'chainId' | 'sender' | 'calls' | 'nonce'> {
  /** wei. */
  readonly maxFee: Felt
}

const INVOKE = BigInt(shortString('invoke'))
const VERSION = 1n
/** An account's transaction names no entrypoint. */
const NO_SELECTOR = 0n

/**
 * Hash of a version 1 invoke transaction, of an account whose `__execute__` takes calls as Cairo 1 writes them. No network
 * takes that version any more: a page of an older library signs it, and it is looked at and never sent (argent-sessions.md 14).
 *
 * @see invoke-v1.test.ts "equals starknet.js 6"
 */
export function invokeHashV1({ chainId, sender, calls, nonce, maxFee }: InvokeV1): Felt {
  const calldata = pedersenList(executeCalldata(calls).map(BigInt))
  return felt(
    pedersenList([INVOKE, VERSION, BigInt(sender), NO_SELECTOR, calldata, ...[maxFee, chainId, nonce].map(BigInt)]),
  )
}
