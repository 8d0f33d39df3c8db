import { type BrowserContext, expect, type Page } from '@playwright/test'

/** Public test phrase, never for money: its first account is at ADDRESS (argent-sessions.md 17). */
export const PHRASE = 'test test test test test test test test test test test junk'
export const ADDRESS = '0x042a676b6b29db00fdd59342c671340d42d6f64e11afff6c841a55dc02541a4d'
export const PASSWORD = 'a long enough password'

/** What a person does with the wallet, by role and name. */
export interface Person {
  /** The wallet's own page; the popup draws the same. */
  readonly page: Page
  /** A new phrase, its three words checked, a password: ends on Home. Answers the new address. `look`: at each screen. */
  createWallet(look?: (screen: string) => Promise<void>): Promise<string>
  /** Of the wallet that was created here, as it was read aloud. */
  phrase(): string
  importWallet(phrase?: string): Promise<void>
  selectNetwork(name: 'Sepolia' | 'Mainnet' | 'Devnet'): Promise<void>
  /** 1,000 STRK from devnet, seen on Home. */
  getTestTokens(): Promise<void>
  /** The list, from Home. */
  openSessions(): Promise<void>
  lock(): Promise<void>
  unlock(password?: string): Promise<void>
  /** What the site's act opens; the window is waited for before the act. */
  asked(act: () => Promise<unknown>): Promise<Page>
  /** Answers as soon as the button is armed, with the password where it is asked for; the window closes by itself. */
  allow(window: Page, name: string, password?: string): Promise<void>
  refuse(window: Page): Promise<void>
}

export async function personAt(context: BrowserContext, home: string): Promise<Person> {
  const page = await context.newPage()
  await page.goto(home)
  const press = (name: string | RegExp) => page.getByRole('button', { name, exact: true }).click()
  const atHome = () => expect(page.getByRole('button', { name: 'Receive' })).toBeVisible({ timeout: 30_000 })
  const choosePassword = async () => {
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await press('Go on')
  }
  const address = async () => {
    await page.getByRole('button', { name: 'Receive' }).click()
    // Drawn in groups of four, on two lines.
    const drawn = (await page.getByRole('dialog').innerText()).replaceAll(/\s/g, '')
    await page.keyboard.press('Escape')
    return /0x[0-9a-f]{64}/.exec(drawn)?.[0] ?? ''
  }

  const decide = async (window: Page, name: string) => {
    const closed = window.waitForEvent('close', { timeout: 60_000 })
    // Awaited below; a click that fails is told instead of it.
    closed.catch(() => undefined)
    await window.getByRole('button', { name, exact: true }).click()
    await closed
  }

  let phrase = ''
  return {
    page,
    phrase: () => phrase,
    createWallet: async (look = () => Promise.resolve()) => {
      await expect(page.getByRole('button', { name: 'Create a wallet' })).toBeVisible({ timeout: 30_000 })
      await look('welcome')
      await press('Create a wallet')
      await look('password')
      await choosePassword()
      await press('Read aloud to my screen reader')
      const aloud = await page.getByRole('status', { name: 'Secret phrase, read aloud' }).innerText()
      const words = aloud.split(', ').map((numbered) => numbered.split(' ')[1] ?? '')
      phrase = words.join(' ')
      await look('phrase')
      await press('I wrote it down')
      await look('phrase-check')
      for (let round = 0; round < 3; round += 1) {
        const question = page.getByRole('group', { name: /^Which is word number/ })
        const position = Number(/\d+/.exec((await question.getAttribute('aria-label')) ?? '')?.[0])
        await question.getByRole('button', { name: words[position - 1] ?? '', exact: true }).click()
        await expect(question.getByText(`${round + 1} of 3`)).toBeHidden({ timeout: 30_000 })
      }
      await expect(page.getByRole('button', { name: 'Open wallet' })).toBeVisible({ timeout: 30_000 })
      await look('wallet-made')
      await press('Open wallet')
      await atHome()
      return address()
    },
    importWallet: async (phrase = PHRASE) => {
      await press('I have one')
      for (const [index, word] of phrase.split(' ').entries())
        await page.getByLabel(`Word ${index + 1}`, { exact: true }).fill(word)
      await press('Go on')
      await choosePassword()
      await press('Open wallet')
      await atHome()
    },
    selectNetwork: async (name) => {
      await page.getByRole('button', { name: /^Network / }).click()
      await page.getByRole('menuitemradio', { name }).click()
      await expect(page.getByRole('button', { name: `Network ${name}`, exact: true })).toBeVisible()
    },
    getTestTokens: async () => {
      await page.getByRole('button', { name: /^Account / }).click()
      await page.getByRole('menuitem', { name: 'Get test tokens' }).click()
      await expect(page.getByText(/^1,000\sSTRK$/)).toBeVisible({ timeout: 30_000 })
    },
    openSessions: async () => {
      await page.getByRole('button', { name: 'Menu', exact: true }).click()
      await page.getByRole('menuitem', { name: 'Sessions', exact: true }).click()
      await expect(page.getByRole('heading', { name: 'Sessions', exact: true })).toBeVisible()
    },
    lock: () => press('Lock'),
    unlock: async (password = PASSWORD) => {
      await page.getByLabel('Password', { exact: true }).fill(password)
      await press('Unlock')
      await atHome()
    },
    asked: async (act) => {
      const opened = context.waitForEvent('page', { predicate: (it) => it.url().includes('approval'), timeout: 30_000 })
      opened.catch(() => undefined)
      await act()
      return opened
    },
    allow: async (window, name, password) => {
      if (password !== undefined) await window.getByLabel('Password', { exact: true }).fill(password)
      await decide(window, name)
    },
    refuse: (window) => decide(window, 'Refuse'),
  }
}

const coins = (n: number) => BigInt(n) * 10n ** 18n

interface Started {
  readonly person: Person
  readonly page: Page
  readonly address: string
}

/** A wallet with money on devnet, and the playground connected to it. */
export async function connected(
  world: {
    readonly context: BrowserContext
    readonly home: string
    readonly devnet: { mint(address: string, amount: bigint): Promise<void> }
    readonly site: { open(): Promise<Page> }
  },
  phrase?: string,
): Promise<Started> {
  const person = await personAt(world.context, world.home)
  if (phrase !== undefined) await person.importWallet(phrase)
  const address = phrase === undefined ? await person.createWallet() : ADDRESS
  await person.selectNetwork('Devnet')
  await world.devnet.mint(address, coins(100))
  const page = await world.site.open()
  const window = await person.asked(() => page.getByRole('button', { name: 'Connect', exact: true }).click())
  await person.allow(window, 'Connect')
  await expect(page.getByText(`Connect: account ${address}`)).toBeVisible()
  return { person, page, address }
}

/** The same, with the playground's session running. */
export async function playing(world: Parameters<typeof connected>[0], phrase?: string): Promise<Started> {
  const started = await connected(world, phrase)
  const { person, page } = started
  const window = await person.asked(() => page.getByRole('button', { name: 'Request session', exact: true }).click())
  const password = window.getByLabel('Password', { exact: true })
  await expect(window.getByRole('button', { name: 'Allow session' })).toBeVisible()
  await person.allow(window, 'Allow session', (await password.isVisible()) ? PASSWORD : undefined)
  await expect(page.getByText(/^Request session: session \w+ is active/)).toBeVisible({ timeout: 60_000 })
  return started
}
