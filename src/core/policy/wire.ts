import { moneyKind } from '../call.ts'
import { canonicalJson } from '../canonical.ts'
import { isRefused, malformed, refused, type SiteError } from '../errors.ts'
import {
  type Address,
  CAIRO_NAME,
  type ClassHash,
  type Felt,
  padded,
  parseFelt,
  parseSelector,
  type Selector,
  shortString,
  type U256,
  u256,
} from '../felt.ts'
import { MAX_LIFE, MIN_LIFE, type Seconds, type UnixSeconds } from '../time.ts'
import { type Entries, moneyFelts, resolvePaths } from './class-arguments.ts'
import { DEFAULTS } from './defaults.ts'
import { bannedName } from './forbidden.ts'
import { LIMITS } from './limits.ts'
import { byValue, windowOf, windowSpec } from './meters.ts'
import type {
  AmountCap,
  ArgPath,
  CallRule,
  CountCap,
  DenyRule,
  Entrypoint,
  FeePolicy,
  RuleId,
  SessionPolicy,
  StreamCap,
  TokenLimit,
  UsagePolicy,
  Window,
} from './policy.ts'
import type { ReadParam } from './shapes.ts'
import { type AskedWindow, anchored, orderWindows, sameWindow } from './windows.ts'
import { type AskedArg, content, printArguments, printPath, withSelectors } from './wire-arguments.ts'
import { decodeRequest, type RawRequest, type RawWindow, sizeOf, undecidedMember } from './wire-schema.ts'
import type { Cap, Count, SessionPolicyWire } from './wire-shape.ts'

/** A request as it came, in canonical values; what the site left out is absent, so that it is never compared. */
export interface Asked {
  readonly chainId?: Felt
  readonly account?: Address
  readonly tag?: Felt
  readonly label?: string
  readonly reason?: string
  /** `adjustable`: the person may change amounts and rules; the end can always be shortened. */
  readonly mayNarrow: boolean
  /** `false`: the session starts paused by the site. */
  readonly enabled: boolean
  /** The session this one replaces: forces a fresh approval. */
  readonly replaces?: string
  readonly validAfter?: UnixSeconds
  readonly validUntil?: UnixSeconds
  /** Counts from the approval. */
  readonly duration?: Seconds
  readonly calls: readonly AskedRule[]
  /** Absent: none named. */
  readonly deny?: readonly AskedDeny[]
  readonly limits: readonly AskedLimit[]
  readonly fees?: AskedFees
  readonly usage?: AskedUsage
  /** The site's own words for its rules: untrusted, outside the policy and its hash. */
  readonly words: Readonly<Record<RuleId, { readonly label?: string; readonly description?: string }>>
}
export interface AskedRule {
  readonly contract: Address
  readonly entrypoints: readonly Entrypoint[]
  readonly args?: AskedArg
  readonly caps: readonly AskedCount[]
  readonly sums?: readonly AskedSum[]
  readonly enabled: boolean
  readonly required: boolean
}
export interface AskedSum {
  readonly path: ArgPath
  readonly as?: CallRule['sums'][number]['as']
  readonly caps: readonly AskedAmount[]
}
export interface AskedDeny {
  readonly contract: Address | '*'
  readonly entrypoints: readonly Selector[] | '*'
  readonly args?: AskedArg
}
export interface AskedLimit {
  readonly token: Address
  readonly caps: readonly AskedAmount[]
  readonly perCall?: U256
  readonly perTx?: U256
  readonly stream?: AskedStream
  readonly recipients?: readonly (Address | 'self')[]
  readonly approvals?: 'forbid'
  readonly foreignTransferFrom?: 'forbid' | 'count'
}
/** Without a start it begins with the session. */
export type AskedStream = Omit<StreamCap, 'start'> & { readonly start?: UnixSeconds }
export interface AskedFees {
  readonly caps: readonly AskedAmount[]
  readonly perTx?: U256
  readonly maxTipPerGas?: U256
}
export interface AskedUsage {
  readonly tx: readonly AskedCount[]
  readonly calls: readonly AskedCount[]
  readonly maxCallsPerTx?: number
  readonly minGap?: Seconds
  readonly maxInFlight?: number
}
/** `at`: JSON pointer into the request, to name what the person changed. */
export interface AskedAmount {
  readonly window: AskedWindow
  readonly max: U256
  readonly at: string
}
export interface AskedCount {
  readonly window: AskedWindow
  readonly max: number
  readonly at: string
}

