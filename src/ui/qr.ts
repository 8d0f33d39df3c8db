/**
 * A QR code of one kind: version 5, error correction M, bytes. 84 bytes fit, and an address has 66 (ISO/IEC 18004:2015).
 * Decision: an own encoder of one version, because the one that reads addresses aloud to other wallets must not come from
 * a package.
 */
export const SIZE = 37
const DATA = 86
/** Two blocks of 43 data and 24 check bytes. */
const BLOCKS = 2
const CHECK = 24
export const MAX_BYTES = 84

/** Rows of modules, true is dark. @throws RangeError for a text that does not fit or is not ASCII */
export function qrOf(text: string): readonly (readonly boolean[])[] {
  const bits = interleaved(codewords(text)).flatMap((byte) => bitsOf(byte, 8))
  let best: readonly (readonly boolean[])[] | undefined
  let least = Number.POSITIVE_INFINITY
  for (const mask of MASKS.keys()) {
    const drawn = draw(bits, mask)
    const worth = penalty(drawn)
    if (worth < least) {
      least = worth
      best = drawn
    }
  }
  return best ?? []
}

/** Mode, length, the bytes, an end, and two fillers in turn. */
export function codewords(text: string): readonly number[] {
  if (!/^[\x20-\x7e]*$/.test(text) || text.length > MAX_BYTES)
    throw new RangeError('does not fit a QR code of version 5-M')
  const bytes = Array.from(text, (sign) => sign.charCodeAt(0))
  const bits = [...bitsOf(0b0100, 4), ...bitsOf(bytes.length, 8), ...bytes.flatMap((byte) => bitsOf(byte, 8))]
  const ended = [...bits, ...Array<number>(Math.min(4, DATA * 8 - bits.length)).fill(0)]
  while (ended.length % 8 !== 0) ended.push(0)
  const words = Array.from({ length: ended.length / 8 }, (_, at) =>
    ended.slice(at * 8, at * 8 + 8).reduce((byte, bit) => byte * 2 + bit, 0),
  )
  return Array.from({ length: DATA }, (_, at) => words[at] ?? ((at - words.length) % 2 === 0 ? 0xec : 0x11))
}

/** A byte of each block in turn, first the data and then what checks them. */
function interleaved(data: readonly number[]): readonly number[] {
  const length = DATA / BLOCKS
  const blocks = Array.from({ length: BLOCKS }, (_, at) => data.slice(at * length, (at + 1) * length))
  const checks = blocks.map((block) => checkBytes(block, CHECK))
  const turns = (of: readonly (readonly number[])[], most: number) =>
    Array.from({ length: most }, (_, at) => of.map((block) => block[at] ?? 0)).flat()
  return [...turns(blocks, length), ...turns(checks, CHECK)]
}

// Reed-Solomon over GF(256) with x^8 + x^4 + x^3 + x^2 + 1.
const EXP: number[] = []
const LOG: number[] = []
for (let power = 0, value = 1; power < 255; power += 1) {
  EXP[power] = value
  LOG[value] = power
  value = value < 128 ? value * 2 : (value * 2) ^ 0x11d
}
const times = (a: number, b: number) => (a === 0 || b === 0 ? 0 : EXP[((LOG[a] ?? 0) + (LOG[b] ?? 0)) % 255]!)

/** The rest of the data, as a polynomial, by that with the roots 2^0 … 2^(count-1). */
export function checkBytes(data: readonly number[], count: number): readonly number[] {
  let generator = [1]
  for (let root = 0; root < count; root += 1) {
    const next = Array<number>(generator.length + 1).fill(0)
    for (const [at, factor] of generator.entries()) {
      next[at]! ^= factor
      next[at + 1]! ^= times(factor, EXP[root]!)
    }
    generator = next
  }
  const rest = [...data, ...Array<number>(count).fill(0)]
  for (let at = 0; at < data.length; at += 1) {
    const lead = rest[at]!
    for (const [to, factor] of generator.entries()) rest[at + to]! ^= times(factor, lead)
  }
  return rest.slice(data.length)
}

const MASKS: readonly ((row: number, column: number) => boolean)[] = [
  (row, column) => (row + column) % 2 === 0,
  (row) => row % 2 === 0,
  (_, column) => column % 3 === 0,
  (row, column) => (row + column) % 3 === 0,
  (row, column) => (Math.floor(row / 2) + Math.floor(column / 3)) % 2 === 0,
  (row, column) => ((row * column) % 2) + ((row * column) % 3) === 0,
  (row, column) => (((row * column) % 2) + ((row * column) % 3)) % 2 === 0,
  (row, column) => (((row + column) % 2) + ((row * column) % 3)) % 2 === 0,
]

