// What every page here has: the wallet, the node, its buttons and what came of them. It needs no library; how it looks is
// in look.ts.
import { links, type MeterLine, type Scene, shell, showMeters, showScene } from './look.ts'

// Addresses come in the page's own URL: ?node=http://127.0.0.1:5050&token=0x…&game=0x…&coin=0x…&market=0x…&collection=0x…
const given = new URL(location.href).searchParams
const NODE = given.get('node') ?? 'http://127.0.0.1:5050'
export const TOKEN = given.get('token') ?? '0x0'
export const GAME = given.get('game') ?? '0x0'
export const COIN = given.get('coin') ?? '0x0'
export const MARKET = given.get('market') ?? '0x0'
export const COLLECTION = given.get('collection') ?? '0x0'
export const STRK = '0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d'

export interface Wallet {
  readonly version: string
  request<T = unknown>(call: { type: string; params?: object }): Promise<T>
  on(event: 'accountsChanged', handler: (accounts?: string[]) => void): void
  on(event: 'sessionsChanged', handler: (sessions?: Session[]) => void): void
}
export interface Session {
  readonly id: string
  readonly tag?: string
  readonly status: string
  readonly narrowed: string[]
  readonly meters: { readonly id: string; readonly window: Period; readonly limit: string; readonly left: string }[]
}
type Period = 'session' | { readonly calendar: string } | { readonly fixed: number } | { readonly rolling: number }
export interface Call {
  readonly contract_address: string
  readonly entry_point: string
  readonly calldata: string[]
}
interface WalletError extends Error {
  readonly code?: number
  readonly data?: unknown
}

declare global {
  interface Window {
    readonly starknet_latchkey?: Wallet
  }
}

export const coins = (n: number) => BigInt(n) * 10n ** 18n
export const felt = (value: bigint | number) => `0x${value.toString(16)}`
export const u256 = (value: bigint) => [felt(value & (2n ** 128n - 1n)), felt(value >> 128n)]
export const call = (contract_address: string, entry_point: string, ...calldata: string[]): Call => ({
  contract_address,
  entry_point,
  calldata,
})

/** What the page's own buttons act with. */
export interface Desk {
  ask<T>(type: string, params?: object): Promise<T>
  /** The account that the person lets this page see. */
  me(): string
  session(): Session
  /** With this session or not at all: no window ever opens. */
  byItself(...calls: Call[]): Promise<string>
  /** Without the hint `only` the wallet would ask the person about a call that does not fit. */
  askingMe(...calls: Call[]): Promise<string>
}

/** What a page says of itself. */
export interface About {
  readonly title: string
  readonly pitch: string
  /** Its own code, which stands beside it. */
  readonly code: string
}

/** After each act the scene is read from the chain again. */
let acted: () => void = () => undefined

/**
 * Draws the page, and its buttons if there is a wallet.
 *
 * @param asks what this page asks for: the person sees it in words, may narrow it, and says yes once
 * @param draw its buttons; answers how its scene is read from the chain
 */
export async function open(
  about: About,
  asks: { readonly tag?: string; readonly calls: readonly object[] },
  draw: (desk: Desk) => () => Promise<Scene>,
): Promise<void> {
  shell({ ...about, asks: JSON.stringify(asks, undefined, 2) })
  links(location.search)
  const wallet = window.starknet_latchkey
  if (!wallet) return show('support', 'supports sessions: false (Latchkey is not installed)')

  let account: string | undefined
  let session: Session | undefined
  const ask = <T>(type: string, params: object = {}) => wallet.request<T>({ type, params })
  const me = () => {
    if (!account) throw new Error('Connect first')
    return account
  }
  const running = () => {
    if (!session) throw new Error('Request a session first')
    return session
  }
  const send = async (calls: Call[], hint: object) => {
    const { transaction_hash } = await ask<{ transaction_hash: string }>('wallet_addInvokeTransaction', {
      calls,
      session: hint,
    })
    return transaction_hash
  }

  button('Connect', async () => {
    await connect(false)
    return `account ${me()}`
  })
  button('Request session', async () => {
    session = await ask<Session>('wallet_requestSession', asks)
    if (!account) await connect(true)
    showSession()
    const narrowed = session.narrowed.length > 0 ? `, narrowed at ${session.narrowed.join(' ')}` : ''
    return `session ${session.id} is ${session.status}${narrowed}`
  })
  const scene = draw({
    ask,
    me,
    session: running,
    byItself: (...calls) => send(calls, { mode: 'only', id: running().id }),
    askingMe: (...calls) => send(calls, { mode: 'auto' }),
  })
  let reads = 0
  acted = () => {
    if (!account) return
    reads += 1
    const mine = reads
    // An older one may come later; with a node that is gone the scene stays as it was.
    scene().then(
      (found) => mine === reads && showScene(found),
      () => undefined,
    )
  }
  button('End session', async () => {
    await ask('wallet_revokeSession', { id: running().id, on_chain: 'now' })
    return 'ended here; on chain as soon as its transaction is in'
  })

  wallet.on('sessionsChanged', (all) => {
    session = all?.find(({ id }) => id === session?.id) ?? all?.find(isOurs) ?? session
    showSession()
  })
  wallet.on('accountsChanged', (accounts) => {
    account = accounts?.[0]
    show('account', account ?? 'not connected')
    acted()
  })

  // Any error means "no sessions": another wallet does not know the method.
  const supports = await ask('wallet_supportedSessions').then(
    () => true,
    () => false,
  )
  show('support', `supports sessions: ${supports}`)
  await connect(true)
  if (account) session = (await ask<Session[]>('wallet_getSessions')).find(isOurs)
  showSession()
  acted()

  async function connect(silently: boolean) {
    const accounts = await ask<string[]>('wallet_requestAccounts', { silent_mode: silently })
    account = accounts[0]
    show('account', account ?? 'not connected')
  }

  /** The pages share an origin; each knows its own session by its tag. */
  function isOurs({ status, tag }: Session): boolean {
    return status === 'active' && (tag === undefined ? '' : text(tag)) === (asks.tag ?? '')
  }

  function showSession() {
    show('session', session ? session.status : 'none')
    showMeters((session?.meters ?? []).map(lineOf))
  }
}

