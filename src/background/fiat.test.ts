import { beforeEach, describe, expect, it } from 'vitest'
import { STRK } from '../core/account.ts'
import { address, type Felt, felt, shortString, u256 } from '../core/felt.ts'
import { bundled } from '../core/tokens.ts'
import { nodeError } from '../platform/node-error.ts'
import { createFiat, priceIn } from './fiat.ts'

const NOW = 1_900_000_000
/** 0.12345678 USD, 8 decimals, of so many sources. */
const answer = (price: bigint, at = NOW - 10, sources = 5): Felt[] => [
  felt(price),
  felt(8),
  felt(at),
  felt(sources),
  felt(1),
]
const strk = bundled('mainnet')[0]!
const usdc = bundled('mainnet').find(({ symbol }) => symbol === 'USDC')!

let now: number
let answers: (readonly Felt[] | undefined)[]
let asked: { readonly to: string; readonly calldata: readonly Felt[] }[]
let fiat: ReturnType<typeof createFiat>
let silent: boolean
beforeEach(() => {
  now = NOW
  silent = false
  asked = []
  answers = [answer(12_345_678n), answer(300_000_000_000n), answer(100_000_000n), answer(100_000_000n), undefined]
  const node = {
    callEach: async (calls: typeof asked) => {
      if (silent) throw nodeError('silent')
      asked.push(...calls)
      return answers
    },
  }
  fiat = createFiat({ nodes: { of: async () => node as never }, now: () => now })
})
const cents = (token = strk, held = 10n ** 18n) => fiat.of('mainnet', token, u256(held))?.args?.amount

it('asks the oracle of the network for the median of each pair, in one go', async () => {
  await fiat.refresh('mainnet')
  expect(asked).toHaveLength(5)
  expect(asked[0]).toMatchObject({
    to: '0x2a85bd616f912537c50a49a4076db02c00b29b2cdc8a197ce92ed1837fa875b',
    calldata: ['0x0', shortString('STRK/USD')],
  })
})
it('an amount is in cents, by the decimals of token and price', async () => {
  await fiat.refresh('mainnet')
  expect(cents(strk, 10n ** 20n)).toMatchObject({
    kind: 'amount',
    amount: '1234',
    token: { symbol: 'USD', decimals: 2 },
  })
  expect(cents(usdc, 2_500_000n)).toMatchObject({ amount: '250' })
})

describe('hidden', () => {
  it.each([
    ['older than an hour', [answer(1n, NOW - 3_601)]],
    ['from fewer than three', [answer(1n, NOW, 2)]],
    ['zero', [answer(0n)]],
    ['cut', [[felt(1), felt(8)]]],
    ['of absurd decimals', [[felt(1), felt(2n ** 100n), felt(NOW), felt(5)]]],
    ['no answer', [undefined]],
  ] as const)('%s', async (_, given) => {
    answers = [...given]
    await fiat.refresh('mainnet')
    expect(cents()).toBeUndefined()
  })
  it('when it grows old without a new one', async () => {
    await fiat.refresh('mainnet')
    expect(cents()).toBeDefined()
    now += 3_600
    silent = true
    await fiat.refresh('mainnet')
    expect(cents()).toBeUndefined()
  })
  it('of a token that the person added, whatever it calls itself', async () => {
    await fiat.refresh('mainnet')
    expect(cents({ address: address('0xbad'), symbol: 'STRK', decimals: 18, added: true })).toBeUndefined()
  })
  it('on a network without an oracle: nobody is asked', async () => {
    await fiat.refresh('devnet')
    expect(asked).toEqual([])
    expect(fiat.of('devnet', { ...strk, address: STRK }, u256(1n))).toBeUndefined()
  })
})
it('is not asked again within five minutes', async () => {
  await fiat.refresh('mainnet')
  now += 299
  await fiat.refresh('mainnet')
  expect(asked).toHaveLength(5)
  now += 1
  await fiat.refresh('mainnet')
  expect(asked).toHaveLength(10)
})
it('what is no price is none', () => {
  expect(priceIn(undefined)).toBeUndefined()
  expect(priceIn([])).toBeUndefined()
  expect(priceIn(answer(5n))).toEqual({ price: 5n, decimals: 8, at: NOW - 10 })
})
