/**
 * For tests alone: the real parts of sending over a real database, with an object in the place of the node. The node speaks
 * JSON-RPC text, so that bodies, ids and decoding are tested too; its faults are set by name.
 */
import { STRK } from '../../core/account.ts'
import { type Address, address, type Felt, felt, padded, u256 } from '../../core/felt.ts'
import { emptyBook } from '../../core/policy/book.ts'
import type { Call, Origin, SessionId, SessionPolicy } from '../../core/policy/policy.ts'
import type { ResolveFacts } from '../../core/policy/resolve.ts'
import type { JournalRow, NetworkId, OwnAccount, StoredSession } from '../../core/records.ts'
import { createGuard, type Database, openDatabase, type Row, STORES, type Store } from '../../platform/database.ts'
import { createNodes, type Nodes, type Post } from '../../platform/node.ts'
import { ARGENT_0_4_0, EVENTS } from '../../starknet/accounts.ts'
import { publicKey } from '../../starknet/curve.ts'
import { sha256 } from '../../starknet/digest.ts'
import { type Bounds, invokeHash } from '../../starknet/invoke.ts'
import { selectorOf } from '../../starknet/selector.ts'
import { readAccount } from '../account-state.ts'
import { approved } from '../keys/approved.ts'
import { createStopFlags, type SessionArea } from '../keys/working-set.ts'
import { createAccounts } from '../owners/accounts.ts'
import { createHistory } from '../owners/history.ts'
import { createNetworks } from '../owners/networks.ts'
import { createSending, type SendingNeeds } from './parts.ts'
import { sampleSession } from './sample-session.ts'

export const NETWORK: NetworkId = 'sepolia'
export const CHAIN_ID = felt('0x534e5f5345504f4c4941')
export const ORIGIN = 'https://game.example' as Origin
export const GAME = address('0x6a3e')
export const MOVE = selectorOf('move')
export const START = 1_900_000_000

const key = (value: number): Uint8Array => {
  const bytes = new Uint8Array(32)
  bytes[30] = value >> 8
  bytes[31] = value & 255
  return bytes
}
export const OWNER = key(0x1001)
export const GUARDIAN = key(0x2002)
export const SESSION = key(0x3003)
/** Of the test keys with class 0.4.0 and no guardian in the constructor (argent-sessions.md 17). */
export const ACCOUNT = address('0x7424a1eb003ed7adb1d8bc05515d48e8b4762baf70a2046967a9a9b0458083d')

export const account: OwnAccount = {
  address: ACCOUNT,
  name: 'Account 1',
  order: 0,
  owner: { from: 'phrase', scheme: 'ready', index: 0 },
  classHash: ARGENT_0_4_0,
  ownerPublicKey: publicKey(OWNER),
  guardian: { publicKey: publicKey(GUARDIAN), generation: 0 },
  createdAt: START,
}

export const move = (n = 1): Call => ({ to: GAME, selector: MOVE, calldata: [felt(n)] })

export function policy(change: Partial<SessionPolicy> = {}): SessionPolicy {
  return {
    v: 1,
    validAfter: START - 10,
    validUntil: START + 86_400,
    calls: [
      {
        id: 'r0' as SessionPolicy['calls'][number]['id'],
        contract: GAME,
        entrypoints: [{ selector: MOVE, name: 'move' }],
        caps: [],
        sums: [],
        enabled: true,
        required: false,
      },
    ],
    deny: [],
    spend: { limits: [], look: 'receipt' },
    fees: {
      payer: 'account',
      tokens: [{ token: STRK, caps: [{ window: { kind: 'session' }, max: u256(10n ** 24n) }] }],
    },
    usage: { tx: [], calls: [], maxCallsPerTx: 20, minGap: 0, maxInFlight: 64 },
    messages: [],
    ...change,
  }
}

export function storedSession(id: string, granted: SessionPolicy, sessionKey: Uint8Array = SESSION): StoredSession {
  return sampleSession({
    id,
    origin: ORIGIN,
    network: NETWORK,
    chainId: CHAIN_ID,
    genesis: { hash: felt(0x6e0), at: START - 1_000_000 },
    account: ACCOUNT,
    granted,
    createdAt: START,
    keys: { owner: OWNER, guardian: GUARDIAN, session: sessionKey },
  })
}

