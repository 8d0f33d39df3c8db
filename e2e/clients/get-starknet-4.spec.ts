import { expect, test } from './client.ts'
import { connects, follows, isConnected, moves } from './journey.ts'

test.use({ story: 'get-starknet-4' })
test.describe.configure({ mode: 'default' })

test('get-starknet 4 lists the wallet in its own modal; it is picked, refused, picked again, and known at the next visit', async ({
  client,
  kept,
}) => {
  test.setTimeout(300_000)
  const picks = async () => {
    await client.click('Connect')
    await client.page.getByRole('dialog').getByText('Latchkey', { exact: true }).click()
  }
  expect(await client.press('Listed')).toBe('["latchkey"]')
  expect(await client.press('Authorized')).toBe('[]')
  // The library keeps the refusal to itself; the page finds nobody connected.
  await connects(client, kept, 'not connected', picks)
  expect(await client.press('Last')).toBe('latchkey')
  await follows(client, kept)
  await moves(client)
  expect(await client.pressAndAnswer('Sign', 'Sign')).toMatch(/^\d+ felts$/)

  expect(await client.press('Authorized')).toBe('["latchkey"]')
  await kept.person.lock()
  expect(await client.press('Authorized')).toBe('["latchkey"]')
  await kept.person.unlock()

  await client.pressAndAnswer('Switch', 'Switch')
  await isConnected(client, kept.address, '0x534e5f4d41494e')
  await client.move('Network', 'Devnet')
  expect(await client.press('Disconnect')).toBe('true')
  await isConnected(client)
  await client.reload()
  await isConnected(client)
  expect(await client.press('Last')).toBe('none')
})
