import type { Classified } from '../../cold/reserved.ts'
import { STRK } from '../../core/account.ts'
import { partsOf } from '../../core/approval.ts'
import { tokenMove } from '../../core/call.ts'
import { isRead } from '../../core/changes.ts'
import type { Hash32 } from '../../core/felt.ts'
import { type Address, padded, shortText, type U256, u256 } from '../../core/felt.ts'
import { atMostU256, emptyBook, spendMeter, TX, used } from '../../core/policy/book.ts'
import { carryBook, carryCharges, renaming } from '../../core/policy/carry.ts'
import {
  barLine,
  type ExplainFacts,
  type Explanation,
  enforcedBy,
  explain,
  worstLine,
} from '../../core/policy/explain.ts'
import { explainChange } from '../../core/policy/explain-change.ts'
import { explainReason } from '../../core/policy/explain-reason.ts'
import { exposure, sumOfSessions } from '../../core/policy/exposure.ts'
import { actionOf, explainCall, moneyOf, type Naming, placeOf } from '../../core/policy/naming.ts'
import { narrows } from '../../core/policy/narrow.ts'
import type { Call, Hold, MeterBook, SessionId, SessionPolicy } from '../../core/policy/policy.ts'
import { REPEAT, repeatLimits } from '../../core/policy/repeat.ts'
import { unnamedTotals } from '../../core/policy/resolve.ts'
import { fitSchedule, type Schedule } from '../../core/policy/schedule.ts'
import { backingOfPart } from '../../core/policy/wildcards.ts'
import type { OwnStep } from '../../core/protocol/session-info.ts'
import type {
  AccountView,
  AddNetworkView,
  ApprovalView,
  BatchView,
  ChangeView,
  ConnectView,
  FeeView,
  SessionRequestView,
  SiteView,
  StepView,
  SwitchView,
  TransactionView,
  WatchTokenView,
} from '../../core/protocol/ui.ts'
import type {
  AccountRecord,
  AddNetworkQuestion,
  ApprovalRecord,
  Carried,
  NetworkId,
  NetworkRecord,
  PlannedStep,
  SessionPart,
  SessionQuestion,
  Settings,
  StoredSession,
  SwitchQuestion,
  TransactionQuestion,
  Trial,
  WatchTokenQuestion,
} from '../../core/records.ts'
import { askedNow, cutOf } from '../../core/session.ts'
import { DAY, MAX_LIFE, MIN_LIFE, type Seconds, type UnixSeconds } from '../../core/time.ts'
import { type Arg, amount, count, inner, type Line, line, list, place, text, time } from '../../core/words.ts'
import { sha256 } from '../../starknet/digest.ts'
import { isLoopback, isMainnet } from '../owners/networks.ts'
import { readBounds } from '../sending/fees.ts'
import { holdsOf } from '../sending/journal.ts'
import type { SessionState } from '../sending/ledger.ts'
import {
  callView,
  callViews,
  changeLines,
  type EffectFacts,
  moneyArg,
  recipientDangers,
  unchangedLine,
  unknownTicks,
  withNames,
} from './effects.ts'
import { about, fact, feeCap, STRK_NAME, strk, withoutSwitch } from './facts.ts'
import { messageView } from './messages.ts'
import { tokenRisks } from './money.ts'
import { siteKeyOf } from './sessions.ts'

export interface ApprovalFacts extends EffectFacts {
  readonly now: UnixSeconds
  readonly digest: Hash32
  readonly site: SiteView
  readonly naming: Naming
  readonly account: AccountRecord
  /** Of the question's own network, and of any. */
  readonly networkName: string
  readonly nameOf: (network: NetworkId) => string
  readonly choices: readonly AccountView[]
  readonly session: StoredSession | undefined
  /** Those whose place a session would take. */
  readonly replaced: Readonly<Record<SessionId, SessionState>>
  /** Contracts of which the owner can replace the code, and what may be taken from the account already. */
  readonly replaceable: readonly Address[]
  readonly allowances: readonly { readonly token: Address; readonly spender: Address; readonly amount: U256 }[]
  readonly unread?: boolean
  /** The node is being asked what lies where money goes: no yes before it, or its silence, is known. */
  readonly isAsking?: boolean
  /** Of a message: what it is, hashed again for this drawing. */
  readonly typedData: Classified | undefined
  readonly stepUp: boolean
  /** Of a session: the page of limits comes first. */
  readonly limitsUnread: boolean
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
    case 'message':
      return messageView(record.question, facts, base(record, record.question.network, facts))
    case 'transaction':
      return transactionView(record, record.question, facts)
    case 'switch':
      return switchView(record, record.question, facts)
    case 'network':
      return addNetworkView(record, record.question, facts)
    case 'token':
      return watchTokenView(record, record.question, facts)
  }
}

