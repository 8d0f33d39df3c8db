import { canonicalJson } from '../canonical.ts'
import type { Hash32 } from '../felt.ts'
import type { SessionPolicy } from './policy.ts'

/** Which form the hash is over; another form of the policy gets another name. */
export const POLICY_PREFIX = 'latchkey.policy.1'

/**
 * What the policy hash is the SHA-256 of, as UTF-8: the prefix, one zero byte, canonical JSON (policy.md 1). Hashed by
 * starknet/digest.ts. The hash stands in the metadata that both keys sign, so it binds the session to the whole policy.
 *
 * @see preimage.test.ts "property: one changed leaf is another text"
 */
export function canonicalText(policy: SessionPolicy): string {
  return `${POLICY_PREFIX}\0${canonicalJson(policy)}`
}

/** SHA-256 of a text's UTF-8 bytes. */
export type HashOf = (text: string) => Hash32
