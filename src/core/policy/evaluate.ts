import { type TokenMove, tokenMove } from '../call.ts'
import type { Address, U256 } from '../felt.ts'
import { END_MARGIN, type UnixSeconds } from '../time.ts'
import { askedCalls, isReset, isSetBack, usableCredit, withResets } from './allowances.ts'
import { itemLimit, tokenLimit } from './assets.ts'
import { heldBy, spendMeter } from './book.ts'
import {
  type Amounts,
  chargeFee,
  chargeRules,
  chargeSpend,
  chargeUsage,
  type Declared,
  type Findings,
  findings,
  type Ledger,
  short,
} from './charging.ts'
import { EVERYTHING } from './exposure.ts'
import { type Facts, type Judged, SIMULATION_AGE, type Transaction } from './facts.ts'
import { adminName } from './forbidden.ts'
import { chargeItems, checkItems, undeclaredItems } from './items.ts'
import { denyOf, listsExactly, ownedCalls, ownerOf } from './matching.ts'
import type { Call, CallRule, Hold, MeterBook, SessionPolicy, SessionRecord, TokenLimit, Verdict } from './policy.ts'
import { byWeight } from './refusal.ts'
import { standing } from './standing.ts'

export type { Facts, ReadClass, Simulation, Transaction } from './facts.ts'

/**
 * Decides whether a session signs this transaction without asking. All reasons are collected, one per code, call and
 * meter; bans and state end at once (policy.md 5.1). Synchronous and without effect: the caller writes the hold in the
 * same database transaction.
 *
 * @param open unsettled holds of the session
 * @param now unix seconds, the judged clock
 * @returns `auto` with what to hold, base units per meter · `ask` · `refuse`: bad in every mode
 * @see properties.test.ts "property: no order of hold, settle and release passes a cap"
 */
export function evaluate(
  session: Judged,
  book: MeterBook,
  open: readonly Hold[],
  tx: Transaction,
  facts: Facts,
  now: UnixSeconds,
): Verdict {
  const early = standing(session, tx, facts, now)
  if (early !== undefined) return early

  const policy = session.effective
  const found = findings()
  const ledger: Ledger = { policy, book, held: heldBy(open), now, found, charges: [] }
  const asked = askedCalls(tx)
  asked.forEach((_, index) => {
    if (denyOf(policy, { ...tx, index }) !== undefined) found.add({ code: 'denied', call: index })
  })
  const owners = asked.map((call, index) => own(policy, tx, call, index, found))
  tx.calls.forEach((call, index) => {
    if (index >= asked.length && !isReset(policy, call)) found.add({ code: 'noRule', call: index })
  })
  const declared = money(policy, tx, owners, found)
  const extra = undeclared(session, book, declared, facts, now, found)
  chargeRules(ledger, tx, owners)
  chargeSpend(ledger, declared, extra.amounts)
  chargeItems(ledger, declared.all, extra.items)
  chargeFee(ledger, tx, owners)
  chargeUsage(ledger, tx, open, facts)

  if (found.reasons.length > 0) return { kind: 'ask', reasons: byWeight(found.reasons) }
  return { kind: 'auto', charges: ledger.charges, matched: owners.map((rule) => (rule as CallRule).id) } // no reason: each call has its rule
}

/** What a session would sign: the site's calls, and behind them what its policy wants set back. */
export type Signed = Pick<Transaction, 'calls' | 'resets'>

/** One session that might answer, with what its decision needs. */
export interface Candidate {
  readonly session: SessionRecord
  readonly book: MeterBook
  readonly open: readonly Hold[]
  readonly facts: Facts
}

/**
 * Which session answers (policy.md 5.1): of those that would sign, the one ending first, then the smaller id. If none
 * would, the reasons of the one that owns most calls, running ones first.
 *
 * @param candidates sessions of this origin, account and chain; with a hint, that one alone
 */
