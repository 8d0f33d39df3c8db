import { describe, expect, test } from 'vitest'
import { selectorOf } from '../../starknet/selector.ts'
import { MONEY } from '../call.ts'
import { ADMIN, adminName, BANNED, bannedName } from './forbidden.ts'

describe('tables', () => {
  test('every selector of the tables is the hash of its name', () => {
    const rows = [
      ...Object.entries(BANNED),
      ...Object.entries(ADMIN),
      ...MONEY.map(([name, selector]) => [name, selector] as const),
    ]
    for (const [name, selector] of rows) expect(selector, name).toBe(selectorOf(name))
    expect([Object.keys(BANNED).length, Object.keys(ADMIN).length, MONEY.length]).toEqual([7, 43, 16])
  })

  test('names are found by selector, others are not', () => {
    expect(bannedName(selectorOf('execute_from_outside_v3'))).toBe('execute_from_outside_v3')
    expect(adminName(selectorOf('setPublicKey'))).toBe('setPublicKey')
    expect(bannedName(selectorOf('move'))).toBeUndefined()
    expect(adminName(selectorOf('transfer'))).toBeUndefined()
  })
})
