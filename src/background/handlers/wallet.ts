/** The screens' verbs (core/protocol/ui.ts): what a person does in the wallet's own pages. */

import { partsOf } from '../../core/approval.ts'
import { isRefused } from '../../core/errors.ts'
import type { Address, Hash32 } from '../../core/felt.ts'
import { parseAddress, parseHash32, parseU256 } from '../../core/felt.ts'
import { isKind } from '../../core/kind.ts'
import { applyEdits } from '../../core/policy/edits.ts'
import type { SessionId } from '../../core/policy/policy.ts'
import { unnamedTotals } from '../../core/policy/resolve.ts'
import type { AccountStep } from '../../core/protocol/session-info.ts'
import {
  type Decision,
  type Edits,
  type Verb,
  type VerbError,
  type Verbs,
  type View,
  verbs,
} from '../../core/protocol/ui.ts'
import type {
  AccountRecord,
  ApprovalRecord,
  NetworkId,
  SessionPart,
  SessionQuestion,
  StoredSession,
} from '../../core/records.ts'
import {
  boolean,
  decode,
  exact,
  integer,
  nullable,
  optional,
  picklist,
  record,
  type Schema,
  scalar,
  text,
} from '../../core/schema.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { MAX_LIFE, parseTime } from '../../core/time.ts'
import { type Line, line, time } from '../../core/words.ts'
import { isStorageError } from '../../platform/database.ts'
import { isNodeError } from '../../platform/node.ts'
import { ARGENT_0_4_0 } from '../../starknet/accounts.ts'
import { publicKey } from '../../starknet/curve.ts'
import { accountAddress } from '../../starknet/deploy.ts'
import type { Cold } from '../doors.ts'
import { type Vault, weakness } from '../keys/vault.ts'
import type { WorkingSet } from '../keys/working-set.ts'
import { type Approvals, isStale } from '../owners/approvals.ts'
import type { Sessions } from '../owners/sessions.ts'
import type { SettingsOwner } from '../owners/settings.ts'
import type { Unlocking } from '../unlocking.ts'
import { countedAgain, type PersonAsks } from './session-change.ts'

export interface WalletNeeds {
  readonly unlocking: Unlocking
  readonly vault: Vault
  readonly workingSet: WorkingSet
  readonly approvals: Approvals
  readonly sessions: Sessions
  readonly settings: SettingsOwner
  readonly cold: Cold
  readonly now: () => UnixSeconds
  readonly clock: (network: NetworkId) => Promise<UnixSeconds>
  readonly random: (length: number) => Uint8Array
  readonly account: (address: Address) => Promise<AccountRecord | undefined>
  readonly view: () => Promise<View>
  /** What the person shall approve now needs the password as well. */
  readonly stepUp: (record: ApprovalRecord) => Promise<boolean>
  /** What must be ticked before Allow, if anything, and what holds it back. */
  readonly holdsBack: (record: ApprovalRecord) => Promise<{ readonly blocked?: Line; readonly tick: boolean }>
  readonly planned: (step: AccountStep) => Promise<Verbs['stepCost']['result']>
  /** Starts the account's own step; its progress is in the activity. */
  readonly runStep: (step: AccountStep) => Promise<void>
  readonly refresh: () => void
  readonly testTokens: () => Promise<void>
  readonly openTab: (path: string) => Promise<void>
  readonly end: (session: StoredSession, onChain: boolean) => Promise<unknown>
  readonly disconnect: (origin: string) => Promise<boolean>
  readonly note: (session: StoredSession, what: 'paused' | 'resumed' | 'narrowed' | 'restored') => Promise<void>
  readonly asks: PersonAsks
  readonly changed: () => void
}

type Handler<V extends Verb> = (params: Verbs[V]['params']) => Promise<Verbs[V]['result']>
type VerbHandlers = { readonly [V in Verb]: Handler<V> }

