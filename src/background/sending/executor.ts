/**
 * hold → sign → send → settle, for sessions and for what a person approved (architecture.md 4). Nothing is signed without a
 * durable hold, nothing is sent without a durable record of the signature, and one request has one hash for ever.
 */
import { STRK } from '../../core/account.ts'
import { type Address, type Felt, felt } from '../../core/felt.ts'
import { DEFAULTS } from '../../core/policy/defaults.ts'
import { chooseSession, type Facts, mustSimulate } from '../../core/policy/evaluate.ts'
import type { Call, Origin, Reason, SessionId, Verdict } from '../../core/policy/policy.ts'
import { codeOf } from '../../core/policy/standing.ts'
import type { SetupStep } from '../../core/protocol/session-info.ts'
import type {
  AccountRecord,
  JournalRow,
  NetworkId,
  PlannedStep,
  StoredBounds,
  StoredSession,
  Trial,
} from '../../core/records.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { mayBeOut } from '../../core/transaction.ts'
import { isStorageError, isTampered } from '../../platform/database.ts'
import {
  type Attempt,
  type Body,
  deployAttempt,
  type Estimate,
  invokeAttempt,
  isNodeError,
  type Node,
  type NodeError,
  type Nodes,
  nodeError,
  REPEATS,
  RPC,
} from '../../platform/node.ts'
import {
  ARGENT_0_5_0,
  accountKind,
  hasSessions,
  isSessionRevokedCall,
  placeholderSignature,
  revokeSessionCall,
  setGuardianCall,
} from '../../starknet/accounts.ts'
import { deployAccountBody, deployAccountHash } from '../../starknet/deploy.ts'
import { type Bounds, committedMaximum, invokeBody, invokeHash } from '../../starknet/invoke.ts'
import { methodKey, placeholderToken, type Signing } from '../../starknet/session-token.ts'
import { feeTooHigh, isNotNow, stepFailed } from '../failures.ts'
import type { Approved } from '../keys/approved.ts'
import { invokeParts, type Signer, sessionTree } from '../keys/signer.ts'
import type { Accounts } from '../owners/accounts.ts'
import type { History } from '../owners/history.ts'
import { isLoopback, type Networks } from '../owners/networks.ts'
import type { Sessions } from '../owners/sessions.ts'
import { boundsFor, NO_BOUNDS, readBounds, storedBounds, TIP } from './fees.ts'
import { holdsOf, type Journal, unsaid } from './journal.ts'
import { createLane, type Lane } from './lane.ts'
import type { Held, HeldForPerson, Ledger, SessionProposal, SessionState } from './ledger.ts'
import type { Nonces } from './nonces.ts'
import type { Preflight, Simulated } from './preflight.ts'

export interface SessionRequest {
  readonly origin: Origin
  /** The page's request id. */
  readonly request?: string
  readonly network: NetworkId
  readonly account: Address
  readonly calls: readonly Call[]
  /** That session only, on its own account and network. */
  readonly session?: SessionId
}
export type InSession =
  /** `session` is absent where a person had said yes to this very request. */
  | { readonly kind: 'sent'; readonly hash: Felt; readonly session?: SessionId }
  | { readonly kind: 'ask' | 'refuse'; readonly reasons: readonly Reason[]; readonly session?: SessionId }
  /** No session of this site could be meant. */
  | { readonly kind: 'none' }

export interface ApprovedWork {
  readonly network: NetworkId
  readonly account: AccountRecord
  readonly origin?: Origin
  readonly request?: string
  readonly kind: 'invoke' | 'deploy'
  readonly purpose?: SetupStep | 'revoke'
  /** Of a step or a revocation the wallet makes the call itself. */
  readonly calls: readonly Call[]
  /** What the person saw is what is signed. */
  readonly bounds: StoredBounds
}
export interface StepsWork {
  readonly network: NetworkId
  readonly account: AccountRecord
  readonly steps: readonly PlannedStep[]
  readonly approved: Approved
  readonly origin?: Origin
  readonly request?: string
}
export interface Executor {
  /** @throws NodeError: nothing was sent, or nobody knows and the hold stays; StorageError: nothing was signed */
  executeInSession(request: SessionRequest): Promise<InSession>
  /** The decision without hold, prompt or counter; the trial run and the fee are real. @throws NodeError */
  check(request: SessionRequest): Promise<{ readonly verdict: Verdict; readonly session?: SessionId } | undefined>
  /** @throws NodeError, NotNow `locked`; nothing was signed unless the hold stays */
  executeApproved(approved: Approved, work: ApprovedWork): Promise<{ readonly hash: Felt }>
  /** Bounds for a whole chain of transactions that are not sent yet; `calls` come after the steps. @throws NodeError */
  estimateSteps(work: {
    readonly network: NetworkId
    readonly account: AccountRecord
    readonly steps: readonly SetupStep[]
    readonly calls?: readonly Call[]
  }): Promise<{ readonly steps: readonly PlannedStep[]; readonly calls?: StoredBounds }>
  /** For an ordinary transaction's screen. @throws NodeError */
  trial(work: {
    readonly network: NetworkId
    readonly account: AccountRecord
    readonly calls: readonly Call[]
  }): Promise<Trial>
  /** Each sent when the one before has succeeded on L2. @throws StepFailed */
  runSteps(
    work: StepsWork,
    onStep: (step: SetupStep, state: StepState, hash: Felt) => void | Promise<void>,
  ): Promise<void>
  /** `undefined`: the chain says that it is revoked already. @throws NodeError, NotNow, FeeTooHigh: still wanted */
  revokeOnChain(session: StoredSession, approved: Approved): Promise<{ readonly hash: Felt } | undefined>
  isRevoked(session: StoredSession): Promise<boolean>
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
  /** The ledger settled a row. */
  settled(row: JournalRow): void
}
export type StepState = 'sent' | 'done'

