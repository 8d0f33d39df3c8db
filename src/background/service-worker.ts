/**
 * The worker: listeners in the first turn, then recovery, then requests. Parts behind a door are made at their first use
 * (doors.ts). Nothing that matters lives here only: the browser ends this process whenever it likes (security.md B7).
 */
import '../platform/egress.ts'
import { isOwn, offeredFirst } from '../core/account.ts'
import { type Address, padded } from '../core/felt.ts'
import type { SessionId } from '../core/policy/policy.ts'
import { SCREEN_PORT, SITE_PORT } from '../core/protocol/ports.ts'
import type { VerbError, View } from '../core/protocol/ui.ts'
import type { LimitShare, NetworkId, OwnAccount, StoredSession } from '../core/records.ts'
import type { UnixSeconds } from '../core/time.ts'
import {
  alarms,
  closeStorage,
  extensionId,
  icon,
  notices,
  onCommand,
  onConnect,
  type Port,
  session,
  windows,
  words,
} from '../platform/browser.ts'
import { serve } from '../platform/channel.ts'
import { checkpoint, loadClockShift, shiftClock } from '../platform/checkpoint.ts'
import { now, ticks } from '../platform/clock.ts'
import { openDatabase } from '../platform/database.ts'
import { post, setAllowed } from '../platform/egress.ts'
import { isNodeError } from '../platform/node-error.ts'
import { hexOf, randomBytes } from '../platform/secret-box.ts'
import { createAccess } from './access.ts'
import { alertWords } from './alert-words.ts'
import { createAlerts, type SessionStanding, type Standing } from './alerts.ts'
import { callerOf } from './caller.ts'
import type { Desk } from './desk.ts'
import { cold, person, sites } from './doors.ts'
import { createEscapeWatch, type Watchable } from './escape-watch.ts'
import { createIdle } from './idle.ts'
import { createStopFlags, createWorkingSet } from './keys/working-set.ts'
import { forThisWallet, lazily } from './lazily.ts'
import { createLooking } from './looking.ts'
import { createAccounts } from './owners/accounts.ts'
import { createApprovals } from './owners/approvals.ts'
import { createGrants } from './owners/grants.ts'
import { createNetworks, isLoopback, isMainnet } from './owners/networks.ts'
import { createSettings } from './owners/settings.ts'
import { type Context, createRouter, type Handlers, turnAway } from './router.ts'
import { createTelling } from './telling.ts'

const PAGE = 'src/ui/index.html'
const APPROVAL = `${PAGE}#/approval`
const APPROVAL_WINDOW = 'approvalWindow'
const EVERY_MINUTE = 'everyMinute'
const STOP_ALL = 'stop-all'
/** A window waits at most so long, ms, for the names that the chain tells of what it will show. */
const NAMED_WITHIN = 500
/** A View is made at most so often, ms: many changes of one moment are one push. */
const PUSH_AFTER_MS = 30

const newId = () => hexOf(randomBytes(16))
const sleep = (ms: number) => new Promise<void>((done) => setTimeout(done, ms))
/** Work that waits for the chain ends with its wallet: nobody goes on for one that is gone. */
const wait = (ms: number) => new Promise<void>((done) => setTimeout(forThisWallet(done), ms))
const after = (ms: number, fn: () => void) => {
  const timer = setTimeout(forThisWallet(fn), ms)
  return () => clearTimeout(timer)
}
/** What went wrong, without what it was about: no message of a library, no params, no calldata. */
const report = (error: unknown) => {
  const frames = error instanceof Error ? (error.stack ?? '').split('\n').filter((it) => it.startsWith('    at ')) : []
  console.error(
    'latchkey',
    error instanceof Error ? error.name : typeof error,
    kindOf(error),
    frames.slice(0, 3).join(' '),
  )
}

