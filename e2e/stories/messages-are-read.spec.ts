import { type TypedData, typedData } from 'starknet'
import { OUTSIDE_TYPES, pluginSession } from '../../src/cold/samples.ts'
import { selectorOf } from '../../src/starknet/selector.ts'
import { expect, test } from '../kept.ts'
import { clickFor, request, windowsFrom } from '../site.ts'

test.use({ story: 'messages-are-read' })
test.describe.configure({ mode: 'default' })

const SIGN = 'wallet_signTypedData'
const VALID = '0x56414c4944'
const STRK = '0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d'
const StarknetDomain = ['name', 'version', 'chainId', 'revision'].map((name) => ({ name, type: 'shortstring' }))
const domain = (name: string, version = '1') => ({ name, version, chainId: 'SN_SEPOLIA', revision: '1' })

const login = {
  types: {
    StarknetDomain,
    Login: [
      { name: 'text', type: 'string' },
      { name: 'until', type: 'timestamp' },
    ],
  },
  primaryType: 'Login',
  domain: domain('Arena'),
  message: { text: 'Sign in to Arena. It costs nothing.', until: 1893456000 },
}
const order = {
  types: {
    StarknetDomain,
    Order: [
      { name: 'side', type: 'shortstring' },
      { name: 'amount', type: 'u256' },
    ],
  },
  primaryType: 'Order',
  domain: domain('Bazaar'),
  message: { side: 'buy', amount: { low: '7', high: '0' } },
}
const outside = {
  types: {
    StarknetDomain,
    ...OUTSIDE_TYPES,
  },
  primaryType: 'OutsideExecution',
  domain: domain('Account.execute_from_outside', '2'),
  message: {
    Caller: '0x414e595f43414c4c4552',
    Nonce: '0x2a',
    'Execute After': 1,
    'Execute Before': 4_000_000_000,
    Calls: [{ To: STRK, Selector: 'transfer', Calldata: ['0xabc', '0x5', '0x0'] }],
  },
}

test('an account that is not there yet signs as well, alone', async ({ kept }) => {
  const page = await kept.visitor()
  const asked = await clickFor(page, SIGN, login)
  await kept.person.allow(asked.window, 'Sign')
  expect((await asked.answer).result).toHaveLength(5)
})

test('a message is signed as it was read, and the account itself says that the signature is good', async ({
  kept,
  devnet,
}) => {
  // Deployed and with a second key from its first session on.
  await kept.player()
  const page = await kept.visitor()
  const asked = await clickFor(page, SIGN, { ...login, message: { ...login.message, Purpose: 'Free skins' } })
  const { window } = asked
  await expect(window.getByRole('heading', { name: 'Sign a message' })).toBeVisible()
  await expect(window.getByText('Sign a message “Login” for “Arena”')).toBeVisible()
  const signed = window.getByRole('region', { name: 'You sign', exact: true })
  await expect(signed).toContainText('Sign in to Arena. It costs nothing.')
  await expect(signed).not.toContainText('Free skins')
  await expect(window.getByRole('region', { name: 'Not part of what you sign' })).toContainText('Free skins')
  await expect(window.getByText('A message can move money without a transaction.')).toHaveCount(0)
  await kept.person.allow(window, 'Sign')
  const { result } = await asked.answer
  const signature = result as string[]
  // Owner and second key: the account has one.
  expect(signature).toHaveLength(9)
  expect(await isValid(devnet, kept.address, login, signature)).toEqual([VALID])
  // Nothing but what was shown: the signature is of no other message.
  const other = { ...login, message: { ...login.message, until: 1893456001 } }
  await expect(isValid(devnet, kept.address, other, signature)).resolves.not.toEqual([VALID])
  await kept.person.page.bringToFront()
  await expect(kept.person.page.getByText('Signed a message “Login” for “Arena”').first()).toBeVisible()
})

test('an order is warned about; refused, nothing is signed', async ({ kept }) => {
  const page = await kept.visitor()
  const asked = await clickFor(page, SIGN, order)
  await expect(asked.window.getByText('A message can move money without a transaction.')).toBeVisible()
  await kept.person.refuse(asked.window)
  expect(await asked.answer).toMatchObject({ code: 113 })
})

