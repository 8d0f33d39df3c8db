/**
 * What sessions need while the wallet is locked, and what "unlocked" means (security.md 7.4, 7.5).
 *
 * Both parts lie in `storage.session`, sealed under W, a key that code can use and nobody can read, in IndexedDB. So a dump
 * of either place opens nothing, and after a browser start, which empties `storage.session`, W is deleted before anything
 * else is read. In memory they are plain, because the signer's last look must not wait for anything.
 */
import type { Felt } from '../../core/felt.ts'
import type { SessionId } from '../../core/policy/policy.ts'
import type { Seconds, UnixSeconds } from '../../core/time.ts'
import { createGuard, type Database, type Guard } from '../../platform/database.ts'
import { bytesOf, hexOf, joined, newWrapKey, open, seal, utf8, wipe } from '../../platform/secret-box.ts'
import type { Opened } from './vault.ts'

/** `storage.session`: JSON values, gone with the browser. */
export interface SessionArea {
  get(key: string): Promise<unknown>
  set(key: string, value: unknown): Promise<void>
  remove(key: string): Promise<void>
}
/**
 * One on-chain session that may run while locked. Keys are 32 bytes, that of a session whose site holds it none; `guardian` is
 * the public one of its second key.
 */
export interface Running {
  readonly guardian: Felt
  readonly session: SessionId
  readonly sessionKey: Uint8Array
  readonly guardianKey: Uint8Array
}
/** `asleep`: not unlocked since the browser started, so nothing signs. */
export type LockState = 'asleep' | 'locked' | 'unlocked'

interface Needs {
  readonly db: Database
  readonly area: SessionArea
  /** A tidying write that nobody waits for has failed. */
  readonly report: (error: unknown) => void
}
interface Working {
  readonly vaultId: string
  readonly macKey: Uint8Array
  readonly guardians: Map<Felt, Uint8Array>
  readonly sessions: Map<SessionId, { readonly guardian: Felt; readonly key: Uint8Array }>
}
type Subkey = 'owner' | 'guardian' | 'session'
interface Unlocked {
  readonly keys: Readonly<Record<Subkey, Uint8Array>>
  /** Seconds without a trusted input until the lock; absent: when the browser closes. */
  autoLock: Seconds | undefined
  touchedAt: UnixSeconds
  /** The highest wall clock seen while unlocked. */
  seenAt: UnixSeconds
}

export type WorkingSet = ReturnType<typeof createWorkingSet>

const MARK = 'mark'
const WORKING = 'working'
const UNLOCKED = 'unlocked'
const WRAP = 'wrap'
/** A wall clock further behind than this is not believed, s. */
const CLOCK_BACK: Seconds = 300

