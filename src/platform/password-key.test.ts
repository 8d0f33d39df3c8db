import { scryptSync } from 'node:crypto'
import { scryptAsync } from '@noble/hashes/scrypt'
import { describe, expect, it, vi } from 'vitest'
import { deriveKey, isAcceptedKdf, newKdf } from './password-key.ts'
import { hexOf, randomBytes } from './secret-box.ts'

// A key derivation takes half a second on a free core and several on a busy one.
vi.setConfig({ testTimeout: 60_000 })

describe('deriveKey', () => {
  it('F6: equals scrypt of node:crypto over the NFKC form, so that "ﬁ" typed as one character is "fi"', async () => {
    const params = newKdf(2 ** 17, randomBytes(32))
    const key = await deriveKey('Paßwort ﬁ Å', params)
    const expected = scryptSync('Paßwort fi Å', params.salt, 32, { N: 2 ** 17, r: 8, p: 1, maxmem: 2 ** 28 })
    expect(hexOf(key)).toBe(expected.toString('hex'))
  })

  it('T21: refuses: every cost but the three, without doing any work', async () => {
    const good = newKdf(2 ** 17, randomBytes(32))
    expect([2 ** 17, 2 ** 18, 2 ** 19].every((N) => isAcceptedKdf({ ...good, N }))).toBe(true)
    const bad = [
      ...[1, 2, 2 ** 14, 2 ** 16, 2 ** 17 - 1, 2 ** 17 + 1, 2 ** 20, 2 ** 30].map((N) => ({ ...good, N })),
      { ...good, r: 1 },
      { ...good, r: 16 },
      { ...good, p: 2 },
      { ...good, salt: randomBytes(31) },
      { ...good, kdf: 'pbkdf2' as 'scrypt' },
    ]
    const password = {
      normalize: () => {
        throw new Error('worked')
      },
    } as unknown as string
    for (const params of bad) {
      expect(isAcceptedKdf(params)).toBe(false)
      await expect(deriveKey(password, params)).rejects.toThrow(RangeError)
    }
    await expect(deriveKey(password, good)).rejects.toThrow('worked')
  })

  // Section 12 of the RFC: text, salt, N, r, p, key.
  it.each([
    [
      '',
      '',
      16,
      1,
      1,
      '77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906',
    ],
    [
      'password',
      'NaCl',
      1024,
      8,
      16,
      'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
    ],
    [
      'pleaseletmein',
      'SodiumChloride',
      16384,
      8,
      1,
      '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
    ],
  ])('F6: RFC 7914 vector %j %j', async (text, salt, N, r, p, key) => {
    expect(hexOf(await scryptAsync(text, salt, { N, r, p, dkLen: 64, asyncTick: 1 }))).toBe(key)
  })
})
