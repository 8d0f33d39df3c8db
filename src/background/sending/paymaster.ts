/**
 * A session's call whose fee a service pays (provider.md 9): build → read → hold → sign → hand in. What the service wants
 * signed is read by its felts and made again from the calls that were asked for; of what else it writes, only who sends it,
 * its nonce, a window no longer than ours and one payment for the fee are taken over, and each is judged. What is handed in
 * counts until the chain has it or its window is over; nothing is paid by the account instead.
 */
import type { Classified } from '../../cold/reserved.ts'
import { STRK } from '../../core/account.ts'
import { tokenMove } from '../../core/call.ts'
import { type Address, type Felt, felt, u256 } from '../../core/felt.ts'
import { askedCalls } from '../../core/policy/allowances.ts'
import { feeMeter } from '../../core/policy/book.ts'
import { evaluate } from '../../core/policy/evaluate.ts'
import { payerOf } from '../../core/policy/outside.ts'
import { serviceOrigin } from '../../core/policy/payers.ts'
import type { Call, FeePolicy, Reason, SessionId, Verdict } from '../../core/policy/policy.ts'
import type { JournalRow, NetworkId, StoredSession } from '../../core/records.ts'
import type { Seconds, UnixSeconds } from '../../core/time.ts'
import { mayBeOut, policyCalls, transactionOf } from '../../core/transaction.ts'
import { checkpoint } from '../../platform/checkpoint.ts'
import type { Nodes, Post } from '../../platform/node.ts'
import { isNodeError, nodeError } from '../../platform/node-error.ts'
import { createPaymaster, type FeeMode, type Offer, type Paymaster } from '../../platform/paymaster.ts'
import { outsideHash, outsideTypedData } from '../../starknet/outside.ts'
import { selectorOf } from '../../starknet/selector.ts'
import { isNotNow } from '../failures.ts'
import { sameCalls } from '../keys/signer.ts'
import type { History } from '../owners/history.ts'
import type { Networks } from '../owners/networks.ts'
import type { Sessions } from '../owners/sessions.ts'
import { type Deciding, isSponsored, type SessionRequest } from './deciding.ts'
import { holdsOf, type Journal, unsaid } from './journal.ts'
import { type Held, type Ledger, type OutsideProposal, paidBy, type SessionProposal } from './ledger.ts'
import { isFree, isOutside, lookFor, type OutsideRow } from './outside.ts'
import { recordSent } from './sender.ts'

export type Sponsored =
  | { readonly kind: 'sent'; readonly hash: Felt; readonly session?: SessionId }
  | { readonly kind: 'ask' | 'refuse'; readonly reasons: readonly Reason[]; readonly session: SessionId }

export interface Sponsoring {
  /** `undefined`: no session of this site that a service pays for could be meant. @throws NodeError, StorageError */
  execute(request: SessionRequest): Promise<Sponsored | undefined>
  /** The decision with what the service asks for it now; nothing is held or signed. @throws NodeError */
  check(request: SessionRequest): Promise<{ readonly verdict: Verdict; readonly session: SessionId } | undefined>
  /** The request's row is there already: its transaction, or the same bytes handed in again. @throws NodeError */
  again(row: JournalRow): Promise<Sponsored>
  /** Under way in this worker's life. */
  isBusy(row: JournalRow['id']): boolean
}

export interface SponsoringNeeds {
  readonly deciding: Pick<Deciding, 'decideSponsored' | 'pauseFor'>
  readonly ledger: Pick<Ledger, 'hold' | 'release' | 'againInSession' | 'state'>
  readonly journal: Pick<Journal, 'signed' | 'sent'>
  readonly nodes: Nodes
  readonly networks: Pick<Networks, 'get' | 'clock'>
  readonly sessions: Pick<Sessions, 'get' | 'list'>
  readonly history: Pick<History, 'add'>
  readonly classify: (typedData: unknown, at: { readonly account: Address; readonly chainId: Felt }) => Classified
  readonly sign: (held: Held) => Promise<readonly Felt[]>
  readonly maySend: (held: Held) => boolean
  /** Egress lets these origins through, and no other service. */
  readonly allow: (origins: readonly string[]) => void
  readonly post: Post
  readonly lastWall: () => Promise<UnixSeconds | undefined>
  readonly now: () => UnixSeconds
  readonly onSent: (row: JournalRow) => void
  readonly report: (error: unknown) => void
}

