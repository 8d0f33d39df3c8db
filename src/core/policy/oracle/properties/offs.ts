import { evaluate } from '../../evaluate.ts'
import type { SessionRecord } from '../../policy.ts'
import { bookOf } from '../agree.ts'
import { createDice } from '../dice.ts'
import { aDeny } from '../parts.ts'
import type { Happening } from '../story.ts'
import { NARROWINGS } from './moves.ts'
import type { Property } from './property.ts'
import { aPast, aScene, aTransaction, has, type Scene } from './scene.ts'

interface Off extends Scene {
  readonly story: readonly Happening[]
  readonly tx: ReturnType<typeof aTransaction>
  readonly tighter: readonly SessionRecord[]
  readonly never: readonly SessionRecord[]
}

const TIGHTER = NARROWINGS.filter(({ name }) => name === 'one more cap' || name === 'one more deny')

export const offs: Property<Off> = {
  id: 'P6',
  says: 'rules off, end passed or revoked is never automatic; one more deny or cap never allows',
  cases: 50_000,
  meets: { auto: 300, asked: 200, 'refused by what is tighter': 20 },
  make: (seed) => {
    const dice = createDice(seed)
    const scene = aScene(dice)
    const { session, now } = scene
    const policy = session.effective
    const of = (effective: typeof policy) => ({ ...session, effective })
    return {
      ...scene,
      story: dice.chance(0.3) ? aPast(dice, policy, now) : [],
      tx: aTransaction(dice, session, policy),
      tighter: [
        of({ ...policy, deny: [...policy.deny, aDeny(dice, has)] }),
        ...Array.from({ length: 2 }, () => of(dice.pick(TIGHTER).of(policy, dice) ?? policy)),
      ],
      never: [
        of({ ...policy, calls: policy.calls.map((rule) => ({ ...rule, enabled: false })) }),
        of({ ...policy, validUntil: now + dice.int(-5, 60) }),
        of({ ...policy, validAfter: now + 1 }),
        { ...session, state: dice.pick(['revoked', 'revoking', 'superseded', 'paused', 'pending']) },
      ],
    }
  },
  check: ({ session, facts, now, story, tx, tighter, never }, met) => {
    const { book, open } = bookOf(story, session)
    const auto = (it: SessionRecord) => evaluate(it, book, open, tx, facts, now).kind === 'auto'
    const before = auto(session)
    met(before ? 'auto' : 'asked')
    const wrong = never.findIndex(auto)
    if (wrong >= 0)
      return `signs though ${['all rules are off', 'it has ended', 'it has not begun', 'it does not run'][wrong]}`
    for (const it of tighter) {
      const after = auto(it)
      if (after && !before) return 'a deny or a cap more, and it signs what it did not'
      if (before && !after) met('refused by what is tighter')
    }
    return undefined
  },
}
