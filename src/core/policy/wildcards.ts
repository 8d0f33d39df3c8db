import type { SessionPart } from '../records.ts'
import { never } from './asked.ts'
import { adminName, bannedName } from './forbidden.ts'
import { byValue } from './meters.ts'
import type { Entrypoint, SessionPolicy } from './policy.ts'
import type { ClassFacts } from './resolve.ts'

/**
 * Every action of one contract, as its class has them today: external ones, without those that no session may call or that
 * hand over control (policy.md 12). Each is listed on chain; what a later class adds is out.
 *
 * @param at JSON pointer of the rule
 * @throws 215 when the class does not say, or has none
 */
export function everyAction({ entrypoints }: ClassFacts, at: string): readonly Entrypoint[] {
  const found = entrypoints.filter(
    ({ kind, selector }) =>
      kind === 'external' && bannedName(selector) === undefined && adminName(selector) === undefined,
  )
  if (found.length === 0) throw never(`${at}/entry_point`, 'a contract whose code says what it does')
  return found.map(({ name, selector }) => ({ selector, name })).sort((a, b) => byValue(a.selector, b.selector))
}

/** Who holds one session of a question. */
export function backingOfPart({
  granted,
  walletOnly,
}: Pick<SessionPart, 'granted' | 'walletOnly'>): 'chain' | 'wallet' {
  return walletOnly ? 'wallet' : backingOf(granted)
}

/**
 * A rule for any contract cannot be a list on chain: then the whole session is held by this wallet alone. So is one without
 * rules for calls: accounts know no empty list, and what signs messages is the owner's key (policy.md 10).
 */
export function backingOf({ calls }: Pick<SessionPolicy, 'calls'>): 'chain' | 'wallet' {
  return calls.length === 0 || calls.some(({ contract }) => contract === '*') ? 'wallet' : 'chain'
}
