import type { SessionRequestView } from '../../../core/protocol/ui.ts'
import { useWallet } from '../../client.ts'
import { Limits } from '../../parts/limits.tsx'
import { t } from '../../words.ts'
import { Approval, type ApprovalProps } from './approval.tsx'

/** Once, before the first session on Mainnet (approval-ux.md 7.2). The question follows, and is armed anew. */
export function LimitsFirst(props: ApprovalProps & { readonly approval: SessionRequestView }) {
  const { ask } = useWallet()
  return (
    <Approval
      {...props}
      Body={Page}
      named={{
        title: 'ui_limitsPage_title',
        allow: 'ui_goOn',
        worst: props.approval.site.host,
        end: t('ui_session_title'),
      }}
      onRead={() => ask('readLimits', null)}
    />
  )
}

function Page() {
  return (
    <div class="section stack gap16" id="sentence">
      <Limits />
      <p class="label muted">{t('ui_limitsPage_once')}</p>
    </div>
  )
}
