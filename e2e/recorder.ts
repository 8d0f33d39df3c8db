import { createServer } from 'node:http'

/** What the wallet asks of its node, in order; everything is passed on. */
export interface Recorder {
  readonly port: number
  /** Methods asked since the last call of `mark`. */
  since(): readonly string[]
  mark(): void
  /** As if the network cable were pulled: nobody gets an answer any more. */
  cut(): void
  mend(): void
  stop(): Promise<void>
}

export async function recordTo(url: string): Promise<Recorder> {
  let methods: string[] = []
  let down = false
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', async () => {
      if (down) {
        request.socket.destroy()
        return
      }
      const body = Buffer.concat(parts).toString()
      const method = /"method":"(\w+)"/.exec(body)?.[1]
      if (method !== undefined) methods.push(method)
      try {
        const answer = await fetch(url + (request.url ?? ''), {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
        })
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
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
    mark: () => {
      methods = []
    },
    cut: () => {
      down = true
      server.closeAllConnections()
    },
    mend: () => {
      down = false
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
