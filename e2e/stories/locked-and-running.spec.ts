import type { Page } from '@playwright/test'
import { expect, type Kept, test } from '../kept.ts'
import { PASSWORD } from '../person.ts'
import { clickFor, type Outcome, press, request, resultOf, windowsFrom } from '../site.ts'

test.use({ story: 'locked-and-running' })
// One file, one wallet, one after the other.
test.describe.configure({ mode: 'default' })

const locked = (id: string) => ({
  code: 216,
  message: 'An error occurred (SESSION_WALLET_LOCKED)',
  data: { session_id: id },
})
const sent = { result: { transaction_hash: expect.stringMatching(/^0x[0-9a-f]{64}$/) } }

test('CH-16: while the wallet is locked the session goes on without a window, and nothing else does', async ({
  kept,
  devnet,
  fixtures,
}) => {
  const page = await kept.player()
  const { id } = await running(page)
  const windows = windowsFrom(page)
  const before = await nonce()
  await kept.person.lock()
  await expect(kept.person.page.getByText('1 session keeps running')).toBeVisible()
  for (let click = 1; click <= 3; click += 1) {
    await press(page, 'Use session')
    expect(await resultOf(page, 'Use session', click)).toContain('SUCCEEDED')
  }
  // Also for a worker that has to read its keys again.
  await kept.killWorker()
  await press(page, 'Use session')
  expect(await resultOf(page, 'Use session', 4)).toContain('SUCCEEDED')
  expect(await nonce()).toBe(before + 4n)
  await press(page, 'Call something else')
  expect(await resultOf(page, 'Call something else')).toContain('213 An error occurred (SESSION_RULE_MISMATCH)')
  expect((await running(page)).id).toBe(id)
  expect(windows.count()).toBe(0)

  // What a person has to be asked about waits for the unlock.
  const calls = [{ contract_address: fixtures.game, entry_point: 'reset' }]
  const asked = await clickFor(page, 'wallet_addInvokeTransaction', { calls })
  await unlockIn(asked.window)
  await expect(asked.window.getByRole('heading', { name: 'Transaction' })).toBeVisible({ timeout: 20_000 })
  await kept.person.allow(asked.window, 'Allow once')
  expect(await asked.answer).toMatchObject(sent)
  await page.close()

  async function nonce() {
    return BigInt(await devnet.rpc<string>('starknet_getNonce', { block_id: 'latest', contract_address: kept.address }))
  }
})

test('T13: Stop all on the unlock screen stops at once; the unlock changes nothing of it, Resume does', async ({
  kept,
  fixtures,
}) => {
  const page = await kept.player()
  const { id } = await running(page)
  const windows = windowsFrom(page)
  const { page: wallet } = kept.person
  await kept.person.lock()
  expect(await move(page, fixtures.game, id)).toMatchObject(sent)
  await wallet.getByRole('button', { name: 'Stop all', exact: true }).click()
  await expect(wallet.getByText('1 session keeps running')).toBeHidden()
  const stopped = { code: 212, data: { session_id: id, status: 'paused', reasons: [{ code: 'paused' }] } }
  expect(await move(page, fixtures.game, id)).toMatchObject(stopped)
  await kept.killWorker()
  expect(await move(page, fixtures.game, id)).toMatchObject(stopped)
  await kept.person.unlock()
  expect(await move(page, fixtures.game, id)).toMatchObject(stopped)
  await wallet.getByRole('button', { name: 'Resume all', exact: true }).click()
  await expect.poll(() => statusOf(page, id)).toBe('active')
  expect(await move(page, fixtures.game, id)).toMatchObject(sent)
  expect(windows.count()).toBe(0)
  await wallet.goto(homeOf(wallet))
  await page.close()
})

