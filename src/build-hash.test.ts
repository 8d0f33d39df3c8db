import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { buildHash } from '../.ci/build-hash.ts'

let root: string
const write = (path: string, text: string) => {
  mkdirSync(join(root, path, '..'), { recursive: true })
  writeFileSync(join(root, path), text)
}
beforeEach(() => {
  root = mkdtempSync(`${tmpdir()}/latchkey-hash-`)
  for (const path of ['manifest.json', 'package-lock.json', 'vite.config.ts']) write(path, '{}')
  write('src/a/one.ts', '1')
  write('src/two.ts', '2')
  write('public/icon.svg', '<svg/>')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

it('is the same for the same sources, wherever they lie', () => {
  const here = buildHash(root)
  expect(here).toMatch(/^[0-9a-f]{16}$/)
  expect(buildHash(`${root}/`)).toBe(here)
})
it.each([
  ['a byte of a file', () => write('src/two.ts', '3')],
  ['a file more', () => write('public/more.svg', '<svg/>')],
  ['the same text at another place', () => renameSync(join(root, 'src/two.ts'), join(root, 'src/three.ts'))],
  ['another version of a package', () => write('package-lock.json', '{"a":1}')],
  ['another permission', () => write('manifest.json', '{"permissions":[]}')],
])('is another one with: %s', (_, change) => {
  const before = buildHash(root)
  change()
  expect(buildHash(root)).not.toBe(before)
})
it('does not know tests and texts about the code: nothing of them is in the extension', () => {
  const before = buildHash(root)
  write('src/two.test.ts', 'x')
  write('src/README.md', 'x')
  write('src/__snapshots__/two.test.ts.snap', 'x')
  expect(buildHash(root)).toBe(before)
})
