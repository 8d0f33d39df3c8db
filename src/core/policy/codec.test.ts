import { describe, expect, test } from 'vitest'
import { padded, u256 } from '../felt.ts'
import { readPolicy } from './codec.ts'
import type { CallRule, SessionPolicy, TokenLimit } from './policy.ts'
import { GAME, samplePolicy, strk } from './samples.ts'

const base = samplePolicy()

describe('readPolicy', () => {
  test('a stored policy is read as it was written', () => {
    expect(readPolicy(JSON.parse(JSON.stringify(base)))).toEqual(base)
    const [limit] = base.spend.limits as [TokenLimit]
    const full = samplePolicy({
      calls: base.calls.map((rule) => ({
        ...rule,
        adminAck: true,
        notAToken: true,
        codePin: { ...(rule.codePin as NonNullable<CallRule['codePin']>), impl: '0x5' as never },
      })),
      spend: { look: 'simulate', limits: [{ ...limit, perTx: strk(9), recipients: [GAME] }] },
      fees: { ...base.fees, maxTipPerGas: u256(5n) },
    })
    expect(readPolicy(full)).toEqual(full)
  })

  test('property: one leaf of another kind is no policy', () => {
    let leaves = 0
    for (const changed of oneLeafChanged(base)) {
      leaves += 1
      expect(readPolicy(changed), JSON.stringify(changed)).toBeUndefined()
    }
    expect(leaves).toBe(50)
  })

  test('refuses: other spellings, unknown members, members that are not decided yet', () => {
    const rule = (changes: object) => ({ ...base, calls: [{ ...base.calls[0], ...changes }] })
    const others: unknown[] = [
      undefined,
      { ...base, more: 1 },
      { ...base, v: 2 },
      rule({ contract: padded(GAME) }),
      rule({ contract: '*' }),
      rule({ entrypoints: '*' }),
      rule({ args: { all: [] } }),
      rule({ sums: [{}] }),
      rule({ wide: true }),
      rule({ sponsoredOnly: true }),
      rule({ enabled: undefined }),
      { ...base, deny: [{}] },
      { ...base, messages: [{}] },
      { ...base, fees: { ...base.fees, payer: 'either' } },
      { ...base, spend: { ...base.spend, limits: [{ ...base.spend.limits[0], approvals: 'count' }] } },
      {
        ...base,
        spend: {
          ...base.spend,
          limits: [{ ...base.spend.limits[0], caps: [{ window: { kind: 'session' }, max: '0x1' }] }],
        },
      },
      { ...base, usage: { ...base.usage, tx: [{ window: { kind: 'calendar', unit: 'day' }, max: 1 }] } },
    ]
    for (const other of others) expect(readPolicy(other), JSON.stringify(other)).toBeUndefined()
    expect(readPolicy({ ...base, fees: { ...base.fees, tokens: [] } } satisfies SessionPolicy)).toBeDefined()
  })
})

/** Each leaf once as a value that no member has. */
function* oneLeafChanged(value: unknown): Generator<unknown> {
  if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      for (const changed of oneLeafChanged(member)) {
        yield Array.isArray(value) ? value.with(Number(key), changed) : { ...value, [key]: changed }
      }
    }
    return
  }
  yield null
}
