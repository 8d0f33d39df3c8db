import { guardianKey, ownerKey } from '../../src/cold/index.ts'
import { type Address, address as addressOf, type Felt, felt, type Selector } from '../../src/core/felt.ts'
import type { Call } from '../../src/core/policy/policy.ts'
import { publicKey, sign } from '../../src/starknet/curve.ts'
import { invokeBody, invokeHash } from '../../src/starknet/invoke.ts'
import { selectorOf } from '../../src/starknet/selector.ts'
import {
  authorizationFelts,
  methodKey,
  methodTree,
  readAuthorization,
  sessionHash,
  sessionMessage,
  sessionToken,
  signerGuid,
} from '../../src/starknet/session-token.ts'
import { type Devnet, type NodeError, startDevnet } from '../devnet.ts'
import { ADDRESS, PHRASE, playing } from '../person.ts'
import { press, request, resultOf, windowsFrom } from '../site.ts'
import { test as base, expect } from '../world.ts'

/** Its own chain: time is moved on it. */
const test = base.extend<object, { devnet: Devnet }>({
  devnet: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from this pattern.
    async ({}, use) => {
      const devnet = await startDevnet()
      await use(devnet)
      await devnet.stop()
    },
    { scope: 'worker', timeout: 60_000 },
  ],
})

// The chain's clock goes back to where the other tests on it expect it.
test.afterEach(({ devnet }) => devnet.setTime(Math.floor(Date.now() / 1000)))

const STRK = '0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d'
const HOUR = 3_600
const SENDS = ['starknet_addInvokeTransaction', 'starknet_addDeployAccountTransaction']

test('AO-2 AO-13 AO-14 BI-1 CH-11 CH-12 CH-19 AL-21 T32: outside amount, action, contract, life and after the end nothing is signed', async ({
  context,
  home,
  devnet,
  site,
  fixtures,
  node,
}) => {
  test.setTimeout(240_000)
  const { page, person } = await playing({ context, home, devnet, site })
  const id = await sessionId()
  node.mark()
  const windows = windowsFrom(page)

  await press(page, 'Spend over the limit')
  expect(await resultOf(page, 'Spend over the limit')).toContain('214 An error occurred (SESSION_LIMIT_REACHED)')
  await press(page, 'Call something else')
  expect(await resultOf(page, 'Call something else')).toContain('213 An error occurred (SESSION_RULE_MISMATCH)')
  const move = { contract_address: fixtures.game, entry_point: 'move', calldata: ['0x1', '0x2'] }
  const elsewhere = { ...move, contract_address: fixtures.token }
  expect(await invoke([elsewhere])).toMatchObject({ code: 213, data: { call: 0 } })
  // One call outside takes the whole transaction with it.
  expect(await invoke([move, elsewhere])).toMatchObject({ code: 213, data: { call: 1 } })
  expect(sent()).toEqual([])
  expect(windows.count()).toBe(0)

  const window = await person.asked(() => press(page, 'Spend over the limit, ask me'))
  await expect(window.getByRole('heading', { name: 'Transaction' })).toBeVisible()
  await expect(window.getByText(/Over 2\sSTRK each: 3\sSTRK wanted/)).toBeVisible()
  await person.refuse(window)
  expect(await resultOf(page, 'Spend over the limit, ask me')).toContain('113 An error occurred (USER_REFUSED_OP)')
  expect(sent()).toEqual([])
  const again = await person.asked(() => press(page, 'Spend over the limit, ask me'))
  await person.allow(again, 'Allow once')
  expect(await resultOf(page, 'Spend over the limit, ask me', 2)).toContain('SUCCEEDED')
  expect(sent()).toEqual(['starknet_addInvokeTransaction'])

  const info = (await sessions())[0] as unknown as { chain: { session_hash: string } }
  await press(page, 'End session')
  expect(await resultOf(page, 'End session')).toContain('ended here')
  node.mark()
  expect(await invoke([move])).toMatchObject({ code: 212, data: { status: 'revoked' } })
  await expect.poll(() => isRevoked(info.chain.session_hash), { timeout: 30_000 }).toBe('0x1')

  const window2 = await person.asked(() => press(page, 'Request session'))
  await person.allow(window2, 'Allow session')
  await resultOf(page, 'Request session', 2)
  const second = await sessionId()
  await devnet.increaseTime(HOUR)
  // A check looks at the chain, which brings its time.
  await request(page, 'wallet_checkSession', { calls: [move], session: { id: second } })
  node.mark()
  expect(await invoke([move], second)).toMatchObject({ code: 212, data: { status: 'expired' } })
  expect(sent()).toEqual([])

  function invoke(calls: object[], session = id) {
    return request(page, 'wallet_addInvokeTransaction', { calls, session: { mode: 'only', id: session } })
  }
  function sent() {
    return node.since().filter((method) => SENDS.includes(method))
  }
  async function sessions() {
    return (await request(page, 'wallet_getSessions')).result as { id: string; status: string }[]
  }
  async function sessionId() {
    return (await sessions()).find(({ status }) => status === 'active')?.id ?? ''
  }
  async function isRevoked(hash: string) {
    const { result } = await request(page, 'wallet_requestAccounts', { silent_mode: true })
    const [account] = result as string[]
    const [answer] = await devnet.rpc<string[]>('starknet_call', {
      request: { contract_address: account, entry_point_selector: selectorOf('is_session_revoked'), calldata: [hash] },
      block_id: 'latest',
    })
    return answer
  }
})