/** Until a transaction's record could be saved again. */
let unsaved = false
const db = openDatabase({
  now,
  onUnsaved: () => {
    unsaved = true
    changed()
  },
})
const vault = lazily(() => person().createVault({ db, now, random: randomBytes, ticks }))
const stops = createStopFlags()
const workingSet = lazily(() => createWorkingSet({ db, area: session, report }))
const guard = () => workingSet.guard()
const settings = createSettings({ db, guard, isKnown: (network) => networks.has(network) })
const networks = lazily(() =>
  createNetworks({
    db,
    guard,
    now,
    newId,
    onRestart: async (network, seen) => {
      await sending.sessions.pauseAll({ network }, 'chainRestarted')
      // Its transactions can never be seen again. A local chain starts over whenever its owner likes, and guards no money.
      await sending.ledger.abandon(network)
      if (isLoopback(networks.get(network).node)) await networks.adopt(network, seen)
      changed()
    },
  }),
)
const nodes = lazily(() => sites().createNodes({ networks, post, now, wait: sleep }))
const accounts = lazily(() =>
  createAccounts({
    db,
    guard,
    now,
    read: async (account, network) => {
      const node = await nodes.of(network)
      return sites().readAccount(node, account)
    },
  }),
)
const grants = createGrants({ db, guard, now })
const contacts = lazily(() => person().createContacts({ db, guard, now }))
const history = lazily(() => sites().createHistory({ db, guard, now, newId, onChange: () => changed() }))
const classify: ReturnType<typeof cold>['classify'] = (typedData, at) => cold().classify(typedData, at)
const contracts = lazily(() =>
  sites().createContracts({ nodes, cold, listed: (network) => sites().listedTokens(db, network) }),
)
const sending = lazily(() =>
  sites().createSending({
    db,
    guard,
    area: session,
    keys: workingSet,
    vault,
    stops,
    nodes,
    networks,
    accounts,
    classify,
    contracts,
    history,
    newId,
    now,
    ticks,
    wait,
    after,
    sendWanted: (): Promise<void> => desk.upkeep.sendWanted(),
    post,
    allowServices: (origins) => setAllowed('services', origins),
    sessionsOff: settings.sessionsOff,
    onSession: (stored) => {
      if (stored.state !== 'active') workingSet.removeSession(stored.id).catch(report)
      telling.tell(stored.origin)
      changed()
    },
    onRow: (row) => {
      if (row.origin !== undefined && row.session !== undefined) telling.tell(row.origin)
      if (row.origin !== undefined && row.session !== undefined && row.status === 'sent')
        alerts.automatic(row.origin, row.id).catch(report)
      if (row.session === undefined && row.status === 'settled' && (row.end === 'accepted' || row.end === 'reverted'))
        endedLately = [...endedLately, { id: row.hash, failed: row.end === 'reverted', at: now() }]
      if (row.status === 'sent' || (row.status === 'settled' && row.end !== 'released')) unsaved = false
      if (row.status === 'settled') refresh()
      changed()
    },
    report,
  }),
)
const messages = lazily(() => sending.messages)
const ledger = lazily(() => sending.ledger)
const journal = lazily(() => sending.journal)
const sessions = lazily(() => sending.sessions)
const signer = lazily(() => sending.signer)
const executor = lazily(() => sending.executor)
const watcher = lazily(() => sending.watcher)
const recovery = lazily(() => sending.recovery)
const approvals = createApprovals({
  db,
  now,
  newId,
  network: (id) => networks.get(id),
  window: { open: openApprovalWindow, isOurs: async (id) => (await session.get(APPROVAL_WINDOW)) === id },
  changed: () => changed(),
})
const unlocking = lazily(() =>
  sites().createUnlocking({
    db,
    vault,
    workingSet,
    stops,
    records: sites().createStops({ db, now }),
    sessions,
    networks,
    approvals,
    settings,
    accounts: accounts.all,
    history,
    endGrant: (origin) => endGrant(origin),
    cold,
    now,
    audit: () => journal.audit(),
    recover: async () => {
      // Only now: before the first unlock no secret is loaded and no node is asked anything.
      allowNodes()
      await recovery.recover()
    },
    changed: () => {
      void afterUnlock().catch(report)
      changed()
    },
  }),
)
/** Mainnet stays closed until the phrase was checked. */
const mayUse = async (network: NetworkId) => !isMainnet(networks.get(network)) || (await settings.get()).backupChecked
const selected = () => offeredToSites()
const shownNetwork = async () => (await settings.get()).network
const move = lazily(() =>
  sites().createMove({ grants, approvals, networks, tell: router.tell, changed: () => changed() }),
)
const watch = lazily(() =>
  createEscapeWatch({
    db,
    now,
    watched: async () => {
      if (guard() === undefined) return undefined
      const own = (await accounts.all()).filter(isOwn)
      return networks.all().flatMap(({ id: network, node }) =>
        own.map((it): Watchable => {
          const secondKey = hasSecondKey(it, network)
          return { account: it.address, network, node, ...(secondKey === undefined ? {} : { secondKey }) }
        }),
      )
    },
    ask: async ({ account, network, node: url }, what) => {
      const call = what === 'escape' ? sites().getEscapeCall(account) : sites().getEscapePeriodCall(account)
      // Asleep no network's row can be checked; the node is asked for this alone.
      const node = guard() === undefined ? sites().createNode({ url, post, wait }) : await nodes.of(network)
      return node.call(call)
    },
    nodeOf: (network) => networks.get(network).node,
    onAlarm: async ({ account, network }) => {
      if (guard() !== undefined) await sessions.pauseAll({ account, network }, 'escapeEvent')
    },
    changed: () => changed(),
    report,
  }),
)
/** One of ours has stood there, or some key stands there now. */
function hasSecondKey(account: OwnAccount, network: NetworkId): boolean | undefined {
  if ([account.guardian, ...(account.retired ?? [])].some((it) => it.stood?.includes(network))) return true
  const seen = accounts.lastState(account.address, network)
  return seen && seen.classHash !== undefined && seen.guardian !== '0x0'
}
const alerts = lazily(() =>
  createAlerts({
    icon,
    notify: notices.show,
    words: (said, language) => alertWords(said, language, words),
    area: session,
  }),
)
const probe = lazily(() => sites().createProbing({ post, allow: (origins) => setAllowed('candidate', origins), wait }))
function allowNodes(): void {
  setAllowed(
    'nodes',
    networks.all().map(({ node }) => new URL(node).origin),
  )
}
const keysOf = (stored: StoredSession) => ({
  unlocked: workingSet.isUnlocked(now()),
  workingSet: signer.hasKeys(stored),
})
const clock = async (network: NetworkId) => networks.clock(network, await db.lastWall()).now
const print = lazily(() => sites().createSessionPrint({ ledger, now: ({ network }) => clock(network), keysOf }))
const access = createAccess({
  approvals,
  grants,
  isUnlocked: async () => (await unlocking.state()) === 'unlocked',
  runs: async (origin, account, network) =>
    sessions
      .live(origin, account, network)
      .some(
        (it) =>
          it.state === 'active' &&
          it.runWhileLocked &&
          workingSet.sessionKey(it.id) !== undefined &&
          it.effective.validUntil > now(),
      ),
  selected: () => offeredToSites(),
  told: async ({ origin, account, network }) => {
    await history.add({ network, account, origin, event: { kind: 'connected' } })
    router.tell(origin, 'accountsChanged', () => [[padded(account)]])
    refresh()
    changed()
  },
})
const disconnect = lazily(() =>
  sites().createDisconnect({ approvals, asleep: unlocking.disconnectAsleep, endGrant: (origin) => endGrant(origin) }),
)
const endGrant = lazily(() =>
  sites().createEndGrant({
    grants,
    sessions,
    history,
    told: async (origin, grant) => {
      router.tell(origin, 'accountsChanged', () => [grant === undefined ? undefined : [padded(grant.account)]])
      changed()
    },
  }),
)

