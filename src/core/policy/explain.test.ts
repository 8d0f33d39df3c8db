import { describe, expect, test } from 'vitest'
import catalogue from '../../../public/_locales/en/messages.json'
import { selectorOf } from '../../starknet/selector.ts'
import { LISTED, STRK } from '../account.ts'
import { felt, u256 } from '../felt.ts'
import { DAY } from '../time.ts'
import { count, type Line, say, text } from '../words.ts'
import { canReplaceCode, type ExplainFacts, enforcedBy, explain, explainLeft } from './explain.ts'
import { exposure } from './exposure.ts'
import type { CallRule, RuleId, SessionPolicy, TokenLimit } from './policy.ts'
import { ACCOUNT, FRIEND, GAME, moneySelector, NOW, STRANGER, samplePolicy, strk, USD } from './samples.ts'

const tokens = Object.fromEntries(LISTED.map(({ address, symbol, decimals }) => [address, { symbol, decimals }]))
const base = samplePolicy()
const facts: ExplainFacts = {
  host: 'play.g.io',
  account: ACCOUNT,
  tokens,
  names: { [ACCOUNT]: 'Game', [GAME]: 'Arena' },
  actions: {},
  backing: 'chain',
  runWhileLocked: true,
  words: { ['r1' as RuleId]: { label: 'Buy things' } },
  reason: 'Play rounds without popups',
  balances: {},
  allowances: [],
  replaceable: [],
  enterable: [],
}
const voice = { locale: 'en', zone: 'UTC', now: NOW }
const said = (line: Line) => say(line, catalogue, voice).replaceAll('\u00a0', ' ')
const told = (policy: Partial<SessionPolicy> = {}, more: Partial<ExplainFacts> = {}, now = NOW) =>
  explain({ ...base, ...policy }, { ...facts, ...more }, now)

