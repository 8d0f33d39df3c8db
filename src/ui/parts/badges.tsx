import type { AccountBadge, AccountView } from '../../core/protocol/ui.ts'
import type { MessageKey } from '../../core/words.ts'
import { t } from '../words.ts'

const BADGES: Readonly<Record<AccountBadge, MessageKey>> = {
  notDeployed: 'ui_badge_notDeployed',
  sessionsOn: 'ui_badge_sessionsOn',
  plain: 'ui_badge_plain',
  watch: 'ui_badge_watch',
  foreign: 'ui_badge_foreign',
  old: 'ui_badge_old',
  elsewhere: 'ui_badge_elsewhere',
}
export function Badges({ account }: { readonly account: AccountView }) {
  return (
    <>
      {(account.badges ?? []).map((it) => (
        <span key={it} class={`tag ${it === 'foreign' || it === 'old' ? 'warn' : ''}`}>
          {t(BADGES[it])}
        </span>
      ))}
    </>
  )
}
