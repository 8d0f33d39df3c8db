/**
 * A stub, and no node: it answers what wallets ask a Starknet node, at once or after a fixed delay, from a process of its own,
 * so that none of its work is counted as a wallet's. It executes nothing and checks no signature: e2e on devnet does.
 *
 * A bench starts it with `startStub`; the same file is the child.
 */
import { fork } from 'node:child_process'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'

/** Class of every account here: Argent 0.4.0. */
const ARGENT = '0x36078334509b514626504edc9fb252328d1a240e4e948bef8d0c08dff45927f'
const SEPOLIA = '0x534e5f5345504f4c4941'
const SEQUENCER = '0x5e9'
const FIRST_BLOCK = 1000
/** Any page and any worker may ask. */
const OPEN = {
  'content-type': 'application/json',
  'access-control-allow-origin': '*',
  'access-control-allow-methods': '*',
  'access-control-allow-headers': '*',
}
const ESTIMATE = {
  l1_gas_consumed: '0x0',
  l1_gas_price: '0x2d79883d2000',
  l2_gas_consumed: '0x124f80',
  l2_gas_price: '0x1dcd65000',
  l1_data_gas_consumed: '0x80',
  l1_data_gas_price: '0x5af3107a4000',
  overall_fee: '0x2386f26fc10000',
  unit: 'FRI',
}
/** What starknet.js reads to learn the usual tip: a block of 80 transactions of 30 felts. */
const BUSY = Array.from({ length: 80 }, (_, at) => ({
  transaction_hash: hex(0x7a0000n + BigInt(at)),
  type: 'INVOKE',
  version: '0x3',
  sender_address: '0x7424a1eb003ed7adb1d8bc05515d48e8b4762baf70a2046967a9a9b0458083d',
  calldata: Array.from({ length: 30 }, (_, felt) => hex(2n ** 250n + BigInt(31 * at + felt))),
  signature: [hex(2n ** 250n), hex(2n ** 249n)],
  nonce: hex(BigInt(at)),
  resource_bounds: Object.fromEntries(
    ['l1_gas', 'l2_gas', 'l1_data_gas'].map((name) => [
      name,
      { max_amount: '0x124f80', max_price_per_unit: '0x2540be400' },
    ]),
  ),
  tip: hex(BigInt(1_000_000 * (at + 1))),
  paymaster_data: [],
  account_deployment_data: [],
  nonce_data_availability_mode: 'L1',
  fee_data_availability_mode: 'L1',
}))
const SELECTORS = {
  get_guardian: '0x24fd89f2d8a7798e705aa5361f39154ca43e03721c05188285138f16018955d',
  change_guardian: '0x309e00d93c6f8c0c2fcc1c8a01976f72e03b95841c3e3a1f7614048d5a77ead',
}
/** balanceOf, balance_of */
const BALANCE = [
  '0x2e4263afad30923c891518314c3c95dbe830a16874e8abc5777a9a20b54c76e',
  '0x35a73cd311a05d46deda634c5ee045db92f811b4e74bca4437fcb5302b7af33',
]
/** As large as an account's: 0.6 MB. */
const CLASS = {
  sierra_program: Array.from({ length: 9_000 }, (_, at) => hex(2n ** 250n + BigInt(at))),
  contract_class_version: '0.1.0',
  entry_points_by_type: { CONSTRUCTOR: [], EXTERNAL: [], L1_HANDLER: [] },
  abi: JSON.stringify([
    {
      type: 'function',
      name: 'move_0',
      inputs: ['x', 'y', 'z'].map((name) => ({ name, type: 'core::felt252' })),
      outputs: [],
      state_mutability: 'external',
    },
  ]),
}

/**
 * @typedef {object} Seen what arrived since the last reset
 * @property {number} requests all but preflights
 * @property {number} rounds up to the last transaction: the longest chain of requests, each after the answer to another
 * @property {number} preflights
 * @property {number} bytes of the answers
 * @property {Record<string, number>} methods how often each was asked
 */

/**
 * @typedef {object} Stub
 * @property {string} url of the node; `/cosigner/signSession` under it is the second signer of x-sessions
 * @property {(ms: number) => Promise<void>} delay of every answer from now on
 * @property {() => Promise<void>} reset forgets what arrived
 * @property {() => Promise<Seen>} seen
 * @property {() => Promise<void>} stop
 */

