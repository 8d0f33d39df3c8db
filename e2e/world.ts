import { type BrowserContext, test as base, type Page, type Worker } from '@playwright/test'
import { type Build, homeOf, launch, workerOf } from './browser.ts'
import { type Devnet, deployFixtures, type Fixtures, startDevnet } from './devnet.ts'
import { type NodeProxy, proxyTo } from './faults.ts'
import { killerOf } from './killer.ts'
import { PLAYGROUND, serve } from './pages.ts'

export interface Site {
  /** `http://localhost:<port>`; the same pages are also at `elsewhere`, another origin. */
  readonly origin: string
  readonly elsewhere: string
  /** The playground's address with this world's node and contracts in it. */
  readonly url: string
  open(url?: string): Promise<Page>
}

interface World {
  /** Between wallet and chain: what the wallet asked its node, and a node that is gone. */
  readonly node: NodeProxy
  readonly context: BrowserContext
  readonly worker: Worker
  /** The address of the wallet's page; the popup itself is not a page that can be driven, so it is opened as one. */
  readonly home: string
  readonly site: Site
  /** Stops the worker; resolves when it is gone. It starts again at the next event. */
  readonly killWorker: () => Promise<void>
}

export interface Shared {
  /** One chain for each Playwright worker: tests on it share blocks and time, so each makes its own account. */
  readonly devnet: Devnet
  readonly fixtures: Fixtures
  readonly port: number
}

interface Options {
  /** `e2e` has the crash points and the test clock; everything else drives the release build. */
  readonly build: Build
}

export const test = base.extend<World, Shared & Options>({
  build: ['chromium', { option: true, scope: 'worker' }],
  devnet: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from this pattern.
    async ({}, use) => {
      const devnet = await startDevnet()
      await use(devnet)
      await devnet.stop()
    },
    { scope: 'worker', timeout: 60_000 },
  ],
  fixtures: [async ({ devnet }, use) => use(await deployFixtures(devnet)), { scope: 'worker', timeout: 60_000 }],
  port: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from this pattern.
    async ({}, use) => {
      const served = await serve(PLAYGROUND)
      await use(served.port)
      await served.stop()
    },
    { scope: 'worker' },
  ],
  node: async ({ devnet }, use) => {
    const proxy = await proxyTo(devnet.url)
    await use(proxy)
    await proxy.stop()
  },
  context: async ({ build, node }, use, info) => {
    const headless = !process.env.HEADED
    const context = await launch({ profile: info.outputPath('profile'), build, nodePort: node.port, headless })
    await use(context)
    await context.close()
  },
  worker: async ({ context }, use) => use(await workerOf(context)),
  home: async ({ worker }, use) => use(homeOf(worker)),
  site: async ({ context, devnet, fixtures, port }, use) => use(siteIn(context, { devnet, fixtures, port })),
  killWorker: async ({ context, worker }, use) => use((await killerOf(context, worker)).kill),
})

export function siteIn(context: BrowserContext, { devnet, fixtures, port }: Shared): Site {
  const origin = `http://localhost:${port}`
  const url = `${origin}/?${new URLSearchParams({ node: devnet.url, ...fixtures })}`
  return {
    origin,
    elsewhere: `http://127.0.0.1:${port}`,
    url,
    open: async (address = url) => {
      const page = await context.newPage()
      await page.goto(address)
      return page
    },
  }
}

export { expect } from '@playwright/test'
