/**
 * Every code a site can meet: number and name. The message is always `An error occurred (NAME)`; facts travel in `data`.
 * Source of 111-120, 162, 163: Starknet Wallet API; 210-217 are ours (provider.md 2.4, 7.5).
 * This file runs in every page: it imports nothing.
 */
export const CODES = {
  NOT_ERC20: 111,
  UNLISTED_NETWORK: 112,
  USER_REFUSED_OP: 113,
  INVALID_REQUEST_PAYLOAD: 114,
  ACCOUNT_ALREADY_DEPLOYED: 115,
  DEPLOYMENT_DATA_NOT_AVAILABLE: 116,
  CHAIN_ID_NOT_SUPPORTED: 117,
  NOT_REGISTERED: 118,
  API_VERSION_NOT_SUPPORTED: 162,
  UNKNOWN_ERROR: 163,
  SESSION_UNSUPPORTED: 210,
  SESSION_NOT_FOUND: 211,
  SESSION_NOT_ACTIVE: 212,
  SESSION_RULE_MISMATCH: 213,
  SESSION_LIMIT_REACHED: 214,
  SESSION_POLICY_REFUSED: 215,
  SESSION_WALLET_LOCKED: 216,
  SESSION_SIMULATION_FAILED: 217,
} as const

export type ErrorName = keyof typeof CODES

/** The shape an error has on every wire: it is rebuilt, never flattened, in each context it passes. */
export interface SiteError {
  readonly code: number
  readonly message: string
  readonly data?: unknown
}

export function siteError(name: ErrorName, data?: unknown): SiteError {
  return codedError(CODES[name], name, data)
}

/** The same for scripts that run in every page and have no room for the table; the compiler pairs code and name. */
export function codedError<N extends ErrorName>(code: (typeof CODES)[N], name: N, data?: unknown): SiteError {
  const known = { code, message: `An error occurred (${name})` }
  return data === undefined ? known : { ...known, data }
}

/** What is thrown: an Error that is also a `SiteError`. */
export type Refused = Error & SiteError

export function refused(name: ErrorName, data?: unknown): Refused {
  return thrown(siteError(name, data))
}

export function thrown(error: SiteError): Refused {
  return Object.assign(
    new Error(error.message),
    { code: error.code },
    error.data === undefined ? {} : { data: error.data },
  )
}

/** Our own refusals, told apart from broken promises of the code: those are masked (163 `internal`) before a site sees them. */
export function isRefused(error: unknown): error is Refused {
  return error instanceof Error && 'code' in error && typeof error.code === 'number'
}

/** 114 with a JSON pointer and words, never the value. */
export function malformed(at: string, why: string): Refused {
  return refused('INVALID_REQUEST_PAYLOAD', { at, why })
}
