import { Component, type ComponentChildren } from 'preact'
import type { VerbError } from '../../core/protocol/ui.ts'
import { line } from '../../core/words.ts'
import { said, t } from '../words.ts'
import { Button } from './controls.tsx'
import { Icon } from './icons.tsx'
import { toast } from './live.tsx'

/** What happened, what did not happen, what to do. */
export function Fault({
  title,
  children,
  level = 'warn',
}: {
  readonly title: string
  readonly children?: ComponentChildren
  readonly level?: 'warn' | 'danger'
}) {
  return (
    <section class={`panel ${level}-soft`} role="alert">
      <span class={level}>
        <Icon name={level} />
      </span>
      <div class="grow stack gap8">
        <h2 class={level}>{title}</h2>
        {children}
      </div>
    </section>
  )
}

/** The whole page, when there is nothing else to draw. */
export function FaultPage({
  title,
  what,
  details,
  onRetry,
}: {
  readonly title: string
  readonly what?: string
  readonly details?: string
  readonly onRetry?: () => void
}) {
  return (
    <main class="page">
      <header class="top">
        <h1>{t('name')}</h1>
      </header>
      <div class="body">
        <Fault title={title}>
          {what !== undefined && <p>{what}</p>}
          <p>{t('ui_fault_phraseHelps')}</p>
          <div class="row wrap">
            {onRetry !== undefined && (
              <Button look="small" icon="retry" onPress={onRetry}>
                {t('ui_retry')}
              </Button>
            )}
            {details !== undefined && (
              <Button
                look="small"
                icon="copy"
                onPress={() => void navigator.clipboard.writeText(details).then(() => toast(t('ui_copied')))}
              >
                {t('ui_copyDetails')}
              </Button>
            )}
          </div>
        </Fault>
      </div>
    </main>
  )
}

interface GuardProps {
  readonly children: ComponentChildren
}

/** Preact wants a class to catch what a screen throws. What it says is true: drawing signs nothing. */
export class Guard extends Component<GuardProps, { readonly broken?: string }> {
  override state: { readonly broken?: string } = {}
  override componentDidCatch(error: unknown): void {
    this.setState({ broken: error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error) })
  }
  override render(): ComponentChildren {
    const { broken } = this.state
    if (broken === undefined) return this.props.children
    return <FaultPage title={t('ui_fault_title')} details={broken} onRetry={() => location.reload()} />
  }
}

export const wentWrong = (error: unknown): VerbError =>
  typeof error === 'object' && error !== null && 'line' in error && 'code' in error
    ? // Only `ask` rejects here, and it rejects with this.
      (error as VerbError)
    : { code: 'internal', line: line('ui_fault_title') }
export const sentenceOf = (error: unknown): string => said(wentWrong(error).line)
