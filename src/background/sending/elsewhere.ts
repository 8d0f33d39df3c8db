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
 *   What can be is booked: the row is put back as one that is out, counts in full, and ends by its receipt as all others do.
 * - A call to the account itself: it may have ended a session or changed a key.
 * - A nonce without a transaction. One that failed leaves no event of the account; blocks are not searched for it.
 * - Another kind of transaction, another key, more than is read here, a node that does not answer.
 */
import { STRK } from '../../core/account.ts'
import { type Address, type Felt, u256 } from '../../core/felt.ts'
import { lostCharges } from '../../core/policy/lost.ts'
import type { Call } from '../../core/policy/policy.ts'
import type { JournalRow, NetworkId, OwnAccount, StoredSession } from '../../core/records.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { groupOf, isMined } from '../../core/transaction.ts'
import type { Node, Nodes, SentInvoke } from '../../platform/node.ts'
import { EVENTS } from '../../starknet/accounts.ts'
import { type Signature, verify } from '../../starknet/curve.ts'
import { committedMaximum, invokeHash, readExecuteCalldata } from '../../starknet/invoke.ts'
import { sessionMessage } from '../../starknet/session-token.ts'
import { isBySessionKey } from '../keys/signer.ts'
import type { Sessions } from '../owners/sessions.ts'
import type { Place } from './comparing.ts'
import { storedBounds } from './fees.ts'

export interface Elsewhere {
  /** Every nonce in between, and none of it calls the account itself. */
  readonly isAllByOwner: boolean
  /** Rows of sessions, as they were when they were out. */
  readonly lost: readonly JournalRow[]
}
export interface ElsewhereNeeds {
  readonly own: (account: Address) => Promise<Pick<OwnAccount, 'ownerPublicKey'> | undefined>
  readonly chainId: (network: NetworkId) => Felt
  readonly nodes: Pick<Nodes, 'of'>
  /** The account's newest in the journal. */
  readonly rows: (place: Place) => Promise<readonly JournalRow[]>
  readonly sessions: Pick<Sessions, 'list'>
}
interface Found extends SentInvoke {
  /** Of what the node shows, and not as it names it. */
  readonly hash: Felt
  readonly calls: readonly Call[]
}

/** Nonces in between. */
const MAX_NONCES = 64n
/** Of 100 events. */
const MAX_PAGES = 10
/** Transactions that are read: among them are those in which somebody else carried the account's calls. */
const MAX_READ = 96

/**
 * Reads what an account sent with the nonces from `from` to below `to`, as far as its events lead to it.
 *
 * @throws NodeError
 * @see comparing.test.ts "what stays paused, because it is not certain"
 */
export function createElsewhere(needs: ElsewhereNeeds) {
  return async (place: Place, from: bigint, to: bigint): Promise<Elsewhere> => {
    const own = await needs.own(place.account)
    if (own === undefined || to - from > MAX_NONCES) return { isAllByOwner: false, lost: [] }
    const node = await needs.nodes.of(place.network)
    const rows = await needs.rows(place)
    const found = await readBetween(node, place, needs.chainId(place.network), from, to, lastBlock(rows))
    const nonces = new Set(found.map(({ nonce }) => BigInt(nonce)))
    const isWhole = BigInt(nonces.size) === to - from
    // A row that was given up on a node's word is followed as it is.
    const unknown = found.filter(({ hash }) => rows.every((row) => row.hash !== hash))
    return {
      isAllByOwner: isWhole && found.every((it) => isByOwner(it, own.ownerPublicKey)),
      lost: await lostRows(node, place, unknown, needs.sessions.list(place)),
    }
  }
}

/** What came after a nonce of this wallet's own is in no earlier block. */
function lastBlock(rows: readonly JournalRow[]): number {
  const own = rows.filter((row) => row.outside === undefined && isMined(row))
  return Math.max(0, ...own.map(({ outcome }) => outcome?.block ?? 0))
}

