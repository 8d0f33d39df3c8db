import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Page } from '@playwright/test'
import { buildHash } from '../../.ci/build-hash.ts'
import { startDevnet } from '../devnet.ts'
import { PASSWORD, PHRASE, playing } from '../person.ts'
import { eventsOf, press, request, resultOf } from '../site.ts'
import { expect, test } from '../world.ts'

const ANA = `0x4a1b${'2c3d'.repeat(13)}5e6f70a`
const LIKE = `0x4a1b${'7777'.repeat(13)}5e6f70a`

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })
const at = (page: Page, path: string) =>
  page.evaluate((to) => {
    location.hash = to
  }, path)
const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true })

test('a second devnet becomes a network, a site moves there and hears of it; contacts, a changed node and the master switch', async ({
  context,
  home,
  devnet,
  site,
}) => {
  test.setTimeout(300_000)
  const { person, page: dapp } = await playing({ context, home, devnet, site }, PHRASE)
  const { page } = person
  const second = await startDevnet()
  try {
    await at(page, '/networks')
    await button(page, 'Add a network').click()
    await expect(heading(page, 'Add a network')).toBeVisible()
    await page.getByLabel('Address of the node').fill('http://node.example')
    await button(page, 'Ask the node').click()
    await expect(page.getByText('A node’s address starts with https://')).toBeVisible()
    await page.getByLabel('Address of the node').fill(`${second.url}/rpc`)
    await button(page, 'Ask the node').click()
    await expect(page.getByText(/serves SN_SEPOLIA, version /)).toBeVisible({ timeout: 30_000 })
    await page.getByLabel('Name', { exact: true }).fill('Second')
    await page.getByLabel('Password', { exact: true }).fill('not this one at all')
    await button(page, 'Add a network').click()
    await expect(page.getByText('Not this password.')).toBeVisible({ timeout: 30_000 })
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await button(page, 'Add a network').click()
    await expect(heading(page, 'Second')).toBeVisible({ timeout: 30_000 })
    await button(page, 'Ask now').click()
    await expect(page.getByText('Answers', { exact: true })).toBeVisible({ timeout: 30_000 })

    const heard = await eventsOf(dapp)
    await at(page, '/sites')
    await page.getByRole('link', { name: /^localhost/ }).click()
    await page.getByLabel('Network', { exact: true }).selectOption({ label: 'Second' })
    await expect
      .poll(async () => (await heard()).map(([name]) => name).filter((name) => name !== 'sessionsChanged'), {
        timeout: 30_000,
      })
      .toEqual(['networkChanged', 'accountsChanged'])
    // Its session stays where it is.
    await expect(page.getByText('Running', { exact: true })).toBeVisible()
    await page.getByLabel('Network', { exact: true }).selectOption({ label: 'Devnet' })
    await expect.poll(async () => (await heard()).filter(([name]) => name === 'networkChanged').length).toBe(2)

    await at(page, '/contacts')
    await button(page, 'Add a contact').first().click()
    await page.getByLabel('Address', { exact: true }).fill(ANA)
    await button(page, 'Check the address').click()
    await page.getByLabel('Name', { exact: true }).fill('Ana')
    await button(page, 'Save').click()
    await expect(page.getByRole('button', { name: /^Ana 0x/ })).toBeVisible()
    await button(page, 'Add a contact').first().click()
    await page.getByLabel('Address', { exact: true }).fill(LIKE)
    await button(page, 'Check the address').click()
    await expect(page.getByText('It begins and ends like Ana, and is another address.')).toBeVisible()
    await button(page, 'Close').click()

    // Another block 0 is another network: this node is not Devnet's.
    await at(page, '/network/devnet')
    await button(page, 'Change node').click()
    const sheet = page.getByRole('dialog')
    await sheet.getByLabel('Address of the node').fill(`${second.url}/rpc`)
    await sheet.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await sheet.getByRole('button', { name: 'Change node' }).click()
    await expect(sheet.getByText(/began at another block 0/)).toBeVisible({ timeout: 30_000 })
    await button(page, 'Close').click()

    await at(page, '/settings')
    await page.getByRole('switch', { name: 'Allow sessions' }).click()
    await expect(page.getByText('All sessions are stopped.')).toBeVisible({ timeout: 30_000 })
    expect(
      await request(dapp, 'wallet_requestSession', {
        calls: [{ contract_address: ANA, entry_point: 'move' }],
        duration: 3_600,
      }),
    ).toMatchObject({ code: 210 })
    const { result } = await request(dapp, 'wallet_getSessions')
    expect((result as readonly { status: string }[]).map(({ status }) => status)).toEqual(['paused'])
  } finally {
    await second.stop()
  }
})

test('a site gets another account and hears of it; its page has what it did, and settings lead to the tokens, save what happened and name the build', async ({
  context,
  home,
  devnet,
  site,
}) => {
  test.setTimeout(240_000)
  const { person, page: dapp, address } = await playing({ context, home, devnet, site }, PHRASE)
  const { page } = person
  await press(dapp, 'Use session')
  expect(await resultOf(dapp, 'Use session')).toContain('SUCCEEDED')

  await at(page, '/accounts')
  await button(page, 'Add').click()
  await page.getByRole('menuitem', { name: 'New account' }).click()
  const sheet = page.getByRole('dialog')
  await sheet.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await sheet.getByRole('button').last().click()
  await expect(sheet).toBeHidden({ timeout: 30_000 })

  const heard = await eventsOf(dapp)
  await at(page, '/sites')
  await page.getByRole('link', { name: /^localhost/ }).click()
  const activity = page.getByRole('region', { name: 'Activity' })
  await expect(activity.getByRole('listitem').first()).toBeVisible({ timeout: 30_000 })
  await page.getByLabel('Account', { exact: true }).selectOption({ label: 'Account 2' })
  await expect.poll(async () => (await heard()).map(([name]) => name), { timeout: 30_000 }).toContain('accountsChanged')
  const [, told] = (await heard()).find(([name]) => name === 'accountsChanged') ?? []
  const { result } = await request(dapp, 'wallet_requestAccounts', { silent_mode: true })
  expect(result).toEqual(told)
  expect(result).not.toContain(address)
  // What it may still do for the first account stands where it stood.
  await expect(page.getByRole('link', { name: /^Account 1/ })).toBeVisible()
  await activity.getByRole('link').first().click()
  await button(page, 'Back').click()
  await expect(activity).toBeVisible()

  await at(page, '/settings')
  await page.getByRole('link', { name: 'All tokens' }).click()
  await expect(heading(page, 'Tokens')).toBeVisible()
  await button(page, 'Back').click()
  const saving = page.waitForEvent('download', { timeout: 60_000 })
  await button(page, 'Export as JSON').click()
  const saved = JSON.parse(readFileSync(await (await saving).path(), 'utf8')) as { readonly rows: readonly object[] }
  expect(saved.rows.length).toBeGreaterThan(1)
  const build = buildHash(fileURLToPath(new URL('../..', import.meta.url)))
  await expect(page.getByText(new RegExp(`^[0-9.]+ \\(${build}\\)$`))).toBeVisible()
})
