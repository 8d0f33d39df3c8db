/**
 * The durable book of each session (policy.md 8, 9). A hold, and every change of session, book or journal, is one strict
 * readwrite transaction over the three stores: IndexedDB puts them in an order, and each sees what the ones before wrote.
 * Inside such a transaction nothing is awaited but its own requests: `evaluate` and hashing are synchronous.
 */

import { refused } from '../../core/errors.ts'
import { type Address, type Branded, type Felt, felt, type U256, u256 } from '../../core/felt.ts'
import type { Allowance } from '../../core/policy/allowances.ts'
import { compact, settle as settleBook } from '../../core/policy/book.ts'
import { beginAgain, carryBook, carryCharges, renaming } from '../../core/policy/carry.ts'
import { evaluate, type Facts, type Transaction } from '../../core/policy/evaluate.ts'
import type { Message, MessageFacts } from '../../core/policy/facts.ts'
import { evaluateMessage } from '../../core/policy/messages.ts'
import { unsupportedWindow } from '../../core/policy/outside.ts'
import type {
  Call,
  Charge,
  MeterBook,
  MeterId,
  Origin,
  PauseReason,
  Reason,
  RuleId,
  SessionId,
  Verdict,
} from '../../core/policy/policy.ts'
import { fitSchedule, misfit } from '../../core/policy/schedule.ts'
import { passedBy, renamedPassed, withTaken } from '../../core/policy/trail.ts'
import type { Purpose } from '../../core/protocol/session-info.ts'
import type { Carried, JournalRow, NetworkId, OutsidePart, StoredSession } from '../../core/records.ts'
import type { Seconds, UnixSeconds } from '../../core/time.ts'
import {
  advance,
  type End,
  groupOf,
  isMined,
  isOpen,
  mayBeOut,
  mayFollow,
  nextNonce,
  type Outcome,
  policyCalls,
} from '../../core/transaction.ts'
import { checkpoint } from '../../platform/checkpoint.ts'
import { type Database, type Guard, isTampered, type ReadTx, type Tx } from '../../platform/database.ts'
import { type Bounds, committedMaximum, invokeHash } from '../../starknet/invoke.ts'
import { outsideHash } from '../../starknet/outside.ts'
import type { Allowed, Approved } from '../keys/approved.ts'
import { sameCalls } from '../keys/signer.ts'
import { NO_BOUNDS, readBounds, storedBounds } from './fees.ts'
import {
  awake,
  holdOf,
  holdsOf,
  inGroups,
  type JournalNeeds,
  newestRows,
  openRows,
  openRowsOf,
  openRowsOfSession,
  putRow,
  readable,
  rowsOfRequest,
  rowsOfYes,
  sound,
  soundRowsOfSession,
  standsFor,
  value,
} from './journal.ts'

/** A session's transaction as it will be signed, nonce and time excepted: those are taken inside. */
export interface SessionProposal {
  readonly by: 'session'
  readonly session: SessionId
  readonly network: NetworkId
  readonly chainId: Felt
  readonly account: StoredSession['account']
  readonly origin: Origin
  readonly request?: string
  readonly calls: readonly Call[]
  /** How many of the last calls are the wallet's own. */
  readonly resets?: number
  /** Somebody else sends it: with its own nonce, and without bounds. */
  readonly outside?: OutsideProposal
  readonly bounds: Bounds
  readonly tip: bigint
  readonly feeToken: StoredSession['account']
  /** The chain's part of the nonce. */
  readonly chainNonce: bigint
  /** The only nonce it may have. */
  readonly onlyAt?: Felt
  /** Read before the transaction; `now` and what depends on it are taken inside. */
  readonly facts: (now: UnixSeconds) => Facts
}
export interface OutsideProposal extends Omit<OutsidePart, 'transaction' | 'fee'> {
  /** Checked to be unused: none of the account's. */
  readonly nonce: Felt
  /** What is given for it, by a call behind the others. */
  readonly fee?: NonNullable<OutsidePart['fee']> & { readonly call: Call }
}
/** What a person said yes to. */
export interface ApprovedProposal {
  readonly by: 'person'
  readonly approved: Approved
  readonly network: NetworkId
  readonly account: StoredSession['account']
  readonly origin?: Origin
  readonly request?: string
  readonly kind: JournalRow['kind']
  readonly purpose?: Purpose
  readonly carries?: Carried
  readonly calls: readonly Call[]
  readonly bounds: Bounds
  readonly tip: bigint
  readonly chainNonce: bigint
  /** The only nonce it may have. */
  readonly onlyAt?: Felt
  /** A row that is out and in no block: on its nonce, so that one of the two lands. */
  readonly replaces?: JournalRow['id']
  /** Synchronous. */
  readonly hashOf: (nonce: Felt) => Felt
}
export type Proposal = SessionProposal | ApprovedProposal

/** A session's transaction that its site has built, signed and will send: the second key signs it as it is. */
export interface CosignProposal extends Omit<SessionProposal, 'by' | 'request' | 'resets'> {
  readonly nonce: Felt
}
export type CosignResult =
  | { readonly kind: 'held'; readonly held: Held }
  | { readonly kind: 'ask' | 'refuse'; readonly reasons: readonly Reason[] }
  /** Not the account's next one, or one that has as many already as it may. */
  | { readonly kind: 'nonce'; readonly next: Felt }

/** A durable hold that names its hash: what the signer signs for a session (invariant I1). Made here alone. */
export type Held = Branded<
  { readonly by: 'session'; readonly row: JournalRow; readonly session: StoredSession; readonly chainId: Felt },
  'Held'
>
export type HeldForPerson = Branded<HoldForPerson, 'HeldForPerson'>
interface HoldForPerson {
  readonly by: 'person'
  readonly row: JournalRow
  readonly approved: Pick<Approved, 'approval' | 'account' | 'network' | 'allows'>
}

export type HoldResult =
  | { readonly kind: 'held'; readonly held: Held | HeldForPerson }
  | { readonly kind: 'ask' | 'refuse'; readonly reasons: readonly Reason[]; readonly session: SessionId }
  /** The request id has its transaction already: the same answer, never a second one. */
  | { readonly kind: 'known'; readonly row: JournalRow }
  /** It may have one nonce alone, and the account's next is this. */
  | { readonly kind: 'nonce'; readonly next: Felt }

