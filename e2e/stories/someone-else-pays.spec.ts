import { CallData, cairo } from 'starknet'
import type { JournalRow } from '../../src/core/records.ts'
import { EVENTS } from '../../src/starknet/accounts.ts'
import { selectorOf } from '../../src/starknet/selector.ts'
import { storedIn } from '../books.ts'
import { type Devnet, startDevnet } from '../devnet.ts'
import { test as base, expect, type Kept } from '../kept.ts'
import type { Point } from '../killer.ts'
import { altered, BUILD, EXECUTE, type Offered, type Relayer, startRelayer } from '../relayer/relayer.ts'
import { clickFor, type Outcome, request, windowsFrom } from '../site.ts'

/*
 * A service of its own process pays the fees, over the chain that the wallet plays on; what is slow, gone or lying stands in
 * between. It is paid with nothing, or in a token of the account.
 */
const test = base.extend<object, { readonly relayer: Relayer; readonly devnet: Devnet }>({
  // Time is moved on it.
  devnet: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from this pattern.
    async ({}, use) => {
      const devnet = await startDevnet()
      await use(devnet)
      await devnet.stop()
    },
    { scope: 'worker', timeout: 240_000 },
  ],
  relayer: [
    async ({ devnet, fixtures, kept }, use) => {
      const relayer = await startRelayer(devnet, [{ address: fixtures.token, decimals: 18, price: 2n * STRK_UNIT }])
      const { account } = devnet
      const calldata = CallData.compile([kept.address, cairo.uint256(1_000n * STRK_UNIT)])
      const minted = await account.execute({ contractAddress: fixtures.token, entrypoint: 'mint', calldata })
      await account.provider.waitForTransaction(minted.transaction_hash, { retryInterval: 50 })
      await use(relayer)
      await relayer.stop()
    },
    { scope: 'worker', timeout: 240_000 },
  ],
})
test.use({ story: 'someone-else-pays', build: 'e2e' })
// One file, one wallet, one after the other.
test.describe.configure({ mode: 'default', timeout: 300_000 })
test.afterEach(({ relayer }) => relayer.faults.mend())

const STRK_UNIT = 10n ** 18n
const STRK = '0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d'
const SENT = { result: { transaction_hash: expect.stringMatching(/^0x[0-9a-f]{64}$/) } }
const atService = (more: object = {}) => ({
  code: 163,
  message: 'An error occurred (UNKNOWN_ERROR)',
  data: { reason: 'node', ...more },
})

test('T43 AL-14: sponsored, a call costs the account nothing: no fee, no number, no window; the person reads who pays', async ({
  kept,
  devnet,
  fixtures,
  relayer,
}) => {
  const site = await atSite({ kept, devnet, fixtures, relayer })
  const approval = await site.asks(sponsored)
  await expect(
    approval.window.getByText(`It cannot spend your tokens. Fees are paid by ${relayer.url}, never by you.`),
  ).toBeVisible()
  await expect(approval.window.getByText(`Latchkey asks ${relayer.url} to pay each time.`)).toBeVisible()
  const session = await approval.allow()
  const before = await site.chain()
  const windows = windowsFrom(site.page)
  const outcomes = [await site.move(session), await site.move(session)]
  expect(outcomes).toEqual([SENT, SENT])
  for (const { result } of outcomes) {
    const hash = (result as { transaction_hash: string }).transaction_hash
    const receipt = await devnet.rpc<{ execution_status: string }>('starknet_getTransactionReceipt', {
      transaction_hash: hash,
    })
    expect(receipt.execution_status).toBe('SUCCEEDED')
  }
  expect(windows.count()).toBe(0)
  expect(await site.chain()).toEqual({ ...before, moves: before.moves + 2 })
  await site.agrees(session, { moves: 2, fee: 0n })

  // The transaction's page says who paid.
  const { page: home } = kept.person
  await home.bringToFront()
  const newest = home.getByRole('region', { name: 'Activity' }).getByRole('listitem').first()
  await expect(newest).toContainText('Done')
  await newest.getByRole('link').or(newest.getByRole('button')).first().click()
  await expect(home.getByText('Fee paid by')).toBeVisible()
  await expect(home.getByText(relayer.url).first()).toBeVisible()

  // What fits no rule of it is refused as ever, and nobody is asked to pay for it.
  relayer.faults.mark()
  const outside = { contract_address: fixtures.game, entry_point: 'reset', calldata: [] }
  expect(await site.invoke(session, [outside])).toMatchObject({ code: 213 })
  expect(relayer.faults.since()).toEqual([])
  await site.page.close()
})

