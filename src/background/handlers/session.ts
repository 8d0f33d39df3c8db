/** The session methods (provider.md 7.3). */
import { hasSessions, isOwn, readiness, STRK, stepsFor } from '../../core/account.ts'
import { partsOf } from '../../core/approval.ts'
import { canonicalJson } from '../../core/canonical.ts'
import { isRefused, malformed, refused, type SiteError, siteError, thrown } from '../../core/errors.ts'
import { type Address, address, type Felt, padded } from '../../core/felt.ts'
import { takingBack } from '../../core/policy/allowances.ts'
import { type Asked, contractsOf } from '../../core/policy/asked.ts'
import { emptyBook } from '../../core/policy/book.ts'
import { confirmAdmin, covers } from '../../core/policy/edits.ts'
import type { Call, Origin, SessionId, SessionPolicy } from '../../core/policy/policy.ts'
import { resolve } from '../../core/policy/resolve.ts'
import { fitSchedule, misfit } from '../../core/policy/schedule.ts'
import { backingOf, backingOfPart } from '../../core/policy/wildcards.ts'
import { parseRequest } from '../../core/policy/wire.ts'
import type { TypedDataHashes } from '../../core/policy/wire-messages.ts'
import { askedOlder, askedWritten, asWritten, type OlderFelts, type SessionFelts } from '../../core/policy/written.ts'
import type { AccountStep, SessionInfo } from '../../core/protocol/session-info.ts'
import type {
  ApprovalRecord,
  GrantRecord,
  NetworkId,
  NetworkRecord,
  OwnAccount,
  PlannedStep,
  SessionPart,
  SessionQuestion,
  StoredSession,
  WrittenSession,
} from '../../core/records.ts'
import { MAX_LIFE, type Seconds, type UnixSeconds } from '../../core/time.ts'
import { checkpoint } from '../../platform/checkpoint.ts'
import { isPublicKey } from '../../starknet/curve.ts'
import { selectorOf } from '../../starknet/selector.ts'
import { signerGuid } from '../../starknet/session-token.ts'
import type { Access } from '../access.ts'
import type { Contracts } from '../contracts.ts'
import type { Accounts } from '../owners/accounts.ts'
import type { Approvals, Asker } from '../owners/approvals.ts'
import type { Grants } from '../owners/grants.ts'
import type { History } from '../owners/history.ts'
import { isBuiltIn, isLoopback, isNearby } from '../owners/networks.ts'
import type { Sessions } from '../owners/sessions.ts'
import { ANSWERED_AGAIN } from '../owners/stops.ts'
import { inside, refusalOf } from '../refusals.ts'
import type { Context, Handlers } from '../router.ts'
import type { SessionPrint } from '../session-print.ts'
import { ownKeys, refuseForeign } from './foreign-key.ts'
import { changeHandlers, type PersonAsks } from './session-change.ts'

type SessionMethods = Pick<
  Handlers,
  | 'wallet_supportedSessions'
  | 'wallet_requestSession'
  | 'wallet_getSessions'
  | 'wallet_updateSession'
  | 'wallet_rotateSession'
  | 'wallet_revokeSession'
>

/** Only what this version decides (provider.md 7.3). */
export const FEATURES = [
  'args',
  'sums',
  'deny',
  'spend',
  'nft',
  'stream',
  'fees',
  'paymaster',
  'usage',
  'messages',
  'dapp_key',
  'agent_key',
  'schedule',
  'setup_calls',
  'array',
] as const
/** Under it the SDK answers what an unmodified @argent/x-sessions asks; nobody can ever own it (argent-sessions.md 13). */
export const COSIGNER_URL = 'https://latchkey.invalid/v1'
/** What the site asks is preselected up to here; a longer ask is cut to it until the person says otherwise. */
const PRESELECTED: Seconds = 604_800
/** Live sessions (policy.md 14). */
const PER_ORIGIN = 16
const IN_ALL = 256
/** Requests of one array (policy.md 14). */
const MOST_AT_ONCE = 5

