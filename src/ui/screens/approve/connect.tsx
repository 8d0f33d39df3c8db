import type { ConnectView, SwitchView, View } from '../../../core/protocol/ui.ts'
import { line, text } from '../../../core/words.ts'
import { useWallet } from '../../client.ts'
import { Facts, Group, Lines } from '../../parts/facts.tsx'
import { Badge, Glance, Sentence, ShortAddress } from '../../parts/text.tsx'
import { networkName } from '../../parts/who.tsx'
import { said, t } from '../../words.ts'
import type { Act } from './acts.ts'

export function Connect({
  approval,
  view,
  onChoose,
}: {
  readonly approval: ConnectView
  readonly view: View
  readonly onChoose: (act: Act) => void
}) {
  const { site } = approval
  return (
    <>
      <div class="connect-who">
        <Badge tint={site.tint} initial={site.initial} size={48} />
        <p class="big" id="sentence">
          <Sentence line={approval.sentence} strong="names" />
        </p>
        <p class="label muted">
          {said(
            line('ui_connect_where', {
              known: text(said(site.known)),
              network: text(networkName(view, approval.network)),
            }),
          )}
        </p>
      </div>
      <Choices approval={approval} onChoose={onChoose} />
      <div class="push">
        <Facts>
          <Group name={t('ui_sees')}>
            <Lines lines={approval.sees.map(said)} />
          </Group>
          <Group name={t('ui_cannot')}>
            <Lines lines={approval.cannot.map(said)} />
          </Group>
        </Facts>
      </div>
    </>
  )
}

/** Which account the site sees. */
export function Choices({
  approval,
  onChoose,
}: {
  readonly approval: ConnectView | SwitchView
  readonly onChoose: (act: Act) => void
}) {
  const { ask } = useWallet()
  return (
    <fieldset class="choices" aria-label={t('ui_connect_choose')}>
      {approval.choices.map((account) => (
        <label key={account.address} class="choice">
          <input
            type="radio"
            name="account"
            checked={account.address === approval.account.address}
            onChange={() => onChoose(({ id, rev }) => ask('chooseAccount', { id, rev, account: account.address }))}
          />
          <span class="grow">
            {account.name}
            <span class="note muted stack">
              <ShortAddress address={account.address} />
            </span>
          </span>
          {account.balances[0] !== undefined && (
            <Glance amount={account.balances[0].amount} token={account.balances[0].name} />
          )}
        </label>
      ))}
    </fieldset>
  )
}
