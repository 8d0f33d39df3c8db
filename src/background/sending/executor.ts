import { guardianKey, hasSessions } from '../../core/account.ts'
import { type Address, type Felt, felt, u256 } from '../../core/felt.ts'
import { askedCalls } from '../../core/policy/allowances.ts'
import { DEFAULTS } from '../../core/policy/defaults.ts'
import type { Call, Origin, Reason, SessionId, Verdict } from '../../core/policy/policy.ts'
import type { OwnStep, Purpose, SetupStep } from '../../core/protocol/session-info.ts'
import type {
  Carried,
  JournalRow,
  NetworkId,
  OwnAccount,
  PlannedStep,
  StoredBounds,
  StoredSession,
  Trial,
} from '../../core/records.ts'
import type { Seconds, UnixSeconds } from '../../core/time.ts'
import { mayBeOut, nextNonce } from '../../core/transaction.ts'
import { checkpoint } from '../../platform/checkpoint.ts'
import { isStorageError, isTampered } from '../../platform/database.ts'
import type { Body, Node, Nodes } from '../../platform/node.ts'
import { isNodeError, nodeError } from '../../platform/node-error.ts'
import {
  accountKind,
  isSessionRevokedCall,
  placeholderSignature,
  revokeSessionCall,
  stepCalls,
} from '../../starknet/accounts.ts'
import { deployAccountBody } from '../../starknet/deploy.ts'
import { committedMaximum, invokeBody } from '../../starknet/invoke.ts'
import type { Signing } from '../../starknet/session-token.ts'
import { feeTooHigh, isNotNow, stepFailed } from '../failures.ts'
import type { Approved } from '../keys/approved.ts'
import { personHash, type Signer, type SignsAs } from '../keys/signer.ts'
import type { Accounts } from '../owners/accounts.ts'
import type { History } from '../owners/history.ts'
import { isLoopback, type Networks } from '../owners/networks.ts'
import type { Sessions } from '../owners/sessions.ts'
import { type Deciding, type How, type SessionRequest, STATE_LASTS } from './deciding.ts'
import { boundsFor, type Chosen, NO_BOUNDS, priced, readBounds, storedBounds, TIP } from './fees.ts'
import type { Heads } from './heads.ts'
import { type Journal, unsaid } from './journal.ts'
import type { KeptGas } from './kept-gas.ts'
import { createLane, type Lane } from './lane.ts'
import type { Held, HeldForPerson, Ledger } from './ledger.ts'
import type { Nonces } from './nonces.ts'
import { createSponsoring, type SponsoringNeeds } from './paymaster.ts'
import type { Preflight } from './preflight.ts'
import { carryingBody, createSender, type Load } from './sender.ts'
import { type Waiters, waitFor, wake } from './waiters.ts'

export type InSession =
  /** `session` is absent where a person had said yes to this very request. */
  | { readonly kind: 'sent'; readonly hash: Felt; readonly session?: SessionId }
  | { readonly kind: 'ask' | 'refuse'; readonly reasons: readonly Reason[]; readonly session?: SessionId }
  /** No session of this site could be meant. */
  | { readonly kind: 'none' }
  /** It is for one nonce of the account alone, and the next is this. */
  | { readonly kind: 'nonce'; readonly next: Felt }

