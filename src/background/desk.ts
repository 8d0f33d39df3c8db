/**
 * The person's side of the worker: what only screens, and the way from a yes to a session, need. It is put together at its first
 * use, behind the person's door (doors.ts), from the parts that the worker starts with.
 */
import { guardianKey, isOwn, missingSteps } from '../core/account.ts'
import { partsOf } from '../core/approval.ts'
import { refused } from '../core/errors.ts'
import type { Address } from '../core/felt.ts'
import { exposure, isDangerous } from '../core/policy/exposure.ts'
import type { Origin } from '../core/policy/policy.ts'
import type { StepView, View } from '../core/protocol/ui.ts'
import type { ApprovalRecord, NetworkId, OwnAccount, PlannedStep, StoredSession } from '../core/records.ts'
import type { Seconds, UnixSeconds } from '../core/time.ts'
import { type Line, line } from '../core/words.ts'
import { extensionVersion, session, windows, words } from '../platform/browser.ts'
import { now, ticks } from '../platform/clock.ts'
import type { Database, Guard } from '../platform/database.ts'
import { post } from '../platform/egress.ts'
import type { Nodes } from '../platform/node.ts'
import { isNodeError } from '../platform/node-error.ts'
import { randomBytes, wipe } from '../platform/secret-box.ts'
import { RESTORED, restoreRows, savedRows } from './backing-up.ts'
import type { Contracts } from './contracts.ts'
import type { Cold } from './doors.ts'
import type { EscapeWatch } from './escape-watch.ts'
import { createFiat } from './fiat.ts'
import type { createDisconnect, createEndGrant } from './handlers/connect.ts'
import type { sessionHandlers } from './handlers/session.ts'
import { passwordCheck } from './handlers/wallet/keys.ts'
import { verbError } from './handlers/wallet/verb.ts'
import { createWalletVerbs } from './handlers/wallet.ts'
import { createImporting } from './importing.ts'
import type { SignerNeeds } from './keys/signer.ts'
import type { Vault } from './keys/vault.ts'
import type { StopFlags, WorkingSet } from './keys/working-set.ts'
import { lazily, renew } from './lazily.ts'
import { createLeaving, SEND_DRAFT } from './leaving.ts'
import { createLeftBehind } from './left-behind.ts'
import { createLife } from './life.ts'
import type { Selected } from './looking.ts'
import type { Move } from './moving.ts'
import { createOwn, type Own } from './own.ts'
import type { Accounts } from './owners/accounts.ts'
import type { Approvals } from './owners/approvals.ts'
import type { Contacts } from './owners/contacts.ts'
import type { Grants } from './owners/grants.ts'
import type { History } from './owners/history.ts'
import { isLoopback, isMainnet, type Networks, networkName } from './owners/networks.ts'
import type { SettingsOwner } from './owners/settings.ts'
import { createTokens, type Tokens } from './owners/tokens.ts'
import type { createProbing } from './probing.ts'
import { repair } from './repairing.ts'
import type { Router } from './router.ts'
import { createLooks } from './seen-on-chain.ts'
import type { Sending } from './sending/parts.ts'
import { createStarter } from './starting.ts'
import type { Unlocking } from './unlocking.ts'
import { createUpkeep, mintBody, type Upkeep } from './upkeep.ts'
import { createView, type Views } from './view.ts'
import { holdsBack } from './views/approvals.ts'

export interface Desk {
  readonly upkeep: Upkeep
  /** From the yes to a session. */
  readonly start: ReturnType<typeof createStarter>
  /** A person's own transactions. */
  readonly own: Own
  readonly views: Views
  readonly tokens: Tokens
  readonly verbs: ReturnType<typeof createWalletVerbs>
  /** What a person asked for here is asked again by nobody: after a worker's death it goes on from its record. */
  goOn(record: ApprovalRecord): void
  /** What is looked at. @throws VerbError `locked` */
  selected(): Promise<Selected>
  /** Asks the node for what the screens show of it; a silent one is told in the banner. */
  read(selected: Selected): Promise<void>
}

