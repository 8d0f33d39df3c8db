/**
 * What was sent for an account without this wallet's journal: with the same phrase elsewhere, or by this wallet before its
 * profile was put back to an older day (security.md 8, rule 3).
 *
 * Decision: a nonce is accounted for by the owner's signature over the transaction that used it, and by nothing that a node
 * says. A session on chain spends with its own key and the second one, never with the owner's, so what the owner signed was
 * spent by none. Whoever lies can leave transactions out, which keeps the sessions resting; what they cannot is make a
 * session's transaction look like the owner's, short of two signed for one nonce, of which they show the one that did not land.
 *
 * What keeps the sessions resting, because it is not certain:
 * - A transaction of a session. Only this wallet signs those, so its journal was longer once: what was ended or narrowed
 *   since, signed messages and what others still may hand in are lost with it, and none of that can be read from the chain.
 * - A call to the account itself: it may have ended a session or changed a key.
 * - A nonce without a transaction. One that failed leaves no event of the account; blocks are not searched for it.
 * - Another kind of transaction, another key, more than is read here, a node that does not answer.
 */
import type { Address, Felt } from '../../core/felt.ts'
import type { Node, SentInvoke } from '../../platform/node.ts'
import { EVENTS } from '../../starknet/accounts.ts'
import { type Signature, verify } from '../../starknet/curve.ts'
import { invokeHash, readExecuteCalldata } from '../../starknet/invoke.ts'

export interface Between {
  readonly account: Address
  readonly chainId: Felt
  readonly ownerPublicKey: Felt
  /** Nonces from `from` to below `to`. */
  readonly from: bigint
  readonly to: bigint
  /** None of them is in an earlier one. */
  readonly block: number
}

/** Nonces in between. */
const MAX_NONCES = 20n
/** Of 100 events. */
const MAX_PAGES = 10
/** Transactions that are read: among them are those in which somebody else carried the account's calls. */
const MAX_READ = 40

/**
 * Whether all that was sent in between is the owner's own, and none of it calls the account itself.
 *
 * @throws NodeError
 * @see elsewhere.test.ts
 */
export async function isAllByOwner(
  node: Pick<Node, 'emittedBy' | 'invoke'>,
  { account, chainId, ownerPublicKey, from, to, block }: Between,
): Promise<boolean> {
  if (to - from > MAX_NONCES) return false
  const missing = new Set<bigint>()
  for (let nonce = from; nonce < to; nonce += 1n) missing.add(nonce)
  const hashes = await node.emittedBy(account, EVENTS.TransactionExecuted, block, MAX_PAGES)
  // The newest first: what is looked for came last.
  for (const hash of hashes.slice(-MAX_READ).reverse()) {
    if (missing.size === 0) break
    const sent = await node.invoke(hash)
    // What somebody else sent, or what cannot be read: a nonce that it had stays missing.
    if (sent?.sender !== account || !missing.has(BigInt(sent.nonce))) continue
    if (!isByOwner(sent, chainId, ownerPublicKey)) return false
    missing.delete(BigInt(sent.nonce))
  }
  return missing.size === 0
}

function isByOwner(sent: SentInvoke, chainId: Felt, ownerPublicKey: Felt): boolean {
  const calls = readExecuteCalldata(sent.calldata)
  if (calls === undefined || calls.some(({ to }) => to === sent.sender)) return false
  const owner = ownerIn(sent.signature)
  return owner !== undefined && verify(invokeHash({ ...sent, chainId, calls }), owner, ownerPublicKey)
}

/** Where it stands in both forms that an account takes (`ordinarySignature`): the owner signs first. Whether it is theirs says `verify`. */
function ownerIn(felts: readonly Felt[]): Signature | undefined {
  const [r, s] = felts.length <= 4 ? felts : felts.slice(3)
  return r === undefined || s === undefined ? undefined : { r, s }
}
