/**
 * The table of everything a page may ask: who may, what goes in, whether a window may open, which errors it may answer
 * with. Router, handlers' types, docs and tests come from it (architecture.md 7). A method without a row answers 163.
 */
import type * as v from 'valibot'
import { CODES, type ErrorName } from '../errors.ts'
import { type Address, type Felt, parseAddress, parseFelt, parseSelector } from '../felt.ts'
import { boolean, exact, felt, list, optional, picklist, type Schema, scalar, text, unknown } from '../schema.ts'
import { cosigned, MAX_CALLS, MAX_FELTS, target } from './cosigned.ts'
import type { SessionInfo, SessionSupport, SessionVerdict } from './session-info.ts'

export { MAX_CALLS, MAX_FELTS } from './cosigned.ts'

/** `anyone`: any site. `granted`: a site that was given an account; the handler gets which. */
export type Who = 'anyone' | 'granted'
export interface Row {
  readonly who: Who
  /** Commands are remembered by their id and answered once; reads may be asked again. */
  readonly effect: 'read' | 'command'
  /** `false` can never open a window. */
  readonly asks: boolean
  readonly params: Schema
  readonly errors: readonly ErrorName[]
  /** Type only: what the handler must answer. */
  readonly result: unknown
}

export const API_VERSIONS = ['0.7.2', '0.8.0', '0.10.3', '0.10.4'] as const
export const NODE_SPECS = ['0.9.0', '0.10.0', '0.10.1', '0.10.2'] as const

const result = <T>() => undefined as T
const apiVersion = { api_version: optional(text(32)) }
const none = exact(apiVersion)
/** Names by their letters, or a selector in hex; decimal text would be hashed as a name somewhere else. */
const entrypoint = scalar<string>(
  (it) =>
    typeof it === 'string' && (/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(it) || parseSelector(it) !== undefined)
      ? it
      : undefined,
  'the name of an entrypoint, or its selector in hex',
)
const callParts = { contract_address: target, entry_point: entrypoint, calldata: optional(list(felt, MAX_FELTS), []) }
const calls = list(exact(callParts), MAX_CALLS)
const anyFelt = scalar<Felt>(parseFelt, 'a felt: hex or decimal text')
/** As Argent's offchain sessions of early 2024 wrote a transaction: its first call tells who signed it (argent-sessions.md 14). */
const sentCalls = list(
  exact({
    ...callParts,
    offchainSessionDetails: optional(exact({ nonce: anyFelt, maxFee: anyFelt, version: picklist(['0x1']) })),
  }),
  MAX_CALLS,
)
const chainId = scalar<Felt>(
  (it) => (typeof it === 'string' && /^0x/i.test(it) ? parseFelt(it.toLowerCase()) : undefined),
  'a chain id in hex',
)
/** As a dApp writes it: padded and in capitals too. */
const token = scalar<Address>(
  (it) => (typeof it === 'string' && /^0x/i.test(it) ? parseAddress(it.toLowerCase()) : undefined),
  'the address of a contract in hex',
)
/** Given and not computed here: any spelling in hex. */
const hexFelt = scalar<Felt>(
  (it) => (typeof it === 'string' && /^0x/i.test(it) ? parseFelt(it.toLowerCase()) : undefined),
  'a felt in hex',
)
/** What its own reader looks at: `output` is not part of what goes to the network. */
const proof = exact({ data: text(5_242_880), output: optional(unknown()), proof_facts: list(hexFelt, MAX_FELTS) })
const hint = exact({ mode: optional(picklist(['auto', 'only', 'never'])), id: optional(text(64)) })
const id = text(64)
/** A new key is made here for what is held here; others bring theirs. */
const key = exact({
  held_by: picklist(['wallet', 'dapp', 'agent']),
  public_key: optional(unknown()),
  label: optional(unknown()),
})

