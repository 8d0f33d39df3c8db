import type { Page } from '@playwright/test'
import { SENT } from '../desk.ts'
import { connected, PASSWORD } from '../person.ts'
import { clickFor, type Outcome, request, windowsFrom } from '../site.ts'
import { expect, test } from '../world.ts'

const STRK = '0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d'

test('a session changes: less at once, more and a new key with one approval, several at once; what was used stays used', async ({
  context,
  home,
  devnet,
  site,
  fixtures,
}) => {
  test.setTimeout(240_000)
  const { person, page } = await connected({ context, home, devnet, site })
  const move = { contract_address: fixtures.game, entry_point: 'move' }
  const pay = { contract_address: STRK, entry_point: 'transfer' }
  const total = (amount: string) => ({ spend_limits: [{ token: STRK, total: amount }] })
  // One of the site's own calls goes first, after the account's steps.
  const setup_calls = [{ ...move, calldata: ['0x1', '0x2'] }]
  const asked = {
    setup_calls,
    calls: [move, pay],
    ...total('1000'),
    usage: { max_transactions: 5 },
    duration: 7_200,
    tag: 'main',
  }
  const allowing = async (type: string, params: object, name: string): Promise<Outcome> => {
    const { window, answer } = await clickFor(page, type, params)
    await person.allowAsAsked(window, name)
    return answer
  }
  const paid = (amount: string) => ({ ...pay, calldata: [fixtures.game, amount, '0x0'] })
  const spend = (id: string, amount: string) =>
    request(page, 'wallet_addInvokeTransaction', { calls: [paid(amount)], session: { mode: 'only', id } })

  const begun = (await allowing('wallet_requestSession', asked, 'Allow session')).result as Session
  const first = begun.id
  expect(begun.setup?.map(({ step }) => step)).toEqual(['deploy', 'enable', 'setup'])
  const sent = begun.setup?.at(-1)?.transaction_hash ?? ''
  expect(await devnet.rpc('starknet_getTransactionReceipt', { transaction_hash: sent })).toMatchObject({
    execution_status: 'SUCCEEDED',
  })
  expect((await spend(first, '600')).result).toBeDefined()

  // Less: no window, and enforced by the next call.
  const opened = windowsFrom(page)
  const less = await request(page, 'wallet_updateSession', { id: first, ...total('700'), calls: [pay] })
  expect(less).toMatchObject({ result: { id: first, policy: { calls: [{ enabled: false }, { enabled: true }] } } })
  expect(await spend(first, '200')).toMatchObject({ code: 214, data: { left: '100' } })
  // The site's own pause, lifted by the site.
  expect(await request(page, 'wallet_updateSession', { id: first, enabled: false })).toMatchObject({
    result: { status: 'paused', paused_by: 'site' },
  })
  expect(await spend(first, '1')).toMatchObject({ code: 212 })
  expect(await request(page, 'wallet_updateSession', { id: first, enabled: true })).toMatchObject({
    result: { status: 'active' },
  })
  expect(opened.count()).toBe(0)
  // Chosen by the person, it is nothing that the site lifts.
  await person.page.goto(`${home}#/session/${first}`)
  await expect(person.page.getByText('The site made its session smaller')).toBeVisible()

  // More: the difference is shown, and what was used is in the new one.
  const wider = { id: first, ...total('2000'), calls: [move, pay] }
  const { window, answer } = await clickFor(page, 'wallet_updateSession', wider)
  await expect(window.getByRole('heading', { name: 'Session change' })).toBeVisible()
  await expect(window.getByText('This lets it do more than today.')).toBeVisible()
  await expect(window.getByText(/already used stay counted/)).toBeVisible()
  await expect(window.getByText('new', { exact: true })).toBeVisible()
  await person.allow(window, 'Allow changes')
  const second = (await answer).result as Session
  expect(second).toMatchObject({ replaces: first, status: 'active', tag: expect.any(String) })
  expect(spent(second)).toMatchObject({ limit: '2000' })
  await expect.poll(async () => spent(await sessionOf(page, second.id)).used).toBe('600')
  expect(await spend(first, '1')).toMatchObject({ code: 212, data: { status: 'revoked' } })
  expect(await spend(second.id, '1500')).toMatchObject({ code: 214, data: { left: '1400' } })
  expect((await spend(second.id, '1400')).result).toBeDefined()

  // Another key for the same: nothing is left of the money there either, and the chain forgets the old key.
  const third = (await allowing('wallet_rotateSession', { tag: 'main' }, 'Allow new key')).result as Session
  expect(third).toMatchObject({ replaces: second.id, status: 'active' })
  expect(third.chain.session_hash).not.toBe(second.chain.session_hash)
  expect(third.policy).toEqual(second.policy)
  expect(await spend(third.id, '1')).toMatchObject({ code: 214, data: { left: '0' } })
  const moved = await request(page, 'wallet_addInvokeTransaction', {
    calls: [{ ...move, calldata: ['0x1', '0x2'] }],
    session: { mode: 'only', id: third.id },
  })
  expect(moved.result).toBeDefined()
  await expect
    .poll(async () => (await sessionOf(page, second.id)).chain.revoked_in, { timeout: 60_000 })
    .toMatch(/^0x[0-9a-f]{64}$/)
  await person.page.goto(`${home}#/session/${second.id}`)
  await expect(person.page.getByRole('region', { name: 'On chain' })).toContainText('On chain: ended.', {
    timeout: 60_000,
  })

  // Several at once, one of them refused.
  const mint = { contract_address: fixtures.token, entry_point: 'mint' }
  const many = [
    { calls: [mint], duration: 600, label: 'a' },
    { calls: [move, mint], duration: 900, label: 'b' },
  ]
  const both = await clickFor(page, 'wallet_requestSession', many)
  await expect(both.window.getByRole('heading', { name: 'Session requests' })).toBeVisible()
  await both.window.getByRole('switch', { name: 'Session 1 of 2' }).click()
  await expect(both.window.getByText('Refused. The other sessions go on without it.')).toBeVisible()
  await person.allow(both.window, 'Allow sessions')
  expect(await both.answer).toMatchObject({ result: [null, { label: 'b', status: 'active' }] })
})

