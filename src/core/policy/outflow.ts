import { type Address, type Felt, MAX_U128, type U256, u256 } from '../felt.ts'
import { atMostU256 } from './book.ts'
import { type ChainEvent, itemCounter, itemMovesOf, TRANSFER } from './item-events.ts'
import type { SpendPolicy } from './policy.ts'

export type { ChainEvent } from './item-events.ts'

/** What left an account, by the tokens' own events. */
export interface Outflow {
  /** Net, base units; only tokens of which more went out than came in. */
  readonly out: Readonly<Record<Address, U256>>
  /** Items per collection: each one that left and did not come back, whatever else came in. */
  readonly items: Readonly<Record<Address, U256>>
  /** Contracts with a transfer that cannot be counted, or of an item that the policy does not name. */
  readonly odd: readonly Address[]
}

/**
 * Net outflow of an account over events; a transaction's fee is not among those of a simulation.
 *
 * @param limits a number in a transfer of a collection they name is an item; of all others in the shape of ERC-20 an amount
 */
export function outflow(events: readonly ChainEvent[], account: Address, limits: SpendPolicy['limits'] = []): Outflow {
  const net = new Map<Address, bigint>()
  const items = itemCounter(account)
  const odd = new Set<Address>()
  const listed = new Map(limits.flatMap((limit) => (limit.asset === 'erc20' ? [] : [[limit.collection, limit]])))
  for (const event of events) {
    const token = event.from as Address // an emitter is a deployed contract
    const asset = listed.get(token)?.asset
    if (asset === undefined && event.keys[0] === TRANSFER && event.keys.length !== 5) {
      const move = transferOf(event)
      if (move === undefined) {
        odd.add(token)
        continue
      }
      if (move.from === move.to) continue
      if (move.from === account) {
        net.set(token, (net.get(token) ?? 0n) + move.amount)
        // Older collections use this shape too: item 0 reads as amount 0.
        if (event.keys.length === 1 && move.amount === 0n) items.add(token, [{ ...move, id: 0n, count: 1n }])
      }
      if (move.to === account) net.set(token, (net.get(token) ?? 0n) - move.amount)
      continue
    }
    const moves = itemMovesOf(event, asset)
    if (moves === 'other') continue
    if (moves === 'unreadable' || asset === undefined) odd.add(token)
    if (moves === 'unreadable') items.suspect(token, event)
    else items.add(token, moves)
  }
  const out: Record<Address, U256> = {}
  for (const [token, amount] of net) if (amount > 0n) out[token] = atMostU256(amount)
  const left = items.left()
  for (const { collection, id } of left.ids) {
    const named = listed.get(collection)?.tokenIds
    if (named !== undefined && id !== undefined && !named.includes(u256(id))) odd.add(collection)
  }
  return { out, items: left.counts, odd: [...odd] }
}

/**
 * The same of a receipt, without the fee: its last event, a `Transfer` of the fee token from the account to the block's
 * sequencer over exactly `paid` (policy.md 8.3).
 */
export function receiptOutflow(
  events: readonly ChainEvent[],
  account: Address,
  fee: { readonly token: Address; readonly paid: U256; readonly sequencer: Felt },
  limits: SpendPolicy['limits'] = [],
): Outflow {
  const last = events.at(-1)
  const move = last?.from === fee.token && last.keys[0] === TRANSFER ? transferOf(last) : undefined
  const isFee = move?.from === account && move.to === fee.sequencer && move.amount === BigInt(fee.paid)
  return outflow(isFee ? events.slice(0, -1) : events, account, limits)
}

/** The two shapes of ERC-20: keys [selector, from, to] data [low, high], or all four in data (older classes). */
function transferOf(
  event: ChainEvent,
): { readonly from: Felt; readonly to: Felt; readonly amount: bigint } | undefined {
  const felts = [...event.keys.slice(1), ...event.data]
  const shaped = (event.keys.length === 3 && event.data.length === 2) || (event.keys.length === 1 && felts.length === 4)
  if (!shaped) return undefined
  const [from, to, low, high] = felts as [Felt, Felt, Felt, Felt]
  const limbs = [BigInt(low), BigInt(high)] as const
  if (limbs[0] > MAX_U128 || limbs[1] > MAX_U128) return undefined
  return { from, to, amount: (limbs[1] << 128n) | limbs[0] }
}
