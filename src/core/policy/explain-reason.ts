import { itemMove, tokenMove } from '../call.ts'
import type { Address, U256 } from '../felt.ts'
import type { UnixSeconds } from '../time.ts'
import { type Arg, count, duration, inner, type Line, line, list, text, time } from '../words.ts'
import { type CallAt, firstFailing } from './arguments.ts'
import { itemLimit } from './assets.ts'
import { argumentName, argumentValue, conditionLine } from './explain-arguments.ts'
import { itemCount } from './explain-items.ts'
import { candidatesOf, denyOf } from './matching.ts'
import { actionOf, moneyOf, type Naming, perWindow, placeOf, sponsorOf, streamLine, tokenOf } from './naming.ts'
import type { Call, MeterId, PauseReason, Reason, SessionPolicy } from './policy.ts'

/** What was asked for and what it was judged by. */
export interface ReasonFacts extends Naming {
  readonly account: Address
  readonly calls: readonly Call[]
  readonly policy: SessionPolicy
  readonly pause?: PauseReason
}

const UNSUPPORTED: Readonly<Record<string, Line['key']>> = {
  '/proof': 'reason_unsupportedProof',
  '/window': 'reason_unsupportedWindow',
  '/nonce': 'reason_unsupportedNonce',
}

/** Why you are asked: one sentence per reason, from the same module as the policy's own (policy.md 13.1). */
export function explainReason(reason: Reason, facts: ReasonFacts, now: UnixSeconds): Line {
  const { action, contract } = calledBy(reason, facts)
  const token = tokenArg(reason, facts)
  switch (reason.code) {
    case 'malformed':
      return line('reason_malformed', { path: text(reason.at ?? '/') })
    case 'unsupportedField':
      return line(UNSUPPORTED[reason.at ?? ''] ?? 'reason_unsupportedField')
    case 'emptyCalls':
    case 'wrongChain':
    case 'wrongAccount':
    case 'wrongOrigin':
    case 'selfCall':
    case 'locked':
    case 'notActive':
    case 'revoked':
    case 'clock':
    case 'codeChanged':
    case 'simulationFailed':
    case 'tip':
    case 'inFlight':
    case 'messageScope':
    case 'messageField':
    case 'messageCount':
    case 'reservedMessage':
      return line(`reason_${reason.code}`)
    case 'paymasterRequired':
    case 'paymasterNotAllowed':
      return sponsorLine(reason.code, facts)
    case 'nestedExecution':
      return line('reason_nestedExecution', { action })
    case 'adminEntrypoint':
    case 'noRule':
    case 'ruleDisabled':
    case 'moneyMalformed':
      return line(`reason_${reason.code}`, { action, contract })
    case 'denied':
      return line(denyOf(facts.policy, at(reason, facts))?.by === 'site' ? 'reason_deniedSite' : 'reason_denied', {
        action,
        contract,
      })
    case 'argRule':
      return argumentLine(reason, facts)
    case 'sumCap':
      return sumLine(reason, facts)
    case 'paused':
      return explainPause(facts.pause ?? 'person')
    case 'notStarted':
      return line('reason_notStarted', { time: time(facts.policy.validAfter) })
    case 'expired':
      return line('reason_expired', { time: time(facts.policy.validUntil) })
    case 'tokenNotListed':
    case 'approvalForbidden':
    case 'approveAllForbidden':
    case 'tokenId':
    case 'foreignTransferFrom':
    case 'undeclaredOutflow':
    case 'feeToken':
      return line(`reason_${reason.code}`, { token })
    case 'recipient':
    case 'spender':
      return line(`reason_${reason.code}`, { token, address: counterparty(reason, facts) })
    case 'perCall':
    case 'perTx':
    case 'spendCap':
    case 'streamCap':
      return overLine(reason, facts)
    case 'feeCap':
      return feeLine(reason, facts)
    case 'feePerTx':
      return line('reason_feePerTx', {
        left: money(reason.left, reason, facts),
        wanted: money(reason.wanted, reason, facts),
      })
    case 'txCount':
    case 'callCount':
    case 'ruleCap':
      return usesLine(reason, now)
    case 'callsPerTx':
      return line('reason_callsPerTx', { wanted: number(reason.wanted), limit: number(reason.left) })
    case 'gap':
      return reason.retryAt === undefined
        ? line('reason_gapEnd')
        : line('reason_gap', { period: duration(Math.max(reason.retryAt - now, 0)) })
  }
}

