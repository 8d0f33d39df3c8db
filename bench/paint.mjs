/**
 * What a person sees when the popup opens: from the navigation to the first contentful paint of the wallet's page, and to its first
 * whole screen, against a page of an empty extension with one line of text, in the same browser and in turns (performance.md 6).
 * The worker is awake.
 *
 * Usage: node bench/paint.mjs, after `npm run build`
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromiumPath, goal, median, printCircumstances, row, runBench } from './ready.mjs'

const NAMES = { ours: 'the wallet', whole: 'its first screen', empty: 'an empty extension’s page' }
const ROUNDS = 15

if (process.argv.includes('--measure')) console.log(JSON.stringify(await measure()))
else {
  printCircumstances()
  if (chromiumPath() === undefined) {
    console.error('bench: no Chromium: .ci/setup.sh finds one')
    process.exit(2)
  }
  process.exitCode = runBench(import.meta.url, {
    table: (times) => {
      row(['', 'median ms', 'ratio'])
      for (const [name, title] of Object.entries(NAMES))
        row([title, median(times[name]).toFixed(1), (median(times.ours) / median(times[name])).toFixed(2)])
    },
    goals: (times) => [
      ...goal('paint.empty', median(times.ours) / median(times.empty), '<=', 2.5),
      ...goal('paint.screen', median(times.whole) / median(times.empty), '<=', 4, 2.5),
    ],
  })
}

async function measure() {
  const { chromium } = await import('@playwright/test')
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-paint-'))
  const ours = fileURLToPath(new URL('../dist/chromium', import.meta.url))
  const empty = emptyExtension(join(folder, 'empty'))
  const context = await chromium.launchPersistentContext(join(folder, 'profile'), {
    executablePath: chromiumPath(),
    viewport: null,
    args: [`--disable-extensions-except=${ours},${empty}`, `--load-extension=${ours},${empty}`],
  })
  try {
    while (context.serviceWorkers().length < 2) await context.waitForEvent('serviceworker', { timeout: 60_000 })
    const origins = context
      .serviceWorkers()
      .map((worker) => ({ origin: worker.url().split('/').slice(0, 3).join('/'), url: worker.url() }))
    const own = origins.find(({ url }) => !url.endsWith('/empty.js'))
    const other = origins.find(({ url }) => url.endsWith('/empty.js'))
    const pages = { ours: `${own.origin}/src/ui/index.html`, empty: `${other.origin}/page.html` }
    const times = { ours: [], whole: [], empty: [] }
    for (let round = -2; round < ROUNDS; round += 1)
      for (const [name, url] of Object.entries(pages)) {
        const page = await context.newPage()
        await page.goto(url)
        if (name === 'ours') await page.getByRole('heading').first().waitFor()
        const [first, largest] = await Promise.all([
          page.evaluate(firstOf, 'paint'),
          page.evaluate(firstOf, 'largest-contentful-paint'),
        ])
        await page.close()
        // The first rounds warm caches and the worker.
        if (round < 0) continue
        times[name].push(first)
        if (name === 'ours') times.whole.push(largest)
      }
    return times
  } finally {
    await context.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** In the page: the first contentful paint, or that of what is largest by now. */
function firstOf(type) {
  return new Promise((done) => {
    const seen = (list) => {
      const entry = list.getEntries().findLast(({ name }) => name !== 'first-paint')
      if (entry !== undefined) done(entry.startTime)
    }
    new PerformanceObserver(seen).observe({ type, buffered: true })
  })
}

function emptyExtension(folder) {
  mkdirSync(folder, { recursive: true })
  const files = {
    'manifest.json': JSON.stringify({
      manifest_version: 3,
      name: 'empty',
      version: '1',
      background: { service_worker: 'empty.js' },
    }),
    'empty.js': '',
    'page.html': '<!doctype html><meta charset="utf-8"><title>empty</title><p>Nothing here.</p>',
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}
