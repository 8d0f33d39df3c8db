import { canonicalJson } from '../../core/canonical.ts'
import { type Address, type Felt, padded, type U256 } from '../../core/felt.ts'
import { ruleMeter } from '../../core/policy/book.ts'
import { countActions, type ExplainFacts, explain, explainLeft } from '../../core/policy/explain.ts'
import { argumentName, argumentValue } from '../../core/policy/explain-arguments.ts'
import { sendsNothing } from '../../core/policy/explain-messages.ts'
import { explainPause, explainTodo } from '../../core/policy/explain-reason.ts'
import { type Exposure, exposure } from '../../core/policy/exposure.ts'
import { meters, statusOf, usesOf, windowOf, windowSpec } from '../../core/policy/meters.ts'
import { actionOf, moneyOf, type Naming, perWindow, placeOf } from '../../core/policy/naming.ts'
import type { CallRule, PauseReason, SessionPolicy } from '../../core/policy/policy.ts'
import type { Passed } from '../../core/policy/trail.ts'
import { anchored } from '../../core/policy/windows.ts'
import type { MeterInfo, SessionStatus } from '../../core/protocol/session-info.ts'
import type { FactView, MeterView, SessionCardView, SessionView, SiteView } from '../../core/protocol/ui.ts'
import type { AccountRecord, StoredSession } from '../../core/records.ts'
import { askedNow, cutOf, isFinal } from '../../core/session.ts'
import type { UnixSeconds } from '../../core/time.ts'
import {
  type Arg,
  count,
  duration,
  inner,
  type Line,
  line,
  list,
  type TokenName,
  text,
  time,
} from '../../core/words.ts'
import { sha256 } from '../../starknet/digest.ts'
import type { Left } from '../left-behind.ts'
import type { SeenOnChain } from '../seen-on-chain.ts'
import { holdsOf } from '../sending/journal.ts'
import type { SessionState } from '../sending/ledger.ts'
import { fact, withoutSwitch } from './facts.ts'

export interface CardFacts {
  readonly now: UnixSeconds
  readonly keys: { readonly unlocked: boolean; readonly workingSet: boolean }
  readonly naming: Naming
  readonly account: AccountRecord
  readonly site: SiteView
}
export interface SessionFacts extends CardFacts {
  readonly balances: Readonly<Record<Address, U256>>
  readonly seen: SeenOnChain | undefined
  readonly left: readonly Left[]
}

/** Its row in lists. There may be hundreds, so nothing that only its page shows is made. */
export function sessionCard(state: SessionState, facts: CardFacts): SessionCardView {
  const { session, book } = state
  const { now, keys, account, site } = facts
  const status = statusOf(session, book, now, keys)
  const cause = causeOf(session, status)
  return {
    id: session.id,
    site,
    account: { address: account.address, name: account.name },
    network: session.network,
    status,
    group: groupOf(session, status),
    ...(cause === undefined ? {} : { cause }),
    ...(status === 'paused' && session.state === 'paused' ? { todo: todoOf(session.pause ?? 'person') } : {}),
    cut: cutOf(sha256(session.id)),
    createdAt: session.createdAt,
    startsAt: session.effective.validAfter,
    endsAt: session.effective.validUntil,
    ...(session.endedAt === undefined ? {} : { endedAt: session.endedAt }),
    actions: countActions(session.effective),
    ...(sendsNothing(session.effective) ? { signsOnly: true as const } : {}),
    ...(status === 'active' ? tightest(metersOf(state, facts)) : {}),
  }
}

/** Its page. What it can still do comes from the same arithmetic that decides. */
export function sessionView(state: SessionState, facts: SessionFacts): SessionView {
  const { session, book, open } = state
  const { now, naming } = facts
  const holds = holdsOf(open)
  const card = sessionCard(state, facts)
  const { status } = card
  const known = { ...explainFacts(session, facts), ...stillScheduled(open) }
  const said = explain(session.effective, known, session.createdAt)
  const running = status === 'active' || status === 'scheduled'
  const editable = session.state === 'active' || session.state === 'paused'
  return {
    ...card,
    canResume: session.state === 'paused' && status === 'paused' && !isFinal(session.pause ?? 'person'),
    // Another of a session that its site wrote is for its site to write.
    canRenew: session.chain?.bySite !== true && session.replacedBy === undefined && session.pause !== 'storageTampered',
    canRotate: editable && running && session.backing === 'chain' && session.key.by === 'wallet',
    canRestore: editable && canonicalJson(session.effective) !== canonicalJson(session.granted),
    headline: said.headline,
    worst: leftLine(session, status, exposure(session.effective, book, holds, now), naming),
    meters: metersOf(state, facts),
    can: said.can.map((rule) => ({
      ...rule,
      locked: rule.required || !editable || !rule.enabled,
      used: Number(usesOf(book, holds, ruleMeter(rule.id as Parameters<typeof ruleMeter>[0]), now)),
    })),
    cannot: said.cannot,
    limits: said.limits,
    risks: said.risks,
    held: withoutSwitch(said.held),
    runWhileLocked: session.runWhileLocked,
    quotes: said.quotes,
    details: detailsOf(session, said.details),
    ...seenView(session, facts),
    ...onChain(session),
    left: facts.left.map((it) => leftToOthers(it, naming)),
  }
}

