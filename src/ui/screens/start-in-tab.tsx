import { useWallet } from '../client.ts'
import { Button } from '../parts/controls.tsx'
import { Mark } from '../parts/icons.tsx'
import { Heading, toast } from '../parts/live.tsx'
import { t } from '../words.ts'

/** The popup closes when it loses the focus, so a wallet is made in a tab. */
export function StartInTab() {
  const { ask } = useWallet()
  return (
    <main class="page">
      <div class="unlock">
        <div class="lead-in">
          <Mark size={42} />
          <Heading>{t('ui_start_title')}</Heading>
          <p class="muted">{t('ui_start_what')}</p>
        </div>
        <Button
          look="tall main"
          onPress={() =>
            void ask('openTab', { path: '/' }).then(
              () => window.close(),
              () => toast(t('ui_lost')),
            )
          }
        >
          {t('ui_start_open')}
        </Button>
      </div>
    </main>
  )
}