export const dapp = {
  wallet_getPermissions: {
    who: 'anyone',
    effect: 'read',
    asks: false,
    params: none,
    errors: [],
    result: result<readonly ['accounts'] | readonly []>(),
  },
  wallet_requestAccounts: {
    who: 'anyone',
    effect: 'command',
    asks: true,
    params: exact({ ...apiVersion, silent_mode: optional(boolean(), false) }),
    errors: ['USER_REFUSED_OP'],
    result: result<readonly string[]>(),
  },
  wallet_requestChainId: {
    who: 'anyone',
    effect: 'read',
    asks: false,
    params: none,
    errors: [],
    result: result<string>(),
  },
  wallet_switchStarknetChain: {
    who: 'anyone',
    effect: 'command',
    asks: true,
    params: exact({ ...apiVersion, chainId, silent_mode: optional(boolean(), false) }),
    errors: ['UNLISTED_NETWORK', 'USER_REFUSED_OP', 'CHAIN_ID_NOT_SUPPORTED'],
    result: result<true>(),
  },
  wallet_addStarknetChain: {
    who: 'anyone',
    effect: 'command',
    asks: true,
    params: exact({
      ...apiVersion,
      id: optional(unknown()),
      chain_id: chainId,
      chain_name: text(200),
      rpc_urls: optional(list(text(1_000), 10)),
      // Read by nobody: an explorer's page and a currency are not what a site says they are, and icons are not loaded.
      block_explorer_url: optional(unknown()),
      native_currency: optional(unknown()),
      icon_urls: optional(unknown()),
    }),
    errors: ['USER_REFUSED_OP', 'INVALID_REQUEST_PAYLOAD'],
    result: result<true>(),
  },
  wallet_watchAsset: {
    who: 'anyone',
    effect: 'command',
    asks: true,
    params: exact({
      ...apiVersion,
      type: picklist(['ERC20']),
      options: exact({
        address: token,
        // Read by nobody: the contract itself is asked, and pictures are not loaded.
        symbol: optional(unknown()),
        decimals: optional(unknown()),
        name: optional(unknown()),
        image: optional(unknown()),
      }),
    }),
    errors: ['NOT_ERC20', 'USER_REFUSED_OP', 'INVALID_REQUEST_PAYLOAD'],
    result: result<true>(),
  },
  wallet_deploymentData: {
    who: 'anyone',
    effect: 'read',
    asks: false,
    params: none,
    errors: ['ACCOUNT_ALREADY_DEPLOYED', 'DEPLOYMENT_DATA_NOT_AVAILABLE'],
    result: result<{ address: string; class_hash: string; salt: string; calldata: readonly string[]; version: 1 }>(),
  },
  wallet_addInvokeTransaction: {
    who: 'anyone',
    effect: 'command',
    asks: true,
    params: exact({ ...apiVersion, calls: sentCalls, session: optional(hint), proof: optional(proof) }),
    errors: [
      'USER_REFUSED_OP',
      'INVALID_REQUEST_PAYLOAD',
      'SESSION_UNSUPPORTED',
      'SESSION_NOT_FOUND',
      'SESSION_NOT_ACTIVE',
      'SESSION_RULE_MISMATCH',
      'SESSION_LIMIT_REACHED',
      'SESSION_POLICY_REFUSED',
      'SESSION_WALLET_LOCKED',
      'SESSION_SIMULATION_FAILED',
    ],
    result: result<{ transaction_hash: string }>(),
  },
  wallet_addDeclareTransaction: {
    who: 'anyone',
    effect: 'command',
    asks: true,
    /** The class is read by its own strict reader (cold/contract-class.ts): it names each path itself. */
    params: exact({
      ...apiVersion,
      compiled_class_hash: hexFelt,
      class_hash: optional(hexFelt),
      contract_class: unknown(),
    }),
    errors: ['USER_REFUSED_OP', 'INVALID_REQUEST_PAYLOAD'],
    result: result<{ transaction_hash: string; class_hash: string }>(),
  },
  wallet_signTypedData: {
    who: 'anyone',
    effect: 'command',
    asks: true,
    /** Read by its own strict reader (cold/typed-data.ts): it names each path itself. */
    params: exact({
      ...apiVersion,
      types: unknown(),
      primaryType: unknown(),
      domain: unknown(),
      message: unknown(),
    }),
    errors: ['USER_REFUSED_OP', 'INVALID_REQUEST_PAYLOAD'],
    result: result<readonly string[]>(),
  },
  wallet_supportedWalletApi: {
    who: 'anyone',
    effect: 'read',
    asks: false,
    params: unknown(),
    errors: [],
    result: result<readonly string[]>(),
  },
  wallet_supportedSpecs: {
    who: 'anyone',
    effect: 'read',
    asks: false,
    params: unknown(),
    errors: [],
    result: result<readonly string[]>(),
  },
  wallet_disconnect: {
    who: 'anyone',
    effect: 'command',
    asks: false,
    params: none,
    errors: [],
    result: result<true>(),
  },
  wallet_supportedSessions: {
    who: 'anyone',
    effect: 'read',
    asks: false,
    params: none,
    errors: [],
    result: result<SessionSupport>(),
  },
  wallet_requestSession: {
    who: 'anyone',
    effect: 'command',
    asks: true,
    /** The policy's own strict parser reads it (policy/wire.ts): it names each path itself. */
    params: unknown(),
    errors: [
      'USER_REFUSED_OP',
      'INVALID_REQUEST_PAYLOAD',
      'CHAIN_ID_NOT_SUPPORTED',
      'SESSION_UNSUPPORTED',
      /** `replaces` names none of this site's. */
      'SESSION_NOT_FOUND',
      'SESSION_POLICY_REFUSED',
    ],
    /** Of an array: in its order, `null` where the person refused. */
    result: result<SessionInfo | readonly (SessionInfo | null)[]>(),
  },
  wallet_getSessions: {
    who: 'anyone',
    effect: 'read',
    asks: false,
    params: exact({
      ...apiVersion,
      ids: optional(list(id, 256)),
      tag: optional(text(66)),
      include_ended: optional(boolean(), false),
    }),
    errors: [],
    result: result<readonly SessionInfo[]>(),
  },
  wallet_checkSession: {
    who: 'anyone',
    effect: 'read',
    asks: false,
    params: exact({ ...apiVersion, calls, session: optional(hint) }),
    errors: ['INVALID_REQUEST_PAYLOAD'],
    result: result<SessionVerdict>(),
  },
  wallet_updateSession: {
    who: 'anyone',
    effect: 'command',
    /** Only when it wants more. */
    asks: true,
    params: unknown(),
    errors: [
      'USER_REFUSED_OP',
      'INVALID_REQUEST_PAYLOAD',
      'SESSION_UNSUPPORTED',
      'SESSION_NOT_FOUND',
      'SESSION_NOT_ACTIVE',
      'SESSION_POLICY_REFUSED',
    ],
    result: result<SessionInfo>(),
  },
  wallet_rotateSession: {
    who: 'anyone',
    effect: 'command',
    asks: true,
    params: exact({ ...apiVersion, id: optional(id), tag: optional(text(66)), key: optional(key) }),
    errors: [
      'USER_REFUSED_OP',
      'INVALID_REQUEST_PAYLOAD',
      'SESSION_UNSUPPORTED',
      'SESSION_NOT_FOUND',
      'SESSION_NOT_ACTIVE',
    ],
    result: result<SessionInfo>(),
  },
  wallet_revokeSession: {
    who: 'anyone',
    effect: 'command',
    asks: false,
    params: exact({ ...apiVersion, id, on_chain: optional(picklist(['auto', 'now', 'never']), 'auto') }),
    errors: ['SESSION_NOT_FOUND'],
    result: result<{ transaction_hash?: string }>(),
  },
  wallet_cosignSession: {
    who: 'anyone',
    effect: 'command',
    asks: false,
    params: exact({
      ...apiVersion,
      ...cosigned,
    }),
    errors: [
      'INVALID_REQUEST_PAYLOAD',
      'SESSION_UNSUPPORTED',
      'SESSION_NOT_FOUND',
      'SESSION_NOT_ACTIVE',
      'SESSION_RULE_MISMATCH',
      'SESSION_LIMIT_REACHED',
      'SESSION_POLICY_REFUSED',
      'SESSION_WALLET_LOCKED',
      'SESSION_SIMULATION_FAILED',
    ],
    /** The second key's: public key, r, s. */
    result: result<readonly [guardian_public_key: string, r: string, s: string]>(),
  },
  wallet_strk20InvokeTransaction: {
    who: 'anyone',
    effect: 'read',
    asks: false,
    params: unknown(),
    errors: ['NOT_REGISTERED'],
    result: result<never>(),
  },
  wallet_strk20PrepareInvoke: {
    who: 'anyone',
    effect: 'read',
    asks: false,
    params: unknown(),
    errors: ['NOT_REGISTERED'],
    result: result<never>(),
  },
  wallet_strk20Balances: {
    who: 'anyone',
    effect: 'read',
    asks: false,
    params: unknown(),
    errors: ['NOT_REGISTERED'],
    result: result<never>(),
  },
  wallet_strk20ShadowAccountCommitment: {
    who: 'anyone',
    effect: 'read',
    asks: false,
    params: unknown(),
    errors: ['NOT_REGISTERED'],
    result: result<never>(),
  },
} as const satisfies Readonly<Record<string, Row>>

export type Method = keyof typeof dapp
export type Params<M extends Method> = v.InferOutput<(typeof dapp)[M]['params']>
export type Result<M extends Method> = (typeof dapp)[M]['result']

/** These two answer in every state, whatever `api_version` says. */
export const VERSIONLESS: ReadonlySet<Method> = new Set(['wallet_supportedWalletApi', 'wallet_supportedSpecs'])

/** The codes a row may answer with; 162 and 163 on every one. */
export function mayAnswer(method: Method, code: number): boolean {
  if (code === CODES.API_VERSION_NOT_SUPPORTED || code === CODES.UNKNOWN_ERROR) return true
  return (dapp[method].errors as readonly ErrorName[]).some((name) => CODES[name] === code)
}
