import { compact, used } from '../../book.ts'
import type { Hold, MeterBook } from '../../policy.ts'
import { bookOf } from '../agree.ts'
import { createDice } from '../dice.ts'
import { capsOn, usedOn } from '../ledger.ts'
import { capsOf } from '../parts.ts'
import { type Happening, listOf } from '../story.ts'
import type { Property } from './property.ts'
import { aPast, aScene, type Scene } from './scene.ts'

interface Kept extends Scene {
  readonly story: readonly Happening[]
  readonly compactAt: readonly number[]
  /** Later looks. */
  readonly looks: readonly number[]
}

export const forgetting: Property<Kept> = {
  id: 'P10',
  says: 'forgetting old bookings and reading the book again change no total',
  cases: 10_000,
  meets: { booked: 600, forgot: 300, 'still inside': 200 },
  make: (seed) => {
    const dice = createDice(seed)
    const scene = aScene(dice)
    const first = scene.now + dice.pick([0, 1, 60, 3_600])
    const second = first + dice.pick([0, 59, 86_400, 40 * 86_400])
    return {
      ...scene,
      story: aPast(dice, scene.session.effective, scene.now),
      compactAt: [first, second],
      looks: [second, second + dice.pick([1, 60]), second + dice.int(1, 100_000)],
    }
  },
  check: ({ session, story, compactAt, looks }, met) => {
    const { book, open } = bookOf(story, session)
    let kept = book
    for (const at of compactAt) kept = compact(JSON.parse(JSON.stringify(kept)) as MeterBook, session, at, open)
    const again = JSON.parse(JSON.stringify(kept)) as MeterBook
    const holds = JSON.parse(JSON.stringify(open)) as readonly Hold[]
    const list = listOf(story, session)
    if (book.bookings.length > 0) met('booked')
    if (kept.bookings.length < book.bookings.length) met('forgot')
    if (kept.bookings.length > 0) met('still inside')
    for (const { meter } of capsOf(session.effective)) {
      const windows = [
        { kind: 'session' } as const,
        ...(capsOn(session.effective, meter)?.caps ?? []).map((it) => it.window),
      ]
      for (const window of windows) {
        for (const t of looks) {
          const [before, after, happened] = [
            used(book, open, meter, window, t),
            used(again, holds, meter, window, t),
            usedOn(list, meter, window, t),
          ]
          if (after !== before) return `${meter}, ${JSON.stringify(window)} at ${t}: ${before}, then ${after}`
          if (after !== happened) return `${meter}, ${JSON.stringify(window)} at ${t}: ${after} of ${happened}`
        }
      }
    }
    return undefined
  },
}
