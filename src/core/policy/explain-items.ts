import { u256 } from '../felt.ts'
import type { EnforcedBy, LimitField, LimitView, RiskView } from '../protocol/ui.ts'
import { type Arg, count, inner, type Line, line, list, text } from '../words.ts'
import { itemLimit } from './assets.ts'
import { nftMeter } from './book.ts'
import { approvalField, windowField } from './edits.ts'
import type { ExplainFacts } from './explain.ts'
import type { Exposure } from './exposure.ts'
import { type Naming, perWindow, placeOf, recipientsLine } from './naming.ts'
import type { NftLimit, SessionPolicy, Window } from './policy.ts'
import { sameWindow } from './windows.ts'

type FieldLabel = (window: Window) => Line

/** "2 items of Shells", "all items of Shells". */
export function itemsOf({ collection, count: n }: Exposure['items'][number], naming: Naming): Arg {
  const args = { collection: placeOf(collection, naming) }
  if (n === 'all') return inner(line('policy_itemsAll', args))
  return inner(line('policy_itemsOf_other', { ...args, n: count(Number(n)) }))
}

/** "2 items": where the collection is named already. */
export function itemCount(n: number): Arg {
  return inner(line('policy_items_other', { n: count(n) }))
}

/** How many, which, to whom, and who may be allowed to take some: a row each. */
export function itemRows(
  limits: readonly NftLimit[],
  facts: ExplainFacts,
  by: EnforcedBy,
  fieldLabel: FieldLabel,
): readonly LimitView[] {
  return limits.flatMap((limit) => {
    const id = nftMeter(limit.collection)
    const title = line('policy_titleItems', { collection: placeOf(limit.collection, facts) })
    const most = limit.maxOut.map((cap) => inner(perWindow(itemCount(cap.max), cap.window)))
    return [
      {
        id,
        title,
        line: line('policy_limits', { list: list(most.length > 0 ? most : [itemCount(0)]) }),
        by,
        fields: capFields(limit, facts, fieldLabel),
      },
      ...(limit.tokenIds === undefined
        ? []
        : [{ id: `${id}:ids`, title, line: whichLine(limit.tokenIds), by, fields: [] }]),
      { id: `${id}:recipients`, title, line: recipientsLine(limit.recipients, facts), by, fields: [] },
      { id: `${id}:approvals`, title, line: approvalsLine(limit, facts), by, fields: approvalFields(limit, facts) },
    ]
  })
}

/** Leave to take all items outlives the session: what is there, and what comes (approval-ux.md 8). */
export function itemRisks(limits: readonly NftLimit[], naming: Naming): readonly RiskView[] {
  return limits.flatMap(({ approveAll, collection }) =>
    approveAll === 'forbid'
      ? []
      : [{ level: 'danger', line: line('policy_riskAll', { collection: placeOf(collection, naming) }) }],
  )
}

export function itemDetails(limits: readonly NftLimit[], naming: Naming): readonly Line[] {
  return limits.flatMap(({ asset, approveAll, approveOne, collection, spenders }) => {
    const args = { collection: placeOf(collection, naming) }
    const off = approveAll === 'forbid' && approveOne === 'forbid'
    return [
      line(asset === 'erc721' ? 'policy_itemsSingle' : 'policy_itemsMany', args),
      ...(off && spenders.length > 0
        ? [line('policy_itemsNamed', { ...args, spenders: list(spenders.map((one) => placeOf(one, naming))) })]
        : []),
    ]
  })
}

export function itemLimits(policy: SessionPolicy): readonly NftLimit[] {
  return policy.spend.limits.flatMap((limit) => (limit.asset === 'erc20' ? [] : [limit]))
}

/** "only item 7", "only items 1, 2 and 7". */
function whichLine(ids: readonly string[]): Line {
  if (ids.length === 0) return line('policy_itemsNone')
  const named = list(ids.map((id) => text(id)))
  return line(ids.length === 1 ? 'policy_itemsOnlyOne' : 'policy_itemsOnly', { list: named })
}

function approvalsLine({ approveAll, approveOne, spenders }: NftLimit, facts: Naming): Line {
  if ((approveAll === 'forbid' && approveOne === 'forbid') || spenders.length === 0) {
    // What is allowed to nobody differs from what is forbidden only in what may be switched off.
    return line(approveAll === approveOne ? OFF[approveAll] : OFF_ONE[approveAll])
  }
  const args = { spenders: list(spenders.map((one) => placeOf(one, facts))) }
  if (approveAll === 'forbid') return line('policy_itemsTakeOne', args)
  return line(approveOne === 'allow' ? 'policy_itemsTakeAny' : 'policy_itemsTakeAll', args)
}

const OFF = { forbid: 'policy_itemsTakeNone', allow: 'policy_itemsTakeNobody' } as const
const OFF_ONE = { forbid: 'policy_itemsTakeNobodyOne', allow: 'policy_itemsTakeNobodyAll' } as const

function capFields(limit: NftLimit, facts: ExplainFacts, fieldLabel: FieldLabel): readonly LimitField[] {
  const within = facts.within && itemLimit(facts.within, limit.collection)
  if (within === undefined) return []
  const isFree = facts.enterable.includes(limit.collection)
  return limit.maxOut.map(({ window, max }) => {
    const most = within.maxOut.find((cap) => sameWindow(cap.window, window))?.max
    return {
      id: `${nftMeter(limit.collection)}:${windowField(window)}`,
      label: fieldLabel(window),
      value: u256(BigInt(max)),
      ...(isFree || most === undefined ? {} : { max: u256(BigInt(most)) }),
    }
  })
}

function approvalFields(limit: NftLimit, facts: ExplainFacts): readonly LimitField[] {
  const within = facts.within && itemLimit(facts.within, limit.collection)
  if (within === undefined) return []
  return (['approveOne', 'approveAll'] as const).flatMap((switched) =>
    within[switched] === 'forbid'
      ? []
      : [
          {
            id: approvalField(limit.collection, switched),
            label: line(switched === 'approveOne' ? 'policy_fieldTakeOne' : 'policy_fieldTakeAll'),
            value: u256(limit[switched] === 'allow' ? 1n : 0n),
            max: u256(1n),
            isSwitch: true as const,
          },
        ],
  )
}
