/**
 * A backup file: a vault of its own, with its own salt and its own key, around everything a new copy of this wallet needs
 * (security.md 7.1). It opens with the password that the wallet had when the file was made.
 *
 * What is read here comes from anywhere. Each way in which a file is not ours, not whole or not readable has its name, and
 * nothing is written before the last byte of it was checked.
 */
import { isKind } from '../../core/kind.ts'
import { decode, exact, integer, list, literal, nullable, optional, text, time, unknown } from '../../core/schema.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { STORES } from '../../platform/database.ts'
import { hexOf, hkdf, open, seal, utf8, wipe } from '../../platform/secret-box.ts'
import {
  hex,
  isAcceptedSlot,
  newKek,
  openWithPassword,
  passwordSlot,
  sealedOf,
  unhexed,
  wrapWithPassword,
} from './slots.ts'
import type { Secret, SecretKind } from './vault.ts'

/** A row as it lies in its store, without what binds it to its vault. */
export interface BackupRow {
  readonly store: string
  readonly key: string
  readonly value: unknown
  readonly marks?: Readonly<Record<string, string | number>>
  /** It carries a MAC: in its new vault it carries that one's. */
  readonly guarded: boolean
}
export interface Backup {
  readonly at: UnixSeconds
  /** Absent where the wallet has none. */
  readonly phrase?: string
  readonly secrets: readonly Secret[]
  readonly rows: readonly BackupRow[]
}

export type BackupFault =
  /** Another program's file, or none at all. */
  | 'foreign'
  /** Ours, and cut off or changed. */
  | 'damaged'
  | 'newer'
  | 'tooLarge'
  | 'wrongPassword'
export type BackupError = Error & { readonly kind: 'backup'; readonly why: BackupFault }
export const isBackupError = (error: unknown): error is BackupError => isKind(error, 'backup')

/** No wallet has so much: 10,000 sessions and their sites. */
export const MAX_FILE = 8 * 1024 * 1024
const FORMAT = 'latchkey backup'
const VERSION = 1

const file = exact({
  format: literal(FORMAT),
  version: literal(VERSION),
  at: time,
  id: hex(16),
  slot: passwordSlot,
  iv: hex(12),
  ct: text(MAX_FILE),
})
const kinds: readonly SecretKind[] = ['seed', 'owner', 'guardian', 'session']
const payload = exact({
  phrase: nullable(text(1_024)),
  secrets: list(exact({ kind: text(16), id: text(256), bytes: hex() }), 100_000),
  rows: list(
    exact({ store: text(32), key: text(512), value: unknown(), marks: optional(unknown()), guarded: integer(0, 1) }),
    100_000,
  ),
})

interface Needs {
  readonly random: (length: number) => Uint8Array
  readonly ticks: () => number
}

/** The text of a file that `openBackup` opens with the same password. */
export async function sealBackup(backup: Backup, password: string, needs: Needs): Promise<string> {
  const id = hexOf(needs.random(16))
  const key = needs.random(32)
  const kek = await newKek(password, needs)
  const plain = utf8(
    JSON.stringify({
      phrase: backup.phrase ?? null,
      secrets: backup.secrets.map(({ kind, id, bytes }) => ({ kind, id, bytes: hexOf(bytes) })),
      rows: backup.rows.map(({ guarded, ...row }) => ({ ...row, guarded: guarded ? 1 : 0 })),
    }),
  )
  try {
    const slot = await wrapWithPassword(kek, key, id)
    const body = bodyKey(key, id)
    const { iv, ct } = await seal(body, plain, fieldsOf(id, VERSION, backup.at))
    wipe(body)
    const sealed = { format: FORMAT, version: VERSION, at: backup.at, id, slot, iv: hexOf(iv), ct: base64Of(ct) }
    const made = `${JSON.stringify(sealed, null, 2)}\n`
    if (made.length > MAX_FILE) throw backupError('tooLarge')
    return made
  } finally {
    wipe(kek.key, key, plain)
  }
}

/**
 * @param file what was chosen or dropped, as text
 * @throws BackupError
 */
export async function openBackup(file: string, password: string): Promise<Backup> {
  const { at, id, slot, iv, ct } = readFile(file)
  const key = await openWithPassword(password, slot, id)
  if (key === undefined) throw backupError('wrongPassword')
  const body = bodyKey(key, id)
  const bytes = bytesOfBase64(ct)
  try {
    if (bytes === undefined) throw backupError('damaged')
    const plain = await open(body, { iv: sealedOf({ iv, ct: '' }).iv, ct: bytes }, fieldsOf(id, VERSION, at))
    if (plain === undefined) throw backupError('damaged')
    const read = decode(payload, jsonOf(new TextDecoder().decode(plain)))
    wipe(plain)
    if (!read.ok) throw backupError('damaged')
    const { phrase, secrets, rows } = read.value
    return {
      at,
      ...(phrase === null ? {} : { phrase }),
      secrets: secrets.map(({ kind, id, bytes }) => ({ kind: kindOf(kind), id, bytes: unhexed(bytes) })),
      rows: rows.map((row) => rowOf(row)),
    }
  } finally {
    wipe(key, body)
  }
}

function readFile(text: string) {
  if (text.length > MAX_FILE) throw backupError('tooLarge')
  const json = jsonOf(text)
  // Cut off, it still begins as ours do.
  if (json === undefined)
    throw backupError(text.trimStart().startsWith(`{\n  "format": "${FORMAT}"`) ? 'damaged' : 'foreign')
  if (typeof json !== 'object' || json === null || !('format' in json) || json.format !== FORMAT)
    throw backupError('foreign')
  if ('version' in json && typeof json.version === 'number' && json.version > VERSION) throw backupError('newer')
  const read = decode(file, json)
  if (!read.ok || !isAcceptedSlot(read.value.slot)) throw backupError('damaged')
  return read.value
}

function rowOf({
  store,
  key,
  value,
  marks,
  guarded,
}: {
  readonly store: string
  readonly key: string
  readonly value?: unknown
  readonly marks?: unknown
  readonly guarded: number
}): BackupRow {
  if (!STORES.some((it) => it === store)) throw backupError('damaged')
  return {
    store,
    key,
    value,
    // Sealed by `sealBackup`, which took it from a row.
    ...(marks === undefined ? {} : { marks: marks as NonNullable<BackupRow['marks']> }),
    guarded: guarded === 1,
  }
}

function kindOf(kind: string): SecretKind {
  const found = kinds.find((it) => it === kind)
  if (found === undefined) throw backupError('damaged')
  return found
}

function bodyKey(key: Uint8Array, id: string): Uint8Array {
  return hkdf(key, unhexed(id), 'latchkey/v1/backup', 32)
}

function fieldsOf(id: string, version: number, at: UnixSeconds): readonly string[] {
  return ['latchkey/1', id, 'backup', String(version), String(at)]
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const CHUNK = 32_768
function base64Of(bytes: Uint8Array): string {
  let binary = ''
  for (let at = 0; at < bytes.length; at += CHUNK) binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK))
  return btoa(binary)
}

/** Exactly what `base64Of` writes: `atob` overlooks spaces and unused bits. */
function bytesOfBase64(text: string): Uint8Array | undefined {
  try {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
    return base64Of(bytes) === text ? bytes : undefined
  } catch {
    return undefined
  }
}

function backupError(why: BackupFault): BackupError {
  return Object.assign(new Error(`backup: ${why}`), { kind: 'backup' as const, why })
}
