import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { dapp } from '../core/protocol/dapp.ts'
import { decode } from '../core/schema.ts'
import { publicKey as publicKeyOf } from '../starknet/curve.ts'
import * as sdk from './index.ts'

const HASH = `0x0${'7'.repeat(63)}`
const ACCOUNT = `0x${'a'.padStart(64, '0')}`
const CHAIN = '0x534e5f5345504f4c4941'
const AUTHORIZATION = ['0x2', '0x0', '0x1', '0x2', '0x3', '0x0', '0x4', '0x5', '0x6']
const SESSION = {
  id: 's1',
  account: ACCOUNT,
  chain_id: CHAIN,
  chain: { session_hash: HASH, authorization: AUTHORIZATION },
}

let asked: { readonly type: string; readonly params?: unknown }[]
let cosigned: () => unknown
let passed: string[]
const wallet: sdk.Wallet = {
  request: async (call) => {
    asked.push(call)
    if (call.type === 'wallet_getSessions') return [SESSION]
    if (call.type === 'wallet_cosignSession') return cosigned()
    return { asked: call }
  },
}
/** Of a page: the one of this process belongs to others too. */
let page: Pick<typeof globalThis, 'fetch'>
beforeEach(() => {
  asked = []
  passed = []
  cosigned = () => ['0x4', '0x10', '0x20']
  sdk.setWallet(wallet)
  page = {
    fetch: async (input) => {
      passed.push(String(input instanceof Request ? input.url : input))
      return new Response('passed')
    },
  }
})
afterEach(() => sdk.setWallet(undefined))

const dec = (value: number | string) => BigInt(value).toString()
const session = (more: object = {}) => ({
  sessionHash: `0x${HASH.slice(3)}`,
  sessionAuthorisation: AUTHORIZATION,
  cacheAuthorisation: false,
  sessionSignature: { type: 'StarknetKey', signer: { publicKey: '0x9', r: dec(17), s: dec(18) } },
  ...more,
})
const bound = { max_amount: dec(5), max_price_per_unit: dec(6) }
const transaction = (more: object = {}) => ({
  sender_address: '0xA',
  calldata: [dec(1), dec(7), dec(8), dec(0)],
  nonce: dec(3),
  version: '3',
  chain_id: dec(CHAIN),
  resource_bounds: { l1_gas: bound, l1_data_gas: bound, l2_gas: bound },
  tip: dec(0),
  paymaster_data: [],
  account_deployment_data: [],
  nonce_data_availability_mode: 'L1',
  fee_data_availability_mode: 'L1',
  ...more,
})
async function post(body: object, path = 'signSession'): Promise<{ status: number; json: unknown }> {
  const base = sdk.installCosignerFetch(undefined, page)
  const response = await page.fetch(`${base}/cosigner/${path}`, { method: 'POST', body: JSON.stringify(body) })
  return { status: response.status, json: await response.json() }
}

