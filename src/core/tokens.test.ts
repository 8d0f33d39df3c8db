import { byteArray, CallData } from 'starknet'
import { describe, expect, it } from 'vitest'
import { STRK } from './account.ts'
import { address, type Felt, felt, shortString } from './felt.ts'
import { amountOf, bundled, decimalsOf, lookAlike, symbolOf } from './tokens.ts'

const bytes = (text: string): Felt[] =>
  CallData.compile([byteArray.byteArrayFromString(text)]).map((it) => felt(BigInt(it)))
/** By hand: starknet.js writes no text beyond ASCII. */
const utf8 = (text: string): Felt[] => {
  const hex = Buffer.from(text).toString('hex')
  return [felt(0), felt(`0x${hex}`), felt(hex.length / 2)]
}
const OTHER = address('0xbad')

describe('bundled', () => {
  it.each(['mainnet', 'sepolia', 'devnet'] as const)(
    '%s: the fee token first, no address and no symbol twice',
    (network) => {
      const tokens = bundled(network)
      expect(tokens[0]?.address).toBe(STRK)
      expect(new Set(tokens.map((it) => it.address)).size).toBe(tokens.length)
      for (const token of tokens) expect(lookAlike(token, tokens)).toBeUndefined()
    },
  )
  it('a token of mainnet is none of a test network', () => {
    const mainnet = bundled('mainnet').find(({ symbol }) => symbol === 'USDC')
    const sepolia = bundled('sepolia').find(({ symbol }) => symbol === 'USDC')
    expect(mainnet?.address).not.toBe(sepolia?.address)
    expect(bundled('devnet').map(({ symbol }) => symbol)).toEqual(['STRK', 'ETH'])
  })
})

describe('symbolOf', () => {
  it.each(['A', 'USDC', 'USDC.e', 'wstETH', 'ABCDEFGHIJKLMNOP'])(
    '%s as a short string and as a ByteArray',
    (symbol) => {
      expect(symbolOf([shortString(symbol)])).toBe(symbol)
      expect(symbolOf(bytes(symbol))).toBe(symbol)
    },
  )
  it.each([
    ['nothing', []],
    ['zero', [felt(0)]],
    ['an empty ByteArray', bytes('')],
    ['a space, which hides', [shortString('US DC')]],
    ['a direction sign', utf8('US\u202eDC')],
    ['a letter of another alphabet', utf8('USD\u0421')],
    ['a control sign', [felt(0x555344430a)]],
    ['seventeen signs', bytes('ABCDEFGHIJKLMNOPQ')],
    ['a word more than it says', [felt(0), felt(0x41), felt(1), felt(0)]],
    ['a word less', [felt(1), felt(0x41), felt(1)]],
    ['a rest longer than its length', [felt(0), felt(0x4142), felt(1)]],
    ['a length beyond a word', [felt(0), felt(0x41), felt(31)]],
    ['as many words as a felt holds', [felt(2n ** 250n), felt(0x41), felt(1)]],
    ['two felts', [felt(0x41), felt(0x42)]],
  ] as const)('refuses: %s', (_, answer) => {
    expect(symbolOf(answer)).toBeUndefined()
  })
})

it('decimals are one number up to 77', () => {
  expect(decimalsOf([felt(0)])).toBe(0)
  expect(decimalsOf([felt(18)])).toBe(18)
  expect(decimalsOf([felt(77)])).toBe(77)
  expect(decimalsOf([felt(78)])).toBeUndefined()
  expect(decimalsOf([felt(18), felt(0)])).toBeUndefined()
  expect(decimalsOf([])).toBeUndefined()
})

it('an amount is exactly two limbs', () => {
  expect(amountOf([felt(5), felt(1)])).toBe((2n ** 128n + 5n).toString())
  expect(amountOf([felt(2n ** 128n), felt(0)])).toBeUndefined()
  expect(amountOf([felt(0), felt(2n ** 128n)])).toBeUndefined()
  expect(amountOf([felt(1)])).toBeUndefined()
  expect(amountOf([felt(1), felt(0), felt(0)])).toBeUndefined()
})

describe('lookAlike', () => {
  const known = bundled('mainnet')
  it.each(['STRK', 'strk', 'USDC', 'U5DC', 'usdc', '$TRK', 'W8TC', 'VVBTC', 'USDC.E'])(
    '%s is taken for a listed one',
    (symbol) => {
      expect(lookAlike({ address: OTHER, symbol }, known)).toBeDefined()
    },
  )
  it.each(['USDCX', 'LORDS', 'xSTRK'])('%s is another', (symbol) => {
    expect(lookAlike({ address: OTHER, symbol }, known)).toBeUndefined()
  })
  it('a listed token is not taken for itself', () => {
    expect(lookAlike({ address: STRK, symbol: 'STRK' }, known)).toBeUndefined()
  })
})
