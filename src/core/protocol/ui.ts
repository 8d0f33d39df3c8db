/**
 * Everything a screen may read (the View) and ask (the verbs). The worker computes the View: no screen computes an
 * allowance, a worst case or a risk. A decision carries the digest of what was shown (approval-ux.md 7.3).
 */
import type { Address, ClassHash, Felt, Hash32, U256 } from '../felt.ts'
import type {
  FeeChoice,
  LimitShare,
  NetworkId,
  NotifyKind,
  OwnTransaction,
  PhraseScheme,
  SeenNode,
  SessionChange,
} from '../records.ts'
import type { Seconds, UnixSeconds } from '../time.ts'
import type { Line, TokenName } from '../words.ts'
import type { OwnStep, SessionStatus } from './session-info.ts'

/** What is true now. `rev` rises with each change; a screen draws the last one it got. */
export interface View {
  readonly rev: number
  readonly now: UnixSeconds
  /** `new`: no wallet yet. `asleep`: not unlocked since the browser started, so nothing signs. */
  readonly lock: 'new' | 'asleep' | 'locked' | 'unlocked'
  /** Set while wrong passwords make the person wait. `left`: tries before the next wait. */
  readonly lockout?: { readonly until?: UnixSeconds; readonly left: number }
  readonly theme: 'system' | 'light' | 'dark'
  /** Seconds; `null`: only when the browser closes. */
  readonly autoLock?: number | null
  /** Sites that may see an account, last used first. */
  readonly sites?: readonly ConnectedSiteView[]
  /** Sites that may not ask for a while and see no account. */
  readonly quiet?: readonly QuietSiteView[]
  /** The address book, by name. */
  readonly contacts?: readonly ContactView[]
  /** How sessions begin and rest; absent before the first unlock. */
  readonly sessionSettings?: {
    readonly on: boolean
    readonly runWhileLocked: boolean
    readonly life: Seconds
    /** `null`: never. */
    readonly idlePause: Seconds | null
    /** The first share of a limit, in percent, that is told. */
    readonly limitsFrom: LimitShare
  }
  /** What a site is offered first; `null`: the account that is looked at. Absent while locked. */
  readonly defaultAccount?: Address | null
  /** Details lie open, and rows name their transaction. */
  readonly showHashes?: boolean
  /** Of the catalogue; absent: the browser's. */
  readonly language?: string
  readonly version?: string
  readonly backupChecked: boolean
  /** Ways in beside the password; known while locked too. */
  readonly passkeys?: readonly Passkey[]
  readonly network: NetworkId
  readonly networks: readonly NetworkView[]
  /** Absent before the first unlock. */
  readonly account?: AccountView
  readonly accounts: readonly AccountView[]
  readonly strip?: SessionStrip
  readonly sessions: readonly SessionCardView[]
  readonly approvals: readonly ApprovalView[]
  /** How many wait; known while locked too, when `approvals` is empty. */
  readonly waiting: readonly { readonly id: string; readonly host: string; readonly tint?: number }[]
  readonly activity: readonly ActivityView[]
  /** Somebody else takes over an account: told in every state of the lock. */
  readonly alarms?: readonly AlarmView[]
  /** What the browser may tell while nobody looks. */
  readonly notify?: readonly NotifyKind[]
  /** Bundled and added ones of the selected network, hidden ones too. */
  readonly tokens?: readonly TokenView[]
  /** Amounts in USD beside the balances. */
  readonly fiat?: boolean
  /** At most one, worst first. */
  readonly banner?: {
    readonly kind: 'escape' | 'storage' | 'node' | 'wrongNetwork' | 'startedOver' | 'backup' | 'clock'
    readonly line: Line
  }
}

export interface NetworkView {
  readonly id: NetworkId
  readonly name: string
  /** Of the node: whose owner sees the addresses and the IP. */
  readonly host: string
  readonly test: boolean
  /** On this computer: test tokens may be had, and it may start over. */
  readonly local: boolean
  /** For who manages networks: only while unlocked. */
  readonly more?: {
    readonly node: string
    /** The chain's id as text. */
    readonly chain: string
    readonly builtIn: boolean
    /** The person chose this node. */
    readonly chosen: boolean
    readonly spec?: string
    readonly lastBlockAt?: UnixSeconds
    /** Nodes that the wallet knows for it besides. */
    readonly others?: readonly string[]
  }
}

/** Where keys come from that are brought in. Each is kept for one call. */
export type ImportSource =
  | { readonly from: 'phrase'; readonly phrase: string; readonly scheme: PhraseScheme }
  /** The wallet's own phrase. */
  | { readonly from: 'own'; readonly password: Proof; readonly scheme: PhraseScheme }
  | { readonly from: 'key'; readonly key: string }
export interface ImportedKey {
  readonly index: number
  readonly publicKey: Felt
}
/** One account that a key may have. */
export interface CandidateView {
  readonly address: Address
  readonly classHash: ClassHash
  readonly implementation?: Felt
  /** "Ready 0.4.0". */
  readonly title: Line
}
/** What a network has at an address. */
export interface FoundView {
  readonly address: Address
  readonly network: NetworkId
  /** The class that is there; absent: money only. */
  readonly deployed?: Line
  readonly secondKey: 'none' | 'ours' | 'foreign'
  readonly generation?: number
  /** Of the fee token. */
  readonly balance: U256
}
/** What is taken of a source. `generation`: of the second key, as it was found. */
export interface ImportChoice {
  readonly index: number
  readonly generation: number
  readonly classHash: ClassHash
  readonly implementation?: Felt
}

export type AccountBadge = 'notDeployed' | 'sessionsOn' | 'plain' | 'watch' | 'foreign' | 'old' | 'elsewhere'