test('T13: Stop all with 100 calls in flight, the node gone and the wallet locked: nothing is signed after it, and each call is answered', async ({
  kept,
  fixtures,
}) => {
  test.setTimeout(150_000)
  const page = await kept.player()
  const { id } = await running(page)
  const windows = windowsFrom(page)
  const { page: wallet } = kept.person
  await kept.person.lock()
  const before = new Set(kept.node.sends())
  const signedBefore = new Set(await signed(wallet))
  const flight = Promise.all(Array.from({ length: 100 }, () => move(page, fixtures.game, id)))
  // Some are out, most wait: then the cable is pulled, and with it the stop.
  await expect.poll(() => fresh().length, { timeout: 30_000 }).toBeGreaterThan(2)
  kept.node.cut()
  await wallet.getByRole('button', { name: 'Stop all', exact: true }).click()
  await expect(wallet.getByText(/keeps? running/)).toBeHidden()
  const out = await freshlySigned()

  const answers = await flight
  const sentNow = answers.filter(({ result }) => result !== undefined)
  for (const it of sentNow) expect(it).toMatchObject(sent)
  for (const { result, code, data } of answers)
    if (result === undefined)
      expect({ code, data }).toEqual(
        code === 212
          ? { code: 212, data: { session_id: id, status: 'paused', reasons: [{ code: 'paused' }] } }
          : { code: 163, data: { reason: 'node' } },
      )
  expect(answers.filter(({ code }) => code === 212).length).toBeGreaterThan(50)
  expect(await freshlySigned()).toEqual(out)
  expect(sentNow.length).toBeLessThanOrEqual(out.length)

  // Neither a new worker, nor the node's return, nor the unlock takes it back.
  await kept.killWorker()
  const stopped = { code: 212, data: { session_id: id, status: 'paused', reasons: [{ code: 'paused' }] } }
  expect(await move(page, fixtures.game, id)).toMatchObject(stopped)
  kept.node.mend()
  await kept.person.unlock()
  expect(await move(page, fixtures.game, id)).toMatchObject(stopped)
  expect(await freshlySigned()).toEqual(out)
  // One signature each, and what left was signed.
  expect(fresh().length).toBeLessThanOrEqual(out.length)

  await wallet.getByRole('button', { name: 'Resume all', exact: true }).click()
  await expect.poll(() => statusOf(page, id)).toBe('active')
  expect(await move(page, fixtures.game, id)).toMatchObject(sent)
  expect(windows.count()).toBe(0)
  await wallet.goto(homeOf(wallet))
  await page.close()

  /** Transactions that came to the node since, each once however often its bytes were repeated. */
  function fresh() {
    const transaction = (body: string) => JSON.stringify((JSON.parse(body) as { params: unknown }).params)
    const known = new Set([...before].map(transaction))
    return [...new Set(kept.node.sends().map(transaction))].filter((it) => !known.has(it))
  }
  async function freshlySigned() {
    return (await signed(wallet)).filter((row) => !signedBefore.has(row))
  }
})

test('T32: what a site ends before the first unlock has ended when the wallet opens, and so has what a Stop all stopped', async ({
  kept,
  fixtures,
}) => {
  test.setTimeout(150_000)
  const first = await kept.player()
  const { id } = await running(first)
  const over = await startSession(kept, first, fixtures.game, 'doAction')
  await kept.restart()
  const page = await kept.site.open()
  const windows = windowsFrom(page)
  const act = () => only(page, over, { contract_address: fixtures.game, entry_point: 'doAction', calldata: ['0x1'] })
  expect(await act()).toMatchObject({ code: 216 })
  expect(await request(page, 'wallet_revokeSession', { id: over })).toEqual({ result: {} })
  const unknown = 'f'.repeat(32)
  expect(await request(page, 'wallet_revokeSession', { id: unknown })).toMatchObject({
    code: 211,
    data: { id: unknown },
  })
  const { page: wallet } = kept.person
  expect(await stopAll(wallet)).toEqual({ stopped: [] })
  await kept.killWorker()
  expect(await act()).toMatchObject({ code: 216 })

  await kept.person.unlock()
  expect(await act()).toMatchObject({ code: 212, data: { status: 'revoked' } })
  expect(await move(page, fixtures.game, id)).toMatchObject({ code: 212, data: { status: 'paused' } })
  await wallet.goto(`${homeOf(wallet)}#/session/${id}`)
  await wallet.getByRole('button', { name: 'Resume', exact: true }).click()
  await expect.poll(() => statusOf(page, id)).toBe('active')
  expect(await move(page, fixtures.game, id)).toMatchObject(sent)
  expect(windows.count()).toBe(0)
  await wallet.goto(homeOf(wallet))
  await page.close()
})

