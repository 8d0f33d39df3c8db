/**
 * Crash points and the test clock of dist/e2e (toolchain.md 2). A test arms a point in `storage.session`, which outlives the
 * worker; the worker stops at it for good, says so there, and is killed. Each use stands behind `if (__E2E__)`, so that of the
 * release build nothing is left, not even the await.
 */
import type { Seconds } from '../core/time.ts'

declare global {
  /** True in dist/e2e alone. */
  const __E2E__: boolean
}

export type Checkpoint =
  // A worker starts.
  | 'waking'
  | 'recovering'
  | 'resending'
  // A request of a site.
  | 'received'
  | 'begun'
  | 'answered'
  | 'remembered'
  // A transaction: hold → sign → send → settle.
  | 'judged'
  | 'held'
  | 'signature'
  | 'signed'
  | 'accepted'
  | 'sent'
  | 'receipt'
  | 'settled'
  // A question to the person.
  | 'stored'
  | 'opened'
  | 'shown'
  | 'allowed'
  // What follows a yes.
  | 'granted'
  | 'stepSent'
  | 'stepEnded'
  | 'stepDone'
  | 'authorized'
  | 'created'
  | 'started'
  // The end of a session.
  | 'ended'
  | 'keyGone'
  | 'told'
  | 'toldStored'
  | 'heard'
  // The end of all of an account's sessions, and the second key that comes after.
  | 'allEnded'
  | 'succeeded'

export interface Armed {
  readonly id: string
  readonly point: Checkpoint
  /** Which passage stops, counted from the arming or the worker's start: the first is 1. */
  readonly passage: number
}

export const ARMED = 'LATCHKEY_CHECKPOINT'
export const REACHED = 'LATCHKEY_CHECKPOINT_REACHED'
const CLOCK = 'LATCHKEY_CHECKPOINT_CLOCK'

const passages = new Map<string, number>()
let shift: Seconds = 0

/** Resolves at once, or never. */
export async function checkpoint(point: Checkpoint): Promise<void> {
  const { [ARMED]: found } = await chrome.storage.session.get(ARMED)
  const armed = found as Armed | undefined // Written by a test.
  if (armed?.point !== point) return
  const passage = (passages.get(armed.id) ?? 0) + 1
  passages.set(armed.id, passage)
  if (passage !== armed.passage) return
  // Disarmed first: the next worker passes.
  await chrome.storage.session.remove(ARMED)
  await chrome.storage.session.set({ [REACHED]: armed.id })
  await new Promise<never>(() => {})
}

/** By how much the wall clock of the worker is off. */
export function clockShift(): Seconds {
  return shift
}

/** Before a new worker reads its clock. */
export async function loadClockShift(): Promise<void> {
  const { [CLOCK]: stored } = await chrome.storage.session.get(CLOCK)
  shift = typeof stored === 'number' ? stored : 0
}

/** Holds for the workers after this one too. */
export async function shiftClock(by: Seconds): Promise<void> {
  shift = by
  await chrome.storage.session.set({ [CLOCK]: by })
}
