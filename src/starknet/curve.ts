import { Field } from '@noble/curves/abstract/modular'
import { weierstrass } from '@noble/curves/abstract/weierstrass'
import { hmac } from '@noble/hashes/hmac'
import { sha256 } from '@noble/hashes/sha256'
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils'
import { type Felt, felt, P } from '../core/felt.ts'
import { keep } from './kept.ts'

/** 32 bytes, big-endian, `0 < key < n`. Bytes and never text, so that they can be overwritten. */
export type PrivateKey = Uint8Array

export interface Signature {
  readonly r: Felt
  readonly s: Felt
}

/** The order of the curve's group. */
export const ORDER = 0x800000000000010ffffffffffffffffb781126dcae7b2321e66a241adc64d2fn
/** The bound of hash and r, as in Starkware's crypto-cpp and starknet.js. */
const BOUND = 2n ** 251n
const ORDER_BITS = 252
const scalars = Field(ORDER)

// Parameters: docs.starknet.io, "STARK curve"; truncation as in @scure/starknet, so that r and s equal starknet.js'.
const curve = weierstrass({
  a: 1n,
  b: 3141592653589793238462643383279502884197169399375105820974944592307816406665n,
  Fp: Field(P),
  n: ORDER,
  nBitLength: ORDER_BITS,
  Gx: 874739451078007766457464989774322083649278607533249481151382481072868806602n,
  Gy: 152666792071518830868575557812948353041420400780739481342941381225525861407n,
  h: 1n,
  lowS: false,
  hash: sha256,
  hmac: (key, ...messages) => hmac(sha256, key, concatBytes(...messages)),
  // Signatures are deterministic (RFC 6979) and keys come from `randomKey`: chance is an argument in this folder.
  randomBytes: () => {
    throw new Error('no chance here')
  },
  bits2int: truncated,
  bits2int_modN: (bytes) => {
    const digits = bytesToHex(bytes).replace(/^0+/, '')
    // 63 digits are 252 bits: a digit is added so that the cut to 252 bits takes off that digit, not four real bits.
    return truncated(digits.length === 63 ? hexToBytes(`${digits}0`) : bytes) % ORDER
  },
})
// Set before any use: noble's own default, window 8, takes twice as long to build for a fifth of gain (performance.md 6).
curve.ProjectivePoint.BASE._setWindowSize(4)

/** Builds the table of the base point (5-10 ms) now instead of at the first signature. Calling it again costs nothing. */
export function prepare(): void {
  curve.ProjectivePoint.BASE.multiply(3n)
}

/** @throws when the key is out of range */
export function publicKey(key: PrivateKey): Felt {
  return felt(`0x${bytesToHex(curve.getPublicKey(key, true).subarray(1))}`)
}

/**
 * Signs a hash that the wallet has computed itself; deterministic: the same hash and key give the same r and s.
 *
 * @throws RangeError for a hash or r of 2^251 and more (one in 2^55), as starknet.js does
 */
export function sign(hash: Felt, key: PrivateKey): Signature {
  if (BigInt(hash) >= BOUND) throw new RangeError('hash too large to sign')
  const { r, s } = curve.sign(bytes32(hash), key, { lowS: false })
  if (r >= BOUND) throw new RangeError('signature out of range')
  return { r: felt(r), s: felt(s) }
}

/**
 * Whether a signature is by a public key. The key is an x-coordinate, as the chain keeps it, so either point with that x
 * counts, as in Cairo's `check_ecdsa_signature`. (r, n − s) verifies too: never tell signatures apart by their bytes.
 *
 * @returns false for values out of range and for an x that is on no point; it does not throw
 */
export function verify(hash: Felt, signature: Signature, publicKey: Felt): boolean {
  const z = BigInt(hash)
  const r = BigInt(signature.r)
  const s = BigInt(signature.s)
  const point = points(publicKey, () => pointOf(publicKey))
  if (point === undefined || z >= BOUND || r <= 0n || r >= BOUND || s <= 0n || s >= ORDER) return false
  const inverse = scalars.inv(s)
  const base = curve.ProjectivePoint.BASE.multiplyUnsafe((z * inverse) % ORDER)
  const own = point.multiplyUnsafe((r * inverse) % ORDER)
  return [base.add(own), base.subtract(own)].some((sum) => !sum.equals(ZERO) && sum.toAffine().x === r)
}

