import { canonicalJson } from '../canonical.ts'
import type { UnixSeconds } from '../time.ts'
import { atMostU256, compact, messageMeter, ruleMeter, sumMeter } from './book.ts'
import type {
  CallRule,
  Charge,
  Hold,
  MessageRule,
  MeterBook,
  MeterId,
  SessionId,
  SessionPolicy,
  SessionRecord,
} from './policy.ts'

/** What a meter of one policy is called in another; `undefined`: nothing there counts the same. */
export type Renamed = (meter: MeterId) => MeterId | undefined

/**
 * How a session's counts go on in the one that takes its place (policy.md 11, widen): money, fees, transactions and calls
 * by name; rules, totals and messages by equal content, wherever they stand now.
 */
export function renaming(from: SessionPolicy, to: SessionPolicy): Renamed {
  const names = new Map<MeterId, MeterId>()
  const rules = new Map(to.calls.map((rule) => [ruleContent(rule), rule]))
  for (const before of from.calls) {
    const rule = rules.get(ruleContent(before))
    if (rule === undefined) continue
    names.set(ruleMeter(before.id), ruleMeter(rule.id))
    before.sums.forEach((sum, index) => {
      const place = rule.sums.findIndex((one) => sumContent(one) === sumContent(sum))
      if (place >= 0) names.set(sumMeter(before.id, index), sumMeter(rule.id, place))
    })
  }
  const messages = new Map(to.messages.map((rule) => [messageContent(rule), rule]))
  for (const before of from.messages) {
    const rule = messages.get(messageContent(before))
    if (rule !== undefined) names.set(messageMeter(before.id), messageMeter(rule.id))
  }
  return (meter) => (/^(rule|sum|msg):/.test(meter) ? names.get(meter) : meter)
}

/** The book of the session that takes another's place: nothing that was used, or given back, is forgotten. */
export function carryBook(book: MeterBook, renamed: Renamed, session: SessionId): MeterBook {
  const base: MeterBook['base'] = {}
  for (const [meter, amount] of Object.entries(book.base)) {
    const name = renamed(meter as MeterId) // Its keys are meters.
    if (name !== undefined) base[name] = atMostU256(BigInt(base[name] ?? '0') + BigInt(amount))
  }
  return {
    session,
    seq: 0,
    base,
    bookings: carried(book.bookings, renamed),
    returned: carried(book.returned, renamed),
    credit: book.credit,
  }
}

/** Of a transaction that is on its way: what it set aside stays set aside. */
export function carryCharges(charges: readonly Charge[], renamed: Renamed): Charge[] {
  return carried(charges, renamed)
}

/**
 * The counts of the whole session from zero. What a finite window still reaches stays counted, because only the clock opens
 * it; so does what was given back, because it bounds what a node can make us believe.
 */
export function beginAgain(
  book: MeterBook,
  session: Pick<SessionRecord, 'granted' | 'effective'>,
  now: UnixSeconds,
  open: readonly Hold[],
): MeterBook {
  return { ...compact(book, session, now, open), base: {} }
}

/** What two rules must share to be one: what they allow, not how often, nor whether they are on. */
export function ruleContent({ contract, entrypoints, args, wide }: CallRule): string {
  const selectors = entrypoints === '*' ? '*' : entrypoints.map(({ selector }) => selector)
  return canonicalJson({ contract, selectors, args, wide })
}

function sumContent({ arg, as }: CallRule['sums'][number]): string {
  return canonicalJson({ arg, as })
}

function messageContent({ domainHash, typeHash, fields }: MessageRule): string {
  return canonicalJson({ domainHash, typeHash, fields })
}

function carried<T extends { readonly meter: MeterId }>(entries: readonly T[], renamed: Renamed): T[] {
  return entries.flatMap((entry) => {
    const meter = renamed(entry.meter)
    return meter === undefined ? [] : [{ ...entry, meter }]
  })
}
