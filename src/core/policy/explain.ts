import { STRK } from '../account.ts'
import { moneyKind } from '../call.ts'
import { type Address, type Felt, padded, type Selector, type U256, u256 } from '../felt.ts'
import type { EnforcedBy, LimitField, LimitView, RiskView, RuleView } from '../protocol/ui.ts'
import { DAY, type Seconds, type UnixSeconds } from '../time.ts'
import { type Arg, count, duration, inner, type Line, line, list, text, time } from '../words.ts'
import { txField, windowField } from './edits.ts'
import { argumentDetails, conditionLines, denyLine, sumLines } from './explain-arguments.ts'
import { itemDetails, itemLimits, itemRisks, itemRows, itemsOf } from './explain-items.ts'
import {
  cannotSpend,
  type MessageNaming,
  messageDetails,
  messageHeld,
  messageRisks,
  messageRows,
  sendsNothing,
  withMessages,
} from './explain-messages.ts'
import { EVERYTHING, type Exposure, exposure, isDangerous } from './exposure.ts'
import { adminName } from './forbidden.ts'
import {
  actionOf,
  bareMoneyOf,
  moneyOf,
  type Naming,
  nameOf,
  perWindow,
  placeOf,
  recipientsLine,
  sponsorOf,
  streamLine,
  times,
  tokenOf,
} from './naming.ts'
import { hostOf, serviceOrigin } from './payers.ts'
import type { AmountCap, CallRule, Entrypoint, RuleId, SessionPolicy, StreamCap, TokenLimit, Window } from './policy.ts'
import { sameWindow } from './windows.ts'

export interface ExplainFacts extends MessageNaming {
  readonly host: string
  readonly account: Address
  readonly backing: 'chain' | 'wallet'
  /** The site holds the session's key; `wrote`: it wrote the session too. Absent: this wallet holds it. */
  readonly siteKey?: { readonly wrote: boolean; readonly publicKey?: Felt; readonly agent?: string }
  readonly runWhileLocked: boolean
  /** The site's own words: quoted, never part of a sentence. */
  readonly words: Readonly<Record<RuleId, { readonly label?: string; readonly description?: string }>>
  readonly label?: string
  readonly reason?: string
  /** What the site asked for, when it named an end. */
  readonly askedLife?: Seconds
  readonly balances: Readonly<Record<Address, U256>>
  /** What contracts in scope may take from the account already. */
  readonly allowances: readonly { readonly token: Address; readonly spender: Address; readonly amount: U256 }[]
  /** There is more than was asked about. */
  readonly unread?: boolean
  /** Before the session starts they can be set to 0; `true`: they will be. Absent: not from here. */
  readonly clears?: boolean
  /** Of calls that are signed with the session: how many can still be sent, and until when. */
  readonly scheduled?: { readonly calls: number; readonly until: UnixSeconds }
  /** Contracts of which the owner can replace the code. */
  readonly replaceable: readonly Address[]
  /** What the edits are measured against: without it nothing can be edited. */
  readonly within?: SessionPolicy
  /** Tokens for which the site named no total. */
  readonly enterable: readonly Address[]
}

export interface Explanation {
  /** What and until when. */
  readonly headline: Line
  /** What it can cost. */
  readonly worst: Line
  readonly danger: boolean
  /** What a person must say they know, where it is less than everything. */
  readonly tick?: Line
  /** What the worst case leaves out, always. */
  readonly notCounted: Line
  /** The decision bar: worst case and end. */
  readonly summary: { readonly worst: Line; readonly end: Line }
  /** One row per rule, in the policy's order. */
  readonly can: readonly Omit<RuleView, 'locked' | 'used'>[]
  readonly cannot: readonly Line[]
  readonly limits: readonly LimitView[]
  /** Worst first. */
  readonly risks: readonly RiskView[]
  readonly held: readonly Line[]
  /** Cleaned text of the site. */
  readonly quotes: readonly string[]
  /** All that is in the policy and not above, so that two policies never read alike. */
  readonly details: readonly Line[]
  /** Distinct actions that are switched on. */
  readonly actions: number
}

/**
 * A policy in sentences, from the policy and the chain's facts alone (policy.md 13.1). Complete: policies that differ in
 * any member but ids read differently.
 *
 * @param now unix seconds, the judged clock
 * @see explain.test.ts "property: one changed leaf reads differently"
 */
