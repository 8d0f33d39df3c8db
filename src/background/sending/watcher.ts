/**
 * Follows what is out until its end is proven, and feeds receipts to the ledger (policy.md 8.3, provider.md 11). It decides
 * nothing by time: a row ends by a receipt, or by the proof that it can never take effect.
 */
import { STRK } from '../../core/account.ts'
import { type Address, type Felt, u256 } from '../../core/felt.ts'
import type { Allowance, Pair } from '../../core/policy/allowances.ts'
import { allowancesToRead } from '../../core/policy/book.ts'
import { receiptOutflow } from '../../core/policy/outflow.ts'
import type { SpendPolicy } from '../../core/policy/policy.ts'
import type { JournalRow, NetworkId } from '../../core/records.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { isMined, transactionOf } from '../../core/transaction.ts'
import { checkpoint } from '../../platform/checkpoint.ts'
import type { Finality, Node, Nodes, Receipt } from '../../platform/node.ts'
import { isNodeError } from '../../platform/node-error.ts'
import { isLoopback, type Networks } from '../owners/networks.ts'
import { holdOf, isOut, type Journal } from './journal.ts'
import type { Ledger, Settlement } from './ledger.ts'
import type { Nonces } from './nonces.ts'
import { isOutside, lookFor, type OutsideRow, settlementOutside } from './outside.ts'

export interface Watcher {
  /** Something of this account is out, or may be. */
  follow(network: NetworkId, account: Address): void
  /** By the alarm of each minute: what is open, what was given up on a node's word, and whether the last hour's blocks are there. */
  look(): Promise<void>
  /** What the node last said of a hash; screens show PRE_CONFIRMED as "nearly". */
  finality(hash: Felt): Finality | undefined
  stop(): void
}

export interface WatcherNeeds {
  readonly ledger: Pick<Ledger, 'settle' | 'reorged' | 'state'>
  readonly journal: Pick<Journal, 'open' | 'list' | 'sent'>
  readonly nodes: Nodes
  readonly nonces: Pick<Nonces, 'forget'>
  readonly networks: Pick<Networks, 'sawBlock' | 'all' | 'get' | 'clock'>
  readonly accounts: () => Promise<readonly { readonly address: Address }[]>
  /** What spenders may take now. @throws NodeError: the row is settled later */
  readonly allowances: (row: JournalRow, pairs: readonly Pair[]) => Promise<readonly Allowance[]>
  readonly resend: (row: JournalRow) => Promise<boolean>
  /** In which transaction somebody else has sent it is known now. */
  readonly onFound: (row: JournalRow) => void
  readonly now: () => UnixSeconds
  /** Calls once after `ms`; answers how to call it off. */
  readonly after: (ms: number, fn: () => void) => () => void
  /** What an accepted block says of a row, before it is booked. */
  readonly onReceipt: (row: JournalRow, receipt: Receipt) => void
  readonly onChange: (row: JournalRow) => void
  readonly report: (error: unknown) => void
}

const FAST_S = 60
const SLOW_S = 600
const EVERY = { fast: 1_000, slow: 5_000, rare: 60_000 } as const
/** The two readings of the `dropped` proof lie at least so far apart, s. */
const PROOF_APART = 60
/** Sent again at most this often, s. */
const RESEND_EVERY = 30
const REORG_WATCH = 3_600

