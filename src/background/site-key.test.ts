import 'fake-indexeddb/auto'
import { typedData as library } from 'starknet'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { messageRules } from '../cold/message-rules.ts'
import { classify } from '../cold/reserved.ts'
import { OUTSIDE_TYPES, offchainSession, pluginSession } from '../cold/samples.ts'
import { LISTED, STRK } from '../core/account.ts'
import { malformed } from '../core/errors.ts'
import { type Address, address, type ClassHash, type Felt, felt, type Selector, shortString } from '../core/felt.ts'
import { used } from '../core/policy/book.ts'
import type { Call, MeterId, Origin, SessionId } from '../core/policy/policy.ts'
import { dapp } from '../core/protocol/dapp.ts'
import type { SessionRequestView } from '../core/protocol/ui.ts'
import type { ApprovalRecord, SessionQuestion, StoredSession } from '../core/records.ts'
import { decode } from '../core/schema.ts'
import { text } from '../core/words.ts'
import { ARGENT_0_4_0, ARGENT_0_5_0, OPENZEPPELIN_1_0_0 } from '../starknet/accounts.ts'
import { isPublicKey, publicKey, sign as signWith, verify } from '../starknet/curve.ts'
import { invokeBody, invokeHash } from '../starknet/invoke.ts'
import { selectorOf } from '../starknet/selector.ts'
import { methodTree, sessionMessage, signerGuid } from '../starknet/session-token.ts'
import { createAccess } from './access.ts'
import { cosignHandlers } from './handlers/cosign.ts'
import { sessionHandlers } from './handlers/session.ts'
import { signHandlers } from './handlers/sign.ts'
import { edited } from './handlers/wallet/approvals.ts'
import { createApprovals } from './owners/approvals.ts'
import { createGrants } from './owners/grants.ts'
import type { Context } from './router.ts'
import { holdsOf } from './sending/journal.ts'
import {
  ACCOUNT,
  account,
  CHAIN_ID,
  createWorld,
  GAME,
  GUARDIAN,
  MOVE,
  move,
  NETWORK,
  ORIGIN,
  OWNER,
  SESSION,
  START,
  sessionArea,
  transferEvent,
  type World,
} from './sending/stub-world.ts'
import { createSessionPrint } from './session-print.ts'
import { createStarter } from './starting.ts'
import { type ApprovalFacts, approvalView } from './views/approvals.ts'
import { namingOf, siteOf } from './views/facts.ts'
import { type SessionFacts, sessionView } from './views/sessions.ts'

const END = START + 3_600
const GUID = signerGuid(publicKey(SESSION))
const OTHER = 'https://other.example' as Origin

interface Written {
  readonly methods?: readonly (readonly [Address, Selector])[]
  readonly end?: number | string
  readonly metadata?: string
  readonly guid?: Felt
}
const METADATA = '{"projectID":"chess","txFees":[]}'
/** As @argent/x-sessions writes it. */
const written = ({ methods = [[GAME, MOVE]], end = END, metadata = METADATA, guid = GUID }: Written = {}) => ({
  types: {
    StarknetDomain: ['name', 'version', 'chainId', 'revision'].map((name) => ({ name, type: 'shortstring' })),
    'Allowed Method': [
      { name: 'Contract Address', type: 'ContractAddress' },
      { name: 'selector', type: 'selector' },
    ],
    Session: [
      { name: 'Expires At', type: 'timestamp' },
      { name: 'Allowed Methods', type: 'merkletree', contains: 'Allowed Method' },
      { name: 'Metadata', type: 'string' },
      { name: 'Session Key', type: 'felt' },
    ],
  },
  primaryType: 'Session',
  domain: { name: 'SessionAccount.session', version: '0x31', chainId: CHAIN_ID, revision: '1' },
  message: {
    'Expires At': end,
    'Allowed Methods': methods.map(([contract, selector]) => ({ 'Contract Address': contract, selector })),
    Metadata: metadata,
    'Session Key': guid,
  },
})

let world: World
let life: ReturnType<typeof createLife>
beforeEach(async () => {
  followed = []
  world = await createWorld({ classify })
  await world.nodes.of(NETWORK)
  life = createLife()
  await life.grants.give(ORIGIN, ACCOUNT, NETWORK)
})

/** Sessions whose handed-out calls are looked for on the chain. */
let followed: SessionId[] = []
/** Only what is asked in a form of older libraries has its key here. */
let sealsKeys = false

function createLife() {
  const { db, sessions, accounts, history, networks, executor, signer } = world
  const now = () => world.clock.now
  let ids = 0
  const newId = () => {
    ids += 1
    return `${Math.random()} ${ids}`
  }
  const grants = createGrants({ db, guard: () => (world.lock.asleep ? undefined : world.guard), now })
  const approvals = createApprovals({
    db,
    now,
    newId,
    network: networks.get,
    window: { open: async () => undefined, isOurs: async () => true },
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
    ledger: world.ledger,
    now: async () => now(),
    keysOf: (session) => ({ unlocked: world.lock.unlocked, workingSet: signer.hasKeys(session) }),
  })
  const start = createStarter({
    approvals,
    sessions,
    signer,
    vault: {
      sealSecret: async () => {
        if (!sealsKeys) throw new Error('a key that this wallet does not have')
        return undefined as never
      },
      writeSecret: async () => undefined,
    },
    sessionSubkey: () => new Uint8Array(32),
    random: (length) => crypto.getRandomValues(new Uint8Array(length)),
    now,
    network: ({ network }) => networks.get(network),
    accountClass: async () => (world.node.state.classHash ?? ARGENT_0_4_0) as ClassHash,
    account: async () => (await accounts.own(ACCOUNT))!,
    guardian: async (own) => own.guardian,
    runSteps: async () => undefined,
    keep: async ({ id }) => void world.useKey(id, new Uint8Array(0)),
    scheduling: async () => ({ ownAccounts: [ACCOUNT], liveAllowance: false, from: 1 }),
    follow: ({ id, network, account: of }) => {
      followed.push(id)
      world.watcher.follow(network, of)
    },
    wipe: () => undefined,
  })
  const shared = { access, accounts, approvals, grants, history, sessions, print }
  const clock = async () => now()
  const session = sessionHandlers({
    messageRules,
    ...shared,
    contracts: {
      facts: async (_network: string, of: readonly Address[]) =>
        Object.fromEntries(
          of.map((it) => [
            it,
            { classHash: world.node.state.classHash as ClassHash, entrypoints: [], ...(it === STRK ? ERC20 : {}) },
          ]),
        ),
      allowances: async () => ({ given: [], isWhole: true }),
    } as unknown as Parameters<typeof sessionHandlers>[0]['contracts'],
    networks: networks.all,
    selected: async () => ({ account: ACCOUNT, network: NETWORK }),
    shownNetwork: async () => NETWORK,
    isConnected: async (origin) => (await grants.get(origin)) !== undefined,
    clock,
    mayUse: async () => true,
    newSessionId: () => newId() as SessionId,
    planSteps: async () => [],
    isDead: (account, network, hash) => executor.isDead(account, network, hash),
    start,
    keep: async () => undefined,
    awake: () => true,
    endAsleep: async () => 'awake',
    end: async ({ id }) => {
      await sessions.revoke(id, now(), false)
      return undefined
    },
    granted: async () => undefined,
  })
  const sign = signHandlers({
    ...shared,
    messages: world.messages,
    networks,
    classify,
    cosigning: world.cosigning,
    written: session.written,
    older: session.older,
    executor,
    report: (error) => world.errors.push(error),
    // Another one than that of the site.
    shownNetwork: async () => 'mainnet',
    clock,
    wait: () => new Promise((done) => setTimeout(done, 1)),
  })
  const cosign = cosignHandlers({
    ...shared,
    classify,
    cosigning: world.cosigning,
    state: async () => (world.lock.asleep ? 'asleep' : 'unlocked'),
    isConnected: async (origin) => origin === ORIGIN,
    wait: () => new Promise((done) => setTimeout(done, 1)),
  })
  return { approvals, grants, session: session.methods, sign, cosign, print }
}
const ERC20 = { asset: 'erc20' as const }

const from = (request: string, more: Partial<Context> = {}): Context => ({
  origin: ORIGIN,
  document: 'd1',
  tab: 1,
  frame: 0,
  request: request as Context['request'],
  gesture: true,
  ...more,
})
const settled = (answer: Promise<unknown>) =>
  answer.then(
    (result) => ({ result }),
    ({ code, data, message }: { code?: number; data?: unknown; message?: string }) =>
      code === undefined ? { message } : { code, data },
  )
const sign = (request: string, data: unknown, more: Partial<Context> = {}) =>
  settled(life.sign.wallet_signTypedData(from(request, more), data as never))
async function waits(request: string): Promise<ApprovalRecord & { readonly question: SessionQuestion }> {
  const find = async () =>
    (await life.approvals.waiting()).find((it) => it.request === request && it.phase === 'asking')
  await expect.poll(find).toBeDefined()
  const found = (await find()) as ApprovalRecord
  if (found.question.kind !== 'session') throw new Error(`a question of the kind ${found.question.kind}`)
  return { ...found, question: found.question }
}
const allow = async (request: string) => {
  const record = await waits(request)
  await life.approvals.decide(record.id, record.rev, life.approvals.digest(record), 'allow')
  return record
}
/** What its page and its card are drawn with. */
const SEEN: Omit<ApprovalFacts, 'digest'> & SessionFacts = {
  now: START,
  naming: namingOf([account], LISTED as never),
  account,
  site: siteOf(ORIGIN, undefined, 0),
  networkName: 'Sepolia',
  nameOf: () => 'Sepolia',
  balances: {},
  choices: [],
  described: [],
  session: undefined,
  replaced: {},
  replaceable: [],
  allowances: [],
  typedData: undefined,
  recipients: [],
  stepUp: false,
  limitsUnread: false,
  stepState: () => 'todo',
  outcome: undefined,
  keys: { unlocked: true, workingSet: true },
  seen: undefined,
  left: [],
}
/** A running session that the site wrote. */
async function start(by: Written = {}, request = `s${Math.random()}`) {
  const answer = sign(request, written(by))
  await allow(request)
  const answered = await answer
  if (!('result' in answered)) throw new Error(JSON.stringify(answered))
  return answered.result as readonly Felt[]
}
const only = () => world.sessions.list({ origin: ORIGIN })[0]!

