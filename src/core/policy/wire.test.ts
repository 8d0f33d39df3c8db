import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { selectorOf } from '../../starknet/selector.ts'
import { STRK } from '../account.ts'
import { type Address, felt, padded } from '../felt.ts'
import { DAY } from '../time.ts'
import type { Asked } from './asked.ts'
import { DEFAULTS } from './defaults.ts'
import { covers } from './edits.ts'
import type { SessionPolicy, TokenLimit } from './policy.ts'
import { canonicalText } from './preimage.ts'
import { type ResolveFacts, resolve, unnamedTotals } from './resolve.ts'
import {
  ACCOUNT,
  BUY,
  FRIEND,
  GAME,
  MOVE,
  NOW,
  OTHER_ACCOUNT,
  STRANGER,
  samplePolicy,
  sampleResolve,
  sampleSession,
  TOKEN,
  USD,
} from './samples.ts'
import { clean, parseRequest } from './wire.ts'
import { printPolicy } from './wire-print.ts'

const ctx = { now: NOW, selectorOf }
const move = { contract_address: GAME, entry_point: 'move' }
const pay = { contract_address: STRK, entry_point: 'transfer' }

function asked(json: object): Asked {
  const parsed = parseRequest({ calls: [move], ...json }, ctx)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error))
  return parsed.asked
}
function granted(json: object, facts: Partial<ResolveFacts> = {}, now = NOW): SessionPolicy {
  const done = resolve(asked(json), sampleResolve(facts), now)
  if (!done.ok) throw new Error(JSON.stringify(done.error))
  return done.policy
}
function refusal(json: unknown): unknown {
  const parsed = parseRequest(json, ctx)
  return parsed.ok ? 'accepted' : [parsed.error.code, ...Object.values(parsed.error.data as object).slice(0, 1)]
}
const refused = (json: object) => refusal({ calls: [move], ...json })
function unresolved(json: object, facts: Partial<ResolveFacts> = {}, now = NOW): unknown {
  const done = resolve(asked(json), sampleResolve(facts), now)
  return done.ok ? 'granted' : [done.error.code, ...Object.values(done.error.data as object).slice(0, 1)]
}