export function explain(policy: SessionPolicy, known: ExplainFacts, now: UnixSeconds): Explanation {
  const facts = { ...known, actions: { ...namesIn(policy), ...known.actions } }
  const worst = exposure(policy, undefined, [], now)
  const on = policy.calls.filter((rule) => rule.enabled)
  const actions = countActions(policy)
  return {
    headline: headline(policy, facts, now, actions, new Set(on.map((rule) => rule.contract)).size),
    worst: withMessages(worstLine(worst, facts, paidBy(policy, facts)), policy, facts),
    danger: isDangerous(worst),
    ...(isDangerous(worst) && !worst.everything ? { tick: tickLine(worst, facts) } : {}),
    notCounted: line('policy_notCounted'),
    summary: { worst: barOf(policy, worst, facts), end: line('policy_barEnd', { end: time(policy.validUntil) }) },
    can: policy.calls.map((rule) => ruleRow(rule, facts)),
    cannot: [
      line('policy_cannotAccount'),
      line(policy.spend.limits.length > 0 ? 'policy_cannotTokens' : cannotSpend(policy)),
      cannotAllow(policy, facts),
      ...(itemLimits(policy).length > 0 ? [line('policy_cannotItems')] : []),
      line(facts.scheduled === undefined ? 'policy_cannotEnd' : 'policy_cannotEndScheduled'),
      ...policy.deny.map((deny) => denyLine(deny, facts)),
    ],
    limits: [
      ...startRow(policy, facts, now),
      ...tokenRows(policy, facts),
      ...itemRows(itemLimits(policy), facts, enforcedBy('other', facts.backing), fieldLabel),
      ...(sendsNothing(policy) ? [] : sendingRows(policy, facts)),
      ...messageRows(policy, facts),
    ],
    risks: [...risksOf(policy, worst, facts), ...messageRisks(policy)],
    held: [
      ...keyLines(facts),
      line(facts.runWhileLocked ? 'policy_runsLocked' : 'policy_pausesLocked'),
      ...messageHeld(policy),
    ],
    quotes: [facts.reason, facts.label, facts.siteKey?.agent].filter((quote) => quote !== undefined),
    details: detailsOf(policy, facts),
    actions,
  }
}

/** How often it sends, and who pays for it. */
function sendingRows(policy: SessionPolicy, facts: ExplainFacts): readonly LimitView[] {
  return [...payerRow(policy, facts), ...feeRow(policy, facts), ...usageRows(policy, facts)]
}

/** A message may be worth anything: of its worst case the bar knows no amount. */
function barOf(policy: SessionPolicy, worst: Exposure, facts: ExplainFacts): Line {
  const signs = policy.messages.some(({ enabled }) => enabled)
  return sendsNothing(policy) && signs ? line('policy_barMessages') : barLine(worst, facts)
}

/** Who has the key, and what of the session the person can still change. */
function keyLines({ host, siteKey }: ExplainFacts): readonly Line[] {
  if (siteKey === undefined) return [line('policy_heldWallet')]
  const held = line(siteKey.agent === undefined ? 'session_siteKey' : 'session_agentKey', { host: text(host) })
  return [held, ...(siteKey.wrote ? [line('session_siteWrote')] : [])]
}

/** "Can still spend at most 5 STRK and 0.42 STRK of fees", of a running session. */
export function explainLeft(left: Exposure, naming: Naming): Line {
  if (left.everything) return line('policy_leftEverything')
  const spend = left.spend.map(({ token, amount }) => moneyOf(amount, token, naming))
  const fees = left.fees.map(({ token, amount }) => moneyOf(amount, token, naming))
  if (left.items.length > 0) {
    const items = list(left.items.map((it) => itemsOf(it, naming)))
    const { key, args } = withItems(spend.length > 0, fees.length > 0)
    return line(LEFT_ITEMS[key], { items, ...args(list(spend), list(fees)) })
  }
  if (spend.length === 0)
    return fees.length === 0 ? line('policy_leftNothing') : line('policy_leftFees', { fee: list(fees) })
  if (fees.length === 0) return line('policy_leftSpendFree', { list: list(spend) })
  return line('policy_leftSpend', { list: list(spend), fee: list(fees) })
}

/** Which of the sentences with items: with spending, with fees. */
function withItems(spends: boolean, pays: boolean) {
  const key = spends ? (pays ? 'both' : 'spend') : pays ? 'fees' : 'items'
  const args = (spend: Arg, fee: Arg) => ({ ...(spends ? { list: spend } : {}), ...(pays ? { fee } : {}) })
  return { key, args } as const
}

