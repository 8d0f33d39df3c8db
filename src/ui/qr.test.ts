import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkBytes, codewords, formatBits, MAX_BYTES, qrOf, SIZE } from './qr.ts'

const ADDRESS = '0x042a676b6b29db00fdd59342c671340d42d6f64e11afff6c841a55dc02541a4d'

describe('Reed-Solomon', () => {
  it('is that of the standard’s own example: version 1-M, "01234567"', () => {
    // ISO/IEC 18004:2015, Annex I.
    const data = [0x10, 0x20, 0x0c, 0x56, 0x61, 0x80, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11]
    expect(checkBytes(data, 10)).toEqual([0xa5, 0x24, 0xd4, 0xc1, 0xed, 0x36, 0xc7, 0x87, 0x2c, 0x55])
  })
  it('of "HELLO WORLD" in version 1-M, as the common tutorial works it out', () => {
    const data = [32, 91, 11, 120, 209, 114, 220, 77, 67, 64, 236, 17, 236, 17, 236, 17]
    expect(checkBytes(data, 10)).toEqual([196, 35, 39, 119, 235, 215, 231, 226, 93, 23])
  })
  it('property: data and check bytes have all 24 roots', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(255), { minLength: 43, maxLength: 43 }), (data) => {
        const word = [...data, ...checkBytes(data, 24)]
        for (let root = 0; root < 24; root += 1) expect(valueAt(word, power(root))).toBe(0)
      }),
    )
  })
})

it('format bits are those of the standard’s table, level M', () => {
  // ISO/IEC 18004:2015, Table C.1, masks 0 to 7 of level M.
  expect([0, 1, 2, 3, 4, 5, 6, 7].map(formatBits)).toEqual([
    0x5412, 0x5125, 0x5e7c, 0x5b4b, 0x45f9, 0x40ce, 0x4f97, 0x4aa0,
  ])
})

it('what does not fit is refused, never cut', () => {
  expect(() => codewords('a'.repeat(MAX_BYTES))).not.toThrow()
  expect(() => codewords('a'.repeat(MAX_BYTES + 1))).toThrow(RangeError)
  expect(() => codewords('\u00e9')).toThrow(RangeError)
})

describe('a reader that was written from the standard reads back', () => {
  it('an address', () => {
    expect(read(qrOf(ADDRESS))).toBe(ADDRESS)
  })
  it('property: any text that fits', () => {
    const text = fc.string({
      unit: fc.integer({ min: 0x20, max: 0x7e }).map((it) => String.fromCharCode(it)),
      maxLength: MAX_BYTES,
    })
    fc.assert(
      fc.property(text, (it) => {
        expect(read(qrOf(it))).toBe(it)
      }),
      { numRuns: 20 },
    )
  })
  it('another address when one module of a byte is another', () => {
    const drawn = qrOf(ADDRESS).map((row) => [...row])
    drawn[SIZE - 3]![SIZE - 1] = !drawn[SIZE - 3]![SIZE - 1]
    expect(() => read(drawn)).toThrow('check bytes')
  })
})

// ---- The reader: its own tables, its own arithmetic, other loops.

/** Russian peasants' multiplication, without tables. */
function multiply(a: number, b: number): number {
  let product = 0
  let left = a
  for (let right = b; right > 0; right >>= 1) {
    if (right & 1) product ^= left
    left = left & 0x80 ? ((left << 1) ^ 0x11d) & 0xff : left << 1
  }
  return product
}
function power(exponent: number): number {
  return Array.from({ length: exponent }).reduce<number>((value) => multiply(value, 2), 1)
}
function valueAt(word: readonly number[], x: number): number {
  return word.reduce((sum, byte) => multiply(sum, x) ^ byte, 0)
}

function read(dark: readonly (readonly boolean[])[]): string {
  expect(dark).toHaveLength(37)
  const at = (x: number, y: number) => dark[y]?.[x] === true
  // Finders, by their picture.
  const finder = ['1111111', '1000001', '1011101', '1011101', '1011101', '1000001', '1111111']
  for (const [left, top] of [
    [0, 0],
    [30, 0],
    [0, 30],
  ] as const)
    expect(finder.map((line, y) => Array.from(line, (_, x) => (at(left + x, top + y) ? '1' : '0')).join(''))).toEqual(
      finder,
    )
  // Format, from the copy beside the upper left finder: its fifteen places in the order of the standard's figure.
  const places: readonly (readonly [number, number])[] = [
    [0, 8],
    [1, 8],
    [2, 8],
    [3, 8],
    [4, 8],
    [5, 8],
    [7, 8],
    [8, 8],
    [8, 7],
    [8, 5],
    [8, 4],
    [8, 3],
    [8, 2],
    [8, 1],
    [8, 0],
  ]
  const copy: readonly (readonly [number, number])[] = [
    [8, 36],
    [8, 35],
    [8, 34],
    [8, 33],
    [8, 32],
    [8, 31],
    [8, 30],
    [29, 8],
    [30, 8],
    [31, 8],
    [32, 8],
    [33, 8],
    [34, 8],
    [35, 8],
    [36, 8],
  ]
  const formatOf = (of: typeof places) => of.reduce((bits, [x, y]) => bits * 2 + (at(x, y) ? 1 : 0), 0)
  expect(formatOf(places)).toBe(formatOf(copy))
  expect(at(8, 29)).toBe(true)
  const format = formatOf(places) ^ 0x5412
  expect(format >> 13).toBe(0)
  const mask = (format >> 10) & 7
  const flips = (x: number, y: number): boolean => {
    const [i, j] = [y, x]
    const rules = [
      (i + j) % 2,
      i % 2,
      j % 3,
      (i + j) % 3,
      ((i >> 1) + Math.trunc(j / 3)) % 2,
      ((i * j) % 2) + ((i * j) % 3),
      (((i * j) % 2) + ((i * j) % 3)) % 2,
      (((i + j) % 2) + ((i * j) % 3)) % 2,
    ]
    return rules[mask] === 0
  }
  const isFunction = (x: number, y: number) =>
    (x <= 8 && y <= 8) ||
    (x >= 29 && y <= 8) ||
    (x <= 8 && y >= 29) ||
    x === 6 ||
    y === 6 ||
    (x >= 28 && x <= 32 && y >= 28 && y <= 32)
  const bits: number[] = []
  let up = true
  for (const column of [36, 34, 32, 30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 5, 3, 1]) {
    const rows = Array.from({ length: 37 }, (_, y) => (up ? 36 - y : y))
    for (const y of rows)
      for (const x of [column, column - 1]) if (!isFunction(x, y)) bits.push(at(x, y) !== flips(x, y) ? 1 : 0)
    up = !up
  }
  const bytes = Array.from({ length: 134 }, (_, n) => Number.parseInt(bits.slice(n * 8, n * 8 + 8).join(''), 2))
  const blocks = [0, 1].map((block) => bytes.filter((_, n) => n % 2 === block))
  for (const block of blocks)
    for (let root = 0; root < 24; root += 1) if (valueAt(block, power(root)) !== 0) throw new Error('check bytes')
  const data = [...blocks[0]!.slice(0, 43), ...blocks[1]!.slice(0, 43)]
  const text = data.map((byte) => byte.toString(2).padStart(8, '0')).join('')
  expect(text.slice(0, 4)).toBe('0100')
  const length = Number.parseInt(text.slice(4, 12), 2)
  return Array.from({ length }, (_, n) =>
    String.fromCharCode(Number.parseInt(text.slice(12 + n * 8, 20 + n * 8), 2)),
  ).join('')
}
