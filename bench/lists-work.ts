/**
 * Two wallets in one Chromium, over one stub node: one with a session and a few rows of activity, one with 256 sessions and
 * 10,000 rows in its database, each row as the wallet itself wrote its like, with its MAC. The build differs from the wallet's
 * in one line: the worker leaves its database and its key where a bench can write rows with them.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BrowserContext, chromium, expect, type Page, type Worker } from '@playwright/test'
import type { Plugin } from 'vite'
import { homeOf } from '../e2e/browser.ts'
import type { Database, Guard } from '../src/platform/database.ts'
import { buildWallet, type StubNode, servePage, wallet } from './wake-work.ts'

const ROUNDS = Number(process.env.ROUNDS ?? 9)
const WARM_UP = 2
const SESSIONS = 256
const ROWS = 10_000
const HOSTS = { few: 'localhost', many: '127.0.0.1' } as const
const NAMES = ['few', 'many'] as const
const SCREENS = ['home', 'sessions', 'activity'] as const
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const OUT = at('./dist/lists')

type Name = (typeof NAMES)[number]
type Screen = (typeof SCREENS)[number]
export interface Measured {
  /** ms from the navigation to the list's first paint. */
  readonly open: Readonly<Record<Name, Readonly<Record<Screen, readonly number[]>>>>
  /** ms between frames while the whole list is scrolled through. */
  readonly frames: Readonly<Record<'sessions' | 'activity', readonly number[]>>
  /** Rows of activity that came into view. */
  readonly met: number
  /** Cards of sessions that did. */
  readonly cards: number
}

