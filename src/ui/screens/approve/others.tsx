import type { ApprovalView } from '../../../core/protocol/ui.ts'
import { Approval, type ApprovalProps, type BodyProps } from './approval.tsx'
import { Connect } from './connect.tsx'
import { Message } from './message.tsx'
import { AddNetwork, Switch } from './network.tsx'
import { WatchToken } from './token.tsx'
import { Transaction } from './transaction.tsx'

export type Other = Exclude<ApprovalView, { readonly kind: 'session' }>

/** A question that is no session's. */
export function OtherApproval(props: ApprovalProps & { readonly approval: Other }) {
  return <Approval {...props} Body={Body} />
}

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
