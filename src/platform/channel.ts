/**
 * Typed requests over a given port, between a screen and the worker. Used at both ends, so it imports nothing but core.
 *
 * The worker dies at any time (security.md B7): a read is asked again on a new port; a command is not, because nobody
 * knows whether it had its effect, so it rejects with `lost` and the pushed state tells what happened.
 */

/** The verbs of a table: what each takes and answers. */
export type Table<T> = { readonly [K in keyof T]: { readonly params: unknown; readonly result: unknown } }

export interface PortLike {
  postMessage(message: unknown): void
  readonly onMessage: { addListener(listener: (message: unknown) => void): void }
  readonly onDisconnect: { addListener(listener: () => void): void }
  disconnect(): void
}

export interface Client<T extends Table<T>, Pushed> {
  /** Rejects with an `Answered` error as the worker's end sent it, or with a `Lost` one. */
  request<K extends keyof T & string>(type: K, params: T[K]['params']): Promise<T[K]['result']>
  /** Keeps a port open as long as there is a subscriber; each new port starts with a push. */
  subscribe(listener: (pushed: Pushed) => void): () => void
  close(): void
}

/** What the other end refused with, whole. */
export type Answered<E> = Error & { readonly kind: 'answered'; readonly refusal: E }
/** The worker went away before it answered. For a command: it may have had its effect. */
export type Lost = Error & { readonly kind: 'lost' }

export function isAnswered<E>(error: unknown): error is Answered<E> {
  return error instanceof Error && 'kind' in error && error.kind === 'answered'
}

export function isLost(error: unknown): error is Lost {
  return error instanceof Error && 'kind' in error && error.kind === 'lost'
}

interface Request {
  readonly v: 1
  readonly kind: 'request'
  readonly id: number
  readonly type: string
  readonly params: unknown
}
type Reply =
  | { readonly v: 1; readonly kind: 'answer'; readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly v: 1; readonly kind: 'answer'; readonly id: number; readonly ok: false; readonly refusal: unknown }
interface Push {
  readonly v: 1
  readonly kind: 'push'
  readonly value: unknown
}

/** Before each further attempt, ms; after the last one what waits is lost. A new worker answers within 60 ms. */
const PAUSES: readonly number[] = [0, 200, 500, 1_000, 2_000, 4_000]

interface ClientNeeds<T> {
  /** Throws where there is no extension any more (it was updated or removed). */
  readonly connect: () => PortLike
  readonly isRead: (type: keyof T & string) => boolean
  readonly pause?: (ms: number) => Promise<void>
}
interface Waiting {
  readonly frame: Request
  readonly repeat: boolean
  /** It may have reached the worker. */
  sent: boolean
  readonly answer: (reply: Reply) => void
  readonly lose: () => void
}