export interface SessionMethodNeeds {
  readonly access: Access
  readonly accounts: Accounts
  readonly approvals: Approvals
  readonly contracts: Contracts
  readonly messageRules: TypedDataHashes
  readonly grants: Grants
  readonly history: History
  readonly sessions: Sessions
  readonly print: SessionPrint
  readonly networks: () => readonly NetworkRecord[]
  readonly selected: () => Promise<{ readonly account: Address; readonly network: NetworkId }>
  /** That the wallet looks at: known asleep too, when no account is. */
  readonly shownNetwork: () => Promise<NetworkId>
  /** Whether the site has a grant: before the first unlock by a row that nobody can check yet. */
  readonly isConnected: (origin: Origin) => Promise<boolean>
  /** The session's judged clock. */
  readonly clock: (network: NetworkId) => Promise<UnixSeconds>
  /** The person's master switch, and how new sessions begin. */
  readonly chosen?: () => Promise<{ readonly off: boolean; readonly restLocked: boolean; readonly life?: Seconds }>
  /** Mainnet stays closed until the phrase was checked. */
  readonly mayUse: (network: NetworkId) => Promise<boolean>
  readonly newSessionId: () => SessionId
  /** Fee caps of the wallet's own transactions, in order. @throws NodeError */
  readonly planSteps: (
    account: OwnAccount,
    network: NetworkId,
    steps: readonly AccountStep[],
    setups?: readonly Pick<PlannedStep, 'calls' | 'of' | 'clears'>[],
  ) => Promise<readonly PlannedStep[]>
  /** Whether the account knows it as ended, also where it is not here. @throws NodeError */
  readonly isDead: (account: OwnAccount, network: NetworkId, hash: Felt) => Promise<boolean>
  readonly start: (record: ApprovalRecord) => Promise<readonly (StoredSession | undefined)[]>
  /** Its keys come into the working set, if it runs. */
  readonly keep: (session: StoredSession) => Promise<void>
  /** Its sessions can be read: not so before the first unlock. */
  readonly awake: () => boolean
  /** Before the first unlock a site's end of its own session is noted, and done at the unlock (security.md 7.3). */
  readonly endAsleep: (origin: Origin, session: SessionId, onChain: boolean) => Promise<'noted' | 'unknown' | 'awake'>
  /** Here at once; on chain afterwards, when it is asked for and the owner's key is there. */
  readonly end: (session: StoredSession, onChain: boolean | 'never') => Promise<Felt | undefined>
  readonly granted: (grant: GrantRecord) => Promise<void>
  /** What failed beside a session that runs. */
  readonly report?: (error: unknown) => void
}

