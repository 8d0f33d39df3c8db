import { ask, getLatchkey, type Wallet } from './wallet.ts'
import type { CosignParams, InvokeV3, SessionInfo, TypedData, WireFelt } from './wire.ts'

/** Who signs beside the key of a session. */
export interface Cosigner {
  /** @throws `{code, message, data}`: 210 to 217 say why it is not signed, 114 what is wrong with it */
  cosign(params: CosignParams): Promise<readonly [guardianPublicKey: WireFelt, r: WireFelt, s: WireFelt]>
}

/** Latchkey in this page. It opens no window: what does not fit is refused. */
export function walletCosigner(wallet: Wallet): Cosigner {
  return { cosign: (params) => ask(wallet, 'wallet_cosignSession', params) }
}

const BASE = 'https://latchkey.invalid/v1'

/**
 * Lets an unmodified @argent/x-sessions 8 or 9 be co-signed by Latchkey. From now on `fetch` answers exactly two POST
 * addresses under `base` in this page; every other call goes on to the `fetch` that was there. Give the returned address to
 * the library as `argentSessionServiceBaseUrl`.
 *
 * @param base an address that nobody can own; that of `wallet_supportedSessions` is the default
 * @param scope whose `fetch` it is: the page's own
 * @returns `base`
 */
export function installCosignerFetch(
  base: string = BASE,
  scope: Pick<typeof globalThis, 'fetch'> = globalThis,
): string {
  const before = scope.fetch
  const answers: Readonly<Record<string, (body: unknown) => Promise<Answer>>> = {
    [`${base}/cosigner/signSession`]: (body) => answer(() => ofTransaction(body)),
    [`${base}/cosigner/signSessionEFO`]: (body) => answer(() => ofOutside(body)),
  }
  scope.fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const url = typeof input === 'string' ? input : input instanceof URL ? input.href : input.url
    const act = Object.hasOwn(answers, url) ? answers[url] : undefined
    const method = init?.method ?? (input instanceof Request ? input.method : 'GET')
    if (act === undefined || method.toUpperCase() !== 'POST') return before.call(scope, input, init)
    const text = typeof init?.body === 'string' ? init.body : await new Request(input, init).text()
    const { status, json } = await act(parsed(text))
    return new Response(JSON.stringify(json), { status, headers: { 'content-type': 'application/json' } })
  }
  return base
}

interface Answer {
  readonly status: number
  readonly json: unknown
}
/** What a library's request means, and which word refuses it. */
interface Meant {
  readonly params: CosignParams
}
interface Refusal {
  readonly status: number
  readonly word: string
}

const BAD: Refusal = { status: 400, word: 'badRequest' }
const UNKNOWN: Refusal = { status: 404, word: 'unknownSession' }
/** By the code of the wallet's error (argent-sessions.md 13, rule 8). */
const WORDS: Readonly<Record<number, Refusal>> = {
  210: BAD,
  211: UNKNOWN,
  212: { status: 403, word: 'notActive' },
  213: { status: 403, word: 'outsidePolicy' },
  214: { status: 429, word: 'limitReached' },
  215: { status: 403, word: 'outsidePolicy' },
  216: { status: 423, word: 'locked' },
  217: { status: 403, word: 'outsidePolicy' },
}

async function answer(read: () => Promise<Meant | Refusal>): Promise<Answer> {
  const wallet = getLatchkey()
  if (wallet === undefined) return refusal(UNKNOWN)
  try {
    const meant = await read()
    if ('word' in meant) return refusal(meant)
    const [publicKey, r, s] = await walletCosigner(wallet).cosign(meant.params)
    return { status: 200, json: { signature: { publicKey, r: decimal(r), s: decimal(s) } } }
  } catch (error) {
    return refusal(wordOf(error), error)
  }
}

/** `status` is the word that the library tells as its cause; `error` is what the wallet said, for who looks. */
function refusal({ status, word }: Refusal, error?: unknown): Answer {
  const told = isCoded(error) ? { error: { code: error.code, message: error.message, data: error.data } } : {}
  return { status, json: { status: word, ...told } }
}

function wordOf(error: unknown): Refusal {
  if (!isCoded(error)) return BAD
  const data = isObject(error.data) ? error.data : {}
  if (error.code === 114 && data.at === '/transaction/nonce') return { status: 409, word: 'nonceMismatch' }
  if (error.code === 210 && data.feature === '/cache') return { status: 400, word: 'cacheUnsupported' }
  return WORDS[error.code] ?? BAD
}

