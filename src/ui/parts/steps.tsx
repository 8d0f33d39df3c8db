import type { StepView } from '../../core/protocol/ui.ts'
import { said, shortAddress, t } from '../words.ts'
import { Icon } from './icons.tsx'

const STATES = {
  todo: 'ui_step_todo',
  signed: 'ui_step_signed',
  sent: 'ui_step_sent',
  nearly: 'ui_step_nearly',
  done: 'ui_step_done',
  failed: 'ui_step_failed',
} as const

/** What happens after Allow, in its order, each with its cost and how far it is. */
export function Steps({ steps, started }: { readonly steps: readonly StepView[]; readonly started: boolean }) {
  return (
    <ol class="steps">
      {steps.map((step, index) => (
        <li key={step.step} class={look(step.state)}>
          <span class="mark" aria-hidden="true">
            {step.state === 'done' ? (
              <Icon name="check" size={16} />
            ) : step.state === 'failed' ? (
              <Icon name="cross" size={16} />
            ) : (
              index + 1
            )}
          </span>
          <span class="grow">
            <span class="fact-name">{said(step.title)}</span>
            <span class="sub dots">
              <span>{said(step.cost)}</span>
              {step.hash !== undefined && <span class="mono">{shortAddress(step.hash)}</span>}
            </span>
          </span>
          {(started || step.state !== 'todo') && <span class="note muted">{t(STATES[step.state])}</span>}
        </li>
      ))}
    </ol>
  )
}

const look = (state: StepView['state']) =>
  state === 'done' ? 'done' : state === 'failed' ? 'failed' : state === 'todo' ? '' : 'going'
