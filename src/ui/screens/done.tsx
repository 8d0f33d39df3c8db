import { useWallet } from '../client.ts'
import { Button } from '../parts/controls.tsx'
import { Heading } from '../parts/live.tsx'
import { FullAddress } from '../parts/text.tsx'
import { t } from '../words.ts'

/** What a session is, who holds it, and what this wallet is not. */
export function Done({ onDone }: { readonly onDone: () => void }) {
  const { view } = useWallet()
  const account = view.value?.account ?? view.value?.accounts[0]
  return (
    <div class="stack gap24">
      <Heading look="title">{t('ui_done_title')}</Heading>
      <ul class="stack gap12 lead">
        <li>{t('ui_done_session')}</li>
        <li>{t('ui_done_who')}</li>
        <li>{t('ui_done_keys')}</li>
      </ul>
      {account !== undefined && (
        <div class="stack gap4">
          <span class="label muted">{t('ui_done_address')}</span>
          <FullAddress address={account.address} />
        </div>
      )}
      <ol class="numbered">
        <li>{t('ui_done_pin')}</li>
        <li>{t('ui_done_fund')}</li>
        <li>{t('ui_done_use')}</li>
      </ol>
      <div class="row">
        <Button look="tall main" onPress={onDone}>
          {t('ui_done_open')}
        </Button>
      </div>
    </div>
  )
}