const LEFT_ITEMS = {
  both: 'policy_leftSpendItems',
  spend: 'policy_leftSpendItemsFree',
  fees: 'policy_leftItems',
  items: 'policy_leftItemsFree',
} as const
const WORST_ITEMS = {
  both: 'policy_worstSpendItems',
  spend: 'policy_worstSpendItemsFree',
  fees: 'policy_worstItems',
  items: 'policy_worstItemsFree',
} as const

/** Who refuses what is outside a member of the policy, as a table (policy.md 10). */
export function enforcedBy(
  member: 'actions' | 'end' | 'ownAccounts' | 'key' | 'other',
  backing: 'chain' | 'wallet',
): EnforcedBy {
  return backing === 'chain' && member !== 'other' ? 'both' : 'wallet'
}

/** Entrypoints by which an owner replaces a contract's code. */
const REPLACES = ['upgrade', 'upgrade_to', 'perform_upgrade', 'replace_class', 'set_implementation']

export function canReplaceCode(entrypoints: readonly { readonly selector: Selector }[]): boolean {
  return entrypoints.some(({ selector }) => REPLACES.includes(adminName(selector) ?? ''))
}

/** Distinct actions that are switched on. */
export function countActions({ calls }: SessionPolicy): number {
  const on = calls.filter(({ enabled }) => enabled)
  return new Set(on.flatMap((rule) => entriesOf(rule).map(({ selector }) => `${rule.contract} ${selector}`))).size
}

/** Names that stand beside the selectors they hash to. */
function namesIn(policy: SessionPolicy): Naming['actions'] {
  const entries = policy.calls.flatMap(entriesOf)
  return Object.fromEntries(entries.flatMap(({ selector, name }) => (name === undefined ? [] : [[selector, name]])))
}

function headline(
  policy: SessionPolicy,
  facts: ExplainFacts,
  now: UnixSeconds,
  actions: number,
  contracts: number,
): Line {
  const uses = policy.usage.tx.find((cap) => cap.window.kind === 'session')
  const later = policy.validAfter > now
  const isAny = (what: 'contract' | 'entrypoints') => policy.calls.some((rule) => rule.enabled && rule[what] === '*')
  const args: Record<string, Arg> = {
    end: time(policy.validUntil),
    duration: duration(Math.max(policy.validUntil - Math.max(policy.validAfter, now), 0)),
    host: text(facts.host),
    account: placeOf(facts.account, facts),
    actions: inner(
      isAny('entrypoints') ? line('policy_anyAction') : line('policy_actions_other', { n: count(actions) }),
    ),
    contracts: inner(
      isAny('contract') ? line('policy_anyContract') : line('policy_contracts_other', { n: count(contracts) }),
    ),
    ...(uses === undefined ? {} : { times: times(uses.max) }),
    ...(later ? { start: time(policy.validAfter) } : {}),
  }
  if (sendsNothing(policy)) {
    const { actions: _actions, contracts: _contracts, times: _times, ...rest } = args
    return line(later ? 'policy_headlineSignsFrom' : 'policy_headlineSigns', rest)
  }
  if (uses === undefined) return line(later ? 'policy_headlineFrom' : 'policy_headline', args)
  return line(later ? 'policy_headlineUsesFrom' : 'policy_headlineUses', args)
}

function tickLine(worst: Exposure, facts: ExplainFacts): Line {
  const all = worst.items.filter((it) => it.count === 'all')
  return line('policy_tickItems', { items: list(all.map((it) => itemsOf(it, facts))) })
}

/** With what may still be taken after the end, where allowances stay. */
export function worstLine(worst: Exposure, facts: ExplainFacts, payer?: Arg): Line {
  const [first, ...more] = worst.leftBehind
  const untilEnd = worstUntilEnd(worst, facts, payer)
  if (first === undefined || worst.everything) return untilEnd
  const spenders = new Set([first, ...more].flatMap((left) => left.spenders))
  return line('policy_worstLeft', {
    worst: inner(untilEnd),
    spenders: list([...spenders].map((one) => placeOf(one, facts))),
    amount: list([first, ...more].map(({ token, amount }) => moneyOf(amount, token, facts))),
  })
}

