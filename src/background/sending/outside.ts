/**
 * What became of an outside execution (policy.md 8.3): nobody who was handed it is believed. The account itself tells whether
 * its nonce is used, and emits the hash of what it has executed.
 */
import { STRK } from '../../core/account.ts'
import { type Address, type Felt, u256 } from '../../core/felt.ts'
import { outflow } from '../../core/policy/outflow.ts'
import type { SpendPolicy } from '../../core/policy/policy.ts'
import type { JournalRow, OutsidePart } from '../../core/records.ts'
import type { UnixSeconds } from '../../core/time.ts'
import type { Emitted, Node, Receipt } from '../../platform/node.ts'
import { nodeError } from '../../platform/node-error.ts'
import { EVENTS } from '../../starknet/accounts.ts'
import { isNonceFreeCall } from '../../starknet/outside.ts'
import { selectorOf } from '../../starknet/selector.ts'
import type { Settlement } from './ledger.ts'

export type OutsideRow = JournalRow & { readonly outside: OutsidePart }
export type Became =
  | { readonly kind: 'executed'; readonly receipt: Receipt }
  /** It may still be sent. */
  | { readonly kind: 'open' }
  /** In an accepted block its window was over, and its nonce not used then or later. */
  | { readonly kind: 'over' }
  /** The nonce is used, and no block that this node has names this hash. */
  | { readonly kind: 'elsewhere' }

export function isOutside(row: JournalRow): row is OutsideRow {
  return row.outside !== undefined
}

/** @throws NodeError */
export async function lookFor(row: OutsideRow, node: Node): Promise<Became> {
  const { account, nonce, outside, hash } = row
  // The block comes first: a nonce that is free after it was free in it.
  const block = await node.lastBlock()
  // Scheduled, it may wait for weeks: no block takes it before its time.
  if (block.at <= outside.executeAfter) return { kind: 'open' }
  if (await isFree(node, account, nonce)) return block.at >= outside.executeBefore ? { kind: 'over' } : { kind: 'open' }
  const transaction = await node.emittedIn(account, [EVENTS.TransactionExecuted, hash], outside.from)
  const receipt = transaction === undefined ? undefined : await node.receipt(transaction)
  const isIn = receipt?.execution === 'SUCCEEDED' && markOf(row, receipt.events) !== -1
  return receipt !== undefined && isIn ? { kind: 'executed', receipt } : { kind: 'elsewhere' }
}

/** @throws NodeError: also where the account does not take outside executions at all */
export async function isFree(node: Node, account: Address, nonce: Felt): Promise<boolean> {
  const [answer] = await node.call(isNonceFreeCall(account, nonce))
  if (answer !== '0x0' && answer !== '0x1') throw nodeError('garbage', ['starknet_call'])
  return answer === '0x1'
}

/**
 * What the account gave in it: the events between its last mark and this one. What it gave for the fee is no spending, and
 * what came back of that behind the mark was not paid.
 */
export function settlementOutside(
  row: OutsideRow,
  { events }: Pick<Receipt, 'events'>,
  block: { readonly number: number; readonly at: UnixSeconds },
  limits: SpendPolicy['limits'] = [],
): Settlement {
  const { account, outside } = row
  const at = markOf(row, events)
  const before = events.slice(0, at).findLastIndex((it) => isMark(it, account))
  const next = events.slice(at + 1).findIndex((it) => isMark(it, account))
  const left = outflow(events.slice(before + 1, at), account, limits)
  const behind = next === -1 ? events.slice(at + 1) : events.slice(at + 1, at + 1 + next)
  const out: Record<Address, ReturnType<typeof u256>> = { ...left.out }
  const { fee } = outside
  let paid = 0n
  if (fee !== undefined) {
    const given = BigInt(fee.max)
    const back = behind.reduce((sum, it) => sum + amountOf(it, fee.token, fee.to, account), 0n)
    paid = back > given ? 0n : given - back
    const others = BigInt(out[fee.token] ?? '0') - given
    if (others > 0n) out[fee.token] = u256(others)
    else delete out[fee.token]
  }
  return {
    end: 'accepted',
    at: block.at,
    outcome: { block: block.number, at: block.at, fee: { token: fee?.token ?? STRK, paid: u256(paid) }, out },
    items: left.items,
  }
}

function markOf({ account, hash }: OutsideRow, events: readonly Emitted[]): number {
  return events.findIndex((it) => isMark(it, account) && it.keys[1] === hash)
}

function isMark({ from, keys }: Emitted, account: Address): boolean {
  return from === account && keys[0] === EVENTS.TransactionExecuted
}

const TRANSFER = selectorOf('Transfer')
const MAX_U128 = 2n ** 128n - 1n

function amountOf({ from: token, keys, data }: Emitted, of: Address, from: Address, to: Address): bigint {
  const [sender, receiver, low, high] = [...keys.slice(1), ...data]
  if (token !== of || keys[0] !== TRANSFER || keys.length + data.length !== 5) return 0n
  if (sender !== from || receiver !== to || low === undefined || high === undefined) return 0n
  const limbs = [BigInt(low), BigInt(high)] as const
  return limbs[0] > MAX_U128 || limbs[1] > MAX_U128 ? 0n : limbs[0] + (limbs[1] << 128n)
}
