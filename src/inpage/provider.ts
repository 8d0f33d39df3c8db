/**
 * The wallet object of a page: a request becomes a frame, a frame a result or a coded error, and every promise settles
 * once. It holds no secret and takes no decision. What the page may replace later is taken at the first line, and what
 * waits is kept in objects without prototype, so that such a page gets errors and no silence (security.md T18).
 */
import { codedError, type SiteError } from '../core/errors.ts'
import {
  type AnswerFrame,
  type EventFrame,
  failed,
  isFrame,
  isType,
  type RequestFrame,
  type RequestId,
  type ToBridge,
} from '../core/protocol/frame.ts'
import { paramsText } from './calls.ts'
import { unfitOf } from './plain.ts'
import { createStandard, type StandardWallet } from './standard.ts'
import { apply, defineProperty, freeze, PageError, PagePromise } from './taken.ts'

/** As in the manifest; a test compares them. */
export const VERSION = '0.1.0'
/** Ring and blade, two cuts on the left, one accent fill. */
export const ICON =
  'data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHZpZXdCb3g9IjAgMCAyMCAyMCI+PHBhdGggZmlsbD0iIzBiNmI1ZCIgZD0iTTEwIDFhNSA1IDAgMCAxIDIuNCA5LjRWMThsLTEgMUg5LjJsLTEuNi0xLjZWMTZsMS42LTEuNkw3LjYgMTN2LTIuNkE1IDUgMCAwIDEgMTAgMW0wIDNhMiAyIDAgMSAwIDAgNCAyIDIgMCAwIDAgMC00Ii8+PC9zdmc+'
/** How long the page waits for the bridge's hello. */
export const HELLO_WITHIN_MS = 10_000

export interface ProviderNeeds {
  readonly post: (frame: ToBridge) => void
  /** Frames to the page, already known to come from this window. */
  readonly listen: (receive: (frame: unknown) => void) => void
  readonly randomId: () => RequestId
  readonly after: (ms: number, run: () => void) => void
  /** A turn of its own, where a listener's error reaches the page's console. */
  readonly apart: (run: () => void) => void
}

export interface Wallet {
  readonly id: 'latchkey'
  readonly name: 'Latchkey'
  readonly version: string
  readonly icon: string
  readonly request: (call: unknown) => Promise<unknown>
  readonly on: (name: unknown, listener: unknown) => void
  readonly off: (name: unknown, listener: unknown) => void
  readonly isConnected: boolean
  readonly enable: () => Promise<unknown>
  readonly isPreauthorized: () => Promise<unknown>
  readonly provider: undefined
  readonly account: undefined
  readonly selectedAddress: string | undefined
  readonly chainId: string | undefined
}

const INTERNAL = { reason: 'internal' }

/** One wallet in the two shapes that clients look for. */
export interface Provider {
  readonly wallet: Wallet
  readonly standard: StandardWallet
}

interface Waiting {
  readonly frame: RequestFrame
  readonly settle: (answer: AnswerFrame) => void
  posted: boolean
}
type Listener = (...args: readonly unknown[]) => unknown