/** @param payer who pays every fee, if the account never does */
function worstUntilEnd(worst: Exposure, facts: ExplainFacts, payer?: Arg): Line {
  if (payer !== undefined && worst.fees.length === 0 && !worst.everything) {
    const takes = worst.spend.length + worst.items.length > 0
    const rest = takes ? worstUntilEnd(worst, facts) : line('policy_worstNoSpend')
    return line('policy_worstSponsored', { worst: inner(rest), payer })
  }
  if (worst.everything) {
    const now = Object.entries(facts.balances)
      .filter(([, amount]) => amount !== '0')
      .map(([token, amount]) => moneyOf(amount, token as Address, facts)) // keys of a record by address
    return now.length === 0 ? line('policy_worstEverything') : line('policy_worstEverythingNow', { list: list(now) })
  }
  const { spend, fees } = figures(worst, facts)
  if (worst.items.length > 0) {
    const { key, args } = withItems(spend !== undefined, fees !== undefined)
    const items = list(worst.items.map((it) => itemsOf(it, facts)))
    return line(WORST_ITEMS[key], { items, ...args(spend ?? list([]), fees ?? list([])) })
  }
  if (spend === undefined)
    return fees === undefined ? line('policy_worstNothingFree') : line('policy_worstNothing', { fee: fees })
  return fees === undefined
    ? line('policy_worstSpendFree', { list: spend })
    : line('policy_worstSpend', { list: spend, fee: fees })
}

export function barLine(worst: Exposure, facts: ExplainFacts): Line {
  if (worst.everything) return line('policy_barEverything')
  const { fees } = figures(worst, facts)
  const leaves = [
    ...worst.spend.map(({ token, amount }) => moneyOf(amount, token, facts)),
    ...worst.items.map((it) => itemsOf(it, facts)),
  ]
  const spend = leaves.length === 0 ? undefined : list(leaves)
  if (spend === undefined) return fees === undefined ? line('policy_barNothing') : line('policy_barFees', { fee: fees })
  return fees === undefined
    ? line('policy_barSpendFree', { list: spend })
    : line('policy_barSpend', { list: spend, fee: fees })
}

function figures(worst: Exposure, facts: Naming): { readonly spend: Arg | undefined; readonly fees: Arg | undefined } {
  const said = (figures: Exposure['spend']) =>
    figures.length === 0 ? undefined : list(figures.map(({ token, amount }) => moneyOf(amount, token, facts)))
  return { spend: said(worst.spend), fees: said(worst.fees) }
}

function ruleRow(rule: CallRule, facts: ExplainFacts): Explanation['can'][number] {
  const { contract } = rule
  const entries = entriesOf(rule)
  const limits = rule.caps.map((cap) => inner(perWindow(times(cap.max), cap.window)))
  const name = contract === '*' ? undefined : facts.names[contract]
  const label = facts.words[rule.id]?.label
  return {
    id: rule.id,
    contract,
    ...(name === undefined ? {} : { contractName: name }),
    line:
      rule.entrypoints === '*'
        ? line('policy_anyAction')
        : line('policy_rule', { actions: list(entries.map((entry) => entryArg(entry, facts))) }),
    qualifiers: [
      ...(rule.wide === true ? [line('policy_everyAction')] : []),
      ...(rule.required ? [line('policy_needed')] : []),
      ...(rule.enabled ? [] : [line('policy_off')]),
      ...conditionLines(rule, facts),
      ...sumLines(rule, facts),
      ...(limits.length > 0 ? [line('policy_usesAtMost', { limit: list(limits) })] : []),
      ...(rule.sponsoredOnly === true ? [line('policy_sponsoredOnly')] : []),
      ...(rule.adminAck === true ? [line('policy_confirmedAdmin')] : []),
      ...(rule.notAToken === true ? [line('policy_confirmedNoToken')] : []),
    ],
    ...(label === undefined ? {} : { label }),
    // A row that states more than its list is held by the wallet in that part.
    by: isOnlyListed(rule) ? enforcedBy('actions', facts.backing) : 'wallet',
    enabled: rule.enabled,
    required: rule.required,
    movesMoney: rule.notAToken !== true && entries.some(({ selector }) => moneyKind(selector) !== undefined),
  }
}

function isOnlyListed(rule: CallRule): boolean {
  return rule.caps.length === 0 && rule.args === undefined && rule.sums.length === 0 && rule.sponsoredOnly === undefined
}

function startRow(policy: SessionPolicy, facts: ExplainFacts, now: UnixSeconds): readonly LimitView[] {
  if (policy.validAfter <= now) return []
  return [
    {
      id: 'start',
      title: line('policy_titleStart'),
      line: line('policy_start', { start: time(policy.validAfter) }),
      by: enforcedBy('other', facts.backing),
      fields: [],
    },
  ]
}

