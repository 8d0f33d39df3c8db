import { ETransactionVersion3, hash } from 'starknet'
import { type Address, address, type ClassHash, type Felt, felt } from '../core/felt.ts'
import { accountKind, constructorCalldata } from '../starknet/accounts.ts'
import { type Bounds, feeBody } from '../starknet/invoke.ts'

/** An account that is not deployed yet. The salt is the owner's public key, as in Ready. */
export interface NewAccount {
  readonly classHash: ClassHash
  readonly ownerPublicKey: Felt
  /** In the constructor. The wallet's own accounts have none: one would change the address. */
  readonly guardianPublicKey?: Felt
}

export interface DeployAccount extends NewAccount {
  readonly chainId: Felt
  readonly nonce: Felt
  /** fri per L2 gas. */
  readonly tip: bigint
  readonly bounds: Bounds
}

/** @throws RangeError for a class without a known constructor */
export function accountAddress(account: NewAccount): Address {
  const { classHash, ownerPublicKey } = account
  return address(hash.calculateContractAddressFromHash(ownerPublicKey, classHash, calldataOf(account), 0))
}

/**
 * Hash of the version 3 deployment, which owner (and guardian, if the constructor has one) sign like any transaction.
 *
 * @throws RangeError for a class without a known constructor, or bounds that do not fit their fields
 */
export function deployAccountHash(deploy: DeployAccount): Felt {
  const { classHash, ownerPublicKey, chainId, nonce, tip, bounds } = deploy
  // Checks the ranges: starknet.js packs what it gets.
  feeBody(bounds, tip)
  const bound = ({ maxAmount, maxPrice }: Bounds['l2_gas']) => ({
    max_amount: maxAmount,
    max_price_per_unit: maxPrice,
  })
  return felt(
    hash.calculateDeployAccountTransactionHash({
      contractAddress: accountAddress(deploy),
      classHash,
      compiledConstructorCalldata: calldataOf(deploy),
      salt: ownerPublicKey,
      version: ETransactionVersion3.V3,
      chainId: chainId as Parameters<typeof hash.calculateDeployAccountTransactionHash>[0]['chainId'],
      nonce,
      nonceDataAvailabilityMode: 0,
      feeDataAvailabilityMode: 0,
      resourceBounds: {
        l1_gas: bound(bounds.l1_gas),
        l2_gas: bound(bounds.l2_gas),
        l1_data_gas: bound(bounds.l1_data_gas),
      },
      tip,
      paymasterData: [],
    }),
  )
}

/** The `deploy_account_transaction` of `starknet_addDeployAccountTransaction`. */
export function deployAccountBody(deploy: Omit<DeployAccount, 'chainId'> & { readonly signature: readonly Felt[] }) {
  return {
    type: 'DEPLOY_ACCOUNT',
    version: '0x3',
    class_hash: deploy.classHash,
    contract_address_salt: deploy.ownerPublicKey,
    constructor_calldata: calldataOf(deploy),
    signature: deploy.signature,
    nonce: deploy.nonce,
    ...feeBody(deploy.bounds, deploy.tip),
    paymaster_data: [],
  } as const
}

function calldataOf({ classHash, ownerPublicKey, guardianPublicKey }: NewAccount): Felt[] {
  return constructorCalldata(accountKind(classHash), ownerPublicKey, guardianPublicKey)
}
