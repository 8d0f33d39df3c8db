import { P } from '../core/felt.ts'
import { CONSTANTS } from './poseidon-constants.ts'

/** A sponge part-way: plain, never changed in place, so it can be kept and continued many times. */
export interface Sponge {
  readonly a: bigint
  readonly b: bigint
  readonly c: bigint
  /** A felt that waits for its partner: the sponge takes pairs. */
  readonly odd: bigint | undefined
}

export const EMPTY: Sponge = { a: 0n, b: 0n, c: 0n, odd: undefined }

/**
 * Takes felts in, in order; absorbing in one or in many steps is the same.
 *
 * @param felts each in the field; see `poseidon` for values from outside
 * @see poseidon.test.ts "property: absorbing in pieces equals absorbing at once"
 */
export function absorb(state: Sponge, felts: readonly bigint[]): Sponge {
  let { a, b, c, odd } = state
  for (const felt of felts) {
    inField(felt)
    if (odd === undefined) {
      odd = felt
      continue
    }
    ;[a, b, c] = permute(a + odd, b + felt, c)
    odd = undefined
  }
  return { a, b, c, odd }
}

/** Pads with 1 (and 0 to an even length) and gives the first felt. The state itself stays as it was. */
export function finish({ a, b, c, odd }: Sponge): bigint {
  return odd === undefined ? permute(a + 1n, b, c)[0] : permute(a + odd, b + 1n, c)[0]
}

/**
 * Poseidon over a list: Cairo's `poseidon_hash_span`, starknet.js' `computePoseidonHashOnElements`.
 *
 * @throws RangeError when a value is not in the field
 */
export function poseidon(felts: readonly bigint[]): bigint {
  return finish(absorb(EMPTY, felts))
}

/**
 * The two-element form: starknet.js' `computePoseidonHash`. It is not `poseidon([a, b])`.
 *
 * @throws RangeError when a value is not in the field
 */
export function poseidon2(a: bigint, b: bigint): bigint {
  inField(a)
  inField(b)
  return permute(a, b, 2n)[0]
}

// Not a stylistic choice: for a number outside the field two lists would share one hash.
function inField(felt: bigint): void {
  if (felt < 0n || felt >= P) throw new RangeError('not a felt')
}

const FULL = 4
const PARTIAL = 83
/** The two linear felts grow by two bits and a half per partial round: after 24 they are still below 320 bits. */
const REDUCE_EVERY = 24

/**
 * Hades: 4 full, 83 partial, 4 full rounds; x³; matrix rows (3,1,1), (1,−1,1), (1,1,−2). Inputs are public, so time may
 * depend on them. One reduction of the whole cube beats two smaller ones in V8.
 */
function permute(a: bigint, b: bigint, c: bigint): readonly [bigint, bigint, bigint] {
  const k = constants()
  let at = 0
  let t: bigint
  for (let round = 0; round < FULL; round++) {
    a += k[at++]!
    b += k[at++]!
    c += k[at++]!
    a = (a * a * a) % P
    b = (b * b * b) % P
    c = (c * c * c) % P
    t = a + b
    b = a - b + c
    a = t + c + (a << 1n)
    c = t - (c << 1n)
  }
  for (let round = 0; round < PARTIAL; round++) {
    if (round % REDUCE_EVERY === 0) {
      a %= P
      b %= P
    }
    c += k[at++]!
    c = (c * c * c) % P
    t = a + b
    b = a - b + c
    a = t + c + (a << 1n)
    c = t - (c << 1n)
  }
  for (let round = 0; round < FULL; round++) {
    a += k[at++]!
    b += k[at++]!
    c += k[at++]!
    a = (a * a * a) % P
    b = (b * b * b) % P
    c = (c * c * c) % P
    t = a + b
    b = a - b + c
    a = t + c + (a << 1n)
    c = t - (c << 1n)
  }
  return [positive(a), positive(b), positive(c)]
}

function positive(value: bigint): bigint {
  const rest = value % P
  return rest < 0n ? rest + P : rest
}

let parsed: readonly bigint[] | undefined
/** Parsed at first use: a worker that wakes for something else does not pay for it. */
function constants(): readonly bigint[] {
  parsed ??= CONSTANTS.trim()
    .split('\n')
    .map((line) => BigInt(`0x${line}`))
  return parsed
}
