/** Transactions: by a session without asking, or by a person's yes (provider.md 7.4). */
import { missingSteps, readiness } from '../../core/account.ts'
import { malformed, type Refused, refused, type SiteError, thrown } from '../../core/errors.ts'
import { type Address, padded, parseAddress, parseSelector } from '../../core/felt.ts'
import type { Call, Reason, SessionId } from '../../core/policy/policy.ts'
import { errorOf, reasonInfo } from '../../core/policy/refusal.ts'
import type { Params } from '../../core/protocol/dapp.ts'
import type { SessionVerdict } from '../../core/protocol/session-info.ts'
import type { AccountRecord, GrantRecord, StoredSession, TransactionQuestion, Trial } from '../../core/records.ts'
import { isNodeError } from '../../platform/node.ts'
import { committedMaximum } from '../../starknet/invoke.ts'
import { selectorOf } from '../../starknet/selector.ts'
import type { Access } from '../access.ts'
import { approved } from '../keys/approved.ts'
import type { Accounts } from '../owners/accounts.ts'
import { type Approvals, isStale } from '../owners/approvals.ts'
import type { Grants } from '../owners/grants.ts'
import type { History } from '../owners/history.ts'
import type { Sessions } from '../owners/sessions.ts'
import type { Context, Handlers } from '../router.ts'
import type { SessionRequest } from '../sending/deciding.ts'
import type { Executor, InSession } from '../sending/executor.ts'
import { readBounds, TIP } from '../sending/fees.ts'
import type { SessionPrint } from '../session-print.ts'

type Execute = Pick<
  Handlers,
  | 'wallet_addInvokeTransaction'
  | 'wallet_checkSession'
  | 'wallet_strk20InvokeTransaction'
  | 'wallet_strk20PrepareInvoke'
  | 'wallet_strk20Balances'
  | 'wallet_strk20ShadowAccountCommitment'
>

export interface ExecuteNeeds {
  readonly access: Access
  readonly accounts: Accounts
  readonly approvals: Approvals
  readonly executor: Executor
  readonly grants: Grants
  readonly history: History
  readonly sessions: Sessions
  readonly print: SessionPrint
  readonly state: () => Promise<'new' | 'asleep' | 'locked' | 'unlocked'>
  readonly wait: (ms: number) => Promise<void>
  /** What failed beside an answer. */
  readonly report?: (error: unknown) => void
}

/** While a person looks, the trial runs again: what is expected to move may change (approval-ux.md 7.3). */
const TRIAL_AGAIN_MS = 12_000
const TRIAL_RETRY_MS = 3_000
const NOTE_EVERY_MS = 1_000

