import { ec } from 'starknet'
import { describe, expect, test } from 'vitest'
import { felt } from '../core/felt.ts'
import { ORDER, publicKey } from '../starknet/curve.ts'
import { sha256 } from '../starknet/digest.ts'
import { checkPhrase, grindKey, guardianKey, newPhrase, openPhrase, openSecret, ownerKey, WORDS } from './phrase.ts'

const TEST = 'test test test test test test test test test test test junk'
const hexOf = (bytes: Uint8Array) => felt(`0x${Buffer.from(bytes).toString('hex')}`)
const bytesOf = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'))

describe('derivation', () => {
  const keys = openPhrase(TEST)

  test('owner keys 0 and 1 of the test phrase are those of Ready', () => {
    expect(hexOf(keys.owner(0))).toBe('0xeb2609ea42924e99d0d5aa50ef056210a985a69bc53b50e48cfa3ae954ffc0')
    expect(publicKey(keys.owner(0))).toBe('0x2b4201ec5ba569ff110cb1b4bc615a44c09e30dd9d5ed28b64be7721bb6fc0b')
    expect(hexOf(keys.owner(1))).toBe('0x779b5c81376270a927117286cdbdf59b32d238d6b63cdf2255996a800dba5da')
    expect(publicKey(keys.owner(1))).toBe('0x75864c245f432117df2bbe87abba5826bcf34d9b53b36bdba0b1873ba0a683')
  })

  test("the standard scheme is the phrase's own tree: other keys, and none that both have", () => {
    const standard = openPhrase(TEST, 'standard')
    expect(publicKey(standard.owner(0))).toBe('0x7f0ecd1ec6159e6a7c70084aaa7d693d9113149b80ab72618602a185e2c1f2b')
    const all = [keys, standard].flatMap((it) => [it.owner(0), it.owner(1), it.guardian(0, 0), it.guardian(0, 1)])
    expect(new Set(all.map(hexOf)).size).toBe(8)
    standard.wipe()
    expect(() => standard.owner(0)).toThrow()
  })

  test('it is not the one-stage derivation, which leads to other keys', () => {
    for (let index = 0; index < 5; index++) {
      expect(publicKey(keys.owner(index))).not.toBe('0x7f0ecd1ec6159e6a7c70084aaa7d693d9113149b80ab72618602a185e2c1f2b')
    }
  })

  test('guardian keys of generations 0 and 1', () => {
    expect(hexOf(keys.guardian(0, 0))).toBe('0x711b77b77b524ea231fa93cb0cd0e9dcb6bb34e91e17d44cf2ff15ab461290c')
    expect(publicKey(keys.guardian(0, 0))).toBe('0x2a215aee6059e01fe43492137521ca2ba5d5f6b3f7805b3a5a8294c1a9c9afd')
    expect(hexOf(keys.guardian(0, 1))).toBe('0x28366a1dabd01a2611b24582eecba7e9da8e8d26235c109cf08d4c120dad52c')
    expect(publicKey(keys.guardian(0, 1))).toBe('0x13fef37a8af09c65844cc557cfadcb22ecd3483144676039cf1ebe36cf1d4e4')
  })

  test('owner and guardian keys of all indices are distinct', () => {
    const all = [0, 1, 2].flatMap((index) => [keys.owner(index), keys.guardian(index, 0), keys.guardian(index, 1)])
    expect(new Set(all.map(hexOf)).size).toBe(9)
  })

  test('one by one they are the same keys', () => {
    expect(ownerKey(TEST, 1)).toEqual(keys.owner(1))
    expect(guardianKey(TEST, 0, 1)).toEqual(keys.guardian(0, 1))
  })

  test('the second stage alone: the secret of the test phrase, and a published secret at index 5', () => {
    const ours = openSecret(bytesOf('ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'))
    expect(ours.owner(0)).toEqual(keys.owner(0))
    expect(ours.guardian(0, 1)).toEqual(keys.guardian(0, 1))
    const other = openSecret(bytesOf('e6904d63affe7a13cd30345b000c9b1ffc087832332d7303cf237ffda8a177d0'))
    expect(publicKey(other.owner(5))).toBe('0x5c7c65bfda7a85af0681c85c9c440f0aa6825feef6f9c96e55fb2ce08c8d4bc')
  })

  test('leading zero bytes of the first secret are dropped, as Ready does', () => {
    // This phrase's secret is 00ab00c3…416c; with the zero kept, its owner key would be another (0x571b18…e30a).
    const phrase = newPhrase(bytesOf('00000000000000000000000000000062'))
    expect(publicKey(ownerKey(phrase, 0))).toBe('0x56de7f825a1ee931e76a51665f4670551381731b21e3c04fee5f08a4d605a83')
  })

  test('refuses: child numbers that are none', () => {
    for (const bad of [-1, 0.5, 2 ** 31, Number.NaN]) {
      expect(() => keys.owner(bad)).toThrow(RangeError)
      expect(() => keys.guardian(bad, 0)).toThrow(RangeError)
      expect(() => keys.guardian(0, bad)).toThrow(RangeError)
    }
  })

  test('refuses: a broken phrase, and any key after wiping', () => {
    expect(() => openPhrase('test test test')).toThrow()
    const wiped = openPhrase(TEST)
    wiped.wipe()
    expect(() => wiped.owner(0)).toThrow()
    expect(() => wiped.guardian(0, 0)).toThrow()
  })
})

