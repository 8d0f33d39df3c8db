/** Canned Views: what the worker would compute for one afternoon. Amounts, sites and addresses are examples. */
import { type Address, address, type ClassHash, felt, type Hash32, type U256 } from '../../src/core/felt.ts'
import type { RequestSessionParams } from '../../src/core/policy/wire-shape.ts'
import type {
  AccountView,
  ActivityView,
  ConnectView,
  MessageView,
  MeterView,
  RuleView,
  SessionRequestView,
  SessionView,
  SiteView,
  TransactionView,
  Verb,
  VerbError,
  Verbs,
  View,
} from '../../src/core/protocol/ui.ts'
import { DAY } from '../../src/core/time.ts'
import {
  amount,
  count,
  duration,
  inner,
  type Line,
  line,
  list,
  type MessageKey,
  place,
  text,
  time,
} from '../../src/core/words.ts'
import { COLLECTION, explained, MARKET } from './asked.ts'
import { lifeViews } from './life.ts'

import { connected, placesOf, placesScreens } from './places.ts'
/** Wednesday 26 November 2025, 14:05 in Berlin. */
export const NOW = 1_764_162_300
export const STRK = { symbol: 'STRK', decimals: 18 }
const ETH = { symbol: 'ETH', decimals: 18 }
const USDC = { symbol: 'USDC', decimals: 6 }
/** "25" or "0.8" in base units of 18 decimals. */
const units = (value: string): U256 => {
  const [whole = '', fraction = ''] = value.split('.')
  return BigInt(whole + fraction.padEnd(18, '0')).toString() as U256
}
const strk = (value: string) => amount(units(value), STRK)
const plainLine = (words: string): Line => line('ui_duration', { for: text(words) })
const PASSWORD = 'a long enough password'
const digest = `0x${'5e'.repeat(32)}` as Hash32

const GAME = address('0x42a676b6b29db00fdd59342c671340d42d6f64e11afff6c841a55dc02541a4d')
const MAIN = address('0x7d1aa03c5cf2f9a4be3c1d2aa1dff0b2aee0a7d6d98ce1f6a7a2b8f01c3e2f0')
const SAVINGS = address('0x31801b6c7f5a2e9d0c4b83f7a61e5d2c9b08f7a6e5d4c3b2a1f0e9d8c7b90ac')
const ARENA = address('0x1c37a529be04f186d2ac95e7b3380f1d46aa2c97751e08b3fd0629c4e15a09e')
const STRK_TOKEN = address('0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d')

const game: AccountView = {
  address: GAME,
  name: 'Game',
  state: { deployed: true, guardian: 'ours', at: NOW - 20 },
  balances: [
    { token: STRK_TOKEN, name: STRK, amount: units('31.2'), at: NOW - 20 },
    { token: address('0x49d36'), name: ETH, title: 'Ether', amount: units('0.0042'), at: NOW - 20 },
    { token: address('0x53c91'), name: USDC, title: 'USD Coin', amount: '12500000' as U256, at: NOW - 20 },
  ],
}
/** One of each kind, as the list of accounts shows them. */
const kinds: readonly AccountView[] = [
  {
    ...game,
    key: 'phrase',
    badges: ['sessionsOn'],
    running: 2,
    title: line('class_ready', { version: text('0.4.0') }),
  },
  {
    address: MAIN,
    name: 'Main',
    key: 'phrase',
    badges: ['notDeployed'],
    running: 0,
    title: line('class_ready', { version: text('0.4.0') }),
    balances: [{ token: STRK_TOKEN, name: STRK, amount: units('1204.5'), at: NOW }],
  },
  {
    address: SAVINGS,
    name: 'Old wallet, an account with the longest name!',
    key: 'key',
    badges: ['plain'],
    running: 1,
    title: line('class_openZeppelin', { version: text('1.0.0') }),
    balances: [{ token: STRK_TOKEN, name: STRK, amount: units('0'), at: NOW }],
  },
  {
    address: address('0x5a1e'),
    name: 'Treasury',
    key: 'nowhere',
    badges: ['watch'],
    running: 0,
    title: line('class_unknown'),
    balances: [{ token: STRK_TOKEN, name: STRK, amount: units('900000'), at: NOW }],
  },
  {
    address: address('0x5aa7'),
    name: 'Smart',
    key: 'phrase',
    badges: ['foreign'],
    running: 0,
    title: line('class_ready', { version: text('0.4.0') }),
    balances: [],
  },
  {
    address: address('0xca1'),
    name: 'From 2022',
    key: 'key',
    badges: ['old'],
    running: 0,
    title: line('class_readyOld'),
    balances: [],
  },
  {
    address: address('0xe15e'),
    name: 'Elsewhere',
    key: 'key',
    badges: ['elsewhere'],
    running: 0,
    balances: [],
    hidden: true,
  },
]
const accounts: readonly AccountView[] = [
  game,
  { address: MAIN, name: 'Main', balances: [{ token: STRK_TOKEN, name: STRK, amount: units('1204.5'), at: NOW }] },
  { address: SAVINGS, name: 'Savings', balances: [{ token: STRK_TOKEN, name: STRK, amount: units('0'), at: NOW }] },
]

const known = (words: string) => plainLine(words)
const site = (host: string, tint: number, words = 'Connected 12 Nov · 1 session here'): SiteView => ({
  host,
  origin: `https://${host}`,
  tint,
  initial: host.slice(0, 1).toUpperCase(),
  firstTime: false,
  account: GAME,
  known: known(words),
})
const play = site('play.g.io', 2)

const rule = (name: string, more: Partial<RuleView> = {}): RuleView => ({
  id: `r-${name}`,
  contract: ARENA,
  contractName: 'Arena',
  line: line('policy_action', { name: text(name) }),
  qualifiers: [],
  by: 'both',
  enabled: true,
  required: false,
  locked: false,
  movesMoney: false,
  ...more,
})
const rules: readonly RuleView[] = [
  rule('move', { required: true, locked: true }),
  rule('buy', { qualifiers: [plainLine('price at most 5 STRK')], by: 'wallet', movesMoney: true }),
  rule('rename', { enabled: false }),
]

const meter = (title: Line, limit: string, used: string, held: string, left: string, unit: string): MeterView => ({
  id: `${unit}${limit}`,
  title,
  limit: units(limit),
  used: units(used),
  held: units(held),
  left: units(left),
  usedLine: line(held === '0' ? 'ui_limit_of' : 'ui_example_used', {
    used: count(Number(used)),
    max: text(limit),
    unit: text(unit),
    limit: text(unit === '' ? limit : `${limit}\u00a0${unit}`),
    held: text(held),
  }),
  leftLine: line('ui_example_left', { left: text(left) }),
})
const strkMeter = meter(line('policy_titleToken', { token: text('STRK') }), '25', '18', '2', '5', 'STRK')
const feeMeter = meter(line('policy_titleFees'), '0.8', '0.36', '0.02', '0.42', 'STRK')
const useMeter = meter(line('policy_titleUses'), '200', '46', '1', '153', '')

