import 'fake-indexeddb/auto'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createGate } from '../content/gate.ts'
import { refused } from '../core/errors.ts'
import type { Origin } from '../core/policy/policy.ts'
import { API_VERSIONS, dapp } from '../core/protocol/dapp.ts'
import type { AnswerFrame, EventFrame, FromWorker, RequestFrame } from '../core/protocol/frame.ts'
import { TO_BRIDGE } from '../core/protocol/frame.ts'
import { type Database, openDatabase } from '../platform/database.ts'
import { selectorOf } from '../starknet/selector.ts'
import { createAnswering } from './answering.ts'
import type { SiteCaller } from './caller.ts'
import { type Answer, createAnswers } from './owners/answers.ts'
import { type Context, createRouter, type Handlers, type SitePort, turnAway } from './router.ts'

const A = 'https://a.example' as Origin
const B = 'https://b.example' as Origin
const CALL = { contract_address: '0xab', entry_point: 'move', calldata: ['0x1'] }
const INVOKE = 'wallet_addInvokeTransaction'
const caller = (origin: Origin, document: string, tab = 1): SiteCaller => ({ origin, document, tab, frame: 0 })

let made = 0
let ids = 0
const newId = () => (++ids).toString(16).padStart(32, '0')

type Handler = (context: Context, params: unknown) => Promise<unknown>
interface Seen {
  readonly method: string
  readonly context: Context
  readonly params: unknown
}

function fakePort() {
  const frames: FromWorker[] = []
  const hear: ((frame: unknown) => void)[] = []
  const gone: (() => void)[] = []
  let dead = false
  const port: SitePort = {
    postMessage: (frame) => {
      if (dead) throw new Error('Attempting to use a disconnected port object')
      // What the browser does to it on the way.
      frames.push(JSON.parse(JSON.stringify(frame)))
    },
    onMessage: { addListener: (it) => void hear.push(it) },
    onDisconnect: { addListener: (it) => void gone.push(it) },
  }
  return {
    port,
    frames,
    say: (frame: unknown) => hear.forEach((it) => void it(frame)),
    leave: () => {
      dead = true
      gone.forEach((it) => void it())
    },
    answers: () => frames.filter((it): it is AnswerFrame => it.kind === 'answer'),
    events: () => frames.filter((it): it is EventFrame => it.kind === 'event'),
  }
}

function worker(
  options: {
    readonly handle?: Record<string, Handler>
    readonly db?: Database
    readonly ready?: Promise<void>
    readonly rebuilt?: Answer
  } = {},
) {
  const clock = { ms: 1_800_000_000_000 }
  const seen: Seen[] = []
  const reports: { ref: string; method: string; error: unknown }[] = []
  const sleeping: { readonly ms: number; readonly wake: () => void }[] = []
  const joined: SiteCaller[] = []
  const left: SiteCaller[] = []
  const db = options.db ?? openDatabase({ now: () => Math.floor(clock.ms / 1_000), name: `router-${++made}` })
  const handlers = Object.fromEntries(
    Object.keys(dapp).map((method) => [
      method,
      async (context: Context, params: unknown) => {
        seen.push({ method, context, params })
        return options.handle?.[method]?.(context, params) ?? method
      },
    ]),
  ) as unknown as Handlers // Each answers its own name, which is enough for a router.
  const shared = {
    ready: options.ready ?? Promise.resolve(),
    now: () => clock.ms,
    sleep: (ms: number) => new Promise<void>((wake) => void sleeping.push({ ms, wake })),
  }
  const router = createRouter({
    ...shared,
    answer: createAnswering({
      ...shared,
      handlers,
      answers: createAnswers({ db, now: () => Math.floor(clock.ms / 1_000), rebuild: async () => options.rebuilt }),
      newRef: () => 'ref1',
      report: (it) => void reports.push(it),
    }),
    joined: (it) => void joined.push(it),
    used: () => {},
    left: (it) => void left.push(it),
  })
  const open = (who: SiteCaller = caller(A, 'doc')) => {
    const it = fakePort()
    router.attach(it.port, who)
    const send = (type: string, params: unknown = {}, more: Partial<RequestFrame> = {}) => {
      const frame = {
        v: 1,
        kind: 'request',
        id: newId(),
        type,
        params: typeof params === 'string' ? params : JSON.stringify(params),
        ...more,
      }
      it.say(frame)
      return frame.id
    }
    const answered = (id: string) =>
      vi.waitUntil(() => it.answers().find((frame) => frame.id === id), { interval: 1, timeout: 30_000 })
    const ask = (type: string, params: unknown = {}, more: Partial<RequestFrame> = {}) =>
      answered(send(type, params, more))
    return { ...it, send, answered, ask }
  }
  return { clock, db, router, seen, reports, sleeping, joined, left, open }
}
const COSIGN = { id: 's1', session_signature: ['0x1', '0x2'] }
const error = (code: number, data?: unknown) => ({ ok: false, error: data === undefined ? { code } : { code, data } })
const bad = (at: string, why: unknown = expect.any(String)) => error(114, { at, why })

