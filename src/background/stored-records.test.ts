/**
 * Every row that lies on the disk, changed by another hand and put back to what it was (security.md 8). One line per kind: a
 * kind without a line makes this fail, and so does a place that writes and is not named here.
 */
import 'fake-indexeddb/auto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { address, felt } from '../core/felt.ts'
import type { SessionId } from '../core/policy/policy.ts'
import {
  createGuard,
  type Database,
  type Guard,
  isTampered,
  type ReadTx,
  type Row,
  STORES,
  type Store,
} from '../platform/database.ts'
import { hexOf, randomBytes } from '../platform/secret-box.ts'
import { createEscapeWatch, type WatchNeeds } from './escape-watch.ts'
import { createVault, isVaultError, type Opened, type Vault } from './keys/vault.ts'
import { createWorkingSet } from './keys/working-set.ts'
import { createAccounts } from './owners/accounts.ts'
import { createAnswers } from './owners/answers.ts'
import { createApprovals } from './owners/approvals.ts'
import { createContacts } from './owners/contacts.ts'
import { createGrants } from './owners/grants.ts'
import { createHistory } from './owners/history.ts'
import { createNetworks } from './owners/networks.ts'
import { beginRules, createSettings } from './owners/settings.ts'
import { createStops } from './owners/stops.ts'
import { createTokens } from './owners/tokens.ts'
import { ACCOUNT, createWorld, move, NETWORK, ORIGIN, START, type World } from './sending/stub-world.ts'

// Two key derivations, and some thousand changed rows.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const S1 = 's1' as SessionId
const FRIEND = address('0xf00d')
const PASSKEY = { credentialId: 'aabbcc', prfSalt: '5a'.repeat(32), prf: '17'.repeat(32) }
const ANSWER = { credentialId: PASSKEY.credentialId, prf: PASSKEY.prf }
const SECOND = { credentialId: 'ddeeff', prfSalt: '3c'.repeat(32), prf: '29'.repeat(32) }

/** What a reader of the row has at hand: its store, and the key of the rows that guard money. */
interface Disk {
  readonly db: Database
  readonly guard: Guard
  /** A life of everything that sends, with that guard. */
  readonly world: () => Promise<World>
  readonly vault: () => Vault
}
interface Line {
  readonly store: Store
  /** Which keys of the store. */
  readonly key: RegExp
  /** Files that write it, and how often. */
  readonly writers: Readonly<Record<string, number>>
  /** How a changed one is seen. Says whether it was. */
  readonly notices?: (disk: Disk, row: Row) => Promise<boolean>
  /** Writes it anew, as the product does. */
  readonly newer?: (it: Wallet, row: Row) => Promise<unknown>
  /** It is in nobody's hand to believe: why a changed one allows nothing. */
  readonly open?: string
  /** Put back alone, it is not seen by a life that never saw the newer one: why that allows nothing. */
  readonly older?: string
  /** Of its marks nothing is decided: a list is ordered by them, or they are not read at all. */
  readonly looseMarks?: boolean
}

const refuses = async (act: () => Promise<unknown>): Promise<boolean> => {
  try {
    await act()
    return false
  } catch (error) {
    if (isTampered(error) || isVaultError(error)) return true
    throw error
  }
}
/** The session signs nothing and is in no list, or is paused for good. */
const stopped = async (world: World): Promise<boolean> => {
  for (let turn = 0; turn < 50; turn += 1) {
    const session = world.sessions.get(S1)
    const paused = session === undefined || session.pause === 'storageTampered'
    const resume = () => world.sessions.resume(S1, 'person')
    if (paused && world.stops.isStopped(S1)) return (await refuses(resume)) || (await resume()) === undefined
    await new Promise((resolve) => setTimeout(resolve, 0))
  }
  return false
}
const now = () => START
const none = () => undefined

