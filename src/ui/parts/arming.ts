/**
 * No decision by accident or by trick (approval-ux.md 7.2). Every Allow of the wallet goes through this file.
 *
 * The button works 800 ms after the last of: page visible, window focused, revision shown, layout settled, step-up done.
 * It takes a trusted pointerdown and pointerup, or keydown and keyup of Enter or Space, both while it was armed without a
 * break. Any blur, trusted or not, takes that away: it can only delay. A plain `click` event does nothing at all.
 */
import { useEffect, useRef, useState } from 'preact/hooks'

export const ARM_DELAY = 800

export interface Arming {
  /** What is decided now: another text disarms. */
  readonly revise: (revision: string) => void
  /** False while a step-up, an edit or an answer is outstanding. */
  readonly allow: (ready: boolean) => void
  readonly stop: () => void
}

export interface ArmingSetup {
  readonly button: HTMLElement
  /** Its size and place are the layout that must settle. */
  readonly onChange: (armed: boolean) => void
  readonly onPress: () => void
}

export function createArming({ button, onChange, onPress }: ArmingSetup): Arming {
  let revision: string | undefined
  let ready = false
  let armed = false
  /** What a press began with. Each disarming forgets it: a press must begin and end in one armed time. */
  let press: string | undefined
  let place = ''
  let waiting: ReturnType<typeof setTimeout> | undefined

  const mayArm = () => ready && revision !== undefined && document.visibilityState === 'visible' && document.hasFocus()

  function restart(): void {
    clearTimeout(waiting)
    press = undefined
    set(false)
    if (!mayArm()) return
    place = placeOf(button)
    waiting = setTimeout(() => {
      if (!mayArm()) return
      // It moved meanwhile, so the eye has to find it again.
      if (placeOf(button) !== place) return restart()
      set(true)
    }, ARM_DELAY)
  }

  function disarm(): void {
    clearTimeout(waiting)
    press = undefined
    set(false)
  }

  function set(next: boolean): void {
    if (armed === next) return
    armed = next
    onChange(next)
  }

  /** Asked again at the moment of the press: no event tells that the layout moved under the pointer. */
  const holds = () => armed && mayArm() && placeOf(button) === place

  function begin(by: string): void {
    press = undefined
    if (holds()) press = by
    else if (armed) restart()
  }

  function finish(by: string): void {
    const started = press
    press = undefined
    if (started !== by || !holds()) return
    disarm()
    // One press, one decision: it arms again only when it is allowed again.
    ready = false
    onPress()
  }

  const down = (event: PointerEvent) => {
    press = undefined
    if (event.isTrusted && event.isPrimary && event.button === 0) begin(`pointer ${event.pointerId}`)
  }
  const up = (event: PointerEvent) => {
    if (event.isTrusted && event.button === 0) finish(`pointer ${event.pointerId}`)
  }
  const forget = () => {
    press = undefined
  }
  const isKey = (event: KeyboardEvent) => event.key === 'Enter' || event.key === ' '
  const keyDown = (event: KeyboardEvent) => {
    if (!isKey(event)) return
    // The browser would make a click of it, and Space would scroll.
    event.preventDefault()
    if (event.repeat) return
    press = undefined
    if (event.isTrusted && document.activeElement === button) begin(`key ${event.key}`)
  }
  const keyUp = (event: KeyboardEvent) => {
    if (!isKey(event)) return
    event.preventDefault()
    if (event.isTrusted && document.activeElement === button) finish(`key ${event.key}`)
  }
  const seen = () => (mayArm() ? restart() : disarm())
  const moved = () => {
    if (placeOf(button) !== place) restart()
  }

  const listening = new AbortController()
  const { signal } = listening
  button.addEventListener('pointerdown', down, { signal })
  button.addEventListener('pointerup', up, { signal })
  button.addEventListener('pointercancel', forget, { signal })
  button.addEventListener('pointerleave', forget, { signal })
  button.addEventListener('blur', forget, { signal })
  button.addEventListener('keydown', keyDown, { signal })
  button.addEventListener('keyup', keyUp, { signal })
  window.addEventListener('blur', disarm, { signal })
  window.addEventListener('focus', seen, { signal })
  window.addEventListener('resize', restart, { signal })
  window.addEventListener('scroll', moved, { signal, passive: true })
  document.addEventListener('visibilitychange', seen, { signal })

  const layout = new ResizeObserver(moved)
  layout.observe(document.body)
  layout.observe(button)

  return {
    revise: (next) => {
      if (revision === next) return
      revision = next
      restart()
    },
    allow: (next) => {
      if (ready === next) return
      ready = next
      restart()
    },
    stop: () => {
      listening.abort()
      layout.disconnect()
      disarm()
    },
  }
}

function placeOf(element: HTMLElement): string {
  const { left, top, width, height } = element.getBoundingClientRect()
  return [left, top, width, height].map(Math.round).join(' ')
}

/** For a button drawn by Preact: give it `ref`. */
export function useArming(revision: string, ready: boolean, onPress: () => void) {
  const ref = useRef<HTMLButtonElement>(null)
  const arming = useRef<Arming | undefined>(undefined)
  const latest = useRef(onPress)
  latest.current = onPress
  const [armed, setArmed] = useState(false)
  useEffect(() => {
    if (ref.current === null) return
    const made = createArming({ button: ref.current, onChange: setArmed, onPress: () => latest.current() })
    arming.current = made
    return () => made.stop()
  }, [])
  useEffect(() => {
    arming.current?.revise(revision)
    arming.current?.allow(ready)
  }, [revision, ready])
  return { ref, armed }
}