describe('a request', () => {
  it('reaches its handler with what the browser says of who asks, and is answered on the same port', async () => {
    const { open, seen } = worker()
    const one = open(caller(A, 'one', 4))
    const other = open(caller(A, 'two', 5))
    const id = one.send('wallet_getPermissions', { api_version: '0.8' }, { gesture: true })
    expect(await one.answered(id)).toEqual({ v: 1, kind: 'answer', id, ok: true, result: 'wallet_getPermissions' })
    expect(seen).toEqual([
      {
        method: 'wallet_getPermissions',
        context: { origin: A, document: 'one', tab: 4, frame: 0, request: id, gesture: true },
        params: { api_version: '0.8' },
      },
    ])
    expect(other.answers()).toEqual([])
  })

  it.each(Object.keys(dapp))('%s: its handler is the one that is called', async (method) => {
    const { open, seen } = worker()
    const params: Partial<Record<string, unknown>> = {
      [INVOKE]: { calls: [CALL] },
      wallet_checkSession: { calls: [CALL] },
      wallet_revokeSession: { id: 's' },
      wallet_switchStarknetChain: { chainId: '0x534e5f4d41494e' },
      wallet_addStarknetChain: { id: 'own', chain_id: '0x1', chain_name: 'Own' },
      wallet_addDeclareTransaction: { compiled_class_hash: '0x1', contract_class: {} },
      wallet_watchAsset: { type: 'ERC20', options: { address: '0x5' } },
      wallet_signTypedData: { types: {}, primaryType: '', domain: {}, message: {} },
      wallet_cosignSession: COSIGN,
    }
    expect(await open().ask(method, params[method] ?? {})).toMatchObject({ ok: true, result: method })
    expect(seen.map((it) => it.method)).toEqual([method])
  })

  it.each(['eth_requestAccounts', 'wallet_signMessage', 'constructor', 'toString', '__proto__', 'hasOwnProperty'])(
    'refuses: %s has no row, 163 names it',
    async (method) => {
      const { open, seen } = worker()
      expect(await open().ask(method)).toMatchObject(error(163, { reason: 'method', method }))
      expect(seen).toEqual([])
    },
  )

  it('hello says that a worker took the port, before anything else', () => {
    expect(worker().open().frames).toEqual([{ v: 1, kind: 'hello' }])
  })

  it('what is no frame of a bridge is not answered', async () => {
    const { open } = worker()
    const page = open()
    for (const frame of [
      null,
      1,
      'x',
      {},
      { v: 1, kind: 'ping' },
      { v: 1, kind: 'request', id: 'x', type: 'a', params: '{}' },
      { v: 2, kind: 'request', id: newId(), type: 'a', params: '{}' },
    ])
      page.say(frame)
    await page.ask('wallet_getPermissions')
    expect(page.answers()).toHaveLength(1)
  })

  it('a caller that was refused hears 163 and nothing else', () => {
    const it = fakePort()
    turnAway(it.port)
    it.say({ v: 1, kind: 'listen' })
    it.say({ v: 1, kind: 'request', id: newId(), type: 'wallet_supportedWalletApi', params: '{}' })
    expect(it.frames).toMatchObject([{ kind: 'answer', ok: false, error: { code: 163 } }])
    expect(it.answers()[0]).not.toHaveProperty('error.data')
  })
})