describe('installCosignerFetch', () => {
  test('hands what the library sends to the wallet, in its own spelling, and answers in that of the library', async () => {
    const answer = await post({ session: session(), transaction: transaction() })
    expect(answer).toEqual({ status: 200, json: { signature: { publicKey: '0x4', r: '16', s: '32' } } })
    const [, { type, params } = {}] = asked
    const hexBound = { max_amount: '0x5', max_price_per_unit: '0x6' }
    expect({ type, params }).toEqual({
      type: 'wallet_cosignSession',
      params: {
        id: 's1',
        session_signature: ['0x11', '0x12'],
        transaction: {
          type: 'INVOKE',
          version: '0x3',
          sender_address: '0xa',
          calldata: ['0x1', '0x7', '0x8', '0x0'],
          nonce: '0x3',
          tip: '0x0',
          resource_bounds: { l1_gas: hexBound, l2_gas: hexBound, l1_data_gas: hexBound },
          paymaster_data: [],
          account_deployment_data: [],
          nonce_data_availability_mode: 'L1',
          fee_data_availability_mode: 'L1',
        },
      },
    })
    expect(decode(dapp.wallet_cosignSession.params, params).ok).toBe(true)
    expect(passed).toEqual([])
  })

  test('an outside execution and the cache flag go along', async () => {
    const message = { types: {}, primaryType: 'OutsideExecution', domain: {}, message: {} }
    const efo = { type: 'eip712', accountAddress: ACCOUNT, chain: 'starknet', message, network: 'sepolia' }
    await post({ session: session({ cacheAuthorisation: true }), message: efo }, 'signSessionEFO')
    expect(asked[1]?.params).toEqual({
      id: 's1',
      session_signature: ['0x11', '0x12'],
      cache: true,
      outside_execution: message,
    })
  })

  test('everything else goes to the fetch that was there', async () => {
    const base = sdk.installCosignerFetch(undefined, page)
    const others: [RequestInfo | URL, RequestInit?][] = [
      [`${base}/cosigner/signSession`],
      [`${base}/cosigner/signSession?x=1`, { method: 'POST' }],
      [`${base}/cosigner/other`, { method: 'POST' }],
      [new URL('https://elsewhere.example/cosigner/signSession'), { method: 'POST' }],
      [`${base}/__proto__`, { method: 'POST' }],
    ]
    for (const [input, init] of others) expect(await (await page.fetch(input, init)).text()).toBe('passed')
    expect(passed).toHaveLength(others.length)
    expect(asked).toEqual([])
    const request = new Request(`${base}/cosigner/signSession`, {
      method: 'POST',
      body: JSON.stringify({ session: session(), transaction: transaction() }),
    })
    expect((await page.fetch(request)).status).toBe(200)
  })

  test.each([
    ['no hash', { session: session({ sessionHash: undefined }) }, 400, 'badRequest'],
    ['no session', { session: undefined }, 400, 'badRequest'],
    ['another authorization', { session: session({ sessionAuthorisation: ['0x1'] }) }, 400, 'badRequest'],
    ['another kind of key', { session: session({ sessionSignature: { type: 'Secp256k1' } }) }, 400, 'badRequest'],
    ['another account', { transaction: transaction({ sender_address: '0xb' }) }, 400, 'badRequest'],
    ['another chain', { transaction: transaction({ chain_id: '1' }) }, 400, 'badRequest'],
    ['another version', { transaction: transaction({ version: '1' }) }, 400, 'badRequest'],
  ])('with %s never reaches the second key', async (_name, more, status, word) => {
    const answer = await post({ session: session(), transaction: transaction(), ...more })
    expect(answer).toEqual({ status, json: { status: word } })
    expect(asked.filter(({ type }) => type === 'wallet_cosignSession')).toEqual([])
  })

  test('a session that is not listed is named by its hash: the wallet says whether it sleeps or knows none', async () => {
    cosigned = () => {
      throw Object.assign(new Error('An error occurred (X)'), { code: 216, data: {} })
    }
    const answer = await post({ session: session({ sessionHash: '1' }), transaction: transaction() })
    expect(answer).toMatchObject({ status: 423, json: { status: 'locked' } })
    expect(asked.map(({ type, params }) => [type, (params as { id?: string }).id])).toEqual([
      ['wallet_getSessions', undefined],
      ['wallet_cosignSession', '0x1'],
    ])
  })

  test('a session that has ended is found, so that the wallet can say so', async () => {
    await post({ session: session(), transaction: transaction() })
    expect(asked[0]?.params).toEqual({ include_ended: true })
  })

  test.each([
    [114, { at: '/transaction/nonce' }, 409, 'nonceMismatch'],
    [114, { at: '/transaction/resource_bounds' }, 400, 'badRequest'],
    [210, { feature: '/cache' }, 400, 'cacheUnsupported'],
    [211, {}, 404, 'unknownSession'],
    [212, {}, 403, 'notActive'],
    [213, {}, 403, 'outsidePolicy'],
    [214, {}, 429, 'limitReached'],
    [215, {}, 403, 'outsidePolicy'],
    [216, {}, 423, 'locked'],
    [217, {}, 403, 'outsidePolicy'],
    [163, {}, 400, 'badRequest'],
  ])('a refusal %i %o of the wallet is the word %i %s, with the error beside it', async (code, data, status, word) => {
    const error = { code, message: 'An error occurred (X)', data }
    cosigned = () => {
      throw Object.assign(new Error(error.message), { code, data })
    }
    const answer = await post({ session: session(), transaction: transaction() })
    expect(answer).toEqual({ status, json: { status: word, error } })
  })
})

