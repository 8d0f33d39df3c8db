import type { Address } from '../../core/felt.ts'
import type { Origin } from '../../core/policy/policy.ts'
import type { GrantRecord, NetworkId } from '../../core/records.ts'
import type { Seconds, UnixSeconds } from '../../core/time.ts'
import { guardedRows, type RowNeeds } from './rows.ts'

/** Which site sees which account, on which network: made only by a person, removed by a disconnect. */
export interface Grants {
  get(origin: Origin): Promise<GrantRecord | undefined>
  all(): Promise<readonly GrantRecord[]>
  give(origin: Origin, account: Address, network: NetworkId): Promise<GrantRecord>
  /** Only where there is one: what was taken away meanwhile does not come back. */
  move(origin: Origin, account: Address, network: NetworkId): Promise<GrantRecord | undefined>
  /** The site did something: noted at most once an hour. */
  used(origin: Origin): Promise<void>
  /** Says whether there was one. */
  remove(origin: Origin): Promise<boolean>
}

const NOTE_EVERY: Seconds = 3_600

export function createGrants(needs: RowNeeds & { readonly now: () => UnixSeconds }): Grants {
  const rows = guardedRows<GrantRecord>(needs, 'grants')
  const noted = new Map<Origin, UnixSeconds>()
  return {
    get: (origin) => rows.get(origin),
    all: rows.all,
    give: async (origin, account, network) => {
      const at = needs.now()
      const grant: GrantRecord = { origin, account, network, at, lastUsedAt: at }
      await rows.change(origin, (before) => (before === undefined ? grant : { ...grant, at: before.at }))
      return grant
    },
    move: async (origin, account, network) => {
      let moved: GrantRecord | undefined
      await rows.change(origin, (before) => {
        moved = before && { ...before, account, network, lastUsedAt: Math.max(before.lastUsedAt, needs.now()) }
        return moved
      })
      return moved
    },
    used: async (origin) => {
      const at = needs.now()
      if (at - (noted.get(origin) ?? 0) < NOTE_EVERY) return
      noted.set(origin, at)
      if ((await rows.get(origin)) === undefined) return
      await rows.change(origin, (before) => before && { ...before, lastUsedAt: Math.max(before.lastUsedAt, at) })
    },
    remove: async (origin) => {
      let was = false
      await rows.change(origin, (before) => {
        was = before !== undefined
        return undefined
      })
      return was
    },
  }
}
