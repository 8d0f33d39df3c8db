/** Failures of the signing part that the router tells apart: it must not load what throws them (doors.ts). */
import type { Felt } from '../core/felt.ts'
import { isKind } from '../core/kind.ts'
import type { OwnStep } from '../core/protocol/session-info.ts'

/** Why a session does not sign now, although its hold was made. Nothing was signed. */
export type NotNow = Error & {
  readonly kind: 'notNow'
  /** `changed`: it was narrowed, or its row is another one: evaluate again. */
  readonly why: 'stopped' | 'notActive' | 'changed' | 'expired' | 'locked'
}
export function notNow(why: NotNow['why']): NotNow {
  return Object.assign(new Error(`not now: ${why}`), { kind: 'notNow' as const, why })
}
export function isNotNow(error: unknown): error is NotNow {
  return isKind(error, 'notNow')
}

/** A step was refused by the node, reverted or dropped: nothing after it was sent. */
export type StepFailed = Error & {
  readonly kind: 'step'
  readonly step: OwnStep | 'setup'
  readonly words: readonly string[]
  readonly hash?: Felt
}
export function stepFailed(step: OwnStep | 'setup', words: readonly string[], hash?: Felt): StepFailed {
  return Object.assign(new Error(`step failed: ${step}`), {
    kind: 'step' as const,
    step,
    words,
    ...(hash === undefined ? {} : { hash }),
  })
}
export function isStepFailed(error: unknown): error is StepFailed {
  return isKind(error, 'step')
}

/** The wallet's own transaction would commit to more than its cap. Nothing was signed. */
export type FeeTooHigh = Error & { readonly kind: 'feeTooHigh' }
export function feeTooHigh(): FeeTooHigh {
  return Object.assign(new Error('the fee is over its cap'), { kind: 'feeTooHigh' as const })
}
export function isFeeTooHigh(error: unknown): error is FeeTooHigh {
  return isKind(error, 'feeTooHigh')
}
