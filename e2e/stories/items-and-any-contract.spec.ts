/** Sessions that can cost more than money in a list: items of a collection, contracts nobody named, leave given before. */

import type { Page } from '@playwright/test'
import { selectorOf } from '../../src/starknet/selector.ts'
import { SENT } from '../desk.ts'
import type { Devnet } from '../devnet.ts'
import { expect, type Kept, test } from '../kept.ts'
import { clickFor, request, windowsFrom } from '../site.ts'

test.use({ story: 'items-and-any-contract' })
test.describe.configure({ mode: 'default' })

const OWNER_OF = selectorOf('owner_of')
const ALLOWANCE = selectorOf('allowance')
const INVOKE = 'wallet_addInvokeTransaction'
interface Session {
  readonly id: string
  readonly backing: string
  readonly chain: object | null
  readonly narrowed: string[]
  readonly policy: { readonly nft_limits?: readonly object[] }
}

/** Opened by the page's click, looked at, and allowed with the password where it is asked for. */
async function allowed(kept: Kept, page: Page, ask: object, look: (window: Page) => Promise<void>): Promise<Session> {
  const { window, answer } = await clickFor(page, 'wallet_requestSession', ask)
  await expect(window.getByRole('button', { name: 'Allow session' })).toBeVisible({ timeout: 30_000 })
  await look(window)
  await kept.person.allowAsAsked(window, 'Allow session')
  return (await answer).result as Session
}

test('items: the person lowers how many may leave and takes back the leave to sell; what is left is held', async ({
  kept,
  devnet,
  fixtures,
}) => {
  test.setTimeout(240_000)
  const { collection, market, game } = fixtures
  const page = await kept.visitor()
  const session = await allowed(
    kept,
    page,
    {
      calls: [
        { contract_address: collection, entry_point: ['mint', 'transfer_from', 'approve'] },
        { contract_address: market, entry_point: 'take' },
      ],
      nft_limits: [{ collection, max_out: 3, spenders: [market], approve_one: 'allow' }],
    },
    async (window) => {
      const worst = window.getByText(/^At worst it gives away/)
      await expect(worst).toHaveText(/3 items of .* and pays 5\sSTRK of fees\.$/)
      await window
        .getByRole('button', { name: /^Change Items of / })
        .first()
        .click()
      const most = window.getByRole('textbox', { name: /^Items of .*, In all$/ })
      await most.fill('1')
      await most.press('Enter')
      await expect(worst).toHaveText(/1 item of .* and pays/)
      await window
        .getByRole('button', { name: /^Change Items of / })
        .nth(1)
        .click()
      const leave = window.getByRole('switch', { name: /^Items of / })
      await leave.click()
      await expect(leave).not.toBeChecked()
    },
  )
  expect([...session.narrowed].sort()).toEqual(['/nft_limits/0/approve_one', '/nft_limits/0/max_out'])
  expect(session.policy.nft_limits).toMatchObject([{ caps: [{ max: 1, window: 'session' }], approve_one: 'forbid' }])

  const windows = windowsFrom(page)
  const act = (contract_address: string, entry_point: string, ...calldata: string[]) => ({
    contract_address,
    entry_point,
    calldata,
  })
  const only = (...calls: object[]) => request(page, INVOKE, { calls, session: { mode: 'only', id: session.id } })
  const ids = ['0x1', '0x2'].map((low) => [low, '0x77'] as const)
  const give = (id: readonly string[]) => act(collection, 'transfer_from', kept.address, game, ...id)
  expect(await only(...ids.map((id) => act(collection, 'mint', kept.address, ...id)))).toEqual(SENT)
  expect(await only(act(collection, 'approve', market, ...ids[0]!))).toMatchObject({
    code: 213,
    data: { reasons: expect.arrayContaining([expect.objectContaining({ code: 'approvalForbidden' })]) },
  })
  expect(await only(give(ids[0]!), give(ids[1]!))).toMatchObject({ code: 214, data: { left: '1', wanted: '2' } })
  expect(await only(give(ids[0]!))).toEqual(SENT)
  expect(await only(give(ids[1]!))).toMatchObject({ code: 214, data: { left: '0', wanted: '1' } })
  expect(windows.count()).toBe(0)
  const owner = await devnet.rpc<string[]>('starknet_call', {
    request: { contract_address: collection, entry_point_selector: OWNER_OF, calldata: ids[1] },
    block_id: 'latest',
  })
  expect(BigInt(owner[0]!)).toBe(BigInt(kept.address))
})