export type Parsed = { readonly ok: true; readonly asked: Asked } | { readonly ok: false; readonly error: SiteError }
export type Resolved =
  | { readonly ok: true; readonly policy: SessionPolicy }
  | { readonly ok: false; readonly error: SiteError }

/** What only the chain and the wallet know. */
export interface ResolveFacts {
  readonly account: Address
  readonly ownAccounts: readonly Address[]
  /** Of every contract a rule or a limit names; one that is missing is not there, or not readable. */
  readonly classes: Readonly<Record<Address, ClassFacts>>
  /** The token fees are paid in. */
  readonly strk: Address
  /** What others may take from the account now, of known tokens. */
  readonly allowances: readonly { readonly token: Address; readonly spender: Address; readonly amount: U256 }[]
}
export interface ClassFacts {
  readonly classHash: ClassHash
  /** Of a proxy of known layout. */
  readonly impl?: ClassHash
  readonly entrypoints: readonly {
    readonly name: string
    readonly selector: Selector
    readonly kind: 'external' | 'view'
    /** As they lie in calldata; absent: the ABI does not say. */
    readonly params?: readonly ReadParam[]
  }[]
  /** `undefined`: not a token. */
  readonly asset?: 'erc20' | 'erc721' | 'erc1155'
}

const SESSION: Window = { kind: 'session' }

/**
 * Reads what a site asks, strictly: sizes, exact keys, scalars, then meaning; the first fault wins and names its JSON
 * pointer (policy.md 3.2).
 *
 * @param ctx now: unix seconds; selectorOf: the keccak of an entrypoint's name, which core has not
 * @returns 114 `{at, why}`, 210 `{feature}` for a member this version does not decide, or 215 `{at, why}`
 */
export function parseRequest(
  json: unknown,
  ctx: { readonly now: UnixSeconds; readonly selectorOf: (name: string) => Selector },
): Parsed {
  try {
    const tooBig = sizeOf(json)
    if (tooBig !== undefined) throw never(tooBig.at, tooBig.why)
    const decoded = decodeRequest(json)
    if (!decoded.ok) throw malformed(decoded.at, decoded.why)
    const feature = undecidedMember(decoded.value)
    if (feature !== undefined) throw refused('SESSION_UNSUPPORTED', { feature })
    return { ok: true, asked: readRequest(decoded.value, ctx) }
  } catch (error) {
    return { ok: false, error: siteErrorOf(error) }
  }
}

/**
 * Makes the policy a person is asked about: adds defaults, class hashes and names from the chain, and counts a duration
 * from `now`, so it is called again at the moment of the approval.
 *
 * @param now unix seconds, the approval's
 * @returns 210 where a default is not decided yet, 215 for what can never be granted
 */
export function resolve(asked: Asked, facts: ResolveFacts, now: UnixSeconds): Resolved {
  try {
    return { ok: true, policy: resolved(asked, facts, now) }
  } catch (error) {
    return { ok: false, error: siteErrorOf(error) }
  }
}

/** Tokens for which the site named no total: there the person may enter one, all others may only be lowered. */
export function unnamedTotals(asked: Asked, policy: SessionPolicy): readonly Address[] {
  const named = new Set(
    asked.limits.filter((limit) => limit.caps.length > 0 || limit.stream !== undefined).map((limit) => limit.token),
  )
  return policy.spend.limits.flatMap((limit) =>
    limit.asset === 'erc20' && !named.has(limit.token) ? [limit.token] : [],
  )
}

/**
 * A policy in the shape sites read and write, normal form: only `caps`, always `valid_until`, addresses padded, amounts
 * decimal, entrypoints by name where it is proven. Asking for it again gives the same policy.
 */
