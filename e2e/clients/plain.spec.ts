import { PASSWORD } from '../person.ts'
import { addAccount, expect, test } from './client.ts'

test.use({ story: 'plain' })
test.describe.configure({ mode: 'default' })

const SEPOLIA = '0x534e5f5345504f4c4941'
const MAINNET = '0x534e5f4d41494e'

test('the object is whole and frozen before the first script, with no script in the document that the page did not bring', async ({
  client,
}) => {
  expect(JSON.parse(await client.press('First'))).toEqual({
    id: 'latchkey',
    frozen: true,
    property: { enumerable: false, configurable: false, writable: false },
    // Its own.
    scripts: 1,
    absent: [],
    keys: [],
    starknet: false,
  })
  expect(await client.press('Chain')).toBe(SEPOLIA)
})

test('each event comes in its order and with its values, and none without its cause', async ({ client, kept }) => {
  const { page } = client
  const heard = async () =>
    (await page.getByRole('list', { name: 'Results' }).getByRole('listitem').allInnerTexts()).filter((line) =>
      /^(accounts|network|sessions)Changed|^nothing/.test(line),
    )
  const account = (address: string) => `accountsChanged: [["${address}"]]`
  const expected: string[] = []
  const hears = async (...lines: string[]) => {
    expected.push(...lines)
    await expect.poll(heard, { timeout: 30_000 }).toEqual(expected)
  }
  expect(await client.press('Silent')).toBe('[]')
  await client.pressAndAnswer('Connect', 'Connect')
  await hears(account(kept.address))
  expect(await client.press('Silent')).toBe(`["${kept.address}"]`)

  await kept.person.lock()
  await kept.person.unlock()
  await hears(account(kept.address))

  const second = await addAccount(kept)
  await client.move('Account', 'Account 2')
  await hears(account(second))
  await client.move('Account', 'Account 1')
  await hears(account(kept.address))

  await client.move('Network', 'Mainnet')
  await hears(`networkChanged: ["${MAINNET}",["${kept.address}"]]`, account(kept.address))
  expect(await client.press('Chain')).toBe(MAINNET)
  await client.move('Network', 'Devnet')
  await hears(`networkChanged: ["${SEPOLIA}",["${kept.address}"]]`, account(kept.address))

  await client.pressAndAnswer('Session', 'Allow session', PASSWORD)
  await expect.poll(async () => (await heard()).at(-1), { timeout: 30_000 }).toMatch(/^sessionsChanged: \[\[\{/)
  expect((await heard()).slice(expected.length).every((line) => line.startsWith('sessionsChanged'))).toBe(true)
  expect(await client.press('Move')).toMatch(/^\{"transaction_hash":"0x[0-9a-f]{64}"\}$/)

  expect(await client.press('Disconnect')).toBe('true')
  await expect.poll(heard, { timeout: 30_000 }).toContain('accountsChanged: []')
  expect(await client.press('Permissions')).toBe('[]')
  expect(await client.press('Silent')).toBe('[]')
})
