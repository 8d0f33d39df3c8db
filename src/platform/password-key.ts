/**
 * The only file with scrypt (security.md 7.2). Apart from secret-box.ts because only a person types a password: the worker's
 * first turn does without it. Decision: scrypt comes from @noble/hashes, WebCrypto has none.
 */
import { scryptAsync } from '@noble/hashes/scrypt'
import { utf8, wipe } from './secret-box.ts'

/** The cost of one guess: 128 * N * r bytes, so 128 MiB for 2^17. */
export interface KdfParams {
  readonly kdf: 'scrypt'
  readonly N: number
  readonly r: number
  readonly p: number
  /** 32 bytes. */
  readonly salt: Uint8Array
}

/** N of scrypt. A new password takes the first, or the second where the first is quick. */
export const COSTS: readonly number[] = [2 ** 17, 2 ** 18, 2 ** 19]
const BLOCK_SIZE = 8
const LANES = 1
const KEY_BYTES = 32
/** How long scrypt may hold the thread before it lets messages through, ms. */
const TICK = 20

/** Parameters of a new password; `cost` is one of `COSTS`, `salt` 32 random bytes. */
export function newKdf(cost: number, salt: Uint8Array): KdfParams {
  return { kdf: 'scrypt', N: cost, r: BLOCK_SIZE, p: LANES, salt }
}

/** Stored parameters are attacker's input: exactly the listed ones, nothing cheaper and nothing dearer. */
export function isAcceptedKdf(params: KdfParams): boolean {
  return (
    params.kdf === 'scrypt' &&
    COSTS.includes(params.N) &&
    params.r === BLOCK_SIZE &&
    params.p === LANES &&
    params.salt.length === 32
  )
}

/**
 * Password → 32-byte key: NFKC, UTF-8, scrypt. Takes about half a second and 128 MiB at 2^17.
 *
 * @throws RangeError for parameters that are not accepted
 */
export async function deriveKey(password: string, params: KdfParams): Promise<Uint8Array> {
  if (!isAcceptedKdf(params)) throw new RangeError('key derivation parameters are not accepted')
  const bytes = utf8(password.normalize('NFKC'))
  const { N, r, p, salt } = params
  const key = await scryptAsync(bytes, salt, { N, r, p, dkLen: KEY_BYTES, asyncTick: TICK })
  wipe(bytes)
  return key
}
