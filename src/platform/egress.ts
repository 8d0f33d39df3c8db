/**
 * The one place requests leave from (security.md 13.3). First import of the worker: it takes what it needs before any
 * package runs, then locks every way out for good. What is left is `post` to allowed origins and `openPage` to our pages.
 *
 * Decision: whoever runs after this file may have changed any prototype, so what decides about a request (the origin, the
 * list, the call itself) is done with functions taken here. Cost: some lines read backwards, `has(set, it)`.
 */

/** What may be reached, by why: `nodes` are rows whose MAC was checked, `candidate` is one that is being added by hand,
 * `services` pay fees and are named by running sessions, whose rows are checked likewise, `watch` are the escape watch's nodes before the first unlock, when no secret is loaded. */
export type Purpose = 'nodes' | 'candidate' | 'watch' | 'services'

export interface Posted {
  readonly status: number
  readonly text: string
  /** The header as it came, for who waits before the next try. */
  readonly retryAfter?: string
}
export interface Caps {
  readonly timeoutMs: number
  readonly maxBytes: number
}
/** `notAllowed`: nothing was sent. After each of the others something may have left. */
export type EgressError = Error & {
  readonly kind: 'egress'
  readonly why: 'notAllowed' | 'timeout' | 'tooLarge' | 'failed'
}

export function isEgressError(error: unknown): error is EgressError {
  return error instanceof Error && 'kind' in error && error.kind === 'egress'
}

const own = takeAndLock(globalThis)
const allowed: Record<Purpose, Set<string>> = {
  nodes: new Set(),
  candidate: new Set(),
  watch: new Set(),
  services: new Set(),
}

/**
 * Replaces the origins of one purpose.
 *
 * @throws RangeError for anything but an https origin or an http one on this computer
 */
export function setAllowed(purpose: Purpose, origins: Iterable<string>): void {
  const next = new Set<string>()
  for (const origin of origins) {
    if (originOf(origin) !== origin || !isReachable(origin)) throw new RangeError('not an allowed kind of origin')
    own.add(next, origin)
  }
  allowed[purpose] = next
}

/**
 * Sends JSON text and reads the answer's text, whatever its status.
 *
 * @throws EgressError
 */
export async function post(url: string, json: string, caps: Caps): Promise<Posted> {
  const { fetch } = own
  const origin = originOf(url)
  if (fetch === undefined || origin === undefined || !isAllowed(origin)) throw egressError('notAllowed')
  const controller = new own.AbortController()
  let late = false
  const timer = own.setTimeout(() => {
    late = true
    own.abort(controller)
  }, caps.timeoutMs)
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: json,
      mode: 'cors',
      credentials: 'omit',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
      cache: 'no-store',
      signal: controller.signal,
    })
    const text = await readCapped(response, caps.maxBytes)
    const retryAfter = response.headers.get('retry-after')
    return retryAfter === null ? { status: response.status, text } : { status: response.status, text, retryAfter }
  } catch (error) {
    // Also what is still coming of an answer that was too large. Of one that was read to its end nothing is.
    own.abort(controller)
    if (isEgressError(error)) throw error
    // The cause names the host at most; it goes to the local log, never to a site.
    throw egressError(late ? 'timeout' : 'failed', error)
  } finally {
    own.clearTimeout(timer)
  }
}

export interface PageOptions {
  readonly as: 'window' | 'tab'
  readonly width?: number
  readonly height?: number
  readonly left?: number
  readonly top?: number
}

/**
 * Opens one of our own pages.
 *
 * @param path relative to the extension, with query and fragment
 * @returns the id of the window or tab, `undefined` when the browser gives none
 * @throws RangeError for what is not inside the extension
 */
export async function openPage(path: string, options: PageOptions): Promise<number | undefined> {
  const base = own.getURL?.('')
  if (base === undefined) throw new Error('no extension')
  const url = own.getURL?.(path) ?? ''
  // `getURL` keeps "//host", "..", and schemes as they are written; the parsed address tells where they lead.
  if (hrefOf(url)?.startsWith(base) !== true) throw new RangeError('not a page of ours')
  if (options.as === 'tab') return (await own.createTab?.({ url }))?.id
  const { as: _as, ...place } = options
  return (await own.createWindow?.({ url, type: 'popup', focused: true, ...place }))?.id
}

function isAllowed(origin: string): boolean {
  const { nodes, candidate, watch, services } = allowed
  return own.has(nodes, origin) || own.has(candidate, origin) || own.has(watch, origin) || own.has(services, origin)
}

/** Loopback is what the manifest's `connect-src` names (security.md 13.2). */
function isReachable(origin: string): boolean {
  return /^https:\/\//.test(origin) || /^http:\/\/(localhost|127\.0\.0\.1)(:\d+)?$/.test(origin)
}

