import { refused } from '../../core/errors.ts'
import type { Access } from '../access.ts'
import type { Approvals } from '../owners/approvals.ts'
import type { Tokens } from '../owners/tokens.ts'
import type { Handlers } from '../router.ts'

export interface TokenNeeds {
  readonly access: Access
  readonly approvals: Approvals
  readonly tokens: Pick<Tokens, 'load' | 'known' | 'read' | 'add'>
  /** Its balance is wanted now. */
  readonly refresh: () => void
}

/** A token that a site wants in the person's list: its contract is asked, and nothing of it is the site's word. */
export function tokenHandlers({ access, approvals, tokens, refresh }: TokenNeeds): Pick<Handlers, 'wallet_watchAsset'> {
  return {
    wallet_watchAsset: async (context, { options }) => {
      const { account, network } = await access.connected(context)
      await tokens.load()
      if (tokens.known(network).some(({ address, hidden }) => address === options.address && !hidden)) return true
      const found = await tokens.read(network, options.address, account)
      if (!found.ok) throw refused('NOT_ERC20')
      const { symbol, decimals } = found.token
      const record = await approvals.ask(context, {
        kind: 'token',
        network,
        account,
        token: options.address,
        symbol,
        decimals,
        ...(found.called === undefined ? {} : { called: found.called }),
      })
      const { question } = record
      if (question.kind !== 'token') throw new Error('another question was answered')
      await approvals.begin(record.id)
      // As it was shown, whatever its contract says by now.
      await tokens.add(question.network, { ...found.token, symbol: question.symbol, decimals: question.decimals })
      await approvals.finish(record.id, 'done')
      refresh()
      return true
    },
  }
}
