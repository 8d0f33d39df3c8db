import type catalogue from '../../public/_locales/en/messages.json'
import { type Address, padded, type U256 } from './felt.ts'
import { DAY, type Seconds, type UnixSeconds } from './time.ts'

/** A key of the English catalogue; a catalogue that lacks one does not compile. */
export type MessageKey = keyof typeof catalogue

/**
 * One whole sentence (or one whole label) a person reads, not rendered yet: screens, log and tests share it.
 * Sentences are never put together from pieces; a list inside a sentence is an argument of its own.
 */
export interface Line {
  readonly key: MessageKey
  readonly args?: Readonly<Record<string, Arg>>
}

/** What may stand in a sentence. Numbers, amounts and times are written by `say` in the person's language. */
export type Arg =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'count'; readonly count: number }
  /** Exact, all digits. `token` is absent when nobody listed it: the raw integer stands. `everything`: 2^127 and more. */
  /** `bare`: without the unit, where it stands once for several figures. */
  | {
      readonly kind: 'amount'
      readonly amount: U256
      readonly token?: TokenName
      readonly about?: true
      readonly bare?: true
    }
  /** `moment`: "tomorrow 14:05", in the person's zone. `utc`: "00:00 UTC", for calendar windows. */
  | { readonly kind: 'time'; readonly at: UnixSeconds; readonly form: 'moment' | 'utc' }
  /** "1 day", "3 h 5 min". */
  | { readonly kind: 'duration'; readonly seconds: Seconds }
  /** Own accounts, contacts and listed contracts have a name; all others are shown in full. */
  | { readonly kind: 'address'; readonly address: Address; readonly name?: string }
  | { readonly kind: 'line'; readonly line: Line }
  /** Written with the language's own "a, b and c". */
  | { readonly kind: 'list'; readonly items: readonly Arg[] }

/** Symbol and decimals of a listed token: never what a site said of it. */
export interface TokenName {
  readonly symbol: string
  readonly decimals: number
}

export const text = (value: string): Arg => ({ kind: 'text', text: value })
export const count = (value: number): Arg => ({ kind: 'count', count: value })
export const time = (at: UnixSeconds, form: 'moment' | 'utc' = 'moment'): Arg => ({ kind: 'time', at, form })
export const duration = (seconds: Seconds): Arg => ({ kind: 'duration', seconds })
export const list = (items: readonly Arg[]): Arg => ({ kind: 'list', items })
export const inner = (line: Line): Arg => ({ kind: 'line', line })
export const amount = (value: U256, token?: TokenName): Arg =>
  token === undefined ? { kind: 'amount', amount: value } : { kind: 'amount', amount: value, token }
export const place = (value: Address, name?: string): Arg =>
  name === undefined ? { kind: 'address', address: value } : { kind: 'address', address: value, name }

/** A line without arguments or with them; the only way lines are made. */
export function line(key: MessageKey, args?: Readonly<Record<string, Arg>>): Line {
  return args === undefined ? { key } : { key, args }
}

/** Chrome's catalogue format: `$NAME$` in a message is the argument `name` of the line. */
export type Catalogue = { readonly [key: string]: { readonly message: string } }

/** Who reads: language, zone (IANA name; absent: the machine's own) and the present moment. */
export interface Voice {
  readonly locale: string
  readonly zone?: string
  readonly now: UnixSeconds
  /** In a language that runs from right to left what stands in a sentence keeps its own direction: "25 STRK", an address. */
  readonly isolates?: true
}

/** `kind` of the argument a piece came from; `words` is the sentence itself. */
export interface Part {
  readonly text: string
  readonly kind: 'words' | Exclude<Arg['kind'], 'line' | 'list'>
  /** Amounts, counts and ends stand out, unless they stand in brackets: "(10 a day)". */
  readonly strong: boolean
}

/** 2^127: an amount from here on cannot be held by anybody; people read "everything" (approval-ux.md 8). */
const EVERYTHING = 2n ** 127n
const NBSP = '\u00a0'
/** A day and its month, an hour and its zone: a line never ends inside. */
const glued = (text: string): string => text.replaceAll(' ', NBSP)
const FIRST_STRONG: Part = { text: '\u2068', kind: 'words', strong: false }
const POP: Part = { text: '\u2069', kind: 'words', strong: false }

