/**
 * What a dApp developer reads of each method and error: docs/provider.md and docs/errors.md are printed from this table and
 * the one of the router (`npm run docs`), and the conformance run takes its cells from here. No bundle contains it.
 */
import type { ErrorName } from '../errors.ts'
import type { Method } from './dapp.ts'

/** What happens when a site asks, per state of the wallet (provider.md 2.3). */
export type Cell =
  /** Answered at once, in a result. */
  | 'answer'
  /** `[]`: the site is told of no account, or of no session. */
  | 'empty'
  /** No window, and this code. */
  | 111
  | 115
  | 116
  | 117
  | 118
  | 211
  | 216
  /** A window: of the connection, of the unlock, or of the question itself. */
  | 'connect'
  | 'unlock'
  | 'window'
/** Not connected · connected and unlocked · locked, no session running · locked, a session running. */
export type Cells = readonly [Cell, Cell, Cell, Cell]

export interface Told {
  /** The version of the Wallet API that brought it; ours are no part of it. */
  readonly since: '0.7.2' | '0.8.0' | '0.10.3' | '0.10.4' | 'latchkey'
  readonly params: string
  readonly result: string
  readonly does: string
  /** Of a good request. Where two are possible the plain one stands here and `does` says when it is the other. */
  readonly cells: Cells
}

const SILENT_TELLS = ['empty', 'answer', 'empty', 'answer'] as const
const ALWAYS = ['answer', 'answer', 'answer', 'answer'] as const
const ASKS = ['connect', 'window', 'unlock', 'unlock'] as const
const NO_POOL = [118, 118, 118, 118] as const

