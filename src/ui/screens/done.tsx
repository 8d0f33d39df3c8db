import { useEffect, useState } from 'preact/hooks'
import type { NetworkView } from '../../core/protocol/ui.ts'
import { text } from '../../core/words.ts'
import { useWallet } from '../client.ts'
import { useAct } from '../parts/act.ts'
import { Button } from '../parts/controls.tsx'
import { Heading } from '../parts/live.tsx'
import { FullAddress } from '../parts/text.tsx'
import { t } from '../words.ts'

/** What a session is, who holds it, and what this wallet is not. */
export function Done({ onDone }: { readonly onDone: () => void }) {
  const { view, ask } = useWallet()
  const local = useLocal()
  const { busy, failure, run } = useAct()
  const account = view.value?.account ?? view.value?.accounts[0]
  return (
    <div class="stack gap24">
      <Heading look="title">{t('ui_done_title')}</Heading>
      <ul class="stack gap12 lead">
        <li>{t('ui_done_session')}</li>
        <li>{t('ui_done_who')}</li>
        <li>{t('ui_done_keys')}</li>
      </ul>
      <div class="stack gap4">
        <span class="label muted">{t('ui_done_address')}</span>
        {account === undefined ? <span class="address-place" /> : <FullAddress address={account.address} />}
      </div>
      <ol class="numbered">
        <li>{t('ui_done_pin')}</li>
        <li>{t('ui_done_fund')}</li>
        <li>{t('ui_done_use')}</li>
      </ol>
      <div class="row wrap gap12">
        <Button look="tall main" onPress={onDone}>
          {t('ui_done_open')}
        </Button>
        {local !== undefined && (
          <Button
            look={local.answers ? 'tall' : 'tall awaited'}
            described="local-what"
            busy={busy}
            onPress={() =>
              void run(async () => {
                const before = view.value?.network ?? local.id
                await ask('selectNetwork', { network: local.id })
                try {
                  await ask('testTokens', null)
                } catch (error) {
                  // A network of one's own without such tokens is no place to begin.
                  await ask('selectNetwork', { network: before })
                  throw error
                }
                onDone()
              })
            }
          >
            {t('ui_done_local', { network: text(local.name) })}
          </Button>
        )}
      </div>
      {local !== undefined && (
        <p id="local-what" class={local.answers ? 'muted' : 'muted awaited'}>
          {t('ui_done_localWhat')}
        </p>
      )}
      {failure !== undefined && (
        <p class="danger" role="alert">
          {failure}
        </p>
      )}
    </div>
  )
}

/**
 * The test network of this computer, and whether it runs: whoever builds a site begins there. Nobody else is asked. Its
 * words have their place before it answers, for nothing may move under a press.
 */
function useLocal(): (NetworkView & { readonly answers: boolean }) | undefined {
  const { view, ask } = useWallet()
  const [answers, setAnswers] = useState(false)
  const local = view.value?.networks.find((it) => it.id === 'devnet')
  useEffect(() => {
    if (local === undefined) return
    ask('checkNetwork', { network: local.id }).then(
      ({ state }) => setAnswers(state === 'answers'),
      () => undefined,
    )
  }, [local?.id])
  return local && { ...local, answers }
}
