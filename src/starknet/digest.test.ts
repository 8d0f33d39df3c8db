import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hmac, sha256, utf8 } from './digest.ts'

const anyCharacter = fc.integer({ min: 0, max: 0x10ffff - 0x800 }).map((code) => {
  return String.fromCodePoint(code < 0xd800 ? code : code + 0x800)
})

test('sha256 of "abc" is that of FIPS 180-4', () => {
  expect(sha256('abc')).toBe('0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})

test('differential: text and bytes hash as in OpenSSL', () => {
  fc.assert(
    fc.property(fc.string({ unit: anyCharacter }), fc.uint8Array(), (text, bytes) => {
      expect(sha256(text)).toBe(`0x${createHash('sha256').update(text, 'utf8').digest('hex')}`)
      expect(sha256(bytes)).toBe(`0x${createHash('sha256').update(bytes).digest('hex')}`)
      expect(utf8(text)).toEqual(Uint8Array.from(Buffer.from(text, 'utf8')))
    }),
  )
})

test('differential: hmac as in OpenSSL, also with keys longer than a block', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.uint8Array(), (key, bytes) => {
      expect(hmac(key, bytes)).toEqual(Uint8Array.from(createHmac('sha256', key).update(bytes).digest()))
    }),
  )
})

test('refuses: half a surrogate pair, which would hash like another text', () => {
  for (const bad of ['\ud800', 'a\udc00', '\ud800\ud800\udc00']) expect(() => sha256(bad)).toThrow(RangeError)
  expect(() => sha256('😀')).not.toThrow()
})
