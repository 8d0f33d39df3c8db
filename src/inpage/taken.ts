/** What the page may replace later, taken before any script of it runs (provider.md 1.1). */
export const { isArray } = Array
export const { freeze, getPrototypeOf, hasOwn, keys } = Object
export const { apply, defineProperty, getOwnPropertyDescriptor } = Reflect
export const { stringify } = JSON
export const { Error: PageError, Promise: PagePromise, Uint8Array: Bytes } = globalThis
