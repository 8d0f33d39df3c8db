import { describe, expect, test } from 'vitest'
import { selectorOf } from '../../starknet/selector.ts'
import { STRK } from '../account.ts'
import { padded, u256 } from '../felt.ts'
import type { Edits } from '../protocol/ui.ts'
import { DAY } from '../time.ts'
import type { Asked } from './asked.ts'
import { applyEdits, confirmAdmin, covers, narrowedPointers } from './edits.ts'
import { narrows } from './narrow.ts'
import type { SessionPolicy } from './policy.ts'
import { resolve } from './resolve.ts'
import {
  ACCOUNT,
  BUY,
  CHAIN,
  FRIEND,
  GAME,
  NOW,
  OTHER_ACCOUNT,
  STRANGER,
  sampleResolve,
  sampleSession,
  strk,
  USD,
} from './samples.ts'
import { parseRequest } from './wire.ts'

const request = {
  calls: [
    { contract_address: GAME, entry_point: ['move'], required: true },
    { contract_address: GAME, entry_point: ['buy'], max_calls: 9 },
    { contract_address: STRK, entry_point: 'transfer' },
  ],
  spend_limits: [{ token: STRK, total: strk(25), per_call: strk(5) }],
  fees: { max_total: '800' },
  usage: { max_transactions: 200, rate: { transactions: 10, seconds: 60 } },
  duration: 3_600,
}
function ask(json: object = request): Asked {
  const parsed = parseRequest(json, { now: NOW, selectorOf })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error))
  return parsed.asked
}
function grant(asked: Asked): SessionPolicy {
  const done = resolve(asked, sampleResolve(), NOW)
  if (!done.ok) throw new Error(JSON.stringify(done.error))
  return done.policy
}
const asked = ask()
const granted = grant(asked)
const edit = (edits: Edits, more: object = {}) => applyEdits(granted, edits, { within: granted, now: NOW, ...more })
const limits = (id: string, value: string): Edits => ({ limits: { [id]: u256(BigInt(value)) } })

