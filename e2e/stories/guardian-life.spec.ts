/** The second key's life on a chain: set, used, replaced, removed; taken over by it, and taken back from it. */
import type { Page } from '@playwright/test'
import { guardianKey, ownerKey } from '../../src/cold/phrase.ts'
import { address, type Felt, felt } from '../../src/core/felt.ts'
import { createNode, type Post } from '../../src/platform/node.ts'
import { getEscapeCall, getGuardianCall } from '../../src/starknet/accounts.ts'
import { type PrivateKey, publicKey, randomKey, sign } from '../../src/starknet/curve.ts'
import { parseEscape } from '../../src/starknet/escape.ts'
import { invokeBody, invokeHash } from '../../src/starknet/invoke.ts'
import { selectorOf } from '../../src/starknet/selector.ts'
import type { Devnet, Fixtures, NodeError } from '../devnet.ts'
import { alone, expect, type Kept } from '../kept.ts'
import { PASSWORD, PHRASE } from '../person.ts'
import { clickFor, request } from '../site.ts'
import { test } from '../world.ts'

const WEEK = 604_800
const SENT = { result: { transaction_hash: expect.stringMatching(/^0x[0-9a-f]{64}$/) } }

test('old guardian revives nothing: what it signed is refused after its rotation, after its removal and after the next one is set', async () => {
  test.setTimeout(300_000)
  await alone('chromium', async (kept, { devnet, fixtures }) => {
    const chain = at(devnet, kept)
    const page = await kept.player()
    const first = await running(page)
    expect(await move(page, fixtures)).toEqual(SENT)
    const old = await sessionToken(devnet)
    expect(await chain.guardian()).toBe(publicOf(0))

    await act(kept, 'End all sessions')
    // Here at once, before the chain knows.
    expect((await sessions(page)).some(({ id }) => id === first)).toBe(false)
    await expect.poll(chain.guardian, { timeout: 30_000 }).toBe(publicOf(1))
    await over(kept)
    expect(await chain.replay(old)).toBe('session/invalid-account-sig')

    await act(kept, 'Remove second key')
    await expect.poll(chain.guardian, { timeout: 30_000 }).toBe('0x0')
    await over(kept)
    expect(await chain.replay(old)).toBe('session/no-guardian')

    // Neither the first nor the second: both have stood here.
    await act(kept, 'Enable sessions', true)
    await expect.poll(chain.guardian, { timeout: 30_000 }).toBe(publicOf(2))
    await over(kept)
    expect(await chain.replay(old)).toBe('session/invalid-account-sig')
    // The account goes on with it: an ordinary session by the new key.
    await again(kept, page)
    expect(await move(page, fixtures)).toEqual(SENT)
  })
})

