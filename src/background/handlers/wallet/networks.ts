/** Networks and their nodes: a person adds, changes and removes them (approval-ux.md 6.3). */
import { shortText } from '../../../core/felt.ts'
import { parseName, sameName } from '../../../core/names.ts'
import type { Origin } from '../../../core/policy/policy.ts'
import type { NetworkId, NetworkRecord, SeenNode } from '../../../core/records.ts'
import { exact, felt, text, time } from '../../../core/schema.ts'
import { count, type Line, line, text as said } from '../../../core/words.ts'
import { isNodeError } from '../../../platform/node-error.ts'
import type { Vault } from '../../keys/vault.ts'
import type { Approvals } from '../../owners/approvals.ts'
import type { Grants } from '../../owners/grants.ts'
import { isBuiltIn, isSame, MAX_NETWORK_NAME, type Networks, networkName, parseNodeUrl } from '../../owners/networks.ts'
import type { Sessions } from '../../owners/sessions.ts'
import type { SettingsOwner } from '../../owners/settings.ts'
import { passwordCheck } from './keys.ts'
import { networkId, proof, type VerbRows, verbError } from './verb.ts'

export interface NetworkVerbNeeds {
  readonly networks: Networks
  readonly settings: SettingsOwner
  readonly sessions: Sessions
  readonly grants: Grants
  readonly approvals: Approvals
  readonly vault: Vault
  /** Asks a node who it is. @throws NodeError */
  readonly probe: (url: string) => Promise<SeenNode>
  /** Asks the network's own node, as every use of it does first. @throws NodeError */
  readonly check: (network: NetworkId) => Promise<void>
  /** Other nodes may be reached from now on. */
  readonly nodesChanged: () => void
  readonly endGrant: (origin: Origin) => Promise<unknown>
  /** Its open transactions can never be seen again. */
  readonly abandon: (network: NetworkId) => Promise<void>
  readonly refresh: () => void
  readonly changed: () => void
}

type NetworkVerb =
  | 'probeNode'
  | 'checkNetwork'
  | 'addNetwork'
  | 'setNode'
  | 'renameNetwork'
  | 'removeNetwork'
  | 'adoptNetwork'

const MAX_NETWORKS = 50
const url = text(2_000)