export function createClient<T extends Table<T>, Pushed>(needs: ClientNeeds<T>): Client<T, Pushed> {
  const pause = needs.pause ?? ((ms) => new Promise<void>((done) => setTimeout(done, ms)))
  const waiting = new Map<number, Waiting>()
  const listeners = new Set<(pushed: Pushed) => void>()
  let port: PortLike | undefined
  let lastId = 0
  let failures = 0
  let closed = false
  let reconnecting = false

  const attach = (): PortLike => {
    const fresh = needs.connect()
    port = fresh
    fresh.onMessage.addListener((message) => {
      if (port === fresh) receive(message)
    })
    fresh.onDisconnect.addListener(() => {
      if (port === fresh) dropped()
    })
    return fresh
  }
  const receive = (message: unknown) => {
    if (!isOurs(message)) return
    failures = 0
    // The other end is our own worker: a frame of this kind has this shape.
    if (message.kind === 'push') for (const listener of listeners) listener((message as Push).value as Pushed)
    if (message.kind !== 'answer') return
    const reply = message as Reply
    const asked = waiting.get(reply.id)
    waiting.delete(reply.id)
    asked?.answer(reply)
  }
  const dropped = () => {
    port = undefined
    for (const [id, asked] of waiting) {
      if (asked.repeat || !asked.sent) continue
      waiting.delete(id)
      asked.lose()
    }
    if (waiting.size > 0 || listeners.size > 0) void reconnect()
  }
  const reconnect = async (): Promise<void> => {
    if (reconnecting) return
    reconnecting = true
    while (!closed && port === undefined) {
      if (failures >= PAUSES.length) {
        loseAll()
        // A subscriber is worth trying for as long as its screen is open.
        if (listeners.size === 0) break
      }
      const ms = PAUSES[Math.min(failures, PAUSES.length - 1)] ?? 0
      failures += 1
      if (ms > 0) await pause(ms)
      if (closed) break
      try {
        attach()
      } catch {
        // Not there yet: the next round tries again, the last one says `lost`.
        port = undefined
        continue
      }
      for (const asked of [...waiting.values()]) deliver(asked)
    }
    reconnecting = false
    if (port === undefined && listeners.size === 0) failures = 0
  }
  const deliver = (asked: Waiting) => {
    if (port === undefined) return
    try {
      port.postMessage(asked.frame)
      asked.sent = true
    } catch {
      // The port is gone and `onDisconnect` was not told yet. Nothing of this frame has left.
      dropped()
    }
  }
  const loseAll = () => {
    const all = [...waiting.values()]
    waiting.clear()
    for (const asked of all) asked.lose()
  }

  return {
    request: (type, params) =>
      new Promise((resolve, reject) => {
        if (closed) {
          reject(lost())
          return
        }
        // What JSON cannot carry would fail as if the port were gone; here it throws, and the promise rejects.
        JSON.stringify(params)
        lastId += 1
        const asked: Waiting = {
          frame: { v: 1, kind: 'request', id: lastId, type, params },
          repeat: needs.isRead(type),
          sent: false,
          answer: (reply) => {
            // The table says what this verb answers; the worker's end is compiled against the same table.
            if (reply.ok) resolve(reply.result as T[typeof type]['result'])
            else reject(answered(reply.refusal))
          },
          lose: () => reject(lost()),
        }
        waiting.set(lastId, asked)
        if (port === undefined) void reconnect()
        else deliver(asked)
      }),
    subscribe(listener) {
      listeners.add(listener)
      if (port === undefined) void reconnect()
      return () => listeners.delete(listener)
    },
    close() {
      closed = true
      port?.disconnect()
      port = undefined
      loseAll()
    },
  }
}

interface ServerNeeds<E> {
  readonly port: PortLike
  /** Decodes the params: they come as `unknown`. */
  readonly handle: (type: string, params: unknown) => Promise<unknown>
  /** A thrown error as what the screen is told of it. */
  readonly refusalOf: (error: unknown) => E
}

/** The worker's end of one port. Every request gets one frame back as long as the port lives. */
export function serve<Pushed, E>(needs: ServerNeeds<E>): { push(value: Pushed): void; readonly open: boolean } {
  const { port } = needs
  let open = true
  port.onDisconnect.addListener(() => {
    open = false
  })
  port.onMessage.addListener((message) => {
    if (isRequest(message)) void answer(message)
  })
  const answer = async ({ id, type, params }: Request): Promise<void> => {
    try {
      const result = await needs.handle(type, params)
      if (open) port.postMessage({ v: 1, kind: 'answer', id, ok: true, result } satisfies Reply)
    } catch (error) {
      tell({ v: 1, kind: 'answer', id, ok: false, refusal: needs.refusalOf(error) })
    }
  }
  const tell = (frame: Reply | Push) => {
    if (!open) return
    try {
      port.postMessage(frame)
    } catch {
      // The screen is gone and `onDisconnect` was not told yet: there is nobody to tell.
      open = false
    }
  }
  return {
    push: (value) => tell({ v: 1, kind: 'push', value }),
    get open() {
      return open
    },
  }
}

function isOurs(message: unknown): message is { readonly v: 1; readonly kind: string } {
  return typeof message === 'object' && message !== null && 'v' in message && message.v === 1 && 'kind' in message
}

function isRequest(message: unknown): message is Request {
  return (
    isOurs(message) &&
    message.kind === 'request' &&
    'id' in message &&
    Number.isSafeInteger(message.id) &&
    'type' in message &&
    typeof message.type === 'string' &&
    'params' in message
  )
}

function answered<E>(refusal: E): Answered<E> {
  return Object.assign(new Error('refused'), { kind: 'answered' as const, refusal })
}

function lost(): Lost {
  return Object.assign(new Error('lost'), { kind: 'lost' as const })
}
