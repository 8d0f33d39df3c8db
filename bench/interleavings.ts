/**
 * P11 of policy.md 16: what two sessions of one account do at once, in every order that a scheduler can think of. The ledger and the
 * journal are the worker's own, over a store in memory; each way into the store and out of it is a place where somebody else may come
 * first. The same seed tells the same order.
 */
import { createJournal } from '../src/background/sending/journal.ts'
import { createLedger, type SessionProposal } from '../src/background/sending/ledger.ts'
import { sampleSession } from '../src/background/sending/sample-session.ts'
import { STRK } from '../src/core/account.ts'
import { felt, u256 } from '../src/core/felt.ts'
import { emptyBook } from '../src/core/policy/book.ts'
import { createDice, type Dice, seedOf } from '../src/core/policy/oracle/dice.ts'
import type { Property, PropertyTally } from '../src/core/policy/oracle/properties/property.ts'
import type { RuleId, SessionId, SessionPolicy } from '../src/core/policy/policy.ts'
import type { JournalRow, StoredSession } from '../src/core/records.ts'
import { mayBeOut } from '../src/core/transaction.ts'
import { createGuard, type Database, type Tx } from '../src/platform/database.ts'
import { ARGENT_0_4_0 } from '../src/starknet/accounts.ts'
import { type Bounds, committedMaximum } from '../src/starknet/invoke.ts'
import { selectorOf } from '../src/starknet/selector.ts'
import { memoryStore } from './memory-store.ts'
import { ACCOUNT, CHAIN_ID, callOf, GAME, KEYS, METHOD, ORIGIN } from './ours.ts'

const NOW = 1_900_000_000
const FIRST_NONCE = 4n
const BOUNDS: Bounds = {
  l1_gas: { maxAmount: 0n, maxPrice: 100n },
  l2_gas: { maxAmount: 1_000n, maxPrice: 10n },
  l1_data_gas: { maxAmount: 10n, maxPrice: 3n },
}
const FEE = committedMaximum(BOUNDS, 0n)
const NAMES = ['s1', 's2'] as const
type Name = (typeof NAMES)[number]
const ENDS = ['accepted', 'accepted', 'reverted', 'rejected', 'dropped', 'nothing'] as const

type Act =
  | { readonly act: 'call'; readonly session: Name; readonly request: string; readonly end: (typeof ENDS)[number] }
  | { readonly act: 'revoke'; readonly session: Name }
  | { readonly act: 'narrow'; readonly session: Name; readonly max: number }
  | { readonly act: 'pause'; readonly session: Name }

interface Plan {
  readonly acts: readonly Act[]
  readonly max: number
  readonly order: number
}

export const interleavings: Pick<Property<Plan>, 'id' | 'says' | 'cases' | 'meets'> = {
  id: 'P11',
  says: 'two sessions, revoked and narrowed meanwhile: no cap passed, no signature after the end, one hash per request, one row per nonce',
  cases: 5_000,
  meets: { held: 700, signed: 600, refused: 500, 'released by a change': 100, known: 200, revoked: 300, narrowed: 200 },
}

export async function runInterleavings(
  seed: number,
  count: number,
  { first = 0, step = 1 }: { readonly first?: number; readonly step?: number } = {},
): Promise<PropertyTally> {
  const met: Record<string, number> = {}
  const failures: string[] = []
  let [cases, failed] = [0, 0]
  for (let index = first; index < count; index += step) {
    const plan = aPlan(createDice(seedOf(seed, index)))
    const seen = new Set<string>()
    const why = await play(plan, (what) => seen.add(what))
    cases += 1
    for (const what of seen) met[what] = (met[what] ?? 0) + 1
    if (why === undefined) continue
    failed += 1
    if (failures.length < 2) failures.push(await told(plan, `P11, seed ${seed}, case ${index}`))
  }
  return { cases, met, failed, failures }
}

function aPlan(dice: Dice): Plan {
  const acts = Array.from({ length: dice.int(4, 12) }, (): Act => {
    const session = dice.pick(NAMES)
    switch (dice.int(0, 9)) {
      case 0:
        return { act: 'revoke', session }
      case 1:
        return { act: 'narrow', session, max: dice.int(0, 3) }
      case 2:
        return dice.chance(0.3)
          ? { act: 'pause', session }
          : { act: 'call', session, request: `q${dice.int(0, 6)}`, end: 'nothing' }
      default:
        return { act: 'call', session, request: `q${dice.int(0, 6)}`, end: dice.pick(ENDS) }
    }
  })
  return { acts, max: dice.int(1, 4), order: dice.int(0, 2 ** 31) }
}

