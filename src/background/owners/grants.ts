import type { Address } from '../../core/felt.ts'
import type { Origin } from '../../core/policy/policy.ts'
import type { GrantRecord, NetworkId } from '../../core/records.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { guardedRows, type RowNeeds } from './rows.ts'

/** Which site sees which account, on which network: made only by a person, removed by a disconnect. */
export interface Grants {
  get(origin: Origin): Promise<GrantRecord | undefined>
  all(): Promise<readonly GrantRecord[]>
  give(origin: Origin, account: Address, network: NetworkId): Promise<GrantRecord>
  /** Says whether there was one. */
  remove(origin: Origin): Promise<boolean>
}

export function createGrants(needs: RowNeeds & { readonly now: () => UnixSeconds }): Grants {
  const rows = guardedRows<GrantRecord>(needs, 'grants')
  return {
    get: (origin) => rows.get(origin),
    all: rows.all,
    give: async (origin, account, network) => {
      const at = needs.now()
      const grant: GrantRecord = { origin, account, network, at, lastUsedAt: at }
      await rows.change(origin, (before) => (before === undefined ? grant : { ...grant, at: before.at }))
      return grant
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
