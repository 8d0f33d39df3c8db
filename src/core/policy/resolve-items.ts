import { moneyKind } from '../call.ts'
import type { Address } from '../felt.ts'
import type { UnixSeconds } from '../time.ts'
import { type AskedItems, type AskedRule, capsFrom, contractsOf, given, listedBy, never } from './asked.ts'
import { byValue } from './meters.ts'
import type { CallRule, CountCap, NftLimit, SessionPolicy } from './policy.ts'
import type { ResolveFacts } from './resolve.ts'
import { likelySpenders } from './spenders.ts'

type Asset = NftLimit['asset']

/** Limits of the collections a site names, and of those on which its rules could move items: these give nothing. */
export function resolveItems(
  asked: { readonly calls: readonly AskedRule[]; readonly items?: readonly AskedItems[] },
  calls: readonly CallRule[],
  facts: ResolveFacts,
  begin: UnixSeconds,
): NftLimit[] {
  const named = (asked.items ?? []).map((limit, index) => {
    const asset = assetOf(limit.collection, facts)
    if (asset === undefined) throw never(`/nft_limits/${index}/collection`, 'a collection of items')
    const recipients = limit.recipients?.map((one) => (one === 'self' ? facts.account : one))
    const own = given({
      tokenIds: limit.tokenIds && [...limit.tokenIds],
      maxOut: limit.caps.length > 0 ? (capsFrom(limit.caps, begin) as CountCap[]) : undefined,
      recipients: recipients && [...new Set(recipients)].sort(byValue),
      spenders: limit.spenders && [...limit.spenders],
      approveOne: limit.approveOne,
      approveAll: limit.approveAll,
    })
    return { ...bare(asset, limit.collection, calls), ...own }
  })
  const reached = new Set(contractsOf(asked.calls.filter(movesMoney)))
  const added = [...reached].flatMap((contract) => {
    const asset = assetOf(contract, facts)
    const isNamed = named.some(({ collection }) => collection === contract)
    return asset === undefined || isNamed ? [] : [bare(asset, contract, calls)]
  })
  return [...named, ...added]
}

/** A trial run must be seen: what may be approved may be pulled (policy.md 5.3). */
export function mayBePulled({ approveOne, approveAll }: NftLimit): boolean {
  return approveOne === 'allow' || approveAll === 'allow'
}

/** Collections for which the site named no number: there the person may enter one. */
export function unnamedItems(asked: { readonly items?: readonly AskedItems[] }, policy: SessionPolicy): Address[] {
  const named = new Set((asked.items ?? []).filter(({ caps }) => caps.length > 0).map(({ collection }) => collection))
  return policy.spend.limits.flatMap((limit) =>
    limit.asset === 'erc20' || named.has(limit.collection) ? [] : [limit.collection],
  )
}

/** What a limit is that says nothing: no item may leave, and nobody may be allowed to take one. */
function bare(asset: Asset, collection: Address, calls: readonly CallRule[]): NftLimit {
  return {
    asset,
    collection,
    maxOut: [{ window: { kind: 'session' }, max: 0 }],
    spenders: likelySpenders(collection, calls),
    approveOne: 'forbid',
    approveAll: 'forbid',
  }
}

/** Named by the rule itself: what "every action" holds besides asks each time. */
function movesMoney(rule: AskedRule): boolean {
  return listedBy(rule).some(({ selector }) => moneyKind(selector) !== undefined)
}

function assetOf(contract: Address, facts: ResolveFacts): Asset | undefined {
  const asset = facts.classes[contract]?.asset
  return asset === 'erc20' ? undefined : asset
}