const limits: SessionRequestView['limits'] = [
  {
    id: 'spend:strk',
    title: line('policy_titleToken', { token: text('STRK') }),
    line: line('policy_limits', {
      list: list([text('25 in all'), text('5 each')]),
    }),
    by: 'wallet',
    fields: [
      { id: 'spend:strk:total', label: line('policy_fieldTotal'), value: units('25'), max: units('25'), token: STRK },
      { id: 'spend:strk:perCall', label: line('policy_fieldEach'), value: units('5'), max: units('5'), token: STRK },
    ],
  },
  {
    id: 'fee:strk',
    title: line('policy_titleFees'),
    line: line('policy_limits', { list: strk('0.8') }),
    by: 'wallet',
    fields: [
      { id: 'fee:strk:total', label: line('policy_fieldTotal'), value: units('0.8'), max: units('0.8'), token: STRK },
    ],
  },
  {
    id: 'tx:session',
    title: line('policy_titleUses'),
    line: line('policy_limits', { list: list([text('200'), text('10 a minute')]) }),
    by: 'wallet',
    fields: [{ id: 'tx:session:total', label: line('policy_fieldTotal'), value: '200' as U256, max: '200' as U256 }],
  },
]

const headline = (host: string, end: number, for_: number, actions: number, contracts: number, times: number) =>
  line('policy_headlineUses', {
    end: time(end),
    duration: duration(for_),
    host: text(host),
    account: place(GAME, 'Game'),
    actions: inner(line('policy_actions_other', { n: count(actions) })),
    contracts: inner(line('policy_contracts_other', { n: count(contracts) })),
    times: inner(line('policy_times_other', { n: count(times) })),
  })
const ENDS = { hour: 3_600, day: DAY, week: 7 * DAY, month: 30 * DAY }
const option = (words: string, seconds: number, chosen = false) => ({ label: plainLine(words), seconds, chosen })

const request: SessionRequestView = {
  kind: 'session',
  id: 'a1',
  rev: 1,
  digest,
  site: play,
  network: 'sepolia',
  openedAt: NOW,
  lapsesAt: NOW + 300,
  account: { address: GAME, name: 'Game', balance: { amount: units('31.2'), name: STRK } },
  details: [
    { label: plainLine('Policy hash'), value: digest, mono: true },
    { label: plainLine('Session hash'), value: felt(123_456_789n), mono: true },
    { label: plainLine('Cost of a use'), value: 'about 0.012 STRK', mono: false },
  ],
  sessionId: 's1',
  cut: [6, 2, 8, 4, 8],
  headline: headline('play.g.io', NOW + DAY, DAY, 2, 1, 200),
  worst: line('policy_worstSpend', { list: strk('25'), fee: strk('0.8') }),
  summary: {
    worst: line('policy_barSpend', { list: strk('25'), fee: strk('0.8') }),
    end: line('policy_barEnd', { end: time(NOW + DAY) }),
  },
  risks: [
    {
      level: 'warn',
      line: plainLine('This contract’s owner can change what it does'),
      detail: plainLine('Latchkey pauses if that happens.'),
    },
  ],
  ends: {
    chosen: NOW + DAY,
    options: [option('1 hour', ENDS.hour), option('1 day', ENDS.day, true), option('7 days', ENDS.week)],
    max: NOW + 7 * DAY,
    min: NOW + 120,
    by: 'both',
  },
  can: rules,
  limits,
  adjustable: true,
  cannot: [line('policy_cannotAccount'), line('policy_cannotTokens'), line('policy_cannotEnd')],
  held: [line('policy_heldWallet'), plainLine('Free now. A use costs a little more than an ordinary transaction.')],
  runWhileLocked: { on: true, offered: true },
  quotes: ['Play rounds without popups'],
  steps: [{ step: 'session', title: plainLine('Start the session'), cost: plainLine('free'), state: 'todo' }],
  enableFacts: [],
  batches: [],
  danger: false,
  phase: 'asking',
  stepUp: false,
}

const unlisted: SessionRequestView = {
  ...request,
  can: rules.map(({ contractName: _, ...it }) => ({ ...it, label: 'Arena' })),
  site: site('play.g.io', 2, 'Connected 12 Nov · no session here'),
}

const danger: SessionRequestView = {
  ...request,
  site: site('bot.h.io', 0, 'First time here'),
  cut: [4, 8, 6, 2, 6],
  headline: line('policy_headlineUses', {
    end: time(NOW + 7 * DAY),
    duration: duration(7 * DAY),
    host: text('bot.h.io'),
    account: place(GAME, 'Game'),
    actions: inner(line('policy_actions_other', { n: count(3) })),
    contracts: inner(line('policy_contracts_other', { n: count(1) })),
    times: inner(line('policy_times_other', { n: count(500) })),
  }),
  worst: line('policy_worstEverythingNow', { list: strk('31.2') }),
  summary: { worst: line('policy_barEverything'), end: line('policy_barEnd', { end: time(NOW + 7 * DAY) }) },
  risks: [
    {
      level: 'danger',
      line: line('policy_riskAdmin', { action: text('grant_role'), contract: place(ARENA, 'Arena') }),
    },
    { level: 'warn', line: line('policy_riskWallet'), detail: plainLine('The chain does not hold any of it.') },
    {
      level: 'warn',
      line: line('policy_riskLong', { duration: duration(30 * DAY) }),
      detail: plainLine('Choose less.'),
    },
    { level: 'note', line: line('policy_riskMore') },
  ],
  ends: {
    ...request.ends,
    chosen: NOW + 7 * DAY,
    options: [option('1 day', ENDS.day), option('7 days', ENDS.week, true), option('30 days', ENDS.month)],
    by: 'wallet',
  },
  danger: true,
  stepUp: true,
  tick: plainLine('I know it can take everything in this account.'),
}

