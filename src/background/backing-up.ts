/**
 * What a backup carries, and how a new copy begins with it (security.md 7.1, approval-ux.md 5.1): the vault, accounts, sites,
 * networks, settings, tokens and contacts; sessions with their counts, paused. What was under way and what has happened stay
 * with the copy that was saved.
 */
import { atMostU256, heldBy } from '../core/policy/book.ts'
import type { StoredSession } from '../core/records.ts'
import type { UnixSeconds } from '../core/time.ts'
import {
  createGuard,
  type Database,
  type Guard,
  type ReadTx,
  type Store,
  type Tx,
  tamperedError,
} from '../platform/database.ts'
import type { Backup, BackupRow } from './keys/backup.ts'
import type { Opened } from './keys/vault.ts'
import { beginRules, RULES } from './owners/settings.ts'
import { holdsOf } from './sending/journal.ts'
import type { SessionState } from './sending/ledger.ts'
import { pausedBy } from './sending/ledger.ts'

/** Sessions and their books are read through the ledger, which knows what is held of them. */
const SAVED: readonly Store[] = ['accounts', 'grants', 'networks', 'settings', 'tokens', 'contacts']
export const RESTORED: readonly Store[] = [...SAVED, 'sessions', 'books']

/** @throws TamperedError when a row that guards money does not verify: a backup is not made of what may be somebody else's */
export async function savedRows(
  db: Database,
  guard: Guard,
  sessions: readonly SessionState[],
  now: UnixSeconds,
): Promise<readonly BackupRow[]> {
  const rows = await db.read(SAVED, async (tx) => {
    const all: BackupRow[] = []
    for (const store of SAVED) all.push(...(await rowsOf(tx, guard, store)))
    return all
  })
  return [...rows, ...sessions.flatMap((state) => sessionRows(state, now))]
}

/** Writes them under the keys of the new vault. For the transaction in which that one comes to be. */
export async function restoreRows(tx: Tx, backup: Backup, { vaultId, keys }: Opened): Promise<void> {
  const guard = createGuard({ vaultId, macKey: keys.state })
  for (const { store, key, value, marks, guarded } of backup.rows) {
    const to = RESTORED.find((it) => it === store)
    // Nothing else was saved; what somebody else put there is not taken over.
    if (to === undefined) continue
    const restored = to === 'sessions' ? asleep(value as StoredSession) : value // Our own row, sealed in the file.
    if (restored === undefined) continue
    if (guarded) await guard.put(tx, to, key, restored, marks)
    else await tx.put(to, key, restored, marks)
  }
  const hasRules = backup.rows.some(({ store, key, guarded }) => store === 'settings' && key === RULES && guarded)
  if (!hasRules) await beginRules(tx, guard)
}

/**
 * This copy may be older than what was spent: a person looks at each session before it goes on. One that was never set up
 * to its end is nothing here.
 */
function asleep(session: StoredSession): StoredSession | undefined {
  if (session.state === 'pending') return undefined
  return pausedBy(session, 'restored') ?? session
}

async function rowsOf(tx: ReadTx, guard: Guard, store: Store): Promise<readonly BackupRow[]> {
  const rows: BackupRow[] = []
  for (const row of await tx.rows(store)) {
    const marks = row.marks === undefined ? {} : { marks: row.marks }
    if (row.mac === undefined) {
      rows.push({ store, key: row.key, value: row.value, ...marks, guarded: false })
      continue
    }
    const checked = await guard.get(tx, store, row.key)
    if (checked === undefined) continue
    if (!checked.ok) throw tamperedError(checked)
    rows.push({ store, key: row.key, value: checked.value, ...marks, guarded: true })
  }
  return rows
}

/** What is set aside counts as spent: the copy that is restored will never hear how it ended. */
function sessionRows({ session, book, open }: SessionState, now: UnixSeconds): readonly BackupRow[] {
  const held = [...heldBy(holdsOf(open))].map(([meter, amount]) => ({ meter, amount: atMostU256(amount), at: now }))
  const spent = held.length === 0 ? book : { ...book, seq: book.seq + 1, bookings: [...book.bookings, ...held] }
  return [
    { store: 'sessions', key: session.id, value: session, guarded: true },
    { store: 'books', key: session.id, value: spent, guarded: true },
  ]
}
