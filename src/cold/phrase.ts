import { HDKey } from '@scure/bip32'
import { entropyToMnemonic, mnemonicToSeedSync, validateMnemonic } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english'
import type { PhraseScheme } from '../core/records.ts'
import { ORDER, type PrivateKey, privateKeyFrom } from '../starknet/curve.ts'
import { sha256 } from '../starknet/digest.ts'

/** The 2048 English words, for live checks while a phrase is typed. */
export const WORDS: readonly string[] = wordlist

export type PhraseCheck =
  | { readonly ok: true; readonly phrase: string }
  /** `word`: position from 0 of the first word that is not on the list. */
  | { readonly ok: false; readonly why: 'count' | 'word' | 'checksum'; readonly word?: number }

/** The keys of one phrase. Whoever holds it holds the secret: it lives inside one call and is wiped after it. */
export interface PhraseKeys {
  readonly owner: (index: number) => PrivateKey
  readonly guardian: (index: number, generation: number) => PrivateKey
  /** Fills what can be overwritten with zeros; the other two throw from then on. */
  readonly wipe: () => void
}

const COUNTS = [12, 15, 18, 21, 24]

/**
 * @param entropy 16 random bytes for 12 words, up to 32 for 24
 * @throws for another length
 */
export function newPhrase(entropy: Uint8Array): string {
  return entropyToMnemonic(entropy, wordlist)
}

/** Reads a phrase as people type it: any case, any white space. The phrase it gives back is the one to derive from. */
export function checkPhrase(text: string): PhraseCheck {
  const words = text.normalize('NFKD').toLowerCase().match(/\S+/g) ?? []
  const known = new Set(wordlist)
  const word = words.findIndex((each) => !known.has(each))
  if (word >= 0) return { ok: false, why: 'word', word }
  if (!COUNTS.includes(words.length)) return { ok: false, why: 'count' }
  const phrase = words.join(' ')
  return validateMnemonic(phrase, wordlist) ? { ok: true, phrase } : { ok: false, why: 'checksum' }
}

/**
 * The keys of a phrase, so that it leads to the same addresses here and in Ready (argent-sessions.md 8 and 15). `ready`: the
 * private key at m/44'/60'/0'/0/0 of the BIP-39 seed is the secret of a second tree. `standard`: the seed's own tree.
 * Costs a PBKDF2 of 2048 rounds once; each key after that is cheap.
 *
 * @param phrase as `checkPhrase` gave it
 * @throws for a broken phrase
 */
export function openPhrase(phrase: string, scheme: PhraseScheme = 'ready'): PhraseKeys {
  const seed = mnemonicToSeedSync(phrase)
  const first = HDKey.fromMasterSeed(seed)
  if (scheme === 'standard') {
    seed.fill(0)
    return keysOf(first)
  }
  const leaf = first.derive("m/44'/60'/0'/0/0")
  const secret = privateKeyOf(leaf)
  const keys = openSecret(secret)
  secret.fill(0)
  seed.fill(0)
  leaf.wipePrivateData()
  first.wipePrivateData()
  return keys
}

/**
 * The second stage alone.
 *
 * @param secret of the first stage, 32 bytes
 */
export function openSecret(secret: Uint8Array): PhraseKeys {
  // 31 bytes give another tree than 32 with a zero in front: Ready drops the zeros, so we do.
  return keysOf(HDKey.fromMasterSeed(secret.subarray(secret.findIndex((byte) => byte !== 0))))
}

function keysOf(tree: HDKey): PhraseKeys {
  return {
    owner: (index) => keyAt(tree, `m/44'/9004'/0'/0/${childNumber(index)}`),
    guardian: (index, generation) =>
      keyAt(tree, `m/44'/9004'/19531'/${childNumber(index)}'/${childNumber(generation)}'`),
    wipe: () => tree.wipePrivateData(),
  }
}

/** The owner key of account `index`; for several keys of one phrase, `openPhrase` is quicker. */
export function ownerKey(phrase: string, index: number): PrivateKey {
  return once(phrase, (keys) => keys.owner(index))
}

/** The guardian key of account `index`. Generations only grow: a retired key is never used again. */
export function guardianKey(phrase: string, index: number, generation: number): PrivateKey {
  return once(phrase, (keys) => keys.guardian(index, generation))
}

/**
 * An even key out of a derived one: the first sha256(seed ‖ k) below the largest multiple of the order, reduced.
 * Source: starknet.js and @scure/starknet, `grindKey`.
 */
export function grindKey(seed: Uint8Array): PrivateKey {
  const limit = 2n ** 256n - (2n ** 256n % ORDER)
  for (let k = 0; k < 256; k++) {
    const bytes = new Uint8Array(seed.length + 1)
    bytes.set(seed)
    bytes[seed.length] = k
    const value = BigInt(sha256(bytes))
    bytes.fill(0)
    if (value < limit) return keyOf(value % ORDER)
  }
  // Every try fails one time in 32.
  throw new Error('no key in 256 tries')
}

function once(phrase: string, ask: (keys: PhraseKeys) => PrivateKey): PrivateKey {
  const keys = openPhrase(phrase)
  try {
    return ask(keys)
  } finally {
    keys.wipe()
  }
}

function keyAt(tree: HDKey, path: string): PrivateKey {
  const node = tree.derive(path)
  const child = privateKeyOf(node)
  const key = grindKey(child)
  child.fill(0)
  node.wipePrivateData()
  return key
}

function privateKeyOf(node: HDKey): Uint8Array {
  if (node.privateKey === null) throw new Error('the keys were wiped')
  return Uint8Array.from(node.privateKey)
}

function keyOf(value: bigint): PrivateKey {
  const key = privateKeyFrom(
    Uint8Array.from({ length: 32 }, (_, at) => Number((value >> BigInt(8 * (31 - at))) & 255n)),
  )
  if (key === undefined) throw new Error('the key is zero')
  return key
}

function childNumber(value: number): number {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** 31) throw new RangeError('not a child number')
  return value
}
