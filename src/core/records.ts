/**
 * Every stored shape. A row is plain JSON (amounts decimal text, felts hex); who owns which store: architecture.md 8.
 * Until the first release a database of another shape is refused with a clear page; `SHAPE` names today's.
 */
import type { Changes } from './changes.ts'
import type { SiteError } from './errors.ts'
import type { Address, ClassHash, Felt, Hash32, Selector, U256 } from './felt.ts'
import type { Asked } from './policy/asked.ts'
import type {
  Call,
  Charge,
  ForeignKey,
  Hold,
  Origin,
  Reason,
  Scheduled,
  SessionId,
  SessionPolicy,
  SessionRecord,
} from './policy/policy.ts'
import type { Passed } from './policy/trail.ts'
import type { AskedMessage } from './policy/wire-messages.ts'
import type { OwnStep, Purpose, SetupStep } from './protocol/session-info.ts'
import type { Seconds, UnixSeconds } from './time.ts'

export const SHAPE = 4

/** Mainnet, Sepolia and a local devnet are built in, others are added. The id is ours: many networks share a chain id. */
export type NetworkId = 'mainnet' | 'sepolia' | 'devnet' | `added:${string}`

export function parseNetworkId(input: unknown): NetworkId | undefined {
  if (input === 'mainnet' || input === 'sepolia' || input === 'devnet') return input
  // The form was checked: the compiler cannot read a pattern.
  return typeof input === 'string' && /^added:[0-9a-f]{1,64}$/.test(input) ? (input as NetworkId) : undefined
}

export interface NetworkRecord {
  readonly id: NetworkId
  readonly chainId: Felt
  readonly node: string
  /** Of an added one: as the person called it. */
  readonly name?: string
  /** The person chose this node; else a built-in network follows the wallet's own list. */
  readonly chosen?: true
  /** What the node said of itself when it was chosen. */
  readonly spec?: string
  /** Gone for the person; what lies in the activity still names it. */
  readonly removed?: true
  /** Block 0 as first seen; another one is another network (provider.md 4). */
  readonly genesis?: Genesis
  /** Time of the last accepted block seen, for the clock rule. */
  readonly lastBlockAt?: UnixSeconds
}
export interface Genesis {
  readonly hash: Felt
  readonly at: UnixSeconds
}
/** What a node says of itself: which network it serves. */
export interface SeenNode {
  readonly chainId: Felt
  readonly spec: string
  readonly genesis: Genesis
}

/**
 * One account, at one address on every network. What it is there (deployed, of which class, with which second key) is asked
 * of each chain; the row says what this wallet knows by itself.
 */
export type AccountRecord = OwnAccount | WatchedAccount
interface AnyAccount {
  readonly address: Address
  readonly name: string
  /** Place in the list, rising; two of the same place stand by age. */
  readonly order: number
  /** Not in the lists a person chooses from; what runs with it goes on. */
  readonly hidden?: true
  readonly createdAt: UnixSeconds
}
/** Its owner key is in the vault. */
export interface OwnAccount extends AnyAccount {
  /** The class its address was made with, or, where that is not known, the one it had when it was added. */
  readonly classHash: ClassHash
  readonly owner: OwnerKey
  readonly ownerPublicKey: Felt
  /** The newest. Generations only grow: a retired guardian key is never set again (argent-sessions.md 8). */
  readonly guardian: GuardianKey
  /** Older ones. One may still stand on a network where nobody replaced it; none is ever set again. */
  readonly retired?: readonly GuardianKey[]
  /** The next nonce of the account, where a chain's was last compared with the journal. */
  readonly looked?: readonly { readonly network: NetworkId; readonly nonce: Felt; readonly at: UnixSeconds }[]
}
export interface GuardianKey {
  readonly publicKey: Felt
  readonly generation: number
  /** Networks whose chain has had it: once it has left, it is not set there a second time. */
  readonly stood?: readonly NetworkId[]
}
/** By its address alone: nothing is signed for it, and no site sees it. */
export interface WatchedAccount extends AnyAccount {
  readonly owner: { readonly from: 'nowhere' }
}
/** Where an owner key comes from, and so what brings it back. */
export type OwnerKey =
  | { readonly from: 'phrase'; readonly scheme: PhraseScheme; readonly index: number }
  /** It was brought in, alone or out of another phrase, and is in this vault and its backup file only. */
  | { readonly from: 'key' }
