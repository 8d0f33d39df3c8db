import { useState } from 'preact/hooks'
import type { U256 } from '../../../core/felt.ts'
import type { FeeView } from '../../../core/protocol/ui.ts'
import { useWallet } from '../../client.ts'
import { Button, IconButton, Picker } from '../../parts/controls.tsx'
import { fieldText, said, t, typedAmount } from '../../words.ts'
import type { Act } from './acts.ts'

/** Fees are paid in it, in units of 10^-18. */
const DECIMALS = 18
const UNIT = 'STRK'

type Chosen = NonNullable<FeeView['chosen']>

/** What it costs, about and at most; opened, how fast and at most how much. */
export function Fee({
  id,
  fee,
  changed,
  onEdit,
}: {
  readonly id: string
  readonly fee: FeeView
  readonly changed: boolean
  readonly onEdit: (act: Act) => void
}) {
  const [open, setOpen] = useState(false)
  return (
    <>
      <div class={`fact ${changed ? 'changed' : ''}`}>
        <span class="grow">
          {fee.about === undefined ? (
            said(fee.line)
          ) : (
            <>
              <span class="num">{said(fee.about)}</span> <span class="q num">{said(fee.line)}</span>
            </>
          )}
        </span>
        <span class="control">
          {fee.chosen !== undefined && (
            <IconButton
              icon="pencil"
              name={t('ui_fee_edit')}
              expanded={open}
              onPress={() => setOpen(!open)}
              look="end"
            />
          )}
        </span>
      </div>
      {open && fee.chosen !== undefined && (
        <FeeForm key={`${fee.chosen.cap} ${fee.chosen.speed}`} id={id} chosen={fee.chosen} onEdit={onEdit} />
      )}
    </>
  )
}

function FeeForm({
  id,
  chosen,
  onEdit,
}: {
  readonly id: string
  readonly chosen: Chosen
  readonly onEdit: (act: Act) => void
}) {
  const { ask } = useWallet()
  const [speed, setSpeed] = useState(chosen.speed)
  const [tip, setTip] = useState(fieldText(chosen.tip, DECIMALS))
  const [cap, setCap] = useState(fieldText(chosen.cap, DECIMALS))
  const tipValue = speed === 'own' ? typedAmount(tip, DECIMALS) : 0n
  const capValue = typedAmount(cap, DECIMALS)
  const ready = tipValue !== undefined && capValue !== undefined && capValue > 0n
  const use = () => {
    if (!ready) return
    // As it stands it is the wallet's own limit, which follows the speed.
    const own = chosen.ownCap || capValue.toString() !== chosen.cap
    const params = {
      speed,
      tip: tipValue.toString() as U256, // Of a number that was read whole.
      cap: own ? (capValue.toString() as U256) : null,
    }
    onEdit(({ rev }) => ask('chooseFee', { id, rev, ...params }))
  }
  return (
    <div class="form stack gap8">
      <Picker
        name={t('ui_fee_speed')}
        options={[
          { value: 'normal' as const, label: t('ui_fee_normal') },
          { value: 'fast' as const, label: t('ui_fee_fast') },
          { value: 'own' as const, label: t('ui_fee_own') },
        ]}
        chosen={speed}
        onChoose={setSpeed}
      />
      {speed === 'fast' && chosen.speed === 'fast' && chosen.tip === '0' && (
        <p class="label muted">{t('ui_fee_noTip')}</p>
      )}
      {speed === 'own' && <Amount id="fee-tip" label={t('ui_fee_tip')} typed={tip} onType={setTip} />}
      <Amount id="fee-cap" label={t('ui_fee_cap')} typed={cap} onType={setCap} />
      <div class="row">
        <Button look="small" off={!ready} onPress={use}>
          {t('ui_fee_use')}
        </Button>
      </div>
    </div>
  )
}

function Amount({
  id,
  label,
  typed,
  onType,
}: {
  readonly id: string
  readonly label: string
  readonly typed: string
  readonly onType: (typed: string) => void
}) {
  const wrong = typedAmount(typed, DECIMALS) === undefined
  return (
    <div class="stack gap4">
      <label class="label muted" for={id}>
        {label}
      </label>
      <div class={`field slim ${wrong ? 'wrong' : ''}`}>
        <input
          id={id}
          type="text"
          inputMode="decimal"
          autocomplete="off"
          maxLength={100}
          value={typed}
          aria-invalid={wrong ? 'true' : undefined}
          aria-describedby={wrong ? `${id}-wrong` : undefined}
          onInput={(event) => onType(event.currentTarget.value)}
        />
        <span class="suffix">{UNIT}</span>
      </div>
      {wrong && (
        <p id={`${id}-wrong`} class="label danger" role="alert">
          {t('ui_send_unreadable')}
        </p>
      )}
    </div>
  )
}
