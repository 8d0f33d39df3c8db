import { canonicalJson } from '../canonical.ts'
import { readPolicy } from './codec.ts'
import type {
  AmountCap,
  CallRule,
  CountCap,
  FeePolicy,
  MessageRule,
  NftLimit,
  SessionPolicy,
  SessionRecord,
  StreamCap,
  TokenLimit,
} from './policy.ts'
import { canonicalText, type HashOf } from './preimage.ts'
import { sameWindow } from './windows.ts'

/**
 * Whether `next` allows nothing that `prev` does not (policy.md 11). It may miss a real narrowing; it never accepts a
 * widening.
 *
 * @returns `true`, or the paths of what is wider or cannot be compared
 * @see properties.test.ts "property: what narrows allows nothing more"
 */
export function narrows(next: SessionPolicy, prev: SessionPolicy): true | string[] {
  const wider: string[] = []
  const must = (at: string, holds: boolean) => {
    if (!holds) wider.push(at)
  }
  must('/validAfter', next.validAfter >= prev.validAfter)
  must('/validUntil', next.validUntil <= prev.validUntil)
  narrowsCalls(next.calls, prev.calls, must)
  const denies = new Set(next.deny.map(canonicalJson))
  must(
    '/deny',
    prev.deny.every((deny) => denies.has(canonicalJson(deny))),
  )
  narrowsLimits(next, prev, must)
  must('/spend/look', next.spend.look === prev.spend.look || next.spend.look === 'simulate')
  narrowsFees(next.fees, prev.fees, must)
  must('/usage/tx', capsNarrow(next.usage.tx, prev.usage.tx))
  must('/usage/calls', capsNarrow(next.usage.calls, prev.usage.calls))
  must('/usage/maxCallsPerTx', next.usage.maxCallsPerTx <= prev.usage.maxCallsPerTx)
  must('/usage/maxInFlight', next.usage.maxInFlight <= prev.usage.maxInFlight)
  must('/usage/minGap', next.usage.minGap >= prev.usage.minGap)
  narrowsMessages(next.messages, prev.messages, must)
  return wider.length === 0 ? true : wider
}

/**
 * Whether a stored session is what a person approved: both policies readable, `effective` inside `granted`, `granted` the one whose hash was
 * signed. If not, the session pauses `storageTampered` (policy.md 2).
 */
export function isConsistent(
  session: Pick<SessionRecord, 'granted' | 'effective' | 'policyHash' | 'chain'>,
  hashOf: HashOf,
): boolean {
  return (
    readPolicy(session.granted) !== undefined &&
    readPolicy(session.effective) !== undefined &&
    narrows(session.effective, session.granted) === true &&
    hashOf(canonicalText(session.granted)) === session.policyHash &&
    // The chain's last valid second, in the session hash as well (argent-sessions.md 1).
    (session.chain === undefined || session.chain.expiresAt === session.granted.validUntil - 1)
  )
}

type Must = (at: string, holds: boolean) => void

function narrowsCalls(next: readonly CallRule[], prev: readonly CallRule[], must: Must): void {
  must('/calls', next.length === prev.length)
  prev.forEach((before, index) => {
    const rule = next[index]
    if (rule === undefined) return
    const at = `/calls/${index}`
    must(at, sameRule(rule, before))
    must(`${at}/enabled`, before.enabled || !rule.enabled)
    must(`${at}/required`, rule.required === before.required)
    must(`${at}/notAToken`, rule.notAToken === undefined || before.notAToken === true)
    must(`${at}/adminAck`, rule.adminAck === undefined || before.adminAck === true)
    must(`${at}/sponsoredOnly`, before.sponsoredOnly === undefined || rule.sponsoredOnly === true)
    must(`${at}/codePin`, pinNarrows(rule.codePin, before.codePin))
    must(`${at}/caps`, capsNarrow(rule.caps, before.caps))
    must(`${at}/sums`, sumsNarrow(rule.sums, before.sums))
  })
}

/** Arguments are never edited and rules never dropped: either would change who owns a call. */
function sameRule(next: CallRule, prev: CallRule): boolean {
  return same(whatItIs(next), whatItIs(prev))
}

function whatItIs({ id, contract, entrypoints, wide, args, shapes }: CallRule) {
  return { id, contract, entrypoints, wide, args, shapes }
}

function pinNarrows(next: CallRule['codePin'], prev: CallRule['codePin']): boolean {
  if (prev === undefined || next === undefined) return prev === undefined
  const stricter = prev.onChange === 'warn' && next.onChange === 'pause'
  return same({ ...next, onChange: '' }, { ...prev, onChange: '' }) && (next.onChange === prev.onChange || stricter)
}

/** At their places: a total is counted on the meter of its place. */
function sumsNarrow(next: CallRule['sums'], prev: CallRule['sums']): boolean {
  return prev.every((before, index) => {
    const sum = next[index]
    // A total without caps has room for nothing.
    if (sum === undefined || (before.caps.length === 0 && sum.caps.length > 0)) return false
    return sum.as === before.as && same(sum.arg, before.arg) && capsNarrow(sum.caps, before.caps)
  })
}

