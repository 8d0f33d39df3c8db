import type { Address } from '../felt.ts'
import { END_MARGIN, type UnixSeconds } from '../time.ts'
import { askedCalls } from './allowances.ts'
import { CLASS_AGE, type Facts, type Judged, type MessageFacts, type Transaction } from './facts.ts'
import { bannedName } from './forbidden.ts'
import { LIMITS } from './limits.ts'
import type { Call, CallRule, Reason, SessionPolicy, SessionRecord, Verdict } from './policy.ts'
import { byWeight } from './refusal.ts'

/**
 * What ends the decision before the policy is looked at: an unreadable request, another session's, a banned call, a session
 * that does not run now (policy.md 5.1, steps 1-4).
 *
 * @param now unix seconds, the judged clock
 */
export function standing(session: Judged, tx: Transaction, facts: Facts, now: UnixSeconds): Verdict | undefined {
  return (
    unreadable(tx) ??
    foreign(session, tx, facts) ??
    banned(tx, facts) ??
    resting(session, tx.calls, facts, now, isLocked(session, facts))
  )
}

/**
 * The same for a message: no calls, and always the owner's key, because accounts refuse a session's signature on one
 * (policy.md 5.4).
 */
export function standingOfMessage(
  session: SessionRecord,
  message: Pick<Transaction, 'origin' | 'chainId' | 'account'>,
  facts: MessageFacts,
  now: UnixSeconds,
): Verdict | undefined {
  return foreign(session, message, facts) ?? resting(session, [], facts, now, !facts.unlocked)
}

/** Which pinned code is another one now, and which was not read recently enough to say. */
export function codeOf(
  session: Judged,
  calls: readonly Call[],
  classes: Facts['classes'],
  now: UnixSeconds,
): { readonly changed: readonly Address[]; readonly warned: readonly Address[]; readonly unread: readonly Address[] } {
  const changed = new Set<Address>()
  const warned = new Set<Address>()
  const unread = new Set<Address>()
  const pins = pinsOf(session.effective)
  const called = new Set(calls.map((call) => call.to))
  for (const pin of [
    { contract: session.account, classHash: session.accountClass, impl: undefined, onChange: 'pause' },
    ...[...called].flatMap((contract) => pins.get(contract) ?? []),
  ]) {
    const read = classes[pin.contract]
    if (read === undefined || now - read.readAt > CLASS_AGE) unread.add(pin.contract)
    else if (read.classHash !== pin.classHash || (pin.impl !== undefined && read.impl !== pin.impl)) {
      const list = pin.onChange === 'warn' ? warned : changed
      list.add(pin.contract)
    }
  }
  return { changed: [...changed], warned: [...warned], unread: [...unread] }
}

type Pin = NonNullable<CallRule['codePin']> & { readonly contract: Address }

const memory = new WeakMap<SessionPolicy, ReadonlyMap<Address, readonly Pin[]>>()

/** By contract. Kept per policy object: policies are replaced, never changed in place. */
export function pinsOf(policy: SessionPolicy): ReadonlyMap<Address, readonly Pin[]> {
  const known = memory.get(policy)
  if (known !== undefined) return known
  const pins = new Map<Address, Pin[]>()
  for (const { contract, codePin } of policy.calls) {
    if (codePin === undefined || contract === '*') continue
    const pin = { contract, ...codePin }
    const others = pins.get(contract)
    if (others === undefined) pins.set(contract, [pin])
    else others.push(pin)
  }
  memory.set(policy, pins)
  return pins
}

function unreadable(tx: Transaction): Verdict | undefined {
  const asked = askedCalls(tx)
  const felts = asked.reduce((sum, call) => sum + call.calldata.length, 0)
  if (asked.length === 0) return refuse({ code: 'emptyCalls' })
  if (asked.length > LIMITS.calls || felts > LIMITS.felts) return refuse({ code: 'malformed', at: '/calls' })
  const [field] = tx.unsupported
  return field === undefined ? undefined : ask({ code: 'unsupportedField', at: `/${field}` })
}

function foreign(
  session: Judged,
  tx: Pick<Transaction, 'origin' | 'chainId' | 'account'>,
  facts: Pick<Facts, 'genesis'>,
): Verdict | undefined {
  const reasons: Reason[] = []
  if (tx.origin !== session.origin) reasons.push({ code: 'wrongOrigin' })
  const otherGenesis = facts.genesis !== undefined && facts.genesis !== session.genesis.hash
  if (tx.chainId !== session.chainId || otherGenesis) reasons.push({ code: 'wrongChain' })
  if (tx.account !== session.account) reasons.push({ code: 'wrongAccount' })
  return reasons.length > 0 ? refuse(...reasons) : undefined
}

function banned(tx: Transaction, facts: Facts): Verdict | undefined {
  const reasons = tx.calls.flatMap((call, index): Reason[] => {
    const found: Reason[] = []
    if (call.to === tx.account || facts.ownAccounts.includes(call.to)) found.push({ code: 'selfCall', call: index })
    if (bannedName(call.selector) !== undefined) found.push({ code: 'nestedExecution', call: index })
    return found
  })
  if (reasons.some(({ code }) => code === 'selfCall')) return refuse(...reasons)
  return reasons.length > 0 ? ask(...reasons) : undefined
}

function resting(
  session: Judged,
  calls: readonly Call[],
  facts: Pick<Facts, 'clockWrong' | 'classes'>,
  now: UnixSeconds,
  locked: boolean,
): Verdict | undefined {
  const { effective, state } = session
  const reasons: Reason[] = []
  if (state === 'revoked' || state === 'revoking' || state === 'superseded') reasons.push({ code: 'revoked' })
  if (state === 'paused') reasons.push({ code: 'paused' })
  if (state === 'pending') reasons.push({ code: 'notActive' })
  // Only what an unlock would let run again: what was stopped or ended does not wait for one.
  if (state === 'active' && locked) reasons.push({ code: 'locked' })
  if (now < effective.validAfter) reasons.push({ code: 'notStarted', retryAt: effective.validAfter })
  if (now >= effective.validUntil - END_MARGIN) reasons.push({ code: 'expired' })
  if (facts.clockWrong) reasons.push({ code: 'clock' })
  const code = codeOf(session, calls, facts.classes, now)
  if (code.changed.length + code.unread.length > 0) reasons.push({ code: 'codeChanged' })
  return reasons.length > 0 ? ask(...reasons) : undefined
}

/** Whether only the lock stops the session: the owner's key is gone, or the session's own keys are not here yet. */
export function isLocked(session: Judged, facts: Pick<Facts, 'unlocked' | 'workingSet'>): boolean {
  if (session.backing === 'wallet') return !facts.unlocked
  return !facts.workingSet || (!facts.unlocked && !session.runWhileLocked)
}

function ask(...reasons: Reason[]): Verdict {
  return { kind: 'ask', reasons: byWeight(reasons) }
}

function refuse(...reasons: Reason[]): Verdict {
  return { kind: 'refuse', reasons: byWeight(reasons) }
}
