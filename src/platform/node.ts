/**
 * Starknet JSON-RPC over egress: our own bodies, limits of time and bytes, checked ids, decoded answers (provider.md 10).
 * Decision: starknet.js' RpcProvider is not used on the hot path; it is 200 kB and answers 0 for a nonce it could not read.
 */
import {
  type Address,
  type ClassHash,
  type Felt,
  parseAddress,
  parseFelt,
  parseSelector,
  type Selector,
  shortText,
} from '../core/felt.ts'
import type { Genesis, NetworkId, NetworkRecord, SeenNode } from '../core/records.ts'
import {
  decode,
  foreign,
  integer,
  isPlainObject,
  list,
  literal,
  nullable,
  optional,
  picklist,
  type Schema,
  scalar,
  text,
  time,
  unknown,
} from '../core/schema.ts'
import type { UnixSeconds } from '../core/time.ts'
import { isNodeError, nodeError } from './node-error.ts'

/** Egress' way out. Rejects when nothing came back in time or it was too long. */
export type Post = (
  url: string,
  json: string,
  caps: { readonly timeoutMs: number; readonly maxBytes: number },
) => Promise<{ readonly status: number; readonly text: string; readonly retryAfter?: string }>

export const RPC = {
  contractNotFound: 20,
  classNotFound: 28,
  hashNotFound: 29,
  contractError: 40,
  executionError: 41,
  nonce: 52,
  resources: 53,
  balance: 54,
  validation: 55,
  duplicate: 59,
  feeBelowMinimum: 65,
} as const

/** A transaction as `starknet_add*`, estimate and simulation take it: made by starknet/invoke.ts and starknet/deploy.ts. */
export type Body = Readonly<Record<string, unknown>>
/** fri per unit of gas. */
export interface Prices {
  readonly l1_gas: bigint
  readonly l2_gas: bigint
  readonly l1_data_gas: bigint
}
export interface Block {
  readonly number: number
  readonly at: UnixSeconds
  readonly sequencer: Felt
  readonly prices: Prices
  /** Of the protocol, as the block names it: with another one the same call may cost another amount of gas. */
  readonly version?: string
}
export interface Estimate {
  readonly l1_gas: { readonly amount: bigint; readonly price: bigint }
  readonly l2_gas: { readonly amount: bigint; readonly price: bigint }
  readonly l1_data_gas: { readonly amount: bigint; readonly price: bigint }
  /** fri. */
  readonly fee: bigint
}
export interface Emitted {
  readonly from: Address
  readonly keys: readonly Felt[]
  readonly data: readonly Felt[]
}
export interface Simulation {
  readonly estimate: Estimate
  /** The execution fails: not an error of the request. */
  readonly reverted?: readonly string[]
  /** In the order of the chain; frames that were rolled back are left out. The fee's transfer is not among them. */
  readonly events: readonly Emitted[]
}
export type Finality = 'RECEIVED' | 'CANDIDATE' | 'PRE_CONFIRMED' | 'ACCEPTED_ON_L2' | 'ACCEPTED_ON_L1'
export interface Status {
  readonly finality: Finality
  readonly execution?: 'SUCCEEDED' | 'REVERTED'
  readonly failure?: string
}
export interface Receipt {
  readonly hash: Felt
  readonly finality: Finality
  readonly execution: 'SUCCEEDED' | 'REVERTED'
  readonly failure?: string
  readonly fee: { readonly amount: bigint; readonly unit: 'FRI' | 'WEI' }
  readonly block?: number
  /** Units that execution took, as the receipt shows them. */
  readonly l2Gas?: bigint
  readonly events: readonly Emitted[]
}
/** A version 3 invoke as the chain has it: both modes L1, without paymaster and deployment data. */
export interface SentInvoke {
  readonly sender: Address
  readonly nonce: Felt
  readonly calldata: readonly Felt[]
  readonly signature: readonly Felt[]
  readonly tip: bigint
  readonly bounds: Readonly<Record<keyof Prices, { readonly maxAmount: bigint; readonly maxPrice: bigint }>>
  readonly proofFacts?: readonly Felt[]
}
export interface ViewCall {
  readonly to: Address
  readonly selector: Selector
  readonly calldata: readonly Felt[]
}

