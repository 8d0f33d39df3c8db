import { describe, expect, test } from 'vitest'
import english from '../../../public/_locales/en/messages.json'
import spanish from '../../../public/_locales/es/messages.json'
import chinese from '../../../public/_locales/zh_CN/messages.json'
import { messageRules } from '../../cold/message-rules.ts'
import { selectorOf } from '../../starknet/selector.ts'
import { STRK } from '../account.ts'
import { type Address, address, padded, u256 } from '../felt.ts'
import { DAY } from '../time.ts'
import { type Catalogue, type Line, say } from '../words.ts'
import { type ExplainFacts, explain } from './explain.ts'
import { type ClassFacts, type ResolveFacts, resolve } from './resolve.ts'
import { ACCOUNT, FRIEND, GAME, GAME_CLASS, NOW, sampleResolve, strk, TOKEN, USD } from './samples.ts'
import { backingOf } from './wildcards.ts'
import { parseRequest } from './wire.ts'
import type { RequestSessionParams } from './wire-shape.ts'

const MARKET = address('0x3a7')
const HOUR = 3_600
const usdc = (units: number) => u256(BigInt(units) * 10n ** 6n)

const entry = (name: string, params: ClassFacts['entrypoints'][number]['params'] = []) => ({
  name,
  selector: selectorOf(name),
  kind: 'external' as const,
  params,
})
const u256Param = (name: string) => ({ name, shape: { t: 'u256' } as const })
const addressParam = (name: string) => ({ name, shape: { t: 'address' } as const })
const token: ClassFacts = {
  ...TOKEN,
  entrypoints: [
    entry('transfer', [addressParam('recipient'), u256Param('amount')]),
    entry('transfer_from', [addressParam('sender'), addressParam('recipient'), u256Param('amount')]),
    entry('approve', [addressParam('spender'), u256Param('amount')]),
  ],
}
const chain: ResolveFacts = sampleResolve({
  classes: {
    [GAME]: {
      classHash: GAME_CLASS,
      entrypoints: [
        entry('move'),
        entry('buy', [u256Param('price')]),
        entry('rename'),
        entry('stake', [u256Param('amount')]),
      ],
    },
    [MARKET]: { classHash: GAME_CLASS, entrypoints: [entry('swap', [u256Param('amount')])] },
    [STRK]: token,
    [USD]: token,
  },
})
const known: ExplainFacts = {
  host: 'play.g.io',
  account: ACCOUNT,
  tokens: { [STRK]: { symbol: 'STRK', decimals: 18 }, [USD]: { symbol: 'USDC', decimals: 6 } },
  names: {
    [STRK]: 'STRK',
    [USD]: 'USDC',
    [ACCOUNT]: 'Game',
    [GAME]: 'Arena',
    [MARKET]: 'Market',
    [FRIEND]: 'Magazine',
  },
  actions: {},
  backing: 'chain',
  runWhileLocked: true,
  words: {},
  balances: { [STRK]: strk(31) },
  allowances: [],
  replaceable: [],
  enterable: [],
}

const on = (contract: Address, entry_point: string | string[], more: object = {}) => ({
  contract_address: contract,
  entry_point,
  ...more,
})
const move = on(GAME, 'move', { required: true })
const pay = on(STRK, 'transfer')

const ORDERS = {
  StarknetDomain: ['name', 'version', 'chainId', 'revision'].map((name) => ({ name, type: 'shortstring' })),
  Order: [
    { name: 'side', type: 'shortstring' },
    { name: 'token', type: 'ContractAddress' },
    { name: 'amount', type: 'u128' },
  ],
  Login: [{ name: 'text', type: 'string' }],
}

