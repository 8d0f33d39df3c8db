import { useState } from 'preact/hooks'
import type { Passkey, Proof, View } from '../../core/protocol/ui.ts'
import { text } from '../../core/words.ts'
import { useWallet } from '../client.ts'
import { Button, IconButton, Picker } from '../parts/controls.tsx'
import { sentenceOf } from '../parts/fault.tsx'
import { Icon } from '../parts/icons.tsx'
import { Heading, toast } from '../parts/live.tsx'
import { LessStrict, ProofSheet } from '../parts/proof-sheet.tsx'
import { go } from '../route.ts'
import { moment, plural, t } from '../words.ts'

const MINUTES = [1, 5, 15, 30, 60] as const
const AT_CLOSE = 0

/** The ways into the wallet, and out of it. */
export function Security({ view }: { readonly view: View }) {
  const { ask } = useWallet()
  const [removing, setRemoving] = useState<Passkey>()
  const [longer, setLonger] = useState<number>()
  const told = (error: unknown) => toast(sentenceOf(error))
  const autoLock = view.autoLock === undefined ? undefined : view.autoLock === null ? AT_CLOSE : view.autoLock / 60
  const setAutoLock = (minutes: number, password?: Proof) =>
    ask('setAutoLock', {
      seconds: minutes === AT_CLOSE ? null : minutes * 60,
      ...(password === undefined ? {} : { password }),
    })
  const isLonger = (minutes: number) => autoLock !== AT_CLOSE && (minutes === AT_CLOSE || minutes > (autoLock ?? 0))
  const passkeys = view.passkeys ?? []
  // The popup closes when a file is chosen or the browser asks for a passkey.
  const inTab = (path: string) => {
    if (document.documentElement.dataset.surface === 'popup') ask('openTab', { path }).then(() => window.close(), told)
    else go(path)
  }
  return (
    <main class="page">
      <header class="top">
        <IconButton icon="left" name={t('ui_back')} onPress={() => go('/settings')} look="back" />
        <Heading>{t('ui_security')}</Heading>
      </header>
      <div class="body">
        <section class="stack gap8">
          <h2>{t('ui_password')}</h2>
          <p class="label muted">{t('ui_password_what')}</p>
          <span>
            <Button onPress={() => go('/password')}>{t('ui_password_change')}</Button>
          </span>
        </section>
        <section class="section stack gap8">
          <h2>{t('ui_passkeys')}</h2>
          <p class="label muted">{t('ui_passkeys_what')}</p>
          {passkeys.length > 0 && (
            <ul>
              {passkeys.map((passkey, index) => (
                <li key={passkey.credentialId} class="item">
                  <Icon name="key" />
                  <span class="grow">
                    {t('ui_passkey_number', { n: text(String(index + 1)) })}
                    <span class="sub">{t('ui_passkey_added', { at: text(moment(passkey.at)) })}</span>
                  </span>
                  <button
                    type="button"
                    class="button small"
                    aria-label={t('ui_passkey_removeNumber', { n: text(String(index + 1)) })}
                    onClick={() => setRemoving(passkey)}
                  >
                    {t('ui_remove')}
                  </button>
                </li>
              ))}
            </ul>
          )}
          <span>
            <Button icon="plus" onPress={() => inTab('/passkey')}>
              {t('ui_passkey_add')}
            </Button>
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
              onChoose={(minutes) => (isLonger(minutes) ? setLonger(minutes) : void setAutoLock(minutes).catch(told))}
            />
          </span>
        </section>
        <section class="section stack gap8">
          <h2>{t('ui_phrase')}</h2>
          <p class="label muted">{t('ui_phrase_keep')}</p>
          {view.backupChecked && (
            <p class="row gap8 label">
              <Icon name="check" size={16} />
              {t('ui_backup_isChecked')}
            </p>
          )}
          <div class="row wrap">
            <Button onPress={() => go('/phrase')}>{t('ui_reveal')}</Button>
            <Button onPress={() => go('/backup')}>{t('ui_checkBackup')}</Button>
          </div>
        </section>
        <section class="section stack gap8">
          <h2>{t('ui_backupFile')}</h2>
          <p class="label muted">{t('ui_backupFile_what')}</p>
          <div class="row wrap">
            <Button onPress={() => inTab('/save-backup')}>{t('ui_backupFile_save')}</Button>
            <Button onPress={() => inTab('/check-file')}>{t('ui_backupFile_check')}</Button>
          </div>
        </section>
        <section class="section stack gap8">
          <h2>{t('ui_erase')}</h2>
          <p class="label muted">{t('ui_erase_short')}</p>
          <span>
            <Button onPress={() => go('/erase')}>{t('ui_erase_open')}</Button>
          </span>
        </section>
      </div>
      {longer !== undefined && (
        <LessStrict onConfirm={(password) => setAutoLock(longer, password)} onClose={() => setLonger(undefined)} />
      )}
      {removing !== undefined && (
        <ProofSheet
          title={t('ui_passkey_remove')}
          what={t('ui_passkey_removeWhat')}
          action={t('ui_passkey_remove')}
          onConfirm={async (password) => {
            await ask('removePasskey', { password, credentialId: removing.credentialId })
            toast(t('ui_passkey_removed'))
          }}
          onClose={() => setRemoving(undefined)}
        />
      )}
    </main>
  )
}