export interface Node {
  readonly url: string
  specVersion(): Promise<string>
  chainId(): Promise<Felt>
  genesis(): Promise<Genesis>
  /** `latest`: the last accepted block. */
  lastBlock(): Promise<Block>
  block(number: number): Promise<Block>
  /** At `pre_confirmed`; `undefined` when no contract is there. */
  nonce(account: Address): Promise<Felt | undefined>
  /** In the last accepted block: what proofs of policy.md 8.3 rest on. */
  acceptedNonce(account: Address): Promise<Felt | undefined>
  classHashAt(contract: Address): Promise<Felt | undefined>
  /** In the last accepted block; `0x0`: nothing is kept there. `undefined` when no contract is there. */
  storageAt(contract: Address, slot: Felt): Promise<Felt | undefined>
  /** The ABI as JSON text, "null" where the class carries none; `undefined` when no contract is there. */
  classAt(contract: Address): Promise<string | undefined>
  /** The same of a class by its hash; `undefined` when nobody declared it. */
  abiOf(classHash: ClassHash): Promise<string | undefined>
  /** What can be called from outside, by the class itself and not its ABI, which may be missing (devnet's own STRK). */
  selectorsAt(contract: Address): Promise<readonly Selector[] | undefined>
  call(call: ViewCall): Promise<readonly Felt[]>
  /**
   * Many in one request, where the node takes lists; `undefined`: the contract gave no answer. With `isNo` only errors of these
   * codes are that. @throws NodeError
   */
  callEach(calls: readonly ViewCall[], isNo?: IsNo): Promise<readonly (readonly Felt[] | undefined)[]>
  /** The whole chain in order, validation skipped, at `pre_confirmed`. @throws NodeError rpc 41 when one fails */
  estimate(chain: readonly Body[]): Promise<readonly Estimate[]>
  /**
   * One transaction, validation and fee charge skipped, at `pre_confirmed`; `after` what comes before it, each of which must
   * succeed. @throws NodeError rpc 41 when one of those fails
   */
  simulate(transaction: Body, after?: readonly Body[]): Promise<Simulation>
  /** Of the transactions of the last accepted block, fri per unit. */
  tips(): Promise<readonly bigint[]>
  /** One try: who repeats it sends the same bytes (`attempt` keeps them). */
  addInvoke(attempt: Attempt): Promise<Felt>
  addDeploy(attempt: Attempt): Promise<Felt>
  addDeclare(attempt: Attempt): Promise<Felt>
  /** `undefined`: the node does not know the hash. */
  status(hash: Felt): Promise<Status | undefined>
  receipt(hash: Felt): Promise<Receipt | undefined>
  /** All that a contract has emitted up to the last accepted block, by their first keys, oldest first. @throws NodeError */
  emitted(from: Address, firstKeys: readonly Felt[]): Promise<readonly Emitted[]>
  /** The accepted transaction in which a contract has emitted these first keys, not before this block. */
  emittedIn(contract: Address, keys: readonly Felt[], from: number): Promise<Felt | undefined>
  /**
   * The accepted transactions in which a contract has emitted this first key, not before this block, oldest first.
   *
   * @throws NodeError also where there is more than so many pages of 100
   */
  emittedBy(contract: Address, key: Felt, from: number, pages: number): Promise<readonly Felt[]>
  /** `undefined`: the node does not know the hash, or it is something else. */
  invoke(hash: Felt): Promise<SentInvoke | undefined>
}
export type IsNo = (rpcCode: number | undefined) => boolean
/** The text of one `add*` request: made once, so that a repetition is byte for byte the same. */
export interface Attempt {
  readonly id: number
  readonly text: string
}

export const TIMEOUT_MS = 10_000
export const MAX_BYTES = 2 ** 20
export const MAX_CLASS_BYTES = 2 ** 23
/** Waits before the second to the fifth try, ms. */
export const REPEATS: readonly number[] = [500, 1_000, 2_000, 4_000]
/** A node that asks for more patience than this is down for us, ms. */
const MAX_WAIT_MS = 10_000

export interface NodeNeeds {
  readonly url: string
  readonly post: Post
  readonly wait?: (ms: number) => Promise<void>
}