/** "Only with n at most 3; the site sent 4": if one rule alone could own the call, by its first condition that fails. */
function argumentLine(reason: Reason, facts: ReasonFacts): Line {
  const where = calledBy(reason, facts)
  const [rule, ...others] = candidatesOf(facts.policy, at(reason, facts))
  const failing = rule === undefined || others.length > 0 ? undefined : firstFailing(rule, at(reason, facts))
  if (rule === undefined || failing === undefined) return line('reason_argRule', { ...where })
  const args = { ...where, rule: inner(conditionLine(failing.rule, rule, facts)) }
  if (!('op' in failing.rule)) return line('reason_argOther', args)
  if (failing.sent === undefined) return line('reason_argUnread', args)
  return line('reason_argValue', { ...args, value: argumentValue(failing.sent, failing.rule.as, rule, facts) })
}

/** Who may pay by name, if the policy names anybody. */
function sponsorLine(code: 'paymasterRequired' | 'paymasterNotAllowed', facts: ReasonFacts): Line {
  const { payer, paymasters = [] } = facts.policy.fees
  if (payer === 'account' || paymasters.length === 0) return line(`reason_${code}`)
  return line(`reason_${code}Named`, { payer: list(paymasters.map((one) => sponsorOf(one, facts))) })
}

/** "Over 25 in all for price: 7 left, 8 wanted." */
function sumLine(reason: Reason, facts: ReasonFacts): Line {
  const rule = facts.policy.calls.find((one) => one.id === reason.rule)
  const sum = rule?.sums[Number(reason.meter?.split(':')[2])]
  if (rule === undefined || sum === undefined) return line('reason_sumCap')
  const arg = argumentName(sum.arg)
  const { cap, left, wanted, retryAt } = reason
  if (cap === undefined || left === undefined || wanted === undefined) {
    return line('reason_sumUnread', { ...calledBy(reason, facts), arg })
  }
  const value = (it: U256) => argumentValue(BigInt(it), sum.as, rule, facts)
  const args = { arg, limit: inner(perWindow(value(cap.max), cap.window)), left: value(left), wanted: value(wanted) }
  return retryAt === undefined
    ? line('reason_sumOver', args)
    : line('reason_sumOverOpens', { ...args, time: openingAt(reason, retryAt) })
}

function at(reason: Reason, { account, calls }: ReasonFacts): CallAt {
  return { account, calls, index: reason.call ?? -1 }
}

/** Why a session is paused, as a sentence. */
export function explainPause(pause: PauseReason): Line {
  return line('reason_paused', { cause: inner(line(CAUSES[pause])) })
}

/** What a person can do about it. */
export function explainTodo(pause: PauseReason): Line {
  return line(TODOS[pause])
}

const CAUSES = {
  person: 'reason_pausePerson',
  site: 'reason_pauseSite',
  codeChanged: 'reason_pauseCodeChanged',
  overdrawn: 'reason_pauseOverdrawn',
  reorg: 'reason_pauseReorg',
  phishingList: 'reason_pausePhishingList',
  escapeEvent: 'reason_pauseEscapeEvent',
  accountChanged: 'reason_pauseAccountChanged',
  clock: 'reason_pauseClock',
  nodeDown: 'reason_pauseNodeDown',
  nodeChanged: 'reason_pauseNodeChanged',
  chainRestarted: 'reason_pauseChainRestarted',
  storageTampered: 'reason_pauseStorageTampered',
  restored: 'reason_pauseRestored',
  idle: 'reason_pauseIdle',
} as const satisfies Record<PauseReason, string>
const TODOS = {
  person: 'todo_pausePerson',
  site: 'todo_pauseSite',
  codeChanged: 'todo_pauseCodeChanged',
  overdrawn: 'todo_pauseOverdrawn',
  reorg: 'todo_pauseReorg',
  phishingList: 'todo_pausePhishingList',
  escapeEvent: 'todo_pauseEscapeEvent',
  accountChanged: 'todo_pauseAccountChanged',
  clock: 'todo_pauseClock',
  nodeDown: 'todo_pauseNodeDown',
  nodeChanged: 'todo_pauseNodeChanged',
  chainRestarted: 'todo_pauseChainRestarted',
  storageTampered: 'todo_pauseStorageTampered',
  restored: 'todo_pauseRestored',
  idle: 'todo_pauseIdle',
} as const satisfies Record<PauseReason, string>

