/** For tests and benches: a session as an approval leaves it, signed by the keys it is given. */
import type { Address, Felt } from '../../core/felt.ts'
import { chainMethods } from '../../core/policy/meters.ts'
import type { Origin, SessionId, SessionPolicy } from '../../core/policy/policy.ts'
import { canonicalText } from '../../core/policy/preimage.ts'
import type { Genesis, NetworkId, StoredSession } from '../../core/records.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { ARGENT_0_4_0 } from '../../starknet/accounts.ts'
import { publicKey, sign } from '../../starknet/curve.ts'
import { sha256 } from '../../starknet/digest.ts'
import {
  authorizationFelts,
  methodTree,
  sessionHash,
  sessionMetadata,
  signerGuid,
} from '../../starknet/session-token.ts'

export function sampleSession(it: {
  readonly id: string
  readonly origin: Origin
  readonly network: NetworkId
  readonly chainId: Felt
  readonly genesis: Genesis
  readonly account: Address
  readonly granted: SessionPolicy
  readonly createdAt: UnixSeconds
  readonly keys: { readonly owner: Uint8Array; readonly guardian: Uint8Array; readonly session: Uint8Array }
}): StoredSession {
  const { origin, chainId, account, granted, keys } = it
  const policyHash = sha256(canonicalText(granted))
  const { methods, root } = methodTree(chainMethods(granted))
  const metadata = sessionMetadata({ host: new URL(origin).host, origin, policyHash })
  const guid = signerGuid(publicKey(keys.session))
  const expiresAt = granted.validUntil - 1
  const hash = sessionHash({ chainId, account, expiresAt, root, metadata, sessionKeyGuid: guid })
  return {
    id: it.id as SessionId,
    origin,
    chainId,
    genesis: it.genesis,
    account,
    accountClass: ARGENT_0_4_0,
    backing: 'chain',
    key: { by: 'wallet', guid },
    words: {},
    asked: {} as StoredSession['asked'], // Nothing on the way of a call reads it.
    granted,
    policyHash,
    effective: granted,
    chain: {
      sessionHash: hash,
      expiresAt,
      methods,
      root,
      metadata,
      authorization: authorizationFelts({
        ownerPublicKey: publicKey(keys.owner),
        owner: sign(hash, keys.owner),
        guardianPublicKey: publicKey(keys.guardian),
        guardian: sign(hash, keys.guardian),
      }),
    },
    runWhileLocked: true,
    mayNarrow: true,
    state: 'active',
    createdAt: it.createdAt,
    seq: 1,
    network: it.network,
    narrowed: [],
    setup: [],
  }
}
