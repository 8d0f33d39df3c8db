/** Which tokens a person sees, and what an account holds of them. */
import type { Address, Selector, U256 } from '../../core/felt.ts'
import type { NetworkId } from '../../core/records.ts'
import type { Seconds, UnixSeconds } from '../../core/time.ts'
import { amountOf, bundled, calledOf, decimalsOf, type KnownToken, symbolOf } from '../../core/tokens.ts'
import type { TokenName } from '../../core/words.ts'
import type { Database } from '../../platform/database.ts'
import type { Nodes } from '../../platform/node.ts'
import { selectorOf } from '../../starknet/selector.ts'
import { readTokenRows, type TokenRow } from './token-rows.ts'

export interface Balance {
  readonly token: KnownToken
  readonly amount: U256
  readonly at: UnixSeconds
}

/** Balances are memory only: losing them costs one read. */
export interface Tokens {
  /** Reads what the person added and hid; once in a worker's life. */
  load(): Promise<void>
  /** Name and decimals of a bundled or added token: nothing is believed of any other. */
  name(network: NetworkId, token: Address): TokenName | undefined
  /** Bundled and added, hidden ones too. */
  known(network: NetworkId): readonly (KnownToken & { readonly hidden: boolean })[]
  /** What a contract says of itself. @throws NodeError */
  read(network: NetworkId, token: Address, account: Address): Promise<FoundToken>
  /** As it was read; the same address again is written over. */
  add(network: NetworkId, token: KnownToken): Promise<void>
  hide(network: NetworkId, token: Address, hidden: boolean): Promise<void>
  /** The last answers, however old: screens show their age. Hidden ones are left out. */
  last(account: Address, network: NetworkId): readonly Balance[]
  /** Asks the node unless the last answer is younger than `maxAge`: with 0 always, also twice in a second. @throws NodeError */
  balances(account: Address, network: NetworkId, maxAge: Seconds): Promise<readonly Balance[]>
}
export type FoundToken =
  /** `called`: anybody's words; a token without them is one all the same. */
  | { readonly ok: true; readonly token: KnownToken; readonly balance: U256; readonly called?: string }
  /** `nothing`: no contract is there. `noToken`: it does not answer as one. `symbol`, `decimals`: it answers with what is none. */
  | { readonly ok: false; readonly why: 'nothing' | 'noToken' | 'symbol' | 'decimals' }

/** Both spellings exist (policy.md 6.1); newer tokens have only the second. */
export const BALANCE_OF: readonly Selector[] = ['balanceOf', 'balance_of'].map(selectorOf)
const MAX_ADDED = 200