/** `ready`: a second tree under a key of the first, as Ready and Argent X do. `standard`: the phrase's own tree. */
export type PhraseScheme = 'ready' | 'standard'

/** A site and the account it may see, on one network. Accounts and networks are chosen per site. */
export interface GrantRecord {
  readonly origin: Origin
  readonly account: Address
  readonly network: NetworkId
  readonly at: UnixSeconds
  readonly lastUsedAt: UnixSeconds
}

/** Whom the person knows, by address. */
export interface ContactRecord {
  readonly address: Address
  readonly name: string
  readonly at: UnixSeconds
}

export interface StoredSession extends SessionRecord {
  readonly network: NetworkId
  readonly asked: Asked
  /** As its site wrote its rules for messages when it made them narrower; absent: they are those of `asked`. */
  readonly messages?: readonly AskedMessage[]
  /** JSON pointers into the request that the person changed. */
  readonly narrowed: readonly string[]
  readonly setup: readonly { readonly step: SetupStep; readonly hash: Felt }[]
  /** Handed out with it, each held as a row of its own: in the order it was asked for. */
  readonly scheduled?: readonly SignedOutside[]
  readonly lastUsedAt?: UnixSeconds
  readonly endedAt?: UnixSeconds
  /** What the chain said that ended it here: somebody else revoked it, or a key that signed it is not the account's any more. */
  readonly endedFor?: 'revoked' | 'guardian' | 'owner'
  /** Revocation on chain: `wanted` until the transaction is out, `sent` until its receipt, `done` when the account says so. */
  readonly onChain?: { readonly state: 'wanted' | 'sent' | 'done' | 'failed'; readonly hash?: Felt }
}

/** An outside execution as the owner and the second key signed it: good until its end, whatever becomes of the session. */
export interface SignedOutside extends Pick<OutsidePart, 'caller' | 'executeAfter' | 'executeBefore'> {
  readonly version: 2
  readonly nonce: Felt
  readonly calls: readonly Call[]
  readonly signature: readonly Felt[]
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
  readonly kind: 'invoke' | 'deploy' | 'declare'
  readonly carries?: Carried
  /** What it is for, where no site asked for these calls. */
  readonly purpose?: Purpose
  /** The approval a person said yes to; absent for a session's own transaction. */
  readonly approval?: string
  readonly group: string
  readonly hash: Felt
  readonly nonce: Felt
  readonly calls: readonly Call[]
  /** How many of the last calls the wallet put there: allowances set back. */
  readonly resets?: number
  /** Somebody else sends it (SNIP-9): hash and nonce are those of the outside execution, and none of the account's. */
  readonly outside?: OutsidePart
  readonly bounds: StoredBounds
  readonly tip: U256
  readonly charges: readonly Charge[]
  readonly matched: readonly string[]
  /** What the limits of its session stood at, and what it took of them: for a person's eyes. Absent of an older row. */
  readonly passed?: readonly Passed[]
  readonly at: UnixSeconds
  readonly status: Hold['status']
  readonly end?: NonNullable<Hold['end']>
  readonly outcome?: NonNullable<Hold['outcome']>
  /** Lost, or unseen by the node, and not sent again: its nonce may be given away. It stays held until its end is proven. */
  readonly parked?: true
  /** Its site has the signature and sends it, when it likes: it is parked until a block has it, and its nonce is nobody's. */
  readonly via?: 'site'
  /** Reorganised away after it was booked: followed again, and not booked a second time. */
  readonly booked?: true
  /** Whose book has its end, and the number that the book had with it: an older book is none. */
  readonly inBook?: { readonly session: SessionId; readonly seq: number }
  readonly sentAt?: UnixSeconds
  readonly settledAt?: UnixSeconds
  /** The node's words for a revert or refusal: data, length-capped, shown only under Details. */
  readonly failure?: string
}
export interface OutsidePart {
  readonly version: 1 | 2
  readonly caller: Felt
  /** The chain takes it strictly between the two. */
  readonly executeAfter: UnixSeconds
  readonly executeBefore: UnixSeconds
  /** Who gets the signature. */
  readonly via: 'site' | 'agent' | 'paymaster'
  /** Who pays the fee, as a policy names them. */
  readonly payer: string
  /** Where the wallet itself hands it in. */
  readonly service?: string
  /** The last call gives this for it: a fee, and no spending. */
  readonly fee?: { readonly token: Address; readonly to: Address; readonly max: U256 }
  /** The last block when it was held: what has it comes after. */
  readonly from: number
  /** In which transaction it is, as who sends it says, or the chain. */
  readonly transaction?: Felt
}
/**
 * What a transaction carries beside its calls. The bytes come with the request, again where it is asked again, and are kept
 * in no store: what is signed is named here.
 */
