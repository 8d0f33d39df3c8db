/**
 * Journal rows at a worker's start (architecture.md 5): finish, send again, give back or keep. Requests wait for it. What
 * can be told from the journal alone is done at once; what only a node can tell goes on beside the requests, and until then
 * everything stays held.
 */
import type { Address } from '../../core/felt.ts'
import type { JournalRow, NetworkId } from '../../core/records.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { transactionOf } from '../../core/transaction.ts'
import { checkpoint } from '../../platform/checkpoint.ts'
import type { Node, Nodes } from '../../platform/node.ts'
import { isNodeError } from '../../platform/node-error.ts'
import type { History } from '../owners/history.ts'
import type { Sessions } from '../owners/sessions.ts'
import type { Executor } from './executor.ts'
import { isOut, type Journal } from './journal.ts'
import type { Ledger } from './ledger.ts'
import { recordSent, sentId } from './sender.ts'
import type { Watcher } from './watcher.ts'

export interface Recovery {
  /** Before the first request is served. Rows that do not verify are told and left as they are. @throws StorageError */
  recover(): Promise<Recovered>
}
export interface Recovered {
  /** Unsigned holds that were given back. */
  readonly released: number
  /** Rows whose end a node has to tell. `settling` resolves when each was looked at once. */
  readonly open: number
  readonly settling: Promise<void>
}

export interface RecoveryNeeds {
  readonly ledger: Pick<Ledger, 'release'>
  readonly journal: Pick<Journal, 'open' | 'list' | 'sent' | 'park'>
  readonly sessions: Pick<Sessions, 'list' | 'onChain'>
  /** The chain is told of the ends it was to be told of. */
  readonly sendWanted: () => Promise<void>
  readonly history: Pick<History, 'add' | 'missing'>
  readonly nodes: Nodes
  readonly watcher: Pick<Watcher, 'follow'>
  readonly accounts: () => Promise<readonly { readonly address: Address }[]>
  readonly networks: () => readonly { readonly id: NetworkId }[]
  /** `resend`: the same bytes, if the session would still sign them, or the person's yes is young. */
  readonly beforeAll: Executor['beforeAll']
  /** An unlock recovers too, and then work of this very life may be under way. */
  readonly isBusy: Executor['isBusy']
  readonly isRevoked: (session: ReturnType<Sessions['list']>[number]) => Promise<boolean>
  readonly now: () => UnixSeconds
  readonly wait: (ms: number) => Promise<void>
  readonly report: (error: unknown) => void
}

/** Settled rows whose receipt may be missing from history: as far back as a worker can have died between two writes. */
const HISTORY_BACK = 3_600
/** Nobody waits for what history lacks, so it does not stand in the way of the first request, ms. */
const RETELL_AFTER_MS = 1_000

export function createRecovery(needs: RecoveryNeeds): Recovery {
  const { ledger, journal, nodes, watcher } = needs

  /** Signed or sent: where is it? In nonce order, so that what is sent again leaves in order. */
  const find = async (
    rows: readonly JournalRow[],
    network: NetworkId,
    resend: (row: JournalRow) => Promise<boolean>,
  ): Promise<void> => {
    // In somebody else's hands: whether it was sent, only the chain says, and the watcher asks it.
    const own = rows.filter(({ outside }) => outside === undefined)
    if (own.length === 0) return
    const node = await nodes.of(network)
    for (const row of own) {
      try {
        await findOne(row, node, resend)
      } catch (error) {
        // A node that is silent says nothing of the others either; anything else is this row's own trouble.
        if (isNodeError(error) && error.reason !== 'rpc') throw error
        if (!isNodeError(error)) needs.report(error)
      }
    }
  }
  const findOne = async (row: JournalRow, node: Node, resend: (row: JournalRow) => Promise<boolean>): Promise<void> => {
    const status = await node.status(row.hash)
    if (status !== undefined) {
      if (!isOut(row, status.finality)) return
      const sent = await journal.sent(row.id, needs.now())
      await recordSent(needs.history, sent, sent.sentAt ?? sent.at)
      return
    }
    const chain = BigInt((await node.nonce(row.account)) ?? '0x0')
    // Used by something else: the watcher takes the two readings that prove it.
    if (chain > BigInt(row.nonce)) return
    // Not sent again: its nonce may be another's by now.
    if (row.parked === true) return
    if (__E2E__) await checkpoint('resending')
    await resend(row)
  }

  const settle = async (rows: readonly JournalRow[]): Promise<void> => {
    const accounts = new Map<string, JournalRow[]>()
    for (const row of rows) {
      const key = `${row.network} ${row.account}`
      accounts.set(key, [...(accounts.get(key) ?? []), row])
    }
    // All at once: each account's queue is closed before the first request is served.
    await Promise.all(
      [...accounts.values()].map(async (group) => {
        const [{ network, account }] = group as [JournalRow, ...JournalRow[]] // Made with its first row.
        try {
          await needs.beforeAll(network, account, (resend) => find(group, network, resend))
        } catch (error) {
          // Silent, contradicting, another chain: everything stays held, and nothing new is signed on that node either.
          if (!isNodeError(error)) needs.report(error)
        }
        watcher.follow(network, account)
      }),
    )
  }

  /** Died between settling and telling: the same id is the same event. */
  const retell = async (): Promise<void> => {
    await needs.wait(RETELL_AFTER_MS)
    for (const { address } of await needs.accounts()) {
      for (const { id: network } of needs.networks()) {
        const rows = await journal.list({ network, account: address, from: needs.now() - HISTORY_BACK, limit: 64 })
        const out = rows.filter(wasSent)
        const missing = await needs.history.missing(out.map(({ id }) => sentId(id)))
        for (const row of out) {
          if (missing.includes(sentId(row.id))) await recordSent(needs.history, row, row.sentAt ?? row.at)
        }
      }
    }
  }

  /** Revoked here, and the chain was told or was to be told: it says itself whether it knows. */
  const revocations = async (): Promise<void> => {
    const all = needs.sessions.list()
    for (const session of all) {
      const { onChain, network, account, createdAt: from } = session
      if (onChain?.state !== 'sent') continue
      if (await needs.isRevoked(session)) {
        await needs.sessions.onChain(session.id, { ...onChain, state: 'done' })
        continue
      }
      const row = (await journal.list({ network, account, from })).find(({ hash }) => hash === onChain.hash)
      if (row?.status === 'settled') await needs.sessions.onChain(session.id, { ...onChain, state: 'failed' })
    }
    if (all.some(({ onChain }) => onChain?.state === 'wanted')) await needs.sendWanted()
  }

  return {
    recover: async () => {
      const rows = (await journal.open()).filter(({ id }) => !needs.isBusy(id))
      if (__E2E__) await checkpoint('recovering')
      const held = rows.filter(({ status }) => status === 'held')
      // Nothing left the worker: nonce and money are free, and a repeated request runs anew.
      for (const row of held) await ledger.release(row.id)
      const open = rows.filter(({ status }) => status !== 'held')
      // What is out is found first: a revocation may be among it.
      const settling = Promise.all([settle(open).then(revocations), retell()]).then(
        () => undefined,
        (error: unknown) => {
          if (!isNodeError(error)) needs.report(error)
        },
      )
      return { released: held.length, open: open.length, settling }
    },
  }
}

function wasSent(row: JournalRow): boolean {
  // What was only handed out, and ended unused, is no transaction.
  if (row.end === 'dropped' && transactionOf(row) === undefined) return false
  return row.status === 'sent' || (row.status === 'settled' && row.end !== 'released' && row.end !== 'rejected')
}
