import { type Address, parseAddress, parseFelt } from '../felt.ts'
import {
  address,
  amount,
  boolean,
  type Decoded,
  decode,
  exact,
  integer,
  isPlainObject,
  list,
  literal,
  type Output,
  optional,
  picklist,
  scalar,
  string,
  time,
  union,
  unknown,
  variant,
} from '../schema.ts'
import { TIME_BOUND } from '../time.ts'
import { LIMITS } from './limits.ts'
import { parsePaymaster, parseService } from './payers.ts'
import { argsSchema, pathSchema } from './wire-arguments.ts'

// Sizes, exact keys and scalars of policy.md 3.1, in this order. Meaning follows in wire.ts. Members that this version does
// not decide are known keys of any content: refused by name (210), not as unknown ones.

/** An integer as JSON writes it; which is too large is a matter of size. */
const natural = integer(0, Number.MAX_SAFE_INTEGER)
const undecided = optional(unknown())

const orAny = scalar<Address | '*'>((it) => (it === '*' ? it : parseAddress(it)), 'an address')
const orSelf = scalar<Address | 'self'>((it) => (it === 'self' ? it : parseAddress(it)), 'an address or "self"')

const window = union([
  literal('session'),
  exact({ fixed: natural, anchor: optional(time) }),
  exact({ rolling: natural }),
  exact({ calendar: picklist(['minute', 'hour', 'day', 'week', 'month', 'year']) }),
])
const amounts = list(exact({ amount, window: optional(window) }), LIMITS.caps)
export const countCaps = list(exact({ max: natural, window: optional(window) }), LIMITS.caps)

const sum = exact({ at: pathSchema, as: optional(picklist(['felt', 'u128', 'u256'])), caps: amounts })

const rule = exact({
  contract_address: orAny,
  entry_point: union([string(), list(string(), LIMITS.entrypoints)]),
  args: optional(argsSchema),
  max_calls: optional(natural),
  caps: optional(countCaps),
  sums: optional(list(sum, LIMITS.caps)),
  required: optional(boolean()),
  enabled: optional(boolean()),
  sponsored_only: optional(boolean()),
  label: optional(string()),
  description: optional(string()),
})

const deny = exact({
  contract_address: orAny,
  entry_point: union([string(), list(string(), LIMITS.entrypoints)]),
  args: optional(argsSchema),
})

const limit = exact({
  token: address,
  total: optional(amount),
  per_call: optional(amount),
  per_tx: optional(amount),
  per_period: optional(exact({ amount, seconds: natural })),
  caps: optional(amounts),
  stream: optional(
    exact({ start: optional(time), initial: optional(amount), per_second: amount, max: optional(amount) }),
  ),
  recipients: optional(list(orSelf, LIMITS.recipients)),
  spenders: optional(list(address, LIMITS.recipients)),
  approvals: optional(picklist(['forbid', 'count', 'reset_after'])),
  foreign_transfer_from: optional(picklist(['forbid', 'count'])),
})

const allow = optional(picklist(['forbid', 'allow']))
const itemLimit = exact({
  collection: address,
  token_ids: optional(list(amount, LIMITS.tokenIds)),
  max_out: optional(natural),
  caps: optional(countCaps),
  recipients: optional(list(orSelf, LIMITS.recipients)),
  spenders: optional(list(address, LIMITS.recipients)),
  approve_one: allow,
  approve_all: allow,
})

const feeToken = exact({
  token: address,
  max_per_tx: optional(amount),
  max_total: optional(amount),
  caps: optional(amounts),
})
const fees = exact({
  payer: optional(picklist(['account', 'sponsor', 'any'])),
  paymasters: optional(
    list(scalar(parsePaymaster, 'an https origin, one on this computer, or an address'), LIMITS.paymasters),
  ),
  paymaster_url: optional(scalar(parseService, 'the URL of a service, https or on this computer')),
  max_tip_per_gas: optional(amount),
  max_per_tx: optional(amount),
  max_total: optional(amount),
  caps: optional(amounts),
  tokens: optional(list(feeToken, LIMITS.feeTokens)),
})

const usage = exact({
  max_transactions: optional(natural),
  max_calls: optional(natural),
  max_calls_per_tx: optional(natural),
  rate: optional(exact({ transactions: natural, seconds: natural })),
  tx_caps: optional(countCaps),
  call_caps: optional(countCaps),
  min_gap: optional(natural),
  max_in_flight: optional(natural),
})

const public_key = scalar(parseFelt, 'the public key of a session')
const key = variant('held_by', [
  exact({ held_by: literal('wallet') }),
  exact({ held_by: literal('dapp'), public_key }),
  exact({ held_by: literal('agent'), public_key, label: string() }),
])
export type RawKey = Output<typeof key>

export function decodeKey(json: unknown): Decoded<RawKey> {
  return decode(key, json)
}

