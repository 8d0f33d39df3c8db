import { describe, expect, test } from 'vitest'
import catalogue from '../../../public/_locales/en/messages.json'
import { selectorOf } from '../../starknet/selector.ts'
import { LISTED, STRK } from '../account.ts'
import { felt, u256 } from '../felt.ts'
import { type Line, say } from '../words.ts'
import { evaluate } from './evaluate.ts'
import { explainPause, explainReason, type ReasonFacts } from './explain-reason.ts'
import { explainCall } from './naming.ts'
import type { MeterId, PauseReason, Reason, ReasonCode, SessionPolicy } from './policy.ts'
import {
  ACCOUNT,
  call,
  FRIEND,
  GAME,
  limbs,
  MOVE,
  moneySelector,
  NOW,
  STRANGER,
  sampleBook,
  sampleFacts,
  samplePolicy,
  sampleSession,
  sampleTx,
  strk,
  transfer,
  transferFrom,
  USD,
} from './samples.ts'

const facts: ReasonFacts = {
  account: ACCOUNT,
  tokens: Object.fromEntries(LISTED.map(({ address, symbol, decimals }) => [address, { symbol, decimals }])),
  names: { [GAME]: 'Arena', [FRIEND]: 'Ann', [STRANGER]: 'Bob' },
  actions: { [MOVE]: 'move' },
  calls: [
    call(GAME, MOVE),
    transfer(STRK, STRANGER, 9n),
    call(STRK, moneySelector('approve'), [STRANGER, ...limbs(1n)]),
  ],
  policy: samplePolicy(),
}
const said = (line: Line) => say(line, catalogue, { locale: 'en', zone: 'UTC', now: NOW }).replaceAll('\u00a0', ' ')
const why = (reason: Reason, more: Partial<ReasonFacts> = {}) => said(explainReason(reason, { ...facts, ...more }, NOW))
const SPEND = `spend:${STRK}` as MeterId
const money = { meter: SPEND, left: strk(7), wanted: strk(8) }

