/**
 * Ours as the benches measure it: the worker's own parts of an automatic call, from policy and ledger to signer and node
 * client, over IndexedDB in memory. Only what lies around them is made up: keys, one contract, who calls the timers.
 */
import { createContracts } from '../src/background/contracts.ts'
import { createStopFlags } from '../src/background/keys/working-set.ts'
import { createAccounts } from '../src/background/owners/accounts.ts'
import { createHistory } from '../src/background/owners/history.ts'
import { createNetworks } from '../src/background/owners/networks.ts'
import { listedTokens } from '../src/background/owners/token-rows.ts'
import { createSending } from '../src/background/sending/parts.ts'
import { sampleSession } from '../src/background/sending/sample-session.ts'
import { STRK } from '../src/core/account.ts'
import { type Address, address, type Felt, felt, shortString, u256 } from '../src/core/felt.ts'
import { emptyBook } from '../src/core/policy/book.ts'
import type { Call, Origin, RuleId, SessionPolicy } from '../src/core/policy/policy.ts'
import type { NetworkId, OwnAccount, StoredSession } from '../src/core/records.ts'
import { createGuard, openDatabase } from '../src/platform/database.ts'
import { createNodes, type Post } from '../src/platform/node.ts'
import { ARGENT_0_4_0 } from '../src/starknet/accounts.ts'
import { publicKey } from '../src/starknet/curve.ts'
import { selectorOf } from '../src/starknet/selector.ts'
import { memoryStore } from './memory-store.ts'

export { publicKey, sign } from '../src/starknet/curve.ts'
export * from '../src/starknet/poseidon.ts'

// ---- The example: one account, one game, one session with a number of methods.

/** Its node is no loopback address: those are treated otherwise. The stub stands behind it. */
const NETWORK: NetworkId = 'sepolia'
export const CHAIN_ID = shortString('SN_SEPOLIA')
export const ORIGIN = 'https://game.example' as Origin
export const GAME = address('0x6a3e')
/** Of the keys below with class 0.4.0 and no guardian in the constructor (argent-sessions.md 17). */
export const ACCOUNT = address('0x7424a1eb003ed7adb1d8bc05515d48e8b4762baf70a2046967a9a9b0458083d')
export const HEX_KEYS = { owner: '0x1001', guardian: '0x2002', session: '0x3003' } as const
const keyOf = (hex: string): Uint8Array => {
  const bytes = new Uint8Array(32)
  bytes[30] = Number(hex) >> 8
  bytes[31] = Number(hex) & 255
  return bytes
}
const OWNER = keyOf(HEX_KEYS.owner)
const GUARDIAN = keyOf(HEX_KEYS.guardian)
const SESSION = keyOf(HEX_KEYS.session)
export const KEYS = { guardian: GUARDIAN, session: SESSION } as const

export const methodNames = (n: number): readonly string[] => Array.from({ length: n }, (_, at) => `move_${at}`)
export const METHOD = 'move_0'
/** Three felts, as of a transfer. */
export const callOf = (felts: readonly Felt[]): Call => ({
  to: GAME,
  selector: selectorOf(METHOD),
  calldata: [...felts],
})

export interface Mode {
  readonly account: Address
  readonly methods: number
  readonly look: 'receipt' | 'simulate'
}

function policyOf({ methods, look }: Omit<Mode, 'account'>, now: number): SessionPolicy {
  const day = { kind: 'session' } as const
  return {
    v: 1,
    validAfter: now - 10,
    validUntil: now + 86_400,
    calls: [
      {
        id: 'r0' as RuleId,
        contract: GAME,
        entrypoints: methodNames(methods).map((name) => ({ selector: selectorOf(name), name })),
        caps: [{ window: day, max: 100_000 }],
        sums: [],
        enabled: true,
        required: true,
        codePin: { classHash: ARGENT_0_4_0, onChange: 'pause' },
      },
    ],
    deny: [],
    spend: {
      limits: [
        {
          asset: 'erc20',
          token: STRK,
          perCall: u256(10n ** 18n),
          caps: [{ window: { kind: 'session' }, max: u256(10n ** 19n) }],
          spenders: [],
          approvals: 'forbid',
          foreignTransferFrom: 'forbid',
        },
      ],
      look,
    },
    fees: {
      payer: 'account',
      tokens: [{ token: STRK, caps: [{ window: { kind: 'session' }, max: u256(10n ** 24n) }] }],
    },
    usage: { tx: [{ window: day, max: 100_000 }], calls: [], maxCallsPerTx: 20, minGap: 0, maxInFlight: 16 },
    messages: [],
  }
}