export interface AccountView {
  readonly address: Address
  readonly name: string
  /** What brings its key back: the phrase, or this wallet's backup file alone. `nowhere`: only watched. */
  readonly key?: 'phrase' | 'key' | 'nowhere'
  readonly hidden?: true
  /** "Ready 0.4.0": its class on the selected network, or the one it would be deployed with. */
  readonly title?: Line
  readonly badges?: readonly AccountBadge[]
  /** Sessions of it that run now, on any network. */
  readonly running?: number
  /** On the selected network; absent while the node has not answered. */
  readonly state?: {
    readonly deployed: boolean
    /** Whose second key the chain knows. */
    readonly guardian: 'none' | 'ours' | 'foreign'
    /** Who can hold the limits of its sessions: `wallet`, because its class has none. */
    readonly enforces?: 'chain' | 'wallet'
    readonly at: UnixSeconds
  }
  /** The fee token first; others with something of them, and added ones. */
  readonly balances: readonly BalanceView[]
  /** What its own page shows and offers, on the selected network. */
  readonly life?: LifeView
}
export interface LifeView {
  /** Its class in words; absent: nothing is deployed, or nobody knows. */
  readonly class?: Line
  /** Sessions here that have not ended. */
  readonly running: number
  /** What can be done with it now. */
  readonly acts: readonly OwnStep[]
  /** The last act of this worker's life. */
  readonly doing?: {
    readonly since: UnixSeconds
    readonly over: boolean
    readonly steps: readonly StepView[]
    /** Why it failed, and what did not happen. */
    readonly outcome?: Line
  }
  readonly takeOver?: TakeOverView
}
/** The owner's way past a second key that is not here: two transactions with a waiting time between them. */
export interface TakeOverView {
  /** The key that would come is this wallet's newest. */
  readonly ours: boolean
  readonly startedAt: UnixSeconds
  readonly readyAt: UnixSeconds
  readonly endsAt: UnixSeconds
  readonly status: 'waiting' | 'ready' | 'expired'
  /** The person does not want to finish it. */
  readonly left: boolean
}
/** Whoever has the second key is taking the account over. */
export interface AlarmView {
  readonly account: Address
  readonly network: NetworkId
  readonly networkName: string
  /** Public key of who would become the owner. */
  readonly newOwner?: Felt
  readonly startedAt: UnixSeconds
  readonly readyAt: UnixSeconds
  readonly endsAt: UnixSeconds
  readonly status: 'waiting' | 'ready' | 'expired'
  /** The person wants to be reminded later. */
  readonly quiet: boolean
}
/** One row of the tokens page. */
export interface TokenView {
  readonly token: Address
  readonly name: TokenName
  readonly title?: string
  readonly amount?: U256
  readonly at?: UnixSeconds
  readonly added: boolean
  readonly hidden: boolean
}
export interface BalanceView {
  readonly token: Address
  /** "Ether"; absent: the symbol stands for it. */
  readonly title?: string
  readonly name: TokenName
  readonly amount: U256
  readonly at: UnixSeconds
  /** "about 12.40 USD", where the person switched it on and the oracle's word is fresh. Never in limits. */
  readonly fiat?: Line
}

/** Home's strip while a session runs: "2 sessions running. They can still spend at most …". */
export interface SessionStrip {
  readonly running: number
  readonly line: Line
  /** Of the session that ends next: its cut and time line stand for all. */
  readonly cut: readonly number[]
  readonly startsAt: UnixSeconds
  readonly endsAt: UnixSeconds
}

export interface SiteView {
  readonly host: string
  readonly origin: string
  /** Index of the tint, 0..4, by hash of the host. */
  readonly tint: number
  readonly initial: string
  readonly firstTime: boolean
  /** "Connected 12 Nov · 1 session here", or "First time here". */
  readonly known: Line
  /** The account it sees; absent before it is connected. */
  readonly account?: Address
}

export interface ConnectedSiteView extends SiteView {
  readonly account: Address
  readonly network: NetworkId
  readonly since: UnixSeconds
  readonly lastUsedAt: UnixSeconds
  readonly quietUntil?: UnixSeconds
}
export interface QuietSiteView extends SiteView {
  readonly quietUntil: UnixSeconds
}
export interface ContactView {
  readonly address: Address
  readonly name: string
}

/** One row under Can: one action of one contract, or one rule. */
export interface RuleView {
  readonly id: string
  /** `*`: any. */
  readonly contract: Address | '*'
  /** Only for own and listed contracts; else the full address is drawn, "not a known contract" and the site's label. */
  readonly contractName?: string
  readonly line: Line
  /** Arguments and uses in words. */
  readonly qualifiers: readonly Line[]
  /** The site's own words, quoted and grey. */
  readonly label?: string
  readonly by: EnforcedBy
  readonly enabled: boolean
  readonly required: boolean
  /** Site may not be edited by the person here: ended sessions, `required` rules. */
  readonly locked: boolean
  readonly movesMoney: boolean
  readonly used?: number
}
export type EnforcedBy = 'chain' | 'wallet' | 'both'

/** One row under Limits. */
export interface LimitView {
  /** What an edit names: `spend:<token>:total`, `spend:<token>:perCall`, `nft:<collection>:approveAll`, `fee:<token>:total`, `tx:session`, … */
  readonly id: string
  readonly title: Line
  readonly line: Line
  readonly by: EnforcedBy
  readonly fields: readonly LimitField[]
}
export interface LimitField {
  readonly id: string
  readonly label: Line
  readonly value: U256
  /** What the site asked: the largest value the person may enter. Absent: the site named none, and the person may enter one. */
  readonly max?: U256
  /** For amounts of listed tokens: entered and shown in units. Absent: an integer. */
  readonly token?: TokenName
  /** 1 is on, 0 is off: drawn as a switch. */
  readonly isSwitch?: true
}
export interface RiskView {
  readonly level: 'danger' | 'warn' | 'note'
  readonly line: Line
  readonly detail?: Line
  /** What others may take can be set to 0 before the session starts; `true`: it will be. */
  readonly clears?: boolean
}

export interface MeterView {
  readonly id: string
  readonly title: Line
  readonly limit: U256
  readonly used: U256
  readonly held: U256
  readonly left: U256
  readonly token?: TokenName
  /** "**18** of 25 STRK used, 2 held" and "5 left". */
  readonly usedLine: Line
  readonly leftLine: Line
  readonly resetsAt?: UnixSeconds
}

