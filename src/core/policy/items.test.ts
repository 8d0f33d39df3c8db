import { describe, expect, test } from 'vitest'
import catalogue from '../../../public/_locales/en/messages.json'
import { selectorOf } from '../../starknet/selector.ts'
import { STRK } from '../account.ts'
import { address, type Felt, felt, padded, type U256, u256 } from '../felt.ts'
import { type Line, say } from '../words.ts'
import { booked, settle } from './book.ts'
import { readPolicy } from './codec.ts'
import { applyEdits, covers, narrowedPointers } from './edits.ts'
import { evaluate } from './evaluate.ts'
import { type ExplainFacts, explain, explainLeft } from './explain.ts'
import { explainReason } from './explain-reason.ts'
import { exposure } from './exposure.ts'
import { metersOf } from './meters.ts'
import { narrows } from './narrow.ts'
import { type ChainEvent, outflow } from './outflow.ts'
import type { Call, CallRule, MeterBook, MeterId, NftLimit, RuleId, SessionPolicy, Verdict } from './policy.ts'
import { resolve } from './resolve.ts'
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
  sampleHold,
  samplePolicy,
  sampleResolve,
  sampleSession,
  sampleTx,
  TOKEN,
  transferFrom,
  USD,
} from './samples.ts'
import { updated } from './update.ts'
import { parseRequest, parseUpdate } from './wire.ts'
import { printPolicy } from './wire-print.ts'

const SHELLS = address('0xc011')
const GOODS = address('0xc012')
const LIFE = { kind: 'session' } as const
const SHELL_METER = `nft:${SHELLS}` as MeterId

const shells: NftLimit = {
  asset: 'erc721',
  collection: SHELLS,
  maxOut: [{ window: LIFE, max: 2 }],
  spenders: [GAME],
  approveOne: 'forbid',
  approveAll: 'forbid',
}
const goods: NftLimit = { ...shells, asset: 'erc1155', collection: GOODS, maxOut: [{ window: LIFE, max: 9 }] }

const NAMES = [
  ...['transfer', 'approve', 'transfer_from', 'transferFrom', 'increase_allowance', 'decrease_allowance'],
  ...['set_approval_for_all', 'setApprovalForAll', 'safe_transfer_from', 'safeTransferFrom'],
  ...['safe_batch_transfer_from', 'safeBatchTransferFrom', 'batch_transfer_from'],
]
const every = (id: string, contract: typeof SHELLS): CallRule => ({
  id: id as RuleId,
  contract,
  entrypoints: NAMES.map((name) => ({ selector: moneySelector(name), name })),
  caps: [],
  sums: [],
  enabled: true,
  required: false,
})
function policyOf(...limits: NftLimit[]): SessionPolicy {
  const base = samplePolicy()
  return {
    ...base,
    calls: [...base.calls, every('r3', SHELLS), every('r4', GOODS), every('r5', USD)],
    spend: { ...base.spend, limits: [...base.spend.limits, ...limits] },
  }
}
function judge(calls: readonly Call[], limits: NftLimit[] = [shells, goods], facts: object = {}): Verdict {
  const session = sampleSession(policyOf(...limits))
  return evaluate(session, sampleBook(), [], sampleTx(calls), sampleFacts(NOW, facts), NOW)
}
const codes = (verdict: Verdict) => (verdict.kind === 'auto' ? [] : verdict.reasons.map(({ code }) => code))
const charged = (verdict: Verdict, meter: MeterId = SHELL_METER) =>
  verdict.kind === 'auto' ? verdict.charges.find((one) => one.meter === meter)?.amount : codes(verdict)
const on = (contract: typeof SHELLS, name: string, calldata: readonly Felt[]) =>
  call(contract, moneySelector(name), calldata)
const send = (id: bigint, to: Felt = FRIEND, name = 'transfer_from') => transferFrom(SHELLS, ACCOUNT, to, id, name)
const NO_DATA = felt(0)