describe('params', () => {
  it.each([
    ['no JSON', 'wallet_getPermissions', '{', ''],
    ['a list', 'wallet_getPermissions', [], ''],
    ['null', 'wallet_getPermissions', null, ''],
    ['a forbidden key', 'wallet_getPermissions', '{"a":{"__proto__":1}}', '/a'],
    ['half a character', 'wallet_getSessions', { tag: '\ud800' }, '/tag'],
    ['half a character that is not escaped', 'wallet_getSessions', '{"tag":"\ud800","tag":"a"}', ''],
    ['1e999', 'wallet_requestSession', '{"duration":1e999}', '/duration'],
    ['17 levels', 'wallet_requestSession', `${'['.repeat(17)}${']'.repeat(17)}`, '/0'.repeat(16)],
    ['no calls', INVOKE, {}, '/calls'],
    ['65 calls', INVOKE, { calls: Array(65).fill(CALL) }, '/calls'],
    ['5,001 felts', INVOKE, { calls: Array(3).fill({ ...CALL, calldata: Array(1_667).fill('0x1') }) }, '/calls'],
    ['an unknown key in a call', INVOKE, { calls: [{ ...CALL, max_fee: '0x1' }] }, '/calls/0/max_fee'],
    ['a padded felt', INVOKE, { calls: [{ ...CALL, calldata: ['0x01'] }] }, '/calls/0/calldata/0'],
    [
      'P',
      INVOKE,
      { calls: [CALL, { ...CALL, calldata: ['0x800000000000011000000000000000000000000000000000000000000000001'] }] },
      '/calls/1/calldata/0',
    ],
    ['decimal calldata', INVOKE, { calls: [{ ...CALL, calldata: ['1'] }] }, '/calls/0/calldata/0'],
    ['a padded address', INVOKE, { calls: [{ ...CALL, contract_address: '0x0ab' }] }, '/calls/0/contract_address'],
    ['address 0', INVOKE, { calls: [{ ...CALL, contract_address: '0x0' }] }, '/calls/0/contract_address'],
    ['a decimal entrypoint', INVOKE, { calls: [{ ...CALL, entry_point: '12' }] }, '/calls/0/entry_point'],
    ['an unknown mode', INVOKE, { calls: [CALL], session: { mode: 'yes' } }, '/session/mode'],
    ['an unknown key in the hint', INVOKE, { calls: [CALL], session: { ids: [] } }, '/session/ids'],
    ['an unknown key of a session method', 'wallet_getSessions', { tags: [] }, '/tags'],
    ['an unknown key of a session method with calls', 'wallet_checkSession', { calls: [CALL], x: 1 }, '/x'],
    [
      'both spellings of an address',
      INVOKE,
      { calls: [{ ...CALL, contractAddress: '0xcd' }] },
      '/calls/0/contractAddress',
    ],
    ['both spellings of silent', 'wallet_requestAccounts', { silent_mode: true, silentMode: false }, '/silentMode'],
    [
      'a selector to hash that is no name',
      INVOKE,
      { calls: [{ ...CALL, calldata: [{ entrypoint: '0x1' }] }] },
      '/calls/0/calldata/0',
    ],
  ])('refuses: %s, with its path and no value', async (_, method, params, at) => {
    const { open, seen, db } = worker()
    const answer = await open().ask(method, params)
    expect(answer).toMatchObject(bad(at))
    expect(seen).toEqual([])
    // Nothing was written for it.
    expect(await db.read(['answers'], (tx) => tx.all('answers'))).toEqual([])
  })

  it('exactly 64 calls and 5,000 felts pass', async () => {
    const { open } = worker()
    const calls = Array.from({ length: 64 }, (_, index) => ({
      ...CALL,
      calldata: Array(index < 8 ? 79 : 78).fill('0x1'),
    }))
    expect(calls.reduce((sum, it) => sum + it.calldata.length, 0)).toBe(5_000)
    expect(await open().ask(INVOKE, { calls })).toMatchObject({ ok: true })
  })

  it('tolerated spellings arrive in the one spelling of the row', async () => {
    const { open, seen } = worker()
    const page = open()
    await page.ask('starknet_addInvokeTransaction', {
      calls: { contractAddress: '0xab', entrypoint: 'move', calldata: ['0x1', { entrypoint: 'transfer' }] },
    })
    await page.ask('wallet_checkSession', { calls: { contractAddress: '0xab', entrypoint: '0x1' } })
    await page.ask('wallet_requestAccounts', { silentMode: true })
    await page.ask('wallet_switchStarknetChain', { chainId: '0x1', silentMode: true })
    expect(seen.map((it) => [it.method, it.params])).toEqual([
      [INVOKE, { calls: [{ ...CALL, calldata: ['0x1', selectorOf('transfer')] }] }],
      ['wallet_checkSession', { calls: [{ contract_address: '0xab', entry_point: '0x1', calldata: [] }] }],
      ['wallet_requestAccounts', { silent_mode: true }],
      ['wallet_switchStarknetChain', { chainId: '0x1', silent_mode: true }],
    ])
  })

  it('unknown keys beside a standard method’s params are dropped', async () => {
    const { open, seen } = worker()
    const page = open()
    await page.ask('wallet_requestAccounts', { theme: 'dark', silent_mode: true })
    await page.ask(INVOKE, { calls: [CALL], transactionsDetail: { maxFee: 1 }, abis: [{}] })
    expect(seen.map((it) => it.params)).toEqual([{ silent_mode: true }, { calls: [CALL] }])
  })
})