export function printPolicy(policy: SessionPolicy): SessionPolicyWire {
  const [fee] = policy.fees.tokens
  const { usage } = policy
  return {
    calls: policy.calls.map((rule) => ({
      contract_address: rule.contract === '*' ? '*' : padded(rule.contract),
      entry_point: rule.entrypoints === '*' ? '*' : rule.entrypoints.map((entry) => entry.name ?? entry.selector),
      ...(rule.args === undefined ? {} : { args: printArguments(rule.args) }),
      ...(rule.sums.length > 0
        ? { sums: rule.sums.map(({ arg, as, caps }) => ({ at: printPath(arg), as, caps: caps.map(printAmount) })) }
        : {}),
      ...(rule.caps.length > 0 ? { caps: rule.caps.map(printCount) } : {}),
      required: rule.required,
      enabled: rule.enabled,
    })),
    ...(policy.deny.length > 0 ? { deny: policy.deny.map(printDeny) } : {}),
    spend_limits: policy.spend.limits.flatMap((limit) => (limit.asset === 'erc20' ? [printLimit(limit)] : [])),
    fees: {
      payer: 'account',
      ...(fee === undefined ? {} : { caps: fee.caps.map(printAmount) }),
      ...(fee?.perTx === undefined ? {} : { max_per_tx: fee.perTx }),
      ...(policy.fees.maxTipPerGas === undefined ? {} : { max_tip_per_gas: policy.fees.maxTipPerGas }),
    },
    usage: {
      tx_caps: usage.tx.map(printCount),
      ...(usage.calls.length > 0 ? { call_caps: usage.calls.map(printCount) } : {}),
      max_calls_per_tx: usage.maxCallsPerTx,
      min_gap: usage.minGap,
      max_in_flight: usage.maxInFlight,
    },
    valid_after: policy.validAfter,
    valid_until: policy.validUntil,
  }
}

function readRequest(raw: RawRequest, ctx: { now: UnixSeconds; selectorOf: (name: string) => Selector }): Asked {
  const calls = raw.calls.map((rule, index) => readRule(rule, `/calls/${index}`, ctx.selectorOf))
  if (calls.length === 0) throw never('/calls', 'at least one call rule')
  if (leavesOf(calls) > LIMITS.leaves) throw never('/calls', `at most ${LIMITS.leaves} actions`)
  refuseTwice(calls)
  const deny = (raw.deny ?? []).map((one, index) => readDeny(one, `/deny/${index}`, ctx.selectorOf))
  const limits = (raw.spend_limits ?? []).map((limit, index) => readLimit(limit, `/spend_limits/${index}`))
  limits.forEach((limit, index) => {
    if (limits.findIndex((other) => other.token === limit.token) !== index) {
      throw malformed(`/spend_limits/${index}/token`, 'expected one limit per token')
    }
  })
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
    tag: raw.tag === undefined ? undefined : readTag(raw.tag),
    label: clean(raw.label),
    reason: clean(raw.reason),
    mayNarrow: raw.adjustable ?? true,
    enabled: raw.enabled ?? true,
    replaces: raw.replaces,
    ...readTimes(raw, ctx.now),
    calls,
    deny: deny.length > 0 ? deny : undefined,
    limits,
    fees: raw.fees === undefined ? undefined : readFees(raw.fees),
    usage,
    words,
  })
}

function readRule(raw: RawRequest['calls'][number], at: string, selectorOf: (name: string) => Selector): AskedRule {
  return given({
    contract: raw.contract_address as Address, // '*' was refused as undecided
    entrypoints: readEntrypoints(raw.entry_point, at, selectorOf),
    args: raw.args === undefined ? undefined : withSelectors(raw.args, selectorOf),
    caps: counts([
      ...(raw.max_calls === undefined ? [] : [{ max: raw.max_calls, at: `${at}/max_calls` }]),
      ...(raw.caps ?? []).map((cap, index) => ({ ...cap, at: `${at}/caps/${index}` })),
    ]),
    sums: raw.sums === undefined || raw.sums.length === 0 ? undefined : readSums(raw.sums, `${at}/sums`),
    enabled: raw.enabled ?? true,
    required: raw.required ?? false,
  })
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
    approvals: raw.approvals === undefined ? undefined : ('forbid' as const), // others were refused as undecided
    foreignTransferFrom: raw.foreign_transfer_from,
  })
}