const asked = (host: string, ask: RequestSessionParams, siteKey?: { readonly wrote: boolean }): SessionRequestView => ({
  ...request,
  site: site(host, 3, 'First time here'),
  ...explained(ask, { host, account: GAME, now: NOW, arena: ARENA, ...(siteKey === undefined ? {} : { siteKey }) }),
})
/** By the site alone: no labels, no reason, no limit of its own, and the key is with the site. */
const written = asked(
  'play.g.io',
  { calls: [{ contract_address: ARENA, entry_point: ['move', 'buy'] }] },
  { wrote: true },
)
const items = asked('bazaar.k.io', {
  calls: [
    { contract_address: COLLECTION, entry_point: ['transfer_from', 'approve'] },
    { contract_address: MARKET, entry_point: 'take', label: 'Sell a sword' },
  ],
  nft_limits: [{ collection: COLLECTION, max_out: 2, spenders: [MARKET], approve_one: 'allow' }],
  reason: 'Give items away and sell them without a window for each.',
})
const allItems: SessionRequestView = {
  ...asked('bazaar.k.io', {
    calls: [
      { contract_address: COLLECTION, entry_point: 'set_approval_for_all' },
      { contract_address: MARKET, entry_point: 'take' },
    ],
    nft_limits: [{ collection: COLLECTION, max_out: 2, spenders: [MARKET], approve_all: 'allow' }],
  }),
  stepUp: true,
}
const anyContract: SessionRequestView = {
  ...asked('bot.h.io', {
    calls: [{ contract_address: '*', entry_point: '*' }],
    deny: [{ contract_address: ARENA, entry_point: 'rename' }],
    spend_limits: [{ token: STRK_TOKEN, total: units('5') }],
    reason: 'Trade wherever the price is best.',
  }),
  ends: { ...request.ends, by: 'wallet' },
  stepUp: true,
}
const openLeave = (clears: boolean): SessionRequestView => ({
  ...request,
  risks: [
    {
      level: clears ? 'note' : 'warn',
      line: line(clears ? 'policy_riskCleared' : 'policy_riskAllowance', {
        spender: place(ARENA, 'Arena'),
        amount: strk('100'),
      }),
      clears,
    },
    ...request.risks,
  ],
  steps: clears
    ? [
        { step: 'setup', title: line('step_clear'), cost: plainLine('at most 0.008 STRK'), state: 'todo' },
        ...request.steps,
      ]
    : request.steps,
})
const sponsored = asked('play.g.io', {
  calls: [
    { contract_address: ARENA, entry_point: 'move', required: true },
    { contract_address: ARENA, entry_point: 'buy', sponsored_only: true },
  ],
  fees: { payer: 'any', paymasters: ['https://pay.example'] },
})
/** Four rules, of three contracts. */
const four = asked('play.g.io', {
  calls: [
    { contract_address: ARENA, entry_point: 'move', required: true },
    { contract_address: MARKET, entry_point: 'take' },
    { contract_address: COLLECTION, entry_point: 'mint' },
    { contract_address: ARENA, entry_point: 'buy' },
  ],
  nft_limits: [{ collection: COLLECTION, max_out: 1 }],
  fees: { max_total: units('0.8') },
})
/** Four rules, each of a contract of its own, a worst case of three parts, and a risk. */
const fourContracts = asked('play.g.io', {
  calls: [
    { contract_address: ARENA, entry_point: 'move', required: true },
    { contract_address: MARKET, entry_point: 'take', label: 'Market' },
    { contract_address: COLLECTION, entry_point: 'mint', label: 'Swords' },
    { contract_address: STRK_TOKEN, entry_point: 'transfer' },
  ],
  spend_limits: [{ token: STRK_TOKEN, total: units('1.5') }],
  nft_limits: [{ collection: COLLECTION, max_out: 1 }],
  fees: { max_total: units('0.8') },
})
/** The wallet has no name for any of them. */
const fourUnlisted: SessionRequestView = {
  ...fourContracts,
  can: fourContracts.can.map(({ contractName: _, ...rule }) => rule),
}
/** The service that Latchkey asks to pay, and that sees each use. */
const service = asked('play.g.io', {
  calls: [{ contract_address: ARENA, entry_point: ['move', 'buy'] }],
  fees: { payer: 'sponsor', paymasters: ['https://pay.example'], paymaster_url: 'https://pay.example/v1' },
  usage: { max_transactions: 200 },
})

const widened: SessionRequestView = {
  ...request,
  can: [...rules, { ...rules[0]!, id: 'r9', line: plainLine('trade'), required: false, locked: false }],
  change: {
    kind: 'update',
    lines: [
      line('change_moreEnd', { end: time(NOW + 7_200) }),
      line('change_usedAmount', { amount: strk('18') }),
      line('change_usedTimes_other', { n: count(42) }),
      line('change_oldGoes'),
    ],
    rules: { r9: 'new', [rules[1]!.id]: 'more', [rules[2]!.id]: 'off' },
    limits: { [limits[0]!.id]: line('policy_inAll', { what: strk('15') }), [limits[2]!.id]: null },
    gone: [line('change_goneLimit', { title: inner(plainLine('Tip')), limit: inner(plainLine('at most 1')) })],
  },
}
const slot = (at: number): SessionRequestView['batches'][number] => ({
  name: line('scheduled_at', { at: count(at), n: count(3) }),
  lines: [
    line('scheduled_when', { from: time(NOW + at * 6 * ENDS.hour), to: time(NOW + (at * 6 + 1) * ENDS.hour) }),
    line('policy_callSend', { amount: strk('5'), to: place(ARENA, 'Arena') }),
    line('scheduled_aside', { amount: strk('5') }),
  ],
  calls: [
    {
      contract: STRK_TOKEN,
      contractName: 'STRK',
      entrypoint: line('call_named', { action: text('transfer') }),
      args: [
        { name: 'recipient', text: ARENA, line: line('call_to', { to: place(ARENA, 'Arena') }) },
        { name: 'amount', text: '5000000000000000000', line: line('call_amount', { amount: strk('5') }) },
      ],
      warnings: [],
      raw: [ARENA, felt(5n * 10n ** 18n), felt(0n)],
    },
  ],
})
/** An agent has the key, and three payments are signed with the session. */
const scheduled: SessionRequestView = {
  ...request,
  risks: [
    {
      level: 'warn',
      line: line('policy_riskScheduled_other', { n: count(3), until: time(NOW + 19 * ENDS.hour) }),
      detail: line('policy_riskScheduledDetail'),
    },
    {
      level: 'warn',
      line: line('policy_riskAgentKey'),
      detail: line('policy_riskSiteKeyDetail', { host: text('play.g.io') }),
    },
  ],
  cannot: [line('policy_cannotAccount'), line('policy_cannotTokens'), line('policy_cannotEndScheduled')],
  held: [line('session_agentKey', { host: text('play.g.io') })],
  batches: [slot(1), slot(2), slot(3)],
}
const several: SessionRequestView = {
  ...request,
  headline: line('several_headline', { host: text('play.g.io'), n: count(3) }),
  worst: line('policy_worstSpend', { list: strk('50'), fee: strk('1.6') }),
  summary: {
    worst: line('policy_barSpend', { list: strk('50'), fee: strk('1.6') }),
    end: line('policy_barEnd', { end: time(NOW + 7 * DAY) }),
  },
  parts: [
    { ...request, off: false },
    { ...request, sessionId: 's2', headline: headline('play.g.io', NOW + 7 * DAY, 7 * DAY, 2, 1, 200), off: false },
    { ...request, sessionId: 's3', off: true },
  ],
}
const rotated: SessionRequestView = {
  ...request,
  adjustable: false,
  runWhileLocked: { on: true, offered: false },
  change: {
    kind: 'rotate',
    lines: [line('change_rotate'), line('change_rotateOld')],
    rules: {},
    limits: {},
    gone: [],
  },
}
const renewed: SessionRequestView = {
  ...request,
  change: {
    kind: 'renew',
    lines: [line('change_renew'), line('change_usedAmount', { amount: strk('18') })],
    rules: {},
    limits: {},
    gone: [],
    again: { on: false, line: line('change_again', { amount: strk('25') }) },
  },
}
const setup: SessionRequestView = {
  ...request,
  account: { address: GAME, name: 'Game', balance: { amount: units('31.2'), name: STRK } },
  steps: [
    { step: 'deploy', title: plainLine('Deploy your account'), cost: plainLine('at most 0.011 STRK'), state: 'todo' },
    { step: 'enable', title: plainLine('Enable sessions'), cost: plainLine('at most 0.006 STRK'), state: 'todo' },
    { step: 'session', title: plainLine('Start the session'), cost: plainLine('free'), state: 'todo' },
  ],
  enableFacts: [
    plainLine(
      'It adds a second key (guardian), made from the same secret phrase and kept here. This is not two-factor.',
    ),
    plainLine('From now on both keys sign. Ready and Argent X cannot use this account until you remove the key here.'),
    plainLine('The second key alone cannot spend. Who steals it could start a takeover that takes 7 days.'),
    plainLine('It costs at most 0.006 STRK now, and a little more for each ordinary transaction.'),
    plainLine('Changing the second key ends all sessions in one transaction.'),
  ],
  stepUp: true,
}
const running: SessionRequestView = {
  ...setup,
  phase: 'running',
  steps: setup.steps.map((step, index) => ({
    ...step,
    state: index === 0 ? 'done' : index === 1 ? 'sent' : 'todo',
    ...(index < 2 ? { hash: felt(0x5f1e2d3c4b5a69788796a5b4c3d2e1fn) } : {}),
  })),
}
const failed: SessionRequestView = {
  ...running,
  phase: 'failed',
  steps: running.steps.map((step, index) => (index === 1 ? { ...step, state: 'failed' } : step)),
  outcome: plainLine(
    'Enable sessions failed: not enough STRK. No session was made. What was done before stays: account deployed.',
  ),
}
const done: SessionRequestView = { ...request, phase: 'done', outcome: plainLine('Running. 0 of 200 used.') }

