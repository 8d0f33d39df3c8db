import { describe, expect, test } from 'vitest'
import { STRK } from '../account.ts'
import { type Address, type Felt, type Selector, u256 } from '../felt.ts'
import { type Allowance, withResets } from './allowances.ts'
import { allowancesToRead, type Outcome, settle, used } from './book.ts'
import { evaluate } from './evaluate.ts'
import type { Facts, Simulation } from './facts.ts'
import { lostCharges } from './lost.ts'
import type { Call, CallRule, Hold, MeterBook, MeterId, RuleId, SessionPolicy, TokenLimit, Verdict } from './policy.ts'
import {
  call,
  FRIEND,
  GAME,
  GAME_CLASS,
  limbs,
  MOVE,
  moneySelector,
  NOW,
  STRANGER,
  sampleBook,
  sampleFacts,
  sampleHold,
  samplePolicy,
  sampleSession,
  sampleTx,
  TOKEN_CLASS,
  transfer,
} from './samples.ts'

const SPEND = `spend:${STRK}` as MeterId
const LEAVE = ['approve', 'increase_allowance', 'increaseAllowance'] as const
const TAKE = ['decrease_allowance', 'decreaseAllowance'] as const
const base = samplePolicy()

function policyOf(changes: Partial<TokenLimit>): SessionPolicy {
  const rule = (contract: Address, selectors: readonly Selector[], index: number): CallRule => ({
    id: `r${index}` as RuleId,
    contract,
    entrypoints: selectors.map((selector) => ({ selector })),
    caps: [],
    sums: [],
    enabled: true,
    required: false,
    codePin: { classHash: contract === STRK ? TOKEN_CLASS : GAME_CLASS, onChange: 'pause' },
  })
  const names = ['transfer', ...LEAVE, ...TAKE]
  return {
    ...base,
    calls: [rule(GAME, [MOVE], 0), rule(STRK, names.map(moneySelector), 1)],
    spend: {
      look: 'simulate',
      limits: [
        {
          asset: 'erc20',
          token: STRK,
          caps: [{ window: { kind: 'session' }, max: u256(100n) }],
          spenders: [GAME],
          approvals: 'count',
          foreignTransferFrom: 'forbid',
          ...changes,
        },
      ],
    },
  }
}

const swap = call(GAME, MOVE)
const leave = (amount: bigint, spender: Felt = GAME, name = 'approve') =>
  call(STRK, moneySelector(name), [spender, ...limbs(amount)])
const ran = (out: bigint): Simulation => ({
  ok: true,
  at: NOW,
  out: out === 0n ? {} : { [STRK]: u256(out) },
  items: {},
  odd: [],
})
const credit = (amount: bigint, spender: Address = GAME) => ({ token: STRK, spender, amount: u256(amount) })
const may = credit satisfies (amount: bigint, spender?: Address) => Allowance

interface Setting {
  readonly limit?: Partial<TokenLimit>
  readonly out?: bigint
  readonly book?: Partial<MeterBook>
  readonly facts?: Partial<Facts>
  readonly resets?: number
}

function judge(calls: readonly Call[], { limit = {}, out = 0n, book = {}, facts = {}, resets }: Setting = {}): Verdict {
  return evaluate(
    sampleSession(policyOf(limit)),
    { ...sampleBook(), ...book },
    [],
    sampleTx(calls, resets === undefined ? {} : { resets }),
    sampleFacts(NOW, { simulation: ran(out), ...facts }),
    NOW,
  )
}
function said(calls: readonly Call[], setting: Setting = {}): unknown {
  const verdict = judge(calls, setting)
  if (verdict.kind !== 'auto') return verdict.reasons.map(({ code }) => code)
  const charge = verdict.charges.find(({ meter }) => meter === SPEND)
  return charge === undefined ? 'free' : [charge.amount, charge.refundable]
}

