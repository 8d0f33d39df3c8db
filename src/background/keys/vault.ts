/**
 * The only copy of the secrets at rest: phrase, owner, guardian and session keys, each sealed (security.md 7).
 *
 * Decision: every act that takes a password counts in the same lockout, durably and before the key derivation runs: killing
 * the worker saves a guesser nothing. A passkey's answer is 32 random bytes that nobody guesses, so it is not counted.
 *
 * Decision: the header, which names the ways in, carries the MAC of the rows that guard money. It can be checked only once
 * the vault is open; then it says that no way in was added, taken or changed by anybody else.
 */
import { isKind } from '../../core/kind.ts'
import type { Passkey, PasskeyProof, Proof } from '../../core/protocol/ui.ts'
import { SHAPE } from '../../core/records.ts'
import { decode, exact, integer, list, type Output, optional, time } from '../../core/schema.ts'
import type { Seconds, UnixSeconds } from '../../core/time.ts'
import {
  createGuard,
  type Database,
  isTampered,
  type ReadTx,
  type Row,
  STORES,
  type Store,
  type Tx,
  tamperedError,
} from '../../platform/database.ts'
import { hexOf, hkdf, open, seal, utf8, wipe } from '../../platform/secret-box.ts'
import { isCommon } from './common-passwords.ts'
import {
  hex,
  hexed,
  isAcceptedSlot,
  newKek,
  openWithPasskey,
  openWithPassword,
  passkeyOf,
  type Slot,
  sealedOf,
  slot,
  unhexed,
  wrapWithPasskey,
  wrapWithPassword,
} from './slots.ts'

/** Which subkey of the hierarchy seals it. */
export type SecretKind = 'seed' | 'owner' | 'guardian' | 'session'
export interface Secret {
  readonly kind: SecretKind
  readonly id: string
  readonly bytes: Uint8Array
}
/** What an unlock yields: never the vault's own key and never `seed`, which opens the phrase. 32 bytes each. */
export interface Opened {
  readonly vaultId: string
  readonly keys: Readonly<Record<'owner' | 'guardian' | 'session' | 'state', Uint8Array>>
}
/** Sealed and not written yet; `writeSecret` puts it into a transaction of the caller. */
export interface SealedSecret {
  readonly row: Row & { readonly seq: number }
}

export type Tried<T> =
  | { readonly ok: true; readonly value: T }
  | ({ readonly ok: false; readonly kind: 'wrongPassword' } & Lockout)
  /** Nothing was tried, nothing was counted. */
  | ({ readonly ok: false; readonly kind: 'wait' } & Lockout)
  /** No slot of that credential opens with that answer. */
  | ({ readonly ok: false; readonly kind: 'wrongPasskey' } & Lockout)
export interface Lockout {
  /** Tries before the next wait. */
  readonly left: number
  /** No try before this moment. */
  readonly until?: UnixSeconds
}
export type WeakPassword = 'short' | 'long' | 'common'
export type Created =
  | { readonly ok: true; readonly value: Opened }
  | { readonly ok: false; readonly weak: WeakPassword }

/** A broken promise, not an answer: `missing` and `exists` are callers' mistakes, `damaged` asks for the recovery page. */
export type VaultError = Error & { readonly kind: 'vault'; readonly why: 'missing' | 'exists' | 'damaged' | 'full' }

export function isVaultError(error: unknown): error is VaultError {
  return isKind(error, 'vault')
}

interface Needs {
  readonly db: Database
  readonly now: () => UnixSeconds
  readonly random: (length: number) => Uint8Array
  /** Milliseconds that only go forward: how long the key derivation took on this machine. */
  readonly ticks: () => number
}
export interface NewVault {
  readonly password: string
  /** A wallet that was made of other keys has none. */
  readonly phrase?: string
  /** Keys of the first account, derived by the caller. */
  readonly secrets: readonly Secret[]
  /** Rows that must come into being with the vault, in the same transaction. */
  readonly also?: {
    readonly stores: readonly Store[]
    readonly write: (tx: Tx, opened: Opened) => Promise<void>
  }
  /** In the place of the wallet that is here: everything of that one goes in the same transaction. */
  readonly replaces?: boolean
}
/** Everything a vault seals, opened: what a backup carries. Whoever asked for it wipes it. */
export interface Contents {
  readonly opened: Opened
  readonly phrase: Uint8Array | undefined
  readonly secrets: readonly Secret[]
  /** Rows that do not open: somebody else has written them, or the disk. The rest is whole without them. */
  readonly lost: readonly Pick<Secret, 'kind' | 'id'>[]
}