const rawCall = exact({
  contract_address: address,
  entry_point: string(),
  calldata: optional(list(scalar(parseFelt, 'a felt'), LIMITS.felts)),
})

const scheduled = exact({ calls: list(rawCall, LIMITS.calls), not_before: time, not_after: time })

const mayBeNamed = {
  deny: optional(list(deny, LIMITS.denies)),
  spend_limits: optional(list(limit, LIMITS.limits)),
  nft_limits: optional(list(itemLimit, LIMITS.limits)),
  fees: optional(fees),
  usage: optional(usage),
  messages: undecided,
  valid_after: optional(time),
  valid_until: optional(time),
  duration: optional(integer(0, TIME_BOUND - 1)),
}

const request = exact({
  chain_id: optional(string()),
  account: optional(address),
  key: optional(key),
  tag: optional(string()),
  label: optional(string()),
  reason: optional(string()),
  adjustable: optional(boolean()),
  enabled: optional(boolean()),
  replaces: optional(string()),
  setup_calls: optional(list(rawCall, LIMITS.setupCalls)),
  schedule: optional(list(scheduled, LIMITS.schedule)),
  api_version: optional(string()),
  calls: list(rule, LIMITS.rules),
  ...mayBeNamed,
})
export type RawRequest = Output<typeof request>

const update = exact({
  id: string(),
  enabled: optional(boolean()),
  disable_rules: optional(list(string(), LIMITS.rules)),
  api_version: optional(string()),
  calls: optional(list(rule, LIMITS.rules)),
  ...mayBeNamed,
})
export type RawUpdate = Output<typeof update>

export function decodeRequest(json: unknown): Decoded<RawRequest> {
  return listFor(json) ?? decode(request, json)
}

export function decodeUpdate(json: unknown): Decoded<RawUpdate> {
  return listFor(json) ?? decode(update, json)
}

/**
 * The first member beyond policy.md 14, looked at before anything else is; `undefined`: all sizes fit. What is no list or
 * text is left to the schema.
 */
export function sizeOf(json: unknown): { readonly at: string; readonly why: string } | undefined {
  if (depthOf(json, LIMITS.depth + 1) > LIMITS.depth) return { at: '', why: `at most ${LIMITS.depth} levels` }
  for (const { at, value, max, what = 'items' } of sized(json)) {
    if (Array.isArray(value) && value.length > max) return { at, why: `at most ${max} ${what}` }
    if (typeof value === 'string' && [...value.normalize('NFC').trim()].length > max) {
      return { at, why: `at most ${max} characters` }
    }
  }
  return undefined
}

/**
 * JSON pointer of the first member that this version does not decide; `undefined`: all are.
 *
 * @param signs whether typed data can be hashed here, so that rules for messages can be read
 */
export function undecidedMember(raw: RawRequest, signs: boolean): string | undefined {
  for (const { at, named } of questions(raw)) if (named && !(signs && at === '/messages')) return at
  return undefined
}

interface Sized {
  readonly at: string
  readonly value: unknown
  readonly max: number
  readonly what?: string
}

