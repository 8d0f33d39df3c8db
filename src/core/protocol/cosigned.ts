/** What is asked of a co-signer: read alike by the wallet, in a row of dapp.ts, and by a co-signer in somebody's own process. */
import { type Felt, isCanonicalFelt, parseAddress } from '../felt.ts'
import { exact, felt, list, literal, optional, pair, picklist, scalar, text, unknown } from '../schema.ts'

/** Calls and felts of calldata of one transaction (provider.md 6.2). */
export const MAX_CALLS = 64
export const MAX_FELTS = 5_000

export const target = scalar<string>(
  (it) => (isCanonicalFelt(it) && parseAddress(it) !== undefined ? it : undefined),
  'an address: 0x, lowercase, no leading zeros',
)
const below = (bits: number) =>
  scalar<Felt>(
    (it) => (isCanonicalFelt(it) && BigInt(it as Felt) < 2n ** BigInt(bits) ? (it as Felt) : undefined),
    `a number of ${bits} bits: 0x, lowercase, no leading zeros`,
  )
const bound = exact({ max_amount: below(64), max_price_per_unit: below(128) })
/** As its site has built it: what an account of sessions takes, and no member more. */
const invoke = exact({
  type: picklist(['INVOKE']),
  version: picklist(['0x3']),
  sender_address: target,
  calldata: list(felt, MAX_FELTS + 3 * MAX_CALLS + 1),
  nonce: felt,
  tip: below(64),
  resource_bounds: exact({ l1_gas: bound, l2_gas: bound, l1_data_gas: bound }),
  paymaster_data: list(unknown(), 0),
  account_deployment_data: list(unknown(), 0),
  nonce_data_availability_mode: picklist(['L1']),
  fee_data_availability_mode: picklist(['L1']),
})

export const cosigned = {
  id: text(66),
  session_signature: pair(felt),
  cache: optional(literal(true)),
  transaction: optional(invoke),
  /** Read by the reader of typed data, which names each path itself. */
  outside_execution: optional(unknown()),
}