const LINES: Readonly<Record<string, Line>> = {
  'an account': {
    store: 'accounts',
    key: /^0x/,
    writers: { 'unlocking.ts': 1, 'owners/accounts.ts': 3, 'repairing.ts': 1 },
    notices: async ({ world }) => refuses(world),
    newer: ({ world }) => world.accounts.change(ACCOUNT, (it) => ({ ...it, name: 'Renamed' })),
  },
  'a site’s grant': {
    store: 'grants',
    key: /^https:/,
    writers: { 'owners/grants.ts': 1 },
    notices: ({ db, guard }) => refuses(() => createGrants({ db, guard: () => guard, now }).get(ORIGIN)),
    newer: ({ grants }) => grants.move(ORIGIN, ACCOUNT, 'devnet'),
  },
  'a network': {
    store: 'networks',
    key: /^sepolia$/,
    writers: { 'owners/networks.ts': 1 },
    notices: async ({ db, guard }) => {
      const onRestart = async () => undefined
      return refuses(() => createNetworks({ db, guard: () => guard, now, newId: () => '0', onRestart }).load())
    },
    newer: ({ world }) => world.networks.rename(NETWORK, 'Another name'),
  },
  'a contact': {
    store: 'contacts',
    key: /^0x/,
    writers: { 'owners/contacts.ts': 1 },
    notices: ({ db, guard }) => refuses(() => createContacts({ db, guard: () => guard, now }).get(FRIEND)),
    newer: ({ db, guard }) => createContacts({ db, guard: () => guard, now }).set(FRIEND, 'Another'),
  },
  'settings that keep others out': {
    store: 'settings',
    key: /^rules$/,
    writers: { 'owners/settings.ts': 2 },
    notices: ({ db, guard }) => refuses(() => createSettings({ db, guard: () => guard }).get()),
    newer: ({ db, guard }) => createSettings({ db, guard: () => guard }).set({ autoLock: 60 }),
  },
  'a session': {
    store: 'sessions',
    key: /^s1$/,
    writers: { 'sending/ledger.ts': 6 },
    notices: async ({ world }) => {
      const life = await world()
      await life.sessions.load()
      return stopped(life)
    },
    newer: ({ world }) =>
      world.sessions.narrow(S1, ({ effective }) => ({ ...effective, validUntil: effective.validUntil - 1 })),
  },
  'a session’s book': {
    store: 'books',
    key: /^s1$/,
    writers: { 'sending/ledger.ts': 4 },
    notices: async ({ world }) => {
      const life = await world()
      await life.sessions.load()
      await life.journal.audit()
      return stopped(life)
    },
    newer: async ({ world }) => {
      const open = await world.journal.open({ network: NETWORK, account: ACCOUNT })
      await world.ledger.settle(open.find(({ status }) => status === 'sent')!.id, { end: 'rejected' })
    },
  },
  'a row of the journal': {
    store: 'journal',
    key: /^world /,
    writers: { 'sending/journal.ts': 1 },
    older: 'an end put back is booked again as it ended; a signature put back is missed by the nonce of its account',
    notices: async ({ world }) => {
      const life = await world()
      // What an unlock does, and what lists do.
      await life.journal.audit()
      await life.journal.open()
      await life.journal.list({ session: S1 })
      return stopped(life)
    },
    newer: ({ world }, { key }) =>
      world.db.write(['journal'], 'strict', async (tx) => {
        const row = await world.guard.get(tx, 'journal', key)
        const { marks } = (await tx.row('journal', key))!
        if (row?.ok) await world.guard.put(tx, 'journal', key, row.value, marks)
      }),
  },
  'a row of the history': {
    store: 'history',
    key: /./,
    writers: { 'owners/history.ts': 1 },
    older: 'what happened, for reading; no limit is counted from it',
    looseMarks: true,
    notices: async ({ db, guard }, { key }) => {
      const history = createHistory({ db, guard: () => guard, now, newId: () => '0' })
      const { rows, tampered } = await history.list({ limit: 100 })
      // Left out of the list, counted there, and not to be had by its name.
      return tampered === 1 && !rows.some(({ id }) => id === key) && (await history.get(key)) === undefined
    },
    newer: async ({ world }, { key }) => {
      const row = await world.history.get(key)
      await world.history.add({ ...row!, id: key })
    },
  },
  'the ways into the vault': {
    store: 'vault',
    key: /^vault$/,
    writers: { 'keys/vault.ts': 2 },
    older: 'a way in that was taken away opens again; who has the old row and that way opens it elsewhere just so',
    notices: async ({ vault }) => {
      let opened = true
      const damaged = await refuses(async () => {
        opened = (await vault().unlock(ANSWER)).ok
      })
      return damaged || !opened
    },
    newer: ({ vault }) => vault.addPasskey('correct horse battery', SECOND),
  },
  'a sealed secret': {
    store: 'vault',
    key: /^(seed|owner|guardian|session)\//,
    writers: { 'keys/vault.ts': 2 },
    older: 'another key of the same name: what it signs, no chain takes for the account or session that is there',
    looseMarks: true,
    notices: async ({ vault }, { key }) => {
      const [kind, id] = key.split('/') as ['seed' | 'owner' | 'guardian' | 'session', string]
      const reader = vault()
      if (kind === 'seed') return refuses(() => reader.phrase(ANSWER))
      const opened = await reader.unlock(ANSWER)
      return opened.ok && refuses(() => reader.openSecret(kind, id, opened.value.keys[kind]))
    },
    newer: async ({ vault, opened }, { key }) => {
      const [kind, id] = key.split('/') as ['owner' | 'guardian' | 'session', string]
      // The phrase is sealed once, with its wallet.
      if ((kind as string) === 'seed') return 'once'
      const bytes = (await vault.openSecret(kind, id, opened.keys[kind]))!
      return vault.putSecret({ kind, id, bytes }, opened.keys[kind])
    },
  },
  'tries of the password': {
    store: 'vault',
    key: /^lockout$/,
    writers: { 'keys/vault.ts': 3 },
    open: 'nothing opens by it: it slows down who guesses at the screen, and who writes the disk guesses elsewhere',
  },
  'the working set’s key': {
    store: 'keys',
    key: /^wrap$/,
    writers: { 'keys/working-set.ts': 1 },
    open: 'a key that no code can read; under another one the working set does not open, as after a browser start',
  },
  'settings of how things look': {
    store: 'settings',
    key: /^settings$/,
    writers: { 'owners/settings.ts': 2 },
    open: 'read before the first unlock; what keeps others out is the guarded row, which is asked where something is signed',
  },
  'the escape watch': {
    store: 'settings',
    key: /^escapes$/,
    writers: { 'escape-watch.ts': 1 },
    open: 'a plain list of addresses and nodes: it only raises the alarm, and is written anew from accounts at the unlock',
  },
  'a question to the person': {
    store: 'approvals',
    key: /./,
    writers: { 'owners/approvals.ts': 2 },
    open: 'bound to the digest of what was shown, which is compared before each signature; none survives a browser start',
  },
  'an answer': {
    store: 'answers',
    key: /./,
    writers: { 'owners/answers.ts': 1 },
    open: 'what a site is told again: bound to the digest of its request, ten minutes, and the journal decides what is signed',
  },
  'a stop': {
    store: 'stops',
    key: /./,
    writers: { 'owners/stops.ts': 2 },
    open: 'taken before the first unlock, when nothing can be checked: forging one only stops something',
  },
  'a token': {
    store: 'tokens',
    key: /./,
    writers: { 'owners/tokens.ts': 1 },
    open: 'how a contract names itself: shown, with its address; limits and amounts are in base units of the address',
  },
  'a site’s quiet time': {
    store: 'meta',
    key: /^quiet /,
    writers: { 'owners/approvals.ts': 2 },
    open: 'whether a window opens by itself; nothing is allowed by one',
  },
  'the last wall clock': {
    store: 'meta',
    key: /^wall$/,
    writers: { '../platform/database.ts': 1 },
    open: 'one of three times, of which the latest counts: an earlier one leaves the last block and the clock itself',
  },
  'the newest of each row': {
    store: 'meta',
    key: /^latest$/,
    writers: { '../platform/database.ts': 2 },
    notices: ({ db, guard }) => refuses(() => db.read(STORES, guard.audit)),
    newer: ({ world }) => world.networks.rename(NETWORK, 'One more name'),
  },
  'the shape': {
    store: 'meta',
    key: /^shape$/,
    writers: { '../platform/database.ts': 1 },
    open: 'of another one the database is refused; each guarded row is bound to its own',
  },
}

