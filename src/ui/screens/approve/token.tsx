import type { View, WatchTokenView } from '../../../core/protocol/ui.ts'
import { Facts, FoldedDetails, Group, Lines, Risks } from '../../parts/facts.tsx'
import { FullAddress, Quote } from '../../parts/text.tsx'
import { said, t } from '../../words.ts'
import { Asked } from './asked.tsx'

/** What the contract says of itself. What the site says of it is not read. */
export function WatchToken({ approval, view }: { readonly approval: WatchTokenView; readonly view: View }) {
  const { name, called } = approval
  return (
    <>
      <Asked approval={approval} view={view} />
      <Risks risks={approval.risks} />
      <Facts>
        {/* The address is the token; whoever copies a symbol copies all else. */}
        <Group name={t('ui_tokens_contract')}>
          <p class="fact">
            <FullAddress address={approval.token} />
          </p>
        </Group>
        <Group name={t('ui_tokens_symbol')}>
          <p class="fact strong">{name.symbol}</p>
        </Group>
        {called !== undefined && (
          <Group name={t('ui_watchToken_called')}>
            <p class="fact">
              <Quote text={called} />
            </p>
          </Group>
        )}
        <Group name={t('ui_tokens_decimals')}>
          <p class="fact num">{name.decimals}</p>
        </Group>
        <Group name={t('ui_switch_means')}>
          <Lines lines={approval.lines.map(said)} />
        </Group>
        <FoldedDetails hint={t('ui_transaction_detailsHint')} facts={approval.details} />
      </Facts>
    </>
  )
}