async function readBetween(
  node: Node,
  { account }: Place,
  chainId: Felt,
  from: bigint,
  to: bigint,
  block: number,
): Promise<readonly Found[]> {
  const found: Found[] = []
  const hashes = await node.emittedBy(account, EVENTS.TransactionExecuted, block, MAX_PAGES)
  // The newest first: what is looked for came last.
  for (const hash of hashes.slice(-MAX_READ).reverse()) {
    if (BigInt(found.length) === to - from) break
    const sent = await node.invoke(hash)
    // What somebody else sent, or what cannot be read: a nonce that it had stays missing.
    if (sent?.sender !== account || BigInt(sent.nonce) < from || BigInt(sent.nonce) >= to) continue
    const calls = readExecuteCalldata(sent.calldata)
    if (calls !== undefined) found.push({ ...sent, calls, hash: invokeHash({ ...sent, chainId, calls }) })
  }
  return found
}

function isByOwner({ sender, calls, signature, hash }: Found, ownerPublicKey: Felt): boolean {
  if (calls.some(({ to }) => to === sender)) return false
  const owner = ownerIn(signature)
  return owner !== undefined && verify(hash, owner, ownerPublicKey)
}

/** Where it stands in both forms that an account takes (`ordinarySignature`): the owner signs first. Whether it is theirs says `verify`. */
function ownerIn(felts: readonly Felt[]): Signature | undefined {
  const [r, s] = felts.length <= 4 ? felts : felts.slice(3)
  return r === undefined || s === undefined ? undefined : { r, s }
}

async function lostRows(
  node: Node,
  { network }: Place,
  found: readonly Found[],
  sessions: readonly StoredSession[],
): Promise<readonly JournalRow[]> {
  const live = sessions.filter(({ state }) => state === 'active' || state === 'paused')
  const rows: JournalRow[] = []
  for (const it of found) {
    const session = live.find((session) => isOfSession(it, session))
    const block = session && (await node.receipt(it.hash))?.block
    if (session === undefined || block === undefined) continue
    const row = lostRow(it, session, network, (await node.block(block)).at)
    if (row !== undefined) rows.push(row)
  }
  return rows
}

/** Out, and held in full until its receipt is read. `undefined`: it does not fit what was granted. */
function lostRow(found: Found, session: StoredSession, network: NetworkId, at: UnixSeconds): JournalRow | undefined {
  const { hash, sender: account, calls, nonce, bounds, tip } = found
  const fee = { token: STRK, max: committedMaximum(bounds, tip), tipPerGas: tip }
  const charged = lostCharges(session, { chainId: session.chainId, account, calls, fee }, at)
  if (charged === undefined) return undefined
  return {
    id: `elsewhere ${hash}`,
    network,
    account,
    origin: session.origin,
    session: session.id,
    kind: 'invoke',
    group: groupOf(account, nonce),
    hash,
    nonce,
    calls,
    bounds: storedBounds(bounds),
    tip: u256(tip),
    charges: charged.charges,
    matched: charged.matched,
    at,
    sentAt: at,
    status: 'sent',
  }
}

/** Where the cache flag of a token stands, and the length of its authorization, which may be shorter when it is cached (argent-sessions.md 2). */
const CACHE = 5
const AUTHORIZATION = 6
const LONGEST = 64n

/** By its own key, over its own hash: what else the token says is the account's to check. */
function isOfSession({ hash, signature }: Found, { chain, key }: StoredSession): boolean {
  const length = BigInt(signature[AUTHORIZATION] ?? '0x0')
  if (length > LONGEST) return false
  // Behind the authorization: the kind of the signer and its key, then the signature.
  const [r, s] = signature.slice(AUTHORIZATION + 1 + Number(length) + 2)
  if (chain === undefined || r === undefined || s === undefined) return false
  const cache = signature[CACHE] === '0x0' ? 0 : 1
  return isBySessionKey(sessionMessage(hash, chain.sessionHash, cache), { r, s }, key.guid)
}
