import { connected, PASSWORD } from '../person.ts'
import { press, request, resultOf } from '../site.ts'
import { expect, test } from '../world.ts'

const STRK = '0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d'
const units = (n: number) => `0x${(BigInt(n) * 10n ** 17n).toString(16)}`

test('CH-21 AL-23: what the person narrows before Allow is what the site is told and what is enforced', async ({
  context,
  home,
  devnet,
  site,
  fixtures,
}) => {
  test.setTimeout(180_000)
  const { person, page } = await connected({ context, home, devnet, site })
  const window = await person.asked(() => press(page, 'Request session'))
  const worst = window.getByText(/^At worst it spends/)
  await expect(worst).toHaveText(/5\sSTRK and 5\sSTRK of fees/)

  await window.getByRole('button', { name: 'Change STRK' }).click()
  await window.getByRole('textbox', { name: 'STRK, In all' }).fill('1')
  await window.getByRole('textbox', { name: 'STRK, In all' }).press('Enter')
  await expect(worst).toHaveText(/1\sSTRK and 5\sSTRK of fees/)

  await window.getByRole('switch', { name: /^mint on / }).click()
  await expect(window.getByRole('switch', { name: /^mint on / })).not.toBeChecked()
  // What the site needs cannot be switched off.
  await expect(window.getByRole('switch', { name: /^move, doAction, and say on / })).toBeDisabled()

  await window.getByRole('radio', { name: 'Date…' }).click()
  const field = window.getByLabel('Ends on')
  const half = new Date(Date.now() + 30 * 60_000 - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
  await field.fill(half)
  await window.getByRole('button', { name: 'Set end' }).click()
  await expect(window.getByText(/^Until /)).toContainText(/\((29|30) min/)

  await person.allow(window, 'Allow session', PASSWORD)
  const told = await resultOf(page, 'Request session')
  expect(told).toContain('is active')

  const [session] = (await request(page, 'wallet_getSessions')).result as Session[]
  if (session === undefined) throw new Error('no session')
  expect([...session.narrowed].sort()).toEqual(['/calls/1/enabled', '/duration', '/spend_limits/0/total'])
  expect(session.policy.spend_limits[0]?.caps).toEqual([{ amount: '1000000000000000000', window: 'session' }])
  expect(session.policy.calls[1]?.enabled).toBe(false)
  const life = session.policy.valid_until - Math.floor(Date.now() / 1000)
  expect(life).toBeLessThan(1_860)
  expect(session.chain.expires_at).toBe(session.policy.valid_until - 1)

  const only = (calls: object[]) =>
    request(page, 'wallet_addInvokeTransaction', { calls, session: { mode: 'only', id: session.id } })
  const pay = (tenths: number) => ({
    contract_address: STRK,
    entry_point: 'transfer',
    calldata: [fixtures.game, units(tenths), '0x0'],
  })
  // Inside what was asked (2 each, 5 in all), outside what was granted.
  expect(await only([pay(15)])).toMatchObject({
    code: 214,
    data: { limit: 'spend', left: '1000000000000000000', wanted: '1500000000000000000' },
  })
  expect(
    await only([{ contract_address: fixtures.token, entry_point: 'mint', calldata: [fixtures.game, '0x1', '0x0'] }]),
  ).toMatchObject({
    code: 213,
    data: { call: 0, reasons: [{ code: 'ruleDisabled' }] },
  })
  expect(await only([pay(6), pay(6)])).toMatchObject({ code: 214, data: { wanted: '1200000000000000000' } })
  expect((await only([pay(10)])).result).toMatchObject({ transaction_hash: expect.stringMatching(/^0x[0-9a-f]{64}$/) })
  // All of it is held from the signature on, whatever the chain says later.
  expect(await only([pay(1)])).toMatchObject({ code: 214, data: { left: '0' } })
})

interface Session {
  readonly id: string
  readonly narrowed: readonly string[]
  readonly policy: {
    readonly valid_until: number
    readonly calls: readonly { readonly enabled: boolean }[]
    readonly spend_limits: readonly { readonly caps: readonly unknown[] }[]
  }
  readonly chain: { readonly expires_at: number }
}
