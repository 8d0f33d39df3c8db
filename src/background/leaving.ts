/**
 * The wallet that is here goes: for another one in its place, or for good. What lies in memory first, so that nothing of it
 * signs or is told while its rows go (security.md 7.4).
 */
import type { Origin } from '../core/policy/policy.ts'
import { type Database, isStorageError, wipeDatabase } from '../platform/database.ts'
import { ALERTS_KEPT } from './alerts.ts'
import type { SessionArea, StopFlags, WorkingSet } from './keys/working-set.ts'
import type { Approvals } from './owners/approvals.ts'
import type { Grants } from './owners/grants.ts'

/** What a person has begun to send, in storage.session. */
export const SEND_DRAFT = 'sendDraft'

export interface Leaving {
  /** Keys, questions and everything that was known of it; its rows are still there, asleep. */
  leave(): Promise<void>
  /**
   * The same for another wallet in its place, which `make` makes; what cannot be read here stays until that one is whole
   * (security.md 8.1).
   */
  replace<T>(make: () => Promise<T>): Promise<T>
  /** The rows too: afterwards there is no wallet. */
  wipe(): Promise<void>
}

export interface LeavingNeeds {
  readonly db: Database
  readonly area: SessionArea
  readonly workingSet: WorkingSet
  readonly stops: StopFlags
  readonly approvals: Approvals
  readonly grants: Grants
  /** Everything that is made for one wallet is made anew at its next use. */
  readonly renew: () => void
  /** The site's pages are told that they are not connected any more. */
  readonly tell: (origin: Origin) => void
}

export function createLeaving(needs: LeavingNeeds): Leaving {
  const { db, area, workingSet, stops, approvals, grants, renew, tell } = needs

  const leave = async (): Promise<void> => {
    // Nothing of it can be read here, so nothing of it runs.
    if (await isOtherShape(db)) return renew()
    stops.stopAll()
    await approvals.forgetAll()
    // Damaged rows may be why somebody leaves.
    const sites = await grants.all().catch(() => [])
    await workingSet.forget()
    for (const name of [...ALERTS_KEPT, SEND_DRAFT]) await area.remove(name)
    renew()
    await workingSet.load()
    for (const { origin } of sites) tell(origin)
  }
  return {
    leave,
    replace: async (make) => {
      if (!(await isOtherShape(db))) {
        await leave()
        return make()
      }
      await db.stage()
      renew()
      try {
        return await make()
      } finally {
        await db.settle()
      }
    },
    wipe: async () => {
      await leave()
      await db.close()
      await wipeDatabase()
    },
  }
}

async function isOtherShape(db: Database): Promise<boolean> {
  try {
    await db.read(['meta'], async () => undefined)
    return false
  } catch (error) {
    if (isStorageError(error) && error.why === 'shape') return true
    throw error
  }
}
