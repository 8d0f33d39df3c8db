import { parseAddress, parseFelt, parseSelector, type U256 } from '../../felt.ts'
import { compact, emptyBook, settle } from '../book.ts'
import { evaluate } from '../evaluate.ts'
import type { Call, Hold, MeterBook, Reason, SessionRecord, Verdict } from '../policy.ts'
import { creditsOf } from './credits.ts'
import type { Past } from './ledger.ts'
import { decide, readCalls } from './oracle.ts'
import { type Case, type Happening, type Holding, listOf, type SpelledCall } from './story.ts'

const MALFORMED: Verdict = { kind: 'refuse', reasons: [{ code: 'malformed' }] }

/** What spenders may still take, sorted. */
type Credits = readonly string[]

/** @returns both verdicts and what either side thinks of the credits, and whether they are one */
export function compare(it: Case): {
  readonly engine: Verdict
  readonly oracle: Verdict
  readonly credits: { readonly engine: Credits; readonly oracle: Credits }
  readonly agree: boolean
} {
  const { session, story } = it
  const past = bookOf(story, session)
  const engine = engineVerdict(it, past)
  const list = listOf(story, session)
  const oracle = oracleVerdict(it, list)
  const credits = {
    engine: toldCredits(past.book.credit),
    oracle: toldCredits(creditsOf(list, session)),
  }
  const agree = told(engine) === told(oracle) && credits.engine.join() === credits.oracle.join()
  return { engine, oracle, credits, agree }
}

function engineVerdict({ session, tx, facts, now }: Case, { book, open }: ReturnType<typeof bookOf>): Verdict {
  const calls = canonical(tx.calls)
  if (calls === undefined) return MALFORMED
  return evaluate(session, book, open, { ...tx, calls }, facts, now)
}

function oracleVerdict({ session, tx, facts, now }: Case, list: readonly Past[]): Verdict {
  const calls = readCalls(tx.calls)
  return calls === undefined ? MALFORMED : decide(session, list, { ...tx, calls }, facts, now)
}

/** The story as the engine's book keeps it. */
export function bookOf(
  story: readonly Happening[],
  session: SessionRecord,
): { book: MeterBook; open: readonly Hold[] } {
  let book = emptyBook(session.id)
  let holds: readonly Hold[] = []
  const open = () => holds.filter(({ status }) => status !== 'settled')
  for (const it of story) {
    if ('compact' in it) {
      book = compact(book, session, it.compact, open())
    } else if ('hold' in it) {
      holds = [...holds, holdOf(it.hold, session)]
    } else {
      const hold = holds.find(({ id }) => id === it.settle)
      if (hold === undefined || !maySettle(hold, it.outcome.end)) continue
      const settled = settle(book, hold, open(), it.outcome, session, it.now)
      book = settled.book
      holds = holds.map((one) => {
        if (one.id === it.settle) return { ...one, status: 'settled', end: it.outcome.end }
        return settled.ended.includes(one.id) ? { ...one, status: 'settled', end: 'dropped' } : one
      })
    }
  }
  return { book, open: open() }
}

function maySettle({ status, end }: Hold, to: Hold['end']): boolean {
  if (status !== 'settled') return true
  return (end === 'rejected' || end === 'dropped') && (to === 'accepted' || to === 'reverted')
}

function holdOf(facts: Holding, session: SessionRecord): Hold {
  return { calls: [], ...facts, session: session.id, via: 'node', hash: '0x1' as Hold['hash'], status: 'sent' }
}

/** As the product reads what a site wrote. */
function canonical(calls: readonly SpelledCall[]): readonly Call[] | undefined {
  const read = calls.map(({ to, selector, calldata }) => ({
    to: parseAddress(to),
    selector: parseSelector(selector),
    calldata: calldata.map(parseFelt),
  }))
  const whole = read.every(
    (it) => it.to !== undefined && it.selector !== undefined && it.calldata.every((felt) => felt !== undefined),
  )
  return whole ? (read as readonly Call[]) : undefined
}

/** What has to be equal: kind, the set of reasons, the charges (policy.md 16). Nothing taken is no charge. */
function told(verdict: Verdict): string {
  if (verdict.kind !== 'auto') return [verdict.kind, ...verdict.reasons.map(toldReason).sort()].join('\n')
  const charges = verdict.charges
    .filter(({ amount }) => amount !== '0')
    .map(({ meter, amount, refundable }) => `${meter} ${amount} ${refundable}`)
  return ['auto', ...charges.sort(), ...[...new Set(verdict.matched)].sort()].join('\n')
}

function toldCredits(credits: readonly { token: string; spender: string; amount: U256 | bigint }[]): Credits {
  return credits.map(({ token, spender, amount }) => `${token} ${spender} ${amount}`).sort()
}

function toldReason({ code, call, rule, meter, left, wanted, retryAt }: Reason): string {
  return JSON.stringify({ code, call, rule, meter, left, wanted, retryAt })
}
