import type { ApprovalView, View } from '../../core/protocol/ui.ts'
import { said } from '../words.ts'
import { Badge, Circle, Glance, ShortAddress } from './text.tsx'

/** Who asks, and for which account: frozen when it was asked. */
export function Who({ approval, network }: { readonly approval: ApprovalView; readonly network: string }) {
  const { site, account } = approval
  // Asked in the wallet's own pages: it is the account that acts, and there is no site to be told of.
  if (approval.kind === 'transaction' && approval.own !== undefined)
    return (
      <div class="who">
        <Circle name={account.name} />
        <div>
          <AccountLine account={account} network={network} />
        </div>
        <AccountLine account={account} network={network} narrow />
      </div>
    )
  return (
    <div class="who">
      <Badge tint={site.tint} initial={site.initial} />
      <div>
        <div class="row wrap between who-line">
          <span class="host">{site.host}</span>
          <span class="known">{said(site.known)}</span>
        </div>
        <AccountLine account={account} network={network} />
      </div>
      <AccountLine account={account} network={network} narrow />
    </div>
  )
}

function AccountLine({
  account,
  network,
  narrow = false,
}: {
  readonly account: ApprovalView['account']
  readonly network: string
  readonly narrow?: boolean
}) {
  return (
    <p class={`account ${narrow ? 'narrow' : 'wide'}`}>
      <b>{account.name}</b>{' '}
      <span class="dots">
        <ShortAddress address={account.address} />
        <span>{network}</span>
        {account.balance !== undefined && (
          <span>
            <Glance amount={account.balance.amount} token={account.balance.name} />
          </span>
        )}
      </span>
    </p>
  )
}

export const networkName = (view: View, id: string): string => view.networks.find((it) => it.id === id)?.name ?? id
