import { describe, expect, test } from 'vitest'
import { STRK } from '../account.ts'
import { type Felt, felt, u256 } from '../felt.ts'
import { type ChainEvent, outflow, receiptOutflow } from './outflow.ts'
import { ACCOUNT, FRIEND, GAME, limbs, STRANGER, USD } from './samples.ts'

const TRANSFER = felt('0x99cd8bde557814842a3121e8ddfd433a539b8c9f14bf31ebf108d12e6196e9')
const SINGLE = felt('0x182d859c0807ba9db63baf8b9d9fdbfeb885d820be6e206b9dab626d995c433')
const keyed = (token: Felt, from: Felt, to: Felt, amount: bigint): ChainEvent => ({
  from: token,
  keys: [TRANSFER, from, to],
  data: limbs(amount),
})
const older = (token: Felt, from: Felt, to: Felt, amount: bigint): ChainEvent => ({
  from: token,
  keys: [TRANSFER],
  data: [from, to, ...limbs(amount)],
})

describe('outflow', () => {
  test('is net, per token, of both shapes an ERC-20 has', () => {
    const events = [
      keyed(STRK, ACCOUNT, FRIEND, 10n),
      keyed(STRK, FRIEND, ACCOUNT, 4n),
      older(USD, ACCOUNT, FRIEND, 2n ** 128n),
      keyed(STRK, FRIEND, STRANGER, 99n),
    ]
    expect(outflow(events, ACCOUNT)).toEqual({ out: { [STRK]: u256(6n), [USD]: u256(2n ** 128n) }, items: {}, odd: [] })
  })

  test('more in than out is no outflow, and to oneself nothing leaves', () => {
    expect(outflow([keyed(STRK, FRIEND, ACCOUNT, 4n), keyed(STRK, ACCOUNT, ACCOUNT, 9n)], ACCOUNT).out).toEqual({})
  })

  test('faked Transfer events', () => {
    const events: ChainEvent[] = [
      keyed(GAME, ACCOUNT, FRIEND, 3n), // by another contract: that contract's token, not STRK
      { from: STRK, keys: [TRANSFER, ACCOUNT], data: limbs(3n) },
      { from: USD, keys: [TRANSFER, ACCOUNT, FRIEND], data: [felt(2n ** 128n), felt(0)] },
      { from: GAME, keys: [felt('0x1')], data: [ACCOUNT, FRIEND, felt(1), felt(0)] },
    ]
    expect(outflow(events, ACCOUNT)).toEqual({ out: { [GAME]: u256(3n) }, items: {}, odd: [STRK, USD] })
  })

  test('an id is not an amount', () => {
    const nft: ChainEvent = { from: GAME, keys: [TRANSFER, ACCOUNT, FRIEND, ...limbs(4012n)], data: [] }
    const multi: ChainEvent = { from: USD, keys: [SINGLE, FRIEND, ACCOUNT, FRIEND], data: [...limbs(1n), ...limbs(2n)] }
    expect(outflow([nft, multi], ACCOUNT)).toEqual({
      out: {},
      items: { [GAME]: '1', [USD]: '2' },
      odd: [GAME, USD],
    })
    expect(outflow([{ ...nft, keys: [TRANSFER, FRIEND, ACCOUNT, ...limbs(1n)] }], ACCOUNT).items).toEqual({})
    expect(outflow([older(GAME, ACCOUNT, FRIEND, 0n)], ACCOUNT).items).toEqual({ [GAME]: '1' })
    expect(outflow([keyed(GAME, ACCOUNT, FRIEND, 0n)], ACCOUNT).items).toEqual({})
  })

  test('amounts of a hostile token do not overflow', () => {
    const most = 2n ** 256n - 1n
    expect(outflow([keyed(GAME, ACCOUNT, FRIEND, most), keyed(GAME, ACCOUNT, FRIEND, most)], ACCOUNT).out[GAME]).toBe(
      u256(most),
    )
  })
})

describe('receiptOutflow', () => {
  const fee = { token: STRK, paid: u256(7n), sequencer: felt('0x5e9') }

  test('fee transfer is not spend', () => {
    const events = [keyed(STRK, ACCOUNT, FRIEND, 10n), keyed(STRK, ACCOUNT, fee.sequencer, 7n)]
    expect(receiptOutflow(events, ACCOUNT, fee).out).toEqual({ [STRK]: u256(10n) })
  })

  test('only the last event, to the sequencer, over exactly the fee is the fee', () => {
    const spent = (events: ChainEvent[]) => receiptOutflow(events, ACCOUNT, fee).out[STRK]
    expect(spent([keyed(STRK, ACCOUNT, fee.sequencer, 7n), keyed(STRK, ACCOUNT, FRIEND, 10n)])).toBe(u256(17n))
    expect(spent([keyed(STRK, ACCOUNT, fee.sequencer, 8n)])).toBe(u256(8n))
    expect(spent([keyed(STRK, ACCOUNT, FRIEND, 7n)])).toBe(u256(7n))
    expect(receiptOutflow([keyed(USD, ACCOUNT, fee.sequencer, 7n)], ACCOUNT, fee).out).toEqual({ [USD]: u256(7n) })
  })
})
