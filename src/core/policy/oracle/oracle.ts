import type { Facts, Simulation, Transaction } from '../facts.ts'
import type {
  AmountCap,
  Call,
  CallRule,
  Charge,
  MeterId,
  NftLimit,
  Reason,
  ReasonCode,
  RuleId,
  SessionPolicy,
  SessionRecord,
  StreamCap,
  TokenLimit,
  Verdict,
} from '../policy.ts'
import { holds, limbs, valueAt } from './arguments.ts'
import { allowanceOf, type Credit, creditsOf, lesser } from './credits.ts'
import { type Bound, capsOn, endOf, openOf, type Past, startOf, unlocked, usedOn } from './ledger.ts'
import type { SpelledCall } from './story.ts'
import { ADMIN, BANNED, MONEY_NAMES } from './tables.ts'

const END_MARGIN = 60
const CLASS_AGE = 60
const SIMULATION_AGE = 15
const MOST_CALLS = 64
const MOST_FELTS = 5_000
const FIRST_PENALTY = 30
const LONGEST_PENALTY = 600
const P = 2n ** 251n + 17n * 2n ** 192n + 1n
const ADDRESS_END = (1n << 251n) - 256n
const SELECTOR_END = 1n << 250n
const MAX_U256 = (1n << 256n) - 1n
const TWO_127 = 1n << 127n

const banned = new Set(BANNED.map(([, selector]) => selector))
const admin = new Set(ADMIN.map(([, selector]) => selector))
/** Both spellings of a row are read alike, but each is a selector of its own. */
const money = new Map(
  MONEY_NAMES.map(([name, selector]) => [selector, name.replace(/[A-Z]/g, (it) => `_${it.toLowerCase()}`)]),
)

/**
 * The second opinion: policy.md 5 to 7 once more, by somebody who had not read the engine, over the full list of past
 * transactions. Test code: nothing of it is in the wallet (layers.test.ts).
 */
export function decide(
  session: SessionRecord,
  list: readonly Past[],
  tx: Transaction,
  facts: Facts,
  now: number,
): Verdict {
  const early = atOnce(session, tx, facts, now)
  if (early !== undefined) return early
  const { reasons, charges, matched } = weigh(session, list, tx, facts, now)
  return reasons.length > 0 ? { kind: 'ask', reasons } : { kind: 'auto', charges, matched }
}

/** Steps 5 to 11: every reason, and what would be taken whether there is one or not. */
export function weigh(
  session: SessionRecord,
  list: readonly Past[],
  tx: Transaction,
  facts: Facts,
  now: number,
): { readonly reasons: Reason[]; readonly charges: Charge[]; readonly matched: RuleId[] } {
  const policy = session.effective
  const found = createFindings(policy.validUntil - END_MARGIN)
  const judge = createJudge(list, now, found)

  const asked = askedOf(tx)
  asked.forEach((_, index) => {
    if (policy.deny.some((rule) => isDenied(rule, session, tx, index))) found.add({ code: 'denied', call: index })
  })
  const owners = asked.map((_, index) => owned(session, tx, index, found))
  for (let index = asked.length; index < tx.calls.length; index++) {
    if (!isOurReset(policy, tx.calls[index]!)) found.add({ code: 'noRule', call: index })
  }
  countRules(session, tx, owners, found, judge)
  const declared = declare(session, tx, owners, found, judge)
  lookOutside(policy, creditsOf(list, session), facts, now, declared, found, judge)
  for (const [token, total] of declared.spend) judgeSpend(policy, token, total, judge)
  for (const [collection, total] of declared.items) {
    const meter = `nft:${collection}` as MeterId
    const caps = capsOn(policy, meter)?.caps ?? []
    judge.caps('spendCap', meter, caps.length > 0 ? caps : orNothing([]), total)
  }
  judgeFee(policy, tx, owners, found, judge)
  judgeUsage(policy, list, tx, facts, now, found, judge)

  const matched = [...new Set(owners.flatMap((owner) => (owner === undefined ? [] : [owner.id])))]
  return { reasons: found.reasons(), charges: judge.charges(), matched }
}

/** Without what the wallet put behind it. */
const askedOf = ({ calls, resets = 0 }: Transaction) => calls.slice(0, Math.max(0, calls.length - resets))