/** The founding documents' own policies, in the wallet's shape (seeds.md 7.6); amounts are theirs. */
const SEEDS: Readonly<Record<string, RequestSessionParams>> = {
  'x-sessions v1: two methods until a second': { calls: [on(GAME, ['move', 'buy'])], valid_until: NOW + 7 * DAY },
  'offchain sessions: a token, its fee cap': { calls: [pay], duration: DAY, fees: { max_total: strk(1) } },
  'Chipi, games: 50 turns in an hour': { calls: [move], duration: HOUR, usage: { max_transactions: 50 } },
  'Chipi, tips: 1 each, 5 a day': {
    calls: [on(USD, 'transfer')],
    spend_limits: [{ token: USD, per_call: usdc(1), caps: [{ amount: usdc(5), window: { calendar: 'day' } }] }],
    duration: 7 * DAY,
  },
  'Chipi, trading: approve and swap, set back': {
    calls: [on(USD, 'approve'), on(MARKET, 'swap')],
    spend_limits: [{ token: USD, total: usdc(100), approvals: 'reset_after', spenders: [MARKET] }],
  },
  'Chipi, subscription: one payee, 10 every 30 days': {
    calls: [on(USD, 'transfer')],
    spend_limits: [{ token: USD, per_period: { amount: usdc(10), seconds: 30 * DAY }, recipients: [FRIEND] }],
    duration: 90 * DAY,
  },
  'Biconomy: 1,000 each and in all, from a second': {
    calls: [pay],
    spend_limits: [{ token: STRK, per_call: strk(1_000), total: strk(1_000) }],
    valid_after: NOW + HOUR,
    valid_until: NOW + DAY + 1,
  },
  'Alchemy: spend limits that refresh, a gas limit': {
    calls: [pay, on(USD, 'transfer'), on(GAME, 'stake')],
    spend_limits: [
      { token: STRK, per_period: { amount: strk(10), seconds: DAY } },
      { token: USD, total: usdc(500) },
    ],
    fees: { caps: [{ amount: strk(1), window: { fixed: DAY } }] },
    duration: 3 * DAY,
  },
}

/** The rows of the sentence's table and of the risk strip (approval-ux.md 8). */
const ROWS: Readonly<Record<string, RequestSessionParams>> = {
  'the game of the picture': {
    calls: [
      move,
      on(GAME, 'buy', { args: { at: 'price', op: 'lte', value: strk(5) }, label: 'Buy things' }),
      on(GAME, 'rename', { enabled: false }),
      pay,
    ],
    spend_limits: [{ token: STRK, total: strk(25), per_call: strk(5) }],
    fees: { max_total: u256(8n * 10n ** 17n) },
    usage: { max_transactions: 200, rate: { transactions: 10, seconds: 60 } },
    reason: 'Play rounds without popups',
  },
  'no spending': { calls: [move] },
  'messages: orders up to 100 of two tokens, and logins that are asked': {
    calls: [move],
    messages: [
      {
        domain: { name: 'Market', version: '1', chainId: 'SN_SEPOLIA', revision: '1' },
        types: ORDERS,
        primary_type: 'Order',
        fields: [
          { path: ['side'], op: 'eq', value: 'buy' },
          { path: ['token'], op: 'in', value: [STRK, USD] },
          { path: ['amount'], op: 'lte', value: '100' },
        ],
        caps: [{ max: 20 }, { max: 5, window: { rolling: HOUR } }],
        required: true,
      },
      {
        domain: { name: 'Arena', version: '1', chainId: 'SN_SEPOLIA', revision: '1' },
        types: ORDERS,
        primary_type: 'Login',
      },
    ],
  },
  'messages alone: orders, and nothing that is sent': {
    calls: [],
    messages: [
      {
        domain: { name: 'Market', version: '1', chainId: 'SN_SEPOLIA', revision: '1' },
        types: ORDERS,
        primary_type: 'Order',
        fields: [{ path: ['side'], op: 'eq', value: 'buy' }],
      },
    ],
    duration: HOUR,
  },
  'windows: every one the life touches': {
    calls: [pay],
    spend_limits: [{ token: STRK, caps: [{ amount: strk(10), window: { calendar: 'day' } }] }],
    duration: 7 * DAY,
  },
  'approve counted': {
    calls: [on(STRK, 'approve'), on(MARKET, 'swap')],
    spend_limits: [{ token: STRK, total: strk(25), approvals: 'count' }],
  },
  'a sponsor pays everything': {
    calls: [move],
    fees: { payer: 'sponsor', paymasters: ['https://pay.example'], paymaster_url: 'https://pay.example/v1' },
  },
  'a sponsor pays, for some of your tokens': {
    calls: [pay],
    spend_limits: [{ token: STRK, total: strk(1) }],
    fees: { payer: 'sponsor', tokens: [{ token: USD, max_total: usdc(2), max_per_tx: usdc(1) }] },
  },
  'you pay, and a sponsor for one action': {
    calls: [move, on(GAME, 'buy', { sponsored_only: true })],
    fees: { payer: 'any', paymasters: [FRIEND, 'https://pay.example:8443'] },
  },
  'leave to nobody': {
    calls: [pay],
    spend_limits: [{ token: STRK, total: strk(1), approvals: 'count', spenders: [] }],
  },
  'everything, and control': {
    calls: [on(GAME, 'grant_role'), pay],
    spend_limits: [{ token: STRK, total: u256(2n ** 256n - 1n) }],
  },
  'a stream, a total of an argument, a gap, a deny rule': {
    calls: [pay, on(GAME, 'stake', { sums: [{ at: 'amount', caps: [{ amount: strk(50) }] }] })],
    deny: [on(GAME, 'rename')],
    spend_limits: [
      {
        token: STRK,
        stream: { initial: strk(1), per_second: '11574074074074', max: strk(9) },
        recipients: ['self', FRIEND],
      },
    ],
    fees: { max_total: strk(2), max_per_tx: strk(1), max_tip_per_gas: '1000' },
    usage: { min_gap: 30, call_caps: [{ max: 40 }] },
    valid_after: NOW + HOUR,
    duration: 2 * DAY,
  },
  'a service that pays, where the site would let the account pay as well': {
    calls: [move],
    fees: { payer: 'any', paymaster_url: 'https://pay.example/v1', max_total: strk(2) },
  },
}
/** Its site wrote it and has its key. */
const WRITTEN: Readonly<Record<string, RequestSessionParams>> = { 'written by the site': { calls: [move] } }

