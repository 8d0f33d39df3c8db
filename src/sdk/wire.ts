/** What travels between a page and the wallet (provider.md 7.2): snake_case JSON, felts as lowercase hex, amounts as text. */
import type {
  RequestSessionParams,
  SessionKeyChoice,
  UpdateSessionParams,
  WireFelt,
} from '../core/policy/wire-shape.ts'
import type { SessionInfo, SessionSupport, SessionVerdict } from '../core/protocol/session-info.ts'

export type {
  Amount,
  ArgRule,
  CallRule,
  Cap,
  Count,
  DenyRule,
  FeeLimit,
  MessageRule,
  NftLimit,
  RawCall,
  RequestSessionParams,
  SessionKeyChoice,
  SessionPolicyWire,
  SpendLimit,
  UpdateSessionParams,
  UsageLimit,
  WindowSpec,
  WireFelt,
} from '../core/policy/wire-shape.ts'
export type {
  MeterInfo,
  ReasonInfo,
  SessionInfo,
  SessionStatus,
  SessionSupport,
  SessionVerdict,
} from '../core/protocol/session-info.ts'

/** Beside a transaction or a check: which session is meant, and whether a window may open. Other wallets ignore it. */
export interface SessionHint {
  readonly mode?: 'auto' | 'only' | 'never'
  readonly id?: string
}

/** Typed data of SNIP-12. */
export interface TypedData {
  readonly types: Readonly<Record<string, readonly { readonly name: string; readonly type: string }[]>>
  readonly primaryType: string
  readonly domain: Readonly<Record<string, unknown>>
  readonly message: Readonly<Record<string, unknown>>
}

interface Bound {
  readonly max_amount: WireFelt
  readonly max_price_per_unit: WireFelt
}
/** An invoke transaction of version 3 as its holder of the session key has built it, without its signature. */
export interface InvokeV3 {
  readonly type: 'INVOKE'
  readonly version: '0x3'
  readonly sender_address: WireFelt
  readonly calldata: readonly WireFelt[]
  readonly nonce: WireFelt
  readonly tip: WireFelt
  readonly paymaster_data: readonly []
  readonly account_deployment_data: readonly []
  readonly resource_bounds: { readonly l1_gas: Bound; readonly l2_gas: Bound; readonly l1_data_gas: Bound }
  readonly nonce_data_availability_mode: 'L1'
  readonly fee_data_availability_mode: 'L1'
}
/** `id`: of the session, or its session hash. `cache`: the token will carry the cache flag 1 (accounts of class 0.4.0). */
export type CosignParams = {
  readonly id: string
  readonly session_signature: readonly [r: WireFelt, s: WireFelt]
  readonly cache?: true
} & ({ readonly transaction: InvokeV3 } | { readonly outside_execution: TypedData })

/** The methods of the session API, by name. */
export interface SessionMethods {
  wallet_supportedSessions: { params: undefined; result: SessionSupport }
  wallet_requestSession: {
    params: RequestSessionParams | readonly RequestSessionParams[]
    result: SessionInfo | readonly (SessionInfo | null)[]
  }
  wallet_getSessions: {
    params: { readonly ids?: readonly string[]; readonly tag?: string; readonly include_ended?: boolean }
    result: readonly SessionInfo[]
  }
  wallet_checkSession: {
    params: { readonly calls: readonly unknown[]; readonly session?: SessionHint }
    result: SessionVerdict
  }
  wallet_updateSession: { params: UpdateSessionParams; result: SessionInfo }
  wallet_rotateSession: {
    params: ({ readonly id: string } | { readonly tag: string }) & { readonly key?: SessionKeyChoice }
    result: SessionInfo
  }
  wallet_revokeSession: {
    params: { readonly id: string; readonly on_chain?: 'auto' | 'now' | 'never' }
    result: { readonly transaction_hash?: WireFelt }
  }
  wallet_cosignSession: {
    params: CosignParams
    result: readonly [guardian_public_key: WireFelt, r: WireFelt, s: WireFelt]
  }
}