export function createNode({ url, post, wait = sleep }: NodeNeeds): Node {
  const send = async (method: string, attempt: Attempt, maxBytes = MAX_BYTES): Promise<unknown> => {
    let answer: Awaited<ReturnType<Post>>
    try {
      answer = await post(url, attempt.text, { timeoutMs: TIMEOUT_MS, maxBytes })
    } catch {
      throw nodeError('silent', [method])
    }
    return resultOf(attempt.id, answer)
  }
  /** What is only read may be asked again; the node's own no is an answer. */
  const patiently = async <T>(method: string, ask: () => Promise<T>): Promise<T> => {
    for (const pause of [...REPEATS, undefined]) {
      try {
        return await ask()
      } catch (error) {
        if (pause === undefined || !isNodeError(error) || error.reason === 'rpc') throw error
        const asked = (error.retryAfter ?? 0) * 1000
        if (asked > MAX_WAIT_MS) throw error
        await wait(Math.max(pause, asked))
      }
    }
    throw nodeError('silent', [method])
  }
  const read = async <T>(method: string, params: unknown, shape: Schema<T>, maxBytes?: number): Promise<T> => {
    const attempt = newAttempt(method, params)
    return patiently(method, async () => {
      const result = decode(shape, await send(method, attempt, maxBytes))
      if (!result.ok) throw nodeError('garbage', [`${method}${result.at}`])
      return result.value
    })
  }
  const readOr = async <T>(code: number, reading: Promise<T>): Promise<T | undefined> => {
    try {
      return await reading
    } catch (error) {
      if (isNodeError(error) && error.rpcCode === code) return undefined
      throw error
    }
  }
  const block = (id: unknown) => read('starknet_getBlockWithTxHashes', { block_id: id }, BLOCK)
  const call = (it: ViewCall) => read('starknet_call', callParams(it), CALLED)
  let takesLists = true
  const inOneRequest = async (
    calls: readonly ViewCall[],
    isNo: IsNo,
  ): Promise<readonly (readonly Felt[] | undefined)[]> => {
    const attempts = calls.map((it) => newAttempt('starknet_call', callParams(it)))
    const json = `[${attempts.map(({ text }) => text).join(',')}]`
    const found = await patiently('starknet_call', async () => {
      const answer = await post(url, json, { timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES }).catch(() => {
        throw nodeError('silent', ['starknet_call'])
      })
      const answers = listIn(answer)
      return answers && attempts.map(({ id }) => calledIn(answers, id, isNo))
    })
    if (found !== undefined) return found
    takesLists = false
    return oneByOne(calls, isNo)
  }
  const oneByOne = (calls: readonly ViewCall[], isNo: IsNo) =>
    Promise.all(
      calls.map((it) =>
        call(it).catch((error: unknown) => {
          if (isNodeError(error) && error.reason === 'rpc' && isNo(error.rpcCode)) return undefined
          throw error
        }),
      ),
    )
  /** Of accepted blocks, oldest first. A page may be empty where the node has only looked at a part of them. */
  async function* eventsBy(filter: object, pages = MAX_PAGES) {
    let next: string | undefined
    for (let page = 0; page < pages; page += 1) {
      const asked = { ...filter, to_block: 'latest', chunk_size: 100 }
      const more = next === undefined ? {} : { continuation_token: next }
      const found = await read('starknet_getEvents', { filter: { ...asked, ...more } }, EMITTED)
      yield* found.events
      if (found.continuation_token == null) return
      next = found.continuation_token
    }
    throw nodeError('garbage', ['starknet_getEvents'])
  }
  const nonceAt = (account: Address, tag: string) =>
    readOr(RPC.contractNotFound, read('starknet_getNonce', { block_id: tag, contract_address: account }, felt))
  const add = async (method: string, attempt: Attempt): Promise<Felt> => {
    const result = decode(ADDED, await send(method, attempt))
    if (!result.ok) throw nodeError('garbage', [`${method}${result.at}`])
    return result.value.transaction_hash
  }

  return {
    url,
    specVersion: () => read('starknet_specVersion', [], text(32)),
    chainId: () => read('starknet_chainId', [], felt),
    genesis: async () => {
      const first = await block({ block_number: 0 })
      if (first.block_hash === undefined) throw nodeError('garbage', ['starknet_getBlockWithTxHashes/block_hash'])
      return { hash: first.block_hash, at: first.timestamp }
    },
    lastBlock: async () => blockOf(await block('latest')),
    block: async (number) => {
      const found = blockOf(await block({ block_number: number }))
      if (found.number !== number) throw nodeError('garbage', ['starknet_getBlockWithTxHashes/block_number'])
      return found
    },
    nonce: (account) => nonceAt(account, 'pre_confirmed'),
    acceptedNonce: (account) => nonceAt(account, 'latest'),
    classHashAt: (contract) =>
      readOr(
        RPC.contractNotFound,
        read('starknet_getClassHashAt', { block_id: 'latest', contract_address: contract }, felt),
      ),
    storageAt: (contract, slot) =>
      readOr(
        RPC.contractNotFound,
        read('starknet_getStorageAt', { contract_address: contract, key: slot, block_id: 'latest' }, felt),
      ),
    classAt: (contract) => {
      const params = { block_id: 'latest', contract_address: contract }
      return abiIn(readOr(RPC.contractNotFound, read('starknet_getClassAt', params, CLASS, MAX_CLASS_BYTES)))
    },
    abiOf: (hash) => {
      const params = { block_id: 'latest', class_hash: hash }
      return abiIn(readOr(RPC.classNotFound, read('starknet_getClass', params, CLASS, MAX_CLASS_BYTES)))
    },
    selectorsAt: async (contract) => {
      const params = { block_id: 'latest', contract_address: contract }
      const found = await readOr(
        RPC.contractNotFound,
        read('starknet_getClassAt', params, ENTRYPOINTS, MAX_CLASS_BYTES),
      )
      return found?.entry_points_by_type.EXTERNAL.map(({ selector }) => selector)
    },
    call,
    callEach: async (calls, isNo = () => true) => {
      const found: (readonly Felt[] | undefined)[] = []
      for (let at = 0; at < calls.length; at += MAX_BATCH) {
        const some = calls.slice(at, at + MAX_BATCH)
        found.push(...(await (takesLists && some.length > 1 ? inOneRequest(some, isNo) : oneByOne(some, isNo))))
      }
      return found
    },
    estimate: async (chain) => {
      const params = { request: chain, simulation_flags: ['SKIP_VALIDATE'], block_id: 'pre_confirmed' }
      const answers = await read('starknet_estimateFee', params, list(ESTIMATE, chain.length))
      if (answers.length !== chain.length) throw nodeError('garbage', ['starknet_estimateFee'])
      return answers.map(estimateOf)
    },
    simulate: async (transaction, after = []) => {
      const params = {
        block_id: 'pre_confirmed',
        transactions: [...after, transaction],
        simulation_flags: ['SKIP_VALIDATE', 'SKIP_FEE_CHARGE'],
      }
      const all = await read('starknet_simulateTransactions', params, list(SIMULATED, after.length + 1))
      const only = all[after.length]
      if (only === undefined) throw nodeError('garbage', ['starknet_simulateTransactions'])
      const run = only.transaction_trace.execute_invocation
      const estimate = estimateOf(only.fee_estimation)
      return isPlainObject(run) && run.revert_reason !== undefined
        ? { estimate, reverted: failureWords(run.revert_reason), events: [] }
        : { estimate, events: eventsOf(run) }
    },
    tips: async () => {
      const { transactions } = await read('starknet_getBlockWithTxs', { block_id: 'latest' }, TIPS, MAX_CLASS_BYTES)
      return transactions.flatMap(({ tip }) => (tip === undefined ? [] : [tip]))
    },
    addInvoke: (attempt) => add('starknet_addInvokeTransaction', attempt),
    addDeploy: (attempt) => add('starknet_addDeployAccountTransaction', attempt),
    addDeclare: (attempt) => add('starknet_addDeclareTransaction', attempt),
    status: async (hash) => {
      const found = await readOr(
        RPC.hashNotFound,
        read('starknet_getTransactionStatus', { transaction_hash: hash }, STATUS),
      )
      return found && statusOf(found)
    },
    receipt: async (hash) => {
      const found = await readOr(
        RPC.hashNotFound,
        read('starknet_getTransactionReceipt', { transaction_hash: hash }, RECEIPT),
      )
      if (found === undefined) return undefined
      if (found.transaction_hash !== hash) throw nodeError('garbage', ['starknet_getTransactionReceipt'])
      return receiptOf(found)
    },
    emitted: async (from, firstKeys) => {
      const all: Emitted[] = []
      const filter = { from_block: { block_number: 0 }, address: from, keys: [firstKeys] }
      for await (const { from_address, keys, data } of eventsBy(filter)) all.push({ from: from_address, keys, data })
      return all
    },
    emittedIn: async (contract, keys, from) => {
      const filter = { from_block: { block_number: from }, address: contract, keys: keys.map((key) => [key]) }
      for await (const { from_address, keys: found, transaction_hash } of eventsBy(filter)) {
        // A node may take a filter for less than it says.
        if (from_address === contract && keys.every((key, at) => found[at] === key)) return transaction_hash
      }
      return undefined
    },
    emittedBy: async (contract, key, from, pages) => {
      const hashes = new Set<Felt>()
      const filter = { from_block: { block_number: from }, address: contract, keys: [[key]] }
      for await (const { from_address, keys, transaction_hash: hash } of eventsBy(filter, pages)) {
        if (from_address === contract && keys[0] === key && hash !== undefined) hashes.add(hash)
      }
      return [...hashes]
    },
    invoke: async (hash) => {
      const params = { transaction_hash: hash }
      // Of another kind or version it has other members, which is no fault of the node.
      const found = await readOr(RPC.hashNotFound, read('starknet_getTransactionByHash', params, unknown()))
      const sent = decode(INVOKE, found)
      return sent.ok ? invokeOf(sent.value) : undefined
    },
  }
}