export interface ExecutorNeeds {
  readonly ledger: Ledger
  readonly journal: Journal
  readonly nodes: Nodes
  readonly nonces: Nonces
  readonly preflight: Preflight
  readonly signer: Signer
  readonly sessions: Pick<Sessions, 'get' | 'list' | 'live' | 'onChain' | 'pause'>
  readonly accounts: Pick<Accounts, 'all' | 'state' | 'forget'>
  readonly networks: Pick<Networks, 'get' | 'clock' | 'sawBlock'>
  readonly history: Pick<History, 'add'>
  readonly isUnlocked: () => boolean
  readonly lastWall: () => Promise<UnixSeconds | undefined>
  readonly now: () => UnixSeconds
  readonly wait: (ms: number) => Promise<void>
  /** A row is out, or may be: follow it. */
  readonly onSent: (row: JournalRow) => void
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
/** The lane waits so long for the transaction before, when a node takes nonces strictly one by one, ms. */
const PREDECESSOR: readonly number[] = [200, 300, 500, 1_000, 1_000, 2_000, 2_000, 4_000, 4_000, 8_000, 8_000]
/** A person's yes is good for sending again so long (architecture.md 5). */
const YES_LASTS = 600
const STALE_BLOCK = 10

/** Refusals of `starknet_add*` that say that this transaction was not taken; every other answer leaves it open. */
const REFUSALS: readonly number[] = [-32602, 52, 53, 54, 55, 56, 57, 58, 61, 64, 65, 69]
const VALIDATION_FAILED = 55

export function createExecutor(needs: ExecutorNeeds): Executor {
  const { ledger, journal, nodes, nonces, preflight, signer, sessions, networks, now } = needs
  const lanes = new Map<string, Lane>()
  const running = new Map<string, Promise<InSession>>()
  const waitingOf = new Map<Origin, number>()
  /** By row: how the try that is under way here ends. */
  const busy = new Map<string, Promise<'sent' | 'not'>>()
  const rowWaiters: Waiters<string, JournalRow> = new Map()
  const roomWaiters: Waiters<SessionId, void> = new Map()
  const sawBlockAt = new Map<NetworkId, UnixSeconds>()
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

  // ---- What the decision needs.

  const factsOf =
    (state: SessionState, own: readonly Address[], more: Pick<Facts, 'liveAllowance' | 'reverts'>) =>
    (calls: readonly Call[], at: UnixSeconds, assumed: boolean, simulation: Facts['simulation']): Facts => {
      const { session } = state
      const { genesis } = networks.get(session.network)
      return {
        ownAccounts: own,
        unlocked: needs.isUnlocked(),
        workingSet: signer.hasKeys(session),
        ...(genesis === undefined ? {} : { genesis: genesis.hash }),
        // Judged again inside the hold's transaction.
        clockWrong: false,
        classes: preflight.classes(session, calls, at, assumed),
        simulation,
        ...more,
      }
    }

  interface Found {
    readonly state: SessionState
    readonly facts: ReturnType<typeof factsOf>
  }

  /** `without`: a row whose own hold does not count, because it is what the question is about. */
  const candidates = async (request: SessionRequest, without?: string): Promise<readonly Found[]> => {
    const { origin, account, network } = request
    const hinted = request.session === undefined ? undefined : sessions.get(request.session)
    const all =
      request.session === undefined
        ? sessions.live(origin, account, network)
        : hinted?.origin === origin
          ? [hinted]
          : []
    if (all.length === 0) return []
    const own = (await needs.accounts.all()).map(({ address }) => address)
    const found: Found[] = []
    for (const { id } of all) {
      const stored = await ledger.state(id)
      if (stored === undefined) continue
      const state = { ...stored, open: stored.open.filter((row) => row.id !== without) }
      const reverts = await ledger.reverts(id)
      found.push({ state, facts: factsOf(state, own, { liveAllowance: false, reverts }) })
    }
    return found
  }

  const judge = (
    found: readonly Found[],
    request: SessionRequest,
    clock: { readonly now: UnixSeconds; readonly wrong: boolean },
    fee: bigint,
    facts: (it: Found) => Facts,
  ) =>
    chooseSession(
      found.map((it) => ({
        session: it.state.session,
        book: it.state.book,
        open: holdsOf(it.state.open),
        facts: { ...facts(it), clockWrong: clock.wrong },
        found: it,
      })),
      {
        origin: request.origin,
        chainId: found[0]!.state.session.chainId,
        // A hint names a session, and with it the account.
        account: request.session === undefined ? request.account : found[0]!.state.session.account,
        calls: request.calls,
        fee: { token: STRK, max: fee, tipPerGas: TIP },
        unsupported: [],
      },
      clock.now,
    )

  type Decided =
    | { readonly kind: 'verdict'; readonly verdict: Exclude<Verdict, { kind: 'auto' }>; readonly session: SessionId }
    | {
        readonly kind: 'auto'
        readonly verdict: Verdict
        readonly session: SessionId
        readonly proposal: SessionProposal
      }

  const clockOf = async (network: NetworkId) => networks.clock(network, await needs.lastWall())

  /**
   * Without any lock. The first pass asks no node, so that nothing of a refused call reaches one; then the session that would
   * sign is judged on what the node says, and if it would not after all, the next one.
   */
  const decide = async (request: SessionRequest, without?: string): Promise<Decided | undefined> => {
    let left = await candidates(request, without)
    let refused: Decided | undefined
    while (left.length > 0) {
      const clock = await clockOf(left[0]!.state.session.network)
      const first = judge(left, request, clock, 0n, (it) => it.facts(request.calls, clock.now, true, 'later'))!
      const { found } = first.chosen
      if (first.verdict.kind !== 'auto') {
        return refused ?? { kind: 'verdict', verdict: first.verdict, session: found.state.session.id }
      }
      const decided = await decideFor(found, request)
      if (decided.kind === 'auto') return decided
      refused ??= decided
      left = left.filter((it) => it !== found)
    }
    return refused
  }

  const decideFor = async (found: Found, request: SessionRequest): Promise<Decided> => {
    const { session, book } = found.state
    const { network } = session
    const node = await nodes.of(network)
    const [block, classes, live, estimated] = await Promise.allSettled([
      seeBlock(network, node),
      preflight.readClasses(session, request.calls, node),
      preflight.liveAllowance(session),
      estimateInSession(node, session, request.calls),
    ] as const)
    if (block.status === 'rejected') throw block.reason
    if (classes.status === 'rejected') throw classes.reason
    if (live.status === 'rejected') throw live.reason
    let simulation: Simulated['result'] | undefined
    let bounds: Bounds | undefined
    if (estimated.status === 'fulfilled') {
      bounds = estimated.value.bounds
      if (mustSimulate(session, book, { liveAllowance: live.value })) {
        simulation = (await preflight.simulate(node, estimated.value.body, session.account)).result
      }
    } else {
      const { reason } = estimated
      if (!isNodeError(reason) || reason.rpcCode !== RPC.executionError) throw reason
      const words = reason.words.join(', ')
      simulation = (at) => ({ ok: false, at, words })
    }
    const facts = (at: UnixSeconds): Facts => ({
      ...found.facts(request.calls, at, false, simulation === undefined ? 'none' : simulation(at)),
      liveAllowance: live.value,
    })
    const clock = await clockOf(network)
    const fee = bounds === undefined ? 0n : committedMaximum(bounds, TIP)
    const { verdict } = judge([found], request, clock, fee, () => facts(clock.now))!
    if (verdict.kind !== 'auto') return { kind: 'verdict', verdict, session: session.id }
    if (bounds === undefined) return { kind: 'verdict', verdict: failedTrial, session: session.id }
    const proposal: SessionProposal = {
      by: 'session',
      session: session.id,
      network,
      chainId: session.chainId,
      account: session.account,
      origin: request.origin,
      calls: request.calls,
      bounds,
      tip: TIP,
      feeToken: STRK,
      chainNonce: await nonces.chain(network, session.account, node),
      facts,
      ...(request.request === undefined ? {} : { request: request.request }),
    }
    return { kind: 'auto', verdict, session: session.id, proposal }
  }

  /** Code that changed, and clocks that disagree, stop the session until a person looks (policy.md 5.1, step 4). */
  const pauseFor = async (id: SessionId, reasons: readonly Reason[], calls: readonly Call[]): Promise<void> => {
    const session = sessions.get(id)
    if (session?.state !== 'active') return
    if (reasons.some(({ code }) => code === 'clock')) await sessions.pause(id, 'clock')
    if (!reasons.some(({ code }) => code === 'codeChanged')) return
    const { now: at } = await clockOf(session.network)
    const classes = preflight.classes(session, calls, at, false)
    const { changed } = codeOf(session, calls, classes, at)
    if (changed.length === 0) return
    const upgraded = classes[session.account]?.classHash === ARGENT_0_5_0
    await sessions.pause(id, changed.includes(session.account) && !upgraded ? 'accountChanged' : 'codeChanged')
  }

  const seeBlock = async (network: NetworkId, node: Node): Promise<void> => {
    const age = now() - (sawBlockAt.get(network) ?? 0)
    if (age >= 0 && age < STALE_BLOCK && !isLoopback(node.url)) return
    const { at } = await node.lastBlock()
    sawBlockAt.set(network, now())
    await networks.sawBlock(network, at)
  }

  /** At the nonce read there; when a transaction of ours got in between, once more. */
  const estimateInSession = async (node: Node, session: StoredSession, calls: readonly Call[]) => {
    const { chain } = session
    if (chain === undefined) throw new Error('not a session on chain')
    const tree = sessionTree(session, chain)
    const proofLengths = calls.map(({ to, selector }) => tree.proofs.get(methodKey(to, selector))?.length ?? 0)
    const signature = placeholderToken({ expiresAt: chain.expiresAt, proofLengths })
    const proofFelts = proofLengths.reduce((sum, length) => sum + length, 0)
    const { body, estimate } = await estimateAt(node, session.network, session.account, calls, signature)
    return { body, bounds: boundsFor(estimate, { by: 'session', calls: calls.length, proofFelts }) }
  }

  const estimateAt = async (
    node: Node,
    network: NetworkId,
    account: Address,
    calls: readonly Call[],
    signature: readonly Felt[],
  ): Promise<{ readonly body: Body; readonly estimate: Estimate }> => {
    let tried: Felt | undefined
    for (;;) {
      const nonce: Felt = tried === undefined ? felt(await nonces.chain(network, account, node)) : tried
      const body = invokeBody({ sender: account, calls, nonce, tip: TIP, bounds: NO_BOUNDS, signature })
      try {
        const [estimate] = await node.estimate([body])
        if (estimate === undefined) throw nodeError('garbage', ['starknet_estimateFee'])
        return { body, estimate }
      } catch (error) {
        if (!isNodeError(error) || error.rpcCode !== RPC.executionError) throw error
        // Its nonce may be the reason: a node that is strict takes only the account's own. The same one again would say no more.
        const read = (await node.nonce(account)) ?? felt(0)
        if (read === nonce) throw error
        nonces.forget(network, account)
        tried = read
      }
    }
  }

  // ---- Sessions.

  type Full = { readonly kind: 'full'; readonly session: SessionId }
  const attempt = async (request: SessionRequest, lane: Lane): Promise<InSession | Full> => {
    let last: SessionId | undefined
    for (let round = 0; round < ROUNDS; round += 1) {
      const decided = await decide(request)
      if (decided === undefined) return { kind: 'none' }
      if (decided.kind === 'verdict') {
        if (isFull(decided.verdict)) return { kind: 'full', session: decided.session }
        await pauseFor(decided.session, decided.verdict.reasons, request.calls)
        return { kind: decided.verdict.kind, reasons: decided.verdict.reasons, session: decided.session }
      }
      last = decided.session
      const result = await ledger.hold(decided.proposal)
      if (result.kind === 'known') return answerOf(result.row)
      if (result.kind !== 'held') {
        if (isFull(result)) return { kind: 'full', session: decided.session }
        return { kind: result.kind, reasons: result.reasons, session: result.session }
      }
      const held = result.held as Held // A session's proposal is held as a session's.
      const sent = await signAndSend(held, lane, await nodes.of(held.row.network), {
        sign: () => signer.session(held),
        maySend: () => signer.maySend(held),
      })
      if (sent.kind === 'sent') return { kind: 'sent', hash: held.row.hash, session: decided.session }
      if (sent.kind === 'stopped') return pausedNow(decided.session)
      // Released, and decided afresh: what has changed is told by the next verdict.
    }
    return pausedNow(last)
  }

  /**
   * The part in nonce order. `again`: given back unsigned, decide afresh. `stopped`: signed, and stopped before it left.
   */
  const signAndSend = async (
    held: Held | HeldForPerson,
    lane: Lane,
    node: Node,
    by: { readonly sign: () => Promise<readonly Felt[]>; readonly maySend: () => boolean },
  ): Promise<{ readonly kind: 'sent' | 'again' | 'stopped' }> => {
    const { row } = held
    const nonce = BigInt(row.nonce)
    lane.filled(nonce)
    const turn = lane.next()
    let sending: Promise<'sent' | 'stopped'> | undefined
    let over: (how: 'sent' | 'not') => void = () => {}
    busy.set(
      row.id,
      new Promise((resolve) => {
        over = resolve
      }),
    )
    const notBusy = (how: 'sent' | 'not') => {
      busy.delete(row.id)
      over(how)
    }
    try {
      await turn.ready
      const giveBack = async () => {
        await ledger.release(row.id)
        lane.freed(nonce)
      }
      if (lane.hasGapBelow(nonce)) {
        await giveBack()
        return { kind: 'again' }
      }
      let signature: readonly Felt[]
      try {
        signature = await by.sign()
      } catch (error) {
        await giveBack()
        if (isNotNow(error) && held.by === 'session') return { kind: 'again' }
        throw error
      }
      // Strict, and before anything leaves. Without a row to sign it was released meanwhile: the signature is forgotten.
      if ((await journal.signed(row.id)) === undefined) {
        lane.freed(nonce)
        return { kind: 'again' }
      }
      sending = send({ ...row, status: 'signed' }, signature, node, lane, by.maySend)
    } finally {
      turn.done()
      if (sending === undefined) notBusy('not')
    }
    let how: 'sent' | 'stopped' | undefined
    try {
      how = await sending
      return { kind: how }
    } finally {
      notBusy(how === 'sent' ? 'sent' : 'not')
    }
  }

  const send = async (
    row: JournalRow,
    signature: readonly Felt[],
    node: Node,
    lane: Lane,
    maySend: () => boolean,
    triesBefore = 0,
  ): Promise<'sent' | 'stopped'> => {
    const body = await bodyOf(row, signature)
    const bytes = row.kind === 'deploy' ? deployAttempt(body) : invokeAttempt(body)
    let unanswered = triesBefore
    for (;;) {
      const outcome = await tryOnce(row, bytes, node, maySend)
      if (outcome.kind === 'stopped') {
        // After a try somebody may have it, so it stays held; its nonce goes to the next one, and one of the two lands.
        await park(row, lane)
        needs.onSent(row)
        return 'stopped'
      }
      if (outcome.kind === 'accepted') {
        accepted(row)
        return 'sent'
      }
      if (outcome.kind === 'refused' && unanswered === 0) {
        await ledger.settle(row.id, { end: 'rejected', failure: outcome.error.words.join(', ').slice(0, 300) })
        lane.freed(BigInt(row.nonce))
        if (outcome.error.rpcCode === VALIDATION_FAILED) preflight.forgetClass(row.network, row.account)
        throw outcome.error
      }
      // A refusal after a try that nobody answered proves nothing about that try.
      unanswered += 1
      const pause = REPEATS[unanswered - 1]
      if (pause === undefined || outcome.kind === 'refused') {
        needs.onSent(row)
        throw outcome.error
      }
      await needs.wait(pause)
    }
  }

  /** Not sent again in this life; nobody knows how it ends, and who waits for that is told so. */
  const park = async (row: JournalRow, lane: Lane): Promise<void> => {
    const parked = await journal.park(row.id)
    lane.freed(BigInt(row.nonce))
    wake(rowWaiters, row.id, parked)
  }

  type Tried =
    | { readonly kind: 'accepted' }
    | { readonly kind: 'stopped' }
    | { readonly kind: 'refused' | 'unknown'; readonly error: NodeError }

  /** `maySend` is asked before each time the bytes leave: the predecessor may take half a minute. */
  const tryOnce = async (row: JournalRow, bytes: Attempt, node: Node, maySend: () => boolean): Promise<Tried> => {
    for (const pause of [...PREDECESSOR, undefined]) {
      if (!maySend()) return { kind: 'stopped' }
      try {
        const hash = await (row.kind === 'deploy' ? node.addDeploy(bytes) : node.addInvoke(bytes))
        // Another hash than ours is no answer to what was sent.
        return hash === row.hash ? { kind: 'accepted' } : { kind: 'unknown', error: nodeError('garbage', ['hash']) }
      } catch (error) {
        if (!isNodeError(error)) throw error
        if (error.rpcCode === RPC.duplicate) return { kind: 'accepted' }
        if (error.rpcCode !== RPC.nonce) {
          return { kind: isRefusal(error) ? 'refused' : 'unknown', error }
        }
        nonces.forget(row.network, row.account)
        try {
          // The same bytes once they are in, and a used nonce, are answered alike.
          if ((await node.status(row.hash)) !== undefined) return { kind: 'accepted' }
          // The transaction before it is not in yet: the same bytes again when it is (performance.md 7).
          if (pause === undefined || !(await mayFollowSoon(row, node))) return { kind: 'refused', error }
        } catch (silence) {
          if (isNodeError(silence)) return { kind: 'unknown', error: silence }
          throw silence
        }
        await needs.wait(pause)
      }
    }
    throw new Error('unreachable')
  }

  /** Ours is next now, or each nonce below it is one of our own that is under way. */
  const mayFollowSoon = async (row: JournalRow, node: Node): Promise<boolean> => {
    const chain = BigInt((await node.nonce(row.account)) ?? '0x0')
    const own = BigInt(row.nonce)
    const open = await journal.open(row)
    for (let nonce = chain; nonce < own; nonce += 1n) {
      if (!open.some((other) => BigInt(other.nonce) === nonce && other.status !== 'held')) return false
    }
    return chain <= own
  }

  const accepted = (row: JournalRow): void => {
    nonces.accepted(row.network, row.account, BigInt(row.nonce))
    preflight.moved(row.network, row.account, row.session)
    const at = now()
    // Not waited for: losing it costs one look-up.
    journal.sent(row.id, at).catch(needs.report)
    needs.onSent({ ...row, status: 'sent', sentAt: at })
    recordSent(needs.history, row, at).catch(needs.report)
  }

  const bodyOf = async (row: JournalRow, signature: readonly Felt[]): Promise<Body> => {
    if (row.kind === 'invoke') return invokeBody({ ...invokeParts(row), signature })
    const account = (await needs.accounts.all()).find(({ address }) => address === row.account)
    if (account === undefined) throw new Error('not an account of this wallet')
    const { classHash, ownerPublicKey } = account
    const { nonce, tip, bounds } = invokeParts(row)
    return deployAccountBody({ classHash, ownerPublicKey, nonce, tip, bounds, signature })
  }

  const answerOf = (row: JournalRow): InSession => {
    // Held by a try that is still under way, or signed and kept back: it may never leave, and nobody can say.
    if (!mayBeOut(row) || row.parked === true) throw unsaid()
    if (row.end === 'rejected') throw nodeError('rpc', row.failure === undefined ? [] : [row.failure])
    return { kind: 'sent', hash: row.hash, ...(row.session === undefined ? {} : { session: row.session }) }
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
      const result = await lane.run(mine, () => attempt(request, lane))
      if (result.kind !== 'full') return result
      if (now() >= until) return { kind: 'ask', reasons: [{ code: 'inFlight' }], session: result.session }
      await roomIn(result.session)
    }
  }