/**
 * Public keys that a signature may be by: each of them verifies it. For who knows a key only by a hash of it.
 *
 * @returns none for values out of range
 */
export function signersOf(hash: Felt, { r, s }: Signature): readonly Felt[] {
  const made = pointOf(r)
  const [z, scalarR, scalarS] = [BigInt(hash), BigInt(r), BigInt(s)]
  if (made === undefined || scalarR <= 0n || scalarR >= BOUND || scalarS <= 0n || scalarS >= ORDER || z >= BOUND)
    return []
  const inverse = scalars.inv(scalarR)
  const ofHash = curve.ProjectivePoint.BASE.multiplyUnsafe((z * inverse) % ORDER)
  const ofNonce = made.multiplyUnsafe((scalarS * inverse) % ORDER)
  return [ofNonce.subtract(ofHash), ofNonce.add(ofHash)]
    .filter((sum) => !sum.equals(ZERO))
    .map((sum) => felt(sum.toAffine().x))
}

/** A constant point of the curve; `often`: it gets a table at its first use, as the base point has one. */
export function point(x: bigint, y: bigint, often = false): Point {
  const made = curve.ProjectivePoint.fromAffine({ x, y })
  if (often) made._setWindowSize(4)
  return made
}

/**
 * x of Σ scalar · point. For public values only: time depends on them.
 *
 * @param terms scalars from 0 to below the group's order
 * @throws Error when the sum has no coordinates
 */
export function combine(terms: readonly (readonly [point: Point, scalar: bigint])[]): bigint {
  const sum = terms.reduce((all, [each, scalar]) => all.add(each.multiplyUnsafe(scalar)), ZERO)
  if (sum.equals(ZERO)) throw new Error('the sum is zero')
  return sum.toAffine().x
}

/** The bytes as a key when they are in range, the same bytes and no copy: there is one place to overwrite. */
export function privateKeyFrom(bytes: Uint8Array): PrivateKey | undefined {
  return bytes.length === 32 && inRange(BigInt(`0x${bytesToHex(bytes)}`)) ? bytes : undefined
}

/**
 * An evenly distributed key.
 *
 * @param random gives that many random bytes, fresh ones at every call
 * @throws Error when 128 draws in a row are out of range: a source that does that is broken
 */
export function randomKey(random: (length: number) => Uint8Array): PrivateKey {
  for (let draw = 0; draw < 128; draw++) {
    const bytes = Uint8Array.from(random(32))
    // 252 bits, of which about every second draw is below n. To reduce instead would favour small keys.
    bytes[0] = bytes[0]! & 0x0f
    const key = privateKeyFrom(bytes)
    if (key !== undefined) return key
  }
  throw new Error('the random source gives no key')
}

/** Whether it is the x of a point: anything else verifies nothing. */
export function isPublicKey(value: Felt): boolean {
  return points(value, () => pointOf(value)) !== undefined
}

export type Point = typeof curve.ProjectivePoint.BASE
const ZERO: Point = curve.ProjectivePoint.ZERO
// Uncompressed points are kept: finding y takes longer than verifying (p − 1 is divisible by 2^192).
const points = keep<Point | undefined>(64)

function pointOf(publicKey: Felt): Point | undefined {
  try {
    return curve.ProjectivePoint.fromHex(concatBytes(Uint8Array.of(2), bytes32(publicKey)))
  } catch {
    return undefined
  }
}

function bytes32(value: Felt): Uint8Array {
  return hexToBytes(value.slice(2).padStart(64, '0'))
}

function truncated(bytes: Uint8Array): bigint {
  const digits = bytesToHex(bytes).replace(/^(00)+/, '')
  const excess = digits.length * 4 - ORDER_BITS
  const value = BigInt(`0x0${digits}`)
  return excess > 0 ? value >> BigInt(excess) : value
}

function inRange(key: bigint): boolean {
  return key > 0n && key < ORDER
}
