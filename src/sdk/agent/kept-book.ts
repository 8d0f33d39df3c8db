/** What a co-signer of one's own keeps between two signatures: one text, whose number rises with each, so that none comes twice. */
import { canonicalJson } from '../../core/canonical.ts'
import type { Felt } from '../../core/felt.ts'
import { compact } from '../../core/policy/book.ts'
import type { Charge, MeterBook, SessionPolicy } from '../../core/policy/policy.ts'
import {
  amount,
  decode,
  exact,
  felt,
  integer,
  list,
  literal,
  record,
  type Schema,
  string,
  time,
} from '../../core/schema.ts'
import type { UnixSeconds } from '../../core/time.ts'

export interface Kept {
  readonly book: MeterBook
  /** Of the last signature; absent: there was none. */
  readonly at?: UnixSeconds
}

const MANY = Number.MAX_SAFE_INTEGER
const kept = exact({
  v: literal(1),
  session: felt,
  seq: integer(1, MANY),
  at: time,
  base: record(amount, MANY),
  bookings: list(exact({ meter: string(), amount, at: time }), MANY),
})

/** `undefined`: not of this session, or not in this form. It is not repaired. */
export function keptIn(text: string, session: Felt): Kept | undefined {
  const decoded = decode(kept as Schema, parsed(text))
  if (!decoded.ok) return undefined
  const { session: of, seq, at, base, bookings } = decoded.value as MeterBook & { readonly at: UnixSeconds }
  if (of !== (session as string)) return undefined
  return { at, book: { session: of, seq, base, bookings, returned: [], credit: [] } }
}

export function textOf({ book: { session, seq, base, bookings }, at }: Kept): string {
  return canonicalJson({ v: 1, session, seq, at, base, bookings })
}

/** Booked in full at once: nothing here learns what became of it, so nothing comes back. */
export function after({ book }: Kept, charges: readonly Charge[], policy: SessionPolicy, now: UnixSeconds): Kept {
  const bookings = charges.map(({ meter, amount }) => ({ meter, amount, at: now }))
  const next = { ...book, seq: book.seq + 1, bookings: [...book.bookings, ...bookings] }
  return { at: now, book: compact(next, { granted: policy, effective: policy }, now, []) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
