import { messageRules } from '../cold/message-rules.ts'
import 'fake-indexeddb/auto'
import { beforeEach, describe, expect, it } from 'vitest'
import { readClass } from '../cold/contract-class.ts'
import { STRK } from '../core/account.ts'
import type { ClassHash, Felt } from '../core/felt.ts'
import { type Address, address, felt, padded, shortString, u256 } from '../core/felt.ts'
import { TX, used } from '../core/policy/book.ts'
import type { MeterBook, SessionId } from '../core/policy/policy.ts'
import type { ResolveFacts } from '../core/policy/resolve.ts'
import type { ApprovalRecord, PlannedStep, SessionQuestion, StoredSession } from '../core/records.ts'
import { ARGENT_0_4_0, OPENZEPPELIN_1_0_0 } from '../starknet/accounts.ts'
import { selectorOf } from '../starknet/selector.ts'
import { createAccess } from './access.ts'
import { stepFailed } from './failures.ts'
import { createDisconnect, createEndGrant } from './handlers/connect.ts'
import { executeHandlers } from './handlers/execute.ts'
import { sessionHandlers } from './handlers/session.ts'
import { edited } from './handlers/wallet/approvals.ts'
import type { Allowed } from './keys/approved.ts'
import { createApprovals } from './owners/approvals.ts'
import { createGrants } from './owners/grants.ts'
import { createStops } from './owners/stops.ts'
import type { Context } from './router.ts'
import { holdsOf } from './sending/journal.ts'
import { ACCOUNT, createWorld, GAME, NETWORK, ORIGIN, type World } from './sending/stub-world.ts'
import { createSessionPrint } from './session-print.ts'
import { createStarter, type StartNeeds } from './starting.ts'

const OTHER = address('0xbad')
const GHOST = address('0x9057')
const GENESIS = { hash: felt('0xb0'), at: 5 }

let world: World
let life: ReturnType<typeof createLife>
let reads: string[]
let reading: () => Promise<void>
/** What others may take of the account. */
let taken: ResolveFacts['allowances']
/** What the store of sealed keys does inside the commit of a session. */
let inCommit: () => Promise<void>
let beforeCommit: () => Promise<void>
let ending: () => Promise<void>
let ends: [string, boolean | 'never'][]
let steps: (planned: readonly PlannedStep[], onDone: (step: PlannedStep, hash: Felt) => Promise<void>) => Promise<void>
let allowedSteps: readonly Allowed[]
let given: () => Promise<void>
let authorized: number
let sleeps: 'noted' | 'unknown' | 'awake'
/** What the person chose in the settings. */
let chosen: { off: boolean; restLocked: boolean; life?: number }

beforeEach(async () => {
  world = await createWorld()
  await world.nodes.of(NETWORK)
  reads = []
  reading = async () => undefined
  taken = []
  inCommit = async () => undefined
  beforeCommit = async () => undefined
  ending = async () => undefined
  ends = []
  steps = async () => undefined
  given = async () => undefined
  authorized = 0
  sleeps = 'awake'
  chosen = { off: false, restLocked: false }
  life = createLife()
})

/** One worker's life: another one over the same world is the next. */
function createLife() {
  const { db, sessions, accounts, history, networks, executor, signer } = world
  const now = () => world.clock.now
  let ids = 0
  const newId = () => {
    ids += 1
    return `${Math.random()} ${ids}`
  }
  const windows: string[] = []
  const guard = () => (world.lock.asleep ? undefined : world.guard)
  const stored = createGrants({ db, guard, now })
  const stops = createStops({ db, now })
  const grants: typeof stored = {
    ...stored,
    give: async (...grant) => {
      const made = await stored.give(...grant)
      await given()
      return made
    },
  }
  const approvals = createApprovals({
    db,
    now,
    newId,
    network: networks.get,
    window: { open: async () => void windows.push('window'), isOurs: async () => true },
    changed: () => undefined,
  })
  const selected = async () => {
    if (world.lock.asleep) throw new Error('no account')
    return { account: ACCOUNT, network: NETWORK }
  }
  const access = createAccess({
    approvals,
    grants,
    isUnlocked: async () => world.lock.unlocked,
    runs: async () => false,
    selected,
    told: async () => undefined,
  })
  const print = createSessionPrint({
    ledger: world.ledger,
    now: async () => now(),
    keysOf: () => ({ unlocked: world.lock.unlocked, workingSet: true }),
  })
  const start = createStarter({
    approvals,
    sessions,
    signer: {
      ...signer,
      authorization: (yes, of, guardian) => {
        authorized += 1
        return signer.authorization(yes, of, guardian)
      },
    },
    vault: {
      sealSecret: async () => {
        await beforeCommit()
        return {} as Awaited<ReturnType<StartNeeds['vault']['sealSecret']>>
      },
      writeSecret: () => inCommit(),
    },
    sessionSubkey: () => new Uint8Array(32),
    random: (length) => crypto.getRandomValues(new Uint8Array(length)),
    now,
    network: ({ network }) => networks.get(network),
    accountClass: async () => (world.node.state.classHash ?? ARGENT_0_4_0) as ClassHash,
    account: async () => {
      const own = await accounts.own(ACCOUNT)
      if (own === undefined) throw new Error('no account')
      return own
    },
    guardian: async (own) => own.guardian,
    runSteps: (planned, { approved }, onDone) => {
      allowedSteps = approved.allows
      return steps(planned, onDone)
    },
    keep: async () => undefined,
    scheduling: async () => ({ ownAccounts: [ACCOUNT], liveAllowance: false, from: 1 }),
    follow: () => undefined,
    wipe: () => undefined,
  })
  const there = { classHash: '0xc' as ClassHash, entrypoints: [] }
  const shared = { access, accounts, approvals, grants, history, sessions, print }
  const session = sessionHandlers({
    messageRules,
    ...shared,
    contracts: {
      facts: async (_network: string, of: readonly Address[]) => {
        reads.push('facts')
        return Object.fromEntries(of.filter((it) => it !== GHOST).map((it) => [it, there]))
      },
      allowances: async () => {
        reads.push('allowances')
        return { given: taken, isWhole: true }
      },
    } as unknown as Parameters<typeof sessionHandlers>[0]['contracts'],
    networks: networks.all,
    selected,
    shownNetwork: async () => NETWORK,
    isConnected: stops.hasGrant,
    clock: async () => now(),
    mayUse: async () => true,
    chosen: async () => chosen,
    newSessionId: () => newId() as SessionId,
    planSteps: async (_account, _network, missing, setups = []) =>
      [...missing.map((step) => ({ step })), ...setups.map((it) => ({ ...it, step: 'setup' as const }))].map((it) => ({
        ...it,
        bounds: NO_FEE,
      })),
    isDead: async () => false,
    start,
    keep: async () => undefined,
    awake: () => !world.lock.asleep,
    endAsleep: async () => sleeps,
    end: async ({ id }, onChain) => {
      ends.push([id, onChain])
      await ending()
      await sessions.revoke(id, now(), false)
      return undefined
    },
    granted: async () => undefined,
  })
  const execute = executeHandlers({
    ...shared,
    executor,
    networks,
    state: async () => (world.lock.asleep ? 'asleep' : 'unlocked'),
    isConnected: stops.hasGrant,
    readClass: (input, named, turn) =>
      readClass(input, named, {
        turn: (hash) =>
          turn(async () => {
            reads.push('class')
            await reading()
            return hash()
          }),
        breathe: async () => undefined,
      }),
    isDeclared: async () => false,
    spec: async () => '0.10.2',
    wait: () => new Promise((done) => setTimeout(done, 1)),
  })
  const disconnect = createDisconnect({
    approvals,
    asleep: async () => 'awake',
    endGrant: createEndGrant({ grants, sessions, history, told: async () => undefined }),
  })
  const { hasGrant: connected, disconnect: noteDisconnect } = stops
  return {
    approvals,
    grants,
    session: session.methods,
    asks: session.byPerson,
    execute,
    disconnect,
    connected,
    noteDisconnect,
    windows,
  }
}

