import { type Address, type Felt, MAX_U128, type Selector, type U256, u256 } from './felt.ts'
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

const malformed = { does: 'malformed' } as const

/** What a call on a collection says it moves, or lets others move: items, never amounts. */
export type ItemMove =
  /** `count`: items that leave `from`, of several kinds the sum; `isSafe`: by one of the safe spellings. */
  | {
      readonly does: 'send'
      readonly from: Felt
      readonly to: Felt
      readonly ids: readonly U256[]
      readonly count: bigint
      readonly isSafe: boolean
    }
  | { readonly does: 'allowOne'; readonly spender: Felt; readonly id: U256 }
  | { readonly does: 'allowAll'; readonly operator: Felt }
  /** Takes leave away: moves nothing. */
  | { readonly does: 'disallow' }
  | { readonly does: 'malformed' }

/**
 * Reads a call on a collection by the money table; `undefined` when its entrypoint is not in it. ERC-20 and ERC-721 share
 * selectors and shapes, so the kind of the asset decides what a number is. What the kind has no row for is `malformed`:
 * whatever it does there, it cannot be counted.
 */
export function itemMove(call: Call, asset: 'erc721' | 'erc1155'): ItemMove | undefined {
  const kind = moneyKind(call.selector)
  if (kind === undefined) return undefined
  const { calldata } = call
  const single = asset === 'erc721'
  switch (kind) {
    case 'approve': {
      const id = single ? amountAt(calldata, 1, 3) : undefined
      if (id === undefined) return malformed
      return isZero(calldata[0])
        ? { does: 'disallow' }
        : { does: 'allowOne', spender: calldata[0] as Felt, id: u256(id) }
    }
    case 'approveAll':
      if (calldata.length !== 2 || BigInt(calldata[1] as Felt) > 1n) return malformed
      return isZero(calldata[1]) ? { does: 'disallow' } : { does: 'allowAll', operator: calldata[0] as Felt }
    case 'transferFrom': {
      const id = single ? amountAt(calldata, 2, 4) : undefined
      return id === undefined ? malformed : sent(calldata, [id], 1n, false)
    }
    case 'safeTransfer': {
      const [head, values] = single ? [4, 0] : [6, 2]
      const exact = calldata.length === head + 1 + countAt(calldata, head)
      const id = exact ? u256At(calldata, 2) : undefined
      const count = values === 0 ? 1n : u256At(calldata, 4)
      return id === undefined || count === undefined ? malformed : sent(calldata, [id], count, true)
    }
    case 'safeBatchTransfer':
      return single ? malformed : batchOf(calldata)
    case 'transfer':
    case 'increase':
    case 'decrease':
    case 'batchTransfer':
      return malformed
  }
}

/** from, to, k, k ids, k, k values, n, n felts; both k equal. */
function batchOf(calldata: readonly Felt[]): ItemMove {
  const k = countAt(calldata, 2)
  const values = 3 + 2 * k
  const data = values + 1 + 2 * k
  if (countAt(calldata, values) !== k || calldata.length !== data + 1 + countAt(calldata, data)) return malformed
  const all = (from: number): (bigint | undefined)[] =>
    Array.from({ length: k }, (_, index) => u256At(calldata, from + 2 * index))
  const ids = all(3)
  const counts = all(values + 1)
  if (!isWhole(ids) || !isWhole(counts)) return malformed
  const sum = counts.reduce((total, one) => total + one, 0n)
  return sent(calldata, ids, sum, true)
}

function sent([from, to]: readonly Felt[], ids: readonly bigint[], count: bigint, isSafe: boolean): ItemMove {
  return { does: 'send', from: from as Felt, to: to as Felt, ids: ids.map(u256), count, isSafe }
}

function isWhole(values: readonly (bigint | undefined)[]): values is bigint[] {
  return values.every((value) => value !== undefined)
}

function isZero(felt: Felt | undefined): boolean {
  return felt !== undefined && BigInt(felt) === 0n
}

/** The length that stands before a list; `NaN`, which equals nothing, where there is none or it is longer than calldata. */
function countAt(calldata: readonly Felt[], index: number): number {
  const length = calldata[index]
  return length === undefined || BigInt(length) > BigInt(calldata.length) ? Number.NaN : Number(BigInt(length))
}

/** A u256 as two limbs at `index` of calldata of exactly `length` felts. */
function amountAt(calldata: readonly Felt[], index: number, length: number): bigint | undefined {
  return calldata.length === length ? u256At(calldata, index) : undefined
}

function u256At(calldata: readonly Felt[], index: number): bigint | undefined {
  if (index + 1 >= calldata.length) return undefined
  const low = BigInt(calldata[index] as Felt)
  const high = BigInt(calldata[index + 1] as Felt)
  return low > MAX_U128 || high > MAX_U128 ? undefined : (high << 128n) | low
}
