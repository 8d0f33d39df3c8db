/**
 * What a trial run says an account loses, gets and lets others take, by the tokens' own events (approval-ux.md 9). Estimates
 * for a person's eyes: no session is decided by them.
 */
import { type Address, type Felt, MAX_U128, type U256, u256 } from './felt.ts'
import { type ChainEvent, itemMovesOf, TRANSFER, TRANSFER_BATCH, TRANSFER_SINGLE } from './policy/item-events.ts'
import { outflow } from './policy/outflow.ts'
import { isBundled } from './tokens.ts'

export interface Changes {
  /** Net per token, either out or in; or neither, of a contract with nothing but what could not be read. */
  readonly moves: readonly Move[]
  readonly items: readonly ItemChange[]
  /** What may be taken afterwards that this run gave leave for. */
  readonly leaves: readonly Leave[]
  /** More than is listed here. */
  readonly more: boolean
}
export interface Move {
  readonly token: Address
  readonly out: U256
  readonly in: U256
  /** An event of this contract that names the account says nothing that can be read, or two things: more may change. */
  readonly unread?: true
}
export interface ItemChange {
  readonly collection: Address
  readonly id: U256
  readonly count: U256
  readonly direction: 'out' | 'in'
}
export type Leave = { readonly token: Address; readonly to: Address } & (
  | { readonly what: 'amount'; readonly amount: U256 }
  | { readonly what: 'item'; readonly id: U256 }
  | { readonly what: 'all' }
)

/** Source: starknet keccak of the names, OpenZeppelin Contracts for Cairo. */
export const APPROVAL = '0x134692b230b9e1ffa39098904722134159652b09c5bc41d88d6698779d228ff'
export const APPROVAL_FOR_ALL = '0x6ad9ed7b6318f1bcffefe19df9aeb40d22c36bed567e1925a5ccde0536edd'
const NAMES: ReadonlySet<string> = new Set([TRANSFER, TRANSFER_SINGLE, TRANSFER_BATCH, APPROVAL, APPROVAL_FOR_ALL])
/** A contract can emit as many as it likes. */
const MAX_LISTED = 20

export function changesOf(events: readonly ChainEvent[], account: Address): Changes {
  const { out } = outflow(events, account)
  const { out: back } = outflow(events.map(reversed), account)
  const unread = new Set(events.filter((event) => isUnread(event, account)).map(({ from }) => from))
  const tokens = [...new Set([...Object.keys(out), ...Object.keys(back), ...unread])] as Address[] // Emitters are deployed contracts.
  const moves = tokens.map((token) => ({
    token,
    out: out[token] ?? u256(0n),
    in: back[token] ?? u256(0n),
    ...(unread.has(token) ? { unread: true as const } : {}),
  }))
  const items = itemsOf(events, account)
  const leaves = leavesOf(events, account)
  return {
    moves: moves.slice(0, MAX_LISTED),
    items: items.slice(0, MAX_LISTED),
    leaves: leaves.slice(0, MAX_LISTED),
    more: Math.max(moves.length, items.length, leaves.length) > MAX_LISTED,
  }
}

/** Whether it is all, of what is listed here. */
export function isRead({ moves }: Pick<Changes, 'moves'>): boolean {
  return moves.every(({ unread }) => unread !== true)
}

/** Of others a contract may say what it likes: only what names the account can be about it. */
function isUnread(event: ChainEvent, account: Address): boolean {
  const [selector, ...keys] = event.keys
  if (![...keys, ...event.data].includes(account)) return false
  // Of a part of a contract, under the name of that part: what it says is not looked for there.
  if (keys[0] !== undefined && NAMES.has(keys[0])) return true
  if (selector !== TRANSFER || keys.length === 4)
    return itemMovesOf(event, undefined) === 'unreadable' || leaveOf(event, account) === 'unreadable'
  return [event, reversed(event)].some((it) => {
    // Items of this shape are those that it may be as well: item 0 of an older collection reads as amount 0.
    const { odd, items } = outflow([it], account)
    return odd.length > 0 || (Object.keys(items).length > 0 && !isBundled(event.from as Address)) // An emitter is a deployed contract.
  })
}