describe('explainReason', () => {
  test('every reason has its sentence', () => {
    const life = { window: { kind: 'session' as const }, max: u256(200n) }
    const minute = { window: { kind: 'rolling' as const, seconds: 60 }, max: u256(10n) }
    const day = { window: { kind: 'calendar' as const, unit: 'day' as const }, max: strk(25) }
    const all: Reason[] = [
      { code: 'malformed', at: '/calls' },
      { code: 'emptyCalls' },
      { code: 'wrongChain' },
      { code: 'wrongAccount' },
      { code: 'wrongOrigin' },
      { code: 'unsupportedField', at: '/proof' },
      { code: 'unsupportedField', at: '/window' },
      { code: 'unsupportedField', at: '/nonce' },
      { code: 'unsupportedField', at: '/other' },
      { code: 'selfCall', call: 0 },
      { code: 'nestedExecution', call: 0 },
      { code: 'adminEntrypoint', call: 0 },
      { code: 'locked' },
      { code: 'notActive' },
      { code: 'paused' },
      { code: 'notStarted' },
      { code: 'expired' },
      { code: 'revoked' },
      { code: 'clock' },
      { code: 'codeChanged' },
      { code: 'denied', call: 0 },
      { code: 'noRule', call: 0 },
      { code: 'ruleDisabled', call: 0 },
      { code: 'argRule', call: 0 },
      { code: 'ruleCap', meter: 'rule:r0' as MeterId, left: u256(0n), wanted: u256(2n), cap: life },
      { code: 'sumCap' },
      { code: 'tokenNotListed', call: 1, meter: SPEND },
      { code: 'moneyMalformed', call: 1 },
      { code: 'approvalForbidden', call: 2 },
      { code: 'approveAllForbidden', call: 2 },
      { code: 'recipient', call: 1 },
      { code: 'spender', call: 2 },
      { code: 'tokenId', call: 1 },
      { code: 'foreignTransferFrom', call: 1 },
      { code: 'perCall', call: 1, ...money },
      { code: 'perTx', ...money },
      { code: 'spendCap', ...money, cap: { window: { kind: 'session' }, max: strk(25) } },
      { code: 'spendCap', ...money, cap: day, retryAt: NOW + 57_600 },
      { code: 'streamCap', ...money },
      { code: 'undeclaredOutflow', meter: `spend:${USD}` as MeterId },
      { code: 'simulationFailed' },
      { code: 'feeToken', meter: `fee:${STRK}` as MeterId },
      { code: 'feeCap', ...money, cap: life },
      { code: 'feeCap', ...money, cap: day, retryAt: NOW + 57_600 },
      { code: 'feePerTx', ...money },
      { code: 'tip' },
      { code: 'paymasterRequired' },
      { code: 'paymasterNotAllowed' },
      { code: 'txCount', left: u256(0n), wanted: u256(1n), cap: life },
      { code: 'txCount', left: u256(0n), wanted: u256(1n), cap: minute, retryAt: NOW + 4 },
      { code: 'callCount', left: u256(1n), wanted: u256(3n), cap: life },
      { code: 'callsPerTx', left: u256(20n), wanted: u256(21n) },
      { code: 'gap', retryAt: NOW + 4 },
      { code: 'gap' },
      { code: 'inFlight' },
      { code: 'messageScope' },
      { code: 'messageField' },
      { code: 'messageCount' },
      { code: 'reservedMessage' },
    ]
    expect(new Set(all.map(({ code }) => code)).size).toBe(52 satisfies number)
    expect(all.map((reason) => `${reason.code}: ${why(reason)}`)).toMatchInlineSnapshot(`
      [
        "malformed: The request is not readable at /calls.",
        "emptyCalls: The request asks for nothing.",
        "wrongChain: The request is for another network.",
        "wrongAccount: The request is for another account.",
        "wrongOrigin: This session belongs to another site.",
        "unsupportedField: No session may bring a proof.",
        "unsupportedField: No session may hand this out to be sent for so long, or at such a time.",
        "unsupportedField: No session may sign this a second time: its number was used.",
        "unsupportedField: This asks for something that no session may carry.",
        "selfCall: No session may call one of your own accounts.",
        "nestedExecution: No session may do this: move runs other transactions inside.",
        "adminEntrypoint: No session may do this by itself: move can hand over control of Arena.",
        "locked: Waits until you unlock.",
        "notActive: This session does not run yet.",
        "paused: Paused: you paused it.",
        "notStarted: Starts today 08:00.",
        "expired: Ended tomorrow 08:00.",
        "revoked: This session was ended.",
        "clock: Your clock and the network disagree.",
        "codeChanged: The contract changed since you allowed it, or its code could not be read.",
        "denied: You blocked move on Arena.",
        "noRule: move on Arena is not part of this session.",
        "ruleDisabled: move on Arena is switched off in this session.",
        "argRule: The site sent other values for move on Arena than this session allows.",
        "ruleCap: Used 200 of 200; 2 more wanted.",
        "sumCap: Over the running total this session allows.",
        "tokenNotListed: Would move STRK, which this session may not.",
        "moneyMalformed: transfer on 0x0471 8f5a 0fc3 4cc1 af16 a1cd ee98 ffb2 0c31 f5cd 61d6 ab07 2018 58f4 287c 938d cannot be read as a payment.",
        "approvalForbidden: Would let others take your STRK.",
        "approveAllForbidden: Would let others take all your items of STRK.",
        "recipient: This session may not send STRK to Bob.",
        "spender: This session may not let Bob take STRK.",
        "tokenId: This item of STRK is not part of the session.",
        "foreignTransferFrom: Would move STRK out of somebody else’s balance.",
        "perCall: Over 7 STRK each: 8 STRK wanted.",
        "perTx: Over 7 STRK a transaction: 8 STRK wanted.",
        "spendCap: Over 25 STRK in all: 7 STRK left, 8 STRK wanted.",
        "spendCap: Over 25 STRK a day (UTC): 7 STRK left, 8 STRK wanted. Opens 00:00 UTC.",
        "streamCap: Over 7 STRK in all: 7 STRK left, 8 STRK wanted.",
        "undeclaredOutflow: More 0x0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 53c9 would leave than the call says.",
        "simulationFailed: A trial run failed.",
        "feeToken: This session may not pay fees in STRK.",
        "feeCap: Fee limit: 7 STRK left, up to 8 STRK needed.",
        "feeCap: Fee limit: 7 STRK left, up to 8 STRK needed. Opens 00:00 UTC.",
        "feePerTx: Fee limit of one transaction: 7 STRK, up to 8 STRK needed.",
        "tip: The tip is higher than this session allows.",
        "paymasterRequired: Only when somebody else pays the fee.",
        "paymasterNotAllowed: Nobody else may pay the fee in this session.",
        "txCount: Used 200 of 200; 1 more wanted.",
        "txCount: Used 10 of 10 in any 1 min: again in 4 s.",
        "callCount: Used 199 of 200; 3 more wanted.",
        "callsPerTx: 21 actions in one transaction; this session allows 20.",
        "gap: Too fast: again in 4 s.",
        "gap: Too fast, and the session ends before it may act again.",
        "inFlight: Too many of its transactions are still unfinished.",
        "messageScope: This message is not part of the session.",
        "messageField: This message says something else than the session allows.",
        "messageCount: It signed as many messages as it may.",
        "reservedMessage: No session may sign this message.",
      ]
    `)
  })

  test('who may pay is named where the policy names somebody', () => {
    const named = (payer: SessionPolicy['fees']['payer'], paymasters?: string[]) => {
      const fees = { ...facts.policy.fees, payer, ...(paymasters === undefined ? {} : { paymasters }) }
      const policy = { ...facts.policy, fees }
      return [why({ code: 'paymasterRequired' }, { policy }), why({ code: 'paymasterNotAllowed' }, { policy })]
    }
    const unnamed = ['Only when somebody else pays the fee.', 'Nobody else may pay the fee in this session.']
    expect(named('account', ['https://pay.example'])).toEqual(unnamed)
    expect(named('either', [])).toEqual(unnamed)
    expect(named('paymaster', [FRIEND, 'https://pay.example'])).toEqual([
      'Only when the fee is paid by Ann and pay.example.',
      'Only Ann and pay.example may pay the fee in your place.',
    ])
  })

  test('why a session is paused', () => {
    const causes: PauseReason[] = [
      'person',
      'site',
      'codeChanged',
      'overdrawn',
      'reorg',
      'phishingList',
      'escapeEvent',
      'accountChanged',
      'clock',
      'nodeDown',
      'nodeChanged',
      'chainRestarted',
      'restored',
      'storageTampered',
      'idle',
    ]
    expect(causes.map((pause) => why({ code: 'paused' }, { pause }))).toMatchInlineSnapshot(`
      [
        "Paused: you paused it.",
        "Paused: the site paused it.",
        "Paused: a contract changed since you allowed it.",
        "Paused: more left than was set aside.",
        "Paused: the network took back a block.",
        "Paused: the site is on a list of frauds.",
        "Paused: somebody tries to take over your account.",
        "Paused: your account’s code changed.",
        "Paused: your clock and the network disagree.",
        "Paused: your node does not answer.",
        "Paused: you changed the network’s node.",
        "Paused: the network started again from zero.",
        "Paused: this copy may be older than what was spent: it came from a backup, or the account was used without it.",
        "Paused: what was stored about it is damaged.",
        "Paused: you did not unlock for long.",
      ]
    `)
    expect(said(explainPause('overdrawn'))).toBe('Paused: more left than was set aside.')
  })

  test('what evaluate finds is what is told', () => {
    const tx = sampleTx([call(GAME, selectorOf('rename')), transfer(STRK, FRIEND, BigInt(strk(26)))])
    const verdict = evaluate(sampleSession(), sampleBook(), [], tx, sampleFacts(), NOW)
    const lines = verdict.kind === 'auto' ? [] : verdict.reasons.map((reason) => why(reason, { calls: tx.calls }))
    expect(lines).toEqual([
      'unknown action 0x3da5b00cd1893ffbb73578d831bfd77ff745a2e066f31eac594ab38c036bdca on Arena is not part of this session.',
      'Over 5 STRK each: 26 STRK wanted.',
      'Over 25 STRK in all: 25 STRK left, 26 STRK wanted.',
    ])
  })

  test('a code without facts still has no hole', () => {
    const codes: ReasonCode[] = [
      'noRule',
      'recipient',
      'spendCap',
      'perCall',
      'txCount',
      'tokenNotListed',
      'feeCap',
      'callsPerTx',
    ]
    for (const code of codes) expect(why({ code })).not.toContain('$')
  })
})

