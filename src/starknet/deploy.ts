import { ADDRESS_BOUND, type Address, address, type ClassHash, type Felt, felt, shortString } from '../core/felt.ts'
import { accountKind, type ConstructorParts, constructorCalldata } from './accounts.ts'
import { type Bounds, feeBody, feeHash, MODES_L1, NO_DATA } from './invoke.ts'
import { pedersenList } from './pedersen.ts'
import { poseidon } from './poseidon.ts'

/** An account that is not deployed yet. The salt is the owner's public key, as in Ready. */
export interface NewAccount extends ConstructorParts {
  readonly classHash: ClassHash
}

export interface DeployAccount extends NewAccount {
  readonly chainId: Felt
  readonly nonce: Felt
  /** fri per L2 gas. */
  readonly tip: bigint
  readonly bounds: Bounds
}

/**
 * Where the account will be: hash of prefix, deployer 0, salt, class hash and the constructor calldata's hash, below
 * `ADDR_BOUND`. Source: docs.starknet.io, "Contract address".
 *
 * @throws RangeError for a class without a known constructor
 */
export function accountAddress(account: NewAccount): Address {
  const { classHash, ownerPublicKey } = account
  const calldata = pedersenList(calldataOf(account).map(BigInt))
  const hash = pedersenList([CONTRACT_ADDRESS, NO_DEPLOYER, BigInt(ownerPublicKey), BigInt(classHash), calldata])
  return address(hash % ADDRESS_BOUND)
}

/**
 * Hash of the version 3 deployment, which owner (and guardian, if the constructor has one) sign like any transaction.
 * Source: SNIP-8.
 *
 * @throws RangeError for a class without a known constructor, or bounds that do not fit their fields
 * @see deploy.test.ts "differential: equals starknet.js"
 */
export function deployAccountHash(deploy: DeployAccount): Felt {
  const { classHash, ownerPublicKey, chainId, nonce, tip, bounds } = deploy
  const account = BigInt(accountAddress(deploy))
  return felt(
    poseidon([
      ...[DEPLOY_ACCOUNT, 3n, account, feeHash(bounds, tip), NO_DATA, BigInt(chainId), BigInt(nonce), MODES_L1],
      ...[poseidon(calldataOf(deploy).map(BigInt)), BigInt(classHash), BigInt(ownerPublicKey)],
    ]),
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

const DEPLOY_ACCOUNT = BigInt(shortString('deploy_account'))
const CONTRACT_ADDRESS = BigInt(shortString('STARKNET_CONTRACT_ADDRESS'))
const NO_DEPLOYER = 0n

function calldataOf(account: NewAccount): Felt[] {
  return constructorCalldata(accountKind(account.classHash), account)
}
