import { getPrototypeOf, hasOwn, isArray } from './taken.ts'

export interface Unfit {
  readonly at: string
  readonly why: string
}
let last: Unfit = { at: '', why: 'could not be read' }
const FOREIGN = last

export const isText = (it: unknown): it is string => typeof it === 'string'
export const NOT_PLAIN = 'expected plain data'
export const TOO_MUCH = 'too deep, or too many values'

/** Ends the reading of a value. What is thrown never leaves the page script: see `unfitOf`. */
export function unfit(at: string, why: string): never {
  last = { at, why }
  throw last
}

/** Tells our own refusal from what a page's getter or proxy threw, which may look like anything. */
export function unfitOf(error: unknown): Unfit {
  return error === last ? last : FOREIGN
}

/** An object literal, of this window or another one, or one without prototype. */
export function isPlain(it: unknown): it is Record<string, unknown> {
  if (typeof it !== 'object' || it === null || isArray(it)) return false
  const prototype: object | null = getPrototypeOf(it)
  return prototype === null || (getPrototypeOf(prototype) === null && hasOwn(prototype, 'isPrototypeOf'))
}
