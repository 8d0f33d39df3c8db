/**
 * Everything a screen may read (the View) and ask (the verbs). The worker computes the View: no screen computes an
 * allowance, a worst case or a risk. A decision carries the digest of what was shown (approval-ux.md 7.3).
 */
import type { Address, Felt, Hash32, U256 } from '../felt.ts'
import type { NetworkId, SessionChange } from '../records.ts'
import type { Seconds, UnixSeconds } from '../time.ts'
import type { Line, TokenName } from '../words.ts'
import type { AccountStep, SessionStatus, SetupStep } from './session-info.ts'

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
  readonly sites?: readonly SiteView[]
  readonly backupChecked: boolean
  readonly network: NetworkId
  readonly networks: readonly NetworkView[]
  /** Absent before the first unlock. */
  readonly account?: AccountView
  readonly accounts: readonly AccountView[]
  readonly strip?: SessionStrip
  readonly sessions: readonly SessionView[]
  readonly approvals: readonly ApprovalView[]
  /** How many wait; known while locked too, when `approvals` is empty. */
  readonly waiting: readonly { readonly id: string; readonly host: string; readonly tint?: number }[]
  readonly activity: readonly ActivityView[]
  /** At most one, worst first. */
  readonly banner?: { readonly kind: 'storage' | 'node' | 'wrongNetwork' | 'backup' | 'clock'; readonly line: Line }
}

export interface NetworkView {
  readonly id: NetworkId
  readonly name: string
  /** Of the node: whose owner sees the addresses and the IP. */
  readonly host: string
  readonly test: boolean
}

export interface AccountView {
  readonly address: Address
  readonly name: string
  /** On the selected network; absent while the node has not answered. */
  readonly state?: {
    readonly deployed: boolean
    /** Whose second key the chain knows. */
    readonly guardian: 'none' | 'ours' | 'foreign'
    readonly at: UnixSeconds
  }
  readonly balances: readonly BalanceView[]
}
export interface BalanceView {
  readonly token: Address
  /** "Ether"; absent: the symbol stands for it. */
  readonly title?: string
  readonly name: TokenName
  readonly amount: U256
  readonly at: UnixSeconds
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

export interface SessionView {
  readonly id: string
  readonly site: SiteView
  readonly account: { readonly address: Address; readonly name: string }
  readonly network: NetworkId
  readonly status: SessionStatus
  readonly group: 'needsYou' | 'running' | 'waiting' | 'ended'
  /** Why it is paused and what to do, or when it ended. */
  readonly cause?: Line
  readonly canResume: boolean
  /** Nothing has its place yet: it can be renewed. */
  readonly canRenew: boolean
  readonly canRotate: boolean
  /** Less is enforced than was granted: it can be taken back. */
  readonly canRestore: boolean
  readonly cut: readonly number[]
  readonly createdAt: UnixSeconds
  readonly startsAt: UnixSeconds
  readonly endsAt: UnixSeconds
  /** When it stopped for good, if that was before `endsAt`. */
  readonly endedAt?: UnixSeconds
  readonly actions: number
  readonly headline: Line
  readonly worst: Line
  readonly tightest?: MeterView
  readonly meters: readonly MeterView[]
  readonly can: readonly RuleView[]
  readonly cannot: readonly Line[]
  readonly limits: readonly LimitView[]
  readonly risks: readonly RiskView[]
  readonly held: readonly Line[]
  readonly runWhileLocked: boolean
  readonly quotes: readonly string[]
  readonly log: readonly ActivityView[]
  readonly details: readonly FactView[]
  /** "Here: ended 14:02 · On chain: not needed / sending / done / failed". */
  readonly onChain?: {
    readonly state: 'notNeeded' | 'offered' | 'sending' | 'done' | 'failed'
    readonly line: Line
    readonly hash?: Felt
  }
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

export interface FactView {
  readonly label: Line
  readonly value: string
  readonly mono: boolean
}

export interface StepView {
  readonly step: SetupStep | 'session'
  readonly title: Line
  readonly cost: Line
  readonly state: 'todo' | 'signed' | 'sent' | 'nearly' | 'done' | 'failed'
  readonly hash?: Felt
}

/** A waiting question. Drawn by one file per kind; `digest` covers the facts, not the estimates. */
export type ApprovalView = ConnectView | SessionRequestView | TransactionView
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
  /** The site's own calls that are sent once before the session exists; what they are expected to move is in `setupMoves`. */
  readonly setup: readonly CallView[]
  readonly danger: boolean
  /** Steps run after Allow; `failed` ends it. */
  readonly phase: 'asking' | 'running' | 'done' | 'failed'
  readonly outcome?: Line
  /** Allow needs the password: steps with the second key, or danger. */
  readonly stepUp: boolean
  /** In danger: the sentence of consequence to tick, "I know it can take everything in this account." */
  readonly tick?: Line
}
export interface TransactionView extends ApprovalBase {
  readonly kind: 'transaction'
  readonly sentence: Line
  readonly connects?: Line
  /** "A session of 10 uses, 1 hour, at most 80 STRK": what the person may open instead of allowing it each time. */
  readonly repeat?: Line
  /** Why you are asked: all reasons, worst first. */
  readonly reasons: readonly Line[]
  readonly sessionId?: string
  readonly balanceChanges: readonly { readonly line: Line; readonly direction: 'out' | 'in' | 'allowance' }[]
  /** The trial run fails or nobody answered: Allow after this tick. */
  readonly tick?: Line
  readonly calls: readonly CallView[]
  readonly fee: { readonly line: Line; readonly known: boolean }
  /** The decision bar's line: "At worst 8 STRK + 0.019 STRK fee". Absent: the fee's line stands there. */
  readonly summary?: Line
  readonly steps: readonly StepView[]
}
export interface CallView {
  readonly contract: Address
  readonly contractName?: string
  readonly entrypoint: Line
  readonly args: readonly { readonly name: string; readonly text: string }[]
  readonly warnings: readonly Line[]
  readonly raw: readonly Felt[]
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
}

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
  readonly create: {
    params: { readonly password: string; readonly phrase: string; readonly backupChecked: boolean }
    result: null
  }
  readonly backupChecked: { params: null; result: null }
  readonly unlock: { params: { readonly password: string }; result: null }
  readonly lock: { params: null; result: null }
  /** Password again, every time. */
  readonly revealPhrase: { params: { readonly password: string }; result: { readonly words: readonly string[] } }
  readonly selectNetwork: { params: { readonly network: NetworkId }; result: null }
  readonly setTheme: { params: { readonly theme: View['theme'] }; result: null }
  readonly setAutoLock: { params: { readonly seconds: number | null }; result: null }
  readonly refresh: { params: null; result: null }
  /** Account menu. `cost` first, with the facts a person must read; then the act. */
  readonly stepCost: {
    params: { readonly step: AccountStep }
    result: { readonly steps: readonly StepView[]; readonly facts: readonly Line[]; readonly blocked?: Line }
  }
  readonly runStep: { params: { readonly step: AccountStep; readonly password: string }; result: null }
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
      readonly password?: string
      readonly ticked?: boolean
    }
    result: null
  }
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
  readonly endSession: { params: { readonly id: string; readonly onChain: boolean }; result: null }
  /** `stopped`: ids of what ran; nothing is known of it before the first unlock. */
  readonly stopAll: { params: null; result: { readonly stopped: readonly string[] } }
  readonly disconnect: { params: { readonly origin: string }; result: null }
}
export type Verb = keyof Verbs