const from = (request: string, more: Partial<Context> = {}): Context => ({
  origin: ORIGIN,
  document: 'd1',
  tab: 1,
  frame: 0,
  request: request as Context['request'],
  gesture: true,
  ...more,
})
const wanted = (more: object = {}, contract: Address = GAME) => ({
  calls: [{ contract_address: contract, entry_point: 'move' }],
  duration: 3_600,
  ...more,
})
const settled = (answer: Promise<unknown>) =>
  answer.then(
    (result) => ({ result }),
    ({ code, data, message }: { code?: number; data?: unknown; message?: string }) =>
      code === undefined ? { message } : { code, data },
  )
const ask = (context: Context, params: object) =>
  settled(
    life.session.wallet_requestSession(context, params as Parameters<typeof life.session.wallet_requestSession>[1]),
  )
async function waits(request: string, kind?: string): Promise<ApprovalRecord> {
  const find = async () =>
    (await life.approvals.waiting()).find(
      (it) => it.request === request && it.phase === 'asking' && (kind === undefined || it.question.kind === kind),
    )
  await expect.poll(find).toBeDefined()
  return (await find()) as ApprovalRecord
}
const allow = async (request: string, kind?: string) => {
  const record = await waits(request, kind)
  await life.approvals.decide(record.id, record.rev, life.approvals.digest(record), 'allow')
  return record
}
const list = () => world.sessions.list({ origin: ORIGIN })

describe('a session that is asked for', () => {
  it('starts with its grant in one window, and asking again under the same id is the same session', async () => {
    const answer = ask(from('r1'), wanted())
    await allow('r1')
    expect(await answer).toMatchObject({ result: { status: 'active' } })
    expect(life.windows).toHaveLength(1)
    expect(await life.grants.get(ORIGIN)).toMatchObject({ account: ACCOUNT })
    expect(await ask(from('r1'), wanted())).toEqual(await answer)
    expect(list()).toHaveLength(1)
  })
  it('sets to 0 first what its contracts may already take, in the one step before it, and not what others may', async () => {
    taken = [{ token: STRK, spender: GAME, amount: u256(7n) }]
    const setup = [{ contract_address: GAME, entry_point: 'join' }]
    const answer = ask(from('r1'), wanted({ setup_calls: setup }))
    const clear = async (on: boolean) => {
      const { id, rev, question } = await waits('r1')
      if (question.kind !== 'session') throw new Error('another question')
      const planned = await life.asks.cleared(question, 0, on)
      await life.approvals.change(id, rev, () => planned)
      return (await waits('r1')).question
    }
    const approve = { to: STRK, selector: selectorOf('approve'), calldata: [GAME, felt(0), felt(0)] }
    const join = { to: GAME, selector: selectorOf('join'), calldata: [] }
    expect(await clear(true)).toMatchObject({ clears: [approve], steps: [{ step: 'setup', calls: [approve, join] }] })
    const without = await clear(false)
    expect(without).toMatchObject({ steps: [{ step: 'setup', calls: [join] }] })
    expect(without).not.toHaveProperty('clears')
    await clear(true)
    await allow('r1')
    expect(await answer).toMatchObject({ result: { status: 'active' } })
    // The yes is for these calls and no others.
    expect(allowedSteps).toContainEqual({ kind: 'calls', calls: [approve, join] })
  })
  it('for any contract has no list on chain, no key of its own, and nothing that both keys sign', async () => {
    const before = authorized
    const answer = ask(from('r1'), wanted({ calls: [{ contract_address: '*', entry_point: '*' }] }))
    await allow('r1')
    expect(await answer).toMatchObject({
      result: { status: 'active', backing: 'wallet', chain: null, runs_while_locked: false },
    })
    expect(authorized).toBe(before)
    const [session] = list()
    expect([session?.backing, session?.chain, session?.runWhileLocked]).toEqual(['wallet', undefined, false])
  })
  it('of an account whose class has no sessions is held by this wallet alone, with nothing set up on chain', async () => {
    const before = authorized
    // A second key that stands in a class that has none says nothing.
    world.node.state.classHash = OPENZEPPELIN_1_0_0
    expect(await life.session.wallet_supportedSessions(from('s0'), null as never)).toMatchObject({ accounts: [] })
    const answer = ask(from('r1'), wanted())
    const { question } = await allow('r1')
    expect(question).toMatchObject({ walletOnly: true, runWhileLocked: false, steps: [] })
    expect(await answer).toMatchObject({
      result: { status: 'active', backing: 'wallet', chain: null, runs_while_locked: false },
    })
    expect(await life.session.wallet_supportedSessions(from('s1'), null as never)).toMatchObject({
      accounts: [{ ready: 'wallet' }],
    })
    expect(authorized).toBe(before)
    const [session] = list()
    expect(session).toMatchObject({ accountClass: OPENZEPPELIN_1_0_0, backing: 'wallet' })
    // What is enforced is what was asked, not any contract.
    expect(session?.effective.calls.map(({ contract }) => contract)).toEqual([GAME])
  })
  it("of a watched contract is asked like any other: only accounts with a key here are this wallet's own", async () => {
    await world.accounts.add([{ address: GAME, owner: { from: 'nowhere' }, name: 'Seen', order: 9, createdAt: 1 }])
    const answer = ask(from('r1'), wanted())
    await allow('r1')
    expect(await answer).toMatchObject({ result: { status: 'active' } })
  })
  it('does not start when the site was disconnected after the yes, and leaves no grant', async () => {
    beforeCommit = async () => void (await life.disconnect(ORIGIN))
    const answer = ask(from('r1'), wanted())
    await allow('r1')
    expect(await answer).toEqual({ code: 113, data: { reason: 'context' } })
    expect(list()).toEqual([])
    expect(await life.grants.get(ORIGIN)).toBeUndefined()
  })
  it.each([
    ['', wanted()],
    [' to a question of its own', wanted({}, ACCOUNT)],
  ])('leaves no grant when the yes%s was taken back while it was given', async (_name, params) => {
    given = () => life.approvals.endRunning(() => true, 'context')
    const answer = ask(from('r1'), params)
    await allow('r1')
    expect(await answer).toEqual({ code: 113, data: { reason: 'context' } })
    expect(await life.grants.get(ORIGIN)).toBeUndefined()
  })
  it('is not signed for when the site was disconnected while its steps ran', async () => {
    steps = async () => void (await life.disconnect(ORIGIN))
    const answer = ask(from('r1'), wanted())
    await allow('r1')
    expect(await answer).toEqual({ code: 113, data: { reason: 'context' } })
    expect(authorized).toBe(0)
  })
  it('does not start when everything was stopped between its last look and its commit', async () => {
    beforeCommit = () => life.approvals.endRunning(() => true, 'context')
    const answer = ask(from('r1'), wanted())
    await allow('r1')
    expect(await answer).toEqual({ code: 113, data: { reason: 'context' } })
    expect(list()).toEqual([])
  })
  it('whose commit is under way is there for the stop that came into it, and is paused by it', async () => {
    let stop: Promise<unknown> | undefined
    inCommit = async () => {
      stop = life.approvals.endRunning(() => true, 'context').then(() => world.sessions.pauseAll({}, 'person'))
    }
    const answer = ask(from('r1'), wanted())
    await allow('r1')
    await answer
    await stop
    expect(list().map(({ state }) => state)).toEqual(['paused'])
  })
  it('runs although what follows it fails, and is no error to its site', async () => {
    ending = async () => {
      throw new Error('full')
    }
    const first = ask(from('r1'), wanted())
    await allow('r1')
    const { id } = ((await first) as { result: { id: string } }).result
    const answer = ask(from('r2'), wanted({ replaces: id }))
    await allow('r2')
    expect(await answer).toMatchObject({ result: { replaces: id, status: 'active' } })
  })
  it('that failed is answered with the same failure when it is asked again', async () => {
    beforeCommit = async () => {
      throw Object.assign(new Error('step'), { kind: 'step', step: 'enable', words: [] })
    }
    const answer = ask(from('r1'), wanted())
    await allow('r1')
    await answer
    reads = []
    expect(await ask(from('r1'), wanted())).toEqual({ code: 163, data: { reason: 'step', step: 'enable' } })
    expect(reads).toEqual([])
    expect(life.windows).toHaveLength(1)
  })
  it('T12: a yes goes on in the next life of the worker, once', async () => {
    let died = false
    beforeCommit = () => {
      died = true
      return new Promise(() => undefined)
    }
    void ask(from('r1'), wanted())
    await allow('r1')
    await expect.poll(() => died).toBe(true)
    beforeCommit = async () => undefined
    life = createLife()
    expect(await ask(from('r1', { document: 'd2' }), wanted())).toMatchObject({ result: { status: 'active' } })
    expect(list()).toHaveLength(1)
    expect(life.windows).toEqual([])
  })
  it('refuses the seventeenth of one site at once', async () => {
    await life.grants.give(ORIGIN, ACCOUNT, NETWORK)
    for (let n = 0; n < 16; n += 1) await world.start(`s${n}`, { validUntil: world.clock.now + 3_600 }, OF_NOTHING)
    expect(await ask(from('r1'), wanted({}, OTHER))).toMatchObject({ code: 215, data: { at: '' } })
    world.clock.now += 3_600
    void ask(from('r2'), wanted({}, OTHER))
    await waits('r2', 'session')
  })
  it('refuses with 210 while sessions are switched off, without a window', async () => {
    await life.grants.give(ORIGIN, ACCOUNT, NETWORK)
    chosen = { ...chosen, off: true }
    expect(await ask(from('r1'), wanted())).toEqual({ code: 210, data: { feature: 'sessions' } })
    expect(life.windows).toEqual([])
  })
  it('switched off, that is told to a site only once it is connected', async () => {
    chosen = { ...chosen, off: true }
    const answer = ask(from('r1'), wanted())
    await allow('r1', 'connect')
    expect(await answer).toEqual({ code: 210, data: { feature: 'sessions' } })
  })
  it('does not start when sessions are switched off after the yes', async () => {
    beforeCommit = async () => {
      world.lock.off = true
    }
    const answer = ask(from('r1'), wanted())
    await allow('r1')
    expect(await answer).toMatchObject({ code: 210 })
    expect(list()).toEqual([])
  })
  it('is neither renewed nor given another key while sessions are switched off', async () => {
    await life.grants.give(ORIGIN, ACCOUNT, NETWORK)
    const session = await world.start('s1', {}, OF_NOTHING)
    chosen = { ...chosen, off: true }
    await expect(life.asks.renew(session)).rejects.toMatchObject({ code: 210 })
    await expect(life.asks.rotate(session)).rejects.toMatchObject({ code: 210 })
    expect(await life.approvals.waiting()).toEqual([])
  })
  it('paused, goes on for nobody while sessions are switched off', async () => {
    const { id } = await world.start('s1', {}, OF_NOTHING)
    await world.sessions.pause(id, 'person')
    world.lock.off = true
    expect((await world.sessions.resume(id, 'person'))?.state).not.toBe('active')
    expect(world.sessions.get(id)?.state).toBe('paused')
    world.lock.off = false
    expect((await world.sessions.resume(id, 'person'))?.state).toBe('active')
  })
  it('rests while locked where the person chose so', async () => {
    chosen = { ...chosen, restLocked: true }
    void ask(from('r1'), wanted())
    expect((await waits('r1')).question).toMatchObject({ runWhileLocked: false })
  })
  it.each([
    ['an hour', 3_600],
    ['a week', 604_800],
  ])('that names no end lasts %s where the person chose so; one that names its end does not', async (_, life) => {
    chosen = { ...chosen, life }
    const { duration: _none, ...endless } = wanted()
    const answer = ask(from('r1'), endless)
    const { askedAt, effective } = (await allow('r1')).question as SessionQuestion
    expect(effective.validUntil - askedAt).toBe(life)
    expect(await answer).toMatchObject({ result: { status: 'active' } })
    void ask(from('r2'), wanted({ duration: 7_200 }, OTHER))
    const named = (await waits('r2')).question as SessionQuestion
    expect(named.effective.validUntil - named.askedAt).toBe(7_200)
  })
  it('of a locked wallet: unlocks first, then what runs already answers', async () => {
    const first = ask(from('r1'), wanted())
    await allow('r1')
    const { id } = ((await first) as { result: { id: string } }).result
    world.lock.unlocked = false
    const answer = ask(from('r2'), wanted())
    await waits('r2', 'unlock')
    world.lock.unlocked = true
    await life.approvals.unlocked()
    expect(await answer).toMatchObject({ result: { id } })
    expect(list()).toHaveLength(1)
  })
})