function tokenRows(policy: SessionPolicy, facts: ExplainFacts): readonly LimitView[] {
  return policy.spend.limits.flatMap((limit) => {
    if (limit.asset !== 'erc20') return []
    const title = line('policy_titleToken', { token: tokenOf(limit.token, facts) })
    const by = enforcedBy('other', facts.backing)
    const id = `spend:${limit.token}`
    return [
      {
        id,
        title,
        line: line('policy_limits', { list: list(amountsOf(limit, limit.token, facts, bareMoneyOf)) }),
        by,
        fields: spendFields(limit, facts),
      },
      { id: `${id}:recipients`, title, line: recipientsLine(limit.recipients, facts), by, fields: [] },
      ...(limit.approvals === 'forbid'
        ? []
        : [{ id: `${id}:approvals`, title, line: approvalsLine(limit, facts), by, fields: [] }]),
      ...(limit.foreignTransferFrom === 'forbid'
        ? []
        : [{ id: `${id}:foreign`, title, line: line('policy_foreign'), by, fields: [] }]),
    ]
  })
}

function approvalsLine(limit: TokenLimit, facts: Naming): Line {
  const to =
    limit.spenders.length === 0
      ? line('policy_toNobody')
      : line('policy_onlyTo', { list: list(limit.spenders.map((one) => placeOf(one, facts))) })
  return line(limit.approvals === 'count' ? 'policy_leaveCount' : 'policy_leaveReset', { to: inner(to) })
}

function cannotAllow({ spend }: SessionPolicy, facts: Naming): Line {
  const spenders = spend.limits.flatMap((limit) =>
    limit.asset === 'erc20' && limit.approvals !== 'forbid' ? limit.spenders : [],
  )
  if (spenders.length === 0) return line('policy_cannotAllow')
  return line('policy_cannotAllowOthers', { list: list([...new Set(spenders)].map((one) => placeOf(one, facts))) })
}

/** "Everything in this account" is no more of it in all, and nothing is a question each time. */
function capArg({ window, max }: AmountCap, said: (value: U256) => Arg): Arg {
  if (window.kind === 'session' && max === '0') return inner(line('policy_eachAsks'))
  if (window.kind === 'session' && BigInt(max) >= EVERYTHING) return said(max)
  return inner(perWindow(said(max), window))
}

/** Who else may pay, where somebody may. Where a service is named it is asked each time, and the account never pays. */
function payerRow(policy: SessionPolicy, facts: ExplainFacts): readonly LimitView[] {
  const { payer, service, tokens } = policy.fees
  if (payer === 'account') return []
  const only = tokens.length === 0 ? 'policy_paidOnly' : 'policy_sentOnly'
  return [
    {
      id: 'payer',
      title: line('policy_titlePayer'),
      line: line(payer === 'either' && service === undefined ? 'policy_paidEither' : only, {
        payer: sponsors(policy, facts),
      }),
      by: enforcedBy('other', facts.backing),
      fields: [],
    },
  ]
}

/** Who pays every fee; `undefined`: the account may have to. */
function paidBy(policy: SessionPolicy, facts: Naming): Arg | undefined {
  return policy.fees.payer === 'paymaster' && policy.fees.tokens.length === 0 ? sponsors(policy, facts) : undefined
}

function sponsors({ fees }: SessionPolicy, facts: Naming): Arg {
  if (fees.paymasters === undefined)
    return fees.service === undefined ? inner(line('policy_anySponsor')) : text(hostOf(serviceOrigin(fees.service)))
  return fees.paymasters.length === 0
    ? inner(line('policy_noSponsor'))
    : list(fees.paymasters.map((one) => sponsorOf(one, facts)))
}

function feeRow(policy: SessionPolicy, facts: ExplainFacts): readonly LimitView[] {
  return policy.fees.tokens.map((fee) => {
    // Of the token that accounts pay in: another one buys what a sponsor pays.
    const tip = fee.token === STRK ? policy.fees.maxTipPerGas : undefined
    const limits = [
      ...amountsOf(fee, fee.token, facts),
      ...(tip === undefined ? [] : [inner(line('policy_tip', { what: moneyOf(tip, STRK, facts) }))]),
    ]
    return {
      id: `fee:${fee.token}`,
      title: line('policy_titleFees'),
      line: line('policy_limits', { list: list(limits) }),
      by: enforcedBy('other', facts.backing),
      fields: feeFields(fee, facts),
    }
  })
}