test('what somebody else shall send is shown as its calls, with how long it can be sent', async ({ kept, devnet }) => {
  const page = await kept.visitor()
  const asked = await clickFor(page, SIGN, outside)
  await expect(asked.window.locator('main')).toContainText(
    /Handed to anyone to send, valid until .*It cannot be called back\./,
  )
  await expect(asked.window.getByRole('heading', { name: 'Calls for somebody else to send' })).toBeVisible()
  await expect(asked.window.getByRole('region', { name: 'Calls', exact: true })).toContainText('transfer')
  await expect(asked.window.getByRole('region', { name: 'You sign', exact: true })).toHaveCount(0)
  // Of whom it pays and of what would move it says what a transaction says.
  const shown = asked.window.locator('main')
  await expect(shown).toContainText('First time. Compare the last 6 digits.')
  await expect(shown).toContainText('Nothing is deployed there')
  await expect(asked.window.getByRole('region', { name: 'Expected', exact: true })).toContainText(/0\.0{17}5/)
  // For so long that it has to be said to be known.
  await asked.window.getByRole('checkbox', { name: /^I know that this can be sent until / }).check()
  await kept.person.allow(asked.window, 'Sign')
  const { result } = await asked.answer
  expect(await isValid(devnet, kept.address, outside, result as string[])).toEqual([VALID])
})

test('T4: a session hidden in a message asks nobody, is never signed, and the person reads that it was tried', async ({
  kept,
}) => {
  const page = await kept.visitor()
  const windows = windowsFrom(page)
  const hidden = [
    { ...login, domain: domain('0x53657373696f6e4163636f756e742e73657373696f6e') },
    { ...login, domain: domain('31202257563086496893455134428315675699574047643365230') },
    { ...login, domain: domain('sessionaccount.SESSION') },
    { ...login, domain: domain('SessionAccount.session') },
    { ...outside, domain: domain('Arena', '2') },
    { ...outside, message: { ...outside.message, Purpose: 'login' } },
    { ...outside, domain: { ...outside.domain, chainId: 'SN_MAIN' } },
    { ...login, domain: { ...login.domain, chainId: 'SN_MAIN' } },
    { ...login, message: { text: 'x' } },
    {
      ...outside,
      message: { ...outside.message, Calls: [{ To: kept.address, Selector: 'escape_owner', Calldata: [] }] },
    },
    { ...outside, message: { ...outside.message, 'Execute Before': 5 } },
  ]
  for (const data of hidden) {
    const answer = await request(page, SIGN, data)
    expect(answer).toMatchObject({
      code: 114,
      data: { at: expect.any(String), why: expect.stringMatching(/^expected|^a call/) },
    })
  }
  expect(windows.count()).toBe(0)
  await kept.person.page.bringToFront()
  await expect(kept.person.page.getByText('A session hidden in a message').first()).toBeVisible()
})

async function isValid(
  devnet: { rpc<T>(method: string, params: object): Promise<T> },
  account: string,
  data: object,
  signature: readonly string[],
): Promise<readonly string[]> {
  const hash = typedData.getMessageHash(data as TypedData, account)
  const calldata = [hash, `0x${signature.length.toString(16)}`, ...signature]
  const request = { contract_address: account, entry_point_selector: selectorOf('is_valid_signature'), calldata }
  return devnet.rpc<string[]>('starknet_call', { request, block_id: 'latest' })
}

