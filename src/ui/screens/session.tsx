import { useEffect, useState } from 'preact/hooks'
import type { ActivityView, Edits, SessionView, View } from '../../core/protocol/ui.ts'
import { count, line, text } from '../../core/words.ts'
import { useWallet } from '../client.ts'
import { useActs } from '../parts/act.ts'
import { LogRow } from '../parts/activity.tsx'
import { Button, IconButton, Picker, Switch } from '../parts/controls.tsx'
import { Facts, FoldedDetails, Group, Limit, Lines, Risks, Rules } from '../parts/facts.tsx'
import { sentenceOf } from '../parts/fault.tsx'
import { Icon } from '../parts/icons.tsx'
import { announce, Heading, toast } from '../parts/live.tsx'
import { Meter } from '../parts/meter.tsx'
import { SessionCard } from '../parts/session-card.tsx'
import { Badge, Circle, Quote, Sentence, ShortAddress } from '../parts/text.tsx'
import { networkName } from '../parts/who.tsx'
import { go } from '../route.ts'
import { clock, said, t } from '../words.ts'
import { EndDate } from './approve/session.tsx'
import { cardState, times } from './sessions.tsx'

const STATES = {
  needsYou: 'ui_state_paused',
  running: 'ui_state_running',
  waiting: 'ui_state_waiting',
  ended: 'ui_state_ended',
} as const

export function Session({ view, id }: { readonly view: View; readonly id: string }) {
  const session = view.sessions.find((it) => it.id === id)
  if (session === undefined)
    return (
      <main class="page">
        <Top account={undefined} network={undefined} />
        <div class="body">
          <div class="empty">
            <h2 class="host">{t('ui_session_unknown')}</h2>
            <p class="muted">{t('ui_session_unknownWhat')}</p>
          </div>
        </div>
      </main>
    )
  return (
    <main class="page">
      <Top account={session.account.name} network={networkName(view, session.network)} />
      <Whole view={view} id={id} />
    </main>
  )
}

function Top({ account, network }: { readonly account: string | undefined; readonly network: string | undefined }) {
  return (
    <header class="top">
      <IconButton icon="left" name={t('ui_back')} onPress={() => go('/sessions')} look="back" />
      <Heading>{t('ui_session')}</Heading>
      {account !== undefined && (
        <span class="row">
          <Circle name={account} />
          <span>{account}</span>
        </span>
      )}
      {network !== undefined && (
        <span class="pill still">
          <span class="dot" aria-hidden="true" />
          {network}
        </span>
      )}
    </header>
  )
}

/** Read again with each change: until the first answer the page has its title alone. */
function Whole({ view, id }: { readonly view: View; readonly id: string }) {
  const { ask } = useWallet()
  const [session, setSession] = useState<SessionView>()
  useEffect(() => {
    let current = true
    ask('session', { id }).then(
      (found) => current && setSession(found),
      (error) => current && toast(sentenceOf(error)),
    )
    return () => {
      current = false
    }
  }, [id, view])
  return session?.id === id ? <Detail session={session} view={view} /> : null
}

