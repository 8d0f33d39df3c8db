/**
 * Gas amounts of call shapes, kept so that a steady call asks nothing (performance.md 4). Memory only: a shape that is not
 * here costs an estimate. What a shape took says nothing certain of the next call, so bounds get room (fees.ts), and a shape
 * that came near its bounds is estimated afresh for a while.
 */

import { moneyKind } from '../../core/call.ts'
import type { ClassHash, Felt } from '../../core/felt.ts'
import type { Call } from '../../core/policy/policy.ts'
import type { JournalRow, NetworkId } from '../../core/records.ts'
import { type Estimate, RPC } from '../../platform/node.ts'
import type { Gas } from './fees.ts'

export interface Shape {
  readonly network: NetworkId
  readonly key: string
}

export interface KeptGas {
  /** Amounts for one more transaction of this shape; `undefined`: estimate it. */
  take(shape: Shape): Gas | undefined
  keep(shape: Shape, estimate: Estimate): void
  has(shape: Shape): boolean
  /** Of the protocol, as the last block names it: with another one all of the network's amounts are void. */
  version(network: NetworkId, version: string): void
  /** A transaction with this shape is held. */
  held(row: JournalRow['id'], shape: Shape): void
  /** Refused by the node: what the refusal says of the shape's amounts. */
  refused(row: JournalRow['id'], rpcCode: number | undefined): void
  /** Mined. `l2Gas`: as its receipt shows it. */
  mined(
    row: JournalRow,
    mined: { readonly reverted: boolean; readonly failure?: string; readonly l2Gas?: bigint },
  ): void
}

export interface KeptGasNeeds {
  /** Milliseconds that only go forward. */
  readonly ticks: () => number
}

interface Known {
  gas?: Gas
  readAt: number
  uses: number
  /** So many uses are estimated afresh. */
  wary: number
}

const LASTS_MS = 600_000
const USES = 50
const MOST = 256
/** Part of the L2 bound that may be used before the shape is estimated afresh, in percent. */
const NEAR = 80n
const INSUFFICIENT = 'insufficient max'

export function createKeptGas({ ticks }: KeptGasNeeds): KeptGas {
  const known = new Map<string, Known>()
  const versions = new Map<NetworkId, string>()
  const shapes = new Map<JournalRow['id'], Shape>()

  const entry = ({ network, key }: Shape): Known => {
    const name = `${network} ${key}`
    const it = known.get(name) ?? { readAt: 0, uses: 0, wary: 0 }
    // The least recently used goes first.
    known.delete(name)
    known.set(name, it)
    if (known.size > MOST) known.delete(known.keys().next().value as string)
    return it
  }
  const forget = (shape: Shape, wary: number) => {
    const it = entry(shape)
    delete it.gas
    it.wary = Math.max(it.wary, wary)
  }
  const shapeOfRow = (row: JournalRow['id']): Shape | undefined => {
    const shape = shapes.get(row)
    shapes.delete(row)
    return shape
  }

  return {
    take: (shape) => {
      const it = entry(shape)
      if (it.wary > 0) {
        it.wary -= 1
        return undefined
      }
      if (it.gas === undefined || ticks() - it.readAt >= LASTS_MS || it.uses >= USES) return undefined
      it.uses += 1
      return it.gas
    },
    keep: (shape, estimate) => {
      const it = entry(shape)
      const { l1_gas, l2_gas, l1_data_gas } = estimate
      it.gas = { l1_gas: l1_gas.amount, l2_gas: l2_gas.amount, l1_data_gas: l1_data_gas.amount }
      it.readAt = ticks()
      it.uses = 0
    },
    has: (shape) => entry(shape).gas !== undefined,
    version: (network, version) => {
      if (versions.get(network) === version) return
      versions.set(network, version)
      for (const name of known.keys()) if (name.startsWith(`${network} `)) known.delete(name)
    },
    held: (row, shape) => {
      shapes.set(row, shape)
      if (shapes.size > MOST) shapes.delete(shapes.keys().next().value as string)
    },
    refused: (row, rpcCode) => {
      const shape = shapeOfRow(row)
      if (shape === undefined) return
      // The balance has no room for wide bounds: the next ones are as narrow as an estimate makes them.
      if (rpcCode === RPC.balance) forget(shape, USES)
      else if (rpcCode === RPC.resources || rpcCode === RPC.validation || rpcCode === RPC.feeBelowMinimum)
        forget(shape, 0)
    },
    mined: (row, { reverted, failure, l2Gas }) => {
      const shape = shapeOfRow(row.id)
      if (shape === undefined) return
      const isNear = l2Gas !== undefined && l2Gas * 100n > BigInt(row.bounds.l2_gas.maxAmount) * NEAR
      const ranOut = reverted && failure?.toLowerCase().includes(INSUFFICIENT) === true
      if (isNear || ranOut) forget(shape, USES)
      else if (reverted) forget(shape, 0)
    },
  }
}

/**
 * What the amounts depend on: class of the account, calls in order with the length of their calldata, the proofs, and who
 * receives or may spend, because the first payment to somebody writes a slot.
 */
export function shapeOf(
  network: NetworkId,
  accountClass: ClassHash | Felt,
  calls: readonly Call[],
  proofLengths: readonly number[],
): Shape {
  const parts = calls.map((call, at) =>
    [call.to, call.selector, call.calldata.length, proofLengths[at], ...parties(call)].join('/'),
  )
  return { network, key: `${accountClass} ${parts.join(' ')}` }
}

/** Whose balance or allowance a call of the money table writes. */
function parties({ selector, calldata }: Call): readonly Felt[] {
  const kind = moneyKind(selector)
  if (kind === undefined) return []
  const isFromTo = kind !== 'transfer' && kind !== 'approve' && kind !== 'increase' && kind !== 'decrease'
  return calldata.slice(0, isFromTo ? 2 : 1)
}
