import { createServer, type Server } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import type { Worker } from '@playwright/test'

/**
 * What stands between the wallet and its chain. It passes everything on and notes it, until a fault is to stand in for a
 * node that misbehaves: devnet itself is never slow, never lies and has no mempool (argent-sessions.md 19).
 */
export interface NodeProxy {
  readonly port: number
  /** Methods asked since the last `mark`, in order. */
  since(): readonly string[]
  /** Every `starknet_add*` that came here since it runs, in order and byte for byte, whether it was passed on or not. */
  sends(): readonly string[]
  /** The transactions of those since the last `mark`, without the id of the request. */
  added(): readonly string[]
  mark(): void
  /** The newest fault that means a method answers it; its `times` used up, the one before, at last the chain. */
  play(methods: Methods, fault: Fault, times?: number): void
  /** As if the network cable were pulled: nobody gets an answer any more, and what is under way is cut off. */
  cut(): void
  /** Another node's words: `result` in place of the chain's own answer to this method. */
  lie(method: string, result: unknown): void
  /** The request arrives, its answer does not: `times` of them, or all until `mend`. */
  loseAnswers(method: string, times?: number): void
  /** A whole node again. What was held back stays unsent. */
  mend(): void
  stop(): Promise<void>
}

export type Methods = 'every' | string | readonly string[]

/** What was asked; `forward` asks the chain, and may be called without keeping what it says. */
export interface Asked {
  readonly id: number
  readonly method: string
  readonly params: unknown
  readonly forward: () => Promise<Reply>
}
export interface Reply {
  readonly status: number
  readonly text: string
  readonly headers?: Readonly<Record<string, string>>
}
/** What the node says in place of the chain; `cut`: the line is dead. */
export type Fault = (asked: Asked) => Promise<Reply | 'cut'>

export const ADD_INVOKE = 'starknet_addInvokeTransaction'
export const ADDS: readonly string[] = [ADD_INVOKE, 'starknet_addDeployAccountTransaction']

/** How a transaction is looked for. */
export const FINDING: readonly string[] = ['starknet_getTransactionStatus', 'starknet_getTransactionReceipt']

/** The chain never hears of it. */
export const cutBefore: Fault = async () => 'cut'

/** The chain has it, and nobody hears so. */
export const cutAfter: Fault = async ({ forward }) => {
  await forward()
  return 'cut'
}

/** The chain answers, and the answer takes its time. */
export const slow =
  (ms: number): Fault =>
  async ({ forward }) => {
    const answer = await forward()
    await setTimeout(ms)
    return answer
  }

/** The chain answers, and nobody hears it until it is let go. */
export function held(): { readonly fault: Fault; readonly letGo: () => void } {
  let letGo = () => {}
  const gone = new Promise<void>((resolve) => {
    letGo = resolve
  })
  const fault: Fault = async ({ forward }) => {
    const answer = await forward()
    await gone
    return answer
  }
  return { fault, letGo }
}

/** The chain gets it at once, and the asker this. */
export const forwarded =
  (fault: Fault): Fault =>
  async (asked) => {
    await asked.forward()
    return fault(asked)
  }

const reply = (text: string, headers: Readonly<Record<string, string>> = {}): Reply => ({ status: 200, text, headers })

export const garbage: Fault = async () => reply('{"jsonrpc":"2.0","id":1,"resul')
export const html: Fault = async () =>
  reply('<!doctype html><title>Welcome</title><h1>It works!</h1>', { 'content-type': 'text/html' })
export const tenMegabytes: Fault = async ({ id }) =>
  reply(JSON.stringify({ jsonrpc: '2.0', id, result: 'f'.repeat(10 * 2 ** 20) }))

/** Not the node itself but who guards it. @param retryAfter seconds */
export const status =
  (code: number, retryAfter?: number): Fault =>
  async () => ({
    status: code,
    text: code === 429 ? 'Too many requests' : 'Something is wrong here',
    headers: retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) },
  })

export const lies =
  (result: unknown): Fault =>
  async ({ id }) =>
    reply(JSON.stringify({ jsonrpc: '2.0', id, result }))

/** TXN_HASH_NOT_FOUND for these hashes, to whoever looks for them: evicted, or a node that lost them. */
export const forgets =
  (isLost: (hash: string) => boolean): Fault =>
  async ({ id, params, forward }) => {
    const { transaction_hash } = params as { transaction_hash: string }
    if (!isLost(transaction_hash)) return forward()
    return reply(JSON.stringify({ jsonrpc: '2.0', id, error: { code: 29, message: 'Transaction hash not found' } }))
  }

/** As the hash of an added transaction is computed by whoever plays a node that takes it and never passes it on. */
export const holdsBack =
  (hashOf: (transaction: Record<string, unknown>) => string): Fault =>
  async (asked) => {
    const { invoke_transaction } = asked.params as { invoke_transaction: Record<string, unknown> }
    return lies({ transaction_hash: hashOf(invoke_transaction) })(asked)
  }

interface Playing {
  readonly methods: Methods
  readonly fault: Fault
  left: number
}

