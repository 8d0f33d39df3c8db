import { type Address, type Felt, MAX_U128, type U256 } from '../felt.ts'
import { atMostU256 } from './book.ts'

/** One event of a trace or receipt, in the order it happened; frames that were reverted are left out by the caller. */
export interface ChainEvent {
  /** The emitting contract: of a trace, the frame's `contract_address`. */
  readonly from: Felt
  readonly keys: readonly Felt[]
  readonly data: readonly Felt[]
}

/** What left an account, by the tokens' own events. */
export interface Outflow {
  /** Net, base units; only tokens of which more went out than came in. */
  readonly out: Readonly<Record<Address, U256>>
  /** Contracts that say an item left, or may have: ERC-721, ERC-1155. */
  readonly items: readonly Address[]
  /** Contracts with a `Transfer` in a shape no ERC-20 has. */
  readonly odd: readonly Address[]
}

// Shapes and selectors: policy.md 5.3, seen on devnet's ETH and STRK and in older classes.
const TRANSFER = '0x99cd8bde557814842a3121e8ddfd433a539b8c9f14bf31ebf108d12e6196e9'
const TRANSFER_SINGLE = '0x182d859c0807ba9db63baf8b9d9fdbfeb885d820be6e206b9dab626d995c433'
const TRANSFER_BATCH = '0x2563683c757f3abe19c4b7237e2285d8993417ddffe0b54a19eb212ea574b08'

/** Net outflow of an account over events; a transaction's fee is not among those of a simulation. */
export function outflow(events: readonly ChainEvent[], account: Address): Outflow {
  const net = new Map<Address, bigint>()
  const items = new Set<Address>()
  const odd = new Set<Address>()
  for (const event of events) {
    const token = event.from as Address // an emitter is a deployed contract
    const [selector] = event.keys
    if (selector === TRANSFER_SINGLE || selector === TRANSFER_BATCH) {
      // keys [selector, operator, from, to]; any other shape that names the account may be an item of it too.
      const named = event.keys.length === 4 ? [event.keys[2]] : [...event.keys, ...event.data]
      if (named.includes(account)) items.add(token)
      continue
    }
    if (selector !== TRANSFER) continue
    const move = transferOf(event)
    if (move === undefined) {
      odd.add(token)
      // ERC-721: keys [selector, from, to, id low, id high].
      if (event.keys.length === 5 && event.keys[1] === account) items.add(token)
      continue
    }
    if (move.from === move.to) continue
    if (move.from === account) {
      net.set(token, (net.get(token) ?? 0n) + move.amount)
      // Older collections use this shape too: item 0 reads as amount 0.
      if (event.keys.length === 1 && move.amount === 0n) items.add(token)
    }
    if (move.to === account) net.set(token, (net.get(token) ?? 0n) - move.amount)
  }
  const out: Record<Address, U256> = {}
  for (const [token, amount] of net) if (amount > 0n) out[token] = atMostU256(amount)
  return { out, items: [...items], odd: [...odd] }
}

/**
 * The same of a receipt, without the fee: its last event, a `Transfer` of the fee token from the account to the block's
 * sequencer over exactly `paid` (policy.md 8.3).
 */
export function receiptOutflow(
  events: readonly ChainEvent[],
  account: Address,
  fee: { readonly token: Address; readonly paid: U256; readonly sequencer: Felt },
): Outflow {
  const last = events.at(-1)
  const move = last?.from === fee.token && last.keys[0] === TRANSFER ? transferOf(last) : undefined
  const isFee = move?.from === account && move.to === fee.sequencer && move.amount === BigInt(fee.paid)
  return outflow(isFee ? events.slice(0, -1) : events, account)
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
