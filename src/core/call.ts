import type { Address, Felt, Selector } from './felt.ts'
import { MAX_U128 } from './felt.ts'
import type { Call } from './policy/policy.ts'

/** What an entrypoint of the money table does, by its selector alone (policy.md 6.1). */
export type MoneyKind =
  | 'transfer'
  | 'transferFrom'
  | 'approve'
  | 'increase'
  | 'decrease'
  | 'approveAll'
  | 'safeTransfer'
  | 'safeBatchTransfer'
  | 'batchTransfer'

/** Each spelling is a selector of its own: a rule for one says nothing about the other. */
export const MONEY: readonly (readonly [name: string, selector: string, kind: MoneyKind])[] = [
  ['transfer', '0x83afd3f4caedc6eebf44246fe54e38c95e3179a5ec9ea81740eca5b482d12e', 'transfer'],
  ['approve', '0x219209e083275171774dab1df80982e9df2096516f06319c5c6d71ae0a8480c', 'approve'],
  ['increase_allowance', '0x1d13ab0a76d7407b1d5faccd4b3d8a9efe42f3d3c21766431d4fafb30f45bd4', 'increase'],
  ['increaseAllowance', '0x16cc063b8338363cf388ce7fe1df408bf10f16cd51635d392e21d852fafb683', 'increase'],
  ['decrease_allowance', '0x3b076186c19fe96221e4dfacd40c519f612eae02e0555e4e115a2a6cf2f1c1f', 'decrease'],
  ['decreaseAllowance', '0x1aaf3e6107dd1349c81543ff4221a326814f77dadcc5810807b74f1a49ded4e', 'decrease'],
  ['transfer_from', '0x3704ffe8fba161be0e994951751a5033b1462b918ff785c0a636be718dfdb68', 'transferFrom'],
  ['transferFrom', '0x41b033f4a31df8067c24d1e9b550a2ce75fd4a29e1147af9752174f0e6cb20', 'transferFrom'],
  ['set_approval_for_all', '0xd86ca3d41635e20c180181046b11abcf19e1bdef3dcaa4c180300ccca1813f', 'approveAll'],
  ['setApprovalForAll', '0x2d4c8ea4c8fb9f571d1f6f9b7692fff8e5ceaf73b1df98e7da8c1109b39ae9a', 'approveAll'],
  ['safe_transfer_from', '0x16f0218b33b5cf273196787d7cf139a9ad13d58e6674dcdce722b3bf8389863', 'safeTransfer'],
  ['safeTransferFrom', '0x19d59d013d4aa1a8b1ce4c8299086f070733b453c02d0dc46e735edc04d6444', 'safeTransfer'],
  [
    'safe_batch_transfer_from',
    '0x3556ee435402e506fc85acb898a9acb9daf2855fdec20673ec29a8cb1196cb7',
    'safeBatchTransfer',
  ],
  ['safeBatchTransferFrom', '0x23cc35d21c405aa7adf1f3afcf558aec0dbe6a45cade725420609aef87e9035', 'safeBatchTransfer'],
  ['batch_transfer_from', '0x1655e9417d4dde9cefb5e88c40d679475f1dc56cf2bc5b1e71889ab95b360ca', 'batchTransfer'],
  ['batchTransferFrom', '0xdf3dbd81b2111157de71891fc18d72efee473067b6a4115c72e3daa9fcbd22', 'batchTransfer'],
]

const kinds: ReadonlyMap<string, MoneyKind> = new Map(MONEY.map(([, selector, kind]) => [selector, kind]))

/** Whether an entrypoint moves money or gives others leave to, whatever contract it is called on. */
export function moneyKind(selector: Selector): MoneyKind | undefined {
  return kinds.get(selector)
}

/** What a call on an ERC-20 says it moves, in base units. It may do something else: the receipt has the last word. */
export type TokenMove =
  | { readonly does: 'send'; readonly from: Felt; readonly to: Felt; readonly amount: bigint }
  /** `increase` adds to what there is, `approve` replaces it. */
  | { readonly does: 'allow'; readonly how: 'approve' | 'increase'; readonly spender: Felt; readonly amount: bigint }
  /** Takes off an allowance: moves nothing. */
  | { readonly does: 'disallow'; readonly spender: Felt; readonly amount: bigint }
  | { readonly does: 'malformed' }

/**
 * Reads a call on an ERC-20 contract by the money table; `undefined` when its entrypoint is not in it. A wrong number of
 * felts or a limb of 2^128 and more is `malformed`, also the entrypoints that only collections have: whatever they do
 * here, it cannot be counted.
 *
 * @param account the sender of the transaction: `transfer` moves its balance
 */
export function tokenMove(call: Call, account: Address): TokenMove | undefined {
  const kind = moneyKind(call.selector)
  if (kind === undefined) return undefined
  const { calldata } = call
  switch (kind) {
    case 'transfer': {
      const amount = amountAt(calldata, 1, 3)
      return amount === undefined ? malformed : { does: 'send', from: account, to: calldata[0] as Felt, amount }
    }
    case 'transferFrom': {
      const amount = amountAt(calldata, 2, 4)
      return amount === undefined
        ? malformed
        : { does: 'send', from: calldata[0] as Felt, to: calldata[1] as Felt, amount }
    }
    case 'approve':
    case 'increase': {
      const amount = amountAt(calldata, 1, 3)
      return amount === undefined ? malformed : { does: 'allow', how: kind, spender: calldata[0] as Felt, amount }
    }
    case 'decrease': {
      const amount = amountAt(calldata, 1, 3)
      return amount === undefined ? malformed : { does: 'disallow', spender: calldata[0] as Felt, amount }
    }
    case 'approveAll':
    case 'safeTransfer':
    case 'safeBatchTransfer':
    case 'batchTransfer':
      return malformed
  }
}

const malformed: TokenMove = { does: 'malformed' }

/** A u256 as two limbs at `index` of calldata of exactly `length` felts. */
function amountAt(calldata: readonly Felt[], index: number, length: number): bigint | undefined {
  if (calldata.length !== length) return undefined
  const low = BigInt(calldata[index] as Felt)
  const high = BigInt(calldata[index + 1] as Felt)
  return low > MAX_U128 || high > MAX_U128 ? undefined : (high << 128n) | low
}
