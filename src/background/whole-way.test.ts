import 'fake-indexeddb/auto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createGate } from '../content/gate.ts'
import { createLink, type LinkPort } from '../content/link.ts'
import type { Origin } from '../core/policy/policy.ts'
import { dapp } from '../core/protocol/dapp.ts'
import { type FromWorker, TO_BRIDGE, type ToBridge, type ToPage } from '../core/protocol/frame.ts'
import { createProvider } from '../inpage/provider.ts'
import { openDatabase } from '../platform/database.ts'
import { createAnswering } from './answering.ts'
import { createAnswers } from './owners/answers.ts'
import { createRouter, type Handlers } from './router.ts'

/** `npm run fuzz:messages` asks for 200,000. */
const MESSAGES = Number(process.env.MESSAGES ?? 2_000)
const SEED = Number(process.env.MESSAGES_SEED ?? 20_261_126)
const ORIGIN = 'https://a.example' as Origin
const AT_ONCE = 200

/** What a hostile page can put anywhere in a request. */
const throwing = () =>
  Object.defineProperty({}, 'calls', {
    enumerable: true,
    get: () => {
      throw new Error('from the page')
    },
  })
const cycle = () => {
  const it: Record<string, unknown> = {}
  it.calls = [it]
  return it
}
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
const deep = () => {
  let it: unknown = 1
  for (let level = 0; level < 10_000; level += 1) it = [it]
  return it
}
const ODD: readonly (() => unknown)[] = [
  throwing,
  cycle,
  revoked,
  deep,
  () => new Proxy([], { get: () => 1, ownKeys: () => ['length'] }),
  () => new Map([['calls', []]]),
  () => new Date(),
  () => new Set([1]),
  () => new Uint8Array(8),
  () => Symbol('calls'),
  () => () => 1,
  () => 2n ** 300n,
  () => JSON.parse('{"__proto__":{"polluted":1}}'),
  () => ({ constructor: { prototype: { polluted: 1 } } }),
  () => ({ toJSON: () => 'x' }),
  () => Object.fromEntries([['then', (done: (it: unknown) => void) => done(1)]]),
  () => Object.assign([1], { length: 3 }),
  () => '\ud800',
  () => 'a\u0000\u202eb',
  () => Number.NaN,
  () => -0,
  () => 'x'.repeat(70_000),
]
/** Made when they are sent: who generates a value looks at it, and these do not bear that. */
const MARK = 'odd value'
const odd: fc.Arbitrary<unknown> = fc.oneof(
  fc.nat(ODD.length - 1).map((at) => ({ [MARK]: at })),
  fc.jsonValue({ maxDepth: 4 }),
  fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withNullPrototype: true, maxDepth: 3 }),
)
function made(it: unknown): unknown {
  if (Array.isArray(it)) return it.map(made)
  if (typeof it !== 'object' || it === null || Object.getPrototypeOf(it) !== Object.prototype) return it
  const at: unknown = Reflect.get(it, MARK)
  if (typeof at === 'number') return ODD[at]?.()
  return Object.fromEntries(Object.entries(it).map(([key, value]) => [key, made(value)]))
}
const call = fc.record(
  {
    contract_address: fc.oneof(fc.constant('0xab'), odd),
    entry_point: fc.oneof(fc.constant('move'), odd),
    calldata: fc.oneof(fc.constant(['0x1']), odd),
  },
  { requiredKeys: [] },
)
const params = fc.oneof(
  odd,
  fc.dictionary(
    fc.constantFrom('calls', 'id', 'chainId', 'silent_mode', 'api_version', 'session', 'proof', 'types'),
    odd,
  ),
  fc.record({ calls: fc.array(call, { maxLength: 3 }) }),
  fc.constant({}),
)
const type = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...Object.keys(dapp)) },
  { weight: 1, arbitrary: fc.constantFrom('starknet_signTypedData', '__proto__', 'toString', '', 'x'.repeat(65)) },
  { weight: 1, arbitrary: odd },
)
/** Beside requests: what another script of the page posts to the bridge itself. */
const forged = fc.record(
  {
    v: fc.oneof(fc.constant(1), odd),
    kind: fc.constantFrom('request', 'listen', 'hello', 'answer', 'event', 'ping'),
    id: fc.oneof(fc.constant('a'.repeat(32)), odd),
    type: fc.oneof(fc.constant('wallet_getPermissions'), odd),
    params: fc.oneof(fc.constant('{}'), odd),
    gesture: fc.constant(true),
  },
  { requiredKeys: [] },
)
const message = fc.oneof(
  { weight: 9, arbitrary: fc.record({ kind: fc.constant('request' as const), type, params }) },
  { weight: 1, arbitrary: forged.map((frame) => ({ kind: 'forged' as const, frame })) },
)

