/**
 * What contracts may still take after a session has ended, because it let them be approved (approval-ux.md 10, "leftover
 * allowances"): as the chain has it when somebody looks. What a node did not say is not shown, and not known to be nothing.
 */
import { felt } from '../core/felt.ts'
import { type Allowance, type Pair, takingBack } from '../core/policy/allowances.ts'
import type { Call, SessionId } from '../core/policy/policy.ts'
import type { StoredSession } from '../core/records.ts'
import type { UnixSeconds } from '../core/time.ts'
import { isNodeError } from '../platform/node-error.ts'
import type { Contracts, ItemLeave, ItemPair } from './contracts.ts'

/** What a contract may still take of the account. */
export type Left = ({ readonly of: 'token' } & Allowance) | ({ readonly of: 'items' } & ItemLeave)

export interface LeftBehind {
  /** Asks the chain, of a session that has ended; of another nothing. */
  look(session: StoredSession): Promise<void>
  /** Of the last answer, without who may take nothing. */
  of(id: SessionId): readonly Left[]
}

export function createLeftBehind(needs: {
  readonly contracts: Pick<Contracts, 'allowancesOf' | 'leavesOf'>
  readonly clock: (network: StoredSession['network']) => Promise<UnixSeconds>
  readonly changed: () => void
}): LeftBehind {
  const left = new Map<SessionId, readonly Left[]>()
  return {
    look: async (session) => {
      const { network, account } = session
      const [pairs, itemPairs] = [pairsOf(session), itemPairsOf(session)]
      if (pairs.length + itemPairs.length === 0 || !hasEnded(session, await needs.clock(network))) return
      try {
        const [allowances, leaves] = await Promise.all([
          pairs.length === 0 ? [] : needs.contracts.allowancesOf(network, account, pairs),
          itemPairs.length === 0 ? [] : needs.contracts.leavesOf(network, account, itemPairs),
        ])
        left.set(session.id, [
          ...allowances.filter(({ amount }) => amount !== '0').map((it) => ({ of: 'token' as const, ...it })),
          ...leaves.map((it) => ({ of: 'items' as const, ...it })),
        ])
      } catch (error) {
        if (!isNodeError(error)) throw error
        return
      }
      needs.changed()
    },
    of: (id) => left.get(id) ?? [],
  }
}

/** After it who may take this may take nothing. */
export function callTakingBack(left: Left): Call {
  return left.of === 'token'
    ? takingBack(left)
    : { to: left.collection, selector: left.setter, calldata: [left.operator, felt(0)] }
}

/** Of what was granted: a person who took a spender out later took nothing back on the chain. */
function pairsOf({ granted }: StoredSession): readonly Pair[] {
  return granted.spend.limits.flatMap((limit) =>
    limit.asset === 'erc20' && limit.approvals === 'count'
      ? limit.spenders.map((spender) => ({ token: limit.token, spender }))
      : [],
  )
}

function itemPairsOf({ granted }: StoredSession): readonly ItemPair[] {
  return granted.spend.limits.flatMap((limit) =>
    limit.asset !== 'erc20' && limit.approveAll === 'allow'
      ? limit.spenders.map((operator) => ({ collection: limit.collection, operator }))
      : [],
  )
}

/** What took its place goes on with what was approved. */
function hasEnded({ state, effective, replacedBy }: StoredSession, now: UnixSeconds): boolean {
  return replacedBy === undefined && (state === 'revoked' || effective.validUntil <= now)
}
