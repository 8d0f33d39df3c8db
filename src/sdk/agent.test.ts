import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Felt } from '../core/felt.ts'
import { publicKey, verify } from '../starknet/curve.ts'
import { invokeHash, readExecuteCalldata } from '../starknet/invoke.ts'
import { sessionMessage } from '../starknet/session-token.ts'
import {
  ACCOUNT,
  asked,
  bounds,
  CHAIN,
  call,
  GAME,
  KEYS,
  move,
  NOW,
  POLICY,
  pay,
  sampleSession,
  sampleStore,
  TOKEN,
} from './agent/samples.ts'
import { type Cosigner, localCosigner, ownSession, relayClient } from './agent.ts'
import { installCosignerFetch, setWallet } from './index.ts'
import { keyOf } from './signer.ts'
import type { CosignParams, SessionPolicyWire } from './wire.ts'

const PUBLIC = publicKey(keyOf(KEYS.session))
const GUARDIAN_PUBLIC = publicKey(keyOf(KEYS.guardian))
const session = sampleSession(PUBLIC)

let time = NOW
let store = sampleStore()
beforeEach(() => {
  time = NOW
  store = sampleStore()
})
const cosigner = (more: Partial<Parameters<typeof localCosigner>[0]> = {}): Cosigner =>
  localCosigner({ guardianKey: KEYS.guardian, policy: POLICY, session, store, clock: () => time, ...more })
const withPolicy = (policy: SessionPolicyWire) => {
  const own = sampleSession(PUBLIC, policy)
  return { own, signer: cosigner({ policy, session: own }) }
}
/** What was refused, by its code. */
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'signed',
    (error: { code?: number }) => error.code ?? error,
  )

describe('a policy is taken only where no node is needed to decide it', () => {
  const rule = { contract_address: GAME, entry_point: 'move' }
  test.each<[string, object, number, string]>([
    ['any contract', { calls: [{ ...rule, contract_address: '*' }] }, 210, '/calls/0/contract_address'],
    ['every action', { calls: [{ ...rule, entry_point: '*' }] }, 210, '/calls/0/entry_point'],
    ['collections', { calls: [rule], nft_limits: [{ collection: GAME }] }, 210, '/nft_limits'],
    ['transactions under way', { ...POLICY, usage: { max_in_flight: 1 } }, 210, '/usage/max_in_flight'],
    ['a sponsor', { ...POLICY, fees: { payer: 'sponsor' } }, 210, '/fees/payer'],
    ['control', { calls: [{ contract_address: GAME, entry_point: 'upgrade' }] }, 210, '/calls/0/entry_point'],
    ['messages', { calls: [rule], messages: [{ domain: {}, types: {}, primary_type: 'x' }] }, 210, '/messages'],
    [
      'leave to take a token',
      { ...POLICY, calls: [{ contract_address: TOKEN, entry_point: 'approve' }] },
      210,
      '/spend_limits/0/approvals',
    ],
    [
      'money of others',
      { ...POLICY, spend_limits: [{ token: TOKEN, total: '1', foreign_transfer_from: 'count' }] },
      210,
      '/spend_limits/0/foreign_transfer_from',
    ],
    [
      'what else a token does with a balance',
      { ...POLICY, calls: [{ contract_address: TOKEN, entry_point: ['transfer', 'burn'] }] },
      210,
      '/calls/0/entry_point',
    ],
    [
      'an argument by its name',
      { calls: [{ ...rule, args: { at: 'to', op: 'eq', value: '1' } }] },
      210,
      '/calls/0/args/at',
    ],
  ])('refuses: %s', (_, policy, code, feature) => {
    expect(() => sampleSession(PUBLIC, policy as SessionPolicyWire)).toThrow(
      expect.objectContaining({ code, data: { feature } }),
    )
  })
  test.each<[string, object, number, string]>([
    ['a payment without a limit', { calls: POLICY.calls }, 215, '/calls/0/entry_point'],
    ['a member of no policy', { ...POLICY, schedule: [] }, 114, '/schedule'],
    [
      'a call to the account itself',
      { calls: [{ ...rule, contract_address: ACCOUNT }] },
      215,
      '/calls/0/contract_address',
    ],
    ['a year', { ...POLICY, duration: 365 * 86_400 }, 215, '/duration'],
  ])('refuses: %s', (_, policy, code, at) => {
    expect(() => sampleSession(PUBLIC, policy as SessionPolicyWire)).toThrow(
      expect.objectContaining({ code, data: expect.objectContaining({ at }) }),
    )
  })
})

