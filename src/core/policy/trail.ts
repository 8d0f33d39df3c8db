/** What each limit stood at before a transaction, and what of it the transaction took: kept beside it, decided by nothing. */
import type { U256 } from '../felt.ts'
import type { UnixSeconds } from '../time.ts'
import { atMostU256, booked, capsOf, used } from './book.ts'
import type { Charge, Hold, MeterBook, MeterId, SessionPolicy, Window } from './policy.ts'

export interface Passed {
  readonly meter: MeterId
  readonly window: Window
  readonly max: U256
  /** With what others held then. */
  readonly before: U256
  /** Booked for it when it ended; absent while it is open. */
  readonly took?: U256
}

/** Every limit that the charges count against, as it stood when they were held. */
export function passedBy(
  policy: SessionPolicy,
  book: MeterBook,
  open: readonly Hold[],
  charges: readonly Charge[],
  now: UnixSeconds,
): readonly Passed[] {
  return charges.flatMap(({ meter }) =>
    capsOf(policy, meter).map(({ window, max }) => ({
      meter,
      window,
      max: atMostU256(max),
      before: atMostU256(used(book, open, meter, window, now)),
    })),
  )
}

/**
 * With what its end booked: the difference between the two books, so that it is what counts from now on. Booked again, when it
 * was given up and is found after all, it comes on top.
 *
 * @param nameOf what a meter is called in the books; `undefined`: nothing counts it any more
 */
export function withTaken(
  passed: readonly Passed[],
  book: MeterBook,
  next: MeterBook,
  nameOf: (meter: MeterId) => MeterId | undefined,
): readonly Passed[] {
  const whole = (of: MeterBook, meter: MeterId) => booked(of, meter, { kind: 'session' }, 0)
  return passed.map((it) => {
    const meter = nameOf(it.meter)
    if (meter === undefined) return it
    const took = whole(next, meter) - whole(book, meter)
    return { ...it, took: atMostU256(BigInt(it.took ?? '0') + took) }
  })
}

/** Of a session that another took the place of: by the names that its meters have there. */
export function renamedPassed(
  passed: readonly Passed[],
  nameOf: (meter: MeterId) => MeterId | undefined,
): readonly Passed[] {
  return passed.flatMap((it) => {
    const meter = nameOf(it.meter)
    return meter === undefined ? [] : [{ ...it, meter }]
  })
}
