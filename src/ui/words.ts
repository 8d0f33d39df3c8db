import { computed, signal } from '@preact/signals'
import en from '../../public/_locales/en/messages.json'
import { type Felt, padded } from '../core/felt.ts'
import type { Seconds, UnixSeconds } from '../core/time.ts'
import {
  type Arg,
  type Catalogue,
  clockText,
  count,
  digits,
  type Line,
  line,
  type MessageKey,
  say,
  type TokenName,
  text,
  unitText,
  type Voice,
} from '../core/words.ts'

const ENGLISH: Language = { code: 'en', name: 'English' }
/** Shipped languages by their BCP 47 code, each by its own name. English is in the first paint; others are read when chosen. */
export const LANGUAGES: readonly Language[] = [
  ENGLISH,
  {
    code: 'es',
    name: 'Español',
    load: () => import('../../public/_locales/es/messages.json').then((it) => it.default),
  },
  {
    code: 'zh-CN',
    name: '简体中文',
    load: () => import('../../public/_locales/zh_CN/messages.json').then((it) => it.default),
  },
]
export interface Language {
  readonly code: string
  readonly name: string
  readonly load?: () => Promise<Catalogue>
}

let turns = 0
const reading = signal<{ readonly catalogue: Catalogue; readonly locale: string }>({ catalogue: en, locale: 'en' })

/** The catalogue of the language that is read now: in a component, the component follows it. */
export const catalogue = (): Catalogue => reading.value.catalogue

/** Of what the person chose or, without a choice, the browser's languages in order; English where none is shipped. */
export function languageOf(chosen: string | undefined, browser: readonly string[], shipped = LANGUAGES): Language {
  const wanted = chosen === undefined ? browser : [chosen]
  const found = wanted.flatMap((tag) => shipped.filter(({ code }) => writtenIn(tag) === writtenIn(code)))
  return found[0] ?? ENGLISH
}

/** Language and script: `es-MX` is read as `es`, `zh` and `zh-SG` as `zh-CN`, `zh-TW` as neither. What is no tag is its own. */
function writtenIn(tag: string): string {
  try {
    const { language, script } = new Intl.Locale(tag).maximize()
    return `${language}-${script}`
  } catch {
    return tag
  }
}

/**
 * Sentences of another language from here on. A catalogue that lacks a sentence says it in English; one that cannot be read
 * leaves the language that there is; so does one that is read slower than the next one chosen.
 */
export async function speak({ code, load }: Language): Promise<void> {
  const turn = ++turns
  const own = load === undefined ? {} : await load()
  if (turn !== turns) return
  reading.value = { catalogue: { ...en, ...own }, locale: localeFor(code) }
  document.documentElement.lang = code
  document.documentElement.dir = isRightToLeft(code) ? 'rtl' : 'ltr'
}

/** The browser's own kind of a language: dates and numbers of en-GB in English. */
function localeFor(code: string): string {
  return navigator.languages.find((tag) => tag === code || tag.startsWith(`${code}-`)) ?? code
}

/** Scripts that run from right to left, among the languages that a browser may name. */
export function isRightToLeft(code: string): boolean {
  return /^(ar|fa|he|ur|ps|ckb|dv|ug|yi|sd)\b/.test(code)
}

/** The worker's clock, moved on here between two Views. */
export const clock = signal<UnixSeconds>(0)
/** The same, by the minute: for what would be drawn again each second and look as before. */
export const minute = computed(() => Math.floor(clock.value / 60) * 60)

reading.value = { catalogue: en, locale: localeFor('en') }
const locale = (): string => reading.value.locale
export const voice = (): Voice => ({
  locale: locale(),
  // Read only by a sentence with a time in it, which names the day: whoever says another does not follow the clock.
  get now() {
    return minute.value
  },
  ...(isRightToLeft(locale()) ? { isolates: true } : {}),
})

export const said = (it: Line): string => say(it, catalogue(), voice())
/** A fixed sentence of the screens. */
export const t = (key: MessageKey, args?: Readonly<Record<string, Arg>>): string => said(line(key, args))
export const plural = (key: MessageKey, n: number): string => t(key, { n: count(n) })

/** "14:05" */
export const clockOf = (at: UnixSeconds): string => clockText(at, locale(), undefined)
/** "tomorrow 14:05" */
export const moment = (at: UnixSeconds): string => t('ui_moment', { at: { kind: 'time', at, form: 'moment' } })

/** The largest unit alone, cut: "22 h", "5 days". Never more than there is. */
function roughly(seconds: Seconds): string {
  const unit = [86_400, 3_600, 60].find((size) => seconds >= size) ?? 1
  const whole = Math.max(0, Math.floor(seconds / unit) * unit)
  return t('ui_duration', { for: { kind: 'duration', seconds: whole } })
}
export const left = (until: UnixSeconds): string => t('ui_left', { time: text(roughly(until - clock.value)) })
export const ago = (at: UnixSeconds): string =>
  clock.value - at < 60 ? t('ui_now') : t('ui_ago', { time: text(roughly(clock.value - at)) })

/** Six digits in front, four behind: only where a name stands beside it, or all digits are one press away. */
export function shortAddress(address: Felt): string {
  const full = padded(address)
  return `${full.slice(0, 6)}…${full.slice(-4)}`
}

/** A balance at a glance: at most 4 decimals, or 4 figures of a small one, cut downwards. The exact one stands beside it. */
export function glance(amount: string, token: TokenName): string {
  const value = BigInt(amount)
  const whole = value / 10n ** BigInt(token.decimals)
  const length = value.toString().length
  const kept = whole > 0n ? 4 : Math.max(4, token.decimals - length + 4)
  const unit = 10n ** BigInt(Math.max(0, token.decimals - kept))
  return digits((value / unit) * unit, token.decimals, { locale: locale() })
}
export const exactly = (amount: string, token: TokenName): string =>
  `${digits(BigInt(amount), token.decimals, { locale: locale() })}\u00a0${token.symbol}`

/** What an input holds at first: no grouping, the language's own decimal sign. */
export const fieldText = (value: string, decimals: number): string =>
  unitText(BigInt(value), decimals).replace('.', decimalSign())

/**
 * Reads what a person typed, in their language, as base units. Nothing is rounded or guessed: more digits than the token
 * has, or groups set in another way than the language sets them, are not a number.
 */
export function typedAmount(typed: string, decimals: number, inLocale = locale()): bigint | undefined {
  const format = new Intl.NumberFormat(inLocale)
  const group = format.formatToParts(1_234_567).find((piece) => piece.type === 'group')?.value
  const [whole = '', fraction = '', ...rest] = typed.trim().split(decimalSign(inLocale))
  const plain = group === undefined ? whole : whole.replaceAll(group, '')
  if (rest.length > 0 || !/^[0-9]+$/.test(plain) || !/^[0-9]*$/.test(fraction)) return undefined
  if (typed.includes(decimalSign(inLocale)) && fraction === '') return undefined
  if (plain !== whole && format.format(BigInt(plain)) !== whole) return undefined
  const digitsUsed = fraction.replace(/0+$/, '')
  if (digitsUsed.length > decimals) return undefined
  return BigInt(plain + digitsUsed.padEnd(decimals, '0'))
}

function decimalSign(inLocale = locale()): string {
  return new Intl.NumberFormat(inLocale).formatToParts(0.5).find((piece) => piece.type === 'decimal')?.value ?? '.'
}
