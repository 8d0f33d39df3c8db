/**
 * The client of a SNIP-29 service over egress: it pays a fee in somebody's place. Of what it answers nothing is believed that
 * is signed (sending/paymaster.ts); here its answers get their shape, their time and their size.
 */
import { type Address, type Felt, parseAddress, parseFelt } from '../core/felt.ts'
import type { Call } from '../core/policy/policy.ts'
import { decode, foreign, list, type Schema, scalar, unknown } from '../core/schema.ts'
import type { UnixSeconds } from '../core/time.ts'
import { MAX_BYTES, newAttempt, type Post, resultOf, TIMEOUT_MS } from './node.ts'
import { nodeError } from './node-error.ts'

/** `default`: the account gives a token for it. */
export type FeeMode = { readonly mode: 'sponsored' } | { readonly mode: 'default'; readonly gasToken: Address }
export interface PaymasterAsk {
  readonly account: Address
  readonly feeMode: FeeMode
  readonly window: { readonly executeAfter: UnixSeconds; readonly executeBefore: UnixSeconds }
}
export interface Offer {
  /** As it came: what it is, its reader finds out by what is hashed of it. */
  readonly typedData: unknown
  /** Base units of the token that is given for it. */
  readonly suggestedMax: bigint
}

/** Errors of the service are a `NodeError` with its own codes (150-163). */
export interface Paymaster {
  /** Tokens that it takes for a fee. @throws NodeError */
  tokens(): Promise<readonly Address[]>
  /** What it would have the account sign. @throws NodeError */
  build(ask: PaymasterAsk & { readonly calls: readonly Call[] }): Promise<Offer>
  /** Hands in what was signed. @returns the transaction, as it says @throws NodeError: it may be out all the same */
  execute(ask: PaymasterAsk & { readonly typedData: object; readonly signature: readonly Felt[] }): Promise<Felt>
}

/** It tries the transaction and sends it before it answers. */
const EXECUTE_MS = 30_000
const MAX_TOKENS = 1_000

export function createPaymaster({ url, post }: { readonly url: string; readonly post: Post }): Paymaster {
  const ask = async <T>(method: string, params: unknown, shape: Schema<T>, timeoutMs = TIMEOUT_MS): Promise<T> => {
    const { id, text } = newAttempt(method, params)
    const answer = await post(url, text, { timeoutMs, maxBytes: MAX_BYTES }).catch(() => {
      throw nodeError('silent', [method])
    })
    const result = decode(shape, resultOf(id, answer))
    if (!result.ok) throw nodeError('garbage', [`${method}${result.at}`])
    return result.value
  }

  return {
    tokens: async () => (await ask('paymaster_getSupportedTokens', {}, TOKENS)).map((it) => it.token_address),
    build: async ({ account, calls, ...more }) => {
      const transaction = { type: 'invoke', invoke: { user_address: account, calls } }
      const params = { transaction, parameters: parametersOf(more) }
      const { typed_data, fee } = await ask('paymaster_buildTransaction', params, BUILT)
      return { typedData: typed_data, suggestedMax: fee.suggested_max_fee_in_gas_token }
    },
    execute: async ({ account, typedData, signature, ...more }) => {
      const invoke = { user_address: account, typed_data: typedData, signature }
      const params = { transaction: { type: 'invoke', invoke }, parameters: parametersOf(more) }
      return (await ask('paymaster_executeTransaction', params, EXECUTED, EXECUTE_MS)).transaction_hash
    },
  }
}

function parametersOf({ feeMode, window }: Pick<PaymasterAsk, 'feeMode' | 'window'>) {
  return {
    version: '0x1',
    fee_mode: feeMode.mode === 'sponsored' ? feeMode : { mode: feeMode.mode, gas_token: feeMode.gasToken },
    time_bounds: { execute_after: window.executeAfter, execute_before: window.executeBefore },
  }
}

const isHex = (it: unknown): it is string => typeof it === 'string' && it.startsWith('0x')
const felt = scalar<Felt>((it) => (isHex(it) ? parseFelt(it) : undefined), 'a felt')
const address = scalar<Address>((it) => (isHex(it) ? parseAddress(it) : undefined), 'an address')
const quantity = scalar<bigint>((it) => (isHex(it) ? numberOf(it) : undefined), 'a quantity in hex')

function numberOf(it: string): bigint | undefined {
  const found = parseFelt(it)
  return found === undefined ? undefined : BigInt(found)
}

const TOKENS = list(foreign({ token_address: address }), MAX_TOKENS)
const BUILT = foreign({
  typed_data: unknown(),
  fee: foreign({ suggested_max_fee_in_gas_token: quantity }),
})
const EXECUTED = foreign({ transaction_hash: felt })
