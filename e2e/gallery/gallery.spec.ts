import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { chromium, expect, type Page, test } from '@playwright/test'
import { createServer, type ViteDevServer } from 'vite'
import { shown } from './views.ts'

test.use({
  locale: 'en-GB',
  timezoneId: 'Europe/Berlin',
  // A button that is just being armed has a colour between two, for 120 ms.
  contextOptions: { reducedMotion: 'reduce' },
  launchOptions: { executablePath: process.env.CHROME_PATH ?? chromium.executablePath() },
})

let server: ViteDevServer
let base: string
test.beforeAll(async () => {
  server = await createServer({ configFile: fileURLToPath(new URL('../gallery.config.ts', import.meta.url)) })
  await server.listen(0)
  const { port } = server.httpServer!.address() as AddressInfo
  base = `http://127.0.0.1:${port}/e2e/gallery/`
})
test.afterAll(() => server.close())

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const show = async (page: Page, screen: string, theme = 'light', size = { width: 420, height: 720 }) => {
  await page.setViewportSize(size)
  await page.goto(`${base}?screen=${screen}&theme=${theme}`)
  await page.locator('main').first().waitFor()
}
/** What axe finds, as text a person can act on. */
const faults = (page: Page) =>
  page.evaluate(async () => {
    const found = await (
      window as unknown as {
        axe: { run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> }
      }
    ).axe.run()
    return found.violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`),
    )
  })
const tooWide = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)

for (const screen of Object.keys(shown))
  test(`${screen}: readable for all, in both themes, at 320 px and with text twice as large`, async ({ page }) => {
    await show(page, screen)
    await page.evaluate(axe)
    for (const theme of ['light', 'dark']) {
      await page.evaluate((it) => {
        document.documentElement.dataset.theme = it
      }, theme)
      expect(await faults(page), theme).toEqual([])
    }
    await page.evaluate(() => {
      document.documentElement.dataset.surface = 'tab'
    })
    await page.setViewportSize({ width: 320, height: 640 })
    expect(await tooWide(page), '320 px').toBe(0)
    await page.setViewportSize({ width: 420, height: 720 })
    await page.evaluate(() => {
      document.documentElement.style.fontSize = '200%'
    })
    expect(await tooWide(page), '200 % text').toBe(0)
  })

type Asked = readonly { readonly verb: string; readonly params: unknown }[]
const asked = (page: Page, verb: string) =>
  page.evaluate((wanted) => (window as unknown as { asked: Asked }).asked.filter((it) => it.verb === wanted), verb)

test.describe('a decision', () => {
  const allow = (page: Page) => page.getByRole('button', { name: 'Allow session', exact: true })
  const notYet = (page: Page) => page.getByRole('button', { name: 'Ready in a moment' })

  /** The page's time stands still from here on, and goes on by `page.clock.runFor`. */
  const standStill = async (page: Page) => {
    await page.clock.install({ time: 1_000_000 })
    await page.clock.pauseAt(1_001_000)
  }

  test('starts on Refuse, and Allow does nothing in its first 800 ms', async ({ page }) => {
    await standStill(page)
    await show(page, 'session')
    await page.clock.runFor(700)
    await expect(page.getByRole('button', { name: 'Refuse', exact: true })).toBeFocused()
    await notYet(page).click({ force: true })
    expect(await asked(page, 'decide')).toEqual([])
    await page.clock.runFor(500)
    await allow(page).click()
    await expect.poll(() => asked(page, 'decide')).toHaveLength(1)
  })
  test('carries the revision and digest of what was shown', async ({ page }) => {
    await show(page, 'session')
    await allow(page).click()
    await expect
      .poll(() => asked(page, 'decide'))
      .toEqual([{ verb: 'decide', params: { id: 'a1', rev: 1, digest: `0x${'5e'.repeat(32)}`, decision: 'allow' } }])
  })
  test('refuses: a click that a script makes', async ({ page }) => {
    await show(page, 'session')
    await expect(allow(page)).toBeEnabled()
    await allow(page).evaluate((button) => {
      button.dispatchEvent(new PointerEvent('pointerdown', { isPrimary: true, bubbles: true }))
      button.dispatchEvent(new PointerEvent('pointerup', { isPrimary: true, bubbles: true }))
      ;(button as HTMLButtonElement).click()
      button.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))
      button.dispatchEvent(new KeyboardEvent('keyup', { key: 'Enter', bubbles: true }))
    })
    expect(await asked(page, 'decide')).toEqual([])
  })
  test('a blur takes the readiness away, and a press begun before it does not count', async ({ page }) => {
    await show(page, 'session')
    await expect(allow(page)).toBeEnabled()
    await allow(page).hover()
    await page.mouse.down()
    await page.evaluate(() => window.dispatchEvent(new Event('blur')))
    await page.mouse.up()
    await expect(notYet(page)).toBeVisible()
    expect(await asked(page, 'decide')).toEqual([])
  })
  test('is made with Enter too; Esc decides nothing', async ({ page }) => {
    await show(page, 'session')
    await page.keyboard.press('Escape')
    await expect(allow(page)).toBeEnabled()
    await allow(page).focus()
    await page.keyboard.press('Enter')
    await expect.poll(() => asked(page, 'decide')).toHaveLength(1)
  })
  test('in danger needs the tick, then the password', async ({ page }) => {
    await standStill(page)
    await show(page, 'session-danger')
    await page.clock.runFor(2_000)
    await expect(allow(page)).toBeDisabled()
    await expect(page.getByLabel('Password', { exact: true })).toBeHidden()
    await page.getByRole('checkbox', { name: 'I know it can take everything in this account.' }).check()
    await page.clock.runFor(2_000)
    await expect(allow(page)).toBeDisabled()
    await page.getByLabel('Password', { exact: true }).fill('a long enough password')
    await page.clock.runFor(2_000)
    await allow(page).click()
    await expect.poll(() => asked(page, 'decide')).toHaveLength(1)
    expect((await asked(page, 'decide'))[0]?.params).toMatchObject({
      ticked: true,
      password: 'a long enough password',
    })
  })
  test('waits while a limit is typed, and sends what was typed whole', async ({ page }) => {
    await standStill(page)
    await show(page, 'session')
    await page.clock.runFor(2_000)
    await page.getByRole('button', { name: 'Change STRK' }).click()
    const field = page.getByRole('textbox', { name: 'STRK, In all' })
    await field.fill('12.5.')
    await page.clock.runFor(2_000)
    await expect(allow(page)).toBeDisabled()
    await field.fill('26')
    await field.press('Enter')
    expect(await asked(page, 'editApproval')).toEqual([])
    await field.fill('12.5')
    await field.press('Enter')
    await expect.poll(() => asked(page, 'editApproval')).toHaveLength(1)
    expect((await asked(page, 'editApproval'))[0]?.params).toEqual({
      id: 'a1',
      rev: 1,
      edits: { limits: { 'spend:strk:total': '12500000000000000000' } },
    })
  })
  test('switches are named by action and contract', async ({ page }) => {
    await show(page, 'session')
    await page.getByRole('switch', { name: 'buy on Arena' }).click()
    await expect.poll(() => asked(page, 'editApproval')).toHaveLength(1)
    await page.getByRole('switch', { name: 'move on Arena' }).click({ force: true })
    expect(await asked(page, 'editApproval')).toHaveLength(1)
  })
})

test('the phrase is never text in the page unless it is read aloud, and hides when the window loses the focus', async ({
  page,
}) => {
  await show(page, 'welcome', 'light', { width: 1120, height: 760 })
  await page.getByRole('button', { name: 'Create a wallet' }).click()
  await page.getByLabel('Password', { exact: true }).fill('a long enough password')
  await page.getByRole('button', { name: 'Go on' }).click()
  await page.getByRole('button', { name: 'Show the words' }).click()
  expect(await page.evaluate(() => document.documentElement.outerHTML.includes('sausage'))).toBe(false)
  await page.getByRole('button', { name: 'Read aloud to my screen reader' }).click()
  await expect(page.getByRole('status', { name: 'Secret phrase, read aloud' })).toContainText('6 sausage')
  await page.evaluate(() => window.dispatchEvent(new Event('blur')))
  await expect(page.getByRole('button', { name: 'Show the words' })).toBeVisible()
  expect(await page.evaluate(() => document.documentElement.outerHTML.includes('sausage'))).toBe(false)
})