describe('explain', () => {
  test('the sentence and the worst case', () => {
    const it = told()
    expect(it.headline.key).toBe('policy_headlineUses')
    expect(it.headline.args).toMatchObject({
      host: text('play.g.io'),
      actions: { line: { args: { n: count(4) } } },
      times: { line: { args: { n: count(200) } } },
    })
    expect([said(it.headline), said(it.worst), said(it.summary.worst), said(it.summary.end)]).toMatchInlineSnapshot(`
      [
        "Until tomorrow 08:00 (1 day), play.g.io may act for Game without asking: 4 actions on 2 contracts, at most 200 times.",
        "At worst it spends 25 STRK and 0.8 STRK of fees.",
        "At worst 25 STRK + 0.8 STRK fees",
        "ends tomorrow 08:00",
      ]
    `)
    expect(it.danger).toBe(false)
    expect(it.actions).toBe(4)
  })

  test('every row', () => {
    const it = told({}, { within: base })
    expect(
      it.can.map((row) =>
        [said(row.line), ...row.qualifiers.map(said), row.by, row.movesMoney, row.label ?? ''].join(' | '),
      ),
    ).toMatchInlineSnapshot(`
      [
        "move | needed by the site | both | false | ",
        "unknown action 0x2d88e868af0a1983e3886d5f3e95a2fafbd6c3450bc229e27342283dc429ccc | at most 50 times in all | wallet | false | Buy things",
        "transfer_from and transfer | both | true | ",
      ]
    `)
    expect(
      it.limits.map((row) => [row.id.replace(STRK, 'STRK'), said(row.title), said(row.line), row.by].join(' | ')),
    ).toMatchInlineSnapshot(`
      [
        "spend:STRK | STRK | 25 in all and 5 each | wallet",
        "spend:STRK:recipients | STRK | to anyone | wallet",
        "fee:STRK | Fees | 0.8 STRK in all | wallet",
        "tx | Uses | 200 in all and 10 in any 1 min | wallet",
      ]
    `)
    expect(
      it.limits.flatMap((row) =>
        row.fields.map((field) =>
          [field.id.replace(STRK, 'STRK'), said(field.label), field.value, field.max].join(' | '),
        ),
      ),
    ).toMatchInlineSnapshot(`
      [
        "spend:STRK:total | In all | 25000000000000000000 | 25000000000000000000",
        "spend:STRK:perCall | Each | 5000000000000000000 | 5000000000000000000",
        "fee:STRK:total | In all | 800000000000000000 | 800000000000000000",
        "tx:session | In all | 200 | 200",
        "tx:rolling:60 | In any 1 min | 10 | 10",
      ]
    `)
    expect([...it.cannot, ...it.held, it.notCounted, ...it.details].map(said)).toMatchInlineSnapshot(`
      [
        "Change your account or its keys",
        "Spend other tokens",
        "Let others take your tokens",
        "Act after the end, or while Latchkey is off",
        "Key in Latchkey",
        "Runs while locked",
        "What you keep inside these contracts (deposits, items) is not counted.",
        "From today 08:00.",
        "Until tomorrow 08:00.",
        "Your account pays the fees.",
        "At most 20 actions in one transaction.",
        "At most 16 transactions unfinished at a time.",
        "What left is counted from each receipt.",
        "Nobody gets leave to take your STRK.",
        "Latchkey pauses if the code of Arena is not 0x0000000000000000000000000000000000000000000000000000000000009a3e any more.",
        "Latchkey pauses if the code of 0x0471 8f5a 0fc3 4cc1 af16 a1cd ee98 ffb2 0c31 f5cd 61d6 ab07 2018 58f4 287c 938d is not 0x00000000000000000000000000000000000000000000000000000000000070c3 any more.",
      ]
    `)
    expect(it.quotes).toEqual(['Play rounds without popups'])
  })

  test('no text of the site is in a sentence', () => {
    const it = told(
      {},
      { words: { ['r0' as RuleId]: { label: 'EVIL', description: 'EVIL' } }, label: 'EVIL', reason: 'EVIL' },
    )
    const { can, quotes, ...lines } = it
    expect(JSON.stringify([lines, can.map(({ label: _, ...row }) => row)])).not.toContain('EVIL')
    expect(quotes).toEqual(['EVIL', 'EVIL'])
  })

  test('a session that spends nothing, one that starts later, one with a single use', () => {
    const free = told({
      spend: { ...base.spend, limits: [] },
      validAfter: NOW + 3_600,
      usage: { ...base.usage, tx: [{ window: { kind: 'session' }, max: 1 }] },
    })
    expect([
      said(free.headline),
      said(free.worst),
      said(free.summary.worst),
      ...free.cannot.map(said),
    ]).toMatchInlineSnapshot(`
      [
        "Until tomorrow 08:00 (23 h), play.g.io may act for Game without asking: 4 actions on 2 contracts, at most 1 time, from today 09:00.",
        "It cannot spend your tokens. Fees can reach 0.8 STRK.",
        "At worst 0.8 STRK fees",
        "Change your account or its keys",
        "Spend your tokens",
        "Let others take your tokens",
        "Act after the end, or while Latchkey is off",
      ]
    `)
    expect(free.limits.map((row) => said(row.line))[0]).toBe('From today 09:00.')
    const none = told({
      spend: { ...base.spend, limits: [] },
      fees: { payer: 'account', tokens: [] },
      usage: { ...base.usage, tx: [] },
    })
    expect([none.headline.key, said(none.worst), said(none.summary.worst)]).toEqual([
      'policy_headline',
      'It cannot spend your tokens or pay fees.',
      'At worst nothing',
    ])
    expect(told({ usage: { ...base.usage, tx: [] }, validAfter: NOW + 1 }).headline.key).toBe('policy_headlineFrom')
  })

  test('amounts of tokens nobody listed are raw integers with the full address', () => {
    const [limit] = base.spend.limits as [TokenLimit]
    const it = told({
      spend: {
        ...base.spend,
        limits: [{ ...limit, token: USD, caps: [{ window: { kind: 'session' }, max: u256(25_000n) }] }],
      },
    })
    expect(said(it.worst)).toMatch(/^At worst it spends 25000 of 0x0000 .* 53c9 and 0.8 STRK of fees\.$/)
    const listed = told({
      spend: { ...base.spend, limits: [{ ...limit, caps: [{ window: { kind: 'session' }, max: u256(25n) }] }] },
    })
    expect(said(listed.worst)).toBe('At worst it spends 0.000000000000000025 STRK and 0.8 STRK of fees.')
  })

  test('everything is said as everything', () => {
    const [limit] = base.spend.limits as [TokenLimit]
    const { perCall: _, ...plain } = limit
    const huge = {
      spend: {
        ...base.spend,
        limits: [{ ...plain, caps: [{ window: { kind: 'session' as const }, max: u256(2n ** 256n - 1n) }] }],
      },
    }
    const it = told(huge, { balances: { [STRK]: strk(31), [USD]: u256(0n) } })
    expect([said(it.worst), said(it.summary.worst), it.danger]).toEqual([
      'At worst it takes everything in this account, now 31 STRK.',
      'At worst everything in this account',
      true,
    ])
    expect(said(told(huge).worst)).toBe('At worst it takes everything in this account.')
  })

  test('it says who has the key: this wallet, or the site and never this wallet', () => {
    const held = (more: Partial<ExplainFacts>) => told({}, more).held.map(({ key }) => key)
    expect(held({})).toEqual(['policy_heldWallet', 'policy_runsLocked'])
    expect(held({ siteKey: { wrote: true } })).toEqual(['session_siteKey', 'session_siteWrote', 'policy_runsLocked'])
    expect(held({ siteKey: { wrote: false } })).toEqual(['session_siteKey', 'policy_runsLocked'])
    expect(told({}, { siteKey: { wrote: true } }).held[0]?.args).toEqual({ host: text('play.g.io') })
    const agent = told({}, { siteKey: { wrote: false, publicKey: felt('0xa'), agent: 'Bot' } })
    expect(agent.held[0]).toMatchObject({ key: 'session_agentKey', args: { host: text('play.g.io') } })
    expect(agent.risks.map((risk) => risk.line.key)).toContain('policy_riskAgentKey')
    // The name is the site's word for it: quoted, and in no sentence. The key itself is told.
    expect(agent.quotes).toContain('Bot')
    expect(JSON.stringify([agent.held, agent.risks, agent.details])).not.toContain('Bot')
    expect(agent.details.map(({ key }) => key)).toContain('policy_publicKey')
  })

  test('risks stand in their order, danger first', () => {
    const admin = {
      ...(base.calls[0] as CallRule),
      id: 'r3' as RuleId,
      entrypoints: [{ selector: selectorOf('grant_role'), name: 'grant_role' }, { selector: selectorOf('rename') }],
    }
    const it = told(
      { calls: [...base.calls, admin] },
      {
        backing: 'wallet',
        siteKey: { wrote: true },
        allowances: [
          { token: STRK, spender: GAME, amount: strk(100) },
          { token: STRK, spender: STRANGER, amount: strk(100) },
        ],
        replaceable: [GAME, USD],
        askedLife: 30 * DAY,
        balances: { [STRK]: strk(259) },
      },
    )
    expect(it.risks.map(({ level, line }) => `${level}: ${said(line)}`)).toMatchInlineSnapshot(`
      [
        "danger: grant_role can hand over control of Arena.",
        "warn: Arena may already take 100 STRK.",
        "warn: 2 actions have no known name.",
        "warn: The owner of Arena can change what it does. Latchkey pauses if that happens.",
        "warn: The site holds the key. A leak lets others use this session.",
        "warn: Starknet does not know these limits. Only this wallet does.",
        "warn: Long. The site asks 30 days.",
        "note: This account holds much more.",
      ]
    `)
    expect(
      told({}, { balances: { [STRK]: strk(258) }, askedLife: 7 * DAY }).risks.map(({ line }) => said(line)),
    ).toEqual(['1 action has no known name.'])
    expect(
      told(
        {},
        {
          actions: {
            [(base.calls[1] as { entrypoints: { selector: string }[] }).entrypoints[0]?.selector as never]: 'buy',
          },
        },
      ).risks,
    ).toEqual([])
  })

  test('enforced by: the chain knows the list, the end and the key', () => {
    expect(
      ['actions', 'end', 'ownAccounts', 'key', 'other'].map((member) => enforcedBy(member as 'end', 'chain')),
    ).toEqual(['both', 'both', 'both', 'both', 'wallet'])
    expect(enforcedBy('actions', 'wallet')).toBe('wallet')
  })

  test('sponsored-only entrypoints are told at approval', () => {
    const [rule] = base.calls as [CallRule]
    const paid = (fees: Partial<SessionPolicy['fees']>, sponsoredOnly?: true): SessionPolicy => ({
      ...base,
      calls: [{ ...rule, ...(sponsoredOnly === undefined ? {} : { sponsoredOnly }) }],
      fees: { ...base.fees, ...fees },
    })
    const told = (policy: SessionPolicy) => {
      const it = explain(policy, facts, NOW)
      const payer = it.limits.find(({ id }) => id === 'payer')
      return {
        risks: it.risks.flatMap(({ line }) => (/^policy_risk(Sponsored|Service)/.test(line.key) ? [said(line)] : [])),
        rule: it.can[0]?.qualifiers.map(said).includes('only when somebody else pays the fee'),
        by: it.can[0]?.by,
        payer: payer && said(payer.line),
      }
    }
    expect(told(paid({}))).toEqual({ risks: [], rule: false, by: 'both', payer: undefined })
    expect(told(paid({ payer: 'either' }, true))).toEqual({
      risks: [
        'Only a sponsor may pay for move, and the site names no service that Latchkey could ask: this will be refused.',
      ],
      rule: true,
      by: 'wallet',
      payer: 'you; a sponsor may pay instead',
    })
    expect(told(paid({ payer: 'paymaster', tokens: [], paymasters: ['https://pay.example'] }))).toEqual({
      risks: [
        'Only a sponsor may pay the fees, and the site names no service that Latchkey could ask: every action will be refused.',
      ],
      rule: false,
      by: 'both',
      payer: 'pay.example, never you',
    })
    const asked = [
      'Latchkey asks pay.example to pay each time. It sees what you do here. Where it does not pay, nothing is sent.',
    ]
    expect(told(paid({ payer: 'paymaster', tokens: [], service: 'https://pay.example/v1' })).risks).toEqual(asked)
    expect(told(paid({ payer: 'either', service: 'https://pay.example/v1' }, true)).risks).toEqual(asked)
    // The site lets the account pay as well: it never does, because the service is asked each time.
    const any = explain(paid({ payer: 'either', service: 'https://pay.example/v1' }), facts, NOW)
    expect(any.limits.flatMap(({ id, line }) => (id === 'payer' ? [said(line)] : []))).toEqual([
      'only through pay.example, for no more than the fees below',
    ])
    expect(any.details.map(said)).toContain(
      'The site would let your account pay as well. Latchkey only ever asks the service.',
    )
    expect(told(paid({ payer: 'paymaster', tokens: [], service: 'https://pay.example/v1' })).payer).toBe(
      'pay.example, never you',
    )
    const here = 'http://127.0.0.1:5060'
    expect(told(paid({ payer: 'paymaster', service: here })).risks).toEqual([
      expect.stringContaining(`asks ${here} to pay`),
    ])
    expect(told(paid({ payer: 'account', service: 'https://pay.example/v1' })).risks).toEqual([])
    expect(told(paid({ payer: 'paymaster' })).payer).toBe('only through a sponsor, for no more than the fees below')
    expect(told(paid({ payer: 'either', paymasters: [] })).payer).toBe('you; nobody may pay instead')
    // Switched off it is no risk.
    const off = paid({ payer: 'either' }, true)
    expect(told({ ...off, calls: off.calls.map((one) => ({ ...one, enabled: false })) }).risks).toEqual([])
  })

  test('what could not be looked up of what contracts may already take is said', () => {
    const risks = (unread: boolean) => told({}, { unread }).risks.map(({ level, line: { key } }) => `${level} ${key}`)
    expect(risks(true)).toContain('warn policy_riskAllowanceUnread')
    expect(risks(false)).not.toContain('warn policy_riskAllowanceUnread')
  })

  test('what contracts may already take can be set to 0 first, where it is asked', () => {
    const allowances = [{ token: STRK, spender: GAME, amount: strk(100) }]
    const risk = (clears?: boolean) => {
      const { risks } = told({}, { allowances, ...(clears === undefined ? {} : { clears }) })
      return risks.filter(({ line: { key } }) => key === 'policy_riskAllowance' || key === 'policy_riskCleared')
    }
    const open = [{ level: 'warn', line: expect.anything() }]
    expect(risk()).toEqual(open)
    expect(risk(false)).toEqual([{ ...open[0], clears: false }])
    const [cleared] = risk(true)
    expect(cleared).toMatchObject({ level: 'note', clears: true })
    expect(said(cleared!.line)).toBe('Arena may take 100 STRK now. That is set to 0 before the session starts.')
  })

  test('a class whose owner can replace it is known by its entrypoints', () => {
    expect(canReplaceCode([{ selector: selectorOf('upgrade') }])).toBe(true)
    expect(canReplaceCode([{ selector: selectorOf('grant_role') }, { selector: moneySelector('transfer') }])).toBe(
      false,
    )
  })

  test('what a running session can still take', () => {
    const left = exposure(base, undefined, [], NOW)
    expect(said(explainLeft(left, facts))).toBe('Can still spend at most 25 STRK and 0.8 STRK of fees.')
    expect(said(explainLeft({ ...left, spend: [] }, facts))).toBe('Can still pay at most 0.8 STRK of fees.')
    expect(said(explainLeft({ ...left, fees: [] }, facts))).toBe('Can still spend at most 25 STRK.')
    expect(said(explainLeft({ ...left, spend: [], fees: [] }, facts))).toBe('Can spend nothing more.')
    expect(said(explainLeft({ ...left, everything: true }, facts))).toBe('Can still take everything in this account.')
  })

  test('windows, streams and what others let the account take, in words', () => {
    const [limit] = base.spend.limits as [TokenLimit]
    const rows = (changes: Partial<TokenLimit>, within?: SessionPolicy) =>
      told({ spend: { ...base.spend, limits: [{ ...limit, ...changes }] } }, within && { within }).limits
    const lines = (changes: Partial<TokenLimit>) =>
      rows(changes)
        .filter(({ id }) => id.startsWith('spend:'))
        .map((row) => said(row.line))
    const units = ['minute', 'hour', 'day', 'week', 'month', 'year'] as const
    const caps = [
      { window: { kind: 'session' }, max: strk(9) },
      ...units.map((unit) => ({ window: { kind: 'calendar', unit }, max: strk(8) }) as const),
      { window: { kind: 'fixed', seconds: 7 * DAY, anchor: NOW }, max: strk(7) },
      { window: { kind: 'rolling', seconds: 3_600 }, max: strk(6) },
    ] as const
    const { perCall: _, ...bare } = limit
    const spend = { ...base.spend, limits: [{ ...bare, caps: [...caps] }] }
    const [row] = told({ spend }, { within: { ...base, spend } }).limits
    expect(said(row!.line)).toMatchInlineSnapshot(
      `"9 in all, 8 a minute (UTC), 8 an hour (UTC), 8 a day (UTC), 8 a week (UTC), 8 a month (UTC), 8 a year (UTC), 7 every 7 days from today 08:00, and 6 in any 1 hour"`,
    )
    expect(
      row!.fields.map(({ id, label }) => [id.replace(STRK, 'STRK'), said(label)].join(' | ')),
    ).toMatchInlineSnapshot(`
      [
        "spend:STRK:total | In all",
        "spend:STRK:calendar:minute | A minute (UTC)",
        "spend:STRK:calendar:hour | An hour (UTC)",
        "spend:STRK:calendar:day | A day (UTC)",
        "spend:STRK:calendar:week | A week (UTC)",
        "spend:STRK:calendar:month | A month (UTC)",
        "spend:STRK:calendar:year | A year (UTC)",
        "spend:STRK:fixed:604800:1800000000 | Every 7 days from today 08:00",
        "spend:STRK:rolling:3600 | In any 1 hour",
      ]
    `)
    const stream = { start: NOW, initial: u256(0n), perSecond: u256(10n ** 18n / 100n) }
    expect([
      lines({ caps: [], stream }),
      lines({ caps: [], stream: { ...stream, max: strk(900) } }),
      lines({ caps: [], stream: { ...stream, initial: strk(2) } }),
      lines({ stream: { ...stream, initial: strk(2), max: strk(900) }, foreignTransferFrom: 'count' }),
    ]).toMatchInlineSnapshot(`
      [
        [
          "864 STRK a day building up each second from today 08:00 and 5 each",
          "to anyone",
        ],
        [
          "864 STRK a day building up each second from today 08:00 (900 STRK at most) and 5 each",
          "to anyone",
        ],
        [
          "2 STRK from today 08:00 plus 864 STRK a day building up each second and 5 each",
          "to anyone",
        ],
        [
          "25 in all, 2 STRK from today 08:00 plus 864 STRK a day building up each second (900 STRK at most), and 5 each",
          "to anyone",
          "Also what others let this account take from them; it counts the same.",
        ],
      ]
    `)
  })

  test('property: one changed leaf reads differently', () => {
    const [limit] = base.spend.limits as [TokenLimit]
    const policy: SessionPolicy = {
      ...base,
      calls: base.calls.map((rule) => ({
        ...rule,
        caps: [
          { window: { kind: 'session' }, max: 9 },
          { window: { kind: 'rolling', seconds: 60 }, max: 3 },
        ],
        codePin: { ...(rule.codePin as NonNullable<CallRule['codePin']>), impl: '0x9' as never },
        sponsoredOnly: true as const,
      })),
      spend: {
        ...base.spend,
        limits: [
          {
            ...limit,
            perTx: strk(9),
            caps: [
              ...limit.caps,
              { window: { kind: 'calendar', unit: 'day' }, max: strk(8) },
              { window: { kind: 'fixed', seconds: 600, anchor: 60 }, max: strk(7) },
            ],
            stream: { start: NOW, initial: strk(1), perSecond: u256(3n), max: strk(6) },
            recipients: [FRIEND, STRANGER],
          },
          {
            asset: 'erc721',
            collection: USD,
            tokenIds: [u256(7n)],
            maxOut: [{ window: { kind: 'session' }, max: 2 }],
            recipients: [FRIEND],
            spenders: [GAME],
            approveOne: 'forbid',
            approveAll: 'allow',
          },
        ],
      },
      fees: {
        ...base.fees,
        tokens: [{ token: STRK, perTx: strk(1), caps: base.fees.tokens[0]?.caps ?? [] }],
        paymasters: ['0x9', 'https://pay.example'],
        service: 'https://pay.example/v1',
        maxTipPerGas: u256(5n),
      },
      usage: { ...base.usage, calls: [{ window: { kind: 'session' }, max: 900 }], minGap: 2 },
    }
    // The words of the reader's language are left out: two lines that differ only in rendering would be one line.
    const lines = (it: SessionPolicy) =>
      JSON.stringify({ ...explain(it, facts, NOW), can: explain(it, facts, NOW).can.map(({ id: _, ...row }) => row) })
    const before = lines(policy)
    let leaves = 0
    for (const { changed, path } of oneLeafChanged(policy)) {
      leaves += 1
      expect(lines(changed as SessionPolicy), path).not.toBe(before)
    }
    expect(leaves).toBe(71)
  })
})

