import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import type { BrowserContext, Worker } from '@playwright/test'
import { homeOf, launch, workerOf } from './browser.ts'
import { type Devnet, deployFixtures, startDevnet } from './devnet.ts'
import { buildPlayground, PLAYGROUND, serve } from './pages.ts'
import { approveOnce, endIt, type Onlooker, playOn, stayInside } from './walk.ts'
import { type Site, siteIn } from './world.ts'

/** The address the wallet's devnet row has; where another devnet listens there, the browser is led to ours. */
const NODE_PORT = 5050
/** Always the same, so that the site keeps its name; another one when somebody else has it. */
const SITE_PORT = 5051

/** Everything up: a chain of its own, the playground, Chromium with the wallet. */
export interface Stage {
  readonly devnet: Devnet
  readonly context: BrowserContext
  readonly worker: Worker
  readonly home: string
  readonly site: Site
}
type Say = (text: string) => void

/** A browser for a person; resolves with the exit code when all of it is down again. */
export async function start(): Promise<number> {
  const say = sayer('start')
  const ended = await onStage({ headless: false, say }, async ({ context, home, site }) => {
    const closed = new Promise<void>((resolve) => context.once('close', () => resolve()))
    const [first] = context.pages()
    await (first ?? (await context.newPage())).goto(home)
    await site.open()
    say(`playground at ${site.origin}`)
    say('Create a wallet, press Start on Devnet with test tokens, then follow the buttons. Ctrl-C ends everything.')
    await closed
  })
  if (ended.kind === 'failed') say(ended.why)
  return ended.kind === 'failed' ? 1 : 0
}

/** The main story by itself, a line for each step and a picture of each screen. */
export async function walk(folder: string): Promise<number> {
  const say = sayer('walk')
  const from = performance.now()
  const { onlooker, steps, pictures } = camera(folder, say)
  let calls = 0
  const ended = await onStage({ headless: true, say }, async ({ context, home, site }) => {
    // What a story may take on a slow machine; a person would wait too.
    context.setDefaultTimeout(120_000)
    try {
      const scene = await approveOnce({ context, home, site }, onlooker)
      calls = await playOn(scene)
      await stayInside(scene)
      await endIt(scene)
    } catch (error) {
      for (const page of context.pages()) await onlooker.seen('failed', page).catch(() => undefined)
      throw error
    }
  })
  const where = `${pictures()} pictures in ${folder}`
  if (ended.kind === 'interrupted') say(`stopped by you after step ${steps()}; ${where}`)
  else if (ended.kind === 'failed') say(`failed in step ${steps() + 1}: ${ended.why}; ${where}`)
  else
    say(
      `the whole story went through in ${((performance.now() - from) / 1000).toFixed(0)} s: 1 approval, then ${calls} calls without a window; ${where}`,
    )
  return ended.kind === 'done' ? 0 : ended.kind === 'failed' ? 1 : 130
}

type Ended =
  | { readonly kind: 'done' }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'failed'; readonly why: string }

/** Runs the act on a stage of its own. Whatever ends it, the act or a signal, also while the stage goes up: nothing is left. */
export async function onStage(
  { headless, say }: { headless: boolean; say: Say },
  act: (stage: Stage) => Promise<void>,
): Promise<Ended> {
  const undo: (() => unknown)[] = []
  let over = false
  const keep = async (end: () => unknown) => {
    if (over) await end()
    else undo.push(end)
  }
  const stopped = new Promise<Ended>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => {
        // The second one does not wait: what is ours ends with this process.
        if (over) process.exit(130)
        resolve({ kind: 'interrupted' })
      })
  })
  const played = (async (): Promise<Ended> => {
    await act(await raise(headless, say, keep))
    return { kind: 'done' }
  })().catch((error: unknown): Ended => ({ kind: 'failed', why: sentence(error) }))
  const ended = await Promise.race([played, stopped])
  over = true
  say('stopping')
  for (const end of undo.reverse()) await end()
  // What was just starting has ended itself by now.
  await played
  return ended
}

async function raise(headless: boolean, say: Say, keep: (end: () => unknown) => Promise<void>): Promise<Stage> {
  const nodePort = (await isFree(NODE_PORT)) ? NODE_PORT : undefined
  const devnet = await startDevnet(nodePort === undefined ? {} : { port: nodePort })
  await keep(devnet.stop)
  say(`devnet, a chain of its own, at ${devnet.url}`)
  const fixtures = await deployFixtures(devnet)

  await buildPlayground()
  const served = await serve(PLAYGROUND, (await isFree(SITE_PORT)) ? SITE_PORT : 0)
  await keep(served.stop)

  // A new devnet knows nothing of an old wallet, so each start has a profile of its own.
  const profile = mkdtempSync(`${tmpdir()}/latchkey-profile-`)
  await keep(() => rmSync(profile, { recursive: true, force: true, maxRetries: 5 }))
  const context = await launch({ profile, build: 'chromium', nodePort: devnet.port, headless, ownSignals: true })
  await keep(() => context.close())
  const worker = await workerOf(context)
  const site = siteIn(context, { devnet, fixtures, port: served.port })
  return { devnet, context, worker, home: homeOf(worker), site }
}

/** Numbers the steps, and takes the pictures into an emptied folder. */
function camera(folder: string, say: Say) {
  const at = fileURLToPath(new URL(`../${folder}`, import.meta.url))
  mkdirSync(at, { recursive: true })
  for (const name of readdirSync(at)) if (/^\d\d-[a-z-]+\.png$/.test(name)) rmSync(`${at}/${name}`)
  let steps = 0
  let pictures = 0
  const onlooker: Onlooker = {
    told: (line) => {
      steps += 1
      say(`${steps}. ${line}`)
    },
    seen: async (screen, page) => {
      pictures += 1
      const path = `${at}/${String(pictures).padStart(2, '0')}-${screen}.png`
      await page.screenshot({ path, animations: 'disabled' })
    },
  }
  return { onlooker, steps: () => steps, pictures: () => pictures }
}

export const sayer =
  (name: string): Say =>
  (text) =>
    console.log(`${name}: ${text}`)

/** The first line of what went wrong, and what was looked for. */
function sentence(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const [first = '', ...rest] = stripVTControlCharacters(error.message).split('\n')
  const detail = rest.filter((line) => /^(Locator|Expected|Received)\b/.test(line)).map((line) => line.trim())
  return [first, ...detail].join(', ')
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
