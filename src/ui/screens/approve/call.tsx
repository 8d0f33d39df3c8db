import type { CallView } from '../../../core/protocol/ui.ts'
import { text } from '../../../core/words.ts'
import { Fold } from '../../parts/controls.tsx'
import { Icon } from '../../parts/icons.tsx'
import { FullAddress } from '../../parts/text.tsx'
import { said, shortAddress, t } from '../../words.ts'

export function Call({ call }: { readonly call: CallView }) {
  const where = call.contractName ?? shortAddress(call.contract)
  return (
    <Fold
      head={
        <span class="grow">
          <span class="fact-name">{said(call.entrypoint)}</span>
          <span class="q">{call.contractName === undefined ? t('ui_unknownContract') : where}</span>
          {call.warnings.map((warning) => (
            <span key={said(warning)} class="q warn call-warning">
              <Icon name="warn" size={16} /> {said(warning)}
            </span>
          ))}
        </span>
      }
    >
      <div class="call">
        <FullAddress address={call.contract} />
        <dl class="detail-facts">
          {call.args.map((arg) => (
            <div key={arg.name}>
              <dt class="note muted">{arg.name}</dt>
              <dd class="num">{arg.line === undefined ? arg.text : said(arg.line)}</dd>
            </div>
          ))}
        </dl>
        <Fold
          head={<span class="grow muted">{t('ui_rawData')}</span>}
          name={t('ui_rawOf', { what: text(said(call.entrypoint)) })}
        >
          <ol class="numbered mono">
            {call.raw.map((felt, index) => (
              <li key={index}>{felt}</li>
            ))}
          </ol>
        </Fold>
      </div>
    </Fold>
  )
}