/** Every leaf that this version decides, to another value of its kind. Ids, `v` and fixed members have none. */
function* oneLeafChanged(value: unknown, path = ''): Generator<{ changed: unknown; path: string }> {
  if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      // A name is there only if it hashes to the selector: they change together.
      if (key === 'selector' && 'name' in value) continue
      for (const { changed, path: below } of oneLeafChanged(member, `${path}/${key}`)) {
        yield {
          path: below,
          changed: Array.isArray(value) ? value.with(Number(key), changed) : { ...value, [key]: changed },
        }
      }
    }
    return
  }
  if (/\/(v|id|asset|kind|approvals|foreignTransferFrom|sponsoredOnly)$/.test(path)) return
  yield { path, changed: other(value) }
}

function other(value: unknown): unknown {
  if (typeof value === 'number') return value + 1
  if (typeof value === 'boolean') return !value
  if (value === 'forbid' || value === 'allow') return value === 'allow' ? 'forbid' : 'allow'
  if (value === 'receipt') return 'simulate'
  if (value === 'account') return 'either'
  if (value === 'day') return 'week'
  if (value === 'pause') return 'warn'
  if (typeof value === 'string' && /^0x/.test(value)) return `0x${(BigInt(value) + 1n).toString(16)}`
  return typeof value === 'string' && /^[0-9]+$/.test(value) ? `${BigInt(value) + 1n}` : `${String(value)}x`
}