  const onceFor = async (request: SessionRequest): Promise<InSession> => {
    if (request.request !== undefined) {
      const row = await journal.ofRequest(request.origin, request.request)
      if (row !== undefined) return answerOf(row)
    }
    return inLane(request)
  }

  // ---- What a person approved.

  const guardianOf = async (account: AccountRecord, network: NetworkId): Promise<boolean> => {
    const state = await needs.accounts.state(account, network, 0)
    if (state.classHash !== undefined && state.classHash !== account.classHash) throw new Error('another account class')
    if (state.guardian === '0x0') return false
    if (state.guardian !== account.guardian.publicKey) throw new Error('the second key on chain is not ours')
    return true
  }

  const executeApproved = async (approved: Approved, work: ApprovedWork): Promise<JournalRow> => {
    const { network, account } = work
    const lane = laneOf(network, account.address)
    const node = await nodes.of(network)
    return lane.run(ticket(), async () => {
      const guardian = work.kind === 'invoke' && work.purpose !== 'enable' ? await guardianOf(account, network) : false
      for (let round = 0; round < ROUNDS; round += 1) {
        const bounds = readBounds(work.bounds)
        const { chainId } = networks.get(network)
        const { classHash, ownerPublicKey } = account
        const result = await ledger.hold({
          by: 'person',
          approved,
          network,
          account: account.address,
          kind: work.kind,
          calls: work.calls,
          bounds,
          tip: TIP,
          chainNonce: await nonces.chain(network, account.address, node),
          hashOf: (nonce) =>
            work.kind === 'deploy'
              ? deployAccountHash({ classHash, ownerPublicKey, chainId, nonce, tip: TIP, bounds })
              : invokeHash({ chainId, sender: account.address, calls: work.calls, nonce, tip: TIP, bounds }),
          ...(work.purpose === undefined ? {} : { purpose: work.purpose }),
          ...(work.origin === undefined ? {} : { origin: work.origin }),
          ...(work.request === undefined ? {} : { request: work.request }),
        })
        if (result.kind === 'known') {
          const { row } = result
          if (row.end === 'rejected') throw nodeError('rpc', row.failure === undefined ? [] : [row.failure])
          if (row.parked === true) throw unsaid()
          // The same yes, asked twice at once: the other's end is this one's too.
          const twin = await busy.get(row.id)
          if (twin === 'not') continue
          if (twin === undefined && row.status === 'held') throw unsaid()
          return row
        }
        const held = result.held as HeldForPerson // A person's proposal is held as a person's.
        const sent = await signAndSend(held, lane, node, {
          sign: () => signer.person(held, { guardian }),
          maySend: () => true,
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

  const stepCalls = (account: AccountRecord, step: SetupStep): readonly Call[] => {
    const kind = accountKind(account.classHash)
    if (!hasSessions(kind)) throw new Error('an account class without sessions')
    return step === 'deploy' ? [] : [setGuardianCall(kind, account.address, account.guardian.publicKey)]
  }

  const isRevoked = async (session: StoredSession): Promise<boolean> => {
    if (session.chain === undefined) return false
    const node = await nodes.of(session.network)
    const [answer] = await node.call(isSessionRevokedCall(session.account, session.chain.sessionHash))
    return answer === '0x1'
  }

  /** The chain's answer, after the transaction that revokes has ended. */
  const revocationEnded = async (row: JournalRow): Promise<void> => {
    const revoked = row.calls[0]?.calldata[0]
    const session = sessions.list({ account: row.account }).find(({ chain }) => chain?.sessionHash === revoked)
    if (session === undefined) return
    const done = row.end === 'accepted' && (await isRevoked(session))
    await sessions.onChain(session.id, { state: done ? 'done' : 'failed', hash: row.hash })
  }

  /** What was signed before, in this worker's life or another: only if the answer would be the same today. */
  const sendAgain = async (row: JournalRow, node: Node, lane: Lane): Promise<boolean> => {
    if (busy.has(row.id)) return true
    const giveUp = async () => {
      await park(row, lane)
      return false
    }
    const repeat = async (signature: readonly Felt[], maySend: () => boolean): Promise<boolean> => {
      try {
        return (await send(row, signature, node, lane, maySend, 1)) === 'sent'
      } catch (error) {
        // Refused today proves nothing about the tries before; kept in line it would block every nonce above it.
        if (isNodeError(error) && isRefusal(error)) return giveUp()
        throw error
      }
    }
    try {
      if (row.session === undefined) {
        const again = await ledger.againForPerson(row.id, YES_LASTS)
        if (again === undefined) return await giveUp()
        const account = (await needs.accounts.all()).find(({ address }) => address === row.account)
        if (account === undefined) return await giveUp()
        const plain = row.kind === 'deploy' || row.purpose === 'enable'
        const guardian = plain ? false : await guardianOf(account, row.network)
        const signature = await signer.person(again, { guardian })
        return await repeat(signature, () => true)
      }
      const { origin, network, account, calls, session } = row
      if (origin === undefined) return await giveUp()
      const decided = await decide({ origin, network, account, calls, session }, row.id)
      if (decided?.kind !== 'auto') return await giveUp()
      const again = await ledger.againInSession(row.id, decided.proposal)
      if (again === undefined) return await giveUp()
      const signature = await signer.session(again)
      return await repeat(signature, () => signer.maySend(again))
    } catch (error) {
      if (isNotNow(error)) return giveUp()
      if (isNodeError(error) || isStorageError(error) || isTampered(error)) throw error
      // Whatever makes it unsignable today, it must not stand before every other row of the account.
      needs.report(error)
      return giveUp()
    }
  }

  return {
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
      const decided = await decide(request)
      return decided && { verdict: decided.verdict, session: decided.session }
    },
    executeApproved: async (approved, work) => ({ hash: (await executeApproved(approved, work)).hash }),
    estimateSteps: async ({ network, account, steps, calls }) => {
      const node = await nodes.of(network)
      const kind = accountKind(account.classHash)
      const { address: sender, classHash, ownerPublicKey } = account
      const first = steps.includes('deploy') ? 0n : BigInt((await node.nonce(sender)) ?? '0x0')
      const withGuardian = steps.includes('enable') || (steps.length === 0 && (await guardianOf(account, network)))
      const signings: Signing[] = steps.map((step) => ({ by: 'owner', calls: step === 'deploy' ? 0 : 1 }))
      const signature = placeholderSignature(kind, false)
      const bodies: Body[] = steps.map((step, at) => {
        const nonce = felt(first + BigInt(at))
        return step === 'deploy'
          ? deployAccountBody({ classHash, ownerPublicKey, nonce, tip: TIP, bounds: NO_BOUNDS, signature })
          : invokeBody({ sender, calls: stepCalls(account, step), nonce, tip: TIP, bounds: NO_BOUNDS, signature })
      })
      if (calls !== undefined) {
        signings.push({ by: withGuardian ? 'ownerAndGuardian' : 'owner', calls: calls.length })
        const last = placeholderSignature(kind, withGuardian)
        const nonce = felt(first + BigInt(steps.length))
        bodies.push(invokeBody({ sender, calls, nonce, tip: TIP, bounds: NO_BOUNDS, signature: last }))
      }
      const estimates = await node.estimate(bodies)
      const bounds = signings.map((signing, at) => storedBounds(boundsFor(estimates[at]!, signing)))
      return {
        steps: steps.map((step, at) => ({ step, bounds: bounds[at]! })),
        ...(calls === undefined ? {} : { calls: bounds[steps.length]! }),
      }
    },
    trial: async ({ network, account, calls }) => {
      const node = await nodes.of(network)
      const guardian = await guardianOf(account, network)
      const signature = placeholderSignature(accountKind(account.classHash), guardian)
      const nonce = (await node.nonce(account.address)) ?? felt(0)
      const body = invokeBody({ sender: account.address, calls, nonce, tip: TIP, bounds: NO_BOUNDS, signature })
      const by = guardian ? 'ownerAndGuardian' : 'owner'
      return preflight.trial(node, body, account.address, { by, calls: calls.length })
    },
    runSteps: async ({ network, account, steps, approved, origin, request }, onStep) => {
      for (const { step, bounds } of steps) {
        let row: JournalRow | undefined
        try {
          row = await executeApproved(approved, {
            network,
            account,
            kind: step === 'deploy' ? 'deploy' : 'invoke',
            purpose: step,
            calls: stepCalls(account, step),
            bounds,
            ...(origin === undefined ? {} : { origin }),
            ...(request === undefined ? {} : { request }),
          })
        } catch (error) {
          // Refused by the node is a failed step; silence is not: the hold stays and the node's error is told.
          if (!isNodeError(error) || error.reason !== 'rpc') throw error
          throw stepFailed(step, error.words)
        }
        await onStep(step, 'sent', row.hash)
        const end = await ended(row)
        needs.accounts.forget(account.address, network)
        nonces.forget(network, account.address)
        preflight.forgetClass(network, account.address)
        if (end.end !== 'accepted') throw stepFailed(step, end.failure === undefined ? [] : [end.failure], end.hash)
        await onStep(step, 'done', row.hash)
      }
    },
    revokeOnChain: async (session, approved) => {
      if (session.chain === undefined) return undefined
      if (await isRevoked(session)) {
        await sessions.onChain(session.id, { state: 'done' })
        return undefined
      }
      const account = (await needs.accounts.all()).find(({ address }) => address === session.account)
      if (account === undefined) throw new Error('not an account of this wallet')
      const { network } = session
      const calls = [revokeSessionCall(session.account, session.chain.sessionHash)]
      const node = await nodes.of(network)
      const signature = placeholderSignature(accountKind(account.classHash), true)
      const { estimate } = await estimateAt(node, network, session.account, calls, signature)
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
      await sessions.onChain(session.id, { state: 'sent', hash: row.hash })
      return { hash: row.hash }
    },
    isRevoked,
    resend: async (row) => {
      const node = await nodes.of(row.network)
      const lane = laneOf(row.network, row.account)
      return lane.run(ticket(), () => sendAgain(row, node, lane))
    },
    beforeAll: (network, account, work) => {
      const lane = laneOf(network, account)
      return lane.alone(() => work(async (row) => sendAgain(row, await nodes.of(network), lane)))
    },
    isBusy: (id) => busy.has(id),
    settled: (row) => {
      wake(rowWaiters, row.id, row)
      if (row.session !== undefined) wake(roomWaiters, row.session, undefined)
      // Only now `latest` has what it did to allowances: its own session's too, for what was read since it was sent.
      if (row.end !== 'released') preflight.moved(row.network, row.account)
      if (row.end === 'dropped') nonces.forget(row.network, row.account)
      if (row.purpose === 'revoke') revocationEnded(row).catch(needs.report)
    },
  }
}

const failedTrial: Exclude<Verdict, { kind: 'auto' }> = { kind: 'ask', reasons: [{ code: 'simulationFailed' }] }

/** Whoever waits for a key is told once; who does not wait any more leaves nothing behind. */
type Waiters<K, T> = Map<K, Set<(value: T) => void>>

function waitFor<K, T>(waiters: Waiters<K, T>, key: K): { readonly done: Promise<T>; readonly drop: () => void } {
  let tell: (value: T) => void = () => {}
  const done = new Promise<T>((resolve) => {
    tell = resolve
  })
  const all = waiters.get(key) ?? new Set()
  waiters.set(key, all.add(tell))
  return {
    done,
    drop: () => {
      all.delete(tell)
      if (all.size === 0 && waiters.get(key) === all) waiters.delete(key)
    },
  }
}

function wake<K, T>(waiters: Waiters<K, T>, key: K, value: T): void {
  const all = waiters.get(key)
  waiters.delete(key)
  for (const tell of all ?? []) tell(value)
}

function isRefusal({ rpcCode }: NodeError): boolean {
  return rpcCode !== undefined && REFUSALS.includes(rpcCode)
}
/** Only that others of the session are under way: it waits for room. */
function isFull(verdict: { readonly kind: string; readonly reasons: readonly Reason[] }): boolean {
  return (
    verdict.kind === 'ask' && verdict.reasons.length > 0 && verdict.reasons.every(({ code }) => code === 'inFlight')
  )
}

function pausedNow(session: SessionId | undefined): InSession {
  return { kind: 'ask', reasons: [{ code: 'paused' }], ...(session === undefined ? {} : { session }) }
}

/** Its id is the hash: a receipt that was lost is written again. */
export function recordSent(history: Pick<History, 'add'>, row: JournalRow, at: UnixSeconds): Promise<void> {
  const { network, account, origin, session, hash, calls, purpose } = row
  return history.add({
    id: sentId(row.id),
    at,
    network,
    account,
    event: {
      kind: 'transaction',
      by: session === undefined ? 'person' : 'session',
      hash,
      calls,
      ...(purpose === undefined ? {} : { purpose }),
    },
    ...(origin === undefined ? {} : { origin }),
    ...(session === undefined ? {} : { session }),
  })
}
const SENT = 'tx '
export const sentId = (row: JournalRow['id']) => SENT + row
/** The journal row of a history entry; `undefined`: it is not of a transaction. */
export const rowOfSent = (entry: string) => (entry.startsWith(SENT) ? entry.slice(SENT.length) : undefined)
