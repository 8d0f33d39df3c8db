import { t } from '../words.ts'

/** What holds a session, and what nobody can undo: short enough to be read whole. */
export function Limits() {
  return (
    <ul class="stack gap12">
      <li>{t('ui_done_who')}</li>
      <li>{t('ui_done_keys')}</li>
      <li>{t('ui_limitsPage_plain')}</li>
      <li>{t('ui_limitsPage_spent')}</li>
      <li>{t('ui_limitsPage_young')}</li>
    </ul>
  )
}
