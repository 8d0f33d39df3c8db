import type { MessageView, TransactionView } from '../../../core/protocol/ui.ts'
import type { Line } from '../../../core/words.ts'
import { Group } from '../../parts/facts.tsx'
import { Icon } from '../../parts/icons.tsx'
import { Sentence } from '../../parts/text.tsx'
import { said, t } from '../../words.ts'
import { Call } from './call.tsx'

/** What the calls are expected to move, and the calls: of a transaction, and of what somebody else will send. */
export function Effects({
  approval: { balanceChanges, calls },
  unchanged,
  changed,
  isAsking = false,
}: {
  readonly approval: Pick<TransactionView | MessageView, 'balanceChanges' | 'calls'>
  /** Stands where no change is listed. */
  readonly unchanged?: Line | undefined
  readonly changed: ReadonlySet<string>
  /** Not tried yet: the first line of what it moves has its place, so that nothing moves when it comes. */
  readonly isAsking?: boolean
}) {
  return (
    <>
      {(isAsking || unchanged !== undefined || balanceChanges.length > 0) && (
        <Group name={t('ui_transaction_expected')}>
          <ul>
            {isAsking && <li class="fact host muted">{t('ui_tokens_looking')}</li>}
            {unchanged !== undefined && <li class="fact host muted">{said(unchanged)}</li>}
            {balanceChanges.map((change, index) => (
              <li
                key={`${index} ${said(change.line)}`}
                class={`fact host ${change.direction === 'allowance' ? 'warn' : ''} ${changed.has(`change ${index}`) ? 'changed' : ''}`}
              >
                {change.direction === 'allowance' && <Icon name="warn" />}
                <span class="grow">
                  <Sentence line={change.line} />
                  {change.detail !== undefined && <span class="q num">{said(change.detail)}</span>}
                </span>
              </li>
            ))}
          </ul>
        </Group>
      )}
      {calls.length > 0 && (
        <Group name={t('ui_transaction_calls')}>
          {calls.map((call, index) => (
            <Call key={index} call={call} />
          ))}
        </Group>
      )}
    </>
  )
}

/** Why a session did not do it. */
export function Why({ approval: { reasons, sessionId } }: { readonly approval: TransactionView | MessageView }) {
  if (reasons.length === 0) return null
  return (
    <section class="panel" aria-label={t('ui_transaction_why')}>
      <span class="muted">
        <Icon name="info" size={18} />
      </span>
      <div class="grow">
        <h2 class="label strong">{t('ui_transaction_why')}</h2>
        <ul>
          {reasons.map((reason) => (
            <li key={said(reason)} class="why">
              {said(reason)}
            </li>
          ))}
        </ul>
        {sessionId !== undefined && (
          <a class="link" href={`#/session/${sessionId}`} target="_blank" rel="noreferrer">
            {t('ui_transaction_openSession')}
          </a>
        )}
      </div>
    </section>
  )
}
