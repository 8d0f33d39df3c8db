/**
 * The worker: listeners in the first turn, then recovery, then requests. Parts behind a door are made at their first use
 * (doors.ts). Nothing that matters lives here only: the browser ends this process whenever it likes (security.md B7).
 */
import '../platform/egress.ts'
import { missingSteps, readiness } from '../core/account.ts'
import { partsOf } from '../core/approval.ts'
import { type Address, type Felt, padded } from '../core/felt.ts'
import type { Origin, SessionId } from '../core/policy/policy.ts'
import { SCREEN_PORT, SITE_PORT } from '../core/protocol/frame.ts'
import type { AccountStep } from '../core/protocol/session-info.ts'
import type { StepView, VerbError, View } from '../core/protocol/ui.ts'
import type { AccountRecord, ApprovalRecord, NetworkId, PlannedStep, StoredSession } from '../core/records.ts'
import { type Line, line } from '../core/words.ts'
import {
  alarms,
  closeStorage,
  extensionId,
  icon,
  onCommand,
  onConnect,
  type Port,
  session,
  windows,
} from '../platform/browser.ts'
import { serve } from '../platform/channel.ts'
import { checkpoint, loadClockShift, shiftClock } from '../platform/checkpoint.ts'
import { now, ticks } from '../platform/clock.ts'
import { openDatabase } from '../platform/database.ts'
import { post, setAllowed } from '../platform/egress.ts'
import { createNodes, isNodeError } from '../platform/node.ts'
import { hexOf, randomBytes, wipe } from '../platform/secret-box.ts'
import { createAccess } from './access.ts'
import { callerOf } from './caller.ts'
import { cold, lazily, person, sites } from './doors.ts'
import { createStopFlags, createWorkingSet } from './keys/working-set.ts'
import { createLooking, type Selected } from './looking.ts'
import { createAccounts } from './owners/accounts.ts'
import { createAnswers } from './owners/answers.ts'
import { createApprovals } from './owners/approvals.ts'
import { createGrants } from './owners/grants.ts'
import { createHistory } from './owners/history.ts'
import { createNetworks, isLoopback } from './owners/networks.ts'
import { createSettings } from './owners/settings.ts'
import { type Context, createRouter, type Handlers, turnAway } from './router.ts'

const PAGE = 'src/ui/index.html'
const APPROVAL = `${PAGE}#/approval`
const APPROVAL_WINDOW = 'approvalWindow'
const EVERY_MINUTE = 'everyMinute'
const STOP_ALL = 'stop-all'
const ACCENT = '#0B6B5D'
const DANGER = '#A8231C'
/** A View is made at most so often, ms: many changes of one moment are one push. */
const PUSH_AFTER_MS = 30

/** How long an ended session is still told of to its site, s. */
const JUST_ENDED = 300