describe('api_version', () => {
  const ask = (version: unknown, method = 'wallet_getPermissions') =>
    worker().open().ask(method, { api_version: version })

  it.each(['0.7', '0.7.2', '0.8', '0.8.0', '0.10', '0.10.3', '0.10.4'])('%s is spoken', async (version) => {
    expect(await ask(version)).toMatchObject({ ok: true })
  })
  it.each(['0.9', '0.1', '1.0', '0.7.1', '0.10.5', '00.7'])('refuses: %s with 162 and the list', async (version) => {
    expect(await ask(version)).toMatchObject(error(162, API_VERSIONS.join(', ')))
  })
  it.each([null, 0.7, '', 'v0.7', '0.7.2.1', '0.7-rc', ['0.7'], `0.${'7'.repeat(40)}`])(
    'refuses: %j with 114',
    async (version) => {
      expect(await ask(version)).toMatchObject(bad('/api_version'))
    },
  )
  it.each(['wallet_supportedWalletApi', 'wallet_supportedSpecs'])('%s answers whatever it says', async (method) => {
    for (const version of ['9.9', null, 7]) expect(await ask(version, method)).toMatchObject({ ok: true })
  })
})

describe('errors', () => {
  const failing = (thrown: unknown, method = INVOKE) => {
    const it = worker({ handle: { [method]: () => Promise.reject(thrown) } })
    return { ...it, ask: () => it.open().ask(method, { calls: [CALL] }) }
  }

  it('what the row lists travels whole', async () => {
    const data = { limit: 'spend', reasons: [{ code: 'spendCap' }] }
    const { ask, reports } = failing(refused('SESSION_LIMIT_REACHED', data))
    expect(await ask()).toMatchObject({
      ok: false,
      error: { code: 214, message: 'An error occurred (SESSION_LIMIT_REACHED)', data },
    })
    expect(reports).toEqual([])
  })

  it('the message is always the table’s', async () => {
    const { ask } = failing(Object.assign(refused('USER_REFUSED_OP'), { message: 'key 0x1234' }))
    expect(await ask()).toMatchObject({ error: { message: 'An error occurred (USER_REFUSED_OP)' } })
  })

  it.each([
    ['a code of another row', refused('NOT_REGISTERED', { secret: 1 })],
    ['a broken promise of the code', new TypeError('secret is undefined')],
    ['an error of the platform with a number as code', Object.assign(new Error('secret'), { code: 22 })],
    ['what is no error', 'secret'],
    ['nothing', undefined],
    ['an own object that looks like one of ours', { code: 214, message: 'secret' }],
  ])('refuses: %s leaves as 163 with a reference; the detail is for the log alone', async (_, thrown) => {
    const { ask, reports } = failing(thrown)
    const answer = await ask()
    expect(answer).toMatchObject(error(163, { reason: 'internal', ref: 'ref1' }))
    expect(JSON.stringify(answer)).not.toContain('secret')
    expect(reports).toEqual([{ ref: 'ref1', method: INVOKE, error: thrown }])
  })

  it('refuses: 211 of a method that does not list it, where another method may', async () => {
    const { ask, reports } = failing(refused('SESSION_NOT_FOUND'), 'wallet_checkSession')
    expect(await ask()).toMatchObject(error(163, { reason: 'internal', ref: 'ref1' }))
    expect(reports).toHaveLength(1)
  })
})