describe('items', () => {
  test('an id is not an amount', () => {
    // The same felts: item 4012 of a collection, 4012 base units of a token.
    const felts = [ACCOUNT, FRIEND, ...limbs(4_012n)]
    expect(charged(judge([on(SHELLS, 'transfer_from', felts)]))).toBe('1')
    expect(codes(judge([on(STRK, 'transfer_from', felts)]))).toEqual([])
    expect(charged(judge([on(STRK, 'transfer_from', felts)]), `spend:${STRK}` as MeterId)).toBe('4012')
    const single = [ACCOUNT, FRIEND, ...limbs(7n), ...limbs(3n), NO_DATA]
    expect(charged(judge([on(GOODS, 'safe_transfer_from', single)]), `nft:${GOODS}` as MeterId)).toBe('3')
    // Read as the other kind they have one felt too many, or too few.
    expect(codes(judge([on(SHELLS, 'safe_transfer_from', single)]))).toEqual(['moneyMalformed'])
    expect(codes(judge([on(GOODS, 'transfer_from', felts)]))).toEqual(['moneyMalformed'])
    expect(codes(judge([on(USD, 'transfer_from', felts)]))).toEqual(['tokenNotListed'])
  })

  test('each row of the table counts items, in both spellings', () => {
    const batch = [ACCOUNT, FRIEND, felt(2), ...limbs(1n), ...limbs(2n), felt(2), ...limbs(3n), ...limbs(4n), NO_DATA]
    const rows: readonly (readonly [Call, MeterId, unknown])[] = [
      [send(1n), SHELL_METER, '1'],
      [send(1n, FRIEND, 'transferFrom'), SHELL_METER, '1'],
      [on(SHELLS, 'safe_transfer_from', [ACCOUNT, FRIEND, ...limbs(1n), NO_DATA]), SHELL_METER, '1'],
      [on(SHELLS, 'safeTransferFrom', [ACCOUNT, FRIEND, ...limbs(1n), felt(1), felt(5)]), SHELL_METER, '1'],
      [on(GOODS, 'safe_batch_transfer_from', batch), `nft:${GOODS}` as MeterId, '7'],
      [on(GOODS, 'safeBatchTransferFrom', batch), `nft:${GOODS}` as MeterId, '7'],
      // Somebody else's item is not one of the account's.
      [transferFrom(SHELLS, STRANGER, FRIEND, 1n), SHELL_METER, undefined],
      [on(SHELLS, 'set_approval_for_all', [STRANGER, felt(0)]), SHELL_METER, undefined],
      [on(SHELLS, 'approve', [felt(0), ...limbs(1n)]), SHELL_METER, undefined],
    ]
    for (const [one, meter, items] of rows) {
      expect(charged(judge([one]), meter), one.selector).toBe(items)
    }
    expect(codes(judge([send(1n), send(2n), send(3n)]))).toEqual(['spendCap'])
  })

  test('what cannot be counted is malformed, never nothing', () => {
    const safe = [ACCOUNT, FRIEND, ...limbs(1n)]
    const wrong: Call[] = [
      on(SHELLS, 'transfer_from', [ACCOUNT, FRIEND, felt(1)]),
      on(SHELLS, 'transfer_from', [ACCOUNT, FRIEND, felt(2n ** 128n), felt(0)]),
      on(SHELLS, 'safe_transfer_from', safe),
      on(SHELLS, 'safe_transfer_from', [...safe, felt(2), felt(5)]),
      on(SHELLS, 'safe_transfer_from', [...safe, felt(2n ** 200n)]),
      on(SHELLS, 'set_approval_for_all', [GAME, felt(2)]),
      on(SHELLS, 'set_approval_for_all', [GAME]),
      on(SHELLS, 'transfer', [FRIEND, ...limbs(1n)]),
      on(SHELLS, 'increase_allowance', [GAME, ...limbs(1n)]),
      on(SHELLS, 'decrease_allowance', [GAME, ...limbs(1n)]),
      on(SHELLS, 'batch_transfer_from', []),
      on(GOODS, 'approve', [GAME, ...limbs(1n)]),
      // k ids and another number of values.
      on(GOODS, 'safe_batch_transfer_from', [ACCOUNT, FRIEND, felt(1), ...limbs(1n), felt(0), NO_DATA]),
      on(GOODS, 'safe_batch_transfer_from', [ACCOUNT, FRIEND, felt(2n ** 64n)]),
    ]
    for (const one of wrong) expect(codes(judge([one])), one.calldata.join()).toEqual(['moneyMalformed'])
  })

  test('only these items, only to these people', () => {
    const only = { ...shells, tokenIds: [u256(1n)], recipients: [FRIEND] }
    expect(codes(judge([send(1n)], [only]))).toEqual([])
    expect(codes(judge([send(2n)], [only]))).toEqual(['tokenId'])
    expect(codes(judge([send(1n, STRANGER)], [only]))).toEqual(['recipient'])
    expect(codes(judge([send(1n)], [{ ...shells, tokenIds: [] }]))).toEqual(['tokenId'])
    expect(codes(judge([send(1n)], [{ ...shells, maxOut: [] }]))).toEqual(['spendCap'])
  })

  test('leave to take items is forbidden, or counted, or everything', () => {
    const one = on(SHELLS, 'approve', [GAME, ...limbs(1n)])
    const all = on(SHELLS, 'set_approval_for_all', [GAME, felt(1)])
    const stranger = on(SHELLS, 'set_approval_for_all', [STRANGER, felt(1)])
    expect(codes(judge([one]))).toEqual(['approvalForbidden'])
    expect(codes(judge([all]))).toEqual(['approveAllForbidden'])
    expect(charged(judge([one], [{ ...shells, approveOne: 'allow' }]))).toBe('1')
    expect(charged(judge([all], [{ ...shells, approveAll: 'allow' }]))).toBe(undefined)
    expect(codes(judge([stranger], [{ ...shells, approveAll: 'allow' }]))).toEqual(['spender'])
    const listed = { ...shells, approveOne: 'allow' as const, tokenIds: [u256(9n)] }
    expect(codes(judge([one], [listed]))).toEqual(['tokenId'])
  })

  test('items that only the trial run shows are charged, or asked about', () => {
    const seen = (items: Record<string, U256>) => ({
      liveAllowance: true,
      simulation: { ok: true, at: NOW, out: {}, items, odd: [] },
    })
    const move = call(GAME, MOVE)
    const verdict = judge([move], [shells], seen({ [SHELLS]: u256(2n) }))
    expect(verdict).toMatchObject({ kind: 'auto' })
    expect(verdict.kind === 'auto' && verdict.charges).toContainEqual({
      meter: SHELL_METER,
      amount: '2',
      refundable: '2',
    })
    expect(charged(judge([send(1n)], [shells], seen({ [SHELLS]: u256(1n) })))).toBe('1')
    expect(codes(judge([move], [shells], seen({ [SHELLS]: u256(3n) })))).toEqual(['spendCap'])
    expect(codes(judge([move], [shells], seen({ [GOODS]: u256(1n) })))).toEqual(['undeclaredOutflow'])
  })

  test('items stay as charged; more by the receipt is booked, and stops the session', () => {
    const session = sampleSession(policyOf(shells))
    const fee = { token: STRK, paid: u256(0n) }
    const hold = sampleHold({ charges: [{ meter: SHELL_METER, amount: u256(1n), refundable: u256(1n) }] })
    const settled = (items: Record<string, U256>) =>
      settle(sampleBook(), hold, [], { end: 'accepted', at: NOW, fee, out: {}, items }, session, NOW)
    const none = settled({})
    const total = (book: MeterBook, meter: MeterId) => booked(book, meter, LIFE, NOW)
    expect([total(none.book, SHELL_METER), none.over]).toEqual([1n, []])
    const more = settled({ [SHELLS]: u256(4n), [GOODS]: u256(1n) })
    expect([total(more.book, SHELL_METER), total(more.book, `nft:${GOODS}` as MeterId)]).toEqual([4n, 1n])
    expect(more.over).toEqual([SHELL_METER, `nft:${GOODS}`])
    expect(metersOf(session.effective)).toContain(SHELL_METER)
  })
})