test('CH-16: a session that may not run while locked answers 216 until the unlock', async ({ kept, fixtures }) => {
  const page = await kept.player()
  const off = await startSession(kept, page, fixtures.game, 'doAction', async (window) => {
    const runs = window.getByRole('switch', { name: 'Runs while locked' })
    await expect(runs).toBeChecked()
    await runs.click()
    await expect(runs).not.toBeChecked()
  })
  const later = await startSession(kept, page, fixtures.game, 'say')
  const { page: wallet } = kept.person
  await wallet.goto(`${homeOf(wallet)}#/session/${later}`)
  await wallet.getByRole('switch', { name: 'Runs while locked' }).click()
  await expect(wallet.getByRole('switch', { name: 'Runs while locked' })).not.toBeChecked()
  await wallet.goto(homeOf(wallet))

  const act = () => only(page, off, { contract_address: fixtures.game, entry_point: 'doAction', calldata: ['0x1'] })
  const say = () =>
    only(page, later, { contract_address: fixtures.game, entry_point: 'say', calldata: ['0x0', '0x61', '0x1'] })
  expect(await act()).toMatchObject(sent)
  expect(await say()).toMatchObject(sent)
  const windows = windowsFrom(page)
  await kept.person.lock()
  expect(await act()).toEqual(locked(off))
  expect(await say()).toEqual(locked(later))
  expect(await session(page, off)).toMatchObject({ status: 'paused', paused_by: 'locked', runs_while_locked: false })
  expect(await session(page, later)).toMatchObject({ status: 'paused', paused_by: 'locked', runs_while_locked: false })
  await kept.person.unlock()
  expect(await act()).toMatchObject(sent)
  expect(await say()).toMatchObject(sent)
  expect(windows.count()).toBe(0)
  await page.close()
})

test('CH-16: after a browser start every session sleeps until the first unlock, and no old question is left', async ({
  kept,
  fixtures,
}) => {
  test.setTimeout(150_000)
  const first = await kept.player()
  const { id } = await running(first)
  await clickFor(await kept.stranger(), 'wallet_requestAccounts')
  await kept.restart()

  const { page: wallet } = kept.person
  await expect(wallet.getByRole('heading', { name: 'Latchkey sleeps' })).toBeVisible()
  await expect(wallet.getByText('Sessions sleep until you unlock.')).toBeVisible()
  await expect(wallet.getByText(/asks for something/)).toBeHidden()
  expect(await wallet.evaluate(() => chrome.action.getBadgeText({}))).toBe('')
  const page = await kept.site.open()
  const windows = windowsFrom(page)
  expect(await move(page, fixtures.game, id)).toMatchObject({ code: 216 })
  expect(await request(page, 'wallet_getPermissions')).toEqual({ result: [] })
  expect(windows.count()).toBe(0)

  // A plain ask unlocks, and then the session answers it: no second question.
  const calls = [{ contract_address: fixtures.game, entry_point: 'move', calldata: ['0x1', '0x2'] }]
  const asked = await clickFor(page, 'wallet_addInvokeTransaction', { calls })
  await unlockIn(asked.window)
  expect(await asked.answer).toMatchObject(sent)
  await expect.poll(() => asked.window.isClosed()).toBe(true)
  expect(await move(page, fixtures.game, id)).toMatchObject(sent)
  expect(await statusOf(page, id)).toBe('active')
  expect(windows.count()).toBe(1)
  await page.close()

  // A session that is asked for asleep: its unlock and its question are in one window.
  await kept.restart()
  const again = await kept.site.open()
  const opened = windowsFrom(again)
  const ask = { calls: [{ contract_address: fixtures.game, entry_point: 'say' }], duration: 600 }
  const wanted = await clickFor(again, 'wallet_requestSession', ask)
  await unlockIn(wanted.window)
  await kept.person.allow(wanted.window, 'Allow session')
  expect(await wanted.answer).toMatchObject({ result: { status: 'active' } })
  expect(opened.count()).toBe(1)
  await again.close()
})

