/**
 * Who holds what, as the sentences of a session say it (`enforcedBy`): each row is broken once through the wallet, and once
 * with a token that was signed without asking any policy, as whoever stole both keys would.
 */
import { GUARDIAN, OWNER } from '../../src/background/sending/stub-world.ts'
import { felt } from '../../src/core/felt.ts'
import { enforcedBy } from '../../src/core/policy/explain.ts'
import type { Call, CallRule, Origin, Reason, SessionPolicy } from '../../src/core/policy/policy.ts'
import type { RequestSessionParams } from '../../src/core/policy/wire-shape.ts'
import { ordinarySignature } from '../../src/starknet/accounts.ts'
import { publicKey, sign } from '../../src/starknet/curve.ts'
import { selectorOf } from '../../src/starknet/selector.ts'
import { type Devnet, declare, deploy, deployFixtures, type Fixtures, startDevnet } from '../devnet.ts'
import { type Forged, type More, type Parts, partsOn, type Running, to, u256 } from '../parts.ts'
import { expect, test } from '../world.ts'

test.describe.configure({ mode: 'default' })

let devnet: Devnet
let on: Parts
let at: Fixtures

test.beforeAll(async () => {
  test.setTimeout(180_000)
  devnet = await startDevnet()
  at = await deployFixtures(devnet)
  on = await partsOn(devnet)
  const much = u256(1_000_000)
  await on.byOwner(to(at.token, 'mint', on.account, ...much), to(at.coin, 'mint', on.account, ...much))
})
test.afterAll(async () => {
  on?.stop()
  await devnet?.stop()
})

type Member = Parameters<typeof enforcedBy>[0]
interface Row {
  readonly is: string
  readonly member: Member
  readonly ask: () => RequestSessionParams
  readonly more?: More | (() => More)
  /** After the session began, before it is misused. */
  readonly first?: (running: Running) => Promise<unknown>
  readonly breaks: () => readonly Call[]
  readonly forged?: Forged
  /** Reason codes of the wallet; for a stolen key there is nothing to ask it. */
  readonly wallet?: readonly Reason['code'][]
  readonly chain?: RegExp
}

const game = (more: Partial<RequestSessionParams> = {}): RequestSessionParams => ({
  calls: [{ contract_address: at.game, entry_point: ['move', 'doAction'] }],
  duration: 3_600,
  ...more,
})
const paying = (limit: object = { total: '1000' }, more: Partial<RequestSessionParams> = {}): RequestSessionParams => ({
  calls: [{ contract_address: at.token, entry_point: ['transfer', 'approve'] }],
  spend_limits: [{ token: at.token, approvals: 'forbid', ...limit }],
  duration: 3_600,
  ...more,
})
const move = () => [to(at.game, 'move', 1, 2)]
const pay = (amount: number, whom = at.game) => [to(at.token, 'transfer', whom, ...u256(amount))]
const thief = new Uint8Array(32).fill(1)
const ended = (secondsAgo: number) => (policy: SessionPolicy) => {
  const validUntil = policy.validAfter - secondsAgo
  return { ...policy, validAfter: validUntil - 3_600, validUntil }
}
const ownRule = (policy: SessionPolicy): SessionPolicy => {
  const [first] = policy.calls
  const entrypoints = [{ selector: selectorOf('get_guardian'), name: 'get_guardian' }]
  const { codePin, ...rule }: CallRule = { ...first!, contract: on.account, entrypoints }
  return { ...policy, calls: [rule] }
}
const withFees = (fees: Partial<SessionPolicy['fees']>) => (policy: SessionPolicy) => ({
  ...policy,
  fees: { ...policy.fees, ...fees },
})

