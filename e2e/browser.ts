import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type BrowserContext, chromium, type Worker } from '@playwright/test'

export type Build = 'chromium' | 'e2e'

/**
 * A real Chromium with the built extension, whose devnet row (127.0.0.1:5050) leads to the given port and which reaches no
 * host outside this machine. Each option is there because something was seen to fail without it (toolchain.md 7).
 */
export async function launch(options: {
  profile: string
  build: Build
  nodePort: number
  headless: boolean
  /** The caller closes the browser when the process is told to end; otherwise Playwright ends the process itself. */
  ownSignals?: boolean
  /** Pages that were left are kept whole, as in a person's browser. */
  cached?: boolean
}): Promise<BrowserContext> {
  prepare(options.profile)
  // A trace would fetch the body of each answer a worker got, and a worker that is stopped while it is asked for one
  // (Network.getResponseBody) takes the whole browser with it: Chromium 156 ends by a failed check of its own.
  process.env.PLAYWRIGHT_DISABLE_SERVICE_WORKER_NETWORK = '1'
  return chromium.launchPersistentContext(options.profile, {
    executablePath: process.env.CHROME_PATH ?? chromium.executablePath(),
    headless: options.headless,
    viewport: null,
    ...(options.cached === true ? { ignoreDefaultArgs: ['--disable-back-forward-cache'] } : {}),
    handleSIGINT: !options.ownSignals,
    handleSIGTERM: !options.ownSignals,
    handleSIGHUP: !options.ownSignals,
    args: [
      ...extensionArgs(options.build),
      `--host-resolver-rules=MAP 127.0.0.1:5050 127.0.0.1:${options.nodePort}, MAP 127.0.0.1 127.0.0.1, MAP localhost 127.0.0.1, MAP * ~NOTFOUND`,
      ...(options.headless ? ['--screen-info={1600x1200}'] : []),
    ],
  })
}

/** A profile in which an extension of the command line may be. */
export function prepare(profile: string): void {
  mkdirSync(`${profile}/Default`, { recursive: true })
  const preferences = `${profile}/Default/Preferences`
  // Without developer mode a command-line extension is gone after `runtime.reload()`.
  if (!existsSync(preferences))
    writeFileSync(preferences, JSON.stringify({ extensions: { ui: { developer_mode: true } } }))
}

export function extensionArgs(build: Build): readonly string[] {
  const extension = fileURLToPath(new URL(`../dist/${build}`, import.meta.url))
  if (!existsSync(`${extension}/manifest.json`)) throw new Error(`dist/${build} is not built: npm run build`)
  return [`--disable-extensions-except=${extension}`, `--load-extension=${extension}`]
}

/** The extension's worker, started by the browser itself. */
export async function workerOf(context: BrowserContext): Promise<Worker> {
  return (
    context.serviceWorkers()[0] ??
    (await context.waitForEvent('serviceworker', { timeout: 10_000 }).catch(() => {
      throw new Error(
        'no worker within 10 s: is CHROME_PATH a Chromium? Google Chrome ignores extensions of the command line.',
      )
    }))
  )
}

export const homeOf = (worker: Worker) => `chrome-extension://${new URL(worker.url()).host}/src/ui/index.html`
