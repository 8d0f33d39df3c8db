/**
 * The way of a site's request through the worker: row → params → remembered → handler → answer on the asking document's
 * port (architecture.md 4). Everything that arrives gets one frame back, and nothing a row does not list leaves.
 */
import { CODES, type ErrorName, isRefused, type SiteError, siteError } from '../core/errors.ts'
import type { Origin } from '../core/policy/policy.ts'
import {
  API_VERSIONS,
  dapp,
  MAX_FELTS,
  type Method,
  mayAnswer,
  type Params,
  type Result,
  VERSIONLESS,
} from '../core/protocol/dapp.ts'
import {
  type EventName,
  type Fault,
  type FromWorker,
  INVOKE,
  isFrame,
  isRequest,
  pointerStep,
  type RequestFrame,
  type RequestId,
  readParams,
} from '../core/protocol/frame.ts'
import { decode, isPlainObject } from '../core/schema.ts'
import { checkpoint } from '../platform/checkpoint.ts'
import { sha256 } from '../starknet/digest.ts'
import type { SiteCaller } from './caller.ts'
import type { Answer, Answers } from './owners/answers.ts'
import { createPace, type Full } from './pace.ts'
import { refusalOf } from './refusals.ts'
import { methodOf, respelled } from './spellings.ts'

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