export function sessionHandlers(needs: SessionMethodNeeds): {
  readonly methods: SessionMethods
  /** A session that its site wrote itself: the authorization of it, once a person has allowed it. */
  readonly written: (context: Context, data: SessionFelts, grant: GrantRecord) => Promise<readonly Felt[]>
  /** As older libraries wrote it: the authorization of a session of this wallet's own, which does the same. */
  readonly older: (
    context: Context,
    data: OlderFelts & { readonly account?: Felt },
    grant: GrantRecord,
  ) => Promise<readonly Felt[]>
  readonly byPerson: PersonAsks
} {
  const { access, accounts, approvals, grants, sessions, print } = needs

  const infoOf = async (session: StoredSession): Promise<SessionInfo> => {
    const info = await print.info(session)
    if (info === undefined) throw refused('SESSION_NOT_FOUND', { id: session.id })
    return info
  }
  const own = (origin: Origin, id: string): StoredSession => {
    const session = sessions.get(id as SessionId) // Looked up, not trusted: unknown and foreign ids answer alike.
    if (session === undefined || session.origin !== origin) throw refused('SESSION_NOT_FOUND', { id })
    return session
  }
  const runs = async (session: StoredSession): Promise<boolean> => (await infoOf(session)).status === 'active'

  const changes = changeHandlers({
    ...needs,
    own,
    infoOf,
    preselected,
    refuseTooMany,
    started,
    questionAs: async (origin, asked, of) => {
      const connects = (await grants.get(origin)) === undefined
      const by = { account: of.account, connects, blind: false }
      return questionFor(origin, [asked], networkOf(needs.networks(), of.network), by)
    },
  })
  const methods: SessionMethods = {
    ...changes.methods,

    wallet_supportedSessions: async ({ origin }) => {
      const grant = await access.seen(origin)
      const account = grant && (await accounts.own(grant.account))
      const base = { version: '0.1.0', features: FEATURES, max_duration: MAX_LIFE, cosigner_url: COSIGNER_URL } as const
      if (grant === undefined || account === undefined) return { ...base, accounts: [] }
      const state = await accounts.state(account, grant.network, 60)
      return {
        ...base,
        accounts: [
          {
            account: padded(account.address),
            chain_id: networkOf(needs.networks(), grant.network).chainId,
            ready: readiness(state, account),
          },
        ],
      }
    },

    wallet_requestSession: async (context, params) => {
      const network = (await access.seen(context.origin))?.network ?? (await needs.shownNetwork())
      const asked = readAll(params, await needs.clock(network), needs.messageRules)
      const infos = await Promise.all((await requested(context, asked)).map((it) => it && infoOf(it)))
      const [first = null, ...more] = infos.map((info) => info ?? null)
      if (Array.isArray(params)) return [first, ...more]
      if (first === null) throw new Error('the only session of a request is refused with it')
      return first
    },

    wallet_getSessions: async ({ origin }, { ids, tag, include_ended }) => {
      // Disconnected, a site is told nothing any more.
      if ((await grants.get(origin)) === undefined) return []
      const all = await Promise.all(sessions.list({ origin }).map((session) => print.info(session)))
      const found = all.filter((info) => info !== undefined)
      const wanted = ids === undefined ? found : found.filter(({ id }) => ids.includes(id))
      const tagged = tag === undefined ? wanted : wanted.filter((info) => info.tag === tag)
      return include_ended === true ? tagged : tagged.filter(({ status }) => !ENDED.has(status))
    },

    wallet_revokeSession: async ({ origin }, { id, on_chain }) => {
      const asleep = await needs.endAsleep(origin, id as SessionId, on_chain === 'now') // Looked up, not trusted.
      if (asleep === 'unknown') throw refused('SESSION_NOT_FOUND', { id })
      if (asleep === 'noted') return {}
      const session = own(origin, id)
      if (session.state === 'superseded') throw refused('SESSION_NOT_FOUND', { id })
      if (session.state === 'revoked') {
        // The worker may have died between the end and its answer: for a moment the end is the answer, whoever asks again.
        const since = (await needs.clock(session.network)) - (session.endedAt ?? 0)
        if (since >= ANSWERED_AGAIN) throw refused('SESSION_NOT_FOUND', { id })
        const told = session.onChain?.hash
        if (told !== undefined) return { transaction_hash: padded(told) }
      }
      // `auto`: the chain is told where something of it may still be sent.
      const tells = on_chain === 'now' && (session.state !== 'revoked' || session.onChain?.state === 'wanted')
      const hash = await needs.end(session, on_chain === 'never' ? 'never' : tells)
      return hash === undefined ? {} : { transaction_hash: padded(hash) }
    },
  }

  return { methods, written, older, byPerson: { ...changes.byPerson, cleared } }

  async function written(context: Context, data: SessionFelts, grant: GrantRecord): Promise<readonly Felt[]> {
    const { network, account: address } = grant
    try {
      const reading = askedWritten(data, { now: await needs.clock(network), selectorOf })
      const known = sessions.list().find(({ chain }) => chain?.sessionHash === data.hash)
      // The same content is the same session, dead or alive, whoever asks.
      if (known !== undefined) return authorizationOf(known, context.origin)
      const earlier = await answered(context, [reading.asked])
      const [session] = earlier ?? (await askWritten(context, reading, grant))
      if (session === undefined) throw new Error('the only session of a request is refused with it')
      return authorizationOf(session, context.origin)
    } catch (error) {
      throw ofTypedData(error)
    }

    async function askWritten(context: Context, reading: ReturnType<typeof askedWritten>, grant: GrantRecord) {
      const account = await accounts.own(address)
      if (account === undefined) throw notGiven()
      const keys = [account.ownerPublicKey, account.guardian.publicKey].map(signerGuid)
      if (keys.includes(data.sessionKeyGuid)) throw malformed('/message/Session Key', 'expected a key of its own')
      if (!(await needs.mayUse(network))) throw refused('CHAIN_ID_NOT_SUPPORTED')
      if (await needs.isDead(account, network, data.hash))
        throw malformed('/message', 'expected a session that has not ended on chain')
      const by = { account: grant.account, connects: false, blind: false, written: reading.written }
      const question = await questionFor(context.origin, [reading.asked], networkOf(needs.networks(), network), by)
      return started(await approvals.ask(context, question))
    }
  }

  async function older(
    context: Context,
    data: OlderFelts & { readonly account?: Felt },
    { network, account: address }: GrantRecord,
  ): Promise<readonly Felt[]> {
    try {
      if (data.account !== undefined && data.account !== address) throw notGiven()
      const account = await accounts.own(address)
      if (account === undefined) throw notGiven()
      const state = await accounts.state(account, network, 0)
      // What only this wallet holds has no authorization to answer with.
      if (!hasSessions(state.kind)) throw malformed('/message', 'expected an account with sessions')
      const asked = askedOlder(data, { now: await needs.clock(network), selectorOf })
      const [session] = await requested(context, [asked])
      if (session?.chain === undefined) throw malformed('/message', 'expected a session that the account knows')
      return session.chain.authorization
    } catch (error) {
      throw ofTypedData(error)
    }
  }

  function authorizationOf({ chain, origin, state }: StoredSession, asker: Origin): readonly Felt[] {
    if (origin !== asker) throw malformed('/message', 'expected a session of this site')
    if (chain?.bySite !== true || (state !== 'active' && state !== 'paused'))
      throw malformed('/message', 'expected a session that has not ended')
    return chain.authorization
  }

  /** In the order of the requests; `undefined`: the person refused that one. */
  async function requested(context: Context, asked: AskedList): Promise<readonly (StoredSession | undefined)[]> {
    const nearby = asked.findIndex(({ fees }) => fees?.service !== undefined && isNearby(fees.service))
    // As with nodes: a page of the web does not make the wallet knock at doors of this computer.
    if (nearby >= 0 && !isLoopback(context.origin))
      throw at(asked, nearby, malformed('/fees/paymaster_url', 'expected an https address for a site on the web'))
    const earlier = await answered(context, asked)
    if (earlier !== undefined) return earlier
    const runningNow = () => Promise.all(asked.map((one) => covering(context, one)))
    const now = await runningNow()
    if (now.every((it) => it !== undefined)) return now
    await refuseChain(context.origin, asked)
    await access.unlocked(context)
    // Locked, little was known of this site: its grant, its network and what runs are only seen now.
    const then = await runningNow()
    const [first, ...more] = asked.filter((_, index) => then[index] === undefined)
    if (first === undefined) return then
    const record = await approvals.ask(context, await question(context, [first, ...more]))
    return inOrder(asked, record, await started(record), then)
  }

  /** The same request, asked again after a worker's death: its yes is stored and goes on, or has ended already. */
  async function answered(
    context: Context,
    asked: AskedList,
  ): Promise<readonly (StoredSession | undefined)[] | undefined> {
    const record = await ofRequest(context, asked)
    if (record === undefined || record.phase === 'asking') return undefined
    if (record.phase === 'failed') throw thrown(record.failure ?? siteError('UNKNOWN_ERROR', { reason: 'internal' }))
    const missing = partsOf(record.question).some(({ off, sessionId }) => !off && sessions.get(sessionId) === undefined)
    if (missing) {
      if (record.phase === 'done') return undefined
      await access.unlocked(context)
    }
    const made = await started(record)
    return inOrder(asked, record, made, await Promise.all(asked.map((one) => covering(context, one))))
  }

  /** What was started, and what ran already. */
  function inOrder(
    asked: AskedList,
    record: ApprovalRecord,
    made: readonly (StoredSession | undefined)[],
    running: readonly (StoredSession | undefined)[],
  ): readonly (StoredSession | undefined)[] {
    const texts = isOfSession(record) ? partsOf(record.question).map((part) => canonicalJson(part.asked)) : []
    return asked.map((one, index) => {
      const place = texts.indexOf(canonicalJson(one))
      return place < 0 ? running[index] : made[place]
    })
  }

  /** Of an array, what ran already was not asked for. */
  async function ofRequest({ origin, request }: Asker, asked: AskedList): Promise<OfSession | undefined> {
    const texts = new Set(asked.map((one) => canonicalJson(one)))
    return (await approvals.waiting())
      .filter(isOfSession)
      .find(
        (it) =>
          it.origin === origin &&
          it.request === request &&
          partsOf(it.question).every((part) => texts.has(canonicalJson(part.asked))) &&
          (it.phase !== 'running' || it.decided?.digest === approvals.digest(it)),
      )
  }

  /** A running session of this site that does what is asked already. */
  async function covering(context: Context, asked: Asked): Promise<StoredSession | undefined> {
    const known = await access.seen(context.origin)
    if (known === undefined) return undefined
    const network = await networkFor(asked, known)
    const now = await needs.clock(network.id)
    for (const session of sessions.live(context.origin, known.account, network.id)) {
      if (!covers(session, asked, now) || !(await runs(session))) continue
      // What was asked under this request before is answered with it.
      await approvals.endRunning(
        ({ origin, request }) => origin === context.origin && request === context.request,
        'context',
      )
      return session
    }
    return undefined
  }

  /** Said before any window. Asleep nothing is known yet of a site that was connected: its chain is looked at after the unlock. */
  async function refuseChain(origin: Origin, [first]: AskedList): Promise<void> {
    const grant = await grants.get(origin)
    if (grant !== undefined || !(await needs.isConnected(origin))) await networkFor(first, grant)
  }

  /** A site without a grant learns of the built-in networks alone: locked, unlocked and asleep the answer is the same. */
  async function networkFor(asked: Asked, grant: GrantRecord | undefined): Promise<NetworkRecord> {
    const all = needs.networks().filter(({ id }) => grant !== undefined || asked.chainId === undefined || isBuiltIn(id))
    const network = pickNetwork(all, asked.chainId, grant?.network ?? (await needs.shownNetwork()))
    if (!(await needs.mayUse(network.id))) throw refused('CHAIN_ID_NOT_SUPPORTED')
    return network
  }

  /**
   * A site without a grant must not learn from an answer what is in this wallet: its request is judged as any other
   * would be, for the selected account, and whatever would tell is said only after a person has connected it. Then its
   * window asks to connect, and nothing else. Without a gesture nothing of it reaches a node either.
   */
  async function question(context: Context, asked: AskedList): Promise<SessionQuestion> {
    const grant = await grants.get(context.origin)
    const network = await networkFor(asked[0], grant)
    if (grant !== undefined) {
      const other = asked.findIndex((one) => one.account !== undefined && one.account !== grant.account)
      if (other >= 0) throw at(asked, other, notGiven())
      return questionFor(context.origin, asked, network, { account: grant.account, connects: false, blind: false })
    }
    const { account } = await needs.selected()
    const ownAccounts = (await accounts.all()).filter(isOwn).map((it) => it.address)
    const named = asked.flatMap((one) => [
      ...one.calls,
      ...(one.deny ?? []),
      ...[...(one.setup ?? []), ...(one.schedule ?? []).flatMap(({ calls }) => calls)].map(({ to }) => ({
        contract: to,
      })),
    ])
    const off = (await needs.chosen?.())?.off === true
    const tells =
      off ||
      asked.some((one) => (one.account ?? account) !== account) ||
      named.some(({ contract }) => contract !== '*' && ownAccounts.includes(contract)) ||
      (await accounts.all())
        .filter(isOwn)
        .some((it) => asked.some(({ key }) => key && ownKeys(it).includes(key.publicKey)))
    if (context.gesture) {
      const replaces = asked.find((one) => one.replaces !== undefined)?.replaces
      if (replaces !== undefined) throw refused('SESSION_NOT_FOUND', { id: replaces })
      const whole = await questionFor(context.origin, asked, network, { account, connects: true, blind: tells })
      if (!tells) return whole
    }
    const hinted = ownAccounts.find((it) => it === asked[0].account) ?? account
    await access.introduced(context, { account: hinted, network: network.id })
    return question(context, asked)
  }

  /** `blind`: judged as if no account here were ours. */
  async function questionFor(
    origin: Origin,
    asked: AskedList,
    network: NetworkRecord,
    by: {
      readonly account: Address
      readonly connects: boolean
      readonly blind: boolean
      readonly written?: WrittenSession
    },
  ): Promise<SessionQuestion> {
    const chosen = await needs.chosen?.()
    // Judged blindly, nothing of this wallet is told.
    if (chosen?.off === true && !by.blind) throw refused('SESSION_UNSUPPORTED', { feature: 'sessions' })
    const account = await accounts.own(by.account)
    if (account === undefined) throw notGiven()
    const now = await needs.clock(network.id)
    const judged: SessionPart[] = []
    for (const [index, one] of asked.entries()) {
      const part = await partFor(origin, one, { network: network.id, now, account, blind: by.blind }).catch((error) => {
        throw at(asked, index, error)
      })
      const twice = part.replaces !== undefined && judged.some((other) => other.replaces === part.replaces)
      if (twice) throw malformed(`/${index}`, 'expected each session to be replaced once')
      judged.push(part)
    }
    refuseTooMany(
      origin,
      now,
      judged.map(({ replaces }) => replaces),
    )
    const state = await accounts.state(account, network.id, 0)
    if (readiness(state, account) === 'off') throw refused('SESSION_UNSUPPORTED', { feature: 'account' })
    // What only this wallet holds is signed by the owner's key, and this one is the site's.
    const foreign = by.written !== undefined || asked.some(({ key }) => key !== undefined)
    if (foreign && !hasSessions(state.kind)) throw refused('SESSION_UNSUPPORTED', { feature: 'account' })
    // Without sessions in its class each of them needs the owner's key: locked, it rests.
    const parts = hasSessions(state.kind)
      ? judged
      : judged.map((part): SessionPart => ({ ...part, walletOnly: true, runWhileLocked: false }))
    const backing = parts.some((part) => backingOfPart(part) === 'chain') ? 'chain' : 'wallet'
    const steps = await needs.planSteps(account, network.id, stepsFor(backing, state, account), setupsOf(parts))
    const [first, ...more] = parts
    if (first === undefined) throw new Error('nothing was asked')
    return {
      kind: 'session',
      network: network.id,
      account: account.address,
      connects: by.connects,
      askedAt: now,
      steps,
      ...first,
      ...(by.written === undefined ? {} : { written: by.written }),
      ...(more.length === 0 ? {} : { more }),
      done: [],
    }
  }

  async function cleared(question: SessionQuestion, place: number, on: boolean): Promise<SessionQuestion> {
    const account = await accounts.own(question.account)
    if (account === undefined) throw notGiven()
    const parts: SessionPart[] = []
    for (const [index, part] of partsOf(question).entries()) {
      const { clears, ...rest } = part
      const calls = index === place ? (on ? await clearing(question, part) : []) : (clears ?? [])
      parts.push(calls.length === 0 ? rest : { ...rest, clears: calls })
    }
    const missing = question.steps.flatMap(({ step }) => (step === 'deploy' || step === 'enable' ? [step] : []))
    const steps = await needs.planSteps(account, question.network, missing, setupsOf(parts))
    const [first, ...more] = parts
    if (first === undefined) throw new Error('a question has a session')
    const { clears: _before, ...whole } = question
    return { ...whole, ...first, ...(question.more === undefined ? {} : { more }), steps }
  }

  /** What contracts in its scope may take now, taken back. */
  async function clearing({ network, account }: SessionQuestion, { granted }: SessionPart): Promise<readonly Call[]> {
    const tokens = granted.spend.limits.flatMap((limit) => (limit.asset === 'erc20' ? [limit.token] : []))
    const { given } = await needs.contracts.allowances(network, account, tokens, contractsOf(granted.calls))
    return given.map(takingBack)
  }

  async function partFor(
    origin: Origin,
    asked: Asked,
    by: {
      readonly network: NetworkId
      readonly now: UnixSeconds
      readonly account: OwnAccount
      readonly blind: boolean
    },
  ): Promise<SessionPart> {
    const { network, now, account } = by
    const chosen = await needs.chosen?.()
    const replaces = replacedBy(origin, asked, { account: account.address, network }, now)
    const denied = (asked.deny ?? []).flatMap((it) => (it.contract === '*' ? [] : [it.contract]))
    const callees = contractsOf(asked.calls)
    const scope = [
      ...new Set([
        ...callees,
        ...denied,
        ...asked.limits.map((it) => it.token),
        ...(asked.items ?? []).map((it) => it.collection),
      ]),
    ]
    const classes = await needs.contracts.facts(network, scope)
    const tokens = asked.limits.map((it) => it.token)
    const { given, isWhole } = await needs.contracts.allowances(network, account.address, tokens, callees)
    const ours = by.blind
      ? { account: nobody([...callees, ...denied]), ownAccounts: [] }
      : { account: account.address, ownAccounts: (await accounts.all()).filter(isOwn).map((it) => it.address) }
    const resolved = resolve(asked, { ...ours, classes, strk: STRK, allowances: given, unread: !isWhole }, now)
    if (!resolved.ok) throw thrown(resolved.error)
    const policy = confirmAdmin(resolved.policy)
    const { key } = asked
    if (key !== undefined) refuseForeign(key, policy, by.blind ? [] : ownKeys(account))
    const sessionId = needs.newSessionId()
    const { schedule } = asked
    if (schedule !== undefined) {
      // As asked: what the person takes away of it is told where they do.
      const fit = fitSchedule(schedule, { ...ours, policy, now }, emptyBook(sessionId))
      if (!fit.fits) throw misfit(fit)
    }
    return {
      asked,
      ...(schedule === undefined ? {} : { schedule }),
      ...(key === undefined ? {} : { key }),
      granted: policy,
      effective: withSchedule(begun(policy, asked, chosen?.life, now), schedule),
      // Where the owner's key is needed it rests while locked.
      runWhileLocked: backingOf(policy) === 'chain' && chosen?.restLocked !== true,
      sessionId,
      ...(replaces === undefined ? {} : { replaces }),
    }
  }

  /** The one it names, or that has its tag: what was used there goes on. One has a single heir. */
  function replacedBy(
    origin: Origin,
    { key, replaces, tag }: Asked,
    { account, network }: Pick<StoredSession, 'account' | 'network'>,
    now: UnixSeconds,
  ): SessionId | undefined {
    if (replaces === undefined) {
      const live = sessions.live(origin, account, network).filter((it) => it.effective.validUntil > now)
      const named = tag === undefined ? undefined : live.find((it) => it.tag === tag)
      // One key has one session of a site.
      return (named ?? live.find((it) => isKeyOf(it, key)))?.id
    }
    const old = own(origin, replaces)
    if (old.replacedBy !== undefined || old.account !== account || old.network !== network)
      throw refused('SESSION_NOT_FOUND', { id: replaces })
    return old.id
  }

  /** `replaces`: for each session that comes, the one whose place it takes. */
  function refuseTooMany(origin: Origin, now: UnixSeconds, replaces: readonly (SessionId | undefined)[]): void {
    const runs = ({ id, effective, state }: StoredSession) =>
      (state === 'active' || state === 'paused') && effective.validUntil > now && !replaces.includes(id)
    const full = (some: readonly StoredSession[], most: number) => some.filter(runs).length + replaces.length > most
    if (full(sessions.list({ origin }), PER_ORIGIN) || full(sessions.list(), IN_ALL))
      throw refused('SESSION_POLICY_REFUSED', { at: '', why: 'no more sessions at once' })
  }

  /** Once they are there the sessions are the answer: what follows may fail, and is done again when it is asked again. */
  async function started(record: ApprovalRecord): Promise<readonly (StoredSession | undefined)[]> {
    if (!isOfSession(record)) throw new Error('another question was answered')
    const { question, origin } = record
    const { network, account } = question
    const parts = partsOf(question)
    const known = parts.map(({ off, sessionId }) => (off ? undefined : sessions.get(sessionId)))
    const whole = parts.every(({ off }, index) => off || known[index] !== undefined)
    const made = whole ? known : await startedNow(record)
    for (const [index, session] of made.entries()) {
      const { replaces, change } = parts[index] as SessionPart // One for each.
      if (session === undefined) continue
      await attempt(async () => {
        const old = replaces === undefined ? undefined : sessions.get(replaces)
        // It ended in the commit of the new one; its key goes, and the chain is told where that was wanted.
        if (old !== undefined) await needs.end(old, change === 'rotate')
      })
      const event = { kind: 'session' as const, what: 'started' as const }
      const at = { network, account, origin, session: session.id }
      await attempt(() => needs.history.add({ ...at, id: `started ${session.id}`, event }))
    }
    if (__E2E__) await checkpoint('started')
    await attempt(() => approvals.finish(record.id, 'done'))
    return made
  }

  async function startedNow(record: OfSession): Promise<readonly (StoredSession | undefined)[]> {
    const { question, origin } = record
    const at = { network: question.network, account: question.account, origin, session: question.sessionId }
    try {
      const coming = partsOf(question).filter(({ off, sessionId }) => !off && sessions.get(sessionId) === undefined)
      refuseTooMany(
        origin,
        await needs.clock(question.network),
        coming.map(({ replaces }) => replaces),
      )
      if (question.connects) await connected(record)
      return await needs.start(record)
    } catch (error) {
      // Whatever is said of it beside its reason must not hide that.
      await attempt(() => needs.history.add({ ...at, event: { kind: 'session', what: 'failed' } }))
      await attempt(() => approvals.finish(record.id, 'failed', told(error)))
      throw error
    }
  }

  /** The grant comes first (provider.md 7.3): there is never a session of a site that is not connected. */
  async function connected({ id, origin, question }: OfSession): Promise<void> {
    await approvals.begin(id)
    if ((await grants.get(origin)) !== undefined) return
    const grant = await grants.give(origin, question.account, question.network)
    if (approvals.isEnded(id)) {
      // Disconnected while it was given.
      await grants.remove(origin)
      throw refused('USER_REFUSED_OP', { reason: 'context' })
    }
    await attempt(() => needs.granted(grant))
  }

  async function attempt(act: () => Promise<void>): Promise<void> {
    try {
      await act()
    } catch (error) {
      needs.report?.(error)
    }
  }
}

