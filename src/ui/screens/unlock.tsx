import { useState } from 'preact/hooks'
import type { Proof, View } from '../../core/protocol/ui.ts'
import { count, text } from '../../core/words.ts'
import { useWallet } from '../client.ts'
import { Button, PasswordField } from '../parts/controls.tsx'
import { sentenceOf } from '../parts/fault.tsx'
import { Mark } from '../parts/icons.tsx'
import { Heading } from '../parts/live.tsx'
import { PasskeyButton, usePasskeys } from '../parts/proof.tsx'
import { SessionCard } from '../parts/session-card.tsx'
import { StopAll } from '../parts/stop-all.tsx'
import { Badge } from '../parts/text.tsx'
import { go } from '../route.ts'
import { clock, moment, plural, t } from '../words.ts'

/** Says what waits, before it asks for the password. */
export function Unlock({ view, inApproval = false }: { readonly view: View; readonly inApproval?: boolean }) {
  const { ask } = useWallet()
  const [password, setPassword] = useState('')
  const [busy, setBusy] = useState(false)
  const [wrong, setWrong] = useState<string>()
  const passkeys = usePasskeys()
  const until = view.lockout?.until
  const mustWait = until !== undefined && until > clock.value
  const [first] = view.waiting
  const hasPasskeysElsewhere = passkeys.length === 0 && (view.passkeys ?? []).length > 0

  const unlock = async (proof: Proof) => {
    if (busy || proof === '' || (mustWait && typeof proof === 'string')) return
    setBusy(true)
    setWrong(undefined)
    try {
      await ask('unlock', { password: proof })
    } catch (error) {
      setWrong(sentenceOf(error))
      setBusy(false)
    } finally {
      setPassword('')
    }
  }
  const forgot = () => {
    if (document.documentElement.dataset.surface === 'tab') go('/forgot')
    else
      ask('openTab', { path: '/forgot' }).then(
        () => inApproval || window.close(),
        () => undefined,
      )
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
          onEnter={() => void unlock(password)}
        />
        {!mustWait && wrong !== undefined && view.lockout !== undefined && (
          <p class="label muted" role="status">
            {plural('ui_unlock_triesLeft_other', view.lockout.left)}
          </p>
        )}
        <Button look="tall main" busy={busy} off={mustWait} onPress={() => void unlock(password)}>
          {t(busy ? 'ui_unlocking' : 'ui_unlock')}
        </Button>
        {passkeys.length > 0 && (
          <PasskeyButton look="tall" passkeys={passkeys} onProof={(proof) => void unlock(proof)} />
        )}
        {hasPasskeysElsewhere && (
          <Button look="tall" icon="key" onPress={() => void ask('openTab', { path: '/' }).then(() => window.close())}>
            {t('ui_passkey_inTab')}
          </Button>
        )}
        <button type="button" class="plain center" onClick={forgot}>
          {t('ui_unlock_forgot')}
        </button>
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
