/** What a person does with the sites that see an account, and with those that were silenced. */
import type { Origin, SessionId } from '../../../core/policy/policy.ts'
import type { StoredSession } from '../../../core/records.ts'
import { address, exact, optional, text } from '../../../core/schema.ts'
import { line } from '../../../core/words.ts'
import type { Move } from '../../moving.ts'
import type { Accounts } from '../../owners/accounts.ts'
import type { Approvals } from '../../owners/approvals.ts'
import type { Grants } from '../../owners/grants.ts'
import { isMainnet, type Networks } from '../../owners/networks.ts'
import type { Sessions } from '../../owners/sessions.ts'
import type { SettingsOwner } from '../../owners/settings.ts'
import { networkId, type VerbRows, verbError } from './verb.ts'

export interface SiteVerbNeeds {
  readonly approvals: Approvals
  readonly grants: Grants
  readonly sessions: Sessions
  readonly settings: SettingsOwner
  readonly networks: Networks
  /** Not of one that is only watched: nothing can be asked of it. */
  readonly ownAccount: Accounts['own']
  readonly move: Move
  readonly disconnect: (origin: string) => Promise<boolean>
  readonly end: (session: StoredSession, onChain: boolean) => Promise<unknown>
  readonly changed: () => void
}

type SiteVerb = 'disconnect' | 'forgetSite' | 'moveSite' | 'listenAgain'

const origin = text(300)

export function siteVerbs(needs: SiteVerbNeeds): VerbRows<SiteVerb> {
  const { approvals, grants, networks, sessions } = needs
  return {
    disconnect: {
      params: exact({ origin }),
      act: async ({ origin }) => {
        await needs.disconnect(origin)
        return null
      },
    },
    forgetSite: {
      params: exact({ origin }),
      act: async ({ origin: of }) => {
        const origin = of as Origin // A key: an unknown one is nobody's.
        await needs.disconnect(origin)
        const live = sessions.list({ origin }).filter(({ state }) => state === 'active' || state === 'paused')
        for (const { id } of live) {
          const session = sessions.get(id as SessionId)
          if (session !== undefined) await needs.end(session, false)
        }
        await approvals.listen(origin)
        needs.changed()
        return null
      },
    },
    moveSite: {
      params: exact({ origin, account: optional(address), network: optional(networkId) }),
      act: async ({ origin: of, account, network }) => {
        const origin = of as Origin // A key: an unknown one is nobody's.
        const grant = await grants.get(origin)
        if (grant === undefined) throw verbError('gone', line('err_gone'))
        if (account !== undefined && (await needs.ownAccount(account)) === undefined)
          throw verbError('blocked', line('err_watchOnly'))
        if (network !== undefined && !networks.has(network)) throw verbError('gone', line('err_gone'))
        const to = { account: account ?? grant.account, network: network ?? grant.network }
        if (isMainnet(networks.get(to.network)) && !(await needs.settings.get()).backupChecked)
          throw verbError('blocked', line('err_backupFirst'))
        await needs.move(origin, to)
        return null
      },
    },
    listenAgain: {
      params: exact({ origin }),
      act: async ({ origin }) => {
        await approvals.listen(origin as Origin) // A key: an unknown one is nobody's.
        needs.changed()
        return null
      },
    },
  }
}
