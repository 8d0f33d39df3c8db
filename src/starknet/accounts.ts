import { type AccountKind, hasSessions, type SessionKind } from '../core/account.ts'
import { type Address, type ClassHash, type Felt, felt, parseSelector, type Selector } from '../core/felt.ts'
import type { Call } from '../core/policy/policy.ts'
import type { OwnStep } from '../core/protocol/session-info.ts'
import type { GuardianKey, OwnAccount } from '../core/records.ts'
import type { Signature } from './curve.ts'
import { signerGuid } from './session-token.ts'

/**
 * What is known about account classes. The kind comes from the class hash alone: an unknown class is never guessed from
 * what it answers. Sources: argent-sessions.md 0, 7, 8, 10.
 */
export const ARGENT_0_4_0 = felt('0x036078334509b514626504edc9fb252328d1a240e4e948bef8d0c08dff45927f') as ClassHash
export const ARGENT_0_5_0 = felt('0x073414441639dcd11d1846f287650a00c60c416b9d3ba45d31c651672125b2c2') as ClassHash
export const ARGENT_0_3_1 = felt('0x029927c8af6bccf3f6fda035981e765a7bdbf18a2dc0d630494f8758aa908e2b') as ClassHash
export const ARGENT_0_3_0 = felt('0x01a736d6ed154502257f02b1ccdf4d9d1089f80811cd6acad48e6b6a9d1f2003') as ClassHash

/** Of every Cairo 0 account of Argent; which account it is says its implementation, an argument of the constructor. */
export const ARGENT_PROXY = felt('0x25ec026985a3bf9d0cc1fe17326b245dfdc3ff89b8fde106542a3ea56c5a918') as ClassHash
/** OpenZeppelin's preset 1.0.0: what devnet's own accounts are. */
export const OPENZEPPELIN_1_0_0 = felt(
  '0x05b4b537eaa2399e3aa99c4e2e0208ebd6c71bc1467938cd52c798c601e43564',
) as ClassHash

/** A class that a key may have an account of: how its address is made, and the version people know it by. */
export interface AccountClass {
  readonly classHash: ClassHash
  readonly kind: AccountKind
  readonly version: string
  /** Of a proxy. */
  readonly implementation?: Felt
}
/** What Ready made over the years, newest first (sections 0 and 15): where a key's accounts are looked for. */
export const READY_CLASSES: readonly AccountClass[] = [
  { classHash: ARGENT_0_5_0, kind: 'argent-0.5.0', version: '0.5.0' },
  { classHash: ARGENT_0_4_0, kind: 'argent-0.4.0', version: '0.4.0' },
  { classHash: ARGENT_0_3_1, kind: 'argent-0.3', version: '0.3.1' },
  { classHash: ARGENT_0_3_0, kind: 'argent-0.3', version: '0.3.0' },
  cairo0('0.2.3.1', '0x033434ad846cdd5f23eb73ff09fe6fddd568284a0fb7d1be20ee482f044dabe2'),
  cairo0('0.2.3', '0x1a7820094feaf82d53f53f214b81292d717e7bb9a92bb2488092cd306f3993f'),
  cairo0('0.2.2', '0x3e327de1c40540b98d05cbcb13552008e36f0ec8d61d46956d2f9752c294328'),
  cairo0('0.2.1', '0x7e28fb0161d10d1cf7fe1f13e7ca57bce062731a3bd04494dfd2d0412699727'),
]
const OPENZEPPELIN: AccountClass = { classHash: OPENZEPPELIN_1_0_0, kind: 'openzeppelin', version: '1.0.0' }
const CLASSES = [...READY_CLASSES, OPENZEPPELIN]

export function accountKind(classHash: Felt): AccountKind {
  return CLASSES.find((it) => it.classHash === classHash)?.kind ?? 'unknown'
}

/** "0.4.0"; `undefined`: unknown, or a proxy, which alone does not say. */
export function accountVersion(classHash: Felt): string | undefined {
  const found = CLASSES.filter((it) => it.classHash === classHash)
  return found.length === 1 ? found[0]?.version : undefined
}

/** What a constructor is given. A guardian changes the address; the wallet's own accounts have none (section 7). */
export interface ConstructorParts {
  readonly ownerPublicKey: Felt
  readonly guardianPublicKey?: Felt
  /** Of a proxy. */
  readonly implementation?: Felt
}

