import { describe, expect, test } from 'vitest'
import { cutShape } from './cut.ts'

describe('the cut', () => {
  const shape = cutShape([6, 2, 8, 4, 8], { top: 24, pitch: 11 })
  test('starts in the time line, rounds the corner of 12 and ends 6 below its last step', () => {
    expect(shape.key.startsWith('M12 0.75A11.25 11.25 0 0 0 0.75 12')).toBe(true)
    expect(shape.key.endsWith('L0.75 85')).toBe(true)
    expect(shape.height).toBe(85)
  })
  test('has each step at its height and depth, with flanks of half the difference', () => {
    // From 0 to 6 at 24: a flank of 3, centred. From 8 back to 0 at 79: a flank of 4.
    for (const corner of ['0.75 22.5', '6.75 25.5', '6.75 34', '2.75 36', '8.75 77', '0.75 81'])
      expect(shape.key).toContain(`Q${corner} `)
  })
  test('is the same shape that hides the border left of it', () => {
    expect(shape.outside).toContain('Q6.75 25.5 ')
    expect(shape.outside.endsWith('L-1 85Z')).toBe(true)
  })
})
