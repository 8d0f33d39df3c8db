/**
 * The scalars of the wallet. Inside, a felt is a lowercase hex text without padding; it is padded only in answers to sites.
 * Each branded type can be made by the functions of this file alone: who holds a `Felt` need not check it again.
 */
declare const brand: unique symbol
export type Branded<T, N extends string> = T & { readonly [brand]: N }

/** `0x` + lowercase hex without leading zeros, `0 <= x < P`. */
export type Felt = Branded<string, 'Felt'>
/** A felt with `0 < x < 2^251 - 256`: what the chain accepts as a contract address. An address is also a felt. */
export type Address = Felt & { readonly address: true }
/** A felt below 2^250: the starknet keccak of an entrypoint's name. */
export type Selector = Felt & { readonly selector: true }
/** The hash of a declared class. */
export type ClassHash = Felt & { readonly classHash: true }
/** Decimal text, `0 <= x <= 2^256 - 1`, no leading zeros. */
export type U256 = Branded<string, 'U256'>
/** `0x` + exactly 64 lowercase hex digits (SHA-256). */
export type Hash32 = Branded<string, 'Hash32'>

/** The field's prime, 2^251 + 17 * 2^192 + 1. */
export const P = 2n ** 251n + 17n * 2n ** 192n + 1n
export const MAX_U256 = 2n ** 256n - 1n
export const MAX_U128 = 2n ** 128n - 1n
/** Source: Starknet's address domain, `ADDR_BOUND`. */
export const ADDRESS_BOUND = 2n ** 251n - 256n
const SELECTOR_BOUND = 2n ** 250n

const HEX = /^0x[0-9a-fA-F]{1,64}$/
const CANONICAL = /^0x(0|[1-9a-f][0-9a-f]{0,62})$/
const DECIMAL = /^(0|[1-9][0-9]*)$/

/** Reads hex (any case, padding) or decimal text without leading zero; `undefined` is "not a felt". */
export function parseFelt(text: unknown): Felt | undefined {
  const value = parseInteger(text)
  return value !== undefined && value < P ? hex(value) : undefined
}

/** Only the canonical spelling: what frames and stored rows carry. */
export function isCanonicalFelt(text: unknown): text is Felt {
  return typeof text === 'string' && CANONICAL.test(text) && BigInt(text) < P
}

export function parseAddress(text: unknown): Address | undefined {
  const value = parseInteger(text)
  return value !== undefined && value > 0n && value < ADDRESS_BOUND ? (hex(value) as Address) : undefined
}

/** How Cairo names entrypoints, parameters and members; nothing else is hashed as a name (policy.md 4). */
export const CAIRO_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/

/** Hex only: decimal text is hashed as a name by typed data, so it is never a selector here (policy.md 4). */
export function parseSelector(text: unknown): Selector | undefined {
  if (typeof text !== 'string' || !HEX.test(text)) return undefined
  const value = BigInt(text)
  return value < SELECTOR_BOUND ? (hex(value) as Selector) : undefined
}

/** Decimal or hex text, 0 .. 2^256 - 1. */
export function parseU256(text: unknown): U256 | undefined {
  const value = parseInteger(text)
  return value !== undefined && value <= MAX_U256 ? (value.toString() as U256) : undefined
}

export function parseHash32(text: unknown): Hash32 | undefined {
  return typeof text === 'string' && /^0x[0-9a-f]{64}$/.test(text) ? (text as Hash32) : undefined
}

/** @throws RangeError when the value is not in the field; for values the code itself computed. */
export function felt(value: bigint | number | string): Felt {
  const known =
    typeof value === 'string' ? parseFelt(value) : value >= 0 && BigInt(value) < P ? hex(BigInt(value)) : undefined
  if (known === undefined) throw new RangeError('not a felt')
  return known
}

/** @throws RangeError; for constants and values the code itself computed. */
export function address(value: bigint | string): Address {
  const known = parseAddress(typeof value === 'bigint' ? hex(value) : value)
  if (known === undefined) throw new RangeError('not an address')
  return known
}

export function u256(value: bigint): U256 {
  if (value < 0n || value > MAX_U256) throw new RangeError('not a u256')
  return value.toString() as U256
}

/** 66 characters: the form of addresses and hashes in answers to sites. */
export function padded(value: Felt): string {
  return `0x${value.slice(2).padStart(64, '0')}`
}

/** A text of at most 31 ASCII characters as the felt the chain uses for it. */
export function shortString(text: string): Felt {
  if (!/^[\x20-\x7e]{1,31}$/.test(text)) throw new RangeError('not a short string')
  let value = 0n
  for (const char of text) value = value * 256n + BigInt(char.charCodeAt(0))
  return felt(value)
}

/** A felt that is a text of at least two printable characters. */
export function shortText(hex: string): string | undefined {
  const digits = hex.slice(2).replace(/^(00)+/, '')
  if (digits.length % 2 !== 0 || digits.length < 4 || digits.length > 62) return undefined
  const codes = digits.match(/../g)!.map((pair) => Number.parseInt(pair, 16))
  return codes.every((code) => code >= 0x20 && code <= 0x7e) ? String.fromCharCode(...codes) : undefined
}

function parseInteger(text: unknown): bigint | undefined {
  if (typeof text !== 'string' || text.length > 80) return undefined
  return HEX.test(text) || DECIMAL.test(text) ? BigInt(text) : undefined
}

function hex(value: bigint): Felt {
  return `0x${value.toString(16)}` as Felt
}
