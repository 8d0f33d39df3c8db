import { describe, expect, test } from 'vitest'
import manifest from '../manifest.json' with { type: 'json' }
import { CODES } from './core/errors.ts'
import { dapp } from './core/protocol/dapp.ts'

/** What others can see or rely on. A change here is meant, or it is a mistake: `npx vitest run src/surface.test.ts -u`. */
describe('surface', () => {
  test('the methods a page may call', () => {
    expect(Object.keys(dapp).sort()).toMatchSnapshot()
  })

  test('the errors a page can meet', () => {
    expect(CODES).toMatchSnapshot()
  })

  test('what the extension asks of the browser', () => {
    const { key, icons, name, default_locale, version, ...asked } = manifest
    expect(asked).toMatchSnapshot()
  })

  test('an id that does not move: the public key of the manifest gives the one people have', async () => {
    const der = Uint8Array.from(atob(manifest.key), (char) => char.charCodeAt(0))
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', der))
    const nibbles = [...hash.slice(0, 16)].flatMap((byte) => [byte >> 4, byte & 15])
    expect(nibbles.map((nibble) => 'abcdefghijklmnop'[nibble]).join('')).toMatchSnapshot()
  })
})