export function createProvider({ post, listen, randomId, after, apart }: ProviderNeeds): Provider {
  const waiting: Record<string, Waiting> = bare()
  const listeners: Record<string, { readonly name: unknown; readonly call: Listener }> = bare()
  let subscriptions = 0
  /** The bridge has said hello. */
  let greeted = false
  let asking = false
  let listening = false
  let address: string | undefined
  let chain: string | undefined

  const settle = (answer: AnswerFrame) => {
    const it = waiting[answer.id]
    if (it === undefined) return
    delete waiting[answer.id]
    it.settle(answer)
  }
  const fail = (id: RequestId, data: object) => settle(failed(id, unknown(data)))

  const send = (it: Waiting) => {
    it.posted = true
    try {
      post(it.frame)
    } catch {
      fail(it.frame.id, INTERNAL)
    }
  }
  const say = (kind: 'hello' | 'listen') => {
    try {
      post({ v: 1, kind })
    } catch {
      // Nobody heard; requests tell by their timer.
    }
  }
  const hello = () => {
    if (asking) return
    asking = true
    after(HELLO_WITHIN_MS, () => {
      asking = false
      if (greeted) return
      for (const id in waiting) fail(id, { reason: 'lost', id })
    })
    say('hello')
  }
  const greet = () => {
    const first = !greeted
    greeted = true
    if (first && listening) say('listen')
    for (const id in waiting) if (!waiting[id]!.posted) send(waiting[id]!)
  }

  const ask = (type: unknown, params: () => unknown, seen: (result: unknown) => unknown) =>
    new PagePromise<unknown>((resolve, reject) => {
      const frame = framed(type, params, randomId)
      const it: Waiting = {
        frame,
        posted: false,
        settle: (answer) => {
          try {
            if (answer.ok) resolve(seen(answer.result))
            else reject(failure(answer.error))
          } catch {
            reject(failure(unknown(INTERNAL)))
          }
        },
      }
      waiting[frame.id] = it
      if (greeted) send(it)
      else hello()
    })

  const toldAccounts = (accounts: unknown) => {
    address = (accounts as readonly string[] | undefined)?.[0]
  }
  const toldChain = (id: unknown) => {
    chain = id as string
  }
  const accounts = () =>
    ask('wallet_requestAccounts', nothing, (result) => {
      toldAccounts(result)
      return result
    })

  const tell = ({ name, args }: EventFrame) => {
    if (name === 'accountsChanged') toldAccounts(args[0])
    if (name === 'networkChanged') {
      toldChain(args[0])
      toldAccounts(args[1])
    }
    fire(name, args)
  }
  const fire = (name: unknown, args: readonly unknown[]) => {
    for (const key in listeners) {
      const it = listeners[key]
      if (it === undefined || it.name !== name) continue
      try {
        apply(it.call, undefined, args)
      } catch (error) {
        apart(() => {
          throw error
        })
      }
    }
  }

  const at = (name: unknown, listener: unknown) => {
    for (const key in listeners) if (listeners[key]!.name === name && listeners[key]!.call === listener) return key
    return undefined
  }

  listen((frame) => {
    // Whoever forges a frame is the page itself, and is not answered any better for it.
    if (isFrame(frame, 'answer')) settle(frame as unknown as AnswerFrame)
    else if (isFrame(frame, 'event')) tell(frame as unknown as EventFrame)
    else if (isFrame(frame, 'hello')) greet()
  })

  const wallet = freeze<Wallet>({
    id: 'latchkey',
    name: 'Latchkey',
    version: VERSION,
    icon: ICON,
    request: (call) => {
      let type: unknown
      const params = () => (call as { params?: unknown }).params
      try {
        type = (call as { type?: unknown }).type
      } catch {
        // It has none that can be read.
      }
      return ask(type, params, (result) => {
        if (type === 'wallet_requestAccounts') toldAccounts(result)
        if (type === 'wallet_requestChainId') toldChain(result)
        return result
      })
    },
    on: (name, listener) => {
      if (typeof listener !== 'function') return
      if (at(name, listener) !== undefined) return
      subscriptions += 1
      listeners[subscriptions] = { name, call: listener as Listener } // A function; what it takes is the page's matter.
      if (listening) return
      listening = true
      if (greeted) say('listen')
      else hello()
    },
    off: (name, listener) => {
      const key = at(name, listener)
      if (key !== undefined) delete listeners[key]
    },
    get isConnected() {
      return address !== undefined
    },
    enable: accounts,
    isPreauthorized: () =>
      ask('wallet_getPermissions', nothing, (result) => (result as readonly unknown[])[0] === 'accounts'),
    provider: undefined,
    account: undefined,
    get selectedAddress() {
      return address
    },
    get chainId() {
      return chain
    },
  })
  return { wallet, standard: createStandard(wallet, fire) }
}

/** @throws what the promise is rejected with */
function framed(type: unknown, params: () => unknown, randomId: () => RequestId): RequestFrame {
  if (!isType(type)) throw bad({ at: '/type', why: 'expected the name of a method' })
  try {
    return { v: 1, kind: 'request', id: randomId(), type, params: paramsText(type, params()) }
  } catch (error) {
    throw bad(unfitOf(error))
  }
}

function failure({ code, message, data }: SiteError): Error {
  const error = new PageError(message)
  const own = (name: string, value: unknown) =>
    defineProperty(error, name, {
      __proto__: null,
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    } as object)
  own('code', code)
  if (data !== undefined) own('data', data)
  return error
}

function unknown(data: object): SiteError {
  return codedError(163, 'UNKNOWN_ERROR', data)
}

function bad(data: { readonly at: string; readonly why: string }): Error {
  return failure(codedError(114, 'INVALID_REQUEST_PAYLOAD', data))
}

function nothing(): undefined {
  return undefined
}

function bare<T>(): Record<string, T> {
  return { __proto__: null } as unknown as Record<string, T> // The literal has no prototype, which the type cannot say.
}
