import type { Classified } from '../../cold/reserved.ts'
import type { Signed } from '../../cold/typed-data.ts'
import { type Felt, padded, parseAddress, parseU256, shortString } from '../../core/felt.ts'
import { explainReason } from '../../core/policy/explain-reason.ts'
import { actionOf, explainCall, moneyOf, type Naming, placeOf } from '../../core/policy/naming.ts'
import type { MessageView, RiskView, SignedView } from '../../core/protocol/ui.ts'
import type { Effects, MessageQuestion, StoredSession } from '../../core/records.ts'
import { type Arg, count, type Line, line, list, text, time } from '../../core/words.ts'
import {
  callViews,
  changeLines,
  type EffectFacts,
  moneyArg,
  recipientDangers,
  unchangedLine,
  unknownTicks,
  withNames,
} from './effects.ts'
import { fact } from './facts.ts'

/** From here on a handed-out execution is a danger: as long as a session may sign one for (policy.md 5.4). */
const LONG = 3_600
const ANY_CALLER = shortString('ANY_CALLER')
/** Words of permits, orders and offers in the names of types and members (approval-ux.md 9). */
const MONEY =
  /spender|operator|allowance|approv|permit|amount|price|order|offer|\bbid|\bask\b|sell|buy|swap|trade|token|asset|transfer|withdraw|payment|maker|taker|recipient|deadline|expir|quantity|value/i
const MONEY_TYPES: ReadonlySet<string> = new Set(['u256', 'TokenAmount', 'NftId'])
/** The last second that a clock of ours can say. */
const LAST_SECOND = 253_402_300_799n

/** What every approval shows. */
type Shared = Omit<
  MessageView,
  | 'kind'
  | 'sentence'
  | 'end'
  | 'reasons'
  | 'sessionId'
  | 'risks'
  | 'ticks'
  | 'calls'
  | 'balanceChanges'
  | 'unchanged'
  | 'domain'
  | 'message'
  | 'unsigned'
>
export interface MessageFacts extends EffectFacts {
  readonly isAsking?: boolean
  readonly now: number
  readonly naming: Naming
  readonly typedData: Classified | undefined
  readonly session: StoredSession | undefined
}

/** A message as it is signed; an outside execution as the calls that somebody else will send. */
export function messageView(question: MessageQuestion, facts: MessageFacts, shared: Shared): MessageView {
  const { typedData: found, now } = facts
  if (found === undefined || found.kind === 'refused' || found.kind === 'session' || found.kind === 'older')
    throw new Error('not to be signed')
  const { session } = facts
  const naming = found.kind === 'outside' ? withNames(found.calls, facts) : facts.naming
  const reasonFacts =
    session === undefined ? undefined : { ...naming, account: question.account, calls: [], policy: session.effective }
  const parts = {
    kind: 'message' as const,
    ...shared,
    reasons: reasonFacts === undefined ? [] : question.reasons.map((reason) => explainReason(reason, reasonFacts, now)),
    ...(question.session === undefined ? {} : { sessionId: question.session }),
    details: [...shared.details, fact(line('fact_messageHash'), padded(question.hash))],
  }
  if (found.kind === 'outside') {
    const [first, ...rest] = found.calls
    if (first === undefined) throw new Error('an execution without a call')
    const handed = handedRisk(found.caller, found.executeBefore, now, naming)
    const until = time(secondOf(found.executeBefore))
    const dangers = recipientDangers(facts)
    const changes = changeLines(question.effects, facts.balances, naming)
    const place = { action: actionOf(first.selector, naming), contract: placeOf(first.to, naming) }
    return {
      ...parts,
      sentence:
        rest.length === 0
          ? explainCall(first, question.account, naming)
          : line('transaction_calls_other', { ...place, n: count(rest.length) }),
      end: line('policy_barEnd', { end: until }),
      risks: [handed, ...dangers.risks, { level: 'note', line: line('outside_now') }],
      balanceChanges: changes,
      ...(question.effects === undefined || changes.length > 0 ? {} : { unchanged: unchangedLine(question.effects) }),
      ...barOf(question.effects, naming),
      ticks: [
        ...dangers.ticks,
        ...(question.effects === undefined ? [] : effectTicks(question.effects)),
        ...(handed.level === 'danger' ? [line('outside_tick', { until })] : []),
      ],
      ...(question.effects === undefined || facts.isAsking === true ? { blocked: line('blocked_node') } : {}),
      calls: callViews(found.calls, facts, naming),
      domain: [],
      message: [],
      unsigned: [],
    }
  }
  const { domain, message, primaryType } = found.hashed
  const moves = isAboutMoney(primaryType, message)
  return {
    ...parts,
    sentence: line('message_sentence', { type: text(primaryType), about: text(nameOf(domain)) }),
    risks: moves ? [{ level: 'warn', line: line('message_money') }] : [],
    ticks: [],
    calls: [],
    balanceChanges: [],
    end: line('message_end'),
    domain: rowsOf(domain, 0, naming),
    message: rowsOf(message, 0, naming),
    unsigned: [...unsignedOf(domain, ''), ...unsignedOf(message, '')],
  }
}

