// @vitest-environment happy-dom
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { type Catalogue, unitText } from '../core/words.ts'
import { clock, glance, LANGUAGES, languageOf, left, speak, t, typedAmount } from './words.ts'

describe('typedAmount', () => {
  test('reads what a person types, in their language', () => {
    expect(typedAmount('12.5', 18)).toBe(12_500_000_000_000_000_000n)
    expect(typedAmount('1,234.5', 2)).toBe(123_450n)
    expect(typedAmount(' 0 ', 18)).toBe(0n)
    expect(typedAmount('1.234,5', 2, 'de')).toBe(123_450n)
    expect(typedAmount('200', 0)).toBe(200n)
  })
  test.each(['', '.', '1.', '.5', '-1', '1e3', '0x10', '1.2.3', '12,34', '1,2345', '1 000', '٣', 'Infinity'])(
    'refuses: %j is not an amount',
    (typed) => {
      expect(typedAmount(typed, 18)).toBeUndefined()
    },
  )
  test('refuses: more digits than the token has, instead of rounding', () => {
    expect(typedAmount('1.5', 0)).toBeUndefined()
    expect(typedAmount('0.0000001', 6)).toBeUndefined()
    expect(typedAmount('0.1000000', 1)).toBe(1n)
  })
  test('property: what a field shows is read back as the same amount', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 127n), fc.integer({ min: 0, max: 18 }), (value, decimals) => {
        expect(typedAmount(unitText(value, decimals), decimals)).toBe(value)
      }),
    )
  })
})

test('a balance at a glance is never more than there is', () => {
  const strk = { symbol: 'STRK', decimals: 18 }
  expect(glance('31999999999999999999', strk)).toBe('31.9999')
  expect(glance('4299999999999999', strk)).toBe('0.004299')
  expect(glance('1', strk)).toBe('0.000000000000000001')
  expect(glance('0', strk)).toBe('0')
})

test('time left is cut to its largest unit, never more than there is', () => {
  clock.value = 1_764_162_300
  expect(left(clock.value + 86_399)).toBe('23 h left')
  expect(left(clock.value + 3_600)).toBe('1 hour left')
  expect(left(clock.value + 59)).toBe('59 s left')
  expect(left(clock.value - 5)).toBe('0 s left')
})

describe('the language', () => {
  const chosen = (code: string | undefined, ...browser: string[]) => languageOf(code, browser).code
  const english = { code: 'en', name: 'English' }
  const spanish = languageOf('es', [])
  afterAll(() => speak(english))

  test('is the first of the browser’s that is shipped, and English where none is', () => {
    expect(chosen(undefined, 'de-DE', 'es-MX', 'en')).toBe('es')
    expect(chosen(undefined, 'en-GB', 'es')).toBe('en')
    expect(chosen(undefined, 'fr', 'est')).toBe('en')
    expect(chosen(undefined, 'e', '', 'not a tag')).toBe('en')
  })
  test('is the chosen one, whatever the browser speaks', () => {
    expect(chosen('es', 'en-GB')).toBe('es')
    expect(chosen('en', 'es')).toBe('en')
    expect(chosen('gone', 'es')).toBe('en')
  })
  test('of another script is another language', () => {
    const read = (tag: string) => chosen(undefined, tag)
    expect(['zh', 'zh-CN', 'zh-SG', 'zh-Hans-HK'].map(read)).toEqual(['zh-CN', 'zh-CN', 'zh-CN', 'zh-CN'])
    expect(['zh-TW', 'zh-HK', 'zh-Hant'].map(read)).toEqual(['en', 'en', 'en'])
  })
  test('every catalogue that is shipped can be chosen', () => {
    const folders = readdirSync(join(import.meta.dirname, '../../public/_locales'))
    expect(LANGUAGES.map(({ code }) => code.replace('-', '_')).sort()).toEqual(folders.sort())
  })
  test('each one is read, and says its own words', async () => {
    for (const language of LANGUAGES) {
      await speak(language)
      expect(document.documentElement.lang).toBe(language.code)
      expect(t('ui_refuse') === 'Refuse').toBe(language.code === 'en')
    }
  })
  test('a catalogue that lacks a sentence says it in English; one that cannot be read leaves what there is', async () => {
    await speak(spanish)
    await expect(speak({ code: 'xx', name: 'x', load: () => Promise.reject(new Error('gone')) })).rejects.toThrow(
      'gone',
    )
    expect(t('ui_refuse')).toBe('Rechazar')
    await speak({ code: 'es', name: 'x', load: async () => ({ ui_lock: { message: 'Bloquear' } }) })
    expect([t('ui_lock'), t('ui_refuse')]).toEqual(['Bloquear', 'Refuse'])
  })
  test('chosen last is spoken, though one chosen before is read slower', async () => {
    let arrive = (_: Catalogue) => {}
    const slow = new Promise<Catalogue>((done) => {
      arrive = done
    })
    const first = speak({ code: 'es', name: 'x', load: () => slow })
    await speak(english)
    arrive({ ui_refuse: { message: 'Rechazar' } })
    await first
    expect([t('ui_refuse'), document.documentElement.lang]).toEqual(['Refuse', 'en'])
  })
  test('an amount typed in Spanish has a comma; what an English reader would mean by a point is refused', () => {
    expect(typedAmount('12,5', 18, 'es')).toBe(12_500_000_000_000_000_000n)
    expect(typedAmount('12.345,5', 1, 'es')).toBe(123_455n)
    expect(typedAmount('12.5', 18, 'es')).toBeUndefined()
    expect(typedAmount('1.234', 18, 'es')).toBeUndefined()
  })
})