/** `approve(spender, 0)` of a token whose allowances are set back (policy.md 6.2). */
function isOurReset(policy: SessionPolicy, call: Call): boolean {
  const limit = policy.spend.limits.find((it) => it.asset === 'erc20' && it.token === call.to)
  return limit?.asset === 'erc20' && limit.approvals === 'resetAfter' && isToNothing(call)
}

const isToNothing = ({ selector, calldata }: Call) =>
  money.get(selector) === 'approve' && calldata.length === 3 && calldata.slice(1).every((it) => BigInt(it) === 0n)

/** Calls in one form (policy.md 4), or `undefined`: malformed. */
export function readCalls(calls: readonly SpelledCall[]): readonly Call[] | undefined {
  const read = calls.map(({ to, selector, calldata }) => {
    const [address, hash] = [readFelt(to), /^0x/.test(selector) ? readFelt(selector) : undefined]
    const felts = calldata.map(readFelt)
    if (address === undefined || address === 0n || address >= ADDRESS_END) return undefined
    if (hash === undefined || hash >= SELECTOR_END || felts.includes(undefined)) return undefined
    return { to: hex(address), selector: hex(hash), calldata: felts.map((it) => hex(it!)) } as unknown as Call
  })
  return read.every((it) => it !== undefined) ? (read as readonly Call[]) : undefined
}

function readFelt(text: string): bigint | undefined {
  if (!/^(0x[0-9a-fA-F]{1,64}|0|[1-9][0-9]*)$/.test(text)) return undefined
  return BigInt(text) < P ? BigInt(text) : undefined
}

const hex = (value: bigint) => `0x${value.toString(16)}`

// Steps 1 to 4: each tells all its reasons, and the first that has one ends the decision.
function atOnce(session: SessionRecord, tx: Transaction, facts: Facts, now: number): Verdict | undefined {
  const refuse = (code: ReasonCode): Verdict => ({ kind: 'refuse', reasons: [{ code }] })
  const ask = (code: ReasonCode): Verdict => ({ kind: 'ask', reasons: [{ code }] })
  const { calls } = tx
  const asked = askedOf(tx)
  if (asked.length === 0) return refuse('emptyCalls')
  const felts = asked.reduce((sum, { calldata }) => sum + calldata.length, 0)
  if (asked.length > MOST_CALLS || felts > MOST_FELTS) return refuse('malformed')
  if (tx.unsupported.length > 0) return ask('unsupportedField')

  const foreign: ReasonCode[] = []
  if (tx.origin !== session.origin) foreign.push('wrongOrigin')
  const otherChain = facts.genesis !== undefined && facts.genesis !== session.genesis.hash
  if (tx.chainId !== session.chainId || otherChain) foreign.push('wrongChain')
  if (tx.account !== session.account) foreign.push('wrongAccount')
  if (foreign.length > 0) return { kind: 'refuse', reasons: foreign.map((code) => ({ code })) }

  const bans = calls.flatMap(({ to, selector }, call): Reason[] => [
    ...(facts.ownAccounts.includes(to) ? [{ code: 'selfCall' as const, call }] : []),
    ...(banned.has(selector) ? [{ code: 'nestedExecution' as const, call }] : []),
  ])
  if (bans.length > 0) return { kind: bans.some(({ code }) => code === 'selfCall') ? 'refuse' : 'ask', reasons: bans }

  const resting: Reason[] = []
  const { state } = session
  if (state === 'revoked' || state === 'revoking' || state === 'superseded') resting.push({ code: 'revoked' })
  if (state === 'paused') resting.push({ code: 'paused' })
  if (state === 'pending') resting.push({ code: 'notActive' })
  const usable = session.backing === 'wallet' ? facts.unlocked : facts.workingSet
  // `locked` says that unlocking helps (error 216 comes first): only of a session that would run then.
  if (state === 'active' && (!usable || (!facts.unlocked && !session.runWhileLocked))) resting.push({ code: 'locked' })
  const { validAfter, validUntil } = session.effective
  if (now < validAfter) resting.push({ code: 'notStarted', retryAt: validAfter })
  if (now >= validUntil - END_MARGIN) resting.push({ code: 'expired' })
  if (facts.clockWrong) resting.push({ code: 'clock' })
  if (classChanged(session, tx, facts, now)) resting.push({ code: 'codeChanged' })
  return resting.length > 0 ? { kind: 'ask', reasons: resting } : undefined
}

