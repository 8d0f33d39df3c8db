import type { Address, Selector, U256 } from '../../felt.ts'
import type { Outcome } from '../book.ts'
import type { Facts } from '../facts.ts'
import type {
  AmountCap,
  ArgKind,
  ArgPath,
  ArgRule,
  CallRule,
  Charge,
  CountCap,
  DenyRule,
  MeterId,
  NftLimit,
  Operand,
  Param,
  RuleId,
  SessionPolicy,
  SessionRecord,
  Shape,
  StreamCap,
  TokenLimit,
  Window,
} from '../policy.ts'
import type { Dice } from './dice.ts'
import { endOf, startOf } from './ledger.ts'
import type { Case, Happening, Holding, SpelledCall } from './story.ts'
import { ADMIN, MONEY_NAMES } from './tables.ts'

/** Parts of the policy that cases may have. */
export const FEATURES = [
  'windows',
  'stream',
  'deny',
  'spellings',
  'overlap',
  'simulate',
  'history',
  'approvals',
  'args',
  'sums',
  'nft',
  'star',
] as const
export type Feature = (typeof FEATURES)[number]
/** What the engine refuses at the parser, and so never decides. */
const UNDECIDED: readonly Feature[] = []
export const DECIDED: readonly Feature[] = FEATURES.filter((feature) => !UNDECIDED.includes(feature))

export type Writable<T> = { -readonly [K in keyof T]: T[K] }
export interface Draft {
  session: SessionRecord
  policy: SessionPolicy
  story: Happening[]
  tx: Writable<Case['tx']> & { calls: SpelledCall[] }
  facts: Writable<Facts>
  now: number
  /** What the person made of the policy since. */
  narrowed?: (policy: SessionPolicy) => SessionPolicy
}

export const ACCOUNT = '0x42a6' as Address
export const OWN = '0x42a7' as Address
export const TOKENS = ['0x57a4', '0x53c9'] as Address[]
export const UNLISTED = '0x7777' as Address
export const GAMES = ['0x1c3', '0x1c4'] as Address[]
export const COLLECTIONS = ['0xc011', '0xc012'] as Address[]
export const PEOPLE = ['0xf00d', '0xbad', '0x5b3'] as Address[]
export const ACCOUNT_CLASS = '0xacc' as SessionRecord['accountClass']
export const CLASS = '0x9a3e' as SessionRecord['accountClass']
/** In the order of a stored policy. */
export const PAYMASTERS = ['0xfee', 'https://other.example', 'https://pay.example'] as const
export const IMPL = '0x1113' as SessionRecord['accountClass']
export const PLAIN = [
  '0x239e4c8fbd11b680d7214cfc26d1780d5c099453f0832beb15fd040aebd4ebb',
  '0xabc',
  '0xabd',
] as Selector[]
export const TWO_128 = 1n << 128n
export const MAX = (1n << 256n) - 1n
export const MAX_COUNT = 1_000_000
export const DAY = 86_400
export const MAX_LIFE = 90 * DAY

export const money = Object.fromEntries(MONEY_NAMES) as Record<string, Selector>
export const TRANSFERS = ['transfer', 'transfer', 'transfer_from', 'transferFrom'] as const
export const APPROVALS = ['approve', 'increase_allowance', 'increaseAllowance'] as const
export const ERC20 = [...TRANSFERS, ...APPROVALS, 'decrease_allowance', 'decreaseAllowance'] as const
/** What each kind of collection has rows for. */
const ITEMS = [
  ['approve', 'transfer_from', 'transferFrom', 'safe_transfer_from', 'safeTransferFrom', 'set_approval_for_all'],
  ['safe_transfer_from', 'safeTransferFrom', 'safe_batch_transfer_from', 'safeBatchTransferFrom', 'setApprovalForAll'],
] as const
export const hex = (value: bigint | number) => `0x${value.toString(16)}`
export const text = (value: bigint) => (value < 0n ? 0n : value > MAX ? MAX : value).toString() as U256
export const limbs = (value: bigint) => [hex(value % TWO_128), hex(value / TWO_128)]

/** Edges of all calendar units, leap days, and anything. */
export function aTime(dice: Dice): number {
  const edges = [
    [2028, 1, 29],
    [2028, 2, 1],
    [2027, 2, 1],
    [2028, 0, 1],
    [2026, 11, 31],
    [2027, 2, 28],
    [2027, 9, 31],
    [2027, 0, 4],
    [2026, 11, 28],
    [2027, 4, 31],
    [2100, 1, 28],
    [2100, 2, 1],
  ] as const
  if (dice.chance(0.3)) return dice.int(1_780_000_000, 1_900_000_000)
  const [y, m, d] = dice.pick(edges)
  const hours = dice.pick([0, 0, 0, 1, 12, 23, 24])
  return Date.UTC(y, m, d, hours, dice.pick([0, 0, 30, 59])) / 1000 + dice.pick([-1, 0, 1, 59])
}

