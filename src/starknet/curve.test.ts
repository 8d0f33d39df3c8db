import fc from 'fast-check'
import { ec } from 'starknet'
import { describe, expect, test } from 'vitest'
import { type Felt, felt, P } from '../core/felt.ts'
import {
  ORDER,
  type PrivateKey,
  prepare,
  privateKeyFrom,
  publicKey,
  randomKey,
  sign,
  signersOf,
  verify,
} from './curve.ts'
import vectors from './vectors/session-token.json' with { type: 'json' }

const keyOf = (value: bigint): PrivateKey => Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'))
const anyKey = fc.bigInt({ min: 1n, max: ORDER - 1n })
/** 1 to 63 digits, every length as likely as any other: the truncation rule depends on it. */
const anyHash = fc.integer({ min: 1, max: 63 }).chain((digits) =>
  fc.bigInt({
    min: digits === 1 ? 0n : 16n ** BigInt(digits - 1),
    max: digits === 63 ? 2n ** 251n - 1n : 16n ** BigInt(digits) - 1n,
  }),
)
const KEY = keyOf(0x1001n)

describe('sign', () => {
  test('differential: r and s equal starknet.js on 500 random hashes of 1 to 63 digits', () => {
    const lengths = new Set<number>()
    fc.assert(
      fc.property(anyHash, anyKey, (hash, key) => {
        lengths.add(hash.toString(16).length)
        const theirs = ec.starkCurve.sign(hash.toString(16), key.toString(16))
        expect(sign(felt(hash), keyOf(key))).toEqual({ r: felt(theirs.r), s: felt(theirs.s) })
      }),
      { numRuns: 500 },
    )
    expect(lengths.size).toBeGreaterThan(50)
    expect(lengths).toContain(63)
  })

  test('refuses: a hash of 2^251 and more, and keys out of range', () => {
    expect(() => sign(felt(2n ** 251n), KEY)).toThrow(RangeError)
    expect(() => sign(felt(P - 1n), KEY)).toThrow(RangeError)
    expect(() => sign(felt(2n ** 251n - 1n), KEY)).not.toThrow()
    for (const bad of [0n, ORDER, 2n ** 256n - 1n]) expect(() => sign(felt(1), keyOf(bad))).toThrow()
    expect(() => sign(felt(1), KEY.subarray(1))).toThrow()
  })

  test('the table may be built before, and again', () => {
    prepare()
    const before = sign(felt(5), KEY)
    prepare()
    expect(sign(felt(5), KEY)).toEqual(before)
  })
})

describe('publicKey', () => {
  test('V1: owner, guardian and session key', () => {
    for (const who of ['owner', 'guardian', 'session'] as const) {
      expect(publicKey(keyOf(BigInt(vectors.keys[who])))).toBe(vectors.pub[who])
    }
  })

  test('differential: equals starknet.js, leading zeros of x included', () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        expect(publicKey(keyOf(key))).toBe(felt(ec.starkCurve.getStarkKey(key.toString(16))))
      }),
    )
  })
})

describe('verify', () => {
  const hash = felt(0x1234)
  const pub = publicKey(KEY)
  const good = sign(hash, KEY)

  test('property: accepts what was signed and nothing beside it', () => {
    fc.assert(
      fc.property(anyHash, anyKey, (value, key) => {
        const signature = sign(felt(value), keyOf(key))
        const own = publicKey(keyOf(key))
        expect(verify(felt(value), signature, own)).toBe(true)
        expect(verify(felt(value ^ 1n), signature, own)).toBe(false)
        expect(verify(felt(value), { ...signature, r: felt(BigInt(signature.r) ^ 1n) }, own)).toBe(false)
        expect(verify(felt(value), { ...signature, s: felt(BigInt(signature.s) ^ 1n) }, own)).toBe(false)
        expect(verify(felt(value), signature, key === 0x1001n ? publicKey(keyOf(2n)) : pub)).toBe(false)
      }),
      { numRuns: 25 },
    )
  })

  test('(r, n - s) verifies too, as on chain: signatures are not identities', () => {
    const mirrored = { r: good.r, s: felt(ORDER - BigInt(good.s)) }
    expect(mirrored).not.toEqual(good)
    expect(verify(hash, mirrored, pub)).toBe(true)
  })

  test('refuses without throwing: values out of range, and an x that is on no point', () => {
    const zero = felt(0)
    expect(verify(hash, { ...good, r: zero }, pub)).toBe(false)
    expect(verify(hash, { ...good, s: zero }, pub)).toBe(false)
    expect(verify(hash, { ...good, s: felt(ORDER) }, pub)).toBe(false)
    expect(verify(felt(2n ** 251n), good, pub)).toBe(false)
    expect(verify(hash, good, zero)).toBe(false)
    const offCurve = [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n].find((x) => !isOnCurve(x))!
    expect(verify(hash, good, felt(offCurve))).toBe(false)
  })

  test('the hash 0 can be signed and verified', () => {
    expect(verify(felt(0), sign(felt(0), KEY), pub)).toBe(true)
  })
})

