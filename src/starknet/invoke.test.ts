import fc from 'fast-check'
import { ETransactionVersion3, hash, transaction } from 'starknet'
import { describe, expect, test } from 'vitest'
import { address, type Felt, felt, MAX_U128, P, parseSelector, type Selector } from '../core/felt.ts'
import type { Call } from '../core/policy/policy.ts'
import {
  type Bounds,
  committedMaximum,
  executeCalldata,
  type Invoke,
  invokeBody,
  invokeHash,
  NO_DATA,
  readExecuteCalldata,
} from './invoke.ts'
import { poseidon } from './poseidon.ts'
import { selectorOf } from './selector.ts'
import vectors from './vectors/session-token.json' with { type: 'json' }

const U64 = 2n ** 64n - 1n
const STRK = address('0x04718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d')
const ETH = address('0x049d36570d4e46f48e99674bd3fcc84644ddd6b96f7c741b1562b82f9e004dc7')
const transferTo = (token: typeof STRK, amount: number): Call => ({
  to: token,
  selector: selectorOf('transfer'),
  calldata: [felt('0xabc'), felt(amount), felt(0)],
})
const V1: Invoke = {
  chainId: felt('0x534e5f5345504f4c4941'),
  sender: address(vectors.addr_owner_guardian),
  calls: [transferTo(STRK, 0x64), transferTo(ETH, 1)],
  nonce: felt(1),
  tip: 0n,
  bounds: {
    l1_gas: { maxAmount: 0n, maxPrice: 0x5af3107a4000n },
    l2_gas: { maxAmount: 0x1312d00n, maxPrice: 0x2540be400n },
    l1_data_gas: { maxAmount: 0x400n, maxPrice: 0x5af3107a4000n },
  },
}

const anyFelt = fc.bigInt({ min: 0n, max: P - 1n }).map((value) => felt(value))
const anyAddress = fc.bigInt({ min: 1n, max: 2n ** 251n - 257n }).map((value) => address(value))
const anySelector = fc.bigInt({ min: 0n, max: 2n ** 250n - 1n }).map((v) => parseSelector(felt(v)) as Selector)
const bound = fc.record({
  maxAmount: fc.bigInt({ min: 0n, max: U64 }),
  maxPrice: fc.bigInt({ min: 0n, max: MAX_U128 }),
})
// Few senders, prices and targets, so that kept prefixes are used and pushed out in the middle of the run.
const anyBounds: fc.Arbitrary<Bounds> = fc.oneof(
  fc.constant(V1.bounds),
  fc.record({ l1_gas: bound, l2_gas: bound, l1_data_gas: bound }),
)
const anyCall: fc.Arbitrary<Call> = fc.record({
  to: fc.oneof(fc.constantFrom(STRK, ETH), anyAddress),
  selector: fc.oneof(fc.constant(selectorOf('transfer')), anySelector),
  calldata: fc.array(anyFelt, { maxLength: 4 }),
})
const anyInvoke: fc.Arbitrary<Invoke> = fc.record({
  chainId: fc.constantFrom(felt('0x534e5f5345504f4c4941'), felt('0x534e5f4d41494e')),
  sender: fc.oneof(fc.constantFrom(STRK, ETH), anyAddress),
  calls: fc.array(anyCall, { maxLength: 3 }),
  nonce: fc.oneof(fc.nat(9).map(felt), anyFelt),
  tip: fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: U64 })),
  bounds: anyBounds,
})

function theirs({ chainId, sender, calls, nonce, tip, bounds }: Invoke): Felt {
  const theirBound = ({ maxAmount, maxPrice }: Bounds['l2_gas']) => ({
    max_amount: maxAmount,
    max_price_per_unit: maxPrice,
  })
  return felt(
    hash.calculateInvokeTransactionHash({
      senderAddress: sender,
      version: ETransactionVersion3.V3,
      compiledCalldata: executeCalldata(calls),
      chainId: chainId as '0x534e5f5345504f4c4941',
      nonce,
      accountDeploymentData: [],
      nonceDataAvailabilityMode: 0,
      feeDataAvailabilityMode: 0,
      resourceBounds: {
        l1_gas: theirBound(bounds.l1_gas),
        l2_gas: theirBound(bounds.l2_gas),
        l1_data_gas: theirBound(bounds.l1_data_gas),
      },
      tip,
      paymasterData: [],
    }),
  )
}

