/** A transaction a person is asked about: tried out while it is shown, and sent as it was shown. */
import { refused } from '../../core/errors.ts'
import { type Address, type Felt, u256 } from '../../core/felt.ts'
import type { Call, Origin } from '../../core/policy/policy.ts'
import type {
  Effects,
  FeeChoice,
  JournalRow,
  NetworkId,
  OwnAccount,
  OwnTransaction,
  Question,
  TransactionQuestion,
  Trial,
} from '../../core/records.ts'
import { RPC } from '../../platform/node.ts'
import { isNodeError } from '../../platform/node-error.ts'
import { type Bound, type Bounds, committedMaximum } from '../../starknet/invoke.ts'
import { approved } from '../keys/approved.ts'
import { type Approvals, isStale } from '../owners/approvals.ts'
import type { Executor } from '../sending/executor.ts'
import { type Chosen, readBounds, storedBounds } from '../sending/fees.ts'

export interface Trying {
  /** What the node expects, until the person has decided. A node that is silent leaves Allow off. */
  watch(id: string, account: OwnAccount, deploys: boolean): Promise<void>
  /** @throws NodeError */
  tried(question: TransactionQuestion, account: OwnAccount, deploys: boolean): Promise<Tried>
  /** After its yes. @throws Refused 113 when it was taken back, NodeError */
  send(id: string, account: OwnAccount, by: { readonly origin?: Origin; readonly request?: string }): Promise<Felt>
}
export type Tried = Pick<TransactionQuestion, 'steps'> & { readonly trial: Trial }

export interface TryingNeeds {
  readonly approvals: Approvals
  readonly executor: Pick<Executor, 'estimateSteps' | 'executeApproved' | 'runSteps' | 'trial'>
  readonly wait: (ms: number) => Promise<void>
}

/** While a person looks, the trial runs again: what is expected to move may change (approval-ux.md 7.3). */
const TRIAL_AGAIN_MS = 12_000
const TRIAL_RETRY_MS = 3_000

export function createTrying({ approvals, executor, wait }: TryingNeeds): Trying {
  const tried: Trying['tried'] = async ({ network, calls, carries, fee, own }, account, deploys) => {
    const carried = carries === undefined ? {} : { carries }
    const chosen = chosenOf(fee)
    if (!deploys) {
      const trial = await executor.trial({ network, account, calls, chosen, ...carried })
      const before = replacing(own)
      return { steps: [], trial: before === undefined ? trial : raised(trial, before.above, chosen) }
    }
    if (carries !== undefined) {
      const { steps } = await executor.estimateSteps({ network, account, steps: ['deploy'] })
      return { steps, trial: await executor.trial({ network, account, calls, chosen, deploys, carries }) }
    }
    const planned = await executor.estimateSteps({ network, account, steps: ['deploy'], calls })
    const { steps, calls: bounds } = planned
    if (bounds === undefined) throw new Error('no bounds for the calls')
    try {
      return { steps, trial: await executor.trial({ network, account, calls, chosen, deploys }) }
    } catch (error) {
      // A node that does not run one after the other has priced them all the same.
      if (!isNodeError(error) || error.reason !== 'rpc') throw error
      const most = feeCap({ bounds, moves: [] })
      const lacks = chosen.cap !== undefined && most > chosen.cap ? { lacks: u256(most) } : {}
      return { steps, trial: { bounds, moves: [], unseen: true, ...lacks } }
    }
  }

  return {
    tried,
    watch: (id, account, deploys) =>
      whileAsked({ approvals, wait }, id, {
        next: async (question) => {
          if (question.kind !== 'transaction') return undefined
          const next = await tried(question, account, deploys)
          const isSame = question.trial !== undefined && !isWorse(next.trial, question.trial)
          return isSame ? question : { ...question, ...next }
        },
        unknown: (question) => {
          if (question.kind !== 'transaction') return question
          const { trial: _trial, ...rest } = question
          return rest
        },
      }),
    send: async (id, account, by) => {
      const { question, decided } = await approvals.begin(id)
      if (question.kind !== 'transaction' || question.trial === undefined) throw new Error('nothing was tried out')
      const { network, calls, carries, own, steps, trial, onlyAt } = question
      const before = replacing(own)
      const isClass = carries?.kind === 'class'
      // Its bounds are above what the person said at most.
      if (trial.lacks !== undefined) throw refused('USER_REFUSED_OP', { reason: 'context' })
      const yes = approved({
        approval: id,
        digest: decided.digest,
        account: account.address,
        network,
        allows: [
          ...steps.flatMap(({ step }) => (step === 'setup' ? [] : [{ kind: 'step' as const, step }])),
          isClass
            ? { kind: 'class', carries }
            : { kind: 'calls', calls, ...(carries === undefined ? {} : { carries }) },
        ],
      })
      await executor.runSteps({ network, account, steps, approved: yes }, () => undefined)
      // The steps take their time: the yes may have been taken back.
      if (steps.length > 0) await approvals.begin(id)
      const { hash } = await executor.executeApproved(yes, {
        network,
        account,
        kind: isClass ? 'declare' : 'invoke',
        calls,
        ...(carries === undefined ? {} : { carries }),
        bounds: trial.bounds,
        ...(trial.tip === undefined ? {} : { tip: BigInt(trial.tip) }),
        ...(before === undefined ? {} : { replaces: before.replaces }),
        ...(onlyAt === undefined ? {} : { onlyAt }),
        ...by,
      })
      return hash
    },
  }
}