export function createWatcher(needs: WatcherNeeds): Watcher {
  const { ledger, journal, nodes, nonces, now } = needs
  const timers = new Map<string, () => void>()
  const busy = new Map<string, Promise<void>>()
  const again = new Set<string>()
  const finalities = new Map<Felt, Finality>()
  /** First reading in which the nonce was used up and the hash unknown, by row. */
  const missingSince = new Map<string, UnixSeconds>()
  const resentAt = new Map<string, UnixSeconds>()
  /** Rejected or dropped on a node's word, not long ago: they may land after all. */
  const doubted = new Map<string, JournalRow>()
  /** Looked at until their nonce was used up by something else. */
  const cleared = new Set<string>()

  const note = (row: JournalRow, finality: Finality) => {
    if (finalities.get(row.hash) === finality) return
    finalities.set(row.hash, finality)
    needs.onChange(row)
  }

  const check = async (row: JournalRow, node: Node): Promise<'settled' | 'pending'> => {
    if (isOutside(row)) return checkOutside(row, node)
    const status = await node.status(row.hash)
    if (status === undefined) return missing(row, node)
    missingSince.delete(row.id)
    note(row, status.finality)
    if (isOut(row, status.finality)) await journal.sent(row.id, now())
    if (status.finality !== 'ACCEPTED_ON_L2' && status.finality !== 'ACCEPTED_ON_L1') return 'pending'
    return (await book(row, node)) ? 'settled' : 'pending'
  }

  const checkOutside = async (row: OutsideRow, node: Node): Promise<'settled' | 'pending'> => {
    const became = await lookFor(row, node)
    if (became.kind === 'executed') return (await bookOutside(row, became.receipt, node)) ? 'settled' : 'pending'
    if (became.kind === 'open') {
      missingSince.delete(row.id)
      return 'pending'
    }
    // Two readings, a minute apart: one may be of a node behind the others of its address.
    if (!isProven(row)) return 'pending'
    const dropped = await ledger.settle(row.id, { end: 'dropped' })
    if (dropped !== undefined) doubted.set(row.id, dropped)
    return 'settled'
  }

  const bookOutside = async (row: OutsideRow, receipt: Receipt, node: Node): Promise<boolean> => {
    if (receipt.block === undefined || !isAccepted(receipt.finality)) return false
    const block = await node.block(receipt.block)
    await needs.networks.sawBlock(row.network, block.at)
    if (__E2E__) await checkpoint('receipt')
    if (row.status !== 'settled' && row.outside.transaction !== receipt.hash)
      needs.onFound(await journal.sent(row.id, now(), receipt.hash))
    const limits = row.session && (await ledger.state(row.session))?.session.granted.spend.limits
    const settlement = settlementOutside(row, receipt, { ...block, number: receipt.block }, limits)
    const allowances = await credited(row, settlement)
    const { hash: transaction } = receipt
    await ledger.settle(row.id, { ...settlement, transaction, ...(allowances === undefined ? {} : { allowances }) })
    missingSince.delete(row.id)
    return true
  }

  /** The same was read a minute ago or more. */
  const isProven = (row: JournalRow): boolean => {
    const since = missingSince.get(row.id)
    if (since === undefined || now() < since) missingSince.set(row.id, now())
    if (since === undefined || now() - since < PROOF_APART) return false
    missingSince.delete(row.id)
    return true
  }

  const book = async (row: JournalRow, node: Node): Promise<boolean> => {
    const receipt = await node.receipt(row.hash)
    // Status and receipt may come from two nodes behind one address: the next look decides.
    if (receipt?.block === undefined || !isAccepted(receipt.finality)) return false
    const block = await node.block(receipt.block)
    await needs.networks.sawBlock(row.network, block.at)
    needs.onReceipt(row, receipt)
    if (__E2E__) await checkpoint('receipt')
    // As granted: which contracts are collections does not change with a narrowing.
    const limits = row.session && (await ledger.state(row.session))?.session.granted.spend.limits
    const settlement = settlementOf(row, receipt, { ...block, number: receipt.block }, limits)
    const allowances = await credited(row, settlement)
    await ledger.settle(row.id, { ...settlement, ...(allowances === undefined ? {} : { allowances }) })
    finalities.delete(row.hash)
    return true
  }

  /** Where more left than the calls send, a credit may have paid for it. */
  const credited = async (row: JournalRow, { outcome }: Settlement): Promise<readonly Allowance[] | undefined> => {
    if (row.session === undefined || outcome === undefined || Object.keys(outcome.out).length === 0) return undefined
    const state = await ledger.state(row.session)
    if (state === undefined) return undefined
    const pairs = allowancesToRead(state.book, holdOf({ ...row, session: row.session }), outcome.out, state.session)
    return pairs.length === 0 ? undefined : needs.allowances(row, pairs)
  }

  /** The node does not know the hash: not there yet, lost, evicted, or replaced (policy.md 8.3, `dropped`). */
  const missing = async (row: JournalRow, node: Node): Promise<'settled' | 'pending'> => {
    const accepted = BigInt((await node.acceptedNonce(row.account)) ?? '0x0')
    if (accepted > BigInt(row.nonce)) {
      if (!isProven(row)) return 'pending'
      const dropped = await ledger.settle(row.id, { end: 'dropped' })
      if (dropped !== undefined) doubted.set(row.id, dropped)
      nonces.forget(row.network, row.account)
      return 'settled'
    }
    missingSince.delete(row.id)
    const last = Math.max(resentAt.get(row.id) ?? 0, row.sentAt ?? row.at)
    // A parked row is not sent again: its nonce may have another by now.
    if (row.parked === true || now() - last < RESEND_EVERY) return 'pending'
    resentAt.set(row.id, now())
    nonces.forget(row.network, row.account)
    await needs.resend(row)
    return 'pending'
  }

  /** Each that others send is looked for by itself: what a node cannot say of one holds no other up. */
  const checkOne = async (row: JournalRow, node: Node): Promise<'settled' | 'pending'> =>
    isOutside(row) ? ((await check(row, node).catch(ofThisOne)) ?? 'pending') : check(row, node)

  /**
   * No block can have it yet, and nobody says that one has: it costs no request. Not by a clock that may be wrong; and the time
   * of a chain on this computer can be moved.
   */
  const mayWait = ({ network, status, outside }: JournalRow): boolean => {
    if (status !== 'signed' || outside === undefined || isLoopback(needs.networks.get(network).node)) return false
    const { now, wrong } = needs.networks.clock(network, undefined)
    return !wrong && now <= outside.executeAfter
  }

  /** In nonce order, and no further than the first that is not accepted: the ones after it cannot be either. */
  const round = async (network: NetworkId, account: Address): Promise<number | undefined> => {
    const open = (await journal.open({ network, account })).filter(({ status }) => status !== 'held')
    const rows = open.filter((row) => !mayWait(row))
    const waits = rows.length < open.length ? EVERY.rare : undefined
    if (rows.length === 0) return waits
    const node = await nodes.of(network)
    let youngest = 0
    let pending = 0
    let own = 0
    for (const row of rows) {
      if ((await checkOne(row, node)) === 'settled') continue
      pending += 1
      youngest = Math.max(youngest, row.sentAt ?? row.at)
      if (isOutside(row)) continue
      own += 1
      // A parked row holds nobody up: its nonce may be another's.
      if (row.parked !== true && own > 1) break
    }
    if (pending === 0) return waits
    const age = now() - youngest
    return age < FAST_S ? EVERY.fast : age < SLOW_S ? EVERY.slow : EVERY.rare
  }

  const run = (network: NetworkId, account: Address): Promise<void> => {
    const key = `${network} ${account}`
    const running = busy.get(key)
    if (running !== undefined) {
      again.add(key)
      return running
    }
    timers.get(key)?.()
    timers.delete(key)
    const work = round(network, account)
      .catch((error: unknown) => {
        // A silent node proves nothing: everything stays held, and it is asked again.
        if (!isNodeError(error)) needs.report(error)
        return EVERY.slow
      })
      .then((wait) => {
        busy.delete(key)
        const soon = again.delete(key) ? EVERY.fast : undefined
        const next = soon ?? wait
        if (next !== undefined) schedule(network, account, next)
      })
    busy.set(key, work)
    return work
  }
  const schedule = (network: NetworkId, account: Address, ms: number) => {
    const key = `${network} ${account}`
    timers.get(key)?.()
    timers.set(
      key,
      needs.after(ms, () => {
        timers.delete(key)
        void run(network, account)
      }),
    )
  }

  /**
   * A rejection and a drop are a node's word (policy.md 8.3): each is asked for again until an accepted block has used its
   * nonce and, a minute or more after its end, the hash is still unknown.
   */
  const lookAtDoubted = async (network: NetworkId, account: Address, recent: readonly JournalRow[]): Promise<void> => {
    for (const row of recent) {
      if ((row.end === 'rejected' || row.end === 'dropped') && !cleared.has(row.id)) doubted.set(row.id, row)
    }
    const own = [...doubted.values()].filter((row) => row.network === network && row.account === account)
    if (own.length === 0) return
    const node = await nodes.of(network)
    const accepted = BigInt((await node.acceptedNonce(account)) ?? '0x0')
    for (const row of own) {
      const age = now() - (row.settledAt ?? row.at)
      if (isOutside(row)) {
        const became = await lookFor(row, node).catch(ofThisOne)
        if (became === undefined) continue
        if (became.kind === 'executed' ? !(await bookOutside(row, became.receipt, node)) : age < PROOF_APART) continue
        doubted.delete(row.id)
        cleared.add(row.id)
        continue
      }
      const status = await node.status(row.hash)
      if (status !== undefined && isAccepted(status.finality)) {
        if (!(await book(row, node))) continue
        nonces.forget(network, account)
      } else if (status !== undefined || ((accepted <= BigInt(row.nonce) || age < PROOF_APART) && age < REORG_WATCH)) {
        continue
      }
      doubted.delete(row.id)
      cleared.add(row.id)
    }
  }

  /** Whether the row in the last block of the last hour's is still there; if not, each one is asked for. */
  const lookBack = async (network: NetworkId, account: Address): Promise<void> => {
    // What was in blocks of a chain that started over is nobody's to send again.
    const began = needs.networks.get(network).genesis?.at ?? 0
    const recent = await journal.list({ network, account, from: Math.max(began, now() - REORG_WATCH), limit: 256 })
    await lookAtDoubted(network, account, recent)
    const mined = recent.filter(isMined)
    const [newest] = [...mined].sort(byBlock)
    if (newest === undefined) return
    const node = await nodes.of(network)
    const isThere = async (row: JournalRow) => (await node.status(transactionOf(row) ?? row.hash)) !== undefined
    if (await isThere(newest)) return
    for (const row of mined) {
      // Twice: one answer of one node behind a shared address is not a reorganisation.
      if ((await isThere(row)) || (await isThere(row))) continue
      await ledger.reorged(row.id)
      nonces.forget(network, account)
    }
    await run(network, account)
  }

  return {
    follow: (network, account) => {
      const key = `${network} ${account}`
      if (busy.has(key)) again.add(key)
      else if (!timers.has(key)) schedule(network, account, EVERY.fast)
      else {
        // It may be waiting for something old; this is new.
        schedule(network, account, EVERY.fast)
      }
    },
    look: async () => {
      const open = await journal.open()
      const followed = new Map(open.map(({ network, account }) => [`${network} ${account}`, { network, account }]))
      for (const { network, account } of followed.values()) await run(network, account)
      for (const { address } of await needs.accounts()) {
        for (const { id: network } of needs.networks.all()) {
          await lookBack(network, address).catch((error: unknown) => {
            if (!isNodeError(error)) needs.report(error)
          })
        }
      }
    },
    finality: (hash) => finalities.get(hash),
    stop: () => {
      for (const off of timers.values()) off()
      timers.clear()
    },
  }
}