export interface DeskNeeds {
  readonly cold: Cold
  readonly db: Database
  readonly guard: () => Guard | undefined
  readonly vault: Vault
  readonly stops: StopFlags
  readonly workingSet: WorkingSet
  readonly unlocking: Unlocking
  readonly settings: SettingsOwner
  readonly networks: Networks
  readonly nodes: Nodes
  readonly accounts: Accounts
  readonly grants: Grants
  readonly contacts: Contacts
  readonly history: History
  readonly approvals: Approvals
  readonly contracts: Contracts
  readonly sending: Sending
  readonly sessionAsking: ReturnType<typeof sessionHandlers>
  readonly classify: SignerNeeds['classify']
  readonly watch: EscapeWatch
  readonly move: Move
  readonly probe: ReturnType<typeof createProbing>
  readonly endGrant: ReturnType<typeof createEndGrant>
  readonly disconnect: ReturnType<typeof createDisconnect>
  readonly allowNodes: () => void
  readonly tell: Router['tell']
  readonly keysOf: (session: StoredSession) => { readonly unlocked: boolean; readonly workingSet: boolean }
  readonly clock: (network: NetworkId) => Promise<UnixSeconds>
  readonly isUnsaved: () => boolean
  /** The wallet that was here is gone: what the worker itself knew of it goes too. */
  readonly renewed: () => void
  readonly newId: () => string
  readonly wait: (ms: number) => Promise<void>
  readonly refresh: () => void
  readonly changed: () => void
  readonly report: (error: unknown) => void
}

const PAGE = 'src/ui/index.html'
/** Read a moment ago, for the steps of the same yes. */
const CLASS_LASTS: Seconds = 30
const FAILED = { deploy: 'step_failedDeploy', enable: 'step_failedEnable', setup: 'step_failedSetup' } as const

