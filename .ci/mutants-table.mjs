/**
 * The hand mutants of policy.md 16: each is one mistake that somebody could make, as the text it would change. A text occurs exactly
 * once in its file, or the run says so. `waits`: the feature that has to come first. `tests`: where the quickest death is, from the
 * root; without it the tests of the core.
 *
 * @type {readonly { area: string, name: string, edits: readonly (readonly [file: string, find: string, replace: string])[], waits?: string, tests?: readonly string[] }[]}
 */
const policy = (name) => `src/core/policy/${name}.ts`
const one = (area, name, file, find, replace, more = {}) => ({ area, name, edits: [[file, find, replace]], ...more })

const matching = [
  [
    'contract not compared',
    policy('matching'),
    "(rule.contract === '*' || rule.contract === call.to) && lists(",
    'lists(',
  ],
  [
    'entrypoint not compared',
    policy('matching'),
    "(rule.contract === '*' || rule.contract === call.to) && lists(rule, call.selector)",
    "rule.contract === '*' || rule.contract === call.to",
  ],
  ['rank ignored', policy('matching'), 'fitting.filter((rule) => rank(rule, call.selector) === highest)', 'fitting'],
  [
    'off rule skipped',
    policy('matching'),
    'rules.find((one) => argumentsHold(one, at) === true)',
    'rules.find((one) => one.enabled && argumentsHold(one, at) === true)',
  ],
  [
    'full rule skipped',
    policy('matching'),
    'rules.find((one) => argumentsHold(one, at) === true)',
    'rules.find((one) => one.caps.every(({ max }) => max > 0) && argumentsHold(one, at) === true)',
  ],
  ['last rule owns', policy('matching'), 'rules.find((one)', 'rules.findLast((one)'],
  ['wide ranks as exact', policy('matching'), 'listed && rule.wide !== true ? 3 : 2', 'listed ? 3 : 2'],
  [
    'admin under wide',
    policy('evaluate'),
    '!(listsExactly(rule, call) && rule.adminAck === true)',
    'rule.adminAck !== true',
  ],
  [
    'admin without ack',
    policy('evaluate'),
    '!(listsExactly(rule, call) && rule.adminAck === true)',
    '!listsExactly(rule, call)',
  ],
  ['banned table empty', policy('forbidden'), 'return banned.get(selector)', 'return undefined'],
  [
    'other own account callable',
    policy('standing'),
    'call.to === tx.account || facts.ownAccounts.includes(call.to)',
    'call.to === tx.account',
  ],
  ['deny ignored', policy('evaluate'), 'denyOf(policy, { ...tx, index }) !== undefined', 'false'],
  ['unknown deny passes', policy('matching'), 'argumentsHold(deny, at) !== false', 'argumentsHold(deny, at) === true'],
  ['unknown allow passes', policy('matching'), 'argumentsHold(one, at) === true', 'argumentsHold(one, at) !== false'],
  ['not(unknown) true', policy('arguments'), 'return truth === undefined ? undefined : !truth', 'return !truth'],
  [
    'any(unknown) true',
    policy('arguments'),
    'return not(every(rule.any, (one) => not(holds(one, reader))))',
    'return rule.any.some((one) => holds(one, reader) !== false)',
  ],
  [
    'each(empty) false',
    policy('arguments'),
    "return list?.t === 'list' ? every(",
    "if (list?.t === 'list' && list.items.length === 0) return false\n    return list?.t === 'list' ? every(",
  ],
  [
    'between exclusive',
    policy('arguments'),
    'compared(high, (other) => value <= other)',
    'compared(high, (other) => value < other)',
  ],
  [
    'one unmatched call tolerated',
    policy('evaluate'),
    "if (owner.kind === 'none') found.add(",
    "if (owner.kind === 'none' && tx.calls.length === 1) found.add(",
  ],
].map((it) => one('matching', ...it))

