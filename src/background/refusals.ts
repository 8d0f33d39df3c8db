import { isRefused, type Refused, refused, thrown } from '../core/errors.ts'
import { isPlainObject } from '../core/schema.ts'
import { isStorageError } from '../platform/database.ts'
import { isNodeError } from '../platform/node-error.ts'
import { isNotNow, isStepFailed } from './failures.ts'

/**
 * Failures of the world outside as a site may know them: which kind, never their text (provider.md 2.4). `undefined`: a
 * broken promise of the code, which is masked.
 */
export function refusalOf(error: unknown): Refused | undefined {
  if (isNodeError(error))
    return refused('UNKNOWN_ERROR', {
      reason: 'node',
      ...(error.rpcCode === undefined ? {} : { rpc_code: error.rpcCode }),
    })
  if (isStepFailed(error)) return refused('UNKNOWN_ERROR', { reason: 'step', step: error.step })
  if (isStorageError(error)) return refused('UNKNOWN_ERROR', { reason: 'storage' })
  // The wallet was locked between the yes and the signature: consent does not survive it.
  if (isNotNow(error)) return refused('USER_REFUSED_OP', { reason: 'context' })
  return undefined
}

/** Of several requests in one: which one it is about. */
export function inside(index: number, error: unknown): unknown {
  if (!isRefused(error) || !isPlainObject(error.data)) return error
  const { at, feature } = error.data
  const moved =
    typeof at === 'string'
      ? { at: `/${index}${at}` }
      : typeof feature === 'string' && feature.startsWith('/')
        ? { feature: `/${index}${feature}` }
        : {}
  return thrown({ code: error.code, message: error.message, data: { ...error.data, ...moved } })
}
