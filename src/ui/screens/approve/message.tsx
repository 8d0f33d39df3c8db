import type { MessageView, SignedView, View } from '../../../core/protocol/ui.ts'
import { Facts, FoldedDetails, Group, Risks } from '../../parts/facts.tsx'
import { Icon } from '../../parts/icons.tsx'
import { Quote, Sentence } from '../../parts/text.tsx'
import { t } from '../../words.ts'
import { Asked } from './asked.tsx'
import { Effects, Why } from './effects.tsx'

/** Typed data as a tree of what is hashed; what the site wrote beside it is said not to be signed. */
export function Message({
  approval,
  view,
  changed,
}: {
  readonly approval: MessageView
  readonly view: View
  readonly changed: ReadonlySet<string>
}) {
  const { balanceChanges, calls, domain, message, risks, unchanged, unsigned } = approval
  return (
    <>
      <Asked approval={approval} view={view} />
      <Risks risks={risks} />
      <Why approval={approval} />
      <Facts>
        <Effects
          approval={approval}
          unchanged={unchanged}
          changed={changed}
          isAsking={calls.length > 0 && unchanged === undefined && balanceChanges.length === 0}
        />
        {message.length > 0 && (
          <Group name={t('ui_message_signed')}>
            <Tree rows={message} />
          </Group>
        )}
        {domain.length > 0 && (
          <Group name={t('ui_message_domain')}>
            <Tree rows={domain} />
          </Group>
        )}
        {unsigned.length > 0 && (
          <Group name={t('ui_message_unsigned')}>
            <p class="fact slim warn">
              <Icon name="warn" />
              <span class="grow">{t('ui_message_unsignedWhat')}</span>
            </p>
            {unsigned.map(({ name, text }) => (
              <p key={name} class="fact slim">
                <span class="fact-name">{name}</span>
                <Quote text={text} />
              </p>
            ))}
          </Group>
        )}
        <FoldedDetails hint={t('ui_message_detailsHint')} facts={approval.details} />
      </Facts>
    </>
  )
}

function Tree({ rows }: { readonly rows: readonly SignedView[] }) {
  return (
    <dl class="signed">
      {rows.map(({ name, depth, value }, index) => (
        <div key={index} style={{ '--depth': depth }}>
          <dt class="note muted">{name}</dt>
          <dd>{value === undefined ? '' : <Sentence line={value} />}</dd>
        </div>
      ))}
    </dl>
  )
}
