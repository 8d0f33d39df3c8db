/**
 * The main story, act by act: `stories/approve-once-play-on` asserts what the chain holds between the acts, and
 * `npm start -- --headless` tells and pictures the same acts.
 */
import { type BrowserContext, expect, type Page } from '@playwright/test'
import { PASSWORD, type Person, personAt } from './person.ts'
import { press, resultOf, windowsFrom } from './site.ts'

export interface Stage {
  readonly context: BrowserContext
  readonly home: string
  readonly site: { open(): Promise<Page> }
}

/** Who looks on. */
export interface Onlooker {
  /** What has just been done, in one line. */
  told(line: string): void
  /** A screen, before anything is pressed in it. */
  seen(screen: string, page: Page): Promise<void>
}

export interface Scene {
  readonly person: Person
  /** The playground, connected and with its session running. */
  readonly page: Page
  readonly address: string
  readonly onlooker: Onlooker
  /** Windows of the wallet since its session began. */
  windows(): number
}

const ROUNDS = 20
const MINTS = 3
const NOBODY: Onlooker = { told: () => {}, seen: () => Promise.resolve() }

/** From a new wallet to a running session: the only act in which the wallet asks anything. */
export async function approveOnce({ context, home, site }: Stage, onlooker = NOBODY): Promise<Scene> {
  const { told, seen } = onlooker
  const person = await personAt(context, home)
  const address = await person.createWallet((screen) => seen(screen, person.page))
  told(`A new wallet: twelve words written down, three of them checked, a password chosen. Account ${address}`)

  await person.selectNetwork('Devnet')
  await person.getTestTokens()
  await seen('home', person.page)
  told('Network Devnet, and 1,000 test STRK for the fees. The account is not deployed yet.')

  const page = await site.open()
  await expect(page.getByRole('status')).toHaveText('supports sessions: true')
  await seen('playground', page)
  const connect = await person.asked(() => press(page, 'Connect'))
  await expect(connect.getByRole('button', { name: 'Connect', exact: true })).toBeVisible({ timeout: 30_000 })
  await seen('connect', connect)
  await person.allow(connect, 'Connect')
  expect(await resultOf(page, 'Connect')).toBe(`Connect: account ${address}`)
  told('The playground asked to connect; the wallet asked us; we said yes.')

  const approval = await person.asked(() => press(page, 'Request session'))
  await expect(approval.getByText('Deploy the account')).toBeVisible({ timeout: 30_000 })
  await expect(approval.getByRole('button', { name: 'Allow session' })).toBeVisible({ timeout: 30_000 })
  await seen('session', approval)
  await person.allow(approval, 'Allow session', PASSWORD)
  expect(await resultOf(page, 'Request session')).toMatch(/is active$/)
  told('It asked for a session; one yes deployed the account, enabled sessions and allowed this one.')
  return { person, page, address, onlooker, windows: windowsFrom(page).count }
}

/** @returns how many calls were signed and sent */
export async function playOn({ page, onlooker: { told, seen }, windows }: Scene): Promise<number> {
  await press(page, 'Play 20 moves')
  expect(await resultOf(page, 'Play 20 moves')).toContain(`${ROUNDS} of 20 SUCCEEDED, moves 0 → 20, position 20, 40`)
  for (let click = 1; click <= MINTS; click += 1) {
    await press(page, 'Use session')
    expect(await resultOf(page, 'Use session', click)).toContain('SUCCEEDED')
  }
  expect(await resultOf(page, 'Use session', MINTS)).toContain('balance 1998')
  expect(windows()).toBe(0)
  await seen('played', page)
  const calls = ROUNDS + MINTS
  told(`${calls} calls signed, sent and read back from the chain after 1 approval; windows opened: ${windows()}.`)
  return calls
}

export async function stayInside({ person, page, onlooker: { told, seen }, windows }: Scene): Promise<void> {
  await press(page, 'Call something else')
  expect(await resultOf(page, 'Call something else')).toContain('Call something else: 213 ')
  await press(page, 'Spend over the limit')
  expect(await resultOf(page, 'Spend over the limit')).toContain('Spend over the limit: 214 ')
  expect(windows()).toBe(0)
  await seen('refused', page)

  const wallet = person.page
  await wallet.bringToFront()
  await expect(wallet.getByText('1 session running')).toBeVisible({ timeout: 30_000 })
  await seen('home-running', wallet)
  await person.openSessions()
  await seen('sessions', wallet)
  await wallet.getByRole('link', { name: new URL(page.url()).host }).click()
  await expect(wallet.getByRole('button', { name: 'End session', exact: true })).toBeVisible({ timeout: 30_000 })
  await seen('session-running', wallet)
  told('A call outside the session was refused with 213, one over its limit with 214: nothing signed, no window.')
}

export async function endIt({ person, page, onlooker: { told, seen }, windows }: Scene): Promise<void> {
  await page.bringToFront()
  await press(page, 'End session')
  expect(await resultOf(page, 'End session')).toContain('End session: ended here')
  await press(page, 'Use session')
  expect(await resultOf(page, 'Use session', MINTS + 1)).toContain('Use session: 2')
  await seen('ended', page)
  await person.page.bringToFront()
  await seen('session-ended', person.page)
  expect(windows()).toBe(0)
  told('The session was ended, here at once and on the chain; the next call was refused.')
}
