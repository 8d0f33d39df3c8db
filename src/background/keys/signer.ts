/**
 * The only file of the wallet that signs. It signs for a durable hold or for a person's yes, and for nothing else; it
 * rebuilds every hash from its parts, and looks once more, without waiting for anything, before a session's signature.
 */
import type { Address, Felt } from '../../core/felt.ts'
import type { Call, SessionId } from '../../core/policy/policy.ts'
import type { AccountRecord, JournalRow, NetworkRecord, StoredSession } from '../../core/records.ts'
import { END_MARGIN, type UnixSeconds } from '../../core/time.ts'
import { wipe } from '../../platform/secret-box.ts'
import {
  accountKind,
  hasSessions,
  ordinarySignature,
  revokeSessionCall,
  SELECTORS,
  setGuardianCall,
} from '../../starknet/accounts.ts'
import { type PrivateKey, privateKeyFrom, publicKey, sign } from '../../starknet/curve.ts'
import { deployAccountHash } from '../../starknet/deploy.ts'
import { invokeHash } from '../../starknet/invoke.ts'
import { keep } from '../../starknet/kept.ts'
import {
  authorizationFelts,
  type MethodTree,
  methodKey,
  methodTree,
  readAuthorization,
  sessionHash,
  sessionMessage,
  sessionToken,
  signerGuid,
} from '../../starknet/session-token.ts'
import { type NotNow, notNow } from '../failures.ts'
import { readBounds } from '../sending/fees.ts'
import type { Held, HeldForPerson } from '../sending/ledger.ts'
import type { Allowed, Approved } from './approved.ts'

/** Names of keys in the vault. */
export const ownerSecretId = (account: Address) => account
export const guardianSecretId = (account: Address, generation: number) => `${account} ${generation}`

export interface Signer {
  /** @throws NotNow with nothing signed */
  session(held: Held): Promise<readonly Felt[]>
  /**
   * Of a session that only this wallet holds: the owner, and with `guardian` the second key after it.
   *
   * @throws NotNow with nothing signed
   */
  owner(held: Held, by: { readonly guardian: boolean }): Promise<readonly Felt[]>
  /** Synchronous: whether a signature that was made may still leave. */
  maySend(held: Held): boolean
  /**
   * Owner, and with `guardian` the second key after it.
   *
   * @throws NotNow `locked`
   */
  person(held: HeldForPerson, by: { readonly guardian: boolean }): Promise<readonly Felt[]>
  /** Owner and guardian over the session hash. @throws NotNow `locked` */
  authorization(approved: Approved, session: StoredSession): Promise<readonly Felt[]>
  /** Whether the session's keys can be had now: the `workingSet` of the policy's facts. */
  hasKeys(session: StoredSession): boolean
  /** What the first signature of a worker's life computes besides, for a moment in which a node is waited for. */
  ahead(session: StoredSession): (() => void) | undefined
}

export interface SignerNeeds {
  readonly keys: {
    isUnlocked(now: UnixSeconds): boolean
    sessionKey(id: SessionId): Uint8Array | undefined
    guardianKey(account: Address): Uint8Array | undefined
    ownerSubkey(now: UnixSeconds): Uint8Array | undefined
    guardianSubkey(now: UnixSeconds): Uint8Array | undefined
    sessionSubkey(now: UnixSeconds): Uint8Array | undefined
  }
  readonly vault: {
    openSecret(kind: 'owner' | 'guardian' | 'session', id: string, key: Uint8Array): Promise<Uint8Array | undefined>
  }
  readonly stops: { isStopped(id: SessionId): boolean }
  /** From memory: the session as it was last committed. */
  readonly look: (id: SessionId) => StoredSession | undefined
  readonly accounts: () => Promise<readonly AccountRecord[]>
  readonly network: (id: JournalRow['network']) => NetworkRecord
  readonly now: () => UnixSeconds
}

const trees = keep<{ readonly inputs: readonly (string | number)[]; readonly tree: MethodTree }>(32)
/** By the array itself, so that no copy of a key is made; its bytes change only when it is wiped, and then it is no key. */
const publicKeys = new WeakMap<PrivateKey, Felt>()
function publicKeyOf(key: PrivateKey): Felt {
  const known = publicKeys.get(key) ?? publicKey(key)
  publicKeys.set(key, known)
  return known
}

