/**
 * The watch for take-overs (argent-sessions.md 9): whoever has an account's second key alone can begin to take the account,
 * and owns it after the waiting time if nobody reacts. Each account with a second key is read at the browser's start, at each
 * unlock, every six hours and while somebody looks.
 *
 * Decision: what is watched, and what was found, is a plain row, because the alarm must be raised before the first unlock, when
 * no row can be checked. Who forges it raises an alarm or delays one until the unlock, which reads the chain again.
 */
import type { Address, Felt } from '../core/felt.ts'
import { type NetworkId, parseNetworkId } from '../core/records.ts'
import {
  address,
  decode,
  exact,
  felt,
  integer,
  list,
  literal,
  type Output,
  optional,
  picklist,
  scalar,
  text,
  time,
} from '../core/schema.ts'
import type { Seconds, UnixSeconds } from '../core/time.ts'
import type { Database } from '../platform/database.ts'
import { isNodeError } from '../platform/node-error.ts'
import { ESCAPE_PERIOD, type Escape, nextTryAt, parseEscape } from '../starknet/escape.ts'

/** A take-over under way. */
export interface FoundEscape {
  readonly account: Address
  readonly network: NetworkId
  readonly escape: Escape
  /** How long it waits, and how long it can then be finished. */
  readonly period: Seconds
  /** The person wants to be reminded, and not before. */
  readonly remindAt?: UnixSeconds
  /** Of one that the person began: it is not to be finished. */
  readonly left?: true
}
export interface Watched {
  readonly account: Address
  readonly network: NetworkId
  /** Its node's address, for the time before the first unlock. */
  readonly node: string
}

export interface Watchable extends Watched {
  /** It has a second key there; absent: this worker has not read it yet, so it counts as it did before. */
  readonly secondKey?: boolean
}

export interface EscapeWatch {
  /** What was found, by this worker or another. */
  load(): Promise<void>
  /** As they were when everything could last be checked. */
  watched(): readonly Watched[]
  found(): readonly FoundEscape[]
  /** Reads all; who is silent keeps what was found of it. */
  look(): Promise<void>
  /** This one alone, now. @throws NodeError */
  lookAt(account: Address, network: NetworkId): Promise<FoundEscape | undefined>
  /** Six hours have passed since all were read. */
  isDue(): boolean
  /** The alarm steps back for an hour; badge and banner stay. */
  remindLater(account: Address, network: NetworkId): Promise<void>
  /** The person's own one is left to lapse: the account takes no other end from its owner alone. */
  leave(account: Address, network: NetworkId): Promise<void>
  /** A transaction of the person's own one is about to be signed. */
  tries(account: Address, network: NetworkId, step: 'takeOver' | 'finish'): Promise<void>
  /** When the account takes the next such transaction; `undefined`: now. */
  nextTry(account: Address, network: NetworkId, step: 'takeOver' | 'finish'): UnixSeconds | undefined
}

export interface WatchNeeds {
  readonly db: Database
  /** This wallet's accounts, everywhere; `undefined` while nothing can be checked: then those of the last time. */
  readonly watched: () => Promise<readonly Watchable[] | undefined>
  /** What the account answers. @throws NodeError */
  readonly ask: (watched: Watched, what: 'escape' | 'period') => Promise<readonly Felt[]>
  readonly nodeOf: (network: NetworkId) => string
  readonly now: () => UnixSeconds
  /** Somebody takes over an account: its sessions pause. Told at each reading. */
  readonly onAlarm: (found: FoundEscape) => Promise<void>
  readonly changed: () => void
  readonly report: (error: unknown) => void
}

const ROW = 'escapes'
const EVERY: Seconds = 6 * 3_600
const REMIND: Seconds = 3_600

const place = { account: address, network: scalar<NetworkId>(parseNetworkId, 'a network') }
const row = exact({
  lookedAt: time,
  watched: list(exact({ ...place, node: text(2_048) }), 1_000),
  found: list(
    exact({
      ...place,
      escape: exact({
        replaces: picklist(['owner', 'guardian']),
        readyAt: time,
        signer: optional(felt),
        status: picklist(['waiting', 'ready', 'expired']),
      }),
      period: integer(0, Number.MAX_SAFE_INTEGER),
      remindAt: optional(time),
      left: optional(literal(true)),
    }),
    1_000,
  ),
  tries: list(exact({ ...place, step: picklist(['takeOver', 'finish']), at: time }), 1_000),
})
type Kept = Output<typeof row>
const NOTHING: Kept = { lookedAt: 0, watched: [], found: [], tries: [] }