/** Net per item, and only of events that say which item it is. */
function itemsOf(events: readonly ChainEvent[], account: Address): readonly ItemChange[] {
  const net = new Map<string, { readonly collection: Address; readonly id: bigint; count: bigint }>()
  for (const event of events) {
    // With three keys or one a `Transfer` is an amount of ERC-20, which `outflow` has counted.
    if (event.keys[0] === TRANSFER && event.keys.length !== 5) continue
    const steps = itemMovesOf(event, undefined)
    if (steps === 'other' || steps === 'unreadable') continue
    const collection = event.from as Address // An emitter is a deployed contract.
    for (const { from, to, id, count } of steps) {
      const key = `${collection} ${id}`
      const known = net.get(key) ?? { collection, id, count: 0n }
      if (from === account) known.count -= count
      if (to === account) known.count += count
      net.set(key, known)
    }
  }
  return [...net.values()].flatMap(({ collection, id, count }) =>
    count === 0n
      ? []
      : [
          {
            collection,
            id: u256(id),
            count: u256(count < 0n ? -count : count),
            direction: count < 0n ? ('out' as const) : ('in' as const),
          },
        ],
  )
}

/** The last word on each pair stands: what was given and used up again is none. */
function leavesOf(events: readonly ChainEvent[], account: Address): readonly Leave[] {
  const last = new Map<string, Leave | undefined>()
  for (const event of events) {
    const leave = leaveOf(event, account)
    if (leave === 'other' || leave === 'unreadable') continue
    last.set(leave.key, leave.leave)
  }
  return [...last.values()].filter((it) => it !== undefined)
}

function leaveOf(
  event: ChainEvent,
  account: Address,
): { readonly key: string; readonly leave: Leave | undefined } | 'unreadable' | 'other' {
  const [selector, ...keys] = event.keys
  if (selector !== APPROVAL && selector !== APPROVAL_FOR_ALL) return 'other'
  const felts = [...keys, ...event.data]
  if (felts.length !== (selector === APPROVAL ? 4 : 3)) return 'unreadable'
  // An approval's last one is missing.
  const [owner, to, low, high] = felts as [Felt, Address, Felt, Felt?] // What was given leave; it may be nobody.
  if (owner !== account) return 'other'
  const token = event.from as Address
  const isNobody = BigInt(to) === 0n
  if (high === undefined)
    return { key: `${token} all ${to}`, leave: BigInt(low) === 0n ? undefined : { token, to, what: 'all' } }
  const limbs = [BigInt(low), BigInt(high)] as const
  if (limbs[0] > MAX_U128 || limbs[1] > MAX_U128) return 'unreadable'
  const value = (limbs[1] << 128n) | limbs[0]
  // ERC-721 has the id among the keys; an amount is data.
  if (event.keys.length === 5)
    return { key: `${token} item ${value}`, leave: isNobody ? undefined : { token, to, what: 'item', id: u256(value) } }
  return {
    key: `${token} amount ${to}`,
    leave: isNobody || value === 0n ? undefined : { token, to, what: 'amount', amount: u256(value) },
  }
}

/** Sender and receiver of a `Transfer` exchanged, so that what comes in is counted by the same rules as what goes out. */
function reversed(event: ChainEvent): ChainEvent {
  const { keys, data } = event
  const swapped = ([first, second, ...rest]: readonly Felt[]) =>
    first === undefined || second === undefined ? [] : [second, first, ...rest]
  if (keys.length >= 3) return { ...event, keys: [...keys.slice(0, 1), ...swapped(keys.slice(1))] }
  return keys.length === 1 && data.length >= 2 ? { ...event, data: swapped(data) } : event
}
