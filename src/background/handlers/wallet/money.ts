/** Tokens, sends, fees, and what happened. */
import type { SessionId } from '../../../core/policy/policy.ts'
import type { RiskView, SendDraft } from '../../../core/protocol/ui.ts'
import { typedAddress } from '../../../core/recipient.ts'
import type { NetworkId, NetworkRecord, OwnAccount } from '../../../core/records.ts'
import {
  address,
  amount,
  boolean,
  decode,
  exact,
  integer,
  nullable,
  optional,
  picklist,
  text,
  time,
} from '../../../core/schema.ts'
import type { UnixSeconds } from '../../../core/time.ts'
import { MAX_DECIMALS } from '../../../core/tokens.ts'
import { type Line, line, text as textArg } from '../../../core/words.ts'
import type { Own } from '../../own.ts'
import { networkName } from '../../owners/networks.ts'
import type { SettingsOwner } from '../../owners/settings.ts'
import type { FoundToken, Tokens } from '../../owners/tokens.ts'
import type { Views } from '../../view.ts'
import { strk } from '../../views/facts.ts'
import { foundTokenRefusal, recipientView, tokenRisks } from '../../views/money.ts'
import { id, nothing, rev, type VerbRows, verbError } from './verb.ts'

export interface MoneyVerbNeeds {
  readonly own: Own
  readonly tokens: Tokens
  readonly views: Pick<Views, 'session' | 'activity' | 'detail' | 'exported' | 'log'>
  readonly settings: SettingsOwner
  readonly selected: () => Promise<{ readonly account: OwnAccount; readonly network: NetworkId }>
  readonly networkOf: (id: NetworkId) => NetworkRecord
  /** Survives the worker, and not the browser. */
  readonly drafts: {
    get(): Promise<unknown>
    set(draft: unknown): Promise<void>
    remove(): Promise<void>
  }
  readonly now: () => UnixSeconds
  readonly refresh: () => void
  readonly changed: () => void
}

type MoneyVerb =
  | 'lookUpToken'
  | 'addToken'
  | 'hideToken'
  | 'checkRecipient'
  | 'sendMax'
  | 'startSend'
  | 'keepDraft'
  | 'sendDraft'
  | 'chooseFee'
  | 'activity'
  | 'activityDetail'
  | 'session'
  | 'sessionLog'
  | 'exportActivity'
  | 'replaceTransaction'
  | 'setFiat'

/** A form without secrets survives the popup so long (approval-ux.md 2). */
const DRAFT_LASTS = 300
/** Longer than any address; what is longer is none, and is told so. */
const typed = text(2_000)
const name = exact({ symbol: text(16), decimals: integer(0, MAX_DECIMALS) })
const draft = exact({ to: typed, token: optional(address), amount: text(200) })
const kept = exact({ at: time, draft })

type LookedUp =
  | { readonly refused: Line }
  | {
      readonly found: Extract<FoundToken, { ok: true }>
      readonly network: NetworkId
      readonly risks: readonly RiskView[]
    }

