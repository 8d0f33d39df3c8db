import type { ComponentType } from 'preact'
import { useLayoutEffect, useState } from 'preact/hooks'
import { FaultPage } from './parts/fault.tsx'
import { t } from './words.ts'

/**
 * A screen whose code is read when it is first shown, or ahead of that, and stays.
 *
 * @param load `() => import('./screens/x.tsx').then((it) => it.X)`
 */
export function later<P extends object>(load: () => Promise<ComponentType<P>>): Later<P> {
  let kept: ComponentType<P> | undefined
  let reading: Promise<ComponentType<P>> | undefined
  const read = () => {
    reading ??= load().then((it) => {
      kept = it
      return it
    })
    return reading
  }
  function Later(props: P) {
    const [Screen, setScreen] = useState<ComponentType<P> | undefined>(() => kept)
    const [failed, setFailed] = useState(false)
    // Before the paint: code that was read ahead is shown in the same frame.
    useLayoutEffect(() => {
      if (Screen !== undefined) return
      read().then(
        (it) => setScreen(() => it),
        // The files of an extension that was replaced meanwhile are gone; the page of the new one has them.
        () => setFailed(true),
      )
    }, [Screen])
    if (failed) return <FaultPage title={t('ui_reconnecting')} onRetry={() => location.reload()} />
    return Screen === undefined ? null : <Screen {...props} />
  }
  // Whoever shows it tells of what fails.
  return Object.assign(Later, { ahead: () => void read().catch(() => undefined) })
}

export type Later<P> = ComponentType<P> & {
  /** Reads the code before the screen is shown. */
  readonly ahead: () => void
}