describe('helpers', () => {
  test('say the methods of the wallet, and nothing that was not named', async () => {
    const request = { calls: [], duration: 5 }
    await sdk.requestSession(wallet, request)
    await sdk.requestSessions(wallet, [request])
    await sdk.getSessions(wallet, { tag: 't', includeEnded: true })
    await sdk.checkSession(wallet, [])
    await sdk.updateSession(wallet, 's1', { enabled: false })
    await sdk.rotateSession(wallet, { tag: 't' })
    await sdk.revokeSession(wallet, 's1', 'now')
    expect(asked).toEqual([
      { type: 'wallet_requestSession', params: request },
      { type: 'wallet_requestSession', params: [request] },
      { type: 'wallet_getSessions', params: { tag: 't', include_ended: true } },
      { type: 'wallet_checkSession', params: { calls: [] } },
      { type: 'wallet_updateSession', params: { enabled: false, id: 's1' } },
      { type: 'wallet_rotateSession', params: { tag: 't' } },
      { type: 'wallet_revokeSession', params: { id: 's1', on_chain: 'now' } },
    ])
  })

  test('supportsSessions: any error is no; the node is asked for class and second key', async () => {
    const has = { accounts: [{ account: ACCOUNT }, { account: '0xb' }] }
    const able: sdk.Wallet = { request: async () => has }
    expect(await sdk.supportsSessions(able)).toBe(has)
    expect(await sdk.supportsSessions(able, '0xa')).toEqual({ accounts: [{ account: ACCOUNT }] })
    const unable: sdk.Wallet = { request: () => Promise.reject(new Error('method')) }
    expect(await sdk.supportsSessions(unable)).toBe(false)
    const node = (classHash: string, guardian: string): sdk.NodeReader => ({
      getClassHashAt: async () => classHash,
      callContract: async () => [guardian],
    })
    const own = '0x036078334509b514626504edc9fb252328d1a240e4e948bef8d0c08dff45927f'
    expect(await sdk.supportsSessions('0xa', node(own, '0x7'))).toBe(true)
    expect(await sdk.supportsSessions('0xa', node(own, '0x0'))).toBe(false)
    expect(await sdk.supportsSessions('0xa', node('0x1', '0x7'))).toBe(false)
  })

  test('policyFromCalls has one rule for a contract, however it is spelled, and each action once', () => {
    const calls = [
      { contract_address: '0xA', entry_point: 'move' },
      { contract_address: '0x0a', entry_point: 'move' },
      { contract_address: '0xa', entry_point: 'buy' },
      { contract_address: '0xb', entry_point: 'move' },
    ]
    expect(sdk.policyFromCalls(calls, { duration: 60 })).toEqual({
      duration: 60,
      calls: [
        { contract_address: '0xA', entry_point: ['move', 'buy'] },
        { contract_address: '0xb', entry_point: ['move'] },
      ],
    })
  })

  test('a generated key is fresh, and its public half is its own', () => {
    const [a, b] = [sdk.generateSessionKey(), sdk.generateSessionKey()]
    expect(a.privateKey).not.toBe(b.privateKey)
    const bytes = Uint8Array.from(Buffer.from(a.privateKey.slice(2).padStart(64, '0'), 'hex'))
    expect(publicKeyOf(bytes)).toBe(a.publicKey)
  })

  test('selectorOf reads a name, a line of an ABI and a selector', () => {
    const transfer = '0x83afd3f4caedc6eebf44246fe54e38c95e3179a5ec9ea81740eca5b482d12e'
    const spellings = [
      'transfer',
      'fn transfer(to: felt)',
      'function transfer(address,uint256)',
      `0x0${transfer.slice(2)}`,
    ]
    expect(spellings.map(sdk.selectorOf)).toEqual(spellings.map(() => transfer))
    expect(() => sdk.selectorOf('transfer; approve')).toThrow(RangeError)
  })

  test('onSessionsChanged hears until it is told to stop', () => {
    const listeners = new Map<string, (payload: never) => void>()
    const heard: unknown[] = []
    const live: sdk.Wallet = {
      request: async () => null,
      on: (event, listener) => listeners.set(event, listener),
      off: (event) => listeners.delete(event),
    }
    const stop = sdk.onSessionsChanged(live, (all) => heard.push(all))
    listeners.get('sessionsChanged')?.([SESSION] as never)
    listeners.get('sessionsChanged')?.(undefined as never)
    stop()
    expect(heard).toEqual([[SESSION], []])
    expect(listeners.size).toBe(0)
  })
})