export interface OutsideWork {
  readonly network: NetworkId
  readonly account: OwnAccount
  readonly calls: readonly Call[]
  readonly deploys: boolean
}

/** What an outside execution would do, sent now, until the person has decided whether it is signed. */
export function watchOutside(
  {
    approvals,
    executor,
    wait,
  }: Pick<TryingNeeds, 'approvals' | 'wait'> & { readonly executor: Pick<Executor, 'trial'> },
  id: string,
  work: OutsideWork,
): Promise<void> {
  return whileAsked({ approvals, wait }, id, {
    next: async (question) => {
      if (question.kind !== 'message') return undefined
      const effects = await effectsOf(executor, work)
      const isSame = question.effects !== undefined && !movesMore(effects, question.effects)
      return isSame ? question : { ...question, effects }
    },
    unknown: (question) => {
      if (question.kind !== 'message') return question
      const { effects: _effects, ...rest } = question
      return rest
    },
  })
}

/** What the account itself would do with the same calls; whoever sends them pays for it. @throws NodeError of a silent node */
async function effectsOf(executor: Pick<Executor, 'trial'>, work: OutsideWork): Promise<Effects> {
  try {
    const { bounds: _bounds, tip: _tip, about: _about, lacks: _lacks, ...effects } = await executor.trial(work)
    return effects
  } catch (error) {
    if (!isNodeError(error) || error.reason !== 'rpc') throw error
    // With a deployment before them nobody knows which of the two it was.
    const isFailing = error.rpcCode === RPC.executionError && !work.deploys
    return isFailing ? { moves: [], fails: error.words.join(', ').slice(0, MAX_FAILURE) } : { moves: [], unseen: true }
  }
}
const MAX_FAILURE = 300

interface Attempts {
  /** As it shall stand now; itself: nothing got worse. `undefined`: not a question that is tried out. @throws NodeError */
  readonly next: (question: Question) => Promise<Question | undefined>
  /** Nobody looks at it any more: what is not known holds Allow back. */
  readonly unknown: (question: Question) => Question
}

/** Tried out again as long as it is asked: each worse answer is a new revision. A node that is silent is asked again. */
async function whileAsked(
  { approvals, wait }: Pick<TryingNeeds, 'approvals' | 'wait'>,
  id: string,
  { next, unknown }: Attempts,
): Promise<void> {
  for (;;) {
    const record = await approvals.get(id)
    if (record?.phase !== 'asking') return
    try {
      const after = await next(record.question)
      if (after === undefined) return
      if (after !== record.question) await approvals.change(id, record.rev, () => after)
      await wait(TRIAL_AGAIN_MS)
    } catch (error) {
      if (!isNodeError(error) && !isStale(error)) {
        await stopped(approvals, id, unknown)
        throw error
      }
      await wait(TRIAL_RETRY_MS)
    }
  }
}

