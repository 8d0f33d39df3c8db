import 'fake-indexeddb/auto'
import { beforeEach, describe, expect, it } from 'vitest'
import { malformed } from '../core/errors.ts'
import { type Address, address, type Felt, felt, padded } from '../core/felt.ts'
import type { Call } from '../core/policy/policy.ts'
import { dapp } from '../core/protocol/dapp.ts'
import type { ApprovalRecord, StoredSession } from '../core/records.ts'
import { decode } from '../core/schema.ts'
import { publicKey, sign } from '../starknet/curve.ts'
import { invokeHashV1 } from '../starknet/invoke-v1.ts'
import { selectorOf } from '../starknet/selector.ts'
import { createAccess } from './access.ts'
import { executeHandlers } from './handlers/execute.ts'
import { createApprovals } from './owners/approvals.ts'
import { createGrants } from './owners/grants.ts'
import type { Context } from './router.ts'
import {
  ACCOUNT,
  bodyOf,
  CHAIN_ID,
  createWorld,
  GAME,
  hashOf,
  MOVE,
  NETWORK,
  ORIGIN,
  policy,
  type World,
} from './sending/stub-world.ts'
import { createSessionPrint } from './session-print.ts'
import { methodOf, respelled } from './spellings.ts'

const PAGE = new Uint8Array(32).fill(5)
const KEY = publicKey(PAGE)
const OTHER = address('0xbad')
const MODES = [undefined, 'auto', 'only', 'never'] as const
const asked = { pageKey: KEY } as unknown as StoredSession['asked']

let world: World
let life: ReturnType<typeof createLife>
beforeEach(async () => {
  world = await createWorld()
  await world.nodes.of(NETWORK)
  life = createLife()
  await life.grants.give(ORIGIN, ACCOUNT, NETWORK)
})

function createLife() {
  const { db, sessions, accounts, history, networks, executor, ledger } = world
  const now = () => world.clock.now
  let ids = 0
  const newId = () => {
    ids += 1
    return `id ${ids}`
  }
  const windows: string[] = []
  const grants = createGrants({ db, guard: () => world.guard, now })
  const approvals = createApprovals({
    db,
    now,
    newId,
    network: networks.get,
    window: { open: async () => void windows.push('window'), isOurs: async () => true },
    changed: () => undefined,
  })
  const access = createAccess({
    approvals,
    grants,
    isUnlocked: async () => world.lock.unlocked,
    runs: async () => true,
    selected: async () => ({ account: ACCOUNT, network: NETWORK }),
    told: async () => undefined,
  })
  const print = createSessionPrint({
    ledger,
    now: async () => now(),
    keysOf: () => ({ unlocked: world.lock.unlocked, workingSet: true }),
  })
  const execute = executeHandlers({
    access,
    accounts,
    approvals,
    executor,
    grants,
    history,
    networks,
    sessions,
    print,
    state: async () => 'unlocked',
    isConnected: async (origin) => (await grants.get(origin)) !== undefined,
    readClass: async () => ({ ok: false, at: '', why: 'no class here' }),
    isDeclared: async () => false,
    spec: async () => '0.10.2',
    wait: () => new Promise((done) => setTimeout(done, 1)),
  })
  return { approvals, grants, execute, windows }
}

interface Page {
  readonly calls?: readonly Call[]
  readonly nonce?: bigint
  readonly maxFee?: string
  readonly by?: Uint8Array
  readonly account?: Address
  readonly chainId?: Felt
}
const move = (n: number): Call => ({ to: GAME, selector: MOVE, calldata: [felt(n)] })
const spelled = ({ to, selector, calldata }: Call) => ({ contract_address: to, entrypoint: selector, calldata })
/** What the library of that time sends, its own spellings too. */
function signed({ calls = [move(1)], nonce = 0n, maxFee = '12345', by = PAGE, account = ACCOUNT, ...more }: Page = {}) {
  const parts = { chainId: more.chainId ?? CHAIN_ID, sender: account, calls, nonce: felt(nonce), maxFee: felt(maxFee) }
  const { r, s } = sign(invokeHashV1(parts), by)
  return [
    {
      contract_address: account,
      entrypoint: 'use_offchain_session',
      calldata: [publicKey(by), r, s, '0x2', '0x1', '0x2', '0x3'],
      offchainSessionDetails: { nonce: felt(nonce), maxFee, version: '0x1' },
    },
    ...calls.map(spelled),
  ]
}
const context = (request: string): Context => ({
  origin: ORIGIN,
  document: 'd1',
  tab: 1,
  frame: 0,
  request: request as Context['request'],
  gesture: true,
})
let requests = 0
async function send(calls: unknown, session?: { mode?: (typeof MODES)[number]; id?: string }) {
  requests += 1
  const method = methodOf('starknet_addInvokeTransaction')
  const read = decode(
    dapp.wallet_addInvokeTransaction.params,
    respelled(method, { calls, ...(session === undefined ? {} : { session }) }),
  )
  try {
    if (!read.ok) throw malformed(read.at, read.why)
    return { result: await life.execute.wallet_addInvokeTransaction(context(`r${requests}`), read.value) }
  } catch (error) {
    const { code, data, message } = error as { code?: number; data?: unknown; message?: string }
    return code === undefined ? { message } : { code, data }
  }
}
const sent = () => world.node.state.arrived.map((text) => bodyOf(text))
const SENT = { result: { transaction_hash: expect.stringMatching(/^0x[0-9a-f]{64}$/) } }
const NEXT = '/calls/0/offchainSessionDetails/nonce'
async function asking(): Promise<ApprovalRecord> {
  const find = async () =>
    (await life.approvals.waiting()).find(
      ({ phase, question }) => phase === 'asking' && question.kind === 'transaction' && question.trial !== undefined,
    )
  await expect.poll(find).toBeDefined()
  return (await find()) as ApprovalRecord
}
const allow = async () => {
  const record = await asking()
  await life.approvals.decide(record.id, record.rev, life.approvals.digest(record), 'allow')
}

