import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import type { Proof, View } from '../../core/protocol/ui.ts'
import { useWallet } from '../client.ts'
import { makePasskey } from '../new-passkey.ts'
import { useAct } from '../parts/act.ts'
import { Button, IconButton, PasswordField } from '../parts/controls.tsx'
import { sentenceOf, wentWrong } from '../parts/fault.tsx'
import { Heading, toast } from '../parts/live.tsx'
import { missingLetters, PasswordHint } from '../parts/password.tsx'
import { ProofField } from '../parts/proof.tsx'
import { canUsePasskeys, passkeySentence } from '../passkey.ts'
import { go } from '../route.ts'
import { t } from '../words.ts'

export function SecurityPage({
  title,
  onBack = () => go('/security'),
  children,
}: {
  readonly title: string
  readonly onBack?: () => void
  readonly children: ComponentChildren
}) {
  return (
    <main class="page">
      <header class="top">
        <IconButton icon="left" name={t('ui_back')} onPress={onBack} look="back" />
        <Heading>{title}</Heading>
      </header>
      <div class="body stack gap16">{children}</div>
    </main>
  )
}

export function ChangePassword() {
  const { ask } = useWallet()
  const [old, setOld] = useState('')
  const [next, setNext] = useState('')
  const [wrong, setWrong] = useState<string>()
  const [weak, setWeak] = useState<string>()
  const [busy, setBusy] = useState(false)
  const change = async () => {
    if (busy || old === '' || missingLetters(next) > 0) return
    setBusy(true)
    setWrong(undefined)
    setWeak(undefined)
    try {
      await ask('changePassword', { password: old, next })
      setNext('')
      toast(t('ui_password_changed'))
      go('/security')
    } catch (error) {
      if (wentWrong(error).code === 'weakPassword') setWeak(sentenceOf(error))
      else setWrong(sentenceOf(error))
    } finally {
      setOld('')
      setBusy(false)
    }
  }
  return (
    <SecurityPage title={t('ui_password_change')}>
      <p class="muted">{t('ui_password_oldCopies')}</p>
      <PasswordField
        value={old}
        focus
        label={t('ui_password_old')}
        wrong={wrong}
        onInput={(value) => {
          setOld(value)
          setWrong(undefined)
        }}
      />
      <div class="stack gap8">
        <PasswordField
          value={next}
          fresh
          label={t('ui_password_new')}
          wrong={weak}
          onInput={(value) => {
            setNext(value)
            setWeak(undefined)
          }}
          onEnter={() => void change()}
        />
        {weak === undefined && <PasswordHint password={next} />}
      </div>
      <Button look="tall main" busy={busy} off={old === '' || missingLetters(next) > 0} onPress={() => void change()}>
        {t(busy ? 'ui_password_changing' : 'ui_password_change')}
      </Button>
    </SecurityPage>
  )
}

export function AddPasskey({ view }: { readonly view: View }) {
  const [password, setPassword] = useState<Proof>('')
  const adding = usePasskeyAdding(view)
  const add = () =>
    adding.add(password, setPassword, () => {
      toast(t('ui_passkey_isAdded'))
      go('/security')
    })
  return (
    <SecurityPage title={t('ui_passkey_add')}>
      <p>{t('ui_passkey_what')}</p>
      {canUsePasskeys() ? (
        <>
          <ProofField
            value={password}
            focus
            wrong={adding.failure}
            onInput={(value) => {
              setPassword(value)
              adding.clear()
            }}
            onEnter={() => void add()}
          />
          <Button look="tall main" busy={adding.busy} off={password === ''} onPress={() => void add()}>
            {t(adding.busy ? 'ui_passkey_asking' : 'ui_passkey_add')}
          </Button>
        </>
      ) : (
        <p role="status">{t('ui_passkey_noPrf')}</p>
      )}
    </SecurityPage>
  )
}

/** The last step of the start: the password was chosen a moment ago and is not asked for again. */
export function PasskeyStep({ password, onDone }: { readonly password: string; readonly onDone: () => void }) {
  const { view } = useWallet()
  const adding = usePasskeyAdding(view.value)
  return (
    <div class="stack gap24">
      <div class="stack gap8">
        <Heading look="title">{t('ui_passkey_title')}</Heading>
        <p class="lead">{t('ui_passkey_what')}</p>
      </div>
      {adding.failure !== undefined && (
        <p class="danger" role="alert">
          {adding.failure}
        </p>
      )}
      <div class="row between">
        <Button look="tall" off={adding.busy} onPress={onDone}>
          {t('ui_passkey_notNow')}
        </Button>
        <Button
          look="tall main"
          icon="key"
          busy={adding.busy}
          onPress={() => void adding.add(password, () => undefined, onDone)}
        >
          {t(adding.busy ? 'ui_passkey_asking' : 'ui_passkey_add')}
        </Button>
      </div>
    </div>
  )
}

function usePasskeyAdding(view: View | undefined) {
  const { ask } = useWallet()
  const act = useAct()
  return {
    ...act,
    add: (password: Proof, setPassword: (password: '') => void, onAdded: () => void) =>
      act.run(async () => {
        try {
          const name = view?.account?.name ?? t('name')
          const made = await makePasskey(name, view?.passkeys ?? [])
          await ask('addPasskey', { password, ...made })
        } catch (error) {
          const known = passkeySentence(error)
          if (known === undefined) throw error
          act.fail(t(known))
          return
        }
        onAdded()
      }, setPassword),
  }
}
