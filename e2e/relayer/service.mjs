/**
 * A local paymaster service for the tests: SNIP-29 over a devnet, a process of its own. It pays from an account of the devnet,
 * which is also the one that may send what it builds; where it is paid in a token, it takes the payment of the last call and
 * gives back in the same transaction what the estimate did not need. Like the known services it passes signatures through
 * unread: the account's contract says whether they are good.
 *
 * `node service.mjs '{"node": "http://127.0.0.1:5050/rpc", "address": "0x…", "key": "0x…", "tokens": [{"address": "0x…",
 * "decimals": 18, "price": "0x…"}]}'` prints `{"url": "http://127.0.0.1:…"}` and serves until it is killed. `price`: fri for
 * 10^decimals of the token.
 */
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { Account, hash, logger, RpcProvider } from 'starknet'

/** @typedef {{ readonly to: string, readonly selector: string, readonly calldata: readonly string[] }} Call */
/** @typedef {{ readonly address: string, readonly decimals: number, readonly price: string }} Token */
/** @typedef {{ readonly node: string, readonly address: string, readonly key: string, readonly tokens: readonly Token[] }} Options */
/** @typedef {{ readonly code: number, readonly message: string, readonly data?: unknown }} RpcError */

const NAMES = /** @type {const} */ ({
  150: 'INVALID_ADDRESS',
  151: 'TOKEN_NOT_SUPPORTED',
  153: 'INVALID_SIGNATURE',
  154: 'MAX_AMOUNT_TOO_LOW',
  156: 'TRANSACTION_EXECUTION_ERROR',
  157: 'INVALID_TIME_BOUNDS',
  163: 'UNKNOWN_ERROR',
})
const OPEN = {
  'content-type': 'application/json',
  'access-control-allow-origin': '*',
  'access-control-allow-methods': '*',
  'access-control-allow-headers': '*',
}
const CHAIN_NAME = 'Account.execute_from_outside'
const LIFE_S = 3_600
const TRANSFER = hash.getSelectorFromName('transfer')
const EXECUTE = 'execute_from_outside_v2'
/** What sending costs beside the calls themselves, in fri: sponsored or not, some of it is the service's own. */
const OVERHEAD = 10n ** 16n

logger.setLogLevel('ERROR')
/** @type {Options} */
const options = JSON.parse(process.argv[2] ?? '')
const provider = await RpcProvider.create({ nodeUrl: options.node })
const relayer = new Account({ provider, address: options.address, signer: options.key })
const chainId = await provider.getChainId()
/** One after the other: the account's numbers have no gaps. @type {Promise<unknown>} */
let sending = Promise.resolve()

/**
 * @param {keyof typeof NAMES} code
 * @param {unknown} [data]
 * @returns {RpcError}
 */
const failure = (code, data) => ({
  code,
  message: `An error occurred (${NAMES[code]})`,
  ...(data === undefined ? {} : { data }),
})

/** @type {Readonly<Record<string, (params: any) => Promise<unknown>>>} */
const methods = {
  paymaster_isAvailable: async () => true,

  paymaster_getSupportedTokens: async () =>
    options.tokens.map(({ address, decimals, price }) => ({ token_address: address, decimals, price_in_strk: price })),

  paymaster_buildTransaction: async ({ transaction, parameters }) => {
    const { user_address: account, calls } = invokeOf(transaction)
    const token = tokenOf(parameters)
    const fee = await feeFor(account, calls, token)
    const window = windowOf(parameters)
    const payment = { to: token?.address, selector: TRANSFER, calldata: [options.address, hex(fee.max), '0x0'] }
    return {
      type: 'invoke',
      typed_data: typedData(window, token === undefined ? calls : [...calls, payment]),
      parameters,
      fee: {
        gas_token_price_in_strk: token?.price ?? hex(10n ** 18n),
        estimated_fee_in_strk: hex(fee.fri),
        estimated_fee_in_gas_token: hex(fee.estimated),
        suggested_max_fee_in_strk: hex((fee.fri * 3n) / 2n),
        suggested_max_fee_in_gas_token: hex(fee.max),
      },
    }
  },

  paymaster_executeTransaction: async ({ transaction, parameters }) => {
    const { user_address: account, typed_data, signature } = invokeOf(transaction)
    if (typed_data?.domain?.name !== CHAIN_NAME || !Array.isArray(signature)) throw failure(163, 'no typed data')
    const { Caller, Nonce, 'Execute After': after, 'Execute Before': before, Calls } = typed_data.message
    /** @type {readonly Call[]} */
    const calls = Calls.map((/** @type {any} */ it) => ({
      to: it.To,
      selector: it.Selector,
      // In any spelling that typed data has.
      calldata: it.Calldata.map((/** @type {string} */ felt) => hex(BigInt(felt))),
    }))
    const token = tokenOf(parameters)
    const payment = token === undefined ? undefined : calls.at(-1)
    const fee = await feeFor(account, payment === undefined ? calls : calls.slice(0, -1), token)
    const paid = payment === undefined ? 0n : BigInt(payment.calldata[1] ?? 0)
    if (paid < fee.estimated) throw failure(154)
    const flat = calls.flatMap(({ to, selector, calldata }) => [to, selector, String(calldata.length), ...calldata])
    const outside = [
      Caller,
      Nonce,
      after,
      before,
      String(calls.length),
      ...flat,
      String(signature.length),
      ...signature,
    ]
    const back = paid - fee.estimated
    const all = [
      { contractAddress: account, entrypoint: EXECUTE, calldata: outside.map((it) => hex(BigInt(it))) },
      ...(token === undefined || back === 0n
        ? []
        : [{ contractAddress: token.address, entrypoint: 'transfer', calldata: [account, hex(back), '0x0'] }]),
    ]
    const sent = sending.then(() => relayer.execute(all, { tip: 0n }))
    sending = sent.catch(() => undefined)
    const { transaction_hash } = await sent.catch((error) => {
      throw failure(
        /invalid-(owner|guardian|session|signature)/.test(String(error)) ? 153 : 156,
        String(error).slice(0, 2_000),
      )
    })
    return { tracking_id: '0x0', transaction_hash }
  },
}

