import { useState } from 'preact/hooks'
import type { FileView, Verbs } from '../../core/protocol/ui.ts'
import { count, text } from '../../core/words.ts'
import { useWallet } from '../client.ts'
import { useAct } from '../parts/act.ts'
import { Button, PasswordField } from '../parts/controls.tsx'
import { FileField, saveFile } from '../parts/file.tsx'
import { Icon } from '../parts/icons.tsx'
import { moment, t } from '../words.ts'
import { SecurityPage } from './ways-in.tsx'

export function SaveBackup() {
  const { ask } = useWallet()
  const act = useAct()
  const [password, setPassword] = useState('')
  const [saved, setSaved] = useState<Verbs['exportBackup']['result']>()
  const save = () =>
    act.run(async () => {
      const file = await ask('exportBackup', { password })
      saveFile(file)
      setSaved(file)
    }, setPassword)
  return (
    <SecurityPage title={t('ui_backupFile_save')}>
      <p>{t('ui_backupFile_holds')}</p>
      <p class="muted">{t('ui_backupFile_password')}</p>
      {saved === undefined ? (
        <>
          <PasswordField
            value={password}
            focus
            wrong={act.failure}
            onInput={(value) => {
              setPassword(value)
              act.clear()
            }}
            onEnter={() => void save()}
          />
          <Button look="tall main" busy={act.busy} off={password === ''} onPress={() => void save()}>
            {t(act.busy ? 'ui_backupFile_saving' : 'ui_backupFile_save')}
          </Button>
        </>
      ) : (
        <div class={`panel ${isWhole(saved) ? '' : 'warn-soft'}`} role="status">
          <Icon name={isWhole(saved) ? 'check' : 'warn'} />
          <div class="grow stack gap8">
            <p>{t('ui_backupFile_saved', { name: text(saved.name) })}</p>
            {saved.withoutPhrase === true && <p class="danger">{t('ui_backupFile_noPhrase')}</p>}
            {saved.missing !== undefined && (
              <p class="danger">{t('ui_backupFile_missing', { names: text(saved.missing.join(', ')) })}</p>
            )}
            <p>{t('ui_backupFile_where')}</p>
            <span>
              <Button look="small" onPress={() => saveFile(saved)}>
                {t('ui_backupFile_again')}
              </Button>
            </span>
          </div>
        </div>
      )}
    </SecurityPage>
  )
}

function isWhole({ missing, withoutPhrase }: Verbs['exportBackup']['result']): boolean {
  return missing === undefined && withoutPhrase !== true
}

export function CheckFile() {
  const look = useFile()
  return (
    <SecurityPage title={t('ui_backupFile_check')}>
      <p class="muted">{t('ui_backupFile_checkWhat')}</p>
      <FileAndPassword look={look} />
      {look.found === undefined ? (
        <LookButton look={look} />
      ) : (
        <div class={`panel ${look.found.same === false ? 'warn-soft' : ''}`} role="status">
          <Icon name={look.found.same === false ? 'warn' : 'check'} />
          <div class="grow stack gap4">
            <p>{t(look.found.same === false ? 'ui_backupFile_other' : 'ui_backupFile_good')}</p>
            <Contents found={look.found} />
          </div>
        </div>
      )}
    </SecurityPage>
  )
}

type Found = Verbs['checkBackup']['result']

/** A file and its password, and what was found in it. Another file or password starts over. */
export function useFile() {
  const { ask } = useWallet()
  const act = useAct()
  const [file, setFile] = useState<FileView>()
  const [password, setPassword] = useState('')
  const [found, setFound] = useState<Found>()
  return {
    ...act,
    file,
    password,
    found,
    setFile: (next: FileView | undefined) => {
      setFile(next)
      setFound(undefined)
      act.clear()
    },
    setPassword: (next: string) => {
      setPassword(next)
      setFound(undefined)
      act.clear()
    },
    look: () =>
      act.run(async () => {
        if (file !== undefined) setFound(await ask('checkBackup', { file: file.text, password }))
      }),
  }
}
type Look = ReturnType<typeof useFile>

export function FileAndPassword({ look }: { readonly look: Look }) {
  return (
    <>
      <FileField label={t('ui_backupFile')} name={look.file?.name} onFile={look.setFile} />
      <PasswordField
        value={look.password}
        label={t('ui_backupFile_itsPassword')}
        wrong={look.failure}
        onInput={look.setPassword}
        onEnter={() => void look.look()}
      />
    </>
  )
}

export function LookButton({ look }: { readonly look: Look }) {
  return (
    <Button
      look="tall main"
      busy={look.busy}
      off={look.file === undefined || look.password === ''}
      onPress={() => void look.look()}
    >
      {t(look.busy ? 'ui_backupFile_looking' : 'ui_backupFile_look')}
    </Button>
  )
}

export function Contents({ found }: { readonly found: Found }) {
  return (
    <>
      <p>{t('ui_backupFile_from', { at: text(moment(found.at)) })}</p>
      <p>
        {t('ui_backupFile_contents', {
          accounts: count(found.accounts),
          sites: count(found.sites),
          sessions: count(found.sessions),
        })}
      </p>
    </>
  )
}
