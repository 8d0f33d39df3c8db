// The example dApp. It needs no library: a wallet object, JSON, and a node to read the chain with.
// Addresses come in the page's own URL: ?node=http://127.0.0.1:5050&token=0x…&game=0x…
const given = new URL(location.href).searchParams
const NODE = given.get('node') ?? 'http://127.0.0.1:5050'
const TOKEN = given.get('token') ?? '0x0'
const GAME = given.get('game') ?? '0x0'
const STRK = '0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d'

interface Wallet {
  readonly version: string
  request<T = unknown>(call: { type: string; params?: object }): Promise<T>
  on(event: 'accountsChanged', handler: (accounts?: string[]) => void): void
  on(event: 'sessionsChanged', handler: (sessions?: Session[]) => void): void
}
interface Meter {
  readonly id: string
  readonly limit: string
  readonly left: string
}
interface Session {
  readonly id: string
  readonly status: string
  readonly narrowed: string[]
  readonly policy: { readonly valid_until?: number }
  readonly meters: Meter[]
}
interface Call {
  readonly contract_address: string
  readonly entry_point: string
  readonly calldata: string[]
}
interface WalletError extends Error {
  readonly code?: number
  readonly data?: unknown
}

export {}

declare global {
  interface Window {
    readonly starknet_latchkey?: Wallet
  }
}

const coins = (n: number) => BigInt(n) * 10n ** 18n
const felt = (value: bigint | number) => `0x${value.toString(16)}`
const u256 = (value: bigint) => [felt(value & (2n ** 128n - 1n)), felt(value >> 128n)]

const move = (x: number, y: number): Call => ({
  contract_address: GAME,
  entry_point: 'move',
  calldata: [felt(x), felt(y)],
})
const mint = (to: string, amount: bigint): Call => ({
  contract_address: TOKEN,
  entry_point: 'mint',
  calldata: [to, ...u256(amount)],
})
const pay = (to: string, amount: bigint): Call => ({
  contract_address: STRK,
  entry_point: 'transfer',
  calldata: [to, ...u256(amount)],
})
const reset: Call = { contract_address: GAME, entry_point: 'reset', calldata: [] }

/** What this site asks for: the person sees it in words, may narrow it, and says yes once. */
const ASK = {
  calls: [
    { contract_address: GAME, entry_point: ['move', 'doAction', 'say'], required: true },
    { contract_address: TOKEN, entry_point: 'mint' },
    { contract_address: STRK, entry_point: 'transfer' },
  ],
  spend_limits: [{ token: STRK, total: coins(5).toString(), per_call: coins(2).toString() }],
  duration: 3600,
  reason: 'Play rounds without a window for each move.',
}

let account: string | undefined
let session: Session | undefined

const wallet = window.starknet_latchkey
if (wallet) await start(wallet)
else show('support', 'supports sessions: false (Latchkey is not installed)')

async function start(wallet: Wallet) {
  const ask = <T>(type: string, params: object = {}) => wallet.request<T>({ type, params })
  const send = async (calls: Call[], hint: object) => {
    const { transaction_hash } = await ask<{ transaction_hash: string }>('wallet_addInvokeTransaction', {
      calls,
      session: hint,
    })
    return transaction_hash
  }
  // `only`: with this session or not at all. Without it the wallet would ask the person about a call that does not fit.
  const byItself = (...calls: Call[]) => send(calls, { mode: 'only', id: running().id })

  button('Connect', async () => {
    await connect(false)
    return `account ${me()}`
  })
  button('Request session', async () => {
    session = await ask<Session>('wallet_requestSession', ASK)
    if (!account) await connect(true)
    showSession()
    return `session ${session.id} is ${session.status}${narrowed(session)}`
  })
  button('Use session', async () => {
    const result = await settled(await byItself(mint(me(), coins(666))))
    return `${result}, balance ${await balance(TOKEN, me())}`
  })
  button('Play 20 moves', async () => {
    const before = await moves()
    const hashes: string[] = []
    for (let round = 1; round <= 20; round += 1) hashes.push(await byItself(move(round, round * 2)))
    const results = await Promise.all(hashes.map(settled))
    const failed = results.filter((result) => result !== 'SUCCEEDED')
    const [x, y] = await read(GAME, 'position', me())
    return `${20 - failed.length} of 20 SUCCEEDED, moves ${before} → ${await moves()}, position ${x}, ${y}`
  })
  button('Spend over the limit', async () => settled(await byItself(pay(GAME, coins(3)))))
  button('Spend over the limit, ask me', async () => {
    const result = await settled(await send([pay(GAME, coins(3))], { mode: 'auto' }))
    return `${result}, STRK left ${await balance(STRK, me())}`
  })
  button('Call something else', async () => settled(await byItself(reset)))
  button('End session', async () => {
    await ask('wallet_revokeSession', { id: running().id, on_chain: 'now' })
    return 'ended here; on chain as soon as its transaction is in'
  })

  wallet.on('sessionsChanged', (all) => {
    session = all?.find(({ id }) => id === session?.id) ?? all?.find(({ status }) => status === 'active') ?? session
    showSession()
  })
  wallet.on('accountsChanged', (accounts) => {
    account = accounts?.[0]
    show('account', account ?? 'not connected')
  })

  // Any error means "no sessions": another wallet does not know the method.
  const supports = await ask('wallet_supportedSessions').then(
    () => true,
    () => false,
  )
  show('support', `supports sessions: ${supports}`)
  await connect(true)
  if (account) session = (await ask<Session[]>('wallet_getSessions')).find(({ status }) => status === 'active')
  showSession()

  async function connect(silently: boolean) {
    const accounts = await ask<string[]>('wallet_requestAccounts', { silent_mode: silently })
    account = accounts[0]
    show('account', account ?? 'not connected')
  }
}