const sessionAsking = lazily(() =>
  sites().sessionHandlers({
    access,
    accounts,
    approvals,
    contracts,
    messageRules: lazily(() => cold().messageRules),
    grants,
    history,
    sessions,
    print,
    networks: networks.all,
    selected,
    shownNetwork,
    isConnected: unlocking.isConnected,
    clock,
    mayUse,
    chosen: async () => {
      const { sessionsOff, restLocked, defaultLife } = await settings.get()
      return {
        off: sessionsOff === true,
        restLocked: restLocked === true,
        ...(defaultLife === undefined ? {} : { life: defaultLife }),
      }
    },
    newSessionId: () => newId() as SessionId,
    planSteps: async (account, network, steps, setups = []) =>
      steps.length + setups.length === 0
        ? []
        : (await executor.estimateSteps({ network, account, steps, setups })).steps,
    isDead: (account, network, hash) => executor.isDead(account, network, hash),
    start: lazily(() => desk.start),
    keep: unlocking.keep,
    awake: () => guard() !== undefined,
    endAsleep: unlocking.endAsleep,
    end: (session, onChain) => desk.upkeep.end(session, onChain),
    granted: async (grant) => router.tell(grant.origin, 'accountsChanged', () => [[padded(grant.account)]]),
    report,
  }),
)

