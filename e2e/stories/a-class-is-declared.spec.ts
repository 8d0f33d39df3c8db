import { hash } from 'starknet'
import { hashesOf, sierraOf } from '../devnet.ts'
import { expect, test } from '../kept.ts'
import { clickFor, clickOnly, request, windowsFrom } from '../site.ts'

test.use({ story: 'a-class-is-declared' })
// One file, one wallet, one after the other.
test.describe.configure({ mode: 'default' })

const DECLARE = 'wallet_addDeclareTransaction'
const INVOKE = 'wallet_addInvokeTransaction'
const sierra = sierraOf('proxy')
const { compiled_class_hash } = hashesOf('proxy')
const class_hash = hash.computeContractClassHash(sierra)
/** As WalletAccount of starknet.js hands it over. */
const contract_class = { ...sierra, abi: JSON.stringify(sierra.abi) }
const padded = (felt: string) => `0x${BigInt(felt).toString(16).padStart(64, '0')}`

test('a class is published by one yes, under the hash that every library knows it by', async ({ kept, devnet }) => {
  const page = await kept.player()
  const mismatch = await request(page, DECLARE, { compiled_class_hash, class_hash: '0x1', contract_class })
  expect(mismatch).toMatchObject({ code: 114, data: { at: '/class_hash' } })
  const unread = await request(page, DECLARE, { compiled_class_hash, contract_class: { ...contract_class, abi: [] } })
  expect(unread).toMatchObject({ code: 114, data: { at: '/contract_class/abi' } })

  const refused = await clickFor(page, DECLARE, { compiled_class_hash, contract_class })
  await expect(refused.window.getByText(/wants to publish contract code from your account/)).toBeVisible()
  await expect(refused.window.getByRole('region', { name: 'What is published', exact: true })).toContainText(
    padded(class_hash),
  )
  await expect(refused.window.getByRole('heading', { name: 'Publish code', exact: true })).toBeVisible()
  await kept.person.refuse(refused.window)
  expect(await refused.answer).toMatchObject({ code: 113, data: { reason: 'refused' } })

  const asked = await clickFor(page, DECLARE, { compiled_class_hash, class_hash, contract_class })
  await kept.person.allow(asked.window, 'Publish')
  const { result } = await asked.answer
  expect(result).toEqual({
    transaction_hash: expect.stringMatching(/^0x[0-9a-f]{64}$/),
    class_hash: padded(class_hash),
  })
  await expect
    .poll(
      () =>
        devnet.account.provider.getClass(class_hash).then(
          () => 'there',
          () => 'not yet',
        ),
      { timeout: 60_000 },
    )
    .toBe('there')
  const receipt = await devnet.account.provider.getTransactionReceipt(
    (result as { transaction_hash: string }).transaction_hash,
  )
  expect(receipt.isSuccess()).toBe(true)

  const windows = windowsFrom(page)
  const again = await clickOnly(page, DECLARE, { compiled_class_hash, contract_class })
  expect(await again.toCome).toMatchObject({ code: 114, data: { at: '/contract_class' } })
  expect(windows.count()).toBe(0)
  await page.close()
})

test('a proof is never automatic: inside a session it is asked about, and with "only" it is refused', async ({
  kept,
  fixtures,
}) => {
  const page = await kept.player()
  const calls = [{ contract_address: fixtures.game, entry_point: 'move', calldata: ['0x1', '0x2'] }]
  const proof = { data: 'AAAA', output: [], proof_facts: ['0x1', '0x2'] }
  const windows = windowsFrom(page)
  expect(await request(page, INVOKE, { calls, session: { mode: 'only' } })).toHaveProperty('result')
  expect(await request(page, INVOKE, { calls, proof, session: { mode: 'only' } })).toMatchObject({
    code: 213,
    data: { reasons: [{ code: 'unsupportedField', at: '/proof' }] },
  })
  expect(windows.count()).toBe(0)
  await page.close()
})
