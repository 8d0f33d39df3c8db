import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

// The module takes `fetch` when it is imported: this one records what it is called with and passes it on.
const asked: [string, RequestInit][] = []
const realFetch = globalThis.fetch
globalThis.fetch = ((url: string, init: RequestInit) => {
  asked.push([url, init])
  return realFetch(url, init)
}) as typeof fetch
const opened: [string, unknown][] = []
const opens = (kind: string) => async (what: unknown) => {
  opened.push([kind, what])
  return { id: 7 }
}
// `getURL` resolves here, which is more than a browser's does: what leads out of the extension must be refused all the same.
Object.assign(globalThis, {
  chrome: {
    runtime: { getURL: (path: string) => new URL(path, 'chrome-extension://abcdef/').href },
    tabs: { create: opens('tab') },
    windows: { create: opens('window') },
  },
})
const { isEgressError, openPage, post, setAllowed, takeAndLock } = await import('./egress.ts')

const CAPS = { timeoutMs: 5_000, maxBytes: 1_000 }
const seen: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = []
let server: Server
let origin = ''
let answer: (request: IncomingMessage, response: ServerResponse) => void

beforeAll(async () => {
  server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body })
    answer(request, response)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  seen.length = 0
  asked.length = 0
  setAllowed('nodes', [origin])
  setAllowed('candidate', [])
  answer = (_request, response) => response.end('{}')
})

const why = async (promise: Promise<unknown>) => {
  const error: unknown = await promise.catch((it: unknown) => it)
  return isEgressError(error) ? error.why : error
}

describe('post', () => {
  it('sends JSON by POST and answers status and text, also of an error status', async () => {
    answer = (_request, response) => {
      response.writeHead(429, { 'retry-after': '7' })
      response.end('später')
    }
    expect(await post(`${origin}/rpc?x=1`, '{"id":1}', CAPS)).toEqual({ status: 429, text: 'später', retryAfter: '7' })
    expect(seen).toHaveLength(1)
    expect(seen[0]).toMatchObject({ method: 'POST', url: '/rpc?x=1', body: '{"id":1}' })
    expect(seen[0]?.headers).toMatchObject({ 'content-type': 'application/json' })
    expect(seen[0]?.headers).not.toHaveProperty('referer')
    expect(seen[0]?.headers).not.toHaveProperty('cookie')
  })

  it('asks the browser for no cookie, no referrer, no cache and no redirect', async () => {
    await post(`${origin}/rpc`, '{}', CAPS)
    expect(asked[0]?.[1]).toMatchObject({
      credentials: 'omit',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
      cache: 'no-store',
    })
  })

  it('refuses: a redirect is not followed', async () => {
    answer = (request, response) => {
      if (request.url === '/rpc') response.writeHead(307, { location: '/elsewhere' })
      response.end('{}')
    }
    expect(await why(post(`${origin}/rpc`, '{}', CAPS))).toBe('failed')
    expect(seen.map((it) => it.url)).toEqual(['/rpc'])
  })

  it.each([
    ['another port of the same host', () => origin.replace(/\d+$/, '1')],
    ['another name of the same host', () => origin.replace('127.0.0.1', 'localhost')],
    ['https instead of http', () => origin.replace('http:', 'https:')],
    ['another host behind a user name', () => origin.replace('http://', 'http://127.0.0.1:1@')],
    ['the allowed host with a password', () => origin.replace('http://', 'http://me:secret@')],
    ['the allowed origin in a path', () => `https://evil.example/${origin}`],
    ['data:', () => 'data:text/plain,x'],
    ['no address', () => 'rpc'],
  ])('refuses: a host that is not allowed: %s', async (_name, url) => {
    expect(await why(post(`${url()}/rpc`, '{}', CAPS))).toBe('notAllowed')
    expect(asked).toHaveLength(0)
  })

  it('forgets an origin when its purpose gets another list, and keeps those of other purposes', async () => {
    setAllowed('candidate', [origin])
    setAllowed('nodes', ['https://node.example'])
    expect((await post(origin, '{}', CAPS)).status).toBe(200)
    setAllowed('candidate', [])
    expect(await why(post(origin, '{}', CAPS))).toBe('notAllowed')
  })

  it.each([
    'http://node.example',
    'https://node.example/',
    'https://NODE.example',
    'http://127.0.0.1.evil.example',
    'ws://localhost',
    'null',
  ])('refuses: %s can never be allowed, and the list stays as it was', async (bad) => {
    expect(() => setAllowed('nodes', ['https://node.example', bad])).toThrow(RangeError)
    expect((await post(origin, '{}', CAPS)).status).toBe(200)
  })

  it('refuses: an answer one byte over the cap is cut while it comes', async () => {
    let closed = false
    let chunks = 0
    answer = (_request, response) => {
      const more = setInterval(() => {
        chunks += 1
        response.write('x'.repeat(500))
      }, 5)
      response.on('close', () => {
        closed = true
        clearInterval(more)
      })
    }
    expect(await why(post(origin, '{}', CAPS))).toBe('tooLarge')
    await expect.poll(() => closed).toBe(true)
    expect(chunks).toBeLessThan(50)
    answer = (_request, response) => response.end('x'.repeat(1_000))
    expect((await post(origin, '{}', CAPS)).text).toHaveLength(1_000)
    answer = (_request, response) => response.end('x'.repeat(1_001))
    expect(await why(post(origin, '{}', CAPS))).toBe('tooLarge')
  })

  it('counts bytes, not characters', async () => {
    answer = (_request, response) => response.end('ä'.repeat(501))
    expect(await why(post(origin, '{}', CAPS))).toBe('tooLarge')
  })

  it('refuses: silence and a drip both end at the time cap', async () => {
    answer = () => undefined
    expect(await why(post(origin, '{}', { ...CAPS, timeoutMs: 60 }))).toBe('timeout')
    answer = (_request, response) => {
      const drip = setInterval(() => response.write('x'), 10)
      response.on('close', () => clearInterval(drip))
    }
    expect(await why(post(origin, '{}', { ...CAPS, timeoutMs: 60 }))).toBe('timeout')
  })

  it('tells a host that is not there from a slow one', async () => {
    setAllowed('nodes', ['http://127.0.0.1:1'])
    expect(await why(post('http://127.0.0.1:1/', '{}', CAPS))).toBe('failed')
  })

  it('T26: holds when prototypes are changed after it was loaded', async () => {
    const { has } = Set.prototype
    const href = Object.getOwnPropertyDescriptor(URL.prototype, 'origin')!
    Set.prototype.has = () => true
    Object.defineProperty(URL.prototype, 'origin', { configurable: true, get: () => origin })
    try {
      expect(await why(post('https://evil.example/', '{}', CAPS))).toBe('notAllowed')
    } finally {
      Set.prototype.has = has
      Object.defineProperty(URL.prototype, 'origin', href)
    }
    expect(asked).toHaveLength(0)
  })
})