/** Said now, for a run that somebody else begins: only what was seen to leave, and nothing where it was not seen whole. */
function barOf(effects: Effects | undefined, naming: Naming): { readonly summary?: Line } {
  if (effects === undefined || effects.fails !== undefined || unknownTicks(effects).length > 0) return {}
  const out = effects.moves.filter((move) => move.out !== '0')
  if (out.length === 0) return {}
  return { summary: line('outside_bar', { list: list(out.map((move) => moneyArg(move.out, move.token, naming))) }) }
}

function effectTicks(effects: Effects): readonly Line[] {
  const { fails } = effects
  return [
    ...(fails === undefined ? [] : [line('outside_fails', { words: text(fails) })]),
    ...unknownTicks(effects, line('outside_unseen')),
  ]
}

function handedRisk(caller: Felt, before: bigint, now: number, naming: Naming): RiskView {
  const address = parseAddress(caller)
  const until = time(secondOf(before))
  const said =
    caller === ANY_CALLER || address === undefined
      ? line('outside_anyone', { until })
      : line('outside_handed', { caller: placeOf(address, naming), until })
  return { level: before - BigInt(now) > BigInt(LONG) ? 'danger' : 'warn', line: said }
}

function secondOf(seconds: bigint): number {
  return Number(seconds > LAST_SECOND ? LAST_SECOND : seconds)
}

function nameOf(domain: Signed): string {
  const shown = partsOf(domain).find(({ name }) => name === 'name')?.shown
  return shown !== undefined && 'text' in shown ? shown.text : ''
}

function isAboutMoney(primaryType: string, message: Signed): boolean {
  const walk = (signed: Signed): boolean =>
    MONEY.test(signed.name) || MONEY.test(signed.type) || MONEY_TYPES.has(signed.type) || partsOf(signed).some(walk)
  return MONEY.test(primaryType) || partsOf(message).some(walk)
}

function partsOf({ shown }: Signed): readonly Signed[] {
  return shown.as === 'parts' ? shown.parts : []
}

/** What is under `signed`, each with how deep it lies. A list of plain values is one row. */
function rowsOf(signed: Signed, depth: number, naming: Naming): SignedView[] {
  return partsOf(signed).flatMap((part): SignedView[] => {
    const { name, shown } = part
    if (shown.as !== 'parts') return [{ name, depth, value: valueLine(part, naming) }]
    const isPlain = shown.of === 'list' && shown.parts.every((item) => item.shown.as !== 'parts')
    if (isPlain) {
      const items = shown.parts.map((item) => line('message_item', { value: argOf(item, naming) }))
      const value = items.length === 0 ? line('message_none') : line('message_list', { list: itemsArg(items) })
      return [{ name, depth, value }]
    }
    return [{ name, depth }, ...(moneyRows(part, depth + 1, naming) ?? rowsOf(part, depth + 1, naming))]
  })
}

/** An amount of a listed token in its units, and as it is hashed. */
function moneyRows({ type, shown }: Signed, depth: number, naming: Naming): SignedView[] | undefined {
  // In revision 0 a site's own type may have this name and more members: each of them is drawn.
  const [token, amount] = shown.as === 'parts' && type === 'TokenAmount' && shown.parts.length === 2 ? shown.parts : []
  const address =
    token?.name === 'token_address' && token.shown.as === 'hex' ? parseAddress(token.shown.text) : undefined
  const value = amount?.type === 'u256' && amount.shown.as === 'number' ? parseU256(amount.shown.text) : undefined
  if (token === undefined || amount === undefined || address === undefined || value === undefined) return undefined
  if (naming.tokens[address] === undefined) return undefined
  const units = line('message_amount', { amount: moneyOf(value, address, naming), value: text(value) })
  return [
    { name: token.name, depth, value: valueLine(token, naming) },
    { name: amount.name, depth, value: units },
  ]
}

function itemsArg(items: readonly Line[]): Arg {
  return { kind: 'list', items: items.map((item) => ({ kind: 'line', line: item })) }
}

function valueLine(signed: Signed, naming: Naming): Line {
  const { shown } = signed
  if (shown.as === 'bool') return line(shown.yes ? 'message_yes' : 'message_no')
  if (shown.as === 'text' && shown.text === '') return line('message_empty')
  if (shown.as === 'text') return line('message_text', { text: text(shown.text) })
  if (shown.as === 'action') return line('message_action', { name: text(shown.text), selector: text(shown.hex) })
  if (shown.as === 'time' && shown.seconds <= LAST_SECOND)
    return line('message_time', { time: time(Number(shown.seconds)), seconds: text(shown.seconds.toString()) })
  return line('message_item', { value: argOf(signed, naming) })
}

function argOf({ type, shown }: Signed, naming: Naming): Arg {
  switch (shown.as) {
    case 'text':
      return text(JSON.stringify(shown.text))
    case 'hex': {
      const address = type === 'ContractAddress' ? parseAddress(shown.text) : undefined
      return address === undefined ? text(shown.text) : placeOf(address, naming)
    }
    case 'number':
    case 'action':
      return text(shown.text)
    case 'time':
      return text(shown.seconds.toString())
    case 'bool':
      return text(shown.yes ? 'true' : 'false')
    case 'parts':
      return text('')
  }
}

function unsignedOf(signed: Signed, at: string): { readonly name: string; readonly text: string }[] {
  const named = signed.unsigned.map(({ name, text: value }) => ({ name: `${at}${name}`, text: value }))
  return [...named, ...partsOf(signed).flatMap((part) => unsignedOf(part, `${at}${part.name}.`))]
}
