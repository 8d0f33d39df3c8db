import { useEffect, useState } from 'preact/hooks'
import { count } from '../../core/words.ts'
import { useWallet } from '../client.ts'
import { Button, PasswordField } from '../parts/controls.tsx'
import { sentenceOf, wentWrong } from '../parts/fault.tsx'
import { Heading } from '../parts/live.tsx'
import { missingLetters, PasswordHint } from '../parts/password.tsx'
import { Phrase } from '../parts/phrase.tsx'
import { Start } from '../parts/start.tsx'
import { canUsePasskeys } from '../passkey.ts'
import { plural, t } from '../words.ts'
import { Done } from './done.tsx'
import { PasskeyStep } from './ways-in.tsx'

type Step = 'password' | 'phrase' | 'verify' | 'passkey' | 'done'
const PROGRESS = { password: 0.2, phrase: 0.4, verify: 0.7, passkey: 0.9, done: 1 } as const

/** A new wallet: password, phrase, three words of it again. Nothing is stored before the last step. */
export function Create({ onBack, onDone }: { readonly onBack: () => void; readonly onDone: () => void }) {
  const { ask } = useWallet()
  const [step, setStep] = useState<Step>('password')
  const [password, setPassword] = useState('')
  const [words, setWords] = useState<readonly string[]>([])
  const [failure, setFailure] = useState<string>()
  const [busy, setBusy] = useState(false)

  const toPhrase = async () => {
    setFailure(undefined)
    try {
      await ask('checkPassword', { password })
      if (words.length === 0) setWords((await ask('newPhrase', null)).words)
      setStep('phrase')
    } catch (error) {
      setFailure(sentenceOf(error))
    }
  }
  const done = () => {
    setPassword('')
    setStep('done')
  }
  const create = async (backupChecked: boolean) => {
    setBusy(true)
    setFailure(undefined)
    try {
      await ask('create', { password, phrase: words.join(' '), backupChecked })
      setWords([])
      if (canUsePasskeys()) setStep('passkey')
      else done()
    } catch (error) {
      setFailure(sentenceOf(error))
      if (wentWrong(error).code === 'weakPassword') setStep('password')
    } finally {
      setBusy(false)
    }
  }
  const foot = t(step === 'password' || step === 'passkey' || step === 'done' ? 'ui_welcome_foot' : 'ui_phrase_foot')
  return (
    <Start foot={foot} progress={PROGRESS[step]}>
      {step === 'password' && (
        <PasswordStep
          password={password}
          onInput={(value) => {
            setPassword(value)
            setFailure(undefined)
          }}
          failure={failure}
          onBack={onBack}
          onNext={() => void toPhrase()}
        />
      )}
      {step === 'phrase' && (
        <PhraseStep
          words={words}
          failure={failure}
          onBack={() => setStep('password')}
          onNext={() => setStep('verify')}
        />
      )}
      {step === 'verify' && (
        <Verify
          words={words}
          busy={busy}
          failure={failure}
          onWrong={() => {
            setFailure(t('ui_verify_wrong'))
            setStep('phrase')
          }}
          onBack={() => setStep('phrase')}
          onRight={() => void create(true)}
          onLater={() => void create(false)}
        />
      )}
      {step === 'passkey' && <PasskeyStep password={password} onDone={done} />}
      {step === 'done' && <Done onDone={onDone} />}
    </Start>
  )
}

export function PasswordStep({
  password,
  failure,
  onInput,
  onBack,
  onNext,
  busy = false,
}: {
  readonly password: string
  readonly failure: string | undefined
  readonly onInput: (password: string) => void
  readonly onBack: () => void
  readonly onNext: () => void
  readonly busy?: boolean
}) {
  const missing = missingLetters(password)
  const next = () => {
    if (missing === 0 && !busy) onNext()
  }
  return (
    <div class="stack gap24">
      <div class="stack gap8">
        <Heading look="title">{t('ui_create_passwordTitle')}</Heading>
        <p class="lead">{t('ui_create_passwordWhat')}</p>
      </div>
      <div class="stack gap8">
        <PasswordField value={password} fresh focus wrong={failure} onInput={onInput} onEnter={next} />
        {failure === undefined && <PasswordHint password={password} />}
      </div>
      <div class="row between">
        <Button look="tall" onPress={onBack}>
          {t('ui_back')}
        </Button>
        <Button look="tall main" off={missing > 0} busy={busy} onPress={next}>
          {t(busy ? 'ui_creating' : 'ui_goOn')}
        </Button>
      </div>
    </div>
  )
}

