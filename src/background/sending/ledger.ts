/**
 * The durable book of each session (policy.md 8, 9). A hold, and every change of session, book or journal, is one strict
 * readwrite transaction over the three stores: IndexedDB puts them in an order, and each sees what the ones before wrote.
 * Inside such a transaction nothing is awaited but its own requests: `evaluate` and hashing are synchronous.
 */

import { refused } from '../../core/errors.ts'
import { type Address, type Branded, type Felt, felt, type U256, u256 } from '../../core/felt.ts'
import type { Allowance } from '../../core/policy/allowances.ts'
import { settle as settleBook } from '../../core/policy/book.ts'
import { beginAgain, carryBook, carryCharges, renaming } from '../../core/policy/carry.ts'
import { evaluate, type Facts } from '../../core/policy/evaluate.ts'
import type { Call, Charge, MeterBook, Origin, PauseReason, Reason, SessionId } from '../../core/policy/policy.ts'
import type { SetupStep } from '../../core/protocol/session-info.ts'
import type { JournalRow, NetworkId, StoredSession } from '../../core/records.ts'
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
} from '../../core/transaction.ts'
import { checkpoint } from '../../platform/checkpoint.ts'
import { type Database, type Guard, isTampered, type Tx } from '../../platform/database.ts'
import { type Bounds, committedMaximum, invokeHash } from '../../starknet/invoke.ts'
import type { Allowed, Approved } from '../keys/approved.ts'
import { sameCalls } from '../keys/signer.ts'
import { readBounds, storedBounds } from './fees.ts'
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
  readonly bounds: Bounds
  readonly tip: bigint
  readonly feeToken: StoredSession['account']
  /** The chain's part of the nonce. */
  readonly chainNonce: bigint
  /** Read before the transaction; `now` and what depends on it are taken inside. */
  readonly facts: (now: UnixSeconds) => Facts
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
  readonly purpose?: SetupStep | 'revoke'
  readonly calls: readonly Call[]
  readonly bounds: Bounds
  readonly tip: bigint
  readonly chainNonce: bigint
  /** Synchronous. */
  readonly hashOf: (nonce: Felt) => Felt
}
export type Proposal = SessionProposal | ApprovedProposal

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
}

