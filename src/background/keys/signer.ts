/**
 * The only file of the wallet that signs. It signs for a durable hold or for a person's yes, and for nothing else; it
 * rebuilds every hash from its parts, and looks once more, without waiting for anything, before a session's signature.
 */
import type { Classified } from '../../cold/reserved.ts'
import { type AccountKind, guardianKey as guardianKeyOf, isOwn } from '../../core/account.ts'
import { canonicalJson } from '../../core/canonical.ts'
import type { Address, Felt } from '../../core/felt.ts'
import type { Call, Scheduled, SessionId } from '../../core/policy/policy.ts'
import type {
  AccountRecord,
  Carried,
  GuardianKey,
  JournalRow,
  NetworkRecord,
  OwnAccount,
  SignedOutside,
  StoredSession,
} from '../../core/records.ts'
import { END_MARGIN, type UnixSeconds } from '../../core/time.ts'
import { wipe } from '../../platform/secret-box.ts'
import { ordinarySignature, revokeSessionCall, SELECTORS, stepCalls } from '../../starknet/accounts.ts'
import {
  type PrivateKey,
  privateKeyFrom,
  publicKey,
  type Signature,
  sign,
  signersOf,
  verify,
} from '../../starknet/curve.ts'
import { declareHash } from '../../starknet/declare.ts'
import { deployAccountHash } from '../../starknet/deploy.ts'
import { invokeHash } from '../../starknet/invoke.ts'
import { keep } from '../../starknet/kept.ts'
import { outsideHash } from '../../starknet/outside.ts'
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
import type { Held, HeldForPerson, HeldMessage } from '../sending/ledger.ts'
import type { Allowed, Approved } from './approved.ts'

/** Names of keys in the vault. */
export const ownerSecretId = (account: Address) => account
export const guardianSecretId = (account: Address, generation: number) => `${account} ${generation}`
/** The account that a key is sealed for. */
export const addressOf = (id: string): string => id.split(' ', 1)[0]!
/** Which of the account's second keys is sealed under the id; `undefined`: one of another account. */
export const generationOf = (id: string, account: Address): number | undefined =>
  id.startsWith(`${account} `) ? Number(id.slice(account.length + 1)) : undefined

export interface Signer {
  /** @throws NotNow with nothing signed */
  session(held: Held): Promise<readonly Felt[]>
  /**
   * The second key alone, for a session whose key its site holds: after that key has signed the very same.
   *
   * @throws NotNow with nothing signed
   */
  cosign(held: Held, by: Cosigned): Promise<{ readonly publicKey: Felt } & Signature>
  /** Of a session that only this wallet holds. @throws NotNow with nothing signed */
  owner(held: Held, by: SignsAs): Promise<readonly Felt[]>
  /** Synchronous: whether a signature that was made may still leave. */
  maySend(held: Held): boolean
  /** @throws NotNow `locked` */
  person(held: HeldForPerson, by: SignsAs): Promise<readonly Felt[]>
  /**
   * Typed data, for one message that a session counted or a person said yes to: hashed again here.
   *
   * @throws NotNow with nothing signed
   */
  message(yes: MessageYes, typedData: unknown, by: SignsAs): Promise<readonly Felt[]>
  /** Owner, and the second key that the chain has, over the session hash. @throws NotNow `locked` */
  authorization(approved: Approved, session: StoredSession, guardian: GuardianKey): Promise<readonly Felt[]>
  /**
   * Owner and second key over each call that an agent will send in its time: those of the yes, and no other. What is signed
   * leaves this worker only after its holds are durable.
   *
   * @throws NotNow `locked`
   */
  scheduled(
    approved: Approved,
    session: StoredSession,
    unsigned: readonly Omit<SignedOutside, 'signature'>[],
    by: Required<SignsAs>,
  ): Promise<readonly SignedOutside[]>
  /** Whether the session's keys can be had now: the `workingSet` of the policy's facts. */
  hasKeys(session: StoredSession): boolean
  /** What the first signature of a worker's life computes besides, for a moment in which a node is waited for. */
  ahead(session: StoredSession): (() => void) | undefined
}