/** @throws RangeError for an unknown kind, and a proxy without its implementation */
export function constructorCalldata(kind: AccountKind, parts: ConstructorParts): Felt[] {
  const { ownerPublicKey, guardianPublicKey, implementation } = parts
  switch (kind) {
    case 'argent-0.4.0':
    case 'argent-0.5.0':
      // In Cairo, Some is 0 and None is 1.
      return guardianPublicKey === undefined
        ? [STARKNET_TYPE, ownerPublicKey, ONE]
        : [STARKNET_TYPE, ownerPublicKey, ZERO, STARKNET_TYPE, guardianPublicKey]
    case 'argent-0.3':
      return [ownerPublicKey, guardianPublicKey ?? ZERO]
    case 'argent-0.2':
      if (implementation === undefined) throw unknownKind()
      return [implementation, SELECTORS.initialize, TWO, ownerPublicKey, guardianPublicKey ?? ZERO]
    case 'openzeppelin':
      return [ownerPublicKey]
    case 'unknown':
      throw unknownKind()
  }
}

export interface SignedBy {
  readonly publicKey: Felt
  readonly signature: Signature
}

/**
 * Signature of an ordinary transaction, a deployment or a message: 9 felts with a guardian, 5 without, owner first. All
 * other classes know only the short form, r and s of each.
 */
export function ordinarySignature(kind: AccountKind, owner: SignedBy, guardian?: SignedBy): Felt[] {
  const signers = guardian === undefined ? [owner] : [owner, guardian]
  if (!hasSessions(kind)) return signers.flatMap(({ signature: { r, s } }) => [r, s])
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
  is_session_authorization_cached: known('0x72b45b7930221fe8c6613b9022ac65d60a40dbb5ae7f293ab04c520dfbec4c'),
  change_guardian: known('0x309e00d93c6f8c0c2fcc1c8a01976f72e03b95841c3e3a1f7614048d5a77ead'),
  change_guardians: known('0x8fe233ec9e3828387d7a39865989e3e71d545e09593703e75c280ee651d6ba'),
  get_guardian: known('0x24fd89f2d8a7798e705aa5361f39154ca43e03721c05188285138f16018955d'),
  initialize: known('0x79dc0da7c54b95f10aa182ad0a46400db63156920adb65eca2654c0945a463'),
  get_public_key: known('0x1a35984e05126dbecb7c3bb9929e7dd9106d460c59b1633739a5c733a5fb13b'),
  getPublicKey: known('0x1a6c6a0bdec86cc645c91997d8eea83e87148659e3e61122f72361fd5e94079'),
  getSigner: known('0x239e10ae97b247b05959d468aa46c8d2a3ecdc7802dcf7ba10b891b9c08a372'),
  get_owner: known('0x3ee0bfaf5b124501fef19bbd1312e71f6966d186c42eeb91d1bff729b91d1d4'),
  trigger_escape_owner: known('0x26e71b81ea2af0a2b5c6bfceb639b4fc6faae9d8de072a61fc913d3301ff56b'),
  escape_owner: known('0x395b662db8770f18d407bbbfeebf45fffec4a7fa4f6c7cee13d084055a9387d'),
  get_escape_and_status: known('0x3ce4edd1dfe90e117a8b46482ea1d41700d9d00c1dccbce6a8e2f812c1882e4'),
  get_escape_security_period: known('0x210a7cd39e0347cff327912ed18cf7aef2e6faef12d0d698a9bffaea330ca7c'),
  trigger_escape_guardian: known('0x29ce6d1019e7bef00e94df2973d8d36e9e9b6c5f8783275441c9e466cb8b43'),
  escape_guardian: known('0x3ad2979f59dc1535593f6af33e41945239f4811966bcd49314582a892ebcee8'),
  upgrade: known('0xf2f7c15cbe06c8d94597cd91fd7f3369eae842359235712def5584f8d270cd'),
  execute_from_outside_v2: known('0x34cc13b274446654ca3233ed2c1620d4c5d1d32fd20b47146a3371064bdc57d'),
} as const