function readFees(raw: NonNullable<RawRequest['fees']>): AskedFees {
  return given({
    caps: amounts([
      ...(raw.max_total === undefined ? [] : [{ amount: raw.max_total, at: '/fees/max_total' }]),
      ...(raw.caps ?? []).map((cap, index) => ({ ...cap, at: `/fees/caps/${index}` })),
    ]),
    perTx: raw.max_per_tx,
    maxTipPerGas: raw.max_tip_per_gas,
  })
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

function checkLife(times: Pick<Asked, 'validAfter' | 'validUntil' | 'duration'>, now: UnixSeconds): UnixSeconds {
  const end = times.validUntil ?? now + (times.duration ?? DEFAULTS.life)
  const at =
    times.duration !== undefined ? '/duration' : times.validUntil !== undefined ? '/valid_until' : '/valid_after'
  if (end - now > MAX_LIFE) throw never(at, `an end at most ${MAX_LIFE} seconds ahead`)
  if (end - Math.max(times.validAfter ?? now, now) < MIN_LIFE) throw never(at, `a life of at least ${MIN_LIFE} seconds`)
  return end
}

function resolved(asked: Asked, facts: ResolveFacts, now: UnixSeconds): SessionPolicy {
  const begin = asked.validAfter ?? now
  const calls = asked.calls.map((rule, index) => resolveRule(rule, index, facts, begin))
  refuseAlike(calls)
  const limits = asked.limits.map((limit, index) => resolveLimit(limit, index, facts, begin))
  asked.calls.forEach((rule, index) => {
    const kinds = rule.entrypoints.map(({ selector }) => moneyKind(selector)).filter((kind) => kind !== undefined)
    if (kinds.length === 0 || facts.classes[rule.contract]?.asset !== 'erc20') return
    const named = asked.limits.find((limit) => limit.token === rule.contract)
    if (kinds.some((kind) => kind === 'approve' || kind === 'increase') && named?.approvals === undefined) {
      // The default would be `count`, which this version does not decide.
      throw refused('SESSION_UNSUPPORTED', { feature: `/calls/${index}/entry_point` })
    }
    if (limits.every((limit) => limit.token !== rule.contract)) limits.push(limitOf(rule.contract, {}))
  })
  if (limits.length > LIMITS.tokenLimits) throw never('/calls', `payments in at most ${LIMITS.tokenLimits} tokens`)
  const scope = new Set(asked.calls.map((rule) => rule.contract))
  const pullable =
    facts.allowances.some(({ spender, amount }) => scope.has(spender) && BigInt(amount) > 0n) ||
    limits.some((limit) => limit.foreignTransferFrom === 'count')
  return {
    v: 1,
    validAfter: begin,
    validUntil: checkLife(asked, now),
    calls,
    deny: resolveDenies(asked.deny ?? [], facts),
    spend: { limits: limits.sort((a, b) => byValue(a.token, b.token)), look: pullable ? 'simulate' : 'receipt' },
    fees: resolveFees(asked.fees, facts.strk, begin),
    usage: resolveUsage(asked.usage, begin),
    messages: [],
  }
}

function resolveRule(rule: AskedRule, index: number, facts: ResolveFacts, begin: UnixSeconds): CallRule {
  const at = `/calls/${index}/contract_address`
  if (rule.contract === facts.account || facts.ownAccounts.includes(rule.contract)) {
    throw never(at, 'one of the accounts of this wallet')
  }
  const code = facts.classes[rule.contract]
  if (code === undefined) throw never(at, 'no contract there, or its code cannot be read')
  const names = new Map(code.entrypoints.map(({ selector, name }) => [selector, name]))
  const entries = rule.entrypoints.map(({ selector }) => ({ selector, params: paramsOf(code, selector) }))
  const { args, shapes, sums } = resolvePaths(rule, entries, `/calls/${index}`)
  return {
    id: ruleId(index),
    contract: rule.contract,
    entrypoints: rule.entrypoints.map(({ selector, name }) => {
      const known = name ?? names.get(selector)
      return known === undefined ? { selector } : { selector, name: known }
    }),
    ...(args === undefined ? {} : { args }),
    ...(shapes === undefined ? {} : { shapes }),
    caps: capsFrom(rule.caps, begin),
    sums: sums.map((sum, place) => ({ ...sum, caps: orZero(rule.sums?.[place]?.caps ?? [], begin) })),
    enabled: rule.enabled,
    required: rule.required,
    codePin: { classHash: code.classHash, ...(code.impl === undefined ? {} : { impl: code.impl }), onChange: 'pause' },
  }
}

/** Sorted, each once: which of them blocks a call makes no difference. */
function resolveDenies(asked: readonly AskedDeny[], facts: ResolveFacts): DenyRule[] {
  const denies = asked.map((deny, index): DenyRule => {
    const at = `/deny/${index}`
    if (deny.contract !== '*' && [facts.account, ...facts.ownAccounts].includes(deny.contract)) {
      throw never(`${at}/contract_address`, 'one of the accounts of this wallet')
    }
    const { args, shapes } = resolvePaths(deny, entriesOf(deny, facts), at)
    return {
      contract: deny.contract,
      entrypoints: deny.entrypoints === '*' ? '*' : [...deny.entrypoints],
      ...(args === undefined ? {} : { args }),
      ...(shapes === undefined ? {} : { shapes }),
      by: 'site',
    }
  })
  const byText = new Map(denies.map((deny) => [canonicalJson(deny), deny]))
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, deny]) => deny)
}

