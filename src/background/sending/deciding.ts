/**
 * Whether a session would sign these calls now, and what it would sign: the facts read from the chain, the bounds, the verdict
 * (architecture.md 4, steps 5 and 6). The ledger decides once more inside the transaction that holds.
 */
import { isOwn, STRK } from '../../core/account.ts'
import { type Address, type Felt, felt } from '../../core/felt.ts'
import { creditedPairs, withResets } from '../../core/policy/allowances.ts'
import { chooseSession, evaluate, type Facts, mustSimulate, type Transaction } from '../../core/policy/evaluate.ts'
import { payerOf } from '../../core/policy/outside.ts'
import { serviceOrigin } from '../../core/policy/payers.ts'
import type { Call, Origin, Reason, SessionId, SpendPolicy, Verdict } from '../../core/policy/policy.ts'
import { codeOf } from '../../core/policy/standing.ts'
import type { NetworkId, StoredSession } from '../../core/records.ts'
import type { Seconds, UnixSeconds } from '../../core/time.ts'
import { type Body, type Estimate, type Node, type Nodes, RPC } from '../../platform/node.ts'
import { isNodeError, type NodeError, nodeError } from '../../platform/node-error.ts'
import { ARGENT_0_5_0, placeholderSignature } from '../../starknet/accounts.ts'
import { type Bounds, committedMaximum, invokeBody } from '../../starknet/invoke.ts'
import { methodKey, placeholderToken, type Signing } from '../../starknet/session-token.ts'
import { type Signer, sessionTree } from '../keys/signer.ts'
import type { Accounts } from '../owners/accounts.ts'
import { isLoopback, type Networks } from '../owners/networks.ts'
import type { Sessions } from '../owners/sessions.ts'
import { boundsFor, type Gas, keptBounds, NO_BOUNDS, TIP } from './fees.ts'
import type { Heads } from './heads.ts'
import { holdsOf, type Journal } from './journal.ts'
import { type KeptGas, type Shape, shapeOf } from './kept-gas.ts'
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
  /** Members of the request that no session decides. */
  readonly unsupported?: readonly string[]
  /** At no other nonce of the account: its site has signed for this one. */
  readonly onlyAt?: Felt
}
export type Decided =
  | { readonly kind: 'verdict'; readonly verdict: Exclude<Verdict, { kind: 'auto' }>; readonly session: SessionId }
  | {
      readonly kind: 'auto'
      readonly verdict: Verdict
      readonly session: SessionId
      readonly proposal: SessionProposal
      readonly shape: Shape
      /** Its bounds come from kept amounts and are wide: a fresh estimate may fit where they do not. */
      readonly isKept: boolean
    }
export interface How {
  /** A row whose own hold does not count, because it is what the question is about. */
  readonly without?: string
  /** Kept amounts are not used. */
  readonly bounds?: 'fresh'
  /** The last block is read, however short ago that was done. */
  readonly head?: 'now'
}

/** What a site has built: nothing is added to it, and nothing taken away. */
export interface Built {
  readonly calls: readonly Call[]
  readonly fee: { readonly max: bigint; readonly tipPerGas: bigint }
  /** Who pays in the account's place. */
  readonly paymaster?: string
  /** Rows with which at most one of it lands. */
  readonly group?: string
  readonly unsupported?: readonly string[]
}
export type JudgedBuilt =
  | { readonly kind: 'ask' | 'refuse'; readonly reasons: readonly Reason[] }
  | {
      readonly kind: 'auto'
      /** With validation skipped. Absent: it cannot run. */
      readonly gas?: Estimate
      readonly signing: Extract<Signing, { by: 'session' }>
      /** The last block, when it was judged. */
      readonly block: number
      readonly facts: SessionProposal['facts']
    }

