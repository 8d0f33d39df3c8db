import type { Address, Selector, U256 } from '../../../felt.ts'
import type {
  AmountCap,
  CallRule,
  CountCap,
  NftLimit,
  RuleId,
  SessionPolicy,
  StreamCap,
  TokenLimit,
} from '../../policy.ts'
import type { Dice } from '../dice.ts'
import { ACCOUNT, anArgument, type CLASS, GAMES, MAX_COUNT, PEOPLE, PLAIN, TOKENS, text, windows } from '../parts.ts'

/** One row of the table of policy.md 11; `undefined`: the policy has nothing of it. */
export interface Move {
  readonly name: string
  readonly of: (policy: SessionPolicy, dice: Dice) => SessionPolicy | undefined
}

type Cap = AmountCap | CountCap

/** A few of the moves that only narrow. */
export function narrowed(dice: Dice, policy: SessionPolicy): SessionPolicy {
  let next = policy
  for (let moves = dice.int(1, 3); moves > 0; moves--) next = dice.pick(NARROWINGS).of(next, dice) ?? next
  return next
}

export const NARROWINGS: readonly Move[] = [
  { name: 'later start', of: (it, dice) => ({ ...it, validAfter: it.validAfter + dice.pick([0, 1, 10]) }) },
  { name: 'earlier end', of: (it, dice) => ({ ...it, validUntil: it.validUntil - dice.pick([0, 1, 60]) }) },
  { name: 'rule off', of: (it, dice) => rule(it, dice, () => ({ enabled: false })) },
  { name: 'smaller cap', of: (it, dice) => anyCaps(it, dice, (caps) => lower(caps, dice)) },
  { name: 'one more cap', of: (it, dice) => anyCaps(it, dice, (caps) => more(caps, dice, it.validAfter)) },
  {
    name: 'one more deny',
    of: (it, dice) => ({
      ...it,
      deny: [...it.deny, { contract: dice.pick([...GAMES, '*' as const]), entrypoints: [PLAIN[1]!], by: 'person' }],
    }),
  },
  { name: 'no ack any more', of: (it, dice) => rule(it, dice, ({ adminAck }) => adminAck && without('adminAck')) },
  { name: 'a token again', of: (it, dice) => rule(it, dice, ({ notAToken }) => notAToken && without('notAToken')) },
  { name: 'sponsored only', of: (it, dice) => rule(it, dice, () => ({ sponsoredOnly: true })) },
  { name: 'warn to pause', of: (it, dice) => pinned(it, dice, 'warn', 'pause') },
  { name: 'limit gone', of: (it, dice) => limits(it, dice, () => undefined) },
  { name: 'per call', of: (it, dice) => token(it, dice, ({ perCall }) => ({ perCall: atMost(perCall, dice) })) },
  { name: 'per transaction', of: (it, dice) => token(it, dice, ({ perTx }) => ({ perTx: atMost(perTx, dice) })) },
  { name: 'slower stream', of: (it, dice) => stream(it, dice, (one) => ({ perSecond: atMost(one.perSecond, dice) })) },
  {
    name: 'smaller start of a stream',
    of: (it, dice) => stream(it, dice, (one) => ({ initial: atMost(one.initial, dice) })),
  },
  { name: 'stream bounded', of: (it, dice) => stream(it, dice, ({ max }) => ({ max: atMost(max, dice) })) },
  { name: 'later stream', of: (it, dice) => stream(it, dice, ({ start }) => ({ start: start + 1 })) },
  {
    name: 'fewer recipients',
    of: (it, dice) => money(it, dice, ({ recipients }) => ({ recipients: fewer(recipients, dice) })),
  },
  {
    name: 'fewer spenders',
    of: (it, dice) => money(it, dice, ({ spenders }) => ({ spenders: dice.some(spenders, 0.5) })),
  },
  { name: 'no approvals', of: (it, dice) => token(it, dice, () => ({ approvals: 'forbid' })) },
  { name: 'none of others', of: (it, dice) => token(it, dice, () => ({ foreignTransferFrom: 'forbid' })) },
  {
    name: 'fewer items',
    of: (it, dice) => items(it, dice, ({ tokenIds }) => ({ tokenIds: tokenIds?.slice(1) ?? ['1' as U256] })),
  },
  {
    name: 'no item approvals',
    of: (it, dice) => items(it, dice, () => ({ approveOne: 'forbid', approveAll: 'forbid' })),
  },
  { name: 'always simulated', of: (it) => ({ ...it, spend: { ...it.spend, look: 'simulate' } }) },
  { name: 'no fee token', of: (it) => ({ ...it, fees: { ...it.fees, tokens: it.fees.tokens.slice(0, -1) } }) },
  { name: 'fee per transaction', of: (it, dice) => fee(it, dice, ({ perTx }) => ({ perTx: atMost(perTx, dice) })) },
  { name: 'one payer', of: (it, dice) => payer(it, 'either', dice.pick(['account', 'paymaster'])) },
  {
    name: 'smaller tip',
    of: (it, dice) => ({ ...it, fees: { ...it.fees, maxTipPerGas: atMost(it.fees.maxTipPerGas, dice) } }),
  },
  { name: 'calls per transaction', of: (it) => usage(it, { maxCallsPerTx: Math.max(1, it.usage.maxCallsPerTx - 1) }) },
  { name: 'in flight', of: (it) => usage(it, { maxInFlight: Math.max(1, it.usage.maxInFlight - 1) }) },
  { name: 'longer gap', of: (it, dice) => usage(it, { minGap: it.usage.minGap + dice.pick([0, 1, 30]) }) },
]

