// Pictures of every gallery screen: [LANGUAGE=es] node e2e/gallery/shoot.mjs <folder> [screen…]
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium } from '@playwright/test'
import { createServer } from 'vite'

const [folder = 'pictures', ...wanted] = process.argv.slice(2)
const sizes = { narrow: [360, 560], window: [420, 720], popup: [380, 600], tab: [1120, 760] }
mkdirSync(folder, { recursive: true })
const server = await createServer({ configFile: fileURLToPath(new URL('../gallery.config.ts', import.meta.url)) })
await server.listen(0)
const address = server.httpServer.address()
const browser = await chromium.launch({ executablePath: process.env.CHROME_PATH ?? chromium.executablePath() })
try {
  const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'Europe/Berlin', deviceScaleFactor: 1.5 })
  const page = await context.newPage()
  page.on('pageerror', (error) => console.error(String(error)))
  page.on('console', (message) => message.type() === 'error' && console.error(message.text()))
  await page.goto(`http://127.0.0.1:${address.port}/e2e/gallery/`)
  const all = await page.locator('li a:first-child').allTextContents()
  for (const screen of wanted.length > 0 ? wanted : all) {
    const [name, size] = screen.split('@')
    for (const theme of ['light', 'dark']) {
      await page.goto(
        `http://127.0.0.1:${address.port}/e2e/gallery/?screen=${name}&theme=${theme}&language=${process.env.LANGUAGE ?? 'en'}`,
      )
      await page.waitForSelector(`html[data-ready="${name}"]`)
      const surface = await page.evaluate(() => document.documentElement.dataset.surface)
      const at = size !== undefined ? [size] : surface === 'window' ? ['window', 'narrow'] : [surface]
      for (const one of at) {
        const [width, height] = sizes[one]
        await page.setViewportSize({ width, height })
        await page.waitForTimeout(surface === 'window' ? 1_000 : 150)
        await page.screenshot({ path: `${folder}/${name}-${one}-${theme}.png` })
      }
    }
  }
} finally {
  await browser.close()
  await server.close()
}