/** A request for typed data knows fewer errors than one for a session. */
function ofTypedData(error: unknown): unknown {
  const isOwn = isRefused(error) && [113, 114, 163].includes(error.code)
  return isRefused(error) && !isOwn ? asWritten(error) : error
}

type OfSession = ApprovalRecord & { readonly question: SessionQuestion }
function isOfSession(record: ApprovalRecord): record is OfSession {
  return record.question.kind === 'session'
}

type AskedList = readonly [Asked, ...Asked[]]

/** One request or 1 to 5 of one account and chain. */
function readAll(params: unknown, now: UnixSeconds, typedData: TypedDataHashes): AskedList {
  const list = Array.isArray(params) ? (params as readonly unknown[]) : [params]
  if (list.length > MOST_AT_ONCE)
    throw refused('SESSION_POLICY_REFUSED', { at: '', why: `expected at most ${MOST_AT_ONCE} requests` })
  const several = Array.isArray(params)
  const [first, ...more] = list.map((json, index) => {
    const parsed = parseRequest(json, { now, selectorOf, typedData })
    if (!parsed.ok) throw several ? inside(index, thrown(parsed.error)) : thrown(parsed.error)
    const { key } = parsed.asked
    if (key !== undefined && !isPublicKey(key.publicKey)) {
      const error = malformed('/key/public_key', 'expected the public key of a session')
      throw several ? inside(index, error) : error
    }
    return parsed.asked
  })
  if (first === undefined) throw malformed('', 'expected at least one request')
  const all: AskedList = [first, ...more]
  const texts = all.map((one) => canonicalJson(one))
  for (const [index, one] of all.entries()) {
    if (one.account !== first.account) throw malformed(`/${index}/account`, 'expected one account for all requests')
    if (one.chainId !== first.chainId) throw malformed(`/${index}/chain_id`, 'expected one chain for all requests')
    if (texts.indexOf(canonicalJson(one)) !== index) throw malformed(`/${index}`, 'expected each request once')
    const named = one.tag !== undefined && all.findIndex((other) => other.tag === one.tag) !== index
    if (named) throw malformed(`/${index}/tag`, 'expected each tag once')
  }
  return all
}