export interface ApprovedWork {
  readonly network: NetworkId
  readonly account: OwnAccount
  readonly origin?: Origin
  readonly request?: string
  readonly kind: JournalRow['kind']
  readonly purpose?: Purpose
  readonly carries?: Carried
  /** Of a step or a revocation the wallet makes the call itself. */
  readonly calls: readonly Call[]
  /** What the person saw is what is signed. */
  readonly bounds: StoredBounds
  /** fri per unit of L2 gas, as the person chose it. */
  readonly tip?: bigint
  /** At no other nonce of the account. */
  readonly onlyAt?: Felt
  /** A row that is out and in no block: this takes its nonce. */
  readonly replaces?: JournalRow['id']
}
export interface StepsWork<S extends OwnStep | 'setup' = SetupStep> {
  readonly network: NetworkId
  readonly account: OwnAccount
  readonly steps: readonly PlannedStep<S>[]
  readonly approved: Approved
  readonly origin?: Origin
  readonly request?: string
}
export interface Executor {
  /** @throws NodeError: nothing was sent, or nobody knows and the hold stays; StorageError: nothing was signed */
  executeInSession(request: SessionRequest): Promise<InSession>
  /** The decision without hold, prompt or counter; the trial run and the fee are real. @throws NodeError */
  check(request: SessionRequest): Promise<{ readonly verdict: Verdict; readonly session?: SessionId } | undefined>
  /** Who signs beside the owner there, as the chain says. @throws NodeError */
  signsAs(account: OwnAccount, network: NetworkId, age?: Seconds): Promise<SignsAs>
  /** The account's, by our own count, of which the chain's part is read now. @throws NodeError */
  nextNonce(network: NetworkId, account: Address): Promise<Felt>
  /** @throws NodeError, NotNow `locked`; nothing was signed unless the hold stays */
  executeApproved(approved: Approved, work: ApprovedWork): Promise<{ readonly hash: Felt }>
  /** Bounds for a whole chain of transactions that are not sent yet; `calls` come after the steps. @throws NodeError */
  estimateSteps<S extends OwnStep>(work: {
    readonly network: NetworkId
    readonly account: OwnAccount
    readonly steps: readonly S[]
    /** The site's own calls before a session, one transaction for each. */
    readonly setups?: readonly Pick<PlannedStep, 'calls' | 'of' | 'clears'>[]
    readonly calls?: readonly Call[]
  }): Promise<{ readonly steps: readonly PlannedStep<S | 'setup'>[]; readonly calls?: StoredBounds }>
  /** For an ordinary transaction's screen. @throws NodeError */
  trial(work: {
    readonly network: NetworkId
    readonly account: OwnAccount
    readonly calls: readonly Call[]
    readonly chosen?: Chosen
    /** The account is not there yet: its deployment comes first. */
    readonly deploys?: boolean
    readonly carries?: Carried
  }): Promise<Trial>
  /** The bytes that a request brought; what it answers puts them away. */
  bring(carries: Carried, load: Load): () => void
  /** Each sent when the one before has succeeded on L2. @throws StepFailed */
  runSteps<S extends OwnStep | 'setup'>(
    work: StepsWork<S>,
    onStep: (step: PlannedStep<S>, state: StepState, hash: Felt) => void | Promise<void>,
  ): Promise<void>
  /** With which transaction; `undefined`: it is revoked already, and not by one of ours. @throws NodeError, NotNow, FeeTooHigh: still wanted */
  revokeOnChain(session: StoredSession, approved: Approved): Promise<{ readonly hash: Felt } | undefined>
  isRevoked(session: StoredSession): Promise<boolean>
  /** Whether the account has this session hash as revoked; one that is not there has none. @throws NodeError */
  isDead(account: OwnAccount, network: NetworkId, hash: Felt): Promise<boolean>
  /** The same bytes again, where the decision would still be the same. `false`: parked, its hold stays. */
  resend(row: JournalRow): Promise<boolean>
  /** At a worker's start: nothing new of this account is signed while `work` looks for what was. */
  beforeAll(
    network: NetworkId,
    account: Address,
    work: (resend: (row: JournalRow) => Promise<boolean>) => Promise<void>,
  ): Promise<void>
  /** Under way in this worker's life: nobody else finishes it. */
  isBusy(id: string): boolean
  /** A page of this site is in use: what its next call needs is read again beside. */
  warm(origin: Origin): Promise<void>
  /** The ledger settled a row. */
  settled(row: JournalRow): void
}
export type StepState = 'sent' | 'done'

export interface ExecutorNeeds {
  readonly deciding: Deciding
  readonly ledger: Ledger
  readonly journal: Journal
  readonly nodes: Nodes
  readonly nonces: Nonces
  readonly preflight: Preflight
  readonly heads: Heads
  readonly keptGas: KeptGas
  readonly signer: Signer
  readonly sessions: Pick<Sessions, 'get' | 'list' | 'live' | 'onChain' | 'pause'>
  readonly accounts: Pick<Accounts, 'all' | 'own' | 'state' | 'forget' | 'stood'>
  readonly networks: Pick<Networks, 'get' | 'clock'>
  readonly history: Pick<History, 'add'>
  readonly isUnlocked: () => boolean
  readonly lastWall: () => Promise<UnixSeconds | undefined>
  readonly now: () => UnixSeconds
  /** Milliseconds that only go forward. */
  readonly ticks: () => number
  readonly wait: (ms: number) => Promise<void>
  /** A row is out, or may be: follow it. */
  readonly onSent: (row: JournalRow) => void
  readonly classify: SponsoringNeeds['classify']
  readonly post: SponsoringNeeds['post']
  /** Origins of services that a session names: egress lets them through. */
  readonly allow: SponsoringNeeds['allow']
  /** What failed beside the work, without its contents. */
  readonly report: (error: unknown) => void
}

