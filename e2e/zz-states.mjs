import { fileURLToPath } from 'node:url'
import { chromium } from '@playwright/test'
import { createServer } from 'vite'
const server = await createServer({ configFile: fileURLToPath(new URL('gallery.config.ts', import.meta.url)) })
await server.listen(0)
const base = `http://127.0.0.1:${server.httpServer.address().port}/e2e/gallery/`
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium' })
const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'Europe/Berlin', deviceScaleFactor: 1.5 })
const page = await context.newPage()
page.on('pageerror', e => console.error(String(e)))
const open = async (screen, theme, w, h) => { await page.setViewportSize({ width: w, height: h }); await page.goto(`${base}?screen=${screen}&theme=${theme}`); await page.waitForSelector('main, .start') }
const shot = (n) => page.screenshot({ path: `/tmp/ui/states/${n}.png` })
const b = (name) => page.getByRole('button', { name, exact: true })
try {
await open('session', 'light', 420, 720)
await page.getByRole('radio', { name: 'Date…' }).check({ force: true })
await b('Change STRK').click()
await b('More ways to refuse').click()
await shot('a-edit')
await open('session', 'dark', 420, 720)
await b('rename on Arena: chain + wallet').click(); await page.getByRole('textbox').count(); 
await b('Details').click(); await page.mouse.wheel(0, 3000); await page.waitForTimeout(300)
await shot('b-bottom')
await open('session-danger', 'light', 420, 720)
await page.getByRole('checkbox').check(); await page.getByLabel('Password').fill('correct horse'); await page.waitForTimeout(1000)
await shot('c-danger')
await open('home', 'light', 380, 600); await b('Receive').click(); await page.waitForTimeout(300); await shot('d-receive')
await open('home-new', 'dark', 380, 600); await page.getByRole('button', { name: 'Account Main account' }).click(); await shot('e-account')
await open('home', 'dark', 380, 600); await page.getByRole('button', { name: 'Network Sepolia' }).click(); await shot('f-network')
await open('welcome', 'light', 1120, 760); await b('Create a wallet').click(); await shot('g-password')
await page.getByLabel('Password').fill('correct horse battery'); await b('Go on').click(); await page.waitForTimeout(200); await shot('h-phrase')
await b('Show the words').click(); await page.waitForTimeout(200); await shot('i-phrase-shown')
await b('I wrote it down').click(); await page.waitForTimeout(200); await shot('j-verify')
await b('Later').click(); await page.waitForTimeout(200); await shot('k-done')
await open('welcome', 'dark', 420, 720); await b('I have one').click(); await page.waitForTimeout(100)
await shot('l-import')
await open('sessions', 'light', 380, 600); await b('Stop all').click(); await page.waitForTimeout(200); await shot('m-stopped')
await open('session-large', 'light', 420, 720); await page.getByRole('button', {name: /^Arena/}).click(); await page.waitForTimeout(200); await shot('n-large')
await open('session-detail', 'dark', 380, 600); await b('Narrow').click(); await page.mouse.wheel(0, 500); await page.waitForTimeout(200); await shot('o-narrow')
await open('unlock', 'dark', 380, 600); await page.getByLabel('Password').fill('x'); await b('Unlock').click(); await page.waitForTimeout(200); await shot('p-wrong')
} catch (e) { console.error(String(e).slice(0, 600)) }
await browser.close(); await server.close()