test('a call that a person lets its site repeat is sent, and goes without a window from then on', async ({
  context,
  home,
  devnet,
  site,
  fixtures,
}) => {
  test.setTimeout(180_000)
  const { person, page } = await connected({ context, home, devnet, site })
  const calls = [{ contract_address: STRK, entry_point: 'transfer', calldata: [fixtures.game, '0x7', '0x0'] }]
  // The account is deployed first: before that nothing can be tried out.
  const first = await clickFor(page, 'wallet_addInvokeTransaction', { calls })
  await person.allow(first.window, 'Allow once')
  expect((await first.answer).result).toBeDefined()

  const { window, answer } = await clickFor(page, 'wallet_addInvokeTransaction', { calls })
  await window.getByRole('button', { name: 'Let this site repeat this' }).click()
  await expect(window.getByRole('heading', { name: 'Session request' })).toBeVisible()
  await expect(window.getByText('Allow also sends the call that waits, once.')).toBeVisible()
  await person.allow(window, 'Allow session', PASSWORD)
  expect((await answer).result).toBeDefined()

  const only = { session: { mode: 'only' } }
  expect(await request(page, 'wallet_addInvokeTransaction', { calls, ...only })).toEqual(SENT)
  const more = [{ ...calls[0], calldata: [fixtures.game, '0x8', '0x0'] }]
  expect(await request(page, 'wallet_addInvokeTransaction', { calls: more, ...only })).toMatchObject({ code: 214 })
})

async function sessionOf(page: Page, id: string): Promise<Session> {
  const { result } = await request(page, 'wallet_getSessions', { ids: [id], include_ended: true })
  const [session] = result as Session[]
  if (session === undefined) throw new Error('no such session')
  return session
}

function spent({ meters }: Session): Session['meters'][number] {
  const meter = meters.find(({ id }) => id.startsWith('spend:'))
  if (meter === undefined) throw new Error('no spending limit')
  return meter
}

interface Session {
  readonly id: string
  readonly policy: object
  readonly setup?: readonly { readonly step: string; readonly transaction_hash: string }[]
  readonly meters: readonly { readonly id: string; readonly limit: string; readonly used: string }[]
  readonly chain: { readonly session_hash: string; readonly revoked_in?: string }
}