/**
 * The sentence as plain text.
 *
 * @throws Error when the catalogue lacks the key or the line lacks an argument: a sentence with a hole is never shown.
 */
export function say(line: Line, catalogue: Catalogue, voice: Voice): string {
  return parts(line, catalogue, voice)
    .map((part) => part.text)
    .join('')
}

/** The sentence in pieces, in reading order; joined they are what `say` gives. @throws as `say` */
export function parts(line: Line, catalogue: Catalogue, voice: Voice): readonly Part[] {
  const found: Part[] = []
  let depth = 0
  for (const { text, hole } of holes(messageOf(line, catalogue, voice))) {
    if (text !== '') found.push({ text, kind: 'words', strong: false })
    depth += brackets(text)
    if (hole === undefined) continue
    const arg = line.args?.[hole]
    if (arg === undefined) throw new Error(`words: ${line.key} lacks ${hole}`)
    const said = partsOf(arg, catalogue, voice)
    const own = depth > 0 ? said.map((part) => ({ ...part, strong: false })) : said
    found.push(...(voice.isolates === true ? [FIRST_STRONG, ...own, POP] : own))
  }
  return found
}

function messageOf(line: Line, catalogue: Catalogue, voice: Voice): string {
  const n = line.args?.n
  const stem = line.key.endsWith('_other') ? line.key.slice(0, -'_other'.length) : undefined
  const plural =
    stem !== undefined && n?.kind === 'count'
      ? catalogue[`${stem}_${kept(Intl.PluralRules, voice.locale).select(n.count)}`]
      : undefined
  const message = (plural ?? catalogue[line.key])?.message
  if (message === undefined) throw new Error(`words: no ${line.key}`)
  return message
}

/** Literal text and the placeholder after it; `$$` is a dollar sign. */
function holes(message: string): readonly { readonly text: string; readonly hole?: string }[] {
  const found: { text: string; hole?: string }[] = []
  let literal = ''
  for (const piece of message.split(/(\$\$|\$[A-Za-z0-9_@]+\$)/)) {
    if (piece === '$$') literal += '$'
    else if (piece.length > 2 && piece.startsWith('$') && piece.endsWith('$')) {
      found.push({ text: literal, hole: piece.slice(1, -1).toLowerCase() })
      literal = ''
    } else literal += piece
  }
  found.push({ text: literal })
  return found
}

function brackets(text: string): number {
  let depth = 0
  for (const sign of text) depth += '(\uff08['.includes(sign) ? 1 : ')\uff09]'.includes(sign) ? -1 : 0
  return depth
}

function partsOf(arg: Arg, catalogue: Catalogue, voice: Voice): readonly Part[] {
  switch (arg.kind) {
    case 'text':
      return [{ text: arg.text, kind: 'text', strong: false }]
    case 'count':
      return [{ text: kept(Intl.NumberFormat, voice.locale).format(arg.count), kind: 'count', strong: true }]
    case 'amount':
      return [{ text: amountText(arg, catalogue, voice), kind: 'amount', strong: true }]
    case 'time':
      return [{ text: timeText(arg.at, arg.form, catalogue, voice), kind: 'time', strong: true }]
    case 'duration':
      return [{ text: durationText(arg.seconds, catalogue, voice), kind: 'duration', strong: false }]
    case 'address':
      return [{ text: arg.name ?? inFours(arg.address), kind: 'address', strong: false }]
    case 'line':
      return innerParts(arg.line, catalogue, voice)
    case 'list':
      return listParts(arg.items, catalogue, voice)
  }
}

/** A number with its noun ("2 actions", "1 contract", "any contract") is one piece: it stands out whole. */
function innerParts(line: Line, catalogue: Catalogue, voice: Voice): readonly Part[] {
  const said = parts(line, catalogue, voice)
  const args = Object.values(line.args ?? {})
  if (!args.every((arg) => arg.kind === 'count')) return said
  return [{ text: said.map((part) => part.text).join(''), kind: 'count', strong: true }]
}

