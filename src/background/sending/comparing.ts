/**
 * The journal against the chain, once in each run of the browser (security.md 8, rule 3). Who puts a whole profile back to an
 * older day puts back every MAC and every number with it; only the chain remembers what was sent since. So before anything is
 * signed for an account its nonce there is compared with what lies here: one that is further was used by what this copy does
 * not know, and its sessions rest until the person looks at them; or, where every transaction in between is shown to be the
 * owner's own (elsewhere.ts), those go on that can spend in no way which such a reading would miss.
 *
 * What no reading of the chain tells is what a person has done here since that day, narrowing or ending a session, with
 * nothing but the owner's transactions after it. A copy with no transaction after it at all is no better known, then or now;
 * a session that was ended on the chain is, because that is a call to the account.
 */
import type { Address } from '../../core/felt.ts'
import type { JournalRow, NetworkId, StoredSession } from '../../core/records.ts'
import { isNodeError } from '../../platform/node-error.ts'
import type { SessionArea } from '../keys/working-set.ts'
import type { Sessions } from '../owners/sessions.ts'
import type { Elsewhere } from './elsewhere.ts'

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
  readonly sessions: Pick<Sessions, 'list' | 'pauseAll'>
  /** What the account sent with the nonces from `from` to below `to`. @throws NodeError */
  readonly read: (place: Place, from: bigint, to: bigint) => Promise<Elsewhere>
  /** Rows that sessions have lost count again. A row that is there already is nothing. */
  readonly book: (lost: readonly JournalRow[]) => Promise<void>
  /** That many transactions were sent elsewhere, and sessions went on. Written again, it is the same. */
  readonly tell: (place: Place, from: bigint, to: bigint) => Promise<void>
}

const DONE = 'compared'
const NOTHING: Elsewhere = { isAllByOwner: false, lost: [] }

export function createComparing(needs: ComparingNeeds): Comparing {
  const { area, looked, look, sessions } = needs
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

  /** What is not certain is not the owner's: a node that does not answer too. */
  const read = async (place: Place, from: bigint, to: bigint): Promise<Elsewhere | undefined> => {
    // The others rest whatever is read.
    if (!sessions.list(place).some(({ backing, state }) => backing === 'chain' && isLive(state))) return NOTHING
    try {
      return await needs.read(place, from, to)
    } catch (error) {
      if (!isNodeError(error)) throw error
      return undefined
    }
  }
  /** Says whether the node was heard: what was not read is read the next time. */
  const further = async (place: Place, from: bigint, to: bigint): Promise<boolean> => {
    const found = await read(place, from, to)
    const { isAllByOwner, lost } = found ?? NOTHING
    // Before anybody can press to go on.
    await needs.book(lost)
    await sessions.pauseAll(place, 'restored', (it) => !isAllByOwner || !spendsByNonceAlone(it))
    if (isAllByOwner) await needs.tell(place, from, to)
    return found !== undefined
  }

  const compareNow = async (place: Place, nonce: bigint, out: bigint | undefined): Promise<void> => {
    const all = await known()
    const before = await looked(place)
    const base = out === undefined || (before !== undefined && before > out) ? before : out
    const isFirst = !all.has(keyOf(place))
    if (isFirst && base !== undefined && nonce > base && !(await further(place, base, nonce))) return
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

/**
 * Whether each use of a session takes a nonce of its account, with a signature that is not the owner's. One that is held by
 * this wallet alone signs with the owner's key. Messages, and what somebody else hands in, take no nonce; and what was signed
 * for a site that sends by itself may be sent at any time.
 */
export function spendsByNonceAlone({ backing, key, granted }: StoredSession): boolean {
  const signsMessages = granted.messages.some(({ enabled }) => enabled)
  return backing === 'chain' && key.by === 'wallet' && granted.fees.payer === 'account' && !signsMessages
}

function isLive(state: StoredSession['state']): boolean {
  return state === 'active' || state === 'paused'
}

function keyOf({ network, account }: Place): string {
  return `${network} ${account}`
}
