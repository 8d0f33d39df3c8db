import type { BrowserContext, Page } from '@playwright/test'
import { felt, padded } from '../../src/core/felt.ts'
import { selectorOf } from '../../src/starknet/selector.ts'
import type { Devnet } from '../devnet.ts'
import { connected, type Person, personAt } from '../person.ts'
import { clickFor, request, windowsFrom } from '../site.ts'
import { expect, test } from '../world.ts'

const STRK = '0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d'
const SINK = '0x0000000000000000000000000000000000000000000000000000000000051acc'
const ETHEREUM = '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045'
const coins = (n: number) => BigInt(n) * 10n ** 18n

/** What the chain says that somebody has, in fri. */
async function balance(devnet: Devnet, of: string, token = STRK): Promise<bigint> {
  const [low = '0x0', high = '0x0'] = await devnet.rpc<string[]>('starknet_call', {
    block_id: 'latest',
    request: { contract_address: token, entry_point_selector: selectorOf('balance_of'), calldata: [of] },
  })
  return BigInt(low) + (BigInt(high) << 128n)
}

/** What the receipts of an account's transactions say that was paid, the newest blocks first. */
async function feesOf(devnet: Devnet, account: string): Promise<readonly bigint[]> {
  interface WithReceipts {
    readonly transactions: readonly {
      readonly transaction: { readonly sender_address?: string; readonly type: string }
      readonly receipt: { readonly actual_fee: { readonly amount: string }; readonly contract_address?: string }
    }[]
  }
  const found: bigint[] = []
  const newest = await devnet.rpc<number>('starknet_blockNumber')
  for (let number = newest; number > Math.max(0, newest - 30); number -= 1) {
    const block = await devnet.rpc<WithReceipts>('starknet_getBlockWithReceipts', {
      block_id: { block_number: number },
    })
    for (const { transaction, receipt } of block.transactions) {
      const by = transaction.sender_address ?? receipt.contract_address
      if (by !== undefined && BigInt(by) === BigInt(account)) found.push(BigInt(receipt.actual_fee.amount))
    }
  }
  return found
}

interface Wallet {
  readonly person: Person
  readonly page: Page
  readonly address: string
}
async function onDevnet(world: { readonly context: BrowserContext; readonly home: string }): Promise<Wallet> {
  const person = await personAt(world.context, world.home)
  const address = await person.createWallet()
  await person.selectNetwork('Devnet')
  return { person, page: person.page, address }
}

/** The form, filled in; what it says of the address is there. */
async function fillSend(page: Page, to: string, amount: string): Promise<void> {
  await page.getByRole('button', { name: 'Send', exact: true }).click()
  await page.getByLabel('To', { exact: true }).fill(to)
  await page.getByLabel('Amount', { exact: true }).fill(amount)
}
async function back(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Back', exact: true }).click()
  await expect(page.getByRole('button', { name: 'Receive' })).toBeVisible()
}