describe('what a site asks', () => {
  test('the whole shape that this version decides', () => {
    const policy = granted({
      calls: [
        { contract_address: GAME, entry_point: ['move', BUY], max_calls: 5, required: true, label: 'Play' },
        { ...pay, enabled: false, caps: [{ max: 3, window: { rolling: 60 } }, { max: 9 }] },
      ],
      spend_limits: [{ token: STRK, total: '25', per_call: '0x5', per_tx: '7', recipients: [FRIEND, 'self'] }],
      fees: { max_per_tx: '2', max_total: '8', max_tip_per_gas: '1' },
      usage: {
        max_transactions: 200,
        rate: { transactions: 10, seconds: 60 },
        max_calls: 400,
        max_calls_per_tx: 4,
        min_gap: 1,
        max_in_flight: 2,
      },
      valid_after: NOW + 10,
      duration: 3_600,
    })
    expect(policy).toEqual({
      v: 1,
      validAfter: NOW + 10,
      validUntil: NOW + 3_600,
      calls: [
        {
          id: 'r0',
          contract: GAME,
          entrypoints: [{ selector: MOVE, name: 'move' }, { selector: BUY }].sort((a, b) =>
            a.selector < b.selector ? -1 : 1,
          ),
          caps: [{ window: { kind: 'session' }, max: 5 }],
          sums: [],
          enabled: true,
          required: true,
          codePin: { classHash: '0x9a3e', onChange: 'pause' },
        },
        {
          id: 'r1',
          contract: STRK,
          entrypoints: [{ selector: selectorOf('transfer'), name: 'transfer' }],
          caps: [
            { window: { kind: 'session' }, max: 9 },
            { window: { kind: 'rolling', seconds: 60 }, max: 3 },
          ],
          sums: [],
          enabled: false,
          required: false,
          codePin: { classHash: '0x70c3', onChange: 'pause' },
        },
      ],
      deny: [],
      spend: {
        limits: [
          {
            asset: 'erc20',
            token: STRK,
            perCall: '5',
            perTx: '7',
            caps: [{ window: { kind: 'session' }, max: '25' }],
            recipients: [ACCOUNT, FRIEND],
            spenders: [],
            approvals: 'forbid',
            foreignTransferFrom: 'forbid',
          },
        ],
        look: 'receipt',
      },
      fees: {
        payer: 'account',
        tokens: [{ token: STRK, perTx: '2', caps: [{ window: { kind: 'session' }, max: '8' }] }],
        maxTipPerGas: '1',
      },
      usage: {
        tx: [
          { window: { kind: 'session' }, max: 200 },
          { window: { kind: 'rolling', seconds: 60 }, max: 10 },
        ],
        calls: [{ window: { kind: 'session' }, max: 400 }],
        maxCallsPerTx: 4,
        minGap: 1,
        maxInFlight: 2,
      },
      messages: [],
    })
  })

  test('every window, on counts, amounts and fees; a fixed one without an anchor begins with the session', () => {
    const windows = ['session', { calendar: 'month' }, { fixed: 600 }, { fixed: 600, anchor: 7 }, { rolling: 60 }]
    const policy = granted({
      calls: [{ ...move, caps: windows.map((window) => ({ max: 3, window })) }],
      spend_limits: [{ token: STRK, caps: windows.map((window) => ({ amount: '3', window })) }],
      fees: { caps: windows.map((window) => ({ amount: '3', window })) },
      usage: { call_caps: windows.map((window) => ({ max: 3, window })) },
      valid_after: NOW + 10,
      duration: 3_600,
    })
    const kept = [
      { kind: 'session' },
      { kind: 'calendar', unit: 'month' },
      { kind: 'fixed', seconds: 600, anchor: 7 },
      { kind: 'fixed', seconds: 600, anchor: NOW + 10 },
      { kind: 'rolling', seconds: 60 },
    ]
    const [limit] = policy.spend.limits
    expect(policy.calls[0]?.caps).toEqual(kept.map((window) => ({ window, max: 3 })))
    expect(policy.usage.calls).toEqual(kept.map((window) => ({ window, max: 3 })))
    expect(policy.fees.tokens[0]?.caps).toEqual(kept.map((window) => ({ window, max: '3' })))
    expect(limit?.asset === 'erc20' && limit.caps).toEqual(kept.map((window) => ({ window, max: '3' })))
  })

  test('so much a period is a fixed window from the start on; a stream begins then too, and is a limit by itself', () => {
    const policy = granted({
      spend_limits: [
        { token: STRK, per_period: { amount: '7', seconds: 600 } },
        { token: USD, stream: { per_second: '2' } },
      ],
      valid_after: NOW + 10,
    })
    const of = (token: string) => policy.spend.limits.find((limit) => limit.asset === 'erc20' && limit.token === token)
    expect(of(STRK)).toMatchObject({ caps: [{ window: { kind: 'fixed', seconds: 600, anchor: NOW + 10 }, max: '7' }] })
    expect(of(USD)).toMatchObject({ caps: [], stream: { start: NOW + 10, initial: '0', perSecond: '2' } })
    const named = granted({
      spend_limits: [{ token: USD, total: '9', stream: { start: 5, initial: '1', per_second: '2', max: '8' } }],
    })
    expect(named.spend.limits).toMatchObject([
      {
        caps: [{ window: { kind: 'session' }, max: '9' }],
        stream: { start: 5, initial: '1', perSecond: '2', max: '8' },
      },
    ])
  })

  test('what others let the account take is counted where it is asked for, and then each transaction is tried out', () => {
    const policy = granted({ spend_limits: [{ token: STRK, total: '5', foreign_transfer_from: 'count' }] })
    expect(policy.spend).toMatchObject({ limits: [{ foreignTransferFrom: 'count' }], look: 'simulate' })
  })

  test('where not every allowance could be asked for, each transaction is tried out', () => {
    const json = { spend_limits: [{ token: STRK, total: '5' }] }
    expect(granted(json).spend.look).toBe('receipt')
    expect(granted(json, { unread: true }).spend.look).toBe('simulate')
  })

  test('refuses: windows out of range, the same one twice, also when it is so only from the start on', () => {
    const caps = (...windows: object[]) => ({
      spend_limits: [{ token: STRK, caps: windows.map((window) => ({ amount: '1', window })) }],
    })
    expect(refused(caps({ fixed: 0 }))).toEqual([215, '/spend_limits/0/caps/0'])
    expect(refused(caps({ fixed: 7_776_001 }))).toEqual([215, '/spend_limits/0/caps/0'])
    expect(refused(caps({ calendar: 'fortnight' }))).toEqual([114, '/spend_limits/0/caps/0/window'])
    expect(refused(caps({ fixed: 5 }, { fixed: 5 }))).toEqual([114, '/spend_limits/0/caps/1'])
    expect(refused({ spend_limits: [{ token: STRK, per_period: { amount: '1', seconds: 0 } }] })).toEqual([
      215,
      '/spend_limits/0/per_period',
    ])
    expect(unresolved({ ...caps({ fixed: 5 }, { fixed: 5, anchor: NOW }), calls: [move] })).toEqual([
      114,
      '/spend_limits/0/caps/1',
    ])
  })

  test('who pays fees, in which tokens, and what only a sponsor pays for', () => {
    const life = (max: string) => [{ window: { kind: 'session' }, max }]
    const sponsor = { payer: 'sponsor', paymasters: ['https://pay.example', '0x09', 'https://pay.example'] } as const
    expect(granted({ fees: { ...sponsor, paymaster_url: 'https://pay.example/v1' } }).fees).toEqual({
      payer: 'paymaster',
      tokens: [],
      paymasters: ['0x9', 'https://pay.example'],
      service: 'https://pay.example/v1',
    })
    // Named amounts are what the account may pay a sponsor.
    expect(granted({ fees: { payer: 'sponsor', max_total: '7' } }).fees).toEqual({
      payer: 'paymaster',
      tokens: [{ token: STRK, caps: life('7') }],
    })
    const tokens = [{ token: USD, max_total: '5', max_per_tx: '1' }]
    expect(granted({ fees: { payer: 'any', tokens } }).fees).toEqual({
      payer: 'either',
      tokens: [
        { token: USD, perTx: '1', caps: life('5') },
        { token: STRK, perTx: `${10n ** 18n}`, caps: life(`${5n * 10n ** 18n}`) },
      ],
    })
    expect(granted({ fees: { tokens: [{ token: STRK, max_total: '5' }] } }).fees).toEqual(
      granted({ fees: { max_total: '5' } }).fees,
    )
    const rules = granted({ calls: [{ ...move, sponsored_only: true }] }).calls
    expect([rules[0]?.sponsoredOnly, granted({ calls: [{ ...move, sponsored_only: false }] }).calls[0]]).toEqual([
      true,
      expect.not.objectContaining({ sponsoredOnly: expect.anything() }),
    ])
  })

  test('what is absent gets the defaults', () => {
    const policy = granted({})
    expect([policy.validAfter, policy.validUntil]).toEqual([NOW, NOW + DAY])
    expect(policy.fees).toEqual({
      payer: 'account',
      tokens: [
        { token: STRK, perTx: `${10n ** 18n}`, caps: [{ window: { kind: 'session' }, max: `${5n * 10n ** 18n}` }] },
      ],
    })
    expect(policy.usage).toEqual({
      tx: [
        { window: { kind: 'session' }, max: 1_000 },
        { window: { kind: 'rolling', seconds: 60 }, max: 120 },
      ],
      calls: [],
      maxCallsPerTx: 20,
      minGap: 0,
      maxInFlight: 16,
    })
    expect(asked({})).toMatchObject({ mayNarrow: true, enabled: true })
    expect(granted({ usage: { max_transactions: 7 } }).usage.tx.map(({ max }) => max)).toEqual([7, 120])
    expect(granted({ usage: { rate: { transactions: 3, seconds: 9 } } }).usage.tx.map(({ max }) => max)).toEqual([
      1_000, 3,
    ])
    expect(granted({ fees: { max_total: '9' } }).fees.tokens[0]).toEqual({
      token: STRK,
      caps: [{ window: { kind: 'session' }, max: '9' }],
    })
    expect(granted({ fees: { max_per_tx: '9' } }).fees.tokens[0]).toMatchObject({
      perTx: '9',
      caps: [{ max: DEFAULTS.feeTotal }],
    })
  })

  test('a duration counts from the approval, not from the request', () => {
    const request = asked({ duration: 600 })
    const done = resolve(request, sampleResolve(), NOW + 100)
    expect(done.ok && [done.policy.validAfter, done.policy.validUntil]).toEqual([NOW + 100, NOW + 700])
  })

  test('a token whose payments are named without a limit gets one of nothing', () => {
    const policy = granted({ calls: [move, pay] })
    expect(policy.spend.limits).toEqual([
      {
        asset: 'erc20',
        token: STRK,
        caps: [{ window: { kind: 'session' }, max: '0' }],
        spenders: [],
        approvals: 'forbid',
        foreignTransferFrom: 'forbid',
      },
    ])
    expect(granted({ spend_limits: [{ token: STRK, per_call: '5' }] }).spend.limits).toMatchObject([
      { perCall: '5', caps: [{ max: '0' }] },
    ])
    expect(
      unnamedTotals(
        asked({ calls: [move, pay], spend_limits: [{ token: USD, total: '1' }] }),
        granted({ calls: [move, pay], spend_limits: [{ token: USD, total: '1' }] }),
      ),
    ).toEqual([STRK])
  })

  test('same request in other order, case, padding asks no second time', () => {
    const spelled = granted({
      spend_limits: [
        {
          recipients: [padded(STRANGER).toUpperCase().replace('X', 'x'), BigInt(FRIEND).toString()],
          total: '0x19',
          token: padded(STRK),
        },
      ],
      calls: [{ entry_point: [padded(BUY), 'move', MOVE], contract_address: BigInt(GAME).toString() }],
    })
    const plain = granted({
      calls: [{ contract_address: GAME, entry_point: ['move', BUY] }],
      spend_limits: [{ token: STRK, total: '25', recipients: [FRIEND, STRANGER, FRIEND] }],
    })
    expect(canonicalText(spelled)).toBe(canonicalText(plain))
  })

  test('selector spellings', () => {
    expect(
      granted({ calls: [{ ...move, entry_point: MOVE.toUpperCase().replace('X', 'x') }] }).calls[0]?.entrypoints,
    ).toEqual([{ selector: MOVE, name: 'move' }])
    for (const wrong of [
      BigInt(MOVE).toString(),
      `0X${MOVE.slice(2)}`,
      'mo ve',
      '',
      '0x',
      '1move',
      `0x${'f'.repeat(63)}`,
    ]) {
      expect(refused({ calls: [{ ...move, entry_point: wrong }] }), wrong).toEqual([114, '/calls/0/entry_point'])
    }
    expect(refused({ calls: [{ ...move, entry_point: ['move', 'x y'] }] })).toEqual([114, '/calls/0/entry_point/1'])
  })

  test('decimal token units never reach the core', () => {
    for (const wrong of [25, '2.5', '1e18', '-1', ' 1', '01', '', null, (2n ** 256n).toString()]) {
      expect(refused({ spend_limits: [{ token: STRK, total: wrong }] }), String(wrong)).toEqual([
        114,
        '/spend_limits/0/total',
      ])
    }
    expect(
      granted({ spend_limits: [{ token: STRK, total: (2n ** 256n - 1n).toString() }] }).spend.limits,
    ).toMatchObject([{ caps: [{ max: `${2n ** 256n - 1n}` }] }])
  })

  test('words of the site are cleaned and stay outside the policy', () => {
    const request = asked({
      calls: [{ ...move, label: ' Mo\u202eve\u200b ', description: 'a\u0000b' }],
      label: '\u0000 ',
      reason: '\uff21\uff22 e\u0301',
    })
    expect(request.words).toEqual({ r0: { label: 'Move', description: 'ab' } })
    expect(request.label).toBeUndefined()
    expect(request.reason).toBe('AB \u00e9')
    expect(clean('\ud800x')).toBe('x')
  })

  test('chain, tag and account in their spellings', () => {
    expect(asked({ chain_id: 'SN_SEPOLIA' }).chainId).toBe('0x534e5f5345504f4c4941')
    expect(asked({ chain_id: '0x0534e5f5345504f4c4941' }).chainId).toBe('0x534e5f5345504f4c4941')
    expect([asked({ tag: 'game-1' }).tag, asked({ tag: '0x0A' }).tag]).toEqual(['0x67616d652d31', '0xa'])
    expect(asked({ account: padded(ACCOUNT) }).account).toBe(ACCOUNT)
    expect(refused({ chain_id: 'sn sepolia' })).toEqual([114, '/chain_id'])
    expect([refused({ tag: 'ü' }), refused({ tag: '' }), refused({ tag: '0xg' })]).toEqual([
      [114, '/tag'],
      [114, '/tag'],
      [114, '/tag'],
    ])
  })
})