/** Leaves out what can be left out while something still fails. */
async function told(plan: Plan, where: string): Promise<string> {
  let small = plan
  for (let index = 0; index < small.acts.length; ) {
    const candidate = { ...small, acts: small.acts.filter((_, at) => at !== index) }
    if ((await play(candidate, () => {})) === undefined) index += 1
    else small = candidate
  }
  return `${where}: ${await play(small, () => {})}\n  case: ${JSON.stringify(small)}`
}

/** Everything at once; who goes on next is drawn. */
async function play({ acts, max, order }: Plan, met: (what: string) => void): Promise<string | undefined> {
  const dice = createDice(order)
  const turns: (() => void)[] = []
  const turn = () => new Promise<void>((resolve) => turns.push(resolve))
  const watch = createWatch(met)
  const db = scheduled(
    memoryStore(() => NOW),
    turn,
    watch,
  )
  const guard = createGuard({ vaultId: 'v', macKey: new Uint8Array(32).fill(7) })
  let ids = 0
  const damaged: unknown[] = []
  const needs = { db, guard: () => guard, onDamaged: (row: unknown) => damaged.push(row) }
  const ledger = createLedger({
    ...needs,
    newId: () => {
      ids += 1
      return `row ${ids}`
    },
    clock: () => ({ now: NOW, wrong: false }),
    onSession: () => {},
    onTampered: (session) => damaged.push(session),
  })
  const journal = createJournal(needs)

  const run = async (act: Act): Promise<void> => {
    const id = act.session as SessionId
    if (act.act === 'revoke') await ledger.change(id, (session) => ({ ...session, state: 'revoking' }))
    if (act.act === 'pause') {
      await ledger.change(id, (session) =>
        session.state === 'active' ? { ...session, state: 'paused', pause: 'person' } : undefined,
      )
    }
    if (act.act === 'narrow') {
      await ledger.change(id, (session) => ({ ...session, effective: limited(session.effective, act.max) }))
    }
    if (act.act !== 'call') return
    const result = await ledger.hold(proposalOf(id, act.request))
    met(result.kind === 'held' ? 'held' : result.kind === 'known' ? 'known' : 'refused')
    if (result.kind !== 'held') return
    await turn()
    const signed = await journal.signed(result.held.row.id)
    if (signed === undefined) {
      met('released by a change')
      return
    }
    met('signed')
    await turn()
    if (act.end !== 'nothing') {
      const mined = act.end === 'accepted' || act.end === 'reverted'
      const outcome = { block: 1, at: NOW, fee: { token: STRK, paid: u256(FEE / 2n) }, out: {} }
      await ledger.settle(signed.id, { end: act.end, at: NOW, ...(mined ? { outcome } : {}) })
    }
  }

  const everything = (async () => {
    for (const name of NAMES) await ledger.create(sessionOf(name, max), emptyBook(name as SessionId))
    await Promise.all(acts.map(run))
  })()
  let over: unknown = 'runs'
  everything.then(
    () => (over = undefined),
    (error: unknown) => (over = error),
  )
  while (over === 'runs') {
    // Whoever can go on without the store has done so by now.
    await new Promise((resolve) => setImmediate(resolve))
    if (turns.length > 0) turns.splice(dice.int(0, turns.length - 1), 1)[0]?.()
  }
  if (over !== undefined) return `thrown: ${over instanceof Error ? over.message : over}`
  return damaged.length > 0 ? `damaged: ${JSON.stringify(damaged)}` : watch.wrong()
}

/** What was committed, in order, judged without the ledger's own book. */
function createWatch(met: (what: string) => void) {
  const sessions = new Map<string, StoredSession>()
  const rows = new Map<string, JournalRow>()
  let wrong: string | undefined

  const judge = (row: JournalRow, before: JournalRow | undefined): string | undefined => {
    const session = sessions.get(row.session ?? '')
    if (session === undefined) return 'a row of no session'
    if (row.status === 'held' && session.state !== 'active') return `held in a session that is ${session.state}`
    if (row.status === 'signed' && before?.status !== 'held') return 'signed without a hold'
    if (row.status === 'signed' && session.state !== 'active') return `signed in a session that is ${session.state}`
    const all = [...rows.values(), row].filter((it, at, list) => list.findLastIndex(({ id }) => id === it.id) === at)
    const counted = all.filter((it) => it.session === row.session && (it.status !== 'settled' || isMined(it)))
    const most = session.effective.usage.tx[0]?.max ?? 0
    if (row.status === 'held' && counted.length > most) return `${counted.length} transactions, at most ${most}`
    const fees = counted.reduce((sum, it) => sum + (isMined(it) ? BigInt(it.outcome?.fee.paid ?? '0') : FEE), 0n)
    const paid = BigInt(session.effective.fees.tokens[0]?.caps[0]?.max ?? '0')
    if (row.status === 'held' && fees > paid) return `${fees} of fees, at most ${paid}`
    const same = all.filter((it) => it.request === row.request && mayBeOut(it))
    if (same.length > 1) return `${same.length} hashes for one request`
    const onNonce = all.filter((it) => it.nonce === row.nonce && it.status !== 'settled')
    if (onNonce.length > 1) return `${onNonce.length} open rows on nonce ${row.nonce}`
    return undefined
  }

  return {
    wrong: () => wrong,
    committed: (puts: readonly { readonly store: string; readonly key: string; readonly value: unknown }[]) => {
      // A session is written before the rows that its change releases.
      for (const { store, key, value } of puts) {
        if (store === 'sessions') {
          const session = value as StoredSession // by its store
          if (session.state === 'revoking') met('revoked')
          if (session.effective !== session.granted && session.state === 'active') met('narrowed')
          sessions.set(key, session)
        }
        if (store !== 'journal') continue
        const row = value as JournalRow // by its store
        wrong ??= judge(row, rows.get(key))
        rows.set(key, row)
      }
    },
  }
}