function usageRows(policy: SessionPolicy, facts: ExplainFacts): readonly LimitView[] {
  const { usage } = policy
  const by = enforcedBy('other', facts.backing)
  const caps = (all: typeof usage.tx) =>
    line('policy_limits', { list: list(all.map((cap) => inner(perWindow(count(cap.max), cap.window)))) })
  return [
    { id: 'tx', title: line('policy_titleUses'), line: caps(usage.tx), by, fields: txFields(policy, facts) },
    ...(usage.calls.length === 0
      ? []
      : [{ id: 'calls', title: line('policy_titleActions'), line: caps(usage.calls), by, fields: [] }]),
    ...(usage.minGap === 0
      ? []
      : [
          {
            id: 'gap',
            title: line('policy_titleGap'),
            line: line('policy_gap', { period: duration(usage.minGap) }),
            by,
            fields: [],
          },
        ]),
  ]
}

function amountsOf(
  limit: {
    readonly caps: readonly AmountCap[]
    readonly perCall?: U256
    readonly perTx?: U256
    readonly stream?: StreamCap
  },
  token: Address,
  facts: Naming,
  money: typeof moneyOf = moneyOf,
): readonly Arg[] {
  const said = (value: U256) => money(value, token, facts)
  return [
    ...limit.caps.map((cap) => capArg(cap, said)),
    ...(limit.stream === undefined ? [] : [inner(streamLine(limit.stream, token, facts))]),
    ...(limit.perCall === undefined ? [] : [inner(line('policy_each', { what: said(limit.perCall) }))]),
    ...(limit.perTx === undefined ? [] : [inner(line('policy_perTx', { what: said(limit.perTx) }))]),
  ]
}

function spendFields(limit: TokenLimit, facts: ExplainFacts): readonly LimitField[] {
  const within = facts.within?.spend.limits.find((one) => one.asset === 'erc20' && one.token === limit.token)
  if (within?.asset !== 'erc20') return []
  const free = facts.enterable.includes(limit.token)
  const id = `spend:${limit.token}`
  return [
    ...capFields(id, limit.caps, within.caps, limit.token, facts, free),
    ...field(`${id}:perCall`, line('policy_fieldEach'), limit.perCall, within.perCall, limit.token, facts),
    ...field(`${id}:perTx`, line('policy_fieldPerTx'), limit.perTx, within.perTx, limit.token, facts),
  ]
}

function feeFields(fee: SessionPolicy['fees']['tokens'][number], facts: ExplainFacts): readonly LimitField[] {
  const within = facts.within?.fees.tokens.find((one) => one.token === fee.token)
  if (within === undefined) return []
  const id = `fee:${fee.token}`
  return [
    ...capFields(id, fee.caps, within.caps, fee.token, facts),
    ...field(`${id}:perTx`, line('policy_fieldPerTx'), fee.perTx, within.perTx, fee.token, facts),
  ]
}

function txFields(policy: SessionPolicy, facts: ExplainFacts): readonly LimitField[] {
  return policy.usage.tx.flatMap((cap) => {
    const id = txField(cap)
    const max = facts.within?.usage.tx.find((one) => txField(one) === id)?.max
    if (max === undefined) return []
    return [{ id, label: fieldLabel(cap.window), value: u256(BigInt(cap.max)), max: u256(BigInt(max)) }]
  })
}

function field(
  id: string,
  label: Line,
  value: U256 | undefined,
  max: U256 | undefined,
  token: Address,
  facts: Naming,
  free = false,
): readonly LimitField[] {
  if (value === undefined) return []
  const listed = facts.tokens[token]
  return [
    {
      id,
      label,
      value,
      ...(free || max === undefined ? {} : { max }),
      ...(listed === undefined ? {} : { token: listed }),
    },
  ]
}

function capFields(
  id: string,
  caps: readonly AmountCap[],
  within: readonly AmountCap[],
  token: Address,
  facts: Naming,
  free = false,
): readonly LimitField[] {
  return caps.flatMap(({ window, max }) => {
    const most = within.find((cap) => sameWindow(cap.window, window))?.max
    return field(`${id}:${windowField(window)}`, fieldLabel(window), max, most, token, facts, free)
  })
}

function fieldLabel(window: Window): Line {
  switch (window.kind) {
    case 'session':
      return line('policy_fieldTotal')
    case 'rolling':
      return line('policy_fieldIn', { period: duration(window.seconds) })
    case 'fixed':
      return line('policy_fieldEvery', { period: duration(window.seconds), start: time(window.anchor) })
    case 'calendar':
      return line(FIELD_OF_UNIT[window.unit])
  }
}

const FIELD_OF_UNIT = {
  minute: 'policy_fieldMinute',
  hour: 'policy_fieldHour',
  day: 'policy_fieldDay',
  week: 'policy_fieldWeek',
  month: 'policy_fieldMonth',
  year: 'policy_fieldYear',
} as const

