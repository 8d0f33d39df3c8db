import { type Address, type Felt, MAX_U128, type U256 } from '../felt.ts'
import { atMostU256 } from './book.ts'
import type { NftLimit } from './policy.ts'

/** One event of a trace or receipt, in the order it happened; frames that were reverted are left out by the caller. */
export interface ChainEvent {
  /** The emitting contract: of a trace, the frame's `contract_address`. */
  readonly from: Felt
  readonly keys: readonly Felt[]
  readonly data: readonly Felt[]
}

// Shapes and selectors: policy.md 5.3, seen on devnet's ETH and STRK and in older classes.
export const TRANSFER = '0x99cd8bde557814842a3121e8ddfd433a539b8c9f14bf31ebf108d12e6196e9'
export const TRANSFER_SINGLE = '0x182d859c0807ba9db63baf8b9d9fdbfeb885d820be6e206b9dab626d995c433'
export const TRANSFER_BATCH = '0x2563683c757f3abe19c4b7237e2285d8993417ddffe0b54a19eb212ea574b08'

/** So many of one item from one to another. */
export interface ItemStep {
  readonly from: Felt
  readonly to: Felt
  readonly id: bigint
  readonly count: bigint
}

/**
 * The items an event says it moved. What a collection of the other kind emits is as unreadable as an odd shape: nobody knows
 * what it counts.
 *
 * @param asset of a collection that a limit names; of others both kinds are read
 */
export function itemMovesOf(
  event: ChainEvent,
  asset: NftLimit['asset'] | undefined,
): readonly ItemStep[] | 'unreadable' | 'other' {
  const [selector, ...keys] = event.keys
  const felts = [...keys, ...event.data]
  switch (selector) {
    case TRANSFER: {
      // keys [selector, from, to, id low, id high]; older classes put some or all of it into data.
      const id = felts.length === 4 ? u256At(felts, 2) : undefined
      if (asset === 'erc1155' || id === undefined) return 'unreadable'
      return [{ from: felts[0] as Felt, to: felts[1] as Felt, id, count: 1n }]
    }
    case TRANSFER_SINGLE: {
      // operator, from, to, id, value
      const [id, count] = felts.length === 7 ? [u256At(felts, 3), u256At(felts, 5)] : []
      if (asset === 'erc721' || id === undefined || count === undefined) return 'unreadable'
      return [{ from: felts[1] as Felt, to: felts[2] as Felt, id, count }]
    }
    case TRANSFER_BATCH:
      return asset === 'erc721' ? 'unreadable' : batchOf(felts)
    default:
      return 'other'
  }
}

/** Net per item: one that came back did not leave, and one that came in makes up for no other. */
export function itemCounter(account: Address) {
  const net = new Map<Address, Map<bigint | undefined, bigint>>()
  const count = (collection: Address, id: bigint | undefined, more: bigint) => {
    const known = net.get(collection) ?? new Map<bigint | undefined, bigint>()
    net.set(collection, known.set(id, (known.get(id) ?? 0n) + more))
  }
  return {
    add: (collection: Address, steps: readonly ItemStep[]) => {
      for (const { from, to, id, count: moved } of steps) {
        if (from === account) count(collection, id, moved)
        if (to === account) count(collection, id, -moved)
      }
    },
    /** Unreadable, and it names the account: at least one may have left. */
    suspect: (collection: Address, { keys, data }: ChainEvent) => {
      if ([...keys, ...data].includes(account)) count(collection, undefined, 1n)
    },
    left: () => {
      const counts: Record<Address, U256> = {}
      const ids: { readonly collection: Address; readonly id: bigint | undefined }[] = []
      for (const [collection, known] of net) {
        const gone = [...known].filter(([, more]) => more > 0n)
        if (gone.length === 0) continue
        counts[collection] = atMostU256(gone.reduce((sum, [, more]) => sum + more, 0n))
        for (const [id] of gone) ids.push({ collection, id })
      }
      return { counts, ids }
    },
  }
}

/** operator, from, to, k, k ids, k, k values. */
function batchOf(felts: readonly Felt[]): readonly ItemStep[] | 'unreadable' {
  const k = BigInt(felts[3] ?? '0x0')
  const size = Number(k)
  if (k > BigInt(felts.length) || felts.length !== 5 + 4 * size || BigInt(felts[4 + 2 * size] as Felt) !== k) {
    return 'unreadable'
  }
  const steps: ItemStep[] = []
  for (let index = 0; index < size; index++) {
    const id = u256At(felts, 4 + 2 * index)
    const count = u256At(felts, 5 + 2 * size + 2 * index)
    if (id === undefined || count === undefined) return 'unreadable'
    steps.push({ from: felts[1] as Felt, to: felts[2] as Felt, id, count })
  }
  return steps
}

function u256At(felts: readonly Felt[], index: number): bigint | undefined {
  const low = BigInt(felts[index] ?? MAX_U128 + 1n)
  const high = BigInt(felts[index + 1] ?? MAX_U128 + 1n)
  return low > MAX_U128 || high > MAX_U128 ? undefined : (high << 128n) | low
}
