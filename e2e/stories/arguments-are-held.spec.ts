import { selectorOf } from '../../src/starknet/selector.ts'
import { SENT } from '../desk.ts'
import { expect, test } from '../kept.ts'
import { PASSWORD } from '../person.ts'
import { clickFor, request, windowsFrom } from '../site.ts'

test.use({ story: 'arguments-are-held' })

const INVOKE = 'wallet_addInvokeTransaction'

test('what a call may carry is asked in words, and nothing else is signed: values, blocked values, running totals', async ({
  kept,
  devnet,
  fixtures,
}) => {
  test.setTimeout(180_000)
  const read = async (name: string) => {
    const request = {
      contract_address: fixtures.game,
      entry_point_selector: selectorOf(name),
      calldata: [kept.address],
    }
    return devnet.rpc<string[]>('starknet_call', { request, block_id: 'latest' })
  }
  const { person } = kept
  const page = await kept.visitor()
  const act = { contract_address: fixtures.game, entry_point: 'doAction' }
  const { window, answer } = await clickFor(page, 'wallet_requestSession', {
    calls: [
      {
        ...act,
        args: { at: 'n', op: 'lte', value: '3' },
        sums: [{ at: 'n', caps: [{ amount: '5' }] }],
        required: true,
      },
    ],
    deny: [{ ...act, args: [{ at: 0, op: 'eq', value: '0x2' }] }],
  })
  for (const said of [
    'n at most 3',
    'n adds up to at most 5 in all',
    /^Call doAction on .* with raw value 0 exactly 2$/,
  ])
    await expect(window.getByText(said)).toBeVisible()
  await person.allow(window, 'Allow session', PASSWORD)
  const session = (await answer).result as { id: string; policy: { calls: object[]; deny: object[] } }
  // As the contract's own class reads it.
  expect(session.policy.calls).toMatchObject([
    {
      args: { at: 'n', as: 'felt', op: 'lte', value: '0x3' },
      sums: [{ at: 'n', as: 'felt', caps: [{ amount: '5', window: 'session' }] }],
    },
  ])
  expect(session.policy.deny).toMatchObject([{ args: [{ at: 0, as: 'felt', op: 'eq', value: '0x2' }] }])

  const windows = windowsFrom(page)
  const only = (...felts: string[]) =>
    request(page, INVOKE, { calls: [{ ...act, calldata: felts }], session: { mode: 'only', id: session.id } })
  const refused = (...codes: string[]) => ({
    code: 213,
    data: { call: 0, reasons: codes.map((code) => ({ code, call: 0 })) },
  })
  expect(await only('0x3')).toEqual(SENT)
  expect(await only('0x4')).toMatchObject(refused('argRule'))
  // A felt that is missing is not zero: it is unknown, which a deny rule blocks. One more is not ignored.
  expect(await only()).toMatchObject(refused('denied', 'argRule'))
  expect(await only('0x1', '0x1')).toMatchObject(refused('argRule'))
  expect(await only('0x2')).toMatchObject(refused('denied'))
  expect(await only('0x3')).toMatchObject({
    code: 214,
    data: { limit: 'spend', left: '2', wanted: '3', reasons: [{ code: 'sumCap', meter: 'sum:r0:0' }] },
  })
  expect(await only('0x1')).toEqual(SENT)
  expect(windows.count()).toBe(0)
  // What the chain has is what was signed: two acts, the last of them 1.
  await expect.poll(() => read('actions')).toEqual(['0x2'])
  expect(await read('last_action')).toEqual(['0x1'])

  // Without `only` the person is asked, and reads why.
  const asked = await clickFor(page, INVOKE, { calls: [{ ...act, calldata: ['0x4'] }] })
  await expect(asked.window.getByText(/: only with n at most 3; the site sent 4\.$/)).toBeVisible()
  await person.refuse(asked.window)
  expect(await asked.answer).toMatchObject({ code: 113 })
})
