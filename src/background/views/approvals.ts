import { STRK } from '../../core/account.ts'
import { partsOf } from '../../core/approval.ts'
import { moneyKind } from '../../core/call.ts'
import type { Hash32 } from '../../core/felt.ts'
import { type Address, padded, type U256 } from '../../core/felt.ts'
import { atMostU256, spendMeter, TX, used } from '../../core/policy/book.ts'
import { barLine, type ExplainFacts, type Explanation, explain, worstLine } from '../../core/policy/explain.ts'
import { explainChange } from '../../core/policy/explain-change.ts'
import { explainReason } from '../../core/policy/explain-reason.ts'
import { exposure, sumOfSessions } from '../../core/policy/exposure.ts'
import { actionOf, explainCall, moneyOf, type Naming, placeOf } from '../../core/policy/naming.ts'
import { narrows } from '../../core/policy/narrow.ts'
import type { Hold, MeterBook, SessionId, SessionPolicy } from '../../core/policy/policy.ts'
import { REPEAT, repeatLimits } from '../../core/policy/repeat.ts'
import { unnamedTotals } from '../../core/policy/resolve.ts'
import { backingOf } from '../../core/policy/wildcards.ts'
import type {
  AccountView,
  ApprovalView,
  CallView,
  ChangeView,
  ConnectView,
  SessionRequestView,
  SiteView,
  StepView,
  TransactionView,
} from '../../core/protocol/ui.ts'
import type {
  AccountRecord,
  ApprovalRecord,
  PlannedStep,
  SessionQuestion,
  StoredSession,
  TransactionQuestion,
} from '../../core/records.ts'
import { cutOf } from '../../core/session.ts'
import { DAY, MAX_LIFE, MIN_LIFE, type Seconds, type UnixSeconds } from '../../core/time.ts'
import { type Arg, amount, count, type Line, line, list, place, text, time } from '../../core/words.ts'
import { sha256 } from '../../starknet/digest.ts'
import type { DescribedCall } from '../contracts.ts'
import { holdsOf } from '../sending/journal.ts'
import type { SessionState } from '../sending/ledger.ts'
import { fact, feeCap, NETWORK_NAMES, STRK_NAME, strk, withoutSwitch } from './facts.ts'

export interface ApprovalFacts {
  readonly now: UnixSeconds
  readonly digest: Hash32
  readonly site: SiteView
  readonly naming: Naming
  readonly account: AccountRecord
  readonly balances: Readonly<Record<Address, U256>>
  readonly choices: readonly AccountView[]
  /** Of a transaction's calls, by the contracts' own ABIs; absent where it could not be read. */
  readonly described: readonly (DescribedCall | undefined)[]
  readonly session: StoredSession | undefined
  /** Those whose place a session would take. */
  readonly replaced: Readonly<Record<SessionId, SessionState>>
  /** Contracts of which the owner can replace the code, and what may be taken from the account already. */
  readonly replaceable: readonly Address[]
  readonly allowances: readonly { readonly token: Address; readonly spender: Address; readonly amount: U256 }[]
  readonly stepUp: boolean
  readonly stepState: (step: PlannedStep) => StepView['state']
  readonly outcome: Line | undefined
}

/** A waiting question as it is drawn: its facts and the digest over them (approval-ux.md 7). */
export function approvalView(record: ApprovalRecord, facts: ApprovalFacts): ApprovalView | undefined {
  // Only a session's steps are watched; whatever else is allowed is no open question any more.
  if (record.phase !== 'asking' && record.question.kind !== 'session') return undefined
  switch (record.question.kind) {
    case 'unlock':
      return undefined
    case 'connect':
      return connectView(record, record.question.network, facts)
    case 'session':
      return severalView(record, record.question, facts)
    case 'transaction':
      return transactionView(record, record.question, facts)
  }
}

function base(
  record: ApprovalRecord,
  network: SessionQuestion['network'],
  { digest, site, account, balances }: ApprovalFacts,
) {
  const balance = balances[STRK]
  return {
    id: record.id,
    rev: record.rev,
    digest,
    site,
    network,
    openedAt: record.at,
    lapsesAt: record.lapsesAt,
    account: {
      address: account.address,
      name: account.name,
      ...(balance === undefined ? {} : { balance: { amount: balance, name: STRK_NAME } }),
    },
    details: [
      fact(line('fact_origin'), record.origin),
      fact(line('fact_account'), padded(account.address)),
      fact(line('fact_network'), NETWORK_NAMES[network], false),
      fact(line('fact_digest'), digest),
    ],
  }
}