describe('applyEdits', () => {
  test('each edit is a narrower complete policy, and its pointer names it', () => {
    const edits: readonly (readonly [Edits, string])[] = [
      [{ validUntil: NOW + 600 }, '/duration'],
      [{ duration: 600 }, '/duration'],
      [{ rules: { r1: false } }, '/calls/1/enabled'],
      [limits(`spend:${STRK}:total`, '7'), '/spend_limits/0/total'],
      [limits(`spend:${STRK}:perCall`, '7'), '/spend_limits/0/per_call'],
      [limits(`spend:${STRK}:perTx`, '7'), '/spend_limits/0'],
      [limits(`fee:${STRK}:total`, '7'), '/fees/max_total'],
      [limits(`fee:${STRK}:perTx`, '7'), '/fees'],
      [limits('tx:session', '7'), '/usage/max_transactions'],
      [limits('tx:rolling:60', '7'), '/usage/rate'],
    ]
    for (const [change, pointer] of edits) {
      const effective = edit(change)
      expect(narrows(effective, granted), pointer).toBe(true)
      expect(narrowedPointers(asked, effective, NOW)).toEqual([pointer])
    }
    expect(narrowedPointers(asked, edit({}), NOW)).toEqual([])
    expect(edit({})).toEqual(granted)
  })

  test('caps of every window can be lowered, and are named by where they stand in the request', () => {
    const windows = [{ calendar: 'day' }, { fixed: 600 }, { fixed: 600, anchor: 7 }, { rolling: 60 }]
    const wide = ask({
      ...request,
      spend_limits: [{ token: STRK, caps: windows.map((window) => ({ amount: '100', window })) }],
      usage: { tx_caps: windows.map((window) => ({ max: 100, window })) },
    })
    const policy = grant(wide)
    const ids = ['calendar:day', `fixed:600:${NOW}`, 'fixed:600:7', 'rolling:60']
    ids.forEach((id, index) => {
      for (const [field, pointer] of [
        [`spend:${STRK}:${id}`, `/spend_limits/0/caps/${index}`],
        [`tx:${id}`, `/usage/tx_caps/${index}`],
      ] as const) {
        const effective = applyEdits(policy, limits(field, '7'), { within: policy, now: NOW })
        expect(narrowedPointers(wide, effective, NOW)).toEqual([pointer])
        expect(() => applyEdits(policy, limits(field, '101'), { within: policy, now: NOW })).toThrow()
      }
    })
    expect(narrowedPointers(wide, policy, NOW)).toEqual([])
  })

  test('pointers of what the site did not name are those of the nearest member', () => {
    const plain = ask({ calls: [{ contract_address: STRK, entry_point: 'transfer' }] })
    const policy = grant(plain)
    const changed = applyEdits(
      policy,
      {
        duration: 600,
        limits: { [`spend:${STRK}:total`]: strk(3), [`fee:${STRK}:total`]: u256(1n), 'tx:session': u256(1n) },
      },
      { within: policy, now: NOW, enterable: [STRK] },
    )
    expect(narrowedPointers(plain, changed, NOW)).toEqual(['/valid_until', '/spend_limits', '/fees', '/usage'])
    expect(narrowedPointers(plain, policy, NOW)).toEqual([])
  })

  test('refuses: anything wider, unknown, or needed by the site', () => {
    for (const wider of [
      { validUntil: granted.validUntil + 1 },
      { duration: 3_601 },
      { validUntil: NOW },
      limits(`spend:${STRK}:total`, (BigInt(strk(25)) + 1n).toString()),
      limits(`fee:${STRK}:total`, '801'),
      limits('tx:session', '201'),
      limits('tx:rolling:60', '11'),
      limits('tx:rolling:61', '1'),
      limits(`spend:${USD}:total`, '1'),
      limits(`spend:${STRK}:more`, '1'),
      limits('calls:session', '1'),
      limits('tx:session', (2n ** 60n).toString()),
      { rules: { r0: false } },
      { rules: { r9: false } },
    ] satisfies Edits[]) {
      expect(() => edit(wider), JSON.stringify(wider)).toThrow('INVALID_REQUEST_PAYLOAD')
    }
  })

  test('where the site named no total the person may enter one, elsewhere not', () => {
    const policy = grant(ask({ calls: [{ contract_address: STRK, entry_point: 'transfer' }] }))
    const enter = (enterable: (typeof STRK)[]) =>
      applyEdits(policy, limits(`spend:${STRK}:total`, '9'), { within: policy, now: NOW, enterable })
    expect(enter([STRK]).spend.limits).toMatchObject([{ caps: [{ max: '9' }] }])
    expect(() => enter([])).toThrow()
  })

  test('all or nothing: only the end can be shortened', () => {
    expect(edit({ duration: 600 }, { adjustable: false }).validUntil).toBe(NOW + 600)
    expect(() => edit({ rules: { r1: false } }, { adjustable: false })).toThrow()
    expect(() => edit(limits('tx:session', '1'), { adjustable: false })).toThrow()
  })

  test('the picker’s latest end may lie beyond the default', () => {
    expect(edit({ duration: 7 * DAY }, { latest: NOW + 7 * DAY }).validUntil).toBe(NOW + 7 * DAY)
  })

  test('an own narrowing can be undone up to what was granted, never further', () => {
    const tight = edit({ rules: { r1: false }, limits: { 'tx:session': u256(5n) } })
    const undone = applyEdits(
      tight,
      { rules: { r1: true }, limits: { 'tx:session': u256(200n) } },
      { within: granted, now: NOW },
    )
    expect(undone).toEqual(granted)
    expect(() => applyEdits(tight, limits('tx:session', '201'), { within: granted, now: NOW })).toThrow()
  })
})

describe('confirmAdmin', () => {
  test('marks the rules that hand over control, no others', () => {
    const policy = grant(
      ask({ calls: [...request.calls, { contract_address: GAME, entry_point: ['rename', 'grant_role'] }] }),
    )
    expect(confirmAdmin(policy).calls.map(({ adminAck }) => adminAck)).toEqual([undefined, undefined, undefined, true])
    expect(narrows(confirmAdmin(policy), policy)).toEqual(['/calls/3/adminAck'])
    expect(confirmAdmin(granted)).toEqual(granted)
  })
})

