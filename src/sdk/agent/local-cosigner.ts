/** The second key's half in a process of one's own: the wallet's pure policy core decides, and what it counts is in a store. */
import { STRK } from '../../core/account.ts'
import { malformed, refused, thrown } from '../../core/errors.ts'
import type { Address, Felt } from '../../core/felt.ts'
import { FACTS_ALONE, judgedAlone, NOBODY, UNREAD } from '../../core/policy/alone.ts'
import { emptyBook } from '../../core/policy/book.ts'
import { evaluate } from '../../core/policy/evaluate.ts'
import type { Facts } from '../../core/policy/facts.ts'
import type { Reason, SessionId, SessionPolicy, Verdict } from '../../core/policy/policy.ts'
import { errorOf } from '../../core/policy/refusal.ts'
import type { SessionPolicyWire } from '../../core/policy/wire-shape.ts'
import { cosigned } from '../../core/protocol/cosigned.ts'
import { decode, exact, type Output } from '../../core/schema.ts'
import { judgeClock, type UnixSeconds } from '../../core/time.ts'
import { type PrivateKey, publicKey, sign, verify } from '../../starknet/curve.ts'
import { committedMaximum, type Invoke, invokeHash, readExecuteCalldata } from '../../starknet/invoke.ts'
import { sessionMessage } from '../../starknet/session-token.ts'
import type { Cosigner } from '../cosigner.ts'
import { type Held, heldBy, keyOf } from '../signer.ts'
import type { CosignParams, WireFelt } from '../wire.ts'
import { after, type Kept, keptIn, textOf } from './kept-book.ts'
import { ownPolicy } from './own-policy.ts'
import { metadataOf, type OwnSession, systemClock } from './own-session.ts'

/** One text, kept where it survives the process. What is lost of it is limits that begin again. */
export interface CosignerStore {
  /** @returns `undefined`: nothing was ever written */
  read(): Promise<string | undefined>
  /**
   * In one step: writes `next` if `before` is still there, durably before it resolves. A row with `UPDATE … WHERE text = before`,
   * a conditional put; to read and then write is not one step. The first `before` is `undefined`: nothing may be there.
   *
   * @returns `true`: it is written. Anything else: something else is there, and nothing was written
   */
  replace(before: string | undefined, next: string): Promise<boolean>
}

export interface LocalCosignerParts {
  /** The account's second key. It stays here. */
  readonly guardianKey: WireFelt
  /** The one that the session was signed with. */
  readonly policy: SessionPolicyWire
  readonly session: OwnSession
  /** Of this session alone. */
  readonly store: CosignerStore
  /** Unix seconds. */
  readonly clock?: () => number
}

/**
 * Signs with the account's second key what fits the policy, and counts it first. Its limits are this process's, not Latchkey's:
 * whoever has its keys has the account.
 *
 * It asks no node, and keeps to the safe side of what it therefore cannot know:
 * - What is signed counts in full, with the fee's maximum, and never comes back, also if it fails or is not sent.
 * - It counts when it is signed. What is signed and kept can be sent later, until the session ends: a limit of a day bounds what
 *   is signed in a day.
 * - An allowance that the account gave before is money that the contracts in its list can take. Take it back first.
 * - What is a token is what has a spend limit. Another contract that moves a balance by itself, a vault with its shares, moves it
 *   uncounted: do not list one.
 * - It does not see that a contract's code changes, nor how many of its transactions are not in yet.
 * - Asked twice for the same, it counts twice.
 *
 * @throws RangeError for another second key, a session whose parts do not give its hash, or one of another policy; 114, 210, 215
 * as `ownSession` does
 * @see agent.test.ts "what is signed is written first: where it is not written nothing is signed"
 */
