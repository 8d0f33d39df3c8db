import { describe, expect, test } from 'vitest'
import { sha256 } from '../../starknet/digest.ts'
import type { SessionPolicy } from './policy.ts'
import { canonicalText } from './preimage.ts'
import { samplePolicy } from './samples.ts'

describe('canonicalText', () => {
  test('is the prefix, one zero byte and canonical JSON', () => {
    const text = canonicalText(samplePolicy({ calls: [] }))
    expect(
      text.startsWith('latchkey.policy.1\0{"calls":[],"deny":[],"fees":{"payer":"account","tokens":[{"caps":[{'),
    ).toBe(true)
    expect(text).not.toContain(' ')
    expect(JSON.parse(text.slice(18))).toEqual(samplePolicy({ calls: [] }))
  })

  test('one policy, one hash, whatever the order of its keys', () => {
    const policy = samplePolicy()
    const turned = Object.fromEntries(Object.entries(policy).reverse()) as unknown as SessionPolicy
    expect(canonicalText(turned)).toBe(canonicalText(policy))
    expect(sha256(canonicalText(policy))).toMatch(/^0x[0-9a-f]{64}$/)
  })

  test('property: one changed leaf is another text', () => {
    const policy = samplePolicy()
    const seen = new Set([canonicalText(policy)])
    let leaves = 0
    for (const changed of oneLeafChanged(policy)) {
      leaves += 1
      seen.add(canonicalText(changed as SessionPolicy))
    }
    expect(leaves).toBe(50)
    expect(seen.size).toBe(leaves + 1)
  })
})

function* oneLeafChanged(value: unknown): Generator<unknown> {
  if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      for (const changed of oneLeafChanged(member)) {
        yield Array.isArray(value) ? value.with(Number(key), changed) : { ...value, [key]: changed }
      }
    }
    return
  }
  yield typeof value === 'number' ? value + 1 : typeof value === 'boolean' ? !value : `${String(value)}1`
}