export function PhraseStep({
  words,
  failure,
  onBack,
  onNext,
}: {
  readonly words: readonly string[]
  readonly failure: string | undefined
  readonly onBack: () => void
  readonly onNext: () => void
}) {
  const [seen, setSeen] = useState(false)
  return (
    <div class="stack gap24">
      <div class="stack gap8">
        <Heading look="title">{plural('ui_phrase_title_other', words.length)}</Heading>
        <p class="lead">{t('ui_phrase_what')}</p>
        {failure !== undefined && (
          <p class="danger" role="alert">
            {failure}
          </p>
        )}
      </div>
      <Phrase words={words} onSeen={() => setSeen(true)} />
      <div class="row between">
        <Button look="tall" onPress={onBack}>
          {t('ui_back')}
        </Button>
        <Button look="tall main" off={!seen} onPress={onNext}>
          {t('ui_phrase_written')}
        </Button>
      </div>
    </div>
  )
}

const POSITIONS = 3
const CHOICES = 6

/** Buttons, no typing: forms leave a history. The wrong ones are other words of the same phrase. */
export function Verify({
  words,
  busy,
  failure,
  onWrong,
  onRight,
  onLater,
  onBack,
}: {
  readonly words: readonly string[]
  readonly busy: boolean
  readonly failure: string | undefined
  readonly onWrong: () => void
  readonly onRight: () => void
  readonly onLater: () => void
  readonly onBack: () => void
}) {
  const [asked] = useState(() =>
    shuffled(words.map((_, position) => position))
      .slice(0, POSITIONS)
      .sort((a, b) => a - b),
  )
  const [at, setAt] = useState(0)
  const [choices, setChoices] = useState<readonly string[]>([])
  const position = asked[at]
  useEffect(() => {
    const right = position === undefined ? undefined : words[position]
    if (right === undefined) return
    const others = shuffled([...new Set(words)].filter((word) => word !== right))
    setChoices(shuffled([right, ...others.slice(0, CHOICES - 1)]))
  }, [position])
  const choose = (word: string) => {
    if (position === undefined || busy) return
    if (words[position] !== word) onWrong()
    else if (at + 1 < asked.length) setAt(at + 1)
    else {
      setAt(asked.length)
      onRight()
    }
  }
  return (
    <div class="stack gap24">
      <div class="stack gap8">
        <Heading look="title">{t('ui_verify_title')}</Heading>
        <p class="lead">{t('ui_verify_what')}</p>
      </div>
      {position === undefined ? (
        <p role="status">{t('ui_creating')}</p>
      ) : (
        <fieldset class="stack gap12" aria-label={t('ui_verify_which', { position: count(position + 1) })}>
          <p class="host" aria-live="polite">
            {t('ui_verify_which', { position: count(position + 1) })}
          </p>
          <div class="six">
            {choices.map((word) => (
              <Button key={word} look="tall equal" onPress={() => choose(word)}>
                {word}
              </Button>
            ))}
          </div>
          <p class="label muted num">{t('ui_verify_at', { at: count(at + 1), n: count(asked.length) })}</p>
        </fieldset>
      )}
      {failure !== undefined && (
        <p class="danger" role="alert">
          {failure}
        </p>
      )}
      <div class="stack gap8">
        <div class="row between">
          <Button look="tall" off={busy} onPress={onBack}>
            {t('ui_back')}
          </Button>
          <Button look="tall" busy={busy} onPress={onLater}>
            {t('ui_later')}
          </Button>
        </div>
        <p class="label muted">{t('ui_verify_later')}</p>
      </div>
    </div>
  )
}

/** Fisher and Yates with the browser's random numbers: which words are asked should not be guessable. */
function shuffled<T>(items: readonly T[]): readonly T[] {
  const all = [...items]
  for (let last = all.length - 1; last > 0; last -= 1) {
    const other = Number(crypto.getRandomValues(new Uint32Array(1))[0]) % (last + 1)
    const kept = all[last] as T
    all[last] = all[other] as T
    all[other] = kept
  }
  return all
}
