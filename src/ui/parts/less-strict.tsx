import { useState } from 'preact/hooks'
import type { Proof } from '../../core/protocol/ui.ts'
import { t } from '../words.ts'
import { useAct } from './act.ts'
import { Button, Sheet } from './controls.tsx'
import { ProofField } from './proof.tsx'

/** Before a setting protects less than it did (security.md 6.6): the password, or a passkey, once more. */
export function LessStrict({
  onConfirm,
  onClose,
}: {
  readonly onConfirm: (password: Proof) => Promise<unknown>
  readonly onClose: () => void
}) {
  const act = useAct()
  const [password, setPassword] = useState<Proof>('')
  const confirm = () =>
    act.run(async () => {
      await onConfirm(password)
      onClose()
    }, setPassword)
  return (
    <Sheet title={t('ui_lessStrict_title')} onClose={onClose}>
      <p class="label">{t('ui_lessStrict_what')}</p>
      <ProofField
        value={password}
        focus
        wrong={act.failure}
        onInput={(value) => {
          setPassword(value)
          act.clear()
        }}
        onEnter={() => void confirm()}
      />
      <Button look="main tall" busy={act.busy} off={password === ''} onPress={() => void confirm()}>
        {t('ui_lessStrict_do')}
      </Button>
    </Sheet>
  )
}
