import type { Page } from '@playwright/test'
import type { View } from '../../src/core/protocol/ui.ts'
import { expect, type Kept, test } from '../kept.ts'
import { PHRASE, personAt } from '../person.ts'
import { clickFor, clickOnly, type Outcome, press, request, resultOf, windowsFrom } from '../site.ts'

test.use({ story: 'when-things-fail' })
// One file, one wallet, one after the other.
test.describe.configure({ mode: 'default' })

const INVOKE = 'wallet_addInvokeTransaction'
const SENDS = ['starknet_addInvokeTransaction', 'starknet_addDeployAccountTransaction']
const MAINNET = '0x534e5f4d41494e'
const now = () => Math.floor(Date.now() / 1000)
const refused = (reason: string, more: object = {}) => ({
  code: 113,
  message: 'An error occurred (USER_REFUSED_OP)',
  data: { reason, ...more },
})
const node = { code: 163, message: 'An error occurred (UNKNOWN_ERROR)', data: { reason: 'node' } }

test('T25: a wrong word, a weak password and a wrong password are told in words and change nothing; after five there is a wait', async ({
  context,
  home,
  killWorker,
}) => {
  const { page } = await personAt(context, home)
  const goOn = page.getByRole('button', { name: 'Go on', exact: true })
  const type = async (phrase: string) => {
    for (const [index, word] of phrase.split(' ').entries())
      await page.getByLabel(`Word ${index + 1}`, { exact: true }).fill(word)
  }
  await page.getByRole('button', { name: 'I have one', exact: true }).click()
  await type(PHRASE.replace('junk', 'junkk'))
  await expect(page.getByText('Word 12 is not in the list of possible words.')).toBeVisible()
  await expect(goOn).toBeDisabled()
  await type(PHRASE.replace('junk', 'test'))
  await expect(page.getByText('These words do not belong together.')).toBeVisible()
  await expect(goOn).toBeDisabled()
  await type(PHRASE)
  await expect(page.getByText('Every word is on the list, and they fit together.')).toBeVisible()
  await goOn.click()
  await expect(page.getByRole('heading', { name: 'Your accounts' })).toBeVisible()
  await goOn.click()

  const password = page.getByLabel('Password', { exact: true })
  await password.fill('short')
  await expect(page.getByText('5 more characters.')).toBeVisible()
  await expect(goOn).toBeDisabled()
  await password.fill('1234567890')
  await goOn.click()
  await expect(page.getByText('This password is too common. Choose another one.')).toBeVisible()
  await page.reload()
  await expect(page.getByRole('button', { name: 'Create a wallet' })).toBeVisible()

  const person = await personAt(context, home)
  await person.importWallet()
  await person.lock()
  const unlock = person.page.getByRole('button', { name: 'Unlock', exact: true })
  const guess = async (guessed: string) => {
    await person.page.getByLabel('Password', { exact: true }).fill(guessed)
    await unlock.click()
  }
  for (const left of ['4 tries', '3 tries', '2 tries', '1 try']) {
    await guess('another long password')
    await expect(person.page.getByText('Not this password.')).toBeVisible()
    await expect(person.page.getByText(`${left} left before a wait.`)).toBeVisible()
  }
  await guess('another long password')
  await expect(person.page.getByText(/^Too many tries\. Next try: /)).toBeVisible()
  await expect(unlock).toBeDisabled()
  await killWorker()
  await person.page.reload()
  await expect(person.page.getByText(/^Too many tries\. Next try: /)).toBeVisible()
  await expect(unlock).toBeDisabled()
})

test('T11: refusing and closing are told apart; after the third within a minute the site is quiet, also for a new worker', async ({
  kept,
}) => {
  const page = await kept.stranger()
  const first = await clickFor(page, 'wallet_requestAccounts')
  await kept.person.refuse(first.window)
  expect(await first.answer).toEqual(refused('refused'))
  const second = await clickFor(page, 'wallet_requestAccounts')
  await second.window.close()
  expect(await second.answer).toEqual(refused('closed'))
  const third = await clickFor(page, 'wallet_requestAccounts')
  await kept.person.refuse(third.window)
  expect(await third.answer).toEqual(refused('refused'))

  const windows = windowsFrom(page)
  const quiet = async () => (await clickOnly(page, 'wallet_requestAccounts')).toCome
  const answer = await quiet()
  expect(answer).toEqual(refused('quiet', { retry_at: expect.any(Number) }))
  const { retry_at } = answer.data as { retry_at: number }
  expect(retry_at - now()).toBeGreaterThan(30)
  expect(retry_at - now()).toBeLessThanOrEqual(60)
  await kept.killWorker()
  expect(await quiet()).toEqual(refused('quiet', { retry_at }))
  expect(windows.count()).toBe(0)

  // Others are not meant.
  const other = await kept.visitor()
  await other.close()
  await page.close()
})

