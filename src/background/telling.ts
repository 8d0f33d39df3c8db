/** What pages hear of their sessions without asking (provider.md 3): also of changes that nobody makes, by the lock and by the clock. */
import type { Origin, SessionId } from '../core/policy/policy.ts'
import type { SessionInfo } from '../core/protocol/session-info.ts'
import type { Seconds, UnixSeconds } from '../core/time.ts'
import type { Grants } from './owners/grants.ts'
import type { Sessions } from './owners/sessions.ts'
import type { Router } from './router.ts'
import type { SessionPrint } from './session-print.ts'

export interface Telling {
  /** Live ones, and those that ended a moment ago, so that a page can tell its person. */
  tell(origin: Origin): void
  tellAll(): void
  /** Those sites of which a session is not any more as it was last told. */
  tellChanged(): Promise<void>
}

export interface TellingNeeds extends Pick<Router, 'documents' | 'tell'> {
  readonly grants: Pick<Grants, 'get'>
  readonly print: SessionPrint
  readonly sessions: Pick<Sessions, 'list'>
  /** Asleep no session is known. */
  readonly isAwake: () => boolean
  readonly now: () => UnixSeconds
  readonly report: (error: unknown) => void
}

/** How long an ended session is still told of to its site. */
const JUST_ENDED: Seconds = 300

export function createTelling({
  documents,
  tell: send,
  grants,
  print,
  sessions,
  isAwake,
  now,
  report,
}: TellingNeeds): Telling {
  const toldAs = new Map<SessionId, string>()

  const infosOf = async (origin: Origin): Promise<readonly SessionInfo[]> => {
    const known = sessions
      .list({ origin })
      .filter(({ endedAt }) => endedAt === undefined || now() - endedAt < JUST_ENDED)
    const infos = await Promise.all(known.map((it) => print.info(it)))
    return infos.filter((it) => it !== undefined)
  }
  const tellNow = async (origin: Origin): Promise<void> => {
    const infos = await infosOf(origin)
    // A site that was disconnected reads nothing more.
    if (infos.length === 0 || (await grants.get(origin)) === undefined) return
    for (const info of infos) toldAs.set(info.id as SessionId, standing(info))
    send(origin, 'sessionsChanged', () => [infos])
  }
  const tell = (origin: Origin): void => {
    if (isAwake() && documents(origin).length > 0) tellNow(origin).catch(report)
  }
  const origins = (): readonly Origin[] =>
    isAwake()
      ? [...new Set(sessions.list().map(({ origin }) => origin))].filter((origin) => documents(origin).length > 0)
      : []

  return {
    tell,
    tellAll: () => {
      for (const origin of origins()) tell(origin)
    },
    tellChanged: async () => {
      for (const origin of origins()) {
        const infos = await infosOf(origin)
        const isOther = (info: SessionInfo) => {
          const before = toldAs.get(info.id as SessionId)
          return before !== undefined && before !== standing(info)
        }
        if (infos.some(isOther)) tell(origin)
      }
    },
  }
}

function standing({ status, paused_by }: SessionInfo): string {
  return `${status} ${paused_by}`
}
