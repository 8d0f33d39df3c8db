/** Tolerated spellings, rewritten before the exact decoding (provider.md 2.1): the schemas know one spelling each. */
import { malformed } from '../core/errors.ts'
import { CAIRO_NAME } from '../core/felt.ts'
import { INVOKE, OLD_INVOKE } from '../core/protocol/frame.ts'
import { isPlainObject } from '../core/schema.ts'
import { selectorOf } from '../starknet/selector.ts'

/** A method's name as its row is called. */
export function methodOf(type: string): string {
  if (type === OLD_INVOKE) return INVOKE
  return type === 'starknet_signTypedData' ? 'wallet_signTypedData' : type
}

/** @throws Refused 114 where both spellings of one thing are given */
export function respelled(method: string, params: unknown): unknown {
  if (!isPlainObject(params)) return params
  if (method === 'wallet_requestAccounts' || method === 'wallet_switchStarknetChain')
    return renamed(params, { silentMode: 'silent_mode' }, '')
  if (method !== INVOKE && method !== 'wallet_checkSession') return params
  // A single call stands for a list of one.
  const calls: unknown = isPlainObject(params.calls) ? [params.calls] : params.calls
  if (!Array.isArray(calls)) return params
  return { ...params, calls: calls.map((call: unknown, index) => callOf(call, `/calls/${index}`)) }
}

function callOf(call: unknown, at: string): unknown {
  if (!isPlainObject(call)) return call
  const { calldata } = call
  return renamed(
    Array.isArray(calldata) ? { ...call, calldata: calldata.map(hashed) } : call,
    { contractAddress: 'contract_address', entrypoint: 'entry_point' },
    at,
  )
}

/** The page script cannot hash a name inside calldata, so it sends `{entrypoint: name}` (inpage/felts.ts). */
function hashed(item: unknown): unknown {
  if (!isPlainObject(item) || typeof item.entrypoint !== 'string' || Object.keys(item).length !== 1) return item
  return CAIRO_NAME.test(item.entrypoint) ? selectorOf(item.entrypoint) : item
}

function renamed(
  it: Record<string, unknown>,
  names: Readonly<Record<string, string>>,
  at: string,
): Record<string, unknown> {
  const next: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(it)) {
    const name = Object.hasOwn(names, key) ? (names[key] ?? key) : key
    if (Object.hasOwn(next, name)) throw malformed(`${at}/${key}`, `${name} is given twice`)
    next[name] = value
  }
  return next
}
