/** A session of an account whose keys are one's own: its two keys sign once, what runs later needs neither of them but the second. */
import { parseAddress, parseFelt } from '../../core/felt.ts'
import { chainMethods } from '../../core/policy/meters.ts'
import type { SessionPolicy } from '../../core/policy/policy.ts'
import { canonicalText } from '../../core/policy/preimage.ts'
import type { SessionPolicyWire } from '../../core/policy/wire-shape.ts'
import { publicKey as publicKeyOf, sign } from '../../starknet/curve.ts'
import { sha256 } from '../../starknet/digest.ts'
import {
  authorizationFelts,
  methodTree,
  sessionHash,
  sessionMetadata,
  signerGuid,
} from '../../starknet/session-token.ts'
import { keyOf, type SignableSession } from '../signer.ts'
import type { SessionInfo, WireFelt } from '../wire.ts'
import { ownPolicy } from './own-policy.ts'

/** Plain JSON without a secret: store it and give it to whoever acts. */
export interface OwnSession extends SignableSession, Pick<SessionInfo, 'created_at'> {
  readonly key: { readonly held_by: 'dapp'; readonly public_key: WireFelt }
  readonly chain: NonNullable<SessionInfo['chain']>
}

export interface OwnSessionParts {
  /** Of class 0.4.0 or 0.5.0, with the second key set. */
  readonly account: WireFelt
  readonly chainId: WireFelt
  readonly ownerKey: WireFelt
  /** The account's second key. */
  readonly guardianKey: WireFelt
  /** Of `generateSessionKey`: the agent keeps the private one. */
  readonly publicKey: WireFelt
  readonly policy: SessionPolicyWire
  /** Unix seconds. */
  readonly clock?: () => number
}

/**
 * Signs a session with both keys of the account. The policy's hash goes into what they sign: `localCosigner` acts for this policy
 * and no other. The owner's key is needed here alone, so keep it away from the process that acts.
 *
 * @throws RangeError for a key, an account or a chain that is none, and where two of the three keys are one; 114, 210, 215 for
 * a policy that is not one, that a co-signer without a node cannot decide, or that can never be granted
 */
export function ownSession(parts: OwnSessionParts): OwnSession {
  const { clock = systemClock } = parts
  const [owner, guardian] = [keyOf(parts.ownerKey), keyOf(parts.guardianKey)]
  const [ownerPublicKey, guardianPublicKey] = [publicKeyOf(owner), publicKeyOf(guardian)]
  const [account, chainId, publicKey] = [
    parseAddress(parts.account),
    parseFelt(parts.chainId),
    parseFelt(parts.publicKey),
  ]
  if (account === undefined) throw new RangeError('expected the address of an account')
  if (chainId === undefined) throw new RangeError('expected a chain id in hex')
  if (publicKey === undefined) throw new RangeError('expected the public key of a session')
  if (new Set([ownerPublicKey, guardianPublicKey, publicKey]).size < 3)
    throw new RangeError('expected three different keys')
  const createdAt = clock()
  const policy = ownPolicy(parts.policy, account, createdAt)
  const { methods, root } = methodTree(chainMethods(policy))
  const metadata = metadataOf(policy)
  const sessionKeyGuid = signerGuid(publicKey)
  const expiresAt = policy.validUntil - 1
  const hash = sessionHash({ chainId, account, expiresAt, root, metadata, sessionKeyGuid })
  return {
    id: hash,
    account,
    chain_id: chainId,
    created_at: createdAt,
    key: { held_by: 'dapp', public_key: publicKey },
    chain: {
      session_hash: hash,
      expires_at: expiresAt,
      allowed_methods: methods.map(([contract_address, selector]) => ({ contract_address, selector })),
      allowed_methods_root: root,
      metadata,
      session_key_guid: sessionKeyGuid,
      authorization: authorizationFelts({
        ownerPublicKey,
        owner: sign(hash, owner),
        guardianPublicKey,
        guardian: sign(hash, guardian),
      }),
    },
  }
}

/** It ties what was signed to the whole policy. No site is there to be named. */
export function metadataOf(policy: SessionPolicy): string {
  return sessionMetadata({ host: 'agent', origin: 'agent', policyHash: sha256(canonicalText(policy)) })
}

export function systemClock(): number {
  return Math.floor(Date.now() / 1000)
}