function classChanged(session: SessionRecord, tx: Transaction, facts: Facts, now: number): boolean {
  const { account, accountClass, effective } = session
  const called = effective.calls.flatMap(({ contract, codePin }) =>
    codePin !== undefined && tx.calls.some(({ to }) => to === contract) ? [{ contract, ...codePin }] : [],
  )
  return [{ contract: account, classHash: accountClass, impl: undefined, onChange: 'pause' }, ...called].some((pin) => {
    const read = facts.classes[pin.contract as Call['to']]
    if (read === undefined || read.readAt < now - CLASS_AGE) return true
    const same = read.classHash === pin.classHash && (pin.impl === undefined || read.impl === pin.impl)
    return !same && pin.onChange === 'pause'
  })
}

// Step 5.
function isDenied(
  rule: SessionPolicy['deny'][number],
  session: SessionRecord,
  tx: Transaction,
  index: number,
): boolean {
  const { to, selector } = tx.calls[index]!
  if (rule.contract !== '*' && rule.contract !== to) return false
  if (rule.entrypoints !== '*' && !rule.entrypoints.includes(selector)) return false
  if (rule.args === undefined) return true
  return holds(rule.args, { calls: tx.calls, index, account: session.account, shapes: rule.shapes }) !== 'false'
}

// Step 6 and 5.2.
function owned(session: SessionRecord, tx: Transaction, index: number, found: Findings): CallRule | undefined {
  const call = tx.calls[index]!
  const ranked = session.effective.calls.map((rule) => ({ rule, rank: rankOf(rule, call) }))
  const highest = Math.max(-1, ...ranked.map(({ rank }) => rank))
  if (highest < 0) {
    found.add({ code: 'noRule', call: index })
    return undefined
  }
  const owner = ranked.find(({ rule, rank }) => rank === highest && accepts(rule, session, tx, index))?.rule
  if (owner === undefined) {
    found.add({ code: 'argRule', call: index })
    return undefined
  }
  if (!owner.enabled) found.add({ code: 'ruleDisabled', call: index, rule: owner.id })
  if (admin.has(call.selector) && !(highest === 3 && owner.adminAck === true)) {
    found.add({ code: 'adminEntrypoint', call: index, rule: owner.id })
  }
  return owner
}

function accepts(rule: CallRule, session: SessionRecord, tx: Transaction, index: number): boolean {
  if (rule.args === undefined) return true
  return holds(rule.args, { calls: tx.calls, index, account: session.account, shapes: rule.shapes }) === 'true'
}

/** Exact contract and listed entrypoint 3, exact and wide 2, any contract and listed 1, any and any 0. */
function rankOf(rule: CallRule, { to, selector }: Call): number {
  if (rule.contract !== '*' && rule.contract !== to) return -1
  const listed = rule.entrypoints !== '*' && rule.entrypoints.some((it) => it.selector === selector)
  if (rule.entrypoints !== '*' && !listed) return -1
  if (rule.contract !== '*') return rule.wide === true ? 2 : 3
  return listed ? 1 : 0
}

function countRules(
  session: SessionRecord,
  tx: Transaction,
  owners: readonly (CallRule | undefined)[],
  found: Findings,
  judge: Judge,
): void {
  for (const rule of session.effective.calls) {
    const indexes = owners.flatMap((owner, index) => (owner === rule ? [index] : []))
    if (indexes.length === 0) continue
    judge.count('ruleCap', `rule:${rule.id}` as MeterId, rule.caps.map(bound), BigInt(indexes.length), rule.id)
    rule.sums.forEach((sum, i) => {
      const meter = `sum:${rule.id}:${i}` as MeterId
      const scene = { calls: tx.calls, account: session.account, shapes: rule.shapes }
      const values = indexes.map((index) => ({ index, value: valueAt(sum.arg, sum.as, { ...scene, index }) }))
      for (const { index, value } of values) {
        if (value === undefined) found.add({ code: 'sumCap', call: index, rule: rule.id, meter })
      }
      // A total of what is unknown is none.
      if (values.some(({ value }) => value === undefined)) return
      const total = values.reduce((all, { value }) => all + (value ?? 0n), 0n)
      judge.count('sumCap', meter, orNothing(sum.caps), total, rule.id)
    })
  }
}

