import { canonicalJson } from '../canonical.ts'
import { malformed } from '../errors.ts'
import type { Felt } from '../felt.ts'
import {
  boolean,
  decode,
  exact,
  integer,
  list,
  number,
  type Output,
  optional,
  picklist,
  record,
  type Schema,
  string,
  text,
  union,
} from '../schema.ts'
import type { UnixSeconds } from '../time.ts'
import { type AskedCount, capsFrom, given, never } from './asked.ts'
import { DEFAULTS } from './defaults.ts'
import { LIMITS } from './limits.ts'
import { byValue } from './meters.ts'
import type { ArgKind, CountCap, MessageRule, RuleId, Window } from './policy.ts'
import { countCaps } from './wire-schema.ts'
import type { Count, MessageRule as MessageWire } from './wire-shape.ts'

/** A kind of message that a site wants signed, by what SNIP-12 hashes of its domain and its primary type. */
export interface AskedMessage {
  readonly domainHash: Felt
  readonly typeHash: Felt
  readonly fields: MessageRule['fields']
  readonly caps: readonly AskedCount[]
  readonly enabled: boolean
  readonly required: boolean
  readonly label?: string
  /** As the site wrote it, `fields` in the order of those above: the hashes have no way back. */
  readonly written: Pick<MessageWire, 'domain' | 'types' | 'primary_type' | 'fields'>
}

/** Domain and types as SNIP-12 has them. */
export type MessageScope = Pick<Output<typeof message>, 'domain' | 'types' | 'primary_type'>

/** The hashing of typed data, which core has not. */
export interface TypedDataHashes {
  /** `undefined`: these types and this domain have no hash. */
  readonly scope: (scope: MessageScope) => { readonly domainHash: Felt; readonly typeHash: Felt } | undefined
  /** A value of the member at `path` as it is hashed: felt or decimal. `isText`: it stands for a text; `undefined`: no such. */
  readonly value: (
    scope: MessageScope,
    path: readonly string[],
    value: string,
  ) => { readonly as: ArgKind; readonly to: string; readonly isText: boolean } | undefined
}

/**
 * Reads `messages` of a request (policy.md 3.1, 5.4), each scope once. A scope alone is a blank cheque for orders and
 * permits, so a rule without `fields` starts switched off.
 *
 * @param counts reads a list of count caps
 * @throws 114 or 215 with the JSON pointer
 */
export function readMessages(
  raw: unknown,
  hashes: TypedDataHashes,
  counts: (caps: readonly (RawCount & { readonly at: string })[]) => AskedCount[],
  clean: (label: string | undefined) => string | undefined,
): readonly AskedMessage[] {
  if (Array.isArray(raw) && raw.length > LIMITS.messages) throw never('/messages', `at most ${LIMITS.messages} rules`)
  const decoded = decode(messages as Schema<Output<typeof messages>>, raw)
  if (!decoded.ok) throw malformed(`/messages${decoded.at}`, decoded.why)
  const read = decoded.value.map((rule, index): AskedMessage => {
    const at = `/messages/${index}`
    if (Object.keys(rule.types).length > LIMITS.messageTypes) {
      throw never(`${at}/types`, `at most ${LIMITS.messageTypes} types`)
    }
    const scope = hashes.scope(rule)
    if (scope === undefined) throw malformed(at, 'expected a domain and types that can be hashed')
    const fields = (rule.fields ?? [])
      .map((written, place) => ({ written, read: readField(rule, written, `${at}/fields/${place}`, hashes) }))
      .sort((a, b) => (canonicalJson(a.read) < canonicalJson(b.read) ? -1 : 1))
    return given({
      ...scope,
      fields: fields.map(({ read }) => read),
      caps: counts([
        ...(rule.max_messages === undefined ? [] : [{ max: rule.max_messages, at: `${at}/max_messages` }]),
        ...(rule.caps ?? []).map((cap, place) => ({ ...cap, at: `${at}/caps/${place}` })),
      ]),
      enabled: (rule.enabled ?? true) && fields.length > 0,
      required: rule.required ?? false,
      label: clean(rule.label),
      written: given({
        domain: rule.domain,
        types: rule.types as MessageWire['types'], // JSON has no undefined.
        primary_type: rule.primary_type,
        fields: rule.fields && fields.map(({ written }) => written),
      }),
    })
  })
  read.forEach((one, index) => {
    const same = (other: AskedMessage) => other.domainHash === one.domainHash && other.typeHash === one.typeHash
    if (read.findIndex(same) !== index) throw malformed(`/messages/${index}`, 'expected each message in one rule')
  })
  return [...read].sort(byScope)
}

