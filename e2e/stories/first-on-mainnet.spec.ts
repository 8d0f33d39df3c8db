import type { Page } from '@playwright/test'
import { deployFixtures, startDevnet } from '../devnet.ts'
import { ADDRESS, PASSWORD, personAt } from '../person.ts'
import { clickFor } from '../site.ts'
import { expect, test } from '../world.ts'

const at = (page: Page, path: string) =>
  page.evaluate((to) => {
    location.hash = to
  }, path)
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })
const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true })
const LIMITS = 'Before your first session on Mainnet'

test('XS-20: before the first session on mainnet its limits are shown, until they were read, and before the second they are not', async ({
  context,
  home,
  site,
  killWorker,
}) => {
  test.setTimeout(300_000)
  const main = await startDevnet({ chain: 'MAINNET' })
  try {
    const { game } = await deployFixtures(main)
    await main.mint(ADDRESS, 100n * 10n ** 18n)
    const person = await personAt(context, home)
    const { page } = person
    await person.importWallet()
    await at(page, '/network/mainnet')
    await button(page, 'Change node').click()
    const sheet = page.getByRole('dialog')
    await sheet.getByLabel('Address of the node').fill(`${main.url}/rpc`)
    await sheet.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await sheet.getByRole('button', { name: 'Change node' }).click()
    await expect(sheet).toBeHidden({ timeout: 30_000 })
    await at(page, '/')
    await person.selectNetwork('Mainnet')
    const dapp = await site.open()
    await person.allow(await person.asked(() => button(dapp, 'Connect').click()), 'Connect')
    const asks = (action: string) =>
      clickFor(dapp, 'wallet_requestSession', {
        calls: [{ contract_address: game, entry_point: action }],
        duration: 3_600,
      })

    // The site goes away while they are read.
    const first = await asks('move')
    await expect(heading(first.window, LIMITS)).toBeVisible()
    await expect(first.window.getByText('this is not two-factor security')).toBeVisible()
    await expect(button(first.window, 'Allow session')).toHaveCount(0)
    await dapp.reload()
    await expect(heading(first.window, 'This question is no longer open')).toBeVisible()
    await first.window.close()

    // A refusal is no reading.
    const second = await asks('move')
    await expect(heading(second.window, LIMITS)).toBeVisible()
    await person.refuse(second.window)
    expect(await second.answer).toMatchObject({ code: 113 })

    // What is read leads to the question, which arms its own yes and takes the password.
    const third = await asks('move')
    await button(third.window, 'Go on').click()
    await expect(heading(third.window, 'Session request')).toBeVisible()
    await expect(button(third.window, 'Refuse')).toBeFocused()
    await expect(button(third.window, 'Allow session')).toBeDisabled()
    await person.allow(third.window, 'Allow session', PASSWORD)
    expect(await third.answer).toMatchObject({ result: { status: 'active' } })

    await killWorker()
    const fourth = await asks('reset')
    await expect(heading(fourth.window, 'Session request')).toBeVisible()
    await expect(button(fourth.window, 'Go on')).toHaveCount(0)
    await person.allow(fourth.window, 'Allow session')
    expect(await fourth.answer).toMatchObject({ result: { status: 'active' } })

    // They stay where they can be looked up.
    await at(page, '/settings')
    await page.getByLabel('Search the settings').fill('Limits')
    await button(page, 'What holds a session, and what nobody can undo').click()
    await expect(page.getByText('this is not two-factor security').first()).toBeVisible()
  } finally {
    await main.stop()
  }
})
