import fc from 'fast-check'
import { CallData, ETransactionVersion3, hash } from 'starknet'
import { describe, expect, test } from 'vitest'
import { type ClassHash, felt, MAX_U128, P } from '../core/felt.ts'
import {
  ARGENT_0_3_0,
  ARGENT_0_3_1,
  ARGENT_0_4_0,
  ARGENT_0_5_0,
  OPENZEPPELIN_1_0_0,
  READY_CLASSES,
} from './accounts.ts'
import { accountAddress, type DeployAccount, deployAccountBody, deployAccountHash } from './deploy.ts'
import vectors from './vectors/session-token.json' with { type: 'json' }

const OWNER = felt(vectors.pub.owner)
const GUARDIAN = felt(vectors.pub.guardian)
const U64 = 2n ** 64n - 1n
const anyFelt = fc.bigInt({ min: 0n, max: P - 1n }).map((value) => felt(value))
const bound = fc.record({
  maxAmount: fc.bigInt({ min: 0n, max: U64 }),
  maxPrice: fc.bigInt({ min: 0n, max: MAX_U128 }),
})
const DEPLOY: DeployAccount = {
  classHash: ARGENT_0_4_0,
  ownerPublicKey: OWNER,
  chainId: felt('0x534e5f5345504f4c4941'),
  nonce: felt(0),
  tip: 0n,
  bounds: {
    l1_gas: { maxAmount: 0n, maxPrice: 1n },
    l2_gas: { maxAmount: 2_000_000n, maxPrice: 5n },
    l1_data_gas: { maxAmount: 1024n, maxPrice: 3n },
  },
}

describe('accountAddress', () => {
  test('V1: with and without a guardian, 0.4.0 and 0.5.0', () => {
    expect(accountAddress({ classHash: ARGENT_0_4_0, ownerPublicKey: OWNER })).toBe(vectors.addr_owner_only)
    expect(accountAddress({ classHash: ARGENT_0_4_0, ownerPublicKey: OWNER, guardianPublicKey: GUARDIAN })).toBe(
      vectors.addr_owner_guardian,
    )
    expect(accountAddress({ classHash: ARGENT_0_5_0, ownerPublicKey: OWNER, guardianPublicKey: GUARDIAN })).toBe(
      vectors.addr050_owner_guardian,
    )
  })

  test('the addresses that Ready shows for the test phrase', () => {
    const first = felt('0x2b4201ec5ba569ff110cb1b4bc615a44c09e30dd9d5ed28b64be7721bb6fc0b')
    const second = felt('0x75864c245f432117df2bbe87abba5826bcf34d9b53b36bdba0b1873ba0a683')
    const at = (classHash: ClassHash, ownerPublicKey: typeof first) => accountAddress({ classHash, ownerPublicKey })
    expect(at(ARGENT_0_4_0, first)).toBe('0x42a676b6b29db00fdd59342c671340d42d6f64e11afff6c841a55dc02541a4d')
    expect(at(ARGENT_0_3_1, first)).toBe('0x4895575646caa0a72fd9d1d3b458c9c9f4aad1475501ad0fc1ca37ce40ccb86')
    expect(at(ARGENT_0_4_0, second)).toBe('0x12f0fd63d2e167fec9e0d00231d855dbcd5a0baa57a2f76bcf4e5ab9634bd07')
    expect(at(ARGENT_0_3_1, second)).toBe('0x6b236a6db04920bb44c88b680d17de14f8f55f822c78f98270d014eb413b387')
    expect(at(ARGENT_0_3_0, first)).not.toBe(at(ARGENT_0_3_1, first))
  })

  test('differential: each class a phrase may have accounts of has the address that starknet.js gives it', () => {
    const first = felt('0x2b4201ec5ba569ff110cb1b4bc615a44c09e30dd9d5ed28b64be7721bb6fc0b')
    const initialize = hash.getSelectorFromName('initialize')
    const theirs = READY_CLASSES.map(({ kind, classHash, implementation }) => {
      const calldata =
        implementation !== undefined
          ? [implementation, initialize, 2, first, 0]
          : kind === 'argent-0.3'
            ? [first, 0]
            : [0, first, 1]
      return felt(hash.calculateContractAddressFromHash(first, classHash, CallData.compile(calldata), 0))
    })
    const ours = READY_CLASSES.map((it) => accountAddress({ ...it, ownerPublicKey: first }))
    expect(ours).toEqual(theirs)
    expect(new Set(ours).size).toBe(8)
    const plain = { classHash: OPENZEPPELIN_1_0_0, ownerPublicKey: first }
    const calldata = CallData.compile([first])
    expect(accountAddress(plain)).toBe(
      felt(hash.calculateContractAddressFromHash(first, OPENZEPPELIN_1_0_0, calldata, 0)),
    )
  })

  test('refuses: a class whose constructor is not known', () => {
    const classHash = felt(0x1234) as ClassHash
    expect(() => accountAddress({ classHash, ownerPublicKey: OWNER })).toThrow(RangeError)
  })
})

