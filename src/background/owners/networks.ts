/**
 * The networks, their nodes, and what was seen of them: block 0, and the time of the last accepted block, which is half of the
 * wallet's clock (core/time.ts). Memory answers at once; the rows make it survive the worker.
 */
import { shortString } from '../../core/felt.ts'
import type { Genesis, NetworkId, NetworkRecord, SeenNode } from '../../core/records.ts'
import { judgeClock, type UnixSeconds } from '../../core/time.ts'
import type { NetworkRows } from '../../platform/node.ts'
import { guardedRows, type RowNeeds } from './rows.ts'

/** Offered where a node does not answer, never switched to by itself: its owner sees the addresses too. */
export const OTHER_NODES: Readonly<Partial<Record<NetworkId, string>>> = {
  sepolia: 'https://rpc.starknet-sepolia.lava.build/',
  mainnet: 'https://rpc.starknet.lava.build/',
}

const MAINNET = shortString('SN_MAIN')

/** Sepolia first: it is selected in a new wallet. Nodes: provider.md 10. devnet's chain id is Sepolia's. */
export const BUILT_IN: readonly NetworkRecord[] = [
  {
    id: 'sepolia',
    chainId: shortString('SN_SEPOLIA'),
    node: 'https://api.zan.top/public/starknet-sepolia/rpc/v0_10',
  },
  { id: 'mainnet', chainId: MAINNET, node: 'https://api.zan.top/public/starknet-mainnet/rpc/v0_10' },
  { id: 'devnet', chainId: shortString('SN_SEPOLIA'), node: 'http://127.0.0.1:5050/rpc' },
]

export interface Networks extends NetworkRows {
  /** Built-in ones first, then added ones in their order. Removed ones are left out. */
  all(): readonly NetworkRecord[]
  /** Also a removed one: rows of it stay. */
  get(network: NetworkId): NetworkRecord
  has(network: NetworkId): boolean
  /** The network whose chain id and block 0 these are: two with another block 0 are two networks (provider.md 4). */
  same(seen: SeenNode): NetworkRecord | undefined
  /** Rows replace what memory holds: at unlock, and at a worker's start. @throws TamperedError */
  load(): Promise<void>
  /** A node that was asked who it is. */
  add(name: string, node: string, seen: SeenNode): Promise<NetworkRecord>
  setNode(network: NetworkId, node: string, seen: SeenNode): Promise<void>
  rename(network: NetworkId, name: string): Promise<void>
  /** Of added ones alone. */
  remove(network: NetworkId): Promise<void>
  /** An accepted block: only a later one counts. Written at most once a minute; losing it costs one reading. */
  sawBlock(network: NetworkId, at: UnixSeconds): Promise<void>
  /** What sessions of the network are judged at, and whether the clocks disagree. `lastWall`: as the database has it. */
  clock(network: NetworkId, lastWall: UnixSeconds | undefined): { readonly now: UnixSeconds; readonly wrong: boolean }
  /** Block 0 as it was last seen to be another one, until it is adopted. Memory only: the next check sees it again. */
  startedOver(network: NetworkId): Genesis | undefined
  /** The person starts afresh on a restarted chain: its new block 0 is the network's from now on. */
  adopt(network: NetworkId, genesis: Genesis): Promise<void>
}

export interface NetworkNeeds extends RowNeeds {
  readonly now: () => UnixSeconds
  readonly newId: () => string
  /** Block 0 is another one: the network's sessions pause `chainRestarted`. */
  readonly onRestart: (network: NetworkId, seen: Genesis) => Promise<void>
}

const WRITE_EVERY = 60

