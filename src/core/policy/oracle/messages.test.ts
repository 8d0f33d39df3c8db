import { expect, test } from 'vitest'
import { felt, u256 } from '../../felt.ts'
import { messageMeter } from '../book.ts'
import type { Message, MessageFacts } from '../facts.ts'
import { evaluateMessage } from '../messages.ts'
import type { CountCap, MessageRule, MeterBook, RuleId, SessionRecord, SessionState, Window } from '../policy.ts'
import {
  ACCOUNT,
  ACCOUNT_CLASS,
  CHAIN,
  NOW,
  OTHER_ACCOUNT,
  SITE,
  sampleBook,
  samplePolicy,
  sampleSession,
} from '../samples.ts'
import { createDice, type Dice, seedOf } from './dice.ts'
import { judgeMessage, type PastMessage } from './messages.ts'

// Seeds are fixed; what differs is told by its number.
test('the second opinion on messages agrees with the engine on 20,000 cases', { timeout: 240_000 }, () => {
  const met = new Map<string, number>()
  for (let index = 0; index < 20_000; index++) {
    const { session, past, message, facts, now } = aCase(createDice(seedOf(0x3e55, index)))
    const verdict = evaluateMessage(session, bookOf(past), [], message, facts, now)
    const opinion = judgeMessage(session, past, message, facts, now)
    const reasons = verdict.kind === 'auto' ? [] : verdict.reasons
    const told = reasons.map(({ code, rule }) => [code, rule].filter((it) => it !== undefined).join(' '))
    const charges = verdict.kind === 'auto' ? verdict.charges.map(({ meter }) => meter) : []
    expect([index, verdict.kind, [...told].sort(), charges]).toEqual([
      index,
      opinion.kind,
      [...opinion.reasons].sort(),
      opinion.counted,
    ])
    for (const name of verdict.kind === 'auto' ? ['auto'] : reasons.map(({ code }) => code))
      met.set(name, (met.get(name) ?? 0) + 1)
  }
  // A run in which something hardly happens has said little.
  const codes = [
    'messageScope',
    'messageField',
    'messageCount',
    'reservedMessage',
    'locked',
    'paused',
    'revoked',
    'notActive',
  ]
  const times = ['notStarted', 'expired', 'clock', 'codeChanged', 'wrongOrigin', 'wrongChain', 'wrongAccount']
  for (const name of ['auto', ...codes, ...times]) expect([name, (met.get(name) ?? 0) >= 200]).toEqual([name, true])
})

const HASHES = [felt(0xd0), felt(0xd1)] as const
const PATHS = [['side'], ['leg', 'amount'], ['none']] as const
const mostly = <T>(dice: Dice, usual: T, others: readonly T[], share = 0.03): T =>
  dice.chance(share) ? dice.pick(others) : usual

function aCase(dice: Dice) {
  const now = NOW + dice.int(0, 100_000)
  const rules = HASHES.flatMap((domainHash) => HASHES.map((typeHash) => ({ domainHash, typeHash })))
    .filter(() => dice.chance(0.6))
    .map(
      (scope, index): MessageRule => ({
        id: `m${index}` as RuleId,
        ...scope,
        fields: PATHS.filter(() => dice.chance(0.3)).map((path) => aField(dice, path)),
        caps: Array.from({ length: dice.int(dice.chance(0.05) ? 0 : 1, 3) }, () => aCap(dice, now)),
        enabled: dice.chance(0.85),
        required: false,
      }),
    )
  const policy = samplePolicy({
    messages: rules,
    validAfter: mostly(dice, NOW, [now, now + 1]),
    validUntil: mostly(dice, now + 100_000, [now + 59, now + 60, now + 61, now]),
  })
  const state = mostly<SessionState>(dice, 'active', ['paused', 'pending', 'revoked', 'revoking', 'superseded'], 0.08)
  const session: SessionRecord = { ...sampleSession(policy), state, runWhileLocked: dice.chance(0.5) }
  const past = rules.flatMap(({ id }) =>
    Array.from(
      { length: dice.int(0, 4) },
      (): PastMessage => ({ rule: id, at: now - dice.pick([0, 1, 59, 60, 61, 3_599, 3_600, dice.int(0, 90_000)]) }),
    ),
  )
  const values = { '/side': BigInt(dice.int(0, 4)), '/leg/amount': BigInt(dice.int(0, 4)) }
  const message: Message = {
    origin: mostly(dice, SITE, ['https://other.example' as typeof SITE]),
    chainId: mostly(dice, CHAIN, [felt(5)]),
    account: mostly(dice, ACCOUNT, [OTHER_ACCOUNT]),
    domainHash: dice.pick(HASHES),
    typeHash: dice.pick(HASHES),
    reserved: dice.chance(0.03),
    valueAt: (path) => values[`/${path.join('/')}` as keyof typeof values],
  }
  const read = {
    classHash: mostly(dice, ACCOUNT_CLASS, [felt(0xbad) as typeof ACCOUNT_CLASS]),
    readAt: mostly(dice, now, [now - 60, now - 61]),
  }
  const facts: MessageFacts = {
    unlocked: dice.chance(0.95),
    genesis: mostly(dice, session.genesis.hash, [felt(9)]),
    clockWrong: dice.chance(0.03),
    classes: dice.chance(0.97) ? { [ACCOUNT]: read } : {},
  }
  return { session, past, message, facts, now }
}

function aField(dice: Dice, path: readonly string[]): MessageRule['fields'][number] {
  const op = dice.pick(['eq', 'in', 'lte', 'gte'] as const)
  const values = op === 'in' ? ['0x1', '0x2', '0x3'].slice(0, dice.int(1, 3)) : [dice.pick(['0x1', '2', '0x3'])]
  return { path: [...path], as: 'felt', op, to: values }
}

function aCap(dice: Dice, now: number): CountCap {
  const window = dice.pick<Window>([
    { kind: 'session' },
    { kind: 'fixed', seconds: 3_600, anchor: now - dice.int(0, 7_200) },
    { kind: 'calendar', unit: dice.pick(['minute', 'hour', 'day', 'week', 'month', 'year'] as const) },
    { kind: 'rolling', seconds: dice.pick([1, 60, 3_600]) },
  ])
  return { window, max: dice.int(0, 5) }
}

function bookOf(past: readonly PastMessage[]): MeterBook {
  const bookings = past.map(({ rule, at }) => ({ meter: messageMeter(rule as RuleId), amount: u256(1n), at }))
  return { ...sampleBook(), bookings }
}
