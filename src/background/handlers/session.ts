/** The session methods (provider.md 7.3). */
import { missingSteps, readiness, STRK } from '../../core/account.ts'
import { malformed, refused, thrown } from '../../core/errors.ts'
import { type Address, type Felt, padded } from '../../core/felt.ts'
import { confirmAdmin, covers } from '../../core/policy/edits.ts'
import type { Origin, SessionId, SessionPolicy } from '../../core/policy/policy.ts'
import { type Asked, parseRequest, resolve } from '../../core/policy/wire.ts'
import type { SessionInfo } from '../../core/protocol/session-info.ts'
import type {
  AccountRecord,
  ApprovalRecord,
  GrantRecord,
  NetworkId,
  NetworkRecord,
  PlannedStep,
  StoredSession,
} from '../../core/records.ts'
import { MAX_LIFE, type Seconds, type UnixSeconds } from '../../core/time.ts'
import { selectorOf } from '../../starknet/selector.ts'
import type { Access } from '../access.ts'
import type { Contracts } from '../contracts.ts'
import type { Accounts } from '../owners/accounts.ts'
import type { Approvals, Asker } from '../owners/approvals.ts'
import type { Grants } from '../owners/grants.ts'
import type { History } from '../owners/history.ts'
import type { Sessions } from '../owners/sessions.ts'
import type { Handlers } from '../router.ts'
import type { SessionPrint } from '../session-print.ts'

type SessionMethods = Pick<
  Handlers,
  'wallet_supportedSessions' | 'wallet_requestSession' | 'wallet_getSessions' | 'wallet_revokeSession'
>

/** Only what this version decides (provider.md 7.3). */
export const FEATURES = ['spend', 'fees', 'usage'] as const
/** What the site asks is preselected up to here; a longer ask is cut to it until the person says otherwise. */
const PRESELECTED: Seconds = 604_800

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
  readonly newSessionId: () => SessionId
  /** Fee caps of the wallet's own transactions, in order. @throws NodeError */
  readonly planSteps: (
    account: AccountRecord,
    network: NetworkId,
    steps: readonly PlannedStep['step'][],
  ) => Promise<readonly PlannedStep[]>
  readonly start: (record: ApprovalRecord) => Promise<StoredSession>
  readonly supersede: (old: SessionId, by: SessionId) => Promise<void>
  /** Here at once; on chain afterwards, when it is asked for and the owner's key is there. */
  readonly end: (session: StoredSession, onChain: boolean) => Promise<Felt | undefined>
  readonly granted: (grant: GrantRecord) => Promise<void>
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
      const selected = await needs.selected()
      const known = await access.seen(context.origin)
      const parsed = parseRequest(params, { now: await needs.clock(known?.network ?? selected.network), selectorOf })
      if (!parsed.ok) throw thrown(parsed.error)
      const { asked } = parsed
      const network = pickNetwork(needs.networks(), asked.chainId, known?.network ?? selected.network)

      for (const session of sessions.live(context.origin, known?.account, network.id)) {
        const now = await needs.clock(network.id)
        if (known !== undefined && covers(session, asked, now) && (await runs(session))) return infoOf(session)
      }

      await access.unlocked(context)
      const waiting = await resumed(context)
      const allowed =
        waiting ??
        (await approvals.ask(context, await question(context, asked, network, (await needs.selected()).account)))
      return infoOf(await started(allowed))
    },

    wallet_getSessions: async ({ origin }, { ids, tag, include_ended }) => {
      const all = await Promise.all(sessions.list({ origin }).map((session) => print.info(session)))
      const found = all.filter((info) => info !== undefined)
      const wanted = ids === undefined ? found : found.filter(({ id }) => ids.includes(id))
      const tagged = tag === undefined ? wanted : wanted.filter((info) => info.tag === tag)
      return include_ended === true ? tagged : tagged.filter(({ status }) => !ENDED.has(status))
    },

    wallet_revokeSession: async ({ origin }, { id, on_chain }) => {
      const session = own(origin, id)
      if (session.state === 'revoked' || session.state === 'superseded') throw refused('SESSION_NOT_FOUND', { id })
      // `auto`: a wallet-held key is destroyed here, so the chain need not be told.
      const hash = await needs.end(session, on_chain === 'now')
      return hash === undefined ? {} : { transaction_hash: padded(hash) }
    },
  }

  /** The same request, asked again after a worker's death: its yes is stored and goes on. */
  async function resumed({ origin, request }: Asker): Promise<ApprovalRecord | undefined> {
    const records = await approvals.waiting()
    return records.find(
      (it) =>
        it.origin === origin && it.request === request && it.question.kind === 'session' && it.phase === 'running',
    )
  }

  async function question(context: Asker, asked: Asked, network: NetworkRecord, selected: Address) {
    const grant = await grants.get(context.origin)
    if (grant !== undefined && asked.account !== undefined && asked.account !== grant.account)
      throw malformed('/account', 'expected an account this site was given')
    const account = await accounts.get(grant?.account ?? asked.account ?? selected)
    if (account === undefined) throw malformed('/account', 'expected an account this site was given')
    const replaces = asked.replaces === undefined ? undefined : own(context.origin, asked.replaces).id

    const scope = [...new Set([...asked.calls.map((it) => it.contract), ...asked.limits.map((it) => it.token)])]
    const classes = await needs.contracts.facts(network.id, scope)
    const tokens = asked.limits.map((it) => it.token)
    const callees = asked.calls.map((it) => it.contract)
    const allowances = await needs.contracts.allowances(network.id, account.address, tokens, callees)
    const ownAccounts = (await accounts.all()).map((it) => it.address)
    const now = await needs.clock(network.id)
    const resolved = resolve(asked, { account: account.address, ownAccounts, classes, strk: STRK, allowances }, now)
    if (!resolved.ok) throw thrown(resolved.error)

    const ready = readiness(await accounts.state(account, network.id, 0), account.guardian.publicKey)
    if (ready === 'off') throw refused('SESSION_UNSUPPORTED', { feature: 'account' })
    const steps = await needs.planSteps(account, network.id, missingSteps(ready))
    return {
      kind: 'session',
      network: network.id,
      account: account.address,
      connects: grant === undefined,
      asked,
      askedAt: now,
      granted: confirmAdmin(resolved.policy),
      effective: preselected(confirmAdmin(resolved.policy), now),
      runWhileLocked: true,
      steps,
      sessionId: needs.newSessionId(),
      ...(replaces === undefined ? {} : { replaces }),
      done: [],
    } as const
  }

  async function started(record: ApprovalRecord): Promise<StoredSession> {
    const { question, origin } = record
    if (question.kind !== 'session') throw new Error('another question was answered')
    const at = { network: question.network, account: question.account, origin, session: question.sessionId }
    try {
      // A worker that died after the commit: the session is there, only its answer was not given.
      const session = sessions.get(question.sessionId) ?? (await needs.start(record))
      if (question.replaces !== undefined) await needs.supersede(question.replaces, session.id)
      if (question.connects) {
        await needs.granted(await grants.give(origin, question.account, question.network))
      }
      await needs.history.add({ ...at, event: { kind: 'session', what: 'started' } })
      await approvals.finish(record.id, 'done')
      return session
    } catch (error) {
      await needs.history.add({ ...at, event: { kind: 'session', what: 'failed' } })
      await approvals.finish(record.id, 'failed')
      throw error
    }
  }
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
