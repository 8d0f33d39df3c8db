import { type Address, type Felt, felt, type Hash32, type Selector, shortString } from '../core/felt.ts'
import type { UnixSeconds } from '../core/time.ts'
import type { Signature } from './curve.ts'
import { keep } from './kept.ts'
import { poseidon, poseidon2 } from './poseidon.ts'

/**
 * Sessions of the Argent account, 0.4.0 and 0.5.0: SNIP-12 revision 1 hashes and the token that is the transaction's
 * signature. Source of layouts and constants: argent-sessions.md 1 and 2 (argent-contracts-starknet, tag account-0.4.0).
 * Tokens made here always have cache 0: one layout for both versions, and no storage write in validation.
 */
export interface Authorization {
  readonly ownerPublicKey: Felt
  /** Owner and guardian over the session hash, the owner first. */
  readonly owner: Signature
  readonly guardianPublicKey: Felt
  readonly guardian: Signature
}

export interface MethodTree {
  /** Without duplicates, in the order of their leaves: by contract, then selector, as integers. */
  readonly methods: [Address, Selector][]
  readonly root: Felt
  /** By `methodKey`. */
  readonly proofs: ReadonlyMap<string, readonly Felt[]>
}

const STARKNET_SIGNER = BigInt(shortString('Starknet Signer'))
const STARKNET_MESSAGE = BigInt(shortString('StarkNet Message'))
const DOMAIN_NAME = BigInt(shortString('SessionAccount.session'))
const DOMAIN_TYPE = 0x1ff2f602e42168014d405a94f75e8a93d640751d71d16311266e140d8b0a210n
const SESSION_TYPE = 0x2a7d1ecdf754b100d735189f4969485656c828bfcb863a154c61199caa02434n
const METHOD_TYPE = 0x38bb0eaaded40ffd0ffd2995e2b7603ee76746158c2f7cd494f201d4ca16a86n
/** The felt of the text "1", not the number 1: with 1 the hash is another and the session dead. */
const DOMAIN_VERSION = 0x31n
const DOMAIN_REVISION = 1n

/** Without control characters: below 0x10, starknet.js writes one digit per byte and gets another hash than Cairo. */
const PRINTABLE = /^[\x20-\x7e]*$/
const MAGIC = shortString('session-token')
const ZERO = felt(0)
const STARKNET_TYPE = felt(0)
const AUTHORIZATION_LENGTH = 9

const guids = keep<Felt>(64)
const metadataHashes = keep<bigint>(64)
const domains = keep<bigint>(16)

/** What the account calls a Starknet key: P2('Starknet Signer', public key). */
export function signerGuid(publicKey: Felt): Felt {
  return guids(publicKey, () => felt(poseidon2(STARKNET_SIGNER, BigInt(publicKey))))
}

export function methodKey(contract: Address, selector: Selector): string {
  return `${contract} ${selector}`
}

/**
 * The Merkle tree of what a session may call: P2(smaller, larger), an odd level padded with 0, one leaf is its own root.
 *
 * @param order `written`: as a site wrote it, doubles too, because that gives another root
 * @throws RangeError for an empty list: a session that may call nothing has no tree
 */
export function methodTree(
  methods: readonly (readonly [Address, Selector])[],
  order: 'sorted' | 'written' = 'sorted',
): MethodTree {
  const unique = order === 'written' ? methods : sortedOnce(methods)
  if (unique.length === 0) throw new RangeError('a session needs a method')
  const levels = grow(unique.map(([contract, selector]) => poseidon([METHOD_TYPE, BigInt(contract), BigInt(selector)])))
  return {
    methods: unique.map(([contract, selector]) => [contract, selector]),
    root: felt(levels.at(-1)![0]!),
    proofs: new Map(unique.map((method, index) => [methodKey(...method), proofOf(levels, index)])),
  }
}

function sortedOnce(methods: readonly (readonly [Address, Selector])[]): readonly (readonly [Address, Selector])[] {
  return [...new Map(methods.map((method) => [methodKey(...method), method])).values()].sort(
    ([contractA, selectorA], [contractB, selectorB]) =>
      compare(BigInt(contractA), BigInt(contractB)) || compare(BigInt(selectorA), BigInt(selectorB)),
  )
}

