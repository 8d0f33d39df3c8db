/** Canned Views: what the worker would compute for one afternoon. Amounts, sites and addresses are examples. */
import { type Address, address, felt, type Hash32, type U256 } from '../../src/core/felt.ts'
import type {
  AccountView,
  ActivityView,
  ConnectView,
  MeterView,
  RuleView,
  SessionRequestView,
  SessionView,
  SiteView,
  TransactionView,
  View,
} from '../../src/core/protocol/ui.ts'
import { DAY } from '../../src/core/time.ts'
import { amount, count, duration, inner, type Line, line, list, place, text, time } from '../../src/core/words.ts'

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
  setup: [],
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
  balanceChanges: [
    { line: plainLine('−8 STRK'), direction: 'out' },
    { line: plainLine('+1 Sword'), direction: 'in' },
  ],
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
  fee: { line: plainLine('about 0.012 STRK, never more than 0.019 STRK'), known: true },
  summary: line('policy_barSpend', { list: strk('8'), fee: strk('0.019') }),
  steps: [],
}

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
  sentence: line('ui_unlock_asks', { host: text('play.g.io') }),
  choices: accounts,
  sees: [plainLine('Its address and what is public on chain')],
  cannot: [plainLine('Move anything without asking'), plainLine('See your other accounts')],
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
    fee: plainLine('fees'),
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
    fee: plainLine('fee 0.011'),
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
  },
]

const session: SessionView = {
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
  log: activity.filter((row) => row.session === 's1'),
  details: request.details,
}
const sessions: readonly SessionView[] = [
  {
    ...session,
    id: 's2',
    site: site('trade.d.io', 3),
    account: { address: MAIN, name: 'Main' },
    status: 'paused',
    group: 'needsYou',
    cause: line('reason_paused', { cause: inner(line('reason_pauseCodeChanged')) }),
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
    ...session,
    id: 's5',
    site: play,
    status: 'paused',
    group: 'waiting',
    cause: line('reason_paused', { cause: inner(line('reason_pausePerson')) }),
    cut: [8, 2, 6, 2, 4],
    canResume: true,
  },
  {
    ...session,
    id: 's4',
    site: site('chess.q.io', 1),
    status: 'expired',
    group: 'ended',
    cut: [2, 8, 6, 2, 4],
    endsAt: NOW - 58_000,
    endedAt: NOW - 58_000,
    onChain: {
      state: 'offered',
      line: plainLine(
        'Here: ended 21:58. On chain: it ends there by itself. You can end it there now, for about 0.01 STRK.',
      ),
    },
  },
]

export const base: View = {
  rev: 1,
  now: NOW,
  lock: 'unlocked',
  theme: 'system',
  backupChecked: true,
  network: 'sepolia',
  networks: [
    { id: 'sepolia', name: 'Sepolia', host: 'rpc.starknet-testnet.example', test: true },
    { id: 'mainnet', name: 'Mainnet', host: 'rpc.starknet.example', test: false },
    { id: 'devnet', name: 'Devnet', host: '127.0.0.1:5050', test: true },
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
  autoLock: 900,
  sites: [play],
}
const { account: _account, strip: _strip, ...bare } = base
const fresh: View = { ...bare, lock: 'new', accounts: [], sessions: [], activity: [], sites: [] }

export interface Shown {
  readonly view?: View
  readonly surface: 'popup' | 'window' | 'tab'
  readonly path?: string
  /** Buttons to press by name, before the picture. */
  readonly press?: readonly string[]
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
  'session-large': asks(large),
  'session-widened': asks(widened),
  'session-rotated': asks(rotated),
  'session-several': asks(several),
  'session-renewed': asks(renewed),
  'session-setup': asks(setup),
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
  'transaction-tick': asks({
    ...transaction,
    balanceChanges: [],
    reasons: [],
    tick: plainLine('Balance changes unknown. Send anyway.'),
  }),
  connect: asks(connect),
  'approval-locked': {
    surface: 'window',
    path: '/approval',
    view: { ...base, lock: 'locked', waiting: [{ id: 'a1', host: 'play.g.io', tint: 2 }] },
  },
  'approval-none': { surface: 'window', path: '/approval', view: base },
  home: { surface: 'popup', path: '/', view: base },
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
  sessions: { surface: 'popup', path: '/sessions', view: base },
  'sessions-none': { surface: 'popup', path: '/sessions', view: { ...base, sessions: [] } },
  'session-detail': { surface: 'tab', path: '/session/s1', view: base },
  'session-paused': { surface: 'tab', path: '/session/s2', view: base },
  'session-ended': { surface: 'tab', path: '/session/s4', view: base },
  'session-unknown': { surface: 'tab', path: '/session/none', view: base },
  settings: { surface: 'tab', path: '/settings', view: { ...base, backupChecked: false } },
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
  lost: { surface: 'popup', path: '/' },
  parts: { surface: 'tab' },
}
