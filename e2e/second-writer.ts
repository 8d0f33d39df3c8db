import { hash } from 'starknet'
import { guardianKey, ownerKey } from '../src/cold/index.ts'
import { type Address, felt } from '../src/core/felt.ts'
import type { Call } from '../src/core/policy/policy.ts'
import { ARGENT_0_4_0, accountKind, ordinarySignature } from '../src/starknet/accounts.ts'
import { publicKey, sign } from '../src/starknet/curve.ts'
import { invokeBody, invokeHash } from '../src/starknet/invoke.ts'
import type { Devnet } from './devnet.ts'

/**
 * Another copy of the same phrase, somewhere else: it sends straight to the chain, and the wallet under test hears of it
 * from the chain alone. Answers the transaction's hash.
 */
export async function sendFromElsewhere(
  devnet: Devnet,
  { phrase, account, calls }: { phrase: string; account: Address; calls: readonly Call[] },
): Promise<string> {
  const keys = [ownerKey(phrase, 0), guardianKey(phrase, 0, 0)] as const
  const chainId = felt(await devnet.rpc<string>('starknet_chainId'))
  const at = { block_id: 'latest', contract_address: account }
  const nonce = felt(await devnet.rpc<string>('starknet_getNonce', at))
  const maxPrice = 10n ** 10n
  const bounds = {
    l1_gas: { maxAmount: 0n, maxPrice },
    l2_gas: { maxAmount: 10_000_000n, maxPrice },
    l1_data_gas: { maxAmount: 2_000n, maxPrice },
  }
  const shared = { sender: account, calls, nonce, tip: 0n, bounds }
  const message = invokeHash({ ...shared, chainId })
  const [owner, guardian] = keys.map((key) => ({ publicKey: publicKey(key), signature: sign(message, key) }))
  if (owner === undefined) throw new Error('no owner')
  const signature = ordinarySignature(accountKind(ARGENT_0_4_0), owner, guardian)
  const added = await devnet.rpc<{ transaction_hash: string }>('starknet_addInvokeTransaction', {
    invoke_transaction: invokeBody({ ...shared, signature }),
  })
  return added.transaction_hash
}

/** A version 3 transaction as it was to be added, and the hash that a node computes of it. */
export function hashOfAdded(chainId: string): (transaction: Record<string, unknown>) => string {
  return (added) => {
    const it = added as {
      sender_address: string
      calldata: string[]
      nonce: string
      tip: string
      resource_bounds: Record<string, { max_amount: string; max_price_per_unit: string }>
    }
    const bound = (name: string) => {
      const found = it.resource_bounds[name]
      return {
        max_amount: BigInt(found?.max_amount ?? 0),
        max_price_per_unit: BigInt(found?.max_price_per_unit ?? 0),
      }
    }
    return hash.calculateInvokeTransactionHash({
      senderAddress: it.sender_address,
      version: '0x3',
      compiledCalldata: it.calldata,
      chainId: chainId as Parameters<typeof hash.calculateInvokeTransactionHash>[0]['chainId'],
      nonce: it.nonce,
      accountDeploymentData: [],
      nonceDataAvailabilityMode: 0,
      feeDataAvailabilityMode: 0,
      resourceBounds: { l1_gas: bound('l1_gas'), l2_gas: bound('l2_gas'), l1_data_gas: bound('l1_data_gas') },
      tip: it.tip,
      paymasterData: [],
    })
  }
}