describe('before the first unlock after a browser start', () => {
  const sleep = () => Object.assign(world.lock, { unlocked: false, asleep: true })
  const wakeUp = async () => {
    Object.assign(world.lock, { unlocked: true, asleep: false })
    await life.approvals.unlocked()
  }
  const session = async () => {
    const made = ask(from('r1'), wanted())
    await allow('r1')
    return ((await made) as { result: { id: string } }).result.id
  }

  it('a session that is asked for waits for the unlock, and then for its yes', async () => {
    sleep()
    const answer = ask(from('r1'), wanted())
    await waits('r1', 'unlock')
    await wakeUp()
    await allow('r1', 'session')
    expect(await answer).toMatchObject({ result: { status: 'active' } })
  })
  it('what runs already answers it after the unlock', async () => {
    const id = await session()
    sleep()
    const answer = ask(from('r2'), wanted())
    await waits('r2', 'unlock')
    await wakeUp()
    expect(await answer).toMatchObject({ result: { id } })
  })
  it('a chain that no wallet has is said at once to a site without a grant, as in every other state', async () => {
    const own = await addedNetwork()
    for (const [state, change] of STATES)
      for (const chain_id of ['0x1234', own]) {
        change()
        const answer = await ask(from(`${state} ${chain_id}`), wanted({ chain_id }))
        expect([state, answer]).toEqual([state, { code: 117 }])
      }
    expect(life.windows).toEqual([])
  })
  it.each([
    ['one of its own', true],
    ['none', false],
  ])(
    'a chain that names %s of the wallet is looked at after the unlock, for a connected site',
    async (_name, isHere) => {
      await session()
      const own = await addedNetwork()
      sleep()
      const answer = ask(from('r2'), wanted({ chain_id: isHere ? own : '0x1234' }, OTHER))
      await waits('r2', 'unlock')
      await wakeUp()
      // So far it comes: no node of that chain is here.
      if (isHere) expect(await answer).toEqual({ message: 'node: wrongNetwork' })
      else expect(await answer).toEqual({ code: 117 })
    },
  )

  it('a site without a grant has no session, as in every other state, and opens no window', async () => {
    const calls = [{ contract_address: GAME, entry_point: 'move', calldata: [] }]
    for (const [state, change] of STATES) {
      change()
      const asked = (name: string) => from(`${state} ${name}`)
      const { execute, session } = life
      const only = { calls, session: { mode: 'only', id: 's' } } as const
      const check = await execute.wallet_checkSession(asked('check'), only)
      const answers = [
        settled(execute.wallet_addInvokeTransaction(asked('send'), only)),
        { code: check.error?.code, data: check.error?.data },
        settled(session.wallet_updateSession(asked('update'), { id: 's', enabled: true })),
        settled(session.wallet_rotateSession(asked('rotate'), { id: 's' })),
      ]
      expect([state, await Promise.all(answers)]).toEqual([
        state,
        answers.map(() => ({ code: 211, data: { id: 's' } })),
      ])
      const tagged = await settled(session.wallet_rotateSession(asked('tag'), { tag: 'main' }))
      expect([state, tagged]).toEqual([state, { code: 211, data: {} }])
    }
    expect(life.windows).toEqual([])
  })
  it('what is wrong in a change is said before the unlock, and what is right waits for it', async () => {
    const id = await session()
    sleep()
    for (const params of [{ id, surprise: 1 }, { id: 7 }])
      expect(await settled(life.session.wallet_updateSession(from('r2'), params))).toMatchObject({ code: 114 })
    const badly = life.session.wallet_rotateSession(from('r3'), { tag: 'é' })
    expect(await settled(badly)).toMatchObject({ code: 114, data: { at: '/tag' } })
    // That of the session itself.
    expect(life.windows).toHaveLength(1)
    const answer = settled(life.session.wallet_updateSession(from('r4'), { id, enabled: false }))
    await waits('r4', 'unlock')
    await wakeUp()
    expect(await answer).toMatchObject({ result: { status: 'paused', paused_by: 'site' } })
  })
  it('a site that has disconnected is not connected any more', async () => {
    await session()
    sleep()
    expect(await life.connected(ORIGIN)).toBe(true)
    await life.noteDisconnect(ORIGIN)
    expect(await life.connected(ORIGIN)).toBe(false)
  })

  const STATES: readonly [string, () => unknown][] = [
    ['asleep', sleep],
    ['locked', () => Object.assign(world.lock, { unlocked: false, asleep: false })],
    ['unlocked', () => Object.assign(world.lock, { unlocked: true, asleep: false })],
  ]
  const addedNetwork = async () => {
    const chainId = shortString('OWN_CHAIN')
    await world.networks.add('Own', 'https://own.example/', { chainId, spec: '0.10.2', genesis: GENESIS })
    return chainId
  }
})

