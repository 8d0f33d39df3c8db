/**
 * Calldata to felts, with the result of starknet.js `CallData.compile` (provider.md 6.1). What `compile` itself encodes
 * wrongly or drops is refused. It throws nothing of its own beside `Unfit`.
 */
import { MAX_NODES, pointerStep } from '../core/protocol/frame.ts'
import { isPlain, isText, NOT_PLAIN, TOO_MUCH, unfit } from './plain.ts'
import { isArray, keys } from './taken.ts'

const P = 2n ** 251n + 17n * 2n ** 192n + 1n
const MAX_NESTED = 32
/** Characters of a short string, and of a word of a ByteArray. */
const WORD = 31

export const NUMBER = /^(0x[0-9a-f]+|\d+)$/i
/** `compile` makes a short string of "-5", "1.5" and "1e18": as an amount that is a huge number. A bare "0x" it refuses. */
const OTHER_NUMBER = /^([+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|0x)$/i
/** Not at the ends: a space. Nowhere: what `compile` drops (a line feed) or writes with one digit (control characters). */
const TEXT = /^[!-~]([ -~]*[!-~])?$/

/**
 * As JSON text: a list of hex felts. The value under an object's key `entrypoint` is a name that `compile` hashes: it
 * goes out as `{"entrypoint": name}` for the worker to hash, because keccak has no room in a script of every page.
 *
 * @throws Unfit
 */
export function compile(calldata: unknown, at: string): string {
  let text = ''
  let left = MAX_NODES
  const put = (value: bigint) => {
    text += `,"0x${value.toString(16)}"`
  }
  const item = (it: unknown, where: string, depth: number): void => {
    left -= 1
    if (left < 0 || depth > MAX_NESTED) unfit(where, TOO_MUCH)
    if (isArray(it)) {
      if (depth > 0) put(BigInt(it.length))
      // Named items and holes count differently than the list's length.
      if (keys(it).length !== it.length) unfit(where, 'a list with holes')
      for (let index = 0; index < it.length; index++) item(it[index], `${where}/${index}`, depth + 1)
    } else if (isPlain(it)) members(it, where, depth)
    else if (depth === 0) unfit(where, 'expected a list or an object')
    else if (typeof it === 'object' && it !== null)
      instance(it as Record<string, unknown>, where, depth) // Not null.
    else if (isText(it) && !NUMBER.test(it)) string(it, where)
    else put(felt(it, where))
  }
  const members = (it: Record<string, unknown>, where: string, depth: number) => {
    const names = keys(it)
    for (let index = 0; index < names.length; index++) {
      const name = names[index]!
      const here = `${where}/${pointerStep(name)}`
      const value = it[name]
      // `compile` flattens paths with dots and so loses values.
      if (name.includes('.')) unfit(here, 'a key with a dot')
      if (name !== 'entrypoint') item(value, here, depth + 1)
      else if (isText(value) && /^[a-z_]\w{0,127}$/i.test(value)) text += `,{"entrypoint":"${value}"}`
      else unfit(here, 'expected the name of an entrypoint')
    }
  }
  /** Several copies of the library live in one page, so its classes are known by their own keys. */
  const instance = (it: Record<string, unknown>, where: string, depth: number) => {
    const shape = `${keys(it)}`
    if (shape === 'low,high' || shape === 'limb0,limb1,limb2,limb3') members(it, where, depth)
    else if ((shape === 'Some,None' && 'isSome' in it) || (shape === 'Ok,Err' && 'isOk' in it))
      variant(it, where, depth)
    else if (shape === 'variant' && 'activeVariant' in it && isPlain(it.variant)) variant(it.variant, where, depth)
    else unfit(where, NOT_PLAIN)
  }
  /** Of an option, a result (`it` is the instance) or an enum (`it` is its table of variants). */
  const variant = (it: Record<string, unknown>, where: string, depth: number) => {
    const names = keys(it)
    let active = -1
    for (let index = 0; index < names.length; index++)
      if (it[names[index]!] !== undefined) active = active < 0 ? index : names.length
    const name = names[active]
    if (name === undefined) unfit(where, 'expected exactly one variant')
    put(BigInt(active))
    const content = it[name]
    // An option's None holds `true`. In an enum `compile` takes an empty list for "without content", like {}.
    const isBare = isPlain(it) ? isArray(content) && keys(content).length === 0 : name === 'None'
    if (!isBare) item(content, where, depth + 1)
  }
  const string = (it: string, where: string) => {
    if (!TEXT.test(it) || OTHER_NUMBER.test(it))
      unfit(where, 'expected an integer from 0, or printable ASCII without spaces at its ends')
    const word = (from: number, to: number) => {
      let value = 0n
      for (let index = from; index < to; index++) value = value * 256n + BigInt(it.charCodeAt(index))
      put(value)
    }
    const rest = it.length % WORD
    if (it.length <= WORD) {
      word(0, it.length)
      return
    }
    put(BigInt((it.length - rest) / WORD))
    for (let from = 0; from + WORD <= it.length; from += WORD) word(from, from + WORD)
    word(it.length - rest, it.length)
    put(BigInt(rest))
  }
  item(calldata, at, 0)
  return `[${text.slice(1)}]`
}

function felt(it: unknown, where: string): bigint {
  const isNumber =
    typeof it === 'bigint' ||
    typeof it === 'boolean' ||
    isText(it) ||
    (typeof it === 'number' && it % 1 === 0 && it <= 9_007_199_254_740_991)
  const value = isNumber ? BigInt(it) : -1n
  return value >= 0n && value < P ? value : unfit(where, 'expected an integer from 0 to P - 1')
}