/** How long what is signed stays good: until then it counts, whether or not anybody sends it. */
export const WINDOW: Seconds = 600
const ROUNDS = 5

export function createSponsoring(needs: SponsoringNeeds): Sponsoring {
  const { deciding, ledger, journal, nodes, networks, sessions } = needs
  const busy = new Set<JournalRow['id']>()

  const serviceAt = (url: string): Paymaster => {
    const named = sessions.list().filter((it) => it.state === 'active' && isSponsored(it))
    needs.allow([...new Set(named.map(({ effective }) => serviceOrigin(effective.fees.service ?? '')))])
    return createPaymaster({ url, post: needs.post })
  }
  const clockOf = async (network: NetworkId) => networks.clock(network, await needs.lastWall())

  type Prepared =
    | { readonly kind: 'ready'; readonly proposal: SessionProposal & { readonly outside: OutsideProposal } }
    | { readonly kind: 'verdict'; readonly verdict: Exclude<Verdict, { kind: 'auto' }>; readonly session: SessionId }
  const prepare = async (request: SessionRequest): Promise<Prepared | undefined> => {
    const decided = await deciding.decideSponsored(request)
    if (decided === undefined || decided.kind === 'verdict') return decided
    const { proposal } = decided
    const session = sessions.get(decided.session)
    const url = session?.effective.fees.service
    if (session === undefined || url === undefined) throw new Error('a session without its service')
    const service = serviceAt(url)
    const feeMode = await feeModeOf(session.effective.fees, service)
    const gap = feeMode.mode === 'default' ? outsideList(session, feeMode.gasToken) : undefined
    if (gap !== undefined) return { kind: 'verdict', verdict: { kind: 'ask', reasons: [gap] }, session: session.id }
    const { now } = await clockOf(session.network)
    const { account, calls, chainId } = proposal
    const before = Math.min(now + WINDOW, session.effective.validUntil)
    const ask = { account, calls, feeMode, window: { executeAfter: 1, executeBefore: before } }
    const [offer, node] = await Promise.all([service.build(ask), nodes.of(session.network)])
    const read = readOffer(needs.classify(offer.typedData, { account, chainId }), offer, { ...ask, chainId, now })
    const [{ number: from }, free] = await Promise.all([node.lastBlock(), isFree(node, account, read.nonce)])
    // A used one would be signed for nothing, and one that we hold already is another's.
    if (!free) throw unwanted('nonce')
    const payer = payerOf(session.effective.fees, serviceOrigin(url), read.caller)
    return {
      kind: 'ready',
      proposal: { ...proposal, outside: { ...read, via: 'paymaster', payer, service: url, from } },
    }
  }

  const execute = async (request: SessionRequest): Promise<Sponsored | undefined> => {
    let last: SessionId | undefined
    for (let round = 0; round < ROUNDS; round += 1) {
      const prepared = await prepare(request)
      if (prepared === undefined) return undefined
      if (prepared.kind === 'verdict') {
        const { session, verdict } = prepared
        await deciding.pauseFor(session, verdict.reasons, request.calls)
        return { kind: verdict.kind, reasons: verdict.reasons, session }
      }
      const { proposal } = prepared
      last = proposal.session
      if (__E2E__) await checkpoint('judged')
      const result = await ledger.hold(proposal)
      if (result.kind === 'known') return again(result.row)
      if (result.kind !== 'held') return { kind: result.kind, reasons: result.reasons, session: result.session }
      const sent = await signAndHandIn(result.held as Held) // A session's proposal is held as a session's.
      if (sent !== undefined) return { kind: 'sent', hash: sent, session: proposal.session }
      // Given back unsigned, and decided afresh: what has changed is told by the next verdict.
    }
    if (last === undefined) return undefined
    return { kind: 'ask', reasons: [{ code: 'paused' }], session: last }
  }

  /** `undefined`: given back unsigned. @throws NodeError: it stays held, and may be out */
  const signAndHandIn = async (held: Held): Promise<Felt | undefined> => {
    const { row } = held
    busy.add(row.id)
    try {
      if (__E2E__) await checkpoint('held')
      let signature: readonly Felt[]
      try {
        signature = await needs.sign(held)
      } catch (error) {
        await ledger.release(row.id)
        if (isNotNow(error)) return undefined
        throw error
      }
      if (__E2E__) await checkpoint('signature')
      // Strict, and before anything leaves.
      const stored = await journal.signed(row.id).catch(async (error: unknown) => {
        await ledger.release(row.id).catch(needs.report)
        throw error
      })
      if (stored === undefined) return undefined
      if (__E2E__) await checkpoint('signed')
      return await handIn({ ...held, row: { ...row, status: 'signed' } } as Held, signature)
    } finally {
      busy.delete(row.id)
    }
  }

  const handIn = async (held: Held, signature: readonly Felt[]): Promise<Felt> => {
    const { row, chainId } = held
    if (!isOutside(row) || row.outside.service === undefined) throw new Error('not for a service')
    const { account, nonce, calls, outside } = row
    const { fee, executeBefore } = outside
    const feeMode: FeeMode = fee === undefined ? SPONSORED : { mode: 'default', gasToken: fee.token }
    const typedData = outsideTypedData({ ...outside, chainId, account, nonce, calls })
    try {
      if (!needs.maySend(held)) throw unsaid()
      const transaction = await serviceAt(row.outside.service).execute({
        account,
        feeMode,
        window: { executeAfter: 1, executeBefore },
        typedData,
        signature,
      })
      if (__E2E__) await checkpoint('accepted')
      const sent = await journal.sent(row.id, needs.now(), transaction)
      if (__E2E__) await checkpoint('sent')
      followed(sent)
      return transaction
    } catch (error) {
      // Whatever it says, it has the signature: what becomes of it, the chain tells, and no site takes it for a no.
      followed(row)
      if (!isNodeError(error)) needs.report(error)
      throw unsaid()
    }
  }
  const followed = (row: JournalRow) => {
    recordSent(needs.history, row, row.sentAt ?? row.at).catch(needs.report)
    needs.onSent(row)
  }

  const again = async (row: JournalRow): Promise<Sponsored> => {
    const { session } = row
    const known = transactionOf(row)
    if (!isOutside(row) || !mayBeOut(row) || session === undefined) throw unsaid()
    if (known !== undefined) return { kind: 'sent', hash: known, session }
    const node = await nodes.of(row.network)
    const became = await lookFor(row, node)
    if (became.kind === 'executed') return { kind: 'sent', hash: became.receipt.hash, session }
    if (became.kind !== 'open' || busy.has(row.id)) throw unsaid()
    return { kind: 'sent', hash: await handInAgain(row, session), session }
  }

  /** The same bytes: its nonce is used once, whoever sends them how often. */
  const handInAgain = async (row: OutsideRow, session: SessionId): Promise<Felt> => {
    const { origin, network, account } = row
    if (origin === undefined || row.outside.service === undefined) throw unsaid()
    const calls = askedCalls({ ...row, calls: policyCalls(row) })
    const decided = await deciding.decideSponsored({ origin, network, account, calls, session }, { without: row.id })
    const held = decided?.kind === 'auto' ? await ledger.againInSession(row.id, decided.proposal) : undefined
    if (held === undefined) throw unsaid()
    busy.add(row.id)
    try {
      return await handIn(held, await needs.sign(held))
    } finally {
      busy.delete(row.id)
    }
  }

  return {
    execute,
    check: async (request) => {
      const prepared = await prepare(request)
      if (prepared === undefined || prepared.kind === 'verdict') return prepared
      const { proposal } = prepared
      const state = await ledger.state(proposal.session)
      if (state === undefined) return undefined
      const { session, book, open } = state
      const { now, wrong } = await clockOf(session.network)
      const { origin, chainId, account, calls, outside } = proposal
      const resets = proposal.resets === undefined ? {} : { resets: proposal.resets }
      const paid = paidBy(proposal, outside, session.effective.validUntil, now)
      const facts = { ...proposal.facts(now), clockWrong: wrong }
      const tx = { origin, chainId, account, calls, ...resets, ...paid }
      return { verdict: evaluate(session, book, holdsOf(open), tx, facts, now), session: session.id }
    },
    again,
    isBusy: (id) => busy.has(id),
  }
}

