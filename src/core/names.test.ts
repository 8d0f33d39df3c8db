import { describe, expect, it, test } from 'vitest'
import { parseName, sameName } from './names.ts'

describe('parseName', () => {
  it('takes what a person sees, without the spaces around it', () => {
    expect(parseName('  Ana  ', 30)).toBe('Ana')
    expect(parseName('Ana\u0301', 30)).toBe('An\u00e1')
    expect(parseName('Ана 💸', 30)).toBe('Ана 💸')
  })
  test.each([
    ['nothing', ''],
    ['spaces', ' \u3000 '],
    ['zero width', 'A\u200bna'],
    ['right to left override', 'Ana\u202e'],
    ['a line break', 'A\nna'],
    ['half a surrogate pair', 'A\ud800'],
    ['a byte order mark', 'A\ufeffna'],
    ['31 characters', 'a'.repeat(31)],
    ['a megabyte', 'a'.repeat(1_048_576)],
  ])('refuses: %s', (_, typed) => {
    expect(parseName(typed, 30)).toBeUndefined()
  })
})

test('sameName: what a person would take for the same', () => {
  for (const [a, b] of [
    ['Mainnet', 'mainnet'],
    ['Sepolia', 'Ѕероlіа'],
    ['Bill', 'BiII'],
    ['Ana', 'A na'],
    ['Polo', 'P0l0'],
    ['José', 'jose'],
  ] as const)
    expect(sameName(a, b), `${a} ${b}`).toBe(true)
  expect(sameName('Ana', 'Anna')).toBe(false)
  expect(sameName('Devnet', 'Devnet 2')).toBe(false)
})