export const recordOf = (address: Address): OwnAccount => ({
  address,
  name: 'Account 1',
  order: 0,
  owner: { from: 'phrase', scheme: 'ready', index: 0 },
  classHash: ARGENT_0_4_0,
  ownerPublicKey: publicKey(OWNER),
  guardian: { publicKey: publicKey(GUARDIAN), generation: 0 },
  createdAt: 0,
})

export function sessionOf(mode: Mode, now: number): StoredSession {
  return sampleSession({
    id: `${mode.look} ${mode.methods}`,
    origin: ORIGIN,
    network: NETWORK,
    chainId: CHAIN_ID,
    genesis: { hash: felt(0xb10c0000n), at: 1_700_000_000 },
    account: mode.account,
    granted: policyOf(mode, now),
    createdAt: now,
    keys: { owner: OWNER, guardian: GUARDIAN, session: SESSION },
  })
}

// ---- The whole way of a call.

/**
 * One life of the worker over the database `name`; the next life is another one over the same. Without a name nothing
 * outlives it.
 */
export async function openOurs({ url, name, mode }: { url: string; name?: string; mode: Mode }) {
  const now = () => Math.floor(Date.now() / 1000)
  const db = name === undefined ? memoryStore(now) : openDatabase({ now, name })
  const guard = createGuard({ vaultId: 'bench', macKey: new Uint8Array(32).fill(7) })
  let ids = 0
  const newId = () => {
    ids += 1
    return `${Date.now()} ${ids}`
  }
  const report = (error: unknown) => {
    throw error
  }
  const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
  const pending = new Set<Promise<unknown>>()
  const post: Post = (_url, json) => {
    const answer = postTo(url, json)
    pending.add(answer)
    answer.finally(() => pending.delete(answer)).catch(() => undefined)
    return answer
  }
  const needsGuard = () => guard
  const networks = createNetworks({ db, guard: needsGuard, now, newId: () => 'f', onRestart: async () => {} })
  const nodes = createNodes({ networks, post, now, wait })
  const accounts = createAccounts({
    db,
    guard: needsGuard,
    now,
    read: async () => ({ classHash: ARGENT_0_4_0, kind: 'argent-0.4.0', guardian: publicKey(GUARDIAN) }),
  })
  const history = createHistory({ db, guard: needsGuard, now, newId })
  const timers = new Set<() => void>()
  const sending = createSending({
    db,
    guard: needsGuard,
    area: undefined,
    keys: {
      isUnlocked: () => true,
      sessionKey: () => SESSION,
      guardianKey: () => GUARDIAN,
      ownerSubkey: () => undefined,
      guardianSubkey: () => undefined,
      sessionSubkey: () => undefined,
    },
    classify: () => {
      throw new Error('no messages here')
    },
    vault: { openSecret: async () => undefined },
    stops: createStopFlags(),
    nodes,
    networks,
    accounts,
    contracts: createContracts({
      nodes,
      cold: () => {
        throw new Error('nobody looks')
      },
      listed: (network) => listedTokens(db, network),
    }),
    history,
    newId,
    now,
    ticks: () => performance.now(),
    wait,
    after: (_ms, fn) => {
      timers.add(fn)
      return () => timers.delete(fn)
    },
    sendWanted: async () => {},
    post: () => Promise.reject(new Error('no service here')),
    allowServices: () => {},
    onSession: () => {},
    onRow: () => {},
    report,
  })
  if ((await accounts.all()).length === 0) {
    await accounts.add([recordOf(mode.account)])
    const session = sessionOf(mode, now())
    await sending.sessions.create(session, emptyBook(session.id))
  }
  await networks.load()
  await sending.sessions.load()

  /** Until everything that left beside a call has its answer. */
  const quiet = async () => {
    while (pending.size > 0) await Promise.allSettled(pending)
    await wait(0)
  }
  return {
    execute: async (calls: readonly Call[]): Promise<Felt> => {
      const result = await sending.executor.executeInSession({
        origin: ORIGIN,
        request: newId(),
        network: NETWORK,
        account: mode.account,
        calls,
      })
      if (result.kind !== 'sent') throw new Error(`not sent: ${JSON.stringify(result)}`)
      return result.hash
    },
    quiet,
    /** The receipts of what was sent come in, as they would between two calls. */
    settle: async () => {
      for (let round = 0; (await sending.journal.open()).length > 0; round += 1) {
        if (round === 100) throw new Error('a transaction does not settle')
        for (const fn of [...timers]) {
          timers.delete(fn)
          fn()
        }
        await wait(1)
        await quiet()
      }
    },
    close: async () => {
      await quiet()
      sending.watcher.stop()
      await db.close()
    },
  }
}

/** Without egress.ts, which would take `fetch` from the whole process: the peers need theirs, and send as plainly. */
async function postTo(url: string, body: string) {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  return { status: response.status, text: await response.text() }
}
