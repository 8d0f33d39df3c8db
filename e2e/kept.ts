import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import type { BrowserContext, Page } from '@playwright/test'
import { type Build, homeOf, launch, workerOf } from './browser.ts'
import { deployFixtures, startDevnet } from './devnet.ts'
import { type NodeProxy, proxyTo } from './faults.ts'
import { type Killer, killBrowser, killerOf } from './killer.ts'
import { PLAYGROUND, serve } from './pages.ts'
import { ADDRESS, PASSWORD, type Person, PHRASE, personAt } from './person.ts'
import { clickFor } from './site.ts'
import { test as base, type Shared, type Site, siteIn } from './world.ts'

/**
 * One browser and one wallet for all tests of a file, because starting them costs more than most tests. A test makes what
 * it needs and leaves the wallet unlocked with its node whole; what comes before it in the file it does not rely on.
 */
export interface Kept {
  readonly node: NodeProxy
  readonly context: BrowserContext
  readonly site: Site
  readonly person: Person
  /** Of the only account. */
  readonly address: string
  killWorker(): Promise<void>
  /** Of the worker that runs now: another one after each start of the browser. */
  readonly killer: Killer
  /** A page of an origin that nobody has seen before. */
  stranger(): Promise<Page>
  /** The same, connected. */
  visitor(): Promise<Page>
  /** The playground's own origin, connected and with its session running; a new tab each time. */
  player(): Promise<Page>
  /** Closes the browser and starts it again on the same profile. */
  restart(): Promise<void>
  /** The same, but killed and not closed. */
  crash(): Promise<void>
}

interface Options {
  /** The file's own name: files with different ones share no wallet. */
  readonly story: string
}

export const test = base.extend<object, { readonly kept: Kept } & Options>({
  story: ['', { option: true, scope: 'worker' }],
  kept: [
    async ({ devnet, fixtures, port, story, build }, use) => {
      if (story === '') throw new Error('test.use({ story }) is missing')
      const undo: (() => unknown)[] = []
      try {
        const { kept, end } = await keep({ devnet, fixtures, port }, build, undo)
        undo.push(end)
        await use(kept)
      } finally {
        for (const act of undo.reverse()) await act()
      }
    },
    { scope: 'worker', timeout: 120_000 },
  ],
})

/** A wallet of its own, for who needs more than one. */
export async function keep(
  shared: Shared,
  build: Build,
  undo: (() => unknown)[],
): Promise<{ kept: Kept; end: () => Promise<void> }> {
  const profile = mkdtempSync(`${tmpdir()}/latchkey-kept-`)
  undo.push(() => rmSync(profile, { recursive: true, force: true, maxRetries: 5 }))
  const node = await proxyTo(shared.devnet.url)
  undo.push(node.stop)

  const start = async () => {
    const headless = !process.env.HEADED
    const context = await launch({ profile, build, nodePort: node.port, headless })
    const worker = await workerOf(context)
    const person = await personAt(context, homeOf(worker))
    return { context, person, site: siteIn(context, shared), killer: await killerOf(context, worker) }
  }
  let now = await start()
  await now.person.importWallet(PHRASE)
  await now.person.selectNetwork('Devnet')
  await shared.devnet.mint(ADDRESS, 100n * 10n ** 18n)

  const stranger = async () => {
    const { port, stop } = await serve(PLAYGROUND)
    undo.push(stop)
    return now.site.open(siteIn(now.context, { ...shared, port }).url)
  }
  const connect = async (page: Page) => {
    const { window, answer } = await clickFor(page, 'wallet_requestAccounts')
    await now.person.allow(window, 'Connect')
    await answer
    await page.reload()
  }
  let played = false
  const play = async (page: Page) => {
    await connect(page)
    const opened = now.person.asked(() => page.getByRole('button', { name: 'Request session', exact: true }).click())
    await now.person.allow(await opened, 'Allow session', PASSWORD)
    await page.getByText(/^Request session: session \w+ is active/).waitFor({ timeout: 60_000 })
    played = true
    // As every later tab finds it: with no line of results.
    await page.reload()
  }
  const kept: Kept = {
    node,
    address: ADDRESS,
    get context() {
      return now.context
    },
    get site() {
      return now.site
    },
    get person() {
      return now.person
    },
    get killer() {
      return now.killer
    },
    killWorker: () => now.killer.kill(),
    stranger,
    visitor: async () => {
      const page = await stranger()
      await connect(page)
      return page
    },
    player: async () => {
      const page = await now.site.open()
      if (!played) await play(page)
      return page
    },
    restart: async () => {
      await now.context.close()
      now = await start()
    },
    crash: async () => {
      await killBrowser(now.context, profile)
      now = await start()
    },
  }
  return { kept, end: () => now.context.close() }
}

/** A chain and a wallet that no other test shares: its time may be moved. */
export async function alone(build: Build, act: (kept: Kept, shared: Shared) => Promise<void>): Promise<void> {
  const undo: (() => unknown)[] = []
  try {
    const devnet = await startDevnet()
    undo.push(devnet.stop)
    const fixtures = await deployFixtures(devnet)
    const served = await serve(PLAYGROUND)
    undo.push(served.stop)
    const shared = { devnet, fixtures, port: served.port }
    const { kept, end } = await keep(shared, build, undo)
    undo.push(end)
    await act(kept, shared)
  } finally {
    for (const step of undo.reverse()) await step()
  }
}

export { expect } from '@playwright/test'
