import type { ComponentChildren, RefObject } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { t } from '../words.ts'
import { Icon, type IconName } from './icons.tsx'

interface ButtonProps {
  readonly children: ComponentChildren
  readonly onPress: () => void
  readonly look?: string
  readonly icon?: IconName
  readonly off?: boolean
  readonly busy?: boolean
  readonly described?: string
}

/** Switched off it stays reachable and says so (`aria-disabled`), so that nobody loses their place. */
export function Button({ children, onPress, look = '', icon, off = false, busy = false, described }: ButtonProps) {
  return (
    <button
      type="button"
      class={`button ${look}`}
      aria-disabled={off || busy ? 'true' : undefined}
      aria-describedby={described}
      onClick={() => !off && !busy && onPress()}
    >
      {icon !== undefined && <Icon name={icon} size={look.includes('small') ? 16 : 18} />}
      {children}
    </button>
  )
}

export function IconButton({
  icon,
  name,
  onPress,
  off = false,
  expanded,
  look = '',
}: {
  readonly icon: IconName
  readonly name: string
  readonly onPress: () => void
  readonly off?: boolean
  readonly expanded?: boolean
  readonly look?: string
}) {
  return (
    <button
      type="button"
      class={`icon-button ${look}`}
      aria-label={name}
      aria-expanded={expanded}
      aria-disabled={off ? 'true' : undefined}
      onClick={() => !off && onPress()}
    >
      <Icon name={icon} />
    </button>
  )
}

export function Switch({
  name,
  on,
  locked = false,
  onChange,
}: {
  readonly name: string
  readonly on: boolean
  readonly locked?: boolean
  readonly onChange: (on: boolean) => void
}) {
  return (
    <button
      type="button"
      class="switch"
      role="switch"
      aria-checked={on}
      aria-label={name}
      aria-disabled={locked ? 'true' : undefined}
      onClick={() => !locked && onChange(!on)}
    >
      <span />
    </button>
  )
}

export function Tick({
  children,
  on,
  onChange,
}: {
  readonly children: ComponentChildren
  readonly on: boolean
  readonly onChange: (on: boolean) => void
}) {
  return (
    <label class="tick">
      <input type="checkbox" checked={on} onChange={(event) => onChange(event.currentTarget.checked)} />
      <span>{children}</span>
    </label>
  )
}

/** One of a few, all in view. */
export function Picker<T extends string | number>({
  name,
  options,
  chosen,
  onChoose,
}: {
  readonly name: string
  readonly options: readonly { readonly value: T; readonly label: string }[]
  readonly chosen: T | undefined
  readonly onChoose: (value: T) => void
}) {
  const group = useId()
  return (
    <span class="picker" role="radiogroup" aria-label={name}>
      {options.map(({ value, label }) => (
        <label key={value}>
          <input type="radio" name={group} checked={value === chosen} onChange={() => onChoose(value)} />
          <span>{label}</span>
        </label>
      ))}
    </span>
  )
}

/**
 * A password is shown only while this window has the focus: browsers keep what visible fields hold for the next start
 * (CVE-2022-32969). Paste and password managers work.
 */
export function PasswordField({
  value,
  onInput,
  onEnter,
  fresh = false,
  wrong,
  focus = false,
  label = t('ui_password'),
  secret = false,
}: {
  readonly value: string
  readonly onInput: (value: string) => void
  readonly onEnter?: () => void
  readonly fresh?: boolean
  readonly wrong?: string | undefined
  readonly focus?: boolean
  readonly label?: string
  /** A key: nothing that a password manager shall offer to keep. */
  readonly secret?: boolean
}) {
  const [shown, setShown] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  const id = useId()
  useEffect(() => {
    if (focus) input.current?.focus()
  }, [focus])
  useEffect(() => {
    const hide = () => setShown(false)
    window.addEventListener('blur', hide)
    return () => window.removeEventListener('blur', hide)
  }, [])
  return (
    <div class="stack gap4">
      <div class={`field ${wrong === undefined ? '' : 'wrong'}`}>
        <input
          ref={input}
          // Preact's types know each kind of input apart; this one changes its kind.
          type={(shown ? 'text' : 'password') as 'password'}
          value={value}
          placeholder={label}
          aria-label={label}
          aria-invalid={wrong === undefined ? undefined : 'true'}
          aria-describedby={wrong === undefined ? undefined : id}
          {...(secret ? { maxLength: 200 } : {})}
          autocomplete={shown || secret ? 'off' : fresh ? 'new-password' : 'current-password'}
          autocapitalize="off"
          spellcheck={false}
          onInput={(event) => onInput(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && !event.repeat) onEnter?.()
          }}
        />
        <IconButton
          icon={shown ? 'eyeOff' : 'eye'}
          name={t(shown ? 'ui_hidePassword' : 'ui_showPassword')}
          onPress={() => setShown(!shown)}
        />
      </div>
      {wrong !== undefined && (
        <p id={id} class="label danger" role="alert">
          {wrong}
        </p>
      )}
    </div>
  )
}

