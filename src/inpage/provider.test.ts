import { readFileSync } from 'node:fs'
import { createContext, runInContext } from 'node:vm'
import { build, type Rolldown } from 'vite'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import manifest from '../../manifest.json' with { type: 'json' }
import { siteError } from '../core/errors.ts'
import { isRequest, type RequestFrame, type ToBridge, type ToPage } from '../core/protocol/frame.ts'
import { createProvider, HELLO_WITHIN_MS, ICON, VERSION } from './provider.ts'

const ADDRESS = `0x${'0'.repeat(62)}ab`

function page(options: { readonly greeted?: boolean } = {}) {
  const posted: ToBridge[] = []
  const timers: { ms: number; run: () => void }[] = []
  const thrown: unknown[] = []
  let receive: (frame: unknown) => void = () => undefined
  let ids = 0
  const { wallet, standard } = createProvider({
    post: (frame) => void posted.push(frame),
    listen: (listener) => {
      receive = listener
    },
    randomId: () => (++ids).toString(16).padStart(32, '0'),
    after: (ms, run) => void timers.push({ ms, run }),
    apart: (run) => {
      try {
        run()
      } catch (error) {
        thrown.push(error)
      }
    },
  })
  const say = (frame: ToPage | Record<string, unknown>) => receive(frame)
  const hello = () => say({ v: 1, kind: 'hello' })
  const requests = () => posted.filter((it): it is RequestFrame => isRequest(it))
  const answer = (result: unknown, id = requests().at(-1)!.id) => say({ v: 1, kind: 'answer', id, ok: true, result })
  const event = (name: string, ...args: unknown[]) => say({ v: 1, kind: 'event', name, args })
  if (options.greeted !== false) hello()
  return { wallet, standard, posted, timers, thrown, say, hello, requests, answer, event }
}
const failure = (promise: Promise<unknown>): Promise<Error & { code: number; data: unknown }> =>
  promise.then(
    () => {
      throw new Error('it was answered')
    },
    (error) => error,
  )

describe('the wallet object', () => {
  it('is frozen and has what discovery looks for, and nothing that would change its meaning', () => {
    const { wallet } = page()
    expect(Object.isFrozen(wallet)).toBe(true)
    // The 11 keys starknet-react asks for with `in`, and those of v3.
    for (const key of [
      'id',
      'name',
      'icon',
      'version',
      'request',
      'on',
      'off',
      'isConnected',
      'enable',
      'isPreauthorized',
    ])
      expect(key in wallet).toBe(true)
    for (const key of ['provider', 'account', 'selectedAddress', 'chainId']) expect(key in wallet).toBe(true)
    for (const key of ['then', 'windowKey', 'isInAppBrowser']) expect(key in wallet).toBe(false)
    expect(wallet).toMatchObject({ id: 'latchkey', name: 'Latchkey', version: manifest.version, icon: ICON })
    expect([wallet.provider, wallet.account, wallet.selectedAddress, wallet.chainId]).toEqual(Array(4).fill(undefined))
    expect(VERSION).toBe(manifest.version)
    expect(atob(ICON.split(',')[1]!)).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg".*<\/svg>$/)
  })

  it('works without its `this`', async () => {
    const { wallet, answer } = page()
    const { request } = wallet
    const asked = request({ type: 'wallet_requestChainId' })
    answer('0x1')
    expect(await asked).toBe('0x1')
  })
})