function listParts(items: readonly Arg[], catalogue: Catalogue, voice: Voice): readonly Part[] {
  const format = kept(Intl.ListFormat, voice.locale, { type: 'conjunction' })
  let next = 0
  const said = format.formatToParts(items.map(String)).flatMap((piece): readonly Part[] => {
    const item = piece.type === 'element' ? items[next++] : undefined
    return item === undefined ? [{ text: piece.value, kind: 'words', strong: false }] : partsOf(item, catalogue, voice)
  })
  const space = (char: string | undefined) => (char !== undefined && /[0-9A-Za-z]/.test(char) ? ' ' : '')
  return said.map((part, at) =>
    part.kind === 'words' && part.text === CHINESE_AND
      ? { ...part, text: `${space(said[at - 1]?.text.at(-1))}${part.text}${space(said[at + 1]?.text[0])}` }
      : part,
  )
}
/** It comes without spaces; beside letters and digits Chinese sets one. */
const CHINESE_AND = '和'

function amountText(arg: Extract<Arg, { kind: 'amount' }>, catalogue: Catalogue, voice: Voice): string {
  const exact = BigInt(arg.amount)
  if (exact >= EVERYTHING) return say({ key: 'ui_everything' }, catalogue, voice)
  const value = arg.about === true ? roundedUp(exact) : exact
  const said =
    arg.token === undefined
      ? say({ key: 'ui_unknownToken', args: { number: text(digits(value, 0, voice)) } }, catalogue, voice)
      : arg.bare === true
        ? digits(value, arg.token.decimals, voice)
        : `${digits(value, arg.token.decimals, voice)}${NBSP}${arg.token.symbol}`
  return arg.about === true ? say({ key: 'ui_about', args: { what: text(said) } }, catalogue, voice) : said
}

/**
 * Base units in units of a token, every digit, grouped as the language does: `1234500000000000000000`, 18 → `1,234.5`.
 * The fraction is set digit by digit: the formatter alone stops, and rounds, after 20.
 */
export function digits(value: bigint, decimals: number, voice: Pick<Voice, 'locale'>): string {
  const format = kept(Intl.NumberFormat, voice.locale)
  const [whole = '', fraction] = unitText(value, decimals).split('.')
  if (fraction === undefined) return format.format(BigInt(whole))
  const point = format.formatToParts(0.5).find((piece) => piece.type === 'decimal')?.value ?? '.'
  return `${format.format(BigInt(whole))}${point}${Array.from(fraction, (digit) => format.format(Number(digit))).join('')}`
}

/** Base units as plain decimal text with a point and no grouping, no trailing zeros: what a field holds. */
export function unitText(value: bigint, decimals: number): string {
  const all = value.toString().padStart(decimals + 1, '0')
  const fraction = all.slice(all.length - decimals).replace(/0+$/, '')
  const whole = all.slice(0, all.length - decimals)
  return decimals === 0 || fraction === '' ? whole : `${whole}.${fraction}`
}

/** Estimates: 4 significant digits, upwards. */
function roundedUp(value: bigint): bigint {
  const unit = 10n ** BigInt(Math.max(0, value.toString().length - 4))
  return ((value + unit - 1n) / unit) * unit
}

function timeText(at: UnixSeconds, form: 'moment' | 'utc', catalogue: Catalogue, voice: Voice): string {
  const zone = form === 'utc' ? 'UTC' : voice.zone
  const clock = clockText(at, voice.locale, zone)
  const day = dayNumber(at, zone)
  const distance = day - dayNumber(voice.now, zone)
  const args = { time: text(clock), date: text(dateText(at, catalogue, voice, zone)) }
  if (form === 'utc') {
    const key = distance === 0 || (distance === 1 && at - voice.now <= DAY) ? 'ui_timeUtc' : 'ui_dateUtc'
    return glued(say({ key, args }, catalogue, voice))
  }
  const key = distance === 0 ? 'ui_today' : distance === 1 ? 'ui_tomorrow' : 'ui_onDate'
  return say({ key, args }, catalogue, voice)
}

