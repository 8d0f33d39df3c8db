/** In the page's world, before any script of the page: puts `window.starknet_latchkey` there (provider.md 1). */
import { type Envelope, TO_BRIDGE, TO_PAGE, type ToBridge } from '../core/protocol/frame.ts'
import { createProvider } from './provider.ts'

const { apply, getOwnPropertyDescriptor } = Reflect
const { origin } = window.location
const post = window.postMessage.bind(window)
const random = crypto.getRandomValues.bind(crypto)
const later = setTimeout.bind(window)
const apart = queueMicrotask.bind(window)
const Bytes = Uint8Array
const DIGITS = '0123456789abcdef'
const reader = (name: 'data' | 'origin' | 'source') => {
  const { get } = getOwnPropertyDescriptor(MessageEvent.prototype, name) ?? {}
  return (event: MessageEvent): unknown => (get === undefined ? undefined : apply(get, event, []))
}
const [dataOf, originOf, sourceOf] = [reader('data'), reader('origin'), reader('source')]

const wallet = createProvider({
  post: (frame) => post({ to: TO_BRIDGE, frame } satisfies Envelope<ToBridge>, origin),
  listen: (receive) =>
    window.addEventListener('message', (event) => {
      if (sourceOf(event) !== window || originOf(event) !== origin) return
      const data = dataOf(event)
      if (typeof data === 'object' && data !== null && 'to' in data && data.to === TO_PAGE && 'frame' in data)
        receive(data.frame)
    }),
  randomId: () => {
    const bytes = random(new Bytes(16))
    let id = ''
    for (let at = 0; at < 16; at++) id += DIGITS[bytes[at]! >> 4]! + DIGITS[bytes[at]! & 15]!
    return id
  },
  after: (ms, run) => void later(run, ms),
  apart,
})

try {
  Object.defineProperty(window, 'starknet_latchkey', {
    value: wallet,
    writable: false,
    configurable: false,
    enumerable: false,
  })
} catch {
  // Another copy of this script was first; the page keeps that one.
}
