import { describe, expect, it } from 'vitest'
import english from '../../../public/_locales/en/messages.json'
import spanish from '../../../public/_locales/es/messages.json'
import chinese from '../../../public/_locales/zh_CN/messages.json'
import { LISTED, STRK } from '../../core/account.ts'
import { felt, type Hash32, type U256, u256 } from '../../core/felt.ts'
import type { TransactionView } from '../../core/protocol/ui.ts'
import type { ApprovalRecord, StoredBounds, TransactionQuestion } from '../../core/records.ts'
import { say } from '../../core/words.ts'
import { selectorOf } from '../../starknet/selector.ts'
import { ACCOUNT, account, GAME, MOVE, NETWORK, ORIGIN, START } from '../sending/stub-world.ts'
import { type ApprovalFacts, approvalView, holdsBack } from './approvals.ts'
import { namingOf, siteOf } from './facts.ts'

const none = { maxAmount: felt(0), maxPrice: felt(0) }
/** A committed maximum of so many fri, without a tip. */
const bounds = (fee: number): StoredBounds => ({
  l1_gas: none,
  l2_gas: { maxAmount: felt(1), maxPrice: felt(fee) },
  l1_data_gas: none,
})
const FEE = 7
const VOICE = { locale: 'en', zone: 'UTC', now: START }
const DEPLOY = 1_000

function viewOf(question: Partial<TransactionQuestion>, known: Partial<ApprovalFacts> = {}): TransactionView {
  const full: TransactionQuestion = {
    kind: 'transaction',
    network: NETWORK,
    account: ACCOUNT,
    connects: false,
    calls: [{ to: GAME, selector: MOVE, calldata: [] }],
    reasons: [],
    steps: [],
    trial: { bounds: bounds(FEE), moves: [] } as unknown as NonNullable<TransactionQuestion['trial']>,
    ...question,
  }
  const record = {
    id: 'a1',
    rev: 1,
    origin: ORIGIN,
    phase: 'asking',
    askedAt: START,
    question: full,
  } as unknown as ApprovalRecord
  const facts: ApprovalFacts = {
    now: START,
    digest: '0xd' as Hash32,
    site: siteOf(ORIGIN, undefined, 0),
    naming: namingOf([account], LISTED as never),
    account,
    networkName: 'Sepolia',
    nameOf: () => 'Sepolia',
    balances: { [STRK]: u256(10n ** 20n) as U256 },
    choices: [],
    described: [],
    session: undefined,
    replaced: {},
    replaceable: [],
    allowances: [],
    typedData: undefined,
    recipients: [],
    stepUp: false,
    limitsUnread: false,
    stepState: () => 'todo',
    outcome: undefined,
    ...known,
  }
  return approvalView(record, facts) as TransactionView
}
const moved = {
  bounds: bounds(FEE),
  moves: [{ token: STRK, out: u256(500n), in: u256(0n) }],
} as unknown as NonNullable<TransactionQuestion['trial']>
const unread = { moves: [{ token: GAME, out: u256(0n), in: u256(0n), unread: true as const }] }
const alsoUnread = { moves: [...moved.moves, ...unread.moves] }
const deploy: TransactionQuestion['steps'] = [{ step: 'deploy', bounds: bounds(DEPLOY) }]
const feeIn = ({ summary, fee }: TransactionView) => {
  const { args } = summary ?? fee.line
  return (args as Record<string, { readonly amount?: string }>).fee?.amount
}

