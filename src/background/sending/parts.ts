/**
 * Ledger, journal, signer, executor, watcher and recovery joined to one another: each tells the others what it committed, and
 * only here do their circles close. Everything from outside is an argument.
 */
import { felt } from '../../core/felt.ts'
import type { PauseReason, SessionId } from '../../core/policy/policy.ts'
import type { JournalRow, NetworkId, StoredSession } from '../../core/records.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { isMined } from '../../core/transaction.ts'
import type { Database, Guard } from '../../platform/database.ts'
import type { Nodes, Post } from '../../platform/node.ts'
import { isNodeError } from '../../platform/node-error.ts'
import type { Contracts } from '../contracts.ts'
import { createSigner, type Signer, type SignerNeeds } from '../keys/signer.ts'
import type { SessionArea } from '../keys/working-set.ts'
import type { Accounts } from '../owners/accounts.ts'
import type { History } from '../owners/history.ts'
import type { Networks } from '../owners/networks.ts'
import { createSessions, type SessionNeeds, type Sessions } from '../owners/sessions.ts'
import { createComparing } from './comparing.ts'
import { type Cosigning, createCosigning } from './cosigning.ts'
import { createDeciding } from './deciding.ts'
import { createElsewhere } from './elsewhere.ts'
import { createExecutor, type Executor } from './executor.ts'
import { createHeads } from './heads.ts'
import { createJournal, type Damaged, type Journal, newestRows } from './journal.ts'
import { createKeptGas } from './kept-gas.ts'
import { createLedger, type Ledger } from './ledger.ts'
import { createMessages, type Messages } from './messages.ts'
import { createNonces, type Nonces, ownNonces } from './nonces.ts'
import { createPreflight, type Preflight } from './preflight.ts'
import { createRecovery, type Recovery } from './recovery.ts'
import { recordSent } from './sender.ts'
import { createWatcher, type Watcher } from './watcher.ts'

export interface SendingNeeds {
  readonly db: Database
  readonly guard: () => Guard | undefined
  /** Gone with the browser. `undefined`: the journal is not compared with the chain. */
  readonly area: SessionArea | undefined
  readonly keys: SignerNeeds['keys']
  readonly vault: SignerNeeds['vault']
  readonly stops: SignerNeeds['stops'] & SessionNeeds['stops']
  readonly nodes: Nodes
  readonly networks: Networks
  readonly accounts: Accounts
  readonly classify: SignerNeeds['classify']
  readonly contracts: Pick<Contracts, 'allowances' | 'allowancesOf' | 'leavesOf'>
  readonly history: History
  readonly newId: () => string
  readonly now: () => UnixSeconds
  readonly ticks: () => number
  readonly wait: (ms: number) => Promise<void>
  readonly after: (ms: number, fn: () => void) => () => void
  readonly sendWanted: () => Promise<void>
  /** To services that pay fees. */
  readonly post: Post
  readonly allowServices: (origins: readonly string[]) => void
  /** The person's master switch. */
  readonly sessionsOff?: () => boolean
  /** A session's row is another one. */
  readonly onSession: (session: StoredSession, before: StoredSession | undefined) => void
  /** A row is sent, nearly there, or settled; `paused`: its settlement paused the session. */
  readonly onRow: (row: JournalRow, paused?: PauseReason) => void
  readonly report: (error: unknown) => void
}
export interface Sending {
  readonly messages: Messages
  readonly cosigning: Cosigning
  readonly ledger: Ledger
  readonly journal: Journal
  readonly sessions: Sessions
  readonly signer: Signer
  readonly nonces: Nonces
  readonly preflight: Preflight
  readonly executor: Executor
  readonly watcher: Watcher
  readonly recovery: Recovery
  /** The accounts whose sessions may run; a node that is silent is asked again before it counts. */
  compareAll(): Promise<void>
}

/** The newest rows have the highest nonces; more are open or were refused only where nothing is accepted. */
const OWN_READ = 256

