import type { UnixSeconds } from '../core/time.ts'
import { clockShift } from './checkpoint.ts'

/** The wall clock. What it is worth is judged elsewhere (core/time.ts, `judgeClock`). */
export function now(): UnixSeconds {
  if (__E2E__) return Math.floor(Date.now() / 1000) + clockShift()
  return Math.floor(Date.now() / 1000)
}

/** Milliseconds that only go forward: for measuring how long something took, never for a date. */
export function ticks(): number {
  return performance.now()
}
