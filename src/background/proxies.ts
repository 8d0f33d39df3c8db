/**
 * Contracts that do what another class does. Their own class never changes when that one does, so a pin on it alone would
 * hold nothing (policy.md 3.4).
 */
import type { Address, ClassHash } from '../core/felt.ts'
import type { Node } from '../platform/node.ts'
import { selectorOf } from '../starknet/selector.ts'

/**
 * Where proxies keep the class they stand for: OpenZeppelin's since 0.2 and before, and Argent's. A plain storage variable
 * lies at the keccak of its name, as an entrypoint's selector does.
 */
const SLOTS = ['Proxy_implementation_hash', 'Proxy_implementation_address', '_implementation'].map(selectorOf)

/** `undefined`: no proxy of known layout. @throws NodeError */
export async function implementationOf(
  node: Pick<Node, 'storageAt'>,
  contract: Address,
): Promise<ClassHash | undefined> {
  const kept = await Promise.all(SLOTS.map((slot) => node.storageAt(contract, slot)))
  // As the chain has it: only compared.
  return kept.find((felt) => felt !== undefined && felt !== '0x0') as ClassHash | undefined
}
