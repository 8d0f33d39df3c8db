import { describe, expect, test } from 'vitest'
import { selectorOf } from '../../starknet/selector.ts'
import { STRK } from '../account.ts'
import { felt, type Selector, type U256, u256 } from '../felt.ts'
import { DAY } from '../time.ts'
import { chooseSession, evaluate, mustSimulate } from './evaluate.ts'
import type { Facts, Transaction } from './facts.ts'
import { BANNED } from './forbidden.ts'
import type {
  Call,
  CallRule,
  Hold,
  MeterBook,
  MeterId,
  ReasonCode,
  RuleId,
  SessionPolicy,
  SessionRecord,
  TokenLimit,
  Verdict,
} from './policy.ts'
import {
  ACCOUNT,
  BUY,
  call,
  FRIEND,
  GAME,
  GAME_CLASS,
  limbs,
  MOVE,
  moneySelector,
  NOW,
  OTHER_ACCOUNT,
  STRANGER,
  sampleBook,
  sampleFacts,
  sampleHold,
  samplePolicy,
  sampleSession,
  sampleTx,
  strk,
  TOKEN_CLASS,
  transfer,
  transferFrom,
  USD,
} from './samples.ts'

interface Setting {
  readonly policy?: Partial<SessionPolicy>
  readonly session?: Partial<SessionRecord>
  readonly tx?: Partial<Transaction>
  readonly facts?: Partial<Facts>
  readonly book?: MeterBook
  readonly open?: readonly Hold[]
  readonly now?: number
}

function judge(calls: readonly Call[], at: Setting = {}): Verdict {
  const now = at.now ?? NOW
  return evaluate(
    sampleSession(samplePolicy(at.policy), at.session),
    at.book ?? sampleBook(),
    at.open ?? [],
    sampleTx(calls, at.tx),
    sampleFacts(now, at.facts),
    now,
  )
}

function codes(verdict: Verdict): readonly ReasonCode[] {
  return verdict.kind === 'auto' ? [] : verdict.reasons.map(({ code }) => code)
}

const move = call(GAME, MOVE, [felt(3)])
const base = samplePolicy()
const [limit] = base.spend.limits as [TokenLimit]
const withLimit = (changes: Partial<TokenLimit>): Partial<SessionPolicy> => ({
  spend: { ...base.spend, limits: [{ ...limit, ...changes }] },
})
const withRules = (...rules: Partial<CallRule>[]): Partial<SessionPolicy> => ({
  calls: rules.map((rule, index) => ({
    ...(base.calls[0] as CallRule),
    required: false,
    id: `r${index}` as RuleId,
    ...(rule.contract === STRK || rule.contract === USD
      ? { codePin: { classHash: TOKEN_CLASS, onChange: 'pause' } }
      : {}),
    ...rule,
  })),
})
/** A running total of the first felt; `move` sends 3. */
const totals = (max: string): CallRule['sums'] => [
  { arg: { at: 'felt', index: 0 }, as: 'felt', caps: [{ window: { kind: 'session' }, max: max as U256 }] },
]
const booking = (meter: string, amount: bigint, at = NOW) => ({ meter: meter as MeterId, amount: u256(amount), at })

describe('auto', () => {
  test('a fitting call is signed and charged on every meter', () => {
    expect(judge([move, transfer(STRK, FRIEND, 10n ** 18n), move])).toEqual({
      kind: 'auto',
      matched: ['r0', 'r2', 'r0'],
      charges: [
        { meter: 'rule:r0', amount: '2', refundable: '0' },
        { meter: 'rule:r2', amount: '1', refundable: '0' },
        { meter: `spend:${STRK}`, amount: `${10n ** 18n}`, refundable: '0' },
        { meter: `fee:${STRK}`, amount: `${10n ** 15n}`, refundable: '0' },
        { meter: 'tx', amount: '1', refundable: '0' },
        { meter: 'calls', amount: '3', refundable: '0' },
      ],
    })
  })

  test('zero amount counts as a transaction', () => {
    expect(judge([transfer(STRK, FRIEND, 0n)])).toMatchObject({ kind: 'auto', charges: [{}, {}, { meter: 'tx' }, {}] })
  })
})

