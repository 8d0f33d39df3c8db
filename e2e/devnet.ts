import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { Account, byteArray, CallData, type CompiledSierra, cairo, logger, RpcProvider } from 'starknet'

/**
 * A chain of its own for a test: a real starknet-devnet with a block for each transaction, so that nonces are as strict as
 * on the network (argent-sessions.md 19), and with the Argent account class declared.
 */
export interface Devnet {
  readonly url: string
  readonly port: number
  /** The first predeployed account: declares, deploys and pays what a test prepares. */
  readonly account: Account
  /** One JSON-RPC request; throws with the node's code and message. */
  rpc<T = unknown>(method: string, params?: object): Promise<T>
  /** @param amount in fri (10^-18 STRK), above what the account has */
  mint(address: string, amount: bigint): Promise<void>
  createBlock(): Promise<void>
  /** @param time unix seconds; a block is made, so that it holds at once */
  setTime(time: number): Promise<void>
  /** @param seconds ahead; a block is made, so that it holds at once */
  increaseTime(seconds: number): Promise<void>
  /** Takes back this block and all after it. Only with `archive`. */
  abortFrom(block: number): Promise<void>
  stop(): Promise<void>
}

/** Addresses of the contracts that every page of the playground knows. */
export interface Fixtures {
  readonly token: string
  readonly game: string
  /** Another token, which the market has plenty of. */
  readonly coin: string
  readonly market: string
  readonly collection: string
}

/** What a refused request throws: an Error that also carries what the node said. */
export type NodeError = Error & { readonly code: number; readonly data?: unknown }

// starknet.js warns of a chain too young to know a usual tip.
logger.setLogLevel('ERROR')

const SEED = '1'
const READY_MS = 60_000

/**
 * @param options.port where it listens; without one a free port from 20000 up, because fetch refuses some of the lower ones
 * @param options.chain whose id it has; without one Sepolia's
 * @param options.archive keeps the state of each block, without which none can be taken back
 */
export async function startDevnet(
  options: { port?: number; archive?: boolean; chain?: 'MAINNET' } = {},
): Promise<Devnet> {
  const binary = process.env.DEVNET_PATH
  if (!binary) throw new Error('DEVNET_PATH is not set: run .ci/setup.sh, which writes it to .env.local')
  const port = options.port ?? (await freePort())
  const flags = ['--host', '127.0.0.1', '--port', String(port), '--seed', SEED, '--predeclare-argent']
  const archive = options.archive ? ['--state-archive-capacity', 'full'] : []
  const chain = options.chain === undefined ? [] : ['--chain-id', options.chain]
  const child = spawn(binary, [...flags, ...archive, ...chain], { stdio: ['ignore', 'ignore', 'pipe'] })
  const kill = () => void child.kill('SIGKILL')
  process.once('exit', kill)
  const url = `http://127.0.0.1:${port}`
  const rpc = <T>(method: string, params: object = {}) => request<T>(url, method, params)
  try {
    await ready(child, url)
    const [first] = await rpc<{ address: string; private_key: string }[]>('devnet_getPredeployedAccounts')
    if (!first) throw new Error('devnet has no predeployed account')
    const provider = await RpcProvider.create({ nodeUrl: `${url}/rpc` })
    return {
      url,
      port,
      account: new Account({ provider, address: first.address, signer: first.private_key }),
      rpc,
      mint: async (address, amount) => void (await rpc('devnet_mint', { address, amount, unit: 'FRI' })),
      createBlock: async () => void (await rpc('devnet_createBlock')),
      setTime: async (time) => void (await rpc('devnet_setTime', { time, generate_block: true })),
      increaseTime: async (time) => void (await rpc('devnet_increaseTime', { time })),
      abortFrom: async (block_number) =>
        void (await rpc('devnet_abortBlocks', { starting_block_id: { block_number } })),
      stop: () => stop(child, kill),
    }
  } catch (error) {
    await stop(child, kill)
    throw error
  }
}

const deployed = new WeakMap<Devnet, Promise<Fixtures>>()

/** Declares the classes and deploys the fixtures through the UDC; once for each devnet. */
export function deployFixtures(devnet: Devnet): Promise<Fixtures> {
  const known = deployed.get(devnet) ?? deployAll(devnet)
  deployed.set(devnet, known)
  return known
}

export type ContractName =
  | 'token'
  | 'game'
  | 'collection'
  | 'market'
  | 'fee_token'
  | 'replaceable'
  | 'replacement'
  | 'rebasing'
  | 'proxy'

export const sierraOf = (name: ContractName): CompiledSierra => readJson(`contracts/${name}.sierra.json`)
export const hashesOf = (name: ContractName): { class_hash: string; compiled_class_hash: string } =>
  readJson<Record<ContractName, { class_hash: string; compiled_class_hash: string }>>('contracts/hashes.json')[name]