const ROWS: readonly Row[] = [
  {
    is: 'an entrypoint that is not listed of a contract that is',
    member: 'actions',
    ask: game,
    breaks: () => [to(at.game, 'reset')],
    wallet: ['noRule'],
    chain: /session\/invalid-call/,
  },
  {
    // Trap 6 on a chain.
    is: 'a listed entrypoint on another contract: a selector is nothing without its contract',
    member: 'actions',
    ask: paying,
    breaks: () => [to(at.coin, 'transfer', at.game, ...u256(1))],
    wallet: ['noRule', 'tokenNotListed'],
    chain: /session\/invalid-call/,
  },
  {
    is: 'one listed call and one that is not, in one transaction',
    member: 'actions',
    ask: game,
    breaks: () => [...move(), to(at.game, 'reset')],
    wallet: ['noRule'],
    chain: /session\/invalid-call/,
  },
  {
    is: 'an end two hours ago',
    member: 'end',
    ask: game,
    more: { change: ended(7_200) },
    breaks: move,
    wallet: ['expired'],
    chain: /session\/expired/,
  },
  {
    // Validation sees the hour alone, execution the second: the fee is burnt, and nothing else happens.
    is: 'an end a second ago',
    member: 'end',
    ask: game,
    more: { change: ended(1) },
    // A devnet executes at the time at which its last block was made.
    first: () => devnet.createBlock(),
    breaks: move,
    wallet: ['expired'],
    chain: /session\/expired/,
  },
  {
    // Trap 12 on a chain.
    is: 'no call to own accounts: one that is in the signed list',
    member: 'ownAccounts',
    ask: game,
    more: () => ({ change: ownRule }),
    breaks: () => [to(on.account, 'get_guardian')],
    wallet: ['selfCall'],
    chain: /argent\/no-multicall-to-self/,
  },
  {
    is: 'a token signed by another key',
    member: 'key',
    ask: game,
    breaks: move,
    forged: { sessionKey: thief },
    chain: /session\/invalid-session-sig/,
  },
  {
    is: 'a token that names another key',
    member: 'key',
    ask: game,
    breaks: move,
    forged: { sessionKey: thief, named: thief },
    chain: /session\/invalid-account-sig/,
  },
  {
    is: 'a token without the guardian',
    member: 'key',
    ask: game,
    breaks: move,
    forged: { guardianKey: thief },
    chain: /session\/invalid-backend-sig/,
  },
  {
    is: 'a session that was revoked',
    member: 'key',
    ask: game,
    first: revoked,
    breaks: move,
    wallet: ['revoked'],
    chain: /session\/revoked/,
  },
  {
    is: 'a start in an hour',
    member: 'other',
    ask: game,
    more: { change: (policy) => ({ ...policy, validAfter: policy.validAfter + 3_000 }) },
    breaks: move,
    wallet: ['notStarted'],
  },
  {
    is: 'a rule that was switched off later',
    member: 'other',
    ask: game,
    more: { effective: (policy) => ({ ...policy, calls: policy.calls.map((rule) => ({ ...rule, enabled: false })) }) },
    breaks: move,
    wallet: ['ruleDisabled'],
  },
  {
    is: 'a denied action',
    member: 'other',
    ask: () => game({ deny: [{ contract_address: at.game, entry_point: 'move' }] }),
    breaks: move,
    wallet: ['denied'],
  },
  {
    is: 'a paused session',
    member: 'other',
    ask: game,
    first: ({ session }) => on.world.sessions.pause(session.id, 'person'),
    breaks: move,
    wallet: ['paused'],
  },
  { is: 'an amount', member: 'other', ask: paying, breaks: () => pay(1_001), wallet: ['spendCap'] },
  {
    is: 'an amount in one call, and in one transaction',
    member: 'other',
    ask: () => paying({ total: '1000', per_call: '10', per_tx: '15' }),
    breaks: () => pay(16),
    wallet: ['perCall', 'perTx'],
  },
  {
    // Trap 5 on a chain.
    is: 'splitting over a multicall does not help',
    member: 'other',
    ask: paying,
    breaks: () => [...pay(500), ...pay(500), ...pay(1)],
    wallet: ['spendCap'],
  },
  {
    is: 'a recipient',
    member: 'other',
    ask: () => paying({ total: '1000', recipients: [at.game] }),
    breaks: () => pay(1, at.market),
    wallet: ['recipient'],
  },
  {
    is: 'an allowance',
    member: 'other',
    ask: paying,
    breaks: () => [to(at.token, 'approve', at.market, ...u256(1)), to(at.token, 'approve', at.market, 0, 0)],
    wallet: ['approvalForbidden', 'spender'],
  },
  {
    is: 'a count of transactions',
    member: 'other',
    ask: () => game({ usage: { max_transactions: 0 } }),
    breaks: move,
    wallet: ['txCount'],
  },
  {
    is: 'a count of actions, and of actions in one transaction',
    member: 'other',
    ask: () => game({ usage: { max_calls: 1, max_calls_per_tx: 1 } }),
    breaks: () => [...move(), ...move()],
    wallet: ['callCount', 'callsPerTx'],
  },
  {
    is: 'how often a rule may be used',
    member: 'other',
    ask: () => game({ calls: [{ contract_address: at.game, entry_point: 'move', max_calls: 1 }] }),
    breaks: () => [...move(), ...move()],
    wallet: ['ruleCap'],
  },
  {
    is: 'a rate',
    member: 'other',
    ask: () => game({ usage: { rate: { transactions: 1, seconds: 600 }, min_gap: 600 } }),
    first: (running) => on.done(running, ...move()),
    breaks: move,
    wallet: ['gap', 'txCount'],
  },
  {
    is: 'an argument',
    member: 'other',
    ask: () =>
      game({ calls: [{ contract_address: at.game, entry_point: 'move', args: { at: 'x', op: 'lt', value: '10' } }] }),
    breaks: () => [to(at.game, 'move', 10, 0)],
    wallet: ['argRule'],
  },
  {
    is: 'a running total of an argument',
    member: 'other',
    ask: () =>
      game({
        calls: [{ contract_address: at.game, entry_point: 'move', sums: [{ at: 'x', caps: [{ amount: '15' }] }] }],
      }),
    breaks: () => [to(at.game, 'move', 10, 0), to(at.game, 'move', 6, 0)],
    wallet: ['sumCap'],
  },
  {
    is: 'a fee, for one transaction and for the session',
    member: 'other',
    ask: () => game({ fees: { max_per_tx: '1', max_total: '2' } }),
    breaks: move,
    wallet: ['feeCap', 'feePerTx'],
  },
  {
    is: 'a fee that somebody else must pay',
    member: 'other',
    ask: game,
    more: { change: withFees({ payer: 'paymaster', tokens: [] }) },
    breaks: move,
    wallet: ['feeToken', 'paymasterRequired'],
  },
]