export const TOLD: Readonly<Record<Method | 'wallet_watchAsset' | 'wallet_cosignSession', Told>> = {
  wallet_supportedWalletApi: {
    since: '0.7.2',
    params: 'none',
    result: 'string[]',
    does: 'The versions of the Wallet API that are spoken. `api_version` is ignored.',
    cells: ALWAYS,
  },
  wallet_supportedSpecs: {
    since: '0.7.2',
    params: 'none',
    result: 'string[]',
    does: 'The versions of the node JSON-RPC that are spoken. `api_version` is ignored.',
    cells: ALWAYS,
  },
  wallet_getPermissions: {
    since: '0.7.2',
    params: '{}?',
    result: '["accounts"] or []',
    does: 'Never opens a window.',
    cells: SILENT_TELLS,
  },
  wallet_requestAccounts: {
    since: '0.7.2',
    params: '{silent_mode?: boolean}?',
    result: '[address], one',
    does: 'With `silent_mode` it answers `[]` instead of opening a window. Several asked at once share one window.',
    cells: ['connect', 'answer', 'unlock', 'answer'],
  },
  wallet_requestChainId: {
    since: '0.7.2',
    params: '{}?',
    result: 'chain id in hex',
    does: 'The network of this site; without a connection, the built-in network that the wallet shows.',
    cells: ALWAYS,
  },
  wallet_switchStarknetChain: {
    since: '0.7.2',
    params: '{chainId, silent_mode?: boolean}',
    result: 'true',
    does: 'Moves this site alone. `true` without a window where it is there already. With `silent_mode`: 117 where the wallet would have to be unlocked or the site connected first. A chain that the wallet does not have is 112, never `false`.',
    cells: ASKS,
  },
  wallet_addStarknetChain: {
    since: '0.7.2',
    params: '{id, chain_id, chain_name, rpc_urls?, block_explorer_url?, native_currency?, icon_urls?}',
    result: 'true',
    does: 'The node is asked for its chain id; another one, none, or an address that is not https is 114. So is one on this computer or beside it, unless the site is on this computer itself: that one may name a node on it by http too. A known chain is `true`. Never switches. Icons are not loaded.',
    cells: ASKS,
  },
  wallet_watchAsset: {
    since: '0.7.2',
    params: '{type: "ERC20", options: {address, symbol?, decimals?, image?, name?}}',
    result: 'true',
    does: 'Name, symbol and decimals are read from the chain. A contract that is no ERC-20 is 111, a known token is `true`.',
    cells: ASKS,
  },
  wallet_deploymentData: {
    since: '0.8.0',
    params: '{}?',
    result: '{address, class_hash, salt, calldata, version: 1}',
    does: 'What makes an account at its address that is not deployed yet. The table is about one that is: 115.',
    cells: [116, 115, 116, 115],
  },
  wallet_addInvokeTransaction: {
    since: '0.7.2',
    params:
      '{calls: [{contract_address, entry_point, calldata?}], proof?: {data, output, proof_facts}, session?: {mode?, id?}}',
    result: '{transaction_hash}',
    does: "Inside a running session: signed and sent without a window, locked too. Anything else is a question. Answers when the node took it. `session.mode`: `auto` (a window where no session fits), `only` (an error 210 to 217 instead), `never` (always a window). A `proof` is never automatic. A first call `use_offchain_session` with its `offchainSessionDetails` (pages of early 2024) names the session by the page's key: the page's signature is checked, that call is left out, and the others are sent at the nonce that was signed, or not at all.",
    cells: ASKS,
  },
  wallet_addDeclareTransaction: {
    since: '0.7.2',
    params:
      '{compiled_class_hash, class_hash?, contract_class: {sierra_program, contract_class_version, entry_points_by_type, abi: string}}',
    result: '{transaction_hash, class_hash}',
    does: 'The class hash is computed by the wallet; another `class_hash`, or a class that is declared already, is 114. The ABI is published as compilers write it, with a space after each comma and colon, unless `class_hash` names the text as it stands. Never automatic.',
    cells: ASKS,
  },
  wallet_signTypedData: {
    since: '0.7.2',
    params: '{types, primaryType, domain, message}',
    result: 'felt[]',
    does: 'SNIP-12, revisions 0 and 1. 9 felts where the account has a second key, else 5. Typed data of sessions and outside executions is taken for what it is; in any other spelling it is 114.',
    cells: ASKS,
  },
  wallet_strk20InvokeTransaction: {
    since: '0.10.3',
    params: '{actions}',
    result: 'none',
    does: 'No privacy pool here.',
    cells: NO_POOL,
  },
  wallet_strk20PrepareInvoke: {
    since: '0.10.3',
    params: '{actions, simulate?}',
    result: 'none',
    does: 'No privacy pool here.',
    cells: NO_POOL,
  },
  wallet_strk20Balances: {
    since: '0.10.3',
    params: '{tokens, valid_until?}',
    result: 'none',
    does: 'No privacy pool here.',
    cells: NO_POOL,
  },
  wallet_strk20ShadowAccountCommitment: {
    since: '0.10.4',
    params: '{dapp_name, nonce?}',
    result: 'none',
    does: 'No privacy pool here.',
    cells: NO_POOL,
  },
  wallet_disconnect: {
    since: 'latchkey',
    params: '{}?',
    result: 'true',
    does: 'Ends the connection and pauses the sessions of this site; `accountsChanged` with `undefined` goes to its pages. `true` without a connection too.',
    cells: ALWAYS,
  },
  wallet_supportedSessions: {
    since: 'latchkey',
    params: '{}?',
    result: '{version, features, max_duration, cosigner_url, accounts}',
    does: 'How a dApp knows that there are sessions. `accounts` is empty before the site is connected.',
    cells: ALWAYS,
  },
  wallet_requestSession: {
    since: 'latchkey',
    params: 'a session request, or a list of one to five',
    result: 'SessionInfo, or a list in the order of the requests with null for a refused one',
    does: 'One window, which also connects the site and prepares the account. A running session that covers the request is answered without a window.',
    cells: ['window', 'window', 'unlock', 'unlock'],
  },
  wallet_getSessions: {
    since: 'latchkey',
    params: '{ids?: string[], tag?: string, include_ended?: boolean}?',
    result: 'SessionInfo[], newest first',
    does: 'Of this site alone. Ids that are not known are left out.',
    cells: ['empty', 'answer', 'answer', 'answer'],
  },
  wallet_checkSession: {
    since: 'latchkey',
    params: '{calls, session?: {mode?, id?}}',
    result: '{verdict: "auto" | "prompt" | "refuse", session_id?, error?, reasons, meters?}',
    does: 'What `wallet_addInvokeTransaction` would do now, with all reasons. Counts nothing and opens nothing.',
    cells: ALWAYS,
  },
  wallet_updateSession: {
    since: 'latchkey',
    params: '{id, …members of a session request} or {id, enabled: boolean}',
    result: 'SessionInfo',
    does: 'Narrower, as in the table: at once. Wider: a window with the difference, and a new session in its place.',
    cells: [211, 'answer', 'answer', 'answer'],
  },
  wallet_rotateSession: {
    since: 'latchkey',
    params: '{id or tag, key?}',
    result: 'SessionInfo',
    does: 'Another key for the same session, by one window.',
    cells: [211, 'window', 'unlock', 'unlock'],
  },
  wallet_revokeSession: {
    since: 'latchkey',
    params: '{id, on_chain?: "auto" | "now" | "never"}',
    result: '{transaction_hash?}',
    does: 'Ends it here before the answer, and on the chain where `on_chain` says so.',
    cells: [211, 'answer', 'answer', 'answer'],
  },
  wallet_cosignSession: {
    since: 'latchkey',
    params: '{id, session_signature: [r, s], cache?: true} and {transaction} or {outside_execution}',
    result: '[guardian_public_key, r, s]',
    does: 'For a session whose key the site or an agent holds. Never a window.',
    cells: [211, 'answer', 216, 'answer'],
  },
}

