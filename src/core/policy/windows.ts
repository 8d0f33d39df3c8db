import type { Seconds, UnixSeconds } from '../time.ts'
import type { StreamCap, Window } from './policy.ts'

type Unit = Extract<Window, { kind: 'calendar' }>['unit']

const UNITS: readonly Unit[] = ['minute', 'hour', 'day', 'week', 'month', 'year']
const KINDS: readonly Window['kind'][] = ['session', 'calendar', 'fixed', 'rolling']
const MINUTE = 60
const HOUR = 3_600
const DAY = 86_400
/** 1970-01-01 was a Thursday: the first Monday before it. */
const MONDAY = -3

/** First second whose bookings count at `t`; `-Infinity` for the whole life (policy.md 7.2). */
export function start(window: Window, t: UnixSeconds): number {
  switch (window.kind) {
    case 'session':
      return Number.NEGATIVE_INFINITY
    case 'rolling':
      return t - window.seconds + 1
    case 'fixed':
      // Floor, also before the anchor: -0.5 windows is window -1.
      return window.anchor + Math.floor((t - window.anchor) / window.seconds) * window.seconds
    case 'calendar':
      return unitStart(window.unit, unitIndex(window.unit, t))
  }
}

/** The second at which a fixed or calendar window is over; `undefined` for those that never end at once. */
export function end(window: Window, t: UnixSeconds): UnixSeconds | undefined {
  if (window.kind === 'fixed') return start(window, t) + window.seconds
  if (window.kind === 'calendar') return unitStart(window.unit, unitIndex(window.unit, t) + 1)
  return undefined
}

/** How many windows `[from, until)` touches, for the worst case (policy.md 13.2); 0 for an empty span. */
export function touched(window: Window, from: UnixSeconds, until: UnixSeconds): number {
  if (until <= from) return 0
  switch (window.kind) {
    case 'session':
      return 1
    case 'rolling':
      return Math.ceil((until - from) / window.seconds)
    case 'fixed':
      return (
        Math.floor((until - 1 - window.anchor) / window.seconds) -
        Math.floor((from - window.anchor) / window.seconds) +
        1
      )
    case 'calendar':
      return unitIndex(window.unit, until - 1) - unitIndex(window.unit, from) + 1
  }
}

/** What a stream has set free by `t`, base units: unspent amounts accumulate. */
export function unlocked(stream: StreamCap, t: UnixSeconds): bigint {
  if (t < stream.start) return 0n
  const sum = BigInt(stream.initial) + BigInt(stream.perSecond) * BigInt(t - stream.start)
  const max = stream.max === undefined ? sum : BigInt(stream.max)
  return sum < max ? sum : max
}

/** When a stream has set free `amount`; `Infinity`: never. */
export function unlocksAt(stream: StreamCap, amount: bigint): number {
  if (stream.max !== undefined && amount > BigInt(stream.max)) return Number.POSITIVE_INFINITY
  const [missing, rate] = [amount - BigInt(stream.initial), BigInt(stream.perSecond)]
  if (missing <= 0n) return stream.start
  return rate === 0n ? Number.POSITIVE_INFINITY : stream.start + Number((missing + rate - 1n) / rate)
}

/** A window as it is asked for: a fixed one that names no anchor begins with the session. */
export type AskedWindow = Exclude<Window, { kind: 'fixed' }> | { kind: 'fixed'; seconds: Seconds; anchor?: UnixSeconds }

export function anchored(window: AskedWindow, begin: UnixSeconds): Window {
  return window.kind === 'fixed' ? { ...window, anchor: window.anchor ?? begin } : window
}

export function sameWindow(a: AskedWindow, b: AskedWindow): boolean {
  return orderWindows(a, b) === 0
}

/** Canonical order of caps: session, calendar, fixed, rolling, then length, then anchor. */
export function orderWindows(a: AskedWindow, b: AskedWindow): number {
  const [x, y] = [place(a), place(b)]
  return x[0] - y[0] || x[1] - y[1] || x[2] - y[2]
}

const NO_ANCHOR = -1

function place(window: AskedWindow): readonly [kind: number, length: Seconds, anchor: number] {
  const kind = KINDS.indexOf(window.kind)
  if (window.kind === 'session') return [kind, 0, 0]
  if (window.kind === 'calendar') return [kind, UNITS.indexOf(window.unit), 0]
  return [kind, window.seconds, window.kind === 'fixed' ? (window.anchor ?? NO_ANCHOR) : 0]
}

/** Which minute, hour, … of UTC `t` lies in, counted through; weeks begin on Monday. */
function unitIndex(unit: Unit, t: UnixSeconds): number {
  const day = Math.floor(t / DAY)
  switch (unit) {
    case 'minute':
      return Math.floor(t / MINUTE)
    case 'hour':
      return Math.floor(t / HOUR)
    case 'day':
      return day
    case 'week':
      return Math.floor((day - MONDAY) / 7)
    case 'month': {
      const { year, month } = monthOf(day)
      return year * 12 + month
    }
    case 'year':
      return monthOf(day).year
  }
}

function unitStart(unit: Unit, index: number): UnixSeconds {
  switch (unit) {
    case 'minute':
      return index * MINUTE
    case 'hour':
      return index * HOUR
    case 'day':
      return index * DAY
    case 'week':
      return (index * 7 + MONDAY) * DAY
    case 'month':
      return firstDay(Math.floor(index / 12), index - Math.floor(index / 12) * 12) * DAY
    case 'year':
      return firstDay(index, 0) * DAY
  }
}

// The proleptic Gregorian calendar in integers, because core has no Date. Source: H. Hinnant, "chrono-Compatible
// Low-Level Date Algorithms": years begin in March, so that the leap day is the last one.

/** Days since 1970-01-01 of the first of a month (`month` 0..11). */
function firstDay(year: number, month: number): number {
  const y = month < 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const ofEra = y - era * 400
  const ofYear = Math.floor((153 * ((month + 10) % 12) + 2) / 5)
  return era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719_468
}

function monthOf(day: number): { readonly year: number; readonly month: number } {
  const shifted = day + 719_468
  const era = Math.floor(shifted / 146_097)
  const ofEra = shifted - era * 146_097
  const years = Math.floor(
    (ofEra - Math.floor(ofEra / 1_460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  )
  const ofYear = ofEra - (365 * years + Math.floor(years / 4) - Math.floor(years / 100))
  const march = Math.floor((5 * ofYear + 2) / 153)
  const month = (march + 2) % 12
  return { year: era * 400 + years + (month < 2 ? 1 : 0), month }
}
