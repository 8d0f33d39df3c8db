import { moneyKind } from '../call.ts'
import { canonicalJson } from '../canonical.ts'
import { malformed, type SiteError } from '../errors.ts'
import { type Address, type ClassHash, type Selector, type U256, u256 } from '../felt.ts'
import { MAX_LIFE, MIN_LIFE, type UnixSeconds } from '../time.ts'
import {
  type Asked,
  type AskedAmount,
  type AskedDeny,
  type AskedFees,
  type AskedLimit,
  type AskedRule,
  type AskedUsage,
  capsFrom,
  given,
  listedBy,
  never,
  ruleId,
  siteErrorOf,
} from './asked.ts'
import { assetAddress } from './assets.ts'
import { type Entries, moneyFelts, resolvePaths } from './class-arguments.ts'
import { DEFAULTS } from './defaults.ts'
import { LIMITS } from './limits.ts'
import { byValue, chainMethods } from './meters.ts'
import type {
  AmountCap,
  Call,
  CallRule,
  CountCap,
  DenyRule,
  Entrypoint,
  FeePolicy,
  SessionPolicy,
  TokenLimit,
  UsagePolicy,
  Window,
} from './policy.ts'
import { mayBePulled, resolveItems, unnamedItems } from './resolve-items.ts'
import type { ReadParam } from './shapes.ts'
import { likelySpenders, rulesThatAllow } from './spenders.ts'
import { everyAction } from './wildcards.ts'
import { orderWindows } from './windows.ts'
import { resolveMessages } from './wire-messages.ts'

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
  /** There is more than was asked about: any of it may be one. */
  readonly unread?: boolean
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

/** Tokens and collections for which the site named no total: there the person may enter one, all others may only be lowered. */
export function unnamedTotals(asked: Asked, policy: SessionPolicy): readonly Address[] {
  const named = new Set(
    asked.limits.filter((limit) => limit.caps.length > 0 || limit.stream !== undefined).map((limit) => limit.token),
  )
  const tokens = policy.spend.limits.flatMap((limit) =>
    limit.asset === 'erc20' && !named.has(limit.token) ? [limit.token] : [],
  )
  return [...tokens, ...unnamedItems(asked, policy)]
}

export function checkLife(times: Pick<Asked, 'validAfter' | 'validUntil' | 'duration'>, now: UnixSeconds): UnixSeconds {
  const end = times.validUntil ?? now + (times.duration ?? DEFAULTS.life)
  const at =
    times.duration !== undefined ? '/duration' : times.validUntil !== undefined ? '/valid_until' : '/valid_after'
  if (end - now > MAX_LIFE) throw never(at, `an end at most ${MAX_LIFE} seconds ahead`)
  if (end - Math.max(times.validAfter ?? now, now) < MIN_LIFE) throw never(at, `a life of at least ${MIN_LIFE} seconds`)
  return end
}

function resolved(asked: Asked, facts: ResolveFacts, now: UnixSeconds): SessionPolicy {
  const begin = asked.validAfter ?? now
  const refuseOwn = (calls: readonly Call[], at: string) =>
    calls.forEach(({ to }, index) => {
      const own = to === facts.account || facts.ownAccounts.includes(to)
      if (own) throw never(`${at}/${index}/contract_address`, 'no call to one of the accounts of this wallet')
    })
  refuseOwn(asked.setup ?? [], '/setup_calls')
  asked.schedule?.forEach(({ calls }, index) => {
    refuseOwn(calls, `/schedule/${index}/calls`)
  })
  const calls = asked.calls.map((rule, index) => resolveRule(rule, index, facts, begin))
  refuseAlike(calls)
  const limits = asked.limits.map((limit, index) => resolveLimit(limit, index, calls, facts, begin))
  asked.calls.forEach((rule) => {
    if (rule.contract === '*') return
    const { contract } = rule
    const kinds = listedBy(rule)
      .map(({ selector }) => moneyKind(selector))
      .filter((kind) => kind !== undefined)
    if (kinds.length === 0 || facts.classes[contract]?.asset !== 'erc20') return
    if (limits.every((limit) => limit.token !== contract)) {
      limits.push(limitOf(contract, { ...allowing({ token: contract }, calls) }))
    }
  })
  const items = resolveItems(asked, calls, facts, begin)
  if (limits.length + items.length > LIMITS.limits) {
    throw never('/calls', `payments in at most ${LIMITS.limits} tokens and collections`)
  }
  const scope = new Set<Address | '*'>(asked.calls.map((rule) => rule.contract))
  const pullable =
    scope.has('*') ||
    facts.unread === true ||
    facts.allowances.some(({ spender, amount }) => scope.has(spender) && BigInt(amount) > 0n) ||
    limits.some((limit) => limit.foreignTransferFrom === 'count' || limit.approvals !== 'forbid') ||
    items.some(mayBePulled)
  const policy: SessionPolicy = {
    v: 1,
    validAfter: begin,
    validUntil: checkLife(asked, now),
    calls,
    deny: resolveDenies(asked.deny ?? [], facts),
    spend: {
      limits: [...limits, ...items].sort((a, b) => byValue(assetAddress(a), assetAddress(b))),
      look: pullable ? 'simulate' : 'receipt',
    },
    fees: resolveFees(asked.fees, facts.strk, begin),
    usage: resolveUsage(asked.usage, begin),
    messages: resolveMessages(asked.messages ?? [], begin),
  }
  if (chainMethods(policy).length > LIMITS.leaves) throw never('/calls', `at most ${LIMITS.leaves} actions`)
  return policy
}

