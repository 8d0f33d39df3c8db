import type { AccountRecord, NetworkId } from '../core/records.ts'

export interface Selected {
  readonly account: AccountRecord
  readonly network: NetworkId
}

/**
 * What somebody looks at is read from its node, beside everything else: once at a time for each account and network, and
 * once more when it was asked meanwhile. A silent node holds up no other network. Answers `undefined` while locked.
 */
export function createLooking(needs: {
  readonly isWatched: () => boolean
  readonly selected: () => Promise<Selected | undefined>
  readonly read: (selected: Selected) => Promise<void>
  readonly changed: () => void
  readonly report: (error: unknown) => void
}): () => void {
  const reading = new Set<string>()
  const asked = new Set<string>()

  const look = async (): Promise<void> => {
    const selected = await needs.selected()
    if (selected === undefined) return needs.changed()
    const key = `${selected.network} ${selected.account.address}`
    if (reading.has(key)) {
      asked.add(key)
      return
    }
    reading.add(key)
    try {
      await needs.read(selected)
    } finally {
      reading.delete(key)
      needs.changed()
      if (asked.delete(key)) refresh()
    }
  }
  const refresh = (): void => {
    if (needs.isWatched()) look().catch(needs.report)
  }
  return refresh
}