export function createWorkingSet({ db, area, report }: Needs) {
  let loading: Promise<void> | undefined
  let loaded = false
  let first = false
  let wrapKey: CryptoKey | undefined
  let working: Working | undefined
  let unlocked: Unlocked | undefined
  let guard: { readonly of: Working; readonly made: Guard } | undefined
  // Writes go one after the other, and each writes what is true when its turn comes.
  let turn: Promise<void> = Promise.resolve()

  const inTurn = (act: () => Promise<void>): Promise<void> => {
    const mine = turn.then(act)
    turn = mine.catch(() => undefined) // Its caller gets the error; the next turn does not.
    return mine
  }

  /** Awaited by every event of a worker before it asks anything else here; runs once. */
  const load = (): Promise<void> => {
    loading ??= inTurn(readAll).catch((error: unknown) => {
      loading = undefined
      throw error
    })
    return loading
  }

  const readAll = async (): Promise<void> => {
    if ((await area.get(MARK)) === undefined) {
      first = true
      await forgetAll()
      await area.set(MARK, 1)
    } else {
      const wrap = await db.read(['keys'], (tx) => tx.get('keys', WRAP))
      if (wrap !== undefined) {
        wrapKey = wrap as CryptoKey // Only `onUnlock` writes this row.
        working = readWorking(await unseal(WORKING))
        if (working !== undefined) unlocked = readUnlocked(await unseal(UNLOCKED))
      }
      // What does not open is not ours: as after a browser start.
      if (working === undefined) await forgetAll()
    }
    loaded = true
  }

  const forgetAll = async (): Promise<void> => {
    await db.write(['keys'], 'strict', (tx) => tx.delete('keys', WRAP))
    wrapKey = undefined
    await area.remove(WORKING)
    await area.remove(UNLOCKED)
  }

  const unseal = async (name: string): Promise<ReadonlyMap<string, Uint8Array> | undefined> => {
    const stored = await area.get(name)
    if (wrapKey === undefined || !isSealedText(stored)) return undefined
    const [iv, ct] = [bytesOf(stored.iv), bytesOf(stored.ct)]
    if (iv === undefined || ct === undefined) return undefined
    const plain = await open(wrapKey, { iv, ct }, ['latchkey/1', name])
    if (plain === undefined) return undefined
    const members = unpack(plain)
    wipe(plain)
    return members
  }

  const store = async (
    name: string,
    members: readonly (readonly [string, Uint8Array])[] | undefined,
  ): Promise<void> => {
    if (wrapKey === undefined || members === undefined) {
      await area.remove(name)
      return
    }
    const plain = pack(members)
    const { iv, ct } = await seal(wrapKey, plain, ['latchkey/1', name])
    wipe(plain)
    await area.set(name, { iv: hexOf(iv), ct: hexOf(ct) })
  }
  const storeWorking = () => inTurn(() => store(WORKING, working && workingMembers(working)))
  const storeUnlocked = () => inTurn(() => store(UNLOCKED, unlocked && unlockedMembers(unlocked)))

  const forgetUnlocked = () => {
    if (unlocked !== undefined) wipe(...Object.values(unlocked.keys))
    unlocked = undefined
  }

  const isUnlocked = (now: UnixSeconds): boolean => {
    if (!loaded) throw new Error('working set is not loaded')
    if (unlocked === undefined) return false
    const { autoLock, touchedAt, seenAt } = unlocked
    const over = autoLock !== undefined && now >= touchedAt + autoLock
    if (over || now < seenAt - CLOCK_BACK) {
      forgetUnlocked()
      storeUnlocked().catch(report)
      return false
    }
    unlocked.seenAt = Math.max(seenAt, now)
    return true
  }

  const subkey = (name: Subkey, now: UnixSeconds): Uint8Array | undefined =>
    isUnlocked(now) ? unlocked?.keys[name] : undefined

  /** Takes the keys over: the caller's arrays are wiped with ours. */
  const put = (set: Working, { guardian, session, sessionKey, guardianKey }: Running) => {
    const before = set.guardians.get(guardian)
    if (before !== undefined && before !== guardianKey) wipe(before)
    set.guardians.set(guardian, guardianKey)
    set.sessions.set(session, { guardian, key: sessionKey })
  }

  return {
    load,

    /** A fresh W, and under it what `opened` and the running sessions bring. Rejects when a write did not get in. */
    async onUnlock(
      opened: Opened,
      running: readonly Running[],
      when: { readonly now: UnixSeconds; readonly autoLock: Seconds | undefined },
    ): Promise<void> {
      await load()
      const { owner, guardian, session, state } = opened.keys
      const set: Working = { vaultId: opened.vaultId, macKey: state, guardians: new Map(), sessions: new Map() }
      for (const it of running) put(set, it)
      await inTurn(async () => {
        const fresh = await newWrapKey()
        await db.write(['keys'], 'strict', (tx) => tx.put('keys', WRAP, fresh))
        wrapKey = fresh
        const old = working
        forgetUnlocked()
        working = set
        if (old !== undefined) wipeWorking(old, set)
        const record: Unlocked = {
          keys: { owner, guardian, session },
          autoLock: when.autoLock,
          touchedAt: when.now,
          seenAt: when.now,
        }
        await store(WORKING, workingMembers(set))
        await store(UNLOCKED, unlockedMembers(record))
        unlocked = record
      })
    },

    /** Memory at once, `storage.session` when it resolves. The working set stays. */
    async lock(): Promise<void> {
      forgetUnlocked()
      await load()
      await inTurn(async () => {
        // Again: an unlock that came before us in the line, or a record that `load` has just read.
        forgetUnlocked()
        await store(UNLOCKED, undefined)
      })
    },

    /** The first worker since the browser, or an update of the extension, started. */
    isFirst: (): boolean => first,
    isUnlocked,
    state: (now: UnixSeconds): LockState =>
      isUnlocked(now) ? 'unlocked' : working === undefined ? 'asleep' : 'locked',
    /** The wallet goes: nothing of it stays, in memory or in `storage.session`, and W opens nothing any more. */
    async forget(): Promise<void> {
      forgetUnlocked()
      await load()
      await inTurn(async () => {
        forgetUnlocked()
        if (working !== undefined)
          wipe(working.macKey, ...working.guardians.values(), ...[...working.sessions.values()].map(({ key }) => key))
        working = undefined
        guard = undefined
        await forgetAll()
      })
    },

    /** When it will lock without another input; `undefined`: not at a time. */
    locksAt: (): UnixSeconds | undefined =>
      unlocked?.autoLock === undefined ? undefined : unlocked.touchedAt + unlocked.autoLock,

    /** A trusted input in one of our own pages. Nothing else keeps the wallet unlocked. */
    async touch(now: UnixSeconds): Promise<void> {
      if (!isUnlocked(now) || unlocked === undefined || unlocked.touchedAt === now) return
      unlocked.touchedAt = now
      await storeUnlocked()
    },
    async setAutoLock(now: UnixSeconds, autoLock: Seconds | undefined): Promise<void> {
      if (!isUnlocked(now) || unlocked === undefined) return
      unlocked.autoLock = autoLock
      await storeUnlocked()
    },

    /** A session starts or goes on that may run while locked. @throws Error while asleep */
    async addSession(running: Running): Promise<void> {
      if (working === undefined) throw new Error('no working set')
      put(working, running)
      await storeWorking()
    },
    /** It ended or pauses. A guardian key leaves with the last such session that it signs for. */
    async removeSession(id: SessionId): Promise<void> {
      if (working === undefined || !drop(working, id)) return
      await storeWorking()
    },
    /** After "Stop all": the MAC key stays, so that pausing and revoking can still be written. */
    async removeAllSessions(): Promise<void> {
      if (working === undefined) return
      for (const id of [...working.sessions.keys()]) drop(working, id)
      await storeWorking()
    },

    sessionKey: (id: SessionId): Uint8Array | undefined => working?.sessions.get(id)?.key,
    guardianKey: (publicKey: Felt): Uint8Array | undefined => working?.guardians.get(publicKey),
    macKey: (): Uint8Array | undefined => working?.macKey,
    /** Reads and writes the rows that guard money; one for as long as the worker lives. */
    guard(): Guard | undefined {
      if (working === undefined) return undefined
      const { vaultId, macKey } = working
      if (guard === undefined || guard.of.vaultId !== vaultId)
        guard = { of: working, made: createGuard({ vaultId, macKey: macKey.slice() }) }
      return guard.made
    },
    /** Opens the sealed owner keys; `undefined` while locked. */
    ownerSubkey: (now: UnixSeconds) => subkey('owner', now),
    guardianSubkey: (now: UnixSeconds) => subkey('guardian', now),
    sessionSubkey: (now: UnixSeconds) => subkey('session', now),
  }
}

