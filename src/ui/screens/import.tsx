import { useEffect, useState } from 'preact/hooks'
import type { Address } from '../../core/felt.ts'
import { count } from '../../core/words.ts'
import { useWallet } from '../client.ts'
import { Button, Picker } from '../parts/controls.tsx'
import { sentenceOf, wentWrong } from '../parts/fault.tsx'
import { Heading } from '../parts/live.tsx'
import { Start } from '../parts/start.tsx'
import { FullAddress } from '../parts/text.tsx'
import { t } from '../words.ts'
import { PasswordStep } from './create.tsx'
import { Done } from './done.tsx'

const LENGTHS = [12, 15, 18, 21, 24] as const
type Checked = { readonly ok: true; readonly address: Address } | { readonly ok: false; readonly word?: number }

/** A phrase of Latchkey, Ready or Argent X: it leads to the same address. */
export function Import({ onBack, onDone }: { readonly onBack: () => void; readonly onDone: () => void }) {
  const { ask } = useWallet()
  const [step, setStep] = useState<'phrase' | 'password' | 'done'>('phrase')
  const [words, setWords] = useState<readonly string[]>(Array.from({ length: 12 }, () => ''))
  const [checked, setChecked] = useState<Checked>()
  const [password, setPassword] = useState('')
  const [failure, setFailure] = useState<string>()
  const [busy, setBusy] = useState(false)
  const phrase = words.map((word) => word.trim().toLowerCase()).join(' ')
  const full = words.every((word) => word.trim() !== '')

  useEffect(() => {
    let stale = false
    setChecked(undefined)
    setFailure(undefined)
    if (!full) return
    const soon = setTimeout(() => {
      ask('checkPhrase', { phrase }).then(
        (answer) => !stale && setChecked(answer),
        (error) => !stale && setFailure(sentenceOf(error)),
      )
    }, 150)
    return () => {
      stale = true
      clearTimeout(soon)
    }
  }, [phrase, full])

  const create = async () => {
    setBusy(true)
    setFailure(undefined)
    try {
      await ask('create', { password, phrase, backupChecked: true })
      setPassword('')
      setWords([])
      setStep('done')
    } catch (error) {
      setFailure(sentenceOf(error))
      if (wentWrong(error).code === 'badPhrase') setStep('phrase')
    } finally {
      setBusy(false)
    }
  }
  return (
    <Start
      foot={t(step === 'phrase' ? 'ui_phrase_foot' : 'ui_welcome_foot')}
      progress={step === 'phrase' ? 0.3 : step === 'password' ? 0.7 : 1}
    >
      {step === 'phrase' && (
        <div class="stack gap24">
          <div class="stack gap8">
            <Heading look="title">{t('ui_import_title')}</Heading>
            <p class="lead">{t('ui_import_what')}</p>
          </div>
          <Words words={words} wrong={checked?.ok === false ? checked.word : undefined} onChange={setWords} />
          <div role="status">
            {failure !== undefined ? (
              <p class="danger">{failure}</p>
            ) : checked === undefined ? (
              <p class="label muted">{t('ui_import_hint')}</p>
            ) : checked.ok ? (
              <div class="stack gap4">
                <span class="label muted">{t('ui_import_leads')}</span>
                <FullAddress address={checked.address} />
              </div>
            ) : (
              <p class="danger">
                {checked.word === undefined
                  ? t('ui_import_wrongSum')
                  : t('ui_import_wrongWord', { position: count(checked.word + 1) })}
              </p>
            )}
          </div>
          <div class="row between">
            <Button look="tall" onPress={onBack}>
              {t('ui_back')}
            </Button>
            <Button look="tall main" off={checked?.ok !== true} onPress={() => setStep('password')}>
              {t('ui_goOn')}
            </Button>
          </div>
        </div>
      )}
      {step === 'password' && (
        <PasswordStep
          password={password}
          failure={failure}
          busy={busy}
          onInput={(value) => {
            setPassword(value)
            setFailure(undefined)
          }}
          onBack={() => setStep('phrase')}
          onNext={() => void create()}
        />
      )}
      {step === 'done' && <Done onDone={onDone} />}
    </Start>
  )
}

/** One masked field per word: browsers keep what visible fields hold. A whole phrase pasted into one fills them all. */
function Words({
  words,
  wrong,
  onChange,
}: {
  readonly words: readonly string[]
  readonly wrong: number | undefined
  readonly onChange: (words: readonly string[]) => void
}) {
  const resize = (length: number) => onChange(Array.from({ length }, (_, index) => words[index] ?? ''))
  const paste = (event: ClipboardEvent) => {
    const pasted = (event.clipboardData?.getData('text') ?? '').trim().split(/\s+/)
    if (pasted.length < 2) return
    event.preventDefault()
    const length = LENGTHS.find((it) => it >= pasted.length) ?? 24
    onChange(Array.from({ length }, (_, index) => pasted[index] ?? ''))
  }
  return (
    <div class="stack gap12">
      <div class="row wrap">
        <Picker
          name={t('ui_import_length')}
          options={LENGTHS.map((length) => ({ value: length, label: t('ui_import_words', { n: count(length) }) }))}
          chosen={words.length}
          onChoose={resize}
        />
      </div>
      <div class="words">
        {words.map((word, index) => (
          <label key={index} class="word">
            <span aria-hidden="true">{index + 1}</span>
            <div class={`field slim grow ${wrong === index ? 'wrong' : ''}`}>
              <input
                type="password"
                value={word}
                autocomplete="off"
                autocapitalize="off"
                spellcheck={false}
                aria-label={t('ui_import_word', { position: count(index + 1) })}
                aria-invalid={wrong === index ? 'true' : undefined}
                onInput={(event) => {
                  const typed = event.currentTarget.value
                  onChange(words.map((it, at) => (at === index ? typed.replaceAll(/\s+/g, '') : it)))
                  // A space ends a word, as on paper.
                  if (/\s$/.test(typed)) nextField(event.currentTarget)
                }}
                onPaste={paste}
              />
            </div>
          </label>
        ))}
      </div>
    </div>
  )
}

function nextField(field: HTMLInputElement): void {
  const all = Array.from(field.closest('.words')?.querySelectorAll('input') ?? [])
  all[all.indexOf(field) + 1]?.focus()
}