describe('deployAccountHash', () => {
  test('differential: address and hash equal starknet.js, on 25 deployments', () => {
    const anyDeploy = fc.record(
      {
        classHash: fc.constantFrom(ARGENT_0_4_0, ARGENT_0_5_0, ARGENT_0_3_1),
        ownerPublicKey: anyFelt,
        guardianPublicKey: anyFelt,
        chainId: fc.constantFrom(felt('0x534e5f5345504f4c4941'), felt('0x534e5f4d41494e')),
        nonce: fc.constantFrom(felt(0), felt(1)),
        tip: fc.bigInt({ min: 0n, max: U64 }),
        bounds: fc.record({ l1_gas: bound, l2_gas: bound, l1_data_gas: bound }),
      },
      { requiredKeys: ['classHash', 'ownerPublicKey', 'chainId', 'nonce', 'tip', 'bounds'] },
    )
    fc.assert(
      fc.property(anyDeploy, (deploy) => {
        const { classHash, ownerPublicKey: owner, guardianPublicKey: guardian, bounds } = deploy
        const modern = guardian === undefined ? [0, owner, 1] : [0, owner, 0, 0, guardian]
        const calldata = CallData.compile(classHash === ARGENT_0_3_1 ? [owner, guardian ?? 0] : modern)
        const contractAddress = hash.calculateContractAddressFromHash(owner, classHash, calldata, 0)
        expect(accountAddress(deploy)).toBe(felt(contractAddress))
        const theirBound = ({ maxAmount, maxPrice }: typeof bounds.l2_gas) => ({
          max_amount: maxAmount,
          max_price_per_unit: maxPrice,
        })
        const theirs = hash.calculateDeployAccountTransactionHash({
          contractAddress,
          classHash,
          compiledConstructorCalldata: calldata,
          salt: owner,
          version: ETransactionVersion3.V3,
          chainId: deploy.chainId as '0x534e5f5345504f4c4941',
          nonce: deploy.nonce,
          nonceDataAvailabilityMode: 0,
          feeDataAvailabilityMode: 0,
          resourceBounds: {
            l1_gas: theirBound(bounds.l1_gas),
            l2_gas: theirBound(bounds.l2_gas),
            l1_data_gas: theirBound(bounds.l1_data_gas),
          },
          tip: deploy.tip,
          paymasterData: [],
        })
        expect(deployAccountHash(deploy)).toBe(felt(theirs))
      }),
      { numRuns: 25 },
    )
  })

  test('refuses: bounds and tips that do not fit their fields', () => {
    expect(() => deployAccountHash({ ...DEPLOY, tip: U64 + 1n })).toThrow(RangeError)
    const l2_gas = { maxAmount: U64 + 1n, maxPrice: 0n }
    expect(() => deployAccountHash({ ...DEPLOY, bounds: { ...DEPLOY.bounds, l2_gas } })).toThrow(RangeError)
  })
})

test('deployAccountBody is the v3 transaction of the JSON-RPC specification', () => {
  expect(deployAccountBody({ ...DEPLOY, signature: [felt(1), felt(2)] })).toEqual({
    type: 'DEPLOY_ACCOUNT',
    version: '0x3',
    class_hash: '0x36078334509b514626504edc9fb252328d1a240e4e948bef8d0c08dff45927f',
    contract_address_salt: OWNER,
    constructor_calldata: ['0x0', OWNER, '0x1'],
    signature: ['0x1', '0x2'],
    nonce: '0x0',
    resource_bounds: {
      l1_gas: { max_amount: '0x0', max_price_per_unit: '0x1' },
      l2_gas: { max_amount: '0x1e8480', max_price_per_unit: '0x5' },
      l1_data_gas: { max_amount: '0x400', max_price_per_unit: '0x3' },
    },
    tip: '0x0',
    paymaster_data: [],
    nonce_data_availability_mode: 'L1',
    fee_data_availability_mode: 'L1',
  })
})