export function aWindow(dice: Dice, now: number): Window {
  const seconds = dice.pick([1, 2, 59, 60, 61, 3600, DAY, 7 * DAY, MAX_LIFE, dice.int(1, 100_000)])
  switch (dice.int(0, 3)) {
    case 0:
      return { kind: 'session' }
    case 1: {
      const near = now + dice.pick([0, 1, -1]) + seconds * dice.int(-3, 3)
      return { kind: 'fixed', seconds, anchor: dice.chance(0.6) ? near : now + dice.int(-200_000, 200_000) }
    }
    case 2:
      return { kind: 'calendar', unit: dice.pick(['minute', 'hour', 'day', 'week', 'month', 'year']) }
    default:
      return { kind: 'rolling', seconds }
  }
}

export function windows(dice: Dice, now: number, least: number): Window[] {
  const list: Window[] = []
  for (let i = dice.pick([least, 1, 1, 2, 3]); i > 0; i--) {
    const window = aWindow(dice, now)
    const key = JSON.stringify(window)
    if (list.every((it) => JSON.stringify(it) !== key)) list.push(window)
  }
  return list
}

export const amountCaps = (dice: Dice, now: number, least: number): AmountCap[] =>
  windows(dice, now, least).map((window) => ({ window, max: text(anAmount(dice)) }))
export const countCaps = (dice: Dice, now: number, least: number): CountCap[] =>
  windows(dice, now, least).map((window) => ({ window, max: dice.pick([0, 1, 2, 10, 100, MAX_COUNT]) }))

/** Small numbers, and the edges of limbs. */
export function anAmount(dice: Dice): bigint {
  if (dice.chance(0.75)) return dice.big(dice.pick([2n, 20n, 1000n, 10n ** 18n]))
  return dice.pick([0n, 1n << 127n, (1n << 127n) - 1n, TWO_128 - 1n, TWO_128, TWO_128 + 1n, MAX - 1n, MAX])
}

export function aPolicy(dice: Dice, now: number, has: (feature: Feature) => boolean): SessionPolicy {
  const validAfter = now - dice.pick([0, 1, dice.int(0, 100_000), dice.int(0, 80 * DAY)])
  const limits = TOKENS.filter(() => dice.chance(0.85)).map((token) => aLimit(dice, now, validAfter, token, has))
  const items = has('nft') ? COLLECTIONS.map((collection, i) => anItemLimit(dice, now, collection, i === 0)) : []
  const rules = Array.from({ length: dice.int(1, 4) }, () => aRule(dice, now, limits, items, has))
  if (has('overlap') && dice.chance(0.4)) rules.push(...overlapping(dice, now, rules, has))
  if (has('star') && dice.chance(0.15)) rules.push(anyContract(dice, now))
  rules.forEach((rule, i) => {
    rule.id = `r${i}` as RuleId
  })
  return {
    v: 1,
    validAfter,
    validUntil: now + dice.pick([61, 62, 120, 3600, DAY, 20 * DAY]),
    calls: rules,
    deny: has('deny') && dice.chance(0.3) ? [aDeny(dice, has)] : [],
    spend: { limits: [...limits, ...items], look: 'receipt' },
    fees: {
      payer: dice.pick(['account', 'account', 'either']),
      tokens: TOKENS.filter((_, i) => i === 0 || dice.chance(0.3)).map((token) => ({
        token,
        ...(dice.chance(0.5) ? { perTx: text(dice.big(2000n)) } : {}),
        caps: amountCaps(dice, now, 1),
      })),
      ...(dice.chance(0.5) ? { maxTipPerGas: text(dice.big(40n)) } : {}),
      ...(dice.chance(0.4) ? { paymasters: PAYMASTERS.filter(() => dice.chance(0.6)) } : {}),
      ...(dice.chance(0.2) ? { service: 'https://pay.example/v1' } : {}),
    },
    usage: {
      tx: countCaps(dice, now, 0),
      calls: countCaps(dice, now, 0),
      maxCallsPerTx: dice.pick([4, 5, 20, 64]),
      minGap: dice.pick([0, 0, 0, 1, 30]),
      maxInFlight: dice.pick([8, 16, 64]),
    },
    messages: [],
  }
}