/** What lists show. The whole of one is asked for where its page is open: there may be hundreds. */
export interface SessionCardView {
  readonly id: string
  readonly site: SiteView
  readonly account: { readonly address: Address; readonly name: string }
  readonly network: NetworkId
  readonly status: SessionStatus
  readonly group: 'needsYou' | 'running' | 'waiting' | 'ended'
  /** Why it is paused, or when it ended. */
  readonly cause?: Line
  /** While it is paused for a cause: what a person can do about it, and the page where they begin. */
  readonly todo?: { readonly line: Line; readonly opens?: 'account' | 'networks' }
  readonly cut: readonly number[]
  readonly createdAt: UnixSeconds
  readonly startsAt: UnixSeconds
  readonly endsAt: UnixSeconds
  /** When it stopped for good, if that was before `endsAt`. */
  readonly endedAt?: UnixSeconds
  readonly actions: number
  /** It has no rule for calls. */
  readonly signsOnly?: true
  /** While it runs: of the whole session, the limit with the smallest share left. */
  readonly tightest?: MeterView
}

export interface SessionView extends SessionCardView {
  readonly canResume: boolean
  /** Nothing has its place yet: it can be renewed. */
  readonly canRenew: boolean
  readonly canRotate: boolean
  /** Less is enforced than was granted: it can be taken back. */
  readonly canRestore: boolean
  readonly headline: Line
  readonly worst: Line
  readonly meters: readonly MeterView[]
  readonly can: readonly RuleView[]
  readonly cannot: readonly Line[]
  readonly limits: readonly LimitView[]
  readonly risks: readonly RiskView[]
  readonly held: readonly Line[]
  readonly runWhileLocked: boolean
  readonly quotes: readonly string[]
  readonly details: readonly FactView[]
  /** What the chain said when it was last asked, or that it could not be. */
  readonly seen?: { readonly level: 'note' | 'warn'; readonly line: Line }
  /** "Here: ended 14:02 · On chain: not needed / sending / done / failed". */
  readonly onChain?: {
    readonly state: 'notNeeded' | 'offered' | 'sending' | 'done' | 'failed'
    readonly line: Line
    readonly hash?: Felt
  }
  /** What contracts can still take because this session let them, as the chain said when it was last asked. */
  readonly left: readonly Line[]
}

export interface ActivityView {
  readonly id: string
  readonly at: UnixSeconds
  readonly title: Line
  /** "automatic, rule move", who asked, or why refused. */
  readonly lines: readonly Line[]
  readonly state: 'sending' | 'sent' | 'nearly' | 'done' | 'failed' | 'dropped' | 'refused' | 'note'
  readonly stateLine: Line
  readonly host?: string
  readonly amount?: Line
  readonly fee?: Line
  readonly hash?: Felt
  readonly session?: string
  /** Said where it is seen as it happens. */
  readonly toast?: Line
  /** The node's text, only under Details. */
  readonly failure?: string
}

/** A row's place among all: its second, and its id among those of one second. */
export interface ActivityPlace {
  readonly at: UnixSeconds
  readonly id: string
}

export interface FactView {
  readonly label: Line
  readonly value: string
  readonly mono: boolean
}

export interface StepView {
  readonly step: OwnStep | 'setup' | 'session'
  readonly title: Line
  readonly cost: Line
  readonly state: 'todo' | 'signed' | 'sent' | 'nearly' | 'done' | 'failed'
  readonly hash?: Felt
}

/** A waiting question. Drawn by one file per kind; `digest` covers the facts, not the estimates. */
export type ApprovalView =
  | ConnectView
  | SessionRequestView
  | TransactionView
  | MessageView
  | SwitchView
  | AddNetworkView
  | WatchTokenView