test('T11: without a gesture no window opens: Home says that something waits, and three at most', async ({ kept }) => {
  await kept.player()
  const page = await kept.context.newPage()
  const windows = windowsFrom(page)
  const call = { contract_address: '0x123', entry_point: 'move' }
  const ask = { type: INVOKE, params: { calls: [call], session: { mode: 'never' } } }
  await byItself(page, kept.site.origin, Array(8).fill(ask))
  const { page: home } = kept.person
  await expect(home.getByText('3 requests wait')).toBeVisible()
  expect(await home.evaluate(() => chrome.action.getBadgeText({}))).toBe('3')
  await expect.poll(async () => (await outcomes(page)).length).toBe(5)
  for (const it of await outcomes(page)) expect(it).toMatchObject({ code: 163, data: { reason: 'busy' } })
  expect(windows.count()).toBe(0)
  const window = await kept.person.asked(() => home.getByRole('button', { name: 'Review', exact: true }).click())
  await expect(window.getByText('1 of 3')).toBeVisible()

  // Navigated away: nobody waits for an answer any more.
  await page.goto(kept.site.url)
  await expect(window.getByRole('heading', { name: 'This question is no longer open' })).toBeVisible()
  await window.getByRole('button', { name: 'Close', exact: true }).click()
  await expect(home.getByText('requests wait')).toBeHidden()
  expect(await home.evaluate(() => chrome.action.getBadgeText({}))).toBe('')
  await page.close()
})

test('T31: a question ends with its tab, and with the lock', async ({ kept }) => {
  const page = await kept.stranger()
  const { window } = await clickFor(page, 'wallet_requestAccounts')
  await expect(window.getByRole('heading', { name: 'Connect', exact: true })).toBeVisible()
  await page.close()
  await expect(window.getByRole('heading', { name: 'This question is no longer open' })).toBeVisible()
  await expect(window.getByText('Nothing was signed.')).toBeVisible()
  await window.getByRole('button', { name: 'Close', exact: true }).click()
  await expect(kept.person.page.getByText('1 request waits')).toBeHidden()

  const tab = await kept.stranger()
  const asked = await clickFor(tab, 'wallet_requestAccounts')
  await kept.person.lock()
  expect(await asked.answer).toEqual(refused('context'))
  await kept.person.unlock()
  await asked.window.close()
  expect(await request(tab, 'wallet_requestAccounts', { silent_mode: true })).toEqual({ result: [] })
  await tab.close()
})

test('R2: the worker dies under an open question, and Allow still means what was shown, once', async ({
  kept,
  devnet,
}) => {
  const page = await kept.stranger()
  const { window, answer } = await clickFor(page, 'wallet_requestAccounts')
  await expect(window.getByRole('heading', { name: 'Connect', exact: true })).toBeVisible()
  await kept.killWorker()
  await kept.person.allow(window, 'Connect')
  expect(await answer).toEqual({ result: [kept.address] })
  await page.close()

  const player = await kept.player()
  const before = await chain(devnet, kept).nonce()
  const asked = await kept.person.asked(() => press(player, 'Spend over the limit, ask me'))
  await expect(asked.getByText(/Over 2\sSTRK each: 3\sSTRK wanted/)).toBeVisible()
  await kept.killWorker()
  await drawnAgain(asked)
  await kept.person.allow(asked, 'Allow once')
  expect(await resultOf(player, 'Spend over the limit, ask me')).toContain('SUCCEEDED')
  expect(await chain(devnet, kept).nonce()).toBe(before + 1n)
  await player.close()
})

