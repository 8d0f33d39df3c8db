import { useState } from 'preact/hooks'
import type { Proof } from '../../core/protocol/ui.ts'
import { useWallet } from '../client.ts'
import { useAct } from '../parts/act.ts'
import { Button, Tick } from '../parts/controls.tsx'
import { Fault } from '../parts/fault.tsx'
import { toast } from '../parts/live.tsx'
import { ProofField } from '../parts/proof.tsx'
import { t } from '../words.ts'
import { SecurityPage } from './ways-in.tsx'

/** The end of this wallet on this computer. Its accounts live on, for whoever has the phrase. */
export function Erase({
  checked,
  forgotten,
}: {
  readonly checked: boolean
  /** Nobody has the password: the way back, and no field for it. */
  readonly forgotten?: () => void
}) {
  const { ask } = useWallet()
  const act = useAct()
  const [ticked, setTicked] = useState(false)
  const [password, setPassword] = useState<Proof>('')
  const erase = () =>
    act.run(async () => {
      if (!ticked) return
      await ask('wipe', forgotten === undefined ? { password, ticked } : { ticked })
      toast(t('ui_erase_done'))
      history.replaceState(null, '', '#/')
      dispatchEvent(new HashChangeEvent('hashchange'))
    }, setPassword)
  return (
    <SecurityPage title={t('ui_erase')} {...(forgotten === undefined ? {} : { onBack: forgotten })}>
      <Fault level="danger" title={t('ui_erase_what')}>
        <ul class="stack gap4">
          <li>{t('ui_erase_keys')}</li>
          <li>{t('ui_erase_sessions')}</li>
          <li>{t('ui_erase_money')}</li>
          <li>{t('ui_erase_remains')}</li>
          {!checked && <li>{t('ui_erase_unchecked')}</li>}
        </ul>
      </Fault>
      <Tick on={ticked} onChange={setTicked}>
        {t('ui_erase_tick')}
      </Tick>
      {forgotten === undefined ? (
        <ProofField
          value={password}
          wrong={act.failure}
          onInput={(value) => {
            setPassword(value)
            act.clear()
          }}
        />
      ) : (
        act.failure !== undefined && (
          <p class="danger" role="alert">
            {act.failure}
          </p>
        )
      )}
      <Button
        look="tall risky"
        busy={act.busy}
        off={!ticked || (forgotten === undefined && password === '')}
        onPress={() => void erase()}
      >
        {t(act.busy ? 'ui_erase_erasing' : 'ui_erase')}
      </Button>
    </SecurityPage>
  )
}
