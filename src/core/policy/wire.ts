import { STRK } from '../account.ts'
import { canonicalJson } from '../canonical.ts'
import { malformed, refused, type SiteError } from '../errors.ts'
import {
  type Address,
  CAIRO_NAME,
  type Felt,
  parseFelt,
  parseSelector,
  type Selector,
  shortString,
  type U256,
  u256,
} from '../felt.ts'
import type { UnixSeconds } from '../time.ts'
import {
  type Asked,
  type AskedAmount,
  type AskedCount,
  type AskedDeny,
  type AskedFees,
  type AskedLimit,
  type AskedRule,
  type AskedSum,
  type AskedUpdate,
  type AskedUsage,
  given,
  inOrder,
  listedBy,
  never,
  ruleId,
  siteErrorOf,
  UPDATABLE,
} from './asked.ts'
import { bannedName } from './forbidden.ts'
import { LIMITS } from './limits.ts'
import { byValue, windowOf } from './meters.ts'
import type { Call, Entrypoint, ForeignKey, RuleId, Scheduled, Window } from './policy.ts'
import { checkLife, resolveUsage } from './resolve.ts'
import type { AskedWindow } from './windows.ts'
import { content, withSelectors } from './wire-arguments.ts'
import { readItems } from './wire-items.ts'
import { readMessages, type TypedDataHashes } from './wire-messages.ts'
import {
  decodeKey,
  decodeRequest,
  decodeUpdate,
  type RawKey,
  type RawRequest,
  type RawWindow,
  sizeOf,
  undecidedMember,
} from './wire-schema.ts'

export type Parsed = { readonly ok: true; readonly asked: Asked } | { readonly ok: false; readonly error: SiteError }
export type ParsedUpdate =
  | { readonly ok: true; readonly update: AskedUpdate }
  | { readonly ok: false; readonly error: SiteError }
export interface ReadContext {
  readonly now: UnixSeconds
  readonly selectorOf: (name: string) => Selector
  /** Absent: rules for messages are refused as undecided. */
  readonly typedData?: TypedDataHashes
}

const SESSION: Window = { kind: 'session' }
const NO_RULE = 'a rule for calls or for messages'

/**
 * Reads what a site asks, strictly: sizes, exact keys, scalars, then meaning; the first fault wins and names its JSON
 * pointer (policy.md 3.2).
 *
 * @param ctx now: unix seconds; selectorOf: the keccak of an entrypoint's name, which core has not
 * @returns 114 `{at, why}`, 210 `{feature}` for a member this version does not decide, or 215 `{at, why}`
 */
export function parseRequest(json: unknown, ctx: ReadContext): Parsed {
  try {
    const tooBig = sizeOf(json)
    if (tooBig !== undefined) throw never(tooBig.at, tooBig.why)
    const decoded = decodeRequest(json)
    if (!decoded.ok) throw malformed(decoded.at, decoded.why)
    const feature = undecidedMember(decoded.value, ctx.typedData !== undefined)
    if (feature !== undefined) throw refused('SESSION_UNSUPPORTED', { feature })
    return { ok: true, asked: readRequest(decoded.value, ctx) }
  } catch (error) {
    return { ok: false, error: siteErrorOf(error) }
  }
}

/**
 * Reads what a site wants changed in one of its sessions, as strictly as a request. What it does not name is empty in
 * `members`, and not looked at.
 */
export function parseUpdate(json: unknown, ctx: ReadContext): ParsedUpdate {
  try {
    const tooBig = sizeOf(json)
    if (tooBig !== undefined) throw never(tooBig.at, tooBig.why)
    const decoded = decodeUpdate(json)
    if (!decoded.ok) throw malformed(decoded.at, decoded.why)
    const { id, enabled, disable_rules: off, ...raw } = decoded.value
    const whole = { ...raw, calls: raw.calls ?? [] }
    const feature = undecidedMember(whole, ctx.typedData !== undefined)
    if (feature !== undefined) throw refused('SESSION_UNSUPPORTED', { feature })
    const read = readMembers(whole, ctx)
    if (raw.calls?.length === 0 && read.messages === undefined) throw never('/calls', NO_RULE)
    const { calls, spend_limits: limits, nft_limits: items, deny, fees, usage, messages } = raw
    const members = { calls, limits, items, deny, fees, usage, messages }
    const update = given({
      id,
      enabled,
      off: off ?? [],
      named: UPDATABLE.filter((member) => members[member] !== undefined),
      members: read,
    })
    return { ok: true, update }
  } catch (error) {
    return { ok: false, error: siteErrorOf(error) }
  }
}

