import { signal } from '@preact/signals'
import { useWallet } from '../client.ts'
import { plural, t } from '../words.ts'
import { Button } from './controls.tsx'
import { sentenceOf } from './fault.tsx'
import { announce, toast } from './live.tsx'

/** What the last Stop all stopped, so that the questions can come after the act. */
const stopped = signal<readonly string[]>([])

/** Stops at the press, works while locked, asks nothing first. */
export function StopAll() {
  const { ask } = useWallet()
  const press = async () => {
    try {
      const { stopped: ids } = await ask('stopAll', null)
      stopped.value = ids
      announce(plural('ui_stopped_other', ids.length))
      toast(plural('ui_stopped_other', ids.length))
    } catch (error) {
      toast(sentenceOf(error))
    }
  }
  return (
    <Button look="small" icon="stop" onPress={() => void press()}>
      {t('ui_stopAll')}
    </Button>
  )
}

/** After Stop all: go on, or end them for good. */
export function AfterStop() {
  const { ask, view } = useWallet()
  const ids = stopped.value.filter((id) =>
    view.value?.sessions.some(
      (session) => session.id === id && session.group !== 'running' && session.group !== 'ended',
    ),
  )
  if (ids.length === 0) return null
  const each = async (act: (id: string) => Promise<unknown>) => {
    for (const id of ids)
      try {
        await act(id)
      } catch (error) {
        toast(sentenceOf(error))
        return
      }
    stopped.value = []
  }
  return (
    <section class="panel" aria-label={t('ui_stopped_title')}>
      <div class="grow stack gap8">
        <h2>{plural('ui_stopped_other', ids.length)}</h2>
        <p>{t('ui_stopped_what')}</p>
        <div class="row wrap">
          <Button look="small" icon="play" onPress={() => void each((id) => ask('resumeSession', { id }))}>
            {t('ui_resumeAll')}
          </Button>
          <Button look="small" onPress={() => void each((id) => ask('endSession', { id, onChain: false }))}>
            {t('ui_endAllHere')}
          </Button>
          <Button look="small" onPress={() => void each((id) => ask('endSession', { id, onChain: true }))}>
            {t('ui_endAllOnChain')}
          </Button>
        </div>
      </div>
    </section>
  )
}
