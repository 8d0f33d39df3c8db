import { END_MARGIN, type UnixSeconds } from '../time.ts'
import { isReset } from './allowances.ts'
import { emptyBook } from './book.ts'
import { evaluate } from './evaluate.ts'
import type { Facts, Transaction } from './facts.ts'
import type { Call, Charge, RuleId, SessionRecord } from './policy.ts'
import { pinsOf } from './standing.ts'

/**
 * What a transaction that a session has signed, and that its book does not know any more, would have held: by what was
 * granted, because what it was narrowed to then may be lost as well, and beside nothing else.
 *
 * @param tx as the chain has it; at the committed maximum
 * @returns `undefined`: it does not fit what was granted, so nobody can say
 * @see comparing.test.ts "is booked to its session, at its block’s time"
 */
export function lostCharges(
  session: SessionRecord,
  tx: Omit<Transaction, 'origin' | 'unsupported' | 'resets'>,
  now: UnixSeconds,
): { readonly charges: readonly Charge[]; readonly matched: readonly RuleId[] } | undefined {
  const { granted, origin, account, accountClass: classHash } = session
  const { pause: _pause, ...rest } = session
  const then = { ...rest, state: 'active', effective: granted } as const
  const at = Math.min(Math.max(now, granted.validAfter), granted.validUntil - END_MARGIN - 1)
  const pinned = [...pinsOf(granted).values()].flat()
  const asPinned = pinned.map(({ contract, classHash, impl }) => [
    contract,
    { classHash, readAt: at, ...(impl === undefined ? {} : { impl }) },
  ])
  const facts: Facts = {
    ownAccounts: [],
    unlocked: true,
    workingSet: true,
    clockWrong: false,
    // Whether it was the code that was meant was asked before it was signed; by now it may be another.
    classes: { ...Object.fromEntries(asPinned), [account]: { classHash, readAt: at } },
    liveAllowance: false,
    // What left without being declared says the receipt.
    simulation: 'later',
    reverts: { inARow: 0, lastAt: 0 },
  }
  // Which of the calls behind the site's own the wallet had put there is not told by the chain: as many as fit.
  let resets = 0
  while (resets < tx.calls.length && isReset(granted, tx.calls.at(-1 - resets) as Call)) resets += 1
  for (; resets >= 0; resets -= 1) {
    const signed = { ...tx, ...(resets === 0 ? {} : { resets }), origin, unsupported: [] }
    const verdict = evaluate(then, emptyBook(session.id), [], signed, facts, at)
    if (verdict.kind === 'auto') return { charges: verdict.charges, matched: verdict.matched }
  }
  return undefined
}
