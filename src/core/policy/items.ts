import { type ItemMove, itemMove } from '../call.ts'
import type { Address, U256 } from '../felt.ts'
import { itemLimit } from './assets.ts'
import { capOf, nftMeter, spendMeter } from './book.ts'
import { type Amounts, charge, type Findings, type Ledger } from './charging.ts'
import type { Call, NftLimit, SessionPolicy } from './policy.ts'

/** The rows of the money table for collections (policy.md 6.1). @returns items the call says leave, or may leave */
export function checkItems(
  limit: NftLimit,
  call: Call,
  account: Address,
  index: number,
  found: Findings,
): bigint | undefined {
  const move = itemMove(call, limit.asset)
  switch (move?.does) {
    case undefined:
    case 'disallow':
      return undefined
    case 'malformed':
      found.add({ code: 'moneyMalformed', call: index })
      return undefined
    case 'allowAll':
      if (limit.approveAll === 'forbid') found.add({ code: 'approveAllForbidden', call: index })
      mustBeListed(limit.spenders, move.operator, 'spender', index, found)
      return undefined
    case 'allowOne':
      if (limit.approveOne === 'forbid') found.add({ code: 'approvalForbidden', call: index })
      mustBeListed(limit.spenders, move.spender, 'spender', index, found)
      mustBeListed(limit.tokenIds, move.id, 'tokenId', index, found)
      return 1n
    case 'send':
      return checkSent(limit, move, account, index, found)
  }
}

/** One meter per collection; a cap that is not there gives nothing. */
export function chargeItems(ledger: Ledger, declared: Amounts, extra: Amounts): void {
  for (const collection of new Set([...declared.keys(), ...extra.keys()])) {
    const limit = itemLimit(ledger.policy, collection)
    if (limit === undefined) continue
    const more = extra.get(collection) ?? 0n
    const caps = limit.maxOut.length === 0 ? NONE : limit.maxOut.map(capOf)
    charge(ledger, 'spendCap', nftMeter(collection), caps, (declared.get(collection) ?? 0n) + more, more)
  }
}

const NONE = [{ window: { kind: 'session' }, max: 0n }] as const

/** Items that left beyond what calldata says; those of a collection without a limit had no leave to. */
export function undeclaredItems(
  policy: SessionPolicy,
  items: Readonly<Record<Address, U256>>,
  declared: Amounts,
  found: Findings,
): Amounts {
  const extra = new Map<Address, bigint>()
  for (const [collection, out] of Object.entries(items) as [Address, U256][]) {
    const limit = itemLimit(policy, collection)
    const more = BigInt(out) - (limit === undefined ? 0n : (declared.get(collection) ?? 0n))
    if (more <= 0n) continue
    if (limit === undefined) found.add({ code: 'undeclaredOutflow', meter: spendMeter(collection) })
    else extra.set(collection, more)
  }
  return extra
}

function checkSent(
  limit: NftLimit,
  move: Extract<ItemMove, { does: 'send' }>,
  account: Address,
  index: number,
  found: Findings,
): bigint {
  mustBeListed(limit.recipients, move.to, 'recipient', index, found)
  for (const id of move.ids) mustBeListed(limit.tokenIds, id, 'tokenId', index, found)
  // Whoever's items a safe transfer moves, they count: the table makes no difference there.
  return move.from === account || move.isSafe ? move.count : 0n
}

/** No list: anyone, any item. */
function mustBeListed(
  list: readonly string[] | undefined,
  value: string,
  code: 'recipient' | 'spender' | 'tokenId',
  call: number,
  found: Findings,
): void {
  if (list !== undefined && !list.includes(value)) found.add({ code, call })
}
