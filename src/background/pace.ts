/**
 * How fast one origin may go: 20 a second, 40 at once; the next 100 wait their turn (provider.md 6.2). One number per
 * origin is enough: the time at which everything let in so far is worked off at that pace.
 */
import type { Origin } from '../core/policy/policy.ts'

export type Turn = { readonly kind: 'now' } | { readonly kind: 'later'; readonly ms: number } | Full
/** `slow`: the turn came too late. */
export type Full = { readonly kind: 'full' | 'slow'; readonly retryAt: number }

const EVERY_MS = 50
const BURST = 40
const WAITING = 100
const LONGEST_WAIT_MS = 30_000

export interface Pace {
  /** @returns when the caller's turn has come, or why it does not */
  turn(origin: Origin): Promise<'go' | Full>
}

export function createPace(needs: {
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly sleep: (ms: number) => Promise<void>
}): Pace {
  const doneAt = new Map<Origin, number>()

  const take = (origin: Origin): Turn => {
    const now = needs.now()
    let done = Math.max(now, doneAt.get(origin) ?? 0)
    // More than can be waiting: the clock was set back.
    if (done - now > (BURST + WAITING + 1) * EVERY_MS) done = now
    const ms = done - now - (BURST - 1) * EVERY_MS
    if (ms > WAITING * EVERY_MS) return { kind: 'full', retryAt: Math.ceil((now + ms - WAITING * EVERY_MS) / 1_000) }
    doneAt.set(origin, done + EVERY_MS)
    if (doneAt.size > 256) for (const [key, at] of doneAt) if (at < now) doneAt.delete(key)
    return ms <= 0 ? { kind: 'now' } : { kind: 'later', ms }
  }

  return {
    turn: async (origin) => {
      const turn = take(origin)
      if (turn.kind === 'now') return 'go'
      if (turn.kind !== 'later') return turn
      const from = needs.now()
      await needs.sleep(turn.ms)
      const now = needs.now()
      return now - from > LONGEST_WAIT_MS ? { kind: 'slow', retryAt: Math.ceil(now / 1_000) } : 'go'
    },
  }
}