async function stopped(approvals: Approvals, id: string, unknown: Attempts['unknown']): Promise<void> {
  const record = await approvals.get(id)
  if (record?.phase !== 'asking') return
  await approvals.change(id, record.rev, unknown).catch((error: unknown) => {
    if (!isStale(error)) throw error
  })
}

/** Absent where it takes nobody's place. */
function replacing(
  own: OwnTransaction | undefined,
): Extract<OwnTransaction, { readonly replaces: string }> | undefined {
  return own !== undefined && 'replaces' in own ? own : undefined
}

/** In the place of another the network takes it only for at least a tenth more, of the price and of the tip; a quarter is. */
function raised(trial: Trial, above: Pick<JournalRow, 'bounds' | 'tip'>, { cap }: Chosen): Trial {
  const more = (value: bigint) => (value * 5n + 3n) / 4n
  const [own, before] = [readBounds(trial.bounds), readBounds(above.bounds)]
  const bound = (name: keyof Bounds): Bound => ({
    maxAmount: larger(own[name].maxAmount, before[name].maxAmount),
    maxPrice: larger(own[name].maxPrice, more(before[name].maxPrice)),
  })
  const tip = larger(BigInt(trial.tip ?? '0'), more(BigInt(above.tip)))
  const bounds = { l1_gas: bound('l1_gas'), l2_gas: bound('l2_gas'), l1_data_gas: bound('l1_data_gas') }
  const most = committedMaximum(bounds, tip)
  return {
    ...trial,
    bounds: storedBounds(bounds),
    ...(tip === 0n ? {} : { tip: u256(tip) }),
    ...(cap !== undefined && most > cap ? { lacks: u256(most) } : {}),
  }
}
const larger = (a: bigint, b: bigint) => (a > b ? a : b)

function chosenOf(fee: FeeChoice | undefined): Chosen {
  if (fee === undefined) return { tip: 0n }
  const { tip, cap } = fee
  return { tip: BigInt(tip), ...(cap === undefined ? {} : { cap: BigInt(cap) }) }
}

/**
 * Another asset leaves, at least 2 % more of one, more may be taken, there is more than is listed or can be read, it fails
 * now, or the fee's cap no longer has room.
 */
export function isWorse(next: Trial, before: Trial): boolean {
  return (next.lacks !== undefined && before.lacks === undefined) || movesMore(next, before) || costsMore(next, before)
}

function movesMore(next: Effects, before: Effects): boolean {
  if ((next.fails === undefined) !== (before.fails === undefined)) return true
  if ((next.unseen === undefined) !== (before.unseen === undefined)) return true
  if (next.more !== undefined && before.more === undefined) return true
  const odd = new Set(before.moves.flatMap(({ token, unread }) => (unread === true ? [token] : [])))
  if (next.moves.some(({ token, unread }) => unread === true && !odd.has(token))) return true
  const was = new Map<Address, bigint>(before.moves.map(({ token, out }) => [token, BigInt(out)]))
  const more = next.moves.some(
    ({ token, out }) =>
      BigInt(out) * 100n >= (was.get(token) ?? 0n) * 102n && out !== '0' && BigInt(out) !== was.get(token),
  )
  return more || hasMore(next.items, before.items) || hasMore(next.leaves, before.leaves)
}

/** One that was not there as it is now. What comes in makes nothing worse. */
function hasMore(next: Trial['items'] | Trial['leaves'], before: Trial['items'] | Trial['leaves']): boolean {
  const known = new Set((before ?? []).map((it) => JSON.stringify(it)))
  return (next ?? []).some((it) => !('direction' in it && it.direction === 'in') && !known.has(JSON.stringify(it)))
}

function costsMore(next: Trial, before: Trial): boolean {
  return feeCap(next) * 10n > feeCap(before) * 12n
}

/** The committed maximum of what would be signed. */
function feeCap({ bounds, tip }: Trial): bigint {
  return committedMaximum(readBounds(bounds), BigInt(tip ?? '0'))
}
