/**
 * State → View for the screens: everything a person reads is computed here, from what is enforced (architecture.md 1.8).
 * A View never waits for a node: what was last seen stands with its age, and is refreshed beside it.
 */
import { choicesOf, STRK } from '../core/account.ts'
import { partsOf } from '../core/approval.ts'
import { tokenMove } from '../core/call.ts'
import { type Address, type Hash32, padded, type Selector, type U256 } from '../core/felt.ts'
import { canReplaceCode, explainLeft } from '../core/policy/explain.ts'
import { explainReason } from '../core/policy/explain-reason.ts'
import { exposure, sumOfSessions } from '../core/policy/exposure.ts'
import type { Naming } from '../core/policy/naming.ts'
import type { Call, Origin, Reason, SessionId, SessionPolicy } from '../core/policy/policy.ts'
import type {
  AccountView,
  ActivityDetail,
  ActivityView,
  AlarmView,
  ApprovalView,
  LifeView,
  Passkey,
  SessionCardView,
  SessionView,
  SiteView,
  StepView,
  Verbs,
  View,
} from '../core/protocol/ui.ts'
import { type RecipientFacts, recipientOf } from '../core/recipient.ts'
import type {
  AccountRecord,
  ApprovalRecord,
  GrantRecord,
  HistoryRow,
  JournalRow,
  NetworkId,
  NetworkRecord,
  PlannedStep,
  SessionQuestion,
  Settings,
  StoredSession,
  TransactionQuestion,
} from '../core/records.ts'
import { DAY, type UnixSeconds } from '../core/time.ts'
import type { KnownToken } from '../core/tokens.ts'
import { type Line, line } from '../core/words.ts'
import type { Contracts, DescribedCall, Given } from './contracts.ts'
import type { SignerNeeds } from './keys/signer.ts'
import type { Lockout } from './keys/vault.ts'
import type { Left } from './left-behind.ts'
import type { Own } from './own.ts'
import type { Accounts } from './owners/accounts.ts'
import type { Approvals } from './owners/approvals.ts'
import type { Grants } from './owners/grants.ts'
import type { History } from './owners/history.ts'
import { networkName } from './owners/networks.ts'
import type { Sessions } from './owners/sessions.ts'
import type { Tokens } from './owners/tokens.ts'
import type { SeenOnChain } from './seen-on-chain.ts'
import type { Journal } from './sending/journal.ts'
import { holdsOf } from './sending/journal.ts'
import type { Ledger, SessionState } from './sending/ledger.ts'
import { rowOfSent } from './sending/sender.ts'
import type { Watcher } from './sending/watcher.ts'
import { accountView } from './views/accounts.ts'
import { activityOf } from './views/activity.ts'
import { activityDetail } from './views/activity-detail.ts'
import { type ApprovalFacts, approvalView, areLimitsUnread, handedCalls } from './views/approvals.ts'
import { type Named, namingOf, siteOf } from './views/facts.ts'
import { isShown, tokenViews } from './views/money.ts'
import { networkView } from './views/networks.ts'
import { type CardFacts, sessionCard, sessionView } from './views/sessions.ts'
import { connectedSites, quietSites } from './views/sites.ts'

export interface ViewNeeds {
  readonly state: () => Promise<View['lock']>
  readonly lockout: () => Promise<Lockout>
  readonly passkeys: () => Promise<readonly Passkey[]>
  readonly settings: () => Promise<Settings>
  readonly networks: () => readonly NetworkRecord[]
  readonly version: string
  /** Also one that was removed. */
  readonly networkOf: (network: NetworkId) => NetworkRecord
  readonly accounts: Accounts
  readonly approvals: Approvals
  readonly contracts: Contracts
  readonly grants: Grants
  readonly history: History
  readonly journal: Journal
  readonly ledger: Ledger
  readonly sessions: Sessions
  readonly tokens: Tokens
  readonly watcher: Watcher
  readonly clock: (network: NetworkId) => Promise<UnixSeconds>
  readonly now: () => UnixSeconds
  readonly life: (account: AccountRecord, network: NetworkId) => LifeView
  readonly alarms: () => Promise<readonly AlarmView[]>
  /** What the chain last said of a session that somebody looked at. */
  readonly seenOnChain: (id: SessionId) => SeenOnChain | undefined
  /** What contracts can still take because an ended session let them. */
  readonly leftBehind: (id: SessionId) => readonly Left[]
  readonly keysOf: (session: StoredSession) => { readonly unlocked: boolean; readonly workingSet: boolean }
  /** What did not go well lately, worst first. */
  readonly trouble: (network: NetworkId) => Promise<View['banner']>
  /** Where an approval's own steps stand, and how they ended. */
  readonly steps: (approval: string) => {
    readonly state: (step: PlannedStep) => StepView['state']
    readonly outcome: Line | undefined
  }
  readonly stepUp: (record: ApprovalRecord) => Promise<boolean>
  readonly classify: SignerNeeds['classify']
  readonly own: Pick<Own, 'there' | 'used'>
  /** Addresses that the person gave a name. */
  readonly contacts: () => Promise<readonly Named[]>
  /** Of an amount in USD, where the person switched it on and the oracle's word is fresh. */
  readonly fiat: (network: NetworkId, token: KnownToken, amount: U256) => Line | undefined
  readonly changed: () => void
}

