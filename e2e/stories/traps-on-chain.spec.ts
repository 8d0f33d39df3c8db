/** Traps of the policy that a chain can set: what contracts do beside the calls, what time does, what fees do. */

import { holdsOf } from '../../src/background/sending/journal.ts'
import { GUARDIAN, OWNER } from '../../src/background/sending/stub-world.ts'
import { STRK } from '../../src/core/account.ts'
import { address, type Felt, felt, u256 as u256Of } from '../../src/core/felt.ts'
import { feeMeter, spendMeter, TX, used } from '../../src/core/policy/book.ts'
import { BANNED } from '../../src/core/policy/forbidden.ts'
import type { Call, SessionPolicy } from '../../src/core/policy/policy.ts'
import type { RequestSessionParams, SpendLimit } from '../../src/core/policy/wire-shape.ts'
import { publicKey } from '../../src/starknet/curve.ts'
import { type Devnet, declare, deploy, deployFixtures, type Fixtures, startDevnet } from '../devnet.ts'
import { type Parts, partsOn, type Running, to, u256 } from '../parts.ts'
import { formsOf } from '../secrets.ts'
import { expect, test } from '../world.ts'

test.describe.configure({ mode: 'default' })

let devnet: Devnet
let on: Parts
let at: Fixtures
/** It takes a tenth of what is sent, on top. */
let taking: string

test.beforeAll(async () => {
  test.setTimeout(180_000)
  devnet = await startDevnet()
  at = await deployFixtures(devnet)
  taking = await deploy(devnet, await declare(devnet, 'fee_token'))
  on = await partsOn(devnet)
  const much = u256(10n ** 24n)
  await on.byOwner(
    to(at.token, 'mint', on.account, ...much),
    to(at.coin, 'mint', on.account, ...much),
    to(taking, 'mint', on.account, ...much),
  )
})
test.afterAll(async () => {
  on?.stop()
  await devnet?.stop()
})

const DAY = 86_400
const WRONG_NONCE = 52

test('old allowance pulled by an allowed contract: in a trial run it is found before anything is signed', async () => {
  await allowed({ [at.token]: 100, [at.coin]: 100 })
  const session = await on.start(trading([{ token: at.token, total: '50' }], 'pull'))
  expect(session.session.granted.spend.look).toBe('simulate')
  const nonce = await nonceOf()

  expect(await on.refusal(session, pull(at.coin, 10))).toEqual(['undeclaredOutflow'])
  expect(await on.refusal(session, pull(at.token, 51))).toEqual(['spendCap'])
  expect(await nonceOf()).toBe(nonce)
  // What is listed and has room is paid from the limit.
  expect((await on.done(session, pull(at.token, 50))).end).toBe('accepted')
  expect(await spent(session, at.token)).toBe(50n)
  expect(await on.refusal(session, pull(at.token, 1))).toEqual(['spendCap'])
})

test('old allowance pulled by an allowed contract: one that nobody could know of shows in the receipt, and stops the session', async () => {
  // Neither listed nor in a limit, so its allowances are not read.
  await allowed({ [at.token]: 0, [at.coin]: 0, [taking]: 100 })
  const session = await on.start(trading([], 'pull'))
  expect(session.session.granted.spend.look).toBe('receipt')
  const row = await on.done(session, pull(taking, 100))
  expect(row.outcome?.out[address(taking)]).toBe('110')
  expect(stateOf(session)).toEqual({ state: 'paused', pause: 'overdrawn' })
  expect(await on.refusal(session, pull(at.token, 1))).toEqual(['paused'])
})

