/** What a site changes in its own sessions (policy.md 11): less at once, more or another key with one approval. */
import { hasSessions, isOwn, readiness, STRK, stepsFor } from '../../core/account.ts'
import { canonicalJson } from '../../core/canonical.ts'
import { isRead } from '../../core/changes.ts'
import { malformed, refused, thrown } from '../../core/errors.ts'
import type { Address } from '../../core/felt.ts'
import type { Asked, AskedUpdate } from '../../core/policy/asked.ts'
import { confirmAdmin } from '../../core/policy/edits.ts'
import type { ForeignKey, Origin } from '../../core/policy/policy.ts'
import { repeatRequest } from '../../core/policy/repeat.ts'
import type { ResolveFacts } from '../../core/policy/resolve.ts'
import { type Updated, updated, updateScope } from '../../core/policy/update.ts'
import { backingOfPart } from '../../core/policy/wildcards.ts'
import { parseKey, parseRequest, parseUpdate, readTag } from '../../core/policy/wire.ts'
import type { SessionInfo } from '../../core/protocol/session-info.ts'
import type {
  ApprovalRecord,
  SessionPart,
  SessionQuestion,
  StoredSession,
  TransactionQuestion,
} from '../../core/records.ts'
import { isPlainObject } from '../../core/schema.ts'
import { askedNow } from '../../core/session.ts'
import { MAX_LIFE, MIN_LIFE, type UnixSeconds } from '../../core/time.ts'
import { isPublicKey } from '../../starknet/curve.ts'
import { committedMaximum } from '../../starknet/invoke.ts'
import { selectorOf } from '../../starknet/selector.ts'
import type { Context, Handlers } from '../router.ts'
import { readBounds, TIP } from '../sending/fees.ts'
import { ownKeys, refuseForeign } from './foreign-key.ts'
import type { SessionMethodNeeds } from './session.ts'

export interface ChangeNeeds
  extends Pick<
    SessionMethodNeeds,
    | 'access'
    | 'accounts'
    | 'approvals'
    | 'awake'
    | 'clock'
    | 'contracts'
    | 'grants'
    | 'history'
    | 'isConnected'
    | 'keep'
    | 'messageRules'
    | 'newSessionId'
    | 'planSteps'
    | 'report'
    | 'sessions'
    | 'shownNetwork'
  > {
  readonly chosen?: SessionMethodNeeds['chosen']
  /** @throws Refused 211 */
  readonly own: (origin: Origin, id: string) => StoredSession
  readonly infoOf: (session: StoredSession) => Promise<SessionInfo>
  readonly preselected: (policy: SessionQuestion['granted'], now: UnixSeconds) => SessionQuestion['granted']
  readonly refuseTooMany: (origin: Origin, now: UnixSeconds, replaces: readonly StoredSession['id'][]) => void
  /** A site's question, asked in its name. */
  readonly questionAs: (
    origin: Origin,
    asked: Asked,
    of: Pick<TransactionQuestion, 'network' | 'account'>,
  ) => Promise<SessionQuestion>
  readonly started: (record: ApprovalRecord) => Promise<readonly (StoredSession | undefined)[]>
}

/** The same for as long again, from now on; a start that lies ahead is not kept. */
function renewed(session: StoredSession, now: UnixSeconds): Pick<SessionQuestion, 'asked' | 'granted' | 'effective'> {
  const { createdAt, granted, effective } = session
  const life = Math.min(MAX_LIFE, Math.max(MIN_LIFE, effective.validUntil - Math.max(createdAt, effective.validAfter)))
  const times = { validAfter: now, validUntil: now + life }
  const { validAfter: _after, validUntil, ...rest } = askedNow(session)
  return {
    asked: validUntil === undefined ? rest : { ...rest, validUntil: times.validUntil },
    granted: { ...granted, ...times },
    effective: { ...effective, ...times },
  }
}

