import { STRK } from '../../../account.ts'
import type { Address, Selector } from '../../../felt.ts'
import type { CallRule, SessionPolicy } from '../../policy.ts'
import { canonicalText } from '../../preimage.ts'
import { type ResolveFacts, resolve } from '../../resolve.ts'
import { parseRequest } from '../../wire.ts'
import { printPolicy } from '../../wire-print.ts'
import { createDice, type Dice } from '../dice.ts'
import { ACCOUNT, aPolicy, aTime, CLASS, COLLECTIONS, GAMES, OWN, PLAIN, TOKENS } from '../parts.ts'
import { ADMIN, MONEY_NAMES } from '../tables.ts'
import type { Property } from './property.ts'
import { has } from './scene.ts'

interface Asked {
  readonly json: unknown
  /** The same in other words. */
  readonly respelled?: unknown
  /** With one member that is anything. */
  readonly bent?: unknown
  readonly facts: ResolveFacts
  readonly now: number
}

type Json = Record<string, unknown>

export const spelling: Property<Asked> = {
  id: 'P4',
  says: 'parse is total; what is printed asks for the same; key order, spelling and list order change nothing',
  cases: 100_000,
  meets: { granted: 600, refused: 50, 'bent and granted': 10, 'bent and refused': 300 },
  make: (seed) => {
    const dice = createDice(seed)
    const now = aTime(dice)
    const policy = aPolicy(dice, now, has)
    if (dice.chance(0.9)) makeGrantable(policy)
    // Most sites name an amount of the token that accounts pay in.
    const [fee] = policy.fees.tokens
    if (fee !== undefined && dice.chance(0.7)) fee.token = STRK
    policy.validAfter = now
    policy.validUntil = now + dice.int(120, 7_776_000)
    const json = JSON.parse(JSON.stringify(printPolicy(policy))) as Json
    // Each costs as much as the request itself: one of the two.
    const other = dice.chance(0.5) ? { respelled: respell(dice, json) } : { bent: bend(dice, json) }
    return { json, ...other, facts: factsOf(policy), now }
  },
  check: ({ json, respelled, bent, facts, now }, met) => {
    const first = grant(json, facts, now)
    met(typeof first === 'string' ? 'refused' : 'granted')
    const why = same(first, facts, now)
    if (why !== undefined) return why
    if (respelled !== undefined) return alike(first, grant(respelled, facts, now), 'spelled otherwise')
    const other = grant(bent, facts, now)
    met(typeof other === 'string' ? 'bent and refused' : 'bent and granted')
    return same(other, facts, now)
  },
}

/** The policy, or what it is refused with. */
function grant(json: unknown, facts: ResolveFacts, now: number): SessionPolicy | string {
  const parsed = parseRequest(json, { now, selectorOf })
  const done = parsed.ok ? resolve(parsed.asked, facts, now) : parsed
  if (done.ok) return done.policy
  const { code, data } = done.error as { code: number; data?: { at?: unknown; feature?: unknown } }
  const where = data?.at ?? data?.feature
  return `${code} ${typeof where === 'string' ? where : 'nowhere'}`
}

function same(granted: SessionPolicy | string, facts: ResolveFacts, now: number): string | undefined {
  if (typeof granted === 'string') {
    return /^(114|210|215) (\/|$)/.test(granted) ? undefined : `refused with ${granted}`
  }
  const printed = JSON.parse(JSON.stringify(printPolicy(granted)))
  return alike(granted, grant(printed, facts, now), 'printed')
}

function alike(a: SessionPolicy | string, b: SessionPolicy | string, how: string): string | undefined {
  const text = (it: SessionPolicy | string) => (typeof it === 'string' ? 'refused' : canonicalText(it))
  return text(a) === text(b) ? undefined : `${how}: ${typeof b === 'string' ? b : 'another policy'}`
}

const NAMES = new Map<string, string>([...MONEY_NAMES, ...ADMIN, ...PLAIN.map((it, i) => [`plain_${i}`, it] as const)])

/** Names of the tables have their own selectors; any other has one that only it has. */
function selectorOf(name: string): Selector {
  const known = NAMES.get(name)
  if (known !== undefined) return known as Selector
  let hash = 5381n
  for (const letter of name) hash = (hash * 33n + BigInt(letter.codePointAt(0) ?? 0)) % (1n << 249n)
  return `0x${(hash + (1n << 240n)).toString(16)}` as Selector
}

/** As far as most requests are: each action in one rule, each total once. */
function makeGrantable(policy: SessionPolicy): void {
  const seen = new Set<string>()
  policy.calls = policy.calls.filter(({ contract, entrypoints }) => {
    const all = entrypoints === '*' ? ['*'] : entrypoints.map(({ selector }) => selector)
    const isNew = all.every((selector) => !seen.has(`${contract} ${selector}`))
    for (const selector of all) seen.add(`${contract} ${selector}`)
    return isNew
  })
  for (const rule of policy.calls) {
    rule.sums = rule.sums.slice(0, 1)
    // Six felts are what a class without lists has here; a token's own are two to four.
    if (rule.shapes === undefined && !GAMES.includes(rule.contract as Address)) rule.sums = []
  }
  policy.deny = policy.deny.filter(({ entrypoints }) => entrypoints === '*' || entrypoints.length > 0)
}

