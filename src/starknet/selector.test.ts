import fc from 'fast-check'
import { hash } from 'starknet'
import { expect, test } from 'vitest'
import { felt } from '../core/felt.ts'
import { selectorOf } from './selector.ts'

test('transfer has the selector that everyone knows', () => {
  expect(selectorOf('transfer')).toBe('0x83afd3f4caedc6eebf44246fe54e38c95e3179a5ec9ea81740eca5b482d12e')
})

test('differential: 800 names, more than are kept, hash as in starknet.js, also when asked again', () => {
  const names = fc.sample(fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,40}$/), 800)
  for (const name of [...names, ...names]) expect(selectorOf(name)).toBe(felt(hash.getSelectorFromName(name)))
})

test('refuses: what is no name, hex and decimal selectors above all', () => {
  for (const bad of ['', '0x1', '123', 'a b', 'é', 'a-b', 'a'.repeat(129)]) {
    expect(() => selectorOf(bad)).toThrow(RangeError)
  }
})