interface Wallet {
  readonly world: World
  readonly db: Database
  readonly guard: Guard
  readonly grants: ReturnType<typeof createGrants>
  readonly vault: Vault
  readonly opened: Opened
}
let wallet: Wallet
let rows: ReadonlyMap<Store, readonly Row[]>

beforeAll(async () => {
  wallet = await wholeWallet()
  rows = await everything(wallet.db)
})
afterAll(() => wallet?.db.close())

const vaultOn = (db: Database) => {
  let ms = 0
  return createVault({
    db,
    now,
    random: randomBytes,
    ticks: () => {
      ms += 1_000
      return ms
    },
  })
}

/** A wallet in which every owner has written what it ever writes. */
async function wholeWallet(): Promise<Wallet> {
  const world = await createWorld()
  const { db, guard } = world
  const owner = { db, guard: () => guard, now }
  const vault = vaultOn(db)
  const made = await vault.create({
    password: 'correct horse battery',
    phrase: 'test test test test test test test test test test test junk',
    secrets: (['owner', 'guardian', 'session'] as const).map((kind, at) => ({
      kind,
      id: kind === 'session' ? S1 : ACCOUNT,
      bytes: new Uint8Array(32).fill(at + 1),
    })),
  })
  if (!made.ok) throw new Error('weak')
  await vault.addPasskey('correct horse battery', PASSKEY)
  await db.write(['settings'], 'strict', (tx) => beginRules(tx, guard, { backupChecked: true }))
  await createSettings(owner).set({ theme: 'dark', sessionsOff: true, idlePause: 86_400, defaultLife: 7_200 })
  const grants = createGrants(owner)
  await grants.give(ORIGIN, ACCOUNT, NETWORK)
  await createContacts(owner).set(FRIEND, 'A friend')
  await world.networks.setNode(NETWORK, 'https://node.example/', {
    chainId: felt('0x534e5f5345504f4c4941'),
    spec: '0.10.2',
    genesis: { hash: felt(0x6e0), at: START - 1_000_000 },
  })
  const tokens = createTokens({ db, nodes: world.nodes, now, changed: () => undefined })
  await tokens.add(NETWORK, { address: FRIEND, symbol: 'ABC', decimals: 6, added: true } as never)
  await world.start('s1', { usage: { tx: [], calls: [], maxCallsPerTx: 20, minGap: 0, maxInFlight: 64 } })
  await world.play('q1')
  await world.settle()
  world.node.state.holdsBack = true
  await world.play('q2', [move(2)])
  await vi.waitFor(async () => expect((await world.journal.open()).map(({ status }) => status)).toEqual(['sent']))
  await writeOpenOnes(world)
  return { world, db, guard, grants, vault, opened: made.value }
}

