/** Seeded dice: the same seed tells the same case. */
export function createDice(seed: number) {
  let state = seed >>> 0
  const next = (): number => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (low: number, high: number) => low + Math.floor(next() * (high - low + 1))
  const pick = <T>(list: readonly T[]): T => list[int(0, list.length - 1)]!
  return {
    int,
    pick,
    chance: (share: number) => next() < share,
    big: (end: bigint): bigint => {
      let value = 0n
      for (let width = end; width > 0n; width >>= 32n) value = (value << 32n) | BigInt(Math.floor(next() * 2 ** 32))
      return end > 0n ? value % end : 0n
    },
    some: <T>(list: readonly T[], share: number) => list.filter(() => next() < share),
  }
}

export type Dice = ReturnType<typeof createDice>

/** Seeds of neighbours have nothing in common. */
export function seedOf(run: number, index: number): number {
  let mixed = (run ^ Math.imul(index + 1, 0x9e3779b1)) >>> 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b) >>> 0
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35) >>> 0
  return (mixed ^ (mixed >>> 16)) >>> 0
}
