import { expect, test } from './client.ts'
import { connects, follows, isConnected, moves } from './journey.ts'

test.use({ story: 'starknet-react' })
test.describe.configure({ mode: 'default' })

const MAINNET = '0x534e5f4d41494e'

test('starknet-react lists the wallet at its first look, connects, follows, moves, signs, and disconnects', async ({
  client,
  kept,
}) => {
  test.setTimeout(300_000)
  await expect.poll(() => client.press('Listed')).toContain('"latchkey"')
  await connects(client, kept, 'failed 113 An error occurred (USER_REFUSED_OP)')
  await follows(client, kept)
  await moves(client)
  expect(await client.pressAndAnswer('Sign', 'Sign')).toMatch(/^\d+ felts, true$/)

  // Locked, with a session that runs: still connected, and a call goes through with nobody asked.
  await kept.person.lock()
  await client.reload()
  await isConnected(client, kept.address)
  expect(await client.press('Ready')).toBe('true')
  expect(await client.press('Move')).toBe('SUCCEEDED at 7,1')
  await kept.person.unlock()

  await client.pressAndAnswer('Switch', 'Switch')
  await isConnected(client, kept.address, MAINNET)
  await client.move('Network', 'Devnet')
  await isConnected(client, kept.address)
  // The library's own end is the page's alone: the grant is still there.
  expect(await client.press('Leave')).toBe('true')
  await isConnected(client)
  expect(await client.press('Ready')).toBe('true')
  await client.press('Connect')
  await isConnected(client, kept.address)
  expect(await client.press('End')).toBe('true')
  await isConnected(client)
  expect(await client.press('Ready')).toBe('false')
  await client.reload()
  await isConnected(client)
})

test.describe('a dApp of another network', () => {
  test.use({ variant: 'mainnet' })

  test('starknet-react switches by itself when it connects: its second question comes into the window of the first', async ({
    client,
    kept,
  }) => {
    const window = await client.asked(() => client.click('Connect'))
    await window.getByRole('button', { name: 'Connect', exact: true }).click()
    await kept.person.allow(window, 'Switch')
    await client.said('Connect')
    await isConnected(client, kept.address, MAINNET)
  })
})