describe('grindKey', () => {
  test('the published vector', () => {
    const seed = bytesOf('86F3E7293141F20A8BAFF320E8EE4ACCB9D4A4BF2B4D295E8CEE784DB46E0519')
    expect(hexOf(grindKey(seed))).toBe('0x5c8c8683596c732541a59e03007b2d30dbbbb873556fe65b5fb63c16688f941')
  })

  test('differential: 200 seeds grind as in starknet.js, first tries that fail included', () => {
    const limit = 2n ** 256n - (2n ** 256n % ORDER)
    let later = 0
    for (let at = 0; at < 200; at++) {
      const hex = felt(at * 7919 + 1)
        .slice(2)
        .padStart(64, '0')
      if (BigInt(sha256(bytesOf(`${hex}00`))) >= limit) later++
      expect(hexOf(grindKey(bytesOf(hex)))).toBe(felt(`0x${ec.starkCurve.grindKey(hex)}`))
    }
    // About every 32nd: the second try is reached.
    expect(later).toBeGreaterThan(0)
  })
})

describe('checkPhrase', () => {
  test('takes what people type: capitals, line breaks, spaces around', () => {
    expect(checkPhrase(`  Test ${TEST.slice(5).replaceAll(' ', '\n\t ')} `)).toEqual({ ok: true, phrase: TEST })
  })

  test('every length from 12 to 24 words, of fresh entropy, comes back', () => {
    for (const [bytes, words] of [
      [16, 12],
      [20, 15],
      [24, 18],
      [28, 21],
      [32, 24],
    ] as const) {
      const phrase = newPhrase(Uint8Array.from({ length: bytes }, (_, at) => (at * 37 + bytes) & 255))
      expect(phrase.split(' ')).toHaveLength(words)
      expect(checkPhrase(phrase)).toEqual({ ok: true, phrase })
    }
  })

  test('says which word is not on the list, before anything else', () => {
    expect(checkPhrase(TEST.replace('junk', 'jumk'))).toEqual({ ok: false, why: 'word', word: 11 })
    expect(checkPhrase('test tesst')).toEqual({ ok: false, why: 'word', word: 1 })
  })

  test('refuses: a number of words that no phrase has, and none at all', () => {
    expect(checkPhrase('test test')).toEqual({ ok: false, why: 'count' })
    expect(checkPhrase(`${TEST} test`)).toEqual({ ok: false, why: 'count' })
    expect(checkPhrase(' ')).toEqual({ ok: false, why: 'count' })
  })

  test('refuses: a checksum that is wrong', () => {
    expect(checkPhrase(TEST.replace('junk', 'test'))).toEqual({ ok: false, why: 'checksum' })
  })

  test('refuses: entropy of another length', () => {
    expect(() => newPhrase(new Uint8Array(15))).toThrow()
  })

  test('the list has 2048 words, told apart by their first four letters', () => {
    expect(new Set(WORDS.map((word) => word.slice(0, 4))).size).toBe(2048)
  })
})