describe('what is refused', () => {
  test('114: unknown keys at every level, also dangerous ones', () => {
    expect(refused({ unlimited: true })).toEqual([114, '/unlimited'])
    expect(refused({ calls: [{ ...move, max: 1 }] })).toEqual([114, '/calls/0/max'])
    expect(refused({ usage: { rate: { transactions: 1, seconds: 1, x: 1 } } })).toEqual([114, '/usage/rate/x'])
    for (const key of ['__proto__', 'constructor', 'prototype']) {
      expect(refusal(JSON.parse(`{"calls":[],"${key}":{}}`)), key).toMatchObject([114, `/${key}`])
    }
    for (const other of [null, 1, 'x', undefined, []]) expect(refusal(other)).toEqual([114, ''])
    expect(refusal({})).toEqual([114, '/calls'])
    for (const member of ['fees', 'usage', 'key']) expect(refused({ [member]: [] })).toEqual([114, `/${member}`])
  })

  test('114: times', () => {
    for (const [at, member] of [
      ['/valid_until', { valid_until: NOW }],
      ['/valid_until', { valid_until: NOW * 1000 }],
      ['/valid_until', { valid_until: NOW + 0.5 }],
      ['/valid_until', { valid_until: -1 }],
      ['/valid_after', { valid_after: NOW - 1 }],
      ['/duration', { duration: '3600' }],
      ['/duration', { duration: 3_600, valid_until: NOW + 3_600 }],
    ] as const) {
      expect(refused(member), JSON.stringify(member)).toEqual([114, at])
    }
  })

  test('114: duplicates, never last wins', () => {
    expect(refused({ calls: [move, { ...move, entry_point: [BUY, MOVE] }] })).toEqual([114, '/calls/1/entry_point'])
    expect(refused({ spend_limits: [{ token: STRK }, { token: padded(STRK) }] })).toEqual([
      114,
      '/spend_limits/1/token',
    ])
    expect(refused({ spend_limits: [{ token: STRK, total: '1', caps: [{ amount: '1' }] }] })).toEqual([
      114,
      '/spend_limits/0/caps/0',
    ])
    expect(
      refused({ usage: { rate: { transactions: 1, seconds: 60 }, tx_caps: [{ max: 1, window: { rolling: 60 } }] } }),
    ).toEqual([114, '/usage/tx_caps/0'])
  })

  test('114: addresses and empty lists of entrypoints', () => {
    for (const wrong of ['0x0', `0x${(2n ** 251n - 256n).toString(16)}`, 'hello', '-1', 5, `0x${'1'.repeat(65)}`]) {
      expect(refused({ calls: [{ ...move, contract_address: wrong }] }), String(wrong)).toEqual([
        114,
        '/calls/0/contract_address',
      ])
    }
    expect(refused({ calls: [{ ...move, entry_point: [] }] })).toEqual([114, '/calls/0/entry_point'])
  })

  test('114: who pays, spelled in one way alone; fee tokens, each once and each with amounts', () => {
    for (const url of [
      ...['http://pay.example', 'https://', 'https://pay.example/', 'https://Pay.example', 'https://pay.example:443'],
      ...['https://user@pay.example', 'https://pay.example#x', 'https://pay .example', 'https://-pay.example', 'pay'],
      ...['https://pay.example:70000', 'https://pay..example', 'https://пример.example', '0x0', '-7', ' 0x7'],
      // A browser makes other texts of these, or none.
      ...[
        'https://1.2',
        'https://256',
        'https://0x1',
        'https://pay.0x7f',
        'https://999.999.999.999:8',
        'https://a.xn--a',
      ],
    ]) {
      expect(refused({ fees: { paymasters: [url] } }), url).toEqual([114, '/fees/paymasters/0'])
    }
    for (const url of ['http://pay.example/v1', 'https://pay.example/#v1', 'https://pay.example/a b', 'https:///v1']) {
      expect(refused({ fees: { paymaster_url: url } }), url).toEqual([114, '/fees/paymaster_url'])
    }
    for (const payer of ['paymaster', 'either', '', true]) {
      expect(refused({ fees: { payer } })).toEqual([114, '/fees/payer'])
    }
    const total = { token: USD, max_total: '5' }
    expect(refused({ fees: { tokens: [{ token: USD }] } })).toEqual([114, '/fees/tokens/0'])
    expect(refused({ fees: { tokens: [{ token: USD, max_per_tx: '5' }] } })).toEqual([114, '/fees/tokens/0'])
    expect(refused({ fees: { tokens: [total, total] } })).toEqual([114, '/fees/tokens/1/token'])
    expect(refused({ fees: { tokens: [{ ...total, caps: [{ amount: '6' }] }] } })).toEqual([
      114,
      '/fees/tokens/0/caps/0',
    ])
    const strk = { token: STRK, max_per_tx: '2' }
    expect(refused({ fees: { max_total: '5', tokens: [strk] } })).toEqual([114, '/fees/tokens/0/token'])
    expect(refused({ fees: { max_tip_per_gas: '5', tokens: [strk] } })).toBe('accepted')
  })

  test('215: more payers or fee tokens than a policy holds', () => {
    const some = (count: number) => Array.from({ length: count }, (_, i) => `0x${(i + 1).toString(16)}`)
    expect(refused({ fees: { paymasters: some(9) } })).toEqual([215, '/fees/paymasters'])
    const tokens = (count: number) => some(count).map((token) => ({ token, max_total: '1' }))
    expect(refused({ fees: { tokens: tokens(9) } })).toEqual([215, '/fees/tokens'])
    // The token that accounts pay in is one of them.
    expect(refused({ fees: { tokens: tokens(8) } })).toEqual([215, '/fees/tokens'])
    expect(refused({ fees: { tokens: tokens(7) } })).toBe('accepted')
  })

  test('210: a member that this version does not decide, by its path', () => {
    expect(refused({ messages: [{}] })).toEqual([210, '/messages'])
  })

  test('a key held elsewhere is read with its holder, and a running session answers for that one alone', () => {
    const calls = [move]
    const keyOf = (key: object) => {
      const parsed = parseRequest({ calls, key }, { now: NOW, selectorOf })
      return parsed.ok ? parsed.asked.key : [parsed.error.code, (parsed.error.data as { at?: string }).at]
    }
    const page = { held_by: 'dapp', public_key: '0x0A' }
    const agent = { held_by: 'agent', public_key: '0xa', label: ' Bot ' }
    expect(keyOf({ held_by: 'wallet' })).toBeUndefined()
    expect(keyOf(page)).toEqual({ by: 'dapp', publicKey: '0xa' })
    expect(keyOf(agent)).toEqual({ by: 'agent', publicKey: '0xa', label: 'Bot' })
    expect(keyOf({ ...page, public_key: '0x0' })).toEqual([114, '/key/public_key'])
    expect(keyOf({ held_by: 'dapp' })).toEqual([114, '/key/public_key'])
    expect(keyOf({ ...page, label: 'x' })).toEqual([114, '/key/label'])
    expect(keyOf({ ...agent, label: ' ' })).toEqual([114, '/key/label'])
    expect(keyOf({ ...agent, label: 'x'.repeat(65) })).toEqual([215, '/key/label'])
    const asked = (key?: object) => {
      const parsed = parseRequest(key === undefined ? { calls } : { calls, key }, { now: NOW, selectorOf })
      if (!parsed.ok) throw new Error('unreadable')
      return parsed.asked
    }
    const guid = felt('0x1')
    const by = (key: object) => sampleSession(samplePolicy(), { key: { ...key, guid } as never, asked: asked() })
    const [here, held, agents] = [{ by: 'wallet' }, asked(page).key!, asked(agent).key!].map(by)
    expect([undefined, page, agent].map((key) => covers(here!, asked(key), NOW))).toEqual([true, false, false])
    expect([undefined, page, agent].map((key) => covers(held!, asked(key), NOW))).toEqual([false, true, false])
    expect([undefined, page, agent].map((key) => covers(agents!, asked(key), NOW))).toEqual([false, false, true])
    expect(covers(held!, asked({ ...page, public_key: '0xb' }), NOW)).toBe(false)
    // Its site wrote it: nobody but its guid names that key.
    expect(covers(by({ by: 'dapp' }), asked(page), NOW)).toBe(false)
  })

  test('members that say nothing beyond the decided are accepted', () => {
    expect(
      refused({
        deny: [],
        nft_limits: [],
        messages: [],
        setup_calls: [],
        schedule: [],
        key: { held_by: 'wallet' },
        api_version: '0.8.0',
      }),
    ).toBe('accepted')
    expect(
      refused({
        fees: { payer: 'account' },
        spend_limits: [{ token: STRK, approvals: 'forbid', foreign_transfer_from: 'forbid' }],
      }),
    ).toBe('accepted')
  })

  test('215: what can never be granted', () => {
    expect(refused({ calls: [] })).toEqual([215, '/calls'])
    expect(refused({ calls: [{ ...move, entry_point: ['move', '__execute__'] }] })).toEqual([
      215,
      '/calls/0/entry_point/1',
    ])
    expect(refused({ calls: [{ ...move, entry_point: selectorOf('execute_from_outside_v2') }] })).toEqual([
      215,
      '/calls/0/entry_point',
    ])
    expect(refused({ duration: 7_776_000 })).toBe('accepted')
    expect(refused({ duration: 7_776_001 })).toEqual([215, '/duration'])
    expect(refused({ valid_until: NOW + 7_776_001 })).toEqual([215, '/valid_until'])
    expect([refused({ duration: 120 }), refused({ duration: 119 })]).toEqual(['accepted', [215, '/duration']])
    expect(refused({ valid_after: NOW + 100, valid_until: NOW + 219 })).toEqual([215, '/valid_until'])
    expect(refused({ valid_after: NOW + DAY })).toEqual([215, '/valid_after'])
  })

  test('215: anything over the size limits, before anything else', () => {
    const many = <T>(n: number, of: (i: number) => T) => Array.from({ length: n }, (_, i) => of(i))
    const rule = (i: number) => ({ contract_address: `0x${(i + 1).toString(16)}`, entry_point: 'move' })
    expect(refused({ calls: many(200, rule) })).toBe('accepted')
    expect(refused({ calls: many(201, () => 'nonsense') })).toEqual([215, '/calls'])
    expect(refused({ calls: [{ ...move, entry_point: many(65, (i) => `m${i}`) }] })).toEqual([
      215,
      '/calls/0/entry_point',
    ])
    expect(refused({ calls: many(9, (i) => ({ ...rule(i), entry_point: many(64, (j) => `m${j}`) })) })).toEqual([
      215,
      '/calls',
    ])
    expect(refused({ calls: [{ ...move, caps: many(9, (i) => ({ max: 1, window: { rolling: i + 1 } })) }] })).toEqual([
      215,
      '/calls/0/caps',
    ])
    expect(
      refused({ calls: [{ ...move, max_calls: 1, caps: many(8, (i) => ({ max: 1, window: { rolling: i + 1 } })) }] }),
    ).toMatchObject([215, expect.any(String)])
    expect(refused({ spend_limits: many(33, (i) => ({ token: `0x${(i + 1).toString(16)}` })) })).toEqual([
      215,
      '/spend_limits',
    ])
    expect(refused({ spend_limits: [{ token: STRK, recipients: many(257, () => FRIEND) }] })).toEqual([
      215,
      '/spend_limits/0/recipients',
    ])
    for (const [member, max] of [
      ['label', 64],
      ['reason', 300],
      ['tag', 31],
    ] as const) {
      expect(refused({ [member]: 'x'.repeat(max) })).toBe('accepted')
      expect(refused({ [member]: 'x'.repeat(max + 1) })).toEqual([215, `/${member}`])
    }
    expect(refused({ calls: [{ ...move, label: 'x'.repeat(65) }] })).toEqual([215, '/calls/0/label'])
    expect(refused({ calls: [{ ...move, description: 'x'.repeat(161) }] })).toEqual([215, '/calls/0/description'])
    expect(refused({ usage: { max_calls_per_tx: 65 } })).toEqual([215, '/usage/max_calls_per_tx'])
    expect(refused({ usage: { max_calls_per_tx: 0 } })).toEqual([215, '/usage/max_calls_per_tx'])
    expect(refused({ usage: { max_in_flight: 65 } })).toEqual([215, '/usage/max_in_flight'])
    expect(refused({ usage: { max_transactions: 1_000_001 } })).toEqual([215, '/usage/max_transactions'])
    expect(refused({ usage: { rate: { transactions: 1, seconds: 7_776_001 } } })).toEqual([215, '/usage/rate'])
    expect(refused({ usage: { rate: { transactions: 1, seconds: 0 } } })).toEqual([215, '/usage/rate'])
    const rolling = (n: number) => many(n, (i) => ({ max: 1, window: { rolling: i + 1 } }))
    expect(refused({ usage: { tx_caps: rolling(7) } })).toBe('accepted')
    expect(refused({ usage: { tx_caps: rolling(8) } })).toEqual([215, '/usage/tx_caps'])
    const tokens = many(33, (i) => `0x${(i + 1).toString(16)}` as Address)
    const classes = Object.fromEntries(tokens.map((token) => [token, TOKEN]))
    const paying = (n: number) => ({ calls: tokens.slice(0, n).map((token) => ({ ...pay, contract_address: token })) })
    expect(unresolved(paying(32), { classes })).toBe('granted')
    expect(unresolved(paying(33), { classes })).toEqual([215, '/calls'])
    const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)])
    // With the request itself twelve levels: the shape is judged, no longer the size.
    expect(refused({ deny: deep(11) })).toEqual([114, '/deny/0/contract_address'])
    expect(refused({ deny: deep(12) })).toEqual([215, ''])
    const actions = (contracts: number) =>
      many(contracts, (i) => ({
        contract_address: `0x${(i + 0x600).toString(16)}`,
        entry_point: many(64, (n) => `act_${n}`),
      }))
    expect(refusal({ calls: actions(8) })).toBe('accepted')
    expect(refusal({ calls: [...actions(8), move] })).toEqual([215, '/calls'])
  })

  test('resolve: what only the chain and the wallet know', () => {
    expect(unresolved({ calls: [{ ...move, contract_address: OTHER_ACCOUNT }] })).toEqual([
      215,
      '/calls/0/contract_address',
    ])
    expect(unresolved({ calls: [{ ...move, contract_address: padded(ACCOUNT) }] })).toEqual([
      215,
      '/calls/0/contract_address',
    ])
    expect(unresolved({ calls: [move, { ...move, contract_address: STRANGER }] })).toEqual([
      215,
      '/calls/1/contract_address',
    ])
    expect(unresolved({ spend_limits: [{ token: GAME }] })).toEqual([215, '/spend_limits/0/token'])
    const nft = { classes: { ...sampleResolve().classes, [USD]: { ...TOKEN, asset: 'erc721' as const } } }
    expect(unresolved({ spend_limits: [{ token: USD, total: '1' }] }, nft)).toEqual([215, '/spend_limits/0/token'])
    expect(granted({ calls: [{ ...pay, contract_address: USD }] }, nft).spend.limits).toMatchObject([
      { asset: 'erc721' },
    ])
    expect(unresolved({ valid_until: NOW + 200 }, {}, NOW + 100)).toEqual([215, '/valid_until'])
  })

  test('who may get leave to take a token: named, or the contracts of the other rules and those that conditions name', () => {
    const approve = { contract_address: STRK, entry_point: 'approve' }
    const params = [
      { name: 'spender', shape: { t: 'address' } },
      { name: 'amount', shape: { t: 'u256' } },
    ] as const
    const named = TOKEN.entrypoints.map((entry) => ({ ...entry, params }))
    const classes = { ...sampleResolve().classes, [STRK]: { ...TOKEN, entrypoints: named } }
    const allowed = (limit: object | undefined, ...calls: readonly object[]) => {
      const limits = limit === undefined ? {} : { spend_limits: [{ token: STRK, ...limit }] }
      const { spend } = granted({ calls, ...limits }, { classes })
      const [strkLimit] = spend.limits as [TokenLimit]
      return [strkLimit.approvals, strkLimit.spenders, spend.look]
    }
    const pinned = (value: unknown, op = 'eq') => ({ ...approve, args: { at: 'spender', op, value } })
    expect(allowed({ total: '1' }, move)).toEqual(['forbid', [], 'receipt'])
    expect(allowed({ total: '1' }, move, approve)).toEqual(['count', [GAME], 'simulate'])
    expect(allowed(undefined, move, approve)).toEqual(['count', [GAME], 'simulate'])
    expect(allowed({ total: '1' }, move, pinned(FRIEND))).toEqual(['count', [GAME, FRIEND], 'simulate'])
    expect(allowed({ total: '1' }, move, pinned([FRIEND, STRANGER], 'in'))).toEqual([
      'count',
      [GAME, STRANGER, FRIEND],
      'simulate',
    ])
    expect(allowed({ total: '1' }, move, pinned(FRIEND, 'ne'))).toEqual(['count', [GAME], 'simulate'])
    expect(allowed({ total: '1', spenders: [FRIEND] }, move, approve)).toEqual(['count', [FRIEND], 'simulate'])
    expect(allowed({ total: '1', spenders: [] }, move, approve)).toEqual(['count', [], 'simulate'])
    expect(allowed({ total: '1', approvals: 'forbid' }, move, approve)).toEqual(['forbid', [], 'receipt'])
    expect(allowed({ total: '1', approvals: 'reset_after' }, move, approve)).toEqual(['resetAfter', [GAME], 'simulate'])
  })

  test('a live allowance to a contract in scope makes it look by simulation', () => {
    const look = (spender: typeof GAME, amount: string) =>
      granted({}, { allowances: [{ token: USD, spender, amount: amount as never }] }).spend.look
    expect([look(GAME, '1'), look(GAME, '0'), look(STRANGER, '1')]).toEqual(['simulate', 'receipt', 'receipt'])
  })

  test('property: parse is total', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), mutated()), (json) => {
        const parsed = parseRequest(json, ctx)
        if (parsed.ok) expect(['granted', 210, 215]).toContain(typeofResolved(parsed.asked))
        else expect([114, 210, 215]).toContain(parsed.error.code)
      }),
      { numRuns: 1_500 },
    )
  })
})