test('contract acts differently on chain than simulated: what left is booked in full, and the session stops', async () => {
  await allowed({ [at.token]: 1_000 })
  const session = await on.start(trading([{ token: at.token, total: '100' }], 'swap_more'))
  expect((await on.done(session, swap('swap_more', 10))).end).toBe('accepted')
  expect(await spent(session, at.token)).toBe(10n)

  on.beforeNext(() => on.byOthers(at.market, 'turn', ...u256(300)))
  const row = await on.done(session, swap('swap_more', 10))
  await on.byOthers(at.market, 'turn', 0, 0)
  expect(row.outcome?.out[address(at.token)]).toBe('310')
  expect(await spent(session, at.token)).toBe(320n)
  expect(stateOf(session)).toEqual({ state: 'paused', pause: 'overdrawn' })
  expect(await on.refusal(session, swap('swap_more', 1))).toContain('paused')
})

test('class change pauses before the next signature', async () => {
  const replaceable = await deploy(devnet, await declare(devnet, 'replaceable'))
  const session = await on.start({
    calls: [{ contract_address: replaceable, entry_point: 'play' }],
    duration: DAY,
  })
  const play = to(replaceable, 'play')
  expect((await on.done(session, play)).end).toBe('accepted')
  await on.byOthers(replaceable, 'replace', await declare(devnet, 'replacement'))
  const nonce = await nonceOf()

  // What was read of the class is good for a minute.
  on.age(61)
  expect(await on.refusal(session, play)).toEqual(['codeChanged'])
  expect(stateOf(session)).toEqual({ state: 'paused', pause: 'codeChanged' })
  expect(await on.refusal(session, play)).toEqual(expect.arrayContaining(['paused']))
  expect(await nonceOf()).toBe(nonce)
  expect(await on.view(replaceable, 'plays')).toEqual([1n])
})

test('class change pauses before the next signature: also of the class that a proxy stands for', async () => {
  const first = await declare(devnet, 'replaceable')
  const proxy = await deploy(devnet, await declare(devnet, 'proxy'), [first])
  const session = await on.start({ calls: [{ contract_address: proxy, entry_point: 'play' }], duration: DAY })
  expect(session.session.granted.calls[0]?.codePin).toMatchObject({ impl: felt(first) })
  const play = to(proxy, 'play')
  expect((await on.done(session, play)).end).toBe('accepted')
  const itself = await devnet.rpc('starknet_getClassHashAt', { block_id: 'latest', contract_address: proxy })
  await on.byOthers(proxy, 'point', await declare(devnet, 'replacement'))
  // The proxy's own class says nothing.
  expect(await devnet.rpc('starknet_getClassHashAt', { block_id: 'latest', contract_address: proxy })).toBe(itself)
  const nonce = await nonceOf()

  on.age(61)
  expect(await on.refusal(session, play)).toEqual(['codeChanged'])
  expect(stateOf(session)).toEqual({ state: 'paused', pause: 'codeChanged' })
  expect(await nonceOf()).toBe(nonce)
  expect(await on.view(proxy, 'plays')).toEqual([1n])
})

test('fee-on-transfer and rebasing tokens: the larger receipt wins', async () => {
  const token = taking
  const ask: RequestSessionParams = {
    calls: [{ contract_address: token, entry_point: 'transfer' }],
    spend_limits: [{ token, total: '1000' }],
    duration: DAY,
  }
  const send = (amount: number) => to(token, 'transfer', at.game, ...u256(amount))

  // The calldata says 100, and so does the hold; 110 are gone.
  const looking = await on.start(ask)
  expect(looking.session.granted.spend.look).toBe('receipt')
  const row = await on.done(looking, send(100))
  expect(row.charges).toContainEqual(expect.objectContaining({ meter: spendMeter(address(token)), amount: '100' }))
  expect(await spent(looking, token)).toBe(110n)
  expect(stateOf(looking)).toEqual({ state: 'paused', pause: 'overdrawn' })

  // A trial run sees the fee, so it is held, and nothing is overdrawn.
  const trying = await on.start(ask, { change: simulating })
  expect(await on.refusal(trying, send(910))).toEqual(['spendCap'])
  expect((await on.done(trying, send(900))).end).toBe('accepted')
  expect(await spent(trying, token)).toBe(990n)
  expect(stateOf(trying)).toEqual({ state: 'active', pause: undefined })
})

