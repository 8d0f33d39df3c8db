import { describe, expect, test } from 'vitest'
import { type Felt, felt, u256 } from '../felt.ts'
import { DAY, END_MARGIN } from '../time.ts'
import { messageMeter } from './book.ts'
import type { Message, MessageFacts } from './facts.ts'
import { evaluateMessage } from './messages.ts'
import type { MessageRule, MeterBook, RuleId, SessionRecord } from './policy.ts'
import {
  ACCOUNT,
  ACCOUNT_CLASS,
  CHAIN,
  NOW,
  OTHER_ACCOUNT,
  SITE,
  sampleBook,
  sampleFacts,
  sampleHold,
  samplePolicy,
  sampleSession,
} from './samples.ts'

const [DOMAIN, TYPE] = [felt('0xd0'), felt('0x7e')]
const rule: MessageRule = {
  id: 'm0' as RuleId,
  domainHash: DOMAIN,
  typeHash: TYPE,
  fields: [
    { path: ['order', 'side'], as: 'felt', op: 'eq', to: ['0x1'] },
    { path: ['order', 'token'], as: 'address', op: 'in', to: ['0x5', '0x6'] },
    { path: ['order', 'amount'], as: 'u256', op: 'lte', to: ['100'] },
    { path: ['order', 'price'], as: 'u128', op: 'gte', to: ['7'] },
  ],
  caps: [{ window: { kind: 'session' }, max: 2 }],
  enabled: true,
  required: false,
}
const order: Readonly<Record<string, bigint>> = { side: 1n, token: 6n, amount: 100n, price: 7n }

interface Setting {
  readonly rule?: Partial<MessageRule>
  readonly values?: Readonly<Record<string, bigint | undefined>>
  readonly message?: Partial<Message>
  readonly session?: Partial<SessionRecord>
  readonly facts?: Partial<MessageFacts>
  readonly book?: MeterBook
  readonly held?: number
  readonly now?: number
}

function judge({ rule: changes, values, message, session, facts, book, held = 0, now = NOW }: Setting = {}) {
  const { unlocked, clockWrong, classes } = sampleFacts(now)
  const all = { ...order, ...values }
  return evaluateMessage(
    sampleSession(samplePolicy({ messages: [{ ...rule, ...changes }] }), session),
    book ?? sampleBook(),
    Array.from({ length: held }, (_, at) =>
      sampleHold({
        id: `h${at}`,
        group: `g${at}`,
        charges: [{ meter: messageMeter(rule.id), amount: u256(1n), refundable: u256(0n) }],
      }),
    ),
    {
      origin: SITE,
      chainId: CHAIN,
      account: ACCOUNT,
      domainHash: DOMAIN,
      typeHash: TYPE,
      reserved: false,
      valueAt: ([part, name]) => (part === 'order' && name !== undefined ? all[name] : undefined),
      ...message,
    },
    { unlocked, clockWrong, classes, ...facts },
    now,
  )
}
function said(setting: Setting): unknown {
  const verdict = judge(setting)
  return verdict.kind === 'auto'
    ? 'auto'
    : [verdict.kind, ...verdict.reasons.map(({ code, at }) => (at === undefined ? code : `${code} ${at}`))]
}

describe('messages', () => {
  test('one that fits is signed, and counts one', () => {
    expect(judge()).toEqual({
      kind: 'auto',
      charges: [{ meter: 'msg:m0', amount: '1', refundable: '0' }],
      matched: ['m0'],
    })
  })

  test('refuses: another domain, another type, a rule that is off or is not there', () => {
    expect(said({ message: { domainHash: TYPE } })).toEqual(['ask', 'messageScope'])
    expect(said({ message: { typeHash: DOMAIN } })).toEqual(['ask', 'messageScope'])
    expect(said({ rule: { enabled: false } })).toEqual(['ask', 'messageScope'])
  })

  test('every field must be what it may be, and one that is not there is not', () => {
    expect(said({ values: { side: 2n } })).toEqual(['ask', 'messageField /order/side'])
    expect(said({ values: { token: 7n } })).toEqual(['ask', 'messageField /order/token'])
    expect(said({ values: { amount: 101n } })).toEqual(['ask', 'messageField /order/amount'])
    expect(said({ values: { price: 6n } })).toEqual(['ask', 'messageField /order/price'])
    expect(said({ values: { amount: undefined } })).toEqual(['ask', 'messageField /order/amount'])
    expect(said({ rule: { fields: [{ path: ['order', 'side'], as: 'felt', op: 'in', to: [] }] } })).toEqual([
      'ask',
      'messageField /order/side',
    ])
    expect(said({ values: { amount: 0n, price: 2n ** 128n - 1n, token: 5n } })).toBe('auto')
  })

  test('counts what was signed and what is held, and without a cap there is room for none', () => {
    const signed = { ...sampleBook(), base: { [messageMeter(rule.id)]: u256(1n) } }
    expect(said({ book: signed })).toBe('auto')
    expect(said({ book: signed, held: 1 })).toEqual(['ask', 'messageCount'])
    expect(said({ held: 2 })).toEqual(['ask', 'messageCount'])
    expect(said({ rule: { caps: [] } })).toEqual(['ask', 'messageCount'])
    expect(said({ held: 2, values: { side: 2n } })).toEqual(['ask', 'messageField /order/side', 'messageCount'])
  })

  test('refuses: a reserved message, whatever a rule says and in every state', () => {
    expect(said({ message: { reserved: true } })).toEqual(['refuse', 'reservedMessage'])
    expect(said({ message: { reserved: true }, session: { state: 'revoked' } })).toEqual(['refuse', 'reservedMessage'])
  })

  test('refuses: another site, chain, account; a session that does not run', () => {
    expect(said({ message: { origin: 'https://evil.io' as Message['origin'] } })).toEqual(['refuse', 'wrongOrigin'])
    expect(said({ message: { chainId: felt('0x1') as Felt } })).toEqual(['refuse', 'wrongChain'])
    expect(said({ message: { account: OTHER_ACCOUNT } })).toEqual(['refuse', 'wrongAccount'])
    expect(said({ session: { state: 'paused' } })).toEqual(['ask', 'paused'])
    expect(said({ session: { state: 'revoked' } })).toEqual(['ask', 'revoked'])
    expect(said({ now: NOW + DAY - END_MARGIN })).toEqual(['ask', 'expired'])
    expect(said({ now: NOW - 1 })).toEqual(['ask', 'notStarted'])
    expect(said({ facts: { clockWrong: true } })).toEqual(['ask', 'clock'])
    expect(said({ facts: { classes: {} } })).toEqual(['ask', 'codeChanged'])
    expect(said({ facts: { classes: { [ACCOUNT]: { classHash: ACCOUNT_CLASS, readAt: NOW - 60 } } } })).toBe('auto')
  })

  test('the owner signs messages: locked, they ask, also of a session that runs while locked', () => {
    expect(said({ facts: { unlocked: false }, session: { runWhileLocked: true } })).toEqual(['ask', 'locked'])
  })
})