const CALL = 'src/core/call.ts'
const money = [
  one('money', 'high limb dropped', CALL, 'undefined : (high << 128n) | low', 'undefined : low'),
  one('money', 'limb unchecked', CALL, 'return low > MAX_U128 || high > MAX_U128 ? undefined : (', 'return ('),
  one('money', 'length >= for =', CALL, 'calldata.length === length ? u256At', 'calldata.length >= length ? u256At'),
  one(
    'money',
    'a camel row missing',
    CALL,
    "  ['transferFrom', '0x41b033f4a31df8067c24d1e9b550a2ce75fd4a29e1147af9752174f0e6cb20', 'transferFrom'],\n",
    '',
  ),
  one(
    'money',
    'a snake row missing',
    CALL,
    "  ['increase_allowance', '0x1d13ab0a76d7407b1d5faccd4b3d8a9efe42f3d3c21766431d4fafb30f45bd4', 'increase'],\n",
    '',
  ),
  one('money', 'foreign sender as own', policy('evaluate'), 'const own = move.from === account', 'const own = true'),
  one(
    'money',
    'own-to-own transferFrom charged',
    policy('evaluate'),
    'own && move.to === account ? 0n : move.amount',
    'move.amount',
  ),
  one(
    'money',
    'recipient unchecked on transferFrom',
    policy('evaluate'),
    'checkSend(limit, move, tx.account, index, found)',
    'checkSend(call.calldata.length === 4 ? { ...limit, recipients: undefined } : limit, move, tx.account, index, found)',
  ),
  one(
    'money',
    'spender unchecked on increase',
    policy('evaluate'),
    'if (!limit.spenders.includes(',
    "if (move.how === 'approve' && !limit.spenders.includes(",
  ),
  one('money', 'approve uncounted', policy('evaluate'), '      add(all, call.to, move.amount)\n', ''),
  one(
    'money',
    'increase overwrites credit',
    policy('allowances'),
    "given.how === 'approve' ? given.amount : left + given.amount",
    'given.amount',
  ),
  one(
    'money',
    'credit beyond allowance',
    policy('allowances'),
    'sum += smaller(BigInt(amount), BigInt(live.amount))',
    'sum += BigInt(amount)',
  ),
  one(
    'money',
    'perCall on the sum',
    policy('evaluate'),
    'if (amount !== undefined) add(all, call.to, amount)',
    'if (amount !== undefined) add(all, call.to, amount)\n      checkPerCall(limit, all.get(call.to) ?? 0n, index, found)',
  ),
  {
    area: 'money',
    name: 'perTx per call',
    edits: [
      [
        policy('charging'),
        'if (limit.perTx !== undefined && wanted > BigInt(limit.perTx)) {',
        'if (ledger === undefined) {',
      ],
      [
        policy('evaluate'),
        '  if (limit.perCall === undefined || amount <= BigInt(limit.perCall)) return\n',
        "  if (limit.perTx !== undefined && amount > BigInt(limit.perTx)) found.add({ code: 'perTx', ...short(spendMeter(limit.token), BigInt(limit.perTx), amount) })\n  if (limit.perCall === undefined || amount <= BigInt(limit.perCall)) return\n",
      ],
    ],
  },
  one('money', 'extra outflow uncharged', policy('evaluate'), '    extra.set(token, more)\n', ''),
  one(
    'money',
    'unlisted outflow ignored',
    policy('evaluate'),
    "if (limit === undefined) found.add({ code: 'undeclaredOutflow', meter: spendMeter(token) })",
    'if (limit === undefined) continue',
  ),
  one(
    'money',
    'reset tail not required',
    policy('evaluate'),
    "limit.approvals === 'resetAfter' && !isSetBack(calls, index)",
    'false',
  ),
]

