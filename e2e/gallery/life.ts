/** Canned Views of an account's own page, and of a take-over. */
import { felt } from '../../src/core/felt.ts'
import type { AccountView, AlarmView, LifeView, StepView, Verbs, View } from '../../src/core/protocol/ui.ts'
import { amount, line, type MessageKey } from '../../src/core/words.ts'

const STRK = { symbol: 'STRK', decimals: 18 }
const fee = amount('8600000000000000' as Parameters<typeof amount>[0], STRK)
const rotate: StepView = {
  step: 'rotate',
  title: line('step_rotate'),
  cost: line('step_cost', { fee }),
  state: 'todo',
}
const NEW_OWNER = felt('0x3c9f4c5d1b7a2e8f60d19b3a47c5e2d8f1a6b0c9e7d4f3a2b1c0d9e8f7a6b5c')
const HASH = felt(0x5f1e2d3c4b5a69788796a5b4c3d2e1fn)

/** What every step is said to cost. */
export const stepCost: Verbs['stepCost']['result'] = { steps: [rotate], facts: [] }

interface Shown {
  readonly surface: 'popup' | 'tab'
  readonly path: string
  readonly view: View
  readonly press?: readonly MessageKey[]
  readonly answers?: { readonly stepCost: Verbs['stepCost']['result'] }
}

export function lifeViews(base: View, now: number): Readonly<Record<string, Shown>> {
  const [account] = base.accounts
  if (account === undefined) return {}
  const page = (life: LifeView, more: Partial<AccountView> = {}): Shown => {
    const shown = { ...account, ...more, life }
    const { accounts } = base
    return {
      surface: 'popup',
      path: `/account/${account.address}`,
      view: { ...base, accounts: [shown, ...accounts.slice(1)] },
    }
  }
  const foreign = { state: { deployed: true, guardian: 'foreign', at: now } } as const
  const life: LifeView = { running: 2, acts: ['rotate', 'remove'], class: line('life_class040') }
  const takeOver = {
    ours: true,
    startedAt: now - 2 * 86_400,
    readyAt: now + 5 * 86_400,
    endsAt: now + 12 * 86_400,
    status: 'waiting',
    left: false,
  } as const
  const alarm: AlarmView = {
    account: account.address,
    network: 'sepolia',
    networkName: 'Sepolia',
    newOwner: NEW_OWNER,
    startedAt: now - 3_600,
    readyAt: now + 604_800 - 3_600,
    endsAt: now + 2 * 604_800 - 3_600,
    status: 'waiting',
    quiet: false,
  }
  const alarmed = (more: Partial<AlarmView>, view: Partial<View> = {}): Shown => ({
    surface: 'popup',
    path: '/',
    view: {
      ...base,
      banner: { kind: 'escape', line: line('banner_escape') },
      alarms: [{ ...alarm, ...more }],
      ...view,
    },
  })
  return {
    account: page(life),
    'account-doing': page({
      ...life,
      doing: { since: now - 12, over: false, steps: [{ ...rotate, state: 'sent', hash: HASH }] },
    }),
    'account-failed': page({
      ...life,
      doing: {
        since: now - 40,
        over: true,
        steps: [{ ...rotate, state: 'failed', hash: HASH }],
        outcome: line('life_failedRotate'),
      },
    }),
    'account-new': page(
      { running: 0, acts: ['deploy', 'enable'] },
      { state: { deployed: false, guardian: 'none', at: now } },
    ),
    'account-foreign': page({ running: 0, acts: ['takeOver'], class: line('life_class040') }, foreign),
    // The key that stands there may be of another copy of the same phrase.
    'account-search': {
      ...page({ running: 0, acts: ['takeOver'], class: line('life_class040') }, foreign),
      press: ['ui_account_takeOver'],
      answers: { stepCost: { steps: [], facts: [], search: true } },
    },
    'account-move': page({ running: 0, acts: [], class: line('life_class040'), takeOver }, foreign),
    'account-move-ready': page(
      {
        running: 0,
        acts: ['finish'],
        class: line('life_class040'),
        takeOver: { ...takeOver, readyAt: now - 60, endsAt: now + 7 * 86_400 - 60, status: 'ready' },
      },
      foreign,
    ),
    'account-gone': { surface: 'popup', path: '/account/0x1', view: base },
    escape: alarmed({}),
    'escape-ready': alarmed({ readyAt: now - 60, status: 'ready' }),
    'escape-locked': alarmed({}, { lock: 'locked', accounts: [], sessions: [], approvals: [], activity: [] }),
    'escape-quiet': alarmed({ quiet: true }),
  }
}