describe('a session in a form of older libraries', () => {
  beforeEach(() => {
    sealsKeys = true
  })
  afterEach(() => {
    sealsKeys = false
  })
  const policies = [{ contractAddress: GAME, selector: 'move' }]
  const forms = [
    pluginSession({ expires: END, policies }),
    offchainSession({
      account: ACCOUNT,
      expires: END,
      token: STRK,
      methods: [{ contractAddress: GAME, method: 'move' }],
    }),
  ]

  it.each(forms)(
    'is asked as a session whose key this wallet has; what it wrote itself is never signed',
    async (data) => {
      const answer = sign('r1', data)
      const { question } = await allow('r1')
      expect(question.written).toBeUndefined()
      expect(question.granted.calls.map((rule) => [rule.contract, rule.entrypoints])).toMatchObject([
        [GAME, [{ selector: MOVE }]],
      ])
      const answered = await answer
      expect(answered).toMatchObject({ result: { length: 9 } })
      const { result } = answered as { result: readonly Felt[] }
      const { chain, key, granted } = only()
      expect([key.by, granted.validUntil, result]).toEqual(['wallet', END, chain?.authorization])
      const [owner, guardian] = [
        { r: result[3]!, s: result[4]! },
        { r: result[7]!, s: result[8]! },
      ]
      expect(verify(chain!.sessionHash, owner, publicKey(OWNER))).toBe(true)
      expect(verify(chain!.sessionHash, guardian, publicKey(GUARDIAN))).toBe(true)
      const theirs = library.getMessageHash(data as never, ACCOUNT) as Felt
      expect(verify(theirs, owner, publicKey(OWNER)) || verify(theirs, guardian, publicKey(GUARDIAN))).toBe(false)
      // Asked again it is that session, and nobody is asked.
      expect(await sign('r2', data)).toEqual({ result })
    },
  )

  it('of a page that calls it by another key is another session; by the same key it is the same, and the key is no key of it', async () => {
    const by = (sessionKey: string) => ({ ...forms[1], message: { ...forms[1]!.message, sessionKey } })
    const first = sign('r1', by('0x3003'))
    await allow('r1')
    const answered = await first
    expect(only().asked).toMatchObject({ pageKey: '0x3003' })
    expect(only().key).toEqual({ by: 'wallet', guid: only().key.guid })
    expect(await sign('r2', by('0x3003'))).toEqual(answered)
    const second = sign('r3', by('0x4004'))
    await allow('r3')
    expect(await second).not.toEqual(answered)
    const keys = world.sessions.list({ origin: ORIGIN }).map(({ asked }) => (asked as { pageKey?: string }).pageKey)
    expect(keys.sort()).toEqual(['0x3003', '0x4004'])
  })
  it('has the fee limit of both halves that it named', async () => {
    const answer = sign('r1', forms[1])
    await allow('r1')
    await answer
    expect(only().granted.fees.tokens.find(({ token }) => token === STRK)?.caps).toMatchObject([
      { window: { kind: 'session' }, max: (2n ** 128n + 5n).toString() },
    ])
  })

  it.each([
    ['milliseconds', pluginSession({ expires: END * 1_000, policies })],
    ['an end that is over', pluginSession({ expires: START, policies })],
    ['more than 90 days', pluginSession({ expires: START + 91 * 86_400, policies })],
    [
      'a call to the account itself',
      pluginSession({ expires: END, policies: [{ contractAddress: ACCOUNT, selector: 'move' }] }),
    ],
    [
      'another account',
      offchainSession({
        account: GAME,
        expires: END,
        token: STRK,
        methods: [{ contractAddress: GAME, method: 'move' }],
      }),
    ],
  ])('with %s is refused, and nobody is asked', async (_, data) => {
    expect(await sign('r1', data)).toMatchObject({ code: 114 })
    expect(await life.approvals.waiting()).toEqual([])
  })
})