export function createSigner(needs: SignerNeeds): Signer {
  const { keys, vault, now } = needs

  const opened = async (
    kind: 'owner' | 'guardian' | 'session',
    id: string,
    subkey: Uint8Array | undefined,
  ): Promise<PrivateKey | undefined> => {
    const bytes = subkey && (await vault.openSecret(kind, id, subkey))
    return bytes && privateKeyFrom(bytes)
  }
  const openedGuardian = ({ address, guardian }: AccountRecord) =>
    opened('guardian', guardianSecretId(address, guardian.generation), keys.guardianSubkey(now()))

  /** All that can change between the hold and the signature, read at once and from memory. */
  const lastLook = (held: Held, sealedKeys: boolean): NotNow['why'] | undefined => {
    const { row, session } = held
    if (needs.stops.isStopped(session.id)) return 'stopped'
    const current = needs.look(session.id)
    if (current === undefined || current.state !== 'active') return 'notActive'
    if (current.seq !== session.seq) return 'changed'
    if (Math.max(now(), row.at) >= current.effective.validUntil - END_MARGIN) return 'expired'
    // Keys of the working set are there because this session may run while locked; the others need the unlock.
    if ((sealedKeys || !current.runWhileLocked) && !keys.isUnlocked(now())) return 'locked'
    return undefined
  }

  return {
    session: async (held) => {
      const { row, session, chainId } = held
      const { chain } = session
      if (chain === undefined || row.session !== session.id) throw new Error('not a session on chain')
      refuseEscape(row.calls)
      const accounts = await needs.accounts()
      refuseOwn(row.calls, accounts)
      const account = accountIn(accounts, row.account)
      const keptSession = keys.sessionKey(session.id)
      const keptGuardian = keys.guardianKey(row.account)
      const sealedKeys = keptSession === undefined || keptGuardian === undefined
      const sessionKey = sealedKeys
        ? await opened('session', session.id, keys.sessionSubkey(now()))
        : privateKeyFrom(keptSession)
      const guardianKey = sealedKeys ? await openedGuardian(account) : privateKeyFrom(keptGuardian)
      // Keys were not to be had: locked, or not in the working set yet.
      if (sessionKey === undefined || guardianKey === undefined) throw notNow('locked')

      // From here to the second signature nothing is awaited.
      try {
        const why = lastLook(held, sealedKeys)
        if (why !== undefined) throw notNow(why)
        const hash = invokeHash({ ...invokeParts(row), chainId })
        if (hash !== row.hash) throw new Error('the row names another hash')
        const tree = sessionTree(session, chain)
        const authorization = readAuthorization(chain.authorization)
        const sessionPublicKey = publicKeyOf(sessionKey)
        if (signerGuid(sessionPublicKey) !== session.key.guid) throw new Error('not the key of this session')
        if (publicKeyOf(guardianKey) !== authorization.guardianPublicKey)
          throw new Error('not the guardian of this session')
        const proofs = row.calls.map(({ to, selector }) => {
          const proof = tree.proofs.get(methodKey(to, selector))
          if (proof === undefined) throw new Error('a call outside the session on chain')
          return proof
        })
        const message = sessionMessage(hash, chain.sessionHash)
        const bySession = sign(message, sessionKey)
        // The guardian signs second, after the policy said yes and the session key signed the same felt.
        const byGuardian = sign(message, guardianKey)
        return sessionToken({
          expiresAt: chain.expiresAt,
          root: tree.root,
          metadata: chain.metadata,
          sessionPublicKey,
          authorization,
          session: bySession,
          guardian: byGuardian,
          proofs,
        })
      } finally {
        if (sealedKeys) wipe(sessionKey, guardianKey)
      }
    },

    owner: async (held, by) => {
      const { row, session, chainId } = held
      if (session.backing !== 'wallet' || row.session !== session.id)
        throw new Error('not a session of this wallet alone')
      refuseEscape(row.calls)
      const accounts = await needs.accounts()
      refuseOwn(row.calls, accounts)
      const account = accountIn(accounts, row.account)
      const ownerKey = await opened('owner', ownerSecretId(account.address), keys.ownerSubkey(now()))
      const guardianKey = by.guardian ? await openedGuardian(account) : undefined
      if (ownerKey === undefined || (by.guardian && guardianKey === undefined)) throw notNow('locked')
      // From here to the signatures nothing is awaited.
      try {
        const why = lastLook(held, true)
        if (why !== undefined) throw notNow(why)
        const hash = invokeHash({ ...invokeParts(row), chainId })
        if (hash !== row.hash) throw new Error('the row names another hash')
        return ordinarySignature(
          accountKind(account.classHash),
          signedBy(hash, ownerKey, account.ownerPublicKey),
          guardianKey && signedBy(hash, guardianKey, account.guardian.publicKey),
        )
      } finally {
        wipe(ownerKey, ...(guardianKey === undefined ? [] : [guardianKey]))
      }
    },

    maySend: (held) => lastLook(held, keys.sessionKey(held.session.id) === undefined) === undefined,

    person: async (held, by) => {
      const { row, approved } = held
      refuseEscape(row.calls)
      const accounts = await needs.accounts()
      const account = accountIn(accounts, row.account)
      checkAllowed(row, approved, account, accounts)
      const ownerKey = await opened('owner', ownerSecretId(account.address), keys.ownerSubkey(now()))
      const guardianKey = by.guardian ? await openedGuardian(account) : undefined
      if (ownerKey === undefined || (by.guardian && guardianKey === undefined)) throw notNow('locked')
      try {
        if (!keys.isUnlocked(now())) throw notNow('locked')
        const { chainId } = needs.network(row.network)
        const { classHash, ownerPublicKey } = account
        const { nonce, tip, bounds } = invokeParts(row)
        const hash =
          row.kind === 'deploy'
            ? deployAccountHash({ classHash, ownerPublicKey, chainId, nonce, tip, bounds })
            : invokeHash({ ...invokeParts(row), chainId })
        if (hash !== row.hash) throw new Error('the row names another hash')
        return ordinarySignature(
          accountKind(classHash),
          signedBy(hash, ownerKey, ownerPublicKey),
          guardianKey && signedBy(hash, guardianKey, account.guardian.publicKey),
        )
      } finally {
        wipe(ownerKey, ...(guardianKey === undefined ? [] : [guardianKey]))
      }
    },

    authorization: async (approved, session) => {
      const { chain } = session
      if (chain === undefined) throw new Error('not a session on chain')
      if (!allows(approved, (it) => it.kind === 'session' && it.session === session.id)) throw notApproved()
      if (approved.account !== session.account || approved.network !== session.network) throw notApproved()
      const account = accountIn(await needs.accounts(), session.account)
      const ownerKey = await opened('owner', ownerSecretId(account.address), keys.ownerSubkey(now()))
      const guardianKey = await openedGuardian(account)
      if (ownerKey === undefined || guardianKey === undefined) throw notNow('locked')
      try {
        if (!keys.isUnlocked(now())) throw notNow('locked')
        sessionTree(session, chain)
        const hash = chain.sessionHash
        const owner = signedBy(hash, ownerKey, account.ownerPublicKey)
        const guardian = signedBy(hash, guardianKey, account.guardian.publicKey)
        return authorizationFelts({
          ownerPublicKey: owner.publicKey,
          owner: owner.signature,
          guardianPublicKey: guardian.publicKey,
          guardian: guardian.signature,
        })
      } finally {
        wipe(ownerKey, guardianKey)
      }
    },

    hasKeys: (session) => {
      if (session.backing === 'wallet') return keys.isUnlocked(now())
      if (session.runWhileLocked && keys.sessionKey(session.id) !== undefined) return true
      return keys.isUnlocked(now())
    },

    ahead: (session) => {
      const kept = [keys.sessionKey(session.id), keys.guardianKey(session.account)]
      const fresh = kept.filter((key) => key !== undefined && !publicKeys.has(key as PrivateKey))
      if (fresh.length === 0) return undefined
      return () => {
        // Wiped meanwhile, they are no keys.
        for (const bytes of fresh) {
          const key = bytes && privateKeyFrom(bytes)
          if (key !== undefined) publicKeyOf(key)
        }
      }
    },
  }
}

