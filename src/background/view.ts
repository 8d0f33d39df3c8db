/**
 * State → View for the screens: everything a person reads is computed here, from what is enforced (architecture.md 1.8).
 * Reading never waits for a node: what was last seen stands with its age, and is refreshed beside it.
 */
import type { ChainState } from '../core/account.ts'
import { partsOf } from '../core/approval.ts'
import type { Address, Hash32, Selector, U256 } from '../core/felt.ts'
import { canReplaceCode, explainLeft } from '../core/policy/explain.ts'
import { explainReason } from '../core/policy/explain-reason.ts'
import { exposure, sumOfSessions } from '../core/policy/exposure.ts'
import type { Naming } from '../core/policy/naming.ts'
import type { Origin, Reason, SessionId, SessionPolicy } from '../core/policy/policy.ts'
import type { AccountView, ActivityView, ApprovalView, SessionView, StepView, View } from '../core/protocol/ui.ts'
import type {
  AccountRecord,
  ApprovalRecord,
  GrantRecord,
  HistoryRow,
  NetworkId,
  NetworkRecord,
  PlannedStep,
  SessionQuestion,
  Settings,
  StoredSession,
} from '../core/records.ts'
import type { UnixSeconds } from '../core/time.ts'
import { type Line, line } from '../core/words.ts'
import type { Contracts, DescribedCall } from './contracts.ts'
import type { Lockout } from './keys/vault.ts'
import type { Accounts } from './owners/accounts.ts'
import type { Approvals } from './owners/approvals.ts'
import type { Grants } from './owners/grants.ts'
import type { History } from './owners/history.ts'
import type { Sessions } from './owners/sessions.ts'
import type { Tokens } from './owners/tokens.ts'
import type { Journal } from './sending/journal.ts'
import { holdsOf } from './sending/journal.ts'
import type { Ledger, SessionState } from './sending/ledger.ts'
import { rowOfSent } from './sending/sender.ts'
import type { Watcher } from './sending/watcher.ts'
import { activityOf } from './views/activity.ts'
import { approvalView } from './views/approvals.ts'
import { namingOf, networkView, siteOf } from './views/facts.ts'
import { sessionView } from './views/sessions.ts'

export interface ViewNeeds {
  readonly state: () => Promise<View['lock']>
  readonly lockout: () => Promise<Lockout>
  readonly settings: () => Promise<Settings>
  readonly networks: () => readonly NetworkRecord[]
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
  readonly keysOf: (session: StoredSession) => { readonly unlocked: boolean; readonly workingSet: boolean }
  /** What did not go well lately, worst first. */
  readonly trouble: (network: NetworkId) => Promise<View['banner']>
  /** Where an approval's own steps stand, and how they ended. */
  readonly steps: (approval: string) => {
    readonly state: (step: PlannedStep) => StepView['state']
    readonly outcome: Line | undefined
  }
  readonly stepUp: (record: ApprovalRecord) => Promise<boolean>
  readonly changed: () => void
}

const HOME_ROWS = 5
const LOG_ROWS = 50

/** What a screen shows beyond the record, read from the chain once for each question. */
interface Learned {
  readonly described: readonly (DescribedCall | undefined)[]
  readonly replaceable: readonly Address[]
  readonly allowances: readonly { readonly token: Address; readonly spender: Address; readonly amount: U256 }[]
}
const NOTHING: Learned = { described: [], replaceable: [], allowances: [] }

