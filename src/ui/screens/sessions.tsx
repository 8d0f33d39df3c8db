import { computed } from '@preact/signals'
import { useEffect, useMemo, useState } from 'preact/hooks'
import type { SessionCardView, View } from '../../core/protocol/ui.ts'
import { text } from '../../core/words.ts'
import { Button, IconButton } from '../parts/controls.tsx'
import { Icon } from '../parts/icons.tsx'
import { Heading } from '../parts/live.tsx'
import { Meter } from '../parts/meter.tsx'
import { type CardState, SessionCard } from '../parts/session-card.tsx'
import { AfterStop, StopAll } from '../parts/stop-all.tsx'
import { Badge } from '../parts/text.tsx'
import { go } from '../route.ts'
import { ago, clock, left, moment, plural, said, t } from '../words.ts'

const GROUPS = [
  { group: 'needsYou', title: 'ui_sessions_needsYou' },
  { group: 'running', title: 'ui_sessions_running' },
  { group: 'waiting', title: 'ui_sessions_waiting' },
  { group: 'ended', title: 'ui_sessions_ended' },
] as const

export const cardState = (session: SessionCardView): CardState =>
  session.group === 'waiting' ? 'asked' : session.group === 'needsYou' ? 'needsYou' : session.group

export function Sessions({ view }: { readonly view: View }) {
  const { sessions } = view
  const drawn = useDrawn(sessions.length)
  const groups = GROUPS.map((it) => ({ ...it, all: sessions.filter(({ group }) => group === it.group) }))
  const first = new Set(groups.flatMap(({ all }) => all).slice(0, drawn))
  const runs = sessions.some((session) => session.group === 'running')
  return (
    <main class="page">
      <header class="top">
        <IconButton icon="left" name={t('ui_back')} onPress={() => go('/')} look="back" />
        <Heading>{t('ui_sessions')}</Heading>
        {runs && <StopAll />}
      </header>
      <div class="body">
        <AfterStop />
        {sessions.length === 0 && <NoSession />}
        {groups.map(({ group, title, all }) => {
          const shown = all.filter((session) => first.has(session))
          return (
            shown.length > 0 && (
              <section key={group} aria-label={t(title)}>
                <h2 class="quiet-title">{t(title)}</h2>
                <ul class="stack gap8 cards">
                  {shown.map((session) => (
                    <li key={session.id}>
                      <ListCard session={session} />
                    </li>
                  ))}
                </ul>
              </section>
            )
          )
        })}
        <p class="note muted push foot">{t('ui_sessions_otherCopies')}</p>
      </div>
    </main>
  )
}

/** What fills a window at once, so that it is there at once; then the rest, twice as many each time. */
function useDrawn(all: number): number {
  const [drawn, setDrawn] = useState(24)
  useEffect(() => {
    if (drawn >= all) return
    const timer = setTimeout(() => setDrawn(drawn * 2))
    return () => clearTimeout(timer)
  }, [drawn, all])
  return drawn
}

function ListCard({ session }: { readonly session: SessionCardView }) {
  const state = cardState(session)
  const { tightest } = session
  const { rough, exact } = useTimes(session)
  return (
    <SessionCard
      cut={session.cut}
      size={tightest !== undefined || session.cause !== undefined ? 'list' : 'short'}
      state={state}
      life={session}
    >
      <div class="row gap12">
        <Badge tint={session.site.tint} initial={session.site.initial} size={32} />
        <div class="grow">
          <div class="row between wrap tight">
            <a class="strong stretch" href={`#/session/${session.id}`}>
              {session.site.host}
            </a>
            <span class="label num">{rough}</span>
          </div>
          <div class="row between wrap tight label muted">
            <span class="dots">
              <span>{session.account.name}</span>
              <span>
                {session.signsOnly ? t('policy_titleMessages') : plural('policy_actions_other', session.actions)}
              </span>
            </span>
            <span class="num">{exact}</span>
          </div>
        </div>
      </div>
      {session.cause !== undefined && (
        <div class="row wrap card-cause">
          {state === 'needsYou' && (
            <span class="warn">
              <Icon name="warn" size={16} />
            </span>
          )}
          <div class="grow label">
            <p class={state === 'needsYou' ? 'warn' : 'muted'}>{said(session.cause)}</p>
            {session.todo !== undefined && <p class="muted">{said(session.todo.line)}</p>}
          </div>
          {session.todo !== undefined && (
            <Button look="small above" onPress={() => go(`/session/${session.id}`)}>
              {t('ui_review')}
            </Button>
          )}
        </div>
      )}
      {tightest !== undefined && (
        <div class="card-meter">
          <Meter meter={tightest} />
        </div>
      )}
    </SessionCard>
  )
}

/** Follows the clock; drawn again only when the words are others. */
function useTimes(session: SessionCardView): ReturnType<typeof times> {
  const [rough, exact] = useMemo(
    () => [computed(() => times(session).rough), computed(() => times(session).exact)],
    [session],
  )
  return { rough: rough.value, exact: exact.value }
}

export function times(session: SessionCardView): { readonly rough: string; readonly exact: string } {
  if (session.group === 'ended') {
    const at = session.endedAt ?? Math.min(session.endsAt, clock.value)
    return { rough: ago(at), exact: t('ui_endedAt', { at: text(moment(at)) }) }
  }
  if (session.startsAt > clock.value)
    return { rough: t('ui_startsAt', { at: text(moment(session.startsAt)) }), exact: moment(session.endsAt) }
  return { rough: left(session.endsAt), exact: moment(session.endsAt) }
}

function NoSession() {
  return (
    <div class="empty">
      <svg width="120" height="84" viewBox="-1 -1 120 84" aria-hidden="true" class="outline">
        <path class="dash" d="M15 .75H107a11 11 0 0 1 11 11V71a11 11 0 0 1-11 11H12A11 11 0 0 1 .75 71" />
        <path class="key" d="M15 .75H12A11.25 11.25 0 0 0 .75 12V18l6 3v6l-4 2v6l6 3v6l-4 2v6l2 1v6l-6 3v5" />
      </svg>
      <h2 class="host">{t('ui_sessions_none')}</h2>
      <p class="muted">{t('ui_sessions_noneWhat')}</p>
    </div>
  )
}