describe('printPolicy', () => {
  test('property: what is printed asks for the same policy', () => {
    fc.assert(
      fc.property(requests(), (json) => {
        const policy = granted(json)
        const again = granted(printPolicy(policy))
        expect(again).toEqual(policy)
        expect(canonicalText(again)).toBe(canonicalText(policy))
        expect(printPolicy(again)).toEqual(printPolicy(policy))
      }),
      { numRuns: 600 },
    )
  })

  test('addresses padded, amounts decimal, names where proven', () => {
    expect(
      printPolicy(
        granted({
          calls: [{ contract_address: GAME, entry_point: ['move', BUY] }],
          spend_limits: [{ token: STRK, total: '0x19' }],
          duration: 600,
        }),
      ),
    ).toMatchObject({
      calls: [{ contract_address: padded(GAME), entry_point: expect.arrayContaining(['move', BUY]) }],
      spend_limits: [{ token: padded(STRK), caps: [{ amount: '25', window: 'session' }] }],
      valid_until: NOW + 600,
    })
  })

  test('what a policy has not is not printed', () => {
    expect(Object.keys(printPolicy(granted({ duration: 600 })))).toEqual([
      'calls',
      'spend_limits',
      'fees',
      'usage',
      'valid_after',
      'valid_until',
    ])
  })
})