test('a person receives, sends, and reads what happened; a deployment comes first', async ({
  context,
  home,
  devnet,
}) => {
  const { person, page, address } = await onDevnet({ context, home })

  await page.getByRole('button', { name: 'Receive' }).click()
  await expect(page.getByRole('img', { name: 'QR code of this address' })).toBeVisible()
  await expect(page.getByText('Not deployed yet. It can already receive.')).toBeVisible()
  await page.getByRole('button', { name: 'Get test tokens' }).click()
  await back(page)
  await expect(page.getByText(/^1,000\sSTRK$/)).toBeVisible({ timeout: 30_000 })

  await fillSend(page, SINK, '5.000000000000000001')
  await expect(page.getByText('First time. Compare the last 6 digits.')).toBeVisible()
  await expect(page.getByText('Nothing is deployed there on Devnet.')).toBeVisible()
  const review = await person.asked(() => page.getByRole('button', { name: 'Review' }).click())
  await expect(review.getByText('Account deployed').or(review.getByText('Deploy'))).not.toHaveCount(0)
  await expect(review.getByText(/−5\.000000000000000001\sSTRK/)).toBeVisible({ timeout: 30_000 })
  await person.allow(review, 'Send')
  await expect.poll(() => balance(devnet, SINK), { timeout: 60_000 }).toBe(5_000_000_000_000_000_001n)

  // What left is what was sent and the fees, to the last unit.
  const row = page.getByRole('region', { name: 'Activity' }).getByRole('link', { name: /^Sent 5\.000000000000000001/ })
  await expect(row).toBeVisible({ timeout: 30_000 })
  await expect(page.getByRole('region', { name: 'Activity' }).getByText('Done')).toHaveCount(2, { timeout: 60_000 })
  const fees = await feesOf(devnet, address)
  expect(fees).toHaveLength(2)
  const paid = fees.reduce((sum, fee) => sum + fee, 0n)
  expect(await balance(devnet, address)).toBe(coins(1_000) - 5_000_000_000_000_000_001n - paid)

  await row.click()
  await expect(page.getByRole('heading', { name: 'Details', exact: true }).first()).toBeVisible()
  await page.getByRole('button', { name: /^transfer/ }).click()
  await expect(page.getByText(/0000 0000 0000 0000 0000 0000 0005 1acc/).first()).toBeVisible()
  await expect(page.getByRole('button', { name: 'Copy the hash' })).toBeVisible()
})

test('each address that money must not go to is refused in words, and a look-alike needs the tick', async ({
  context,
  home,
  devnet,
}) => {
  const { person, page, address } = await onDevnet({ context, home })
  await devnet.mint(address, coins(100))
  await page.getByRole('button', { name: 'Send', exact: true }).click()
  const to = page.getByLabel('To', { exact: true })
  const rows = [
    [ETHEREUM, 'This looks like an Ethereum address. Starknet addresses are longer.'],
    ['0x0', 'This is no address: what is sent to 0 is lost.'],
    [`0x${'f'.repeat(64)}`, 'This is no Starknet address: it has too many digits.'],
    ['ana.stark', 'This is no address. An address begins with 0x and has digits and the letters a to f.'],
    [address, 'This is the account you send from.'],
  ] as const
  for (const [typed, words] of rows) {
    await to.fill(typed)
    await expect(page.getByText(words)).toBeVisible()
    await expect(page.getByRole('button', { name: 'Review' })).toBeDisabled()
  }
  await to.fill(STRK)
  await expect(
    page.getByText('This is a token contract. Tokens sent to a token contract are usually lost.'),
  ).toBeVisible()

  await to.fill(`${address.slice(0, 6)}${'ab'.repeat(28)}${address.slice(-4)}`)
  await expect(page.getByText('It begins and ends like Account 1, but it is another address.')).toBeVisible()
  await page.getByLabel('Amount', { exact: true }).fill('1')
  const review = await person.asked(() => page.getByRole('button', { name: 'Review' }).click())
  await expect(review.getByText(/−1\sSTRK/)).toBeVisible({ timeout: 30_000 })
  await expect(review.getByRole('button', { name: 'Send', exact: true })).toBeDisabled()
  await review.getByRole('checkbox', { name: 'I compared all digits.' }).check()
  await expect(review.getByRole('button', { name: 'Send', exact: true })).toBeEnabled()
  await person.refuse(review)
  expect(await balance(devnet, address)).toBe(coins(100))
})