describe('explainCall', () => {
  const words = (one: ReturnType<typeof call>) => said(explainCall(one, ACCOUNT, facts))

  test('money only of listed tokens, everything else by its name and place', () => {
    expect(words(transfer(STRK, FRIEND, BigInt(strk(8))))).toBe('Send 8 STRK to Ann.')
    expect(words(transferFrom(STRK, ACCOUNT, FRIEND, BigInt(strk(8))))).toBe('Send 8 STRK to Ann.')
    expect(words(transferFrom(STRK, STRANGER, FRIEND, 8n))).toMatch(/^Call transfer_from on 0x0471/)
    expect(words(call(STRK, moneySelector('approve'), [FRIEND, ...limbs(BigInt(strk(8)))]))).toBe(
      'Let Ann take 8 STRK.',
    )
    expect(words(call(STRK, moneySelector('approve'), [FRIEND, ...limbs(0n)]))).toBe(
      'Take back what Ann may take of your STRK.',
    )
    expect(words(transfer(USD, FRIEND, 8n))).toMatch(/^Call transfer on 0x0000/)
    expect(words(call(GAME, MOVE))).toBe('Call move on Arena.')
    expect(words(call(GAME, felt('0x1') as never))).toBe('Call unknown action 0x1 on Arena.')
    expect(words({ ...transfer(STRK, FRIEND, 1n), calldata: [FRIEND] })).toMatch(/^Call transfer on 0x0471/)
  })
})
