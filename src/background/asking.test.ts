import 'fake-indexeddb/auto'
import { beforeEach, describe, expect, it } from 'vitest'
import type { ClassHash } from '../core/felt.ts'
import { type Address, address, felt, padded } from '../core/felt.ts'
import type { SessionId } from '../core/policy/policy.ts'
import type { ApprovalRecord, StoredSession } from '../core/records.ts'
import { createAccess } from './access.ts'
import { createDisconnect, createEndGrant } from './handlers/connect.ts'
import { executeHandlers } from './handlers/execute.ts'
import { sessionHandlers } from './handlers/session.ts'
import { createApprovals } from './owners/approvals.ts'
import { createGrants } from './owners/grants.ts'
import type { Context } from './router.ts'
import { ACCOUNT, createWorld, GAME, NETWORK, ORIGIN, type World } from './sending/stub-world.ts'
import { createSessionPrint } from './session-print.ts'
import { createStarter, type StartNeeds } from './starting.ts'

const OTHER = address('0xbad')
const GHOST = address('0x9057')
const HELD_MS = 150

let world: World
let life: ReturnType<typeof createLife>
let reads: string[]
/** What the store of sealed keys does inside the commit of a session. */
let inCommit: () => Promise<void>
let beforeCommit: () => Promise<void>
let supersedes: () => Promise<void>
let steps: () => Promise<void>
let given: () => Promise<void>
let authorized: number
let sleeps: 'noted' | 'unknown' | 'awake'

beforeEach(async () => {
  world = await createWorld()
  await world.nodes.of(NETWORK)
  reads = []
  inCommit = async () => undefined
  beforeCommit = async () => undefined
  supersedes = async () => undefined
  steps = async () => undefined
  given = async () => undefined
  authorized = 0
  sleeps = 'awake'
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
  const stored = createGrants({ db, guard: () => world.guard, now })
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
  const selected = async () => ({ account: ACCOUNT, network: NETWORK })
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
      authorization: (yes, of) => {
        authorized += 1
        return signer.authorization(yes, of)
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
    account: async () => {
      const [own] = await accounts.all()
      if (own === undefined) throw new Error('no account')
      return own
    },
    runSteps: () => steps(),
    keep: async () => undefined,
    wipe: () => undefined,
  })
  const there = { classHash: '0xc' as ClassHash, entrypoints: [] }
  const shared = { access, accounts, approvals, grants, history, sessions, print }
  const session = sessionHandlers({
    ...shared,
    contracts: {
      facts: async (_network: string, of: readonly Address[]) => {
        reads.push('facts')
        return Object.fromEntries(of.filter((it) => it !== GHOST).map((it) => [it, there]))
      },
      allowances: async () => {
        reads.push('allowances')
        return []
      },
    } as unknown as Parameters<typeof sessionHandlers>[0]['contracts'],
    networks: networks.all,
    selected,
    clock: async () => now(),
    mayUse: async () => true,
    newSessionId: () => newId() as SessionId,
    planSteps: async () => [],
    start,
    supersede: () => supersedes(),
    endAsleep: async () => sleeps,
    end: async ({ id }) => {
      await sessions.revoke(id, now(), false)
      return undefined
    },
    granted: async () => undefined,
  })
  const execute = executeHandlers({
    ...shared,
    executor,
    state: async () => 'unlocked',
    wait: () => new Promise((done) => setTimeout(done, 1)),
  })
  const disconnect = createDisconnect({
    approvals,
    asleep: async () => 'awake',
    endGrant: createEndGrant({ grants, sessions, history, told: async () => undefined }),
  })
  return { approvals, grants, session, execute, disconnect, windows }
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
const quietly = <T>(answer: Promise<T>): Promise<T | 'waits'> =>
  Promise.race([answer, new Promise<'waits'>((done) => setTimeout(() => done('waits'), HELD_MS))])
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
    supersedes = async () => {
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
    expect(await quietly(ask(from('r1'), wanted({}, OTHER)))).toMatchObject({ code: 215, data: { at: '' } })
    world.clock.now += 3_600
    expect(await quietly(ask(from('r2'), wanted({}, OTHER)))).toBe('waits')
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
    expect(await quietly(answer)).toBe('waits')
    expect(await life.approvals.waiting()).toHaveLength(1)
    expect(reads).toEqual(['facts', 'allowances'])
    await life.approvals.decide(...(await refusing('r1')))
  })
  it.each(requests)('%s: without a gesture no window opens and no node is asked', async (_name, params) => {
    const answer = ask(from('r1', { gesture: false }), params)
    await waits('r1')
    expect(await quietly(answer)).toBe('waits')
    expect(life.windows).toEqual([])
    expect(reads).toEqual([])
    // Each counts as one: how many wait tells nothing either.
    for (const request of ['r2', 'r3']) {
      void ask(from(request, { gesture: false }), params)
      await waits(request)
    }
    expect(await ask(from('r4', { gesture: false }), params)).toEqual({ code: 163, data: { reason: 'busy' } })
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
    expect(await quietly(execute('r3', ACCOUNT, 'auto'))).toBe('waits')
    expect(await quietly(execute('r4', OTHER, 'auto'))).toBe('waits')
    const answer = execute('r5', ACCOUNT, 'never')
    await allow('r3')
    expect(await answer).toMatchObject({ code: 114, data: { at: '/calls/0/contract_address' } })
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

/** For a request they do not cover. */
const OF_NOTHING: Partial<StoredSession> = {
  asked: { calls: [], limits: [], mayNarrow: true, enabled: true, words: {}, tag: felt(1) } as StoredSession['asked'],
}
const refusing = async (request: string) => {
  const record = await waits(request)
  return [record.id, record.rev, life.approvals.digest(record), 'refuse'] as const
}
