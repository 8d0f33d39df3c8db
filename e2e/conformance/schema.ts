/**
 * What the Starknet Wallet API says of results and errors, written from its text (starknet-specs, wallet-api/wallet_rpc.json,
 * 0.10.4-rc.0) with the patches of provider.md 2.2: the text has no licence, so it is not copied.
 */
type Is = (it: unknown) => boolean

/** Patch: the text forbids leading zeros, and every wallet pads addresses and hashes. */
const felt: Is = (it) => typeof it === 'string' && /^0x[0-9a-fA-F]{1,64}$/.test(it)
/** Patch: 0 to 8 in the text, 0 to 7 in the types. Every felt below P fits. */
const padded: Is = (it) => typeof it === 'string' && /^0x0[0-8][0-9a-fA-F]{62}$/.test(it)
const chainId: Is = (it) => typeof it === 'string' && /^0x[0-9a-fA-F]+$/.test(it)
const version: Is = (it) => typeof it === 'string' && /^\d+\.\d+(\.\d+(-[0-9A-Za-z.-]+)?)?$/.test(it)
/** Patch: lists are written with `properties.items` where `items` is meant. */
const list =
  (item: Is): Is =>
  (it) =>
    Array.isArray(it) && it.every(item)
const shape =
  (members: Readonly<Record<string, Is>>): Is =>
  (it) =>
    typeof it === 'object' &&
    it !== null &&
    Object.keys(it).every((key) => Object.hasOwn(members, key)) &&
    Object.entries(members).every(([key, is]) => is(Reflect.get(it, key)))
const is =
  (value: unknown): Is =>
  (it) =>
    it === value
const never: Is = () => false

export interface Specified {
  readonly result: Is
  readonly errors: readonly number[]
}
const BOTH = [162, 163]
const no = (...errors: number[]) => [...errors, ...BOTH]
const strk20 = { result: never, errors: no(113, 114, 118, 119, 120) }

export const SPECIFIED: Readonly<Record<string, Specified>> = {
  wallet_supportedWalletApi: { result: list(version), errors: [] },
  wallet_supportedSpecs: { result: list(version), errors: [] },
  wallet_getPermissions: { result: list(is('accounts')), errors: no() },
  wallet_requestAccounts: { result: list(felt), errors: no() },
  wallet_requestChainId: { result: chainId, errors: no() },
  wallet_deploymentData: {
    result: shape({
      address: felt,
      class_hash: felt,
      salt: felt,
      calldata: list(felt),
      version: (it) => it === 0 || it === 1,
    }),
    errors: no(115, 116),
  },
  wallet_switchStarknetChain: { result: (it) => typeof it === 'boolean', errors: no(112, 113, 117) },
  wallet_watchAsset: { result: (it) => typeof it === 'boolean', errors: no(111, 113, 114) },
  wallet_addStarknetChain: { result: (it) => typeof it === 'boolean', errors: no(113, 114) },
  wallet_addInvokeTransaction: { result: shape({ transaction_hash: padded }), errors: no(113, 114) },
  wallet_addDeclareTransaction: {
    result: shape({ transaction_hash: padded, class_hash: padded }),
    errors: no(113, 114),
  },
  wallet_signTypedData: { result: list(felt), errors: no(113, 114) },
  wallet_strk20InvokeTransaction: strk20,
  wallet_strk20PrepareInvoke: strk20,
  wallet_strk20Balances: { ...strk20, errors: no(113, 114, 118) },
  wallet_strk20ShadowAccountCommitment: { ...strk20, errors: no(113, 114, 118) },
}

/** Where Latchkey answers otherwise than the text, and why (provider.md 2). */
export const DIFFERENCES = {
  malformed: '114 also where the text lists no code for a request that is malformed: it is the code of just that',
  refused: '113 for a refused connection: `[]`, which the text would have, makes starknet.js throw a TypeError',
  running: 'locked, a site with a running session is told its account: its dApp goes on working',
  data: '`data` of 163 is an object: a reason that programs can read',
  unlisted: '112 for a chain that the wallet does not have, where the text has both that code and `false`',
} as const
export type Difference = keyof typeof DIFFERENCES

/** `undefined`: as the text says. */
export function differenceOf(method: string, code: number): Difference | 'unknown' | undefined {
  const specified = Object.hasOwn(SPECIFIED, method) ? SPECIFIED[method] : undefined
  if (specified === undefined || specified.errors.includes(code)) return code === 163 ? 'data' : undefined
  if (code === 114) return 'malformed'
  if (code === 113 && method === 'wallet_requestAccounts') return 'refused'
  return 'unknown'
}
