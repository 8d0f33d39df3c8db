import { describe, expect, it } from 'vitest'
import { createClient, isAnswered, isLost, type PortLike, serve } from './channel.ts'

interface Verbs {
  readonly view: { params: null; result: { readonly rev: number } }
  readonly echo: { params: { readonly text: string }; result: string }
  readonly spend: { params: { readonly amount: string }; result: null }
}
const isRead = (type: string) => type !== 'spend'

/** Two ends of one port as the browser makes them: JSON across, in order, later; dead once either end lets go. */
function portPair(): { screen: PortLike; worker: PortLike; die: () => void } {
  let alive = true
  const ends = [end(), end()] as const
  function end() {
    return { messages: [] as ((message: unknown) => void)[], gone: [] as (() => void)[] }
  }
  const half = (mine: 0 | 1): PortLike => ({
    postMessage(message) {
      if (!alive) throw new Error('Attempting to use a disconnected port object')
      const text = JSON.stringify(message)
      queueMicrotask(() => {
        if (alive) for (const listener of ends[mine === 0 ? 1 : 0].messages) listener(JSON.parse(text))
      })
    },
    onMessage: { addListener: (listener) => ends[mine].messages.push(listener) },
    onDisconnect: { addListener: (listener) => ends[mine].gone.push(listener) },
    disconnect: () => {
      alive = false
      for (const listener of ends[mine === 0 ? 1 : 0].gone) listener()
    },
  })
  return {
    screen: half(0),
    worker: half(1),
    die: () => {
      alive = false
      for (const listener of ends[0].gone) listener()
    },
  }
}

/** A worker that can be killed: each connection starts with a push, as the real one does. */
function makeWorker(handle: (type: string, params: unknown) => Promise<unknown>) {
  const lives: (() => void)[] = []
  const pauses: number[] = []
  const asked: string[] = []
  let refuseConnections = 0
  const connect = () => {
    if (refuseConnections > 0) {
      refuseConnections -= 1
      throw new Error('no receiving end')
    }
    const { screen, worker, die } = portPair()
    const end = serve<{ rev: number }, { code: string }>({
      port: worker,
      handle: (type, params) => {
        asked.push(type)
        return handle(type, params)
      },
      refusalOf: (error) => ({ code: error instanceof Error ? error.message : 'internal' }),
    })
    lives.push(die)
    queueMicrotask(() => end.push({ rev: lives.length }))
    return screen
  }
  const pause = async (ms: number) => void pauses.push(ms)
  return {
    client: createClient<Verbs, { rev: number }>({ connect, isRead, pause }),
    kill: () => lives.at(-1)?.(),
    lives,
    pauses,
    asked,
    refuse: (times: number) => {
      refuseConnections = times
    },
  }
}

const settled = (promise: Promise<unknown>) =>
  promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
const soon = () => new Promise((done) => setTimeout(done, 5))