function connectView(record: ApprovalRecord, network: SessionQuestion['network'], facts: ApprovalFacts): ConnectView {
  return {
    kind: 'connect',
    ...base(record, network, facts),
    sentence: line('connect_sentence', { host: text(facts.site.host) }),
    choices: facts.choices,
    sees: [line('connect_seesAddress'), line('connect_seesPublic', { network: text(NETWORK_NAMES[network]) })],
    cannot: [line('connect_cannotMove'), line('connect_cannotOthers')],
  }
}

/** An array is one page: a block for each session, one worst case and one end for all that are on. */
function severalView(record: ApprovalRecord, question: SessionQuestion, facts: ApprovalFacts): SessionRequestView {
  const parts = partsOf(question)
  let described = 0
  const views = parts.map((part) => {
    const own = facts.described.slice(described)
    described += part.asked.setup?.length ?? 0
    return requestView(record, { ...question, ...part }, { ...facts, described: own })
  })
  const [first] = views
  if (first === undefined) throw new Error('a question has a session')
  if (views.length === 1) return first
  const on = parts.filter(({ off }) => !off)
  const worst = sumOfSessions(on.map(({ effective }) => exposure(effective, undefined, [], question.askedAt)))
  const end = Math.max(...on.map(({ effective }) => effective.validUntil))
  const blocked = on.length === 0 ? line('several_none') : first.blocked
  // What must be said to be known of several is the most that there is.
  const { blocked: _blocked, change: _change, tick: _tick, ...rest } = first
  const known = explainFacts(question, facts)
  return {
    ...rest,
    headline: line('several_headline', { host: text(facts.site.host), n: count(parts.length) }),
    worst: worstLine(worst, known),
    summary: {
      worst: barLine(worst, known),
      end: on.length === 0 ? line('several_noEnd') : line('policy_barEnd', { end: time(end) }),
    },
    danger: on.length > 0 && views.some(({ danger }, index) => danger && parts[index]?.off !== true),
    parts: views.map((view, index) => ({ ...view, off: parts[index]?.off === true })),
    ...(blocked === undefined ? {} : { blocked }),
  }
}

function requestView(record: ApprovalRecord, question: SessionQuestion, facts: ApprovalFacts): SessionRequestView {
  const { asked, effective, granted } = question
  const { naming, site, account, balances } = facts
  const askedLife = askedLifeOf(question)
  const known = explainFacts(question, facts)
  const said = explain(effective, known, question.askedAt)
  const change = changeOf(question, said, (policy) => explain(policy, known, question.askedAt), facts)
  const blocked = tooPoor(question.steps, 0n, balances)
  const shared = base(record, question.network, facts)
  return {
    kind: 'session',
    ...shared,
    ...(change === undefined ? {} : { change }),
    ...(question.sends === undefined ? {} : { sends: line('session_sends') }),
    sessionId: question.sessionId,
    cut: cutOf(sha256(question.sessionId)),
    ...(question.connects
      ? { connects: line('session_connects', { host: text(site.host), account: place(account.address, account.name) }) }
      : {}),
    headline: said.headline,
    worst: said.worst,
    summary: said.summary,
    risks: said.risks,
    ends: endsOf(question, askedLife),
    can: said.can.map((rule) => ({
      ...rule,
      locked: rule.required || !asked.mayNarrow || granted.calls.find(({ id }) => id === rule.id)?.enabled === false,
    })),
    limits: said.limits,
    adjustable: asked.mayNarrow && question.change !== 'rotate',
    cannot: said.cannot,
    held: withoutSwitch(said.held),
    runWhileLocked: { on: question.runWhileLocked, offered: question.change !== 'rotate' && known.backing === 'chain' },
    quotes: said.quotes,
    steps: stepsOf(question, facts),
    setup: (asked.setup ?? []).map((call, index) => callView(call, facts.described[index], naming)),
    enableFacts: question.steps.some(({ step }) => step === 'enable') ? enableFacts(question.steps) : [],
    danger: said.danger,
    ...(said.tick === undefined ? {} : { tick: said.tick }),
    phase: record.phase,
    ...(facts.outcome === undefined ? {} : { outcome: facts.outcome }),
    stepUp: facts.stepUp,
    ...(blocked === undefined ? {} : { blocked }),
    details: [
      ...[said.notCounted, ...said.details].map((label) => ({ label, value: '', mono: false })),
      ...shared.details,
    ],
  }
}