describe('T37: a site without a grant learns nothing of what is in this wallet', () => {
  const requests: readonly [string, object][] = [
    ['another contract', wanted({}, OTHER)],
    ['an own account as contract', wanted({}, ACCOUNT)],
    ['the own account as hint', wanted({ account: ACCOUNT })],
    ['a foreign account as hint', wanted({ account: OTHER })],
  ]
  it.each(requests)('%s: one window, and nothing is said before the yes', async (_name, params) => {
    const answer = ask(from('r1'), params)
    await waits('r1')
    await expect.poll(() => life.windows).toHaveLength(1)
    await expect.poll(() => reads).toEqual(['facts', 'allowances'])
    expect(await life.approvals.waiting()).toHaveLength(1)
    await life.approvals.decide(...(await refusing('r1')))
    expect(await answer).toMatchObject({ code: 113 })
    expect(reads).toEqual(['facts', 'allowances'])
  })
  it.each(requests)('%s: without a gesture no window opens and no node is asked', async (_name, params) => {
    const answer = ask(from('r1', { gesture: false }), params)
    await waits('r1')
    // Each counts as one: how many wait tells nothing either.
    for (const request of ['r2', 'r3']) {
      void ask(from(request, { gesture: false }), params)
      await waits(request)
    }
    expect(await ask(from('r4', { gesture: false }), params)).toEqual({ code: 163, data: { reason: 'busy' } })
    await life.approvals.decide(...(await refusing('r1')))
    expect(await answer).toMatchObject({ code: 113 })
    expect(life.windows).toEqual([])
    expect(reads).toEqual([])
  })
  it('a page of the web names no service on this computer, or beside it', async () => {
    for (const service of ['http://127.0.0.1:8545/x', 'http://localhost:9000/v1']) {
      const params = wanted({ fees: { payer: 'sponsor', paymaster_url: service } }, OTHER)
      expect(await ask(from('r1'), params)).toMatchObject({ code: 114, data: { at: '/fees/paymaster_url' } })
    }
    expect(await life.approvals.waiting()).toEqual([])
  })
  it.each([
    ['a contract that is not there', GAME],
    ['the same beside an own account', ACCOUNT],
  ])('%s is refused alike', async (_name, beside) => {
    const { calls } = wanted({}, beside)
    expect(await ask(from('r1'), { calls: [...calls, ...wanted({}, GHOST).calls] })).toMatchObject({
      code: 215,
      data: { at: '/calls/1/contract_address' },
    })
    expect(life.windows).toEqual([])
  })
  it('after the yes it is told', async () => {
    const own = ask(from('r1'), wanted({}, ACCOUNT))
    await allow('r1', 'connect')
    expect(await own).toMatchObject({ code: 215, data: { at: '/calls/0/contract_address' } })
    await life.disconnect(ORIGIN)
    const hint = ask(from('r2'), wanted({ account: OTHER }))
    await allow('r2', 'connect')
    expect(await hint).toMatchObject({ code: 114, data: { at: '/account' } })
    expect(list()).toEqual([])
  })
  it('of calls too: an own account and another one answer alike until it is connected', async () => {
    const execute = (request: string, to: Address, mode: 'auto' | 'only' | 'never') =>
      settled(
        life.execute.wallet_addInvokeTransaction(from(request), {
          calls: [{ contract_address: padded(to), entry_point: 'move', calldata: [] }],
          session: { mode },
        }),
      )
    expect(await execute('r1', ACCOUNT, 'only')).toEqual(await execute('r2', OTHER, 'only'))
    const own = execute('r3', ACCOUNT, 'auto')
    await waits('r3', 'connect')
    void execute('r4', OTHER, 'auto')
    const never = execute('r5', ACCOUNT, 'never')
    await allow('r3')
    for (const answer of [own, never])
      expect(await answer).toMatchObject({ code: 114, data: { at: '/calls/0/contract_address' } })
    await waits('r4', 'transaction')
    expect(await execute('r6', ACCOUNT, 'only')).toMatchObject({ code: 215 })
  })
})

describe('a site that was disconnected', () => {
  it('reads nothing of its sessions any more', async () => {
    await life.grants.give(ORIGIN, ACCOUNT, NETWORK)
    const { id } = await world.start('s1')
    expect(await life.session.wallet_getSessions(from('r1'), { include_ended: false })).toHaveLength(1)
    await life.disconnect(ORIGIN)
    expect(await life.session.wallet_getSessions(from('r2'), { include_ended: true })).toEqual([])
    expect(
      await life.execute.wallet_checkSession(from('r3'), {
        calls: [{ contract_address: padded(GAME), entry_point: 'move', calldata: [] }],
        session: { id },
      }),
    ).toEqual({ verdict: 'prompt', session_id: id, error: paused(id), reasons: [{ code: 'paused' }] })
  })
  it('is told that its session is paused, and by an id that is not its own the same as anybody', async () => {
    await life.grants.give(ORIGIN, ACCOUNT, NETWORK)
    const { id } = await world.start('s1')
    const ended = await world.start('s2')
    await life.disconnect(ORIGIN)
    await world.sessions.revoke(ended.id, world.clock.now, false)
    const use = (more: Partial<Context>, named: string | undefined) =>
      settled(
        life.execute.wallet_addInvokeTransaction(from(`r ${Math.random()}`, more), {
          calls: [{ contract_address: padded(GAME), entry_point: 'move', calldata: [felt(1)] }],
          session: named === undefined ? { mode: 'only' } : { mode: 'only', id: named },
        }),
      )
    const { code, data } = paused(id)
    expect(await use({}, id)).toEqual({ code, data })
    expect(await use({}, ended.id)).toMatchObject({ code: 212, data: { status: 'revoked' } })
    expect(await use({}, undefined)).toEqual({ code: 211, data: {} })
    expect(await use({}, 'f'.repeat(32))).toEqual({ code: 211, data: { id: 'f'.repeat(32) } })
    const elsewhere = { origin: 'https://other.example' as typeof ORIGIN }
    expect(await use(elsewhere, id)).toEqual({ code: 211, data: { id } })
    // Whatever its row says: without a grant nothing of it runs.
    await world.sessions.resume(id, 'person')
    expect(await use({}, id)).toMatchObject({ code: 212 })
    expect(world.node.state.arrived).toEqual([])
  })
})

const paused = (id: string) => ({
  code: 212,
  message: 'An error occurred (SESSION_NOT_ACTIVE)',
  data: { session_id: id, status: 'paused', reasons: [{ code: 'paused' }] },
})

