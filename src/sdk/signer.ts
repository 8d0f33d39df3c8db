import { type AllowArray, type Call, type SignerInterface, transaction } from 'starknet'
import type { Address, Felt, Selector } from '../core/felt.ts'
import { type PrivateKey, privateKeyFrom, publicKey, type Signature, sign, verify } from '../starknet/curve.ts'
import { type Bounds, type Invoke, invokeBody, invokeHash, readExecuteCalldata } from '../starknet/invoke.ts'
import {
  type Authorization,
  methodKey,
  methodTree,
  readAuthorization,
  sessionHash,
  sessionMessage,
  sessionToken,
  signerGuid,
} from '../starknet/session-token.ts'
import type { Cosigner } from './cosigner.ts'
import { malformed, refusal } from './refusal.ts'
import { boundsFor, demandRoom, gasOf, type Node, nextNonce } from './room.ts'
import type { InvokeV3, SessionInfo, WireFelt } from './wire.ts'

/** What signing takes of a session. */
export type SignableSession = Pick<SessionInfo, 'id' | 'account' | 'chain_id' | 'key' | 'chain'>
export interface SessionSignerParts {
  /** Of the wallet, with a key that the page or an agent holds; or one's own, of `ownSession`. */
  readonly session: SignableSession
  /** Of `generateSessionKey`. It stays here: neither the co-signer nor the node gets it. */
  readonly privateKey: WireFelt
  readonly cosigner: Cosigner
  /** Asked for an estimate before each signature: starknet.js' own leaves out what the account checks, a third of the gas. */
  readonly node: Node
}

type Details = Parameters<SignerInterface['signTransaction']>[1]
/** What starknet.js' `execute` takes beside the calls. */
export interface Prepared {
  readonly nonce: bigint
  readonly tip: bigint
  readonly resourceBounds: Details['resourceBounds']
}

/**
 * The signer of a starknet.js `Account` that acts inside a session whose key the page or an agent holds. The session's key
 * signs, the co-signer signs beside it, and both go into the session's token (argent-sessions.md 2).
 *
 * @example
 * const signer = new SessionSigner({ session, privateKey, cosigner: walletCosigner(wallet), node: provider })
 * const account = new Account({ provider, address: session.account, signer, cairoVersion: '1' })
 * await account.execute(calls, await signer.prepare(calls))
 */
export class SessionSigner implements SignerInterface {
  readonly #key: PrivateKey
  readonly #session: Held
  readonly #cosigner: Cosigner
  readonly #node: Node

  /** @throws RangeError for a session of another key, of the wallet's own, or whose parts do not give its hash */
  constructor({ session, privateKey, cosigner, node }: SessionSignerParts) {
    this.#key = keyOf(privateKey)
    this.#session = heldBy(publicKey(this.#key), session)
    this.#cosigner = cosigner
    this.#node = node
  }

  async getPubKey(): Promise<string> {
    return this.#session.publicKey
  }

