import type { CallView, TransactionView, View } from '../../../core/protocol/ui.ts'
import { text } from '../../../core/words.ts'
import { useWallet } from '../../client.ts'
import { Button, Fold } from '../../parts/controls.tsx'
import { DetailFacts, Facts, Group } from '../../parts/facts.tsx'
import { sentenceOf } from '../../parts/fault.tsx'
import { Icon } from '../../parts/icons.tsx'
import { toast } from '../../parts/live.tsx'
import { Steps } from '../../parts/steps.tsx'
import { FullAddress, Sentence } from '../../parts/text.tsx'
import { networkName, Who } from '../../parts/who.tsx'
import { said, shortAddress, t } from '../../words.ts'
import { Lines } from './connect.tsx'

export function Transaction({
  approval,
  view,
  changed,
}: {
  readonly approval: TransactionView
  readonly view: View
  readonly changed: ReadonlySet<string>
}) {
  return (
    <>
      <div class="act-who">
        <Who approval={approval} network={networkName(view, approval.network)} />
      </div>
      <p class="big act" id="sentence">
        <Sentence line={approval.sentence} strong="names" />
      </p>
      {approval.reasons.length > 0 && (
        <section class="panel" aria-label={t('ui_transaction_why')}>
          <span class="muted">
            <Icon name="info" size={18} />
          </span>
          <div class="grow">
            <h2 class="label strong">{t('ui_transaction_why')}</h2>
            <ul>
              {approval.reasons.map((reason) => (
                <li key={said(reason)} class="why">
                  {said(reason)}
                </li>
              ))}
            </ul>
            {approval.sessionId !== undefined && (
              <a class="link" href={`#/session/${approval.sessionId}`} target="_blank" rel="noreferrer">
                {t('ui_transaction_openSession')}
              </a>
            )}
          </div>
        </section>
      )}
      <Facts>
        {approval.balanceChanges.length > 0 && (
          <Group name={t('ui_transaction_expected')}>
            <ul>
              {approval.balanceChanges.map((change, index) => (
                <li
                  key={said(change.line)}
                  class={`fact host ${change.direction === 'allowance' ? 'warn' : ''} ${changed.has(`change ${index}`) ? 'changed' : ''}`}
                >
                  {change.direction === 'allowance' && <Icon name="warn" />}
                  <span class="grow">
                    <Sentence line={change.line} />
                  </span>
                </li>
              ))}
            </ul>
          </Group>
        )}
        <Group name={t('ui_transaction_calls')}>
          {approval.calls.map((call, index) => (
            <Call key={index} call={call} />
          ))}
        </Group>
        <Group name={t('ui_transaction_fee')}>
          <p class={`fact ${changed.has('fee') ? 'changed' : ''}`}>
            <span class="grow">{said(approval.fee.line)}</span>
          </p>
        </Group>
        {approval.steps.length > 0 && (
          <Group name={t('ui_session_first')}>
            <Steps steps={approval.steps} started={approval.steps.some((step) => step.state !== 'todo')} />
          </Group>
        )}
        {approval.connects !== undefined && (
          <Group name={t('ui_session_connects')}>
            <Lines lines={[said(approval.connects)]} />
          </Group>
        )}
        <Group name={t('ui_details')}>
          <Fold head={<span class="grow muted">{t('ui_transaction_detailsHint')}</span>}>
            <DetailFacts facts={approval.details} />
          </Fold>
        </Group>
      </Facts>
      {approval.repeat !== undefined && <Repeat id={approval.id} what={said(approval.repeat)} />}
    </>
  )
}

/** Never chosen for the person: pressed, it is a question of its own. */
function Repeat({ id, what }: { readonly id: string; readonly what: string }) {
  const { ask } = useWallet()
  return (
    <section class="panel section" aria-label={t('ui_repeat')}>
      <div class="grow stack gap8">
        <p class="label muted">{what}</p>
        <div class="row">
          <Button
            look="small"
            onPress={() => void ask('repeatCalls', { id }).catch((error) => toast(sentenceOf(error)))}
          >
            {t('ui_repeat')}
          </Button>
        </div>
      </div>
    </section>
  )
}

export function Call({ call }: { readonly call: CallView }) {
  const where = call.contractName ?? shortAddress(call.contract)
  return (
    <Fold
      head={
        <span class="grow">
          <span class="fact-name">{said(call.entrypoint)}</span>
          <span class="q">{call.contractName === undefined ? t('ui_unknownContract') : where}</span>
          {call.warnings.map((warning) => (
            <span key={said(warning)} class="q warn call-warning">
              <Icon name="warn" size={16} /> {said(warning)}
            </span>
          ))}
        </span>
      }
    >
      <div class="call">
        <FullAddress address={call.contract} />
        <dl class="detail-facts">
          {call.args.map((arg) => (
            <div key={arg.name}>
              <dt class="note muted">{arg.name}</dt>
              <dd class="num">{arg.text}</dd>
            </div>
          ))}
        </dl>
        <Fold
          head={<span class="grow muted">{t('ui_rawData')}</span>}
          name={t('ui_rawOf', { what: text(said(call.entrypoint)) })}
        >
          <ol class="numbered mono">
            {call.raw.map((felt, index) => (
              <li key={index}>{felt}</li>
            ))}
          </ol>
        </Fold>
      </div>
    </Fold>
  )
}
