/** Transactions: by a session without asking, or by a person's yes (provider.md 7.4). */
import type { ReadClass, Turn } from '../../cold/contract-class.ts'
import { isOwn, missingSteps, readiness } from '../../core/account.ts'
import { malformed, type Refused, refused, type SiteError, thrown } from '../../core/errors.ts'
import { type Address, type ClassHash, type Felt, padded, parseAddress, parseSelector } from '../../core/felt.ts'
import type { Call, Origin, Reason, SessionId } from '../../core/policy/policy.ts'
import { errorOf, reasonInfo } from '../../core/policy/refusal.ts'
import type { Params } from '../../core/protocol/dapp.ts'
import type { SessionVerdict } from '../../core/protocol/session-info.ts'
import type {
  Carried,
  GrantRecord,
  JournalRow,
  NetworkId,
  OwnAccount,
  StoredSession,
  TransactionQuestion,
} from '../../core/records.ts'
import { transactionOf } from '../../core/transaction.ts'
import { sha256 } from '../../starknet/digest.ts'
import { selectorOf } from '../../starknet/selector.ts'
import type { Access } from '../access.ts'
import type { Accounts } from '../owners/accounts.ts'
import type { Approvals } from '../owners/approvals.ts'
import type { Grants } from '../owners/grants.ts'
import type { History } from '../owners/history.ts'
import type { Networks } from '../owners/networks.ts'
import type { Sessions } from '../owners/sessions.ts'
import type { Context, Handlers } from '../router.ts'
import type { SessionRequest } from '../sending/deciding.ts'
import type { Executor, InSession } from '../sending/executor.ts'
import type { Load } from '../sending/sender.ts'
import type { SessionPrint } from '../session-print.ts'
import { type Offchain, readOffchain, refuseUnsigned, sessionOfKey } from './offchain.ts'
import { createTrying } from './trying.ts'

type Execute = Pick<
  Handlers,
  | 'wallet_addInvokeTransaction'
  | 'wallet_addDeclareTransaction'
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
  readonly networks: Pick<Networks, 'get'>
  readonly sessions: Sessions
  readonly print: SessionPrint
  readonly state: () => Promise<'new' | 'asleep' | 'locked' | 'unlocked'>
  /** Whether the site has a grant: before the first unlock by a row that nobody can check yet. */
  readonly isConnected: (origin: Origin) => Promise<boolean>
  /** A class as a site hands it over, and its hash once it is its turn. */
  readonly readClass: (input: unknown, named: Felt | undefined, turn: Turn) => Promise<ReadClass>
  /** @throws NodeError */
  readonly isDeclared: (network: NetworkId, classHash: ClassHash) => Promise<boolean>
  /** Which JSON-RPC the network's node speaks. @throws NodeError */
  readonly spec: (network: NetworkId) => Promise<string>
  readonly wait: (ms: number) => Promise<void>
  /** What failed beside an answer. */
  readonly report?: (error: unknown) => void
}

const NOTE_EVERY_MS = 1_000