type NamingOn = (network: NetworkId) => Naming

const HOME_ROWS = 5
const LOG_ROWS = 50
const PAGE_ROWS = 100
const EXPORT_ROWS = 10_000

type Sent = Pick<TransactionQuestion, 'network' | 'account' | 'calls' | 'own'>

/** What a screen shows beyond the record, read from the chain once for each question. */
interface Learned {
  readonly described: readonly (DescribedCall | undefined)[]
  readonly replaceable: readonly Address[]
  readonly allowances: Given['given']
  readonly unread: boolean
  /** What lies at the addresses that get money. Absent: the node is being asked. */
  readonly there?: Readonly<Record<Address, RecipientFacts['there']>>
}
const NOTHING: Learned = { described: [], replaceable: [], allowances: [], unread: false }
interface Learning {
  /** Nothing at first; an answer that is late still counts. */
  known: Learned
  /** Resolves when the node has answered, or is said to be silent. */
  readonly through: Promise<void>
}
/** ms: one that has not answered by then is said to be silent. */
const SILENT_AFTER = 2_000

export interface Views {
  now(): Promise<View>
  /** Resolves when what the chain tells of the waiting questions is known, or its node is silent. */
  learned(): Promise<void>
  /** The whole of one; `undefined`: there is none. */
  session(id: SessionId): Promise<SessionView | undefined>
  activity(params: Verbs['activity']['params']): Promise<Verbs['activity']['result']>
  /** What a session did and was refused, newest first. */
  log(id: SessionId): Promise<readonly ActivityView[]>
  /** `undefined`: there is no such row. */
  detail(id: string): Promise<ActivityDetail | undefined>
  /** Everything that happened, as people read it. */
  exported(): Promise<string>
}

