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
  createWallet(look?: (screen: string) => Promise<void>, check?: 'now' | 'later'): Promise<string>
  /** As Home shows it under Receive. */
  address(): Promise<string>
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
  /** Three words of the phrase, from Home: mainnet opens. */
  backUp(password?: string): Promise<void>
  /** With the device that `authenticatorAt` put there. */
  addPasskey(password?: string): Promise<void>
  unlockWithPasskey(): Promise<void>
  changePassword(from: string, to: string): Promise<void>
  /** Where the file was saved. */
  exportBackup(path: string, password?: string): Promise<string>
  wipe(password?: string): Promise<void>
  restoreFromFile(path: string, password?: string): Promise<void>
  /** The password is forgotten: the wallet is made again in the place of the one that is here. */
  restoreFromPhrase(phrase: string, password?: string): Promise<void>
  /** The same from where the page says what that costs. */
  makeAgain(phrase: string, password: string): Promise<void>
  /** What the site's act opens; the window is waited for before the act. */
  asked(act: () => Promise<unknown>): Promise<Page>
  /** Answers as soon as the button is armed, with the password where it is asked for; the window closes by itself. */
  allow(window: Page, name: string, password?: string): Promise<void>
  /** The same where it does not matter whether the password is asked for. */
  allowAsAsked(window: Page, name: string): Promise<void>
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
    const drawn = (await page.getByRole('region', { name: 'Address', exact: true }).innerText()).replaceAll(/\s/g, '')
    await page.getByRole('button', { name: 'Back', exact: true }).click()
    await atHome()
    return /0x[0-9a-f]{64}/.exec(drawn)?.[0] ?? ''
  }

  const readAloud = async () => {
    await press('Read aloud to my screen reader')
    const aloud = await page.getByRole('status', { name: 'Secret phrase, read aloud' }).innerText()
    return aloud.split(', ').map((numbered) => numbered.split(' ')[1] ?? '')
  }
  const threeWords = async (words: readonly string[]) => {
    for (let round = 0; round < 3; round += 1) {
      const question = page.getByRole('group', { name: /^Which is word number/ })
      const position = Number(/\d+/.exec((await question.getAttribute('aria-label')) ?? '')?.[0])
      await question.getByRole('button', { name: words[position - 1] ?? '', exact: true }).click()
      await expect(question.getByText(`${round + 1} of 3`)).toBeHidden({ timeout: 30_000 })
    }
  }
  const typePhrase = async (phrase: string) => {
    for (const [index, word] of phrase.split(' ').entries())
      await page.getByLabel(`Word ${index + 1}`, { exact: true }).fill(word)
    await press('Go on')
    await expect(page.getByRole('heading', { name: 'Your accounts' })).toBeVisible()
    await press('Go on')
  }
  const chooseFile = async (path: string, password: string) => {
    await page.getByLabel('Backup file', { exact: true }).setInputFiles(path)
    await page.getByLabel('Password of the file', { exact: true }).fill(password)
  }
  /** Home, menu, settings, security, and there the button. */
  const security = async (button: string) => {
    await press('Menu')
    await page.getByRole('menuitem', { name: 'Settings', exact: true }).click()
    await press('Open security settings')
    await press(button)
  }
  const backHome = async () => {
    await expect(page.getByRole('heading', { name: 'Security', exact: true })).toBeVisible()
    await press('Back')
    await press('Back')
    await atHome()
  }
  const makeAgain = async (phrase: string, password: string) => {
    await page.getByRole('checkbox', { name: /^I have my phrase/ }).check()
    await press('Enter the phrase')
    await typePhrase(phrase)
    await page.getByLabel('Password', { exact: true }).fill(password)
    await press('Go on')
    // Where it was asked for from a page of its own, that one's last words come first.
    await expect(page.getByRole('button', { name: /^(Open wallet|Receive)$/ })).toBeVisible({ timeout: 60_000 })
    if (await page.getByRole('button', { name: 'Open wallet' }).isVisible()) await press('Open wallet')
    await atHome()
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
    address,
    createWallet: async (look = () => Promise.resolve(), check = 'now') => {
      await expect(page.getByRole('button', { name: 'Create a wallet' })).toBeVisible({ timeout: 30_000 })
      await look('welcome')
      await press('Create a wallet')
      await look('password')
      await choosePassword()
      const words = await readAloud()
      phrase = words.join(' ')
      await look('phrase')
      await press('I wrote it down')
      await look('phrase-check')
      if (check === 'now') await threeWords(words)
      else await press('Later')
      await expect(page.getByRole('heading', { name: 'A faster way in' })).toBeVisible({ timeout: 30_000 })
      await look('passkey')
      await press('Not now')
      await expect(page.getByRole('button', { name: 'Open wallet' })).toBeVisible({ timeout: 30_000 })
      await look('wallet-made')
      await press('Open wallet')
      await atHome()
      return address()
    },
    importWallet: async (phrase = PHRASE) => {
      await press('I have one')
      await typePhrase(phrase)
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
    backUp: async (password = PASSWORD) => {
      await security('Check backup')
      await page.getByLabel('Password', { exact: true }).fill(password)
      await press('Show secret phrase')
      const words = await readAloud()
      await press('I wrote it down')
      await threeWords(words)
      await atHome()
    },
    addPasskey: async (password = PASSWORD) => {
      await security('Add a passkey')
      await page.getByLabel('Password', { exact: true }).fill(password)
      await press('Add a passkey')
      await expect(page.getByRole('button', { name: 'Remove passkey 1' })).toBeVisible({ timeout: 30_000 })
      await backHome()
    },
    unlockWithPasskey: async () => {
      await press('Use passkey')
      await atHome()
    },
    changePassword: async (from, to) => {
      await security('Change password')
      await page.getByLabel('Password now', { exact: true }).fill(from)
      await page.getByLabel('New password', { exact: true }).fill(to)
      await press('Change password')
      await expect(page.getByText('Password changed')).toBeVisible({ timeout: 30_000 })
      await backHome()
    },
    exportBackup: async (path, password = PASSWORD) => {
      await security('Save a backup file')
      await page.getByLabel('Password', { exact: true }).fill(password)
      const saving = page.waitForEvent('download', { timeout: 60_000 })
      saving.catch(() => undefined)
      await press('Save a backup file')
      await (await saving).saveAs(path)
      await expect(page.getByText(/^Saved as latchkey-backup-/)).toBeVisible()
      await press('Back')
      await backHome()
      return path
    },
    wipe: async (password = PASSWORD) => {
      await security('Erase this wallet')
      await page.getByRole('checkbox', { name: /^I have my secret phrase/ }).check()
      await page.getByLabel('Password', { exact: true }).fill(password)
      await press('Erase this wallet')
      await expect(page.getByRole('button', { name: 'Create a wallet' })).toBeVisible({ timeout: 60_000 })
    },
    restoreFromFile: async (path, password = PASSWORD) => {
      await press('Restore a backup file')
      await chooseFile(path, password)
      await press('Look into the file')
      await expect(page.getByText(/^Accounts: /)).toBeVisible({ timeout: 60_000 })
      await press('Restore this wallet')
      await press('Open wallet')
      await atHome()
    },
    restoreFromPhrase: async (phrase, password = PASSWORD) => {
      await press('Forgot password?')
      await makeAgain(phrase, password)
    },
    makeAgain,
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
    allowAsAsked: async (window, name) => {
      await expect(window.getByRole('button', { name, exact: true })).toBeVisible({ timeout: 30_000 })
      const password = window.getByLabel('Password', { exact: true })
      if (await password.isVisible()) await password.fill(PASSWORD)
      await decide(window, name)
    },
    refuse: (window) => decide(window, 'Refuse'),
  }
}

/** A device of the person's, with a fingerprint that is always right: it makes passkeys that answer questions (PRF). */
export async function authenticatorAt(page: Page): Promise<void> {
  const client = await page.context().newCDPSession(page)
  await client.send('WebAuthn.enable')
  await client.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      hasPrf: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
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
  await person.allowAsAsked(window, 'Allow session')
  await expect(page.getByText(/^Request session: session \w+ is active/)).toBeVisible({ timeout: 60_000 })
  return started
}
