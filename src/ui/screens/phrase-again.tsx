import { useState } from 'preact/hooks'
import type { Proof } from '../../core/protocol/ui.ts'
import { useWallet } from '../client.ts'
import { Button, IconButton } from '../parts/controls.tsx'
import { sentenceOf } from '../parts/fault.tsx'
import { Heading, toast } from '../parts/live.tsx'
import { Phrase } from '../parts/phrase.tsx'
import { ProofField } from '../parts/proof.tsx'
import { go } from '../route.ts'
import { t } from '../words.ts'
import { Verify } from './create.tsx'

/** The phrase again: password every time; with `check`, three words of it as at the start. */
export function PhraseAgain({ check }: { readonly check: boolean }) {
  const { ask } = useWallet()
  const [password, setPassword] = useState<Proof>('')
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
        <IconButton icon="left" name={t('ui_back')} onPress={() => go(check ? '/' : '/security')} look="back" />
        <Heading>{t(check ? 'ui_checkBackup' : 'ui_phrase')}</Heading>
      </header>
      <div class="body stack gap16">
        {words === undefined ? (
          <>
            <p>{t('ui_reveal_warning')}</p>
            <ProofField
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
