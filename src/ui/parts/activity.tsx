import type { ActivityView } from '../../core/protocol/ui.ts'
import { useWallet } from '../client.ts'
import { ago, clockOf, said, shortAddress } from '../words.ts'
import { Icon, type IconName } from './icons.tsx'

const ICONS: Record<ActivityView['state'], IconName> = {
  sending: 'clock',
  sent: 'clock',
  nearly: 'clock',
  done: 'bolt',
  failed: 'danger',
  dropped: 'cross',
  refused: 'warn',
  note: 'info',
}

/** One line of Home: what happened, who asked, what it cost. */
export function ActivityRow({ row }: { readonly row: ActivityView }) {
  const automatic = row.session !== undefined
  return (
    <li class="item">
      <span class="mark" aria-hidden="true">
        <Icon name={row.state === 'done' && !automatic ? 'send' : ICONS[row.state]} size={16} />
      </span>
      <span class="grow">
        <a class="row-link" href={`#/activity/${encodeURIComponent(row.id)}`}>
          {said(row.title)}
        </a>
        <span class="sub dots">
          <span>{said(row.stateLine)}</span>
          {row.host !== undefined && <span>{row.host}</span>}
          <span class="num">{ago(row.at)}</span>
        </span>
        <Hash row={row} />
      </span>
      <Cost row={row} />
    </li>
  )
}

/** One line of a session's log: all reasons, and the node's own words last. */
export function LogRow({ row }: { readonly row: ActivityView }) {
  return (
    <li class="item">
      <span class="when">{clockOf(row.at)}</span>
      <span class="grow">
        {said(row.title)}
        {row.lines.map((line) => (
          <span key={said(line)} class="sub">
            {said(line)}
          </span>
        ))}
        {row.failure !== undefined && <span class="sub mono">{row.failure}</span>}
        <Hash row={row} />
      </span>
      {row.state === 'refused' || row.state === 'failed' ? (
        <span class={`tag ${row.state === 'failed' ? 'danger' : 'warn'}`}>{said(row.stateLine)}</span>
      ) : row.amount === undefined && row.fee === undefined ? (
        <span class="note muted">{said(row.stateLine)}</span>
      ) : (
        <Cost row={row} />
      )}
    </li>
  )
}

/** For who wants to see hashes; all digits are on its own page. */
function Hash({ row }: { readonly row: ActivityView }) {
  const { view } = useWallet()
  if (row.hash === undefined || view.value?.showHashes !== true) return null
  return <span class="sub mono">{shortAddress(row.hash)}</span>
}

function Cost({ row }: { readonly row: ActivityView }) {
  if (row.amount === undefined && row.fee === undefined) return null
  return (
    <span class="right">
      {row.amount !== undefined && said(row.amount)}
      {row.fee !== undefined && <span class="sub">{said(row.fee)}</span>}
    </span>
  )
}