describe('allowances', () => {
  test('approve is charged when granted', () => {
    for (const name of LEAVE) {
      expect(said([leave(60n, GAME, name)]), name).toEqual(['60', '0'])
      expect(said([leave(101n, GAME, name)]), name).toEqual(['spendCap'])
      expect(said([leave(0n, STRANGER, name)]), name).toBe('free')
      expect(said([leave(60n, STRANGER, name)]), name).toEqual(['spender'])
      expect(said([leave(60n, GAME, name)], { limit: { approvals: 'forbid' } }), name).toEqual(['approvalForbidden'])
      expect(said([leave(60n, GAME, name)], { limit: { perCall: u256(59n) } }), name).toEqual(['perCall'])
    }
    for (const name of TAKE) expect(said([leave(60n, STRANGER, name)]), name).toBe('free')
    // Several of one transaction, and with what is sent.
    expect(said([leave(60n), leave(41n, GAME, 'increase_allowance')])).toEqual(['spendCap'])
    expect(said([leave(60n), transfer(STRK, FRIEND, 41n)])).toEqual(['spendCap'])
    expect(said([leave(60n), transfer(STRK, FRIEND, 40n)], { out: 40n })).toEqual(['100', '0'])
    // What nobody holds is everything there is and will be.
    const wide = { caps: [{ window: { kind: 'session' } as const, max: u256(2n ** 255n) }] }
    expect(said([leave(2n ** 127n)], { limit: wide })).toEqual(['approvalForbidden'])
    expect(said([leave(2n ** 127n - 1n)], { limit: wide })).toEqual([`${2n ** 127n - 1n}`, '0'])
  })

  test('reset tail missing, moved, for another spender', () => {
    const limit = { approvals: 'resetAfter' as const, spenders: [GAME, FRIEND] }
    const back = leave(0n)
    expect(said([leave(60n), swap, back], { limit, out: 50n })).toEqual(['60', '60'])
    for (const tail of [
      [],
      [leave(0n, FRIEND)],
      [leave(1n)],
      [leave(60n, GAME, 'decrease_allowance')],
      [call(STRK, moneySelector('approve'), [GAME, ...limbs(0n), ...limbs(0n)])],
    ]) {
      expect(said([leave(60n), swap, ...tail], { limit }), JSON.stringify(tail)).toContain('approvalForbidden')
    }
    expect(said([back, leave(60n), swap], { limit })).toEqual(['approvalForbidden'])
    // To take something off is no leave.
    expect(said([leave(60n), swap, back, leave(1n, GAME, 'decreaseAllowance')], { limit })).toEqual(['60', '60'])
    expect(said([leave(60n), back, swap, leave(1n, GAME, 'increaseAllowance')], { limit })).toEqual([
      'approvalForbidden',
      'approvalForbidden',
    ])
    expect(said([leave(60n), leave(1n, FRIEND), back], { limit })).toEqual(['approvalForbidden'])
    expect(said([leave(60n), leave(1n, FRIEND), leave(0n, FRIEND), back], { limit })).toEqual(['61', '61'])
  })

  test('the wallet sets back what the site leaves, once per spender, and asks no rule for it', () => {
    const policy = policyOf({ approvals: 'resetAfter', spenders: [GAME, FRIEND] })
    const calls = [leave(60n), leave(3n, GAME, 'increase_allowance'), leave(1n, FRIEND), swap]
    const signed = withResets(policy, calls)
    expect(signed).toEqual({ calls: [...calls, leave(0n), leave(0n, FRIEND)], resets: 2 })
    expect(withResets(policy, [leave(60n), swap, leave(0n)])).toEqual({ calls: [leave(60n), swap, leave(0n)] })
    expect(withResets(policy, [leave(0n), swap])).toEqual({ calls: [leave(0n), swap] })
    expect(withResets(policyOf({}), calls)).toEqual({ calls })
    // Neither the rule's switch, nor its caps, nor the number of calls a transaction may have.
    const verdict = evaluate(
      sampleSession({ ...policy, usage: { ...policy.usage, maxCallsPerTx: 4 } }),
      sampleBook(),
      [],
      sampleTx(calls, signed),
      sampleFacts(NOW, { simulation: ran(50n) }),
      NOW,
    )
    expect(verdict).toMatchObject({ kind: 'auto', matched: ['r1', 'r1', 'r1', 'r0'] })
    expect(verdict.kind === 'auto' && verdict.charges.find(({ meter }) => meter === 'calls')?.amount).toBe('4')
  })

  test('refuses: a call at the end that is no reset is not taken for one', () => {
    const limit = { approvals: 'resetAfter' as const }
    expect(said([leave(60n), swap, leave(0n)], { limit, resets: 1 })).toEqual(['60', '60'])
    expect(said([swap, swap], { limit, resets: 1 })).toEqual(['noRule'])
    expect(said([swap, leave(5n)], { limit, resets: 1 })).toEqual(['noRule', 'approvalForbidden'])
    expect(said([swap, leave(0n)], { limit: { approvals: 'count' }, resets: 1 })).toEqual(['noRule'])
  })

  test('what was charged when it was granted is not charged again when it is pulled', () => {
    const book = { credit: [credit(60n)] }
    const allowances = [may(60n)]
    expect(said([swap], { out: 60n, book, facts: { allowances } })).toBe('free')
    expect(said([swap], { out: 61n, book, facts: { allowances } })).toEqual(['1', '1'])
    expect(said([swap], { out: 161n, book, facts: { allowances } })).toEqual(['spendCap'])
    // Only as much as is still there, and only of those who have a credit.
    expect(said([swap], { out: 60n, book, facts: { allowances: [may(20n)] } })).toEqual(['40', '40'])
    expect(said([swap], { out: 60n, book, facts: { allowances: [may(90n, STRANGER)] } })).toEqual(['60', '60'])
    expect(said([swap], { out: 60n, book })).toEqual(['60', '60'])
    // A pull in the transaction that grants is part of what is granted.
    expect(said([leave(60n), swap], { out: 60n })).toEqual(['60', '0'])
    expect(said([leave(60n), swap], { out: 70n })).toEqual(['70', '10'])
  })

  test('with a credit open it looks by simulation', () => {
    const setting = { limit: { approvals: 'forbid' as const }, book: { credit: [credit(1n)] } }
    expect(said([swap], { ...setting, facts: { simulation: 'none' } })).toEqual(['simulationFailed'])
  })
})

