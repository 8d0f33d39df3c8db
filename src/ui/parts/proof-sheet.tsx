import { useState } from 'preact/hooks'
import type { Proof } from '../../core/protocol/ui.ts'
import { t } from '../words.ts'
import { useAct } from './act.ts'
import { Button, Sheet } from './controls.tsx'
import { ProofField } from './proof.tsx'

interface ProofSheetProps {
  readonly title: string
  readonly what: string
  readonly action: string
  readonly onConfirm: (password: Proof) => Promise<unknown>
  readonly onClose: () => void
}

/** The password, or a passkey, once more before one act; it closes when that is done. */
export function ProofSheet({ title, what, action, onConfirm, onClose }: ProofSheetProps) {
  const act = useAct()
  const [password, setPassword] = useState<Proof>('')
  const confirm = () =>
    act.run(async () => {
      await onConfirm(password)
      onClose()
    }, setPassword)
  return (
    <Sheet title={title} onClose={onClose}>
      <p class="label">{what}</p>
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
        {action}
      </Button>
    </Sheet>
  )
}

/** Before a setting protects less than it did (security.md 6.6). */
export function LessStrict(act: Pick<ProofSheetProps, 'onConfirm' | 'onClose'>) {
  return (
    <ProofSheet
      title={t('ui_lessStrict_title')}
      what={t('ui_lessStrict_what')}
      action={t('ui_lessStrict_do')}
      {...act}
    />
  )
}