/** @param {any} transaction */
function invokeOf(transaction) {
  if (transaction?.type !== 'invoke') throw failure(163, 'only invoke')
  const { invoke } = transaction
  if (!/^0x[0-9a-f]{1,64}$/i.test(invoke?.user_address ?? '')) throw failure(150)
  return invoke
}

/**
 * @param {any} parameters
 * @returns {Token | undefined} none: it is sponsored
 */
function tokenOf({ version, fee_mode }) {
  if (version !== '0x1') throw failure(163, 'version')
  if (fee_mode.mode === 'sponsored') return undefined
  const token = options.tokens.find(({ address }) => BigInt(address) === BigInt(fee_mode.gas_token))
  if (token === undefined) throw failure(151)
  return token
}

/** @param {any} parameters */
function windowOf({ time_bounds }) {
  const now = Math.floor(Date.now() / 1000)
  if (time_bounds === undefined) return { after: 1, before: now + LIFE_S }
  const { execute_after: after, execute_before: before } = time_bounds
  if (!(after < before && before > now)) throw failure(157)
  return { after, before }
}

/**
 * What the calls cost where the account would send them itself, without anybody's signature being looked at.
 *
 * @param {string} account
 * @param {readonly Call[]} calls
 * @param {Token | undefined} token
 */
async function feeFor(account, calls, token) {
  const flat = calls.flatMap(({ to, selector, calldata }) => [to, selector, hex(calldata.length), ...calldata])
  const bound = { max_amount: '0x0', max_price_per_unit: '0x0' }
  const nonce = await provider.getNonceForAddress(account, 'pre_confirmed').catch(() => {
    throw failure(150)
  })
  const answer = await fetch(options.node, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'starknet_simulateTransactions',
      params: {
        block_id: 'pre_confirmed',
        simulation_flags: ['SKIP_VALIDATE', 'SKIP_FEE_CHARGE'],
        transactions: [
          {
            type: 'INVOKE',
            version: '0x3',
            sender_address: account,
            calldata: [hex(calls.length), ...flat],
            signature: [],
            nonce,
            resource_bounds: { l1_gas: bound, l2_gas: bound, l1_data_gas: bound },
            tip: '0x0',
            paymaster_data: [],
            account_deployment_data: [],
            nonce_data_availability_mode: 'L1',
            fee_data_availability_mode: 'L1',
          },
        ],
      },
    }),
  })
  const { result, error } = /** @type {any} */ (await answer.json())
  const reverted = result?.[0]?.transaction_trace?.execute_invocation?.revert_reason
  if (error !== undefined || reverted !== undefined) throw failure(156, { execution_error: reverted ?? error })
  const fri = BigInt(result[0].fee_estimation.overall_fee) + OVERHEAD
  const estimated = token === undefined ? 0n : (fri * 10n ** BigInt(token.decimals)) / BigInt(token.price) + 1n
  return { fri, estimated, max: (estimated * 3n) / 2n }
}

/**
 * SNIP-9, version 2.
 *
 * @param {{ readonly after: number, readonly before: number }} window
 * @param {readonly Call[]} calls
 */
function typedData({ after, before }, calls) {
  const member = (/** @type {string} */ name, /** @type {string} */ type) => ({ name, type })
  return {
    types: {
      StarknetDomain: ['name', 'version', 'chainId', 'revision'].map((name) => member(name, 'shortstring')),
      OutsideExecution: [
        member('Caller', 'ContractAddress'),
        member('Nonce', 'felt'),
        member('Execute After', 'u128'),
        member('Execute Before', 'u128'),
        member('Calls', 'Call*'),
      ],
      Call: [member('To', 'ContractAddress'), member('Selector', 'selector'), member('Calldata', 'felt*')],
    },
    primaryType: 'OutsideExecution',
    domain: { name: CHAIN_NAME, version: '2', chainId, revision: '1' },
    message: {
      Caller: options.address,
      Nonce: hex(BigInt(`0x${randomBytes(30).toString('hex')}`)),
      'Execute After': hex(after),
      'Execute Before': hex(before),
      Calls: calls.map(({ to, selector, calldata }) => ({ To: to, Selector: selector, Calldata: calldata })),
    },
  }
}

/** @param {number | bigint} value */
function hex(value) {
  return `0x${value.toString(16)}`
}

const server = createServer((request, response) => {
  if (request.method === 'OPTIONS') {
    response.writeHead(204, OPEN).end()
    return
  }
  /** @type {Buffer[]} */
  const parts = []
  request.on('data', (part) => parts.push(part))
  request.on('end', async () => {
    const { id, method, params } = JSON.parse(Buffer.concat(parts).toString())
    const act = methods[method]
    const answer =
      act === undefined
        ? { error: { code: -32601, message: 'Method not found' } }
        : await act(params).then(
            (result) => ({ result }),
            (error) => ({ error: typeof error?.code === 'number' ? error : failure(163, String(error)) }),
          )
    response.writeHead(200, OPEN).end(JSON.stringify({ jsonrpc: '2.0', id, ...answer }))
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object' && address !== null)
    process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${address.port}` })}\n`)
})
