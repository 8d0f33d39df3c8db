/**
 * `latchkey/sdk/accounts`: sessions as accounts of starknet.js.
 * Decision: an entry of its own, apart from the helpers of index.ts, because it alone needs `starknet`, a peer of who uses it.
 */
export { SessionWalletAccount, type SessionWalletAccountParts } from './account.ts'
export { type Prepared, SessionSigner, type SessionSignerParts, type SignableSession } from './signer.ts'