/**
 * Whether a session's stored parts are one session: methods, end, metadata and key give the hash that both keys signed, and
 * the metadata carries origin and policy hash.
 */
export function isWhole(session: StoredSession): boolean {
  try {
    if (session.chain === undefined) return false
    sessionTree(session, session.chain)
    readAuthorization(session.chain.authorization)
    return true
  } catch {
    return false
  }
}

/** Pure and kept by all its inputs. @throws Error when the parts do not give the hash */
export function sessionTree(session: StoredSession, chain: NonNullable<StoredSession['chain']>): MethodTree {
  const { account, chainId, origin, policyHash, key, granted } = session
  const { methods, metadata, root, expiresAt } = chain
  const inputs = [account, chainId, origin, policyHash, key.guid, granted.validUntil, metadata, root, expiresAt]
  for (const [contract, selector] of methods) inputs.push(contract, selector)
  // Compared one by one: with a text of all of them as the key, a hundred methods cost a fifth of the whole way (bench:hotpath).
  const known = trees(chain.sessionHash, () => ({ inputs, tree: builtTree(session, chain) }))
  const isSame = known.inputs.length === inputs.length && known.inputs.every((it, at) => it === inputs[at])
  return isSame ? known.tree : builtTree(session, chain)
}

function builtTree(session: StoredSession, chain: NonNullable<StoredSession['chain']>): MethodTree {
  const tree = methodTree(chain.methods)
  const hash = sessionHash({
    chainId: session.chainId,
    account: session.account,
    expiresAt: chain.expiresAt,
    root: tree.root,
    metadata: chain.metadata,
    sessionKeyGuid: session.key.guid,
  })
  if (tree.root !== chain.root || hash !== chain.sessionHash) throw new Error('the session names another hash')
  if (chain.expiresAt !== session.granted.validUntil - 1) throw new Error('the session ends at another time on chain')
  if (!chain.metadata.includes(`"origin":${JSON.stringify(session.origin)},"policy":"${session.policyHash}"`)) {
    throw new Error('the metadata is of another policy')
  }
  return tree
}