/** What carries no MAC. */
async function writeOpenOnes({ db, networks }: World): Promise<void> {
  await createStops({ db, now }).all()
  await createAnswers({ db, now, rebuild: async () => undefined }).begin(
    ORIGIN,
    'q9' as never,
    `0x${'1'.repeat(64)}` as never,
  )
  const area = new Map<string, unknown>()
  const set = createWorkingSet({
    db,
    area: {
      get: async (key) => area.get(key),
      set: async (key, value) => void area.set(key, value),
      remove: async (key) => void area.delete(key),
    },
    report: none,
  })
  const bytes = () => new Uint8Array(32).fill(9)
  const keys = { owner: bytes(), guardian: bytes(), session: bytes(), state: bytes() }
  await set.onUnlock({ vaultId: 'ab'.repeat(16), keys }, [], { now: START, autoLock: 900 })
  const approvals = createApprovals({
    db,
    now,
    newId: () => hexOf(randomBytes(16)),
    network: (id) => networks.get(id),
    window: { open: async () => undefined, isOurs: async () => true },
    changed: none,
  })
  const from = { origin: ORIGIN, document: 'd1', tab: 1, request: 'q8', gesture: true }
  const question = { kind: 'connect', network: NETWORK, account: ACCOUNT } as const
  const asked = async (more: Partial<typeof from>) => {
    approvals.ask({ ...from, ...more }, question).catch(none)
    return vi.waitFor(async () => {
      const record = (await approvals.waiting()).find(({ request }) => request === (more.request ?? from.request))
      if (record === undefined) throw new Error('not stored yet')
      return record
    })
  }
  await asked({})
  const loud = await asked({ request: 'q7', origin: 'https://loud.example' as typeof ORIGIN })
  await approvals.decide(loud.id, loud.rev, approvals.digest(loud), 'quiet')
  const watch = createEscapeWatch({
    db,
    now,
    watched: async () => [{ account: ACCOUNT, network: NETWORK, node: 'https://node.example/', secondKey: true }],
    ask: async () => ['0x0', '0x0', '0x0', '0x0'],
    nodeOf: () => 'https://node.example/',
    onAlarm: async () => undefined,
    changed: none,
    report: none,
  } as unknown as WatchNeeds)
  await watch.look()
}