export function createWalletVerbs(needs: WalletNeeds): (verb: string, params: unknown) => Promise<unknown> {
  const { unlocking, vault, workingSet, approvals, sessions, settings, cold, now } = needs

  const session = (id: string): StoredSession => {
    const found = sessions.get(id as SessionId) // Looked up, not trusted.
    if (found === undefined) throw verbError('gone', line('err_gone'))
    return found
  }
  const opened = (tried: {
    readonly ok: boolean
    readonly kind?: string
    readonly left?: number
    readonly until?: UnixSeconds
  }) => {
    if (tried.ok) return
    needs.changed()
    throw tried.until === undefined
      ? verbError('wrongPassword', line('err_wrongPassword'))
      : verbError('wait', line('err_wait', { until: time(tried.until) }))
  }

  const handlers: VerbHandlers = {
    view: () => needs.view(),
    touch: async () => {
      await workingSet.touch(now())
      return null
    },
    newPhrase: async () => ({ words: cold().newPhrase(needs.random(16)).split(' ') }),
    checkPhrase: async ({ phrase }) => {
      const checked = cold().checkPhrase(phrase)
      if (!checked.ok) return { ok: false, ...(checked.word === undefined ? {} : { word: checked.word }) }
      const keys = cold().openPhrase(checked.phrase)
      try {
        const ownerPublicKey = publicKey(keys.owner(0))
        return { ok: true, address: accountAddress({ classHash: ARGENT_0_4_0, ownerPublicKey }) }
      } finally {
        keys.wipe()
      }
    },
    checkPassword: async ({ password }) => {
      const weak = weakness(password)
      if (weak !== undefined) throw verbError('weakPassword', line(WEAK[weak]))
      return null
    },
    create: async ({ password, phrase, backupChecked }) => {
      const checked = cold().checkPhrase(phrase)
      if (!checked.ok) throw verbError('badPhrase', line('err_badPhrase'))
      const made = await unlocking.create({ password, phrase: checked.phrase, name: 'Account 1', backupChecked })
      if (!made.ok) throw verbError('weakPassword', line(WEAK[made.weak]))
      await settings.set({ account: made.account.address })
      needs.changed()
      return null
    },
    backupChecked: async () => {
      await settings.set({ backupChecked: true })
      needs.changed()
      return null
    },
    unlock: async ({ password }) => {
      opened(await unlocking.unlock(password))
      return null
    },
    lock: async () => {
      await unlocking.lock()
      return null
    },
    revealPhrase: async ({ password }) => {
      const tried = await vault.phrase(password)
      opened(tried)
      return { words: tried.ok ? tried.value.split(' ') : [] }
    },
    selectNetwork: async ({ network }) => {
      const { backupChecked } = await settings.get()
      if (network === 'mainnet' && !backupChecked) throw verbError('blocked', line('err_backupFirst'))
      await settings.set({ network })
      needs.refresh()
      needs.changed()
      return null
    },
    setTheme: async ({ theme }) => {
      await settings.set({ theme })
      needs.changed()
      return null
    },
    setAutoLock: async ({ seconds }) => {
      const { autoLock: _before, ...rest } = await settings.get()
      await settings.replace(seconds === null ? rest : { ...rest, autoLock: seconds })
      await workingSet.setAutoLock(now(), seconds ?? undefined)
      needs.changed()
      return null
    },
    refresh: async () => {
      needs.refresh()
      return null
    },
    stepCost: ({ step }) => needs.planned(step),
    runStep: async ({ step, password }) => {
      opened(await vault.verifyPassword(password))
      await needs.runStep(step)
      return null
    },
    testTokens: async () => {
      await needs.testTokens()
      return null
    },
    openApproval: async () => {
      await approvals.show()
      return null
    },
    openTab: async ({ path }) => {
      await needs.openTab(path)
      return null
    },
    editApproval: async ({ id, rev, edits }) => {
      const changed = await approvals.change(id, rev, (question) =>
        question.kind === 'session' ? edited(question, edits) : question,
      )
      return { rev: changed.rev }
    },
    chooseAccount: async ({ id, rev, account }) => {
      if ((await needs.account(account)) === undefined) throw verbError('gone', line('err_gone'))
      await approvals.change(id, rev, (question) => (question.kind === 'connect' ? { ...question, account } : question))
      return null
    },
    keepOpen: async ({ id }) => {
      await approvals.keepOpen(id)
      return null
    },
    decide: async ({ id, rev, digest, decision, password, ticked }) => {
      if (decision === 'allow') await mayAllow(id, password, ticked === true)
      await approvals.decide(id, rev, digest, decision)
      // What a site asks for goes on where the site waits; this nobody waits for.
      const record = decision === 'allow' ? await approvals.get(id) : undefined
      if (record?.byPerson === true) needs.asks.goOn(record)
      return null
    },
    pauseSession: async ({ id }) => {
      const paused = await sessions.pause(session(id).id, 'person')
      await workingSet.removeSession(session(id).id)
      if (paused !== undefined) await needs.note(paused, 'paused')
      return null
    },
    resumeSession: async ({ id }) => {
      const resumed = await sessions.resume(session(id).id, 'person')
      if (resumed === undefined) throw verbError('blocked', line('err_noResume'))
      await unlocking.keep(resumed)
      await needs.note(resumed, 'resumed')
      return null
    },
    narrowSession: async ({ id, edits }) => {
      const before = session(id)
      const at = await needs.clock(before.network)
      const next = ({ effective }: StoredSession) =>
        applyEdits(effective, edits, { within: effective, now: at, adjustable: true })
      const more = edits.runWhileLocked === false ? { runWhileLocked: false as const } : {}
      const narrowed = await sessions.narrow(before.id, next, more)
      if (edits.runWhileLocked === false && !workingSet.isUnlocked(now())) await workingSet.removeSession(before.id)
      if (narrowed !== undefined) await needs.note(narrowed, 'narrowed')
      return null
    },
    restoreSession: async ({ id }) => {
      const restored = await sessions.restore(session(id).id)
      if (restored !== undefined) await needs.note(restored, 'restored')
      return null
    },
    renewSession: async ({ id }) => {
      await needs.asks.renew(session(id))
      return null
    },
    rotateSession: async ({ id }) => {
      await needs.asks.rotate(session(id))
      return null
    },
    repeatCalls: async ({ id }) => {
      const record = await approvals.get(id)
      if (record === undefined || !(await needs.asks.repeat(record))) throw verbError('gone', line('err_gone'))
      return null
    },
    endSession: async ({ id, onChain }) => {
      await needs.end(session(id), onChain)
      return null
    },
    stopAll: async () => ({ stopped: await unlocking.stopAll() }),
    disconnect: async ({ origin }) => {
      await needs.disconnect(origin)
      return null
    },
  }

  return async (verb, params) => {
    if (!Object.hasOwn(verbs, verb)) throw verbError('internal', line('err_internal'))
    const name = verb as Verb // Checked on the line above.
    const read = decode<unknown>(PARAMS[name] as Schema, params)
    if (!read.ok) throw verbError('internal', line('err_internal'))
    if (verbs[name].whenLocked === 'unlocked' && (await unlocking.state()) !== 'unlocked')
      throw verbError('locked', line('err_locked'))
    // The params were decoded by this verb's own schema; the compiler cannot pair them through a variable.
    return (handlers[name] as (params: unknown) => Promise<unknown>)(read.value)
  }

  async function mayAllow(id: string, password: string | undefined, ticked: boolean): Promise<void> {
    const found = await approvals.get(id)
    if (found === undefined) throw verbError('gone', line('err_gone'))
    if ((await unlocking.state()) !== 'unlocked') throw verbError('locked', line('err_locked'))
    const { blocked, tick } = await needs.holdsBack(found)
    if (blocked !== undefined) throw verbError('blocked', blocked)
    if (tick && !ticked) throw verbError('blocked', line('err_tick'))
    if (await needs.stepUp(found)) opened(await vault.verifyPassword(password ?? ''))
  }
}

