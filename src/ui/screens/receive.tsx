import { useMemo, useState } from 'preact/hooks'
import { padded } from '../../core/felt.ts'
import type { View } from '../../core/protocol/ui.ts'
import { text } from '../../core/words.ts'
import { useWallet } from '../client.ts'
import { Button, IconButton } from '../parts/controls.tsx'
import { copyAddress } from '../parts/copy.ts'
import { sentenceOf } from '../parts/fault.tsx'
import { Heading, toast } from '../parts/live.tsx'
import { FullAddress } from '../parts/text.tsx'
import { networkName } from '../parts/who.tsx'
import { qrOf, SIZE } from '../qr.ts'
import { go } from '../route.ts'
import { t } from '../words.ts'

export function Receive({ view }: { readonly view: View }) {
  const { ask } = useWallet()
  const [busy, setBusy] = useState(false)
  const account = view.account ?? view.accounts[0]
  const getTokens = async () => {
    setBusy(true)
    try {
      await ask('testTokens', null)
      toast(t('ui_account_tokensCome'))
    } catch (error) {
      toast(sentenceOf(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <main class="page">
      <header class="top">
        <IconButton icon="left" name={t('ui_back')} onPress={() => go('/')} look="back" />
        <Heading>{t('ui_receive_title')}</Heading>
      </header>
      {account !== undefined && (
        <div class="body">
          <div class="stack gap16 receive">
            <p class="label muted">
              {t(account.state?.deployed === false ? 'ui_receive_notDeployed' : 'ui_receive_what', {
                network: text(networkName(view, view.network)),
              })}
            </p>
            <Qr text={padded(account.address)} />
            <section class="stack gap4" aria-label={t('ui_receive_address')}>
              <p class="strong">{account.name}</p>
              <FullAddress address={account.address} />
            </section>
          </div>
          <div class="stack gap8 push">
            {view.network === 'devnet' && (
              <Button busy={busy} onPress={() => void getTokens()}>
                {t('ui_receive_testTokens')}
              </Button>
            )}
            <Button look="main tall" icon="copy" onPress={() => copyAddress(account)}>
              {t('ui_copyAddress')}
            </Button>
          </div>
        </div>
      )}
    </main>
  )
}

/** Dark on light in both themes, with the four modules of quiet around it that readers want. */
function Qr({ text: what }: { readonly text: string }) {
  const path = useMemo(
    () =>
      qrOf(what)
        .flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : [])))
        .join(''),
    [what],
  )
  return (
    <svg class="qr" viewBox={`-4 -4 ${SIZE + 8} ${SIZE + 8}`} role="img" aria-label={t('ui_receive_qr')}>
      <path d={path} />
    </svg>
  )
}
