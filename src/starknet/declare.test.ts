import fc from 'fast-check'
import { ETransactionVersion3, hash } from 'starknet'
import { expect, test } from 'vitest'
import { address, felt, MAX_U128, P } from '../core/felt.ts'
import { declareBody, declareHash } from './declare.ts'
import { invokeHash } from './invoke.ts'

const U64 = 2n ** 64n - 1n
const anyFelt = fc.bigInt({ min: 0n, max: P - 1n }).map((value) => felt(value))
const bound = fc.record({
  maxAmount: fc.bigInt({ min: 0n, max: U64 }),
  maxPrice: fc.bigInt({ min: 0n, max: MAX_U128 }),
})
const parts = fc.record({
  chainId: anyFelt,
  sender: fc.bigInt({ min: 1n, max: 2n ** 250n }).map((value) => address(value)),
  classHash: anyFelt,
  compiledClassHash: anyFelt,
  nonce: anyFelt,
  tip: fc.bigInt({ min: 0n, max: U64 }),
  bounds: fc.record({ l1_gas: bound, l2_gas: bound, l1_data_gas: bound }),
})
const theirs = (bounds: { maxAmount: bigint; maxPrice: bigint }) => ({
  max_amount: bounds.maxAmount,
  max_price_per_unit: bounds.maxPrice,
})
const shared = ({ chainId, nonce, tip, bounds }: { chainId: string; nonce: string; tip: bigint; bounds: Bounds }) => ({
  version: ETransactionVersion3.V3,
  chainId: chainId as never, // Its own type knows two chains.
  nonce,
  accountDeploymentData: [],
  nonceDataAvailabilityMode: 0 as const,
  feeDataAvailabilityMode: 0 as const,
  resourceBounds: {
    l1_gas: theirs(bounds.l1_gas),
    l2_gas: theirs(bounds.l2_gas),
    l1_data_gas: theirs(bounds.l1_data_gas),
  },
  tip,
  paymasterData: [],
})
type Bounds = Parameters<typeof declareHash>[0]['bounds']

test('differential: declareHash equals starknet.js', () => {
  fc.assert(
    fc.property(parts, (it) => {
      const { sender, classHash, compiledClassHash } = it
      expect(declareHash(it)).toBe(
        hash.calculateDeclareTransactionHash({ ...shared(it), senderAddress: sender, classHash, compiledClassHash }),
      )
    }),
    { numRuns: 100 },
  )
})

test('differential: the hash of a transaction with a proof equals starknet.js, and is none of one without', () => {
  const call = { to: address(5n), selector: felt(7) as never, calldata: [felt(1), felt(2)] } // Any selector.
  fc.assert(
    fc.property(parts, fc.array(anyFelt, { minLength: 1, maxLength: 5 }), (it, proofFacts) => {
      const { sender } = it
      const ours = invokeHash({ ...it, calls: [call], proofFacts })
      expect(ours).toBe(
        hash.calculateInvokeTransactionHash({
          ...shared(it),
          senderAddress: sender,
          compiledCalldata: ['0x1', '0x5', '0x7', '0x2', '0x1', '0x2'],
          proofFacts,
        }),
      )
      expect(invokeHash({ ...it, calls: [call] })).not.toBe(ours)
    }),
    { numRuns: 100 },
  )
})

test('the body is what the node takes: the class beside what is signed of it', () => {
  const bounds = {
    l1_gas: { maxAmount: 0n, maxPrice: 1n },
    l2_gas: { maxAmount: 2n, maxPrice: 5n },
    l1_data_gas: { maxAmount: 1n, maxPrice: 3n },
  }
  const of = { sender: address(9n), compiledClassHash: felt(3), nonce: felt(1), tip: 0n, bounds }
  expect(declareBody(of, { abi: '[]' }, [felt(4)])).toEqual({
    type: 'DECLARE',
    version: '0x3',
    sender_address: '0x9',
    compiled_class_hash: '0x3',
    contract_class: { abi: '[]' },
    signature: ['0x4'],
    nonce: '0x1',
    resource_bounds: {
      l1_gas: { max_amount: '0x0', max_price_per_unit: '0x1' },
      l2_gas: { max_amount: '0x2', max_price_per_unit: '0x5' },
      l1_data_gas: { max_amount: '0x1', max_price_per_unit: '0x3' },
    },
    tip: '0x0',
    nonce_data_availability_mode: 'L1',
    fee_data_availability_mode: 'L1',
    paymaster_data: [],
    account_deployment_data: [],
  })
})