export const WIDENINGS: readonly Move[] = [
  { name: 'earlier start', of: (it) => ({ ...it, validAfter: it.validAfter - 1 }) },
  { name: 'later end', of: (it) => ({ ...it, validUntil: it.validUntil + 1 }) },
  { name: 'rule on', of: (it, dice) => rule(it, dice, ({ enabled }) => !enabled && { enabled: true }) },
  {
    name: 'rule gone',
    of: (it, dice) => {
      const gone = at(it.calls, dice)
      return { ...it, calls: it.calls.filter((_, i) => i !== gone) }
    },
  },
  {
    name: 'another rule',
    of: (it) => ({ ...it, calls: [...it.calls, { ...it.calls[0]!, id: `r${it.calls.length}` as RuleId }] }),
  },
  {
    name: 'rules turned',
    of: ({ calls, ...it }) => (calls.length > 1 ? { ...it, calls: [...calls].reverse() } : undefined),
  },
  { name: 'another contract', of: (it, dice) => rule(it, dice, () => ({ contract: PEOPLE[0]! })) },
  { name: 'any contract', of: (it, dice) => rule(it, dice, ({ contract }) => contract !== '*' && { contract: '*' }) },
  {
    name: 'another entrypoint',
    of: (it, dice) =>
      rule(
        it,
        dice,
        entriesOf((all) => [...all, { selector: '0xeee' as Selector }]),
      ),
  },
  { name: 'wide', of: (it, dice) => rule(it, dice, ({ wide }) => (wide ? without('wide') : { wide: true })) },
  { name: 'arguments gone', of: (it, dice) => rule(it, dice, ({ args }) => args && without('args')) },
  {
    name: 'other arguments',
    of: (it, dice) =>
      rule(it, dice, ({ args, shapes }) => {
        const other = anArgument(dice, shapes)
        return JSON.stringify(other) !== JSON.stringify(args) && { args: other }
      }),
  },
  { name: 'shapes gone', of: (it, dice) => rule(it, dice, ({ shapes }) => shapes && without('shapes')) },
  { name: 'acked', of: (it, dice) => rule(it, dice, ({ adminAck }) => !adminAck && { adminAck: true }) },
  { name: 'no token', of: (it, dice) => rule(it, dice, ({ notAToken }) => !notAToken && { notAToken: true }) },
  {
    name: 'pays itself',
    of: (it, dice) => rule(it, dice, ({ sponsoredOnly }) => sponsoredOnly && without('sponsoredOnly')),
  },
  { name: 'pin gone', of: (it, dice) => rule(it, dice, ({ codePin }) => codePin && without('codePin')) },
  { name: 'pause to warn', of: (it, dice) => pinned(it, dice, 'pause', 'warn') },
  {
    name: 'other code',
    of: (it, dice) =>
      rule(it, dice, ({ codePin }) => codePin && { codePin: { ...codePin, classHash: '0xbad' as typeof CLASS } }),
  },
  { name: 'larger cap', of: (it, dice) => anyCaps(it, dice, (caps) => raise(caps, dice)) },
  { name: 'cap gone', of: (it, dice) => anyCaps(it, dice, (caps) => (caps.length > 0 ? caps.slice(1) : undefined)) },
  { name: 'other window', of: (it, dice) => anyCaps(it, dice, otherWindow) },
  { name: 'deny gone', of: (it) => (it.deny.length > 0 ? { ...it, deny: it.deny.slice(1) } : undefined) },
  {
    name: 'another deny in its place',
    of: (it) =>
      it.deny.length > 0
        ? { ...it, deny: it.deny.map((deny, i) => (i === 0 ? { ...deny, entrypoints: ['0xeee' as Selector] } : deny)) }
        : undefined,
  },
  {
    name: 'another token',
    of: (it, dice) => {
      const limit = it.spend.limits.find((one) => one.asset === 'erc20') as TokenLimit | undefined
      const other = { ...limit!, token: PEOPLE[dice.int(0, 2)]! }
      return limit && { ...it, spend: { ...it.spend, limits: [...it.spend.limits, other] } }
    },
  },
  {
    name: 'more per call',
    of: (it, dice) => token(it, dice, ({ perCall }) => perCall && { perCall: larger(perCall) }),
  },
  { name: 'any per call', of: (it, dice) => token(it, dice, ({ perCall }) => perCall && without('perCall')) },
  { name: 'more per transaction', of: (it, dice) => token(it, dice, ({ perTx }) => perTx && { perTx: larger(perTx) }) },
  { name: 'any per transaction', of: (it, dice) => token(it, dice, ({ perTx }) => perTx && without('perTx')) },
  { name: 'stream gone', of: (it, dice) => token(it, dice, ({ stream }) => stream && without('stream')) },
  { name: 'faster stream', of: (it, dice) => stream(it, dice, (one) => ({ perSecond: larger(one.perSecond) })) },
  { name: 'larger start of a stream', of: (it, dice) => stream(it, dice, (one) => ({ initial: larger(one.initial) })) },
  { name: 'stream unbounded', of: (it, dice) => stream(it, dice, ({ max }) => max && without('max')) },
  { name: 'earlier stream', of: (it, dice) => stream(it, dice, ({ start }) => ({ start: start - 1 })) },
  {
    name: 'another recipient',
    of: (it, dice) => money(it, dice, ({ recipients: all }) => all && { recipients: [...all, '0x999' as Address] }),
  },
  { name: 'any recipient', of: (it, dice) => money(it, dice, ({ recipients: all }) => all && without('recipients')) },
  {
    name: 'another spender',
    of: (it, dice) => money(it, dice, ({ spenders: all }) => ({ spenders: [...all, '0x999' as Address] })),
  },
  { name: 'approvals', of: (it, dice) => token(it, dice, approvals) },
  {
    name: 'money of others',
    of: (it, dice) =>
      token(it, dice, ({ foreignTransferFrom: it }) => it === 'forbid' && { foreignTransferFrom: 'count' }),
  },
  { name: 'any item', of: (it, dice) => items(it, dice, ({ tokenIds }) => tokenIds && without('tokenIds')) },
  {
    name: 'item approvals',
    of: (it, dice) => items(it, dice, ({ approveOne: it }) => it === 'forbid' && { approveOne: 'allow' }),
  },
  {
    name: 'all items',
    of: (it, dice) => items(it, dice, ({ approveAll: it }) => it === 'forbid' && { approveAll: 'allow' }),
  },
  {
    name: 'never simulated',
    of: (it) => (it.spend.look === 'simulate' ? { ...it, spend: { ...it.spend, look: 'receipt' } } : undefined),
  },
  {
    name: 'another fee token',
    of: (it) => ({ ...it, fees: { ...it.fees, tokens: [...it.fees.tokens, { token: PEOPLE[0]!, caps: [] }] } }),
  },
  {
    name: 'more fee per transaction',
    of: (it, dice) => fee(it, dice, ({ perTx }) => perTx && { perTx: larger(perTx) }),
  },
  { name: 'either payer', of: (it) => payer(it, 'account', 'either') },
  { name: 'the other payer', of: (it) => payer(it, 'account', 'paymaster') },
  { name: 'larger tip', of: (it) => tip(it, (most) => larger(most)) },
  { name: 'any tip', of: (it) => tip(it, () => undefined) },
  { name: 'a service', of: (it) => ({ ...it, fees: { ...it.fees, service: 'https://pay.example' } }) },
  { name: 'more calls per transaction', of: (it) => usage(it, { maxCallsPerTx: it.usage.maxCallsPerTx + 1 }) },
  { name: 'more in flight', of: (it) => usage(it, { maxInFlight: it.usage.maxInFlight + 1 }) },
  { name: 'shorter gap', of: (it) => (it.usage.minGap > 0 ? usage(it, { minGap: it.usage.minGap - 1 }) : undefined) },
]

