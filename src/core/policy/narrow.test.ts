import { describe, expect, test } from 'vitest'
import { sha256 } from '../../starknet/digest.ts'
import { STRK } from '../account.ts'
import { felt, u256 } from '../felt.ts'
import { isConsistent, narrows } from './narrow.ts'
import type { CallRule, FeePolicy, MessageRule, NftLimit, RuleId, SessionPolicy, TokenLimit } from './policy.ts'
import { canonicalText } from './preimage.ts'
import { BUY, FRIEND, GAME, MOVE, NOW, STRANGER, samplePolicy, sampleSession, USD } from './samples.ts'

const base = samplePolicy()
const [limit] = base.spend.limits as [TokenLimit]
const [move] = base.calls as [CallRule]
const LIFE = { kind: 'session' } as const
const rule = (changes: Partial<CallRule>) => ({ calls: [{ ...move, ...changes }, ...base.calls.slice(1)] })
const token = (changes: Partial<TokenLimit>) => ({ spend: { ...base.spend, limits: [{ ...limit, ...changes }] } })
const fees = (changes: Partial<FeePolicy>) => ({ fees: { ...base.fees, ...changes } })
const usage = (changes: Partial<SessionPolicy['usage']>) => ({ usage: { ...base.usage, ...changes } })
const nft: NftLimit = {
  asset: 'erc721',
  collection: GAME,
  maxOut: [{ window: LIFE, max: 3 }],
  spenders: [FRIEND],
  tokenIds: [u256(1n), u256(2n)],
  approveOne: 'allow',
  approveAll: 'allow',
}
const items = (changes: Partial<NftLimit>) => ({ spend: { ...base.spend, limits: [limit, { ...nft, ...changes }] } })
const message: MessageRule = {
  id: 'm0' as RuleId,
  domainHash: felt(1),
  typeHash: felt(2),
  fields: [{ path: ['a'], as: 'felt', op: 'eq', to: ['1'] }],
  caps: [{ window: LIFE, max: 5 }],
  enabled: true,
  required: false,
}
const messages = (changes: Partial<MessageRule>) => ({ messages: [{ ...message, ...changes }] })
const deny = { contract: GAME, entrypoints: [BUY], by: 'person' } as const

/** Each changes one member: the first is wider or cannot be compared, the second narrower. */
const pairs: readonly (readonly [name: string, wider: Partial<SessionPolicy>, narrower: Partial<SessionPolicy>])[] = [
  ['start', { validAfter: NOW - 1 }, { validAfter: NOW + 1 }],
  ['end', { validUntil: base.validUntil + 1 }, { validUntil: base.validUntil - 1 }],
  ['rule off', { calls: base.calls }, rule({ enabled: false })],
  ['cap of a rule', rule({ caps: [] }), rule({ caps: [{ window: LIFE, max: 2 }] })],
  [
    'deny',
    { deny: [] },
    {
      deny: [
        { ...deny, entrypoints: [...deny.entrypoints] },
        { contract: '*', entrypoints: [MOVE], by: 'site' },
      ],
    },
  ],
  [
    'limits',
    { spend: { ...base.spend, limits: [limit, { ...limit, token: USD }] } },
    { spend: { ...base.spend, limits: [] } },
  ],
  [
    'total',
    token({ caps: [{ window: LIFE, max: u256(BigInt(limit.caps[0]!.max) + 1n) }] }),
    token({ caps: [{ window: LIFE, max: u256(0n) }] }),
  ],
  [
    'more windows',
    token({ caps: [] }),
    token({ caps: [...limit.caps, { window: { kind: 'rolling', seconds: 60 }, max: u256(1n) }] }),
  ],
  ['per call', token({ perCall: u256(BigInt(limit.perCall!) + 1n) }), token({ perCall: u256(1n) })],
  ['recipients', token({ recipients: [FRIEND, STRANGER] }), token({ recipients: [FRIEND] })],
  ['spenders', token({ spenders: [FRIEND] }), token({ spenders: [] })],
  ['approvals', token({ approvals: 'count' }), token({ approvals: 'forbid' })],
  ['foreign balances', token({ foreignTransferFrom: 'count' }), token({ foreignTransferFrom: 'forbid' })],
  ['payer', fees({ payer: 'either' }), fees({ payer: 'account' })],
  ['fee tokens', fees({ tokens: [...base.fees.tokens, { token: USD, caps: [] }] }), fees({ tokens: [] })],
  [
    'fee cap',
    fees({ tokens: [{ token: STRK, caps: [] }] }),
    fees({ tokens: [{ token: STRK, perTx: u256(1n), caps: [{ window: LIFE, max: u256(5n) }] }] }),
  ],
  [
    'uses',
    usage({ tx: [{ window: LIFE, max: 201 }, base.usage.tx[1]!] }),
    usage({ tx: [{ window: LIFE, max: 199 }, base.usage.tx[1]!] }),
  ],
  [
    'pace',
    usage({ tx: [base.usage.tx[0]!] }),
    usage({ tx: [base.usage.tx[0]!, { window: { kind: 'rolling', seconds: 60 }, max: 9 }] }),
  ],
  ['calls per transaction', usage({ maxCallsPerTx: 21 }), usage({ maxCallsPerTx: 1 })],
  ['in flight', usage({ maxInFlight: 17 }), usage({ maxInFlight: 1 })],
  ['calls', usage({ calls: [] }), usage({ calls: [{ window: LIFE, max: 1 }] })],
]