it(`T17 F4: of ${MESSAGES} odd messages through page, bridge and worker each request is answered or refused, and calls reach a handler in the form of their row alone (seed ${SEED})`, async () => {
  const world = wholeWay()
  const before = Object.getOwnPropertyNames(Object.prototype).sort()
  const unhandled: unknown[] = []
  const onUnhandled = (error: unknown) => void unhandled.push(error)
  process.on('unhandledRejection', onUnhandled)
  let settled = 0
  let answered = 0
  let asked = 0
  try {
    for (let done = 0; done < MESSAGES; done += AT_ONCE) {
      const some = fc.sample(message, { numRuns: Math.min(AT_ONCE, MESSAGES - done), seed: SEED + done })
      const waiting: Promise<unknown>[] = []
      for (const it of some) {
        world.clock.ms += 25
        if (it.kind === 'forged') {
          world.toBridge(made(it.frame))
          continue
        }
        asked += 1
        waiting.push(
          world.wallet.request({ type: made(it.type), params: made(it.params) }).then(
            () => {
              settled += 1
              answered += 1
            },
            (error: unknown) => {
              settled += 1
              const { code, message, data } = error as { code: number; message: string; data?: { reason?: string } }
              expect([114, 162, 163]).toContain(code)
              expect(message).toMatch(/^An error occurred \([A-Z_]+\)$/)
              // A broken promise of the code would be masked as this.
              expect(data?.reason).not.toBe('internal')
            },
          ),
        )
      }
      await Promise.all(waiting)
    }
  } finally {
    process.off('unhandledRejection', onUnhandled)
  }
  expect(settled).toBe(asked)
  expect(answered).toBeGreaterThan(MESSAGES / 50)
  expect(unhandled).toEqual([])
  expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(before)
  expect(Reflect.get({}, 'polluted')).toBeUndefined()
  // What reached a handler that could sign had passed its own row, exactly; handlers ask a person or a session first.
  expect(world.badlyFormed()).toEqual([])
  // Whole afterwards.
  expect(await world.wallet.request({ type: 'wallet_getPermissions' })).toBe('wallet_getPermissions')
}, 3_600_000)

/** Page script, bridge and worker's router with one database, joined as the browser joins them. */
function wholeWay() {
  const clock = { ms: 1_800_000_000_000 }
  const windowOfPage = {}
  let toPage: (frame: unknown) => void = () => undefined
  const bad: string[] = []
  const handlers = Object.fromEntries(
    Object.keys(dapp).map((method) => [
      method,
      async (_context: unknown, params: unknown) => {
        if (/Invoke|check/.test(method) && !/strk20/.test(method) && !isWellFormed(params)) bad.push(method)
        return method
      },
    ]),
  ) as unknown as Handlers // Each answers its own name, which is enough for the way there and back.
  const shared = {
    ready: Promise.resolve(),
    now: () => clock.ms,
    sleep: async () => undefined,
  }
  const db = openDatabase({ now: () => Math.floor(clock.ms / 1_000), name: 'whole-way' })
  const router = createRouter({
    ...shared,
    answer: createAnswering({
      ...shared,
      handlers,
      answers: createAnswers({ db, now: () => Math.floor(clock.ms / 1_000), rebuild: async () => undefined }),
      newRef: () => 'ref1',
      report: () => undefined,
    }),
    joined: () => undefined,
    used: () => undefined,
    left: () => undefined,
  })
  const json = <T>(it: T): T => JSON.parse(JSON.stringify(it))
  const connect = (): LinkPort => {
    const hear: ((frame: FromWorker) => void)[] = []
    const say: ((frame: unknown) => void)[] = []
    router.attach(
      {
        postMessage: (frame) => queueMicrotask(() => hear.forEach((it) => void it(json(frame)))),
        onMessage: { addListener: (it) => void say.push(it) },
        onDisconnect: { addListener: () => undefined },
      },
      { origin: ORIGIN, document: 'doc', tab: 1, frame: 0 },
    )
    return {
      postMessage: (frame) => queueMicrotask(() => say.forEach((it) => void it(json(frame)))),
      onMessage: { addListener: (it) => void hear.push(it) },
      onDisconnect: { addListener: () => undefined },
      disconnect: () => undefined,
    }
  }
  const tell = (frame: ToPage) => queueMicrotask(() => toPage(structuredClone(frame)))
  const link = createLink({
    connect,
    toPage: tell,
    held: () => false,
    ticks: () => clock.ms,
    after: () => () => undefined,
  })
  const gate = createGate({
    window: windowOfPage,
    origin: ORIGIN,
    now: () => clock.ms,
    gesture: () => false,
    unanswered: link.unanswered,
  })
  const toBridge = (frame: unknown) => {
    let data: unknown
    try {
      data = structuredClone({ to: TO_BRIDGE, frame })
    } catch {
      // What cannot be cloned does not leave the page.
      return
    }
    const passed = gate({ isTrusted: true, source: windowOfPage, origin: ORIGIN, data })
    if (passed?.kind === 'request') link.send(passed)
    else if (passed?.kind === 'listen') link.listen()
    else if (passed !== undefined) tell(passed)
  }
  let ids = 0
  const { wallet } = createProvider({
    post: (frame: ToBridge) => queueMicrotask(() => toBridge(frame)),
    listen: (receive) => {
      toPage = receive
    },
    randomId: () => (++ids).toString(16).padStart(32, '0'),
    after: () => undefined,
    apart: (run) => run(),
  })
  return { clock, wallet, toBridge, badlyFormed: () => bad }
}

/** Nothing but plain data, and calls of canonical felts. */
function isWellFormed(params: unknown): boolean {
  if (typeof params !== 'object' || params === null) return params === undefined
  const { calls } = params as { calls?: readonly { contract_address: string; calldata: readonly string[] }[] }
  return (
    calls === undefined ||
    calls.every(
      (it) =>
        /^0x[1-9a-f][0-9a-f]*$/.test(it.contract_address) &&
        it.calldata.every((felt) => /^0x(0|[1-9a-f][0-9a-f]{0,62})$/.test(felt)),
    )
  )
}
