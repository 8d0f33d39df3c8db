import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import type { BrowserContext, Page, Worker } from '@playwright/test'
import { ARMED, type Armed, type Checkpoint, REACHED } from '../src/platform/checkpoint.ts'

/** A point, and which passage of it from now on; the first where none is named. */
export type Point = Checkpoint | readonly [point: Checkpoint, passage: number]

export interface Killer {
  /** Stops the worker; resolves when it is gone. It starts again at the next event. */
  kill(): Promise<void>
  /**
   * Kills the worker when it stands at this point, the next worker at the next one, and so on; dist/e2e alone has points.
   * The first is armed when this resolves.
   */
  at(...points: readonly Point[]): Promise<{ readonly death: Promise<void> }>
  /** When the worker last came back, after the last of its deaths: `performance.now()` of this process. */
  back(): Promise<number>
  /** By how much the wall clock of this worker and the ones after it is off, until the browser ends; dist/e2e alone. */
  shiftClock(seconds: number): Promise<void>
  /** A page of the extension without a script of its own, which neither wakes the worker nor keeps it. */
  readonly page: Page
}

/** How long a worker may take to the point it dies at, ms. */
const REACHES_MS = 60_000
/**
 * So long a worker lives at least, ms, after a death for another reason and after one for the same: after ten seconds of
 * workers that die within a second of their hello the bridge gives up (content/link.ts).
 */
const LIVES_MS = { first: 1_250, next: 2_000 }

/**
 * Not by the worker's target: where somebody attends, one that starts again keeps its id, so its death could be missed
 * for ever. The browser's own list of service workers names each stop; it is read from a page of ours without a script.
 */
export async function killerOf(context: BrowserContext, worker: Worker): Promise<Killer> {
  const page = await context.newPage()
  await page.goto(new URL('/manifest.json', worker.url()).href)
  const cdp = await context.newCDPSession(page)
  let version = { id: '', isRunning: false }
  let stopped = () => {}
  let runs: { readonly since: Promise<number>; readonly from: (at: number) => void } = running(performance.now())
  cdp.on('ServiceWorker.workerVersionUpdated', ({ versions }) => {
    for (const { versionId, scriptURL, runningStatus } of versions) {
      if (scriptURL !== worker.url()) continue
      version = { id: versionId, isRunning: runningStatus === 'running' || runningStatus === 'starting' }
      if (runningStatus === 'stopped') {
        runs = running()
        stopped()
      }
      if (runningStatus === 'running') runs.from(performance.now())
    }
  })
  await cdp.send('ServiceWorker.enable')

  const kill = async () => {
    if (!version.isRunning) return
    const gone = new Promise<void>((resolve) => {
      stopped = resolve
    })
    await cdp.send('ServiceWorker.stopWorker', { versionId: version.id })
    await gone
  }

  let last = 0
  const arm = async (it: Point): Promise<{ readonly reached: Promise<void> }> => {
    last += 1
    const [point, passage] = typeof it === 'string' ? [it, 1] : it
    const armed: Armed = { id: `${last}`, point, passage }
    await page.evaluate(([key, armed]) => chrome.storage.session.set({ [key]: armed }), [ARMED, armed] as const)
    const reached = page.evaluate(
      ([key, id]) =>
        new Promise<void>((resolve) => {
          const look = async () => {
            if ((await chrome.storage.session.get(key))[key] !== id) return
            chrome.storage.session.onChanged.removeListener(look)
            resolve()
          }
          chrome.storage.session.onChanged.addListener(look)
          void look()
        }),
      [REACHED, armed.id] as const,
    )
    reached.catch(() => undefined) // Awaited by whom it concerns; the browser may end before.
    return {
      reached: Promise.race([
        reached,
        setTimeout(REACHES_MS, undefined, { ref: false }).then(() => {
          throw new Error(`no worker came to "${point}"`)
        }),
      ]),
    }
  }
  const inTurn = async (first: Promise<void>, rest: readonly Point[], lives: number): Promise<void> => {
    await first
    const [next, ...others] = rest
    // Before the death: the next worker may pass it at once.
    const armed = next === undefined ? undefined : await arm(next)
    const alive = performance.now() - (await runs.since)
    if (alive < lives) await setTimeout(lives - alive)
    await kill()
    if (armed !== undefined) await inTurn(armed.reached, others, LIVES_MS.next)
  }

  return {
    kill,
    at: async (first, ...rest) => {
      if (first === undefined) throw new Error('no point')
      const death = inTurn((await arm(first)).reached, rest, LIVES_MS.first)
      death.catch(() => undefined)
      return { death }
    },
    back: () => runs.since,
    shiftClock: (seconds) =>
      worker.evaluate(
        (by) => (globalThis as unknown as { shiftClock(seconds: number): Promise<void> }).shiftClock(by),
        seconds,
      ),
    page,
  }
}

function running(at?: number) {
  let from: (at: number) => void = () => {}
  const since = new Promise<number>((resolve) => {
    from = resolve
  })
  if (at !== undefined) from(at)
  return { since, from }
}

/** As if the power went: the browser's main process and with it all others, without a word to anybody. */
export async function killBrowser(context: BrowserContext, profile: string): Promise<void> {
  const gone = new Promise<void>((resolve) => context.once('close', () => resolve()))
  const pid = mainProcess(profile)
  process.kill(pid, 'SIGKILL')
  await gone
  while (isAlive(pid)) await setTimeout(20)
  // Left behind, they keep the next browser off the profile (toolchain.md 8).
  for (const name of ['SingletonLock', 'SingletonSocket', 'SingletonCookie'])
    rmSync(`${profile}/${name}`, { force: true })
}

function mainProcess(profile: string): number {
  const all = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,args='], { encoding: 'utf8', maxBuffer: 2 ** 26 }).split(
    '\n',
  )
  const own = all.filter((it) => it.includes(`--user-data-dir=${profile} `) && !it.includes(' --type='))
  const pid = Number.parseInt(own[0] ?? '', 10)
  if (own.length !== 1 || !(pid > 1)) throw new Error(`${own.length} browsers run on ${profile}`)
  return pid
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