/** What is asked of a yes to it, as it is drawn: nothing of it may be left out. */
export function holdsBack(shown: ApprovalView | undefined): { readonly blocked?: Line; readonly tick: boolean } {
  if (shown === undefined) return { tick: false }
  const tick = shown.kind === 'session' ? shown.danger : 'ticks' in shown && shown.ticks.length > 0
  const unread = shown.kind === 'session' && shown.limitsUnread === true ? line('err_limitsFirst') : undefined
  const blocked = unread ?? shown.blocked
  return { tick, ...(blocked === undefined ? {} : { blocked }) }
}

/** Once, before the first session on mainnet or a copy of it (approval-ux.md 7.2); a refusal is no reading. */
export function areLimitsUnread(
  { phase }: Pick<ApprovalRecord, 'phase'>,
  network: Pick<NetworkRecord, 'chainId'>,
  { limitsRead }: Pick<Settings, 'limitsRead'>,
): boolean {
  return phase === 'asking' && isMainnet(network) && limitsRead !== true
}

function base(
  record: ApprovalRecord,
  network: SessionQuestion['network'],
  { digest, site, account, balances, networkName }: ApprovalFacts,
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
      fact(line('fact_network'), networkName, false),
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
    sees: [line('connect_seesAddress'), line('connect_seesPublic', { network: text(facts.networkName) })],
    cannot: [line('connect_cannotMove'), line('connect_cannotOthers')],
  }
}

function switchView(record: ApprovalRecord, question: SwitchQuestion, facts: ApprovalFacts): SwitchView {
  const { host } = facts.site
  return {
    kind: 'switch',
    ...base(record, question.network, facts),
    sentence: line('switch_sentence', { host: text(host), network: text(facts.networkName) }),
    from: facts.nameOf(question.from),
    to: facts.networkName,
    choices: facts.choices,
    lines: [line('switch_onlyIt', { host: text(host) }), line('switch_sessions')],
  }
}

function addNetworkView(record: ApprovalRecord, question: AddNetworkQuestion, facts: ApprovalFacts): AddNetworkView {
  const { name, node, seen } = question
  return {
    kind: 'network',
    ...base(record, question.network, facts),
    stepUp: facts.stepUp,
    sentence: line('addNetwork_sentence', { host: text(facts.site.host) }),
    name,
    chain: shortText(seen.chainId) ?? seen.chainId,
    chainId: seen.chainId,
    node,
    host: new URL(node).host,
    local: isLoopback(node),
    lines: [line('ui_network_sees'), line('addNetwork_stays', { host: text(facts.site.host) })],
  }
}

function watchTokenView(record: ApprovalRecord, question: WatchTokenQuestion, facts: ApprovalFacts): WatchTokenView {
  const { token, symbol, decimals, called } = question
  const known = Object.entries(facts.naming.tokens).map(([it, name]) => ({ ...name, address: it as Address }))
  const risks = tokenRisks({ address: token, symbol, decimals }, known)
  return {
    kind: 'token',
    ...base(record, question.network, facts),
    sentence: line('watchToken_sentence', { host: text(facts.site.host) }),
    token,
    name: { symbol, decimals },
    ...(called === undefined ? {} : { called }),
    risks,
    ticks: risks.some(({ level }) => level === 'danger') ? [line('ui_tokens_compare')] : [],
    lines: [line('watchToken_only')],
  }
}

