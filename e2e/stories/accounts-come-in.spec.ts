import type { Page } from '@playwright/test'
import { ADDRESS, PASSWORD, type Person, PHRASE, personAt } from '../person.ts'
import { clickFor, press, resultOf } from '../site.ts'
import { expect, test } from '../world.ts'

const STRK = '0x04718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d'
const CLASS_0_4_0 = '0x036078334509b514626504edc9fb252328d1a240e4e948bef8d0c08dff45927f'
/** The second account of the test phrase (argent-sessions.md 17). */
const SECOND = '0x012f0fd63d2e167fec9e0d00231d855dbcd5a0baa57a2f76bcf4e5ab9634bd07'
const SECOND_PUB = '0x75864c245f432117df2bbe87abba5826bcf34d9b53b36bdba0b1873ba0a683'
const SOMEBODY = '0xf41e4d'

const fromList = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).first()
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })
const toAccounts = async ({ page }: Person) => {
  await page.getByRole('button', { name: /^Account / }).click()
  await page.getByRole('menuitem', { name: 'All accounts' }).click()
  await expect(page.getByRole('heading', { name: 'Accounts', exact: true })).toBeVisible()
}
const add = async ({ page }: Person, what: string | RegExp) => {
  await button(page, 'Add').click()
  await page.getByRole('menuitem', { name: what }).click()
}
const connect = async (person: Person, page: Page) => {
  const window = await person.asked(() => button(page, 'Connect').click())
  await person.allow(window, 'Connect')
}
const sends = async (person: Person, page: Page, amount: string) => {
  const calls = [{ contract_address: STRK, entry_point: 'transfer', calldata: [SOMEBODY, amount, '0x0'] }]
  const { window, answer } = await clickFor(page, 'wallet_addInvokeTransaction', { calls })
  const tick = window.getByRole('checkbox')
  await expect(button(window, 'Allow once')).toBeEnabled({ timeout: 30_000 })
  if (await tick.isVisible()) await tick.check()
  await person.allow(window, 'Allow once')
  const { result } = await answer
  return (result as { transaction_hash: string }).transaction_hash
}

test('a phrase shows where it has accounts before anything is stored; the one that is there comes in and sends', async ({
  context,
  home,
  devnet,
  site,
}) => {
  test.setTimeout(240_000)
  const { account } = devnet
  const made = await account.deploy({
    classHash: CLASS_0_4_0,
    constructorCalldata: ['0x0', SECOND_PUB, '0x1'],
    salt: SECOND_PUB,
    unique: false,
  })
  await account.provider.waitForTransaction(made.transaction_hash, { retryInterval: 50 })
  await devnet.mint(SECOND, 10n ** 19n)

  const person = await personAt(context, home)
  const { page } = person
  await button(page, 'I have one').click()
  for (const [index, word] of PHRASE.split(' ').entries())
    await page.getByLabel(`Word ${index + 1}`, { exact: true }).fill(word)
  await expect(page.getByText('Every word is on the list, and they fit together.')).toBeVisible()
  await button(page, 'Go on').click()

  await expect(page.getByRole('heading', { name: 'Your accounts' })).toBeVisible()
  await fromList(page, /^Account number 1 /).click()
  const known = page.getByRole('checkbox', { name: `Ready 0.4.0 ${ADDRESS}` })
  await expect(known).toBeChecked()
  for (const version of ['0.5.0', '0.3.1', '0.3.0', '0.2.3.1, Cairo 0', '0.2.1, Cairo 0'])
    await expect(page.getByRole('checkbox', { name: new RegExp(`^Ready ${version} 0x`) })).not.toBeChecked()
  // Another scheme, other addresses.
  await page.getByRole('radio', { name: 'Standard' }).check()
  await fromList(page, /^Account number 1 /).click()
  await expect(page.getByRole('checkbox', { name: /^Ready 0\.4\.0 0x/ })).toBeChecked()
  await expect(known).toBeHidden()
  await page.getByRole('radio', { name: 'Ready, Argent X, Latchkey' }).check()

  await page.getByRole('radio', { name: 'Devnet' }).check()
  await button(page, 'Look for accounts').click()
  const there = page.getByRole('checkbox', { name: `Ready 0.4.0 ${SECOND}` })
  await expect(there).toBeChecked({ timeout: 60_000 })
  await expect(page.getByText('Ready 0.4.0 on Devnet, no second key.')).toBeVisible()
  await button(page, 'Stop').click()
  await expect(page.getByText('1 account found')).toBeVisible({ timeout: 30_000 })
  // Nothing is stored yet: the page begins again as a new wallet does.
  const other = await context.newPage()
  await other.goto(home)
  await expect(button(other, 'Create a wallet')).toBeVisible()
  await other.close()

  await button(page, 'Go on').click()
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await button(page, 'Go on').click()
  await button(page, 'Open wallet').click()
  await person.selectNetwork('Devnet')
  await expect(page.getByText(/^10\sSTRK$/)).toBeVisible({ timeout: 30_000 })

  const visited = await site.open()
  await connect(person, visited)
  await expect(visited.getByText(`Connect: account ${SECOND}`)).toBeVisible()
  const hash = await sends(person, visited, '0x5')
  await account.provider.waitForTransaction(hash, { retryInterval: 50 })

  // The next one of the phrase is the first that is not in use.
  await toAccounts(person)
  await add(person, 'New account')
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await button(page, 'Add account').click()
  await fromList(page, /^Account 2\b/).click()
  await expect(page.getByRole('dialog').getByText('Your secret phrase brings its key back.')).toBeVisible()
  const drawn = (await page.getByRole('dialog').innerText()).replaceAll(/\s/g, '')
  expect(drawn).toContain(ADDRESS)
})