export type StopFlags = ReturnType<typeof createStopFlags>

/**
 * Raised in memory before the tombstone commits, read by the signer's last look (security.md 9). They do not outlive the
 * worker and need not: by then the commit decides.
 */
export function createStopFlags() {
  const stopped = new Set<SessionId>()
  const going = new Set<SessionId>()
  let all = false
  return {
    stopSession(id: SessionId): void {
      stopped.add(id)
      going.delete(id)
    },
    /** Every session there is, those nobody has named too. */
    stopAll(): void {
      all = true
      going.clear()
    },
    /** A person started it, or let it go on, after it was stopped. */
    letGo(id: SessionId): void {
      stopped.delete(id)
      going.add(id)
    },
    isStopped: (id: SessionId): boolean => stopped.has(id) || (all && !going.has(id)),
  }
}

function drop(set: Working, id: SessionId): boolean {
  const session = set.sessions.get(id)
  if (session === undefined) return false
  set.sessions.delete(id)
  wipe(session.key)
  if (![...set.sessions.values()].some((it) => it.guardian === session.guardian)) {
    const guardian = set.guardians.get(session.guardian)
    if (guardian !== undefined) wipe(guardian)
    set.guardians.delete(session.guardian)
  }
  return true
}

/** Not what the next set goes on with: the caller may have passed the same arrays again. */
function wipeWorking(old: Working, next: Working): void {
  const kept = new Set([next.macKey, ...next.guardians.values(), ...[...next.sessions.values()].map((it) => it.key)])
  for (const key of [old.macKey, ...old.guardians.values(), ...[...old.sessions.values()].map((it) => it.key)]) {
    if (!kept.has(key)) wipe(key)
  }
}