export function executeHandlers(needs: ExecuteNeeds): Execute {
  const { access, accounts, approvals, executor, grants, sessions } = needs

  const noted = new Set<SessionId>()

  const strk20 = async (): Promise<never> => {
    // No privacy pool here: a truthful and conformant answer.
    throw refused('NOT_REGISTERED')
  }

  return {
    wallet_addInvokeTransaction: async (context, { calls: raw, session: hint, proof }) => {
      if (proof !== undefined) throw malformed('/proof', 'this wallet sends no proofs')
      const calls = callsOf(raw)
      const mode = hint?.mode ?? 'auto'
      // Of a site without a grant only once a person has connected it: the answer tells what is in this wallet.
      if ((await grants.get(context.origin)) !== undefined) await refuseOwn(calls, mode)
      let found = mode === 'never' ? NONE : await inSession(context, calls, hint?.id)
      if (found.kind === 'sent') return { transaction_hash: padded(found.hash) }
      if (mode === 'only') {
        await noteOften(context, calls, found)
        throw await missed(found, hint?.id)
      }
      if (found.kind === 'refuse') throw await missed(found, hint?.id)
      // Before the first unlock nobody knows which sessions there are.
      const mayRunUnlocked =
        found.kind === 'ask'
          ? found.reasons.some(({ code }) => code === 'locked')
          : mode !== 'never' && (await needs.state()) === 'asleep'
      if (mayRunUnlocked) {
        await access.unlocked(context)
        found = await inSession(context, calls, hint?.id)
        if (found.kind === 'sent') return { transaction_hash: padded(found.hash) }
        if (found.kind === 'refuse') throw await missed(found, hint?.id)
      }
      return byPerson(context, calls, found)
    },

    wallet_checkSession: async (context, { calls: raw, session: hint }): Promise<SessionVerdict> => {
      const calls = callsOf(raw)
      const request = await requestOf(context, calls, hint?.id)
      if ('kind' in request) return prompted(request, hint?.id)
      const checked = await executor.check(request)
      if (checked === undefined) return prompted(NONE, hint?.id)
      const { verdict, session } = checked
      const own = session === undefined ? undefined : sessions.get(session)
      const info = own && (await needs.print.info(own))
      const shared = {
        ...(session === undefined ? {} : { session_id: session }),
        ...(info === undefined ? {} : { meters: info.meters }),
      }
      if (verdict.kind === 'auto') return { verdict: 'auto', ...shared, reasons: [] }
      const error = await missed({ ...verdict, ...(session === undefined ? {} : { session }) }, hint?.id)
      return {
        verdict: verdict.kind === 'ask' ? 'prompt' : 'refuse',
        ...shared,
        error: told(error),
        reasons: verdict.reasons.map(reasonInfo),
      }
    },

    wallet_strk20InvokeTransaction: strk20,
    wallet_strk20PrepareInvoke: strk20,
    wallet_strk20Balances: strk20,
    wallet_strk20ShadowAccountCommitment: strk20,
  }

  async function requestOf(
    { origin, request }: Context,
    calls: readonly Call[],
    id: string | undefined,
  ): Promise<SessionRequest | Missed> {
    const grant = await grants.get(origin)
    const named = id === undefined ? undefined : sessions.get(id as SessionId) // Looked up: unknown and foreign are none.
    if (id !== undefined && named?.origin !== origin) return NONE
    if (grant === undefined) return named === undefined ? NONE : disconnected(named)
    const at = named ?? grant
    return {
      origin,
      request,
      network: at.network,
      account: at.account,
      calls,
      ...(named === undefined ? {} : { session: named.id }),
    }
  }

  /** Where nothing was evaluated: without meters. */
  async function prompted(found: Missed, id: string | undefined): Promise<SessionVerdict> {
    const reasons = found.kind === 'none' ? [] : found.reasons.map(reasonInfo)
    const session = found.kind === 'none' || found.session === undefined ? {} : { session_id: found.session }
    return { verdict: 'prompt', ...session, error: told(await missed(found, id)), reasons }
  }

  async function inSession(context: Context, calls: readonly Call[], id: string | undefined): Promise<InSession> {
    const request = await requestOf(context, calls, id)
    return 'kind' in request ? request : executor.executeInSession(request)
  }

  /** The error of `mode: "only"` and of what is bad in every mode. */
  async function missed(found: Missed, id: string | undefined): Promise<Refused> {
    if (found.kind === 'none') {
      // Before the first unlock nobody can say which sessions there are.
      if ((await needs.state()) === 'asleep') return refused('SESSION_WALLET_LOCKED', {})
      return refused('SESSION_NOT_FOUND', id === undefined ? {} : { id })
    }
    const session = found.session === undefined ? undefined : sessions.get(found.session)
    const info = session && (await needs.print.info(session))
    const about = {
      ...(found.session === undefined ? {} : { sessionId: found.session }),
      status: info?.status ?? ('revoked' as const),
    }
    return thrown(errorOf(found.reasons, about))
  }

  async function refuseOwn(calls: readonly Call[], mode: 'auto' | 'only' | 'never'): Promise<void> {
    const own = new Set((await accounts.all()).map(({ address }) => address))
    const index = calls.findIndex(({ to }) => own.has(to))
    if (index < 0) return
    const at = `/calls/${index}/contract_address`
    const why = 'a call to an account of this wallet'
    throw mode === 'only' ? refused('SESSION_POLICY_REFUSED', { at, why }) : malformed(at, why)
  }

  async function byPerson(
    context: Context,
    calls: readonly Call[],
    found: InSession,
  ): Promise<{ transaction_hash: string }> {
    const grant = await access.connected(context)
    // The accounts of a wallet that was asleep are only known now.
    await refuseOwn(calls, 'auto')
    const account = await accountOf(grant)
    const ready = readiness(await accounts.state(account, grant.network, 0), account.guardian.publicKey)
    if (ready === 'off') throw refused('USER_REFUSED_OP', { reason: 'context' })
    const deploys = missingSteps(ready).includes('deploy')
    const reasons: readonly Reason[] = found.kind === 'ask' ? found.reasons : []
    const question: TransactionQuestion = {
      kind: 'transaction',
      network: grant.network,
      account: account.address,
      connects: false,
      calls,
      reasons,
      ...(found.kind === 'ask' && found.session !== undefined ? { session: found.session } : {}),
      steps: [],
    }
    const report = (error: unknown) => needs.report?.(error)
    const allowed = await approvals.ask(context, question, (record) => {
      // Once it waits: what is turned away at once must not fill the log.
      noteRefusal(context, calls, found).catch(report)
      tryOut(record.id, account, deploys).catch(report)
    })
    try {
      const hash = await send(context, allowed.id, account)
      await approvals.finish(allowed.id, 'done')
      return { transaction_hash: padded(hash) }
    } catch (error) {
      await approvals.finish(allowed.id, 'failed')
      throw error
    }
  }

  async function send(context: Context, id: string, account: AccountRecord) {
    const { question, decided } = await approvals.begin(id)
    if (question.kind !== 'transaction' || question.trial === undefined) throw new Error('nothing was tried out')
    const { network, calls, steps, trial } = question
    const yes = approved({
      approval: id,
      digest: decided.digest,
      account: account.address,
      network,
      allows: [
        ...steps.flatMap(({ step }) => (step === 'setup' ? [] : [{ kind: 'step' as const, step }])),
        { kind: 'calls', calls },
      ],
    })
    await executor.runSteps({ network, account, steps, approved: yes }, () => undefined)
    // The steps take their time: the yes may have been taken back.
    if (steps.length > 0) await approvals.begin(id)
    const { hash } = await executor.executeApproved(yes, {
      network,
      account,
      origin: context.origin,
      request: context.request,
      kind: 'invoke',
      calls,
      bounds: trial.bounds,
    })
    return hash
  }

  /** What the node expects, until the person has decided. A node that is silent leaves Allow off. */
  async function tryOut(id: string, account: AccountRecord, deploys: boolean): Promise<void> {
    for (;;) {
      const record = await approvals.get(id)
      if (record?.phase !== 'asking' || record.question.kind !== 'transaction') return
      const { question } = record
      try {
        const next = await trialOf(question, account, deploys)
        if (question.trial === undefined || isWorse(next.trial, question.trial))
          await approvals.change(id, record.rev, (it) => (it.kind === 'transaction' ? { ...it, ...next } : it))
        await needs.wait(TRIAL_AGAIN_MS)
      } catch (error) {
        if (!isNodeError(error) && !isStale(error)) {
          await block(id)
          throw error
        }
        await needs.wait(TRIAL_RETRY_MS)
      }
    }
  }

  /** Nobody looks at it any more: without a trial it cannot be allowed. */
  async function block(id: string): Promise<void> {
    const record = await approvals.get(id)
    if (record?.phase !== 'asking') return
    await approvals
      .change(id, record.rev, (it) => {
        if (it.kind !== 'transaction') return it
        const { trial: _trial, ...rest } = it
        return rest
      })
      .catch((error: unknown) => {
        if (!isStale(error)) throw error
      })
  }

  async function trialOf(
    { network, calls }: TransactionQuestion,
    account: AccountRecord,
    deploys: boolean,
  ): Promise<Pick<TransactionQuestion, 'steps'> & { readonly trial: Trial }> {
    if (!deploys) return { steps: [], trial: await executor.trial({ network, account, calls }) }
    const planned = await executor.estimateSteps({ network, account, steps: ['deploy'], calls })
    if (planned.calls === undefined) throw new Error('no bounds for the calls')
    // Before its account is there a transaction cannot be tried out, only priced.
    return { steps: planned.steps, trial: { bounds: planned.calls, moves: [] } }
  }

  /** In mode `only` a site can ask as often as it likes: one row a second and session tells what it wanted. */
  async function noteOften(context: Context, calls: readonly Call[], found: InSession): Promise<void> {
    const { session } = found.kind === 'none' ? {} : found
    if (session === undefined || noted.has(session)) return
    noted.add(session)
    needs.wait(NOTE_EVERY_MS).then(
      () => noted.delete(session),
      () => noted.delete(session),
    )
    await noteRefusal(context, calls, found)
  }

  /** The person reads later what a session would not do, and why. */
  async function noteRefusal({ request, origin }: Context, calls: readonly Call[], found: InSession): Promise<void> {
    if (found.kind !== 'ask' && found.kind !== 'refuse') return
    const session = found.session === undefined ? undefined : sessions.get(found.session)
    if (session === undefined) return
    const { id, network, account } = session
    const event = { kind: 'refused' as const, calls, reasons: found.reasons }
    await needs.history.add({ id: `refused ${origin} ${request}`, network, account, origin, session: id, event })
  }

  async function accountOf(grant: GrantRecord): Promise<AccountRecord> {
    const account = await accounts.get(grant.account)
    if (account === undefined) throw new Error('a grant of an account that is not here')
    return account
  }
}