describe('steps 1 to 4 end at once', () => {
  test('refuses: no call, too many calls, too many felts', () => {
    expect(judge([])).toEqual({ kind: 'refuse', reasons: [{ code: 'emptyCalls' }] })
    expect(judge(Array.from({ length: 65 }, () => move))).toMatchObject({
      kind: 'refuse',
      reasons: [{ code: 'malformed' }],
    })
    const long = call(
      GAME,
      MOVE,
      Array.from({ length: 5_001 }, () => felt(0)),
    )
    expect(judge([long])).toMatchObject({ kind: 'refuse', reasons: [{ code: 'malformed' }] })
  })

  test('asks: a field that a session cannot carry', () => {
    expect(judge([move], { tx: { unsupported: ['proof'] } })).toEqual({
      kind: 'ask',
      reasons: [{ code: 'unsupportedField', at: '/proof' }],
    })
  })

  test('refuses: another origin, chain, genesis or account, all told', () => {
    const other = { origin: 'https://evil.io' as never, chainId: felt(1), account: OTHER_ACCOUNT }
    expect(judge([move], { tx: other })).toMatchObject({ kind: 'refuse' })
    expect(codes(judge([move], { tx: other }))).toEqual(['wrongOrigin', 'wrongChain', 'wrongAccount'])
    expect(codes(judge([move], { facts: { genesis: felt('0xbad') } }))).toEqual(['wrongChain'])
  })

  test('no call to own accounts', () => {
    for (const to of [ACCOUNT, OTHER_ACCOUNT]) {
      const rules = withRules({ contract: to })
      expect(judge([call(to, MOVE)], { policy: rules })).toEqual({
        kind: 'refuse',
        reasons: [{ code: 'selfCall', call: 0 }],
      })
    }
    expect(codes(judge([call(ACCOUNT, MOVE)], { facts: { ownAccounts: [] } }))).toEqual(['selfCall'])
  })

  test('no nested execution', () => {
    for (const selector of Object.values(BANNED) as Selector[]) {
      const rules = withRules({ entrypoints: [{ selector }], adminAck: true })
      expect(judge([call(GAME, selector)], { policy: rules })).toEqual({
        kind: 'ask',
        reasons: [{ code: 'nestedExecution', call: 0 }],
      })
    }
  })

  test.each([
    ['revoked', 'revoked'],
    ['revoking', 'revoked'],
    ['superseded', 'revoked'],
    ['paused', 'paused'],
    ['pending', 'notActive'],
  ] as const)('a session that is %s does not run', (state, code) => {
    expect(codes(judge([move], { session: { state } }))).toEqual([code])
  })

  test('locked: the chain-backed session needs its keys, the wallet-backed one the owner', () => {
    const locked = { unlocked: false }
    expect(judge([move], { facts: locked }).kind).toBe('auto')
    expect(codes(judge([move], { facts: locked, session: { runWhileLocked: false } }))).toEqual(['locked'])
    expect(codes(judge([move], { facts: { workingSet: false } }))).toEqual(['locked'])
    expect(codes(judge([move], { facts: locked, session: { backing: 'wallet' } }))).toEqual(['locked'])
    // An unlock would not let these run.
    const asleep = { unlocked: false, workingSet: false }
    expect(codes(judge([move], { facts: asleep, session: { state: 'paused' } }))).toEqual(['paused'])
    expect(codes(judge([move], { facts: asleep, session: { state: 'revoked' } }))).toEqual(['revoked'])
    expect(judge([move], { facts: { workingSet: false }, session: { backing: 'wallet' } }).kind).toBe('auto')
  })

  test('end boundary', () => {
    const until = base.validUntil
    expect(judge([move], { now: until - 61 }).kind).toBe('auto')
    for (const now of [until - 60, until - 59, until - 1, until]) {
      expect(codes(judge([move], { now })), `${now - until}`).toEqual(['expired'])
    }
  })

  test('not before the start', () => {
    expect(judge([move], { now: NOW - 1 })).toEqual({ kind: 'ask', reasons: [{ code: 'notStarted', retryAt: NOW }] })
  })

  test('clock back, forward, block ahead', () => {
    expect(codes(judge([move], { facts: { clockWrong: true } }))).toEqual(['clock'])
  })

  test('class change pauses before the next signature', () => {
    const classes = sampleFacts().classes
    const read = (changes: Facts['classes']) => codes(judge([move], { facts: { classes: { ...classes, ...changes } } }))
    expect(read({ [GAME]: { classHash: felt(1) as never, readAt: NOW } })).toEqual(['codeChanged'])
    expect(read({ [ACCOUNT]: { classHash: felt(1) as never, readAt: NOW } })).toEqual(['codeChanged'])
    expect(read({ [GAME]: { classHash: GAME_CLASS, readAt: NOW - 60 } })).toEqual([])
    expect(read({ [GAME]: { classHash: GAME_CLASS, readAt: NOW - 61 } })).toEqual(['codeChanged'])
    // Only what is called matters.
    expect(read({ [STRK]: { classHash: felt(1) as never, readAt: NOW } })).toEqual([])
    const pin = { classHash: GAME_CLASS, impl: felt(7) as never, onChange: 'pause' as const }
    const proxy = withRules({ codePin: pin })
    const of = (impl: number) => ({
      classes: { ...classes, [GAME]: { classHash: GAME_CLASS, impl: felt(impl) as never, readAt: NOW } },
    })
    expect(codes(judge([move], { policy: proxy, facts: of(8) }))).toEqual(['codeChanged'])
    expect(judge([move], { policy: proxy, facts: of(7) }).kind).toBe('auto')
    const warn = withRules({ codePin: { ...pin, onChange: 'warn' } })
    expect(judge([move], { policy: warn, facts: of(8) }).kind).toBe('auto')
  })

  test('bans come before state, state before rules', () => {
    expect(codes(judge([call(ACCOUNT, MOVE), call(USD, MOVE)], { session: { state: 'paused' } }))).toEqual(['selfCall'])
    expect(codes(judge([call(USD, MOVE)], { session: { state: 'paused' } }))).toEqual(['paused'])
  })
})