test('T33: a take-over by the second key alone is seen before the wallet is unlocked, pauses the sessions, and is stopped with one press', async () => {
  test.setTimeout(300_000)
  await alone('chromium', async (kept, { devnet, fixtures }) => {
    const chain = at(devnet, kept)
    let page = await kept.player()
    const first = await running(page)
    const thief = publicKey(randomKey((length) => crypto.getRandomValues(new Uint8Array(length))))
    await chain.alone(secondKey(0), 'trigger_escape_owner', [felt(0), thief])
    await devnet.increaseTime(3_600)
    expect(await chain.escape()).toMatchObject({ replaces: 'owner', signer: thief, status: 'waiting' })

    // One look of the open wallet.
    const alarm = (it: Page) => it.getByRole('heading', { name: 'Someone tries to take over your account' })
    await kept.person.page.reload()
    await expect(alarm(kept.person.page)).toBeVisible()
    await expect(kept.person.page.getByRole('region', { name: 'Would be owner' })).toContainText(endOf(thief))
    const badge = () => kept.person.page.evaluate(() => chrome.action.getBadgeText({}))
    await expect.poll(badge).toBe('!')
    const paused = { id: first, status: 'paused', paused_by: 'wallet' }
    await expect.poll(() => sessions(page)).toEqual([expect.objectContaining(paused)])
    expect(await move(page, fixtures)).toMatchObject({ code: 212 })

    // And of one that nobody has unlocked since the browser's start.
    await kept.restart()
    const wallet = kept.person.page
    await expect(alarm(wallet)).toBeVisible({ timeout: 30_000 })
    await wallet.getByRole('button', { name: 'Unlock to stop it' }).click()
    await wallet.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await wallet.getByRole('button', { name: 'Unlock', exact: true }).click()
    await expect(alarm(wallet)).toBeVisible({ timeout: 30_000 })
    await wallet.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await wallet.getByRole('button', { name: 'Stop it now', exact: true }).click()

    await expect.poll(chain.escape, { timeout: 30_000 }).toBe(null)
    expect(await chain.guardian()).toBe(publicOf(1))
    await expect(alarm(wallet)).toBeHidden({ timeout: 30_000 })
    await expect.poll(() => wallet.evaluate(() => chrome.action.getBadgeText({}))).toBe('')
    page = await kept.site.open()
    expect(await sessions(page)).toEqual([])
    await expect(chain.alone(secondKey(0), 'trigger_escape_owner', [felt(0), thief])).rejects.toThrow('argent/')
  })
})

test('a second key of somebody else is replaced by the owner alone, after the waiting time and within the next', async () => {
  test.setTimeout(300_000)
  await alone('e2e', async (kept, { devnet, fixtures }) => {
    const chain = at(devnet, kept)
    const page = await kept.player()
    const first = await running(page)
    // So young a session may be one whose own block the node has not seen.
    await kept.killer.shiftClock(120)
    const foreign = publicKey(randomKey((length) => crypto.getRandomValues(new Uint8Array(length))))
    await chain.both(ownerKey(PHRASE, 0), secondKey(0), 'change_guardian', [felt(0), felt(0), foreign])
    expect(await chain.guardian()).toBe(foreign)

    // The session's own page says what happened to it.
    const wallet = kept.person.page
    await wallet.goto(`${wallet.url().split('#')[0]}#/session/${first}`)
    await expect(wallet.getByText('Second key changed: cannot run.')).toBeVisible({ timeout: 30_000 })
    expect((await sessions(page)).some(({ id }) => id === first)).toBe(false)

    // It might be one that another copy of this wallet has set.
    await accountPage(kept)
    await wallet.getByRole('button', { name: 'Move to your own second key', exact: true }).click()
    const taking = wallet.getByRole('dialog')
    await taking.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await taking.getByRole('button', { name: 'Look for it', exact: true }).click()
    await expect(wallet.getByText('It is not of your phrase. Nothing was changed.')).toBeVisible({ timeout: 30_000 })
    await taking.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await taking.getByRole('button', { name: 'Move to your own second key', exact: true }).click()
    await expect(taking).toBeHidden({ timeout: 30_000 })
    const timeline = wallet.getByRole('region', { name: 'Move to your own second key' })
    await expect(timeline.getByText('You began this.')).toBeVisible({ timeout: 30_000 })
    await expect(timeline.getByText(/\(6 days left\)|\(7 days left\)/)).toBeVisible()
    // The first one has stood here.
    expect(await chain.escape()).toMatchObject({ replaces: 'guardian', signer: publicOf(1), status: 'waiting' })
    await expect(wallet.getByRole('button', { name: 'Finish the move' })).toBeHidden()
    await over(kept)

    await devnet.increaseTime(WEEK)
    await wallet.reload()
    await wallet.getByRole('button', { name: 'Finish the move', exact: true }).click()
    const sheet = wallet.getByRole('dialog')
    await sheet.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await sheet.getByRole('button', { name: 'Finish the move', exact: true }).click()
    await expect.poll(chain.guardian, { timeout: 30_000 }).toBe(publicOf(1))
    await expect(timeline).toBeHidden({ timeout: 30_000 })
    await expect(wallet.getByText('This wallet’s. Sessions are enabled.')).toBeVisible()
    await again(kept, page)
    expect(await move(page, fixtures)).toEqual(SENT)
  })
})

