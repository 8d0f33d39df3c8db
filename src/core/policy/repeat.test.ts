import { describe, expect, test } from 'vitest'
import { selectorOf } from '../../starknet/selector.ts'
import { STRK } from '../account.ts'
import { felt, u256 } from '../felt.ts'
import { evaluate } from './evaluate.ts'
import type { Call, SessionPolicy } from './policy.ts'
import { repeatRequest } from './repeat.ts'
import { resolve } from './resolve.ts'
import {
  call,
  FRIEND,
  GAME,
  MOVE,
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
import { parseRequest } from './wire.ts'

const FEE = 10n ** 16n
const pay = transfer(STRK, FRIEND, 3n * 10n ** 18n)
const moves = [{ token: STRK, out: strk(3) }]
function repeated(
  calls: readonly Call[],
  out: readonly { token: typeof STRK; out: ReturnType<typeof strk> }[] = moves,
) {
  const request = repeatRequest({ calls, moves: out, fee: FEE })
  if (request === undefined) return undefined
  const parsed = parseRequest(request, { now: NOW, selectorOf })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error))
  const done = resolve(parsed.asked, sampleResolve(), NOW)
  if (!done.ok) throw new Error(JSON.stringify(done.error))
  return done.policy
}
const decide = (policy: SessionPolicy, calls: readonly Call[]) =>
  evaluate(
    sampleSession(policy),
    sampleBook(),
    [],
    sampleTx(calls, { fee: { token: STRK, max: FEE, tipPerGas: 0n } }),
    sampleFacts(),
    NOW,
  )

describe('a session that repeats what was asked once', () => {
  const policy = repeated([call(GAME, MOVE, [felt(7)]), pay]) as SessionPolicy
  test('fits the same calls again, ten times in an hour', () => {
    expect(decide(policy, [call(GAME, MOVE, [felt(7)]), pay])).toMatchObject({ kind: 'auto' })
    expect(policy.usage.tx).toContainEqual({ window: { kind: 'session' }, max: 10 })
    expect(policy.validUntil - policy.validAfter).toBe(3_600)
    expect(policy.spend.limits).toMatchObject([
      { perCall: strk(3), perTx: strk(3), caps: [{ max: strk(30) }], recipients: [FRIEND] },
    ])
    expect(policy.fees.tokens).toMatchObject([{ caps: [{ max: u256(FEE * 10n) }] }])
  })
  test.each([
    ['more than was seen', [transfer(STRK, FRIEND, 3n * 10n ** 18n + 1n)], 'perCall'],
    ['somebody else', [transfer(STRK, STRANGER, 1n)], 'recipient'],
    ['another action', [call(GAME, selectorOf('other'))], 'noRule'],
    ['more at once', [pay, call(GAME, MOVE), call(GAME, MOVE)], 'callsPerTx'],
  ])('does not fit %s', (_name, calls, code) => {
    const verdict = decide(policy, calls)
    expect(verdict.kind).toBe('ask')
    expect(verdict.kind === 'ask' && verdict.reasons.map((reason) => reason.code)).toContain(code)
  })
  test('that moves nothing may spend nothing', () => {
    expect(repeated([call(GAME, MOVE)], [])?.spend.limits).toEqual([])
  })
  test.each([
    'approve',
    'increase_allowance',
    'set_approval_for_all',
    'safe_transfer_from',
    'upgrade',
    'permit',
    '__execute__',
  ])('is not offered for %s', (name) => {
    expect(repeated([call(GAME, MOVE), call(STRK, selectorOf(name), [felt(1)])])).toBeUndefined()
  })
  test('is not offered where ten times is more than there can be', () => {
    expect(repeated([pay], [{ token: STRK, out: u256(2n ** 256n - 1n) }])).toBeUndefined()
    expect(repeated([])).toBeUndefined()
  })
})