describe('a session that its site wrote', () => {
  it('is asked as a session, and answered with what both keys signed: that very hash', async () => {
    const data = written()
    const answer = sign('r1', data)
    const { question } = await allow('r1')
    expect(question.effective.calls.map(({ contract, entrypoints }) => [contract, entrypoints])).toEqual([
      [GAME, [{ selector: MOVE }]],
    ])
    const { result } = (await answer) as { result: readonly Felt[] }
    const hash = library.getMessageHash(data, ACCOUNT) as Felt
    expect(result).toHaveLength(9)
    expect([result[0], result[2], result[6]]).toEqual(['0x2', publicKey(OWNER), publicKey(GUARDIAN)])
    expect(verify(hash, { r: result[3]!, s: result[4]! }, publicKey(OWNER))).toBe(true)
    expect(verify(hash, { r: result[7]!, s: result[8]! }, publicKey(GUARDIAN))).toBe(true)
    expect(only()).toMatchObject({
      key: { by: 'dapp', guid: GUID },
      label: 'chess',
      state: 'active',
      chain: { sessionHash: hash, expiresAt: END, metadata: METADATA, bySite: true },
    })
    expect(only().granted.validUntil).toBe(END + 1)
    const [info] = await life.session.wallet_getSessions(from('g'), { include_ended: false })
    expect(info).toMatchObject({ key: { held_by: 'dapp' }, chain: { authorization: result } })
  })

  it('is shown as a session whose key the site has, before the yes and after: never as one with its key here', async () => {
    const answer = sign('r1', written())
    const record = await waits('r1')
    const asked = approvalView(record, { ...SEEN, digest: life.approvals.digest(record) }) as SessionRequestView
    await allow('r1')
    await answer
    const running = sessionView((await world.ledger.state(only().id))!, SEEN)
    for (const { held, risks } of [asked, running]) {
      expect(risks.filter(({ line: { key } }) => key === 'policy_riskSiteKey')).toMatchObject([
        { level: 'warn', detail: { key: 'policy_riskSiteKeyDetail', args: { host: text('game.example') } } },
      ])
      expect(held.map(({ key }) => key)).toEqual(['session_siteKey', 'session_siteWrote'])
      expect(held[0]?.args).toEqual({ host: text('game.example') })
    }
  })

  it('keeps the order and the doubles of its methods, which the hash has too', async () => {
    const methods = [
      [address('0x9'), selectorOf('b')],
      [GAME, MOVE],
      [address('0x9'), selectorOf('a')],
      [GAME, MOVE],
    ] as const
    const data = written({ methods })
    await start({ methods })
    const { chain } = only()
    expect(chain?.sessionHash).toBe(library.getMessageHash(data, ACCOUNT))
    expect(chain?.methods).toEqual(methods)
    expect(chain?.root).toBe(methodTree(methods, 'written').root)
    expect(only().granted.calls).toHaveLength(2)
  })

  it('asked again is the same session, without a window, for its own site alone', async () => {
    const first = await start()
    expect(await sign('r2', written())).toEqual({ result: first })
    expect(world.sessions.list()).toHaveLength(1)
    await life.grants.give(OTHER, ACCOUNT, NETWORK)
    expect(await sign('r3', written(), { origin: OTHER })).toMatchObject({ code: 114 })
  })

  it('does not come back once it has ended here, or on the chain', async () => {
    await start()
    await world.sessions.revoke(only().id, START, false)
    expect(await sign('r2', written())).toMatchObject({ code: 114 })
    const other = written({ end: END + 1 })
    world.node.state.revoked.add(library.getMessageHash(other, ACCOUNT))
    expect(await sign('r3', other)).toMatchObject({ code: 114, data: { at: '/message' } })
    expect((await life.approvals.waiting()).filter(({ phase }) => phase === 'asking')).toEqual([])
  })

  it('is narrowed by the person beside what is signed: the end, a rule, the fees', async () => {
    const fee = { tokenAddress: STRK, maxAmount: '0x100' }
    const metadata = JSON.stringify({ projectID: 'chess', txFees: [fee] })
    const methods = [
      [GAME, MOVE],
      [STRK, selectorOf('transfer')],
    ] as const
    const answer = sign('r1', written({ metadata, methods }))
    const { id, rev, question } = await waits('r1')
    expect(question.granted.fees.tokens).toMatchObject([{ token: STRK, caps: [{ max: '256' }] }])
    const edits = {
      duration: 600,
      rules: { r0: false },
      limits: { [`spend:${STRK}:total`]: '50', [`fee:${STRK}:total`]: '9' },
    }
    await life.approvals.change(id, rev, (it) => (it.kind === 'session' ? edited(it, edits as never) : it))
    await allow('r1')
    expect(await answer).toMatchObject({ result: expect.any(Array) })
    const { granted, effective, chain, narrowed } = only()
    expect([granted.validUntil, effective.validUntil, chain?.expiresAt]).toEqual([END + 1, START + 600, END])
    expect(effective.calls.map(({ enabled }) => enabled)).toEqual([false, true])
    expect(effective.spend.limits).toMatchObject([{ token: STRK, caps: [{ max: '50' }] }])
    expect(effective.fees.tokens).toMatchObject([{ caps: [{ max: '9' }] }])
    expect(narrowed).toContain('/valid_until')
    // And never longer: the chain has one end.
    expect(() => edited(question, { duration: 90_000 })).toThrow()
  })

  it('may not be rotated, renewed or widened: only its site can write another', async () => {
    await start()
    const id = only().id
    const rotate = settled(life.session.wallet_rotateSession(from('r2'), { id }))
    expect(await rotate).toMatchObject({ code: 210, data: { feature: 'rotate' } })
    const wider = { id, calls: [{ contract_address: GAME, entry_point: ['move', 'other'] }] }
    expect(await settled(life.session.wallet_updateSession(from('r3'), wider as never))).toMatchObject({ code: 210 })
  })

  it.each([
    ['milliseconds', { end: (START + 10) * 1000 }, 'milliseconds'],
    ['an end that has passed', { end: START }, 'ahead'],
    ['more than 90 days', { end: START + 90 * 86_400 }, 'at most'],
    ['too short a life', { end: START + 60 }, 'life'],
    ['a call to the account itself', { methods: [[ACCOUNT, MOVE]] as const }, 'account'],
    [
      'a call that no session may make',
      { methods: [[GAME, selectorOf('__execute__')]] as const },
      'no session may call',
    ],
    ['no key', { guid: felt(0) }, 'key'],
    ["the second key as the session's", { guid: signerGuid(publicKey(GUARDIAN)) }, 'key'],
    ["the owner's key as the session's", { guid: signerGuid(publicKey(OWNER)) }, 'key'],
    ['fees that are no amounts', { metadata: '{"txFees":[{"tokenAddress":"0x1","maxAmount":"-1"}]}' }, 'txFees'],
    ['a fee token twice', { metadata: TWICE() }, 'once'],
    ['metadata that is not ASCII', { metadata: '{"projectID":"é"}' }, 'ASCII'],
  ])('with %s is refused, and nobody is asked', async (_name, by: Written, why) => {
    const answer = await sign('r1', written(by))
    expect(answer).toMatchObject({ code: 114, data: { why: expect.stringContaining(why) } })
    expect(await life.approvals.waiting()).toEqual([])
    expect(world.sessions.list()).toEqual([])
  })

  it('of an account whose class has no sessions is refused: there is nothing that could hold it', async () => {
    world.node.state.classHash = OPENZEPPELIN_1_0_0
    expect(await sign('r1', written())).toMatchObject({ code: 114 })
  })

  it("is no session for the wallet's own sending: its key is not here", async () => {
    await start()
    expect(await world.play('p1')).toEqual({ kind: 'none' })
    expect(await world.play('p2', undefined, only().id)).toEqual({ kind: 'none' })
    expect(world.node.state.arrived).toEqual([])
  })

  const METHODS = [
    [GAME, MOVE],
    [address('0x9'), selectorOf('b')],
    [address('0x9'), selectorOf('a')],
  ] as const
  /** Its row, written under the wallet's own MAC, as a next life reads it. */
  const afterRestart = async (change: (session: StoredSession) => StoredSession) => {
    await start({ methods: METHODS })
    const { id } = only()
    await world.db.write(['sessions'], 'strict', async (tx) => {
      const row = await world.guard.get<StoredSession>(tx, 'sessions', id)
      if (row?.ok !== true) throw new Error('no session to change')
      await world.guard.put(tx, 'sessions', id, change(row.value))
    })
    return (await world.next()).sessions.get(id)
  }
  it('goes on after a restart', async () => {
    expect(await afterRestart((it) => it)).toMatchObject({ state: 'active' })
  })
  it.each<[string, (chain: NonNullable<StoredSession['chain']>) => object]>([
    ['its metadata', () => ({ metadata: '{"projectID":"other","txFees":[]}' })],
    ['its end', ({ expiresAt }) => ({ expiresAt: expiresAt - 1 })],
    ['the order of its methods', ({ methods }) => ({ methods: [...methods.slice(1), ...methods.slice(0, 1)] })],
    ['a method', ({ methods }) => ({ methods: [...methods, [GAME, selectorOf('b')] as const] })],
    ['the root of its methods', () => ({ root: felt(1) })],
    ['its hash', () => ({ sessionHash: felt(1) })],
    ['who wrote it', () => ({ bySite: undefined })],
  ])('does not go on after a restart where %s is another', async (_name, change) => {
    const altered = await afterRestart((it) => ({
      ...it,
      chain: { ...it.chain, ...change(it.chain!) } as NonNullable<StoredSession['chain']>,
    }))
    expect(altered).toMatchObject({ state: 'paused', pause: 'storageTampered' })
  })
  it('does not go on after a restart where its key is another', async () => {
    const altered = await afterRestart((it) => ({ ...it, key: { ...it.key, guid: signerGuid(publicKey(OWNER)) } }))
    expect(altered).toMatchObject({ state: 'paused', pause: 'storageTampered' })
  })
})

const STEP = 60_000n
/** Of the stub's estimate of 1,000,000 L2 gas: what the formula adds for one call with no proof. */
const NEEDED = 1_000_000n + 520_000n + 40_000n
interface Sends {
  readonly calls?: readonly Call[]
  readonly nonce?: bigint
  readonly tip?: bigint
  readonly l2?: bigint
  readonly l1Data?: bigint
  readonly price?: bigint
  readonly key?: Uint8Array
  readonly cache?: true
  readonly change?: (body: Record<string, unknown>) => object
}
/** As a site builds and signs it: with its own key, over M. */
function built({
  calls = [move()],
  nonce = 0n,
  tip = 0n,
  l2 = NEEDED,
  l1Data = 0x80n,
  price = 20n,
  ...more
}: Sends = {}) {
  const bounds = {
    l1_gas: { maxAmount: 0n, maxPrice: 1_000n },
    l2_gas: { maxAmount: l2, maxPrice: price },
    l1_data_gas: { maxAmount: l1Data, maxPrice: 1_000n },
  }
  const parts = { sender: ACCOUNT, calls, nonce: felt(nonce), tip, bounds }
  const hash = invokeHash({ ...parts, chainId: CHAIN_ID })
  const { chain } = only()
  const message = sessionMessage(hash, chain!.sessionHash, more.cache === undefined ? 0 : 1)
  const { signature: _none, ...transaction } = invokeBody({ ...parts, signature: [] })
  const { r, s } = signWith(message, more.key ?? SESSION)
  return {
    hash,
    message,
    params: {
      id: only().id as string,
      session_signature: [r, s],
      ...(more.cache === undefined ? {} : { cache: true }),
      transaction: { ...transaction, ...more.change?.(transaction) },
    },
  }
}
const decoded = (params: unknown) => {
  const read = decode(dapp.wallet_cosignSession.params, params)
  if (!read.ok) throw malformed(read.at, read.why)
  return read.value
}
const cosign = async (request: string, params: unknown, more: Partial<Context> = {}) =>
  settled((async () => life.cosign.wallet_cosignSession(from(request, more), decoded(params)))())
const signs = async (request: string, by: Sends = {}) => cosign(request, built(by).params)
const rows = () => world.journal.list({ session: only().id })
const heldOf = async (meter: string) => {
  const { book, open } = (await world.ledger.state(only().id))!
  return used(book, holdsOf(open), meter as MeterId, { kind: 'session' }, world.clock.now)
}
/** The site sends what it has: the chain takes it. */
const send = (it: ReturnType<typeof built>) => {
  const params = { invoke_transaction: { ...it.params.transaction, signature: [] } }
  const text = JSON.stringify({ id: 1, method: 'starknet_addInvokeTransaction', params })
  return world.node.post('', text, { timeoutMs: 1_000, maxBytes: 10_000 })
}

describe('before the first unlock after a browser start', () => {
  it.each([
    ['a session', () => written(), 'session'],
    ['a message', () => mail(CHAIN_ID), 'message'],
  ])(
    "%s on the site's chain, which is not the one that is shown, is asked after the unlock",
    async (_name, data, kind) => {
      Object.assign(world.lock, { unlocked: false, asleep: true })
      void sign('r1', data())
      await wakeUp()
      const asked = async () => (await life.approvals.waiting()).map(({ question }) => question.kind)
      await expect.poll(asked).toEqual([kind])
    },
  )
  it('a co-signature waits for the unlock where the site is connected, and is of no session where it is not', async () => {
    Object.assign(world.lock, { unlocked: false, asleep: true })
    const params = { id: 's', session_signature: [felt(1), felt(2)], outside_execution: {} } as never
    const cosign = (origin: Origin) => settled(life.cosign.wallet_cosignSession(from('c1', { origin }), params))
    expect(await cosign(ORIGIN)).toEqual({ code: 216, data: {} })
    expect(await cosign(OTHER)).toEqual({ code: 211, data: { id: 's' } })
  })
  it('data on another chain is refused then', async () => {
    Object.assign(world.lock, { unlocked: false, asleep: true })
    const answer = sign('r1', mail(shortString('SN_MAIN')))
    await wakeUp()
    expect(await answer).toMatchObject({ code: 114, data: { at: '/domain/chainId' } })
    expect(await life.approvals.waiting()).toEqual([])
  })
  it('a site without a grant cannot try out which chain is shown', async () => {
    const chains = [CHAIN_ID, shortString('SN_MAIN'), shortString('OWN_CHAIN'), felt(1)]
    const answers = chains.map((chainId) => sign(`r ${chainId}`, mail(chainId), { origin: OTHER }))
    const asked = async () => (await life.approvals.waiting()).filter(({ phase }) => phase === 'asking')
    await expect.poll(async () => (await asked()).map(({ question }) => question.kind)).toEqual(['connect'])
    const [connect] = await asked()
    await life.approvals.decide(connect!.id, connect!.rev, life.approvals.digest(connect!), 'refuse')
    // Whoever had been told something before the person's answer would say so now.
    for (const answer of answers) expect(await answer).toMatchObject({ code: 113 })
  })

  const wakeUp = async () => {
    await expect.poll(async () => (await life.approvals.waiting()).length).toBe(1)
    Object.assign(world.lock, { unlocked: true, asleep: false })
    await life.approvals.unlocked()
  }
  const mail = (chainId: Felt) => ({
    types: {
      StarknetDomain: ['name', 'version', 'chainId', 'revision'].map((name) => ({ name, type: 'shortstring' })),
      Mail: [{ name: 'subject', type: 'felt' }],
    },
    primaryType: 'Mail',
    domain: { name: 'Arena', version: '1', chainId, revision: '1' },
    message: { subject: '0x1' },
  })
})