describe('credits in the book', () => {
  const session = (limit: Partial<TokenLimit> = {}) => sampleSession(policyOf(limit))
  const accepted = (out: bigint, allowances: readonly Allowance[] = []): Outcome => ({
    end: 'accepted',
    at: NOW,
    fee: { token: STRK, paid: u256(0n) },
    out: out === 0n ? {} : { [STRK]: u256(out) },
    allowances,
    items: {},
  })
  const holdOf = (calls: readonly Call[], amount: bigint, refundable = 0n, changes: Partial<Hold> = {}) =>
    sampleHold({
      calls: [...calls],
      charges: amount === 0n ? [] : [{ meter: SPEND, amount: u256(amount), refundable: u256(refundable) }],
      ...changes,
    })
  const settled = (
    hold: Hold,
    outcome: Outcome,
    before: MeterBook['credit'] = [],
    { limit = {}, open = [] }: { readonly limit?: Partial<TokenLimit>; readonly open?: readonly Hold[] } = {},
  ) => {
    const { book, over } = settle(
      { ...sampleBook(), credit: before },
      hold,
      [hold, ...open],
      outcome,
      session(limit),
      NOW,
    )
    const spent = Number(used(book, [], SPEND, { kind: 'session' }, NOW))
    return { spent, credit: book.credit.map(({ spender, amount }) => [spender, Number(amount)]), over: over.length }
  }

  test('approve and its pull are charged once', () => {
    const both = holdOf([leave(60n), swap], 60n)
    expect(settled(both, accepted(60n, [may(0n)]))).toEqual({ spent: 60, credit: [], over: 0 })
    expect(settled(both, accepted(25n, [may(35n)]))).toEqual({ spent: 60, credit: [[GAME, 35]], over: 0 })
    // First granted, later pulled.
    expect(settled(holdOf([leave(60n)], 60n), accepted(0n))).toEqual({ spent: 60, credit: [[GAME, 60]], over: 0 })
    expect(settled(holdOf([swap], 0n), accepted(25n, [may(35n)]), [credit(60n)])).toEqual({
      spent: 0,
      credit: [[GAME, 35]],
      over: 0,
    })
  })

  test('increase adds, approve replaces, what is taken off is gone', () => {
    const then = (calls: readonly Call[], amount: bigint) =>
      settled(holdOf(calls, amount), accepted(0n), [credit(10n)]).credit
    expect(then([leave(5n, GAME, 'increase_allowance')], 5n)).toEqual([[GAME, 15]])
    expect(then([leave(5n, GAME, 'increaseAllowance')], 5n)).toEqual([[GAME, 15]])
    expect(then([leave(5n)], 5n)).toEqual([[GAME, 5]])
    expect(then([leave(0n)], 0n)).toEqual([])
    expect(then([leave(4n, GAME, 'decrease_allowance')], 0n)).toEqual([[GAME, 6]])
    expect(then([leave(40n, GAME, 'decreaseAllowance')], 0n)).toEqual([])
    expect(then([leave(7n, FRIEND)], 7n)).toEqual([
      [GAME, 10],
      [FRIEND, 7],
    ])
    // Reverted, nothing of it is so.
    const reverted: Outcome = { end: 'reverted', at: NOW, fee: { token: STRK, paid: u256(1n) } }
    expect(settled(holdOf([leave(5n)], 5n), reverted, [credit(10n)]).credit).toEqual([[GAME, 10]])
  })

  test("refuses: another contract's old allowance is not paid by a credit that is still there", () => {
    // 60 left, and the credit of 60 was not touched: it was somebody else.
    expect(settled(holdOf([swap], 0n), accepted(60n, [may(60n)]), [credit(60n)])).toEqual({
      spent: 60,
      credit: [[GAME, 60]],
      over: 1,
    })
    expect(settled(holdOf([leave(60n), swap], 60n), accepted(60n, [may(60n)]))).toEqual({
      spent: 120,
      credit: [[GAME, 60]],
      over: 1,
    })
    // Nothing is known of the allowance: nothing is excused.
    expect(settled(holdOf([swap], 60n, 60n), accepted(60n), [credit(60n)]).spent).toBe(60)
  })

  test('a credit overwritten by the next approve was paid, and is worth no more than what was', () => {
    // 50 pulled before the allowance was set to 70 again.
    expect(settled(holdOf([swap, leave(70n)], 70n), accepted(50n, [may(70n)]), [credit(50n)])).toEqual({
      spent: 70,
      credit: [[GAME, 70]],
      over: 0,
    })
  })

  test('what somebody pulls outside uses the credit up, unless another of our transactions may have', () => {
    const one = holdOf([swap], 0n, 0n, { id: 'a', group: 'a' })
    const two = holdOf([swap], 0n, 0n, { id: 'b', group: 'b' })
    // Both are in the block when the first is settled: 40 of 100 are gone, 20 of them are the second's.
    expect(settled(one, accepted(20n, [may(60n)]), [credit(100n)], { open: [two] }).credit).toEqual([[GAME, 80]])
    expect(settled(two, accepted(20n, [may(60n)]), [credit(80n)])).toEqual({ spent: 0, credit: [[GAME, 60]], over: 0 })
    expect(settled(one, accepted(20n, [may(30n)]), [credit(100n)]).credit).toEqual([[GAME, 30]])
    expect(settled(one, accepted(0n, [may(30n)]), [credit(100n)]).credit).toEqual([[GAME, 30]])
  })

  test('a spender who is set back leaves no credit, and what he did not take comes back', () => {
    const limit = { approvals: 'resetAfter' as const }
    const hold = holdOf([leave(60n), swap, leave(0n)], 60n, 60n)
    expect(settled(hold, accepted(25n), [], { limit })).toEqual({ spent: 25, credit: [], over: 0 })
    expect(settled(hold, accepted(75n), [], { limit })).toEqual({ spent: 75, credit: [], over: 1 })
  })

  test('refuses: an allowance that was not charged gives no credit', () => {
    const free = holdOf([leave(60n)], 0n)
    expect(settled(free, accepted(0n)).credit).toEqual([])
    expect(settled(free, accepted(60n, [may(0n)])).spent).toBe(60)
  })

  test('allowances are read only where more leaves than the calls send', () => {
    const read = (hold: Hold, out: bigint, before: MeterBook['credit'] = []) =>
      allowancesToRead({ ...sampleBook(), credit: before }, hold, { [STRK]: u256(out) }, session()).map(
        ({ spender }) => spender,
      )
    const sends = holdOf([transfer(STRK, FRIEND, 10n)], 10n)
    expect(read(sends, 10n, [credit(5n)])).toEqual([])
    expect(read(sends, 11n, [credit(5n)])).toEqual([GAME])
    expect(read(sends, 11n)).toEqual([])
    expect(read(holdOf([leave(60n), leave(1n, FRIEND)], 61n), 1n)).toEqual([GAME, FRIEND])
  })
})

describe('a transaction that a session has lost', () => {
  test('is charged as the site asked it: what the wallet had set back itself is no call of its own', () => {
    const policy = policyOf({ approvals: 'resetAfter' })
    const session = sampleSession({ ...policy, usage: { ...policy.usage, maxCallsPerTx: 2 } })
    const { calls } = withResets(session.granted, [leave(40n), swap])
    expect(calls).toHaveLength(3)
    const { origin: _, unsupported: __, ...tx } = sampleTx(calls)
    const charges = lostCharges(session, tx, NOW)?.charges
    expect(charges?.find(({ meter }) => meter === SPEND)?.amount).toBe(u256(40n))
    // Not what no policy of it allows.
    expect(lostCharges(session, { ...tx, calls: [...calls, swap] }, NOW)).toBeUndefined()
  })
})