export function moneyVerbs(needs: MoneyVerbNeeds): VerbRows<MoneyVerb> {
  const { own, tokens, views, settings, now } = needs

  const lookUp = async (written: string): Promise<LookedUp> => {
    const { account, network } = await needs.selected()
    const read = typedAddress(written)
    if (!read.ok) return { refused: recipientRefusal(read.why) }
    await tokens.load()
    const listed = tokens.known(network).find((it) => it.address === read.address && !it.hidden)
    if (listed !== undefined) return { refused: line('token_listed', { symbol: textArg(listed.symbol) }) }
    const found = await tokens.read(network, read.address, account.address)
    if (!found.ok) return { refused: foundTokenRefusal(found, networkName(needs.networkOf(network))) }
    return { found, network, risks: tokenRisks(found.token, tokens.known(network)) }
  }

  return {
    lookUpToken: {
      params: exact({ address: typed }),
      act: async ({ address: written }) => {
        const it = await lookUp(written)
        if (!('found' in it)) return it
        const { token, balance } = it.found
        return {
          token: token.address,
          name: { symbol: token.symbol, decimals: token.decimals },
          balance,
          risks: it.risks,
        }
      },
    },
    addToken: {
      params: exact({ token: address, name }),
      act: async ({ token, name }) => {
        const it = await lookUp(token)
        if (!('found' in it)) throw verbError('blocked', it.refused)
        // Another answer than the one that was shown: whoever looks at it looks again.
        const { symbol, decimals } = it.found.token
        if (symbol !== name.symbol || decimals !== name.decimals) throw verbError('stale', line('err_tokenChanged'))
        await tokens.add(it.network, it.found.token)
        needs.refresh()
        needs.changed()
        return null
      },
    },
    hideToken: {
      params: exact({ token: address, hidden: boolean() }),
      act: async ({ token, hidden }) => {
        const { network } = await needs.selected()
        await tokens.load()
        if (!tokens.known(network).some((it) => it.address === token)) throw verbError('gone', line('err_gone'))
        await tokens.hide(network, token, hidden)
        needs.refresh()
        needs.changed()
        return null
      },
    },
    checkRecipient: {
      params: exact({ to: typed }),
      act: async ({ to }) => {
        const { network } = await needs.selected()
        return recipientView(await own.recipient(to), networkName(needs.networkOf(network)))
      },
    },
    sendMax: {
      params: exact({ to: typed, token: address }),
      act: async ({ to, token }) => {
        const { amount, fee } = await own.max(to, token)
        return { amount, fee: line('fee_atMost', { fee: strk(fee) }) }
      },
    },
    startSend: {
      params: exact({ to: typed, token: address, amount }),
      act: async ({ to, token, amount }) => {
        await own.send(to, token, amount)
        return null
      },
    },
    keepDraft: {
      params: exact({ draft: nullable(draft) }),
      act: async ({ draft }) => {
        if (draft === null) await needs.drafts.remove()
        else await needs.drafts.set({ at: now(), draft })
        return null
      },
    },
    sendDraft: {
      params: nothing,
      act: async () => {
        const read = decode(kept, await needs.drafts.get())
        if (!read.ok || now() - read.value.at >= DRAFT_LASTS || read.value.at > now()) return { draft: null }
        return { draft: read.value.draft as SendDraft } // The schema above, whose optional member is exact.
      },
    },
    chooseFee: {
      params: exact({
        id,
        rev,
        speed: picklist(['normal', 'fast', 'own']),
        tip: amount,
        cap: nullable(amount),
      }),
      act: ({ id, rev, ...fee }) => own.chooseFee(id, rev, fee),
    },
    activity: {
      params: exact({
        filter: picklist(['all', 'automatic', 'asked', 'refused']),
        origin: nullable(text(300)),
        before: nullable(exact({ at: time, id: text(400) })),
      }),
      act: (params) => views.activity(params),
    },
    activityDetail: {
      params: exact({ id: text(400) }),
      act: async ({ id }) => {
        const found = await views.detail(id)
        if (found === undefined) throw verbError('gone', line('err_gone'))
        return found
      },
    },
    session: {
      params: exact({ id: text(200) }),
      act: async ({ id }) => {
        const found = await views.session(id as SessionId) // Looked up, not trusted.
        if (found === undefined) throw verbError('gone', line('err_gone'))
        return found
      },
    },
    sessionLog: {
      params: exact({ id: text(200) }),
      act: async ({ id }) => ({ rows: await views.log(id as SessionId) }), // Looked up, not trusted.
    },
    exportActivity: {
      params: nothing,
      act: async () => ({ json: await views.exported() }),
    },
    replaceTransaction: {
      params: exact({ id: text(200), how: picklist(['faster', 'cancel']) }),
      act: async ({ id, how }) => {
        await own.replace(id, how)
        return null
      },
    },
    setFiat: {
      params: exact({ on: boolean() }),
      act: async ({ on }) => {
        await settings.change(({ fiat: _before, ...rest }) => (on ? { ...rest, fiat: true } : rest))
        needs.refresh()
        needs.changed()
        return null
      },
    },
  }
}

function recipientRefusal(why: 'empty' | 'ethereum' | 'zero' | 'tooLarge' | 'notHex' | 'self'): Line {
  return line(`to_${why}`)
}