function readRequest(raw: RawRequest, ctx: ReadContext): Asked {
  const asked = readMembers(raw, ctx)
  if (asked.calls.length === 0 && asked.messages === undefined) throw never('/calls', NO_RULE)
  return asked
}

function readMembers(raw: RawRequest, ctx: ReadContext): Asked {
  const calls = raw.calls.map((rule, index) => readRule(rule, `/calls/${index}`, ctx.selectorOf))
  if (leavesOf(calls) > LIMITS.leaves) throw never('/calls', `at most ${LIMITS.leaves} actions`)
  refuseTwice(calls)
  const deny = (raw.deny ?? []).map((one, index) => readDeny(one, `/deny/${index}`, ctx.selectorOf))
  const limits = (raw.spend_limits ?? []).map((limit, index) => readLimit(limit, `/spend_limits/${index}`))
  limits.forEach((limit, index) => {
    if (limits.findIndex((other) => other.token === limit.token) !== index) {
      throw malformed(`/spend_limits/${index}/token`, 'expected one limit per token')
    }
  })
  const items = readItems(raw.nft_limits ?? [], counts)
  if (limits.length + items.length > LIMITS.limits) throw never('/nft_limits', `at most ${LIMITS.limits} limits`)
  const messages = ctx.typedData === undefined ? [] : readMessages(raw.messages ?? [], ctx.typedData, counts, clean)
  const usage = raw.usage === undefined ? undefined : readUsage(raw.usage)
  // The defaults stand beside what is named.
  if (resolveUsage(usage, 0).tx.length > LIMITS.caps) throw never('/usage/tx_caps', `at most ${LIMITS.caps} caps`)
  const words: Record<RuleId, { label?: string; description?: string }> = {}
  raw.calls.forEach((rule, index) => {
    const label = clean(rule.label)
    const description = clean(rule.description)
    if (label !== undefined || description !== undefined) {
      words[ruleId(index)] = {
        ...(label === undefined ? {} : { label }),
        ...(description === undefined ? {} : { description }),
      }
    }
  })
  return given({
    chainId: raw.chain_id === undefined ? undefined : readChain(raw.chain_id),
    account: raw.account,
    key: readKey(raw.key),
    tag: raw.tag === undefined ? undefined : readTag(raw.tag),
    label: clean(raw.label),
    reason: clean(raw.reason),
    mayNarrow: raw.adjustable ?? true,
    enabled: raw.enabled ?? true,
    replaces: raw.replaces,
    setup: hasAny(raw.setup_calls) ? readCalls(raw.setup_calls, '/setup_calls', ctx) : undefined,
    schedule: hasAny(raw.schedule) ? readSchedule(raw.schedule, raw, ctx) : undefined,
    ...readTimes(raw, ctx.now),
    calls,
    deny: deny.length > 0 ? deny : undefined,
    limits,
    items: items.length > 0 ? items : undefined,
    messages: messages.length > 0 ? messages : undefined,
    fees: raw.fees === undefined ? undefined : readFees(raw.fees),
    usage,
    words,
  })
}

function readRule(raw: RawRequest['calls'][number], at: string, selectorOf: (name: string) => Selector): AskedRule {
  return given({
    contract: raw.contract_address,
    entrypoints: raw.entry_point === '*' ? ('*' as const) : readEntrypoints(raw.entry_point, at, selectorOf),
    args: raw.args === undefined ? undefined : withSelectors(raw.args, selectorOf),
    caps: counts([
      ...(raw.max_calls === undefined ? [] : [{ max: raw.max_calls, at: `${at}/max_calls` }]),
      ...(raw.caps ?? []).map((cap, index) => ({ ...cap, at: `${at}/caps/${index}` })),
    ]),
    sums: raw.sums === undefined || raw.sums.length === 0 ? undefined : readSums(raw.sums, `${at}/sums`),
    enabled: raw.enabled ?? true,
    required: raw.required ?? false,
    sponsoredOnly: raw.sponsored_only === true ? (true as const) : undefined,
  })
}

