import { type Address, type Felt, padded, u256 } from '../../core/felt.ts'
import { atMostU256 } from '../../core/policy/book.ts'
import { moneyOf, type Naming, nameOf } from '../../core/policy/naming.ts'
import { hostOf, isAddressOfPayer } from '../../core/policy/payers.ts'
import type { ActivityDetail, ActivityView } from '../../core/protocol/ui.ts'
import type {
  HistoryRow,
  JournalRow,
  NetworkId,
  NetworkRecord,
  OutsidePart,
  StoredSession,
} from '../../core/records.ts'
import { inner, type Line, line, text } from '../../core/words.ts'
import type { DescribedCall } from '../contracts.ts'
import { mayReplace } from '../own.ts'
import { networkName } from '../owners/networks.ts'
import { readBounds } from '../sending/fees.ts'
import { callView } from './effects.ts'
import { addressFact, fact, feeCap } from './facts.ts'
import { meterStep } from './sessions.ts'

export interface DetailFacts {
  readonly view: ActivityView
  /** The transaction's row, as long as it is kept. */
  readonly row: JournalRow | undefined
  readonly session: StoredSession | undefined
  /** That the row counts in: another took its place, or it is the same. */
  readonly countsIn: StoredSession | undefined
  readonly naming: Naming
  readonly network: NetworkRecord
  readonly described: readonly (DescribedCall | undefined)[]
}

/** The page of one row: what it did call by call, what allowed it and what it counted. */
export function activityDetail({ event, account, at }: HistoryRow, facts: DetailFacts): ActivityDetail {
  const { view, row, session, countsIn, naming, network, described } = facts
  const calls = event.kind === 'transaction' || event.kind === 'refused' ? event.calls : []
  const explorer = view.hash === undefined ? undefined : explorerOf(network.id, view.hash)
  const of = account === undefined ? undefined : { account, balances: {} }
  return {
    row: view,
    // What a call would warn of before it was allowed is no news afterwards.
    calls: calls.map((call, index) => ({ ...callView(call, described[index], naming, of), warnings: [] })),
    ...(session === undefined || row === undefined ? {} : { allowedBy: allowedBy(session, row, naming) }),
    counted: row === undefined || (row.passed !== undefined && countsIn !== undefined) ? [] : countedBy(row, naming),
    meters: row === undefined || countsIn === undefined ? [] : metersOf(row, countsIn, naming),
    network: networkName(network),
    ...(explorer === undefined ? {} : { explorer }),
    mayReplace: row !== undefined && mayReplace(row) && view.state !== 'nearly',
    details: [
      { label: line('fact_when'), value: new Date(at * 1000).toISOString(), mono: false },
      fact(line('fact_network'), networkName(network), false),
      ...(account === undefined ? [] : [addressFact(line('fact_account'), account)]),
      ...(view.hash === undefined ? [] : [fact(line('fact_hash'), padded(view.hash))]),
      ...(event.kind === 'transaction' && event.declares !== undefined
        ? [fact(line('fact_classHash'), padded(event.declares))]
        : []),
      ...(row === undefined ? [] : rowFacts(row)),
      ...(view.failure === undefined ? [] : [fact(line('fact_status'), view.failure)]),
    ],
  }
}

function rowFacts(row: JournalRow): ActivityDetail['details'] {
  if (row.outside !== undefined) return outsideFacts(row, row.outside)
  const tip = BigInt(row.tip)
  return [
    fact(line('fact_nonce'), BigInt(row.nonce).toString(), false),
    ...(row.outcome?.block === undefined ? [] : [fact(line('fact_block'), String(row.outcome.block), false)]),
    fact(line('fact_feeCap'), `${feeCap(row.bounds, tip)} fri`, false),
    ...(tip === 0n ? [] : [fact(line('fact_tip'), `${tip * readBounds(row.bounds).l2_gas.maxAmount} fri`, false)]),
  ]
}

function outsideFacts({ hash, outcome }: JournalRow, outside: OutsidePart): ActivityDetail['details'] {
  const { payer, executeBefore } = outside
  return [
    isAddressOfPayer(payer)
      ? addressFact(line('fact_paidBy'), payer as Address)
      : fact(line('fact_paidBy'), hostOf(payer), false),
    ...(outcome?.block === undefined ? [] : [fact(line('fact_block'), String(outcome.block), false)]),
    { label: line('fact_sendUntil'), value: new Date(executeBefore * 1000).toISOString(), mono: false },
    fact(line('fact_signedHash'), padded(hash)),
  ]
}

function allowedBy(session: StoredSession, { matched }: JournalRow, naming: Naming) {
  const rules = session.granted.calls.filter(({ id }) => matched.includes(id))
  const names = rules.flatMap(({ entrypoints }) =>
    entrypoints === '*' ? [] : entrypoints.map(({ selector, name }) => name ?? nameOf(selector, naming) ?? selector),
  )
  return {
    session: session.id,
    host: new URL(session.origin).host,
    rules: [...new Set(names)].map((name) => line('policy_action', { name: text(name) })),
  }
}

/** What never came to be took nothing; what is open, or ended where nobody counted, takes its charge at most. */
function metersOf(row: JournalRow, { granted }: StoredSession, naming: Naming): ActivityDetail['meters'] {
  const isNothing = row.end !== undefined && row.end !== 'accepted' && row.end !== 'reverted'
  return (row.passed ?? []).map((it) => {
    const charged = row.charges.find(({ meter }) => meter === it.meter)?.amount ?? '0'
    const took = it.took ?? (isNothing ? '0' : charged)
    const after = atMostU256(BigInt(it.before) + BigInt(took))
    return meterStep(it, { after, isMost: it.took === undefined && !isNothing }, naming, granted)
  })
}

/** What it took of its session's limits, at most. */
function countedBy({ charges, outcome }: JournalRow, naming: Naming): readonly Line[] {
  return charges.flatMap(({ meter, amount }) => {
    const [kind, of] = meter.split(':')
    if (kind !== 'spend' && kind !== 'fee') return []
    const token = of as Address // As spendMeter and feeMeter write it.
    const paid = kind === 'fee' && outcome !== undefined && token === outcome.fee.token ? outcome.fee.paid : amount
    if (paid === '0') return []
    const title =
      kind === 'fee'
        ? line('policy_titleFees')
        : line('policy_titleToken', { token: text(naming.tokens[token]?.symbol ?? padded(token)) })
    return [line('act_counted', { title: inner(title), amount: moneyOf(u256(BigInt(paid)), token, naming) })]
  })
}

const EXPLORERS: Readonly<Partial<Record<NetworkId, string>>> = {
  mainnet: 'https://voyager.online/tx/',
  sepolia: 'https://sepolia.voyager.online/tx/',
}
function explorerOf(network: NetworkId, hash: Felt): string | undefined {
  const base = EXPLORERS[network]
  return base === undefined ? undefined : base + padded(hash)
}
