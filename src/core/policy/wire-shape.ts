/**
 * The wire tree of a policy, as sites write it (policy.md 3.1): snake_case JSON, amounts as decimal or 0x text, counts and
 * times as integers. What may be left out and what it then becomes: policy.md 3.2.
 */
export type WireFelt = string
export type Amount = string
export type At = number | string // 3 = raw felt · "order.amount", "legs[0].token" = parameter path · "." or ".amount" = item of `each` · "#" = calldata length
export type Operand = Amount | 'self' | { at: At } | { back: number; at: At } // 'self' = the session's account
export type Kind = 'felt' | 'address' | 'u128' | 'u256' | 'bool' | 'selector' | 'class_hash' // default: the ABI's type; for raw offsets 'felt'
export type ArgRule =
  | { at: At; as?: Kind; op: 'eq' | 'ne' | 'lt' | 'lte' | 'gt' | 'gte'; value: Operand }
  | { at: At; as?: Kind; op: 'in' | 'not_in'; value: Operand[] }
  | { at: At; as?: Kind; op: 'between'; value: [Operand, Operand] }
  | { all: ArgRule[] }
  | { any: ArgRule[] }
  | { not: ArgRule }
  | { each: At; rule: ArgRule }
export type WindowSpec =
  | 'session'
  | { fixed: number; anchor?: number }
  | { rolling: number }
  | { calendar: 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year' }
export interface Cap {
  amount: Amount
  window?: WindowSpec
} // default window 'session'
export interface Count {
  max: number
  window?: WindowSpec
}
export interface CallRule {
  contract_address: WireFelt | '*'
  entry_point: string | string[] /* name, 0x selector, or "*" */
  args?: ArgRule | ArgRule[] /* list = all */
  max_calls?: number
  caps?: Count[]
  sums?: { at: At; as?: 'felt' | 'u128' | 'u256'; caps: Cap[] }[]
  required?: boolean
  enabled?: boolean
  sponsored_only?: boolean
  label?: string
  description?: string
}
export interface DenyRule {
  contract_address: WireFelt | '*'
  entry_point: string | string[]
  args?: ArgRule | ArgRule[]
}
export interface SpendLimit {
  token: WireFelt
  total?: Amount
  per_call?: Amount
  per_tx?: Amount
  per_period?: { amount: Amount; seconds: number }
  caps?: Cap[]
  stream?: { start?: number; initial?: Amount; per_second: Amount; max?: Amount }
  recipients?: (WireFelt | 'self')[]
  spenders?: WireFelt[]
  approvals?: 'forbid' | 'count' | 'reset_after'
  foreign_transfer_from?: 'forbid' | 'count'
}
export interface NftLimit {
  collection: WireFelt
  token_ids?: Amount[]
  max_out?: number
  caps?: Count[]
  recipients?: (WireFelt | 'self')[]
  spenders?: WireFelt[]
  approve_one?: 'forbid' | 'allow'
  approve_all?: 'forbid' | 'allow'
}
export interface FeeLimit {
  payer?: 'account' | 'sponsor' | 'any'
  paymasters?: string[]
  paymaster_url?: string
  max_tip_per_gas?: Amount
  max_per_tx?: Amount
  max_total?: Amount
  caps?: Cap[] /* these three: STRK */
  tokens?: { token: WireFelt; max_per_tx?: Amount; max_total?: Amount; caps?: Cap[] }[]
}
export interface UsageLimit {
  max_transactions?: number
  max_calls?: number
  max_calls_per_tx?: number
  rate?: { transactions: number; seconds: number }
  tx_caps?: Count[]
  call_caps?: Count[]
  min_gap?: number
  max_in_flight?: number
}
export interface MessageRule {
  domain: Record<string, string | number>
  types: Record<string, { name: string; type: string; contains?: string }[]>
  primary_type: string
  fields?: { path: string[]; op: 'eq' | 'in' | 'lte' | 'gte'; value: string | string[] }[]
  max_messages?: number
  caps?: Count[]
  required?: boolean
  enabled?: boolean
  label?: string
}
export interface SessionPolicyWire {
  calls: CallRule[]
  deny?: DenyRule[]
  spend_limits?: SpendLimit[]
  nft_limits?: NftLimit[]
  fees?: FeeLimit
  usage?: UsageLimit
  messages?: MessageRule[]
  valid_after?: number
  valid_until?: number
  duration?: number
}
export type SessionKeyChoice =
  | { held_by: 'wallet' }
  | { held_by: 'dapp'; public_key: WireFelt }
  | { held_by: 'agent'; public_key: WireFelt; label: string }
export interface RequestSessionParams extends SessionPolicyWire {
  chain_id?: WireFelt
  account?: WireFelt
  key?: SessionKeyChoice
  tag?: string
  label?: string
  reason?: string
  adjustable?: boolean
  enabled?: boolean
  replaces?: string
  setup_calls?: RawCall[]
  schedule?: { calls: RawCall[]; not_before: number; not_after: number }[]
  api_version?: string
}
export interface UpdateSessionParams extends Partial<SessionPolicyWire> {
  id: string
  enabled?: boolean
  disable_rules?: string[]
  api_version?: string
}

/** A call as the Wallet API spells it. */
export interface RawCall {
  contract_address: WireFelt
  entry_point: string
  calldata?: WireFelt[]
}
