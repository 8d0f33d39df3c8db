import { describe, expect, test } from 'vitest'
import catalogue from '../../../public/_locales/en/messages.json'
import { selectorOf } from '../../starknet/selector.ts'
import { STRK } from '../account.ts'
import { type Address, address, padded, u256 } from '../felt.ts'
import { DAY } from '../time.ts'
import { type Line, say } from '../words.ts'
import { type ExplainFacts, explain } from './explain.ts'
import { type ClassFacts, type ResolveFacts, resolve } from './resolve.ts'
import { ACCOUNT, FRIEND, GAME, GAME_CLASS, NOW, sampleResolve, strk, TOKEN, USD } from './samples.ts'
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
  'windows: every one the life touches': {
    calls: [pay],
    spend_limits: [{ token: STRK, caps: [{ amount: strk(10), window: { calendar: 'day' } }] }],
    duration: 7 * DAY,
  },
  'approve counted': {
    calls: [on(STRK, 'approve'), on(MARKET, 'swap')],
    spend_limits: [{ token: STRK, total: strk(25), approvals: 'count' }],
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
}

const LONG: RequestSessionParams = {
  calls: Array.from({ length: 66 }, (_, index) =>
    on(GAME, `action_${index}`, index % 11 === 0 ? { max_calls: index + 1 } : {}),
  ),
}

describe('a policy as it is read', () => {
  test('the policies of the founding documents', async () => {
    await expect(read(SEEDS)).toMatchFileSnapshot('golden/seeds.txt')
  })

  test('each row of the sentence and of the risks', async () => {
    await expect(read(ROWS)).toMatchFileSnapshot('golden/rows.txt')
  })

  test('66 rules', async () => {
    await expect(read({ '66 rules': LONG })).toMatchFileSnapshot('golden/long.txt')
  })
})

function read(asked: Readonly<Record<string, RequestSessionParams>>): string {
  return Object.entries(asked)
    .map(([name, request]) => `=== ${name}\n${page(request)}\n`)
    .join('\n')
}

/** In the order of the screen. */
function page(request: RequestSessionParams): string {
  const parsed = parseRequest(request, { now: NOW, selectorOf })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error))
  const resolved = resolve(parsed.asked, chain, NOW)
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.error))
  const { asked } = parsed
  const facts = { ...known, words: asked.words, ...(asked.reason === undefined ? {} : { reason: asked.reason }) }
  const it = explain(resolved.policy, facts, NOW)
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

function said(line: Line): string {
  return say(line, catalogue, { locale: 'en', zone: 'UTC', now: NOW }).replaceAll('\u00a0', ' ')
}
