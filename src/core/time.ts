/** Unix seconds, an integer. Milliseconds never enter: see `parseTime`. */
export type UnixSeconds = number
export type Seconds = number

/** The wallet stops signing this long before a session's end, so that a late block does not burn a fee (policy.md 5.1). */
export const END_MARGIN: Seconds = 60
/** The longest life of a session: 90 days. */
export const MAX_LIFE: Seconds = 7_776_000
export const MIN_LIFE: Seconds = 120
export const DAY: Seconds = 86_400
/** Times from here on are refused: they are milliseconds (policy.md 4). */
export const TIME_BOUND = 2 ** 36

/** An integer number of seconds below 2^36, or `undefined`. */
export function parseTime(value: unknown): UnixSeconds | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < TIME_BOUND ? value : undefined
}

/** What the clock rule reads: seconds each, absent where nothing was seen yet. */
export interface ClockFacts {
  readonly wall: UnixSeconds
  readonly lastWall?: UnixSeconds
  readonly lastBlock?: UnixSeconds
  /** On a loopback node the block's time is taken as it is (security.md 8.6). */
  readonly loopback: boolean
}

const WALL_BACK: Seconds = 300
const BLOCK_AHEAD: Seconds = 7_200

/**
 * The time a session is judged at: the largest of wall clock, last persisted wall clock and last accepted block.
 *
 * @returns `wrong` when the clocks disagree so much that nothing may be signed: wall more than 5 min behind the persisted
 * one, or a block more than 2 h ahead of it (policy.md 5). Such a block ends nothing: it is left out of `now`.
 */
export function judgeClock(facts: ClockFacts): { readonly now: UnixSeconds; readonly wrong: boolean } {
  const lastWall = facts.lastWall ?? 0
  const lastBlock = facts.lastBlock ?? 0
  const wallBack = lastWall - facts.wall > WALL_BACK
  const blockAhead = !facts.loopback && lastBlock - Math.max(facts.wall, lastWall) > BLOCK_AHEAD
  return {
    now: Math.max(facts.wall, lastWall, blockAhead ? 0 : lastBlock),
    wrong: wallBack || blockAhead,
  }
}
