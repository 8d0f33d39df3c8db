import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import catalogue from '../../public/_locales/en/messages.json' with { type: 'json' }
import spanish from '../../public/_locales/es/messages.json' with { type: 'json' }
import { address, parseU256, type U256 } from './felt.ts'
import type { MessageKey } from './words.ts'
import {
  amount,
  clockText,
  count,
  duration,
  inner,
  type Line,
  line,
  list,
  parts,
  place,
  say,
  text,
  time,
  unitText,
} from './words.ts'

const STRK = { symbol: 'STRK', decimals: 18 }
/** Wednesday 26 Nov 2025, 13:05 UTC: 14:05 in Berlin. */
const now = 1_764_162_300
const voice = { locale: 'en', zone: 'Europe/Berlin', now }
const words = {
  ...catalogue,
  t_plain: { message: 'Costs $$5.' },
  t_worst: { message: 'At worst it spends $WHAT$ and $FEE$ of fees.' },
  t_aDay: { message: '$ALL$ ($EACH$ a day)' },
  t_actions_one: { message: '$N$ action' },
  t_actions_other: { message: '$N$ actions' },
  t_any: { message: 'any action' },
  t_until: { message: 'Until $END$ ($LONG$), $HOST$ may act: $ACTIONS$.' },
  t_one: { message: '$IT$' },
}
const own = (key: string, args?: Line['args']): Line => line(key as MessageKey, args)
const one = (arg: NonNullable<Line['args']>[string]) => say(own('t_one', { it: arg }), words, voice)
const strk = (units: string) => amount(units as U256, STRK)

describe('say', () => {
  test('puts arguments where the catalogue names them', () => {
    const worst = own('t_worst', { what: strk('25000000000000000000'), fee: strk('800000000000000000') })
    expect(say(worst, words, voice)).toBe('At worst it spends 25\u00a0STRK and 0.8\u00a0STRK of fees.')
  })
  test('writes a doubled dollar as one', () => {
    expect(say(own('t_plain'), words, voice)).toBe('Costs $5.')
  })
  test('refuses: a missing argument leaves no hole', () => {
    expect(() => say(own('t_worst', { what: strk('1') }), words, voice)).toThrow('t_worst lacks fee')
  })
  test('refuses: a key that nobody wrote', () => {
    expect(() => say(own('t_nothing'), words, voice)).toThrow('no t_nothing')
  })
  test('text of a site with dollar signs stays text', () => {
    expect(one(text('pay $FEE$ $$'))).toBe('pay $FEE$ $$')
  })
  test('the plural follows the count called n', () => {
    const actions = (n: number) => say(own('t_actions_other', { n: count(n) }), words, voice)
    expect([0, 1, 2, 2000].map(actions)).toEqual(['0 actions', '1 action', '2 actions', '2,000 actions'])
  })
  test('a list is written as the language does', () => {
    const all = [strk('1000000000000000000'), strk('20'), text('Ana')]
    expect(one(list(all.slice(0, 2)))).toBe('1\u00a0STRK and 0.00000000000000002\u00a0STRK')
    expect(one(list(all))).toBe('1\u00a0STRK, 0.00000000000000002\u00a0STRK, and Ana')
  })
})

describe('amounts', () => {
  test('all digits, grouped', () => {
    expect(one(strk('1234567890000000000000000001'))).toBe('1,234,567,890.000000000000000001\u00a0STRK')
    expect(one(strk('0'))).toBe('0\u00a0STRK')
  })
  test('2^127 and more is everything; one less is a number', () => {
    expect(one(strk((2n ** 127n).toString()))).toBe('everything in this account')
    expect(one(strk((2n ** 256n - 1n).toString()))).toBe('everything in this account')
    expect(one(strk((2n ** 127n - 1n).toString()))).toBe('170,141,183,460,469,231,731.687303715884105727\u00a0STRK')
  })
  test('a token nobody listed stands as its raw integer', () => {
    expect(one(amount('25000000' as U256))).toBe('25,000,000 of an unknown token')
  })
  test('estimates go up to four digits and say about', () => {
    const about = (units: string) => one({ kind: 'amount', amount: units as U256, token: STRK, about: true })
    expect(about('12340000000000001')).toBe('about 0.01235\u00a0STRK')
    expect(about('12340000000000000')).toBe('about 0.01234\u00a0STRK')
    expect(about('7')).toBe('about 0.000000000000000007\u00a0STRK')
  })
  test('property: no digit is lost, for any value and any decimals up to 30', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 127n - 1n), fc.integer({ min: 0, max: 30 }), (value, decimals) => {
        const said = one(amount(parseU256(value.toString())!, { symbol: 'X', decimals }))
        const [whole = '', fraction = ''] = said.replaceAll(',', '').replace('\u00a0X', '').split('.')
        expect(BigInt(whole + fraction.padEnd(decimals, '0'))).toBe(value)
        expect(unitText(value, decimals)).toBe(fraction === '' ? whole : `${whole}.${fraction}`)
      }),
    )
  })
})