test('switching account during an approval: what was asked of one account is signed by that one', async () => {
  test.setTimeout(300_000)
  await alone('chromium', async (kept, { devnet, fixtures }) => {
    const page = await kept.player()
    const wallet = kept.person.page
    const calls = [{ contract_address: fixtures.coin, entry_point: 'mint', calldata: [kept.address, '0x1', '0x0'] }]
    const { window, answer } = await clickFor(page, 'wallet_addInvokeTransaction', { calls })
    await expect(window.getByText('Account 1').first()).toBeVisible()

    // Another account is made and chosen while the question stands.
    await wallet.goto(`${wallet.url().split('#')[0]}#/accounts`)
    await wallet.getByRole('button', { name: 'Add', exact: true }).click()
    await wallet.getByRole('menuitem', { name: 'New account' }).click()
    const sheet = wallet.getByRole('dialog')
    await sheet.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await sheet.getByRole('button').last().click()
    await expect(sheet).toBeHidden({ timeout: 30_000 })
    await wallet
      .getByRole('listitem')
      .getByRole('button', { name: /Account 2/ })
      .click()
    await wallet.getByRole('button', { name: 'Use this account' }).click()
    await expect(wallet.getByRole('button', { name: 'Account Account 2' })).toBeVisible()

    await expect(window.getByText('Account 1').first()).toBeVisible()
    await expect(window.getByText('Account 2')).toBeHidden()
    await kept.person.allow(window, 'Allow once')
    const { result } = await answer
    const { transaction_hash } = result as { transaction_hash: string }
    const sent = await devnet.rpc<{ sender_address: string }>('starknet_getTransactionByHash', { transaction_hash })
    expect(address(sent.sender_address)).toBe(address(kept.address))
  })
})

/** The last digits of a key as they are drawn. */
const endOf = (key: Felt): string => key.slice(-4)

