/**
 * Amounts in USD, for the eyes alone: the Pragma oracle through the person's own node, no other server (approval-ux.md 5.3).
 * Off unless the person switched it on; never in a limit.
 */
import { type Address, address, type Felt, shortString, type U256, u256 } from '../core/felt.ts'
import type { NetworkId } from '../core/records.ts'
import type { UnixSeconds } from '../core/time.ts'
import type { KnownToken } from '../core/tokens.ts'
import { type Line, line } from '../core/words.ts'
import type { Nodes } from '../platform/node.ts'
import { isNodeError } from '../platform/node-error.ts'
import { selectorOf } from '../starknet/selector.ts'
import { about } from './views/facts.ts'

export interface Fiat {
  /** Reads the prices that are old. A node that is silent leaves them: they are hidden when they are an hour old. */
  refresh(network: NetworkId): Promise<void>
  /** `undefined`: not known, too old, from too few, or not of this token. */
  of(network: NetworkId, token: KnownToken, held: U256): Line | undefined
}
interface Price {
  /** USD for one token, times 10^decimals. */
  readonly price: bigint
  readonly decimals: number
  readonly at: UnixSeconds
}

/** Source: Pragma's documentation, oracle contracts on Starknet. */
const ORACLES: Readonly<Partial<Record<NetworkId, Address>>> = {
  mainnet: address('0x2a85bd616f912537c50a49a4076db02c00b29b2cdc8a197ce92ed1837fa875b'),
  sepolia: address('0x36031daa264c24520b11d93af622c848b2499b66b41d611bac95e13cfca131a'),
}
const PAIRED = ['STRK', 'ETH', 'USDC', 'USDT', 'WBTC']
/** `DataType::SpotEntry`. */
const SPOT = '0x0' as Felt
const TOO_OLD = 3_600
const READ_AGAIN = 300
const FEWEST_SOURCES = 3n
const USD = { symbol: 'USD', decimals: 2 }

export function createFiat({
  nodes,
  now,
}: {
  readonly nodes: Pick<Nodes, 'of'>
  readonly now: () => UnixSeconds
}): Fiat {
  const prices = new Map<string, Price>()
  const asked = new Map<NetworkId, UnixSeconds>()

  return {
    refresh: async (network) => {
      const to = ORACLES[network]
      const last = asked.get(network)
      if (to === undefined || (last !== undefined && now() - last < READ_AGAIN)) return
      try {
        const node = await nodes.of(network)
        const answers = await node.callEach(
          PAIRED.map((symbol) => ({
            to,
            selector: selectorOf('get_data_median'),
            calldata: [SPOT, shortString(`${symbol}/USD`)],
          })),
        )
        asked.set(network, now())
        for (const [at, symbol] of PAIRED.entries()) {
          const price = priceIn(answers[at])
          if (price === undefined) prices.delete(`${network} ${symbol}`)
          else prices.set(`${network} ${symbol}`, price)
        }
      } catch (error) {
        if (!isNodeError(error)) throw error
      }
    },
    of: (network, token, held) => {
      const price = token.added === true ? undefined : prices.get(`${network} ${token.symbol}`)
      if (price === undefined || now() - price.at > TOO_OLD) return undefined
      const cents = (BigInt(held) * price.price * 100n) / 10n ** BigInt(token.decimals + price.decimals)
      const said = about(u256(cents), USD)
      return line('fiat_about', { amount: said })
    },
  }
}

/** `PragmaPricesResponse`: price, decimals, last update, number of sources, and when it ends, if it does. */
export function priceIn(answer: readonly Felt[] | undefined): Price | undefined {
  const [price, decimals, at, sources] = (answer ?? []).map(BigInt)
  if (price === undefined || decimals === undefined || at === undefined || sources === undefined) return undefined
  if (price === 0n || decimals > 30n || sources < FEWEST_SOURCES || at > 2n ** 40n) return undefined
  return { price, decimals: Number(decimals), at: Number(at) }
}