/**
 * The metadata of a session that the wallet makes. Only its hash goes to the chain; it ties the signed session to the
 * whole policy. The text that was signed is stored, because another order or space is another hash.
 *
 * @param host of the site; an international name in punycode
 * @throws RangeError when a part is not printable ASCII
 */
export function sessionMetadata({ host, origin, policyHash }: MetadataParts): string {
  for (const part of [host, origin, policyHash]) {
    if (part === '' || !PRINTABLE.test(part)) throw new RangeError('metadata is ASCII')
  }
  return JSON.stringify({ projectID: host, txFees: [], latchkey: { v: 1, origin, policy: policyHash } })
}

export interface MetadataParts {
  readonly host: string
  readonly origin: string
  readonly policyHash: Hash32
}

/**
 * What owner and guardian sign once, at the approval: `typedData.getMessageHash` of the session's typed data.
 *
 * @param session `expiresAt` is the last valid second: `validUntil` - 1
 * @throws RangeError when the metadata is not printable ASCII or the time not whole seconds
 * @see session-token.test.ts "differential: sessionHash equals starknet.js"
 */
export function sessionHash({ chainId, account, expiresAt, root, metadata, sessionKeyGuid }: SessionParts): Felt {
  const struct = poseidon([
    SESSION_TYPE,
    seconds(expiresAt),
    BigInt(root),
    metadataHash(metadata),
    BigInt(sessionKeyGuid),
  ])
  const domain = domains(chainId, () =>
    poseidon([DOMAIN_TYPE, DOMAIN_NAME, DOMAIN_VERSION, BigInt(chainId), DOMAIN_REVISION]),
  )
  return felt(poseidon([STARKNET_MESSAGE, domain, BigInt(account), struct]))
}

export interface SessionParts {
  readonly chainId: Felt
  readonly account: Address
  readonly expiresAt: UnixSeconds
  readonly root: Felt
  readonly metadata: string
  readonly sessionKeyGuid: Felt
}

/**
 * M, what session key and guardian sign for every transaction.
 *
 * @param cache of the token that will carry the signatures; the wallet's own is always 0
 */
export function sessionMessage(txHash: Felt, sessionHash: Felt, cache: 0 | 1 = 0): Felt {
  return felt(poseidon([BigInt(txHash), BigInt(sessionHash), BigInt(cache)]))
}

/**
 * The transaction's signature: 25 + Σ(1 + proof length) felts.
 *
 * @throws RangeError without proofs: a session transaction without calls is valid on chain and only burns its fee
 */
export function sessionToken(parts: TokenParts): Felt[] {
  const { expiresAt, root, metadata, sessionPublicKey, authorization, session, guardian, proofs } = parts
  if (proofs.length === 0) throw new RangeError('a session transaction needs a call')
  return [
    MAGIC,
    felt(seconds(expiresAt)),
    root,
    felt(metadataHash(metadata)),
    signerGuid(sessionPublicKey),
    ZERO, // cache
    felt(AUTHORIZATION_LENGTH),
    ...authorizationFelts(authorization),
    ...signer(sessionPublicKey, session),
    ...signer(authorization.guardianPublicKey, guardian),
    felt(proofs.length),
    ...proofs.flatMap((proof) => [felt(proof.length), ...proof]),
  ]
}

export interface TokenParts {
  readonly expiresAt: UnixSeconds
  readonly root: Felt
  readonly metadata: string
  readonly sessionPublicKey: Felt
  readonly authorization: Authorization
  /** Session key and guardian over M. */
  readonly session: Signature
  readonly guardian: Signature
  /** One proof per call, in the order of the calls. */
  readonly proofs: readonly (readonly Felt[])[]
}

/** The nine felts of the authorization, as they are stored with the session. */
export function authorizationFelts({ ownerPublicKey, owner, guardianPublicKey, guardian }: Authorization): Felt[] {
  return [felt(2), ...signer(ownerPublicKey, owner), ...signer(guardianPublicKey, guardian)]
}

