/**
 * Sites' documents and their ports: each request that arrives gets one frame back on the asking document's port, and events go
 * to the documents they are of (architecture.md 4, security.md 5).
 */
import { type SiteError, siteError } from '../core/errors.ts'
import type { Origin } from '../core/policy/policy.ts'
import type { Method, Params, Result } from '../core/protocol/dapp.ts'
import {
  type EventName,
  type FromWorker,
  isFrame,
  isRequest,
  type RequestFrame,
  type RequestId,
} from '../core/protocol/frame.ts'
import type { SiteCaller } from './caller.ts'
import type { Answer } from './owners/answers.ts'

/** Who asks, as the browser says, and with which request. */
export interface Context extends SiteCaller {
  readonly request: RequestId
  /** A real gesture stood behind it: without one no window opens. */
  readonly gesture: boolean
}
export type Handlers = {
  readonly [M in Method]: (context: Context, params: Params<M>) => Promise<Result<M>>
}

export interface SitePort {
  postMessage(frame: FromWorker): void
  readonly onMessage: { addListener(listener: (frame: unknown) => void): void }
  readonly onDisconnect: { addListener(listener: () => void): void }
}

/** It never rejects. */
export type Answering = (frame: RequestFrame, caller: SiteCaller) => Promise<Answer>
export interface RouterNeeds {
  readonly answer: Answering
  /** Recovery is through. */
  readonly ready: Promise<void>
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly sleep: (ms: number) => Promise<void>
  /** A page that waits, or whose call was signed a moment ago, is in use. */
  readonly used: (caller: SiteCaller) => void
  /** A document wants events from now on; it may have missed some while the worker was dead. */
  readonly joined: (caller: SiteCaller) => void
  /** A document's port is gone: navigated, closed, or sent to the back/forward cache. */
  readonly left: (caller: SiteCaller) => void
}

export interface Router {
  attach(port: SitePort, caller: SiteCaller): void
  /**
   * Tells every document of an origin; `undefined` from `argsFor` leaves one out, `undefined` as last argument is sent as
   * no argument. `sessionsChanged` goes out at most once a second and document, the last state always.
   */
  tell(origin: Origin, name: EventName, argsFor: ArgsFor): void
  /** Documents with a port, for who has to know whether anybody of a site is there. */
  documents(origin: Origin): readonly SiteCaller[]
}
export type ArgsFor = (caller: SiteCaller) => readonly unknown[] | undefined

interface Seat {
  readonly port: SitePort
  readonly caller: SiteCaller
  /** When `sessionsChanged` may go out again, and what waits for that. */
  quietUntil: number
  waiting?: ArgsFor
}
interface Running {
  readonly type: string
  readonly params: string
  readonly documents: Set<string>
}

const EVENT_EVERY_MS = 1_000

export function createRouter(needs: RouterNeeds): Router {
  const seats = new Map<string, Seat>()
  const running = new Map<string, Running>()
  const post = (document: string, frame: FromWorker): void => {
    try {
      seats.get(document)?.port.postMessage(frame)
    } catch {
      // The port closed under us. A command's answer is kept; its document asks again under the same id.
    }
  }
  const serve = (frame: RequestFrame, caller: SiteCaller): void => {
    const { id, type, params } = frame
    const key = `${caller.origin} ${id}`
    const same = running.get(key)
    if (same !== undefined) {
      if (same.type === type && same.params === params) same.documents.add(caller.document)
      else post(caller.document, answerFrame(id, { error: usedId() }))
      return
    }
    const documents = new Set([caller.document])
    running.set(key, { type, params, documents })
    void needs.answer(frame, caller).then((answer) => {
      running.delete(key)
      for (const document of documents) post(document, answerFrame(id, answer))
    })
  }

  const send = (seat: Seat, name: EventName, argsFor: ArgsFor): void => {
    const args = argsFor(seat.caller)
    // JSON has no undefined: as an item it would arrive as null.
    const carried = args?.at(-1) === undefined ? args?.slice(0, -1) : args
    if (carried !== undefined) post(seat.caller.document, { v: 1, kind: 'event', name, args: carried })
  }
  const sendSessions = (seat: Seat, argsFor: ArgsFor): void => {
    const wait = seat.quietUntil - needs.now()
    if (seat.waiting === undefined && (wait <= 0 || wait > EVENT_EVERY_MS)) {
      seat.quietUntil = needs.now() + EVENT_EVERY_MS
      send(seat, 'sessionsChanged', argsFor)
      return
    }
    const timed = seat.waiting !== undefined
    seat.waiting = argsFor
    if (timed) return
    void needs.sleep(wait).then(() => {
      const last = seat.waiting
      delete seat.waiting
      seat.quietUntil = needs.now() + EVENT_EVERY_MS
      if (last !== undefined && seats.get(seat.caller.document) === seat) send(seat, 'sessionsChanged', last)
    })
  }

  return {
    attach: (port, caller) => {
      const seat: Seat = { port, caller, quietUntil: 0 }
      seats.set(caller.document, seat)
      port.onMessage.addListener((frame) => {
        if (isRequest(frame)) serve(frame, caller)
        else if (isFrame(frame, 'ping')) needs.used(caller)
        else if (isFrame(frame, 'listen'))
          needs.ready.then(
            () => needs.joined(caller),
            () => undefined, // Nothing to tell of a wallet that did not start.
          )
      })
      port.onDisconnect.addListener(() => {
        // The document may have a newer port already.
        if (seats.get(caller.document) !== seat) return
        seats.delete(caller.document)
        needs.left(caller)
      })
      post(caller.document, { v: 1, kind: 'hello' })
    },
    tell: (origin, name, argsFor) => {
      for (const seat of seats.values()) {
        if (seat.caller.origin !== origin) continue
        if (name === 'sessionsChanged') sendSessions(seat, argsFor)
        else send(seat, name, argsFor)
      }
    },
    documents: (origin) => [...seats.values()].map((it) => it.caller).filter((it) => it.origin === origin),
  }
}

/** Answers what a caller that is no site of ours sends, and nothing else (security.md 3). */
export function turnAway(port: SitePort): void {
  port.onMessage.addListener((frame) => {
    if (!isRequest(frame)) return
    try {
      port.postMessage(answerFrame(frame.id, { error: siteError('UNKNOWN_ERROR') }))
    } catch {
      // Gone.
    }
  })
}

/** A request id that stands for another request already. */
export function usedId(): SiteError {
  return siteError('INVALID_REQUEST_PAYLOAD', { at: '', why: 'this id stands for another request' })
}

function answerFrame(id: RequestId, answer: Answer): FromWorker {
  return 'error' in answer
    ? { v: 1, kind: 'answer', id, ok: false, error: answer.error }
    : { v: 1, kind: 'answer', id, ok: true, result: answer.result }
}