const WEEK: Seconds = 7 * DAY

/** The strip's fixed order (approval-ux.md 8). */
function risksOf(policy: SessionPolicy, worst: Exposure, facts: ExplainFacts): readonly RiskView[] {
  const risks: RiskView[] = []
  const on = policy.calls.filter((rule) => rule.enabled)
  const isAny = on.some(({ contract }) => contract === '*')
  if (isAny) risks.push({ level: 'danger', line: line('policy_riskAny') })
  for (const rule of on) {
    // On any contract such an action asks each time.
    if (rule.contract === '*') continue
    for (const { selector } of entriesOf(rule)) {
      if (adminName(selector) === undefined) continue
      const contract = placeOf(rule.contract, facts)
      risks.push({ level: 'danger', line: line('policy_riskAdmin', { action: actionOf(selector, facts), contract }) })
    }
  }
  risks.push(...itemRisks(itemLimits(policy), facts))
  if (facts.scheduled !== undefined) {
    const { calls, until } = facts.scheduled
    risks.push({
      level: 'warn',
      line: line('policy_riskScheduled_other', { n: count(calls), until: time(until) }),
      detail: line('policy_riskScheduledDetail'),
    })
  }
  for (const { token, amount } of worst.leftBehind) {
    risks.push({
      level: 'warn',
      line: line('policy_riskLeaves', { amount: moneyOf(amount, token, facts) }),
      detail: line('policy_riskLeavesDetail'),
    })
  }
  const scope = new Set(on.map((rule) => rule.contract))
  for (const { token, spender, amount } of facts.allowances) {
    if ((!isAny && !scope.has(spender)) || amount === '0') continue
    const args = { spender: placeOf(spender, facts), amount: moneyOf(amount, token, facts) }
    const clears = facts.clears === undefined ? {} : { clears: facts.clears }
    const said = facts.clears === true ? line('policy_riskCleared', args) : line('policy_riskAllowance', args)
    risks.push({ level: facts.clears === true ? 'note' : 'warn', line: said, ...clears })
  }
  if (facts.unread === true) risks.push({ level: 'warn', line: line('policy_riskAllowanceUnread') })
  risks.push(...sponsorRisks(policy, on, facts))
  const unknown = on
    .flatMap(entriesOf)
    .filter(({ name, selector }) => (name ?? nameOf(selector, facts)) === undefined).length
  if (unknown > 0) risks.push({ level: 'warn', line: line('policy_riskUnknown_other', { n: count(unknown) }) })
  for (const contract of facts.replaceable) {
    if (!scope.has(contract)) continue
    risks.push({ level: 'warn', line: line('policy_riskReplaceable', { contract: placeOf(contract, facts) }) })
  }
  if (facts.siteKey !== undefined) {
    const detail = line('policy_riskSiteKeyDetail', { host: text(facts.host) })
    const key = facts.siteKey.agent === undefined ? 'policy_riskSiteKey' : 'policy_riskAgentKey'
    risks.push({ level: 'warn', line: line(key), detail })
  }
  if (facts.backing === 'wallet' && !isAny) risks.push({ level: 'warn', line: line('policy_riskWallet') })
  if (facts.askedLife !== undefined && facts.askedLife > WEEK) {
    risks.push({ level: 'warn', line: line('policy_riskLong', { duration: duration(facts.askedLife) }) })
  }
  if (holdsMuchMore(worst, facts)) risks.push({ level: 'note', line: line('policy_riskMore') })
  return risks
}

/** Who is asked to pay; and where nobody can be, what only a sponsor may pay for is refused (policy.md 15, trap 32). */
function sponsorRisks(policy: SessionPolicy, on: readonly CallRule[], facts: ExplainFacts): readonly RiskView[] {
  const { payer, service } = policy.fees
  if (service !== undefined && payer !== 'account') {
    return [{ level: 'note', line: line('policy_riskService', { host: text(hostOf(serviceOrigin(service))) }) }]
  }
  if (policy.fees.payer === 'paymaster') return [{ level: 'warn', line: line('policy_riskSponsoredAll') }]
  const only = on.filter(({ sponsoredOnly }) => sponsoredOnly === true)
  if (only.length === 0) return []
  const isAny = only.some(({ entrypoints }) => entrypoints === '*')
  const actions = isAny
    ? inner(line('policy_anyAction'))
    : list(only.flatMap(entriesOf).map((entry) => entryArg(entry, facts)))
  return [{ level: 'warn', line: line('policy_riskSponsored', { actions }) }]
}

