/**
 * What a person does with an account on its own page: what it costs, then the act with the password, then how far it is.
 * Shown first, and what was shown is what is signed (approval-ux.md 6.1).
 */
import { readiness } from '../core/account.ts'
import type { Address, Felt, U256 } from '../core/felt.ts'
import type { OwnStep } from '../core/protocol/session-info.ts'
import type { AlarmView, LifeView, Proof, StepView, TakeOverView, Verbs } from '../core/protocol/ui.ts'
import type { AccountRecord, ApprovalRecord, NetworkId, OwnAccount } from '../core/records.ts'
import type { UnixSeconds } from '../core/time.ts'
import { amount, type Line, line, time } from '../core/words.ts'
import { isNodeError } from '../platform/node-error.ts'
import { ESCAPE_FEE } from '../starknet/escape.ts'
import type { EscapeWatch, FoundEscape } from './escape-watch.ts'
import { verbError } from './handlers/wallet/verb.ts'
import type { Tried, Vault } from './keys/vault.ts'
import type { Accounts } from './owners/accounts.ts'
import type { Sessions } from './owners/sessions.ts'
import type { StepState } from './sending/executor.ts'
import type { OwnPlanned, Upkeep } from './upkeep.ts'
import { enableFacts, plannedSteps, tooPoor } from './views/approvals.ts'
import { feeCap, STRK_NAME } from './views/facts.ts'

export interface Where {
  readonly account: OwnAccount
  readonly network: NetworkId
}

export interface Life {
  /** Of the account and network that are looked at, or of those named. @throws NodeError */
  planned(step: OwnStep, at?: Place): Promise<Verbs['stepCost']['result']>
  /** Resolves when what it ends here has ended; the rest goes on by itself. */
  run(step: OwnStep, password: Proof, at?: Place): Promise<Tried<unknown>>
  /** Whether the second key that stands there is one of the phrase; then it is this wallet's from now on. @throws NodeError */
  findKey(password: Proof, at: Place): Promise<{ readonly tried: Tried<unknown>; readonly found: boolean }>
  /** The password of a session's approval; a step of it that sets a second key has one to set by then. */
  checked(record: ApprovalRecord, password: Proof): Promise<Tried<unknown>>
  view(account: AccountRecord, network: NetworkId): LifeView
  alarms(): Promise<readonly AlarmView[]>
}
export interface Place {
  readonly account: Address
  readonly network: NetworkId
}

export interface LifeNeeds {
  readonly upkeep: Upkeep
  readonly watch: EscapeWatch
  readonly vault: Pick<Vault, 'phrase' | 'verifyPassword'>
  readonly accounts: Pick<Accounts, 'own' | 'lastState'>
  readonly sessions: Pick<Sessions, 'list'>
  readonly selected: () => Promise<Where>
  /** Of the account, by token. @throws NodeError */
  readonly balances: (where: Where) => Promise<Readonly<Record<Address, U256>>>
  /** The network has it in a block that is not accepted yet. */
  readonly isNearly: (hash: Felt) => boolean
  readonly networkName: (network: NetworkId) => string
  readonly now: () => UnixSeconds
  readonly changed: () => void
  readonly refresh: () => void
  readonly report: (error: unknown) => void
}

interface Doing {
  readonly steps: readonly OwnPlanned[]
  readonly since: UnixSeconds
  readonly states: Map<OwnStep, { readonly state: StepState | 'failed'; readonly hash?: Felt }>
  outcome?: Line
  over: boolean
}

