import { padded } from '../core/felt.ts'
import { meters, pausedBy, statusOf } from '../core/policy/meters.ts'
import { printPolicy } from '../core/policy/wire-print.ts'
import type { SessionInfo } from '../core/protocol/session-info.ts'
import type { StoredSession } from '../core/records.ts'
import { askedNow } from '../core/session.ts'
import type { UnixSeconds } from '../core/time.ts'
import { outsideTypedData } from '../starknet/outside.ts'
import { holdsOf } from './sending/journal.ts'
import type { Ledger } from './sending/ledger.ts'

export interface SessionPrint {
  /** A session as its site reads it; `undefined` when its rows are gone. */
  info(session: StoredSession): Promise<SessionInfo | undefined>
}

export interface PrintNeeds {
  readonly ledger: Ledger
  readonly now: (session: StoredSession) => Promise<UnixSeconds>
  readonly keysOf: (session: StoredSession) => { readonly unlocked: boolean; readonly workingSet: boolean }
}

/** What a site reads about its sessions (provider.md 7.2): addresses and hashes padded, amounts decimal, never a key. */
export function createSessionPrint({ ledger, now, keysOf }: PrintNeeds): SessionPrint {
  return {
    info: async ({ id }) => {
      const state = await ledger.state(id)
      if (state === undefined) return undefined
      const { session, book, open } = state
      const at = await now(session)
      const facts = keysOf(session)
      const status = statusOf(session, book, at, facts)
      const by = status === 'paused' ? pausedBy(session, facts) : undefined
      return {
        id: session.id,
        status,
        ...(by === undefined ? {} : { paused_by: by }),
        ...(session.replaces === undefined ? {} : { replaces: session.replaces }),
        ...(session.replacedBy === undefined ? {} : { replaced_by: session.replacedBy }),
        chain_id: session.chainId,
        account: padded(session.account),
        key: printKey(session.key),
        ...(session.tag === undefined ? {} : { tag: session.tag }),
        ...(session.label === undefined ? {} : { label: session.label }),
        created_at: session.createdAt,
        ...(session.lastUsedAt === undefined ? {} : { last_used_at: session.lastUsedAt }),
        policy: printPolicy(session.effective, askedNow(session).messages),
        narrowed: session.narrowed,
        meters: meters(session, book, holdsOf(open), at, facts),
        runs_while_locked: session.runWhileLocked,
        backing: session.backing,
        chain: chainOf(session),
        ...(session.scheduled === undefined
          ? {}
          : {
              scheduled: session.scheduled.map(({ signature, ...outside }) => ({
                outside_execution: outsideTypedData({ ...outside, chainId: session.chainId, account: session.account }),
                signature,
              })),
            }),
        ...(session.setup.length === 0
          ? {}
          : { setup: session.setup.map(({ step, hash }) => ({ step, transaction_hash: padded(hash) })) }),
      }
    },
  }
}

function printKey(key: StoredSession['key']): SessionInfo['key'] {
  if (key.by === 'wallet') return { held_by: 'wallet' }
  if (key.by === 'agent') return { held_by: 'agent', public_key: key.publicKey, label: key.label }
  const { publicKey } = key
  return { held_by: 'dapp', ...(publicKey === undefined ? {} : { public_key: publicKey }) }
}

function chainOf({ chain, key, onChain }: StoredSession): SessionInfo['chain'] {
  if (chain === undefined) return null
  return {
    session_hash: padded(chain.sessionHash),
    expires_at: chain.expiresAt,
    allowed_methods: chain.methods.map(([contract, selector]) => ({ contract_address: padded(contract), selector })),
    allowed_methods_root: chain.root,
    metadata: chain.metadata,
    session_key_guid: key.guid,
    ...(key.by === 'wallet' ? {} : { authorization: chain.authorization }),
    ...(onChain?.hash === undefined ? {} : { revoked_in: padded(onChain.hash) }),
  }
}