export function aLimit(
  dice: Dice,
  now: number,
  validAfter: number,
  token: Address,
  has: (feature: Feature) => boolean,
): TokenLimit {
  const stream = has('stream') && dice.chance(0.3)
  return {
    asset: 'erc20',
    token,
    ...(dice.chance(0.4) ? { perCall: text(anAmount(dice)) } : {}),
    ...(dice.chance(0.4) ? { perTx: text(anAmount(dice)) } : {}),
    caps: amountCaps(dice, now, stream ? 0 : 1),
    ...(stream ? { stream: aStream(dice, now, validAfter) } : {}),
    ...(dice.chance(0.4) ? { recipients: dice.some([...PEOPLE, ACCOUNT], 0.7) } : {}),
    spenders: dice.some(PEOPLE, 0.6),
    approvals: has('approvals') ? dice.pick(['forbid', 'count', 'resetAfter']) : 'forbid',
    foreignTransferFrom: dice.pick(['forbid', 'count']),
  }
}

export function aStream(dice: Dice, now: number, validAfter: number): StreamCap {
  return {
    start: dice.pick([validAfter, now, now - 1, now - dice.int(0, 1000)]),
    initial: text(dice.big(100n)),
    perSecond: text(dice.pick([0n, 1n, 3n, 1000n])),
    ...(dice.chance(0.3) ? { max: text(anAmount(dice)) } : {}),
  }
}

export function anItemLimit(dice: Dice, now: number, collection: Address, single: boolean): NftLimit {
  return {
    asset: single ? 'erc721' : 'erc1155',
    collection,
    ...(dice.chance(0.4) ? { tokenIds: ['1', '2', TWO_128.toString()] as U256[] } : {}),
    maxOut: countCaps(dice, now, 1),
    ...(dice.chance(0.4) ? { recipients: dice.some(PEOPLE, 0.6) } : {}),
    spenders: dice.some(PEOPLE, 0.6),
    approveOne: dice.pick(['forbid', 'allow']),
    approveAll: dice.pick(['forbid', 'allow']),
  }
}

export function aRule(
  dice: Dice,
  now: number,
  limits: readonly TokenLimit[],
  items: readonly NftLimit[],
  has: (feature: Feature) => boolean,
): CallRule {
  const contract = dice.pick([...GAMES, ...limits.map(({ token }) => token), ...items.map((it) => it.collection)])
  const pool = TOKENS.includes(contract)
    ? ERC20.map((name) => money[name]!)
    : COLLECTIONS.includes(contract)
      ? (dice.chance(0.2) ? MONEY_NAMES.map(([name]) => name) : ITEMS[contract === COLLECTIONS[0] ? 0 : 1]).map(
          (name) => money[name]!,
        )
      : PLAIN
  const listed = [...new Set([dice.pick(pool), ...dice.some(pool, 0.4)])].sort()
  const admins = dice.chance(0.08) ? [dice.pick(ADMIN)[1] as Selector] : []
  const wide = dice.chance(0.2) && admins.length === 0
  const plain = pool === PLAIN
  const params = plain && (has('args') || has('sums')) && dice.chance(0.4) ? someParams(dice) : undefined
  const shapes = params && Object.fromEntries(listed.map((selector) => [selector, params]))
  const reachable = params === undefined ? [] : pathsIn(params)
  const summed = reachable.filter(({ as, each }) => each === undefined && ['felt', 'u128', 'u256'].includes(as))
  return {
    id: 'r' as RuleId,
    contract,
    entrypoints: [...listed, ...admins].map((selector) => ({ selector })),
    ...(wide ? { wide: true } : {}),
    ...(has('args') && dice.chance(0.2) ? { args: anArgument(dice, shapes) } : {}),
    ...(shapes === undefined ? {} : { shapes }),
    caps: countCaps(dice, now, 0),
    sums:
      has('sums') && dice.chance(0.3)
        ? [aSum(dice, now, summed), ...(dice.chance(0.2) ? [aSum(dice, now, [])] : [])]
        : [],
    enabled: dice.chance(0.93),
    required: dice.chance(0.2),
    ...(admins.length > 0 ? { adminAck: true } : {}),
    ...(dice.chance(0.05) ? { notAToken: true } : {}),
    ...(dice.chance(0.8)
      ? {
          codePin: {
            classHash: CLASS,
            ...(dice.chance(0.3) ? { impl: IMPL } : {}),
            onChange: dice.pick(['pause', 'pause', 'warn']),
          },
        }
      : {}),
  }
}