const newId = () => hexOf(randomBytes(16))
const wait = (ms: number) => new Promise<void>((done) => setTimeout(done, ms))
const after = (ms: number, fn: () => void) => {
  const timer = setTimeout(fn, ms)
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
const workingSet = createWorkingSet({ db, area: session, report })
const guard = () => workingSet.guard()
const settings = createSettings({ db })
const networks = createNetworks({
  db,
  guard,
  now,
  onRestart: async (network, seen) => {
    await sending.sessions.pauseAll({ network }, 'chainRestarted')
    // Its transactions can never be seen again. A local chain starts over whenever its owner likes, and guards no money.
    await sending.ledger.abandon(network)
    if (isLoopback(networks.get(network).node)) await networks.adopt(network, seen)
    changed()
  },
})
const nodes = createNodes({ networks, post, now, wait })
const accounts = createAccounts({
  db,
  guard,
  now,
  read: async (account, network) => {
    const node = await nodes.of(network)
    const classHash = await node.classHashAt(account)
    if (classHash === undefined) return { guardian: '0x0' as Felt }
    const [guardian = '0x0' as Felt] = await node.call(sites().getGuardianCall(account))
    return { classHash, guardian }
  },
})
const grants = createGrants({ db, guard, now })
const history = createHistory({ db, guard, now, newId, onChange: () => changed() })
const contracts = lazily(() => sites().createContracts({ nodes, cold }))
const tokens = lazily(() => person().createTokens({ nodes, now }))
const sending = lazily(() =>
  sites().createSending({
    db,
    guard,
    keys: workingSet,
    vault,
    stops,
    nodes,
    networks,
    accounts,
    contracts,
    history,
    newId,
    now,
    ticks,
    wait,
    after,
    sendWanted: (): Promise<void> => upkeep.sendWanted(),
    onSession: (stored) => {
      if (stored.state !== 'active') workingSet.removeSession(stored.id).catch(report)
      tellSessions(stored.origin)
      changed()
    },
    onRow: (row) => {
      if (row.origin !== undefined && row.session !== undefined) tellSessions(row.origin)
      if (row.status === 'sent' || (row.status === 'settled' && row.end !== 'released')) unsaved = false
      if (row.status === 'settled') refresh()
      changed()
    },
    report,
  }),
)
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
    recover: async () => {
      // Only now: before the first unlock no secret is loaded and no node is asked anything.
      setAllowed(
        'nodes',
        networks.all().map(({ node }) => new URL(node).origin),
      )
      await recovery.recover()
    },
    changed: () => {
      void afterUnlock().catch(report)
      changed()
    },
  }),
)
const upkeep = lazily(() =>
  person().createUpkeep({ sessions, executor, accounts, history, vault, workingSet, newId, now, report }),
)
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
  selected: async () => {
    const { network, account } = await settings.get()
    const own = account ?? (await accounts.all())[0]?.address
    if (own === undefined) throw new Error('no account')
    return { account: own, network }
  },
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

const FAILED = { deploy: 'step_failedDeploy', enable: 'step_failedEnable', setup: 'step_failedSetup' } as const
const placeOf = ({ step, of }: PlannedStep) => `${step} ${of ?? ''}`
/** Where an approval's steps stand; memory only, because the journal has the truth. */
const stepsOf = new Map<string, { readonly states: Map<string, StepView['state']>; outcome?: Line }>()
const start = lazily(() =>
  person().createStarter({
    approvals,
    sessions,
    signer,
    vault,
    sessionSubkey: () => workingSet.sessionSubkey(now()),
    random: randomBytes,
    now,
    network: ({ network }) => networks.get(network),
    account: ({ account }) => ownAccount(account),
    runSteps: async (planned, { account, question, approved }, onDone) => {
      const id = approved.approval
      const progress = { states: new Map<string, StepView['state']>() }
      stepsOf.set(id, progress)
      // What is done already stays done: asking again goes on after it.
      const missing = missingSteps(
        readiness(await accounts.state(account, question.network, 0), account.guardian.publicKey),
      )
      const refused = partsOf(question).flatMap(({ off, sessionId }) => (off ? [sessionId] : []))
      const isDue = ({ step, of }: PlannedStep) =>
        step === 'setup'
          ? of !== undefined && !refused.includes(of) && !question.done.some((it) => it.of === of)
          : missing.includes(step)
      const steps = planned.filter(isDue)
      try {
        await executor.runSteps({ network: question.network, account, steps, approved }, async (step, state, hash) => {
          progress.states.set(placeOf(step), state)
          if (state === 'done') await onDone(step, hash)
          changed()
        })
      } catch (error) {
        const failed = steps.find((it) => progress.states.get(placeOf(it)) !== 'done')
        if (failed !== undefined) progress.states.set(placeOf(failed), 'failed')
        stepsOf.set(id, { ...progress, outcome: line(FAILED[failed?.step ?? 'enable']) })
        throw error
      } finally {
        refresh()
      }
    },
    keep: unlocking.keep,
    wipe,
  }),
)

