import type { Felt } from '../felt.ts'
import type { Seconds, UnixSeconds } from '../time.ts'
import { isAddressOfPayer } from './payers.ts'
import type { FeePolicy } from './policy.ts'

/** A signed outside execution is a bearer cheque: good for this long at most, for every holder of the key (policy.md 5.4). */
export const LONGEST_WINDOW: Seconds = 3_600

export interface SendWindow {
  readonly executeAfter: UnixSeconds
  readonly executeBefore: UnixSeconds
}

/** What a session cannot carry of it: names for `unsupported`. A start in the past counts as now: services write 1. */
export function unsupportedWindow(it: SendWindow, validUntil: UnixSeconds, now: UnixSeconds): readonly string[] {
  const { executeAfter, executeBefore } = it
  const isOpen = executeBefore > now && executeAfter + 1 < executeBefore
  const isShort = executeBefore - now <= LONGEST_WINDOW
  return isOpen && isShort && executeBefore <= validUntil ? [] : ['window']
}

/**
 * Whom a policy is asked about when a service pays: who sends it, where a list names addresses, and else the service itself.
 *
 * @param service its origin
 * @param caller absent: not known yet, so that any of those named may be it
 */
export function payerOf({ paymasters }: FeePolicy, service: string, caller?: Felt): string {
  const named = paymasters?.filter(isAddressOfPayer) ?? []
  return named[0] === undefined ? service : (caller ?? named[0])
}