function typeofResolved(request: Asked): unknown {
  const done = resolve(request, sampleResolve(), NOW)
  return done.ok ? 'granted' : done.error.code
}

/** Requests that are granted: every decided member, present or not. */
function requests() {
  const amount = fc.bigInt(0n, 2n ** 256n - 1n).map(String)
  const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined })
  const count = fc.integer({ min: 0, max: 1_000_000 })
  const seconds = fc.integer({ min: 1, max: 7_776_000 })
  // Anchors far from any start: beside one of the same length that names none, each stays a window of its own.
  const window = fc.oneof(
    fc.constant('session'),
    fc.record({ rolling: seconds }),
    fc.record({ fixed: seconds, anchor: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }) }),
    fc.record({ calendar: fc.constantFrom('minute', 'hour', 'day', 'week', 'month', 'year') }),
  )
  // Two of one length may begin at the same second, whatever their anchors say.
  const lengthOf = (it: object | string) => (typeof it === 'string' ? it : JSON.stringify({ ...it, anchor: undefined }))
  const windows = fc.uniqueArray(window, { maxLength: 4, selector: lengthOf })
  const counts = windows.chain((all) =>
    fc.tuple(...all.map((it) => count.map((max) => (it === 'session' ? { max } : { max, window: it })))),
  )
  const amounts = windows.chain((all) =>
    fc.tuple(...all.filter((it) => it !== 'session').map((it) => amount.map((of) => ({ amount: of, window: it })))),
  )
  const entry = fc.constantFrom('move', 'buy', BUY, MOVE, 'rename', 'grant_role')
  const rule = fc.record({
    contract_address: fc.constantFrom(GAME, USD),
    entry_point: fc.oneof(entry, fc.uniqueArray(entry, { minLength: 1 })),
    caps: maybe(counts),
    required: maybe(fc.boolean()),
    enabled: maybe(fc.boolean()),
    label: maybe(fc.string({ maxLength: 60 })),
  })
  const limit = (token: string) =>
    fc.record({
      token: fc.constant(token),
      total: maybe(amount),
      per_call: maybe(amount),
      per_tx: maybe(amount),
      caps: maybe(amounts),
      stream: maybe(
        fc.record({
          start: maybe(fc.integer({ min: 0, max: NOW + DAY })),
          initial: maybe(amount),
          per_second: amount,
          max: maybe(amount),
        }),
      ),
      foreign_transfer_from: maybe(fc.constantFrom('forbid', 'count')),
      recipients: maybe(fc.array(fc.constantFrom('self', FRIEND, STRANGER))),
    })
  return fc
    .record({
      calls: fc.uniqueArray(rule, { minLength: 1, maxLength: 2, selector: (one) => one.contract_address }),
      spend_limits: maybe(fc.tuple(limit(STRK), limit(USD)).chain((both) => fc.subarray(both))),
      fees: maybe(
        fc.record({
          max_total: maybe(amount),
          caps: maybe(amounts),
          max_per_tx: maybe(amount),
          max_tip_per_gas: maybe(amount),
        }),
      ),
      usage: maybe(
        fc.record({
          tx_caps: maybe(counts),
          call_caps: maybe(counts),
          max_calls_per_tx: maybe(fc.integer({ min: 1, max: 64 })),
          min_gap: maybe(fc.integer({ min: 0, max: 100 })),
          max_in_flight: maybe(fc.integer({ min: 1, max: 64 })),
        }),
      ),
      duration: maybe(fc.integer({ min: 500, max: 7_776_000 })),
      valid_after: maybe(fc.integer({ min: NOW, max: NOW + 300 })),
    })
    .map((json) => JSON.parse(JSON.stringify(json)) as object) // without what is undefined
}

