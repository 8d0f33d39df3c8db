import type { Address, Felt, U256 } from '../../felt.ts'
import type { Allowance } from '../allowances.ts'
import type { Call, Charge, MeterId, RuleId, SessionPolicy, TokenLimit } from '../policy.ts'
import { allowanceOf, type Credit, creditsOf, leaveIn, lesser } from './credits.ts'
import type { Dice } from './dice.ts'
import type { Past } from './ledger.ts'
import { readCalls, weigh } from './oracle.ts'
import { ACCOUNT, APPROVALS, aSession, type Draft, hex, limbs, MAX, money, PEOPLE, someCharges, text } from './parts.ts'
import { after, type Happening, type Holding, listOf, type SpelledCall } from './story.ts'

const DECREASES = ['decrease_allowance', 'decreaseAllowance'] as const

const granting = (policy: SessionPolicy, mode: TokenLimit['approvals']) =>
  policy.spend.limits.filter((it): it is TokenLimit => it.asset === 'erc20' && it.approvals === mode)

/** What a transaction took, and of tokens whose approvals are counted or set back often the calls that say so. */
export function aHolding(dice: Dice, policy: SessionPolicy): Pick<Holding, 'charges' | 'calls'> {
  let charges = someCharges(dice, policy)
  const calls: Call[] = []
  const charge = (token: Address, amount: bigint, refundable: bigint) => {
    const meter = `spend:${token}` as MeterId
    charges = charges.filter((it) => it.meter !== meter)
    if (amount > 0n) charges.push({ meter, amount: text(amount), refundable: text(refundable) } satisfies Charge)
  }
  for (const { token } of granting(policy, 'count')) {
    if (dice.chance(0.3)) continue
    const steps = someSteps(dice, token)
    const [leave, sent] = [leaveIn(steps, token), dice.pick([0n, 0n, 1n, dice.big(100n)])]
    const extra = dice.chance(0.7) ? 0n : dice.big(60n)
    calls.push(...steps)
    // Rarely leave that was not charged in full, which gives none.
    const certain = dice.chance(0.97) ? leave + sent : dice.big(leave + 1n)
    charge(token, certain + extra, extra)
  }
  for (const { token } of granting(policy, 'resetAfter')) {
    if (dice.chance(0.6)) continue
    const [spender, amount] = [dice.pick(PEOPLE), 1n + dice.big(100n)]
    calls.push(aCallTo(token, dice.pick(APPROVALS), spender, amount), aCallTo(token, 'approve', spender, 0n))
    charge(token, amount, amount)
  }
  return { charges, calls }
}

const aCallTo = (token: string, name: string, spender: string, amount: bigint): Call => ({
  to: token as Address,
  selector: money[name]!,
  calldata: [spender, ...limbs(amount)] as Felt[],
})

/** Approvals that overwrite, raises, and what takes them back; two spenders, so that they meet. */
function someSteps(dice: Dice, token: string): Call[] {
  const spenders = dice.pick([PEOPLE.slice(0, 1), PEOPLE.slice(0, 2), PEOPLE.slice(1, 3), PEOPLE])
  return Array.from({ length: dice.pick([1, 1, 2, 3, 4]) }, () => {
    const amount = dice.chance(0.15) ? 0n : dice.pick([1n, 10n, 100n, dice.big(100n), dice.big(10n ** 18n)])
    const name = dice.pick(['approve', 'approve', 'approve', ...APPROVALS, dice.pick(DECREASES)])
    return aCallTo(token, name, dice.pick(spenders), amount)
  })
}