/** Whose key it is, where it is not this wallet's. */
function foreignOf({ key }: StoredSession): ForeignKey | undefined {
  if (key.by === 'wallet' || key.publicKey === undefined) return undefined
  const { guid: _guid, ...foreign } = key
  return foreign as ForeignKey // With a public key it is one.
}

function sameAs(session: StoredSession): Pick<SessionQuestion, 'asked' | 'granted' | 'effective'> {
  const { granted, effective } = session
  return { asked: askedNow(session), granted, effective }
}

/** "Again up to": a stream that is counted from zero begins anew as well, or all that it has let flow would be free again. */
export function countedAgain(part: SessionPart, on: boolean, at: UnixSeconds): SessionPart {
  const { again: before, ...rest } = part
  if (on === (before !== undefined)) return part
  const starts = streamStarts(part.granted)
  const startOf = (token: Address, now: UnixSeconds) => (on ? Math.max(now, at) : (before?.[token] ?? now))
  const streamed = (policy: SessionPart['granted']): SessionPart['granted'] => ({
    ...policy,
    spend: {
      ...policy.spend,
      limits: policy.spend.limits.map((limit) =>
        limit.asset !== 'erc20' || limit.stream === undefined
          ? limit
          : { ...limit, stream: { ...limit.stream, start: startOf(limit.token, limit.stream.start) } },
      ),
    },
  })
  const changed = { ...rest, granted: streamed(part.granted), effective: streamed(part.effective) }
  return on ? { ...changed, again: starts } : changed
}

function streamStarts({ spend }: SessionPart['granted']): NonNullable<SessionPart['again']> {
  return Object.fromEntries(
    spend.limits.flatMap((limit) =>
      limit.asset === 'erc20' && limit.stream !== undefined ? [[limit.token, limit.stream.start]] : [],
    ),
  )
}

/** What a person asks of a session in the wallet's own pages: an approval opens, and answers itself. */
export interface PersonAsks {
  renew(session: StoredSession): Promise<void>
  rotate(session: StoredSession): Promise<void>
  /** For just the calls of a transaction that waits; `false`: these are no session's. */
  repeat(record: ApprovalRecord): Promise<boolean>
  /** The question with what contracts in scope may take set to 0 before that part of it, or left as it is. @throws NodeError */
  cleared(question: SessionQuestion, part: number, on: boolean): Promise<SessionQuestion>
  /** After its yes, in whichever life of the worker. */
  goOn(record: ApprovalRecord): void
}