async function everything(db: Database): Promise<ReadonlyMap<Store, readonly Row[]>> {
  return db.read(STORES, async (tx) => {
    const all = new Map<Store, readonly Row[]>()
    for (const store of STORES) all.set(store, await tx.rows(store))
    return all
  })
}
const of = ({ store, key }: Line): readonly Row[] => rows.get(store)!.filter((row) => key.test(row.key))
const guarded = Object.entries(LINES).filter(([, line]) => line.notices !== undefined)

/** Puts `changed` in the place of a row, looks, and puts everything back. */
async function withChanged<T>(store: Store, changed: Row, look: () => Promise<T>): Promise<T> {
  const { db } = wallet
  // What is noticed pauses its session, which is written too.
  const stores = [...new Set<Store>(['sessions', 'books', 'journal', 'meta', store])]
  const before = await db.read(stores, async (tx) => Promise.all(stores.map((it) => tx.rows(it))))
  await db.write([store], 'relaxed', (tx) => tx.putRow(store, changed))
  try {
    return await look()
  } finally {
    await db.write(stores, 'relaxed', async (tx) => {
      for (const [at, all] of before.entries()) for (const row of all) await tx.putRow(stores[at]!, row)
    })
  }
}
/** The next life of the worker: it has seen nothing of these rows yet. */
function nextLife(): Disk {
  const { db, world } = wallet
  const guard = createGuard({ vaultId: 'v', macKey: new Uint8Array(32).fill(7) })
  return { db, guard, world: () => world.next(), vault: () => vaultOn(db) }
}
/** As an unlock begins one. */
async function unlockedLife(): Promise<Disk> {
  const disk = nextLife()
  await disk.db.read(STORES, disk.guard.audit)
  return disk
}
/** By the unlock itself, or by who reads the row after it. */
async function noticedAtUnlock(line: Line, row: Row): Promise<boolean> {
  let noticed = false
  const refused = await refuses(async () => {
    noticed = await line.notices!(await unlockedLife(), row)
  })
  return refused || noticed
}
/** One that has seen the rows, and writes. */
async function oneLife(): Promise<{ readonly it: Wallet; readonly disk: Disk }> {
  const world = await wallet.world.next()
  const { db, guard } = world
  const grants = createGrants({ db, guard: () => guard, now })
  const it = { ...wallet, world, db, guard, grants }
  const disk: Disk = {
    db,
    guard,
    world: async () => {
      // What an owner keeps in memory is no reading.
      await createAccounts({ db, guard: () => guard, now, read: none as never }).all()
      return world
    },
    vault: () => wallet.vault,
  }
  return { it, disk }
}

