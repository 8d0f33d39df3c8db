/**
 * How the wallet comes to be, opens and closes: the vault, the working set and what must follow each change of them
 * (security.md 7). Screens' verbs call it; nothing else unlocks.
 */
import { guardianKey, isOwn } from '../core/account.ts'
import type { ClassHash, Felt } from '../core/felt.ts'
import type { Origin, SessionId } from '../core/policy/policy.ts'
import type { Proof } from '../core/protocol/ui.ts'
import type { AccountRecord, OwnAccount, PhraseScheme, StoredSession } from '../core/records.ts'
import type { UnixSeconds } from '../core/time.ts'
import { createGuard, type Database, isTampered, STORES } from '../platform/database.ts'
import { wipe } from '../platform/secret-box.ts'
import { readAuthorization } from '../starknet/session-token.ts'
import type { Cold } from './doors.ts'
import { guardianSecretId } from './keys/signer.ts'
import type { Lockout, NewVault, Opened, Vault, WeakPassword } from './keys/vault.ts'
import type { LockState, Running, StopFlags, WorkingSet } from './keys/working-set.ts'
import { type NewAccount, newAccount } from './new-account.ts'
import type { Approvals } from './owners/approvals.ts'
import type { History } from './owners/history.ts'
import type { Networks } from './owners/networks.ts'
import type { Sessions } from './owners/sessions.ts'
import { beginRules, type SettingsOwner } from './owners/settings.ts'
import type { NotedEnd, Stops } from './owners/stops.ts'

export interface Unlocking {
  /** `new`: no wallet yet. */
  state(): Promise<LockState | 'new'>
  /** A wallet from a phrase: its first accounts, under a password. Ends unlocked. @throws Error without any */
  create(wanted: {
    readonly password: string
    readonly phrase: string
    /** In their order; the first one is selected. */
    readonly accounts: readonly FirstAccount[]
    readonly backupChecked: boolean
    /** In the place of the wallet that is here. */
    readonly replaces?: boolean
  }): Promise<{ readonly ok: true; readonly account: OwnAccount } | { readonly ok: false; readonly weak: WeakPassword }>
  /** A wallet from what a backup holds, its rows in the same transaction. Ends unlocked. */
  restore(from: NewVault): Promise<{ readonly ok: true } | { readonly ok: false; readonly weak: WeakPassword }>
  unlock(proof: Proof): Promise<{ readonly ok: true } | NotOpened>
  /** Memory first. Sessions that may not run while locked lose their keys; waiting questions end. */
  lock(): Promise<void>
  /** Every session stops, at once and in every state; asleep it is noted and done first thing at the unlock. */
  stopAll(): Promise<readonly SessionId[]>
  /**
   * A site ends its own session, or disconnects, before anything of it can be checked: noted, and done first thing at the
   * unlock. `awake`: everything can be checked, so it is done where it is always done.
   */
  endAsleep(origin: Origin, session: SessionId, onChain: boolean): Promise<'noted' | 'unknown' | 'awake'>
  disconnectAsleep(origin: Origin): Promise<'noted' | 'awake'>
  /** Whether the site has a grant, also before anything of it can be checked: told to it, and trusted for nothing else. */
  isConnected(origin: Origin): Promise<boolean>
  /** A session starts or goes on: its keys come into the working set. */
  keep(session: StoredSession): Promise<void>
  /** A session that ended has no use for its keys: by its clock, or in a worker that died before it destroyed them. */
  dropEnded(): Promise<void>
  /** An unlock that is under way is through. */
  settled(): Promise<void>
  /** The same for a worker that starts while the wallet is open or sessions run. */
  wake(): Promise<void>
}
/** An account of the phrase that a new wallet begins with. */
export interface FirstAccount {
  readonly name: string
  readonly scheme: PhraseScheme
  readonly index: number
  readonly generation: number
  readonly classHash: ClassHash
  readonly implementation?: Felt
}
export type NotOpened = { readonly ok: false; readonly kind: 'wrongPassword' | 'wrongPasskey' | 'wait' } & Lockout

export interface UnlockingNeeds {
  readonly db: Database
  readonly vault: Vault
  readonly workingSet: WorkingSet
  readonly stops: StopFlags
  readonly records: Stops
  readonly sessions: Sessions
  readonly networks: Networks
  readonly approvals: Approvals
  readonly settings: SettingsOwner
  readonly accounts: () => Promise<readonly AccountRecord[]>
  readonly history: Pick<History, 'add'>
  /** A site's grant ends and its sessions pause. */
  readonly endGrant: (origin: Origin) => Promise<unknown>
  readonly cold: Cold
  readonly now: () => UnixSeconds
  /** What the journal's indexes would not find is found by reading all of it: once, when it is opened. */
  readonly audit: () => Promise<void>
  /** Open rows of the journal are finished before anything new is signed. */
  readonly recover: () => Promise<void>
  readonly changed: () => void
}

