/** A co-signer at a URL, asked in the shape of @argent/x-sessions (argent-sessions.md 13): what `installCosignerFetch` answers. */
import { CODES, type ErrorName, refused } from '../../core/errors.ts'
import { parseService } from '../../core/policy/payers.ts'
import type { Cosigner } from '../cosigner.ts'
import { malformed } from '../refusal.ts'
import type { SignableSession } from '../signer.ts'
import type { CosignParams, InvokeV3, WireFelt } from '../wire.ts'

export interface RelayOptions {
  /** Of what it is asked to sign: its shape names key, chain and authorization too. */
  readonly session: SignableSession
  /** In the place of this process's own. */
  readonly fetch?: Ask
  readonly timeoutMs?: number
}

type Ask = (url: string, init: RequestInit) => Promise<Response>

const TIMEOUT_MS = 30_000
const MAX_BYTES = 65_536

/**
 * Asks once: neither a redirect is followed nor anything sent again. An error of the co-signer comes as its code, 114 or 210 to
 * 217; anything else that is no answer as 163.
 *
 * @param url https, or on this computer; `/cosigner/signSession` goes behind it
 * @throws RangeError for another URL, and for a session whose key the wallet holds or that does not name it
 * @see agent.test.ts "is no answer, and is not asked again: a redirect"
 */
export function relayClient(
  url: string,
  { session, fetch: ask = globalThis.fetch, timeoutMs = TIMEOUT_MS }: RelayOptions,
): Cosigner {
  const { chain, chain_id, key } = session
  if (parseService(url) === undefined || url.includes('?'))
    throw new RangeError('expected a URL, https or on this computer')
  if (chain?.authorization === undefined) throw new RangeError('the key of this session is held by the wallet')
  const publicKey = 'public_key' in key ? key.public_key : undefined
  if (publicKey === undefined) throw new RangeError('expected a session that names its key')
  const address = `${url.replace(/\/$/, '')}/cosigner/signSession`
  const of = { sessionHash: chain.session_hash, sessionAuthorisation: chain.authorization }
  return {
    cosign: async (params) => {
      if (!('transaction' in params)) throw refused('SESSION_UNSUPPORTED', { feature: '/outside_execution' })
      const body = JSON.stringify({
        session: { ...of, ...signed(params, publicKey) },
        transaction: written(params.transaction, chain_id),
      })
      const { status, text } = await post(ask, address, body, timeoutMs)
      const answer = parsed(text)
      if (status !== 200) throw told(answer)
      const { publicKey: by, r, s } = members(members(answer).signature)
      return [hex(by), hex(r), hex(s)]
    },
  }
}

async function post(ask: Ask, url: string, body: string, timeoutMs: number) {
  try {
    const answer = await ask(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body,
      // It comes back as the answer that it is, and that is none of ours.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    })
    return { status: answer.status, text: await textOf(answer) }
  } catch (error) {
    throw Object.assign(noAnswer('expected an answer'), { cause: error })
  }
}

/** Counted as it comes: a length that is only said proves nothing. */
async function textOf({ body }: Response): Promise<string> {
  if (body === null) return ''
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let [text, size] = ['', 0]
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    size += value.length
    if (size > MAX_BYTES) {
      await reader.cancel()
      throw new RangeError(`more than ${MAX_BYTES} bytes`)
    }
    text += decoder.decode(value, { stream: true })
  }
}

function signed({ session_signature: [r, s], cache }: CosignParams, publicKey: WireFelt) {
  return {
    cacheAuthorisation: cache === true,
    sessionSignature: { type: 'StarknetKey', signer: { publicKey, r: decimal(r), s: decimal(s) } },
  }
}

function written(transaction: InvokeV3, chainId: WireFelt) {
  const { l1_gas, l2_gas, l1_data_gas } = transaction.resource_bounds
  const bound = ({ max_amount, max_price_per_unit }: typeof l1_gas) => ({
    max_amount: decimal(max_amount),
    max_price_per_unit: decimal(max_price_per_unit),
  })
  return {
    sender_address: transaction.sender_address,
    calldata: transaction.calldata.map(decimal),
    nonce: decimal(transaction.nonce),
    version: '3',
    chain_id: decimal(chainId),
    resource_bounds: { l1_gas: bound(l1_gas), l2_gas: bound(l2_gas), l1_data_gas: bound(l1_data_gas) },
    tip: decimal(transaction.tip),
    paymaster_data: [],
    account_deployment_data: [],
    nonce_data_availability_mode: 'L1',
    fee_data_availability_mode: 'L1',
  }
}

/** By its word where it tells no code (argent-sessions.md 13, rule 8). */
const BY_WORD: Readonly<Record<string, ErrorName>> = {
  badRequest: 'INVALID_REQUEST_PAYLOAD',
  nonceMismatch: 'INVALID_REQUEST_PAYLOAD',
  cacheUnsupported: 'SESSION_UNSUPPORTED',
  unknownSession: 'SESSION_NOT_FOUND',
  notActive: 'SESSION_NOT_ACTIVE',
  outsidePolicy: 'SESSION_RULE_MISMATCH',
  limitReached: 'SESSION_LIMIT_REACHED',
  locked: 'SESSION_WALLET_LOCKED',
}

/** Its code and its facts; a sentence of somebody else's is not repeated. */
function told(answer: unknown): Error {
  const { status, error } = members(answer)
  const { code, data } = members(error)
  const byCode = (Object.keys(CODES) as ErrorName[]).find((name) => MAY_SAY.has(code as number) && CODES[name] === code)
  if (byCode !== undefined) return refused(byCode, data)
  const byWord = typeof status === 'string' && Object.hasOwn(BY_WORD, status) ? BY_WORD[status] : undefined
  if (byWord === undefined) return noAnswer('expected a signature, or a word that refuses it')
  if (status === 'nonceMismatch') return malformed('/transaction/nonce', "expected the account's next")
  return refused(byWord, { status })
}
const MAY_SAY: ReadonlySet<number> = new Set([114, 210, 211, 212, 213, 214, 215, 216, 217])

function noAnswer(why: string): Error {
  return refused('UNKNOWN_ERROR', { reason: 'cosigner', why })
}

function decimal(value: WireFelt): string {
  return BigInt(value).toString()
}

/** Hex or decimal text. */
function hex(value: unknown): WireFelt {
  if (typeof value !== 'string' || !/^(?:0x[0-9a-fA-F]{1,64}|[0-9]{1,78})$/.test(value))
    throw noAnswer('expected a public key, r and s')
  return `0x${BigInt(value).toString(16)}`
}

function members(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
