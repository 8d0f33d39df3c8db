import type { UnixSeconds } from '../core/time.ts'

/** The wall clock. What it is worth is judged elsewhere (core/time.ts, `judgeClock`). */
export function now(): UnixSeconds {
  return Math.floor(Date.now() / 1000)
}

/** Milliseconds that only go forward: for measuring how long something took, never for a date. */
export function ticks(): number {
  return performance.now()
}
