import type { Page } from '@playwright/test'
import { offchainSession } from '../../src/cold/samples.ts'
import { type Address, type Felt, felt } from '../../src/core/felt.ts'
import { publicKey, randomKey, sign } from '../../src/starknet/curve.ts'
import { invokeHashV1 } from '../../src/starknet/invoke-v1.ts'
import { selectorOf } from '../../src/starknet/selector.ts'
import { expect, test } from '../kept.ts'
import { clickFor, request, windowsFrom } from '../site.ts'

test.use({ story: 'older-pages' })

const STRK = '0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d'
const CHAIN_ID = felt('0x534e5f5345504f4c4941')
const SEND = 'starknet_addInvokeTransaction'

interface Meant {
  readonly contractAddress: string
  readonly entrypoint: string
  readonly calldata: readonly string[]
}

test("AO-10 AO-14 a page of Argent's offchain sessions of early 2024: one window, then what its key signed, once", async ({
  kept,
  devnet,
  fixtures,
}) => {
  await kept.player()
  const page = await kept.visitor()
  const mine = randomKey((length) => crypto.getRandomValues(new Uint8Array(length)))
  const expires = Math.floor(Date.now() / 1000) + 3_600
  const data = offchainSession({
    account: kept.address,
    expires,
    token: STRK,
    methods: [{ contractAddress: fixtures.game, method: 'move' }],
  })
  const asked = await clickFor(page, 'starknet_signTypedData', {
    ...data,
    message: { ...data.message, sessionKey: publicKey(mine) },
  })
  await kept.person.allow(asked.window, 'Allow session')
  const authorization = (await asked.answer).result as readonly string[]
  expect(authorization).toHaveLength(9)

  const account = felt(kept.address) as Address
  const nonceNow = () => devnet.rpc<Felt>('starknet_getNonce', { block_id: 'pre_confirmed', contract_address: account })
  /** As that library does it: signed as a version 1 transaction, and the session's call put before the others. */
  const signed = async (calls: readonly Meant[], nonce?: Felt) => {
    const details = { nonce: nonce ?? (await nonceNow()), maxFee: '123456789', version: '0x1' }
    const hash = invokeHashV1({
      chainId: CHAIN_ID,
      sender: account,
      calls: calls.map(({ contractAddress, entrypoint, calldata }) => ({
        to: felt(contractAddress) as Address,
        selector: selectorOf(entrypoint),
        calldata: calldata.map((it) => felt(it)),
      })),
      nonce: felt(details.nonce),
      maxFee: felt(details.maxFee),
    })
    const { r, s } = sign(hash, mine)
    const session = [publicKey(mine), r, s, ...authorization.slice(0, 4)]
    const first = { contractAddress: kept.address, entrypoint: 'use_offchain_session', calldata: session }
    return [first, ...calls].map(({ contractAddress, entrypoint, calldata }, index) => ({
      contract_address: contractAddress,
      entrypoint,
      calldata,
      ...(index === 0 ? { offchainSessionDetails: details } : {}),
    }))
  }
  const move = (n: string): Meant => ({ contractAddress: fixtures.game, entrypoint: 'move', calldata: [n, '0x2'] })
  const reset: Meant = { contractAddress: fixtures.game, entrypoint: 'reset', calldata: [] }
  const execute = async (on: Page, calls: readonly Meant[]) => request(on, SEND, { calls: await signed(calls) })

  const windows = windowsFrom(page)
  const before = BigInt(await nonceNow())
  const set = await signed([move('0x1'), move('0x2')])
  const { result } = (await request(page, SEND, { calls: set })) as { result: { transaction_hash: Felt } }
  const receipt = await devnet.account.provider.waitForTransaction(result.transaction_hash)
  expect(receipt.isSuccess()).toBe(true)
  // Sent by the session's own keys as version 3, with these two calls and none to the account.
  const made = await devnet.rpc<{ version: string; calldata: Felt[]; nonce: Felt }>('starknet_getTransactionByHash', {
    transaction_hash: result.transaction_hash,
  })
  expect(made).toMatchObject({ version: '0x3', nonce: felt(before) })
  expect(made.calldata.map(BigInt)).not.toContain(BigInt(kept.address))
  expect(BigInt(made.calldata[0]!)).toBe(2n)

  // The same again, and with other calls under what was signed.
  expect(await request(page, SEND, { calls: set })).toMatchObject({
    code: 114,
    data: { at: '/calls/0/offchainSessionDetails/nonce' },
  })
  const [first, ...others] = await signed([move('0x1')])
  expect(await request(page, SEND, { calls: [first, ...others, ...others] })).toMatchObject({
    code: 114,
    data: { at: '/calls/0/calldata' },
  })
  const only = { session: { mode: 'only' } }
  const unfit = { calls: await signed([move('0x3'), reset]), ...only }
  expect(await request(page, SEND, unfit)).toMatchObject({ code: 213, data: { call: 1 } })
  expect(BigInt(await nonceNow())).toBe(before + 1n)

  // Nothing of it lives in the page but its key.
  await page.reload()
  expect(await execute(page, [move('0x4')])).toMatchObject({ result: { transaction_hash: expect.any(String) } })
  await expect.poll(async () => BigInt(await nonceNow())).toBe(before + 2n)
  // Any other call of the page to the account stays what it was.
  const plugin = { contract_address: kept.address, entry_point: 'use_plugin', calldata: ['0x1'] }
  expect(await request(page, SEND, { calls: [plugin] })).toMatchObject({ code: 114 })
  const bare = (await signed([move('0x5')])).map(({ contract_address, entrypoint, calldata }) => ({
    contract_address,
    entrypoint,
    calldata,
  }))
  expect(await request(page, SEND, { calls: bare })).toMatchObject({
    code: 114,
    data: { at: '/calls/0/contract_address' },
  })
  expect(windows.count()).toBe(0)
})
