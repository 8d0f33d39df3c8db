import { moneyKind, tokenMove } from '../call.ts'
import { type Address, type Felt, felt, MAX_U256, type Selector, type U256, u256 } from '../felt.ts'
import { tokenLimit } from './assets.ts'
import type { Transaction } from './facts.ts'
import type { Call, MeterBook, SessionPolicy } from './policy.ts'

/** What somebody may take of a token, base units: as the chain says it now, or, as a credit, as it was charged already. */
export interface Allowance {
  readonly token: Address
  readonly spender: Address
  readonly amount: U256
}
export type Pair = Pick<Allowance, 'token' | 'spender'>

/** The entrypoint that sets an allowance, in the one spelling that every ERC-20 has. */
export const APPROVE = '0x219209e083275171774dab1df80982e9df2096516f06319c5c6d71ae0a8480c' as Selector

/** The calls a site asked for: without the resets that this wallet put behind them. */
export function askedCalls(tx: Pick<Transaction, 'calls' | 'resets'>): readonly Call[] {
  return tx.resets === undefined ? tx.calls : tx.calls.slice(0, tx.calls.length - tx.resets)
}

/**
 * The calls with `approve(spender, 0)` behind them for each spender of a `resetAfter` token who would keep something
 * (policy.md 6.2). What the site has set back by itself is not set back again.
 */
export function withResets(policy: SessionPolicy, calls: readonly Call[]): Pick<Transaction, 'calls' | 'resets'> {
  const resets: Call[] = []
  calls.forEach((call, index) => {
    const given = allowanceIn(call)
    if (given === undefined || given.amount === 0n || tokenLimit(policy, call.to)?.approvals !== 'resetAfter') return
    if (isSetBack(calls, index) || isSetBack([call, ...resets], 0)) return
    resets.push(takingBack({ token: call.to, spender: given.spender }))
  })
  return resets.length === 0 ? { calls } : { calls: [...calls, ...resets], resets: resets.length }
}

/** Afterwards this spender may take nothing more of the token. */
export function takingBack({ token, spender }: { readonly token: Address; readonly spender: Felt }): Call {
  return { to: token, selector: APPROVE, calldata: [spender, felt(0), felt(0)] }
}

/** Whether the last call that gives this spender an allowance of the token sets it to 0. */
export function isSetBack(calls: readonly Call[], index: number): boolean {
  const { to, calldata } = calls[index] as Call
  for (let later = calls.length - 1; later > index; later -= 1) {
    const call = calls[later] as Call
    const given = call.to === to && call.calldata[0] === calldata[0] ? allowanceIn(call) : undefined
    if (given !== undefined && given.how !== 'decrease') return given.how === 'approve' && given.amount === 0n
  }
  return false
}

/** A call the wallet put there: nothing else is taken for one. */
export function isReset(policy: SessionPolicy, call: Call): boolean {
  const given = allowanceIn(call)
  return given?.how === 'approve' && given.amount === 0n && tokenLimit(policy, call.to)?.approvals === 'resetAfter'
}

/** How much of a token may leave by allowances that were charged when they were given, as far as they are still there. */
export function usableCredit(credit: MeterBook['credit'], token: Address, now: readonly Allowance[]): bigint {
  let sum = 0n
  for (const { token: of, spender, amount } of credit) {
    if (of !== token) continue
    const live = now.find((it) => it.token === token && it.spender === spender)
    if (live !== undefined) sum += smaller(BigInt(amount), BigInt(live.amount))
  }
  return sum
}

/** Of these tokens, whose allowances are to be read before a credit can excuse what leaves. */
export function creditedPairs(credit: MeterBook['credit'], tokens: readonly Address[]): readonly Pair[] {
  return credit.flatMap(({ token, spender }) => (tokens.includes(token) ? [{ token, spender }] : []))
}

/** What one transaction did to the credits of one token. */
export interface CreditUse {
  /** Of what left, taken out of credits: charged before or by this transaction, so not once more. */
  readonly used: bigint
  readonly credit: MeterBook['credit']
}

/**
 * Credits after a transaction (policy.md 6.2, 8.3). A spender can have taken at most what he had, and was given, less what is
 * left of it; that much of what left is excused. A pull of another contract's old allowance is not, though a credit would
 * have room for it.
 *
 * @param calls of the transaction; empty where its allowances were not charged
 * @param beyond base units that left beyond what its calls send
 * @param after allowances read again behind the transaction; one that was not read excuses nothing
 * @param alone nothing else of the session is under way: what is gone of an allowance is gone from the credit too
 */
export function creditAfter(
  before: MeterBook['credit'],
  token: Address,
  calls: readonly Call[],
  beyond: bigint,
  after: readonly Allowance[],
  alone: boolean,
): CreditUse {
  const others = before.filter((it) => it.token !== token)
  const own = new Map<Address, { readonly had: bigint; readonly left: bigint }>()
  for (const { token: of, spender, amount } of before) {
    if (of === token) own.set(spender, { had: BigInt(amount), left: BigInt(amount) })
  }
  for (const call of calls) {
    const given = call.to === token ? allowanceIn(call) : undefined
    if (given === undefined) continue
    const spender = given.spender as Address // compared, not trusted
    const { had, left } = own.get(spender) ?? { had: 0n, left: 0n }
    if (given.how === 'decrease') {
      own.set(spender, { had: atLeastZero(had - given.amount), left: atLeastZero(left - given.amount) })
    }
    if (given.how !== 'decrease') {
      const sum = given.how === 'approve' ? given.amount : left + given.amount
      own.set(spender, { had: had + given.amount, left: sum })
    }
  }
  let used = 0n
  const credit = [...own].flatMap(([spender, { had, left }]) => {
    const live = after.find((it) => it.token === token && it.spender === spender)
    if (live === undefined) return rest(token, spender, left)
    const taken = smaller(beyond - used, atLeastZero(had - BigInt(live.amount)))
    used += taken
    return rest(token, spender, alone ? smaller(left, BigInt(live.amount)) : atLeastZero(left - taken))
  })
  return { used, credit: [...others, ...credit] }
}

/** What the calls give leave to take of a token, base units. */
export function givenLeave(calls: readonly Call[], token: Address): bigint {
  let sum = 0n
  for (const call of calls) {
    const given = call.to === token ? allowanceIn(call) : undefined
    if (given !== undefined && given.how !== 'decrease') sum += given.amount
  }
  return sum
}

/** Whom calls give leave to take a token, or take it from. */
export function spendersIn(calls: readonly Call[], token: Address): readonly Address[] {
  return calls.flatMap((call) => {
    const given = call.to === token ? allowanceIn(call) : undefined
    return given === undefined ? [] : [given.spender as Address] // compared, not trusted
  })
}

interface Given {
  readonly how: 'approve' | 'increase' | 'decrease'
  readonly spender: Felt
  readonly amount: bigint
}

function allowanceIn(call: Call): Given | undefined {
  const kind = moneyKind(call.selector)
  if (kind !== 'approve' && kind !== 'increase' && kind !== 'decrease') return undefined
  const move = tokenMove(call, call.to) // whose account it is says nothing of an allowance
  if (move?.does === 'allow') return move
  return move?.does === 'disallow' ? { ...move, how: 'decrease' } : undefined
}

function rest(token: Address, spender: Address, amount: bigint): MeterBook['credit'] {
  return amount === 0n ? [] : [{ token, spender, amount: u256(smaller(amount, MAX_U256)) }]
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

function atLeastZero(value: bigint): bigint {
  return value < 0n ? 0n : value
}