async function ofTransaction(body: unknown): Promise<Meant | Refusal> {
  const found = await sessionIn(body)
  if ('word' in found) return found
  const tx = isObject(body) && isObject(body.transaction) ? body.transaction : {}
  const { session } = found
  const same =
    session === undefined || (isSame(tx.sender_address, session.account) && isSame(tx.chain_id, session.chain_id))
  if (!same || hex(tx.version) !== '0x3') return BAD
  const bounds = isObject(tx.resource_bounds) ? tx.resource_bounds : {}
  const transaction = {
    type: 'INVOKE',
    version: '0x3',
    sender_address: hex(tx.sender_address),
    calldata: listOf(tx.calldata).map(hex),
    nonce: hex(tx.nonce),
    tip: hex(tx.tip),
    resource_bounds: {
      l1_gas: boundOf(bounds.l1_gas),
      l2_gas: boundOf(bounds.l2_gas),
      l1_data_gas: boundOf(bounds.l1_data_gas),
    },
    paymaster_data: listOf(tx.paymaster_data),
    account_deployment_data: listOf(tx.account_deployment_data),
    nonce_data_availability_mode: modeOf(tx.nonce_data_availability_mode),
    fee_data_availability_mode: modeOf(tx.fee_data_availability_mode),
  }
  // The wallet reads it strictly: what is missing here is refused there, by its place.
  return { params: { ...found.params, transaction: transaction as unknown as InvokeV3 } }
}

async function ofOutside(body: unknown): Promise<Meant | Refusal> {
  const found = await sessionIn(body)
  if ('word' in found) return found
  const message = isObject(body) && isObject(body.message) ? body.message : {}
  const { session } = found
  const same = session === undefined || isSame(message.accountAddress, session.account)
  if (!same || !isObject(message.message)) return BAD
  const outside_execution = message.message as unknown as TypedData
  return { params: { ...found.params, outside_execution } }
}

type Found = {
  readonly session?: SessionInfo
  readonly params: Omit<CosignParams, 'transaction' | 'outside_execution'>
}

/** By its hash alone; what the body says of it besides must be what the wallet has. */
async function sessionIn(body: unknown): Promise<Found | Refusal> {
  const said = isObject(body) && isObject(body.session) ? body.session : {}
  const signature = isObject(said.sessionSignature) ? said.sessionSignature : {}
  const signer = isObject(signature.signer) ? signature.signer : {}
  const wallet = getLatchkey()
  if (wallet === undefined || signature.type !== 'StarknetKey') return BAD
  const all = await ask(wallet, 'wallet_getSessions', { include_ended: true })
  const session = all.find(({ chain }) => chain !== null && isSame(said.sessionHash, chain.session_hash))
  const [hash, r, s] = [hex(said.sessionHash), hex(signer.r), hex(signer.s)]
  if (hash === undefined || r === undefined || s === undefined) return BAD
  const cache = said.cacheAuthorisation === true ? { cache: true as const } : {}
  const params = { session_signature: [r, s] as const, ...cache }
  // A wallet that sleeps lists none, and says by itself that it does.
  if (session?.chain == null) return { params: { id: hash, ...params } }
  const own = session.chain.authorization ?? []
  const authorization = listOf(said.sessionAuthorisation)
  const isOurs = authorization.length === own.length && authorization.every((it, at) => isSame(it, own[at]))
  return isOurs ? { session, params: { id: session.id, ...params } } : BAD
}

function boundOf(bound: unknown) {
  const { max_amount, max_price_per_unit } = isObject(bound) ? bound : {}
  return { max_amount: hex(max_amount), max_price_per_unit: hex(max_price_per_unit) }
}

/** Some versions of the library write the mode as its number. */
function modeOf(mode: unknown): unknown {
  return mode === 0 || mode === '0x0' ? 'L1' : mode
}

/** Decimal or hex text, or a number, as the wallet takes it; anything else is `undefined`, which it refuses. */
function hex(value: unknown): string | undefined {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return undefined
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') return undefined
  try {
    const number = BigInt(value)
    return value === '' || number < 0n ? undefined : `0x${number.toString(16)}`
  } catch {
    return undefined
  }
}

function isSame(a: unknown, b: unknown): boolean {
  const value = hex(a)
  return value !== undefined && value === hex(b)
}

function decimal(value: WireFelt): string {
  return BigInt(value).toString()
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isCoded(error: unknown): error is { code: number; message: string; data?: unknown } {
  return isObject(error) && typeof error.code === 'number'
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