export type Carried =
  | {
      readonly kind: 'class'
      readonly classHash: ClassHash
      readonly compiledClassHash: Felt
      /** Of the class as JSON text. */
      readonly bytes: number
    }
  | { readonly kind: 'proof'; readonly facts: readonly Felt[]; readonly digest: Hash32 }
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
  | MessageQuestion
  | SwitchQuestion
  | AddNetworkQuestion
  | WatchTokenQuestion
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
/** The site moves to `network`; the person may choose another account for it there. */
export interface SwitchQuestion {
  readonly kind: 'switch'
  readonly network: NetworkId
  readonly from: NetworkId
  readonly account: Address
}
/** `network` is where the site is, and stays. */
export interface AddNetworkQuestion {
  readonly kind: 'network'
  readonly network: NetworkId
  readonly account: Address
  readonly name: string
  readonly node: string
  readonly seen: SeenNode
}
/** Symbol, decimals and what it is called as its contract said them; nothing of it is the site's word. */
export interface WatchTokenQuestion {
  readonly kind: 'token'
  readonly network: NetworkId
  readonly account: Address
  readonly token: Address
  readonly symbol: string
  readonly decimals: number
  readonly called?: string
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
  /** The class of its account has no sessions: this wallet alone holds it, whatever it asks. */
  readonly walletOnly?: true
  readonly sessionId: SessionId
  /** Whose key it is, where it is not this wallet's. */
  readonly key?: ForeignKey
  /** Its site wrote it and holds its key: signed as it is, or not at all. */
  readonly written?: WrittenSession
  /** Whose place it takes, and with it what was used. */
  readonly replaces?: SessionId
  /** What is asked of the one it replaces; absent where the site asks anew. */
  readonly change?: SessionChange
  /** What contracts in scope may take is set to 0 first, by these calls of the wallet's own. */
  readonly clears?: readonly Call[]
  /** Signed with it, and handed out. */
  readonly schedule?: readonly Scheduled[]
  /** The counts of the whole session begin again: "again up to". With the starts of its streams as they were. */
  readonly again?: Readonly<Record<Address, UnixSeconds>>
  /** Of an array: the person refuses this one. */
  readonly off?: true
}
/** The session of an Argent account, as a site wrote it (argent-sessions.md 1). */
export interface WrittenSession {
  readonly hash: Felt
  /** The last valid second. */
  readonly expiresAt: UnixSeconds
  /** In its order, doubles too: both change the root. */
  readonly methods: readonly (readonly [Address, Selector])[]
  readonly metadata: string
  readonly keyGuid: Felt
}
/** `update`: more than is enforced · `rotate`: the same under another key · `renew`: the same for other times. */
export type SessionChange = 'update' | 'rotate' | 'renew'
export interface MessageQuestion {
  readonly kind: 'message'
  readonly network: NetworkId
  readonly account: Address
  /** As the site wrote it. What of it is signed is what `hash` is the hash of. */
  readonly data: unknown
  readonly hash: Felt
  /** Why a session did not sign it; empty where there is none. */
  readonly reasons: readonly Reason[]
  readonly session?: SessionId
  /** Of an outside execution: what a trial run of its calls said; absent while the node has not answered. */
  readonly effects?: Effects
}
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
  readonly carries?: Carried
  /** Its site has signed for this nonce of the account alone: it is sent at no other. */
  readonly onlyAt?: Felt
  /** Asked in the wallet's own pages: no site waits for it. */
  readonly own?: OwnTransaction
  /** What the person chose of the fee; absent: as the wallet does it. */
  readonly fee?: FeeChoice
  /** What a trial run said; absent while the node has not answered. Its bounds are those that will be signed. */
  readonly trial?: Trial
}
/** One of the wallet's own transactions before the thing itself; `bounds` caps its fee. */
export interface PlannedStep<S extends OwnStep | 'setup' = SetupStep> {
  readonly step: S
  readonly bounds: StoredBounds
  /** Of `setup`: the site's own calls, and the session that they come before. */
  readonly calls?: readonly Call[]
  readonly of?: SessionId
  /** Of `setup`: none of it is the site's. */
  readonly clears?: true
}
/** `takeBack`: what a session left to others. `faster`, `cancel`: takes the place of a transaction that is out and not in a block, on its own nonce. */
export type OwnTransaction =
  | { readonly what: 'send' | 'takeBack' }
  /** `above`: the network takes it only for clearly more than this. */
  | {
      readonly what: 'faster' | 'cancel'
      readonly replaces: JournalRow['id']
      readonly above: Pick<JournalRow, 'bounds' | 'tip'>
    }
