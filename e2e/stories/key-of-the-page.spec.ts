import type { Address, Felt } from '../../src/core/felt.ts'
import { publicKey, randomKey, sign } from '../../src/starknet/curve.ts'
import { invokeBody, invokeHash } from '../../src/starknet/invoke.ts'
import { selectorOf } from '../../src/starknet/selector.ts'
import { readAuthorization, sessionMessage, sessionToken } from '../../src/starknet/session-token.ts'
import { expect, test } from '../kept.ts'
import { clickFor, request, windowsFrom } from '../site.ts'

test.use({ story: 'key-of-the-page' })

const fresh = () => randomKey((length) => crypto.getRandomValues(new Uint8Array(length)))

test('a page signs with its own key, the wallet beside it, and the chain takes it; another key signs nothing', async ({
  kept,
  devnet,
  fixtures,
}) => {
  await kept.player()
  const page = await kept.visitor()
  const mine = fresh()
  const key = { held_by: 'dapp', public_key: publicKey(mine) }
  const calls = [{ contract_address: fixtures.game, entry_point: 'move' }]
  const asked = { calls, key, duration: 3_600 }
  const { window, answer } = await clickFor(page, 'wallet_requestSession', asked)
  await expect(window.getByText(/keeps the key of this session and sends by itself/)).toBeVisible()
  await expect(window.getByText('The site holds the key. A leak lets others use this session.')).toBeVisible()
  await kept.person.allow(window, 'Allow session')
  const session = (await answer).result as {
    id: string
    chain_id: Felt
    chain: {
      session_hash: Felt
      expires_at: number
      allowed_methods_root: Felt
      metadata: string
      authorization: Felt[]
    }
  }
  expect(session).toMatchObject({ key, status: 'active', backing: 'chain' })

  const windows = windowsFrom(page)
  expect((await request(page, 'wallet_requestSession', asked)).result).toMatchObject({ id: session.id })
  const account = kept.address
  const block = await devnet.rpc<Record<string, { price_in_fri: string }>>('starknet_getBlockWithTxHashes', {
    block_id: 'latest',
  })
  const price = (of: string) => (BigInt(block[of]?.price_in_fri ?? 0) * 3n) / 2n
  const nonce = await devnet.rpc<Felt>('starknet_getNonce', { block_id: 'pre_confirmed', contract_address: account })
  const sender = `0x${BigInt(account).toString(16)}` as Address
  const built = {
    chainId: `0x${BigInt(session.chain_id).toString(16)}` as Felt,
    sender,
    calls: [
      {
        to: `0x${BigInt(fixtures.game).toString(16)}` as Address,
        selector: selectorOf('move'),
        calldata: ['0x1', '0x2'] as Felt[],
      },
    ],
    nonce,
    tip: 0n,
    bounds: {
      l1_gas: { maxAmount: 0n, maxPrice: price('l1_gas_price') },
      l2_gas: { maxAmount: 12_000_000n, maxPrice: price('l2_gas_price') },
      l1_data_gas: { maxAmount: 2_000n, maxPrice: price('l1_data_gas_price') },
    },
  }
  const hash = invokeHash(built)
  const sessionHash = `0x${BigInt(session.chain.session_hash).toString(16)}` as Felt
  const message = sessionMessage(hash, sessionHash)
  const { signature: _none, ...transaction } = invokeBody({ ...built, signature: [] })
  const cosign = (by: Uint8Array) => {
    const { r, s } = sign(message, by)
    return request(page, 'wallet_cosignSession', { id: session.id, session_signature: [r, s], transaction })
  }
  expect(await cosign(fresh())).toMatchObject({ code: 114, data: { at: '/session_signature' } })
  const [, r, s] = (await cosign(mine)).result as [Felt, Felt, Felt]
  const signature = sessionToken({
    expiresAt: session.chain.expires_at,
    root: session.chain.allowed_methods_root,
    metadata: session.chain.metadata,
    sessionPublicKey: publicKey(mine),
    authorization: readAuthorization(session.chain.authorization),
    session: sign(message, mine),
    guardian: { r, s },
    proofs: [[]],
  })
  const { transaction_hash } = await devnet.rpc<{ transaction_hash: Felt }>('starknet_addInvokeTransaction', {
    invoke_transaction: invokeBody({ ...built, signature }),
  })
  expect(BigInt(transaction_hash)).toBe(BigInt(hash))
  await expect
    .poll(async () => (await devnet.account.provider.getTransactionReceipt(transaction_hash)).isSuccess(), {
      timeout: 60_000,
    })
    .toBe(true)
  expect(windows.count()).toBe(0)
})
