/**
 * A request's params as JSON text. Written by hand because `JSON.stringify` turns NaN into null, a Map into {}, leaves
 * functions out and calls every `toJSON` it meets; here all of that is refused with its path (security.md B5). On the way
 * calls become what the wire knows: canonical addresses and hex felts (provider.md 6.1).
 */
import { isInvoke, MAX_CLASS_NODES, MAX_DEPTH, MAX_NODES, pointerStep } from '../core/protocol/frame.ts'
import { compile, NUMBER } from './felts.ts'
import { isPlain, isText, NOT_PLAIN, TOO_MUCH, unfit } from './plain.ts'
import { isArray, keys, stringify } from './taken.ts'

const CALL = /^\/calls(\/\d+)?$/

/**
 * Absent params are `{}`.
 *
 * @throws Unfit
 */
export function paramsText(type: string, params: unknown): string {
  const hasCalls = isInvoke(type) || type === 'wallet_checkSession'
  const isTyped = /edData$/.test(type)
  let left = /Declare/.test(type) ? MAX_CLASS_NODES : MAX_NODES
  const write = (it: unknown, at: string, depth: number): string => {
    left -= 1
    if (left < 0 || depth > MAX_DEPTH + 1) unfit(at, TOO_MUCH)
    if (isText(it)) return stringify(it)
    // A message may have numbers that JSON has not; below zero it has no hex.
    if (isTyped && typeof it === 'bigint') return `"${it < 0 ? it : `0x${it.toString(16)}`}"`
    if (it === null || typeof it === 'boolean' || (typeof it === 'number' && it - it === 0)) return `${it}`
    let text = ''
    if (isArray(it)) {
      for (let index = 0; index < it.length; index++) text += `,${write(it[index], `${at}/${index}`, depth + 1)}`
      return `[${text.slice(1)}]`
    }
    if (!isPlain(it)) unfit(at, NOT_PLAIN)
    const isCall = hasCalls && CALL.test(at)
    const names = keys(it)
    for (let index = 0; index < names.length; index++) {
      const name = names[index]!
      const value = it[name]
      const here = `${at}/${pointerStep(name)}`
      if (value !== undefined)
        text += `,${stringify(name)}:${
          isCall && name === 'calldata'
            ? compile(value, here)
            : write(isCall && /^contract_?address$/i.test(name) ? canonical(value) : value, here, depth + 1)
        }`
    }
    return `{${text.slice(1)}}`
  }
  return write(params ?? {}, '', 1)
}

/** What is no address goes on as it is: the worker refuses it with its path. */
function canonical(it: unknown): unknown {
  const isNumber = typeof it === 'bigint' || (isText(it) && it.length <= 80 && NUMBER.test(it))
  return isNumber ? `0x${BigInt(it).toString(16)}` : it
}
