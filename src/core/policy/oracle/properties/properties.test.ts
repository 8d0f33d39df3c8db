import { describe, expect, test } from 'vitest'
import { PROPERTIES } from './all.ts'
import { type Property, runProperty } from './property.ts'

/** Of a full run: what a unit test has time for. */
const SHARE = 500
const SEED = 20_261_126

describe('properties of all policies', () => {
  test.each(PROPERTIES.map((property) => [property.id, property.says, property] as const))(
    '%s: %s',
    (_, __, property) => {
      const count = Math.max(60, Math.ceil(property.cases / SHARE))
      const { failures, met } = property.run(SEED, count)
      expect(failures).toEqual([])
      // Of so few cases some may miss what one in a hundred has.
      const often = Object.entries(property.meets).filter(([, share]) => share >= 100)
      expect(often.filter(([what]) => met[what] === undefined)).toEqual([])
    },
  )

  test('a failure is told by its smallest case', () => {
    const property: Property<{ readonly list: readonly number[] }> = {
      id: 'P0',
      says: 'no number is above ten',
      cases: 1,
      meets: {},
      make: () => ({ list: [3, 12, 7, 40] }),
      check: ({ list }) => (list.some((it) => it > 10) ? 'a number is above ten' : undefined),
    }
    const { failed, failures } = runProperty(property, 1, 1)
    expect(failed).toBe(1)
    expect(failures.join()).toMatch(/"list":\[(12|40)\]/)
  })
})