describe('invokeHash', () => {
  test('V1: the transaction that class 0.4.0 accepted', () => {
    expect(invokeHash(V1)).toBe(vectors.tx.txHash)
    expect(vectors.tx.txHash).toBe('0x51dbc5fd67c33286576652d1b611ba39cf7c1c16bdef5090b46857e85da3fd5')
  })

  test('differential: invokeHash equals starknet.js on 150 transactions, warm and cold', () => {
    fc.assert(
      fc.property(anyInvoke, (invoke) => {
        const expected = theirs(invoke)
        expect(invokeHash(invoke)).toBe(expected)
        expect(invokeHash(invoke)).toBe(expected)
      }),
      { numRuns: 150 },
    )
  })

  test('property: no input is forgotten by what is kept: one change, another hash', () => {
    const changes: readonly Partial<Invoke>[] = [
      { chainId: felt('0x534e5f4d41494e') },
      { sender: STRK },
      { nonce: felt(2) },
      { tip: 1n },
      ...(['l1_gas', 'l2_gas', 'l1_data_gas'] as const).flatMap((gas) => [
        { bounds: { ...V1.bounds, [gas]: { ...V1.bounds[gas], maxAmount: 7n } } },
        { bounds: { ...V1.bounds, [gas]: { ...V1.bounds[gas], maxPrice: 7n } } },
      ]),
      { calls: [transferTo(STRK, 0x65), transferTo(ETH, 1)] },
      { calls: [transferTo(ETH, 0x64), transferTo(ETH, 1)] },
      { calls: [transferTo(STRK, 0x64)] },
      { calls: [transferTo(STRK, 0x64), transferTo(ETH, 2)] },
      { calls: [] },
    ]
    invokeHash(V1)
    const hashes = changes.map((change) => invokeHash({ ...V1, ...change }))
    expect(new Set([invokeHash(V1), ...hashes]).size).toBe(changes.length + 1)
    for (const [at, change] of changes.entries()) expect(hashes[at]).toBe(theirs({ ...V1, ...change }))
  })

  test('the kept hash of no data is that of an empty list', () => {
    expect(NO_DATA).toBe(poseidon([]))
  })

  test('refuses: amounts, prices and tips that would spill into the neighbouring bits', () => {
    const l2 = (change: Partial<Bounds['l2_gas']>) => ({
      ...V1,
      bounds: { ...V1.bounds, l2_gas: { ...V1.bounds.l2_gas, ...change } },
    })
    for (const bad of [
      l2({ maxAmount: U64 + 1n }),
      l2({ maxAmount: -1n }),
      l2({ maxPrice: MAX_U128 + 1n }),
      l2({ maxPrice: -1n }),
      { ...V1, tip: U64 + 1n },
      { ...V1, tip: -1n },
    ]) {
      expect(() => invokeHash(bad)).toThrow(RangeError)
      expect(() => committedMaximum(bad.bounds, bad.tip)).toThrow(RangeError)
      expect(() => invokeBody({ ...bad, signature: [] })).toThrow(RangeError)
    }
  })
})

describe('executeCalldata', () => {
  test('V1', () => {
    expect(executeCalldata(V1.calls)).toEqual(vectors.tx.calldata)
  })

  test('differential: equals starknet.js', () => {
    fc.assert(
      fc.property(fc.array(anyCall, { maxLength: 4 }), (calls) => {
        const named = calls.map(({ to, calldata }) => ({ contractAddress: to, entrypoint: 'transfer', calldata }))
        const ours = calls.map((call) => ({ ...call, selector: selectorOf('transfer') }))
        expect(executeCalldata(ours)).toEqual(transaction.getExecuteCalldata(named, '1').map((value) => felt(value)))
      }),
    )
  })
})

describe('committedMaximum', () => {
  test('sums amount × price over the three gases, and the tip over L2 gas only', () => {
    const bounds = {
      l1_gas: { maxAmount: 2n, maxPrice: 3n },
      l2_gas: { maxAmount: 5n, maxPrice: 7n },
      l1_data_gas: { maxAmount: 11n, maxPrice: 13n },
    }
    expect(committedMaximum(bounds, 0n)).toBe(6n + 35n + 143n)
    expect(committedMaximum(bounds, 17n)).toBe(6n + 35n + 143n + 85n)
  })
})

describe('invokeBody', () => {
  test('is the v3 transaction of the JSON-RPC specification', () => {
    expect(invokeBody({ ...V1, signature: [felt(1), felt(2)] })).toEqual({
      type: 'INVOKE',
      version: '0x3',
      sender_address: vectors.addr_owner_guardian,
      calldata: vectors.tx.calldata,
      signature: ['0x1', '0x2'],
      nonce: '0x1',
      resource_bounds: vectors.tx.rb,
      tip: '0x0',
      paymaster_data: [],
      account_deployment_data: [],
      nonce_data_availability_mode: 'L1',
      fee_data_availability_mode: 'L1',
    })
  })
})

describe('readExecuteCalldata', () => {
  const anyFelt = fc.bigInt({ min: 0n, max: P - 1n }).map(felt)
  const anyCall: fc.Arbitrary<Call> = fc.record({
    to: fc.bigInt({ min: 1n, max: 2n ** 250n }).map((it) => address(felt(it))),
    selector: fc.bigInt({ min: 1n, max: 2n ** 249n }).map((it) => parseSelector(felt(it)) as Selector),
    calldata: fc.array(anyFelt, { maxLength: 5 }),
  })

  test('property: calldata is read only as it is written', () => {
    fc.assert(
      fc.property(fc.array(anyCall, { maxLength: 5 }), fc.nat(), anyFelt, (calls, place, other) => {
        const felts = executeCalldata(calls)
        expect(readExecuteCalldata(felts)).toEqual(calls)
        expect(readExecuteCalldata([...felts, other])).toBeUndefined()
        expect(readExecuteCalldata(felts.slice(0, -1))).toBeUndefined()
        // Whatever is changed is another reading, or none.
        const changed = felts.map((it, at) => (at === place % felts.length ? other : it))
        const read = readExecuteCalldata(changed)
        if (read !== undefined) expect(executeCalldata(read)).toEqual(changed)
      }),
    )
  })

  test('no felts, and a length that is none, are no calls', () => {
    expect(readExecuteCalldata([])).toBeUndefined()
    expect(readExecuteCalldata([felt(1), felt(1), felt(2), felt(P - 1n)])).toBeUndefined()
    expect(readExecuteCalldata([felt(0)])).toEqual([])
  })
})
