import type { Page } from '@playwright/test'
import { expect, type Kept, test } from '../kept.ts'
import { press, resultOf, windowsFrom } from '../site.ts'

test.use({ story: 'pages-of-the-playground' })
test.describe.configure({ mode: 'default' })

test('trade: an approval lasts for its own transaction, and a swap over the limit is refused', async ({ kept }) => {
  const { page, windows } = await running(kept, 'Trade', [/inside one transaction, set back to 0 at its end$/])
  expect(await result(page, 'Get coins')).toContain('SUCCEEDED, TEST 100, OTHER 0, the market may take 0')
  expect(await result(page, 'Swap 10')).toContain('SUCCEEDED, TEST 90, OTHER 20, the market may take 0')
  // 5 of it were not used, and nobody can pull them later.
  expect(await result(page, 'Approve 15, swap 10')).toContain('SUCCEEDED, TEST 80, OTHER 40, the market may take 0')
  expect(await result(page, 'Swap 30')).toMatch(/: 214 .*perTx/)
  expect(await result(page, 'Approve somebody else')).toMatch(/: 213 .*spender/)
  expect(windows.count()).toBe(0)
})

test('tip: each tip and each day of the calendar has its limit', async ({ kept }) => {
  const { page, windows } = await running(kept, 'Tip', [/3\sa day \(UTC\) and 1\seach/])
  expect(await result(page, 'Tip 2 STRK')).toMatch(/: 214 .*perCall/)
  for (let tip = 1; tip <= 3; tip += 1) expect(await result(page, 'Tip 1 STRK', tip)).toContain('SUCCEEDED')
  // Tomorrow there is room again, and the site is told when that is.
  expect(await result(page, 'Tip 1 STRK', 4)).toMatch(/: 214 .*"retry_at":\d+/)
  expect(windows.count()).toBe(0)
})

test('subscription: one payee, once in each week', async ({ kept }) => {
  const { page, windows } = await running(kept, 'Subscription', [/5\severy 7\sdays from/])
  expect(await result(page, 'Pay somebody else')).toMatch(/: 213 .*recipient/)
  expect(await result(page, 'Pay for this week')).toContain('SUCCEEDED, the payee has 5')
  expect(await result(page, 'Pay a little more')).toMatch(/: 214 .*spendCap/)
  expect(windows.count()).toBe(0)
})

test('items: as many leave as are allowed, given away or sold, and never all', async ({ kept }) => {
  const { page, windows } = await running(kept, 'Items', [/2 items in all$/])
  expect(await result(page, 'Make 4 items')).toContain('SUCCEEDED, items 4')
  expect(await result(page, 'Give one away')).toContain('SUCCEEDED, items 3')
  expect(await result(page, 'Approve all')).toMatch(/: 213 .*approveAllForbidden/)
  expect(await result(page, 'Sell one')).toContain('SUCCEEDED, items 2')
  expect(await result(page, 'Give one away', 2)).toMatch(/: 214 /)
  expect(windows.count()).toBe(0)
})

/** The page of this name, its session allowed as it is asked. */
async function running(kept: Kept, name: string, said: readonly RegExp[]) {
  const page = await kept.visitor()
  await page.getByRole('link', { name, exact: true }).click()
  await expect(page.getByRole('status')).toHaveText('supports sessions: true')
  await expect(page.getByText('"calls": [')).toBeVisible()
  const approval = await kept.person.asked(() => press(page, 'Request session'))
  await expect(approval.getByRole('button', { name: 'Allow session' })).toBeVisible({ timeout: 30_000 })
  for (const words of said) await expect(approval.getByText(words).first()).toBeVisible()
  await kept.person.allowAsAsked(approval, 'Allow session')
  expect(await resultOf(page, 'Request session')).toMatch(/is active/)
  return { page, windows: windowsFrom(page) }
}

async function result(page: Page, name: string, count = 1): Promise<string> {
  await press(page, name)
  return resultOf(page, name, count)
}