describe('every stored record', () => {
  it('F5: has a line here, and each line its record', () => {
    const kinds = Object.entries(LINES)
    for (const [store, all] of rows)
      for (const { key } of all) {
        const fits = kinds.filter(([, line]) => line.store === store && line.key.test(key)).map(([name]) => name)
        expect(fits, `${store} ${key}`).toHaveLength(1)
      }
    for (const [name, line] of kinds) expect(of(line), name).not.toHaveLength(0)
    expect(new Set(kinds.map(([, { store }]) => store))).toEqual(new Set(STORES))
  })

  it('F5: is guarded by a MAC or a seal, or says why it need not be', () => {
    for (const [name, line] of Object.entries(LINES)) {
      expect(line.notices === undefined, name).toBe(line.open !== undefined)
      for (const row of of(line)) {
        const sealed = line.store === 'vault' && row.key !== 'vault'
        expect(row.mac !== undefined, `${name} ${row.key}`).toBe(line.notices !== undefined && !sealed)
      }
    }
  })

  it('F5: is written at the places that its line names', () => {
    const named: Record<string, number> = {}
    for (const { store, writers } of Object.values(LINES))
      for (const [file, times] of Object.entries(writers))
        named[`${file} ${store}`] = times + (named[`${file} ${store}`] ?? 0)
    expect(writersIn(join(import.meta.dirname, '..'))).toEqual(named)
  })
})

describe.each(guarded)('%s', (_name, line) => {
  it('as it is, is read', async () => {
    for (const row of of(line)) expect(await line.notices!(nextLife(), row), row.key).toBe(false)
  })

  it('F5: changed in any field, is noticed in the next life by who reads it', async () => {
    const missed: string[] = []
    for (const row of of(line))
      for (const { at, changed } of fieldsOf(row)) {
        if (line.looseMarks && at.startsWith('/marks')) continue
        const seen = await withChanged(line.store, changed, () => line.notices!(nextLife(), row))
        if (!seen) missed.push(`${row.key} ${at}`)
      }
    expect(missed).toEqual([])
  })

  const next = line.older === undefined ? 'and in the next' : 'not in the next'
  it(`F5: put back to what it was, is noticed in the life that saw it, ${next}`, async () => {
    for (const old of of(line)) {
      const { it, disk } = await oneLife()
      if ((await line.newer!(it, old)) === 'once') continue
      expect(await line.notices!(disk, old), `${old.key} as it is`).toBe(false)
      expect(await noticedAtUnlock(line, old), `${old.key} as it is, in the next`).toBe(false)
      const seen = await withChanged(line.store, old, () => line.notices!(disk, old))
      expect(seen, old.key).toBe(true)
      const later = await withChanged(line.store, old, () => noticedAtUnlock(line, old))
      expect(later, `${old.key} in the next`).toBe(line.older === undefined)
    }
  })
})

const maced = guarded.filter(([, { store, key }]) => store !== 'vault' || key.test('vault'))
it.each(maced)('F5: %s: one changed bit of any character, number or byte fails the MAC', async (_name, line) => {
  for (const row of of(line)) {
    const { opened } = wallet
    const own = line.store === 'vault' ? opened : { vaultId: 'v', keys: { state: new Uint8Array(32).fill(7) } }
    const guard = createGuard({ vaultId: own.vaultId, macKey: own.keys.state })
    const read = (it: Row) =>
      guard.get({ row: async () => it, committed: none } as unknown as ReadTx, line.store, row.key)
    // Once known to be right, it is compared and not computed again: the same must hold for that.
    expect((await read(row))?.ok).toBe(true)
    let flips = 0
    for (const changed of bitsOf(row)) {
      expect((await read(changed))?.ok, JSON.stringify(changed)).toBe(false)
      flips += 1
    }
    expect(flips).toBeGreaterThan(256 + 50)
    expect((await read(row))?.ok).toBe(true)
  }
})

interface Changed {
  readonly at: string
  readonly changed: Row
}
/** Each field in turn: another value, and gone. */
function* fieldsOf(row: Row): Generator<Changed> {
  for (const at of pathsOf(row)) {
    if (at === '/key') continue
    yield { at, changed: edited(row, at, (it) => otherThan(it)) as Row }
    if (at.split('/').length > 2 || at === '/mac' || at === '/seq' || at === '/marks')
      yield { at: `${at} gone`, changed: edited(row, at, () => GONE) as Row }
  }
  yield { at: '/value/more', changed: { ...row, value: { ...(row.value as object), more: 1 } } }
  yield { at: '/marks/more', changed: { ...row, marks: { ...row.marks, more: 1 } } }
}
const GONE = Symbol('gone')