export interface Settlement {
  readonly end: End
  /** Of the block, where there is one. */
  readonly at?: UnixSeconds
  readonly outcome?: Outcome
  /** What spenders with a credit may take behind it. */
  readonly allowances?: readonly Allowance[]
  /** Collections an item of which left. */
  readonly items?: Readonly<Record<Address, U256>>
  readonly failure?: string
  /** In which somebody else executed it. */
  readonly transaction?: Felt
}

/** What a session's hold has beside the proposal: nonce and hash, and of an outside execution all that is hashed. */
type SignedPart = Pick<JournalRow, 'nonce' | 'hash'> & Partial<Pick<JournalRow, 'group' | 'calls' | 'outside'>>

/** A message that was decided and counted: the signer signs this hash and no other. */
export type HeldMessage = Branded<
  {
    readonly kind: 'counted'
    readonly session: StoredSession
    readonly hash: Felt
    readonly matched: RuleId
    readonly at: UnixSeconds
  },
  'HeldMessage'
>

export interface Ledger {
  /** An outside execution has a nonce of its own. */
  hold(
    proposal: SessionProposal & { readonly outside: OutsideProposal },
  ): Promise<Exclude<HoldResult, { kind: 'nonce' }>>
  hold(proposal: SessionProposal): Promise<HoldResult>
  /** @throws Refused 113 where it may have one nonce alone, which is not the account's next */
  hold(proposal: ApprovedProposal): Promise<Exclude<HoldResult, { kind: 'ask' | 'refuse' | 'nonce' }>>
  /**
   * The same for what a site sends itself: at the account's next nonce by our own count, where no more than 3 of it share one
   * and count as the largest of them. The same hash again is the same hold.
   */
  cosign(proposal: CosignProposal): Promise<CosignResult>
  /**
   * One message in a session: decided, and counted before it is signed, in one transaction. Nothing gives it back: what was
   * signed is out.
   */
  countMessage(
    id: SessionId,
    it: { readonly message: Message; readonly hash: Felt; readonly facts: (now: UnixSeconds) => MessageFacts },
  ): Promise<HeldMessage | Exclude<Verdict, { kind: 'auto' }>>
  /** Booking and state in one transaction. Settling a row again is nothing. */
  settle(id: string, settlement: Settlement): Promise<JournalRow | undefined>
  /** A row that was signed, if its session would still sign it, its own hold aside. */
  againInSession(
    id: string,
    proposal: Pick<SessionProposal, 'facts' | 'feeToken' | 'chainId'>,
  ): Promise<Held | undefined>
  /** A row that a person said yes to, not longer ago than this. Its MAC says that it was made from that yes. */
  againForPerson(id: string, lasts: Seconds): Promise<HeldForPerson | undefined>
  /** Nothing was signed: everything comes back. `false`: it was signed or settled meanwhile. */
  release(id: string): Promise<boolean>
  /** The block that held it is gone: bookings stay, it is followed again, the session pauses. */
  reorged(id: string): Promise<void>
  /** A network's chain is gone for good: its open rows end, and nothing comes back. */
  abandon(network: NetworkId): Promise<void>
  /** What is scheduled is held in the same commit, or there is no session. @throws Refused 215 where it does not fit */
  create(
    session: StoredSession,
    book: MeterBook,
    alongside?: (tx: Tx) => Promise<void>,
    scheduling?: Scheduling,
  ): Promise<void>
  /**
   * One session takes another's place, in one commit: no moment at which both run or neither. What was used goes on, and
   * what is on its way is the new one's from now on.
   *
   * @throws Refused 211 when another has its place already, or its rows are gone
   */
  replace(
    session: StoredSession,
    by: Replacing,
    alongside?: (tx: Tx) => Promise<void>,
    scheduling?: Scheduling,
  ): Promise<void>
  /**
   * One change of a session, ordered with all holds. What `change` returns is written with the next `seq`; its unsigned
   * holds are released when it does not run any more.
   */
  change(
    id: SessionId,
    change: (session: StoredSession, open: readonly JournalRow[]) => StoredSession | undefined,
  ): Promise<StoredSession | undefined>
  /** Session, book and open rows as they are together. */
  state(id: SessionId): Promise<SessionState | undefined>
  /** Of many, in one read. Those that are not there, or do not verify, are left out. */
  states(ids: readonly SessionId[]): Promise<readonly SessionState[]>
  all(): Promise<readonly Loaded[]>
  reverts(id: SessionId): Promise<Reverts>
}
export interface Replacing {
  readonly replaces: SessionId
  /** The counts of the whole session begin again, which the person accepted. */
  readonly again: boolean
  /** The chain is told as well that the old one ended. */
  readonly onChain: boolean
}
/** The signed calls of a session that are to be held with it. */
export interface Scheduling {
  readonly ownAccounts: readonly Address[]
  /** As the chain said it just before. */
  readonly liveAllowance: boolean
  /** The last block: what has them comes after. */
  readonly from: number
}
export interface SessionState {
  readonly session: StoredSession
  readonly book: MeterBook
  readonly open: readonly JournalRow[]
}
/** `undefined` members did not verify. */
export interface Loaded {
  readonly id: SessionId
  readonly session?: StoredSession
  readonly book?: MeterBook
}
export type Reverts = Facts['reverts']

export interface LedgerNeeds {
  readonly db: Database
  readonly guard: () => Guard | undefined
  readonly newId: () => string
  /** Judged, for the network; `lastWall` as the database has it. */
  readonly clock: (
    network: NetworkId,
    lastWall: UnixSeconds | undefined,
  ) => { readonly now: UnixSeconds; readonly wrong: boolean }
  /** After the commit: a session's row is another one now. */
  readonly onSession: (session: StoredSession) => void
  readonly onSettled?: (row: JournalRow, paused: PauseReason | undefined) => void
  /** A row of this session does not verify: it must stop. */
  readonly onTampered: (session: SessionId) => void
  /** A row of the journal does not verify, whoever's it is. */
  readonly onDamaged: JournalNeeds['onDamaged']
}

const STORES = ['sessions', 'books', 'journal'] as const
const GROUP = 32
/** Hashes of one session on one nonce (argent-sessions.md 13). */
const COSIGNED_AT_ONCE = 3
/** A question lives for minutes, and its page hardly longer than this, s. */
const YES_KNOWN = 2_592_000
/** As many reverts in a row as the longest pause needs (policy.md 5.1). */
const REVERTS_READ = 12

interface SettledRow {
  readonly row: JournalRow
  /** On the same nonce: they ended with it. */
  readonly others: readonly JournalRow[]
  readonly session?: StoredSession
  readonly pause?: PauseReason
}