interface Declared {
  /** Everything charged to the token's meter. */
  readonly spend: Map<string, bigint>
  readonly items: Map<string, bigint>
}

// Step 7 and 6.1, 6.2.
function declare(
  session: SessionRecord,
  tx: Transaction,
  owners: readonly (CallRule | undefined)[],
  found: Findings,
  judge: Judge,
): Declared {
  const declared: Declared = { spend: new Map(), items: new Map() }
  const { limits } = session.effective.spend
  tx.calls.forEach((call, index) => {
    const name = money.get(call.selector)
    if (name === undefined || owners[index]?.notAToken === true) return
    const limit = limits.find((it) => (it.asset === 'erc20' ? it.token : it.collection) === call.to)
    if (limit === undefined) {
      found.add({ code: 'tokenNotListed', call: index, meter: `spend:${call.to}` as MeterId })
      return
    }
    const objections =
      limit.asset === 'erc20'
        ? tokenCall(session, tx, index, name, limit, declared, judge)
        : itemCall(session, call, name, limit, declared, judge)
    for (const code of objections) found.add({ code, call: index })
  })
  return declared
}

function tokenCall(
  session: SessionRecord,
  tx: Transaction,
  index: number,
  name: string,
  limit: TokenLimit,
  declared: Declared,
  judge: Judge,
): readonly ReasonCode[] {
  const { calldata } = tx.calls[index]!
  const felts = calldata.map(BigInt)
  const own = BigInt(session.account)
  const amountAt = (offset: number, length: number) =>
    felts.length === length ? limbs(felts[offset]!, felts[offset + 1]!) : undefined
  const spend = (amount: bigint, refundable: bigint): readonly ReasonCode[] => {
    add(declared.spend, limit.token, amount)
    judge.charge(`spend:${limit.token}` as MeterId, amount, refundable)
    judge.single('perCall', limit.perCall, amount, `spend:${limit.token}` as MeterId, index)
    return []
  }
  const known = (whose: readonly string[] | undefined, who: bigint) =>
    whose === undefined || whose.some((it) => BigInt(it) === who)
  switch (name) {
    case 'transfer': {
      const amount = amountAt(1, 3)
      if (amount === undefined) return ['moneyMalformed']
      const to = felts[0]!
      return [...spend(to === own ? 0n : amount, 0n), ...(known(limit.recipients, to) ? [] : ['recipient' as const])]
    }
    case 'transfer_from': {
      const amount = amountAt(2, 4)
      if (amount === undefined) return ['moneyMalformed']
      const [from, to] = [felts[0]!, felts[1]!]
      const stranger = known(limit.recipients, to) ? [] : (['recipient'] as const)
      if (from !== own && limit.foreignTransferFrom === 'forbid') return ['foreignTransferFrom', ...stranger]
      return [...spend(from === own && to === own ? 0n : amount, 0n), ...stranger]
    }
    case 'approve':
    case 'increase_allowance': {
      const amount = amountAt(1, 3)
      if (amount === undefined) return ['moneyMalformed']
      if (amount === 0n) return []
      const outsider = known(limit.spenders, felts[0]!) ? [] : (['spender'] as const)
      // What is forbidden takes nothing.
      if (isForbidden(tx, limit, felts[0]!, amount)) return ['approvalForbidden', ...outsider]
      return [...spend(amount, limit.approvals === 'count' ? 0n : amount), ...outsider]
    }
    case 'decrease_allowance':
      return amountAt(1, 3) === undefined ? ['moneyMalformed'] : []
    default:
      // The table has no such row for an ERC-20.
      return ['moneyMalformed']
  }
}

function isForbidden(tx: Transaction, limit: TokenLimit, spender: bigint, amount: bigint): boolean {
  switch (limit.approvals) {
    case 'forbid':
      return true
    case 'count':
      return amount >= TWO_127
    case 'resetAfter':
      return !isReset(tx, limit.token, spender)
  }
}