describe('signersOf', () => {
  test('property: has the key that signed, also of the mirrored signature, and each of them verifies it', () => {
    fc.assert(
      fc.property(anyHash, anyKey, (value, secret) => {
        const [hash, key] = [felt(value), keyOf(secret)]
        const { r, s } = sign(hash, key)
        for (const signature of [
          { r, s },
          { r, s: felt(ORDER - BigInt(s)) },
        ]) {
          const found = signersOf(hash, signature)
          expect(found).toContain(publicKey(key))
          expect(found.filter((it) => !verify(hash, signature, it))).toEqual([])
        }
        expect(signersOf(felt(value === 0n ? 1n : value - 1n), { r, s })).not.toContain(publicKey(key))
      }),
      { numRuns: 60 },
    )
  })

  test('values out of range, and an r that is on no point, have none', () => {
    const { r, s } = sign(felt(7), KEY)
    const large = `0x${(2n ** 251n).toString(16)}` as Felt
    const none = [
      [felt(7), { r: felt(0), s }],
      [felt(7), { r, s: felt(0) }],
      [felt(7), { r: large, s }],
      [large, { r, s }],
      [felt(7), { r: felt(5), s }],
    ] as const
    expect(none.map(([hash, signature]) => signersOf(hash, signature))).toEqual(none.map(() => []))
  })
})

describe('keys', () => {
  test('privateKeyFrom takes 1 to n - 1, in 32 bytes, and gives the same bytes back', () => {
    for (const value of [1n, ORDER - 1n]) {
      const bytes = keyOf(value)
      expect(privateKeyFrom(bytes)).toBe(bytes)
    }
    for (const value of [0n, ORDER, ORDER + 1n, 2n ** 256n - 1n]) expect(privateKeyFrom(keyOf(value))).toBeUndefined()
    for (const length of [0, 31, 33]) expect(privateKeyFrom(new Uint8Array(length).fill(1))).toBeUndefined()
  })

  test('randomKey draws again instead of reducing: every draw out of range is thrown away', () => {
    const draws = [keyOf(0n), keyOf(ORDER), keyOf(2n ** 252n - 1n), keyOf(2n ** 252n + 7n)]
    let at = 0
    expect(randomKey(() => draws[at++]!)).toEqual(keyOf(7n))
    expect(at).toBe(4)
  })

  test('randomKey reaches both halves of the range', () => {
    let seed = 1
    const random = (length: number) =>
      Uint8Array.from({ length }, () => {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
        return seed >>> 24
      })
    const keys = Array.from({ length: 400 }, () => BigInt(`0x${Buffer.from(randomKey(random)).toString('hex')}`))
    const upper = keys.filter((key) => key >= ORDER / 2n).length
    expect(upper).toBeGreaterThan(150)
    expect(upper).toBeLessThan(250)
    expect(new Set(keys).size).toBe(400)
  })

  test('refuses: a random source that never gives a key', () => {
    expect(() => randomKey((length) => new Uint8Array(length))).toThrow('random')
    expect(() => randomKey((length) => new Uint8Array(length).fill(255))).toThrow('random')
  })
})

/** Euler's criterion on x³ + x + b, independent of the library. */
function isOnCurve(x: bigint): boolean {
  const b = 3141592653589793238462643383279502884197169399375105820974944592307816406665n
  let power = 1n
  let base = (x ** 3n + x + b) % P
  for (let e = (P - 1n) / 2n; e > 0n; e >>= 1n) {
    if (e & 1n) power = (power * base) % P
    base = (base * base) % P
  }
  return power === 1n
}

// A `Felt` of a signature is what the token carries: canonical.
test('r and s are canonical felts', () => {
  const { r, s }: { r: Felt; s: Felt } = sign(felt(77), KEY)
  for (const value of [r, s]) expect(value).toMatch(/^0x[1-9a-f][0-9a-f]*$/)
})
