/** What a site could ask, in the wallet's own words: read, resolved and explained as the worker does it. */
import { LISTED, STRK } from '../../src/core/account.ts'
import { type Address, address, type ClassHash, felt, u256 } from '../../src/core/felt.ts'
import { type ExplainFacts, explain } from '../../src/core/policy/explain.ts'
import type { ClassFacts } from '../../src/core/policy/resolve.ts'
import { resolve } from '../../src/core/policy/resolve.ts'
import { backingOf } from '../../src/core/policy/wildcards.ts'
import { parseRequest } from '../../src/core/policy/wire.ts'
import type { RequestSessionParams } from '../../src/core/policy/wire-shape.ts'
import type { SessionRequestView } from '../../src/core/protocol/ui.ts'
import { selectorOf } from '../../src/starknet/selector.ts'

export const COLLECTION = address('0x3c0ffee5b1f0a97d2e4486a1b0c9d8e7f6a5b4c3d2e1f00112233445566778')
export const MARKET = address('0x5be77c1a0b9d8e7f6a5b4c3d2e1f001122334455667788990a1b2c3d4e5f60')

const class_ = (asset: ClassFacts['asset'], ...names: string[]): ClassFacts => ({
  classHash: felt(0x9a3e) as string as ClassHash, // a felt that names a class
  entrypoints: names.map((name) => ({ name, selector: selectorOf(name), kind: 'external' })),
  ...(asset === undefined ? {} : { asset }),
})

/** The members of a View that the policy alone decides. */
export function explained(
  request: RequestSessionParams,
  {
    host,
    account,
    now,
    arena,
    siteKey,
  }: { host: string; account: Address; now: number; arena: Address; siteKey?: { readonly wrote: boolean } },
): Partial<SessionRequestView> {
  const parsed = parseRequest(request, { now, selectorOf })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error))
  const classes = {
    [arena]: class_(undefined, 'move', 'buy', 'rename'),
    [COLLECTION]: class_('erc721', 'transfer_from', 'approve', 'set_approval_for_all', 'mint'),
    [MARKET]: class_(undefined, 'take'),
    [STRK]: class_('erc20', 'transfer', 'approve'),
  }
  const resolved = resolve(parsed.asked, { account, ownAccounts: [account], classes, strk: STRK, allowances: [] }, now)
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.error))
  const { policy } = resolved
  const facts: ExplainFacts = {
    host,
    account,
    backing: backingOf(policy),
    runWhileLocked: backingOf(policy) === 'chain',
    ...(siteKey === undefined ? {} : { siteKey }),
    words: parsed.asked.words,
    ...(parsed.asked.reason === undefined ? {} : { reason: parsed.asked.reason }),
    balances: { [STRK]: u256(312n * 10n ** 17n) },
    allowances: [],
    replaceable: [],
    enterable: [],
    within: policy,
    tokens: Object.fromEntries(LISTED.map(({ address: at, symbol, decimals }) => [at, { symbol, decimals }])),
    names: { [STRK]: 'STRK', [arena]: 'Arena', [COLLECTION]: 'Swords', [MARKET]: 'Market', [account]: 'Game' },
    actions: {},
  }
  const { can, details, notCounted, tick, held, actions: _, ...told } = explain(policy, facts, now)
  return {
    ...told,
    can: can.map((rule) => ({ ...rule, locked: rule.required })),
    // Where it is a switch, it is no line.
    held: facts.backing === 'chain' ? held.filter(({ key }) => key !== 'policy_runsLocked') : held,
    runWhileLocked: { on: true, offered: facts.backing === 'chain' },
    details: [notCounted, ...details].map((label) => ({ label, value: '', mono: false })),
    ...(tick === undefined ? {} : { tick }),
  }
}