describe('matching', () => {
  test('a selector is nothing without its contract', () => {
    expect(codes(judge([call(USD, MOVE)]))).toEqual(['noRule'])
    expect(codes(judge([call(GAME, selectorOf('rename'))]))).toEqual(['noRule'])
    // Neither arguments that fit nor a rule for the same entrypoint elsewhere help.
    const args = { arg: { at: 'felt' as const, index: 0 }, as: 'felt' as const, op: 'eq' as const, to: { value: '3' } }
    expect(codes(judge([{ ...move, to: USD }], { policy: withRules({ args }) }))).toEqual(['noRule'])
    const deny = [{ contract: USD, entrypoints: [MOVE], args, by: 'site' as const }]
    expect(codes(judge([move], { policy: { deny } }))).toEqual([])
  })

  test('one call outside makes the whole transaction ask', () => {
    expect(judge([move, call(GAME, selectorOf('rename'))])).toEqual({
      kind: 'ask',
      reasons: [{ code: 'noRule', call: 1 }],
    })
  })

  test('a rule that is off, failing or full shadows the wildcard', () => {
    const any: Partial<CallRule> = { contract: '*', entrypoints: '*' }
    const wide: Partial<CallRule> = { wide: true }
    expect(codes(judge([move], { policy: withRules({ enabled: false }, wide, any) }))).toEqual(['ruleDisabled'])
    expect(
      codes(judge([move], { policy: withRules({ caps: [{ window: { kind: 'session' }, max: 0 }] }, wide, any) })),
    ).toEqual(['ruleCap'])
    const args = { arg: { at: 'length' as const }, as: 'felt' as const, op: 'eq' as const, to: { value: '2' } }
    expect(codes(judge([move], { policy: withRules(any, wide, { args }) }))).toEqual(['argRule'])
    const unread = { ...args, arg: { at: 'felt' as const, index: 9 } }
    expect(codes(judge([move], { policy: withRules(any, wide, { args: unread }) }))).toEqual(['argRule'])
    expect(codes(judge([move], { policy: withRules(any, { ...wide, enabled: false }) }))).toEqual(['ruleDisabled'])
    const named: Partial<CallRule> = { contract: '*', enabled: false }
    expect(codes(judge([move], { policy: withRules(any, named) }))).toEqual(['ruleDisabled'])
    expect(codes(judge([move], { policy: withRules(named, any) }))).toEqual(['ruleDisabled'])
    expect(codes(judge([move], { policy: withRules(any, wide, { sums: totals('2') }) }))).toEqual(['sumCap'])
  })

  test('a full rule does not spill into the next', () => {
    const full = { caps: [{ window: { kind: 'session' as const }, max: 1 }] }
    const policy = withRules(full, {})
    expect(judge([move], { policy }).kind).toBe('auto')
    expect(judge([move, move], { policy })).toMatchObject({
      kind: 'ask',
      reasons: [{ code: 'ruleCap', rule: 'r0', left: '1', wanted: '2' }],
    })
    expect(codes(judge([move], { policy: withRules({ sums: totals('2') }, {}) }))).toEqual(['sumCap'])
    const args = { arg: { at: 'felt' as const, index: 0 }, as: 'felt' as const, op: 'lte' as const, to: { value: '3' } }
    expect(codes(judge([move, move], { policy: withRules({ ...full, args }, {}) }))).toEqual(['ruleCap'])
  })

  test('a deny rule beats every allow', () => {
    const denied = (deny: SessionPolicy['deny']) => codes(judge([move], { policy: { deny } }))
    expect(denied([{ contract: GAME, entrypoints: [MOVE], by: 'person' }])).toEqual(['denied'])
    expect(denied([{ contract: '*', entrypoints: '*', by: 'person' }])).toEqual(['denied'])
    expect(denied([{ contract: GAME, entrypoints: [BUY], by: 'person' }])).toEqual([])
    expect(denied([{ contract: USD, entrypoints: '*', by: 'person' }])).toEqual([])
  })

  test('an admin entrypoint needs a rule that lists it on its contract and that the person confirmed', () => {
    const selector = selectorOf('grant_role')
    const admin = { entrypoints: [{ selector }] }
    const judged = (...rules: Partial<CallRule>[]) =>
      codes(judge([call(GAME, selector)], { policy: withRules(...rules) }))
    expect(judged({ ...admin, adminAck: true })).toEqual([])
    expect(judged(admin)).toEqual(['adminEntrypoint'])
    expect(judged({ ...admin, wide: true, adminAck: true })).toEqual(['adminEntrypoint'])
    expect(judged({ ...admin, contract: '*', adminAck: true })).toEqual(['adminEntrypoint'])
    expect(judged({ contract: '*', entrypoints: '*', adminAck: true })).toEqual(['adminEntrypoint'])
  })

  test('use_plugin first call is refused', () => {
    const plugin = call(GAME, selectorOf('use_plugin'))
    expect(
      judge([plugin, move], {
        policy: withRules({ entrypoints: [{ selector: MOVE }, { selector: plugin.selector }] }),
      }),
    ).toMatchObject({
      kind: 'ask',
      reasons: [{ code: 'adminEntrypoint', call: 0 }],
    })
  })
})

