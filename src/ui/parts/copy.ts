import { type Address, padded } from '../../core/felt.ts'
import { text } from '../../core/words.ts'
import { t } from '../words.ts'
import { toast } from './live.tsx'

/** Its last eight digits are said, to be compared with what is pasted. */
export function copyAddress({ address }: { readonly address: Address }): void {
  const full = padded(address)
  navigator.clipboard.writeText(full).then(
    () => toast(t('ui_copiedEnds', { end: text(full.slice(-8)) })),
    () => toast(t('ui_copyFailed')),
  )
}