function* sized(json: unknown): Generator<Sized> {
  const root = members(json)
  yield { at: '/calls', value: root.calls, max: LIMITS.rules }
  yield { at: '/spend_limits', value: root.spend_limits, max: LIMITS.limits }
  yield { at: '/setup_calls', value: root.setup_calls, max: LIMITS.setupCalls }
  yield { at: '/schedule', value: root.schedule, max: LIMITS.schedule }
  for (const [index, entry] of items(root.schedule)) {
    yield { at: `/schedule/${index}/calls`, value: members(entry).calls, max: LIMITS.calls }
  }
  yield { at: '/label', value: root.label, max: LIMITS.label }
  yield { at: '/reason', value: root.reason, max: LIMITS.reason }
  yield { at: '/key/label', value: members(root.key).label, max: LIMITS.label }
  const felt = typeof root.tag === 'string' && root.tag.startsWith('0x')
  if (!felt) yield { at: '/tag', value: root.tag, max: LIMITS.tagBytes }
  for (const [index, item] of items(root.calls)) {
    const rule = members(item)
    const at = `/calls/${index}`
    yield { at: `${at}/entry_point`, value: items(rule.entry_point).map(([, one]) => one), max: LIMITS.entrypoints }
    yield { at: `${at}/caps`, value: rule.caps, max: LIMITS.caps }
    yield* sizedArgs(rule.args, `${at}/args`)
    yield { at: `${at}/sums`, value: rule.sums, max: LIMITS.caps }
    for (const [place, sum] of items(rule.sums)) {
      yield { at: `${at}/sums/${place}/caps`, value: members(sum).caps, max: LIMITS.caps }
    }
    yield { at: `${at}/label`, value: rule.label, max: LIMITS.label }
    yield { at: `${at}/description`, value: rule.description, max: LIMITS.description }
  }
  yield { at: '/deny', value: root.deny, max: LIMITS.denies }
  for (const [index, item] of items(root.deny)) {
    const deny = members(item)
    const at = `/deny/${index}`
    yield { at: `${at}/entry_point`, value: items(deny.entry_point).map(([, one]) => one), max: LIMITS.entrypoints }
    yield* sizedArgs(deny.args, `${at}/args`)
  }
  const nodes = [...items(root.calls), ...items(root.deny)].flatMap(([, item]) => conditions(members(item).args))
  yield { at: '/calls', value: nodes, max: LIMITS.argNodesInAll, what: 'conditions' }
  for (const [index, item] of items(root.spend_limits)) {
    const limit = members(item)
    const at = `/spend_limits/${index}`
    yield { at: `${at}/caps`, value: limit.caps, max: LIMITS.caps }
    yield { at: `${at}/recipients`, value: limit.recipients, max: LIMITS.recipients }
    yield { at: `${at}/spenders`, value: limit.spenders, max: LIMITS.recipients }
  }
  yield { at: '/nft_limits', value: root.nft_limits, max: LIMITS.limits }
  for (const [index, item] of items(root.nft_limits)) {
    const limit = members(item)
    const at = `/nft_limits/${index}`
    yield { at: `${at}/token_ids`, value: limit.token_ids, max: LIMITS.tokenIds }
    yield { at: `${at}/caps`, value: limit.caps, max: LIMITS.caps }
    yield { at: `${at}/recipients`, value: limit.recipients, max: LIMITS.recipients }
    yield { at: `${at}/spenders`, value: limit.spenders, max: LIMITS.recipients }
  }
  const fees = members(root.fees)
  yield { at: '/fees/caps', value: fees.caps, max: LIMITS.caps }
  yield { at: '/fees/tokens', value: fees.tokens, max: LIMITS.feeTokens }
  for (const [index, token] of items(fees.tokens)) {
    yield { at: `/fees/tokens/${index}/caps`, value: members(token).caps, max: LIMITS.caps }
  }
  yield { at: '/fees/paymasters', value: fees.paymasters, max: LIMITS.paymasters }
  yield { at: '/usage/tx_caps', value: members(root.usage).tx_caps, max: LIMITS.caps }
  yield { at: '/usage/call_caps', value: members(root.usage).call_caps, max: LIMITS.caps }
}

function* questions(raw: RawRequest): Generator<{ readonly at: string; readonly named: boolean }> {
  yield { at: '/messages', named: isNamed(raw.messages) }
}

export type RawWindow = Output<typeof window>

/** The schema takes a list for an object that lacks its members. */
function listFor(json: unknown): Extract<Decoded<never>, { ok: false }> | undefined {
  if (Array.isArray(json)) return { ok: false, at: '', why: 'expected an object' }
  const list = ['fees', 'usage', 'key'].find((member) => Array.isArray(members(json)[member]))
  return list === undefined ? undefined : { ok: false, at: `/${list}`, why: 'expected an object' }
}

/** An empty list asks for nothing. */
function isNamed(member: unknown): boolean {
  return member !== undefined && !(Array.isArray(member) && member.length === 0)
}

function* sizedArgs(args: unknown, at: string): Generator<Sized> {
  yield { at, value: conditions(args), max: LIMITS.argNodes, what: 'conditions' }
  yield* sizedLists(args, at)
}

/** Lists of values, wherever they stand below. */
function* sizedLists(value: unknown, at: string): Generator<Sized> {
  const inside = Array.isArray(value) ? items(value) : Object.entries(members(value))
  for (const [key, member] of inside) {
    if (key === 'value' && Array.isArray(member)) yield { at: `${at}/value`, value: member, max: LIMITS.inList }
    else yield* sizedLists(member, `${at}/${key}`)
  }
}

/** Every condition of `args` once, as it will be stored: a list is one that holds the others. */
function conditions(args: unknown): unknown[] {
  if (Array.isArray(args)) return [args, ...args.flatMap(conditions)]
  if (!isPlainObject(args)) return []
  const inside = [args.all, args.any].flatMap((list) => (Array.isArray(list) ? list.flatMap(conditions) : []))
  return [args, ...inside, ...conditions(args.not), ...conditions(args.rule)]
}

function members(value: unknown): Record<string, unknown> {
  return isPlainObject(value) ? value : {}
}

function items(value: unknown): [number, unknown][] {
  return Array.isArray(value) ? [...value.entries()] : []
}

function depthOf(value: unknown, stop: number): number {
  if (typeof value !== 'object' || value === null || stop === 0) return 0
  let deepest = 0
  for (const member of Object.values(value)) deepest = Math.max(deepest, depthOf(member, stop - 1))
  return deepest + 1
}