/** What the chain says of the account, and what is done to it without the wallet. */
function at(devnet: Devnet, kept: Kept) {
  const post: Post = async (_url, body) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${devnet.url}/rpc`, { method: 'POST', headers, body })
    return { status: answer.status, text: await answer.text() }
  }
  const node = createNode({ url: `${devnet.url}/rpc`, post })
  const account = address(kept.address)
  const parts = async (name: string, calldata: readonly Felt[]) => {
    const { prices } = await node.lastBlock()
    const bound = (maxAmount: bigint, price: bigint) => ({ maxAmount, maxPrice: price * 2n })
    return {
      sender: account,
      calls: [{ to: account, selector: selectorOf(name), calldata: [...calldata] }],
      nonce: (await node.nonce(account)) ?? felt(0),
      tip: 0n,
      bounds: {
        l1_gas: bound(0n, prices.l1_gas),
        l2_gas: bound(40_000_000n, prices.l2_gas),
        l1_data_gas: bound(2_000n, prices.l1_data_gas),
      },
    }
  }
  return {
    account,
    guardian: async (): Promise<Felt> => (await node.call(getGuardianCall(account)))[0] ?? felt(0),
    escape: async () => parseEscape(await node.call(getEscapeCall(account))),
    /** A call to the account that one of its keys signs alone. */
    alone: async (key: PrivateKey, name: string, calldata: readonly Felt[] = []) => {
      const body = await parts(name, calldata)
      const hash = invokeHash({ chainId: await node.chainId(), ...body })
      const { r, s } = sign(hash, key)
      const signature = [felt(1), felt(0), publicKey(key), r, s]
      await devnet.rpc('starknet_addInvokeTransaction', { invoke_transaction: invokeBody({ ...body, signature }) })
    },
    /** Both keys sign. */
    both: async (owner: PrivateKey, second: PrivateKey, name: string, calldata: readonly Felt[]) => {
      const body = await parts(name, calldata)
      const hash = invokeHash({ chainId: await node.chainId(), ...body })
      const [a, b] = [sign(hash, owner), sign(hash, second)]
      const signature = [felt(2), felt(0), publicKey(owner), a.r, a.s, felt(0), publicKey(second), b.r, b.s]
      await devnet.rpc('starknet_addInvokeTransaction', { invoke_transaction: invokeBody({ ...body, signature }) })
    },
    /** The same session's authorization again, with the next nonce: what the account says to it. */
    replay: async (token: readonly Felt[]): Promise<string> => {
      const body = await parts('move', [])
      const calls = [{ to: account, selector: selectorOf('move'), calldata: [] as Felt[] }]
      const other = { ...body, calls: [{ ...calls[0]!, to: address('0x1234') }] }
      const refused = await devnet
        .rpc('starknet_addInvokeTransaction', { invoke_transaction: invokeBody({ ...other, signature: token }) })
        .then(
          () => 'taken',
          (error: NodeError) => error.message,
        )
      return /\('((?:session|argent)\/[a-z-]+)'\)/.exec(refused)?.[1] ?? refused
    },
  }
}

/** The signature of the newest session transaction on the chain. */
async function sessionToken(devnet: Devnet): Promise<readonly Felt[]> {
  const block = await devnet.rpc<{ transactions: { signature: string[] }[] }>('starknet_getBlockWithTxs', {
    block_id: 'latest',
  })
  const [transaction] = block.transactions
  return (transaction?.signature ?? []).map((it) => felt(it))
}

/** One of the acts of the account's page, with the password. */
async function act(kept: Kept, name: string, facts = false): Promise<void> {
  const { page } = kept.person
  await accountPage(kept)
  await page.getByRole('button', { name, exact: true }).click()
  const sheet = page.getByRole('dialog')
  if (facts) await sheet.getByRole('checkbox').check()
  await sheet.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await sheet.getByRole('button', { name, exact: true }).click()
  await expect(sheet).toBeHidden({ timeout: 30_000 })
}

async function accountPage(kept: Kept): Promise<void> {
  const { page } = kept.person
  await page.goto(`${page.url().split('#')[0]}#/account/${address(kept.address)}`)
}

/** The page says that the act is through. */
async function over(kept: Kept): Promise<void> {
  const { page } = kept.person
  await expect(page.getByRole('heading', { name: 'Last act' })).toBeVisible({ timeout: 30_000 })
  await expect(page.getByRole('region', { name: 'Under way' }).getByText('done', { exact: true })).toBeVisible()
}

interface Shown {
  readonly id: string
  readonly status: string
  readonly paused_by?: string
}
async function sessions(page: Page): Promise<readonly Shown[]> {
  return (await request(page, 'wallet_getSessions')).result as readonly Shown[]
}
async function running(page: Page): Promise<string> {
  const found = (await sessions(page)).find(({ status }) => status === 'active')
  if (found === undefined) throw new Error('no session runs')
  return found.id
}

function move(page: Page, { game }: Fixtures) {
  const calls = [{ contract_address: game, entry_point: 'move', calldata: ['0x1', '0x2'] }]
  return request(page, 'wallet_addInvokeTransaction', { calls, session: { mode: 'only' } })
}

/** A session that is asked for again, when its account is ready. */
async function again(kept: Kept, page: Page): Promise<void> {
  const window = await kept.person.asked(() =>
    page.getByRole('button', { name: 'Request session', exact: true }).click(),
  )
  await kept.person.allowAsAsked(window, 'Allow session')
  await expect(page.getByText(/^Request session: session \w+ is active/).last()).toBeVisible({ timeout: 60_000 })
}

const secondKey = (generation: number): PrivateKey => guardianKey(PHRASE, 0, generation)
const publicOf = (generation: number): Felt => publicKey(secondKey(generation))