/** A part of the policy with some members replaced; nothing where there is nothing to replace. */
type Change<T> = Partial<{ [K in keyof T]: T[K] | undefined }> | false | undefined | ''

const without = <K extends string>(key: K) => ({ [key]: undefined }) as { [key in K]: undefined }

/** Members that are now `undefined` are absent. */
function changed<T extends object>(whole: T, change: Change<T>): T | undefined {
  if (!change) return undefined
  return Object.fromEntries(Object.entries({ ...whole, ...change }).filter(([, it]) => it !== undefined)) as T
}

const at = (list: readonly unknown[], dice: Dice) => dice.int(0, Math.max(0, list.length - 1))

function one<T extends object>(list: readonly T[], dice: Dice, change: (it: T) => Change<T>): T[] | undefined {
  const index = at(list, dice)
  const whole = list[index]
  const next = whole && changed(whole, change(whole))
  return next && list.map((it, i) => (i === index ? next : it))
}

function rule(
  policy: SessionPolicy,
  dice: Dice,
  change: (rule: CallRule) => Change<CallRule>,
): SessionPolicy | undefined {
  const calls = one(policy.calls, dice, change)
  return calls && { ...policy, calls }
}

function entriesOf(change: (all: Exclude<CallRule['entrypoints'], '*'>) => Exclude<CallRule['entrypoints'], '*'>) {
  return ({ entrypoints }: CallRule): Change<CallRule> => entrypoints !== '*' && { entrypoints: change(entrypoints) }
}

