import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { STRK } from './account.ts'
import { MONEY, moneyKind, tokenMove } from './call.ts'
import { type Felt, felt } from './felt.ts'
import { ACCOUNT, call, FRIEND, limbs, MOVE, moneySelector, transfer, transferFrom } from './policy/samples.ts'

const LIMB = 2n ** 128n

describe('tokenMove', () => {
  test('an entrypoint outside the table moves nothing that calldata shows', () => {
    expect(tokenMove(call(STRK, MOVE, [FRIEND, felt(1), felt(0)]), ACCOUNT)).toBeUndefined()
    expect(moneyKind(MOVE)).toBeUndefined()
  })

  test('transfer moves the sender’s balance, transfer_from the named one’s', () => {
    expect(tokenMove(transfer(STRK, FRIEND, 7n), ACCOUNT)).toEqual({
      does: 'send',
      from: ACCOUNT,
      to: FRIEND,
      amount: 7n,
    })
    expect(tokenMove(transferFrom(STRK, FRIEND, ACCOUNT, 7n), ACCOUNT)).toEqual({
      does: 'send',
      from: FRIEND,
      to: ACCOUNT,
      amount: 7n,
    })
  })

  test('snake and camel spellings are two selectors', () => {
    for (const [a, b] of [
      ['increase_allowance', 'increaseAllowance'],
      ['decrease_allowance', 'decreaseAllowance'],
      ['transfer_from', 'transferFrom'],
      ['set_approval_for_all', 'setApprovalForAll'],
      ['safe_transfer_from', 'safeTransferFrom'],
      ['safe_batch_transfer_from', 'safeBatchTransferFrom'],
      ['batch_transfer_from', 'batchTransferFrom'],
    ] as const) {
      const [snake, camel] = [moneySelector(a), moneySelector(b)]
      expect(snake).not.toBe(camel)
      expect(moneyKind(snake)).toBe(moneyKind(camel))
      const calldata = [FRIEND, ...limbs(5n)]
      expect(tokenMove(call(STRK, snake, calldata), ACCOUNT)).toEqual(tokenMove(call(STRK, camel, calldata), ACCOUNT))
    }
  })

  test('approve and increase allow, decrease moves nothing', () => {
    const said = (name: string) => tokenMove(call(STRK, moneySelector(name), [FRIEND, ...limbs(9n)]), ACCOUNT)
    expect(said('approve')).toEqual({ does: 'allow', how: 'approve', spender: FRIEND, amount: 9n })
    expect(said('increaseAllowance')).toEqual({ does: 'allow', how: 'increase', spender: FRIEND, amount: 9n })
    expect(said('decrease_allowance')).toEqual({ does: 'disallow', spender: FRIEND, amount: 9n })
  })

  test('wrong calldata length is not zero', () => {
    for (const [name, selector] of MONEY) {
      const kind = moneyKind(call(STRK, moneySelector(name)).selector)
      const right = kind === 'transferFrom' ? 4 : 3
      const felts: Felt[] = Array.from({ length: 9 }, () => felt(0))
      for (const length of [0, right - 1, right + 1]) {
        expect(tokenMove(call(STRK, selector as never, felts.slice(0, length)), ACCOUNT), name).toEqual({
          does: 'malformed',
        })
      }
    }
  })

  test('high limb, limb overflow, felt overflow', () => {
    expect(tokenMove(transfer(STRK, FRIEND, LIMB), ACCOUNT)).toMatchObject({ amount: LIMB })
    expect(tokenMove(transfer(STRK, FRIEND, LIMB * LIMB - 1n), ACCOUNT)).toMatchObject({ amount: LIMB * LIMB - 1n })
    for (const [low, high] of [
      [LIMB, 0n],
      [0n, LIMB],
      [LIMB, LIMB],
    ] as const) {
      const calldata = [FRIEND, felt(low), felt(high)]
      expect(tokenMove(call(STRK, moneySelector('transfer'), calldata), ACCOUNT)).toEqual({ does: 'malformed' })
    }
  })

  test('entrypoints that only collections have cannot be counted as amounts', () => {
    const felts = [FRIEND, FRIEND, ...limbs(1n), felt(0)]
    for (const name of ['set_approval_for_all', 'safeTransferFrom', 'safe_batch_transfer_from', 'batchTransferFrom']) {
      for (let length = 0; length <= 5; length++) {
        expect(tokenMove(call(STRK, moneySelector(name), felts.slice(0, length)), ACCOUNT)).toEqual({
          does: 'malformed',
        })
      }
    }
  })

  test('property: an amount is read as it was written', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: LIMB * LIMB - 1n }), (amount) => {
        expect(tokenMove(transfer(STRK, FRIEND, amount), ACCOUNT)).toEqual({
          does: 'send',
          from: ACCOUNT,
          to: FRIEND,
          amount,
        })
      }),
      { numRuns: 500 },
    )
  })
})
