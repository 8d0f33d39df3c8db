import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
const dedented = (text: string) => {
  const lines = text.split('\n')
  const margin = Math.min(...lines.filter((it) => it.trim() !== '').map((it) => it.search(/\S/)))
  return lines.map((it) => it.slice(margin)).join('\n')
}

test('every block of the page for dApp developers is code that is compiled and run, word for word', () => {
  const run = ['../e2e/playground/for-dapps.ts', 'sdk/for-dapps.test.ts'].flatMap((path) => [
    ...read(path).matchAll(/\/\* snippet: \w+ \*\/\n([\s\S]*?)\n\s*\/\* end \*\//g),
  ])
  const told = [...read('../docs/for-dapps.md').matchAll(/```ts\n([\s\S]*?)\n```/g)]
  expect(told.map(([, text]) => text).sort()).toEqual(run.map(([, text]) => dedented(text ?? '')).sort())
  expect(told).toHaveLength(10)
})
