// @vitest-environment happy-dom
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { unitText } from '../core/words.ts'
import { clock, glance, left, typedAmount } from './words.ts'

describe('typedAmount', () => {
  test('reads what a person types, in their language', () => {
    expect(typedAmount('12.5', 18)).toBe(12_500_000_000_000_000_000n)
    expect(typedAmount('1,234.5', 2)).toBe(123_450n)
    expect(typedAmount(' 0 ', 18)).toBe(0n)
    expect(typedAmount('1.234,5', 2, 'de')).toBe(123_450n)
    expect(typedAmount('200', 0)).toBe(200n)
  })
  test.each(['', '.', '1.', '.5', '-1', '1e3', '0x10', '1.2.3', '12,34', '1,2345', '1 000', '٣', 'Infinity'])(
    'refuses: %j is not an amount',
    (typed) => {
      expect(typedAmount(typed, 18)).toBeUndefined()
    },
  )
  test('refuses: more digits than the token has, instead of rounding', () => {
    expect(typedAmount('1.5', 0)).toBeUndefined()
    expect(typedAmount('0.0000001', 6)).toBeUndefined()
    expect(typedAmount('0.1000000', 1)).toBe(1n)
  })
  test('property: what a field shows is read back as the same amount', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 127n), fc.integer({ min: 0, max: 18 }), (value, decimals) => {
        expect(typedAmount(unitText(value, decimals), decimals)).toBe(value)
      }),
    )
  })
})

test('a balance at a glance is never more than there is', () => {
  const strk = { symbol: 'STRK', decimals: 18 }
  expect(glance('31999999999999999999', strk)).toBe('31.9999')
  expect(glance('4299999999999999', strk)).toBe('0.004299')
  expect(glance('1', strk)).toBe('0.000000000000000001')
  expect(glance('0', strk)).toBe('0')
})

test('time left is cut to its largest unit, never more than there is', () => {
  clock.value = 1_764_162_300
  expect(left(clock.value + 86_399)).toBe('23 h left')
  expect(left(clock.value + 3_600)).toBe('1 hour left')
  expect(left(clock.value + 59)).toBe('59 s left')
  expect(left(clock.value - 5)).toBe('0 s left')
})