export type Vault = ReturnType<typeof createVault>

const MIN_PASSWORD = 10
const MAX_PASSWORD = 256
const FREE_TRIES = 5
/** After the 5th, 6th, … wrong password; the last one stays. */
const WAITS: readonly Seconds[] = [30, 60, 300, 900, 3_600]
const VAULT = 'vault'
const LOCKOUT = 'lockout'
const PHRASE = 'phrase'

/** One password, and as many passkeys as a person has devices. */
const MAX_SLOTS = 8
const vaultRow = exact({ id: hex(16), slots: list(slot, MAX_SLOTS) })
const sealedRow = exact({ iv: hex(12), ct: hex() })
const lockoutRow = exact({ failed: integer(0, 2 ** 31), latest: time, until: optional(time) })
type Header = Output<typeof vaultRow>
type Attempts = Output<typeof lockoutRow>

/** Why a new password is refused; `undefined`: it is taken. Length counts characters after NFKC. */
export function weakness(password: string): WeakPassword | undefined {
  const normal = password.normalize('NFKC')
  const length = Array.from(normal).length
  if (length < MIN_PASSWORD) return 'short'
  if (length > MAX_PASSWORD) return 'long'
  return isCommon(normal) ? 'common' : undefined
}

export function createVault({ db, now, random, ticks }: Needs) {
  // One guess at a time: the next one reads what the last one has counted.
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const mine = turn.then(act)
    turn = mine.catch(() => undefined) // Its caller gets the error; the next turn does not.
    return mine
  }

  /** The highest number seen of each row here: an older one that comes back is not taken for the last. */
  const seen = new Map<string, number>()
  const isOld = (name: string, seq: number) => seq < (seen.get(name) ?? 0)
  const saw = (name: string, seq: number) => seen.set(name, Math.max(seq, seen.get(name) ?? 0))

  const exists = async (): Promise<boolean> => (await db.read(['vault'], (tx) => tx.row('vault', VAULT))) !== undefined

  /**
   * A new vault with its first secrets, in one strict write.
   *
   * @throws VaultError `exists`; StorageError
   */
  const create = async ({ password, phrase, secrets, also, replaces = false }: NewVault): Promise<Created> => {
    const weak = weakness(password)
    if (weak !== undefined) return { ok: false, weak }
    if (!replaces && (await exists())) throw vaultError('exists')
    const kek = await newKek(password, { random, ticks })
    const vaultId = hexOf(random(16))
    const vmk = random(32)
    const seed = subkey(vmk, vaultId, 'seed')
    try {
      const opened = openedWith(vmk, vaultId)
      const header: Header = { id: vaultId, slots: [await wrapWithPassword(kek, vmk, vaultId)] }
      const bytes = phrase === undefined ? undefined : utf8(phrase)
      const words: readonly Secret[] = bytes === undefined ? [] : [{ kind: 'seed', id: PHRASE, bytes }]
      const all = [...words, ...secrets]
      const rows: Row[] = []
      for (const it of all) {
        const key = it.kind === 'seed' ? seed : opened.keys[it.kind]
        rows.push(await sealRow(key, vaultId, nameOf(it.kind, it.id), 1, it.bytes))
      }
      if (bytes !== undefined) wipe(bytes)
      const stores = replaces ? STORES : (['vault', ...(also?.stores ?? [])] as const)
      await db.write(stores, 'strict', async (tx) => {
        if (replaces) await clearAll(tx)
        if ((await tx.row('vault', VAULT)) !== undefined) throw vaultError('exists')
        tx.committed(() => seen.clear())
        await guardOf(opened).put(tx, 'vault', VAULT, header)
        for (const row of rows) await tx.putRow('vault', row)
        await also?.write(tx, opened)
      })
      return { ok: true, value: opened }
    } finally {
      wipe(kek.key, vmk, seed)
    }
  }

  const unlock = (proof: Proof): Promise<Tried<Opened>> =>
    withVmk(proof, async (vmk, header) => openedWith(vmk, header.id))

  /** For an act that asks for the password again. */
  const verifyPassword = (proof: Proof): Promise<Tried<true>> => withVmk(proof, async () => true as const)

  /** @throws TamperedError when the sealed phrase does not open under the right password */
  const phrase = (proof: Proof): Promise<Tried<string>> =>
    withVmk(proof, async (vmk, header) => {
      const seed = subkey(vmk, header.id, 'seed')
      try {
        const bytes = await openSecret('seed', PHRASE, seed)
        if (bytes === undefined) throw vaultError('damaged')
        const words = textOf(bytes)
        wipe(bytes)
        return words
      } finally {
        wipe(seed)
      }
    })

  /**
   * The same vault key under another password: no record is sealed anew, and each other way in stays. One strict write, so
   * that at every moment the one that lies on the disk opens.
   */
  const changePassword = async (
    password: string,
    next: string,
  ): Promise<Tried<true> | { ok: false; weak: WeakPassword }> => {
    const weak = weakness(next)
    if (weak !== undefined) return { ok: false, weak }
    return withVmk(password, async (vmk, header, seq) => {
      const kek = await newKek(next, { random, ticks })
      try {
        const fresh = await wrapWithPassword(kek, vmk, header.id)
        await rewrite(vmk, header, seq, [fresh, ...header.slots.filter(({ kind }) => kind !== 'password')])
      } finally {
        wipe(kek.key)
      }
      return true as const
    })
  }

  const addPasskey = (proof: Proof, made: PasskeyProof & { readonly prfSalt: string }): Promise<Tried<true>> =>
    withVmk(proof, async (vmk, header, seq) => {
      const others = header.slots.filter((it) => !isOf(it, made.credentialId))
      if (others.length >= MAX_SLOTS) throw vaultError('full')
      await rewrite(vmk, header, seq, [...others, await wrapWithPasskey(made, now(), vmk, header.id)])
      return true as const
    })

  const removePasskey = (proof: Proof, credentialId: string): Promise<Tried<true>> =>
    withVmk(proof, async (vmk, header, seq) => {
      const left = header.slots.filter((it) => !isOf(it, credentialId))
      if (left.length < header.slots.length) await rewrite(vmk, header, seq, left)
      return true as const
    })

  /** Everything that is sealed here, for a backup. The caller wipes what it gets. */
  const contents = (password: string): Promise<Tried<Contents>> =>
    withVmk(password, async (vmk, header) => {
      const opened = openedWith(vmk, header.id)
      const seed = subkey(vmk, header.id, 'seed')
      try {
        const rows = await db.read(['vault'], (tx) => tx.rows('vault'))
        const secrets: Secret[] = []
        const lost: Contents['lost'][number][] = []
        let phrase: Uint8Array | undefined
        for (const { key: name } of rows) {
          const [kind, id] = partsOf(name)
          if (kind === undefined || id === undefined) continue
          const bytes = await openSecret(kind, id, kind === 'seed' ? seed : opened.keys[kind]).catch(
            (error: unknown) => {
              if (!isTampered(error)) throw error
              lost.push({ kind, id })
              return undefined
            },
          )
          if (bytes === undefined) continue
          if (kind === 'seed' && id === PHRASE) phrase = bytes
          else secrets.push({ kind, id, bytes })
        }
        return { opened, phrase, secrets, lost }
      } finally {
        wipe(seed)
      }
    })

  /** @param seq of the header as it was read: another one there now was written by somebody else meanwhile */
  const rewrite = async (vmk: Uint8Array, header: Header, seq: number, slots: readonly Slot[]): Promise<void> => {
    const opened = openedWith(vmk, header.id)
    try {
      await db.write(['vault'], 'strict', async (tx) => {
        if ((await tx.row('vault', VAULT))?.seq !== seq) throw new Error('the vault was written meanwhile')
        await guardOf(opened).put(tx, 'vault', VAULT, { id: header.id, slots })
        tx.committed(() => saw(VAULT, seq + 1))
      })
    } finally {
      wipe(...Object.values(opened.keys))
    }
  }

  /** Counts the try, runs the key derivation, and lets `use` have the vault's key for as long as it runs. */
  const withVmk = <T>(
    proof: Proof,
    use: (vmk: Uint8Array, header: Header, seq: number) => Promise<T>,
  ): Promise<Tried<T>> =>
    inTurn(async () => {
      const header = await db.read(['vault'], readHeader)
      if (header === undefined) throw vaultError('missing')
      const counted = isPasskey(proof) ? undefined : await count()
      if (counted?.ok === false) return counted
      const vmk = await openSlot(proof, header)
      if (vmk === undefined)
        return counted === undefined
          ? { ok: false, kind: 'wrongPasskey', ...(await lockout()) }
          : { ok: false, kind: 'wrongPassword', ...counted.lockout }
      try {
        await db.write(['vault'], 'strict', (tx) => tx.put('vault', LOCKOUT, cleared(now())))
        return { ok: true, value: await use(vmk, header, await checked(vmk, header)) }
      } finally {
        wipe(vmk)
      }
    })

  const openSlot = async (proof: Proof, { id, slots }: Header): Promise<Uint8Array | undefined> => {
    for (const it of slots) {
      if (it.kind === 'passkey' && isPasskey(proof) && it.credentialId === proof.credentialId) {
        const vmk = await openWithPasskey(proof, it, id)
        if (vmk !== undefined) return vmk
      }
      if (it.kind === 'password' && !isPasskey(proof)) {
        const vmk = await openWithPassword(proof, it, id)
        if (vmk !== undefined) return vmk
      }
    }
    return undefined
  }

  /** Now that there is a key to check it with: the header is the one that was written last, by us. Answers its number. */
  const checked = async (vmk: Uint8Array, header: Header): Promise<number> => {
    const opened = openedWith(vmk, header.id)
    try {
      const row = await db.read(['vault'], (tx) => guardOf(opened).get<Header>(tx, 'vault', VAULT))
      if (row === undefined || !row.ok || isOld(VAULT, row.seq)) throw vaultError('damaged')
      saw(VAULT, row.seq)
      return row.seq
    } finally {
      wipe(...Object.values(opened.keys))
    }
  }

  const lockout = (): Promise<Lockout> => db.read(['vault'], async (tx) => lockoutOf(await readAttempts(tx), now()))

  /** One more wrong password, unless it turns out to be right; or the wait that is not over. */
  const count = (): Promise<
    { readonly ok: true; readonly lockout: Lockout } | ({ readonly ok: false; readonly kind: 'wait' } & Lockout)
  > =>
    db.write(['vault'], 'strict', async (tx) => {
      const attempts = await readAttempts(tx)
      const before = lockoutOf(attempts, now())
      if (before.left === 0) {
        // One that cannot be read is written as what stands for it, or its wait would begin anew at each look.
        await tx.put('vault', LOCKOUT, attempts)
        return { ok: false, kind: 'wait', ...before }
      }
      // The latest time ever seen: setting the clock back lengthens the wait.
      const latest = Math.max(now(), attempts.latest)
      const failed = attempts.failed + 1
      const wait = failed < FREE_TRIES ? undefined : WAITS[Math.min(failed - FREE_TRIES, WAITS.length - 1)]
      const next: Attempts = wait === undefined ? { failed, latest } : { failed, latest, until: latest + wait }
      await tx.put('vault', LOCKOUT, next)
      return { ok: true, lockout: lockoutOf(next, now()) }
    })

  const readAttempts = async (tx: ReadTx): Promise<Attempts> => {
    const stored = await tx.get('vault', LOCKOUT)
    if (stored === undefined) return cleared(0)
    const attempts = decode(lockoutRow, stored)
    // Not readable is not "no wrong password yet": the longest wait, from now on.
    return attempts.ok
      ? attempts.value
      : { failed: FREE_TRIES + WAITS.length, latest: now(), until: now() + WAITS.at(-1)! }
  }

  /** @throws TamperedError when the record does not open: flipped, swapped, of another vault or version */
  const openSecret = (kind: SecretKind, id: string, key: Uint8Array): Promise<Uint8Array | undefined> =>
    withCopy(key, (copy) => openWith(kind, id, copy))

  const openWith = async (kind: SecretKind, id: string, key: Uint8Array): Promise<Uint8Array | undefined> => {
    const name = nameOf(kind, id)
    const { header, row } = await db.read(['vault'], async (tx) => ({
      header: await readHeader(tx),
      row: await tx.row('vault', name),
    }))
    if (header === undefined) throw vaultError('missing')
    if (row === undefined) {
      if (seen.has(name)) throw tamperedError({ kind: 'storageTampered', store: 'vault', key: name, why: 'missing' })
      return undefined
    }
    const sealed = decode(sealedRow, row.value)
    if (!sealed.ok) throw tamperedError({ kind: 'storageTampered', store: 'vault', key: name, why: 'shape' })
    const bytes = await open(key, sealedOf(sealed.value), fieldsOf(header.id, name, row.v, row.seq ?? 0))
    if (bytes === undefined) throw tamperedError({ kind: 'storageTampered', store: 'vault', key: name, why: 'mac' })
    const seq = row.seq ?? 0
    if (isOld(name, seq)) throw tamperedError({ kind: 'storageTampered', store: 'vault', key: name, why: 'seq' })
    saw(name, seq)
    return bytes
  }

  /** Sealing is asynchronous, so it comes before the transaction that `writeSecret` joins. `key`: the kind's subkey. */
  const sealSecret = (secret: Secret, key: Uint8Array): Promise<SealedSecret> =>
    withCopy(key, (copy) => sealWith(secret, copy))

  const sealWith = async ({ kind, id, bytes }: Secret, key: Uint8Array): Promise<SealedSecret> => {
    const name = nameOf(kind, id)
    const { header, seq } = await db.read(['vault'], async (tx) => ({
      header: await readHeader(tx),
      seq: (await tx.row('vault', name))?.seq ?? 0,
    }))
    if (header === undefined) throw vaultError('missing')
    return { row: await sealRow(key, header.id, name, seq + 1, bytes) }
  }

  /** @param tx over the store `vault`. @throws Error when somebody else has written this secret since it was sealed */
  const writeSecret = async (tx: Tx, { row }: SealedSecret): Promise<void> => {
    if (((await tx.row('vault', row.key))?.seq ?? 0) !== row.seq - 1) throw new Error('secret was written meanwhile')
    tx.committed(() => saw(row.key, row.seq))
    await tx.putRow('vault', row)
  }

  return {
    exists,
    /** Not secret: part of what row MACs are over. */
    vaultId: async (): Promise<string | undefined> => (await db.read(['vault'], readHeader))?.id,
    lockout,
    create,
    unlock,
    verifyPassword,
    phrase,
    changePassword,
    addPasskey,
    removePasskey,
    /** The ways in beside the password; not secret. */
    passkeys: async (): Promise<readonly Passkey[]> =>
      ((await db.read(['vault'], readHeader))?.slots ?? []).flatMap((it) =>
        it.kind === 'passkey' ? [passkeyOf(it)] : [],
      ),
    contents,
    /** As they lie here, sealed: for whoever looks into a wallet that does not open. */
    sealedRows: (): Promise<readonly Row[]> => db.read(['vault'], (tx) => tx.rows('vault')),
    openSecret,
    sealSecret,
    writeSecret,
    putSecret: async (secret: Secret, key: Uint8Array): Promise<void> => {
      const sealed = await sealSecret(secret, key)
      await db.write(['vault'], 'strict', (tx) => writeSecret(tx, sealed))
    },
    dropSecret: (kind: SecretKind, id: string): Promise<void> =>
      db.write(['vault'], 'strict', (tx) => {
        tx.committed(() => seen.delete(nameOf(kind, id)))
        return tx.delete('vault', nameOf(kind, id))
      }),
  }
}