/** The last call of the transaction that gives this spender an allowance is `approve(spender, 0)`; what is malformed gives none. */
function isReset(tx: Transaction, token: string, spender: bigint): boolean {
  const last = tx.calls.findLast(
    ({ to, selector, calldata }) =>
      to === token &&
      ['approve', 'increase_allowance'].includes(money.get(selector) ?? '') &&
      calldata.length === 3 &&
      limbs(BigInt(calldata[1]!), BigInt(calldata[2]!)) !== undefined &&
      BigInt(calldata[0]!) === spender,
  )
  return last !== undefined && isToNothing(last)
}

function itemCall(
  session: SessionRecord,
  { calldata }: Call,
  name: string,
  limit: NftLimit,
  declared: Declared,
  judge: Judge,
): readonly ReasonCode[] {
  const felts = calldata.map(BigInt)
  const own = BigInt(session.account)
  const out = (items: bigint): readonly ReasonCode[] => {
    add(declared.items, limit.collection, items)
    judge.charge(`nft:${limit.collection}` as MeterId, items, 0n)
    return []
  }
  const idAt = (offset: number) => limbs(felts[offset]!, felts[offset + 1]!)
  const wrongId = (ids: readonly bigint[]): readonly ReasonCode[] =>
    limit.tokenIds === undefined || ids.every((id) => limit.tokenIds?.some((it) => BigInt(it) === id))
      ? []
      : ['tokenId']
  const wrongRecipient = (to: bigint): readonly ReasonCode[] =>
    limit.recipients === undefined || limit.recipients.some((it) => BigInt(it) === to) ? [] : ['recipient']
  const wrongSpender = (to: bigint): readonly ReasonCode[] =>
    limit.spenders.some((it) => BigInt(it) === to) ? [] : ['spender']
  const single = limit.asset === 'erc721'
  if (name === 'set_approval_for_all') {
    if (felts.length !== 2 || felts[1]! > 1n) return ['moneyMalformed']
    if (felts[1] === 0n) return []
    return [...(limit.approveAll === 'allow' ? [] : (['approveAllForbidden'] as const)), ...wrongSpender(felts[0]!)]
  }
  if (single && name === 'approve') {
    if (felts.length !== 3 || idAt(1) === undefined) return ['moneyMalformed']
    if (felts[0] === 0n) return []
    const forbidden = limit.approveOne === 'allow' ? [] : (['approvalForbidden'] as const)
    return [...forbidden, ...wrongSpender(felts[0]!), ...wrongId([idAt(1)!]), ...out(1n)]
  }
  if (single && name === 'transfer_from') {
    if (felts.length !== 4 || idAt(2) === undefined) return ['moneyMalformed']
    return [...out(felts[0] === own ? 1n : 0n), ...wrongId([idAt(2)!]), ...wrongRecipient(felts[1]!)]
  }
  if (name === 'safe_transfer_from') {
    const head = single ? 4 : 6
    if (felts.length <= head || felts[head] !== BigInt(felts.length - head - 1)) return ['moneyMalformed']
    const [id, value] = [idAt(2), single ? 1n : idAt(4)]
    if (id === undefined || value === undefined) return ['moneyMalformed']
    return [...out(value), ...wrongId([id]), ...wrongRecipient(felts[1]!)]
  }
  if (!single && name === 'safe_batch_transfer_from') {
    const batch = readBatch(felts)
    if (batch === undefined) return ['moneyMalformed']
    const total = batch.values.reduce((sum, value) => sum + value, 0n)
    return [...out(total), ...wrongId(batch.ids), ...wrongRecipient(felts[1]!)]
  }
  return ['moneyMalformed']
}

/** from, to, k, k ids, k, k values, n, n felts. */
function readBatch(
  felts: readonly bigint[],
): { readonly ids: readonly bigint[]; readonly values: readonly bigint[] } | undefined {
  const rest = felts.slice(2)
  const list = (): readonly bigint[] | undefined => {
    const length = rest.shift()
    if (length === undefined || length * 2n > BigInt(rest.length)) return undefined
    const taken = rest.splice(0, Number(length) * 2)
    const values = taken.flatMap((low, i) => (i % 2 === 0 ? [limbs(low, taken[i + 1]!)] : []))
    return values.every((it) => it !== undefined) ? (values as readonly bigint[]) : undefined
  }
  const [ids, values] = [list(), list()]
  const data = rest.shift()
  if (ids === undefined || values === undefined || ids.length !== values.length) return undefined
  return data !== undefined && data === BigInt(rest.length) ? { ids, values } : undefined
}

