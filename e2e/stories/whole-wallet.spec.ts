/** All that a person does with a wallet in its life, by a person who has no mouse. */
import type { Page } from '@playwright/test'
import { selectorOf } from '../../src/starknet/selector.ts'
import type { Devnet } from '../devnet.ts'
import { answerByKeyboard, type Keyboard, keyboardOf } from '../keyboard.ts'
import { authenticatorAt, PASSWORD } from '../person.ts'
import { request, resultOf } from '../site.ts'
import { expect, test } from '../world.ts'

const LONG = { timeout: 60_000 }
const STRK = '0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d'
const SINKS = { light: `0x${'0'.repeat(58)}51a001`, dark: `0x${'0'.repeat(58)}51a002` }

for (const theme of ['light', 'dark'] as const)
  test(`a whole life of a wallet by keyboard alone, in ${theme}: from its first word to its way back from the phrase and from the file`, async ({
    context,
    home,
    devnet,
    site,
  }, info) => {
    test.setTimeout(300_000)
    const inTheme = (page: Page) => page.emulateMedia({ colorScheme: theme })
    context.on('page', (page) => void inTheme(page).catch(() => undefined))
    const page = await context.newPage()
    await inTheme(page)
    await page.goto(home)
    await authenticatorAt(page)
    const keys = keyboardOf(page)
    const answer = (act: () => Promise<void>, button: string) =>
      answerByKeyboard(act, button, { context, password: PASSWORD })
    const chain = chainOf(devnet)
    const sink = SINKS[theme]

    const phrase = await create(page, keys)
    await expect(page.locator('html')).toHaveAttribute('data-theme', theme)
    await keys.choose(/^Network /, 'Devnet')
    await expect(page.getByRole('button', { name: 'Network Devnet', exact: true })).toBeVisible()

    const address = await addressFrom(page, keys)
    await keys.press('Get test tokens')
    await keys.press('Back')
    await expect(page.getByText(/^1,000\sSTRK$/)).toBeVisible(LONG)

    await keys.choose(/^Account /, 'Deploy')
    await keys.press('Use passkey')
    await expect(page.getByText('Passkey confirmed')).toBeVisible()
    await keys.press('Deploy')
    await expect.poll(() => chain.isDeployed(address), LONG).toBe(true)

    await keys.press('Send')
    await keys.type('To', sink)
    await keys.type('Amount', '2.5')
    await answer(() => keys.press('Review'), 'Send')
    await expect.poll(() => chain.balance(sink), LONG).toBe(25n * 10n ** 17n)

    await keys.choose(/^Account /, 'Account page')
    await keys.press('Enable sessions')
    await keys.tick(/^I have read/)
    await keys.type('Password', PASSWORD)
    await keys.press('Enable sessions')
    await expect(page.getByText('This wallet’s. Sessions are enabled.')).toBeVisible(LONG)
    await keys.press('Back')

    const game = await site.open()
    const play = keyboardOf(game)
    await answer(() => play.press('Connect'), 'Connect')
    expect(await resultOf(game, 'Connect')).toContain(address)
    await answer(() => play.press('Request session'), 'Allow session')
    expect(await resultOf(game, 'Request session')).toMatch(/is active$/)
    await play.press('Use session')
    expect(await resultOf(game, 'Use session')).toContain('SUCCEEDED')

    await stopAllCommand(page)
    await expect.poll(() => statuses(game), LONG).toEqual(['paused'])
    await play.press('Use session')
    expect(await resultOf(game, 'Use session', 2)).toContain('Use session: 2')

    const guardian = await chain.guardian(address)
    await page.bringToFront()
    await keys.choose(/^Account /, 'Account page')
    await keys.press('End all sessions')
    await keys.type('Password', PASSWORD)
    await keys.press('End all sessions')
    await expect.poll(() => chain.guardian(address), LONG).not.toBe(guardian)
    expect(await statuses(game)).toEqual([])
    await keys.press('Back')

    await security(keys, 'Save a backup file')
    const saving = page.waitForEvent('download', LONG)
    await keys.type('Password', PASSWORD, 'Enter')
    const file = info.outputPath('backup.json')
    await (await saving).saveAs(file)
    await keys.press('Back')
    await keys.press('Erase this wallet')
    await keys.tick(/^I have my secret phrase/)
    await keys.type('Password', PASSWORD)
    await keys.press('Erase this wallet')

    await keys.press('I have one')
    await typePhrase(page, keys, phrase)
    await keys.type('Password', PASSWORD)
    await keys.press('Go on')
    await keys.press('Open wallet')
    expect(await addressFrom(page, keys)).toBe(address)
    await keys.press('Back')
    expect(await permissions(game)).toEqual([])

    await keys.press('Lock')
    await keys.press('Forgot password?')
    await keys.tick(/^I have my phrase/)
    await keys.press('Use a backup file')
    const choosing = page.waitForEvent('filechooser', LONG)
    await keys.press('Choose a file')
    await (await choosing).setFiles(file)
    await keys.type('Password of the file', PASSWORD)
    await keys.press('Look into the file')
    await keys.press('Restore this wallet')
    await keys.press('Open wallet')
    expect(await addressFrom(page, keys)).toBe(address)
    // Back with what the phrase alone does not bring: the network that was looked at, and the site.
    await keys.press('Back')
    await expect(page.getByRole('button', { name: 'Network Devnet', exact: true })).toBeVisible()
    await expect.poll(() => permissions(game), LONG).toEqual(['accounts'])
    await expect(page.locator('html')).toHaveAttribute('data-theme', theme)
  })

