import { hmac as hmacOf } from '@noble/hashes/hmac'
import { sha256 as sha256Of } from '@noble/hashes/sha256'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils'
import type { Hash32 } from '../core/felt.ts'

/**
 * SHA-256; a text is hashed as its UTF-8 bytes.
 *
 * @throws RangeError for text with half a surrogate pair: it has no UTF-8, and replacing it would give two texts one hash
 */
export function sha256(text: string | Uint8Array): Hash32 {
  return `0x${bytesToHex(sha256Of(typeof text === 'string' ? utf8(text) : text))}` as Hash32 // 32 bytes are 64 digits
}

/** HMAC-SHA-256, 32 bytes. Synchronous, because it is needed inside a database transaction (architecture.md 4). */
export function hmac(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return hmacOf(sha256Of, key, bytes)
}

/** @throws RangeError for text with half a surrogate pair */
export function utf8(text: string): Uint8Array {
  if (/\p{Surrogate}/u.test(text)) throw new RangeError('text with half a character')
  return utf8ToBytes(text)
}