/** An array is one page: a block for each session, one worst case and one end for all that are on. */
function severalView(record: ApprovalRecord, question: SessionQuestion, facts: ApprovalFacts): SessionRequestView {
  const parts = partsOf(question)
  let described = 0
  const views = parts.map((part) => {
    const own = facts.described.slice(described)
    described += handedCalls(part).length
    return requestView(record, { ...question, ...part }, { ...facts, described: own })
  })
  const [first] = views
  if (first === undefined) throw new Error('a question has a session')
  if (views.length === 1) return first
  const on = parts.filter(({ off }) => !off)
  const worst = sumOfSessions(on.map(({ effective }) => exposure(effective, undefined, [], question.askedAt)))
  const end = Math.max(...on.map(({ effective }) => effective.validUntil))
  const blocked =
    on.length === 0
      ? line('several_none')
      : views.find((view, index) => parts[index]?.off !== true && view.blocked !== undefined)?.blocked
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
  const { site, account, balances } = facts
  const askedLife = askedLifeOf(question)
  const known = explainFacts(question, facts)
  const said = explain(effective, known, question.askedAt)
  const change = changeOf(
    question,
    said,
    (session) => explain(session.effective, withMessagesOf(session, known), question.askedAt),
    facts,
  )
  const fit = scheduleOf(question, facts)
  const blocked =
    tooPoor(question.steps, 0n, balances) ??
    (fit?.fits === false ? line('blocked_schedule', { at: count(fit.index + 1) }) : undefined)
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
    batches: batchesOf(question, fit, facts),
    enableFacts: question.steps.some(({ step }) => step === 'enable') ? enableFacts(question.steps) : [],
    danger: said.danger,
    ...(said.tick === undefined ? {} : { tick: said.tick }),
    phase: record.phase,
    ...(facts.outcome === undefined ? {} : { outcome: facts.outcome }),
    stepUp: facts.stepUp,
    ...(facts.limitsUnread ? { limitsUnread: true } : {}),
    ...(blocked === undefined ? {} : { blocked }),
    details: [
      ...[said.notCounted, ...said.details].map((label) => ({ label, value: '', mono: false })),
      ...shared.details,
    ],
  }
}

/** The site's own calls of a session, in the order they are described in. */
export function handedCalls({ asked, schedule = [] }: SessionPart): readonly Call[] {
  return [...(asked.setup ?? []), ...schedule.flatMap(({ calls }) => calls)]
}

/** As it would be held now, beside what goes on counting of the one whose place it takes. */
function scheduleOf(question: SessionQuestion, { replaced, now }: ApprovalFacts): Schedule | undefined {
  const { account, effective, replaces, schedule, sessionId } = question
  if (schedule === undefined) return undefined
  const of = { account, policy: effective, ownAccounts: [], now } // That they call none was seen before it was asked.
  const old = replaces === undefined ? undefined : replaced[replaces]
  if (old === undefined) return fitSchedule(schedule, of, emptyBook(sessionId))
  const renamed = renaming(old.session.effective, effective)
  const open = holdsOf(old.open).map((hold) => ({ ...hold, charges: carryCharges(hold.charges, renamed) }))
  return fitSchedule(schedule, of, carryBook(old.book, renamed, sessionId), open)
}

function batchesOf(question: SessionQuestion, fit: Schedule | undefined, facts: ApprovalFacts): readonly BatchView[] {
  const { naming, account, balances } = facts
  const { asked, schedule = [] } = question
  const setup = asked.setup ?? []
  let described = setup.length
  const scheduled = schedule.map(({ calls, notBefore, notAfter }, index): BatchView => {
    const from = described
    described += calls.length
    const charges = fit?.fits === true ? (fit.each[index]?.charges ?? []) : []
    const aside = question.effective.spend.limits.flatMap((limit) => {
      const charge = charges.find(({ meter }) => limit.asset === 'erc20' && meter === spendMeter(limit.token))
      return charge === undefined || limit.asset !== 'erc20' ? [] : [moneyOf(charge.amount, limit.token, naming)]
    })
    return {
      name: line('scheduled_at', { at: count(index + 1), n: count(schedule.length) }),
      lines: [
        line('scheduled_when', { from: time(notBefore), to: time(notAfter) }),
        ...calls.map((call) => explainCall(call, account.address, naming)),
        ...(aside.length === 0 ? [] : [line('scheduled_aside', { amount: list(aside) })]),
      ],
      calls: calls.map((call, place) =>
        callView(call, facts.described[from + place], naming, { account: account.address, balances }),
      ),
    }
  })
  if (setup.length === 0) return scheduled
  const first = setup.map((call, index) => callView(call, facts.described[index], naming))
  return [{ name: line('ui_setup_calls'), lines: [], calls: first }, ...scheduled]
}

