import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer, request } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Account, type Call, logger, RpcProvider } from 'starknet'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Address, felt } from '../core/felt.ts'
import { sign } from '../starknet/curve.ts'
import { invokeBody, invokeHash } from '../starknet/invoke.ts'
import { selectorOf } from '../starknet/selector.ts'
import { readAuthorization, sessionMessage, sessionToken } from '../starknet/session-token.ts'
import {
  agentSigner,
  type Cosigner,
  type CosignerStore,
  localCosigner,
  type OwnSession,
  ownSession,
  relayClient,
} from './agent.ts'
import { generateSessionKey, installCosignerFetch, setWallet } from './index.ts'
import { keyOf } from './signer.ts'
import type { CosignParams, SessionPolicyWire } from './wire.ts'

/** The real chain: only where a devnet binary is named. */
const binary = process.env.DEVNET_PATH
const ACCOUNT_CLASS = '0x036078334509b514626504edc9fb252328d1a240e4e948bef8d0c08dff45927f'
const STRK = '0x04718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d'
const FRIEND = '0xf41e4d'
const POLICY: SessionPolicyWire = {
  calls: [{ contract_address: STRK, entry_point: 'transfer' }],
  spend_limits: [{ token: STRK, total: '10' }],
}
// It warns of a chain too young to know a usual tip.
logger.setLogLevel('ERROR')

const transfer = (amount: number): Call => ({
  contractAddress: STRK,
  entrypoint: 'transfer',
  calldata: [FRIEND, amount, 0],
})
const approve: Call = { contractAddress: STRK, entrypoint: 'approve', calldata: [FRIEND, 1, 0] }

describe.skipIf(binary === undefined)('an agent with a co-signer of its own on a real devnet', () => {
  let devnet: ChildProcess
  let folder: string
  let provider: RpcProvider
  let url: string
  // Node's own client: files share a process, and egress.test.ts locks `fetch` in it for good.
  const overHttp = (async (to: string, init?: RequestInit) => {
    const { status, text } = await post(to, String(init?.body))
    return new Response(text, { status })
  }) as typeof fetch
  const rpc = async <T>(method: string, params: object): Promise<T> =>
    (JSON.parse((await post(url, JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }))).text) as { result: T })
      .result

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-agent-'))
    const port = await freePort()
    url = `http://127.0.0.1:${port}/rpc`
    devnet = spawn(binary!, ['--seed', '1', '--port', String(port), '--predeclare-argent', '--accounts', '1'], {
      stdio: 'ignore',
    })
    await vi.waitFor(() => rpc('starknet_chainId', {}), { timeout: 30_000, interval: 100 })
    provider = new RpcProvider({ nodeUrl: url, baseFetch: overHttp })
  })
  afterAll(() => {
    devnet.kill()
    rmSync(folder, { recursive: true, force: true })
  })

  it('XS-3: an account with keys of its own runs what its own co-signer allows, and the chain holds its list', {
    timeout: 120_000,
  }, async () => {
    const [owner, guardian, key] = [generateSessionKey(), generateSessionKey(), generateSessionKey()]
    const account = await deployed(owner.publicKey, guardian.publicKey)
    const session = ownSession({
      account,
      chainId: await provider.getChainId(),
      ownerKey: owner.privateKey,
      guardianKey: guardian.privateKey,
      publicKey: key.publicKey,
      policy: POLICY,
    })
    // A file, so that what starts again has nothing but it.
    const store = fileStore(join(folder, 'book.json'))
    const started = () => localCosigner({ guardianKey: guardian.privateKey, policy: POLICY, session, store })
    const agent = (cosigner: Cosigner) => {
      const signer = agentSigner({ session, privateKey: key.privateKey, cosigner, node: provider })
      const player = new Account({ provider, address: account, signer, cairoVersion: '1' })
      return async (calls: Call | Call[]) => {
        const { transaction_hash } = await player.execute(calls, await signer.prepare(calls))
        return provider.waitForTransaction(transaction_hash, { retryInterval: 100 })
      }
    }

    const first = agent(started())
    for (const calls of [transfer(1), [transfer(2), transfer(1)]]) expect((await first(calls)).isSuccess()).toBe(true)
    // Another process, another co-signer, at a URL: the same book.
    const relay = await served(started(), session)
    const second = agent(relayClient(relay.url, { session, fetch: overHttp }))
    expect((await second(transfer(3))).isSuccess()).toBe(true)
    await expect(second(transfer(4))).rejects.toMatchObject({ code: 214, data: { left: '3', wanted: '4' } })
    await relay.close()
    await expect(agent(started())(transfer(4))).rejects.toMatchObject({ code: 214, data: { left: '3' } })
    const balance = await provider.callContract({ contractAddress: STRK, entrypoint: 'balance_of', calldata: [FRIEND] })
    expect(BigInt(balance[0]!)).toBe(7n)

    // An unlisted call: refused by the signer, by the co-signer when it is asked all the same, and by the chain.
    await expect(first(approve)).rejects.toMatchObject({ code: 213 })
    const forced = await byForce()
    await expect(started().cosign(forced.asked)).rejects.toMatchObject({ code: 213, data: { call: 0 } })
    const nonce = await provider.getNonceForAddress(account)
    const sent = await post(
      url,
      JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'starknet_addInvokeTransaction',
        params: { invoke_transaction: forced.signed },
      }),
    )
    expect(sent.text).toContain('session/invalid-call')
    expect(await provider.getNonceForAddress(account)).toBe(nonce)

    /** Signed by both keys without asking anybody, with the proof of the one call that is in the list. */
    async function byForce() {
      const signer = agentSigner({ session, privateKey: key.privateKey, cosigner: started(), node: provider })
      const { nonce, tip, resourceBounds } = await signer.prepare(transfer(1))
      const bound = ({ max_amount, max_price_per_unit }: typeof resourceBounds.l1_gas) => ({
        maxAmount: BigInt(max_amount),
        maxPrice: BigInt(max_price_per_unit),
      })
      const { l1_gas, l2_gas, l1_data_gas } = resourceBounds
      const to = felt(STRK) as Address
      const built = {
        chainId: felt(session.chain_id),
        sender: session.account as Address,
        calls: [{ to, selector: selectorOf('approve'), calldata: [FRIEND, '0x1', '0x0'].map(felt) }],
        nonce: felt(nonce),
        tip,
        bounds: { l1_gas: bound(l1_gas), l2_gas: bound(l2_gas), l1_data_gas: bound(l1_data_gas) },
      }
      const message = sessionMessage(invokeHash(built), felt(session.chain.session_hash))
      const bySession = sign(message, keyOf(key.privateKey))
      const token = sessionToken({
        expiresAt: session.chain.expires_at,
        root: felt(session.chain.allowed_methods_root),
        metadata: session.chain.metadata,
        sessionPublicKey: felt(key.publicKey),
        authorization: readAuthorization((session.chain.authorization ?? []).map(felt)),
        session: bySession,
        guardian: sign(message, keyOf(guardian.privateKey)),
        proofs: [[]],
      })
      const { signature, ...transaction } = invokeBody({ ...built, signature: token })
      const asked: CosignParams = { id: session.id, session_signature: [bySession.r, bySession.s], transaction }
      return { asked, signed: { ...transaction, signature } }
    }
  })

  async function deployed(ownerPublicKey: string, guardianPublicKey: string): Promise<string> {
    const [bank] = await rpc<{ address: string; private_key: string }[]>('devnet_getPredeployedAccounts', {})
    const banker = new Account({ provider, address: bank!.address, signer: bank!.private_key })
    const constructorCalldata = ['0x0', ownerPublicKey, '0x0', '0x0', guardianPublicKey]
    const { contract_address } = await banker.deployContract(
      { classHash: ACCOUNT_CLASS, constructorCalldata },
      { tip: 0 },
    )
    await rpc('devnet_mint', { address: contract_address, amount: 10 ** 19, unit: 'FRI' })
    return contract_address
  }
})

