/**
 * What a site is told of its account, and how a request gets one (provider.md 2.3): a locked wallet looks like one that
 * is not connected, unless a session of that site runs while locked.
 */
import { refused } from '../core/errors.ts'
import type { Address } from '../core/felt.ts'
import type { Origin } from '../core/policy/policy.ts'
import type { ApprovalRecord, GrantRecord, NetworkId } from '../core/records.ts'
import { checkpoint } from '../platform/checkpoint.ts'
import type { Approvals, Asker } from './owners/approvals.ts'
import type { Grants } from './owners/grants.ts'

export interface Access {
  /** The grant as the site may know of it now. */
  seen(origin: Origin): Promise<GrantRecord | undefined>
  /** Resolves when the owner's key can be used; opens the unlock where it cannot. @throws Refused 113 */
  unlocked(asker: Asker): Promise<void>
  /** The site's account, asking to unlock and to connect where needed. @throws Refused 113 */
  connected(asker: Asker): Promise<GrantRecord>
  /** Asks to connect for this one request, joined by no other: to the site it looks like the question it stands for. */
  introduced(asker: Asker, to: { readonly account: Address; readonly network: NetworkId }): Promise<GrantRecord>
}

export interface AccessNeeds {
  readonly approvals: Approvals
  readonly grants: Grants
  readonly isUnlocked: () => Promise<boolean>
  /** A session of this grant could sign now, also while locked. */
  readonly runs: (origin: Origin, account: Address, network: NetworkId) => Promise<boolean>
  readonly selected: () => Promise<{ readonly account: Address; readonly network: NetworkId }>
  readonly told: (grant: GrantRecord) => Promise<void>
}

export function createAccess(needs: AccessNeeds): Access {
  const { approvals, grants, isUnlocked } = needs

  const seen = async (origin: Origin): Promise<GrantRecord | undefined> => {
    const grant = await grants.get(origin)
    if (grant === undefined) return undefined
    const visible = (await isUnlocked()) || (await needs.runs(origin, grant.account, grant.network))
    return visible ? grant : undefined
  }
  const unlocked = async (asker: Asker): Promise<void> => {
    if (!(await isUnlocked())) await approvals.ask(asker, { kind: 'unlock' })
  }

  /** By approval: parallel asks share one, and the grant is given and told once for all of them. */
  const giving = new Map<string, Promise<GrantRecord>>()
  const give = ({ id, origin, question }: ApprovalRecord): Promise<GrantRecord> => {
    const same = giving.get(id)
    if (same !== undefined) return same
    if (question.kind !== 'connect') throw new Error('another question was answered')
    const { account, network } = question
    const work = (async () => {
      const known = await grants.get(origin)
      if (known !== undefined) {
        await approvals.finish(id, 'done')
        return known
      }
      await approvals.begin(id)
      const grant = await grants.give(origin, account, network)
      if (__E2E__) await checkpoint('granted')
      if (approvals.isEnded(id)) {
        // Disconnected while it was given.
        await grants.remove(origin)
        throw refused('USER_REFUSED_OP', { reason: 'context' })
      }
      await approvals.finish(id, 'done')
      await needs.told(grant)
      return grant
    })().finally(() => giving.delete(id))
    giving.set(id, work)
    return work
  }

  return {
    seen,
    unlocked,
    connected: async (asker) => {
      const known = await seen(asker.origin)
      if (known !== undefined && (await isUnlocked())) return known
      await unlocked(asker)
      const grant = await grants.get(asker.origin)
      if (grant !== undefined) return grant
      return give(await approvals.ask(asker, { kind: 'connect', ...(await needs.selected()) }))
    },
    introduced: async (asker, to) => give(await approvals.ask(asker, { kind: 'connect', ...to, alone: true })),
  }
}
