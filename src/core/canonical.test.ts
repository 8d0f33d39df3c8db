import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from './canonical.ts'

describe('canonicalJson', () => {
  it('sorts keys by code unit at every depth and leaves absent members out', () => {
    expect(canonicalJson({ b: 1, a: { z: [true, 'x'], Z: undefined }, ä: '"' })).toBe(
      '{"a":{"z":[true,"x"]},"b":1,"ä":"\\""}',
    )
  })

  it('does not follow the order integer keys have in objects', () => {
    expect(canonicalJson({ 10: 1, 9: 2 })).toBe('{"10":1,"9":2}')
  })

  it.each([
    ['null', null],
    ['a null member', { a: null }],
    ['undefined', undefined],
    ['undefined in a list', [undefined]],
    ['a hole in a list', new Array(1)],
    ['bigint', 1n],
    ['a fraction', 1.5],
    ['NaN', Number.NaN],
    ['minus zero', -0],
    ['2^53', 2 ** 53],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['bytes', new Uint8Array(1)],
    ['a function', () => 1],
  ])('refuses: %s', (_name, value) => {
    expect(() => canonicalJson(value)).toThrow(RangeError)
  })

  it('property: the text is JSON of an equal value and does not depend on the order of keys', () => {
    const leaf = fc.oneof(fc.string({ unit: 'binary' }), fc.maxSafeInteger(), fc.boolean())
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        leaf,
        fc.array(tie('any'), { maxLength: 4 }),
        fc.dictionary(fc.string({ unit: 'binary' }), tie('any'), { maxKeys: 5 }),
      ),
    })).any
    fc.assert(
      fc.property(value, (it) => {
        const text = canonicalJson(it)
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(it)))
        expect(canonicalJson(backwards(it))).toBe(text)
      }),
      { numRuns: 200 },
    )
  })
})

function backwards(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(backwards)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, backwards(member)]),
  )
}
