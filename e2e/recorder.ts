import { createServer } from 'node:http'

/** What the wallet asks of its node, in order; everything is passed on, unless a fault stands in. */
export interface Recorder {
  readonly port: number
  /** Methods asked since the last call of `mark`. */
  since(): readonly string[]
  mark(): void
  /** Every `starknet_add*` that came here since it runs, in order and byte for byte, whether it was passed on or not. */
  sends(): readonly string[]
  /** As if the network cable were pulled: nobody gets an answer any more. */
  cut(): void
  mend(): void
  /** Another node's words: `result` in place of the chain's own answer to this method. */
  lie(method: string, result: unknown): void
  /** The request arrives, its answer does not: `times` of them, or all until `mend`. */
  loseAnswers(method: string, times?: number): void
  stop(): Promise<void>
}

/** Devnet lets every page ask; so does what stands before it. */
const OPEN = {
  'content-type': 'application/json',
  'access-control-allow-origin': '*',
  'access-control-allow-methods': '*',
  'access-control-allow-headers': '*',
}

export async function recordTo(url: string): Promise<Recorder> {
  let methods: string[] = []
  const sends: string[] = []
  let down = false
  const lies = new Map<string, unknown>()
  const losses = new Map<string, number>()
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', async () => {
      const body = Buffer.concat(parts).toString()
      const method = /"method":"(\w+)"/.exec(body)?.[1]
      if (method?.startsWith('starknet_add') === true) sends.push(body)
      if (down) {
        request.socket.destroy()
        return
      }
      if (request.method === 'OPTIONS') {
        response.writeHead(204, OPEN).end()
        return
      }
      if (method !== undefined) methods.push(method)
      if (method !== undefined && lies.has(method)) {
        const { id } = JSON.parse(body)
        const answer = JSON.stringify({ jsonrpc: '2.0', id, result: lies.get(method) })
        response.writeHead(200, OPEN).end(answer)
        return
      }
      try {
        const answer = await fetch(url + (request.url ?? ''), {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
        })
        const losing = method === undefined ? 0 : (losses.get(method) ?? 0)
        if (method !== undefined && losing > 0) {
          losses.set(method, losing - 1)
          request.socket.destroy()
          return
        }
        response.writeHead(answer.status, OPEN).end(await answer.text())
      } catch {
        response.writeHead(502).end()
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the recorder has no port')
  return {
    port: address.port,
    since: () => methods,
    sends: () => sends,
    mark: () => {
      methods = []
    },
    cut: () => {
      down = true
      server.closeAllConnections()
    },
    mend: () => {
      down = false
      lies.clear()
      losses.clear()
    },
    lie: (method, result) => void lies.set(method, result),
    loseAnswers: (method, times = Number.POSITIVE_INFINITY) => void losses.set(method, times),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