interface ApprovalBase {
  readonly id: string
  readonly rev: number
  readonly digest: Hash32
  readonly site: SiteView
  readonly network: NetworkId
  readonly openedAt: UnixSeconds
  readonly lapsesAt: UnixSeconds
  /** The person must unlock before anything else can be shown or decided. */
  readonly account: {
    readonly address: Address
    readonly name: string
    readonly balance?: { readonly amount: U256; readonly name: TokenName }
  }
  /** Allow needs the password. */
  readonly stepUp?: boolean
  /** Facts that hold Allow back, each with its sentence: not enough money, node silent, … */
  readonly blocked?: Line
  readonly details: readonly FactView[]
}
export interface ConnectView extends ApprovalBase {
  readonly kind: 'connect'
  readonly sentence: Line
  readonly choices: readonly AccountView[]
  readonly sees: readonly Line[]
  readonly cannot: readonly Line[]
}
/** The site asks for another network of its own. */
export interface SwitchView extends ApprovalBase {
  readonly kind: 'switch'
  readonly sentence: Line
  readonly from: string
  readonly to: string
  readonly choices: readonly AccountView[]
  readonly lines: readonly Line[]
}
/** The site asks for a network that the wallet has not. Its name is the site's word. */
export interface AddNetworkView extends ApprovalBase {
  readonly kind: 'network'
  readonly sentence: Line
  readonly name: string
  readonly chain: string
  readonly chainId: Felt
  readonly node: string
  readonly host: string
  readonly local: boolean
  readonly lines: readonly Line[]
}
/** The site asks for a token in the list. All but the address was read from its contract. */
export interface WatchTokenView extends ApprovalBase {
  readonly kind: 'token'
  readonly sentence: Line
  readonly token: Address
  readonly name: TokenName
  /** Anybody's words. */
  readonly called?: string
  readonly risks: readonly RiskView[]
  readonly ticks: readonly Line[]
  readonly lines: readonly Line[]
}
/** What a request does to a session that is there. */
export interface ChangeView {
  readonly kind: SessionChange | 'request'
  /** What it means as a whole, and what becomes of what was used. */
  readonly lines: readonly Line[]
  readonly rules: Readonly<Record<string, 'new' | 'more' | 'off'>>
  /** As each limit is today; `null`: there is none today. */
  readonly limits: Readonly<Record<string, Line | null>>
  readonly gone: readonly Line[]
  /** Renewed, the counts of the whole session may begin again. */
  readonly again?: { readonly on: boolean; readonly line: Line }
}
export interface SessionRequestView extends ApprovalBase {
  readonly kind: 'session'
  readonly change?: ChangeView
  /** Allow sends the call that waits as well. */
  readonly sends?: Line
  /** Of an array: each session as if it were asked alone, and whether the person refuses it. */
  readonly parts?: readonly (SessionRequestView & { readonly off: boolean })[]
  readonly sessionId: string
  readonly cut: readonly number[]
  readonly connects?: Line
  /** The two halves of the sentence: what and until when; the worst case. */
  readonly headline: Line
  readonly worst: Line
  /** The decision bar's line: worst case left, end right. */
  readonly summary: { readonly worst: Line; readonly end: Line }
  readonly risks: readonly RiskView[]
  readonly ends: {
    readonly chosen: UnixSeconds
    readonly options: readonly { readonly label: Line; readonly seconds: Seconds; readonly chosen: boolean }[]
    /** The latest moment the person may choose. */
    readonly max: UnixSeconds
    readonly min: UnixSeconds
    readonly by: EnforcedBy
  }
  readonly can: readonly RuleView[]
  readonly limits: readonly LimitView[]
  /** `adjustable: false`: amounts are locked, the end and Refuse are not. */
  readonly adjustable: boolean
  readonly cannot: readonly Line[]
  readonly held: readonly Line[]
  readonly runWhileLocked: { readonly on: boolean; readonly offered: boolean }
  readonly quotes: readonly string[]
  /** Deploy, enable, session: only what is needed, in order. Empty `enableFacts` unless the second key is set here. */
  readonly steps: readonly StepView[]
  readonly enableFacts: readonly Line[]
  /** The site's own calls: sent once before the session exists, or signed with it, each in its time. */
  readonly batches: readonly BatchView[]
  readonly danger: boolean
  /** Steps run after Allow; `failed` ends it. */
  readonly phase: 'asking' | 'running' | 'done' | 'failed'
  readonly outcome?: Line
  /** Allow needs the password: steps with the second key, or danger. */
  readonly stepUp: boolean
  /** In danger: the sentence of consequence to tick, "I know it can take everything in this account." */
  readonly tick?: Line
  /** The first one on mainnet: the page of limits comes before it, once, and nothing is allowed until that was read. */
  readonly limitsUnread?: true
}
export interface BatchView {
  readonly name: Line
  /** When, what, and what is set aside for it. */
  readonly lines: readonly Line[]
  readonly calls: readonly CallView[]
}
export interface TransactionView extends ApprovalBase {
  readonly kind: 'transaction'
  /** Asked in the wallet's own pages: there is no site. */
  readonly own?: OwnTransaction['what']
  readonly sentence: Line
  readonly connects?: Line
  /** "A session of 10 uses, 1 hour, at most 80 STRK": what the person may open instead of allowing it each time. */
  readonly repeat?: Line
  /** Why you are asked: all reasons, worst first. */
  readonly reasons: readonly Line[]
  readonly sessionId?: string
  /** Of whoever it sends to, and of what else is dangerous. */
  readonly risks: readonly RiskView[]
  readonly balanceChanges: readonly ChangeLine[]
  /** Instead of changes, where it was tried and none are listed: that none were seen, or that nobody knows. */
  readonly unchanged?: Line
  /** Allow after each of these is ticked: the trial run fails, a look-alike, nobody knows what moves. */
  readonly ticks: readonly Line[]
  readonly calls: readonly CallView[]
  /** New contract code, or a proof, that goes along. */
  readonly carries?: {
    readonly kind: 'class' | 'proof'
    readonly lines: readonly Line[]
    readonly facts: readonly FactView[]
  }
  readonly fee: FeeView
  /** The decision bar's line: "At worst 8 STRK + 0.019 STRK fee". Absent: the fee's line stands there. */
  readonly summary?: Line
  readonly steps: readonly StepView[]
}
export interface ChangeLine {
  readonly line: Line
  readonly direction: 'out' | 'in' | 'allowance'
  /** "23.2 left", or which item of which collection. */
  readonly detail?: Line
}
export interface FeeView {
  /** "never more than 0.019 STRK" */
  readonly line: Line
  /** "about 0.012 STRK" */
  readonly about?: Line
  readonly known: boolean
  /** What the person may change, fri. */
  readonly chosen?: {
    readonly speed: FeeChoice['speed']
    /** At most, in all. */
    readonly tip: U256
    readonly cap: U256
    readonly ownCap: boolean
  }
}
/** Typed data: exactly what is hashed of it, and nothing else as if it were signed. */
export interface MessageView extends ApprovalBase {
  readonly kind: 'message'
  readonly sentence: Line
  /** Why a session did not sign it, worst first. */
  readonly reasons: readonly Line[]
  readonly sessionId?: string
  readonly risks: readonly RiskView[]
  /** What has to be ticked before Sign. */
  readonly ticks: readonly Line[]
  /** How long the signature is good for. */
  readonly end: Line
  /** What an outside execution would move, sent now. Else none. */
  readonly balanceChanges: readonly ChangeLine[]
  /** Of one that was tried and lists no change, as of a transaction. */
  readonly unchanged?: Line
  /** The same for the decision bar, where all of it is known. */
  readonly summary?: Line
  /** An outside execution: what somebody else will send. Else none. */
  readonly calls: readonly CallView[]
  readonly domain: readonly SignedView[]
  readonly message: readonly SignedView[]
  /** The site's keys that no hash knows. */
  readonly unsigned: readonly { readonly name: string; readonly text: string }[]
}
/** One row of the tree; `value` is absent where the rows under it are the value. */
export interface SignedView {
  readonly name: string
  readonly depth: number
  readonly value?: Line
}
export interface CallView {
  readonly contract: Address
  readonly contractName?: string
  readonly entrypoint: Line
  /** `line`: money and names in words, where the wallet knows them. */
  readonly args: readonly { readonly name: string; readonly text: string; readonly line?: Line }[]
  readonly warnings: readonly Line[]
  readonly raw: readonly Felt[]
}

/** What is known of an address that somebody typed. */
export type RecipientView =
  | { readonly refused: Line }
  | {
      readonly address: Address
      /** Who it is: a contact, an own account, "used 4 times". */
      readonly label?: Line
      readonly risks: readonly RiskView[]
    }
export interface SendDraft {
  readonly to: string
  readonly token?: Address
  /** As it was typed. */
  readonly amount: string
}

export type ActivityFilter = 'all' | 'automatic' | 'asked' | 'refused'
/** One row, opened. */
export interface ActivityDetail {
  readonly row: ActivityView
  readonly calls: readonly CallView[]
  /** Which session and which of its rules allowed it. */
  readonly allowedBy?: { readonly session: string; readonly host: string; readonly rules: readonly Line[] }
  /** What it counted in its session, of a row that does not say what the limits stood at. */
  readonly counted: readonly Line[]
  /** Each limit of its session that it counted against, before and after it. */
  readonly meters: readonly { readonly title: Line; readonly line: Line }[]
  readonly network: string
  readonly explorer?: string
  readonly details: readonly FactView[]
  /** It is out and not in a block: it may be sent again with a higher fee, or given up. */
  readonly mayReplace: boolean
}

