/**
 * What is read from the chain before a session signs (policy.md 5.1, 5.3): class hashes, allowances that make a trial run
 * necessary, and the trial run itself. A failing trial is a fact for the decision, a silent node is not.
 */
import { changesOf } from '../../core/changes.ts'
import type { Address, ClassHash } from '../../core/felt.ts'
import type { Allowance, Pair } from '../../core/policy/allowances.ts'
import type { Facts, ReadClass, Simulation } from '../../core/policy/facts.ts'
import { outflow } from '../../core/policy/outflow.ts'
import type { Call, SessionId, SpendPolicy } from '../../core/policy/policy.ts'
import { codeOf } from '../../core/policy/standing.ts'
import type { NetworkId, StoredSession, Trial } from '../../core/records.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { type Body, type Estimate, type Node, RPC } from '../../platform/node.ts'
import { isNodeError } from '../../platform/node-error.ts'
import type { Signing } from '../../starknet/session-token.ts'
import type { Contracts } from '../contracts.ts'
import { implementationOf } from '../proxies.ts'
import { type Chosen, priced } from './fees.ts'

export interface Preflight {
  /** Classes of the account and of pinned contracts called, none older than 60 s. @throws NodeError */
  readClasses(session: StoredSession, calls: readonly Call[], node: Node): Promise<void>
  /** With their age at `now`. `assumed`: what was not read is taken as unchanged, for the pass that asks no node. */
  classes(session: StoredSession, calls: readonly Call[], now: UnixSeconds, assumed: boolean): Facts['classes']
  /** Whether a contract in scope may pull a known token; read again after each transaction that was not the session's. */
  liveAllowance(session: StoredSession): Promise<boolean>
  /** What spenders with a credit may take now. @throws NodeError */
  credited(session: StoredSession, pairs: readonly Pair[]): Promise<readonly Allowance[]>
  /** The account sent something: what sessions other than `by` know of its allowances is old. */
  moved(network: NetworkId, account: Address, by?: SessionId): void
  /** A transaction of the account is in: what sessions know of its allowances is read again at once, beside the next call. */
  settled(network: NetworkId, account: Address): void
  /** Its class may be another one: error 55, an upgrade. */
  forgetClass(network: NetworkId, contract: Address): void
  /** @param limits of the session that would sign: which contracts are collections */
  simulate(node: Node, body: Body, account: Address, limits: SpendPolicy['limits']): Promise<Simulated>
  /** For a person: what is expected to move, and the bounds that will be signed. @throws NodeError */
  trial(node: Node, body: Body, account: Address, how: TrialWork): Promise<Trial>
}
export interface TrialWork {
  readonly signing: Signing
  readonly chosen: Chosen
  /** What must come before it: an account that is not there yet. */
  readonly after: readonly Body[]
}
export interface Simulated {
  readonly result: (now: UnixSeconds) => Simulation
  /** Absent when it could not even start. */
  readonly estimate?: Estimate
}

export interface PreflightNeeds {
  readonly contracts: Pick<Contracts, 'allowances' | 'allowancesOf' | 'leavesOf'>
  /** Milliseconds that only go forward: ages are measured with them, whatever the clocks do. */
  readonly ticks: () => number
}

/** What was read of a contract; `unread`: no session that asked pins an implementation. */
interface Known {
  readonly classHash: ClassHash
  readonly impl: ClassHash | 'unread' | undefined
  readonly at: number
}

const FRESH_MS = 60_000
const REFRESH_MS = 30_000
/** More pairs of token and contract than this are not asked for one by one: the trial run is cheaper. */
const MAX_PAIRS = 64
const MAX_FAILURE = 300

