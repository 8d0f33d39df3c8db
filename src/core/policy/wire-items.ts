import { malformed } from '../errors.ts'
import { padded, type U256 } from '../felt.ts'
import { type AskedCount, type AskedItems, given } from './asked.ts'
import { byValue, windowSpec } from './meters.ts'
import type { NftLimit } from './policy.ts'
import type { RawRequest } from './wire-schema.ts'
import type { NftLimit as NftLimitWire } from './wire-shape.ts'

export type RawItems = NonNullable<RawRequest['nft_limits']>[number]

/** Limits of collections as a site names them, each collection once. @param counts reads a list of count caps */
export function readItems(
  raw: readonly RawItems[],
  counts: (caps: readonly (RawCount & { readonly at: string })[]) => AskedCount[],
): readonly AskedItems[] {
  const limits = raw.map((limit, index) => {
    const at = `/nft_limits/${index}`
    return given({
      collection: limit.collection,
      tokenIds: sorted(limit.token_ids),
      caps: counts([
        ...(limit.max_out === undefined ? [] : [{ max: limit.max_out, at: `${at}/max_out` }]),
        ...(limit.caps ?? []).map((cap, place) => ({ ...cap, at: `${at}/caps/${place}` })),
      ]),
      recipients: sorted(limit.recipients),
      spenders: sorted(limit.spenders),
      approveOne: limit.approve_one,
      approveAll: limit.approve_all,
    })
  })
  limits.forEach(({ collection }, index) => {
    if (limits.findIndex((other) => other.collection === collection) !== index) {
      throw malformed(`/nft_limits/${index}/collection`, 'expected one limit per collection')
    }
  })
  return limits
}
type RawCount = NonNullable<RawItems['caps']>[number]

/** In the shape sites read: normal form, only `caps`. */
export function printItems(limit: NftLimit): NftLimitWire {
  return {
    collection: padded(limit.collection),
    ...(limit.tokenIds === undefined ? {} : { token_ids: [...limit.tokenIds] }),
    caps: limit.maxOut.map(({ max, window }) => ({ max, window: windowSpec(window) })),
    ...(limit.recipients === undefined ? {} : { recipients: limit.recipients.map(padded) }),
    spenders: limit.spenders.map(padded),
    approve_one: limit.approveOne,
    approve_all: limit.approveAll,
  }
}

function sorted<T extends string | U256>(list: readonly T[] | undefined): readonly T[] | undefined {
  return list === undefined ? undefined : [...new Set(list)].sort(byValue)
}