const idle = createIdle({ settings, sessions, isUnlocked: () => workingSet.isUnlocked(now()), now })
const ready = wake()
/** The person's own screens open also where recovery failed: they say so, and an unlock tries again. */
const awake = ready.catch(report)
const router = createRouter({
  answer: lazily(() =>
    sites().createAnswering({
      handlers: lazily(() =>
        afterUnlocking({
          ...sites().connectHandlers({ access, accounts, approvals, disconnect }),
          ...sites().networkHandlers({
            access,
            approvals,
            grants,
            networks,
            selected,
            shownNetwork,
            isUnlocked: async () => (await unlocking.state()) === 'unlocked',
            mayUse,
            move,
            probe,
            nodesChanged: allowNodes,
          }),
          ...sites().tokenHandlers({ access, approvals, tokens: lazily(() => desk.tokens), refresh: () => refresh() }),
          ...sessionAsking.methods,
          ...sites().signHandlers({
            access,
            accounts,
            approvals,
            grants,
            history,
            messages,
            networks,
            classify,
            written: sessionAsking.written,
            older: sessionAsking.older,
            cosigning: sending.cosigning,
            executor,
            shownNetwork,
            clock,
            wait,
            report,
          }),
          ...sites().cosignHandlers({
            classify,
            cosigning: sending.cosigning,
            grants,
            history,
            print,
            sessions,
            state: unlocking.state,
            isConnected: unlocking.isConnected,
            wait,
            report,
          }),
          ...sites().executeHandlers({
            access,
            accounts,
            approvals,
            executor,
            grants,
            history,
            networks,
            sessions,
            print,
            state: unlocking.state,
            isConnected: unlocking.isConnected,
            readClass: (input, named, turn) => cold().readClass(input, named, { turn, breathe: () => sleep(0) }),
            isDeclared: async (network, hash) => (await (await nodes.of(network)).abiOf(hash)) !== undefined,
            spec: async (network) => (await nodes.of(network)).specVersion(),
            wait,
            report,
          }),
        }),
      ),
      answers: sites().createAnswers({
        db,
        now,
        rebuild: async (origin, id) => {
          // Asleep nothing can be checked, and nothing is signed either: the request runs anew.
          if (guard() === undefined) return undefined
          const row = await journal.rebuild(origin, id)
          return row && { result: sites().answerOfRow(row) }
        },
      }),
      ready,
      now: () => now() * 1000,
      sleep,
      newRef: () => newId().slice(0, 8),
      report: ({ error }) => report(error),
    }),
  ),
  ready,
  now: () => now() * 1000,
  sleep,
  joined: ({ origin }) => telling.tell(origin),
  used: ({ origin }) => {
    // Asleep nothing is signed, so nothing is kept warm. A node that is gone is met by the next call.
    if (guard() !== undefined) grants.used(origin).catch(report)
    if (guard() !== undefined) executor.warm(origin).catch((error: unknown) => isNodeError(error) || report(error))
  },
  left: ({ document }) => void approvals.end((record) => record.document === document, 'context').catch(report),
})

