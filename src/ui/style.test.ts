import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

test('screens mirror by themselves: no rule names left or right', () => {
  const style = readFileSync(new URL('./style.css', import.meta.url), 'utf8')
  const named = style
    .split('\n')
    .map((line, index) => `${index + 1}: ${line.trim()}`)
    .filter((line) => /\b(margin|padding|border)-(left|right)|^\d+: (left|right):|text-align: (left|right)/.test(line))
  const sided = [...style.matchAll(/^\s+(?:padding|margin): (\S+) (\S+) (\S+) (\S+);$/gm)].filter(
    (it) => it[2] !== it[4],
  )
  expect([...named, ...sided.map(([rule]) => rule.trim())]).toEqual([])
})