describe('revoking', () => {
  it('is answered again for a moment, and afterwards there is no such session', async () => {
    await life.grants.give(ORIGIN, ACCOUNT, NETWORK)
    const { id } = await world.start('s1')
    const revoke = () => settled(life.session.wallet_revokeSession(from('r1'), { id, on_chain: 'auto' }))
    expect(await revoke()).toEqual({ result: {} })
    expect(await revoke()).toEqual({ result: {} })
    world.clock.now += 60
    expect(await revoke()).toMatchObject({ code: 211 })
  })
  it('before the first unlock it is noted where there is such a session, and 211 where there is none', async () => {
    const revoke = () => settled(life.session.wallet_revokeSession(from('r1'), { id: 's1', on_chain: 'now' }))
    sleeps = 'noted'
    expect(await revoke()).toEqual({ result: {} })
    sleeps = 'unknown'
    expect(await revoke()).toEqual({ code: 211, data: { id: 's1' } })
  })
})

describe('a session that its site changes', () => {
  const two = {
    calls: [
      { contract_address: GAME, entry_point: 'move' },
      { contract_address: GAME, entry_point: 'jump', max_calls: 5 },
    ],
    usage: { max_transactions: 9 },
    duration: 3_600,
  }
  const move = { contract_address: GAME, entry_point: 'move' }
  const change = (request: string, params: object) => settled(life.session.wallet_updateSession(from(request), params))
  const rotate = (request: string, params: object) => settled(life.session.wallet_rotateSession(from(request), params))
  const started = async (request = 'r1', params: object = two): Promise<string> => {
    const answer = ask(from(request), params)
    await allow(request)
    return ((await answer) as { result: { id: string } }).result.id
  }
  const get = (id: string) => world.sessions.get(id as SessionId)
  const events = async (id: string) =>
    (await world.history.list({ session: id as SessionId, limit: 20 })).rows.map(({ event }) => event)

  it('into less is changed at once, without a window, and that is noted', async () => {
    const id = await started()
    const before = life.windows.length
    expect(await change('r2', { id, calls: [move], usage: { max_transactions: 4 } })).toMatchObject({
      result: { id, status: 'active', policy: { calls: [{ enabled: true }, { enabled: false }] } },
    })
    expect(get(id)?.granted.calls.map(({ enabled }) => enabled)).toEqual([true, true])
    expect(await events(id)).toContainEqual({ kind: 'session', what: 'narrowed', by: 'site' })
    // Again, or nothing at all: no second note.
    await change('r3', { id, calls: [move], usage: { max_transactions: 4 } })
    await change('r4', { id })
    expect((await events(id)).filter((it) => it.kind === 'session' && it.what === 'narrowed')).toHaveLength(1)
    world.lock.unlocked = false
    expect(await change('r5', { id, disable_rules: ['r0'] })).toMatchObject({ result: { id } })
    expect(life.windows).toHaveLength(before)
  })
  it('into more is another session, which goes on with what was used', async () => {
    const id = await started()
    await book(id, 3)
    const answer = change('r2', { id, usage: { max_transactions: 20 } })
    const { question } = await waits('r2')
    expect(question).toMatchObject({ kind: 'session', replaces: id, change: 'update', connects: false, steps: [] })
    expect(get(id)?.state).toBe('active')
    await allow('r2')
    const { result } = (await answer) as { result: { id: string; replaces: string; meters: object[] } }
    expect(result).toMatchObject({ replaces: id, status: 'active', narrowed: [] })
    expect(result.meters).toContainEqual(expect.objectContaining({ id: 'tx', limit: '20', used: '3', left: '17' }))
    expect(get(id)).toMatchObject({ state: 'superseded', replacedBy: result.id })
    expect(get(id)?.onChain).toBeUndefined()
    expect(ends).toEqual([[id, false]])
    expect(get(result.id)?.chain?.sessionHash).not.toBe(get(id)?.chain?.sessionHash)
    // What the page asks on its next load is answered by it.
    expect(await ask(from('r3'), { ...two, usage: { max_transactions: 20 } })).toMatchObject({
      result: { id: result.id },
    })
  })
  it('into more and refused goes on as it was', async () => {
    const id = await started()
    const answer = change('r2', { id, usage: { max_transactions: 20 } })
    await life.approvals.decide(...(await refusing('r2')))
    expect(await answer).toMatchObject({ code: 113 })
    expect(get(id)?.state).toBe('active')
    expect(list()).toHaveLength(1)
  })
  it("site cannot undo the person's narrowing: it is asked for, and the person is asked", async () => {
    const id = await started()
    await world.sessions.narrow(id as SessionId, ({ effective }) => ({
      ...effective,
      usage: { ...effective.usage, maxCallsPerTx: 1 },
    }))
    const answer = change('r2', { id, usage: { max_transactions: 9, max_calls_per_tx: 20 } })
    await waits('r2')
    expect(get(id)?.effective.usage.maxCallsPerTx).toBe(1)
    await life.approvals.decide(...(await refusing('r2')))
    expect(await answer).toMatchObject({ code: 113 })
  })
  it('is judged as it is after the unlock that was needed for it', async () => {
    const id = await started()
    world.lock.unlocked = false
    const answer = change('r2', { id, usage: { max_transactions: 20 } })
    await waits('r2', 'unlock')
    await world.sessions.narrow(id as SessionId, ({ effective }) => ({
      ...effective,
      calls: effective.calls.map((rule) => ({ ...rule, enabled: rule.id === 'r0' })),
    }))
    world.lock.unlocked = true
    await life.approvals.unlocked()
    const { question } = await waits('r2', 'session')
    expect(question.kind === 'session' && question.granted.calls.map(({ enabled }) => enabled)).toEqual([true, false])
    await allow('r2', 'session')
    await answer
  })
  it('pauses and goes on by its site, whose own pause alone it lifts', async () => {
    const id = await started()
    expect(await change('r2', { id, enabled: false })).toMatchObject({
      result: { status: 'paused', paused_by: 'site' },
    })
    expect(await change('r3', { id, enabled: true })).toMatchObject({ result: { status: 'active' } })
    expect(await events(id)).toEqual(
      expect.arrayContaining([
        { kind: 'session', what: 'paused', by: 'site' },
        { kind: 'session', what: 'resumed', by: 'site' },
      ]),
    )
    await world.sessions.pause(id as SessionId, 'person')
    for (const enabled of [false, true]) {
      const answer = await change(`r4 ${enabled}`, { id, enabled })
      if (enabled) expect(answer).toMatchObject({ code: 212, data: { session_id: id, status: 'paused' } })
      else expect(answer).toMatchObject({ result: { paused_by: 'person' } })
      expect(get(id)?.pause).toBe('person')
    }
  })
  it('stays paused when a person allows more of it', async () => {
    const id = await started()
    await world.sessions.pause(id as SessionId, 'person')
    const answer = change('r2', { id, usage: { max_transactions: 20 } })
    await allow('r2')
    expect(await answer).toMatchObject({ result: { status: 'paused', paused_by: 'person' } })
  })
  it.each([
    ['unknown', 'f'.repeat(32), 211],
    ['of another site', 's9', 211],
  ])('%s: no such session', async (_name, id, code) => {
    await started()
    await world.start('s9', {}, { origin: 'https://other.example' as typeof ORIGIN })
    expect(await change('r2', { id, usage: {} })).toMatchObject({ code, data: { id } })
    expect(await rotate('r3', { id })).toMatchObject({ code, data: { id } })
  })
  it.each(['ended', 'over', 'disconnected'])('%s: it is not active, and nothing of it is told', async (how) => {
    const id = await started()
    if (how === 'ended') await world.sessions.revoke(id as SessionId, world.clock.now, false)
    if (how === 'over') world.clock.now += 3_600
    if (how === 'disconnected') await life.disconnect(ORIGIN)
    const status = { ended: 'revoked', over: 'expired', disconnected: 'paused' }[how]
    expect(await change('r2', { id, disable_rules: ['r0'] })).toMatchObject({ code: 212, data: { status } })
    expect(await rotate('r3', { id })).toMatchObject({ code: 212, data: { status } })
    expect(get(id)?.effective.calls[0]?.enabled).toBe(true)
  })
  it('reads what is wrong before anything happens', async () => {
    const id = await started()
    expect(await change('r2', { id, enabled: false, usage: { max_calls: -1 } })).toMatchObject({
      code: 114,
      data: { at: '/usage/max_calls' },
    })
    expect(await change('r3', { id, enabled: false, disable_rules: ['r7'] })).toMatchObject({ code: 114 })
    expect(await change('r4', [])).toMatchObject({ code: 114 })
    expect(get(id)?.state).toBe('active')
  })
  it('T12: a yes to more goes on in the next life of the worker, once', async () => {
    const id = await started()
    let died = false
    beforeCommit = () => {
      died = true
      return new Promise(() => undefined)
    }
    void change('r2', { id, usage: { max_transactions: 20 } })
    await allow('r2')
    await expect.poll(() => died).toBe(true)
    beforeCommit = async () => undefined
    life = createLife()
    expect(await change('r2', { id, usage: { max_transactions: 20 } })).toMatchObject({ result: { replaces: id } })
    expect(
      list()
        .map(({ state }) => state)
        .sort(),
    ).toEqual(['active', 'superseded'])
    expect(life.windows).toEqual([])
  })

  it('under a new key is the same session, and the chain is told of the old one', async () => {
    const id = await started('r1', { ...two, tag: 'main' })
    await book(id, 3)
    await world.sessions.narrow(id as SessionId, ({ effective }) => ({
      ...effective,
      usage: { ...effective.usage, maxCallsPerTx: 1 },
    }))
    const before = get(id)!
    const answer = rotate('r2', { tag: 'main' })
    await allow('r2')
    const { result } = (await answer) as { result: { id: string } }
    const after = get(result.id)!
    expect(result).toMatchObject({ replaces: id, tag: before.tag, status: 'active' })
    expect([after.granted, after.effective, after.policyHash]).toEqual([
      before.granted,
      before.effective,
      before.policyHash,
    ])
    expect(after.key.guid).not.toBe(before.key.guid)
    expect(after.chain?.expiresAt).toBe(before.chain?.expiresAt)
    expect(get(id)).toMatchObject({ state: 'superseded', replacedBy: result.id, onChain: { state: 'wanted' } })
    expect(ends).toEqual([[id, true]])
    expect(await uses(result.id)).toBe(3n)
  })
  it('is named by its id or its tag, and stays with who holds its key', async () => {
    const id = await started('r1', { ...two, tag: 'main' })
    expect(await rotate('r2', {})).toMatchObject({ code: 114 })
    expect(await rotate('r3', { id, tag: 'main' })).toMatchObject({ code: 114 })
    expect(await rotate('r4', { tag: 'other' })).toMatchObject({ code: 211 })
    expect(await rotate('r5', { id, key: { held_by: 'dapp', public_key: '0x1' } })).toMatchObject({
      code: 114,
      data: { at: '/key/held_by' },
    })
  })

  it.each([
    ['names the one it replaces', (id: string) => ({ replaces: id })],
    ['has the tag of a running one', () => ({ tag: 'main' })],
  ])('no update resets a meter: a request that %s goes on with what was used', async (_name, more) => {
    const id = await started('r1', { ...two, tag: 'main' })
    await book(id, 3)
    const answer = ask(from('r2'), { ...two, usage: { max_transactions: 20 }, ...more(id) })
    await allow('r2')
    const { result } = (await answer) as { result: { id: string } }
    expect(result).toMatchObject({ replaces: id })
    expect(await uses(result.id)).toBe(3n)
    expect(get(id)?.state).toBe('superseded')
    // Whose place is taken cannot be replaced a second time, with what it was then.
    expect(await ask(from('r3'), { ...two, replaces: id })).toMatchObject({ code: 211, data: { id } })
  })

  const uses = async (id: string) => {
    const state = await world.ledger.state(id as SessionId)
    return used(state!.book, holdsOf(state!.open), TX, { kind: 'session' }, world.clock.now)
  }
  /** Transactions that were made. */
  const book = async (id: string, times: number) => {
    world.useKey(id)
    for (let n = 0; n < times; n += 1)
      await world.db.write(['sessions', 'books', 'journal'], 'strict', async (tx) => {
        const row = await world.guard.get<MeterBook>(tx, 'books', id)
        if (row?.ok !== true) throw new Error('no book')
        const bookings = [...row.value.bookings, { meter: TX, amount: u256(1n), at: world.clock.now }]
        await world.guard.put(tx, 'books', id, { ...row.value, bookings })
      })
  }
})

