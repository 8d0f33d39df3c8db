import { useState } from 'preact/hooks'
import type { View } from '../../core/protocol/ui.ts'
import { count, text } from '../../core/words.ts'
import { useWallet } from '../client.ts'
import { Button, PasswordField } from '../parts/controls.tsx'
import { sentenceOf } from '../parts/fault.tsx'
import { Mark } from '../parts/icons.tsx'
import { Heading } from '../parts/live.tsx'
import { SessionCard } from '../parts/session-card.tsx'
import { StopAll } from '../parts/stop-all.tsx'
import { Badge } from '../parts/text.tsx'
import { clock, moment, plural, t } from '../words.ts'

/** Says what waits, before it asks for the password. */
export function Unlock({ view, inApproval = false }: { readonly view: View; readonly inApproval?: boolean }) {
  const { ask } = useWallet()
  const [password, setPassword] = useState('')
  const [busy, setBusy] = useState(false)
  const [wrong, setWrong] = useState<string>()
  const [forgot, setForgot] = useState(false)
  const until = view.lockout?.until
  const mustWait = until !== undefined && until > clock.value
  const [first] = view.waiting

  const unlock = async () => {
    if (busy || mustWait || password === '') return
    setBusy(true)
    setWrong(undefined)
    try {
      await ask('unlock', { password })
    } catch (error) {
      setWrong(sentenceOf(error))
      setBusy(false)
    } finally {
      setPassword('')
    }
  }
  return (
    <main class="page">
      <div class="unlock">
        <div class="lead-in">
          <Mark size={42} />
          <Heading>{t(view.lock === 'asleep' ? 'ui_unlock_asleep' : 'ui_unlock_locked')}</Heading>
          {first !== undefined && (
            <p class="row wrap muted">
              <Badge tint={first.tint ?? 2} initial={first.host.slice(0, 1).toUpperCase()} size={24} />
              {view.waiting.length === 1
                ? t('ui_unlock_asks', { host: text(first.host) })
                : t('ui_unlock_asksMore', { host: text(first.host), n: count(view.waiting.length) })}
            </p>
          )}
        </div>
        <PasswordField
          value={password}
          focus
          wrong={mustWait ? t('ui_unlock_wait', { until: text(moment(until)) }) : wrong}
          onInput={(value) => {
            setPassword(value)
            setWrong(undefined)
          }}
          onEnter={() => void unlock()}
        />
        {!mustWait && wrong !== undefined && view.lockout !== undefined && (
          <p class="label muted" role="status">
            {plural('ui_unlock_triesLeft_other', view.lockout.left)}
          </p>
        )}
        <Button look="tall main" busy={busy} off={mustWait} onPress={() => void unlock()}>
          {t(busy ? 'ui_unlocking' : 'ui_unlock')}
        </Button>
        <button type="button" class="plain center" aria-expanded={forgot} onClick={() => setForgot(!forgot)}>
          {t('ui_unlock_forgot')}
        </button>
        {forgot && <p class="label muted">{t('ui_unlock_forgotWhat')}</p>}
        <div class="push">
          {view.lock === 'asleep' ? (
            <p class="label muted">{t('ui_unlock_sleep')}</p>
          ) : view.strip !== undefined && view.strip.running > 0 ? (
            <SessionCard cut={view.strip.cut} size="line" state="running" life={view.strip}>
              <div class="row between">
                <span>{plural('ui_unlock_running_other', view.strip.running)}</span>
                <StopAll />
              </div>
            </SessionCard>
          ) : (
            inApproval && <p class="label muted">{t('ui_unlock_inApproval')}</p>
          )}
        </div>
      </div>
    </main>
  )
}
