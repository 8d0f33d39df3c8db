/**
 * The house's pieces of valibot. Decision: nothing else imports valibot's `object`, `array` or `safeParse`, because
 * `object` drops unknown keys, a failed pipe goes on, `maxLength` walks the whole array first, and valibot's own
 * messages quote the received value (architecture.md 3).
 */
import * as v from 'valibot'
import {
  type Address,
  type Felt,
  isCanonicalFelt,
  parseAddress,
  parseSelector,
  parseU256,
  type Selector,
  type U256,
} from './felt.ts'
import { parseTime, type UnixSeconds } from './time.ts'

export { boolean, literal, nullable, number, optional, picklist, string, union, unknown, variant } from 'valibot'
export type Schema<T = unknown> = v.GenericSchema<unknown, T>
export type Output<S extends v.GenericSchema> = v.InferOutput<S>

/** Exactly these keys; an unknown one, own `__proto__` and `constructor` too, is refused with its path. */
export const exact = <T extends v.ObjectEntries>(entries: T) => v.strictObject(entries)

/** Only these keys are read; others are left out. For answers of nodes alone: their versions add members. */
export const foreign = <T extends v.ObjectEntries>(entries: T) => v.object(entries)

/** At most `max` items, checked before the first item is looked at. */
export const list = <S extends v.GenericSchema>(item: S, max: number) =>
  v.pipe(v.custom<unknown[]>(Array.isArray, 'a list'), v.maxLength(max, `at most ${max} items`), v.array(item))

/** Exactly two. */
export const pair = <S extends v.GenericSchema>(item: S) => v.strictTuple([item, item])

/** Own keys as they come, at most `max` of them, each value by one schema. */
export const record = <S extends v.GenericSchema>(value: S, max: number) =>
  v.pipe(
    v.custom<Record<string, unknown>>(
      (it) => isPlainObject(it) && Object.keys(it).length <= max,
      `an object of at most ${max} keys`,
    ),
    v.record(v.string(), value),
  )

export const text = (max: number) =>
  scalar<string>(
    (it) => (typeof it === 'string' && it.length <= max ? it : undefined),
    `text of at most ${max} characters`,
  )
export const integer = (min: number, max: number) =>
  scalar<number>(
    (it) => (typeof it === 'number' && Number.isInteger(it) && it >= min && it <= max ? it : undefined),
    `an integer from ${min} to ${max}`,
  )

export const felt = scalar<Felt>(
  (it) => (isCanonicalFelt(it) ? it : undefined),
  'a felt: 0x, lowercase, no leading zeros, below P',
)
export const address = scalar<Address>(parseAddress, 'an address')
export const selector = scalar<Selector>(parseSelector, 'a selector in hex')
export const amount = scalar<U256>(parseU256, 'an amount: decimal or 0x text, at most 2^256 - 1')
export const time = scalar<UnixSeconds>(parseTime, 'unix seconds')

/** One check that yields one value: a pipe of several would go on after the first failure and throw. */
export function scalar<T>(parse: (input: unknown) => T | undefined, what: string): v.GenericSchema<unknown, T> {
  return v.pipe(
    v.unknown(),
    v.rawTransform<unknown, T>(({ dataset, addIssue, NEVER }) => {
      const value = parse(dataset.value)
      if (value !== undefined) return value
      addIssue({ message: what })
      return NEVER
    }),
  )
}

/** One value read by hand, because a table of members cannot say it; where it fails it names the steps from here. */
export function tree<T>(read: (input: unknown) => Read<T>): v.GenericSchema<unknown, T> {
  return v.pipe(
    v.unknown(),
    v.rawTransform<unknown, T>(({ dataset, addIssue, NEVER }) => {
      const done = read(dataset.value)
      if (done.ok) return done.value
      const [first, ...rest] = done.steps.map((key) => ({
        type: 'unknown' as const,
        origin: 'value' as const,
        input: undefined,
        key,
        value: undefined,
      }))
      addIssue({ message: done.why, ...(first === undefined ? {} : { path: [first, ...rest] }) })
      return NEVER
    }),
  )
}
export type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly steps: readonly (string | number)[]; readonly why: string }

export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly at: string; readonly why: string }

/** The only place that runs valibot. `at` is a JSON pointer; `why` says what was expected, never what came. */
export function decode<T>(schema: v.GenericSchema<unknown, T>, input: unknown): Decoded<T> {
  const result = v.safeParse(schema, input, { abortEarly: true, abortPipeEarly: true })
  if (result.success) return { ok: true, value: result.output }
  const issue = result.issues[0]
  const at = (issue.path ?? [])
    .map((step) => `/${String(step.key).replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('')
  return { ok: false, at, why: `expected ${expectation(issue)}` }
}

/** Our scalars name themselves; valibot's own checks are described by what they expect. */
function expectation(issue: v.BaseIssue<unknown>): string {
  if (issue.type === 'raw_transform' || issue.type === 'custom' || issue.type === 'max_length') return issue.message
  return issue.expected ?? issue.type.replaceAll('_', ' ')
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
