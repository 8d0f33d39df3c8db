import type { Address } from '../../../felt.ts'
import type { Facts, Transaction } from '../../facts.ts'
import type { AmountCap, Call, CountCap, SessionPolicy, SessionRecord } from '../../policy.ts'
import type { Dice } from '../dice.ts'
import { aHolding, withPulls } from '../grants.ts'
import { readCalls } from '../oracle.ts'
import {
  ACCOUNT,
  aCall,
  aPolicy,
  aSession,
  aStory,
  aTime,
  capsOf,
  DECIDED,
  type Feature,
  TOKENS,
  text,
  theFacts,
} from '../parts.ts'
import type { Happening } from '../story.ts'

export const has = (feature: Feature) => DECIDED.includes(feature)

/** A policy under which something can happen: no cap is nothing, and most hold a few transactions. */
export function aLivePolicy(dice: Dice, now: number): SessionPolicy {
  const policy = aPolicy(dice, now, has)
  for (const { caps } of capsOf(policy)) {
    for (const cap of caps) {
      if (typeof cap.max === 'number') (cap as CountCap).max = dice.pick([2, 4, 7, 15, 40])
      else (cap as AmountCap).max = text(dice.pick([900n, 2_000n, 5_000n, 20_000n]))
    }
  }
  for (const limit of policy.spend.limits) {
    if (limit.asset !== 'erc20') continue
    if (limit.perCall !== undefined) limit.perCall = text(dice.pick([300n, 800n, 1_000n]))
    if (limit.perTx !== undefined) limit.perTx = text(dice.pick([500n, 1_000n, 3_000n]))
    if (limit.stream === undefined) continue
    limit.stream.initial = text(dice.pick([0n, 1_000n, 5_000n]))
    if (limit.stream.max !== undefined) limit.stream.max = text(dice.pick([2_000n, 10_000n]))
  }
  for (const fee of policy.fees.tokens) if (fee.perTx !== undefined) fee.perTx = text(dice.pick([100n, 1_000n]))
  if (policy.fees.maxTipPerGas !== undefined) policy.fees.maxTipPerGas = text(dice.pick([10n, 20n]))
  for (const rule of policy.calls) rule.enabled ||= dice.chance(0.7)
  if (dice.chance(0.7)) policy.deny = []
  return policy
}

const LATER = 2 ** 36

export interface Scene {
  readonly session: SessionRecord
  readonly facts: Facts
  readonly now: number
}

export function aScene(dice: Dice): Scene {
  const now = aTime(dice)
  const session = aSession(aLivePolicy(dice, now), now)
  const facts = theFacts(dice, session, now)
  // Classes are read again beside the hot path: nothing of the facts gets old here.
  const classes = Object.fromEntries(Object.entries(facts.classes).map(([at, it]) => [at, { ...it, readAt: LATER }]))
  return { session, facts: { ...facts, classes, reverts: { inARow: 0, lastAt: 0 } }, now }
}

/** What happened to a session before. */
export function aPast(dice: Dice, policy: SessionPolicy, now: number): readonly Happening[] {
  return withPulls(dice, aStory(dice, policy, now, aHolding), policy, now)
}

/** Calls that the policy's rules name, mostly few, and what they pay. */
export function aTransaction(dice: Dice, session: SessionRecord, policy: SessionPolicy): Transaction {
  const count = dice.pick([1, 1, 1, 2, 3])
  const calls = Array.from({ length: count }, () => aCall(dice, policy, has))
  return transactionOf(session, policy, (readCalls(calls) ?? []) as readonly Call[], {
    max: dice.big(100n),
    tipPerGas: dice.big(10n),
  })
}

export function transactionOf(
  session: SessionRecord,
  policy: SessionPolicy,
  calls: readonly Call[],
  fee: { readonly max: bigint; readonly tipPerGas: bigint },
): Transaction {
  return {
    origin: session.origin,
    chainId: session.chainId,
    account: ACCOUNT,
    calls,
    fee: { token: policy.fees.tokens[0]?.token ?? (TOKENS[0] as Address), ...fee },
    unsupported: [],
  }
}