// Step 8 and 5.3.
function lookOutside(
  policy: SessionPolicy,
  credits: readonly Credit[],
  facts: Facts,
  now: number,
  declared: Declared,
  found: Findings,
  judge: Judge,
): void {
  const { simulation } = facts
  if (simulation === 'later') return
  const needed = policy.spend.look === 'simulate' || facts.liveAllowance || credits.length > 0
  // What was simulated counts, whether it had to be or not: a simulation only ever adds.
  if (simulation === 'none' && !needed) return
  if (simulation === 'none' || !simulation.ok || now - simulation.at > SIMULATION_AGE) {
    found.add({ code: 'simulationFailed' })
  }
  if (simulation === 'none' || !simulation.ok) return
  const limitOf = (contract: string) =>
    policy.spend.limits.find((it) => (it.asset === 'erc20' ? it.token : it.collection) === contract)
  for (const [token, out] of Object.entries(simulation.out)) {
    const extra = BigInt(out) - (declared.spend.get(token) ?? 0n) - usable(credits, token, facts)
    if (extra <= 0n) continue
    const limit = limitOf(token)
    if (limit?.asset !== 'erc20') {
      found.add({ code: 'undeclaredOutflow', meter: `spend:${token}` as MeterId })
      continue
    }
    add(declared.spend, token, extra)
    judge.charge(`spend:${token}` as MeterId, extra, extra)
    judge.single('perCall', limit.perCall, extra, `spend:${token}` as MeterId)
  }
  items(policy, simulation, declared, found, judge)
  for (const contract of simulation.odd) {
    if (limitOf(contract) !== undefined) {
      found.add({ code: 'undeclaredOutflow', meter: `spend:${contract}` as MeterId })
    }
  }
}

/** What spenders may take without a charge: no more than they were given, no more than they may take now. */
function usable(credits: readonly Credit[], token: string, { allowances }: Facts): bigint {
  return credits
    .filter((credit) => credit.token === token)
    .map(({ spender, amount }) => ({ amount, allowance: allowanceOf(allowances, token, spender) ?? 0n }))
    .reduce((sum, { amount, allowance }) => sum + lesser(allowance, amount), 0n)
}

function items(
  policy: SessionPolicy,
  simulation: Simulation & { ok: true },
  declared: Declared,
  found: Findings,
  judge: Judge,
): void {
  for (const [collection, out] of Object.entries(simulation.items)) {
    const extra = BigInt(out) - (declared.items.get(collection) ?? 0n)
    if (extra <= 0n) continue
    if (policy.spend.limits.some((it) => it.asset !== 'erc20' && it.collection === collection)) {
      add(declared.items, collection, extra)
      judge.charge(`nft:${collection}` as MeterId, extra, extra)
    } else found.add({ code: 'undeclaredOutflow', meter: `spend:${collection}` as MeterId })
  }
}

// Step 9.
function judgeSpend(policy: SessionPolicy, token: string, total: bigint, judge: Judge): void {
  const limit = policy.spend.limits.find((it): it is TokenLimit => it.asset === 'erc20' && it.token === token)!
  const meter = `spend:${token}` as MeterId
  judge.single('perTx', limit.perTx, total, meter)
  judge.caps('spendCap', meter, limit.stream === undefined ? orNothing(limit.caps) : limit.caps.map(bound), total)
  if (limit.stream !== undefined) judge.stream(meter, limit.stream, total)
}

