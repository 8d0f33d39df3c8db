import fc from 'fast-check'
import { hash } from 'starknet'
import { describe, expect, test } from 'vitest'
import { P } from '../core/felt.ts'
import { pedersen, pedersenList } from './pedersen.ts'

/** Where the split into 248 + 4 bits, and the field's end, could go wrong. */
const EDGES = [0n, 1n, 2n, 2n ** 248n - 1n, 2n ** 248n, 2n ** 248n + 1n, 2n ** 251n - 1n, 2n ** 251n, P - 2n, P - 1n]
const anyFelt = fc.oneof(
  { arbitrary: fc.bigInt({ min: 0n, max: P - 1n }), weight: 4 },
  { arbitrary: fc.constantFrom(...EDGES), weight: 1 },
)
const theirs = (a: bigint, b: bigint) => BigInt(hash.computePedersenHash(a, b))

describe('pedersen', () => {
  test('known answers, written down beside any library', () => {
    expect(
      pedersen(
        0x3d937c035c878245caf64531a5756109c53068da139362728feb561405371cbn,
        0x208a0a10250e382e1e4bbe2880906c2791bf6275695e02fbbc6aeff9cd8b31an,
      ),
    ).toBe(0x30e480bed5fe53fa909cc0f8c4d99b8f9f2c016be4c41e13a4848797979c662n)
    expect(
      pedersen(
        0x58f580910a6ca59b28927c08fe6c43e2e303ca384badc365795fc645d479d45n,
        0x78734f65a067be9bdb39de18434d71e79f7b6466a4b66bbd979ab9e7515fe0bn,
      ),
    ).toBe(0x68cc0b76cddd1dd4ed2301ada9b7c872b23875d5ff837b3a87993e0d9996b87n)
  })

  test('differential: equals starknet.js, on every pair of edges and 200 more', () => {
    for (const a of EDGES) for (const b of EDGES) expect(pedersen(a, b)).toBe(theirs(a, b))
    fc.assert(
      fc.property(anyFelt, anyFelt, (a, b) => {
        expect(pedersen(a, b)).toBe(theirs(a, b))
      }),
      { numRuns: 200 },
    )
  })

  test('refuses: what is not in the field, on either side', () => {
    for (const value of [-1n, P, P + 1n, 2n ** 252n]) {
      expect(() => pedersen(value, 0n)).toThrow(RangeError)
      expect(() => pedersen(0n, value)).toThrow(RangeError)
    }
  })
})

describe('pedersenList', () => {
  test('differential: equals starknet.js, on lists of 0 to 8', () => {
    expect(pedersenList([])).toBe(BigInt(hash.computePedersenHashOnElements([])))
    fc.assert(
      fc.property(fc.array(anyFelt, { maxLength: 8 }), (felts) => {
        expect(pedersenList(felts)).toBe(BigInt(hash.computePedersenHashOnElements(felts)))
      }),
      { numRuns: 50 },
    )
  })
})