const telling = createTelling({
  documents: router.documents,
  tell: router.tell,
  grants,
  print,
  sessions,
  isAwake: () => guard() !== undefined,
  now,
  report,
})

const desk: Desk = lazily(() =>
  person().createDesk({
    cold,
    db,
    guard,
    vault,
    stops,
    workingSet,
    unlocking,
    settings,
    networks,
    nodes,
    accounts,
    grants,
    contacts,
    history,
    approvals,
    contracts,
    sending,
    sessionAsking,
    classify,
    watch,
    move,
    probe,
    endGrant,
    disconnect,
    allowNodes,
    tell: router.tell,
    keysOf,
    clock,
    isUnsaved: () => unsaved,
    renewed: () => {
      unsaved = false
      wasUnlocked = false
      endedLately = []
      setAllowed('nodes', [])
      setAllowed('services', [])
    },
    newId,
    wait,
    refresh: () => refresh(),
    changed: () => changed(),
    report,
  }),
)

// ---- Events. All listeners are registered in this first turn.

const screens = new Set<ReturnType<typeof serve<View, VerbError>>>()
const refresh = createLooking({
  isWatched: () => screens.size > 0,
  selected: async () => ((await unlocking.state()) === 'unlocked' ? desk.selected() : undefined),
  read: (looked) => desk.read(looked),
  changed,
  report,
})

onConnect((port) => {
  const caller = callerOf(port.sender, extensionId(), `chrome-extension://${extensionId()}`)
  if (caller.kind === 'site' && port.name === SITE_PORT) router.attach(port, caller.caller)
  else if (caller.kind === 'screen' && port.name === SCREEN_PORT) attachScreen(port)
  else turnAway(port)
})
windows.onRemoved((id) => void closed(id).catch(report))
onCommand((name) => {
  if (name === STOP_ALL) unlocking.stopAll().then(() => changed(), report)
})
notices.onPressed((id) => {
  const act = id.startsWith('request ') ? approvals.show() : windows.open(`${PAGE}#/`, { as: 'tab' })
  Promise.resolve(act).catch(report)
})
alarms.on((name) => {
  if (name === EVERY_MINUTE) void tidy().catch(report)
})
alarms.every(EVERY_MINUTE, 1)
closeStorage().catch(report)

function attachScreen(port: Port): void {
  const screen = serve<View, VerbError>({
    port,
    handle: async (type, params) => {
      await awake
      try {
        return await desk.verbs(type, params)
      } catch (error) {
        if (person().refusalOf(error).code === 'internal') report(error)
        throw error
      }
    },
    refusalOf: (error) => person().refusalOf(error),
  })
  screens.add(screen)
  alerts.seen().catch(report)
  port.onDisconnect.addListener(() => screens.delete(screen))
  refresh()
  changed()
}

async function closed(id: number): Promise<void> {
  try {
    await approvals.windowClosed(id)
  } finally {
    if ((await session.get(APPROVAL_WINDOW)) === id) await session.remove(APPROVAL_WINDOW)
  }
}

