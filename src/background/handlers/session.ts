/** The session methods (provider.md 7.3). */
import { missingSteps, readiness, STRK } from '../../core/account.ts'
import { canonicalJson } from '../../core/canonical.ts'
import { isRefused, malformed, refused, type SiteError, siteError, thrown } from '../../core/errors.ts'
import { type Address, address, type Felt, padded } from '../../core/felt.ts'
import type { Asked } from '../../core/policy/asked.ts'
import { confirmAdmin, covers } from '../../core/policy/edits.ts'
import type { Origin, SessionId, SessionPolicy } from '../../core/policy/policy.ts'
import { resolve } from '../../core/policy/resolve.ts'
import { parseRequest } from '../../core/policy/wire.ts'
import type { SessionInfo } from '../../core/protocol/session-info.ts'
import type {
  AccountRecord,
  ApprovalRecord,
  GrantRecord,
  NetworkId,
  NetworkRecord,
  PlannedStep,
  SessionQuestion,
  StoredSession,
} from '../../core/records.ts'
import { MAX_LIFE, type Seconds, type UnixSeconds } from '../../core/time.ts'
import { checkpoint } from '../../platform/checkpoint.ts'
import { selectorOf } from '../../starknet/selector.ts'
import type { Access } from '../access.ts'
import type { Contracts } from '../contracts.ts'
import type { Accounts } from '../owners/accounts.ts'
import type { Approvals, Asker } from '../owners/approvals.ts'
import type { Grants } from '../owners/grants.ts'
import type { History } from '../owners/history.ts'
import type { Sessions } from '../owners/sessions.ts'
import { ANSWERED_AGAIN } from '../owners/stops.ts'
import { refusalOf } from '../refusals.ts'
import type { Context, Handlers } from '../router.ts'
import type { SessionPrint } from '../session-print.ts'
import { changeHandlers } from './session-change.ts'

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
export const FEATURES = ['args', 'sums', 'deny', 'spend', 'nft', 'stream', 'fees', 'usage'] as const
/** What the site asks is preselected up to here; a longer ask is cut to it until the person says otherwise. */
const PRESELECTED: Seconds = 604_800
/** Live sessions (policy.md 14). */
const PER_ORIGIN = 16
const IN_ALL = 256

export interface SessionMethodNeeds {
  readonly access: Access
  readonly accounts: Accounts
  readonly approvals: Approvals
  readonly contracts: Contracts
  readonly grants: Grants
  readonly history: History
  readonly sessions: Sessions
  readonly print: SessionPrint
  readonly networks: () => readonly NetworkRecord[]
  readonly selected: () => Promise<{ readonly account: Address; readonly network: NetworkId }>
  /** The session's judged clock. */
  readonly clock: (network: NetworkId) => Promise<UnixSeconds>
  /** Mainnet stays closed until the phrase was checked. */
  readonly mayUse: (network: NetworkId) => Promise<boolean>
  readonly newSessionId: () => SessionId
  /** Fee caps of the wallet's own transactions, in order. @throws NodeError */
  readonly planSteps: (
    account: AccountRecord,
    network: NetworkId,
    steps: readonly PlannedStep['step'][],
  ) => Promise<readonly PlannedStep[]>
  readonly start: (record: ApprovalRecord) => Promise<StoredSession>
  /** Its keys come into the working set, if it runs. */
  readonly keep: (session: StoredSession) => Promise<void>
  /** Its sessions can be read: not so before the first unlock. */
  readonly awake: () => boolean
  /** Before the first unlock a site's end of its own session is noted, and done at the unlock (security.md 7.3). */
  readonly endAsleep: (origin: Origin, session: SessionId, onChain: boolean) => Promise<'noted' | 'unknown' | 'awake'>
  /** Here at once; on chain afterwards, when it is asked for and the owner's key is there. */
  readonly end: (session: StoredSession, onChain: boolean) => Promise<Felt | undefined>
  readonly granted: (grant: GrantRecord) => Promise<void>
  /** What failed beside a session that runs. */
  readonly report?: (error: unknown) => void
}