export function createLife(needs: LifeNeeds): Life {
  const { upkeep, watch, vault, accounts, sessions, now } = needs
  /** What was last shown of a step: what a password then agrees to. */
  const offered = new Map<string, readonly OwnPlanned[]>()
  const doing = new Map<string, Doing>()
  const keyOf = ({ account, network }: Place) => `${network} ${account}`

  const whereOf = async (at: Place | undefined): Promise<Where> => {
    if (at === undefined) return needs.selected()
    const account = await accounts.own(at.account)
    if (account === undefined) throw verbError('gone', line('err_gone'))
    return { account, network: at.network }
  }
  const placeOf = ({ account, network }: Where): Place => ({ account: account.address, network })

  /** What holds the step back before the node is asked what it costs. */
  const heldBack = async (step: OwnStep, where: Where): Promise<Line | undefined> => {
    const { account, network } = where
    if (doing.get(keyOf(placeOf(where)))?.over === false) return line('life_underWay')
    if (step !== 'takeOver' && step !== 'finish') return undefined
    const next = watch.nextTry(account.address, network, step)
    if (next !== undefined) return line('life_tryAgain', { at: time(next) })
    const found = await watch.lookAt(account.address, network)
    if (step === 'takeOver') return undefined
    const status = found === undefined ? undefined : statusOf(found, now())
    if (found === undefined || found.escape.replaces !== 'guardian' || status === 'expired') return line('life_notNow')
    return status === 'ready' ? undefined : line('life_notReady', { at: time(found.escape.readyAt) })
  }
  const overCap = (step: OwnStep, steps: readonly OwnPlanned[], { account, network }: Where): Line | undefined => {
    const kind = accounts.lastState(account.address, network)?.kind
    if ((step !== 'takeOver' && step !== 'finish') || (kind !== 'argent-0.4.0' && kind !== 'argent-0.5.0'))
      return undefined
    const cap = ESCAPE_FEE[kind]
    const fee = steps.reduce((sum, { bounds }) => sum + feeCap(bounds), 0n)
    return fee <= cap ? undefined : line('life_overCap', { fee: strkOf(fee), cap: strkOf(cap) })
  }

  const secretFor = async (where: Where, steps: readonly OwnPlanned[], password: Proof): Promise<Tried<unknown>> => {
    const { account, network } = where
    const tried = (await upkeep.needsPhrase(account, network, steps))
      ? await vault.phrase(password)
      : await vault.verifyPassword(password)
    if (!tried.ok) return tried
    const phrase = typeof tried.value === 'string' ? tried.value : undefined
    await upkeep.prepare({ account, network, steps, phrase })
    return { ok: true, value: true }
  }

  const send = async (place: Place, steps: readonly OwnPlanned[]): Promise<void> => {
    const own: Doing = { steps, since: now(), states: new Map(), over: false }
    doing.set(keyOf(place), own)
    needs.changed()
    try {
      // As it is now that it has its next key.
      const account = await accounts.own(place.account)
      if (account === undefined) throw new Error('not an account of this wallet')
      await upkeep.run(account, place.network, steps, ({ step }, state, hash) => {
        own.states.set(step, { state, hash })
        needs.changed()
      })
    } catch (error) {
      const failed = steps.find(({ step }) => own.states.get(step)?.state !== 'done')
      if (failed !== undefined) {
        own.states.set(failed.step, { ...own.states.get(failed.step), state: 'failed' })
        own.outcome = line(isNodeError(error) ? 'life_unsure' : FAILED[failed.step])
      }
      needs.report(error)
    } finally {
      own.over = true
      await watch.lookAt(place.account, place.network).catch(() => undefined) // Read again at the next look.
      needs.refresh()
      needs.changed()
    }
  }

  return {
    planned: async (step, at) => {
      const where = await whereOf(at)
      const key = `${step} ${keyOf(placeOf(where))}`
      offered.delete(key)
      const held = await heldBack(step, where)
      if (held !== undefined) return { steps: [], facts: [], blocked: held }
      // Seven days for a key that is the person's own would be seven days for nothing.
      if (step === 'takeOver' && (await upkeep.mayFindKey(where.account, where.network)))
        return { steps: [], facts: [], search: true }
      const steps = await upkeep.plan(where.account, where.network, step)
      if (steps.length === 0) return { steps: [], facts: [], blocked: line('life_notNow') }
      offered.set(key, steps)
      const blocked = overCap(step, steps, where) ?? tooPoor(steps, 0n, await needs.balances(where))
      return {
        steps: plannedSteps(steps, [], { stepState: () => 'todo' }),
        facts: steps.some((it) => it.step === 'enable') ? enableFacts(steps) : [],
        ...(blocked === undefined ? {} : { blocked }),
      }
    },
    run: async (step, password, at) => {
      const where = await whereOf(at)
      const place = placeOf(where)
      const key = `${step} ${keyOf(place)}`
      const steps = offered.get(key)
      if (steps === undefined) throw verbError('stale', line('err_stale'))
      const tried = await secretFor(where, steps, password)
      if (!tried.ok) return tried
      // What was shown, with its fees, is what is signed, and once.
      if (!offered.delete(key)) throw verbError('stale', line('err_stale'))
      // Nobody has to wait with the page open.
      void send(place, steps)
      return tried
    },
    findKey: async (password, at) => {
      const { account, network } = await whereOf(at)
      const tried = await vault.phrase(password)
      if (!tried.ok) return { tried, found: false }
      const found = await upkeep.findSecondKey(account, network, tried.value)
      if (found) await watch.lookAt(account.address, network)
      needs.refresh()
      needs.changed()
      return { tried, found }
    },
    checked: async ({ question }, password) => {
      const steps = question.kind === 'session' ? question.steps : []
      const own = steps.flatMap(({ step, bounds }) => (step === 'enable' ? [{ step, bounds }] : []))
      if (question.kind !== 'session' || own.length === 0) return vault.verifyPassword(password)
      return secretFor(await whereOf({ account: question.account, network: question.network }), own, password)
    },
    view: (account, network) => {
      const state = accounts.lastState(account.address, network)
      const current = doing.get(keyOf({ account: account.address, network }))
      const found = watch.found().find((it) => it.account === account.address && it.network === network)
      const running = sessions
        .list({ account: account.address, network })
        .filter((it) => it.state === 'active' || it.state === 'paused').length
      return {
        running,
        ...(state?.classHash === undefined ? {} : { class: line(CLASSES[state.kind]) }),
        acts: state === undefined ? [] : actsOf(readiness(state, account), state, found, now()),
        ...(current === undefined ? {} : { doing: doingView(current, needs.isNearly) }),
        ...(found?.escape.replaces === 'guardian' ? { takeOver: takeOverView(found, account, now()) } : {}),
      }
    },
    alarms: async () => {
      await watch.load()
      return watch.found().flatMap((it) => (it.escape.replaces === 'owner' ? [alarmView(it, needs)] : []))
    },
  }
}

