/**
 * What a site's request is answered with: row → params → remembered → handler (architecture.md 4). Nothing a row does not
 * list leaves. Behind the sites' door: no start of the worker needs it.
 */
import { CODES, type ErrorName, isRefused, type SiteError, siteError } from '../core/errors.ts'
import { API_VERSIONS, dapp, MAX_FELTS, type Method, mayAnswer, VERSIONLESS } from '../core/protocol/dapp.ts'
import { type Fault, INVOKE, pointerStep, type RequestFrame, readParams } from '../core/protocol/frame.ts'
import { decode, isPlainObject } from '../core/schema.ts'
import { checkpoint } from '../platform/checkpoint.ts'
import { sha256 } from '../starknet/digest.ts'
import type { SiteCaller } from './caller.ts'
import type { Answer, Answers } from './owners/answers.ts'
import { createPace, type Full } from './pace.ts'
import { refusalOf } from './refusals.ts'
import { type Answering, type Context, type Handlers, usedId } from './router.ts'
import { methodOf, respelled } from './spellings.ts'

export interface AnsweringNeeds {
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
}

const WAITING_FOR_START = 100
/** Their params are exact; beside a standard method's params, unknown keys are dropped (provider.md 2.1). */
const OURS: ReadonlySet<Method> = new Set([
  'wallet_supportedSessions',
  'wallet_requestSession',
  'wallet_getSessions',
  'wallet_checkSession',
  'wallet_updateSession',
  'wallet_rotateSession',
  'wallet_revokeSession',
  'wallet_cosignSession',
])
const PACED: ReadonlySet<Method> = new Set([
  INVOKE,
  'wallet_checkSession',
  'wallet_cosignSession',
  // An outside execution may be signed without asking, and a class takes long to hash.
  'wallet_signTypedData',
  'wallet_addDeclareTransaction',
])
const HALF = /\p{Surrogate}/u
const HALF_A_CHARACTER = 'half a character'
const NAMES = Object.fromEntries(Object.entries(CODES).map(([name, code]) => [code, name as ErrorName])) // Keys of CODES.

export function createAnswering(needs: AnsweringNeeds): Answering {
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

  return async (frame: RequestFrame, caller: SiteCaller): Promise<Answer> => {
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

/** In `auto` a plain dApp meets no code of ours (provider.md 7.4); a co-signature is for nobody else. */
function tooFast(method: Method, params: unknown, { kind, retryAt }: Full): SiteError {
  const session = isPlainObject(params) ? params.session : undefined
  const isOnly = method === INVOKE && isPlainObject(session) && session.mode === 'only'
  if (kind === 'full' && (isOnly || method === 'wallet_cosignSession'))
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