test('any contract: said in red and ticked, signed by the owner while the wallet is open, and never beyond the lists', async ({
  kept,
  fixtures,
}) => {
  test.setTimeout(240_000)
  const { game, token, coin, market } = fixtures
  const page = await kept.visitor()
  const { person } = kept
  const session = await allowed(
    kept,
    page,
    {
      calls: [{ contract_address: '*', entry_point: '*' }],
      deny: [{ contract_address: game, entry_point: 'reset' }],
      spend_limits: [{ token, total: '5' }],
    },
    async (window) => {
      await expect(
        window.getByText('Any contract. Only this wallet holds it back, and it must stay unlocked.'),
      ).toBeVisible()
      await expect(window.getByText(/^At worst it takes everything in this account/)).toBeVisible()
      // Nothing of it is the chain's.
      await expect(window.getByText('chain + wallet')).toHaveCount(0)
      const allow = window.getByRole('button', { name: 'Allow session' })
      await expect(allow).toBeDisabled()
      await window.getByRole('checkbox').check()
      await expect(window.getByLabel('Password', { exact: true })).toBeVisible()
    },
  )
  expect(session).toMatchObject({ backing: 'wallet', chain: null })

  const windows = windowsFrom(page)
  const act = (contract_address: string, entry_point: string, ...calldata: string[]) => ({
    contract_address,
    entry_point,
    calldata,
  })
  const only = (...calls: object[]) => request(page, INVOKE, { calls, session: { mode: 'only', id: session.id } })
  const refused = (...codes: string[]) => ({
    data: { reasons: codes.map((code) => expect.objectContaining({ code })) },
  })
  expect(await only(act(game, 'move', '0x1', '0x2'), act(token, 'mint', kept.address, '0x9', '0x0'))).toEqual(SENT)
  expect(await only(act(token, 'transfer', game, '0x5', '0x0'))).toEqual(SENT)
  expect(await only(act(token, 'transfer', game, '0x1', '0x0'))).toMatchObject({ code: 214, ...refused('spendCap') })
  expect(await only(act(coin, 'transfer', game, '0x1', '0x0'))).toMatchObject({
    code: 213,
    ...refused('tokenNotListed'),
  })
  expect(await only(act(game, 'reset'))).toMatchObject({ code: 213, ...refused('denied') })
  expect(await only(act(market, 'upgrade', '0x1'))).toMatchObject({ code: 213, ...refused('adminEntrypoint') })
  expect(await only(act(game, '__execute__', '0x0'))).toMatchObject({ code: 213, ...refused('nestedExecution') })
  expect(await only(act(kept.address, 'get_owner'))).toMatchObject({ code: 215 })

  await person.lock()
  expect(await only(act(game, 'move', '0x3', '0x4'))).toMatchObject({ code: 216 })
  await person.unlock()
  expect(await only(act(game, 'move', '0x3', '0x4'))).toEqual(SENT)
  expect(windows.count()).toBe(0)
})

test('what a contract may already take is set to 0 before the session starts, in the same approval', async ({
  kept,
  devnet,
  fixtures,
}) => {
  test.setTimeout(240_000)
  const { token, market } = fixtures
  const page = await kept.visitor()
  const mayTake = allowanceOf(devnet, token, kept.address, market)
  const approve = { contract_address: token, entry_point: 'approve', calldata: [market, '0x64', '0x0'] }
  const before = await clickFor(page, INVOKE, { calls: [approve] })
  await kept.person.allow(before.window, 'Allow once')
  expect(await before.answer).toEqual(SENT)
  await expect.poll(mayTake, { timeout: 30_000 }).toBe(100n)

  const session = await allowed(
    kept,
    page,
    {
      calls: [{ contract_address: market, entry_point: 'swap' }],
      spend_limits: [{ token, total: '5' }],
    },
    async (window) => {
      await expect(window.getByText(/may already take 100 of /)).toBeVisible()
      await window.getByRole('button', { name: 'Set to 0 first' }).click()
      await expect(window.getByText(/That is set to 0 before the session starts\.$/)).toBeVisible()
      await expect(window.getByText('Set what contracts may already take to 0')).toBeVisible()
      await window.getByRole('button', { name: 'Leave it' }).click()
      await expect(window.getByText('Set what contracts may already take to 0')).toHaveCount(0)
      await window.getByRole('button', { name: 'Set to 0 first' }).click()
      await expect(window.getByText('Set what contracts may already take to 0')).toBeVisible()
    },
  )
  // The first of a wallet also enables sessions.
  expect(session).toMatchObject({
    status: 'active',
    setup: expect.arrayContaining([expect.objectContaining({ step: 'setup' })]),
  })
  expect(await mayTake()).toBe(0n)
})