const TIME = 'src/core/time.ts'
const time = [
  ['< for <=', policy('charging'), 'if (amount <= left) continue', 'if (amount < left) continue'],
  [
    'no floor below the anchor',
    policy('windows'),
    'window.anchor + Math.floor((t - window.anchor) / window.seconds) * window.seconds',
    'window.anchor + Math.trunc((t - window.anchor) / window.seconds) * window.seconds',
  ],
  ['week from Sunday', policy('windows'), 'const MONDAY = -3', 'const MONDAY = -4'],
  [
    'month of 30 days',
    policy('windows'),
    'return firstDay(Math.floor(index / 12), index - Math.floor(index / 12) * 12) * DAY',
    'return Math.floor(firstDay(Math.floor(index / 12), index - Math.floor(index / 12) * 12) / 30) * 30 * DAY',
  ],
  ['local zone', policy('windows'), 'const day = Math.floor(t / DAY)', 'const day = Math.floor((t + HOUR) / DAY)'],
  ['rolling off by one', policy('windows'), 'return t - window.seconds + 1', 'return t - window.seconds'],
  [
    'held only in its window',
    policy('evaluate'),
    'held: heldBy(open)',
    'held: heldBy(open.filter((hold) => hold.at > now - 3_600))',
  ],
  ['booked at hold time', policy('book'), 'const at = Math.max(hold.at, outcome.at ?? 0)', 'const at = hold.at'],
  ['base lost', policy('book'), "window.kind === 'session' ? BigInt(book.base[meter] ?? '0') : 0n", '0n'],
  ['stream before start', policy('windows'), '  if (t < stream.start) return 0n\n', ''],
  ['margin 0', TIME, 'export const END_MARGIN: Seconds = 60', 'export const END_MARGIN: Seconds = 0'],
  [
    'end inclusive',
    policy('standing'),
    'now >= effective.validUntil - END_MARGIN',
    'now > effective.validUntil - END_MARGIN',
  ],
  ['now = wall clock', TIME, 'now: Math.max(facts.wall, lastWall, blockAhead ? 0 : lastBlock)', 'now: facts.wall'],
].map((it) => one('time, caps', ...it))

const ROW = 'src/core/transaction.ts'
const ledger = [
  ['revert frees the fee', policy('book'), 'if (BigInt(outcome.fee.paid) > 0n)', "if (outcome.end === 'accepted')"],
  ['revert keeps spend', policy('book'), "    if (outcome.end === 'reverted' && charge.meter !== TX) continue\n", ''],
  [
    'refund unbounded',
    policy('book'),
    'smaller(freed - amount, mayReturn(returned, session, meter, at))',
    'freed - amount',
  ],
  [
    'drop on time-out',
    'src/background/sending/watcher.ts',
    'if (accepted > BigInt(row.nonce)) {',
    'if (accepted > BigInt(row.nonce) || now() - row.at > PROOF_APART) {',
    { tests: ['src/background/sending/recovery.test.ts', 'src/background/sending/executor.test.ts'] },
  ],
  [
    'release though handed out',
    ROW,
    "signed: ['accepted', 'reverted', 'rejected', 'dropped'],",
    "signed: ['accepted', 'reverted', 'rejected', 'dropped', 'released'],",
  ],
  [
    'overdraw clipped',
    policy('book'),
    'bookings.push({ meter, amount: atMostU256(book), at })',
    'bookings.push({ meter, amount: atMostU256(mined && !late ? smaller(book, freed) : book), at })',
  ],
  ['refund below 0', policy('book'), 'return room < 0n ? 0n : room', 'return room'],
  [
    'group charge summed',
    policy('book'),
    'if (value > (most.get(meter) ?? 0n)) most.set(meter, value)',
    'most.set(meter, (most.get(meter) ?? 0n) + value)',
  ],
  ['released unwatched', ROW, "(row.end === 'rejected' || row.end === 'dropped') && isMined(step)", 'false'],
  ['update resets a meter', policy('carry'), 'bookings: carried(book.bookings, renamed),', 'bookings: [],'],
  ['tx per call', policy('charging'), 'usage.tx.map(capOf), 1n, 0n)', 'usage.tx.map(capOf), calls, 0n)'],
  [
    'dropped rule un-shadows',
    policy('narrow'),
    'next.length === prev.length)\n  prev.forEach((before, index) => {\n    const rule = next[index]\n    if (rule === undefined) return\n    const at = `/calls/',
    'next.length <= prev.length)\n  prev.forEach((before, index) => {\n    const rule = next[index]\n    if (rule === undefined) return\n    const at = `/calls/',
  ],
].map((it) => one('ledger, change', ...it))

export const MUTANTS = [...matching, ...money, ...time, ...ledger]