function aSum(dice: Dice, now: number, reachable: readonly Reachable[]): CallRule['sums'][number] {
  const { arg, as } =
    reachable.length > 0 && dice.chance(0.7)
      ? dice.pick(reachable)
      : { arg: { at: 'felt' as const, index: dice.int(0, 2) }, as: dice.pick(['felt', 'u128', 'u256'] as const) }
  return { arg, as: as as 'felt' | 'u128' | 'u256', caps: amountCaps(dice, now, 1) }
}

export function anArgument(dice: Dice, shapes: CallRule['shapes']): ArgRule {
  const params = Object.values(shapes ?? {})[0]
  const leaf = (): ArgRule => {
    const list = params === undefined || dice.chance(0.5) ? undefined : dice.pick(pathsIn(params))
    if (list?.each !== undefined) return { each: list.each, rule: compared(dice, list.arg, list.as) }
    if (list !== undefined) return compared(dice, list.arg, list.as)
    if (dice.chance(0.15)) return compared(dice, { at: 'length' }, 'felt')
    return compared(dice, { at: 'felt', index: dice.int(0, 3) }, dice.pick(['felt', 'u128', 'u256', 'bool', 'address']))
  }
  switch (dice.int(0, 7)) {
    case 0:
      return { all: [leaf(), leaf()] }
    case 1:
      return { any: [leaf(), leaf()] }
    case 2:
      return { not: dice.chance(0.5) ? leaf() : { any: [leaf(), leaf()] } }
    default:
      return leaf()
  }
}

const LITERALS: Readonly<Partial<Record<ArgKind, readonly string[]>>> = {
  bool: ['0', '1'],
  address: ['1', '2', '3', BigInt(ACCOUNT).toString()],
  u256: ['0', '1', '2', '3', '16', TWO_128.toString()],
}

function compared(dice: Dice, arg: ArgPath, as: ArgKind): ArgRule {
  // A site's literals are in the range of their kind, or they were refused with the request (policy.md 4).
  const literals = LITERALS[as] ?? ['0', '1', '2', '3', '16', (TWO_128 - 1n).toString()]
  const operand = (): Operand => {
    switch (dice.int(0, 9)) {
      case 0:
        return { ref: 'account' }
      case 1:
        return { ref: 'arg', arg: { at: 'felt', index: dice.int(0, 3) } }
      case 2:
        return { ref: 'call', back: dice.int(1, 2), arg: { at: 'felt', index: dice.int(0, 2) } }
      default:
        return { value: dice.pick(literals) }
    }
  }
  if (dice.chance(0.2)) return { arg, as, op: dice.pick(['in', 'notIn']), to: [operand(), operand()] }
  if (dice.chance(0.2)) return { arg, as, op: 'between', to: [{ value: '1' }, { value: dice.pick(literals.slice(1)) }] }
  return { arg, as, op: dice.pick(['eq', 'ne', 'lt', 'lte', 'gt', 'gte', 'gte']), to: operand() }
}

interface Reachable {
  readonly arg: ArgPath
  readonly as: ArgKind
  readonly each?: ArgPath
}

/** Every value that a path can name, elements of lists also by `each`. */
function pathsIn(params: readonly Param[]): Reachable[] {
  const walk = (shape: Shape, path: (string | number)[], make: (path: (string | number)[]) => ArgPath): Reachable[] => {
    switch (shape.t) {
      case 'struct':
        return shape.fields.flatMap((field) => walk(field.shape, [...path, field.name], make))
      case 'enum':
        return shape.variants.flatMap((variant) => walk(variant.shape, [...path, variant.name], make))
      case 'array':
      case 'fixed':
        return [
          ...walk(shape.of, [...path, 1], make),
          ...walk(shape.of, [], (inner) => ({ at: 'item', path: inner })).map((it) => ({ ...it, each: make(path) })),
        ]
      case 'bytes':
        return []
      case 'u256':
      case 'bool':
      case 'address':
      case 'selector':
      case 'classHash':
        return [{ arg: make(path), as: shape.t }]
      default:
        return [{ arg: make(path), as: shape.t === 'felt' ? 'felt' : 'u128' }]
    }
  }
  return params.flatMap(({ name, shape }) => walk(shape, [], (path) => ({ at: 'param', name, path })))
}