/** Asked for together: each is a way to the disk, and who waits for one has waited for all. @throws TamperedError */
async function stateIn(tx: ReadTx, guard: Guard, id: SessionId): Promise<SessionState | undefined> {
  const [session, book, open] = await Promise.all([
    guard.get<StoredSession>(tx, 'sessions', id),
    guard.get<MeterBook>(tx, 'books', id),
    openRowsOfSession(tx, guard, id),
  ])
  const [known, counted] = [value(session), value(book)]
  return known && counted && { session: known, book: counted, open }
}

export function createLedger(needs: LedgerNeeds): Ledger {
  const { db, newId } = needs
  const key = () => awake(needs.guard)
  const { onDamaged } = needs
  const reverts = new Map<SessionId, Reverts>()
  /** By network and account, the nonce after the last that a block has: what was read of the chain before may be older. */
  const mined = new Map<string, bigint>()
  const floorOf = ({ network, account, chainNonce }: Pick<Proposal, 'network' | 'account' | 'chainNonce'>): bigint => {
    const known = mined.get(`${network} ${account}`) ?? 0n
    return chainNonce > known ? chainNonce : known
  }

  /** What one commit has read, with what it has put there since: nobody else writes while it runs. */
  const readOnce = (tx: Tx, guard: Guard) => {
    const sessions = new Map<
      SessionId,
      Promise<(Omit<SessionState, 'open'> & { readonly open: JournalRow[] }) | undefined>
    >()
    const accounts = new Map<string, Promise<JournalRow[]>>()
    const once = <K, T>(known: Map<K, Promise<T>>, of: K, read: () => Promise<T>): Promise<T> => {
      const found = known.get(of) ?? read()
      known.set(of, found)
      return found
    }
    const account = (it: Pick<JournalRow, 'network' | 'account'>) =>
      once(accounts, `${it.network} ${it.account}`, async () => [...(await openRowsOf(tx, guard, it, onDamaged))])
    return {
      guard,
      account,
      session: (id: SessionId) =>
        once(sessions, id, async () => {
          const state = await stateIn(tx, guard, id)
          return state && { ...state, open: [...state.open] }
        }),
      put: async (row: JournalRow) => {
        await putRow(tx, guard, row)
        ;(await account(row)).push(row)
        if (row.session !== undefined) (await sessions.get(row.session))?.open.push(row)
      },
    }
  }
  type Reading = ReturnType<typeof readOnce>

  const holdOne = async (
    tx: Tx,
    reading: Reading,
    it: Proposal,
    lastWall: UnixSeconds | undefined,
  ): Promise<HoldResult> => {
    const { guard } = reading
    // Asked for with the rest, and looked at where it is needed.
    if (it.by === 'session') Promise.all([reading.session(it.session), reading.account(it)]).catch(() => undefined)
    if (it.origin !== undefined && it.request !== undefined) {
      const rows = await rowsOfRequest(tx, guard, it.origin, it.request, onDamaged)
      const known = standsFor(rows.filter((row) => answersFor(row, it)))
      // A person may say yes to what a session signed and kept back: on its own nonce, so that one of the two lands.
      const keptBack = it.by === 'person' && known?.parked === true && known.session !== undefined
      if (known !== undefined && !keptBack) return { kind: 'known', row: known }
      if (keptBack) return holdForPerson(tx, reading, it, lastWall, known)
    }
    return it.by === 'session' ? holdForSession(reading, it, lastWall) : holdForPerson(tx, reading, it, lastWall)
  }

  const holdForSession = async (
    reading: Reading,
    it: SessionProposal,
    lastWall: UnixSeconds | undefined,
  ): Promise<HoldResult> => {
    const [found, ofAccount] = await Promise.all([reading.session(it.session), reading.account(it)])
    if (found === undefined) return { kind: 'ask', reasons: [{ code: 'revoked' }], session: it.session }
    const { session, book, open } = found
    const { now, wrong } = needs.clock(it.network, lastWall)
    const { origin, chainId, account, calls, outside } = it
    const signed = outside === undefined ? ownPart(it, ofAccount) : outsidePart(it, outside)
    if (outside === undefined && it.onlyAt !== undefined && it.onlyAt !== signed.nonce)
      return { kind: 'nonce', next: signed.nonce }
    const onNonce = outside === undefined ? [] : open.filter((row) => row.group === signed.group)
    // The site may have the signature of just this already: it is one cheque, held once.
    const again = outside?.via === 'site' ? onNonce.find((row) => row.hash === signed.hash) : undefined
    if (outside?.via === 'paymaster' && onNonce.length > 0)
      return { kind: 'ask', reasons: [{ code: 'unsupportedField', at: '/nonce' }], session: it.session }
    const resets = it.resets === undefined ? {} : { resets: it.resets }
    const paid = paidBy(it, outside, session.effective.validUntil, now)
    const proposed = { origin, chainId, account, calls, ...resets, ...paid }
    const facts = it.facts(now)
    const others = holdsOf(open.filter((row) => row !== again))
    const verdict = evaluate(session, book, others, proposed, { ...facts, clockWrong: wrong || facts.clockWrong }, now)
    if (verdict.kind !== 'auto') return { kind: verdict.kind, reasons: verdict.reasons, session: it.session }
    const row: JournalRow = again ?? {
      ...newRow(it, newId(), signed.nonce, signed.hash, now),
      ...signed,
      kind: 'invoke',
      session: it.session,
      ...resets,
      charges: verdict.charges,
      matched: verdict.matched,
      passed: passedBy(session.effective, book, others, verdict.charges, now),
    }
    if (again === undefined) await reading.put(row)
    // The brand is made here alone.
    return { kind: 'held', held: { by: 'session', row, session, chainId } as Held }
  }

  const holdCosigned = async (tx: Tx, it: CosignProposal, lastWall: UnixSeconds | undefined): Promise<CosignResult> => {
    const reading = readOnce(tx, key())
    const found = await reading.session(it.session)
    if (found === undefined) return { kind: 'ask', reasons: [{ code: 'revoked' }] }
    const { session, book, open } = found
    const { origin, chainId, account, calls, bounds, tip, nonce } = it
    const hash = invokeHash({ chainId, sender: account, calls, nonce, tip, bounds })
    const group = groupOf(account, nonce)
    const siblings = open.filter((row) => row.group === group && row.via === 'site')
    const again = siblings.find((row) => row.hash === hash)
    const next = nextCosigned(floorOf(it), await reading.account(it), nonce)
    if (again === undefined && (BigInt(next) !== BigInt(nonce) || siblings.length >= COSIGNED_AT_ONCE))
      return { kind: 'nonce', next }
    const { now, wrong } = needs.clock(it.network, lastWall)
    const facts = it.facts(now)
    // Of those on one nonce one lands, so each of them is judged without the others.
    const others = holdsOf(open.filter((row) => row.group !== group))
    const verdict = evaluate(
      session,
      book,
      others,
      {
        origin,
        chainId,
        account,
        calls,
        fee: { token: it.feeToken, max: committedMaximum(bounds, tip), tipPerGas: tip },
        unsupported: [],
      },
      { ...facts, clockWrong: wrong || facts.clockWrong },
      now,
    )
    if (verdict.kind !== 'auto') return { kind: verdict.kind, reasons: verdict.reasons }
    const row: JournalRow = again ?? {
      ...newRow({ ...it, by: 'session' }, newId(), nonce, hash, now),
      kind: 'invoke',
      session: it.session,
      via: 'site',
      parked: true,
      charges: verdict.charges,
      matched: verdict.matched,
      passed: passedBy(session.effective, book, others, verdict.charges, now),
    }
    if (again === undefined) await reading.put(row)
    // The brand is made here alone.
    return { kind: 'held', held: { by: 'session', row, session, chainId } as Held }
  }

  const ownPart = (it: SessionProposal, ofAccount: readonly JournalRow[]): SignedPart => {
    const { chainId, account: sender, calls, tip, bounds } = it
    const nonce = felt(nextNonce(floorOf(it), ofAccount))
    return { nonce, hash: invokeHash({ chainId, sender, calls, nonce, tip, bounds }) }
  }
  const outsidePart = (
    { chainId, account, calls }: SessionProposal,
    { nonce, fee, ...part }: OutsideProposal,
  ): SignedPart => {
    const all = fee === undefined ? calls : [...calls, fee.call]
    const { version, caller, executeAfter, executeBefore } = part
    const window = { version, caller, executeAfter, executeBefore }
    const outside: OutsidePart =
      fee === undefined ? part : { ...part, fee: { token: fee.token, to: fee.to, max: fee.max } }
    return {
      nonce,
      hash: outsideHash({ ...window, chainId, account, nonce, calls: all }),
      group: groupOf(account, nonce, outside),
      calls: all,
      outside,
    }
  }

  const holdForPerson = async (
    tx: Tx,
    reading: Reading,
    it: ApprovedProposal,
    lastWall: UnixSeconds | undefined,
    inPlaceOf?: JournalRow,
  ): Promise<HoldResult> => {
    const ofAccount = await reading.account(it)
    const { now } = needs.clock(it.network, lastWall)
    const same = ofAccount.find((row) => isSameYes(row, it)) ?? (await usedUp(tx, reading.guard, it, now))
    if (same !== undefined) return { kind: 'known', row: same }
    const stuck = it.replaces === undefined ? undefined : await putAside(tx, reading.guard, ofAccount, it)
    const nonce = stuck?.nonce ?? felt(nextNonce(floorOf(it), ofAccount))
    if (inPlaceOf !== undefined && inPlaceOf.nonce !== nonce) return { kind: 'known', row: inPlaceOf }
    if (it.onlyAt !== undefined && it.onlyAt !== nonce) throw refused('USER_REFUSED_OP', { reason: 'context' })
    const row: JournalRow = {
      ...newRow(it, newId(), nonce, it.hashOf(nonce), now),
      kind: it.kind,
      approval: it.approved.approval,
      charges: [],
      matched: [],
      ...(it.purpose === undefined ? {} : { purpose: it.purpose }),
      ...(it.carries === undefined ? {} : { carries: it.carries }),
    }
    await reading.put(row)
    return { kind: 'held', held: heldForPerson({ by: 'person', row, approved: it.approved }) }
  }

  /** Parked, because another takes its nonce. @throws Refused 113: it is in a block, or gone */
  const putAside = async (tx: Tx, guard: Guard, ofAccount: readonly JournalRow[], it: ApprovedProposal) => {
    const stuck = ofAccount.find(({ id }) => id === it.replaces)
    // Its nonce may be another's by now, which nobody wanted replaced.
    const own = ofAccount.filter(({ outside }) => outside === undefined)
    const isTaken = own.some((row) => row !== stuck && row.nonce === stuck?.nonce && row.parked === undefined)
    if (stuck === undefined || isTaken || stuck.status === 'held' || floorOf(it) > BigInt(stuck.nonce))
      throw refused('USER_REFUSED_OP', { reason: 'context' })
    await putRow(tx, guard, advance(stuck, { to: 'parked' }))
    return stuck
  }

  /** A revocation that failed is sent again under the same name. */
  const usedUp = async (tx: Tx, guard: Guard, it: ApprovedProposal, now: UnixSeconds) => {
    const rows = await rowsOfYes(tx, guard, it, it.approved.approval, now - YES_KNOWN)
    const counts = ({ end }: JournalRow) => (it.purpose === 'revoke' ? end === 'accepted' : end !== 'released')
    return rows.find((row) => counts(row) && isSamePart(row, it))
  }

  const holding = inGroups<Proposal, HoldResult | { readonly kind: 'failed'; readonly error: unknown }>(
    GROUP,
    async (group) => {
      const lastWall = await db.lastWall()
      return db.write(STORES, 'strict', async (tx) => {
        const reading = readOnce(tx, key())
        const results: (HoldResult | { readonly kind: 'failed'; readonly error: unknown })[] = []
        for (const it of group) {
          try {
            results.push(await holdOne(tx, reading, it, lastWall))
          } catch (error) {
            // One session's damaged row, or one request's own fault, is no other's: nothing of it was written.
            if (error instanceof DOMException) throw error
            results.push({ kind: 'failed', error })
          }
        }
        return results
      })
    },
  )

  const hold = async (it: Proposal): Promise<HoldResult> => {
    const result = await holding(it)
    if (result.kind !== 'failed') return result
    if (isTampered(result.error) && it.by === 'session') {
      needs.onTampered(it.session)
      return { kind: 'ask', reasons: [{ code: 'paused' }], session: it.session }
    }
    throw result.error
  }

  const settleRow = async (
    tx: Tx,
    guard: Guard,
    row: JournalRow,
    it: Settlement,
    clock: { readonly now: UnixSeconds },
  ): Promise<SettledRow> => {
    const at = clock.now
    const { outside } = row
    // Given up before, it has no transaction yet.
    const found = outside === undefined || it.transaction === undefined ? undefined : { transaction: it.transaction }
    const next: JournalRow = {
      ...advance(row, {
        to: 'settled',
        end: it.end,
        at,
        ...(it.outcome === undefined ? {} : { outcome: it.outcome }),
        ...(it.failure === undefined ? {} : { failure: it.failure }),
      }),
      ...(outside === undefined || found === undefined ? {} : { outside: { ...outside, ...found } }),
    }
    if (isMined(it)) tx.committed(() => noteMined(next))
    if (row.session === undefined || row.booked === true) {
      await putRow(tx, guard, next)
      return { row: next, others: [] }
    }
    const heir = await heirOf(tx, guard, row.session)
    const { id, session } = heir
    const book = await guard.get<MeterBook>(tx, 'books', id)
    // Damaged, it never runs again: the row ends all the same, or it would hold up the account for ever.
    if (session?.ok === false || book?.ok === false) tx.committed(() => needs.onTampered(id))
    // Forgotten 90 days after its end: nothing is left to book on.
    if (session?.ok !== true || book?.ok !== true) {
      await putRow(tx, guard, next)
      return { row: next, others: [] }
    }
    const open = (await soundRowsOfSession(tx, guard, id, onDamaged)).filter(({ id }) => id !== row.id)
    const settled = settleBook(
      book.value,
      holdOf({ ...row, session: id, charges: heir.charges(row.charges) }),
      [...holdsOf([row]), ...holdsOf(open)].filter(({ status }) => status !== 'settled'),
      outcomeOf(it),
      session.value,
      at,
    )
    const counted: JournalRow = {
      ...next,
      inBook: { session: id, seq: settled.book.seq },
      ...(row.passed === undefined
        ? {}
        : { passed: withTaken(row.passed, book.value, settled.book, namedBy(heir.charges)) }),
    }
    await putRow(tx, guard, counted)
    await guard.put(tx, 'books', id, settled.book)
    const others: JournalRow[] = []
    for (const ended of settled.ended) {
      const other = open.find((sibling) => sibling.id === ended)
      if (other !== undefined && mayFollow(other, { to: 'settled', end: 'dropped', at })) {
        const dropped = advance(other, { to: 'settled', end: 'dropped', at })
        await putRow(tx, guard, dropped)
        others.push(dropped)
      }
    }
    // Not a change of what is allowed: its number stays, so that nothing under way has to be judged again.
    const active = { ...session.value, lastUsedAt: Math.max(session.value.lastUsedAt ?? 0, row.at) }
    const overdrawn = settled.over.length > 0 ? pausedBy(active, 'overdrawn') : undefined
    const after = overdrawn ?? (it.end === 'released' ? undefined : active)
    if (after === undefined) return { row: counted, others }
    await guard.put(tx, 'sessions', id, after)
    return { row: counted, others, session: after, ...(overdrawn === undefined ? {} : { pause: 'overdrawn' as const }) }
  }

  /** One row for each that was signed: they were decided together, and are held before the signatures leave. */
  const holdScheduled = async (
    tx: Tx,
    guard: Guard,
    { session, book, open }: SessionState,
    { ownAccounts, liveAllowance, from }: Scheduling,
    lastWall: UnixSeconds | undefined,
  ) => {
    const { account, chainId, effective, id, network, origin, scheduled = [] } = session
    const { now } = needs.clock(network, lastWall)
    const entries = scheduled.map(({ calls, executeAfter, executeBefore }) => ({
      calls,
      notBefore: executeAfter + 1,
      notAfter: executeBefore,
    }))
    const schedule = fitSchedule(
      entries,
      { account, policy: effective, ownAccounts, liveAllowance, now },
      book,
      holdsOf(open),
    )
    if (!schedule.fits) throw misfit(schedule)
    const holds = [...holdsOf(open)]
    for (const [index, { charges, matched }] of schedule.each.entries()) {
      const { signature: _signature, nonce, calls, ...window } = scheduled[index]! // One for each.
      const outside: OutsidePart = { ...window, via: 'agent', payer: window.caller, from }
      const row: JournalRow = {
        id: newId(),
        network,
        account,
        origin,
        session: id,
        kind: 'invoke',
        group: groupOf(account, nonce, outside),
        hash: outsideHash({ ...window, nonce, calls, account, chainId }),
        nonce,
        calls,
        outside,
        bounds: storedBounds(NO_BOUNDS),
        tip: u256(0n),
        charges,
        matched,
        passed: passedBy(effective, book, holds, charges, now),
        at: now,
        status: 'signed',
      }
      await putRow(tx, guard, row)
      holds.push(holdOf({ ...row, session: id }))
    }
  }

  /** Who counts what a session did: the one that has its place now, by the names its counts have there. */
  const heirOf = async (tx: Tx, guard: Guard, of: SessionId) => {
    let id = of
    let charges = (list: readonly Charge[]): Charge[] => [...list]
    for (;;) {
      const session = await guard.get<StoredSession>(tx, 'sessions', id)
      const next = session?.ok === true ? session.value.replacedBy : undefined
      const heir = next === undefined ? undefined : await guard.get<StoredSession>(tx, 'sessions', next)
      if (session?.ok !== true || next === undefined || heir?.ok !== true) return { id, session, charges }
      const [before, renamed] = [charges, renaming(session.value.effective, heir.value.effective)]
      charges = (list) => carryCharges(before(list), renamed)
      id = next
    }
  }

  const state: Ledger['state'] = async (id) => {
    try {
      return await db.read(STORES, (tx) => stateIn(tx, key(), id))
    } catch (error) {
      if (!isTampered(error)) throw error
      needs.onTampered(id)
      return undefined
    }
  }

  const change: Ledger['change'] = async (id, change) => {
    const lastWall = await db.lastWall()
    const changed = await db.write(STORES, 'strict', async (tx) => {
      const guard = key()
      const session = value(await guard.get<StoredSession>(tx, 'sessions', id))
      if (session === undefined) return undefined
      const open = await soundRowsOfSession(tx, guard, id, onDamaged)
      const after = change(session, open)
      if (after === undefined) return { session, released: [] }
      const next: StoredSession = { ...after, seq: session.seq + 1 }
      await guard.put(tx, 'sessions', id, next)
      const { now } = needs.clock(session.network, lastWall)
      const released: JournalRow[] = []
      for (const row of open) {
        // Unsigned holds were decided by what is no longer so: they come back, and are evaluated again where that helps.
        if (row.status !== 'held') continue
        released.push((await settleRow(tx, guard, row, { end: 'released' }, { now })).row)
      }
      return { session: next, released }
    })
    if (changed === undefined) return undefined
    needs.onSession(changed.session)
    for (const row of changed.released) needs.onSettled?.(row, undefined)
    return changed.session
  }

  const noteMined = ({ network, account, nonce, outside }: JournalRow) => {
    if (outside !== undefined) return
    const key = `${network} ${account}`
    const next = BigInt(nonce) + 1n
    if (next > (mined.get(key) ?? 0n)) mined.set(key, next)
  }

  const noteEnd = (row: JournalRow) => {
    if (row.session === undefined) return
    if (row.end === 'accepted') reverts.set(row.session, { inARow: 0, lastAt: 0 })
    const known = reverts.get(row.session)
    // Not read yet: the reading will see this row.
    if (row.end === 'reverted' && known !== undefined) {
      reverts.set(row.session, { inARow: known.inARow + 1, lastAt: endOf(row) })
    }
  }

  return {
    // The overloads say which results which proposal can have.
    hold: hold as Ledger['hold'],
    cosign: async (it) => {
      const lastWall = await db.lastWall()
      try {
        return await db.write(STORES, 'strict', (tx) => holdCosigned(tx, it, lastWall))
      } catch (error) {
        if (!isTampered(error)) throw error
        needs.onTampered(it.session)
        return { kind: 'ask', reasons: [{ code: 'paused' }] }
      }
    },
    countMessage: async (id, { message, hash, facts }) => {
      const lastWall = await db.lastWall()
      return db.write(STORES, 'strict', async (tx) => {
        const guard = key()
        const found = await readOnce(tx, guard).session(id)
        if (found === undefined) return { kind: 'ask', reasons: [{ code: 'revoked' }] }
        const { session, book, open } = found
        const { now, wrong } = needs.clock(session.network, lastWall)
        const known = facts(now)
        const judged = { ...known, clockWrong: wrong || known.clockWrong }
        const verdict = evaluateMessage(session, book, holdsOf(open), message, judged, now)
        if (verdict.kind !== 'auto') return verdict
        const bookings = verdict.charges.map(({ meter, amount }) => ({ meter, amount, at: now }))
        const next = { ...book, seq: book.seq + 1, bookings: [...book.bookings, ...bookings] }
        await guard.put(tx, 'books', id, compact(next, session, now, holdsOf(open)))
        const [matched] = verdict.matched
        // The brand is made here alone.
        return { kind: 'counted', session, hash, matched, at: now } as HeldMessage
      })
    },
    settle: async (id, it) => {
      const lastWall = await db.lastWall()
      const done = await db.write(STORES, 'strict', async (tx) => {
        const guard = key()
        const row = value(await guard.get<JournalRow>(tx, 'journal', id))
        if (row === undefined) return undefined
        if (!mayFollow(row, { to: 'settled', end: it.end, at: 0 })) return { row, again: true as const }
        return settleRow(tx, guard, row, it, needs.clock(row.network, lastWall))
      })
      if (done === undefined) return undefined
      if ('again' in done) return done.row
      if (__E2E__) await checkpoint('settled')
      noteEnd(done.row)
      if (done.session !== undefined) needs.onSession(done.session)
      needs.onSettled?.(done.row, done.pause)
      for (const other of done.others) needs.onSettled?.(other, undefined)
      return done.row
    },
    againInSession: async (id, { facts, feeToken, chainId }) => {
      const lastWall = await db.lastWall()
      return db.read(STORES, async (tx) => {
        const guard = key()
        const row = value(await guard.get<JournalRow>(tx, 'journal', id))
        if (row?.session === undefined || row.origin === undefined || !isAgain(row)) return undefined
        const session = value(await guard.get<StoredSession>(tx, 'sessions', row.session))
        const book = value(await guard.get<MeterBook>(tx, 'books', row.session))
        if (session === undefined || book === undefined) return undefined
        const open = (await openRowsOfSession(tx, guard, row.session)).filter((other) => other.id !== id)
        const { now, wrong } = needs.clock(row.network, lastWall)
        const { origin, account } = row
        const resets = row.resets === undefined ? {} : { resets: row.resets }
        const priced = { feeToken, bounds: readBounds(row.bounds), tip: BigInt(row.tip) }
        const paid = paidBy(priced, row.outside, session.effective.validUntil, now)
        const known = facts(now)
        const verdict = evaluate(
          session,
          book,
          holdsOf(open),
          { origin, chainId, account, calls: policyCalls(row), ...resets, ...paid },
          { ...known, clockWrong: wrong || known.clockWrong },
          now,
        )
        // Its hold is the row itself, which was never given back.
        return verdict.kind === 'auto' ? ({ by: 'session', row, session, chainId } as Held) : undefined
      })
    },
    againForPerson: async (id, lasts) => {
      const lastWall = await db.lastWall()
      return db.read(STORES, async (tx) => {
        const row = value(await key().get<JournalRow>(tx, 'journal', id))
        if (row === undefined || row.session !== undefined || row.approval === undefined || !isAgain(row))
          return undefined
        if (needs.clock(row.network, lastWall).now - row.at > lasts) return undefined
        const { approval, account, network } = row
        return heldForPerson({ by: 'person', row, approved: { approval, account, network, allows: [allowedBy(row)] } })
      })
    },
    release: async (id) => {
      const lastWall = await db.lastWall()
      const row = await db.write(STORES, 'strict', async (tx) => {
        const guard = key()
        const held = value(await guard.get<JournalRow>(tx, 'journal', id))
        if (held?.status !== 'held') return undefined
        return (await settleRow(tx, guard, held, { end: 'released' }, needs.clock(held.network, lastWall))).row
      })
      if (row !== undefined) needs.onSettled?.(row, undefined)
      return row !== undefined
    },
    reorged: async (id) => {
      const session = await db.write(STORES, 'strict', async (tx) => {
        const guard = key()
        const row = value(await guard.get<JournalRow>(tx, 'journal', id))
        if (row === undefined || !mayFollow(row, { to: 'reorged' })) return undefined
        await putRow(tx, guard, { ...advance(row, { to: 'reorged' }), booked: true })
        tx.committed(() => mined.delete(`${row.network} ${row.account}`))
        if (row.session === undefined) return undefined
        const { session: stored } = await heirOf(tx, guard, row.session)
        const paused = stored && pausedBy(value(stored) as StoredSession, 'reorg')
        if (paused !== undefined) await guard.put(tx, 'sessions', paused.id, paused)
        return paused
      })
      if (session !== undefined) needs.onSession(session)
    },
    abandon: async (network) => {
      const lastWall = await db.lastWall()
      const ended = await db.write(STORES, 'strict', async (tx) => {
        const guard = key()
        const { now: at } = needs.clock(network, lastWall)
        const rows: JournalRow[] = []
        for (const row of await openRows(tx, guard, onDamaged)) {
          if (row.network !== network) continue
          // No booking: its session cannot run again, and on the chain that is gone nothing can be proven.
          const end = row.status === 'held' ? 'released' : 'dropped'
          const next = advance(row, { to: 'settled', end, at })
          await putRow(tx, guard, next)
          rows.push(next)
        }
        return rows
      })
      for (const of of mined.keys()) if (of.startsWith(`${network} `)) mined.delete(of)
      for (const row of ended) needs.onSettled?.(row, undefined)
    },
    create: async (session, book, alongside, scheduling) => {
      const lastWall = await db.lastWall()
      await db.write([...STORES, 'vault'], 'strict', async (tx) => {
        const guard = key()
        if ((await guard.get(tx, 'sessions', session.id)) !== undefined) throw new Error('the session is there already')
        await guard.put(tx, 'sessions', session.id, session)
        await guard.put(tx, 'books', session.id, book)
        if (scheduling) await holdScheduled(tx, guard, { session, book, open: [] }, scheduling, lastWall)
        await alongside?.(tx)
      })
      needs.onSession(session)
    },
    replace: async (session, { replaces, again, onChain }, alongside, scheduling) => {
      const lastWall = await db.lastWall()
      const done = await db.write([...STORES, 'vault'], 'strict', async (tx) => {
        const guard = key()
        if ((await guard.get(tx, 'sessions', session.id)) !== undefined) throw new Error('the session is there already')
        const old = value(await guard.get<StoredSession>(tx, 'sessions', replaces))
        if (old === undefined || old.replacedBy !== undefined) throw refused('SESSION_NOT_FOUND', { id: replaces })
        const { now } = needs.clock(old.network, lastWall)
        const renamed = renaming(old.effective, session.effective)
        const released: JournalRow[] = []
        const kept: JournalRow[] = []
        for (const row of await soundRowsOfSession(tx, guard, replaces, onDamaged)) {
          if (row.status === 'held') released.push((await settleRow(tx, guard, row, { end: 'released' }, { now })).row)
          else {
            const moved = {
              ...row,
              session: session.id,
              charges: carryCharges(row.charges, renamed),
              ...(row.passed === undefined ? {} : { passed: renamedPassed(row.passed, renamed) }),
            }
            await putRow(tx, guard, moved)
            kept.push(moved)
          }
        }
        // Read after that: it has what came back.
        const book = value(await guard.get<MeterBook>(tx, 'books', replaces))
        if (book === undefined) throw refused('SESSION_NOT_FOUND', { id: replaces })
        const carried = carryBook(book, renamed, session.id)
        const { pause: _pause, ...rest } = old
        const ended: StoredSession = {
          ...rest,
          state: old.state === 'revoked' ? 'revoked' : 'superseded',
          replacedBy: session.id,
          endedAt: old.endedAt ?? now,
          seq: old.seq + 1,
          ...(onChain && old.chain !== undefined && old.onChain === undefined ? { onChain: { state: 'wanted' } } : {}),
        }
        await guard.put(tx, 'sessions', replaces, ended)
        await guard.put(tx, 'sessions', session.id, session)
        const counts = again ? beginAgain(carried, session, now, holdsOf(kept)) : carried
        await guard.put(tx, 'books', session.id, counts)
        if (scheduling) await holdScheduled(tx, guard, { session, book: counts, open: kept }, scheduling, lastWall)
        await alongside?.(tx)
        return { ended, released }
      })
      needs.onSession(done.ended)
      needs.onSession(session)
      for (const row of done.released) needs.onSettled?.(row, undefined)
    },
    change,
    state,
    states: async (ids) => {
      const [sessions, books, rows] = await db.read(STORES, async (tx) => {
        const guard = key()
        return [
          await guard.all<StoredSession>(tx, 'sessions'),
          await guard.all<MeterBook>(tx, 'books'),
          await guard.find<JournalRow, 'journal'>(tx, 'journal', 'open', { prefix: [1] }),
        ] as const
      })
      const isSound = [...sessions, ...books, ...rows].every(({ ok }) => ok)
      // Whose a damaged row is, only a look at each tells.
      if (!isSound) return (await Promise.all(ids.map(state))).filter((it) => it !== undefined)
      const session = new Map(sessions.map((row) => [row.key, sound(row)]))
      const book = new Map(books.map((row) => [row.key, sound(row)]))
      const open = rows.map(sound)
      return ids.flatMap((id) => {
        const found = { session: session.get(id), book: book.get(id) }
        if (found.session === undefined || found.book === undefined) return []
        return [{ session: found.session, book: found.book, open: open.filter((row) => row.session === id) }]
      })
    },
    all: () =>
      db.read(STORES, async (tx) => {
        const guard = key()
        const sessions = await guard.all<StoredSession>(tx, 'sessions')
        const books = new Map((await guard.all<MeterBook>(tx, 'books')).map((row) => [row.key, row]))
        return sessions.map((row): Loaded => {
          const book = books.get(row.key)
          return {
            id: row.key as SessionId, // The store's keys are ids.
            ...(row.ok ? { session: row.value } : {}),
            ...(book?.ok === true ? { book: book.value } : {}),
          }
        })
      }),
    reverts: async (id) => {
      const known = reverts.get(id)
      if (known !== undefined) return known
      const rows = await db.read(['journal'], (tx) =>
        newestRows(
          async (limit) => {
            const where = { prefix: [id], newest: true, limit } as const
            return readable(tx, await key().find<JournalRow, 'journal'>(tx, 'journal', 'bySession', where), onDamaged)
          },
          REVERTS_READ + 64,
          (few) => few.some(({ end }) => end === 'accepted'),
        ),
      )
      // By their ends: the index has the account's own by when they were written.
      const ended = rows.filter(isMined).sort((a, b) => endOf(b) - endOf(a))
      const first = ended.findIndex(({ end }) => end === 'accepted')
      const row = ended.slice(0, first === -1 ? undefined : first)
      const found = { inARow: row.length, lastAt: Math.max(0, ...row.map(endOf)) }
      reverts.set(id, found)
      return found
    },
  }
}