describe('I3: one request, one effect', () => {
  it('the same id again: the same answer, also from a later worker, and the handler ran once', async () => {
    const first = worker()
    const page = first.open()
    const frame = { id: newId() }
    for (let times = 0; times < 50; times++) page.send(INVOKE, { calls: [CALL] }, frame)
    await page.answered(frame.id)
    expect(first.seen).toHaveLength(1)
    const second = worker({ db: first.db })
    const again = second.open()
    await vi.waitUntil(
      async () =>
        (await first.db.read(['answers'], (tx) => tx.all('answers'))).some((it) =>
          JSON.stringify(it).includes('answer'),
        ),
      { timeout: 30_000 },
    )
    const answers: unknown[] = []
    for (let times = 0; times < 20; times++) {
      again.send(INVOKE, { calls: [CALL] }, frame)
      answers.push(await again.answered(frame.id))
    }
    expect(new Set(answers.map((it) => JSON.stringify(it))).size).toBe(1)
    expect(second.seen).toEqual([])
  })

  it('asked while it runs: one handler, one answer to each document that waits', async () => {
    let finish: (value: unknown) => void = () => undefined
    const { open, seen } = worker({
      handle: {
        [INVOKE]: () =>
          new Promise((resolve) => {
            finish = resolve
          }),
      },
    })
    const [one, two] = [open(caller(A, 'one')), open(caller(A, 'two'))]
    const frame = { id: newId() }
    one.send(INVOKE, { calls: [CALL] }, frame)
    one.send(INVOKE, { calls: [CALL] }, frame)
    two.send(INVOKE, { calls: [CALL] }, frame)
    await vi.waitUntil(() => seen.length > 0, { timeout: 30_000 })
    finish({ transaction_hash: '0x1' })
    await two.answered(frame.id)
    expect([seen.length, one.answers().length, two.answers().length]).toEqual([1, 1, 1])
  })

  it.each([
    ['other params', INVOKE, { calls: [CALL, CALL] }],
    ['another method', 'wallet_revokeSession', { id: 's' }],
  ])('refuses: the same id with %s, while it runs and afterwards', async (_, method, params) => {
    let finish: (value: unknown) => void = () => undefined
    const { open, seen } = worker({
      handle: {
        [INVOKE]: () =>
          new Promise((resolve) => {
            finish = resolve
          }),
      },
    })
    const page = open()
    const frame = { id: newId() }
    page.send(INVOKE, { calls: [CALL] }, frame)
    await vi.waitUntil(() => seen.length > 0, { timeout: 30_000 })
    page.send(method, params, frame)
    expect(page.answers()).toMatchObject([bad('')])
    finish(1)
    await vi.waitUntil(() => page.answers().length === 2, { timeout: 30_000 })
    page.send(method, params, frame)
    await vi.waitUntil(() => page.answers().length === 3, { timeout: 30_000 })
    expect(page.answers()[2]).toMatchObject(bad(''))
    expect(seen).toHaveLength(1)
  })

  it('T3: the same id of another origin is another request', async () => {
    const { open, seen } = worker()
    const frame = { id: newId() }
    const [one, two] = [open(caller(A, 'one')), open(caller(B, 'two'))]
    one.send(INVOKE, { calls: [CALL] }, frame)
    two.send(INVOKE, { calls: [CALL] }, frame)
    await Promise.all([one.answered(frame.id), two.answered(frame.id)])
    expect(seen.map((it) => it.context.origin).sort()).toEqual([A, B])
  })

  it('recovers: the answer of a worker that died comes from the journal, without a handler', async () => {
    const first = worker({ handle: { [INVOKE]: () => new Promise(() => undefined) } })
    const frame = { id: newId() }
    first.open().send(INVOKE, { calls: [CALL] }, frame)
    await vi.waitUntil(() => first.seen.length > 0, { timeout: 30_000 })
    const second = worker({ db: first.db, rebuilt: { result: { transaction_hash: '0x7' } } })
    expect(await second.open().ask(INVOKE, { calls: [CALL] }, frame)).toMatchObject({
      result: { transaction_hash: '0x7' },
    })
    expect(second.seen).toEqual([])
  })

  it('a request of a document that is gone is done; the answer waits for the same origin', async () => {
    let finish: (value: unknown) => void = () => undefined
    const { open, seen, left } = worker({
      handle: {
        [INVOKE]: () =>
          new Promise((resolve) => {
            finish = resolve
          }),
      },
    })
    const page = open(caller(A, 'gone'))
    const frame = { id: newId() }
    page.send(INVOKE, { calls: [CALL] }, frame)
    await vi.waitUntil(() => seen.length > 0, { timeout: 30_000 })
    page.leave()
    expect(left).toMatchObject([{ document: 'gone' }])
    finish({ transaction_hash: '0x9' })
    const next = open(caller(A, 'next'))
    expect(await next.ask(INVOKE, { calls: [CALL] }, frame)).toMatchObject({ result: { transaction_hash: '0x9' } })
    expect([seen.length, page.answers().length]).toEqual([1, 0])
  })

  it('a document with a new port is answered there, and its old port’s end does not take the new one', async () => {
    let finish: (value: unknown) => void = () => undefined
    const { open, seen, left } = worker({
      handle: {
        wallet_getSessions: () =>
          new Promise((resolve) => {
            finish = resolve
          }),
      },
    })
    const old = open()
    const id = old.send('wallet_getSessions')
    await vi.waitUntil(() => seen.length > 0, { timeout: 30_000 })
    const fresh = open()
    old.leave()
    finish([])
    expect(await fresh.answered(id)).toMatchObject({ result: [] })
    expect([left, old.answers()]).toEqual([[], []])
  })

  it('reads and silent asks are not remembered: asked again, they look again', async () => {
    const { open, seen, db } = worker()
    const page = open()
    for (const [method, params] of [
      ['wallet_getSessions', {}],
      ['wallet_requestAccounts', { silent_mode: true }],
    ] as const) {
      const frame = { id: newId() }
      await page.ask(method, params, frame)
      page.send(method, params, frame)
    }
    await vi.waitUntil(() => seen.length === 4, { timeout: 30_000 })
    expect(await db.read(['answers'], (tx) => tx.all('answers'))).toEqual([])
  })

  it('refuses: nothing happens that could not be remembered', async () => {
    const db = openDatabase({ now: () => 1, name: `router-${++made}` })
    const broken: Database = {
      ...db,
      write: () => Promise.reject(Object.assign(new Error('quota'), { kind: 'storage', why: 'quota' })),
    }
    const { open, seen, reports } = worker({ db: broken })
    expect(await open().ask(INVOKE, { calls: [CALL] })).toMatchObject(error(163, { reason: 'storage', ref: 'ref1' }))
    expect([seen.length, reports.length]).toEqual([0, 1])
    expect(await open().ask('wallet_getSessions')).toMatchObject({ ok: true })
  })
})

