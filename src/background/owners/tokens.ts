import { LISTED, type ListedToken } from '../../core/account.ts'
import { type Address, MAX_U128, parseSelector, type Selector, type U256, u256 } from '../../core/felt.ts'
import type { NetworkId } from '../../core/records.ts'
import type { Seconds, UnixSeconds } from '../../core/time.ts'
import type { TokenName } from '../../core/words.ts'
import type { Nodes } from '../../platform/node.ts'

export interface Balance {
  readonly token: ListedToken
  readonly amount: U256
  readonly at: UnixSeconds
}

/** Listed tokens and what an account holds of them; memory only, so losing it costs one read. */
export interface Tokens {
  /** Name and decimals of a listed token: nothing is believed of any other. */
  name(token: Address): TokenName | undefined
  /** The last answers, however old: screens show their age. */
  last(account: Address, network: NetworkId): readonly Balance[]
  /** Asks the node unless the last answer is younger than `maxAge`. @throws NodeError */
  balances(account: Address, network: NetworkId, maxAge: Seconds): Promise<readonly Balance[]>
}

/** `balanceOf` of the real tokens answers the same; both spellings exist (policy.md 6.1). */
export const BALANCE_OF = parseSelector('0x2e4263afad30923c891518314c3c95dbe830a16874e8abc5777a9a20b54c76e') as Selector

export function createTokens({ nodes, now }: { readonly nodes: Nodes; readonly now: () => UnixSeconds }): Tokens {
  const known = new Map<string, readonly Balance[]>()
  const key = (account: Address, network: NetworkId) => `${network} ${account}`

  return {
    name: (token) => {
      const found = LISTED.find((it) => it.address === token)
      return found === undefined ? undefined : { symbol: found.symbol, decimals: found.decimals }
    },
    last: (account, network) => known.get(key(account, network)) ?? [],
    balances: async (account, network, maxAge) => {
      const last = known.get(key(account, network))
      if (last?.every((it) => now() - it.at <= maxAge)) return last
      const node = await nodes.of(network)
      const read = await Promise.all(
        LISTED.map(async (token): Promise<Balance> => {
          const [low = '0x0', high = '0x0'] = await node.call({
            to: token.address,
            selector: BALANCE_OF,
            calldata: [account],
          })
          if (BigInt(low) > MAX_U128 || BigInt(high) > MAX_U128) throw new RangeError('not a u256')
          return { token, amount: u256((BigInt(high) << 128n) + BigInt(low)), at: now() }
        }),
      )
      known.set(key(account, network), read)
      return read
    },
  }
}
