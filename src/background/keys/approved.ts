import type { Address, Branded, Felt, Hash32 } from '../../core/felt.ts'
import type { Call, Scheduled, SessionId } from '../../core/policy/policy.ts'
import type { OwnStep } from '../../core/protocol/session-info.ts'
import type { Carried, NetworkId } from '../../core/records.ts'

/** One thing a person said yes to. */
export type Allowed =
  | { readonly kind: 'calls'; readonly calls: readonly Call[]; readonly carries?: Carried }
  | { readonly kind: 'class'; readonly carries: Carried }
  | { readonly kind: 'step'; readonly step: OwnStep }
  | { readonly kind: 'session'; readonly session: SessionId; readonly schedule?: readonly Scheduled[] }
  | { readonly kind: 'message'; readonly hash: Felt }
  | { readonly kind: 'revoke'; readonly sessionHash: Felt }

/**
 * A person's yes on a digest: with `Held`, the only thing the signer signs for (invariant I1). It says what was allowed, and
 * the signer compares that with what it is asked to sign.
 */
export type Approved = Branded<
  {
    /** The approval's id; of an act of the wallet's own screens, the act's. */
    readonly approval: string
    readonly digest: Hash32
    readonly account: Address
    readonly network: NetworkId
    readonly allows: readonly Allowed[]
  },
  'Approved'
>

/** Only where a decision was compared with what is stored: after approvals' `decide`, or a screen's own act with its password. */
export function approved(yes: {
  readonly approval: string
  readonly digest: Hash32
  readonly account: Address
  readonly network: NetworkId
  readonly allows: readonly Allowed[]
}): Approved {
  return yes as Approved // The brand is made here alone.
}
