import type { Allowance } from '../allowances.ts'
import type { Call, SessionRecord } from '../policy.ts'
import { MONEY_NAMES } from './tables.ts'

/**
 * What spenders may still take without being charged again (policy.md 6.2, 8.3), recomputed from everything that was ever
 * accepted, in the order in which it was.
 */
export interface Credit {
  readonly token: string
  readonly spender: string
  readonly amount: bigint
}

/** What the book needs to know of a transaction. */
interface Signed {
  readonly charges: readonly { readonly meter: string; readonly amount: string; readonly refundable: string }[]
  readonly calls?: readonly Call[]
  readonly settled?: { readonly seen?: Seen }
}

/** What was seen when a transaction was accepted. */
export interface Seen {
  /** Its place among all that were accepted. */
  readonly order: number
  readonly out: Readonly<Record<string, string>>
  readonly allowances: readonly Allowance[]
  /** Nothing but other members of its group was open. */
  readonly alone: boolean
}

/** In the order in which the spenders are known. */
type Amounts = ReadonlyMap<string, bigint>

const names = new Map(MONEY_NAMES.map(([name, selector]) => [selector, name.toLowerCase().replaceAll('_', '')]))

export function creditsOf(list: readonly Signed[], session: Pick<SessionRecord, 'granted'>): readonly Credit[] {
  return countedIn(session).flatMap((token) =>
    [...amountsOf(list, token)].map(([spender, amount]) => ({ token, spender, amount })),
  )
}

/** What an accepted transaction takes of each token under a `count` limit: once what it gave leave to, never its pull again. */
export function takenBy(
  list: readonly Signed[],
  signed: Signed,
  seen: Seen,
  session: Pick<SessionRecord, 'granted'>,
): ReadonlyMap<string, bigint> {
  return new Map(countedIn(session).map((token) => [token, pulled(signed, seen, token, amountsOf(list, token)).booked]))
}

const countedIn = ({ granted }: Pick<SessionRecord, 'granted'>): readonly string[] =>
  granted.spend.limits.flatMap((it) => (it.asset === 'erc20' && it.approvals === 'count' ? [it.token] : []))

function amountsOf(list: readonly Signed[], token: string): Amounts {
  const accepted = list.flatMap((signed) => {
    const seen = signed.settled?.seen
    return seen === undefined ? [] : [{ signed, seen }]
  })
  accepted.sort((a, b) => a.seen.order - b.seen.order)
  return accepted.reduce<Amounts>((before, { signed, seen }) => behind(signed, seen, token, before), new Map())
}

function behind(signed: Signed, seen: Seen, token: string, before: Amounts): Amounts {
  const { steps, taken } = pulled(signed, seen, token, before)
  const credits = new Map(before)
  for (const { kind, spender, amount } of steps) {
    const credit = credits.get(spender) ?? 0n
    credits.set(spender, kind === 'approve' ? amount : kind === 'increase' ? credit + amount : less(credit, amount))
  }
  for (const [spender, credit] of credits) {
    const allowance = allowanceOf(seen.allowances, token, spender)
    if (allowance === undefined) continue
    const lowered = seen.alone ? lesser(allowance, credit) : less(credit, taken.get(spender) ?? 0n)
    credits.set(spender, lowered)
  }
  return new Map([...credits].filter(([, credit]) => credit > 0n))
}

function pulled(signed: Signed, { out, allowances }: Seen, token: string, before: Amounts) {
  const certain = signed.charges
    .filter(({ meter }) => meter === `spend:${token}`)
    .reduce((sum, { amount, refundable }) => sum + BigInt(amount) - BigInt(refundable), 0n)
  const named = stepsOf(signed.calls ?? [], token)
  const leave = sumOf(named)
  // Leave that was not charged is no credit.
  const steps = leave > certain ? [] : named
  const sent = leave > certain ? certain : certain - leave
  const beyond = less(BigInt(out[token] ?? '0'), sent)
  // A pull may come before or after each of the calls: whatever was given in the transaction could be taken.
  const had = new Map(before)
  for (const { kind, spender, amount } of steps) {
    const amounts = had.get(spender) ?? 0n
    had.set(spender, kind === 'decrease' ? less(amounts, amount) : amounts + amount)
  }
  const taken = new Map<string, bigint>()
  let unexplained = beyond
  for (const [spender, most] of had) {
    const allowance = allowanceOf(allowances, token, spender)
    if (allowance === undefined) continue
    const amount = lesser(less(most, allowance), unexplained)
    taken.set(spender, amount)
    unexplained -= amount
  }
  return { steps, taken, booked: certain + unexplained }
}

/** What the calls give leave to take of the token. */
export const leaveIn = (calls: readonly Call[], token: string) => sumOf(stepsOf(calls, token))

const sumOf = (steps: readonly Step[]) =>
  steps.reduce((sum, { kind, amount }) => (kind === 'decrease' ? sum : sum + amount), 0n)

interface Step {
  readonly kind: 'approve' | 'increase' | 'decrease'
  readonly spender: string
  readonly amount: bigint
}

function stepsOf(calls: readonly Call[], token: string): readonly Step[] {
  return calls.flatMap(({ to, selector, calldata }): Step[] => {
    const kind = names.get(selector)?.replace('allowance', '')
    if (to !== token || (kind !== 'approve' && kind !== 'increase' && kind !== 'decrease')) return []
    const [spender, low, high] = calldata
    return [{ kind, spender: spender!, amount: BigInt(low!) + (BigInt(high!) << 128n) }]
  })
}

/** Of a pair that nobody read nothing is known. */
export function allowanceOf(
  allowances: readonly Allowance[] | undefined,
  token: string,
  spender: string,
): bigint | undefined {
  const read = allowances?.find((it) => it.token === token && it.spender === spender)
  return read === undefined ? undefined : BigInt(read.amount)
}

export const lesser = (a: bigint, b: bigint) => {
  if (a < b) return a
  return b
}

const less = (from: bigint, amount: bigint) => (from > amount ? from - amount : 0n)
