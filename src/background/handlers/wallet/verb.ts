/** What the tables of verbs share: a row, how it fails, and the params that several take. */
import { isRefused } from '../../../core/errors.ts'
import { type Hash32, parseHash32 } from '../../../core/felt.ts'
import { isKind } from '../../../core/kind.ts'
import type { Verb, VerbError, Verbs } from '../../../core/protocol/ui.ts'
import { type NetworkId, parseNetworkId } from '../../../core/records.ts'
import { exact, integer, scalar, text, union } from '../../../core/schema.ts'
import { type Line, line } from '../../../core/words.ts'
import { isStorageError, isTampered } from '../../../platform/database.ts'
import { isNodeError } from '../../../platform/node-error.ts'
import { isBackupError } from '../../keys/backup.ts'
import { credentialId, hex } from '../../keys/slots.ts'
import { isVaultError } from '../../keys/vault.ts'
import { isStale } from '../../owners/approvals.ts'

/** `params` decodes exactly what the table of core/protocol/ui.ts says; the act gets nothing else. */
export interface VerbRow<V extends Verb> {
  readonly params: unknown
  readonly act: (params: Verbs[V]['params']) => Promise<Verbs[V]['result']>
}
export type VerbRows<V extends Verb> = { readonly [K in V]: VerbRow<K> }

/** What a screen is told of a failure: what happened and what did not (approval-ux.md 13). */
export function refusalOf(error: unknown): VerbError {
  if (isVerbError(error)) return { code: error.code, line: error.line }
  if (isStale(error)) return { code: error.kind, line: line(error.kind === 'stale' ? 'err_stale' : 'err_gone') }
  if (isNodeError(error)) return { code: 'node', line: line('err_node') }
  if (isStorageError(error) && error.why === 'shape') return { code: 'damaged', line: line('err_otherShape') }
  if (isVaultError(error) && error.why === 'damaged') return { code: 'damaged', line: line('err_damagedVault') }
  if (isTampered(error)) return { code: 'damaged', line: line('err_damagedRow') }
  if (isBackupError(error))
    return { code: error.why === 'wrongPassword' ? 'wrongPassword' : 'badFile', line: line(BACKUP[error.why]) }
  if (isStorageError(error)) return { code: 'storage', line: line('err_storage') }
  if (isRefused(error)) return { code: 'tooMuch', line: line('err_tooMuch') }
  return { code: 'internal', line: line('err_internal') }
}

const BACKUP = {
  foreign: 'err_backupForeign',
  damaged: 'err_backupDamaged',
  newer: 'err_backupNewer',
  tooLarge: 'err_backupTooLarge',
  wrongPassword: 'err_backupPassword',
} as const

type VerbFailure = Error & VerbError & { readonly kind: 'verb' }
export function verbError(code: VerbError['code'], said: Line): VerbFailure {
  return Object.assign(new Error(code), { kind: 'verb' as const, code, line: said })
}
function isVerbError(error: unknown): error is VerbFailure {
  return isKind(error, 'verb')
}

export const nothing = scalar<true>((it) => (it === null ? true : undefined), 'nothing')
/** Whatever somebody pasted: how long a password may be is decided, and said, by the vault. */
export const password = text(2_000_000)
/** The password, or the answer of a passkey. */
export const proof = union([password, exact({ credentialId, prf: hex(32) })])
export const hash = scalar<Hash32>(parseHash32, 'a digest')
export const id = text(64)
export const networkId = scalar<NetworkId>(parseNetworkId, 'a network')
export const rev = integer(0, 1_000_000)