export async function measureLists(node: StubNode, executablePath: string | undefined): Promise<Measured> {
  await buildBoth()
  const page = await servePage()
  const profile = mkdtempSync(join(tmpdir(), 'latchkey-lists-'))
  const extensions = NAMES.map((name) => `${OUT}/${name}`).join(',')
  const context = await chromium.launchPersistentContext(profile, {
    ...(executablePath === undefined ? {} : { executablePath }),
    viewport: { width: 420, height: 760 },
    args: [
      `--disable-extensions-except=${extensions}`,
      `--load-extension=${extensions}`,
      `--host-resolver-rules=MAP 127.0.0.1:5050 127.0.0.1:${new URL(node.url).port}, MAP 127.0.0.1 127.0.0.1, MAP localhost 127.0.0.1, MAP * ~NOTFOUND`,
      '--screen-info={1600x1200}',
    ],
  })
  try {
    const workers = await workersOf(context)
    for (const name of NAMES) {
      const ours = await wallet({ context, name: 'ours', worker: workers[name] }, page.at(HOSTS[name]))
      for (let round = 0; round < 3; round += 1) await ours.ask(round)
    }
    const settled = async () => (await node.asked()).starknet_getTransactionReceipt ?? 0
    await expect.poll(settled, { timeout: 30_000, intervals: [50] }).toBeGreaterThanOrEqual(6)
    await fill(workers.many)
    const open = { few: noTimes(), many: noTimes() }
    for (let round = -WARM_UP; round < ROUNDS; round += 1)
      for (const name of round % 2 === 0 ? NAMES : [...NAMES].reverse())
        for (const screen of SCREENS) {
          const shown = await context.newPage()
          const took = await opened(shown, homeOf(workers[name]), screen)
          if (round >= 0) open[name][screen].push(took)
          await shown.close()
        }
    const through = async (screen: 'sessions' | 'activity') => {
      const shown = await context.newPage()
      await opened(shown, homeOf(workers.many), screen)
      const found = await scrolled(shown)
      await shown.close()
      return found
    }
    const sessions = await through('sessions')
    const activity = await through('activity')
    return {
      open,
      frames: { sessions: sessions.frames, activity: activity.frames },
      met: activity.met,
      cards: sessions.met,
    }
  } finally {
    await context.close()
    await page.stop()
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

const noTimes = (): Record<Screen, number[]> => ({ home: [], sessions: [], activity: [] })

/** Until what the screen lists is painted. */
async function opened(page: Page, home: string, screen: Screen): Promise<number> {
  await page.goto(`${home.split('#')[0]}#${screen === 'home' ? '/' : `/${screen}`}`)
  return page.evaluate(
    () =>
      new Promise<number>((done) => {
        const look = () => {
          if (document.querySelector('main li a') === null) requestAnimationFrame(look)
          // The frame that has it is on its way when the next one begins.
          else requestAnimationFrame(() => done(performance.now()))
        }
        look()
      }),
  )
}

/** As a wheel does it, a quarter of the window in each frame; at the end it waits for more until there is none. */
function scrolled(page: Page): Promise<{ readonly frames: readonly number[]; readonly met: number }> {
  return page.evaluate(
    () =>
      new Promise<{ frames: number[]; met: number }>((done) => {
        const area = document.scrollingElement!
        const frames: number[] = []
        const met = new Set<string>()
        let before: number | undefined
        const step = (now: number) => {
          if (before !== undefined) frames.push(now - before)
          before = now
          for (const link of document.querySelectorAll('main li a')) met.add(link.getAttribute('href')!)
          const end = area.scrollTop + innerHeight >= area.scrollHeight - 1
          // What reads the next rows stands at the end of those that there are.
          if (end && document.querySelector('main ul ~ .row.section button') === null) done({ frames, met: met.size })
          else {
            area.scrollTop += innerHeight / 4
            requestAnimationFrame(step)
          }
        }
        requestAnimationFrame(step)
      }),
  )
}

// ---- What is in the database.

interface Held {
  readonly db: Database
  readonly key: Guard
  readonly load: () => Promise<void>
}

/** More like the session, the transactions and the history that are there, at other times and of other sites. */
async function fill(worker: Worker): Promise<void> {
  await worker.evaluate(
    async ({ sessions, rows }) => {
      const { db, key, load } = (globalThis as unknown as { forBench: () => Held }).forBench()
      const [session, book, tx, sent] = await db.read(['sessions', 'books', 'journal', 'history'], async (it) => [
        (await it.rows('sessions'))[0]!,
        (await it.rows('books'))[0]!,
        (await it.rows('journal')).find(({ marks }) => marks?.session !== undefined && marks.open === undefined)!,
        (await it.rows('history')).find(({ key, marks }) => key.startsWith('tx ') && marks?.session !== undefined)!,
      ])
      type Value = Record<string, unknown> & { readonly id: string; readonly at: number }
      const now = Math.floor(Date.now() / 1000)
      const ids = Array.from({ length: sessions }, (_, n) => (n === 0 ? session.key : n.toString(16).padStart(32, '0')))
      const origin = (n: number) => `https://site-${n % 40}.example`
      for (let n = 1; n < sessions; n += 1) {
        const id = ids[n]!
        const value = session.value as Value
        // Half of them have ended.
        const ended = n % 2 === 1 ? { state: 'revoked', endedAt: now - n } : {}
        await db.write(['sessions', 'books', 'meta'], 'relaxed', async (it) => {
          const stored = { ...value, id, createdAt: now - n, seq: 1, ...ended }
          await key.put(it, 'sessions', id, stored, session.marks)
          await key.put(it, 'books', id, { ...(book.value as object), session: id }, book.marks)
        })
      }
      for (let from = 0; from < rows; from += 500)
        await db.write(['journal', 'history'], 'relaxed', async (it) => {
          for (let n = from; n < from + 500; n += 1) {
            const id = `b${n.toString(16).padStart(31, '0')}`
            const of = ids[n % sessions]!
            const when = now - 20 * n
            const row = { ...(tx.value as Value), id, at: when, session: of, origin: origin(n) }
            await key.put(it, 'journal', id, row, { ...tx.marks, at: when, session: of, origin: origin(n) })
            const said = { ...(sent.value as Value), id: `tx ${id}`, at: when, session: of, origin: origin(n) }
            await key.put(it, 'history', said.id, said, { ...sent.marks, at: when, session: of, origin: origin(n) })
          }
        })
      await load()
    },
    { sessions: SESSIONS, rows: ROWS },
  )
}

// ---- The two extensions.

async function buildBoth(): Promise<void> {
  rmSync(OUT, { recursive: true, force: true })
  await buildWallet(`${OUT}/few`, [leaveDatabase()])
  mkdirSync(`${OUT}/many`, { recursive: true })
  cpSync(`${OUT}/few`, `${OUT}/many`, { recursive: true })
  for (const name of NAMES) {
    const file = `${OUT}/${name}/manifest.json`
    // Each is on pages of its own, and without a key each folder has its own id.
    const { key: _, content_scripts: scripts, ...rest } = JSON.parse(readFileSync(file, 'utf8'))
    const matches = [`http://${HOSTS[name]}/*`]
    const own = scripts.map((it: object) => ({ ...it, matches }))
    writeFileSync(file, JSON.stringify({ ...rest, description: name, content_scripts: own }))
  }
}

function leaveDatabase(): Plugin {
  const WORKER = at('../src/background/service-worker.ts')
  return {
    name: 'leave-database',
    enforce: 'pre',
    transform(source, id) {
      if (id !== WORKER) return null
      const left = 'globalThis.forBench = () => ({ db, key: guard(), load: () => sending.sessions.load() })'
      return { code: `${source}\n${left}\n`, map: null }
    },
  }
}

async function workersOf(context: BrowserContext): Promise<Readonly<Record<Name, Worker>>> {
  const found: Partial<Record<Name, Worker>> = {}
  const look = async () => {
    for (const worker of context.serviceWorkers())
      found[(await worker.evaluate(() => chrome.runtime.getManifest().description)) as Name] = worker
    return NAMES.every((name) => found[name] !== undefined)
  }
  await expect.poll(look, { timeout: 20_000, intervals: [50] }).toBe(true)
  return found as Readonly<Record<Name, Worker>> // Both were found.
}