describe('a request', () => {
  it('becomes one frame and settles with its answer, once', async () => {
    const { wallet, requests, answer, say } = page()
    const asked = wallet.request({ type: 'wallet_getPermissions', params: { api_version: '0.8' } })
    expect(requests()).toEqual([
      {
        v: 1,
        kind: 'request',
        id: '1'.padStart(32, '0'),
        type: 'wallet_getPermissions',
        params: '{"api_version":"0.8"}',
      },
    ])
    answer(['accounts'])
    say({ v: 1, kind: 'answer', id: requests()[0]!.id, ok: false, error: siteError('UNKNOWN_ERROR') })
    answer('again')
    expect(await asked).toEqual(['accounts'])
  })

  it('an error is an Error with its own code, message and data, whole', async () => {
    const { wallet, requests, say } = page()
    const asked = failure(wallet.request({ type: 'wallet_requestAccounts' }))
    const data = { reason: 'quiet', retry_at: 5 }
    say({ v: 1, kind: 'answer', id: requests()[0]!.id, ok: false, error: siteError('USER_REFUSED_OP', data) })
    const error = await asked
    expect(error).toBeInstanceOf(Error)
    expect(Object.getOwnPropertyNames(error)).toEqual(expect.arrayContaining(['message', 'code', 'data']))
    expect(error).toMatchObject({ code: 113, message: 'An error occurred (USER_REFUSED_OP)', data })
    expect(JSON.parse(JSON.stringify(error))).toEqual({ code: 113, data })
  })

  it('an error without data has no data', async () => {
    const { wallet, requests, say } = page()
    const asked = failure(wallet.request({ type: 'wallet_deploymentData' }))
    say({ v: 1, kind: 'answer', id: requests()[0]!.id, ok: false, error: siteError('ACCOUNT_ALREADY_DEPLOYED') })
    expect('data' in (await asked)).toBe(false)
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['no type', {}],
    ['a type that is no name', { type: 'a b' }],
    ['a type that is too long', { type: 'a'.repeat(65) }],
    ['a type that only looks like one', { type: ['wallet_getPermissions'] }],
    [
      'a getter that throws',
      {
        get type() {
          throw new Error('no')
        },
      },
    ],
    [
      'params that throw',
      {
        type: 'a',
        get params() {
          throw { at: '/x', why: 'forged' }
        },
      },
    ],
    ['a revoked proxy', revoked()],
    ['params in a revoked proxy', { type: 'a', params: revoked() }],
    ['a bigint', { type: 'a', params: { a: 1n } }],
  ])('refuses with 114, in the page: %s', async (_, call) => {
    const { wallet, posted } = page()
    const error = await failure(wallet.request(call))
    expect(error).toMatchObject({ code: 114, message: 'An error occurred (INVALID_REQUEST_PAYLOAD)' })
    expect(error.data).toEqual({ at: expect.any(String), why: expect.not.stringContaining('forged') })
    expect(posted).toEqual([])
  })

  it('waits for the bridge, asks once whether it is there, and keeps its order', async () => {
    const { wallet, posted, hello, requests, answer } = page({ greeted: false })
    const first = wallet.request({ type: 'a' })
    const second = wallet.request({ type: 'b' })
    wallet.on('accountsChanged', () => undefined)
    expect(posted).toEqual([{ v: 1, kind: 'hello' }])
    hello()
    hello()
    expect(posted.map((it) => ('type' in it ? it.type : it.kind))).toEqual(['hello', 'listen', 'a', 'b'])
    for (const { id, type } of requests()) answer(type, id)
    expect(await Promise.all([first, second])).toEqual(['a', 'b'])
  })

  it('is lost when no bridge says hello for 10 s; a later hello is too late for it, not for the next', async () => {
    const { wallet, timers, hello, requests, answer } = page({ greeted: false })
    const lost = failure(wallet.request({ type: 'a' }))
    expect(timers.map((it) => it.ms)).toEqual([HELLO_WITHIN_MS])
    timers[0]!.run()
    expect(await lost).toMatchObject({ code: 163, data: { reason: 'lost', id: '1'.padStart(32, '0') } })
    const next = wallet.request({ type: 'b' })
    expect(timers).toHaveLength(2)
    hello()
    timers[1]!.run()
    expect(requests().map((it) => it.type)).toEqual(['b'])
    answer(1)
    expect(await next).toBe(1)
  })

  it('strangers’ frames and unknown ids change nothing', async () => {
    const { wallet, say, requests, answer } = page()
    const asked = wallet.request({ type: 'a' })
    for (const frame of [
      null,
      1,
      'x',
      {},
      { v: 2 },
      { v: 1, kind: 'answer' },
      { v: 1, kind: 'answer', id: 'constructor', ok: true },
    ])
      say(frame as Record<string, unknown>)
    answer('other', 'f'.repeat(32))
    answer('mine', requests()[0]!.id)
    expect(await asked).toBe('mine')
  })

  it('an answer no client could use is an error, not silence', async () => {
    const { wallet, requests, say, answer } = page()
    const first = failure(wallet.request({ type: 'a' }))
    say({ v: 1, kind: 'answer', id: requests()[0]!.id, ok: false })
    expect(await first).toMatchObject({ code: 163, data: { reason: 'internal' } })
    const second = failure(wallet.isPreauthorized())
    answer(null)
    expect(await second).toMatchObject({ code: 163 })
  })
})