describe('money', () => {
  const sent = (amount: bigint, setting: Setting = {}) => codes(judge([transfer(STRK, FRIEND, amount)], setting))
  const unit = 10n ** 18n

  test('each amount limit holds to the last unit', () => {
    expect(sent(5n * unit)).toEqual([])
    expect(sent(5n * unit + 1n)).toEqual(['perCall'])
    const tight = withLimit({ perTx: strk(6), caps: [{ window: { kind: 'session' }, max: strk(7) }] })
    const pair = (a: bigint, b: bigint) =>
      codes(judge([transfer(STRK, FRIEND, a), transfer(STRK, FRIEND, b)], { policy: tight }))
    expect(pair(3n * unit, 3n * unit)).toEqual([])
    expect(pair(3n * unit, 3n * unit + 1n)).toEqual(['perTx'])
    expect(pair(4n * unit, 3n * unit + 1n)).toEqual(['perTx', 'spendCap'])
    const booked = { ...sampleBook(), bookings: [booking(`spend:${STRK}`, 20n * unit)] }
    expect(sent(5n * unit, { book: booked })).toEqual([])
    expect(judge([transfer(STRK, FRIEND, 4n * unit), transfer(STRK, FRIEND, unit + 1n)], { book: booked })).toEqual({
      kind: 'ask',
      reasons: [
        {
          code: 'spendCap',
          meter: `spend:${STRK}`,
          left: `${5n * unit}`,
          wanted: `${5n * unit + 1n}`,
          cap: { window: { kind: 'session' }, max: strk(25) },
        },
      ],
    })
  })

  test('splitting over a multicall does not help', () => {
    const many = (n: number) => codes(judge(Array.from({ length: n }, () => transfer(STRK, FRIEND, 5n * unit))))
    expect(many(5)).toEqual([])
    expect(many(6)).toEqual(['spendCap'])
    expect(
      codes(judge([transfer(STRK, FRIEND, 5n * unit), call(STRK, moneySelector('approve'), [FRIEND, ...limbs(1n)])])),
    ).toContain('approvalForbidden')
  })

  test('zero limit and missing limit both ask', () => {
    expect(sent(1n, { policy: withLimit({ caps: [{ window: { kind: 'session' }, max: u256(0n) }] }) })).toEqual([
      'spendCap',
    ])
    expect(sent(1n, { policy: withLimit({ caps: [] }) })).toEqual(['spendCap'])
    expect(sent(0n, { policy: { spend: { ...base.spend, limits: [] } } })).toEqual(['tokenNotListed'])
    expect(sent(1n, { policy: withLimit({ recipients: [] }) })).toEqual(['recipient'])
    expect(codes(judge([move], { policy: { calls: [] } }))).toEqual(['noRule'])
    expect(codes(judge([move], { policy: { fees: { payer: 'account', tokens: [] } } }))).toEqual(['feeToken'])
    expect(
      codes(judge([move], { policy: { fees: { payer: 'account', tokens: [{ token: STRK, caps: [] }] } } })),
    ).toEqual(['feeCap'])
  })

  test('address spellings are one address', () => {
    // Canonical before compare: a felt has one spelling inside, so a padded recipient cannot slip past its list.
    const policy = withLimit({ recipients: [FRIEND] })
    expect(sent(1n, { policy })).toEqual([])
    expect(codes(judge([transfer(STRK, STRANGER, 1n)], { policy }))).toEqual(['recipient'])
    expect(codes(judge([transferFrom(STRK, ACCOUNT, STRANGER, 1n)], { policy }))).toEqual(['recipient'])
  })

  test('both spellings of transfer_from count alike', () => {
    const camel = samplePolicy().calls.map((rule) =>
      rule.id === 'r2' && rule.entrypoints !== '*'
        ? { ...rule, entrypoints: [...rule.entrypoints, { selector: moneySelector('transferFrom') }] }
        : rule,
    )
    const charge = (name: string) => {
      const verdict = judge([transferFrom(STRK, ACCOUNT, FRIEND, 9n, name)], { policy: { calls: camel } })
      return verdict.kind === 'auto' ? verdict.charges.find(({ meter }) => meter.startsWith('spend')) : verdict
    }
    expect(charge('transferFrom')).toEqual({ meter: `spend:${STRK}`, amount: '9', refundable: '0' })
    expect(charge('transfer_from')).toEqual(charge('transferFrom'))
    // A rule for one says nothing about the other.
    expect(codes(judge([transferFrom(STRK, ACCOUNT, FRIEND, 9n, 'transferFrom')]))).toEqual(['noRule'])
  })

  test('to oneself nothing is charged, out of a foreign balance nothing moves', () => {
    for (const own of [transfer(STRK, ACCOUNT, 99n * unit), transferFrom(STRK, ACCOUNT, ACCOUNT, 99n * unit)]) {
      const verdict = judge([own])
      expect(verdict.kind).toBe('auto')
      expect(verdict.kind === 'auto' && verdict.charges.some(({ meter }) => meter.startsWith('spend'))).toBe(false)
    }
    expect(codes(judge([transferFrom(STRK, STRANGER, ACCOUNT, 1n)]))).toEqual(['foreignTransferFrom'])
    const counted = withLimit({ foreignTransferFrom: 'count' })
    expect(codes(judge([transferFrom(STRK, STRANGER, ACCOUNT, 6n * unit)], { policy: counted }))).toEqual(['perCall'])
  })

  test('a foreign transfer that is forbidden tells every reason of its own, and none of a meter it does not touch', () => {
    const foreign = transferFrom(STRK, STRANGER, STRANGER, 0n)
    const policy = withLimit({ recipients: [FRIEND], caps: [{ window: { kind: 'session' }, max: u256(1n) }] })
    const over = { ...sampleBook(), bookings: [{ meter: `spend:${STRK}` as MeterId, amount: u256(2n), at: NOW }] }
    expect(codes(judge([foreign], { policy, book: over }))).toEqual(['recipient', 'foreignTransferFrom'])
  })

  test('approvals are forbidden, taking one back is free', () => {
    const names = ['approve', 'increase_allowance', 'increaseAllowance', 'decrease_allowance', 'decreaseAllowance']
    const policy = withRules({ contract: STRK, entrypoints: names.map((name) => ({ selector: moneySelector(name) })) })
    const judged = (name: string, amount: bigint) =>
      codes(judge([call(STRK, moneySelector(name), [FRIEND, ...limbs(amount)])], { policy }))
    for (const name of names.slice(0, 3)) {
      expect(judged(name, 1n), name).toEqual(['approvalForbidden', 'spender'])
      expect(judged(name, 0n), name).toEqual([])
    }
    for (const name of names.slice(3)) expect(judged(name, 1n), name).toEqual([])
  })

  test('money table runs under wide and any-contract rules', () => {
    for (const shape of [
      { wide: true as const },
      { contract: '*' as const },
      { contract: '*' as const, entrypoints: '*' as const },
    ]) {
      const rule = { contract: USD, entrypoints: [{ selector: moneySelector('transfer') }], ...shape }
      expect(codes(judge([transfer(USD, FRIEND, 0n)], { policy: withRules(rule) }))).toEqual(['tokenNotListed'])
    }
    const confirmed = withRules({
      contract: USD,
      entrypoints: [{ selector: moneySelector('transfer') }],
      notAToken: true,
    })
    expect(judge([transfer(USD, FRIEND, 9n)], { policy: confirmed }).kind).toBe('auto')
  })

  test('token symbol and decimals are not believed', () => {
    // Limits are found by address alone; a contract that calls itself STRK has none.
    const policy = withRules({
      contract: USD,
      entrypoints: [{ selector: moneySelector('transfer'), name: 'transfer' }],
    })
    expect(codes(judge([transfer(USD, FRIEND, 1n)], { policy }))).toEqual(['tokenNotListed'])
  })

  test('calldata of the wrong length is no payment, whoever lets it', () => {
    const short = { ...transfer(STRK, FRIEND, 1n), calldata: [FRIEND, felt(1)] }
    expect(codes(judge([short]))).toEqual(['moneyMalformed'])
  })

  test('a stream opens by the second', () => {
    const policy = withLimit({
      perCall: u256(10n ** 30n),
      caps: [],
      stream: { start: NOW, initial: u256(0n), perSecond: u256(2n) },
    })
    expect(sent(1n, { policy })).toEqual(['streamCap'])
    expect(sent(4n, { policy, now: NOW + 2 })).toEqual([])
    expect(sent(5n, { policy, now: NOW + 2 })).toEqual(['streamCap'])
  })

  test('a stream says when it will have room, and says nothing where that is too late or never', () => {
    const opens = (amount: bigint, more: { max?: U256; perSecond?: U256 } = {}) => {
      const stream = { start: NOW, initial: u256(3n), perSecond: u256(2n), ...more }
      const policy = withLimit({ perCall: u256(10n ** 30n), caps: [], stream })
      const verdict = judge([transfer(STRK, FRIEND, amount)], { policy })
      return verdict.kind === 'ask' ? verdict.reasons.map(({ retryAt }) => retryAt) : verdict.kind
    }
    expect(opens(3n)).toBe('auto')
    expect(opens(4n)).toEqual([NOW + 1])
    expect(opens(5n)).toEqual([NOW + 1])
    expect(opens(6n)).toEqual([NOW + 2])
    expect(opens(6n, { max: u256(5n) })).toEqual([undefined])
    expect(opens(6n, { perSecond: u256(0n) })).toEqual([undefined])
    expect(opens(2n * BigInt(DAY))).toEqual([undefined])
  })

  test('what others let the account take is spent like its own where that is counted, and nothing where it is not', () => {
    const counting = withLimit({ foreignTransferFrom: 'count' })
    const pulled = transferFrom(STRK, STRANGER, FRIEND, 4n * 10n ** 18n)
    const facts = { simulation: { ok: true as const, at: NOW, out: {}, items: {}, odd: [] } }
    const verdict = judge([pulled], { policy: counting, facts })
    expect(verdict).toMatchObject({ kind: 'auto' })
    expect(verdict.kind === 'auto' && verdict.charges).toContainEqual({
      meter: `spend:${STRK}`,
      amount: strk(4),
      refundable: '0',
    })
    expect(codes(judge([transferFrom(STRK, STRANGER, FRIEND, 6n * 10n ** 18n)], { policy: counting, facts }))).toEqual([
      'perCall',
    ])
    expect(codes(judge([pulled]))).toEqual(['foreignTransferFrom'])
  })

  test('sums beyond 2^256 are refused, not wrapped', () => {
    const most = 2n ** 256n - 1n
    const { perCall: _, ...rest } = limit
    const policy = {
      spend: {
        ...base.spend,
        limits: [{ ...rest, caps: [{ window: { kind: 'session' as const }, max: u256(most) }] }],
      },
    }
    expect(sent(most, { policy })).toEqual([])
    expect(codes(judge([transfer(STRK, FRIEND, most), transfer(STRK, FRIEND, 1n)], { policy }))).toEqual(['spendCap'])
  })
})