/** What a person changes before Allow, or in a running session: it can only narrow. */
export interface Edits {
  readonly validUntil?: UnixSeconds
  /** Seconds from the approval on: the picker's presets. */
  readonly duration?: Seconds
  readonly rules?: Readonly<Record<string, boolean>>
  /** By `LimitField.id`, base units or counts. */
  readonly limits?: Readonly<Record<string, U256>>
  readonly runWhileLocked?: boolean
  /** Of an array: which session, from 0, and whether it is allowed at all. */
  readonly part?: number
  readonly on?: boolean
  /** Of a renewal: "again up to". */
  readonly again?: boolean
  /** "Set to 0 first": what contracts in scope may take already. */
  readonly clear?: boolean
}

/** A file to save: made here, written by the browser. */
export interface FileView {
  readonly name: string
  readonly text: string
}

/** A passkey of this wallet: what a page asks its authenticator with. Nothing of it is secret. */
export interface Passkey {
  /** Hex, as WebAuthn names the credential. */
  readonly credentialId: string
  /** Hex of 32 bytes: the question whose answer opens the vault. */
  readonly prfSalt: string
  readonly at: UnixSeconds
}
/** The answer to it: hex of 32 bytes. As secret as a password. */
export interface PasskeyProof {
  readonly credentialId: string
  readonly prf: string
}
/** Where the wallet asks whether it is really you: the password, or a passkey. */
export type Proof = string | PasskeyProof

export type Decision = 'allow' | 'refuse' | 'refuseAll' | 'quiet'

