import type { U256 } from '../../felt.ts'
import type { AmountCap, CountCap, MeterId, StreamCap, Window } from '../policy.ts'
import { createDice, type Dice } from './dice.ts'
import { aHolding, lookAtCredits, setBack, withPulls } from './grants.ts'
import { usedOn } from './ledger.ts'
import { readCalls, weigh } from './oracle.ts'
import {
  ACCOUNT,
  aCall,
  aPolicy,
  aSession,
  aStory,
  aTime,
  capsOf,
  DECIDED,
  type Draft,
  type Feature,
  MAX_COUNT,
  simulateWell,
  TOKENS,
  text,
  theFacts,
} from './parts.ts'
import { type Case, listOf, type SpelledCall } from './story.ts'
import { TWISTS } from './twists.ts'

/** @returns a case that the policy allows, then bent by none, one or two of the twists below */
export function generate(seed: number, features: readonly Feature[] = DECIDED): Case {
  const dice = createDice(seed)
  const has = (feature: Feature) => features.includes(feature)
  const now = aTime(dice)
  const policy = aPolicy(dice, now, has)
  const session = aSession(policy, now)
  const draft: Draft = {
    session,
    policy,
    story: has('history') ? withPulls(dice, aStory(dice, policy, now, aHolding), policy, now) : [],
    tx: {
      origin: session.origin,
      chainId: session.chainId,
      account: ACCOUNT,
      calls: [],
      fee: { token: policy.fees.tokens[0]?.token ?? TOKENS[0]!, max: dice.big(1000n), tipPerGas: dice.big(20n) },
      unsupported: [],
    },
    facts: theFacts(dice, session, now),
    now,
  }
  const count = dice.pick([1, 1, 1, 2, 2, 3, 4])
  for (let i = 0; i < count; i++) draft.tx.calls.push(aFittingCall(dice, draft, has))
  if (has('simulate') && dice.chance(0.25)) simulateWell(dice, draft)
  const twists = dice.chance(0.45) ? 0 : dice.chance(0.8) ? 1 : 2
  const chosen = Array.from({ length: twists }, () => dice.pick(TWISTS)).filter(
    ({ needs }) => needs === undefined || has(needs),
  )
  for (const { bend } of chosen) bend(dice, draft)
  if (has('approvals')) {
    setBack(dice, draft)
    lookAtCredits(dice, draft)
  }
  if (has('windows')) fitCaps(dice, draft)
  for (const { late } of chosen) late?.(dice, draft)
  if (has('spellings') && dice.chance(0.2)) draft.tx.calls = draft.tx.calls.map((call) => spell(dice, call))
  const { story, tx, facts, narrowed } = draft
  return { session: { ...session, effective: narrowed?.(policy) ?? policy, granted: policy }, story, tx, facts, now }
}

/** Most conditions fit few arguments: some tries for one that is owned and can be counted. */
function aFittingCall(
  dice: Dice,
  { session, policy, tx, facts, now }: Draft,
  has: (feature: Feature) => boolean,
): SpelledCall {
  const unfit = ['argRule', 'sumCap', 'ruleDisabled']
  let call = aCall(dice, policy, has)
  if (policy.calls.every(({ args, sums }) => args === undefined && sums.length === 0)) return call
  for (let tries = 0; tries < 6; tries++) {
    const calls = readCalls([...tx.calls, call]) ?? []
    const { reasons } = weigh({ ...session, effective: policy }, [], { ...tx, calls }, facts, now)
    if (!reasons.some((it) => it.call === calls.length - 1 && unfit.includes(it.code))) break
    call = aCall(dice, policy, has)
  }
  return call
}

/**
 * Sets every cap to what is used and wanted, often to the unit: the edge of each `≤`. What a settlement gives back depends
 * on the caps, so the caps are set twice.
 */
function fitCaps(dice: Dice, draft: Draft): void {
  const { policy, now } = draft
  const whole = { ...draft.session, effective: policy, granted: policy }
  let list = listOf(draft.story, whole)
  const wanted = wantedOf(draft, list)
  const isBounded = draft.story.some((it) => 'settle' in it && it.outcome.end !== 'released')
  for (let round = isBounded ? 0 : 1; round < 2; round++) {
    const needs = (meter: MeterId, window: Window) => usedOn(list, meter, window, now) + (wanted.get(meter) ?? 0n)
    for (const { meter, caps } of capsOf(policy)) {
      for (const cap of caps) {
        const max = needs(meter, cap.window) + slack(dice)
        if (typeof cap.max === 'number') (cap as CountCap).max = max > MAX_COUNT ? MAX_COUNT : Number(max)
        else (cap as AmountCap).max = text(max)
      }
    }
    for (const limit of policy.spend.limits) {
      if (limit.asset !== 'erc20') continue
      const meter = `spend:${limit.token}` as MeterId
      const total = wanted.get(meter) ?? 0n
      if (limit.perTx !== undefined) limit.perTx = text(total + slack(dice))
      if (limit.perCall !== undefined) limit.perCall = text(total + slack(dice))
      if (limit.stream !== undefined) fitStream(dice, limit.stream, needs(meter, { kind: 'session' }), now)
    }
    if (round === 0) list = listOf(draft.story, whole)
  }
  for (const fee of policy.fees.tokens) if (fee.perTx !== undefined) fee.perTx = text(draft.tx.fee.max + slack(dice))
  if (policy.fees.maxTipPerGas !== undefined) policy.fees.maxTipPerGas = text(draft.tx.fee.tipPerGas + slack(dice))
  const last = draft.story.flatMap((it) => ('hold' in it ? [it.hold.at] : [])).reduce((a, b) => Math.max(a, b), 0)
  if (policy.usage.minGap > 0) policy.usage.minGap = Math.max(0, Math.min(30, now - last - dice.pick([0, 1])))
}

function slack(dice: Dice): bigint {
  return dice.chance(0.5) ? 0n : dice.chance(0.2) ? 1n : dice.big(1000n)
}

function fitStream(dice: Dice, stream: StreamCap, needed: bigint, now: number): void {
  const grown = BigInt(stream.perSecond) * BigInt(Math.max(0, now - stream.start))
  const target = needed + slack(dice)
  if (grown > target) stream.perSecond = '0' as U256
  stream.initial = text(grown > target ? target : target - grown)
  if (stream.max !== undefined) stream.max = text(target + slack(dice))
}

/** What the calls would take, however little of it is allowed. */
function wantedOf(
  { session, policy, tx, facts, now }: Draft,
  list: ReturnType<typeof listOf>,
): ReadonlyMap<MeterId, bigint> {
  const calls = readCalls(tx.calls) ?? []
  const whole = { ...session, effective: policy, granted: policy }
  const { charges } = weigh(whole, list, { ...tx, calls }, facts, now)
  return new Map(charges.map(({ meter, amount }) => [meter, BigInt(amount)]))
}

/** Another way to write the same call, rarely one that is none. */
function spell(dice: Dice, { to, selector, calldata }: SpelledCall): SpelledCall {
  const word = (value: string): string => {
    if (!/^0x[0-9a-f]+$/.test(value)) return value
    switch (dice.int(0, 5)) {
      case 0:
        return `0x${value.slice(2).padStart(64, '0')}`
      case 1:
        return `0x${value.slice(2).toUpperCase()}`
      case 2:
        return BigInt(value).toString()
      default:
        return value
    }
  }
  const hash = (value: string) => (dice.chance(0.5) ? `0x${value.slice(2).toUpperCase()}` : value)
  return { to: word(to), selector: hash(selector), calldata: calldata.map(word) }
}