test('amounts: too many digits are refused, Max leaves the fee, what is too much cannot be allowed', async ({
  context,
  home,
  devnet,
}) => {
  const { person, page, address } = await onDevnet({ context, home })
  await devnet.mint(address, coins(10))
  await page.reload()
  await expect(page.getByText(/^10\sSTRK$/)).toBeVisible({ timeout: 30_000 })
  await fillSend(page, SINK.replace('51acc', '51acd'), '0.0000000000000000001')
  await expect(page.getByText('STRK has 18 digits after the point. Nothing is rounded.')).toBeVisible()
  await page.getByLabel('Amount', { exact: true }).fill('10.5')
  await expect(page.getByText('More than you have.')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Review' })).toBeDisabled()

  // All of it leaves nothing for the fee: the review says so, and Send stays off.
  await page.getByLabel('Amount', { exact: true }).fill('10')
  const poor = await person.asked(() => page.getByRole('button', { name: 'Review' }).click())
  await expect(poor.getByText(/^Needs up to 10\.\d+\sSTRK with the fee, you have 10\sSTRK\.$/)).toBeVisible({
    timeout: 30_000,
  })
  await expect(poor.getByRole('button', { name: 'Send', exact: true })).toBeDisabled()
  await person.refuse(poor)

  await fillSend(page, SINK.replace('51acc', '51acd'), '')
  await page.getByRole('button', { name: 'Max' }).click()
  await expect(page.getByText(/^Max leaves room for the fee, never more than/)).toBeVisible({ timeout: 30_000 })
  const max = await page.getByLabel('Amount', { exact: true }).inputValue()
  const review = await person.asked(() => page.getByRole('button', { name: 'Review' }).click())
  await person.allow(review, 'Send')
  const sent = BigInt(max.replace('.', '').padEnd(19, '0'))
  await expect.poll(() => balance(devnet, SINK.replace('51acc', '51acd')), { timeout: 60_000 }).toBe(sent)
})

test('a token is read from its contract, added, sent and hidden', async ({ context, home, devnet, fixtures }) => {
  const { person, page, address } = await onDevnet({ context, home })
  await devnet.mint(address, coins(100))
  const mint = await devnet.account.execute({
    contractAddress: fixtures.token,
    entrypoint: 'mint',
    calldata: [address, '7000000000000000000', '0'],
  })
  await devnet.account.provider.waitForTransaction(mint.transaction_hash, { retryInterval: 50 })

  await page.getByRole('link', { name: 'Manage tokens' }).click()
  await page.getByLabel('Address of the token').fill(SINK)
  await page.getByRole('button', { name: 'Look it up' }).click()
  await expect(page.getByText('Nothing is deployed there on Devnet. Nothing was added.')).toBeVisible()
  await page.getByLabel('Address of the token').fill(fixtures.game)
  await page.getByRole('button', { name: 'Look it up' }).click()
  await expect(page.getByText('This contract does not answer as a token. Nothing was added.')).toBeVisible()
  await page.getByLabel('Address of the token').fill(fixtures.token)
  await page.getByRole('button', { name: 'Look it up' }).click()
  await page.getByRole('button', { name: 'Add TEST' }).click()
  await expect(page.getByRole('switch', { name: 'Show TEST' })).toBeChecked()
  await back(page)
  await expect(page.getByRole('region', { name: 'Tokens' }).getByText(/^7\sTEST$/)).toBeVisible({ timeout: 30_000 })

  await fillSend(page, fixtures.market, '2.5')
  await page.getByLabel('Token', { exact: true }).selectOption({ label: '7\u00a0TEST' })
  const review = await person.asked(() => page.getByRole('button', { name: 'Review' }).click())
  await expect(review.getByText(/−2\.5\sTEST/)).toBeVisible({ timeout: 30_000 })
  const before = await balance(devnet, fixtures.market, fixtures.token)
  await person.allow(review, 'Send')
  await expect
    .poll(() => balance(devnet, fixtures.market, fixtures.token), { timeout: 60_000 })
    .toBe(before + 25n * 10n ** 17n)

  await page.getByRole('link', { name: 'Manage tokens' }).click()
  await page.getByRole('switch', { name: 'Show TEST' }).click()
  await back(page)
  await expect(page.getByRole('region', { name: 'Tokens' }).getByText(/TEST/)).toBeHidden()
})

test('a site asks for a token in the list: what its contract says is shown, what the site says is not, and no contract that is none is asked for', async ({
  context,
  home,
  devnet,
  site,
  fixtures,
}) => {
  const { person, page: dapp, address } = await connected({ context, home, devnet, site })
  const mint = await devnet.account.execute({
    contractAddress: fixtures.token,
    entrypoint: 'mint',
    calldata: [address, '7000000000000000000', '0'],
  })
  await devnet.account.provider.waitForTransaction(mint.transaction_hash, { retryInterval: 50 })
  const watch = { type: 'ERC20', options: { address: padded(felt(fixtures.token)), symbol: 'USDC', decimals: 6 } }
  const refused = await clickFor(dapp, 'wallet_watchAsset', watch)
  await expect(refused.window.getByText('localhost', { exact: false }).first()).toBeVisible()
  await person.refuse(refused.window)
  expect(await refused.answer).toMatchObject({ code: 113, data: { reason: 'refused' } })

  const { window, answer } = await clickFor(dapp, 'wallet_watchAsset', watch)
  await expect(window.getByText('TEST', { exact: true })).toBeVisible()
  await expect(window.getByRole('region', { name: 'Its name' })).toContainText('Test coin')
  await expect(window.getByText('USDC')).toHaveCount(0)
  await person.allow(window, 'Add')
  expect(await answer).toEqual({ result: true })
  await expect(person.page.getByRole('region', { name: 'Tokens' }).getByText(/^7\sTEST$/)).toBeVisible({
    timeout: 30_000,
  })

  // No window for what is there, nor for what is no token.
  const { count } = windowsFrom(dapp)
  expect(await request(dapp, 'wallet_watchAsset', watch)).toEqual({ result: true })
  const game = { type: 'ERC20', options: { address: fixtures.game } }
  expect(await request(dapp, 'wallet_watchAsset', game)).toEqual({
    code: 111,
    message: 'An error occurred (NOT_ERC20)',
  })
  expect(count()).toBe(0)
})

test('what was typed is there again after the popup was closed', async ({ context, home, devnet }) => {
  const { page, address } = await onDevnet({ context, home })
  await devnet.mint(address, coins(1))
  await fillSend(page, SINK, '0.25')
  await expect(page.getByText('First time. Compare the last 6 digits.')).toBeVisible()
  const again = await context.newPage()
  await again.goto(`${home}#/send`)
  await expect(again.getByLabel('Amount', { exact: true })).toHaveValue('0.25')
  await expect(again.getByLabel('To', { exact: true })).toHaveValue(SINK)
  await again.close()
})

test('the person chooses the fee: a limit of their own is never passed, and one that is too low keeps Send off', async ({
  context,
  home,
  devnet,
}) => {
  const { person, page, address } = await onDevnet({ context, home })
  await devnet.mint(address, coins(100))
  await page.reload()
  await fillSend(page, SINK.replace('51acc', '51ace'), '1')
  const review = await person.asked(() => page.getByRole('button', { name: 'Review' }).click())
  await expect(review.getByText(/−1\sSTRK/)).toBeVisible({ timeout: 30_000 })
  await review.getByRole('button', { name: 'Change the fee' }).click()
  await review.getByLabel('Never more than', { exact: true }).fill('0.000001')
  await review.getByRole('button', { name: 'Use this' }).click()
  await expect(review.getByText(/^Your fee limit is too low now: up to/)).toBeVisible({ timeout: 30_000 })
  await expect(review.getByRole('button', { name: 'Send', exact: true })).toBeDisabled()
  await review.getByLabel('Never more than', { exact: true }).fill('2')
  await review.getByRole('button', { name: 'Use this' }).click()
  await expect(review.getByText(/^Your fee limit is too low now/)).toBeHidden({ timeout: 30_000 })
  await person.allow(review, 'Send')
  await expect.poll(() => balance(devnet, SINK.replace('51acc', '51ace')), { timeout: 60_000 }).toBe(coins(1))
})