describe('a transaction of an offchain session of early 2024', () => {
  it('is done by the session of its key without a window: the calls that its page signed, and a version 3 of our own', async () => {
    await world.start('other')
    const { id } = await world.start('mine', {}, { asked })
    const answer = await send(signed({ calls: [move(1), move(2)] }))
    expect(answer).toMatchObject(SENT)
    const [body] = sent()
    const calls = [move(1), move(2)].flatMap(({ to, selector, calldata }) => [to, selector, '0x1', ...calldata])
    expect(body).toMatchObject({ version: '0x3', nonce: '0x0', calldata: ['0x2', ...calls] })
    expect(answer.result?.transaction_hash).toBe(padded(hashOf(body!)))
    expect((await world.journal.list({ session: id }))[0]).toMatchObject({ session: id, calls: [move(1), move(2)] })
    expect(life.windows).toEqual([])
  })

  it('is done once: the same again, and another one for the same nonce, are told which is next, whatever session and mode', async () => {
    await world.start('mine', {}, { asked })
    expect(await send(signed())).toMatchObject(SENT)
    await world.start('second', {}, { asked })
    const why = `expected the account's next: 0x1`
    for (const mode of MODES) {
      const more = mode === undefined ? undefined : { mode }
      expect(await send(signed(), more)).toEqual({ code: 114, data: { at: NEXT, why } })
      expect(await send(signed({ calls: [move(9)] }), more)).toMatchObject({ code: 114, data: { at: NEXT } })
    }
    expect(await send(signed({ nonce: 1n }))).toMatchObject(SENT)
    expect(sent().map(({ nonce }) => nonce)).toEqual(['0x0', '0x1'])
    expect(life.windows).toEqual([])
  })

  it('is done once where both are asked at once, and where the first is in no block yet', async () => {
    await world.start('mine', {}, { asked })
    world.node.state.holdsBack = true
    const answers = await Promise.all([send(signed()), send(signed()), send(signed())])
    expect(answers.filter((it) => 'result' in it)).toHaveLength(1)
    expect(await send(signed())).toMatchObject({ code: 114, data: { at: NEXT } })
    expect(sent()).toHaveLength(1)
  })

  it('for a nonce that others reached meanwhile is done: the chain is asked once more', async () => {
    await world.start('mine', {}, { asked })
    expect(await send(signed())).toMatchObject(SENT)
    await world.settle()
    world.node.state.nonce = 7n
    expect(await send(signed({ nonce: 7n }))).toMatchObject(SENT)
    expect(await send(signed({ nonce: 12n }))).toMatchObject({ code: 114, data: { at: NEXT } })
  })

  it('that its page did not sign just so is refused in every mode, and nothing is asked or sent', async () => {
    await world.start('mine', {}, { asked })
    const [first, ...others] = signed()
    const forged = [
      [first, ...signed({ calls: [move(2)] }).slice(1)],
      [first, ...others, ...others],
      [{ ...first, offchainSessionDetails: { nonce: '0x1', maxFee: '12345', version: '0x1' } }, ...others],
      [{ ...first, offchainSessionDetails: { nonce: '0x0', maxFee: '12346', version: '0x1' } }, ...others],
      [{ ...first, calldata: [KEY, ...signed({ by: new Uint8Array(32).fill(6) })[0]!.calldata!.slice(1)] }, ...others],
      signed({ chainId: felt(1) }),
    ]
    for (const calls of forged)
      for (const mode of MODES)
        expect(await send(calls, mode === undefined ? undefined : { mode })).toMatchObject({
          code: 114,
          data: { at: '/calls/0/calldata' },
        })
    expect([sent(), life.windows]).toEqual([[], []])
  })

  it.each([
    ['to another account', signed({ account: OTHER }), '/calls/0/contract_address'],
    ['of nothing but the session', signed().slice(0, 1), '/calls'],
    [
      'of more than the worker can check in passing',
      [signed()[0]!, ...Array(60).fill({ ...spelled(move(1)), calldata: ['0x1', '0x2'] })],
      '/calls',
    ],
    [
      'with calldata of another length',
      [{ ...signed()[0]!, calldata: [KEY] }, ...signed().slice(1)],
      '/calls/0/calldata',
    ],
    ['with a second such call', [...signed(), signed()[0]!], '/calls/2/offchainSessionDetails'],
    [
      'of another version',
      [
        { ...signed()[0]!, offchainSessionDetails: { nonce: '0x0', maxFee: '1', version: '0x3' } },
        ...signed().slice(1),
      ],
      '/calls/0/offchainSessionDetails/version',
    ],
    [
      'without its fee',
      [{ ...signed()[0]!, offchainSessionDetails: { nonce: '0x0', version: '0x1' } }, ...signed().slice(1)],
      '/calls/0/offchainSessionDetails/maxFee',
    ],
    [
      'under another name',
      [{ ...signed()[0]!, entrypoint: 'use_plugin' }, ...signed().slice(1)],
      '/calls/0/entry_point',
    ],
    // Its page signed it; the account takes no call to itself from a site all the same.
    [
      'with a call to the account in it',
      signed({ calls: [{ to: ACCOUNT, selector: selectorOf('upgrade'), calldata: [] }] }),
      '/calls/1/contract_address',
    ],
    [
      'without what was signed beside it',
      signed().map(({ contract_address, entrypoint, calldata }) => ({ contract_address, entrypoint, calldata })),
      '/calls/0/contract_address',
    ],
  ])('%s is refused', async (_name, calls, at) => {
    await world.start('mine', {}, { asked })
    expect(await send(calls)).toMatchObject({ code: 114, data: { at } })
    expect([sent(), life.windows]).toEqual([[], []])
  })

  it('is of no other session than that of its key: in mode only an error, else a question that says why', async () => {
    const { id } = await world.start('other')
    expect(await send(signed(), { mode: 'only' })).toEqual({ code: 211, data: { id: KEY } })
    expect(await send(signed(), { mode: 'only', id })).toMatchObject({ code: 114, data: { at: '/session/id' } })
    const mine = await world.start('mine', { validUntil: world.clock.now + 10 }, { asked })
    world.clock.now += 20
    expect(await send(signed(), { mode: 'only' })).toMatchObject({ code: 212, data: { status: 'expired' } })
    const answer = send(signed())
    const { question } = await asking()
    expect(question).toMatchObject({
      calls: [move(1)],
      session: mine.id,
      reasons: [{ code: 'expired' }],
      onlyAt: '0x0',
    })
    await allow()
    expect(await answer).toMatchObject(SENT)
    expect(sent()).toHaveLength(1)
  })

  it('that a person allowed is done once too: asked twice before the yes, the second yes does nothing', async () => {
    const small = { usage: { ...policy().usage, tx: [{ window: { kind: 'session' as const }, max: 0 }] } }
    await world.start('mine', small as never, { asked })
    const [first, second] = [send(signed()), send(signed({ calls: [move(1)] }))]
    await expect.poll(async () => (await life.approvals.waiting()).length).toBe(2)
    await allow()
    await allow()
    const answers = await Promise.all([first, second])
    expect(answers).toContainEqual(SENT)
    expect(answers).toContainEqual({ code: 113, data: { reason: 'context' } })
    expect(sent()).toHaveLength(1)
    expect(await send(signed())).toMatchObject({ code: 114, data: { at: NEXT } })
    expect(await life.approvals.waiting()).toEqual([])
  })

  it('of a site that is not connected is asked to connect, and only then judged; in mode only it learns nothing', async () => {
    await world.start('mine', {}, { asked })
    await life.grants.remove(ORIGIN)
    const own = await send(signed(), { mode: 'only' })
    expect(own).toEqual(await send(signed({ account: OTHER }), { mode: 'only' }))
    expect(own).toMatchObject({ code: 211 })
    void send(signed({ account: OTHER }))
    await expect
      .poll(async () => (await life.approvals.waiting()).map(({ question }) => question.kind))
      .toEqual(['connect'])
    expect(sent()).toEqual([])
  })
})
