import { describe, expect, test } from 'vitest'
import { u256 } from '../felt.ts'
import type { MeterId, Reason, ReasonCode, RuleId } from './policy.ts'
import { byWeight, errorOf, reasonInfo } from './refusal.ts'

const about = { sessionId: '0a', status: 'active' as const }
const of = (...reasons: Reason[]) => errorOf(reasons, about)

describe('errorOf', () => {
  const rows: [ReasonCode, number, string | undefined][] = [
    ['wrongOrigin', 211, undefined],
    ['malformed', 114, undefined],
    ['emptyCalls', 114, undefined],
    ['wrongChain', 114, undefined],
    ['wrongAccount', 114, undefined],
    ['reservedMessage', 114, undefined],
    ['selfCall', 215, undefined],
    ['locked', 216, undefined],
    ['revoked', 212, undefined],
    ['paused', 212, undefined],
    ['notActive', 212, undefined],
    ['notStarted', 212, undefined],
    ['expired', 212, undefined],
    ['clock', 212, undefined],
    ['codeChanged', 212, undefined],
    ['nestedExecution', 213, undefined],
    ['adminEntrypoint', 213, undefined],
    ['unsupportedField', 213, undefined],
    ['denied', 213, undefined],
    ['noRule', 213, undefined],
    ['ruleDisabled', 213, undefined],
    ['argRule', 213, undefined],
    ['tokenNotListed', 213, undefined],
    ['moneyMalformed', 213, undefined],
    ['approvalForbidden', 213, undefined],
    ['approveAllForbidden', 213, undefined],
    ['recipient', 213, undefined],
    ['spender', 213, undefined],
    ['tokenId', 213, undefined],
    ['foreignTransferFrom', 213, undefined],
    ['undeclaredOutflow', 213, undefined],
    ['messageScope', 213, undefined],
    ['messageField', 213, undefined],
    ['sumCap', 214, 'spend'],
    ['perCall', 214, 'spend'],
    ['perTx', 214, 'spend'],
    ['spendCap', 214, 'spend'],
    ['streamCap', 214, 'spend'],
    ['feeToken', 214, 'fees'],
    ['feeCap', 214, 'fees'],
    ['feePerTx', 214, 'fees'],
    ['tip', 214, 'fees'],
    ['paymasterRequired', 214, 'fees'],
    ['paymasterNotAllowed', 214, 'fees'],
    ['ruleCap', 214, 'usage'],
    ['txCount', 214, 'usage'],
    ['callCount', 214, 'usage'],
    ['callsPerTx', 214, 'usage'],
    ['inFlight', 214, 'usage'],
    ['messageCount', 214, 'usage'],
    ['gap', 214, 'rate'],
    ['simulationFailed', 217, undefined],
  ]
  test.each(rows)('%s is answered with %d', (code, number, limit) => {
    const error = of({ code })
    expect(error.code).toBe(number)
    expect((error.data as { limit?: string }).limit).toBe(limit)
  })

  test('the first row that applies names the error, and all reasons are told, worst first', () => {
    const error = of(
      { code: 'gap', retryAt: 9 },
      { code: 'spendCap', meter: 'spend:0x1' as MeterId, left: u256(3n), wanted: u256(5n) },
      { code: 'noRule', call: 2 },
      { code: 'noRule', call: 1 },
    )
    expect(error).toEqual({
      code: 213,
      message: 'An error occurred (SESSION_RULE_MISMATCH)',
      data: {
        session_id: '0a',
        call: 1,
        reasons: [
          { code: 'noRule', call: 1 },
          { code: 'noRule', call: 2 },
          { code: 'spendCap', meter: 'spend:0x1', left: '3', wanted: '5' },
          { code: 'gap', retry_at: 9 },
        ],
      },
    })
  })

  test('a limit tells what is left, wanted and when it opens; a rolling count is a rate', () => {
    const cap = (kind: 'session' | 'rolling') => ({
      window: kind === 'session' ? { kind } : { kind, seconds: 60 },
      max: u256(10n),
    })
    const reason = { code: 'txCount', meter: 'tx' as MeterId, left: u256(0n), wanted: u256(1n) } as const
    expect(of({ ...reason, retryAt: 99, cap: cap('rolling') }).data).toMatchObject({
      limit: 'rate',
      left: '0',
      wanted: '1',
      retry_at: 99,
    })
    expect(of({ ...reason, cap: cap('session') }).data).toMatchObject({ limit: 'usage' })
  })

  test('212 tells the status; in the last minute it is over', () => {
    expect(errorOf([{ code: 'notStarted', retryAt: 7 }], { status: 'scheduled' }).data).toEqual({
      status: 'scheduled',
      retry_at: 7,
      reasons: [{ code: 'notStarted', retry_at: 7 }],
    })
    expect(of({ code: 'expired' }).data).toMatchObject({ status: 'expired' })
  })

  test('nothing of our own is in what a site reads', () => {
    const all: Reason = {
      code: 'ruleCap',
      call: 1,
      rule: 'r0' as RuleId,
      meter: 'rule:r0' as MeterId,
      left: u256(0n),
      wanted: u256(1n),
      retryAt: 5,
      at: '/x',
      cap: { window: { kind: 'session' }, max: u256(1n) },
    }
    expect(reasonInfo(all)).toEqual({
      code: 'ruleCap',
      call: 1,
      rule: 'r0',
      meter: 'rule:r0',
      left: '0',
      wanted: '1',
      retry_at: 5,
      at: '/x',
    })
    expect(byWeight([{ code: 'gap' }, { code: 'locked' }]).map(({ code }) => code)).toEqual(['locked', 'gap'])
    expect(() => errorOf([], about)).toThrow()
  })
})
