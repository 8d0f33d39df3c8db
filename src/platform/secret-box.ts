/**
 * The only file with HKDF, AES-GCM, the row MAC and chance (security.md 7.2); scrypt is in password-key.ts.
 * Decision: HMAC comes from @noble/hashes. WebCrypto's is asynchronous: nothing but database requests may be awaited inside
 * a database transaction.
 */
import { hkdf as hkdfOf } from '@noble/hashes/hkdf'
import { hmac } from '@noble/hashes/hmac'
import { sha256 } from '@noble/hashes/sha256'

export interface Sealed {
  /** 12 bytes, drawn anew for each seal. */
  readonly iv: Uint8Array
  /** Ciphertext and its 16-byte tag. */
  readonly ct: Uint8Array
}

const KEY_BYTES = 32
const IV_BYTES = 12

/** HKDF-SHA-256 (RFC 5869). */
export function hkdf(ikm: Uint8Array, salt: Uint8Array, info: string, length: number): Uint8Array {
  return hkdfOf(sha256, ikm, salt, info, length)
}

/** AES-256-GCM. `key` is 32 raw bytes or a wrapping key; `bound` are the fields the record must be opened with. */
export async function seal(key: Uint8Array | CryptoKey, plain: Uint8Array, bound: readonly string[]): Promise<Sealed> {
  const iv = randomBytes(IV_BYTES)
  const ct = await crypto.subtle.encrypt(gcm(iv, bound), await aesKey(key), plain as BufferSource)
  return { iv, ct: new Uint8Array(ct) }
}

/** The plain bytes, or `undefined` when key, fields, iv or ciphertext are not exactly those of the seal. */
export async function open(
  key: Uint8Array | CryptoKey,
  sealed: Sealed,
  bound: readonly string[],
): Promise<Uint8Array | undefined> {
  if (sealed.iv.length !== IV_BYTES) return undefined
  try {
    return new Uint8Array(
      await crypto.subtle.decrypt(gcm(sealed.iv, bound), await aesKey(key), sealed.ct as BufferSource),
    )
  } catch (error) {
    // WebCrypto's only word for "the tag does not fit".
    if (error instanceof DOMException && error.name === 'OperationError') return undefined
    throw error
  }
}

/** Fields with their lengths before them: no two different lists give the same bytes. */
export function aad(fields: readonly string[]): Uint8Array {
  return joined([u32(fields.length), ...fields.map(utf8).flatMap((field) => [u32(field.length), field])])
}

/** HMAC-SHA-256 over the fields and the row's canonical bytes; synchronous. */
export function rowMac(key: Uint8Array, fields: readonly string[], canonical: Uint8Array): Uint8Array {
  return hmac.create(sha256, key).update(aad(fields)).update(canonical).digest()
}

/** Takes the same time wherever the first difference is. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (const [i, byte] of a.entries()) difference |= byte ^ b[i]!
  return difference === 0
}

export function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length))
}

/** A key that code can use and nobody can read: it lives in IndexedDB as it is (security.md B17). */
export function newWrapKey(): Promise<CryptoKey> {
  return crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
}

/** As well as JavaScript lets us: copies the engine made are out of reach. */
export function wipe(...secrets: readonly Uint8Array[]): void {
  for (const secret of secrets) secret.fill(0)
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** `undefined` when the text is not lowercase hex of whole bytes. */
export function bytesOf(hex: string): Uint8Array | undefined {
  if (!/^([0-9a-f]{2})*$/.test(hex)) return undefined
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16))
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

function gcm(iv: Uint8Array, bound: readonly string[]): AesGcmParams {
  return { name: 'AES-GCM', iv: iv as BufferSource, additionalData: aad(bound) as BufferSource, tagLength: 128 }
}

async function aesKey(key: Uint8Array | CryptoKey): Promise<CryptoKey> {
  if (!(key instanceof Uint8Array)) return key
  if (key.length !== KEY_BYTES) throw new RangeError('not a 32-byte key')
  // What a lock has wiped while its holder waited for something: a record sealed with it would be open to everybody.
  if (key.every((byte) => byte === 0)) throw new RangeError('a wiped key')
  return crypto.subtle.importKey('raw', key as BufferSource, 'AES-GCM', false, ['encrypt', 'decrypt'])
}

function u32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255)
}