describe('outflow nobody declared', () => {
  const seen = (out: Record<string, bigint>, more: object = {}) => ({
    facts: {
      liveAllowance: true,
      simulation: {
        ok: true as const,
        at: NOW,
        out: Object.fromEntries(Object.entries(out).map(([token, amount]) => [token, u256(amount)])),
        items: {},
        odd: [],
        ...more,
      },
    },
  })

  test('old allowance pulled by an allowed contract', () => {
    const unseen = { facts: { liveAllowance: true } }
    expect(codes(judge([move], unseen))).toEqual(['simulationFailed'])
    expect(judge([move], { facts: { ...unseen.facts, simulation: 'later' } }).kind).toBe('auto')
    expect(judge([move], seen({ [STRK]: 7n }))).toMatchObject({
      kind: 'auto',
      charges: [{}, { meter: `spend:${STRK}`, amount: '7', refundable: '7' }, {}, {}, {}],
    })
    expect(codes(judge([move], seen({ [USD]: 1n })))).toEqual(['undeclaredOutflow'])
    expect(codes(judge([move], seen({ [STRK]: BigInt(strk(6)) })))).toEqual(['perCall'])
  })

  test('simulation only ever adds', () => {
    const one = transfer(STRK, FRIEND, 9n)
    const charged = (out: bigint) => {
      const verdict = judge([one], seen(out === 0n ? {} : { [STRK]: out }))
      return verdict.kind === 'auto' ? verdict.charges.find(({ meter }) => meter.startsWith('spend')) : undefined
    }
    expect(charged(0n)).toEqual({ meter: `spend:${STRK}`, amount: '9', refundable: '0' })
    expect(charged(9n)).toEqual({ meter: `spend:${STRK}`, amount: '9', refundable: '0' })
    expect(charged(12n)).toEqual({ meter: `spend:${STRK}`, amount: '12', refundable: '3' })
  })

  test('items and odd shapes of a listed token are asked about', () => {
    expect(codes(judge([move], seen({}, { items: { [GAME]: u256(1n) } })))).toEqual(['undeclaredOutflow'])
    expect(codes(judge([move], seen({}, { odd: [STRK] })))).toEqual(['undeclaredOutflow'])
    expect(codes(judge([move], seen({}, { odd: [GAME] })))).toEqual([])
  })

  test('a trial run that failed or is too old', () => {
    expect(codes(judge([move], { facts: { simulation: { ok: false, at: NOW, words: 'no' } } }))).toEqual([
      'simulationFailed',
    ])
    expect(codes(judge([move], seen({}, { at: NOW - 15 })))).toEqual([])
    expect(codes(judge([move], seen({}, { at: NOW - 16 })))).toEqual(['simulationFailed'])
  })

  test('what switches the look to simulation', () => {
    const session = sampleSession()
    expect(mustSimulate(session, sampleBook(), { liveAllowance: false })).toBe(false)
    expect(mustSimulate(session, sampleBook(), { liveAllowance: true })).toBe(true)
    const credit = { ...sampleBook(), credit: [{ token: STRK, spender: GAME, amount: u256(1n) }] }
    expect(mustSimulate(session, credit, { liveAllowance: false })).toBe(true)
    const looks = sampleSession(samplePolicy({ spend: { ...base.spend, look: 'simulate' } }))
    expect(mustSimulate(looks, sampleBook(), { liveAllowance: false })).toBe(true)
  })
})