describe('a transaction of a site that holds the key', () => {
  it('is signed by the second key over the very same, held and written down before it leaves', async () => {
    await start()
    const it = built()
    const { result } = (await cosign('c1', it.params)) as { result: readonly Felt[] }
    const [guardian, r, s] = result as [Felt, Felt, Felt]
    expect(guardian).toBe(publicKey(GUARDIAN))
    expect(verify(it.message, { r, s }, guardian)).toBe(true)
    expect(await rows()).toMatchObject([{ hash: it.hash, nonce: '0x0', status: 'signed', via: 'site', parked: true }])
    expect(await heldOf('tx')).toBe(1n)
    const { rows: told } = await world.history.list({ session: only().id, limit: 9 })
    expect(told.map(({ event }) => event)).toContainEqual({
      kind: 'transaction',
      by: 'session',
      hash: it.hash,
      calls: [move()],
    })
    expect(world.node.state.arrived).toEqual([])
    expect(world.errors).toEqual([])
  })

  it('is booked from the chain when the site has sent it, and stays held while it has not', async () => {
    await start()
    const it = built()
    await cosign('c1', it.params)
    await world.settle(3)
    expect(await rows()).toMatchObject([{ status: 'signed' }])
    await send(it)
    await world.settle()
    expect(await rows()).toMatchObject([{ status: 'settled', end: 'accepted' }])
    expect(await heldOf(`fee:${STRK}`)).toBe(1_000n)
  })

  it('asked again is the same answer and the same hold', async () => {
    await start()
    const it = built()
    const first = await cosign('c1', it.params)
    expect(await Promise.all([cosign('c2', it.params), cosign('c3', it.params)])).toEqual([first, first])
    expect(await rows()).toHaveLength(1)
    expect(await heldOf('tx')).toBe(1n)
  })

  it('T37: changed in any member, or signed by another key, gets no signature', async () => {
    await start()
    const { params } = built()
    const { transaction } = params
    const { resource_bounds: bounds } = transaction
    const l2 = { ...bounds.l2_gas }
    const changes: readonly (readonly [string, object])[] = [
      ['nonce', { nonce: '0x1' }],
      ['tip', { tip: '0x1' }],
      ['calldata', { calldata: [...transaction.calldata.slice(0, -1), '0x9'] }],
      ['another account', { sender_address: GAME }],
      ['version', { version: '0x1' }],
      ['query version', { version: '0x100000000000000000000000000000003' }],
      ['type', { type: 'DECLARE' }],
      ['amount', { resource_bounds: { ...bounds, l2_gas: { ...l2, max_amount: '0xffffff' } } }],
      ['price', { resource_bounds: { ...bounds, l2_gas: { ...l2, max_price_per_unit: '0x1' } } }],
      ['l1 price', { resource_bounds: { ...bounds, l1_gas: { ...bounds.l1_gas, max_price_per_unit: '0x1' } } }],
      ['data amount', { resource_bounds: { ...bounds, l1_data_gas: { ...bounds.l1_data_gas, max_amount: '0x81' } } }],
      ['paymaster', { paymaster_data: ['0x1'] }],
      ['deployment', { account_deployment_data: ['0x1'] }],
      ['nonce mode', { nonce_data_availability_mode: 'L2' }],
      ['fee mode', { fee_data_availability_mode: 'L2' }],
      ['a member more', { proof: [] }],
      ['calldata with a felt behind', { calldata: [...transaction.calldata, '0x0'] }],
      ['no calls', { calldata: ['0x0'] }],
    ]
    for (const [name, change] of changes) {
      const answer = await cosign(name, { ...params, transaction: { ...transaction, ...change } })
      expect([name, answer]).toEqual([name, { code: 114, data: expect.anything() }])
    }
    const others = [
      ['key', built({ key: OWNER }).params],
      ['cache', { ...params, cache: true }],
      ['signature', { ...params, session_signature: [params.session_signature[0], '0x5'] }],
      ['zero', { ...params, session_signature: ['0x0', '0x0'] }],
      ['one felt', { ...params, session_signature: [params.session_signature[0]] }],
      ['no transaction', { id: params.id, session_signature: params.session_signature }],
    ] as const
    for (const [name, other] of others)
      expect([name, await cosign(name, other)]).toEqual([name, { code: 114, data: expect.anything() }])
    expect(await rows()).toEqual([])
  })

  it('is verified again where it is signed: a signature by another key is never beside that of the second key', async () => {
    await start()
    const { chain } = only()
    const { params, message } = built({ key: OWNER })
    expect(
      verify(message, { r: params.session_signature[0]!, s: params.session_signature[1]! }, publicKey(OWNER)),
    ).toBe(true)
    const [r, s] = params.session_signature as [Felt, Felt]
    const bounds = {
      l1_gas: { maxAmount: 0n, maxPrice: 1_000n },
      l2_gas: { maxAmount: NEEDED, maxPrice: 20n },
      l1_data_gas: { maxAmount: 0x80n, maxPrice: 1_000n },
    }
    const it = { calls: [move()], nonce: felt(0), tip: 0n, bounds, signature: { r, s }, cache: 0 as const }
    expect(chain?.bySite).toBe(true)
    await expect(world.cosigning.transaction(only(), it)).rejects.toThrow('not signed by the key of this session')
    expect(await heldOf('tx')).toBe(0n)
  })

  it('T42: is of the session of its own site, by its id or its hash, and of no other', async () => {
    await start()
    const { params } = built()
    await life.grants.give(OTHER, ACCOUNT, NETWORK)
    expect(await cosign('c1', params, { origin: OTHER })).toMatchObject({ code: 211 })
    expect(await cosign('c2', { ...params, id: 'x' })).toMatchObject({ code: 211 })
    // What is no request at all is that whomever it names.
    expect(await cosign('c4', { id: 'x', session_signature: params.session_signature })).toMatchObject({
      code: 114,
      data: { at: '' },
    })
    const padded = `0x${only().chain!.sessionHash.slice(2).padStart(64, '0')}`
    expect(await cosign('c3', { ...params, id: padded })).toMatchObject({ result: expect.any(Array) })
  })

  it('is not signed for a session whose key this wallet holds', async () => {
    await world.start('own')
    const { params } = built()
    expect(await cosign('c1', { ...params, id: 'own' })).toMatchObject({ code: 210, data: { feature: 'cosign' } })
  })

  it.each([
    ['a call that it does not list', { calls: [{ ...move(), selector: selectorOf('other') }] }, 213],
    ['a call to an own account', { calls: [{ ...move(), to: ACCOUNT }] }, 215],
    ['a nested execution', { calls: [{ ...move(), selector: selectorOf('execute_from_outside_v2') }] }, 213],
    ['a fee above its cap', { price: 10n ** 13n }, 214],
  ] as const)('outside the policy by %s is refused by its kind, and noted', async (_name, by, code) => {
    await start()
    expect(await signs('c1', by)).toMatchObject({ code, data: expect.anything() })
    expect(await rows()).toEqual([])
    const { rows: told } = await world.history.list({ session: only().id, limit: 9 })
    expect(told.map(({ event }) => event.kind)).toContain('refused')
  })

  it.each([
    ['one less than the least', { l2: NEEDED - STEP - 1n }, `${NEEDED} of l2_gas`],
    ['too little data gas', { l1Data: 0x7fn }, '128 of l1_data_gas'],
  ] as const)('whose bounds cannot work is refused, and told what it takes: %s', async (_name, by, why) => {
    await start()
    const answer = await signs('c1', by)
    const data = { at: '/transaction/resource_bounds', why: expect.stringContaining(why) }
    expect(answer).toEqual({ code: 114, data })
    expect(await signs('c2', { l2: NEEDED - STEP })).toMatchObject({ result: expect.any(Array) })
  })

  it('may keep its authorization on the account, where the class knows how: with what that takes', async () => {
    await start()
    const { params, message } = built({ cache: true, l2: NEEDED + 500_000n, l1Data: 0x80n + 96n })
    const { result } = (await cosign('c1', params)) as { result: [Felt, Felt, Felt] }
    expect(verify(message, { r: result[1], s: result[2] }, publicKey(GUARDIAN))).toBe(true)
    expect(await signs('c2', { cache: true, nonce: 1n })).toMatchObject({ code: 114 })
    expect(await signs('c3', { cache: true, nonce: 1n, l2: NEEDED + 500_000n })).toMatchObject({ code: 114 })
  })

  it('of an account of the newer class keeps none', async () => {
    world.node.state.classHash = ARGENT_0_5_0
    await start()
    const it = built({ cache: true, l2: NEEDED + 500_000n, l1Data: 0x80n + 96n })
    expect(await cosign('c1', it.params)).toEqual({ code: 210, data: { feature: '/cache' } })
  })

  it('has the next nonce by our own count, and no gap', async () => {
    await start()
    expect(await signs('c1', { nonce: 1n })).toMatchObject({ code: 114, data: { at: '/transaction/nonce' } })
    expect(await signs('c2', { nonce: 0n })).toMatchObject({ result: expect.any(Array) })
    expect(await signs('c3', { nonce: 1n })).toMatchObject({ result: expect.any(Array) })
    expect(await signs('c4', { nonce: 3n })).toMatchObject({ code: 114 })
    // Somebody else sent three: read again before it is refused.
    world.node.state.nonce = 5n
    expect(await signs('c5', { nonce: 5n })).toMatchObject({ result: expect.any(Array) })
    expect(await signs('c6', { nonce: 4n })).toMatchObject({ code: 114 })
  })

  it('two hashes on one nonce: the largest is held, at most three, and one settles', async () => {
    await start()
    const [small, large] = [built({ price: 20n }), built({ price: 90n })]
    await cosign('c1', small.params)
    const one = await heldOf(`fee:${STRK}`)
    await cosign('c2', large.params)
    const both = await heldOf(`fee:${STRK}`)
    expect([await heldOf('tx'), both]).toEqual([1n, one + 70n * NEEDED])
    expect(await signs('c3', { price: 50n })).toMatchObject({ result: expect.any(Array) })
    expect(await heldOf(`fee:${STRK}`)).toBe(both)
    expect(await signs('c4', { price: 51n })).toMatchObject({ code: 114, data: { at: '/transaction/nonce' } })
    await send(small)
    await world.settle()
    expect((await rows()).map(({ hash, end }) => [hash === small.hash, end])).toEqual(
      expect.arrayContaining([
        [true, 'accepted'],
        [false, 'dropped'],
        [false, 'dropped'],
      ]),
    )
    expect([await heldOf('tx'), await heldOf(`fee:${STRK}`)]).toEqual([1n, 1_000n])
  })

  it('in the pool of a node and in no block, leaves its nonce to all: a low price holds up nobody', async () => {
    await start()
    const it = built()
    await cosign('c1', it.params)
    world.node.state.holdsBack = true
    await send(it)
    await world.settle(3)
    expect(world.node.state.pool).toHaveLength(1)
    expect(await rows()).toMatchObject([{ status: 'signed', parked: true }])
    world.node.state.mine()
    await world.settle()
    expect(await rows()).toMatchObject([{ status: 'settled', end: 'accepted' }])
  })

  it('hoarded, holds up nothing that this wallet sends itself, and never more than it held', async () => {
    await start()
    await signs('c1')
    await world.start('own')
    expect(await world.play('p1')).toMatchObject({ kind: 'sent', session: 'own' })
    expect(world.node.state.arrived).toHaveLength(1)
    expect(await heldOf('tx')).toBe(1n)
  })

  it('is counted once however many are asked at once', async () => {
    const metadata = JSON.stringify({ txFees: [{ tokenAddress: STRK, maxAmount: `${3n * feeOf(20n)}` }] })
    await start({ metadata })
    const all = await Promise.all(Array.from({ length: 8 }, (_, n) => signs(`c${n}`, { nonce: BigInt(n) })))
    expect(all.filter((it) => 'result' in it).length).toBeLessThanOrEqual(3)
    expect(await heldOf(`fee:${STRK}`)).toBeLessThanOrEqual(3n * feeOf(20n))
    expect(await signs('last', { nonce: BigInt((await rows()).length) })).toMatchObject(
      (await rows()).length === 3 ? { code: 214 } : { result: expect.any(Array) },
    )
  })

  it('goes on while locked, and not where the session rests then', async () => {
    await start()
    world.lock.unlocked = false
    expect(await signs('c1')).toMatchObject({ result: expect.any(Array) })
    world.lock.unlocked = true
    await world.sessions.narrow(only().id, ({ effective }) => effective, { runWhileLocked: false })
    world.lock.unlocked = false
    expect(await signs('c2', { nonce: 1n })).toMatchObject({ code: 216 })
  })

  it('is not signed when the session is paused, ended, over, or its site disconnected', async () => {
    await start()
    const { params } = built()
    await world.sessions.pause(only().id, 'person')
    expect(await cosign('c1', params)).toMatchObject({ code: 212, data: { status: 'paused' } })
    await world.sessions.resume(only().id, 'person')
    await life.grants.remove(ORIGIN)
    expect(await cosign('c2', params)).toMatchObject({ code: 212 })
    await life.grants.give(ORIGIN, ACCOUNT, NETWORK)
    world.clock.now = END - 30
    expect(await cosign('c3', params)).toMatchObject({ code: 212, data: { status: 'expired' } })
    world.clock.now = START
    await world.sessions.revoke(only().id, START, false)
    expect(await cosign('c4', params)).toMatchObject({ code: 212 })
    expect(await rows()).toEqual([])
  })

  it('ended while it is signed gets no signature, and holds nothing', async () => {
    await start()
    const it = built()
    world.node.state.fault = async (method) => {
      if (method === 'starknet_estimateFee') world.stops.stopSession(only().id)
      return undefined
    }
    expect(await cosign('c1', it.params)).toMatchObject({ code: 212 })
    expect(await heldOf('tx')).toBe(0n)
  })

  it('page-made session is held to effective: what the person lowered is not signed', async () => {
    const answer = sign(
      'r1',
      written({
        methods: [
          [GAME, MOVE],
          [GAME, selectorOf('other')],
        ],
      }),
    )
    const { id, rev } = await waits('r1')
    const edits = { limits: { [`fee:${STRK}:total`]: `${feeOf(20n)}` } }
    await life.approvals.change(id, rev, (it) => (it.kind === 'session' ? edited(it, edits as never) : it))
    await allow('r1')
    await answer
    expect(await signs('c1', { l2: NEEDED + 9_000n, price: 30n })).toMatchObject({ code: 214, data: { limit: 'fees' } })
    expect(await signs('c2', { l2: NEEDED + 9_000n, price: 19n })).toMatchObject({ result: expect.any(Array) })
    expect(await signs('c3', { l2: NEEDED + 9_000n, price: 19n, nonce: 1n })).toMatchObject({ code: 214 })
  })

  it('that would fail is not signed', async () => {
    await start()
    world.node.state.fault = async (method) =>
      method === 'starknet_estimateFee'
        ? { error: { code: 41, message: 'Transaction execution error', data: { execution_error: 'no' } } }
        : undefined
    expect(await signs('c1')).toMatchObject({ code: 217 })
    expect(await rows()).toEqual([])
  })

  it('is followed in the next life of the worker: sent after its death, it is booked once', async () => {
    await start()
    const it = built()
    await cosign('c1', it.params)
    const next = await world.next()
    await send(it)
    const { open, settling } = await next.recovery.recover()
    await settling
    await next.settle()
    expect(open).toBe(1)
    expect(await next.journal.list({ session: only().id })).toMatchObject([{ status: 'settled', end: 'accepted' }])
    expect(world.node.state.arrived).toHaveLength(1)
  })
})

