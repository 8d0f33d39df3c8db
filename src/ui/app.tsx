import { useEffect, useRef, useState } from 'preact/hooks'
import type { View } from '../core/protocol/ui.ts'
import { useWallet } from './client.ts'
import { later } from './later.tsx'
import { FaultPage, Guard } from './parts/fault.tsx'
import { LiveRegions, toast } from './parts/live.tsx'
import { go, path } from './route.ts'
import { StartInTab } from './screens/start-in-tab.tsx'
import { Unlock } from './screens/unlock.tsx'
import { said, t } from './words.ts'

const Approvals = later(() => import('./screens/approve/frame.tsx').then((it) => it.Approvals))
const Home = later(() => import('./screens/home.tsx').then((it) => it.Home))
const Accounts = later(() => import('./screens/accounts.tsx').then((it) => it.Accounts))
const Bring = later(() => import('./screens/import.tsx').then((it) => it.Bring))
const Account = later(() => import('./screens/account.tsx').then((it) => it.Account))
const EscapeAlarm = later(() => import('./screens/escape.tsx').then((it) => it.EscapeAlarm))
const Session = later(() => import('./screens/session.tsx').then((it) => it.Session))
const Sessions = later(() => import('./screens/sessions.tsx').then((it) => it.Sessions))
const Settings = later(() => import('./screens/settings.tsx').then((it) => it.Settings))
const PhraseAgain = later(() => import('./screens/phrase-again.tsx').then((it) => it.PhraseAgain))
const Security = later(() => import('./screens/security.tsx').then((it) => it.Security))
const ChangePassword = later(() => import('./screens/ways-in.tsx').then((it) => it.ChangePassword))
const AddPasskey = later(() => import('./screens/ways-in.tsx').then((it) => it.AddPasskey))
const SaveBackup = later(() => import('./screens/backup-file.tsx').then((it) => it.SaveBackup))
const CheckFile = later(() => import('./screens/backup-file.tsx').then((it) => it.CheckFile))
const Erase = later(() => import('./screens/erase.tsx').then((it) => it.Erase))
const Forgot = later(() => import('./screens/restore.tsx').then((it) => it.Forgot))
const Recovery = later(() => import('./screens/recovery.tsx').then((it) => it.Recovery))
const Activity = later(() => import('./screens/activity.tsx').then((it) => it.Activity))
const ActivityPage = later(() => import('./screens/activity.tsx').then((it) => it.ActivityPage))
const Receive = later(() => import('./screens/receive.tsx').then((it) => it.Receive))
const Send = later(() => import('./screens/send.tsx').then((it) => it.Send))
const Tokens = later(() => import('./screens/tokens.tsx').then((it) => it.Tokens))
const AddNetwork = later(() => import('./screens/networks.tsx').then((it) => it.AddNetwork))
const Contacts = later(() => import('./screens/contacts.tsx').then((it) => it.Contacts))
const Network = later(() => import('./screens/networks.tsx').then((it) => it.Network))
const Networks = later(() => import('./screens/networks.tsx').then((it) => it.Networks))
const Site = later(() => import('./screens/sites.tsx').then((it) => it.Site))
const Sites = later(() => import('./screens/sites.tsx').then((it) => it.Sites))
const Welcome = later(() => import('./screens/welcome.tsx').then((it) => it.Welcome))

export type Surface = 'popup' | 'window' | 'tab'

/** While the worker makes its first View: the window needs approvals first, popup and tab their home. */
export const readAhead = (surface: Surface): void => (surface === 'window' ? Approvals : Home).ahead()

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
  const { view: current, line, failure, damage, retry } = useWallet()
  // Its last page comes after the wallet exists, and may be left before its View is here.
  const [starting, setStarting] = useState<'no' | 'yes' | 'left'>('no')
  // Past the alarm, to the password.
  const [passing, setPassing] = useState(false)
  const view = current.value
  const at = path.value
  useToasts(view)
  if (damage.value !== undefined)
    return (
      <Recovery
        failure={damage.value}
        onDone={() => {
          retry()
          go('/')
        }}
      />
    )
  if (view === undefined) {
    if (failure.value !== undefined)
      return <FaultPage title={said(failure.value.line)} what={t('ui_nothingSigned')} onRetry={retry} />
    return line.value === 'lost' ? <FaultPage title={t('ui_reconnecting')} onRetry={() => location.reload()} /> : null
  }
  if (surface === 'window') return <Approvals view={view} />
  if (view.lock === 'new' || starting === 'yes') {
    if (surface === 'popup') return <StartInTab />
    if (starting === 'no') setStarting('yes')
    return (
      <Welcome
        onDone={() => {
          setStarting('left')
          go('/')
        }}
      />
    )
  }
  if (starting === 'left') setStarting('no')
  // Its last page comes after the wallet is open again.
  if (at === '/forgot' && surface === 'tab')
    return (
      <Forgot
        {...(view.lock === 'unlocked' ? {} : { checked: view.backupChecked })}
        onBack={() => go('/')}
        onDone={() => go('/')}
      />
    )
  const alarm = view.alarms?.find(({ quiet }) => !quiet || at === '/escape')
  if (alarm !== undefined && !(passing && view.lock !== 'unlocked'))
    return <EscapeAlarm view={view} alarm={alarm} onUnlock={() => setPassing(true)} />
  if (view.lock !== 'unlocked') return <Unlock view={view} />
  if (at.startsWith('/account/')) return <Account view={view} address={at.slice('/account/'.length)} />
  if (at.startsWith('/session/')) return <Session view={view} id={at.slice('/session/'.length)} />
  if (at.startsWith('/activity/'))
    return <ActivityPage view={view} id={decodeURIComponent(at.slice('/activity/'.length))} />
  if (at.startsWith('/network/')) return <Network view={view} id={at.slice('/network/'.length)} />
  if (at.startsWith('/site/')) return <Site view={view} origin={siteOf(at)} />
  switch (at) {
    case '/accounts':
      return <Accounts view={view} />
    case '/import':
      return <Bring view={view} />
    case '/send':
      return <Send view={view} />
    case '/receive':
      return <Receive view={view} />
    case '/activity':
      return <Activity view={view} />
    case '/tokens':
      return <Tokens view={view} />
    case '/networks':
      return <Networks view={view} />
    case '/network-add':
      return <AddNetwork />
    case '/sites':
      return <Sites view={view} />
    case '/contacts':
      return <Contacts view={view} />
    case '/sessions':
      return <Sessions view={view} />
    case '/settings':
      return <Settings view={view} />
    case '/security':
      return <Security view={view} />
    case '/password':
      return <ChangePassword />
    case '/passkey':
      return <AddPasskey view={view} />
    case '/save-backup':
      return <SaveBackup />
    case '/check-file':
      return <CheckFile />
    case '/erase':
      return <Erase checked={view.backupChecked} />
    case '/phrase':
      return <PhraseAgain key="reveal" check={false} />
    case '/backup':
      return <PhraseAgain key="check" check />
    default:
      return <Home view={view} />
  }
}

/** A page's address is typed by anybody: what cannot be read is no site. */
function siteOf(at: string): string {
  try {
    return decodeURIComponent(at.slice('/site/'.length))
  } catch {
    return ''
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
