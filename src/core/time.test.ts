import { describe, expect, test } from 'vitest'
import { type ClockFacts, judgeClock, parseTime, TIME_BOUND } from './time.ts'

const WALL = 1_900_000_000
const at = (changes: Partial<ClockFacts> = {}) => judgeClock({ wall: WALL, loopback: false, ...changes })

describe('judgeClock', () => {
  test('the latest of wall clock, last wall clock and last block is now', () => {
    expect(at()).toEqual({ now: WALL, wrong: false })
    expect(at({ lastWall: WALL + 299 })).toEqual({ now: WALL + 299, wrong: false })
    expect(at({ lastBlock: WALL + 7_200 })).toEqual({ now: WALL + 7_200, wrong: false })
    expect(at({ lastWall: WALL + 5, lastBlock: WALL + 3 }).now).toBe(WALL + 5)
    expect(at({ lastWall: WALL - 5, lastBlock: WALL - 3 }).now).toBe(WALL)
  })

  test('a wall clock more than 5 min behind itself is wrong, and time does not go back', () => {
    expect(at({ lastWall: WALL + 300 })).toEqual({ now: WALL + 300, wrong: false })
    expect(at({ lastWall: WALL + 301 })).toEqual({ now: WALL + 301, wrong: true })
  })

  test('a block more than 2 h ahead is wrong and ends nothing; on this computer it is the time', () => {
    expect(at({ lastBlock: WALL + 7_201 })).toEqual({ now: WALL, wrong: true })
    expect(at({ lastWall: WALL + 1, lastBlock: WALL + 7_201 })).toEqual({ now: WALL + 7_201, wrong: false })
    expect(at({ lastBlock: WALL + 90_000, loopback: true })).toEqual({ now: WALL + 90_000, wrong: false })
  })
})

test('seconds are integers below 2^36; milliseconds are none', () => {
  expect([0, WALL, TIME_BOUND - 1].map(parseTime)).toEqual([0, WALL, TIME_BOUND - 1])
  for (const bad of [-1, 1.5, TIME_BOUND, WALL * 1_000, `${WALL}`, undefined, Number.NaN]) {
    expect(parseTime(bad)).toBeUndefined()
  }
})