function metersOf({ session, book, open }: SessionState, { now, keys, naming }: CardFacts): readonly MeterView[] {
  const policy = session.effective
  // Without a rule for calls nothing is sent, and nothing of that counted.
  const isShown = (id: string) => (sendsNothing(policy) ? id.startsWith('msg:') : !id.startsWith('rule:'))
  return meters(session, book, holdsOf(open), now, keys)
    .filter(({ id }) => isShown(id))
    .map((meter) => meterView(meter, naming, policy))
}

/** What was handed out and may still be sent, whatever became of the session. */
function stillScheduled(open: SessionState['open']): Pick<ExplainFacts, 'scheduled'> {
  const ends = open.flatMap(({ outside }) => (outside?.via === 'agent' ? [outside.executeBefore] : []))
  return ends.length === 0 ? {} : { scheduled: { calls: ends.length, until: Math.max(...ends) } }
}

function leftToOthers(left: Left, naming: Naming): Line {
  return left.of === 'token'
    ? line('session_left', {
        spender: placeOf(left.spender, naming),
        amount: moneyOf(left.amount, left.token, naming),
      })
    : line('session_leftItems', {
        operator: placeOf(left.operator, naming),
        collection: placeOf(left.collection, naming),
      })
}

/** A node that is silent says nothing: then this wallet's own record stands, with its age. */
function seenView(session: StoredSession, { seen, now }: SessionFacts): Pick<SessionView, 'seen'> {
  if (session.chain === undefined) return {}
  if (session.endedFor !== undefined) return { seen: { level: 'warn', line: line(ENDED_FOR[session.endedFor]) } }
  if (seen?.wrong === 'code') return { seen: { level: 'warn', line: line('chain_otherCode') } }
  if (seen?.wrong === 'class') return { seen: { level: 'warn', line: line('chain_otherClass') } }
  if (session.state !== 'active' && session.state !== 'paused') return {}
  // Before there is an answer too: what is below would move.
  if (seen?.at === undefined)
    return { seen: { level: 'note', line: line(seen?.failed ? 'chain_unasked' : 'chain_asking') } }
  if (seen.failed)
    return { seen: { level: 'note', line: line('chain_unaskedSince', { age: duration(Math.max(0, now - seen.at)) }) } }
  return { seen: { level: 'note', line: line('chain_asSigned', { at: time(seen.at) }) } }
}

const ENDED_FOR = {
  revoked: 'chain_endedByOther',
  guardian: 'chain_otherGuardian',
  owner: 'chain_otherOwner',
} as const

export function explainFacts(session: StoredSession, facts: Pick<SessionFacts, 'naming' | 'site' | 'balances'>) {
  const { messages } = askedNow(session)
  return {
    ...facts.naming,
    host: facts.site.host,
    account: session.account,
    backing: session.backing,
    ...siteKeyOf(session.key.by === 'wallet' ? undefined : session.key, session.chain?.bySite === true),
    runWhileLocked: session.runWhileLocked,
    words: session.words,
    ...(messages === undefined ? {} : { messages }),
    ...(session.label === undefined ? {} : { label: session.label }),
    ...(session.reason === undefined ? {} : { reason: session.reason }),
    balances: facts.balances,
    allowances: [],
    replaceable: [],
    // A running session is edited against what is enforced: it only ever narrows.
    within: session.effective,
    enterable: [],
  }
}

/** Whose key it is; `undefined`: it is here. */
export function siteKeyOf(
  key: { readonly by: 'dapp' | 'agent'; readonly publicKey?: Felt; readonly label?: string } | undefined,
  wrote: boolean,
): Pick<ExplainFacts, 'siteKey'> {
  if (key === undefined) return {}
  const { publicKey, label } = key
  return {
    siteKey: {
      wrote,
      ...(publicKey === undefined ? {} : { publicKey }),
      ...(label === undefined ? {} : { agent: label }),
    },
  }
}