export function createUnlocking(needs: UnlockingNeeds): Unlocking {
  const { db, vault, workingSet, stops, records, sessions, networks, approvals, settings, cold, now, changed } = needs
  const dropped = new Set<StoredSession['id']>()
  let opening: Promise<void> = Promise.resolve()

  const firstAccounts = (phrase: string, accounts: readonly FirstAccount[]): readonly NewAccount[] => {
    const opened = new Map<PhraseScheme, ReturnType<ReturnType<Cold>['openPhrase']>>()
    try {
      return accounts.map(({ scheme, index, generation, ...rest }, order) => {
        const keys = opened.get(scheme) ?? cold().openPhrase(phrase, scheme)
        opened.set(scheme, keys)
        return newAccount({
          ...rest,
          owner: { from: 'phrase', scheme, index },
          ownerKey: keys.owner(index),
          guardianKeys: Array.from({ length: generation + 1 }, (_, n) => keys.guardian(index, n)),
          order,
          createdAt: now(),
        })
      })
    } finally {
      for (const keys of opened.values()) keys.wipe()
    }
  }

  const state = async (): Promise<LockState | 'new'> => {
    await workingSet.load()
    const held = workingSet.state(now())
    // Only a vault that is there was ever opened.
    return held === 'asleep' && !(await vault.exists()) ? 'new' : held
  }

  const runningOf = async (session: StoredSession): Promise<Running | undefined> => {
    const sessionSubkey = workingSet.sessionSubkey(now())
    const guardianSubkey = workingSet.guardianSubkey(now())
    const account = (await needs.accounts()).filter(isOwn).find((it) => it.address === session.account)
    if (sessionSubkey === undefined || guardianSubkey === undefined || account === undefined) return undefined
    // Of the generation that signed it, which another network's chain may have left behind.
    const signed = session.chain && readAuthorization(session.chain.authorization).guardianPublicKey
    const guardian = signed && guardianKey(account, signed)
    if (guardian === undefined) return undefined
    // A site that holds the key itself is answered with the second key alone.
    const sessionKey =
      session.key.by === 'wallet' ? await vault.openSecret('session', session.id, sessionSubkey) : new Uint8Array(0)
    const second = await vault.openSecret(
      'guardian',
      guardianSecretId(account.address, guardian.generation),
      guardianSubkey,
    )
    if (sessionKey === undefined || second === undefined) return undefined
    return { guardian: guardian.publicKey, session: session.id, sessionKey, guardianKey: second }
  }
  const keep = async (session: StoredSession): Promise<void> => {
    if (!session.runWhileLocked || session.state !== 'active' || session.backing !== 'chain') return
    if (session.effective.validUntil <= now()) return
    const running = await runningOf(session)
    if (running !== undefined) await workingSet.addSession(running)
  }

  /** Rows into memory, what was noted before them: nothing of it may sign in between. Says what it paused that would still run. */
  const loadRows = async (): Promise<readonly SessionId[]> => {
    const noted = await records.noted()
    if (noted.all) stops.stopAll()
    for (const { session } of noted.ends) stops.stopSession(session)
    const guard = workingSet.guard()
    if (guard !== undefined) await db.read(['meta'], guard.recall)
    await networks.load()
    await sessions.load()
    for (const it of noted.ends) await end(it)
    for (const origin of noted.disconnects) await needs.endGrant(origin)
    const stopped = noted.all ? await sessions.pauseAll({}, 'person') : []
    if (noted.all) await workingSet.removeAllSessions()
    await records.done(noted)
    return stopped.filter(({ effective }) => effective.validUntil > now()).map(({ id }) => id)
  }

  /** The chain is told with what else waits for the unlock. */
  const end = async ({ session: id, origin, onChain, at }: NotedEnd): Promise<void> => {
    const session = sessions.get(id)
    if (session?.origin !== origin) return
    await sessions.revoke(id, at, onChain)
    await workingSet.removeSession(id)
    await vault.dropSecret('session', id)
    if (session.state === 'revoked' || session.state === 'superseded') return
    const { network, account } = session
    await needs.history.add({ network, account, origin, session: id, event: { kind: 'session', what: 'ended' } })
  }

  const isAwake = async (): Promise<boolean> => {
    await workingSet.load()
    if (workingSet.guard() === undefined) return false
    await opening
    return true
  }

  /** An unlock that came in between may have read the notes before the last one. */
  const loadIfOpened = async (): Promise<void> => {
    if (workingSet.guard() !== undefined) await loadRows()
  }

  /** What follows an unlock, in this order: stops first, then what may run. */
  const opened = async (keys: Opened): Promise<void> => {
    const guard = createGuard({ vaultId: keys.vaultId, macKey: keys.keys.state })
    await db.read(STORES, guard.audit)
    const { autoLock } = await settings.get(guard)
    await workingSet.onUnlock(keys, [], { now: now(), autoLock })
    await db.trustWall()
    await loadRows()
    for (const session of sessions.list())
      await keep(session).catch((error: unknown) => {
        // Keys of its own that are not as they were sealed: it stops, and nothing else.
        if (!isTampered(error)) throw error
        return sessions.foundTampered(session.id)
      })
    await needs.audit()
    await needs.recover()
    await approvals.unlocked()
    changed()
  }

  /** Requests of sites wait for it: half opened, the wallet would look as if nothing ran. */
  const open = (keys: Opened): Promise<void> => {
    const work = opened(keys)
    opening = work.catch(() => workingSet.lock()) // Half opened is not open; who unlocked is told.
    return work.catch(async (error: unknown) => {
      await opening
      throw error
    })
  }

  return {
    state,
    create: async ({ password, phrase, accounts, backupChecked, replaces = false }) => {
      const made = firstAccounts(phrase, accounts)
      const [first] = made
      if (first === undefined) throw new Error('a wallet without an account')
      const secrets = made.flatMap((it) => it.secrets)
      try {
        const created = await vault.create({
          password,
          phrase,
          replaces,
          secrets,
          also: {
            stores: ['accounts', 'settings'],
            write: async (tx, { vaultId, keys: { state: macKey } }) => {
              const guard = createGuard({ vaultId, macKey })
              await beginRules(tx, guard, { backupChecked })
              for (const { account } of made) await guard.put(tx, 'accounts', account.address, account)
            },
          },
        })
        if (!created.ok) return created
        await open(created.value)
        return { ok: true, account: first.account }
      } finally {
        wipe(...secrets.map(({ bytes }) => bytes))
      }
    },
    restore: async (from) => {
      const made = await vault.create(from)
      if (!made.ok) return made
      await open(made.value)
      return { ok: true }
    },
    unlock: async (proof) => {
      const tried = await vault.unlock(proof)
      if (!tried.ok) return tried
      await open(tried.value)
      return { ok: true }
    },
    lock: async () => {
      await workingSet.lock()
      for (const session of sessions.list()) if (!session.runWhileLocked) await workingSet.removeSession(session.id)
      await approvals.end(({ question }) => question.kind !== 'unlock', 'context')
      await approvals.endRunning(({ begun }) => begun !== true, 'context')
      changed()
    },
    stopAll: async () => {
      stops.stopAll()
      // Noted first: a worker that dies from here on finds it, whatever it had read.
      await records.all()
      await workingSet.load()
      await approvals.endRunning(() => true, 'context')
      return workingSet.guard() === undefined ? [] : loadRows()
    },
    endAsleep: async (origin, session, onChain) => {
      if (await isAwake()) return 'awake'
      if (!(await records.mayEnd(origin, session))) return 'unknown'
      stops.stopSession(session)
      await records.end({ origin, session, onChain })
      await loadIfOpened()
      return 'noted'
    },
    disconnectAsleep: async (origin) => {
      if (await isAwake()) return 'awake'
      if (await records.hasGrant(origin)) await records.disconnect(origin)
      await loadIfOpened()
      return 'noted'
    },
    isConnected: records.hasGrant,
    keep,
    dropEnded: async () => {
      for (const { id, effective, state } of sessions.list()) {
        const isOver = state === 'revoked' || state === 'superseded' || effective.validUntil <= now()
        if (!isOver || dropped.has(id)) continue
        await workingSet.removeSession(id)
        await vault.dropSecret('session', id)
        dropped.add(id)
      }
    },
    settled: () => opening,
    wake: async () => {
      await workingSet.load()
      if (workingSet.guard() === undefined) return
      await loadRows()
      await needs.recover()
    },
  }
}
