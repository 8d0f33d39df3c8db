import type { Address, ClassHash, Felt } from '../core/felt.ts'
import type { OwnAccount, OwnerKey } from '../core/records.ts'
import type { UnixSeconds } from '../core/time.ts'
import { type PrivateKey, publicKey } from '../starknet/curve.ts'
import { accountAddress } from '../starknet/deploy.ts'
import { guardianSecretId, ownerSecretId } from './keys/signer.ts'
import type { Secret } from './keys/vault.ts'

/** A sentence in the browser's language: an account is given its name when it is made, and keeps it. */
export type NameWords = (said: {
  readonly key: 'name_account' | 'name_session' | 'name_sessionMore'
  readonly n?: number
}) => string

/** An account that comes into the wallet, with its keys for the vault. Who made them wipes them. */
export interface NewAccount {
  readonly account: OwnAccount
  readonly secrets: readonly Secret[]
}

export interface NewAccountParts {
  readonly owner: OwnerKey
  readonly ownerKey: PrivateKey
  /**
   * By generation, the newest last: what a chain knows already, or the first alone. An older one may stand on another network.
   */
  readonly guardianKeys: readonly PrivateKey[]
  readonly classHash: ClassHash
  /** Of a proxy. */
  readonly implementation?: Felt
  /** Where the address does not follow from the key. */
  readonly address?: Address
  readonly name: string
  readonly order: number
  readonly createdAt: UnixSeconds
}

/** @throws RangeError for a class without a known constructor, unless the address is given */
export function newAccount(parts: NewAccountParts): NewAccount {
  const { owner, ownerKey, guardianKeys, classHash, implementation, name, order, createdAt } = parts
  const ownerPublicKey = publicKey(ownerKey)
  const address =
    parts.address ??
    accountAddress({ classHash, ownerPublicKey, ...(implementation === undefined ? {} : { implementation }) })
  const known = guardianKeys.map((key, generation) => ({ publicKey: publicKey(key), generation }))
  const guardian = known.at(-1)
  if (guardian === undefined) throw new Error('an account without a second key to set')
  const retired = known.slice(0, -1)
  return {
    account: {
      address,
      name,
      order,
      createdAt,
      classHash,
      owner,
      ownerPublicKey,
      guardian,
      ...(retired.length === 0 ? {} : { retired }),
    },
    secrets: [
      { kind: 'owner', id: ownerSecretId(address), bytes: ownerKey },
      ...guardianKeys.map((bytes, generation) => ({
        kind: 'guardian' as const,
        id: guardianSecretId(address, generation),
        bytes,
      })),
    ],
  }
}