function readCalls(
  raw: NonNullable<RawRequest['setup_calls']>,
  at: string,
  { selectorOf }: ReadContext,
): readonly Call[] {
  const calls = raw.map(({ contract_address: to, entry_point, calldata = [] }, index): Call => {
    const [entry] = readEntrypoints(entry_point, `${at}/${index}`, selectorOf)
    if (entry === undefined) throw malformed(`${at}/${index}/entry_point`, 'expected an entrypoint')
    return { to, selector: entry.selector, calldata }
  })
  const felts = calls.reduce((sum, { calldata }) => sum + calldata.length, 0)
  if (felts > LIMITS.felts) throw never(at, `at most ${LIMITS.felts} felts of calldata`)
  return calls
}

/** Whether they fit the policy is asked once it is resolved. */
function readSchedule(
  raw: NonNullable<RawRequest['schedule']>,
  { key, enabled }: RawRequest,
  ctx: ReadContext,
): readonly Scheduled[] {
  if (key?.held_by !== 'agent') throw malformed('/schedule', 'expected a key held by an agent')
  if (enabled === false) throw malformed('/enabled', 'expected true, with a schedule')
  return raw.map(({ calls, not_before: notBefore, not_after: notAfter }, index) => {
    const at = `/schedule/${index}`
    if (notAfter <= notBefore) throw malformed(`${at}/not_after`, 'expected a time after not_before')
    if (calls.length === 0) throw malformed(`${at}/calls`, 'expected at least one call')
    return { calls: readCalls(calls, `${at}/calls`, ctx), notBefore, notAfter }
  })
}

/** An empty list asks for nothing. */
function hasAny<T>(list: readonly T[] | undefined): list is readonly T[] {
  return list !== undefined && list.length > 0
}

function readEntrypoints(
  raw: string | readonly string[],
  at: string,
  selectorOf: (name: string) => Selector,
): readonly Entrypoint[] {
  const listed = typeof raw === 'string' ? [raw] : raw
  if (listed.length === 0) throw malformed(`${at}/entry_point`, 'expected at least one entrypoint')
  const entrypoints = new Map<Selector, Entrypoint>()
  listed.forEach((entry, index) => {
    const where = typeof raw === 'string' ? `${at}/entry_point` : `${at}/entry_point/${index}`
    const named = CAIRO_NAME.test(entry)
    const selector = named ? selectorOf(entry) : parseSelector(entry)
    if (selector === undefined) throw malformed(where, 'expected the name of an entrypoint, or its selector in hex')
    if (bannedName(selector) !== undefined) throw never(where, 'no session may call this entrypoint')
    if (named || !entrypoints.has(selector)) entrypoints.set(selector, named ? { selector, name: entry } : { selector })
  })
  return [...entrypoints.values()].sort((a, b) => byValue(a.selector, b.selector))
}

/** In the order of the request: a total is known by its place (policy.md 7.1). */
function readSums(raw: NonNullable<RawRequest['calls'][number]['sums']>, at: string): readonly AskedSum[] {
  const sums = raw.map((sum, index) =>
    given({
      path: sum.at,
      as: sum.as,
      caps: amounts(sum.caps.map((cap, place) => ({ ...cap, at: `${at}/${index}/caps/${place}` }))),
    }),
  )
  sums.forEach((sum, index) => {
    const same = (other: AskedSum) => canonicalJson(other.path) === canonicalJson(sum.path)
    if (sums.findIndex(same) !== index) throw malformed(`${at}/${index}/at`, 'expected one total per argument')
  })
  return sums
}

function readDeny(
  raw: NonNullable<RawRequest['deny']>[number],
  at: string,
  selectorOf: (name: string) => Selector,
): AskedDeny {
  const every = raw.entry_point === '*'
  return given({
    contract: raw.contract_address,
    entrypoints: every
      ? ('*' as const)
      : readEntrypoints(raw.entry_point, at, selectorOf).map(({ selector }) => selector),
    args: raw.args === undefined ? undefined : withSelectors(raw.args, selectorOf),
  })
}

function readLimit(raw: NonNullable<RawRequest['spend_limits']>[number], at: string): AskedLimit {
  const recipients = raw.recipients === undefined ? undefined : [...new Set(raw.recipients)].sort(byValue)
  const { per_period: period, stream } = raw
  return given({
    token: raw.token,
    caps: amounts([
      ...(raw.total === undefined ? [] : [{ amount: raw.total, at: `${at}/total` }]),
      ...(period === undefined
        ? []
        : [{ amount: period.amount, window: { fixed: period.seconds }, at: `${at}/per_period` }]),
      ...(raw.caps ?? []).map((cap, index) => ({ ...cap, at: `${at}/caps/${index}` })),
    ]),
    perCall: raw.per_call,
    perTx: raw.per_tx,
    stream:
      stream === undefined
        ? undefined
        : given({
            start: stream.start,
            initial: stream.initial ?? u256(0n),
            perSecond: stream.per_second,
            max: stream.max,
          }),
    recipients,
    spenders: raw.spenders === undefined ? undefined : [...new Set(raw.spenders)].sort(byValue),
    approvals: raw.approvals === 'reset_after' ? ('resetAfter' as const) : raw.approvals,
    foreignTransferFrom: raw.foreign_transfer_from,
  })
}