export function createView(needs: ViewNeeds): () => Promise<View> {
  const { accounts, approvals, contracts, grants, history, journal, ledger, sessions, tokens } = needs
  const learned = new Map<string, Learned>()
  let rev = 0

  return async () => {
    rev += 1
    const lock = await needs.state()
    const settings = await needs.settings()
    const waiting = (await approvals.waiting()).filter(({ phase }) => phase === 'asking')
    const { left, until } = await needs.lockout()
    const shared: View = {
      rev,
      now: needs.now(),
      lock,
      lockout: { left, ...(until === undefined ? {} : { until }) },
      theme: settings.theme,
      autoLock: settings.autoLock ?? null,
      backupChecked: settings.backupChecked,
      network: settings.network,
      networks: needs.networks().map(networkView),
      accounts: [],
      sessions: [],
      approvals: [],
      waiting: waiting.map(({ id, origin }) => {
        const { host, tint } = siteOf(origin, undefined, 0)
        return { id, host, tint }
      }),
      activity: [],
    }
    if (lock === 'new' || lock === 'asleep') return shared

    const records = await accounts.all()
    const states = await statesOf()
    const naming = namingOf(records, actionsOf(states))
    const given = await grants.all()
    const site = siteFor(given, states)
    const shown = await Promise.all(states.map((it) => sessionOf(it, records, naming, site(it.session.origin))))
    const running = shown.filter(({ status }) => status === 'active')
    const strip = stripOf(running, states, naming, needs.now())
    // Locked, a screen learns what runs and can be stopped, and nothing else.
    if (lock === 'locked') return { ...shared, ...(strip === undefined ? {} : { strip }) }

    const account = records.find(({ address }) => address === settings.account) ?? records[0]
    const rows = await history.list({ network: settings.network, limit: HOME_ROWS })
    const banner = (await needs.trouble(settings.network)) ?? backupBanner(settings)
    return {
      ...shared,
      ...(strip === undefined ? {} : { strip }),
      ...(account === undefined ? {} : { account: accountView(account, settings.network) }),
      accounts: records.map((it) => accountView(it, settings.network)),
      sessions: shown,
      sites: [...given].sort((a, b) => b.lastUsedAt - a.lastUsedAt).map(({ origin }) => site(origin)),
      approvals: await approvalViews(records, naming, site),
      activity: await Promise.all(rows.rows.map((row) => activityView(row, naming))),
      ...(banner === undefined ? {} : { banner }),
    }
  }

  async function statesOf(): Promise<readonly SessionState[]> {
    const found = await Promise.all(sessions.list().map(({ id }) => ledger.state(id)))
    return found.filter((it) => it !== undefined)
  }

  function siteFor(given: readonly GrantRecord[], states: readonly SessionState[]) {
    return (origin: Origin) =>
      siteOf(
        origin,
        given.find((it) => it.origin === origin),
        states.filter(({ session }) => session.origin === origin && session.state === 'active').length,
      )
  }

  function accountView(account: AccountRecord, network: NetworkId): AccountView {
    const state = accounts.lastState(account.address, network)
    return {
      address: account.address,
      name: account.name,
      ...(state === undefined ? {} : { state: chainView(state, account) }),
      balances: tokens.last(account.address, network).map(({ token, amount, at }) => ({
        token: token.address,
        name: { symbol: token.symbol, decimals: token.decimals },
        amount,
        at,
      })),
    }
  }

  function balancesOf(account: Address, network: NetworkId): Readonly<Record<Address, U256>> {
    return Object.fromEntries(tokens.last(account, network).map(({ token, amount }) => [token.address, amount]))
  }

  async function sessionOf(
    state: SessionState,
    records: readonly AccountRecord[],
    naming: Naming,
    site: SessionView['site'],
  ): Promise<SessionView> {
    const { session } = state
    const account = records.find(({ address }) => address === session.account)
    if (account === undefined) throw new Error('a session of an account that is not here')
    const log = await history.list({ session: session.id, limit: LOG_ROWS })
    return sessionView(state, {
      now: await needs.clock(session.network),
      keys: needs.keysOf(session),
      naming: withDenied(naming, session.effective),
      account,
      site,
      log: await Promise.all(log.rows.map((row) => activityView(row, naming))),
      balances: balancesOf(session.account, session.network),
    })
  }

  async function activityView(entry: HistoryRow, naming: Naming): Promise<ActivityView> {
    const { event } = entry
    const rowId = rowOfSent(entry.id)
    const row = rowId === undefined ? undefined : await journal.get(rowId)
    const session = entry.session === undefined ? undefined : sessions.get(entry.session)
    const now = await needs.clock(entry.network)
    return activityOf(entry, {
      row,
      session,
      entrypoint: (selector) => naming.actions[selector] ?? contracts.entrypointName(selector),
      token: (token) => tokens.name(token),
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
    naming: Naming,
    site: (origin: Origin) => SessionView['site'],
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
        const known = learned.get(record.id) ?? learn(record)
        return approvalView(record, {
          now: await needs.clock(question.network),
          digest: approvals.digest(record) as Hash32,
          site: site(record.origin),
          naming:
            question.kind === 'session'
              ? partsOf(question).reduce((known, { granted }) => withDenied(known, granted), naming)
              : naming,
          account,
          balances: balancesOf(question.account, question.network),
          choices: records.map((it) => accountView(it, question.network)),
          session:
            question.kind === 'transaction' && question.session !== undefined
              ? sessions.get(question.session)
              : undefined,
          replaced: question.kind === 'session' ? await replacedBy(question) : {},
          stepUp: await needs.stepUp(record),
          stepState: state,
          outcome,
          ...known,
        })
      }),
    )
    return views.filter((view) => view !== undefined)
  }

  async function replacedBy(question: SessionQuestion): Promise<Readonly<Record<SessionId, SessionState>>> {
    const ids = partsOf(question).flatMap(({ replaces }) => (replaces === undefined ? [] : [replaces]))
    const states = await Promise.all(ids.map((id) => ledger.state(id)))
    return Object.fromEntries(states.flatMap((state) => (state === undefined ? [] : [[state.session.id, state]])))
  }

  /** Starts the reading and says what is known until it is through. A node that is silent leaves it at that. */
  function learn(record: ApprovalRecord): Learned {
    learned.set(record.id, NOTHING)
    read(record).then(
      (found) => {
        if (!learned.has(record.id)) return
        learned.set(record.id, found)
        needs.changed()
      },
      () => undefined, // Names and risks that the chain would tell are missing; the questions say that they are.
    )
    return NOTHING
  }

  async function read({ question }: ApprovalRecord): Promise<Learned> {
    if (question.kind === 'transaction') {
      const described = await Promise.all(question.calls.map((call) => contracts.describe(question.network, call)))
      return { ...NOTHING, described }
    }
    if (question.kind !== 'session') return NOTHING
    const granted = partsOf(question).map((part) => part.granted)
    const calls = granted.flatMap((policy) => policy.calls)
    const scope = [...new Set(calls.flatMap((rule) => (rule.contract === '*' ? [] : [rule.contract])))]
    const limits = granted.flatMap(({ spend }) => spend.limits)
    const limited = [...new Set(limits.flatMap((limit) => (limit.asset === 'erc20' ? [limit.token] : [])))]
    const facts = await contracts.facts(question.network, scope)
    const replaceable = scope.filter((contract) => canReplaceCode(facts[contract]?.entrypoints ?? []))
    const allowances = await contracts.allowances(question.network, question.account, limited, scope)
    const setup = partsOf(question).flatMap(({ asked }) => asked.setup ?? [])
    const described = await Promise.all(setup.map((call) => contracts.describe(question.network, call)))
    return { ...NOTHING, described, replaceable: [...new Set(replaceable)], allowances }
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
    running: readonly SessionView[],
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

function actionsOf(states: readonly SessionState[]): Readonly<Record<Selector, string>> {
  const known: Record<Selector, string> = {}
  for (const { session } of states)
    for (const rule of session.granted.calls)
      if (rule.entrypoints !== '*')
        for (const { selector, name } of rule.entrypoints) if (name !== undefined) known[selector] = name
  return known
}

function chainView(state: ChainState, account: AccountRecord): NonNullable<AccountView['state']> {
  return {
    deployed: state.classHash !== undefined,
    guardian: state.guardian === '0x0' ? 'none' : state.guardian === account.guardian.publicKey ? 'ours' : 'foreign',
    at: state.at,
  }
}

function backupBanner({ backupChecked }: Settings): View['banner'] {
  return backupChecked ? undefined : { kind: 'backup', line: line('banner_backup') }
}