/** The bytes of an `add*` request; the same attempt can be sent again. */
export function invokeAttempt(body: Body): Attempt {
  return newAttempt('starknet_addInvokeTransaction', { invoke_transaction: body })
}
export function deployAttempt(body: Body): Attempt {
  return newAttempt('starknet_addDeployAccountTransaction', { deploy_account_transaction: body })
}

export function declareAttempt(body: Body): Attempt {
  return newAttempt('starknet_addDeclareTransaction', { declare_transaction: body })
}

/** What `createNodes` needs of the networks' owner. */
export interface NetworkRows {
  row(network: NetworkId): Promise<NetworkRecord>
  /** Called when a network's block 0 is seen for the first time. */
  remember(network: NetworkId, genesis: Genesis): Promise<void>
  /** Block 0 is another one than the one remembered: this network's sessions are over (security.md R11). */
  restarted(network: NetworkId, seen: Genesis): Promise<void>
}
export interface Nodes {
  /** The node of a network, checked in this worker's life and not longer than 1 h ago. @throws NodeError */
  of(network: NetworkId): Promise<Node>
  /** The same before its check has ended: what is read goes beside it, and nothing is signed before it. `checked` may reject. */
  open(network: NetworkId): Promise<{ readonly node: Node; readonly checked: Promise<void> }>
  /** Its next use asks it again who it is. */
  forget(network: NetworkId): void
}