function pinned(policy: SessionPolicy, dice: Dice, from: 'pause' | 'warn', to: 'pause' | 'warn') {
  return rule(policy, dice, ({ codePin }) => codePin?.onChange === from && { codePin: { ...codePin, onChange: to } })
}

function limits(
  policy: SessionPolicy,
  dice: Dice,
  change: (limit: TokenLimit | NftLimit) => TokenLimit | NftLimit | undefined | 'as it is',
): SessionPolicy | undefined {
  const index = at(policy.spend.limits, dice)
  const limit = policy.spend.limits[index]
  const next = limit === undefined ? 'as it is' : change(limit)
  if (next === 'as it is') return undefined
  const all = policy.spend.limits.flatMap((it, i) => (i !== index ? [it] : next === undefined ? [] : [next]))
  return { ...policy, spend: { ...policy.spend, limits: all } }
}

const token = (policy: SessionPolicy, dice: Dice, change: (limit: TokenLimit) => Change<TokenLimit>) =>
  limits(policy, dice, (limit) =>
    limit.asset === 'erc20' ? (changed(limit, change(limit)) ?? 'as it is') : 'as it is',
  )
const items = (policy: SessionPolicy, dice: Dice, change: (limit: NftLimit) => Change<NftLimit>) =>
  limits(policy, dice, (limit) =>
    limit.asset === 'erc20' ? 'as it is' : (changed(limit, change(limit)) ?? 'as it is'),
  )
type Both = { recipients?: Address[]; spenders: Address[] }
const money = (policy: SessionPolicy, dice: Dice, change: (limit: Both) => Change<Both>) =>
  limits(policy, dice, (limit) => (changed<Both>(limit, change(limit)) as typeof limit | undefined) ?? 'as it is')

function stream(policy: SessionPolicy, dice: Dice, change: (stream: StreamCap) => Change<StreamCap>) {
  return token(policy, dice, (limit) => {
    const next = limit.stream && changed(limit.stream, change(limit.stream))
    return next && { stream: next }
  })
}

function fee(
  policy: SessionPolicy,
  dice: Dice,
  change: (fee: SessionPolicy['fees']['tokens'][number]) => Change<SessionPolicy['fees']['tokens'][number]>,
): SessionPolicy | undefined {
  const tokens = one(policy.fees.tokens, dice, change)
  return tokens && { ...policy, fees: { ...policy.fees, tokens } }
}