function explainFacts(question: SessionQuestion, facts: ApprovalFacts): ExplainFacts {
  const { asked, granted } = question
  const askedLife = askedLifeOf(question)
  return {
    ...facts.naming,
    host: facts.site.host,
    account: facts.account.address,
    backing: backingOfPart(question),
    ...siteKeyOf(question.key ?? (question.written && { by: 'dapp' }), question.written !== undefined),
    runWhileLocked: question.runWhileLocked,
    words: asked.words,
    ...(asked.messages === undefined ? {} : { messages: asked.messages }),
    ...(asked.label === undefined ? {} : { label: asked.label }),
    ...(asked.reason === undefined ? {} : { reason: asked.reason }),
    ...(askedLife === undefined ? {} : { askedLife }),
    balances: facts.balances,
    allowances: facts.allowances,
    ...(facts.unread === undefined ? {} : { unread: facts.unread }),
    ...(question.schedule === undefined
      ? {}
      : {
          scheduled: {
            calls: question.schedule.length,
            until: Math.max(...question.schedule.map(({ notAfter }) => notAfter)),
          },
        }),
    // A change of a session is a question of its own size.
    ...(question.change === undefined ? { clears: question.clears !== undefined } : {}),
    replaceable: facts.replaceable,
    ...(asked.mayNarrow ? { within: granted } : {}),
    enterable: unnamedTotals(asked, granted),
  }
}