export function createEscapeWatch(needs: WatchNeeds): EscapeWatch {
  const { db, now } = needs
  let kept: Kept = NOTHING
  let loading: Promise<void> | undefined
  /** Resolves with whether all could be checked. */
  let looking: Promise<boolean> | undefined

  const load = (): Promise<void> => {
    loading ??= db
      .read(['settings'], (tx) => tx.get('settings', ROW))
      .then((stored) => {
        const read = decode(row, stored)
        if (read.ok) kept = read.value
      })
      .catch((error: unknown) => {
        loading = undefined
        throw error
      })
    return loading
  }
  const change = async (act: (before: Kept) => Kept): Promise<void> => {
    await load()
    const next = act(kept)
    if (JSON.stringify(next) === JSON.stringify(kept)) return
    kept = next
    await db.write(['settings'], 'strict', (tx) => tx.put('settings', ROW, kept))
    needs.changed()
  }
  const isAt =
    (account: Address, network: NetworkId) => (it: { readonly account: Address; readonly network: NetworkId }) =>
      it.account === account && it.network === network
  const foundAt = (account: Address, network: NetworkId): FoundEscape | undefined =>
    // Decoded by `row`, which says the same.
    kept.found.find(isAt(account, network)) as FoundEscape | undefined

  /** @throws NodeError */
  const read = async (watched: Watched): Promise<void> => {
    const { account, network } = watched
    const under = parseEscape(await needs.ask(watched, 'escape'))
    // No answer of an account that is known: it says neither that one runs nor that none does.
    if (under === undefined) return
    const before = foundAt(account, network)
    const period = under === null ? ESCAPE_PERIOD : (before?.period ?? periodIn(await needs.ask(watched, 'period')))
    await change((it) => {
      const others = it.found.filter((one) => !isAt(account, network)(one))
      if (under === null) return { ...it, found: others }
      // Another one is news, whatever was said of the one before.
      const isSame = before?.escape.readyAt === under.readyAt && before.escape.replaces === under.replaces
      const found = { ...(isSame ? before : {}), account, network, escape: under, period } as Kept['found'][number]
      return { ...it, found: [...others, found] }
    })
    const found = foundAt(account, network)
    if (found?.escape.replaces === 'owner') await needs.onAlarm(found)
  }

  const watchedNow = async (): Promise<readonly Watched[] | undefined> => {
    const all = await needs.watched()
    return all
      ?.filter(({ account, network, secondKey }) => secondKey ?? kept.watched.some(isAt(account, network)))
      .map(({ account, network, node }) => ({ account, network, node }))
  }
  const lookAtAll = async (): Promise<boolean> => {
    await load()
    const known = await watchedNow()
    const watched = known ?? (kept.watched as readonly Watched[])
    await Promise.all(
      watched.map((it) =>
        read(it).catch((error: unknown) => {
          if (!isNodeError(error)) needs.report(error)
        }),
      ),
    )
    await change((it) => ({
      ...it,
      lookedAt: now(),
      watched: [...watched],
      // An account that is not here any more is nobody's alarm.
      found: known === undefined ? it.found : it.found.filter((one) => watched.some(isAt(one.account, one.network))),
    }))
    return known !== undefined
  }
  const lookOnce = (): Promise<boolean> => {
    looking ??= lookAtAll().finally(() => {
      looking = undefined
    })
    return looking
  }

  return {
    load,
    watched: () => kept.watched,
    found: () => kept.found as readonly FoundEscape[],
    look: async () => {
      const joins = looking !== undefined
      const checked = await lookOnce()
      // Begun before the unlock, it has read the nodes of the last time, and no account that came since.
      if (joins && !checked && (await needs.watched()) !== undefined) await lookOnce()
    },
    lookAt: async (account, network) => {
      await load()
      await read({ account, network, node: needs.nodeOf(network) })
      return foundAt(account, network)
    },
    // A clock that went back reads once more.
    isDue: () => now() - kept.lookedAt >= EVERY || now() < kept.lookedAt,
    remindLater: (account, network) =>
      change((it) => ({
        ...it,
        found: it.found.map((one) => (isAt(account, network)(one) ? { ...one, remindAt: now() + REMIND } : one)),
      })),
    leave: (account, network) =>
      change((it) => ({
        ...it,
        found: it.found.map((one) => (isAt(account, network)(one) ? { ...one, left: true as const } : one)),
      })),
    tries: (account, network, step) =>
      change((it) => ({
        ...it,
        tries: [
          ...it.tries.filter((one) => !(isAt(account, network)(one) && one.step === step)),
          { account, network, step, at: now() },
        ],
      })),
    nextTry: (account, network, step) => {
      const last = kept.tries.find((it) => isAt(account, network)(it) && it.step === step)
      if (last === undefined) return undefined
      const next = nextTryAt(last.at)
      return next > now() ? next : undefined
    },
  }
}

function periodIn([seconds]: readonly Felt[]): Seconds {
  const period = Number(BigInt(seconds ?? 0))
  return Number.isSafeInteger(period) && period > 0 ? period : ESCAPE_PERIOD
}
