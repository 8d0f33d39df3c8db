/**
 * The built-in chains and what was seen of them: block 0, and the time of the last accepted block, which is half of the
 * wallet's clock (core/time.ts). Memory answers at once; the rows make it survive the worker.
 */
import { shortString } from '../../core/felt.ts'
import type { Genesis, NetworkId, NetworkRecord } from '../../core/records.ts'
import { judgeClock, type UnixSeconds } from '../../core/time.ts'
import type { NetworkRows } from '../../platform/node.ts'
import { guardedRows, type RowNeeds } from './rows.ts'

/** Sepolia first: it is selected in a new wallet. Nodes: provider.md 10. devnet's chain id is Sepolia's. */
export const BUILT_IN: readonly NetworkRecord[] = [
  {
    id: 'sepolia',
    chainId: shortString('SN_SEPOLIA'),
    node: 'https://api.zan.top/public/starknet-sepolia/rpc/v0_10',
  },
  { id: 'mainnet', chainId: shortString('SN_MAIN'), node: 'https://api.zan.top/public/starknet-mainnet/rpc/v0_10' },
  { id: 'devnet', chainId: shortString('SN_SEPOLIA'), node: 'http://127.0.0.1:5050/rpc' },
]

export interface Networks extends NetworkRows {
  all(): readonly NetworkRecord[]
  get(network: NetworkId): NetworkRecord
  /** Rows replace what memory holds: at unlock, and at a worker's start. @throws TamperedError */
  load(): Promise<void>
  /** An accepted block: only a later one counts. Written at most once a minute; losing it costs one reading. */
  sawBlock(network: NetworkId, at: UnixSeconds): Promise<void>
  /** What sessions of the network are judged at, and whether the clocks disagree. `lastWall`: as the database has it. */
  clock(network: NetworkId, lastWall: UnixSeconds | undefined): { readonly now: UnixSeconds; readonly wrong: boolean }
  /** The person starts afresh on a restarted chain: its new block 0 is the network's from now on. */
  adopt(network: NetworkId, genesis: Genesis): Promise<void>
}

export interface NetworkNeeds extends RowNeeds {
  readonly now: () => UnixSeconds
  /** Block 0 is another one: the network's sessions pause `chainRestarted`. */
  readonly onRestart: (network: NetworkId, seen: Genesis) => Promise<void>
}

const WRITE_EVERY = 60

export function createNetworks(needs: NetworkNeeds): Networks {
  const rows = guardedRows<NetworkRecord>(needs, 'networks')
  const known = new Map<NetworkId, NetworkRecord>(BUILT_IN.map((row) => [row.id, row]))
  const written = new Map<NetworkId, UnixSeconds>()
  const get = (network: NetworkId) => known.get(network)! // All ids are built in.

  const change = async (network: NetworkId, change: (row: NetworkRecord) => NetworkRecord): Promise<void> => {
    known.set(network, change(get(network)))
    // Asleep there is no key to write with; what was seen is seen again.
    if (needs.guard() === undefined) return
    await rows.change(network, (row) => change(row ?? get(network)))
  }

  return {
    all: () => BUILT_IN.map(({ id }) => get(id)),
    get,
    row: async (network) => get(network),
    load: async () => {
      for (const row of await rows.all()) {
        const built = BUILT_IN.find(({ id }) => id === row.id)
        if (built === undefined) continue
        if (row.lastBlockAt !== undefined) written.set(row.id, row.lastBlockAt)
        const lastBlockAt = Math.max(row.lastBlockAt ?? 0, get(row.id).lastBlockAt ?? 0)
        known.set(row.id, { ...row, node: built.node, ...(lastBlockAt === 0 ? {} : { lastBlockAt }) })
      }
    },
    remember: (network, genesis) => change(network, (row) => ({ ...row, genesis: row.genesis ?? genesis })),
    restarted: needs.onRestart,
    adopt: async (network, genesis) => {
      written.delete(network)
      // Blocks of the chain that is gone say nothing of this one's time.
      await change(network, ({ lastBlockAt: _gone, ...row }) => ({ ...row, genesis }))
    },
    sawBlock: async (network, at) => {
      const before = get(network).lastBlockAt ?? 0
      if (at <= before) return
      known.set(network, { ...get(network), lastBlockAt: at })
      if (at - (written.get(network) ?? 0) < WRITE_EVERY || needs.guard() === undefined) return
      written.set(network, at)
      await rows.change(network, (row) => ({
        ...(row ?? get(network)),
        lastBlockAt: Math.max(row?.lastBlockAt ?? 0, at),
      }))
    },
    clock: (network, lastWall) => {
      const { node, lastBlockAt } = get(network)
      return judgeClock({
        wall: needs.now(),
        loopback: isLoopback(node),
        ...(lastWall === undefined ? {} : { lastWall }),
        ...(lastBlockAt === undefined ? {} : { lastBlock: lastBlockAt }),
      })
    },
  }
}

/** A node on this computer: one open send at a time, and its block time is taken as it is. */
export function isLoopback(node: string): boolean {
  return /^http:\/\/(localhost|127\.0\.0\.1)(:\d{1,5})?(\/|$)/.test(node)
}
