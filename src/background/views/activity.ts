import { tokenMove } from '../../core/call.ts'
import { type Address, type Felt, type Selector, u256 } from '../../core/felt.ts'
import type { Naming } from '../../core/policy/naming.ts'
import type { Call, Reason } from '../../core/policy/policy.ts'
import type { ActivityView } from '../../core/protocol/ui.ts'
import type { HistoryRow, JournalRow, StoredSession } from '../../core/records.ts'
import { transactionOf } from '../../core/transaction.ts'
import { amount, count, type Line, line, type MessageKey, type TokenName, text } from '../../core/words.ts'

export interface ActivityFacts {
  /** The transaction's row, where there is one. */
  readonly row: JournalRow | undefined
  readonly session: StoredSession | undefined
  readonly entrypoint: (selector: Selector, session: StoredSession | undefined) => string | undefined
  readonly token: (token: Address) => TokenName | undefined
  readonly naming: Naming
  readonly reason: (reason: Reason, session: StoredSession | undefined) => Line
  /** The network has the transaction in a block that is not accepted yet. */
  readonly nearly: boolean
}

/** One row of Home, of a session's log: what happened, who asked, where it stands (approval-ux.md 5.3). */
export function activityOf(entry: HistoryRow, facts: ActivityFacts): ActivityView {
  const { event } = entry
  const host = entry.origin === undefined ? {} : { host: new URL(entry.origin).host }
  const base = {
    id: entry.id,
    at: entry.at,
    ...host,
    ...(entry.session === undefined ? {} : { session: entry.session }),
  }
  switch (event.kind) {
    case 'transaction': {
      const { row } = facts
      const state = stateOf(row, facts.nearly)
      return {
        ...base,
        title:
          event.declares === undefined
            ? titleOf(event.calls, event.purpose, entry.account, facts)
            : line('act_declare'),
        lines: [line(event.by === 'session' ? 'act_automatic' : 'act_byYou')],
        state,
        stateLine: line(STATES[state]),
        // Until somebody has sent it, it is in no transaction.
        ...hashOf(event.hash, row),
        ...feeOf(row, facts),
        ...(row?.failure === undefined ? {} : { failure: row.failure }),
      }
    }
    case 'refused':
      return {
        ...base,
        title: titleOf(event.calls, undefined, undefined, facts),
        lines: event.reasons.map((reason) => facts.reason(reason, facts.session)),
        state: 'refused',
        stateLine: line('act_state_refused'),
      }
    case 'message': {
      const { about, type, by } = event
      const lines = [line(by === 'session' ? 'act_automatic' : 'act_byYou')]
      return { ...base, title: line('act_message', { type: text(type), about: text(about) }), lines, ...SIGNED }
    }
    case 'hidden':
      return { ...base, title: line('act_hidden'), lines: [line('act_hiddenWhat')], ...REFUSED }
    case 'connected':
    case 'disconnected':
      return note(base, line(event.kind === 'connected' ? 'act_connected' : 'act_disconnected'))
    case 'elsewhere': {
      const n = count(event.transactions)
      return { ...note(base, line('act_elsewhere')), lines: [line('act_elsewhereWhat_other', { n })] }
    }
    case 'session': {
      const own = SESSION_EVENTS[event.what]
      const row = note(base, line(event.by === 'site' ? (BY_SITE[event.what] ?? own) : own))
      if (event.by !== 'site' || event.what !== 'narrowed') return row
      return { ...row, toast: line('ui_toast_narrowed', { host: text(host.host ?? '') }) }
    }
  }
}

