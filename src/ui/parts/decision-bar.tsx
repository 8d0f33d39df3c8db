import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Decision } from '../../core/protocol/ui.ts'
import { text } from '../../core/words.ts'
import { clock, plural, t } from '../words.ts'
import { useArming } from './arming.ts'
import { Button, Menu, MenuItem } from './controls.tsx'
import { Icon } from './icons.tsx'
import { announce } from './live.tsx'

interface BarProps {
  /** A new one disarms: id, revision and digest of what is shown. */
  readonly revision: string
  readonly allowLabel: string
  readonly worst: ComponentChildren
  readonly end: ComponentChildren
  readonly danger?: boolean
  /** False: something else than time holds it back, and the page says what. */
  readonly ready: boolean
  /** A tick or password is missing: the label stays, so that one can see what is being prepared. */
  readonly stepUp?: ComponentChildren
  readonly stepUpMissing?: boolean
  readonly notice?: ComponentChildren
  readonly waiting: number
  readonly lapsesAt: number
  readonly busy: boolean
  readonly onKeepOpen: () => void
  readonly onDecide: (decision: Decision) => void
}

export function DecisionBar(props: BarProps) {
  const { allowLabel, danger = false, ready, stepUpMissing = false, busy, waiting, onDecide } = props
  const refuse = useRef<HTMLButtonElement>(null)
  const bar = useRef<HTMLDivElement>(null)
  const over = useContentBelow(bar)
  const { ref, armed } = useArming(props.revision, ready && !busy && !stepUpMissing, () => onDecide('allow'))
  useEffect(() => {
    refuse.current?.focus({ preventScroll: true })
  }, [])
  useEffect(() => {
    if (armed) announce(t('ui_armed', { what: text(allowLabel) }))
  }, [armed, allowLabel])
  const refuseLook = danger ? 'strong' : ''
  const label = busy ? t('ui_allowing') : !ready || stepUpMissing || armed ? allowLabel : t('ui_readyInAMoment')
  return (
    <div class={`bar ${over ? 'over' : ''}`} ref={bar}>
      <div>
        <LastMinute lapsesAt={props.lapsesAt} onKeepOpen={props.onKeepOpen} />
        {props.notice}
        {props.stepUp !== undefined && <div class="step-up">{props.stepUp}</div>}
        <div class="summary">
          <span>{props.worst}</span>
          <span class="muted">{props.end}</span>
        </div>
        <div class="decide">
          <div class="split">
            <button type="button" ref={refuse} class={`button tall ${refuseLook}`} onClick={() => onDecide('refuse')}>
              {t('ui_refuse')}
            </button>
            <Menu
              place="up"
              button={(opener) => (
                <button
                  type="button"
                  class={`button tall more ${refuseLook}`}
                  aria-label={t('ui_refuseMenu')}
                  {...opener}
                >
                  <Icon name="up" />
                </button>
              )}
            >
              {(close) => (
                <>
                  {waiting > 1 && (
                    <MenuItem
                      onPress={() => {
                        close()
                        onDecide('refuseAll')
                      }}
                    >
                      {plural('ui_refuseAll_other', waiting)}
                    </MenuItem>
                  )}
                  <MenuItem
                    onPress={() => {
                      close()
                      onDecide('quiet')
                    }}
                  >
                    {t('ui_refuseQuiet')}
                  </MenuItem>
                </>
              )}
            </Menu>
          </div>
          <button
            type="button"
            ref={ref}
            class={`button tall two-labels ${danger ? 'risky' : 'main'}`}
            aria-disabled={armed && !busy ? undefined : 'true'}
          >
            {label}
          </button>
        </div>
      </div>
    </div>
  )
}

/** The last minute counts down, and can be made longer. */
function LastMinute({ lapsesAt, onKeepOpen }: { readonly lapsesAt: number; readonly onKeepOpen: () => void }) {
  const seconds = Math.max(0, lapsesAt - clock.value)
  const last = seconds <= 60
  useEffect(() => {
    if (last) announce(t('ui_closesSoon'))
  }, [last])
  useEffect(() => {
    if (seconds === 10) announce(t('ui_closesVerySoon'))
  }, [seconds])
  if (!last) return null
  const time = `0:${String(Math.min(59, seconds)).padStart(2, '0')}`
  return (
    <div class="row notice">
      <Icon name="clock" />
      <span class="grow label num">{t('ui_closesIn', { time: text(time) })}</span>
      <Button look="small" onPress={onKeepOpen}>
        {t('ui_keepOpen')}
      </Button>
    </div>
  )
}

/** The line over the bar is stronger while something lies hidden under it. */
function useContentBelow(bar: { readonly current: HTMLElement | null }): boolean {
  const [below, setBelow] = useState(false)
  useEffect(() => {
    const look = () => {
      const page = document.documentElement
      setBelow(page.scrollHeight - page.scrollTop - page.clientHeight > 1)
    }
    look()
    const sizes = new ResizeObserver(look)
    sizes.observe(document.body)
    if (bar.current?.previousElementSibling) sizes.observe(bar.current.previousElementSibling)
    window.addEventListener('scroll', look, { passive: true })
    window.addEventListener('resize', look)
    return () => {
      sizes.disconnect()
      window.removeEventListener('scroll', look)
      window.removeEventListener('resize', look)
    }
  }, [])
  return below
}
