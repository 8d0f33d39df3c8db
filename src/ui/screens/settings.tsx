import { useState } from 'preact/hooks'
import type { View } from '../../core/protocol/ui.ts'
import type { MessageKey } from '../../core/words.ts'
import { text } from '../../core/words.ts'
import { useWallet } from '../client.ts'
import { Button, IconButton, PasswordField, Picker } from '../parts/controls.tsx'
import { sentenceOf } from '../parts/fault.tsx'
import { Heading, toast } from '../parts/live.tsx'
import { Phrase } from '../parts/phrase.tsx'
import { Badge } from '../parts/text.tsx'
import { go } from '../route.ts'
import { plural, said, t } from '../words.ts'
import { Verify } from './create.tsx'

const THEMES = [
  { value: 'system', key: 'ui_theme_system' },
  { value: 'light', key: 'ui_theme_light' },
  { value: 'dark', key: 'ui_theme_dark' },
] as const
const MINUTES = [1, 5, 15, 30, 60] as const
const AT_CLOSE = 0

/** security.md 15: what the wallet cannot see or promise. */
const CANNOT: readonly MessageKey[] = [
  'ui_about_twoKeys',
  'ui_about_chainHolds',
  'ui_about_takeover',
  'ui_about_contracts',
  'ui_about_sites',
  'ui_about_node',
  'ui_about_ending',
  'ui_about_late',
  'ui_about_copies',
  'ui_about_unlocked',
  'ui_about_profile',
  'ui_about_visible',
  'ui_about_audit',
]

export function Settings({ view }: { readonly view: View }) {
  const { ask } = useWallet()
  const told = (error: unknown) => toast(sentenceOf(error))
  const autoLock = view.autoLock === undefined ? undefined : view.autoLock === null ? AT_CLOSE : view.autoLock / 60
  return (
    <main class="page">
      <header class="top">
        <IconButton icon="left" name={t('ui_back')} onPress={() => go('/')} look="back" />
        <Heading>{t('ui_settings')}</Heading>
      </header>
      <div class="body">
        <section class="stack gap8">
          <h2>{t('ui_theme')}</h2>
          <span>
            <Picker
              name={t('ui_theme')}
              options={THEMES.map(({ value, key }) => ({ value, label: t(key) }))}
              chosen={view.theme}
              onChoose={(theme) => void ask('setTheme', { theme }).catch(told)}
            />
          </span>
        </section>
        <section class="section stack gap8">
          <h2>{t('ui_autoLock')}</h2>
          <p class="label muted">{t('ui_autoLock_what')}</p>
          <span>
            <Picker
              name={t('ui_autoLock')}
              options={[
                ...MINUTES.map((minutes) => ({ value: minutes as number, label: plural('ui_minutes_other', minutes) })),
                { value: AT_CLOSE, label: t('ui_autoLock_atClose') },
              ]}
              chosen={autoLock}
              onChoose={(minutes) =>
                void ask('setAutoLock', { seconds: minutes === AT_CLOSE ? null : minutes * 60 }).catch(told)
              }
            />
          </span>
        </section>
        {view.sites !== undefined && view.sites.length > 0 && (
          <section class="section">
            <h2>{t('ui_sites')}</h2>
            <ul>
              {view.sites.map((site) => (
                <li key={site.origin} class="item">
                  <Badge tint={site.tint} initial={site.initial} size={32} />
                  <span class="grow">
                    {site.host}
                    <span class="sub">{said(site.known)}</span>
                  </span>
                  <button
                    type="button"
                    class="button small"
                    aria-label={t('ui_disconnect_site', { host: text(site.host) })}
                    onClick={() => void ask('disconnect', { origin: site.origin }).catch(told)}
                  >
                    {t('ui_disconnect')}
                  </button>
                </li>
              ))}
            </ul>
          </section>
        )}
        <section class="section stack gap8">
          <h2>{t('ui_phrase')}</h2>
          <p class="label muted">{t('ui_phrase_keep')}</p>
          <div class="row wrap">
            <Button onPress={() => go('/phrase')}>{t('ui_reveal')}</Button>
            {!view.backupChecked && <Button onPress={() => go('/backup')}>{t('ui_checkBackup')}</Button>}
          </div>
        </section>
        <section class="section stack gap8">
          <h2>{t('ui_about_title')}</h2>
          <p class="label muted">{t('ui_about_intro')}</p>
          <ol class="numbered">
            {CANNOT.map((key) => (
              <li key={key}>{t(key)}</li>
            ))}
          </ol>
        </section>
      </div>
    </main>
  )
}

/** The phrase again: password every time; with `check`, three words of it as at the start. */
export function PhraseAgain({ check }: { readonly check: boolean }) {
  const { ask } = useWallet()
  const [password, setPassword] = useState('')
  const [words, setWords] = useState<readonly string[]>()
  const [verifying, setVerifying] = useState(false)
  const [wrong, setWrong] = useState<string>()
  const [busy, setBusy] = useState(false)
  const reveal = async () => {
    if (busy || password === '') return
    setBusy(true)
    try {
      setWords((await ask('revealPhrase', { password })).words)
      setWrong(undefined)
    } catch (error) {
      setWrong(sentenceOf(error))
    } finally {
      setPassword('')
      setBusy(false)
    }
  }
  const checked = async () => {
    setBusy(true)
    try {
      await ask('backupChecked', null)
      toast(t('ui_backup_checked'))
      go('/')
    } catch (error) {
      setWrong(sentenceOf(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <main class="page">
      <header class="top">
        <IconButton icon="left" name={t('ui_back')} onPress={() => go(check ? '/' : '/settings')} look="back" />
        <Heading>{t(check ? 'ui_checkBackup' : 'ui_phrase')}</Heading>
      </header>
      <div class="body stack gap16">
        {words === undefined ? (
          <>
            <p>{t('ui_reveal_warning')}</p>
            <PasswordField
              value={password}
              focus
              wrong={wrong}
              onInput={(value) => {
                setPassword(value)
                setWrong(undefined)
              }}
              onEnter={() => void reveal()}
            />
            <Button look="tall main" busy={busy} onPress={() => void reveal()}>
              {t(busy ? 'ui_unlocking' : 'ui_reveal')}
            </Button>
          </>
        ) : verifying ? (
          <Verify
            words={words}
            busy={busy}
            failure={wrong}
            onWrong={() => {
              setWrong(t('ui_verify_wrong'))
              setVerifying(false)
            }}
            onRight={() => void checked()}
            onLater={() => go('/')}
            onBack={() => setVerifying(false)}
          />
        ) : (
          <>
            <p>{t('ui_phrase_what')}</p>
            {wrong !== undefined && (
              <p class="danger" role="alert">
                {wrong}
              </p>
            )}
            <Phrase words={words} />
            {check && (
              <Button
                look="tall main"
                onPress={() => {
                  setWrong(undefined)
                  setVerifying(true)
                }}
              >
                {t('ui_phrase_written')}
              </Button>
            )}
          </>
        )}
      </div>
    </main>
  )
}
