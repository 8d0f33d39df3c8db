/**
 * How the wallet comes to be, opens and closes: the vault, the working set and what must follow each change of them
 * (security.md 7). Screens' verbs call it; nothing else unlocks.
 */
import type { Origin, SessionId } from '../core/policy/policy.ts'
import type { AccountRecord, Settings, StoredSession } from '../core/records.ts'
import type { UnixSeconds } from '../core/time.ts'
import { createGuard, type Database } from '../platform/database.ts'
import { ARGENT_0_4_0 } from '../starknet/accounts.ts'
import { publicKey } from '../starknet/curve.ts'
import { accountAddress } from '../starknet/deploy.ts'
import type { Cold } from './doors.ts'
import { guardianSecretId, ownerSecretId } from './keys/signer.ts'
import type { Lockout, Opened, Vault, WeakPassword } from './keys/vault.ts'
import type { LockState, Running, StopFlags, WorkingSet } from './keys/working-set.ts'
import type { Approvals } from './owners/approvals.ts'
import type { History } from './owners/history.ts'
import type { Networks } from './owners/networks.ts'
import type { Sessions } from './owners/sessions.ts'
import type { SettingsOwner } from './owners/settings.ts'
import type { NotedEnd, Stops } from './owners/stops.ts'

export interface Unlocking {
  /** `new`: no wallet yet. */
  state(): Promise<LockState | 'new'>
  /** A wallet from a phrase: its first account, under a password. Ends unlocked. */
  create(wanted: {
    readonly password: string
    readonly phrase: string
    readonly name: string
    readonly backupChecked: boolean
  }): Promise<
    { readonly ok: true; readonly account: AccountRecord } | { readonly ok: false; readonly weak: WeakPassword }
  >
  unlock(password: string): Promise<{ readonly ok: true } | NotOpened>
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
  /** A session starts or goes on: its keys come into the working set. */
  keep(session: StoredSession): Promise<void>
  /** A session that ended has no use for its keys: by its clock, or in a worker that died before it destroyed them. */
  dropEnded(): Promise<void>
  /** An unlock that is under way is through. */
  settled(): Promise<void>
  /** The same for a worker that starts while the wallet is open or sessions run. */
  wake(): Promise<void>
}
export type NotOpened = { readonly ok: false; readonly kind: 'wrongPassword' | 'wait' } & Lockout

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
  /** Open rows of the journal are finished before anything new is signed. */
  readonly recover: () => Promise<void>
  readonly changed: () => void
}

export function createUnlocking(needs: UnlockingNeeds): Unlocking {
  const { db, vault, workingSet, stops, records, sessions, networks, approvals, settings, cold, now, changed } = needs
  const dropped = new Set<StoredSession['id']>()
  let opening: Promise<void> = Promise.resolve()

  const state = async (): Promise<LockState | 'new'> => {
    await workingSet.load()
    const held = workingSet.state(now())
    // Only a vault that is there was ever opened.
    return held === 'asleep' && !(await vault.exists()) ? 'new' : held
  }

  const runningOf = async (session: StoredSession): Promise<Running | undefined> => {
    const sessionSubkey = workingSet.sessionSubkey(now())
    const guardianSubkey = workingSet.guardianSubkey(now())
    const account = (await needs.accounts()).find((it) => it.address === session.account)
    if (sessionSubkey === undefined || guardianSubkey === undefined || account === undefined) return undefined
    const sessionKey = await vault.openSecret('session', session.id, sessionSubkey)
    const guardianKey = await vault.openSecret(
      'guardian',
      guardianSecretId(account.address, account.guardian.generation),
      guardianSubkey,
    )
    if (sessionKey === undefined || guardianKey === undefined) return undefined
    return { account: session.account, session: session.id, sessionKey, guardianKey }
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
  const opened = async (keys: Opened, chosen: Settings): Promise<void> => {
    await workingSet.onUnlock(keys, [], { now: now(), autoLock: chosen.autoLock })
    await db.trustWall()
    await loadRows()
    for (const session of sessions.list()) await keep(session)
    await needs.recover()
    await approvals.unlocked()
    changed()
  }

  /** Requests of sites wait for it: half opened, the wallet would look as if nothing ran. */
  const open = (keys: Opened, chosen: Settings): Promise<void> => {
    const work = opened(keys, chosen)
    opening = work.catch(() => undefined) // Who unlocked is told.
    return work
  }

  return {
    state,
    create: async ({ password, phrase, name, backupChecked }) => {
      const keys = cold().openPhrase(phrase)
      try {
        const ownerKey = keys.owner(0)
        const guardianKey = keys.guardian(0, 0)
        const ownerPublicKey = publicKey(ownerKey)
        const account: AccountRecord = {
          address: accountAddress({ classHash: ARGENT_0_4_0, ownerPublicKey }),
          name,
          index: 0,
          classHash: ARGENT_0_4_0,
          ownerPublicKey,
          guardian: { publicKey: publicKey(guardianKey), generation: 0 },
          createdAt: now(),
        }
        const made = await vault.create({
          password,
          phrase,
          secrets: [
            { kind: 'owner', id: ownerSecretId(account.address), bytes: ownerKey },
            { kind: 'guardian', id: guardianSecretId(account.address, 0), bytes: guardianKey },
          ],
          also: {
            stores: ['accounts'],
            write: async (tx, { vaultId, keys: { state: macKey } }) => {
              await createGuard({ vaultId, macKey }).put(tx, 'accounts', account.address, account)
            },
          },
        })
        if (!made.ok) return made
        const chosen = await settings.set({ backupChecked })
        await open(made.value, chosen)
        return { ok: true, account }
      } finally {
        keys.wipe()
      }
    },
    unlock: async (password) => {
      const tried = await vault.unlock(password)
      if (!tried.ok) return tried
      await open(tried.value, await settings.get())
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
