import { type Address, type ClassHash, type Felt, felt, parseSelector, type Selector } from '../core/felt.ts'
import type { Call } from '../core/policy/policy.ts'
import type { Signature } from './curve.ts'
import { signerGuid } from './session-token.ts'

/**
 * What is known about account classes. The kind comes from the class hash alone: an unknown class is never guessed from
 * what it answers. Sources: argent-sessions.md 0, 7, 8, 10.
 */
export type AccountKind = 'argent-0.4.0' | 'argent-0.5.0' | 'argent-0.3' | 'unknown'
/** Kinds whose accounts have sessions on chain. */
export type SessionKind = 'argent-0.4.0' | 'argent-0.5.0'

export const ARGENT_0_4_0 = felt('0x036078334509b514626504edc9fb252328d1a240e4e948bef8d0c08dff45927f') as ClassHash
export const ARGENT_0_5_0 = felt('0x073414441639dcd11d1846f287650a00c60c416b9d3ba45d31c651672125b2c2') as ClassHash
export const ARGENT_0_3_1 = felt('0x029927c8af6bccf3f6fda035981e765a7bdbf18a2dc0d630494f8758aa908e2b') as ClassHash
export const ARGENT_0_3_0 = felt('0x01a736d6ed154502257f02b1ccdf4d9d1089f80811cd6acad48e6b6a9d1f2003') as ClassHash

const KINDS: ReadonlyMap<ClassHash, AccountKind> = new Map([
  [ARGENT_0_4_0, 'argent-0.4.0'],
  [ARGENT_0_5_0, 'argent-0.5.0'],
  [ARGENT_0_3_1, 'argent-0.3'],
  [ARGENT_0_3_0, 'argent-0.3'],
])

export function accountKind(classHash: ClassHash): AccountKind {
  return KINDS.get(classHash) ?? 'unknown'
}

export function hasSessions(kind: AccountKind): kind is SessionKind {
  return kind === 'argent-0.4.0' || kind === 'argent-0.5.0'
}

/**
 * Calldata of the constructor. A guardian in it changes the address; the wallet's own accounts have none (section 7).
 *
 * @throws RangeError for an unknown kind
 */
export function constructorCalldata(kind: AccountKind, ownerPublicKey: Felt, guardianPublicKey?: Felt): Felt[] {
  if (kind === 'argent-0.3') return [ownerPublicKey, guardianPublicKey ?? ZERO]
  if (!hasSessions(kind)) throw unknownKind()
  // In Cairo, Some is 0 and None is 1.
  return guardianPublicKey === undefined
    ? [STARKNET_TYPE, ownerPublicKey, ONE]
    : [STARKNET_TYPE, ownerPublicKey, ZERO, STARKNET_TYPE, guardianPublicKey]
}

export interface SignedBy {
  readonly publicKey: Felt
  readonly signature: Signature
}

/**
 * Signature of an ordinary transaction, a deployment or a message: 9 felts with a guardian, 5 without, owner first.
 * Class 0.3 knows only the short form.
 *
 * @throws RangeError for an unknown kind
 */
export function ordinarySignature(kind: AccountKind, owner: SignedBy, guardian?: SignedBy): Felt[] {
  const signers = guardian === undefined ? [owner] : [owner, guardian]
  if (kind === 'argent-0.3') return signers.flatMap(({ signature: { r, s } }) => [r, s])
  if (!hasSessions(kind)) throw unknownKind()
  return [
    felt(signers.length),
    ...signers.flatMap(({ publicKey, signature: { r, s } }) => [STARKNET_TYPE, publicKey, r, s]),
  ]
}

/** Zeros of the right length, for estimates that skip validation: each felt of a signature costs gas. */
export function placeholderSignature(kind: AccountKind, withGuardian: boolean): Felt[] {
  const nobody = { publicKey: ZERO, signature: { r: ZERO, s: ZERO } }
  return ordinarySignature(kind, nobody, withGuardian ? nobody : undefined).map(() => ZERO)
}

/** Names and selectors of section 10; accounts.test.ts proves each from its name. */
export const SELECTORS = {
  revoke_session: known('0x3fab092e963914fd624eedd965d67f571fea93cae38bbacb48be7db091be933'),
  is_session_revoked: known('0x39092635a112019062c4ee4c367f7db9a22fdb8b6cde59e906f197c24ab6e35'),
  change_guardian: known('0x309e00d93c6f8c0c2fcc1c8a01976f72e03b95841c3e3a1f7614048d5a77ead'),
  change_guardians: known('0x8fe233ec9e3828387d7a39865989e3e71d545e09593703e75c280ee651d6ba'),
  get_guardian: known('0x24fd89f2d8a7798e705aa5361f39154ca43e03721c05188285138f16018955d'),
  get_owner: known('0x3ee0bfaf5b124501fef19bbd1312e71f6966d186c42eeb91d1bff729b91d1d4'),
  trigger_escape_owner: known('0x26e71b81ea2af0a2b5c6bfceb639b4fc6faae9d8de072a61fc913d3301ff56b'),
  escape_owner: known('0x395b662db8770f18d407bbbfeebf45fffec4a7fa4f6c7cee13d084055a9387d'),
  get_escape_and_status: known('0x3ce4edd1dfe90e117a8b46482ea1d41700d9d00c1dccbce6a8e2f812c1882e4'),
  execute_from_outside_v2: known('0x34cc13b274446654ca3233ed2c1620d4c5d1d32fd20b47146a3371064bdc57d'),
} as const

