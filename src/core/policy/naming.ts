import { MONEY, tokenMove } from '../call.ts'
import type { Address, Felt, Selector, U256 } from '../felt.ts'
import { DAY } from '../time.ts'
import {
  type Arg,
  amount,
  count,
  duration,
  inner,
  type Line,
  line,
  list,
  place,
  type TokenName,
  text,
  time,
} from '../words.ts'
import { atMostU256 } from './book.ts'
import { ADMIN, BANNED } from './forbidden.ts'
import { hostOf } from './payers.ts'
import type { Call, StreamCap, Window } from './policy.ts'

/** What the wallet itself knows names of. Nothing here comes from a site. */
export interface Naming {
  /** Listed tokens alone: others are shown by address and raw integer. */
  readonly tokens: Readonly<Record<Address, TokenName>>
  /** Own accounts, contacts, listed contracts. */
  readonly names: Readonly<Record<Address, string>>
  /** Of entrypoints, proven by their hash: from the class, or from a rule. */
  readonly actions: Readonly<Record<Selector, string>>
}

/** Names whose selectors are in our own tables are proven there. */
const KNOWN: ReadonlyMap<string, string> = new Map([
  ...MONEY.map(([name, selector]): [string, string] => [selector, name]),
  ...[ADMIN, BANNED].flatMap((table) =>
    Object.entries(table).map(([name, selector]): [string, string] => [selector, name]),
  ),
])

export function placeOf(contract: Address | Felt, naming: Naming): Arg {
  const at = contract as Address // a felt in an address's place is shown the same way
  return place(at, naming.names[at])
}

/** A service by its origin, or who sends what it pays for by its address. */
export function sponsorOf(paymaster: string, naming: Naming): Arg {
  return paymaster.startsWith('0x') ? placeOf(paymaster as Address, naming) : text(hostOf(paymaster))
}

/** `undefined`: nobody knows what it does by its name. */
export function nameOf(selector: Selector, naming: Naming): string | undefined {
  return naming.actions[selector] ?? KNOWN.get(selector)
}

export function actionOf(selector: Selector, naming: Naming): Arg {
  const name = nameOf(selector, naming)
  return name === undefined ? inner(line('policy_actionUnknown', { selector: text(selector) })) : text(name)
}

export function tokenOf(token: Address, naming: Naming): Arg {
  const listed = naming.tokens[token]
  return listed === undefined ? placeOf(token, naming) : text(listed.symbol)
}

/** Exact. Of a token nobody listed: the raw integer and where it lives. */
export function moneyOf(value: U256, token: Address, naming: Naming): Arg {
  const listed = naming.tokens[token]
  if (listed !== undefined) return amount(value, listed)
  return inner(line('policy_amountOf', { amount: text(value), token: placeOf(token, naming) }))
}

/** The same where the token stands before it already. */
export function bareMoneyOf(value: U256, token: Address, naming: Naming): Arg {
  const said = moneyOf(value, token, naming)
  return said.kind === 'amount' ? { ...said, bare: true } : text(value)
}

/** Without a list anyone may get it. */
export function recipientsLine(recipients: readonly Address[] | undefined, naming: Naming): Line {
  if (recipients === undefined) return line('policy_toAnyone')
  if (recipients.length === 0) return line('policy_toNobody')
  return line('policy_onlyTo', { list: list(recipients.map((one) => placeOf(one, naming))) })
}

/** "10 STRK in any 24 h": `what` is an amount or a count. */
export function perWindow(what: Arg, window: Window): Line {
  switch (window.kind) {
    case 'session':
      return line('policy_inAll', { what })
    case 'rolling':
      return line('policy_inAny', { what, period: duration(window.seconds) })
    case 'fixed':
      return line('policy_inEvery', { what, period: duration(window.seconds), start: time(window.anchor) })
    case 'calendar':
      return line(PER_UNIT[window.unit], { what })
  }
}

const PER_UNIT = {
  minute: 'policy_perMinute',
  hour: 'policy_perHour',
  day: 'policy_perDay',
  week: 'policy_perWeek',
  month: 'policy_perMonth',
  year: 'policy_perYear',
} as const

/** What builds up second by second, told by the day: "1 STRK a day, building up each second from 12 Nov 14:05". */
export function streamLine({ start, initial, perSecond, max }: StreamCap, token: Address, naming: Naming): Line {
  const args = {
    rate: moneyOf(atMostU256(BigInt(perSecond) * BigInt(DAY)), token, naming),
    start: time(start),
    ...(initial === '0' ? {} : { initial: moneyOf(initial, token, naming) }),
    ...(max === undefined ? {} : { max: moneyOf(max, token, naming) }),
  }
  if (initial === '0') return line(max === undefined ? 'policy_stream' : 'policy_streamMax', args)
  return line(max === undefined ? 'policy_streamInitial' : 'policy_streamInitialMax', args)
}

export const times = (n: number): Arg => inner(line('policy_times_other', { n: count(n) }))

/** One call in words. Money only of listed tokens: of others nobody knows whether an id or an amount stands there. */
export function explainCall(call: Call, account: Address, naming: Naming): Line {
  const move = naming.tokens[call.to] === undefined ? undefined : tokenMove(call, account)
  if (move?.does === 'send' && move.from === account) {
    return line('policy_callSend', {
      amount: moneyOf(`${move.amount}` as U256, call.to, naming),
      to: placeOf(move.to, naming),
    }) // two limbs
  }
  if (move?.does === 'allow') {
    const spender = placeOf(move.spender, naming)
    return move.amount === 0n
      ? line('policy_callDisallow', { spender, token: tokenOf(call.to, naming) })
      : line('policy_callAllow', { spender, amount: moneyOf(`${move.amount}` as U256, call.to, naming) }) // two limbs
  }
  return line('policy_call', { action: actionOf(call.selector, naming), contract: placeOf(call.to, naming) })
}