const CONTRACTS: readonly (readonly [name: string, at: Address, actions: number, movers: number])[] = [
  ['Heroes', address('0x2f8aa1'), 12, 0],
  ['STRK', STRK_TOKEN, 1, 1],
  ['Arena', ARENA, 19, 3],
  ['Market', address('0x5be77c1'), 14, 2],
  ['Quests', address('0x711c4e2'), 11, 0],
  ['Guild', address('0xa951bb'), 9, 0],
]
const large: SessionRequestView = {
  ...request,
  cut: [8, 4, 2, 6, 2],
  site: site('play.g.io', 2, 'Connected 12 Nov · 2 sessions here'),
  headline: headline('play.g.io', NOW + 7 * DAY, 7 * DAY, 66, 6, 2000),
  worst: line('policy_worstSpend', {
    list: inner(line('policy_perDay', { what: strk('70') })),
    fee: strk('6'),
  }),
  summary: {
    worst: line('policy_barSpend', { list: strk('70'), fee: strk('6') }),
    end: line('policy_barEnd', { end: time(NOW + 7 * DAY) }),
  },
  risks: [
    {
      level: 'warn',
      line: plainLine('Leaves a spending permission of 40 STRK behind'),
      detail: plainLine('Set it to 0 later.'),
    },
    {
      level: 'warn',
      line: plainLine('Owners of 3 contracts can change what they do'),
      detail: plainLine('Latchkey pauses.'),
    },
  ],
  ends: {
    ...request.ends,
    chosen: NOW + 7 * DAY,
    options: [option('1 hour', ENDS.hour), option('1 day', ENDS.day), option('7 days', ENDS.week, true)],
  },
  can: CONTRACTS.flatMap(([name, at, actions, movers]) =>
    Array.from({ length: actions }, (_, index) =>
      rule(`action_${index + 1}`, {
        id: `${name}${index}`,
        contract: at,
        contractName: name,
        movesMoney: index < movers,
      }),
    ),
  ),
}

const signed = (name: string, depth: number, value?: Line) => ({
  name,
  depth,
  ...(value === undefined ? {} : { value }),
})
const quoted = (value: string) => line('message_text', { text: text(value) })
const domainRows = (name: string) => [
  signed('name', 0, quoted(name)),
  signed('version', 0, plainLine('1')),
  signed('chainId', 0, quoted('SN_SEPOLIA')),
  signed('revision', 0, plainLine('1')),
]
/** A login with text of the site beside it, an order, and calls that somebody else sends. */
const login: MessageView = {
  kind: 'message',
  id: 'm1',
  rev: 1,
  digest,
  site: site('play.g.io', 2, '1 session here'),
  network: 'sepolia',
  openedAt: NOW,
  lapsesAt: NOW + 300,
  account: request.account,
  details: request.details,
  sentence: line('message_sentence', { type: text('Login'), about: text('Arena') }),
  reasons: [],
  risks: [],
  ticks: [],
  calls: [],
  balanceChanges: [],
  end: line('message_end'),
  domain: domainRows('Arena'),
  message: [
    signed('text', 0, quoted('Sign in to Arena as Main account. This costs nothing.')),
    signed('issued', 0, line('message_time', { time: time(NOW), seconds: text(String(NOW)) })),
    signed('remember', 0, line('message_yes')),
  ],
  unsigned: [{ name: 'Purpose', text: 'Free skins for everybody' }],
}
const order: MessageView = {
  ...login,
  id: 'm2',
  sentence: line('message_sentence', { type: text('Order'), about: text('Bazaar') }),
  reasons: [line('reason_messageScope')],
  sessionId: 's1',
  risks: [{ level: 'warn', line: line('message_money') }],
  domain: domainRows('Bazaar'),
  message: [
    signed('maker', 0, line('message_item', { value: place(GAME, 'Main account') })),
    signed('give', 0),
    signed('token_address', 1, line('message_item', { value: place(STRK_TOKEN, 'STRK') })),
    signed('amount', 1, line('message_amount', { amount: strk('8'), value: text('8000000000000000000') })),
    signed('items', 0, plainLine('4012, 4013')),
    signed('route', 0),
    signed('0', 1),
    signed('to', 2, line('message_item', { value: place(ARENA) })),
    signed(
      'action',
      2,
      line('message_action', {
        name: text('swap'),
        selector: text('0x15543c3708653cda9d418b4ccd3be11368e40636c10c44b18cfe756b6d88b29'),
      }),
    ),
    signed('expires', 0, line('message_time', { time: time(NOW + 86_400), seconds: text(String(NOW + 86_400)) })),
  ],
  unsigned: [],
}
const transaction: TransactionView = {
  kind: 'transaction',
  id: 't1',
  rev: 1,
  digest,
  site: site('play.g.io', 2, '1 session here'),
  network: 'sepolia',
  openedAt: NOW,
  lapsesAt: NOW + 300,
  account: request.account,
  details: request.details,
  sentence: line('policy_call', { action: text('buy'), contract: place(ARENA, 'Arena') }),
  reasons: [
    line('reason_over', {
      limit: inner(line('policy_each', { what: strk('5') })),
      left: strk('5'),
      wanted: strk('8'),
    }),
    line('reason_over', {
      limit: inner(line('policy_inAll', { what: strk('25') })),
      left: strk('7'),
      wanted: strk('8'),
    }),
  ],
  sessionId: 's1',
  risks: [],
  balanceChanges: [
    {
      line: line('moves_out', { amount: strk('8') }),
      direction: 'out',
      detail: line('moves_left', { amount: strk('23.2') }),
    },
    {
      line: line('moves_itemIn_other', { n: count(1) }),
      direction: 'in',
      detail: line('moves_item', { id: text('4012'), collection: place(ARENA, 'Arena') }),
    },
    { line: line('moves_leave', { spender: place(ARENA, 'Arena'), amount: strk('2') }), direction: 'allowance' },
  ],
  ticks: [],
  calls: [
    {
      contract: STRK_TOKEN,
      contractName: 'STRK',
      entrypoint: line('policy_action', { name: text('approve') }),
      args: [
        { name: 'spender', text: 'Arena' },
        { name: 'amount', text: '8 STRK' },
      ],
      warnings: [line('policy_callAllow', { spender: place(ARENA, 'Arena'), amount: strk('8') })],
      raw: [ARENA, felt(8n * 10n ** 18n), felt(0n)],
    },
    {
      contract: ARENA,
      contractName: 'Arena',
      entrypoint: line('policy_action', { name: text('buy') }),
      args: [{ name: 'item', text: '4012' }],
      warnings: [],
      raw: [felt(4012n)],
    },
  ],
  fee: {
    about: line('fee_about', { fee: { kind: 'amount', amount: units('0.012'), token: STRK, about: true } }),
    line: line('fee_atMost', { fee: strk('0.019') }),
    known: true,
    chosen: { speed: 'normal', tip: units('0'), cap: units('0.019'), ownCap: false },
  },
  summary: line('policy_barSpend', { list: strk('8'), fee: strk('0.019') }),
  steps: [],
}