function Detail({ session, view }: { readonly session: SessionView; readonly view: View }) {
  const { ask } = useWallet()
  const [narrowing, setNarrowing] = useState(false)
  const ended = session.group === 'ended'
  useLooking(session.id, ended)
  const running = session.group === 'running'
  const { isDoing, run } = useActs<'resume' | 'pause' | 'rotate' | 'renew' | 'restore' | 'end'>()
  const { id } = session
  // Each change counts: none is left out because the one before is still under way.
  const narrow = (edits: Edits) =>
    void ask('narrowSession', { id, edits }).then(
      () => announce(t('ui_saved')),
      (error) => toast(sentenceOf(error)),
    )
  const renew = (
    <Button look="equal" busy={isDoing('renew')} onPress={() => void run('renew', () => ask('renewSession', { id }))}>
      {t('ui_renew')}
    </Button>
  )
  return (
    <div class="body">
      <Head session={session} view={view} />
      {session.cause !== undefined && (
        <div class={`row section paused-why ${session.group === 'needsYou' ? 'warn' : 'muted'}`}>
          <Icon name={session.group === 'needsYou' ? 'warn' : 'info'} size={18} />
          <div class="grow" role="status">
            <p>{said(session.cause)}</p>
            {session.todo !== undefined && <p class="muted">{said(session.todo.line)}</p>}
          </div>
          <Begin session={session} />
        </div>
      )}
      {session.seen !== undefined && (
        <p class={`row label ${session.seen.level === 'warn' ? 'warn' : 'muted'}`} role="status">
          <Icon name={session.seen.level === 'warn' ? 'warn' : 'info'} size={16} />
          <span class="grow">{said(session.seen.line)}</span>
        </p>
      )}
      {!ended && (
        <div class="row wrap session-acts">
          {session.status === 'paused' || !running ? (
            <Button
              icon="play"
              off={!session.canResume}
              busy={isDoing('resume')}
              onPress={() => void run('resume', () => ask('resumeSession', { id }), t('ui_state_running'))}
            >
              {t('ui_resume')}
            </Button>
          ) : (
            <Button
              icon="pause"
              busy={isDoing('pause')}
              onPress={() => void run('pause', () => ask('pauseSession', { id }), t('ui_state_paused'))}
            >
              {t('ui_pause')}
            </Button>
          )}
          <Button look="equal" onPress={() => setNarrowing(!narrowing)}>
            {t(narrowing ? 'ui_narrow_done' : 'ui_narrow')}
          </Button>
          {session.canRotate && (
            <Button
              look="equal"
              busy={isDoing('rotate')}
              onPress={() => void run('rotate', () => ask('rotateSession', { id }))}
            >
              {t('ui_rotate')}
            </Button>
          )}
          {session.canRenew && renew}
          {session.canRestore && (
            <Button
              look="equal"
              busy={isDoing('restore')}
              onPress={() => void run('restore', () => ask('restoreSession', { id }), t('ui_saved'))}
            >
              {t('ui_unnarrow')}
            </Button>
          )}
          <span class="grow" />
          <button
            type="button"
            class="plain danger"
            onClick={() => void run('end', () => ask('endSession', { id, onChain: false }), t('ui_state_ended'))}
          >
            {t('ui_endSession')}
          </button>
        </div>
      )}
      {ended && session.canRenew && <div class="row wrap session-acts">{renew}</div>}
      {session.left.length > 0 && <Left session={session} newest={view.activity[0]} />}
      <OnChain session={session} />
      {session.meters.length > 0 && (
        <section class="section">
          <h2>{t('ui_used')}</h2>
          <ul class="meters">
            {session.meters.map((meter) => (
              <li key={meter.id}>
                <span class="label muted">{said(meter.title)}</span>
                <Meter meter={meter} still={!running} over={ended} />
              </li>
            ))}
          </ul>
        </section>
      )}
      <section class="section">
        <h2>{t('ui_allowed')}</h2>
        <Facts>
          {narrowing && !ended && (
            <Group name={t('ui_ends')}>
              <EndDate
                min={clock.value + 120}
                max={session.endsAt}
                chosen={session.endsAt}
                onSet={(validUntil) => narrow({ validUntil })}
              />
            </Group>
          )}
          {session.can.length > 0 && (
            <Group name={t('ui_can')}>
              <Rules
                rules={session.can}
                {...(ended ? {} : { onSwitch: (id: string, on: boolean) => narrow({ rules: { [id]: on } }) })}
              />
            </Group>
          )}
          {session.limits.length > 0 && (
            <Group name={t('ui_limits')}>
              {session.limits.map((limit) => (
                <Limit
                  key={limit.id}
                  limit={limit}
                  onEdit={
                    narrowing && !ended
                      ? (limits) => narrow({ limits: limits as NonNullable<Edits['limits']> })
                      : undefined
                  }
                />
              ))}
            </Group>
          )}
          <Group name={t('ui_cannot')}>
            <Lines lines={session.cannot.map(said)} />
          </Group>
          <Group name={t('ui_held')}>
            <Lines lines={session.held.map(said)} />
            {!ended && (
              <div class="fact">
                <span class="grow">{t('ui_runsWhileLocked')}</span>
                <Switch
                  name={t('ui_runsWhileLocked')}
                  on={session.runWhileLocked}
                  onChange={(runWhileLocked) => narrow({ runWhileLocked })}
                />
              </div>
            )}
          </Group>
          {session.quotes.length > 0 && (
            <Group name={t('ui_siteSays')}>
              {session.quotes.map((quote) => (
                <p key={quote} class="fact">
                  <Quote text={quote} />
                </p>
              ))}
            </Group>
          )}
        </Facts>
        {!ended && <Risks risks={session.risks} />}
      </section>
      <Log session={session} view={view} />
      <Facts>
        <FoldedDetails hint={t('ui_session_detailHint')} facts={session.details} />
      </Facts>
    </div>
  )
}

/** Half of the minute in which its page is to say what has changed (approval-ux.md 17): the node takes its time too. */
const LOOK_EVERY_MS = 30_000

/** On open, at the end and while somebody sees it, the chain is asked what it knows of the session. */
function useLooking(id: string, ended: boolean): void {
  const { ask } = useWallet()
  useEffect(() => {
    const look = () => {
      // What a silent node means is said on the page.
      if (document.visibilityState === 'visible') ask('lookSession', { id }).catch(() => undefined)
    }
    look()
    const timer = setInterval(look, LOOK_EVERY_MS)
    document.addEventListener('visibilitychange', look)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', look)
    }
  }, [id, ended])
}

/** It spends nothing more, and what it let others take is not over: that it is all done would be untrue. */
const isLeftOver = ({ worst, left }: SessionView): boolean => worst.key === 'policy_leftNothing' && left.length > 0

