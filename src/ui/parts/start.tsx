import type { ComponentChildren } from 'preact'
import { t } from '../words.ts'
import { Mark } from './icons.tsx'

/** Page of the start: progress, mark, the step, and one line that holds for all of it. */
export function Start({
  children,
  foot,
  progress,
  wide = false,
}: {
  readonly children: ComponentChildren
  readonly foot: string
  /** 0 to 1. */
  readonly progress?: number
  readonly wide?: boolean
}) {
  return (
    <div class={`start ${wide ? 'wide' : ''}`}>
      <div class="progress" aria-hidden="true">
        {progress !== undefined && <span style={{ width: `${progress * 100}%` }} />}
      </div>
      <header class="brand">
        <Mark />
        {t('name')}
      </header>
      <main>{children}</main>
      <footer>{foot}</footer>
    </div>
  )
}
