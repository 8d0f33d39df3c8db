import { malformed, refused } from '../../core/errors.ts'
import { type Felt, shortText } from '../../core/felt.ts'
import { parseName, sameName } from '../../core/names.ts'
import type { Origin } from '../../core/policy/policy.ts'
import { clean } from '../../core/policy/wire.ts'
import { API_VERSIONS, NODE_SPECS } from '../../core/protocol/dapp.ts'
import type { GrantRecord, NetworkId, NetworkRecord, SeenNode } from '../../core/records.ts'
import { isNodeError } from '../../platform/node-error.ts'
import type { Access } from '../access.ts'
import type { Move, Place } from '../moving.ts'
import type { Approvals } from '../owners/approvals.ts'
import type { Grants } from '../owners/grants.ts'
import {
  isBuiltIn,
  isLoopback,
  isNearby,
  MAX_NETWORK_NAME,
  type Networks,
  networkName,
  parseNodeUrl,
} from '../owners/networks.ts'
import type { Context, Handlers } from '../router.ts'

type Network = Pick<
  Handlers,
  | 'wallet_requestChainId'
  | 'wallet_switchStarknetChain'
  | 'wallet_addStarknetChain'
  | 'wallet_supportedSpecs'
  | 'wallet_supportedWalletApi'
>

export interface NetworkNeeds {
  readonly access: Access
  readonly approvals: Approvals
  readonly grants: Grants
  readonly networks: Networks
  readonly selected: () => Promise<Place>
  /** That the wallet looks at: known asleep too, when no account is. */
  readonly shownNetwork: () => Promise<NetworkId>
  readonly isUnlocked: () => Promise<boolean>
  /** Mainnet stays closed until the phrase was checked. */
  readonly mayUse: (network: NetworkId) => Promise<boolean>
  readonly move: Move
  /** @throws NodeError */
  readonly probe: (url: string) => Promise<SeenNode>
  readonly nodesChanged: () => void
}

/** Each site has its own network; without a grant it is the wallet's selected one (provider.md 2.2, 4). */
export function networkHandlers(needs: NetworkNeeds): Network {
  const { access, approvals, grants, networks } = needs

  return {
    wallet_requestChainId: async ({ origin }) => {
      // Also of a locked wallet: which chain a site is on tells of no account. Asleep it cannot be read.
      const grant = await grants.get(origin)
      return networks.get(grant?.network ?? (await shownNetwork())).chainId
    },

    wallet_switchStarknetChain: async (context, { chainId, silent_mode }) => {
      const known = await access.seen(context.origin)
      if (known !== undefined && networks.get(known.network).chainId === chainId) return true
      if ((await target(chainId, known)) === undefined) throw refused('UNLISTED_NETWORK')
      // Silence covers unlock and connect, not the switch itself.
      if (silent_mode && (known === undefined || !(await needs.isUnlocked()))) throw refused('CHAIN_ID_NOT_SUPPORTED')
      await access.unlocked(context)
      const grant = (await grants.get(context.origin)) ?? (await connectedOn(context, chainId))
      if (networks.get(grant.network).chainId === chainId) return true
      const to = await target(chainId, grant)
      if (to === undefined) throw refused('UNLISTED_NETWORK')
      await switched(context, grant, to)
      return true
    },

    wallet_addStarknetChain: async (context, { chain_id: chainId, chain_name: called, rpc_urls: urls }) => {
      const { account, network } = await access.connected(context)
      if (networks.all().some((row) => row.chainId === chainId)) return true
      const node = nodeOf(context.origin, urls)
      const seen = await asked(node)
      if (seen.chainId !== chainId) throw malformed('/chain_id', 'expected the chain id that the node gives')
      const record = await approvals.ask(context, {
        kind: 'network',
        network,
        account,
        name: newName(called, chainId, node),
        node,
        seen,
      })
      if (record.question.kind !== 'network') throw new Error('another question was answered')
      await approvals.begin(record.id)
      // It may have been added by hand meanwhile.
      if (networks.same(record.question.seen) === undefined) {
        await networks.add(record.question.name, record.question.node, record.question.seen)
        needs.nodesChanged()
      }
      await approvals.finish(record.id, 'done')
      return true
    },

    wallet_supportedSpecs: async () => NODE_SPECS,
    wallet_supportedWalletApi: async () => API_VERSIONS,
  }

  /** A site without a grant learns of the built-in networks alone: locked and unlocked, the answer is the same. */
  async function shownNetwork(): Promise<NetworkId> {
    const network = await needs.shownNetwork()
    return isBuiltIn(network) ? network : 'sepolia'
  }

  /** devnet and Sepolia share a chain id: it names the one that is selected if it fits, else the first that does. */
  async function target(chainId: Felt, grant: GrantRecord | undefined): Promise<NetworkRecord | undefined> {
    const selected = await needs.shownNetwork()
    const all = networks.all().filter((row) => row.chainId === chainId && (grant !== undefined || isBuiltIn(row.id)))
    const found = all.find(({ id }) => id === selected) ?? all[0]
    return found !== undefined && (await needs.mayUse(found.id)) ? found : undefined
  }

  async function connectedOn(context: Context, chainId: Felt): Promise<GrantRecord> {
    const to = await target(chainId, undefined)
    if (to === undefined) throw refused('UNLISTED_NETWORK')
    return access.introduced(context, { account: (await needs.selected()).account, network: to.id })
  }

  async function switched(context: Context, from: GrantRecord, to: NetworkRecord): Promise<void> {
    const record = await approvals.ask(context, {
      kind: 'switch',
      network: to.id,
      from: from.network,
      account: from.account,
    })
    if (record.question.kind !== 'switch') throw new Error('another question was answered')
    const { network, account } = record.question
    await approvals.begin(record.id)
    const moved = await needs.move(context.origin, { network, account }, record.id)
    await approvals.finish(record.id, 'done')
    // Disconnected while it was asked.
    if (moved === undefined) throw refused('USER_REFUSED_OP', { reason: 'context' })
  }

  /** A page of the web does not make the wallet knock at doors of this computer, or of its neighbours. */
  function nodeOf(origin: Origin, urls: readonly string[] | undefined): string {
    const node = parseNodeUrl(urls?.[0] ?? '')
    if (node === undefined || (isNearby(node) && !isLoopback(origin)))
      throw malformed('/rpc_urls', 'expected an https address of a node, or one on this computer for a site on it')
    return node
  }

  async function asked(node: string): Promise<SeenNode> {
    try {
      return await needs.probe(node)
    } catch (error) {
      if (!isNodeError(error)) throw error
      throw malformed('/rpc_urls/0', 'expected a Starknet node that answers')
    }
  }

  /** The site's word for it where it is a name that no other network has. */
  function newName(called: string, chainId: Felt, node: string): string {
    const isFree = (name: string) => !networks.all().some((row) => sameName(networkName(row), name))
    const names = [clean(called), shortText(chainId), new URL(node).host]
    for (const name of names) {
      const parsed = name === undefined ? undefined : parseName(name, MAX_NETWORK_NAME)
      if (parsed !== undefined && isFree(parsed)) return parsed
    }
    return chainId.slice(0, MAX_NETWORK_NAME)
  }
}