test('what fits passes: the wallet signs it, and a token without the wallet is one that the chain takes', async () => {
  const running = await on.start(game())
  expect((await on.done(running, ...move())).end).toBe('accepted')
  expect((await on.raw(running, move())).by).toBe('nobody')
})

for (const row of ROWS) {
  const holds = enforcedBy(row.member, 'chain')
  test(`${holds === 'both' ? 'the chain refuses, and the wallet' : 'only the wallet refuses'}: ${row.is}`, async () => {
    const more = typeof row.more === 'function' ? row.more() : row.more
    const running = await on.start(row.ask(), more)
    await row.first?.(running)
    const calls = row.breaks()
    if (row.wallet !== undefined) expect([...(await on.refusal(running, ...calls))].sort()).toEqual(row.wallet)
    const landed = await on.raw(running, calls, row.forged)
    expect(landed.by).toBe(holds === 'both' ? 'chain' : 'nobody')
    if (landed.by === 'chain') expect(landed.words).toMatch(row.chain!)
  })
}

for (const row of ROWS) {
  if (row.wallet === undefined) continue
  test(`held by the wallet alone: ${row.is}`, async () => {
    expect(enforcedBy(row.member, 'wallet')).toBe('wallet')
    const more = typeof row.more === 'function' ? row.more() : row.more
    const running = await on.start(row.ask(), { ...more, backing: 'wallet' })
    expect(running.session.chain).toBeUndefined()
    await row.first?.(running)
    const calls = row.breaks()
    expect([...(await on.refusal(running, ...calls))].sort()).toEqual(row.wallet)
    // The chain knows no session: to it these are the owner's calls.
    expect(await on.rawByOwner(calls)).toMatchObject({ by: 'nobody' })
  })
}

