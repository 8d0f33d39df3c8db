import type { Method } from '../../src/core/protocol/dapp.ts'
import { hashesOf, sierraOf } from '../devnet.ts'

export interface Bad {
  readonly name: string
  readonly params: unknown
  readonly code: number
  readonly at?: string
  /** It takes work that the wallet does for a connected site alone. */
  readonly connected?: true
}
export interface Case {
  /** A request in its best form; what it does is in src/core/protocol/told.ts. */
  readonly good: object | undefined
  /** A good one needs the site's own key: that is told where a client has one (e2e/clients), and here of a stranger alone. */
  readonly byKey?: true
  readonly bad: readonly Bad[]
}
type Asked = Method | 'wallet_watchAsset' | 'wallet_cosignSession'
export interface Facts {
  readonly game: string
  readonly coin: string
  /** A node of a chain that the wallet does not have. */
  readonly node: string
  /** Of the site that asks, or of nobody. */
  readonly session: string
}

export const OTHER_CHAIN = '0x434f4e464f524d'
export const NONE = 'f'.repeat(32)
const bad = (name: string, params: unknown, at?: string, code = 114): Bad => ({
  name,
  params,
  code,
  ...(at === undefined ? {} : { at }),
})
/** Of every method but the two that answer whatever is asked. */
const COMMON: readonly Bad[] = [
  bad('params a list', [], ''),
  bad('params a text', 'accounts', ''),
  bad('params a number', 7, ''),
  bad('api_version a number', { api_version: 0.8 }, '/api_version'),
  bad('api_version no version', { api_version: 'latest' }, '/api_version'),
  bad('api_version unknown', { api_version: '0.9' }, undefined, 162),
]
const login = {
  types: { StarknetDomain: [{ name: 'name', type: 'shortstring' }], Login: [{ name: 'purpose', type: 'string' }] },
  primaryType: 'Login',
  domain: { name: 'Arena', revision: '1' },
  message: { purpose: 'Sign in' },
}