function explainFacts(question: SessionQuestion, facts: ApprovalFacts): ExplainFacts {
  const { asked, granted } = question
  const askedLife = askedLifeOf(question)
  return {
    ...facts.naming,
    host: facts.site.host,
    account: facts.account.address,
    backing: backingOf(question.granted),
    runWhileLocked: question.runWhileLocked,
    words: asked.words,
    ...(asked.label === undefined ? {} : { label: asked.label }),
    ...(asked.reason === undefined ? {} : { reason: asked.reason }),
    ...(askedLife === undefined ? {} : { askedLife }),
    balances: facts.balances,
    allowances: facts.allowances,
    replaceable: facts.replaceable,
    ...(asked.mayNarrow ? { within: granted } : {}),
    enterable: unnamedTotals(asked, granted),
  }
}

/** How long the site asks for; `undefined`: it names no end. A change that names none keeps that of today. */
function askedLifeOf({ asked, askedAt, change, granted }: SessionQuestion): Seconds | undefined {
  if (change !== undefined && change !== 'renew') return granted.validUntil - askedAt
  return asked.duration ?? (asked.validUntil === undefined ? undefined : asked.validUntil - askedAt)
}

/** What it does to the session whose place it takes: the difference to what is enforced there, and what goes on counting. */
function changeOf(
  { again, change, effective, replaces }: SessionQuestion,
  said: Explanation,
  say: (policy: SessionPolicy) => Explanation,
  { naming, replaced, now }: ApprovalFacts,
): ChangeView | undefined {
  const old = replaces === undefined ? undefined : replaced[replaces]
  if (old === undefined) return undefined
  const { session, book, open } = old
  if (change === 'rotate')
    return {
      kind: 'rotate',
      lines: [line('change_rotate'), line('change_rotateOld')],
      rules: {},
      limits: {},
      gone: [],
    }
  const differs = explainChange(
    { policy: session.effective, said: say(session.effective) },
    { policy: effective, said },
  )
  if (change === 'renew') {
    const amounts = effective.spend.limits.flatMap((limit) => {
      const cap = limit.asset === 'erc20' ? limit.caps.find(({ window }) => window.kind === 'session') : undefined
      return limit.asset === 'erc20' && cap !== undefined ? [moneyOf(cap.max, limit.token, naming)] : []
    })
    const most = amounts.length === 0 ? line('change_againAll') : line('change_again', { amount: list(amounts) })
    const counted = again !== undefined ? [] : usedLines(session.effective, book, holdsOf(open), naming, now)
    return {
      kind: 'renew',
      lines: [line('change_renew'), ...counted],
      rules: {},
      limits: {},
      gone: [],
      again: { on: again !== undefined, line: most },
    }
  }
  const wider = narrows(effective, session.effective) !== true
  const longer = effective.validUntil !== session.effective.validUntil
  const more = longer ? line('change_moreEnd', { end: time(session.effective.validUntil) }) : line('change_more')
  return {
    kind: change ?? 'request',
    lines: [
      wider ? more : line('change_notMore'),
      ...usedLines(session.effective, book, holdsOf(open), naming, now),
      line('change_oldGoes'),
    ],
    ...differs,
  }
}

function usedLines(
  policy: SessionPolicy,
  book: MeterBook,
  holds: readonly Hold[],
  naming: Naming,
  now: UnixSeconds,
): readonly Line[] {
  const whole = { kind: 'session' } as const
  const spent = policy.spend.limits.flatMap((limit) => {
    const value = limit.asset === 'erc20' ? used(book, holds, spendMeter(limit.token), whole, now) : 0n
    return limit.asset !== 'erc20' || value === 0n ? [] : [moneyOf(atMostU256(value), limit.token, naming)]
  })
  const times = used(book, holds, TX, whole, now)
  return [
    ...(spent.length === 0 ? [] : [line('change_usedAmount', { amount: list(spent) })]),
    ...(times === 0n ? [] : [line('change_usedTimes_other', { n: count(Number(times)) })]),
  ]
}

const HOUR: Seconds = 3_600
const WEEK: Seconds = 7 * DAY

