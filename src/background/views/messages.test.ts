import { describe, expect, it } from 'vitest'
import type { OutsideExecution } from '../../cold/reserved.ts'
import { LISTED, STRK } from '../../core/account.ts'
import { type Address, address, felt, type Hash32, shortString, u256 } from '../../core/felt.ts'
import type { MessageView } from '../../core/protocol/ui.ts'
import { type RecipientFacts, recipientOf } from '../../core/recipient.ts'
import type { ApprovalRecord, Effects, TransactionQuestion } from '../../core/records.ts'
import { selectorOf } from '../../starknet/selector.ts'
import { ACCOUNT, account, GAME, MOVE, NETWORK, ORIGIN, START } from '../sending/stub-world.ts'
import { type ApprovalFacts, approvalView, holdsBack } from './approvals.ts'
import { namingOf, siteOf } from './facts.ts'

const ANA = address('0x42a600000000000000000000000000000000000000000000000000000000111')
/** Begins and ends like Ana's. */
const LIKE_ANA = address('0x42a699999999999999999999999999999999999999999999999999999990111')
const NEW = address('0xbeef')
const pay = (to: Address) => ({ to: STRK, selector: selectorOf('transfer'), calldata: [to, felt(5), felt(0)] })
const NOTHING: Effects = { moves: [] }

interface Shown {
  readonly calls?: OutsideExecution['calls']
  readonly effects?: Effects | undefined
  readonly there?: RecipientFacts['there']
  readonly before?: number
  readonly isAsking?: boolean
}

/** Its recipients as the worker finds them. */
function factsOf({ calls = [pay(NEW)], there = 'contract', isAsking = false }: Shown): ApprovalFacts {
  const known = { account: ACCOUNT, own: [account], contacts: [{ address: ANA, name: 'Ana' }], used: {}, there }
  return {
    isAsking,
    now: START,
    digest: '0xd' as Hash32,
    site: siteOf(ORIGIN, undefined, 0),
    naming: namingOf([account], LISTED as never),
    account,
    networkName: 'Sepolia',
    nameOf: () => 'Sepolia',
    balances: { [STRK]: u256(10n ** 20n) },
    choices: [],
    described: [],
    session: undefined,
    replaced: {},
    replaceable: [],
    allowances: [],
    typedData: undefined,
    recipients: calls.flatMap((it, call) =>
      it.to === STRK ? [{ call, recipient: recipientOf(it.calldata[0]!, known) }] : [],
    ),
    stepUp: false,
    limitsUnread: false,
    stepState: () => 'todo',
    outcome: undefined,
  }
}
const recordOf = (question: ApprovalRecord['question']) =>
  ({ id: 'a1', rev: 1, origin: ORIGIN, phase: 'asking', at: START, question }) as unknown as ApprovalRecord

function outside(shown: Shown): MessageView {
  const { calls = [pay(NEW)], before = START + 60 } = shown
  const effects = 'effects' in shown ? shown.effects : NOTHING
  const typedData: OutsideExecution = {
    kind: 'outside',
    version: 2,
    hash: felt(1),
    caller: shortString('ANY_CALLER'),
    nonce: felt(1),
    executeAfter: 1n,
    executeBefore: BigInt(before),
    calls,
  }
  const question = {
    kind: 'message' as const,
    network: NETWORK,
    account: ACCOUNT,
    data: {},
    hash: felt(1),
    reasons: [],
    ...(effects === undefined ? {} : { effects }),
  }
  return approvalView(recordOf(question), { ...factsOf(shown), typedData }) as MessageView
}
function transaction(shown: Shown) {
  const { calls = [pay(NEW)], effects = NOTHING } = shown
  const bound = { maxAmount: felt(0), maxPrice: felt(0) }
  const question: TransactionQuestion = {
    kind: 'transaction',
    network: NETWORK,
    account: ACCOUNT,
    connects: false,
    calls,
    reasons: [],
    steps: [],
    trial: { bounds: { l1_gas: bound, l2_gas: bound, l1_data_gas: bound }, ...effects },
  }
  const view = approvalView(recordOf(question), factsOf(shown))
  if (view?.kind !== 'transaction') throw new Error('no transaction is shown')
  return view
}
const keysOf = (lines: readonly { readonly key: string }[]) => lines.map(({ key }) => key)
it('no yes to a payment before the node, or its silence, has said what is at the address', () => {
  for (const shown of [outside, transaction]) {
    expect(shown({ isAsking: true }).blocked?.key).toBe('blocked_node')
    expect(shown({}).blocked).toBeUndefined()
  }
})
const risksOf = ({ risks }: Pick<MessageView, 'risks'>) => risks.map(({ level, line }) => `${level} ${line.key}`)

