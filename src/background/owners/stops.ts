/**
 * What was stopped while nothing could be checked (security.md 7.3). Plain rows, because forging one only stops something.
 * Noted first, then done, so that a worker that dies in between is followed by one that does it before it serves.
 */
import type { Origin, SessionId } from '../../core/policy/policy.ts'
import type { StoredSession } from '../../core/records.ts'
import { parseTime, type Seconds, type UnixSeconds } from '../../core/time.ts'
import type { Database } from '../../platform/database.ts'

export interface Stops {
  /** Every session pauses. */
  all(): Promise<void>
  /** A site ends its own session. */
  end(it: Omit<NotedEnd, 'at'>): Promise<void>
  /** A site disconnects: its grant ends, its sessions pause. */
  disconnect(origin: Origin): Promise<void>
  /** By the row on the disk, which nobody can check yet: this site's, and neither ended nor noted more than a moment ago. */
  mayEnd(origin: Origin, session: SessionId): Promise<boolean>
  /** Likewise: there is one, and no end of it is noted. */
  hasGrant(origin: Origin): Promise<boolean>
  noted(): Promise<Noted>
  /** They are done; what was noted since stays. */
  done(noted: Noted): Promise<void>
}
export interface Noted {
  readonly all: boolean
  readonly ends: readonly NotedEnd[]
  readonly disconnects: readonly Origin[]
  readonly keys: readonly string[]
}
export interface NotedEnd {
  readonly session: SessionId
  readonly origin: Origin
  readonly onChain: boolean
  readonly at: UnixSeconds
}

/** A page asks again at once when its worker has died: so long an end is answered again. */
export const ANSWERED_AGAIN: Seconds = 60

const ALL = 'all'
const END = 'end '
const DISCONNECT = 'disconnect '

export function createStops({ db, now }: { readonly db: Database; readonly now: () => UnixSeconds }): Stops {
  const note = (key: string, value: unknown) => db.write(['stops'], 'strict', (tx) => tx.put('stops', key, value))
  return {
    all: () => note(ALL, now()),
    end: ({ session, origin, onChain }) =>
      db.write(['stops'], 'strict', async (tx) => {
        const key = END + session
        // Asked again: the end stays where it was, and the chain is told if it was to be told once.
        const before = endOf(key, await tx.get('stops', key), now())
        await tx.put('stops', key, { origin, onChain: onChain || before?.onChain === true, at: before?.at ?? now() })
      }),
    disconnect: (origin) => note(DISCONNECT + origin, now()),
    mayEnd: (origin, session) =>
      db.read(['sessions', 'stops'], async (tx) => {
        const row = (await tx.row('sessions', session))?.value as Partial<StoredSession> | undefined // Two members, compared.
        if (row?.origin !== origin || (row.state !== 'active' && row.state !== 'paused')) return false
        const key = END + session
        const before = endOf(key, await tx.get('stops', key), now())
        return before === undefined || now() - before.at < ANSWERED_AGAIN
      }),
    hasGrant: (origin) =>
      db.read(['grants', 'stops'], async (tx) => {
        const ends = await tx.get('stops', DISCONNECT + origin)
        return ends === undefined && (await tx.row('grants', origin)) !== undefined
      }),
    noted: async () => {
      const rows = await db.read(['stops'], (tx) => tx.all('stops'))
      return {
        all: rows.some(({ key }) => key === ALL),
        ends: rows.flatMap(({ key, value }) => endOf(key, value, now()) ?? []),
        disconnects: rows.flatMap(({ key }) =>
          // Looked up, not trusted.
          key.startsWith(DISCONNECT) ? [key.slice(DISCONNECT.length) as Origin] : [],
        ),
        keys: rows.map(({ key }) => key),
      }
    },
    done: async ({ keys }) => {
      if (keys.length === 0) return
      await db.write(['stops'], 'strict', async (tx) => {
        for (const key of keys) await tx.delete('stops', key)
      })
    },
  }
}

function endOf(key: string, value: unknown, now: UnixSeconds): NotedEnd | undefined {
  if (!key.startsWith(END) || typeof value !== 'object' || value === null) return undefined
  const { origin, onChain, at } = value as Readonly<Record<string, unknown>> // An object; each member is looked at.
  const time = parseTime(at)
  if (typeof origin !== 'string') return undefined
  return {
    // Looked up, not trusted, both.
    session: key.slice(END.length) as SessionId,
    origin: origin as Origin,
    onChain: onChain === true,
    at: time === undefined || time > now ? now : time,
  }
}
