/**
 * The lives of sessions. Rows are changed in the ledger's transactions, so every change has its place among the holds; what
 * is here in memory is what was last committed, for lists that must not wait and for the signer's last look.
 */
import { refused } from '../../core/errors.ts'
import type { Address } from '../../core/felt.ts'
import { isConsistent, narrows } from '../../core/policy/narrow.ts'
import type { Origin, PauseReason, SessionId, SessionPolicy } from '../../core/policy/policy.ts'
import type { JournalRow, NetworkId, StoredSession } from '../../core/records.ts'
import { isFinal } from '../../core/session.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { sha256 } from '../../starknet/digest.ts'
import { isWhole } from '../keys/signer.ts'
import { type Ledger, pausedBy } from '../sending/ledger.ts'

export interface Sessions {
  /** Reads and checks every row. What is not what a person approved pauses `storageTampered`, and nothing is repaired. */
  load(): Promise<void>
  /** Row, book and, in the same transaction, what `alongside` writes over the store `vault`: the session's sealed key. */
  create: Ledger['create']
  /** The same for one that takes another's place: from now on, before the commit, the old one signs nothing. @throws Refused 211 */
  replace: Ledger['replace']
  get(id: SessionId): StoredSession | undefined
  /** Newest first; ended ones too. */
  list(which?: SessionQuery): readonly StoredSession[]
  /** Not ended for good: active or paused, whatever their time. */
  live(origin: Origin, account?: Address, network?: NetworkId): readonly StoredSession[]
  pause(id: SessionId, reason: PauseReason): Promise<StoredSession | undefined>
  /** By a person, or a site its own pause. `undefined`: that pause is not lifted by this, or there is none. */
  resume(id: SessionId, by: 'person' | 'site'): Promise<StoredSession | undefined>
  /**
   * `next` of the session as it is then; `undefined`: nothing changes.
   *
   * @throws Error when it would allow more
   */
  narrow(
    id: SessionId,
    next: (session: StoredSession) => SessionPolicy | undefined,
    more?: {
      readonly runWhileLocked?: false
      /** Its rules for messages as they are written now; `undefined`: as before. */
      readonly messages?: (session: StoredSession) => StoredSession['messages']
    },
  ): Promise<StoredSession | undefined>
  /** The person takes back what was narrowed: all that was granted is allowed again, and nothing more. */
  restore(id: SessionId): Promise<StoredSession | undefined>
  /**
   * Tombstone first: the flag is up before the commit, unsigned holds come back in it. `onChain`: the revocation goes out
   * afterwards, when the owner's key is there.
   */
  revoke(
    id: SessionId,
    at: UnixSeconds,
    onChain: boolean,
    endedFor?: StoredSession['endedFor'],
  ): Promise<StoredSession | undefined>
  /** Where the revocation on chain stands. */
  onChain(id: SessionId, state: NonNullable<StoredSession['onChain']>): Promise<void>
  /** All sessions of a network, an account, or there are; or those of them that `rests` says. */
  pauseAll(
    which: SessionQuery,
    reason: PauseReason,
    rests?: (session: StoredSession) => boolean,
  ): Promise<readonly StoredSession[]>
  /** After a commit of the ledger, also of one that this owner did not ask for. */
  committed(session: StoredSession): void
  /** The ledger met a row of it that does not verify. */
  foundTampered(id: SessionId): Promise<void>
}
export interface SessionQuery {
  readonly origin?: Origin
  readonly account?: Address
  readonly network?: NetworkId
}

export interface SessionNeeds {
  readonly ledger: Ledger
  /** Raised before a commit, read by the signer (keys/working-set.ts). */
  readonly stops: { stopSession(id: SessionId): void; letGo(id: SessionId): void }
  /** After each commit: screens, `sessionsChanged`, the working set. */
  readonly onChange: (session: StoredSession, before: StoredSession | undefined) => void
  /** The person switched all sessions off: none begins and none goes on. */
  readonly isOff?: () => boolean
}