interface Mined {
  readonly body: Record<string, unknown>
  readonly block: number
  readonly at: number
  readonly reverted?: string
  readonly fee: bigint
  readonly events: readonly unknown[]
}

/** A node that takes what fits, one block per transaction, and remembers. Its faults are members that a test sets. */
export function createStubNode(clock: { now: number }) {
  const known = new Map<Felt, Mined>()
  const state = {
    nonce: 0n,
    block: 10,
    /** Everything that arrived at `starknet_add*`, byte for byte. */
    arrived: [] as string[],
    methods: [] as string[],
    known,
    classHash: ARGENT_0_4_0 as Felt | undefined,
    guardian: publicKey(GUARDIAN),
    revoked: new Set<string>(),
    fee: 1_000n,
    /** Of the transactions in the last block. */
    tips: ['0x0'] as readonly string[],
    /** Members of every estimate that a test sets. */
    estimate: {} as Readonly<Record<string, string>>,
    events: [] as readonly unknown[],
    /** Second keys that the account has once been given, as its events name them. */
    past: [] as readonly Felt[],
    /** Events of a simulation, and the contract that has them. */
    trace: [] as readonly unknown[],
    traced: GAME as Address,
    reverts: undefined as string | undefined,
    genesisAt: START - 1_000_000,
    /** Called at once, as a request leaves. */
    onArrive: (_method: string) => {},
    onAnswer: () => {},
    /** Called before each request is answered; what it throws or answers stands for the node. */
    fault: undefined as ((method: string, params: unknown) => Promise<FaultAnswer | undefined>) | undefined,
    /** Outside executions, by their hash: which transaction has them. */
    executed: new Map<string, Felt>(),
    usedNonces: new Set<string>(),
    /** Somebody else's transaction, in which the account does this. */
    execute(it: {
      readonly hash: Felt
      readonly nonce: Felt
      readonly transaction: Felt
      readonly events?: readonly unknown[]
      readonly behind?: readonly unknown[]
    }) {
      state.block += 1
      const mark = { from_address: ACCOUNT, keys: [EVENTS.TransactionExecuted, it.hash], data: ['0x0'] }
      const events = [...(it.events ?? []), mark, ...(it.behind ?? [])]
      known.set(it.transaction, { body: {}, block: state.block, at: clock.now, fee: state.fee, events })
      state.executed.set(it.hash, it.transaction)
      state.usedNonces.add(it.nonce)
    },
    /** Accepted transactions stay unseen until `mine`. */
    holdsBack: false,
    pool: [] as { hash: Felt; body: Record<string, unknown> }[],
    mine() {
      for (const { hash, body } of state.pool.splice(0)) include(hash, body)
    },
  }
  type FaultAnswer = { readonly status: number; readonly text: string } | { readonly error: RpcError }
  interface RpcError {
    readonly code: number
    readonly message: string
    readonly data?: unknown
  }
  const fail = (code: number, message: string, data?: unknown): never => {
    throw { code, message, ...(data === undefined ? {} : { data }) } satisfies RpcError
  }
  const include = (hash: Felt, body: Record<string, unknown>) => {
    state.block += 1
    state.nonce = BigInt(body.nonce as string) + 1n
    known.set(hash, {
      body,
      block: state.block,
      at: clock.now,
      fee: state.fee,
      events: state.events,
      ...(state.reverts === undefined ? {} : { reverted: state.reverts }),
    })
  }
  const block = (number: number) => ({
    block_hash: number === 0 ? '0x6e0' : `0xb10c${number}`,
    block_number: number,
    timestamp: number === 0 ? state.genesisAt : clock.now,
    sequencer_address: '0x5e9',
    l1_gas_price: { price_in_fri: '0x64', price_in_wei: '0x1' },
    l2_gas_price: { price_in_fri: '0xa', price_in_wei: '0x1' },
    l1_data_gas_price: { price_in_fri: '0x3', price_in_wei: '0x1' },
    transactions: [],
  })
  const estimate = {
    l1_gas_consumed: '0x0',
    l1_gas_price: '0x64',
    l2_gas_consumed: '0xf4240',
    l2_gas_price: '0xa',
    l1_data_gas_consumed: '0x80',
    l1_data_gas_price: '0x3',
    overall_fee: '0x989800',
    unit: 'FRI',
  }
  type Params = Readonly<Record<string, unknown>>
  const answers: Record<string, (params: Params) => unknown> = {
    starknet_chainId: () => CHAIN_ID,
    starknet_specVersion: () => '0.10.2',
    starknet_getBlockWithTxHashes: ({ block_id }) =>
      block(typeof block_id === 'object' ? ((block_id as { block_number: number }).block_number ?? 0) : state.block),
    starknet_getBlockWithTxs: () => ({ ...block(state.block), transactions: state.tips.map((tip) => ({ tip })) }),
    starknet_getNonce: () =>
      state.classHash === undefined ? fail(20, 'Contract not found') : `0x${state.nonce.toString(16)}`,
    starknet_getClassHashAt: () => state.classHash ?? fail(20, 'Contract not found'),
    starknet_call: ({ request }) => {
      const { entry_point_selector: selector, calldata } = request as { entry_point_selector: Felt; calldata: Felt[] }
      if (selector === selectorOf('get_guardian')) return [state.guardian]
      if (selector === selectorOf('is_valid_outside_execution_nonce'))
        return [state.usedNonces.has(calldata[0]!) ? '0x0' : '0x1']
      if (selector === selectorOf('is_session_revoked')) return [state.revoked.has(calldata[0]!) ? '0x1' : '0x0']
      return ['0x0', '0x0']
    },
    starknet_getEvents: ({ filter }) => {
      const { keys, from_block } = filter as {
        keys: readonly (readonly string[])[]
        from_block: { block_number: number }
      }
      if (keys.length === 1 && keys[0]?.[0] === EVENTS.TransactionExecuted) {
        const succeeded = [...known].filter(
          ([, it]) => it.reverted === undefined && it.block >= from_block.block_number,
        )
        return {
          events: succeeded.map(([transaction_hash]) => ({
            from_address: ACCOUNT,
            keys: [EVENTS.TransactionExecuted, transaction_hash],
            data: [],
            transaction_hash,
          })),
        }
      }
      if (keys.length === 1)
        return {
          events: state.past.map((guid) => ({
            from_address: ACCOUNT,
            keys: [EVENTS.GuardianChangedGuid],
            data: [guid],
          })),
        }
      const transaction_hash = state.executed.get(keys[1]?.[0] ?? '')
      const event = { from_address: ACCOUNT, keys: keys.flat(), data: [], transaction_hash }
      return { events: transaction_hash === undefined ? [] : [event] }
    },
    starknet_estimateFee: ({ request }) => (request as unknown[]).map(() => ({ ...estimate, ...state.estimate })),
    starknet_simulateTransactions: () => [
      {
        fee_estimation: estimate,
        transaction_trace: {
          execute_invocation: {
            contract_address: ACCOUNT,
            events: [],
            is_reverted: false,
            calls: [{ contract_address: state.traced, events: state.trace, calls: [], is_reverted: false }],
          },
        },
      },
    ],
    starknet_addInvokeTransaction: ({ invoke_transaction }) => {
      const body = invoke_transaction as Record<string, unknown>
      const hash = hashOf(body)
      const own = BigInt(body.nonce as string)
      if (known.has(hash) || state.pool.some((it) => it.hash === hash)) fail(59, 'Duplicate transaction')
      const next = state.nonce + BigInt(state.pool.length)
      if (own !== next) fail(52, 'Invalid transaction nonce', `expected ${next}`)
      if (state.holdsBack) state.pool.push({ hash, body })
      else include(hash, body)
      return { transaction_hash: padded(hash) }
    },
    starknet_getTransactionStatus: ({ transaction_hash }) => {
      if (state.pool.some(({ hash }) => hash === transaction_hash)) return { finality_status: 'RECEIVED' }
      const mined = known.get(transaction_hash as unknown as Felt) ?? fail(29, 'Transaction hash not found')
      return {
        finality_status: 'ACCEPTED_ON_L2',
        execution_status: mined.reverted === undefined ? 'SUCCEEDED' : 'REVERTED',
        failure_reason: mined.reverted ?? null,
      }
    },
    starknet_getTransactionByHash: ({ transaction_hash }) => {
      const mined = known.get(transaction_hash as unknown as Felt) ?? fail(29, 'Transaction hash not found')
      return { transaction_hash, ...mined.body }
    },
    starknet_getTransactionReceipt: ({ transaction_hash }) => {
      const mined = known.get(transaction_hash as unknown as Felt) ?? fail(29, 'Transaction hash not found')
      return {
        transaction_hash,
        type: 'INVOKE',
        finality_status: 'ACCEPTED_ON_L2',
        execution_status: mined.reverted === undefined ? 'SUCCEEDED' : 'REVERTED',
        ...(mined.reverted === undefined ? {} : { revert_reason: mined.reverted }),
        actual_fee: { amount: `0x${mined.fee.toString(16)}`, unit: 'FRI' },
        block_number: mined.block,
        block_hash: `0xb10c${mined.block}`,
        messages_sent: [],
        events: [
          ...(mined.reverted === undefined ? mined.events : []),
          transferEvent(STRK, ACCOUNT, felt(0x5e9) as Address, mined.fee),
        ],
      }
    },
  }

  const post: Post = async (url, text) => {
    try {
      if (text.startsWith('[')) {
        const all = (JSON.parse(text) as unknown[]).map((one) => arrive(url, JSON.stringify(one)))
        return { status: 200, text: `[${(await Promise.all(all)).map((it) => it.text).join(',')}]` }
      }
      return await arrive(url, text)
    } finally {
      state.onAnswer()
    }
  }
  const arrive = async (_url: string, text: string) => {
    const { id, method, params } = JSON.parse(text) as { id: number; method: string; params: Params }
    state.methods.push(method)
    state.onArrive(method)
    if (method.startsWith('starknet_add')) state.arrived.push(text)
    // A real answer takes its time: other work gets its turn.
    await new Promise((resolve) => setTimeout(resolve, 0))
    const faulty = await state.fault?.(method, params)
    if (faulty !== undefined) {
      return 'error' in faulty
        ? { status: 200, text: JSON.stringify({ jsonrpc: '2.0', id, error: faulty.error }) }
        : faulty
    }
    return answer(id, method, params)
  }
  const answer = (id: number, method: string, params: Params) => {
    try {
      const result = answers[method]?.(params)
      return { status: 200, text: JSON.stringify({ jsonrpc: '2.0', id, result: result ?? null }) }
    } catch (error) {
      return { status: 200, text: JSON.stringify({ jsonrpc: '2.0', id, error }) }
    }
  }
  /** Does what a request asks, whatever is answered to it: a lost answer. */
  const perform = (method: string, params: unknown) => {
    answer(0, method, params as Params)
  }
  return { state, post, perform, hashes: () => state.arrived.map((text) => hashOf(bodyOf(text))) }
}
export type StubNode = ReturnType<typeof createStubNode>