const sessionAsking = lazily(() =>
  sites().sessionHandlers({
    access,
    accounts,
    approvals,
    contracts,
    grants,
    history,
    sessions,
    print,
    networks: networks.all,
    selected: async () => {
      const { network, account } = await settings.get()
      return { network, account: account ?? ((await accounts.all())[0]?.address as Address) }
    },
    clock,
    mayUse: async (network) => network !== 'mainnet' || (await settings.get()).backupChecked,
    newSessionId: () => newId() as SessionId,
    planSteps: async (account, network, steps, setups = []) =>
      steps.length + setups.length === 0
        ? []
        : (await executor.estimateSteps({ network, account, steps, setups })).steps,
    start,
    keep: unlocking.keep,
    awake: () => guard() !== undefined,
    endAsleep: unlocking.endAsleep,
    end: (session, onChain) => upkeep.end(session, onChain),
    granted: async (grant) => router.tell(grant.origin, 'accountsChanged', () => [[padded(grant.account)]]),
    report,
  }),
)

const ready = wake()
/** The person's own screens open also where recovery failed: they say so, and an unlock tries again. */
const awake = ready.catch(report)
const router = createRouter({
  handlers: lazily(() =>
    afterUnlocking({
      ...sites().connectHandlers({ access, accounts, approvals, disconnect }),
      ...sites().networkHandlers({
        access,
        network: async (id) => networks.get(id),
        selected: async () => (await settings.get()).network,
      }),
      ...sessionAsking.methods,
      ...sites().executeHandlers({
        access,
        accounts,
        approvals,
        executor,
        grants,
        history,
        sessions,
        print,
        state: unlocking.state,
        wait,
        report,
      }),
    }),
  ),
  answers: createAnswers({
    db,
    now,
    rebuild: async (origin, id) => {
      // Asleep nothing can be checked, and nothing is signed either: the request runs anew.
      if (guard() === undefined) return undefined
      const row = await journal.rebuild(origin, id)
      return row === undefined ? undefined : { result: { transaction_hash: padded(row.hash) } }
    },
  }),
  ready,
  now: () => now() * 1000,
  sleep: wait,
  newRef: () => newId().slice(0, 8),
  report: ({ error }) => report(error),
  joined: ({ origin }) => tellSessions(origin),
  used: ({ origin }) => {
    // Asleep nothing is signed, so nothing is kept warm. A node that is gone is met by the next call.
    if (guard() !== undefined) executor.warm(origin).catch((error: unknown) => isNodeError(error) || report(error))
  },
  left: ({ document }) => void approvals.end((record) => record.document === document, 'context').catch(report),
})

const view = lazily(() =>
  person().createView({
    state: unlocking.state,
    lockout: vault.lockout,
    settings: settings.get,
    networks: networks.all,
    accounts,
    approvals,
    contracts,
    grants,
    history,
    journal,
    ledger,
    sessions,
    tokens,
    watcher,
    clock,
    now,
    keysOf,
    trouble: async (network) => {
      if (unsaved) return { kind: 'storage', line: line('banner_storage') }
      const { wrong } = networks.clock(network, await db.lastWall())
      return wrong ? { kind: 'clock', line: line('banner_clock') } : trouble
    },
    steps: (id) => {
      const known = stepsOf.get(id)
      return { state: (step) => known?.states.get(placeOf(step)) ?? 'todo', outcome: known?.outcome }
    },
    stepUp,
    changed: () => changed(),
  }),
)
/** What the account menu last showed of a step: what a password then agrees to. */
const offered = new Map<
  AccountStep,
  Awaited<ReturnType<typeof selectedAccount>> & { readonly steps: readonly PlannedStep[] }