/** The end may be chosen freely only where the site asked none (policy.md 11, approval-ux.md 8). */
export function edited(question: SessionQuestion, edits: Edits): SessionQuestion {
  const { part = 0, on, ...more } = edits
  const parts = partsOf(question).map((it, index): SessionPart => {
    if (index !== part) return it
    const { off: _off, ...rest } = it
    if (on === false) return { ...it, off: true }
    return editedPart(on === true ? rest : it, question.askedAt, more)
  })
  const [first, ...others] = parts
  const { off: _off, again: _again, ...rest } = question
  return { ...rest, ...first, ...(question.more === undefined ? {} : { more: others }) }
}

function editedPart(question: SessionPart, askedAt: UnixSeconds, edits: Edits): SessionPart {
  if (edits.again !== undefined && question.change === 'renew')
    return editedPart(countedAgain(question, edits.again, askedAt), askedAt, withoutAgain(edits))
  const { asked, change, granted } = question
  // Another key for the same: there is nothing to choose.
  if (change === 'rotate') return question
  const named = change === 'update' || asked.validUntil !== undefined || asked.duration !== undefined
  const effective = applyEdits(question.effective, edits, {
    within: granted,
    now: askedAt,
    latest: named ? granted.validUntil : askedAt + MAX_LIFE,
    enterable: unnamedTotals(asked, granted),
    adjustable: asked.mayNarrow,
  })
  return {
    ...question,
    effective,
    ...(edits.runWhileLocked === undefined ? {} : { runWhileLocked: edits.runWhileLocked }),
  }
}