export function createTokens({
  db,
  nodes,
  now,
  changed,
}: {
  readonly db: Database
  readonly nodes: Pick<Nodes, 'of'>
  readonly now: () => UnixSeconds
  /** The list is another one. */
  readonly changed: () => void
}): Tokens {
  const held = new Map<string, readonly Balance[]>()
  /** By network and address. */
  const rows = new Map<string, TokenRow>()
  const keyOf = (network: NetworkId, token: Address) => `${network} ${token}`
  let loading: Promise<void> | undefined

  const load = (): Promise<void> => {
    loading ??= readAll().catch((error: unknown) => {
      loading = undefined
      throw error
    })
    return loading
  }
  const readAll = async () => {
    for (const [key, row] of await readTokenRows(db)) rows.set(key, row)
  }
  const write = async (network: NetworkId, token: Address, change: (before: TokenRow) => TokenRow) => {
    await load()
    const key = keyOf(network, token)
    const next = change(rows.get(key) ?? {})
    await db.write(['tokens'], 'strict', (tx) => tx.put('tokens', key, next))
    rows.set(key, next)
    changed()
  }

  const added = (network: NetworkId): readonly KnownToken[] =>
    [...rows].flatMap(([key, { symbol, decimals }]) => {
      const [of, token] = key.split(' ')
      if (of !== network || symbol === undefined || decimals === undefined) return []
      return [{ address: token as Address, symbol, decimals, added: true as const }] // Decoded when it was read.
    })
  const known: Tokens['known'] = (network) => {
    const own = bundled(network)
    const more = added(network).filter((it) => !own.some(({ address }) => address === it.address))
    return [...own, ...more].map((token) => ({
      ...token,
      hidden: rows.get(keyOf(network, token.address))?.hidden === true,
    }))
  }
  const shown = (network: NetworkId) => known(network).filter(({ hidden }) => !hidden)

  return {
    load,
    known,
    name: (network, token) => {
      const found = known(network).find(({ address }) => address === token)
      return found === undefined ? undefined : { symbol: found.symbol, decimals: found.decimals }
    },
    read: async (network, token, account) => {
      const node = await nodes.of(network)
      if ((await node.classHashAt(token)) === undefined) return { ok: false, why: 'nothing' }
      const view = (selector: Selector, ...calldata: readonly Address[]) => ({ to: token, selector, calldata })
      const [symbol, decimals, name, ...balances] = await node.callEach([
        view(selectorOf('symbol')),
        view(selectorOf('decimals')),
        view(selectorOf('name')),
        ...BALANCE_OF.map((selector) => view(selector, account)),
      ])
      const balance = balances.map((it) => it && amountOf(it)).find((it) => it !== undefined)
      if (balance === undefined || symbol === undefined || decimals === undefined) return { ok: false, why: 'noToken' }
      const own = { symbol: symbolOf(symbol), decimals: decimalsOf(decimals) }
      if (own.symbol === undefined) return { ok: false, why: 'symbol' }
      if (own.decimals === undefined) return { ok: false, why: 'decimals' }
      const bundledToken = bundled(network).find(({ address }) => address === token)
      const called = name && calledOf(name)
      return {
        ok: true,
        balance,
        ...(called === undefined ? {} : { called }),
        token: bundledToken ?? { address: token, symbol: own.symbol, decimals: own.decimals, added: true },
      }
    },
    add: async (network, { address, symbol, decimals }) => {
      await load()
      if (!rows.has(keyOf(network, address)) && rows.size >= MAX_ADDED) throw new Error('too many tokens')
      // Added again, it is seen again.
      await write(network, address, () => ({ symbol, decimals }))
    },
    hide: (network, token, hidden) => write(network, token, (before) => ({ ...before, hidden })),
    last: (account, network) => {
      const visible = new Set(shown(network).map(({ address }) => address))
      return (held.get(`${network} ${account}`) ?? []).filter(({ token }) => visible.has(token.address))
    },
    balances: async (account, network, maxAge) => {
      await load()
      const key = `${network} ${account}`
      const before = held.get(key)
      const tokens = shown(network)
      const has = (token: KnownToken) => before?.find((it) => it.token.address === token.address)
      if (tokens.every((token) => now() - (has(token)?.at ?? Number.NEGATIVE_INFINITY) < maxAge)) return before ?? []
      const node = await nodes.of(network)
      const answers = await node.callEach(
        tokens.flatMap((token) =>
          // Bundled ones have the older spelling, all of them.
          (token.added === true ? BALANCE_OF : BALANCE_OF.slice(0, 1)).map((selector) => ({
            to: token.address,
            selector,
            calldata: [account],
          })),
        ),
      )
      let at = 0
      const read = tokens.flatMap((token): readonly Balance[] => {
        const own = answers.slice(at, at + (token.added === true ? BALANCE_OF.length : 1))
        at += own.length
        const amount = own.map((it) => it && amountOf(it)).find((it) => it !== undefined)
        const old = has(token)
        // A contract that gives no answer keeps its last one, with its age, and takes nothing from the others.
        if (amount === undefined) return old === undefined ? [] : [old]
        return [{ token: withoutHidden(token), amount, at: now() }]
      })
      held.set(key, read)
      return read
    },
  }
}

function withoutHidden({ hidden: _hidden, ...token }: KnownToken & { readonly hidden: boolean }): KnownToken {
  return token
}
