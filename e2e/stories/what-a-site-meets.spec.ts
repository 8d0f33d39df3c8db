import type { Page } from '@playwright/test'
import { expect, test } from '../kept.ts'
import { PASSWORD } from '../person.ts'
import { clickFor, eventsOf, type Outcome, press, request, resultOf, windowsFrom } from '../site.ts'

test.use({ story: 'what-a-site-meets' })
// One file, one wallet, one after the other.
test.describe.configure({ mode: 'default' })

const SEPOLIA = '0x534e5f5345504f4c4941'
const STRK = '0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d'
const INVOKE = 'wallet_addInvokeTransaction'
const DAY = 86_400
const coins = (n: number) => (BigInt(n) * 10n ** 18n).toString()
const now = () => Math.floor(Date.now() / 1000)

const refusal = (code: number, name: string, data?: unknown) => ({
  code,
  message: `An error occurred (${name})`,
  ...(data === undefined ? {} : { data }),
})
const malformed = (at: string) => refusal(114, 'INVALID_REQUEST_PAYLOAD', { at, why: expect.any(String) })

test('T18: the provider is whole, hidden and frozen before the first script of the page', async ({ kept }) => {
  const { context, site } = kept
  const page = await context.newPage()
  await page.route(`${site.origin}/first`, (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html><head><script>
        const own = (it) => Object.fromEntries(Object.getOwnPropertyNames(it).map((key) => [key, typeof it[key]]))
        const wallet = window.starknet_latchkey
        window.seen = { keys: own(wallet), listed: Object.keys(window).includes('starknet_latchkey') }
        window.kept = []
        for (const act of [() => { wallet.request = 1 }, () => { wallet.then = 1 }, () => { window.starknet_latchkey = 1 }, () => { delete wallet.on }])
          try { (0, eval)('"use strict"'); act() } catch (error) { window.kept.push(error.name) }
      </script></head>`,
    }),
  )
  await page.goto(`${site.origin}/first`)
  const facts = await page.evaluate(() => {
    const wallet = (window as unknown as Provided).starknet_latchkey
    const { enumerable, configurable, writable } = Object.getOwnPropertyDescriptor(window, 'starknet_latchkey') ?? {}
    return {
      seen: Reflect.get(window, 'seen'),
      property: { enumerable, configurable, writable },
      frozen: Object.isFrozen(wallet),
      values: { id: wallet.id, name: wallet.name, icon: wallet.icon.slice(0, 19) },
      absent: ['then', 'windowKey', 'isInAppBrowser'].filter((key) => key in wallet),
      starknet: 'starknet' in window,
    }
  })
  expect(facts).toEqual({
    seen: {
      keys: {
        id: 'string',
        name: 'string',
        version: 'string',
        icon: 'string',
        request: 'function',
        on: 'function',
        off: 'function',
        isConnected: 'boolean',
        enable: 'function',
        isPreauthorized: 'function',
        provider: 'undefined',
        account: 'undefined',
        selectedAddress: 'undefined',
        chainId: 'undefined',
      },
      listed: false,
    },
    property: { enumerable: false, configurable: false, writable: false },
    frozen: true,
    values: { id: 'latchkey', name: 'Latchkey', icon: 'data:image/svg+xml;' },
    absent: [],
    starknet: false,
  })
  await page.close()
})

/** Every method that never opens a window, as a site without a grant asks it. */
const SILENT: readonly [string, object | undefined][] = [
  ['wallet_getPermissions', undefined],
  ['wallet_requestAccounts', { silent_mode: true }],
  ['wallet_requestAccounts', { silentMode: true }],
  ['wallet_requestChainId', undefined],
  ['wallet_deploymentData', {}],
  ['wallet_supportedWalletApi', undefined],
  ['wallet_supportedSpecs', undefined],
  ['wallet_supportedSessions', undefined],
  ['wallet_getSessions', { include_ended: true }],
  ['wallet_disconnect', {}],
  ['wallet_strk20Balances', {}],
]
const silently = async (page: Page) => {
  const answers: Outcome[] = []
  for (const [type, params] of SILENT) answers.push(await request(page, type, params))
  return answers
}

test('T12: a site that nobody connected gets the same answers from an unlocked and a locked wallet, and no window', async ({
  kept,
}) => {
  const page = await kept.stranger()
  const windows = windowsFrom(page)
  const answers = await silently(page)
  expect(answers).toEqual([
    { result: [] },
    { result: [] },
    { result: [] },
    { result: SEPOLIA },
    refusal(116, 'DEPLOYMENT_DATA_NOT_AVAILABLE'),
    { result: ['0.7.2', '0.8.0', '0.10.3', '0.10.4'] },
    { result: ['0.9.0', '0.10.0', '0.10.1', '0.10.2'] },
    {
      result: {
        version: '0.1.0',
        features: [
          'args',
          'sums',
          'deny',
          'spend',
          'nft',
          'stream',
          'fees',
          'paymaster',
          'usage',
          'messages',
          'dapp_key',
          'agent_key',
          'schedule',
          'setup_calls',
          'array',
        ],
        max_duration: 90 * DAY,
        cosigner_url: 'https://latchkey.invalid/v1',
        accounts: [],
      },
    },
    { result: [] },
    { result: true },
    refusal(118, 'NOT_REGISTERED'),
  ])
  const move = [{ contract_address: STRK, entry_point: 'move' }]
  const unconnected = refusal(211, 'SESSION_NOT_FOUND', {})
  const sessionAnswers = async () => [
    await request(page, INVOKE, { calls: move, session: { mode: 'only' } }),
    await request(page, 'wallet_checkSession', { calls: move }),
    await request(page, 'wallet_revokeSession', { id: 'f'.repeat(32) }),
  ]
  const said = await sessionAnswers()
  expect(said).toEqual([
    unconnected,
    { result: { verdict: 'prompt', error: unconnected, reasons: [] } },
    refusal(211, 'SESSION_NOT_FOUND', { id: 'f'.repeat(32) }),
  ])
  expect(await page.evaluate(() => (window as unknown as Provided).starknet_latchkey.isPreauthorized())).toBe(false)

  await kept.person.lock()
  expect(await silently(page)).toEqual(answers)
  expect(await sessionAnswers()).toEqual(said)
  expect(windows.count()).toBe(0)
  await kept.person.unlock()
  await page.close()
})

test('T3: eight asks at once share one window; the account is told to that site alone', async ({ kept }) => {
  const [asking, other] = [await kept.stranger(), await kept.stranger()]
  const [heard, heardElsewhere] = [await eventsOf(asking), await eventsOf(other)]
  const windows = windowsFrom(asking)
  const { window, answer } = await clickFor(asking, 'wallet_requestAccounts')
  const more = Array.from({ length: 7 }, () => request(asking, 'wallet_requestAccounts', {}))
  await expect(window.getByText('First time here')).toBeVisible()
  await kept.person.allow(window, 'Connect')
  for (const it of [answer, ...more]) expect(await it).toEqual({ result: [kept.address] })
  expect(windows.count()).toBe(1)

  await expect.poll(heard).toEqual([['accountsChanged', [kept.address]]])
  expect(await request(asking, 'wallet_getPermissions')).toEqual({ result: ['accounts'] })
  await request(asking, 'wallet_requestChainId')
  const facts = await asking.evaluate(async () => {
    const wallet = (window as unknown as Provided).starknet_latchkey
    const { isConnected, selectedAddress, chainId } = wallet
    return {
      isConnected,
      selectedAddress,
      chainId,
      enabled: await wallet.enable(),
      pre: await wallet.isPreauthorized(),
    }
  })
  expect(facts).toEqual({
    isConnected: true,
    selectedAddress: kept.address,
    chainId: SEPOLIA,
    enabled: [kept.address],
    pre: true,
  })
  expect(windows.count()).toBe(1)
  expect(await heardElsewhere()).toEqual([])
  expect(await request(other, 'wallet_requestAccounts', { silent_mode: true })).toEqual({ result: [] })
  await asking.close()
  await other.close()
})

test('before its account is deployed a connected site can read how to deploy it, and afterwards that it is', async ({
  kept,
  fixtures,
}) => {
  const page = await kept.visitor()
  const move = [{ contract_address: fixtures.game, entry_point: 'move', calldata: [1, 2] }]
  const before = await request(page, 'wallet_deploymentData')
  expect(before).toEqual({
    result: {
      address: kept.address,
      class_hash: '0x036078334509b514626504edc9fb252328d1a240e4e948bef8d0c08dff45927f',
      salt: expect.stringMatching(/^0x[0-9a-f]{64}$/),
      calldata: expect.arrayContaining([expect.stringMatching(/^0x[0-9a-f]+$/)]),
      version: 1,
    },
  })
  const ready = async () => {
    const { result } = await request(page, 'wallet_supportedSessions')
    return (result as { accounts: { ready: string }[] }).accounts
  }
  expect(await ready()).toEqual([{ account: kept.address, chain_id: SEPOLIA, ready: 'needs_deploy' }])
  expect(await request(page, INVOKE, { calls: move, session: { mode: 'only' } })).toMatchObject({ code: 211 })

  await kept.player()
  expect(await request(page, 'wallet_deploymentData')).toEqual(refusal(115, 'ACCOUNT_ALREADY_DEPLOYED'))
  await expect.poll(ready, { timeout: 70_000, intervals: [1_000] }).toMatchObject([{ ready: 'on_chain' }])
  await page.close()
})

test('AO-5 AO-8 CH-10: what no request may hold is refused with its code and its path, and opens no window', async ({
  kept,
  fixtures,
}) => {
  const page = await kept.player()
  const windows = windowsFrom(page)
  const { token, game } = fixtures
  const call = { contract_address: game, entry_point: 'move', calldata: ['0x1', '0x2'] }
  const P = 2n ** 251n + 17n * 2n ** 192n + 1n
  const invoke = (...calls: object[]) => ({ calls, session: { mode: 'only' } })

  const cases: readonly [string, unknown, object][] = [
    ['wallet_nonsense', {}, refusal(163, 'UNKNOWN_ERROR', { reason: 'method', method: 'wallet_nonsense' })],
    ['wallet_watchAsset', { type: 'ERC721', options: { address: token } }, malformed('/type')],
    ['wallet_watchAsset', { type: 'ERC20', options: { address: '0x0' } }, malformed('/options/address')],
    ['no name at all', {}, malformed('/type')],
    ...['InvokeTransaction', 'PrepareInvoke', 'Balances', 'ShadowAccountCommitment'].map(
      (name) => [`wallet_strk20${name}`, {}, refusal(118, 'NOT_REGISTERED')] as [string, unknown, object],
    ),
    // Versions.
    ['wallet_requestChainId', { api_version: '0.7' }, { result: SEPOLIA }],
    ['wallet_requestChainId', { api_version: '0.10.4' }, { result: SEPOLIA }],
    [
      'wallet_requestChainId',
      { api_version: '0.9' },
      refusal(162, 'API_VERSION_NOT_SUPPORTED', '0.7.2, 0.8.0, 0.10.3, 0.10.4'),
    ],
    ['wallet_requestChainId', { api_version: 'latest' }, malformed('/api_version')],
    ['wallet_requestChainId', { api_version: 0.8 }, malformed('/api_version')],
    // Beside a standard method's params unknown keys are dropped; our own methods are exact.
    ['wallet_requestAccounts', { silent_mode: true, more: 1 }, { result: [kept.address] }],
    ['wallet_getSessions', { more: 1 }, malformed('/more')],
    ['wallet_requestAccounts', { silent_mode: 'yes' }, malformed('/silent_mode')],
    ['wallet_requestAccounts', [], malformed('')],
    // Transactions.
    [INVOKE, {}, malformed('/calls')],
    [INVOKE, { calls: 'move' }, malformed('/calls')],
    [INVOKE, invoke(), malformed('/calls')],
    [INVOKE, invoke({ ...call, value: '0x1' }), malformed('/calls/0/value')],
    [INVOKE, invoke(call, { ...call, contract_address: '0x0' }), malformed('/calls/1/contract_address')],
    [INVOKE, invoke({ ...call, contract_address: `0x${P.toString(16)}` }), malformed('/calls/0/contract_address')],
    [INVOKE, invoke({ ...call, entry_point: '123' }), malformed('/calls/0/entry_point')],
    [INVOKE, invoke({ ...call, calldata: [1, -1] }), malformed('/calls/0/calldata/1')],
    [INVOKE, invoke({ ...call, calldata: [P] }), malformed('/calls/0/calldata/0')],
    [INVOKE, invoke({ ...call, calldata: [Number.NaN] }), malformed('/calls/0/calldata/0')],
    [INVOKE, invoke(...Array.from({ length: 65 }, () => call)), malformed('/calls')],
    [INVOKE, invoke({ ...call, calldata: Array.from({ length: 5_001 }, () => 1) }), malformed('/calls/0/calldata')],
    [INVOKE, { calls: [call], proof: ['0x1'] }, malformed('/proof/data')],
    [INVOKE, { calls: [call], proof: { data: '', output: [], proof_facts: [] } }, malformed('/proof')],
    [INVOKE, { calls: [call], session: { mode: 'sometimes' } }, malformed('/session/mode')],
    [INVOKE, { calls: [call], session: { more: 1 } }, malformed('/session/more')],
    [INVOKE, { calls: [{ ...call, contract_address: kept.address }] }, malformed('/calls/0/contract_address')],
    [
      INVOKE,
      invoke({ ...call, contract_address: kept.address }),
      refusal(215, 'SESSION_POLICY_REFUSED', { at: '/calls/0/contract_address', why: expect.any(String) }),
    ],
    ['wallet_revokeSession', { id: 'f'.repeat(32), on_chain: 'later' }, malformed('/on_chain')],
    ['wallet_revokeSession', {}, malformed('/id')],
  ]
  for (const [type, params, answer] of cases)
    expect.soft(await request(page, type, params as object), `${type} ${show(params)}`).toEqual(answer)

  // A session that could never be.
  const rule = { contract_address: game, entry_point: 'move' }
  const ask = { calls: [rule] }
  const never = (at: string) => refusal(215, 'SESSION_POLICY_REFUSED', { at, why: expect.any(String) })
  const agent = { held_by: 'agent', public_key: '0x0', label: 'bot' }
  const asks: readonly [unknown, object][] = [
    [[], refusal(114, 'INVALID_REQUEST_PAYLOAD', { at: '', why: 'expected at least one request' })],
    [{ calls: [{ ...rule, args: [] }] }, malformed('/calls/0/args')],
    [{ calls: [{ ...rule, args: { at: 'z', op: 'eq', value: '1' } }] }, malformed('/calls/0/args/at')],
    [{ calls: [{ ...rule, sums: [{ at: 'x.y', caps: [] }] }] }, malformed('/calls/0/sums/0/at')],
    [{ ...ask, fees: { payer: 'somebody' } }, malformed('/fees/payer')],
    [{ ...ask, fees: { paymasters: ['http://pay.example'] } }, malformed('/fees/paymasters/0')],
    [{ ...ask, fees: { tokens: [{ token }] } }, malformed('/fees/tokens/0')],
    [{ ...ask, deny: [{ ...rule, entry_point: '__execute__' }] }, never('/deny/0/entry_point')],
    [{ ...ask, deny: [{ ...rule, contract_address: kept.address }] }, never('/deny/0/contract_address')],
    [{ ...ask, messages: [{}] }, malformed('/messages/0/domain')],
    [{ ...ask, key: agent }, malformed('/key/public_key')],
    [{ ...ask, schedule: [{ calls: [call], not_before: 1, not_after: 2 }] }, malformed('/schedule')],
    [{ ...ask, schedule: Array.from({ length: 65 }, () => ({})) }, never('/schedule')],
    [{ ...ask, spend_limits: [{ token, per_period: {} }] }, malformed('/spend_limits/0/per_period/amount')],
    [{ calls: [] }, never('/calls')],
    [{ ...ask, duration: 91 * DAY }, never('/duration')],
    [{ ...ask, valid_until: now() + 91 * DAY }, never('/valid_until')],
    [{ calls: [{ ...rule, contract_address: kept.address }] }, never('/calls/0/contract_address')],
    [{ calls: [{ ...rule, entry_point: '__execute__' }] }, never('/calls/0/entry_point')],
    [{ ...ask, reason: 'x'.repeat(10_000) }, never('/reason')],
    [{}, malformed('/calls')],
    [{ ...ask, more: 1 }, malformed('/more')],
    [{ ...ask, valid_until: Date.now() + DAY }, malformed('/valid_until')],
    [{ ...ask, valid_until: now() - 1 }, malformed('/valid_until')],
    [{ ...ask, duration: Number.NaN }, malformed('/duration')],
    [{ ...ask, duration: 60.5 }, malformed('/duration')],
    [{ calls: [{ ...rule, entry_point: '123' }] }, malformed('/calls/0/entry_point')],
    [{ ...ask, spend_limits: [{ token, total: '-1' }] }, malformed('/spend_limits/0/total')],
    [{ ...ask, spend_limits: [{ token, total: 1 }] }, malformed('/spend_limits/0/total')],
    [{ ...ask, account: game }, malformed('/account')],
    [{ ...ask, chain_id: '0x534e5f4e4f5748455245' }, refusal(117, 'CHAIN_ID_NOT_SUPPORTED')],
    [{ ...ask, replaces: 'f'.repeat(32) }, refusal(211, 'SESSION_NOT_FOUND', { id: 'f'.repeat(32) })],
  ]
  for (const [params, answer] of asks)
    expect.soft(await request(page, 'wallet_requestSession', params as object), show(params)).toEqual(answer)

  // What JSON cannot carry ends in the page.
  const odd = await page.evaluate(async () => {
    const wallet = (window as unknown as Provided).starknet_latchkey
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    const params = [
      cycle,
      { it: 1n },
      { it: () => 1 },
      { it: new Map() },
      { it: new Date() },
      JSON.parse('{"__proto__":1}'),
    ]
    const code = (error: { code?: number }) => error.code
    return Promise.all([
      ...params.map((it) => wallet.request({ type: 'wallet_getPermissions', params: it }).catch(code)),
      wallet.request(undefined).catch(code),
      wallet.request({ type: 5 }).catch(code),
    ])
  })
  expect(odd).toEqual([114, 114, 114, 114, 114, 114, 114, 114])
  expect(windows.count()).toBe(0)
  await page.close()
})

test('T36 I10: a session is nobody else’s: foreign, unknown and forgotten ids answer alike', async ({
  kept,
  fixtures,
}) => {
  const [page, other] = [await kept.player(), await kept.visitor()]
  const windows = windowsFrom(page)
  const { id } = await running(page)
  const calls = [{ contract_address: fixtures.game, entry_point: 'move', calldata: ['0x1', '0x2'] }]
  for (const foreign of [id, 'f'.repeat(32), '']) {
    const notFound = refusal(211, 'SESSION_NOT_FOUND', { id: foreign })
    expect(await request(other, 'wallet_revokeSession', { id: foreign })).toEqual(notFound)
    expect(await request(other, INVOKE, { calls, session: { mode: 'only', id: foreign } })).toEqual(notFound)
    expect(await request(other, 'wallet_getSessions', { ids: [foreign], include_ended: true })).toEqual({ result: [] })
    expect(await request(other, 'wallet_checkSession', { calls, session: { id: foreign } })).toEqual({
      result: { verdict: 'prompt', error: notFound, reasons: [] },
    })
  }
  expect((await running(page)).id).toBe(id)
  expect(windows.count()).toBe(0)
  await other.close()
  await page.close()
})

test('the same ask again is answered by the running session; the check tells beforehand what would happen', async ({
  kept,
  fixtures,
}) => {
  const page = await kept.player()
  const { game } = fixtures
  const windows = windowsFrom(page)
  const first = await running(page)
  await press(page, 'Request session')
  expect(await resultOf(page, 'Request session')).toBe(`Request session: session ${first.id} is active`)
  const less = { calls: [{ contract_address: game, entry_point: ['move', 'doAction', 'say'] }], duration: 600 }
  expect(await request(page, 'wallet_requestSession', less)).toMatchObject({ result: { id: first.id } })

  const call = (contract_address: string, entry_point: string, ...calldata: string[]) => ({
    contract_address,
    entry_point,
    calldata,
  })
  const pay = (n: number) => call(STRK, 'transfer', game, `0x${BigInt(coins(n)).toString(16)}`, '0x0')
  const verdict = async (...calls: object[]) => (await request(page, 'wallet_checkSession', { calls })).result
  expect(await verdict(call(game, 'move', '0x1', '0x2'))).toMatchObject({
    verdict: 'auto',
    session_id: first.id,
    reasons: [],
  })
  expect(await verdict(call(game, 'move', '0x1', '0x2'), call(game, 'reset'))).toMatchObject({
    verdict: 'prompt',
    error: { code: 213, data: { call: 1 } },
    reasons: [{ code: 'noRule', call: 1 }],
  })
  expect(await verdict(pay(3))).toMatchObject({
    verdict: 'prompt',
    error: { code: 214, data: { limit: 'spend', left: coins(2), wanted: coins(3) } },
  })
  expect(await verdict(call(kept.address, 'move'))).toMatchObject({ verdict: 'refuse', error: { code: 215 } })
  // Looking is not using.
  const after = await running(page)
  expect(after.meters).toEqual(first.meters)
  expect(windows.count()).toBe(0)
  await page.close()
})

test('T3 R16: sessions are told to every tab of their site, with what is left, and to no other site', async ({
  kept,
}) => {
  const [one, two, other] = [await kept.player(), await kept.player(), await kept.visitor()]
  const [first, second, elsewhere] = [await eventsOf(one), await eventsOf(two), await eventsOf(other)]
  const transactions = (session: Session | undefined) => session?.meters.find(({ id }) => id === 'tx')?.used
  const used = BigInt(transactions(await running(one)) ?? 0)
  await press(one, 'Use session')
  expect(await resultOf(one, 'Use session')).toContain('SUCCEEDED')
  for (const heard of [first, second])
    await expect
      .poll(async () => {
        const [name, sessions] = (await heard()).at(-1) ?? []
        return [name, transactions((sessions as Session[] | undefined)?.find(({ status }) => status === 'active'))]
      })
      .toEqual(['sessionsChanged', (used + 1n).toString()])
  expect((await elsewhere()).filter(([name]) => name === 'sessionsChanged')).toEqual([])
  await one.close()
  await two.close()
  await other.close()
})

test('while locked, a site with a running session stays connected and another looks unconnected; an unlock is told', async ({
  kept,
}) => {
  const [page, other] = [await kept.player(), await kept.visitor()]
  const [heard, heardElsewhere] = [await eventsOf(page), await eventsOf(other)]
  const windows = windowsFrom(page)
  await kept.person.lock()
  expect(await request(page, 'wallet_getPermissions')).toEqual({ result: ['accounts'] })
  expect(await request(page, 'wallet_requestAccounts')).toEqual({ result: [kept.address] })
  expect(await request(page, 'wallet_deploymentData')).toMatchObject({ code: 115 })
  expect((await running(page)).status).toBe('active')
  expect(await request(other, 'wallet_getPermissions')).toEqual({ result: [] })
  expect(await request(other, 'wallet_requestAccounts', { silent_mode: true })).toEqual({ result: [] })
  expect(await request(other, 'wallet_deploymentData')).toMatchObject({ code: 116 })
  expect(windows.count()).toBe(0)
  expect(await heard()).toEqual([])

  const { window, answer } = await clickFor(other, 'wallet_requestAccounts')
  await expect(window.getByText(`${new URL(other.url()).host} asks for something.`)).toBeVisible()
  await window.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await window.getByRole('button', { name: 'Unlock', exact: true }).click()
  expect(await answer).toEqual({ result: [kept.address] })
  for (const it of [heard, heardElsewhere])
    await expect.poll(async () => (await it())[0]).toEqual(['accountsChanged', [kept.address]])
  await expect.poll(() => window.isClosed()).toBe(true)
  await other.close()
  await page.close()
})

test('CH-19: a disconnect ends the grant and pauses the sessions until the person lets them go on', async ({
  kept,
  fixtures,
}) => {
  const [page, tab] = [await kept.player(), await kept.player()]
  const [heard, heardInTab] = [await eventsOf(page), await eventsOf(tab)]
  const { id } = await running(page)
  const windows = windowsFrom(page)
  expect(await request(page, 'wallet_disconnect')).toEqual({ result: true })
  for (const it of [heard, heardInTab]) await expect.poll(it).toContainEqual(['accountsChanged', null])
  expect(await request(page, 'wallet_requestAccounts', { silent_mode: true })).toEqual({ result: [] })
  // Disconnected, a site reads nothing more, of its own sessions either.
  expect(await request(page, 'wallet_getSessions')).toEqual({ result: [] })
  const calls = [{ contract_address: fixtures.game, entry_point: 'move', calldata: ['0x1', '0x2'] }]
  const use = () => request(page, INVOKE, { calls, session: { mode: 'only', id } })
  expect(await use()).toMatchObject({ code: 212, data: { session_id: id, status: 'paused' } })
  expect(windows.count()).toBe(0)

  const { window } = await clickFor(page, 'wallet_requestAccounts')
  await kept.person.allow(window, 'Connect')
  expect(await use()).toMatchObject({ code: 212, data: { status: 'paused' } })
  const wallet = kept.person.page
  await wallet.goto(`${wallet.url().split('#')[0]}#/session/${id}`)
  await wallet.getByRole('button', { name: 'Resume', exact: true }).click()
  await expect.poll(async () => (await running(page))?.id).toBe(id)
  expect(await use()).toMatchObject({ result: { transaction_hash: expect.stringMatching(/^0x[0-9a-f]{64}$/) } })
  await wallet.goto(wallet.url().split('#')[0] ?? '')
  await tab.close()
  await page.close()
})

test('AO-6: an origin never seen before is asked about like any other, and nothing of a refused ask is left', async ({
  kept,
  fixtures,
}) => {
  const page = await kept.stranger()
  const ask = { calls: [{ contract_address: fixtures.game, entry_point: 'move' }], duration: 3_600 }
  const { window, answer } = await clickFor(page, 'wallet_requestSession', ask)
  await expect(window.getByRole('heading', { name: 'Session request' })).toBeVisible()
  await expect(window.getByText(new URL(page.url()).host).first()).toBeVisible()
  await kept.person.refuse(window)
  expect(await answer).toEqual(refusal(113, 'USER_REFUSED_OP', { reason: 'refused' }))
  expect(await request(page, 'wallet_getPermissions')).toEqual({ result: [] })
  expect(await request(page, 'wallet_getSessions', { include_ended: true })).toEqual({ result: [] })
  await page.close()
})

test('a site that sends before it connects is connected and then asked about, in one window', async ({
  kept,
  fixtures,
}) => {
  await (await kept.player()).close()
  const page = await kept.stranger()
  const windows = windowsFrom(page)
  const calls = [{ contract_address: fixtures.game, entry_point: 'move', calldata: ['0x1', '0x2'] }]
  const { window, answer } = await clickFor(page, INVOKE, { calls })
  await window.getByRole('button', { name: 'Connect', exact: true }).click()
  await expect(window.getByRole('heading', { name: 'Transaction' })).toBeVisible()
  await kept.person.allow(window, 'Allow once')
  expect(await answer).toMatchObject({ result: { transaction_hash: expect.stringMatching(/^0x[0-9a-f]{64}$/) } })
  expect(windows.count()).toBe(1)
  await page.close()
})

test('AO-9: a fee limit for two and a half transactions lets two through, at what they really cost', async ({
  kept,
  devnet,
  fixtures,
}) => {
  const page = await kept.player()
  const calls = [{ contract_address: fixtures.game, entry_point: 'doAction', calldata: ['0x7'] }]
  const act = (id: string) => request(page, INVOKE, { calls, session: { mode: 'only', id } })
  const hashOf = ({ result }: Outcome) => (result as { transaction_hash: string }).transaction_hash
  const { id: other } = await running(page)
  // The very first writes what is not there yet, and costs more.
  await act(other)
  const usual = hashOf(await act(other))
  const [committed, paid] = [await committedOf(usual), await paidFor(usual)]
  expect(committed).toBeGreaterThan(paid)

  // The narrowest bounds are half as much again in amount and in price, 5 % more at most: after one transaction there is room
  // for one more (2.8 times what was paid), after two there is none (1.8 times).
  const fees = { max_total: ((paid * 19n) / 5n).toString() }
  const ask = { calls: [{ contract_address: fixtures.game, entry_point: 'doAction' }], fees, duration: 600 }
  const { window, answer } = await clickFor(page, 'wallet_requestSession', ask)
  await kept.person.allow(window, 'Allow session')
  const { id } = (await answer).result as Session
  const windows = windowsFrom(page)
  let spent = 0n
  for (let sent = 1; sent <= 2; sent += 1) {
    spent += await paidFor(hashOf(await act(id)))
    await expect.poll(() => feeMeter(id), { timeout: 20_000 }).toMatchObject({ used: spent.toString(), held: '0' })
  }
  const left = BigInt(fees.max_total) - spent
  expect(await act(id)).toMatchObject({ code: 214, data: { limit: 'fees', left: left.toString() } })
  expect(windows.count()).toBe(0)
  await request(page, 'wallet_revokeSession', { id })
  await page.close()

  async function feeMeter(of: string) {
    const { result } = await request(page, 'wallet_getSessions', { ids: [of] })
    return (result as Session[])[0]?.meters.find((meter) => meter.id.startsWith('fee:'))
  }
  async function committedOf(transaction_hash: string): Promise<bigint> {
    type Bounds = Record<string, { max_amount: string; max_price_per_unit: string }>
    const { resource_bounds } = await devnet.rpc<{ resource_bounds: Bounds }>('starknet_getTransactionByHash', {
      transaction_hash,
    })
    const each = Object.values(resource_bounds).map((it) => BigInt(it.max_amount) * BigInt(it.max_price_per_unit))
    return each.reduce((sum, it) => sum + it, 0n)
  }
  async function paidFor(transaction_hash: string): Promise<bigint> {
    const receipt = await devnet.rpc<{ actual_fee: { amount: string } }>('starknet_getTransactionReceipt', {
      transaction_hash,
    })
    return BigInt(receipt.actual_fee.amount)
  }
})

test('a call that suddenly writes four new slots succeeds on the bounds kept from the call before', async ({
  kept,
  devnet,
  fixtures,
}) => {
  const page = await kept.player()
  const calls = [{ contract_address: fixtures.game, entry_point: 'fill' }]
  const { window, answer } = await clickFor(page, 'wallet_requestSession', { calls, duration: 600 })
  await kept.person.allow(window, 'Allow session')
  const { id } = (await answer).result as Session
  const fill = async (n: number) => {
    const act = { calls: [{ ...calls[0], calldata: [`0x${n}`] }], session: { mode: 'only', id } }
    const { result } = await request(page, INVOKE, act)
    const { transaction_hash } = result as { transaction_hash: string }
    return devnet.rpc<{ execution_status: string; execution_resources: { l2_gas: number } }>(
      'starknet_getTransactionReceipt',
      { transaction_hash },
    )
  }
  await fill(1)
  const usual = await fill(1)
  kept.node.mark()
  const sudden = await fill(4)
  expect(kept.node.since()).not.toContain('starknet_estimateFee')
  expect(sudden.execution_status).toBe('SUCCEEDED')
  // A slot written for the first time costs 402,000 (argent-sessions.md 16); the call before wrote one.
  expect(sudden.execution_resources.l2_gas - usual.execution_resources.l2_gas).toBeGreaterThan(3 * 402_000)
  await request(page, 'wallet_revokeSession', { id })
  await page.close()
})

test('CH-18: past its end a session is told as expired, and the same ask opens one window for a new one', async ({
  kept,
  devnet,
  fixtures,
}) => {
  const page = await kept.player()
  const { id } = await running(page)
  await devnet.increaseTime(3_600)
  const calls = [{ contract_address: fixtures.game, entry_point: 'move', calldata: ['0x1', '0x2'] }]
  // A check looks at the chain, which brings its time.
  const windows = windowsFrom(page)
  expect(await request(page, 'wallet_checkSession', { calls, session: { id } })).toMatchObject({
    result: { verdict: 'prompt', session_id: id, error: { code: 212, data: { status: 'expired' } } },
  })
  expect(await request(page, INVOKE, { calls, session: { mode: 'only', id } })).toMatchObject({
    code: 212,
    data: { session_id: id, status: 'expired' },
  })
  expect(await request(page, 'wallet_getSessions')).toEqual({ result: [] })
  expect(await request(page, 'wallet_getSessions', { ids: [id], include_ended: true })).toMatchObject({
    result: [{ id, status: 'expired' }],
  })
  expect(windows.count()).toBe(0)

  const window = await kept.person.asked(() => press(page, 'Request session'))
  await kept.person.allow(window, 'Allow session')
  expect(await resultOf(page, 'Request session')).toContain('is active')
  const renewed = await running(page)
  expect(renewed.id).not.toBe(id)
  expect(await request(page, INVOKE, { calls, session: { mode: 'only', id: renewed.id } })).toMatchObject({
    result: { transaction_hash: expect.stringMatching(/^0x/) },
  })
  expect(windows.count()).toBe(1)
  await page.close()
})

interface Provided {
  readonly starknet_latchkey: Readonly<Record<'id' | 'name' | 'icon' | 'selectedAddress' | 'chainId', string>> & {
    readonly isConnected: boolean
    request(call: unknown): Promise<unknown>
    enable(): Promise<string[]>
    isPreauthorized(): Promise<boolean>
  }
}
interface Session {
  readonly id: string
  readonly status: string
  readonly meters: readonly { readonly id: string; readonly used: string; readonly held: string }[]
}

async function running(page: Page): Promise<Session> {
  const { result } = await request(page, 'wallet_getSessions')
  const found = (result as Session[]).find(({ status }) => status === 'active')
  if (!found) throw new Error('no session is active')
  return found
}

function show(params: unknown): string {
  return JSON.stringify(params, (_, value) => (typeof value === 'bigint' ? `${value}n` : value)).slice(0, 120)
}