const SPONSORED: FeeMode = { mode: 'sponsored' }
const TRANSFER = selectorOf('transfer')

/**
 * Without a token that the account may give, the service pays all of it. Of several it is the first that the service takes;
 * STRK only where nothing else is named, because that is what an account pays with where it pays itself.
 *
 * @throws NodeError
 */
async function feeModeOf({ payer, tokens }: FeePolicy, service: Paymaster): Promise<FeeMode> {
  const all = tokens.map(({ token }) => token)
  const others = all.filter((token) => token !== STRK)
  const named = others.length > 0 ? others : payer === 'paymaster' ? all : []
  const [only] = named
  if (only === undefined) return SPONSORED
  if (named.length === 1) return { mode: 'default', gasToken: only }
  const taken = await service.tokens()
  return { mode: 'default', gasToken: named.find((token) => taken.includes(token)) ?? only }
}

/** On chain a session pays with what is on its list, and with nothing else. */
function outsideList({ chain }: StoredSession, token: Address): Reason | undefined {
  const isListed = chain?.methods.some(([to, selector]) => to === token && selector === TRANSFER) ?? true
  return isListed ? undefined : { code: 'feeToken', meter: feeMeter(token) }
}

interface Wanted {
  readonly account: Address
  readonly chainId: Felt
  readonly calls: readonly Call[]
  readonly feeMode: FeeMode
  readonly window: { readonly executeBefore: UnixSeconds }
  readonly now: UnixSeconds
}
type Read = Pick<OutsideProposal, 'version' | 'caller' | 'nonce' | 'executeAfter' | 'executeBefore' | 'fee'>