const PAYERS = { account: 'account', sponsor: 'paymaster', any: 'either' } as const

function readFees(raw: NonNullable<RawRequest['fees']>): AskedFees {
  const tokens = (raw.tokens ?? []).map((fee, index) => readFeeToken(fee, `/fees/tokens/${index}`))
  const own = readFeeToken({ token: STRK, ...raw }, '/fees')
  const listed = tokens.find(({ token }) => token === STRK)
  tokens.forEach(({ token, at }, index) => {
    const isTwice = tokens.findIndex((other) => other.token === token) !== index
    if (isTwice || (token === STRK && hasAmounts(own))) throw malformed(`${at}/token`, 'expected one limit per token')
  })
  const others = tokens.filter(({ token }) => token !== STRK).sort((a, b) => byValue(a.token, b.token))
  const without = others.find(({ caps }) => caps.length === 0)
  if (without !== undefined) throw malformed(without.at, 'expected max_total or caps')
  if (others.length >= LIMITS.feeTokens) throw never('/fees/tokens', `at most ${LIMITS.feeTokens} tokens for fees`)
  const strk = listed ?? own
  return given({
    caps: strk.caps,
    perTx: strk.perTx,
    at: listed?.at,
    tokens: others.length > 0 ? others : undefined,
    payer: raw.payer === undefined ? undefined : PAYERS[raw.payer],
    paymasters: raw.paymasters === undefined ? undefined : [...new Set(raw.paymasters)].sort(byValue),
    service: raw.paymaster_url,
    maxTipPerGas: raw.max_tip_per_gas,
  })
}

type RawFeeToken = Pick<NonNullable<RawRequest['fees']>, 'caps' | 'max_total' | 'max_per_tx'> & { token: Address }

function readFeeToken({ token, max_total: total, max_per_tx: perTx, caps = [] }: RawFeeToken, at: string) {
  return given({
    token,
    caps: amounts([
      ...(total === undefined ? [] : [{ amount: total, at: `${at}/max_total` }]),
      ...caps.map((cap, index) => ({ ...cap, at: `${at}/caps/${index}` })),
    ]),
    perTx,
    at,
  })
}

function hasAmounts({ caps, perTx }: ReturnType<typeof readFeeToken>): boolean {
  return caps.length > 0 || perTx !== undefined
}

function readUsage(raw: NonNullable<RawRequest['usage']>): AskedUsage {
  const { rate } = raw
  return given({
    tx: counts([
      ...(raw.max_transactions === undefined ? [] : [{ max: raw.max_transactions, at: '/usage/max_transactions' }]),
      ...(rate === undefined ? [] : [{ max: rate.transactions, window: { rolling: rate.seconds }, at: '/usage/rate' }]),
      ...(raw.tx_caps ?? []).map((cap, index) => ({ ...cap, at: `/usage/tx_caps/${index}` })),
    ]),
    calls: counts([
      ...(raw.max_calls === undefined ? [] : [{ max: raw.max_calls, at: '/usage/max_calls' }]),
      ...(raw.call_caps ?? []).map((cap, index) => ({ ...cap, at: `/usage/call_caps/${index}` })),
    ]),
    maxCallsPerTx: inRange(raw.max_calls_per_tx, 1, LIMITS.callsPerTx, '/usage/max_calls_per_tx'),
    minGap: inRange(raw.min_gap, 0, LIMITS.windowSeconds, '/usage/min_gap'),
    maxInFlight: inRange(raw.max_in_flight, 1, LIMITS.inFlight, '/usage/max_in_flight'),
  })
}

function readTimes(raw: RawRequest, now: UnixSeconds): Pick<Asked, 'validAfter' | 'validUntil' | 'duration'> {
  const { valid_after: after, valid_until: until, duration } = raw
  if (until !== undefined && duration !== undefined) {
    throw malformed('/duration', 'expected valid_until or duration, not both')
  }
  if (after !== undefined && after < now) throw malformed('/valid_after', 'expected a time that is not past')
  if (until !== undefined && until <= now) throw malformed('/valid_until', 'expected a time that is not past')
  const times = given({ validAfter: after, validUntil: until, duration })
  checkLife(times, now)
  return times
}