/** Requests with one member replaced by anything. */
function mutated() {
  return fc.tuple(requests(), fc.jsonValue(), fc.nat()).map(([json, value, at]) => {
    const spots: [Record<string, unknown>, string][] = []
    const walk = (node: unknown) => {
      if (typeof node !== 'object' || node === null) return
      for (const [key, member] of Object.entries(node)) {
        spots.push([node as Record<string, unknown>, key])
        walk(member)
      }
    }
    const copy = JSON.parse(JSON.stringify(json)) as Record<string, unknown>
    walk(copy)
    const [node, key] = spots[at % spots.length] ?? [copy, 'calls']
    node[key] = value
    return copy
  })
}

describe('calls that are sent once before a session', () => {
  const base = { calls: [{ contract_address: GAME, entry_point: 'move' }] }
  const read = (setup_calls: unknown) => parseRequest({ ...base, setup_calls }, { now: NOW, selectorOf })
  const call = { contract_address: GAME, entry_point: 'move' }
  test('are read like any other', () => {
    const parsed = read([
      { ...call, calldata: ['0x0A', '7'] },
      { contract_address: GAME, entry_point: MOVE },
    ])
    expect(parsed.ok && parsed.asked.setup).toEqual([
      { to: GAME, selector: MOVE, calldata: ['0xa', '0x7'] },
      { to: GAME, selector: MOVE, calldata: [] },
    ])
    expect(read([])).toMatchObject({ ok: true, asked: expect.not.objectContaining({ setup: expect.anything() }) })
  })
  test.each([
    [[{ ...call, entry_point: '__execute__' }], 215, '/setup_calls/0/entry_point'],
    [Array.from({ length: 21 }, () => call), 215, '/setup_calls'],
    [
      [
        { ...call, calldata: Array.from({ length: 2_600 }, () => '1') },
        { ...call, calldata: Array.from({ length: 2_600 }, () => '1') },
      ],
      215,
      '/setup_calls',
    ],
    [[call, { ...call, calldata: [7] }], 114, '/setup_calls/1/calldata/0'],
    [[{ ...call, args: [] }], 114, '/setup_calls/0/args'],
    [[{ ...call, entry_point: '*' }], 114, '/setup_calls/0/entry_point'],
    [call, 114, '/setup_calls'],
  ])('are refused with their path', (setup, code, at) => {
    expect(read(setup)).toMatchObject({ ok: false, error: { code, data: { at } } })
  })
  test.each([ACCOUNT, OTHER_ACCOUNT])('are refused where they call an own account: %s', (own) => {
    const parsed = read([call, { ...call, contract_address: own }])
    if (!parsed.ok) throw new Error('read')
    expect(resolve(parsed.asked, sampleResolve(), NOW)).toMatchObject({
      ok: false,
      error: { code: 215, data: { at: '/setup_calls/1/contract_address' } },
    })
  })
  test('are covered only by the very request that sent them', () => {
    const parsed = read([call])
    if (!parsed.ok) throw new Error('read')
    const done = resolve(parsed.asked, sampleResolve(), NOW)
    if (!done.ok) throw new Error('resolved')
    const plain = parseRequest(base, { now: NOW, selectorOf })
    const more = read([call, call])
    if (!plain.ok || !more.ok) throw new Error('read')
    const running = (asked: Asked) => sampleSession(done.policy, { asked })
    expect(covers(running(parsed.asked), parsed.asked, NOW)).toBe(true)
    expect(covers(running(parsed.asked), plain.asked, NOW)).toBe(true)
    expect(covers(running(plain.asked), parsed.asked, NOW)).toBe(false)
    expect(covers(running(parsed.asked), more.asked, NOW)).toBe(false)
  })
})

