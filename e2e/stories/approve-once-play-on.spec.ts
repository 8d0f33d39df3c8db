import { PASSWORD, personAt } from '../person.ts'
import { press, resultOf, windowsFrom } from '../site.ts'
import { expect, test } from '../world.ts'

const coins = (n: number) => BigInt(n) * 10n ** 18n

test('AO-1 AO-4 AO-15 BI-12 BI-13 CH-3 XS-1 XS-17 XS-19: one approval deploys, enables and allows; then 20 moves and 3 mints without a window', async ({
  context,
  home,
  devnet,
  site,
  fixtures,
}) => {
  test.setTimeout(180_000)
  const person = await personAt(context, home)
  const address = await person.createWallet()
  await person.selectNetwork('Devnet')
  await devnet.mint(address, coins(100))

  const page = await site.open()
  await expect(page.getByRole('status')).toHaveText('supports sessions: true')

  const connect = await person.asked(() => press(page, 'Connect'))
  await person.allow(connect, 'Connect')
  expect(await resultOf(page, 'Connect')).toBe(`Connect: account ${address}`)

  const approval = await person.asked(() => press(page, 'Request session'))
  await expect(approval.getByText('Deploy the account')).toBeVisible()
  await person.allow(approval, 'Allow session', PASSWORD)
  expect(await resultOf(page, 'Request session')).toMatch(/is active$/)
  expect(await devnet.rpc('starknet_getClassHashAt', { block_id: 'latest', contract_address: address })).toBe(
    '0x36078334509b514626504edc9fb252328d1a240e4e948bef8d0c08dff45927f',
  )

  const windows = windowsFrom(page)
  const before = await nonce(address)
  await press(page, 'Play 20 moves')
  expect(await resultOf(page, 'Play 20 moves')).toContain('20 of 20 SUCCEEDED, moves 0 → 20, position 20, 40')
  expect(await nonce(address)).toBe(before + 20n)

  for (let click = 1; click <= 3; click += 1) {
    await press(page, 'Use session')
    expect(await resultOf(page, 'Use session', click)).toContain('SUCCEEDED')
  }
  expect(await resultOf(page, 'Use session', 3)).toContain('balance 1998')
  expect(windows.count()).toBe(0)
  expect(fixtures.token).toMatch(/^0x/)

  function nonce(account: string): Promise<bigint> {
    return devnet
      .rpc<string>('starknet_getNonce', { block_id: 'latest', contract_address: account })
      .then((it) => BigInt(it))
  }
})