/** Presets that the ask allows; a longer ask takes the place of "1 hour" (approval-ux.md 8). */
function endsOf(
  { asked, askedAt: at, change, effective, granted }: SessionQuestion,
  askedLife: Seconds | undefined,
): SessionRequestView['ends'] {
  if (change === 'rotate')
    return {
      chosen: effective.validUntil,
      options: [],
      max: effective.validUntil,
      min: effective.validUntil,
      by: 'both',
    }
  const max = askedLife === undefined ? at + MAX_LIFE : granted.validUntil
  const life = effective.validUntil - Math.max(effective.validAfter, at)
  const preset = [HOUR, DAY, WEEK].filter((seconds) => at + seconds <= max)
  const own = askedLife !== undefined && !preset.includes(askedLife) ? askedLife : undefined
  const seconds =
    own === undefined ? preset : own > WEEK ? [own, ...preset.slice(1)] : [...preset, own].sort((a, b) => a - b)
  return {
    chosen: effective.validUntil,
    options: seconds.map((it) => ({
      label: line('ends_in', { duration: { kind: 'duration', seconds: it } }),
      seconds: it,
      chosen:
        life === it || (asked.validUntil !== undefined && it === own && effective.validUntil === granted.validUntil),
    })),
    max,
    min: at + MIN_LIFE,
    by: 'both',
  }
}

const TITLES = { deploy: 'step_deploy', enable: 'step_enable', setup: 'step_setup' } as const

function stepsOf(question: SessionQuestion, facts: ApprovalFacts): readonly StepView[] {
  if (question.steps.length === 0) return []
  const own = plannedSteps(question.steps, question.done, facts)
  const last = own.every(({ state }) => state === 'done') && facts.outcome === undefined ? 'signed' : 'todo'
  return [...own, { step: 'session', title: line('step_session'), cost: line('step_free'), state: last }]
}

export function plannedSteps(
  steps: readonly PlannedStep[],
  done: SessionQuestion['done'],
  { stepState }: Pick<ApprovalFacts, 'stepState'>,
): readonly StepView[] {
  return steps.map((planned) => {
    const { step, bounds, of } = planned
    const hash = done.find((it) => it.step === step && it.of === of)?.hash
    return {
      step,
      title: line(TITLES[step]),
      cost: line('step_cost', { fee: strk(feeCap(bounds)) }),
      state: hash === undefined ? stepState(planned) : 'done',
      ...(hash === undefined ? {} : { hash }),
    }
  })
}

/** What must be read before the second key is set (approval-ux.md 6.2). */
export function enableFacts(steps: readonly PlannedStep[]): readonly Line[] {
  const fee = steps.reduce((sum, { bounds }) => sum + feeCap(bounds), 0n)
  return [
    line('enable_secondKey'),
    line('enable_ready'),
    line('enable_takeOver'),
    line('enable_cost', { fee: strk(fee) }),
    line('enable_change'),
  ]
}

/** The account must be able to pay the committed maximum; `undefined`: it can, or nobody knows. */
export function tooPoor(
  steps: readonly PlannedStep[],
  more: bigint,
  balances: Readonly<Record<Address, U256>>,
): Line | undefined {
  const needs = steps.reduce((sum, { bounds }) => sum + feeCap(bounds), more)
  const balance = balances[STRK]
  if (balance === undefined || BigInt(balance) >= needs) return undefined
  return line('blocked_poor', { needs: strk(needs), has: amount(balance, STRK_NAME) })
}