const ANYBODY = '0x414e595f43414c4c4552'
interface Out {
  readonly calls?: readonly Call[]
  readonly nonce?: string
  readonly caller?: string
  readonly after?: number
  readonly before?: number
}
/** As a site writes it, for somebody else to send. */
const outside = ({
  calls = [move()],
  nonce = '0x77',
  caller = ANYBODY,
  after = 1,
  before = START + 1_200,
}: Out = {}) => ({
  types: {
    StarknetDomain: ['name', 'version', 'chainId', 'revision'].map((name) => ({ name, type: 'shortstring' })),
    ...OUTSIDE_TYPES,
  },
  primaryType: 'OutsideExecution',
  domain: { name: 'Account.execute_from_outside', version: '2', chainId: CHAIN_ID, revision: '1' },
  message: {
    Caller: caller,
    Nonce: nonce,
    'Execute After': after,
    'Execute Before': before,
    Calls: calls.map(({ to, selector, calldata }) => ({ To: to, Selector: selector, Calldata: calldata })),
  },
})
function builtOutside(by: Out = {}, key: Uint8Array = SESSION) {
  const data = outside(by)
  const hash = library.getMessageHash(data, ACCOUNT) as Felt
  const message = sessionMessage(hash, only().chain!.sessionHash)
  const { r, s } = signWith(message, key)
  return { hash, message, params: { id: only().id as string, session_signature: [r, s], outside_execution: data } }
}