/** What runs is read in the words it was asked for in. */
function withMessagesOf(session: StoredSession, known: ExplainFacts): ExplainFacts {
  const { messages: _asked, ...facts } = known
  const { messages } = askedNow(session)
  return messages === undefined ? facts : { ...facts, messages }
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
  say: (session: StoredSession) => Explanation,
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
  const differs = explainChange({ policy: session.effective, said: say(session) }, { policy: effective, said })
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
function endsOf(question: SessionQuestion, askedLife: Seconds | undefined): SessionRequestView['ends'] {
  const { asked, askedAt: at, change, effective, granted } = question
  const by = enforcedBy('end', backingOfPart(question))
  if (change === 'rotate')
    return {
      chosen: effective.validUntil,
      options: [],
      max: effective.validUntil,
      min: effective.validUntil,
      by,
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
    by,
  }
}

const TITLES = {
  deploy: 'step_deploy',
  enable: 'step_enable',
  setup: 'step_setup',
  upgrade: 'step_upgrade',
  rotate: 'step_rotate',
  remove: 'step_remove',
  takeOver: 'step_takeOver',
  finish: 'step_finish',
} as const

function stepsOf(question: SessionQuestion, facts: ApprovalFacts): readonly StepView[] {
  if (question.steps.length === 0) return []
  const own = plannedSteps(question.steps, question.done, facts)
  const last = own.every(({ state }) => state === 'done') && facts.outcome === undefined ? 'signed' : 'todo'
  return [...own, { step: 'session', title: line('step_session'), cost: line('step_free'), state: last }]
}

export function plannedSteps<S extends OwnStep | 'setup'>(
  steps: readonly PlannedStep<S>[],
  done: SessionQuestion['done'],
  { stepState }: { readonly stepState: (step: PlannedStep<S>) => StepView['state'] },
): readonly StepView[] {
  return steps.map((planned) => {
    const { step, bounds, of, clears } = planned
    const hash = done.find((it) => it.step === step && it.of === of)?.hash
    return {
      step,
      title: line(clears === true ? 'step_clear' : TITLES[step]),
      cost: line('step_cost', { fee: strk(feeCap(bounds)) }),
      state: hash === undefined ? stepState(planned) : 'done',
      ...(hash === undefined ? {} : { hash }),
    }
  })
}

/** What must be read before the second key is set (approval-ux.md 6.2). */
export function enableFacts(steps: readonly Pick<PlannedStep, 'bounds'>[]): readonly Line[] {
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
  steps: readonly Pick<PlannedStep, 'bounds'>[],
  more: bigint,
  balances: Readonly<Record<Address, U256>>,
): Line | undefined {
  const needs = steps.reduce((sum, { bounds }) => sum + feeCap(bounds), more)
  const balance = balances[STRK]
  if (balance === undefined || BigInt(balance) >= needs) return undefined
  return line('blocked_poor', { needs: strk(needs), has: amount(balance, STRK_NAME) })
}

/** Of a trial without changes. A cancel says itself what may still move; what a proof moves no run sees. */
function unchangedIn(question: TransactionQuestion, trial: Trial): Pick<TransactionView, 'unchanged'> {
  const isCancel = question.own !== undefined && 'replaces' in question.own
  if (question.calls.length === 0 || isCancel) return {}
  return { unchanged: isProof(question) ? line('moves_unknown') : unchangedLine(trial) }
}

function transactionView(record: ApprovalRecord, question: TransactionQuestion, facts: ApprovalFacts): TransactionView {
  const { site, account, session, now } = facts
  const { calls, trial } = question
  const naming = withNames(calls, facts)
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
  const cap = trial === undefined ? 0n : feeCap(trial.bounds, tipOf(trial))
  const blocked = blockedBy(question, cap, facts)
  const dangers = recipientDangers(facts)
  const changes = changeLines(trial, facts.balances, naming)
  return {
    kind: 'transaction',
    ...base(record, question.network, facts),
    ...(question.own === undefined ? {} : { own: question.own.what }),
    sentence:
      question.carries?.kind === 'class'
        ? line('declare_sentence', { host: text(site.host) })
        : ownSentence(question, sentenceOf(calls, account.address, naming)),
    ...(question.carries === undefined ? {} : { carries: carriesView(question.carries) }),
    ...(question.connects
      ? { connects: line('session_connects', { host: text(site.host), account: place(account.address, account.name) }) }
      : {}),
    ...(question.own === undefined && question.carries === undefined ? repeatOf(question, blocked, naming) : {}),
    reasons: reasonFacts === undefined ? [] : question.reasons.map((reason) => explainReason(reason, reasonFacts, now)),
    ...(question.session === undefined ? {} : { sessionId: question.session }),
    risks: [
      ...(isProof(question) ? [{ level: 'warn' as const, line: line('proof_hidden') }] : []),
      ...dangers.risks,
      ...(question.own === undefined || !('replaces' in question.own)
        ? []
        : [{ level: 'note' as const, line: line('own_either') }]),
    ],
    balanceChanges: changes,
    ...(trial === undefined || changes.length > 0 ? {} : unchangedIn(question, trial)),
    ticks: [
      ...dangers.ticks,
      ...(isProof(question) ? [line('proof_tick')] : []),
      ...(trial?.fails === undefined ? [] : [line('transaction_fails', { words: text(trial.fails) })]),
      ...(trial === undefined ? [] : unknownTicks(trial)),
    ],
    calls: callViews(calls, facts, naming),
    fee: feeView(question, cap),
    ...summaryOf(question, cap, naming),
    steps: plannedSteps(question.steps, [], facts),
    ...(blocked === undefined ? {} : { blocked }),
  }
}

/** What it moves in private no trial run sees. */
const isProof = ({ carries }: TransactionQuestion) => carries?.kind === 'proof'

function carriesView(carries: Carried): NonNullable<TransactionView['carries']> {
  if (carries.kind === 'proof') return { kind: 'proof', lines: [], facts: [fact(line('fact_proof'), carries.digest)] }
  const { classHash, compiledClassHash, bytes } = carries
  return {
    kind: 'class',
    lines: [line('declare_free'), line('declare_forever')],
    facts: [
      fact(line('fact_classHash'), padded(classHash)),
      fact(line('fact_compiledClassHash'), padded(compiledClassHash)),
      fact(line('fact_bytes'), String(bytes), false),
    ],
  }
}

function tipOf({ tip }: Trial): bigint {
  return BigInt(tip ?? '0')
}

/** What holds Allow back: nobody knows the fee, the person's own limit is too low, or the account cannot pay. */
function blockedBy(
  { trial, steps }: TransactionQuestion,
  cap: bigint,
  { balances, isAsking }: ApprovalFacts,
): Line | undefined {
  if (trial === undefined || isAsking === true) return line('blocked_node')
  if (trial.lacks !== undefined) return line('blocked_lacks', { needs: strk(BigInt(trial.lacks)) })
  const poor = tooPoor(steps, cap, balances)
  if (poor !== undefined) return poor
  const out = BigInt(trial.moves.find(({ token }) => token === STRK)?.out ?? '0')
  const needs = steps.reduce((sum, { bounds }) => sum + feeCap(bounds), cap + out)
  const has = balances[STRK]
  if (has === undefined || out === 0n || BigInt(has) >= needs) return undefined
  return line('blocked_poorAll', { needs: strk(needs), has: amount(has, STRK_NAME) })
}

function feeView({ trial, fee }: TransactionQuestion, cap: bigint): FeeView {
  if (trial === undefined) return { line: line('fee_unknown'), known: false }
  return {
    line: line('fee_atMost', { fee: strk(cap) }),
    ...(trial.about === undefined ? {} : { about: line('fee_about', { fee: about(trial.about, STRK_NAME) }) }),
    known: true,
    chosen: {
      speed: fee?.speed ?? 'normal',
      tip: u256(tipOf(trial) * readBounds(trial.bounds).l2_gas.maxAmount),
      cap: u256(cap),
      ownCap: fee?.cap !== undefined,
    },
  }
}

function ownSentence({ own }: TransactionQuestion, sentence: Line): Line {
  if (own?.what === 'cancel') return line('own_cancel')
  if (own?.what === 'takeBack') return line('own_takeBack')
  return own?.what === 'faster' ? line('own_faster', { what: inner(sentence) }) : sentence
}

/** The decision bar: what leaves, and never more than this fee, with that of what comes before the transaction. */
function summaryOf(question: TransactionQuestion, cap: bigint, naming: Naming): { readonly summary?: Line } {
  const { trial, steps } = question
  const fee = strk(steps.reduce((sum, { bounds }) => sum + feeCap(bounds), cap))
  const { out, isAll } = leaving(question, naming)
  if (trial !== undefined && !isAll) return { summary: unboundedLine(out, fee, naming) }
  if (out.length > 0) {
    const amounts = list(out.map((move) => moneyArg(move.out, move.token, naming)))
    return { summary: line('policy_barSpend', { list: amounts, fee }) }
  }
  // What costs nothing more is said by the fee's own line, and so is that nobody knows it.
  return trial === undefined || steps.length === 0 ? {} : { summary: line('fee_atMost', { fee }) }
}

/** What is known to leave, and whether nothing else can. Where the run was not seen, the calls of listed tokens tell. */
function leaving(
  question: TransactionQuestion,
  naming: Naming,
): { readonly out: readonly Out[]; readonly isAll: boolean } {
  const { account, calls, trial } = question
  if (trial?.unseen !== true) {
    const moves = trial?.moves ?? []
    const out = moves.filter((move) => move.out !== '0')
    return { out, isAll: trial?.more !== true && isRead({ moves }) && !isProof(question) }
  }
  const moves = calls.map((call) => ({
    token: call.to,
    move: naming.tokens[call.to] === undefined ? undefined : tokenMove(call, account),
  }))
  const sums = new Map<Address, bigint>()
  for (const { token, move } of moves) {
    if (move?.does !== 'send' || move.from !== account) continue
    sums.set(token, (sums.get(token) ?? 0n) + move.amount)
  }
  const out = [...sums].map(([token, sum]) => ({ token, out: atMostU256(sum) }))
  return {
    out: out.filter((it) => it.out !== '0'),
    isAll: !isProof(question) && moves.every(({ move }) => move !== undefined && move.does !== 'malformed'),
  }
}
type Out = Pick<Trial['moves'][number], 'token' | 'out'>

/** Where more may leave than is known, nothing is said to be the most. */
function unboundedLine(out: readonly Out[], fee: Arg, naming: Naming): Line {
  if (out.length === 0) return line('transaction_barUnknown', { fee })
  const amounts = list(out.map((move) => moneyArg(move.out, move.token, naming)))
  return line('transaction_barMore', { list: amounts, fee })
}

/** Not where it fails, where not all of what it does is known, or something must come before it. */
function repeatOf(
  { calls, steps, trial }: TransactionQuestion,
  blocked: Line | undefined,
  naming: Naming,
): Pick<TransactionView, 'repeat'> {
  if (trial === undefined || trial.fails !== undefined || !isRead(trial)) return {}
  if (blocked !== undefined || steps.length > 0) return {}
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
