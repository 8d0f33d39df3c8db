/**
 * What calls do to an account, as a person reads it before a yes: of a transaction, and of what somebody else will send.
 */
import { moneyKind, type TokenMove, tokenMove } from '../../core/call.ts'
import { isRead, type Leave } from '../../core/changes.ts'
import { type Address, type Felt, padded, type U256, u256 } from '../../core/felt.ts'
import { actionOf, moneyOf, type Naming, placeOf } from '../../core/policy/naming.ts'
import type { Call } from '../../core/policy/policy.ts'
import type { CallView, ChangeLine, RiskView } from '../../core/protocol/ui.ts'
import type { Recipient, RecipientRisk } from '../../core/recipient.ts'
import type { Effects } from '../../core/records.ts'
import { type Arg, count, type Line, line, text } from '../../core/words.ts'
import type { DescribedCall } from '../contracts.ts'
import { riskOf, ticksOf } from './money.ts'

/** What is known of an account's calls and of whom they reach. */
export interface EffectFacts {
  readonly account: { readonly address: Address }
  readonly networkName: string
  readonly balances: Readonly<Record<Address, U256>>
  /** Of each call, by the contract's own ABI; absent where it could not be read. */
  readonly described: readonly (DescribedCall | undefined)[]
  /** Whom the calls send money to, in their order. */
  readonly recipients: readonly { readonly call: number; readonly recipient: Recipient }[]
}

/** Of whoever gets money: what is dangerous about them, and what has to be ticked before Allow. */
export function recipientDangers({ recipients, networkName }: EffectFacts): {
  readonly risks: readonly RiskView[]
  readonly ticks: readonly Line[]
} {
  const all = recipients.flatMap(({ recipient }) => (recipient.ok ? recipient.risks : []))
  const known: readonly RecipientRisk[] = [...new Map(all.map((risk) => [JSON.stringify(risk), risk])).values()]
  return { risks: known.map((risk) => riskOf(risk, networkName)), ticks: ticksOf(known) }
}

/** Where what moves is not known, or not all of it. */
export function unknownTicks(effects: Effects, unknown = line('transaction_unseen')): readonly Line[] {
  const { unseen, more } = effects
  return [
    ...(unseen === true ? [unknown] : []),
    ...(more === true ? [line('transaction_moreThanListed')] : []),
    ...(isRead(effects) ? [] : [line('transaction_unread')]),
  ]
}

/** Of a trial that lists no change: a run that failed, or that nobody saw or could read, says nothing of what will move. */
export function unchangedLine(effects: Effects): Line {
  const { fails, unseen } = effects
  return line(fails === undefined && unseen !== true && isRead(effects) ? 'moves_none' : 'moves_unknown')
}

export function callViews(calls: readonly Call[], facts: EffectFacts, naming: Naming): readonly CallView[] {
  const { account, balances, described, recipients } = facts
  return calls.map((call, index) => {
    const to = recipients.find((it) => it.call === index)?.recipient
    const isNew = to?.ok === true && to.known === 'new'
    const view = callView(call, described[index], naming, { account: account.address, balances })
    return isNew ? { ...view, warnings: [...view.warnings, line('call_warnNew')] } : view
  })
}

/** Names that the contracts' own ABIs gave, proven by their hash. */
export function withNames(
  calls: readonly Call[],
  { naming, described }: Pick<EffectFacts, 'described'> & { readonly naming: Naming },
): Naming {
  const found = calls.flatMap(({ selector }, index) => {
    const name = described[index]?.name
    return name === undefined ? [] : [[selector, name] as const]
  })
  return { ...naming, actions: { ...naming.actions, ...Object.fromEntries(found) } }
}