const LONG: RequestSessionParams = {
  calls: Array.from({ length: 66 }, (_, index) =>
    on(GAME, `action_${index}`, index % 11 === 0 ? { max_calls: index + 1 } : {}),
  ),
}

interface Language {
  readonly locale: string
  readonly catalogue: Catalogue
}
const ENGLISH: Language = { locale: 'en', catalogue: english }
/** What a person agrees to, in each language that is shipped. */
const OTHERS: readonly Language[] = [
  { locale: 'es', catalogue: spanish },
  { locale: 'zh-CN', catalogue: chinese },
]

describe('a policy as it is read', () => {
  test('the policies of the founding documents', async () => {
    await expect(read(SEEDS, ENGLISH)).toMatchFileSnapshot('golden/seeds.txt')
  })

  test('each row of the sentence and of the risks', async () => {
    await expect([read(ROWS, ENGLISH), readWritten(ENGLISH)].join('\n')).toMatchFileSnapshot('golden/rows.txt')
  })

  test('66 rules', async () => {
    await expect(read({ '66 rules': LONG }, ENGLISH)).toMatchFileSnapshot('golden/long.txt')
  })

  test.each(OTHERS)('all of these in $locale', async (language) => {
    const all = [read({ ...SEEDS, ...ROWS, '66 rules': LONG }, language), readWritten(language)].join('\n')
    await expect(all).toMatchFileSnapshot(`golden/${language.locale}.txt`)
  })
})

const readWritten = (language: Language) => read(WRITTEN, language, { siteKey: { wrote: true } })

function read(
  asked: Readonly<Record<string, RequestSessionParams>>,
  language: Language,
  more: Partial<ExplainFacts> = {},
): string {
  return Object.entries(asked)
    .map(([name, request]) => `=== ${name}\n${page(request, language, more)}\n`)
    .join('\n')
}

/** In the order of the screen. */
function page(request: RequestSessionParams, { locale, catalogue }: Language, more: Partial<ExplainFacts>): string {
  const parsed = parseRequest(request, { now: NOW, selectorOf, typedData: messageRules })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error))
  const resolved = resolve(parsed.asked, chain, NOW)
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.error))
  const { asked } = parsed
  const messages = asked.messages === undefined ? {} : { messages: asked.messages }
  const facts = {
    ...known,
    ...messages,
    backing: backingOf(resolved.policy),
    words: asked.words,
    ...(asked.reason === undefined ? {} : { reason: asked.reason }),
    ...more,
  }
  const it = explain(resolved.policy, facts, NOW)
  const said = (line: Line) => say(line, catalogue, { locale, zone: 'UTC', now: NOW }).replaceAll('\u00a0', ' ')
  const part = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : [title, ...lines.map((one) => `  ${one}`)]
  return [
    said(it.headline),
    said(it.worst),
    ...part(
      'Risks',
      it.risks.map(({ level, line }) => `${level}: ${said(line)}`),
    ),
    ...part(
      'Can',
      it.can.map(
        ({ contract, contractName, line, qualifiers, label, by }) =>
          `${contract === '*' ? 'any contract' : (contractName ?? padded(contract))}: ${[line, ...qualifiers].map(said).join(' · ')}${label === undefined ? '' : ` “${label}”`} [${by}]`,
      ),
    ),
    ...part(
      'Limits',
      it.limits.map(({ title, line, by }) => `${said(title)}: ${said(line)} [${by}]`),
    ),
    ...part('Cannot', it.cannot.map(said)),
    ...part('Held', it.held.map(said)),
    ...part('Site says', it.quotes),
    ...part('Details', it.details.map(said)),
    `Bar: ${said(it.summary.worst)} · ${said(it.summary.end)}`,
  ].join('\n')
}
