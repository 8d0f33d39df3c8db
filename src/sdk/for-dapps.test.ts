// The code of docs/for-dapps.md that wants starknet.js. What stands between two markers stands there word for word.
import { Account, RpcProvider } from 'starknet'
import { expect, test } from 'vitest'
import { SessionSigner, SessionWalletAccount } from './accounts.ts'
import { sampleStore } from './agent/samples.ts'
import { agentSigner, localCosigner, ownSession } from './agent.ts'
import { generateSessionKey, requestSession, walletCosigner } from './index.ts'
import { stubWallet } from './stub-wallet.ts'

const GAME = '0x9a3e'
const keyOf = (byte: number) => Uint8Array.from({ length: 32 }, (_, at) => (at === 31 ? byte : 0))
const walletOf = () =>
  stubWallet({ account: '0xacc0', chainId: '0x534e5f5345504f4c4941', owner: keyOf(1), guardian: keyOf(2) })
const ANSWERS: Readonly<Record<string, unknown>> = {
  starknet_chainId: '0x534e5f5345504f4c4941',
  starknet_getNonce: '0x3',
  starknet_estimateFee: [
    {
      l1_gas_consumed: '0x0',
      l2_gas_consumed: '0x100000',
      l1_data_gas_consumed: '0x80',
      l1_gas_price: '0x1',
      l2_gas_price: '0x1',
      l1_data_gas_price: '0x1',
    },
  ],
  starknet_addInvokeTransaction: { transaction_hash: '0x6' },
}
let methods: string[] = []
const provider = new RpcProvider({
  nodeUrl: 'http://node.invalid',
  baseFetch: async (_url, init) => {
    const { method } = JSON.parse(String(init?.body)) as { method: string }
    methods.push(method)
    return new Response(JSON.stringify({ result: ANSWERS[method] }))
  },
})

test('an account of a session that the wallet holds', async () => {
  const wallet = walletOf()
  const session = await requestSession(wallet, { calls: [{ contract_address: GAME, entry_point: 'move' }] })
  methods = []
  /* snippet: walletAccount */
  const account = new SessionWalletAccount({ provider, wallet, session })
  const { transaction_hash } = await account.execute({ contractAddress: GAME, entrypoint: 'move', calldata: [1, 2] })
  /* end */
  expect(transaction_hash).toBe('0x5')
  expect(wallet.asked).toEqual(['wallet_requestSession', 'wallet_addInvokeTransaction'])
  expect(methods).toEqual([])
})

test('an account of a session whose key the page holds', async () => {
  const wallet = walletOf()
  methods = []
  /* snippet: pageKey */
  const key = generateSessionKey()
  const session = await requestSession(wallet, {
    calls: [{ contract_address: GAME, entry_point: ['move', 'buy'] }],
    key: { held_by: 'dapp', public_key: key.publicKey },
  })
  const cosigner = walletCosigner(wallet)
  const signer = new SessionSigner({ session, privateKey: key.privateKey, cosigner, node: provider })
  const account = new Account({ provider, address: session.account, signer, cairoVersion: '1' })
  const call = { contractAddress: GAME, entrypoint: 'move', calldata: [1, 2] }
  const { transaction_hash } = await account.execute(call, await signer.prepare(call))
  /* end */
  expect(transaction_hash).toBe('0x6')
  expect(wallet.asked).toEqual(['wallet_requestSession', 'wallet_cosignSession'])
  expect(methods).toContain('starknet_addInvokeTransaction')
})

test('an agent whose account has keys of its own', async () => {
  const [ACCOUNT, TOKEN, chainId] = ['0xacc0', '0x70ce', '0x534e5f5345504f4c4941']
  const [ownerKey, guardianKey] = [generateSessionKey().privateKey, generateSessionKey().privateKey]
  const store = sampleStore()
  methods = []
  /* snippet: ownAgent */
  const policy = {
    duration: 86_400,
    calls: [
      { contract_address: GAME, entry_point: 'move' },
      { contract_address: TOKEN, entry_point: 'transfer' },
    ],
    spend_limits: [{ token: TOKEN, total: '5000000000000000000' }],
  }
  const key = generateSessionKey()
  const session = ownSession({ account: ACCOUNT, chainId, ownerKey, guardianKey, publicKey: key.publicKey, policy })
  const cosigner = localCosigner({ guardianKey, policy, session, store })
  const signer = agentSigner({ session, privateKey: key.privateKey, cosigner, node: provider })
  const account = new Account({ provider, address: ACCOUNT, signer, cairoVersion: '1' })
  const call = { contractAddress: GAME, entrypoint: 'move', calldata: [1, 2] }
  const { transaction_hash } = await account.execute(call, await signer.prepare(call))
  /* end */
  expect(transaction_hash).toBe('0x6')
  expect(store.text).toContain('"meter":"tx"')
  expect(methods).toContain('starknet_addInvokeTransaction')
})
