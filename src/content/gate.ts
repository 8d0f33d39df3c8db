/**
 * What a page may say to the bridge: own window, own origin, shape, rate, size, then the content's bounds; each check
 * before the next may cost anything (security.md 4). It understands no method and judges no value.
 */
import { codedError } from '../core/errors.ts'
import {
  type AnswerFrame,
  type Envelope,
  type Fault,
  failed,
  type HelloFrame,
  isFrame,
  isRequest,
  type ListenFrame,
  MAX_LONG_TEXT,
  type RequestFrame,
  readParams,
  TO_BRIDGE,
} from '../core/protocol/frame.ts'

/** Of a message event, read in the bridge's own world, where no page can redefine its getters. */
export interface Heard {
  readonly isTrusted: boolean
  readonly source: unknown
  readonly origin: string
  readonly data: unknown
}
/** What the bridge does next; `undefined` drops the message. An answer is the bridge's own. */
export type Passed = HelloFrame | ListenFrame | AnswerFrame | RequestFrame | undefined
export type Gate = (heard: Heard) => Passed

export interface GateNeeds {
  /** The document's own window. */
  readonly window: unknown
  readonly origin: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** A real user activation of this document, right now. */
  readonly gesture: () => boolean
  readonly unanswered: () => ReadonlyMap<string, RequestFrame>
}

/** provider.md 6.2. */
export const MAX_UNANSWERED = 1_024
/** 500 a second, 1,000 at once. */
export const EVERY_MS = 2
export const BURST = 1_000

export function createGate({ window, origin, now, gesture, unanswered }: GateNeeds): Gate {
  /** When the frames taken so far are worked off, at the pace that is allowed. */
  let doneAt = 0
  const take = (time: number): boolean => {
    // Also when the clock was set back: nothing can lie further ahead than a burst.
    if (doneAt < time || doneAt > time + BURST * EVERY_MS) doneAt = time
    if (doneAt > time + (BURST - 1) * EVERY_MS) return false
    doneAt += EVERY_MS
    return true
  }
  return (heard) => {
    // A child frame's `parent.postMessage` arrives here too, from another source.
    if (!heard.isTrusted || heard.source !== window || heard.origin !== origin) return undefined
    const { to, frame } = Object(heard.data) as Partial<Envelope<unknown>> // Looked at below.
    if (to !== TO_BRIDGE) return undefined
    const waiting = unanswered()
    const time = now()
    for (const kind of ['hello', 'listen'] as const)
      if (isFrame(frame, kind)) return take(time) ? { v: 1, kind } : undefined
    // Asked twice while unanswered: the one answer that is on its way is the answer to both.
    if (!isRequest(frame) || waiting.has(frame.id)) return undefined
    const { id, type, params } = frame
    const bad = (fault: Fault) => failed(id, codedError(114, 'INVALID_REQUEST_PAYLOAD', fault))
    const busy = (more?: object) => failed(id, codedError(163, 'UNKNOWN_ERROR', { reason: 'busy', ...more }))
    if (!take(time)) return busy({ retry_at: Math.ceil((time + EVERY_MS) / 1_000) })
    if (waiting.size >= MAX_UNANSWERED) return busy()
    const { fault } = readParams(type, params)
    if (fault !== undefined) return bad(fault)
    if (isHuge(frame) && [...waiting.values()].some(isHuge)) return bad({ at: '', why: 'one at a time' })
    return { v: 1, kind: 'request', id, type, params, gesture: gesture() }
  }
}

function isHuge(frame: RequestFrame): boolean {
  return frame.params.length > MAX_LONG_TEXT
}