function entriesOf({ contract, entrypoints }: AskedDeny, facts: ResolveFacts): Entries {
  if (entrypoints === '*') return '*'
  return entrypoints.map((selector) => {
    if (contract !== '*') return { selector, params: paramsOf(facts.classes[contract], selector) }
    const felts = moneyFelts(selector)
    return { selector, params: undefined, ...(felts === undefined ? {} : { felts }) }
  })
}

function paramsOf(code: ClassFacts | undefined, selector: Selector): readonly ReadParam[] | undefined {
  return code?.entrypoints.find((entry) => entry.selector === selector)?.params
}

function resolveLimit(limit: AskedLimit, index: number, facts: ResolveFacts, begin: UnixSeconds): TokenLimit {
  const code = facts.classes[limit.token]
  if (code?.asset !== 'erc20') throw never(`/spend_limits/${index}/token`, 'not a token of amounts')
  const recipients = limit.recipients?.map((one) => (one === 'self' ? facts.account : one))
  return limitOf(
    limit.token,
    given({
      perCall: limit.perCall,
      perTx: limit.perTx,
      caps: limit.caps.length > 0 || limit.stream !== undefined ? capsFrom(limit.caps, begin) : undefined,
      stream: limit.stream === undefined ? undefined : { ...limit.stream, start: limit.stream.start ?? begin },
      foreignTransferFrom: limit.foreignTransferFrom,
      recipients: recipients === undefined ? undefined : [...new Set(recipients)].sort(byValue),
    }),
  )
}

/** A total without a cap has room for nothing. */
function orZero(caps: readonly AskedAmount[], begin: UnixSeconds): AmountCap[] {
  return caps.length > 0 ? capsFrom(caps, begin) : [{ window: SESSION, max: u256(0n) }]
}

/** Without a cap of its own: nothing for the whole session, so that each one asks. */
function limitOf(token: Address, named: Partial<TokenLimit>): TokenLimit {
  return {
    asset: 'erc20',
    token,
    caps: [{ window: SESSION, max: u256(0n) }],
    // Nobody: nothing can be approved under `forbid`.
    spenders: [],
    approvals: 'forbid',
    foreignTransferFrom: 'forbid',
    ...named,
  }
}

/** Fees as asked, or the defaults. */
export function resolveFees(asked: AskedFees | undefined, strk: Address, begin: UnixSeconds): FeePolicy {
  const caps = asked?.caps ?? []
  const nothingNamed = caps.length === 0 && asked?.perTx === undefined
  const perTx = nothingNamed ? DEFAULTS.feePerTx : asked?.perTx
  return {
    payer: 'account',
    tokens: [
      {
        token: strk,
        ...(perTx === undefined ? {} : { perTx }),
        caps: caps.length > 0 ? capsFrom(caps, begin) : [{ window: SESSION, max: DEFAULTS.feeTotal }],
      },
    ],
    ...(asked?.maxTipPerGas === undefined ? {} : { maxTipPerGas: asked.maxTipPerGas }),
  }
}

/** Usage as asked; what is not named gets the defaults. */
export function resolveUsage(asked: AskedUsage | undefined, begin: UnixSeconds): UsagePolicy {
  const named = capsFrom(asked?.tx ?? [], begin)
  const has = (kind: Window['kind']) => named.some((cap) => cap.window.kind === kind)
  const tx: CountCap[] = [
    ...(has('session') ? [] : [{ window: SESSION, max: DEFAULTS.transactions }]),
    ...(has('rolling')
      ? []
      : [{ window: { kind: 'rolling', seconds: DEFAULTS.rate.seconds } as const, max: DEFAULTS.rate.transactions }]),
    ...named,
  ]
  return {
    tx: tx.sort((a, b) => orderWindows(a.window, b.window)),
    calls: capsFrom(asked?.calls ?? [], begin),
    maxCallsPerTx: asked?.maxCallsPerTx ?? DEFAULTS.maxCallsPerTx,
    minGap: asked?.minGap ?? DEFAULTS.minGap,
    maxInFlight: asked?.maxInFlight ?? DEFAULTS.maxInFlight,
  }
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

function inOrder<T extends { readonly window: AskedWindow; readonly at: string }>(caps: readonly T[]): T[] {
  caps.forEach((cap, index) => {
    if (caps.findIndex((other) => sameWindow(other.window, cap.window)) !== index) {
      throw malformed(cap.at, 'expected each window once')
    }
  })
  if (caps.length > LIMITS.caps) throw never(caps[LIMITS.caps]?.at ?? '', `at most ${LIMITS.caps} caps`)
  return [...caps].sort((a, b) => orderWindows(a.window, b.window))
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
    for (const { selector } of rule.entrypoints) {
      const key = `${rule.contract} ${selector} ${args}`
      if (seen.has(key)) throw malformed(`/calls/${index}/entry_point`, 'expected each action in one rule')
      seen.add(key)
    }
  })
}

