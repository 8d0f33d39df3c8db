import type { Page } from '@playwright/test'
import { personAt } from '../person.ts'
import { expect, test } from '../world.ts'

const html = (page: Page) => page.locator('html')
const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true })

/** Every text that the page ever drew, with the language it called itself then. */
async function watched(page: Page): Promise<() => Promise<readonly string[]>> {
  await page.addInitScript(() => {
    const drawn: string[] = []
    Object.assign(window, { drawn })
    new MutationObserver(() => {
      const words = document.getElementById('app')?.textContent ?? ''
      if (words !== '') drawn.push(`${document.documentElement.lang}: ${words}`)
    }).observe(document, { childList: true, subtree: true, characterData: true })
  })
  return () => page.evaluate(() => (window as unknown as { drawn: string[] }).drawn)
}

test('a chosen language is spoken at once, stays, and is the first that a new page draws', async ({
  context,
  home,
}) => {
  test.setTimeout(180_000)
  const { page, importWallet } = await personAt(context, home)
  await importWallet()
  await page.evaluate(() => {
    location.hash = '/settings'
  })
  await page.getByLabel('Language', { exact: true }).selectOption({ label: 'Español' })
  await expect(heading(page, 'Ajustes')).toBeVisible()
  await expect(html(page)).toHaveAttribute('lang', 'es')

  const fresh = await context.newPage()
  const drawn = await watched(fresh)
  // The catalogue is slower than the View: what would flash by in English has all the time to be drawn.
  let arrive = () => {}
  const held = new Promise<void>((done) => {
    arrive = done
  })
  await fresh.route(/\/spanish-[^/]+\.js$/, async (route) => {
    await held
    await route.continue()
  })
  await page.evaluate(() => localStorage.removeItem('theme'))
  await fresh.goto(home, { waitUntil: 'commit' })
  // Written when the View is there.
  await fresh.waitForFunction(() => localStorage.getItem('theme') !== null && document.readyState !== 'loading')
  await fresh.evaluate(
    () => new Promise((drawnNow) => requestAnimationFrame(() => requestAnimationFrame(() => drawnNow(undefined)))),
  )
  expect(await drawn()).toEqual([])
  arrive()
  await expect(fresh.getByRole('button', { name: 'Recibir' })).toBeVisible({ timeout: 30_000 })
  const all = await drawn()
  expect(all.length).toBeGreaterThan(0)
  expect(all.filter((it) => !it.startsWith('es: '))).toEqual([])

  await page.getByLabel('Idioma', { exact: true }).selectOption({ label: 'El del navegador' })
  await expect(heading(page, 'Settings')).toBeVisible()
  await fresh.reload()
  await expect(fresh.getByRole('button', { name: 'Receive' })).toBeVisible({ timeout: 30_000 })
  expect((await drawn()).filter((it) => !it.startsWith('en: '))).toEqual([])
})
