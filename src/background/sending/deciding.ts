/**
 * Whether a session would sign these calls now, and what it would sign: the facts read from the chain, the bounds, the verdict
 * (architecture.md 4, steps 5 and 6). The ledger decides once more inside the transaction that holds.
 */
import { STRK } from '../../core/account.ts'
import { type Address, type Felt, felt } from '../../core/felt.ts'
import { chooseSession, type Facts, mustSimulate } from '../../core/policy/evaluate.ts'
import type { Call, Origin, Reason, SessionId, Verdict } from '../../core/policy/policy.ts'
import { codeOf } from '../../core/policy/standing.ts'
import type { NetworkId, StoredSession } from '../../core/records.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { type Body, type Estimate, isNodeError, type Node, type Nodes, nodeError, RPC } from '../../platform/node.ts'
import { ARGENT_0_5_0 } from '../../starknet/accounts.ts'
import { type Bounds, committedMaximum, invokeBody } from '../../starknet/invoke.ts'
import { methodKey, placeholderToken } from '../../starknet/session-token.ts'
import { type Signer, sessionTree } from '../keys/signer.ts'
import type { Accounts } from '../owners/accounts.ts'
import { isLoopback, type Networks } from '../owners/networks.ts'
import type { Sessions } from '../owners/sessions.ts'
import { boundsFor, NO_BOUNDS, TIP } from './fees.ts'
import { holdsOf } from './journal.ts'
import type { Ledger, SessionProposal, SessionState } from './ledger.ts'
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
export type Decided =
  | { readonly kind: 'verdict'; readonly verdict: Exclude<Verdict, { kind: 'auto' }>; readonly session: SessionId }
  | {
      readonly kind: 'auto'
      readonly verdict: Verdict
      readonly session: SessionId
      readonly proposal: SessionProposal
    }

export interface Deciding {
  /**
   * Without any lock. `undefined`: no session of this site could be meant. `without`: a row whose own hold does not count,
   * because it is what the question is about. @throws NodeError
   */
  decide(request: SessionRequest, without?: string): Promise<Decided | undefined>
  /** Code that changed, and clocks that disagree, stop the session until a person looks (policy.md 5.1, step 4). */
  pauseFor(id: SessionId, reasons: readonly Reason[], calls: readonly Call[]): Promise<void>
  /** One transaction at the nonce read there; when a transaction of ours got in between, once more. @throws NodeError */
  estimate(
    node: Node,
    network: NetworkId,
    account: Address,
    calls: readonly Call[],
    signature: readonly Felt[],
  ): Promise<{ readonly body: Body; readonly estimate: Estimate }>
}

export interface DecidingNeeds {
  readonly ledger: Pick<Ledger, 'state' | 'reverts'>
  readonly nodes: Nodes
  readonly nonces: Pick<Nonces, 'chain' | 'forget'>
  readonly preflight: Pick<Preflight, 'readClasses' | 'classes' | 'liveAllowance' | 'simulate'>
  readonly signer: Pick<Signer, 'hasKeys'>
  readonly sessions: Pick<Sessions, 'get' | 'live' | 'pause'>
  readonly accounts: Pick<Accounts, 'all'>
  readonly networks: Pick<Networks, 'get' | 'clock' | 'sawBlock'>
  readonly isUnlocked: () => boolean
  readonly lastWall: () => Promise<UnixSeconds | undefined>
  readonly now: () => UnixSeconds
}

const STALE_BLOCK = 10

export function createDeciding(needs: DecidingNeeds): Deciding {
  const { ledger, nodes, nonces, preflight, signer, sessions, networks, now } = needs
  const sawBlockAt = new Map<NetworkId, UnixSeconds>()

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
  return { decide, pauseFor, estimate: estimateAt }
}

const failedTrial: Exclude<Verdict, { kind: 'auto' }> = { kind: 'ask', reasons: [{ code: 'simulationFailed' }] }
