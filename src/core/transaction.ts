/**
 * The life of a journal row: which step may follow which (architecture.md 5, policy.md 8). Pure, so that every change of a
 * row goes through one table.
 */
import type { Felt } from './felt.ts'
import type { Hold } from './policy/policy.ts'
import type { JournalRow } from './records.ts'
import type { UnixSeconds } from './time.ts'

export type Status = Hold['status']
export type End = NonNullable<Hold['end']>
export type Outcome = NonNullable<Hold['outcome']>

export type Step =
  | { readonly to: 'signed' }
  /** `transaction`: where it is somebody else's. */
  | { readonly to: 'sent'; readonly at: UnixSeconds; readonly transaction?: Felt }
  /** Not sent again; its nonce may be given to the next transaction, and one of the two lands. */
  | { readonly to: 'parked' }
  | ({ readonly to: 'settled'; readonly end: End; readonly at: UnixSeconds } & {
      readonly outcome?: Outcome
      readonly failure?: string
    })
  /** The block that held it is gone. */
  | { readonly to: 'reorged' }

/** Nothing was signed: the only end that is our own knowledge. */
const ENDS: Readonly<Record<Status, readonly End[]>> = {
  held: ['released'],
  signed: ['accepted', 'reverted', 'rejected', 'dropped'],
  sent: ['accepted', 'reverted', 'rejected', 'dropped'],
  settled: [],
}

export function mayFollow(row: Pick<JournalRow, 'status' | 'end'>, step: Step): boolean {
  switch (step.to) {
    case 'signed':
      return row.status === 'held'
    case 'sent':
      return row.status === 'signed' || row.status === 'sent'
    case 'parked':
      return row.status === 'signed' || row.status === 'sent'
    case 'reorged':
      return isMined(row)
    case 'settled':
      return row.status === 'settled'
        ? // A node's word that turned out wrong: it landed after all.
          (row.end === 'rejected' || row.end === 'dropped') && isMined(step)
        : ENDS[row.status].includes(step.end)
  }
}

/**
 * The row after a step.
 *
 * @throws Error when the step may not follow: a mistake of the code, never of a site or a node
 * @see transaction.test.ts "refuses: a signed row is never released"
 */
export function advance(row: JournalRow, step: Step): JournalRow {
  if (!mayFollow(row, step)) throw new Error(`a ${row.end ?? row.status} row does not become ${nameOf(step)}`)
  switch (step.to) {
    case 'signed':
      return { ...row, status: 'signed' }
    case 'sent': {
      const { parked: _parked, ...rest } = row
      const { transaction } = step
      return {
        ...rest,
        status: 'sent',
        sentAt: row.sentAt ?? step.at,
        ...(row.outside === undefined || transaction === undefined ? {} : { outside: { ...row.outside, transaction } }),
      }
    }
    case 'parked':
      return { ...row, parked: true }
    case 'reorged': {
      const { end: _end, outcome: _outcome, settledAt: _settledAt, failure: _failure, ...rest } = row
      return { ...rest, status: 'sent' }
    }
    case 'settled': {
      const { parked: _parked, failure: _failure, ...rest } = row
      return {
        ...rest,
        status: 'settled',
        end: step.end,
        settledAt: step.at,
        ...(step.outcome === undefined ? {} : { outcome: step.outcome }),
        ...(step.failure === undefined ? {} : { failure: step.failure }),
      }
    }
  }
}

/** A block has it, whatever came of it. */
export function isMined({ end }: { readonly end?: End }): boolean {
  return end === 'accepted' || end === 'reverted'
}

export function isOpen(row: Pick<JournalRow, 'status'>): boolean {
  return row.status !== 'settled'
}

/** Whether a signature of the row may be somewhere: its hash is the answer to its request, for ever. */
export function mayBeOut(row: Pick<JournalRow, 'status' | 'end'>): boolean {
  return row.status === 'signed' || row.status === 'sent' || (row.status === 'settled' && row.end !== 'released')
}

/**
 * The nonce of the next transaction: the first one from the chain's on that no open row takes. Without gaps that is
 * max(chain, highest open + 1); a gap, left by a refused or parked row, is filled first, or what follows it never runs.
 */
export function nextNonce(chain: bigint, open: readonly Pick<JournalRow, 'nonce' | 'parked' | 'outside'>[]): bigint {
  const own = open.filter((row) => row.parked !== true && row.outside === undefined)
  const taken = new Set(own.map((row) => BigInt(row.nonce)))
  let nonce = chain
  while (taken.has(nonce)) nonce += 1n
  return nonce
}

/** Rows of one account and nonce: at most one of them lands. Outside executions have nonces of their own. */
export function groupOf(account: Felt, nonce: Felt, outside?: unknown): string {
  return outside === undefined ? `${account}:${nonce}` : `${account}:outside:${nonce}`
}

/** What policy sees of the calls: what is given for the fee is none of them. */
export function policyCalls({ calls, outside }: Pick<JournalRow, 'calls' | 'outside'>): JournalRow['calls'] {
  return outside?.fee === undefined ? calls : calls.slice(0, -1)
}

/** The transaction that has it, where that is known. */
export function transactionOf({ hash, outside }: Pick<JournalRow, 'hash' | 'outside'>): Felt | undefined {
  return outside === undefined ? hash : outside.transaction
}

function nameOf(step: Step): string {
  return step.to === 'settled' ? step.end : step.to
}