export function casesOf({ game, coin, node, session: own }: Facts): Readonly<Record<Asked, Case>> {
  const move = { contract_address: coin, entry_point: 'mint', calldata: [game, '0x1', '0x0'] }
  const without = <T extends object>(it: T, key: keyof T) =>
    Object.fromEntries(Object.entries(it).filter(([name]) => name !== key))
  const silent = [bad('silent_mode a text', { silent_mode: 'yes' }, '/silent_mode')]
  const sierra = sierraOf('proxy')
  const declare = {
    compiled_class_hash: hashesOf('proxy').compiled_class_hash,
    contract_class: { ...sierra, abi: JSON.stringify(sierra.abi) },
  }
  const chain = { id: 'own', chain_id: OTHER_CHAIN, chain_name: 'Other chain', rpc_urls: [node] }
  const asset = { type: 'ERC20', options: { address: coin } }
  const session = { calls: [{ contract_address: game, entry_point: 'buy' }], duration: 3_600 }
  const strk20: Case = { good: {}, bad: [] }
  const cosign = {
    id: NONE,
    session_signature: ['0x1', '0x2'],
    transaction: {
      type: 'INVOKE',
      version: '0x3',
      sender_address: game,
      calldata: ['0x0'],
      nonce: '0x0',
      tip: '0x0',
      paymaster_data: [],
      account_deployment_data: [],
      resource_bounds: Object.fromEntries(
        ['l1_gas', 'l2_gas', 'l1_data_gas'].map((name) => [name, { max_amount: '0x1', max_price_per_unit: '0x1' }]),
      ),
      nonce_data_availability_mode: 'L1',
      fee_data_availability_mode: 'L1',
    },
  }
  return {
    wallet_supportedWalletApi: { good: undefined, bad: [] },
    wallet_supportedSpecs: { good: undefined, bad: [] },
    wallet_getPermissions: { good: undefined, bad: COMMON },
    wallet_requestAccounts: { good: undefined, bad: [...COMMON, ...silent] },
    wallet_requestChainId: { good: undefined, bad: COMMON },
    wallet_deploymentData: { good: undefined, bad: COMMON },
    wallet_disconnect: { good: undefined, bad: COMMON },
    wallet_supportedSessions: { good: undefined, bad: [...COMMON, bad('an unknown key', { more: 1 }, '/more')] },
    wallet_switchStarknetChain: {
      good: { chainId: '0x534e5f4d41494e' },
      bad: [
        ...COMMON,
        bad('no chainId', {}, '/chainId'),
        bad('chainId a text', { chainId: 'SN_MAIN' }, '/chainId'),
        bad('chainId in decimal', { chainId: '23448594291968334' }, '/chainId'),
        bad('a chain that is not here', { chainId: '0x1234' }, undefined, 112),
        bad('silent_mode a text', { chainId: '0x1', silent_mode: 'yes' }, '/silent_mode'),
      ],
    },
    wallet_addStarknetChain: {
      good: chain,
      bad: [
        ...COMMON,
        bad('no chain_id', without(chain, 'chain_id'), '/chain_id'),
        bad('no chain_name', without(chain, 'chain_name'), '/chain_name'),
        bad('chain_id a text', { ...chain, chain_id: 'OTHER' }, '/chain_id'),
        bad('rpc_urls a text', { ...chain, rpc_urls: node }, '/rpc_urls'),
      ],
    },
    wallet_watchAsset: {
      good: asset,
      bad: [
        ...COMMON,
        bad('no type', without(asset, 'type'), '/type'),
        bad('another type', { ...asset, type: 'ERC721' }, '/type'),
        bad('no options', without(asset, 'options'), '/options'),
        bad('an address that is none', { ...asset, options: { address: 'coin' } }, '/options/address'),
      ],
    },
    wallet_addInvokeTransaction: {
      good: { calls: [move] },
      bad: [
        ...COMMON,
        bad('no calls', {}, '/calls'),
        bad('an empty list', { calls: [] }, '/calls'),
        bad('calls a text', { calls: 'mint' }, '/calls'),
        bad('no address', { calls: [without(move, 'contract_address')] }, '/calls/0/contract_address'),
        bad('no entry point', { calls: [without(move, 'entry_point')] }, '/calls/0/entry_point'),
        bad('a member that is none', { calls: [{ ...move, value: '0x1' }] }, '/calls/0/value'),
        bad('a negative argument', { calls: [{ ...move, calldata: [-1] }] }, '/calls/0/calldata/0'),
        bad('an empty proof', { calls: [move], proof: { data: '', output: [], proof_facts: [] } }, '/proof'),
        bad('a mode that is none', { calls: [move], session: { mode: 'sometimes' } }, '/session/mode'),
      ],
    },
    wallet_addDeclareTransaction: {
      good: declare,
      bad: [
        ...COMMON,
        bad('no class', without(declare, 'contract_class'), '/contract_class'),
        bad('no compiled hash', without(declare, 'compiled_class_hash'), '/compiled_class_hash'),
        { ...bad('another class hash', { ...declare, class_hash: '0x1' }, '/class_hash'), connected: true },
        bad('an ABI that is no text', { ...declare, contract_class: { ...sierra } }, '/contract_class/abi'),
      ],
    },
    wallet_signTypedData: {
      good: login,
      bad: [
        ...COMMON,
        bad('no types', without(login, 'types')),
        bad('no domain', without(login, 'domain')),
        bad('no message', without(login, 'message')),
        bad('an unknown primary type', { ...login, primaryType: 'Logout' }),
        bad('a field left out', { ...login, message: {} }),
      ],
    },
    wallet_strk20InvokeTransaction: strk20,
    wallet_strk20PrepareInvoke: strk20,
    wallet_strk20Balances: strk20,
    wallet_strk20ShadowAccountCommitment: strk20,
    wallet_requestSession: {
      good: session,
      bad: [
        ...COMMON.slice(1),
        bad('an empty list', [], ''),
        bad('no calls', {}, '/calls'),
        bad('an unknown key', { ...session, more: 1 }, '/more'),
        bad('a duration that is no integer', { ...session, duration: 1.5 }, '/duration'),
        bad('too long', { ...session, duration: 91 * 86_400 }, '/duration', 215),
      ],
    },
    wallet_getSessions: {
      good: { include_ended: true },
      bad: [
        ...COMMON,
        bad('ids a text', { ids: NONE }, '/ids'),
        bad('a tag that is none', { tag: 7 }, '/tag'),
        bad('an unknown key', { more: 1 }, '/more'),
      ],
    },
    wallet_checkSession: {
      good: { calls: [move] },
      bad: [...COMMON, bad('no calls', {}, '/calls'), bad('an unknown key', { calls: [move], more: 1 }, '/more')],
    },
    wallet_updateSession: {
      good: { id: own, enabled: true },
      bad: [...COMMON, bad('no id', { enabled: false }), bad('an unknown key', { id: NONE, more: 1 }, '/more')],
    },
    wallet_rotateSession: {
      good: { id: own },
      bad: [...COMMON, bad('neither id nor tag', {}), bad('an unknown key', { id: NONE, more: 1 }, '/more')],
    },
    wallet_revokeSession: {
      good: { id: own },
      bad: [
        ...COMMON,
        bad('no id', {}, '/id'),
        bad('an unknown word', { id: NONE, on_chain: 'later' }, '/on_chain'),
        bad('an unknown key', { id: NONE, more: 1 }, '/more'),
      ],
    },
    wallet_cosignSession: {
      good: cosign,
      byKey: true,
      bad: [
        ...COMMON,
        bad('no id', without(cosign, 'id'), '/id'),
        bad('nothing to sign', without(cosign, 'transaction')),
      ],
    },
  }
}