/** Level M is 00; the BCH(15,5) code of level and mask, so that neither is read wrong. */
export function formatBits(mask: number): number {
  let rest = mask << 10
  for (let bit = 14; bit >= 10; bit -= 1) if ((rest >> bit) & 1) rest ^= 0b10100110111 << (bit - 10)
  return ((mask << 10) | rest) ^ 0b101010000010010
}

function draw(bits: readonly number[], mask: number): readonly (readonly boolean[])[] {
  const dark: (boolean | undefined)[][] = Array.from({ length: SIZE }, () => Array(SIZE).fill(undefined))
  const set = (row: number, column: number, value: boolean) => {
    if (row >= 0 && row < SIZE && column >= 0 && column < SIZE) dark[row]![column] = value
  }
  for (const [top, left] of [
    [0, 0],
    [0, SIZE - 7],
    [SIZE - 7, 0],
  ] as const)
    for (let row = -1; row <= 7; row += 1)
      for (let column = -1; column <= 7; column += 1) {
        const ring = Math.max(Math.abs(row - 3), Math.abs(column - 3))
        set(top + row, left + column, ring !== 2 && ring <= 3)
      }
  // The one alignment pattern of version 5 that no finder covers.
  for (let row = -2; row <= 2; row += 1)
    for (let column = -2; column <= 2; column += 1)
      set(30 + row, 30 + column, Math.max(Math.abs(row), Math.abs(column)) !== 1)
  for (let at = 8; at < SIZE - 8; at += 1) {
    set(6, at, at % 2 === 0)
    set(at, 6, at % 2 === 0)
  }
  drawFormat(set, formatBits(mask))
  fill(dark, bits, MASKS[mask]!)
  return dark.map((row) => row.map((it) => it === true))
}

function drawFormat(set: (row: number, column: number, value: boolean) => void, format: number): void {
  const bit = (at: number) => ((format >> at) & 1) === 1
  for (let at = 0; at < 6; at += 1) set(at, 8, bit(at))
  set(7, 8, bit(6))
  set(8, 8, bit(7))
  set(8, 7, bit(8))
  for (let at = 9; at < 15; at += 1) set(8, 14 - at, bit(at))
  for (let at = 0; at < 8; at += 1) set(8, SIZE - 1 - at, bit(at))
  for (let at = 8; at < 15; at += 1) set(SIZE - 15 + at, 8, bit(at))
  set(SIZE - 8, 8, true)
}

/** Two columns at a time from the right, up and down in turn; the column of the timing pattern is left out. */
function fill(
  dark: (boolean | undefined)[][],
  bits: readonly number[],
  mask: (row: number, column: number) => boolean,
): void {
  let next = 0
  for (let right = SIZE - 1; right > 0; right -= 2) {
    if (right === 6) right = 5
    const upwards = ((right + 1) & 2) === 0
    for (let step = 0; step < SIZE; step += 1) {
      const row = upwards ? SIZE - 1 - step : step
      for (const column of [right, right - 1]) {
        if (dark[row]![column] !== undefined) continue
        // The few modules after the last bit are light before the mask.
        dark[row]![column] = ((bits[next] ?? 0) === 1) !== mask(row, column)
        next += 1
      }
    }
  }
}

/** What makes a code hard to read: long runs, blocks, what looks like a finder, too much of one colour. */
export function penalty(dark: readonly (readonly boolean[])[]): number {
  const columns = dark.map((_, at) => dark.map((row) => row[at] === true))
  const lines = [...dark, ...columns]
  const runs = lines.reduce((sum, line) => sum + runsOf(line), 0)
  let blocks = 0
  for (let row = 0; row < SIZE - 1; row += 1)
    for (let column = 0; column < SIZE - 1; column += 1) {
      const one = dark[row]![column]
      if (one === dark[row]![column + 1] && one === dark[row + 1]![column] && one === dark[row + 1]![column + 1])
        blocks += 3
    }
  const finders = lines.reduce((sum, line) => {
    const text = line.map((it) => (it ? '1' : '0')).join('')
    return sum + 40 * (countOf(text, '00001011101') + countOf(text, '10111010000'))
  }, 0)
  const share = (dark.flat().filter(Boolean).length * 100) / (SIZE * SIZE)
  return runs + blocks + finders + Math.floor(Math.abs(share - 50) / 5) * 10
}

function runsOf(line: readonly boolean[]): number {
  let sum = 0
  let length = 0
  for (const [at, it] of line.entries()) {
    length = at > 0 && it === line[at - 1] ? length + 1 : 1
    if (length === 5) sum += 3
    else if (length > 5) sum += 1
  }
  return sum
}

function countOf(text: string, part: string): number {
  let count = 0
  for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + 1)) count += 1
  return count
}

function bitsOf(value: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, at) => (value >> (count - 1 - at)) & 1)
}