describe('fees', () => {
  const fee = (max: bigint, more: Partial<Transaction['fee']> = {}) => ({
    tx: { fee: { token: STRK, max, tipPerGas: 0n, ...more } },
  })
  const cap = 8n * 10n ** 17n

  test('fee drain by tip and reverts', () => {
    expect(judge([move], fee(cap)).kind).toBe('auto')
    expect(codes(judge([move], fee(cap + 1n)))).toEqual(['feeCap'])
    const perTx = {
      fees: {
        payer: 'account' as const,
        tokens: [{ token: STRK, perTx: u256(5n), caps: base.fees.tokens[0]?.caps ?? [] }],
        maxTipPerGas: u256(3n),
      },
    }
    expect(codes(judge([move], { policy: perTx, ...fee(6n, { tipPerGas: 4n }) }))).toEqual(['feePerTx', 'tip'])
    expect(judge([move], { policy: perTx, ...fee(5n, { tipPerGas: 3n }) }).kind).toBe('auto')
    const reverted = (inARow: number, lastAt: number) =>
      codes(judge([move], { facts: { reverts: { inARow, lastAt } } }))
    expect([reverted(2, NOW), reverted(3, NOW - 29), reverted(3, NOW - 30)]).toEqual([[], ['gap'], []])
    expect([reverted(4, NOW - 59), reverted(4, NOW - 60), reverted(20, NOW - 599), reverted(20, NOW - 600)]).toEqual([
      ['gap'],
      [],
      ['gap'],
      [],
    ])
  })

  test('another fee token, a sponsor that is required', () => {
    expect(codes(judge([move], fee(1n, { token: USD })))).toEqual(['feeToken'])
    expect(codes(judge([move], { policy: withRules({ sponsoredOnly: true }) }))).toEqual(['paymasterRequired'])
    expect(codes(judge([move], { policy: { fees: { ...base.fees, payer: 'paymaster' } } }))).toEqual([
      'paymasterRequired',
    ])
  })

  test('somebody else pays: only where the policy lets somebody, and only who is named', () => {
    const PAY = 'https://pay.example'
    const paid = (fees: Partial<SessionPolicy['fees']>, by: string, max = 0n) =>
      codes(judge([move], { policy: { fees: { ...base.fees, ...fees } }, tx: { ...fee(max).tx, paymaster: by } }))
    expect(paid({}, PAY)).toEqual(['paymasterNotAllowed'])
    for (const payer of ['paymaster', 'either'] as const) {
      expect(paid({ payer }, PAY)).toEqual([])
      expect(paid({ payer, paymasters: [PAY] }, PAY)).toEqual([])
      expect(paid({ payer, paymasters: ['0x9', PAY] }, '0x9')).toEqual([])
      for (const other of ['https://pay.example:8443', 'https://other.example', '0x9']) {
        expect(paid({ payer, paymasters: [PAY] }, other), other).toEqual(['paymasterNotAllowed'])
      }
      expect(paid({ payer, paymasters: [] }, PAY)).toEqual(['paymasterNotAllowed'])
    }
    // What it takes for that in a token is a fee of the account, and nothing taken needs no token.
    expect(paid({ payer: 'paymaster', tokens: [] }, PAY)).toEqual([])
    expect(paid({ payer: 'paymaster', tokens: [] }, PAY, 1n)).toEqual(['feeToken'])
    expect(paid({ payer: 'paymaster' }, PAY, BigInt(strk(9)))).toEqual(['feeCap'])
  })

  test('what only a sponsor may pay for passes when one pays', () => {
    const policy = { ...withRules({ sponsoredOnly: true }), fees: { ...base.fees, payer: 'either' as const } }
    expect(codes(judge([move], { policy }))).toEqual(['paymasterRequired'])
    expect(codes(judge([move], { policy, tx: { ...fee(0n).tx, paymaster: 'https://pay.example' } }))).toEqual([])
  })

  test('fees are never spend', () => {
    const booked = { ...sampleBook(), bookings: [booking(`spend:${STRK}`, BigInt(strk(25)))] }
    expect(judge([move], { book: booked }).kind).toBe('auto')
  })
})

