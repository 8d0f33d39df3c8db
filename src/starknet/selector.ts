import { keccak_256 } from '@noble/hashes/sha3'
import { bytesToHex } from '@noble/hashes/utils'
import { CAIRO_NAME, type Felt, felt, parseSelector, type Selector } from '../core/felt.ts'
import { keep } from './kept.ts'

const MASK = 2n ** 250n - 1n
const names = keep<Selector>(512)

/**
 * The starknet keccak of an entrypoint's name.
 *
 * @throws RangeError for anything that is not a name (policy.md 4): 0x-hex and decimal text too, which are no names
 */
export function selectorOf(name: string): Selector {
  if (!CAIRO_NAME.test(name)) throw new RangeError('not the name of an entrypoint')
  return names(name, () => parseSelector(keccakFelt(name)) as Selector) // masked to 250 bits
}

/** The starknet keccak of any text: the low 250 bits. */
export function keccakFelt(text: string): Felt {
  return felt(BigInt(`0x${bytesToHex(keccak_256(text))}`) & MASK)
}