function Head({ session, view }: { readonly session: SessionView; readonly view: View }) {
  const { rough, exact } = times(session)
  return (
    <SessionCard cut={session.cut} size="detail" state={cardState(session)} life={session}>
      <div class="row wrap gap12">
        <Badge tint={session.site.tint} initial={session.site.initial} />
        <div class="grow">
          <p class="host">{session.site.host}</p>
          <p class="label muted">
            {session.account.name}{' '}
            <span class="dots">
              <ShortAddress address={session.account.address} />
              <span>{networkName(view, session.network)}</span>
            </span>
          </p>
        </div>
        <span class={`state ${cardState(session)}`}>
          <span class="dot still" aria-hidden="true" />
          {t(STATES[session.group])}
        </span>
      </div>
      <div class="head-figures">
        <p class="worst-left">
          <Sentence line={isLeftOver(session) ? line('ui_session_leftOver') : session.worst} />
        </p>
        <div>
          <p class="label muted num">{session.group === 'ended' ? exact : t('ui_endsAt', { at: text(exact) })}</p>
          <p class="big strong num">{rough}</p>
        </div>
      </div>
    </SessionCard>
  )
}

/** Where what can be done about a pause is done, when that is another page. */
function Begin({ session: { todo, account } }: { readonly session: SessionView }) {
  if (todo?.opens === undefined) return null
  const [name, path] =
    todo.opens === 'account' ? [t('ui_account_open'), `/account/${account.address}`] : [t('ui_networks'), '/networks']
  return (
    <Button look="small" onPress={() => go(path)}>
      {name}
    </Button>
  )
}

/** Here and on the chain are two things: each says where it stands. */
function OnChain({ session }: { readonly session: SessionView }) {
  const { ask } = useWallet()
  const { isDoing, run } = useActs<'end'>()
  const { onChain } = session
  if (onChain === undefined) return null
  const offers = onChain.state === 'offered' || onChain.state === 'failed'
  return (
    <section class="panel section" aria-label={t('ui_onChain')}>
      <div class="grow stack gap8">
        <p role="status">{said(onChain.line)}</p>
        {onChain.hash !== undefined && <p class="mono note">{onChain.hash}</p>}
        {offers && (
          <div class="row">
            <Button
              look="small"
              {...(onChain.state === 'failed' ? { icon: 'retry' as const } : {})}
              busy={isDoing('end')}
              onPress={() => void run('end', () => ask('endSession', { id: session.id, onChain: true }))}
            >
              {t(onChain.state === 'failed' ? 'ui_retry' : 'ui_endOnChain')}
            </Button>
          </div>
        )}
      </div>
    </section>
  )
}

/** Allowances outlive the session that let them be given. */
function Left({ session, newest }: { readonly session: SessionView; readonly newest: ActivityView | undefined }) {
  const { ask } = useWallet()
  const { isDoing, run } = useActs<'takeBack'>()
  // What the person just sent may have changed it.
  useEffect(() => {
    ask('lookSession', { id: session.id }).catch(() => undefined)
  }, [newest?.id, newest?.state])
  return (
    <section class="panel section" aria-label={t('ui_leftToOthers')}>
      <div class="grow stack gap8">
        {session.left.map((left, index) => (
          <p key={index} class="row warn">
            <Icon name="warn" size={18} />
            <span class="grow">
              <Sentence line={left} />
            </span>
          </p>
        ))}
        <div class="row">
          <Button
            look="small"
            busy={isDoing('takeBack')}
            onPress={() => void run('takeBack', () => ask('takeBack', { id: session.id }))}
          >
            {t('ui_takeBack')}
          </Button>
        </div>
      </div>
    </section>
  )
}

function Log({ session, view }: { readonly session: SessionView; readonly view: View }) {
  const { ask } = useWallet()
  const [only, setOnly] = useState<'all' | 'refused'>('all')
  const [log, setLog] = useState<readonly ActivityView[]>()
  useEffect(() => {
    let current = true
    ask('sessionLog', { id: session.id }).then(
      ({ rows }) => current && setLog(rows),
      (error) => current && toast(sentenceOf(error)),
    )
    return () => {
      current = false
    }
  }, [session.id, view])
  const refused = (log ?? []).filter((row) => row.state === 'refused')
  const rows = only === 'all' ? log : refused
  return (
    <section class="section log">
      <div class="row between wrap">
        <h2>{t('ui_log')}</h2>
        {refused.length > 0 && (
          <Picker
            name={t('ui_log')}
            options={[
              { value: 'all', label: t('ui_log_all') },
              { value: 'refused', label: t('ui_log_refused', { n: count(refused.length) }) },
            ]}
            chosen={only}
            onChoose={setOnly}
          />
        )}
      </div>
      {rows === undefined ? null : rows.length === 0 ? (
        <p class="label muted">{t('ui_log_none')}</p>
      ) : (
        <ul>
          {rows.map((row) => (
            <LogRow key={row.id} row={row} />
          ))}
        </ul>
      )}
    </section>
  )
}
