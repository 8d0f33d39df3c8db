import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { hash } from 'starknet'
import { describe, expect, test } from 'vitest'
import { P } from '../core/felt.ts'
import { absorb, EMPTY, finish, poseidon, poseidon2 } from './poseidon.ts'

const anyFelt = fc.oneof(fc.constantFrom(0n, 1n, 2n, P - 1n, P - 2n, 2n ** 251n), fc.bigInt({ min: 0n, max: P - 1n }))

describe('poseidon', () => {
  test('the hash of nothing is the published constant', () => {
    expect(poseidon([])).toBe(0x2272be0f580fd156823304800919530eaa97430e972d7213ee13f4fbf7a5dbcn)
  })

  test('differential: 600 lists hash as in starknet.js', () => {
    let lists = 0
    fc.assert(
      fc.property(fc.array(anyFelt, { maxLength: 41 }), (felts) => {
        lists++
        expect(poseidon(felts)).toBe(BigInt(hash.computePoseidonHashOnElements(felts)))
      }),
      { numRuns: 600 },
    )
    expect(lists).toBe(600)
  })

  test('differential: every length from 0 to 41 with the edges of the field', () => {
    for (let length = 0; length <= 41; length++) {
      const felts = Array.from({ length }, (_, at) => [0n, 1n, P - 1n][(at + length) % 3]!)
      expect(poseidon(felts)).toBe(BigInt(hash.computePoseidonHashOnElements(felts)))
    }
  })

  test('differential: 200 pairs hash as in starknet.js, and not as a list of two', () => {
    fc.assert(
      fc.property(anyFelt, anyFelt, (a, b) => {
        expect(poseidon2(a, b)).toBe(BigInt(hash.computePoseidonHash(a, b)))
        expect(poseidon2(a, b)).not.toBe(poseidon([a, b]))
      }),
      { numRuns: 200 },
    )
  })

  test('refuses: numbers outside the field, which would share a hash with one inside', () => {
    for (const bad of [-1n, P, P + 1n, 2n ** 256n]) {
      expect(() => poseidon([bad])).toThrow(RangeError)
      expect(() => poseidon([1n, bad])).toThrow(RangeError)
      expect(() => poseidon2(bad, 0n)).toThrow(RangeError)
      expect(() => poseidon2(0n, bad)).toThrow(RangeError)
    }
  })

  test('the constants are what bench/poseidon-constants.mjs derives', () => {
    const script = fileURLToPath(new URL('../../bench/poseidon-constants.mjs', import.meta.url))
    execFileSync(process.execPath, [script, '--check'])
  })
})

describe('sponge states', () => {
  test('property: absorbing in pieces equals absorbing at once', () => {
    const pieces = fc.array(fc.array(anyFelt, { maxLength: 5 }), { maxLength: 5 })
    fc.assert(
      fc.property(pieces, (lists) => {
        expect(finish(lists.reduce(absorb, EMPTY))).toBe(poseidon(lists.flat()))
      }),
    )
  })

  test('a kept state is not changed by going on from it', () => {
    const kept = Object.freeze(absorb(EMPTY, [1n, 2n, 3n]))
    expect(finish(absorb(kept, [4n]))).toBe(poseidon([1n, 2n, 3n, 4n]))
    expect(finish(kept)).toBe(poseidon([1n, 2n, 3n]))
    expect(finish(absorb(kept, [5n]))).toBe(poseidon([1n, 2n, 3n, 5n]))
  })
})