describe('usage', () => {
  const times = (n: number, at = NOW) => ({
    ...sampleBook(),
    bookings: Array.from({ length: n }, () => booking('tx', 1n, at)),
  })

  test('counts per session and in a rolling window, with the second of the opening', () => {
    expect(judge([move], { book: { ...sampleBook(), base: { ['tx' as MeterId]: u256(199n) } } }).kind).toBe('auto')
    expect(judge([move], { book: { ...sampleBook(), base: { ['tx' as MeterId]: u256(200n) } } })).toMatchObject({
      kind: 'ask',
      reasons: [
        { code: 'txCount', meter: 'tx', left: '0', wanted: '1', cap: { window: { kind: 'session' }, max: '200' } },
      ],
    })
    expect(judge([move], { book: times(9) }).kind).toBe('auto')
    const full = judge([move], { book: times(10, NOW - 59) })
    expect(full).toMatchObject({
      reasons: [{ code: 'txCount', left: '0', retryAt: NOW + 1, cap: { window: { kind: 'rolling', seconds: 60 } } }],
    })
    expect(judge([move], { book: times(10, NOW - 60) }).kind).toBe('auto')
  })

  test('of several caps the tightest is told, and no opening if one never opens', () => {
    const book = { ...times(10, NOW - 1), base: { ['tx' as MeterId]: u256(190n) } }
    const verdict = judge([move], { book })
    expect(verdict.kind === 'ask' && verdict.reasons).toHaveLength(1)
    expect(verdict.kind === 'ask' && verdict.reasons[0]?.retryAt).toBeUndefined()
  })

  test('an opening after the end is not told', () => {
    const now = base.validUntil - 70
    const verdict = judge([move], { now, book: times(10, now) })
    expect(verdict).toMatchObject({ reasons: [{ code: 'txCount' }] })
    expect(verdict.kind === 'ask' && verdict.reasons[0]?.retryAt).toBeUndefined()
  })

  test('holds count in every window, whatever their time', () => {
    const open = Array.from({ length: 10 }, (_, i) =>
      sampleHold({
        id: `h${i}`,
        group: `g${i}`,
        at: NOW - 5_000,
        charges: [{ meter: 'tx' as MeterId, amount: u256(1n), refundable: u256(0n) }],
      }),
    )
    expect(codes(judge([move], { open }))).toEqual(['txCount'])
    expect(judge([move], { open: open.slice(1) }).kind).toBe('auto')
    expect(judge([move], { open: open.map((hold) => ({ ...hold, status: 'settled' as const })) }).kind).toBe('auto')
  })

  test('no update resets a meter', () => {
    // Rules are counted without a cap too: one that is set later finds what was used before.
    const verdict = judge([move, move])
    const used = verdict.kind === 'auto' ? verdict.charges : []
    const book = { ...sampleBook(), bookings: used.map(({ meter, amount }) => booking(meter, BigInt(amount))) }
    const later = (max: number) => withRules({ caps: [{ window: { kind: 'session' as const }, max }] })
    expect(judge([move], { policy: later(3), book }).kind).toBe('auto')
    expect(codes(judge([move], { policy: later(2), book }))).toEqual(['ruleCap'])
  })

  test('calls, calls per transaction, gap and transactions in flight', () => {
    const usage = {
      ...base.usage,
      calls: [{ window: { kind: 'session' as const }, max: 3 }],
      maxCallsPerTx: 2,
      minGap: 10,
      maxInFlight: 2,
    }
    expect(codes(judge([move, move, move], { policy: { usage } }))).toEqual(['callsPerTx'])
    const calls = { ...sampleBook(), bookings: [booking('calls', 2n, NOW - 100)] }
    expect(codes(judge([move, move], { policy: { usage }, book: calls }))).toEqual(['callCount'])
    const held = (n: number, at: number) =>
      Array.from({ length: n }, (_, i) => sampleHold({ id: `h${i}`, group: `g${i}`, at }))
    expect(judge([move], { policy: { usage }, open: held(1, NOW - 9) })).toMatchObject({
      reasons: [{ code: 'gap', retryAt: NOW + 1 }],
    })
    expect(codes(judge([move], { policy: { usage }, open: held(1, NOW - 10) }))).toEqual([])
    expect(codes(judge([move], { policy: { usage }, book: times(1, NOW - 9) }))).toEqual(['gap'])
    expect(codes(judge([move], { policy: { usage }, open: held(2, NOW - 10) }))).toEqual(['inFlight'])
  })

  test('no call comes closer than the gap to what is scheduled, whenever in its time that is sent', () => {
    const usage = { ...base.usage, minGap: 10 }
    const slot = (executeAfter: number, executeBefore: number) => ({
      ...sampleHold({ via: 'agent', at: NOW - 1_000, status: 'signed' }),
      outside: { nonce: felt('0x1'), executeAfter, executeBefore },
    })
    const at = (...slots: Hold[]) => judge([move], { policy: { usage }, open: slots })
    expect(at(slot(NOW - 5, NOW + 60))).toMatchObject({ reasons: [{ code: 'gap', retryAt: NOW + 70 }] })
    expect([at(slot(NOW + 9, NOW + 60)), at(slot(NOW - 60, NOW - 9))].map(codes)).toEqual([['gap'], ['gap']])
    expect([at(slot(NOW + 10, NOW + 60)), at(slot(NOW - 60, NOW - 10))].map(codes)).toEqual([[], []])
    expect(codes(judge([move], { open: [slot(NOW - 5, NOW + 60)] }))).toEqual([])
  })
})