/** A guardian's half over one of these, cut out, starts or ends a take-over of the account (argent-sessions.md 3). */
function refuseEscape(calls: readonly Call[]): void {
  const forbidden: readonly Felt[] = [SELECTORS.trigger_escape_owner, SELECTORS.escape_owner]
  if (calls.some(({ selector }) => forbidden.includes(selector))) throw new Error('an escape is never signed')
}

function refuseOwn(calls: readonly Call[], accounts: readonly AccountRecord[]): void {
  if (calls.some(({ to }) => accounts.some(({ address }) => address === to)))
    throw new Error('a call to an own account')
}

function accountIn(accounts: readonly AccountRecord[], address: Address): AccountRecord {
  const account = accounts.find((known) => known.address === address)
  if (account === undefined) throw new Error('not an account of this wallet')
  return account
}

/** What is signed is what the person said yes to; the wallet's own calls are made again here. */
function checkAllowed(
  row: JournalRow,
  approved: HeldForPerson['approved'],
  account: AccountRecord,
  accounts: readonly AccountRecord[],
): void {
  if (approved.account !== row.account || approved.network !== row.network) throw notApproved()
  if (row.approval !== approved.approval || row.session !== undefined) throw notApproved()
  const kind = accountKind(account.classHash)
  switch (row.purpose) {
    case undefined:
    case 'setup':
      refuseOwn(row.calls, accounts)
      if (row.kind !== 'invoke') throw notApproved()
      if (!allows(approved, (it) => it.kind === 'calls' && sameCalls(it.calls, row.calls))) throw notApproved()
      return
    case 'deploy':
      if (row.kind !== 'deploy' || row.calls.length > 0) throw notApproved()
      if (!allows(approved, (it) => it.kind === 'step' && it.step === 'deploy')) throw notApproved()
      return
    case 'enable': {
      if (row.kind !== 'invoke' || !hasSessions(kind)) throw notApproved()
      const expected = [setGuardianCall(kind, account.address, account.guardian.publicKey)]
      if (!sameCalls(expected, row.calls)) throw notApproved()
      if (!allows(approved, (it) => it.kind === 'step' && it.step === 'enable')) throw notApproved()
      return
    }
    case 'revoke': {
      const isIt = (it: Allowed) =>
        it.kind === 'revoke' && sameCalls([revokeSessionCall(account.address, it.sessionHash)], row.calls)
      if (row.kind !== 'invoke' || !allows(approved, isIt)) throw notApproved()
    }
  }
}

function allows(approved: HeldForPerson['approved'], test: (it: Allowed) => boolean): boolean {
  return approved.allows.some(test)
}

export function sameCalls(a: readonly Call[], b: readonly Call[]): boolean {
  return (
    a.length === b.length &&
    a.every((call, index) => {
      const other = b[index]!
      return (
        call.to === other.to &&
        call.selector === other.selector &&
        call.calldata.length === other.calldata.length &&
        call.calldata.every((felt, at) => felt === other.calldata[at])
      )
    })
  )
}

/** The parts of an invoke's hash and body that a row carries. */
export function invokeParts(row: JournalRow) {
  return {
    sender: row.account,
    calls: row.calls,
    nonce: row.nonce,
    tip: BigInt(row.tip),
    bounds: readBounds(row.bounds),
  }
}

function signedBy(hash: Felt, key: PrivateKey, expected: Felt) {
  if (publicKey(key) !== expected) throw new Error('not the key of this account')
  return { publicKey: expected, signature: sign(hash, key) }
}

function notApproved(): Error {
  return new Error('nobody said yes to this')
}