describe('covers', () => {
  const running = (effective = granted, changes: object = {}) =>
    sampleSession(granted, { asked, effective, ...changes })
  const answers = (json: object, session = running(), now = NOW + 10) => covers(session, ask(json), now)

  test('the same request is answered by a running session, also a narrowed one', () => {
    expect(answers(request)).toBe(true)
    expect(answers(request, running(edit({ duration: 600, rules: { r1: false } })))).toBe(true)
    expect(covers(sampleSession(granted, { asked: JSON.parse(JSON.stringify(asked)) }), asked, NOW)).toBe(true)
    const turned = {
      ...request,
      calls: request.calls.map((rule) => ({ ...rule, contract_address: padded(rule.contract_address) })),
    }
    expect(answers(turned)).toBe(true)
  })

  test('what is named must be inside, what is not named is not compared', () => {
    const [move, buy, pay] = request.calls
    expect(answers({ calls: [move] })).toBe(true)
    expect(
      answers({ calls: [pay, move], spend_limits: [{ token: STRK, total: strk(25) }], usage: { max_transactions: 1 } }),
    ).toBe(true)
    expect(answers({ calls: [{ ...buy, max_calls: 10 }] })).toBe(false)
    expect(answers({ calls: [{ contract_address: GAME, entry_point: BUY }] })).toBe(true)
    expect(answers({ calls: [{ contract_address: GAME, entry_point: 'rename' }] })).toBe(false)
    expect(answers({ calls: [move], spend_limits: [{ token: STRK, total: strk(26) }] })).toBe(false)
    expect(answers({ calls: [move], spend_limits: [{ token: STRK, per_call: strk(6) }] })).toBe(false)
    expect(answers({ calls: [move], spend_limits: [{ token: USD }] })).toBe(false)
    expect(answers({ calls: [move], fees: { max_total: '801' } })).toBe(false)
    expect(answers({ calls: [move], usage: { max_transactions: 201 } })).toBe(false)
    expect(answers({ calls: [move], usage: { min_gap: 0, max_in_flight: 17 } })).toBe(false)
    expect(answers({ calls: [move], duration: 3_590 })).toBe(true)
    expect(answers({ calls: [move], duration: 3_591 })).toBe(false)
    expect(answers({ calls: [move], valid_until: granted.validUntil })).toBe(true)
    expect(answers({ calls: [buy] }, running(edit({ rules: { r1: false } })))).toBe(false)
    expect(answers({ calls: [{ ...buy, enabled: false }] }, running(edit({ rules: { r1: false } })))).toBe(true)
  })

  test('windows, streams and what is counted must be inside; a window that names no anchor is like any of its length', () => {
    const [move] = request.calls
    const limit = (more: object) => ({ calls: [move], spend_limits: [{ token: STRK, ...more }] })
    const stream = { start: NOW, initial: '5', per_second: '2', max: '900' }
    const wide = ask({
      ...request,
      spend_limits: [
        {
          token: STRK,
          caps: [
            { amount: '50', window: { fixed: 600, anchor: 7 } },
            { amount: '9', window: { calendar: 'day' } },
          ],
          stream,
          foreign_transfer_from: 'count',
        },
      ],
    })
    const session = sampleSession(grant(wide), { asked: wide })
    const open = sampleSession(grant(ask(limit({ stream: { ...stream, max: undefined } }))), { asked: wide })
    const inside = [
      { caps: [{ amount: '50', window: { fixed: 600 } }] },
      { caps: [{ amount: '50', window: { fixed: 600, anchor: 7 } }] },
      { per_period: { amount: '50', seconds: 600 } },
      { stream },
      { stream: { per_second: '1', max: '900' } },
      { foreign_transfer_from: 'count' },
    ]
    for (const more of inside) expect(covers(session, ask(limit(more)), NOW), JSON.stringify(more)).toBe(true)
    const outside = [
      { caps: [{ amount: '51', window: { fixed: 600 } }] },
      { caps: [{ amount: '50', window: { fixed: 600, anchor: 8 } }] },
      { caps: [{ amount: '9', window: { calendar: 'hour' } }] },
      { caps: [{ amount: '9', window: { rolling: 600 } }] },
      { stream: { ...stream, per_second: '3' } },
      { stream: { ...stream, initial: '6' } },
      { stream: { ...stream, start: NOW - 1 } },
      { stream: { ...stream, max: '901' } },
      { stream: { start: NOW, initial: '5', per_second: '2' } },
    ]
    for (const more of outside) expect(covers(session, ask(limit(more)), NOW), JSON.stringify(more)).toBe(false)
    expect(covers(open, ask(limit({ stream: { start: NOW, per_second: '2' } })), NOW)).toBe(true)
    expect(answers(limit({ stream }))).toBe(false)
    expect(answers(limit({ foreign_transfer_from: 'count' }))).toBe(false)
  })

  test('who may pay, in what, and what only a sponsor pays for must be inside', () => {
    const [move] = request.calls
    const fees = (named: object, rule: object = {}) => ({ calls: [{ ...move, ...rule }], fees: named })
    const any = {
      payer: 'any',
      paymasters: ['https://pay.example', FRIEND],
      paymaster_url: 'https://pay.example/v1',
      max_total: '800',
      tokens: [{ token: USD, max_total: '50', max_per_tx: '5' }],
    }
    const running = (named: object, rule: object = {}) =>
      sampleSession(grant(ask(fees(named, rule))), { asked: ask(fees(named, rule)) })
    const answered = (named: object, rule?: object) => covers(running(any), ask(fees(named, rule)), NOW)
    const inside = [
      ...[any, { payer: 'account' }, { payer: 'sponsor' }, { paymasters: [FRIEND] }, { paymasters: [] }],
      ...[{ tokens: [{ token: USD, max_total: '50' }] }, { paymaster_url: 'https://pay.example/v1' }],
    ]
    for (const named of inside) expect(answered({ ...named, max_total: '799' }), JSON.stringify(named)).toBe(true)
    const outside = [
      ...[{ paymasters: [STRANGER] }, { paymaster_url: 'https://pay.example/v2' }, { max_total: '801' }],
      ...[{ tokens: [{ token: USD, max_total: '51' }] }],
      { tokens: [{ token: STRANGER, max_total: '1' }] },
    ]
    for (const named of outside) expect(answered(named), JSON.stringify(named)).toBe(false)
    expect(covers(running({ payer: 'account' }), ask(fees({ payer: 'any' })), NOW)).toBe(false)
    expect(covers(running({ payer: 'sponsor' }), ask(fees({ payer: 'sponsor' })), NOW)).toBe(true)
    // What a site asks for without a sponsor is more than what only a sponsor pays for.
    expect(answered({}, { sponsored_only: true })).toBe(false)
    const only = running(any, { sponsored_only: true })
    expect(covers(only, ask(fees({}, { sponsored_only: true })), NOW)).toBe(true)
    expect(covers(only, ask(fees({})), NOW)).toBe(false)
  })

  test('what a person lowered of another fee token is pointed at', () => {
    const named = ask({
      ...request,
      fees: {
        tokens: [
          { token: USD, max_total: '50' },
          { token: STRK, max_per_tx: '9' },
        ],
      },
    })
    const whole = grant(named)
    const lower = (id: string, value: string) =>
      narrowedPointers(named, applyEdits(whole, limits(id, value), { within: whole, now: NOW }), NOW)
    expect(lower(`fee:${USD}:total`, '40')).toEqual(['/fees/tokens/0/max_total'])
    expect(lower(`fee:${STRK}:perTx`, '8')).toEqual(['/fees/tokens/1/max_per_tx'])
  })

  test('recipients named must be among those allowed', () => {
    const to = (...recipients: string[]) => ({
      ...request,
      spend_limits: [{ token: STRK, total: strk(25), recipients }],
    })
    const session = sampleSession(grant(ask(to(FRIEND, 'self'))), { asked: ask(to(FRIEND, 'self')) })
    expect(covers(session, ask({ ...to(ACCOUNT), duration: 60 * 50 }), NOW)).toBe(true)
    expect(covers(session, ask({ ...to(STRANGER), duration: 60 * 50 }), NOW)).toBe(false)
  })

  test('another account, chain, tag or a replacement is never covered', () => {
    expect(answers({ ...request, account: ACCOUNT, chain_id: CHAIN })).toBe(true)
    expect(answers({ ...request, account: OTHER_ACCOUNT })).toBe(false)
    expect(answers({ ...request, chain_id: 'SN_MAIN' })).toBe(false)
    expect(answers({ ...request, tag: 'other' })).toBe(false)
    expect(answers({ ...request, replaces: '0a' })).toBe(false)
    expect(answers(request, running(granted, { key: { by: 'dapp', publicKey: '0x1', guid: '0x2' } }))).toBe(false)
  })
})
