/**
 * `latchkey/sdk/agent`: sessions in a process of one's own, without a page and without a browser (seeds.md 7.2). Its co-signer may
 * be Latchkey in a page that relays, one at a URL, or one in this very process for an account whose keys are one's own.
 */
import { relayClient } from './agent/relay-client.ts'
import type { Cosigner } from './cosigner.ts'
import { SessionSigner, type SessionSignerParts } from './signer.ts'

export { type CosignerStore, type LocalCosignerParts, localCosigner } from './agent/local-cosigner.ts'
export { type OwnSession, type OwnSessionParts, ownSession } from './agent/own-session.ts'
export { type RelayOptions, relayClient } from './agent/relay-client.ts'
export type { Cosigner } from './cosigner.ts'
export type { Prepared, SessionSigner } from './signer.ts'

export interface AgentSignerParts extends Omit<SessionSignerParts, 'cosigner'> {
  /** Or the address of one: `relayClient` asks it. */
  readonly cosigner: Cosigner | string
}

/**
 * The signer of a starknet.js `Account` in a process that holds the key of its session.
 *
 * @throws RangeError as `SessionSigner` and `relayClient` do
 */
export function agentSigner({ cosigner, ...parts }: AgentSignerParts): SessionSigner {
  return new SessionSigner({
    ...parts,
    cosigner: typeof cosigner === 'string' ? relayClient(cosigner, parts) : cosigner,
  })
}