export function createSessions({ ledger, stops, onChange, isOff = () => false }: SessionNeeds): Sessions {
  const known = new Map<SessionId, StoredSession>()
  const damaged = new Set<SessionId>()

  const committed = (session: StoredSession) => {
    const before = known.get(session.id)
    // Commits are told in any order; the row's own number says which is newer.
    if (before !== undefined && before.seq > session.seq) return
    known.set(session.id, session)
    onChange(session, before)
  }
  const change = (
    id: SessionId,
    act: (session: StoredSession, open: readonly JournalRow[]) => StoredSession | undefined,
  ) => ledger.change(id, act)
  const fits = (session: StoredSession, { origin, account, network }: SessionQuery) =>
    (origin === undefined || session.origin === origin) &&
    (account === undefined || session.account === account) &&
    (network === undefined || session.network === network)
  const list = (which: SessionQuery = {}) =>
    [...known.values()].filter((session) => fits(session, which)).sort((a, b) => b.createdAt - a.createdAt)

  const refuseOff = () => {
    if (isOff()) throw refused('SESSION_UNSUPPORTED', { feature: 'sessions' })
  }
  const pause = async (id: SessionId, reason: PauseReason) => {
    stops.stopSession(id)
    return change(id, (session) => pausedBy(session, reason))
  }

  return {
    load: async () => {
      const suspects: SessionId[] = []
      for (const { id, session, book } of await ledger.all()) {
        if (session === undefined || session.id !== id) {
          damaged.add(id)
          stops.stopSession(id)
          known.delete(id)
          continue
        }
        known.set(id, session)
        const whole = session.backing !== 'chain' || isWhole(session)
        if (book === undefined || !whole || !isConsistent(session, sha256)) suspects.push(id)
      }
      for (const id of suspects) await pause(id, 'storageTampered')
    },
    create: async (session, book, alongside, scheduling) => {
      refuseOff()
      if (narrows(session.effective, session.granted) !== true) throw new Error('the policy is wider than granted')
      await ledger.create(session, book, alongside, scheduling)
      stops.letGo(session.id)
    },
    replace: async (session, by, alongside, scheduling) => {
      refuseOff()
      if (narrows(session.effective, session.granted) !== true) throw new Error('the policy is wider than granted')
      stops.stopSession(by.replaces)
      try {
        await ledger.replace(session, by, alongside, scheduling)
      } catch (error) {
        // Nothing took its place: it goes on.
        if (known.get(by.replaces)?.state === 'active') stops.letGo(by.replaces)
        throw error
      }
      stops.letGo(session.id)
    },
    get: (id) => known.get(id),
    list,
    live: (origin, account, network) =>
      list({
        origin,
        ...(account === undefined ? {} : { account }),
        ...(network === undefined ? {} : { network }),
      }).filter(({ state }) => state === 'active' || state === 'paused'),
    pause,
    resume: async (id, by) => {
      const resumed = await change(id, (session) => {
        // Looked at inside the change: whoever switches off afterwards finds it running, and pauses it.
        if (session.state !== 'paused' || isOff()) return undefined
        const reason = session.pause ?? 'person'
        if (isFinal(reason) || (by === 'site' && reason !== 'site')) return undefined
        const { pause: _pause, ...rest } = session
        return { ...rest, state: 'active' }
      })
      if (resumed?.state !== 'active') return undefined
      stops.letGo(id)
      return resumed
    },
    narrow: (id, next, more) =>
      change(id, (session) => {
        const policy = next(session)
        if (policy === undefined) return undefined
        const wider = narrows(policy, session.effective)
        if (wider !== true) throw new Error(`wider at ${wider.join(', ')}`)
        const messages = more?.messages?.(session)
        return {
          ...session,
          effective: policy,
          ...(more?.runWhileLocked === false ? { runWhileLocked: false } : {}),
          ...(messages === undefined ? {} : { messages }),
        }
      }),
    restore: (id) => change(id, (session) => ({ ...session, effective: session.granted })),
    revoke: async (id, at, onChain, endedFor) => {
      stops.stopSession(id)
      return change(id, (session) => {
        if (session.state === 'revoked' || session.state === 'superseded') {
          // Ended here before; the chain may still be told, or again.
          const untold = session.onChain === undefined || session.onChain.state === 'failed'
          return onChain && untold && session.chain !== undefined
            ? { ...session, onChain: { state: 'wanted' } }
            : undefined
        }
        const { pause: _pause, ...rest } = session
        return {
          ...rest,
          state: 'revoked',
          endedAt: session.endedAt ?? at,
          ...(endedFor === undefined ? {} : { endedFor }),
          ...(endedFor === 'revoked' ? { onChain: { state: 'done' } } : {}),
          ...(onChain && session.chain !== undefined ? { onChain: { state: 'wanted' } } : {}),
        }
      })
    },
    onChain: async (id, state) => {
      // What the chain has said is not taken back by a later note of ours.
      await change(id, (session) => (session.onChain?.state === 'done' ? undefined : { ...session, onChain: state }))
    },
    pauseAll: async (which, reason, rests = () => true) => {
      const paused: StoredSession[] = []
      const all = list(which).filter((it) => (it.state === 'active' || it.state === 'paused') && rests(it))
      for (const { id } of all) stops.stopSession(id)
      for (const { id } of all) {
        const session = await change(id, (it) => pausedBy(it, reason))
        if (session !== undefined) paused.push(session)
      }
      return paused
    },
    committed,
    foundTampered: async (id) => {
      stops.stopSession(id)
      // Met at every reading of the damaged row; the pause is written once.
      if (damaged.has(id) || known.get(id)?.pause === 'storageTampered') return
      try {
        await change(id, (session) => pausedBy(session, 'storageTampered'))
      } catch {
        // Its own row is the damaged one: it is not written over, and it signs nothing in this worker's life.
        damaged.add(id)
        known.delete(id)
      }
    },
  }
}
