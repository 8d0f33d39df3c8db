/** What a person does with sessions that are there. */
import { applyEdits } from '../../../core/policy/edits.ts'
import type { SessionId } from '../../../core/policy/policy.ts'
import type { NetworkId, StoredSession } from '../../../core/records.ts'
import { boolean, exact } from '../../../core/schema.ts'
import type { UnixSeconds } from '../../../core/time.ts'
import { line } from '../../../core/words.ts'
import type { WorkingSet } from '../../keys/working-set.ts'
import type { Sessions } from '../../owners/sessions.ts'
import type { Unlocking } from '../../unlocking.ts'
import type { PersonAsks } from '../session-change.ts'
import { edits } from './edits.ts'
import { id, nothing, type VerbRows, verbError } from './verb.ts'

export interface SessionVerbNeeds {
  readonly sessions: Sessions
  readonly unlocking: Unlocking
  readonly workingSet: WorkingSet
  readonly now: () => UnixSeconds
  readonly clock: (network: NetworkId) => Promise<UnixSeconds>
  readonly end: (session: StoredSession, onChain: boolean) => Promise<unknown>
  readonly note: (session: StoredSession, what: 'paused' | 'resumed' | 'narrowed' | 'restored') => Promise<void>
  readonly asks: PersonAsks
  /** Asks the chain what it knows of it. */
  readonly look: (session: StoredSession) => Promise<void>
  /** Asks whether what it left to others is set to 0. */
  readonly takeBack: (session: StoredSession) => Promise<void>
}

type SessionVerb =
  | 'lookSession'
  | 'pauseSession'
  | 'resumeSession'
  | 'narrowSession'
  | 'restoreSession'
  | 'renewSession'
  | 'rotateSession'
  | 'endSession'
  | 'takeBack'
  | 'stopAll'

export function sessionVerbs(needs: SessionVerbNeeds): VerbRows<SessionVerb> {
  const { sessions, unlocking, workingSet, now } = needs

  const session = (id: string): StoredSession => {
    const found = sessions.get(id as SessionId) // Looked up, not trusted.
    if (found === undefined) throw verbError('gone', line('err_gone'))
    return found
  }

  return {
    lookSession: {
      params: exact({ id }),
      act: async ({ id }) => {
        await needs.look(session(id))
        return null
      },
    },
    pauseSession: {
      params: exact({ id }),
      act: async ({ id }) => {
        const paused = await sessions.pause(session(id).id, 'person')
        await workingSet.removeSession(session(id).id)
        if (paused !== undefined) await needs.note(paused, 'paused')
        return null
      },
    },
    resumeSession: {
      params: exact({ id }),
      act: async ({ id }) => {
        const resumed = await sessions.resume(session(id).id, 'person')
        if (resumed === undefined) throw verbError('blocked', line('err_noResume'))
        await unlocking.keep(resumed)
        await needs.note(resumed, 'resumed')
        return null
      },
    },
    narrowSession: {
      params: exact({ id, edits }),
      act: async ({ id, edits }) => {
        const before = session(id)
        const at = await needs.clock(before.network)
        const next = ({ effective }: StoredSession) =>
          applyEdits(effective, edits, { within: effective, now: at, adjustable: true })
        const more = edits.runWhileLocked === false ? { runWhileLocked: false as const } : {}
        const narrowed = await sessions.narrow(before.id, next, more)
        if (edits.runWhileLocked === false && !workingSet.isUnlocked(now())) await workingSet.removeSession(before.id)
        if (narrowed !== undefined) await needs.note(narrowed, 'narrowed')
        return null
      },
    },
    restoreSession: {
      params: exact({ id }),
      act: async ({ id }) => {
        const restored = await sessions.restore(session(id).id)
        if (restored !== undefined) await needs.note(restored, 'restored')
        return null
      },
    },
    renewSession: {
      params: exact({ id }),
      act: async ({ id }) => {
        await needs.asks.renew(session(id))
        return null
      },
    },
    rotateSession: {
      params: exact({ id }),
      act: async ({ id }) => {
        await needs.asks.rotate(session(id))
        return null
      },
    },
    endSession: {
      params: exact({ id, onChain: boolean() }),
      act: async ({ id, onChain }) => {
        await needs.end(session(id), onChain)
        return null
      },
    },
    takeBack: {
      params: exact({ id }),
      act: async ({ id }) => {
        await needs.takeBack(session(id))
        return null
      },
    },
    stopAll: {
      params: nothing,
      act: async () => ({ stopped: await unlocking.stopAll() }),
    },
  }
}