async function seen(node: Node): Promise<SeenNode> {
  const [chainId, spec, genesis] = await Promise.all([node.chainId(), node.specVersion(), node.genesis()])
  return { chainId, spec, genesis }
}

/** Asks a node that is not one of the wallet's yet who it is. @throws NodeError */
export async function probe(needs: NodeNeeds): Promise<SeenNode> {
  const found = await seen(createNode(needs))
  if (!SPECS.test(found.spec)) throw nodeError('wrongNetwork', ['version'])
  return found
}

const CHECK_LASTS = 3_600
const SPECS = /^0\.(9|10)\.\d{1,3}(-[a-z0-9.]{1,20})?$/

/** One node per network, which is asked who it is before its first use (provider.md 10). */
export function createNodes(needs: {
  readonly networks: NetworkRows
  readonly post: Post
  readonly now: () => UnixSeconds
  readonly wait?: (ms: number) => Promise<void>
}): Nodes {
  interface Opened {
    readonly at: UnixSeconds
    readonly node: Node
    readonly checked: Promise<void>
  }
  const opened = new Map<NetworkId, Opened>()
  /** Checked again beside what goes on. */
  const again = new Set<NetworkId>()

  const check = async (network: NetworkId, row: NetworkRecord, node: Node): Promise<void> => {
    const { chainId, spec, genesis } = await seen(node)
    if (chainId !== row.chainId) throw nodeError('wrongNetwork', ['chain'])
    if (!SPECS.test(spec)) throw nodeError('wrongNetwork', ['version'])
    if (row.genesis === undefined) await needs.networks.remember(network, genesis)
    else if (row.genesis.hash !== genesis.hash || row.genesis.at !== genesis.at) {
      await needs.networks.restarted(network, genesis)
      throw nodeError('wrongNetwork', ['genesis'])
    }
  }

  const openNew = (network: NetworkId, row: NetworkRecord): Opened => {
    const { post, wait } = needs
    const node = createNode(wait === undefined ? { url: row.node, post } : { url: row.node, post, wait })
    const now: Opened = { at: needs.now(), node, checked: check(network, row, node) }
    // A failed check is no check: the next caller asks again.
    now.checked.catch(() => {
      if (opened.get(network) === now) opened.delete(network)
    })
    return now
  }
  /** Silence leaves the check that there is; another network ends it at once. */
  const refresh = async (network: NetworkId, row: NetworkRecord, last: Opened): Promise<void> => {
    if (again.has(network)) return
    again.add(network)
    const next = openNew(network, row)
    try {
      await next.checked
      if (opened.get(network) === last) opened.set(network, next)
    } catch (error) {
      if (isNodeError(error) && error.reason === 'wrongNetwork' && opened.get(network) === last) opened.delete(network)
    } finally {
      again.delete(network)
    }
  }

  const open = async (network: NetworkId): Promise<Opened> => {
    const row = await needs.networks.row(network)
    const last = opened.get(network)
    const age = last === undefined ? CHECK_LASTS : needs.now() - last.at
    if (last !== undefined && last.node.url === row.node && age >= 0 && age < CHECK_LASTS) {
      if (age >= CHECK_LASTS / 2) void refresh(network, row, last)
      return last
    }
    const fresh = openNew(network, row)
    opened.set(network, fresh)
    return fresh
  }

  return {
    open,
    forget: (network) => {
      opened.delete(network)
    },
    of: async (network) => {
      const { node, checked } = await open(network)
      await checked
      return node
    },
  }
}