describe('items by events', () => {
  const TRANSFER = selectorOf('Transfer') as Felt
  const SINGLE = selectorOf('TransferSingle') as Felt
  const BATCH = selectorOf('TransferBatch') as Felt
  const went = (from: Felt, to: Felt, id: bigint): ChainEvent => ({
    from: SHELLS,
    keys: [TRANSFER, from, to, ...limbs(id)],
    data: [],
  })
  const left = (events: ChainEvent[], limits: NftLimit[] = [shells, goods]) => outflow(events, ACCOUNT, limits)

  test('each item that left counts, whatever came in for it', () => {
    expect(left([went(ACCOUNT, FRIEND, 1n), went(FRIEND, ACCOUNT, 2n)]).items).toEqual({ [SHELLS]: '1' })
    expect(left([went(ACCOUNT, FRIEND, 1n), went(FRIEND, ACCOUNT, 1n)]).items).toEqual({})
    expect(left([went(ACCOUNT, FRIEND, 1n), went(ACCOUNT, FRIEND, 2n)])).toEqual({
      out: {},
      items: { [SHELLS]: '2' },
      odd: [],
    })
  })

  test('a listed collection in the shape of a token is a collection', () => {
    const older: ChainEvent = { from: SHELLS, keys: [TRANSFER], data: [ACCOUNT, FRIEND, ...limbs(4_012n)] }
    const keyed: ChainEvent = { from: SHELLS, keys: [TRANSFER, ACCOUNT, FRIEND], data: limbs(4_012n) }
    for (const event of [older, keyed]) {
      expect(left([event])).toEqual({ out: {}, items: { [SHELLS]: '1' }, odd: [] })
      expect(left([event], []).out).toEqual({ [SHELLS]: '4012' })
    }
  })

  test('single and batch count values; the other kind, an odd shape, an item nobody named are odd', () => {
    const from = { from: GOODS }
    const one: ChainEvent = { ...from, keys: [SINGLE, FRIEND, ACCOUNT, FRIEND], data: [...limbs(1n), ...limbs(5n)] }
    const two = [felt(2), ...limbs(1n), ...limbs(2n), felt(2), ...limbs(3n), ...limbs(4n)]
    const many: ChainEvent = { ...from, keys: [BATCH, FRIEND, ACCOUNT, FRIEND], data: two }
    expect(left([one, many])).toEqual({ out: {}, items: { [GOODS]: '12' }, odd: [] })
    expect(left([{ ...one, from: SHELLS }])).toEqual({ out: {}, items: { [SHELLS]: '1' }, odd: [SHELLS] })
    expect(left([{ ...many, data: two.slice(0, -1) }])).toEqual({ out: {}, items: { [GOODS]: '1' }, odd: [GOODS] })
    expect(left([went(ACCOUNT, FRIEND, 3n)], [{ ...shells, tokenIds: [u256(1n)] }]).odd).toEqual([SHELLS])
  })
})

