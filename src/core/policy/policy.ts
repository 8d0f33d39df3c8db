import type { Address, Branded, ClassHash, Felt, Hash32, Selector, U256 } from '../felt.ts'
import type { Seconds, UnixSeconds } from '../time.ts'

/** From the browser, never from a page (security.md 3). */
export type Origin = Branded<string, 'Origin'>
/** 128 random bits of ours, 32 lowercase hex digits. */
export type SessionId = Branded<string, 'SessionId'>
/** `r0`, `r1`, … by position in the granted policy; messages `m0`, … */
export type RuleId = Branded<string, 'RuleId'>
/** `spend:<token>`, `fee:<token>`, `tx`, `calls`, `rule:<id>`, … (policy.md 7.1). */
export type MeterId = Branded<string, 'MeterId'>

export type Window =
  | { kind: 'session' } // whole life, also across update and rotation
  | { kind: 'fixed'; seconds: Seconds; anchor: UnixSeconds } // [anchor + n·s, anchor + (n+1)·s)
  | { kind: 'calendar'; unit: 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year' } // UTC, week from Monday
  | { kind: 'rolling'; seconds: Seconds } // (t - s, t]
export interface AmountCap {
  window: Window
  max: U256
}
export interface CountCap {
  window: Window
  max: number
}
export interface StreamCap {
  start: UnixSeconds
  initial: U256
  perSecond: U256
  max?: U256
}
export type Shape =
  // one parameter as it lies in calldata
  | {
      t:
        | 'felt'
        | 'address'
        | 'selector'
        | 'classHash'
        | 'bool'
        | 'u8'
        | 'u16'
        | 'u32'
        | 'u64'
        | 'u128'
        | 'u256'
        | 'bytes'
    }
  | { t: 'struct'; fields: Param[] }
  | { t: 'enum'; variants: Param[] } // tuples: names "0", "1", …; enum: index felt, then payload
  | { t: 'array'; of: Shape }
  | { t: 'fixed'; of: Shape; length: number }
export interface Param {
  name: string
  shape: Shape
}
export type ArgPath =
  | { at: 'felt'; index: number } // raw offset; when legal: section 3.3
  | { at: 'param'; name: string; path: (string | number)[] }
  | { at: 'item'; path: (string | number)[] } // item: current element inside `each`
  | { at: 'length' } // number of calldata felts
export type ArgKind = 'felt' | 'address' | 'u128' | 'u256' | 'bool' | 'selector' | 'classHash'
export type Operand =
  | { value: string }
  | { ref: 'account' }
  | { ref: 'arg'; arg: ArgPath }
  | { ref: 'call'; back: number; arg: ArgPath } // call: an earlier one, raw offsets
export type ArgRule =
  | { all: ArgRule[] }
  | { any: ArgRule[] }
  | { not: ArgRule }
  | { arg: ArgPath; as: ArgKind; op: 'eq' | 'ne' | 'lt' | 'lte' | 'gt' | 'gte'; to: Operand }
  | { arg: ArgPath; as: ArgKind; op: 'in' | 'notIn'; to: Operand[] }
  | { arg: ArgPath; as: ArgKind; op: 'between'; to: [Operand, Operand] } // inclusive
  | { each: ArgPath; rule: ArgRule } // every element of an array; empty array = true
export interface Entrypoint {
  selector: Selector
  name?: string
} // name only if it hashes to the selector
export interface CallRule {
  id: RuleId
  contract: Address | '*'
  entrypoints: Entrypoint[] | '*'
  wide?: true // '*' only with contract '*'; wide: expanded from "every action of this contract"
  args?: ArgRule
  shapes?: Record<Selector, Param[]> // shapes: for the param paths in args and sums
  caps: CountCap[] // how often this rule may be used
  sums: { arg: ArgPath; as: 'felt' | 'u128' | 'u256'; caps: AmountCap[] }[] // running totals of an argument
  enabled: boolean
  required: boolean
  sponsoredOnly?: true // only in transactions whose fee somebody else pays
  notAToken?: true // person confirmed: money-shaped names here move no token
  adminAck?: true // person confirmed an entrypoint of the admin table
  codePin?: { classHash: ClassHash; impl?: ClassHash; onChange: 'pause' | 'warn' }
}
export interface DenyRule {
  contract: Address | '*'
  entrypoints: Selector[] | '*'
  args?: ArgRule
  shapes?: Record<Selector, Param[]>
  by: 'person' | 'site'
}
export interface TokenLimit {
  asset: 'erc20'
  token: Address
  perCall?: U256
  perTx?: U256
  caps: AmountCap[]
  stream?: StreamCap // all must hold; at least one cap, or a stream
  recipients?: Address[]
  spenders: Address[] // of transfer, transferFrom (absent = anyone); of approve, increase
  approvals: 'forbid' | 'count' | 'resetAfter'
  foreignTransferFrom: 'forbid' | 'count' // foreign: out of somebody else's balance
}
export interface NftLimit {
  asset: 'erc721' | 'erc1155'
  collection: Address
  tokenIds?: U256[]
  maxOut: CountCap[]
  recipients?: Address[]
  spenders: Address[]
  approveOne: 'forbid' | 'allow'
  approveAll: 'forbid' | 'allow'
}
export interface SpendPolicy {
  limits: (TokenLimit | NftLimit)[]
  look: 'simulate' | 'receipt'
} // look: 5.3
export interface FeePolicy {
  payer: 'account' | 'paymaster' | 'either'
  tokens: { token: Address; perTx?: U256; caps: AmountCap[] }[] // empty = the account pays no fee
  paymasters?: string[] // https origins (services) or addresses (outside-execution callers); absent = any
  service?: string
  maxTipPerGas?: U256 // service: paymaster URL the wallet itself may use
}
export interface UsagePolicy {
  tx: CountCap[]
  calls: CountCap[]
  maxCallsPerTx: number
  minGap: Seconds
  maxInFlight: number
}
export interface MessageRule {
  id: RuleId
  domainHash: Felt
  typeHash: Felt // exact SNIP-12 domain and primary type, as felts
  fields: { path: string[]; as: ArgKind; op: 'eq' | 'in' | 'lte' | 'gte'; to: string[] }[] // on the encoded value; texts only eq, in
  caps: CountCap[]
  enabled: boolean
  required: boolean
}
export interface SessionPolicy {
  v: 1
  validAfter: UnixSeconds
  validUntil: UnixSeconds // [validAfter, validUntil)
  calls: CallRule[]
  deny: DenyRule[]
  spend: SpendPolicy
  fees: FeePolicy
  usage: UsagePolicy
  messages: MessageRule[]
}
export type KeyHolder =
  | { by: 'wallet' }
  | { by: 'dapp'; publicKey?: Felt } // absent: its site wrote the session, which names the key by its guid alone
  | { by: 'agent'; publicKey: Felt; label: string }
/** A key that this wallet does not have: co-signing alone makes use of it. */
export type ForeignKey =
  | { readonly by: 'dapp'; readonly publicKey: Felt }
  | { readonly by: 'agent'; readonly publicKey: Felt; readonly label: string }
export type SessionState = 'pending' | 'active' | 'paused' | 'revoking' | 'revoked' | 'superseded' // scheduled, expired, exhausted are derived
export type PauseReason =
  | 'person'
  | 'site'
  | 'codeChanged'
  | 'overdrawn'
  | 'reorg'
  | 'phishingList'
  | 'escapeEvent'
  | 'accountChanged'
  | 'clock'
  | 'nodeDown'
  | 'nodeChanged'
  | 'chainRestarted'
  | 'storageTampered'
  | 'restored'
  | 'idle' // what a site is told of them: provider.md 7.2
export interface Call {
  to: Address
  selector: Selector
  calldata: Felt[]
}
export interface SessionRecord {
  id: SessionId
  origin: Origin
  chainId: Felt
  genesis: { hash: Felt; at: UnixSeconds } /* block 0 */
  account: Address
  accountClass: ClassHash
  backing: 'chain' | 'wallet' // section 10
  key: KeyHolder & { guid: Felt }
  tag?: Felt
  label?: string
  reason?: string
  words: Record<RuleId, { label?: string; description?: string }> // the site's text: untrusted, outside the policy and its hash
  asked: unknown // the parsed request as it came, for `covers`
  granted: SessionPolicy
  policyHash: Hash32 // what the person approved; its hash is in the signed metadata
  effective: SessionPolicy // what is enforced; narrows(effective, granted) always
  chain?: {
    sessionHash: Felt
    expiresAt: UnixSeconds /* validUntil - 1 */
    methods: [Address, Selector][]
    root: Felt
    metadata: string
    authorization: Felt[]
    bySite?: true // its site wrote it: methods in its order, metadata without our policy hash
  }
  runWhileLocked: boolean
  mayNarrow: boolean
  state: SessionState
  pause?: PauseReason
  replaces?: SessionId
  replacedBy?: SessionId
  createdAt: UnixSeconds
  seq: number
}
/** Calls with a window of their own: `[notBefore, notAfter)`. */
export interface Scheduled {
  readonly calls: readonly Call[]
  readonly notBefore: UnixSeconds
  readonly notAfter: UnixSeconds
}
export interface Charge {
  meter: MeterId
  amount: U256
  refundable: U256
}
export interface Hold {
  // what policy sees of a journal row (architecture.md 5); rows without a session never reach it
  id: string
  session: SessionId
  request?: string // request: the page's request id
  group: string // same account nonce = same group
  via: 'node' | 'site' | 'agent' | 'paymaster' // who gets the signature
  hash: Felt
  nonce?: Felt
  outside?: { nonce: Felt; executeAfter: UnixSeconds; executeBefore: UnixSeconds }
  calls: Call[]
  bounds?: Record<string, Felt>
  charges: Charge[]
  at: UnixSeconds
  status: 'held' | 'signed' | 'sent' | 'settled'
  end?: 'accepted' | 'reverted' | 'rejected' | 'dropped' | 'released'
  outcome?: { block: number; at: UnixSeconds; fee: { token: Address; paid: U256 }; out: Record<Address, U256> }
}
export interface Booking {
  meter: MeterId
  amount: U256
  at: UnixSeconds
}
export interface MeterBook {
  session: SessionId
  seq: number
  base: Record<MeterId, U256>
  bookings: Booking[]
  returned: Booking[] /* 8.2 */
  credit: { token: Address; spender: Address; amount: U256 }[]
}
export type ReasonCode =
  | 'malformed'
  | 'emptyCalls'
  | 'wrongChain'
  | 'wrongAccount'
  | 'wrongOrigin'
  | 'unsupportedField'
  | 'selfCall'
  | 'nestedExecution'
  | 'adminEntrypoint'
  | 'locked'
  | 'notActive'
  | 'paused'
  | 'notStarted'
  | 'expired'
  | 'revoked'
  | 'clock'
  | 'codeChanged'
  | 'denied'
  | 'noRule'
  | 'ruleDisabled'
  | 'argRule'
  | 'ruleCap'
  | 'sumCap'
  | 'tokenNotListed'
  | 'moneyMalformed'
  | 'approvalForbidden'
  | 'approveAllForbidden'
  | 'recipient'
  | 'spender'
  | 'tokenId'
  | 'foreignTransferFrom'
  | 'perCall'
  | 'perTx'
  | 'spendCap'
  | 'streamCap'
  | 'undeclaredOutflow'
  | 'simulationFailed'
  | 'feeToken'
  | 'feeCap'
  | 'feePerTx'
  | 'tip'
  | 'paymasterRequired'
  | 'paymasterNotAllowed'
  | 'txCount'
  | 'callCount'
  | 'callsPerTx'
  | 'gap'
  | 'inFlight'
  | 'messageScope'
  | 'messageField'
  | 'messageCount'
  | 'reservedMessage'
export interface Reason {
  code: ReasonCode
  call?: number
  rule?: RuleId
  meter?: MeterId
  left?: U256
  wanted?: U256
  retryAt?: UnixSeconds
  at?: string
  /** The cap with the least left, for the sentence and for the kind of limit; never on a wire. */
  cap?: { window: Window; max: U256 }
}
export type Verdict =
  | { kind: 'auto'; charges: Charge[]; matched: RuleId[] }
  | { kind: 'ask'; reasons: Reason[] } // outside the session; an ordinary approval may still allow it once
  | { kind: 'refuse'; reasons: Reason[] } // the request itself is bad: an error in every mode