function holdsMuchMore(worst: Exposure, facts: ExplainFacts): boolean {
  if (worst.everything) return false
  const atWorst = new Map<Address, bigint>()
  for (const { token, amount } of [...worst.spend, ...worst.fees]) {
    atWorst.set(token, (atWorst.get(token) ?? 0n) + BigInt(amount))
  }
  return [...atWorst].some(([token, amount]) => BigInt(facts.balances[token] ?? '0') > 10n * amount)
}

function detailsOf(policy: SessionPolicy, facts: ExplainFacts): readonly Line[] {
  return [
    line('policy_start', { start: time(policy.validAfter) }),
    line('policy_end', { end: time(policy.validUntil) }),
    ...(facts.siteKey?.publicKey === undefined
      ? []
      : [line('policy_publicKey', { key: text(padded(facts.siteKey.publicKey)) })]),
    ...payerLines(policy, facts),
    line('policy_callsPerTx_other', { n: count(policy.usage.maxCallsPerTx) }),
    line('policy_inFlight_other', { n: count(policy.usage.maxInFlight) }),
    line(policy.spend.look === 'simulate' ? 'policy_lookSimulate' : 'policy_lookReceipt'),
    ...policy.spend.limits.flatMap((limit) =>
      limit.asset === 'erc20' && limit.approvals === 'forbid' ? noAllowanceLines(limit, facts) : [],
    ),
    ...itemDetails(itemLimits(policy), facts),
    // Not in view, because it says nothing yet: an update may add a rule for calls.
    ...(sendsNothing(policy)
      ? sendingRows(policy, facts).map((row) =>
          line('policy_named', { title: inner(row.title), limit: inner(row.line) }),
        )
      : []),
    ...messageDetails(policy, facts),
    ...pinLines(policy, facts),
    ...[...policy.calls, ...policy.deny].flatMap((rule) => argumentDetails(rule, facts)),
  ]
}

const PAYERS = {
  account: 'policy_payerAccount',
  paymaster: 'policy_payerSponsor',
  either: 'policy_payerEither',
} as const

function payerLines(policy: SessionPolicy, facts: ExplainFacts): readonly Line[] {
  const { payer, paymasters, service, maxTipPerGas, tokens } = policy.fees
  const isTold = tokens.some(({ token }) => token === STRK)
  return [
    line(payer === 'either' && service !== undefined ? 'policy_payerService' : PAYERS[payer]),
    ...(paymasters === undefined ? [] : [line('policy_paymasters', { list: sponsors(policy, facts) })]),
    ...(service === undefined ? [] : [line('policy_service', { url: text(service) })]),
    ...(maxTipPerGas === undefined || isTold
      ? []
      : [
          line('policy_limits', {
            list: list([inner(line('policy_tip', { what: moneyOf(maxTipPerGas, STRK, facts) }))]),
          }),
        ]),
  ]
}

function noAllowanceLines(limit: TokenLimit, facts: Naming): readonly Line[] {
  const token = tokenOf(limit.token, facts)
  const [first, ...rest] = limit.spenders.map((one) => placeOf(one, facts))
  if (first === undefined) return [line('policy_noAllowance', { token })]
  return [line('policy_noAllowanceNamed', { token, list: list([first, ...rest]) })]
}

/** One for each contract, however many rules name it. */
function pinLines(policy: SessionPolicy, facts: Naming): readonly Line[] {
  const lines = policy.calls.flatMap((rule) => pinLine(rule, facts))
  return [...new Map(lines.map((one) => [JSON.stringify(one), one])).values()]
}

function pinLine(rule: CallRule, facts: Naming): readonly Line[] {
  const { codePin } = rule
  if (codePin === undefined || rule.contract === '*') return []
  const args = { contract: placeOf(rule.contract, facts), hash: text(padded(codePin.classHash)) }
  const warns = codePin.onChange === 'warn'
  if (codePin.impl === undefined) return [line(warns ? 'policy_pinWarn' : 'policy_pin', args)]
  const proxy = { ...args, impl: text(padded(codePin.impl)) }
  return [line(warns ? 'policy_pinProxyWarn' : 'policy_pinProxy', proxy)]
}

function entryArg(entry: Entrypoint, facts: Naming): Arg {
  return entry.name === undefined ? actionOf(entry.selector, facts) : text(entry.name)
}

function entriesOf(rule: CallRule): readonly Entrypoint[] {
  return rule.entrypoints === '*' ? [] : rule.entrypoints
}
