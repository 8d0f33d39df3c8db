import { readFileSync, writeFileSync } from 'node:fs'
import { authenticatorAt, PASSWORD, personAt, playing } from '../person.ts'
import { press, resultOf } from '../site.ts'
import { expect, test } from '../world.ts'

const NEXT = 'another long password'

test('The ways in: a person backs up, opens the wallet with a passkey, and changes the password', async ({
  context,
  home,
}) => {
  test.setTimeout(240_000)
  const person = await personAt(context, home)
  const { page } = person
  const button = (name: string) => page.getByRole('button', { name, exact: true })
  await authenticatorAt(page)
  await person.createWallet()
  await person.addPasskey()
  await person.lock()
  await person.unlockWithPasskey()

  await person.changePassword(PASSWORD, NEXT)
  await person.lock()
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await button('Unlock').click()
  await expect(page.getByText('Not this password.')).toBeVisible({ timeout: 30_000 })
  await expect(page.getByText('4 tries left before a wait.')).toBeVisible()
  // The old password is gone, the passkey is not.
  await person.unlockWithPasskey()
  await person.lock()
  await person.unlock(NEXT)

  // Where a password is asked for, the passkey does as well.
  await button('Menu').click()
  await page.getByRole('menuitem', { name: 'Settings', exact: true }).click()
  await button('Open security settings').click()
  await button('Show secret phrase').click()
  await button('Use passkey').click()
  await expect(page.getByText('Passkey confirmed')).toBeVisible()
  await button('Show secret phrase').click()
  await button('Show the words').click()
  await expect(page.getByRole('img', { name: '12 words, drawn as a picture' })).toBeVisible()
  await page.evaluate(() => window.dispatchEvent(new Event('blur')))
  await expect(page.getByRole('img', { name: '12 hidden words' })).toBeVisible()

  // Removed, it opens nothing: the way in is not even shown.
  await button('Back').click()
  await button('Remove passkey 1').click()
  await button('Use passkey').click()
  await expect(page.getByText('Passkey confirmed')).toBeVisible()
  await button('Remove passkey').click()
  await expect(button('Remove passkey 1')).toBeHidden({ timeout: 30_000 })
  await button('Back').click()
  await button('Back').click()
  await person.lock()
  await expect(button('Unlock')).toBeVisible()
  await expect(button('Use passkey')).toBeHidden()
})

test('The way back: what was saved comes back from the file after everything was erased, and sessions come back paused', async ({
  context,
  home,
  devnet,
  site,
}, info) => {
  test.setTimeout(300_000)
  const { person, page: game, address } = await playing({ context, home, devnet, site })
  const { page } = person
  const button = (name: string) => page.getByRole('button', { name, exact: true })
  const file = await person.exportBackup(info.outputPath('backup.json'))
  const phrase = person.phrase()
  await person.wipe()

  // What is not that file, or not its password, is told, and changes nothing.
  await button('Restore a backup file').click()
  const text = readFileSync(file, 'utf8')
  const refused = async (name: string, content: string, password: string, sentence: string) => {
    const path = info.outputPath(name)
    writeFileSync(path, content)
    await page.getByLabel('Backup file', { exact: true }).setInputFiles(path)
    await page.getByLabel('Password of the file', { exact: true }).fill(password)
    if (await button('Look into the file').isEnabled()) await button('Look into the file').click()
    await expect(page.getByText(sentence)).toBeVisible({ timeout: 60_000 })
  }
  await refused(
    'cut.json',
    text.slice(0, -100),
    PASSWORD,
    'This backup file is cut off or damaged. Nothing was changed.',
  )
  await refused(
    'foreign.json',
    '{"data":"x","iv":"y","salt":"z"}',
    PASSWORD,
    'This is not a backup file of Latchkey. Nothing was changed.',
  )
  await refused(
    'newer.json',
    text.replace('"version": 1', '"version": 2'),
    PASSWORD,
    'A newer version of Latchkey made this backup file.',
  )
  await refused('same.json', text, 'not the password of it', 'Not the password of this file. Nothing was changed.')
  await refused(
    'large.json',
    ' '.repeat(9_000_000),
    PASSWORD,
    'This file is larger than any backup of Latchkey. Nothing was changed.',
  )
  await button('Back').click()

  await person.restoreFromFile(file)
  expect(await person.address()).toBe(address)
  await person.openSessions()
  await expect(
    page.getByText(
      'this copy may be older than what was spent: it came from a backup, or the account was used without it',
    ),
  ).toBeVisible()
  await press(game, 'Use session')
  expect(await resultOf(game, 'Use session')).not.toContain('SUCCEEDED')
  // Looked at, it goes on.
  await button('Review').click()
  await button('Resume').click()
  await expect(button('Pause')).toBeVisible()
  await press(game, 'Use session')
  expect(await resultOf(game, 'Use session', 2)).toContain('SUCCEEDED')
  await page.goto(home)

  // And from the phrase, when the password is forgotten: the accounts come back, the sessions do not.
  await person.lock()
  await person.restoreFromPhrase(phrase, NEXT)
  expect(await person.address()).toBe(address)
  await person.lock()
  await person.unlock(NEXT)
  await person.openSessions()
  await expect(page.getByRole('heading', { name: 'No session', exact: true })).toBeVisible()
})

test('The end: a passkey erases the wallet as the password does, and whoever forgot both erases it closed', async ({
  context,
  home,
}) => {
  test.setTimeout(240_000)
  const person = await personAt(context, home)
  const { page } = person
  const button = (name: string) => page.getByRole('button', { name, exact: true })
  const gone = () => expect(button('Create a wallet')).toBeVisible({ timeout: 60_000 })
  await authenticatorAt(page)
  await person.createWallet()
  await person.addPasskey()
  await button('Menu').click()
  await page.getByRole('menuitem', { name: 'Settings', exact: true }).click()
  await button('Open security settings').click()
  await button('Erase this wallet').click()
  await button('Use passkey').click()
  await expect(page.getByText('Passkey confirmed')).toBeVisible()
  // The tick is not left out.
  await expect(button('Erase this wallet')).toBeDisabled()
  await page.getByRole('checkbox', { name: /^I have my secret phrase/ }).check()
  await button('Erase this wallet').click()
  await gone()
  await page.reload()
  await gone()

  await person.createWallet()
  await person.lock()
  await button('Forgot password?').click()
  await expect(button('Erase this wallet')).toBeDisabled()
  await page.getByRole('checkbox', { name: /^I have my phrase/ }).check()
  await button('Erase this wallet').click()
  await expect(button('Erase this wallet')).toBeDisabled()
  await page.getByRole('checkbox', { name: /^I have my secret phrase/ }).check()
  await button('Erase this wallet').click()
  await gone()
  await page.reload()
  await gone()
})

test('Mainnet stays closed until three words of the phrase were checked', async ({ context, home }) => {
  test.setTimeout(120_000)
  const person = await personAt(context, home)
  await person.createWallet(undefined, 'later')
  await person.page.getByRole('button', { name: /^Network / }).click()
  await person.page.getByRole('menuitemradio', { name: 'Mainnet' }).click()
  await expect(person.page.getByText('Check your secret phrase first.', { exact: false })).toBeVisible()
  await person.backUp()
  await person.page.getByRole('button', { name: /^Network / }).click()
  await person.page.getByRole('menuitemradio', { name: 'Mainnet' }).click()
  // Nothing outside this machine answers here.
  await expect(person.page.getByRole('button', { name: /^Network Mainnet/ })).toBeVisible()
})
