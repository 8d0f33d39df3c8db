import { readiness } from '../../core/account.ts'
import { refused } from '../../core/errors.ts'
import { padded } from '../../core/felt.ts'
import type { Origin } from '../../core/policy/policy.ts'
import type { GrantRecord } from '../../core/records.ts'
import { accountKind, constructorCalldata } from '../../starknet/accounts.ts'
import type { Access } from '../access.ts'
import type { Accounts } from '../owners/accounts.ts'
import type { Approvals } from '../owners/approvals.ts'
import type { Grants } from '../owners/grants.ts'
import type { History } from '../owners/history.ts'
import type { Sessions } from '../owners/sessions.ts'
import type { Handlers } from '../router.ts'

type Connect = Pick<
  Handlers,
  'wallet_requestAccounts' | 'wallet_getPermissions' | 'wallet_deploymentData' | 'wallet_disconnect'
>

export interface ConnectNeeds {
  readonly access: Access
  readonly accounts: Accounts
  readonly approvals: Approvals
  readonly disconnect: (origin: Origin) => Promise<boolean>
}

/** Who sees which account: the grants (provider.md 2.2, 2.3, 4). */
export function connectHandlers({ access, accounts, disconnect }: ConnectNeeds): Connect {
  return {
    wallet_getPermissions: async ({ origin }) => ((await access.seen(origin)) === undefined ? [] : ['accounts']),
    wallet_requestAccounts: async (context, { silent_mode }) => {
      const known = await access.seen(context.origin)
      if (known !== undefined) return [padded(known.account)]
      return silent_mode ? [] : [padded((await access.connected(context)).account)]
    },
    wallet_deploymentData: async ({ origin }) => {
      const grant = await access.seen(origin)
      const account = grant && (await accounts.own(grant.account))
      if (grant === undefined || account === undefined) throw refused('DEPLOYMENT_DATA_NOT_AVAILABLE')
      const state = await accounts.state(account, grant.network, 0)
      if (state.classHash !== undefined) throw refused('ACCOUNT_ALREADY_DEPLOYED')
      // Its address does not follow from its key: nothing that could be told would make it.
      if (readiness(state, account) !== 'needs_deploy') throw refused('DEPLOYMENT_DATA_NOT_AVAILABLE')
      return {
        address: padded(account.address),
        class_hash: padded(account.classHash),
        salt: padded(account.ownerPublicKey),
        calldata: constructorCalldata(accountKind(account.classHash), account),
        version: 1,
      }
    },
    wallet_disconnect: async ({ origin }) => {
      await disconnect(origin)
      return true
    },
  }
}

export interface DisconnectNeeds {
  readonly approvals: Approvals
  /** Before the first unlock no grant can be read: the disconnect is noted, and done at the unlock (security.md 7.3). */
  readonly asleep: (origin: Origin) => Promise<'noted' | 'awake'>
  readonly endGrant: (origin: Origin) => Promise<boolean>
}

/** A site disconnects, or the person does it for the site. Says whether there was a grant. */
export function createDisconnect({
  approvals,
  asleep,
  endGrant,
}: DisconnectNeeds): (origin: Origin) => Promise<boolean> {
  return async (origin) => {
    // First of all, also without a grant: what starts for this site either is there now, or never will be.
    await approvals.end((record) => record.origin === origin, 'context')
    await approvals.endRunning((record) => record.origin === origin, 'context')
    return (await asleep(origin)) === 'awake' && endGrant(origin)
  }
}

export interface EndGrantNeeds {
  readonly grants: Grants
  readonly sessions: Sessions
  readonly history: History
  readonly told: (origin: Origin, grant: GrantRecord | undefined) => Promise<void>
}

/** Ends a site's grant and pauses its sessions. Says whether there was a grant. */
export function createEndGrant({
  grants,
  sessions,
  history,
  told,
}: EndGrantNeeds): (origin: Origin) => Promise<boolean> {
  return async (origin) => {
    const grant = await grants.get(origin)
    if (grant === undefined) return false
    for (const session of sessions.live(origin)) await sessions.pause(session.id, 'person')
    await grants.remove(origin)
    await history.add({
      network: grant.network,
      account: grant.account,
      origin,
      event: { kind: 'disconnected' },
    })
    await told(origin, undefined)
    return true
  }
}
