import type { Page } from '@playwright/test'
import { selectorOf } from '../../src/starknet/selector.ts'
import { expect, test } from '../kept.ts'
import { clickFor, request, windowsFrom } from '../site.ts'

test.use({ story: 'a-crowd' })

const CALLS = 1_000
const ROOM = 100
const STRK = '0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d'
const coins = (n: number) => BigInt(n) * 10n ** 18n

test('R12: of 1,000 calls at once from two tabs, with room for 100, exactly 100 are signed and 900 are told why not', async ({
  kept,
  devnet,
  fixtures,
}) => {
  test.setTimeout(300_000)
  const { address, node } = kept
  await devnet.account.execute({
    contractAddress: fixtures.token,
    entrypoint: 'mint',
    calldata: [address, '1000', '0'],
  })
  const [page, tab] = [await kept.player(), await kept.player()]
  // One coin of it each, and at most a hundred: read on the chain as a balance.
  const ask = {
    calls: [{ contract_address: fixtures.token, entry_point: 'transfer' }],
    spend_limits: [{ token: fixtures.token, total: String(ROOM), per_call: '1' }],
    fees: { max_total: String(coins(50)) },
    duration: 3_600,
  }
  const { window, answer } = await clickFor(page, 'wallet_requestSession', ask)
  await kept.person.allow(window, 'Allow session')
  const { id } = (await answer).result as Session
  const windows = windowsFrom(page)
  const first = await nonce()
  const before = { own: await balance(fixtures.token, address), paid: await balance(fixtures.token, fixtures.game) }
  const strk = await balance(STRK, address)
  node.mark()

  const finals = (await Promise.all([page, tab].map((it) => crowd(it, CALLS / 2)))).flat()
  const hashes = finals.flatMap(({ hash }) => hash ?? [])
  const refused = finals.filter(({ hash }) => hash === undefined)
  expect([hashes.length, refused.length]).toEqual([ROOM, CALLS - ROOM])
  const meter = `spend:${fixtures.token}`
  const full = {
    code: 214,
    data: {
      session_id: id,
      limit: 'spend',
      left: '0',
      wanted: '1',
      reasons: [{ code: 'spendCap', meter, left: '0', wanted: '1' }],
    },
  }
  // One that was judged while many were under way is told that too; it is no other refusal for it.
  for (const { code, data } of refused) {
    const reasons = data?.reasons?.filter((it) => it.code !== 'inFlight')
    expect({ code, data: { ...data, reasons } }).toEqual(full)
  }
  expect(windows.count()).toBe(0)

  // One transaction each, never a try more, and the chain has them in one unbroken line.
  const sent = () => node.since().filter((method) => method === 'starknet_addInvokeTransaction').length
  expect(sent()).toBe(ROOM)
  const mined = await Promise.all(hashes.map(minedAs))
  expect(mined.map((it) => it.nonce).sort((a, b) => a - b)).toEqual(
    Array.from({ length: ROOM }, (_, at) => Number(first) + at),
  )
  expect(mined.filter(({ status }) => status !== 'SUCCEEDED')).toEqual([])
  expect(await nonce()).toBe(first + BigInt(ROOM))

  // What the wallet's book says is what the chain did, to the last unit.
  await expect.poll(async () => (await meters()).every(({ held }) => held === '0'), { timeout: 60_000 }).toBe(true)
  const used = new Map((await meters()).map((it) => [it.id, it]))
  expect(used.get(meter)).toMatchObject({ used: String(ROOM), left: '0' })
  expect(used.get('tx')).toMatchObject({ used: String(ROOM) })
  const fees = mined.reduce((sum, { fee }) => sum + fee, 0n)
  expect(used.get(`fee:${STRK}`)).toMatchObject({ used: String(fees) })
  expect(strk - (await balance(STRK, address))).toBe(fees)
  expect(before.own - (await balance(fixtures.token, address))).toBe(BigInt(ROOM))
  expect((await balance(fixtures.token, fixtures.game)) - before.paid).toBe(BigInt(ROOM))

  /** Each of them asks at once; one that is told that too many wait asks again, until it has its answer. */
  function crowd(page: Page, count: number): Promise<Final[]> {
    const call = { contract_address: fixtures.token, entry_point: 'transfer', calldata: [fixtures.game, '0x1', '0x0'] }
    const params = { calls: [call], session: { mode: 'only', id } }
    return page.evaluate(
      ({ count, params }) => {
        const { starknet_latchkey: wallet } = window as unknown as InPage
        const once = async (): Promise<Outcome> => {
          try {
            return { hash: (await wallet.request({ type: 'wallet_addInvokeTransaction', params })).transaction_hash }
          } catch (error) {
            const { code, data = {} } = error as Required<Outcome>
            return { code, data }
          }
        }
        const isTooMany = ({ code, data }: Outcome) =>
          (code === 163 && data?.reason === 'busy') ||
          (code === 214 && data?.reasons?.every((it) => it.code === 'inFlight') === true)
        let waiting = count
        const final = async (): Promise<Final> => {
          for (let asks = 1; ; asks += 1) {
            const outcome = await once()
            if (!isTooMany(outcome)) {
              waiting -= 1
              return { ...outcome, asks }
            }
            const wait = Math.max(0, (outcome.data?.retry_at ?? 0) * 1_000 - Date.now())
            // Spread over the time that those who wait here will take, at 10 a second for each of the two tabs.
            await new Promise((resolve) => setTimeout(resolve, wait + Math.random() * waiting * 100))
          }
        }
        return Promise.all(Array.from({ length: count }, final))
      },
      { count, params },
    )
  }
  function nonce() {
    return devnet.rpc<string>('starknet_getNonce', { block_id: 'latest', contract_address: address }).then(BigInt)
  }
  async function balance(token: string, of: string) {
    const [low = '0'] = await devnet.rpc<string[]>('starknet_call', {
      request: { contract_address: token, entry_point_selector: selectorOf('balance_of'), calldata: [of] },
      block_id: 'latest',
    })
    return BigInt(low)
  }
  async function minedAs(transaction_hash: string) {
    const { nonce } = await devnet.rpc<{ nonce: string }>('starknet_getTransactionByHash', { transaction_hash })
    const { execution_status, actual_fee } = await devnet.rpc<{
      execution_status: string
      actual_fee: { amount: string }
    }>('starknet_getTransactionReceipt', { transaction_hash })
    return { nonce: Number(nonce), status: execution_status, fee: BigInt(actual_fee.amount) }
  }
  /** Those of its whole life: a window that rolls forgets. */
  async function meters() {
    const { result } = await request(page, 'wallet_getSessions', { ids: [id], include_ended: true })
    const [session] = result as { meters: (Meter & { window: unknown })[] }[]
    return (session?.meters ?? []).filter(({ window }) => window === 'session')
  }
})

interface Session {
  readonly id: string
}
interface Meter {
  readonly id: string
  readonly used: string
  readonly held: string
  readonly left: string
}
interface Outcome {
  readonly hash?: string
  readonly code?: number
  readonly data?: {
    readonly reason?: string
    readonly retry_at?: number
    readonly limit?: string
    readonly reasons?: readonly { readonly code: string }[]
  }
}
type Final = Outcome & { readonly asks: number }
interface InPage {
  readonly starknet_latchkey: { request(call: object): Promise<{ transaction_hash: string }> }
}