test('R1 I3: the worker dies between automatic calls and in the middle of one, and each call happens once', async ({
  kept,
  devnet,
}) => {
  const page = await kept.player()
  const { nonce } = chain(devnet, kept)
  const before = await nonce()
  const windows = windowsFrom(page)
  await press(page, 'Use session')
  expect(await resultOf(page, 'Use session')).toContain('SUCCEEDED')
  await kept.killWorker()
  await press(page, 'Use session')
  expect(await resultOf(page, 'Use session', 2)).toContain('SUCCEEDED')
  expect(await nonce()).toBe(before + 2n)

  // The node has it and the wallet does not know.
  kept.node.mark()
  kept.node.loseAnswers(SENDS[0] ?? '')
  await press(page, 'Use session')
  await expect.poll(nonce).toBe(before + 3n)
  await kept.killWorker()
  kept.node.mend()
  expect(await resultOf(page, 'Use session', 3)).toContain('SUCCEEDED')
  expect(await nonce()).toBe(before + 3n)
  await press(page, 'Use session')
  expect(await resultOf(page, 'Use session', 4)).toContain('SUCCEEDED')
  expect(await nonce()).toBe(before + 4n)
  expect(windows.count()).toBe(0)
  await page.close()
})

test('R8 I7: a node that is gone is told as such, nothing is sent when it is back, and nothing twice', async ({
  kept,
  devnet,
  fixtures,
}) => {
  const page = await kept.player()
  const { nonce, moves } = chain(devnet, kept, fixtures.game)
  const calls = [{ contract_address: fixtures.game, entry_point: 'move', calldata: ['0x1', '0x2'] }]
  const move = () => request(page, INVOKE, { calls, session: { mode: 'only' } })
  await move()
  await expect.poll(() => held(page)).toBe('0')
  const [nonceBefore, movesBefore] = [await nonce(), await moves()]
  const windows = windowsFrom(page)

  kept.node.mark()
  kept.node.cut()
  const other = { calls: [{ contract_address: fixtures.game, entry_point: 'reset' }], duration: 600 }
  const [moved, asked] = await Promise.all([move(), request(page, 'wallet_requestSession', other)])
  expect(moved).toEqual(node)
  expect(asked).toEqual(node)
  await kept.person.page.reload()
  await expect(kept.person.page.getByText('Your node does not answer.')).toBeVisible({ timeout: 20_000 })
  kept.node.mend()
  await retryUntilGone(kept.person.page, 'Your node does not answer.')
  expect(kept.node.since().filter((method) => SENDS.includes(method))).toEqual([])
  expect(await nonce()).toBe(nonceBefore)
  await expect.poll(() => held(page)).toBe('0')

  // It took the transaction and its answer was lost: the same bytes again, which it knows.
  kept.node.mark()
  kept.node.loseAnswers(SENDS[0] ?? '', 1)
  expect(await move()).toMatchObject({ result: { transaction_hash: expect.stringMatching(/^0x/) } })
  expect(kept.node.since().filter((method) => SENDS.includes(method)).length).toBe(2)
  expect(await nonce()).toBe(nonceBefore + 1n)

  // It took it and never says so: held until the receipt tells.
  kept.node.loseAnswers(SENDS[0] ?? '')
  expect(await move()).toEqual(node)
  kept.node.mend()
  await expect.poll(() => held(page), { timeout: 20_000 }).toBe('0')
  expect(await nonce()).toBe(nonceBefore + 2n)
  expect(await moves()).toBe(movesBefore + 2n)
  expect(await move()).toMatchObject({ result: {} })
  await expect.poll(nonce).toBe(nonceBefore + 3n)
  expect(windows.count()).toBe(0)
  await page.close()
})

test('T19: a node of another network, or one that talks nonsense, gets no signature', async ({ kept, fixtures }) => {
  const page = await kept.player()
  const calls = [{ contract_address: fixtures.game, entry_point: 'move', calldata: ['0x1', '0x2'] }]
  const move = () => request(page, INVOKE, { calls, session: { mode: 'only' } })
  const { page: home } = kept.person
  const wrong = home.getByText('Your node speaks for another network. Nothing is signed there.')
  await kept.killWorker()
  kept.node.mark()
  kept.node.lie('starknet_chainId', MAINNET)
  expect(await move()).toEqual(node)
  await home.reload()
  await expect(wrong).toBeVisible()
  kept.node.mend()
  await retryUntilGone(home, 'Your node speaks for another network. Nothing is signed there.')

  for (const [method, nonsense] of [
    ['starknet_estimateFee', [{ overall_fee: '0x1' }]],
    ['starknet_getNonce', 'soon'],
  ] as const) {
    kept.node.lie(method, nonsense)
    await kept.killWorker()
    expect(await move(), method).toEqual(node)
    kept.node.mend()
  }
  expect(kept.node.since().filter((method) => SENDS.includes(method))).toEqual([])
  expect(await move()).toMatchObject({ result: { transaction_hash: expect.stringMatching(/^0x/) } })
  await page.close()
})