interface Session {
  readonly id: string
  readonly status: string
}

async function session(page: Page, id: string): Promise<Session | undefined> {
  const { result } = await request(page, 'wallet_getSessions', { ids: [id] })
  return (result as Session[])[0]
}
const statusOf = async (page: Page, id: string) => (await session(page, id))?.status

/** The playground's own. */
async function running(page: Page): Promise<Session> {
  const { result } = await request(page, 'wallet_getSessions')
  const found = (result as Session[]).filter(({ status }) => status === 'active').at(-1)
  if (!found) throw new Error('no session is active')
  return found
}

function only(page: Page, id: string, call: object): Promise<Outcome> {
  return request(page, 'wallet_addInvokeTransaction', { calls: [call], session: { mode: 'only', id } })
}
function move(page: Page, game: string, id: string): Promise<Outcome> {
  return only(page, id, { contract_address: game, entry_point: 'move', calldata: ['0x1', '0x2'] })
}

async function startSession(
  kept: Kept,
  page: Page,
  game: string,
  entry_point: string,
  narrow: (window: Page) => Promise<void> = async () => {},
): Promise<string> {
  // Twice its usual fees: not what the playground's session covers already.
  const fees = { max_total: (20n * 10n ** 18n).toString() }
  const ask = { calls: [{ contract_address: game, entry_point }], fees, duration: 600 }
  const { window, answer } = await clickFor(page, 'wallet_requestSession', ask)
  await narrow(window)
  await kept.person.allow(window, 'Allow session')
  return ((await answer).result as Session).id
}

/** Rows of the journal behind which there is a signature, as they lie on the disk. */
function signed(wallet: Page): Promise<string[]> {
  return wallet.evaluate(
    () =>
      new Promise<string[]>((resolve, reject) => {
        const opening = indexedDB.open('latchkey')
        opening.onerror = () => reject(opening.error)
        opening.onsuccess = () => {
          const reading = opening.result.transaction('journal').objectStore('journal').getAll()
          reading.onerror = () => reject(reading.error)
          reading.onsuccess = () => {
            opening.result.close()
            const rows = reading.result as { key: string; value: { status: string; end?: string } }[]
            const out = rows.filter(({ value }) => value.status !== 'held' && value.end !== 'released')
            resolve(out.map(({ key }) => key).sort())
          }
        }
      }),
  )
}

/** As the keyboard's command does it: the screen of a wallet that sleeps has no button for it, because nothing runs. */
function stopAll(wallet: Page): Promise<unknown> {
  return wallet.evaluate(
    () =>
      new Promise((resolve) => {
        const port = chrome.runtime.connect({ name: 'screen' })
        port.onMessage.addListener((reply: { kind: string; result: unknown }) => {
          if (reply.kind === 'answer') resolve(reply.result)
        })
        port.postMessage({ v: 1, kind: 'request', id: 1, type: 'stopAll', params: null })
      }),
  )
}

async function unlockIn(window: Page): Promise<void> {
  await window.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await window.getByRole('button', { name: 'Unlock', exact: true }).click()
}

const homeOf = (wallet: Page) => wallet.url().split('#')[0] ?? ''