describe('older discovery', () => {
  it('enable answers the accounts, isPreauthorized whether there are any', async () => {
    const { wallet, requests, answer } = page()
    const enabled = wallet.enable()
    expect(requests().at(-1)).toMatchObject({ type: 'wallet_requestAccounts', params: '{}' })
    answer([ADDRESS])
    expect(await enabled).toEqual([ADDRESS])
    for (const [permissions, expected] of [
      [['accounts'], true],
      [[], false],
    ] as const) {
      const asked = wallet.isPreauthorized()
      answer(permissions)
      expect(await asked).toBe(expected)
    }
  })

  it('the getters follow what this document was told', async () => {
    const { wallet, answer, event } = page()
    const state = () => [wallet.isConnected, wallet.selectedAddress, wallet.chainId]
    const asked = wallet.request({ type: 'wallet_requestAccounts' })
    answer([ADDRESS])
    await asked
    expect(state()).toEqual([true, ADDRESS, undefined])
    event('networkChanged', '0x534e', ['0x2'])
    expect(state()).toEqual([true, '0x2', '0x534e'])
    event('accountsChanged')
    expect(state()).toEqual([false, undefined, '0x534e'])
    event('accountsChanged', [ADDRESS])
    const silent = wallet.request({ type: 'wallet_requestAccounts', params: { silent_mode: true } })
    answer([])
    await silent
    expect(state()).toEqual([false, undefined, '0x534e'])
  })
})

describe('events', () => {
  it('listen goes out once, with the first listener', () => {
    const { wallet, posted } = page()
    expect(posted).toEqual([])
    wallet.on('accountsChanged', () => undefined)
    wallet.on('networkChanged', () => undefined)
    expect(posted).toEqual([{ v: 1, kind: 'listen' }])
  })

  it('each listener is called alone, twice added is once, and off is off', () => {
    const { wallet, event, thrown } = page()
    const [good, gone] = [vi.fn(), vi.fn()]
    const bad = () => {
      throw new Error('mine')
    }
    wallet.on('accountsChanged', bad)
    wallet.on('accountsChanged', good)
    wallet.on('accountsChanged', good)
    wallet.on('accountsChanged', gone)
    wallet.on('networkChanged', gone)
    wallet.off('accountsChanged', gone)
    event('accountsChanged', [ADDRESS])
    event('accountsChanged')
    expect(good.mock.calls).toEqual([[[ADDRESS]], []])
    expect(gone).not.toHaveBeenCalled()
    expect(thrown).toHaveLength(2)
    expect(thrown[0]).toMatchObject({ message: 'mine' })
  })

  it('a listener that leaves while it is called does not stop the next one', () => {
    const { wallet, event } = page()
    const next = vi.fn()
    const once = () => wallet.off('accountsChanged', once)
    wallet.on('accountsChanged', once)
    wallet.on('accountsChanged', next)
    event('accountsChanged', [ADDRESS])
    event('accountsChanged', [ADDRESS])
    expect(next).toHaveBeenCalledTimes(2)
  })

  it('unknown names are taken and never fire; what is no listener is left alone', () => {
    const { wallet, event } = page()
    const never = vi.fn()
    wallet.on('__proto__', never)
    wallet.on('message', never)
    wallet.on('accountsChanged', 'x')
    wallet.on(Symbol('x'), never)
    wallet.off('nothing', never)
    event('accountsChanged', [ADDRESS])
    expect(never).not.toHaveBeenCalled()
  })
})