export function transferEvent(token: Address, from: Address, to: Address, amount: bigint) {
  return {
    from_address: token,
    keys: ['0x99cd8bde557814842a3121e8ddfd433a539b8c9f14bf31ebf108d12e6196e9', from, to],
    data: [felt(amount & (2n ** 128n - 1n)), felt(amount >> 128n)],
  }
}

export function bodyOf(text: string): Record<string, unknown> {
  return (JSON.parse(text) as { params: { invoke_transaction: Record<string, unknown> } }).params.invoke_transaction
}

/** As the chain computes it, from the body that arrived. */
export function hashOf(body: Record<string, unknown>): Felt {
  const calldata = body.calldata as Felt[]
  const calls: Call[] = []
  for (let at = 1; at < calldata.length; ) {
    const length = Number(calldata[at + 2])
    calls.push({
      to: calldata[at] as Address,
      selector: calldata[at + 1] as Call['selector'],
      calldata: calldata.slice(at + 3, at + 3 + length),
    })
    at += 3 + length
  }
  const { l1_gas, l2_gas, l1_data_gas } = body.resource_bounds as Record<keyof Bounds, Record<string, string>>
  const bound = (it: Record<string, string>) => ({
    maxAmount: BigInt(it.max_amount!),
    maxPrice: BigInt(it.max_price_per_unit!),
  })
  return invokeHash({
    chainId: CHAIN_ID,
    sender: body.sender_address as Address,
    calls,
    nonce: body.nonce as Felt,
    tip: BigInt(body.tip as string),
    bounds: { l1_gas: bound(l1_gas), l2_gas: bound(l2_gas), l1_data_gas: bound(l1_data_gas) },
  })
}

