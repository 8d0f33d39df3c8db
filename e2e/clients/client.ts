import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Page } from '@playwright/test'
import { respelled } from '../../src/background/spellings.ts'
import { dapp } from '../../src/core/protocol/dapp.ts'
import { isAnswer, isFrame, isRequest, readParams, TO_BRIDGE, TO_PAGE } from '../../src/core/protocol/frame.ts'
import { decode } from '../../src/core/schema.ts'
import { test as base, type Kept } from '../kept.ts'
import { serve } from '../pages.ts'
import { PASSWORD } from '../person.ts'
import { press, resultOf } from '../site.ts'

/** The built page of a client library, at an origin of its own, which nobody has connected yet. */
export interface Client {
  readonly page: Page
  readonly origin: string
  /** A real click. */
  click(name: string): Promise<void>
  /** The next line of results of that button. */
  said(name: string): Promise<string>
  /** Both. */
  press(name: string): Promise<string>
  /** The same where the wallet has to ask: which button the person answers with, and the password where it wants one. */
  pressAndAnswer(name: string, answer: string, password?: string): Promise<string>
  /** Any act of the page that has to open one window of the wallet. */
  asked(act: () => Promise<unknown>): Promise<Page>
  /** The same page once more, as after F5. */
  reload(): Promise<void>
  /** The person gives this site another account or network, by its name in the wallet. */
  move(what: 'Account' | 'Network', name: string): Promise<void>
  /** The line that the page shows as its own state. */
  state(): ReturnType<Page['locator']>
}

/**
 * `story` is the page's name. After each test: no error on the page, nothing that waits, no window but those that were
 * answered, and every frame that left the page is one of the wire.
 */
export const test = base.extend<{ readonly client: Client; readonly variant: string }>({
  variant: ['', { option: true }],
  client: async ({ kept, story, variant }, use) => {
    const folder = fileURLToPath(new URL(`../../dist/clients/${story}`, import.meta.url))
    if (!existsSync(folder)) throw new Error(`${story} is not built: node .ci/clients.mjs ${story}`)
    const served = await serve(folder)
    try {
      const opened = await open(kept, `http://localhost:${served.port}`, variant)
      await use(opened.client)
      await opened.end()
    } finally {
      await served.stop()
    }
  },
})
export { expect } from '../kept.ts'

async function open(
  { context, person, site }: Kept,
  origin: string,
  variant: string,
): Promise<{ client: Client; end: () => unknown }> {
  const page = await context.newPage()
  const errors: string[] = []
  const frames: unknown[] = []
  /** Requests of this document without an answer. */
  const waiting = new Set<string>()
  const lines = new Map<string, number>()
  let windows = 0
  let answered = 0
  page.on('pageerror', (error) => errors.push(String(error)))
  const count = (it: Page) => {
    if (it.url().startsWith('chrome-extension://')) windows += 1
  }
  context.on('page', count)
  await page.exposeFunction('recordFrame', (frame: unknown) => {
    frames.push(frame)
    if (isRequest(frame)) waiting.add(frame.id)
  })
  await page.exposeFunction('recordAnswer', (frame: unknown) => {
    if (isAnswer(frame)) waiting.delete(frame.id)
  })
  await page.addInitScript(
    ([bridge, itself]) => {
      const { recordFrame, recordAnswer } = window as unknown as Record<string, (frame: unknown) => void>
      addEventListener('message', ({ data }) => {
        if (data?.to === bridge) recordFrame?.(data.frame)
        if (data?.to === itself) recordAnswer?.(data.frame)
      })
    },
    [TO_BRIDGE, TO_PAGE] as const,
  )
  await page.goto(`${origin}/${new URL(site.url).search}&variant=${variant}`)

  const line = (name: string) => {
    lines.set(name, (lines.get(name) ?? 0) + 1)
    return lines.get(name) ?? 1
  }
  const said = async (name: string) => (await resultOf(page, name, line(name))).slice(name.length + 2)
  const asked = async (act: () => Promise<unknown>) => {
    answered += 1
    return person.asked(act)
  }
  const client: Client = {
    page,
    origin,
    click: (name) => press(page, name),
    said,
    press: async (name) => {
      await press(page, name)
      return said(name)
    },
    asked,
    pressAndAnswer: async (name, answer, password) => {
      const window = await asked(() => press(page, name))
      await window.getByRole('button', { name: answer, exact: true }).waitFor()
      const isAsked = await window.getByLabel('Password', { exact: true }).isVisible()
      await person.allow(window, answer, isAsked ? password : undefined)
      return said(name)
    },
    reload: async () => {
      await page.reload()
      waiting.clear()
      lines.clear()
    },
    move: async (what, name) => {
      await goTo(person.page, `/site/${encodeURIComponent(origin)}`)
      await person.page.getByLabel(what, { exact: true }).selectOption({ label: name })
      await goTo(person.page, '/')
    },
    state: () => page.locator('#state'),
  }
  const end = async () => {
    await base.expect.poll(() => page.evaluate(() => Reflect.get(window, 'running')), { timeout: 30_000 }).toBe(0)
    await base.expect.poll(() => waiting.size, { timeout: 30_000 }).toBe(0)
    context.off('page', count)
    await page.close()
    const wrong = frames.map(faultOf).filter((it) => it !== undefined)
    base.expect({ errors, windows, wrong }).toEqual({ errors: [], windows: answered, wrong: [] })
    base.expect(frames.length).toBeGreaterThan(0)
  }
  return { client, end }
}

const goTo = (page: Page, path: string) =>
  page.evaluate((to) => {
    location.hash = to
  }, path)

/** Other clients send more than a standard method knows; that is dropped (provider.md 2.1). */
function known(schema: object, params: unknown): unknown {
  if (!('entries' in schema) || typeof params !== 'object' || params === null) return params
  const { entries } = schema
  return Object.fromEntries(Object.entries(params).filter(([name]) => Object.hasOwn(entries as object, name)))
}

const SECOND = '0x012f0fd63d2e167fec9e0d00231d855dbcd5a0baa57a2f76bcf4e5ab9634bd07'

/** A second account of the same phrase, once for each wallet: its address. */
export async function addAccount({ person }: Kept): Promise<string> {
  const { page } = person
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click()
  await goTo(page, '/accounts')
  await page.getByRole('heading', { name: 'Accounts', exact: true }).waitFor()
  const listed = page.getByRole('button', { name: /^Account 2\b/ }).first()
  if (await listed.isVisible()) return SECOND
  await press('Add')
  await page.getByRole('menuitem', { name: 'New account' }).click()
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await press('Add account')
  await listed.waitFor({ timeout: 60_000 })
  return SECOND
}

/** Why a frame is none of the wire. */
function faultOf(frame: unknown): string | undefined {
  if (isFrame(frame, 'hello') || isFrame(frame, 'listen')) return undefined
  if (!isRequest(frame)) return `no frame: ${JSON.stringify(frame)}`
  const { type, params } = frame
  const read = readParams(type, params)
  if (read.fault !== undefined) return `${type} ${read.fault.at}: ${read.fault.why}`
  if (!Object.hasOwn(dapp, type)) return `${type} has no row`
  const row = dapp[type as keyof typeof dapp]
  const decoded = decode<unknown>(row.params, known(row.params, respelled(type, read.value)))
  return decoded.ok ? undefined : `${type} ${decoded.at}: ${decoded.why}`
}