/** Parameters as classes have them; one for all entrypoints of a rule, so that a path fits each. */
export function someParams(dice: Dice): Param[] {
  const simple = (): Shape => ({
    t: dice.pick([
      'felt',
      'address',
      'selector',
      'classHash',
      'bool',
      'u8',
      'u16',
      'u32',
      'u64',
      'u128',
      'u256',
      'u256',
      'bytes',
    ]),
  })
  const shape = (depth: number): Shape => {
    switch (depth > 2 ? 9 : dice.int(0, 9)) {
      case 0:
        return { t: 'struct', fields: ['x', 'y'].map((name) => ({ name, shape: shape(depth + 1) })) }
      case 1:
        return { t: 'enum', variants: ['A', 'B'].map((name) => ({ name, shape: shape(depth + 1) })) }
      case 2:
      case 3:
        return { t: 'array', of: depth === 0 ? shape(2) : simple() }
      case 4:
        return { t: 'fixed', of: simple(), length: 2 }
      default:
        return simple()
    }
  }
  return Array.from({ length: dice.int(1, 3) }, (_, i) => ({ name: `p${i}`, shape: shape(0) }))
}

/** Felts of a value of the shape; each number small, or at the edge of its range and one beyond. */
export function encoded(dice: Dice, shape: Shape): bigint[] {
  const repeat = (of: Shape, length: number) => Array.from({ length }, () => encoded(dice, of)).flat()
  switch (shape.t) {
    case 'struct':
      return shape.fields.flatMap((field) => encoded(dice, field.shape))
    case 'enum': {
      const index = dice.chance(0.05) ? shape.variants.length : dice.int(0, shape.variants.length - 1)
      const variant = shape.variants[index]
      return [BigInt(index), ...(variant === undefined ? [] : encoded(dice, variant.shape))]
    }
    case 'array': {
      const length = dice.int(0, 3)
      return [BigInt(length), ...repeat(shape.of, length)]
    }
    case 'fixed':
      return repeat(shape.of, shape.length)
    case 'bytes':
      return dice.pick([
        [0n, 0x61n, 1n],
        [1n, 0x62n, 0n, 0n],
        [0n, 0x100n, 1n],
        [0n, 0n, 31n],
        [1n, 1n << 248n, 0n, 0n],
      ])
    case 'u256':
      return [numberBelow(dice, TWO_128), dice.chance(0.8) ? 0n : numberBelow(dice, TWO_128)]
    default:
      return [numberBelow(dice, ENDS[shape.t] ?? 1n << 250n)]
  }
}

const ENDS: Readonly<Partial<Record<Shape['t'], bigint>>> = {
  bool: 2n,
  u8: 1n << 8n,
  u16: 1n << 16n,
  u32: 1n << 32n,
  u64: 1n << 64n,
  u128: TWO_128,
  address: (1n << 251n) - 256n,
}

function numberBelow(dice: Dice, end: bigint): bigint {
  if (dice.chance(0.85)) return dice.big(end < 4n ? end : 4n)
  return dice.pick([end - 1n, end - 1n, end])
}

/** The same entrypoints again: of another rank, or later in the same one. */
export function overlapping(
  dice: Dice,
  now: number,
  rules: readonly CallRule[],
  has: (feature: Feature) => boolean,
): CallRule[] {
  return Array.from({ length: dice.int(1, 2) }, () => {
    const { args: _args, wide, ...like } = dice.pick(rules)
    return {
      ...like,
      ...(has('args') && dice.chance(0.6) ? { args: anArgument(dice, like.shapes) } : {}),
      ...((wide === true ? dice.chance(0.3) : dice.chance(0.5)) && like.adminAck === undefined ? { wide: true } : {}),
      caps: countCaps(dice, now, 0),
      sums: [],
      enabled: dice.chance(0.7),
    }
  })
}

export function anyContract(dice: Dice, now: number): CallRule {
  return {
    id: 'r' as RuleId,
    contract: '*',
    entrypoints: dice.chance(0.4) ? '*' : dice.some(PLAIN, 0.6).map((selector) => ({ selector })),
    caps: countCaps(dice, now, 0),
    sums: [],
    enabled: dice.chance(0.9),
    required: false,
  }
}

export function aDeny(dice: Dice, has: (feature: Feature) => boolean): DenyRule {
  const selectors = [...PLAIN, ...Object.values(money)]
  return {
    contract: dice.chance(0.3) ? '*' : dice.pick([...GAMES, ...TOKENS]),
    entrypoints: dice.chance(0.1) ? '*' : dice.some(selectors, 0.1),
    ...(has('args') && dice.chance(0.5) ? { args: anArgument(dice, undefined) } : {}),
    by: dice.pick(['person', 'site']),
  }
}