const endOf = ({ settledAt, at }: JournalRow): UnixSeconds => settledAt ?? at

/** The session, paused; `undefined` where it does not run any more, or is paused already for a reason that lifts no sooner. */
export function pausedBy(session: StoredSession, reason: PauseReason): StoredSession | undefined {
  if (session.state === 'active') return { ...session, state: 'paused', pause: reason, seq: session.seq + 1 }
  if (session.state !== 'paused' || session.pause === undefined || weight(session.pause) >= weight(reason)) {
    return undefined
  }
  return { ...session, pause: reason, seq: session.seq + 1 }
}

/** What lifts later outweighs (policy.md 11): by itself, by the site, by the person, never. */
function weight(reason: PauseReason): number {
  if (reason === 'nodeDown') return 0
  if (reason === 'site') return 1
  return reason === 'storageTampered' || reason === 'accountChanged' || reason === 'chainRestarted' ? 3 : 2
}

/** Who pays, as a policy judges it: the account by its bounds, or somebody else for what it gives them. */
export function paidBy(
  { feeToken, bounds, tip }: Pick<SessionProposal, 'feeToken' | 'bounds' | 'tip'>,
  outside: Pick<OutsidePart, 'payer' | 'fee' | 'executeAfter' | 'executeBefore'> | undefined,
  validUntil: UnixSeconds,
  now: UnixSeconds,
): Pick<Transaction, 'fee' | 'paymaster' | 'unsupported'> {
  if (outside === undefined)
    return { fee: { token: feeToken, max: committedMaximum(bounds, tip), tipPerGas: tip }, unsupported: [] }
  const { payer, fee } = outside
  return {
    paymaster: payer,
    fee: { token: fee?.token ?? feeToken, max: BigInt(fee?.max ?? '0'), tipPerGas: 0n },
    unsupported: unsupportedWindow(outside, validUntil, now),
  }
}