/** A menu that a button opens: arrows move, Esc closes and gives the focus back. */
export function Menu({
  button,
  children,
  place = '',
}: {
  readonly button: (props: {
    readonly ref: RefObject<HTMLButtonElement | null>
    readonly 'aria-haspopup': 'menu'
    readonly 'aria-expanded': boolean
    readonly onClick: () => void
  }) => ComponentChildren
  readonly children: (close: () => void) => ComponentChildren
  readonly place?: string
}) {
  const [open, setOpen] = useState(false)
  const holder = useRef<HTMLDivElement>(null)
  const opener = useRef<HTMLButtonElement>(null)
  const items = () => Array.from(holder.current?.querySelectorAll<HTMLElement>('[role^="menuitem"]') ?? [])
  const close = () => {
    setOpen(false)
    opener.current?.focus()
  }
  useEffect(() => {
    if (!open) return
    items()[0]?.focus()
    const outside = (event: Event) => {
      if (event.target instanceof Node && !holder.current?.contains(event.target)) setOpen(false)
    }
    document.addEventListener('pointerdown', outside)
    return () => document.removeEventListener('pointerdown', outside)
  }, [open])
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys of the menu inside it
    <div
      class="menu-holder"
      ref={holder}
      onKeyDown={(event) => {
        if (!open) return
        const all = items()
        const at = all.indexOf(document.activeElement as HTMLElement)
        const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key]
        if (event.key === 'Escape' || event.key === 'Tab') {
          if (event.key === 'Escape') event.preventDefault()
          close()
        } else if (to !== undefined) {
          event.preventDefault()
          all[(to + all.length) % all.length]?.focus()
        }
      }}
    >
      {button({ ref: opener, 'aria-haspopup': 'menu', 'aria-expanded': open, onClick: () => setOpen(!open) })}
      {open && (
        <div class={`menu ${place}`} role="menu">
          {children(close)}
        </div>
      )}
    </div>
  )
}

export function MenuItem({
  children,
  onPress,
  checked,
}: {
  readonly children: ComponentChildren
  readonly onPress: () => void
  readonly checked?: boolean
}) {
  return (
    <button
      type="button"
      tabIndex={-1}
      onClick={onPress}
      {...(checked === undefined ? { role: 'menuitem' } : { role: 'menuitemradio', 'aria-checked': checked })}
    >
      <span class="grow">{children}</span>
      {checked === true && <Icon name="check" size={16} />}
    </button>
  )
}

/** A question over the page. The browser keeps the focus in it, closes it on Esc and gives the focus back. */
export function Sheet({
  title,
  onClose,
  children,
}: {
  readonly title: string
  readonly onClose: () => void
  readonly children: ComponentChildren
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    dialog.current?.showModal()
  }, [])
  return (
    <dialog ref={dialog} class="sheet" aria-labelledby={id} onClose={onClose}>
      <div class="row">
        <h2 id={id} class="grow host">
          {title}
        </h2>
        <IconButton icon="cross" name={t('ui_close')} onPress={() => dialog.current?.close()} look="end" />
      </div>
      {children}
    </dialog>
  )
}

/** A row that opens what lies under it. */
export function Fold({
  head,
  children,
  name,
  open: atFirst = false,
}: {
  readonly head: ComponentChildren
  readonly children: ComponentChildren
  readonly name?: string
  /** As it begins. */
  readonly open?: boolean
}) {
  const [open, setOpen] = useState(atFirst)
  return (
    <>
      <button type="button" class="fold" aria-expanded={open} aria-label={name} onClick={() => setOpen(!open)}>
        {head}
        <span class="control">
          <Icon name={open ? 'down' : 'right'} />
        </span>
      </button>
      {open && children}
    </>
  )
}