/** First keys of the account's events (section 10). */
export const EVENTS = {
  SessionRevoked: felt('0x3738f33693f5ab1f9bcc240ce0bb23fdb0cd879f9e76ae01cbbd6ef1b359105'),
  GuardianChangedGuid: felt('0x30eeb1a2e53e660f37c1b22de3426cb882fa781478ace9a32c7bcd5898fca7c'),
  GuardianRemovedGuid: felt('0x3aff3a634b2d4aceffcc5ecd686193f669a68d3cf405676b743ea806cb8b24f'),
  OwnerChangedGuid: felt('0x114a7f68d7ddec6c5190387d6ad7af1548e987c5f152b940ee48c2618efd29b'),
  OwnerRemovedGuid: felt('0x18a8bdfd2bde4d0f2344227e62ca98b9bd9763a9cb3166cfa3bb7d00977dd59'),
  EscapeOwnerTriggeredGuid: felt('0x311523af50eb4b6321ce3c2e48b6aada16257920e7ec3fabba6d05cba6d6035'),
  OwnerEscapedGuid: felt('0x150afaf91582d79fef4097eb5101a19fdee6dbe5481bf3f39a78523444752cc'),
  TransactionExecuted: felt('0x1dcde06aabdbca2f80aa51392b345d7549d7757aa855f7e37f5d335ac8243b1'),
  AccountUpgraded: felt('0x2b2db2ed38136ca6c54b95187166f98ea84503db8768617a558705b508fec82'),
} as const

// Self-calls: each is alone in its transaction (`argent/no-multicall-to-self`) and comes from the wallet's own screens only.

/** Signed by the owner. */
export function setGuardianCall(kind: SessionKind, account: Address, guardianPublicKey: Felt): Call {
  return kind === 'argent-0.4.0'
    ? { to: account, selector: SELECTORS.change_guardian, calldata: [ZERO, STARKNET_TYPE, guardianPublicKey] }
    : { to: account, selector: SELECTORS.change_guardians, calldata: [ZERO, ONE, STARKNET_TYPE, guardianPublicKey] }
}

/** Signed by owner and old guardian. Ends every session of the account, and a running escape. */
export function rotateGuardianCall(kind: SessionKind, account: Address, oldPublicKey: Felt, newPublicKey: Felt): Call {
  if (kind === 'argent-0.4.0') return setGuardianCall(kind, account, newPublicKey)
  const calldata = [ONE, signerGuid(oldPublicKey), ONE, STARKNET_TYPE, newPublicKey]
  return { to: account, selector: SELECTORS.change_guardians, calldata }
}

/** Signed by owner and guardian. On 0.4.0 a backup guardian has to be removed first (`argent/backup-should-be-null`). */
export function removeGuardianCall(kind: SessionKind, account: Address, guardianPublicKey: Felt): Call {
  return kind === 'argent-0.4.0'
    ? { to: account, selector: SELECTORS.change_guardian, calldata: [ONE] }
    : { to: account, selector: SELECTORS.change_guardians, calldata: [ONE, signerGuid(guardianPublicKey), ZERO] }
}

/** Signed by owner and guardian. A hash revoked before reverts (`session/already-revoked`) and pays: read first. */
export function revokeSessionCall(account: Address, sessionHash: Felt): Call {
  return { to: account, selector: SELECTORS.revoke_session, calldata: [sessionHash] }
}

// Reads, for `starknet_call`.

/** Answers [1] when the session is revoked, [0] when not. */
export function isSessionRevokedCall(account: Address, sessionHash: Felt): Call {
  return { to: account, selector: SELECTORS.is_session_revoked, calldata: [sessionHash] }
}

/** Answers [public key], 0 without a guardian. On 0.5.0 it reverts when there are several. */
export function getGuardianCall(account: Address): Call {
  return { to: account, selector: SELECTORS.get_guardian, calldata: [] }
}

/** Answers [public key]. On 0.5.0 it reverts when there are several. */
export function getOwnerCall(account: Address): Call {
  return { to: account, selector: SELECTORS.get_owner, calldata: [] }
}

/** Answers [ready_at, type (0 none, 1 guardian, 2 owner), Option of the new signer, status (0 none … 3 expired)]. */
export function getEscapeCall(account: Address): Call {
  return { to: account, selector: SELECTORS.get_escape_and_status, calldata: [] }
}

const ZERO = felt(0)
const ONE = felt(1)
const STARKNET_TYPE = felt(0)

function known(text: string): Selector {
  return parseSelector(text) as Selector // literals of this file, each proven by accounts.test.ts
}

function unknownKind(): RangeError {
  return new RangeError('this account class has no known layout')
}