export function createNetworks(needs: NetworkNeeds): Networks {
  const rows = guardedRows<NetworkRecord>(needs, 'networks')
  const known = new Map<NetworkId, NetworkRecord>(BUILT_IN.map((row) => [row.id, row]))
  const written = new Map<NetworkId, UnixSeconds>()
  const over = new Map<NetworkId, Genesis>()
  const get = (network: NetworkId): NetworkRecord => {
    const row = known.get(network)
    if (row === undefined) throw new Error('no such network')
    return row
  }

  const change = async (network: NetworkId, change: (row: NetworkRecord) => NetworkRecord): Promise<void> => {
    known.set(network, change(get(network)))
    // Asleep there is no key to write with; what was seen is seen again.
    if (needs.guard() === undefined) return
    await rows.change(network, (row) => change(row ?? get(network)))
  }
  /** Written before it is known: what the person decides is not taken back by a worker's death. */
  const decide = async (row: NetworkRecord): Promise<void> => {
    await rows.change(row.id, (before) => ({ ...before, ...row }))
    known.set(row.id, row)
  }
  const all = () => [...known.values()].filter(({ removed }) => removed === undefined)

  return {
    all,
    get,
    has: (network) => known.has(network) && get(network).removed === undefined,
    same: ({ chainId, genesis }) => all().find((row) => row.chainId === chainId && isSame(row.genesis, genesis)),
    row: async (network) => get(network),
    load: async () => {
      for (const row of await rows.all()) {
        const built = BUILT_IN.find(({ id }) => id === row.id)
        if (row.lastBlockAt !== undefined) written.set(row.id, row.lastBlockAt)
        const lastBlockAt = Math.max(row.lastBlockAt ?? 0, known.get(row.id)?.lastBlockAt ?? 0)
        const node = built === undefined || row.chosen === true ? row.node : built.node
        known.set(row.id, { ...row, node, ...(lastBlockAt === 0 ? {} : { lastBlockAt }) })
      }
    },
    remember: (network, genesis) => change(network, (row) => ({ ...row, genesis: row.genesis ?? genesis })),
    restarted: async (network, seen) => {
      over.set(network, seen)
      await needs.onRestart(network, seen)
    },
    startedOver: (network) => over.get(network),
    adopt: async (network, genesis) => {
      written.delete(network)
      over.delete(network)
      // Blocks of the chain that is gone say nothing of this one's time.
      await change(network, ({ lastBlockAt: _gone, ...row }) => ({ ...row, genesis }))
    },
    add: async (name, node, { chainId, spec, genesis }) => {
      const row: NetworkRecord = { id: `added:${needs.newId()}`, chainId, node, name, chosen: true, spec, genesis }
      await decide(row)
      return row
    },
    setNode: async (network, node, { spec, genesis }) => {
      await decide({ ...get(network), node, chosen: true, spec, genesis })
      over.delete(network)
    },
    rename: (network, name) => decide({ ...get(network), name }),
    remove: async (network) => {
      if (isBuiltIn(network)) throw new Error('a built-in network stays')
      await decide({ ...get(network), removed: true })
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

const BUILT_IN_NAMES: Readonly<Record<string, string>> = { sepolia: 'Sepolia', mainnet: 'Mainnet', devnet: 'Devnet' }

export const MAX_NETWORK_NAME = 30
export function networkName({ id, name, node }: NetworkRecord): string {
  return name ?? BUILT_IN_NAMES[id] ?? new URL(node).host
}

export function isBuiltIn(network: NetworkId): boolean {
  return BUILT_IN.some(({ id }) => id === network)
}

/** By what is signed for: a signature for a copy of mainnet is good on mainnet. */
export function isMainnet({ chainId }: Pick<NetworkRecord, 'chainId'>): boolean {
  return chainId === MAINNET
}

/** One that was not seen yet is no other. */
export function isSame(known: Genesis | undefined, seen: Genesis): boolean {
  return known?.hash === seen.hash && known.at === seen.at
}

/** What a person or a site gives as a node's address, as it is stored. Nothing is completed or guessed. */
export function parseNodeUrl(typed: string): string | undefined {
  const text = typed.trim()
  if (text.length > 1_000 || !URL.canParse(text)) return undefined
  const { href, protocol, username, password, hash } = new URL(text)
  if (username !== '' || password !== '' || hash !== '') return undefined
  return protocol === 'https:' || isLoopback(href) ? href : undefined
}

/** This computer or one beside it, by name or number, whatever the protocol (RFC 1918, 3927, 4193, 4291, 6761). */
export function isNearby(node: string): boolean {
  const { hostname } = new URL(node)
  if (hostname.startsWith('[')) return /^\[(::|f[cd]|fe[89ab])/.test(hostname)
  if (/(^|\.)(localhost|local|internal|home\.arpa)\.?$/.test(hostname) || !hostname.includes('.')) return true
  return /^(0|10|127|169\.254|192\.168|172\.(1[6-9]|2\d|3[01])|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\.[\d.]+$/.test(
    hostname,
  )
}

/** A node on this computer: one open send at a time, and its block time is taken as it is. */
export function isLoopback(node: string): boolean {
  return /^http:\/\/(localhost|127\.0\.0\.1)(:\d{1,5})?(\/|$)/.test(node)
}