export function chooseSession<C extends Candidate>(
  candidates: readonly C[],
  tx: Transaction,
  now: UnixSeconds,
): { readonly chosen: C; readonly verdict: Verdict; readonly signed: Signed } | undefined {
  const judged = candidates.map((chosen) => ({
    ...judge(chosen, tx, now),
    resting: chosen.session.state !== 'active' || now >= chosen.session.effective.validUntil - END_MARGIN ? 1 : 0,
    owned: ownedCalls(chosen.session.effective, tx),
  }))
  type Judged = (typeof judged)[number]
  const byEnd = (a: Judged, b: Judged) =>
    a.chosen.session.effective.validUntil - b.chosen.session.effective.validUntil ||
    (a.chosen.session.id < b.chosen.session.id ? -1 : 1)
  const auto = judged.filter(({ verdict }) => verdict.kind === 'auto').sort(byEnd)
  const rest = [...judged].sort((a, b) => a.resting - b.resting || b.owned - a.owned || byEnd(a, b))
  return auto[0] ?? rest[0]
}

function judge<C extends Candidate>(chosen: C, tx: Transaction, now: UnixSeconds) {
  const { session, book, open, facts } = chosen
  const signed = withResets(session.effective, tx.calls)
  return { chosen, signed, verdict: evaluate(session, book, open, { ...tx, ...signed }, facts, now) }
}

/** Whether a simulation must be seen before this session signs: a contract in scope could pull tokens (policy.md 5.3). */
export function mustSimulate(session: Judged, book: MeterBook, facts: Pick<Facts, 'liveAllowance'>): boolean {
  return session.effective.spend.look === 'simulate' || facts.liveAllowance || book.credit.length > 0
}

function own(policy: SessionPolicy, tx: Transaction, call: Call, index: number, found: Findings): CallRule | undefined {
  const owner = ownerOf(policy, { ...tx, index })
  if (owner.kind === 'none') found.add({ code: 'noRule', call: index })
  if (owner.kind === 'arguments') found.add({ code: 'argRule', call: index })
  if (owner.kind !== 'rule') return undefined
  const { rule } = owner
  if (adminName(call.selector) !== undefined && !(listsExactly(rule, call) && rule.adminAck === true)) {
    found.add({ code: 'adminEntrypoint', call: index, rule: rule.id })
  }
  if (!rule.enabled) found.add({ code: 'ruleDisabled', call: index, rule: rule.id })
  return rule
}

/** The money table over every call, whoever owns it (policy.md 6.1). @returns base units of tokens, items of collections */
function money(
  policy: SessionPolicy,
  tx: Transaction,
  owners: readonly (CallRule | undefined)[],
  found: Findings,
): Declared {
  const all = new Map<Address, bigint>()
  const refundable = new Map<Address, bigint>()
  const add = (to: Map<Address, bigint>, token: Address, amount: bigint) =>
    to.set(token, (to.get(token) ?? 0n) + amount)
  for (const [index, call] of tx.calls.entries()) {
    const move = owners[index]?.notAToken === true ? undefined : tokenMove(call, tx.account)
    if (move === undefined) continue
    const items = itemLimit(policy, call.to)
    if (items !== undefined) {
      const out = checkItems(items, call, tx.account, index, found)
      if (out !== undefined) add(all, call.to, out)
      continue
    }
    const limit = tokenLimit(policy, call.to)
    if (limit === undefined) found.add({ code: 'tokenNotListed', call: index, meter: spendMeter(call.to) })
    else if (move.does === 'malformed') found.add({ code: 'moneyMalformed', call: index })
    else if (move.does === 'allow') {
      if (!mayAllow(limit, move, tx.calls, index, found)) continue
      add(all, call.to, move.amount)
      if (limit.approvals === 'resetAfter') add(refundable, call.to, move.amount)
    } else if (move.does === 'send') {
      const amount = checkSend(limit, move, tx.account, index, found)
      if (amount !== undefined) add(all, call.to, amount)
    }
  }
  return { all, refundable }
}

