import { type ChildProcess, spawn } from 'node:child_process'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { Account, type Call, logger, RpcProvider } from 'starknet'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { publicKey, randomKey } from '../starknet/curve.ts'
import { generateSessionKey, requestSession, walletCosigner } from './index.ts'
import { SessionSigner } from './signer.ts'
import { stubWallet } from './stub-wallet.ts'

/** The real chain: only where a devnet binary is named. */
const binary = process.env.DEVNET_PATH
const ACCOUNT_CLASS = '0x036078334509b514626504edc9fb252328d1a240e4e948bef8d0c08dff45927f'
const STRK = '0x04718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d'
const FRIEND = '0xf41e4d'
const SPENDER = '0x59e4d'
// It warns of a chain too young to know a usual tip.
logger.setLogLevel('ERROR')

const fresh = () => randomKey((length) => crypto.getRandomValues(new Uint8Array(length)))
const transfer = (amount: number): Call => ({
  contractAddress: STRK,
  entrypoint: 'transfer',
  calldata: [FRIEND, amount, 0],
})

describe.skipIf(binary === undefined)('a session signer on a real devnet', () => {
  let devnet: ChildProcess
  let url: string
  let provider: RpcProvider
  // Node's own client: files share a process, and egress.test.ts locks `fetch` in it for good.
  const post = (body: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const asking = request(url, { method: 'POST', headers: { 'content-type': 'application/json' } }, (answer) => {
        const parts: Buffer[] = []
        answer.on('data', (part: Buffer) => parts.push(part))
        answer.once('error', reject)
        answer.once('end', () => resolve(Buffer.concat(parts).toString()))
      })
      asking.once('error', reject)
      asking.end(body)
    })
  const rpc = async <T>(method: string, params: object): Promise<T> =>
    (JSON.parse(await post(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }))) as { result: T }).result

  beforeAll(async () => {
    const port = await freePort()
    url = `http://127.0.0.1:${port}/rpc`
    devnet = spawn(binary!, ['--seed', '1', '--port', String(port), '--predeclare-argent', '--accounts', '1'], {
      stdio: 'ignore',
    })
    await vi.waitFor(() => rpc('starknet_chainId', {}), { timeout: 30_000, interval: 100 })
    provider = new RpcProvider({
      nodeUrl: url,
      baseFetch: async (_url, init) => new Response(await post(String(init?.body))),
    })
  })
  afterAll(() => {
    devnet.kill()
  })

  it('an account of class 0.4.0 runs what it signed, inside bounds that it prepared', {
    timeout: 120_000,
  }, async () => {
    const [owner, guardian] = [fresh(), fresh()]
    const [bank] = await rpc<{ address: string; private_key: string }[]>('devnet_getPredeployedAccounts', {})
    const banker = new Account({ provider, address: bank!.address, signer: bank!.private_key })
    const constructorCalldata = ['0x0', publicKey(owner), '0x0', '0x0', publicKey(guardian)]
    const deployed = await banker.deployContract({ classHash: ACCOUNT_CLASS, constructorCalldata }, { tip: 0 })
    await rpc('devnet_mint', { address: deployed.contract_address, amount: 10 ** 19, unit: 'FRI' })

    const account = deployed.contract_address
    const chainId = await provider.getChainId()
    const wallet = stubWallet({ account, chainId, owner, guardian })
    const key = generateSessionKey()
    const session = await requestSession(wallet, {
      calls: [
        { contract_address: STRK, entry_point: ['transfer', 'approve'] },
        { contract_address: FRIEND, entry_point: 'move' },
      ],
      key: { held_by: 'dapp', public_key: key.publicKey },
    })
    const cosigner = walletCosigner(wallet)
    const signer = new SessionSigner({ session, privateKey: key.privateKey, cosigner, node: provider })
    const player = new Account({ provider, address: account, signer, cairoVersion: '1' })
    const approve = { contractAddress: STRK, entrypoint: 'approve', calldata: { spender: SPENDER, low: 5, high: 0 } }
    for (const calls of [[transfer(1)], [transfer(2)], [transfer(3), approve], [approve, approve, transfer(4)]]) {
      const prepared = await signer.prepare(calls)
      const { transaction_hash } = await player.execute(calls, prepared)
      const receipt = await provider.waitForTransaction(transaction_hash, { retryInterval: 100 })
      expect(receipt.isSuccess()).toBe(true)
      const used = BigInt((receipt.value as { execution_resources: { l2_gas: number } }).execution_resources.l2_gas)
      // Half as much again as the formula, which is at most a twentieth above what it takes.
      const committed = prepared.resourceBounds.l2_gas.max_amount
      expect(committed * 2n).toBeGreaterThanOrEqual(used * 3n)
      expect(committed * 40n).toBeLessThanOrEqual(used * 63n)
    }
    const balance = await provider.callContract({ contractAddress: STRK, entrypoint: 'balance_of', calldata: [FRIEND] })
    expect(BigInt(balance[0]!)).toBe(10n)

    // What starknet.js estimates by itself would fail here, and its fee would be gone.
    const nonce = await player.getNonce()
    await expect(player.execute(transfer(5), { tip: 0 })).rejects.toMatchObject({
      code: 114,
      data: { at: '/transaction/resource_bounds' },
    })
    // The node runs the calls before anything is signed: more than there is fails there.
    await expect(signer.prepare({ ...transfer(0), calldata: [FRIEND, 0, 1] })).rejects.toMatchObject({ code: 217 })
    expect(await player.getNonce()).toBe(nonce)
  })
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const bound = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (bound === null || typeof bound === 'string') throw new Error('no port')
  return bound.port
}
