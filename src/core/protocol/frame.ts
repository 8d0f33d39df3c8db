/**
 * The one frame on every wire between a page and the worker. Checked by hand, without a schema library, because this file
 * runs in every page (architecture.md 2). No frame names an origin: who asks is what the browser says of the port.
 */
import type { SiteError } from '../errors.ts'

/** 128 random bits as 32 lowercase hex digits, made in the page. */
export type RequestId = string

/** `params` is JSON text made in the page, so getters, cycles and bigint end there (provider.md 1.4). */
export interface RequestFrame {
  readonly v: 1
  readonly kind: 'request'
  readonly id: RequestId
  readonly type: string
  readonly params: string
  /** Stamped by the bridge from the document's real user activation; a page's claim is overwritten. */
  readonly gesture?: boolean
}
export type AnswerFrame =
  | { readonly v: 1; readonly kind: 'answer'; readonly id: RequestId; readonly ok: true; readonly result: unknown }
  | { readonly v: 1; readonly kind: 'answer'; readonly id: RequestId; readonly ok: false; readonly error: SiteError }
/** `args` are what the listeners are called with. */
export interface EventFrame {
  readonly v: 1
  readonly kind: 'event'
  readonly name: EventName
  readonly args: readonly unknown[]
}
/** To the page: the bridge runs, what was buffered may come. To the bridge: a worker took the port. */
export interface HelloFrame {
  readonly v: 1
  readonly kind: 'hello'
}
/** The page listens to events: the bridge opens its port, so that there is somebody to tell. */
export interface ListenFrame {
  readonly v: 1
  readonly kind: 'listen'
}
/** Sent by the bridge on an open port while a frame is unanswered, and for 2 min after an automatic call (performance.md 6). */
export interface PingFrame {
  readonly v: 1
  readonly kind: 'ping'
}

export type EventName = 'accountsChanged' | 'networkChanged' | 'sessionsChanged'
/** The page's hello asks whether the bridge runs already; it is sent with the first frame, never before. */
export type ToBridge = RequestFrame | ListenFrame | HelloFrame
export type ToPage = AnswerFrame | EventFrame | HelloFrame
export type ToWorker = RequestFrame | ListenFrame | PingFrame
export type FromWorker = AnswerFrame | EventFrame | HelloFrame

/** `window.postMessage` carries frames in these envelopes, so that each side drops the other's echoes and strangers'. */
export const TO_BRIDGE = 'latchkey:bridge'
export const TO_PAGE = 'latchkey:page'
export interface Envelope<F> {
  readonly to: string
  readonly frame: F
}

const ID = /^[0-9a-f]{32}$/
const TYPE = /^\w{1,64}$/

/** The name of a method. */
export const isType = (value: unknown): value is string => typeof value === 'string' && TYPE.test(value)

export function isRequest(value: unknown): value is RequestFrame {
  return (
    isFrame(value, 'request') &&
    typeof value.id === 'string' &&
    ID.test(value.id) &&
    isType(value.type) &&
    typeof value.params === 'string'
  )
}

export function isAnswer(value: unknown): value is AnswerFrame {
  return isFrame(value, 'answer') && typeof value.id === 'string' && typeof value.ok === 'boolean'
}

export function isEvent(value: unknown): value is EventFrame {
  return isFrame(value, 'event') && typeof value.name === 'string' && Array.isArray(value.args)
}

export function isFrame(
  value: unknown,
  kind: string,
): value is { readonly v: 1; readonly kind: string } & Record<string, unknown> {
  const frame = value as { readonly v?: unknown; readonly kind?: unknown } | null | undefined // Any value has members or none.
  return frame?.v === 1 && frame.kind === kind
}

/** An answer that is an error. */
export function failed(id: RequestId, error: SiteError): AnswerFrame {
  return { v: 1, kind: 'answer', id, ok: false, error }
}

/** Limits of `params` (provider.md 6.2): code units of its text; containers in each other, the outermost counts; values. */
export const MAX_TEXT = 65_536
export const MAX_LONG_TEXT = 524_288
export const MAX_PROOF_TEXT = 5_242_880
export const MAX_DEPTH = 16
export const MAX_NODES = 50_000
/** A class is a long list. */
export const MAX_CLASS_NODES = 200_000
export const INVOKE = 'wallet_addInvokeTransaction'
/** An older spelling of `INVOKE`. */
export const OLD_INVOKE = 'starknet_addInvokeTransaction'
const LONG = /^wallet_(ch|co|req|up)\w+Session$|edData$/

export const isInvoke = (type: string): boolean => /^(wallet|starknet)_addInvokeTransaction$/.test(type)

export interface Fault {
  readonly at: string
  readonly why: string
}
/** `value` is not to be looked at where there is a fault. */
export interface ReadParams {
  readonly value?: unknown
  readonly fault: Fault | undefined
}

/**
 * `params` text to a value of bounded size, in the bridge and again in the worker. Size is looked at before anything that
 * costs; `at` is a JSON pointer, `why` never quotes the value.
 */
export function readParams(type: string, text: string): ReadParams {
  const max = maxText(type, text)
  if (text.length > max) return { fault: { at: '', why: `at most ${max} characters` } }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { fault: { at: '', why: 'expected JSON' } }
  }
  return { value, fault: faultIn(value, max > MAX_LONG_TEXT ? MAX_CLASS_NODES : MAX_NODES) }
}

/** Only a class and a transaction with a `proof` may be that long; one that has the word elsewhere is refused by its row. */
function maxText(type: string, text: string): number {
  if (/Declare/.test(type) || (isInvoke(type) && text.includes('"proof"'))) return MAX_PROOF_TEXT
  return isInvoke(type) || LONG.test(type) ? MAX_LONG_TEXT : MAX_TEXT
}

/** The first thing that may not be there, if any: depth, number of values, keys with a meaning of their own. */
function faultIn(root: unknown, max: number): Fault | undefined {
  let left = max - 1
  const walk = (it: unknown, at: string, depth: number): Fault | undefined => {
    if (typeof it !== 'object' || it === null) return undefined
    if (depth > MAX_DEPTH) return { at, why: `at most ${MAX_DEPTH} levels` }
    const inside = Object.entries(it)
    left -= inside.length
    if (left < 0) return { at: '', why: `at most ${max} values` }
    for (const [key, child] of inside) {
      if (/^(__proto__|constructor|prototype|toJSON)$/.test(key)) return { at, why: 'forbidden key' }
      const fault = walk(child, `${at}/${pointerStep(key)}`, depth + 1)
      if (fault !== undefined) return fault
    }
    return undefined
  }
  return walk(root, '', 1)
}

/** One step of a JSON pointer. */
export function pointerStep(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}