export function aSession(policy: SessionPolicy, now: number): SessionRecord {
  return {
    id: '0123456789abcdef0123456789abcdef' as SessionRecord['id'],
    origin: 'https://play.g.io' as SessionRecord['origin'],
    chainId: '0x534e5f5345504f4c4941' as SessionRecord['chainId'],
    genesis: { hash: '0x9e0' as SessionRecord['chainId'], at: 1_700_000_000 },
    account: ACCOUNT,
    accountClass: ACCOUNT_CLASS,
    backing: 'chain',
    key: { by: 'wallet', guid: '0x1' as SessionRecord['chainId'] },
    words: {},
    asked: {},
    granted: policy,
    policyHash: `0x${'0'.repeat(64)}` as SessionRecord['policyHash'],
    effective: policy,
    runWhileLocked: true,
    mayNarrow: true,
    state: 'active',
    createdAt: Math.min(policy.validAfter, now),
    seq: 1,
  }
}

export function theFacts(dice: Dice, session: SessionRecord, now: number): Facts {
  const read = (classHash: SessionRecord['accountClass']) => ({
    classHash,
    readAt: now - dice.pick([0, 0, 1, 30, 59, 60]),
  })
  const contracts = [...TOKENS, ...GAMES, ...COLLECTIONS, UNLISTED]
  return {
    ownAccounts: dice.chance(0.5) ? [ACCOUNT, OWN] : [OWN, ACCOUNT],
    unlocked: dice.chance(0.9),
    workingSet: true,
    ...(dice.chance(0.8) ? { genesis: session.genesis.hash } : {}),
    clockWrong: false,
    classes: Object.fromEntries([
      [ACCOUNT, read(ACCOUNT_CLASS)],
      ...contracts.map((it) => [it, { ...read(CLASS), impl: IMPL }]),
    ]),
    liveAllowance: false,
    simulation: 'none',
    reverts: { inARow: dice.pick([0, 0, 1, 2]), lastAt: now - dice.int(0, 100) },
  }
}

/** Holds, settlements and forgetting before now, near the edges of the windows that the policy has. */
export function aStory(
  dice: Dice,
  policy: SessionPolicy,
  now: number,
  aHolding: (dice: Dice, policy: SessionPolicy) => Pick<Holding, 'charges' | 'calls'>,
): Happening[] {
  const all = capsOf(policy)
  const edges = all.flatMap(({ caps }) => caps.flatMap(({ window }) => edgesOf(window, now)))
  const aMoment = (from: number) => {
    const t = edges.length > 0 && dice.chance(0.6) ? dice.pick(edges) + dice.pick([-1, 0, 1]) : now - dice.int(0, 5000)
    return Math.min(now, Math.max(from, t, policy.validAfter))
  }
  const events: { at: number; order: number; happening: Happening }[] = []
  const count = dice.pick([0, 1, 2, 3, 4, 6])
  for (let i = 0; i < count; i++) {
    const id = `h${i}`
    const at = aMoment(0)
    const before = events.length > 0 && dice.chance(0.12) ? dice.pick(events) : undefined
    const group = before !== undefined && 'hold' in before.happening ? before.happening.hold.group : `g${i}`
    const holding = aHolding(dice, policy)
    const { charges } = holding
    events.push({ at, order: i * 10, happening: { hold: { id, group, at, ...holding } } })
    if (dice.chance(0.15)) continue
    const end = dice.pick(['accepted', 'accepted', 'accepted', 'reverted', 'rejected', 'dropped', 'released'] as const)
    const then = aMoment(at)
    events.push({ at: then, order: i * 10 + 1, happening: settlement(dice, id, charges, end, at, then) })
    if ((end === 'rejected' || end === 'dropped') && dice.chance(0.3)) {
      const late = aMoment(then)
      const found = dice.pick(['accepted', 'reverted'] as const)
      events.push({ at: late, order: i * 10 + 2, happening: settlement(dice, id, charges, found, at, late) })
    }
  }
  if (dice.chance(0.3)) {
    const at = aMoment(0)
    events.push({ at, order: 1000, happening: { compact: at } })
  }
  return events.sort((a, b) => a.at - b.at || a.order - b.order).map(({ happening }) => happening)
}

export function someCharges(dice: Dice, policy: SessionPolicy): Charge[] {
  const charge = (meter: string, amount: bigint, refundable = 0n): Charge => ({
    meter: meter as MeterId,
    amount: text(amount),
    refundable: text(refundable),
  })
  const calls = dice.int(1, 3)
  const charges = [charge('tx', 1n), charge('calls', BigInt(calls))]
  const fee = policy.fees.tokens[0]?.token ?? TOKENS[0]!
  charges.push(charge(`fee:${fee}`, dice.big(1000n)))
  const rules = dice.some(policy.calls, 0.5)
  for (const rule of rules) {
    charges.push(charge(`rule:${rule.id}`, BigInt(dice.int(1, calls))))
    rule.sums.forEach((_, i) => {
      charges.push(charge(`sum:${rule.id}:${i}`, dice.big(1000n)))
    })
  }
  for (const limit of dice.some(policy.spend.limits, 0.6)) {
    if (limit.asset !== 'erc20') {
      charges.push(charge(`nft:${limit.collection}`, BigInt(dice.int(1, 3))))
      continue
    }
    // Totals beyond 2^256 are no amounts of a chain; the book keeps the largest there is (book.ts).
    const amount = dice.chance(0.95) ? dice.big(1000n) : dice.pick([TWO_128 - 1n, TWO_128, TWO_128 + 1n])
    const refundable = dice.chance(0.6) ? 0n : dice.chance(0.5) ? amount : dice.big(amount + 1n)
    if (amount > 0n) charges.push(charge(`spend:${limit.token}`, amount, refundable))
  }
  return charges.filter(({ amount }) => amount !== '0')
}