/** Asked outside of any session, and for nothing but its fee. */
const { sessionId: _of, summary: _bar, ...outOfSession } = transaction
const alone: TransactionView = { ...outOfSession, reasons: [] }

const STRANGER = address('0x42affff0dbeef0dd59342c671340d42d6f64e11afff6c841a55dc0254111a4d')
/** Calls that somebody else sends: one of them pays an address that looks like one the person knows. */
const outside: MessageView = {
  ...login,
  id: 'm3',
  sentence: line('transaction_calls_other', { action: text('buy'), contract: place(ARENA, 'Arena'), n: count(1) }),
  end: line('policy_barEnd', { end: time(NOW + 7_200) }),
  summary: line('outside_bar', { list: strk('8') }),
  risks: [
    { level: 'danger', line: line('outside_anyone', { until: time(NOW + 7_200) }) },
    {
      level: 'danger',
      line: line('to_lookAlike', { name: text('Game') }),
      detail: line('to_lookAlikeDetail', { address: place(GAME) }),
    },
    { level: 'warn', line: line('to_new') },
    { level: 'note', line: line('outside_now') },
  ],
  ticks: [line('to_lookAlikeTick'), line('outside_tick', { until: time(NOW + 7_200) })],
  balanceChanges: [
    {
      line: line('moves_out', { amount: strk('8') }),
      direction: 'out',
      detail: line('moves_left', { amount: strk('23.2') }),
    },
    {
      line: line('moves_itemIn_other', { n: count(1) }),
      direction: 'in',
      detail: line('moves_item', { id: text('4012'), collection: place(ARENA, 'Arena') }),
    },
  ],
  calls: [
    {
      contract: ARENA,
      contractName: 'Arena',
      entrypoint: line('policy_action', { name: text('buy') }),
      args: [{ name: 'item', text: '4012' }],
      warnings: [],
      raw: [felt(4012n)],
    },
    {
      contract: STRK_TOKEN,
      contractName: 'STRK',
      entrypoint: line('call_named', { action: text('transfer') }),
      args: [
        { name: 'recipient', text: '0x0', line: line('call_to', { to: place(STRANGER) }) },
        { name: 'amount', text: '5', line: line('call_amount', { amount: strk('5') }) },
      ],
      warnings: [line('call_warnNew')],
      raw: [STRANGER, felt(5n * 10n ** 18n), felt(0n)],
    },
  ],
  domain: [],
  message: [],
  unsigned: [],
}
/** The node has not said yet what it does: it cannot be signed. */
const { summary: _outsideBar, ...outsideBare } = outside
const outsideUnknown: MessageView = {
  ...outsideBare,
  id: 'm4',
  balanceChanges: [],
  blocked: line('blocked_node'),
}
/** It would fail now. */
const outsideFails: MessageView = {
  ...outsideBare,
  id: 'm5',
  balanceChanges: [],
  unchanged: line('moves_unknown'),
  ticks: [line('outside_fails', { words: text("'not your item'") }), ...outsideBare.ticks],
}
/** A send to an address that looks like one the person knows. */
const send: TransactionView = {
  ...transaction,
  id: 't2',
  own: 'send',
  sentence: line('policy_callSend', { amount: strk('5'), to: place(STRANGER) }),
  reasons: [],
  risks: [
    {
      level: 'danger',
      line: line('to_lookAlike', { name: text('Game') }),
      detail: line('to_lookAlikeDetail', { address: place(GAME) }),
    },
    { level: 'warn', line: line('to_new') },
    { level: 'warn', line: line('to_notDeployed', { network: text('Sepolia') }) },
  ],
  ticks: [line('to_lookAlikeTick')],
  balanceChanges: [
    {
      line: line('moves_out', { amount: strk('5') }),
      direction: 'out',
      detail: line('moves_left', { amount: strk('26.2') }),
    },
  ],
  calls: [
    {
      contract: STRK_TOKEN,
      contractName: 'STRK',
      entrypoint: line('call_named', { action: text('transfer') }),
      args: [
        { name: 'recipient', text: '0x0', line: line('call_to', { to: place(STRANGER) }) },
        { name: 'amount', text: '5', line: line('call_amount', { amount: strk('5') }) },
      ],
      warnings: [line('call_warnNew')],
      raw: [STRANGER, felt(5n * 10n ** 18n), felt(0n)],
    },
  ],
  summary: line('policy_barSpend', { list: strk('5'), fee: strk('0.019') }),
}
const { sessionId: _session, ...plainSend } = send

const connect: ConnectView = {
  kind: 'connect',
  id: 'c1',
  rev: 1,
  digest,
  site: site('play.g.io', 2, 'First time here'),
  network: 'sepolia',
  openedAt: NOW,
  lapsesAt: NOW + 300,
  account: request.account,
  details: [],
  sentence: line('connect_sentence', { host: text('play.g.io') }),
  choices: accounts,
  sees: [line('connect_seesAddress'), line('connect_seesPublic', { network: text('Sepolia') })],
  cannot: [line('connect_cannotMove'), line('connect_cannotOthers')],
}

const activity: readonly ActivityView[] = [
  {
    id: 'x1',
    at: NOW - 130,
    title: plainLine('Arena: move ×12'),
    lines: [plainLine('automatic, rule move')],
    state: 'done',
    stateLine: plainLine('automatic'),
    host: 'play.g.io',
    amount: plainLine('−0.14 STRK'),
    fee: line('act_fee', { fee: strk('0.012') }),
    session: 's1',
  },
  {
    id: 'x2',
    at: NOW - 370,
    title: plainLine('Arena: buy item 3977'),
    lines: [plainLine('automatic, rule buy')],
    state: 'done',
    stateLine: plainLine('automatic'),
    host: 'play.g.io',
    amount: plainLine('−4 STRK'),
    fee: line('act_fee', { fee: strk('0.011') }),
    session: 's1',
  },
  {
    id: 'x3',
    at: NOW - 420,
    title: plainLine('Arena: buy item 4012'),
    lines: [plainLine('Over 5 STRK each: 5 STRK left, 8 STRK wanted.')],
    state: 'refused',
    stateLine: plainLine('refused'),
    host: 'play.g.io',
    session: 's1',
  },
  {
    id: 'x4',
    at: NOW - 9_900,
    title: plainLine('Sent to Ana'),
    lines: [plainLine('you')],
    state: 'done',
    stateLine: plainLine('Done'),
    amount: plainLine('−5 STRK'),
    fee: line('act_fee', { fee: strk('0.014') }),
  },
  {
    id: 'x5',
    at: NOW - 12_000,
    title: line('act_elsewhere'),
    lines: [line('act_elsewhereWhat_other', { n: count(3) })],
    state: 'note',
    stateLine: line('act_state_note'),
  },
]