describe('the decision bar of a transaction', () => {
  it('says at worst what leaves and the fee', () => {
    const view = viewOf({ trial: moved })
    expect([view.summary?.key, feeIn(view)]).toEqual(['policy_barSpend', String(FEE)])
  })
  it('says what it will likely cost as about so much, once, in every language', () => {
    const cost = { ...moved, about: u256(1_975_000_000_000_000n) } as typeof moved
    const said = viewOf({ trial: cost }).fee.about
    const spoken = [english, spanish, chinese].map(
      (catalogue) => said && say(said, catalogue, VOICE).replaceAll('\u00a0', ' '),
    )
    expect(spoken).toEqual(['about 0.001975 STRK', 'unos 0.001975 STRK', '约 0.001975 STRK'])
  })
  it('is held back until the node has said what lies where money goes, or is known to be silent', () => {
    expect(holdsBack(viewOf({ trial: moved }, { isAsking: true })).blocked).toEqual({ key: 'blocked_node' })
    expect(holdsBack(viewOf({ trial: moved }, { isAsking: false })).blocked).toBeUndefined()
  })
  it('counts the deployment of the account into the worst case, whether or not anything else leaves', () => {
    const moving = viewOf({ trial: moved, steps: deploy })
    expect([moving.summary?.key, feeIn(moving)]).toEqual(['policy_barSpend', String(FEE + DEPLOY)])
    const still = viewOf({ steps: deploy })
    expect([still.summary?.key, feeIn(still)]).toEqual(['fee_atMost', String(FEE + DEPLOY)])
    // What the transaction alone costs stands at its fee.
    expect(viewOf({ steps: deploy }).fee.line).toMatchObject({
      key: 'fee_atMost',
      args: { fee: { amount: String(FEE) } },
    })
  })
  const unseen = { bounds: bounds(FEE), moves: [], unseen: true } as unknown as NonNullable<
    TransactionQuestion['trial']
  >
  const sent = (amount: bigint): TransactionQuestion['calls'][number] => ({
    to: STRK,
    selector: selectorOf('transfer'),
    calldata: [GAME, felt(amount), felt(0)],
  })
  const other = { to: GAME, selector: MOVE, calldata: [] }
  it('where the changes are unknown, takes what leaves from the sends of listed tokens, all of them together', () => {
    const view = viewOf({ trial: unseen, steps: deploy, calls: [sent(300n), sent(200n)] })
    expect([view.summary?.key, feeIn(view)]).toEqual(['policy_barSpend', String(FEE + DEPLOY)])
    expect(view.summary?.args).toMatchObject({ list: { items: [{ amount: '500', token: { symbol: 'STRK' } }] } })
  })
  it('where the changes are unknown and a call may do anything, never gives the fee alone as the bound', () => {
    const alone = viewOf({ trial: unseen, steps: deploy, calls: [other] })
    expect([alone.summary?.key, feeIn(alone)]).toEqual(['transaction_barUnknown', String(FEE + DEPLOY)])
    const beside = viewOf({ trial: unseen, steps: deploy, calls: [sent(300n), other] })
    expect(beside.summary).toMatchObject({
      key: 'transaction_barMore',
      args: { list: { items: [{ amount: '300' }] }, fee: { amount: String(FEE + DEPLOY) } },
    })
    // Not readable as what a listed token does.
    const odd = viewOf({ trial: unseen, steps: deploy, calls: [{ ...sent(1n), calldata: [GAME, felt(1)] }] })
    expect(odd.summary?.key).toBe('transaction_barUnknown')
  })
  it('where more changes than is listed, names no worst case', () => {
    expect(viewOf({ trial: { ...moved, more: true } }).summary?.key).toBe('transaction_barMore')
  })

  it('says that a whole run showed no change, and that nobody knows where it failed or was not seen', () => {
    const still = { bounds: bounds(FEE), moves: [] } as unknown as NonNullable<TransactionQuestion['trial']>
    expect(viewOf({ trial: still }).unchanged?.key).toBe('moves_none')
    expect(viewOf({ trial: { ...still, fails: 'reverted' } }).unchanged?.key).toBe('moves_unknown')
    expect(viewOf({ trial: { ...still, unseen: true } }).unchanged?.key).toBe('moves_unknown')
    expect(viewOf({ trial: { ...still, ...unread } }).unchanged?.key).toBe('moves_unknown')
    for (const trial of [moved, { ...still, more: true as const }]) expect(viewOf({ trial }).unchanged).toBeUndefined()
    // It stands for the first one, which may still win.
    expect(viewOf({ trial: still, own: { what: 'cancel', replaces: 'r1' } as never }).unchanged).toBeUndefined()
  })
  it('where not every change could be read, lists those that could, names no worst case and asks for a tick', () => {
    const view = viewOf({ trial: { ...moved, ...alsoUnread } })
    expect(view.balanceChanges.map(({ line }) => line.key)).toEqual(['moves_out', 'moves_unread'])
    expect([view.summary?.key, view.unchanged]).toEqual(['transaction_barMore', undefined])
    expect(view.ticks.map(({ key }) => key)).toEqual(['transaction_unread'])
    expect(holdsBack(view).tick).toBe(true)
    const alone = viewOf({ trial: { ...moved, ...unread } })
    expect([alone.summary?.key, alone.balanceChanges]).toEqual(['transaction_barUnknown', []])
  })
  it('offers no session for what it does where not every change could be read', () => {
    const calls = [{ to: GAME, selector: MOVE, calldata: [] }]
    expect(viewOf({ trial: moved, calls }).repeat).toBeDefined()
    expect(viewOf({ trial: { ...moved, ...alsoUnread }, calls }).repeat).toBeUndefined()
  })
  it('leaves to the fee’s own line what has no deployment and moves nothing', () => {
    expect(viewOf({}).summary).toBe(undefined)
  })
})

describe('a transaction that brings a proof', () => {
  const proof: TransactionQuestion['carries'] = { kind: 'proof', digest: '0xabc', facts: [] } as never
  it('warns at the top that what it moves in private is not shown, and asks for a tick', () => {
    const view = viewOf({ carries: proof })
    expect(view.risks).toEqual([{ level: 'warn', line: { key: 'proof_hidden' } }])
    expect(view.ticks.map(({ key }) => key)).toEqual(['proof_tick'])
    expect(view.carries).toMatchObject({ kind: 'proof', lines: [] })
    expect(holdsBack(view).tick).toBe(true)
    expect(viewOf({}).ticks).toEqual([])
  })
  it('names no worst case: what leaves is not known, beside what is', () => {
    const still = viewOf({ carries: proof })
    expect([still.summary?.key, feeIn(still)]).toEqual(['transaction_barUnknown', String(FEE)])
    expect(still.unchanged?.key).toBe('moves_unknown')
    const moving = viewOf({ carries: proof, trial: moved, steps: deploy })
    expect([moving.summary?.key, feeIn(moving)]).toEqual(['transaction_barMore', String(FEE + DEPLOY)])
    expect(moving.summary?.args).toMatchObject({ list: { items: [{ amount: '500' }] } })
  })
})
