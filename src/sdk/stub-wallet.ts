/** For tests: a wallet that grants what is asked and signs beside every key, with no limit of its own. */
import type { Address, Felt, Selector } from '../core/felt.ts'
import { publicKey, sign, verify } from '../starknet/curve.ts'
import { invokeHash, readExecuteCalldata } from '../starknet/invoke.ts'
import { selectorOf } from '../starknet/selector.ts'
import { authorizationFelts, methodTree, sessionHash, sessionMessage, signerGuid } from '../starknet/session-token.ts'
import type { Wallet } from './wallet.ts'
import type { CosignParams, InvokeV3, RequestSessionParams } from './wire.ts'

export interface StubParts {
  readonly account: string
  readonly chainId: string
  readonly owner: Uint8Array
  readonly guardian: Uint8Array
}

/** `asked`: what reached it, in order. */
export function stubWallet(parts: StubParts): Wallet & { readonly asked: readonly string[] } {
  const asked: string[] = []
  let session: ReturnType<typeof granted> | undefined
  return {
    asked,
    request: async ({ type, params }) => {
      asked.push(type)
      if (type === 'wallet_requestSession') {
        session = granted(parts, params as RequestSessionParams)
        return session
      }
      if (type === 'wallet_addInvokeTransaction') return { transaction_hash: '0x5' }
      if (type !== 'wallet_cosignSession' || session === undefined) throw new Error(`not expected: ${type}`)
      return cosigned(parts, session, params as CosignParams & { readonly transaction: InvokeV3 })
    },
  }
}

function granted(
  { account, chainId, owner, guardian }: StubParts,
  { calls, key = { held_by: 'wallet' }, duration = 3_600 }: RequestSessionParams,
) {
  const methods = calls.flatMap(({ contract_address, entry_point }) =>
    [entry_point ?? []].flat().map((name): [Address, Selector] => [hex(contract_address) as Address, selectorOf(name)]),
  )
  const tree = methodTree(methods)
  const held = key.held_by === 'wallet' ? publicKey(owner) : hex(key.public_key ?? 0)
  const signed = {
    chainId: hex(chainId),
    account: hex(account) as Address,
    expiresAt: Math.floor(Date.now() / 1000) + duration,
    root: tree.root,
    metadata: '{"projectID":"test","txFees":[]}',
    sessionKeyGuid: signerGuid(held),
  }
  const hash = sessionHash(signed)
  const authorization = authorizationFelts({
    ownerPublicKey: publicKey(owner),
    owner: sign(hash, owner),
    guardianPublicKey: publicKey(guardian),
    guardian: sign(hash, guardian),
  })
  const chain = {
    session_hash: hash,
    expires_at: signed.expiresAt,
    allowed_methods: tree.methods.map(([contract_address, selector]) => ({ contract_address, selector })),
    allowed_methods_root: tree.root,
    metadata: signed.metadata,
    session_key_guid: signed.sessionKeyGuid,
    ...(key.held_by === 'wallet' ? {} : { authorization }),
  }
  return { id: 's1', status: 'active', backing: 'chain', chain_id: chainId, account, key, held, chain }
}

/** It computes what it signs from the parts, and looks at the session's signature first, as the wallet does. */
function cosigned(
  { chainId, guardian }: StubParts,
  { chain, held }: ReturnType<typeof granted>,
  { session_signature: [r, s], transaction }: CosignParams & { readonly transaction: InvokeV3 },
) {
  const bound = ({ max_amount, max_price_per_unit }: InvokeV3['resource_bounds']['l1_gas']) => ({
    maxAmount: BigInt(max_amount),
    maxPrice: BigInt(max_price_per_unit),
  })
  const { l1_gas, l2_gas, l1_data_gas } = transaction.resource_bounds
  const built = {
    chainId: hex(chainId),
    sender: hex(transaction.sender_address) as Address,
    calls: readExecuteCalldata(transaction.calldata as Felt[]) ?? [],
    nonce: hex(transaction.nonce),
    tip: BigInt(transaction.tip),
    bounds: { l1_gas: bound(l1_gas), l2_gas: bound(l2_gas), l1_data_gas: bound(l1_data_gas) },
  }
  const message = sessionMessage(invokeHash(built), chain.session_hash)
  if (!verify(message, { r: hex(r), s: hex(s) }, held)) throw new Error('not the key of the session')
  const signed = sign(message, guardian)
  return [publicKey(guardian), signed.r, signed.s]
}

function hex(value: string | number): Felt {
  return `0x${BigInt(value).toString(16)}` as Felt
}