const session: SessionView = {
  left: [],
  id: 's1',
  site: play,
  account: { address: GAME, name: 'Game' },
  network: 'sepolia',
  status: 'active',
  group: 'running',
  canResume: false,
  canRenew: true,
  canRotate: true,
  canRestore: true,
  cut: [6, 2, 8, 4, 8],
  createdAt: NOW - 7_000,
  startsAt: NOW - 7_000,
  endsAt: NOW + DAY - 7_000,
  actions: 2,
  headline: request.headline,
  worst: line('policy_leftSpend', { list: strk('5'), fee: strk('0.42') }),
  tightest: strkMeter,
  meters: [strkMeter, feeMeter, useMeter],
  can: rules.slice(0, 2).map((it, index) => ({ ...it, used: index === 0 ? 40 : 6 })),
  cannot: request.cannot,
  limits,
  risks: [{ level: 'warn', line: line('policy_riskReplaceable', { contract: place(ARENA, 'Arena') }) }],
  held: [line('policy_heldWallet')],
  runWhileLocked: true,
  quotes: request.quotes,
  details: request.details,
}
/** A card has a meter while it runs. */
const { tightest: _tightest, ...resting } = session
const sessions: readonly SessionView[] = [
  {
    ...resting,
    id: 's2',
    worst: line('policy_leftPaused', { left: inner(session.worst) }),
    site: site('trade.d.io', 3),
    account: { address: MAIN, name: 'Main' },
    status: 'paused',
    group: 'needsYou',
    cause: line('reason_paused', { cause: inner(line('reason_pauseCodeChanged')) }),
    todo: { line: line('todo_pauseCodeChanged') },
    canResume: true,
    cut: [4, 8, 4, 6, 2],
    actions: 3,
    startsAt: NOW - 2 * DAY,
    endsAt: NOW + 3 * DAY,
  },
  session,
  {
    ...session,
    id: 's3',
    site: site('tip.m.io', 4),
    cut: [2, 6, 4, 8, 2],
    actions: 1,
    startsAt: NOW - 2 * DAY,
    endsAt: NOW + 5 * DAY + 9_000,
    tightest: meter(line('policy_titleToken', { token: text('STRK') }), '30', '10', '0', '20', 'STRK'),
  },
  {
    ...resting,
    id: 's5',
    site: play,
    status: 'paused',
    group: 'waiting',
    worst: line('policy_leftPaused', { left: inner(session.worst) }),
    cause: line('reason_paused', { cause: inner(line('reason_pausePerson')) }),
    todo: { line: line('todo_pausePerson') },
    cut: [8, 2, 6, 2, 4],
    canResume: true,
  },
  {
    ...resting,
    id: 's4',
    worst: line('policy_leftNothing'),
    site: site('chess.q.io', 1),
    status: 'expired',
    group: 'ended',
    cut: [2, 8, 6, 2, 4],
    endsAt: NOW - 58_000,
    endedAt: NOW - 58_000,
    left: [line('session_left', { spender: text('Arena'), amount: strk('25') })],
    onChain: {
      state: 'offered',
      line: plainLine(
        'Here: ended 21:58. On chain: it ends there by itself. You can end it there now, for about 0.01 STRK.',
      ),
    },
  },
]

const plain: View = {
  rev: 1,
  now: NOW,
  lock: 'unlocked',
  theme: 'system',
  backupChecked: true,
  network: 'sepolia',
  networks: [
    { id: 'sepolia', name: 'Sepolia', host: 'rpc.starknet-testnet.example', test: true, local: false },
    { id: 'mainnet', name: 'Mainnet', host: 'rpc.starknet.example', test: false, local: false },
    { id: 'devnet', name: 'Devnet', host: '127.0.0.1:5050', test: true, local: true },
  ],
  account: game,
  accounts,
  strip: {
    running: 2,
    line: line('ui_duration', { for: text('They can still spend at most 25\u00a0STRK and 0.7\u00a0STRK of fees.') }),
    cut: [6, 2, 8, 4, 8],
    startsAt: NOW - 7_000,
    endsAt: NOW + DAY - 7_000,
  },
  sessions,
  approvals: [],
  waiting: [],
  activity,
  tokens: [
    ...game.balances.map((it) => ({ ...it, added: false, hidden: false })),
    {
      token: address('0x777'),
      name: { symbol: 'LORDS', decimals: 18 },
      amount: units('7'),
      at: NOW - 20,
      added: true,
      hidden: false,
    },
    {
      token: address('0x778'),
      name: { symbol: 'WBTC', decimals: 8 },
      title: 'Wrapped BTC',
      added: false,
      hidden: true,
    },
  ],
  autoLock: 900,
  sites: [connected(play, { accounts, now: NOW })],
  sessionSettings: { on: true, runWhileLocked: true, life: DAY, idlePause: null, limitsFrom: 50 },
  defaultAccount: null,
  version: '0.1.0 (3f9c2ab07e51d864)',
}

/** What the worker answers to the pages that ask. */
export const canned: Partial<{ readonly [V in Verb]: Verbs[V]['result'] }> = {
  checkRecipient: { address: STRANGER, risks: send.risks },
  sendDraft: { draft: { to: STRANGER, amount: '5' } },
  sendMax: { amount: units('31.181'), fee: line('fee_atMost', { fee: strk('0.019') }) },
  activity: { rows: activity, next: { at: NOW - 20_000, id: 'older' }, sites: [play] },
  sessionLog: { rows: activity.filter((row) => row.session === 's1') },
  lookUpToken: {
    token: address('0x999'),
    name: { symbol: 'USDC', decimals: 6 },
    balance: '0' as U256,
    risks: [
      {
        level: 'danger',
        line: line('token_lookAlike', { symbol: text('USDC') }),
        detail: line('token_lookAlikeDetail', { address: place(address('0x53c91')) }),
      },
      { level: 'note', line: line('token_chain') },
    ],
  },
  activityDetail: {
    row: { ...activity[1]!, hash: felt(0x123456789abcdefn) },
    calls: transaction.calls.slice(1),
    allowedBy: { session: 's1', host: 'play.g.io', rules: [line('policy_action', { name: text('buy') })] },
    counted: [],
    meters: [
      {
        title: line('meter_spend', { token: text('STRK') }),
        line: line('act_meter', { before: strk('14'), after: strk('18'), limit: strk('25') }),
      },
      {
        title: line('meter_fee'),
        line: line('act_meter', { before: strk('0.22'), after: strk('0.231'), limit: strk('0.8') }),
      },
      { title: line('meter_tx'), line: line('act_meter', { before: count(41), after: count(42), limit: count(200) }) },
      {
        title: line('meter_rule', { actions: text('buy'), contract: place(ARENA, 'Arena') }),
        line: line('act_meter', { before: count(3), after: count(4), limit: count(10) }),
      },
    ],
    network: 'Sepolia',
    explorer: 'https://sepolia.voyager.online/tx/0x123',
    details: [
      { label: line('fact_network'), value: 'Sepolia', mono: false },
      { label: line('fact_hash'), value: `0x${'12'.repeat(32)}`, mono: true },
      { label: line('fact_nonce'), value: '41', mono: false },
    ],
    mayReplace: false,
  },
}
/** Out and in no block: what a person sent may be sent again with a higher fee. */
export const waitingDetail: Verbs['activityDetail']['result'] = {
  row: {
    id: 'x5',
    at: NOW - 40,
    title: plainLine('Sent to Ana'),
    lines: [plainLine('you')],
    state: 'sent',
    stateLine: plainLine('Sent'),
    amount: plainLine('−5 STRK'),
    hash: felt(0x123456789abcdefn),
  },
  calls: send.calls.map((call) => ({ ...call, warnings: [] })),
  counted: [],
  meters: [],
  network: 'Sepolia',
  explorer: 'https://sepolia.voyager.online/tx/0x123',
  details: [
    { label: line('fact_network'), value: 'Sepolia', mono: false },
    { label: line('fact_hash'), value: `0x${'12'.repeat(32)}`, mono: true },
    { label: line('fact_nonce'), value: '42', mono: false },
  ],
  mayReplace: true,
}
export const base: View = { ...plain, ...placesOf(plain, plain.sites) }
const { account: _account, strip: _strip, ...bare } = base
const fresh: View = { ...bare, lock: 'new', accounts: [], sessions: [], activity: [], sites: [] }

