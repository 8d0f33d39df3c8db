import { expect, test } from '../kept.ts'
import { PASSWORD } from '../person.ts'
import { press, windowsFrom } from '../site.ts'

test.use({ story: 'for-dapps' })

test('what docs/for-dapps.md tells a developer works as it stands there', async ({ kept, devnet }) => {
  const { url } = kept.site
  const page = await kept.site.open(url.replace('/?', '/for-dapps.html?'))
  const said = page.getByRole('list', { name: 'Said' }).getByRole('listitem')
  const connect = await kept.person.asked(() => press(page, 'Connect'))
  await kept.person.allow(connect, 'Connect')
  await expect(said.filter({ hasText: `connected as ${kept.address}` })).toHaveCount(1)
  await expect(said.filter({ hasText: `account ${kept.address}` })).toHaveCount(1)

  const asked = await kept.person.asked(() => press(page, 'Ask'))
  await kept.person.allow(asked, 'Allow session', PASSWORD)
  await expect(said.filter({ hasText: 'session active' })).toHaveCount(1, { timeout: 60_000 })

  const windows = windowsFrom(page)
  await press(page, 'Move')
  const moved = said.filter({ hasText: /^moved: 0x[0-9a-f]{64}$/ })
  await expect(moved).toHaveCount(1, { timeout: 60_000 })
  const hash = (await moved.innerText()).slice('moved: '.length)
  await expect
    .poll(async () => (await devnet.account.provider.getTransactionReceipt(hash)).isSuccess(), { timeout: 60_000 })
    .toBe(true)
  await press(page, 'Too much')
  await expect(said.filter({ hasText: 'outside the session' })).toHaveCount(1)
  await press(page, 'End')
  await expect(said.filter({ hasText: /^revoked, / })).not.toHaveCount(0)
  expect(windows.count()).toBe(0)
  await page.close()
})
