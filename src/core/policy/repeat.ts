import { moneyKind } from '../call.ts'
import { type Address, MAX_U256, type U256 } from '../felt.ts'
import type { Seconds } from '../time.ts'
import { adminName, bannedName } from './forbidden.ts'
import type { Call } from './policy.ts'

/** What the wallet proposes when a person lets a site repeat what it asked for once (approval-ux.md 9). */
export const REPEAT = { uses: 10, life: 3_600 } as const satisfies { readonly uses: number; readonly life: Seconds }

export interface Repeatable {
  readonly calls: readonly Call[]
  /** Of the trial run, net per token. */
  readonly moves: readonly { readonly token: Address; readonly out: U256 }[]
  /** The most that its fee can be. */
  readonly fee: bigint
}

/** What may leave with each use, and what in all; `undefined`: these calls are no session's. */
export function repeatLimits(
  it: Repeatable,
): readonly { readonly token: Address; readonly each: bigint }[] | undefined {
  const fits = it.calls.length > 0 && it.calls.every(({ selector }) => isPlain(selector))
  const limits = it.moves.filter(({ out }) => out !== '0').map(({ token, out }) => ({ token, each: BigInt(out) }))
  const sizes = [it.fee, ...limits.map(({ each }) => each)]
  return fits && sizes.every((size) => size * BigInt(REPEAT.uses) <= MAX_U256) ? limits : undefined
}

/**
 * The request of a session for just these calls: the same contracts and actions, the same recipients, as much each time as
 * was seen, ten times. It is read and judged as a site's own would be.
 */
export function repeatRequest(it: Repeatable): object | undefined {
  const limits = repeatLimits(it)
  if (limits === undefined) return undefined
  const actions = new Map(it.calls.map(({ to, selector }) => [`${to} ${selector}`, { to, selector }]))
  const times = BigInt(REPEAT.uses)
  return {
    calls: [...actions.values()].map(({ to, selector }) => ({ contract_address: to, entry_point: selector })),
    spend_limits: limits.map(({ token, each }) => {
      const recipients = recipientsOf(it.calls, token)
      return {
        token,
        per_call: `${each}`,
        per_tx: `${each}`,
        total: `${each * times}`,
        ...(recipients.length === 0 ? {} : { recipients }),
      }
    }),
    // In all alone: a session's signature costs more to check than the owner's.
    fees: { max_total: `${it.fee * times}` },
    usage: { max_transactions: REPEAT.uses, max_calls_per_tx: it.calls.length },
    duration: REPEAT.life,
  }
}

/** Neither control nor leave to others: each of those is asked for by itself. */
function isPlain(selector: Call['selector']): boolean {
  const kind = moneyKind(selector)
  const moves = kind === undefined || kind === 'transfer' || kind === 'transferFrom'
  return moves && adminName(selector) === undefined && bannedName(selector) === undefined
}

function recipientsOf(calls: readonly Call[], token: Address): readonly string[] {
  const found = calls.flatMap(({ to, selector, calldata }) => {
    const kind = to === token ? moneyKind(selector) : undefined
    const at = kind === 'transfer' ? calldata[0] : kind === 'transferFrom' ? calldata[1] : undefined
    return at === undefined ? [] : [at]
  })
  return [...new Set(found)]
}
