/** An account as the lists and the approvals draw it: what it is on the network that is looked at. */
import { type ChainState, guardianKey, isOwn, readiness } from '../../core/account.ts'
import type { AccountBadge, AccountView, BalanceView } from '../../core/protocol/ui.ts'
import type { AccountRecord } from '../../core/records.ts'
import { classLine } from '../importing.ts'

export function accountView(
  account: AccountRecord,
  seen: {
    /** Absent while the node has not answered. */
    readonly state: ChainState | undefined
    readonly balances: readonly BalanceView[]
    readonly running: number
    readonly life: NonNullable<AccountView['life']>
  },
): AccountView {
  const { state, balances, running, life } = seen
  const classHash = state?.classHash ?? (isOwn(account) ? account.classHash : undefined)
  return {
    address: account.address,
    name: account.name,
    key: account.owner.from,
    ...(account.hidden === undefined ? {} : { hidden: account.hidden }),
    ...(classHash === undefined ? {} : { title: classLine(classHash) }),
    badges: badgesOf(account, state),
    running,
    ...(state === undefined ? {} : { state: chainView(state, account) }),
    balances,
    life,
  }
}

/** What tells it apart from an account that can do everything here; worst first. */
function badgesOf(account: AccountRecord, state: ChainState | undefined): readonly AccountBadge[] {
  if (!isOwn(account)) return ['watch']
  if (state === undefined) return []
  if (state.classHash === undefined) return [state.undeployable ? 'elsewhere' : 'notDeployed']
  if (state.kind === 'argent-0.2') return ['old']
  switch (readiness(state, account)) {
    case 'on_chain':
      return ['sessionsOn']
    case 'wallet':
      return ['plain']
    case 'off':
      return ['foreign']
    default:
      return []
  }
}

function chainView(state: ChainState, account: AccountRecord): NonNullable<AccountView['state']> {
  return {
    deployed: state.classHash !== undefined,
    guardian:
      state.guardian === '0x0'
        ? 'none'
        : isOwn(account) && guardianKey(account, state.guardian) !== undefined
          ? 'ours'
          : 'foreign',
    enforces: state.classHash !== undefined && readiness(state, account) === 'wallet' ? 'wallet' : 'chain',
    at: state.at,
  }
}
