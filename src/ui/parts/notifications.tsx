import { useState } from 'preact/hooks'
import type { View } from '../../core/protocol/ui.ts'
import type { NotifyKind } from '../../core/records.ts'
import { useWallet } from '../client.ts'
import { t } from '../words.ts'
import { Switch } from './controls.tsx'
import { sentenceOf } from './fault.tsx'
import { toast } from './live.tsx'

const KINDS = [
  { kind: 'escape', name: 'ui_notify_escape' },
  { kind: 'request', name: 'ui_notify_request' },
  { kind: 'paused', name: 'ui_notify_paused' },
  { kind: 'limit', name: 'ui_notify_limit' },
  { kind: 'ending', name: 'ui_notify_ending' },
  { kind: 'sent', name: 'ui_notify_sent' },
] as const

/** What the browser may tell while nobody looks, each kind by itself; its own leave is asked with the first one. */
export function Notifications({ view }: { readonly view: View }) {
  const { ask } = useWallet()
  const [refused, setRefused] = useState(false)
  const chosen = view.notify ?? []
  const set = async (kind: NotifyKind, on: boolean) => {
    if (on && !(await isAllowed())) {
      setRefused(true)
      return
    }
    setRefused(false)
    const kinds = on ? [...chosen, kind] : chosen.filter((it) => it !== kind)
    await ask('setNotify', { kinds }).catch((error) => toast(sentenceOf(error)))
  }
  return (
    <>
      <p class="label muted">{t('ui_notify_what')}</p>
      {KINDS.map(({ kind, name }) => (
        <div key={kind} class="fact">
          <span class="grow">{t(name)}</span>
          <Switch name={t(name)} on={chosen.includes(kind)} onChange={(on) => void set(kind, on)} />
        </div>
      ))}
      {refused && (
        <p class="label warn" role="alert">
          {t('ui_notify_refused')}
        </p>
      )}
    </>
  )
}

/** Asked in the press itself: the browser wants a gesture. */
async function isAllowed(): Promise<boolean> {
  try {
    return await chrome.permissions.request({ permissions: ['notifications'] })
  } catch {
    return false
  }
}