describe('an outside execution of a site that holds the key', () => {
  it('is signed by the second key over the very same, and held by its own nonce', async () => {
    await start()
    const it = builtOutside()
    const { result } = (await cosign('c1', it.params)) as { result: [Felt, Felt, Felt] }
    expect(verify(it.message, { r: result[1], s: result[2] }, publicKey(GUARDIAN))).toBe(true)
    expect(await rows()).toMatchObject([
      { hash: it.hash, nonce: '0x77', status: 'signed', outside: { via: 'site', payer: ANYBODY, version: 2 } },
    ])
    expect([await heldOf('tx'), await heldOf(`fee:${STRK}`)]).toEqual([1n, 0n])
    // None of the account's nonces is taken by it.
    expect(await signs('c2', { nonce: 0n })).toMatchObject({ result: expect.any(Array) })
  })

  it('is signed only once the journal was compared with the chain: where that is further, the session rests', async () => {
    world = await createWorld({ classify, area: sessionArea() })
    await world.nodes.of(NETWORK)
    life = createLife()
    await life.grants.give(ORIGIN, ACCOUNT, NETWORK)
    await start()
    await world.accounts.look(ACCOUNT, NETWORK, felt(0))
    world.node.state.nonce = 1n
    expect(await cosign('c1', builtOutside().params)).toMatchObject({ code: 212 })
    expect(only()).toMatchObject({ state: 'paused', pause: 'restored' })
    expect(await rows()).toEqual([])
  })

  it('asked again is the same cheque: one hold, one row, one signature', async () => {
    await start()
    const { params } = builtOutside()
    const first = await cosign('c1', params)
    expect(await cosign('c2', params)).toEqual(first)
    expect(await rows()).toHaveLength(1)
    expect(await heldOf('tx')).toBe(1n)
    expect((await rows())[0]).toMatchObject({ status: 'signed' })
  })

  it.each([
    ['a window of more than an hour', { before: START + 3_601 }, 213],
    ['an end behind that of the session', { before: END + 2 }, 213],
    ['a window that is over', { before: START - 1 }, 213],
    ['a call that the session does not list', { calls: [{ ...move(), selector: selectorOf('other') }] }, 213],
    ['a call to the account itself', { calls: [{ ...move(), to: ACCOUNT }] }, 215],
    ['an outside execution inside', { calls: [{ ...move(), selector: selectorOf('execute_from_outside_v2') }] }, 213],
    ['no call', { calls: [] }, 114],
  ] as const)('with %s gets no signature', async (_name, by: Out, code) => {
    await start({ end: END })
    expect(await cosign('c1', builtOutside(by).params)).toMatchObject({ code })
    expect(await rows()).toEqual([])
  })

  it('of a nonce that is used, or signed by another key, or another thing than that, gets none', async () => {
    await start()
    const { params } = builtOutside()
    expect(await cosign('c1', builtOutside({}, OWNER).params)).toMatchObject({ code: 114 })
    expect(await cosign('c2', { ...params, outside_execution: outside({ nonce: '0x78' }) })).toMatchObject({
      code: 114,
    })
    expect(await cosign('c3', { ...params, outside_execution: written() })).toMatchObject({ code: 114 })
    expect(await cosign('c4', { ...params, ...built().params })).toMatchObject({ code: 114 })
    world.node.state.usedNonces.add('0x77')
    expect(await cosign('c5', params)).toMatchObject({ code: 213, data: { at: '/nonce' } })
    expect(await rows()).toEqual([])
  })
})

describe("an outside execution that a session of this wallet's own fits", () => {
  const sponsored = { fees: { payer: 'either' as const, tokens: [] } }

  it('is answered with its token and no window, also while locked', async () => {
    await world.start('own', sponsored)
    world.lock.unlocked = false
    const data = outside()
    const { result } = (await sign('r1', data)) as { result: readonly Felt[] }
    expect([result[0], result.length]).toEqual([shortString('session-token'), 26])
    const message = sessionMessage(library.getMessageHash(data, ACCOUNT) as Felt, only().chain!.sessionHash)
    expect(verify(message, { r: result[18]!, s: result[19]! }, publicKey(SESSION))).toBe(true)
    expect(verify(message, { r: result[22]!, s: result[23]! }, publicKey(GUARDIAN))).toBe(true)
    expect(await life.approvals.waiting()).toEqual([])
    expect(await rows()).toMatchObject([{ status: 'signed', outside: { via: 'site' } }])
  })

  it('asked again is answered with the same cheque, which is held once', async () => {
    await world.start('own', sponsored)
    const data = outside()
    await sign('r1', data)
    expect(await sign('r2', data)).toMatchObject({ result: expect.any(Array) })
    expect(await rows()).toHaveLength(1)
    expect(await heldOf('tx')).toBe(1n)
  })

  it.each([
    ['the account pays', {}, 'paymasterNotAllowed'],
    ['only others may send it', { fees: { ...sponsored.fees, paymasters: ['0x5'] } }, 'paymasterNotAllowed'],
  ])('where %s it is asked, with the reason', async (_name, change, code) => {
    await world.start('own', change)
    const answer = sign('r1', outside())
    await expect.poll(async () => (await life.approvals.waiting()).length).toBe(1)
    const [record] = await life.approvals.waiting()
    expect(record?.question).toMatchObject({ kind: 'message', reasons: [{ code }], session: 'own' })
    await life.approvals.decide(record!.id, record!.rev, life.approvals.digest(record!), 'refuse')
    expect(await answer).toMatchObject({ code: 113 })
    expect(await rows()).toEqual([])
  })
})

describe('an outside execution that a person is asked about', () => {
  const open = async () => {
    await expect.poll(life.approvals.waiting).toHaveLength(1)
    return (await life.approvals.waiting())[0]!
  }
  const effects = async () => {
    const [record] = await life.approvals.waiting()
    return record?.question.kind === 'message' ? record.question.effects : undefined
  }
  const decide = async (decision: 'allow' | 'refuse') => {
    const record = await open()
    await life.approvals.decide(record.id, record.rev, life.approvals.digest(record), decision)
  }
  const pays = (amount: bigint) => {
    world.node.state.traced = STRK
    const { keys, data } = transferEvent(STRK, ACCOUNT, GAME, amount)
    world.node.state.trace = [{ order: 0, keys, data }]
  }

  it('is tried out while it is asked, and signed for what was shown', async () => {
    pays(5n)
    const answer = sign('r1', outside())
    await expect.poll(effects).toMatchObject({ moves: [{ token: STRK, out: '5', in: '0' }] })
    expect(await effects()).not.toHaveProperty('bounds')
    await decide('allow')
    expect(await answer).toMatchObject({ result: expect.any(Array) })
  })

  it('is not known where its run reports a change that cannot be read', async () => {
    pays(5n)
    const [{ keys }] = world.node.state.trace as [{ keys: readonly Felt[] }]
    world.node.state.trace = [{ order: 0, keys, data: ['0x5'] }]
    const answer = sign('r1', outside())
    await expect.poll(effects).toEqual({ moves: [{ token: STRK, out: '0', in: '0', unread: true }] })
    await decide('refuse')
    expect(await answer).toMatchObject({ code: 113 })
  })

  it('refuses: a yes to what failed when it no longer fails, or the other way', async () => {
    const answer = sign('r1', outside())
    await expect.poll(effects).toMatchObject({ moves: [] })
    const shown = await open()
    const failing = await life.approvals.change(shown.id, shown.rev, (it) =>
      it.kind === 'message' ? { ...it, effects: { moves: [], fails: 'no' } } : it,
    )
    expect(life.approvals.digest(failing)).not.toBe(life.approvals.digest(shown))
    await decide('refuse')
    expect(await answer).toMatchObject({ code: 113 })
  })

  it('moves more than before: it is another question', async () => {
    pays(5n)
    const answer = sign('r1', outside())
    await expect.poll(effects).toMatchObject({ moves: [{ out: '5' }] })
    const { rev } = await open()
    pays(500n)
    await expect.poll(effects).toMatchObject({ moves: [{ out: '500' }] })
    expect((await open()).rev).toBeGreaterThan(rev)
    await decide('refuse')
    expect(await answer).toMatchObject({ code: 113 })
  })

  it('of which the run cannot begin says that it fails, and what the node does not run is unknown', async () => {
    const answers = [
      { error: { code: 41, message: 'Transaction execution error' } },
      { error: { code: -32601, message: 'Method not found' } },
    ]
    let answered = 0
    world.node.state.fault = async (method) =>
      method === 'starknet_simulateTransactions' ? answers[Math.min(answered, answers.length - 1)] : undefined
    const answer = sign('r1', outside())
    await expect.poll(effects).toMatchObject({ moves: [], fails: expect.any(String) })
    answered = 1
    await expect.poll(effects).toEqual({ moves: [], unseen: true })
    await decide('refuse')
    expect(await answer).toMatchObject({ code: 113 })
  })

  it('a node that is silent leaves it unknown, until it answers', async () => {
    world.node.state.fault = async (method) =>
      method === 'starknet_simulateTransactions' ? { status: 503, text: '' } : undefined
    const answer = sign('r1', outside())
    await open()
    expect(await effects()).toBeUndefined()
    world.node.state.fault = undefined
    await expect.poll(effects).toMatchObject({ moves: [] })
    await decide('refuse')
    expect(await answer).toMatchObject({ code: 113 })
  })

  it('refuses: a yes from before anything was tried out signs nothing', async () => {
    world.node.state.fault = async (method) =>
      method === 'starknet_simulateTransactions' ? { status: 503, text: '' } : undefined
    const answer = sign('r1', outside())
    await open()
    await decide('allow')
    expect(await answer).not.toHaveProperty('result')
  })

  it('a plain message asks no node and is signed as it is', async () => {
    const data = { ...outside(), domain: { ...outside().domain, name: 'Arena' }, primaryType: 'Hello' }
    const types = { ...data.types, Hello: [{ name: 'word', type: 'felt' }] }
    const answer = sign('r1', { ...data, types, message: { word: '1' } })
    await open()
    await decide('allow')
    expect(await answer).toMatchObject({ result: expect.any(Array) })
  })
})

function feeOf(price: bigint): bigint {
  return NEEDED * price + 0x80n * 1_000n
}

function TWICE() {
  const fee = { tokenAddress: STRK, maxAmount: 1 }
  return JSON.stringify({ txFees: [fee, fee] })
}

/** The first x that is on no point. */
const NO_POINT = Array.from({ length: 99 }, (_, at) => felt(at + 1)).find((x) => !isPublicKey(x))