describe('calls of the site before a session', () => {
  const call = { contract_address: OTHER, entry_point: 'prepare', calldata: ['0x1'] }
  const withSetup = wanted({ setup_calls: [call] })

  it('are a step of the approval, allowed with it, and told with the session', async () => {
    steps = async (planned, onDone) => {
      for (const step of planned) await onDone(step, felt(0x5e7))
    }
    const answer = ask(from('r1'), withSetup)
    const { question } = await waits('r1')
    if (question.kind !== 'session') throw new Error('a session')
    expect(question.steps).toMatchObject([{ step: 'setup', of: question.sessionId, calls: [{ to: OTHER }] }])
    await allow('r1')
    expect(await answer).toMatchObject({
      result: { status: 'active', setup: [{ step: 'setup', transaction_hash: padded(felt(0x5e7)) }] },
    })
    expect(allowedSteps).toMatchObject([{ kind: 'calls', calls: [{ to: OTHER }] }, { kind: 'session' }])
    // Sent once: the same request again sends nothing.
    expect(await ask(from('r2'), withSetup)).toEqual(await answer)
  })
  it('that fail leave no session', async () => {
    steps = async () => {
      throw stepFailed('setup', ['no'])
    }
    const answer = ask(from('r1'), withSetup)
    await allow('r1')
    await answer
    expect(await ask(from('r1'), withSetup)).toEqual({ code: 163, data: { reason: 'step', step: 'setup' } })
    expect(list()).toEqual([])
  })
  it('are not allowed for a session that the person refuses', async () => {
    const answer = ask(from('r1'), [withSetup, wanted({}, OTHER)])
    const record = await waits('r1')
    await life.approvals.change(record.id, record.rev, (it) =>
      it.kind === 'session' ? edited(it, { part: 0, on: false }) : it,
    )
    await allow('r1')
    expect(await answer).toMatchObject({ result: [null, {}] })
    expect(allowedSteps.map(({ kind }) => kind)).toEqual(['session'])
  })
  it('to an own account are never asked for', async () => {
    await life.grants.give(ORIGIN, ACCOUNT, NETWORK)
    expect(await ask(from('r1'), wanted({ setup_calls: [{ ...call, contract_address: ACCOUNT }] }))).toMatchObject({
      code: 215,
      data: { at: '/setup_calls/0/contract_address' },
    })
    expect(life.windows).toEqual([])
  })
})