function groupOf(session: StoredSession, status: SessionStatus): SessionView['group'] {
  if (status === 'active') return 'running'
  if (status === 'scheduled') return 'waiting'
  if (status !== 'paused') return 'ended'
  const own = session.state === 'paused' && session.pause !== 'person' && session.pause !== 'site'
  return own ? 'needsYou' : 'waiting'
}

function causeOf(session: StoredSession, status: SessionStatus): Line | undefined {
  switch (status) {
    case 'active':
      return undefined
    case 'scheduled':
      return line('session_starts', { start: time(session.effective.validAfter) })
    case 'paused':
      return session.state === 'paused' ? explainPause(session.pause ?? 'person') : line('session_locked')
    case 'exhausted':
      return line('session_exhausted')
    case 'expired':
      return line('session_ended', { end: time(session.effective.validUntil) })
    case 'revoked':
      return line('session_ended', { end: time(session.endedAt ?? session.effective.validUntil) })
  }
}

const OPENS: Partial<Record<PauseReason, 'account' | 'networks'>> = {
  escapeEvent: 'account',
  nodeDown: 'networks',
  nodeChanged: 'networks',
}
function todoOf(pause: PauseReason): NonNullable<SessionView['todo']> {
  const opens = OPENS[pause]
  return { line: explainTodo(pause), ...(opens === undefined ? {} : { opens }) }
}

/** What has ended spends nothing more; what is paused spends what is left when it goes on, if it may. */
function leftLine(session: StoredSession, status: SessionStatus, left: Exposure, naming: Naming): Line {
  const signs = sendsNothing(session.effective) && session.effective.messages.some(({ enabled }) => enabled)
  const said = signs ? line('policy_leftSigns') : explainLeft(left, naming)
  if (status === 'active' || status === 'scheduled') return said
  const goesOn = status === 'paused' && !(session.state === 'paused' && isFinal(session.pause ?? 'person'))
  if (!goesOn || said.key === 'policy_leftNothing') return line('policy_leftNothing')
  return line('policy_leftPaused', { left: inner(said) })
}

/** The session-long cap with the smallest share left. */
function tightest(all: readonly MeterView[]): { readonly tightest?: MeterView } {
  const share = ({ limit, left }: MeterView) =>
    limit === '0' ? 2 : Number((BigInt(left) * 10_000n) / BigInt(limit)) / 10_000
  const [first] = [...all].filter((meter) => meter.resetsAt === undefined).sort((a, b) => share(a) - share(b))
  return first === undefined ? {} : { tightest: first }
}

/** One limit before a transaction and after it; `isMost`: it is not known yet, or no more, how much it took. */
export function meterStep(
  { meter, window, max, before }: Passed,
  { after, isMost }: { readonly after: U256; readonly isMost: boolean },
  naming: Naming,
  policy: SessionPolicy,
): { readonly title: Line; readonly line: Line } {
  const known = { id: meter, window: windowSpec(window) }
  const figure = figuresOf(known, naming, policy)
  const args = { before: figure(before, true), after: figure(after, true), limit: figure(max, false) }
  return { title: titleOf(known, naming, policy), line: line(isMost ? 'act_meterHeld' : 'act_meter', args) }
}

type Known = Pick<MeterInfo, 'id' | 'window'>

function figuresOf(meter: Known, naming: Naming, policy: SessionPolicy): (value: string, bare: boolean) => Arg {
  const token = tokenOf(meter, naming)
  const total = totalOf(meter, policy)
  return (value, bare) => {
    const amount = value as U256 // printed by core as decimal text
    if (meter.id.startsWith('spend:') || meter.id.startsWith('fee:'))
      return token === undefined
        ? { kind: 'amount', amount }
        : { kind: 'amount', amount, token, ...(bare ? { bare: true as const } : {}) }
    if (total !== undefined) return argumentValue(BigInt(value), total.sum.as, total.rule, naming)
    return count(Number(value))
  }
}