function resolveRule(rule: AskedRule, index: number, facts: ResolveFacts, begin: UnixSeconds): CallRule {
  const at = `/calls/${index}`
  if (rule.contract !== '*' && [facts.account, ...facts.ownAccounts].includes(rule.contract)) {
    throw never(`${at}/contract_address`, 'one of the accounts of this wallet')
  }
  const code = rule.contract === '*' ? undefined : facts.classes[rule.contract]
  if (rule.contract !== '*' && code === undefined) {
    throw never(`${at}/contract_address`, 'no contract there, or its code cannot be read')
  }
  const isWide = rule.entrypoints === '*' && code !== undefined
  const entrypoints = isWide ? everyAction(code, at) : rule.entrypoints
  const listed = entrypoints === '*' ? ('*' as const) : entrypoints.map(({ selector }) => selector)
  const { args, shapes, sums } = resolvePaths(rule, entriesOf({ ...rule, entrypoints: listed }, facts), at)
  return {
    id: ruleId(index),
    contract: rule.contract,
    entrypoints: entrypoints === '*' ? '*' : named(entrypoints, code),
    ...(isWide ? { wide: true } : {}),
    ...(args === undefined ? {} : { args }),
    ...(shapes === undefined ? {} : { shapes }),
    caps: capsFrom(rule.caps, begin),
    sums: sums.map((sum, place) => ({ ...sum, caps: orZero(rule.sums?.[place]?.caps ?? [], begin) })),
    enabled: rule.enabled,
    required: rule.required,
    ...(rule.sponsoredOnly === undefined ? {} : { sponsoredOnly: rule.sponsoredOnly }),
    ...(code === undefined ? {} : { codePin: pinOf(code) }),
  }
}

/** With the names their class has for them. */
function named(entrypoints: readonly Entrypoint[], code: ClassFacts | undefined): Entrypoint[] {
  const names = new Map(code?.entrypoints.map(({ selector, name }) => [selector, name]))
  return entrypoints.map(({ selector, name }) => {
    const known = name ?? names.get(selector)
    return known === undefined ? { selector } : { selector, name: known }
  })
}

function pinOf({ classHash, impl }: ClassFacts): NonNullable<CallRule['codePin']> {
  return { classHash, ...(impl === undefined ? {} : { impl }), onChange: 'pause' }
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

function entriesOf(
  { contract, entrypoints }: Pick<AskedDeny, 'contract' | 'entrypoints'>,
  facts: ResolveFacts,
): Entries {
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

function resolveLimit(
  limit: AskedLimit,
  index: number,
  calls: readonly CallRule[],
  facts: ResolveFacts,
  begin: UnixSeconds,
): TokenLimit {
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
      ...allowing(limit, calls),
      foreignTransferFrom: limit.foreignTransferFrom,
      recipients: recipients === undefined ? undefined : [...new Set(recipients)].sort(byValue),
    }),
  )
}

/**
 * Who may get leave to take a token, as named or by default: `count` where a rule approves, for the contracts of the other
 * rules and those that conditions name (policy.md 3.2). Nobody under `forbid`.
 */
function allowing(
  limit: Pick<AskedLimit, 'token' | 'approvals' | 'spenders'>,
  calls: readonly CallRule[],
): Pick<TokenLimit, 'approvals' | 'spenders'> {
  const approvals = limit.approvals ?? (rulesThatAllow(limit.token, calls).length > 0 ? 'count' : 'forbid')
  if (limit.spenders !== undefined) return { approvals, spenders: [...limit.spenders] }
  if (approvals === 'forbid') return { approvals, spenders: [] }
  return { approvals, spenders: likelySpenders(limit.token, calls) }
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
    spenders: [],
    approvals: 'forbid',
    foreignTransferFrom: 'forbid',
    ...named,
  }
}

/** Fees as asked, or the defaults. Where somebody else must pay, the account pays only what is named. */
export function resolveFees(asked: AskedFees | undefined, strk: Address, begin: UnixSeconds): FeePolicy {
  const caps = asked?.caps ?? []
  const nothingNamed = caps.length === 0 && asked?.perTx === undefined
  const perTx = nothingNamed ? DEFAULTS.feePerTx : asked?.perTx
  const payer = asked?.payer ?? 'account'
  const ofAccount = {
    token: strk,
    ...(perTx === undefined ? {} : { perTx }),
    caps: caps.length > 0 ? capsFrom(caps, begin) : [{ window: SESSION, max: DEFAULTS.feeTotal }],
  }
  const others = (asked?.tokens ?? []).map((fee) => ({
    token: fee.token,
    ...(fee.perTx === undefined ? {} : { perTx: fee.perTx }),
    caps: capsFrom(fee.caps, begin),
  }))
  return {
    payer,
    tokens: [...(payer === 'paymaster' && nothingNamed ? [] : [ofAccount]), ...others].sort((a, b) =>
      byValue(a.token, b.token),
    ),
    ...(asked?.paymasters === undefined ? {} : { paymasters: [...asked.paymasters] }),
    ...(asked?.service === undefined ? {} : { service: asked.service }),
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
