import { type Felt, felt } from '../core/felt.ts'
import { parseTime, type UnixSeconds } from '../core/time.ts'

/** A take-over under way: of the account by its guardian (`owner` is replaced), or of the guardian by the owner. */
export interface Escape {
  readonly replaces: 'owner' | 'guardian'
  /** It can be finished from this second on. */
  readonly readyAt: UnixSeconds
  /** Public key of a Starknet signer, or what stands for another kind; absent: the guardian would be removed. */
  readonly signer?: Felt
  readonly status: 'waiting' | 'ready' | 'expired'
}

/** How long a take-over waits unless the account says otherwise, and how long it can then be finished, s. */
export const ESCAPE_PERIOD = 604_800
/** Of one role: one try to begin and one to finish in so long, and validation sees full hours (argent-sessions.md 9). */
const BETWEEN_TRIES = 13 * 3_600
const HOUR = 3_600

/** The most that a take-over's transaction may commit to, in fri: more is refused by the account (section 6). */
export const ESCAPE_FEE: Readonly<Record<'argent-0.4.0' | 'argent-0.5.0', bigint>> = {
  'argent-0.4.0': 5n * 10n ** 18n,
  'argent-0.5.0': 12n * 10n ** 18n,
}

/**
 * Reads the answer of `get_escape_and_status`: [ready_at, type, Option of the new signer, status], where the Option is
 * 0, value, type or 1 (section 9).
 *
 * @returns `null`: nothing under way; `undefined`: not such an answer
 */
export function parseEscape(answer: readonly Felt[]): Escape | null | undefined {
  const [readyAt, type, option, ...rest] = answer
  const [signer, status] = option === SOME && rest.length === 3 ? [rest[0], rest[2]] : [undefined, rest[0]]
  const isWhole = (option === SOME && rest.length === 3) || (option === NONE && rest.length === 1)
  if (!isWhole || readyAt === undefined || type === undefined || status === undefined) return undefined
  if (status === NOTHING) return null
  const replaces = type === felt(2) ? 'owner' : type === felt(1) ? 'guardian' : undefined
  const at = parseTime(Number(BigInt(readyAt)))
  const named = STATUS[status]
  if (replaces === undefined || at === undefined || named === undefined) return undefined
  return { replaces, readyAt: at, status: named, ...(signer === undefined ? {} : { signer }) }
}

/** When the account takes another try after one at `triedAt`. */
export function nextTryAt(triedAt: UnixSeconds): UnixSeconds {
  return Math.floor(triedAt / HOUR) * HOUR + BETWEEN_TRIES
}

const NOTHING = felt(0)
const SOME = felt(0)
const NONE = felt(1)
const STATUS: Readonly<Record<string, Escape['status']>> = { '0x1': 'waiting', '0x2': 'ready', '0x3': 'expired' }