/** Of several requests: which one it is about. */
function at(asked: AskedList, index: number, error: unknown): unknown {
  return asked.length === 1 ? error : inside(index, error)
}

function isKeyOf({ key }: StoredSession, asked: Asked['key']): boolean {
  return asked !== undefined && key.by !== 'wallet' && key.publicKey === asked.publicKey
}

function notGiven(): Error {
  return malformed('/account', 'expected an account this site was given')
}

/** An address that is none of these. */
function nobody(besides: readonly Address[]): Address {
  let value = 1n
  while (besides.includes(address(value))) value += 1n
  return address(value)
}

function told(error: unknown): SiteError {
  const known = isRefused(error) ? error : refusalOf(error)
  if (known === undefined) return siteError('UNKNOWN_ERROR', { reason: 'internal' })
  const { code, message, data } = known
  return { code, message, ...(data === undefined ? {} : { data }) }
}

const ENDED: ReadonlySet<string> = new Set(['expired', 'exhausted', 'revoked'])

/** Where the site names no end, the person's own choice of one stands. */
function begun(policy: SessionPolicy, asked: Asked, life: Seconds | undefined, now: UnixSeconds): SessionPolicy {
  const named = asked.validUntil !== undefined || asked.duration !== undefined
  if (named || life === undefined || now + life <= policy.validAfter) return preselected(policy, now)
  return { ...policy, validUntil: now + life }
}