function originOf(url: string): string | undefined {
  const parsed = parse(url)
  // A password in an address would travel with each request.
  return parsed === undefined || own.user(parsed) !== '' || own.password(parsed) !== '' ? undefined : own.origin(parsed)
}

function hrefOf(url: string): string | undefined {
  const parsed = parse(url)
  return parsed === undefined ? undefined : own.href(parsed)
}

function parse(url: string): URL | undefined {
  try {
    return new own.URL(url)
  } catch {
    return undefined
  }
}

async function readCapped(response: Response, maxBytes: number): Promise<string> {
  const reader = response.body?.getReader()
  if (reader === undefined) return ''
  const decoder = new own.TextDecoder()
  let text = ''
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    size += value.byteLength
    if (size > maxBytes) throw egressError('tooLarge')
    text += decoder.decode(value, { stream: true })
  }
}

function egressError(why: EgressError['why'], cause?: unknown): EgressError {
  return Object.assign(new Error(`egress: ${why}`, { cause }), { kind: 'egress' as const, why })
}

/** What a worker's global scope may hold of this; a node process has little of it, Firefox's event page more. */
export interface Scope {
  readonly [name: string]: unknown
}

/**
 * Takes private references and locks each way out that exists, with a property nobody can define again.
 * Exported for its own test, over a made-up scope.
 */
export function takeAndLock(scope: object) {
  const global = scope as Scope & Partial<typeof globalThis> // Read with care: every member may be absent.
  const api = (global.chrome ?? global.browser) as Partial<typeof chrome> | undefined // Firefox has both names.
  const call = Function.prototype.call
  const taken = {
    fetch: global.fetch?.bind(global as typeof globalThis),
    setTimeout: globalThis.setTimeout.bind(globalThis),
    clearTimeout: globalThis.clearTimeout.bind(globalThis),
    URL: globalThis.URL,
    TextDecoder: globalThis.TextDecoder,
    AbortController: globalThis.AbortController,
    abort: call.bind(AbortController.prototype.abort) as (it: AbortController) => void,
    has: call.bind(Set.prototype.has) as (set: Set<string>, it: string) => boolean,
    add: call.bind(Set.prototype.add) as (set: Set<string>, it: string) => void,
    origin: getter('origin'),
    href: getter('href'),
    user: getter('username'),
    password: getter('password'),
    getURL: api?.runtime?.getURL?.bind(api.runtime),
    createTab: api?.tabs?.create?.bind(api.tabs) as Creates,
    createWindow: api?.windows?.create?.bind(api.windows) as Creates,
  }
  for (const [holder, names] of waysOut(global)) for (const name of names) lock(holder, name)
  return taken
}

type Creates = ((what: object) => Promise<{ readonly id?: number } | undefined>) | undefined

function getter(name: 'origin' | 'href' | 'username' | 'password'): (it: URL) => string {
  // Each is an accessor of the prototype (URL Standard).
  return Function.prototype.call.bind(Object.getOwnPropertyDescriptor(URL.prototype, name)!.get!)
}

function waysOut(global: Scope): readonly (readonly [holder: unknown, names: readonly string[]])[] {
  const prototype = (name: string) => (global[name] as { readonly prototype?: unknown } | undefined)?.prototype
  const apis = [global.chrome, global.browser].filter(isObject)
  return [
    [
      global,
      [
        'fetch',
        'WebSocket',
        'WebSocketStream',
        'EventSource',
        'WebTransport',
        'importScripts',
        // Not in a service worker; an event page has them (security.md 13.1).
        'XMLHttpRequest',
        'RTCPeerConnection',
        'Worker',
        'SharedWorker',
        'open',
      ],
    ],
    [prototype('Cache'), ['add', 'addAll']],
    [prototype('BackgroundFetchManager'), ['fetch']],
    [prototype('Clients'), ['openWindow']],
    [prototype('WindowClient'), ['navigate']],
    [prototype('Navigator'), ['sendBeacon']],
    ...apis.flatMap((api) => [
      [api.tabs, ['create', 'update', 'duplicate']] as const,
      [api.windows, ['create']] as const,
      [api.runtime, ['sendMessage', 'connect', 'setUninstallURL']] as const,
    ]),
  ]
}

/** On the object and on each prototype that has it: `fetch` of a worker lies on one of them, and `self` would inherit it. */
function lock(holder: unknown, name: string): void {
  if (!isObject(holder) || !(name in holder)) return
  const holders: object[] = [holder]
  for (let it: unknown = Object.getPrototypeOf(holder); isObject(it); it = Object.getPrototypeOf(it)) {
    if (Object.hasOwn(it, name)) holders.push(it)
  }
  for (const it of holders) {
    Object.defineProperty(it, name, { value: refuse, writable: false, configurable: false, enumerable: true })
  }
}

function refuse(): never {
  throw egressError('notAllowed')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return (typeof value === 'object' || typeof value === 'function') && value !== null
}