export const WHEN: Readonly<Record<ErrorName, { readonly when: string; readonly data: string }>> = {
  NOT_ERC20: { when: 'The contract does not answer as an ERC-20 token.', data: 'none' },
  UNLISTED_NETWORK: { when: 'The wallet does not have this chain.', data: 'none' },
  USER_REFUSED_OP: {
    when: 'The person did not allow it. Nothing was signed.',
    data: '`{reason}`: `refused`; `closed` (the window or the tab); `lapsed`; `context` (locked, or the account or network of this site changed); `quiet` with `retry_at` (this site is silenced after refusals)',
  },
  INVALID_REQUEST_PAYLOAD: {
    when: 'The request is not one, or asks for what is never signed. Nothing was signed or sent.',
    data: '`{at, why}`: a JSON pointer into the params, and words, never the value',
  },
  ACCOUNT_ALREADY_DEPLOYED: { when: 'The account is there already.', data: 'none' },
  DEPLOYMENT_DATA_NOT_AVAILABLE: { when: 'The site is not connected, or the wallet is locked.', data: 'none' },
  CHAIN_ID_NOT_SUPPORTED: {
    when: 'A silent switch would need an unlock or a connection; or a session was asked for on a chain that the wallet does not have.',
    data: 'none',
  },
  NOT_REGISTERED: { when: 'There is no privacy pool in this wallet.', data: 'none' },
  API_VERSION_NOT_SUPPORTED: {
    when: '`api_version` is well written and not spoken.',
    data: 'the versions that are, as text',
  },
  UNKNOWN_ERROR: {
    when: 'Anything else, and methods that do not exist.',
    data: '`{reason}`: `method` + `method`; `busy` (+ `retry_at`): too many at once; `node` + `rpc_code`: the node refused or is silent; `step` + `step`: a step before a session failed; `storage`: it could not be remembered, so nothing was signed; `lost` + `id`: no answer within 10 s, ask again under the same id; `reload`: reload the page after an update; `internal` + `ref`',
  },
  SESSION_UNSUPPORTED: {
    when: 'This wallet, account or setting has no such sessions. Use plain calls.',
    data: '`{feature}`: a feature, or the JSON pointer of a member that is not decided',
  },
  SESSION_NOT_FOUND: { when: 'This site has no such session. Ask for one.', data: '`{id?}`' },
  SESSION_NOT_ACTIVE: {
    when: 'It is paused, used up, not begun or over.',
    data: '`{session_id, status, reasons, retry_at?}`',
  },
  SESSION_RULE_MISMATCH: {
    when: 'The call is outside its policy. Ask wider, or send with mode `auto`.',
    data: '`{session_id, call?, at?, reasons}`',
  },
  SESSION_LIMIT_REACHED: {
    when: 'A limit would be passed. Wait until `retry_at`.',
    data: '`{session_id?, limit: "spend" | "fees" | "usage" | "rate", left?, wanted?, retry_at?, reasons}`',
  },
  SESSION_POLICY_REFUSED: { when: 'It can never be granted or done. Change the request.', data: '`{at, why}`' },
  SESSION_WALLET_LOCKED: { when: 'It goes on after the unlock. Ask the person.', data: '`{session_id?}`' },
  SESSION_SIMULATION_FAILED: {
    when: 'The trial run fails on the chain. Fix the call.',
    data: '`{session_id, reasons}`',
  },
}