/**
 * The hash a sequencer gives to what it compiles from our Sierra. There is no compiler here: the refusal of a fee estimate
 * with any other hash names the expected one (toolchain.md 17).
 */
export async function compiledClassHash(devnet: Devnet, sierra: CompiledSierra): Promise<string> {
  const refusal = await devnet.account.estimateDeclareFee({ contract: sierra, compiledClassHash: '0x1' }).then(
    () => '',
    (error: unknown) => String(error),
  )
  const expected = /Expected: (0x[0-9a-f]+)/i.exec(refusal)?.[1]
  if (expected === undefined) throw new Error(`devnet named no compiled class hash: ${refusal.slice(0, 400)}`)
  return expected
}

/** Declares the class unless this devnet has it already. */
export async function declare(devnet: Devnet, name: ContractName): Promise<string> {
  const { class_hash, compiled_class_hash } = hashesOf(name)
  const { account } = devnet
  const { transaction_hash } = await account.declareIfNot({
    contract: sierraOf(name),
    classHash: class_hash,
    compiledClassHash: compiled_class_hash,
  })
  if (transaction_hash) await account.provider.waitForTransaction(transaction_hash, { retryInterval: 50 })
  return class_hash
}

export async function deploy(
  devnet: Devnet,
  classHash: string,
  constructorCalldata: readonly string[] = [],
): Promise<string> {
  const { account } = devnet
  const made = await account.deploy({
    classHash,
    constructorCalldata: [...constructorCalldata],
    salt: '0x1',
    unique: false,
  })
  // `deployContract` would look for the receipt every five seconds.
  await account.provider.waitForTransaction(made.transaction_hash, { retryInterval: 50 })
  const [address] = made.contract_address
  if (address === undefined) throw new Error('the deployer named no address')
  return `0x${BigInt(address).toString(16)}`
}

async function deployAll(devnet: Devnet): Promise<Fixtures> {
  const coins = await declare(devnet, 'token')
  const token = await deploy(devnet, coins, byteArrays('Test coin', 'TEST'))
  const coin = await deploy(devnet, coins, byteArrays('Other coin', 'OTHER'))
  const game = await deploy(devnet, await declare(devnet, 'game'))
  const market = await deploy(devnet, await declare(devnet, 'market'))
  const collection = await deploy(devnet, await declare(devnet, 'collection'), byteArrays('Test items', 'ITEM'))
  const plenty = CallData.compile([market, cairo.uint256(10n ** 27n)])
  const { account } = devnet
  const minted = await account.execute({ contractAddress: coin, entrypoint: 'mint', calldata: plenty })
  await account.provider.waitForTransaction(minted.transaction_hash, { retryInterval: 50 })
  return { token, game, coin, market, collection }
}

const byteArrays = (...texts: string[]) => CallData.compile(texts.map((text) => byteArray.byteArrayFromString(text)))

async function ready(child: ChildProcess, url: string) {
  let said = ''
  child.stderr?.on('data', (bytes) => {
    said = `${said}${bytes}`.slice(-2_000)
  })
  const from = performance.now()
  while (performance.now() - from < READY_MS) {
    if (child.exitCode !== null) throw new Error(`devnet ended with ${child.exitCode}: ${said}`)
    const alive = await fetch(`${url}/is_alive`).then(
      (answer) => answer.ok,
      () => false,
    )
    if (alive) return
    await setTimeout(50)
  }
  throw new Error(`devnet was not ready within ${READY_MS / 1000} s: ${said}`)
}

async function stop(child: ChildProcess, kill: () => void) {
  process.off('exit', kill)
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  kill()
  await ended
}

async function request<T>(url: string, method: string, params: object): Promise<T> {
  const answer = await fetch(`${url}/rpc`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: withBigints({ jsonrpc: '2.0', id: 1, method, params }),
  })
  const { result, error } = (await answer.json()) as {
    result?: T
    error?: { code: number; message: string; data?: unknown }
  }
  if (error) {
    const details = error.data === undefined ? '' : ` ${JSON.stringify(error.data)}`
    throw Object.assign(new Error(`${error.code} ${error.message}${details}`), { code: error.code, data: error.data })
  }
  return result as T
}

/** JSON in which a bigint is a number with all its digits: `devnet_mint` reads amounts so. */
function withBigints(value: unknown): string {
  return JSON.stringify(value, (_, it) => (typeof it === 'bigint' ? `#${it}#` : it)).replaceAll(/"#(\d+)#"/g, '$1')
}

async function freePort(): Promise<number> {
  for (;;) {
    const port = await new Promise<number>((resolve, reject) => {
      const server = createServer()
      server.once('error', reject)
      server.listen(0, '127.0.0.1', () => {
        const at = server.address()
        server.close(() => resolve(typeof at === 'object' && at ? at.port : 0))
      })
    })
    if (port >= 20_000) return port
  }
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as T
}