function narrowsLimits(next: SessionPolicy, prev: SessionPolicy, must: Must): void {
  next.spend.limits.forEach((limit, index) => {
    const at = `/spend/limits/${index}`
    if (limit.asset === 'erc20') {
      const before = prev.spend.limits.find((one) => one.asset === 'erc20' && one.token === limit.token)
      if (before?.asset === 'erc20') narrowsToken(limit, before, at, must)
      else must(at, false)
    } else {
      const before = prev.spend.limits.find((one) => one.asset === limit.asset && one.collection === limit.collection)
      if (before !== undefined && before.asset !== 'erc20') narrowsItems(limit, before, at, must)
      else must(at, false)
    }
  })
}

function narrowsToken(next: TokenLimit, prev: TokenLimit, at: string, must: Must): void {
  must(`${at}/caps`, capsNarrow(next.caps, prev.caps) && (next.caps.length > 0 || next.stream !== undefined))
  must(`${at}/perCall`, atMost(next.perCall, prev.perCall))
  must(`${at}/perTx`, atMost(next.perTx, prev.perTx))
  must(`${at}/stream`, streamNarrows(next.stream, prev.stream))
  must(`${at}/recipients`, subset(next.recipients, prev.recipients))
  must(`${at}/spenders`, subset(next.spenders, prev.spenders))
  must(`${at}/approvals`, next.approvals === prev.approvals || next.approvals === 'forbid')
  must(
    `${at}/foreignTransferFrom`,
    next.foreignTransferFrom === prev.foreignTransferFrom || next.foreignTransferFrom === 'forbid',
  )
}

function narrowsItems(next: NftLimit, prev: NftLimit, at: string, must: Must): void {
  must(`${at}/maxOut`, capsNarrow(next.maxOut, prev.maxOut))
  must(`${at}/tokenIds`, subset(next.tokenIds, prev.tokenIds))
  must(`${at}/recipients`, subset(next.recipients, prev.recipients))
  must(`${at}/spenders`, subset(next.spenders, prev.spenders))
  must(`${at}/approveOne`, next.approveOne === prev.approveOne || next.approveOne === 'forbid')
  must(`${at}/approveAll`, next.approveAll === prev.approveAll || next.approveAll === 'forbid')
}

function narrowsFees(next: FeePolicy, prev: FeePolicy, must: Must): void {
  must('/fees/payer', next.payer === prev.payer || prev.payer === 'either')
  next.tokens.forEach((fee, index) => {
    const at = `/fees/tokens/${index}`
    const before = prev.tokens.find((one) => one.token === fee.token)
    if (before === undefined) {
      must(at, false)
      return
    }
    must(`${at}/perTx`, atMost(fee.perTx, before.perTx))
    must(`${at}/caps`, capsNarrow(fee.caps, before.caps))
  })
  must('/fees/paymasters', subset(next.paymasters, prev.paymasters))
  must('/fees/service', next.service === undefined || next.service === prev.service)
  must('/fees/maxTipPerGas', atMost(next.maxTipPerGas, prev.maxTipPerGas))
}

function narrowsMessages(next: readonly MessageRule[], prev: readonly MessageRule[], must: Must): void {
  must('/messages', next.length === prev.length)
  prev.forEach((before, index) => {
    const rule = next[index]
    if (rule === undefined) return
    const at = `/messages/${index}`
    const is = ({ id, domainHash, typeHash, required }: MessageRule) => ({ id, domainHash, typeHash, required })
    must(at, same(is(rule), is(before)))
    const fields = new Set(rule.fields.map(canonicalJson))
    must(
      `${at}/fields`,
      before.fields.every((field) => fields.has(canonicalJson(field))),
    )
    must(`${at}/caps`, capsNarrow(rule.caps, before.caps))
    must(`${at}/enabled`, before.enabled || !rule.enabled)
  })
}

/** For each cap there was, one of the same window that is not larger; more are allowed. */
function capsNarrow(next: readonly (AmountCap | CountCap)[], prev: readonly (AmountCap | CountCap)[]): boolean {
  return prev.every((before) =>
    next.some((cap) => sameWindow(cap.window, before.window) && BigInt(cap.max) <= BigInt(before.max)),
  )
}

/** Present and not larger where there was one. */
function atMost(next: string | undefined, prev: string | undefined): boolean {
  return prev === undefined || (next !== undefined && BigInt(next) <= BigInt(prev))
}

/** Absent means anyone, so it may become a list, never the other way. */
function subset(next: readonly string[] | undefined, prev: readonly string[] | undefined): boolean {
  return prev === undefined || (next?.every((one) => prev.includes(one)) ?? false)
}

function streamNarrows(next: StreamCap | undefined, prev: StreamCap | undefined): boolean {
  if (prev === undefined || next === undefined) return prev === undefined
  return (
    next.start >= prev.start &&
    BigInt(next.initial) <= BigInt(prev.initial) &&
    BigInt(next.perSecond) <= BigInt(prev.perSecond) &&
    atMost(next.max, prev.max)
  )
}

function same(a: object, b: object): boolean {
  return canonicalJson(a) === canonicalJson(b)
}