describe('a call that the person lets its site repeat', () => {
  const execute = (request: string) =>
    settled(
      life.execute.wallet_addInvokeTransaction(from(request), {
        calls: [{ contract_address: padded(OTHER), entry_point: 'move', calldata: [felt(1)] }],
      }),
    )
  /** Tried out, as it is shown. */
  const shown = async (request: string) => {
    const trial = async () => {
      const { question } = await waits(request, 'transaction')
      return question.kind === 'transaction' ? question.trial : undefined
    }
    await expect.poll(trial).toBeDefined()
    return waits(request, 'transaction')
  }
  const repeating = async () => {
    await life.grants.give(ORIGIN, ACCOUNT, NETWORK)
    const answer = execute('x1')
    const record = await shown('x1')
    expect(await life.asks.repeat(record)).toBe(true)
    return { answer, record, request: `repeat ${record.id}` }
  }

  it('opens a session for just that, whose yes sends the call that waits', async () => {
    const { answer, request } = await repeating()
    const { question } = await waits(request)
    expect(question).toMatchObject({
      kind: 'session',
      connects: false,
      granted: { calls: [{ contract: OTHER }], usage: { maxCallsPerTx: 1 } },
    })
    await waits('x1', 'transaction')
    const { id } = await allow(request)
    life.asks.goOn((await life.approvals.get(id))!)
    expect(await answer).toMatchObject({ result: { transaction_hash: expect.any(String) } })
    expect(list()).toMatchObject([{ state: 'active', granted: { calls: [{ contract: OTHER }] } }])
  })
  it('that changed meanwhile is asked for by itself', async () => {
    const { answer, record, request } = await repeating()
    await life.approvals.change(record.id, record.rev, (it) => {
      if (it.kind !== 'transaction' || it.trial === undefined) throw new Error('a transaction that was tried out')
      const l2_gas = { ...it.trial.bounds.l2_gas, maxPrice: felt(BigInt(it.trial.bounds.l2_gas.maxPrice) * 2n) }
      return { ...it, trial: { ...it.trial, bounds: { ...it.trial.bounds, l2_gas } } }
    })
    const { id } = await allow(request)
    life.asks.goOn((await life.approvals.get(id))!)
    await expect.poll(() => list().length).toBe(1)
    await expect.poll(async () => (await life.approvals.get(id))?.phase).toBe('done')
    await life.approvals.decide(...(await refusing('x1')))
    expect(await answer).toMatchObject({ code: 113 })
  })
  it('refused, leaves the call waiting', async () => {
    const { answer, request } = await repeating()
    await life.approvals.decide(...(await refusing(request)))
    await life.approvals.decide(...(await refusing('x1')))
    expect(await answer).toMatchObject({ code: 113 })
    expect(list()).toEqual([])
  })
})

describe('what a person asks in the wallet itself', () => {
  const capped = {
    calls: [
      { contract_address: GAME, entry_point: 'move' },
      { contract_address: GAME, entry_point: 'jump', max_calls: 5 },
    ],
    usage: { max_transactions: 9 },
    duration: 3_600,
  }
  const started = async (params: object = capped) => {
    const answer = ask(from('r1'), params)
    await allow('r1')
    const { id } = ((await answer) as { result: { id: string } }).result
    return world.sessions.get(id as SessionId)!
  }
  const used = async (id: string, times?: number): Promise<string | undefined> => {
    if (times !== undefined)
      await world.db.write(['books'], 'strict', async (tx) => {
        const row = await world.guard.get<MeterBook>(tx, 'books', id)
        if (row?.ok !== true) throw new Error('no book')
        const bookings = [{ meter: TX, amount: u256(BigInt(times)), at: world.clock.now - 120 }]
        await world.guard.put(tx, 'books', id, { ...row.value, bookings })
      })
    const [info] = await life.session.wallet_getSessions(from('g'), { ids: [id], include_ended: true })
    return info?.meters.find(({ id: meter, window }) => meter === 'tx' && window === 'session')?.used
  }
  const yes = async (request: string) => {
    const { id } = await allow(request)
    life.asks.goOn((await life.approvals.get(id))!)
  }
  const heir = async (id: string) => {
    await expect.poll(() => world.sessions.get(id as SessionId)?.replacedBy).toBeDefined()
    return world.sessions.get(world.sessions.get(id as SessionId)!.replacedBy!)!
  }

  it.each(['running', 'over', 'ended'])(
    'renewed, a session that is %s has new times and the same book',
    async (how) => {
      const before = await started()
      await used(before.id, 4)
      world.clock.now += how === 'over' ? 4_000 : 600
      if (how === 'ended') await world.sessions.revoke(before.id, world.clock.now, false)
      await life.asks.renew(before)
      expect(life.windows).toHaveLength(2)
      await yes(`renew ${before.id}`)
      const after = await heir(before.id)
      expect(after).toMatchObject({ state: 'active', replaces: before.id })
      expect(after.effective).toEqual({
        ...before.effective,
        validAfter: world.clock.now,
        validUntil: world.clock.now + 3_600,
      })
      expect(after.key.guid).not.toBe(before.key.guid)
      expect(await used(after.id)).toBe('4')
      expect(world.sessions.get(before.id)?.state).toBe(how === 'ended' ? 'revoked' : 'superseded')
      // The page that asks as ever is answered by it.
      expect(await ask(from('r9'), capped)).toMatchObject({ result: { id: after.id } })
    },
  )
  it('renewed from zero, the counts of the whole session begin again', async () => {
    const before = await started()
    await used(before.id, 9)
    await life.asks.renew(before)
    const record = await waits(`renew ${before.id}`)
    await life.approvals.change(record.id, record.rev, (it) =>
      it.kind === 'session' ? edited(it, { again: true }) : it,
    )
    await yes(`renew ${before.id}`)
    expect(await used((await heir(before.id)).id)).toBe('0')
  })
  it('counting from zero restarts streams, and not counting so puts them back', async () => {
    const before = await started()
    await life.asks.renew(before)
    const { question } = await waits(`renew ${before.id}`)
    if (question.kind !== 'session') throw new Error('a session')
    const stream = { start: 5, initial: '0', perSecond: '1' }
    const limit = { asset: 'erc20', token: OTHER, caps: [], spenders: [], approvals: 'forbid', stream }
    const policy = {
      ...question.granted,
      spend: { look: 'receipt', limits: [limit] },
    } as unknown as typeof question.granted
    const streaming = { ...question, granted: policy, effective: policy }
    const on = edited(streaming, { again: true })
    expect([on.granted, on.effective].map(({ spend }) => spend.limits)).toEqual([
      [{ ...limit, stream: { ...stream, start: question.askedAt } }],
      [{ ...limit, stream: { ...stream, start: question.askedAt } }],
    ])
    expect(edited(on, { again: false })).toEqual(streaming)
  })
  it('a new key is given without the site', async () => {
    const before = await started()
    await life.asks.rotate(before)
    await yes(`rotate ${before.id}`)
    expect((await heir(before.id)).granted).toEqual(before.granted)
    expect(ends).toEqual([[before.id, true]])
  })
  it('counts against no site: neither quiet nor three that wait hold it back, and refusing it silences nobody', async () => {
    const before = await started()
    for (const request of ['w1', 'w2', 'w3']) {
      void ask(from(request), wanted({}, OTHER))
      await waits(request)
    }
    for (const [n, request] of ['w1', 'w2', 'w3'].entries())
      if (n < 2) await life.approvals.decide(...(await refusing(request)))
    for (let n = 0; n < 3; n += 1) {
      await life.asks.renew(before)
      await life.approvals.decide(...(await refusing(`renew ${before.id}`)))
    }
    expect(await life.approvals.quietUntil(ORIGIN)).toBeUndefined()
  })
  it('T12: a yes goes on in the next life of the worker', async () => {
    const before = await started()
    await life.asks.renew(before)
    await allow(`renew ${before.id}`)
    life = createLife()
    const record = (await life.approvals.waiting()).find((it) => it.byPerson && it.phase === 'running')
    life.asks.goOn(record!)
    expect(await heir(before.id)).toMatchObject({ state: 'active' })
  })
  it('connects a site again that was disconnected', async () => {
    const before = await started()
    await life.disconnect(ORIGIN)
    await life.asks.renew(before)
    const { question } = await waits(`renew ${before.id}`)
    expect(question).toMatchObject({ connects: true })
    await yes(`renew ${before.id}`)
    await heir(before.id)
    expect(await life.grants.get(ORIGIN)).toBeDefined()
  })
  it('what was narrowed is taken back up to what was granted', async () => {
    const before = await started()
    await world.sessions.narrow(before.id, ({ effective }) => ({
      ...effective,
      calls: effective.calls.map((rule) => ({ ...rule, enabled: false })),
    }))
    expect((await world.sessions.restore(before.id))?.effective).toEqual(before.granted)
  })
})