test('fee-on-transfer and rebasing tokens: whole shares leave, and a balance that shrinks by itself is nobody’s spending', async () => {
  const token = await deploy(devnet, await declare(devnet, 'rebasing'))
  await on.byOthers(token, 'mint', on.account, ...u256(10_000))
  await on.byOthers(token, 'rebase', ...u256(7))
  const ask: RequestSessionParams = {
    calls: [{ contract_address: token, entry_point: 'transfer' }],
    spend_limits: [{ token, total: '100' }],
    duration: DAY,
  }
  const send = (amount: number) => to(token, 'transfer', at.game, ...u256(amount))

  const looking = await on.start(ask)
  const row = await on.done(looking, send(10))
  expect(row.charges).toContainEqual(expect.objectContaining({ meter: spendMeter(address(token)), amount: '10' }))
  expect(row.outcome?.out[address(token)]).toBe('14')
  expect(await spent(looking, token)).toBe(14n)
  expect(stateOf(looking)).toEqual({ state: 'paused', pause: 'overdrawn' })

  const trying = await on.start(ask, { change: simulating })
  expect((await on.done(trying, send(10))).end).toBe('accepted')
  expect(await spent(trying, token)).toBe(14n)
  // A share is worth less now: half of what the account had is gone, and no transfer says so.
  await on.byOthers(token, 'rebase', ...u256(3))
  expect((await on.done(trying, send(30))).end).toBe('accepted')
  expect(await spent(trying, token)).toBe(44n)
  expect(await on.refusal(trying, send(55))).toEqual(['spendCap'])
  expect(stateOf(trying)).toEqual({ state: 'active', pause: undefined })
})

test('no nested execution: every banned name, on any contract, also where a session lists it', async () => {
  const nonce = await nonceOf()
  for (const [name, selector] of Object.entries(BANNED)) {
    const session = await on.start(
      { calls: [{ contract_address: at.game, entry_point: 'move' }], duration: DAY },
      {
        change: (policy) => ({
          ...policy,
          calls: policy.calls.map((rule) => ({ ...rule, entrypoints: [{ selector: selector as never, name }] })),
        }),
      },
    )
    const nested = to(at.game, name, 0)
    expect(nested.selector).toBe(selector)
    expect(await on.refusal(session, nested), name).toEqual(['nestedExecution'])
    expect(await on.refusal(session, { ...nested, to: address(devnet.account.address) }), name).toEqual([
      'nestedExecution',
    ])
  }
  expect(await nonceOf()).toBe(nonce)
})

test('fee drain by tip and reverts: each fee is booked, three reverts in a row make it wait', async () => {
  await allowed({ [at.token]: 10_000 })
  const session = await on.start(trading([{ token: at.token, total: '1000' }], 'swap_more'))
  let fees = 0n
  for (let round = 0; round < 3; round += 1) {
    // Fits in the trial run, fails in the block.
    on.beforeNext(() => on.byOthers(at.market, 'turn', ...u256(10n ** 30n)))
    const row = await on.done(session, swap('swap_more', 10))
    await on.byOthers(at.market, 'turn', 0, 0)
    expect(row).toMatchObject({ end: 'reverted', tip: '0' })
    expect(BigInt(row.outcome!.fee.paid)).toBeGreaterThan(0n)
    fees += BigInt(row.outcome!.fee.paid)
  }
  expect(await on.refusal(session, swap('swap_more', 10))).toEqual(['gap'])
  expect(await spent(session, at.token)).toBe(0n)
  expect(await meter(session, feeMeter(STRK))).toBe(fees)
  expect(await meter(session, TX)).toBe(3n)

  await devnet.increaseTime(31)
  // A refusal looks at the chain's clock once a second.
  on.age(2)
  expect((await on.done(session, swap('swap_more', 10))).end).toBe('accepted')
  expect((await on.done(session, swap('swap_more', 10))).end).toBe('accepted')
})