/** @returns {Promise<Stub>} */
export async function startStub() {
  const child = fork(fileURLToPath(import.meta.url), ['--child'], { stdio: ['ignore', 2, 2, 'ipc'], execArgv: [] })
  const kill = () => void child.kill('SIGKILL')
  process.once('exit', kill)
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const waiting = []
  child.on('message', (answer) => waiting.shift()?.(answer))
  const ask = (what) =>
    new Promise((resolve) => {
      waiting.push(resolve)
      child.send(what)
    })
  const port = await Promise.race([ask({ start: true }), ended.then(() => undefined)])
  if (port === undefined) throw new Error('the stub node did not start')
  return {
    url: `http://127.0.0.1:${port}`,
    delay: async (ms) => void (await ask({ delay: ms })),
    reset: async () => void (await ask({ reset: true })),
    seen: () => ask({ seen: true }),
    stop: async () => {
      process.off('exit', kill)
      kill()
      await ended
    },
  }
}

if (process.argv[2] === '--child' && process.send !== undefined) await serve()

async function serve() {
  const { ec, hash } = await import('starknet10')
  const cosigner = { key: '0x2002', publicKey: ec.starkCurve.getStarkKey('0x2002') }
  const nonces = new Map()
  const guardians = new Map()
  const mined = new Map()
  let block = FIRST_BLOCK
  let delay = 0
  let seen = nothing()
  /** The depth of the deepest request that was answered: the next one to arrive may depend on it. */
  let answered = 0

  const server = createServer((request, response) => {
    const arrived = performance.now()
    const parts = []
    request.on('data', (part) => parts.push(part))
    request.on('end', () => {
      if (request.method === 'OPTIONS') {
        seen.preflights += 1
        response.writeHead(204, OPEN).end()
        return
      }
      const depth = answered + 1
      const counted = seen
      const body = JSON.parse(Buffer.concat(parts).toString())
      counted.requests += 1
      // What leaves beside a transaction, or after it, is no round of it.
      if (body.method === 'starknet_addInvokeTransaction') counted.rounds = depth
      const isList = Array.isArray(body)
      const text =
        request.url === '/cosigner/signSession' ? cosign(body) : isList ? `[${body.map(answer)}]` : answer(body)
      const send = () => {
        if (counted === seen) answered = Math.max(answered, depth)
        counted.bytes += text.length
        response.writeHead(200, OPEN).end(text)
      }
      // What the stub itself took is part of the delay.
      const rest = delay - (performance.now() - arrived)
      if (rest > 0) setTimeout(send, rest)
      else send()
    })
  })
  server.keepAliveTimeout = 120_000

  const count = (name) => {
    seen.methods[name] = (seen.methods[name] ?? 0) + 1
  }
  const cosign = ({ session }) => {
    count('POST /cosigner/signSession')
    const { r, s } = ec.starkCurve.sign(session.sessionHash, cosigner.key)
    return JSON.stringify({ signature: { publicKey: cosigner.publicKey, r: `${r}`, s: `${s}` } })
  }
  const answer = ({ id, method, params }) => {
    count(method)
    try {
      const result = answers[method]
      if (result === undefined) throw { code: -32601, message: 'Method not found', data: method }
      return JSON.stringify({ jsonrpc: '2.0', id, result: result(params ?? {}) })
    } catch (error) {
      if (error instanceof Error) console.error(`stub node: ${method}: ${error.message}`)
      const { code = -32603, message, data } = error
      return JSON.stringify({ jsonrpc: '2.0', id, error: { code, message, ...(data === undefined ? {} : { data }) } })
    }
  }
  const unknown = () => {
    throw { code: 29, message: 'Transaction hash not found' }
  }

  const answers = {
    starknet_specVersion: () => '0.10.2',
    starknet_chainId: () => SEPOLIA,
    starknet_blockNumber: () => block,
    starknet_getBlockWithTxHashes: ({ block_id: which }) => header(numberOf(which), []),
    starknet_getBlockWithTxs: ({ block_id: which }) => header(numberOf(which), BUSY),
    starknet_getNonce: ({ contract_address: account }) => hex(nonces.get(BigInt(account)) ?? 0n),
    starknet_getClassHashAt: () => ARGENT,
    starknet_getClassAt: () => CLASS,
    starknet_getClass: () => CLASS,
    // No second key has stood here before.
    starknet_getEvents: () => ({ events: [] }),
    // No slot of a proxy is set.
    starknet_getStorageAt: () => '0x0',
    starknet_call: ({ request: { contract_address: account, entry_point_selector: selector } }) => {
      if (selector === SELECTORS.get_guardian) return [guardians.get(BigInt(account)) ?? '0x0']
      return BALANCE.includes(selector) ? ['0x56bc75e2d63100000', '0x0'] : ['0x0', '0x0']
    },
    starknet_estimateFee: ({ request }) => request.map(() => ESTIMATE),
    starknet_simulateTransactions: ({ transactions }) =>
      transactions.map((transaction) => ({
        fee_estimation: ESTIMATE,
        transaction_trace: {
          type: 'INVOKE',
          execute_invocation: {
            contract_address: transaction.sender_address,
            events: [],
            is_reverted: false,
            calls: [{ contract_address: transaction.calldata[1], events: [], calls: [], is_reverted: false }],
          },
        },
      })),
    starknet_addInvokeTransaction: ({ invoke_transaction: sent }) => {
      const transactionHash = hashOf(sent)
      const sender = BigInt(sent.sender_address)
      const expected = nonces.get(sender) ?? 0n
      if (BigInt(sent.nonce) !== expected) throw { code: 52, message: 'Invalid transaction nonce', data: hex(expected) }
      nonces.set(sender, expected + 1n)
      // The only thing that is executed: a wallet gives its account a second key, and looks afterwards.
      if (sent.calldata[2] === SELECTORS.change_guardian) guardians.set(sender, sent.calldata.at(-1))
      block += 1
      mined.set(BigInt(transactionHash), { block, sender: sent.sender_address })
      return { transaction_hash: transactionHash }
    },
    starknet_getTransactionStatus: ({ transaction_hash: which }) =>
      mined.has(BigInt(which))
        ? { finality_status: 'ACCEPTED_ON_L2', execution_status: 'SUCCEEDED', failure_reason: null }
        : unknown(),
    starknet_getTransactionReceipt: ({ transaction_hash: which }) => {
      const it = mined.get(BigInt(which)) ?? unknown()
      return {
        type: 'INVOKE',
        transaction_hash: which,
        actual_fee: { amount: '0x2386f26fc10000', unit: 'FRI' },
        execution_status: 'SUCCEEDED',
        finality_status: 'ACCEPTED_ON_L2',
        block_hash: hex(0xb10c0000n + BigInt(it.block)),
        block_number: it.block,
        messages_sent: [],
        events: [],
        execution_resources: { l1_gas: 0, l1_data_gas: 128, l2_gas: 1_200_000 },
      }
    },
  }
  const numberOf = (which) => (typeof which === 'object' ? which.block_number : block)
  const header = (number, transactions) => ({
    status: 'ACCEPTED_ON_L2',
    block_hash: hex(0xb10c0000n + BigInt(number)),
    parent_hash: hex(0xb10c0000n + BigInt(number) - 1n),
    block_number: number,
    new_root: '0x1',
    timestamp: number === 0 ? 1_700_000_000 : Math.floor(Date.now() / 1000),
    sequencer_address: SEQUENCER,
    l1_gas_price: { price_in_fri: '0x2d79883d2000', price_in_wei: '0x3b9aca00' },
    l2_gas_price: { price_in_fri: '0x1dcd65000', price_in_wei: '0x186a0' },
    l1_data_gas_price: { price_in_fri: '0x5af3107a4000', price_in_wei: '0x1' },
    l1_da_mode: 'BLOB',
    starknet_version: '0.14.2',
    transactions,
  })
  const hashOf = (sent) =>
    hash.calculateInvokeTransactionHash({
      senderAddress: sent.sender_address,
      version: sent.version,
      compiledCalldata: sent.calldata,
      chainId: SEPOLIA,
      nonce: sent.nonce,
      accountDeploymentData: [],
      paymasterData: [],
      nonceDataAvailabilityMode: 0,
      feeDataAvailabilityMode: 0,
      tip: BigInt(sent.tip),
      resourceBounds: Object.fromEntries(
        Object.entries(sent.resource_bounds).map(([name, { max_amount, max_price_per_unit }]) => [
          name,
          { max_amount: BigInt(max_amount), max_price_per_unit: BigInt(max_price_per_unit) },
        ]),
      ),
    })

  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  process.on('message', (ask) => {
    if (ask.delay !== undefined) delay = ask.delay
    if (ask.reset) {
      seen = nothing()
      answered = 0
    }
    process.send(ask.start ? server.address().port : ask.seen ? seen : true)
  })
  // Whoever started it is gone.
  process.on('disconnect', () => process.exit())
}

function nothing() {
  return { requests: 0, rounds: 0, preflights: 0, bytes: 0, methods: {} }
}

function hex(value) {
  return `0x${value.toString(16)}`
}
