import { amount, count, line, text } from '../../src/core/words.ts'
import { Button, Picker, Switch, Tick } from '../../src/ui/parts/controls.tsx'
import { Icon, type IconName, Mark } from '../../src/ui/parts/icons.tsx'
import { Meter } from '../../src/ui/parts/meter.tsx'
import { type CardState, SessionCard } from '../../src/ui/parts/session-card.tsx'
import { Badge, Circle, Sentence } from '../../src/ui/parts/text.tsx'
import { base, NOW, STRK } from './views.ts'

const STATES: readonly CardState[] = ['asked', 'running', 'needsYou', 'ended']
const ICONS =
  'right left down up warn danger info search pencil lock copy receive send bolt clock pause play stop retry check plus cross eye eyeOff dots sound'.split(
    ' ',
  ) as readonly IconName[]
const none = () => undefined

/** Every part once, in all its states. */
export function Parts() {
  const meter = base.sessions[1]?.tightest
  return (
    <main class="page">
      <header class="top">
        <h1>Parts</h1>
      </header>
      <div class="body stack gap16">
        {STATES.map((state) => (
          <SessionCard
            key={state}
            cut={[6, 2, 8, 4, 8]}
            size="list"
            state={state}
            life={{ startsAt: NOW - 36_000, endsAt: NOW + 54_000 }}
          >
            <div class="row gap12">
              <Badge tint={2} initial="P" size={32} />
              <span class="strong">play.g.io</span>
            </div>
            {meter !== undefined && (
              <div class="card-meter">
                <Meter meter={meter} still={state !== 'running'} />
              </div>
            )}
          </SessionCard>
        ))}
        <p class="big">
          <Sentence
            line={line('policy_worstSpend', {
              list: amount('25000000000000000000' as never, STRK),
              fee: amount('800000000000000000' as never, STRK),
            })}
          />
        </p>
        <div class="row wrap">
          <Button look="main" onPress={none}>
            Allow
          </Button>
          <Button onPress={none}>Refuse</Button>
          <Button look="strong" onPress={none}>
            Refuse
          </Button>
          <Button look="risky" onPress={none}>
            Allow session
          </Button>
          <Button off onPress={none}>
            Ready in a moment
          </Button>
          <Button look="small" icon="stop" onPress={none}>
            Stop all
          </Button>
        </div>
        <div class="row wrap">
          <Switch name="on" on onChange={none} />
          <Switch name="off" on={false} onChange={none} />
          <Switch name="needed" on locked onChange={none} />
          <Tick on={false} onChange={none}>
            not ticked
          </Tick>
          <Tick on onChange={none}>
            ticked
          </Tick>
          <Picker
            name="End"
            options={[
              { value: 1, label: '1 hour' },
              { value: 2, label: '1 day' },
            ]}
            chosen={2}
            onChoose={none}
          />
        </div>
        <div class="row wrap">
          {[0, 1, 2, 3, 4].map((tint) => (
            <Badge key={tint} tint={tint} initial="P" />
          ))}
          <Circle name="Game" />
          <Mark size={36} />
          <span class="tag">needed</span>
          <span class="tag warn">refused</span>
          <span class="tag danger">danger</span>
          <span class="tag new">new</span>
          <span class="state running">
            <span class="dot still" />
            Running
          </span>
        </div>
        <div class="row wrap muted">
          {ICONS.map((icon) => (
            <Icon key={icon} name={icon} />
          ))}
        </div>
        <p>
          <Sentence line={line('ui_pager_at', { at: count(1), n: count(2) })} />{' '}
          <Sentence line={line('ui_unlock_asks', { host: text('play.g.io') })} strong="names" />
        </p>
      </div>
    </main>
  )
}
