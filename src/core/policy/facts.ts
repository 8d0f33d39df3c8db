import type { Address, ClassHash, Felt, U256 } from '../felt.ts'
import type { Seconds, UnixSeconds } from '../time.ts'
import type { Allowance } from './allowances.ts'
import type { Call, Origin, SessionRecord } from './policy.ts'

/** What is about to be signed, as the felts that will be signed. */
export interface Transaction {
  /** From the browser. */
  readonly origin: Origin
  readonly chainId: Felt
  readonly account: Address
  readonly calls: readonly Call[]
  /** Committed maximum and tip of one unit of gas, in base units of `token`: what the bounds allow the sequencer to take. */
  readonly fee: { readonly token: Address; readonly max: bigint; readonly tipPerGas: bigint }
  /**
   * Who pays the fee in the account's place: a service by its origin, or who sends the outside execution by its address.
   * `fee` is then what the account gives for it in some token, 0 where it gives nothing. Absent: the account pays.
   */
  readonly paymaster?: string
  /** How many of the last calls this wallet put there itself: `approve(spender, 0)` of `resetAfter`. */
  readonly resets?: number
  /** Names of fields a session cannot carry: `proof`, `paymaster_data`, a version that is not 3, … */
  readonly unsupported: readonly string[]
}

/** What of a session a decision reads. */
export type Judged = Pick<
  SessionRecord,
  'origin' | 'chainId' | 'genesis' | 'account' | 'accountClass' | 'effective' | 'state' | 'backing' | 'runWhileLocked'
>

export interface Facts {
  /** All accounts of this wallet, on every network. */
  readonly ownAccounts: readonly Address[]
  /** The owner's key can be used now. */
  readonly unlocked: boolean
  /** The session's own keys are in the working set. */
  readonly workingSet: boolean
  /** Block 0 of the network, when it was read. */
  readonly genesis?: Felt
  readonly clockWrong: boolean
  /** Classes of the account and of the contracts called. */
  readonly classes: Readonly<Record<Address, ReadClass>>
  /** Some known token may be taken from the account by a contract in scope (policy.md 5.3). */
  readonly liveAllowance: boolean
  /** What spenders with a credit may take now; read only where more leaves than the calls say. */
  readonly allowances?: readonly Allowance[]
  /** `later`: first pass, before a simulation is worth its request; a hold is never made on it where one is needed. */
  readonly simulation: 'none' | 'later' | Simulation
  /** Reverted transactions of the session in a row. */
  readonly reverts: { readonly inARow: number; readonly lastAt: UnixSeconds }
}

export type MessageFacts = Pick<Facts, 'unlocked' | 'genesis' | 'clockWrong' | 'classes'>

/** Typed data that a site wants signed, by what is hashed of it (SNIP-12). */
export interface Message {
  readonly origin: Origin
  readonly chainId: Felt
  readonly account: Address
  readonly domainHash: Felt
  readonly typeHash: Felt
  /** A session or an outside execution, or something spelled like one: never a rule's (argent-sessions.md 12). */
  readonly reserved: boolean
  /** What the hash has at a path of members; `undefined`: nothing, or no single value. */
  readonly valueAt: (path: readonly string[]) => bigint | undefined
}

export interface ReadClass {
  readonly classHash: ClassHash
  /** Of a proxy of known layout. */
  readonly impl?: ClassHash
  readonly readAt: UnixSeconds
}

/** Of exactly these calls, at `at`. */
export type Simulation =
  | {
      readonly ok: true
      readonly at: UnixSeconds
      readonly out: Readonly<Record<Address, U256>>
      /** Items that left, per collection. */
      readonly items: Readonly<Record<Address, U256>>
      readonly odd: readonly Address[]
    }
  | { readonly ok: false; readonly at: UnixSeconds; readonly words: string }

/** How old a class hash and a simulation may be (policy.md 5.1, 5.3). */
export const CLASS_AGE: Seconds = 60
export const SIMULATION_AGE: Seconds = 15