/** The same once more when kinds are known: `as` may be named or left to the ABI. */
function refuseAlike(calls: readonly CallRule[]): void {
  const seen = new Set<string>()
  calls.forEach(({ contract, entrypoints, args }, index) => {
    if (args === undefined || entrypoints === '*') return
    for (const { selector } of entrypoints) {
      const key = `${contract} ${selector} ${canonicalJson(args)}`
      if (seen.has(key)) throw malformed(`/calls/${index}/entry_point`, 'expected each action in one rule')
      seen.add(key)
    }
  })
}

function leavesOf(calls: readonly AskedRule[]): number {
  return new Set(calls.flatMap((rule) => rule.entrypoints.map(({ selector }) => `${rule.contract} ${selector}`))).size
}

/** `SN_SEPOLIA`, or its felt. */
function readChain(text: string): Felt {
  const known = /^[A-Z][A-Z0-9_]{0,30}$/.test(text) ? shortString(text) : parseFelt(text)
  if (known === undefined) throw malformed('/chain_id', 'expected the name of a chain, or its felt')
  return known
}

function readTag(text: string): Felt {
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

function printDeny(deny: DenyRule) {
  return {
    contract_address: deny.contract === '*' ? '*' : padded(deny.contract),
    entry_point: deny.entrypoints === '*' ? '*' : deny.entrypoints,
    ...(deny.args === undefined ? {} : { args: printArguments(deny.args) }),
  }
}

function printLimit(limit: TokenLimit) {
  return {
    token: padded(limit.token),
    caps: limit.caps.map(printAmount),
    ...(limit.perCall === undefined ? {} : { per_call: limit.perCall }),
    ...(limit.perTx === undefined ? {} : { per_tx: limit.perTx }),
    ...(limit.stream === undefined ? {} : { stream: printStream(limit.stream) }),
    ...(limit.recipients === undefined ? {} : { recipients: limit.recipients.map(padded) }),
    approvals: 'forbid' as const,
    foreign_transfer_from: limit.foreignTransferFrom,
  }
}

function printStream({ start, initial, perSecond, max }: StreamCap) {
  return { start, initial, per_second: perSecond, ...(max === undefined ? {} : { max }) }
}

function printAmount(cap: AmountCap): Cap {
  return { amount: cap.max, window: windowSpec(cap.window) }
}

function printCount(cap: CountCap): Count {
  return { max: cap.max, window: windowSpec(cap.window) }
}

/** In canonical order; windows without an anchor begin at `begin`, where another of the list may lie already. */
function capsFrom<T extends AskedAmount | AskedCount>(
  caps: readonly T[],
  begin: UnixSeconds,
): { readonly window: Window; readonly max: T['max'] }[] {
  return inOrder(caps.map((cap) => ({ ...cap, window: anchored(cap.window, begin) }))).map(({ window, max }) => ({
    window,
    max,
  }))
}

const ruleId = (index: number) => `r${index}` as RuleId

/** 215: can never be granted, so nobody is asked. */
function never(at: string, why: string) {
  return refused('SESSION_POLICY_REFUSED', { at, why: `expected ${why}` })
}

function siteErrorOf(error: unknown): SiteError {
  if (!isRefused(error)) throw error
  return { code: error.code, message: error.message, ...(error.data === undefined ? {} : { data: error.data }) }
}

/** What is absent has no key: stored rows and hashes know no `undefined`. */
function given<T extends object>(value: T): Given<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Given<T>
}
type Given<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}
