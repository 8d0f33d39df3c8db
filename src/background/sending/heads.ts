/**
 * The last accepted block of each network: its time is half of the wallet's clock (core/time.ts), its prices go into the
 * bounds. Kept for a while, because a steady call asks nothing (performance.md 4).
 */
import type { NetworkId } from '../../core/records.ts'
import type { Block, Node } from '../../platform/node.ts'
import { isLoopback, type Networks } from '../owners/networks.ts'

export interface Heads {
  /** Not older than 2 min, and read again beside when older than 30 s. @throws NodeError */
  last(network: NetworkId, node: Node): Promise<Block>
  /** Read again when it is past half its age. */
  refresh(network: NetworkId, node: Node): Promise<void>
  /** @throws NodeError */
  read(network: NetworkId, node: Node): Promise<Block>
}

export interface HeadsNeeds {
  readonly networks: Pick<Networks, 'sawBlock'>
  readonly onVersion: (network: NetworkId, version: string) => void
  /** Milliseconds that only go forward. */
  readonly ticks: () => number
}

const FRESH_MS = 30_000
const LASTS_MS = 120_000
/** A chain on this computer moves its time as its owner likes. */
const LOOPBACK_LASTS_MS = 2_000

export function createHeads({ networks, onVersion, ticks }: HeadsNeeds): Heads {
  const known = new Map<NetworkId, { readonly url: string; readonly block: Block; readonly at: number }>()
  const reading = new Map<NetworkId, Promise<Block>>()

  const readNow = async (network: NetworkId, node: Node): Promise<Block> => {
    const at = ticks()
    const block = await node.lastBlock()
    known.set(network, { url: node.url, block, at })
    if (block.version !== undefined) onVersion(network, block.version)
    await networks.sawBlock(network, block.at)
    return block
  }
  const read = (network: NetworkId, node: Node): Promise<Block> => {
    const running = reading.get(network)
    if (running !== undefined) return running
    const work = readNow(network, node).finally(() => reading.delete(network))
    reading.set(network, work)
    return work
  }

  return {
    last: async (network, node) => {
      const entry = known.get(network)
      const age = entry?.url === node.url ? ticks() - entry.at : Number.POSITIVE_INFINITY
      if (entry === undefined || age >= (isLoopback(node.url) ? LOOPBACK_LASTS_MS : LASTS_MS))
        return read(network, node)
      // A failure leaves what there is, until it is too old.
      if (age >= FRESH_MS) read(network, node).catch(() => undefined)
      return entry.block
    },
    refresh: async (network, node) => {
      const entry = known.get(network)
      if (entry?.url !== node.url || ticks() - entry.at >= FRESH_MS / 2) await read(network, node)
    },
    read: readNow,
  }
}