export interface FeeChoice {
  readonly speed: 'normal' | 'fast' | 'own'
  /** fri per unit of L2 gas. */
  readonly tip: U256
  /** Never more than this, fri. Absent: half as much again as is expected. */
  readonly cap?: U256
}
/** What a trial run says that calls do. */
export interface Effects {
  /** The node's words for a failing run. */
  readonly fails?: string
  /** It was priced and not run: nobody knows what it moves. */
  readonly unseen?: true
  /** Net movement of the account per token. */
  readonly moves: Changes['moves']
  readonly items?: Changes['items']
  readonly leaves?: Changes['leaves']
  /** More than is listed. */
  readonly more?: true
}
export interface Trial extends Effects {
  readonly bounds: StoredBounds
  /** fri per unit of L2 gas; absent: none. */
  readonly tip?: U256
  /** What it is expected to cost, fri. */
  readonly about?: U256
  /** The person's own cap is less than this, which the network asks now. */
  readonly lacks?: U256
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
        readonly purpose?: Purpose
        /** It published this class. */
        readonly declares?: ClassHash
      }
    | { readonly kind: 'refused'; readonly calls: readonly Call[]; readonly reasons: readonly Reason[] }
    | {
        readonly kind: 'message'
        readonly by: 'session' | 'person'
        /** Of the domain and of the type, as the site wrote them. */
        readonly about: string
        readonly type: string
        readonly hash: Felt
      }
    /** Typed data that was more than a message, or looked like it: nobody was asked. */
    | { readonly kind: 'hidden' }
    | { readonly kind: 'connected' | 'disconnected' }
    /** So many transactions of the account were sent by another wallet that has its key, while this one was closed. */
    | { readonly kind: 'elsewhere'; readonly transactions: number }
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
  /** What a site is offered first; absent: the one that is looked at. */
  readonly defaultAccount?: Address
  /** Seconds without a trusted input until the wallet locks; absent: when the browser closes. */
  readonly autoLock?: number
  readonly theme: 'system' | 'light' | 'dark'
  /** Balances in USD too, by an oracle on the chain. */
  readonly fiat?: true
  /** A catalogue's language; absent: the browser's. */
  readonly language?: string
  /** No session is asked for and none runs. */
  readonly sessionsOff?: true
  /** New sessions rest while the wallet is locked. */
  readonly restLocked?: true
  /** Where the site asks no end; absent: a day. */
  readonly defaultLife?: Seconds
  /** Sessions pause when the wallet was not unlocked for so long. */
  readonly idlePause?: Seconds
  /** The wallet was last seen unlocked; what `idlePause` counts from. */
  readonly lastUnlocked?: UnixSeconds
  /** What the browser may tell while nobody looks; absent: nothing. */
  readonly notify?: readonly NotifyKind[]
  /** The share of a limit, in percent, from which its use is told; absent: from the first of the three. */
  readonly limitsFrom?: Exclude<LimitShare, 50>
  /** Details lie open, and rows name their transaction. */
  readonly showHashes?: true
  /** Mainnet stays closed until three words of the phrase were checked. */
  readonly backupChecked: boolean
  /** What a session is held by, and what it cannot undo, was read before the first one on mainnet (approval-ux.md 7.2). */
  readonly limitsRead?: true
}
/** Of a limit, in percent: where its use is worth a word (approval-ux.md 11). */
export const LIMIT_SHARES = [50, 80, 100] as const
export type LimitShare = (typeof LIMIT_SHARES)[number]
/**
 * `limit`: half, four fifths or all of one is used, from the share that the person chose · `ending`: ten minutes before a session's end, and at it · `paused`: the
 * wallet paused one · `sent`: a transaction that a person sent has ended.
 */
export type NotifyKind = 'request' | 'limit' | 'ending' | 'paused' | 'sent' | 'escape'