export function executeHandlers(needs: ExecuteNeeds): Execute {
  const { access, accounts, approvals, executor, grants, sessions } = needs

  const trying = createTrying(needs)
  const noted = new Set<SessionId>()

  const inLine = createLine()
  const strk20 = async (): Promise<never> => {
    // No privacy pool here: a truthful and conformant answer.
    throw refused('NOT_REGISTERED')
  }

  return {
    wallet_addInvokeTransaction: async (context, { calls: raw, session: hint, proof }) => {
      const brought = proof === undefined ? undefined : proofOf(proof)
      const all = callsOf(raw)
      const mode = hint?.mode ?? 'auto'
      const older = readOffchain(raw, all)
      if (older !== undefined && brought !== undefined) throw malformed('/proof', 'expected none: the page signs none')
      const id = older === undefined ? hint?.id : await sessionNamed(context, older, hint)
      const what: What = older === undefined ? { calls: all } : { calls: older.calls, onlyAt: older.nonce }
      const { calls } = what
      // Of a site without a grant only once a person has connected it: the answer tells what is in this wallet.
      const grant = await grants.get(context.origin)
      if (grant !== undefined) await refuseOwn(what, mode)
      let found = mode === 'never' ? NONE : await inSession(context, what, id, grant, brought)
      if (found.kind === 'sent') return { transaction_hash: padded(found.hash) }
      if (mode === 'only') {
        await noteOften(context, calls, found)
        throw await missed(context, found, id)
      }
      if (found.kind === 'refuse') throw await missed(context, found, id)
      // Before the first unlock nobody knows which sessions there are.
      const mayRunUnlocked =
        found.kind === 'ask'
          ? found.reasons.some(({ code }) => code === 'locked')
          : mode !== 'never' && (await needs.state()) === 'asleep'
      if (mayRunUnlocked) {
        await access.unlocked(context)
        found = await inSession(context, what, id, await grants.get(context.origin), brought)
        if (found.kind === 'sent') return { transaction_hash: padded(found.hash) }
        if (found.kind === 'refuse') throw await missed(context, found, id)
      }
      return { transaction_hash: padded(await byPerson(context, what, found, brought)) }
    },

    wallet_addDeclareTransaction: async (context, { compiled_class_hash, class_hash, contract_class }) => {
      const read = await needs.readClass(contract_class, class_hash, async (hash) => {
        // It takes long, and a site that is not connected does not make the wallet work.
        if ((await grants.get(context.origin)) === undefined) await access.connected(context)
        return inLine(context.origin, hash)
      })
      if (!read.ok) throw malformed(`/contract_class${read.at}`, read.why)
      const { contractClass: load, classHash } = read
      if (class_hash !== undefined && class_hash !== classHash)
        throw malformed('/class_hash', 'expected the hash of this class')
      const bytes = JSON.stringify(load).length
      const carries = { kind: 'class' as const, classHash, compiledClassHash: compiled_class_hash, bytes }
      const hash = await byPerson(context, { calls: [] }, NONE, { carries, load })
      return { transaction_hash: padded(hash), class_hash: padded(classHash) }
    },

    wallet_checkSession: async (context, { calls: raw, session: hint }): Promise<SessionVerdict> => {
      const calls = callsOf(raw)
      const request = requestOf(context, calls, hint?.id, await grants.get(context.origin))
      if ('kind' in request) return prompted(context, request, hint?.id)
      const checked = await executor.check(request)
      if (checked === undefined) return prompted(context, NONE, hint?.id)
      const { verdict, session } = checked
      const own = session === undefined ? undefined : sessions.get(session)
      const info = own && (await needs.print.info(own))
      const shared = {
        ...(session === undefined ? {} : { session_id: session }),
        ...(info === undefined ? {} : { meters: info.meters }),
      }
      if (verdict.kind === 'auto') return { verdict: 'auto', ...shared, reasons: [] }
      const error = await missed(context, { ...verdict, ...(session === undefined ? {} : { session }) }, hint?.id)
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

  function requestOf(
    { origin, request }: Context,
    calls: readonly Call[],
    id: string | undefined,
    grant: GrantRecord | undefined,
  ): SessionRequest | Missed {
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
  async function prompted(context: Context, found: Missed, id: string | undefined): Promise<SessionVerdict> {
    const reasons = found.kind === 'none' ? [] : found.reasons.map(reasonInfo)
    const session = found.kind === 'none' || found.session === undefined ? {} : { session_id: found.session }
    return { verdict: 'prompt', ...session, error: told(await missed(context, found, id)), reasons }
  }

  /** With a proof it is never automatic: what it moves is not in its calls. @throws Refused 114 for another nonce */
  async function inSession(
    context: Context,
    { calls, onlyAt }: What,
    id: string | undefined,
    grant: GrantRecord | undefined,
    brought: Brought | undefined,
  ): Promise<Found> {
    const request = requestOf(context, calls, id, grant)
    if ('kind' in request) return request
    const found = await executor.executeInSession({
      ...request,
      ...(brought === undefined ? {} : { unsupported: ['proof'] }),
      ...(onlyAt === undefined ? {} : { onlyAt }),
    })
    if (found.kind === 'nonce') throw otherNonce(found.next)
    return found
  }

  /**
   * Which session a page of an older library means, by its key; the key itself, where there is none. A site that is not
   * connected is asked to connect first: whose account it is called for is not known before.
   *
   * @throws Refused 114
   */
  async function sessionNamed(
    context: Context,
    older: Offchain,
    hint: Params<'wallet_addInvokeTransaction'>['session'],
  ) {
    const { origin } = context
    const known = await grants.get(origin)
    if (known === undefined && hint?.mode === 'only') return older.key
    const { account, network } = known ?? (await access.connected(context))
    refuseUnsigned(older, { account, chainId: needs.networks.get(network).chainId })
    const id = sessionOfKey(sessions.list({ origin, account, network }), older.key)?.id ?? older.key
    if (hint?.id !== undefined && hint.id !== id) throw malformed('/session/id', 'expected the session of this key')
    return id
  }

  /** The error of `mode: "only"` and of what is bad in every mode. */
  async function missed({ origin }: Context, found: Missed, id: string | undefined): Promise<Refused> {
    if (found.kind === 'none') {
      // Before the first unlock nobody can say which sessions there are; without a grant it would tell that there is a wallet that sleeps.
      if ((await needs.state()) === 'asleep' && (await needs.isConnected(origin)))
        return refused('SESSION_WALLET_LOCKED', {})
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

  async function refuseOwn({ calls, onlyAt }: What, mode: 'auto' | 'only' | 'never'): Promise<void> {
    const own = new Set((await accounts.all()).filter(isOwn).map(({ address }) => address))
    const index = calls.findIndex(({ to }) => own.has(to))
    if (index < 0) return
    const at = `/calls/${onlyAt === undefined ? index : index + 1}/contract_address`
    const why = 'a call to an account of this wallet'
    throw mode === 'only' ? refused('SESSION_POLICY_REFUSED', { at, why }) : malformed(at, why)
  }

  async function byPerson(context: Context, what: What, found: Found, brought?: Brought): Promise<Felt> {
    const { calls, onlyAt } = what
    const grant = await access.connected(context)
    // The accounts of a wallet that was asleep are only known now.
    await refuseOwn(what, 'auto')
    const account = await accountOf(grant)
    const state = await accounts.state(account, grant.network, 0)
    if (readiness(state, account) === 'off') throw refused('USER_REFUSED_OP', { reason: 'context' })
    const deploys = missingSteps(state, account).includes('deploy')
    if (onlyAt !== undefined) {
      // Nobody is asked for what could not be sent any more.
      // Its deployment takes the first.
      const next = deploys ? ('0x1' as Felt) : await executor.nextNonce(grant.network, account.address)
      if (next !== onlyAt) throw otherNonce(next)
    }
    const reasons: readonly Reason[] = found.kind === 'ask' ? found.reasons : []
    const asked: TransactionQuestion = {
      kind: 'transaction',
      network: grant.network,
      account: account.address,
      connects: false,
      calls,
      reasons,
      ...(found.kind === 'ask' && found.session !== undefined ? { session: found.session } : {}),
      steps: [],
      ...(brought === undefined ? {} : { carries: brought.carries }),
      ...(onlyAt === undefined ? {} : { onlyAt }),
    }
    const putAway = brought && executor.bring(brought.carries, brought.load)
    try {
      const question = brought === undefined ? asked : await checked(asked, account, deploys)
      return await askAndSend(context, question, found, account, deploys)
    } finally {
      putAway?.()
    }
  }

  /** What the network does not take opens no window. */
  async function checked(
    question: TransactionQuestion,
    account: OwnAccount,
    deploys: boolean,
  ): Promise<TransactionQuestion> {
    const { carries, network } = question
    if (carries?.kind === 'class' && (await needs.isDeclared(network, carries.classHash)))
      throw malformed('/contract_class', 'expected a class that is not declared yet')
    if (carries?.kind === 'proof' && /^0\.(9|10\.0)(\.|-|$)/.test(await needs.spec(network)))
      throw malformed('/proof', 'expected a node that takes proofs')
    return { ...question, ...(await trying.tried(question, account, deploys)) }
  }

  async function askAndSend(
    context: Context,
    question: TransactionQuestion,
    found: Found,
    account: OwnAccount,
    deploys: boolean,
  ): Promise<Felt> {
    const { calls } = question
    const report = (error: unknown) => needs.report?.(error)
    const allowed = await approvals.ask(context, question, (record) => {
      // Once it waits: what is turned away at once must not fill the log.
      noteRefusal(context, calls, found).catch(report)
      trying.watch(record.id, account, deploys).catch(report)
    })
    try {
      const { origin, request } = context
      const hash = await trying.send(allowed.id, account, { origin, request })
      await approvals.finish(allowed.id, 'done')
      return hash
    } catch (error) {
      await approvals.finish(allowed.id, 'failed')
      throw error
    }
  }

  /** In mode `only` a site can ask as often as it likes: one row a second and session tells what it wanted. */
  async function noteOften(context: Context, calls: readonly Call[], found: Found): Promise<void> {
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
  async function noteRefusal({ request, origin }: Context, calls: readonly Call[], found: Found): Promise<void> {
    if (found.kind !== 'ask' && found.kind !== 'refuse') return
    const session = found.session === undefined ? undefined : sessions.get(found.session)
    if (session === undefined) return
    const { id, network, account } = session
    const event = { kind: 'refused' as const, calls, reasons: found.reasons }
    await needs.history.add({ id: `refused ${origin} ${request}`, network, account, origin, session: id, event })
  }

  async function accountOf(grant: GrantRecord): Promise<OwnAccount> {
    const account = await accounts.own(grant.account)
    if (account === undefined) throw new Error('a grant of an account that is not here')
    return account
  }
}

/** One class in work at a time, and one in line for each site. */
function createLine(): <T>(origin: Origin, work: () => Promise<T>) => Promise<T> {
  const waiting = new Set<Origin>()
  let last: Promise<unknown> = Promise.resolve()
  return (origin, work) => {
    if (waiting.has(origin)) throw refused('UNKNOWN_ERROR', { reason: 'busy' })
    waiting.add(origin)
    const mine = last.then(work).finally(() => waiting.delete(origin))
    last = mine.catch(() => undefined)
    return mine
  }
}

interface Brought {
  readonly carries: Carried
  readonly load: Load
}
/** Of `output` nothing goes to the network; made in simulation only, a proof is empty. */
function proofOf({ data, proof_facts: facts }: NonNullable<Params<'wallet_addInvokeTransaction'>['proof']>): Brought {
  if (data === '' || facts.length === 0) throw malformed('/proof', 'expected a proof that is not empty')
  return { carries: { kind: 'proof', facts, digest: sha256(data) }, load: data }
}

interface What {
  readonly calls: readonly Call[]
  /** Of an older library's page, which has signed for this nonce alone. Its params have a call more, before these. */
  readonly onlyAt?: Felt
}
type Found = Exclude<InSession, { kind: 'nonce' }>
type Missed = Exclude<Found, { kind: 'sent' }>

const NONE = { kind: 'none' } as const

/** As the account itself would say of it: what was signed for another nonce is over, or not due. */
function otherNonce(next: Felt): Refused {
  return malformed('/calls/0/offchainSessionDetails/nonce', `expected the account's next: ${next}`)
}

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

/** What a request was answered with, as its row tells. */
export function answerOfRow(row: JournalRow) {
  const { hash, carries } = row
  const sent = { transaction_hash: padded(transactionOf(row) ?? hash) }
  return carries?.kind === 'class' ? { ...sent, class_hash: padded(carries.classHash) } : sent
}