type Missed = Exclude<InSession, { kind: 'sent' }>

const NONE = { kind: 'none' } as const

/** To its own site a session by its id is not unknown: it was paused with the disconnect (seeds.md 9, row 7). */
function disconnected({ id, state }: StoredSession): Missed {
  const code = state === 'active' || state === 'paused' || state === 'pending' ? 'paused' : 'revoked'
  return { kind: 'ask', reasons: [{ code }], session: id }
}

/** As part of a result: an Error's message would be lost on the way to the page. */
function told({ code, message, data }: Refused): SiteError {
  return { code, message, ...(data === undefined ? {} : { data }) }
}

/** Decoded by the row already: an entrypoint is a name or a selector in hex. */
function callsOf(raw: Params<'wallet_addInvokeTransaction'>['calls']): readonly Call[] {
  if (raw.length === 0) throw malformed('/calls', 'expected at least one call')
  return raw.map(({ contract_address, entry_point, calldata }) => ({
    to: parseAddress(contract_address) as Address,
    selector: parseSelector(entry_point) ?? selectorOf(entry_point),
    calldata,
  }))
}

/** Another asset leaves, at least 2 % more of one, it fails now, or the fee's cap no longer has room. */
function isWorse(next: Trial, before: Trial): boolean {
  if ((next.fails === undefined) !== (before.fails === undefined)) return true
  const was = new Map(before.moves.map(({ token, out }) => [token, BigInt(out)]))
  const more = next.moves.some(
    ({ token, out }) =>
      BigInt(out) * 100n >= (was.get(token) ?? 0n) * 102n && out !== '0' && BigInt(out) !== was.get(token),
  )
  return more || feeCap(next) * 10n > feeCap(before) * 12n
}

/** The committed maximum of what would be signed. */
function feeCap({ bounds }: Trial): bigint {
  return committedMaximum(readBounds(bounds), TIP)
}