describe('narrows', () => {
  test('a policy narrows itself', () => {
    expect(narrows(base, base)).toBe(true)
  })

  test.each(pairs)('%s', (name, wider, narrower) => {
    const from = samplePolicy(
      name === 'deny'
        ? { deny: [{ ...deny, entrypoints: [...deny.entrypoints] }] }
        : name === 'recipients'
          ? token({ recipients: [FRIEND] })
          : name === 'calls'
            ? usage({ calls: [{ window: LIFE, max: 2 }] })
            : name === 'cap of a rule'
              ? rule({ caps: [{ window: LIFE, max: 3 }] })
              : name === 'rule off'
                ? rule({ enabled: false })
                : {},
    )
    expect(narrows(samplePolicy(wider), from), 'wider').not.toBe(true)
    expect(narrows(samplePolicy(narrower), from), 'narrower').toBe(true)
  })

  test('what only a sponsor may pay for stays so', () => {
    const sponsored = samplePolicy(rule({ sponsoredOnly: true }))
    expect(narrows(sponsored, sponsored)).toBe(true)
    expect(narrows(base, sponsored)).not.toBe(true)
    expect(narrows(sponsored, base)).toBe(true)
  })

  test('rules are never dropped, reordered, or made to mean something else', () => {
    const [, second, third] = base.calls as [CallRule, CallRule, CallRule]
    for (const calls of [
      [move, second],
      [second, move, third],
      [...base.calls, { ...move, id: 'r3' as RuleId }],
    ]) {
      expect(narrows(samplePolicy({ calls }), base)).not.toBe(true)
    }
    const args = { arg: { at: 'length' as const }, as: 'felt' as const, op: 'eq' as const, to: { value: '1' } }
    for (const changes of [
      { contract: USD },
      { contract: '*' as const },
      { entrypoints: [{ selector: BUY }] },
      { wide: true as const },
      { args },
      { notAToken: true as const },
      { adminAck: true as const },
      { required: false },
    ]) {
      expect(narrows(samplePolicy(rule(changes)), base), JSON.stringify(changes)).not.toBe(true)
    }
    const pin = move.codePin!
    const { codePin: _, ...unpinned } = move
    expect(narrows(samplePolicy({ calls: [unpinned, second, third] }), base)).not.toBe(true)
    expect(narrows(samplePolicy(rule({ codePin: { ...pin, onChange: 'warn' } })), base)).not.toBe(true)
    expect(narrows(base, samplePolicy(rule({ codePin: { ...pin, onChange: 'warn' } })))).toBe(true)
    expect(narrows(samplePolicy(rule({ codePin: { ...pin, classHash: felt(1) as never } })), base)).not.toBe(true)
    const sponsored = samplePolicy(rule({ sponsoredOnly: true }))
    expect([narrows(sponsored, base), narrows(base, sponsored)]).toEqual([true, ['/calls/0/sponsoredOnly']])
    const sums = [
      { arg: { at: 'felt' as const, index: 0 }, as: 'u256' as const, caps: [{ window: LIFE, max: u256(5n) }] },
    ]
    expect([narrows(samplePolicy(rule({ sums })), base), narrows(base, samplePolicy(rule({ sums })))]).toEqual([
      true,
      ['/calls/0/sums'],
    ])
  })

  test('a running total stays at its place, of the same argument, with no larger cap', () => {
    const arg = (index: number) => ({ at: 'felt' as const, index })
    const sum = (index: number, max: bigint) => ({
      arg: arg(index),
      as: 'u128' as const,
      caps: [{ window: LIFE, max: u256(max) }],
    })
    const of = (...sums: CallRule['sums']) => samplePolicy(rule({ sums }))
    const prev = of(sum(0, 5n), sum(1, 5n))
    const wider = ['/calls/0/sums']
    expect(narrows(of(sum(0, 4n), sum(1, 5n), sum(2, 9n)), prev)).toBe(true)
    expect(narrows(of(sum(0, 5n)), prev)).toEqual(wider)
    expect(narrows(of(sum(0, 6n), sum(1, 5n)), prev)).toEqual(wider)
    // Its meter is that of its place: moved, it would forget what was used.
    expect(narrows(of(sum(1, 5n), sum(0, 5n)), prev)).toEqual(wider)
    expect(narrows(of({ ...sum(0, 5n), as: 'felt' }, sum(1, 5n)), prev)).toEqual(wider)
    expect(narrows(of(sum(0, 5n)), of({ ...sum(0, 5n), caps: [] }))).toEqual(wider)
  })

  test('arguments and shapes are never edited, denies never dropped or made to fit less', () => {
    const args = {
      arg: { at: 'felt' as const, index: 0 },
      as: 'felt' as const,
      op: 'lte' as const,
      to: { value: '0x5' },
    }
    const tighter = { ...args, to: { value: '0x4' } }
    const shapes = { [BUY]: [{ name: 'n', shape: { t: 'u8' as const } }] }
    const prev = samplePolicy(rule({ args, shapes }))
    expect(narrows(prev, prev)).toBe(true)
    expect(narrows(samplePolicy(rule({ args: tighter, shapes })), prev)).toEqual(['/calls/0'])
    expect(narrows(samplePolicy(rule({ args })), prev)).toEqual(['/calls/0'])
    expect(narrows(samplePolicy(rule({ args, shapes: { [BUY]: [] } })), prev)).toEqual(['/calls/0'])
    const deny = { contract: GAME, entrypoints: [BUY], args, by: 'site' as const }
    const denied = samplePolicy({ deny: [deny] })
    const person = { contract: '*' as const, entrypoints: '*' as const, by: 'person' as const }
    expect(narrows(samplePolicy({ deny: [person, deny] }), denied)).toBe(true)
    expect(narrows(denied, base)).toBe(true)
    for (const other of [[], [{ ...deny, args: tighter }], [{ ...deny, by: 'person' as const }], [person]]) {
      expect(narrows(samplePolicy({ deny: other }), denied)).toEqual(['/deny'])
    }
  })

  test('members of later requests are compared as well', () => {
    const counted = samplePolicy(token({ approvals: 'count' }))
    const reset = samplePolicy(token({ approvals: 'resetAfter' }))
    expect(narrows(reset, counted)).toEqual(['/spend/limits/0/approvals'])
    expect(narrows(counted, reset)).toEqual(['/spend/limits/0/approvals'])
    const stream = { start: NOW, initial: u256(5n), perSecond: u256(1n), max: u256(9n) }
    const streamed = (changes: object) => samplePolicy(token({ stream: { ...stream, ...changes } }))
    expect(
      narrows(streamed({ start: NOW + 1, initial: u256(4n), perSecond: u256(0n), max: u256(8n) }), streamed({})),
    ).toBe(true)
    for (const wider of [{ start: NOW - 1 }, { initial: u256(6n) }, { perSecond: u256(2n) }, { max: u256(10n) }]) {
      expect(narrows(streamed(wider), streamed({})), JSON.stringify(wider)).not.toBe(true)
    }
    expect(narrows(base, streamed({}))).not.toBe(true)
    const from = samplePolicy(items({}))
    for (const narrower of [
      { tokenIds: [u256(1n)] },
      { spenders: [] },
      { approveOne: 'forbid' as const },
      { approveAll: 'forbid' as const },
      { maxOut: [{ window: LIFE, max: 2 }] },
      { recipients: [] },
    ]) {
      expect(narrows(samplePolicy(items(narrower)), from), JSON.stringify(narrower)).toBe(true)
      expect(narrows(from, samplePolicy(items(narrower))), JSON.stringify(narrower)).not.toBe(true)
    }
    expect(narrows(samplePolicy(items({ asset: 'erc1155' })), from)).not.toBe(true)
    const said = samplePolicy(messages({}))
    expect(
      narrows(
        samplePolicy(
          messages({
            enabled: false,
            caps: [{ window: LIFE, max: 4 }],
            fields: [...message.fields, { path: ['b'], as: 'felt', op: 'eq', to: ['2'] }],
          }),
        ),
        said,
      ),
    ).toBe(true)
    for (const wider of [{ fields: [] }, { caps: [] }, { typeHash: felt(3) }])
      expect(narrows(samplePolicy(messages(wider)), said)).not.toBe(true)
    expect(narrows(said, samplePolicy(messages({ enabled: false })))).toEqual(['/messages/0/enabled'])
    expect(narrows(base, said)).toEqual(['/messages'])
    const looks = samplePolicy({ spend: { ...base.spend, look: 'simulate' } })
    expect([narrows(looks, base), narrows(base, looks)]).toEqual([true, ['/spend/look']])
    const paid = samplePolicy(fees({ paymasters: ['https://a'], service: 'https://a', maxTipPerGas: u256(5n) }))
    expect(narrows(samplePolicy(fees({ paymasters: [], maxTipPerGas: u256(4n) })), paid)).toBe(true)
    expect(narrows(samplePolicy(fees({ service: 'https://b' })), paid)).toEqual([
      '/fees/paymasters',
      '/fees/service',
      '/fees/maxTipPerGas',
    ])
    expect(narrows(samplePolicy(fees({ payer: 'account' })), samplePolicy(fees({ payer: 'either' })))).toBe(true)
  })
})

