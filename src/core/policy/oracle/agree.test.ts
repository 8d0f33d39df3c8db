import { describe, expect, test } from 'vitest'
import { selectorOf } from '../../../starknet/selector.ts'
import { compare } from './agree.ts'
import { codesOf, runCases } from './fuzz.ts'
import { generate } from './generate.ts'
import { shrink } from './shrink.ts'
import { ADMIN, BANNED, MONEY_NAMES } from './tables.ts'

describe('the second opinion', () => {
  test('P1: engine and oracle agree on kind, reasons and charges', () => {
    const { disagreements, kinds, codes } = runCases(1, 3_000)
    expect(disagreements).toEqual([])
    expect(kinds.auto / 3_000).toBeGreaterThan(0.3)
    expect(codesOf().filter((code) => codes[code] === undefined)).toEqual([])
    // Some seconds alone; machines are shared.
  }, 240_000)

  test('the same seed tells the same case', () => {
    expect(generate(7)).toEqual(generate(7))
    expect(generate(7)).not.toEqual(generate(8))
  })

  test('the tables of names carry the selectors of their names', () => {
    for (const [name, selector] of [...BANNED, ...ADMIN, ...MONEY_NAMES]) expect(selectorOf(name)).toBe(selector)
  })

  test('a disagreement is told by its smallest case', () => {
    // Stands in for a defect: whatever is denied.
    const denied = (seed: number) => compare(generate(seed)).oracle
    const seed = [...Array(2_000).keys()].find((it) => JSON.stringify(denied(it)).includes('"denied"')) as number
    const small = shrink(generate(seed), (it) => JSON.stringify(compare(it).oracle).includes('"denied"'))
    expect(small.story).toEqual([])
    expect(small.tx.calls).toHaveLength(1)
    expect(small.session.effective.deny).toHaveLength(1)
    expect(small.session.effective.calls).toEqual([])
    expect(small.session.effective.spend.limits).toEqual([])
  })
})
