import type { ApprovalView } from '../../../core/protocol/ui.ts'
import { line, text } from '../../../core/words.ts'
import { Sentence } from '../../parts/text.tsx'
import { said, t } from '../../words.ts'
import { Approval, type ApprovalProps, type BodyProps, type Named } from './approval.tsx'
import { Connect } from './connect.tsx'
import { Message } from './message.tsx'
import { AddNetwork, Switch } from './network.tsx'
import { WatchToken } from './token.tsx'
import { Transaction } from './transaction.tsx'

export type Other = Exclude<ApprovalView, { readonly kind: 'session' }>

/** A question that is no session's. */
export function OtherApproval(props: ApprovalProps & { readonly approval: Other }) {
  return <Approval {...props} Body={Body} named={named(props.approval)} />
}

function named(approval: Other): Named {
  switch (approval.kind) {
    case 'connect':
      return {
        title: 'ui_connect_title',
        allow: 'ui_connect_allow',
        worst: <Sentence line={line('ui_connect_summary', { account: text(approval.account.name) })} strong="names" />,
        end: t('ui_connect_end'),
      }
    case 'switch':
      return {
        title: 'ui_switch_title',
        allow: 'ui_switch_allow',
        worst: t('ui_switch_summary', { network: text(approval.to) }),
        end: t('ui_connect_end'),
      }
    case 'network':
      return {
        title: 'ui_addNetwork_title',
        allow: 'ui_addNetwork_allow',
        worst: t('ui_addNetwork_summary', { host: text(approval.host) }),
        end: t('ui_addNetwork_end'),
      }
    case 'token':
      return {
        title: 'ui_watchToken_title',
        allow: 'ui_watchToken_allow',
        worst: t('ui_watchToken_summary', { symbol: text(approval.name.symbol) }),
        end: t('ui_watchToken_end'),
      }
    case 'message': {
      const sends = approval.calls.length > 0
      const { summary } = approval
      return {
        title: sends ? 'ui_outside_title' : 'ui_message_title',
        allow: 'ui_message_allow',
        worst:
          summary === undefined ? t(sends ? 'ui_outside_summary' : 'ui_message_summary') : <Sentence line={summary} />,
        end: said(approval.end),
      }
    }
    case 'transaction': {
      const declares = approval.carries?.kind === 'class'
      const [title, allow] = NAMES[declares ? 'declare' : (approval.own ?? 'transaction')]
      return {
        title,
        allow,
        worst: <Sentence line={approval.summary ?? approval.fee.line} />,
        end: t(declares ? 'ui_declare_end' : 'ui_transaction_end'),
      }
    }
  }
}

const NAMES = {
  transaction: ['ui_transaction_title', 'ui_transaction_allow'],
  declare: ['ui_declare_title', 'ui_declare_allow'],
  send: ['ui_transaction_ownTitle', 'ui_transaction_send'],
  faster: ['ui_transaction_ownTitle', 'ui_transaction_speedUp'],
  cancel: ['ui_transaction_ownTitle', 'ui_transaction_cancelIt'],
  takeBack: ['ui_transaction_ownTitle', 'ui_takeBack'],
} as const

function Body({ approval, view, changed, onEdit }: BodyProps<Other>) {
  switch (approval.kind) {
    case 'connect':
      return <Connect approval={approval} view={view} onChoose={onEdit} />
    case 'switch':
      return <Switch approval={approval} onChoose={onEdit} />
    case 'message':
      return <Message approval={approval} view={view} changed={changed} />
    case 'network':
      return <AddNetwork approval={approval} view={view} />
    case 'token':
      return <WatchToken approval={approval} view={view} />
    case 'transaction':
      return <Transaction approval={approval} view={view} changed={changed} onEdit={onEdit} />
  }
}