describe('channel', () => {
  it('answers each request by its id, in whatever order they finish', async () => {
    const { client } = makeWorker(async (_type, params) => {
      const { text } = params as { text: string }
      if (text === 'slow') await soon()
      return text
    })
    const answers: string[] = []
    await Promise.all(['slow', 'fast'].map(async (text) => answers.push(await client.request('echo', { text }))))
    expect(answers).toEqual(['fast', 'slow'])
  })

  it('carries a refusal whole, as the other end made it', async () => {
    const { client } = makeWorker(async () => {
      throw new Error('wrongPassword')
    })
    const { error } = (await settled(client.request('spend', { amount: '1' }))) as { error: unknown }
    expect(isAnswered<{ code: string }>(error) && error.refusal).toEqual({ code: 'wrongPassword' })
  })

  it('answers also what cannot be sent, in both directions', async () => {
    const { client, asked } = makeWorker(async () => 1n)
    const { error } = (await settled(client.request('view', null))) as { error: unknown }
    expect(isAnswered(error)).toBe(true)
    await expect(client.request('echo', { text: 1n as unknown as string })).rejects.toThrow(TypeError)
    expect(asked).toEqual(['view'])
  })

  it('pushes reach every subscriber, and a new port starts with one', async () => {
    const { client, kill, lives } = makeWorker(async () => null)
    const got: number[] = []
    client.subscribe(({ rev }) => got.push(rev))
    await soon()
    kill()
    await soon()
    expect(got).toEqual([1, 2])
    expect(lives).toHaveLength(2)
  })

  it('B8: after the worker dies a read is asked again, a command rejects with `lost` and is never sent twice', async () => {
    let first = true
    const { client, kill, asked } = makeWorker(async (type) => {
      if (first || type === 'spend') await new Promise(() => undefined)
      return { rev: 9 }
    })
    const view = client.request('view', null)
    const spend = settled(client.request('spend', { amount: '1' }))
    await soon()
    expect(asked).toEqual(['view', 'spend'])
    first = false
    kill()
    expect(await view).toEqual({ rev: 9 })
    const { error } = (await spend) as { error: unknown }
    expect(isLost(error)).toBe(true)
    await soon()
    expect(asked).toEqual(['view', 'spend', 'view'])
  })

  it('sends a command that never left on the next port, once', async () => {
    const { client, asked, refuse, pauses } = makeWorker(async () => null)
    refuse(2)
    expect(await client.request('spend', { amount: '1' })).toBeNull()
    expect(asked).toEqual(['spend'])
    expect(pauses).toEqual([200, 500])
  })

  it('a port that is gone before anybody was told loses nothing', async () => {
    const { client, asked, lives } = makeWorker(async () => null)
    await client.request('view', null)
    const dead: PortLike = {
      postMessage: () => {
        throw new Error('Attempting to use a disconnected port object')
      },
      onMessage: { addListener: () => undefined },
      onDisconnect: { addListener: () => undefined },
      disconnect: () => undefined,
    }
    const ports = [dead]
    const worker = portPair()
    serve({ port: worker.worker, handle: async () => 'there', refusalOf: () => null })
    const other = createClient<Verbs, never>({
      connect: () => ports.pop() ?? worker.screen,
      isRead,
      pause: async () => undefined,
    })
    expect(await other.request('spend', { amount: '1' })).toBe('there')
    expect(asked).toEqual(['view'])
    expect(lives).toHaveLength(1)
  })

  it('every promise settles: nobody there means `lost` after the last pause, and a later request tries anew', async () => {
    const { client, refuse, pauses } = makeWorker(async () => null)
    refuse(6)
    const all = await Promise.all([
      settled(client.request('view', null)),
      settled(client.request('spend', { amount: '1' })),
    ])
    for (const it of all) expect(isLost((it as { error: unknown }).error)).toBe(true)
    expect(pauses).toEqual([200, 500, 1_000, 2_000, 4_000])
    expect(await client.request('spend', { amount: '1' })).toBeNull()
  })

  it('a subscriber is reconnected however long it takes', async () => {
    const { client, refuse } = makeWorker(async () => null)
    refuse(20)
    const got: number[] = []
    client.subscribe(({ rev }) => got.push(rev))
    await expect.poll(() => got).toEqual([1])
  })

  it('closing loses what waits and connects no more', async () => {
    const { client, lives } = makeWorker(() => new Promise(() => undefined))
    client.subscribe(() => undefined)
    const view = settled(client.request('view', null))
    await soon()
    client.close()
    expect(isLost(((await view) as { error: unknown }).error)).toBe(true)
    await expect(client.request('view', null)).rejects.toThrow('lost')
    await soon()
    expect(lives).toHaveLength(1)
  })
})

describe('serve', () => {
  it('drops what is no request, and survives a screen that is gone', async () => {
    const { screen, worker } = portPair()
    const handled: string[] = []
    const end = serve({
      port: worker,
      handle: async (type) => {
        handled.push(type)
        return null
      },
      refusalOf: () => null,
    })
    for (const bad of [
      null,
      'x',
      1,
      {},
      { v: 2, kind: 'request', id: 1, type: 'view', params: null },
      { v: 1, kind: 'request', id: '1', type: 'view', params: null },
      { v: 1, kind: 'request', id: 1, type: 'view' },
    ])
      screen.postMessage(bad)
    screen.postMessage({ v: 1, kind: 'request', id: 1, type: 'view', params: null })
    await soon()
    expect(handled).toEqual(['view'])
    worker.disconnect()
    end.push(1)
    expect(end.open).toBe(false)
  })
})