test('a private key of an account of another class comes in by its address, sends, and has sessions that this wallet holds', async ({
  context,
  home,
  devnet,
  site,
}) => {
  test.setTimeout(240_000)
  const [, plain] = await devnet.rpc<{ address: string; private_key: string }[]>('devnet_getPredeployedAccounts')
  if (plain === undefined) throw new Error('devnet has one account only')
  const address = `0x${BigInt(plain.address).toString(16).padStart(64, '0')}`
  const person = await personAt(context, home)
  const { page } = person
  await person.importWallet()
  await person.selectNetwork('Devnet')
  await toAccounts(person)
  await add(person, 'Add one you have')

  // What is no key is told, and nothing is kept of it.
  const key = page.getByLabel('Private key, in hex', { exact: true })
  for (const wrong of ['0x0', 'not a key', '🔑', `0x${'f'.repeat(64)}`]) {
    await key.fill(wrong)
    await button(page, 'Show addresses').click()
    await expect(page.getByText(/^This is not a private key/)).toBeVisible()
  }
  await key.fill(plain.private_key)
  await button(page, 'Show addresses').click()
  await expect(page.getByText('All addresses of this key')).toBeVisible({ timeout: 30_000 })

  await page.getByRole('radiogroup', { name: 'Where to look' }).last().getByRole('radio', { name: 'Devnet' }).check()
  const typed = page.getByLabel('Address, beginning with 0x', { exact: true })
  const refusals: readonly (readonly [string, RegExp])[] = [
    ['0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045', /^This looks like an Ethereum address/],
    ['vitalik.eth', /^This is not a Starknet address/],
    ['0x5afe', /^Nothing is deployed at this address on this network/],
    [STRK, /does not say whose it is/],
    [devnet.account.address, /^This account has another owner key/],
  ]
  for (const [wrong, why] of refusals) {
    await typed.fill(wrong)
    await button(page, 'Check and add').click()
    await expect(page.getByRole('alert').filter({ hasText: why })).toBeVisible({ timeout: 30_000 })
  }
  await typed.fill(address)
  await button(page, 'Check and add').click()
  const row = fromList(page, /^Account 2\b/)
  await expect(row).toContainText('plain', { timeout: 30_000 })
  await row.click()
  const sheet = page.getByRole('dialog')
  await expect(sheet.getByText('OpenZeppelin 1.0.0')).toBeVisible()
  await expect(sheet.getByText(/^Its key is in this wallet and its backup file only/)).toBeVisible()
  await button(page, 'Use this account').click()

  const visited = await site.open()
  await connect(person, visited)
  await expect(visited.getByText(`Connect: account ${address}`)).toBeVisible()
  const hash = await sends(person, visited, '0x7')
  const { account } = devnet
  await account.provider.waitForTransaction(hash, { retryInterval: 50 })

  const window = await person.asked(() => button(visited, 'Request session').click())
  await expect(button(window, 'Allow session')).toBeEnabled({ timeout: 30_000 })
  await person.allow(window, 'Allow session')
  await expect(visited.getByText(/^Request session: session \w+ is active/)).toBeVisible({ timeout: 60_000 })
  await press(visited, 'Use session')
  expect(await resultOf(visited, 'Use session')).toContain('SUCCEEDED')
  // The owner's key signs, so it rests while the wallet is locked.
  await person.lock()
  await expect(page.getByText('1 session keeps running')).toBeHidden()
  await press(visited, 'Use session')
  await expect(visited.getByText(/SESSION_WALLET_LOCKED/)).toBeVisible({ timeout: 60_000 })
  await person.unlock()
})