/** @returns whether the amount is charged (policy.md 6.2); to take an allowance away is free, whoever had it */
function mayAllow(
  limit: TokenLimit,
  move: Extract<TokenMove, { does: 'allow' }>,
  calls: readonly Call[],
  index: number,
  found: Findings,
): boolean {
  if (move.amount === 0n) return false
  if (!limit.spenders.includes(move.spender as Address)) found.add({ code: 'spender', call: index }) // compared, not trusted
  const stays = limit.approvals === 'resetAfter' && !isSetBack(calls, index)
  const endless = limit.approvals === 'count' && move.amount >= EVERYTHING
  if (limit.approvals === 'forbid' || stays || endless) {
    found.add({ code: 'approvalForbidden', call: index })
    return false
  }
  checkPerCall(limit, move.amount, index, found)
  return true
}

/** @returns what is declared: base units that leave, also under a foreign sender's allowance; nothing where that is forbidden */
function checkSend(
  limit: TokenLimit,
  move: Extract<TokenMove, { does: 'send' }>,
  account: Address,
  index: number,
  found: Findings,
): bigint | undefined {
  if (limit.recipients !== undefined && !limit.recipients.includes(move.to as Address)) {
    found.add({ code: 'recipient', call: index }) // compared, not trusted
  }
  const own = move.from === account
  if (!own && limit.foreignTransferFrom === 'forbid') {
    found.add({ code: 'foreignTransferFrom', call: index })
    return undefined
  }
  // From the account to itself nothing leaves.
  const amount = own && move.to === account ? 0n : move.amount
  checkPerCall(limit, amount, index, found)
  return amount
}

function checkPerCall(limit: TokenLimit, amount: bigint, index: number, found: Findings): void {
  if (limit.perCall === undefined || amount <= BigInt(limit.perCall)) return
  found.add({ code: 'perCall', call: index, ...short(spendMeter(limit.token), BigInt(limit.perCall), amount) })
}

/** What the simulation shows beyond calldata; it only ever adds (policy.md 5.3). */
function undeclared(
  session: Judged,
  book: MeterBook,
  declared: Declared,
  facts: Facts,
  now: UnixSeconds,
  found: Findings,
): { readonly amounts: Amounts; readonly items: Amounts } {
  const extra = new Map<Address, bigint>()
  const nothing = { amounts: extra, items: extra }
  const { simulation } = facts
  if (simulation === 'later') return nothing
  if (simulation === 'none') {
    if (mustSimulate(session, book, facts)) found.add({ code: 'simulationFailed' })
    return nothing
  }
  if (now - simulation.at > SIMULATION_AGE) found.add({ code: 'simulationFailed' })
  if (!simulation.ok) {
    found.add({ code: 'simulationFailed' })
    return nothing
  }
  const limitOf = (token: Address) => tokenLimit(session.effective, token)
  for (const token of simulation.odd) {
    const isListed = limitOf(token) !== undefined || itemLimit(session.effective, token) !== undefined
    if (isListed) found.add({ code: 'undeclaredOutflow', meter: spendMeter(token) })
  }
  for (const [token, out] of Object.entries(simulation.out) as [Address, U256][]) {
    const beyond = BigInt(out) - (declared.all.get(token) ?? 0n)
    const more = beyond - usableCredit(book.credit, token, facts.allowances ?? [])
    if (more <= 0n) continue
    const limit = limitOf(token)
    if (limit === undefined) found.add({ code: 'undeclaredOutflow', meter: spendMeter(token) })
    else if (limit.perCall !== undefined && more > BigInt(limit.perCall)) {
      found.add({ code: 'perCall', ...short(spendMeter(token), BigInt(limit.perCall), more) })
    }
    extra.set(token, more)
  }
  return { amounts: extra, items: undeclaredItems(session.effective, simulation.items, declared.all, found) }
}
