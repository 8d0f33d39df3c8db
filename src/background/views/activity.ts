import type { Address, Selector } from '../../core/felt.ts'
import type { Reason } from '../../core/policy/policy.ts'
import type { ActivityView } from '../../core/protocol/ui.ts'
import type { HistoryRow, JournalRow, StoredSession } from '../../core/records.ts'
import { amount, count, type Line, line, type MessageKey, type TokenName, text } from '../../core/words.ts'

export interface ActivityFacts {
  /** The transaction's row, where there is one. */
  readonly row: JournalRow | undefined
  readonly session: StoredSession | undefined
  readonly entrypoint: (selector: Selector, session: StoredSession | undefined) => string | undefined
  readonly token: (token: Address) => TokenName | undefined
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
        title: titleOf(
          event.calls.map((call) => call.selector),
          event.purpose,
          facts,
        ),
        lines: [line(event.by === 'session' ? 'act_automatic' : 'act_byYou')],
        state,
        stateLine: line(STATES[state]),
        hash: event.hash,
        ...feeOf(row, facts),
        ...(row?.failure === undefined ? {} : { failure: row.failure }),
      }
    }
    case 'refused':
      return {
        ...base,
        title: titleOf(
          event.calls.map((call) => call.selector),
          undefined,
          facts,
        ),
        lines: event.reasons.map((reason) => facts.reason(reason, facts.session)),
        state: 'refused',
        stateLine: line('act_state_refused'),
      }
    case 'connected':
    case 'disconnected':
      return note(base, line(event.kind === 'connected' ? 'act_connected' : 'act_disconnected'))
    case 'session': {
      const own = SESSION_EVENTS[event.what]
      const row = note(base, line(event.by === 'site' ? (BY_SITE[event.what] ?? own) : own))
      if (event.by !== 'site' || event.what !== 'narrowed') return row
      return { ...row, toast: line('ui_toast_narrowed', { host: text(host.host ?? '') }) }
    }
  }
}

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
  setup: 'act_setup',
  revoke: 'act_revoke',
} as const

function note(base: Pick<ActivityView, 'id' | 'at'>, title: Line): ActivityView {
  return { ...base, title, lines: [], state: 'note', stateLine: line('act_state_note') }
}

function titleOf(
  selectors: readonly Selector[],
  purpose: keyof typeof PURPOSES | undefined,
  { entrypoint, session }: ActivityFacts,
): Line {
  if (purpose !== undefined) return line(PURPOSES[purpose])
  const [first] = selectors
  if (first === undefined) return line('act_nothing')
  const name = entrypoint(first, session)
  const rest = selectors.length - 1
  if (name === undefined) return line('act_unknown_other', { n: count(selectors.length) })
  return rest === 0
    ? line('act_call', { action: text(name) })
    : line('act_calls_other', { action: text(name), n: count(rest) })
}

function stateOf(row: JournalRow | undefined, nearly: boolean): ActivityView['state'] {
  if (row === undefined || row.status === 'held' || row.status === 'signed') return 'sending'
  if (row.status === 'sent') return nearly ? 'nearly' : 'sent'
  if (row.end === 'accepted') return 'done'
  return row.end === 'reverted' ? 'failed' : 'dropped'
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
