/** What the screens' sentences are made with: names the wallet itself knows, and pieces several screens share. */
import { OWN } from '../../core/approval.ts'
import { type Address, padded, type Selector, type U256, u256 } from '../../core/felt.ts'
import type { Naming } from '../../core/policy/naming.ts'
import type { Origin } from '../../core/policy/policy.ts'
import type { FactView, SiteView } from '../../core/protocol/ui.ts'
import type { AccountRecord, GrantRecord, StoredBounds } from '../../core/records.ts'
import type { KnownToken } from '../../core/tokens.ts'
import { type Arg, amount, count, type Line, line, type TokenName, time } from '../../core/words.ts'
import { sha256 } from '../../starknet/digest.ts'
import { committedMaximum } from '../../starknet/invoke.ts'
import { readBounds, TIP } from '../sending/fees.ts'

export const STRK_NAME = { symbol: 'STRK', decimals: 18 } as const
const TINTS = 5

/** What the wallet itself knows names of, on one network. A name that a person gave goes before one of the list. */
export function namingOf(
  accounts: readonly AccountRecord[],
  tokens: readonly KnownToken[],
  actions: Readonly<Record<Selector, string>> = {},
  contacts: readonly Named[] = [],
): Naming {
  return {
    tokens: Object.fromEntries(tokens.map(({ address, symbol, decimals }) => [address, { symbol, decimals }])),
    names: Object.fromEntries([
      ...contacts.map(({ address, name }) => [address, name] as const),
      ...tokens.map(({ address, symbol }) => [address, symbol] as const),
      ...accounts.map(({ address, name }) => [address, name] as const),
    ]),
    actions,
  }
}
/** An address that a person gave a name. */
export interface Named {
  readonly address: Address
  readonly name: string
}

export function siteOf(origin: Origin, grant: GrantRecord | undefined, sessions: number): SiteView {
  const { host } = new URL(origin)
  if (origin === OWN) return { host, origin, tint: 0, initial: '', firstTime: false, known: line('site_own') }
  const known = grant === undefined ? line('site_first') : knownLine(grant, sessions)
  return {
    host,
    origin,
    tint: Number.parseInt(sha256(host).slice(2, 4), 16) % TINTS,
    initial: host.slice(0, 1).toUpperCase(),
    firstTime: grant === undefined,
    known,
    ...(grant === undefined ? {} : { account: grant.account }),
  }
}

function knownLine(grant: GrantRecord, sessions: number): Line {
  const since = time(grant.at)
  return sessions === 0 ? line('site_connected', { since }) : line('site_sessions_other', { since, n: count(sessions) })
}

/** The committed maximum of what will be signed: never more than this. */
export function feeCap(bounds: StoredBounds, tip = TIP): bigint {
  return committedMaximum(readBounds(bounds), tip)
}

export const strk = (value: bigint): Arg => amount(u256(value), STRK_NAME)
/** Said rounded up, and that it is. */
export const about = (value: U256, token: TokenName): Arg => ({ kind: 'amount', amount: value, token, about: true })

export function fact(label: Line, value: string, mono = true): FactView {
  return { label, value, mono }
}

export const addressFact = (label: Line, value: Address): FactView => fact(label, padded(value))

/** Where a switch says whether it runs while locked, the sentence does not say it again. */
export function withoutSwitch(held: readonly Line[]): readonly Line[] {
  return held.filter(({ key }) => key !== 'policy_runsLocked' && key !== 'policy_pausesLocked')
}