test('held by the wallet alone: what fits passes, signed by the owner, and only while the wallet is open', async () => {
  const running = await on.start(game(), { backing: 'wallet' })
  expect((await on.done(running, ...move())).end).toBe('accepted')
  on.world.lock.unlocked = false
  try {
    expect(await on.refusal(running, ...move())).toEqual(['locked'])
  } finally {
    on.world.lock.unlocked = true
  }
})

test('a revocation holds here at once, and on the chain after its transaction', async () => {
  const running = await on.start(game())
  await on.world.sessions.revoke(running.session.id, await on.now(), true)
  expect(await on.refusal(running, ...move())).toEqual(['revoked'])
  expect((await on.raw(running, move())).by).toBe('nobody')
  await on.revokeOnChain(running)
  expect((await on.raw(running, move())).by).toBe('chain')
})

test('only the wallet refuses: another site that knows the id of a session', async () => {
  const { session } = await on.start(game())
  const request = { network: session.network, account: session.account, calls: move(), session: session.id }
  const asked = await on.world.executor.executeInSession({
    ...request,
    origin: 'https://other.example' as Origin,
  })
  expect(asked).toEqual({ kind: 'none' })
})

test('only the wallet refuses: a tip', async () => {
  const running = await on.start(game({ fees: { max_total: '1000000000000000000000', max_tip_per_gas: '0' } }))
  const row = await on.done(running, ...move())
  expect(row).toMatchObject({ end: 'accepted', tip: '0' })
  expect((await on.raw(running, move(), { tip: 1n })).by).toBe('nobody')
})

test('only the wallet refuses: code that was replaced, and money that the calls do not name', async () => {
  const replaceable = await deploy(devnet, await declare(devnet, 'replaceable'))
  const pinned = await on.start(game({ calls: [{ contract_address: replaceable, entry_point: 'play' }] }))
  await on.byOthers(replaceable, 'replace', await declare(devnet, 'replacement'))
  expect(await on.refusal(pinned, to(replaceable, 'play'))).toEqual(['codeChanged'])
  expect((await on.raw(pinned, [to(replaceable, 'play')])).by).toBe('nobody')

  await on.byOwner(
    to(at.coin, 'mint', on.account, ...u256(100)),
    to(at.coin, 'approve', at.market, ...u256(100)),
    to(at.token, 'approve', at.market, ...u256(100)),
  )
  const pull = (token: string) => to(at.market, 'pull', token, on.account, ...u256(10))
  const trading = await on.start({
    calls: [{ contract_address: at.market, entry_point: 'pull' }],
    spend_limits: [{ token: at.token, total: '5' }],
    duration: 3_600,
  })
  expect(await on.refusal(trading, pull(at.coin))).toEqual(['undeclaredOutflow'])
  expect(await on.refusal(trading, pull(at.token))).toEqual(['spendCap'])
  expect((await on.raw(trading, [pull(at.coin), pull(at.token)])).by).toBe('nobody')
})

test('messages are held by the owner key: a token of a session is no signature of one', async () => {
  const running = await on.start(game())
  const message = felt(0x1234)
  const valid = (signature: readonly string[]) =>
    on.view(on.account, 'is_valid_signature', message, signature.length, ...signature)
  const by = (key: Uint8Array) => ({ publicKey: publicKey(key), signature: sign(message, key) })
  expect(await valid(ordinarySignature('argent-0.4.0', by(OWNER), by(GUARDIAN)))).toEqual([0x56414c4944n])
  await expect(valid(await on.tokenOver(running, move()))).rejects.toMatchObject({
    words: ['argent/invalid-signature-format'],
  })
})

async function revoked(running: Running): Promise<void> {
  const { id, chain } = running.session
  await on.world.sessions.revoke(id, await on.now(), chain !== undefined)
  if (chain !== undefined) await on.revokeOnChain(running)
}