const CLASSES = {
  'argent-0.4.0': 'life_class040',
  'argent-0.5.0': 'life_class050',
  'argent-0.3': 'life_class03',
  'argent-0.2': 'life_class02',
  openzeppelin: 'life_classOpenZeppelin',
  unknown: 'life_classUnknown',
} as const

const FAILED = {
  deploy: 'life_failedDeploy',
  enable: 'life_failedEnable',
  upgrade: 'life_failedUpgrade',
  rotate: 'life_failedRotate',
  remove: 'life_failedRemove',
  takeOver: 'life_failedTakeOver',
  finish: 'life_failedFinish',
} as const

/** What the page offers: by what the account is on this network. */
function actsOf(
  ready: ReturnType<typeof readiness>,
  state: NonNullable<ReturnType<Accounts['lastState']>>,
  found: FoundEscape | undefined,
  now: UnixSeconds,
): readonly OwnStep[] {
  const upgrade: readonly OwnStep[] = state.kind === 'argent-0.3' && state.classHash !== undefined ? ['upgrade'] : []
  switch (ready) {
    case 'needs_deploy':
      return ['deploy', 'enable']
    case 'needs_enable':
      return ['enable']
    case 'on_chain':
      return ['rotate', 'remove']
    case 'wallet':
      return upgrade
    case 'off': {
      const takes = state.guardian !== '0x0' && (state.kind === 'argent-0.4.0' || state.kind === 'argent-0.5.0')
      if (!takes) return []
      const status = found?.escape.replaces === 'guardian' ? statusOf(found, now) : undefined
      if (status === 'ready') return ['finish']
      return status === 'waiting' ? [] : ['takeOver']
    }
  }
}

/** The chain's word is as old as its reading, and this clock may be behind the chain's: the later of the two counts. */
export function statusOf({ escape: under, period }: FoundEscape, now: UnixSeconds): TakeOverView['status'] {
  if (under.status === 'expired' || now >= under.readyAt + period) return 'expired'
  return under.status === 'ready' || now >= under.readyAt ? 'ready' : 'waiting'
}

function takeOverView(found: FoundEscape, account: AccountRecord, now: UnixSeconds): TakeOverView {
  const { escape: under, period, left } = found
  return {
    ours: 'guardian' in account && under.signer === account.guardian.publicKey,
    startedAt: under.readyAt - period,
    readyAt: under.readyAt,
    endsAt: under.readyAt + period,
    status: statusOf(found, now),
    left: left === true,
  }
}

function alarmView(found: FoundEscape, { networkName, now }: LifeNeeds): AlarmView {
  const { account, network, escape: under, period, remindAt } = found
  return {
    account,
    network,
    networkName: networkName(network),
    ...(under.signer === undefined ? {} : { newOwner: under.signer }),
    startedAt: under.readyAt - period,
    readyAt: under.readyAt,
    endsAt: under.readyAt + period,
    status: statusOf(found, now()),
    quiet: remindAt !== undefined && remindAt > now(),
  }
}

function doingView({ steps, since, states, outcome, over }: Doing, isNearly: (hash: Felt) => boolean) {
  const state = (step: OwnStep): StepView['state'] => {
    const known = states.get(step)
    if (known === undefined) return over ? 'todo' : 'signed'
    return known.state === 'sent' && known.hash !== undefined && isNearly(known.hash) ? 'nearly' : known.state
  }
  const undone = steps.findIndex(({ step }) => states.get(step)?.state !== 'done')
  const first = undone === -1 ? steps.length : undone
  return {
    since,
    over,
    steps: plannedSteps(steps, [], {
      stepState: ({ step }) => (steps.findIndex((it) => it.step === step) > first ? 'todo' : state(step)),
    }).map((it) => {
      const hash = states.get(it.step as OwnStep)?.hash // Made of own steps.
      return hash === undefined ? it : { ...it, hash }
    }),
    ...(outcome === undefined ? {} : { outcome }),
  }
}

function strkOf(value: bigint) {
  return amount(value.toString() as U256, STRK_NAME)
}
