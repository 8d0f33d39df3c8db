import { approveOnce, endIt, playOn, stayInside } from '../walk.ts'
import { expect, test } from '../world.ts'

test('AO-1 AO-4 AO-15 BI-12 BI-13 CH-3 XS-1 XS-17 XS-19: one approval deploys, enables and allows; then 20 moves and 3 mints without a window, nothing outside, nothing after the end', async ({
  context,
  home,
  devnet,
  site,
}) => {
  test.setTimeout(180_000)
  const scene = await approveOnce({ context, home, site })
  const account = { block_id: 'latest', contract_address: scene.address }
  const nonce = async () => BigInt(await devnet.rpc<string>('starknet_getNonce', account))
  expect(await devnet.rpc('starknet_getClassHashAt', account)).toBe(
    '0x36078334509b514626504edc9fb252328d1a240e4e948bef8d0c08dff45927f',
  )

  const before = await nonce()
  const calls = await playOn(scene)
  expect(calls).toBe(23)
  expect(await nonce()).toBe(before + 23n)

  await stayInside(scene)
  expect(await nonce()).toBe(before + 23n)

  await endIt(scene)
  // One more: the revocation itself.
  await expect.poll(nonce, { timeout: 30_000 }).toBe(before + 24n)
})