export function createDesk(needs: DeskNeeds): Desk {
  const { db, guard, vault, stops, workingSet, unlocking, settings, networks, nodes, accounts, grants, contacts } =
    needs
  const { history, approvals, contracts, sending, sessionAsking, classify, watch, move, probe, endGrant } = needs
  const { cold, disconnect, allowNodes, keysOf, clock, newId, wait, refresh, changed, report } = needs
  const ledger = lazily(() => sending.ledger)
  const journal = lazily(() => sending.journal)
  const sessions = lazily(() => sending.sessions)
  const signer = lazily(() => sending.signer)
  const executor = lazily(() => sending.executor)
  const watcher = lazily(() => sending.watcher)
  let trouble: View['banner']
  /** As it was when the balances were read. */
  let fiatOn = false

  const tokens = lazily(() => createTokens({ db, nodes, now, changed: () => contracts.listChanged() }))
  const fiat = lazily(() => createFiat({ nodes, now }))
  const upkeep = lazily(() =>
    createUpkeep({
      sessions,
      executor,
      accounts,
      history,
      vault,
      workingSet,
      watch,
      nodes,
      journal,
      cold,
      random: randomBytes,
      newId,
      now,
      report,
    }),
  )
  const importing = lazily(() =>
    createImporting({
      db,
      accounts,
      vault,
      subkeys: () => {
        const owner = workingSet.ownerSubkey(now())
        const guardian = workingSet.guardianSubkey(now())
        return owner === undefined || guardian === undefined ? undefined : { owner, guardian }
      },
      nodes,
      allowNodes,
      cold,
      words,
      random: randomBytes,
      now,
      opened: passwordCheck({ changed: () => changed() }),
    }),
  )
  const life = lazily(() =>
    createLife({
      upkeep,
      watch,
      vault,
      accounts,
      sessions,
      selected: selectedOwn,
      balances: async ({ account, network }) =>
        Object.fromEntries(
          (await tokens.balances(account.address, network, 10)).map(({ token, amount }) => [token.address, amount]),
        ),
      isNearly: (hash) => watcher.finality(hash) === 'PRE_CONFIRMED',
      networkName: (id) => networkName(networks.get(id)),
      now,
      changed: () => changed(),
      refresh: () => refresh(),
      report,
    }),
  )
  const looks = lazily(() =>
    createLooks({
      node: nodes.of,
      sessions,
      end: (stored, endedFor) => upkeep.end(stored, false, endedFor),
      now,
      changed: () => changed(),
    }),
  )

  const leftBehind = lazily(() => createLeftBehind({ contracts, clock, changed: () => changed() }))

  const placeOf = ({ step, of }: PlannedStep) => `${step} ${of ?? ''}`
  /** Where an approval's steps stand; memory only, because the journal has the truth. */
  const stepsOf = new Map<string, { readonly states: Map<string, StepView['state']>; outcome?: Line }>()
  const start = lazily(() =>
    createStarter({
      approvals,
      sessions,
      signer,
      vault,
      sessionSubkey: () => workingSet.sessionSubkey(now()),
      random: randomBytes,
      now,
      network: ({ network }) => networks.get(network),
      account: ({ account }) => ownAccount(account),
      accountClass: async ({ account: address, network }) => {
        const account = await ownAccount(address)
        // From here on what is sent is known, also where an older copy of this day is put back.
        await sending.nonces.compared(network, address, await nodes.of(network))
        return (await accounts.state(account, network, CLASS_LASTS)).classHash ?? account.classHash
      },
      guardian: async (account, { network }) => {
        const standing = guardianKey(account, (await accounts.state(account, network, 10)).guardian)
        if (standing === undefined) throw new Error('the second key on chain is not ours')
        return standing
      },
      runSteps: async (planned, { account, question, approved }, onDone) => {
        const id = approved.approval
        const progress = { states: new Map<string, StepView['state']>() }
        stepsOf.set(id, progress)
        const state = await accounts.state(account, question.network, 0)
        // Whoever takes the account over would have its new session too.
        if (state.guardian !== '0x0') await refuseTakenOver(account, question.network)
        // What is done already stays done: asking again goes on after it.
        const missing = missingSteps(state, account)
        const refused = partsOf(question).flatMap(({ off, sessionId }) => (off ? [sessionId] : []))
        const isDue = ({ step, of }: PlannedStep) =>
          step === 'setup'
            ? of !== undefined && !refused.includes(of) && !question.done.some((it) => it.of === of)
            : missing.includes(step)
        const steps = planned.filter(isDue)
        try {
          await executor.runSteps(
            { network: question.network, account, steps, approved },
            async (step, state, hash) => {
              progress.states.set(placeOf(step), state)
              if (state === 'done') await onDone(step, hash)
              changed()
            },
          )
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
      scheduling: async (session) => ({
        ownAccounts: (await accounts.all()).filter(isOwn).map(({ address }) => address),
        liveAllowance: await sending.preflight.liveAllowance(session),
        from: (await (await nodes.of(session.network)).lastBlock()).number,
      }),
      follow: ({ network, account }) => sending.watcher.follow(network, account),
      wipe,
    }),
  )

  const own = lazily(() =>
    createOwn({
      accounts,
      approvals,
      contracts,
      executor,
      history,
      journal,
      nodes,
      tokens,
      contacts: contacts.all,
      selected: selectedOwn,
      now,
      newId,
      wait,
      report,
    }),
  )
  /** What a person asked for here is asked again by nobody: after a worker's death it goes on from its record. */
  const goOn = (record: ApprovalRecord) =>
    record.question.kind === 'transaction' ? own.goOn(record) : sessionAsking.byPerson.goOn(record)

  const views = lazily(() =>
    createView({
      own,
      fiat: (...of) => (fiatOn ? fiat.of(...of) : undefined),
      state: unlocking.state,
      lockout: vault.lockout,
      passkeys: vault.passkeys,
      settings: settings.get,
      networks: networks.all,
      networkOf: networks.get,
      contacts: contacts.all,
      version: extensionVersion(),
      accounts,
      classify,
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
      life: (account, network) => life.view(account, network),
      alarms: () => life.alarms(),
      seenOnChain: (id) => looks.of(id),
      leftBehind: (id) => leftBehind.of(id),
      trouble: async (network) => {
        if (needs.isUnsaved()) return { kind: 'storage', line: line('banner_storage') }
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
  const leaving = lazily(() =>
    createLeaving({
      db,
      area: session,
      workingSet,
      stops,
      approvals,
      grants,
      renew: () => {
        renew()
        needs.renewed()
      },
      tell: (origin) => needs.tell(origin, 'accountsChanged', () => [undefined]),
    }),
  )
  const verbs = lazily(() =>
    createWalletVerbs({
      words,
      unlocking,
      leaving,
      saved: async () => {
        const key = guard()
        if (key === undefined) throw verbError('locked', line('err_locked'))
        const states = await Promise.all(sessions.list().map(({ id }) => ledger.state(id)))
        return savedRows(
          db,
          key,
          states.filter((it) => it !== undefined),
          now(),
        )
      },
      restored: (backup) => ({
        stores: RESTORED,
        write: (tx, made) => restoreRows(tx, backup, made),
      }),
      repair: (password) => repair({ db, vault, cold, words, now }, password),
      ticks,
      vault,
      workingSet,
      approvals,
      sessions,
      settings,
      networks,
      grants,
      probe,
      check: async (network) => {
        nodes.forget(network)
        await (await nodes.of(network)).lastBlock().then(({ at }) => networks.sawBlock(network, at))
      },
      resetNetwork: async (network) => {
        nodes.forget(network)
        for (const { address } of await accounts.all()) {
          accounts.forget(address, network)
          sending.nonces.forget(network, address)
          sending.preflight.forgetClass(network, address)
        }
      },
      contacts,
      ownAccounts: accounts.all,
      move,
      nodesChanged: allowNodes,
      endGrant,
      abandon: ledger.abandon,
      cold,
      now,
      clock,
      random: randomBytes,
      account: accounts.own,
      accounts,
      importing,
      ownerSubkey: () => workingSet.ownerSubkey(now()),
      lookAtAccounts: async () => {
        const { network } = await settings.get()
        const shown = (await accounts.all()).filter(({ hidden }) => hidden !== true)
        await Promise.all(
          shown.map((it) => Promise.all([accounts.state(it, network, 10), tokens.balances(it.address, network, 10)])),
        )
      },
      view: views.now,
      views,
      own,
      tokens,
      goOn,
      selected: selectedOwn,
      networkOf: networks.get,
      drafts: {
        get: () => session.get(SEND_DRAFT),
        set: (draft) => session.set(SEND_DRAFT, draft),
        remove: () => session.remove(SEND_DRAFT),
      },
      ownAccount: accounts.own,
      stepUp,
      holdsBack: async (record) => holdsBack((await views.now()).approvals.find(({ id }) => id === record.id)),
      life,
      watch,
      checked: (record, password) => life.checked(record, password),
      look: async (session) => {
        await Promise.all([looks.look(session), leftBehind.look(session)])
      },
      takeBack: (session) => own.takeBack(session, leftBehind.of(session.id)),
      lookAt: async ({ account: address, network }) => {
        const account = await accounts.get(address)
        if (account === undefined) return
        const { guardian } = await accounts.state(account, network, 0)
        if (guardian !== '0x0') await watch.lookAt(address, network)
        changed()
      },
      refresh: () => refresh(),
      testTokens: async () => {
        const { account, network } = await selectedAccount()
        if (!isLoopback(networks.get(network).node)) throw verbError('blocked', line('err_devnetOnly'))
        const { status } = await post(networks.get(network).node, mintBody(account.address), {
          timeoutMs: 10_000,
          maxBytes: 65_536,
        })
        if (status !== 200) throw verbError('node', line('err_node'))
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

  return { upkeep, start, own, views, tokens, verbs, goOn, selected: selectedAccount, read }

  async function read({ account, network }: Selected): Promise<void> {
    const told = async (banner: View['banner']) => {
      // Somebody may look at another network by now, whose node is another one.
      if ((await settings.get()).network === network) trouble = banner
    }
    try {
      fiatOn = (await settings.get()).fiat === true
      const [state] = await Promise.all([
        accounts.state(account, network, 0),
        tokens.balances(account.address, network, 0),
        fiatOn && fiat.refresh(network),
      ])
      if (state.guardian !== '0x0') await watch.lookAt(account.address, network)
      await told(undefined)
    } catch (error) {
      if (!isNodeError(error)) throw error
      await told(
        error.reason !== 'wrongNetwork'
          ? { kind: 'node', line: line('banner_node') }
          : networks.startedOver(network) === undefined
            ? { kind: 'wrongNetwork', line: line('banner_wrongNetwork') }
            : { kind: 'startedOver', line: line('banner_startedOver') },
      )
    }
  }

  async function selectedAccount(): Promise<Selected> {
    const { network, account } = await settings.get()
    const all = await accounts.all()
    const found = all.find(({ address }) => address === account) ?? all[0]
    if (found === undefined) throw verbError('locked', line('err_locked'))
    return { account: found, network }
  }

  /** For what takes its owner's key. */
  async function selectedOwn(): Promise<{ readonly account: OwnAccount; readonly network: NetworkId }> {
    const { account, network } = await selectedAccount()
    const own = await accounts.own(account.address)
    if (own === undefined) throw verbError('blocked', line('err_watchOnly'))
    return { account: own, network }
  }

  async function refuseTakenOver(account: OwnAccount, network: NetworkId): Promise<void> {
    const found = await watch.lookAt(account.address, network)
    if (found?.escape.replaces === 'owner') throw refused('USER_REFUSED_OP', { reason: 'context' })
  }

  async function ownAccount(address: Address): Promise<OwnAccount> {
    const account = await accounts.own(address)
    if (account === undefined) throw new Error('not an account of this wallet')
    return account
  }

  /** The second key and danger need the password again (security.md 6.6). */
  async function stepUp({ question }: ApprovalRecord): Promise<boolean> {
    if (question.kind !== 'session') return question.kind === 'network'
    const firstOnMainnet =
      isMainnet(networks.get(question.network)) && !sessions.list().some((it) => isMainnet(networks.get(it.network)))
    const danger = partsOf(question).some(
      ({ effective, off }) => !off && isDangerous(exposure(effective, undefined, [], question.askedAt)),
    )
    return firstOnMainnet || danger || question.steps.some(({ step }: PlannedStep) => step === 'enable')
  }
}
