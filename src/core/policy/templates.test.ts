import { describe, expect, test } from 'vitest'
import { selectorOf } from '../../starknet/selector.ts'
import { STRK } from '../account.ts'
import { DAY } from '../time.ts'
import { evaluate } from './evaluate.ts'
import type { SessionPolicy } from './policy.ts'
import { type ResolveFacts, resolve } from './resolve.ts'
import {
  BUY,
  call,
  FRIEND,
  GAME,
  limbs,
  moneySelector,
  NOW,
  STRANGER,
  sampleBook,
  sampleFacts,
  sampleResolve,
  sampleSession,
  sampleTx,
  strk,
  transfer,
} from './samples.ts'
import { game, subscription, tip, trade } from './templates.ts'
import { parseRequest } from './wire.ts'
import type { RequestSessionParams } from './wire-shape.ts'

const reason = 'So that you need no window for each'
const one = BigInt(strk(1))

const sample = sampleResolve()
const arena = sample.classes[GAME]!
/** Its `buy` takes the token that is paid with. */
const chain: ResolveFacts = {
  ...sample,
  classes: {
    ...sample.classes,
    [GAME]: {
      ...arena,
      entrypoints: [
        ...arena.entrypoints,
        { name: 'buy', selector: BUY, kind: 'external', params: [{ name: 'token', shape: { t: 'address' } }] },
      ],
    },
  },
}

function granted(request: RequestSessionParams): SessionPolicy {
  const parsed = parseRequest(JSON.parse(JSON.stringify(request)), { now: NOW, selectorOf })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error))
  const done = resolve(parsed.asked, chain, NOW)
  if (!done.ok) throw new Error(JSON.stringify(done.error))
  return done.policy
}
const codes = (policy: SessionPolicy, ...calls: Parameters<typeof sampleTx>[0]) => {
  const facts = sampleFacts(NOW, { simulation: { ok: true, at: NOW, out: {}, items: {}, odd: [] } })
  const verdict = evaluate(sampleSession(policy), sampleBook(), [], sampleTx(calls), facts, NOW)
  return verdict.kind === 'auto' ? [] : verdict.reasons.map(({ code }) => code)
}

describe('a template is a request that fits its kind, and nothing beside it', () => {
  test('game: what is played is needed, and money has a total and a size', () => {
    const ask = { reason, plays: [{ contract: GAME, actions: ['move'] }] }
    expect(granted(game(ask)).calls.map(({ required }) => required)).toEqual([true])
    const policy = granted(
      game({
        ...ask,
        more: [{ contract: GAME, actions: ['rename'] }],
        spends: { token: STRK, total: strk(5), each: strk(2) },
      }),
    )
    expect(policy.calls.map(({ required }) => required)).toEqual([true, false, false])
    expect(policy.validUntil - NOW).toBe(3_600)
    expect(codes(policy, call(GAME, selectorOf('move')), transfer(STRK, STRANGER, 2n * one))).toEqual([])
    expect(codes(policy, transfer(STRK, STRANGER, 2n * one + 1n))).toEqual(['perCall'])
    expect(codes(policy, call(GAME, selectorOf('reset')))).toEqual(['noRule'])
  })

  test('tip: so much each, so much a day', () => {
    const policy = granted(tip({ reason, token: STRK, each: strk(1), daily: strk(3), recipients: [FRIEND] }))
    const tips = (n: number) => Array.from({ length: n }, () => transfer(STRK, FRIEND, one))
    expect(policy.validUntil - NOW).toBe(7 * DAY)
    expect(codes(policy, ...tips(3))).toEqual([])
    expect(codes(policy, ...tips(4))).toEqual(['spendCap'])
    expect(codes(policy, transfer(STRK, STRANGER, one))).toEqual(['recipient'])
  })

  test('trade: the market alone, and what is left of an approval is set back', () => {
    const it = { market: GAME, swap: 'buy', parameter: 'token', token: STRK, total: strk(9), each: strk(2) }
    const policy = granted(trade({ reason, ...it }))
    const approve = (whom: string, amount: bigint) =>
      call(STRK, moneySelector('approve'), [whom as never, ...limbs(amount)])
    expect(policy.spend.limits).toMatchObject([{ approvals: 'resetAfter', spenders: [GAME] }])
    expect(codes(policy, approve(GAME, one), approve(GAME, 0n))).toEqual([])
    expect(codes(policy, approve(GAME, one))).toEqual(['approvalForbidden'])
    expect(codes(policy, approve(STRANGER, one), approve(STRANGER, 0n))).toEqual(['spender'])
    expect(codes(policy, approve(GAME, 3n * one), approve(GAME, 0n))).toEqual(['perTx'])
  })

  test('subscription: one payee, one price a period', () => {
    const policy = granted(subscription({ reason, token: STRK, payee: FRIEND, price: strk(5), period: 7 * DAY }))
    expect(policy.spend.limits).toMatchObject([
      { caps: [{ window: { kind: 'fixed', seconds: 7 * DAY, anchor: NOW }, max: strk(5) }] },
    ])
    expect(codes(policy, transfer(STRK, FRIEND, 5n * one))).toEqual([])
    expect(codes(policy, transfer(STRK, FRIEND, 5n * one + 1n))).toEqual(['spendCap'])
    expect(codes(policy, transfer(STRK, STRANGER, one))).toEqual(['recipient'])
  })
})
