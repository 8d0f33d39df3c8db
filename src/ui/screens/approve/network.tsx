import type { AddNetworkView, SwitchView, View } from '../../../core/protocol/ui.ts'
import { Facts, FoldedDetails, Group, Lines } from '../../parts/facts.tsx'
import { Quote, Sentence } from '../../parts/text.tsx'
import { Who } from '../../parts/who.tsx'
import { said, t } from '../../words.ts'
import type { Act } from './acts.ts'
import { Asked } from './asked.tsx'
import { Choices } from './connect.tsx'

/** From where to where, and which account it will see there. */
export function Switch({
  approval,
  onChoose,
}: {
  readonly approval: SwitchView
  readonly onChoose: (act: Act) => void
}) {
  return (
    <>
      <div class="act-who">
        <Who approval={approval} network={approval.to} />
      </div>
      <p class="big act" id="sentence">
        <Sentence line={approval.sentence} strong="names" />
      </p>
      <Choices approval={approval} onChoose={onChoose} />
      <div class="push">
        <Facts>
          <Group name={t('ui_switch_from')}>
            <p class="fact">{approval.from}</p>
          </Group>
          <Group name={t('ui_switch_to')}>
            <p class="fact strong">{approval.to}</p>
          </Group>
          <Group name={t('ui_switch_means')}>
            <Lines lines={approval.lines.map(said)} />
          </Group>
        </Facts>
      </div>
    </>
  )
}

/** What the node said of itself stands here; only the name is the site's, and quoted. */
export function AddNetwork({ approval, view }: { readonly approval: AddNetworkView; readonly view: View }) {
  return (
    <>
      <Asked approval={approval} view={view} />
      <Facts>
        <Group name={t('ui_network_name')}>
          <p class="fact">
            <Quote text={approval.name} />
          </p>
        </Group>
        <Group name={t('ui_network_chain')}>
          <p class="fact">
            <b>{approval.chain}</b> <span class="mono muted">{approval.chainId}</span>
          </p>
        </Group>
        <Group name={t('ui_network_node')}>
          <p class="fact">
            <b>{approval.host}</b>
            {approval.local && <span class="muted"> {t('ui_network_local')}</span>}
          </p>
          <p class="fact slim mono muted">{approval.node}</p>
        </Group>
        <Group name={t('ui_switch_means')}>
          <Lines lines={approval.lines.map(said)} />
        </Group>
        <FoldedDetails hint={t('ui_transaction_detailsHint')} facts={approval.details} />
      </Facts>
    </>
  )
}