describe('an array of requests', () => {
  const one = wanted({ label: 'one' })
  const two = wanted({ label: 'two', duration: 7_200 }, OTHER)
  const askAll = (request: string, params: readonly object[]) => ask(from(request), params)
  const edit = async (request: string, part: number, on: boolean) => {
    const record = await waits(request)
    await life.approvals.change(record.id, record.rev, (it) => (it.kind === 'session' ? edited(it, { part, on }) : it))
  }
  const labels = () =>
    list()
      .map(({ label, state }) => [label, state])
      .sort()

  it('is one window, and answered in its order', async () => {
    const answer = askAll('r1', [one, two])
    await allow('r1')
    expect(await answer).toMatchObject({ result: [{ label: 'one' }, { label: 'two' }] })
    expect(life.windows).toHaveLength(1)
    expect(authorized).toBe(2)
    expect(labels()).toEqual([
      ['one', 'active'],
      ['two', 'active'],
    ])
    expect(await askAll('r1', [one, two])).toEqual(await answer)
  })
  it('of one is answered with one in a list', async () => {
    const answer = askAll('r1', [one])
    await allow('r1')
    expect(await answer).toMatchObject({ result: [{ label: 'one' }] })
  })
  it('asks only for what does not run, and nothing where all run', async () => {
    const first = ask(from('r1'), one)
    await allow('r1')
    const { result } = (await first) as { result: { id: string } }
    const answer = askAll('r2', [two, one])
    const { question } = await waits('r2')
    expect(question).toMatchObject({ asked: { label: 'two' } })
    expect(question).not.toHaveProperty('more')
    await allow('r2')
    expect(await answer).toMatchObject({ result: [{ label: 'two' }, { id: result.id }] })
    expect(await askAll('r3', [one, two])).toMatchObject({ result: [{ id: result.id }, { label: 'two' }] })
    expect(life.windows).toHaveLength(2)
  })
  it.each([0, 1])('of which the person refuses number %i answers null there', async (off) => {
    const answer = askAll('r1', [one, two])
    await edit('r1', off, false)
    await allow('r1')
    const { result } = (await answer) as { result: readonly unknown[] }
    expect(result[off]).toBeNull()
    expect(result[1 - off]).toMatchObject({ label: off === 0 ? 'two' : 'one' })
    expect(authorized).toBe(1)
    expect(list()).toHaveLength(1)
    // A page that asks again is asked for the one that was refused.
    void askAll('r2', [one, two])
    expect((await waits('r2')).question).toMatchObject({ asked: { label: off === 0 ? 'one' : 'two' } })
  })
  it('switched off and on again is as it was', async () => {
    const answer = askAll('r1', [one, two])
    for (const on of [false, true]) for (const part of [0, 1]) await edit('r1', part, on)
    await allow('r1')
    expect(await answer).toMatchObject({ result: [{ label: 'one' }, { label: 'two' }] })
  })
  it('T12: goes on in the next life of the worker after the first of them, once', async () => {
    let commits = 0
    beforeCommit = () => {
      commits += 1
      return commits < 2 ? Promise.resolve() : new Promise(() => undefined)
    }
    void askAll('r1', [one, two])
    await allow('r1')
    await expect.poll(() => commits).toBe(2)
    beforeCommit = async () => undefined
    life = createLife()
    expect(await askAll('r1', [one, two])).toMatchObject({ result: [{ label: 'one' }, { label: 'two' }] })
    expect(list()).toHaveLength(2)
    expect(life.windows).toEqual([])
  })
  it('counts as many as it has against the sessions there may be', async () => {
    await life.grants.give(ORIGIN, ACCOUNT, NETWORK)
    for (let n = 0; n < 15; n += 1) await world.start(`s${n}`, { validUntil: world.clock.now + 3_600 }, OF_NOTHING)
    expect(await askAll('r1', [wanted({}, OTHER), two])).toMatchObject({ code: 215, data: { at: '' } })
    void askAll('r2', [two])
    await waits('r2', 'session')
  })
  it.each([
    [[], 114, ''],
    [Array.from({ length: 6 }, (_, n) => wanted({ label: `${n}` })), 215, ''],
    [[one, wanted({ surprise: 1 })], 114, '/1/surprise'],
    [[one, wanted({ account: OTHER })], 114, '/1/account'],
    [[one, wanted({ chain_id: 'SN_MAIN' })], 114, '/1/chain_id'],
    [[one, one], 114, '/1'],
    [[wanted({ tag: 'a' }), wanted({ tag: 'a', label: 'b' })], 114, '/1/tag'],
    [[one, wanted({}, GHOST)], 215, '/1/calls/0/contract_address'],
  ])('%j is refused with the place of the fault', async (params, code, at) => {
    await life.grants.give(ORIGIN, ACCOUNT, NETWORK)
    expect(await askAll('r1', params)).toMatchObject({ code, data: { at } })
    expect(life.windows).toEqual([])
  })
  it('takes the place of a session once', async () => {
    const first = ask(from('r1'), one)
    await allow('r1')
    const { id } = ((await first) as { result: { id: string } }).result
    const both = [wanted({ replaces: id, label: 'a' }), wanted({ replaces: id, label: 'b' })]
    expect(await askAll('r2', both)).toMatchObject({ code: 114, data: { at: '/1' } })
  })
})

describe('refusals in the log', () => {
  it('of two sites under the same id are two, and of one session at most one a second', async () => {
    await life.grants.give(ORIGIN, ACCOUNT, NETWORK)
    await world.start('s1')
    const execute = (request: string) =>
      settled(
        life.execute.wallet_addInvokeTransaction(from(request), {
          calls: [{ contract_address: padded(OTHER), entry_point: 'move', calldata: [] }],
          session: { mode: 'only' },
        }),
      )
    await Promise.all([execute('r1'), execute('r2'), execute('r3')])
    const { rows } = await world.history.list({ session: 's1' as SessionId, limit: 10 })
    expect(rows).toHaveLength(1)
    expect(rows[0]?.id).toMatch(new RegExp(`^refused ${ORIGIN} r`))
  })
})

const NONE = { maxAmount: felt(0), maxPrice: felt(0) }
const NO_FEE = { l1_gas: NONE, l2_gas: NONE, l1_data_gas: NONE }
/** For a request they do not cover. */
const OF_NOTHING: Partial<StoredSession> = {
  asked: { calls: [], limits: [], mayNarrow: true, enabled: true, words: {}, tag: felt(1) } as StoredSession['asked'],
}
const refusing = async (request: string) => {
  const record = await waits(request)
  return [record.id, record.rev, life.approvals.digest(record), 'refuse'] as const
}

describe('a class that a site declares', () => {
  const declare = (request: string, more: Partial<Context> = {}) =>
    settled(
      life.execute.wallet_addDeclareTransaction(from(request, more), {
        compiled_class_hash: felt(1),
        class_hash: felt(2),
        contract_class: {
          sierra_program: ['0x1'],
          contract_class_version: '0.1.0',
          entry_points_by_type: { EXTERNAL: [], L1_HANDLER: [], CONSTRUCTOR: [] },
          abi: '[]',
        },
      }),
    )
  it('is not hashed before the site is connected', async () => {
    const answer = declare('r1')
    await waits('r1', 'connect')
    expect(reads).toEqual([])
    await allow('r1', 'connect')
    expect(await answer).toMatchObject({ code: 114 })
    expect(reads).toEqual(['class'])
  })
  it('is in work alone, and of one site there is one', async () => {
    const other = { origin: 'https://other.example' as Context['origin'] }
    for (const origin of [ORIGIN, other.origin]) await life.grants.give(origin, ACCOUNT, NETWORK)
    let go: () => void = () => undefined
    reading = () =>
      new Promise((done) => {
        go = done
      })
    const first = declare('r1')
    await expect.poll(() => reads).toEqual(['class'])
    const second = declare('r2', other)
    expect(await declare('r3')).toEqual({ code: 163, data: { reason: 'busy' } })
    expect(reads).toEqual(['class'])
    go()
    expect(await first).toMatchObject({ code: 114 })
    await expect.poll(() => reads).toEqual(['class', 'class'])
    go()
    expect(await second).toMatchObject({ code: 114 })
    reading = async () => undefined
    expect(await declare('r4')).toMatchObject({ code: 114 })
  })
})