export function createPreflight({ contracts, ticks }: PreflightNeeds): Preflight {
  const known = new Map<string, Known>()
  const allowances = new Map<
    SessionId,
    { readonly session: StoredSession; readonly of: string; readonly live: Promise<boolean> }
  >()

  const needed = (session: StoredSession, calls: readonly Call[]) => codeOf(session, calls, {}, 0).unread
  const pinOf = ({ effective }: StoredSession, contract: Address) =>
    effective.calls.find((rule) => rule.contract === contract)?.codePin
  const isProxy = (session: StoredSession, contract: Address) => pinOf(session, contract)?.impl !== undefined
  const entryOf = (session: StoredSession, contract: Address): Known | undefined => {
    const entry = known.get(`${session.network} ${contract}`)
    // Read for a session that does not know it as a proxy.
    return entry?.impl === 'unread' && isProxy(session, contract) ? undefined : entry
  }
  const read = async (session: StoredSession, contract: Address, node: Node): Promise<void> => {
    const [classHash, impl] = await Promise.all([
      node.classHashAt(contract),
      isProxy(session, contract) ? implementationOf(node, contract) : ('unread' as const),
    ])
    const key = `${session.network} ${contract}`
    if (classHash === undefined) known.delete(key)
    // A class hash as the chain answers it: only compared.
    else known.set(key, { classHash: classHash as ClassHash, impl, at: ticks() })
  }
  const ageOf = (session: StoredSession, contract: Address) => {
    const entry = entryOf(session, contract)
    return entry === undefined ? Number.POSITIVE_INFINITY : ticks() - entry.at
  }

  const readAllowances = async (session: StoredSession): Promise<boolean> => {
    const tokens = session.effective.spend.limits.flatMap((it) => (it.asset === 'erc20' ? [it.token] : []))
    const spenders = [
      ...new Set(session.effective.calls.flatMap((rule) => (rule.contract === '*' ? [] : [rule.contract]))),
    ]
    const { network, account } = session
    const collections = session.effective.spend.limits.flatMap((it) => (it.asset === 'erc20' ? [] : [it.collection]))
    if (session.effective.calls.some((rule) => rule.contract === '*')) return true
    if ((tokens.length + collections.length + 2) * spenders.length > MAX_PAIRS) return true
    const pairs = collections.flatMap((collection) => spenders.map((operator) => ({ collection, operator })))
    const [given, leaves] = await Promise.all([
      contracts.allowances(network, account, tokens, spenders),
      pairs.length === 0 ? [] : contracts.leavesOf(network, account, pairs),
    ])
    return given.given.length > 0 || !given.isWhole || leaves.length > 0
  }

  const learnAllowances = (session: StoredSession): Promise<boolean> => {
    const live = readAllowances(session)
    allowances.set(session.id, { session, of: `${session.network} ${session.account}`, live })
    // What failed is no answer: the next call asks.
    live.catch(() => {
      if (allowances.get(session.id)?.live === live) allowances.delete(session.id)
    })
    return live
  }

  const simulate: Preflight['simulate'] = async (node, body, account, limits) => {
    const at = ticks()
    const time = (now: UnixSeconds) => now - Math.ceil((ticks() - at) / 1000)
    try {
      const { estimate, reverted, events } = await node.simulate(body)
      if (reverted !== undefined) {
        const words = reverted.join(', ').slice(0, MAX_FAILURE)
        return { estimate, result: (now) => ({ ok: false, at: time(now), words }) }
      }
      const left = outflow(events, account, limits)
      return { estimate, result: (now) => ({ ok: true, at: time(now), ...left }) }
    } catch (error) {
      // The node's own no is a failed trial; anything else says nothing of the transaction.
      if (!isNodeError(error) || error.rpcCode !== RPC.executionError) throw error
      const words = error.words.join(', ').slice(0, MAX_FAILURE)
      return { result: (now) => ({ ok: false, at: time(now), words }) }
    }
  }

  return {
    readClasses: async (session, calls, node) => {
      const contracts = needed(session, calls)
      await Promise.all(
        contracts.filter((contract) => ageOf(session, contract) >= FRESH_MS).map((it) => read(session, it, node)),
      )
      for (const contract of contracts) {
        if (ageOf(session, contract) < REFRESH_MS) continue
        // Beside the hot path: the next call finds it fresh. A failure leaves the old age.
        read(session, contract, node).catch(() => undefined)
      }
    },
    classes: (session, calls, now, assumed) => {
      const found: Record<Address, ReadClass> = {}
      for (const contract of needed(session, calls)) {
        const entry = entryOf(session, contract)
        if (entry !== undefined && (!assumed || ticks() - entry.at < FRESH_MS)) {
          const { classHash, impl } = entry
          found[contract] = {
            classHash,
            ...(impl === undefined || impl === 'unread' ? {} : { impl }),
            readAt: now - Math.ceil((ticks() - entry.at) / 1000),
          }
        } else if (assumed) {
          const pin = pinOf(session, contract)
          found[contract] =
            contract === session.account || pin === undefined
              ? { classHash: session.accountClass, readAt: now }
              : { ...pin, readAt: now }
        }
      }
      return found
    },
    liveAllowance: (session) => allowances.get(session.id)?.live ?? learnAllowances(session),
    credited: ({ network, account }, pairs) => contracts.allowancesOf(network, account, pairs),
    moved: (network, account, by) => {
      for (const [id, { of }] of allowances) {
        if (id !== by && of === `${network} ${account}`) allowances.delete(id)
      }
    },
    settled: (network, account) => {
      for (const { session, of } of [...allowances.values()]) {
        if (of === `${network} ${account}`) learnAllowances(session).catch(() => undefined)
      }
    },
    forgetClass: (network, contract) => {
      known.delete(`${network} ${contract}`)
    },
    simulate,
    trial: async (node, body, account, { signing, chosen, after }) => {
      const { estimate, reverted, events } = await node.simulate(body, after)
      const known = priced(estimate, signing, chosen)
      if (reverted !== undefined) return { ...known, fails: reverted.join(', ').slice(0, MAX_FAILURE) }
      const { moves, items, leaves, more } = changesOf(events, account)
      return {
        ...known,
        moves,
        ...(items.length === 0 ? {} : { items }),
        ...(leaves.length === 0 ? {} : { leaves }),
        ...(more ? { more: true as const } : {}),
      }
    },
  }
}