/** @returns the phrase, as it was read aloud */
async function create(page: Page, keys: Keyboard): Promise<readonly string[]> {
  await keys.press('Create a wallet')
  await keys.type('Password', PASSWORD, 'Enter')
  await keys.press('Read aloud to my screen reader')
  const aloud = await page.getByRole('status', { name: 'Secret phrase, read aloud' }).innerText()
  const words = aloud.split(', ').map((numbered) => numbered.split(' ')[1] ?? '')
  await keys.press('I wrote it down')
  for (let round = 1; round <= 3; round += 1) {
    const question = page.getByRole('group', { name: /^Which is word number/ }).filter({ hasText: `${round} of 3` })
    const position = Number(/\d+/.exec((await question.getAttribute('aria-label')) ?? '')?.[0])
    await keys.reach(question.getByRole('button', { name: words[position - 1] ?? '', exact: true }))
    await page.keyboard.press('Enter')
  }
  await keys.press('Add a passkey')
  await keys.press('Open wallet')
  return words
}

/** As Receive shows it, which stays open. */
async function addressFrom(page: Page, keys: Keyboard): Promise<string> {
  await keys.press('Receive')
  const drawn = await page.getByRole('region', { name: 'Address', exact: true }).innerText()
  return /0x[0-9a-f]{64}/.exec(drawn.replaceAll(/\s/g, ''))?.[0] ?? ''
}

async function typePhrase(page: Page, keys: Keyboard, words: readonly string[]): Promise<void> {
  // A space leads to the next field.
  await keys.type('Word 1', words.join(' '))
  await keys.press('Go on')
  await expect(page.getByRole('heading', { name: 'Your accounts' })).toBeVisible(LONG)
  await keys.press('Go on')
}

async function security(keys: Keyboard, button: string): Promise<void> {
  await keys.choose('Menu', 'Settings')
  await keys.press('Open security settings')
  await keys.press(button)
}

/** Alt+Shift+S, which the browser takes before any page does: given to the wallet as the browser gives it. */
async function stopAllCommand(page: Page): Promise<void> {
  const commands = await page.evaluate(() => chrome.commands.getAll())
  expect(commands).toContainEqual(expect.objectContaining({ name: 'stop-all', shortcut: 'Alt+Shift+S' }))
  const [worker] = page.context().serviceWorkers()
  await worker?.evaluate(() => {
    const { onCommand } = chrome.commands as unknown as { onCommand: { dispatch(name: string): void } }
    onCommand.dispatch('stop-all')
  })
}

async function statuses(site: Page): Promise<readonly string[]> {
  const { result } = await request(site, 'wallet_getSessions')
  return (result as readonly { readonly status: string }[]).map(({ status }) => status)
}

const permissions = async (site: Page) => (await request(site, 'wallet_getPermissions')).result

function chainOf(devnet: Devnet) {
  const call = (contract: string, entrypoint: string, calldata: readonly string[] = []) =>
    devnet.rpc<string[]>('starknet_call', {
      block_id: 'latest',
      request: { contract_address: contract, entry_point_selector: selectorOf(entrypoint), calldata },
    })
  return {
    isDeployed: (address: string) =>
      devnet.rpc('starknet_getClassHashAt', { block_id: 'latest', contract_address: address }).then(
        () => true,
        () => false,
      ),
    balance: async (of: string) => BigInt((await call(STRK, 'balance_of', [of]))[0] ?? 0),
    guardian: async (of: string) => (await call(of, 'get_guardian'))[0],
  }
}