test('AO-2 CH-14 F3: the chain itself refuses a session of this account that signs past the wallet', async ({
  context,
  home,
  devnet,
  site,
  fixtures,
}) => {
  test.setTimeout(180_000)
  await playing({ context, home, devnet, site }, PHRASE)
  const account = addressOf(ADDRESS)
  const chainId = felt(await devnet.rpc<string>('starknet_chainId'))
  const owner = ownerKey(PHRASE, 0)
  const guardian = guardianKey(PHRASE, 0, 0)
  const key = Uint8Array.from({ length: 32 }, (_, index) => (index === 31 ? 7 : 0))
  const game = addressOf(fixtures.game)
  const now = Math.floor(Date.now() / 1000)

  const inside = await send([call(game, 'move', [felt(1), felt(2)])], now + HOUR)
  expect(inside).toMatch(/^0x/)
  expect(await send([call(game, 'reset', [])], now + HOUR)).toContain('session/invalid-call')
  expect(await send([call(addressOf(STRK), 'transfer', [account, felt(1), felt(0)])], now + HOUR)).toContain(
    'session/invalid-call',
  )
  expect(await send([call(game, 'move', [felt(1), felt(2)])], now - 2 * HOUR)).toContain('session/expired')

  /** The transaction's hash, or the node's words. */
  async function send(calls: readonly Call[], expiresAt: number): Promise<string> {
    const methods: (readonly [Address, Selector])[] = [[game, selectorOf('move')]]
    const tree = methodTree(methods)
    const metadata = '{"projectID":"raw","txFees":[]}'
    const hash = sessionHash({
      chainId,
      account,
      expiresAt,
      root: tree.root,
      metadata,
      sessionKeyGuid: signerGuid(publicKey(key)),
    })
    const authorization = readAuthorization(
      authorizationFelts({
        ownerPublicKey: publicKey(owner),
        owner: sign(hash, owner),
        guardianPublicKey: publicKey(guardian),
        guardian: sign(hash, guardian),
      }),
    )
    const nonce = felt(await devnet.rpc<string>('starknet_getNonce', { block_id: 'latest', contract_address: account }))
    const price = 10n ** 10n
    const bounds = {
      l1_gas: { maxAmount: 0n, maxPrice: price },
      l2_gas: { maxAmount: 10_000_000n, maxPrice: price },
      l1_data_gas: { maxAmount: 2_000n, maxPrice: price },
    }
    const txHash = invokeHash({ chainId, sender: account, calls, nonce, tip: 0n, bounds })
    const message = sessionMessage(txHash, hash)
    const signature = sessionToken({
      expiresAt,
      root: tree.root,
      metadata,
      sessionPublicKey: publicKey(key),
      authorization,
      session: sign(message, key),
      guardian: sign(message, guardian),
      proofs: calls.map((it) => tree.proofs.get(methodKey(it.to, it.selector)) ?? []),
    })
    const body = invokeBody({ sender: account, calls, nonce, tip: 0n, bounds, signature })
    try {
      const { transaction_hash } = await devnet.rpc<{ transaction_hash: string }>('starknet_addInvokeTransaction', {
        invoke_transaction: body,
      })
      return transaction_hash
    } catch (error) {
      return JSON.stringify((error as NodeError).data)
    }
  }
  function call(to: Address, entrypoint: string, calldata: Felt[]): Call {
    return { to, selector: selectorOf(entrypoint), calldata }
  }
})