describe('at the start', () => {
  it('requests wait for recovery, 100 of them, and are not told anything meanwhile', async () => {
    let ready: () => void = () => undefined
    const { open, seen, joined } = worker({
      ready: new Promise((resolve) => {
        ready = resolve
      }),
    })
    const page = open()
    page.say({ v: 1, kind: 'listen' })
    const ids = Array.from({ length: 101 }, () => page.send('wallet_getPermissions'))
    expect(await page.answered(ids[100]!)).toMatchObject(error(163, { reason: 'busy' }))
    expect([seen.length, page.answers().length, joined.length]).toEqual([0, 1, 0])
    ready()
    await page.answered(ids[99]!)
    expect([seen.length, joined.length]).toEqual([100, 1])
  })

  it('a worker that cannot start says so, and not that it is locked', async () => {
    const { open, seen, reports } = worker({ ready: Promise.reject(new Error('shape')) })
    expect(await open().ask(INVOKE, { calls: [CALL] })).toMatchObject(error(163, { reason: 'storage', ref: 'ref1' }))
    expect([seen.length, reports.length]).toEqual([0, 1])
  })
})

describe('pace', () => {
  it('transactions and checks of one origin: 40 at once, 100 wait, then 214 only where a session was asked for', async () => {
    const { open, seen, sleeping, db } = worker()
    const page = open()
    await page.ask('wallet_requestChainId')
    for (let index = 0; index < 140; index++)
      page.send(index % 2 === 0 ? INVOKE : 'wallet_checkSession', { calls: [CALL] })
    await vi.waitUntil(() => seen.length === 41 && sleeping.length === 100, { timeout: 30_000 })
    const retry_at = 1_800_000_001
    expect(await page.ask(INVOKE, { calls: [CALL] })).toMatchObject(error(163, { reason: 'busy', retry_at }))
    expect(await page.ask('wallet_checkSession', { calls: [CALL] })).toMatchObject(
      error(163, { reason: 'busy', retry_at }),
    )
    expect(await page.ask(INVOKE, { calls: [CALL], session: { mode: 'only' } })).toMatchObject(
      error(214, { limit: 'usage', retry_at, reasons: [{ code: 'inFlight', retry_at }] }),
    )
    const full = { limit: 'usage', retry_at, reasons: [{ code: 'inFlight', retry_at }] }
    expect(await page.ask('wallet_cosignSession', COSIGN)).toMatchObject(error(214, full))
    const data = { types: {}, primaryType: '', domain: {}, message: {} }
    expect(await page.ask('wallet_signTypedData', data)).toMatchObject(error(163, { reason: 'busy', retry_at }))
    const declared = { compiled_class_hash: '0x1', contract_class: {} }
    expect(await page.ask('wallet_addDeclareTransaction', declared)).toMatchObject(
      error(163, { reason: 'busy', retry_at }),
    )
    // Other methods and other sites go on.
    expect(await page.ask('wallet_getSessions')).toMatchObject({ ok: true })
    expect(await open(caller(B, 'b')).ask(INVOKE, { calls: [CALL] })).toMatchObject({ ok: true })
    for (const { wake } of sleeping.splice(0)) wake()
    await vi.waitUntil(() => seen.length === 143, { timeout: 30_000 })
    // What was turned away can be asked again under its id: nothing of it is remembered.
    const rows = await db.read(['answers'], (tx) => tx.all('answers'))
    expect(rows).toHaveLength(71)
  })

  it('R19: a crowd changes no answer that was given: also when too many wait, the same id has the same one', async () => {
    const { open, seen, sleeping } = worker()
    const page = open()
    const done = await page.ask(INVOKE, { calls: [CALL] })
    for (let index = 0; index < 139; index++) page.send(INVOKE, { calls: [CALL] })
    await vi.waitUntil(() => seen.length === 40 && sleeping.length === 100, { timeout: 30_000 })
    page.frames.length = 0
    const again = { id: done.id } as Partial<RequestFrame>
    expect(await page.ask(INVOKE, { calls: [CALL] }, again)).toEqual(done)
    page.frames.length = 0
    expect(await page.ask(INVOKE, { calls: [CALL, CALL] }, again)).toMatchObject(error(114))
    expect(seen).toHaveLength(40)
  })
})