export interface Deciding {
  /** Without any lock. `undefined`: no session of this site could be meant. @throws NodeError */
  decide(request: SessionRequest, how?: How): Promise<Decided | undefined>
  /** The same for one session and what its site has built. @throws NodeError */
  judge(session: StoredSession, built: Built): Promise<JudgedBuilt>
  /**
   * The same for sessions whose fees a service pays, which `decide` leaves out: as if it asked nothing for it. What it asks
   * is judged where it is known.
   */
  decideSponsored(request: SessionRequest, how?: How): Promise<Decided | undefined>
  /** Code that changed, and clocks that disagree, stop the session until a person looks (policy.md 5.1, step 4). */
  pauseFor(id: SessionId, reasons: readonly Reason[], calls: readonly Call[]): Promise<void>
  /** @throws NodeError */
  estimate(trial: Trial): Promise<Estimate>
  /** Reads again what is past half its age, for what this site's sessions used of late: beside the hot path. */
  warm(origin: Origin): Promise<void>
}

/** A policy that names a service, and lets somebody else pay, is paid for by it alone (policy.md 6.3). */
export function isSponsored({ effective: { fees } }: Pick<StoredSession, 'effective'>): boolean {
  return fees.service !== undefined && fees.payer !== 'account'
}

/** A transaction that is tried and not sent; `signature`: of the right length. */
export interface Trial {
  readonly node: Node
  readonly network: NetworkId
  readonly account: Address
  readonly calls: readonly Call[]
  readonly signature: readonly Felt[]
}

export interface DecidingNeeds {
  readonly ledger: Pick<Ledger, 'state' | 'reverts'>
  readonly nodes: Nodes
  readonly journal: Pick<Journal, 'list'>
  readonly heads: Heads
  readonly keptGas: Pick<KeptGas, 'take' | 'keep' | 'has'>
  readonly nonces: Pick<Nonces, 'chain' | 'compared' | 'known' | 'refresh' | 'forget'>
  readonly preflight: Pick<Preflight, 'readClasses' | 'classes' | 'liveAllowance' | 'credited' | 'simulate'>
  readonly signer: Pick<Signer, 'hasKeys' | 'ahead'>
  readonly sessions: Pick<Sessions, 'get' | 'live' | 'pause'>
  readonly accounts: Pick<Accounts, 'all' | 'own' | 'state'>
  readonly networks: Pick<Networks, 'get' | 'clock'>
  readonly isUnlocked: () => boolean
  readonly lastWall: () => Promise<UnixSeconds | undefined>
  /** Milliseconds that only go forward. */
  readonly ticks: () => number
  readonly wait: (ms: number) => Promise<void>
}

/** Sessions used not longer ago than this are kept warm, ms (performance.md 4.1). */
const USED_MS = 120_000
/** How long the account's state is believed, s: who signs beside the owner. */
export const STATE_LASTS: Seconds = 60
/** A local chain is looked at for its time so often at most, ms. */
const LOOKS_MS = 1_000