describe('times', () => {
  test('a moment is today, tomorrow or a date, in the zone of the person', () => {
    expect(one(time(now))).toBe('today 14:05')
    expect(one(time(now + 86_400))).toBe('tomorrow 14:05')
    expect(one(time(now + 36_000))).toBe('tomorrow 00:05')
    expect(one(time(now + 5 * 86_400))).toBe('1\u00a0Dec 14:05')
    expect(one(time(now - 14 * 86_400))).toBe('12\u00a0Nov 14:05')
    expect(one(time(now + 60 * 86_400))).toBe('25\u00a0Jan\u00a02026 14:05')
  })
  test('a day with another length is still the next day', () => {
    const beforeChange = { locale: 'en', zone: 'Europe/Berlin', now: 1_761_433_200 } // 26 Oct 2025 01:00, clocks go back
    expect(say(own('t_one', { it: time(1_761_433_200 + 86_400) }), words, beforeChange)).toBe('tomorrow 00:00')
  })
  test('windows of the calendar say UTC', () => {
    expect(one(time(now - (now % 86_400) + 86_400, 'utc'))).toBe('00:00\u00a0UTC')
    expect(one(time(now + 3 * 86_400, 'utc'))).toBe('29\u00a0Nov\u00a013:05\u00a0UTC')
  })
  test('without a zone it is that of the computer, also after that has changed', () => {
    const own = process.env.TZ
    try {
      process.env.TZ = 'UTC'
      expect(clockText(0, 'en', undefined)).toBe('00:00')
      process.env.TZ = 'Asia/Tokyo'
      expect(clockText(0, 'en', undefined)).toBe('09:00')
      // In the winter both are an hour from UTC, in the summer one is two.
      const [winter, summer] = [1_764_162_300, 1_784_032_800]
      for (const [zone, said] of [
        ['Europe/Berlin', '14:40'],
        ['Africa/Lagos', '13:40'],
      ] as const) {
        process.env.TZ = zone
        expect(clockText(winter, 'en', undefined)).toBe('14:05')
        expect(clockText(summer, 'en', undefined)).toBe(said)
      }
    } finally {
      if (own === undefined) delete process.env.TZ
      else process.env.TZ = own
    }
  })
  test('durations are exact', () => {
    const said = [0, 59, 3_600, 7_200, 11_100, 86_400, 604_800, 90_061].map((it) => one(duration(it)))
    expect(said).toEqual(['0 s', '59 s', '1 hour', '2 h', '3 h 5 min', '1 day', '7 days', '1 day 1 h 1 min 1 s'])
  })
})

describe('addresses', () => {
  const arena = address('0x1c37a529be04f186d2ac95e7b3380f1d46aa2c97751e08b3fd0629c4e15a09e')
  test('a name when the wallet has one, else all 66 characters in groups of 4', () => {
    expect(one(place(arena, 'Arena'))).toBe('Arena')
    const said = one(place(arena))
    expect(said).toBe('0x01c3 7a52 9be0 4f18 6d2a c95e 7b33 80f1 d46a a2c9 7751 e08b 3fd0 629c 4e15 a09e')
    expect(said.replaceAll(' ', '')).toHaveLength(66)
  })
})

describe('parts', () => {
  const strong = (it: Line) =>
    parts(it, words, voice)
      .filter((part) => part.strong)
      .map((part) => part.text)
  test('ends, counts with their nouns and amounts stand out; what is in brackets does not', () => {
    const until = own('t_until', {
      end: time(now + 86_400),
      long: duration(86_400),
      host: text('play.g.io'),
      actions: inner(own('t_actions_other', { n: count(2) })),
    })
    expect(strong(until)).toEqual(['tomorrow 14:05', '2 actions'])
    const windows = own('t_aDay', { all: strk('70000000000000000000'), each: strk('10000000000000000000') })
    expect(strong(own('t_worst', { what: inner(windows), fee: strk('1') }))).toEqual([
      '70\u00a0STRK',
      '0.000000000000000001\u00a0STRK',
    ])
    expect(strong(own('t_one', { it: inner(own('t_any')) }))).toEqual(['any action'])
  })
  test('joined they are the sentence', () => {
    const worst = own('t_worst', { what: list([strk('1'), strk('2')]), fee: strk('3') })
    expect(
      parts(worst, words, voice)
        .map((part) => part.text)
        .join(''),
    ).toBe(say(worst, words, voice))
  })
})

describe('Spanish', () => {
  const es = { locale: 'es', zone: 'Europe/Berlin', now }
  const dicho = (it: Line) => say(it, spanish, es)

  test('writes figures, lists and its own plurals, also of whole millions', () => {
    const acts = (n: number) => dicho(line('policy_actions_other', { n: count(n) }))
    expect([0, 1, 2, 12_000, 1_000_000, 1_000_001].map(acts)).toEqual([
      ...['0 acciones', '1 acción', '2 acciones', '12.000 acciones'],
      ...['1.000.000 de acciones', '1.000.001 acciones'],
    ])
    const sums = list([strk('12345500000000000000000'), strk('800000000000000000'), strk('1')])
    expect(dicho(line('policy_worstSpendFree', { list: sums }))).toBe(
      'En el peor caso gasta 12.345,5\u00a0STRK, 0,8\u00a0STRK y 0,000000000000000001\u00a0STRK.',
    )
  })
  test('writes moments and lengths of time', () => {
    const end = (at: number) => dicho(line('policy_end', { end: time(at) }))
    expect([now, now + 86_400, now + 2 * 86_400].map(end)).toEqual([
      ...['Hasta hoy, 14:05.', 'Hasta mañana, 14:05.', 'Hasta el 28\u00a0nov, 14:05.'],
    ])
    expect(end(now + 86_400 * 366)).toBe('Hasta el 27\u00a0nov\u00a02026, 14:05.')
    expect(dicho(line('reason_gap', { period: duration(86_400 + 3_600 * 3 + 60) }))).toBe(
      'Demasiado rápido: otra vez en 1 día 3 h 1 min.',
    )
  })
})
