import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type CDPSession, chromium, type Page } from '@playwright/test'
import { build } from 'vite'
import { serve } from '../pages.ts'
import { shown } from './views.ts'

/** What the repository keeps: one language, each screen at the size that is hardest for it. */
const ALBUM = 'docs/pictures'
/** Written by a person, who looked at the pictures. */
const REVIEW = 'review.md'
/** Every screen at every size in every language: made when somebody wants to look, and kept by nobody. */
const EVERYTHING = 'pictures'
/** CSS px. The popup has one size of its own; windows and tabs are shown as small as the smallest that is asked for. */
const SIZE = {
  popup: { width: 380, height: 600 },
  window: { width: 360, height: 560 },
  tab: { width: 360, height: 560 },
}
const SIZES = {
  narrow: { width: 360, height: 560 },
  popup: SIZE.popup,
  tab: { width: 1120, height: 760 },
}
const SPOKEN = ['en', 'es', 'zh_CN']
/** Pixels to a CSS px. */
const FINENESS = 2
const QUALITY = 55
const MOST_BYTES = 6_000_000
const THEMES = ['light', 'dark'] as const

/** Every screen of the gallery, light and dark, as small files, and a page that shows them all. */
export async function album(say: (line: string) => void): Promise<number> {
  mkdirSync(at(ALBUM), { recursive: true })
  for (const file of readdirSync(at(ALBUM))) if (file !== REVIEW) rmSync(at(`${ALBUM}/${file}`))
  const screens = Object.keys(shown)
  const shots = screens.flatMap((screen) =>
    THEMES.map((theme): Shot => {
      const size = SIZE[shown[screen]?.surface ?? 'tab']
      return { screen, theme, size, language: 'en', file: `${screen}-${theme}` }
    }),
  )
  const bytes = await taken(shots, ALBUM)
  writeFileSync(at(`${ALBUM}/README.md`), indexOf(screens))
  say(
    `${ALBUM}: ${screens.length} screens in ${THEMES.length} themes, ${bytes} bytes${bytes > MOST_BYTES ? `: more than ${MOST_BYTES}` : ''}`,
  )
  return bytes > MOST_BYTES ? 1 : 0
}

/** @param wanted the screens; none: all of them. Each light and dark, at 360 × 560, as popup and as tab, in each language. */
export async function everything(wanted: readonly string[], say: (line: string) => void): Promise<number> {
  const unknown = wanted.filter((screen) => shown[screen] === undefined)
  if (unknown.length > 0) {
    say(`no screen is called ${unknown.join(', ')}`)
    return 1
  }
  const screens = wanted.length > 0 ? wanted : Object.keys(shown)
  const shots = SPOKEN.flatMap((language) =>
    Object.entries(SIZES).flatMap(([name, size]) =>
      screens.flatMap((screen) =>
        THEMES.map(
          (theme): Shot => ({ screen, theme, size, language, file: `${language}/${name}/${screen}-${theme}` }),
        ),
      ),
    ),
  )
  const bytes = await taken(shots, EVERYTHING)
  say(`${EVERYTHING}: ${shots.length} pictures of ${screens.length} screens, ${bytes} bytes`)
  return 0
}

interface Shot {
  readonly screen: string
  readonly theme: (typeof THEMES)[number]
  readonly size: { readonly width: number; readonly height: number }
  readonly language: string
  /** Without its ending. */
  readonly file: string
}

/** @returns bytes of all files */
async function taken(shots: readonly Shot[], album: string): Promise<number> {
  // Built once: so many pages are not put together anew for each picture.
  const folder = mkdtempSync(`${tmpdir()}/latchkey-album-`)
  const input = at('e2e/gallery/index.html')
  const into = { outDir: folder, emptyOutDir: true, target: 'es2022', rolldownOptions: { input } }
  await build({ configFile: at('e2e/gallery.config.ts'), build: into })
  const { port, stop } = await serve(folder)
  const browser = await chromium.launch({ executablePath: process.env.CHROME_PATH ?? chromium.executablePath() })
  try {
    const gallery = `http://127.0.0.1:${port}/e2e/gallery/`
    const context = await browser.newContext({
      locale: 'en-GB',
      timezoneId: 'Europe/Berlin',
      reducedMotion: 'reduce',
      deviceScaleFactor: FINENESS,
    })
    context.setDefaultTimeout(120_000)
    const page = await context.newPage()
    const camera = await context.newCDPSession(page)
    let bytes = 0
    for (const { screen, theme, size, language, file } of shots) {
      await page.setViewportSize(size)
      await page.goto(`${gallery}?screen=${screen}&theme=${theme}&language=${language.replace('_', '-')}`)
      await page.locator(`html[data-ready="${screen}"]`).waitFor()
      // A popup has one size: what is as wide as another is a tab.
      if (shown[screen]?.surface === 'popup' && size !== SIZE.popup)
        await page.evaluate(() => {
          document.documentElement.dataset.surface = 'tab'
        })
      await isDrawn(page)
      const path = at(`${album}/${file}.webp`)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, await picture(camera))
      bytes += statSync(path).size
    }
    return bytes
  } finally {
    await browser.close()
    await stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** "Ready in a moment", in each language. */
const UNARMED = new RegExp(
  SPOKEN.map((folder) => {
    const catalogue = JSON.parse(readFileSync(at(`public/_locales/${folder}/messages.json`), 'utf8'))
    return catalogue.ui_readyInAMoment.message
  }).join('|'),
)

/** As a person finds it: its code is here, its fonts too, and what arms itself is armed. */
async function isDrawn(page: Page): Promise<void> {
  await page.locator('main').first().waitFor()
  await page.evaluate(async () => {
    await document.fonts.ready
    for (let frame = 0; frame < 2; frame += 1) await new Promise((next) => requestAnimationFrame(next))
  })
  // What was drawn late arms it anew.
  await page.locator('.approval .decide [aria-disabled=true]', { hasText: UNARMED }).waitFor({ state: 'hidden' })
}

async function picture(camera: CDPSession): Promise<Buffer> {
  const { data } = await camera.send('Page.captureScreenshot', { format: 'webp', quality: QUALITY })
  return Buffer.from(data, 'base64')
}

function indexOf(screens: readonly string[]): string {
  const intro =
    'As the gallery draws them from canned Views, by `npm run pictures`: the popup at its 380 × 600, all else at 360 × 560.'
  const parts = screens.map((screen) =>
    [`## ${screen}`, ...THEMES.map((theme) => `![${screen}, ${theme}](${screen}-${theme}.webp)`)].join('\n\n'),
  )
  return `${['# All screens', intro, ...parts].join('\n\n')}\n`
}