/** What spenders pulled: settlements with allowances read, near what the credits before explain. */
export function withPulls(dice: Dice, story: readonly Happening[], policy: SessionPolicy, now: number): Happening[] {
  const counted = granting(policy, 'count')
  const told: Happening[] = []
  if (counted.length === 0) return [...story]
  const session = aSession(policy, now)
  let list: readonly Past[] = []
  const tell = (it: Happening) => {
    told.push(it)
    list = after(list, it, session)
  }
  for (const it of story) {
    if (!('settle' in it) || it.outcome.end !== 'accepted') {
      tell(it)
      continue
    }
    const hold = told.flatMap((past) => ('hold' in past && past.hold.id === it.settle ? [past.hold] : []))[0]
    if (hold === undefined) continue
    const out = { ...it.outcome.out }
    const allowances: Allowance[] = []
    for (const { token } of counted) {
      const credits = creditsOf(list, session).filter((credit) => credit.token === token)
      const sums = sumsBehind(credits, hold.calls ?? [], token)
      let pulled = 0n
      for (const [spender, sum] of sums) {
        const amount = aroundOf(dice, sum)
        if (sum > amount) pulled += sum - amount
        if (dice.chance(0.88)) allowances.push({ token, spender, amount: text(amount) } as Allowance)
      }
      const charged = hold.charges.find(({ meter }) => meter === `spend:${token}`)
      const leave = leaveIn(hold.calls ?? [], token)
      const certain = BigInt(charged?.amount ?? '0') - BigInt(charged?.refundable ?? '0')
      const sent = certain > leave ? certain - leave : 0n
      if (sums.size === 0 || dice.chance(0.2)) continue
      const left = dice.pick([sent, sent + pulled, sent + pulled, sent + pulled + 1n, sent + pulled - 1n, pulled])
      if (left > 0n) out[token] = text(left + (dice.chance(0.2) ? dice.big(50n) : 0n))
      else delete out[token]
    }
    const read = allowances.length > 0 && dice.chance(0.93) ? { allowances: shuffled(dice, allowances) } : {}
    tell({ ...it, outcome: { ...it.outcome, out, ...read } })
  }
  return told
}

const shuffled = <T>(dice: Dice, list: readonly T[]): T[] =>
  list
    .map((it) => ({ it, at: dice.int(0, 1000) }))
    .sort((a, b) => a.at - b.at)
    .map(({ it }) => it)

/** All that each spender could have taken at most. */
function sumsBehind(credits: readonly Credit[], calls: readonly Call[], token: string): ReadonlyMap<string, bigint> {
  const sums = new Map(credits.map(({ spender, amount }) => [spender, amount]))
  for (const call of calls) {
    const spender = call.calldata[0]!
    if (call.to === token) sums.set(spender, (sums.get(spender) ?? 0n) + leaveIn([call], token))
  }
  return sums
}

/** The number, its neighbours, nothing, some of it, and more than it. */
const aroundOf = (dice: Dice, number: bigint): bigint => {
  const near = dice.pick([number, number, number - 1n, number + 1n, 0n, dice.big(number + 1n), number + 50n, MAX])
  return near < 0n ? 0n : near
}

/** A transaction that gives leave, one that is not over or ends with it, and one behind which a spender pulled. */
export function aGrantingPast(dice: Dice, { policy, story, now }: Draft): void {
  const settled = (id: string): Happening => ({
    settle: id,
    outcome: {
      end: dice.chance(0.9) ? 'accepted' : 'reverted',
      at: now,
      fee: { token: feeToken(policy), paid: '0' as U256 },
      out: {},
      items: {},
    },
    now,
  })
  const holding = (id: string, group: string): Happening => ({
    hold: { id, group, at: now, ...aHolding(dice, policy) },
  })
  // A case may have two of these.
  const id = (name: string) => `${name}${story.length}`
  const others = [id('r'), id('s')].slice(0, dice.pick([0, 0, 1, 2]))
  const more: Happening[] = [holding(id('p'), id('p')), settled(id('p'))]
  for (const other of others) more.push(holding(other, dice.pick([id('q'), other])))
  more.push(holding(id('q'), id('q')))
  if (others.length === 2 && dice.chance(0.5)) more.push(settled(others[0]!))
  more.push(settled(id('q')))
  if (dice.chance(0.4)) more.push(holding(id('t'), id('t')), settled(id('t')))
  story.push(...withPulls(dice, [...story, ...more], policy, now).slice(story.length))
}

const feeToken = (policy: SessionPolicy) => (policy.fees.tokens[0]?.token ?? '0x57a4') as Address

