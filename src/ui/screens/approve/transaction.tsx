import type { TransactionView, View } from '../../../core/protocol/ui.ts'
import { useWallet } from '../../client.ts'
import { Button } from '../../parts/controls.tsx'
import { DetailFacts, Facts, FoldedDetails, Group, Lines, Risks } from '../../parts/facts.tsx'
import { sentenceOf } from '../../parts/fault.tsx'
import { toast } from '../../parts/live.tsx'
import { Steps } from '../../parts/steps.tsx'
import { said, t } from '../../words.ts'
import type { Act } from './acts.ts'
import { Asked } from './asked.tsx'
import { Effects, Why } from './effects.tsx'
import { Fee } from './fee.tsx'

export function Transaction({
  approval,
  view,
  changed,
  onEdit,
}: {
  readonly approval: TransactionView
  readonly view: View
  readonly changed: ReadonlySet<string>
  readonly onEdit: (act: Act) => void
}) {
  return (
    <>
      <Asked approval={approval} view={view} />
      <Risks risks={approval.risks} />
      <Why approval={approval} />
      <Facts>
        <Effects
          approval={approval}
          unchanged={approval.unchanged}
          changed={changed}
          isAsking={!approval.fee.known && approval.calls.length > 0}
        />
        {approval.carries !== undefined && (
          <Group name={t(approval.carries.kind === 'class' ? 'ui_transaction_code' : 'ui_transaction_proof')}>
            {approval.carries.lines.length > 0 && <Lines lines={approval.carries.lines.map(said)} />}
            <DetailFacts facts={approval.carries.facts} />
          </Group>
        )}
        <Group name={t('ui_transaction_fee')}>
          <Fee id={approval.id} fee={approval.fee} changed={changed.has('fee')} onEdit={onEdit} />
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
        <FoldedDetails hint={t('ui_transaction_detailsHint')} facts={approval.details} />
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