describe('limits of collections on the wire', () => {
  const classes = {
    ...sampleResolve().classes,
    [SHELLS]: { ...TOKEN, asset: 'erc721' as const },
    [GOODS]: { ...TOKEN, asset: 'erc1155' as const },
  }
  const facts = sampleResolve({ classes })
  const parse = (json: object) => parseRequest(json, { now: NOW, selectorOf })
  const move = { contract_address: GAME, entry_point: 'move' }
  const asked = (json: object) => {
    const done = parse({ calls: [move], ...json })
    if (!done.ok) throw new Error(JSON.stringify(done.error))
    return done.asked
  }
  const granted = (json: object) => {
    const done = resolve(asked(json), facts, NOW)
    if (!done.ok) throw new Error(JSON.stringify(done.error))
    return done.policy
  }
  const fault = (json: object) => {
    const done = parse({ calls: [move], ...json })
    const error = done.ok ? resolve(done.asked, facts, NOW) : done
    return error.ok ? 'granted' : [error.error.code, (error.error.data as { at?: string }).at]
  }
  const whole = {
    nft_limits: [
      { collection: GOODS, caps: [{ max: 3, window: { calendar: 'day' } }], approve_all: 'allow', spenders: [FRIEND] },
      {
        collection: padded(SHELLS),
        token_ids: ['0x2', '10', '2'],
        max_out: 4,
        recipients: [FRIEND, 'self'],
        approve_one: 'allow',
      },
    ],
  }

  test('asked, resolved, stored and printed', () => {
    const policy = granted(whole)
    expect(policy.spend).toEqual({
      look: 'simulate',
      limits: [
        {
          asset: 'erc721',
          collection: SHELLS,
          tokenIds: ['2', '10'],
          maxOut: [{ window: LIFE, max: 4 }],
          recipients: [ACCOUNT, FRIEND],
          spenders: [GAME],
          approveOne: 'allow',
          approveAll: 'forbid',
        },
        {
          asset: 'erc1155',
          collection: GOODS,
          maxOut: [{ window: { kind: 'calendar', unit: 'day' }, max: 3 }],
          spenders: [FRIEND],
          approveOne: 'forbid',
          approveAll: 'allow',
        },
      ],
    })
    expect(readPolicy(JSON.parse(JSON.stringify(policy)))).toEqual(policy)
    expect(granted(printPolicy(policy))).toEqual(policy)
  })

  test('without a number no item leaves; a rule that could move one makes such a limit', () => {
    const named = { contract_address: SHELLS, entry_point: 'transfer_from' }
    const nothing = {
      asset: 'erc721',
      collection: SHELLS,
      maxOut: [{ window: LIFE, max: 0 }],
      spenders: [GAME],
      approveOne: 'forbid',
      approveAll: 'forbid',
    }
    expect(granted({ calls: [move, named] }).spend).toEqual({ limits: [nothing], look: 'receipt' })
    expect(granted({ nft_limits: [{ collection: SHELLS }] }).spend.limits).toEqual([nothing])
  })

  test('those that a rule pins as the one to approve are spenders', () => {
    const pinned = {
      contract_address: SHELLS,
      entry_point: 'set_approval_for_all',
      args: [
        { at: 0, as: 'address', op: 'eq', value: FRIEND },
        { at: 1, op: 'eq', value: '1' },
      ],
    }
    const params = [
      { name: 'operator', shape: { t: 'address' as const } },
      { name: 'approved', shape: { t: 'bool' as const } },
    ]
    const selector = moneySelector('set_approval_for_all')
    const entrypoints = [{ name: 'set_approval_for_all', selector, kind: 'external' as const, params }]
    const known = { ...facts, classes: { ...classes, [SHELLS]: { ...TOKEN, asset: 'erc721' as const, entrypoints } } }
    const done = resolve(asked({ calls: [pinned] }), known, NOW)
    expect(done.ok && done.policy.spend.limits[0]?.spenders).toEqual([FRIEND])
  })

  test('refuses: a token as a collection and the reverse, one twice, sizes, unknown members', () => {
    const one = { collection: SHELLS }
    expect(fault({ nft_limits: [one] })).toBe('granted')
    expect(fault({ nft_limits: [one, { collection: STRK }] })).toEqual([215, '/nft_limits/1/collection'])
    expect(fault({ nft_limits: [{ collection: GAME }] })).toEqual([215, '/nft_limits/0/collection'])
    expect(fault({ spend_limits: [{ token: SHELLS, total: '1' }] })).toEqual([215, '/spend_limits/0/token'])
    expect(fault({ nft_limits: [one, { collection: padded(SHELLS) }] })).toEqual([114, '/nft_limits/1/collection'])
    expect(fault({ nft_limits: [{ ...one, max: 1 }] })).toEqual([114, '/nft_limits/0/max'])
    expect(fault({ nft_limits: [{ ...one, max_out: '1' }] })).toEqual([114, '/nft_limits/0/max_out'])
    expect(fault({ nft_limits: [{ ...one, max_out: 1, caps: [{ max: 2 }] }] })).toEqual([114, '/nft_limits/0/caps/0'])
    expect(fault({ nft_limits: [{ ...one, max_out: 1_000_001 }] })).toEqual([215, '/nft_limits/0/max_out'])
    const ids = Array.from({ length: 257 }, (_, index) => `${index}`)
    expect(fault({ nft_limits: [{ ...one, token_ids: ids }] })).toEqual([215, '/nft_limits/0/token_ids'])
    const many = Array.from({ length: 20 }, (_, index) => index + 1)
    const both = {
      spend_limits: many.map((n) => ({ token: `0x${n}`, total: '1' })),
      nft_limits: many.map((n) => ({ collection: `0x${n}` })),
    }
    expect(fault(both)).toEqual([215, '/nft_limits'])
  })

  test('a person lowers the number and takes leave away; a site is told where', () => {
    const policy = granted(whole)
    const edit = (id: string, value: bigint) =>
      applyEdits(policy, { limits: { [id]: u256(value) } }, { within: policy, now: NOW })
    for (const [id, value, pointer] of [
      [`${SHELL_METER}:total`, 1n, '/nft_limits/1/max_out'],
      [`${SHELL_METER}:approveOne`, 0n, '/nft_limits/1/approve_one'],
      [`nft:${GOODS}:approveAll`, 0n, '/nft_limits/0/approve_all'],
      [`nft:${GOODS}:calendar:day`, 0n, '/nft_limits/0/caps/0'],
    ] as const) {
      const effective = edit(id, value)
      expect(narrows(effective, policy)).toBe(true)
      expect(narrowedPointers(asked(whole), effective, NOW)).toEqual([pointer])
    }
    for (const [id, value] of [
      [`${SHELL_METER}:total`, 5n],
      [`${SHELL_METER}:approveAll`, 1n],
      [`${SHELL_METER}:approveOne`, 2n],
      [`${SHELL_METER}:perCall`, 0n],
    ] as const) {
      expect(() => edit(id, value), id).toThrow()
    }
    const open = granted({ nft_limits: [{ collection: SHELLS }] })
    const entered = applyEdits(
      open,
      { limits: { [`${SHELL_METER}:total`]: u256(3n) } },
      { within: open, now: NOW, enterable: [SHELLS] },
    )
    expect(entered.spend.limits).toMatchObject([{ maxOut: [{ max: 3 }] }])
  })

  test('an update replaces limits of collections and leaves those of tokens, and the other way round', () => {
    const session = {
      effective: granted({ ...whole, spend_limits: [{ token: STRK, total: '9' }] }),
      asked: asked(whole),
    }
    const change = (json: object) => {
      const parsed = parseUpdate({ id: 'a', ...json }, { now: NOW, selectorOf })
      const done = parsed.ok ? updated(session, parsed.update, facts, NOW) : parsed
      if (!done.ok) throw new Error(JSON.stringify(done.error))
      return { limits: done.policy.spend.limits, wider: done.wider, items: done.asked.items?.length }
    }
    const { limits } = session.effective.spend
    const names = (limits: SessionPolicy['spend']['limits']) => limits.map(({ asset }) => asset).sort()
    const fewer = change({ nft_limits: [whole.nft_limits[1]] })
    expect([names(fewer.limits), fewer.wider, fewer.items]).toEqual([['erc20', 'erc721'], [], 1])
    expect(fewer.limits).toContainEqual(limits.find(({ asset }) => asset === 'erc20'))
    const none = change({ spend_limits: [] })
    expect([names(none.limits), none.items]).toEqual([['erc1155', 'erc721'], 2])
    expect(none.limits).toEqual(limits.filter(({ asset }) => asset !== 'erc20'))
    const more = change({ nft_limits: [{ ...whole.nft_limits[1], max_out: 5 }, whole.nft_limits[0]] })
    expect(more.wider).toEqual(['/spend/limits/0/maxOut'])
  })

  test('a running session answers what is inside its limits', () => {
    const running = sampleSession(granted(whole), { asked: asked(whole) })
    const covered = (more: object) => covers(running, asked({ nft_limits: [{ collection: SHELLS, ...more }] }), NOW)
    expect([{}, { max_out: 4 }, { token_ids: ['2'] }, { approve_one: 'allow' }].map(covered)).not.toContain(false)
    expect(
      [{ max_out: 5 }, { token_ids: ['3'] }, { approve_all: 'allow' }, { recipients: [STRANGER] }].map(covered),
    ).not.toContain(true)
    expect(covers(running, asked(whole), NOW)).toBe(true)
    expect(covers(running, asked({ nft_limits: [{ collection: USD }] }), NOW)).toBe(false)
  })
})