export function settlement(
  dice: Dice,
  id: string,
  charges: readonly Charge[],
  end: Outcome['end'],
  heldAt: number,
  now: number,
): Happening {
  const at = Math.min(now, dice.pick([heldAt, heldAt + 1, heldAt - 3, now, now - 1]))
  if (end !== 'accepted' && end !== 'reverted')
    return { settle: id, outcome: dice.chance(0.7) ? { end, at } : { end }, now }
  const held = charges.find(({ meter }) => meter.startsWith('fee:'))
  const most = BigInt(held?.amount ?? '0')
  const paid = dice.chance(0.9) ? dice.big(most + 1n) : most + dice.big(50n)
  const fee = { token: (held?.meter.slice(4) ?? TOKENS[0]!) as Address, paid: text(paid) }
  if (end === 'reverted') return { settle: id, outcome: { end, at, fee }, now }
  const out: Record<string, U256> = {}
  for (const { meter, amount } of charges) {
    if (!meter.startsWith('spend:')) continue
    const charged = BigInt(amount)
    const left = dice.pick([charged, charged, 0n, dice.big(charged + 1n), charged + dice.big(20n)])
    if (left > 0n) out[meter.slice(6)] = text(left)
  }
  const items: Record<string, U256> = {}
  for (const { meter, amount } of charges) {
    const count = Number(amount) + dice.pick([0, 0, -1, 1])
    if (meter.startsWith('nft:') && count > 0) items[meter.slice(4)] = text(BigInt(count))
  }
  return { settle: id, outcome: { end, at, fee, out, items }, now }
}

/** The seconds around which a window begins and ends, and the one before. */
export function edgesOf(window: Window, now: number): number[] {
  if (window.kind === 'session') return []
  const start = startOf(window, now)
  const before = startOf(window, start - 1)
  return [start, before, endOf(window, now) ?? now]
}

export function aCall(dice: Dice, policy: SessionPolicy, has: (feature: Feature) => boolean): SpelledCall {
  const working = policy.calls.filter(({ enabled }) => enabled)
  const rule = dice.pick(working.length > 0 ? working : policy.calls)
  const to = rule.contract === '*' ? dice.pick([...GAMES, ...PEOPLE]) : rule.contract
  const selector =
    rule.entrypoints === '*' || rule.entrypoints.length === 0 ? dice.pick(PLAIN) : dice.pick(rule.entrypoints).selector
  const name = MONEY_NAMES.find(([, it]) => it === selector)?.[0]
  const limit = policy.spend.limits.find((it) => (it.asset === 'erc20' ? it.token : it.collection) === to)
  const params = rule.shapes?.[selector]
  if (params !== undefined && dice.chance(0.95)) {
    const felts = params.flatMap(({ shape }) => encoded(dice, shape))
    const bent = dice.chance(0.9) ? felts : dice.chance(0.5) ? [...felts, 0n] : felts.slice(0, -1)
    return { to, selector, calldata: bent.map(hex) }
  }
  if (name === undefined) {
    const felts = ['0x0', '0x1', '0x2', '0x3', '0x10', ACCOUNT, hex(TWO_128)]
    return { to, selector, calldata: Array.from({ length: dice.int(0, 5) }, () => dice.pick(felts)) }
  }
  if (limit?.asset === 'erc20') return { to, selector, calldata: tokenData(dice, name, limit, has) }
  return { to, selector, calldata: itemData(dice, name, limit) }
}

