/**
 * The chain's part of the next nonce, per account and network (performance.md 4.1). The other part is the journal's, read in
 * the transaction that takes the nonce. Never from a reading that failed: without the chain's word nothing is signed.
 */
import type { Address } from '../../core/felt.ts'
import type { JournalRow, NetworkId } from '../../core/records.ts'
import type { Seconds, UnixSeconds } from '../../core/time.ts'
import { isMined } from '../../core/transaction.ts'
import type { Node } from '../../platform/node.ts'
import { nodeError } from '../../platform/node-error.ts'

export interface Nonces {
  /** Read at `pre_confirmed` unless known for less than 30 s. @throws NodeError */
  chain(network: NetworkId, account: Address, node: Node): Promise<bigint>
  /** What was known last, however old; `undefined` in a worker that has read none. */
  known(network: NetworkId, account: Address): bigint | undefined
  /** Read again beside the hot path when it is past half its age. */
  refresh(network: NetworkId, account: Address, node: Node): Promise<void>
  /** It was compared with the journal in this run of the browser, or it is now (comparing.ts). @throws NodeError */
  compared(network: NetworkId, account: Address, node: Node): Promise<void>
  /** The node took a transaction with this nonce. */
  accepted(network: NetworkId, account: Address, nonce: bigint): void
  /** Error 52, a dropped row, a foreign transaction, a reorganisation, another node: read again. */
  forget(network: NetworkId, account: Address): void
}

/** What the journal knows of an account's nonces; `undefined`: it has sent nothing yet. */
export interface OwnNonces {
  /** The one after the last that an accepted block has. */
  readonly accepted: bigint | undefined
  /** The one after the last that is in a block or may be on its way. */
  readonly out: bigint | undefined
}
export interface NonceNeeds {
  readonly now: () => UnixSeconds
  readonly wait: (ms: number) => Promise<void>
  readonly own: (network: NetworkId, account: Address) => Promise<OwnNonces>
  /** The chain is behind what it had accepted: blocks were taken back, or the node lies. */
  readonly onBehind: (network: NetworkId, account: Address) => void
  /** Before it is answered. `out`: as the journal knows it. */
  readonly compare: (network: NetworkId, account: Address, nonce: bigint, out: bigint | undefined) => Promise<void>
  readonly isCompared: (network: NetworkId, account: Address) => Promise<boolean>
  /** Somebody else sent transactions of this account: what was read of it before is old. */
  readonly onForeign: (network: NetworkId, account: Address) => void
}

interface Known {
  next?: { readonly nonce: bigint; readonly at: UnixSeconds }
  reading?: Promise<bigint>
}

const FRESH = 30
/** A node behind the others of its address is asked once more after this, ms. */
const CATCH_UP_MS = 1_000

export function createNonces(needs: NonceNeeds): Nonces {
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
  /** Compared with our own: a nonce that was used is never signed for again on a node's word. @throws NodeError */
  const ask = async (network: NetworkId, account: Address, node: Node): Promise<bigint> => {
    for (const pause of [CATCH_UP_MS, undefined]) {
      // No contract there yet: its first transaction, the deployment, has nonce 0.
      const nonce = BigInt((await node.nonce(account)) ?? '0x0')
      const { accepted, out } = await needs.own(network, account)
      if (out !== undefined && nonce > out) needs.onForeign(network, account)
      if (accepted === undefined || nonce >= accepted) {
        await needs.compare(network, account, nonce, out)
        return nonce
      }
      if (pause !== undefined) await needs.wait(pause)
    }
    needs.onBehind(network, account)
    throw nodeError('garbage', ['starknet_getNonce'])
  }
  const read = (it: Known, network: NetworkId, account: Address, node: Node): Promise<bigint> => {
    const before = it.next
    it.reading ??= ask(network, account, node)
      .then((nonce) => {
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
      return it.next !== undefined && isFresh(it, FRESH) ? it.next.nonce : read(it, network, account, node)
    },
    known: (network, account) => known.get(`${network} ${account}`)?.next?.nonce,
    refresh: async (network, account, node) => {
      const it = entry(network, account)
      if (!isFresh(it, FRESH / 2)) await read(it, network, account, node)
    },
    compared: async (network, account, node) => {
      if (!(await needs.isCompared(network, account))) await read(entry(network, account), network, account, node)
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

export function ownNonces(rows: readonly Pick<JournalRow, 'nonce' | 'status' | 'end' | 'outside'>[]): OwnNonces {
  const own = rows.filter(({ outside }) => outside === undefined)
  const out = own.filter((row) => isMined(row) || row.status === 'signed' || row.status === 'sent')
  return { accepted: after(own.filter(isMined)), out: after(out) }
}

function after(rows: readonly Pick<JournalRow, 'nonce'>[]): bigint | undefined {
  let next: bigint | undefined
  for (const { nonce } of rows) if (next === undefined || BigInt(nonce) >= next) next = BigInt(nonce) + 1n
  return next
}
