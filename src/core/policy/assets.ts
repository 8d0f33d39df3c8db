import type { Address } from '../felt.ts'
import type { NftLimit, SessionPolicy, TokenLimit } from './policy.ts'

export function tokenLimit(policy: SessionPolicy, token: Address): TokenLimit | undefined {
  for (const limit of policy.spend.limits) if (limit.asset === 'erc20' && limit.token === token) return limit
  return undefined
}

/** The limit of a collection: what its numbers mean is decided by its kind, which the chain told (policy.md 3.4). */
export function itemLimit(policy: SessionPolicy, collection: Address): NftLimit | undefined {
  for (const limit of policy.spend.limits) {
    if (limit.asset !== 'erc20' && limit.collection === collection) return limit
  }
  return undefined
}

export function assetAddress(limit: TokenLimit | NftLimit): Address {
  return limit.asset === 'erc20' ? limit.token : limit.collection
}