export function sessionHandlers(needs: SessionMethodNeeds): SessionMethods {
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

  return {
    ...changeHandlers({ ...needs, own, infoOf, preselected, refuseTooMany, started }),

    wallet_supportedSessions: async ({ origin }) => {
      const grant = await access.seen(origin)
      const account = grant && (await accounts.get(grant.account))
      const base = { version: '0.1.0', features: FEATURES, max_duration: MAX_LIFE } as const
      if (grant === undefined || account === undefined) return { ...base, accounts: [] }
      const state = await accounts.state(account, grant.network, 60)
      return {
        ...base,
        accounts: [
          {
            account: padded(account.address),
            chain_id: networkOf(needs.networks(), grant.network).chainId,
            ready: readiness(state, account.guardian.publicKey),
          },
        ],
      }
    },

    wallet_requestSession: async (context, params) => {
      if (Array.isArray(params)) throw refused('SESSION_UNSUPPORTED', { feature: 'array' })
      const { network } = (await access.seen(context.origin)) ?? (await needs.selected())
      const parsed = parseRequest(params, { now: await needs.clock(network), selectorOf })
      if (!parsed.ok) throw thrown(parsed.error)
      const { asked } = parsed

      const earlier = await answered(context, asked)
      if (earlier !== undefined) return infoOf(earlier)
      const now = await covering(context, asked)
      if (now !== undefined) return infoOf(now)
      await access.unlocked(context)
      // Locked, little was known of this site: its grant, its network and what runs are only seen now.
      const then = await covering(context, asked)
      if (then !== undefined) return infoOf(then)
      return infoOf(await started(await approvals.ask(context, await question(context, asked))))
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
      // `auto`: a wallet-held key is destroyed here, so the chain need not be told.
      const tells = on_chain === 'now' && (session.state !== 'revoked' || session.onChain?.state === 'wanted')
      const hash = await needs.end(session, tells)
      return hash === undefined ? {} : { transaction_hash: padded(hash) }
    },
  }

  /** The same request, asked again after a worker's death: its yes is stored and goes on, or has ended already. */
  async function answered(context: Context, asked: Asked): Promise<StoredSession | undefined> {
    const record = await ofRequest(context, asked)
    if (record === undefined || record.phase === 'asking') return undefined
    if (record.phase === 'failed') throw thrown(record.failure ?? siteError('UNKNOWN_ERROR', { reason: 'internal' }))
    const session = sessions.get(record.question.sessionId)
    if (session === undefined) {
      if (record.phase === 'done') return undefined
      await access.unlocked(context)
    }
    return started(record)
  }

  async function ofRequest({ origin, request }: Asker, asked: Asked): Promise<OfSession | undefined> {
    const text = canonicalJson(asked)
    return (await approvals.waiting())
      .filter(isOfSession)
      .find(
        (it) =>
          it.origin === origin &&
          it.request === request &&
          canonicalJson(it.question.asked) === text &&
          (it.phase !== 'running' || it.decided?.digest === approvals.digest(it)),
      )
  }

  /** A running session of this site that does what is asked already. */
  async function covering(context: Context, asked: Asked): Promise<StoredSession | undefined> {
    const known = await access.seen(context.origin)
    const network = await networkFor(asked, known)
    if (known === undefined) return undefined
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

  async function networkFor(asked: Asked, grant: GrantRecord | undefined): Promise<NetworkRecord> {
    const network = pickNetwork(needs.networks(), asked.chainId, (grant ?? (await needs.selected())).network)
    if (!(await needs.mayUse(network.id))) throw refused('CHAIN_ID_NOT_SUPPORTED')
    return network
  }

  /**
   * A site without a grant must not learn from an answer what is in this wallet: its request is judged as any other
   * would be, for the selected account, and whatever would tell is said only after a person has connected it. Then its
   * window asks to connect, and nothing else. Without a gesture nothing of it reaches a node either.
   */
  async function question(context: Context, asked: Asked): Promise<SessionQuestion> {
    const grant = await grants.get(context.origin)
    const network = await networkFor(asked, grant)
    if (grant !== undefined) {
      if (asked.account !== undefined && asked.account !== grant.account) throw notGiven()
      return questionFor(context, asked, network, { account: grant.account, connects: false, blind: false })
    }
    const { account } = await needs.selected()
    const ownAccounts = (await accounts.all()).map((it) => it.address)
    const named = [...asked.calls, ...(asked.deny ?? [])]
    const tells =
      (asked.account ?? account) !== account ||
      named.some(({ contract }) => contract !== '*' && ownAccounts.includes(contract))
    if (context.gesture) {
      if (asked.replaces !== undefined) throw refused('SESSION_NOT_FOUND', { id: asked.replaces })
      const whole = await questionFor(context, asked, network, { account, connects: true, blind: tells })
      if (!tells) return whole
    }
    const hinted = ownAccounts.find((it) => it === asked.account) ?? account
    await access.introduced(context, { account: hinted, network: network.id })
    return question(context, asked)
  }

  /** `blind`: judged as if no account here were ours. */
  async function questionFor(
    { origin }: Context,
    asked: Asked,
    network: NetworkRecord,
    by: { readonly account: Address; readonly connects: boolean; readonly blind: boolean },
  ): Promise<SessionQuestion> {
    const account = await accounts.get(by.account)
    if (account === undefined) throw notGiven()
    const now = await needs.clock(network.id)
    const replaces = replacedBy(origin, asked, { account: account.address, network: network.id }, now)
    refuseTooMany(origin, now, replaces)

    const denied = (asked.deny ?? []).flatMap((it) => (it.contract === '*' ? [] : [it.contract]))
    const scope = [
      ...new Set([
        ...asked.calls.map((it) => it.contract),
        ...denied,
        ...asked.limits.map((it) => it.token),
        ...(asked.items ?? []).map((it) => it.collection),
      ]),
    ]
    const classes = await needs.contracts.facts(network.id, scope)
    const tokens = asked.limits.map((it) => it.token)
    const callees = asked.calls.map((it) => it.contract)
    const allowances = await needs.contracts.allowances(network.id, account.address, tokens, callees)
    const ours = by.blind
      ? { account: nobody([...callees, ...denied]), ownAccounts: [] }
      : { account: account.address, ownAccounts: (await accounts.all()).map((it) => it.address) }
    const resolved = resolve(asked, { ...ours, classes, strk: STRK, allowances }, now)
    if (!resolved.ok) throw thrown(resolved.error)

    const ready = readiness(await accounts.state(account, network.id, 0), account.guardian.publicKey)
    if (ready === 'off') throw refused('SESSION_UNSUPPORTED', { feature: 'account' })
    const steps = await needs.planSteps(account, network.id, missingSteps(ready))
    const policy = confirmAdmin(resolved.policy)
    return {
      kind: 'session',
      network: network.id,
      account: account.address,
      connects: by.connects,
      asked,
      askedAt: now,
      granted: policy,
      effective: preselected(policy, now),
      runWhileLocked: true,
      steps,
      sessionId: needs.newSessionId(),
      ...(replaces === undefined ? {} : { replaces }),
      done: [],
    }
  }

  /** The one it names, or that has its tag: what was used there goes on. One has a single heir. */
  function replacedBy(
    origin: Origin,
    { replaces, tag }: Asked,
    { account, network }: Pick<StoredSession, 'account' | 'network'>,
    now: UnixSeconds,
  ): SessionId | undefined {
    if (replaces === undefined) {
      const named = tag === undefined ? [] : sessions.live(origin, account, network)
      return named.find((it) => it.tag === tag && it.effective.validUntil > now)?.id
    }
    const old = own(origin, replaces)
    if (old.replacedBy !== undefined || old.account !== account || old.network !== network)
      throw refused('SESSION_NOT_FOUND', { id: replaces })
    return old.id
  }

  function refuseTooMany(origin: Origin, now: UnixSeconds, replaces: SessionId | undefined): void {
    const runs = ({ id, effective, state }: StoredSession) =>
      (state === 'active' || state === 'paused') && effective.validUntil > now && id !== replaces
    if (sessions.list({ origin }).filter(runs).length >= PER_ORIGIN || sessions.list().filter(runs).length >= IN_ALL)
      throw refused('SESSION_POLICY_REFUSED', { at: '', why: 'no more sessions at once' })
  }

  /** Once it is there the session is the answer: what follows it may fail, and is done again when it is asked again. */
  async function started(record: ApprovalRecord): Promise<StoredSession> {
    if (!isOfSession(record)) throw new Error('another question was answered')
    const { question, origin } = record
    const at = { network: question.network, account: question.account, origin, session: question.sessionId }
    const session = sessions.get(question.sessionId) ?? (await startedNow(record))
    await attempt(async () => {
      const old = question.replaces === undefined ? undefined : sessions.get(question.replaces)
      // It ended in the commit of the new one; its key goes, and the chain is told where that was wanted.
      if (old !== undefined) await needs.end(old, question.change === 'rotate')
    })
    await attempt(() =>
      needs.history.add({ ...at, id: `started ${session.id}`, event: { kind: 'session', what: 'started' } }),
    )
    if (__E2E__) await checkpoint('started')
    await attempt(() => approvals.finish(record.id, 'done'))
    return session
  }

  async function startedNow(record: OfSession): Promise<StoredSession> {
    const { question, origin } = record
    const at = { network: question.network, account: question.account, origin, session: question.sessionId }
    try {
      refuseTooMany(origin, await needs.clock(question.network), question.replaces)
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

type OfSession = ApprovalRecord & { readonly question: SessionQuestion }
function isOfSession(record: ApprovalRecord): record is OfSession {
  return record.question.kind === 'session'
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

function preselected(policy: SessionPolicy, now: UnixSeconds): SessionPolicy {
  return policy.validUntil - now <= PRESELECTED ? policy : { ...policy, validUntil: now + PRESELECTED }
}

function networkOf(networks: readonly NetworkRecord[], id: NetworkId): NetworkRecord {
  return networks.find((it) => it.id === id)! // All ids are built in.
}

/** devnet and Sepolia share a chain id: it names the site's own network if it fits, else the first that does. */
function pickNetwork(networks: readonly NetworkRecord[], chainId: Felt | undefined, own: NetworkId): NetworkRecord {
  const network = networkOf(networks, own)
  if (chainId === undefined || network.chainId === chainId) return network
  const other = networks.find((it) => it.chainId === chainId)
  if (other === undefined) throw refused('CHAIN_ID_NOT_SUPPORTED')
  return other
}