>()
const verbs = lazily(() =>
  person().createWalletVerbs({
    unlocking,
    vault,
    workingSet,
    approvals,
    sessions,
    settings,
    cold,
    now,
    clock,
    random: randomBytes,
    account: accounts.get,
    view,
    stepUp,
    holdsBack: async (record) => {
      const shown = (await view()).approvals.find(({ id }) => id === record.id)
      const tick =
        (shown?.kind === 'transaction' && shown.tick !== undefined) || (shown?.kind === 'session' && shown.danger)
      return { tick, ...(shown?.blocked === undefined ? {} : { blocked: shown.blocked }) }
    },
    planned: async (step) => {
      const { account, network } = await selectedAccount()
      const steps = await upkeep.plan(account, network, step)
      offered.set(step, { account, network, steps })
      const balances = Object.fromEntries(
        (await tokens.balances(account.address, network, 10)).map(({ token, amount }) => [token.address, amount]),
      )
      const blocked = person().tooPoor(steps, 0n, balances)
      return {
        steps: person().plannedSteps(steps, [], { stepState: () => 'todo' }),
        facts: steps.some((it) => it.step === 'enable') ? person().enableFacts(steps) : [],
        ...(blocked === undefined ? {} : { blocked }),
      }
    },
    runStep: async (step) => {
      const shown = offered.get(step)
      const { account, network } = await selectedAccount()
      // What was shown, with its fees, is what is signed, and once.
      offered.delete(step)
      if (shown?.account.address !== account.address || shown.network !== network)
        throw person().verbError('stale', line('err_stale'))
      const { steps } = shown
      // Its progress is told in the activity: nobody has to wait with the page open.
      upkeep.run(account, network, steps).catch(report).finally(refresh)
    },
    refresh: () => refresh(),
    testTokens: async () => {
      const { account, network } = await selectedAccount()
      if (network !== 'devnet') throw person().verbError('blocked', line('err_devnetOnly'))
      const { status } = await post(networks.get(network).node, person().mintBody(account.address), {
        timeoutMs: 10_000,
        maxBytes: 65_536,
      })
      if (status !== 200) throw person().verbError('node', line('err_node'))
      refresh()
    },
    openTab: async (path) => {
      await windows.open(`${PAGE}#${path}`, { as: 'tab' })
    },
    end: upkeep.end,
    disconnect: (origin) => disconnect(origin as Origin), // A key of the grants: an unknown one is nobody's.
    asks: sessionAsking.byPerson,
    note: async ({ network, account, origin, id }, what) =>
      history.add({ network, account, origin, session: id, event: { kind: 'session', what } }),
    changed: () => changed(),
  }),
)

// ---- Events. All listeners are registered in this first turn.

const screens = new Set<ReturnType<typeof serve<View, VerbError>>>()
const refresh = createLooking({
  isWatched: () => screens.size > 0,
  selected: async () => ((await unlocking.state()) === 'unlocked' ? selectedAccount() : undefined),
  read,
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
        return await verbs(type, params)
      } catch (error) {
        if (person().refusalOf(error).code === 'internal') report(error)
        throw error
      }
    },
    refusalOf: (error) => person().refusalOf(error),
  })
  screens.add(screen)
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
  if (guard() === undefined) return
  await unlocking.wake()
  // What a person asked for here is asked by nobody again.
  for (const record of await approvals.waiting())
    if (record.byPerson === true && record.phase === 'running') sessionAsking.byPerson.goOn(record)
}

/** Clocks decide, alarms only tidy: a lapsed unlock is locked for good, lost rows are looked at. */
async function tidy(): Promise<void> {
  await workingSet.load()
  if (workingSet.state(now()) === 'locked') await unlocking.lock()
  if (guard() !== undefined) {
    await unlocking.dropEnded()
    await watcher.look()
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
    const shown = await view()
    for (const screen of screens) screen.push(shown)
  }
  const waiting = (await approvals.waiting()).filter(({ phase }) => phase === 'asking').length
  const called = await needsYou()
  await icon.badge(called ? '!' : waiting > 0 ? String(waiting) : '', called ? DANGER : ACCENT)
}

