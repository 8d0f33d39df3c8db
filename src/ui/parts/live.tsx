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
