/** For tests: an account whose keys are known, a session of it, and what its agent asks to be co-signed. */
import type { Address, Felt } from '../../core/felt.ts'
import { sign } from '../../starknet/curve.ts'
import { type Invoke, invokeBody, invokeHash } from '../../starknet/invoke.ts'
import { selectorOf } from '../../starknet/selector.ts'
import { sessionMessage } from '../../starknet/session-token.ts'
import { keyOf } from '../signer.ts'
import type { CosignParams, InvokeV3, SessionPolicyWire } from '../wire.ts'
import type { CosignerStore } from './local-cosigner.ts'
import { type OwnSession, ownSession } from './own-session.ts'

export const NOW = 1_800_000_000
export const ACCOUNT = '0xacc0' as Address
export const CHAIN = '0x534e5f5345504f4c4941' as Felt
export const TOKEN = '0x70ce' as Address
export const GAME = '0x9a3e' as Address
export const FRIEND = '0xf41e4d' as Felt
export const KEYS = { owner: '0x11', guardian: '0x22', session: '0x33' }

export const POLICY: SessionPolicyWire = {
  duration: 3_600,
  calls: [
    { contract_address: TOKEN, entry_point: 'transfer' },
    { contract_address: GAME, entry_point: 'move' },
  ],
  spend_limits: [{ token: TOKEN, total: '100' }],
  fees: { max_total: '1000000', max_per_tx: '100000' },
}

export function sampleSession(publicKey: string, policy: SessionPolicyWire = POLICY): OwnSession {
  return ownSession({
    account: ACCOUNT,
    chainId: CHAIN,
    ownerKey: KEYS.owner,
    guardianKey: KEYS.guardian,
    publicKey,
    policy,
    clock: () => NOW,
  })
}

/** A store in memory; `text` outlives the co-signer. */
export function sampleStore(): CosignerStore & { text: string | undefined } {
  const store = {
    text: undefined as string | undefined,
    read: async () => store.text,
    replace: async (before: string | undefined, next: string) => {
      if (store.text !== before) return false
      store.text = next
      return true
    },
  }
  return store
}

export const call = (to: Address, name: string, calldata: readonly string[] = []) => ({
  to,
  selector: selectorOf(name),
  calldata: calldata as Felt[],
})
export const pay = (amount: number, to: string = FRIEND) =>
  call(TOKEN, 'transfer', [to, `0x${amount.toString(16)}`, '0x0'])
export const move = () => call(GAME, 'move', ['0x1'])

const none = { maxAmount: 0n, maxPrice: 0n }
export const bounds = (fee: bigint): Invoke['bounds'] => ({
  l1_gas: none,
  l2_gas: { maxAmount: fee, maxPrice: 1n },
  l1_data_gas: none,
})

/** As the agent's signer asks: signed by the session's key over just this. */
export function asked(
  session: OwnSession,
  calls: Invoke['calls'],
  more: Partial<Invoke> = {},
): CosignParams & { readonly transaction: InvokeV3 } {
  const built: Invoke = {
    chainId: CHAIN,
    sender: ACCOUNT,
    calls,
    nonce: '0x5' as Felt,
    tip: 0n,
    bounds: bounds(10n),
    ...more,
  }
  const message = sessionMessage(invokeHash(built), session.chain.session_hash as Felt)
  const { r, s } = sign(message, keyOf(KEYS.session))
  const { signature: _none, ...transaction } = invokeBody({ ...built, signature: [] })
  return { id: session.id, session_signature: [r, s], transaction }
}
