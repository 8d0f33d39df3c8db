/**
 * The only copy of the secrets at rest: phrase, owner, guardian and session keys, each sealed (security.md 7).
 *
 * Decision: a password is asked for by `unlock`, `verifyPassword` and `phrase`, and every one of them counts in the same
 * lockout, durably and before the key derivation runs: killing the worker saves a guesser nothing.
 */
import { canonicalJson } from '../../core/canonical.ts'
import { isKind } from '../../core/kind.ts'
import { SHAPE } from '../../core/records.ts'
import { decode, exact, integer, list, literal, type Output, optional, scalar, time } from '../../core/schema.ts'
import type { Seconds, UnixSeconds } from '../../core/time.ts'
import { type Database, type ReadTx, type Row, type Store, type Tx, tamperedError } from '../../platform/database.ts'
import { COSTS, deriveKey, isAcceptedKdf, type KdfParams, newKdf } from '../../platform/password-key.ts'
import { bytesOf, hexOf, hkdf, open, type Sealed, seal, utf8, wipe } from '../../platform/secret-box.ts'
import { isCommon } from './common-passwords.ts'

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
export type VaultError = Error & { readonly kind: 'vault'; readonly why: 'missing' | 'exists' | 'damaged' }

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
  readonly phrase: string
  /** Keys of the first account, derived by the caller. */
  readonly secrets: readonly Secret[]
  /** Rows that must come into being with the vault, in the same transaction. */
  readonly also?: {
    readonly stores: readonly Store[]
    readonly write: (tx: Tx, opened: Opened) => Promise<void>
  }
}

export type Vault = ReturnType<typeof createVault>

const MIN_PASSWORD = 10
const MAX_PASSWORD = 256
/** A machine that is faster than this at the first cost takes the second. */
const QUICK_MS = 300
const FREE_TRIES = 5
/** After the 5th, 6th, … wrong password; the last one stays. */
const WAITS: readonly Seconds[] = [30, 60, 300, 900, 3_600]
const VAULT = 'vault'
const LOCKOUT = 'lockout'
const PHRASE = 'phrase'

const hex = (bytes?: number) =>
  scalar<string>(
    (it) => (typeof it === 'string' && bytesOf(it)?.length === (bytes ?? it.length / 2) ? it : undefined),
    'lowercase hex',
  )
