/**
 * The journal against the chain, once in each run of the browser (security.md 8, rule 3). Who puts a whole profile back to an
 * older day puts back every MAC and every number with it; only the chain remembers what was sent since. So before anything is
 * signed for an account its nonce there is compared with what lies here: one that is further was used by what this copy does
 * not know, and its sessions rest until the person looks at them.
 */
import type { Address } from '../../core/felt.ts'
import type { NetworkId } from '../../core/records.ts'
import type { SessionArea } from '../keys/working-set.ts'
import type { Sessions } from '../owners/sessions.ts'

export interface Comparing {
  /**
   * Before the nonce is anybody's to sign with. After the first time it only notes.
   *
   * @param nonce the account's next one, as the chain says
   * @param out the one after the last that the journal knows to be out
   */
  compare(place: Place, nonce: bigint, out: bigint | undefined): Promise<void>
  /** In this run of the browser. */
  isDone(place: Place): Promise<boolean>
}
export interface Place {
  readonly network: NetworkId
  readonly account: Address
}

export interface ComparingNeeds {
  /** Gone with the browser. */
  readonly area: SessionArea
  /** How far this wallet had looked when it last compared; `undefined`: never, on this chain. */
  readonly looked: (place: Place) => Promise<bigint | undefined>
  readonly look: (place: Place, nonce: bigint) => Promise<void>
  readonly sessions: Pick<Sessions, 'pauseAll'>
}

const DONE = 'compared'

export function createComparing({ area, looked, look, sessions }: ComparingNeeds): Comparing {
  let done: Promise<Set<string>> | undefined
  const working = new Map<string, Promise<void>>()

  const known = (): Promise<Set<string>> => {
    done ??= area.get(DONE).then(
      (stored) => new Set(Array.isArray(stored) ? stored.filter((it) => typeof it === 'string') : []),
      (error: unknown) => {
        done = undefined
        throw error
      },
    )
    return done
  }

  const compareNow = async (place: Place, nonce: bigint, out: bigint | undefined): Promise<void> => {
    const all = await known()
    const before = await looked(place)
    const base = out === undefined || (before !== undefined && before > out) ? before : out
    const isFirst = !all.has(keyOf(place))
    if (isFirst && base !== undefined && nonce > base) await sessions.pauseAll(place, 'restored')
    // Only then: a worker that dies in between compares once more. What is ours is in the journal, until that is pruned.
    const isFurther = before === undefined || nonce > before
    if (isFurther && (isFirst || base === undefined || nonce > base)) await look(place, nonce)
    if (!isFirst) return
    all.add(keyOf(place))
    await area.set(DONE, [...all])
  }

  return {
    compare: (place, nonce, out) => {
      const key = keyOf(place)
      const work = (working.get(key) ?? Promise.resolve()).then(() => compareNow(place, nonce, out))
      const quiet = work.catch(() => undefined) // Its caller gets the error; the next one does not.
      working.set(key, quiet)
      return work
    },
    isDone: async (place) => (await known()).has(keyOf(place)),
  }
}

function keyOf({ network, account }: Place): string {
  return `${network} ${account}`
}
