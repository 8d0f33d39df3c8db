import { evaluate } from '../../evaluate.ts'
import type { Transaction } from '../../facts.ts'
import { narrows } from '../../narrow.ts'
import type { Hold, MeterBook, SessionPolicy, SessionRecord } from '../../policy.ts'
import { bookOf } from '../agree.ts'
import { createDice, type Dice } from '../dice.ts'
import type { Happening } from '../story.ts'
import { NARROWINGS, narrowed, WIDENINGS } from './moves.ts'
import type { Property } from './property.ts'
import { aPast, aScene, aTransaction, type Scene } from './scene.ts'

interface Pair extends Scene {
  readonly next: SessionPolicy
  /** What was done to it; `mixed`: moves of both kinds. */
  readonly move: 'narrowed' | 'widened' | 'mixed'
  readonly by: string
  readonly story: readonly Happening[]
  readonly txs: readonly Transaction[]
}

export const narrowing: Property<Pair> = {
  id: 'P3',
  says: 'what narrows allows nothing more; the moves of section 11 narrow, and no widening does',
  cases: 100_000,
  meets: { narrows: 350, widens: 250, both: 120, stricter: 20 },
  make: (seed) => {
    const dice = createDice(seed)
    const scene = aScene(dice)
    const prev = scene.session.effective
    const txs = Array.from({ length: 2 }, () => aTransaction(dice, scene.session, prev))
    const story = dice.chance(0.3) ? aPast(dice, prev, scene.now) : []
    return { ...scene, story, txs, ...moved(dice, prev) }
  },
  check: ({ session, facts, now, next, move, by, story, txs }, met) => {
    const prev = session.effective
    const isNarrower = narrows(next, prev) === true
    if (move === 'narrowed' && !isNarrower) return `${by}: refused, though it narrows: ${narrows(next, prev)}`
    if (move === 'widened' && isNarrower) return `${by}: taken for a narrowing`
    met(isNarrower ? 'narrows' : 'widens')
    if (!isNarrower) return undefined
    const { book, open } = bookOf(story, session)
    const auto = (policy: SessionPolicy, tx: Transaction) => isAuto({ ...session, effective: policy }, book, open, tx)
    const isAuto = (one: SessionRecord, book: MeterBook, open: readonly Hold[], tx: Transaction) =>
      evaluate(one, book, open, tx, facts, now).kind === 'auto'
    for (const tx of txs) {
      const [after, before] = [auto(next, tx), auto(prev, tx)]
      if (after && !before) return `${by}: signs what was not signed before`
      if (after) met('both')
      else if (before) met('stricter')
    }
    return undefined
  },
}

function moved(dice: Dice, prev: SessionPolicy): Pick<Pair, 'next' | 'move' | 'by'> {
  if (dice.chance(0.45)) return { next: narrowed(dice, prev), move: 'narrowed', by: 'narrowings' }
  const { name, of } = dice.pick(WIDENINGS)
  const next = of(prev, dice)
  if (next === undefined) {
    const narrowing = dice.pick(NARROWINGS)
    return { next: narrowing.of(prev, dice) ?? prev, move: 'narrowed', by: narrowing.name }
  }
  if (dice.chance(0.6)) return { next, move: 'widened', by: name }
  return { next: narrowed(dice, next), move: 'mixed', by: `${name} and narrowings` }
}
