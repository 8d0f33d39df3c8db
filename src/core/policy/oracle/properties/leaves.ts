import { type ExplainFacts, explain } from '../../explain.ts'
import type { SessionPolicy } from '../../policy.ts'
import { canonicalText } from '../../preimage.ts'
import { createDice } from '../dice.ts'
import { ACCOUNT, aPolicy, aTime, GAMES, TOKENS } from '../parts.ts'
import type { Property } from './property.ts'
import { has } from './scene.ts'

interface Told {
  readonly policy: SessionPolicy
  readonly now: number
  readonly dice: number
}

export const leaves: Property<Told> = {
  id: 'P5',
  says: 'one changed leaf: another hash and another explanation',
  // Each policy has one leaf of each of its members changed: of most members some hundreds in a run, of the rarest some.
  cases: 1_000,
  meets: {
    ...{ '/validAfter': 900, '/calls/*/contract': 900, '/calls/*/sums/*/caps/*/max': 200, '/deny/*/by': 200 },
    ...{
      '/spend/limits/*/stream/start': 200,
      '/fees/maxTipPerGas': 200,
      '/fees/payer': 900,
      '/fees/paymasters/*': 200,
      '/fees/service': 100,
      '/usage/minGap': 800,
      '/calls/*/args/**/value': 200,
    },
  },
  make: (seed) => {
    const dice = createDice(seed)
    const now = aTime(dice)
    const policy = aPolicy(dice, now, has)
    // A contract has one class, so all rules that name it pin the same one, and its line is said once.
    const pins = new Map(policy.calls.map(({ contract, codePin }) => [contract, codePin]))
    for (const rule of policy.calls) {
      const pin = pins.get(rule.contract)
      if (pin === undefined) delete rule.codePin
      else rule.codePin = pin
    }
    return { policy, now, dice: dice.int(0, 2 ** 31) }
  },
  check: (it, met) => {
    const dice = createDice(it.dice)
    const [text, words] = [canonicalText(it.policy), read(it.policy, it.now)]
    const members = new Map<string, Leaf[]>()
    for (const leaf of leavesOf(it.policy)) {
      const member = leaf.path
        .join('/')
        .replaceAll(/(^|\/)[0-9]+(?=\/|$)/g, '$1*')
        .replace(/(args|shapes)\/.*\/(?=[^/*])/, '$1/**/')
      const others = members.get(member)
      if (others === undefined) members.set(member, [leaf])
      else others.push(leaf)
    }
    for (const [member, all] of members) {
      const { path, other } = dice.pick(all)
      const changed = withLeaf(it.policy, path, other) as SessionPolicy
      if (canonicalText(changed) === text) return `${path.join('/')}: the same hash`
      if (read(changed, it.now) === words) return `${path.join('/')}: the same words`
      met(`/${member}`)
    }
    return undefined
  },
}

const facts: ExplainFacts = {
  host: 'play.g.io',
  account: ACCOUNT,
  backing: 'chain',
  runWhileLocked: true,
  words: {},
  balances: {},
  allowances: [],
  replaceable: [],
  enterable: [],
  tokens: Object.fromEntries(TOKENS.map((token, i) => [token, { symbol: `T${i}`, decimals: 2 }])),
  names: Object.fromEntries(GAMES.map((game, i) => [game, `Game ${i}`])),
  actions: {},
}

/** Ids are no part of what is said. */
function read(policy: SessionPolicy, now: number): string {
  const told = explain(policy, facts, now)
  return JSON.stringify({ ...told, can: told.can.map(({ id: _, ...row }) => row) })
}

/** Ids, the version and what says of which kind the rest is have no other value of their own. */
const FIXED = ['v', 'id', 'asset', 'kind', 'at', 't', 'op', 'as', 'ref']

interface Leaf {
  readonly path: readonly string[]
  readonly other: unknown
}

function* leavesOf(value: unknown, path: readonly string[] = [], kind?: unknown): Generator<Leaf> {
  if (typeof value !== 'object' || value === null) {
    // Of a truth there are two.
    const other = kind === 'bool' && (value === '0' || value === '1') ? `${1 - Number(value)}` : otherThan(value, path)
    if (other !== undefined) yield { path, other }
    return
  }
  for (const [key, member] of Object.entries(value)) {
    yield* leavesOf(member, [...path, key], 'as' in value ? value.as : kind)
  }
}

function withLeaf(value: unknown, [head, ...rest]: readonly string[], other: unknown): unknown {
  if (head === undefined) return other
  const inner = withLeaf((value as Record<string, unknown>)[head], rest, other) // the path came from this value
  return Array.isArray(value) ? value.with(Number(head), inner) : { ...(value as object), [head]: inner }
}

const WORDS: Readonly<Record<string, string>> = {
  receipt: 'simulate',
  simulate: 'receipt',
  pause: 'warn',
  warn: 'pause',
  account: 'either',
  either: 'paymaster',
  paymaster: 'account',
  person: 'site',
  site: 'person',
  forbid: 'count',
  count: 'resetAfter',
  resetAfter: 'forbid',
  allow: 'forbid',
  minute: 'hour',
  hour: 'day',
  day: 'week',
  week: 'month',
  month: 'year',
  year: 'minute',
}

function otherThan(value: unknown, path: readonly string[]): unknown {
  const name = path.at(-1) ?? ''
  if (FIXED.includes(name)) return undefined
  if (typeof value === 'number') return value + 1
  if (value === true) return name === 'enabled' || name === 'required' ? false : undefined
  if (value === false) return true
  if (typeof value !== 'string' || value === '*') return undefined
  if (name === 'approveAll' || name === 'approveOne') return value === 'allow' ? 'forbid' : 'allow'
  if (name === 'foreignTransferFrom') return value === 'count' ? 'forbid' : 'count'
  if (/^0x[0-9a-f]+$/.test(value)) return `0x${(BigInt(value) + 0x1_000n).toString(16)}`
  if (/^[0-9]+$/.test(value)) return `${BigInt(value) + 1n}`
  return WORDS[value] ?? `${value}x`
}