describe('calls that somebody else sends', () => {
  it.each([
    ['an address that is new', { calls: [pay(NEW)] }, ['warn to_new'], []],
    [
      'a look-alike of a contact',
      { calls: [pay(LIKE_ANA)] },
      ['danger to_lookAlike', 'warn to_new'],
      ['to_lookAlikeTick'],
    ],
    ['a token contract', { calls: [pay(NEW)], there: 'token' }, ['danger to_token', 'warn to_new'], ['to_tokenTick']],
    [
      'an address with nothing there',
      { calls: [pay(NEW)], there: 'nothing' },
      ['warn to_new', 'warn to_notDeployed'],
      [],
    ],
    ['a contact', { calls: [pay(ANA)] }, [], []],
    ['the account itself', { calls: [pay(ACCOUNT)] }, [], []],
  ] as const)('to %s say of them what a transaction says, with the same ticks', (_, shown: Shown, risks, ticks) => {
    const view = outside(shown)
    expect(risksOf(view)).toEqual(['warn outside_anyone', ...risks, 'note outside_now'])
    expect(keysOf(view.ticks)).toEqual(ticks)
    const other = transaction(shown)
    expect(risksOf(other)).toEqual(risks)
    expect(other.ticks).toEqual(view.ticks)
    expect(other.calls).toEqual(view.calls)
  })

  it('show what they would move, as a transaction does', () => {
    const effects: Effects = {
      moves: [
        { token: STRK, out: u256(5n), in: u256(0n) },
        { token: GAME, out: u256(0n), in: u256(1n) },
      ],
      items: [{ collection: GAME, id: u256(7n), count: u256(1n), direction: 'out' }],
      leaves: [{ token: STRK, to: GAME, what: 'amount', amount: u256(9n) }],
    }
    const { balanceChanges, summary } = outside({ effects })
    expect(balanceChanges.map((it) => `${it.direction} ${it.line.key}`)).toEqual([
      'out moves_out',
      'out moves_itemOut_other',
      'in moves_in',
      'allowance moves_leave',
    ])
    expect(balanceChanges).toEqual(transaction({ effects }).balanceChanges)
    expect(summary).toMatchObject({ key: 'outside_bar', args: { list: { items: [{ amount: '5' }] } } })
  })

  it('that show no change, or of which nobody knows, say so, as a transaction does', () => {
    expect(outside({}).unchanged?.key).toBe('moves_none')
    const unknown: readonly Effects[] = [
      { moves: [], fails: 'no' },
      { moves: [], unseen: true },
      { moves: [{ token: GAME, out: u256(0n), in: u256(0n), unread: true }] },
    ]
    for (const effects of [NOTHING, ...unknown])
      expect(outside({ effects }).unchanged).toEqual(transaction({ effects }).unchanged)
    for (const effects of unknown) expect(outside({ effects }).unchanged?.key).toBe('moves_unknown')
    // Not tried yet, and what is listed.
    const moves = [{ token: STRK, out: u256(5n), in: u256(0n) }]
    for (const effects of [undefined, { moves }]) expect(outside({ effects }).unchanged).toBeUndefined()
  })

  it('cannot be signed before they were tried out', () => {
    expect(holdsBack(outside({ effects: undefined })).blocked).toEqual({ key: 'blocked_node' })
    expect(holdsBack(outside({})).blocked).toBeUndefined()
  })

  it.each([
    ['fail now', { moves: [], fails: 'no' }, 'outside_fails'],
    ['could not be run', { moves: [], unseen: true }, 'outside_unseen'],
    [
      'change more than is listed',
      { moves: [{ token: STRK, out: u256(5n), in: u256(0n) }], more: true },
      'transaction_moreThanListed',
    ],
    [
      'change what could not be read',
      { moves: [{ token: STRK, out: u256(5n), in: u256(0n), unread: true }] },
      'transaction_unread',
    ],
  ] as const)('that %s need a tick, and name no amount as all that leaves', (_, effects: Effects, tick) => {
    const view = outside({ effects, calls: [{ to: GAME, selector: MOVE, calldata: [] }] })
    expect(keysOf(view.ticks)).toEqual([tick])
    expect(holdsBack(view).tick).toBe(true)
    expect(view.summary).toBeUndefined()
  })

  it('of a long window keep its own tick beside those of whom they pay', () => {
    const view = outside({ calls: [pay(LIKE_ANA)], before: START + 7_200 })
    expect(keysOf(view.ticks)).toEqual(['to_lookAlikeTick', 'outside_tick'])
    expect(risksOf(view)[0]).toBe('danger outside_anyone')
  })
})