export function createDeciding(needs: DecidingNeeds): Deciding {
  const { ledger, journal, nodes, nonces, preflight, heads, keptGas, signer, sessions, networks } = needs
  const looked = new Map<NetworkId, number>()
  const used = new Map<SessionId, { readonly calls: readonly Call[]; readonly at: number }>()

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

  const candidates = async (
    request: SessionRequest,
    which: 'sponsored' | 'own',
    without?: string,
  ): Promise<readonly Found[]> => {
    const { origin, account, network } = request
    const hinted = request.session === undefined ? undefined : sessions.get(request.session)
    const meant =
      request.session === undefined
        ? sessions.live(origin, account, network)
        : hinted?.origin === origin
          ? [hinted]
          : []
    // A session whose key its site holds is never signed for here.
    const all = meant.filter((it) => it.key.by === 'wallet' && isSponsored(it) === (which === 'sponsored'))
    if (all.length === 0) return []
    const own = (await needs.accounts.all()).filter(isOwn).map(({ address }) => address)
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
    paid: Pick<Transaction, 'fee' | 'paymaster'>,
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
        ...paid,
        unsupported: request.unsupported ?? [],
      },
      clock.now,
    )

  const clockOf = async (network: NetworkId) => networks.clock(network, await needs.lastWall())

  /**
   * Without any lock. The first pass asks no node, so that nothing of a refused call reaches one; then the session that would
   * sign is judged on what the node says, and if it would not after all, the next one.
   */
  const decide = async (request: SessionRequest, how: How = {}): Promise<Decided | undefined> => {
    let left = await candidates(request, 'own', how.without)
    let refused: Decided | undefined
    while (left.length > 0) {
      const clock = await clockOf(left[0]!.state.session.network)
      const first = judge(left, request, clock, feeOf(0n), (it) => it.facts(request.calls, clock.now, true, 'later'))!
      const { found } = first.chosen
      if (first.verdict.kind !== 'auto') {
        if (mayPass(first.verdict.reasons) && (await hasMovedOn(found.state.session.network))) continue
        return refused ?? { kind: 'verdict', verdict: first.verdict, session: found.state.session.id }
      }
      const decided = await decideFor(found, request, how)
      if (decided.kind === 'auto') return decided
      refused ??= decided
      left = left.filter((it) => it !== found)
    }
    return refused
  }

  const decideSponsored = async (request: SessionRequest, how: How = {}): Promise<Decided | undefined> => {
    let refused: Decided | undefined
    const found = await candidates(request, 'sponsored', how.without)
    const byEnd = (a: Found, b: Found) => a.state.session.effective.validUntil - b.state.session.effective.validUntil
    for (const it of [...found].sort(byEnd)) {
      const { network, id } = it.state.session
      const look = async () => {
        const clock = await clockOf(network)
        return judge([it], request, clock, paidFor(it), () => it.facts(request.calls, clock.now, true, 'later'))!
          .verdict
      }
      let first = await look()
      if (first.kind !== 'auto' && mayPass(first.reasons) && (await hasMovedOn(network))) first = await look()
      const decided: Decided =
        first.kind === 'auto' ? await decideFor(it, request, how) : { kind: 'verdict', verdict: first, session: id }
      if (decided.kind === 'auto') return decided
      refused ??= decided
    }
    return refused
  }

  /**
   * The clock of a chain on this computer is its last block: what time alone refuses is not refused on an old one. One look at
   * a time, so that a node that is gone keeps nobody waiting twice.
   */
  const hasMovedOn = async (network: NetworkId): Promise<boolean> => {
    const { node, lastBlockAt } = networks.get(network)
    if (!isLoopback(node) || needs.ticks() - (looked.get(network) ?? Number.NEGATIVE_INFINITY) < LOOKS_MS) return false
    looked.set(network, needs.ticks())
    try {
      await heads.read(network, await nodes.of(network))
    } catch (error) {
      if (!isNodeError(error)) throw error
    }
    return networks.get(network).lastBlockAt !== lastBlockAt
  }

  const decideFor = async (found: Found, request: SessionRequest, how: How): Promise<Decided> => {
    const { session, book } = found.state
    const { network, account } = session
    const { calls, resets } = withResets(session.effective, request.calls)
    const { node, checked } = await nodes.open(network)
    const { shape, signature, signing } =
      session.chain === undefined ? await ownersParts(session, calls) : partsOf(session, session.chain, calls)
    const trial: Trial = { node, network, account, calls, signature }
    const simulates = mustSimulate(session, book, { liveAllowance: false })
    // Bounds are the account's promise to pay; a service makes its own.
    const sponsored = isSponsored(session)
    const kept = sponsored || simulates || how.bounds === 'fresh' ? undefined : keptGas.take(shape)
    const ahead = signer.ahead(session)
    // One round: nothing is held or signed before the node's check has ended well.
    const [check, head, classes, nonce, allowance, estimated] = await Promise.allSettled([
      checked,
      how.head === 'now' ? heads.read(network, node) : heads.last(network, node),
      preflight.readClasses(session, calls, node),
      sponsored ? nonces.compared(network, account, node) : nonces.chain(network, account, node),
      preflight.liveAllowance(session),
      sponsored || kept !== undefined || simulates ? undefined : estimate(trial),
      // When the questions are out.
      ahead && needs.wait(0).then(ahead),
    ] as const)
    if (check.status === 'rejected') throw check.reason
    const { prices } = told(head)
    told(classes)
    told(nonce)
    told(allowance)
    // The nonce may have shown meanwhile that somebody else sent something.
    const live = await preflight.liveAllowance(session)
    // The protocol is another one than the amounts are from.
    if (kept !== undefined && !keptGas.has(shape)) return decideFor(found, request, { ...how, bounds: 'fresh' })
    let gas: Estimate | undefined
    let simulation: Simulated['result'] | undefined
    if (mustSimulate(session, book, { liveAllowance: live })) {
      const simulated = await simulate(trial, session.effective.spend.limits)
      simulation = simulated.result
      gas = simulated.estimate
    } else if (estimated.status === 'fulfilled') {
      gas = estimated.value
    } else {
      const { reason } = estimated
      if (!isNodeError(reason) || reason.rpcCode !== RPC.executionError) throw reason
      const words = reason.words.join(', ')
      simulation = (at) => ({ ok: false, at, words })
    }
    const allowances = await credited(found.state, simulation)
    const facts = (at: UnixSeconds): Facts => ({
      ...found.facts(calls, at, false, simulation === undefined ? 'none' : simulation(at)),
      liveAllowance: live,
      ...(allowances === undefined ? {} : { allowances }),
    })
    const clock = await clockOf(network)
    const fails = simulation?.(clock.now).ok === false
    if (gas !== undefined && !fails) keptGas.keep(shape, gas)
    const bounds = boundsOf(gas, kept)
    const paid = sponsored ? paidFor(found) : feeOf(bounds === undefined ? 0n : committedMaximum(bounds, TIP))
    const { verdict } = judge([found], request, clock, paid, () => facts(clock.now))!
    if (verdict.kind !== 'auto') {
      // The wide bounds of kept amounts may be what does not fit: a fresh estimate has the last word.
      if (kept !== undefined && simulation === undefined) return decideFor(found, request, { ...how, bounds: 'fresh' })
      return { kind: 'verdict', verdict, session: session.id }
    }
    if (bounds === undefined) return { kind: 'verdict', verdict: failedTrial, session: session.id }
    const proposal: SessionProposal = {
      by: 'session',
      session: session.id,
      network,
      chainId: session.chainId,
      account,
      origin: request.origin,
      calls,
      ...(resets === undefined ? {} : { resets }),
      bounds,
      tip: TIP,
      feeToken: STRK,
      // Read above; once more only where the trial showed that it was old.
      chainNonce: sponsored ? 0n : await nonces.chain(network, account, node),
      facts,
      ...(request.request === undefined ? {} : { request: request.request }),
      ...(request.onlyAt === undefined ? {} : { onlyAt: request.onlyAt }),
    }
    used.set(session.id, { calls, at: needs.ticks() })
    return { kind: 'auto', verdict, session: session.id, proposal, shape, isKept: gas === undefined }

    function boundsOf(fresh: Estimate | undefined, from: Gas | undefined): Bounds | undefined {
      if (sponsored) return fails ? undefined : NO_BOUNDS
      if (fresh !== undefined) return boundsFor(fresh, signing)
      return from && keptBounds(from, prices, signing)
    }
  }

  const judgeBuilt = async (of: StoredSession, built: Built): Promise<JudgedBuilt> => {
    const stored = await ledger.state(of.id)
    if (stored?.session.chain === undefined) return { kind: 'ask', reasons: [{ code: 'revoked' }] }
    const state = { ...stored, open: stored.open.filter(({ group }) => group !== built.group) }
    const { session, book } = state
    const { network, account, origin, chainId } = session
    const { calls } = built
    const own = (await needs.accounts.all()).filter(isOwn).map(({ address }) => address)
    const known = factsOf(state, own, { liveAllowance: false, reverts: await ledger.reverts(session.id) })
    const paid = built.paymaster === undefined ? {} : { paymaster: built.paymaster }
    const fee = { token: STRK, ...built.fee }
    const judged = (facts: Facts, clock: Awaited<ReturnType<typeof clockOf>>) =>
      evaluate(
        session,
        book,
        holdsOf(state.open),
        { origin, chainId, account, calls, fee, ...paid, unsupported: built.unsupported ?? [] },
        { ...facts, clockWrong: clock.wrong },
        clock.now,
      )
    for (;;) {
      const clock = await clockOf(network)
      const first = judged(known(calls, clock.now, true, 'later'), clock)
      if (first.kind === 'auto') break
      if (!mayPass(first.reasons) || !(await hasMovedOn(network))) return first
    }
    const { node, checked } = await nodes.open(network)
    const { signature, signing } = partsOf(session, stored.session.chain, calls)
    const trial: Trial = { node, network, account, calls, signature }
    const [check, head, classes, allowance, compared] = await Promise.allSettled([
      checked,
      heads.last(network, node),
      preflight.readClasses(session, calls, node),
      preflight.liveAllowance(session),
      nonces.compared(network, account, node),
    ] as const)
    if (check.status === 'rejected') throw check.reason
    const block = told(head).number
    told(classes)
    told(compared)
    const live = told(allowance)
    let gas: Estimate | undefined
    let simulation: Simulated['result'] | undefined
    if (mustSimulate(session, book, { liveAllowance: live })) {
      const simulated = await simulate(trial, session.effective.spend.limits)
      simulation = simulated.result
      gas = simulated.estimate
    } else {
      try {
        gas = await estimate(trial)
      } catch (error) {
        if (!isNodeError(error) || error.rpcCode !== RPC.executionError) throw error
        const words = error.words.join(', ')
        simulation = (at) => ({ ok: false, at, words })
      }
    }
    const allowances = await credited(state, simulation)
    const facts = (at: UnixSeconds): Facts => ({
      ...known(calls, at, false, simulation === undefined ? 'none' : simulation(at)),
      liveAllowance: live,
      ...(allowances === undefined ? {} : { allowances }),
    })
    const clock = await clockOf(network)
    const verdict = judged(facts(clock.now), clock)
    if (verdict.kind !== 'auto') return verdict
    return { kind: 'auto', ...(gas === undefined ? {} : { gas }), signing, block, facts }
  }

  /** Where tokens leave of which spenders have a credit: how much of it is still there. */
  const credited = async ({ session, book }: SessionState, simulation: Simulated['result'] | undefined) => {
    const result = book.credit.length === 0 ? undefined : simulation?.(0)
    const pairs = result?.ok === true ? creditedPairs(book.credit, Object.keys(result.out) as Address[]) : []
    return pairs.length === 0 ? undefined : preflight.credited(session, pairs)
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

  /** The owner signs, and the second key where there is one. */
  const ownersParts = async ({ network, account: address, accountClass }: StoredSession, calls: readonly Call[]) => {
    const account = await needs.accounts.own(address)
    if (account === undefined) throw new Error('not an account of this wallet')
    const state = await needs.accounts.state(account, network, STATE_LASTS)
    const guardian = state.guardian !== '0x0'
    return {
      shape: shapeOf(network, accountClass, calls, []),
      signature: placeholderSignature(state.kind, guardian),
      signing: { by: guardian ? ('ownerAndGuardian' as const) : ('owner' as const), calls: calls.length },
    }
  }

  const partsOf = (session: StoredSession, chain: NonNullable<StoredSession['chain']>, calls: readonly Call[]) => {
    const tree = sessionTree(session, chain)
    const proofLengths = calls.map(({ to, selector }) => tree.proofs.get(methodKey(to, selector))?.length ?? 0)
    const proofFelts = proofLengths.reduce((sum, length) => sum + length, 0)
    return {
      shape: shapeOf(session.network, session.accountClass, calls, proofLengths),
      signature: placeholderToken({ expiresAt: chain.expiresAt, proofLengths }),
      signing: { by: 'session', calls: calls.length, proofFelts } as const,
    }
  }

  /**
   * Tries a transaction at the nonce that is likely: the one known, or in a worker that was just started the one after the
   * newest row. A node that is strict takes only the account's own; when that turns out
   * to be another one, once more. `undefined`: it could not even start.
   */
  const trialOf = async <T>(
    { node, network, account, calls, signature }: Trial,
    act: (body: Body) => Promise<T | undefined>,
  ): Promise<T | undefined> => {
    const likely = nonces.known(network, account) ?? (await afterNewest(network, account))
    let nonce = felt(likely ?? (await nonces.chain(network, account, node)))
    for (;;) {
      let failed: NodeError | undefined
      try {
        const result = await act(invokeBody({ sender: account, calls, nonce, tip: TIP, bounds: NO_BOUNDS, signature }))
        if (result !== undefined) return result
      } catch (error) {
        if (!isNodeError(error) || error.rpcCode !== RPC.executionError) throw error
        failed = error
      }
      const read = (await node.nonce(account)) ?? felt(0)
      // The same one again would say no more.
      if (read === nonce) {
        if (failed === undefined) return undefined
        throw failed
      }
      nonces.forget(network, account)
      nonce = read
    }
  }

  const afterNewest = async (network: NetworkId, account: Address): Promise<bigint | undefined> => {
    const [newest] = await journal.list({ network, account, limit: 1 })
    return newest === undefined || newest.outside !== undefined ? undefined : BigInt(newest.nonce) + 1n
  }

  const estimate = async (trial: Trial): Promise<Estimate> => {
    const found = await trialOf(trial, async (body) => (await trial.node.estimate([body]))[0])
    if (found === undefined) throw nodeError('garbage', ['starknet_estimateFee'])
    return found
  }

  const simulate = async (trial: Trial, limits: SpendPolicy['limits']): Promise<Simulated> => {
    let last: Simulated | undefined
    await trialOf(trial, async (body) => {
      last = await preflight.simulate(trial.node, body, trial.account, limits)
      return last.estimate
    })
    return last!
  }

  const warm = async (origin: Origin): Promise<void> => {
    for (const [id, { calls, at }] of used) {
      if (needs.ticks() - at >= USED_MS) used.delete(id)
      const session = sessions.get(id)
      if (session?.origin !== origin || session.state !== 'active' || !used.has(id)) continue
      const { network, account } = session
      const node = await nodes.of(network)
      await Promise.all([
        heads.refresh(network, node),
        nonces.refresh(network, account, node),
        preflight.readClasses(session, calls, node),
      ])
    }
  }

  return { decide, decideSponsored, judge: judgeBuilt, pauseFor, estimate, warm }
}

/** Time alone may lift the refusal. */
function mayPass(reasons: readonly Reason[]): boolean {
  return reasons.some(({ code, retryAt }) => code === 'notStarted' || retryAt !== undefined)
}

function feeOf(max: bigint): Pick<Transaction, 'fee'> {
  return { fee: { token: STRK, max, tipPerGas: TIP } }
}

/** Before the service has said what it wants for it, and who would send it. */
function paidFor({ state: { session } }: { readonly state: SessionState }): Pick<Transaction, 'fee' | 'paymaster'> {
  const { fees } = session.effective
  return { ...feeOf(0n), paymaster: payerOf(fees, serviceOrigin(fees.service ?? '')) }
}

/** What a question beside others came to; its failure is thrown only when its turn comes. */
function told<T>(result: PromiseSettledResult<T>): T {
  if (result.status === 'rejected') throw result.reason
  return result.value
}

const failedTrial: Exclude<Verdict, { kind: 'auto' }> = { kind: 'ask', reasons: [{ code: 'simulationFailed' }] }
