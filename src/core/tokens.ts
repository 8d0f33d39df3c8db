/** Tokens whose name and decimals a person may be shown: bundled ones, and those a person added from the chain. */
import { ETH, STRK } from './account.ts'
import { type Address, address, type Felt, MAX_U128, type U256, u256 } from './felt.ts'
import type { NetworkId } from './records.ts'

export interface KnownToken {
  readonly address: Address
  readonly symbol: string
  readonly decimals: number
  /** "Ether"; of an added token there is none. */
  readonly title?: string
  /** The person added it; what it is called was read from its contract. */
  readonly added?: true
}

/**
 * Few and right. Sources: starknet-io/starknet-addresses, bridged_tokens/mainnet.json and sepolia.json (STRK, ETH, USDT, WBTC);
 * circle.com "Bridged USDC to native USDC on Starknet" (USDC and the bridged USDC.e) and Circle's test USDC on Sepolia.
 */
const EVERYWHERE: readonly KnownToken[] = [
  { address: STRK, symbol: 'STRK', decimals: 18, title: 'Starknet Token' },
  { address: ETH, symbol: 'ETH', decimals: 18, title: 'Ether' },
]
const MORE: Readonly<Partial<Record<NetworkId, readonly KnownToken[]>>> = {
  mainnet: [
    {
      address: address('0x033068f6539f8e6e6b131e6b2b814e6c34a5224bc66947c47dab9dfee93b35fb'),
      symbol: 'USDC',
      decimals: 6,
      title: 'USD Coin',
    },
    {
      address: address('0x053c91253bc9682c04929ca02ed00b3e423f6710d2ee7e0d5ebb06f3ecf368a8'),
      symbol: 'USDC.e',
      decimals: 6,
      title: 'Bridged USD Coin',
    },
    {
      address: address('0x068f5c6a61780768455de69077e07e89787839bf8166decfbf92b645209c0fb8'),
      symbol: 'USDT',
      decimals: 6,
      title: 'Tether USD',
    },
    {
      address: address('0x03fe2b97c1fd336e750087d68b9b867997fd64a2661ff3ca5a7c771641e8e7ac'),
      symbol: 'WBTC',
      decimals: 8,
      title: 'Wrapped BTC',
    },
  ],
  sepolia: [
    {
      address: address('0x0512feac6339ff7889822cb5aa2a86c848e9d392bb0e3e237c008674feed8343'),
      symbol: 'USDC',
      decimals: 6,
      title: 'USD Coin',
    },
  ],
}

/** The fee token first. */
export function bundled(network: NetworkId): readonly KnownToken[] {
  return [...EVERYWHERE, ...(MORE[network] ?? [])]
}

const BUNDLED: ReadonlySet<Address> = new Set(
  [EVERYWHERE, ...Object.values(MORE)].flatMap((tokens = []) => tokens.map((token) => token.address)),
)
/** On whichever network: what stands at one of these addresses is a token of amounts. */
export function isBundled(token: Address): boolean {
  return BUNDLED.has(token)
}

export const MAX_DECIMALS = 77
const SYMBOL = /^[\x21-\x7e]{1,16}$/
const CALLED = /^[\x21-\x7e](?:[\x20-\x7e]{0,59}[\x21-\x7e])?$/

/**
 * What a contract answers to `symbol`: one felt of at most 31 characters, or a ByteArray. Only signs that look like one thing
 * alone are a symbol here; whoever wrote the contract chose them.
 *
 * @returns undefined for anything else
 */
export function symbolOf(answer: readonly Felt[]): string | undefined {
  const text = answer.length === 1 ? asciiOf(BigInt(answer[0]!)) : byteArray(answer)
  return text !== undefined && SYMBOL.test(text) ? text : undefined
}

/** What a contract answers to `name`: anybody's words, where they are signs that can be read. */
export function calledOf(answer: readonly Felt[]): string | undefined {
  const text = answer.length === 1 ? asciiOf(BigInt(answer[0]!)) : byteArray(answer)
  return text !== undefined && CALLED.test(text) ? text : undefined
}

/** What a contract answers to `decimals`. */
export function decimalsOf(answer: readonly Felt[]): number | undefined {
  const [value, ...rest] = answer
  if (value === undefined || rest.length > 0 || BigInt(value) > BigInt(MAX_DECIMALS)) return undefined
  return Number(BigInt(value))
}

/** Two limbs; `undefined` for anything that is not exactly one u256. */
export function amountOf(answer: readonly Felt[]): U256 | undefined {
  const [low, high, ...rest] = answer
  if (low === undefined || high === undefined || rest.length > 0) return undefined
  const limbs = [BigInt(low), BigInt(high)] as const
  return limbs[0] > MAX_U128 || limbs[1] > MAX_U128 ? undefined : u256((limbs[1] << 128n) | limbs[0])
}

/** The token whose symbol another one would be taken for: the same to the eye, at another address. */
export function lookAlike(
  token: Pick<KnownToken, 'address' | 'symbol'>,
  known: readonly KnownToken[],
): KnownToken | undefined {
  const own = toTheEye(token.symbol)
  return known.find((it) => it.address !== token.address && toTheEye(it.symbol) === own)
}

/** Signs that a hurried person reads as the same. */
function toTheEye(symbol: string): string {
  return symbol
    .toLowerCase()
    .replaceAll('0', 'o')
    .replace(/[1i|!]/g, 'l')
    .replace(/[5$]/g, 's')
    .replaceAll('8', 'b')
    .replaceAll('vv', 'w')
    .replaceAll('rn', 'm')
}

function asciiOf(value: bigint): string | undefined {
  const hex = value.toString(16)
  const digits = hex.length % 2 === 0 ? hex : `0${hex}`
  return value === 0n || digits.length > 62 ? undefined : fromHex(digits)
}

/** [words, …word of 31 bytes, rest, length of the rest]. */
function byteArray(felts: readonly Felt[]): string | undefined {
  const words = BigInt(felts[0] ?? 0)
  // A symbol has one word at most: longer ones are refused by their length anyway.
  if (words > 1n || BigInt(felts.length) !== words + 3n) return undefined
  const whole = words === 0n ? '' : BigInt(felts[1]!).toString(16).padStart(62, '0')
  const length = BigInt(felts.at(-1)!)
  const rest = BigInt(felts.at(-2)!)
  if (whole.length > 62 || length > 30n || rest >= 2n ** (8n * length)) return undefined
  return fromHex(whole + (length === 0n ? '' : rest.toString(16).padStart(Number(length) * 2, '0')))
}

function fromHex(digits: string): string {
  return (digits.match(/../g) ?? []).map((pair) => String.fromCharCode(Number.parseInt(pair, 16))).join('')
}
