/** What a decision reads where no wallet's record and no node stand behind it: of a session that runs, its policy alone. */
import { type Address, type ClassHash, type Felt, felt } from '../felt.ts'
import type { Facts, Judged } from './facts.ts'
import type { Origin, SessionPolicy } from './policy.ts'

export const NOBODY = '' as Origin
/** Nobody read which code it is. */
export const UNREAD = felt(0) as ClassHash

export function judgedAlone(effective: SessionPolicy, account: Address, chainId: Felt): Judged {
  return {
    origin: NOBODY,
    chainId,
    genesis: { hash: UNREAD, at: 0 },
    account,
    accountClass: UNREAD,
    effective,
    state: 'active',
    backing: 'chain',
    runWhileLocked: true,
  }
}

export const FACTS_ALONE = {
  unlocked: true,
  workingSet: true,
  simulation: 'none',
  reverts: { inARow: 0, lastAt: 0 },
} as const satisfies Partial<Facts>