/** A lock wipes the keys it handed out, also while we wait for the database: what has begun ends with the right key. */
async function withCopy<T>(key: Uint8Array, use: (copy: Uint8Array) => Promise<T>): Promise<T> {
  const copy = key.slice()
  try {
    return await use(copy)
  } finally {
    wipe(copy)
  }
}

/** Of `meta` stays the row that says how to read the rest. */
async function clearAll(tx: Tx): Promise<void> {
  for (const store of STORES) if (store !== 'meta') await tx.clear(store)
  for (const { key } of await tx.rows('meta')) if (key !== 'shape') await tx.delete('meta', key)
}

function isPasskey(proof: Proof): proof is PasskeyProof {
  return typeof proof === 'object' && 'prf' in proof
}

function isOf(it: Slot, credentialId: string): boolean {
  return it.kind === 'passkey' && it.credentialId === credentialId
}

/** The MAC of the header; a guard of its own each time, because the key is wiped with the act that opened the vault. */
function guardOf({ vaultId, keys }: Opened) {
  return createGuard({ vaultId, macKey: keys.state })
}

async function readHeader(tx: ReadTx): Promise<Header | undefined> {
  const row = await tx.row('vault', VAULT)
  if (row === undefined) return undefined
  const header = decode(vaultRow, row.value)
  if (!header.ok || row.v !== SHAPE || !header.value.slots.every(isSound)) throw vaultError('damaged')
  return header.value
}

