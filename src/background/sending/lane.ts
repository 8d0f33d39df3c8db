/**
 * One queue per account and network (performance.md 7, policy.md 5.1): work is taken in arrival order, so many at a time as
 * the node allows, and what was held is signed and sent in the order of its nonces.
 */
export interface Lane {
  /** Runs `work` when its turn comes. A lower ticket goes first: who waited before is not overtaken when asking again. */
  run<T>(ticket: number, work: () => Promise<T>): Promise<T>
  /** Nothing starts while `work` runs: rows of an earlier worker are found before anything new takes a nonce. */
  alone<T>(work: () => Promise<T>): Promise<T>
  /** Called without an await after a hold: `ready` resolves when all holds before it were signed and sent, or given up. */
  next(): { readonly ready: Promise<void>; readonly done: () => void }
  /** A nonce that was held and will not be used: unsigned work above it has to take a lower one. */
  freed(nonce: bigint): void
  /** A nonce that is used again. */
  filled(nonce: bigint): void
  hasGapBelow(nonce: bigint): boolean
}

export function createLane(limit: () => number): Lane {
  const waiting: { readonly ticket: number; readonly start: () => void }[] = []
  const free = new Set<bigint>()
  let running = 0
  let closed = 0
  let tail: Promise<void> = Promise.resolve()

  const pump = () => {
    while (closed === 0 && running < limit() && waiting.length > 0) {
      running += 1
      waiting.shift()?.start()
    }
  }

  return {
    run: (ticket, work) =>
      new Promise((resolve, reject) => {
        const start = () => {
          work()
            .then(resolve, reject)
            .finally(() => {
              running -= 1
              pump()
            })
        }
        const at = waiting.findIndex((other) => other.ticket > ticket)
        waiting.splice(at === -1 ? waiting.length : at, 0, { ticket, start })
        pump()
      }),
    alone: async (work) => {
      closed += 1
      try {
        return await work()
      } finally {
        closed -= 1
        pump()
      }
    },
    next: () => {
      const ready = tail
      let done = () => {}
      tail = new Promise((resolve) => {
        done = resolve
      })
      return { ready, done }
    },
    freed: (nonce) => {
      free.add(nonce)
    },
    filled: (nonce) => {
      // What lies below was filled before, or the chain has gone past it.
      for (const other of free) if (other <= nonce) free.delete(other)
    },
    hasGapBelow: (nonce) => [...free].some((other) => other < nonce),
  }
}
