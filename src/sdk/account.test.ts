import { CallData, Contract, cairo, RpcProvider } from 'starknet'
import { beforeEach, expect, test } from 'vitest'
import { dapp } from '../core/protocol/dapp.ts'
import { decode } from '../core/schema.ts'
import { paramsText } from '../inpage/calls.ts'
import { SessionWalletAccount } from './account.ts'
import type { SessionInfo, Wallet } from './index.ts'

const ACCOUNT = `0x${'a'.padStart(64, '0')}`
const SESSION = { id: 's1', account: ACCOUNT, key: { held_by: 'wallet' }, backing: 'wallet' } as unknown as SessionInfo
let asked: { readonly type: string; readonly params?: unknown }[]
let answer: () => unknown
const wallet: Wallet = {
  request: async (call) => {
    asked.push(call)
    return answer()
  },
}
const provider = new RpcProvider({
  nodeUrl: 'http://node.invalid',
  baseFetch: () => Promise.reject(new Error('the node is not asked')),
})
const accountOf = (session = SESSION) => new SessionWalletAccount({ provider, wallet, session })
beforeEach(() => {
  asked = []
  answer = () => ({ transaction_hash: '0x5' })
})

test('never opens a window: every call names its session, and that session only', async () => {
  const call = { contractAddress: '0x1', entrypoint: 'move', calldata: [1, 2n, '0x3'] }
  expect(await accountOf().execute(call)).toEqual({ transaction_hash: '0x5' })
  await accountOf().execute([call, { ...call, entrypoint: 'buy', calldata: undefined }] as (typeof call)[])
  const session = { mode: 'only', id: 's1' }
  const move = { contract_address: '0x1', entry_point: 'move', calldata: ['1', '2', '3'] }
  expect(asked).toEqual([
    { type: 'wallet_addInvokeTransaction', params: { calls: [move], session } },
    {
      type: 'wallet_addInvokeTransaction',
      params: { calls: [move, { ...move, entry_point: 'buy', calldata: [] }], session },
    },
  ])
})

test('what it sends is what the page script and the wallet take', async () => {
  const compiled = CallData.compile({ to: '0x7', amount: cairo.uint256(5) })
  const calls = [
    { contractAddress: '0x1', entrypoint: 'pay', calldata: { to: '0x7', amount: cairo.uint256(5), list: [1, 2] } },
    { contractAddress: '0x1', entrypoint: 'pay', calldata: compiled },
  ]
  await accountOf().execute(calls)
  const { type, params } = asked[0]!
  const read = decode(dapp.wallet_addInvokeTransaction.params, JSON.parse(paramsText(type, params)))
  expect(read).toMatchObject({
    ok: true,
    value: {
      calls: [{ calldata: ['0x7', '0x5', '0x0', '0x2', '0x1', '0x2'] }, { calldata: ['0x7', '0x5', '0x0'] }],
      session: { mode: 'only', id: 's1' },
    },
  })
})

test('a contract of starknet.js calls through it', async () => {
  const felt = (name: string) => ({ name, type: 'core::felt252' })
  const move = { type: 'function', name: 'move', inputs: [felt('x'), felt('y')], outputs: [] }
  const abi = [{ type: 'interface', name: 'Game', items: [{ ...move, state_mutability: 'external' }] }]
  const game = new Contract({ abi, address: '0x1', providerOrAccount: accountOf() })
  expect(await game.invoke('move', [1, 2])).toEqual({ transaction_hash: '0x5' })
  expect(asked[0]?.params).toEqual({
    calls: [{ contract_address: '0x1', entry_point: 'move', calldata: ['1', '2'] }],
    session: { mode: 'only', id: 's1' },
  })
})

test('a miss is the error of the wallet, as it is', async () => {
  const error = Object.assign(new Error('An error occurred (SESSION_RULE_MISMATCH)'), { code: 213, data: {} })
  answer = () => {
    throw error
  }
  await expect(accountOf().execute({ contractAddress: '0x1', entrypoint: 'move' })).rejects.toBe(error)
})

test.each([
  ['nonce', 1],
  ['tip', 0n],
  ['resourceBounds', {}],
  ['version', 3],
  ['proof', 'x'],
  ['paymasterData', []],
])('a %s that is given is refused: the wallet chooses it, and would choose another', async (name, value) => {
  const call = { contractAddress: '0x1', entrypoint: 'move' }
  await expect(accountOf().execute(call, { [name]: value })).rejects.toMatchObject({
    code: 114,
    data: { at: `/details/${name}` },
  })
  expect(asked).toEqual([])
  await accountOf().execute(call, { [name]: undefined })
  expect(asked).toHaveLength(1)
})

test('what else an account signs, it does not; what goes through execute names the session too', async () => {
  const account = accountOf()
  const message = { types: {}, primaryType: 'A', domain: {}, message: {} }
  await expect(account.signMessage(message)).rejects.toMatchObject({ code: 210, data: { feature: 'signMessage' } })
  const signing = account.signer.signTransaction([], {} as never)
  await expect(signing).rejects.toMatchObject({ code: 210, data: { feature: 'signTransaction' } })
  expect(asked).toEqual([])
  await account.deploy({ classHash: '0x1', salt: '0x2', constructorCalldata: [] })
  expect(asked[0]?.params).toMatchObject({ session: { mode: 'only', id: 's1' } })
})

test('a session whose key is held elsewhere is none of its', () => {
  const key = { held_by: 'dapp', public_key: '0x1' } as const
  expect(() => accountOf({ ...SESSION, key })).toThrow(RangeError)
})