type RawCap<T> = T & { readonly window?: RawWindow | undefined; readonly at: string }

function amounts(caps: readonly RawCap<{ readonly amount: U256 }>[]): AskedAmount[] {
  const read = caps.map((cap) => ({
    window: readWindow(cap.window, cap.at),
    max: cap.amount,
    at: cap.at,
  }))
  return inOrder(read)
}

function counts(caps: readonly RawCap<{ readonly max: number }>[]): AskedCount[] {
  const read = caps.map((cap) => ({
    window: readWindow(cap.window, cap.at),
    max: inRange(cap.max, 0, LIMITS.count, cap.at),
    at: cap.at,
  }))
  return inOrder(read)
}

function readWindow(spec: RawWindow | undefined, at: string): AskedWindow {
  const window = spec === undefined ? SESSION : windowOf(spec)
  if ('seconds' in window) inRange(window.seconds, 1, LIMITS.windowSeconds, at)
  return window
}

function inRange<T extends number | undefined>(value: T, min: number, max: number, at: string): T {
  if (value !== undefined && (value < min || value > max)) throw never(at, `a number from ${min} to ${max}`)
  return value
}

/** The same action with the same arguments in two rules: which one would answer must not depend on a reader's guess. */
function refuseTwice(calls: readonly AskedRule[]): void {
  const seen = new Set<string>()
  calls.forEach((rule, index) => {
    const args = rule.args === undefined ? '' : canonicalJson(content(rule.args))
    const named = rule.entrypoints === '*' ? ['*'] : rule.entrypoints.map(({ selector }) => selector)
    for (const selector of named) {
      const key = `${rule.contract} ${selector} ${args}`
      if (seen.has(key)) throw malformed(`/calls/${index}/entry_point`, 'expected each action in one rule')
      seen.add(key)
    }
  })
}

function leavesOf(calls: readonly AskedRule[]): number {
  return new Set(calls.flatMap((rule) => listedBy(rule).map(({ selector }) => `${rule.contract} ${selector}`))).size
}

/** `undefined`: this wallet makes one and keeps it. */
function readKey(raw: RawKey | undefined): ForeignKey | undefined {
  if (raw === undefined || raw.held_by === 'wallet') return undefined
  if (raw.public_key === '0x0') throw malformed('/key/public_key', 'expected the public key of a session')
  if (raw.held_by === 'dapp') return { by: 'dapp', publicKey: raw.public_key }
  const label = clean(raw.label)
  if (label === undefined) throw malformed('/key/label', 'expected the name of the agent')
  return { by: 'agent', publicKey: raw.public_key, label }
}

/** The key that a rotation brings; `undefined`: none. @throws Refused 114, 215 */
export function parseKey(json: unknown): ForeignKey | undefined {
  const tooBig = sizeOf({ key: json })
  if (tooBig !== undefined) throw never(tooBig.at, tooBig.why)
  if (json === undefined) return undefined
  const decoded = decodeKey(json)
  if (!decoded.ok) throw malformed(`/key${decoded.at}`, decoded.why)
  return readKey(decoded.value)
}

/** `SN_SEPOLIA`, or its felt. */
function readChain(text: string): Felt {
  const known = /^[A-Z][A-Z0-9_]{0,30}$/.test(text) ? shortString(text) : parseFelt(text)
  if (known === undefined) throw malformed('/chain_id', 'expected the name of a chain, or its felt')
  return known
}

export function readTag(text: string): Felt {
  const known = /^0x/.test(text) ? parseFelt(text) : /^[\x20-\x7e]{1,31}$/.test(text) ? shortString(text) : undefined
  if (known === undefined) throw malformed('/tag', 'expected 1 to 31 ASCII characters, or a felt')
  return known
}

/**
 * A site's text as it may be quoted: NFC, trimmed, without control, bidi and zero-width characters, full-width ASCII folded
 * (policy.md 4). What is empty then was nothing.
 */
export function clean(text: string | undefined): string | undefined {
  const folded = text
    ?.normalize('NFC')
    .replace(/[\uff01-\uff5e]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0xfee0))
    // Cc, Cf (bidi, zero-width), Zl, Zp, and halves of surrogate pairs, which have no UTF-8.
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '')
    .trim()
  return folded === '' ? undefined : folded
}