/** Out, then in, then what others may take afterwards. */
export function changeLines(
  effects: Effects | undefined,
  balances: EffectFacts['balances'],
  naming: Naming,
): readonly ChangeLine[] {
  const { moves = [], items = [], leaves = [], more } = effects ?? {}
  const afterwards = (token: Address, out: bigint): { readonly detail?: Line } => {
    const has = balances[token]
    if (has === undefined || BigInt(has) < out || naming.tokens[token] === undefined) return {}
    return { detail: line('moves_left', { amount: moneyArg(u256(BigInt(has) - out), token, naming) }) }
  }
  const item = (direction: 'out' | 'in') =>
    items
      .filter((it) => it.direction === direction)
      .map(({ collection, id, count: n }) => ({
        line: line(direction === 'out' ? 'moves_itemOut_other' : 'moves_itemIn_other', { n: count(Number(n)) }),
        direction,
        detail: line('moves_item', { id: text(id), collection: placeOf(collection, naming) }),
      }))
  const read: readonly ChangeLine[] = [
    ...moves.flatMap(({ token, out }) =>
      out === '0'
        ? []
        : [
            {
              line: line('moves_out', { amount: moneyOf(out, token, naming) }),
              direction: 'out' as const,
              ...afterwards(token, BigInt(out)),
            },
          ],
    ),
    ...item('out'),
    ...moves.flatMap(({ token, in: came }) =>
      came === '0'
        ? []
        : [{ line: line('moves_in', { amount: moneyOf(came, token, naming) }), direction: 'in' as const }],
    ),
    ...item('in'),
    ...leaves.map((leave) => ({ line: leaveLine(leave, naming), direction: 'allowance' as const })),
    ...(more === true ? [{ line: line('moves_more'), direction: 'allowance' as const }] : []),
  ]
  // Alone it is the line that nothing is known.
  if (isRead({ moves }) || read.length === 0) return read
  return [...read, { line: line('moves_unread'), direction: 'allowance' }]
}

function leaveLine(leave: Leave, naming: Naming): Line {
  const spender = placeOf(leave.to, naming)
  const collection = placeOf(leave.token, naming)
  switch (leave.what) {
    case 'amount':
      return line('moves_leave', { spender, amount: moneyOf(leave.amount, leave.token, naming) })
    case 'item':
      return line('moves_leaveItem', { spender, id: text(leave.id), collection })
    case 'all':
      return line('moves_leaveAll', { spender, collection })
  }
}

export function callView(
  call: Call,
  described: DescribedCall | undefined,
  naming: Naming,
  of?: { readonly account: Address; readonly balances: Readonly<Record<Address, U256>> },
): CallView {
  const known = naming.names[call.to]
  const money = naming.tokens[call.to] === undefined || of === undefined ? undefined : tokenMove(call, of.account)
  return {
    contract: call.to,
    ...(known === undefined ? {} : { contractName: known }),
    entrypoint: line('call_named', { action: actionOf(call.selector, naming) }),
    args:
      argsOf(money, call.to, naming) ?? (described?.args ?? []).map(({ name, text: value }) => ({ name, text: value })),
    warnings: [
      // What a listed token's money entrypoints do is known without its ABI.
      ...(described === undefined && !isListedMoney(call, naming) ? [line('call_warnUnknown')] : []),
      ...leaveWarnings(call, money, naming, of?.balances ?? {}),
    ],
    raw: call.calldata,
  }
}

/** Money in units and whom it goes to by name; nothing else is known of these calls, and nothing more is in them. */
function argsOf(move: TokenMove | undefined, token: Address, naming: Naming): CallView['args'] | undefined {
  if (move === undefined || move.does === 'malformed') return undefined
  const to = move.does === 'send' ? move.to : move.spender
  const value = u256(move.amount)
  return [
    {
      name: move.does === 'send' ? 'recipient' : 'spender',
      text: padded(to),
      line: line('call_to', { to: placeOf(to, naming) }),
    },
    { name: 'amount', text: value, line: line('call_amount', { amount: moneyOf(value, token, naming) }) },
  ]
}

function leaveWarnings(
  { to: token, selector, calldata }: Call,
  move: TokenMove | undefined,
  naming: Naming,
  balances: Readonly<Record<Address, U256>>,
): readonly Line[] {
  const kind = moneyKind(selector)
  if (kind === 'approveAll' && BigInt(calldata[1] ?? '0x0') !== 0n)
    return [line('call_warnAllowAll', { spender: placeOf(calldata[0] ?? ('0x0' as Felt), naming) })]
  if (move?.does !== 'allow' || move.amount === 0n) return []
  const has = balances[token]
  const args = { spender: placeOf(move.spender, naming), amount: moneyOf(u256(move.amount), token, naming) }
  const more = has !== undefined && move.amount > BigInt(has)
  return [line(more ? 'call_warnAllowMore' : 'call_warnAllow', args)]
}

export function moneyArg(value: U256, token: Address, naming: Naming): Arg {
  const listed = naming.tokens[token]
  return listed === undefined ? { kind: 'amount', amount: value } : { kind: 'amount', amount: value, token: listed }
}

function isListedMoney({ to, selector }: Call, naming: Naming): boolean {
  return naming.tokens[to] !== undefined && moneyKind(selector) !== undefined
}