/** `storage.session` of one run of the browser. */
export function sessionArea(): SessionArea {
  const kept = new Map<string, string>()
  return {
    get: async (key) => JSON.parse(kept.get(key) ?? 'null') ?? undefined,
    set: async (key, value) => void kept.set(key, JSON.stringify(value)),
    remove: async (key) => void kept.delete(key),
  }
}

/** One worker's life. Another one over the same `name` is the next life; `clock`, `node` and keys go on. */
export async function createWorld(
  given: {
    name?: string
    clock?: { now: number }
    node?: StubNode
    log?: string[]
    /** In the place of the stub: a real node. */
    post?: Post
    network?: NetworkId
    /** In the place of `allowances`: what the chain says. */
    contracts?: (nodes: Nodes) => SendingNeeds['contracts']
    ticks?: () => number
    /** What typed data is; without it there is none. */
    classify?: SendingNeeds['classify']
    /** Who pays fees; without it nobody does. */
    service?: Post
    /** `storage.session`; without it the journal is not compared with the chain. */
    area?: SendingNeeds['area']
  } = {},
) {
  const name = given.name ?? `world ${Math.random()}`
  const clock = given.clock ?? { now: START }
  const node = given.node ?? createStubNode(clock)
  const now = () => clock.now
  const log: string[] = given.log ?? []
  const plain = openDatabase({ now, name })
  const db: typeof plain = {
    ...plain,
    write: async (stores, durability, use) => {
      const result = await plain.write(stores, durability, use)
      log.push(`${durability} ${stores.join('+')}`)
      return result
    },
  }
  const lock = { unlocked: true, asleep: false, off: false }
  const guard = createGuard({ vaultId: 'v', macKey: new Uint8Array(32).fill(7) })
  const stops = createStopFlags()
  const sessionKeys = new Map<string, Uint8Array>()
  const secrets = new Map<string, Uint8Array>([
    [`owner ${ACCOUNT}`, OWNER],
    [`guardian ${ACCOUNT} 0`, GUARDIAN],
  ])
  const subkey = () => (lock.unlocked ? new Uint8Array(32) : undefined)
  const needsGuard = () => (lock.asleep ? undefined : guard)
  const restarts: unknown[] = []
  const allowances = { live: [] as ResolveFacts['allowances'], isWhole: true, opened: address('0x1') }
  let ids = 0
  const newId = () => {
    ids += 1
    return `${name} ${Math.random()} ${ids}`
  }
  const networks = createNetworks({
    db,
    guard: needsGuard,
    now,
    newId,
    onRestart: async (network, seen) => {
      restarts.push({ network, seen })
    },
  })
  const allowedServices: string[] = []
  const errors: unknown[] = []
  const waits: number[] = []
  const wait = async (ms: number) => {
    waits.push(ms)
    await new Promise((resolve) => setTimeout(resolve, ms >= 5_000 ? 50 : 1))
  }
  const nodes = createNodes({ networks, post: given.post ?? node.post, now, wait })
  const accounts = createAccounts({
    db,
    guard: needsGuard,
    now,
    read: async (target, network) => readAccount(await nodes.of(network), target),
  })
  const history = createHistory({ db, guard: needsGuard, now, newId })
  const timers: (() => void)[] = []
  const rows: JournalRow[] = []
  const sending = createSending({
    db,
    guard: needsGuard,
    area: given.area,
    keys: {
      isUnlocked: () => lock.unlocked,
      sessionKey: (id) => sessionKeys.get(id),
      guardianKey: (of) => (of === account.guardian.publicKey ? GUARDIAN : undefined),
      ownerSubkey: subkey,
      guardianSubkey: subkey,
      sessionSubkey: subkey,
    },
    vault: { openSecret: async (kind, id) => secrets.get(`${kind} ${id}`)?.slice() },
    stops,
    nodes,
    networks,
    accounts,
    classify: given.classify ?? noMessages,
    contracts: given.contracts?.(nodes) ?? {
      allowances: async () => ({ given: allowances.live, isWhole: allowances.isWhole }),
      leavesOf: async (_network, _account, pairs) =>
        pairs
          .filter(({ collection }) => collection === allowances.opened)
          .map((pair) => ({ ...pair, setter: selectorOf('set_approval_for_all') })),
      allowancesOf: async (_network, _account, pairs) =>
        pairs.map(
          ({ token, spender }) =>
            allowances.live.find((it) => it.token === token && it.spender === spender) ?? {
              token,
              spender,
              amount: u256(0n),
            },
        ),
    },
    history,
    newId,
    now,
    ticks: given.ticks ?? (() => performance.now()),
    wait,
    after: (_ms, fn) => {
      timers.push(fn)
      return () => {
        const at = timers.indexOf(fn)
        if (at !== -1) timers.splice(at, 1)
      }
    },
    sendWanted: async () => void log.push('wanted'),
    post: given.service ?? noService,
    allowServices: (origins) => void allowedServices.push(...origins),
    sessionsOff: () => lock.off,
    onSession: () => {},
    onRow: (row) => rows.push(row),
    report: (error) => errors.push(error),
  })
  await db.read(STORES, guard.audit)
  const known = await accounts.all()
  if (known.length === 0) await accounts.add([account])
  await networks.load()
  await sending.sessions.load()

  return {
    ...sending,
    name,
    clock,
    node,
    db,
    guard,
    lock,
    stops,
    networks,
    nodes,
    accounts,
    history,
    log,
    errors,
    waits,
    rows,
    restarts,
    allowances,
    allowedServices,
    secrets,
    timers,
    start: async (id: string, change: Partial<SessionPolicy> = {}, more: Partial<StoredSession> = {}) => {
      const session = { ...storedSession(id, policy(change)), ...more }
      await sending.sessions.create(session, emptyBook(session.id))
      if (session.runWhileLocked) sessionKeys.set(id, SESSION)
      secrets.set(`session ${id}`, SESSION)
      return session
    },
    useKey: (id: string, key = SESSION) => sessionKeys.set(id, key),
    play: (request: string, calls: readonly Call[] = [move()], session?: string) =>
      sending.executor.executeInSession({
        origin: ORIGIN,
        request,
        network: NETWORK,
        account: ACCOUNT,
        calls,
        ...(session === undefined ? {} : { session: session as SessionId }),
      }),
    /** Lets the timers run until nothing is open, or so many times. */
    settle: async (rounds?: number) => {
      const isOver = async () => timers.length === 0 && (await sending.journal.open()).length === 0
      for (let round = 0; rounds === undefined ? round < 200 && !(await isOver()) : round < rounds; round += 1) {
        for (const fn of timers.splice(0)) fn()
        await new Promise((resolve) => setTimeout(resolve, 15))
      }
    },
    /** Runs the timers by the real clock until called off. */
    keepTime: () => {
      const timer = setInterval(() => {
        clock.now = Math.max(clock.now, Math.floor(Date.now() / 1000))
        for (const fn of timers.splice(0)) fn()
      }, 200)
      return () => clearInterval(timer)
    },
    yes: (allows: Parameters<typeof approved>[0]['allows']) =>
      approved({
        approval: 'a1',
        digest: sha256('shown'),
        account: ACCOUNT,
        network: given.network ?? NETWORK,
        allows,
      }),
    next: (area: SendingNeeds['area'] = given.area) => createWorld({ name, clock, node, log, area }),
  }
}
export type World = Awaited<ReturnType<typeof createWorld>>

async function noService(): Promise<never> {
  throw new Error('no service here')
}

function noMessages(): never {
  throw new Error('no typed data here')
}

/** Every row as it lies, and a profile put back to that day. */
export const copyOf = (db: Database): Promise<readonly (readonly [Store, readonly Row[]])[]> =>
  db.read(STORES, (tx) => Promise.all(STORES.map(async (store) => [store, await tx.rows(store)] as const)))
export const putBack = (db: Database, copy: Awaited<ReturnType<typeof copyOf>>) =>
  db.write(STORES, 'strict', async (tx) => {
    for (const [store, rows] of copy) {
      await tx.clear(store)
      for (const row of rows) await tx.putRow(store, row)
    }
  })
