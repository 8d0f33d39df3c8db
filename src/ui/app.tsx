import { useEffect, useRef, useState } from 'preact/hooks'
import type { View } from '../core/protocol/ui.ts'
import { useWallet } from './client.ts'
import { FaultPage, Guard } from './parts/fault.tsx'
import { LiveRegions, toast } from './parts/live.tsx'
import { go, path } from './route.ts'
import { Approvals } from './screens/approve/frame.tsx'
import { Home } from './screens/home.tsx'
import { Session } from './screens/session.tsx'
import { Sessions } from './screens/sessions.tsx'
import { PhraseAgain, Settings } from './screens/settings.tsx'
import { Unlock } from './screens/unlock.tsx'
import { StartInTab, Welcome } from './screens/welcome.tsx'
import { said, t } from './words.ts'

export type Surface = 'popup' | 'window' | 'tab'

export function App({ surface }: { readonly surface: Surface }) {
  return (
    <Guard>
      <Screen surface={surface} />
      <LiveRegions />
    </Guard>
  )
}

/** The View decides; the address only says which part of it is looked at. */
function Screen({ surface }: { readonly surface: Surface }) {
  const { view: current, line, failure, retry } = useWallet()
  // Its last page comes after the wallet exists.
  const [starting, setStarting] = useState(false)
  const view = current.value
  const at = path.value
  useToasts(view)
  if (view === undefined) {
    if (failure.value !== undefined)
      return <FaultPage title={said(failure.value.line)} what={t('ui_nothingSigned')} onRetry={retry} />
    return line.value === 'lost' ? <FaultPage title={t('ui_reconnecting')} onRetry={() => location.reload()} /> : null
  }
  if (surface === 'window') return <Approvals view={view} />
  if (view.lock === 'new' || starting) {
    if (surface === 'popup') return <StartInTab />
    if (!starting) setStarting(true)
    return (
      <Welcome
        onDone={() => {
          setStarting(false)
          go('/')
        }}
      />
    )
  }
  if (view.lock !== 'unlocked') return <Unlock view={view} />
  if (at.startsWith('/session/')) return <Session view={view} id={at.slice('/session/'.length)} />
  switch (at) {
    case '/sessions':
      return <Sessions view={view} />
    case '/settings':
      return <Settings view={view} />
    case '/phrase':
      return <PhraseAgain key="reveal" check={false} />
    case '/backup':
      return <PhraseAgain key="check" check />
    default:
      return <Home view={view} />
  }
}

/** What a site does to its sessions while somebody looks; what lies before that stands in the activity. */
function useToasts(view: View | undefined): void {
  const seen = useRef<ReadonlySet<string> | undefined>(undefined)
  useEffect(() => {
    if (view === undefined || view.lock !== 'unlocked') return
    const before = seen.current
    seen.current = new Set(view.activity.map(({ id }) => id))
    const fresh = view.activity.find((row) => row.toast !== undefined && before?.has(row.id) === false)
    if (fresh?.toast !== undefined) toast(said(fresh.toast))
  }, [view])
}
