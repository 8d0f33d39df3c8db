import { useState } from 'preact/hooks'
import { useWallet } from '../client.ts'
import { useAct } from '../parts/act.ts'
import { Button, Tick } from '../parts/controls.tsx'
import { Icon } from '../parts/icons.tsx'
import { Heading } from '../parts/live.tsx'
import { Start } from '../parts/start.tsx'
import { t } from '../words.ts'
import { Contents, FileAndPassword, LookButton, useFile } from './backup-file.tsx'
import { Done } from './done.tsx'
import { Erase } from './erase.tsx'
import { Import } from './import.tsx'

/** A wallet from its backup file: looked into first, and made in one step or not at all. */
export function RestoreFile({
  onBack,
  onDone,
  replaces = false,
}: {
  readonly onBack: () => void
  readonly onDone: () => void
  /** In the place of the wallet that is here. */
  readonly replaces?: boolean
}) {
  const { ask } = useWallet()
  const look = useFile()
  const act = useAct()
  const [done, setDone] = useState(false)
  const restore = () =>
    act.run(async () => {
      const { file, password } = look
      if (file === undefined) return
      await ask('restoreBackup', { file: file.text, password, ...(replaces ? { replaces } : {}) })
      look.setFile(undefined)
      look.setPassword('')
      setDone(true)
    })
  if (done)
    return (
      <Start foot={t('ui_welcome_foot')} progress={1}>
        <Done onDone={onDone} />
      </Start>
    )
  return (
    <Start foot={t('ui_welcome_foot')} progress={look.found === undefined ? 0.3 : 0.7}>
      <div class="stack gap24">
        <div class="stack gap8">
          <Heading look="title">{t('ui_restore_title')}</Heading>
          <p class="lead">{t('ui_restore_what')}</p>
        </div>
        <div class="stack gap12">
          <FileAndPassword look={look} />
        </div>
        {look.found !== undefined && (
          <div class="panel" role="status">
            <Icon name="check" />
            <div class="grow stack gap4">
              <Contents found={look.found} />
              {look.found.sessions > 0 && <p>{t('ui_restore_paused')}</p>}
            </div>
          </div>
        )}
        {act.failure !== undefined && (
          <p class="danger" role="alert">
            {act.failure}
          </p>
        )}
        <div class="row between">
          <Button look="tall" off={act.busy} onPress={onBack}>
            {t('ui_back')}
          </Button>
          {look.found === undefined ? (
            <LookButton look={look} />
          ) : (
            <Button look="tall main" busy={act.busy} onPress={() => void restore()}>
              {t(act.busy ? 'ui_restore_restoring' : 'ui_restore')}
            </Button>
          )}
        </div>
      </div>
    </Start>
  )
}

/** Nobody can reset a password: the wallet is made anew, from the phrase or a file, or goes. What that costs is said first. */
export function Forgot({
  checked,
  onBack,
  onDone,
}: {
  /** Whether the phrase was; of a wallet that cannot be read nobody knows, and it does not go from here. */
  readonly checked?: boolean
  readonly onBack: () => void
  readonly onDone: () => void
}) {
  const [way, setWay] = useState<'told' | 'phrase' | 'file' | 'erase'>('told')
  const [ticked, setTicked] = useState(false)
  if (way === 'phrase') return <Import replaces onBack={() => setWay('told')} onDone={onDone} />
  if (way === 'erase' && checked !== undefined) return <Erase checked={checked} forgotten={() => setWay('told')} />
  if (way === 'file') return <RestoreFile replaces onBack={() => setWay('told')} onDone={onDone} />
  return (
    <Start foot={t('ui_phrase_foot')} progress={0.1}>
      <div class="stack gap24">
        <div class="stack gap8">
          <Heading look="title">{t('ui_forgot_title')}</Heading>
          <p class="lead">{t('ui_forgot_what')}</p>
        </div>
        <ul class="stack gap8">
          <li>{t('ui_forgot_stays')}</li>
          <li>{t('ui_forgot_lost')}</li>
          <li>{t('ui_forgot_keys')}</li>
        </ul>
        <Tick on={ticked} onChange={setTicked}>
          {t('ui_forgot_tick')}
        </Tick>
        <div class="row wrap gap12">
          <Button look="tall main" off={!ticked} onPress={() => setWay('phrase')}>
            {t('ui_forgot_phrase')}
          </Button>
          <Button look="tall" off={!ticked} onPress={() => setWay('file')}>
            {t('ui_forgot_file')}
          </Button>
        </div>
        <div class="row between">
          <Button look="tall" onPress={onBack}>
            {t('ui_back')}
          </Button>
          {checked !== undefined && (
            <Button look="tall" off={!ticked} onPress={() => setWay('erase')}>
              {t('ui_erase_open')}
            </Button>
          )}
        </div>
      </div>
    </Start>
  )
}
