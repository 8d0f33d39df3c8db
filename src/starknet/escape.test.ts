import { describe, expect, test } from 'vitest'
import { type Felt, felt } from '../core/felt.ts'
import { nextTryAt, parseEscape } from './escape.ts'

const AT = 1_900_000_000
const answer = (...felts: readonly (number | string)[]): readonly Felt[] => felts.map((it) => felt(it))

describe('what an account says of a take-over', () => {
  test('nothing is under way', () => {
    expect(parseEscape(answer(0, 0, 1, 0))).toBe(null)
  })
  test('the guardian takes over the account: another owner, and until when to stop it', () => {
    const started = { replaces: 'owner', readyAt: AT, signer: '0x77' }
    expect(parseEscape(answer(AT, 2, 0, '0x77', 0, 1))).toEqual({ ...started, status: 'waiting' })
    expect(parseEscape(answer(AT, 2, 0, '0x77', 0, 2))).toEqual({ ...started, status: 'ready' })
    expect(parseEscape(answer(AT, 2, 0, '0x77', 0, 3))).toEqual({ ...started, status: 'expired' })
  })
  test('the owner takes the guardian’s place back, for another one or for none', () => {
    expect(parseEscape(answer(AT, 1, 0, '0x77', 0, 1))).toEqual({
      replaces: 'guardian',
      readyAt: AT,
      signer: '0x77',
      status: 'waiting',
    })
    expect(parseEscape(answer(AT, 1, 1, 2))).toEqual({ replaces: 'guardian', readyAt: AT, status: 'ready' })
  })
  test.each([
    [[]],
    [[AT, 2, 0, 0x77, 0]],
    [[AT, 2, 0, 0x77, 0, 1, 1]],
    [[AT, 2, 2, 1]],
    [[AT, 2, 0, 0x77, 0, 4]],
    [[AT, 3, 0, 0x77, 0, 1]],
    [[AT * 1000, 2, 0, 0x77, 0, 1]],
    [[0, 0]],
  ])('an answer of another shape says nothing, and not that nothing is under way: %j', (felts) => {
    expect(parseEscape(answer(...felts))).toBe(undefined)
  })
})

test('another try is taken from the 13th full hour on', () => {
  expect(nextTryAt(3_600 * 100)).toBe(3_600 * 113)
  expect(nextTryAt(3_600 * 100 + 3_599)).toBe(3_600 * 113)
})