export interface RouterNeeds {
  readonly handlers: Handlers
  readonly answers: Answers
  /** Recovery is through. What arrives before waits; it is never told "locked". */
  readonly ready: Promise<void>
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly sleep: (ms: number) => Promise<void>
  readonly newRef: () => string
  /** The detail of what a site only sees the reference of; for the local log. */
  readonly report: (failure: { readonly ref: string; readonly method: string; readonly error: unknown }) => void
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

const WAITING_FOR_START = 100
const EVENT_EVERY_MS = 1_000
/** Their params are exact; beside a standard method's params, unknown keys are dropped (provider.md 2.1). */
const OURS: ReadonlySet<Method> = new Set([
  'wallet_supportedSessions',
  'wallet_requestSession',
  'wallet_getSessions',
  'wallet_checkSession',
  'wallet_updateSession',
  'wallet_rotateSession',
  'wallet_revokeSession',
])
const PACED: ReadonlySet<Method> = new Set([INVOKE, 'wallet_checkSession'])
const HALF = /\p{Surrogate}/u
const HALF_A_CHARACTER = 'half a character'
const NAMES = Object.fromEntries(Object.entries(CODES).map(([name, code]) => [code, name as ErrorName])) // Keys of CODES.

export function createRouter(needs: RouterNeeds): Router {
  const seats = new Map<string, Seat>()
  const running = new Map<string, Running>()
  const pace = createPace(needs)
  let early = 0
  let started = false
  needs.ready.then(
    () => {
      started = true
    },
    () => undefined, // Said to each request.
  )

  const hidden = (method: string, error: unknown, reason: 'internal' | 'storage' = 'internal'): SiteError => {
    const ref = needs.newRef()
    needs.report({ ref, method, error })
    return siteError('UNKNOWN_ERROR', { reason, ref })
  }

  const start = async (method: string): Promise<SiteError | undefined> => {
    if (started) return undefined
    if (early >= WAITING_FOR_START) return siteError('UNKNOWN_ERROR', { reason: 'busy' })
    early += 1
    try {
      await needs.ready
      return undefined
    } catch (error) {
      return hidden(method, error, 'storage')
    } finally {
      early -= 1
    }
  }

  const handle = async (context: Context, method: Method, params: unknown): Promise<Answer> => {
    try {
      // The params were decoded by this method's own row; the compiler cannot pair them through a variable.
      const handler = needs.handlers[method] as (context: Context, params: unknown) => Promise<unknown>
      return { result: await handler(context, params) }
    } catch (error) {
      const known = isRefused(error) ? error : refusalOf(error)
      return { error: known !== undefined && mayAnswer(method, known.code) ? rebuilt(known) : hidden(method, error) }
    }
  }

  /** Once per request of this worker's life; what is known of an earlier life is answered without a handler. */
  const once = async (context: Context, method: Method, params: unknown, text: string): Promise<Answer> => {
    const { origin, request } = context
    const turn = PACED.has(method) ? await pace.turn(origin) : 'go'
    const tooMany = turn === 'go' ? undefined : { error: tooFast(method, params, turn) }
    if (!hasEffect(method, params)) return tooMany ?? handle(context, method, params)
    const digest = sha256(`${method}\n${text}`)
    if (__E2E__) await checkpoint('received')
    let begun: Awaited<ReturnType<Answers['begin']>>
    try {
      // One that is turned away leaves no trace: a crowd of them would hold up what was let in.
      begun = await needs.answers[tooMany === undefined ? 'begin' : 'look'](origin, request, digest)
    } catch (error) {
      return { error: hidden(method, error, 'storage') }
    }
    if (begun.kind === 'known') return begun.answer
    if (begun.kind === 'other') return { error: usedId() }
    if (tooMany !== undefined) return tooMany
    if (__E2E__) await checkpoint('begun')
    const answer = await handle(context, method, params)
    if (__E2E__) await checkpoint('answered')
    const turnedAway = 'error' in answer && isBusy(answer.error)
    // Not waited for: a lost row is rebuilt from the journal, and the page has its answer.
    const stored = turnedAway
      ? needs.answers.forget(origin, request)
      : needs.answers.keep(origin, request, digest, answer)
    stored.catch((error: unknown) => needs.report({ ref: needs.newRef(), method, error }))
    if (__E2E__) await checkpoint('remembered')
    return answer
  }

  const answerOf = async (frame: RequestFrame, caller: SiteCaller): Promise<Answer> => {
    try {
      const notYet = await start(frame.type)
      if (notYet !== undefined) return { error: notYet }
      const method = methodOf(frame.type)
      if (!isMethod(method)) return { error: siteError('UNKNOWN_ERROR', { reason: 'method', method: frame.type }) }
      // Every row is for anyone; one for granted sites would need the grant looked up here.
      dapp[method].who satisfies 'anyone'
      const read = readParams(frame.type, frame.params)
      if (read.fault !== undefined) return badParams(read.fault)
      const odd = HALF.test(frame.params) ? { at: '', why: HALF_A_CHARACTER } : oddIn(read.value, '')
      if (odd !== undefined) return badParams(odd)
      const wrong = VERSIONLESS.has(method) ? undefined : versionError(read.value)
      if (wrong !== undefined) return { error: wrong }
      const params = decoded(method, read.value)
      if ('error' in params) return params
      const context: Context = { ...caller, request: frame.id, gesture: frame.gesture === true }
      return await once(context, method, params.value, frame.params)
    } catch (error) {
      return { error: hidden(frame.type, error) }
    }
  }

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
    void answerOf(frame, caller).then((answer) => {
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

type Read = { readonly value: unknown } | { readonly error: SiteError }

function decoded(method: Method, params: unknown): Read {
  let spelled: unknown
  try {
    spelled = trimmed(method, respelled(method, params))
  } catch (error) {
    if (isRefused(error)) return { error: rebuilt(error) }
    throw error
  }
  // valibot takes a list for an object without keys.
  if ('entries' in dapp[method].params && !isPlainObject(spelled))
    return badParams({ at: '', why: 'expected an object' })
  const read = decode<unknown>(dapp[method].params, spelled)
  if (!read.ok) return badParams(read)
  if (feltsOf(read.value) > MAX_FELTS) return badParams({ at: '/calls', why: `at most ${MAX_FELTS} felts of calldata` })
  return { value: read.value }
}

/** What JSON text can hold and no value of ours may be: half a character has no UTF-8, and 1e999 is read as Infinity. */
function oddIn(it: unknown, at: string): Fault | undefined {
  if (typeof it === 'number' && !Number.isFinite(it)) return { at, why: 'expected a finite number' }
  if (typeof it === 'string' && HALF.test(it)) return { at, why: HALF_A_CHARACTER }
  if (typeof it !== 'object' || it === null) return undefined
  for (const [key, value] of Object.entries(it)) {
    const fault = HALF.test(key) ? { at, why: HALF_A_CHARACTER } : oddIn(value, `${at}/${pointerStep(key)}`)
    if (fault !== undefined) return fault
  }
  return undefined
}

function trimmed(method: Method, params: unknown): unknown {
  const schema = dapp[method].params
  if (OURS.has(method) || !('entries' in schema) || !isPlainObject(params)) return params
  const { entries } = schema
  return Object.fromEntries(Object.entries(params).filter(([key]) => Object.hasOwn(entries, key)))
}

function feltsOf(params: unknown): number {
  if (!isPlainObject(params) || !Array.isArray(params.calls)) return 0
  return params.calls.reduce<number>((sum, call) => sum + (Array.isArray(call?.calldata) ? call.calldata.length : 0), 0)
}

function versionError(params: unknown): SiteError | undefined {
  if (!isPlainObject(params) || params.api_version === undefined) return undefined
  const version = params.api_version
  if (typeof version !== 'string' || version.length > 32 || !/^\d+\.\d+(\.\d+)?$/.test(version))
    return badParams({ at: '/api_version', why: 'expected a version: 1.2 or 1.2.3' }).error
  return API_VERSIONS.some((known) => known === version || known.startsWith(`${version}.`))
    ? undefined
    : siteError('API_VERSION_NOT_SUPPORTED', API_VERSIONS.join(', '))
}

/** A silent ask for accounts looks and changes nothing; dApps send them by the dozen (provider.md, fact 6). */
function hasEffect(method: Method, params: unknown): boolean {
  if (dapp[method].effect === 'read') return false
  return !(method === 'wallet_requestAccounts' && isPlainObject(params) && params.silent_mode === true)
}

/** In `auto` a plain dApp meets no code of ours (provider.md 7.4). */
function tooFast(method: Method, params: unknown, { kind, retryAt }: Full): SiteError {
  const session = isPlainObject(params) ? params.session : undefined
  if (method === INVOKE && kind === 'full' && isPlainObject(session) && session.mode === 'only')
    return siteError('SESSION_LIMIT_REACHED', {
      limit: 'usage',
      retry_at: retryAt,
      reasons: [{ code: 'inFlight', retry_at: retryAt }],
    })
  return siteError('UNKNOWN_ERROR', { reason: 'busy', retry_at: retryAt })
}

function isBusy(error: SiteError): boolean {
  return error.code === CODES.UNKNOWN_ERROR && isPlainObject(error.data) && error.data.reason === 'busy'
}

function usedId(): SiteError {
  return badParams({ at: '', why: 'this id stands for another request' }).error
}

function badParams({ at, why }: Fault): { readonly error: SiteError } {
  return { error: siteError('INVALID_REQUEST_PAYLOAD', { at, why }) }
}

/** Code and message by the table, whatever the error says of itself. */
function rebuilt(error: SiteError): SiteError {
  return siteError(NAMES[error.code] ?? 'UNKNOWN_ERROR', error.data)
}

function isMethod(name: string): name is Method {
  return Object.hasOwn(dapp, name)
}

function answerFrame(id: RequestId, answer: Answer): FromWorker {
  return 'error' in answer
    ? { v: 1, kind: 'answer', id, ok: false, error: answer.error }
    : { v: 1, kind: 'answer', id, ok: true, result: answer.result }
}
