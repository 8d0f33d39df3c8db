import { describe, expect, it } from 'vitest'
import { type Address, type Felt, felt } from '../core/felt.ts'
import { verify } from './curve.ts'
import { type InvokeV1, invokeHashV1 } from './invoke-v1.ts'
import { selectorOf } from './selector.ts'

const SENDER = '0x42a676b6b29db00fdd59342c671340d42d6f64e11afff6c841a55dc02541a4d' as Address
const KEY = felt('0x31b88d91e173d70b5bd284f7a898d99005d9ade236ee671e0db0078996aa599')
const call = (to: string, name: string, ...calldata: readonly string[]) => ({
  to: to as Address,
  selector: selectorOf(name),
  calldata: calldata as Felt[],
})
const ONE: InvokeV1 = {
  chainId: felt('0x534e5f5345504f4c4941'),
  sender: SENDER,
  calls: [
    call('0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d', 'transfer', ...['0x5', '0x7', '0x0']),
  ],
  nonce: felt(3),
  maxFee: felt(123456789012345n),
}
const TWO: InvokeV1 = {
  ...ONE,
  calls: [call('0x111', 'move', '0x1', '0x2'), call('0x222', 'reset')],
  nonce: felt(0),
  maxFee: felt(0),
}

describe('the hash of a version 1 transaction', () => {
  // Made with starknet 6.11.0: hash.calculateInvokeTransactionHash and Signer.signTransaction, cairoVersion "1".
  it.each([
    [
      ONE,
      '0x1ebff742a651e9235a598d57e67d8e1ade6302ddbfd6332b4239e135f8752f3',
      '0x7930b838c728ca42a2af0b3d2a1e7bde39fd928888827c92fe99b808c705648',
      '0x4d4524a3e5ba304c6e1e8a007daefaa526e9d903123e6166691503a1e3fef2',
    ],
    [
      TWO,
      '0x1025ec166a2ee2d15eb7e0523c96d304e437f2dcdc431c6f984d8aa0fbf5356',
      '0x1d9ac03483af553f07d426b5577a6ab05d5c6fccd4848f5ea946ea76ff610ac',
      '0x29270c0ea3cc2b42c136e28adf5817c6f9ea595c1648c57f8249df9aaf53b33',
    ],
  ])('equals starknet.js 6, and what its signer made of it verifies', (parts, hash, r, s) => {
    expect(invokeHashV1(parts)).toBe(hash)
    expect(verify(invokeHashV1(parts), { r: felt(r), s: felt(s) }, KEY)).toBe(true)
  })

  it('is another one for another nonce, fee, chain, sender and call', () => {
    const others: Partial<InvokeV1>[] = [
      { nonce: felt(4) },
      { maxFee: felt(1) },
      { chainId: felt(1) },
      { sender: '0x1' as Address },
      { calls: TWO.calls },
      { calls: [...ONE.calls, ...TWO.calls] },
    ]
    const hashes = others.map((other) => invokeHashV1({ ...ONE, ...other }))
    expect(new Set([invokeHashV1(ONE), ...hashes]).size).toBe(others.length + 1)
  })
})
