import type { CODES, ErrorName, SiteError } from '../core/errors.ts'

/** What this package refuses by itself, in the shape of the wallet's own errors: who handles those needs nothing more. */
export function refusal<N extends ErrorName>(code: (typeof CODES)[N], name: N, data: object): Error & SiteError {
  return Object.assign(new Error(`An error occurred (${name})`), { code, data })
}

/** 114 with a JSON pointer and words, never the value. */
export function malformed(at: string, why: string): Error & SiteError {
  return refusal(114, 'INVALID_REQUEST_PAYLOAD', { at, why })
}
