import { isCanonicalFelt, parseAddress } from '../felt.ts'
import type { FeePolicy } from './policy.ts'

/**
 * Somebody else who pays a fee (policy.md 6.3): a service by its origin, or the account that sends an outside execution by
 * its address. Core knows no URL of a platform, so what it takes is spelled in one way alone. On this computer a service
 * needs no https, as a node does not.
 */
const ORIGIN =
  /^https:\/\/(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?::[1-9][0-9]{0,4})?$/
/** A browser makes an address of figures, often another text, and reads `xn--` as letters: one service would have two names. */
const NO_NAME = /^https:\/\/(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)(?::|$)|^https:\/\/(?:.*\.)?xn--/
const LOOPBACK = /^http:\/\/(?:localhost|127\.0\.0\.1)(?::[1-9][0-9]{0,4})?$/
/** What may stand behind it: no user, no fragment, nothing that a reader would take for something else. */
const PATH = /^(?:\/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*(?:\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?)?$/
const MAX_SERVICE = 300

/** An origin as browsers write it, https or on this computer, or an address. */
export function parsePaymaster(it: unknown): string | undefined {
  if (typeof it !== 'string') return undefined
  return isOrigin(it) ? it : parseAddress(it)
}

export function isCanonicalPaymaster(it: unknown): boolean {
  return typeof it === 'string' && (isOrigin(it) || (isCanonicalFelt(it) && parseAddress(it) === it))
}

/** One of a list that `parsePaymaster` read: an account, and no service. */
export function isAddressOfPayer(it: string): boolean {
  return it.startsWith('0x')
}

/** As a person reads it: `https` goes without saying, and what is not that is said. */
export function hostOf(service: string): string {
  return service.startsWith('https://') ? service.slice('https://'.length) : service
}

/** The URL of a service that the wallet may use. */
export function parseService(it: unknown): string | undefined {
  if (typeof it !== 'string' || it.length > MAX_SERVICE) return undefined
  const origin = serviceOrigin(it)
  return isOrigin(origin) && PATH.test(it.slice(origin.length)) ? it : undefined
}

/** @param service as `parseService` read it */
export function serviceOrigin(service: string): string {
  return /^https?:\/\/[^/?#]*/.exec(service)?.[0] ?? ''
}

/** Without a list anybody may; an empty one is nobody. */
export function mayPay({ payer, paymasters }: FeePolicy, paymaster: string): boolean {
  return payer !== 'account' && (paymasters === undefined || paymasters.includes(paymaster))
}

function isOrigin(it: string): boolean {
  const port = /:(\d+)$/.exec(it)?.[1]
  const isLocal = LOOPBACK.test(it)
  // The usual port is not written: with it, it would be another text for the same service.
  const isUsual = port === (isLocal ? '80' : '443')
  return (
    (isLocal || (ORIGIN.test(it) && !NO_NAME.test(it))) &&
    it.length <= MAX_SERVICE &&
    !isUsual &&
    Number(port ?? 1) < 65_536
  )
}