/** Devnet lets every page ask; so does what stands before it. */
const OPEN = {
  'content-type': 'application/json',
  'access-control-allow-origin': '*',
  'access-control-allow-methods': '*',
  'access-control-allow-headers': '*',
  'access-control-expose-headers': 'retry-after',
}

export async function proxyTo(url: string): Promise<NodeProxy> {
  let methods: string[] = []
  const sends: string[] = []
  let marked = 0
  let down = false
  let playing: Playing[] = []

  const faultFor = (method: string): Fault | undefined => {
    const found = playing.find(({ methods, left }) => left > 0 && isMeant(methods, method))
    if (found !== undefined) found.left -= 1
    return found?.fault
  }
  const replyTo = async (path: string, body: string): Promise<Reply | 'cut'> => {
    const forward = async (): Promise<Reply> => {
      const answer = await fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
      return { status: answer.status, text: await answer.text() }
    }
    const method = methodOf(body)
    if (method === undefined) return forward()
    methods.push(method)
    const fault = faultFor(method)
    if (fault === undefined) return forward()
    const { id, params } = JSON.parse(body)
    return fault({ id, method, params, forward })
  }

  const server: Server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', async () => {
      const body = Buffer.concat(parts).toString()
      if (methodOf(body)?.startsWith('starknet_add') === true) sends.push(body)
      if (down) {
        request.socket.destroy()
        return
      }
      if (request.method === 'OPTIONS') {
        response.writeHead(204, OPEN).end()
        return
      }
      const answer = await replyTo(request.url ?? '', body).catch(() => 'gone' as const)
      if (answer === 'cut') request.socket.destroy()
      else if (answer === 'gone') response.writeHead(502).end()
      else response.writeHead(answer.status, { ...OPEN, ...answer.headers }).end(answer.text)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the proxy has no port')
  const play: NodeProxy['play'] = (methods, fault, times = Number.POSITIVE_INFINITY) => {
    playing = [{ methods, fault, left: times }, ...playing]
  }
  return {
    port: address.port,
    since: () => methods,
    sends: () => sends,
    added: () => sends.slice(marked).map((body) => JSON.stringify(JSON.parse(body).params)),
    mark: () => {
      methods = []
      marked = sends.length
    },
    play,
    cut: () => {
      down = true
      server.closeAllConnections()
    },
    lie: (method, result) => play(method, lies(result)),
    loseAnswers: (method, times) => play(method, cutAfter, times),
    mend: () => {
      down = false
      playing = []
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function methodOf(body: string): string | undefined {
  return /"method":"(\w+)"/.exec(body)?.[1]
}

function isMeant(methods: Methods, method: string): boolean {
  return methods === 'every' || methods === method || (typeof methods !== 'string' && methods.includes(method))
}

// In the worker itself. Each is gone with the worker.

/** A stand-in for a wall clock that is wrong: the worker reads a time so many seconds away from the true one. */
export function standInClock(worker: Worker, seconds: number): Promise<void> {
  return worker.evaluate((ms) => {
    const self = globalThis as unknown as { trueNow?: () => number }
    self.trueNow ??= Date.now
    const { trueNow } = self
    Date.now = () => trueNow() + ms
  }, seconds * 1000)
}

export interface FailingWrites {
  /** Only writes to these stores; without them to all. */
  readonly stores?: readonly string[]
  /** Writes that still succeed. */
  readonly after?: number
  /** Writes that fail after those; without it all. */
  readonly times?: number
}

/**
 * A stand-in for a disk that is full: IndexedDB itself refuses the write. The extension may store without limit, so no quota
 * of the browser can be made to. Answers how many it refused when asked.
 */
export async function standInFullDisk(worker: Worker, which: FailingWrites = {}): Promise<() => Promise<number>> {
  await worker.evaluate(({ stores, after = 0, times }) => {
    const self = globalThis as unknown as { truePut?: typeof IDBObjectStore.prototype.put; refusedWrites: number }
    self.truePut ??= IDBObjectStore.prototype.put
    self.refusedWrites = 0
    const { truePut } = self
    let seen = 0
    IDBObjectStore.prototype.put = function put(...args) {
      if (stores === undefined || stores.includes(this.name)) {
        seen += 1
        if (seen > after && (times === undefined || seen <= after + times)) {
          self.refusedWrites += 1
          throw new DOMException('the disk is full', 'QuotaExceededError')
        }
      }
      return truePut.apply(this, args)
    }
  }, which)
  return () => worker.evaluate(() => (globalThis as unknown as { refusedWrites: number }).refusedWrites)
}

export function mendDisk(worker: Worker): Promise<void> {
  return worker.evaluate(() => {
    const { truePut } = globalThis as unknown as { truePut?: typeof IDBObjectStore.prototype.put }
    if (truePut !== undefined) IDBObjectStore.prototype.put = truePut
  })
}

/** Until `ringAlarm`. */
export async function noAlarm(worker: Worker): Promise<void> {
  await worker.evaluate(() => chrome.alarms.clear('everyMinute'))
}

/** The alarm of each minute, now, whatever time the worker believes it is. */
export function ringAlarm(worker: Worker): Promise<void> {
  return worker.evaluate(() => chrome.alarms.create('everyMinute', { delayInMinutes: 0.001, periodInMinutes: 1 }))
}