/** The script as it is built, in a window of its own that a page does with as it likes. */
describe('T18: the built script in a tampered window', () => {
  let script = ''
  beforeAll(async () => {
    script = await bundled('src/inpage/inpage.iife.ts')
  })

  /** Runs in the window before or after our script; each line stands for one thing a page replaces. */
  const TAMPERED = [
    'Promise = function () { throw new Error("tampered") }',
    'Promise.prototype.then = () => { throw new Error("tampered") }',
    'Promise.prototype.constructor = undefined',
    'Object.prototype.get = () => 1',
    'Object.prototype.data = { forged: 1 }',
    'Object.prototype.v = 1',
    'Object.prototype.toJSON = () => "forged"',
    'Array.prototype.toJSON = () => "forged"',
    'BigInt.prototype.toJSON = () => "1"',
    'JSON.stringify = () => "forged"',
    'JSON.parse = () => { throw new Error("tampered") }',
    'JSON = undefined',
    'Object.freeze = (it) => it',
    'Object.defineProperty = () => { throw new Error("tampered") }',
    'Reflect.defineProperty = () => false',
    'Reflect.apply = () => { throw new Error("tampered") }',
    'Object.assign = () => { throw new Error("tampered") }',
    'Object.keys = () => []',
    'Object.getPrototypeOf = () => ({})',
    'Array.isArray = () => { throw new Error("tampered") }',
    'Array.prototype.push = () => { throw new Error("tampered") }',
    'Array.prototype[Symbol.iterator] = () => { throw new Error("tampered") }',
    'Error = function () { throw new Error("tampered") }',
    'RegExp.prototype.exec = () => { throw new Error("tampered") }',
    'RegExp.prototype.test = () => false',
    'String.prototype.replaceAll = () => { throw new Error("tampered") }',
    'String.prototype.slice = () => { throw new Error("tampered") }',
    'Uint8Array = function () { throw new Error("tampered") }',
    'crypto.getRandomValues = () => { throw new Error("tampered") }',
    'postMessage = () => { throw new Error("tampered") }',
    'setTimeout = () => { throw new Error("tampered") }',
    'queueMicrotask = () => { throw new Error("tampered") }',
    'MessageEvent.prototype.__defineGetter__("data", () => "forged")',
    'BigInt = () => { throw new Error("tampered") }',
    'Map = Set = WeakSet = WeakMap = undefined',
    'Function.prototype.call = Function.prototype.apply = Function.prototype.bind = () => { throw new Error("tampered") }',
  ]

  function open(before: string, after: string) {
    const listeners: ((event: unknown) => void)[] = []
    const posted: { to: string; frame: ToBridge; origin: string }[] = []
    const uncaught: unknown[] = []
    const timers: (() => void)[] = []
    const context = createContext({})
    const inside = (code: string) => runInContext(code, context)
    Object.assign(context, {
      outside: {
        posted: (to: string, frame: ToBridge, origin: string) =>
          posted.push({ to, frame: structuredClone(frame), origin }),
        listen: (name: string, listener: (event: unknown) => void) => name === 'message' && listeners.push(listener),
        timer: (run: () => void) => void timers.push(run),
        random: () => crypto.getRandomValues(new Uint8Array(16)),
        later: (run: () => void) =>
          void queueMicrotask(() => {
            try {
              run()
            } catch (error) {
              uncaught.push(error)
            }
          }),
      },
    })
    inside(`{
      const { posted, listen, random, later, timer } = outside
      globalThis.window = globalThis
      globalThis.location = { origin: 'https://a.example' }
      globalThis.MessageEvent = class MessageEvent {
        #it
        constructor(it) { this.#it = it }
        get data() { return this.#it.data }
        get origin() { return this.#it.origin }
        get source() { return this.#it.source }
      }
      const { MessageEvent: Made } = globalThis
      globalThis.arrive = (listener, data, origin, own) => listener(new Made({ data, origin, source: own ? globalThis : {} }))
      globalThis.postMessage = ({ to, frame }, origin) => posted(to, frame, origin)
      globalThis.addEventListener = (name, listener) => listen(name, listener)
      globalThis.CustomEvent = class CustomEvent { constructor(type, { detail }) { this.type = type; this.detail = detail } }
      globalThis.dispatchEvent = (event) => globalThis.announced = event
      globalThis.crypto = { getRandomValues: (bytes) => { const from = random(); for (let i = 0; i < 16; i++) bytes[i] = from[i]; return bytes } }
      globalThis.setTimeout = timer
      globalThis.queueMicrotask = later
      globalThis.promise = Promise; globalThis.then = Promise.prototype.then; globalThis.call = Reflect.apply
      delete globalThis.outside
    }`)
    const arrive = inside('arrive')
    const watch = inside(
      '((then, apply) => (it, yes, no) => { try { apply(then, it, [yes, no]) } catch (e) { no(e) } })(then, call)',
    )
    const parse = inside('JSON.parse')
    const quietly = (code: string) => {
      try {
        inside(code)
      } catch {
        // The page's own mistake.
      }
    }
    quietly(before)
    inside(script)
    quietly(after)
    const say = (frame: unknown, origin = 'https://a.example', own = true) => {
      const data = parse(JSON.stringify({ to: 'latchkey:page', frame }))
      for (const listener of listeners) {
        try {
          arrive(listener, data, origin, own)
        } catch (error) {
          uncaught.push(error)
        }
      }
    }
    const request = (call: string) =>
      new Promise<{ ok: boolean; value: unknown }>((resolve) => {
        const settle = (ok: boolean) => (value: unknown) => resolve({ ok, value })
        let asked: unknown
        try {
          asked = inside(`starknet_latchkey.request(${call})`)
        } catch (error) {
          settle(false)(error)
          return
        }
        watch(asked, settle(true), settle(false))
        for (const { frame } of posted)
          if (frame.kind === 'request') say({ v: 1, kind: 'answer', id: frame.id, ok: true, result: '0x1' })
        // The ten seconds are over.
        for (const run of timers) run()
      })
    return { inside, posted, say, request, uncaught }
  }
  const CALL =
    '{ type: "wallet_addInvokeTransaction", params: { calls: [{ contract_address: 1n, entry_point: "m", calldata: [1, "0x2", { a: "b" }] }] } }'
  const settled = <T>(promise: Promise<T>) =>
    // A turn of the event loop: whatever a request still waits for was called above.
    Promise.race([promise, new Promise<'hangs'>((resolve) => setImmediate(() => resolve('hangs')))])

  it('in a window left alone a request goes out to the own origin and is answered', async () => {
    const { posted, say, request } = open('', '')
    say({ v: 1, kind: 'hello' })
    expect(await settled(request(CALL))).toEqual({ ok: true, value: '0x1' })
    expect(posted.map((it) => [it.to, it.origin, it.frame.kind])).toEqual([
      ['latchkey:bridge', 'https://a.example', 'request'],
    ])
    expect(posted[0]!.frame).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      params: '{"calls":[{"contract_address":"0x1","entry_point":"m","calldata":["0x1","0x2","0x62"]}]}',
    })
  })

  it('the property cannot be replaced, removed or seen in a list', () => {
    const { inside } = open('', '')
    expect(inside('Object.getOwnPropertyDescriptor(globalThis, "starknet_latchkey")')).toMatchObject({
      writable: false,
      configurable: false,
      enumerable: false,
    })
    expect(inside('Object.getOwnPropertyNames(globalThis).filter((name) => name.startsWith("starknet"))')).toHaveLength(
      1,
    )
    expect(inside('"starknet" in globalThis')).toBe(false)
    // A second copy changes nothing and throws nothing into the page.
    const first = inside('starknet_latchkey')
    inside(script)
    expect(inside('starknet_latchkey')).toBe(first)
  })

  it('messages of other windows and origins are not heard', async () => {
    const { say, request, posted } = open('', '')
    say({ v: 1, kind: 'hello' }, 'https://b.example')
    say({ v: 1, kind: 'hello' }, 'https://a.example', false)
    void request(CALL)
    expect(posted.map((it) => it.frame.kind)).toEqual(['hello'])
  })

  it.each(TAMPERED)('replaced afterwards: %s → an answer or an error, and no hang', async (code) => {
    const { say, request, uncaught } = open('', code)
    say({ v: 1, kind: 'hello' })
    expect(await settled(request(CALL))).not.toBe('hangs')
    expect(uncaught).toEqual([])
  })

  it.each(TAMPERED)(
    'replaced before: %s → the page gets no wallet, an error or an answer, and no hang',
    async (code) => {
      let opened: ReturnType<typeof open>
      try {
        opened = open(code, '')
      } catch {
        return // No wallet: the page broke what the script starts with.
      }
      opened.say({ v: 1, kind: 'hello' })
      expect(await settled(opened.request(CALL))).not.toBe('hangs')
    },
  )

  it('replaced afterwards, what the script took at its first line still works', async () => {
    const harmless = TAMPERED.filter((it) =>
      /^(Promise =|JSON|Object\.(freeze|keys|assign|defineProperty|getPrototypeOf)|Reflect|Array\.isArray|Error|Uint8Array|crypto|postMessage|MessageEvent)/.test(
        it,
      ),
    )
    expect(harmless.length).toBeGreaterThan(12)
    for (const code of harmless) {
      const { say, request } = open('', code)
      say({ v: 1, kind: 'hello' })
      expect([code, await settled(request(CALL))]).toEqual([code, { ok: true, value: '0x1' }])
    }
  })

  it('fits its budget', () => {
    const { inpage } = JSON.parse(readFileSync('.ci/budgets.json', 'utf8'))
    expect(script.length).toBeLessThanOrEqual(inpage)
  })
})

async function bundled(input: string): Promise<string> {
  const made = (await build({
    configFile: false,
    logLevel: 'error',
    build: { write: false, target: 'chrome120', rolldownOptions: { input, output: { format: 'iife' } } },
  })) as Rolldown.RolldownOutput // One output, not watched.
  return made.output[0].code
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