// Step 10 and 6.3.
function judgeFee(
  policy: SessionPolicy,
  tx: Transaction,
  owners: readonly (CallRule | undefined)[],
  found: Findings,
  judge: Judge,
): void {
  const { fees } = policy
  const sponsored = owners.some((owner) => owner?.sponsoredOnly === true)
  const payer = tx.paymaster
  switch (fees.payer) {
    case 'account':
      // "any paymaster is `paymasterNotAllowed`"; "under any payer one with a `sponsoredOnly` rule": `paymasterRequired`
      if (payer !== undefined) found.add({ code: 'paymasterNotAllowed' })
      else if (sponsored) found.add({ code: 'paymasterRequired' })
      break
    case 'paymaster':
      if (payer === undefined) found.add({ code: 'paymasterRequired' })
      else if (!isListed(fees.paymasters, payer)) found.add({ code: 'paymasterNotAllowed' })
      break
    case 'either':
      if (payer !== undefined && !isListed(fees.paymasters, payer)) found.add({ code: 'paymasterNotAllowed' })
      if (payer === undefined && sponsored) found.add({ code: 'paymasterRequired' })
  }
  judge.single('tip', fees.maxTipPerGas, tx.fee.tipPerGas)
  // A sponsor that asks nothing back: the account pays no fee, in whatever token.
  const free = payer !== undefined && tx.fee.max === 0n
  if (free) return
  const fee = fees.tokens.find(({ token }) => token === tx.fee.token)
  if (fee === undefined) {
    found.add({ code: 'feeToken', meter: `fee:${tx.fee.token}` as MeterId })
    return
  }
  const meter = `fee:${fee.token}` as MeterId
  judge.single('feePerTx', fee.perTx, tx.fee.max, meter)
  judge.count('feeCap', meter, orNothing(fee.caps), tx.fee.max)
}

/** "absent = any" (section 2); each entry is an origin or an address, told apart by nothing but its text. */
function isListed(paymasters: readonly string[] | undefined, payer: string): boolean {
  if (paymasters === undefined) return true
  for (const one of paymasters) if (one === payer) return true
  return false
}

// Step 11.
function judgeUsage(
  policy: SessionPolicy,
  list: readonly Past[],
  tx: Transaction,
  facts: Facts,
  now: number,
  found: Findings,
  judge: Judge,
): void {
  const { usage } = policy
  const asked = BigInt(askedOf(tx).length)
  judge.single('callsPerTx', usage.maxCallsPerTx, asked)
  judge.count('txCount', 'tx' as MeterId, usage.tx.map(bound), 1n)
  judge.count('callCount', 'calls' as MeterId, usage.calls.map(bound), asked)
  const ends: number[] = []
  ends.push(lastOf(list) + usage.minGap)
  const { inARow, lastAt } = facts.reverts
  if (inARow >= 3) ends.push(lastAt + Math.min(LONGEST_PENALTY, FIRST_PENALTY * 2 ** (inARow - 3)))
  const end = Math.max(...ends, Number.NEGATIVE_INFINITY)
  if (now < end) found.add({ code: 'gap', retryAt: end })
  // Members of a group are one transaction: only one of them can take the nonce.
  if (new Set(openOf(list).map(({ group }) => group)).size >= usage.maxInFlight) found.add({ code: 'inFlight' })
}

/**
 * The last hold. Of a settled one its booking is what the wallet still knows: later than the hold, so the gap is never
 * shorter than the policy says; what was rejected or dropped left no trace of its time.
 */
function lastOf(list: readonly Past[]): number {
  const times = list.flatMap(({ at, settled }) =>
    settled === undefined ? [at] : settled.booked.filter(({ meter }) => meter === 'tx').map((it) => it.at),
  )
  return Math.max(Number.NEGATIVE_INFINITY, ...times)
}

type Judge = ReturnType<typeof createJudge>