/** What a verb rejects with: what happened and what did not, in a sentence. */
export interface VerbError {
  readonly code:
    | 'wrongPassword'
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
  backupChecked: { effect: 'command', whenLocked: 'unlocked' },
  unlock: { effect: 'command', whenLocked: 'yes' },
  lock: { effect: 'command', whenLocked: 'yes' },
  revealPhrase: { effect: 'command', whenLocked: 'yes' },
  selectNetwork: { effect: 'command', whenLocked: 'unlocked' },
  setTheme: { effect: 'command', whenLocked: 'yes' },
  setAutoLock: { effect: 'command', whenLocked: 'unlocked' },
  refresh: { effect: 'read', whenLocked: 'yes' },
  stepCost: { effect: 'read', whenLocked: 'unlocked' },
  runStep: { effect: 'command', whenLocked: 'unlocked' },
  testTokens: { effect: 'command', whenLocked: 'unlocked' },
  openApproval: { effect: 'command', whenLocked: 'yes' },
  openTab: { effect: 'command', whenLocked: 'yes' },
  editApproval: { effect: 'command', whenLocked: 'unlocked' },
  chooseAccount: { effect: 'command', whenLocked: 'unlocked' },
  keepOpen: { effect: 'command', whenLocked: 'yes' },
  /** Refusing works while locked; allowing is checked by the handler. */
  decide: { effect: 'command', whenLocked: 'yes' },
  pauseSession: { effect: 'command', whenLocked: 'yes' },
  resumeSession: { effect: 'command', whenLocked: 'unlocked' },
  narrowSession: { effect: 'command', whenLocked: 'yes' },
  restoreSession: { effect: 'command', whenLocked: 'unlocked' },
  renewSession: { effect: 'command', whenLocked: 'unlocked' },
  rotateSession: { effect: 'command', whenLocked: 'unlocked' },
  repeatCalls: { effect: 'command', whenLocked: 'unlocked' },
  endSession: { effect: 'command', whenLocked: 'yes' },
  stopAll: { effect: 'command', whenLocked: 'yes' },
  disconnect: { effect: 'command', whenLocked: 'yes' },
} as const satisfies Readonly<Record<Verb, VerbTable[string]>>