  /**
   * The next nonce, no tip, and bounds with room for what the account checks: half as much again as it takes.
   *
   * @throws 213 and 215 for a call that the session does not allow; 217 when the calls fail at the node
   */
  async prepare(calls: AllowArray<Call>): Promise<Prepared> {
    const all = callsOf([calls].flat())
    const proofs = proofsOf(this.#session, all)
    const nonce = await nextNonce(this.#node, this.#session.account)
    const bounds = boundsFor(await this.#gasOf({ calls: all, nonce: hex(nonce) }, proofs))
    const resourceBounds = {
      l1_gas: written(bounds.l1_gas),
      l2_gas: written(bounds.l2_gas),
      l1_data_gas: written(bounds.l1_data_gas),
    }
    return { nonce, tip: 0n, resourceBounds }
  }

  /**
   * The session's token. What the chain would not take, or take the fee for, is refused before anything is signed.
   *
   * @throws 213 and 215 for a call that the session does not allow; 114 naming what is wrong with the transaction; 217 when the
   * calls fail at the node; 163 for an answer of the co-signer that is none; and what the co-signer throws
   * @see signer.test.ts "a call outside the session is refused before anybody is asked"
   */
  async signTransaction(calls: Call[], details: Details): Promise<string[]> {
    const { id, account, chainId, hash, token, authorization } = this.#session
    demandPlain(details, this.#session)
    const built: Invoke = {
      chainId,
      sender: account,
      calls: callsOf(calls),
      nonce: hex(details.nonce),
      tip: BigInt(details.tip),
      bounds: boundsOf(details.resourceBounds),
    }
    const proofs = proofsOf(this.#session, built.calls)
    demandRoom(built.bounds, await this.#gasOf(built, proofs))
    const message = sessionMessage(invokeHash(built), hash)
    const session = sign(message, this.#key)
    const answer = await this.#cosigner.cosign({
      id,
      session_signature: [session.r, session.s],
      transaction: unsigned(built),
    })
    const { key, guardian } = answerOf(answer)
    if (key !== authorization.guardianPublicKey) throw noCosigner('expected the second key of this session')
    if (!verify(message, guardian, key)) throw noCosigner('expected a signature over this transaction')
    return sessionToken({ ...token, authorization, session, guardian, proofs })
  }

  /** @throws 210: on the chain the key of a session signs nothing but calls */
  async signMessage(): Promise<never> {
    throw refusal(210, 'SESSION_UNSUPPORTED', { feature: 'signMessage' })
  }
  /** @throws 210 */
  async signDeployAccountTransaction(): Promise<never> {
    throw refusal(210, 'SESSION_UNSUPPORTED', { feature: 'signDeployAccountTransaction' })
  }
  /** @throws 210 */
  async signDeclareTransaction(): Promise<never> {
    throw refusal(210, 'SESSION_UNSUPPORTED', { feature: 'signDeclareTransaction' })
  }

  #gasOf(built: Pick<Invoke, 'calls' | 'nonce'>, proofs: readonly (readonly Felt[])[]) {
    const { chainId, account: sender, token } = this.#session
    const { calls, nonce } = built
    const proofLengths = proofs.map(({ length }) => length)
    return gasOf(this.#node, { chainId, sender, calls, nonce }, { expiresAt: token.expiresAt, proofLengths })
  }
}

/** What signing needs of a session, checked to be of one piece. */
export interface Held {
  readonly id: string
  readonly account: Address
  readonly chainId: Felt
  readonly publicKey: Felt
  readonly hash: Felt
  readonly authorization: Authorization
  readonly proofs: ReadonlyMap<string, readonly Felt[]>
  readonly token: {
    readonly expiresAt: number
    readonly root: Felt
    readonly metadata: string
    readonly sessionPublicKey: Felt
  }
}

/** @throws RangeError for a session of another key, of the wallet's own, or whose parts do not give its hash */
export function heldBy(publicKey: Felt, { id, account, chain_id, chain }: SignableSession): Held {
  if (chain?.authorization === undefined) throw new RangeError('the key of this session is held by the wallet')
  const sessionKeyGuid = signerGuid(publicKey)
  if (hex(chain.session_key_guid) !== sessionKeyGuid) throw new RangeError('expected the key of this session')
  const methods = chain.allowed_methods.map(
    ({ contract_address, selector }): MethodOf => [hex(contract_address) as Address, hex(selector) as Selector],
  )
  // In the order that was signed: another order is another root.
  const { root, proofs } = methodTree(methods, 'written')
  const parts = {
    chainId: hex(chain_id),
    account: hex(account) as Address,
    expiresAt: chain.expires_at,
    root,
    metadata: chain.metadata,
    sessionKeyGuid,
  }
  const hash = sessionHash(parts)
  if (hash !== hex(chain.session_hash)) throw new RangeError('the parts of this session do not give its hash')
  return {
    id,
    account: parts.account,
    chainId: parts.chainId,
    publicKey,
    hash,
    authorization: readAuthorization(chain.authorization.map(hex)),
    proofs,
    token: { expiresAt: parts.expiresAt, root, metadata: parts.metadata, sessionPublicKey: publicKey },
  }
}
type MethodOf = Parameters<typeof methodTree>[0][number]

/** As `Account` compiles them for an account of Cairo 1, so that what is signed is what is sent. */
function callsOf(calls: Call[]): Invoke['calls'] {
  const read = readExecuteCalldata(transaction.getExecuteCalldata(calls, '1').map(hex))
  if (read === undefined || read.length === 0)
    throw malformed('/transaction/calldata', 'expected calls of __execute__, and at least one')
  return read
}

function proofsOf({ account, proofs }: Held, calls: Invoke['calls']): readonly (readonly Felt[])[] {
  return calls.map(({ to, selector }, call) => {
    if (to === account)
      throw refusal(215, 'SESSION_POLICY_REFUSED', {
        at: `/calls/${call}`,
        why: 'a session never calls its own account',
      })
    const proof = proofs.get(methodKey(to, selector))
    if (proof === undefined) throw refusal(213, 'SESSION_RULE_MISMATCH', { call, reasons: [{ code: 'noRule', call }] })
    return proof
  })
}

/** The account takes nothing else from a session, and the co-signer signs nothing else. */
function demandPlain(details: Details, { account, chainId }: Held): void {
  const { version, walletAddress, paymasterData, accountDeploymentData, proof, proofFacts } = details
  // A query carries no signature that is worth a co-signer's; `prepare` estimates without one.
  if (version !== '0x3') throw malformed('/transaction/version', 'expected 0x3')
  if (hex(walletAddress) !== account)
    throw malformed('/transaction/sender_address', 'expected the account of the session')
  if (hex(details.chainId) !== chainId) throw malformed('/transaction/chain_id', 'expected the chain of the session')
  if (details.cairoVersion !== '1') throw malformed('/transaction/calldata', 'expected an account of Cairo 1')
  if (paymasterData.length > 0) throw malformed('/transaction/paymaster_data', 'expected none')
  if (accountDeploymentData.length > 0) throw malformed('/transaction/account_deployment_data', 'expected none')
  if (proof !== undefined || proofFacts !== undefined) throw malformed('/transaction/proof_facts', 'expected none')
  if (details.nonceDataAvailabilityMode !== 'L1' || details.feeDataAvailabilityMode !== 'L1')
    throw malformed('/transaction/nonce_data_availability_mode', 'expected L1 for both')
}

function boundsOf({ l1_gas, l2_gas, l1_data_gas }: Details['resourceBounds']): Bounds {
  const bound = ({ max_amount, max_price_per_unit }: typeof l1_gas) => ({
    maxAmount: BigInt(max_amount),
    maxPrice: BigInt(max_price_per_unit),
  })
  return { l1_gas: bound(l1_gas), l2_gas: bound(l2_gas), l1_data_gas: bound(l1_data_gas) }
}

function written({ maxAmount, maxPrice }: Bounds[keyof Bounds]) {
  return { max_amount: maxAmount, max_price_per_unit: maxPrice }
}

function unsigned(built: Invoke): InvokeV3 {
  const { signature: _none, ...body } = invokeBody({ ...built, signature: [] })
  return body
}

/** A co-signer may be anybody's code. */
function answerOf(answer: unknown): { readonly key: Felt; readonly guardian: Signature } {
  const [key, r, s] = Array.isArray(answer) ? answer.map((it) => (HEX.test(it) ? hex(it) : undefined)) : []
  if (key === undefined || r === undefined || s === undefined) throw noCosigner('expected a public key, r and s')
  return { key, guardian: { r, s } }
}
const HEX = /^0x[0-9a-fA-F]{1,64}$/

function noCosigner(why: string) {
  return refusal(163, 'UNKNOWN_ERROR', { reason: 'cosigner', why })
}

/** @throws RangeError */
export function keyOf(hex: WireFelt): PrivateKey {
  const digits = /^0x([0-9a-fA-F]{1,64})$/.exec(hex)?.[1]?.padStart(64, '0') ?? ''
  const key = privateKeyFrom(Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)))
  if (key === undefined) throw new RangeError('expected a private key in hex')
  return key
}

/** The one spelling of a felt; hashes and proofs are found by it. */
function hex(value: string | number | bigint): Felt {
  return `0x${BigInt(value).toString(16)}` as Felt
}