export function networkVerbs(needs: NetworkVerbNeeds): VerbRows<NetworkVerb> {
  const { networks, sessions, settings } = needs
  const opened = passwordCheck(needs)

  const own = (network: NetworkId): NetworkRecord => {
    if (!networks.has(network)) throw verbError('gone', line('err_gone'))
    return networks.get(network)
  }
  const nodeUrl = (typed: string): string => {
    const parsed = parseNodeUrl(typed)
    if (parsed === undefined) throw verbError('blocked', line('err_nodeUrl'))
    return parsed
  }
  const asked = async (node: string): Promise<SeenNode> => {
    try {
      return await needs.probe(node)
    } catch (error) {
      if (!isNodeError(error)) throw error
      throw verbError('node', line(error.reason === 'wrongNetwork' ? 'err_nodeVersion' : 'err_nodeSilent'))
    }
  }
  const newName = (typed: string, besides?: NetworkId): string => {
    const name = parseName(typed, MAX_NETWORK_NAME)
    if (name === undefined) throw verbError('blocked', line('err_networkName', { n: count(MAX_NETWORK_NAME) }))
    const taken = networks.all().some((row) => row.id !== besides && sameName(networkName(row), name))
    if (taken) throw verbError('blocked', line('err_networkNameTaken'))
    return name
  }

  return {
    probeNode: {
      params: exact({ url }),
      act: async ({ url }) => {
        const node = nodeUrl(url)
        const seen = await asked(node)
        const same = networks.same(seen)
        return {
          node,
          host: new URL(node).host,
          chain: shortText(seen.chainId) ?? seen.chainId,
          seen,
          ...(same === undefined ? {} : { same: { id: same.id, name: networkName(same) } }),
        }
      },
    },
    checkNetwork: {
      params: exact({ network: networkId }),
      act: async ({ network }) => {
        own(network)
        try {
          await needs.check(network)
          return { state: 'answers' }
        } catch (error) {
          if (!isNodeError(error)) throw error
          if (error.reason !== 'wrongNetwork') return { state: 'silent' }
          return { state: networks.startedOver(network) === undefined ? 'other' : 'startedOver' }
        } finally {
          needs.changed()
        }
      },
    },
    addNetwork: {
      params: exact({
        name: text(200),
        url,
        // What the person was shown of it.
        seen: exact({ chainId: felt, spec: text(32), genesis: exact({ hash: felt, at: time }) }),
        password: proof,
      }),
      act: async ({ name, url, seen, password }) => {
        const wanted = newName(name)
        const node = nodeUrl(url)
        if (networks.all().length >= MAX_NETWORKS) throw verbError('blocked', line('err_networksFull'))
        opened(await needs.vault.verifyPassword(password))
        const now = await asked(node)
        if (now.chainId !== seen.chainId || !isSame(now.genesis, seen.genesis))
          throw verbError('stale', line('err_stale'))
        refuseKnown(now)
        const { id } = await networks.add(wanted, node, now)
        needs.nodesChanged()
        needs.changed()
        return { network: id }
      },
    },
    setNode: {
      params: exact({ network: networkId, url, password: proof }),
      act: async ({ network, url, password }) => {
        const row = own(network)
        const node = nodeUrl(url)
        opened(await needs.vault.verifyPassword(password))
        const seen = await asked(node)
        const other = otherThan(row, seen)
        if (other !== undefined) throw verbError('blocked', other)
        // First: nothing of a session is asked of the new node before the person resumes it.
        await sessions.pauseAll({ network }, 'nodeChanged')
        await needs.approvals.end(({ question }) => 'network' in question && question.network === network, 'context')
        await networks.setNode(network, node, seen)
        needs.nodesChanged()
        needs.refresh()
        needs.changed()
        return null
      },
    },
    renameNetwork: {
      params: exact({ network: networkId, name: text(200) }),
      act: async ({ network, name }) => {
        if (isBuiltIn(own(network).id)) throw verbError('blocked', line('err_networkBuiltIn'))
        await networks.rename(network, newName(name, network))
        needs.changed()
        return null
      },
    },
    removeNetwork: {
      params: exact({ network: networkId }),
      act: async ({ network }) => {
        if (isBuiltIn(own(network).id)) throw verbError('blocked', line('err_networkBuiltIn'))
        const live = sessions.list({ network }).filter(({ state }) => state === 'active' || state === 'paused')
        if (live.length > 0) throw verbError('blocked', line('err_networkSessions_other', { n: count(live.length) }))
        const isThere = ({ question }: { readonly question: object }) =>
          'network' in question && question.network === network
        await needs.approvals.end(isThere, 'context')
        await needs.approvals.endRunning(isThere, 'context')
        for (const grant of await needs.grants.all()) if (grant.network === network) await needs.endGrant(grant.origin)
        await needs.abandon(network)
        await settings.change((before) => (before.network === network ? { ...before, network: 'sepolia' } : before))
        await networks.remove(network)
        needs.nodesChanged()
        needs.refresh()
        needs.changed()
        return null
      },
    },
    adoptNetwork: {
      params: exact({ network: networkId }),
      act: async ({ network }) => {
        const seen = networks.startedOver(own(network).id)
        if (seen === undefined) throw verbError('gone', line('err_gone'))
        await networks.adopt(network, seen)
        needs.refresh()
        needs.changed()
        return null
      },
    },
  }

  function refuseKnown(seen: SeenNode): void {
    const same = networks.same(seen)
    if (same !== undefined) throw verbError('blocked', line('err_networkKnown', { network: said(networkName(same)) }))
  }
}

/** Why a node is not one of this network's; `undefined` where it is. */
function otherThan(row: NetworkRecord, { chainId, genesis }: SeenNode): Line | undefined {
  if (chainId !== row.chainId) return line('err_nodeOther', { chain: said(shortText(chainId) ?? chainId) })
  return row.genesis === undefined || isSame(row.genesis, genesis)
    ? undefined
    : line('err_nodeOtherStart', { chain: said(shortText(chainId) ?? chainId) })
}
