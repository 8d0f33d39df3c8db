import { statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type BrowserContext, type CDPSession, expect, type Page, type Worker } from '@playwright/test'
import { PHRASE, playing } from './person.ts'
import { press, resultOf } from './site.ts'
import { onStage, type Stage, sayer } from './start.ts'

const PICTURE = 'docs/approval.webp'
/** Of the window's content, CSS px: as wide as the window opens, and high enough for end, actions and limits. */
const WINDOW = { width: 420, height: 880 }
/** Between the two and around them. */
const GAP = 16
/** Pixels to a CSS px. */
const FINENESS = 2
const MOST_BYTES = 300_000
/** 14:05 in Berlin on a Friday: whenever it is made, the picture has the same times. The day begins a little before. */
const NOW = Date.UTC(2026, 0, 9, 13, 5) / 1000
const BEFORE = 600
const TOLD = /^Until today 15:05 \(1 hour\), localhost:5051 may/

/**
 * The README's picture: the session approval as the built extension draws it, in light and dark. The account has had a
 * session before, so nothing comes first: it is what a person sees every day.
 */
export async function pictures(): Promise<number> {
  const say = sayer('pictures')
  process.env.TZ = 'Europe/Berlin'
  const ended = await onStage({ headless: true, say }, async (stage) => {
    stage.context.setDefaultTimeout(120_000)
    await countIds(stage.worker)
    const window = await everydayRequest(stage)
    const camera = await cameraOn(window, WINDOW)
    const light = await pictureOf(window, camera, 'light')
    await sideBySide(stage.context, [light, await pictureOf(window, camera, 'dark')])
  })
  if (ended.kind === 'failed') say(ended.why)
  if (ended.kind !== 'done') return 1
  const { size } = statSync(file)
  say(`${PICTURE}, ${size} bytes${size > MOST_BYTES ? `: more than ${MOST_BYTES}` : ''}`)
  return size > MOST_BYTES ? 1 : 0
}

const file = fileURLToPath(new URL(`../${PICTURE}`, import.meta.url))

/**
 * The worker's ids, which give the card its cut. They and its time are lost when the worker stops; then other times are
 * drawn, and `TOLD` is not found.
 */
function countIds(worker: Worker): Promise<void> {
  return worker.evaluate(() => {
    const random = crypto.getRandomValues.bind(crypto)
    let ids = 0
    crypto.getRandomValues = (bytes) => {
      if (!(bytes instanceof Uint8Array) || bytes.length !== 16) return random(bytes)
      ids += 1
      bytes.fill(0)
      bytes[15] = ids
      return bytes
    }
  })
}

/** On the chain and in the worker, whose clock the screens follow: they disagree by nothing. It goes on from there. */
async function setTime({ devnet, worker }: Stage, time: number): Promise<void> {
  await devnet.setTime(time)
  await worker.evaluate((now) => {
    const from = performance.now()
    Date.now = () => now * 1000 + Math.floor(performance.now() - from)
  }, time)
}

async function everydayRequest(stage: Stage): Promise<Page> {
  await setTime(stage, NOW - BEFORE)
  const { person, page } = await playing(stage, PHRASE)
  await press(page, 'End session')
  expect(await resultOf(page, 'End session')).toContain('ended here')
  await setTime(stage, NOW)
  const window = await person.asked(() => press(page, 'Request session'))
  await expect(window.getByText(TOLD)).toBeVisible({ timeout: 30_000 })
  return window
}

async function pictureOf(window: Page, camera: Camera, colorScheme: 'light' | 'dark'): Promise<Buffer> {
  await window.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
  await expect(window.locator('html')).toHaveAttribute('data-theme', colorScheme)
  await expect(window.getByRole('button', { name: 'Allow session' })).toBeEnabled({ timeout: 30_000 })
  return camera.take('png')
}

/** One picture of two, with rounded corners on nothing, so that it stands on a light page and on a dark one. */
async function sideBySide(context: BrowserContext, pictures: readonly Buffer[]): Promise<void> {
  const page = await context.newPage()
  const images = pictures.map((it) => `<img src="data:image/png;base64,${it.toString('base64')}">`).join('')
  await page.setContent(`<style>
    body { margin: 0; background: none; display: flex; gap: ${GAP}px; padding: ${GAP}px; }
    img { width: ${WINDOW.width}px; height: ${WINDOW.height}px; border-radius: 12px; outline: 1px solid #85857e80; }
  </style>${images}`)
  await page.evaluate(() => Promise.all(Array.from(document.images, (image) => image.decode())))
  const width = pictures.length * (WINDOW.width + GAP) + GAP
  const { cdp, take } = await cameraOn(page, { width, height: WINDOW.height + 2 * GAP })
  await cdp.send('Emulation.setDefaultBackgroundColorOverride', { color: { r: 0, g: 0, b: 0, a: 0 } })
  writeFileSync(file, await take('webp'))
}

interface Camera {
  readonly cdp: CDPSession
  take(format: 'png' | 'webp'): Promise<Buffer>
}

/** Gives the page its size, and waits until the page has it: an approval begins to be ready again. */
async function cameraOn(page: Page, size: { width: number; height: number }): Promise<Camera> {
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Emulation.setDeviceMetricsOverride', { ...size, deviceScaleFactor: FINENESS, mobile: false })
  await page.waitForFunction(({ width, height }) => innerWidth === width && innerHeight === height, size)
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))
  const take: Camera['take'] = async (format) =>
    Buffer.from((await cdp.send('Page.captureScreenshot', { format, quality: 92 })).data, 'base64')
  return { cdp, take }
}