test('a session signs the messages of its rule without a window, and no other: value, count, lock', async ({
  kept,
  devnet,
  fixtures,
}) => {
  const { person } = kept
  const page = await kept.visitor()
  const rule = {
    domain: order.domain,
    types: order.types,
    primary_type: 'Order',
    fields: [
      { path: ['side'], op: 'eq', value: 'buy' },
      { path: ['amount'], op: 'lte', value: '10' },
    ],
    max_messages: 2,
  }
  const reserved = { ...rule, domain: domain('SessionAccount.session') }
  const calls = [{ contract_address: fixtures.game, entry_point: 'move' }]
  expect(await request(page, 'wallet_requestSession', { calls, messages: [reserved] })).toMatchObject({
    code: 114,
    data: { at: '/messages/0' },
  })
  const { window, answer } = await clickFor(page, 'wallet_requestSession', { calls, messages: [rule] })
  for (const said of ['signs “Order” for “Bazaar”, at most 2 times in all', 'side exactly buy', 'amount at most 10'])
    await expect(window.getByText(said, { exact: true })).toBeVisible()
  await expect(window.locator('#sentence')).toContainText('It also signs “Order” for “Bazaar”, at most 2 times in all.')
  await expect(window.getByText('A message can move money without a transaction.')).toBeVisible()
  await person.allow(window, 'Allow session')
  const session = (await answer).result as { id: string; policy: { messages: object[] } }
  expect(session.policy.messages).toMatchObject([
    { domain: rule.domain, primary_type: 'Order', fields: rule.fields, caps: [{ max: 2 }] },
  ])

  const windows = windowsFrom(page)
  const buy = (low: string) => ({ ...order, message: { side: 'buy', amount: { low, high: '0' } } })
  for (const low of ['10', '1']) {
    const { result } = await request(page, SIGN, buy(low))
    expect(await isValid(devnet, kept.address, buy(low), result as string[])).toEqual([VALID])
  }
  expect(windows.count()).toBe(0)
  const meters = async () => {
    const { result } = await request(page, 'wallet_getSessions', { ids: [session.id] })
    return (result as { meters: { id: string }[] }[])[0]?.meters.find(({ id }) => id === 'msg:m0')
  }
  expect(await meters()).toMatchObject({ limit: '2', used: '2', left: '0' })

  // What the rule does not say is an ordinary question, with the reason.
  for (const [data, why] of [
    [buy('1'), 'It signed as many messages as it may.'],
    [buy('11'), 'This message says something else than the session allows.'],
    [login, 'This message is not part of the session.'],
  ] as const) {
    const asked = await clickFor(page, SIGN, data)
    await expect(asked.window.getByText(why)).toBeVisible()
    await person.refuse(asked.window)
    expect(await asked.answer).toMatchObject({ code: 113 })
  }
})