function tip(policy: SessionPolicy, change: (most: U256) => U256 | undefined): SessionPolicy | undefined {
  const { maxTipPerGas } = policy.fees
  const fees = maxTipPerGas && changed(policy.fees, { maxTipPerGas: change(maxTipPerGas) })
  return fees ? { ...policy, fees } : undefined
}

function payer(
  policy: SessionPolicy,
  from: SessionPolicy['fees']['payer'],
  to: SessionPolicy['fees']['payer'],
): SessionPolicy | undefined {
  return policy.fees.payer === from ? { ...policy, fees: { ...policy.fees, payer: to } } : undefined
}

function usage(policy: SessionPolicy, change: Partial<SessionPolicy['usage']>): SessionPolicy {
  return { ...policy, usage: { ...policy.usage, ...change } }
}

function approvals({ approvals: mode }: TokenLimit): Change<TokenLimit> {
  return { approvals: mode === 'count' ? 'resetAfter' : 'count' }
}

/** The caps of one meter. */
function anyCaps(
  policy: SessionPolicy,
  dice: Dice,
  change: <C extends Cap>(caps: C[]) => C[] | undefined,
): SessionPolicy | undefined {
  const { usage: use } = policy
  switch (dice.int(0, 5)) {
    case 0: {
      const tx = change(use.tx)
      return tx && usage(policy, { tx })
    }
    case 1: {
      const calls = change(use.calls)
      return calls && usage(policy, { calls })
    }
    case 2:
      return rule(policy, dice, ({ caps }) => {
        const next = change(caps)
        return next && { caps: next }
      })
    case 3:
      return rule(policy, dice, ({ sums }) => {
        const [sum, ...others] = sums
        const next = sum && change(sum.caps)
        // A total that has no cap left lets nothing through, which is narrower.
        return next && next.length > 0 && { sums: [{ ...sum, caps: next }, ...others] }
      })
    case 4:
      return fee(policy, dice, ({ caps }) => {
        const next = change(caps)
        return next && next.length > 0 && { caps: next }
      })
    default:
      return limits(policy, dice, (limit) => {
        if (limit.asset !== 'erc20') {
          const maxOut = change(limit.maxOut)
          return maxOut && maxOut.length > 0 ? { ...limit, maxOut } : 'as it is'
        }
        const next = change(limit.caps)
        return next === undefined || (next.length === 0 && limit.stream === undefined)
          ? 'as it is'
          : { ...limit, caps: next }
      })
  }
}

function lower<C extends Cap>(caps: C[], dice: Dice): C[] | undefined {
  return one(
    caps,
    dice,
    ({ max }) => ({ max: typeof max === 'number' ? Math.max(0, max - 1) : atMost(max, dice) }) as Change<C>,
  )
}

function raise<C extends Cap>(caps: C[], dice: Dice): C[] | undefined {
  return one(caps, dice, ({ max }) => ({ max: typeof max === 'number' ? max + 1 : larger(max) }) as Change<C>)
}

function more<C extends Cap>(caps: C[], dice: Dice, now: number): C[] | undefined {
  const window = windows(dice, now, 1)[0]
  const max = caps[0] === undefined || typeof caps[0].max === 'number' ? MAX_COUNT : text(10n ** 18n)
  // Of amounts and counts alike the list says which; an empty one is of counts where it may be empty.
  if (caps.length === 0 || window === undefined) return undefined
  const known = caps.some((cap) => JSON.stringify(cap.window) === JSON.stringify(window))
  return known ? undefined : [...caps, { window, max } as C]
}

function otherWindow<C extends Cap>(caps: C[]): C[] | undefined {
  const [first, ...others] = caps
  return first && [{ ...first, window: { kind: 'rolling', seconds: 7_654_321 } }, ...others]
}

function atMost(amount: U256 | undefined, dice: Dice): U256 {
  return amount === undefined ? text(dice.big(2_000n)) : text(BigInt(amount) - dice.pick([0n, 1n, 100n]))
}

function larger(amount: U256): U256 {
  return text(BigInt(amount) + 1n)
}

function fewer(all: readonly Address[] | undefined, dice: Dice): Address[] {
  return all === undefined ? dice.some([...PEOPLE, ACCOUNT, ...TOKENS], 0.6) : dice.some(all, 0.6)
}