test('fee drain by tip and reverts: what is left for fees is the end of it', async () => {
  const first = await on.start(playing())
  const { outcome } = await on.done(first, to(at.game, 'move', 1, 1))
  const paid = BigInt(outcome!.fee.paid)
  // Room for one hold of bounds, which are a multiple of what is paid, and for no second one.
  const session = await on.start(playing({ fees: { max_per_tx: `${paid * 4n}`, max_total: `${paid * 4n}` } }))
  const rounds: string[] = []
  for (let round = 0; round < 20; round += 1) {
    const result = await on.act(session, to(at.game, 'move', 1, 1))
    if (result.kind !== 'sent') {
      rounds.push(...(result.kind === 'ask' ? result.reasons.map(({ code }) => code) : [result.kind]))
      break
    }
    await expect.poll(async () => (await on.world.journal.open()).length, { timeout: 60_000 }).toBe(0)
    rounds.push('sent')
  }
  expect(rounds[0]).toBe('sent')
  expect(rounds.at(-1)).toBe('feeCap')
  expect(await meter(session, feeMeter(STRK))).toBeLessThanOrEqual(paid * 4n)
})

test('fee transfer is not spend: a receipt in the fee token counts each of the two once', async () => {
  const balance = async () => sum(await on.view(STRK, 'balance_of', on.account))
  const { sequencer_address: sequencer } = await devnet.rpc<{ sequencer_address: string }>(
    'starknet_getBlockWithTxHashes',
    { block_id: 'latest' },
  )
  const session = await on.start({
    calls: [{ contract_address: STRK, entry_point: 'transfer' }],
    spend_limits: [{ token: STRK, total: '1000' }],
    duration: DAY,
  })
  const had = await balance()
  // Also where the money goes to whom the fee goes to.
  const row = await on.done(
    session,
    to(STRK, 'transfer', at.game, ...u256(300)),
    to(STRK, 'transfer', sequencer, ...u256(40)),
  )
  expect(row.outcome?.out[STRK]).toBe('340')
  const fee = BigInt(row.outcome!.fee.paid)
  expect(had - (await balance())).toBe(340n + fee)
  expect(await spent(session, STRK)).toBe(340n)
  expect(await meter(session, feeMeter(STRK))).toBe(fee)
  expect(stateOf(session)).toEqual({ state: 'active', pause: undefined })
})

test('estimate signatures cannot be sent: what a trial run carries is no signature to the chain', async () => {
  const session = await on.start(playing())
  const calls = [to(at.game, 'move', 1, 1)]
  const zeros = (felts: readonly Felt[]) => felts.map((it, index) => (index < 2 ? it : ('0x0' as Felt)))
  expect((await on.raw(session, calls, { signature: zeros })).by).toBe('chain')
})

test('revocation does not recall what was signed: it lands, stays held until then, and the journal names its hash', async () => {
  await allowed({ [at.token]: 0 })
  const session = await on.start({
    calls: [{ contract_address: at.token, entry_point: 'transfer' }],
    spend_limits: [{ token: at.token, total: '100' }],
    duration: DAY,
  })
  const { id } = session.session
  const pay = to(at.token, 'transfer', at.game, ...u256(60))
  let open: Awaited<ReturnType<typeof on.world.journal.open>> = []
  on.beforeNext(async () => {
    await on.world.sessions.revoke(id, await on.now(), false)
    open = (await on.world.journal.open()).filter((row) => row.session === id)
  })
  const row = await on.done(session, pay)
  expect(row.end).toBe('accepted')
  expect(open.map(({ hash, status }) => ({ hash, status }))).toEqual([{ hash: row.hash, status: 'signed' }])
  expect(open[0]?.charges).toContainEqual(
    expect.objectContaining({ meter: spendMeter(address(at.token)), amount: '60' }),
  )
  expect(await spent(session, at.token)).toBe(60n)
  expect(stateOf(session).state).toBe('revoked')
  expect(await on.refusal(session, pay)).toEqual(['revoked'])
})