/** The verbs of the screens: params and answer of each. A refusal rejects with a `VerbError`. */
export interface Verbs {
  /** Reads the View at once; later ones are pushed. */
  readonly view: { params: null; result: View }
  /** A trusted input happened in one of our pages: keeps the wallet unlocked. */
  readonly touch: { params: null; result: null }
  readonly newPhrase: { params: null; result: { readonly words: readonly string[] } }
  /** Live checks while a phrase is typed: the first wrong word (from 0), or the derived address. */
  readonly checkPhrase: {
    params: { readonly phrase: string }
    result: { readonly ok: true; readonly address: Address } | { readonly ok: false; readonly word?: number }
  }
  /** Refuses a weak one before the phrase is shown. */
  readonly checkPassword: { params: { readonly password: string }; result: null }
  /** `accounts`: of the phrase, the first one is selected; without it, its first account of today's class. */
  readonly create: {
    params: {
      readonly password: string
      readonly phrase: string
      readonly backupChecked: boolean
      readonly accounts?: readonly (ImportChoice & { readonly scheme: PhraseScheme })[]
      /** In the place of the wallet that is here, which goes with all it has: somebody forgot its password. */
      readonly replaces?: boolean
    }
    result: null
  }
  /** Of what a person typed: nothing is stored, nobody is asked. */
  readonly importKeys: {
    params: { readonly source: ImportSource }
    result: { readonly keys: readonly ImportedKey[] }
  }
  readonly importCandidates: {
    params: { readonly publicKey: Felt }
    result: { readonly rows: readonly CandidateView[] }
  }
  /** A press: the node of that network learns which addresses are the person's. */
  readonly importLook: {
    params: {
      readonly network: NetworkId
      readonly source: ImportSource
      readonly index: number
      readonly addresses: readonly Address[]
    }
    result: { readonly found: readonly FoundView[] }
  }
  readonly importAccounts: {
    params: {
      readonly source: ImportSource
      readonly accounts: readonly ImportChoice[]
      /** Asked which second keys stand there. */
      readonly network?: NetworkId
    }
    result: { readonly added: readonly Address[] }
  }
  /** At an address that does not follow from the key: the account itself is asked whose it is. */
  readonly importAt: {
    params: { readonly source: ImportSource; readonly network: NetworkId; readonly address: string }
    result: { readonly added: Address }
  }
  readonly importOwnAt: {
    params: { readonly password: Proof; readonly network: NetworkId; readonly address: string }
    result: { readonly added: Address }
  }
  readonly watchAddress: { params: { readonly address: string }; result: { readonly added: Address } }
  /** The next one of the wallet's own phrase. */
  readonly addAccount: {
    params: { readonly password: Proof; readonly as: 'plain' | 'session' }
    result: { readonly added: Address }
  }
  readonly selectAccount: { params: { readonly account: Address }; result: null }
  readonly renameAccount: { params: { readonly account: Address; readonly name: string }; result: null }
  readonly hideAccount: { params: { readonly account: Address; readonly hidden: boolean }; result: null }
  /** One place up or down among those that are shown. */
  readonly moveAccount: { params: { readonly account: Address; readonly by: -1 | 1 }; result: null }
  /** Password again, every time. */
  readonly revealKey: {
    params: { readonly account: Address; readonly password: Proof }
    result: { readonly key: string }
  }
  /** State and balances of all of them, for the list. */
  readonly lookAtAccounts: { params: null; result: null }
  readonly backupChecked: { params: null; result: null }
  readonly unlock: { params: { readonly password: Proof }; result: null }
  readonly lock: { params: null; result: null }
  /** Password or passkey again, every time. */
  readonly revealPhrase: { params: { readonly password: Proof }; result: { readonly words: readonly string[] } }
  readonly changePassword: { params: { readonly password: string; readonly next: string }; result: null }
  /** What a ceremony of the page brought. */
  readonly addPasskey: {
    params: { readonly password: Proof; readonly prfSalt: string } & PasskeyProof
    result: null
  }
  readonly removePasskey: { params: { readonly password: Proof; readonly credentialId: string }; result: null }
  /** The text of a file, and a name for it. It is sealed with the password the wallet has now, so a passkey cannot make it. */
  readonly exportBackup: {
    params: { readonly password: string }
    /** `missing`: names of accounts with a key that does not open; all else is in the file. */
    result: FileView & { readonly missing?: readonly string[]; readonly withoutPhrase?: boolean }
  }
  /** Reads a backup and says what is in it; nothing changes. `same`: it holds the phrase and accounts of the wallet that is here. */
  readonly checkBackup: {
    params: { readonly file: string; readonly password: string }
    result: {
      readonly at: UnixSeconds
      readonly accounts: number
      readonly sites: number
      readonly sessions: number
      readonly same?: boolean
    }
  }
  readonly restoreBackup: {
    params: { readonly file: string; readonly password: string; readonly replaces?: boolean }
    result: null
  }
  /** The vault as it lies on the disk, sealed: for the recovery page, which may have nothing else. */
  readonly exportSealed: { params: null; result: FileView }
  /** Goes on without the rows that do not verify; every session pauses. Then it unlocks. */
  readonly goOnWithout: {
    params: { readonly password: string }
    /** `missing`: names of accounts with a key that does not open. */
    result: { readonly dropped: number; readonly missing: readonly string[] }
  }
  /** Everything, for good. `password`: of a wallet that is open; of a closed one whoever forgot it says so by leaving it out. */
  readonly wipe: { params: { readonly password?: Proof; readonly ticked: boolean }; result: null }
  readonly selectNetwork: { params: { readonly network: NetworkId }; result: null }
  /** Who a node says it is, before it is one of the wallet's. `same`: the network that it serves is here already. */
  readonly probeNode: {
    params: { readonly url: string }
    result: {
      readonly node: string
      readonly host: string
      readonly chain: string
      readonly seen: SeenNode
      readonly same?: { readonly id: NetworkId; readonly name: string }
    }
  }
  readonly checkNetwork: {
    params: { readonly network: NetworkId }
    result: { readonly state: 'answers' | 'silent' | 'other' | 'startedOver' }
  }
  /** `seen`: as the person was shown it. */
  readonly addNetwork: {
    params: { readonly name: string; readonly url: string; readonly seen: SeenNode; readonly password: Proof }
    result: { readonly network: NetworkId }
  }
  readonly setNode: {
    params: { readonly network: NetworkId; readonly url: string; readonly password: Proof }
    result: null
  }
  readonly renameNetwork: { params: { readonly network: NetworkId; readonly name: string }; result: null }
  readonly removeNetwork: { params: { readonly network: NetworkId }; result: null }
  /** A network that started over is taken as it is now. */
  readonly adoptNetwork: { params: { readonly network: NetworkId }; result: null }
  readonly setTheme: { params: { readonly theme: View['theme'] }; result: null }
  /** `null`: the account that is looked at. */
  readonly setDefaultAccount: { params: { readonly account: Address | null }; result: null }
  readonly setShowHashes: { params: { readonly on: boolean }; result: null }
  /** `password`: where it protects less than before. */
  readonly setAutoLock: { params: { readonly seconds: number | null; readonly password?: Proof }; result: null }
  readonly refresh: { params: null; result: null }
  /** Account menu. `cost` first, with the facts a person must read; then the act. */
  readonly stepCost: {
    params: { readonly step: OwnStep } & At
    result: {
      readonly steps: readonly StepView[]
      readonly facts: readonly Line[]
      readonly blocked?: Line
      /** First of all the phrase is searched for the key that stands there. */
      readonly search?: true
    }
  }
  /** Searches the phrase for the second key that stands on the chain; found, it is this wallet's. */
  readonly findSecondKey: {
    params: { readonly account: Address; readonly network: NetworkId; readonly password: Proof }
    result: { readonly found: boolean }
  }
  readonly runStep: { params: { readonly step: OwnStep; readonly password: Proof } & At; result: null }
  /** The alarm steps back for an hour. */
  readonly remindLater: { params: { readonly account: Address; readonly network: NetworkId }; result: null }
  /** A change of the second key that the person began is not finished: the account lets it lapse. */
  readonly leaveTakeOver: { params: { readonly account: Address; readonly network: NetworkId }; result: null }
  /** Reads again what the account's page shows, and whether anybody takes it over. */
  readonly lookAccount: { params: { readonly account: Address; readonly network: NetworkId }; result: null }
  readonly setNotify: { params: { readonly kinds: readonly NotifyKind[] }; result: null }
  /** What the chain says of a token that the list does not have, before it is added. */
  readonly lookUpToken: {
    params: { readonly address: string }
    result:
      | { readonly refused: Line }
      | {
          readonly token: Address
          readonly name: TokenName
          readonly balance: U256
          readonly risks: readonly RiskView[]
        }
  }
  /** As it was shown: another symbol or other decimals by now are refused. */
  readonly addToken: { params: { readonly token: Address; readonly name: TokenName }; result: null }
  readonly hideToken: { params: { readonly token: Address; readonly hidden: boolean }; result: null }
  readonly checkRecipient: { params: { readonly to: string }; result: RecipientView }
  /** All that can be sent: of the fee token without the fee's cap. */
  readonly sendMax: {
    params: { readonly to: string; readonly token: Address }
    result: { readonly amount: U256; readonly fee: Line }
  }
  /** Opens the question. */
  readonly startSend: {
    params: { readonly to: string; readonly token: Address; readonly amount: U256 }
    result: null
  }
  /** Kept for 5 minutes; `null` forgets it. */
  readonly keepDraft: { params: { readonly draft: SendDraft | null }; result: null }
  readonly sendDraft: { params: null; result: { readonly draft: SendDraft | null } }
  /** Of a waiting transaction. `tip`: in all, fri. A cap of `null`: as the wallet does it. */
  readonly chooseFee: {
    params: {
      readonly id: string
      readonly rev: number
      readonly speed: FeeChoice['speed']
      readonly tip: U256
      readonly cap: U256 | null
    }
    result: { readonly rev: number }
  }
  readonly activity: {
    params: {
      readonly filter: ActivityFilter
      readonly origin: string | null
      readonly before: ActivityPlace | null
    }
    result: {
      readonly rows: readonly ActivityView[]
      /** Where the next page begins; `null`: there is none. */
      readonly next: ActivityPlace | null
      /** With the first page: all that a row names. */
      readonly sites: readonly SiteView[]
    }
  }
  /** What a session did and was refused lately. */
  readonly sessionLog: { params: { readonly id: string }; result: { readonly rows: readonly ActivityView[] } }
  readonly activityDetail: { params: { readonly id: string }; result: ActivityDetail }
  /** All of it, as JSON text. */
  readonly exportActivity: { params: null; result: { readonly json: string } }
  /** Opens a question that takes the place of what is out and in no block yet. */
  readonly replaceTransaction: { params: { readonly id: string; readonly how: 'faster' | 'cancel' }; result: null }
  readonly setFiat: { params: { readonly on: boolean }; result: null }
  /** devnet only: 1,000 test STRK. */
  readonly testTokens: { params: null; result: null }
  readonly openApproval: { params: null; result: null }
  readonly openTab: { params: { readonly path: string }; result: null }
  /** Answers the revision it made: the next edit is one of that. */
  readonly editApproval: {
    params: { readonly id: string; readonly rev: number; readonly edits: Edits }
    result: { readonly rev: number }
  }
  readonly chooseAccount: {
    params: { readonly id: string; readonly rev: number; readonly account: Address }
    result: null
  }
  readonly keepOpen: { params: { readonly id: string }; result: null }
  readonly decide: {
    params: {
      readonly id: string
      readonly rev: number
      readonly digest: Hash32
      readonly decision: Decision
      readonly password?: Proof
      readonly ticked?: boolean
    }
    result: null
  }
  /** All of one that the View has the card of. */
  readonly session: { params: { readonly id: string }; result: SessionView }
  /** Somebody looks at it: the chain is asked what it knows of it. */
  readonly lookSession: { params: { readonly id: string }; result: null }
  readonly pauseSession: { params: { readonly id: string }; result: null }
  readonly resumeSession: { params: { readonly id: string }; result: null }
  readonly narrowSession: { params: { readonly id: string; readonly edits: Edits }; result: null }
  /** What was narrowed is taken back, up to what was granted. */
  readonly restoreSession: { params: { readonly id: string }; result: null }
  /** Ask the person in an approval of its own. */
  readonly renewSession: { params: { readonly id: string }; result: null }
  readonly rotateSession: { params: { readonly id: string }; result: null }
  /** A session for just the calls of a waiting transaction, in an approval of its own. */
  readonly repeatCalls: { params: { readonly id: string }; result: null }
  /** Durable here before the answer; `onChain` sends the revocation too. */
  /** Opens the question whether what it left to others is set to 0. */
  readonly takeBack: { params: { readonly id: string }; result: null }
  readonly endSession: { params: { readonly id: string; readonly onChain: boolean }; result: null }
  /** `stopped`: ids of what ran; nothing is known of it before the first unlock. */
  readonly stopAll: { params: null; result: { readonly stopped: readonly string[] } }
  readonly disconnect: { params: { readonly origin: string }; result: null }
  /** Disconnected, its sessions ended here, and listened to again should it ask. */
  readonly forgetSite: { params: { readonly origin: string }; result: null }
  /** Another account or network for this site alone: it is told. */
  readonly moveSite: {
    params: { readonly origin: string; readonly account?: Address; readonly network?: NetworkId }
    result: null
  }
  readonly listenAgain: { params: { readonly origin: string }; result: null }
  /** What a person typed as an address, before it has a name. */
  readonly checkContact: {
    params: { readonly address: string }
    result: { readonly address: Address; readonly known?: string; readonly warning?: Line }
  }
  readonly addContact: { params: { readonly address: string; readonly name: string }; result: null }
  readonly renameContact: { params: { readonly address: Address; readonly name: string }; result: null }
  readonly removeContact: { params: { readonly address: Address }; result: null }
  /** Off stops all, at once; on lets the person resume them. */
  readonly setSessions: { params: { readonly on: boolean }; result: null }
  readonly setSessionDefaults: {
    params: {
      readonly runWhileLocked?: boolean
      readonly life?: Seconds
      readonly idlePause?: Seconds | null
      readonly limitsFrom?: LimitShare
      /** Where it protects less than before. */
      readonly password?: Proof
    }
    result: null
  }
  readonly setLanguage: { params: { readonly language: string | null }; result: null }
  /** The page of limits, for good. */
  readonly readLimits: { params: null; result: null }
  /** What the wallet keeps of a network to be quick is read again; no session and no transaction is lost. */
  readonly resetNetwork: { params: { readonly network: NetworkId }; result: null }
}
export type Verb = keyof Verbs
/** Without both: the account and network that are looked at. */
interface At {
  readonly account?: Address
  readonly network?: NetworkId
}