export interface Ledger {
  hold(proposal: SessionProposal): Promise<HoldResult>
  hold(proposal: ApprovedProposal): Promise<Exclude<HoldResult, { kind: 'ask' | 'refuse' }>>
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
  create(session: StoredSession, book: MeterBook, alongside?: (tx: Tx) => Promise<void>): Promise<void>
  /**
   * One session takes another's place, in one commit: no moment at which both run or neither. What was used goes on, and
   * what is on its way is the new one's from now on.
   *
   * @throws Refused 211 when another has its place already, or its rows are gone
   */
  replace(session: StoredSession, by: Replacing, alongside?: (tx: Tx) => Promise<void>): Promise<void>
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

export function createLedger(needs: LedgerNeeds): Ledger {
  const { db, newId } = needs
  const key = () => awake(needs.guard)
  const { onDamaged } = needs
  const reverts = new Map<SessionId, Reverts>()
  /** By network and account, the nonce after the last that a block has: what was read of the chain before may be older. */
  const mined = new Map<string, bigint>()
  const floorOf = ({ network, account, chainNonce }: Proposal): bigint => {
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
          const session = value(await guard.get<StoredSession>(tx, 'sessions', id))
          const book = value(await guard.get<MeterBook>(tx, 'books', id))
          if (session === undefined || book === undefined) return undefined
          return { session, book, open: [...(await openRowsOfSession(tx, guard, id))] }
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
    const found = await reading.session(it.session)
    if (found === undefined) return { kind: 'ask', reasons: [{ code: 'revoked' }], session: it.session }
    const { session, book, open } = found
    const ofAccount = await reading.account(it)
    const { now, wrong } = needs.clock(it.network, lastWall)
    const fee = { token: it.feeToken, max: committedMaximum(it.bounds, it.tip), tipPerGas: it.tip }
    const { origin, chainId, account, calls } = it
    const resets = it.resets === undefined ? {} : { resets: it.resets }
    const proposed = { origin, chainId, account, calls, ...resets, fee, unsupported: [] }
    const facts = it.facts(now)
    const verdict = evaluate(
      session,
      book,
      holdsOf(open),
      proposed,
      { ...facts, clockWrong: wrong || facts.clockWrong },
      now,
    )
    if (verdict.kind !== 'auto') return { kind: verdict.kind, reasons: verdict.reasons, session: it.session }
    const nonce = felt(nextNonce(floorOf(it), ofAccount))
    const hash = invokeHash({ chainId, sender: account, calls, nonce, tip: it.tip, bounds: it.bounds })
    const row: JournalRow = {
      ...newRow(it, newId(), nonce, hash, now),
      kind: 'invoke',
      session: it.session,
      ...resets,
      charges: verdict.charges,
      matched: verdict.matched,
    }
    await reading.put(row)
    // The brand is made here alone.
    return { kind: 'held', held: { by: 'session', row, session, chainId } as Held }
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
    const nonce = felt(nextNonce(floorOf(it), ofAccount))
    if (inPlaceOf !== undefined && inPlaceOf.nonce !== nonce) return { kind: 'known', row: inPlaceOf }
    const row: JournalRow = {
      ...newRow(it, newId(), nonce, it.hashOf(nonce), now),
      kind: it.kind,
      approval: it.approved.approval,
      charges: [],
      matched: [],
      ...(it.purpose === undefined ? {} : { purpose: it.purpose }),
    }
    await reading.put(row)
    return { kind: 'held', held: heldForPerson({ by: 'person', row, approved: it.approved }) }
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
    const next = advance(row, {
      to: 'settled',
      end: it.end,
      at,
      ...(it.outcome === undefined ? {} : { outcome: it.outcome }),
      ...(it.failure === undefined ? {} : { failure: it.failure }),
    })
    await putRow(tx, guard, next)
    if (isMined(it)) tx.committed(() => noteMined(next))
    if (row.session === undefined || row.booked === true) return { row: next, others: [] }
    const heir = await heirOf(tx, guard, row.session)
    const { id, session } = heir
    const book = await guard.get<MeterBook>(tx, 'books', id)
    // Damaged, it never runs again: the row ends all the same, or it would hold up the account for ever.
    if (session?.ok === false || book?.ok === false) tx.committed(() => needs.onTampered(id))
    // Forgotten 90 days after its end: nothing is left to book on.
    if (session?.ok !== true || book?.ok !== true) return { row: next, others: [] }
    const open = (await soundRowsOfSession(tx, guard, id, onDamaged)).filter(({ id }) => id !== row.id)
    const settled = settleBook(
      book.value,
      holdOf({ ...row, session: id, charges: heir.charges(row.charges) }),
      [...holdsOf([row]), ...holdsOf(open)].filter(({ status }) => status !== 'settled'),
      outcomeOf(it),
      session.value,
      at,
    )
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
    if (after === undefined) return { row: next, others }
    await guard.put(tx, 'sessions', id, after)
    return { row: next, others, session: after, ...(overdrawn === undefined ? {} : { pause: 'overdrawn' as const }) }
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

  const noteMined = ({ network, account, nonce }: JournalRow) => {
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
      reverts.set(row.session, { inARow: known.inARow + 1, lastAt: row.settledAt ?? row.at })
    }
  }

  return {
    // The overloads say which results which proposal can have.
    hold: hold as Ledger['hold'],
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
        const { origin, account, calls } = row
        const resets = row.resets === undefined ? {} : { resets: row.resets }
        const tip = BigInt(row.tip)
        const fee = { token: feeToken, max: committedMaximum(readBounds(row.bounds), tip), tipPerGas: tip }
        const known = facts(now)
        const verdict = evaluate(
          session,
          book,
          holdsOf(open),
          { origin, chainId, account, calls, ...resets, fee, unsupported: [] },
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
    create: async (session, book, alongside) => {
      await db.write([...STORES, 'vault'], 'strict', async (tx) => {
        const guard = key()
        if ((await guard.get(tx, 'sessions', session.id)) !== undefined) throw new Error('the session is there already')
        await guard.put(tx, 'sessions', session.id, session)
        await guard.put(tx, 'books', session.id, book)
        await alongside?.(tx)
      })
      needs.onSession(session)
    },
    replace: async (session, { replaces, again, onChain }, alongside) => {
      const lastWall = await db.lastWall()
      const done = await db.write([...STORES, 'vault'], 'strict', async (tx) => {
        const guard = key()
        if ((await guard.get(tx, 'sessions', session.id)) !== undefined) throw new Error('the session is there already')
        const old = value(await guard.get<StoredSession>(tx, 'sessions', replaces))
        if (old === undefined || old.replacedBy !== undefined) throw refused('SESSION_NOT_FOUND', { id: replaces })
        const { now } = needs.clock(old.network, lastWall)
        const renamed = renaming(old.effective, session.effective)
        const released: JournalRow[] = []
        for (const row of await soundRowsOfSession(tx, guard, replaces, onDamaged)) {
          if (row.status === 'held') released.push((await settleRow(tx, guard, row, { end: 'released' }, { now })).row)
          else await putRow(tx, guard, { ...row, session: session.id, charges: carryCharges(row.charges, renamed) })
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
        await guard.put(tx, 'books', session.id, again ? beginAgain(carried, session, now) : carried)
        await alongside?.(tx)
        return { ended, released }
      })
      needs.onSession(done.ended)
      needs.onSession(session)
      for (const row of done.released) needs.onSettled?.(row, undefined)
    },
    change,
    state: async (id) => {
      try {
        return await db.read(STORES, async (tx) => {
          const guard = key()
          const session = value(await guard.get<StoredSession>(tx, 'sessions', id))
          const book = value(await guard.get<MeterBook>(tx, 'books', id))
          if (session === undefined || book === undefined) return undefined
          return { session, book, open: await openRowsOfSession(tx, guard, id) }
        })
      } catch (error) {
        if (!isTampered(error)) throw error
        needs.onTampered(id)
        return undefined
      }
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
      const ended = rows.filter(isMined)
      const first = ended.findIndex(({ end }) => end === 'accepted')
      const row = ended.slice(0, first === -1 ? undefined : first)
      const found = { inARow: row.length, lastAt: Math.max(0, ...row.map(({ settledAt, at }) => settledAt ?? at)) }
      reverts.set(id, found)
      return found
    },
  }
}

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
  return plain ? { kind: 'calls', calls: row.calls } : { kind: 'step', step: row.purpose }
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