/** Recovery comes before the first answer. Asleep there is nothing to recover, and no door is opened. */
async function wake(): Promise<void> {
  // A test calls it in the worker's own scope.
  if (__E2E__) Object.assign(globalThis, { shiftClock })
  if (__E2E__) await loadClockShift()
  if (__E2E__) await checkpoint('waking')
  await workingSet.load()
  // Consent does not survive the browser.
  if (workingSet.isFirst()) await approvals.forgetAll()
  await watch.load()
  if (workingSet.isFirst() && watch.watched().length > 0) {
    // Before the first unlock this is all that is asked of any node, and of those alone.
    setAllowed(
      'nodes',
      watch.watched().map(({ node }) => new URL(node).origin),
    )
    watch.look().catch(report)
  }
  // What lives before this one had seen, before anything that is guarded is read.
  const known = guard()
  if (known !== undefined) await db.read(['meta'], known.recall)
  // The master switch is known before anything is served.
  await settings.get()
  if (guard() === undefined) return
  await unlocking.wake()
  await idle.check()
  // What a person asked for here is asked by nobody again.
  for (const record of await approvals.waiting())
    if (record.byPerson === true) {
      if (record.phase === 'running') desk.goOn(record)
      else if (record.phase === 'asking' && record.question.kind === 'transaction') desk.own.watch(record)
    }
}

/** Clocks decide, alarms only tidy: a lapsed unlock is locked for good, lost rows are looked at. */
async function tidy(): Promise<void> {
  await workingSet.load()
  if (workingSet.state(now()) === 'locked') await unlocking.lock()
  if (guard() !== undefined) {
    await idle.check()
    await unlocking.dropEnded()
    await watcher.look()
    telling.tellChanged().catch(report)
    if (screens.size > 0 || watch.isDue()) watch.look().catch(report)
  }
  await approvals.waiting()
  changed()
}

// ---- What follows from changes.

let pushing = false
let stale = false
/** Never two at once: while many things happen, a View that is slow to make must not make the next one slower. */
function changed(): void {
  stale = true
  if (pushing) return
  pushing = true
  setTimeout(() => {
    stale = false
    push()
      .catch(report)
      .finally(() => {
        pushing = false
        if (stale) changed()
      })
  }, PUSH_AFTER_MS)
}
async function push(): Promise<void> {
  if (screens.size > 0) {
    const shown = await desk.views.now()
    for (const screen of screens) screen.push(shown)
  }
  const { notify: kinds = [], limitsFrom = 50, language } = await settings.get()
  const standing = await standingNow(kinds.includes('limit'), limitsFrom)
  const origins = new Set(guard() === undefined ? [] : sessions.list().map(({ origin }) => origin))
  const tabs = [...origins].flatMap((origin) => router.documents(origin).map(({ tab }) => ({ tab, origin })))
  await alerts.show(standing, tabs, kinds, language)
}

/** Locked, nothing is told of sessions that need the person: they need the unlock first. */
async function standingNow(withLimits: boolean, limitsFrom: LimitShare): Promise<Standing> {
  await watch.load()
  const at = now()
  endedLately = endedLately.filter((it) => at - it.at < LATELY)
  const known = guard() === undefined ? [] : sessions.list()
  const live = known.filter(({ state }) => state === 'active' || state === 'paused')
  return {
    now: at,
    escapes: watch
      .found()
      .filter(({ escape: under }) => under.replaces === 'owner')
      .map(({ account, network, escape: under }) => `${network} ${account} ${under.readyAt}`),
    unsaved,
    waiting: (await approvals.waiting()).filter(({ phase }) => phase === 'asking').map(({ id }) => id),
    sessions: await Promise.all(live.map((it) => standingOf(it, withLimits))),
    limitsFrom,
    ended: endedLately,
  }
}

