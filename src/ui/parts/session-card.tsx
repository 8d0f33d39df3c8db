import type { ComponentChildren } from 'preact'
import type { UnixSeconds } from '../../core/time.ts'
import { minute } from '../words.ts'
import { type CutPlace, cutShape } from './cut.ts'

export type CardState = 'asked' | 'running' | 'needsYou' | 'ended'

/** Where the cut lies, by the card's height. */
const PLACES = {
  request: { top: 24, pitch: 11 },
  detail: { top: 24, pitch: 11 },
  list: { top: 20, pitch: 9 },
  strip: { top: 18, pitch: 9 },
  short: { top: 16, pitch: 7 },
  line: { top: 15, pitch: 6 },
} as const satisfies Record<string, CutPlace>

const CLASSES = { request: '', detail: 'detail', list: 'list', strip: 'strip', short: 'list', line: 'strip' }

interface CardProps {
  readonly cut: readonly number[]
  readonly size: keyof typeof PLACES
  readonly state: CardState
  /** Absent: a full line. */
  readonly life?: { readonly startsAt: UnixSeconds; readonly endsAt: UnixSeconds }
  readonly children: ComponentChildren
}

/** The same card is the question, the row of the list and the head of the detail, so that it is known again. */
export function SessionCard({ cut, size, state, life, children }: CardProps) {
  const shape = cutShape(cut, PLACES[size])
  return (
    <div class={`card ${CLASSES[size]} ${state}`}>
      <svg
        class="cut"
        width="14"
        height={shape.height}
        viewBox={`0 0 14 ${shape.height}`}
        aria-hidden="true"
        focusable="false"
      >
        <path class="out" d={shape.outside} />
        <path class="key" d={shape.key} />
      </svg>
      {state !== 'ended' && (
        <div class="time" aria-hidden="true">
          <span style={{ width: `${share(life)}%` }} />
        </div>
      )}
      {children}
    </div>
  )
}

/** By the minute: a line that creeps each second would be the only moving thing of the page. */
function share(life: CardProps['life']): number {
  if (life === undefined) return 100
  const whole = life.endsAt - life.startsAt
  return whole <= 0
    ? 0
    : Math.min(100, Math.max(0, ((life.endsAt - Math.max(minute.value, life.startsAt)) / whole) * 100))
}