const isMined = ({ end }: JournalRow) => end === 'accepted' || end === 'reverted'

/** A store at whose door and exit others may come first. */
function scheduled(store: Database, turn: () => Promise<void>, watch: ReturnType<typeof createWatch>): Database {
  return {
    ...store,
    lastWall: async () => {
      await turn()
      return store.lastWall()
    },
    read: async (stores, use) => {
      await turn()
      const result = await store.read(stores, use)
      await turn()
      return result
    },
    write: async (stores, durability, use) => {
      await turn()
      const puts: { store: string; key: string; value: unknown }[] = []
      const result = await store.write(stores, durability, async (tx) => {
        const noting: Tx = {
          ...tx,
          put: (of, key, value, marks) => {
            puts.push({ store: of, key, value })
            return tx.put(of, key, value, marks)
          },
          putRow: (of, row) => {
            puts.push({ store: of, key: row.key, value: row.value })
            return tx.putRow(of, row)
          },
        }
        const done = await use(noting)
        // The last thing of the transaction: nobody else is inside.
        tx.committed(() => watch.committed(puts))
        return done
      })
      await turn()
      return result
    },
  }
}

const keys = { ...KEYS, owner: KEYS.guardian }
const known = new Map<string, StoredSession>()

/** Signed once: a session is the same in every case but for its caps. */
function sessionOf(name: Name, max: number): StoredSession {
  const granted = policyOf(max)
  const made =
    known.get(name) ??
    sampleSession({
      id: name,
      origin: ORIGIN,
      network: 'sepolia',
      chainId: CHAIN_ID,
      genesis: { hash: felt(0x6e0), at: NOW - 1_000_000 },
      account: ACCOUNT,
      granted,
      createdAt: NOW,
      keys,
    })
  known.set(name, made)
  return { ...made, granted, effective: granted }
}

function policyOf(max: number): SessionPolicy {
  const session = { kind: 'session' } as const
  return {
    v: 1,
    validAfter: NOW - 10,
    validUntil: NOW + 86_400,
    calls: [
      {
        id: 'r0' as RuleId,
        contract: GAME,
        entrypoints: [{ selector: selectorOf(METHOD), name: METHOD }],
        caps: [],
        sums: [],
        enabled: true,
        required: true,
      },
    ],
    deny: [],
    spend: { limits: [], look: 'receipt' },
    fees: { payer: 'account', tokens: [{ token: STRK, caps: [{ window: session, max: u256(FEE * 3n + 1n) }] }] },
    usage: { tx: [{ window: session, max }], calls: [], maxCallsPerTx: 20, minGap: 0, maxInFlight: 16 },
    messages: [],
  }
}

function limited(policy: SessionPolicy, max: number): SessionPolicy {
  const tx = policy.usage.tx.map((cap) => ({ ...cap, max: Math.min(cap.max, max) }))
  return { ...policy, usage: { ...policy.usage, tx } }
}

function proposalOf(session: SessionId, request: string): SessionProposal {
  return {
    by: 'session',
    session,
    network: 'sepolia',
    chainId: CHAIN_ID,
    account: ACCOUNT,
    origin: ORIGIN,
    request: `${session} ${request}`,
    calls: [callOf([GAME])],
    bounds: BOUNDS,
    tip: 0n,
    feeToken: STRK,
    chainNonce: FIRST_NONCE,
    facts: (now) => ({
      ownAccounts: [ACCOUNT],
      unlocked: true,
      workingSet: true,
      clockWrong: false,
      classes: { [ACCOUNT]: { classHash: ARGENT_0_4_0, readAt: now } },
      liveAllowance: false,
      simulation: 'none',
      reverts: { inARow: 0, lastAt: 0 },
    }),
  }
}
