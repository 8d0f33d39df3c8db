import { signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'

const polite = signal('')
const toasted = signal('')
let clearing: ReturnType<typeof setTimeout> | undefined

/** Read out when the reader has a pause; nothing is seen. */
export function announce(words: string): void {
  polite.value = words
}

export function toast(words: string): void {
  toasted.value = words
  clearTimeout(clearing)
  clearing = setTimeout(() => {
    toasted.value = ''
  }, 4_000)
}

export function LiveRegions() {
  useEffect(handFocusOn, [])
  return (
    <>
      <div class="unseen" role="status">
        {polite}
      </div>
      <div class="toast" role="status">
        {toasted}
      </div>
    </>
  )
}

/** The heading of a page gets the focus on entry, so that a reader starts there. */
export function Heading({ children, look = '' }: { readonly children: string; readonly look?: string }) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    heading.current?.focus({ preventScroll: true })
  }, [])
  return (
    <h1 ref={heading} tabIndex={-1} class={look}>
      {children}
    </h1>
  )
}

/**
 * What had the focus and is gone hands it on: to the row that came in its place, else to the heading of the page. Without it
 * a person who has no mouse begins again at the top of the window (approval-ux.md 15).
 */
function handFocusOn(): () => void {
  let last: Element | null = null
  let list: Element | null | undefined
  let at = 0
  const remember = ({ target }: FocusEvent) => {
    last = target as Element
    const row = last.closest('li')
    list = row?.parentElement
    at = [...(list?.children ?? [])].indexOf(row as Element)
  }
  // Left for nothing by a person who is still there to see it: what happens to it later is not theirs.
  const forget = ({ target, relatedTarget }: FocusEvent) =>
    queueMicrotask(() => {
      if (relatedTarget === null && (target as Element).isConnected && document.hasFocus()) last = null
    })
  const changes = new MutationObserver(() => {
    if (last === null || last.isConnected || document.activeElement !== document.body) return
    last = null
    const rows = list?.isConnected ? [...list.children] : []
    const row = rows[Math.min(at, rows.length - 1)]
    const next = row?.querySelector('a[href], button') ?? document.querySelector('h1[tabindex]')
    ;(next as HTMLElement | null)?.focus({ preventScroll: row === undefined })
  })
  document.addEventListener('focusin', remember)
  document.addEventListener('focusout', forget)
  changes.observe(document.body, { childList: true, subtree: true })
  return () => {
    document.removeEventListener('focusin', remember)
    document.removeEventListener('focusout', forget)
    changes.disconnect()
  }
}