export function meterView(meter: MeterInfo, naming: Naming, policy: SessionPolicy): MeterView {
  const token = tokenOf(meter, naming)
  const figure = figuresOf(meter, naming, policy)
  const args = { used: figure(meter.used, true), limit: figure(meter.limit, false) }
  return {
    id: meter.id,
    title: titleOf(meter, naming, policy),
    limit: meter.limit as U256,
    used: meter.used as U256,
    held: meter.held as U256,
    left: meter.left as U256,
    ...(token === undefined ? {} : { token }),
    usedLine:
      meter.held === '0'
        ? line('meter_used', args)
        : line('meter_usedHeld', { ...args, held: figure(meter.held, true) }),
    leftLine: line('meter_left', { left: figure(meter.left, true) }),
    ...(meter.resets_at === undefined ? {} : { resetsAt: meter.resets_at }),
  }
}

function tokenOf(meter: Known, naming: Naming): TokenName | undefined {
  const [, token] = meter.id.split(':')
  return naming.tokens[token as Address]
}

/** The running total that a meter counts, and whose it is. */
function totalOf(meter: Known, policy: SessionPolicy) {
  const [kind, id, index] = meter.id.split(':')
  const rule = kind === 'sum' ? policy.calls.find((one) => one.id === id) : undefined
  const sum = rule?.sums[Number(index)]
  return rule === undefined || sum === undefined ? undefined : { rule, sum }
}

/** "Uses", "STRK a day (UTC)". */
function titleOf(meter: Known, naming: Naming, policy: SessionPolicy): Line {
  const what = countedBy(meter, naming, policy)
  const window = anchored(windowOf(meter.window), 0) // core prints each anchor
  return window.kind === 'session' ? what : perWindow(inner(what), window)
}

function countedBy(meter: Known, naming: Naming, policy: SessionPolicy): Line {
  const total = totalOf(meter, policy)
  if (total !== undefined) {
    return line('meter_sum', {
      arg: argumentName(total.sum.arg),
      actions: actionsOf(total.rule, naming),
      contract: contractOf(total.rule, naming),
    })
  }
  const [kind, subject] = meter.id.split(':')
  if (kind === 'spend') {
    const token = naming.tokens[subject as Address]
    return line('meter_spend', { token: text(token?.symbol ?? padded(subject as Address)) })
  }
  if (kind === 'nft') return line('meter_items', { collection: placeOf(subject as Address, naming) })
  if (kind === 'fee') return line('meter_fee')
  const rule = kind === 'rule' ? policy.calls.find(({ id }) => id === subject) : undefined
  if (rule !== undefined)
    return line('meter_rule', { actions: actionsOf(rule, naming), contract: contractOf(rule, naming) })
  if (kind === 'msg') return line('policy_titleMessages')
  return line(kind === 'tx' ? 'meter_tx' : 'meter_calls')
}

function actionsOf({ entrypoints }: CallRule, naming: Naming): Arg {
  const named = entrypoints === '*' ? [] : entrypoints
  return list(named.map(({ name, selector }) => (name === undefined ? actionOf(selector, naming) : text(name))))
}

function contractOf({ contract }: CallRule, naming: Naming): Arg {
  return contract === '*' ? inner(line('policy_anyContract')) : placeOf(contract, naming)
}

function detailsOf(session: StoredSession, lines: readonly Line[]): readonly FactView[] {
  const { chain } = session
  return [
    ...lines.map((said) => ({ label: said, value: '', mono: false })),
    fact(line('fact_policyHash'), session.policyHash),
    ...(chain === undefined
      ? []
      : [
          fact(line('fact_sessionHash'), padded(chain.sessionHash)),
          fact(line('fact_root'), padded(chain.root)),
          fact(line('fact_metadata'), chain.metadata),
        ]),
    fact(line('fact_class'), padded(session.accountClass)),
    ...session.setup.map(({ step, hash }) =>
      fact(line(step === 'deploy' ? 'fact_deploy' : 'fact_enable'), padded(hash)),
    ),
  ]
}

function onChain(session: StoredSession): { readonly onChain?: NonNullable<SessionView['onChain']> } {
  const ended = session.state === 'revoked' || session.state === 'superseded'
  if (!ended || session.chain === undefined) return {}
  const state = session.onChain?.state
  const hash = session.onChain?.hash === undefined ? {} : { hash: session.onChain.hash }
  switch (state) {
    case undefined:
      return { onChain: { state: 'offered', line: line('chain_offered') } }
    case 'wanted':
    case 'sent':
      return { onChain: { state: 'sending', line: line('chain_sending'), ...hash } }
    case 'done':
      return { onChain: { state: 'done', line: line('chain_done'), ...hash } }
    case 'failed':
      return { onChain: { state: 'failed', line: line('chain_failed'), ...hash } }
  }
}
