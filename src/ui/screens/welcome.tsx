import { useState } from 'preact/hooks'
import { type Address, type U256, u256 } from '../../core/felt.ts'
import type { MeterView } from '../../core/protocol/ui.ts'
import { amount, count, line, place, text, time } from '../../core/words.ts'
import { Button } from '../parts/controls.tsx'
import { Heading } from '../parts/live.tsx'
import { Meter } from '../parts/meter.tsx'
import { SessionCard } from '../parts/session-card.tsx'
import { Start } from '../parts/start.tsx'
import { Badge } from '../parts/text.tsx'
import { clock, said, t } from '../words.ts'
import { Create } from './create.tsx'
import { Import } from './import.tsx'
import { RestoreFile } from './restore.tsx'

export function Welcome({ onDone }: { readonly onDone: () => void }) {
  const [way, setWay] = useState<'welcome' | 'create' | 'import' | 'restore'>('welcome')
  if (way === 'create') return <Create onBack={() => setWay('welcome')} onDone={onDone} />
  if (way === 'import') return <Import onBack={() => setWay('welcome')} onDone={onDone} />
  if (way === 'restore') return <RestoreFile onBack={() => setWay('welcome')} onDone={onDone} />
  return (
    <Start wide foot={t('ui_welcome_foot')}>
      <div class="stack gap24">
        <div class="stack gap16">
          <Heading look="headline">{t('ui_welcome_title')}</Heading>
          <p class="lead">{t('ui_welcome_what')}</p>
        </div>
        <div class="row wrap gap12">
          <Button look="tall main" onPress={() => setWay('create')}>
            {t('ui_welcome_create')}
          </Button>
          <Button look="tall" onPress={() => setWay('import')}>
            {t('ui_welcome_import')}
          </Button>
          <Button look="tall" onPress={() => setWay('restore')}>
            {t('ui_welcome_restore')}
          </Button>
        </div>
      </div>
      <Example />
    </Start>
  )
}

const STRK = { symbol: 'STRK', decimals: 18 }
const strk = (units: bigint): U256 => u256(units * 10n ** 18n)

/** The product explained by one real card. */
function Example() {
  const end = clock.value + 86_400 - 7_200
  const meter: MeterView = {
    id: 'example',
    title: line('ui_limits'),
    limit: strk(25n),
    used: strk(18n),
    held: strk(2n),
    left: strk(5n),
    token: STRK,
    usedLine: line('ui_example_used', { used: count(18), limit: amount(strk(25n), STRK), held: text('2') }),
    leftLine: line('ui_example_left', { left: text('5') }),
  }
  return (
    <div class="stack gap16">
      <SessionCard
        cut={[6, 2, 8, 4, 8]}
        size="list"
        state="running"
        life={{ startsAt: clock.value - 7_200, endsAt: end }}
      >
        <div class="row gap12">
          <Badge tint={2} initial="P" />
          <div class="grow">
            <span class="host">play.g.io</span>
            <p class="label muted">
              {said(
                line('ui_example_acts', { account: place('0x1' as Address, t('ui_example_account')), end: time(end) }),
              )}
            </p>
          </div>
        </div>
        <div class="card-meter">
          <Meter meter={meter} />
        </div>
      </SessionCard>
      <ul class="label muted stack gap8 example-words">
        <li>{t('ui_example_cut')}</li>
        <li>{t('ui_example_line')}</li>
        <li>{t('ui_example_meter')}</li>
      </ul>
    </div>
  )
}
