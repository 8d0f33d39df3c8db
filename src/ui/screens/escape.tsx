import { useState } from 'preact/hooks'
import type { Address } from '../../core/felt.ts'
import type { AlarmView, Proof, View } from '../../core/protocol/ui.ts'
import { text } from '../../core/words.ts'
import { useWallet } from '../client.ts'
import { Button, Fold } from '../parts/controls.tsx'
import { Facts, Group } from '../parts/facts.tsx'
import { sentenceOf } from '../parts/fault.tsx'
import { Icon } from '../parts/icons.tsx'
import { Heading, toast } from '../parts/live.tsx'
import { ProofField } from '../parts/proof.tsx'
import { useStep } from '../parts/step-sheet.tsx'
import { Steps } from '../parts/steps.tsx'
import { FullAddress, ShortAddress } from '../parts/text.tsx'
import { go } from '../route.ts'
import { left, moment, said, t } from '../words.ts'

/** Before anything else: who holds the second key of an account is taking it over. */
export function EscapeAlarm({
  view,
  alarm,
  onUnlock,
}: {
  readonly view: View
  readonly alarm: AlarmView
  /** While it is locked: to the password. */
  readonly onUnlock: () => void
}) {
  const { ask } = useWallet()
  const name = view.accounts.find(({ address }) => address === alarm.account)?.name
  const open = view.lock === 'unlocked'
  const { account, network } = alarm
  const later = () => {
    if (location.hash.startsWith('#/escape')) go('/')
    void ask('remindLater', { account, network }).catch((error) => toast(sentenceOf(error)))
  }
  return (
    <main class="page escape">
      <header class="top danger-soft">
        <span class="danger">
          <Icon name="danger" />
        </span>
        <Heading look="danger">{t('ui_escape_title')}</Heading>
      </header>
      <div class="body">
        <p class="strong escape-what">
          {t(
            alarm.status === 'expired'
              ? 'ui_escape_lapsed'
              : alarm.status === 'ready'
                ? 'ui_escape_now'
                : 'ui_escape_what',
            { at: text(moment(alarm.readyAt)), left: text(left(alarm.readyAt)) },
          )}
        </p>
        <p class="label muted escape-what">{t('ui_escape_paused')}</p>
        {open ? (
          <StopIt alarm={alarm} />
        ) : (
          <Button look="alarm tall" onPress={onUnlock}>
            {t('ui_escape_unlock')}
          </Button>
        )}
        <Facts>
          <Group name={t('ui_account')}>
            <p class="fact">
              {name ?? ''} <ShortAddress address={account} />
            </p>
            <p class="fact muted">{alarm.networkName}</p>
          </Group>
          <Group name={t('ui_escape_started')}>
            <p class="fact num">{moment(alarm.startedAt)}</p>
          </Group>
          <Group name={t('ui_escape_possible')}>
            <p class="fact num">
              {t('ui_escape_fromTo', { from: text(moment(alarm.readyAt)), to: text(moment(alarm.endsAt)) })}
            </p>
          </Group>
        </Facts>
        <section class="section stack gap4" aria-label={t('ui_escape_newOwner')}>
          <h2 class="label muted">{t('ui_escape_newOwner')}</h2>
          {alarm.newOwner === undefined ? (
            <p>{t('ui_escape_unknownOwner')}</p>
          ) : (
            // A key has as many digits, and is compared like one.
            <FullAddress address={alarm.newOwner as Address} />
          )}
        </section>
        <Fold head={<span class="grow">{t('ui_escape_details')}</span>}>
          <ul class="stack gap8 label">
            <li>{t('ui_escape_detailsKey')}</li>
            <li>{t('ui_escape_detailsStop')}</li>
            <li>{t('ui_escape_detailsAfter')}</li>
          </ul>
        </Fold>
        <Button look="equal" icon="clock" onPress={later}>
          {t('ui_escape_later')}
        </Button>
      </div>
    </main>
  )
}

/** One press and the password: both keys put another second key in the place of the one that leaked. */
function StopIt({ alarm }: { readonly alarm: AlarmView }) {
  const { view } = useWallet()
  const { account, network } = alarm
  const { cost, failure, busy, run, again, forget } = useStep('rotate', { account, network })
  const [password, setPassword] = useState<Proof>('')
  const [sent, setSent] = useState(false)
  const doing = view.value?.accounts.find((it) => it.address === account)?.life?.doing
  if (sent && doing !== undefined && (doing.outcome === undefined || !doing.over))
    return (
      <section class="panel section" aria-label={t('ui_account_doing')}>
        <div class="grow stack gap8">
          <Steps steps={doing.steps} started />
          <p class="label" role="status">
            {t('ui_escape_stopping')}
          </p>
        </div>
      </section>
    )
  const stop = async () => {
    setSent(await run(password))
    setPassword('')
  }
  return (
    <section class="section stack gap12" aria-label={t('ui_escape_stop')}>
      {doing?.over === true && doing.outcome !== undefined && sent && (
        <p class="label danger" role="alert">
          {said(doing.outcome)}
        </p>
      )}
      <p class="label">{t('ui_escape_stopWhat')}</p>
      {cost === undefined ? (
        failure === undefined ? (
          <p class="label muted">{t('ui_setup_asking')}</p>
        ) : (
          <div class="row">
            <Button look="small" icon="retry" onPress={again}>
              {t('ui_retry')}
            </Button>
          </div>
        )
      ) : (
        <>
          <Steps steps={cost.steps} started={false} />
          {cost.blocked !== undefined && (
            <p class="label warn" role="alert">
              {said(cost.blocked)}
            </p>
          )}
        </>
      )}
      <ProofField
        value={password}
        wrong={failure}
        onInput={(value) => {
          setPassword(value)
          forget()
        }}
      />
      <Button
        look="alarm tall"
        busy={busy}
        off={password === '' || cost === undefined || cost.blocked !== undefined}
        onPress={() => void stop()}
      >
        {busy ? t('ui_setup_sending') : t('ui_escape_stop')}
      </Button>
    </section>
  )
}