test('T43 AL-14: paid in a token, what is given for it is a fee, held at its most and booked as the chain has it; over its cap nothing is signed', async ({
  kept,
  devnet,
  fixtures,
  relayer,
}) => {
  const site = await atSite({ kept, devnet, fixtures, relayer })
  const session = await (await site.asks(inTokens(10n * STRK_UNIT))).allow()
  const before = await site.chain()
  const gives = { contract_address: fixtures.token, entry_point: 'transfer', calldata: [fixtures.game, '0x3e8', '0x0'] }
  expect(await site.move(session)).toEqual(SENT)
  expect(await site.invoke(session, [gives])).toEqual(SENT)
  const after = await site.chain()
  expect({ nonce: after.nonce, strk: after.strk, moves: after.moves }).toEqual({
    nonce: before.nonce,
    strk: before.strk,
    moves: before.moves + 1,
  })
  const left = before.tokens - after.tokens
  expect(left).toBeGreaterThan(1_000n)
  await site.agrees(session, { moves: 2, fee: left - 1_000n, spent: 1_000n })

  // More than one transaction may cost, and more than all of them may: asked nothing further, nothing signed.
  for (const [total, each] of [
    [10n * STRK_UNIT, 1_000n],
    [1_000n, 1_000n],
  ] as const) {
    const small = await (await site.asks(inTokens(total, each))).allow()
    relayer.faults.mark()
    expect(await site.move(small)).toMatchObject({ code: 214, data: { limit: 'fees' } })
    expect(relayer.faults.since()).not.toContain(EXECUTE)
  }
  expect(await site.chain()).toEqual(after)
  await site.page.close()
})

const lastCall = (change: (payment: { To: string; Selector: string; Calldata: string[] }) => void) => (it: Offered) => {
  change(it.typed_data.message.Calls.at(-1)!)
}
const LIES: Readonly<Record<string, (it: Offered, fixtures: { readonly game: string }) => void>> = {
  'another call': ({ typed_data: { message } }, { game }) => {
    message.Calls[0] = { To: game, Selector: selectorOf('reset'), Calldata: [] }
  },
  'one more call': ({ typed_data: { message } }, { game }) => {
    message.Calls.unshift({ To: game, Selector: selectorOf('move'), Calldata: ['0x1', '0x1'] })
  },
  'another argument': ({ typed_data: { message } }) => {
    message.Calls[0]!.Calldata[0] = '0x7'
  },
  'another token': lastCall((it) => {
    it.To = STRK
  }),
  'a higher fee than quoted': lastCall((it) => {
    it.Calldata[1] = `0x${(BigInt(it.Calldata[1]!) + 1n).toString(16)}`
  }),
  'another receiver': lastCall((it) => {
    it.Calldata[0] = '0x5'
  }),
  'a longer window': ({ typed_data: { message } }) => {
    message['Execute Before'] = `0x${(Number(message['Execute Before']) + 1).toString(16)}`
  },
  'another chain': ({ typed_data: { domain } }) => {
    domain.chainId = '0x534e5f4d41494e'
  },
  'another domain': ({ typed_data: { domain } }) => {
    domain.name = 'Account.execute_from_outside '
  },
  'calls of two versions': ({ typed_data: { message } }) => {
    message.calls = []
  },
}

test('T43: a service that writes anything else than it was asked for gets no signature, and nothing is held', async ({
  kept,
  devnet,
  fixtures,
  relayer,
}) => {
  const site = await atSite({ kept, devnet, fixtures, relayer })
  const session = await (await site.asks(inTokens(10n * STRK_UNIT))).allow()
  const before = await site.chain()
  relayer.faults.mark()
  for (const [lie, change] of Object.entries(LIES)) {
    relayer.faults.play(
      BUILD,
      altered((it) => change(it, fixtures)),
      1,
    )
    expect(await site.move(session), lie).toEqual(atService())
  }
  expect(relayer.faults.since().filter((method) => method === EXECUTE)).toEqual([])
  expect(await site.chain()).toEqual(before)
  await site.agrees(session, { moves: 0, fee: 0n })
  // The same service, honest.
  expect(await site.move(session)).toEqual(SENT)
  await site.page.close()
})

test('T43 R1 I1 I2 I3 I4: the worker dies at each point between the question and the answer: each call happens once, and the book is what the chain has', async ({
  kept,
  devnet,
  fixtures,
  relayer,
}) => {
  const site = await atSite({ kept, devnet, fixtures, relayer })
  const session = await (await site.asks(sponsored)).allow()
  const before = await site.chain()
  const points: readonly Point[] = [
    ...(['judged', 'held', 'signature', 'signed', 'accepted', 'sent', 'answered', 'receipt', 'settled'] as const),
  ]
  for (const point of points) {
    const { death } = await kept.killer.at(point)
    const answer = site.move(session)
    await death
    await kept.killer.back()
    expect(await answer, String(point)).toEqual(SENT)
  }
  await site.agrees(session, { moves: points.length, fee: 0n })
  expect(await site.chain()).toEqual({ ...before, moves: before.moves + points.length })
  await site.page.close()
})

