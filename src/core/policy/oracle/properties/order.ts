import { evaluate } from '../../evaluate.ts'
import type { Transaction } from '../../facts.ts'
import type { Call, MeterId, SessionPolicy, Verdict } from '../../policy.ts'
import { bookOf } from '../agree.ts'
import { createDice } from '../dice.ts'
import type { Happening } from '../story.ts'
import type { Property } from './property.ts'
import { aPast, aScene, aTransaction, type Scene, transactionOf } from './scene.ts'

interface Ordered extends Scene {
  readonly story: readonly Happening[]
  readonly tx: Transaction
  /** Where each call of the turned transaction stood. */
  readonly turn: readonly number[]
  readonly cut: number
}

export const order: Property<Ordered> = {
  id: 'P8',
  says: 'independent calls in another order: the same verdict; one transaction as two: the same charge',
  cases: 20_000,
  meets: { auto: 150, asked: 300, split: 80 },
  make: (seed) => {
    const dice = createDice(seed)
    const scene = aScene(dice)
    const { session } = scene
    const policy = withoutOrder(session.effective)
    const calls = Array.from({ length: dice.int(1, 2) }, () => aTransaction(dice, session, policy).calls).flat()
    const tx = transactionOf(session, policy, calls.length > 1 ? calls : [...calls, ...calls], {
      max: 1n,
      tipPerGas: 0n,
    })
    const turn = tx.calls.map((_, i) => i).sort(() => (dice.chance(0.5) ? 1 : -1))
    return {
      ...scene,
      session: { ...session, effective: policy, granted: policy },
      story: dice.chance(0.2) ? aPast(dice, policy, scene.now) : [],
      tx,
      turn,
      cut: dice.int(1, tx.calls.length - 1),
    }
  },
  check: ({ session, facts, now, story, tx, turn, cut }, met) => {
    const { book, open } = bookOf(story, session)
    const judge = (calls: readonly Call[]) => evaluate(session, book, open, { ...tx, calls }, facts, now)
    const whole = judge(tx.calls)
    const turned = judge(turn.map((at) => tx.calls[at]!))
    if (
      told(turned, turn) !==
      told(
        whole,
        tx.calls.map((_, at) => at),
      )
    ) {
      return `turned: ${told(turned, turn)}, before: ${told(whole, [])}`
    }
    met(whole.kind === 'auto' ? 'auto' : 'asked')
    const halves = [judge(tx.calls.slice(0, cut)), judge(tx.calls.slice(cut))]
    if (whole.kind !== 'auto' || halves.some(({ kind }) => kind !== 'auto')) return undefined
    met('split')
    const [one, two] = [chargesOf([whole]), chargesOf(halves)]
    for (const meter of new Set([...one.keys(), ...two.keys()])) {
      if (meter === 'tx' || meter.startsWith('fee:')) continue
      if (one.get(meter) !== two.get(meter)) return `${meter}: ${one.get(meter)} in one, ${two.get(meter)} in two`
    }
    return two.get('tx' as MeterId) === 2n ? undefined : 'two transactions are not counted as two'
  },
}

/** Conditions on an earlier call and resets at the end of a transaction are about order. */
function withoutOrder(policy: SessionPolicy): SessionPolicy {
  const free = <T extends { args?: unknown }>({ args, ...rest }: T) =>
    (JSON.stringify(args ?? null).includes('"ref":"call"') || args === undefined ? rest : { args, ...rest }) as T
  return {
    ...policy,
    calls: policy.calls.map(free),
    deny: policy.deny.map(free),
    spend: {
      ...policy.spend,
      limits: policy.spend.limits.map((limit) =>
        limit.asset === 'erc20' && limit.approvals === 'resetAfter'
          ? { ...limit, approvals: 'forbid' as const }
          : limit,
      ),
    },
  }
}

/** Reasons by where their call stood at first. */
function told(verdict: Verdict, places: readonly number[]): string {
  if (verdict.kind === 'auto') return JSON.stringify(['auto', ...[...chargesOf([verdict])].map(String).sort()])
  const reasons = verdict.reasons.map(({ code, call, meter, left, wanted }) =>
    JSON.stringify({ code, call: call === undefined ? undefined : places[call], meter, left, wanted }),
  )
  return JSON.stringify([verdict.kind, ...reasons.sort()])
}

function chargesOf(verdicts: readonly Verdict[]): ReadonlyMap<MeterId, bigint> {
  const sums = new Map<MeterId, bigint>()
  for (const verdict of verdicts) {
    if (verdict.kind !== 'auto') continue
    for (const { meter, amount } of verdict.charges) sums.set(meter, (sums.get(meter) ?? 0n) + BigInt(amount))
  }
  return sums
}