/** The last first. A chain that started over counts its blocks anew, so their time comes before their number. */
function byBlock(a: JournalRow, b: JournalRow): number {
  const { at = 0, block = 0 } = a.outcome ?? {}
  const other = b.outcome ?? { at: 0, block: 0 }
  return other.at - at || other.block - block
}

function isAccepted(finality: Finality): boolean {
  return finality === 'ACCEPTED_ON_L2' || finality === 'ACCEPTED_ON_L1'
}

const MAX_FAILURE = 300

/** What a receipt books: the fee as it was paid, and per token what left, the fee's own transfer aside. */
export function settlementOf(
  row: JournalRow,
  receipt: Receipt,
  block: { readonly number: number; readonly at: UnixSeconds; readonly sequencer: Felt },
  limits: SpendPolicy['limits'] = [],
): Settlement {
  // Version 3 pays in STRK; a node that says otherwise is not believed about the token, only about the amount.
  const fee = { token: STRK, paid: u256(receipt.fee.amount) }
  const left = receiptOutflow(receipt.events, row.account, { ...fee, sequencer: block.sequencer }, limits)
  const reverted = receipt.execution === 'REVERTED'
  return {
    end: reverted ? 'reverted' : 'accepted',
    at: block.at,
    outcome: { block: block.number, at: block.at, fee, out: reverted ? {} : left.out },
    ...(reverted ? {} : { items: left.items }),
    ...(receipt.failure === undefined ? {} : { failure: receipt.failure.slice(0, MAX_FAILURE) }),
  }
}

/** What a node says of one row alone is no answer for it; everything else is thrown. */
function ofThisOne(error: unknown): undefined {
  if (isNodeError(error) && (error.reason === 'rpc' || error.reason === 'garbage')) return undefined
  throw error
}
