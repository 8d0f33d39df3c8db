import type { Address, U256 } from '../../../felt.ts'
import { emptyBook, type Outcome, settle } from '../../book.ts'
import { evaluate } from '../../evaluate.ts'
import { exposure } from '../../exposure.ts'
import type { Transaction } from '../../facts.ts'
import type { Call, Hold, MeterBook, RuleId, SessionPolicy, Verdict, Window } from '../../policy.ts'
import { createDice, type Dice } from '../dice.ts'
import { startOf } from '../ledger.ts'
import { ACCOUNT, capsOf, limbs, money, PEOPLE, text } from '../parts.ts'
import { sentOf } from './life.ts'
import type { Property } from './property.ts'
import { aScene, aTransaction, type Scene } from './scene.ts'

const TRANSACTIONS = 100
const BEFORE = 15

interface Run extends Scene {
  readonly dice: number
  readonly transactions: number
}

export const worst: Property<Run> = {
  id: 'P7',
  says: 'what a run takes is never more than the worst case at its start, while no receipt exceeds its hold',
  cases: 10_000,
  meets: { spent: 120, paid: 450, 'all there is': 2 },
  make: (seed) => {
    const dice = createDice(seed)
    const scene = aScene(dice)
    scene.session.effective.validUntil = scene.now + dice.pick([600, 7_200, 86_400, 20 * 86_400])
    // A spender looks for what is allowed: a way to send, and no long pauses.
    const limit = dice.pick(scene.session.effective.spend.limits.filter((it) => it.asset === 'erc20'))
    if (limit?.asset === 'erc20' && dice.chance(0.6)) {
      const { calls } = scene.session.effective
      const id = `r${calls.length}` as RuleId
      const entrypoints = [{ selector: money.transfer! }]
      calls.push({ id, contract: limit.token, entrypoints, caps: [], sums: [], enabled: true, required: false })
    }
    scene.session.effective.usage.minGap = dice.pick([0, 0, 1, 30])
    return { ...scene, dice: dice.int(0, 2 ** 31), transactions: TRANSACTIONS }
  },
  check: (run, met) => {
    const { session, facts } = run
    const policy = session.effective
    const dice = createDice(run.dice)
    const asks = Array.from({ length: 12 }, () => aTransaction(dice, session, policy))
    const windows = capsOf(policy).flatMap(({ caps }) => caps.map(({ window }) => window))
    const before = dice.int(0, BEFORE)
    let { now } = run
    let book: MeterBook = emptyBook(session.id)
    let open: Hold[] = []
    let bound: ReturnType<typeof exposure> | undefined
    const taken = new Map<string, bigint>()
    const take = (what: string, amount: bigint) => {
      if (bound !== undefined) taken.set(what, (taken.get(what) ?? 0n) + amount)
    }
    let refused = 0
    let count = 0n
    let index = 0
    const settleOne = () => {
      const [hold] = open
      if (hold === undefined) return
      const outcome = outcomeOf(hold, dice, now)
      book = settle(book, hold, open, outcome, session, now).book
      open = open.slice(1)
      now = Math.max(now, outcome.at ?? 0)
      // What was dropped may be tried again; a transaction is one that a block has.
      if (bound !== undefined && (outcome.end === 'accepted' || outcome.end === 'reverted')) count += 1n
      if (outcome.end === 'accepted' || outcome.end === 'reverted')
        take(`fee ${outcome.fee.token}`, BigInt(outcome.fee.paid))
      if (outcome.end === 'accepted')
        for (const [token, out] of Object.entries(outcome.out)) take(`spend ${token}`, BigInt(out))
    }
    for (; index < run.transactions; index++) {
      if (bound === undefined && index >= before) {
        // What is open now and what it may still take are told apart: the start of a run is a moment at rest.
        while (open.length > 0) settleOne()
        bound = exposure(policy, book, open, now)
      }
      const judge = (it: Transaction) => evaluate(session, book, open, it, facts, now)
      const first = dice.pick(asks)
      // Who is told how much is left takes just that.
      const rest = drain(judge(first), first, policy)
      const verdict = rest === undefined ? judge(first) : judge(rest)
      if (verdict.kind === 'auto') {
        refused = 0
        open = [...open, holdOf(`h${index}`, session.id, now, verdict.charges, rest?.calls ?? first.calls)]
      } else refused += 1
      if (open.length > 0 && dice.chance(0.7)) settleOne()
      now += refused > 4 ? wait(windows, now, dice) : dice.pick([0, 0, 1, 2])
    }
    while (open.length > 0) settleOne()
    if (bound === undefined) return undefined
    const limits = new Map<string, bigint>([
      ...bound.spend.map(({ token, amount }) => [`spend ${token}`, BigInt(amount)] as const),
      ...bound.fees.map(({ token, amount }) => [`fee ${token}`, BigInt(amount)] as const),
    ])
    for (const [what, amount] of taken) {
      if (amount === 0n) continue
      met(what.startsWith('fee') ? 'paid' : 'spent')
      const most = limits.get(what) ?? 0n
      if (amount > most) return `${what}: ${amount} taken, at worst ${most}`
      if (amount === most) met('all there is')
    }
    if (bound.transactions !== undefined && count > BigInt(bound.transactions)) {
      return `${count} transactions, at worst ${bound.transactions}`
    }
    return undefined
  },
}