/** Compares what a transaction takes with what is left, and remembers what it takes. */
function createJudge(list: readonly Past[], now: number, found: Findings) {
  const taken: Charge[] = []
  const charge = (meter: MeterId, amount: bigint, refundable: bigint): void => {
    const known = taken.find((it) => it.meter === meter)
    if (known === undefined) {
      taken.push({ meter, amount: text(amount), refundable: text(refundable) })
      return
    }
    known.amount = text(BigInt(known.amount) + amount)
    known.refundable = text(BigInt(known.refundable) + refundable)
  }
  const caps = (code: ReasonCode, meter: MeterId, bounds: readonly Bound[], wanted: bigint, rule?: RuleId): void => {
    for (const cap of bounds) {
      const used = usedOn(list, meter, cap.window, now)
      if (used + wanted <= cap.max) continue
      const retryAt = whenRoom(list, now, meter, cap, wanted)
      found.add({
        code,
        meter,
        ...(rule === undefined ? {} : { rule }),
        left: text(cap.max > used ? cap.max - used : 0n),
        wanted: text(wanted),
        ...(retryAt === undefined ? {} : { retryAt }),
      })
    }
  }
  return {
    charge,
    caps,
    single(code: ReasonCode, most: string | number | undefined, wanted: bigint, meter?: MeterId, call?: number): void {
      if (most === undefined || wanted <= BigInt(most)) return
      found.add({
        code,
        ...(call === undefined ? {} : { call }),
        ...(meter === undefined ? {} : { meter }),
        left: text(BigInt(most)),
        wanted: text(wanted),
      })
    },
    charges: () => taken.filter(({ amount }) => amount !== '0'),
    count(code: ReasonCode, meter: MeterId, bounds: readonly Bound[], wanted: bigint, rule?: RuleId): void {
      charge(meter, wanted, 0n)
      caps(code, meter, bounds, wanted, rule)
    },
    stream(meter: MeterId, stream: StreamCap, wanted: bigint): void {
      const used = usedOn(list, meter, { kind: 'session' }, now)
      const open = unlocked(stream, now)
      if (used + wanted <= open) return
      const retryAt = streamAt(stream, used + wanted)
      found.add({
        code: 'streamCap',
        meter,
        left: text(open > used ? open - used : 0n),
        wanted: text(wanted),
        ...(retryAt === undefined ? {} : { retryAt }),
      })
    },
  }
}

/** The first second at which an empty window, or what is left of a rolling one, admits the amount. */
function whenRoom(
  list: readonly Past[],
  now: number,
  meter: MeterId,
  { window, max }: Bound,
  wanted: bigint,
): number | undefined {
  if (window.kind === 'session') return undefined
  if (window.kind !== 'rolling') return wanted <= max ? endOf(window, now) : undefined
  const leaving = list
    .flatMap(({ settled }) => settled?.booked ?? [])
    .filter((it) => it.meter === meter && it.at >= startOf(window, now))
    .map(({ at }) => at + window.seconds)
    .sort((a, b) => a - b)
  return leaving.find((t) => usedOn(list, meter, window, t) + wanted <= max)
}

function streamAt({ start, initial, perSecond, max }: StreamCap, needed: bigint): number | undefined {
  if (max !== undefined && needed > BigInt(max)) return undefined
  const missing = needed - BigInt(initial)
  if (missing <= 0n) return start
  if (perSecond === '0') return undefined
  const rate = BigInt(perSecond)
  return start + Number((missing + rate - 1n) / rate)
}

type Findings = ReturnType<typeof createFindings>

/** One per code, call and meter: of several caps the one with the least left, with the latest second to retry. */
function createFindings(end: number) {
  const known = new Map<string, Reason>()
  return {
    reasons: (): Reason[] =>
      [...known.values()].map(({ retryAt, ...rest }) =>
        retryAt === undefined || retryAt >= end ? rest : { ...rest, retryAt },
      ),
    add(reason: Reason): void {
      const key = `${reason.code} ${reason.call} ${reason.meter}`
      const before = known.get(key)
      if (before?.left === undefined || reason.left === undefined) {
        if (before === undefined) known.set(key, reason)
        return
      }
      const { retryAt: _, ...least } = BigInt(reason.left) < BigInt(before.left) ? reason : before
      const never = reason.retryAt === undefined || before.retryAt === undefined
      known.set(key, never ? least : { ...least, retryAt: Math.max(reason.retryAt!, before.retryAt!) })
    },
  }
}

const bound = (cap: { readonly window: Bound['window']; readonly max: string | number }): Bound => ({
  window: cap.window,
  max: BigInt(cap.max),
})

/** Absence is never permission: amounts without a cap have the cap 0 (policy.md 2). */
function orNothing(caps: readonly AmountCap[]): readonly Bound[] {
  return caps.length === 0 ? [{ window: { kind: 'session' }, max: 0n }] : caps.map(bound)
}

/** Sums of calls may be larger than any amount of the chain; what is told is at most that. */
const text = (value: bigint) => (value > MAX_U256 ? MAX_U256 : value).toString() as Charge['amount']

function add(totals: Map<string, bigint>, key: string, amount: bigint): void {
  totals.set(key, (totals.get(key) ?? 0n) + amount)
}