describe('a session whose key its page has brought', () => {
  const key = { held_by: 'dapp', public_key: publicKey(SESSION) }
  const request = { calls: [{ contract_address: GAME, entry_point: 'move' }], duration: 3_600, key }
  const ask = (id: string, json: object) =>
    settled(life.session.wallet_requestSession(from(id), json as never)) as Promise<{ result?: { id: string } }>

  it('is told apart in the window, authorized by both keys, and known by that key', async () => {
    const answer = ask('r1', request)
    const record = await waits('r1')
    const view = approvalView(record, { ...SEEN, digest: life.approvals.digest(record) }) as SessionRequestView
    expect(view.held.map((it) => it.key)).toEqual(['session_siteKey'])
    expect(view.risks.map(({ line }) => line.key)).toContain('policy_riskSiteKey')
    expect(JSON.stringify(view.details)).toContain(publicKey(SESSION).slice(2))
    await allow('r1')
    const { result } = await answer
    expect(only()).toMatchObject({ key: { by: 'dapp', publicKey: publicKey(SESSION), guid: GUID }, backing: 'chain' })
    expect(only().chain?.bySite).toBeUndefined()
    expect(result).toMatchObject({ key, status: 'active', chain: { session_key_guid: GUID } })
    expect((result as unknown as { chain: { authorization: Felt[] } }).chain.authorization).toHaveLength(9)
    // Asked again it is the answer, with another key it is not.
    expect((await ask('r2', request)).result?.id).toBe(result?.id)
  })

  it('an agent’s is told by its name, and goes on with its next key alone', async () => {
    const agent = { held_by: 'agent', public_key: publicKey(SESSION), label: 'Bot' }
    const answer = ask('r1', { ...request, key: agent })
    const record = await waits('r1')
    const view = approvalView(record, { ...SEEN, digest: life.approvals.digest(record) }) as SessionRequestView
    expect([view.held[0]?.key, view.quotes]).toEqual(['session_agentKey', ['Bot']])
    await allow('r1')
    const { result } = await answer
    expect(result).toMatchObject({ key: agent })
    const rotate = (id: string, key?: object) =>
      settled(
        life.session.wallet_rotateSession(from(id), {
          id: only().id,
          ...(key === undefined ? {} : { key }),
        } as never),
      )
    expect(await rotate('r2')).toMatchObject({ code: 114, data: { at: '/key' } })
    expect(await rotate('r3', agent)).toMatchObject({ code: 114, data: { at: '/key/public_key' } })
    const next = { ...agent, public_key: publicKey(OWNER) }
    expect(await rotate('r4', next)).toMatchObject({ code: 114, data: { at: '/key/public_key' } })
    expect((await life.approvals.waiting()).filter(({ phase }) => phase === 'asking')).toEqual([])
  })

  it('what was decided is bound to the key that was shown', async () => {
    const answer = ask('r1', request)
    const record = await waits('r1')
    const digest = life.approvals.digest(record)
    const other = { ...record, question: { ...record.question, key: { by: 'dapp' as const, publicKey: felt('0x1') } } }
    expect(life.approvals.digest(other)).not.toBe(digest)
    await life.approvals.decide(record.id, record.rev, digest, 'refuse')
    expect(await answer).toMatchObject({ code: 113 })
  })

  it.each([
    ['a key of the account', { ...request, key: { ...key, public_key: publicKey(GUARDIAN) } }, 114, '/key/public_key'],
    ['no point of the curve', { ...request, key: { ...key, public_key: NO_POINT } }, 114, '/key/public_key'],
    [
      'rules that no account can check',
      { ...request, calls: [{ contract_address: '*', entry_point: 'move' }] },
      215,
      '/key/held_by',
    ],
  ])('refused: %s, and nobody is asked', async (_what, json, code, at) => {
    expect(await ask('r1', json)).toMatchObject({ code, data: { at } })
    expect(await life.approvals.waiting()).toEqual([])
  })
})

