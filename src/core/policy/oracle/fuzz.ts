import type { ReasonCode, Verdict } from '../policy.ts'
import { compare } from './agree.ts'
import { seedOf } from './dice.ts'
import { generate } from './generate.ts'
import { DECIDED, type Feature } from './parts.ts'
import { shrink } from './shrink.ts'
import type { Case } from './story.ts'

export interface Tally {
  readonly cases: number
  readonly kinds: Record<'auto' | 'ask' | 'refuse', number>
  /** How many cases had the reason. */
  readonly codes: Partial<Record<ReasonCode, number>>
  /** The first few, shrunk, as somebody can read and keep them. */
  readonly disagreements: readonly string[]
  readonly disagreed: number
}

/** What no case can tell today: each of these belongs to a feature that is off, to a message, or to the parser. */
const OTHERS: Readonly<Record<string, readonly ReasonCode[]>> = {
  args: ['argRule'],
  sums: ['sumCap'],
  nft: ['approveAllForbidden', 'tokenId'],
}
const NEVER: readonly ReasonCode[] = [
  ...(['messageScope', 'messageField', 'messageCount', 'reservedMessage'] as const), // no transactions
]
const CODES: readonly ReasonCode[] = [
  ...([
    'malformed',
    'emptyCalls',
    'wrongChain',
    'wrongAccount',
    'wrongOrigin',
    'unsupportedField',
    'selfCall',
  ] as const),
  ...(['nestedExecution', 'adminEntrypoint', 'locked', 'notActive', 'paused', 'notStarted', 'expired'] as const),
  ...(['revoked', 'clock', 'codeChanged', 'denied', 'noRule', 'ruleDisabled', 'argRule', 'ruleCap', 'sumCap'] as const),
  ...([
    'tokenNotListed',
    'moneyMalformed',
    'approvalForbidden',
    'approveAllForbidden',
    'recipient',
    'spender',
  ] as const),
  ...(['tokenId', 'foreignTransferFrom', 'perCall', 'perTx', 'spendCap', 'streamCap', 'undeclaredOutflow'] as const),
  ...([
    'simulationFailed',
    'feeToken',
    'feeCap',
    'feePerTx',
    'tip',
    'paymasterRequired',
    'paymasterNotAllowed',
  ] as const),
  ...(['txCount', 'callCount', 'callsPerTx', 'gap', 'inFlight'] as const),
]
const SHOWN = 3

/** Reason codes that cases with these features can have. */
export function codesOf(features: readonly Feature[] = DECIDED): readonly ReasonCode[] {
  const off = Object.entries(OTHERS).flatMap(([feature, codes]) => (features.includes(feature as Feature) ? [] : codes))
  return CODES.filter((code) => !off.includes(code) && !NEVER.includes(code))
}

/** Every `step`th case of a run from `first` on: what one of `step` workers does of it. */
export function runCases(
  seed: number,
  count: number,
  { first = 0, step = 1, features = DECIDED }: { first?: number; step?: number; features?: readonly Feature[] } = {},
): Tally {
  const kinds = { auto: 0, ask: 0, refuse: 0 }
  const codes: Partial<Record<ReasonCode, number>> = {}
  const disagreements: string[] = []
  let [cases, disagreed] = [0, 0]
  for (let index = first; index < count; index += step) {
    const it = generate(seedOf(seed, index), features)
    const { oracle, agree } = compare(it)
    cases += 1
    kinds[oracle.kind] += 1
    const told = oracle.kind === 'auto' ? [] : oracle.reasons.map(({ code }) => code)
    for (const code of new Set(told)) codes[code] = (codes[code] ?? 0) + 1
    if (agree) continue
    disagreed += 1
    if (disagreements.length < SHOWN) disagreements.push(tell(it, `seed ${seed}, case ${index}`))
  }
  return { cases, kinds, codes, disagreements, disagreed }
}

/** The smallest case that still disagrees, with both verdicts. */
function tell(it: Case, where: string): string {
  const isCase = ({ tx }: Case) => (tx.resets ?? 0) <= tx.calls.length
  const small = shrink(it, (candidate) => isCase(candidate) && !compare(candidate).agree)
  const { engine, oracle, credits } = compare(small)
  const say = (name: 'engine' | 'oracle', verdict: Verdict) =>
    `  ${name}: ${print(verdict)}, credits ${credits[name].join(', ') || 'none'}`
  return `${where}\n${say('engine', engine)}\n${say('oracle', oracle)}\n  case: ${print(small)}`
}

/** JSON; amounts that are no texts in the types are told as `"12n"`. */
function print(value: unknown): string {
  return JSON.stringify(value, (_, it) => (typeof it === 'bigint' ? `${it}n` : it))
}