function transactionView(record: ApprovalRecord, question: TransactionQuestion, facts: ApprovalFacts): TransactionView {
  const { site, account, session, now } = facts
  const naming = withNames(question, facts)
  const { calls, trial } = question
  const reasonFacts =
    session === undefined
      ? undefined
      : {
          ...naming,
          account: account.address,
          calls,
          policy: session.effective,
          ...(session.pause === undefined ? {} : { pause: session.pause }),
        }
  const cap = trial === undefined ? 0n : feeCap(trial.bounds)
  const blocked = trial === undefined ? line('blocked_node') : tooPoor(question.steps, cap, facts.balances)
  return {
    kind: 'transaction',
    ...base(record, question.network, facts),
    sentence: sentenceOf(calls, account.address, naming),
    ...(question.connects
      ? { connects: line('session_connects', { host: text(site.host), account: place(account.address, account.name) }) }
      : {}),
    ...repeatOf(question, blocked, naming),
    reasons: reasonFacts === undefined ? [] : question.reasons.map((reason) => explainReason(reason, reasonFacts, now)),
    ...(question.session === undefined ? {} : { sessionId: question.session }),
    balanceChanges: (trial?.moves ?? []).flatMap((move) => [
      ...(move.out === '0'
        ? []
        : [{ line: line('moves_out', { amount: moneyArg(move.out, move.token, naming) }), direction: 'out' as const }]),
      ...(move.in === '0'
        ? []
        : [{ line: line('moves_in', { amount: moneyArg(move.in, move.token, naming) }), direction: 'in' as const }]),
    ]),
    ...(trial?.fails === undefined ? {} : { tick: line('transaction_fails', { words: text(trial.fails) }) }),
    calls: calls.map((call, index) => callView(call, facts.described[index], naming)),
    fee:
      trial === undefined
        ? { line: line('fee_unknown'), known: false }
        : { line: line('fee_atMost', { fee: strk(cap) }), known: true },
    ...summaryOf(trial, cap, naming),
    steps: plannedSteps(question.steps, [], facts),
    ...(blocked === undefined ? {} : { blocked }),
  }
}

/** The decision bar: what leaves, and never more than this fee. */
function summaryOf(trial: TransactionQuestion['trial'], cap: bigint, naming: Naming): { readonly summary?: Line } {
  const out = (trial?.moves ?? []).filter((move) => move.out !== '0')
  if (out.length === 0) return {}
  const amounts = list(out.map((move) => moneyArg(move.out, move.token, naming)))
  return { summary: line('policy_barSpend', { list: amounts, fee: strk(cap) }) }
}

function isListedMoney({ to, selector }: TransactionQuestion['calls'][number], naming: Naming): boolean {
  return naming.tokens[to] !== undefined && moneyKind(selector) !== undefined
}

/** Names that the contracts' own ABIs gave, proven by their hash. */
function withNames({ calls }: TransactionQuestion, { naming, described }: ApprovalFacts): Naming {
  const found = calls.flatMap(({ selector }, index) => {
    const name = described[index]?.name
    return name === undefined ? [] : [[selector, name] as const]
  })
  return { ...naming, actions: { ...naming.actions, ...Object.fromEntries(found) } }
}

/** Not where it fails, or something must come before it. */
function repeatOf(
  { calls, steps, trial }: TransactionQuestion,
  blocked: Line | undefined,
  naming: Naming,
): Pick<TransactionView, 'repeat'> {
  if (trial === undefined || trial.fails !== undefined || blocked !== undefined || steps.length > 0) return {}
  const limits = repeatLimits({ calls, moves: trial.moves, fee: feeCap(trial.bounds) })
  if (limits === undefined) return {}
  const times = { n: count(REPEAT.uses), life: { kind: 'duration' as const, seconds: REPEAT.life } }
  const most = limits.map(({ token, each }) => moneyOf(atMostU256(each * BigInt(REPEAT.uses)), token, naming))
  return {
    repeat: most.length === 0 ? line('repeat_free', times) : line('repeat_spends', { ...times, list: list(most) }),
  }
}

function sentenceOf(calls: TransactionQuestion['calls'], account: Address, naming: Naming): Line {
  const [first, ...rest] = calls
  if (first === undefined) throw new Error('a transaction without a call')
  if (rest.length === 0) return explainCall(first, account, naming)
  const action = actionOf(first.selector, naming)
  return line('transaction_calls_other', { action, contract: placeOf(first.to, naming), n: count(rest.length) })
}

function callView(
  call: TransactionQuestion['calls'][number],
  described: DescribedCall | undefined,
  naming: Naming,
): CallView {
  const known = naming.names[call.to]
  return {
    contract: call.to,
    ...(known === undefined ? {} : { contractName: known }),
    entrypoint: line('call_named', { action: actionOf(call.selector, naming) }),
    args: (described?.args ?? []).map(({ name, text: value }) => ({ name, text: value })),
    // What a listed token's money entrypoints do is known without its ABI.
    warnings: described === undefined && !isListedMoney(call, naming) ? [line('call_warnUnknown')] : [],
    raw: call.calldata,
  }
}

function moneyArg(value: U256, token: Address, naming: Naming): Arg {
  const listed = naming.tokens[token]
  return listed === undefined ? { kind: 'amount', amount: value } : { kind: 'amount', amount: value, token: listed }
}