test('identical request after revocation: the hash that is dead on the chain signs nothing, and the request makes another', async () => {
  const move = to(at.game, 'move', 1, 1)
  const first = await on.start(playing())
  expect((await on.done(first, move)).end).toBe('accepted')
  await on.world.sessions.revoke(first.session.id, await on.now(), true)
  await on.revokeOnChain(first)
  const isDead = async ({ session }: Running) =>
    (await on.view(on.account, 'is_session_revoked', session.chain!.sessionHash))[0] === 1n
  expect(await isDead(first)).toBe(true)
  const nonce = await nonceOf()
  expect(await on.refusal(first, move)).toEqual(['revoked'])
  expect(await nonceOf()).toBe(nonce)

  const again = await on.start(playing())
  expect(again.session.chain!.sessionHash).not.toBe(first.session.chain!.sessionHash)
  expect(await isDead(again)).toBe(false)
  expect((await on.done(again, move)).end).toBe('accepted')
})

test('no private key leaves the wallet: not in a request to the node, an answer, a record or a log', async () => {
  const said: string[] = []
  const plain = { ...console }
  const names = ['log', 'info', 'warn', 'error', 'debug'] as const
  for (const name of names) console[name] = (...words: unknown[]) => void said.push(words.map(String).join(' '))
  try {
    const session = await on.start(playing())
    const answers: unknown[] = [await on.act(session, to(at.game, 'move', 1, 1))]
    await expect.poll(async () => (await on.world.journal.open()).length, { timeout: 60_000 }).toBe(0)
    answers.push(await on.act(session, to(at.game, 'reset')))
    await on.byOwner(to(at.game, 'move', 2, 2))
    const state = await on.world.ledger.state(session.session.id)
    const rows = await on.world.journal.list({ network: session.session.network, account: session.session.account })
    const records = [state, rows, await on.world.history.list({ limit: 1_000 }), on.world.errors]
    const text = JSON.stringify([answers, records, said, on.posted], (_, it) => (typeof it === 'bigint' ? `${it}` : it))
    const keys = { owner: OWNER, guardian: GUARDIAN, session: session.key }
    // Owner and guardian of the vectors are small numbers: their few digits stand in any text by chance, padded ones do not.
    const padded = (name: string, key: Uint8Array) => ({
      name: `${name}, padded`,
      bytes: Buffer.from(Buffer.from(key).toString('hex')),
    })
    const forms = Object.entries(keys).flatMap(([name, key]) =>
      [...formsOf(name, key), padded(name, key)].filter(({ bytes }) => bytes.length >= 16),
    )
    const found = (where: string) =>
      forms.filter(({ bytes }) => Buffer.from(where).includes(bytes)).map((it) => it.name)
    expect(found(text)).toEqual([])
    // What the search would find, and that there was something to search.
    expect(found(`${text}${BigInt(`0x${Buffer.from(session.key).toString('hex')}`)}`)).toEqual(['session, decimal'])
    expect(found(`${text}0x${Buffer.from(OWNER).toString('hex')}`)).toEqual(['owner, padded'])
    expect(text).toContain(publicKey(session.key))
    expect(text).toContain('starknet_addInvokeTransaction')
  } finally {
    Object.assign(console, plain)
  }
})