const passkeys: View['passkeys'] = [
  { credentialId: 'aa01', prfSalt: '5a'.repeat(32), at: NOW - 12 * DAY },
  { credentialId: 'aa02', prfSalt: '5b'.repeat(32), at: NOW - 3_600 },
]

export interface Shown {
  readonly view?: View
  /** Why the recovery page stands there. */
  readonly failure?: VerbError
  readonly surface: 'popup' | 'window' | 'tab'
  readonly path?: string
  /** The heading that the picture begins with. */
  readonly at?: 'ui_sessions'
  /** What is typed where a password is asked for, before the last of the presses. */
  readonly password?: string
  /** Buttons to press by name, before the picture. */
  readonly press?: readonly MessageKey[]
  /** What a screen asks a moment after it is drawn: with the answer the picture is whole. */
  readonly last?: Verb
  /** What the worker says here, and nowhere else. */
  readonly answers?: Partial<{ readonly [V in Verb]: Verbs[V]['result'] }>
}
const asks = (...approvals: View['approvals']): Shown => ({
  surface: 'window',
  path: '/approval',
  view: { ...base, approvals, waiting: approvals.map((it) => ({ id: it.id, host: it.site.host, tint: it.site.tint })) },
})

export const shown: Readonly<Record<string, Shown>> = {
  session: asks(request, { ...transaction, id: 't9' }),
  'session-unlisted': asks(unlisted),
  'session-danger': asks(danger),
  'session-items': asks(items),
  'session-all-items': asks(allItems),
  'session-any-contract': asks(anyContract),
  'session-sponsored': asks(sponsored),
  'session-written': asks(written),
  'session-service': asks(service),
  'session-four': asks(four),
  'session-four-contracts': asks(fourContracts),
  'session-four-unlisted': asks(fourUnlisted),
  'session-leave': asks(openLeave(false)),
  'session-leave-cleared': asks(openLeave(true)),
  'session-large': asks(large),
  'session-widened': asks(widened),
  'session-rotated': asks(rotated),
  'session-several': asks(several),
  'session-scheduled': asks(scheduled),
  'session-renewed': asks(renewed),
  'session-setup': asks(setup),
  'session-limits': asks({ ...request, network: 'mainnet', limitsUnread: true as const }),
  'session-first-mainnet': asks({ ...request, network: 'mainnet', stepUp: true }),
  'session-fixed': asks({ ...request, adjustable: false }),
  'session-running': asks(running),
  'session-failed': asks(failed),
  'session-done': asks(done),
  'session-last-minute': asks({ ...request, lapsesAt: NOW + 42 }),
  'session-blocked': asks({ ...request, blocked: plainLine('Needs 0.019 STRK, you have 0.004.') }),
  transaction: asks(transaction),
  'transaction-repeat': asks({
    ...transaction,
    reasons: [],
    repeat: line('repeat_spends', { n: count(10), life: duration(3_600), list: strk('80') }),
  }),
  'transaction-none': asks({
    ...alone,
    balanceChanges: [],
    calls: alone.calls.slice(1),
    unchanged: line('moves_none'),
  }),
  'transaction-unread': asks({
    ...alone,
    balanceChanges: [...alone.balanceChanges, { line: line('moves_unread'), direction: 'allowance' }],
    ticks: [line('transaction_unread')],
    summary: line('transaction_barMore', { list: strk('8'), fee: strk('0.019') }),
  }),
  'transaction-tick': asks({
    ...alone,
    balanceChanges: [],
    unchanged: line('moves_unknown'),
    ticks: [line('transaction_unseen')],
    summary: line('transaction_barUnknown', { fee: strk('0.019') }),
  }),
  'transaction-code': asks({
    ...alone,
    sentence: line('declare_sentence', { host: text('play.g.io') }),
    balanceChanges: [],
    calls: [],
    carries: {
      kind: 'class',
      lines: [line('declare_free'), line('declare_forever')],
      facts: [
        { label: line('fact_classHash'), value: digest, mono: true },
        { label: line('fact_compiledClassHash'), value: digest, mono: true },
        { label: line('fact_bytes'), value: '81324', mono: false },
      ],
    },
  }),
  'transaction-proof': asks({
    ...transaction,
    reasons: [line('reason_unsupportedProof')],
    risks: [{ level: 'warn', line: line('proof_hidden') }],
    ticks: [line('proof_tick')],
    summary: line('transaction_barMore', { list: strk('8'), fee: strk('0.019') }),
    carries: {
      kind: 'proof',
      lines: [],
      facts: [{ label: line('fact_proof'), value: digest, mono: true }],
    },
  }),
  message: asks(login),
  'message-order': asks(order),
  'message-outside': asks(outside),
  'message-outside-unknown': asks(outsideUnknown),
  'message-outside-fails': asks(outsideFails),
  send: { surface: 'popup', path: '/send', view: base, last: 'checkRecipient' },
  'send-review': asks(plainSend),
  'send-undeployed': asks({
    ...plainSend,
    sentence: line('policy_callSend', { amount: strk('5'), to: place(MAIN, 'Main') }),
    risks: [],
    ticks: [line('transaction_unseen')],
    balanceChanges: [],
    unchanged: line('moves_unknown'),
    calls: [
      {
        ...plainSend.calls[0]!,
        args: [
          { name: 'recipient', text: MAIN, line: line('call_to', { to: place(MAIN, 'Main') }) },
          { name: 'amount', text: '5', line: line('call_amount', { amount: strk('5') }) },
        ],
        warnings: [],
        raw: [MAIN, felt(5n * 10n ** 18n), felt(0n)],
      },
    ],
    summary: line('policy_barSpend', { list: strk('5'), fee: strk('0.039') }),
    steps: [
      { step: 'deploy', title: line('step_deploy'), cost: line('step_cost', { fee: strk('0.02') }), state: 'todo' },
    ],
  }),
  'send-poor': asks({
    ...plainSend,
    risks: [],
    ticks: [],
    account: { ...plainSend.account, balance: { amount: units('4.2'), name: STRK } },
    balanceChanges: [{ line: line('moves_out', { amount: strk('5') }), direction: 'out' }],
    blocked: line('blocked_poorAll', { needs: strk('5.019'), has: strk('4.2') }),
  }),
  receive: { surface: 'popup', path: '/receive', view: base },
  'receive-devnet': {
    surface: 'popup',
    path: '/receive',
    view: {
      ...base,
      network: 'devnet',
      account: { ...game, state: { deployed: false, guardian: 'none', at: NOW } },
    },
  },
  tokens: { surface: 'tab', path: '/tokens', view: { ...base, fiat: true } },
  activity: { surface: 'popup', path: '/activity', view: base },
  'activity-detail': { surface: 'popup', path: '/activity/x2', view: base },
  'activity-waiting': { surface: 'popup', path: '/activity/x5', view: base },
  connect: asks(connect),
  'approval-locked': {
    surface: 'window',
    path: '/approval',
    view: { ...base, lock: 'locked', waiting: [{ id: 'a1', host: 'play.g.io', tint: 2 }] },
  },
  'approval-none': { surface: 'window', path: '/approval', view: base },
  home: { surface: 'popup', path: '/', view: base },
  'home-long-name': {
    surface: 'popup',
    path: '/',
    view: { ...base, account: { ...game, name: 'Old wallet, an account with the longest name!' } },
  },
  'home-node': {
    surface: 'popup',
    path: '/',
    view: { ...base, banner: { kind: 'node', line: plainLine('Your node does not answer') } },
  },
  'home-new': {
    surface: 'popup',
    path: '/',
    view: {
      ...base,
      network: 'devnet',
      sessions: [],
      activity: [],
      backupChecked: false,
      account: {
        address: GAME,
        name: 'Main account',
        state: { deployed: false, guardian: 'none', at: NOW },
        balances: [],
      },
      banner: { kind: 'backup', line: plainLine('Your backup is not checked. This wallet stays on test networks.') },
      waiting: [{ id: 'a1', host: 'play.g.io' }],
    },
  },
  accounts: { surface: 'popup', path: '/accounts', view: { ...base, accounts: kinds } },
  import: { surface: 'tab', path: '/import', view: base },
  sessions: { surface: 'popup', path: '/sessions', view: base },
  'sessions-fewer': {
    surface: 'popup',
    path: '/sessions',
    view: { ...base, sessions: base.sessions.filter(({ id }) => id !== 's1') },
  },
  'sessions-none': { surface: 'popup', path: '/sessions', view: { ...base, sessions: [] } },
  'session-detail': { surface: 'tab', path: '/session/s1', view: base },
  'session-paused': { surface: 'tab', path: '/session/s2', view: base },
  'session-ended': { surface: 'tab', path: '/session/s4', view: base },
  'session-unknown': { surface: 'tab', path: '/session/none', view: base },
  settings: { surface: 'tab', path: '/settings', view: { ...base, backupChecked: false } },
  'settings-limits': {
    surface: 'tab',
    path: '/settings',
    view: base,
    press: ['ui_limitsPage_what'],
    at: 'ui_sessions',
  },
  security: { surface: 'tab', path: '/security', view: { ...base, passkeys } },
  'security-bare': { surface: 'popup', path: '/security', view: { ...base, backupChecked: false } },
  'change-password': { surface: 'tab', path: '/password', view: base },
  'add-passkey': { surface: 'tab', path: '/passkey', view: base },
  'save-backup': { surface: 'tab', path: '/save-backup', view: base },
  'save-backup-bare': {
    surface: 'tab',
    path: '/save-backup',
    view: base,
    password: PASSWORD,
    press: ['ui_backupFile_save'],
    answers: {
      exportBackup: {
        name: 'latchkey-backup-2025-11-26.json',
        text: '{}',
        withoutPhrase: true,
        missing: ['Old wallet, an account with the longest name!'],
      },
    },
  },
  'check-file': { surface: 'tab', path: '/check-file', view: base },
  erase: { surface: 'tab', path: '/erase', view: { ...base, backupChecked: false } },
  forgot: { surface: 'tab', path: '/forgot', view: { ...base, lock: 'locked' } },
  recovery: { surface: 'tab', path: '/', failure: { code: 'damaged', line: line('err_damagedRow') } },
  'recovery-missing': {
    surface: 'tab',
    path: '/',
    failure: { code: 'damaged', line: line('err_damagedRow') },
    password: PASSWORD,
    press: ['ui_recovery_goOn'],
    answers: { goOnWithout: { dropped: 2, missing: ['Game', 'Old wallet, an account with the longest name!'] } },
  },
  'recovery-newer': { surface: 'popup', path: '/', failure: { code: 'damaged', line: line('err_otherShape') } },
  'unlock-passkey': { surface: 'tab', path: '/', view: { ...base, lock: 'locked', approvals: [], passkeys } },
  'unlock-passkey-popup': { surface: 'popup', path: '/', view: { ...base, lock: 'locked', approvals: [], passkeys } },
  restore: { surface: 'tab', path: '/', view: fresh, press: ['ui_welcome_restore'] },
  reveal: { surface: 'tab', path: '/phrase', view: base },
  unlock: {
    surface: 'popup',
    path: '/',
    view: { ...base, lock: 'locked', approvals: [], waiting: [{ id: 'a1', host: 'play.g.io', tint: 2 }] },
  },
  'unlock-asleep': { surface: 'popup', path: '/', view: { ...bare, lock: 'asleep' } },
  'unlock-wait': {
    surface: 'popup',
    path: '/',
    view: { ...bare, lock: 'locked', lockout: { until: NOW + 60, left: 0 } },
  },
  welcome: { surface: 'tab', path: '/', view: fresh },
  'welcome-popup': { surface: 'popup', path: '/', view: fresh },
  ...lifeViews(base, NOW),
  lost: { surface: 'popup', path: '/' },
  ...placesScreens(base, asks),
  parts: { surface: 'tab' },
}

const VERSIONS = ['0.5.0', '0.4.0', '0.3.1', '0.3.0'] as const
/** What the worker would compute of a key, and what a network would have there. */
export function candidatesOf(publicKey: string): Verbs['importCandidates']['result'] {
  const from = BigInt(publicKey) << 200n
  return {
    rows: VERSIONS.map((version, at) => ({
      address: address(from + BigInt(at)),
      classHash: felt(at + 1) as ClassHash,
      title: line('class_ready', { version: text(version) }),
    })),
  }
}
export function foundAt(addresses: readonly Address[]): Verbs['importLook']['result'] {
  const [, today, older] = addresses
  if (today === undefined || older === undefined || BigInt(today) >> 200n !== 0x2b42n) return { found: [] }
  const title = line('class_ready', { version: text('0.4.0') })
  return {
    found: [
      { address: today, network: 'sepolia', deployed: title, secondKey: 'ours', generation: 0, balance: units('31.2') },
      { address: older, network: 'sepolia', deployed: title, secondKey: 'foreign', balance: units('0') },
    ],
  }
}