/** @throws RangeError when the felts are not two Starknet signers: nothing else is ever stored or signed for */
export function readAuthorization(felts: readonly Felt[]): Authorization {
  const [count, ownerType, ownerPublicKey, ownerR, ownerS, guardianType, guardianPublicKey, guardianR, guardianS] =
    felts
  if (felts.length !== AUTHORIZATION_LENGTH || count !== '0x2') throw new RangeError('not an authorization')
  if (ownerType !== STARKNET_TYPE || guardianType !== STARKNET_TYPE) throw new RangeError('not an authorization')
  return {
    ownerPublicKey: ownerPublicKey!,
    owner: { r: ownerR!, s: ownerS! },
    guardianPublicKey: guardianPublicKey!,
    guardian: { r: guardianR!, s: guardianS! },
  }
}

/**
 * A token for estimates with validation skipped: the right length, because each felt costs gas, and the real end, because
 * `__execute__` looks at it. Everything else is 0.
 */
export function placeholderToken({ expiresAt, proofLengths }: PlaceholderParts): Felt[] {
  const length = 25 + proofLengths.reduce((sum, proof) => sum + 1 + proof, 0)
  return [MAGIC, felt(seconds(expiresAt)), ...Array.from({ length: length - 2 }, () => ZERO)]
}

export interface PlaceholderParts {
  readonly expiresAt: UnixSeconds
  /** Felts of each call's proof. */
  readonly proofLengths: readonly number[]
}

export type Signing =
  | { readonly by: 'session'; readonly calls: number; readonly proofFelts: number }
  | { readonly by: 'owner' | 'ownerAndGuardian'; readonly calls: number }

/**
 * L2 gas that validation takes, to be added to an estimate which skipped it. Deployments count as ordinary, with 0 calls.
 * Source: measured over 40 shapes each on 0.4.0 and 0.5.0, never below the receipt (argent-sessions.md 16).
 */
export function validationGas(signing: Signing): bigint {
  const calls = BigInt(signing.calls)
  if (signing.by === 'session') return 520_000n + 40_000n * calls + 9_000n * BigInt(signing.proofFelts)
  return (signing.by === 'owner' ? 220_000n : 280_000n) + 14_000n * calls
}

/** A Cairo ByteArray: [full words, …31 bytes each, rest, length of the rest]. */
function metadataHash(metadata: string): bigint {
  return metadataHashes(metadata, () => {
    if (!PRINTABLE.test(metadata)) throw new RangeError('metadata is ASCII')
    const words = metadata.match(/.{31}/gs) ?? []
    const rest = metadata.slice(words.length * 31)
    return poseidon([BigInt(words.length), ...words.map(word), word(rest), BigInt(rest.length)])
  })
}

function word(text: string): bigint {
  let value = 0n
  for (let at = 0; at < text.length; at++) value = (value << 8n) + BigInt(text.charCodeAt(at))
  return value
}

function grow(leaves: readonly bigint[]): readonly (readonly bigint[])[] {
  const levels = [leaves]
  for (let level = leaves; level.length > 1; levels.push(level)) {
    const below = level
    level = Array.from({ length: Math.ceil(below.length / 2) }, (_, at) =>
      node(below[2 * at]!, below[2 * at + 1] ?? 0n),
    )
  }
  return levels
}

function node(a: bigint, b: bigint): bigint {
  return a < b ? poseidon2(a, b) : poseidon2(b, a)
}

function proofOf(levels: readonly (readonly bigint[])[], index: number): Felt[] {
  return levels.slice(0, -1).map((level, depth) => felt(level[(index >> depth) ^ 1] ?? 0n))
}

function signer(publicKey: Felt, { r, s }: Signature): Felt[] {
  return [STARKNET_TYPE, publicKey, r, s]
}

function seconds(time: UnixSeconds): bigint {
  if (!Number.isSafeInteger(time) || time < 0) throw new RangeError('not a time in seconds')
  return BigInt(time)
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}