/** A transfer of exactly what a refusal says is left. */
function drain(verdict: Verdict, tx: Transaction, policy: SessionPolicy): Transaction | undefined {
  if (verdict.kind !== 'ask') return undefined
  const short = verdict.reasons.find(({ code, left }) => code === 'spendCap' && left !== undefined && left !== '0')
  const call = tx.calls.find(({ to, selector }) => selector === money.transfer && short?.meter === `spend:${to}`)
  if (short?.left === undefined || call === undefined) return undefined
  const limit = policy.spend.limits.find((it) => it.asset === 'erc20' && it.token === call.to)
  const who = limit?.recipients?.find((it) => it !== ACCOUNT) ?? PEOPLE[0]!
  return { ...tx, calls: [{ ...call, calldata: [who, ...limbs(BigInt(short.left))] as Call['calldata'] }] }
}

/** To the next second at which something may be open again. */
function wait(windows: readonly Window[], now: number, dice: Dice): number {
  const window = windows.length > 0 ? dice.pick(windows) : undefined
  if (window?.kind === 'fixed') return startOf(window, now) + window.seconds - now
  return window?.kind === 'rolling' ? window.seconds : dice.pick([60, 3_600])
}

function holdOf(
  id: string,
  session: Hold['session'],
  at: number,
  charges: Hold['charges'],
  calls: readonly Call[],
): Hold {
  return {
    id,
    session,
    group: id,
    via: 'node',
    hash: '0x1' as Hold['hash'],
    calls: [...calls],
    charges,
    at,
    status: 'sent',
  }
}

/** Mostly to the last unit: a spender wants all there is. */
function outcomeOf(hold: Hold, dice: Dice, now: number): Outcome {
  const at = now + dice.pick([0, 0, 0, 1, 5])
  const end = dice.pick(['accepted', 'accepted', 'accepted', 'accepted', 'reverted', 'dropped'] as const)
  if (end === 'dropped') return { end, at }
  const held = hold.charges.find(({ meter }) => meter.startsWith('fee:'))
  const part = (amount: bigint) => (dice.chance(0.7) ? amount : dice.big(amount + 1n))
  const fee = { token: (held?.meter.slice(4) ?? '0x57a4') as Address, paid: text(part(BigInt(held?.amount ?? '0'))) }
  if (end === 'reverted') return { end, at, fee }
  const out: Record<string, U256> = {}
  for (const { meter, amount } of hold.charges) {
    if (meter.startsWith('spend:')) out[meter.slice(6)] = text(part(sentOf(hold, meter.slice(6), amount)))
  }
  return { end, at, fee, out, items: {} }
}
