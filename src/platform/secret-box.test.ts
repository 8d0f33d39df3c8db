import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes as nodeRandom } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  aad,
  bytesOf,
  hexOf,
  hkdf,
  joined,
  newWrapKey,
  open,
  randomBytes,
  rowMac,
  sameBytes,
  seal,
  utf8,
  wipe,
} from './secret-box.ts'

const un = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'))
const FIELDS = ['latchkey/1', 'aa', 'vault', 'owner/0x1', '1', '1']

describe('hkdf', () => {
  // The others have an `info` that is no text; the next test covers it.
  it('F6: RFC 5869 vector A.3', () => {
    expect(hexOf(hkdf(un('0b'.repeat(22)), new Uint8Array(0), '', 42))).toBe(
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    )
  })

  it('F6: equals node:crypto', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 64 }),
        fc.uint8Array({ maxLength: 32 }),
        fc.string({ unit: 'binary', maxLength: 40 }),
        fc.integer({ min: 1, max: 100 }),
        (ikm, salt, info, length) => {
          const expected = Buffer.from(hkdfSync('sha256', ikm, salt, utf8(info), length)).toString('hex')
          expect(hexOf(hkdf(ikm, salt, info, length))).toBe(expected)
        },
      ),
      { numRuns: 100 },
    )
  })
})

describe('seal and open', () => {
  it('F6: 50 round trips, with raw keys and wrapping keys, an IV of its own each time', async () => {
    const wrap = await newWrapKey()
    const ivs = new Set<string>()
    for (let i = 0; i < 50; i++) {
      const key = i % 2 === 0 ? randomBytes(32) : wrap
      const plain = randomBytes(i * 7)
      const sealed = await seal(key, plain, FIELDS)
      ivs.add(hexOf(sealed.iv))
      expect(sealed.ct).toHaveLength(plain.length + 16)
      expect(await open(key, sealed, FIELDS)).toEqual(plain)
    }
    expect(ivs.size).toBe(50)
    await expect(crypto.subtle.exportKey('raw', wrap)).rejects.toThrow()
  })

  it('F6: opens what node:crypto has sealed, and the other way round', async () => {
    for (let i = 0; i < 50; i++) {
      const [key, iv, plain] = [randomBytes(32), randomBytes(12), randomBytes(i)]
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(aad(FIELDS))
      const ct = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
      expect(await open(key, { iv, ct: new Uint8Array(ct) }, FIELDS)).toEqual(plain)
      const ours = await seal(key, plain, FIELDS)
      const decipher = createDecipheriv('aes-256-gcm', key, ours.iv).setAAD(aad(FIELDS)).setAuthTag(ours.ct.slice(-16))
      const back = Buffer.concat([decipher.update(ours.ct.slice(0, -16)), decipher.final()])
      expect(new Uint8Array(back)).toEqual(plain)
    }
  })

  it("F6: the platform gives the GCM specification's test case 16", async () => {
    const key = await crypto.subtle.importKey(
      'raw',
      un('feffe9928665731c6d6a8f9467308308'.repeat(2)),
      'AES-GCM',
      false,
      ['encrypt'],
    )
    const plain = un(`d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72
      1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39`)
    const ct = await crypto.subtle.encrypt(
      {
        name: 'AES-GCM',
        iv: un('cafebabefacedbaddecaf888'),
        additionalData: un('feedfacedeadbeeffeedfacedeadbeefabaddad2'),
      },
      key,
      plain,
    )
    expect(hexOf(new Uint8Array(ct))).toBe(
      hexOf(
        un(`522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa
        8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662 76fc6ece0f4e1768cddf8853bb2d551b`),
      ),
    )
  })

  it('F6: refuses: each of the 8,192 bit flips of a 1 KiB record', async () => {
    const key = await newWrapKey()
    const { iv, ct } = await seal(key, randomBytes(1024 - 12 - 16), FIELDS)
    const record = joined([iv, ct])
    expect(record).toHaveLength(1024)
    let opened = 0
    for (let bit = 0; bit < 8 * record.length; bit++) {
      const flipped = record.slice()
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      const found = await open(key, { iv: flipped.slice(0, 12), ct: flipped.slice(12) }, FIELDS)
      if (found !== undefined) opened += 1
    }
    expect(opened).toBe(0)
    expect(await open(key, { iv, ct }, FIELDS)).toBeDefined()
  })

  it('F6: refuses: another key, other fields, a short record, a short tag', async () => {
    const key = randomBytes(32)
    const { iv, ct } = await seal(key, utf8('secret'), FIELDS)
    for (let i = 0; i < 50; i++) expect(await open(randomBytes(32), { iv, ct }, FIELDS)).toBeUndefined()
    for (const [i] of FIELDS.entries()) {
      const other = FIELDS.map((field, at) => (at === i ? `${field}x` : field))
      expect(await open(key, { iv, ct }, other)).toBeUndefined()
    }
    expect(await open(key, { iv, ct }, [...FIELDS, ''])).toBeUndefined()
    expect(await open(key, { iv, ct }, FIELDS.slice(0, -1))).toBeUndefined()
    for (const length of [0, 4, 15, ct.length - 1]) {
      expect(await open(key, { iv, ct: ct.slice(0, length) }, FIELDS)).toBeUndefined()
    }
    expect(await open(key, { iv: iv.slice(1), ct }, FIELDS)).toBeUndefined()
    await expect(seal(randomBytes(16), ct, FIELDS)).rejects.toThrow(RangeError)
    await expect(seal(new Uint8Array(32), ct, FIELDS)).rejects.toThrow('wiped')
    await expect(open(new Uint8Array(32), { iv, ct }, FIELDS)).rejects.toThrow('wiped')
  })
})

describe('aad', () => {
  it('property: two lists of fields have the same bytes only if they are the same', () => {
    const fields = fc.array(fc.string({ unit: 'binary-ascii', maxLength: 3 }), { maxLength: 4 })
    fc.assert(
      fc.property(fields, fields, (a, b) => {
        expect(sameBytes(aad(a), aad(b))).toBe(JSON.stringify(a) === JSON.stringify(b))
      }),
      { numRuns: 500 },
    )
    expect(aad(['ab', ''])).toEqual(un('00000002 00000002 6162 00000000'))
    expect(sameBytes(aad(['ab', 'c']), aad(['a', 'bc']))).toBe(false)
  })
})

describe('rowMac', () => {
  it('F6: equals HMAC of node:crypto over fields and row', () => {
    for (let i = 0; i < 100; i++) {
      const [key, row] = [nodeRandom(32), nodeRandom(i * 11)]
      const expected = createHmac('sha256', key).update(aad(FIELDS)).update(row).digest()
      expect(new Uint8Array(expected)).toEqual(rowMac(key, FIELDS, row))
    }
  })
})

describe('bytes', () => {
  it('hex goes there and back, and nothing else is hex', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
    expect(bytesOf(hexOf(bytes))).toEqual(bytes)
    expect(bytesOf('')).toEqual(new Uint8Array(0))
    for (const bad of ['0', 'AB', '0x00', 'zz', '00 ', '00\n']) expect(bytesOf(bad)).toBeUndefined()
  })

  it('wipes in place, and tells equal bytes from different ones', () => {
    const secret = randomBytes(32)
    const copy = secret.slice()
    expect(sameBytes(secret, copy)).toBe(true)
    copy[31]! ^= 128
    expect(sameBytes(secret, copy)).toBe(false)
    expect(sameBytes(secret, secret.slice(1))).toBe(false)
    wipe(secret)
    expect(secret).toEqual(new Uint8Array(32))
  })
})