/** The brand is made here alone. */
function heldForPerson(held: HoldForPerson): HeldForPerson {
  return held as HeldForPerson
}

/** Signed, and how it ended is not known. */
function isAgain(row: JournalRow): boolean {
  return row.status === 'signed' || row.status === 'sent'
}

/** What the person's yes was on, as the row that was made from it tells. */
function allowedBy(row: JournalRow): Allowed {
  if (row.purpose === 'revoke') return { kind: 'revoke', sessionHash: row.calls[0]?.calldata[0] ?? felt(0) }
  const plain = row.purpose === undefined || row.purpose === 'setup'
  const { carries } = row
  if (carries?.kind === 'class') return { kind: 'class', carries }
  return plain
    ? { kind: 'calls', calls: row.calls, ...(carries === undefined ? {} : { carries }) }
    : { kind: 'step', step: row.purpose }
}

function newRow(it: Proposal, id: string, nonce: Felt, hash: Felt, at: UnixSeconds) {
  return {
    id,
    network: it.network,
    account: it.account,
    group: groupOf(it.account, nonce),
    hash,
    nonce,
    calls: it.calls,
    bounds: storedBounds(it.bounds),
    tip: u256(it.tip),
    at,
    status: 'held',
    ...(it.origin === undefined ? {} : { origin: it.origin }),
    ...(it.request === undefined ? {} : { request: it.request }),
  } as const
}

