import { describe, expect, it } from 'vitest'
import { paramsText } from './calls.ts'
import { unfitOf } from './plain.ts'

const INVOKE = 'wallet_addInvokeTransaction'
const read = (type: string, params: unknown): unknown => JSON.parse(paramsText(type, params))
const refusal = (type: string, params: unknown) => {
  try {
    return paramsText(type, params)
  } catch (error) {
    return unfitOf(error)
  }
}

describe('params of a request', () => {
  it('absent ones are an empty object', () => {
    expect([paramsText('x', undefined), paramsText('x', null)]).toEqual(['{}', '{}'])
  })

  it('plain data is written as JSON.stringify does, members that are undefined left out', () => {
    const params = { a: [1, -0, 1e21, 'é"\n\u2028', true, null], 'b/~': { c: undefined, d: {} }, e: '\ud800' }
    expect(paramsText('x', params)).toBe(JSON.stringify(params))
  })

  it('calls get canonical addresses and hex felts, under both spellings, in a list or alone', () => {
    const felts = ['0x1', '0x616263']
    const asked = (address: unknown, name: string) => ({ [name]: address, entry_point: 'move', calldata: [1n, 'abc'] })
    expect(
      read(INVOKE, {
        calls: [asked('0x00AB', 'contract_address'), asked(171n, 'contractAddress')],
        session: { id: 'a' },
      }),
    ).toEqual({
      calls: [
        { contract_address: '0xab', entry_point: 'move', calldata: felts },
        { contractAddress: '0xab', entry_point: 'move', calldata: felts },
      ],
      session: { id: 'a' },
    })
    for (const type of ['starknet_addInvokeTransaction', 'wallet_checkSession'])
      expect(read(type, { calls: asked('171', 'contractAddress') })).toEqual({
        calls: { contractAddress: '0xab', entry_point: 'move', calldata: felts },
      })
  })

  it('other methods and other places keep their values', () => {
    const params = { calls: [{ contract_address: '0x00AB', calldata: [1] }] }
    expect(read('wallet_requestSession', params)).toEqual(params)
    expect(read(INVOKE, { calls: [], session: params })).toEqual({ calls: [], session: params })
  })

  it('numbers of a message that JSON has not become hex text, below zero decimal', () => {
    const message = { amount: 2n ** 128n, list: [0n, -5n], text: '7' }
    for (const type of ['wallet_signTypedData', 'starknet_signTypedData']) {
      expect(read(type, { message })).toEqual({
        message: { amount: `0x1${'0'.repeat(32)}`, list: ['0x0', '-5'], text: '7' },
      })
    }
  })

  it('what is no call and no address is left to the worker, which names its path', () => {
    expect(read(INVOKE, { calls: [1, { contract_address: '0x' }, { contract_address: 5 }] })).toEqual({
      calls: [1, { contract_address: '0x' }, { contract_address: 5 }],
    })
  })

  it.each([
    ['a bigint', { a: { b: 1n } }, '/a/b'],
    ['a function', { a: [() => 1] }, '/a/0'],
    ['undefined in a list', { a: [undefined] }, '/a/0'],
    ['NaN', { a: Number.NaN }, '/a'],
    ['Infinity', { a: Number.POSITIVE_INFINITY }, '/a'],
    ['a date', { a: new Date(0) }, '/a'],
    ['a map', { a: new Map() }, '/a'],
    ['a buffer', { a: new Uint8Array(1) }, '/a'],
    ['a symbol', { a: Symbol('a') }, '/a'],
    ['17 levels', { a: JSON.parse(`${'['.repeat(18)}1${']'.repeat(18)}`) }, `/a${'/0'.repeat(16)}`],
    ['felts, with the path of the call', { calls: [{}, { calldata: ['a', -1] }] }, '/calls/1/calldata/1'],
  ])('refuses: %s', (_, params, at) => {
    expect(refusal(INVOKE, params)).toMatchObject({ at })
  })

  it('refuses: a cycle, a wide cycle and a list without end, at once', () => {
    const cycle: Record<string, unknown> = {}
    for (const name of 'abcdefgh') cycle[name] = cycle
    const endless = new Proxy([], { get: (_, name) => (name === 'length' ? 2 ** 52 : 1) })
    const from = performance.now()
    for (const params of [cycle, { endless }, { calls: endless }]) expect(refusal(INVOKE, params)).toHaveProperty('why')
    expect(performance.now() - from).toBeLessThan(1_000)
  })

  it('no toJSON is called, own or inherited', () => {
    const asked: string[] = []
    const spy = (name: string) => ({ value: () => asked.push(name), configurable: true })
    Object.defineProperty(Object.prototype, 'toJSON', spy('object'))
    Object.defineProperty(Array.prototype, 'toJSON', spy('array'))
    try {
      expect(paramsText('x', { a: [{}] })).toBe('{"a":[{}]}')
    } finally {
      Reflect.deleteProperty(Object.prototype, 'toJSON')
      Reflect.deleteProperty(Array.prototype, 'toJSON')
    }
    expect(asked).toEqual([])
  })
})