const MAX_WORDS = 16
const MAX_WORD = 300
const MAX_DEPTH = 64

/**
 * The one decoder of a node's five failure shapes (provider.md 10): text with quoted short strings, nested frames with an
 * innermost JSON text of felts, lists. It collects what a person may read; nothing is decided on it alone.
 */
export function failureWords(failure: unknown): readonly string[] {
  const words = new Set<string>()
  const add = (word: string) => {
    if (word !== '' && words.size < MAX_WORDS) words.add(word.slice(0, MAX_WORD))
  }
  const walk = (value: unknown, depth: number): void => {
    if (depth > MAX_DEPTH) return
    if (Array.isArray(value)) {
      for (const item of value.slice(0, MAX_WORDS)) walk(item, depth + 1)
    } else if (isPlainObject(value)) {
      for (const key of ['error', 'revert_error', 'execution_error', 'revert_reason', 'failure_reason']) {
        if (key in value) walk(value[key], depth + 1)
      }
    } else if (typeof value === 'string') {
      for (const word of wordsIn(value.slice(0, MAX_TEXT))) add(word)
    }
  }
  walk(failure, 0)
  return [...words]
}

const MAX_TEXT = 20_000

function wordsIn(value: string): readonly string[] {
  // Cairo prints a short string as 0x… ('text') and a ByteArray as "text"; a quoted felt is neither.
  const quoted = [...value.matchAll(/\('([^']{1,31})'\)|(?<=^|[(\s])"(?!0x)([^"]{1,300})"(?=[,).]|$)/g)].map(
    (found) => found[1] ?? found[2]!,
  )
  if (quoted.length > 0) return quoted
  const spelled = [...value.matchAll(/0x[0-9a-fA-F]{4,64}/g)].flatMap((found) => shortText(found[0]) ?? [])
  if (spelled.length > 0) return spelled
  return [value.trim()]
}

let lastId = 0
export function newAttempt(method: string, params: unknown): Attempt {
  lastId += 1
  return { id: lastId, text: JSON.stringify({ jsonrpc: '2.0', id: lastId, method, params }) }
}

/** Of one JSON-RPC request. @throws NodeError */
export function resultOf(id: number, answer: Awaited<ReturnType<Post>>): unknown {
  return frameResult(id, jsonOf(answer))
}

function jsonOf(answer: Awaited<ReturnType<Post>>): unknown {
  if (answer.status !== 200) {
    const seconds = Number(answer.retryAfter ?? Number.NaN)
    throw nodeError(
      'http',
      [String(answer.status)],
      Number.isFinite(seconds) && seconds > 0 ? { retryAfter: seconds } : {},
    )
  }
  try {
    return JSON.parse(answer.text)
  } catch {
    throw nodeError('garbage', ['not JSON'])
  }
}

/** HTTP answers that say that the request was not understood, not that the node is busy. */
const NOT_UNDERSTOOD: readonly number[] = [400, 405, 413, 415, 422, 501]

/** `undefined`: the node does not take lists. */
function listIn(answer: Awaited<ReturnType<Post>>): readonly unknown[] | undefined {
  if (NOT_UNDERSTOOD.includes(answer.status)) return undefined
  const json = jsonOf(answer)
  return Array.isArray(json) ? json : undefined
}

function frameResult(id: number, json: unknown): unknown {
  const frame = decode(FRAME, json)
  if (!frame.ok || frame.value.id !== id) throw nodeError('garbage', ['not an answer to this request'])
  const { error, result } = frame.value
  if (error !== undefined) {
    const words = failureWords(error.data)
    throw nodeError('rpc', words.length > 0 ? words : [error.message.slice(0, MAX_WORD)], { rpcCode: error.code })
  }
  if (result === undefined) throw nodeError('garbage', ['no result'])
  return result
}

/** The contract's no is an answer of its own; what is no answer at all fails. */
function calledIn(answers: readonly unknown[], id: number, isNo: IsNo): readonly Felt[] | undefined {
  try {
    const own = answers.find((it) => isPlainObject(it) && it.id === id)
    const result = decode(CALLED, frameResult(id, own))
    if (!result.ok) throw nodeError('garbage', [`starknet_call${result.at}`])
    return result.value
  } catch (error) {
    if (isNodeError(error) && error.reason === 'rpc' && isNo(error.rpcCode)) return undefined
    throw error
  }
}

function callParams({ to, selector, calldata }: ViewCall) {
  return { request: { contract_address: to, entry_point_selector: selector, calldata }, block_id: 'latest' }
}