/** The order of rules in a policy (policy.md 2). */
export function byScope(a: Scoped, b: Scoped): number {
  return byValue(a.domainHash, b.domainHash) || byValue(a.typeHash, b.typeHash)
}

/** Each list has one rule for a domain and a type. */
export function sameScope<T extends Scoped>(all: readonly T[], { domainHash, typeHash }: Scoped): T | undefined {
  return all.find((one) => one.domainHash === domainHash && one.typeHash === typeHash)
}
type Scoped = Pick<MessageRule, 'domainHash' | 'typeHash'>

export const messageId = (index: number) => `m${index}` as RuleId

export function resolveMessages(asked: readonly AskedMessage[], begin: UnixSeconds): MessageRule[] {
  const session: Window = { kind: 'session' }
  return asked.map(({ domainHash, typeHash, fields, caps, enabled, required }, index) => ({
    id: messageId(index),
    domainHash,
    typeHash,
    fields,
    caps: caps.length > 0 ? (capsFrom(caps, begin) as CountCap[]) : [{ window: session, max: DEFAULTS.messages }],
    enabled,
    required,
  }))
}

function readField(
  scope: MessageScope,
  { path, op, value }: RawField,
  at: string,
  hashes: TypedDataHashes,
): MessageRule['fields'][number] {
  const listed = typeof value === 'string' ? [value] : value
  if ((op === 'in') !== Array.isArray(value)) {
    throw malformed(`${at}/value`, op === 'in' ? 'expected a list of values' : 'expected one value')
  }
  if (listed.length === 0) throw malformed(`${at}/value`, 'expected at least one value')
  const encoded = listed.map((one) => {
    const found = hashes.value(scope, path, one)
    if (found === undefined) throw malformed(at, 'expected a value of a member of the message')
    if (found.isText && op !== 'eq' && op !== 'in') throw malformed(`${at}/op`, 'expected eq or in for a text')
    return found
  })
  const [first] = encoded
  return { path: [...path], as: first!.as, op, to: [...new Set(encoded.map(({ to }) => to))].sort(byValue) }
}

const MEMBERS = 64

const field = exact({
  path: list(string(), LIMITS.depth),
  op: picklist(['eq', 'in', 'lte', 'gte']),
  value: union([string(), list(string(), LIMITS.inList)]),
})
type RawField = Output<typeof field>
const member = exact({ name: string(), type: string(), contains: optional(string()) })
const message = exact({
  domain: record(union([string(), number()]), MEMBERS),
  types: record(list(member, MEMBERS), MEMBERS),
  primary_type: string(),
  fields: optional(list(field, LIMITS.messageFields)),
  max_messages: optional(integer(0, Number.MAX_SAFE_INTEGER)),
  caps: optional(countCaps),
  required: optional(boolean()),
  enabled: optional(boolean()),
  label: optional(text(LIMITS.label)),
})
const messages = list(message, LIMITS.messages)
type RawCount = NonNullable<Output<typeof message>['caps']>[number]

/** The request's part that these rules were made of; one that no request of this session named is left out. */
export function printMessages(
  rules: readonly MessageRule[],
  asked: readonly AskedMessage[],
  count: (cap: CountCap) => Count,
): MessageWire[] {
  return rules.flatMap((rule) => {
    const one = sameScope(asked, rule)
    if (one === undefined) return []
    const { fields: _before, ...written } = one.written
    const fields = rule.fields.map((field) => printField(field, one))
    return [
      {
        ...written,
        ...(fields.length === 0 ? {} : { fields }),
        caps: rule.caps.map(count),
        required: rule.required,
        enabled: rule.enabled,
      },
    ]
  })
}

type FieldWire = NonNullable<MessageWire['fields']>[number]

/** The very condition as its site wrote it; `undefined`: it wrote another one. */
export function writtenField(
  field: MessageRule['fields'][number],
  { fields, written }: AskedMessage,
): FieldWire | undefined {
  const text = canonicalJson(field)
  return written.fields?.[fields.findIndex((one) => canonicalJson(one) === text)]
}

/** A value as it is hashed is a value too. */
function printField(field: MessageRule['fields'][number], asked: AskedMessage): FieldWire {
  const { path, op, to } = field
  return writtenField(field, asked) ?? { path, op, value: op === 'in' ? to : (to[0] ?? '') }
}
