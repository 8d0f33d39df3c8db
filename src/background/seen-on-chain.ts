/**
 * What the chain says of a session that somebody looks at (approval-ux.md 10): whether it is revoked, whether the keys that
 * signed it are still the account's, whether its class and those of the contracts it is for are the same. What cannot run any
 * more is ended here too; what a node did not say changes nothing.
 */
import type { Felt } from '../core/felt.ts'
import type { SessionId, SessionPolicy } from '../core/policy/policy.ts'
import { pinsOf } from '../core/policy/standing.ts'
import type { NetworkId, StoredSession } from '../core/records.ts'
import type { Seconds, UnixSeconds } from '../core/time.ts'
import type { Node } from '../platform/node.ts'
import { isNodeError, nodeError } from '../platform/node-error.ts'
import { ARGENT_0_5_0, getGuardianCall, getOwnerCall, isSessionRevokedCall } from '../starknet/accounts.ts'
import { readAuthorization } from '../starknet/session-token.ts'
import type { Sessions } from './owners/sessions.ts'
import { implementationOf } from './proxies.ts'

export interface SeenOnChain {
  /** Of the last whole answer; absent: there was none yet. */
  readonly at?: UnixSeconds
  /** The last try got none. */
  readonly failed: boolean
  readonly wrong?: 'revoked' | 'guardian' | 'owner' | 'class' | 'code'
}

export interface Looks {
  /** Asks the chain; a node that is silent is noted. */
  look(session: StoredSession): Promise<void>
  of(id: SessionId): SeenOnChain | undefined
}

export interface LookNeeds {
  readonly node: (network: NetworkId) => Promise<Asked>
  readonly sessions: Pick<Sessions, 'get' | 'pause' | 'onChain'>
  /** Here, at once and durable. */
  readonly end: (session: StoredSession, endedFor: NonNullable<StoredSession['endedFor']>) => Promise<unknown>
  readonly now: () => UnixSeconds
  readonly changed: () => void
}

type Asked = Pick<Node, 'call' | 'classHashAt' | 'storageAt'>

/** A node may be that far behind the block in which a session's own second key was set. */
const GRACE: Seconds = 120

export function createLooks({ node, sessions, end, now, changed }: LookNeeds): Looks {
  const seen = new Map<SessionId, SeenOnChain>()
  const asking = new Map<SessionId, Promise<void>>()

  const ask = async (session: StoredSession): Promise<void> => {
    const { id, chain } = session
    if (chain === undefined) return
    const before = seen.get(id)
    let answer: Answer
    try {
      answer = await read(await node(session.network), session, chain)
    } catch (error) {
      if (!isNodeError(error)) throw error
      seen.set(id, { ...before, failed: true })
      return
    }
    const wrong = wrongWith(answer, session, chain)
    // Its own block may not be there yet: only what nobody can take back counts so early, and nothing is said of the rest.
    if (wrong !== undefined && wrong !== 'revoked' && now() - session.createdAt < GRACE) {
      seen.set(id, { ...before, failed: true })
      return
    }
    seen.set(id, { at: now(), failed: false, ...(wrong === undefined ? {} : { wrong }) })
    if (wrong !== undefined) await follow(id, wrong, answer)
  }

  const follow = async (id: SessionId, wrong: NonNullable<SeenOnChain['wrong']>, answer: Answer): Promise<void> => {
    // As it is by now: it may have ended while the node was asked.
    const session = sessions.get(id)
    if (session === undefined) return
    const live = session.state === 'active' || session.state === 'paused'
    if (wrong === 'class') {
      if (live) await sessions.pause(id, answer.classHash === ARGENT_0_5_0 ? 'codeChanged' : 'accountChanged')
    } else if (wrong === 'code') {
      if (live) await sessions.pause(id, 'codeChanged')
    } else if (live) await end(session, wrong)
    else if (wrong === 'revoked' && session.onChain?.state !== 'done')
      await sessions.onChain(id, { ...session.onChain, state: 'done' })
  }

  return {
    look: (session) => {
      const same = asking.get(session.id)
      if (same !== undefined) return same
      const work = ask(session).finally(() => {
        asking.delete(session.id)
        changed()
      })
      asking.set(session.id, work)
      return work
    },
    of: (id) => seen.get(id),
  }
}

interface Answer {
  readonly revoked: boolean
  readonly guardian: Felt
  readonly owner: Felt
  readonly classHash: Felt
  readonly changed: boolean
}
type Chain = NonNullable<StoredSession['chain']>

/** @throws NodeError, also for an answer that is none */
async function read(node: Asked, { account, effective }: StoredSession, { sessionHash }: Chain): Promise<Answer> {
  const [revoked, guardian, owner, classHash, changed] = await Promise.all([
    node.call(isSessionRevokedCall(account, sessionHash)),
    node.call(getGuardianCall(account)),
    node.call(getOwnerCall(account)),
    node.classHashAt(account),
    hasChanged(node, effective),
  ])
  const [isRevoked, key, own] = [revoked[0], guardian[0], owner[0]]
  const isWhole = (isRevoked === '0x0' || isRevoked === '0x1') && key !== undefined && own !== undefined
  if (!isWhole || classHash === undefined) throw notSaid()
  return { revoked: isRevoked === '0x1', guardian: key, owner: own, classHash, changed }
}

/** Whether one of the contracts that a session is pinned to does something else now. */
async function hasChanged(node: Asked, policy: SessionPolicy): Promise<boolean> {
  const found = await Promise.all(
    [...pinsOf(policy)].map(async ([contract, all]) => {
      const pins = all.filter(({ onChange }) => onChange === 'pause')
      if (pins.length === 0) return false
      const [now, behind] = await Promise.all([
        node.classHashAt(contract),
        pins.some(({ impl }) => impl !== undefined) ? implementationOf(node, contract) : undefined,
      ])
      if (now === undefined) throw notSaid()
      return pins.some(({ classHash, impl }) => now !== classHash || (impl !== undefined && behind !== impl))
    }),
  )
  return found.includes(true)
}

/** The worst first: what nothing can bring back. */
function wrongWith(answer: Answer, session: StoredSession, { authorization }: Chain): SeenOnChain['wrong'] {
  const signed = readAuthorization(authorization)
  if (answer.revoked) return 'revoked'
  if (answer.guardian !== signed.guardianPublicKey) return 'guardian'
  if (answer.owner !== signed.ownerPublicKey) return 'owner'
  if (answer.classHash !== session.accountClass) return 'class'
  return answer.changed ? 'code' : undefined
}

function notSaid(): Error {
  return nodeError('garbage', ['session'])
}
