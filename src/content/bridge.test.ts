import { readFileSync } from 'node:fs'
import { createContext, runInContext } from 'node:vm'
import { build, type Rolldown } from 'vite'
import { beforeAll, describe, expect, it } from 'vitest'
import type { FromWorker, ToPage, ToWorker } from '../core/protocol/frame.ts'

/** The script as it is built, with a window and a `chrome` of the test's. */
describe('the built bridge', () => {
  let script = ''
  beforeAll(async () => {
    const made = (await build({
      configFile: false,
      logLevel: 'error',
      build: {
        write: false,
        target: 'chrome120',
        rolldownOptions: { input: 'src/content/bridge.iife.ts', output: { format: 'iife' } },
      },
    })) as Rolldown.RolldownOutput // One output, not watched.
    script = made.output[0].code
  })

  function page() {
    const listeners: { name: string; call: (event: unknown) => void }[] = []
    const posted: { data: { to: string; frame: ToPage }; origin: string }[] = []
    const ports: { name: string; frames: ToWorker[]; closed: boolean; say: (frame: FromWorker) => void }[] = []
    const extension = { alive: true }
    const activation = { isActive: false }
    const document = { prerendering: false }
    const window: Record<string, unknown> = {
      location: { origin: 'https://a.example' },
      document,
      navigator: { userActivation: activation },
      performance,
      setTimeout: () => 1,
      clearTimeout: () => undefined,
      postMessage: (data: { to: string; frame: ToPage }, origin: string) => posted.push({ data, origin }),
      addEventListener: (name: string, call: (event: unknown) => void) => listeners.push({ name, call }),
      chrome: {
        runtime: {
          connect: ({ name }: { name: string }) => {
            if (!extension.alive) throw new Error('Extension context invalidated.')
            const hear: ((frame: FromWorker) => void)[] = []
            const port = {
              name,
              frames: [] as ToWorker[],
              closed: false,
              say: (it: FromWorker) => hear.forEach((call) => void call(it)),
            }
            ports.push(port)
            return {
              postMessage: (frame: ToWorker) => port.frames.push(frame),
              onMessage: { addListener: (call: (frame: FromWorker) => void) => hear.push(call) },
              onDisconnect: { addListener: () => undefined },
              disconnect: () => {
                port.closed = true
              },
            }
          },
        },
      },
    }
    window.window = window
    const context = createContext(window)
    runInContext(script, context)
    const fire = (name: string, event: object) => {
      for (const it of listeners) if (it.name === name) it.call({ isTrusted: true, ...event })
    }
    const self = runInContext('window', context)
    const say = (frame: unknown, more: object = {}) =>
      fire('message', { source: self, origin: 'https://a.example', data: { to: 'latchkey:bridge', frame }, ...more })
    let ids = 0
    const request = (type = 'wallet_getPermissions') => ({
      v: 1,
      kind: 'request',
      id: (++ids).toString(16).padStart(32, '0'),
      type,
      params: '{}',
    })
    return { posted, ports, extension, activation, document, fire, say, request }
  }

  it('says hello at once, to its own origin, and opens no port', () => {
    const { posted, ports } = page()
    expect(posted).toEqual([
      { data: { to: 'latchkey:page', frame: { v: 1, kind: 'hello' } }, origin: 'https://a.example' },
    ])
    expect(ports).toEqual([])
  })

  it('carries a request and its answer, with the gesture of the moment', () => {
    const { posted, ports, activation, say, request } = page()
    const [first, second] = [request(), request()]
    say(first)
    activation.isActive = true
    say(second)
    expect(ports).toMatchObject([
      {
        name: 'site',
        frames: [
          { ...first, gesture: false },
          { ...second, gesture: true },
        ],
      },
    ])
    const answer = { v: 1, kind: 'answer', id: first.id, ok: true, result: [] } as const
    ports[0]!.say(answer)
    expect(posted.at(-1)!.data).toEqual({ to: 'latchkey:page', frame: answer })
  })

  it('answers what is malformed itself, and a hello with hello', () => {
    const { posted, ports, say, request } = page()
    say({ ...request(), params: '{' })
    say({ v: 1, kind: 'hello' })
    expect(posted.slice(1).map((it) => it.data.frame)).toMatchObject([
      { kind: 'answer', ok: false, error: { code: 114, message: 'An error occurred (INVALID_REQUEST_PAYLOAD)' } },
      { v: 1, kind: 'hello' },
    ])
    expect(ports).toEqual([])
  })

  it('T2: a frame’s message, another origin’s and a script’s own event open nothing', () => {
    const { posted, ports, say, request } = page()
    for (const more of [{ source: {} }, { origin: 'https://b.example' }, { isTrusted: false }]) say(request(), more)
    expect([posted.length, ports.length]).toEqual([1, 0])
  })

  it('after an update says reload', () => {
    const { posted, extension, say, request } = page()
    extension.alive = false
    say(request())
    expect(posted.at(-1)!.data.frame).toMatchObject({ ok: false, error: { code: 163, data: { reason: 'reload' } } })
  })

  it('a prerendered document asks when it is shown; one back from the cache asks again; a page’s own events do neither', () => {
    const { ports, document, fire, say, request } = page()
    document.prerendering = true
    const frame = request()
    say(frame)
    expect(ports).toEqual([])
    document.prerendering = false
    fire('prerenderingchange', { isTrusted: false })
    expect(ports).toEqual([])
    fire('prerenderingchange', {})
    expect(ports).toMatchObject([{ frames: [{ id: frame.id }] }])
    fire('pageshow', { persisted: true, isTrusted: false })
    fire('pageshow', { persisted: false })
    fire('focus', {})
    expect(ports).toHaveLength(1)
    fire('pageshow', { persisted: true })
    expect(ports.map((it) => [it.closed, it.frames.length])).toEqual([
      [true, 1],
      [false, 1],
    ])
  })

  it('fits its budget', () => {
    const { bridge } = JSON.parse(readFileSync('.ci/budgets.json', 'utf8'))
    expect(script.length).toBeLessThanOrEqual(bridge)
  })
})
