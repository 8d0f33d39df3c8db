import { useEffect, useRef, useState } from 'preact/hooks'
import type { ApprovalView, View } from '../../../core/protocol/ui.ts'
import { later } from '../../later.tsx'
import { Button } from '../../parts/controls.tsx'
import { t } from '../../words.ts'
import { Unlock } from '../unlock.tsx'
import { Approval, type ApprovalProps, CLOSE_AFTER, isAtWork } from './approval.tsx'
import { SessionRequest, sessionNamed } from './session.tsx'

// A session is what this window is first for; the others are read when one is asked.
const OtherApproval = later(() => import('./others.tsx').then((it) => it.OtherApproval))
const LimitsFirst = later(() => import('./limits-first.tsx').then((it) => it.LimitsFirst))

/** The approval window. What is shown is never replaced by another question; later ones only change "1 of n". */
export function Approvals({ view }: { readonly view: View }) {
  const { approvals } = view
  const [shownId, setShownId] = useState<string>()
  const [decided, setDecided] = useState<ReadonlySet<string>>(new Set())
  const [pressed, setPressed] = useState<ReadonlySet<string>>(new Set())
  const open = approvals.filter((approval) => !decided.has(approval.id) || isAtWork(approval))
  const shown = open.find((approval) => approval.id === shownId)
  // A worker that dies takes the answer to a press with it: what is no longer asked then was decided by it.
  const isOver = (id: string) => decided.has(id) || (pressed.has(id) && !approvals.some((it) => it.id === id))
  const gone = shownId !== undefined && !approvals.some((it) => it.id === shownId) && !isOver(shownId)
  useEffect(() => {
    if (shown === undefined && !gone) setShownId(open[0]?.id)
  }, [shown, gone, open[0]?.id])
  // The person asked for it from the question that is shown.
  const opened = useRef<ReadonlySet<string>>(new Set())
  const asked = open.find((approval) => isAskedHere(approval) && !opened.current.has(approval.id))
  useEffect(() => {
    if (asked === undefined) return
    opened.current = new Set([...opened.current, asked.id])
    setShownId(asked.id)
  }, [asked?.id])
  const wasLocked = useRef(false)
  if (view.lock !== 'unlocked') wasLocked.current = true
  const answered = decided.size > 0 || [...pressed].some(isOver) || wasLocked.current
  const finished = view.lock === 'unlocked' && open.length === 0 && view.waiting.length === 0 && answered
  useEffect(() => {
    if (!finished) return
    // A yes to connect, or an unlock, is often followed by the question itself: it comes into this window.
    const closing = setTimeout(() => window.close(), CLOSE_AFTER)
    return () => clearTimeout(closing)
  }, [finished])

  if (view.lock !== 'unlocked') return <Unlock view={view} inApproval />
  if (gone)
    return (
      <Notice
        title={t('ui_approve_gone')}
        what={t('ui_nothingSigned')}
        onClose={() => (open.length > 0 ? setShownId(open[0]?.id) : window.close())}
      />
    )
  if (shown === undefined && answered) return null
  if (shown === undefined)
    return <Notice title={t('ui_approve_none')} what={t('ui_approve_noneWhat')} onClose={() => window.close()} />
  const at = open.indexOf(shown)
  return (
    <Question
      key={shown.id}
      approval={shown}
      view={view}
      at={at}
      all={open.length}
      onTurn={(step) => setShownId(open[at + step]?.id)}
      onPressed={(ids) => setPressed(new Set([...pressed, ...ids]))}
      onDecided={(ids) => setDecided(new Set([...decided, ...ids]))}
      onLeave={() => {
        setDecided(new Set([...decided, shown.id]))
        setShownId(undefined)
      }}
    />
  )
}

function Question(props: ApprovalProps) {
  const { approval } = props
  if (approval.kind !== 'session') return <OtherApproval {...props} approval={approval} />
  if (approval.limitsUnread) return <LimitsFirst {...props} approval={approval} />
  return <Approval {...props} approval={approval} Body={SessionRequest} named={sessionNamed(approval)} />
}

const isAskedHere = (approval: ApprovalView) =>
  (approval.kind === 'session' && approval.sends !== undefined) ||
  (approval.kind === 'transaction' && approval.own !== undefined)

function Notice({
  title,
  what,
  onClose,
}: {
  readonly title: string
  readonly what: string
  readonly onClose: () => void
}) {
  return (
    <main class="page approval">
      <div class="body">
        <div class="empty">
          <h1 class="host">{title}</h1>
          <p class="muted">{what}</p>
          <Button onPress={onClose}>{t('ui_close')}</Button>
        </div>
      </div>
    </main>
  )
}
