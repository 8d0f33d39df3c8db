import { count } from '../../core/words.ts'
import { t } from '../words.ts'
import { Picker } from './controls.tsx'

const LENGTHS = [12, 15, 18, 21, 24] as const
/** Of the longest phrase, with room for what a person pastes around it. */
const MOST = 1_024
/** No word of the list has more than 8 letters. */
const LONGEST = 32

/** One masked field per word: browsers keep what visible fields hold. A whole phrase pasted into one fills them all. */
export function WordFields({
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
    const pasted = (event.clipboardData?.getData('text') ?? '').slice(0, MOST).trim().split(/\s+/)
    if (pasted.length < 2) return
    event.preventDefault()
    const length = LENGTHS.find((it) => it >= pasted.length) ?? 24
    onChange(Array.from({ length }, (_, index) => (pasted[index] ?? '').slice(0, LONGEST)))
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
                maxLength={LONGEST}
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
