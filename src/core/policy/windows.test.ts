import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { u256 } from '../felt.ts'
import type { Window } from './policy.ts'
import { end, orderWindows, sameWindow, start, touched, unlocked } from './windows.ts'

const at = (text: string) => Date.parse(text) / 1000
const calendar = (unit: Extract<Window, { kind: 'calendar' }>['unit']): Window => ({ kind: 'calendar', unit })

describe('start and end', () => {
  test('a rolling window reaches back over exactly its seconds', () => {
    expect(start({ kind: 'rolling', seconds: 60 }, 1_000)).toBe(941)
    expect(end({ kind: 'rolling', seconds: 60 }, 1_000)).toBeUndefined()
  })

  test('a session window has no start and no end', () => {
    expect(start({ kind: 'session' }, 5)).toBe(Number.NEGATIVE_INFINITY)
    expect(end({ kind: 'session' }, 5)).toBeUndefined()
  })

  test('fixed window anchored ahead and behind', () => {
    const window: Window = { kind: 'fixed', seconds: 100, anchor: 1_000 }
    expect([start(window, 1_000), start(window, 1_099), start(window, 1_100)]).toEqual([1_000, 1_000, 1_100])
    expect([start(window, 999), start(window, 900), start(window, 899)]).toEqual([900, 900, 800])
    expect([end(window, 999), end(window, 1_000)]).toEqual([1_000, 1_100])
  })

  const edges = [
    ['minute', '2028-02-29T23:59:59Z', '2028-02-29T23:59:00Z', '2028-03-01T00:00:00Z'],
    ['hour', '2028-02-29T23:59:59Z', '2028-02-29T23:00:00Z', '2028-03-01T00:00:00Z'],
    ['day', '2028-02-29T12:00:00Z', '2028-02-29T00:00:00Z', '2028-03-01T00:00:00Z'],
    ['week', '2026-11-22T23:59:59Z', '2026-11-16T00:00:00Z', '2026-11-23T00:00:00Z'], // a Sunday
    ['week', '2026-11-23T00:00:00Z', '2026-11-23T00:00:00Z', '2026-11-30T00:00:00Z'], // a Monday
    ['month', '2027-02-28T23:59:59Z', '2027-02-01T00:00:00Z', '2027-03-01T00:00:00Z'],
    ['month', '2028-02-29T23:59:59Z', '2028-02-01T00:00:00Z', '2028-03-01T00:00:00Z'],
    // The first and the last day of 400 years.
    ['month', '2000-03-01T00:00:00Z', '2000-03-01T00:00:00Z', '2000-04-01T00:00:00Z'],
    ['month', '2400-02-29T23:59:59Z', '2400-02-01T00:00:00Z', '2400-03-01T00:00:00Z'],
    ['year', '2027-12-31T23:59:59Z', '2027-01-01T00:00:00Z', '2028-01-01T00:00:00Z'],
  ] as const
  test.each(edges)('calendar %s of %s', (unit, t, from, until) => {
    expect(start(calendar(unit), at(t))).toBe(at(from))
    expect(end(calendar(unit), at(t))).toBe(at(until))
  })

  test('property: calendar months and years are those of the Gregorian calendar in UTC', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 36 - 1 }), (t) => {
        const date = new Date(t * 1000)
        const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
        expect(start(calendar('month'), t)).toBe(Date.UTC(year, month) / 1000)
        expect(end(calendar('month'), t)).toBe(Date.UTC(year, month + 1) / 1000)
        expect(start(calendar('year'), t)).toBe(Date.UTC(year, 0) / 1000)
        expect(new Date(start(calendar('week'), t) * 1000).getUTCDay()).toBe(1)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('touched', () => {
  test('property: counts the windows that brute force finds', () => {
    const window = fc.oneof(
      fc.record({
        kind: fc.constant('fixed' as const),
        seconds: fc.integer({ min: 1, max: 50 }),
        anchor: fc.integer({ min: 0, max: 300 }),
      }),
      fc.constantFrom(calendar('minute')),
    )
    fc.assert(
      fc.property(window, fc.integer({ min: 100, max: 400 }), fc.integer({ min: 0, max: 200 }), (it, from, length) => {
        const starts = new Set(Array.from({ length }, (_, i) => start(it, from + i)))
        expect(touched(it, from, from + length)).toBe(starts.size)
      }),
      { numRuns: 1_000 },
    )
  })

  test('a rolling window fits as often as its length, rounded up', () => {
    const window: Window = { kind: 'rolling', seconds: 10 }
    expect([touched(window, 0, 0), touched(window, 0, 1), touched(window, 0, 10), touched(window, 0, 11)]).toEqual([
      0, 1, 1, 2,
    ])
    expect(touched({ kind: 'session' }, 5, 6)).toBe(1)
  })
})

describe('streams and order', () => {
  test('a stream sets nothing free before its start and never more than its maximum', () => {
    const stream = { start: 100, initial: u256(5n), perSecond: u256(2n), max: u256(11n) }
    expect([99, 100, 102, 103, 1_000].map((t) => unlocked(stream, t))).toEqual([0n, 5n, 9n, 11n, 11n])
    expect(unlocked({ start: 100, initial: u256(5n), perSecond: u256(2n) }, 1_100)).toBe(2_005n)
  })

  test('caps stand as session, calendar, fixed, rolling, then by length', () => {
    const windows: Window[] = [
      { kind: 'rolling', seconds: 60 },
      { kind: 'fixed', seconds: 60, anchor: 2 },
      { kind: 'fixed', seconds: 60, anchor: 1 },
      calendar('year'),
      calendar('day'),
      { kind: 'session' },
    ]
    expect([...windows].sort(orderWindows).map((it) => (it.kind === 'calendar' ? it.unit : `${it.kind}`))).toEqual([
      'session',
      'day',
      'year',
      'fixed',
      'fixed',
      'rolling',
    ])
    expect(sameWindow({ kind: 'fixed', seconds: 60, anchor: 1 }, { kind: 'fixed', seconds: 60, anchor: 2 })).toBe(false)
    expect(sameWindow(calendar('day'), calendar('day'))).toBe(true)
  })
})