test('end boundary: a minute before it the wallet stops, and the chain takes the last second', async () => {
  test.setTimeout(180_000)
  // Its own time: a clock that was moved is everybody's.
  const chain = await startDevnet()
  const alone = await partsOn(chain)
  try {
    const { game } = await deployFixtures(chain)
    const ask: RequestSessionParams = { calls: [{ contract_address: game, entry_point: 'move' }], duration: DAY }
    const move = to(game, 'move', 1, 2)
    const noon = (await alone.now()) + 3_600
    const endingAt = (validUntil: number) => alone.start(ask, { change: (policy) => ({ ...policy, validUntil }) })
    const left = [61, 60, 59, 1, 0]
    const sessions = await Promise.all(left.map(async (seconds) => ({ seconds, it: await endingAt(noon + seconds) })))
    await chain.setTime(noon)
    // The wallet sees that block first, as it would a minute later.
    await alone.world.executor.check({ ...where(sessions[0]!.it), calls: [move] })
    for (const { seconds, it } of sessions.slice(1)) {
      expect(await alone.refusal(it, move), `${seconds} s before the end`).toEqual(['expired'])
    }
    expect((await alone.done(sessions[0]!.it, move)).end).toBe('accepted')

    const later = noon + 1_000
    const second = async (validUntil: number) => {
      const it = await endingAt(validUntil)
      await chain.rpc('devnet_setTime', { time: later, generate_block: false })
      return alone.raw(it, [move])
    }
    expect(await second(later + 1)).toMatchObject({ by: 'nobody' })
    expect(await second(later)).toMatchObject({ by: 'chain', words: expect.stringContaining('session/expired') })
  } finally {
    alone.stop()
    await chain.stop()
  }
})

test('page-made session is held to effective: the chain takes what its page wrote, the second key signs what the person left of it', async () => {
  await on.byOwner(to(at.token, 'mint', on.account, ...u256(100)))
  const session = await on.start(
    {
      calls: [
        { contract_address: at.game, entry_point: 'move' },
        { contract_address: at.token, entry_point: 'transfer' },
      ],
      spend_limits: [{ token: at.token, total: '100' }],
      duration: DAY,
    },
    { byPage: true, effective: lowered },
  )
  expect(session.session.chain?.bySite).toBe(true)
  const pay = (amount: number) => to(at.token, 'transfer', at.game, ...u256(amount))
  const play = to(at.game, 'move', 1, 1)
  const missed = async (...calls: readonly Call[]) => {
    const { answer } = await on.cosign(session, calls)
    return answer.kind === 'ask' || answer.kind === 'refuse' ? answer.reasons.map(({ code }) => code) : [answer.kind]
  }
  const nonce = await nonceOf()
  expect(await missed(pay(41))).toEqual(['spendCap'])
  expect(await missed(play)).toEqual(['ruleDisabled'])
  expect(await nonceOf()).toBe(nonce)

  const paid = await on.cosign(session, [pay(40)])
  expect(await paid.send()).toEqual({ by: 'nobody', hash: paid.hash })
  await settled()
  expect(await spent(session, at.token)).toBe(40n)
  expect(await missed(pay(1))).toEqual(['spendCap'])
  // The page has no second key, and with it the chain would take all of what the page wrote.
  expect((await on.raw(session, [pay(1)], { guardianKey: session.key })).by).toBe('chain')
  expect((await on.raw(session, [pay(60), play])).by).toBe('nobody')
})

test('two hashes on one nonce: the largest is held, the chain takes one, and that one is booked', async () => {
  const session = await on.start(playing(), { byPage: true })
  const move = to(at.game, 'move', 3, 4)
  const small = await on.cosign(session, [move], 2n)
  expect([await held(session, feeMeter(STRK)), await held(session, TX)]).toEqual([small.maxFee, 1n])
  const large = await on.cosign(session, [move], 5n)
  expect(large.maxFee).toBeGreaterThan(small.maxFee)
  expect([await held(session, feeMeter(STRK)), await held(session, TX)]).toEqual([large.maxFee, 1n])

  expect(await small.send()).toEqual({ by: 'nobody', hash: small.hash })
  await expect(large.send()).rejects.toMatchObject({ code: WRONG_NONCE })
  await settled()
  const { actual_fee: fee } = await devnet.rpc<{ actual_fee: { amount: string } }>('starknet_getTransactionReceipt', {
    transaction_hash: small.hash,
  })
  const rows = await on.world.journal.list({ session: session.session.id })
  expect(rows.map(({ hash, end }) => [hash, end]).sort()).toEqual(
    [
      [small.hash, 'accepted'],
      [large.hash, 'dropped'],
    ].sort(),
  )
  expect([await held(session, feeMeter(STRK)), await held(session, TX)]).toEqual([BigInt(fee.amount), 1n])
})