/**
 * What a service wrote, as far as it is what was asked for.
 *
 * @throws NodeError `garbage`: anything else in it; nothing is signed
 * @see paymaster.test.ts "signs nothing of what a service has altered"
 */
export function readOffer(found: Classified, offer: Offer, wanted: Wanted): Read {
  if (found.kind !== 'outside') throw unwanted('typed_data')
  const { account, chainId, feeMode, window, now } = wanted
  const { version, caller, nonce, calls } = found
  const paid = feeMode.mode === 'default'
  const own = paid ? calls.slice(0, -1) : calls
  const last = calls.at(-1)
  if (!sameCalls(own, wanted.calls)) throw unwanted('calls')
  const fee =
    paid && last !== undefined ? feeIn(last, feeMode.gasToken, offer.suggestedMax, caller, account) : undefined
  if (paid && fee === undefined) throw unwanted('fee')
  const isWithin = found.executeAfter <= BigInt(now) && found.executeBefore <= BigInt(window.executeBefore)
  if (!isWithin || found.executeBefore <= BigInt(now)) throw unwanted('time_bounds')
  const times = { executeAfter: Number(found.executeAfter), executeBefore: Number(found.executeBefore) }
  const read = { version, caller, nonce, ...times }
  // By other code than the one that read it: what the signer will make of the row must be the same.
  if (outsideHash({ ...read, chainId, account, calls }) !== found.hash) throw unwanted('hash')
  return fee === undefined ? read : { ...read, fee }
}

/** One payment of exactly what was quoted, to who sends it. */
function feeIn(call: Call, token: Address, max: bigint, caller: Felt, account: Address): Read['fee'] {
  const move = call.to === token && call.selector === TRANSFER ? tokenMove(call, account) : undefined
  if (move?.does !== 'send' || move.amount !== max || felt(move.to) !== caller) return undefined
  return { token, to: move.to as Address, max: u256(max), call } // compared with the caller, who is an account
}

function unwanted(what: string) {
  return nodeError('garbage', [`paymaster_buildTransaction/${what}`])
}
