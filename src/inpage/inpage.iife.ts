/** In the page's world, before any script of the page: puts `window.starknet_latchkey` there and registers it (provider.md 1). */
import { type Envelope, TO_BRIDGE, TO_PAGE, type ToBridge } from '../core/protocol/frame.ts'
import { createProvider } from './provider.ts'
import type { StandardWallet } from './standard.ts'
import { apply, Bytes, getOwnPropertyDescriptor } from './taken.ts'

const { origin } = location
const post = postMessage.bind(window)
const random = crypto.getRandomValues.bind(crypto)
const later = setTimeout.bind(window)
const apart = queueMicrotask.bind(window)
const DIGITS = '0123456789abcdef'
const reader = (name: 'data' | 'origin' | 'source') => {
  const { get } = getOwnPropertyDescriptor(MessageEvent.prototype, name) ?? {}
  return (event: MessageEvent): unknown => (get === undefined ? undefined : apply(get, event, []))
}
const [dataOf, originOf, sourceOf] = [reader('data'), reader('origin'), reader('source')]

/** Of a page that lists wallets by the wallet standard. */
interface Registry {
  readonly register: (wallet: StandardWallet) => unknown
}

const { wallet, standard } = createProvider({
  post: (frame) => post({ to: TO_BRIDGE, frame } satisfies Envelope<ToBridge>, origin),
  listen: (receive) =>
    addEventListener('message', (event) => {
      if (sourceOf(event) !== window || originOf(event) !== origin) return
      const data = dataOf(event) as Partial<Envelope<unknown>> | null | undefined // Any value has members or none.
      if (data?.to === TO_PAGE) receive(data.frame)
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
  // Not writable, configurable or enumerable.
  Object.defineProperty(window, 'starknet_latchkey', { value: wallet })
  const register = (api: Registry) => api.register(standard)
  addEventListener('wallet-standard:app-ready', (event) => register((event as CustomEvent<Registry>).detail))
  dispatchEvent(new CustomEvent('wallet-standard:register-wallet', { detail: register }))
} catch {
  // Another copy of this script was first; the page keeps that one.
}
