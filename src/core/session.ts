import type { Asked } from './policy/asked.ts'
import type { PauseReason } from './policy/policy.ts'
import type { StoredSession } from './records.ts'

/** Pauses that no press of a person lifts: only a new approval (policy.md 11). */
const FINAL: readonly PauseReason[] = ['storageTampered', 'accountChanged', 'chainRestarted']
export const isFinal = (pause: PauseReason): boolean => FINAL.includes(pause)

/** What its site asked for, with its rules for messages as it has written them since. */
export function askedNow({ asked, messages }: Pick<StoredSession, 'asked' | 'messages'>): Asked {
  return messages === undefined ? asked : { ...asked, messages }
}

/** The bitting of a session's card: five depths of the cut, from the hash of its id (pictures/README.md). */
export function cutOf(hash: string): readonly number[] {
  const depths = [2, 4, 6, 8]
  const cut: number[] = []
  for (let step = 0; step < 5; step++) {
    const byte = Number.parseInt(hash.slice(2 + 2 * step, 4 + 2 * step), 16)
    const before = cut.at(-1)
    const choice = before === undefined ? depths : depths.filter((depth) => depth !== before)
    cut.push(choice[byte % choice.length] as number)
  }
  return cut
}
