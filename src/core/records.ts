/**
 * Every stored shape. A row is plain JSON (amounts decimal text, felts hex); who owns which store: architecture.md 8.
 * Until the first release a database of another shape is refused with a clear page; `SHAPE` names today's.
 */
import type { SiteError } from './errors.ts'
import type { Address, ClassHash, Felt, Hash32, U256 } from './felt.ts'
import type { Asked } from './policy/asked.ts'
import type { Call, Charge, Hold, Origin, Reason, SessionId, SessionPolicy, SessionRecord } from './policy/policy.ts'
import type { SetupStep } from './protocol/session-info.ts'
import type { UnixSeconds } from './time.ts'

export const SHAPE = 1

/** Mainnet, Sepolia and a local devnet are built in. The id is ours: devnet shares Sepolia's chain id. */
export type NetworkId = 'mainnet' | 'sepolia' | 'devnet'

export interface NetworkRecord {
  readonly id: NetworkId
  readonly chainId: Felt
  readonly node: string
  /** Block 0 as first seen; another one is another network (provider.md 4). */
  readonly genesis?: Genesis
  /** Time of the last accepted block seen, for the clock rule. */
  readonly lastBlockAt?: UnixSeconds
}
export interface Genesis {
  readonly hash: Felt
  readonly at: UnixSeconds
}

/** One account of the phrase. It has one address on every network; whether it is deployed there is asked of the chain. */
export interface AccountRecord {
  readonly address: Address
  readonly name: string
  readonly index: number
  readonly classHash: ClassHash
  readonly ownerPublicKey: Felt
  /** Generations only grow: a retired guardian key is never used again (argent-sessions.md 8). */
  readonly guardian: { readonly publicKey: Felt; readonly generation: number }
  readonly createdAt: UnixSeconds
}

/** A site and the account it may see, on one network. Accounts and networks are chosen per site. */
export interface GrantRecord {
  readonly origin: Origin
  readonly account: Address
  readonly network: NetworkId
  readonly at: UnixSeconds
  readonly lastUsedAt: UnixSeconds
}

export interface StoredSession extends SessionRecord {
  readonly network: NetworkId
  readonly asked: Asked
  /** JSON pointers into the request that the person changed. */
  readonly narrowed: readonly string[]
  readonly setup: readonly { readonly step: SetupStep; readonly hash: Felt }[]
  readonly lastUsedAt?: UnixSeconds
  readonly endedAt?: UnixSeconds
  /** Revocation on chain: `wanted` until the transaction is out, `sent` until its receipt, `done` when the account says so. */
  readonly onChain?: { readonly state: 'wanted' | 'sent' | 'done' | 'failed'; readonly hash?: Felt }
}

/**
 * One row per transaction, from hold to settled: the only truth after a crash (architecture.md 5). With a session it is
 * policy.md's `Hold`; a row that a person approved, deploy and enable steps too, has no session and no charges.
 */
export interface JournalRow {
  readonly id: string
  readonly network: NetworkId
  readonly account: Address
  readonly origin?: Origin
  readonly request?: string
  readonly session?: SessionId
  readonly kind: 'invoke' | 'deploy'
  /** What it is for, where no site asked for these calls. */
  readonly purpose?: SetupStep | 'revoke'
  /** The approval a person said yes to; absent for a session's own transaction. */
  readonly approval?: string
  readonly group: string
  readonly hash: Felt
  readonly nonce: Felt
  readonly calls: readonly Call[]
  /** How many of the last calls the wallet put there: allowances set back. */
  readonly resets?: number
  readonly bounds: StoredBounds
  readonly tip: U256
  readonly charges: readonly Charge[]
  readonly matched: readonly string[]
  readonly at: UnixSeconds
  readonly status: Hold['status']
  readonly end?: NonNullable<Hold['end']>
  readonly outcome?: NonNullable<Hold['outcome']>
  /** Lost, or unseen by the node, and not sent again: its nonce may be given away. It stays held until its end is proven. */
  readonly parked?: true
  /** Reorganised away after it was booked: followed again, and not booked a second time. */
  readonly booked?: true
  readonly sentAt?: UnixSeconds
  readonly settledAt?: UnixSeconds
  /** The node's words for a revert or refusal: data, length-capped, shown only under Details. */
  readonly failure?: string
}
export type StoredBounds = Readonly<
  Record<'l1_gas' | 'l2_gas' | 'l1_data_gas', { readonly maxAmount: Felt; readonly maxPrice: Felt }>
>