describe('calls that an agent sends in their own time', () => {
  const agent = { held_by: 'agent', public_key: publicKey(SESSION), label: 'Bot' }
  const FRIEND = felt(0xf00d)
  const pay = (amount: bigint) => ({
    contract_address: STRK,
    entry_point: 'transfer',
    calldata: [FRIEND, felt(amount), felt(0)],
  })
  const slot = (hour: number, amount = 2n) => ({
    calls: [pay(amount)],
    not_before: START + hour * 3_600,
    not_after: START + (hour + 1) * 3_600,
  })
  const request = {
    calls: [
      { contract_address: GAME, entry_point: 'move' },
      { contract_address: STRK, entry_point: 'transfer' },
    ],
    spend_limits: [{ token: STRK, total: '6', recipients: [FRIEND] }],
    fees: { payer: 'sponsor' },
    duration: 86_400,
    key: agent,
    schedule: [slot(1), slot(2), slot(3)],
  }
  interface Answered {
    readonly id: string
    readonly scheduled: readonly { readonly outside_execution: object; readonly signature: readonly Felt[] }[]
  }
  const ask = (id: string, json: object = request) =>
    settled(life.session.wallet_requestSession(from(id), json as never)) as Promise<{
      readonly result?: Answered
      readonly code?: number
      readonly data?: unknown
    }>
  const started = async (json: object = request, id = 'r1') => {
    const answer = ask(id, json)
    const record = await allow(id)
    return { record, answered: await answer }
  }
  const spent = () => heldOf(`spend:${STRK}`)
  const viewOf = (record: ApprovalRecord, more: Partial<ApprovalFacts> = {}) =>
    approvalView(record, { ...SEEN, digest: life.approvals.digest(record), ...more }) as SessionRequestView

  it('are signed by owner and second key as outside executions of these calls and times alone, each held in full', async () => {
    const { answered } = await started()
    const { scheduled } = answered.result!
    expect(scheduled).toHaveLength(3)
    const held = await rows()
    for (const [index, { outside_execution: data, signature }] of scheduled.entries()) {
      const hash = library.getMessageHash(data as never, ACCOUNT) as Felt
      const [count, , owner, r, s, , guardian, gr, gs] = signature
      expect([Number(count), owner, guardian]).toEqual([2, publicKey(OWNER), publicKey(GUARDIAN)])
      expect(verify(hash, { r: r!, s: s! }, publicKey(OWNER))).toBe(true)
      expect(verify(hash, { r: gr!, s: gs! }, publicKey(GUARDIAN))).toBe(true)
      expect(data).toMatchObject({
        domain: { version: '2' },
        message: {
          Caller: ANYBODY,
          'Execute After': felt(START + (index + 1) * 3_600 - 1),
          'Execute Before': felt(START + (index + 2) * 3_600),
          Calls: [{ To: STRK, Selector: selectorOf('transfer'), Calldata: [FRIEND, '0x2', '0x0'] }],
        },
      })
      expect(held.find((row) => row.hash === hash)).toMatchObject({
        status: 'signed',
        outside: { via: 'agent', payer: ANYBODY, version: 2 },
      })
    }
    expect(new Set(held.map(({ nonce }) => nonce)).size).toBe(3)
    expect([held.length, await spent(), await heldOf('tx')]).toEqual([3, 6n, 3n])
    expect(followed).toEqual([only().id])
    // The rest of the session has what is left of its limits: nothing.
    const { params } = builtOutside({
      calls: [{ to: STRK, selector: selectorOf('transfer'), calldata: [FRIEND, felt(1), felt(0)] }],
    })
    expect(await cosign('c1', params)).toMatchObject({ code: 214, data: { limit: 'spend' } })
  })

  it('are shown with their times and what is set aside, and that an end does not call them back', async () => {
    void ask('r1')
    const record = await waits('r1')
    const view = viewOf(record)
    expect(view.batches.map(({ name, lines }) => [name, ...lines].map(({ key }) => key))).toEqual(
      Array.from({ length: 3 }, () => ['scheduled_at', 'scheduled_when', 'policy_callSend', 'scheduled_aside']),
    )
    expect(view.batches[1]).toMatchObject({
      name: { args: { at: { count: 2 }, n: { count: 3 } } },
      lines: [
        { args: { from: { at: START + 7_200 }, to: { at: START + 10_800 } } },
        { args: { amount: { amount: '2' } } },
        { args: { amount: { items: [{ amount: '2' }] } } },
      ],
      calls: [{ contract: STRK, args: [{ name: 'recipient' }, { name: 'amount', text: '2' }] }],
    })
    expect(view.risks.map(({ line: { key } }) => key)).toContain('policy_riskScheduled_other')
    expect(view.cannot.map(({ key }) => key)).toContain('policy_cannotEndScheduled')
    expect(view.blocked).toBeUndefined()
    // What was decided is bound to each call and each second of it.
    const [first, ...rest] = record.question.schedule!
    for (const other of [
      [{ ...first!, notAfter: first!.notAfter + 1 }, ...rest],
      [{ ...first!, calls: [{ ...first!.calls[0]!, calldata: [FRIEND, felt(3), felt(0)] }] }, ...rest],
      rest,
    ]) {
      const changed = { ...record, question: { ...record.question, schedule: other } }
      expect(life.approvals.digest(changed)).not.toBe(life.approvals.digest(record))
    }
  })

  it.each([
    ['ends before the last of it', { validUntil: START + 3 * 3_600 }, 3, '/not_after'],
    [
      'has room for two of them',
      {
        spend: {
          look: 'receipt',
          limits: [
            {
              token: STRK,
              asset: 'erc20',
              caps: [{ window: { kind: 'session' }, max: '5' }],
              spenders: [],
              approvals: 'forbid',
              foreignTransferFrom: 'forbid',
            },
          ],
        },
      },
      3,
      '/calls',
    ],
  ])('no yes is taken where what the person left %s, and nothing is made of one', async (_what, less, at, part) => {
    const answer = ask('r1')
    const record = await waits('r1')
    const question = { ...record.question, effective: { ...record.question.effective, ...less } } as SessionQuestion
    const changed = { ...record, question }
    expect(viewOf(changed).blocked).toMatchObject({ key: 'blocked_schedule', args: { at: { count: at } } })
    // Had it been allowed all the same.
    await life.approvals.change(record.id, record.rev, () => question)
    const edited = await waits('r1')
    await life.approvals.decide(edited.id, edited.rev, life.approvals.digest(edited), 'allow')
    expect(await answer).toMatchObject({ code: 215, data: { at: `/schedule/${at - 1}${part}` } })
    expect(world.sessions.list({ origin: ORIGIN })).toEqual([])
    expect(await world.journal.open()).toEqual([])
  })

  it.each([
    ['more than its limit', { schedule: [slot(1), slot(2), slot(3), slot(4)] }, 215, '/schedule/3/calls'],
    [
      'to somebody else',
      { schedule: [{ ...slot(1), calls: [{ ...pay(1n), calldata: ['0x1', '0x1', '0x0'] }] }] },
      215,
      '/schedule/0/calls/0',
    ],
    ['behind its end', { schedule: [slot(1), slot(24)] }, 215, '/schedule/1/not_after'],
    [
      'an own account',
      { schedule: [{ ...slot(1), calls: [{ contract_address: ACCOUNT, entry_point: 'move' }] }] },
      215,
      '/schedule/0/calls/0/contract_address',
    ],
    ['where the account pays', { fees: { payer: 'account' } }, 215, '/schedule/0'],
    ['whose time is over', { schedule: [slot(-1)] }, 215, '/schedule/0/not_after'],
    ['without an agent', { key: { held_by: 'dapp', public_key: publicKey(SESSION) } }, 114, '/schedule'],
  ])('refused before anybody is asked: %s', async (_what, more, code, at) => {
    expect(await ask('r1', { ...request, ...more })).toMatchObject({ code, data: { at } })
    expect(await life.approvals.waiting()).toEqual([])
  })

  it('of several requests at once the one whose schedule does not fit what the person left is named too', async () => {
    const other = {
      ...request,
      schedule: [],
      key: { held_by: 'dapp', public_key: publicKey(new Uint8Array(32).fill(1)) },
    }
    const answer = ask('r1', [other, request])
    const record = await waits('r1')
    const [second] = (record.question as SessionQuestion).more!
    const less = { ...second!, effective: { ...second!.effective, validUntil: START + 3 * 3_600 } }
    await life.approvals.change(record.id, record.rev, () => ({
      ...(record.question as SessionQuestion),
      more: [less],
    }))
    const edited = await waits('r1')
    await life.approvals.decide(edited.id, edited.rev, life.approvals.digest(edited), 'allow')
    expect(await answer).toMatchObject({ code: 215, data: { at: '/1/schedule/2/not_after' } })
    expect(await world.journal.open()).toEqual([])
  })

  it('asked again is the same session with the same signatures, and nothing more is signed or held', async () => {
    const { answered } = await started()
    expect(await ask('r1')).toEqual(answered)
    expect((await ask('r2')).result?.scheduled).toEqual(answered.result?.scheduled)
    // By a page that is loaded again while the first one's time runs, too.
    world.clock.now = START + 3_700
    expect((await ask('again')).result?.scheduled).toEqual(answered.result?.scheduled)
    expect(await rows()).toHaveLength(3)
    const [told] = await life.session.wallet_getSessions(from('r3'), {} as never)
    expect(told).toMatchObject({ scheduled: answered.result?.scheduled })
  })

  /** What is so once the watcher has looked often enough, however slow the machine is. */
  const becomes = <T>(state: () => Promise<T>) =>
    expect.poll(
      async () => {
        await world.settle(1)
        return state()
      },
      { timeout: 20_000 },
    )

  it('what was executed is booked from the chain, what was not is given back once its time has passed there', async () => {
    await started()
    const [first] = [...(await rows())].sort((a, b) => a.outside!.executeAfter - b.outside!.executeAfter)
    world.clock.now = START + 3_700
    world.node.state.execute({
      hash: first!.hash,
      nonce: first!.nonce,
      transaction: felt(0xfeed),
      events: [transferEvent(STRK, ACCOUNT, FRIEND as Address, 2n)],
    })
    await becomes(() => rows().then((all) => all.filter(({ status }) => status === 'settled'))).toMatchObject([
      { hash: first!.hash, end: 'accepted', outside: { transaction: felt(0xfeed) } },
    ])
    // Booked or held, it is used.
    expect([await spent(), await heldOf('tx')]).toEqual([6n, 3n])
    world.clock.now = START + 4 * 3_600 + 60
    world.node.state.block += 1
    await world.settle(3)
    world.clock.now += 61
    await becomes(() => rows().then((all) => all.map(({ end }) => end).sort())).toEqual([
      'accepted',
      'dropped',
      'dropped',
    ])
    expect(await spent()).toBe(2n)
  })

  it('one that a node cannot tell of holds no other up', async () => {
    await started()
    const [first, second] = [...(await rows())].sort((a, b) => a.outside!.executeAfter - b.outside!.executeAfter)
    world.clock.now = START + 4 * 3_600
    for (const [n, row] of [first!, second!].entries())
      world.node.state.execute({ hash: row.hash, nonce: row.nonce, transaction: felt(0xfeed + n) })
    world.node.state.fault = async (method, params) =>
      method === 'starknet_getEvents' && JSON.stringify(params).includes(first!.hash)
        ? { error: { code: -32_000, message: 'too many blocks' } }
        : undefined
    const accepted = () => rows().then((all) => all.filter(({ end }) => end === 'accepted'))
    await becomes(accepted).toMatchObject([{ hash: second!.hash }])
    world.node.state.fault = undefined
    await becomes(accepted).toHaveLength(2)
  })

  it('an end of the session leaves them held, and its page says that they can still be sent', async () => {
    await started()
    const running = only()
    await world.sessions.revoke(running.id, world.clock.now, false)
    expect((await rows()).map(({ status }) => status)).toEqual(['signed', 'signed', 'signed'])
    const state = (await world.ledger.state(running.id))!
    const view = sessionView(state, SEEN)
    expect(view.risks.map(({ line }) => line)).toContainEqual(
      expect.objectContaining({
        key: 'policy_riskScheduled_other',
        args: expect.objectContaining({ n: expect.objectContaining({ count: 3 }) }),
      }),
    )
  })

  it('a session in the place of another counts what is held of that one: there is room for both, or for neither', async () => {
    await started()
    const again = { ...request, duration: 80_000, schedule: [slot(5)] }
    const answer = ask('r2', again)
    const record = await waits('r2')
    expect(record.question.replaces).toBe(only().id)
    const state = (await world.ledger.state(only().id))!
    expect(viewOf(record, { replaced: { [only().id]: state } }).blocked).toMatchObject({ key: 'blocked_schedule' })
    await allow('r2')
    expect(await answer).toMatchObject({ code: 215, data: { at: '/schedule/0/calls' } })
    expect(only().state).toBe('active')
    const more = { ...again, spend_limits: [{ token: STRK, total: '8', recipients: [FRIEND] }] }
    const { answered } = await started(more, 'r3')
    expect(answered.result?.scheduled).toHaveLength(1)
    const heir = world.sessions.get(answered.result!.id as SessionId)!
    const { book, open } = (await world.ledger.state(heir.id))!
    expect(open).toHaveLength(4)
    const used8 = used(book, holdsOf(open), `spend:${STRK}` as MeterId, { kind: 'session' }, world.clock.now)
    expect(used8).toBe(8n)
  })

  it('the signer signs those of the yes and no other', async () => {
    const { answered } = await started()
    const session = world.sessions.get(answered.result!.id as SessionId)!
    const [first] = session.scheduled!
    const { signature: _signature, ...unsigned } = first!
    const asked = { calls: unsigned.calls, notBefore: unsigned.executeAfter + 1, notAfter: unsigned.executeBefore }
    const yes = world.yes([{ kind: 'session', session: session.id, schedule: [asked] }])
    const by = { kind: 'argent-0.4.0', guardian: account.guardian } as const
    const signs = (it: readonly (typeof unsigned)[], of = yes) =>
      world.signer.scheduled(of, session, it, by).then(
        () => 'signed',
        ({ message }: Error) => message,
      )
    expect(await signs([unsigned])).toBe('signed')
    for (const other of [
      [{ ...unsigned, executeBefore: unsigned.executeBefore + 1 }],
      [{ ...unsigned, executeAfter: unsigned.executeAfter - 1 }],
      [{ ...unsigned, calls: [move()] }],
      [unsigned, unsigned],
      [],
    ])
      expect(await signs(other)).toBe('nobody said yes to this')
    expect(await signs([unsigned], world.yes([{ kind: 'session', session: session.id }]))).toBe(
      'nobody said yes to this',
    )
    const own = [{ ...unsigned, calls: [{ to: ACCOUNT, selector: MOVE, calldata: [] }] }]
    const yesToOwn = world.yes([
      { kind: 'session', session: session.id, schedule: [{ ...asked, calls: own[0]!.calls }] },
    ])
    expect(await signs(own, yesToOwn)).toBe('a call to an own account')
    world.lock.unlocked = false
    expect(await signs([unsigned])).not.toBe('signed')
  })
})