/** Open sends of one account; a node on this computer takes one after the other. */
const OPEN_SENDS = 8
const WAITING_PER_ORIGIN = 100
/** How long a request waits for room among the session's open holds, s. */
const ROOM_LASTS = 120
const ROOM_STEP_MS = 5_000
const ROUNDS = 5
/** A person's yes is good for sending again so long (architecture.md 5). */
const YES_LASTS = 600

export function createExecutor(needs: ExecutorNeeds): Executor {
  const { ledger, journal, nodes, nonces, keptGas, preflight, signer, sessions, networks, now } = needs
  const { deciding } = needs
  const loads = new Map<string, { readonly load: Load; readonly users: number }>()
  const sender = createSender({
    ...needs,
    loadOf: (carries) => loads.get(loadKey(carries))?.load,
    onParked: (row) => wake(rowWaiters, row.id, row),
  })
  const lanes = new Map<string, Lane>()
  const running = new Map<string, Promise<InSession>>()
  const waitingOf = new Map<Origin, number>()
  const rowWaiters: Waiters<string, JournalRow> = new Map()
  const roomWaiters: Waiters<SessionId, void> = new Map()
  let lastTicket = 0

  const laneOf = (network: NetworkId, account: Address): Lane => {
    const key = `${network} ${account}`
    const known = lanes.get(key)
    if (known !== undefined) return known
    const lane = createLane(() => (isLoopback(networks.get(network).node) ? 1 : OPEN_SENDS))
    lanes.set(key, lane)
    return lane
  }
  const ticket = () => {
    lastTicket += 1
    return lastTicket
  }

  // ---- Sessions.

  type Full = { readonly kind: 'full'; readonly session: SessionId }
  const attempt = async (request: SessionRequest, lane: Lane): Promise<InSession | Full> => {
    let last: SessionId | undefined
    let how: How = {}
    let isFresh = false
    for (let round = 0; round < ROUNDS; round += 1) {
      const decided = await deciding.decide(request, how)
      if (decided === undefined) return { kind: 'none' }
      if (decided.kind === 'verdict') {
        if (isFull(decided.verdict)) return { kind: 'full', session: decided.session }
        await deciding.pauseFor(decided.session, decided.verdict.reasons, request.calls)
        return { kind: decided.verdict.kind, reasons: decided.verdict.reasons, session: decided.session }
      }
      last = decided.session
      await sender.giveBackLate()
      if (__E2E__) await checkpoint('judged')
      const result = await ledger.hold(decided.proposal)
      if (result.kind === 'known') return answerOf(result.row)
      if (result.kind === 'nonce') {
        // Something else of this account may have been sent since it was read.
        const { network, account } = decided.proposal
        if (BigInt(result.next) >= BigInt(request.onlyAt ?? '0x0') || isFresh) return result
        nonces.forget(network, account)
        isFresh = true
        continue
      }
      if (result.kind !== 'held') {
        if (isFull(result)) return { kind: 'full', session: decided.session }
        if (decided.isKept) {
          // Others hold what the wide bounds wanted: a fresh estimate has the last word.
          how = { bounds: 'fresh' }
          continue
        }
        return { kind: result.kind, reasons: result.reasons, session: result.session }
      }
      const held = result.held as Held // A session's proposal is held as a session's.
      keptGas.held(held.row.id, decided.shape)
      const sent = await sender.signAndSend(held, lane, await nodes.of(held.row.network), {
        sign: () => sessionSignature(held),
        maySend: () => signer.maySend(held),
      })
      if (sent.kind === 'sent') return { kind: 'sent', hash: held.row.hash, session: decided.session }
      if (sent.kind === 'stopped') return pausedNow(decided.session)
      // Released, and decided afresh: what has changed is told by the next verdict.
    }
    return pausedNow(last)
  }
  const answerOf = (row: JournalRow): InSession => {
    // Held by a try that is still under way, or signed and kept back: it may never leave, and nobody can say.
    if (!mayBeOut(row) || row.parked === true) throw unsaid()
    if (row.end === 'rejected') throw nodeError('rpc', row.failure === undefined ? [] : [row.failure])
    return { kind: 'sent', hash: row.hash, ...(row.session === undefined ? {} : { session: row.session }) }
  }

  /** `undefined`: no session that a service pays for could be meant. */
  const bySponsor = async (
    request: SessionRequest,
  ): Promise<Exclude<InSession, { kind: 'none' }> | Full | undefined> => {
    const result = await sponsoring.execute(request)
    return result?.kind === 'ask' && isFull(result) ? { kind: 'full', session: result.session } : result
  }

  const roomIn = async (id: SessionId): Promise<void> => {
    const room = waitFor(roomWaiters, id)
    await Promise.race([room.done, needs.wait(ROOM_STEP_MS)])
    room.drop()
  }

  const inLane = async (request: SessionRequest): Promise<InSession> => {
    const { account, network } = request.session === undefined ? request : (sessions.get(request.session) ?? request)
    const lane = laneOf(network, account)
    const mine = ticket()
    const until = now() + ROOM_LASTS
    for (;;) {
      // Beside the lane: who waits for a service keeps no transaction of the account's own waiting.
      const sponsored = request.onlyAt === undefined ? await bySponsor(request) : undefined
      const isTried = sponsored === undefined || sponsored.kind === 'ask'
      const own = isTried ? await lane.run(mine, () => attempt(request, lane)) : sponsored
      const result = own.kind === 'none' ? (sponsored ?? own) : own
      if (result.kind !== 'full') return result
      if (now() >= until) return { kind: 'ask', reasons: [{ code: 'inFlight' }], session: result.session }
      await roomIn(result.session)
    }
  }

  const onceFor = async (request: SessionRequest): Promise<InSession> => {
    if (request.request !== undefined) {
      const row = await journal.ofRequest(request.origin, request.request)
      if (row?.outside !== undefined) return sponsoring.again(row)
      if (row !== undefined) return answerOf(row)
    }
    return inLane(request)
  }

  const sponsoring = createSponsoring({
    ...needs,
    deciding,
    sign: (held) => sessionSignature(held),
    maySend: (held) => signer.maySend(held),
  })

  /** By its own keys, or by the owner's where nothing of it is on chain. */
  const sessionSignature = async (held: Held): Promise<readonly Felt[]> => {
    if (held.session.backing === 'chain') return signer.session(held)
    const account = await needs.accounts.own(held.row.account)
    if (account === undefined) throw new Error('not an account of this wallet')
    return signer.owner(held, await signsAs(account, held.row.network, STATE_LASTS))
  }

  // ---- What a person approved.

  const signsAs = async (account: OwnAccount, network: NetworkId, age: Seconds = 0): Promise<SignsAs> => {
    const { kind, guardian } = await needs.accounts.state(account, network, age)
    if (guardian === '0x0') return { kind }
    const standing = guardianKey(account, guardian)
    if (standing === undefined) throw new Error('the second key on chain is not ours')
    return { kind, guardian: standing }
  }
  /** A deployment, and what sets the second key where ours is not, are signed by the owner alone, whatever is there. */
  const signsWork = async (
    { kind, purpose }: Pick<ApprovedWork, 'kind' | 'purpose'>,
    account: OwnAccount,
    network: NetworkId,
  ): Promise<SignsAs> => {
    if (kind === 'deploy') return { kind: accountKind(account.classHash) }
    if (!isByOwner(purpose)) return signsAs(account, network)
    return { kind: (await needs.accounts.state(account, network, 0)).kind }
  }

  const executeApproved = async (approved: Approved, work: ApprovedWork): Promise<JournalRow> => {
    const { network, account, tip = TIP } = work
    const lane = laneOf(network, account.address)
    const node = await nodes.of(network)
    return lane.run(ticket(), async () => {
      // Whether it is in a block by now is asked again.
      if (work.replaces !== undefined) nonces.forget(network, account.address)
      const by = await signsWork(work, account, network)
      for (let round = 0; round < ROUNDS; round += 1) {
        const bounds = readBounds(work.bounds)
        const { chainId } = networks.get(network)
        await sender.giveBackLate()
        const result = await ledger.hold({
          by: 'person',
          approved,
          network,
          account: account.address,
          kind: work.kind,
          calls: work.calls,
          bounds,
          tip,
          chainNonce: await nonces.chain(network, account.address, node),
          hashOf: (nonce) => personHash({ ...work, account: account.address, nonce, tip: u256(tip) }, account, chainId),
          ...(work.carries === undefined ? {} : { carries: work.carries }),
          ...(work.purpose === undefined ? {} : { purpose: work.purpose }),
          ...(work.onlyAt === undefined ? {} : { onlyAt: work.onlyAt }),
          ...(work.replaces === undefined ? {} : { replaces: work.replaces }),
          ...(work.origin === undefined ? {} : { origin: work.origin }),
          ...(work.request === undefined ? {} : { request: work.request }),
        })
        if (result.kind === 'known') {
          const { row } = result
          if (row.end === 'rejected') throw nodeError('rpc', row.failure === undefined ? [] : [row.failure])
          if (row.parked === true) throw unsaid()
          // The same yes, asked twice at once: the other's end is this one's too.
          const twin = await sender.busy(row.id)
          if (twin === 'not') continue
          if (twin === undefined && row.status === 'held') throw unsaid()
          return row
        }
        const held = result.held as HeldForPerson // A person's proposal is held as a person's.
        const sent = await sender
          .signAndSend(held, lane, node, { sign: () => signer.person(held, by), maySend: () => true })
          .catch(async (error: unknown) => {
            // Not taken: the one before is the only one that is out.
            if (work.replaces !== undefined && (isNotNow(error) || (isNodeError(error) && error.reason === 'rpc'))) {
              await journal.sent(work.replaces, now())
              lane.filled(BigInt(held.row.nonce))
            }
            throw error
          })
        if (sent.kind === 'sent') return held.row
      }
      throw nodeError('silent', ['nonce'])
    })
  }

  /** Resolves when the row is settled. @throws NodeError `silent` when it is not sent again: nobody can say */
  const ended = async (row: JournalRow): Promise<JournalRow> => {
    const waiting = waitFor(rowWaiters, row.id)
    try {
      const current = await journal.get(row.id)
      if (current === undefined) throw new Error('a row that is gone')
      const end = current.status === 'settled' || current.parked === true ? current : await waiting.done
      if (end.status !== 'settled') throw unsaid()
      return end
    } finally {
      waiting.drop()
    }
  }

  const callsOf = async (account: OwnAccount, network: NetworkId, step: OwnStep): Promise<readonly Call[]> => {
    const { kind, guardian } = await needs.accounts.state(account, network, STATE_LASTS)
    // Once it has left, it would let every session live again that it had signed (argent-sessions.md 4).
    if (SETS_KEY.includes(step) && account.guardian.stood?.includes(network) && guardian !== account.guardian.publicKey)
      throw new Error('this second key has stood here before')
    const standing = guardianKey(account, guardian)
    return stepCalls(step, { account, kind, ...(standing === undefined ? {} : { standing }) })
  }

  const isRevoked = async (session: StoredSession): Promise<boolean> => {
    if (session.chain === undefined) return false
    return isDead({ address: session.account }, session.network, session.chain.sessionHash)
  }
  const isDead = async ({ address }: Pick<OwnAccount, 'address'>, network: NetworkId, hash: Felt) => {
    const node = await nodes.of(network)
    const [answer] = await node.call(isSessionRevokedCall(address, hash))
    return answer === '0x1'
  }

  /** Who asks while another does is asking for the same. */
  const revoking = new Map<SessionId, Promise<{ readonly hash: Felt } | undefined>>()
  const revokeOnce = async (
    session: StoredSession,
    approved: Approved,
  ): Promise<{ readonly hash: Felt } | undefined> => {
    if (session.chain === undefined) return undefined
    const { network, account: address, createdAt: from } = session
    // Signed by a worker that died: it is on its way, and its price would be asked of a chain that may have it already.
    const before = (await journal.list({ network, account: address, from })).find((it) => isRevocation(it, session))
    const by = before === undefined ? undefined : { hash: before.hash }
    if (by !== undefined && before?.status !== 'settled') {
      await sessions.onChain(session.id, { state: 'sent', ...by })
      return by
    }
    if (await isRevoked(session)) {
      await sessions.onChain(session.id, { state: 'done', ...by })
      return by
    }
    const account = await needs.accounts.own(session.account)
    if (account === undefined) throw new Error('not an account of this wallet')
    const calls = [revokeSessionCall(session.account, session.chain.sessionHash)]
    const node = await nodes.of(network)
    const { kind } = await needs.accounts.state(account, network, STATE_LASTS)
    const signature = placeholderSignature(kind, true)
    const estimate = await deciding.estimate({ node, network, account: session.account, calls, signature })
    const committed = boundsFor(estimate, { by: 'ownerAndGuardian', calls: 1 })
    // A site may ask for it, and nobody is shown its fee.
    if (committedMaximum(committed, TIP) > BigInt(DEFAULTS.feePerTx)) throw feeTooHigh()
    const bounds = storedBounds(committed)
    const row = await executeApproved(approved, {
      network,
      account,
      kind: 'invoke',
      purpose: 'revoke',
      calls,
      bounds,
    })
    if (__E2E__) await checkpoint('told')
    await sessions.onChain(session.id, { state: 'sent', hash: row.hash })
    if (__E2E__) await checkpoint('toldStored')
    return { hash: row.hash }
  }

  /** The chain's answer, after the transaction that revokes has ended. */
  const revocationEnded = async (row: JournalRow): Promise<void> => {
    const revoked = row.calls[0]?.calldata[0]
    const session = sessions.list({ account: row.account }).find(({ chain }) => chain?.sessionHash === revoked)
    if (session === undefined) return
    const done = row.end === 'accepted' && (await isRevoked(session))
    if (__E2E__) await checkpoint('heard')
    await sessions.onChain(session.id, { state: done ? 'done' : 'failed', hash: row.hash })
  }

  /** Also one that another worker had sent: the account is another one now, and a key that was set has stood. */
  const stepEnded = async ({ account: address, network, purpose, calls }: JournalRow): Promise<void> => {
    if (purpose === 'setup' || purpose === 'revoke') return
    needs.accounts.forget(address, network)
    const account = await needs.accounts.own(address)
    if (account !== undefined && calls.some(({ calldata }) => calldata.includes(account.guardian.publicKey)))
      await needs.accounts.stood(address, network)
  }

  /** What was signed before, in this worker's life or another: only if the answer would be the same today. */
  const sendAgain = async (row: JournalRow, node: Node, lane: Lane): Promise<boolean> => {
    if (sender.busy(row.id) !== undefined) return true
    const giveUp = async () => {
      await sender.park(row, lane)
      return false
    }
    try {
      if (row.session === undefined) {
        // Its bytes came with a request, and go with the worker that had them.
        if (row.carries !== undefined && !loads.has(loadKey(row.carries))) return await giveUp()
        const again = await ledger.againForPerson(row.id, YES_LASTS)
        if (again === undefined) return await giveUp()
        const account = await needs.accounts.own(row.account)
        if (account === undefined) return await giveUp()
        const signature = await signer.person(again, await signsWork(row, account, row.network))
        return await sender.repeat(row, signature, node, lane, () => true)
      }
      const { origin, network, account, session } = row
      if (origin === undefined) return await giveUp()
      const asked = { origin, network, account, calls: askedCalls(row), session }
      const decided = await deciding.decide(asked, { without: row.id })
      if (decided?.kind !== 'auto') return await giveUp()
      const again = await ledger.againInSession(row.id, decided.proposal)
      if (again === undefined) return await giveUp()
      const signature = await sessionSignature(again)
      return await sender.repeat(row, signature, node, lane, () => signer.maySend(again))
    } catch (error) {
      if (isNotNow(error)) return giveUp()
      if (isNodeError(error) || isStorageError(error) || isTampered(error)) throw error
      // Whatever makes it unsignable today, it must not stand before every other row of the account.
      needs.report(error)
      return giveUp()
    }
  }

  return {
    signsAs,
    executeInSession: (request) => {
      const { origin } = request
      const key = request.request === undefined ? undefined : `${origin} ${request.request}`
      const same = key === undefined ? undefined : running.get(key)
      if (same !== undefined) return same
      const waiting = waitingOf.get(origin) ?? 0
      if (waiting >= WAITING_PER_ORIGIN) return Promise.resolve({ kind: 'ask', reasons: [{ code: 'inFlight' }] })
      waitingOf.set(origin, waiting + 1)
      // Entered before anything is awaited: a twin of the request finds it.
      const work = onceFor(request).finally(() => {
        waitingOf.set(origin, (waitingOf.get(origin) ?? 1) - 1)
        if (key !== undefined) running.delete(key)
      })
      if (key !== undefined) running.set(key, work)
      return work
    },
    check: async (request) => {
      const sponsored = await sponsoring.check(request)
      if (sponsored?.verdict.kind === 'auto') return sponsored
      const decided = await deciding.decide(request, { head: 'now' })
      return decided === undefined ? sponsored : { verdict: decided.verdict, session: decided.session }
    },
    nextNonce: async (network, account) => {
      const node = await nodes.of(network)
      nonces.forget(network, account)
      return felt(nextNonce(await nonces.chain(network, account, node), await journal.open({ network, account })))
    },
    executeApproved: async (approved, work) => ({ hash: (await executeApproved(approved, work)).hash }),
    estimateSteps: async ({ network, account, steps, setups = [], calls }) => {
      const node = await nodes.of(network)
      const { kind, guardian } = await needs.accounts.state(account, network, STATE_LASTS)
      const standing = guardianKey(account, guardian)
      const { address: sender, classHash, ownerPublicKey } = account
      const asked: readonly OwnStep[] = steps
      const first = asked.includes('deploy') ? 0n : BigInt((await node.nonce(sender)) ?? '0x0')
      const withGuardian =
        asked.includes('enable') || (steps.length === 0 && (await signsAs(account, network)).guardian !== undefined)
      const bothSign = (step: OwnStep) => standing !== undefined && step !== 'deploy' && !isByOwner(step)
      const signings: Signing[] = steps.map((step) => ({
        by: bothSign(step) ? 'ownerAndGuardian' : 'owner',
        calls: step === 'deploy' ? 0 : 1,
      }))
      // The key that will be set is made when the person says yes; what it costs to set one is the same.
      const anyKey = { publicKey: felt(1), generation: (standing?.generation ?? 0) + 1 }
      const by = { account: { ...account, guardian: anyKey }, kind, ...(standing === undefined ? {} : { standing }) }
      const bodies: Body[] = steps.map((step, at) => {
        const signature = placeholderSignature(kind, bothSign(step))
        const more = { nonce: felt(first + BigInt(at)), tip: TIP, bounds: NO_BOUNDS, signature }
        return step === 'deploy'
          ? deployAccountBody({ classHash, ownerPublicKey, ...more })
          : invokeBody({ sender, calls: stepCalls(step, by), ...more })
      })
      const own = setups.map((it) => it.calls ?? [])
      for (const some of calls === undefined ? own : [...own, calls]) {
        signings.push({ by: withGuardian ? 'ownerAndGuardian' : 'owner', calls: some.length })
        const last = placeholderSignature(kind, withGuardian)
        const nonce = felt(first + BigInt(bodies.length))
        bodies.push(invokeBody({ sender, calls: some, nonce, tip: TIP, bounds: NO_BOUNDS, signature: last }))
      }
      const estimates = await node.estimate(bodies)
      const bounds = signings.map((signing, at) => storedBounds(boundsFor(estimates[at]!, signing)))
      return {
        steps: [
          ...steps.map((step, at) => ({ step, bounds: bounds[at]! })),
          ...setups.map((it, at) => ({ ...it, step: 'setup' as const, bounds: bounds[steps.length + at]! })),
        ],
        ...(calls === undefined ? {} : { calls: bounds.at(-1)! }),
      }
    },
    bring: (carries, load) => {
      const key = loadKey(carries)
      loads.set(key, { load, users: (loads.get(key)?.users ?? 0) + 1 })
      return () => {
        const known = loads.get(key)
        if (known === undefined) return
        if (known.users === 1) loads.delete(key)
        else loads.set(key, { ...known, users: known.users - 1 })
      }
    },
    trial: async ({ network, account, calls, chosen = { tip: TIP }, deploys = false, carries }) => {
      const node = await nodes.of(network)
      const { kind, guardian }: SignsAs = deploys
        ? { kind: accountKind(account.classHash) }
        : await signsAs(account, network)
      const { tip } = chosen
      const signature = placeholderSignature(kind, guardian !== undefined)
      const nonce = deploys ? felt(1) : ((await node.nonce(account.address)) ?? felt(0))
      const parts = { account: account.address, calls, nonce, tip: u256(tip), bounds: storedBounds(NO_BOUNDS) }
      const load = carries && loads.get(loadKey(carries))?.load
      if (carries !== undefined && load === undefined) throw nodeError('silent', ['gone'])
      const body =
        carries === undefined
          ? invokeBody({ sender: account.address, calls, nonce, tip, bounds: NO_BOUNDS, signature })
          : carryingBody(parts, carries, load, signature)
      const { classHash, ownerPublicKey } = account
      const first = { classHash, ownerPublicKey, nonce: felt(0), tip: TIP, bounds: NO_BOUNDS, signature }
      const by = guardian ? 'ownerAndGuardian' : 'owner'
      if (carries?.kind === 'class') {
        const estimates = await node.estimate([...(deploys ? [deployAccountBody(first)] : []), body])
        return priced(estimates.at(-1)!, { by, calls: 0 }, chosen)
      }
      return preflight.trial(node, body, account.address, {
        signing: { by, calls: calls.length },
        chosen,
        after: deploys ? [deployAccountBody(first)] : [],
      })
    },
    runSteps: async ({ network, account, steps, approved, origin, request }, onStep) => {
      for (const planned of steps) {
        const { step, bounds } = planned
        let row: JournalRow | undefined
        try {
          row = await executeApproved(approved, {
            network,
            account,
            kind: step === 'deploy' ? 'deploy' : 'invoke',
            purpose: step,
            calls: step === 'setup' ? (planned.calls ?? []) : await callsOf(account, network, step),
            bounds,
            ...(origin === undefined ? {} : { origin }),
            ...(request === undefined ? {} : { request }),
          })
        } catch (error) {
          // Refused by the node is a failed step; silence is not: the hold stays and the node's error is told.
          if (!isNodeError(error) || error.reason !== 'rpc') throw error
          throw stepFailed(step, error.words)
        }
        await onStep(planned, 'sent', row.hash)
        if (__E2E__) await checkpoint('stepSent')
        const end = await ended(row)
        if (__E2E__) await checkpoint('stepEnded')
        needs.accounts.forget(account.address, network)
        nonces.forget(network, account.address)
        preflight.forgetClass(network, account.address)
        if (end.end !== 'accepted') throw stepFailed(step, end.failure === undefined ? [] : [end.failure], end.hash)
        await onStep(planned, 'done', row.hash)
      }
    },
    revokeOnChain: (session, approved) => {
      const same = revoking.get(session.id)
      if (same !== undefined) return same
      const work = revokeOnce(session, approved).finally(() => revoking.delete(session.id))
      revoking.set(session.id, work)
      return work
    },
    isRevoked,
    isDead: async (account, network, hash) => {
      const { classHash, kind } = await needs.accounts.state(account, network, STATE_LASTS)
      return classHash !== undefined && hasSessions(kind) && isDead(account, network, hash)
    },
    resend: async (row) => {
      const node = await nodes.of(row.network)
      const lane = laneOf(row.network, row.account)
      return lane.run(ticket(), () => sendAgain(row, node, lane))
    },
    beforeAll: (network, account, work) => {
      const lane = laneOf(network, account)
      return lane.alone(() => work(async (row) => sendAgain(row, await nodes.of(network), lane)))
    },
    warm: deciding.warm,
    isBusy: (id) => sender.busy(id) !== undefined || sponsoring.isBusy(id),
    settled: (row) => {
      wake(rowWaiters, row.id, row)
      if (row.session !== undefined) wake(roomWaiters, row.session, undefined)
      // Only now `latest` has what it did to allowances: its own session's too, for what was read since it was sent.
      if (row.end !== 'released') preflight.settled(row.network, row.account)
      if (row.end === 'dropped') nonces.forget(row.network, row.account)
      if (row.end === 'accepted' && row.purpose !== undefined) stepEnded(row).catch(needs.report)
      // Given back unsigned it has not ended: the chain is still to be told.
      if (row.purpose === 'revoke' && row.end !== 'released') revocationEnded(row).catch(needs.report)
    },
  }
}

const loadKey = (carries: Carried) => (carries.kind === 'class' ? carries.classHash : carries.digest)

/** Only that others of the session are under way: it waits for room. */
function isFull(verdict: { readonly kind: string; readonly reasons: readonly Reason[] }): boolean {
  return (
    verdict.kind === 'ask' && verdict.reasons.length > 0 && verdict.reasons.every(({ code }) => code === 'inFlight')
  )
}

const SETS_KEY: readonly OwnStep[] = ['enable', 'rotate', 'takeOver']
/** What the account takes from its owner alone. */
function isByOwner(purpose: Purpose | undefined): boolean {
  return purpose === 'enable' || purpose === 'takeOver' || purpose === 'finish'
}

/** It may be what the chain knows of the end. */
function isRevocation(row: JournalRow, { chain }: StoredSession): boolean {
  const mayHold = mayBeOut(row) && row.parked !== true && (row.end === undefined || row.end === 'accepted')
  return row.purpose === 'revoke' && mayHold && row.calls[0]?.calldata[0] === chain?.sessionHash
}

function pausedNow(session: SessionId | undefined): InSession {
  return { kind: 'ask', reasons: [{ code: 'paused' }], ...(session === undefined ? {} : { session }) }
}