const slot = exact({
  kind: literal('password'),
  kdf: literal('scrypt'),
  N: integer(1, 2 ** 30),
  r: integer(1, 2 ** 10),
  p: integer(1, 2 ** 10),
  salt: hex(32),
  iv: hex(12),
  ct: hex(48),
})
const vaultRow = exact({ id: hex(16), slots: list(slot, 8) })
const sealedRow = exact({ iv: hex(12), ct: hex() })
const lockoutRow = exact({ failed: integer(0, 2 ** 31), latest: time, until: optional(time) })
type Slot = Output<typeof slot>
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

  const exists = async (): Promise<boolean> => (await db.read(['vault'], (tx) => tx.row('vault', VAULT))) !== undefined

  /**
   * A new vault with its first secrets, in one strict write.
   *
   * @throws VaultError `exists`; StorageError
   */
  const create = async ({ password, phrase, secrets, also }: NewVault): Promise<Created> => {
    const weak = weakness(password)
    if (weak !== undefined) return { ok: false, weak }
    if (await exists()) throw vaultError('exists')
    const kek = await newKek(password)
    const vaultId = hexOf(random(16))
    const vmk = random(32)
    const seed = subkey(vmk, vaultId, 'seed')
    try {
      const opened = openedWith(vmk, vaultId)
      const header: Header = { id: vaultId, slots: [await wrap(kek, vmk, vaultId)] }
      const bytes = utf8(phrase)
      const all: readonly Secret[] = [{ kind: 'seed', id: PHRASE, bytes }, ...secrets]
      const rows: Row[] = []
      for (const it of all) {
        const key = it.kind === 'seed' ? seed : opened.keys[it.kind]
        rows.push(await sealRow(key, vaultId, nameOf(it.kind, it.id), 1, it.bytes))
      }
      wipe(bytes)
      await db.write(['vault', ...(also?.stores ?? [])], 'strict', async (tx) => {
        if ((await tx.row('vault', VAULT)) !== undefined) throw vaultError('exists')
        await tx.put('vault', VAULT, header)
        for (const row of rows) await tx.putRow('vault', row)
        await also?.write(tx, opened)
      })
      return { ok: true, value: opened }
    } finally {
      wipe(kek.key, vmk, seed)
    }
  }

  const newKek = async (password: string): Promise<Kek> => {
    for (const cost of COSTS) {
      const params = newKdf(cost, random(32))
      const start = ticks()
      const key = await deriveKey(password, params)
      if (cost === COSTS[1] || ticks() - start >= QUICK_MS) return { key, params }
      wipe(key)
    }
    throw new Error('no cost to take') // `COSTS` has two and more.
  }

  const unlock = (password: string): Promise<Tried<Opened>> =>
    withVmk(password, async (vmk, header) => openedWith(vmk, header.id))

  /** For an act that asks for the password again. */
  const verifyPassword = (password: string): Promise<Tried<true>> => withVmk(password, async () => true as const)

  /** @throws TamperedError when the sealed phrase does not open under the right password */
  const phrase = (password: string): Promise<Tried<string>> =>
    withVmk(password, async (vmk, header) => {
      const seed = subkey(vmk, header.id, 'seed')
      try {
        const bytes = await openSecret('seed', PHRASE, seed)
        if (bytes === undefined) throw vaultError('damaged')
        const words = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
        wipe(bytes)
        return words
      } finally {
        wipe(seed)
      }
    })

  /** Counts the try, runs the key derivation, and lets `use` have the vault's key for as long as it runs. */
  const withVmk = <T>(password: string, use: (vmk: Uint8Array, header: Header) => Promise<T>): Promise<Tried<T>> =>
    inTurn(async () => {
      const header = await db.read(['vault'], readHeader)
      if (header === undefined) throw vaultError('missing')
      const slots = header.slots.map((it) => ({ slot: it, params: kdfOf(it) }))
      const counted = await count()
      if (!counted.ok) return counted
      for (const { slot: it, params } of slots) {
        const key = await deriveKey(password, params)
        const vmk = await open(key, sealedOf(it), slotFields(it, header.id))
        wipe(key)
        if (vmk === undefined) continue
        try {
          await db.write(['vault'], 'strict', (tx) => tx.put('vault', LOCKOUT, cleared(now())))
          return { ok: true, value: await use(vmk, header) }
        } finally {
          wipe(vmk)
        }
      }
      return { ok: false, kind: 'wrongPassword', ...counted.lockout }
    })

  /** One more wrong password, unless it turns out to be right; or the wait that is not over. */
  const count = (): Promise<
    { readonly ok: true; readonly lockout: Lockout } | ({ readonly ok: false; readonly kind: 'wait' } & Lockout)
  > =>
    db.write(['vault'], 'strict', async (tx) => {
      const attempts = await readAttempts(tx)
      const before = lockoutOf(attempts, now())
      if (before.left === 0) return { ok: false, kind: 'wait', ...before }
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
    if (row === undefined) return undefined
    const sealed = decode(sealedRow, row.value)
    if (!sealed.ok) throw tamperedError({ kind: 'storageTampered', store: 'vault', key: name, why: 'shape' })
    const bytes = await open(key, sealedOf(sealed.value), fieldsOf(header.id, name, row.v, row.seq ?? 0))
    if (bytes === undefined) throw tamperedError({ kind: 'storageTampered', store: 'vault', key: name, why: 'mac' })
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
    await tx.putRow('vault', row)
  }

  return {
    exists,
    /** Not secret: part of what row MACs are over. */
    vaultId: async (): Promise<string | undefined> => (await db.read(['vault'], readHeader))?.id,
    lockout: (): Promise<Lockout> => db.read(['vault'], async (tx) => lockoutOf(await readAttempts(tx), now())),
    create,
    unlock,
    verifyPassword,
    phrase,
    openSecret,
    sealSecret,
    writeSecret,
    putSecret: async (secret: Secret, key: Uint8Array): Promise<void> => {
      const sealed = await sealSecret(secret, key)
      await db.write(['vault'], 'strict', (tx) => writeSecret(tx, sealed))
    },
    dropSecret: (kind: SecretKind, id: string): Promise<void> =>
      db.write(['vault'], 'strict', (tx) => tx.delete('vault', nameOf(kind, id))),
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

interface Kek {
  readonly key: Uint8Array
  readonly params: KdfParams
}

async function wrap({ key, params }: Kek, vmk: Uint8Array, vaultId: string): Promise<Slot> {
  const { kdf, N, r, p, salt } = params
  const head = { kind: 'password', kdf, N, r, p, salt: hexOf(salt) } as const
  return { ...head, ...hexed(await seal(key, vmk, slotFields(head, vaultId))) }
}

/** The slot's parameters are part of what its key is bound to: a cheaper one does not open. */
function slotFields({ kind, kdf, N, r, p, salt }: Omit<Slot, 'iv' | 'ct'>, vaultId: string): readonly string[] {
  return ['latchkey/1', vaultId, canonicalJson({ kind, kdf, N, r, p, salt })]
}

/** @throws VaultError: stored parameters are refused before any work is done with them */
function kdfOf({ kdf, N, r, p, salt }: Slot): KdfParams {
  const params = { kdf, N, r, p, salt: unhexed(salt) }
  if (!isAcceptedKdf(params)) throw vaultError('damaged')
  return params
}

async function readHeader(tx: ReadTx): Promise<Header | undefined> {
  const row = await tx.row('vault', VAULT)
  if (row === undefined) return undefined
  const header = decode(vaultRow, row.value)
  if (!header.ok || row.v !== SHAPE) throw vaultError('damaged')
  return header.value
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

function hexed({ iv, ct }: Sealed): { readonly iv: string; readonly ct: string } {
  return { iv: hexOf(iv), ct: hexOf(ct) }
}

function sealedOf({ iv, ct }: { readonly iv: string; readonly ct: string }): Sealed {
  return { iv: unhexed(iv), ct: unhexed(ct) }
}

function unhexed(text: string): Uint8Array {
  const bytes = bytesOf(text)
  if (bytes === undefined) throw new RangeError('not hex') // Decoded before.
  return bytes
}

function vaultError(why: VaultError['why']): VaultError {
  return Object.assign(new Error(`vault: ${why}`), { kind: 'vault' as const, why })
}