test('a session of messages alone: the window says that nothing is sent, and nothing is', async ({
  kept,
  devnet,
  fixtures,
}) => {
  const { person } = kept
  const page = await kept.visitor()
  const stall = { ...order, domain: domain('Stall') }
  const rule = {
    domain: stall.domain,
    types: stall.types,
    primary_type: 'Order',
    fields: [{ path: ['side'], op: 'eq', value: 'buy' }],
    max_messages: 2,
  }
  expect(await request(page, 'wallet_requestSession', { calls: [] })).toMatchObject({
    code: 215,
    data: { at: '/calls' },
  })
  const asked = { calls: [], messages: [rule], duration: 3_600 }
  const { window, answer } = await clickFor(page, 'wallet_requestSession', asked)
  const sentence = window.locator('#sentence')
  await expect(sentence).toContainText(/may have messages signed for .* without asking\./)
  await expect(sentence).toContainText(
    'It sends no transactions. It signs “Order” for “Stall”, at most 2 times in all.',
  )
  await expect(window.getByText('Send transactions or pay fees', { exact: true })).toBeVisible()
  await person.allow(window, 'Allow session')
  const { result } = await answer
  const session = result as { id: string; backing: string; chain: null; policy: { calls: object[] } }
  expect(session).toMatchObject({ backing: 'wallet', chain: null, status: 'active', policy: { calls: [] } })

  const windows = windowsFrom(page)
  // Asked again it is the answer, and so is a part of it.
  for (const again of [asked, { calls: [], messages: [{ ...rule, max_messages: 1 }] }])
    expect((await request(page, 'wallet_requestSession', again)).result).toMatchObject({ id: session.id })
  const signed = await request(page, SIGN, stall)
  expect(await isValid(devnet, kept.address, stall, signed.result as string[])).toEqual([VALID])
  const calls = [{ contract_address: fixtures.game, entry_point: 'move', calldata: ['0x1', '0x2'] }]
  expect(
    await request(page, 'wallet_addInvokeTransaction', { calls, session: { mode: 'only', id: session.id } }),
  ).toMatchObject({ code: 213 })
  expect(windows.count()).toBe(0)
  await person.page.bringToFront()
  await person.page.goto(person.page.url().replace(/#.*/, `#/session/${session.id}`))
  await expect(person.page.getByText('Can still sign its messages.')).toBeVisible()

  // Less of it: no window, and its site reads what is enforced.
  const stricter = { ...rule, fields: [...rule.fields, { path: ['amount'], op: 'lte', value: '10' }] }
  const silent = windowsFrom(page)
  const { result: less } = await request(page, 'wallet_updateSession', { id: session.id, messages: [stricter] })
  expect(less).toMatchObject({
    id: session.id,
    policy: { messages: [{ fields: stricter.fields, caps: [{ max: 2 }] }] },
  })
  expect(silent.count()).toBe(0)
  // More of it: the window shows what it is today, and what was signed stays counted.
  const more = await clickFor(page, 'wallet_updateSession', {
    id: session.id,
    messages: [{ ...stricter, max_messages: 3 }],
  })
  await expect(more.window.getByRole('heading', { name: 'Session change' })).toBeVisible()
  await expect(more.window.getByText(/signs “Order” for “Stall”, at most 2 times in all/)).toBeVisible()
  await expect(more.window.locator('#sentence')).toContainText('at most 3 times in all.')
  await person.allow(more.window, 'Allow changes')
  const { result: wider } = await more.answer
  const { id } = wider as { id: string }
  expect(wider).toMatchObject({ replaces: session.id, backing: 'wallet', status: 'active' })
  const { result: now } = await request(page, 'wallet_getSessions', { ids: [id] })
  const messages = (now as { meters: { id: string }[] }[])[0]?.meters.find((meter) => meter.id === 'msg:m0')
  expect(messages).toMatchObject({ limit: '3', used: '1', left: '2' })
  // Used up, it has ended.
  for (const _ of [1, 2]) expect((await request(page, SIGN, stall)).result).toHaveLength(9)
  const { result: all } = await request(page, 'wallet_getSessions', { ids: [id], include_ended: true })
  expect(all).toMatchObject([{ status: 'exhausted' }])
})

test('a session in the form of an older library is read as a session, runs without a window, and is never signed itself', async ({
  kept,
  devnet,
  fixtures,
}) => {
  await kept.player()
  const page = await kept.visitor()
  const expires = Math.floor(Date.now() / 1000) + 3_600
  const data = pluginSession({ expires, policies: [{ contractAddress: fixtures.game, selector: 'move' }] })
  const asked = await clickFor(page, SIGN, data)
  await expect(asked.window.getByRole('button', { name: 'Allow session', exact: true })).toBeVisible()
  await kept.person.allow(asked.window, 'Allow session')
  const { result } = (await asked.answer) as { result: string[] }
  expect(result).toHaveLength(9)
  // The account itself: no signature over what the library wrote.
  const hash = typedData.getMessageHash(data as unknown as TypedData, kept.address)
  const valid = { contractAddress: kept.address, entrypoint: 'is_valid_signature' }
  const calldata = [hash, String(result.length), ...result]
  const said = await devnet.account.provider.callContract({ ...valid, calldata }).catch(() => ['refused'])
  expect(said[0]).not.toBe(VALID)
  const calls = [{ contract_address: fixtures.game, entry_point: 'move', calldata: ['0x1', '0x2'] }]
  const windows = windowsFrom(page)
  const moved = await request(page, 'wallet_addInvokeTransaction', { calls, session: { mode: 'only' } })
  expect(moved).toMatchObject({ result: { transaction_hash: expect.any(String) } })
  expect(windows.count()).toBe(0)
  // The plugin's own transaction is no way in.
  const plugin = { contract_address: kept.address, entry_point: 'use_plugin', calldata: ['0x1'] }
  const raw = await request(page, 'wallet_addInvokeTransaction', { calls: [plugin, ...calls] })
  expect(raw).toMatchObject({ code: 114 })
})