function workingMembers({ vaultId, macKey, guardians, sessions }: Working): (readonly [string, Uint8Array])[] {
  return [
    ['vault', utf8(vaultId)],
    ['mac', macKey],
    ...[...guardians].map(([publicKey, key]) => [`guardian ${publicKey}`, key] as const),
    ...[...sessions].map(([id, { guardian, key }]) => [`session ${id} ${guardian}`, key] as const),
  ]
}

function readWorking(members: ReadonlyMap<string, Uint8Array> | undefined): Working | undefined {
  const macKey = members?.get('mac')
  const vaultId = members?.get('vault')
  if (members === undefined || macKey === undefined || vaultId === undefined) return undefined
  const set: Working = { vaultId: textOf(vaultId), macKey, guardians: new Map(), sessions: new Map() }
  for (const [name, key] of members) {
    const [kind, id, guardian] = name.split(' ')
    // Sealed by `workingMembers`: the names are public keys and ids.
    if (kind === 'guardian') set.guardians.set(id as Felt, key)
    if (kind === 'session') set.sessions.set(id as SessionId, { guardian: guardian as Felt, key })
  }
  return set
}

function unlockedMembers({ keys, autoLock, touchedAt, seenAt }: Unlocked): (readonly [string, Uint8Array])[] {
  const times: (readonly [string, Uint8Array])[] = [
    ['touchedAt', utf8(String(touchedAt))],
    ['seenAt', utf8(String(seenAt))],
  ]
  if (autoLock !== undefined) times.push(['autoLock', utf8(String(autoLock))])
  return [['owner', keys.owner], ['guardian', keys.guardian], ['session', keys.session], ...times]
}

function readUnlocked(members: ReadonlyMap<string, Uint8Array> | undefined): Unlocked | undefined {
  const [owner, guardian, session] = [members?.get('owner'), members?.get('guardian'), members?.get('session')]
  const [touchedAt, seenAt, autoLock] = [members?.get('touchedAt'), members?.get('seenAt'), members?.get('autoLock')]
  if (!owner || !guardian || !session || !touchedAt || !seenAt) return undefined
  return {
    keys: { owner, guardian, session },
    autoLock: autoLock && Number(textOf(autoLock)),
    touchedAt: Number(textOf(touchedAt)),
    seenAt: Number(textOf(seenAt)),
  }
}

/** Length before each name and each value. */
function pack(members: readonly (readonly [string, Uint8Array])[]): Uint8Array {
  return joined(
    members.flatMap(([name, value]) => {
      const key = utf8(name)
      return [lengthOf(key), key, lengthOf(value), value]
    }),
  )
}

function lengthOf(bytes: Uint8Array): Uint8Array {
  if (bytes.length > 255) throw new RangeError('too long a member')
  return Uint8Array.of(bytes.length)
}

function unpack(plain: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const members = new Map<string, Uint8Array>()
  let at = 0
  const next = () => {
    const length = plain[at] ?? 0
    const bytes = plain.slice(at + 1, at + 1 + length)
    at += 1 + length
    return bytes
  }
  while (at < plain.length) members.set(textOf(next()), next())
  return members
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

function isSealedText(value: unknown): value is { readonly iv: string; readonly ct: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'iv' in value &&
    typeof value.iv === 'string' &&
    'ct' in value &&
    typeof value.ct === 'string'
  )
}