describe('isConsistent', () => {
  const hashOf = (text: string) => sha256(text)
  const stored = (granted: SessionPolicy, effective: SessionPolicy) =>
    sampleSession(granted, { effective, policyHash: hashOf(canonicalText(granted)) })

  test('effective wider than granted on disk', () => {
    const tighter = samplePolicy({ validUntil: NOW + 100 })
    expect(isConsistent(stored(base, base), hashOf)).toBe(true)
    expect(isConsistent(stored(base, tighter), hashOf)).toBe(true)
    expect(isConsistent(stored(tighter, base), hashOf)).toBe(false)
    expect(
      isConsistent({ ...stored(base, tighter), granted: samplePolicy({ validUntil: NOW + 99_999_999 }) }, hashOf),
    ).toBe(false)
  })

  test('a policy with a member of another version is not run', () => {
    const other = samplePolicy(rule({ later: true } as object))
    expect(isConsistent(stored(other, other), hashOf)).toBe(false)
  })

  test('the chain’s end is the policy’s', () => {
    const chain = {
      sessionHash: felt(1),
      expiresAt: base.validUntil - 1,
      methods: [],
      root: felt(1),
      metadata: '',
      authorization: [],
    }
    expect(isConsistent({ ...stored(base, base), chain }, hashOf)).toBe(true)
    expect(isConsistent({ ...stored(base, base), chain: { ...chain, expiresAt: base.validUntil } }, hashOf)).toBe(false)
  })
})