test('approve is charged when granted, in every spelling; the end of the session ends no allowance', async () => {
  await allowed({ [at.token]: 0 })
  const session = await on.start(approving('count', ['approve', 'increase_allowance', 'increaseAllowance']))
  const allow = (name: string, amount: number) => to(at.token, name, at.market, ...u256(amount))
  expect((await on.done(session, allow('approve', 60))).end).toBe('accepted')
  expect(await spent(session, at.token)).toBe(60n)
  expect((await on.done(session, allow('increase_allowance', 20), allow('increaseAllowance', 10))).end).toBe('accepted')
  expect(await spent(session, at.token)).toBe(90n)
  expect(await on.refusal(session, allow('increase_allowance', 11))).toEqual(['spendCap'])
  expect(await on.refusal(session, to(at.token, 'approve', at.game, ...u256(1)))).toEqual(['spender'])
  await on.world.sessions.revoke(session.session.id, await on.now(), false)
  expect(await on.view(at.token, 'allowance', on.account, at.market)).toEqual([90n, 0n])
})

test('approve and its pull are charged once', async () => {
  await allowed({ [at.token]: 0 })
  const session = await on.start(approving('count', ['approve']))
  const approve = to(at.token, 'approve', at.market, ...u256(60))
  expect((await on.done(session, approve, pull(at.token, 40))).end).toBe('accepted')
  expect(await spent(session, at.token)).toBe(60n)
  expect((await on.done(session, pull(at.token, 20))).end).toBe('accepted')
  expect(await spent(session, at.token)).toBe(60n)
  expect(stateOf(session)).toEqual({ state: 'active', pause: undefined })
})

test('reset tail missing, moved, for another spender: nothing of the approval is left on the chain', async () => {
  await allowed({ [at.token]: 0 })
  const approve = (whom: string, amount: number) => to(at.token, 'approve', whom, ...u256(amount))
  const tails = {
    missing: [approve(at.market, 15), pull(at.token, 10)],
    moved: [approve(at.market, 0), approve(at.market, 15), pull(at.token, 10)],
    'for another spender': [approve(at.market, 15), pull(at.token, 10), approve(at.game, 0)],
    'its own': [approve(at.market, 15), pull(at.token, 10), approve(at.market, 0)],
  }
  for (const [tail, calls] of Object.entries(tails)) {
    const session = await on.start(approving('reset_after', ['approve']))
    expect((await on.done(session, ...calls)).end, tail).toBe('accepted')
    expect(await on.view(at.token, 'allowance', on.account, at.market), tail).toEqual([0n, 0n])
    // What was set back is given back.
    expect(await spent(session, at.token), tail).toBe(10n)
  }
  // Only the wallet sees to it.
  const session = await on.start(approving('reset_after', ['approve']))
  expect((await on.raw(session, tails.missing)).by).toBe('nobody')
  expect(await on.view(at.token, 'allowance', on.account, at.market)).toEqual([5n, 0n])
})