/** What is preselected leaves room for what is signed with it. */
function withSchedule(policy: SessionPolicy, schedule: Asked['schedule'] = []): SessionPolicy {
  return { ...policy, validUntil: Math.max(policy.validUntil, ...schedule.map(({ notAfter }) => notAfter)) }
}

function preselected(policy: SessionPolicy, now: UnixSeconds): SessionPolicy {
  return policy.validUntil - now <= PRESELECTED ? policy : { ...policy, validUntil: now + PRESELECTED }
}

function networkOf(networks: readonly NetworkRecord[], id: NetworkId): NetworkRecord {
  const network = networks.find((it) => it.id === id)
  if (network === undefined) throw refused('CHAIN_ID_NOT_SUPPORTED') // It was removed.
  return network
}

/** devnet and Sepolia share a chain id: it names the site's own network if it fits, else the first that does. */
function pickNetwork(networks: readonly NetworkRecord[], chainId: Felt | undefined, own: NetworkId): NetworkRecord {
  if (chainId === undefined) return networkOf(networks, own)
  const network = networks.find(({ id }) => id === own)
  if (network?.chainId === chainId) return network
  const other = networks.find((it) => it.chainId === chainId)
  if (other === undefined) throw refused('CHAIN_ID_NOT_SUPPORTED')
  return other
}

/** One transaction for each session: what is taken back first, then what its site wants done. */
function setupsOf(parts: readonly SessionPart[]): readonly Pick<PlannedStep, 'calls' | 'of' | 'clears'>[] {
  return parts.flatMap(({ asked: { setup = [] }, clears = [], sessionId: of }) => {
    const calls = [...clears, ...setup]
    return calls.length === 0 ? [] : [{ calls, of, ...(setup.length === 0 ? { clears: true as const } : {}) }]
  })
}