test('accounts are watched, made, named, hidden and put in order, and a key is shown for the password', async ({
  context,
  home,
  site,
}) => {
  test.setTimeout(180_000)
  const person = await personAt(context, home)
  const { page } = person
  await person.importWallet()
  await toAccounts(person)
  await add(person, 'Add one you have')
  await page.getByRole('radio', { name: 'Address', exact: true }).check()
  const typed = page.getByLabel('Address, beginning with 0x', { exact: true })
  for (const wrong of ['0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045', '🏠', ADDRESS]) {
    await typed.fill(wrong)
    await button(page, 'Watch').click()
    await expect(page.getByRole('alert')).toContainText('Nothing was added.')
  }
  await typed.fill('0x5afe')
  await button(page, 'Watch').click()
  await expect(fromList(page, /^Account 2\b/)).toContainText('watch')

  await add(person, /^New session account/)
  await page.getByLabel('Password', { exact: true }).fill('not the password')
  await button(page, 'Add account').click()
  await expect(page.getByText('Not this password.')).toBeVisible({ timeout: 30_000 })
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await button(page, 'Add account').click()
  await expect(fromList(page, /^Session account\b/)).toBeVisible({ timeout: 30_000 })

  // A site is offered those whose key is here, and no other.
  const visited = await site.open()
  const window = await person.asked(() => button(visited, 'Connect').click())
  await expect(window.getByRole('radio')).toHaveCount(2)
  await expect(window.getByRole('radio', { name: /^Session account/ })).toBeVisible()
  await person.refuse(window)

  const names = async () =>
    (await page.getByRole('main').getByRole('listitem').allInnerTexts()).map((it) => it.split('\n')[0]?.trim())
  const open = (name: RegExp) => fromList(page, name).click()
  await open(/^Session account\b/)
  const sheet = page.getByRole('dialog')
  await button(page, 'Move up').click()
  await button(page, 'Move up').click()
  await expect(button(page, 'Move up')).toBeHidden()
  await sheet.getByLabel('Name of this account').fill('  Games\u202e only ')
  await button(page, 'Rename').click()
  await expect(sheet.getByRole('heading', { name: 'Games only', exact: true })).toBeVisible()
  await sheet.getByLabel('Name of this account').fill('\u200b\u200b')
  await button(page, 'Rename').click()
  await expect(page.getByText('A name has 1 to 40 characters. The old one stays.')).toBeVisible()

  await button(page, 'Private key').click()
  await sheet.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await button(page, 'Show private key').click()
  await expect(sheet.getByText(/^0x[0-9a-f]{64}$/)).toBeVisible({ timeout: 30_000 })
  await page.evaluate(() => void dispatchEvent(new Event('blur')))
  await expect(sheet.getByText(/^0x[0-9a-f]{64}$/)).toBeHidden()
  await button(page, 'Close').click()
  expect(await names()).toEqual(['Games only', 'Account 1', 'Account 2'])

  await open(/^Account 2\b/)
  await expect(button(page, 'Private key')).toBeHidden()
  await button(page, 'Hide').click()
  await button(page, 'Close').click()
  await expect.poll(names).toEqual(['Games only', 'Account 1'])
  await button(page, 'Show 1 hidden account').click()
  await expect(fromList(page, /^Account 2\b/)).toBeVisible()
  // One whose key is here has to stay.
  await open(/^Games only\b/)
  await button(page, 'Hide').click()
  await button(page, 'Close').click()
  await open(/^Account 1\b/)
  await button(page, 'Hide').click()
  await expect(
    page.getByText('One account whose key is here has to stay in the list. Nothing was hidden.'),
  ).toBeVisible()
})