describe('calls that an agent sends in their own time', () => {
  const agent = { held_by: 'agent', public_key: '0xa', label: 'Bot' }
  const base = { calls: [{ contract_address: GAME, entry_point: 'move' }], key: agent }
  const read = (schedule: unknown, more: object = {}) =>
    parseRequest({ ...base, ...more, schedule }, { now: NOW, selectorOf })
  const call = { contract_address: GAME, entry_point: 'move', calldata: ['0x0A'] }
  const entry = { calls: [call], not_before: NOW, not_after: NOW + 60 }
  const asked = (schedule: unknown, more: object = {}) => {
    const parsed = read(schedule, more)
    if (!parsed.ok) throw new Error('unreadable')
    return parsed.asked
  }

  test('are read in their order, as the felts that will be signed', () => {
    expect(asked([{ ...entry, not_before: NOW + 5 }, entry]).schedule).toEqual([
      { calls: [{ to: GAME, selector: MOVE, calldata: ['0xa'] }], notBefore: NOW + 5, notAfter: NOW + 60 },
      { calls: [{ to: GAME, selector: MOVE, calldata: ['0xa'] }], notBefore: NOW, notAfter: NOW + 60 },
    ])
    expect(asked([]).schedule).toBeUndefined()
    // Asked again by a page that is loaded again, after its first time has begun.
    expect(asked([{ ...entry, not_before: NOW - 60 }]).schedule?.[0]?.notBefore).toBe(NOW - 60)
    expect(asked(Array.from({ length: 64 }, () => entry)).schedule).toHaveLength(64)
  })

  test.each([
    [[entry, { ...entry, not_after: NOW }], 114, '/schedule/1/not_after'],
    [[{ ...entry, not_after: 2 ** 36 }], 114, '/schedule/0/not_after'],
    [[{ ...entry, not_before: 0.5 }], 114, '/schedule/0/not_before'],
    [[{ ...entry, calls: [] }], 114, '/schedule/0/calls'],
    [[{ calls: [call], not_before: NOW }], 114, '/schedule/0/not_after'],
    [[{ ...entry, nonce: '0x1' }], 114, '/schedule/0/nonce'],
    [[{ ...entry, calls: [{ ...call, calldata: [7] }] }], 114, '/schedule/0/calls/0/calldata/0'],
    [
      [{ ...entry, calls: [{ ...call, entry_point: 'execute_from_outside_v2' }] }],
      215,
      '/schedule/0/calls/0/entry_point',
    ],
    [Array.from({ length: 65 }, () => entry), 215, '/schedule'],
    [[{ ...entry, calls: Array.from({ length: 65 }, () => call) }], 215, '/schedule/0/calls'],
    [
      [{ ...entry, calls: [call, call].map((it) => ({ ...it, calldata: Array.from({ length: 2_600 }, () => '1') })) }],
      215,
      '/schedule/0/calls',
    ],
    [entry, 114, '/schedule'],
  ])('are refused with their path %#', (schedule, code, at) => {
    expect(read(schedule)).toMatchObject({ ok: false, error: { code, data: { at } } })
  })

  test('are asked for by nobody but an agent, and of a session that runs', () => {
    for (const key of [undefined, { held_by: 'wallet' }, { held_by: 'dapp', public_key: '0xa' }])
      expect(read([entry], { key })).toMatchObject({ ok: false, error: { code: 114, data: { at: '/schedule' } } })
    expect(read([entry], { enabled: false })).toMatchObject({
      ok: false,
      error: { code: 114, data: { at: '/enabled' } },
    })
  })

  test.each([ACCOUNT, OTHER_ACCOUNT])('are refused where they call an own account: %s', (own) => {
    const calls = [call, { ...call, contract_address: own }]
    expect(resolve(asked([entry, { ...entry, calls }]), sampleResolve(), NOW)).toMatchObject({
      ok: false,
      error: { code: 215, data: { at: '/schedule/1/calls/1/contract_address' } },
    })
  })

  test('are covered only by the very request that had them signed', () => {
    const done = resolve(asked([entry]), sampleResolve(), NOW)
    if (!done.ok) throw new Error('resolved')
    const key = { by: 'agent' as const, publicKey: felt('0xa'), label: 'Bot', guid: felt('0x1') }
    const running = (of: Asked) => sampleSession(done.policy, { asked: of, key })
    expect(covers(running(asked([entry])), asked([entry]), NOW)).toBe(true)
    expect(covers(running(asked([entry])), asked([]), NOW)).toBe(true)
    expect(covers(running(asked([])), asked([entry]), NOW)).toBe(false)
    expect(covers(running(asked([entry])), asked([entry, entry]), NOW)).toBe(false)
    expect(covers(running(asked([entry])), asked([{ ...entry, not_after: NOW + 61 }]), NOW)).toBe(false)
  })
})