const MONEY: Readonly<Record<string, string>> = { spend: 'to spend', fee: 'for fees' }
const COUNTS: Readonly<Record<string, string>> = { tx: 'transactions', calls: 'calls', nft: 'items' }
/** What is left of one limit. */
function lineOf({ id, window, limit, left }: Session['meters'][number]): MeterLine {
  const [kind = '', of] = id.split(':')
  const share = BigInt(limit) === 0n ? 0 : Number((BigInt(left) * 1000n) / BigInt(limit)) / 1000
  const money = MONEY[kind]
  if (money === undefined || of === undefined)
    return { name: `${COUNTS[kind] ?? kind}${each(window)}`, left: `${left} of ${limit} left`, share }
  const whole = (units: string) => inCoins([BigInt(units)])
  return { name: `${symbolOf(of)} ${money}${each(window)}`, left: `${whole(left)} of ${whole(limit)} left`, share }
}
/** Seconds in a word. */
const PERIODS = new Map([
  [60, 'minute'],
  [3_600, 'hour'],
  [86_400, 'day'],
  [604_800, 'week'],
])
function each(window: Period): string {
  if (window === 'session') return ''
  if ('calendar' in window) return ` a ${window.calendar}`.replace(' a h', ' an h')
  const seconds = 'fixed' in window ? window.fixed : window.rolling
  const period = PERIODS.get(seconds)
  return period === undefined ? ` in ${seconds} s` : ` in each ${period}`
}
const symbolOf = (token: string) =>
  [[STRK, 'STRK'] as const, [TOKEN, 'TEST'] as const, [COIN, 'OTHER'] as const].find(
    ([address]) => BigInt(address) === BigInt(token),
  )?.[1] ?? 'tokens'

/** A felt as the ASCII text it stands for. */
const text = (felt: string) =>
  felt
    .slice(2)
    .replace(/^(..)*.$/, '0$&')
    .replace(/../g, (byte) => String.fromCharCode(Number.parseInt(byte, 16)))

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
export async function settled(transaction_hash: string): Promise<string> {
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
  allowance: '0x1e888a1026b19c8c0b57c72d63ed1737106aa10034105b980ba117bd0c29fe1',
  position: '0x334f8ce3b01e25d0b6fe82d0fdb6eb534f3183d7dc5a6bb44d8eb9f676f650c',
  moves: '0x4046c2876363959416350adb78e10f873976fc504d0e7b8b47da3dd5712bea',
} as const

export async function read(
  contract_address: string,
  view: keyof typeof SELECTORS,
  ...calldata: string[]
): Promise<bigint[]> {
  const request = { contract_address, entry_point_selector: SELECTORS[view], calldata }
  return (await node<string[]>('starknet_call', { request, block_id: 'latest' })).map(BigInt)
}

/** In whole coins, with all decimals that are not zero. */
export async function balance(token: string, of: string): Promise<string> {
  return inCoins(await read(token, 'balance_of', of))
}

export function inCoins([low = 0n, high = 0n]: bigint[]): string {
  const digits = ((high << 128n) + low).toString().padStart(19, '0')
  return `${digits.slice(0, -18)}.${digits.slice(-18)}`.replace(/\.?0+$/, '')
}

function show(id: string, text: string) {
  const element = document.getElementById(id)
  if (element) element.textContent = text
}

export function button(name: string, act: () => Promise<string>) {
  const element = document.createElement('button')
  element.textContent = name
  if (name === 'Request session') element.className = 'main'
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
    acted()
  })
  document.getElementById('buttons')?.append(element)
}