export function localCosigner({
  guardianKey,
  policy: wire,
  session,
  store,
  clock = systemClock,
}: LocalCosignerParts): Cosigner {
  const guardian: PrivateKey = keyOf(guardianKey)
  const held = heldBy(session.key.public_key as Felt, session)
  const policy = ownPolicy(wire, held.account, session.created_at)
  demandSigned(held, policy, publicKey(guardian))
  let seen = 0

  const read = async (): Promise<{ readonly text: string | undefined; readonly kept: Kept }> => {
    const text = await store.read()
    const kept = text === undefined ? { book: emptyBook(held.hash as string as SessionId) } : keptIn(text, held.hash)
    if (kept === undefined) throw noStore('expected what a co-signer of this session has written')
    if (kept.book.seq < seen) throw noStore('expected no older text than was there before')
    seen = kept.book.seq
    return { text, kept }
  }
  const cosign = async (params: CosignParams) => {
    const built = builtOf(params, held)
    const message = sessionMessage(invokeHash(built), held.hash)
    const [r, s] = params.session_signature as readonly [Felt, Felt]
    // First of all: without it whoever reaches this could have it sign.
    if (!verify(message, { r, s }, held.publicKey))
      throw malformed('/session_signature', 'expected a signature of this session over just this')
    const { text, kept } = await read()
    const { now, wrong } = judgeClock({
      wall: clock(),
      loopback: false,
      ...(kept.at === undefined ? {} : { lastWall: kept.at }),
    })
    const verdict = judge(policy, kept, built, now, wrong)
    if (verdict.kind !== 'auto') throw missed(verdict.reasons, session.id, policy, now, wrong)
    const next = textOf(after(kept, verdict.charges, policy, now))
    // Anybody's code: what a database answers for no row changed is no yes.
    if ((await store.replace(text, next)) !== true) throw noStore('expected nobody else to write there meanwhile')
    seen = kept.book.seq + 1
    // It is counted, so it may be signed: whatever happens from here on, it stays counted.
    const signed = sign(message, guardian)
    return [held.authorization.guardianPublicKey, signed.r, signed.s] as const
  }

  let last: Promise<unknown> = Promise.resolve()
  return {
    cosign: (params) => {
      const turn = last.then(
        () => cosign(params),
        () => cosign(params),
      )
      last = turn
      return turn
    },
  }
}

/** By the second key, for this policy and no other: limits are not changed without the account's keys. */
function demandSigned({ hash, authorization, token }: Held, policy: SessionPolicy, guardianPublicKey: Felt): void {
  const { guardian } = authorization
  if (authorization.guardianPublicKey !== guardianPublicKey)
    throw new RangeError('expected the second key of this session')
  if (!verify(hash, guardian, guardianPublicKey)) throw new RangeError('the second key did not sign this session')
  if (token.metadata !== metadataOf(policy) || token.expiresAt !== policy.validUntil - 1)
    throw new RangeError('the session was signed for another policy')
}

const schema = exact(cosigned)

/** Rebuilt from what it says: no hash is taken from outside. */
function builtOf(params: CosignParams, { id, hash, account, chainId }: Held): Invoke {
  const decoded = decode(schema, params)
  if (!decoded.ok) throw malformed(decoded.at, decoded.why)
  const { id: named, cache, transaction, outside_execution }: Output<typeof schema> = decoded.value
  if (named !== id && named !== hash) throw refused('SESSION_NOT_FOUND', { id: named })
  if (cache === true) throw refused('SESSION_UNSUPPORTED', { feature: '/cache' })
  if (outside_execution !== undefined) throw refused('SESSION_UNSUPPORTED', { feature: '/outside_execution' })
  if (transaction === undefined) throw malformed('', 'expected a transaction')
  const { sender_address, calldata, nonce, tip, resource_bounds } = transaction
  if (sender_address !== account) throw malformed('/transaction/sender_address', 'expected the account of the session')
  const calls = readExecuteCalldata(calldata)
  if (calls === undefined || calls.length === 0)
    throw malformed('/transaction/calldata', 'expected calls of __execute__, and at least one')
  const { l1_gas, l2_gas, l1_data_gas } = resource_bounds
  const bound = ({ max_amount, max_price_per_unit }: typeof l1_gas) => ({
    maxAmount: BigInt(max_amount),
    maxPrice: BigInt(max_price_per_unit),
  })
  const bounds = { l1_gas: bound(l1_gas), l2_gas: bound(l2_gas), l1_data_gas: bound(l1_data_gas) }
  return { chainId, sender: account, calls, nonce, tip: BigInt(tip), bounds }
}

/** All that is open is booked already, so nothing is held. */
function judge(policy: SessionPolicy, { book }: Kept, built: Invoke, now: UnixSeconds, clockWrong: boolean): Verdict {
  const { chainId, sender: account, calls, tip, bounds } = built
  const fee = { token: STRK, max: committedMaximum(bounds, tip), tipPerGas: tip }
  const tx = { origin: NOBODY, chainId, account, calls, fee, unsupported: [] }
  return evaluate(judgedAlone(policy, account, chainId), book, [], tx, factsAt(account, now, clockWrong), now)
}

/** No code was read, and no rule has a pin of it. Whether the account is one with sessions, the chain checks. */
function factsAt(account: Address, now: UnixSeconds, clockWrong: boolean): Facts {
  return {
    ownAccounts: [account],
    ...FACTS_ALONE,
    clockWrong,
    classes: { [account]: { classHash: UNREAD, readAt: now } },
    liveAllowance: false,
  }
}

function missed(
  reasons: readonly Reason[],
  sessionId: string,
  { validAfter }: SessionPolicy,
  now: UnixSeconds,
  wrong: boolean,
): Error {
  const status = wrong ? 'paused' : now < validAfter ? 'scheduled' : 'active'
  return thrown(errorOf(reasons, { sessionId, status }))
}

function noStore(why: string): Error {
  return refused('UNKNOWN_ERROR', { reason: 'store', why })
}