const PLAIN_PARAMS = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => ({ name, shape: { t: 'felt' as const } }))

/** The chain as the policy's own rules know it. */
function factsOf({ calls }: SessionPolicy): ResolveFacts {
  const contracts = [...GAMES, ...TOKENS, ...COLLECTIONS]
  return {
    account: ACCOUNT,
    ownAccounts: [ACCOUNT, OWN],
    classes: Object.fromEntries(contracts.map((contract) => [contract, classOf(contract, calls)])),
    strk: STRK,
    allowances: [],
  }
}

function classOf(contract: Address, calls: readonly CallRule[]): ResolveFacts['classes'][Address] {
  const named = new Set<string>(['plain_0', 'transfer', 'approve'])
  for (const rule of calls) {
    if (rule.contract !== contract || rule.entrypoints === '*') continue
    for (const { selector } of rule.entrypoints) named.add(selector)
  }
  const shapes = calls.find((rule) => rule.contract === contract && rule.shapes !== undefined)?.shapes
  const asset = TOKENS.includes(contract) ? 'erc20' : contract === COLLECTIONS[0] ? 'erc721' : 'erc1155'
  return {
    classHash: CLASS,
    entrypoints: [...NAMES]
      .filter(([name, selector]) => named.has(name) || named.has(selector))
      .map(([name, selector]) => {
        const params = shapes?.[selector as Selector] ?? PLAIN_PARAMS
        return { name, selector: selector as Selector, kind: 'external', params }
      }),
    ...(GAMES.includes(contract) ? {} : { asset }),
  }
}

const AMOUNTS = new Set([
  'amount',
  'per_call',
  'per_tx',
  'max_per_tx',
  'max_tip_per_gas',
  'initial',
  'per_second',
  'total',
])
const FELTS = new Set(['contract_address', 'token', 'collection', 'recipients', 'spenders', 'paymasters'])
const SETS = new Set([
  'entry_point',
  'caps',
  'spend_limits',
  'nft_limits',
  'deny',
  'recipients',
  'spenders',
  'tx_caps',
  'call_caps',
  'paymasters',
  'tokens',
])

function respell(dice: Dice, value: unknown, key = ''): unknown {
  if (Array.isArray(value)) {
    const items = value.map((it) => respell(dice, it, key))
    return SETS.has(key) ? shuffled(dice, items) : items
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      shuffled(dice, Object.entries(value)).map(([name, it]) => [name, respell(dice, it, name)]),
    )
  }
  if (typeof value !== 'string') return value
  if (AMOUNTS.has(key)) return dice.chance(0.5) ? value : `0x${BigInt(value).toString(16)}`
  if (!FELTS.has(key) || !/^0x/.test(value)) {
    return key === 'entry_point' && /^0x/.test(value) && dice.chance(0.5) ? `0x${value.slice(2).toUpperCase()}` : value
  }
  const felt = BigInt(value)
  return dice.pick([
    value,
    `${felt}`,
    `0x${felt.toString(16)}`,
    `0x${felt.toString(16).toUpperCase().padStart(64, '0')}`,
  ])
}

function shuffled<T>(dice: Dice, list: readonly T[]): T[] {
  const left = [...list]
  return list.map(() => left.splice(dice.int(0, left.length - 1), 1)[0] as T)
}

const ODD: readonly unknown[] = [
  ...[null, true, false, 0, 1, -1, 1.5, 65, 1_000_001, 7_776_001, 2 ** 36, Number.MAX_SAFE_INTEGER + 1],
  ...['', '*', 'self', '#', '.', '0', '01', '-1', '0x', '0X1', ' 0x1', 'hello', '__execute__', 'session', '0xa'],
  ...[`0x${(2n ** 251n + 17n * 2n ** 192n + 1n).toString(16)}`, `${2n ** 256n}`, ACCOUNT, OWN, 'x'.repeat(400)],
  ...[[], {}, [[]], [null], { at: 0 }, { rolling: 0 }, { fixed: 1, anchor: -1 }, { calendar: 'era' }],
  ...[JSON.parse('{"__proto__":{}}'), { constructor: 1 }, new Array(300).fill('0x1'), { not: { not: { any: [] } } }],
]

/** One member, anywhere, becomes anything, goes, or comes in addition. */
function bend(dice: Dice, json: Json): unknown {
  const copy = JSON.parse(JSON.stringify(json)) as Json
  const spots: [Json, string][] = []
  const walk = (node: unknown) => {
    if (typeof node !== 'object' || node === null) return
    for (const [key, member] of Object.entries(node)) {
      spots.push([node as Json, key])
      walk(member)
    }
  }
  walk(copy)
  const [node, key] = dice.pick(spots)
  switch (dice.int(0, 9)) {
    case 0:
      delete node[key]
      break
    case 1:
      node[dice.pick(['extra', 'toString', 'label', 'enabled'])] = 1
      break
    default:
      node[key] = dice.pick(ODD)
  }
  return copy
}