/** One process writes: `rename` puts the new text there at once, whole. */
function fileStore(path: string): CosignerStore {
  const read = () => (existsSync(path) ? readFileSync(path, 'utf8') : undefined)
  return {
    read: async () => read(),
    replace: async (before, next) => {
      if (read() !== before) return false
      writeFileSync(`${path}.next`, next)
      renameSync(`${path}.next`, path)
      return true
    },
  }
}

/** What answers an unmodified x-sessions in a page answers here, with this co-signer in the wallet's place. */
async function served(cosigner: Cosigner, session: OwnSession) {
  const scope = { fetch: (() => Promise.reject(new Error('not expected'))) as typeof fetch }
  const base = installCosignerFetch('https://latchkey.invalid/v1', scope)
  setWallet({
    request: async ({ type, params }) =>
      type === 'wallet_getSessions' ? [session] : cosigner.cosign(params as CosignParams),
  })
  const server = createHttpServer(async (asking, answering) => {
    let body = ''
    for await (const part of asking) body += part
    const answer = await scope.fetch(`${base}${(asking.url ?? '').replace('/v1', '')}`, { method: 'POST', body })
    answering.writeHead(answer.status).end(await answer.text())
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1`,
    close: async () => {
      setWallet(undefined)
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

function post(url: string, body: string): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { method: 'POST', headers: { 'content-type': 'application/json' } }, (answer) => {
      const parts: Buffer[] = []
      answer.on('data', (part: Buffer) => parts.push(part))
      answer.once('error', reject)
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString() }))
    })
    asking.once('error', reject)
    asking.end(body)
  })
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const bound = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (bound === null || typeof bound === 'string') throw new Error('no port')
  return bound.port
}
