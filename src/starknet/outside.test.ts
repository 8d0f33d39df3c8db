import fc from 'fast-check'
import { hash, typedData } from 'starknet'
import { describe, expect, test } from 'vitest'
import { address, type Felt, felt, P, parseSelector, type Selector } from '../core/felt.ts'
import type { Call } from '../core/policy/policy.ts'
import { ANY_CALLER, isNonceFreeCall, type OutsideOf, outsideHash, outsideTypedData } from './outside.ts'
import { selectorOf } from './selector.ts'
import vectors from './vectors/session-token.json' with { type: 'json' }

const STRK = address('0x04718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d')
const ETH = address('0x049d36570d4e46f48e99674bd3fcc84644ddd6b96f7c741b1562b82f9e004dc7')
const transfer = (token: typeof STRK, amount: number): Call => ({
  to: token,
  selector: selectorOf('transfer'),
  calldata: [felt('0xabc'), felt(amount), felt(0)],
})
const sample: OutsideOf = {
  version: 2,
  chainId: felt('0x534e5f5345504f4c4941'),
  account: address(vectors.addr_owner_guardian),
  caller: ANY_CALLER,
  nonce: felt('0x2a'),
  executeAfter: 1,
  executeBefore: 1_893_456_000,
  calls: [transfer(STRK, 0x64), transfer(ETH, 1)],
}
/** A u128 in hex is what starknet.js hashes as a number. */
const theirs = (it: OutsideOf) =>
  felt(typedData.getMessageHash(outsideTypedData(it) as Parameters<typeof typedData.getMessageHash>[0], it.account))

describe('outsideHash', () => {
  test('is the hash that the contract itself names (argent-sessions.md 17)', () => {
    expect(outsideHash(sample)).toBe('0x39c4bdce3e84faa8fa1990b14b4d1e3bff96bf0f3466a5cf14b8f803abdcfba')
  })

  test('differential: equals starknet.js, of both versions', () => {
    const anyFelt = fc.bigInt({ min: 0n, max: P - 1n }).map((value) => felt(value))
    const anyAddress = fc.bigInt({ min: 1n, max: 2n ** 251n - 257n }).map((value) => address(value))
    const anySelector = fc.bigInt({ min: 1n, max: 2n ** 250n - 1n }).map((v) => parseSelector(felt(v)) as Selector)
    const anyTime = fc.integer({ min: 0, max: 2 ** 40 })
    const any: fc.Arbitrary<OutsideOf> = fc.record({
      version: fc.constantFrom(1, 2),
      chainId: fc.constantFrom(felt('0x534e5f5345504f4c4941'), felt('0x534e5f4d41494e')),
      account: anyAddress,
      caller: fc.oneof(fc.constant<Felt>(ANY_CALLER), anyAddress),
      nonce: anyFelt,
      executeAfter: anyTime,
      executeBefore: anyTime,
      calls: fc.array(
        fc.record({ to: anyAddress, selector: anySelector, calldata: fc.array(anyFelt, { maxLength: 4 }) }),
        { maxLength: 3 },
      ),
    })
    fc.assert(
      fc.property(any, (it) => outsideHash(it) === theirs(it)),
      { numRuns: 60 },
    )
  })

  test('every part of it is in the hash', () => {
    const changed: OutsideOf[] = [
      { ...sample, version: 1 },
      { ...sample, chainId: felt('0x534e5f4d41494e') },
      { ...sample, account: address('0x1') },
      { ...sample, caller: felt(5) },
      { ...sample, nonce: felt('0x2b') },
      { ...sample, executeAfter: 2 },
      { ...sample, executeBefore: 1_893_456_001 },
      { ...sample, calls: [transfer(STRK, 0x64)] },
      { ...sample, calls: [transfer(ETH, 1), transfer(STRK, 0x64)] },
    ]
    const hashes = [sample, ...changed].map(outsideHash)
    expect(new Set(hashes).size).toBe(hashes.length)
  })

  test('refuses: a time that is no whole number of seconds', () => {
    for (const executeBefore of [1.5, -1, Number.NaN, 2 ** 60])
      expect(() => outsideHash({ ...sample, executeBefore })).toThrow(RangeError)
  })
})

test('whether a nonce is free is asked of the account, in its own name for it', () => {
  expect(isNonceFreeCall(sample.account, felt('0x2a'))).toEqual({
    to: sample.account,
    selector: hash.getSelectorFromName('is_valid_outside_execution_nonce'),
    calldata: ['0x2a'],
  })
})