/** "14:05" in the person's zone. */
export function clockText(at: UnixSeconds, locale: string, zone: string | undefined): string {
  const form = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...zoned(zone) } as const
  return kept(Intl.DateTimeFormat, locale, form, at).format(at * 1000)
}

/** "12 Nov", or "12 Nov 2027" when the year is another one than now. */
function dateText(at: UnixSeconds, catalogue: Catalogue, voice: Voice, zone: string | undefined): string {
  const form = { day: 'numeric', month: 'short', year: 'numeric', ...zoned(zone) } as const
  const of = (time: UnixSeconds) =>
    Object.fromEntries(
      kept(Intl.DateTimeFormat, voice.locale, form, time)
        .formatToParts(time * 1000)
        .map((piece) => [piece.type, piece.value]),
    )
  const { day = '', month = '', year = '' } = of(at)
  const args = { day: text(day), month: text(month), year: text(year) }
  return glued(say({ key: year === of(voice.now).year ? 'ui_date' : 'ui_dateYear', args }, catalogue, voice))
}

/** Days since 1970 in the zone: tells today from tomorrow also where clocks change. */
function dayNumber(at: UnixSeconds, zone: string | undefined): number {
  const form = { year: 'numeric', month: 'numeric', day: 'numeric', ...zoned(zone) } as const
  const format = kept(Intl.DateTimeFormat, 'en-u-ca-gregory-nu-latn', form, at)
  const at0 = Object.fromEntries(format.formatToParts(at * 1000).map((piece) => [piece.type, Number(piece.value)]))
  return Date.UTC(at0.year ?? 0, (at0.month ?? 1) - 1, at0.day ?? 1) / 86_400_000
}

const zoned = (zone: string | undefined) => (zone === undefined ? {} : { timeZone: zone })

/** Two zones that are as far from UTC at a time, in the winter and in the summer of its year, say the same time then. */
const offsetAt = (at: UnixSeconds): number => new Date(at * 1_000).getTimezoneOffset()
const yearOf = (at: UnixSeconds): UnixSeconds => Math.floor(at / YEAR) * YEAR
const YEAR = 365 * DAY

const made = new Map<string, object>()
/**
 * A formatter of a language and a form. To make one takes a hundred times what it then formats, and a list says thousands of
 * words at once. One without a zone is in that of the computer, where it is made: it is kept for its zone alone.
 */
function kept<Format extends object, Form>(
  Kind: new (locale: string, form?: Form) => Format,
  locale: string,
  form?: Form,
  at?: UnixSeconds,
): Format {
  const zone = at === undefined ? undefined : [at, yearOf(at), yearOf(at) + YEAR / 2].map(offsetAt)
  const name = JSON.stringify([Kind.name, locale, zone, form])
  const known = made.get(name) ?? new Kind(locale, form)
  made.set(name, known)
  return known as Format // By its kind's name.
}

/** Every unit that is not zero, so that it is exact: "1 day", "3 h 5 min". "1 hour" where it stands alone. */
function durationText(seconds: Seconds, catalogue: Catalogue, voice: Voice): string {
  if (seconds === 3600) return say({ key: 'ui_oneHour' }, catalogue, voice)
  const units = [
    { key: 'ui_days_other', n: Math.floor(seconds / DAY) },
    { key: 'ui_hours_other', n: Math.floor((seconds % DAY) / 3600) },
    { key: 'ui_minutes_other', n: Math.floor((seconds % 3600) / 60) },
    { key: 'ui_seconds_other', n: seconds % 60 },
  ] as const
  const named = seconds === 0 ? units.slice(3) : units.filter((unit) => unit.n > 0)
  return named.map((unit) => say({ key: unit.key, args: { n: count(unit.n) } }, catalogue, voice)).join(' ')
}

/** All 66 characters of an address, in groups of 4, so that a person can compare them. */
export function inFours(address: Address): string {
  return `0x${padded(address)
    .slice(2)
    .replace(/(.{4})(?=.)/g, '$1 ')}`
}