describe('a local co-signer', () => {
  test('signs what fits with the second key, over what it has put together itself', async () => {
    const params = asked(session, [move(), pay(5)])
    const [key, r, s] = await cosigner().cosign(params)
    expect(key).toBe(GUARDIAN_PUBLIC)
    const { calldata, nonce } = params.transaction
    const calls = readExecuteCalldata(calldata as Felt[]) ?? []
    const built = { chainId: CHAIN, sender: ACCOUNT, calls, nonce: nonce as Felt, tip: 0n, bounds: bounds(10n) }
    const message = sessionMessage(invokeHash(built), session.chain.session_hash as Felt)
    expect(verify(message, { r: r as Felt, s: s as Felt }, GUARDIAN_PUBLIC)).toBe(true)
  })

  test('a call outside the policy is 213, one to the account itself 215', async () => {
    const local = cosigner()
    await expect(local.cosign(asked(session, [call(GAME, 'reset')]))).rejects.toMatchObject({
      code: 213,
      data: { call: 0, reasons: [{ code: 'noRule', call: 0 }] },
    })
    expect(await codeOf(local.cosign(asked(session, [move(), call(ACCOUNT, 'move')])))).toBe(215)
    expect(store.text).toBeUndefined()
  })

  test('what is over a limit is 214 and tells what is left; nothing comes back', async () => {
    const local = cosigner()
    await local.cosign(asked(session, [pay(60)]))
    await expect(local.cosign(asked(session, [pay(41)]))).rejects.toMatchObject({
      code: 214,
      data: { limit: 'spend', left: '40', wanted: '41' },
    })
    await local.cosign(asked(session, [pay(40)]))
    time += 3_000
    expect(await codeOf(local.cosign(asked(session, [pay(1)])))).toBe(214)
    // The same transaction once more is one more.
    expect(await codeOf(local.cosign(asked(session, [pay(40)])))).toBe(214)
  })

  test('the most that a transaction may cost counts as its fee', async () => {
    const local = cosigner()
    await expect(local.cosign(asked(session, [move()], { bounds: bounds(100_001n) }))).rejects.toMatchObject({
      code: 214,
      data: { limit: 'fees', left: '100000', wanted: '100001' },
    })
    await expect(local.cosign(asked(session, [move()], { tip: 100_000n }))).rejects.toMatchObject({ code: 214 })
    for (let at = 0; at < 10; at += 1) await local.cosign(asked(session, [move()], { bounds: bounds(100_000n) }))
    expect(await codeOf(local.cosign(asked(session, [move()], { bounds: bounds(1n) })))).toBe(214)
  })

  test('a limit of a period opens again with the next', async () => {
    const { own, signer } = withPolicy({
      ...POLICY,
      spend_limits: [{ token: TOKEN, caps: [{ amount: '10', window: { rolling: 60 } }] }],
    })
    await signer.cosign(asked(own, [pay(10)]))
    time += 59
    await expect(signer.cosign(asked(own, [pay(1)]))).rejects.toMatchObject({ code: 214, data: { retry_at: NOW + 60 } })
    time += 1
    await signer.cosign(asked(own, [pay(10)]))
  })

  test('acts inside the time of its session alone, and stops a minute before its end', async () => {
    const { own, signer } = withPolicy({ ...POLICY, valid_after: NOW + 100 })
    await expect(signer.cosign(asked(own, [move()]))).rejects.toMatchObject({
      code: 212,
      data: { status: 'scheduled', retry_at: NOW + 100 },
    })
    time = NOW + 3_600 - 61
    await signer.cosign(asked(own, [move()]))
    time += 1
    await expect(signer.cosign(asked(own, [move()]))).rejects.toMatchObject({ code: 212, data: { status: 'expired' } })
  })

  test('a clock that goes back opens nothing, and far back stops it', async () => {
    const { own, signer } = withPolicy({
      ...POLICY,
      spend_limits: [{ token: TOKEN, caps: [{ amount: '10', window: { rolling: 60 } }] }],
    })
    time = NOW + 1_000
    await signer.cosign(asked(own, [pay(10)]))
    time = NOW + 900
    expect(await codeOf(signer.cosign(asked(own, [pay(1)])))).toBe(214)
    time = NOW + 600
    await expect(signer.cosign(asked(own, [move()]))).rejects.toMatchObject({ code: 212, data: { status: 'paused' } })
  })

  const other = (change: (params: ReturnType<typeof asked>) => unknown) =>
    codeOf(cosigner().cosign(change(asked(session, [pay(1)])) as CosignParams))
  test.each<[string, (it: ReturnType<typeof asked>) => unknown]>([
    ['another nonce', (it) => ({ ...it, transaction: { ...it.transaction, nonce: '0x6' } })],
    ['another tip', (it) => ({ ...it, transaction: { ...it.transaction, tip: '0x1' } })],
    [
      'other bounds',
      (it) => ({
        ...it,
        transaction: {
          ...it.transaction,
          resource_bounds: asked(session, [], { bounds: bounds(11n) }).transaction.resource_bounds,
        },
      }),
    ],
    [
      'other calls',
      (it) => ({ ...it, transaction: { ...it.transaction, calldata: asked(session, [pay(2)]).transaction.calldata } }),
    ],
    ['the signature of another key', (it) => ({ ...it, session_signature: ['0x1', '0x2'] })],
    ['a signature for another chain', () => asked(session, [pay(1)], { chainId: '0x534e5f4d41494e' as Felt })],
    [
      'a signature for another session of the same key',
      (it) => ({ ...asked(sampleSession(PUBLIC, { ...POLICY, duration: 7_200 }), [pay(1)]), id: it.id }),
    ],
  ])('signs nothing for: %s', async (_, change) => {
    await expect(cosigner().cosign(change(asked(session, [pay(1)])) as CosignParams)).rejects.toMatchObject({
      code: 114,
      data: { at: '/session_signature' },
    })
    expect(store.text).toBeUndefined()
  })

  test('what is no transaction of this session is refused by its place', async () => {
    expect(await other((it) => ({ ...it, id: '0x1' }))).toBe(211)
    expect(await other((it) => ({ ...it, cache: true }))).toBe(210)
    expect(await other(({ transaction: _, ...it }) => ({ ...it, outside_execution: {} }))).toBe(210)
    expect(await other(({ transaction: _, ...it }) => it)).toBe(114)
    expect(await other((it) => ({ ...it, transaction: { ...it.transaction, sender_address: '0x1' } }))).toBe(114)
    expect(await other((it) => ({ ...it, transaction: { ...it.transaction, version: '0x1' } }))).toBe(114)
    expect(await other((it) => ({ ...it, transaction: { ...it.transaction, calldata: ['0x0'] } }))).toBe(114)
    expect(store.text).toBeUndefined()
  })

  test('what is signed is written first: where it is not written nothing is signed', async () => {
    const full = new Error('disk full')
    const broken = { ...store, replace: () => Promise.reject(full) }
    await expect(cosigner({ store: broken }).cosign(asked(session, [pay(1)]))).rejects.toBe(full)
    // What databases answer where no row was changed.
    for (const answer of [false, undefined, 1, { rowCount: 0 }]) {
      const silent = { ...store, replace: async () => answer as boolean }
      await expect(cosigner({ store: silent }).cosign(asked(session, [pay(1)]))).rejects.toMatchObject({
        code: 163,
        data: { reason: 'store' },
      })
    }
    let written: () => void = () => undefined
    const slow = {
      read: store.read,
      replace: async (before: string | undefined, next: string) => {
        await store.replace(before, next)
        await new Promise<void>((resolve) => {
          written = resolve
        })
        return true
      },
    }
    let answered = false
    const answer = cosigner({ store: slow }).cosign(asked(session, [pay(60)]))
    void answer.then(() => {
      answered = true
    })
    await until(() => store.text !== undefined)
    expect(answered).toBe(false)
    // The process dies here: whether it was sent nobody knows, so it counts.
    expect(await codeOf(cosigner().cosign(asked(session, [pay(41)])))).toBe(214)
    written()
    await answer
  })

  test('a process that starts again goes on with what was used', async () => {
    for (const amount of [40, 40]) await cosigner().cosign(asked(session, [pay(amount)]))
    expect(await codeOf(cosigner().cosign(asked(session, [pay(21)])))).toBe(214)
    await cosigner().cosign(asked(session, [pay(20)]))
    expect(await codeOf(cosigner().cosign(asked(session, [pay(1)])))).toBe(214)
  })

  test('of two processes on one store one is turned away when both decide at once', async () => {
    let waiting: (() => void)[] = []
    const together = {
      replace: store.replace,
      read: async () => {
        const text = await store.read()
        await new Promise<void>((resolve) => {
          waiting.push(resolve)
        })
        return text
      },
    }
    const both = [cosigner({ store: together }), cosigner({ store: together })].map((it) =>
      codeOf(it.cosign(asked(session, [pay(60)]))),
    )
    await until(() => waiting.length === 2)
    for (const go of waiting) go()
    expect((await Promise.all(both)).sort()).toEqual([163, 'signed'])
    waiting = []
  })

  test('those that come at once are decided one after the other', async () => {
    const local = cosigner()
    const all = await Promise.all(Array.from({ length: 8 }, () => codeOf(local.cosign(asked(session, [pay(30)])))))
    expect(all).toEqual(['signed', 'signed', 'signed', 214, 214, 214, 214, 214])
  })

  test('property: whatever starts again, fails or runs beside it, no more is signed than the limit', async () => {
    const step = fc.record({
      amount: fc.integer({ min: 1, max: 60 }),
      process: fc.integer({ min: 0, max: 2 }),
      fails: fc.constantFrom('never', 'never', 'before', 'after'),
      startsAgain: fc.boolean(),
    })
    const rounds = fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(rounds, async (all) => {
        const shared = sampleStore()
        let fails = 'never'
        const failing = {
          read: shared.read,
          replace: async (before: string | undefined, next: string) => {
            if (fails === 'before') throw new Error('nothing was written')
            const done = await shared.replace(before, next)
            if (fails === 'after') throw new Error('nobody heard that it was written')
            return done
          },
        }
        const processes = [0, 1, 2].map(() => cosigner({ store: failing }))
        let sum = 0
        for (const round of all) {
          fails = round[0]?.fails ?? 'never'
          const answers = round.map(async ({ amount, process, startsAgain }) => {
            if (startsAgain) processes[process] = cosigner({ store: failing })
            const isSigned = (await codeOf(processes[process]!.cosign(asked(session, [pay(amount)])))) === 'signed'
            return isSigned ? amount : 0
          })
          for (const amount of await Promise.all(answers)) sum += amount
        }
        expect(sum).toBeLessThanOrEqual(100)
        const spent = shared.text === undefined ? 0 : Number(JSON.parse(shared.text).base[`spend:${TOKEN}`])
        expect(spent).toBeGreaterThanOrEqual(sum)
        expect(spent).toBeLessThanOrEqual(100)
      }),
      { numRuns: 25 },
    )
  })

  test('a store that was emptied, went back, or says something else signs nothing', async () => {
    const local = cosigner()
    await local.cosign(asked(session, [pay(1)]))
    const first = store.text
    await local.cosign(asked(session, [pay(1)]))
    const other = cosigner({
      session: sampleSession(PUBLIC, { ...POLICY, duration: 7_200 }),
      policy: { ...POLICY, duration: 7_200 },
    })
    for (const text of [undefined, first, '', '{}', store.text?.replace('"amount":"1"', '"amount":"-1"')]) {
      store.text = text
      expect(await codeOf(local.cosign(asked(session, [pay(1)])))).toBe(163)
    }
    store.text = first
    const another = asked(sampleSession(PUBLIC, { ...POLICY, duration: 7_200 }), [pay(1)])
    expect(await codeOf(other.cosign(another))).toBe(163)
  })

  test('is made for the policy that was signed, with the second key that signed it', () => {
    expect(() => cosigner({ guardianKey: KEYS.owner })).toThrow('expected the second key of this session')
    const wider = { ...POLICY, spend_limits: [{ token: TOKEN, total: '101' }] }
    expect(() => cosigner({ policy: wider })).toThrow('the session was signed for another policy')
    expect(() => cosigner({ session: { ...session, created_at: NOW + 1 } })).toThrow('another policy')
    const chain = { ...session.chain, expires_at: session.chain.expires_at + 1 }
    expect(() => cosigner({ session: { ...session, chain } })).toThrow('do not give its hash')
    const authorization = session.chain.authorization?.with(7, '0x1') ?? []
    expect(() => cosigner({ session: { ...session, chain: { ...session.chain, authorization } } })).toThrow(
      'did not sign',
    )
  })

  test('a session has three keys', () => {
    const parts = { account: ACCOUNT, chainId: CHAIN, ownerKey: KEYS.owner, policy: POLICY, clock: () => NOW }
    expect(() => ownSession({ ...parts, guardianKey: KEYS.owner, publicKey: PUBLIC })).toThrow('three different keys')
    expect(() => ownSession({ ...parts, guardianKey: KEYS.guardian, publicKey: GUARDIAN_PUBLIC })).toThrow('three')
  })
})

