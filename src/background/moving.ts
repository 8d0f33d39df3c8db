/** A site's account and network: each site has its own, and a change moves that site alone (provider.md 4). */
import { type Address, padded } from '../core/felt.ts'
import type { Origin } from '../core/policy/policy.ts'
import type { GrantRecord, NetworkId } from '../core/records.ts'
import type { Approvals } from './owners/approvals.ts'
import type { Grants } from './owners/grants.ts'
import type { Networks } from './owners/networks.ts'
import type { Router } from './router.ts'

export interface MovingNeeds {
  readonly grants: Grants
  readonly approvals: Approvals
  readonly networks: Networks
  readonly tell: Router['tell']
  readonly changed: () => void
}

export interface Place {
  readonly account: Address
  readonly network: NetworkId
}

/**
 * What is open of this site's is refused: its consent was for another place. `besides` is the question that led here.
 *
 * @returns the grant, `undefined` where the site has none any more
 */
export type Move = (origin: Origin, to: Place, besides?: string) => Promise<GrantRecord | undefined>

export function createMove({ grants, approvals, networks, tell, changed }: MovingNeeds): Move {
  return async (origin, to, besides) => {
    const before = await grants.get(origin)
    if (before === undefined) return undefined
    if (before.account === to.account && before.network === to.network) return before
    await approvals.end((record) => record.origin === origin && record.id !== besides, 'context')
    const grant = await grants.move(origin, to.account, to.network)
    if (grant === undefined) return undefined
    const accounts = [padded(grant.account)]
    // The network first: clients take the account from both (provider.md 3).
    if (before.network !== grant.network)
      tell(origin, 'networkChanged', () => [networks.get(grant.network).chainId, accounts])
    tell(origin, 'accountsChanged', () => [accounts])
    changed()
    return grant
  }
}