test('a call that will fail is not sent: the site is told, or the person who may still tick it', async ({
  kept,
  fixtures,
}) => {
  const page = await kept.player()
  const ask = { calls: [{ contract_address: fixtures.game, entry_point: 'fail' }], duration: 600 }
  const { window, answer } = await clickFor(page, 'wallet_requestSession', ask)
  await kept.person.allow(window, 'Allow session')
  const { id } = (await answer).result as { id: string }
  const calls = [{ contract_address: fixtures.game, entry_point: 'fail' }]
  kept.node.mark()
  const only = await request(page, INVOKE, { calls, session: { mode: 'only', id } })
  expect(only).toMatchObject({
    code: 217,
    message: 'An error occurred (SESSION_SIMULATION_FAILED)',
    data: { session_id: id, reasons: [{ code: 'simulationFailed' }] },
  })
  expect(await request(page, 'wallet_checkSession', { calls, session: { id } })).toMatchObject({
    result: { verdict: 'prompt', session_id: id, error: { code: 217 } },
  })
  const asked = await clickFor(page, INVOKE, { calls })
  await expect(asked.window.getByText('A trial run failed.')).toBeVisible()
  const tick = asked.window.getByRole('checkbox', { name: /^The network says this will fail: .*game: fails as asked/ })
  await expect(tick).not.toBeChecked()
  const allow = asked.window.getByRole('button', { name: 'Allow once', exact: true })
  await expect(allow).toBeDisabled()
  await tick.check()
  await expect(allow).toBeEnabled()
  await kept.person.refuse(asked.window)
  expect(await asked.answer).toEqual(refused('refused'))
  expect(kept.node.since().filter((method) => SENDS.includes(method))).toEqual([])
  await request(page, 'wallet_revokeSession', { id })
  await page.close()
})

/** The wallet may be asking already, so that the banner goes under the hand. */
async function retryUntilGone(home: Page, banner: string): Promise<void> {
  const retry = home.getByRole('button', { name: 'Retry', exact: true })
  await expect(async () => {
    if (await retry.isVisible()) await retry.click({ timeout: 1_000 })
    await expect(home.getByText(banner)).toBeHidden({ timeout: 1_000 })
  }).toPass({ timeout: 30_000 })
}

/** The new worker has asked the node what the one before knew, and holds the question back no longer. */
function drawnAgain(window: Page): Promise<void> {
  return window.evaluate(
    () =>
      new Promise((resolve) => {
        const port = chrome.runtime.connect({ name: 'screen' })
        port.onMessage.addListener(({ kind, value }: { kind: string; value?: Pick<View, 'approvals'> }) => {
          const [question] = value?.approvals ?? []
          if (kind !== 'push' || question === undefined || question.blocked !== undefined) return
          port.disconnect()
          resolve()
        })
      }),
  )
}

/** A page whose own script asks as soon as it runs, with nobody near it. */
async function byItself(page: Page, origin: string, asks: readonly object[]): Promise<void> {
  await page.route(`${origin}/by-itself`, (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html><script>
        window.outcomes = []
        for (const ask of ${JSON.stringify(asks)})
          starknet_latchkey.request(ask).then(
            (result) => outcomes.push({ result }),
            ({ code, message, data }) => outcomes.push({ code, message, data }),
          )
      </script>`,
    }),
  )
  await page.goto(`${origin}/by-itself`)
}
function outcomes(page: Page): Promise<Outcome[]> {
  return page.evaluate(() => (window as unknown as { outcomes: Outcome[] }).outcomes)
}

/** Transactions of the session that are set aside and not settled. */
async function held(page: Page): Promise<string | undefined> {
  const sessions = (await request(page, 'wallet_getSessions')).result as {
    status: string
    meters: { id: string; held: string }[]
  }[]
  return sessions.find(({ status }) => status === 'active')?.meters.find(({ id }) => id === 'tx')?.held
}

function chain(devnet: { rpc<T>(method: string, params: object): Promise<T> }, { address }: Kept, game = '0x0') {
  const at = { block_id: 'latest' }
  const MOVES = '0x4046c2876363959416350adb78e10f873976fc504d0e7b8b47da3dd5712bea'
  return {
    nonce: async () => BigInt(await devnet.rpc<string>('starknet_getNonce', { ...at, contract_address: address })),
    moves: async () => {
      const request = { contract_address: game, entry_point_selector: MOVES, calldata: [address] }
      return BigInt((await devnet.rpc<string[]>('starknet_call', { ...at, request }))[0] ?? 0)
    },
  }
}