test('what a session left to a contract stands on its page after the end, and is taken back from there', async ({
  kept,
  devnet,
  fixtures,
}) => {
  test.setTimeout(240_000)
  const { token, collection, market } = fixtures
  const { person } = kept
  const page = await kept.visitor()
  const mayTakeAll = opened(devnet, collection, kept.address, market)
  const mayTake = allowanceOf(devnet, token, kept.address, market)
  const { id } = await allowed(
    kept,
    page,
    {
      calls: [
        { contract_address: token, entry_point: 'approve' },
        { contract_address: collection, entry_point: 'set_approval_for_all' },
      ],
      spend_limits: [{ token, total: '100', approvals: 'count', spenders: [market] }],
      nft_limits: [{ collection, max_out: 1, spenders: [market], approve_all: 'allow' }],
    },
    async (window) => {
      await window.getByRole('checkbox').check()
      const risk = window.getByRole('button', { name: /Leaves a spending permission of 100 of / })
      await risk.click()
      await expect(window.getByText(/its page shows what is left and can set it to 0\.$/)).toBeVisible()
    },
  )
  const approve = { contract_address: token, entry_point: 'approve', calldata: [market, '0x28', '0x0'] }
  const open = { contract_address: collection, entry_point: 'set_approval_for_all', calldata: [market, '0x1'] }
  expect(await request(page, INVOKE, { calls: [approve, open], session: { id } })).toEqual(SENT)
  await expect.poll(mayTake, { timeout: 30_000 }).toBe(40n)
  await expect.poll(mayTakeAll).toBe(true)

  await person.page.goto(`${person.page.url().split('#')[0]}#/session/${id}`)
  await expect(person.page.getByRole('button', { name: 'Take back' })).toHaveCount(0)
  await person.page.getByRole('button', { name: 'End session' }).click()
  const left = person.page.getByRole('region', { name: 'Left to others' })
  await expect(left.getByText(/can still take 40 of /)).toBeVisible({ timeout: 30_000 })
  await expect(left.getByText(/can still take every item of /)).toBeVisible()
  const review = await person.asked(() => left.getByRole('button', { name: 'Take back' }).click())
  await expect(review.getByText('Take back what contracts can still take.')).toBeVisible()
  await person.allow(review, 'Take back')
  await expect.poll(mayTake, { timeout: 30_000 }).toBe(0n)
  await expect.poll(mayTakeAll).toBe(false)
  await person.page.bringToFront()
  await expect(left).toHaveCount(0, { timeout: 30_000 })
})

function allowanceOf(devnet: Devnet, token: string, account: string, spender: string): () => Promise<bigint> {
  return async () => {
    const request = { contract_address: token, entry_point_selector: ALLOWANCE, calldata: [account, spender] }
    const [low] = await devnet.rpc<string[]>('starknet_call', { request, block_id: 'latest' })
    return BigInt(low!)
  }
}

function opened(devnet: Devnet, collection: string, account: string, operator: string): () => Promise<boolean> {
  return async () => {
    const request = {
      contract_address: collection,
      entry_point_selector: selectorOf('is_approved_for_all'),
      calldata: [account, operator],
    }
    const [leave] = await devnet.rpc<string[]>('starknet_call', { request, block_id: 'latest' })
    return leave === '0x1'
  }
}
