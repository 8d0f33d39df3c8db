import { felt } from '../core/felt.ts'
import type { ArgKind } from '../core/policy/policy.ts'
import type { MessageScope, TypedDataHashes } from '../core/policy/wire-messages.ts'
import { messageScope } from './reserved.ts'
import { hashValue, isBadTypedData, readTypedData } from './typed-data.ts'

/** What rules about messages are read with (core/policy/wire-messages.ts): the same hashing that messages are judged by. */
export const messageRules: TypedDataHashes = {
  scope: (scope) => orNothing(() => messageScope(whole(scope))),
  value: (scope, path, value) =>
    orNothing(() => {
      const found = hashValue(readTypedData(whole(scope)), path, value)
      if (found === undefined) return undefined
      const as = KINDS[found.type] ?? 'felt'
      const isNumber = as === 'u128' || as === 'u256'
      return { as, to: isNumber ? found.felt.toString() : felt(found.felt), isText: found.isText }
    }),
}

const KINDS: Readonly<Record<string, ArgKind>> = {
  ContractAddress: 'address',
  ClassHash: 'classHash',
  selector: 'selector',
  bool: 'bool',
  u128: 'u128',
  timestamp: 'u128',
  u256: 'u256',
}

function whole({ domain, types, primary_type: primaryType }: MessageScope) {
  return { domain, types, primaryType, message: {} }
}

/** A scope or a value that has no hash is the site's fault, and named by who reads the request. */
function orNothing<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (isBadTypedData(error)) return undefined
    throw error
  }
}