/** What spenders may take now, and a simulation in which they take about what their credits allow. */
export function lookAtCredits(dice: Dice, draft: Draft): void {
  const { session, policy, story, tx, facts, now } = draft
  const whole = { ...session, effective: policy, granted: policy }
  const list = listOf(story, whole)
  const credits = creditsOf(list, whole)
  if (credits.length === 0) return
  facts.allowances = shuffled(
    dice,
    credits.flatMap(({ token, spender, amount }) =>
      dice.chance(0.1) ? [] : [{ token, spender, amount: text(aroundOf(dice, amount)) } as Allowance],
    ),
  )
  if (dice.chance(0.1))
    facts.allowances = [...facts.allowances, { token: '0x7777', spender: PEOPLE[0]!, amount: text(MAX) } as Allowance]
  if (dice.chance(0.05)) delete facts.allowances
  if (facts.simulation === 'none' && dice.chance(0.05)) return
  if (facts.simulation === 'later' || (facts.simulation !== 'none' && !facts.simulation.ok)) return
  const calls = readCalls(tx.calls)
  if (calls === undefined) return
  const { charges } = weigh(whole, [], { ...tx, calls }, { ...facts, simulation: 'later' }, now)
  const before = facts.simulation === 'none' ? {} : facts.simulation.out
  const out: Record<string, U256> = { ...before }
  for (const token of new Set(credits.map((it) => it.token))) {
    const declared = BigInt(charges.find(({ meter }) => meter === `spend:${token}`)?.amount ?? '0')
    const most = credits
      .filter((it) => it.token === token)
      .reduce((sum, { spender, amount }) => {
        return sum + lesser(allowanceOf(facts.allowances, token, spender) ?? 0n, amount)
      }, 0n)
    const edge = declared + most
    out[token] = text(dice.pick([edge, edge + 1n, edge - 1n, declared, declared + 1n, most, edge + dice.big(50n)]))
  }
  facts.simulation =
    facts.simulation === 'none'
      ? { ok: true, at: now - dice.pick([0, 1, 15]), out, items: {}, odd: [] }
      : { ...facts.simulation, out }
}

/** `approve(spender, 0)` behind every approval of a `resetAfter` token that is not set back yet, as the wallet does it. */
export function setBack(dice: Dice, { policy, tx }: Draft): void {
  if (dice.chance(0.05)) return
  const calls = readCalls(tx.calls) ?? []
  const last = new Map<string, Call>()
  const approvals = APPROVALS.map((name) => money[name]!)
  for (const { token } of granting(policy, 'resetAfter')) {
    for (const call of calls) {
      if (call.to === token && approvals.includes(call.selector) && call.calldata.length === 3)
        last.set(`${token} ${call.calldata[0]}`, call)
    }
  }
  const resets = [...last.values()].filter(({ calldata }) => calldata[1] !== '0x0' || calldata[2] !== '0x0')
  if (resets.length === 0) return
  tx.resets = resets.length
  tx.calls.push(...resets.map(({ to, calldata }) => aCallTo(to, 'approve', calldata[0]!, 0n)))
}