/** Calls in one request. */
export const MAX_BATCH = 50
const MAX_FELTS = 20_000
const MAX_EVENTS = 10_000
const MAX_PAGES = 100
const MAX_ENTRYPOINTS = 4_096

const felt = scalar<Felt>((it) => (typeof it === 'string' && it.startsWith('0x') ? parseFelt(it) : undefined), 'a felt')
const address = scalar<Address>(
  (it) => (typeof it === 'string' && it.startsWith('0x') ? parseAddress(it) : undefined),
  'an address',
)
/** A number of units or fri, hex; u128 at most. */
const quantity = scalar<bigint>(
  (it) => (typeof it === 'string' && /^0x[0-9a-fA-F]{1,32}$/.test(it) ? BigInt(it) : undefined),
  'a quantity in hex',
)
const reason = optional(nullable(text(MAX_BYTES)))

const FRAME = foreign({
  jsonrpc: literal('2.0'),
  id: integer(0, Number.MAX_SAFE_INTEGER),
  result: optional(unknown()),
  error: optional(
    foreign({
      code: integer(-(2 ** 31), 2 ** 31),
      message: text(MAX_BYTES),
      data: optional(unknown()),
    }),
  ),
})
const price = foreign({ price_in_fri: quantity })
const BLOCK = foreign({
  block_hash: optional(felt),
  block_number: optional(integer(0, Number.MAX_SAFE_INTEGER)),
  timestamp: time,
  sequencer_address: felt,
  l1_gas_price: price,
  l2_gas_price: price,
  l1_data_gas_price: price,
  starknet_version: optional(text(64)),
})
const CALLED = list(felt, MAX_FELTS)
const CLASS = foreign({ abi: optional(unknown()) })
const ENTRYPOINTS = foreign({
  entry_points_by_type: foreign({
    EXTERNAL: list(
      foreign({
        selector: scalar<Selector>(parseSelector, 'a selector'),
      }),
      MAX_ENTRYPOINTS,
    ),
  }),
})
const ESTIMATE = foreign({
  l1_gas_consumed: quantity,
  l1_gas_price: quantity,
  l2_gas_consumed: quantity,
  l2_gas_price: quantity,
  l1_data_gas_consumed: quantity,
  l1_data_gas_price: quantity,
  overall_fee: quantity,
  unit: literal('FRI'),
})
const SIMULATED = foreign({
  transaction_trace: foreign({ execute_invocation: optional(unknown()) }),
  fee_estimation: ESTIMATE,
})
const TIPS = foreign({ transactions: list(foreign({ tip: optional(quantity) }), MAX_EVENTS) })
const ADDED = foreign({ transaction_hash: felt })
const finality = picklist(['RECEIVED', 'CANDIDATE', 'PRE_CONFIRMED', 'ACCEPTED_ON_L2', 'ACCEPTED_ON_L1'])
const execution = picklist(['SUCCEEDED', 'REVERTED'])
const STATUS = foreign({ finality_status: finality, execution_status: optional(execution), failure_reason: reason })
const event = foreign({ from_address: address, keys: list(felt, MAX_FELTS), data: list(felt, MAX_FELTS) })
const EMITTED = foreign({
  events: list(
    foreign({
      from_address: address,
      keys: list(felt, MAX_FELTS),
      data: list(felt, MAX_FELTS),
      transaction_hash: optional(felt),
    }),
    MAX_EVENTS,
  ),
  continuation_token: optional(nullable(text(MAX_WORD))),
})
const RECEIPT = foreign({
  transaction_hash: felt,
  finality_status: finality,
  execution_status: execution,
  revert_reason: reason,
  actual_fee: foreign({ amount: quantity, unit: picklist(['FRI', 'WEI']) }),
  block_number: optional(integer(0, Number.MAX_SAFE_INTEGER)),
  execution_resources: optional(foreign({ l2_gas: optional(integer(0, Number.MAX_SAFE_INTEGER)) })),
  events: list(event, MAX_EVENTS),
})
/** What does not fit could not be hashed. */
const u64 = scalar<bigint>(
  (it) => (typeof it === 'string' && /^0x[0-9a-fA-F]{1,16}$/.test(it) ? BigInt(it) : undefined),
  'a quantity of 64 bits in hex',
)
const bound = foreign({ max_amount: u64, max_price_per_unit: quantity })
const INVOKE = foreign({
  type: literal('INVOKE'),
  version: literal('0x3'),
  sender_address: address,
  nonce: felt,
  calldata: list(felt, MAX_FELTS),
  signature: list(felt, MAX_FELTS),
  tip: u64,
  resource_bounds: foreign({ l1_gas: bound, l2_gas: bound, l1_data_gas: bound }),
  paymaster_data: list(felt, 0),
  account_deployment_data: list(felt, 0),
  nonce_data_availability_mode: literal('L1'),
  fee_data_availability_mode: literal('L1'),
  proof_facts: optional(list(felt, MAX_FELTS)),
})
const FRAME_OF_CALL = foreign({
  contract_address: address,
  events: list(
    foreign({ order: integer(0, 1_000_000), keys: list(felt, MAX_FELTS), data: list(felt, MAX_FELTS) }),
    MAX_EVENTS,
  ),
  calls: list(unknown(), MAX_EVENTS),
  is_reverted: optional(unknown()),
})

