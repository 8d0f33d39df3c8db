import { useState } from 'preact/hooks'
import type { Passkey, Proof } from '../../core/protocol/ui.ts'
import { useWallet } from '../client.ts'
import { askPasskey, canUsePasskeys, passkeySentence } from '../passkey.ts'
import { t } from '../words.ts'
import { Button, PasswordField } from './controls.tsx'
import { sentenceOf } from './fault.tsx'
import { Icon } from './icons.tsx'

/** Those that this page can ask; none in the popup. */
export function usePasskeys(): readonly Passkey[] {
  const { view } = useWallet()
  return canUsePasskeys() ? (view.value?.passkeys ?? []) : []
}

/** Where something needs the password again: that, or a passkey of this wallet. */
export function ProofField({
  value,
  wrong,
  focus = false,
  onInput,
  onEnter,
}: {
  readonly value: Proof
  readonly wrong?: string | undefined
  readonly focus?: boolean
  readonly onInput: (proof: Proof) => void
  readonly onEnter?: () => void
}) {
  const passkeys = usePasskeys()
  if (typeof value !== 'string')
    return (
      <div class="row between">
        <span class="row gap8" role="status">
          <Icon name="check" size={18} />
          {t('ui_passkey_confirmed')}
        </span>
        <Button look="small" onPress={() => onInput('')}>
          {t('ui_passkey_passwordInstead')}
        </Button>
      </div>
    )
  return (
    <div class="stack gap8">
      <PasswordField
        value={value}
        wrong={wrong}
        focus={focus}
        onInput={onInput}
        {...(onEnter === undefined ? {} : { onEnter })}
      />
      {passkeys.length > 0 && <PasskeyButton passkeys={passkeys} onProof={onInput} />}
    </div>
  )
}

/** Asks the authenticator at the press; what went wrong is said under it. */
export function PasskeyButton({
  passkeys,
  onProof,
  look = '',
}: {
  readonly passkeys: readonly Passkey[]
  readonly onProof: (proof: Proof) => void
  readonly look?: string
}) {
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<string>()
  const askFor = async () => {
    setBusy(true)
    setFailure(undefined)
    try {
      onProof(await askPasskey(passkeys))
    } catch (error) {
      const known = passkeySentence(error)
      setFailure(known === undefined ? sentenceOf(error) : t(known))
    } finally {
      setBusy(false)
    }
  }
  return (
    <>
      <Button look={look} icon="key" busy={busy} onPress={() => void askFor()}>
        {t(busy ? 'ui_passkey_asking' : 'ui_passkey_use')}
      </Button>
      {failure !== undefined && (
        <p class="label danger" role="alert">
          {failure}
        </p>
      )}
    </>
  )
}
