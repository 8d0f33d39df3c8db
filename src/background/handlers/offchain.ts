/**
 * A transaction as pages of Argent's offchain sessions of early 2024 ask for it (argent-sessions.md 14). Its first call is none:
 * it carries the page's key and that key's signature over the others, as a version 1 transaction at the nonce and fee beside it.
 * With what else it carries the older library proved its session; here the session is looked up.
 */
import { malformed } from '../../core/errors.ts'
import type { Address, Felt } from '../../core/felt.ts'
import type { Asked } from '../../core/policy/asked.ts'
import type { Call } from '../../core/policy/policy.ts'
import type { Params } from '../../core/protocol/dapp.ts'
import type { StoredSession } from '../../core/records.ts'
import { type Signature, verify } from '../../starknet/curve.ts'
import { executeCalldata } from '../../starknet/invoke.ts'
import { invokeHashV1 } from '../../starknet/invoke-v1.ts'
import { selectorOf } from '../../starknet/selector.ts'

export interface Offchain {
  readonly account: Address
  /** Those that are meant. */
  readonly calls: readonly Call[]
  readonly key: Felt
  readonly signature: Signature
  /** What was signed is good for this nonce of the account alone: done at it, the chain takes it once and never again. */
  readonly nonce: Felt
  readonly maxFee: Felt
}

const NAME = 'use_offchain_session'
/** Key; r, s of the page; r, s of owner and of co-signer. */
const FELTS = 7
/** Of `__execute__`'s calldata: each costs the worker a hash of milliseconds. */
const MOST = 256
const FIRST = '/calls/0'

/** `undefined`: an ordinary transaction. @throws Refused 114 */
export function readOffchain(
  raw: Params<'wallet_addInvokeTransaction'>['calls'],
  calls: readonly Call[],
): Offchain | undefined {
  const stray = raw.findIndex(({ offchainSessionDetails }, index) => index > 0 && offchainSessionDetails !== undefined)
  if (stray > 0) throw malformed(`/calls/${stray}/offchainSessionDetails`, 'expected it beside the first call alone')
  const details = raw[0]?.offchainSessionDetails
  const [first, ...others] = calls
  if (details === undefined || first === undefined) return undefined
  if (first.selector !== selectorOf(NAME)) throw malformed(`${FIRST}/entry_point`, `expected ${NAME}`)
  const [key, r, s] = first.calldata
  if (key === undefined || r === undefined || s === undefined || first.calldata.length !== FELTS)
    throw malformed(`${FIRST}/calldata`, `expected ${FELTS} felts`)
  if (others.length === 0) throw malformed('/calls', `expected a call behind ${NAME}`)
  if (executeCalldata(others).length > MOST) throw malformed('/calls', `expected at most ${MOST} felts behind ${NAME}`)
  const { nonce, maxFee } = details
  return { account: first.to, calls: others, key, signature: { r, s }, nonce, maxFee }
}

/** @throws Refused 114: nothing is done for a page that its key did not sign, whatever session it names */
export function refuseUnsigned(it: Offchain, at: { readonly account: Address; readonly chainId: Felt }): void {
  const { account: sender, calls, key, signature, nonce, maxFee } = it
  if (sender !== at.account) throw malformed(`${FIRST}/contract_address`, 'expected the account of this site')
  const hash = invokeHashV1({ chainId: at.chainId, sender, calls, nonce, maxFee })
  if (!verify(hash, signature, key))
    throw malformed(`${FIRST}/calldata`, 'expected a signature of this key over just this')
}

/** The one that runs, or else the newest: a page may have asked with one key for several. */
export function sessionOfKey(sessions: readonly StoredSession[], key: Felt): StoredSession | undefined {
  const own = sessions.filter(({ asked }) => (asked as Asked).pageKey === key)
  return own.find(({ state }) => state === 'active') ?? own.find(({ state }) => state === 'paused') ?? own[0]
}