/**
 * What a site may have signed next: the nonce it names, if everything from the chain's on is on its way and no transaction
 * that this wallet sends has it; else the one that it should have named.
 */
function nextCosigned(chain: bigint, open: readonly JournalRow[], named: Felt): Felt {
  const nonce = BigInt(named)
  const own = open.filter(({ outside }) => outside === undefined)
  const taken = new Set(own.map((row) => BigInt(row.nonce)))
  const ours = own.some((row) => row.parked !== true && BigInt(row.nonce) === nonce)
  let next = chain
  while (next < nonce && taken.has(next)) next += 1n
  return next === nonce && !ours ? named : felt(nextNonce(chain, open))
}

/** What a meter is called where its charges were carried to. */
function namedBy(carry: (charges: readonly Charge[]) => readonly Charge[]): (meter: MeterId) => MeterId | undefined {
  return (meter) => carry([{ meter, amount: u256(1n), refundable: u256(0n) }])[0]?.meter
}

/** One yes is one transaction of each kind, and an account is deployed once, whoever asks: also after a worker's death. */
function isSameYes(row: JournalRow, it: ApprovedProposal): boolean {
  if (it.kind === 'deploy') return row.kind === 'deploy'
  return row.approval === it.approved.approval && isSamePart(row, it)
}