/** A question to the person: stored before it is shown, bound to a digest, refused with its context. */
export interface ApprovalRecord {
  readonly id: string
  readonly origin: Origin
  readonly document: string
  readonly tab: number
  readonly request: string
  readonly at: UnixSeconds
  readonly lapsesAt: UnixSeconds
  /** Rises with every edit and every change of what is shown. */
  readonly rev: number
  /** `running`: allowed, and its steps are under way. `done` and `failed` are shown for a moment and then gone. */
  readonly phase: 'asking' | 'running' | 'done' | 'failed'
  /** Asked in the wallet's own pages: nobody asks again for it, and it counts against no site. */
  readonly byPerson?: true
  /** What was allowed and when: the yes is good for nothing else, and not for ever. */
  readonly decided?: { readonly digest: Hash32; readonly at: UnixSeconds }
  /** Work for it has begun, so something may be signed already; until then a lock still ends it. */
  readonly begun?: true
  /** What the site is told of a `failed` one, also when it asks again. */
  readonly failure?: SiteError
  readonly question: Question
}
export type Question =
  /** The wallet is locked and a site asks for something: what it is follows after the unlock. */
  | { readonly kind: 'unlock' }
  | {
      readonly kind: 'connect'
      readonly network: NetworkId
      readonly account: Address
      /** Stands for this one request until its site is connected, and is never joined with others. */
      readonly alone?: true
    }
  | SessionQuestion
  | TransactionQuestion
export interface SessionQuestion extends SessionPart {
  readonly kind: 'session'
  readonly network: NetworkId
  readonly account: Address
  /** The site has no grant yet: Allow gives it too. */
  readonly connects: boolean
  /** The judged clock of the question: durations count from here, so that what was shown is what is signed. */
  readonly askedAt: UnixSeconds
  readonly steps: readonly PlannedStep[]
  readonly done: readonly DoneStep[]
  /** The waiting transaction that its yes sends as well, as it was shown. */
  readonly sends?: { readonly approval: string; readonly digest: Hash32 }
  /** Of an array: the other sessions, in its order. */
  readonly more?: readonly SessionPart[]
}
export interface DoneStep {
  readonly step: SetupStep
  readonly hash: Felt
  /** Of `setup`: the session it came before. */
  readonly of?: SessionId
}
/** One session of a question. */
export interface SessionPart {
  readonly asked: Asked
  readonly granted: SessionPolicy
  readonly effective: SessionPolicy
  readonly runWhileLocked: boolean
  readonly sessionId: SessionId
  /** Whose place it takes, and with it what was used. */
  readonly replaces?: SessionId
  /** What is asked of the one it replaces; absent where the site asks anew. */
  readonly change?: SessionChange
  /** The counts of the whole session begin again: "again up to". With the starts of its streams as they were. */
  readonly again?: Readonly<Record<Address, UnixSeconds>>
  /** Of an array: the person refuses this one. */
  readonly off?: true
}
/** `update`: more than is enforced · `rotate`: the same under another key · `renew`: the same for other times. */
export type SessionChange = 'update' | 'rotate' | 'renew'
export interface TransactionQuestion {
  readonly kind: 'transaction'
  readonly network: NetworkId
  readonly account: Address
  readonly connects: boolean
  readonly calls: readonly Call[]
  /** Why a session did not do it; empty where there is none. */
  readonly reasons: readonly Reason[]
  readonly session?: SessionId
  readonly steps: readonly PlannedStep[]
  /** What a trial run said; absent while the node has not answered. Its bounds are those that will be signed. */
  readonly trial?: Trial
}
/** One of the wallet's own transactions before the thing itself; `bounds` caps its fee. */
export interface PlannedStep {
  readonly step: SetupStep
  readonly bounds: StoredBounds
  /** Of `setup`: the site's own calls, and the session that they come before. */
  readonly calls?: readonly Call[]
  readonly of?: SessionId
}
export interface Trial {
  readonly bounds: StoredBounds
  /** The node's words for a failing run. */
  readonly fails?: string
  /** Net movement of the account per token: negative text is out. */
  readonly moves: readonly { readonly token: Address; readonly out: U256; readonly in: U256 }[]
}

/** A request's answer, kept 10 min: the same id and the same params get the same answer again. */
export interface AnswerRecord {
  readonly key: string
  readonly params: Hash32
  readonly at: UnixSeconds
  readonly answer?: { readonly result: unknown } | { readonly error: SiteError }
}

/** What happened, append-only. Refusals too, with all their reasons. */
export interface HistoryRow {
  readonly id: string
  readonly at: UnixSeconds
  readonly network: NetworkId
  readonly account?: Address
  readonly origin?: Origin
  readonly session?: SessionId
  readonly event:
    | {
        readonly kind: 'transaction'
        readonly by: 'session' | 'person'
        readonly hash: Felt
        readonly calls: readonly Call[]
        readonly purpose?: SetupStep | 'revoke'
      }
    | { readonly kind: 'refused'; readonly calls: readonly Call[]; readonly reasons: readonly Reason[] }
    | { readonly kind: 'connected' | 'disconnected' }
    | {
        readonly kind: 'session'
        readonly what: 'started' | 'paused' | 'resumed' | 'narrowed' | 'restored' | 'ended' | 'failed'
        /** It was its site that did it. */
        readonly by?: 'site'
        readonly step?: SetupStep
      }
}

/** Settings that guard money (auto-lock) and those that do not. One row per setting. */
export interface Settings {
  readonly network: NetworkId
  readonly account?: Address
  /** Seconds without a trusted input until the wallet locks; absent: when the browser closes. */
  readonly autoLock?: number
  readonly theme: 'system' | 'light' | 'dark'
  /** Mainnet stays closed until three words of the phrase were checked. */
  readonly backupChecked: boolean
}