describe('events', () => {
  it('T3: go to the documents of their origin, each with its own arguments', () => {
    const { router, open } = worker()
    const pages = [open(caller(A, 'one')), open(caller(A, 'two')), open(caller(B, 'three'))]
    router.tell(A, 'accountsChanged', ({ document }) => (document === 'two' ? undefined : [['0x1', document]]))
    expect(pages.map((it) => it.events())).toEqual([
      [{ v: 1, kind: 'event', name: 'accountsChanged', args: [['0x1', 'one']] }],
      [],
      [],
    ])
    expect(router.documents(A).map((it) => it.document)).toEqual(['one', 'two'])
    pages[0]!.leave()
    expect(router.documents(A).map((it) => it.document)).toEqual(['two'])
    router.tell(A, 'accountsChanged', () => [['0x2']])
    expect(pages[0]!.events()).toHaveLength(1)
  })

  it('undefined as an argument arrives as no argument, never as null', () => {
    const { router, open } = worker()
    const page = open()
    router.tell(A, 'accountsChanged', () => [undefined])
    router.tell(A, 'accountsChanged', () => [])
    expect(page.events().map((it) => it.args)).toEqual([[], []])
  })

  it('sessionsChanged: once a second and document, and the last state always arrives', async () => {
    const { clock, router, open, sleeping } = worker()
    const page = open()
    let state = 0
    for (let change = 1; change <= 50; change++) {
      state = change
      router.tell(A, 'sessionsChanged', () => [state])
      clock.ms += 10
    }
    expect(page.events().map((it) => it.args)).toEqual([[1]])
    expect(sleeping.map((it) => it.ms)).toEqual([990])
    clock.ms += 500
    sleeping.shift()!.wake()
    await vi.waitUntil(() => page.events().length === 2, { timeout: 30_000 })
    expect(page.events()[1]!.args).toEqual([50])
    router.tell(A, 'sessionsChanged', () => ['soon'])
    expect(page.events()).toHaveLength(2)
    page.leave()
    sleeping.shift()!.wake()
    await Promise.resolve()
    clock.ms += 5_000
    const next = open()
    router.tell(A, 'sessionsChanged', () => ['later'])
    expect([page.events().length, next.events().map((it) => it.args)]).toEqual([2, [['later']]])
  })

  it('listen tells that a document may have missed something', async () => {
    const { open, joined } = worker()
    open(caller(A, 'one')).say({ v: 1, kind: 'listen' })
    await vi.waitUntil(() => joined.length === 1, { timeout: 30_000 })
    expect(joined).toEqual([caller(A, 'one')])
  })
})

