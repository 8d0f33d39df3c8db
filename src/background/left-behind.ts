/**
 * What contracts may still take after a session has ended, because it let them be approved (approval-ux.md 10, "leftover
 * allowances"): as the chain has it when somebody looks. What a node did not say is not shown, and not known to be nothing.
 */
import type { Allowance, Pair } from '../core/policy/allowances.ts'
import type { SessionId } from '../core/policy/policy.ts'
import type { StoredSession } from '../core/records.ts'
import type { UnixSeconds } from '../core/time.ts'
import { isNodeError } from '../platform/node-error.ts'
import type { Contracts } from './contracts.ts'

export interface LeftBehind {
  /** Asks the chain, of a session that has ended; of another nothing. */
  look(session: StoredSession): Promise<void>
  /** Of the last answer, without those that are 0. */
  of(id: SessionId): readonly Allowance[]
}

export function createLeftBehind(needs: {
  readonly contracts: Pick<Contracts, 'allowancesOf'>
  readonly clock: (network: StoredSession['network']) => Promise<UnixSeconds>
  readonly changed: () => void
}): LeftBehind {
  const left = new Map<SessionId, readonly Allowance[]>()
  return {
    look: async (session) => {
      const pairs = pairsOf(session)
      if (pairs.length === 0 || !hasEnded(session, await needs.clock(session.network))) return
      try {
        const found = await needs.contracts.allowancesOf(session.network, session.account, pairs)
        left.set(
          session.id,
          found.filter(({ amount }) => amount !== '0'),
        )
      } catch (error) {
        if (!isNodeError(error)) throw error
        return
      }
      needs.changed()
    },
    of: (id) => left.get(id) ?? [],
  }
}

/** Of what was granted: a person who took a spender out later took nothing back on the chain. */
function pairsOf({ granted }: StoredSession): readonly Pair[] {
  return granted.spend.limits.flatMap((limit) =>
    limit.asset === 'erc20' && limit.approvals === 'count'
      ? limit.spenders.map((spender) => ({ token: limit.token, spender }))
      : [],
  )
}

/** What took its place goes on with what was approved. */
function hasEnded({ state, effective, replacedBy }: StoredSession, now: UnixSeconds): boolean {
  return replacedBy === undefined && (state === 'revoked' || effective.validUntil <= now)
}
