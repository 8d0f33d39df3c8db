import { useState } from 'preact/hooks'
import type { VerbError } from '../../core/protocol/ui.ts'
import { useWallet } from '../client.ts'
import { useAct } from '../parts/act.ts'
import { Button, PasswordField } from '../parts/controls.tsx'
import { Fault, sentenceOf } from '../parts/fault.tsx'
import { saveFile } from '../parts/file.tsx'
import { Heading, toast } from '../parts/live.tsx'
import { said, t } from '../words.ts'
import { Forgot } from './restore.tsx'

/** What is stored is damaged, older or newer than this version: what a person can still do, and nothing by itself. */
export function Recovery({ failure, onDone }: { readonly failure: VerbError; readonly onDone: () => void }) {
  const { ask } = useWallet()
  const act = useAct()
  const [password, setPassword] = useState('')
  const [anew, setAnew] = useState(false)
  const [missing, setMissing] = useState<readonly string[]>()
  if (anew) return <Forgot onBack={() => setAnew(false)} onDone={onDone} />
  if (missing !== undefined)
    return (
      <main class="page">
        <header class="top">
          <Heading>{t('ui_recovery_goOn')}</Heading>
        </header>
        <div class="body">
          <Fault title={t('ui_recovery_missing')}>
            <ul class="stack gap4">
              {missing.map((name) => (
                <li key={name}>{name}</li>
              ))}
            </ul>
            <p>{t('ui_recovery_missingWhat')}</p>
          </Fault>
          <section class="section stack">
            <Button look="main tall" onPress={onDone}>
              {t('ui_goOn')}
            </Button>
          </section>
        </div>
      </main>
    )
  const inPopup = document.documentElement.dataset.surface === 'popup'
  const save = async () => {
    try {
      saveFile(await ask('exportSealed', null))
      toast(t('ui_recovery_saved'))
    } catch (error) {
      toast(sentenceOf(error))
    }
  }
  const goOn = () =>
    act.run(async () => {
      const { missing } = await ask('goOnWithout', { password })
      if (missing.length > 0) setMissing(missing)
      else onDone()
    }, setPassword)
  return (
    <main class="page">
      <header class="top">
        <Heading>{t('ui_recovery_title')}</Heading>
      </header>
      <div class="body">
        <Fault title={said(failure.line)}>
          <p>{t('ui_fault_phraseHelps')}</p>
          <span>
            <Button look="small" icon="retry" onPress={onDone}>
              {t('ui_retry')}
            </Button>
          </span>
        </Fault>
        {inPopup ? (
          <section class="section">
            <Button look="main tall" onPress={() => void ask('openTab', { path: '/' }).then(() => window.close())}>
              {t('ui_start_open')}
            </Button>
          </section>
        ) : (
          <>
            <section class="section stack gap8">
              <h2>{t('ui_recovery_save')}</h2>
              <p class="label muted">{t('ui_recovery_saveWhat')}</p>
              <span>
                <Button onPress={() => void save()}>{t('ui_recovery_save')}</Button>
              </span>
            </section>
            {failure.line.key === 'err_damagedRow' && (
              <section class="section stack gap8">
                <h2>{t('ui_recovery_goOn')}</h2>
                <p class="label muted">{t('ui_recovery_goOnWhat')}</p>
                <PasswordField
                  value={password}
                  wrong={act.failure}
                  onInput={(value) => {
                    setPassword(value)
                    act.clear()
                  }}
                  onEnter={() => void goOn()}
                />
                <span>
                  <Button busy={act.busy} off={password === ''} onPress={() => void goOn()}>
                    {t('ui_recovery_goOn')}
                  </Button>
                </span>
              </section>
            )}
            <section class="section stack gap8">
              <h2>{t('ui_recovery_anew')}</h2>
              <p class="label muted">{t('ui_recovery_anewWhat')}</p>
              <span>
                <Button onPress={() => setAnew(true)}>{t('ui_recovery_anew')}</Button>
              </span>
            </section>
          </>
        )}
      </div>
    </main>
  )
}
