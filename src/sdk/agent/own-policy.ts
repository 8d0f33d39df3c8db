/**
 * A policy that one process can decide alone. No node tells it what a contract is or what a trial run would show, so what would need
 * one of them is refused when the session is made, never guessed later.
 */
import { STRK } from '../../core/account.ts'
import { moneyKind } from '../../core/call.ts'
import { malformed, refused, thrown } from '../../core/errors.ts'
import type { Address } from '../../core/felt.ts'
import { UNREAD } from '../../core/policy/alone.ts'
import { type Asked, listedBy, never } from '../../core/policy/asked.ts'
import { tokenLimit } from '../../core/policy/assets.ts'
import { adminName } from '../../core/policy/forbidden.ts'
import type { SessionPolicy } from '../../core/policy/policy.ts'
import { type ClassFacts, resolve } from '../../core/policy/resolve.ts'
import { parseRequest } from '../../core/policy/wire.ts'
import type { SessionPolicyWire } from '../../core/policy/wire-shape.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { selectorOf } from '../../starknet/selector.ts'

/**
 * The same text of the same session gives the same policy in one release, so that a process that starts again goes on with it.
 *
 * @param createdAt unix seconds: durations and periods count from it
 * @throws Refused 114, 210 for what cannot be decided without a node, 215 for what can never be granted
 */
export function ownPolicy(wire: SessionPolicyWire, account: Address, createdAt: UnixSeconds): SessionPolicy {
  const stray = Object.keys(wire).find((member) => !MEMBERS.has(member))
  if (stray !== undefined) throw malformed(`/${stray}`, 'expected a member of a policy')
  const parsed = parseRequest(wire, { now: createdAt, selectorOf })
  if (!parsed.ok) throw thrown(parsed.error)
  const { asked } = parsed
  demandNamed(asked)
  const facts = {
    account,
    ownAccounts: [account],
    classes: classesOf(asked),
    strk: STRK,
    allowances: [],
  }
  const resolved = resolve(asked, facts, createdAt)
  if (!resolved.ok) throw thrown(resolved.error)
  const policy = {
    ...resolved.policy,
    calls: resolved.policy.calls.map(({ codePin: _unread, ...rule }) => rule),
  }
  demandDecidable(asked, policy)
  return policy
}

const MEMBERS: ReadonlySet<string> = new Set<keyof SessionPolicyWire>([
  ...(['calls', 'deny', 'spend_limits', 'nft_limits', 'fees', 'usage', 'messages'] as const),
  ...(['valid_after', 'valid_until', 'duration'] as const),
])

/** Contracts and actions by their names, so that the chain has a list of them. */
function demandNamed({ calls, items }: Asked): void {
  calls.forEach(({ contract, entrypoints }, index) => {
    if (contract === '*') throw undecidable(`/calls/${index}/contract_address`)
    if (entrypoints === '*') throw undecidable(`/calls/${index}/entry_point`)
  })
  // Of one or of many alike: its class alone says what its numbers mean.
  if (items !== undefined) throw undecidable('/nft_limits')
}

/** What a limit is named for is taken for a token of amounts: the developer says so, who knows the contract. */
function classesOf({ calls, deny, limits }: Asked): Readonly<Record<Address, ClassFacts>> {
  const bare: ClassFacts = { classHash: UNREAD, entrypoints: [] }
  const named = [...calls, ...(deny ?? [])].flatMap(({ contract }) => (contract === '*' ? [] : [contract]))
  return Object.fromEntries([
    ...named.map((contract): [Address, ClassFacts] => [contract, bare]),
    ...limits.map(({ token }): [Address, ClassFacts] => [token, { ...bare, asset: 'erc20' }]),
  ])
}

/** Leave to take is money that goes later, in calls of others: only a trial run sees it (policy.md 5.3). */
function demandDecidable({ calls, limits, fees, usage }: Asked, policy: SessionPolicy): void {
  // Nobody else pays here, and what is out and not in yet only a node tells.
  if (fees?.payer === 'paymaster') throw undecidable('/fees/payer')
  if (usage?.maxInFlight !== undefined) throw undecidable('/usage/max_in_flight')
  calls.forEach((rule, index) => {
    if (rule.sponsoredOnly === true) throw undecidable(`/calls/${index}/sponsored_only`)
    // A person alone allows what hands over control, and none is here.
    if (listedBy(rule).some(({ selector }) => adminName(selector) !== undefined))
      throw undecidable(`/calls/${index}/entry_point`)
    const isMoney = listedBy(rule).map(({ selector }) => moneyKind(selector) !== undefined)
    const limit = tokenLimit(policy, rule.contract as Address)
    if (limit === undefined && isMoney.includes(true))
      throw never(`/calls/${index}/entry_point`, 'a spend limit for the token of this action')
    // A token needs no leave to move its own: what else it does with a balance no amount in the calldata tells.
    if (limit !== undefined && isMoney.includes(false)) throw undecidable(`/calls/${index}/entry_point`)
  })
  limits.forEach(({ token }, index) => {
    const limit = tokenLimit(policy, token)
    if (limit?.approvals !== 'forbid') throw undecidable(`/spend_limits/${index}/approvals`)
    if (limit.foreignTransferFrom !== 'forbid') throw undecidable(`/spend_limits/${index}/foreign_transfer_from`)
  })
  // Each cause of it is refused above: a backstop.
  if (policy.spend.look !== 'receipt') throw undecidable('/spend_limits')
}

function undecidable(feature: string) {
  return refused('SESSION_UNSUPPORTED', { feature })
}