function pathsOf(it: unknown, at = ''): string[] {
  if (typeof it !== 'object' || it === null || it instanceof Uint8Array) return [at]
  const inside = Object.entries(it).flatMap(([name, value]) => pathsOf(value, `${at}/${name.replaceAll('/', '~1')}`))
  return at === '' || at === '/value' ? inside : [at, ...inside]
}
function edited(it: unknown, at: string, change: (value: unknown) => unknown): unknown {
  const [, name, ...rest] = at.split('/')
  if (name === undefined) return change(it)
  const key = name.replaceAll('~1', '/')
  const next = edited((it as Record<string, unknown>)[key], ['', ...rest].join('/').replace(/^$/, ''), change)
  if (Array.isArray(it))
    return it.flatMap((value, index) => (String(index) !== key ? [value] : next === GONE ? [] : [next]))
  const { [key]: _old, ...others } = it as Record<string, unknown>
  return next === GONE ? others : { ...others, [key]: next }
}
function otherThan(it: unknown): unknown {
  if (typeof it === 'string')
    return it === '' ? '0' : `${it.slice(0, -1)}${String.fromCharCode(it.charCodeAt(it.length - 1) ^ 1)}`
  if (typeof it === 'number') return it + 1
  if (typeof it === 'boolean') return !it
  if (it instanceof Uint8Array) return it.map((byte, at) => (at === 0 ? byte ^ 1 : byte))
  if (Array.isArray(it)) return [...it, '0x0']
  return { ...(it as object), more: 1 }
}

/** One bit of each character of each text and name, every bit of each byte of the MAC, of `seq` and of `v`. */
function* bitsOf(row: Row): Generator<Row> {
  const { mac, seq, v, value, marks, key } = row as Required<Row>
  for (let bit = 0; bit < 256; bit += 1)
    yield { ...row, mac: mac.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)) }
  for (let bit = 0; bit < 31; bit += 1) {
    yield { ...row, seq: seq ^ (1 << bit) }
    yield { ...row, v: v ^ (1 << bit) }
  }
  const text = JSON.stringify({ value, marks })
  for (let at = 0; at < text.length; at += 1) {
    const flipped = `${text.slice(0, at)}${String.fromCharCode(text.charCodeAt(at) ^ (1 << (at % 7)))}${text.slice(at + 1)}`
    const parsed = parsedJson(flipped)
    if (parsed === undefined || JSON.stringify(parsed) === text) continue
    yield { key, v, seq, mac, ...parsed }
  }
}
function parsedJson(text: string): { readonly value: unknown; readonly marks?: Record<string, string> } | undefined {
  try {
    const parsed = JSON.parse(text)
    return 'value' in parsed ? parsed : undefined
  } catch {
    return undefined
  }
}

/** How often each file writes each store. */
function writersIn(src: string): Readonly<Record<string, number>> {
  const found: Record<string, number> = {}
  const files = ['background', 'platform'].flatMap((folder) =>
    readdirSync(join(src, folder), { recursive: true, withFileTypes: true }).flatMap((it) =>
      it.isFile() && /\.ts$/.test(it.name) && !/\.(test|contract)\.ts$/.test(it.name)
        ? [join(it.parentPath, it.name)]
        : [],
    ),
  )
  const put = /\b(?:put|putRow|putNext|guardedRows<\w+>)\((?:tx, |needs, )?'(\w+)'|\bput\('(\w+)'/g
  for (const file of files)
    for (const [, store] of readFileSync(file, 'utf8').matchAll(put)) {
      if (!STORES.some((it) => it === store)) continue
      const name = `${relative(join(src, 'background'), file)} ${store}`
      found[name] = (found[name] ?? 0) + 1
    }
  return found
}