/** One yes may be to the site's calls before each of several sessions: those are told apart by what they do. */
function isSamePart(row: JournalRow, it: ApprovedProposal): boolean {
  const same = row.purpose === it.purpose && row.kind === it.kind
  return same && (it.purpose !== 'setup' || sameCalls(row.calls, it.calls))
}

/** A session's transaction that can never take effect is no answer to a person's yes for the same request. */
function answersFor(row: JournalRow, it: Proposal): boolean {
  if (it.by === 'person' && row.session !== undefined && row.end === 'dropped') return false
  return samePurpose(row, it) && (isOpen(row) || mayBeOut(row))
}

/** One request may have several rows: the steps before a session, one each. */
function samePurpose(row: JournalRow, it: Proposal): boolean {
  return row.purpose === (it.by === 'person' ? it.purpose : undefined)
}

function outcomeOf(it: Settlement): Parameters<typeof settleBook>[3] {
  if (it.end === 'accepted' || it.end === 'reverted') {
    if (it.outcome === undefined) throw new Error('a mined transaction has an outcome')
    const { at, fee, out } = it.outcome
    return it.end === 'accepted'
      ? {
          end: 'accepted',
          at,
          fee,
          out,
          items: it.items ?? {},
          ...(it.allowances === undefined ? {} : { allowances: it.allowances }),
        }
      : { end: 'reverted', at, fee }
  }
  return it.at === undefined ? { end: it.end } : { end: it.end, at: it.at }
}
