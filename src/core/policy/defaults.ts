import { u256 } from '../felt.ts'
import { DAY } from '../time.ts'

/** Base units of STRK, transactions, seconds: what a site gets that names nothing (policy.md 3.2). */
export const DEFAULTS = {
  life: DAY,
  feePerTx: u256(10n ** 18n),
  feeTotal: u256(5n * 10n ** 18n),
  transactions: 1_000,
  rate: { transactions: 120, seconds: 60 },
  messages: 100,
  maxCallsPerTx: 20,
  minGap: 0,
  maxInFlight: 16,
} as const