/** Attacker's input: parameters are refused before any work is done with them. */
function isSound(it: Slot): boolean {
  return it.kind === 'passkey' || isAcceptedSlot(it)
}

async function sealRow(
  key: Uint8Array,
  vaultId: string,
  name: string,
  seq: number,
  bytes: Uint8Array,
): Promise<Row & { readonly seq: number }> {
  return { key: name, v: SHAPE, seq, value: hexed(await seal(key, bytes, fieldsOf(vaultId, name, SHAPE, seq))) }
}

function fieldsOf(vaultId: string, name: string, version: number, seq: number): readonly string[] {
  return ['latchkey/1', vaultId, 'vault', name, String(version), String(seq)]
}

function nameOf(kind: SecretKind, id: string): string {
  return `${kind}/${id}`
}

const KINDS: readonly string[] = ['seed', 'owner', 'guardian', 'session'] satisfies readonly SecretKind[]
function partsOf(name: string): readonly [SecretKind | undefined, string | undefined] {
  const at = name.indexOf('/')
  const kind = name.slice(0, at)
  return at > 0 && KINDS.includes(kind) ? [kind as SecretKind, name.slice(at + 1)] : [undefined, undefined]
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
}

function openedWith(vmk: Uint8Array, vaultId: string): Opened {
  const key = (label: keyof Opened['keys']) => subkey(vmk, vaultId, label)
  return {
    vaultId,
    keys: { owner: key('owner'), guardian: key('guardian'), session: key('session'), state: key('state') },
  }
}

function subkey(vmk: Uint8Array, vaultId: string, label: keyof Opened['keys'] | 'seed'): Uint8Array {
  return hkdf(vmk, unhexed(vaultId), `latchkey/v1/${label}`, 32)
}

function cleared(latest: UnixSeconds): Attempts {
  return { failed: 0, latest }
}

function lockoutOf({ failed, latest, until }: Attempts, now: UnixSeconds): Lockout {
  if (failed < FREE_TRIES) return { left: FREE_TRIES - failed }
  if (until === undefined || Math.max(now, latest) >= until) return { left: 1 }
  return { left: 0, until }
}

function vaultError(why: VaultError['why']): VaultError {
  return Object.assign(new Error(`vault: ${why}`), { kind: 'vault' as const, why })
}
