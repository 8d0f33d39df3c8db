/** The key of a session that its site, or an agent of it, holds itself (provider.md 7.3). */
import { malformed, refused } from '../../core/errors.ts'
import type { Felt } from '../../core/felt.ts'
import type { ForeignKey, SessionPolicy } from '../../core/policy/policy.ts'
import { backingOf } from '../../core/policy/wildcards.ts'
import type { OwnAccount } from '../../core/records.ts'

/** The account's own, which are no session's. */
export function ownKeys({ ownerPublicKey, guardian, retired = [] }: OwnAccount): readonly Felt[] {
  return [ownerPublicKey, ...[guardian, ...retired].map(({ publicKey }) => publicKey)]
}

/** @throws Refused 114 for a key of the account itself, 215 where no account could check it */
export function refuseForeign(
  { publicKey }: ForeignKey,
  policy: Pick<SessionPolicy, 'calls'>,
  own: readonly Felt[],
): void {
  if (own.includes(publicKey)) throw malformed('/key/public_key', 'expected a key of its own')
  if (backingOf(policy) === 'wallet')
    throw refused('SESSION_POLICY_REFUSED', {
      at: '/key/held_by',
      why: 'expected rules for calls, each of a named contract, or a key held by the wallet',
    })
}
