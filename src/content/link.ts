/**
 * The bridge's port to the worker. Opened by the first frame, opened again when a worker died with frames unanswered;
 * those go out again under the same id. A dead worker costs time only: what it had begun, it finds in its journal.
 */
import { codedError } from '../core/errors.ts'
import {
  type AnswerFrame,
  type EventFrame,
  type FromWorker,
  failed,
  isInvoke,
  type RequestFrame,
  type ToWorker,
} from '../core/protocol/frame.ts'

export interface LinkPort {
  postMessage(frame: ToWorker): void
  /** The other end is our own worker: its frames are taken as they are. */
  readonly onMessage: { addListener(listener: (frame: FromWorker) => void): void }
  readonly onDisconnect: { addListener(listener: () => void): void }
  disconnect(): void
}
export interface LinkNeeds {
  /** Throws when this script outlived its extension: after an update it can reach no worker any more. */
  readonly connect: () => LinkPort
  readonly toPage: (frame: AnswerFrame | EventFrame) => void
  /** True while the document is prerendered: nothing is asked for a page nobody has opened. */
  readonly held: () => boolean
  /** Milliseconds that only go forward. */
  readonly ticks: () => number
  readonly after: (ms: number, run: () => void) => () => void
}
export interface Link {
  send(frame: RequestFrame): void
  listen(): void
  /**
   * The person looks at the page, or it is back from the back/forward cache (`anew`: its port is dead, whatever it says).
   * Who only listens gets a port again now, and not before: a page must not wake the worker every 30 s for nothing.
   */
  rejoin(anew: boolean): void
  unanswered(): ReadonlyMap<string, RequestFrame>
}

export const PING_MS = 20_000
export const AWAKE_AFTER_CALL_MS = 120_000
export const LOST_MS = 10_000
/** A port that has lived this long since the worker's hello is a worker that is back, not one that dies at each start. */
const STEADY_MS = 1_000
const FIRST_DELAY_MS = 50
const LAST_DELAY_MS = 3_200

export function createLink({ connect, toPage, held, ticks, after }: LinkNeeds): Link {
  const open = new Map<string, RequestFrame>()
  let port: LinkPort | undefined
  let greetedAt = Number.POSITIVE_INFINITY
  let listening = false
  let orphaned = false
  let delay = FIRST_DELAY_MS
  let calledAt = Number.NEGATIVE_INFINITY
  let retry: (() => void) | undefined
  let doubt: (() => void) | undefined
  let pinging = false

  const settleAll = (reason: 'lost' | 'reload') => {
    for (const id of open.keys()) {
      open.delete(id)
      const data = reason === 'lost' ? { reason, id } : { reason }
      toPage(failed(id, codedError(163, 'UNKNOWN_ERROR', data)))
    }
  }
  const isSteady = () => ticks() - greetedAt >= STEADY_MS
  const calm = () => {
    doubt?.()
    doubt = undefined
    delay = FIRST_DELAY_MS
  }
  const leave = () => {
    const left = port
    retry?.()
    port = retry = undefined
    greetedAt = Number.POSITIVE_INFINITY
    calm()
    left?.disconnect()
  }
  const put = (frame: ToWorker) => {
    const to = port
    try {
      to?.postMessage(frame)
    } catch {
      // The port is closed and its event has not come yet, or never will: an orphaned script hears nothing.
      lose(to)
    }
  }
  const lose = (which: LinkPort | undefined) => {
    if (which !== port || port === undefined) return
    if (isSteady()) calm()
    port = undefined
    greetedAt = Number.POSITIVE_INFINITY
    if (open.size === 0) return
    watch()
    retry ??= after(delay, () => {
      retry = undefined
      join()
    })
    delay = Math.min(delay * 2, LAST_DELAY_MS)
  }
  const watch = () => {
    doubt ??= after(LOST_MS, () => {
      doubt = undefined
      if (isSteady()) return
      leave()
      settleAll('lost')
    })
  }
  const join = () => {
    if (port !== undefined || retry !== undefined || held()) return
    let fresh: LinkPort
    try {
      fresh = connect()
    } catch {
      orphaned = true
      leave()
      settleAll('reload')
      return
    }
    port = fresh
    fresh.onDisconnect.addListener(() => lose(fresh))
    fresh.onMessage.addListener(hear)
    if (open.size > 0) watch()
    if (listening) put({ v: 1, kind: 'listen' })
    for (const frame of open.values()) put(frame)
    stayAwake()
  }
  const hear = (frame: FromWorker) => {
    if (frame.kind === 'hello') greetedAt = ticks()
    else if (frame.kind === 'event') toPage(frame)
    else {
      const asked = open.get(frame.id)
      if (asked === undefined) return
      open.delete(frame.id)
      delay = FIRST_DELAY_MS
      if (frame.ok && isInvoke(asked.type)) calledAt = ticks()
      toPage(frame)
      stayAwake()
    }
  }
  const isUsed = () => open.size > 0 || ticks() - calledAt < AWAKE_AFTER_CALL_MS
  const stayAwake = () => {
    if (pinging || !isUsed()) return
    pinging = true
    after(PING_MS, () => {
      pinging = false
      if (isUsed()) put({ v: 1, kind: 'ping' })
      stayAwake()
    })
  }
  const say = (frame: ToWorker) => {
    if (port === undefined) join()
    else put(frame)
  }

  return {
    send: (frame) => {
      open.set(frame.id, frame)
      if (orphaned) settleAll('reload')
      else say(frame)
      stayAwake()
    },
    listen: () => {
      if (listening || orphaned) return
      listening = true
      say({ v: 1, kind: 'listen' })
    },
    rejoin: (anew) => {
      if (anew) leave()
      if (!orphaned && (listening || open.size > 0)) join()
    },
    unanswered: () => open,
  }
}