/** "Over 25 STRK in all: 7 left, 8 wanted." */
function overLine(reason: Reason, facts: ReasonFacts): Line {
  if (reason.code === 'perCall' || reason.code === 'perTx') {
    const what = money(reason.left, reason, facts)
    const limit = inner(line(reason.code === 'perCall' ? 'policy_each' : 'policy_perTx', { what }))
    return line('reason_overOne', { limit, wanted: money(reason.wanted, reason, facts) })
  }
  const left = money(reason.left, reason, facts)
  const wanted = money(reason.wanted, reason, facts)
  const limit = inner(limitLine(reason, facts))
  return reason.retryAt === undefined
    ? line('reason_over', { limit, left, wanted })
    : line('reason_overOpens', { limit, left, wanted, time: openingAt(reason, reason.retryAt) })
}

function limitLine(reason: Reason, facts: ReasonFacts): Line {
  const { cap } = reason
  if (cap !== undefined) return perWindow(money(cap.max, reason, facts), cap.window)
  const token = reason.meter?.split(':')[1] as Address
  const limit = facts.policy.spend.limits.find((one) => one.asset === 'erc20' && one.token === token)
  if (reason.code === 'streamCap' && limit?.asset === 'erc20' && limit.stream !== undefined)
    return streamLine(limit.stream, token, facts)
  return line('policy_inAll', { what: money(reason.left, reason, facts) })
}

function feeLine(reason: Reason, facts: ReasonFacts): Line {
  const args = { left: money(reason.left, reason, facts), wanted: money(reason.wanted, reason, facts) }
  return reason.retryAt === undefined
    ? line('reason_fee', args)
    : line('reason_feeOpens', { ...args, time: openingAt(reason, reason.retryAt) })
}

/** "Used 200 of 200; 1 more wanted." */
function usesLine(reason: Reason, now: UnixSeconds): Line {
  const max = BigInt(reason.cap?.max ?? '0')
  const used = number(`${max - BigInt(reason.left ?? '0')}`)
  const limit = number(`${max}`)
  if (reason.cap?.window.kind !== 'rolling' || reason.retryAt === undefined) {
    return line('reason_uses', { used, limit, wanted: number(reason.wanted) })
  }
  const period = duration(reason.cap.window.seconds)
  return line('reason_usesOpens', { used, limit, period, wait: duration(Math.max(reason.retryAt - now, 0)) })
}

/** Calendar windows open at a moment of UTC. */
function openingAt(reason: Reason, at: UnixSeconds): Arg {
  return time(at, reason.cap?.window.kind === 'calendar' ? 'utc' : 'moment')
}

function calledBy(reason: Reason, facts: ReasonFacts): { readonly action: Arg; readonly contract: Arg } {
  const call = facts.calls[reason.call ?? -1]
  if (call === undefined) return { action: text('?'), contract: text('?') }
  return { action: actionOf(call.selector, facts), contract: placeOf(call.to, facts) }
}

/** Of the meter if the reason has one, else the contract called. */
function tokenArg(reason: Reason, facts: ReasonFacts): Arg {
  const token = tokenOfMeter(reason.meter) ?? facts.calls[reason.call ?? -1]?.to
  return token === undefined ? text('?') : tokenOf(token, facts)
}

function counterparty(reason: Reason, facts: ReasonFacts): Arg {
  const call = facts.calls[reason.call ?? -1]
  const items = call && itemLimit(facts.policy, call.to)
  const item = items && itemMove(call, items.asset)
  if (item?.does === 'send') return placeOf(item.to, facts)
  if (item?.does === 'allowOne') return placeOf(item.spender, facts)
  if (item?.does === 'allowAll') return placeOf(item.operator, facts)
  const move = call === undefined || item !== undefined ? undefined : tokenMove(call, facts.account)
  if (move?.does === 'send') return placeOf(move.to, facts)
  return move?.does === 'allow' ? placeOf(move.spender, facts) : text('?')
}

function money(value: U256 | undefined, reason: Reason, facts: ReasonFacts): Arg {
  if (value !== undefined && reason.meter?.startsWith('nft:') === true) return itemCount(Number(value))
  const token = tokenOfMeter(reason.meter)
  return value === undefined || token === undefined ? text('?') : moneyOf(value, token, facts)
}

function tokenOfMeter(meter: MeterId | undefined): Address | undefined {
  const [kind, token] = meter?.split(':') ?? []
  return kind === 'spend' || kind === 'fee' || kind === 'nft' ? (token as Address) : undefined // as the meter was made of it
}

function number(value: string | undefined): Arg {
  return count(Number(value ?? '0'))
}