describe('chooseSession', () => {
  const candidate = (id: string, policy: SessionPolicy, changes: Partial<SessionRecord> = {}) => ({
    session: sampleSession(policy, { id: id as SessionRecord['id'], ...changes }),
    book: sampleBook(),
    open: [],
    facts: sampleFacts(),
  })
  const choose = (...all: ReturnType<typeof candidate>[]) => {
    const found = chooseSession(all, sampleTx([move]), NOW)
    return [found?.chosen.session.id, found?.verdict.kind]
  }

  test('of those that would sign the one ending first, then the smaller id', () => {
    const early = samplePolicy({ validUntil: NOW + 500 })
    expect(choose(candidate('a', samplePolicy()), candidate('b', early))).toEqual(['b', 'auto'])
    expect(choose(candidate('b', samplePolicy()), candidate('a', samplePolicy()))).toEqual(['a', 'auto'])
    expect(choose(candidate('a', samplePolicy({ calls: [] })), candidate('b', samplePolicy()))).toEqual(['b', 'auto'])
  })

  test('if none would, the running one that owns most calls', () => {
    const off = samplePolicy(withRules({ enabled: false }))
    expect(choose(candidate('a', samplePolicy({ calls: [] })), candidate('b', off))).toEqual(['b', 'ask'])
    expect(choose(candidate('a', off, { state: 'revoked' }), candidate('b', samplePolicy({ calls: [] })))).toEqual([
      'b',
      'ask',
    ])
    expect(choose()).toEqual([undefined, undefined])
  })
})
