import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'

/** One line of text with its label above, and what is wrong with it below. */
export function TextField({
  label,
  value,
  onInput,
  onEnter,
  wrong,
  hint,
  mode = 'text',
  focus = false,
}: {
  readonly label: string
  readonly value: string
  readonly onInput: (value: string) => void
  readonly onEnter?: () => void
  readonly wrong?: string | undefined
  readonly hint?: ComponentChildren
  /** `mono`: an address of any kind, which no dictionary corrects. */
  readonly mode?: 'text' | 'mono' | 'search'
  readonly focus?: boolean
}) {
  const id = useId()
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if (focus) input.current?.focus()
  }, [focus])
  return (
    <div class="stack gap4">
      <label class="label muted" for={id}>
        {label}
      </label>
      <div class={`field ${wrong === undefined ? '' : 'wrong'}`}>
        <input
          ref={input}
          id={id}
          // Preact's types know each kind of input apart; this one is of two.
          type={(mode === 'search' ? 'search' : 'text') as 'search'}
          class={mode === 'mono' ? 'mono' : ''}
          value={value}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          aria-invalid={wrong === undefined ? undefined : 'true'}
          aria-describedby={`${id} more`}
          onInput={(event) => onInput(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && !event.repeat) onEnter?.()
          }}
        />
      </div>
      <div id={`${id} more`} role={wrong === undefined ? undefined : 'alert'}>
        {wrong !== undefined ? <p class="label danger">{wrong}</p> : hint}
      </div>
    </div>
  )
}

/** A choice among many, as the browser draws it. */
export function Select<T extends string>({
  label,
  options,
  chosen,
  onChoose,
}: {
  readonly label: string
  readonly options: readonly { readonly value: T; readonly label: string }[]
  readonly chosen: T
  readonly onChoose: (value: T) => void
}) {
  const id = useId()
  return (
    <div class="stack gap4">
      <label class="label muted" for={id}>
        {label}
      </label>
      <div class="field">
        <select
          id={id}
          value={chosen}
          onChange={(event) => {
            const next = options.find(({ value }) => value === event.currentTarget.value)
            if (next !== undefined) onChoose(next.value)
          }}
        >
          {options.map(({ value, label }) => (
            <option key={value} value={value} selected={value === chosen}>
              {label}
            </option>
          ))}
        </select>
      </div>
    </div>
  )
}