async function standingOf(stored: StoredSession, withLimits: boolean): Promise<SessionStanding> {
  const { id, origin, state, effective, pause } = stored
  const runs = state === 'active' && effective.validUntil > now()
  const asks = (state === 'paused' && workingSet.isUnlocked(now())) || (runs && withLimits)
  const info = asks ? await print.info(stored) : undefined
  const shares = (info?.meters ?? []).map(({ limit, left }) =>
    BigInt(limit) === 0n ? 0 : Number(100n - (BigInt(left) * 100n + BigInt(limit) - 1n) / BigInt(limit)),
  )
  return {
    id,
    origin,
    runs,
    endsAt: effective.validUntil,
    ...(info?.paused_by === 'wallet' && pause !== undefined ? { pausedFor: pause } : {}),
    ...(runs && shares.length > 0 ? { used: Math.max(...shares) } : {}),
  }
}

/** Transactions of a person that ended in this worker's life, for as long as one is news, s. */
const LATELY = 600
let endedLately: (Standing['ended'][number] & { readonly at: UnixSeconds })[] = []

async function offeredToSites(): Promise<{ readonly account: Address; readonly network: NetworkId }> {
  const chosen = await settings.get()
  const found = offeredFirst(await accounts.all(), chosen)
  if (found === undefined) throw new Error('no account')
  return { account: found.address, network: chosen.network }
}

/** What is kept for how long: policy.md 14, security.md 4. */
const SETTLED_KEPT = 30 * 86_400
const ENDED_KEPT = 90 * 86_400
async function prune(): Promise<void> {
  const all = await accounts.all()
  const books = all.flatMap(({ address }) => networks.all().map(({ id }) => ({ network: id, account: address })))
  await journal.prune(now() - SETTLED_KEPT, books)
  const old = sessions.list().filter(({ endedAt, effective }) => (endedAt ?? effective.validUntil) < now() - ENDED_KEPT)
  await history.prune(old.map(({ id }) => id))
}

let wasUnlocked = false
async function afterUnlock(): Promise<void> {
  const unlocked = (await unlocking.state()) === 'unlocked'
  const fresh = unlocked && !wasUnlocked
  if (unlocked !== wasUnlocked) await idle.seen()
  if (!unlocked && wasUnlocked) telling.tellChanged().catch(report)
  wasUnlocked = unlocked
  if (!fresh) return
  refresh()
  watch.look().catch(report)
  sending.compareAll().catch(report)
  for (const { origin, account } of await grants.all())
    router.tell(origin, 'accountsChanged', () => [[padded(account)]])
  // A page hears first that it has its account again.
  telling.tellAll()
  await prune()
}

/** While an unlock is under way, what runs is not known yet: requests wait for it. */
function afterUnlocking(handlers: Handlers): Handlers {
  const waiting = Object.entries(handlers).map(([method, handle]) => [
    method,
    async (context: Context, params: never) => {
      await unlocking.settled()
      if (guard() !== undefined) await idle.check()
      return handle(context, params)
    },
  ])
  return Object.fromEntries(waiting) as Handlers // The same methods, each with its own handler.
}

let opening: Promise<void> = Promise.resolve()
/** One window; never raised or opened twice. */
function openApprovalWindow(): Promise<void> {
  opening = opening
    .catch(() => undefined)
    .then(async () => {
      // A worker may have died between a window and the note of it, or between its closing and the note of that.
      if (await windows.isOpen(await session.get(APPROVAL_WINDOW))) return
      const open = await windows.showing(APPROVAL)
      // Names that come while somebody reads would move what they read.
      if (open === undefined) await Promise.race([desk.views.learned().catch(report), sleep(NAMED_WITHIN)])
      const id = open ?? (await windows.open(APPROVAL, { as: 'window', width: 420, height: 760 }))
      if (__E2E__) await checkpoint('opened')
      if (id !== undefined) await session.set(APPROVAL_WINDOW, id)
    })
  return opening
}

function kindOf(error: unknown): string {
  const kind = typeof error === 'object' && error !== null && 'kind' in error ? String(error.kind) : ''
  const why = typeof error === 'object' && error !== null && 'why' in error ? String(error.why) : ''
  return `${kind} ${why}`.trim()
}