function me(): string {
  if (!account) throw new Error('Connect first')
  return account
}

function running(): Session {
  if (!session) throw new Error('Request a session first')
  return session
}

const narrowed = ({ narrowed }: Session) => (narrowed.length > 0 ? `, narrowed at ${narrowed.join(' ')}` : '')

/** One JSON-RPC request to the node: what the wallet says is one thing, what the chain holds is another. */
async function node<T>(method: string, params: object): Promise<T> {
  const answer = await fetch(`${NODE}/rpc`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
  const { result, error } = (await answer.json()) as { result?: T; error?: { code: number; message: string } }
  if (error) throw Object.assign(new Error(error.message), { code: error.code })
  return result as T
}

/** SUCCEEDED, or why not. */
async function settled(transaction_hash: string): Promise<string> {
  type Receipt = { execution_status: string; revert_reason?: string }
  for (let tries = 0; tries < 300; tries += 1) {
    const receipt = await node<Receipt>('starknet_getTransactionReceipt', { transaction_hash }).catch(() => undefined)
    if (receipt) return receipt.revert_reason ? `REVERTED: ${receipt.revert_reason}` : receipt.execution_status
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error(`${transaction_hash} is not included after a minute`)
}

/** Views by their selector, the first 250 bits of keccak(name): fixed names need no hash function here. */
const SELECTORS = {
  balance_of: '0x35a73cd311a05d46deda634c5ee045db92f811b4e74bca4437fcb5302b7af33',
  position: '0x334f8ce3b01e25d0b6fe82d0fdb6eb534f3183d7dc5a6bb44d8eb9f676f650c',
  moves: '0x4046c2876363959416350adb78e10f873976fc504d0e7b8b47da3dd5712bea',
} as const

async function read(contract_address: string, view: keyof typeof SELECTORS, of: string): Promise<bigint[]> {
  const request = { contract_address, entry_point_selector: SELECTORS[view], calldata: [of] }
  return (await node<string[]>('starknet_call', { request, block_id: 'latest' })).map(BigInt)
}

const moves = async () => (await read(GAME, 'moves', me()))[0] ?? 0n

/** In whole coins, with all decimals that are not zero. */
async function balance(token: string, of: string): Promise<string> {
  const [low = 0n, high = 0n] = await read(token, 'balance_of', of)
  const digits = ((high << 128n) + low).toString().padStart(19, '0')
  return `${digits.slice(0, -18)}.${digits.slice(-18)}`.replace(/\.?0+$/, '')
}

function showSession() {
  if (!session) return show('session', 'none')
  const left = session.meters.map((meter) => `${meter.id} ${meter.left} of ${meter.limit} left`).join(' · ')
  show('session', `${session.status} · ${left}`)
}

function show(id: string, text: string) {
  const element = document.getElementById(id)
  if (element) element.textContent = text
}

function button(name: string, act: () => Promise<string>) {
  const element = document.createElement('button')
  element.textContent = name
  element.addEventListener('click', async () => {
    element.disabled = true
    const line = document.createElement('li')
    try {
      line.textContent = `${name}: ${await act()}`
    } catch (error) {
      const { code, message, data } = error as WalletError
      line.className = 'failed'
      line.textContent = `${name}: ${code ?? ''} ${message} ${data === undefined ? '' : JSON.stringify(data)}`.trim()
    }
    document.getElementById('results')?.append(line)
    element.disabled = false
  })
  document.getElementById('buttons')?.append(element)
}