export function createView(needs: ViewNeeds): Views {
  const { accounts, approvals, contracts, grants, history, journal, ledger, sessions, tokens } = needs
  const learned = new Map<string, Learning>()
  let rev = 0

  const nowView = async (): Promise<View> => {
    rev += 1
    const lock = await needs.state()
    const settings = await needs.settings()
    const waiting = (await approvals.waiting()).filter(({ phase }) => phase === 'asking')
    const { left, until } = await needs.lockout()
    const alarms = await needs.alarms()
    const shared: View = {
      rev,
      now: needs.now(),
      lock,
      lockout: { left, ...(until === undefined ? {} : { until }) },
      theme: settings.theme,
      version: needs.version,
      ...(settings.language === undefined ? {} : { language: settings.language }),
      autoLock: settings.autoLock ?? null,
      backupChecked: settings.backupChecked,
      passkeys: await needs.passkeys(),
      network: settings.network,
      networks: needs.networks().map((row) => networkView(row, lock === 'unlocked')),
      accounts: [],
      sessions: [],
      approvals: [],
      waiting: waiting.map(({ id, origin }) => {
        const { host, tint } = siteOf(origin, undefined, 0)
        return { id, host, tint }
      }),
      activity: [],
      ...(alarms.length === 0 ? {} : { alarms }),
      notify: settings.notify ?? [],
    }
    if (lock === 'new' || lock === 'asleep') return shared

    const records = await accounts.all()
    const states = await ledger.states(sessions.list().map(({ id }) => id))
    const naming = await namesOn(records)
    const contacts = await needs.contacts()
    const quiet = await approvals.quiet()
    const given = await grants.all()
    const site = siteFor(given)
    const shown = await Promise.all(
      states.map(async (it) =>
        sessionCard(it, await cardFacts(it.session, records, naming(it.session.network), site(it.session.origin))),
      ),
    )
    const running = shown.filter(({ status }) => status === 'active')
    const strip = stripOf(running, states, naming(settings.network), needs.now())
    // Locked, a screen learns what runs and can be stopped, and nothing else.
    if (lock === 'locked') return { ...shared, ...(strip === undefined ? {} : { strip }) }

    const account =
      records.find(({ address }) => address === settings.account) ??
      records.find(({ hidden }) => hidden !== true) ??
      records[0]
    const rows = await history.list({ network: settings.network, limit: HOME_ROWS })
    const banner = escapeBanner(alarms) ?? (await needs.trouble(settings.network)) ?? backupBanner(settings)
    return {
      ...shared,
      ...(strip === undefined ? {} : { strip }),
      ...(account === undefined ? {} : { account: accountViewOf(account, settings.network) }),
      accounts: records.map((it) => accountViewOf(it, settings.network)),
      sessions: shown,
      sites: connectedSites(given, quiet, site),
      quiet: quietSites(given, quiet, site),
      contacts: contacts.map(({ address, name }) => ({ address, name })),
      sessionSettings: {
        on: settings.sessionsOff !== true,
        runWhileLocked: settings.restLocked !== true,
        life: settings.defaultLife ?? DAY,
        idlePause: settings.idlePause ?? null,
        limitsFrom: settings.limitsFrom ?? 50,
      },
      defaultAccount: settings.defaultAccount ?? null,
      showHashes: settings.showHashes === true,
      approvals: await approvalViews(records, naming, site, settings, given),
      activity: await activityViews(rows.rows, naming),
      tokens: tokenViews(
        tokens.known(settings.network),
        account === undefined ? [] : tokens.last(account.address, settings.network),
      ),
      fiat: settings.fiat === true,
      ...(banner === undefined ? {} : { banner }),
    }
  }

  return {
    now: nowView,
    learned: async () => {
      // Drawing a question starts its reading.
      await nowView()
      await Promise.all([...learned.values()].map(({ through }) => through))
    },
    session: async (id) => {
      const state = await ledger.state(id)
      if (state === undefined) return undefined
      const { session } = state
      const records = await accounts.all()
      const naming = withDenied((await namesOn(records))(session.network), session.effective)
      const site = siteFor(await grants.all())(session.origin)
      return sessionView(state, {
        ...(await cardFacts(session, records, naming, site)),
        balances: balancesOf(session.account, session.network),
        seen: needs.seenOnChain(id),
        left: needs.leftBehind(id),
      })
    },
    activity: async ({ filter, origin, before }) => {
      const { network } = await needs.settings()
      const naming = await namesOn(await accounts.all())
      const { rows, next } = await history.list({
        network,
        limit: PAGE_ROWS,
        ...(filter === 'all' ? {} : { kind: filter }),
        ...(origin === null ? {} : { origin: origin as Origin }), // Compared, not trusted.
        ...(before === null ? {} : { before }),
      })
      const site = siteFor(await grants.all())
      // With the first page alone: a site that is met later is met on it.
      const origins = before === null ? await history.origins(network) : []
      return {
        rows: await activityViews(rows, naming),
        next: next ?? null,
        sites: origins.map(site),
      }
    },
    log: async (id) => {
      const session = sessions.get(id)
      if (session === undefined) return []
      const { rows } = await history.list({ session: session.id, limit: LOG_ROWS })
      return activityViews(rows, await namesOn(await accounts.all()))
    },
    detail: async (id) => {
      const entry = await history.get(id)
      if (entry === undefined) return undefined
      const naming = (await namesOn(await accounts.all()))(entry.network)
      const rowId = rowOfSent(id)
      const calls = entry.event.kind === 'transaction' || entry.event.kind === 'refused' ? entry.event.calls : []
      const row = rowId === undefined ? undefined : await journal.get(rowId)
      return activityDetail(entry, {
        view: await activityView(entry, row, naming),
        row,
        countsIn: row?.session === undefined ? undefined : sessions.get(row.session),
        session: entry.session === undefined ? undefined : sessions.get(entry.session),
        naming,
        network: needs.networkOf(entry.network),
        described: await Promise.all(
          // A node that is silent leaves the raw data.
          calls.map((call) => contracts.describe(entry.network, call).catch(() => undefined)),
        ),
      })
    },
    exported: async () => {
      const { rows } = await history.list({ limit: EXPORT_ROWS })
      const naming = await namesOn(await accounts.all())
      const found = await journalRows(rows)
      const told = await Promise.all(
        rows.map(async (row, at) => {
          const kept = found[at]
          const { state, fee, amount } = await activityView(row, kept, naming(row.network))
          return {
            ...row,
            state,
            ...(kept?.outcome === undefined ? {} : { outcome: kept.outcome }),
            ...(kept === undefined ? {} : { nonce: kept.nonce, matched: kept.matched }),
            ...(fee === undefined && amount === undefined ? {} : { settled: true }),
          }
        }),
      )
      return JSON.stringify({ wallet: 'Latchkey', exportedAt: needs.now(), rows: told }, null, 2)
    },
  }

  async function namesOn(records: readonly AccountRecord[]): Promise<NamingOn> {
    await tokens.load()
    const contacts = await needs.contacts()
    const actions = actionsOf(sessions.list())
    return once((network) => namingOf(records, tokens.known(network), actions, contacts))
  }

  function siteFor(given: readonly GrantRecord[]): (origin: Origin) => SiteView {
    return once((origin) =>
      siteOf(
        origin,
        given.find((it) => it.origin === origin),
        sessions.list({ origin }).filter(({ state }) => state === 'active').length,
      ),
    )
  }

  function accountViewOf(account: AccountRecord, network: NetworkId): AccountView {
    return accountView(account, {
      state: accounts.lastState(account.address, network),
      life: needs.life(account, network),
      balances: tokens
        .last(account.address, network)
        .filter((it) => isShown(it, STRK))
        .map(({ token, amount, at }) => {
          const fiat = needs.fiat(network, token, amount)
          return {
            token: token.address,
            ...(token.title === undefined ? {} : { title: token.title }),
            name: { symbol: token.symbol, decimals: token.decimals },
            amount,
            at,
            ...(fiat === undefined ? {} : { fiat }),
          }
        }),
      running: sessions
        .list({ account: account.address })
        .filter(({ state, effective }) => state === 'active' && effective.validUntil > needs.now()).length,
    })
  }

  function balancesOf(account: Address, network: NetworkId): Readonly<Record<Address, U256>> {
    return Object.fromEntries(tokens.last(account, network).map(({ token, amount }) => [token.address, amount]))
  }

  async function cardFacts(
    session: StoredSession,
    records: readonly AccountRecord[],
    naming: Naming,
    site: SiteView,
  ): Promise<CardFacts> {
    const account = records.find(({ address }) => address === session.account)
    if (account === undefined) throw new Error('a session of an account that is not here')
    return { now: await needs.clock(session.network), keys: needs.keysOf(session), naming, account, site }
  }

  /** Of each what the journal says of it, where it is of a transaction. */
  function journalRows(entries: readonly HistoryRow[]): Promise<readonly (JournalRow | undefined)[]> {
    return journal.several(entries.map(({ id }) => rowOfSent(id)))
  }

  async function activityViews(entries: readonly HistoryRow[], naming: NamingOn): Promise<readonly ActivityView[]> {
    const rows = await journalRows(entries)
    return Promise.all(entries.map((entry, at) => activityView(entry, rows[at], naming(entry.network))))
  }

  async function activityView(entry: HistoryRow, row: JournalRow | undefined, naming: Naming): Promise<ActivityView> {
    const { event } = entry
    const session = entry.session === undefined ? undefined : sessions.get(entry.session)
    const now = await needs.clock(entry.network)
    return activityOf(entry, {
      row,
      session,
      entrypoint: (selector) => naming.actions[selector] ?? contracts.entrypointName(selector),
      token: (token) => tokens.name(entry.network, token),
      naming,
      reason: (reason: Reason, about) =>
        about === undefined || entry.account === undefined
          ? line('act_refusedPlain')
          : explainReason(
              reason,
              {
                ...naming,
                account: entry.account,
                calls: event.kind === 'refused' ? event.calls : [],
                policy: about.effective,
                ...(about.pause === undefined ? {} : { pause: about.pause }),
              },
              now,
            ),
      nearly: event.kind === 'transaction' && needs.watcher.finality(event.hash) === 'PRE_CONFIRMED',
    })
  }

  async function approvalViews(
    records: readonly AccountRecord[],
    namingOn: NamingOn,
    site: (origin: Origin) => SiteView,
    settings: Settings,
    given: readonly GrantRecord[],
  ): Promise<readonly ApprovalView[]> {
    const open = await approvals.waiting()
    for (const id of learned.keys()) if (!open.some((it) => it.id === id)) learned.delete(id)
    const views = await Promise.all(
      open.map(async (record) => {
        const { question } = record
        if (question.kind === 'unlock') return undefined
        const account = records.find(({ address }) => address === question.account)
        if (account === undefined) return undefined
        const { state, outcome } = needs.steps(record.id)
        const naming = namingOn(question.network)
        const { known } = learned.get(record.id) ?? learn(record)
        const typedData = typedDataOf(record)
        const sent = callsOf(record, typedData)
        const recipients = sent === undefined ? [] : await recipientsOf(sent, records, known.there)
        return approvalView(record, {
          now: await needs.clock(question.network),
          digest: approvals.digest(record) as Hash32,
          site: site(record.origin),
          naming:
            question.kind === 'session'
              ? partsOf(question).reduce((known, { granted }) => withDenied(known, granted), naming)
              : naming,
          account,
          networkName: networkName(needs.networkOf(question.network)),
          nameOf: (network) => networkName(needs.networkOf(network)),
          balances: balancesOf(question.account, question.network),
          choices: choicesOf(records, settings, given, question.network).map((it) =>
            accountViewOf(it, question.network),
          ),
          session:
            (question.kind === 'transaction' || question.kind === 'message') && question.session !== undefined
              ? sessions.get(question.session)
              : undefined,
          replaced: question.kind === 'session' ? await replacedBy(question) : {},
          typedData,
          recipients,
          isAsking: recipients.length > 0 && known.there === undefined,
          stepUp: await needs.stepUp(record),
          limitsUnread: areLimitsUnread(record, needs.networkOf(question.network), settings),
          stepState: state,
          outcome,
          ...known,
        })
      }),
    )
    return views.filter((view) => view !== undefined)
  }

  /** What is sent after a yes, by whoever sends it. */
  function callsOf({ question }: ApprovalRecord, typedData: ApprovalFacts['typedData']): Sent | undefined {
    if (question.kind === 'transaction') return question
    if (question.kind !== 'message' || typedData?.kind !== 'outside') return undefined
    const { network, account } = question
    return { network, account, calls: typedData.calls }
  }

  function typedDataOf({ question }: ApprovalRecord): ApprovalFacts['typedData'] {
    if (question.kind !== 'message') return undefined
    const { chainId } = needs.networkOf(question.network)
    return needs.classify(question.data, { account: question.account, chainId })
  }

  async function replacedBy(question: SessionQuestion): Promise<Readonly<Record<SessionId, SessionState>>> {
    const ids = partsOf(question).flatMap(({ replaces }) => (replaces === undefined ? [] : [replaces]))
    const states = await Promise.all(ids.map((id) => ledger.state(id)))
    return Object.fromEntries(states.flatMap((state) => (state === undefined ? [] : [[state.session.id, state]])))
  }

  /** Starts the reading; what is known until it is through is nothing. A node that is silent leaves it at that. */
  function learn(record: ApprovalRecord): Learning {
    let isThrough = () => {}
    const through = new Promise<void>((resolve) => {
      isThrough = resolve
    })
    const learning: Learning = { known: NOTHING, through }
    learned.set(record.id, learning)
    const know = (found: Learned) => {
      learning.known = found
      isThrough()
      if (learned.get(record.id) === learning) needs.changed()
    }
    // Names and risks that the chain would tell are missing then; the questions say that they are.
    const silent = () => know({ ...NOTHING, there: {} })
    const late = setTimeout(silent, SILENT_AFTER)
    read(record)
      .then(know, silent)
      .finally(() => clearTimeout(late))
    return learning
  }

  /** Who gets money of a token whose name is known. */
  function paidBy(call: Call, network: NetworkId, account: Address): Address | undefined {
    const move = tokens.name(network, call.to) === undefined ? undefined : tokenMove(call, account)
    // A felt in an address's place; what is none is refused by the token.
    return move?.does === 'send' && move.from === account ? (move.to as Address) : undefined
  }

  async function recipientsOf(
    { calls, network, account, own }: Sent,
    records: readonly AccountRecord[],
    there: Learned['there'],
  ): Promise<ApprovalFacts['recipients']> {
    const paid = calls.map((call) => paidBy(call, network, account))
    // Nothing is sent by what only takes another's number.
    if (paid.every((it) => it === undefined) || own?.what === 'cancel') return []
    const facts = {
      account,
      own: records,
      contacts: await needs.contacts(),
      used: await needs.own.used(network, account),
    }
    return paid.flatMap((to, call) => {
      if (to === undefined) return []
      const known = there === undefined ? 'asking' : there[to]
      return [
        { call, recipient: recipientOf(padded(to), { ...facts, ...(known === undefined ? {} : { there: known }) }) },
      ]
    })
  }

  async function read(record: ApprovalRecord): Promise<Learned> {
    const { question } = record
    const sent = callsOf(record, typedDataOf(record))
    if (sent !== undefined) {
      const { network, account, calls } = sent
      const described = await Promise.all(calls.map((call) => contracts.describe(network, call)))
      const paid = calls.flatMap((call) => paidBy(call, network, account) ?? [])
      const there = await Promise.all(paid.map(async (it) => [it, await needs.own.there(network, it)] as const))
      return { ...NOTHING, described, there: Object.fromEntries(there) }
    }
    if (question.kind !== 'session') return NOTHING
    const granted = partsOf(question).map((part) => part.granted)
    const calls = granted.flatMap((policy) => policy.calls)
    const scope = [...new Set(calls.flatMap((rule) => (rule.contract === '*' ? [] : [rule.contract])))]
    const limits = granted.flatMap(({ spend }) => spend.limits)
    const limited = [...new Set(limits.flatMap((limit) => (limit.asset === 'erc20' ? [limit.token] : [])))]
    const facts = await contracts.facts(question.network, scope)
    const replaceable = scope.filter((contract) => canReplaceCode(facts[contract]?.entrypoints ?? []))
    const { given, isWhole } = await contracts.allowances(question.network, question.account, limited, scope)
    const handed = partsOf(question).flatMap(handedCalls)
    const described = await Promise.all(handed.map((call) => contracts.describe(question.network, call)))
    return { ...NOTHING, described, replaceable: [...new Set(replaceable)], allowances: given, unread: !isWhole }
  }

  /** A deny rule holds selectors alone: their names are those that were seen in an ABI. */
  function withDenied(naming: Naming, { deny }: SessionPolicy): Naming {
    const seen = deny.flatMap(({ entrypoints }) =>
      entrypoints === '*' ? [] : entrypoints.map((selector) => [selector, contracts.entrypointName(selector)] as const),
    )
    const named = seen.filter(([, name]) => name !== undefined)
    return { ...naming, actions: { ...Object.fromEntries(named), ...naming.actions } }
  }

  function stripOf(
    running: readonly SessionCardView[],
    states: readonly SessionState[],
    naming: Naming,
    now: UnixSeconds,
  ): View['strip'] {
    const [next] = [...running].sort((a, b) => a.endsAt - b.endsAt)
    if (next === undefined) return undefined
    const left = states
      .filter(({ session }) => running.some(({ id }) => id === session.id))
      .map(({ session, book, open }) => exposure(session.effective, book, holdsOf(open), now))
    return {
      running: running.length,
      line: explainLeft(sumOfSessions(left), naming),
      cut: next.cut,
      startsAt: next.startsAt,
      endsAt: next.endsAt,
    }
  }
}

/** Made once for each: many sessions are of one network, and of one site. */
function once<K, V>(make: (key: K) => V): (key: K) => V {
  const made = new Map<K, V>()
  return (key) => {
    const known = made.get(key) ?? make(key)
    made.set(key, known)
    return known
  }
}

function actionsOf(all: readonly StoredSession[]): Readonly<Record<Selector, string>> {
  const known: Record<Selector, string> = {}
  for (const { granted } of all)
    for (const rule of granted.calls)
      if (rule.entrypoints !== '*')
        for (const { selector, name } of rule.entrypoints) if (name !== undefined) known[selector] = name
  return known
}

function escapeBanner(alarms: readonly AlarmView[]): View['banner'] {
  return alarms.length === 0 ? undefined : { kind: 'escape', line: line('banner_escape') }
}

function backupBanner({ backupChecked }: Settings): View['banner'] {
  return backupChecked ? undefined : { kind: 'backup', line: line('banner_backup') }
}
