import type { Outcome } from '../book.ts'
import type { Facts, Transaction } from '../facts.ts'
import type { Call, Charge, SessionRecord } from '../policy.ts'
import { endPast, forget, type Past } from './ledger.ts'

/** Calls as somebody wrote them: any spelling (policy.md 4). */
export interface SpelledCall {
  readonly to: string
  readonly selector: string
  readonly calldata: readonly string[]
}

export interface Holding {
  readonly id: string
  readonly group: string
  readonly at: number
  readonly charges: Charge[]
  /** Absent where nothing but the charges is to be told. */
  readonly calls?: Call[]
}

/** What happened to a session, in order; both sides hear the same story. */
export type Happening =
  | { readonly hold: Holding }
  | { readonly settle: string; readonly outcome: Outcome; readonly now: number }
  /** Forgetting of old bookings: nothing for who keeps the full list. */
  | { readonly compact: number }

export interface Case {
  readonly session: SessionRecord
  readonly story: readonly Happening[]
  readonly tx: Omit<Transaction, 'calls'> & { readonly calls: readonly SpelledCall[] }
  readonly facts: Facts
  readonly now: number
}

/** The story as the second ledger keeps it. */
export function listOf(story: readonly Happening[], session: SessionRecord): readonly Past[] {
  return story.reduce((list, it) => after(list, it, session), [] as readonly Past[])
}

/** The list, one happening later. */
export function after(list: readonly Past[], it: Happening, session: SessionRecord): readonly Past[] {
  if ('hold' in it) return [...list, it.hold]
  if (!('settle' in it)) return forget(list, session, it.compact)
  const past = list.find(({ id }) => id === it.settle)
  if (past === undefined || (past.settled !== undefined && !isLate(past, it.outcome))) return list
  return forget(endPast(list, it.settle, it.outcome, session), session, it.now)
}

/** A rejected or dropped transaction that was found in a block after all. */
function isLate({ settled }: Past, { end }: Outcome): boolean {
  return (settled?.end === 'rejected' || settled?.end === 'dropped') && (end === 'accepted' || end === 'reverted')
}