describe('items in words', () => {
  const facts: ExplainFacts = {
    host: 'play.g.io',
    account: ACCOUNT,
    tokens: { [STRK]: { symbol: 'STRK', decimals: 18 } },
    names: { [GAME]: 'Arena', [SHELLS]: 'Shells', [GOODS]: 'Goods', [FRIEND]: 'Ann' },
    actions: {},
    backing: 'chain',
    runWhileLocked: true,
    words: {},
    balances: {},
    allowances: [],
    replaceable: [],
    enterable: [],
  }
  const said = (line: Line) => say(line, catalogue, { locale: 'en', zone: 'UTC', now: NOW }).replaceAll('\u00a0', ' ')
  const told = (...limits: NftLimit[]) => {
    const policy = policyOf(...limits)
    return explain(policy, { ...facts, within: policy }, NOW)
  }
  const rows = (...limits: NftLimit[]) =>
    told(...limits)
      .limits.filter(({ id }) => id.startsWith('nft:'))
      .map(({ title, line, by, fields }) =>
        [said(title), said(line), by, ...fields.map(({ label, value }) => `${said(label)} ${value}`)].join(' | '),
      )

  test('the worst case counts items; leave to take all is all of them, in red', () => {
    const all = { ...goods, approveAll: 'allow' as const }
    expect(
      [told(shells), told(shells, all)].flatMap(({ worst, summary, danger, risks }) => [
        said(worst),
        said(summary.worst),
        danger,
        risks.map(({ level, line }) => `${level}: ${said(line)}`),
      ]),
    ).toMatchInlineSnapshot(`
      [
        "At worst it spends 25 STRK and 0.8 STRK of fees, and gives away 2 items of Shells.",
        "At worst 25 STRK and 2 items of Shells + 0.8 STRK fees",
        false,
        [
          "warn: 1 action has no known name.",
        ],
        "At worst it spends 25 STRK and 0.8 STRK of fees, and gives away 2 items of Shells and all items of Goods, now and later.",
        "At worst 25 STRK, 2 items of Shells, and all items of Goods, now and later + 0.8 STRK fees",
        true,
        [
          "danger: Opens all your items of Goods to others, now and later.",
          "warn: 1 action has no known name.",
        ],
      ]
    `)
    const left = exposure(policyOf(shells), sampleBook(), [], NOW)
    expect(left.items).toEqual([{ collection: SHELLS, count: '2' }])
    expect(
      [
        explainLeft(left, facts),
        explainLeft({ ...left, fees: [] }, facts),
        explainLeft({ ...left, spend: [] }, facts),
        explainLeft({ ...left, spend: [], fees: [] }, facts),
      ].map(said),
    ).toMatchInlineSnapshot(`
      [
        "Can still spend at most 25 STRK and 0.8 STRK of fees, and give away 2 items of Shells.",
        "Can still spend at most 25 STRK and give away 2 items of Shells.",
        "Can still give away 2 items of Shells and pay at most 0.8 STRK of fees.",
        "Can still give away 2 items of Shells.",
      ]
    `)
  })

  test('the rows: how many, which, to whom, who may be given leave', () => {
    expect(rows(shells)).toMatchInlineSnapshot(`
      [
        "Items of Shells | 2 items in all | wallet | In all 2",
        "Items of Shells | to anyone | wallet",
        "Items of Shells | Nobody gets leave to take an item. | wallet",
      ]
    `)
    expect(
      rows({
        ...shells,
        tokenIds: [u256(1n), u256(7n)],
        recipients: [FRIEND],
        approveOne: 'allow',
        approveAll: 'allow',
        maxOut: [...shells.maxOut, { window: { kind: 'calendar', unit: 'day' }, max: 1 }],
      }),
    ).toMatchInlineSnapshot(`
      [
        "Items of Shells | 2 items in all and 1 item a day (UTC) | wallet | In all 2 | A day (UTC) 1",
        "Items of Shells | only items 1 and 7 | wallet",
        "Items of Shells | only to Ann | wallet",
        "Items of Shells | Arena may get leave to take single items, each counted as given away, or all your items, now and later. | wallet | Leave to take single items 1 | Leave to take all items 1",
      ]
    `)
    expect(
      [
        rows({ ...shells, approveOne: 'allow' }),
        rows({ ...shells, approveAll: 'allow', spenders: [GAME, FRIEND] }),
        rows({ ...shells, approveAll: 'allow', spenders: [] }),
        rows({ ...shells, tokenIds: [] }),
        rows({ ...shells, tokenIds: [u256(5n)], recipients: [] }),
      ].flat(),
    ).toMatchInlineSnapshot(`
      [
        "Items of Shells | 2 items in all | wallet | In all 2",
        "Items of Shells | to anyone | wallet",
        "Items of Shells | Arena may get leave to take single items; each counts as given away. | wallet | Leave to take single items 1",
        "Items of Shells | 2 items in all | wallet | In all 2",
        "Items of Shells | to anyone | wallet",
        "Items of Shells | Arena and Ann may get leave to take all your items, now and later. | wallet | Leave to take all items 1",
        "Items of Shells | 2 items in all | wallet | In all 2",
        "Items of Shells | to anyone | wallet",
        "Items of Shells | Nobody is named who may get leave to take all items. | wallet | Leave to take all items 1",
        "Items of Shells | 2 items in all | wallet | In all 2",
        "Items of Shells | no item | wallet",
        "Items of Shells | to anyone | wallet",
        "Items of Shells | Nobody gets leave to take an item. | wallet",
        "Items of Shells | 2 items in all | wallet | In all 2",
        "Items of Shells | only item 5 | wallet",
        "Items of Shells | to nobody | wallet",
        "Items of Shells | Nobody gets leave to take an item. | wallet",
      ]
    `)
    expect(told(shells, goods).cannot.map(said)).toContain('Give away other items')
    expect(
      told(shells, goods)
        .details.map(said)
        .filter((line) => /Shells|Goods/.test(line)),
    ).toMatchInlineSnapshot(`
      [
        "Each item of Shells is there once.",
        "If you were asked about leave to take items of Shells, it would be for Arena.",
        "Of each item of Goods there may be many.",
        "If you were asked about leave to take items of Goods, it would be for Arena.",
      ]
    `)
  })

  test('reasons', () => {
    const only = { ...shells, tokenIds: [u256(1n)], recipients: [FRIEND] }
    const policy = policyOf(only)
    const why = (one: Call) => {
      const verdict = judge([one], [only])
      const about = { ...facts, calls: [one], policy }
      return verdict.kind === 'auto' ? [] : verdict.reasons.map((reason) => said(explainReason(reason, about, NOW)))
    }
    const over = judge([send(1n), send(2n), send(3n)], [shells])
    expect([
      ...why(send(2n)),
      ...why(send(1n, STRANGER)),
      ...why(on(SHELLS, 'safe_transfer_from', [ACCOUNT, STRANGER, ...limbs(1n), NO_DATA])),
      ...why(on(SHELLS, 'set_approval_for_all', [STRANGER, felt(1)])),
      ...why(on(SHELLS, 'approve', [STRANGER, ...limbs(1n)])),
      ...why(on(SHELLS, 'approve' as const, [])),
      ...(over.kind === 'auto' ? [] : over.reasons).map((reason) =>
        said(explainReason(reason, { ...facts, calls: [send(1n)], policy }, NOW)),
      ),
    ]).toMatchInlineSnapshot(`
      [
        "This item of Shells is not part of the session.",
        "This session may not send Shells to 0x0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0bad.",
        "This session may not send Shells to 0x0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0bad.",
        "Would let others take all your items of Shells.",
        "This session may not let 0x0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0bad take Shells.",
        "Would let others take your Shells.",
        "This session may not let 0x0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0bad take Shells.",
        "approve on Shells cannot be read as a payment.",
        "Over 2 items in all: 2 items left, 3 items wanted.",
      ]
    `)
  })
})