const SIGNED = { state: 'note', stateLine: line('act_state_signed') } as const
const REFUSED = { state: 'refused', stateLine: line('act_state_refused') } as const
const STATES = {
  sending: 'act_state_sending',
  sent: 'act_state_sent',
  nearly: 'act_state_nearly',
  done: 'act_state_done',
  failed: 'act_state_failed',
  dropped: 'act_state_dropped',
  refused: 'act_state_refused',
  note: 'act_state_note',
} as const
const SESSION_EVENTS = {
  started: 'act_session_started',
  paused: 'act_session_paused',
  resumed: 'act_session_resumed',
  narrowed: 'act_session_narrowed',
  restored: 'act_session_restored',
  ended: 'act_session_ended',
  failed: 'act_session_failed',
} as const
const BY_SITE: Partial<Record<keyof typeof SESSION_EVENTS, MessageKey>> = {
  narrowed: 'act_session_narrowedBySite',
  paused: 'act_session_pausedBySite',
  resumed: 'act_session_resumedBySite',
}
const PURPOSES = {
  deploy: 'act_deploy',
  enable: 'act_enable',
  upgrade: 'act_upgrade',
  rotate: 'act_rotate',
  remove: 'act_remove',
  takeOver: 'act_takeOver',
  finish: 'act_finish',
  setup: 'act_setup',
  revoke: 'act_revoke',
} as const

function note(base: Pick<ActivityView, 'id' | 'at'>, title: Line): ActivityView {
  return { ...base, title, lines: [], state: 'note', stateLine: line('act_state_note') }
}

/** In words. Of an address nobody named the page of the row has all digits; half of them in a list would prove nothing. */
function titleOf(
  calls: readonly Call[],
  purpose: keyof typeof PURPOSES | undefined,
  /** Absent: it was not done, so nothing was sent. */
  account: Address | undefined,
  { entrypoint, naming, session }: ActivityFacts,
): Line {
  if (purpose !== undefined) return line(PURPOSES[purpose])
  const [first] = calls
  if (first === undefined) return line('act_nothing')
  const rest = calls.length - 1
  const money = rest > 0 || account === undefined ? undefined : moneyTitle(first, account, naming)
  if (money !== undefined) return money
  const name = entrypoint(first.selector, session)
  if (name === undefined) return line('act_unknown_other', { n: count(calls.length) })
  if (rest > 0) return line('act_calls_other', { action: text(name), n: count(rest) })
  const where = naming.names[first.to]
  return where === undefined
    ? line('act_call', { action: text(name) })
    : line('act_on', { action: text(name), contract: text(where) })
}

/** Only of tokens whose name is known: of others nobody knows whether an amount or an item stands there. */
function moneyTitle(call: Call, account: Address, naming: Naming): Line | undefined {
  const token = naming.tokens[call.to]
  const move = token === undefined ? undefined : tokenMove(call, account)
  if (token === undefined || move === undefined || move.does === 'malformed' || move.does === 'disallow')
    return undefined
  const what = amount(u256(move.amount), token)
  const to = naming.names[(move.does === 'send' ? move.to : move.spender) as Address]
  if (move.does === 'allow')
    return to === undefined ? undefined : line('act_allowed', { amount: what, spender: text(to) })
  if (move.from !== account) return undefined
  return to === undefined ? line('act_sentPlain', { amount: what }) : line('act_sentTo', { amount: what, to: text(to) })
}

function stateOf(row: JournalRow | undefined, nearly: boolean): ActivityView['state'] {
  if (row === undefined || row.status === 'held' || row.status === 'signed') return 'sending'
  if (row.status === 'sent') return nearly ? 'nearly' : 'sent'
  if (row.end === 'accepted') return 'done'
  return row.end === 'reverted' ? 'failed' : 'dropped'
}

function hashOf(hash: Felt, row: JournalRow | undefined): { readonly hash?: Felt } {
  const sent = row === undefined ? hash : transactionOf(row)
  return sent === undefined ? {} : { hash: sent }
}

function feeOf(row: JournalRow | undefined, facts: ActivityFacts): { readonly fee?: Line; readonly amount?: Line } {
  if (row?.outcome === undefined) return {}
  const { fee, out } = row.outcome
  const [spent] = Object.entries(out) as [Address, JournalRow['tip']][]
  const of = (token: Address, value: JournalRow['tip']) => amount(value, facts.token(token))
  return {
    ...(fee.paid === '0' ? {} : { fee: line('act_fee', { fee: of(fee.token, fee.paid) }) }),
    ...(spent === undefined || spent[1] === '0'
      ? {}
      : { amount: line('act_spent', { amount: of(spent[0], spent[1]) }) }),
  }
}