/** First keys of the account's events (section 10). */
export const EVENTS = {
  SessionRevoked: felt('0x3738f33693f5ab1f9bcc240ce0bb23fdb0cd879f9e76ae01cbbd6ef1b359105'),
  GuardianChangedGuid: felt('0x30eeb1a2e53e660f37c1b22de3426cb882fa781478ace9a32c7bcd5898fca7c'),
  GuardianAddedGuid: felt('0x17f6743c433e741a019de9955e39616f222175e174201515c098dccbeca2e3b'),
  /** At each new key of either role, in both versions: its GUID is a key, the key itself the data. */
  SignerLinked: felt('0x302b4aa3237648863fc569a648f3625780753ababf66d86fd6f7e7bbc648c63'),
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

/**
 * Signed by the owner alone: after the account's waiting time its guardian may be this one. At most one such try in 12 h, and
 * its fee is capped (section 9).
 */
export function takeOverCall(account: Address, newPublicKey: Felt): Call {
  return { to: account, selector: SELECTORS.trigger_escape_guardian, calldata: [ZERO, STARKNET_TYPE, newPublicKey] }
}

/** Signed by the owner alone, from the end of the waiting time on, for as long again. */
export function finishTakeOverCall(account: Address): Call {
  return { to: account, selector: SELECTORS.escape_guardian, calldata: [] }
}

/** Signed by owner, and guardian where there is one. No calls of its own go along (section 11). */
export function upgradeCall(account: Address, classHash: ClassHash): Call {
  return { to: account, selector: SELECTORS.upgrade, calldata: [classHash, ZERO] }
}

/** Signed by owner and guardian. A hash revoked before reverts (`session/already-revoked`) and pays: read first. */
export function revokeSessionCall(account: Address, sessionHash: Felt): Call {
  return { to: account, selector: SELECTORS.revoke_session, calldata: [sessionHash] }
}

/**
 * The call of one of the wallet's own steps, as its signer makes it again. `standing`: the second key that the chain has.
 *
 * @throws RangeError where the step is not for such an account
 */
export function stepCalls(
  step: OwnStep,
  by: { readonly account: OwnAccount; readonly kind: AccountKind; readonly standing?: GuardianKey },
): readonly Call[] {
  const { account, kind, standing } = by
  const { address, guardian } = account
  if (step === 'deploy') return []
  if (step === 'upgrade') {
    if (kind !== 'argent-0.3') throw unknownKind()
    return [upgradeCall(address, ARGENT_0_4_0)]
  }
  if (!hasSessions(kind)) throw unknownKind()
  if (step === 'enable') return [setGuardianCall(kind, address, guardian.publicKey)]
  if (step === 'takeOver') return [takeOverCall(address, guardian.publicKey)]
  if (step === 'finish') return [finishTakeOverCall(address)]
  if (standing === undefined) throw new RangeError('there is no second key')
  if (step === 'remove') return [removeGuardianCall(kind, address, standing.publicKey)]
  // A key that was there before would let old sessions live again (section 4).
  if (guardian.generation <= standing.generation) throw new RangeError('the second key has no successor yet')
  return [rotateGuardianCall(kind, address, standing.publicKey, guardian.publicKey)]
}

// Reads, for `starknet_call`.

/** Answers [1] when the session is revoked, [0] when not. */
export function isSessionRevokedCall(account: Address, sessionHash: Felt): Call {
  return { to: account, selector: SELECTORS.is_session_revoked, calldata: [sessionHash] }
}

/** Answers [1] where the account keeps that a session was authorized: its token may then leave that out. Of 0.4.0. */
export function isSessionCachedCall(account: Address, sessionHash: Felt): Call {
  return { to: account, selector: SELECTORS.is_session_authorization_cached, calldata: [sessionHash] }
}

/** Answers [public key], 0 without a guardian. On 0.5.0 it reverts when there are several. */
export function getGuardianCall(account: Address): Call {
  return { to: account, selector: SELECTORS.get_guardian, calldata: [] }
}

/** Answers [public key]. On 0.5.0 it reverts when there are several. */
export function getOwnerCall(account: Address): Call {
  return { to: account, selector: SELECTORS.get_owner, calldata: [] }
}

/** Who owns it, in the words of its class; an unknown one is asked in all of them, and each answers [public key]. */
export function ownerCalls(kind: AccountKind, account: Address): readonly Call[] {
  const { get_owner, get_public_key, getPublicKey, getSigner } = SELECTORS
  const names =
    kind === 'unknown'
      ? [get_owner, get_public_key, getPublicKey, getSigner]
      : [kind === 'openzeppelin' ? get_public_key : kind === 'argent-0.2' ? getSigner : get_owner]
  return names.map((selector) => ({ to: account, selector, calldata: [] }))
}

/** Answers [ready_at, type (0 none, 1 guardian, 2 owner), Option of the new signer, status (0 none … 3 expired)]. */
export function getEscapeCall(account: Address): Call {
  return { to: account, selector: SELECTORS.get_escape_and_status, calldata: [] }
}

/** Answers [seconds]: how long a take-over waits, and how long it can then be finished. */
export function getEscapePeriodCall(account: Address): Call {
  return { to: account, selector: SELECTORS.get_escape_security_period, calldata: [] }
}

const ZERO = felt(0)
const ONE = felt(1)
const TWO = felt(2)
const STARKNET_TYPE = felt(0)

function known(text: string): Selector {
  return parseSelector(text) as Selector // literals of this file, each proven by accounts.test.ts
}

function cairo0(version: string, implementation: string): AccountClass {
  return { classHash: ARGENT_PROXY, kind: 'argent-0.2', version, implementation: felt(implementation) }
}

function unknownKind(): RangeError {
  return new RangeError('this account class has no known layout')
}