describe('F4: whatever a page says, through gate and router', () => {
  const SEED = 20261126
  const rejections: unknown[] = []
  const note = (error: unknown) => rejections.push(error)
  const before = Object.getOwnPropertyNames(Object.prototype).sort().join()
  let it_: ReturnType<typeof worker>
  beforeAll(() => void process.on('unhandledRejection', note))
  afterAll(() => void process.off('unhandledRejection', note))
  beforeEach(() => {
    it_ = worker()
  })

  const METHODS = [...Object.keys(dapp), 'starknet_addInvokeTransaction', 'wallet_nothing', '__proto__', 'constructor']
  const hostile = fc.constantFrom<unknown>(
    null,
    true,
    0,
    -1,
    1.5,
    2 ** 53,
    1e300,
    '',
    '0x',
    '0x0',
    '\u0000',
    '\ud800',
    '\u202eabc',
    'a'.repeat(70_000),
    [],
    {},
    [[[[]]]],
    JSON.parse('{"then":1}'),
    { toJSON: 1 },
    { length: 1e9 },
    '0x800000000000011000000000000000000000000000000000000000000000001',
  )
  const anything = fc.oneof(hostile, fc.jsonValue({ maxDepth: 6 }), fc.string({ unit: 'binary' }))
  const call = fc.record(
    {
      contract_address: fc.oneof(fc.constant('0xab'), anything),
      entry_point: fc.oneof(fc.constant('move'), anything),
      calldata: fc.oneof(fc.constant(['0x1']), fc.array(anything, { maxLength: 4 }), anything),
    },
    { requiredKeys: [] },
  )
  const shaped = fc.record(
    {
      calls: fc.oneof(fc.array(call, { maxLength: 3 }), call, anything),
      session: fc.oneof(
        fc.record({ mode: fc.oneof(fc.constant('only'), anything), id: anything }, { requiredKeys: [] }),
        anything,
      ),
      api_version: fc.oneof(fc.constant('0.8'), anything),
      silent_mode: anything,
      id: anything,
      ids: anything,
      tag: anything,
      proof: anything,
      on_chain: anything,
    },
    { requiredKeys: [] },
  )
  const texts = fc.oneof(
    { arbitrary: fc.oneof(shaped, anything).map((it) => JSON.stringify(it)), weight: 8 },
    { arbitrary: fc.string({ unit: 'binary', maxLength: 40 }), weight: 1 },
    {
      arbitrary: fc.constantFrom(
        '{"__proto__":{"polluted":1}}',
        '{"calls":[{"__proto__":{"x":1}}]}',
        '{"a":{"constructor":{"prototype":{"polluted":1}}}}',
        '{"tag":"\\ud800"}',
        '{"tag":"\ud800"}',
        '{"duration":1e999}',
        '[1,2',
        'NaN',
        '{"a":1,"a":2}',
        '"x"',
        '['.repeat(10_000),
        `${'['.repeat(10_000)}${']'.repeat(10_000)}`,
        `{"a":${'{"a":'.repeat(200)}1${'}'.repeat(200)}}`,
        `[${'0,'.repeat(60_000)}0]`,
        `"${'x'.repeat(600_000)}"`,
        `{"calls":[${'{},'.repeat(70)}{}]}`,
      ),
      weight: 2,
    },
  )
  const id = fc.oneof(
    { arbitrary: fc.constant('good'), weight: 12 },
    { arbitrary: fc.oneof(hostile, fc.string({ maxLength: 40 })), weight: 1 },
  )
  const cyclic: Record<string, unknown> = {}
  cyclic.self = cyclic
  const frames = fc.oneof(
    {
      arbitrary: fc
        .record({
          id,
          type: fc.oneof({ arbitrary: fc.constantFrom(...METHODS), weight: 12 }, { arbitrary: hostile, weight: 1 }),
          params: texts,
          gesture: anything,
          origin: anything,
        })
        .map((it) => ({ v: 1, kind: 'request', ...it, id: it.id === 'good' ? newId() : it.id })),
      weight: 20,
    },
    {
      // What structured cloning carries and JSON does not.
      arbitrary: fc.constantFrom<unknown>(
        undefined,
        1n,
        new Map(),
        new Date(),
        new Uint8Array(9),
        cyclic,
        Object.assign([], { 4000000000: 1 }),
        new Array(1e6),
        { v: 1, kind: 'request', id: 1n, type: 'a', params: '{}' },
        { v: 1, kind: 'answer', id: 'a', ok: true },
        { v: 1n, kind: 'hello' },
      ),
      weight: 1,
    },
  )

  it(`no case of 3,000 goes unanswered, is answered twice, or leaves a trace (seed ${SEED})`, async () => {
    const page = it_.open()
    const open = new Map<string, RequestFrame>()
    const clock = { ms: 0 }
    const gate = createGate({
      window: page,
      origin: A,
      now: () => clock.ms,
      gesture: () => false,
      unanswered: () => open,
    })
    const expected = new Set<string>()
    const told: AnswerFrame[] = []
    for (const frame of fc.sample(frames, { numRuns: 3_000, seed: SEED })) {
      clock.ms += 5
      it_.clock.ms += 60
      const passed = gate({ isTrusted: true, source: page, origin: A, data: structuredClone({ to: TO_BRIDGE, frame }) })
      const { id: ofFrame, type } = Object(frame) as Record<string, unknown>
      const isOurs =
        typeof ofFrame === 'string' &&
        /^[0-9a-f]{32}$/.test(ofFrame) &&
        typeof type === 'string' &&
        /^[A-Za-z0-9_]{1,64}$/.test(type)
      expect(passed !== undefined && passed.kind !== 'hello' && passed.kind !== 'listen').toBe(isOurs)
      if (passed?.kind === 'answer') told.push(passed)
      if (passed?.kind !== 'request') continue
      expected.add(passed.id)
      page.say(JSON.parse(JSON.stringify(passed)))
    }
    await vi.waitUntil(() => page.answers().length >= expected.size, { timeout: 30_000 })
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(page.answers()).toHaveLength(expected.size)
    expect(new Set(page.answers().map((it) => it.id))).toEqual(expected)
    expect(expected.size).toBeGreaterThan(1_500)
    expect(told.length).toBeGreaterThan(150)
    for (const answer of [...told, ...page.answers()])
      if (!answer.ok) {
        expect([114, 162, 163]).toContain(answer.error.code)
        // No case may be one that only broke something.
        expect((answer.error.data as { reason?: string } | undefined)?.reason).not.toBe('internal')
      }
    expect(page.answers().filter((it) => it.ok).length).toBeGreaterThan(150)
    expect(Object.getOwnPropertyNames(Object.prototype).sort().join()).toBe(before)
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    expect(it_.reports).toEqual([])
    expect(rejections).toEqual([])
    // And the worker is alive.
    expect(await page.ask('wallet_getPermissions')).toMatchObject({ ok: true })
  })
})