/** What a verb rejects with: what happened and what did not, in a sentence. */
export interface VerbError {
  readonly code:
    | 'wrongPassword'
    /** Another passkey's answer, or one that this wallet does not know any more. */
    | 'wrongPasskey'
    | 'wait'
    | 'weakPassword'
    | 'badPhrase'
    | 'locked'
    | 'stale'
    | 'gone'
    | 'tooMuch'
    | 'blocked'
    | 'node'
    | 'storage'
    /** What is stored is not as this version wrote it: the recovery page. */
    | 'damaged'
    | 'badFile'
    | 'lost'
    | 'internal'
  readonly line: Line
}

/** Frames of the screens' port: carried by platform/channel.ts. */
export interface VerbTable {
  readonly [verb: string]: { readonly effect: 'read' | 'command'; readonly whenLocked: 'yes' | 'unlocked' }
}
export const verbs = {
  view: { effect: 'read', whenLocked: 'yes' },
  touch: { effect: 'read', whenLocked: 'yes' },
  newPhrase: { effect: 'read', whenLocked: 'yes' },
  checkPhrase: { effect: 'read', whenLocked: 'yes' },
  checkPassword: { effect: 'read', whenLocked: 'yes' },
  create: { effect: 'command', whenLocked: 'yes' },
  importKeys: { effect: 'read', whenLocked: 'yes' },
  importCandidates: { effect: 'read', whenLocked: 'yes' },
  importLook: { effect: 'read', whenLocked: 'yes' },
  importAccounts: { effect: 'command', whenLocked: 'unlocked' },
  importAt: { effect: 'command', whenLocked: 'unlocked' },
  importOwnAt: { effect: 'command', whenLocked: 'unlocked' },
  watchAddress: { effect: 'command', whenLocked: 'unlocked' },
  addAccount: { effect: 'command', whenLocked: 'unlocked' },
  selectAccount: { effect: 'command', whenLocked: 'unlocked' },
  renameAccount: { effect: 'command', whenLocked: 'unlocked' },
  hideAccount: { effect: 'command', whenLocked: 'unlocked' },
  moveAccount: { effect: 'command', whenLocked: 'unlocked' },
  revealKey: { effect: 'command', whenLocked: 'unlocked' },
  lookAtAccounts: { effect: 'read', whenLocked: 'unlocked' },
  backupChecked: { effect: 'command', whenLocked: 'unlocked' },
  unlock: { effect: 'command', whenLocked: 'yes' },
  lock: { effect: 'command', whenLocked: 'yes' },
  revealPhrase: { effect: 'command', whenLocked: 'yes' },
  changePassword: { effect: 'command', whenLocked: 'unlocked' },
  addPasskey: { effect: 'command', whenLocked: 'unlocked' },
  removePasskey: { effect: 'command', whenLocked: 'unlocked' },
  exportBackup: { effect: 'command', whenLocked: 'unlocked' },
  checkBackup: { effect: 'command', whenLocked: 'yes' },
  restoreBackup: { effect: 'command', whenLocked: 'yes' },
  exportSealed: { effect: 'read', whenLocked: 'yes' },
  goOnWithout: { effect: 'command', whenLocked: 'yes' },
  wipe: { effect: 'command', whenLocked: 'yes' },
  selectNetwork: { effect: 'command', whenLocked: 'unlocked' },
  probeNode: { effect: 'read', whenLocked: 'unlocked' },
  checkNetwork: { effect: 'read', whenLocked: 'unlocked' },
  addNetwork: { effect: 'command', whenLocked: 'unlocked' },
  setNode: { effect: 'command', whenLocked: 'unlocked' },
  renameNetwork: { effect: 'command', whenLocked: 'unlocked' },
  removeNetwork: { effect: 'command', whenLocked: 'unlocked' },
  adoptNetwork: { effect: 'command', whenLocked: 'unlocked' },
  setTheme: { effect: 'command', whenLocked: 'yes' },
  setDefaultAccount: { effect: 'command', whenLocked: 'unlocked' },
  setShowHashes: { effect: 'command', whenLocked: 'unlocked' },
  setAutoLock: { effect: 'command', whenLocked: 'unlocked' },
  refresh: { effect: 'read', whenLocked: 'yes' },
  stepCost: { effect: 'read', whenLocked: 'unlocked' },
  findSecondKey: { effect: 'command', whenLocked: 'unlocked' },
  runStep: { effect: 'command', whenLocked: 'unlocked' },
  remindLater: { effect: 'command', whenLocked: 'yes' },
  leaveTakeOver: { effect: 'command', whenLocked: 'unlocked' },
  lookAccount: { effect: 'read', whenLocked: 'unlocked' },
  setNotify: { effect: 'command', whenLocked: 'unlocked' },
  lookUpToken: { effect: 'read', whenLocked: 'unlocked' },
  addToken: { effect: 'command', whenLocked: 'unlocked' },
  hideToken: { effect: 'command', whenLocked: 'unlocked' },
  checkRecipient: { effect: 'read', whenLocked: 'unlocked' },
  sendMax: { effect: 'read', whenLocked: 'unlocked' },
  startSend: { effect: 'command', whenLocked: 'unlocked' },
  keepDraft: { effect: 'command', whenLocked: 'unlocked' },
  sendDraft: { effect: 'read', whenLocked: 'unlocked' },
  chooseFee: { effect: 'command', whenLocked: 'unlocked' },
  activity: { effect: 'read', whenLocked: 'unlocked' },
  activityDetail: { effect: 'read', whenLocked: 'unlocked' },
  sessionLog: { effect: 'read', whenLocked: 'unlocked' },
  exportActivity: { effect: 'read', whenLocked: 'unlocked' },
  replaceTransaction: { effect: 'command', whenLocked: 'unlocked' },
  setFiat: { effect: 'command', whenLocked: 'unlocked' },
  testTokens: { effect: 'command', whenLocked: 'unlocked' },
  openApproval: { effect: 'command', whenLocked: 'yes' },
  openTab: { effect: 'command', whenLocked: 'yes' },
  editApproval: { effect: 'command', whenLocked: 'unlocked' },
  chooseAccount: { effect: 'command', whenLocked: 'unlocked' },
  keepOpen: { effect: 'command', whenLocked: 'yes' },
  /** Refusing works while locked; allowing is checked by the handler. */
  decide: { effect: 'command', whenLocked: 'yes' },
  session: { effect: 'read', whenLocked: 'unlocked' },
  lookSession: { effect: 'read', whenLocked: 'unlocked' },
  pauseSession: { effect: 'command', whenLocked: 'yes' },
  resumeSession: { effect: 'command', whenLocked: 'unlocked' },
  narrowSession: { effect: 'command', whenLocked: 'yes' },
  restoreSession: { effect: 'command', whenLocked: 'unlocked' },
  renewSession: { effect: 'command', whenLocked: 'unlocked' },
  rotateSession: { effect: 'command', whenLocked: 'unlocked' },
  repeatCalls: { effect: 'command', whenLocked: 'unlocked' },
  endSession: { effect: 'command', whenLocked: 'yes' },
  takeBack: { effect: 'command', whenLocked: 'unlocked' },
  stopAll: { effect: 'command', whenLocked: 'yes' },
  disconnect: { effect: 'command', whenLocked: 'yes' },
  forgetSite: { effect: 'command', whenLocked: 'unlocked' },
  moveSite: { effect: 'command', whenLocked: 'unlocked' },
  listenAgain: { effect: 'command', whenLocked: 'unlocked' },
  checkContact: { effect: 'read', whenLocked: 'unlocked' },
  addContact: { effect: 'command', whenLocked: 'unlocked' },
  renameContact: { effect: 'command', whenLocked: 'unlocked' },
  removeContact: { effect: 'command', whenLocked: 'unlocked' },
  setSessions: { effect: 'command', whenLocked: 'unlocked' },
  setSessionDefaults: { effect: 'command', whenLocked: 'unlocked' },
  setLanguage: { effect: 'command', whenLocked: 'yes' },
  readLimits: { effect: 'command', whenLocked: 'unlocked' },
  resetNetwork: { effect: 'command', whenLocked: 'unlocked' },
} as const satisfies Readonly<Record<Verb, VerbTable[string]>>
