/**
 * The chain's part of the next nonce, per account and network (performance.md 4.1). The other part is the journal's, read in
 * the transaction that takes the nonce. Never from a reading that failed: without the chain's word nothing is signed.
 */
import type { Address } from '../../core/felt.ts'
import type { NetworkId } from '../../core/records.ts'
import type { Seconds, UnixSeconds } from '../../core/time.ts'
import type { Node } from '../../platform/node.ts'

export interface Nonces {
  /** Read at `pre_confirmed` unless known for less than 30 s. @throws NodeError */
  chain(network: NetworkId, account: Address, node: Node): Promise<bigint>
  /** What was known last, however old; `undefined` in a worker that has read none. */
  known(network: NetworkId, account: Address): bigint | undefined
  /** Read again beside the hot path when it is past half its age. */
  refresh(network: NetworkId, account: Address, node: Node): Promise<void>
  /** The node took a transaction with this nonce. */
  accepted(network: NetworkId, account: Address, nonce: bigint): void
  /** Error 52, a dropped row, a foreign transaction, a reorganisation, another node: read again. */
  forget(network: NetworkId, account: Address): void
}

interface Known {
  next?: { readonly nonce: bigint; readonly at: UnixSeconds }
  reading?: Promise<bigint>
}

const FRESH = 30

export function createNonces(needs: { readonly now: () => UnixSeconds }): Nonces {
  const known = new Map<string, Known>()
  const entry = (network: NetworkId, account: Address): Known => {
    const key = `${network} ${account}`
    const found = known.get(key) ?? {}
    known.set(key, found)
    return found
  }
  const raise = (to: Known, nonce: bigint): bigint => {
    const next = to.next !== undefined && to.next.nonce > nonce ? to.next.nonce : nonce
    to.next = { nonce: next, at: needs.now() }
    return next
  }

  const isFresh = ({ next }: Known, lasts: Seconds): boolean => {
    const age = next === undefined ? lasts : needs.now() - next.at
    return age >= 0 && age < lasts
  }
  const read = (it: Known, account: Address, node: Node): Promise<bigint> => {
    const before = it.next
    it.reading ??= node
      .nonce(account)
      .then((answer) => {
        // No contract there yet: its first transaction, the deployment, has nonce 0.
        const nonce = BigInt(answer ?? '0x0')
        // What was accepted while the answer was under way is newer; what is old may have been given up by the chain.
        if (it.next === before) delete it.next
        return raise(it, nonce)
      })
      .finally(() => {
        delete it.reading
      })
    return it.reading
  }

  return {
    chain: async (network, account, node) => {
      const it = entry(network, account)
      return it.next !== undefined && isFresh(it, FRESH) ? it.next.nonce : read(it, account, node)
    },
    known: (network, account) => known.get(`${network} ${account}`)?.next?.nonce,
    refresh: async (network, account, node) => {
      const it = entry(network, account)
      if (!isFresh(it, FRESH / 2)) await read(it, account, node)
    },
    accepted: (network, account, nonce) => {
      raise(entry(network, account), nonce + 1n)
    },
    forget: (network, account) => {
      // A reading under way writes into the entry that is gone.
      known.delete(`${network} ${account}`)
    },
  }
}