type Out<S> = S extends Schema<infer T> ? T : never

async function abiIn(reading: Promise<Out<typeof CLASS> | undefined>): Promise<string | undefined> {
  const found = await reading
  if (found === undefined) return undefined
  return typeof found.abi === 'string' ? found.abi : JSON.stringify(found.abi ?? null)
}

function pricesOf(block: Out<typeof BLOCK>): Prices {
  return {
    l1_gas: block.l1_gas_price.price_in_fri,
    l2_gas: block.l2_gas_price.price_in_fri,
    l1_data_gas: block.l1_data_gas_price.price_in_fri,
  }
}

function blockOf(block: Out<typeof BLOCK>): Block {
  if (block.block_number === undefined) throw nodeError('garbage', ['starknet_getBlockWithTxHashes/block_number'])
  return {
    number: block.block_number,
    at: block.timestamp,
    sequencer: block.sequencer_address,
    prices: pricesOf(block),
    ...(block.starknet_version === undefined ? {} : { version: block.starknet_version }),
  }
}

function estimateOf(it: Out<typeof ESTIMATE>): Estimate {
  return {
    l1_gas: { amount: it.l1_gas_consumed, price: it.l1_gas_price },
    l2_gas: { amount: it.l2_gas_consumed, price: it.l2_gas_price },
    l1_data_gas: { amount: it.l1_data_gas_consumed, price: it.l1_data_gas_price },
    fee: it.overall_fee,
  }
}

const MAX_FAILURE = 2_000

function statusOf(it: Out<typeof STATUS>): Status {
  return {
    finality: it.finality_status,
    ...(it.execution_status === undefined ? {} : { execution: it.execution_status }),
    ...(it.failure_reason == null ? {} : { failure: it.failure_reason.slice(0, MAX_FAILURE) }),
  }
}

function receiptOf(it: Out<typeof RECEIPT>): Receipt {
  return {
    hash: it.transaction_hash,
    finality: it.finality_status,
    execution: it.execution_status,
    fee: it.actual_fee,
    events: it.events.map(({ from_address: from, keys, data }) => ({ from, keys, data })),
    ...(it.revert_reason == null ? {} : { failure: it.revert_reason.slice(0, MAX_FAILURE) }),
    ...(it.block_number === undefined ? {} : { block: it.block_number }),
    ...(it.execution_resources?.l2_gas === undefined ? {} : { l2Gas: BigInt(it.execution_resources.l2_gas) }),
  }
}

function invokeOf(it: Out<typeof INVOKE>): SentInvoke {
  const { l1_gas, l2_gas, l1_data_gas } = it.resource_bounds
  const boundOf = ({ max_amount: maxAmount, max_price_per_unit: maxPrice }: Out<typeof bound>) => ({
    maxAmount,
    maxPrice,
  })
  return {
    sender: it.sender_address,
    nonce: it.nonce,
    calldata: it.calldata,
    signature: it.signature,
    tip: it.tip,
    bounds: { l1_gas: boundOf(l1_gas), l2_gas: boundOf(l2_gas), l1_data_gas: boundOf(l1_data_gas) },
    // An empty list is hashed as none.
    ...(it.proof_facts === undefined || it.proof_facts.length === 0 ? {} : { proofFacts: it.proof_facts }),
  }
}

/** Events sit in nested frames, with an order over all of them; the emitter is the frame's contract. */
function eventsOf(root: unknown): readonly Emitted[] {
  const found: { readonly order: number; readonly event: Emitted }[] = []
  const walk = (value: unknown, depth: number): void => {
    const frame = decode(FRAME_OF_CALL, value)
    if (!frame.ok || depth > MAX_DEPTH) throw nodeError('garbage', [`trace${frame.ok ? '' : frame.at}`])
    if (frame.value.is_reverted === true) return
    for (const { order, keys, data } of frame.value.events) {
      found.push({ order, event: { from: frame.value.contract_address, keys, data } })
    }
    for (const inner of frame.value.calls) walk(inner, depth + 1)
  }
  walk(root, 0)
  return found.sort((a, b) => a.order - b.order).map(({ event: emitted }) => emitted)
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