describe('relay', () => {
  let server: Server
  let url: string
  let requests: number
  let respond: (body: string) => Promise<{ status: number; text: string; location?: string }>
  /** Node's own client: files share a process, and egress.test.ts locks `fetch` in it for good. */
  const inits: (RequestInit | undefined)[] = []
  const overHttp = ((to: string, init?: RequestInit) =>
    new Promise<Response>((resolve, reject) => {
      inits.push(init)
      const asking = request(to, { method: 'POST', ...(init?.signal ? { signal: init.signal } : {}) }, (answer) => {
        const parts: Buffer[] = []
        answer.on('data', (part: Buffer) => parts.push(part))
        answer.once('end', () => resolve(new Response(Buffer.concat(parts), { status: answer.statusCode ?? 0 })))
      })
      asking.once('error', reject)
      asking.end(String(init?.body))
    })) as typeof fetch
  const client = (more: object = {}) => relayClient(`${url}/v1`, { session, fetch: overHttp, ...more })

  beforeEach(async () => {
    requests = 0
    inits.length = 0
    // What answers in a page answers here, with a co-signer of one's own in the place of the wallet.
    const scope = { fetch: overHttp }
    const base = installCosignerFetch('https://latchkey.invalid/v1', scope)
    const local = cosigner()
    setWallet({
      request: async ({ type, params }) =>
        type === 'wallet_getSessions' ? [session] : local.cosign(params as CosignParams),
    })
    respond = async (body) => {
      const answer = await scope.fetch(`${base}/cosigner/signSession`, { method: 'POST', body })
      return { status: answer.status, text: await answer.text() }
    }
    server = createServer(async (asking, answering) => {
      requests += 1
      let body = ''
      for await (const part of asking) body += part
      if (asking.url !== '/v1/cosigner/signSession') return void answering.writeHead(404).end()
      const { status, text, location } = await respond(body)
      answering.writeHead(status, location === undefined ? {} : { location }).end(text)
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterEach(async () => {
    setWallet(undefined)
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  })

  test('asks in the shape of x-sessions, and gets what the co-signer itself gives', async () => {
    const params = asked(session, [pay(5), move()])
    expect(await client().cosign(params)).toEqual(await cosigner({ store: sampleStore() }).cosign(params))
    expect(requests).toBe(1)
    expect(inits[0]).toMatchObject({ method: 'POST', redirect: 'manual' })
  })

  test("the co-signer's refusals come with their codes and facts", async () => {
    await expect(client().cosign(asked(session, [call(GAME, 'reset')]))).rejects.toMatchObject({
      code: 213,
      message: 'An error occurred (SESSION_RULE_MISMATCH)',
      data: { reasons: [{ code: 'noRule', call: 0 }] },
    })
    await expect(client().cosign(asked(session, [pay(101)]))).rejects.toMatchObject({
      code: 214,
      data: { left: '100' },
    })
  })

  test.each<[string, number]>([
    ['badRequest', 114],
    ['nonceMismatch', 114],
    ['cacheUnsupported', 210],
    ['unknownSession', 211],
    ['notActive', 212],
    ['outsidePolicy', 213],
    ['limitReached', 214],
    ['locked', 216],
    ['toString', 163],
  ])('a co-signer that has words alone: %s', async (status, code) => {
    respond = async () => ({ status: 400, text: JSON.stringify({ status }) })
    expect(await codeOf(client().cosign(asked(session, [pay(1)])))).toBe(code)
  })

  test.each<[string, number, string]>([
    ['a redirect', 307, ''],
    ['text that is no JSON', 200, 'signed'],
    ['no signature', 200, '{}'],
    ['a number where text belongs', 200, '{"signature":{"publicKey":"0x1","r":1,"s":"2"}}'],
    ['a code that is none of a co-signer', 400, '{"status":"x","error":{"code":113}}'],
    ['more than it reads', 200, ' '.repeat(65_537)],
  ])('is no answer, and is not asked again: %s', async (_, status, text) => {
    respond = async () => ({ status, text, location: `${url}/elsewhere` })
    await expect(client().cosign(asked(session, [pay(1)]))).rejects.toMatchObject({
      code: 163,
      data: { reason: 'cosigner' },
    })
    expect(requests).toBe(1)
  })

  test('who does not answer in time is not waited for', async () => {
    respond = () => new Promise(() => undefined)
    await expect(client({ timeoutMs: 20 }).cosign(asked(session, [pay(1)]))).rejects.toMatchObject({ code: 163 })
  })

  test('is asked over https or on this computer, of a session whose key is here', () => {
    for (const no of [
      'http://cosigner.example',
      'ftp://x',
      'https://user:pass@x.example',
      'https://x.example/?a=b',
      'x',
    ])
      expect(() => relayClient(no, { session })).toThrow('expected a URL')
    for (const yes of ['https://cosigner.example/v1', 'http://localhost:8080', 'http://127.0.0.1:8080/'])
      expect(() => relayClient(yes, { session })).not.toThrow()
    expect(() => relayClient('https://x.example', { session: { ...session, chain: null } })).toThrow(
      'held by the wallet',
    )
    expect(() => relayClient('https://x.example', { session: { ...session, key: { held_by: 'dapp' } } })).toThrow(
      'names',
    )
  })

  test('an outside execution is not asked for', async () => {
    const { transaction: _, ...it } = asked(session, [pay(1)])
    const outside = { ...it, outside_execution: {} } as unknown as CosignParams
    expect(await codeOf(client().cosign(outside))).toBe(210)
    expect(requests).toBe(0)
  })
})

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
}