export function tokenData(dice: Dice, name: string, limit: TokenLimit, has: (feature: Feature) => boolean): string[] {
  const person = dice.pick(limit.recipients?.length ? limit.recipients : PEOPLE)
  const spender = dice.pick(limit.spenders.length > 0 ? limit.spenders : PEOPLE)
  const amount = dice.chance(0.1) ? anAmount(dice) : dice.big(1000n)
  const kind = name.toLowerCase().replaceAll('_', '')
  if (kind === 'transfer') return [dice.chance(0.05) ? ACCOUNT : person, ...limbs(amount)]
  if (kind === 'transferfrom') {
    const foreign = limit.foreignTransferFrom === 'count' && dice.chance(0.3)
    return [foreign ? dice.pick(PEOPLE) : ACCOUNT, dice.chance(0.05) ? ACCOUNT : person, ...limbs(amount)]
  }
  if (kind.startsWith('decrease')) return [spender, ...limbs(amount)]
  const granted = has('approvals') && limit.approvals !== 'forbid' ? amount : 0n
  return [granted === 0n ? dice.pick(PEOPLE) : spender, ...limbs(granted)]
}

export function itemData(dice: Dice, name: string, limit: NftLimit | undefined): string[] {
  const allows = name === 'approve' || name.startsWith('set')
  const named = allows ? limit?.spenders : limit?.recipients
  const to = dice.pick(named?.length ? named : PEOPLE)
  const id = limbs(BigInt(dice.pick(limit?.tokenIds?.length ? limit.tokenIds : ['1', '7', '9'])))
  const from = dice.chance(0.8) ? ACCOUNT : dice.pick(PEOPLE)
  const kind = name.toLowerCase().replaceAll('_', '')
  if (kind === 'approve' && limit?.approveOne !== 'allow' && dice.chance(0.8)) return ['0x0', ...id]
  if (kind === 'approve' || kind === 'transfer' || kind.includes('allowance')) return [to, ...id]
  if (kind === 'transferfrom') return [from, to, ...id]
  if (kind === 'setapprovalforall')
    return [to, dice.pick(limit?.approveAll === 'allow' ? ['0x0', '0x1', '0x1'] : ['0x0', '0x0', '0x0', '0x1', '0x2'])]
  if (kind === 'safetransferfrom') {
    const value = limit?.asset === 'erc1155' ? [dice.pick(['0x0', '0x1', '0x2']), '0x0'] : []
    return [from, to, ...id, ...value, ...(dice.chance(0.5) ? ['0x0'] : ['0x1', '0x5'])]
  }
  return [from, to, '0x2', ...id, '0x1', '0x0', '0x2', '0x3', '0x0', '0x1', '0x0', '0x0']
}

/** A simulation that shows what calldata says, or a little more of a listed token. */
export function simulateWell(dice: Dice, { policy, facts, tx, now }: Draft): void {
  const why = dice.int(0, 10)
  if (why < 5) policy.spend.look = 'simulate'
  else if (why < 10) facts.liveAllowance = true
  const out: Record<string, U256> = {}
  for (const { to, selector, calldata } of tx.calls) {
    const readable = calldata.length === 3 && calldata.every((it) => /^0x[0-9a-f]+$/.test(it))
    if (!TOKENS.includes(to as Address) || selector !== money.transfer || !readable) continue
    out[to] = text(BigInt(out[to] ?? '0') + BigInt(calldata[1]!) + (BigInt(calldata[2]!) << 128n))
  }
  for (const limit of policy.spend.limits) {
    if (limit.asset === 'erc20' && dice.chance(0.4)) {
      out[limit.token] = text(BigInt(out[limit.token] ?? '0') + dice.big(50n))
    }
  }
  const items: Record<string, U256> = {}
  for (const limit of policy.spend.limits) {
    if (limit.asset !== 'erc20' && dice.chance(0.4)) items[limit.collection] = text(dice.big(4n) + 1n)
  }
  facts.simulation = dice.chance(0.1) ? 'later' : { ok: true, at: now - dice.pick([0, 1, 14, 15]), out, items, odd: [] }
}

export interface MeterCaps {
  readonly meter: MeterId
  readonly caps: (AmountCap | CountCap)[]
}

export function capsOf(policy: SessionPolicy): MeterCaps[] {
  const of = (meter: string, caps: (AmountCap | CountCap)[]) => ({ meter: meter as MeterId, caps })
  return [
    of('tx', policy.usage.tx),
    of('calls', policy.usage.calls),
    ...policy.fees.tokens.map((fee) => of(`fee:${fee.token}`, fee.caps)),
    ...policy.spend.limits.map((limit) =>
      limit.asset === 'erc20' ? of(`spend:${limit.token}`, limit.caps) : of(`nft:${limit.collection}`, limit.maxOut),
    ),
    ...policy.calls.flatMap((rule) => [
      of(`rule:${rule.id}`, rule.caps),
      ...rule.sums.map((sum, i) => of(`sum:${rule.id}:${i}`, sum.caps)),
    ]),
  ]
}