export function createSending(needs: SendingNeeds): Sending {
  const { db, guard, networks, nodes, history, now, report } = needs
  const damaged = new Set<string>()
  const onDamaged = ({ error, sessions: named }: Damaged) => {
    // Met at every reading; told once.
    if (damaged.has(error.key)) return
    damaged.add(error.key)
    report(error)
    for (const session of named) sessions.foundTampered(session).catch(report)
  }
  const journal = createJournal({ db, guard, onDamaged })
  const comparing =
    needs.area &&
    createComparing({
      area: needs.area,
      looked: async ({ network, account }) => {
        const own = await needs.accounts.own(account)
        const found = own?.looked?.find((it) => it.network === network)
        // A chain that started over begins at zero again.
        const isOld = found !== undefined && found.at < (networks.get(network).genesis?.at ?? 0)
        return found === undefined || isOld ? undefined : BigInt(found.nonce)
      },
      look: ({ network, account }, nonce) => needs.accounts.look(account, network, felt(nonce)),
      sessions: {
        list: (which) => sessions.list(which),
        pauseAll: (which, reason, rests) => sessions.pauseAll(which, reason, rests),
      },
      read: createElsewhere({
        own: (account) => needs.accounts.own(account),
        chainId: (network) => networks.get(network).chainId,
        nodes,
        rows: ({ network, account }) => journal.list({ network, account, limit: OWN_READ, ...since(network) }),
        sessions: { list: (which) => sessions.list(which) },
      }),
      book: async (lost) => {
        for (const row of lost) {
          if (!(await journal.putBack(row))) continue
          await recordSent(history, row, row.at)
          watcher.follow(row.network, row.account)
          needs.onRow(row)
        }
      },
      tell: ({ network, account }, from, to) =>
        history.add({
          id: `elsewhere ${network} ${account} ${from}`,
          network,
          account,
          event: { kind: 'elsewhere', transactions: Number(to - from) },
        }),
    })
  const since = (network: NetworkId) => {
    const { genesis } = networks.get(network)
    // A chain that started over begins at zero again.
    return genesis === undefined ? {} : { from: genesis.at }
  }
  const nonces = createNonces({
    compare: async (network, account, nonce, out) => comparing?.compare({ network, account }, nonce, out),
    isCompared: async (network, account) => comparing === undefined || comparing.isDone({ network, account }),
    now,
    wait: needs.wait,
    own: async (network, account) => {
      const [open, newest] = await Promise.all([
        journal.open({ network, account }),
        newestRows(
          // What others hand in has no nonce of the account's.
          (limit) => journal.list({ network, account, own: true, limit, ...since(network) }),
          OWN_READ,
          // The newest that is in a block has the highest nonce of those that are; of one second all are needed.
          (few) => few.some((row) => isMined(row) && row.at > few.at(-1)!.at),
        ),
      ])
      return ownNonces([...open, ...newest])
    },
    onBehind: () => watcher.look().catch(report),
    onForeign: (network, account) => {
      preflight.moved(network, account)
      needs.accounts.forget(account, network)
    },
  })
  const keptGas = createKeptGas({ ticks: needs.ticks })
  const heads = createHeads({ networks, onVersion: keptGas.version, ticks: needs.ticks })
  const preflight = createPreflight({ contracts: needs.contracts, ticks: needs.ticks })
  const accounts = () => needs.accounts.all()

  const ledger = createLedger({
    db,
    guard,
    newId: needs.newId,
    clock: (network, lastWall) => networks.clock(network, lastWall),
    onSession: (session) => sessions.committed(session),
    onSettled: (row, paused) => {
      executor.settled(row)
      needs.onRow(row, paused)
    },
    onTampered: (id: SessionId) => {
      sessions.foundTampered(id).catch(report)
    },
    onDamaged,
  })
  const sessions: Sessions = createSessions({
    ledger,
    stops: needs.stops,
    onChange: needs.onSession,
    ...(needs.sessionsOff === undefined ? {} : { isOff: needs.sessionsOff }),
  })
  const signer = createSigner({
    keys: needs.keys,
    vault: needs.vault,
    stops: needs.stops,
    look: (id) => sessions.get(id),
    accounts,
    network: (id) => networks.get(id),
    classify: needs.classify,
    now,
  })
  const isUnlocked = () => needs.keys.isUnlocked(now())
  const lastWall = () => db.lastWall()
  const deciding = createDeciding({
    ledger,
    nodes,
    journal,
    heads,
    keptGas,
    nonces,
    preflight,
    signer,
    sessions,
    accounts: needs.accounts,
    networks,
    isUnlocked,
    lastWall,
    ticks: needs.ticks,
    wait: needs.wait,
  })
  const executor: Executor = createExecutor({
    deciding,
    ledger,
    journal,
    nodes,
    nonces,
    preflight,
    heads,
    keptGas,
    signer,
    sessions,
    accounts: needs.accounts,
    networks,
    history,
    isUnlocked: () => needs.keys.isUnlocked(now()),
    lastWall: () => db.lastWall(),
    now,
    ticks: needs.ticks,
    wait: needs.wait,
    onSent: (row) => {
      watcher.follow(row.network, row.account)
      needs.onRow(row)
    },
    classify: needs.classify,
    post: needs.post,
    allow: needs.allowServices,
    report,
  })
  const watcher: Watcher = createWatcher({
    ledger,
    journal,
    nodes,
    nonces,
    networks,
    accounts,
    allowances: ({ network, account }, pairs) => needs.contracts.allowancesOf(network, account, pairs),
    resend: (row) => executor.resend(row),
    onFound: (row) => {
      recordSent(history, row, row.sentAt ?? row.at).catch(report)
      needs.onRow(row)
    },
    now,
    after: needs.after,
    onReceipt: (row, { execution, failure, l2Gas }) =>
      keptGas.mined(row, {
        reverted: execution === 'REVERTED',
        ...(failure === undefined ? {} : { failure }),
        ...(l2Gas === undefined ? {} : { l2Gas }),
      }),
    onChange: (row) => needs.onRow(row),
    report,
  })
  const recovery = createRecovery({
    ledger,
    journal,
    sessions,
    history,
    nodes,
    watcher,
    accounts,
    networks: networks.all,
    beforeAll: (network, account, work) => executor.beforeAll(network, account, work),
    isBusy: (id) => executor.isBusy(id),
    isRevoked: (session) => executor.isRevoked(session),
    sendWanted: needs.sendWanted,
    now,
    wait: needs.wait,
    report,
  })
  const messages = createMessages({
    ledger,
    nodes,
    preflight,
    signer,
    sessions,
    accounts: needs.accounts,
    nonces,
    signsAs: executor.signsAs,
    networks,
    history,
    isUnlocked: () => needs.keys.isUnlocked(now()),
    lastWall: () => db.lastWall(),
  })
  const cosigning = createCosigning({
    deciding,
    ledger,
    journal,
    nodes,
    nonces,
    signer,
    history,
    sessions,
    now: (network) => networks.clock(network, undefined).now,
    onSigned: ({ network, account }) => watcher.follow(network, account),
    report,
  })
  const compareAll = async () => {
    for (const { network, account, state } of sessions.list()) {
      if (state !== 'active') continue
      try {
        await nonces.compared(network, account, await nodes.of(network))
      } catch (error) {
        if (!isNodeError(error)) throw error
      }
    }
  }
  return {
    compareAll,
    messages,
    cosigning,
    ledger,
    journal,
    sessions,
    signer,
    nonces,
    preflight,
    executor,
    watcher,
    recovery,
  }
}
