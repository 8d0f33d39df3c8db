/** What a site reads about sessions (provider.md 7.2): snake_case, amounts decimal, addresses and hashes padded to 66. */
import type { SiteError } from '../errors.ts'
import type { SessionPolicyWire, WindowSpec } from '../policy/wire-shape.ts'

export type SessionStatus = 'scheduled' | 'active' | 'paused' | 'exhausted' | 'expired' | 'revoked'

export interface MeterInfo {
  readonly id: string
  readonly window: WindowSpec
  readonly limit: string
  readonly used: string
  readonly held: string
  readonly left: string
  readonly resets_at?: number
}

export interface SessionInfo {
  readonly id: string
  readonly status: SessionStatus
  readonly paused_by?: 'site' | 'person' | 'locked' | 'wallet'
  readonly replaces?: string
  readonly replaced_by?: string
  readonly chain_id: string
  readonly account: string
  readonly key: { readonly held_by: 'wallet' }
  readonly tag?: string
  readonly label?: string
  readonly created_at: number
  readonly last_used_at?: number
  readonly policy: SessionPolicyWire
  readonly narrowed: readonly string[]
  readonly meters: readonly MeterInfo[]
  readonly runs_while_locked: boolean
  readonly backing: 'chain' | 'wallet'
  readonly chain: {
    readonly session_hash: string
    readonly expires_at: number
    readonly allowed_methods: readonly { readonly contract_address: string; readonly selector: string }[]
    readonly allowed_methods_root: string
    readonly metadata: string
    readonly session_key_guid: string
    readonly revoked_in?: string
  } | null
  readonly setup?: readonly { readonly step: SetupStep; readonly transaction_hash: string }[]
}

/** What an account needs before it can have sessions. */
export type AccountStep = 'deploy' | 'enable'
export type SetupStep = AccountStep | 'setup'

export interface SessionSupport {
  readonly version: '0.1.0'
  readonly features: readonly string[]
  readonly max_duration: number
  readonly accounts: readonly {
    readonly account: string
    readonly chain_id: string
    readonly ready: 'on_chain' | 'wallet' | 'needs_enable' | 'needs_deploy' | 'off'
  }[]
}

export interface ReasonInfo {
  readonly code: string
  readonly call?: number
  readonly rule?: string
  readonly meter?: string
  readonly left?: string
  readonly wanted?: string
  readonly retry_at?: number
  readonly at?: string
}

export interface SessionVerdict {
  readonly verdict: 'auto' | 'prompt' | 'refuse'
  readonly session_id?: string
  readonly error?: SiteError
  readonly reasons: readonly ReasonInfo[]
  readonly meters?: readonly MeterInfo[]
}