/** A chain of approvals of one token, each by a rule of its own, in the mode. */
export function approveMuch(dice: Dice, draft: Draft, mode: 'count' | 'resetAfter'): void {
  const { policy, tx } = draft
  const limits = policy.spend.limits.filter((it) => it.asset === 'erc20')
  if (limits.length === 0) return
  const limit = dice.pick(limits)
  limit.approvals = mode
  if (limit.spenders.length === 0 || dice.chance(0.8)) limit.spenders = PEOPLE.slice(0, dice.int(1, 3))
  policy.calls.push({
    id: `r${policy.calls.length}` as RuleId,
    contract: limit.token,
    entrypoints: [...APPROVALS, ...DECREASES, 'transfer']
      .map((name) => money[name]!)
      .sort()
      .map((selector) => ({ selector })),
    caps: [],
    sums: [],
    enabled: true,
    required: false,
  })
  const steps: SpelledCall[] = someSteps(dice, limit.token)
  const spender = dice.pick(PEOPLE)
  const back = aCallTo(limit.token, 'approve', spender, 0n)
  const chains: SpelledCall[][] = [
    steps,
    [aCallTo(limit.token, dice.pick(APPROVALS), spender, 7n), back],
    [aCallTo(limit.token, 'approve', spender, 7n), aCallTo(limit.token, 'increase_allowance', spender, 2n), back],
    [
      aCallTo(limit.token, 'approve', spender, 7n),
      back,
      aCallTo(limit.token, dice.pick(APPROVALS), spender, dice.pick([0n, 2n])),
    ],
    [aCallTo(limit.token, 'approve', spender, 7n), back, aCallTo(limit.token, dice.pick(DECREASES), spender, 2n)],
    [back, aCallTo(limit.token, 'approve', spender, 7n)],
    [aCallTo(limit.token, 'approve', spender, 7n), aCallTo(limit.token, 'approve', dice.pick(PEOPLE), 0n)],
    [
      aCallTo(limit.token, 'approve', spender, 7n),
      { ...back, calldata: dice.pick([[spender], [spender, '0x0'], [spender, '0x0', '0x1']]) },
    ],
    [aCallTo(limit.token, 'approve', spender, dice.pick([1n << 127n, (1n << 127n) - 1n, MAX])), back],
    [aCallTo(limit.token, 'approve', spender, 7n), aCallTo(limit.token, 'transfer', ACCOUNT, 3n), back],
  ]
  tx.calls.push(...dice.pick(chains))
}

/** Something at the end that is no reset, or not where it belongs. */
export function bendResets(dice: Dice, { policy, tx }: Draft): void {
  const resets = tx.resets ?? 0
  const { calls } = tx
  const tail = calls.length - 1
  const last = calls[tail]
  if (last === undefined) return
  const other = policy.spend.limits.flatMap((it) => (it.asset === 'erc20' && it.token !== last.to ? [it.token] : []))[0]
  const instead = (call: Partial<SpelledCall>) => {
    calls[tail] = { ...last, ...call }
    tx.resets = Math.max(1, resets)
  }
  dice.pick([
    () => {
      tx.resets = Math.min(calls.length, resets + 1)
    },
    () => {
      delete tx.resets
    },
    () => {
      tx.resets = Math.max(0, resets - 1)
    },
    () => {
      calls.splice(-1)
      tx.resets = Math.max(0, resets - 1)
    },
    () => {
      calls.unshift(...calls.splice(-1))
      tx.resets = Math.max(0, resets - 1)
    },
    () => instead({ calldata: [PEOPLE[dice.int(0, 2)]!, '0x0', '0x0'] }),
    () => instead({ calldata: [...last.calldata.slice(0, 1), '0x1', '0x0'] }),
    () => instead({ calldata: [...last.calldata.slice(0, 1), '0x0', hex(1n)] }),
    () => instead({ calldata: [...last.calldata, '0x0'] }),
    () => instead({ selector: money[dice.pick(['increase_allowance', 'decreaseAllowance', 'transfer'])]! }),
    () => instead({ to: other ?? '0x7777' }),
    () => instead({ to: dice.pick(['0x1c3', ACCOUNT]) }),
    ...policy.spend.limits.map((it) => () => {
      calls.push(aCallTo(it.asset === 'erc20' ? it.token : it.collection, 'approve', PEOPLE[0]!, 0n))
      tx.resets = resets + 1
    }),
  ])()
}

/** The person took leave back after it was given: credits stay what they are. */
export function narrowApprovals(dice: Dice, policy: SessionPolicy): SessionPolicy {
  const limits = policy.spend.limits.flatMap((it) => {
    if (it.asset !== 'erc20' || dice.chance(0.3)) return [it]
    if (dice.chance(0.2)) return []
    return [dice.chance(0.5) ? { ...it, approvals: 'forbid' as const } : { ...it, spenders: it.spenders.slice(1) }]
  })
  return { ...policy, spend: { ...policy.spend, limits } }
}
