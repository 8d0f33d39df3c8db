import { STRK } from '../account.ts'
import { type Address, padded } from '../felt.ts'
import { windowSpec } from './meters.ts'
import type { AmountCap, CountCap, DenyRule, FeePolicy, SessionPolicy, StreamCap, TokenLimit } from './policy.ts'
import { printArguments, printPath } from './wire-arguments.ts'
import { printItems } from './wire-items.ts'
import { type AskedMessage, printMessages } from './wire-messages.ts'
import type { Cap, Count, FeeLimit, SessionPolicyWire } from './wire-shape.ts'

/**
 * A policy in the shape sites read and write, normal form: only `caps`, always `valid_until`, addresses padded, amounts
 * decimal, entrypoints by name where it is proven. Asking for it again gives the same policy.
 *
 * @param messages of the request: what was hashed of them has no way back
 */
export function printPolicy(policy: SessionPolicy, messages: readonly AskedMessage[] = []): SessionPolicyWire {
  const { usage } = policy
  const nfts = policy.spend.limits.flatMap((limit) => (limit.asset === 'erc20' ? [] : [printItems(limit)]))
  return {
    calls: policy.calls.map((rule) => ({
      contract_address: rule.contract === '*' ? '*' : padded(rule.contract),
      entry_point:
        rule.entrypoints === '*' || rule.wide === true
          ? '*'
          : rule.entrypoints.map((entry) => entry.name ?? entry.selector),
      ...(rule.args === undefined ? {} : { args: printArguments(rule.args) }),
      ...(rule.sums.length > 0
        ? { sums: rule.sums.map(({ arg, as, caps }) => ({ at: printPath(arg), as, caps: caps.map(printAmount) })) }
        : {}),
      ...(rule.caps.length > 0 ? { caps: rule.caps.map(printCount) } : {}),
      required: rule.required,
      enabled: rule.enabled,
      ...(rule.sponsoredOnly === true ? { sponsored_only: true } : {}),
    })),
    ...(policy.deny.length > 0 ? { deny: policy.deny.map(printDeny) } : {}),
    spend_limits: policy.spend.limits.flatMap((limit) => (limit.asset === 'erc20' ? [printLimit(limit)] : [])),
    ...(nfts.length > 0 ? { nft_limits: nfts } : {}),
    fees: printFees(policy.fees),
    usage: {
      tx_caps: usage.tx.map(printCount),
      ...(usage.calls.length > 0 ? { call_caps: usage.calls.map(printCount) } : {}),
      max_calls_per_tx: usage.maxCallsPerTx,
      min_gap: usage.minGap,
      max_in_flight: usage.maxInFlight,
    },
    ...(policy.messages.length > 0 ? { messages: printMessages(policy.messages, messages, printCount) } : {}),
    valid_after: policy.validAfter,
    valid_until: policy.validUntil,
  }
}

const PAYERS = { account: 'account', paymaster: 'sponsor', either: 'any' } as const

function printFees(fees: FeePolicy): FeeLimit {
  const strk = fees.tokens.find(({ token }) => token === STRK)
  const others = fees.tokens.filter((fee) => fee !== strk)
  return {
    payer: PAYERS[fees.payer],
    ...(strk === undefined ? {} : printFee(strk)),
    ...(others.length > 0 ? { tokens: others.map((fee) => ({ token: padded(fee.token), ...printFee(fee) })) } : {}),
    ...(fees.paymasters === undefined
      ? {}
      : { paymasters: fees.paymasters.map((one) => (one.startsWith('0x') ? padded(one as Address) : one)) }),
    ...(fees.service === undefined ? {} : { paymaster_url: fees.service }),
    ...(fees.maxTipPerGas === undefined ? {} : { max_tip_per_gas: fees.maxTipPerGas }),
  }
}

function printFee({ caps, perTx }: FeePolicy['tokens'][number]) {
  return { caps: caps.map(printAmount), ...(perTx === undefined ? {} : { max_per_tx: perTx }) }
}

function printDeny(deny: DenyRule) {
  return {
    contract_address: deny.contract === '*' ? '*' : padded(deny.contract),
    entry_point: deny.entrypoints === '*' ? '*' : deny.entrypoints,
    ...(deny.args === undefined ? {} : { args: printArguments(deny.args) }),
  }
}

function printLimit(limit: TokenLimit) {
  return {
    token: padded(limit.token),
    caps: limit.caps.map(printAmount),
    ...(limit.perCall === undefined ? {} : { per_call: limit.perCall }),
    ...(limit.perTx === undefined ? {} : { per_tx: limit.perTx }),
    ...(limit.stream === undefined ? {} : { stream: printStream(limit.stream) }),
    ...(limit.recipients === undefined ? {} : { recipients: limit.recipients.map(padded) }),
    ...(limit.approvals === 'forbid' && limit.spenders.length === 0 ? {} : { spenders: limit.spenders.map(padded) }),
    approvals: limit.approvals === 'resetAfter' ? ('reset_after' as const) : limit.approvals,
    foreign_transfer_from: limit.foreignTransferFrom,
  }
}

function printStream({ start, initial, perSecond, max }: StreamCap) {
  return { start, initial, per_second: perSecond, ...(max === undefined ? {} : { max }) }
}

function printAmount(cap: AmountCap): Cap {
  return { amount: cap.max, window: windowSpec(cap.window) }
}

function printCount(cap: CountCap): Count {
  return { max: cap.max, window: windowSpec(cap.window) }
}