describe('takeAndLock', () => {
  it('T26: fetch of this process is locked for good', () => {
    expect(() => fetch(origin)).toThrow('egress: notAllowed')
    expect(() => Object.defineProperty(globalThis, 'fetch', { value: realFetch })).toThrow(TypeError)
    expect(() => {
      globalThis.fetch = realFetch
    }).toThrow(TypeError)
    expect(seen).toHaveLength(0)
  })

  it('T26: every way out of a worker is locked, wherever in the prototype chain it lies', async () => {
    const left: string[] = []
    const leaves = (name: string) =>
      function leaves() {
        left.push(name)
      }
    const scopePrototype = { fetch: leaves('fetch') }
    const holder = (...names: string[]) => Object.fromEntries(names.map((name) => [name, leaves(name)]))
    const withPrototype = (...names: string[]) => Object.assign(() => undefined, { prototype: holder(...names) })
    const scope = Object.assign(Object.create(scopePrototype), {
      ...holder('WebSocket', 'WebSocketStream', 'EventSource', 'WebTransport', 'importScripts', 'XMLHttpRequest'),
      Cache: withPrototype('add', 'addAll', 'match'),
      BackgroundFetchManager: withPrototype('fetch'),
      Clients: withPrototype('openWindow', 'claim'),
      WindowClient: withPrototype('navigate'),
      chrome: {
        tabs: holder('create', 'update', 'duplicate', 'query'),
        windows: holder('create', 'remove'),
        runtime: holder('sendMessage', 'connect', 'setUninstallURL', 'getURL'),
      },
    })
    const own = takeAndLock(scope)
    const ways = [
      ...[
        'fetch',
        'WebSocket',
        'WebSocketStream',
        'EventSource',
        'WebTransport',
        'importScripts',
        'XMLHttpRequest',
      ].map((name) => [scope, name] as const),
      [scopePrototype, 'fetch'],
      [scope.Cache.prototype, 'add'],
      [scope.Cache.prototype, 'addAll'],
      [scope.BackgroundFetchManager.prototype, 'fetch'],
      [scope.Clients.prototype, 'openWindow'],
      [scope.WindowClient.prototype, 'navigate'],
      ...['create', 'update', 'duplicate'].map((name) => [scope.chrome.tabs, name] as const),
      [scope.chrome.windows, 'create'],
      ...['sendMessage', 'connect', 'setUninstallURL'].map((name) => [scope.chrome.runtime, name] as const),
    ] as const
    for (const [it, name] of ways) {
      expect(() => it[name](), name).toThrow('egress: notAllowed')
      expect(Object.getOwnPropertyDescriptor(it, name), name).toMatchObject({ writable: false, configurable: false })
    }
    expect(left).toEqual([])
    scope.chrome.tabs.query()
    scope.Cache.prototype.match()
    await own.fetch?.('x')
    await own.createTab?.({})
    expect(left).toEqual(['query', 'match', 'fetch', 'create'])
  })

  it('locks only what exists', () => {
    const scope = {}
    takeAndLock(scope)
    expect(Object.keys(scope)).toEqual([])
  })
})

describe('openPage', () => {
  beforeEach(() => {
    opened.length = 0
  })

  it('opens a page of ours as a window with its place, or as a tab, and answers the id', async () => {
    expect(await openPage('src/ui/index.html#a?b', { as: 'window', width: 400, height: 640 })).toBe(7)
    expect(await openPage('src/ui/index.html', { as: 'tab' })).toBe(7)
    expect(opened).toEqual([
      [
        'window',
        {
          url: 'chrome-extension://abcdef/src/ui/index.html#a?b',
          type: 'popup',
          focused: true,
          width: 400,
          height: 640,
        },
      ],
      ['tab', { url: 'chrome-extension://abcdef/src/ui/index.html' }],
    ])
  })

  it.each(['https://evil.example/', '//evil.example/', 'data:text/html,x', 'chrome-extension://other/index.html'])(
    'refuses: %s is not a page of ours',
    async (path) => {
      await expect(openPage(path, { as: 'tab' })).rejects.toThrow(RangeError)
      await expect(openPage(path, { as: 'window' })).rejects.toThrow(RangeError)
      expect(opened).toEqual([])
    },
  )

  it("T26: the browser's own functions are locked", () => {
    expect(() => chrome.tabs.create({ url: 'https://evil.example' })).toThrow('egress: notAllowed')
    expect(() => chrome.windows.create({ url: 'https://evil.example' })).toThrow('egress: notAllowed')
    expect(opened).toEqual([])
  })
})
