/**
 * Sessions that many sites want, as requests: each names every limit that its kind needs, so that the sentence a person
 * reads is short and says it all. They are read and judged as any other request.
 */
import type { Amount, CallRule, RequestSessionParams, WireFelt } from './wire-shape.ts'

/** What each kind has besides. */
interface Asked {
  readonly reason: string
  readonly tag?: string
  /** Seconds; without it an hour for play and trade, a week for tips, 30 days for what is paid by periods. */
  readonly duration?: number
}

/** Many small actions, and a little money to one token's limit. */
export function game(
  it: Asked & {
    /** What a round needs: none of it can be switched off. */
    readonly plays: readonly { readonly contract: WireFelt; readonly actions: readonly string[] }[]
    readonly more?: readonly { readonly contract: WireFelt; readonly actions: readonly string[] }[]
    readonly spends?: { readonly token: WireFelt; readonly total: Amount; readonly each: Amount }
  },
): RequestSessionParams {
  const { plays, more = [], spends } = it
  const rule = ({ contract, actions }: (typeof plays)[number]) => on(contract, actions)
  return {
    ...common(it, HOUR),
    calls: [
      ...plays.map((one) => ({ ...rule(one), required: true })),
      ...more.map(rule),
      ...(spends === undefined ? [] : [on(spends.token, ['transfer'])]),
    ],
    ...(spends === undefined
      ? {}
      : { spend_limits: [{ token: spends.token, total: spends.total, per_call: spends.each }] }),
  }
}

/** At most so much each, and at most so much on a day of the calendar (UTC); to whom, if it is always the same few. */
export function tip(
  it: Asked & {
    readonly token: WireFelt
    readonly each: Amount
    readonly daily: Amount
    readonly recipients?: readonly WireFelt[]
  },
): RequestSessionParams {
  const { token, each, daily, recipients } = it
  return {
    ...common(it, 7 * DAY),
    calls: [{ ...on(token, ['transfer']), label: 'Tips' }],
    spend_limits: [
      {
        token,
        per_call: each,
        caps: [{ amount: daily, window: { calendar: 'day' } }],
        ...(recipients === undefined ? {} : { recipients: [...recipients] }),
      },
    ],
  }
}

/** An approval and the swap that uses it, in one transaction; what is left of the approval is set back in the same one. */
export function trade(
  it: Asked & {
    readonly market: WireFelt
    readonly swap: string
    /** The swap's parameter that names the token it takes. */
    readonly parameter: string
    readonly token: WireFelt
    readonly total: Amount
    readonly each: Amount
  },
): RequestSessionParams {
  const { market, swap, parameter, token, total, each } = it
  return {
    ...common(it, HOUR),
    calls: [{ ...on(market, [swap]), args: [{ at: parameter, op: 'eq', value: token }] }, on(token, ['approve'])],
    spend_limits: [{ token, total, per_tx: each, spenders: [market], approvals: 'reset_after' }],
  }
}

/** One payee, and one price in each period from the start on. */
export function subscription(
  it: Asked & {
    readonly token: WireFelt
    readonly payee: WireFelt
    readonly price: Amount
    /** Seconds. */
    readonly period: number
  },
): RequestSessionParams {
  const { token, payee, price, period } = it
  return {
    ...common(it, 30 * DAY),
    calls: [{ ...on(token, ['transfer']), required: true, label: 'The price of a period' }],
    spend_limits: [{ token, per_period: { amount: price, seconds: period }, recipients: [payee] }],
  }
}

const HOUR = 3_600
const DAY = 86_400

function common({ reason, tag, duration }: Asked, usual: number) {
  return { ...(tag === undefined ? {} : { tag }), duration: duration ?? usual, reason }
}

function on(contract_address: WireFelt, actions: readonly string[]): CallRule {
  return { contract_address, entry_point: [...actions] }
}
