import type { MeterView } from '../../core/protocol/ui.ts'
import { said } from '../words.ts'
import { Sentence } from './text.tsx'

/** Used solid, held striped, left empty; the numbers always beside it. */
export function Meter({
  meter,
  still = false,
  over = false,
}: {
  readonly meter: MeterView
  readonly still?: boolean
  /** Nothing of it can be used any more: what was not is not called left. */
  readonly over?: boolean
}) {
  return (
    <div>
      <div class={`meter ${still ? 'still' : ''}`} aria-hidden="true">
        {meter.used !== '0' && <i style={{ width: percent(meter.used, meter.limit) }} />}
        {meter.held !== '0' && <i class="held" style={{ width: percent(meter.held, meter.limit) }} />}
      </div>
      <div class="row between num">
        <span>
          <Sentence line={meter.usedLine} strong="first" />
        </span>
        {!over && <span class="whole">{said(meter.leftLine)}</span>}
      </div>
    </div>
  )
}

function percent(part: string, whole: string): string {
  const all = BigInt(whole)
  return all === 0n ? '0%' : `${Number((BigInt(part) * 10_000n) / all) / 100}%`
}