test('an id is not an amount: as many items leave a collection as are allowed, in every spelling', async () => {
  const ids = [1, 2, 3].map((n) => BigInt(n) << 130n)
  await on.byOwner(...ids.map((id) => to(at.collection, 'mint', on.account, ...u256(id))))
  const session = await on.start({
    calls: [{ contract_address: at.collection, entry_point: ['transfer_from', 'transferFrom', 'safeTransferFrom'] }],
    nft_limits: [{ collection: at.collection, max_out: 2 }],
    duration: DAY,
  })
  const give = (name: string, id: bigint, ...data: number[]) =>
    to(at.collection, name, on.account, at.game, ...u256(id), ...data)
  expect((await on.done(session, give('transferFrom', ids[0]!))).end).toBe('accepted')
  expect(await on.refusal(session, give('transfer_from', ids[1]!), give('transfer_from', ids[2]!))).toEqual([
    'spendCap',
  ])
  expect((await on.done(session, give('safeTransferFrom', ids[1]!, 0))).end).toBe('accepted')
  expect(await on.refusal(session, give('transfer_from', ids[2]!))).toEqual(['spendCap'])
  expect(await on.view(at.collection, 'owner_of', ...u256(ids[2]!))).toEqual([BigInt(on.account)])
})

const playing = (more: Partial<RequestSessionParams> = {}): RequestSessionParams => ({
  calls: [{ contract_address: at.game, entry_point: 'move' }],
  duration: DAY,
  ...more,
})
const trading = (spend_limits: SpendLimit[], entry_point: string): RequestSessionParams => ({
  calls: [{ contract_address: at.market, entry_point }],
  spend_limits,
  duration: DAY,
})
const approving = (approvals: 'count' | 'reset_after', entry_point: string[]): RequestSessionParams => ({
  calls: [
    { contract_address: at.token, entry_point },
    { contract_address: at.market, entry_point: 'pull' },
  ],
  spend_limits: [{ token: at.token, total: '100', approvals, spenders: [at.market] }],
  duration: DAY,
})
const pull = (token: string, amount: number) => to(at.market, 'pull', token, on.account, ...u256(amount))
const swap = (name: string, amount: number) => to(at.market, name, at.token, ...u256(amount), at.coin, ...u256(amount))
const simulating = (policy: SessionPolicy): SessionPolicy => ({
  ...policy,
  spend: { ...policy.spend, look: 'simulate' },
})
/** What a person makes of it before the yes: 40 of the 100, and no game. */
const lowered = (policy: SessionPolicy): SessionPolicy => ({
  ...policy,
  calls: policy.calls.map((rule) => ({ ...rule, enabled: rule.contract !== address(at.game) })),
  spend: {
    ...policy.spend,
    limits: policy.spend.limits.map((it) => ({ ...it, caps: [{ window: { kind: 'session' }, max: u256Of(40n) }] })),
  },
})
const sum = ([low = 0n, high = 0n]: readonly bigint[]) => low + (high << 128n)

/** What the account allows the market, from before any session. */
async function allowed(amounts: Readonly<Record<string, number>>): Promise<void> {
  await on.byOwner(
    ...Object.entries(amounts).map(([token, amount]) => to(token, 'approve', at.market, ...u256(amount))),
  )
}

function nonceOf(): Promise<string> {
  return devnet.rpc('starknet_getNonce', { block_id: 'latest', contract_address: on.account })
}

const where = ({ session }: Running) => ({
  origin: session.origin,
  network: session.network,
  account: session.account,
  session: session.id,
})

function stateOf({ session }: Running) {
  const now = on.world.sessions.get(session.id)
  return { state: now?.state, pause: now?.pause }
}

async function meter({ session }: Running, name: ReturnType<typeof spendMeter>): Promise<bigint> {
  const state = await on.world.ledger.state(session.id)
  return used(state!.book, [], name, { kind: 'session' }, await on.now())
}

/** With what is signed and not settled. */
async function held({ session }: Running, name: ReturnType<typeof spendMeter>): Promise<bigint> {
  const state = await on.world.ledger.state(session.id)
  return used(state!.book, holdsOf(state!.open), name, { kind: 'session' }, await on.now())
}

/** What a site sends by itself is found by looking. */
async function settled(): Promise<void> {
  await expect.poll(async () => (await on.world.journal.open()).length, { timeout: 60_000 }).toBe(0)
}

const spent = (running: Running, token: string) => meter(running, spendMeter(address(token)))