export function changeHandlers(needs: ChangeNeeds): {
  readonly methods: Pick<Handlers, 'wallet_updateSession' | 'wallet_rotateSession'>
  readonly byPerson: Omit<PersonAsks, 'cleared'>
} {
  const { access, accounts, approvals, grants, history, sessions } = needs

  const methods: ReturnType<typeof changeHandlers>['methods'] = {
    wallet_updateSession: async (context, params) => {
      const update = await updateOf(context, params)
      const again = await underWay(context, 'update', update.id)
      if (again !== undefined) return theOne(await needs.started(again))
      const session = await live(context.origin, needs.own(context.origin, update.id))
      const now = await needs.clock(session.network)
      const facts = await factsFor(session, updateScope(update))
      const judged = judge(session, update, facts, now)
      await paused(session, update)
      if (judged.wider.length === 0) return needs.infoOf(await narrowed(session, update, facts, now))
      await access.unlocked(context)
      // What it was while the person unlocked may be less by now.
      const current = await live(context.origin, needs.own(context.origin, update.id))
      const question = await wider(context.origin, current, update, judge(current, update, facts, now), now)
      return theOne(await needs.started(await approvals.ask(context, question)))
    },

    wallet_rotateSession: async (context, { id, tag, key }) => {
      if ((id === undefined) === (tag === undefined)) throw malformed('', 'expected an id or a tag')
      const name = tag === undefined ? undefined : readTag(tag)
      await known(context, id)
      const of = id ?? byTag(context.origin, name)?.id
      if (of === undefined) throw refused('SESSION_NOT_FOUND', {})
      const again = await underWay(context, 'rotate', of)
      if (again !== undefined) return theOne(await needs.started(again))
      const session = await live(context.origin, needs.own(context.origin, of))
      if (session.backing === 'wallet') throw refused('SESSION_UNSUPPORTED', { feature: 'rotate' })
      if (key !== undefined && key.held_by !== session.key.by)
        throw malformed('/key/held_by', 'expected the same holder as before')
      const brought = parseKey(key)
      if (session.key.by !== 'wallet' && session.chain?.bySite !== true) {
        if (brought === undefined) throw malformed('/key', 'expected the new public key')
        const isNew = isPublicKey(brought.publicKey) && brought.publicKey !== session.key.publicKey
        if (!isNew) throw malformed('/key/public_key', 'expected another public key')
      }
      await access.unlocked(context)
      const current = await live(context.origin, needs.own(context.origin, of))
      const same = sameAs(current)
      const question = await questionOf(
        session,
        brought === undefined
          ? { change: 'rotate', ...same }
          : { change: 'rotate', ...same, asked: { ...same.asked, key: brought }, key: brought },
      )
      return theOne(await needs.started(await approvals.ask(context, question)))
    },
  }

  const byPerson: Omit<PersonAsks, 'cleared'> = {
    renew: async (session) => {
      const question = await questionOf(session, {
        change: 'renew',
        ...renewed(session, await needs.clock(session.network)),
      })
      const connects = (await grants.get(session.origin)) === undefined
      await askHere(session.origin, `renew ${session.id}`, { ...question, connects })
    },
    rotate: async (session) => {
      const question = await questionOf(session, { change: 'rotate', ...sameAs(session) })
      await askHere(session.origin, `rotate ${session.id}`, question)
    },
    repeat: async (record) => {
      const { origin, question } = record
      if (question.kind !== 'transaction' || question.trial === undefined || record.phase !== 'asking') return false
      const { calls, trial } = question
      // What fails, or is not all known, is no limit for the next time.
      if (trial.fails !== undefined || !isRead(trial)) return false
      const fee = committedMaximum(readBounds(trial.bounds), TIP)
      const request = repeatRequest({ calls, moves: trial.moves, fee })
      if (request === undefined) return false
      const parsed = parseRequest(request, { now: await needs.clock(question.network), selectorOf })
      if (!parsed.ok) throw thrown(parsed.error)
      const asked = await needs.questionAs(origin, parsed.asked, question)
      await askHere(origin, `repeat ${record.id}`, {
        ...asked,
        sends: { approval: record.id, digest: approvals.digest(record) },
      })
      return true
    },
    goOn: (record) => {
      // What went wrong stands in the approval, and in the history.
      needs
        .started(record)
        .then(() => sendWith(record))
        .catch((error: unknown) => needs.report?.(error))
    },
  }
  return { methods, byPerson }

  /** The transaction that was shown beside it, if it still is what it was: its site waits for the answer. */
  async function sendWith({ question }: ApprovalRecord): Promise<void> {
    const sends = question.kind === 'session' ? question.sends : undefined
    const waiting = sends && (await approvals.get(sends.approval))
    if (waiting?.phase !== 'asking' || approvals.digest(waiting) !== sends?.digest) return
    await approvals.decide(waiting.id, waiting.rev, sends.digest, 'allow')
  }

  /** Resolves when the question is stored. Its answer is heard where it is decided. */
  function askHere(origin: Origin, request: string, question: SessionQuestion): Promise<void> {
    const asker = {
      origin,
      document: 'wallet',
      tab: -1,
      request,
      gesture: true,
      byPerson: true as const,
    }
    return new Promise((stored, failed) => {
      // Refused, nobody is told: it was the person who asked.
      approvals.ask(asker, question, () => stored()).then(() => stored(), failed)
    })
  }

  /** Before the first unlock no session is known, and a site without a grant has none: it opens no window. */
  async function known(context: Context, id: string | undefined): Promise<void> {
    if (needs.awake()) return
    if (!(await needs.isConnected(context.origin))) throw refused('SESSION_NOT_FOUND', id === undefined ? {} : { id })
    await access.unlocked(context)
  }

  /** Read before a window opens, and once more where only then its session, and the clock of that, are known. */
  async function updateOf(context: Context, params: unknown): Promise<AskedUpdate> {
    const session = isPlainObject(params) && typeof params.id === 'string' ? find(context.origin, params.id) : undefined
    const network = session?.network ?? (await needs.shownNetwork())
    const parsed = parseUpdate(params, { now: await needs.clock(network), selectorOf, typedData: needs.messageRules })
    if (!parsed.ok) throw thrown(parsed.error)
    if (needs.awake()) return parsed.update
    await known(context, parsed.update.id)
    return updateOf(context, params)
  }

  async function theOne([session]: readonly (StoredSession | undefined)[]): Promise<SessionInfo> {
    if (session === undefined) throw new Error('a change is of one session')
    return needs.infoOf(session)
  }

  function find(origin: Origin, id: string): StoredSession | undefined {
    return sessions.list({ origin }).find((session) => session.id === id)
  }

  /** The newest that has not ended: its key may be lost, its name is not. */
  function byTag(origin: Origin, tag: StoredSession['tag']): StoredSession | undefined {
    return sessions.live(origin).find((session) => session.tag === tag)
  }

  /** The same request after a worker's death: its yes is stored, and goes on. */
  async function underWay({ origin, request }: Context, change: SessionQuestion['change'], id: string) {
    const record = (await approvals.waiting()).find(
      ({ origin: of, request: by, phase, question }) =>
        of === origin &&
        by === request &&
        phase !== 'asking' &&
        question.kind === 'session' &&
        question.change === change &&
        question.replaces === id,
    )
    if (record?.phase === 'failed' && record.failure !== undefined) throw thrown(record.failure)
    return record
  }

  /** Neither ended nor of a site that was disconnected. */
  async function live(origin: Origin, session: StoredSession): Promise<StoredSession> {
    const { id: session_id, state, effective, network } = session
    const not = (status: string, code: string) =>
      refused('SESSION_NOT_ACTIVE', { session_id, status, reasons: [{ code }] })
    if (state !== 'active' && state !== 'paused') throw not('revoked', 'revoked')
    if ((await grants.get(origin)) === undefined) throw not('paused', 'paused')
    if (effective.validUntil <= (await needs.clock(network))) throw not('expired', 'expired')
    return session
  }

  async function factsFor(session: StoredSession, scope: ReturnType<typeof updateScope>): Promise<ResolveFacts> {
    const { network, account } = session
    const callees = scope.filter((contract) => contract !== account)
    const [classes, { given, isWhole }] =
      scope.length === 0
        ? [{}, { given: [], isWhole: true }]
        : await Promise.all([
            needs.contracts.facts(network, scope),
            needs.contracts.allowances(network, account, [], callees),
          ])
    const ownAccounts = (await accounts.all()).filter(isOwn).map((it) => it.address)
    return { account, ownAccounts, classes, strk: STRK, allowances: given, unread: !isWhole }
  }

  function judge(session: StoredSession, update: AskedUpdate, facts: ResolveFacts, now: UnixSeconds) {
    const { effective } = session
    const judged: Updated = updated({ effective, asked: askedNow(session) }, update, facts, now)
    if (!judged.ok) throw thrown(judged.error)
    return judged
  }

  /** A site pauses at once, and lifts only its own pause. */
  async function paused({ id }: StoredSession, { enabled }: AskedUpdate): Promise<void> {
    if (enabled === undefined) return
    const before = sessions.get(id)
    if (!enabled) {
      const after = await sessions.pause(id, 'site')
      if (after?.pause === 'site' && before?.state === 'active') await note(after, 'paused')
      return
    }
    if (before?.state !== 'paused') return
    const resumed = await sessions.resume(id, 'site')
    if (resumed === undefined)
      throw refused('SESSION_NOT_ACTIVE', { session_id: id, status: 'paused', reasons: [{ code: 'paused' }] })
    await needs.keep(resumed)
    await note(resumed, 'resumed')
  }

  /** Judged again inside the commit: what a person took away meanwhile stays away. */
  async function narrowed(
    { id }: StoredSession,
    update: AskedUpdate,
    facts: ResolveFacts,
    now: UnixSeconds,
  ): Promise<StoredSession> {
    let changes = false
    const written = update.named.includes('messages')
      ? { messages: (session: StoredSession) => judge(session, update, facts, now).asked.messages }
      : {}
    const after = await sessions.narrow(
      id,
      (session) => {
        const { policy, wider } = judge(session, update, facts, now)
        changes = wider.length === 0 && canonicalJson(policy) !== canonicalJson(session.effective)
        return changes ? policy : undefined
      },
      written,
    )
    if (after !== undefined && changes) await note(after, 'narrowed')
    return after ?? needs.own((sessions.get(id) as StoredSession).origin, id)
  }

  async function wider(
    origin: Origin,
    session: StoredSession,
    update: AskedUpdate,
    { policy, asked }: Extract<Updated, { ok: true }>,
    now: UnixSeconds,
  ): Promise<SessionQuestion> {
    needs.refuseTooMany(origin, now, [session.id])
    const granted = confirmAdmin(policy)
    const later = granted.validUntil > session.effective.validUntil
    return questionOf(session, {
      change: 'update',
      asked: { ...asked, enabled: update.enabled ?? session.pause !== 'site' },
      granted,
      effective: later ? needs.preselected(granted, now) : granted,
    })
  }

  async function questionOf(
    session: StoredSession,
    more: Pick<SessionQuestion, 'asked' | 'granted' | 'effective' | 'key'> & {
      readonly change: NonNullable<SessionQuestion['change']>
    },
  ): Promise<SessionQuestion> {
    const { network } = session
    // Its site wrote it, and only its site can write another.
    if (session.chain?.bySite) throw refused('SESSION_UNSUPPORTED', { feature: more.change })
    const key = more.key ?? foreignOf(session)
    // Another key is for whoever holds it to bring.
    if (more.change === 'rotate' && key !== undefined && more.key === undefined)
      throw refused('SESSION_UNSUPPORTED', { feature: more.change })
    if ((await needs.chosen?.())?.off === true) throw refused('SESSION_UNSUPPORTED', { feature: 'sessions' })
    const account = await accounts.own(session.account)
    if (account === undefined) throw refused('SESSION_UNSUPPORTED', { feature: 'account' })
    if (key !== undefined) {
      refuseForeign(key, more.granted, ownKeys(account))
    }
    const state = await accounts.state(account, network, 0)
    if (readiness(state, account) === 'off') throw refused('SESSION_UNSUPPORTED', { feature: 'account' })
    const walletOnly = hasSessions(state.kind) ? {} : { walletOnly: true as const }
    const backing = backingOfPart({ ...more, ...walletOnly })
    return {
      kind: 'session',
      network,
      account: account.address,
      connects: false,
      askedAt: await needs.clock(network),
      runWhileLocked: session.runWhileLocked && backing === 'chain',
      ...walletOnly,
      steps: await needs.planSteps(account, network, stepsFor(backing, state, account)),
      sessionId: needs.newSessionId(),
      replaces: session.id,
      ...more,
      ...(key === undefined ? {} : { key }),
      done: [],
    }
  }

  async function note(
    { network, account, origin, id }: StoredSession,
    what: 'paused' | 'resumed' | 'narrowed',
  ): Promise<void> {
    await history.add({ network, account, origin, session: id, event: { kind: 'session', what, by: 'site' } })
  }
}
