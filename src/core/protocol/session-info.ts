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
  readonly key:
    | { readonly held_by: 'wallet' }
    | { readonly held_by: 'dapp'; readonly public_key?: string }
    | { readonly held_by: 'agent'; readonly public_key: string; readonly label: string }
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
    /** Of sessions whose key is held elsewhere: what their token needs beside it. */
    readonly authorization?: readonly string[]
    readonly revoked_in?: string
  } | null
  /** SNIP-12 typed data (SNIP-9, version 2) with the account's signature: good in its time, also while the wallet is closed. */
  readonly scheduled?: readonly { readonly outside_execution: object; readonly signature: readonly string[] }[]
  readonly setup?: readonly { readonly step: SetupStep; readonly transaction_hash: string }[]
}

/** What an account needs before it can have sessions. */
export type AccountStep = 'deploy' | 'enable'
export type SetupStep = AccountStep | 'setup'
/**
 * What else a person does with an account: another class, another second key, which ends all sessions, none, or one in the
 * place of a foreign one, which takes a waiting time between its two transactions.
 */
export type LifeStep = 'upgrade' | 'rotate' | 'remove' | 'takeOver' | 'finish'
/** A transaction of the wallet's own that a person starts. */
export type OwnStep = AccountStep | LifeStep
export type Purpose = OwnStep | 'setup' | 'revoke'

export interface SessionSupport {
  readonly version: '0.1.0'
  readonly features: readonly string[]
  readonly max_duration: number
  /** What @argent/x-sessions is given as its service's address (argent-sessions.md 13). */
  readonly cosigner_url: string
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
