import type { UnixSeconds } from '../core/time.ts'
import type { Sessions } from './owners/sessions.ts'
import type { SettingsOwner } from './owners/settings.ts'

export interface IdleNeeds {
  readonly settings: SettingsOwner
  readonly sessions: Pick<Sessions, 'pauseAll'>
  readonly isUnlocked: () => boolean
  readonly now: () => UnixSeconds
}

export interface Idle {
  /** The wallet is or was just open: from here on it counts. */
  seen(): Promise<void>
  /** Pauses all sessions where nobody unlocked for as long as the person said. Before each request, so it costs no read. */
  check(): Promise<void>
}

export function createIdle({ settings, sessions, isUnlocked, now }: IdleNeeds): Idle {
  return {
    seen: async () => {
      await settings.set({ lastUnlocked: now() })
    },
    check: async () => {
      const due = settings.idleDue()
      if (due === undefined || now() < due || isUnlocked()) return
      await sessions.pauseAll({}, 'idle')
    },
  }
}