interface Shared {
  readonly kept: Kept
  readonly devnet: Devnet
  readonly fixtures: { readonly game: string; readonly token: string }
  readonly relayer: Relayer
}
type Asks = (shared: Shared) => object

function sponsored({ fixtures: { game }, relayer }: Shared): object {
  return {
    calls: [{ contract_address: game, entry_point: ['move', 'fail'] }],
    fees: { payer: 'sponsor', paymaster_url: relayer.url },
    duration: 3_600,
  }
}

function inTokens(total: bigint, each = total): Asks {
  return ({ fixtures: { game, token }, relayer }) => ({
    calls: [
      { contract_address: game, entry_point: 'move' },
      { contract_address: token, entry_point: 'transfer' },
    ],
    spend_limits: [{ token, total: '5000' }],
    fees: {
      payer: 'sponsor',
      paymaster_url: relayer.url,
      paymasters: [relayer.address],
      tokens: [{ token, max_per_tx: String(each), max_total: String(total) }],
    },
    duration: 3_600,
  })
}

/** A site of its own, so that no test's session is another's. */
async function atSite(shared: Shared) {
  const { kept, devnet, fixtures } = shared
  const page = await kept.visitor()
  const balance = async (token: string) => {
    const [low] = await call(devnet, token, 'balance_of', [kept.address])
    return BigInt(low ?? 0)
  }
  const chain = async () => ({
    nonce: BigInt(
      await devnet.rpc<string>('starknet_getNonce', { block_id: 'latest', contract_address: kept.address }),
    ),
    strk: await balance(STRK),
    tokens: await balance(fixtures.token),
    moves: Number((await call(devnet, fixtures.game, 'moves', [kept.address]))[0]),
  })
  const invoke = (id: string, calls: readonly object[]): Promise<Outcome> =>
    request(page, 'wallet_addInvokeTransaction', { calls, session: { mode: 'only', id } })
  const rows = async (): Promise<readonly JournalRow[]> => {
    const { rows } = await storedIn(kept.killer.page)
    return rows.filter(({ outside, origin }) => outside !== undefined && origin === new URL(page.url()).origin)
  }
  const open = async () => (await rows()).filter(({ status }) => status !== 'settled').map(({ hash }) => hash)
  return {
    page,
    chain,
    invoke,
    open,
    move: (id: string) =>
      invoke(id, [{ contract_address: fixtures.game, entry_point: 'move', calldata: ['0x1', '0x2'] }]),
    asks: async (asked: Asks) => {
      const { window, answer } = await clickFor(page, 'wallet_requestSession', asked(shared))
      await expect(window.getByRole('button', { name: 'Allow session' })).toBeVisible({ timeout: 30_000 })
      return {
        window,
        allow: async () => {
          await kept.person.allowAsAsked(window, 'Allow session')
          const outcome = await answer
          expect(outcome).toMatchObject({ result: { status: 'active' } })
          return (outcome.result as { id: string }).id
        },
      }
    },
    /** Everything is settled; the book has it as often as the chain, and with the same amounts. */
    agrees: async (session: string, { moves, fee, spent = 0n }: { moves: number; fee: bigint; spent?: bigint }) => {
      await expect.poll(open, { timeout: 60_000 }).toEqual([])
      const own = (await rows()).filter((row) => row.session === session && row.end === 'accepted')
      for (const { hash, outside } of own) {
        const { events } = await devnet.rpc<{ events: readonly { transaction_hash: string }[] }>('starknet_getEvents', {
          filter: {
            address: kept.address,
            keys: [[EVENTS.TransactionExecuted], [hash]],
            from_block: { block_number: 0 },
            chunk_size: 10,
          },
        })
        expect(events.map(({ transaction_hash }) => BigInt(transaction_hash))).toEqual([
          BigInt(outside?.transaction ?? 0),
        ])
      }
      const { books } = await storedIn(kept.killer.page)
      const book = books.find((it) => it.session === session)
      const base: Readonly<Record<string, string>> = book?.base ?? {}
      const sum = (kind: string) => {
        const settled = Object.entries(base).filter(([meter]) => meter.startsWith(kind))
        const recent = (book?.bookings ?? []).filter(({ meter }) => meter.startsWith(kind))
        return [...settled.map(([, it]) => it), ...recent.map(({ amount }) => amount)]
          .map(BigInt)
          .reduce((total, it) => total + it, 0n)
      }
      expect({ calls: own.length, tx: sum('tx'), fee: sum('fee:'), spent: sum('spend:') }).toEqual({
        calls: moves,
        tx: BigInt(moves),
        fee,
        spent,
      })
    },
  }
}

function call(devnet: Devnet, contract: string, name: string, calldata: readonly string[]): Promise<string[]> {
  const asked = { contract_address: contract, entry_point_selector: selectorOf(name), calldata }
  return devnet.rpc<string[]>('starknet_call', { block_id: 'latest', request: asked })
}
