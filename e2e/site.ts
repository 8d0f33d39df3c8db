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
  await page.evaluate(
    ({ type, params }) => {
      const { starknet_latchkey: wallet } = window as unknown as Page
      const ask = async () => {
        try {
          return { result: await wallet.request(params === undefined ? { type } : { type, params }) }
        } catch (error) {
          const { code, message, data } = error as { code?: number; message?: string; data?: unknown }
          return { code, message, data }
        }
      }
      window.addEventListener('click', () => Reflect.set(window, 'asked', ask()), { once: true })
    },
    { type, params },
  )
  await page.getByRole('heading', { name: 'Playground' }).click()
  const answer = page.evaluate(() => Reflect.get(window, 'asked') as Promise<Outcome>)
  // Awaited by whom it concerns; a closed tab hears nothing.
  answer.catch(() => undefined)
  return { window: await opened, answer }
}
export interface Asked {
  readonly window: Page
  readonly answer: Promise<Outcome>
}
const isApproval = (page: Page) => page.url().includes('#/approval')

/** Events of the wallet as this document hears them from now on; `undefined` arrives as null. */
export async function eventsOf(page: Page): Promise<{ all(): Promise<readonly [string, unknown][]> }> {
  await page.evaluate(() => {
    const wallet = Reflect.get(window, 'starknet_latchkey')
    const heard: [string, unknown][] = []
    Reflect.set(window, 'heard', heard)
    for (const name of ['accountsChanged', 'networkChanged', 'sessionsChanged'])
      wallet.on(name, (value: unknown) => heard.push([name, value ?? null]))
  })
  return { all: () => page.evaluate(() => Reflect.get(window, 'heard')) }
}

/** Counts the extension pages that are opened from now on. */
export function windowsFrom(page: Page): { count(): number } {
  let opened = 0
  page.context().on('page', (it) => {
    if (it.url().startsWith('chrome-extension://')) opened += 1
  })
  return { count: () => opened }
}
