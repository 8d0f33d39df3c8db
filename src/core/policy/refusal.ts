import { type ErrorName, type SiteError, siteError } from '../errors.ts'
import type { ReasonInfo, SessionStatus } from '../protocol/session-info.ts'
import type { Reason, ReasonCode } from './policy.ts'

type LimitKind = 'spend' | 'fees' | 'usage' | 'rate'

/** policy.md 5.1, the table of errors: the first row that applies names the error. Also the order "worst first". */
const ROWS: readonly {
  readonly error: ErrorName
  readonly limit?: LimitKind
  readonly codes: readonly ReasonCode[]
}[] = [
  { error: 'SESSION_NOT_FOUND', codes: ['wrongOrigin'] },
  {
    error: 'INVALID_REQUEST_PAYLOAD',
    codes: ['malformed', 'emptyCalls', 'wrongChain', 'wrongAccount', 'reservedMessage'],
  },
  { error: 'SESSION_POLICY_REFUSED', codes: ['selfCall'] },
  { error: 'SESSION_WALLET_LOCKED', codes: ['locked'] },
  {
    error: 'SESSION_NOT_ACTIVE',
    codes: ['revoked', 'paused', 'notActive', 'notStarted', 'expired', 'clock', 'codeChanged'],
  },
  {
    error: 'SESSION_RULE_MISMATCH',
    codes: [
      'nestedExecution',
      'adminEntrypoint',
      'unsupportedField',
      'denied',
      'noRule',
      'ruleDisabled',
      'argRule',
      'tokenNotListed',
      'moneyMalformed',
      'approvalForbidden',
      'approveAllForbidden',
      'recipient',
      'spender',
      'tokenId',
      'foreignTransferFrom',
      'undeclaredOutflow',
      'messageScope',
      'messageField',
    ],
  },
  {
    error: 'SESSION_LIMIT_REACHED',
    limit: 'spend',
    codes: ['sumCap', 'perCall', 'perTx', 'spendCap', 'streamCap'],
  },
  {
    error: 'SESSION_LIMIT_REACHED',
    limit: 'fees',
    codes: ['feeToken', 'feeCap', 'feePerTx', 'tip', 'paymasterRequired', 'paymasterNotAllowed'],
  },
  {
    error: 'SESSION_LIMIT_REACHED',
    limit: 'usage',
    codes: ['ruleCap', 'txCount', 'callCount', 'callsPerTx', 'inFlight', 'messageCount'],
  },
  { error: 'SESSION_LIMIT_REACHED', limit: 'rate', codes: ['gap'] },
  { error: 'SESSION_SIMULATION_FAILED', codes: ['simulationFailed'] },
]

const WEIGHT: ReadonlyMap<ReasonCode, number> = new Map(ROWS.flatMap((row) => row.codes).map((code, at) => [code, at]))

/** Worst first; equal ones in the order of their calls. */
export function byWeight(reasons: readonly Reason[]): Reason[] {
  return [...reasons].sort((a, b) => weight(a) - weight(b) || (a.call ?? -1) - (b.call ?? -1))
}

/**
 * The error a site meets with `mode: "only"` (policy.md 5.1, provider.md 7.5): codes 114, 211-217, never a sentence.
 *
 * @param about the session that was asked; its status as the site knows it
 */
export function errorOf(
  reasons: readonly Reason[],
  about: { readonly sessionId?: string; readonly status: SessionStatus },
): SiteError {
  const sorted = byWeight(reasons)
  const [worst] = sorted
  if (worst === undefined) throw new Error('no reason, no error')
  const row = rowOf(worst)
  const told = sorted.map(reasonInfo)
  const session = about.sessionId === undefined ? {} : { session_id: about.sessionId }
  const retry = worst.retryAt === undefined ? {} : { retry_at: worst.retryAt }
  switch (row.error) {
    case 'SESSION_NOT_FOUND':
      return siteError('SESSION_NOT_FOUND', about.sessionId === undefined ? {} : { id: about.sessionId })
    case 'SESSION_WALLET_LOCKED':
      return siteError('SESSION_WALLET_LOCKED', session)
    case 'SESSION_POLICY_REFUSED':
      return siteError('SESSION_POLICY_REFUSED', { at: callPath(worst), why: 'a call to an account of this wallet' })
    case 'INVALID_REQUEST_PAYLOAD':
      return siteError('INVALID_REQUEST_PAYLOAD', { at: worst.at ?? '', why: WHY[worst.code] ?? worst.code })
    case 'SESSION_NOT_ACTIVE': {
      // In its last minute a session still reads as running, but signs nothing more.
      const status = worst.code === 'expired' ? 'expired' : about.status
      return siteError('SESSION_NOT_ACTIVE', { ...session, status, reasons: told, ...retry })
    }
    case 'SESSION_RULE_MISMATCH':
      return siteError('SESSION_RULE_MISMATCH', {
        ...session,
        reasons: told,
        ...(worst.call === undefined ? {} : { call: worst.call }),
        ...(worst.at === undefined ? {} : { at: worst.at }),
      })
    case 'SESSION_LIMIT_REACHED':
      return siteError('SESSION_LIMIT_REACHED', {
        ...session,
        // A count in a rolling window is a rate: it opens by itself.
        limit: row.limit === 'usage' && worst.cap?.window.kind === 'rolling' ? 'rate' : row.limit,
        ...(worst.left === undefined ? {} : { left: worst.left }),
        ...(worst.wanted === undefined ? {} : { wanted: worst.wanted }),
        ...retry,
        reasons: told,
      })
    default:
      return siteError('SESSION_SIMULATION_FAILED', { ...session, reasons: told })
  }
}

/** A reason as sites read it: snake_case, nothing of our own. */
export function reasonInfo(reason: Reason): ReasonInfo {
  const { code, call, rule, meter, left, wanted, retryAt, at } = reason
  return {
    code,
    ...(call === undefined ? {} : { call }),
    ...(rule === undefined ? {} : { rule }),
    ...(meter === undefined ? {} : { meter }),
    ...(left === undefined ? {} : { left }),
    ...(wanted === undefined ? {} : { wanted }),
    ...(retryAt === undefined ? {} : { retry_at: retryAt }),
    ...(at === undefined ? {} : { at }),
  }
}

const WHY: Partial<Record<ReasonCode, string>> = {
  malformed: 'expected at most 64 calls and 5000 felts',
  emptyCalls: 'expected at least one call',
  wrongChain: 'another chain than the session',
  wrongAccount: 'another account than the session',
}

function rowOf(reason: Reason): (typeof ROWS)[number] {
  const row = ROWS.find(({ codes }) => codes.includes(reason.code))
  if (row === undefined) throw new Error('a reason without a row')
  return row
}

function weight(reason: Reason): number {
  return WEIGHT.get(reason.code) ?? WEIGHT.size
}

function callPath(reason: Reason): string {
  return reason.call === undefined ? '/calls' : `/calls/${reason.call}/contract_address`
}