/** The wallet itself paused a session: only the person can go on. Locked, the badge tells nobody. */
async function needsYou(): Promise<boolean> {
  if (!workingSet.isUnlocked(now())) return false
  const paused = sessions.list().filter(({ state }) => state === 'paused')
  const infos = await Promise.all(paused.map((it) => print.info(it)))
  return infos.some((info) => info?.paused_by === 'wallet')
}

let trouble: View['banner']
async function read({ account, network }: Selected): Promise<void> {
  const told = async (banner: View['banner']) => {
    // Somebody may look at another network by now, whose node is another one.
    if ((await settings.get()).network === network) trouble = banner
  }
  try {
    await Promise.all([accounts.state(account, network, 0), tokens.balances(account.address, network, 0)])
    await told(undefined)
  } catch (error) {
    if (!isNodeError(error)) throw error
    await told(
      error.reason === 'wrongNetwork'
        ? { kind: 'wrongNetwork', line: line('banner_wrongNetwork') }
        : { kind: 'node', line: line('banner_node') },
    )
  }
}

async function selectedAccount(): Promise<Selected> {
  const { network, account } = await settings.get()
  const all = await accounts.all()
  const found = all.find(({ address }) => address === account) ?? all[0]
  if (found === undefined) throw person().verbError('locked', line('err_locked'))
  return { account: found, network }
}

async function ownAccount(address: Address): Promise<AccountRecord> {
  const account = await accounts.get(address)
  if (account === undefined) throw new Error('not an account of this wallet')
  return account
}

/** The second key and danger need the password again (security.md 6.6). */
async function stepUp({ question }: ApprovalRecord): Promise<boolean> {
  if (question.kind !== 'session') return false
  const firstOnMainnet = question.network === 'mainnet' && sessions.list({ network: 'mainnet' }).length === 0
  const danger = partsOf(question).some(
    ({ effective, off }) => !off && person().isDangerous(person().exposure(effective, undefined, [], question.askedAt)),
  )
  return firstOnMainnet || danger || question.steps.some(({ step }: PlannedStep) => step === 'enable')
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
  wasUnlocked = unlocked
  if (!fresh) return
  refresh()
  for (const { origin, account } of await grants.all())
    router.tell(origin, 'accountsChanged', () => [[padded(account)]])
  await prune()
}

/** While an unlock is under way, what runs is not known yet: requests wait for it. */
function afterUnlocking(handlers: Handlers): Handlers {
  const waiting = Object.entries(handlers).map(([method, handle]) => [
    method,
    async (context: Context, params: never) => {
      await unlocking.settled()
      return handle(context, params)
    },
  ])
  return Object.fromEntries(waiting) as Handlers // The same methods, each with its own handler.
}

function tellSessions(origin: Origin): void {
  // Asleep no session is known.
  if (guard() === undefined || router.documents(origin).length === 0) return
  // Live ones, and those that ended a moment ago, so that a page can tell its person.
  const known = sessions.list({ origin }).filter(({ endedAt }) => endedAt === undefined || now() - endedAt < JUST_ENDED)
  if (known.length === 0) return
  Promise.all([grants.get(origin), ...known.map((it) => print.info(it))] as const).then(([grant, ...all]) => {
    // A site that was disconnected reads nothing more.
    if (grant === undefined) return
    const infos = all.filter((it) => it !== undefined)
    router.tell(origin, 'sessionsChanged', () => [infos])
  }, report)
}

let opening: Promise<void> = Promise.resolve()
/** One window; never raised or opened twice. */
function openApprovalWindow(): Promise<void> {
  opening = opening
    .catch(() => undefined)
    .then(async () => {
      if ((await session.get(APPROVAL_WINDOW)) !== undefined) return
      // A worker may have died between a window and the note of it.
      const open = await windows.showing(APPROVAL)
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
