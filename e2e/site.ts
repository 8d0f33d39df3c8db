import { expect, type Page } from '@playwright/test'

export interface Outcome {
  readonly result?: unknown
  readonly code?: number
  readonly message?: string
  readonly data?: unknown
}

/** The playground's button, and the line that its act leaves. */
export async function press(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name, exact: true }).click()
}

/** The newest line of results that begins with the button's name, waited for. */
export async function resultOf(page: Page, name: string, count = 1): Promise<string> {
  const lines = page
    .getByRole('list', { name: 'Results' })
    .getByRole('listitem')
    .filter({ hasText: `${name}: ` })
  await expect(lines).toHaveCount(count, { timeout: 60_000 })
  return lines.last().innerText()
}

/** What a site's own script gets from the provider; a window it needs must come from a real click instead. */
export function request(page: Page, type: string, params?: object): Promise<Outcome> {
  return page.evaluate(
    async ({ type, params }) => {
      try {
        const wallet = (window as unknown as { starknet_latchkey: { request(call: object): Promise<unknown> } })
          .starknet_latchkey
        return { result: await wallet.request(params === undefined ? { type } : { type, params }) }
      } catch (error) {
        const { code, message, data } = error as { code?: number; message?: string; data?: unknown }
        return { code, message, data } as { code: number; message: string; data: unknown }
      }
    },
    { type, params },
  )
}

/** The same from a real click in the page, without which no window opens: that window, and the answer to come. */
export async function clickFor(page: Page, type: string, params?: object): Promise<Asked> {
  const opened = page.context().waitForEvent('page', { predicate: isApproval, timeout: 30_000 })
  const answer = await clickOnly(page, type, params)
  return { window: await opened, answer: answer.toCome }
}

/** The same where no window is waited for. */
export async function clickOnly(page: Page, type: string, params?: object): Promise<{ toCome: Promise<Outcome> }> {
  await page.evaluate(
    ({ type, params }) => {
      const page = window as unknown as InPage
      const ask = async () => {
        try {
          return { result: await page.starknet_latchkey.request(params === undefined ? { type } : { type, params }) }
        } catch (error) {
          const { code, message, data } = error as { code: number; message: string; data?: unknown }
          return { code, message, data }
        }
      }
      window.addEventListener(
        'click',
        () => {
          page.asked = ask()
        },
        { once: true },
      )
    },
    { type, params },
  )
  await page.getByRole('heading', { name: 'Playground' }).click()
  const toCome = page.evaluate(() => (window as unknown as InPage).asked)
  // Awaited by whom it concerns; a closed tab hears nothing.
  toCome.catch(() => undefined)
  return { toCome }
}

export interface Asked {
  readonly window: Page
  readonly answer: Promise<Outcome>
}
interface InPage {
  readonly starknet_latchkey: {
    request(call: object): Promise<unknown>
    on(name: string, listener: (value: unknown) => void): void
  }
  asked: Promise<Outcome>
  heard: [string, unknown][]
}
const isApproval = (page: Page) => page.url().includes('#/approval')

export type Heard = readonly [name: string, value: unknown]

/** The wallet's events as this document hears them from now on; a missing value arrives as null. */
export async function eventsOf(page: Page): Promise<() => Promise<readonly Heard[]>> {
  await page.evaluate(() => {
    const page = window as unknown as InPage
    page.heard = []
    for (const name of ['accountsChanged', 'networkChanged', 'sessionsChanged'])
      page.starknet_latchkey.on(name, (value) => page.heard.push([name, value ?? null]))
  })
  return () => page.evaluate(() => (window as unknown as InPage).heard)
}

/** Counts the extension pages that are opened from now on. */
export function windowsFrom(page: Page): { count(): number } {
  let opened = 0
  page.context().on('page', (it) => {
    if (it.url().startsWith('chrome-extension://')) opened += 1
  })
  return { count: () => opened }
}