function withoutAgain({ again: _again, ...edits }: Edits): Edits {
  return edits
}

/** What a screen is told of a failure: what happened and what did not (approval-ux.md 13). */
export function refusalOf(error: unknown): VerbError {
  if (isVerbError(error)) return { code: error.code, line: error.line }
  if (isStale(error)) return { code: error.kind, line: line(error.kind === 'stale' ? 'err_stale' : 'err_gone') }
  if (isNodeError(error)) return { code: 'node', line: line('err_node') }
  if (isStorageError(error)) return { code: 'storage', line: line('err_storage') }
  if (isRefused(error)) return { code: 'tooMuch', line: line('err_tooMuch') }
  return { code: 'internal', line: line('err_internal') }
}

type VerbFailure = Error & VerbError & { readonly kind: 'verb' }
export function verbError(code: VerbError['code'], said: Line): VerbFailure {
  return Object.assign(new Error(code), { kind: 'verb' as const, code, line: said })
}
function isVerbError(error: unknown): error is VerbFailure {
  return isKind(error, 'verb')
}

const WEAK = { short: 'err_short', long: 'err_long', common: 'err_common' } as const

const nothing = scalar<true>((it) => (it === null ? true : undefined), 'nothing')
const password = text(1_024)
const network = picklist(['mainnet', 'sepolia', 'devnet'])
const address = scalar<Address>(parseAddress, 'an address')
const hash = scalar<Hash32>(parseHash32, 'a digest')
const id = text(64)
const rev = integer(0, 1_000_000)
const edits = exact({
  validUntil: optional(scalar(parseTime, 'unix seconds')),
  duration: optional(integer(0, MAX_LIFE)),
  rules: optional(record(boolean(), 200)),
  limits: optional(record(scalar(parseU256, 'an amount'), 200)),
  runWhileLocked: optional(boolean()),
  part: optional(integer(0, 4)),
  on: optional(boolean()),
  again: optional(boolean()),
})
const step = picklist(['deploy', 'enable'])
const decisions: readonly Decision[] = ['allow', 'refuse', 'refuseAll', 'quiet']
const PARAMS: { readonly [V in Verb]: unknown } = {
  view: nothing,
  touch: nothing,
  newPhrase: nothing,
  checkPhrase: exact({ phrase: text(1_024) }),
  checkPassword: exact({ password }),
  create: exact({ password, phrase: text(1_024), backupChecked: boolean() }),
  backupChecked: nothing,
  unlock: exact({ password }),
  lock: nothing,
  revealPhrase: exact({ password }),
  selectNetwork: exact({ network }),
  setTheme: exact({ theme: picklist(['system', 'light', 'dark']) }),
  setAutoLock: exact({ seconds: nullable(integer(60, 3_600)) }),
  refresh: nothing,
  stepCost: exact({ step }),
  runStep: exact({ step, password }),
  testTokens: nothing,
  openApproval: nothing,
  openTab: exact({ path: text(200) }),
  editApproval: exact({ id, rev, edits }),
  chooseAccount: exact({ id, rev, account: address }),
  keepOpen: exact({ id }),
  decide: exact({
    id,
    rev,
    digest: hash,
    decision: picklist(decisions),
    password: optional(password),
    ticked: optional(boolean()),
  }),
  pauseSession: exact({ id }),
  resumeSession: exact({ id }),
  narrowSession: exact({ id, edits }),
  restoreSession: exact({ id }),
  renewSession: exact({ id }),
  rotateSession: exact({ id }),
  repeatCalls: exact({ id }),
  endSession: exact({ id, onChain: boolean() }),
  stopAll: nothing,
  disconnect: exact({ origin: text(300) }),
}