/** What the key of the session has signed, and the cache flag of the token that will carry both. */
export interface Cosigned {
  readonly signature: Signature
  readonly cache: 0 | 1
}

export type MessageYes = HeldMessage | { readonly kind: 'person'; readonly approved: Approved }

/** What the account is on the network of the transaction: its class says how a signature looks. */
export interface SignsAs {
  readonly kind: AccountKind
  /** The second key that the chain has: it signs after the owner. Absent: there is none, or the owner signs alone. */
  readonly guardian?: GuardianKey
}

export interface SignerNeeds {
  readonly keys: {
    isUnlocked(now: UnixSeconds): boolean
    sessionKey(id: SessionId): Uint8Array | undefined
    guardianKey(publicKey: Felt): Uint8Array | undefined
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
  readonly classify: (typedData: unknown, at: { readonly account: Address; readonly chainId: Felt }) => Classified
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
  const openedGuardian = async ({ address }: OwnAccount, guardian: GuardianKey | undefined) =>
    guardian && opened('guardian', guardianSecretId(address, guardian.generation), keys.guardianSubkey(now()))

  /** All that can change between the hold and the signature, read at once and from memory. */
  const lastLook = ({ row, session }: Held, sealedKeys: boolean) => lookAt(session, row.at, sealedKeys)
  const lookAt = (session: StoredSession, at: UnixSeconds, sealedKeys: boolean): NotNow['why'] | undefined => {
    if (needs.stops.isStopped(session.id)) return 'stopped'
    const current = needs.look(session.id)
    if (current === undefined || current.state !== 'active') return 'notActive'
    if (current.seq !== session.seq) return 'changed'
    if (Math.max(now(), at) >= current.effective.validUntil - END_MARGIN) return 'expired'
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
      const authorization = readAuthorization(chain.authorization)
      const keptSession = keys.sessionKey(session.id)
      const keptGuardian = keys.guardianKey(authorization.guardianPublicKey)
      const sealedKeys = keptSession === undefined || keptGuardian === undefined
      const sessionKey = sealedKeys
        ? await opened('session', session.id, keys.sessionSubkey(now()))
        : privateKeyFrom(keptSession)
      const guardianKey = sealedKeys
        ? await openedGuardian(account, guardianKeyOf(account, authorization.guardianPublicKey))
        : privateKeyFrom(keptGuardian)
      // Keys were not to be had: locked, or not in the working set yet.
      if (sessionKey === undefined || guardianKey === undefined) throw notNow('locked')

      // From here to the second signature nothing is awaited.
      try {
        const why = lastLook(held, sealedKeys)
        if (why !== undefined) throw notNow(why)
        const hash = sessionsHash(row, chainId)
        if (hash !== row.hash) throw new Error('the row names another hash')
        const tree = sessionTree(session, chain)
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

    cosign: async (held, { signature, cache }) => {
      const { row, session, chainId } = held
      const { chain, key } = session
      if (chain === undefined || key.by === 'wallet' || row.session !== session.id)
        throw new Error('not a session whose key is held elsewhere')
      refuseEscape(row.calls)
      const accounts = await needs.accounts()
      refuseOwn(row.calls, accounts)
      const account = accountIn(accounts, row.account)
      const { guardianPublicKey } = readAuthorization(chain.authorization)
      const kept = session.runWhileLocked ? keys.guardianKey(guardianPublicKey) : undefined
      const guardianKey =
        kept === undefined
          ? await openedGuardian(account, guardianKeyOf(account, guardianPublicKey))
          : privateKeyFrom(kept)
      if (guardianKey === undefined) throw notNow('locked')
      // From here to the signature nothing is awaited.
      try {
        const why = lastLook(held, kept === undefined)
        if (why !== undefined) throw notNow(why)
        const hash = sessionsHash(row, chainId)
        if (hash !== row.hash) throw new Error('the row names another hash')
        sessionTree(session, chain)
        const message = sessionMessage(hash, chain.sessionHash, cache)
        if (!isBySessionKey(message, signature, key.guid)) throw new Error('not signed by the key of this session')
        if (publicKeyOf(guardianKey) !== guardianPublicKey) throw new Error('not the guardian of this session')
        return { publicKey: guardianPublicKey, ...sign(message, guardianKey) }
      } finally {
        if (kept === undefined) wipe(guardianKey)
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
      const guardianKey = await openedGuardian(account, by.guardian)
      if (ownerKey === undefined || (by.guardian && guardianKey === undefined)) throw notNow('locked')
      // From here to the signatures nothing is awaited.
      try {
        const why = lastLook(held, true)
        if (why !== undefined) throw notNow(why)
        const hash = sessionsHash(row, chainId)
        if (hash !== row.hash) throw new Error('the row names another hash')
        return ordinarySignature(
          by.kind,
          signedBy(hash, ownerKey, account.ownerPublicKey),
          guardianKey && by.guardian && signedBy(hash, guardianKey, by.guardian.publicKey),
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
      checkAllowed(row, approved, { account, ...by }, accounts)
      const ownerKey = await opened('owner', ownerSecretId(account.address), keys.ownerSubkey(now()))
      const guardianKey = await openedGuardian(account, by.guardian)
      if (ownerKey === undefined || (by.guardian && guardianKey === undefined)) throw notNow('locked')
      try {
        if (!keys.isUnlocked(now())) throw notNow('locked')
        const hash = personHash(row, account, needs.network(row.network).chainId)
        if (hash !== row.hash) throw new Error('the row names another hash')
        return ordinarySignature(
          by.kind,
          signedBy(hash, ownerKey, account.ownerPublicKey),
          guardianKey && by.guardian && signedBy(hash, guardianKey, by.guardian.publicKey),
        )
      } finally {
        wipe(ownerKey, ...(guardianKey === undefined ? [] : [guardianKey]))
      }
    },

    message: async (yes, typedData, by) => {
      const { account: address, network } = yes.kind === 'person' ? yes.approved : yes.session
      const accounts = await needs.accounts()
      const account = accountIn(accounts, address)
      const found = needs.classify(typedData, { account: address, chainId: needs.network(network).chainId })
      // A session signs messages alone, a person also what somebody else shall send.
      const hash =
        found.kind === 'message' ? found.hashed.hash(address) : found.kind === 'outside' ? found.hash : undefined
      const wanted = yes.kind === 'counted' ? yes.hash : allowedMessage(yes.approved)
      if (hash === undefined || hash !== wanted) throw notApproved()
      if (found.kind === 'outside') {
        if (yes.kind === 'counted') throw notApproved()
        refuseEscape(found.calls)
        refuseOwn(found.calls, accounts)
      }
      const ownerKey = await opened('owner', ownerSecretId(address), keys.ownerSubkey(now()))
      const guardianKey = await openedGuardian(account, by.guardian)
      if (ownerKey === undefined || (by.guardian && guardianKey === undefined)) throw notNow('locked')
      // From here to the signatures nothing is awaited.
      try {
        const why = yes.kind === 'counted' ? lookAt(yes.session, yes.at, true) : undefined
        if (why !== undefined) throw notNow(why)
        if (!keys.isUnlocked(now())) throw notNow('locked')
        return ordinarySignature(
          by.kind,
          signedBy(hash, ownerKey, account.ownerPublicKey),
          guardianKey && by.guardian && signedBy(hash, guardianKey, by.guardian.publicKey),
        )
      } finally {
        wipe(ownerKey, ...(guardianKey === undefined ? [] : [guardianKey]))
      }
    },

    authorization: async (approved, session, second) => {
      const { chain } = session
      if (chain === undefined) throw new Error('not a session on chain')
      if (!allows(approved, (it) => it.kind === 'session' && it.session === session.id)) throw notApproved()
      if (approved.account !== session.account || approved.network !== session.network) throw notApproved()
      const account = accountIn(await needs.accounts(), session.account)
      const ownerKey = await opened('owner', ownerSecretId(account.address), keys.ownerSubkey(now()))
      const guardianKey = await openedGuardian(account, second)
      if (ownerKey === undefined || guardianKey === undefined) throw notNow('locked')
      try {
        if (!keys.isUnlocked(now())) throw notNow('locked')
        sessionTree(session, chain)
        const hash = chain.sessionHash
        const owner = signedBy(hash, ownerKey, account.ownerPublicKey)
        const guardian = signedBy(hash, guardianKey, second.publicKey)
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

    scheduled: async (approved, session, unsigned, by) => {
      const { account: address, chainId } = session
      const yes = approved.allows.find((it) => it.kind === 'session' && it.session === session.id)
      const asked = yes?.kind === 'session' ? (yes.schedule ?? []) : []
      if (approved.account !== address || approved.network !== session.network) throw notApproved()
      if (asked.length !== unsigned.length || !unsigned.every((it, at) => isScheduled(it, asked[at]!)))
        throw notApproved()
      const accounts = await needs.accounts()
      for (const { calls } of unsigned) {
        refuseEscape(calls)
        refuseOwn(calls, accounts)
      }
      const account = accountIn(accounts, address)
      const ownerKey = await opened('owner', ownerSecretId(address), keys.ownerSubkey(now()))
      const guardianKey = await openedGuardian(account, by.guardian)
      if (ownerKey === undefined || guardianKey === undefined) throw notNow('locked')
      try {
        if (!keys.isUnlocked(now())) throw notNow('locked')
        return unsigned.map((it) => {
          const hash = outsideHash({ ...it, chainId, account: address })
          const owner = signedBy(hash, ownerKey, account.ownerPublicKey)
          const guardian = signedBy(hash, guardianKey, by.guardian.publicKey)
          return { ...it, signature: ordinarySignature(by.kind, owner, guardian) }
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
      if (session.chain === undefined) return undefined
      const { guardianPublicKey } = readAuthorization(session.chain.authorization)
      const kept = [keys.sessionKey(session.id), keys.guardianKey(guardianPublicKey)]
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

/** Its public key is known by its guid, which is what both keys of the account have signed. */
export function isBySessionKey(message: Felt, signature: Signature, guid: Felt): boolean {
  return signersOf(message, signature).some(
    (publicKey) => signerGuid(publicKey) === guid && verify(message, signature, publicKey),
  )
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
  if (chain.bySite) inputs.push('written')
  for (const [contract, selector] of methods) inputs.push(contract, selector)
  // Compared one by one: with a text of all of them as the key, a hundred methods cost a fifth of the whole way (bench:hotpath).
  const known = trees(chain.sessionHash, () => ({ inputs, tree: builtTree(session, chain) }))
  const isSame = known.inputs.length === inputs.length && known.inputs.every((it, at) => it === inputs[at])
  return isSame ? known.tree : builtTree(session, chain)
}

function builtTree(session: StoredSession, chain: NonNullable<StoredSession['chain']>): MethodTree {
  const tree = methodTree(chain.methods, chain.bySite ? 'written' : 'sorted')
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
  // A site's own says nothing of the policy: its row is bound to it by its MAC alone.
  if (chain.bySite) return tree
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
  if (calls.some(({ to }) => accounts.filter(isOwn).some(({ address }) => address === to)))
    throw new Error('a call to an own account')
}

function accountIn(accounts: readonly AccountRecord[], address: Address): OwnAccount {
  const account = accounts.filter(isOwn).find((known) => known.address === address)
  if (account === undefined) throw new Error('not an account of this wallet')
  return account
}

/** What is signed is what the person said yes to; the wallet's own calls are made again here. */
function checkAllowed(
  row: JournalRow,
  approved: HeldForPerson['approved'],
  { account, kind, guardian }: SignsAs & { readonly account: OwnAccount },
  accounts: readonly AccountRecord[],
): void {
  if (approved.account !== row.account || approved.network !== row.network) throw notApproved()
  if (row.approval !== approved.approval || row.session !== undefined) throw notApproved()
  switch (row.purpose) {
    case undefined:
    case 'setup':
      refuseOwn(row.calls, accounts)
      if (row.kind === 'declare') {
        const same = allows(approved, (it) => it.kind === 'class' && sameCarried(it.carries, row.carries))
        if (!same || row.calls.length > 0 || row.carries?.kind !== 'class') throw notApproved()
        return
      }
      if (row.kind !== 'invoke' || row.carries?.kind === 'class') throw notApproved()
      if (
        !allows(
          approved,
          (it) => it.kind === 'calls' && sameCalls(it.calls, row.calls) && sameCarried(it.carries, row.carries),
        )
      )
        throw notApproved()
      return
    case 'deploy':
      if (row.kind !== 'deploy' || row.calls.length > 0) throw notApproved()
      if (!allows(approved, (it) => it.kind === 'step' && it.step === 'deploy')) throw notApproved()
      return
    case 'enable':
    case 'rotate':
    case 'remove':
    case 'upgrade':
    case 'takeOver':
    case 'finish': {
      const { purpose } = row
      const expected = stepCalls(purpose, { account, kind, ...(guardian === undefined ? {} : { standing: guardian }) })
      if (row.kind !== 'invoke' || !sameCalls(expected, row.calls)) throw notApproved()
      if (!allows(approved, (it) => it.kind === 'step' && it.step === purpose)) throw notApproved()
      return
    }
    case 'revoke': {
      const isIt = (it: Allowed) =>
        it.kind === 'revoke' && sameCalls([revokeSessionCall(account.address, it.sessionHash)], row.calls)
      if (row.kind !== 'invoke' || !allows(approved, isIt)) throw notApproved()
    }
  }
}

function isScheduled(
  { calls, executeAfter, executeBefore }: Omit<SignedOutside, 'signature'>,
  asked: Scheduled,
): boolean {
  // The chain takes it strictly between the two.
  return executeAfter === asked.notBefore - 1 && executeBefore === asked.notAfter && sameCalls(calls, asked.calls)
}

function allowedMessage({ allows }: Approved): Felt | undefined {
  return allows.flatMap((it) => (it.kind === 'message' ? [it.hash] : []))[0]
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

function sameCarried(a: Carried | undefined, b: Carried | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && canonicalJson(a) === canonicalJson(b))
}

type Hashed = Pick<JournalRow, 'account' | 'kind' | 'calls' | 'nonce' | 'tip' | 'bounds' | 'carries'>
/** Of what a person approved, by its kind. */
export function personHash(row: Hashed, account: OwnAccount, chainId: Felt): Felt {
  const { sender, calls, nonce, tip, bounds } = invokeParts(row)
  const { kind, carries } = row
  if (kind === 'deploy') {
    const { classHash, ownerPublicKey } = account
    return deployAccountHash({ classHash, ownerPublicKey, chainId, nonce, tip, bounds })
  }
  if (carries?.kind === 'class') return declareHash({ chainId, sender, nonce, tip, bounds, ...carries })
  return invokeHash({
    chainId,
    sender,
    calls,
    nonce,
    tip,
    bounds,
    ...(carries === undefined ? {} : { proofFacts: carries.facts }),
  })
}

/** The parts of an invoke's hash and body that a row carries. */
export function invokeParts(row: Omit<Hashed, 'kind'>) {
  return {
    sender: row.account,
    calls: row.calls,
    nonce: row.nonce,
    tip: BigInt(row.tip),
    bounds: readBounds(row.bounds),
  }
}

/** Made anew from what the row says, and nothing else. */
function sessionsHash(row: JournalRow, chainId: Felt): Felt {
  const { outside, account, nonce, calls } = row
  if (outside === undefined) return invokeHash({ ...invokeParts(row), chainId })
  const { version, caller, executeAfter, executeBefore } = outside
  return outsideHash({ version, caller, executeAfter, executeBefore, chainId, account, nonce, calls })
}

function signedBy(hash: Felt, key: PrivateKey, expected: Felt) {
  if (publicKey(key) !== expected) throw new Error('not the key of this account')
  return { publicKey: expected, signature: sign(hash, key) }
}

function notApproved(): Error {
  return new Error('nobody said yes to this')
}
