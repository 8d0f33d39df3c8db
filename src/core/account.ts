import type { Address, ClassHash, Felt } from './felt.ts'
import { address } from './felt.ts'
import type { AccountStep } from './protocol/session-info.ts'
import type { UnixSeconds } from './time.ts'

/** The fee token, at the same address on mainnet, Sepolia and devnet. */
export const STRK = address('0x04718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d')
export const ETH = address('0x049d36570d4e46f48e99674bd3fcc84644ddd6b96f7c741b1562b82f9e004dc7')

/** What the chain says of an account. */
export interface ChainState {
  readonly at: UnixSeconds
  /** Absent: nothing is deployed there. */
  readonly classHash?: ClassHash
  /** `0x0`: no second key. */
  readonly guardian: Felt
}

export type Readiness = 'on_chain' | 'needs_enable' | 'needs_deploy' | 'off'

/**
 * Whether sessions of this account can be enforced on chain now, or what is missing (argent-sessions.md 11).
 * `off`: the second key is not ours, so this wallet cannot sign here.
 */
export function readiness(state: ChainState, ours: Felt): Readiness {
  if (state.classHash === undefined) return 'needs_deploy'
  if (state.guardian === '0x0') return 'needs_enable'
  return state.guardian === ours ? 'on_chain' : 'off'
}

/** The wallet's own transactions that must come before a session, in their order. */
export function missingSteps(ready: Readiness): readonly AccountStep[] {
  if (ready === 'needs_deploy') return ['deploy', 'enable']
  return ready === 'needs_enable' ? ['enable'] : []
}

/** Public facts of a token: symbol and decimals stand on screens only for these. */
export interface ListedToken {
  readonly address: Address
  readonly symbol: string
  readonly decimals: number
}
export const LISTED: readonly ListedToken[] = [
  { address: STRK, symbol: 'STRK', decimals: 18 },
  { address: ETH, symbol: 'ETH', decimals: 18 },
]
